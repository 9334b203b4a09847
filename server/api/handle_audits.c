/* The list of audits, new ones, templates, people. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "server/api/core_inner.h"
#include "server/api/handlers.h"
#include "server/api/routes.h"
#include "server/rules/period.h"
#include "server/rules/permission.h"
#include "server/store/summary.h"

enum { LIST_ROWS = 2000 }; /* read for one answer: about as many as it holds */

/* ---- list ---- */

static enum role member_role(const struct store_audit_row *row, uint32_t person)
{
    for (size_t i = 0; i < row->nmembers; i++)
        if (row->members[i].person == person)
            return row->members[i].role;
    return ROLE_NONE;
}

static bool fill_members(struct call *c, Tandem__AuditRow *to, const struct store_audit_row *row)
{
    to->members = call_alloc(c, row->nmembers * sizeof *to->members);
    Tandem__Member *m = call_alloc(c, row->nmembers * sizeof *m);
    if (!to->members || !m)
        return false;
    for (size_t i = 0; i < row->nmembers; i++, m++) {
        const struct person *p = people_find(c->core->people, row->members[i].person);
        tandem__member__init(m);
        m->person = row->members[i].person;
        m->role = (uint32_t)row->members[i].role;
        m->sections = (char *)row->members[i].sections;
        m->name = (char *)(p ? p->name : "");
        to->members[to->n_members++] = m;
    }
    return true;
}

static bool fill_row(struct call *c, Tandem__AuditRow *to, const struct store_audit_row *row,
                     const struct viewer *reader)
{
    const struct store_summary *s = &row->summary;
    tandem__audit_row__init(to);
    to->ref = (char *)s->ref;
    to->template_id = (char *)s->template_id;
    to->carer_ref = (char *)s->carer_ref;
    to->team = (char *)s->team;
    to->state = (uint32_t)s->state;
    to->answered = s->answered;
    to->required = s->required;
    to->open_comments = s->open_comments;
    to->changed_utc_ms = s->utc_ms;
    to->period_from = (char *)s->period_from;
    to->period_to = (char *)s->period_to;
    const struct live_audit *la = live_find(c->core->live, s->ref);
    if (la && live_seat_count(la)) {
        to->here = present_people(c, la, reader, NULL, &to->n_here);
        if (!to->here)
            return false;
    }
    return fill_members(c, to, row);
}

/* The rows that the reader may see now, as many as one answer holds. */
static bool fill_list(struct call *c, Tandem__AuditList *list, const struct viewer *reader)
{
    const struct store_list_audits *l = &c->store.list;
    size_t bytes = 0;
    list->rows = call_alloc(c, l->nrows * sizeof *list->rows);
    if (!list->rows)
        return false;
    for (size_t i = 0; i < l->nrows; i++) {
        const struct store_audit_row *row = &l->rows[i];
        enum role r = member_role(row, reader->person);
        if (!permission_may_list(reader, r, row->summary.team))
            continue;
        if (bytes > MAX_ANSWER_BYTES) {
            list->more = true;
            break;
        }
        Tandem__AuditRow *to = call_alloc(c, sizeof *to);
        if (!to || !fill_row(c, to, row, reader))
            return false;
        list->rows[list->n_rows++] = to;
        bytes += tandem__audit_row__get_packed_size(to) + 4;
    }
    list->more = list->more || (l->more && list->n_rows); /* the next page begins behind a row */
    return true;
}

static void listed(struct call *c, enum err e)
{
    const struct person *p = call_person(c);
    void *rows = e ? NULL : c->store.list.rows;
    if (!call_conn(c) || !p) {
        call_free(c);
    } else if (e) {
        call_fail(c, ERR_STORE, "", "The list cannot be read now. Try again in a moment.");
    } else {
        Tandem__AuditList list = TANDEM__AUDIT_LIST__INIT;
        Tandem__Envelope env = TANDEM__ENVELOPE__INIT;
        env.body_case = TANDEM__ENVELOPE__BODY_AUDIT_LIST;
        env.audit_list = &list;
        if (fill_list(c, &list, &p->viewer))
            call_answer(c, &env);
        else
            call_no_memory(c);
    }
    free(rows);
}

/* Whose audits one list looks for; lives as long as the call. */
struct list_scope {
    struct viewer viewer;
    const char *teams[PERMISSION_MAX_TEAMS]; /* of viewer.roles */
};

static void list_noted(struct call *c, enum err e)
{
    (void)e; /* call_enter goes on only without one */
    const struct person *p = call_person(c);
    if (!p) {
        call_free(c);
        return;
    }
    struct list_scope *scope = call_alloc(c, sizeof *scope);
    if (!scope) {
        call_no_memory(c);
        return;
    }
    scope->viewer = p->viewer; /* they may be given other roles while the store reads */
    memset(&c->store, 0, sizeof c->store);
    summary_copy(c->store.list.after_ref, sizeof c->store.list.after_ref,
                 c->env->list_audits->after_ref);
    c->store.list.limit = LIST_ROWS;
    c->store.list.person = scope->viewer.person;
    c->store.list.teams = scope->teams;
    c->store.list.nteams = permission_teams(&scope->viewer, scope->teams);
    call_store(c, STORE_LIST_AUDITS, listed);
}

void handle_list_audits(struct call *c)
{
    struct conn *cn = call_conn(c);
    if (cn->listing) {
        call_fail(c, ERR_SLOW_DOWN, "",
                  "Your list is being made already; ask again when you have it.");
        return;
    }
    if (!call_keep(c))
        return;
    cn->listing = c->lists = true;
    call_enter(c, "list", false, list_noted);
}

/* ---- new ---- */

struct new_audit {
    const struct template_held *held;
    const struct person *practitioner;
    char team[32], from[11], to[11];
    bool creator_is_fro;
};

static enum err find_practitioner(struct call *c, const char *name, struct new_audit *n,
                                  struct err_info *why)
{
    n->practitioner = NULL;
    if (!*name)
        return ERR_OK;
    n->practitioner = people_find_name(c->core->people, name);
    if (!n->practitioner || n->practitioner->revoked)
        return err_set(why, ERR_INPUT,
                       "Nobody here is called \"%.80s\"; `tandem people` lists everybody's name.",
                       name);
    if (!person_has_role(n->practitioner, ROLE_FSW))
        return err_set(why, ERR_INPUT, "%s is not a fostering social worker (FSW) on this site.",
                       n->practitioner->name);
    return ERR_OK;
}

/* Who and what the new audit is about. Names are looked up again at each step: what was looked up
 * does not outlive it. */
static enum err read_request(struct call *c, struct new_audit *n, struct err_info *why)
{
    const Tandem__NewAudit *r = c->env->new_audit;
    const struct person *me = call_person(c);
    *n = (struct new_audit){.held = core_template(c->core, r->template_id, 0)};
    if (!n->held)
        return err_set(why, ERR_INPUT, "There is no template \"%.40s\" on this site.",
                       r->template_id);
    if (!me)
        return err_set(why, ERR_NOT_AUTHENTICATED, "%s", err_text(ERR_NOT_AUTHENTICATED));
    n->creator_is_fro = person_has_role(me, ROLE_FRO);
    enum err e = permission_new_team(&me->viewer, c->route->roles, r->team, n->team, why);
    if (!e)
        e = find_practitioner(c, r->practitioner, n, why);
    if (!e && n->practitioner && n->practitioner == me && n->creator_is_fro)
        e = err_set(why, ERR_INPUT,
                    "You lead this audit as its FRO; its practitioner is somebody "
                    "else.");
    const char *days[] = {r->period_from, r->period_to};
    for (size_t i = 0; !e && i < 2; i++)
        if (*days[i] && !period_is_day(days[i]))
            e = err_set(why, ERR_INPUT, "\"%.20s\" is no day, as in 2026-04-30.", days[i]);
    struct civil today = period_today(c->core->utc_ms);
    unsigned months = n->held->t->default_period_months;
    period_format(today, n->to);
    period_format(period_months_before(today, months ? months : 12), n->from);
    return e;
}

static enum err first_event(struct call *c, const char *ref, struct buf *body,
                            struct store_summary *summary, struct store_member **members,
                            size_t *nmembers, struct err_info *why)
{
    const Tandem__NewAudit *r = c->env->new_audit;
    const struct person *me = call_person(c);
    struct new_audit n;
    struct audit_op ops[3] = {{.kind = OP_CREATE}};
    struct event_body b = {.ops = ops, .nops = 1};
    enum err e = read_request(c, &n, why);
    if (e)
        return e;
    ops[0].create = (struct op_create){
        .ref = ref,
        .template_id = n.held->t->id,
        .template_version = n.held->t->version,
        .team = n.team,
        .carer_ref = r->carer_ref,
        .child_refs = (const char *const *)r->child_refs,
        .nchild_refs = r->n_child_refs,
        .period_from = *r->period_from ? r->period_from : n.from,
        .period_to = *r->period_to ? r->period_to : n.to,
        .state = AUDIT_IN_PROGRESS,
    };
    if (n.creator_is_fro) {
        ops[b.nops].kind = OP_MEMBER_ADD;
        ops[b.nops++].member =
            (struct op_member){.person = me->viewer.person, .role = ROLE_FRO, .sections = ""};
    }
    if (n.practitioner) {
        ops[b.nops].kind = OP_MEMBER_ADD;
        ops[b.nops++].member = (struct op_member){
            .person = n.practitioner->viewer.person, .role = ROLE_FSW, .sections = ""};
    }
    struct audit *a = audit_new(n.held->t);
    if (!a)
        return err_set(why, ERR_NOMEM, "%s", err_text(ERR_NOMEM));
    const struct event ev = {
        .seq = 1, .utc_ms = c->core->utc_ms, .actor = me->viewer.person, .body = b};
    e = audit_check(a, &me->viewer, &b, why, NULL);
    if (!e)
        e = audit_apply(a, &ev);
    if (!e) {
        event_body_encode(&b, body);
        summary_of(a, summary);
        e = buf_failed(body) ? ERR_NOMEM : summary_members_of(a, members, nmembers);
    }
    audit_free(a);
    return e;
}

static void appended(struct call *c, enum err e)
{
    if (!call_conn(c)) {
        call_free(c);
        return;
    }
    if (e) {
        call_fail(c, ERR_STORE, "", "The audit could not be kept. Try again in a moment.");
        return;
    }
    Tandem__AuditCreated made = TANDEM__AUDIT_CREATED__INIT;
    Tandem__Envelope env = TANDEM__ENVELOPE__INIT;
    made.ref = c->summary.ref;
    env.body_case = TANDEM__ENVELOPE__BODY_AUDIT_CREATED;
    env.audit_created = &made;
    call_answer(c, &env);
}

static void reserved(struct call *c, enum err e)
{
    struct err_info why = {0};
    const struct conn *cn = call_conn(c);
    char ref[32];
    if (!cn) {
        call_free(c);
        return;
    }
    if (e) {
        call_fail(c, ERR_STORE, "", "The audit could not be kept. Try again in a moment.");
        return;
    }
    memcpy(ref, c->store.create.ref, sizeof ref);
    uint64_t audit = c->store.create.audit;
    size_t nmembers = 0;
    e = first_event(c, ref, &c->data, &c->summary, &c->members, &nmembers, &why);
    if (e) {
        call_fail(c, e, "", "%s", why.code ? why.text : err_text(e));
        return;
    }
    c->event = (struct store_event){.seq = 1,
                                    .utc_ms = c->core->utc_ms,
                                    .actor = cn->person,
                                    .body = c->data.data,
                                    .body_len = c->data.len};
    memset(&c->store, 0, sizeof c->store);
    c->store.append.audit = audit;
    c->store.append.events = &c->event;
    c->store.append.nevents = 1;
    c->store.append.summary = &c->summary;
    c->store.append.members = c->members;
    c->store.append.nmembers = nmembers;
    call_store(c, STORE_APPEND, appended);
}

/* Checked with a stand-in for the reference before one is used up. */
void handle_new_audit(struct call *c)
{
    struct err_info why = {0};
    struct buf body = BUF_INIT;
    struct store_summary summary;
    struct store_member *members = NULL;
    size_t n;
    struct new_audit req;
    enum err e = read_request(c, &req, &why);
    if (!e)
        e = first_event(c, "NEW-0000-0000", &body, &summary, &members, &n, &why);
    buf_free(&body);
    free(members);
    if (e) {
        call_fail(c, e, "", "%s", why.code ? why.text : err_text(e));
        return;
    }
    if (!call_keep(c))
        return;
    memset(&c->store, 0, sizeof c->store);
    (void)snprintf(c->store.create.template_id, sizeof c->store.create.template_id, "%s",
                   req.held->t->id);
    c->store.create.year = period_today(c->core->utc_ms).year;
    call_store(c, STORE_CREATE_AUDIT, reserved);
}

/* ---- templates, people ---- */

void handle_get_template(struct call *c)
{
    const Tandem__GetTemplate *r = c->env->get_template;
    const struct template_held *h = core_template(c->core, r->id, r->version);
    if (!h) {
        call_fail(c, ERR_NOT_FOUND, "id", "There is no such template on this site.");
        return;
    }
    Tandem__TemplateReply reply = TANDEM__TEMPLATE_REPLY__INIT;
    Tandem__Envelope env = TANDEM__ENVELOPE__INIT;
    reply.template_ = (ProtobufCBinaryData){.len = h->bytes.len, .data = h->bytes.data};
    env.body_case = TANDEM__ENVELOPE__BODY_TEMPLATE_REPLY;
    env.template_reply = &reply;
    call_answer(c, &env);
}

void handle_list_people(struct call *c)
{
    const struct people *people = c->core->people;
    size_t n = people_count(people), bytes = 0;
    Tandem__PeopleList list = TANDEM__PEOPLE_LIST__INIT;
    Tandem__Envelope env = TANDEM__ENVELOPE__INIT;
    list.people = call_alloc(c, n * sizeof *list.people);
    for (size_t i = 0; list.people && i < n; i++) {
        const struct person *p = people_at(people, i);
        if (p->viewer.person <= c->env->list_people->after_id)
            continue;
        Tandem__Person *to = call_alloc(c, sizeof *to);
        if (!to) {
            list.people = NULL;
            break;
        }
        if (bytes > MAX_ANSWER_BYTES) {
            list.more = true;
            break;
        }
        fill_person(c, to, p);
        list.people[list.n_people++] = to;
        bytes += tandem__person__get_packed_size(to) + 4;
    }
    if (!list.people) {
        call_no_memory(c);
        return;
    }
    env.body_case = TANDEM__ENVELOPE__BODY_PEOPLE_LIST;
    env.people_list = &list;
    call_answer(c, &env);
}
