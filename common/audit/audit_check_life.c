/* What the server writes in people's names: everything named must exist and be well-formed. Whether
 * the people may is asked by the server's rules. */

#include <inttypes.h>

#include "common/audit/audit_check.h"

enum { REF_CP = 64, LINE_CP = 300, MAX_STAGE = 16 };

static enum err need_code(const struct check *c, const char *what, const char *const *table,
                          const char *code)
{
    if (!code || !*code || audit_check_is_replay(c) || audit_is_code(table, code))
        return ERR_OK;
    return err_set(c->why, ERR_INPUT, "%s \"%.60s\" is not known", what, code);
}

static enum err need_reason(const struct check *c, const char *what, const char *s,
                            bool may_be_empty)
{
    return audit_check_words(c, what, s, true, EVENT_MAX_REASON_CP, may_be_empty);
}

/* So that a log cannot grow without end. */
static enum err need_room(const struct check *c, const char *what, size_t have, enum op_kind kind)
{
    if (audit_check_is_replay(c) || have + audit_check_count(c, kind) < AUDIT_MAX_MOVES)
        return ERR_OK;
    return err_set(c->why, ERR_TOO_LARGE, "an audit has at most %d %s", AUDIT_MAX_MOVES, what);
}

/* ---- the planned day ---- */

static unsigned digits(const char *s, size_t n)
{
    unsigned v = 0;
    for (size_t i = 0; i < n; i++)
        v = v * 10 + (unsigned)(s[i] - '0');
    return v;
}

static bool is_day(const char *s)
{
    static const unsigned days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    if (strlen(s) != 10)
        return false;
    for (size_t i = 0; i < 10; i++)
        if (i == 4 || i == 7 ? s[i] != '-' : s[i] < '0' || s[i] > '9')
            return false;
    unsigned y = digits(s, 4), m = digits(s + 5, 2), d = digits(s + 8, 2);
    bool leap = (y % 4 == 0 && y % 100 != 0) || y % 400 == 0;
    return m >= 1 && m <= 12 && d >= 1 && d <= days[m - 1] + (m == 2 && leap);
}

static enum err need_planned(const struct check *c, const char *day, bool may_be_empty)
{
    if (may_be_empty && (!day || !*day))
        return ERR_OK;
    if (day && is_day(day))
        return ERR_OK;
    return err_set(c->why, ERR_INPUT, "an audit is planned for a day, as in 2027-03-25");
}

enum err audit_check_beginnings(const struct check *c, const struct op_create *op)
{
    enum err e = need_planned(c, op->planned, true);
    if (!e)
        e = need_code(c, "the way in", audit_ways_in, op->way_in);
    return e ? e : audit_check_words(c, "the source", op->source, false, REF_CP, true);
}

static enum err check_plan(const struct check *c, const struct op_plan *op)
{
    enum err e = need_planned(c, op->planned, false);
    if (!e && audit_check_count(c, OP_PLAN))
        e = err_set(c->why, ERR_INPUT, "a batch plans an audit once");
    return e ? e : need_reason(c, "the reason", op->reason, true);
}

/* ---- moves and signatures ---- */

/* Of what stands now, or of what this batch has just made of it. */
static enum err need_revision(const struct check *c, uint64_t revision)
{
    if (revision <= c->a->seq + 1)
        return ERR_OK;
    return err_set(c->why, ERR_INPUT, "revision %" PRIu64 " is still to come", revision);
}

struct place {
    enum audit_state state;
    uint32_t stage;
};

/* Where the moves before this operation lead: one may follow from another at once. */
static struct place place_now(const struct check *c)
{
    struct place p = {c->a->state, c->a->stage};
    for (size_t k = 0; k < c->i; k++) {
        const struct audit_op *op = &c->b->ops[k];
        if (op->kind == OP_CREATE)
            p.state = op->create.state;
        if (op->kind != OP_MOVE)
            continue;
        p.state = op->move.to;
        p.stage = op->move.stage ? op->move.stage : p.stage;
    }
    return p;
}

static enum err check_move(const struct check *c, const struct op_move *op)
{
    struct place now = place_now(c);
    if (!audit_check_is_state(op->to))
        return err_set(c->why, ERR_INPUT, "an audit has no state number %d", (int)op->to);
    if (op->stage > MAX_STAGE)
        return err_set(c->why, ERR_INPUT, "there is no stage %" PRIu32, op->stage - 1);
    if (op->to == now.state && (!op->stage || op->stage == now.stage))
        return err_set(c->why, ERR_REFUSED_STATE, "the audit is %s already",
                       audit_state_code(op->to));
    if (op->npresent > EVENT_MAX_PRESENT)
        return err_set(c->why, ERR_TOO_LARGE, "at most %d people are present", EVENT_MAX_PRESENT);
    for (size_t i = 0; i < op->npresent; i++)
        if (!op->present[i])
            return err_set(c->why, ERR_INPUT, "who is present is a person");
    enum err e = need_reason(c, "the reason", op->reason, true);
    if (!e)
        e = need_code(c, "the result", audit_move_results, op->result);
    if (!e)
        e = need_revision(c, op->revision);
    return e ? e : need_room(c, "moves", c->a->moves.len, OP_MOVE);
}

static enum err need_role(const struct check *c, enum role role)
{
    if (role > ROLE_NONE && role < ROLE_COUNT)
        return ERR_OK;
    return err_set(c->why, ERR_INPUT, "nobody signs as role number %d", (int)role);
}

/* A signature is on what stands, or on what this batch has just made of it. */
static enum err need_present_revision(const struct check *c, uint64_t revision)
{
    uint64_t now = c->a->revision;
    for (size_t k = 0; k < c->i; k++)
        if (audit_op_is_content(c->a, &c->b->ops[k]))
            now = c->a->seq + 1;
    if (audit_check_is_replay(c) || revision == now)
        return ERR_OK;
    if (c->conflict)
        *c->conflict = (struct audit_conflict){.value = "", .rev = now};
    return err_set(c->why, ERR_STALE,
                   "somebody changed the content: it is revision %" PRIu64 " now, not %" PRIu64
                   "; read it again, then sign",
                   now, revision);
}

static enum err check_sign(const struct check *c, const struct op_sign *op)
{
    enum err e = need_role(c, op->role);
    if (!e)
        e = need_revision(c, op->revision);
    if (!e)
        e = need_present_revision(c, op->revision);
    if (!e)
        e = need_reason(c, "the difference of view", op->difference, true);
    if (!e)
        e = need_reason(c, "the reason why the practitioner is absent", op->reason, !op->absent);
    for (size_t k = 0; !e && k < c->i; k++)
        if (c->b->ops[k].kind == OP_SIGN && c->b->ops[k].sign.role == op->role)
            e = err_set(c->why, ERR_INPUT, "a batch has one signature for each part");
    return e ? e : need_room(c, "signatures", c->a->signatures.len, OP_SIGN);
}

/* ---- the moderator ---- */

static bool is_member(const struct check *c, uint32_t person)
{
    bool there = audit_member_find(c->a, person);
    for (size_t k = 0; k < c->i; k++) {
        const struct audit_op *op = &c->b->ops[k];
        if ((op->kind == OP_MEMBER_ADD || op->kind == OP_MEMBER_REMOVE) &&
            op->member.person == person)
            there = op->kind == OP_MEMBER_ADD;
    }
    return there;
}

static enum err check_assign(const struct check *c, const struct op_assign *op)
{
    if (!is_member(c, op->person))
        return err_set(c->why, ERR_NOT_FOUND, "who moderates is a member: name them as IRO first");
    enum err e = need_reason(c, "the reason", op->reason, true);
    return e ? e : need_room(c, "assignments", c->a->assigned.len, OP_ASSIGN);
}

/* ---- flags ---- */

static enum err need_not_held(const struct check *c, bool held)
{
    if (!held || audit_check_is_replay(c))
        return ERR_OK;
    return err_set(c->why, ERR_INPUT, "withheld words cannot be written");
}

static enum err check_flag(const struct check *c, const struct op_flag *op)
{
    enum err e = need_not_held(c, op->held);
    if (!e && audit_check_count(c, OP_FLAG))
        e = err_set(c->why, ERR_INPUT, "a batch raises one flag");
    if (!e)
        e = need_reason(c, "the concern", op->text, op->held);
    if (!e)
        e = audit_check_words(c, "who was told", op->told, false, LINE_CP, false);
    if (!e && op->told_utc_ms <= 0)
        e = err_set(c->why, ERR_INPUT, "when they were told is missing");
    return e ? e : need_room(c, "flags", c->a->flags.len, OP_FLAG);
}

static enum err check_flag_note(const struct check *c, const struct op_flag_note *op)
{
    const struct audit_flag *f = audit_flag_find(c->a, op->flag);
    bool here = f || (op->flag == c->a->seq + 1 && audit_check_count(c, OP_FLAG));
    if (!here)
        return err_set(c->why, ERR_NOT_FOUND, "there is no flag %" PRIu64, op->flag);
    enum err e = need_not_held(c, op->held);
    if (!e)
        e = need_reason(c, "the note", op->text, op->held);
    size_t have = (f ? f->nnotes : 0) + audit_check_count(c, OP_FLAG_NOTE);
    if (e || audit_check_is_replay(c) || have < AUDIT_MAX_REPLIES)
        return e;
    return err_set(c->why, ERR_TOO_LARGE, "a flag has at most %d notes", AUDIT_MAX_REPLIES);
}

/* ---- break-glass ---- */

static bool is_open(const struct check *c, uint32_t person)
{
    bool open = audit_glass_of(c->a, person);
    for (size_t k = 0; k < c->i; k++) {
        const struct audit_op *op = &c->b->ops[k];
        if ((op->kind == OP_GLASS || op->kind == OP_GLASS_END) && op->glass.person == person)
            open = op->kind == OP_GLASS;
    }
    return open;
}

static enum err check_glass(const struct check *c, const struct op_glass *op)
{
    if (!op->person)
        return err_set(c->why, ERR_INPUT, "who opens a record is a person");
    if (is_open(c, op->person))
        return err_set(c->why, ERR_INPUT, "they have opened this record already");
    if (op->until_utc_ms <= c->a->utc_ms)
        return err_set(c->why, ERR_INPUT, "the record is opened until a time that is to come");
    enum err e = need_reason(c, "the reason", op->reason, false);
    return e ? e : need_room(c, "break-glass entries", c->a->glasses.len, OP_GLASS);
}

static enum err check_glass_end(const struct check *c, const struct op_glass *op)
{
    if (is_open(c, op->person))
        return ERR_OK;
    return err_set(c->why, ERR_NOT_FOUND, "person %" PRIu32 " has not opened this record",
                   op->person);
}

/* ---- links ---- */

static bool is_linked(const struct check *c, const struct op_link *op)
{
    for (size_t i = 0; i < c->a->links.len; i++)
        if (!strcmp(c->a->links.at[i].kind, op->kind) && !strcmp(c->a->links.at[i].ref, op->ref))
            return true;
    return false;
}

static enum err check_link(const struct check *c, const struct op_link *op)
{
    enum err e = audit_check_words(c, "the reference", op->ref, false, REF_CP, false);
    if (!e && (!op->kind || !*op->kind))
        e = err_set(c->why, ERR_INPUT, "the kind of link is missing");
    if (!e)
        e = need_code(c, "the kind of link", audit_link_kinds, op->kind);
    if (!e && !audit_check_is_replay(c) && is_linked(c, op))
        e = err_set(c->why, ERR_INPUT, "%s is linked already", op->ref);
    return e ? e : need_room(c, "links", c->a->links.len, OP_LINK);
}

enum err audit_check_life(const struct check *c, const struct audit_op *op)
{
    switch ((int)op->kind) {
    case OP_MOVE:
        return check_move(c, &op->move);
    case OP_SIGN:
        return check_sign(c, &op->sign);
    case OP_ASSIGN:
        return check_assign(c, &op->assign);
    case OP_FLAG:
        return check_flag(c, &op->flag);
    case OP_FLAG_NOTE:
        return check_flag_note(c, &op->flag_note);
    case OP_GLASS:
        return check_glass(c, &op->glass);
    case OP_GLASS_END:
        return check_glass_end(c, &op->glass);
    case OP_LINK:
        return check_link(c, &op->link);
    case OP_PLAN:
        return check_plan(c, &op->plan);
    }
    return err_set(c->why, ERR_INPUT, "an operation of an unknown kind");
}
