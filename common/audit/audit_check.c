#include "common/audit/audit_check.h"

#include <inttypes.h>
#include <string.h>

#include "common/utf8.h"

/* In a batch later operations see earlier ones: the state is the audit plus b->ops[0, i). While the
 * batch is applied the audit contains those already, which changes none of the answers. */

/* ---- the batch ---- */

enum err audit_check_batch(const struct check *c)
{
    const struct event_body *b = c->b;
    if (!b->nops || b->nops > EVENT_MAX_OPS)
        return err_set(c->why, ERR_INPUT, "a batch has 1 to %d operations", EVENT_MAX_OPS);
    if (!c->a->seq && b->ops[0].kind != OP_CREATE)
        return err_set(c->why, ERR_INPUT, "the first event of an audit creates it");
    if (!b->agent)
        return b->batch_no ? err_set(c->why, ERR_INPUT, "agent 0 does not number its batches")
                           : ERR_OK;
    bool found;
    size_t at = audit_agent_index(c->a, b->agent, &found);
    const struct agent *g = found ? &c->a->agents.at[at] : NULL;
    if (g && g->person != c->person)
        return err_set(c->why, ERR_INPUT, "agent %" PRIu32 " belongs to somebody else", b->agent);
    uint64_t last = g ? g->batch_no : 0;
    if (b->batch_no && b->batch_no <= last)
        return err_set(c->why, ERR_EXISTS, "batch %" PRIu64 " is here already", b->batch_no);
    if (b->batch_no != last + 1)
        return err_set(c->why, ERR_INPUT, "batch %" PRIu64 " leaves a gap: %" PRIu64 " is next",
                       b->batch_no, last + 1);
    return ERR_OK;
}

/* ---- parts of the questions below ---- */

static void say_field(const struct check *c, struct field f, char out[64])
{
    struct buf b = BUF_INIT;
    audit_field_format(c->a, f, &b);
    size_t len = b.len < 63 ? b.len : 63;
    if (len)
        memcpy(out, b.data, len);
    out[len] = 0;
    buf_free(&b);
}

/* Of the server's own batches its handlers have asked. */
static enum err need_right(const struct check *c, struct field f, enum right least)
{
    if (audit_check_is_replay(c) || !c->b->agent)
        return ERR_OK;
    /* The reason costs some formatting; it is only asked for once the answer is no. */
    enum right r = audit_right(c->a, c->v, f, NULL);
    if (r >= least)
        return ERR_OK;
    struct err_info why = {0};
    (void)audit_right(c->a, c->v, f, &why);
    return err_set(c->why, why.code ? why.code : ERR_REFUSED_ROLE, "%s", why.text);
}

static bool item_is_there(const struct check *c, struct field list)
{
    bool there = audit_item_find(c->a, list.question, list.part, list.item);
    for (size_t k = 0; k < c->i; k++) {
        const struct audit_op *op = &c->b->ops[k];
        if ((op->kind == OP_ITEM_ADD || op->kind == OP_ITEM_REMOVE) &&
            field_equal(op->item.field, list))
            there = op->kind == OP_ITEM_ADD;
    }
    return there;
}

static enum err need_item(const struct check *c, struct field f)
{
    enum part list = audit_list_of(f);
    if (list == PART_NONE || !f.item)
        return ERR_OK;
    struct field of = {.question = f.question, .part = (uint16_t)list, .item = f.item};
    if (item_is_there(c, of))
        return ERR_OK;
    char name[64];
    say_field(c, (struct field){.question = f.question, .part = (uint16_t)list}, name);
    return err_set(c->why, ERR_NOT_FOUND, "this item of %s is not there (somebody removed it)",
                   name);
}

/* Right first: who may not see a field learns nothing about it. */
static enum err need_field(const struct check *c, struct field f, enum right least)
{
    enum err e = field_check(c->a->t, f, c->why);
    if (!e)
        e = need_right(c, f, least);
    return e ? e : need_item(c, f);
}

static enum err need_once(const struct check *c, enum op_kind kind, struct field f)
{
    for (size_t k = 0; k < c->i; k++) {
        const struct audit_op *op = &c->b->ops[k];
        if (op->kind != kind)
            continue;
        const struct field *other = kind == OP_TEXT ? &op->text.field : &op->set.field;
        if (field_equal(*other, f))
            return err_set(c->why, ERR_INPUT, "a batch changes a field once");
    }
    return ERR_OK;
}

/* ---- ids that writers make ---- */

static uint32_t last_id_n(const struct check *c, enum op_kind kind)
{
    bool found;
    size_t at = audit_agent_index(c->a, c->b->agent, &found);
    const struct agent *g = found ? &c->a->agents.at[at] : NULL;
    uint32_t last = !g ? 0 : kind == OP_ITEM_ADD ? g->item_n : g->comment_n;
    for (size_t k = 0; k < c->i; k++)
        if (c->b->ops[k].kind == kind) {
            uint64_t id =
                kind == OP_ITEM_ADD ? c->b->ops[k].item.field.item : c->b->ops[k].comment.comment;
            last = (uint32_t)(id & 0xfffff);
        }
    return last;
}

static enum err need_new_id(const struct check *c, enum op_kind kind, uint64_t id)
{
    uint32_t n = (uint32_t)(id & 0xfffff);
    if (id >> 20 != c->b->agent || !n)
        return err_set(c->why, ERR_INPUT, "the id %" PRIu64 " was not made by agent %" PRIu32, id,
                       c->b->agent);
    if (n <= last_id_n(c, kind))
        return err_set(c->why, ERR_INPUT, "the id %" PRIu64 " was used before", id);
    return ERR_OK;
}

/* ---- texts and values ---- */

static enum err check_blob(const struct check *c, const struct op_text *op)
{
    static const struct text_limits limits = {.max_len_cp = AUDIT_MAX_TEXT_CP};
    struct text *empty = NULL;
    const struct text *t = audit_text(c->a, op->field);
    if (!t)
        t = empty = text_new();
    if (!t)
        return err_set(c->why, ERR_NOMEM, "%s", err_text(ERR_NOMEM));
    enum err e = text_check(t, c->b->agent, op->blob, op->blob_len, &limits, c->why);
    if (e == ERR_EXISTS) /* which would mean: this *batch* was here before */
        e = err_set(c->why, ERR_INPUT, "these characters are here already, from another batch");
    text_free(empty);
    return e;
}

static enum err check_text(const struct check *c, const struct op_text *op)
{
    enum err e = need_field(c, op->field, RIGHT_WRITE);
    if (!e && part_find((enum part)op->field.part)->type != TYPE_TEXT)
        e = err_set(c->why, ERR_INPUT, "this is not a text: it is set, not written");
    if (!e)
        e = need_once(c, OP_TEXT, op->field);
    return e || audit_check_is_replay(c) ? e : check_blob(c, op);
}

static enum err say_stale(const struct check *c, struct field f, const char *value, uint64_t rev,
                          uint32_t by)
{
    if (c->conflict)
        *c->conflict = (struct audit_conflict){.field = f, .value = value, .rev = rev, .by = by};
    char name[64];
    say_field(c, f, name);
    return err_set(c->why, ERR_STALE, "somebody changed %s first: it is now \"%.200s\"", name,
                   value);
}

static enum err check_set(const struct check *c, const struct op_set *op)
{
    enum err e = need_field(c, op->field, RIGHT_WRITE);
    if (e)
        return e;
    enum part_type type = part_find((enum part)op->field.part)->type;
    if (type == TYPE_TEXT || type == TYPE_LIST)
        return err_set(c->why, ERR_INPUT, "a %s is not set",
                       type == TYPE_TEXT ? "text is written, it" : "list has items, it");
    e = field_check_value(c->a->t, op->field, op->value, c->why);
    if (!e)
        e = need_once(c, OP_SET, op->field);
    if (e)
        return e;
    struct audit_value now = audit_value(c->a, op->field);
    return now.rev == op->base_rev ? ERR_OK : say_stale(c, op->field, now.value, now.rev, now.by);
}

/* ---- items ---- */

static enum err check_item_op(const struct check *c, const struct op_item *op)
{
    enum err e = field_check(c->a->t, op->field, c->why);
    if (!e && (part_find((enum part)op->field.part)->type != TYPE_LIST || !op->field.item))
        e = err_set(c->why, ERR_INPUT, "items are added to and removed from lists");
    return e ? e : need_right(c, op->field, RIGHT_WRITE);
}

static enum err check_item_add(const struct check *c, const struct op_item *op)
{
    enum err e = check_item_op(c, op);
    if (!e)
        e = need_new_id(c, OP_ITEM_ADD, op->field.item);
    if (e || audit_check_is_replay(c))
        return e;
    size_t start, end;
    audit_item_range(c->a, op->field.question, op->field.part, &start, &end);
    size_t n = end - start;
    for (size_t k = 0; k < c->i; k++) {
        const struct audit_op *other = &c->b->ops[k];
        bool same = (other->kind == OP_ITEM_ADD || other->kind == OP_ITEM_REMOVE) &&
                    other->item.field.question == op->field.question &&
                    other->item.field.part == op->field.part;
        if (same)
            n = other->kind == OP_ITEM_ADD ? n + 1 : n - 1;
    }
    if (n < AUDIT_MAX_ITEMS)
        return ERR_OK;
    return err_set(c->why, ERR_TOO_LARGE, "a list holds at most %d items", AUDIT_MAX_ITEMS);
}

static enum err check_item_remove(const struct check *c, const struct op_item *op)
{
    enum err e = check_item_op(c, op);
    if (!e)
        e = need_item(c, op->field);
    if (e || (!op->base_rev && op->field.item >> 20 == c->b->agent))
        return e;
    const struct list_item *it =
        audit_item_find(c->a, op->field.question, op->field.part, op->field.item);
    if (it && it->rev == op->base_rev)
        return ERR_OK;
    return say_stale(c, op->field, "", it ? it->rev : 0, it ? it->by : c->person);
}

/* ---- comments ---- */

static enum err check_words(const struct check *c, const char *text)
{
    if (!*text)
        return err_set(c->why, ERR_INPUT, "a comment needs words");
    struct err_info bad = {0};
    if (utf8_check_text(text, strlen(text), true, &bad))
        return err_set(c->why, ERR_INPUT, "a comment contains %s", bad.text);
    if (utf8_count(text, strlen(text)) > EVENT_MAX_COMMENT_CP)
        return err_set(c->why, ERR_TOO_LARGE, "a comment holds at most %d characters",
                       EVENT_MAX_COMMENT_CP);
    return ERR_OK;
}

static enum err check_anchors(const struct check *c, const struct op_comment *op)
{
    const struct text *t = audit_text(c->a, op->field);
    size_t start, end;
    if (part_find((enum part)op->field.part)->type != TYPE_TEXT)
        return err_set(c->why, ERR_INPUT, "only a text has words to comment on");
    if (op->start.bias > TEXT_AFTER || op->end.bias > TEXT_AFTER)
        return err_set(c->why, ERR_INPUT, "an anchor's bias is 0 or 1");
    if (!t || text_anchor_pos(t, op->start, &start) || text_anchor_pos(t, op->end, &end))
        return err_set(c->why, ERR_INPUT, "the comment names words that are not here (yet)");
    return ERR_OK;
}

size_t audit_check_count(const struct check *c, enum op_kind kind)
{
    size_t n = 0;
    for (size_t k = 0; k < c->i; k++)
        n += c->b->ops[k].kind == kind;
    return n;
}

static enum err check_comment_add(const struct check *c, const struct op_comment *op)
{
    enum err e = need_field(c, op->field, RIGHT_COMMENT);
    if (!e)
        e = need_new_id(c, OP_COMMENT_ADD, op->comment);
    if (!e)
        e = check_words(c, op->text);
    if (!e && op->on_words)
        e = check_anchors(c, op);
    if (e || audit_check_is_replay(c))
        return e;
    if (c->a->comments.len + audit_check_count(c, OP_COMMENT_ADD) < AUDIT_MAX_COMMENTS)
        return ERR_OK;
    return err_set(c->why, ERR_TOO_LARGE, "an audit holds at most %d comments", AUDIT_MAX_COMMENTS);
}

/* The field of the comment `id`, in the audit or added by this batch. */
static bool find_comment(const struct check *c, uint64_t id, struct field *f,
                         const struct audit_comment **found)
{
    *found = audit_comment_find(c->a, id);
    if (*found) {
        *f = (*found)->field;
        return true;
    }
    for (size_t k = 0; k < c->i; k++)
        if (c->b->ops[k].kind == OP_COMMENT_ADD && c->b->ops[k].comment.comment == id) {
            *f = c->b->ops[k].comment.field;
            return true;
        }
    return false;
}

/* What must be answered is only called answered by who asked, or by the moderator. */
static enum err need_asker(const struct check *c, const struct audit_comment *asked)
{
    const struct audit_member *by = audit_member_find(c->a, asked->by);
    if (!asked->must_answer || !by || asked->by == c->person || audit_is_moderator(c->a, c->person))
        return ERR_OK;
    return err_set(c->why, ERR_REFUSED_ROLE,
                   "this comment must be answered: answer it; then its writer (the %s) or the "
                   "moderator resolves it",
                   role_code(by->role));
}

/* `found` is NULL for a comment of this batch. */
static enum err check_resolve(const struct check *c, const struct audit_comment *found,
                              struct field f, uint64_t id)
{
    if (found && found->resolved)
        return say_stale(c, f, "resolved", c->a->seq, found->resolved_by);
    for (size_t k = 0; k < c->i; k++)
        if (c->b->ops[k].kind == OP_COMMENT_RESOLVE && c->b->ops[k].comment.comment == id)
            return err_set(c->why, ERR_INPUT, "a comment is resolved once");
    return found && !audit_check_is_replay(c) ? need_asker(c, found) : ERR_OK;
}

static enum err check_comment_on(const struct check *c, const struct audit_op *op)
{
    struct field f;
    const struct audit_comment *found;
    bool there = find_comment(c, op->comment.comment, &f, &found);
    if (!there || (!audit_check_is_replay(c) && audit_is_held(c->a, c->v, f)))
        return err_set(c->why, ERR_NOT_FOUND, "there is no comment %" PRIu64, op->comment.comment);
    enum err e = need_right(c, f, RIGHT_COMMENT);
    if (e)
        return e;
    if (op->kind == OP_COMMENT_RESOLVE)
        return check_resolve(c, found, f, op->comment.comment);
    e = check_words(c, op->comment.text);
    size_t n = found ? found->nreplies : 0;
    if (e || audit_check_is_replay(c) ||
        n + audit_check_count(c, OP_COMMENT_REPLY) < AUDIT_MAX_REPLIES)
        return e;
    return err_set(c->why, ERR_TOO_LARGE, "a comment has at most %d replies", AUDIT_MAX_REPLIES);
}

/* ---- what only the server writes ---- */

static bool is_day(const char *s)
{
    if (strlen(s) != 10)
        return false;
    for (size_t i = 0; i < 10; i++)
        if (i == 4 || i == 7 ? s[i] != '-' : s[i] < '0' || s[i] > '9')
            return false;
    return true;
}

enum err audit_check_words(const struct check *c, const char *what, const char *s, bool multi_line,
                           size_t max_cp, bool may_be_empty)
{
    struct err_info bad = {0};
    s = s ? s : "";
    if (!*s && !may_be_empty)
        return err_set(c->why, ERR_INPUT, "%s is missing", what);
    if (utf8_check_text(s, strlen(s), multi_line, &bad))
        return err_set(c->why, ERR_INPUT, "%s contains %s", what, bad.text);
    if ((size_t)utf8_count(s, strlen(s)) > max_cp)
        return err_set(c->why, ERR_TOO_LARGE, "%s is longer than %zu characters", what, max_cp);
    return ERR_OK;
}

static enum err need_line(const struct check *c, const char *what, const char *s, size_t max_cp,
                          bool may_be_empty)
{
    return audit_check_words(c, what, s, false, max_cp, may_be_empty);
}

bool audit_check_is_state(enum audit_state s)
{
    return s >= AUDIT_PLANNED && s <= AUDIT_WITHDRAWN;
}

/* Whom it is about: a carer, where the template does not ask for the child. */
static enum err check_about(const struct check *c, const struct op_create *op)
{
    enum { CARER_CP = 100 };
    bool of_child = template_use_find(c->a->t, "child") != NULL;
    bool nobody = (!op->carer_ref || !*op->carer_ref) && !op->nchild_refs;
    if (of_child && nobody)
        return err_set(c->why, ERR_INPUT, "the child's reference is missing");
    return need_line(c, "the carer's reference", op->carer_ref, CARER_CP, of_child);
}

static enum err check_create(const struct check *c, const struct op_create *op)
{
    const struct template *t = c->a->t;
    enum { REF_CP = 64, CHILD_CP = 60, CHILDREN = 64 };
    if (c->a->seq || c->i)
        return err_set(c->why, ERR_INPUT, "an audit is created first, and once");
    if (strcmp(op->template_id, t->id) != 0 || op->template_version != t->version)
        return err_set(c->why, ERR_INPUT, "template %s version %u was expected", t->id,
                       (unsigned)t->version);
    enum err e = need_line(c, "the reference", op->ref, REF_CP, false);
    if (!e)
        e = check_about(c, op);
    if (!e)
        e = need_line(c, "the team", op->team, AUDIT_MAX_TEAM, true);
    if (!e && strlen(op->team) > AUDIT_MAX_TEAM)
        e = err_set(c->why, ERR_TOO_LARGE, "the team is longer than %zu bytes",
                    (size_t)AUDIT_MAX_TEAM);
    if (!e && op->nchild_refs > CHILDREN)
        e = err_set(c->why, ERR_TOO_LARGE, "an audit names at most %d children", CHILDREN);
    for (size_t i = 0; !e && i < op->nchild_refs; i++)
        e = need_line(c, "a child's reference", op->child_refs[i], CHILD_CP, false);
    if (!e && (!is_day(op->period_from) || !is_day(op->period_to) ||
               strcmp(op->period_from, op->period_to) > 0))
        e = err_set(c->why, ERR_INPUT,
                    "the period goes from one day to the same or a later one, "
                    "as in 2026-04-01 .. 2027-03-31");
    if (!e && !audit_check_is_state(op->state))
        e = err_set(c->why, ERR_INPUT, "an audit has no state number %d", (int)op->state);
    return e ? e : audit_check_beginnings(c, op);
}

static bool is_section(const struct template *t, const char *code, size_t len)
{
    for (size_t i = 0; i < t->nsections; i++)
        if (strlen(t->sections[i].code) == len && !memcmp(t->sections[i].code, code, len))
            return true;
    return false;
}

static enum err check_sections(const struct check *c, const struct op_member *op)
{
    if (*op->sections && op->role != ROLE_CSW)
        return err_set(c->why, ERR_INPUT, "only a CSW is invited to named sections");
    for (const char *p = op->sections; *p;) {
        size_t n = strcspn(p, ",");
        bool more = p[n] == ',';
        if (!is_section(c->a->t, p, n) || (more && !p[n + 1]))
            return err_set(c->why, ERR_INPUT, "\"%.60s\" does not name sections, as in \"B,G\"",
                           op->sections);
        p += n + more;
    }
    return ERR_OK;
}

static enum err check_member_add(const struct check *c, const struct op_member *op)
{
    static const role_set never = ROLE_BIT(ROLE_ADMIN) | ROLE_BIT(ROLE_BOARD);
    if (!op->person)
        return err_set(c->why, ERR_INPUT, "a member is a person");
    if (op->role <= ROLE_NONE || op->role >= ROLE_COUNT || never & ROLE_BIT(op->role))
        return err_set(c->why, ERR_INPUT, "nobody is a member of an audit as %s",
                       role_code(op->role));
    enum err e = check_sections(c, op);
    if (e || audit_check_is_replay(c) || audit_member_find(c->a, op->person))
        return e;
    if (c->a->members.len + audit_check_count(c, OP_MEMBER_ADD) < AUDIT_MAX_MEMBERS)
        return ERR_OK;
    return err_set(c->why, ERR_TOO_LARGE, "an audit has at most %d members", AUDIT_MAX_MEMBERS);
}

static enum err check_member_remove(const struct check *c, const struct op_member *op)
{
    bool there = audit_member_find(c->a, op->person);
    for (size_t k = 0; k < c->i; k++) {
        const struct audit_op *other = &c->b->ops[k];
        if ((other->kind == OP_MEMBER_ADD || other->kind == OP_MEMBER_REMOVE) &&
            other->member.person == op->person)
            there = other->kind == OP_MEMBER_ADD;
    }
    return there ? ERR_OK
                 : err_set(c->why, ERR_NOT_FOUND, "person %" PRIu32 " is not a member", op->person);
}

/* Who writes what. OP_HELD is written by nobody. */
static const struct {
    enum op_kind kind;
    bool server, people;
} writers[] = {
    {OP_CREATE,          true,  false},
    {OP_MEMBER_ADD,      true,  false},
    {OP_MEMBER_REMOVE,   true,  false},
    {OP_MOVE,            true,  false},
    {OP_TEXT,            false, true },
    {OP_SET,             true,  true },
    {OP_ITEM_ADD,        false, true },
    {OP_ITEM_REMOVE,     false, true },
    {OP_COMMENT_ADD,     false, true },
    {OP_COMMENT_REPLY,   false, true },
    {OP_COMMENT_RESOLVE, false, true },
    {OP_HELD,            false, false},
    {OP_SIGN,            true,  false},
    {OP_ASSIGN,          true,  false},
    {OP_FLAG,            true,  false},
    {OP_FLAG_NOTE,       true,  false},
    {OP_GLASS,           true,  false},
    {OP_GLASS_END,       true,  false},
    {OP_LINK,            true,  false},
    {OP_PLAN,            true,  false},
};
_Static_assert(sizeof writers / sizeof *writers == OP_PLAN, "every kind has its row");

static enum err check_writer(const struct check *c, enum op_kind kind)
{
    if (kind < OP_CREATE || kind > OP_PLAN)
        return err_set(c->why, ERR_INPUT, "an operation of an unknown kind");
    if (kind == OP_HELD)
        return audit_check_is_replay(c)
                   ? ERR_OK
                   : err_set(c->why, ERR_INPUT, "a withheld operation cannot be written");
    if (c->b->agent ? writers[kind - 1].people : writers[kind - 1].server)
        return ERR_OK;
    return err_set(c->why, ERR_INPUT,
                   c->b->agent ? "only the server creates, moves, names members, and records "
                                 "signatures and the like: ask it with the command for that"
                               : "the server itself writes no texts, items or comments");
}

enum err audit_check_op(const struct check *c)
{
    const struct audit_op *op = &c->b->ops[c->i];
    enum err e = check_writer(c, op->kind);
    if (e)
        return e;
    switch (op->kind) {
    case OP_CREATE:
        return check_create(c, &op->create);
    case OP_MEMBER_ADD:
        return check_member_add(c, &op->member);
    case OP_MEMBER_REMOVE:
        return check_member_remove(c, &op->member);
    case OP_MOVE:
    case OP_SIGN:
    case OP_ASSIGN:
    case OP_FLAG:
    case OP_FLAG_NOTE:
    case OP_GLASS:
    case OP_GLASS_END:
    case OP_LINK:
    case OP_PLAN:
        return audit_check_life(c, op);
    case OP_TEXT:
        return check_text(c, &op->text);
    case OP_SET:
        return check_set(c, &op->set);
    case OP_ITEM_ADD:
        return check_item_add(c, &op->item);
    case OP_ITEM_REMOVE:
        return check_item_remove(c, &op->item);
    case OP_COMMENT_ADD:
        return check_comment_add(c, &op->comment);
    case OP_COMMENT_REPLY:
    case OP_COMMENT_RESOLVE:
        return check_comment_on(c, op);
    case OP_HELD:
        return ERR_OK;
    }
    return err_set(c->why, ERR_INPUT, "an operation of an unknown kind");
}

enum err audit_check(const struct audit *a, const struct viewer *v, const struct event_body *b,
                     struct err_info *why, struct audit_conflict *conflict)
{
    struct check c = {
        .a = a, .v = v, .b = b, .person = v->person, .why = why, .conflict = conflict};
    enum err e = audit_check_batch(&c);
    for (c.i = 0; !e && c.i < b->nops; c.i++)
        e = audit_check_op(&c);
    return e;
}
