#include <string.h>

#include "client/render/fields.h"
#include "client/render/life.h"
#include "common/utf8.h"

bool render_event_is_about(const struct event *e, uint16_t question)
{
    for (size_t i = 0; question && i < e->body.nops; i++)
        if (audit_op_field(&e->body.ops[i]).question == question)
            return true;
    return !question;
}

static size_t comment_number(const struct audit *a, uint64_t id)
{
    for (size_t i = 0; i < audit_comment_count(a); i++)
        if (audit_comment_at(a, i)->id == id)
            return i + 1;
    return 0;
}

static void say_text(const struct render_source *src, const struct event *e,
                     const struct audit_op *op, struct buf *out)
{
    struct blob_sums sums;
    render_blob(e->body.agent, op->text.blob, op->text.blob_len, &sums);
    if (sums.inserted_cp) {
        buf_append_str(out, "wrote \"");
        text_safe(out, sums.words.data, sums.words.len, false);
        buf_append_str(out, "\" in ");
    } else {
        buf_appendf(out, "struck out %zu character%s in ", sums.struck_cp,
                    sums.struck_cp == 1 ? "" : "s");
    }
    audit_field_format(src->audit, op->text.field, out);
    if (sums.inserted_cp && sums.struck_cp)
        buf_appendf(out, " and struck out %zu", sums.struck_cp);
    buf_free(&sums.words);
}

static void say_comment(const struct render_source *src, const struct audit_op *op, struct buf *out)
{
    size_t n = comment_number(src->audit, op->comment.comment);
    if (op->kind == OP_COMMENT_RESOLVE) {
        buf_appendf(out, "resolved comment %zu", n);
        return;
    }
    buf_appendf(out, op->kind == OP_COMMENT_REPLY ? "answered comment %zu: " : "wrote comment %zu",
                n);
    if (op->kind == OP_COMMENT_ADD) {
        buf_append_str(out, " on ");
        audit_field_format(src->audit, op->comment.field, out);
        buf_append_str(out, op->comment.must_answer ? " (must be answered): " : ": ");
    }
    text_safe(out, op->comment.text, strlen(op->comment.text), false);
}

static void say_op(const struct render_source *src, const struct event *e,
                   const struct audit_op *op, struct buf *out)
{
    switch (op->kind) {
    case OP_CREATE:
        buf_appendf(out, "began the audit of %s", op->create.carer_ref);
        return;
    case OP_MEMBER_ADD:
        buf_appendf(out, "gave %s a part: %s", src->name(src->user, op->member.person),
                    role_code(op->member.role));
        return;
    case OP_MEMBER_REMOVE:
        buf_appendf(out, "took %s's part away", src->name(src->user, op->member.person));
        return;
    case OP_MOVE:
    case OP_SIGN:
    case OP_ASSIGN:
    case OP_FLAG:
    case OP_FLAG_NOTE:
    case OP_GLASS:
    case OP_GLASS_END:
    case OP_LINK:
    case OP_PLAN:
        render_life_op(src, op, out);
        return;
    case OP_TEXT:
        say_text(src, e, op, out);
        return;
    case OP_SET:
        buf_append_str(out, op->set.value[0] ? "set " : "emptied ");
        audit_field_format(src->audit, op->set.field, out);
        if (op->set.value[0]) {
            buf_append_str(out, " to ");
            render_field_value(src, op->set.field, op->set.value, out);
        }
        return;
    case OP_ITEM_ADD:
    case OP_ITEM_REMOVE:
        buf_append_str(out, op->kind == OP_ITEM_ADD ? "added " : "removed ");
        audit_field_format(src->audit, op->item.field, out);
        return;
    case OP_COMMENT_ADD:
    case OP_COMMENT_REPLY:
    case OP_COMMENT_RESOLVE:
        say_comment(src, op, out);
        return;
    case OP_HELD:
        buf_append_str(out, "did something that is held back from you");
        return;
    }
}

void render_event(const struct render_source *src, const struct event *e, struct buf *out)
{
    char when[32];
    buf_appendf(out, "%llu  %s  %s ", (unsigned long long)e->seq, render_time(e->utc_ms, when),
                src->name(src->user, e->actor));
    for (size_t i = 0; i < e->body.nops; i++) {
        if (i)
            buf_append_str(out, "; ");
        say_op(src, e, &e->body.ops[i], out);
    }
}

static const char *op_name(enum op_kind kind)
{
    static const char *const names[] = {
        [OP_CREATE] = "create",
        [OP_MEMBER_ADD] = "member_add",
        [OP_MEMBER_REMOVE] = "member_remove",
        [OP_MOVE] = "move",
        [OP_TEXT] = "text",
        [OP_SET] = "set",
        [OP_ITEM_ADD] = "item_add",
        [OP_ITEM_REMOVE] = "item_remove",
        [OP_COMMENT_ADD] = "comment_add",
        [OP_COMMENT_REPLY] = "comment_reply",
        [OP_COMMENT_RESOLVE] = "comment_resolve",
        [OP_HELD] = "held",
        [OP_SIGN] = "sign",
        [OP_ASSIGN] = "assign",
        [OP_FLAG] = "flag",
        [OP_FLAG_NOTE] = "flag_note",
        [OP_GLASS] = "break_glass",
        [OP_GLASS_END] = "break_glass_end",
        [OP_LINK] = "link",
        [OP_PLAN] = "plan",
    };
    return names[kind];
}

static void put(json_t *j, const char *key, json_t *value)
{
    (void)json_object_set_new(j, key, value);
}

static json_t *op_json(const struct render_source *src, const struct event *e,
                       const struct audit_op *op)
{
    json_t *j = json_pack("{s:s}", "op", op_name(op->kind));
    struct field f = audit_op_field(op);
    if (f.question) {
        struct buf b = BUF_INIT;
        audit_field_format(src->audit, f, &b);
        put(j, "field", json_string(buf_cstr(&b)));
        buf_free(&b);
    }
    if (op->kind == OP_TEXT) {
        struct blob_sums sums;
        render_blob(e->body.agent, op->text.blob, op->text.blob_len, &sums);
        put(j, "inserted", json_string(buf_cstr(&sums.words)));
        put(j, "struck_characters", json_integer((json_int_t)sums.struck_cp));
        buf_free(&sums.words);
    } else if (op->kind == OP_SET) {
        put(j, "value", json_string(op->set.value));
    } else if (op->kind == OP_MEMBER_ADD || op->kind == OP_MEMBER_REMOVE) {
        put(j, "person", json_integer(op->member.person));
        put(j, "name", json_string(src->name(src->user, op->member.person)));
        put(j, "role", json_string(role_code(op->member.role)));
    } else if (op->kind >= OP_COMMENT_ADD && op->kind <= OP_COMMENT_RESOLVE) {
        put(j, "comment",
            json_integer((json_int_t)comment_number(src->audit, op->comment.comment)));
        if (op->kind != OP_COMMENT_RESOLVE)
            put(j, "text", json_string(op->comment.text));
    }
    render_life_op_json(src, op, j);
    return j;
}

json_t *render_event_json(const struct render_source *src, const struct event *e)
{
    json_t *ops = json_array();
    for (size_t i = 0; i < e->body.nops; i++)
        json_array_append_new(ops, op_json(src, e, &e->body.ops[i]));
    return json_pack("{s:I, s:o, s:i, s:s, s:o}", "seq", (json_int_t)e->seq, "at",
                     render_utc(e->utc_ms), "person", (int)e->actor, "name",
                     src->name(src->user, e->actor), "ops", ops);
}
