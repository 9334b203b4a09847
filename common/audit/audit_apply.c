#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "common/audit/audit_check.h"

/* Each apply_<op> is called after audit_check_op said yes; it can only run out of memory. */

char *audit_copy_str(const char *s)
{
    size_t len = s ? strlen(s) + 1 : 1;
    char *copy = malloc(len);
    if (copy)
        memcpy(copy, s ? s : "", len);
    return copy;
}

enum err audit_replace_str(char **where, const char *s)
{
    char *copy = audit_copy_str(s);
    if (!copy)
        return ERR_NOMEM;
    free(*where);
    *where = copy;
    return ERR_OK;
}

/* ---- values ---- */

static enum err put_cell(struct audit *a, struct field f, const char *value, const struct event *e)
{
    bool found;
    size_t i = audit_cell_index(a, f, &found);
    char *copy = audit_copy_str(value);
    if (!copy || (!found && !VEC_ROOM(a->cells))) {
        free(copy);
        return ERR_NOMEM;
    }
    struct cell *c = &a->cells.at[i];
    if (found) {
        free(c->value);
    } else {
        memmove(c + 1, c, (a->cells.len - i) * sizeof *c);
        a->cells.len++;
    }
    *c = (struct cell){
        .field = f, .rev = e->seq, .utc_ms = e->utc_ms, .value = copy, .by = e->actor};
    audit_touch(a);
    return ERR_OK;
}

/* ---- texts ---- */

/* When a character was struck out is kept to this many ms (the log has it exactly): characters
 * taken away one by one then share a run. With exact times a much edited text takes six times the
 * memory. */
enum { STRUCK_AT_STEP_MS = 10 * 1000 };

static enum err put_text(struct audit *a, struct field f, uint32_t agent, uint64_t when,
                         const struct op_text *op)
{
    if (when != TEXT_WHEN_PENDING)
        when -= when % STRUCK_AT_STEP_MS;
    struct live_text *live;
    enum err e = audit_text_get(a, f, &live);
    if (!e)
        e = text_apply(live->text, agent, when, op->blob, op->blob_len);
    if (!e && (text_len_cp(live->text) == 0) != live->was_empty)
        audit_touch(a);
    return e;
}

/* ---- items ---- */

static bool item_is_before(const struct list_item *x, const struct list_item *y)
{
    if (x->question != y->question)
        return x->question < y->question;
    if (x->part != y->part)
        return x->part < y->part;
    uint64_t rx = x->rev - 1, ry = y->rev - 1; /* rev 0, only here so far, becomes the greatest */
    return rx != ry ? rx < ry : x->id < y->id;
}

static enum err put_item(struct audit *a, struct list_item item)
{
    struct list_item *old = audit_item_find(a, item.question, item.part, item.id);
    if (old) { /* one's own, confirmed now: it takes its place among the others */
        size_t at = (size_t)(old - a->items.at);
        a->items.len--;
        memmove(old, old + 1, (a->items.len - at) * sizeof *old);
    }
    if (!VEC_ROOM(a->items))
        return ERR_NOMEM;
    size_t i = a->items.len++;
    for (; i && item_is_before(&item, &a->items.at[i - 1]); i--)
        a->items.at[i] = a->items.at[i - 1];
    a->items.at[i] = item;
    audit_touch(a);
    return ERR_OK;
}

static bool is_in_item(struct field f, struct field item)
{
    return f.question == item.question && f.item == item.item && f.part != item.part &&
           audit_list_of(f) == (enum part)item.part;
}

static void drop_item(struct audit *a, struct field f)
{
    struct list_item *it = audit_item_find(a, f.question, f.part, f.item);
    if (!it)
        return;
    size_t at = (size_t)(it - a->items.at), kept = 0;
    a->items.len--;
    memmove(it, it + 1, (a->items.len - at) * sizeof *it);
    for (size_t i = 0; i < a->cells.len; i++) {
        if (is_in_item(a->cells.at[i].field, f))
            free(a->cells.at[i].value);
        else
            a->cells.at[kept++] = a->cells.at[i];
    }
    a->cells.len = kept;
    kept = 0;
    for (size_t i = 0; i < a->texts.len; i++) {
        if (is_in_item(a->texts.at[i].field, f))
            text_free(a->texts.at[i].text);
        else
            a->texts.at[kept++] = a->texts.at[i];
    }
    a->texts.len = kept;
    /* Comments on it stay as what was said; their words have gone. */
    for (size_t i = 0; i < a->comments.len; i++)
        if (is_in_item(a->comments.at[i].field, f)) {
            a->comments.at[i].on_words = false;
            a->comments.at[i].start = a->comments.at[i].end = (struct text_anchor){0};
        }
    audit_touch(a);
}

/* ---- comments ---- */

static struct audit_comment *comment_find(struct audit *a, uint64_t id)
{
    return (struct audit_comment *)(uintptr_t)audit_comment_find(a, id);
}

static enum err add_comment(struct audit *a, const struct op_comment *op, const struct event *e)
{
    char *text = audit_copy_str(op->text);
    if (!text || !VEC_ROOM(a->comments)) {
        free(text);
        return ERR_NOMEM;
    }
    struct audit_comment c = {.id = op->comment,
                              .field = op->field,
                              .on_words = op->on_words,
                              .must_answer = op->must_answer,
                              .by = e->actor,
                              .utc_ms = e->utc_ms,
                              .text = text};
    if (op->on_words) {
        c.start = op->start;
        c.end = op->end;
    }
    a->comments.at[a->comments.len++] = c;
    return ERR_OK;
}

static enum err add_reply(struct audit_comment *c, const char *words, const struct event *e)
{
    struct audit_reply *replies = (struct audit_reply *)(uintptr_t)c->replies;
    char *text = audit_copy_str(words);
    replies = realloc(replies, (c->nreplies + 1) * sizeof *replies);
    if (replies)
        c->replies = replies;
    if (!text || !replies) {
        free(text);
        return ERR_NOMEM;
    }
    replies[c->nreplies++] =
        (struct audit_reply){.by = e->actor, .utc_ms = e->utc_ms, .text = text};
    return ERR_OK;
}

/* ---- members, state, creation ---- */

static enum err put_member(struct audit *a, const struct op_member *op)
{
    bool found;
    size_t i = audit_member_index(a, op->person, &found);
    char *sections = audit_copy_str(op->sections);
    if (!sections || (!found && !VEC_ROOM(a->members))) {
        free(sections);
        return ERR_NOMEM;
    }
    struct audit_member *m = &a->members.at[i];
    if (found) {
        free((char *)(uintptr_t)m->sections);
    } else {
        memmove(m + 1, m, (a->members.len - i) * sizeof *m);
        a->members.len++;
    }
    *m = (struct audit_member){.person = op->person, .role = op->role, .sections = sections};
    return ERR_OK;
}

static void drop_member(struct audit *a, uint32_t person)
{
    bool found;
    size_t i = audit_member_index(a, person, &found);
    if (!found)
        return;
    struct audit_member *m = &a->members.at[i];
    free((char *)(uintptr_t)m->sections);
    a->members.len--;
    memmove(m, m + 1, (a->members.len - i) * sizeof *m);
}

/* What is known at creation answers the questions that ask for it. */
static enum err prefill(struct audit *a, uint16_t question, enum part part, const char *value,
                        const struct event *e)
{
    struct field f = {.question = question, .part = (uint16_t)part};
    if (!*value || field_check_value(a->t, f, value, NULL))
        return ERR_OK;
    return put_cell(a, f, value, e);
}

static enum err prefill_all(struct audit *a, const struct op_create *op, const struct event *ev)
{
    struct buf children = BUF_INIT;
    for (size_t i = 0; i < op->nchild_refs; i++) {
        buf_append_str(&children, i ? ", " : "");
        buf_append_str(&children, op->child_refs[i]);
    }
    enum err e = buf_failed(&children) ? ERR_NOMEM : ERR_OK;
    for (uint16_t n = 1; !e && n <= a->t->nquestions; n++) {
        uint32_t kinds = a->t->questions[n - 1].kinds;
        if (kinds & KIND_REFS)
            e = prefill(a, n, PART_CARER_REF, op->carer_ref, ev);
        if (!e && kinds & KIND_REFS)
            e = prefill(a, n, PART_CHILD_REFS, buf_cstr(&children), ev);
        if (!e && kinds & KIND_PERIOD)
            e = prefill(a, n, PART_PERIOD_FROM, op->period_from, ev);
        if (!e && kinds & KIND_PERIOD)
            e = prefill(a, n, PART_PERIOD_TO, op->period_to, ev);
    }
    buf_free(&children);
    return e;
}

static enum err create(struct audit *a, const struct op_create *op, const struct event *ev)
{
    enum err e = audit_replace_str(&a->ref, op->ref);
    if (!e)
        e = audit_replace_str(&a->team, op->team);
    if (!e)
        e = audit_replace_str(&a->carer_ref, op->carer_ref);
    if (!e)
        e = audit_replace_str(&a->period_from, op->period_from);
    if (!e)
        e = audit_replace_str(&a->period_to, op->period_to);
    if (!e)
        e = audit_replace_str(&a->planned, op->planned);
    if (!e)
        e = audit_replace_str(&a->first_planned, op->planned);
    if (!e)
        e = audit_replace_str(&a->way_in, op->way_in);
    if (!e)
        e = audit_replace_str(&a->source, op->source);
    if (!e && op->nchild_refs) {
        a->child_refs = calloc(op->nchild_refs, sizeof *a->child_refs);
        e = a->child_refs ? ERR_OK : ERR_NOMEM;
    }
    for (size_t i = 0; !e && i < op->nchild_refs; i++) {
        a->child_refs[i] = audit_copy_str(op->child_refs[i]);
        e = a->child_refs[i] ? ERR_OK : ERR_NOMEM;
        a->nchild_refs = i + 1;
    }
    a->state = op->state;
    a->created_utc_ms = ev->utc_ms;
    a->created_by = ev->actor;
    return e ? e : prefill_all(a, op, ev);
}

/* ---- the event ---- */

static enum err apply_op(struct audit *a, const struct event *ev, const struct audit_op *op)
{
    struct audit_comment *c;
    switch (op->kind) {
    case OP_CREATE:
        return create(a, &op->create, ev);
    case OP_MEMBER_ADD:
        return put_member(a, &op->member);
    case OP_MEMBER_REMOVE:
        drop_member(a, op->member.person);
        return ERR_OK;
    case OP_MOVE:
    case OP_SIGN:
    case OP_ASSIGN:
    case OP_FLAG:
    case OP_FLAG_NOTE:
    case OP_GLASS:
    case OP_GLASS_END:
    case OP_LINK:
    case OP_PLAN:
        return audit_apply_life(a, ev, op);
    case OP_TEXT:
        return put_text(a, op->text.field, ev->body.agent, (uint64_t)ev->utc_ms, &op->text);
    case OP_SET:
        return put_cell(a, op->set.field, op->set.value, ev);
    case OP_ITEM_ADD:
        return put_item(a, (struct list_item){.question = op->item.field.question,
                                              .part = op->item.field.part,
                                              .by = ev->actor,
                                              .rev = ev->seq,
                                              .id = op->item.field.item});
    case OP_ITEM_REMOVE:
        drop_item(a, op->item.field);
        return ERR_OK;
    case OP_COMMENT_ADD:
        return add_comment(a, &op->comment, ev);
    case OP_COMMENT_REPLY:
        c = comment_find(a, op->comment.comment);
        assert(c);
        return add_reply(c, op->comment.text, ev);
    case OP_COMMENT_RESOLVE:
        c = comment_find(a, op->comment.comment);
        assert(c);
        c->resolved = true;
        c->resolved_by = ev->actor;
        return ERR_OK;
    case OP_HELD:
        return ERR_OK;
    }
    return ERR_CORRUPT;
}

/* The agent's row, made when it writes for the first time. */
static struct agent *agent_get(struct audit *a, uint32_t agent, uint32_t person)
{
    bool found;
    size_t i = audit_agent_index(a, agent, &found);
    if (!found) {
        if (!VEC_ROOM(a->agents))
            return NULL;
        memmove(&a->agents.at[i + 1], &a->agents.at[i], (a->agents.len - i) * sizeof *a->agents.at);
        a->agents.at[i] = (struct agent){.agent = agent, .person = person};
        a->agents.len++;
    }
    return &a->agents.at[i];
}

static void note_ids(struct agent *g, const struct event_body *b)
{
    for (size_t i = 0; i < b->nops; i++) {
        if (b->ops[i].kind == OP_ITEM_ADD)
            g->item_n = (uint32_t)(b->ops[i].item.field.item & 0xfffff);
        else if (b->ops[i].kind == OP_COMMENT_ADD)
            g->comment_n = (uint32_t)(b->ops[i].comment.comment & 0xfffff);
    }
}

/* Our own tables said no to something that was accepted once: what we read is not what was written.
 */
static enum err as_damage(enum err e)
{
    return !e || e == ERR_NOMEM ? e : ERR_CORRUPT;
}

enum err audit_apply(struct audit *a, const struct event *ev)
{
    if (ev->seq != a->seq + 1)
        return ERR_INPUT;
    if (ev->utc_ms < a->utc_ms || ev->utc_ms < 0)
        return ERR_CORRUPT;
    struct check c = {.a = a, .b = &ev->body, .person = ev->actor};
    enum err e = as_damage(audit_check_batch(&c));
    struct agent *g = NULL;
    if (!e && ev->body.agent) {
        g = agent_get(a, ev->body.agent, ev->actor);
        e = g ? ERR_OK : ERR_NOMEM;
    }
    for (; !e && c.i < ev->body.nops; c.i++) {
        e = as_damage(audit_check_op(&c));
        if (!e)
            e = as_damage(apply_op(a, ev, &ev->body.ops[c.i]));
        if (!e && audit_op_is_content(a, &ev->body.ops[c.i]))
            audit_content_changed(a, ev->seq);
    }
    if (e)
        return e;
    if (g) {
        g->batch_no = ev->body.batch_no;
        g->batch_seq = ev->seq;
        note_ids(g, &ev->body);
    }
    a->seq = ev->seq;
    a->utc_ms = ev->utc_ms;
    return ERR_OK;
}

enum err audit_apply_local(struct audit *a, const struct event_body *b)
{
    enum err e = ERR_OK;
    for (size_t i = 0; !e && i < b->nops; i++) {
        const struct audit_op *op = &b->ops[i];
        if (op->kind == OP_TEXT && audit_field_is_there(a, op->text.field)) {
            e = put_text(a, op->text.field, b->agent, TEXT_WHEN_PENDING, &op->text);
        } else if (op->kind == OP_ITEM_ADD &&
                   !audit_item_exists(a, op->item.field.question, (enum part)op->item.field.part,
                                      op->item.field.item)) {
            e = put_item(a, (struct list_item){.question = op->item.field.question,
                                               .part = op->item.field.part,
                                               .by = audit_agent_person(a, b->agent),
                                               .id = op->item.field.item});
        }
    }
    return e;
}
