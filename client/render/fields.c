#include "client/render/fields.h"

#include <stdlib.h>

static bool on_field(void *user, struct field f)
{
    struct fields *x = user;
    if (x->n == x->cap) {
        size_t cap = x->cap ? 2 * x->cap : 128;
        struct field *grown = realloc(x->f, cap * sizeof *grown);
        if (!grown) {
            x->failed = true;
            return false;
        }
        x->f = grown;
        x->cap = cap;
    }
    x->f[x->n++] = f;
    return true;
}

void fields_of(const struct audit *a, struct fields *out)
{
    *out = (struct fields){.audit = a};
    audit_each_field(a, on_field, out);
}

void fields_free(struct fields *x)
{
    free(x->f);
}

enum part fields_list(const struct audit *a, struct field f)
{
    static const enum part lists[] = {PART_FINDINGS, PART_ACTIONS, PART_PEOPLE, PART_EVIDENCE};
    for (size_t i = 0; f.item && i < sizeof lists / sizeof *lists; i++)
        if (audit_item_exists(a, f.question, lists[i], f.item))
            return lists[i];
    return PART_NONE;
}

void fields_text(const struct audit *a, struct field f, struct buf *out)
{
    const struct text *t = audit_text(a, f);
    if (t)
        text_read(t, 0, text_len_cp(t), out);
}

void render_item_address(const struct audit *a, struct field item, struct buf *out)
{
    const struct question *q = template_question(audit_template(a), item.question);
    enum part list = fields_list(a, item);
    size_t from = out->len;
    item.part = list != PART_NONE ? (uint16_t)list : item.part;
    audit_field_format(a, item, out);
    if (!q || question_main_part(q) != list)
        return;
    while (out->len > from && out->data[out->len - 1] != '.')
        out->len--;
    out->len -= out->len > from; /* the dot */
}
