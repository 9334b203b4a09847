/* The life of a record: what can be done next, moves, signatures. The rules are
 * server/rules/life.h. */

#include <stdio.h>
#include <string.h>

#include "server/api/act.h"
#include "server/api/duties.h"
#include "server/rules/challenge.h"

/* ---- next ---- */

struct steps_made {
    struct call *c;
    Tandem__Steps answer;
    size_t cap_missing;
    bool failed;
};

enum { STEPS_MAX = 16, MISSING_MAX = 256 };

/* As one part of one list of pointers; all of it lives as long as the call. */
static void *grow_list(struct steps_made *m, void ***list, size_t *n, size_t max, size_t size)
{
    if (!*list)
        *list = call_alloc(m->c, max * sizeof(void *));
    void *one = *list && *n < max ? call_alloc(m->c, size) : NULL;
    if (one)
        (*list)[(*n)++] = one;
    else if (!*list || *n < max)
        m->failed = true;
    return one;
}

static char *keep(struct steps_made *m, const char *s)
{
    char *copy = call_strdup(m->c, s);
    m->failed = m->failed || !copy;
    return copy ? copy : (char *)"";
}

static void add_step(void *user, const struct life_step *s)
{
    struct steps_made *m = user;
    Tandem__Step *to =
        grow_list(m, (void ***)(void *)&m->answer.steps, &m->answer.n_steps, STEPS_MAX, sizeof *to);
    if (!to)
        return;
    tandem__step__init(to);
    to->to = (uint32_t)s->row->to;
    to->title = (char *)s->row->title;
    to->command = keep(m, s->command);
    to->who = keep(m, s->who);
    to->you = s->mine;
    to->by_signing = s->row->how == LIFE_SIGNED;
    to->by_itself = s->row->how == LIFE_CALENDAR || s->row->how == LIFE_FOLLOWS;
    to->reason = (char *)s->row->reason_for;
    to->reason_needed = s->reason;
    if (s->row->guards & GUARD_BIT(GUARD_STAGE))
        to->stage = audit_info(live_state(m->c->la)).stage + 1;
}

static void add_missing(void *user, const struct life_missing *miss)
{
    struct steps_made *m = user;
    if (!m->answer.n_steps)
        return;
    Tandem__Step *s = m->answer.steps[m->answer.n_steps - 1];
    Tandem__Missing *to =
        grow_list(m, (void ***)(void *)&s->missing, &s->n_missing, MISSING_MAX, sizeof *to);
    if (!to)
        return;
    tandem__missing__init(to);
    to->sentence = keep(m, miss->sentence);
    to->question = miss->field.question;
    to->part = miss->field.part;
    to->item = miss->field.item;
}

static void answer_next(struct call *c)
{
    const struct person *me = call_person(c);
    const struct audit *a = live_state(c->la);
    struct steps_made m = {.c = c};
    struct call_room room;
    struct life_facts f = call_life_facts(c, &room);
    struct err_info why = {0};
    Tandem__Envelope env = TANDEM__ENVELOPE__INIT;
    tandem__steps__init(&m.answer);
    m.answer.state = (uint32_t)audit_info(a).state;
    m.answer.revision = audit_revision(a);
    m.answer.since_utc_ms = audit_state_since_utc_ms(a);
    enum err e = life_next(&f, &me->viewer, add_step, add_missing, &m, &why);
    if (!e && !duties_of_record(c, &me->viewer, &m.answer.duties, &m.answer.n_duties))
        e = ERR_NOMEM;
    env.body_case = TANDEM__ENVELOPE__BODY_STEPS;
    env.steps = &m.answer;
    if (e)
        call_refuse(c, e, &why);
    else if (m.failed)
        call_no_memory(c);
    else
        call_answer_read(c, &env);
}

static void next_noted(struct call *c, enum err e)
{
    if (call_goes_on(c, e))
        call_know_auditor(c, answer_next);
}

/* Whoever sits in the room is in the read log already, and their editor asks after every move. */
static bool sits_here(const struct call *c)
{
    const struct conn *cn = call_conn(c);
    for (size_t i = 0; i < cn->nseats; i++)
        if (cn->seats[i]->audit == c->la)
            return true;
    return false;
}

void handle_next(struct call *c)
{
    if (sits_here(c))
        next_noted(c, ERR_OK);
    else
        call_enter(c, "next", false, next_noted);
}

/* ---- after a move or a signature ---- */

struct onward {
    struct buf *out;
    bool said;
};

static void say_onward(void *user, const struct life_step *s)
{
    struct onward *o = user;
    if (!o->said)
        buf_appendf(o->out, " Next: %s (%s).", s->row->title, s->who);
    o->said = true;
}

static void say_nothing(void *user, const struct life_missing *m)
{
    (void)user;
    (void)m; /* what is missing is the answer to Next */
}

static void say_next(struct call *c, struct buf *out)
{
    struct call_room room;
    struct life_facts f = call_life_facts(c, &room);
    struct onward o = {.out = out};
    struct err_info why;
    if (audit_info(f.audit).state == AUDIT_CLOSED)
        return; /* re-opening may follow; nobody is asked for it */
    /* An assigner who may not read is told nothing more. */
    if (life_next(&f, &call_person(c)->viewer, say_onward, say_nothing, &o, &why))
        return;
}

static void say_waiting_for(const struct call *c, role_set roles, struct buf *out)
{
    const struct audit *a = live_state(c->la);
    const char *between = " It waits for the signature of ";
    for (size_t i = 0; i < audit_member_count(a); i++) {
        const struct audit_member *m = audit_member_at(a, i);
        const struct person *p = people_find(c->core->people, m->person);
        if (!(roles & ROLE_BIT(m->role)) || !p)
            continue;
        buf_appendf(out, "%s%s (%s)", between, p->name, role_code(m->role));
        between = " and ";
    }
    if (between[1] != 'I')
        buf_append_str(out, ".");
}

/* Where it stood before it was asked to move. */
struct stood {
    enum audit_state state;
    uint32_t stage;
};

static void say_where(const struct audit_info *now, const struct stood *before, struct buf *out)
{
    if (now->stage != before->stage && now->stage)
        buf_appendf(out, "%s is at stage %u now: %s.", now->ref, (unsigned)now->stage - 1,
                    challenge_stage(now->stage - 1)->title);
    else if (now->state != before->state)
        buf_appendf(out, "%s is %s now.", now->ref, audit_state_code(now->state));
}

/* What it means for a person, as it stands now; sent when it is durable. */
static void answer_moved(struct call *c, bool signed_now, const struct stood *before)
{
    const struct audit *a = live_state(c->la);
    struct audit_info info = audit_info(a);
    struct buf text = BUF_INIT;
    Tandem__Moved moved = TANDEM__MOVED__INIT;
    Tandem__Envelope env = TANDEM__ENVELOPE__INIT;
    if (signed_now)
        buf_append_str(&text, info.state == before->state ? "Signed." : "Signed. ");
    say_where(&info, before, &text);
    if (!text.len) { /* another moderator was named */
        const struct person *p = people_find(c->core->people, info.moderator);
        buf_appendf(&text, "%s moderates %s now.", p ? p->name : "Nobody", info.ref);
    }
    if (signed_now && info.state == before->state)
        say_waiting_for(c, life_unsigned(a), &text);
    else
        say_next(c, &text);
    moved.state = (uint32_t)info.state;
    moved.revision = audit_revision(a);
    moved.seq = c->seq;
    moved.text = (char *)buf_cstr(&text);
    env.body_case = TANDEM__ENVELOPE__BODY_MOVED;
    env.moved = &moved;
    if (buf_failed(&text))
        call_no_memory(c);
    else
        call_answer_after(c, &env, c->seq);
    buf_free(&text);
}

/* ---- moves ---- */

static void act_and_answer(struct call *c, struct life_ops *ops, bool signed_now)
{
    struct audit_info info = audit_info(live_state(c->la));
    struct stood before = {info.state, info.stage};
    if (call_act(c, ops->ops, ops->nops))
        answer_moved(c, signed_now, &before);
}

/* Who reads it, and who leads the IROs: they name moderators without reading. */
static bool may_ask_to_move(const struct call *c, const struct person *me)
{
    const struct audit *a = live_state(c->la);
    return route_may_see(c, a) || life_parts(a, &me->viewer) & ROLE_BIT(ROLE_IROM);
}

/* Those with the stage's roles for the team take part from then on, or the one named. */
static enum err add_holder(const struct call *c, const struct person *p, role_set roles,
                           struct life_ops *out)
{
    const struct audit *a = live_state(c->la);
    if (p->revoked || audit_member_find(a, p->viewer.person))
        return ERR_OK;
    for (size_t i = 0; i < p->viewer.nroles; i++) {
        const struct viewer_role *r = &p->viewer.roles[i];
        struct audit_op op = {
            .kind = OP_MEMBER_ADD,
            .member = {.person = p->viewer.person, .role = r->role, .sections = ""}
        };
        if (roles & ROLE_BIT(r->role) && (!r->team[0] || !strcmp(r->team, audit_info(a).team)))
            return act_add(out, &op);
    }
    return ERR_OK;
}

/* `stage` as in op_move: 1 + its number. */
static enum err add_holders(const struct call *c, uint32_t stage, const struct person *named,
                            struct life_ops *out, struct err_info *why)
{
    const struct challenge_stage *s = challenge_stage(stage - 1);
    role_set roles = s->roles | s->members;
    size_t before = out->nops;
    enum err e = ERR_OK;
    if (named) {
        e = add_holder(c, named, roles, out);
        if (!e && out->nops == before &&
            !audit_member_find(live_state(c->la), named->viewer.person))
            e = err_set(why, ERR_INPUT, "%s holds no part that answers at this stage (%s).",
                        named->name, s->title);
        return e;
    }
    for (size_t i = 0; !e && i < people_count(c->core->people); i++)
        e = add_holder(c, people_at(c->core->people, i), s->roles, out);
    return e;
}

/* A moderator is named without a move: the request names the state that the audit is in. */
static bool is_assignment(const struct call *c, const struct life_request *q)
{
    const struct audit *a = live_state(c->la);
    return q->moderator && q->to == audit_info(a).state &&
           life_path_of(audit_template(a)) == LIFE_AUDIT;
}

static void move(struct call *c, const struct life_request *q, const struct person *named)
{
    struct call_room room;
    struct life_facts f = call_life_facts(c, &room);
    struct life_ops ops = {0};
    struct err_info why = {0};
    const struct life_move *row = NULL;
    bool assigns = is_assignment(c, q);
    enum err e =
        assigns ? life_check_assign(&f, q, &why) : life_check(&f, q, &row, NULL, NULL, &why);
    if (!e)
        e = assigns ? life_make_assign(&f, q, &ops) : life_make(&f, q, &ops);
    for (size_t i = 0; !e && !assigns && i < ops.nops; i++)
        if (ops.ops[i].kind == OP_MOVE && ops.ops[i].move.stage) {
            e = add_holders(c, ops.ops[i].move.stage, named, &ops, &why);
            break;
        }
    if (e)
        call_refuse(c, e, &why);
    else if (assigns && !ops.nops)
        call_fail(c, ERR_INPUT, "person", "%s moderates this audit already.", named->name);
    else
        act_and_answer(c, &ops, false);
    life_ops_free(&ops);
}

static void ask_to_move(struct call *c)
{
    const Tandem__MoveAudit *r = c->env->move_audit;
    const struct person *me = call_person(c), *named = NULL;
    struct err_info why = {0};
    struct life_request q = {.who = &me->viewer,
                             .to = (enum audit_state)r->to,
                             .reason = r->reason,
                             .difference = "",
                             .stage = r->stage};
    /* Whether one may know of the audit comes before what is wrong with the question. */
    if (!may_ask_to_move(c, me)) {
        call_not_found(c);
        return;
    }
    if (*r->person && !(named = call_find_person(c, r->person, &why))) {
        call_fail_info(c, &why);
        return;
    }
    if (r->to < AUDIT_PLANNED || r->to > AUDIT_WITHDRAWN) {
        call_fail(c, ERR_INPUT, "to", "There is no state number %u.", r->to);
        return;
    }
    if (*r->result) {
        call_fail(c, ERR_INPUT, "result",
                  "The result comes from the record itself: write it there, then move.");
        return;
    }
    q.moderator = named ? named->viewer.person : 0;
    move(c, &q, named);
}

void handle_move_audit(struct call *c)
{
    call_know_auditor(c, ask_to_move);
}

/* ---- signatures ---- */

static void refuse_signature(struct call *c, enum err e, const struct err_info *why)
{
    Tandem__Error err = TANDEM__ERROR__INIT;
    Tandem__Envelope env = TANDEM__ENVELOPE__INIT;
    if (e != ERR_STALE) {
        call_refuse(c, e, why);
        return;
    }
    err.code = ERR_STALE;
    err.text = (char *)why->text;
    err.field = (char *)"revision";
    err.their_rev = audit_revision(live_state(c->la));
    env.body_case = TANDEM__ENVELOPE__BODY_ERROR;
    env.error = &err;
    c->core->refused_total++;
    call_answer_read(c, &env); /* it tells of a change that may be on its way */
}

void handle_sign(struct call *c)
{
    const Tandem__Sign *r = c->env->sign;
    struct call_room room;
    struct life_facts f = call_life_facts(c, &room);
    struct life_ops ops = {0};
    struct err_info why = {0};
    const struct life_request q = {.who = &call_person(c)->viewer,
                                   .to = AUDIT_AGREED,
                                   .reason = r->reason,
                                   .sign = true,
                                   .revision = r->revision,
                                   .difference = r->difference,
                                   .absent = r->absent};
    enum err e = life_check(&f, &q, NULL, NULL, NULL, &why);
    if (!e)
        e = life_make(&f, &q, &ops);
    if (e)
        refuse_signature(c, e, &why);
    else
        act_and_answer(c, &ops, true);
    life_ops_free(&ops);
}
