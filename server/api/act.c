/* What the server writes into an audit in somebody's name: one event, answered when it is durable.
 * And what the rules look at before. */

#include <stdlib.h>
#include <string.h>

#include "common/log.h"
#include "server/api/act.h"
#include "server/api/keeper.h"

/* ---- what the rules look at ---- */

struct facts core_facts(const struct core *c, const struct audit *a)
{
    return (struct facts){.audit = a,
                          .people = c->people,
                          .clock = &c->settings.clock,
                          .holidays = &c->settings.holidays,
                          .now_utc_ms = c->utc_ms};
}

struct life_facts core_life_facts(const struct core *c, const struct audit *a)
{
    return (struct life_facts){.audit = a,
                               .people = c->people,
                               .clock = &c->settings.clock,
                               .holidays = &c->settings.holidays,
                               .now_utc_ms = c->utc_ms};
}

/* Each person once, without those who only look. */
static size_t fill_present(const struct live_audit *la, uint32_t out[EVENT_MAX_PRESENT])
{
    size_t n = 0;
    for (size_t i = 0; i < live_seat_count(la) && n < EVENT_MAX_PRESENT; i++) {
        const struct live_seat *s = live_seat_at(la, i);
        bool known = !s->agent || s->waiting || s->dead;
        for (size_t k = 0; k < n; k++)
            known = known || out[k] == s->viewer.person;
        if (!known)
            out[n++] = s->viewer.person;
    }
    return n;
}

/* The first answer that the event changed, for a sentence about it. */
static bool find_change(const struct live_audit *la, struct life_change *out)
{
    uint64_t seq = audit_revision(live_state(la));
    const struct live_event *e = live_event_find(la, seq);
    struct event_body *b = NULL;
    if (!e || event_body_decode(e->body, e->body_len, &b, NULL))
        return false;
    const struct template *t = audit_template(live_state(la));
    *out = (struct life_change){.seq = seq, .by = e->actor, .utc_ms = e->utc_ms};
    for (size_t i = 0; i < b->nops && !out->field.question; i++) {
        struct field f = audit_op_field(&b->ops[i]);
        if (f.question && audit_is_content(t, f.question, (enum part)f.part))
            out->field = f;
    }
    event_body_free(b);
    return out->field.question;
}

struct life_facts call_life_facts(struct call *c, struct call_room *room)
{
    struct life_facts f = core_life_facts(c->core, live_state(c->la));
    room->npresent = fill_present(c->la, room->present);
    f.present = room->present;
    f.npresent = room->npresent;
    f.change = find_change(c->la, &room->change) ? &room->change : NULL;
    f.new_auditor = c->new_auditor;
    return f;
}

/* ---- a new auditor ---- */

static uint32_t auditor_of(const struct audit *a)
{
    for (size_t i = 0; i < audit_member_count(a); i++)
        if (audit_member_at(a, i)->role == ROLE_FRO)
            return audit_member_at(a, i)->person;
    return 0;
}

static bool led(const struct store_audit_row *row, uint32_t person)
{
    for (size_t i = 0; i < row->nmembers; i++)
        if (row->members[i].person == person && row->members[i].role == ROLE_FRO)
            return true;
    return false;
}

static void auditor_known(struct call *c, enum err e)
{
    struct store_list_audits l = c->store.list;
    if (call_goes_on(c, e)) {
        const struct audit *a = live_state(c->la);
        uint32_t auditor = auditor_of(a);
        c->new_auditor = true;
        for (size_t i = 0; i < l.nrows; i++)
            if (strcmp(l.rows[i].summary.ref, audit_info(a).ref) != 0 && led(&l.rows[i], auditor))
                c->new_auditor = false;
        c->known(c);
    }
    if (!e)
        free(l.rows);
}

void call_know_auditor(struct call *c, void (*next)(struct call *c))
{
    const struct audit *a = live_state(c->la);
    uint32_t auditor = auditor_of(a);
    if (c->core->settings.clock.sample_percent == 100 || !auditor ||
        audit_info(a).state != AUDIT_MODERATING) {
        next(c);
        return;
    }
    c->known = next;
    memset(&c->store, 0, sizeof c->store);
    c->store.list.person = auditor;
    c->store.list.states = STATE_BIT(AUDIT_MODERATED) | STATE_BIT(AUDIT_ACTION_PLANNING) |
                           STATE_BIT(AUDIT_ASSURANCE) | STATE_BIT(AUDIT_FOLLOW_UP) |
                           STATE_BIT(AUDIT_CLOSED);
    call_store(c, STORE_LIST_AUDITS, auditor_known);
}

/* ---- who ---- */

const struct person *call_find_person(const struct call *c, const char *name, struct err_info *why)
{
    const struct person *p = people_find_name(c->core->people, name);
    if (p && !p->revoked)
        return p;
    (void)err_set(why, ERR_INPUT,
                  "Nobody here is called \"%.80s\"; `tandem people` lists everybody's name.", name);
    return NULL;
}

/* ---- one event ---- */

bool call_has_words(const char *s)
{
    return s[strspn(s, " ")]; /* one line: wire_check_strings */
}

enum err act_add(struct life_ops *out, const struct audit_op *op)
{
    if (out->nops == out->cap) {
        size_t cap = out->cap ? 2 * out->cap : 8;
        struct audit_op *ops = realloc(out->ops, cap * sizeof *ops);
        if (!ops)
            return ERR_NOMEM;
        out->ops = ops;
        out->cap = cap;
    }
    out->ops[out->nops++] = *op;
    return ERR_OK;
}

void call_refuse(struct call *c, enum err e, const struct err_info *why)
{
    if (e == ERR_NOT_FOUND)
        call_not_found(c);
    else
        call_fail(c, e, "", "%s", why->code && why->text[0] ? why->text : err_text(e));
}

static void log_moves(const struct call *c, enum audit_state from, const struct audit_op *ops,
                      size_t nops)
{
    for (size_t i = 0; i < nops; i++)
        if (ops[i].kind == OP_MOVE) {
            log_info("core", "moved", "audit=%llu from=%s to=%s by=%u",
                     (unsigned long long)live_number(c->la), audit_state_code(from),
                     audit_state_code(ops[i].move.to), call_conn(c)->person);
            from = ops[i].move.to;
        }
}

bool call_act(struct call *c, struct audit_op *ops, size_t nops)
{
    const struct event_body b = {.ops = ops, .nops = nops};
    const struct person *me = call_person(c);
    struct err_info why = {0};
    enum audit_state from = audit_info(live_state(c->la)).state;
    enum err e = live_act(c->la, &me->viewer, &b, &why, &c->seq);
    if (e) {
        call_refuse(c, e, &why);
        return false;
    }
    if (!live_state(c->la)) { /* memory ran out on the way: it is read again, without this */
        call_fail(c, ERR_NOMEM, "", "%s", err_text(ERR_NOMEM));
        return false;
    }
    log_moves(c, from, ops, nops);
    const struct audit_info now = audit_info(live_state(c->la));
    if (now.state == AUDIT_CLOSED && from != AUDIT_CLOSED)
        keeper_closed(c->core, now.ref);
    c->wrote = true;
    return true;
}

/* ---- answers that wait ---- */

bool call_goes_on(struct call *c, enum err e)
{
    struct err_info why;
    if (!call_conn(c) || !call_person(c))
        call_free(c);
    else if (e || !live_is_settled(c->la, 0))
        call_fail(c, ERR_STORE, "", "The audit cannot be read now. Try again in a moment.");
    else if (route_recheck(c, &why))
        call_fail_info(c, &why);
    else
        return true;
    return false;
}

/* Who has just given up their own part is answered all the same. */
static void is_durable(struct call *c, enum err e)
{
    if (!call_conn(c)) {
        call_free(c);
    } else if (c->wrote && e) {
        call_fail(c, ERR_STORE, "",
                  "It could not be kept, and nothing has changed. Try again in a moment.");
    } else if (c->wrote || call_goes_on(c, e)) {
        if (c->then)
            c->then(c);
        conn_answer_packed(call_conn(c), c->id, &c->data);
        call_free(c);
    }
}

void call_answer_after(struct call *c, Tandem__Envelope *e, uint64_t seq)
{
    e->id = c->id;
    buf_clear(&c->data);
    wire_pack(&c->data, e);
    if (buf_failed(&c->data))
        call_no_memory(c);
    else
        call_wait(c, seq, is_durable);
}

void call_answer_read(struct call *c, Tandem__Envelope *e)
{
    call_answer_after(c, e, audit_seq(live_state(c->la)));
}

void call_done_after(struct call *c)
{
    Tandem__Done done = TANDEM__DONE__INIT;
    Tandem__Envelope e = TANDEM__ENVELOPE__INIT;
    e.body_case = TANDEM__ENVELOPE__BODY_DONE;
    e.done = &done;
    call_answer_after(c, &e, c->seq);
}
