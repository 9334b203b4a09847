#include "common/audit/event_codec.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "common/pb_alloc.h"
#include "common/utf8.h"

typedef Tandem__Audit__EventBody PbBody;
typedef Tandem__Audit__Op PbOp;

/* Field numbers of proto/event.proto that this file writes. */
enum {
    BODY_AGENT = 1,
    BODY_BATCH = 2,
    BODY_OPS = 3,
    BODY_AT = 4,
    BODY_ITEM = 5,
    BODY_TEXT = 6,
    AT = 1,
    ITEM = 2,
};
enum { HELD = 1, HELD_CONTENT = 2 }; /* Op.held */
enum { PART_BITS = 7, MAX_CHILD_REFS = 64, BODY_ALLOCS = 8 * EVENT_MAX_OPS };

/* ---- writing ---- */

static uint64_t at_of(struct field f)
{
    assert(f.part < 1u << PART_BITS);
    return (uint64_t)f.question << PART_BITS | f.part;
}

static void write_field(struct buf *out, struct field f)
{
    pbw_u64(out, AT, at_of(f));
    pbw_u64(out, ITEM, f.item);
}

static void write_anchor(struct buf *out, uint32_t number, struct text_anchor a)
{
    size_t m = pbw_begin(out, number);
    pbw_u64(out, 1, a.id.agent);
    pbw_u64(out, 2, a.id.seq);
    pbw_u64(out, 3, a.bias);
    pbw_end(out, m);
}

static void write_create(struct buf *out, const struct op_create *c)
{
    size_t m = pbw_begin(out, 10);
    pbw_str(out, 1, c->ref);
    pbw_str(out, 2, c->template_id);
    pbw_u64(out, 3, c->template_version);
    pbw_str(out, 4, c->team);
    pbw_str(out, 5, c->carer_ref);
    for (size_t i = 0; i < c->nchild_refs; i++)
        pbw_bytes_always(out, 6, c->child_refs[i], strlen(c->child_refs[i]));
    pbw_str(out, 7, c->period_from);
    pbw_str(out, 8, c->period_to);
    pbw_u64(out, 9, (uint64_t)c->state);
    event_write_str(out, 10, c->planned);
    event_write_str(out, 11, c->way_in);
    event_write_str(out, 12, c->source);
    pbw_end(out, m);
}

static void write_comment_add(struct buf *out, const struct op_comment *c)
{
    write_field(out, c->field);
    size_t m = pbw_begin(out, 7);
    pbw_u64(out, 1, c->comment);
    pbw_str(out, 2, c->text);
    pbw_u64(out, 3, c->must_answer);
    if (c->on_words) {
        write_anchor(out, 4, c->start);
        write_anchor(out, 5, c->end);
    }
    pbw_end(out, m);
}

static void write_small(struct buf *out, const struct audit_op *op)
{
    size_t m = 0;
    if (op->kind == OP_SET) {
        write_field(out, op->set.field);
        m = pbw_begin(out, 4);
        pbw_str(out, 1, op->set.value);
        pbw_u64(out, 2, op->set.base_rev);
    } else if (op->kind == OP_COMMENT_REPLY) {
        m = pbw_begin(out, 8);
        pbw_u64(out, 1, op->comment.comment);
        pbw_str(out, 2, op->comment.text);
    } else {
        m = pbw_begin(out, 11);
        pbw_u64(out, 1, op->member.person);
        pbw_u64(out, 2, (uint64_t)op->member.role);
        pbw_str(out, 3, op->member.sections);
    }
    pbw_end(out, m);
}

static void write_op(struct buf *out, const struct audit_op *op)
{
    switch (op->kind) {
    case OP_TEXT:
        write_field(out, op->text.field);
        pbw_bytes_always(out, 3, op->text.blob, op->text.blob_len);
        break;
    case OP_ITEM_ADD:
        write_field(out, op->item.field);
        pbw_u64_always(out, 5, 1);
        break;
    case OP_ITEM_REMOVE:
        write_field(out, op->item.field);
        pbw_u64_always(out, 6, op->item.base_rev);
        break;
    case OP_COMMENT_ADD:
        write_comment_add(out, &op->comment);
        break;
    case OP_COMMENT_RESOLVE:
        pbw_u64_always(out, 9, op->comment.comment);
        break;
    case OP_CREATE:
        write_create(out, &op->create);
        break;
    case OP_MEMBER_REMOVE:
        pbw_u64_always(out, 12, op->member.person);
        break;
    case OP_HELD:
        pbw_u64_always(out, 14, op->held.content ? HELD_CONTENT : HELD);
        break;
    case OP_SET:
    case OP_COMMENT_REPLY:
    case OP_MEMBER_ADD:
        write_small(out, op);
        break;
    case OP_MOVE:
    case OP_SIGN:
    case OP_ASSIGN:
    case OP_FLAG:
    case OP_FLAG_NOTE:
    case OP_GLASS:
    case OP_GLASS_END:
    case OP_LINK:
    case OP_PLAN:
        event_write_life(out, op);
        break;
    }
}

void event_body_encode(const struct event_body *b, struct buf *out)
{
    pbw_u64(out, BODY_AGENT, b->agent);
    pbw_u64(out, BODY_BATCH, b->batch_no);
    if (b->nops == 1 && b->ops[0].kind == OP_TEXT) {
        const struct op_text *t = &b->ops[0].text;
        pbw_u64(out, BODY_AT, at_of(t->field));
        pbw_u64(out, BODY_ITEM, t->field.item);
        pbw_bytes(out, BODY_TEXT, t->blob, t->blob_len);
        return;
    }
    for (size_t i = 0; i < b->nops; i++) {
        size_t m = pbw_begin(out, BODY_OPS);
        write_op(out, &b->ops[i]);
        pbw_end(out, m);
    }
}

/* ---- reading ---- */

enum err event_copy_words(struct event_copier *c, const ProtobufCBinaryData *from, bool multi_line,
                          size_t max_cp, const char *what, const char **out)
{
    struct err_info bad = {0};
    if (utf8_check_text(from->data, from->len, multi_line, &bad))
        return err_set(c->why, ERR_INPUT, "%s contains %s", what, bad.text);
    if (from->len > max_cp && (size_t)utf8_count(from->data, from->len) > max_cp)
        return err_set(c->why, ERR_TOO_LARGE, "%s is longer than %zu characters", what, max_cp);
    if (from->len)
        memcpy(c->free, from->data, from->len);
    c->free[from->len] = 0;
    *out = c->free;
    c->free += from->len + 1;
    return ERR_OK;
}

enum err event_copy_line(struct event_copier *c, const ProtobufCBinaryData *from, const char *what,
                         const char **out)
{
    return event_copy_words(c, from, false, EVENT_MAX_LINE_CP, what, out);
}

static const uint8_t *copy_blob(struct event_copier *c, const ProtobufCBinaryData *from)
{
    uint8_t *blob = (uint8_t *)c->free;
    if (from->len)
        memcpy(blob, from->data, from->len);
    c->free += from->len;
    return blob;
}

static enum err read_field(uint32_t at, uint64_t item, struct field *out, struct err_info *why)
{
    *out = (struct field){.question = (uint16_t)(at >> PART_BITS),
                          .part = (uint16_t)(at & ((1u << PART_BITS) - 1)),
                          .item = item};
    if (!out->question || !out->part || at >> PART_BITS > UINT16_MAX)
        return err_set(why, ERR_INPUT, "an operation names no field (at=%u)", (unsigned)at);
    return ERR_OK;
}

static enum err read_create(struct event_copier *c, const Tandem__Audit__Create *from,
                            struct op_create *to)
{
    enum err e = event_copy_line(c, &from->ref, "the reference", &to->ref);
    if (!e)
        e = event_copy_line(c, &from->template_id, "the template's name", &to->template_id);
    if (!e)
        e = event_copy_line(c, &from->team, "the team", &to->team);
    if (!e)
        e = event_copy_line(c, &from->carer_ref, "the carer's reference", &to->carer_ref);
    for (size_t i = 0; !e && i < from->n_child_refs; i++)
        e = event_copy_line(c, &from->child_refs[i], "a child's reference", &c->refs[i]);
    if (!e)
        e = event_copy_line(c, &from->period_from, "the period", &to->period_from);
    if (!e)
        e = event_copy_line(c, &from->period_to, "the period", &to->period_to);
    if (!e)
        e = event_copy_line(c, &from->planned, "the planned day", &to->planned);
    if (!e)
        e = event_copy_line(c, &from->way_in, "the way in", &to->way_in);
    if (!e)
        e = event_copy_line(c, &from->source, "the source", &to->source);
    to->child_refs = c->refs;
    to->nchild_refs = from->n_child_refs;
    to->template_version = from->template_version;
    to->state = (enum audit_state)from->state;
    return e;
}

static struct text_anchor read_anchor(const Tandem__Audit__WordAnchor *from)
{
    return (struct text_anchor){
        .id = {.agent = from->agent, .seq = from->seq},
        .bias = from->bias ? TEXT_AFTER : TEXT_BEFORE
    };
}

static enum err read_comment_add(struct event_copier *c, const Tandem__Audit__CommentAdd *from,
                                 struct op_comment *to)
{
    if (!from->start != !from->end)
        return err_set(c->why, ERR_INPUT,
                       "a comment on words needs both their start and their end");
    to->comment = from->id;
    to->must_answer = from->must_answer;
    to->on_words = from->start;
    if (from->start) {
        if (from->start->bias > 1 || from->end->bias > 1)
            return err_set(c->why, ERR_INPUT, "an anchor's bias is 0 or 1");
        to->start = read_anchor(from->start);
        to->end = read_anchor(from->end);
    }
    return event_copy_words(c, &from->text, true, EVENT_MAX_COMMENT_CP, "the comment", &to->text);
}

static enum err read_op(struct event_copier *c, const PbOp *from, struct audit_op *to)
{
    bool has_field = from->what_case >= TANDEM__AUDIT__OP__WHAT_TEXT &&
                     from->what_case <= TANDEM__AUDIT__OP__WHAT_COMMENT_ADD;
    struct field f = {0};
    if (!has_field && (from->at || from->item))
        return err_set(c->why, ERR_INPUT, "an operation names a field that it is not about");
    enum err e = has_field ? read_field(from->at, from->item, &f, c->why) : ERR_OK;
    if (e)
        return e;
    switch (from->what_case) {
    case TANDEM__AUDIT__OP__WHAT_TEXT:
        to->kind = OP_TEXT;
        to->text = (struct op_text){f, copy_blob(c, &from->text), from->text.len};
        return ERR_OK;
    case TANDEM__AUDIT__OP__WHAT_SET:
        to->kind = OP_SET;
        to->set = (struct op_set){.field = f, .base_rev = from->set->base_rev};
        return event_copy_line(c, &from->set->value, "the answer", &to->set.value);
    case TANDEM__AUDIT__OP__WHAT_ITEM_ADD:
    case TANDEM__AUDIT__OP__WHAT_ITEM_REMOVE:
        to->kind =
            from->what_case == TANDEM__AUDIT__OP__WHAT_ITEM_ADD ? OP_ITEM_ADD : OP_ITEM_REMOVE;
        to->item = (struct op_item){f, to->kind == OP_ITEM_REMOVE ? from->item_remove : 0};
        return ERR_OK;
    case TANDEM__AUDIT__OP__WHAT_COMMENT_ADD:
        to->kind = OP_COMMENT_ADD;
        to->comment = (struct op_comment){.field = f};
        return read_comment_add(c, from->comment_add, &to->comment);
    case TANDEM__AUDIT__OP__WHAT_COMMENT_REPLY:
        to->kind = OP_COMMENT_REPLY;
        to->comment = (struct op_comment){.comment = from->comment_reply->id};
        return event_copy_words(c, &from->comment_reply->text, true, EVENT_MAX_COMMENT_CP,
                                "the reply", &to->comment.text);
    case TANDEM__AUDIT__OP__WHAT_COMMENT_RESOLVE:
        to->kind = OP_COMMENT_RESOLVE;
        to->comment = (struct op_comment){.comment = from->comment_resolve, .text = ""};
        return ERR_OK;
    case TANDEM__AUDIT__OP__WHAT_CREATE:
        to->kind = OP_CREATE;
        return read_create(c, from->create, &to->create);
    case TANDEM__AUDIT__OP__WHAT_MEMBER_ADD:
        to->kind = OP_MEMBER_ADD;
        to->member = (struct op_member){.person = from->member_add->person,
                                        .role = (enum role)from->member_add->role};
        return event_copy_line(c, &from->member_add->sections, "the sections",
                               &to->member.sections);
    case TANDEM__AUDIT__OP__WHAT_MEMBER_REMOVE:
        to->kind = OP_MEMBER_REMOVE;
        to->member = (struct op_member){.person = from->member_remove, .sections = ""};
        return ERR_OK;
    case TANDEM__AUDIT__OP__WHAT_MOVE:
    case TANDEM__AUDIT__OP__WHAT_SIGN:
    case TANDEM__AUDIT__OP__WHAT_ASSIGN:
    case TANDEM__AUDIT__OP__WHAT_FLAG:
    case TANDEM__AUDIT__OP__WHAT_FLAG_NOTE:
    case TANDEM__AUDIT__OP__WHAT_GLASS:
    case TANDEM__AUDIT__OP__WHAT_GLASS_END:
    case TANDEM__AUDIT__OP__WHAT_LINK:
    case TANDEM__AUDIT__OP__WHAT_PLAN:
        return event_read_life(c, from, to);
    case TANDEM__AUDIT__OP__WHAT_HELD:
        to->kind = OP_HELD;
        to->held.content = from->held == HELD_CONTENT;
        return from->held <= HELD_CONTENT
                   ? ERR_OK
                   : err_set(c->why, ERR_INPUT, "a withheld operation of an unknown kind");
    case TANDEM__AUDIT__OP__WHAT__NOT_SET:
    case _TANDEM__AUDIT__OP__WHAT__CASE_IS_INT_SIZE:
        break;
    }
    return err_set(c->why, ERR_INPUT, "an operation of an unknown kind");
}

static bool is_strange(const void *message)
{
    return message && ((const ProtobufCMessage *)message)->n_unknown_fields;
}

/* protobuf-c keeps what it does not know; we refuse it, so that nothing travels unseen. */
static bool op_is_strange(const PbOp *op)
{
    if (is_strange(op))
        return true;
    switch (op->what_case) {
    case TANDEM__AUDIT__OP__WHAT_SET:
        return is_strange(op->set);
    case TANDEM__AUDIT__OP__WHAT_COMMENT_ADD:
        return is_strange(op->comment_add) || is_strange(op->comment_add->start) ||
               is_strange(op->comment_add->end);
    case TANDEM__AUDIT__OP__WHAT_COMMENT_REPLY:
        return is_strange(op->comment_reply);
    case TANDEM__AUDIT__OP__WHAT_CREATE:
        return is_strange(op->create);
    case TANDEM__AUDIT__OP__WHAT_MEMBER_ADD:
        return is_strange(op->member_add);
    case TANDEM__AUDIT__OP__WHAT_MOVE:
    case TANDEM__AUDIT__OP__WHAT_SIGN:
    case TANDEM__AUDIT__OP__WHAT_ASSIGN:
    case TANDEM__AUDIT__OP__WHAT_FLAG:
    case TANDEM__AUDIT__OP__WHAT_FLAG_NOTE:
    case TANDEM__AUDIT__OP__WHAT_GLASS:
    case TANDEM__AUDIT__OP__WHAT_GLASS_END:
    case TANDEM__AUDIT__OP__WHAT_LINK:
    case TANDEM__AUDIT__OP__WHAT_PLAN:
        return is_strange(event_life_message(op));
    case TANDEM__AUDIT__OP__WHAT_TEXT:
    case TANDEM__AUDIT__OP__WHAT_ITEM_ADD:
    case TANDEM__AUDIT__OP__WHAT_ITEM_REMOVE:
    case TANDEM__AUDIT__OP__WHAT_COMMENT_RESOLVE:
    case TANDEM__AUDIT__OP__WHAT_MEMBER_REMOVE:
    case TANDEM__AUDIT__OP__WHAT_HELD:
    case TANDEM__AUDIT__OP__WHAT__NOT_SET:
    case _TANDEM__AUDIT__OP__WHAT__CASE_IS_INT_SIZE:
        return false;
    }
    return false;
}

/* Counts before anything is allocated for them. */
static enum err check_counts(const PbBody *m, size_t *nrefs, size_t *npresent, struct err_info *why)
{
    *nrefs = *npresent = 0;
    if (m->n_ops > EVENT_MAX_OPS)
        return err_set(why, ERR_TOO_LARGE, "a batch holds at most %d operations", EVENT_MAX_OPS);
    if (is_strange(m) || (m->at && m->n_ops) || (!m->at && (m->item || m->text.len)))
        return err_set(why, ERR_INPUT, "a batch in a form that this version does not know");
    for (size_t i = 0; i < m->n_ops; i++) {
        if (op_is_strange(m->ops[i]))
            return err_set(why, ERR_INPUT, "operation %zu is of a newer version", i + 1);
        if (m->ops[i]->what_case == TANDEM__AUDIT__OP__WHAT_CREATE) {
            if (*nrefs || i)
                return err_set(why, ERR_INPUT, "an audit is created first, and once");
            *nrefs = m->ops[i]->create->n_child_refs;
            if (*nrefs > MAX_CHILD_REFS)
                return err_set(why, ERR_TOO_LARGE, "an audit names at most %d children",
                               MAX_CHILD_REFS);
        } else if (m->ops[i]->what_case == TANDEM__AUDIT__OP__WHAT_MOVE) {
            *npresent += m->ops[i]->move->n_present;
            if (m->ops[i]->move->n_present > EVENT_MAX_PRESENT)
                return err_set(why, ERR_TOO_LARGE, "at most %d people are present",
                               EVENT_MAX_PRESENT);
        }
    }
    return ERR_OK;
}

static enum err copy_body(const PbBody *m, struct event_copier *c)
{
    struct event_body *b = c->body;
    b->agent = m->agent;
    b->batch_no = m->batch_no;
    enum err e = ERR_OK;
    if (m->at) {
        b->nops = 1;
        b->ops[0].kind = OP_TEXT;
        e = read_field(m->at, m->item, &b->ops[0].text.field, c->why);
        b->ops[0].text.blob = copy_blob(c, &m->text);
        b->ops[0].text.blob_len = m->text.len;
        return e;
    }
    for (size_t i = 0; !e && i < m->n_ops; i++)
        e = read_op(c, m->ops[i], &b->ops[b->nops++]);
    return e;
}

enum err event_body_decode(const void *data, size_t len_bytes, struct event_body **out,
                           struct err_info *why)
{
    *out = NULL;
    if (len_bytes > EVENT_MAX_BYTES)
        return err_set(why, ERR_TOO_LARGE, "a batch holds at most %d bytes", EVENT_MAX_BYTES);
    struct pb_alloc alloc;
    pb_alloc_init(&alloc, pb_alloc_budget(len_bytes), BODY_ALLOCS);
    PbBody *m = tandem__audit__event_body__unpack(&alloc.pb, len_bytes, data);
    size_t nrefs = 0, npresent = 0;
    enum err e = m ? check_counts(m, &nrefs, &npresent, why) : pb_alloc_error(&alloc, why);
    if (e)
        goto done;
    /* Words and blobs are parts of `data`; besides, each string has its NUL: two in an operation,
     * in a create nine and the references. */
    size_t nops = m->at ? 1 : m->n_ops;
    size_t head = sizeof(struct event_body) + nops * sizeof(struct audit_op) +
                  nrefs * sizeof(char *) + npresent * sizeof(uint32_t);
    char *block = calloc(1, head + len_bytes + 8 + 2 * nops + nrefs);
    e = block ? ERR_OK : err_set(why, ERR_NOMEM, "%s", err_text(ERR_NOMEM));
    if (e)
        goto done;
    struct event_copier c = {.body = (struct event_body *)(void *)block, .why = why};
    c.body->ops = (struct audit_op *)(void *)(c.body + 1);
    c.refs = (const char **)(void *)(c.body->ops + nops);
    c.present = (uint32_t *)(void *)(c.refs + nrefs);
    c.free = block + head;
    e = copy_body(m, &c);
    if (!e)
        *out = c.body;
    else
        free(block);
done:
    pb_alloc_fini(&alloc);
    return e;
}

void event_body_free(struct event_body *b)
{
    free(b);
}
