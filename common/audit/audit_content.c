#include <string.h>

#include "common/audit/audit_impl.h"
#include "common/hash.h"

/* ---- every answer, in the order of the questions ---- */

struct walk {
    const struct audit *a;
    audit_field_fn fn;
    void *user;
    bool stopped;
};

static void visit(struct walk *w, struct field f)
{
    if (!w->stopped && !w->fn(w->user, f))
        w->stopped = true;
}

static bool has_words(const struct live_text *l)
{
    return text_len_cp(l->text);
}

/* Cells and texts of one question and one item of `list` (PART_NONE: those of no list, all items),
 * merged by address. */
static void visit_answers(struct walk *w, uint16_t question, uint64_t item, enum part list)
{
    const struct audit *a = w->a;
    bool found;
    struct field first = {.question = question, .item = list == PART_NONE ? 0 : item};
    size_t c = audit_cell_index(a, first, &found), t = audit_text_index(a, first, &found);
    for (;;) {
        bool more_cells = c < a->cells.len && a->cells.at[c].field.question == question;
        bool more_texts = t < a->texts.len && a->texts.at[t].field.question == question;
        if (!more_cells && !more_texts)
            return;
        bool cell = more_cells &&
                    (!more_texts || field_compare(a->cells.at[c].field, a->texts.at[t].field) < 0);
        struct field f = cell ? a->cells.at[c].field : a->texts.at[t].field;
        bool filled = cell ? *a->cells.at[c].value : has_words(&a->texts.at[t]);
        if (list != PART_NONE && f.item != item)
            return;
        if (filled && audit_list_of(f) == list)
            visit(w, f);
        *(cell ? &c : &t) += 1;
    }
}

void audit_each_field(const struct audit *a, audit_field_fn fn, void *user)
{
    struct walk w = {.a = a, .fn = fn, .user = user};
    size_t item = 0;
    for (uint16_t q = 1; q <= a->t->nquestions && !w.stopped; q++) {
        visit_answers(&w, q, 0, PART_NONE);
        for (; item < a->items.len && a->items.at[item].question == q; item++)
            visit_answers(&w, q, a->items.at[item].id, (enum part)a->items.at[item].part);
    }
}

/* ---- what the authors' content is ---- */

/* How actions are followed up, what is not acted upon, and what the moderation finds; a signature
 * is on none of it. */
static bool is_tracked(const struct question *q, enum part part)
{
    switch ((int)part) {
    case PART_STATUS: /* a voice's status is an answer */
        return !(q->kinds & KIND_VOICE);
    case PART_FIRST_DUE:
    case PART_DUE_REASON:
    case PART_UPDATES:
    case PART_DONE_EVIDENCE:
    case PART_CLAIMED_BY:
    case PART_CLOSED_BY:
    case PART_CLOSED_ON:
    case PART_CLOSE_REASON:
    case PART_IMPACT:
    case PART_IMPACT_EVIDENCE:
    case PART_LEADS_TO:
    case PART_NO_ACTION:
    case PART_GRADE_MODERATOR:
    case PART_GRADE_FINAL:
        return true;
    }
    return false;
}

bool audit_is_content(const struct template *t, uint16_t question, enum part part)
{
    const struct question *q = template_question(t, question);
    return q && !is_tracked(q, part) && !audit_is_moderation(t, q);
}

bool audit_op_is_content(const struct audit *a, const struct audit_op *op)
{
    const struct question *q;
    struct field f;
    switch (op->kind) {
    case OP_CREATE: /* what is known then answers questions */
        return true;
    case OP_TEXT:
    case OP_SET:
    case OP_ITEM_ADD:
    case OP_ITEM_REMOVE:
        f = audit_op_field(op);
        q = template_question(a->t, f.question);
        return q && !a->moderation[q->number - 1] && !is_tracked(q, (enum part)f.part);
    case OP_HELD:
        return op->held.content;
    case OP_MEMBER_ADD:
    case OP_MEMBER_REMOVE:
    case OP_MOVE:
    case OP_COMMENT_ADD:
    case OP_COMMENT_REPLY:
    case OP_COMMENT_RESOLVE:
    case OP_SIGN:
    case OP_ASSIGN:
    case OP_FLAG:
    case OP_FLAG_NOTE:
    case OP_GLASS:
    case OP_GLASS_END:
    case OP_LINK:
    case OP_PLAN:
        break;
    }
    return false;
}

/* ---- fingerprint ---- */

static void put_bytes(struct buf *out, const void *data, size_t len)
{
    buf_append_varint(out, len);
    buf_append(out, data, len);
}

static void put_str(struct buf *out, const char *s)
{
    put_bytes(out, s, strlen(s));
}

struct canon {
    const struct audit *a;
    struct buf *out;
};

/* Items count by their place in the list: their ids tell who made them. */
static uint64_t place_of(const struct audit *a, struct field f)
{
    enum part list = audit_list_of(f);
    size_t start, end;
    if (list == PART_NONE || !f.item)
        return f.item;
    audit_item_range(a, f.question, (uint16_t)list, &start, &end);
    for (size_t i = start; i < end; i++)
        if (a->items.at[i].id == f.item)
            return i - start + 1;
    return 0;
}

static bool put_answer(void *user, struct field f)
{
    struct canon *c = user;
    if (!audit_is_content(c->a->t, f.question, (enum part)f.part))
        return true;
    const struct text *t = audit_text(c->a, f);
    buf_append_varint(c->out, f.question);
    buf_append_varint(c->out, f.part);
    buf_append_varint(c->out, place_of(c->a, f));
    if (t) {
        buf_append_varint(c->out, text_len_bytes(t));
        text_read(t, 0, text_len_cp(t), c->out);
    } else {
        put_str(c->out, audit_value(c->a, f).value);
    }
    return true;
}

void audit_fingerprint(const struct audit *a, uint8_t out[32])
{
    struct buf b = BUF_INIT;
    struct audit_info info = audit_info(a);
    struct canon c = {.a = a, .out = &b};
    put_str(&b, "tandem audit content 1");
    put_str(&b, a->t->id);
    buf_append_varint(&b, a->t->version);
    put_str(&b, info.ref);
    put_str(&b, info.carer_ref);
    put_str(&b, info.period_from);
    put_str(&b, info.period_to);
    buf_append_varint(&b, info.nchild_refs);
    for (size_t i = 0; i < info.nchild_refs; i++)
        put_str(&b, info.child_refs[i]);
    /* An item that is still empty is an item: how many there are counts too. */
    for (size_t i = 0; i < a->items.len; i++) {
        const struct list_item *it = &a->items.at[i];
        if (!audit_is_content(a->t, it->question, (enum part)it->part))
            continue;
        buf_append_varint(&b, it->question);
        buf_append_varint(&b, it->part);
    }
    buf_append_varint(&b, 0);
    audit_each_field(a, put_answer, &c);
    if (buf_failed(&b))
        memset(out, 0, HASH_LEN);
    else
        hash_sha256(b.data, b.len, out);
    buf_free(&b);
}
