#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "common/audit/audit_impl.h"

/* ---- writing ---- */

static size_t ordinal_of(const struct audit *a, struct field f, enum part list)
{
    size_t start, end;
    audit_item_range(a, f.question, (uint16_t)list, &start, &end);
    for (size_t i = start; i < end; i++)
        if (a->items.at[i].id == f.item)
            return i - start + 1;
    return 0;
}

/* A question may have several lists, and lists may share a part's code with the question itself;
 * the item's number says that a list is meant, and which one its part belongs to. */
void audit_field_format(const struct audit *a, struct field f, struct buf *out)
{
    const struct question *q = template_question(a->t, f.question);
    const struct part_def *def = part_find((enum part)f.part);
    if (!q || !def) {
        buf_appendf(out, "?%u.%u", (unsigned)f.question, (unsigned)f.part);
        return;
    }
    buf_append_str(out, q->code);
    if (f.item) {
        enum part list = audit_list_of(f);
        const struct question *judged = template_question(a->t, (uint16_t)f.item);
        if (def->kinds & KIND_MODERATION && judged)
            buf_appendf(out, "[%s]", judged->code);
        else if (list == PART_NONE)
            buf_appendf(out, "[%" PRIu64 "]", f.item);
        else if (ordinal_of(a, f, list))
            buf_appendf(out, "[%zu]", ordinal_of(a, f, list));
        else
            buf_append_str(out, "[gone]");
    }
    if (f.item || def->part != question_main_part(q))
        buf_appendf(out, ".%s", def->code);
}

/* ---- reading ---- */

struct address {
    char code[40]; /* question */
    char item[40]; /* "" = none */
    char part[40]; /* "" = the main part */
};

static bool take(const char **s, const char *stop, char out[40])
{
    size_t n = strcspn(*s, stop);
    if (!n || n >= 40)
        return false;
    memcpy(out, *s, n);
    out[n] = 0;
    *s += n;
    return true;
}

static enum err split(const char *s, struct address *out, struct err_info *why)
{
    const char *p = s;
    bool ok = take(&p, "[.", out->code);
    if (ok && *p == '[') {
        p++;
        ok = take(&p, "]", out->item) && *p++ == ']';
    }
    if (ok && *p == '.') {
        p++;
        ok = take(&p, ".[", out->part);
    }
    if (ok && !*p)
        return ERR_OK;
    return err_set(why, ERR_INPUT, "\"%.60s\" names no answer; write B1, B1.rationale or L5[2].due",
                   s);
}

static void fold_case(char *s, bool upper)
{
    for (; *s; s++) {
        if (upper && *s >= 'a' && *s <= 'z')
            *s = (char)(*s - 'a' + 'A');
        else if (!upper && *s >= 'A' && *s <= 'Z')
            *s = (char)(*s - 'A' + 'a');
    }
}

static enum err no_question(const struct audit *a, const char *code, struct err_info *why)
{
    struct buf list = BUF_INIT;
    for (size_t i = 0; i < a->t->nquestions && list.len < 240; i++)
        buf_appendf(&list, "%s%s", i ? " " : "", a->t->questions[i].code);
    enum err e = err_set(why, ERR_NOT_FOUND, "There is no question %.40s. There are: %s", code,
                         buf_cstr(&list));
    buf_free(&list);
    return e;
}

static bool has_either_way(const struct question *q, const struct part_def *def, bool in_item)
{
    if (!question_has_part(q, def))
        return false;
    bool direct = def->kinds & q->kinds;
    return in_item ? !direct || def->list != PART_NONE || def->type == TYPE_LIST ||
                         def->kinds & (KINDS_OF_CHECKLIST | KIND_MODERATION)
                   : direct;
}

static enum err no_part(const struct question *q, const char *part, bool in_item,
                        struct err_info *why)
{
    struct buf list = BUF_INIT;
    size_t n;
    const struct part_def *table = part_table(&n);
    for (size_t i = 0; i < n; i++)
        if (has_either_way(q, &table[i], in_item))
            buf_appendf(&list, "%s%s", list.len ? ", " : "", table[i].code);
    enum err e = err_set(why, ERR_NOT_FOUND, "%s%s has no part \"%.40s\". It has: %s", q->code,
                         in_item ? "[...]" : "", part, list.len ? buf_cstr(&list) : "none");
    buf_free(&list);
    return e;
}

static bool to_number(const char *s, uint64_t *out)
{
    uint64_t v = 0;
    for (const char *p = s; *p; p++) {
        if (*p < '0' || *p > '9' || v > 1000000)
            return false;
        v = v * 10 + (uint64_t)(*p - '0');
    }
    *out = v;
    return *s;
}

/* The part that "D1[3]" or "L5[2]" means without more. */
static const struct part_def *main_part_of_item(const struct question *q)
{
    enum part main = question_main_part(q);
    return part_find(q->kinds & KIND_CHECKLIST                     ? PART_CHECK
                     : q->kinds & KIND_MODERATION                  ? PART_VIEW
                     : q->kinds & KIND_FINDINGS                    ? PART_TEXT
                     : q->kinds & KIND_ACTIONS                     ? PART_SPECIFIC
                     : q->kinds & KIND_PEOPLE                      ? PART_ROLE
                     : q->kinds & (KIND_EVIDENCE | KIND_JUDGEMENT) ? PART_PLACE
                                                                   : main);
}

static enum err find_list_item(const struct audit *a, const struct question *q,
                               const struct part_def *def, const char *item, struct field *out,
                               struct err_info *why)
{
    enum part list = def->type == TYPE_LIST ? def->part : def->list;
    uint64_t n = 0;
    size_t start, end;
    audit_item_range(a, q->number, (uint16_t)list, &start, &end);
    const struct part_def *list_def = part_find(list);
    if (!to_number(item, &n) || !n || n > end - start)
        return err_set(why, ERR_NOT_FOUND, "%s has no item %.20s: its %s list has %zu", q->code,
                       item, list_def ? list_def->code : "", end - start);
    out->item = a->items.at[start + n - 1].id;
    return ERR_OK;
}

static enum err find_item(const struct audit *a, const struct question *q,
                          const struct part_def *def, const char *item, struct field *out,
                          struct err_info *why)
{
    if (def->kinds & q->kinds & KIND_MODERATION) {
        const struct question *judged = template_question_find(a->t, item);
        if (!judged)
            return no_question(a, item, why);
        out->item = judged->number;
        return ERR_OK;
    }
    if (def->kinds & q->kinds & KINDS_OF_CHECKLIST)
        return to_number(item, &out->item)
                   ? ERR_OK
                   : err_set(why, ERR_INPUT, "%s: items have numbers, as in %s[1]", q->code,
                             q->code);
    if (def->list == PART_NONE && def->type != TYPE_LIST)
        return err_set(why, ERR_INPUT, "%s.%s has no items: leave out [%.20s]", q->code, def->code,
                       item);
    return find_list_item(a, q, def, item, out, why);
}

enum err audit_field_parse(const struct audit *a, const char *s, struct field *out,
                           struct err_info *why)
{
    struct address at = {0};
    *out = (struct field){0};
    enum err e = split(s, &at, why);
    if (e)
        return e;
    const struct question *q = template_question_find(a->t, at.code);
    if (!q) {
        fold_case(at.code, true);
        q = template_question_find(a->t, at.code);
    }
    if (!q)
        return no_question(a, at.code, why);
    fold_case(at.part, false);
    const struct part_def *def = *at.part   ? part_find_code(at.part)
                                 : *at.item ? main_part_of_item(q)
                                            : part_find(question_main_part(q));
    if (!def && !*at.part)
        return err_set(why, ERR_INPUT, "%s is shown, not answered", q->code);
    if (!def || !question_has_part(q, def))
        return no_part(q, at.part, *at.item, why);
    out->question = q->number;
    out->part = (uint16_t)def->part;
    e = *at.item ? find_item(a, q, def, at.item, out, why) : ERR_OK;
    return e ? e : field_check(a->t, *out, why);
}

/* ---- items that another item names ---- */

/* The next of "a, b,c": its start and length, and where to go on; false at the end. */
static bool next_word(const char **s, const char **word, size_t *len)
{
    *word = *s + strspn(*s, ", ");
    *len = strcspn(*word, ",");
    *s = *word + *len;
    while (*len && (*word)[*len - 1] == ' ')
        --*len;
    return *len;
}

static enum err not_such_item(const struct audit *a, enum part list, const char *word,
                              struct err_info *why)
{
    const struct part_def *def = part_find(list);
    const char *example = NULL;
    for (size_t i = a->t->nquestions; i > 0; i--)
        if (a->t->questions[i - 1].kinds & def->kinds)
            example = a->t->questions[i - 1].code;
    if (!example)
        return err_set(why, ERR_INPUT, "%s names nothing here: this record has no %s.", word,
                       def->label);
    return err_set(why, ERR_INPUT, "%s is not one of the %s: write where it stands, as in %s[1].",
                   word, def->label, example);
}

/* Appends the id that `word` means; what looks like one is checked where it is stored. */
static enum err append_item(const struct audit *a, enum part list, const char *word,
                            struct buf *out, struct err_info *why)
{
    struct field f;
    if (!word[strspn(word, "0123456789")]) {
        buf_append_str(out, word);
        return ERR_OK;
    }
    if (!strchr(word, '['))
        return not_such_item(a, list, word, why);
    enum err e = audit_field_parse(a, word, &f, why);
    if (!e && (!f.item || audit_list_of(f) != list))
        e = not_such_item(a, list, word, why);
    if (!e)
        buf_appendf(out, "%" PRIu64, f.item);
    return e;
}

enum err audit_items_parse(const struct audit *a, enum part part, const char *s, struct buf *out,
                           struct err_info *why)
{
    enum part list = part_points_to(part);
    const char *at;
    size_t len, from = out->len;
    while (next_word(&s, &at, &len)) {
        char word[48];
        if (len >= sizeof word)
            return err_set(why, ERR_INPUT, "\"%.40s\" names no item.", at);
        memcpy(word, at, len);
        word[len] = 0;
        buf_append_str(out, out->len > from ? ", " : "");
        enum err e = append_item(a, list, word, out, why);
        if (e)
            return e;
    }
    return buf_failed(out) ? ERR_NOMEM : ERR_OK;
}

static void format_item(const struct audit *a, uint64_t id, struct buf *out)
{
    size_t i = 0;
    while (i < a->items.len && a->items.at[i].id != id)
        i++;
    if (i == a->items.len) {
        buf_append_str(out, "[gone]");
        return;
    }
    struct field f = {a->items.at[i].question, a->items.at[i].part, id};
    buf_appendf(out, "%s[%zu]", template_question(a->t, f.question)->code,
                ordinal_of(a, f, (enum part)f.part));
}

void audit_items_format(const struct audit *a, const char *ids, struct buf *out)
{
    const char *word;
    size_t len, from = out->len;
    while (next_word(&ids, &word, &len)) {
        buf_append_str(out, out->len > from ? ", " : "");
        format_item(a, strtoull(word, NULL, 10), out);
    }
}
