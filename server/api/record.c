#include "server/api/record.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/log.h"
#include "server/api/act.h"
#include "server/rules/meeting.h"
#include "server/rules/period.h"
#include "server/store/summary.h"

/* ---- what kinds begin with ---- */

struct kind_row {
    enum life_path path;
    role_set leads;     /* which of their roles somebody who makes one takes part with */
    const char *way_in; /* usual */
};
#define R(role) ROLE_BIT(ROLE_##role)
static const struct kind_row kinds[LIFE_PATHS] = {
    [LIFE_AUDIT] = {LIFE_AUDIT,       R(FRO),                                    "annual_review"},
    [LIFE_SHORT] = {LIFE_SHORT,       R(IRO),                                    "dip"          },
    [LIFE_OBSERVATION] = {LIFE_OBSERVATION, R(FTM) | R(SM) | R(HOS) | R(DIR) | R(FRO),
                    "observation"                                                               },
    [LIFE_FEEDBACK] = {LIFE_FEEDBACK,    R(IRO) | R(FRO) | R(FSW) | R(CSW),         ""             },
    [LIFE_MEETING] = {LIFE_MEETING,     R(SM) | R(FTM) | R(CSW) | R(IRO),          ""             },
    [LIFE_CHALLENGE] = {LIFE_CHALLENGE,   R(IRO) | R(IROM),                          ""             },
};

static bool writes(const struct template *t, enum role role)
{
    for (size_t i = 0; i < t->nsections; i++)
        if (t->sections[i].write & ROLE_BIT(role))
            return true;
    return false;
}

static const char *way_in_of(const struct record_new *n)
{
    enum life_path path = life_path_of(n->held->t);
    if (*n->way_in)
        return n->way_in;
    return !strcmp(n->held->t->type, "thematic") ? "thematic" : kinds[path].way_in;
}

/* As which part the one who makes it takes part; ROLE_NONE: not at all. */
static enum role leading_role(const struct record_new *n)
{
    enum life_path path = life_path_of(n->held->t);
    const struct viewer *v = &n->creator->viewer;
    bool monthly = path == LIFE_AUDIT && !strcmp(n->way_in, "monthly_manager");
    for (size_t i = 0; i < v->nroles; i++) {
        enum role r = v->roles[i].role;
        if (v->roles[i].team[0] && strcmp(v->roles[i].team, n->team) != 0)
            continue;
        if (monthly && r == ROLE_FTM)
            return ROLE_FRO; /* in that month the manager leads */
        if (kinds[path].leads & ROLE_BIT(r) && writes(n->held->t, r))
            return r;
    }
    return ROLE_NONE;
}

/* ---- days ---- */

struct days {
    char from[11], to[11], planned[11];
    bool late; /* a meeting that comes too late, with a reason */
};

static const char *value_of_use(const struct record_new *n, const char *use)
{
    const struct question *q = template_use_find(n->held->t, use);
    for (size_t i = 0; q && i < n->nvalues; i++) {
        size_t len = strlen(q->code);
        const char *where = n->values[i].where;
        if (!strncmp(where, q->code, len) && (!where[len] || where[len] == '.'))
            return n->values[i].value;
    }
    return "";
}

static enum err plan_meeting(const struct core *c, const struct record_new *n, struct civil today,
                             struct civil *planned, struct days *d, struct err_info *why)
{
    struct civil hearing, day;
    if (!facts_day(value_of_use(n, "hearing"), &hearing))
        return ERR_OK;
    struct due due = meeting_due(&c->settings.clock, &c->settings.holidays, hearing);
    if (!*n->planned)
        *planned = civil_compare(due.planned, today) < 0 ? today : due.planned;
    day = facts_day(value_of_use(n, "meeting_date"), &day) ? day : *planned;
    return meeting_check_day(&c->settings.clock, &c->settings.holidays, hearing, day, n->reason,
                             &d->late, why);
}

static enum err fill_days(const struct core *c, const struct record_new *n, struct days *d,
                          struct err_info *why)
{
    const struct template *t = n->held->t;
    const struct named_day {
        const char *day, *what;
    } given[] = {
        {n->period_from, "the period begins"},
        {n->period_to,   "the period ends"  },
        {n->planned,     "it is planned for"}
    };
    for (size_t i = 0; i < sizeof given / sizeof *given; i++)
        if (*given[i].day && !period_is_day(given[i].day))
            return err_set(why, ERR_INPUT,
                           "\"%.20s\" is no day on which %s; write one as in 2026-04-30.",
                           given[i].day, given[i].what);
    struct civil today = civil_today(c->utc_ms), planned = today;
    (void)facts_day(n->planned, &planned); /* today when none is given */
    enum err e =
        life_path_of(t) == LIFE_MEETING ? plan_meeting(c, n, today, &planned, d, why) : ERR_OK;
    unsigned months = t->default_period_months;
    period_format(planned, d->planned);
    period_format(planned, d->to);
    period_format(period_months_before(planned, months ? months : 12), d->from);
    if (!e && *n->period_from && strcmp(n->period_from, *n->period_to ? n->period_to : d->to) > 0)
        e = err_set(why, ERR_INPUT, "The period ends before it begins: %s to %s.", n->period_from,
                    *n->period_to ? n->period_to : d->to);
    return e;
}

/* ---- the events ---- */

struct making {
    const struct core *core;
    const struct record_new *n;
    struct audit *audit; /* as it stands after the events made */
    struct life_ops ops;
    struct record_events *out;
    struct err_info *why;
};

void record_events_free(struct record_events *e)
{
    for (size_t i = 0; i < e->n; i++)
        buf_free(&e->bodies[i]);
    free(e->members);
    free(e->duties.duties);
    *e = (struct record_events){0};
}

/* The operations gathered become the next event. */
static enum err add_event(struct making *m, uint32_t actor)
{
    static const struct viewer calendar = {0};
    const struct viewer *v = actor ? &m->n->creator->viewer : &calendar;
    struct record_events *out = m->out;
    const struct event ev = {
        .seq = out->n + 1,
        .utc_ms = m->core->utc_ms,
        .actor = actor,
        .body = {.ops = m->ops.ops, .nops = m->ops.nops}
    };
    enum err e = audit_check(m->audit, v, &ev.body, m->why, NULL);
    if (!e)
        e = audit_apply(m->audit, &ev);
    if (e)
        return e;
    struct buf *body = &out->bodies[out->n];
    *body = (struct buf)BUF_INIT;
    event_body_encode(&ev.body, body);
    out->events[out->n++] = (struct store_event){.seq = ev.seq,
                                                 .utc_ms = ev.utc_ms,
                                                 .actor = actor,
                                                 .body = body->data,
                                                 .body_len = body->len};
    life_ops_free(&m->ops);
    return buf_failed(body) ? ERR_NOMEM : ERR_OK;
}

static enum err add_member(struct making *m, uint32_t person, enum role role)
{
    for (size_t i = 1; i < m->ops.nops; i++)
        if (m->ops.ops[i].kind == OP_MEMBER_ADD && m->ops.ops[i].member.person == person)
            return ERR_OK;
    return act_add(&m->ops, &(struct audit_op){
                                .kind = OP_MEMBER_ADD,
                                .member = {.person = person, .role = role, .sections = ""}
    });
}

static enum err add_members(struct making *m)
{
    const struct record_new *n = m->n;
    enum role lead = n->creator ? leading_role(n) : ROLE_NONE;
    enum err e = lead ? add_member(m, n->creator->viewer.person, lead) : ERR_OK;
    for (size_t i = 0; !e && i < n->nmembers; i++)
        e = add_member(m, n->members[i].person, n->members[i].role);
    return e;
}

/* Addresses and rights can only be asked of an audit that there is: an open one, in which those who
 * lead such records take part, each as the person of their role's number. */
static struct audit *make_open(const struct making *m, const struct op_create *create)
{
    struct audit_op ops[1 + ROLE_COUNT] = {
        {.kind = OP_CREATE, .create = *create}
    };
    struct event ev = {
        .seq = 1, .utc_ms = m->core->utc_ms, .body = {.ops = ops, .nops = 1}
    };
    struct audit *a = audit_new(m->n->held->t);
    ops[0].create.state = AUDIT_IN_PROGRESS;
    for (enum role r = ROLE_FRO; r < ROLE_COUNT; r++)
        if (kinds[life_path_of(m->n->held->t)].leads & ROLE_BIT(r))
            ops[ev.body.nops++] = (struct audit_op){
                .kind = OP_MEMBER_ADD, .member = {.person = r, .role = r, .sections = ""}
            };
    if (a && !audit_apply(a, &ev))
        return a;
    audit_free(a);
    return NULL;
}

/* A record begins with what its leaders may write, and with nothing that others or the server say.
 */
static enum err may_begin_with(const struct audit *open, struct field f, struct err_info *why)
{
    struct err_info no = {0}, one;
    for (size_t i = 0; i < audit_member_count(open); i++) {
        const struct viewer leader = {.person = audit_member_at(open, i)->person};
        if (audit_right(open, &leader, f, &one) == RIGHT_WRITE)
            return ERR_OK;
        no = i ? no : one;
    }
    return err_set(why, no.code ? no.code : ERR_REFUSED_ROLE, "%s", no.text);
}

static enum err add_values(struct making *m, const struct op_create *create)
{
    const struct record_new *n = m->n;
    struct audit *scratch = n->nvalues ? make_open(m, create) : NULL;
    enum err e = n->nvalues && !scratch ? ERR_NOMEM : ERR_OK;
    for (size_t i = 0; !e && i < n->nvalues; i++) {
        struct field f;
        e = audit_field_parse(scratch, n->values[i].where, &f, m->why);
        if (!e)
            e = may_begin_with(scratch, f, m->why);
        if (!e)
            e = act_add(&m->ops,
                        &(struct audit_op){
                            .kind = OP_SET, .set = {.field = f, .value = n->values[i].value}
            });
    }
    audit_free(scratch);
    return e;
}

static enum err create(struct making *m, const char *ref)
{
    const struct record_new *n = m->n;
    struct days d = {0};
    enum err e = fill_days(m->core, n, &d, m->why);
    struct audit_op op = {.kind = OP_CREATE};
    op.create = (struct op_create){.ref = ref,
                                   .template_id = n->held->t->id,
                                   .template_version = n->held->t->version,
                                   .team = n->team,
                                   .carer_ref = n->carer_ref,
                                   .child_refs = n->child_refs,
                                   .nchild_refs = n->nchild_refs,
                                   .period_from = *n->period_from ? n->period_from : d.from,
                                   .period_to = *n->period_to ? n->period_to : d.to,
                                   .state = AUDIT_PLANNED,
                                   .planned = d.planned,
                                   .way_in = way_in_of(n),
                                   .source = n->source};
    if (!e)
        e = act_add(&m->ops, &op);
    if (!e)
        e = add_members(m);
    if (!e)
        e = add_values(m, &op.create);
    if (!e && *n->link_kind)
        e = act_add(&m->ops,
                    &(struct audit_op){
                        .kind = OP_LINK, .link = {.kind = n->link_kind, .ref = n->link_ref}
        });
    if (!e && *n->reason) /* recorded with the day that it is about */
        e = act_add(&m->ops,
                    &(struct audit_op){
                        .kind = OP_PLAN, .plan = {.planned = d.planned, .reason = n->reason}
        });
    return e ? e : add_event(m, n->creator ? n->creator->viewer.person : 0);
}

/* The rules' operations for a move as the next event. */
static enum err move(struct making *m, const struct viewer *v, enum audit_state to,
                     const char *reason)
{
    const struct life_facts f = core_life_facts(m->core, m->audit);
    const struct life_request q = {.who = v, .to = to, .reason = reason, .difference = ""};
    enum err e = life_check(&f, &q, NULL, NULL, NULL, m->why);
    if (!e)
        e = life_make(&f, &q, &m->ops);
    return e ? e : add_event(m, v->person);
}

/* By itself, when its day has come. */
static enum err prepare(struct making *m)
{
    static const struct viewer calendar = {0};
    struct err_info not_yet = {0}, *why = m->why;
    m->why = &not_yet;
    enum err e = move(m, &calendar, AUDIT_PREPARING, "");
    m->why = why;
    return e == ERR_REFUSED_STATE || e == ERR_REFUSED_ROLE ? ERR_OK : e;
}

enum err record_make(const struct core *c, const struct record_new *n, const char *ref,
                     struct record_events *out, struct err_info *why)
{
    struct making m = {.core = c, .n = n, .out = out, .why = why, .audit = audit_new(n->held->t)};
    struct projection_from from = c->projection;
    *out = (struct record_events){0};
    enum err e = m.audit ? create(&m, ref) : ERR_NOMEM;
    if (!e)
        e = prepare(&m);
    if (!e && *n->start_reason && n->creator)
        e = move(&m, &n->creator->viewer, AUDIT_IN_PROGRESS, n->start_reason);
    if (!e) {
        summary_of(m.audit, &out->summary);
        e = summary_members_of(m.audit, &out->members, &out->nmembers);
    }
    if (!e)
        e = projection_make(&from, m.audit, &out->duties);
    if (e)
        record_events_free(out);
    life_ops_free(&m.ops);
    audit_free(m.audit);
    return e && !why->text[0] ? err_set(why, e, "%s", err_text(e)) : e;
}

/* ---- into the store ---- */

static void job_free(struct record_job *j)
{
    if (j->prev)
        j->prev->next = j->next;
    else
        j->core->records = j->next;
    if (j->next)
        j->next->prev = j->prev;
    record_events_free(&j->events);
    free(j);
}

void records_forget(struct core *c)
{
    while (c->records)
        job_free(c->records);
}

static void end(struct record_job *j, enum err e, const struct err_info *why)
{
    struct core *c = j->core;
    if (!e)
        log_info("core", "record_made", "ref=%s", j->ref);
    j->made(j->user, j->ref, e, why);
    job_free(j);
    if (store_is_dead(c->store))
        core_fatal(c, "the store refuses to go on after a failed write");
}

static void appended(struct store_req *r)
{
    struct record_job *j =
        (struct record_job *)(void *)((char *)r - offsetof(struct record_job, store));
    struct err_info why = {0};
    if (r->err)
        (void)err_set(&why, ERR_STORE, "The record could not be kept. Try again in a moment.");
    end(j, r->err ? ERR_STORE : ERR_OK, &why);
}

static void reserved(struct store_req *r)
{
    struct record_job *j =
        (struct record_job *)(void *)((char *)r - offsetof(struct record_job, store));
    struct err_info why = {0};
    uint64_t audit = j->store.create.audit;
    enum err e = r->err;
    if (e) {
        (void)err_set(&why, ERR_STORE, "The record could not be kept. Try again in a moment.");
        end(j, ERR_STORE, &why);
        return;
    }
    memcpy(j->ref, j->store.create.ref, sizeof j->ref);
    e = j->make(j->user, j->ref, &j->events, &why);
    if (e) {
        end(j, e, &why);
        return;
    }
    memset(&j->store, 0, sizeof j->store);
    j->store.append = (struct store_append){
        .req = {.op = STORE_APPEND, .done = appended},
        .audit = audit,
        .events = j->events.events,
        .nevents = j->events.n,
        .summary = &j->events.summary,
        .members = j->events.members,
        .nmembers = j->events.nmembers,
        .duties = j->events.duties.duties,
        .nduties = j->events.duties.nduties
    };
    store_submit(j->core->store, &j->store.req);
}

enum err record_start(
    struct core *c, const char *template_id,
    enum err (*make)(void *user, const char *ref, struct record_events *out, struct err_info *why),
    void (*made)(void *user, const char *ref, enum err e, const struct err_info *why), void *user)
{
    struct record_job *j = calloc(1, sizeof *j);
    if (!j)
        return ERR_NOMEM;
    *j = (struct record_job){
        .core = c, .next = c->records, .user = user, .make = make, .made = made};
    if (j->next)
        j->next->prev = j;
    c->records = j;
    (void)snprintf(j->store.create.template_id, sizeof j->store.create.template_id, "%s",
                   template_id);
    j->store.create.year = civil_today(c->utc_ms).year;
    j->store.req = (struct store_req){.op = STORE_CREATE_AUDIT, .done = reserved};
    store_submit(c->store, &j->store.req);
    return ERR_OK;
}
