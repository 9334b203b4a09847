/* Something happened that asks for a challenge or a care planning meeting: the record is made, and
 * those who must know take part in it. What asks for what: server/rules/trigger.h. */

#include <stdio.h>
#include <string.h>

#include "common/log.h"
#include "server/api/act.h"
#include "server/api/record.h"
#include "server/rules/permission.h"
#include "server/rules/trigger.h"

enum { MAX_ALERTED = 16 };

static const struct trigger_record {
    enum trigger_kind kind;
    const char *template_id;
    const char *use; /* of the question that says what called for it */
} records[] = {
    {TRIGGER_CHALLENGE, "CHA", "subject"},
    {TRIGGER_MEETING,   "CPM", "trigger"},
};

static const struct trigger_record *record_of(const struct trigger *t)
{
    for (size_t i = 0; i < sizeof records / sizeof *records; i++)
        if (records[i].kind == t->kind)
            return &records[i];
    return NULL;
}

/* ---- the list of them ---- */

static void say_suggestion(const struct trigger *t, char out[400])
{
    if (t->stage)
        (void)snprintf(out, 400, "%s It would begin at stage %u.", t->next, t->stage - 1);
    else
        (void)snprintf(out, 400, "%s", t->next);
}

static void answer_list(struct call *c)
{
    size_t n;
    const struct trigger *t = trigger_table(&n);
    Tandem__Triggered answer = TANDEM__TRIGGERED__INIT;
    Tandem__Envelope env = TANDEM__ENVELOPE__INIT;
    answer.rows = call_alloc(c, n * sizeof(Tandem__TriggerRow *));
    Tandem__TriggerRow *row = call_alloc(c, n * sizeof *row);
    bool ok = answer.rows && row;
    for (size_t i = 0; ok && i < n; i++, row++) {
        char suggests[400];
        say_suggestion(&t[i], suggests);
        tandem__trigger_row__init(row);
        row->code = (char *)t[i].code;
        row->words = (char *)t[i].words;
        row->suggests = call_strdup(c, suggests);
        ok = row->suggests;
        answer.rows[answer.n_rows++] = row;
    }
    env.body_case = TANDEM__ENVELOPE__BODY_TRIGGERED;
    env.triggered = &answer;
    if (ok)
        call_answer(c, &env);
    else
        call_no_memory(c);
}

/* ---- one that has happened ---- */

struct alert {
    const struct trigger *trigger;
    struct trigger_state state;
    const struct template_held *held;
    char team[32];
    struct op_member told[MAX_ALERTED];
    size_t ntold;
};

/* As which of the alerted roles somebody works for the team; ROLE_NONE. */
static enum role alerted_as(const struct person *p, role_set roles, const char *team)
{
    for (size_t i = 0; !p->revoked && i < p->viewer.nroles; i++) {
        const struct viewer_role *r = &p->viewer.roles[i];
        if (roles & ROLE_BIT(r->role) && (!r->team[0] || !strcmp(r->team, team)))
            return r->role;
    }
    return ROLE_NONE;
}

static void find_told(const struct call *c, struct alert *t)
{
    const struct people *people = c->core->people;
    for (size_t i = 0; i < people_count(people) && t->ntold < MAX_ALERTED; i++) {
        const struct person *p = people_at(people, i);
        enum role r = alerted_as(p, t->trigger->alerted, t->team);
        if (r)
            t->told[t->ntold++] =
                (struct op_member){.person = p->viewer.person, .role = r, .sections = ""};
    }
}

static enum err look(struct call *c, struct alert *t, struct err_info *why)
{
    const Tandem__Trigger *r = c->env->trigger;
    const struct person *me = call_person(c);
    *t = (struct alert){0};
    if (!me)
        return err_set(why, ERR_NOT_AUTHENTICATED, "%s", err_text(ERR_NOT_AUTHENTICATED));
    enum err e = trigger_get(r->code, &t->trigger, why);
    const struct trigger_record *record = e ? NULL : record_of(t->trigger);
    t->held = record ? core_template(c->core, record->template_id, 0) : NULL;
    if (!e && !t->held)
        e = err_set(why, ERR_INPUT, "This site has no template for such records.");
    if (!e && !*r->child_ref)
        e = err_set(why, ERR_INPUT, "Say which child it is about, by the case system's reference.");
    if (!e)
        e = permission_new_team(&me->viewer, life_creators(life_path_of(t->held->t)), r->team,
                                t->team, why);
    if (!e)
        e = trigger_check(t->trigger, r->since_utc_ms ? r->since_utc_ms : c->core->utc_ms,
                          c->core->utc_ms, &t->state, why);
    if (!e && !t->state.fired)
        e = err_set(why, ERR_REFUSED_STATE, "%s", t->state.sentence);
    if (!e)
        find_told(c, t);
    return e;
}

static bool has_option(const struct question *q, const char *code)
{
    for (char **o = q ? q->options : NULL; o && *o; o++)
        if (!strcmp(*o, code))
            return true;
    return false;
}

static enum err make(void *user, const char *ref, struct record_events *out, struct err_info *why)
{
    struct call *c = user;
    const Tandem__Trigger *r = c->env->trigger;
    struct alert t;
    enum err e = look(c, &t, why);
    if (e)
        return e;
    const struct question *q = template_use_find(t.held->t, record_of(t.trigger)->use);
    const struct question *route = template_use_find(t.held->t, "route");
    char route_code[] = "route_a";
    struct record_value values[2];
    size_t nvalues = 0;
    if (has_option(q, t.trigger->code))
        values[nvalues++] = (struct record_value){q->code, t.trigger->code};
    if (route && (t.trigger->route == TRIGGER_ROUTE_A || t.trigger->route == TRIGGER_ROUTE_B)) {
        route_code[6] = t.trigger->route == TRIGGER_ROUTE_A ? 'a' : 'b';
        values[nvalues++] = (struct record_value){route->code, route_code};
    }
    const char *child = r->child_ref;
    const struct record_new n = {.held = t.held,
                                 .creator = call_person(c),
                                 .team = t.team,
                                 .carer_ref = r->carer_ref,
                                 .child_refs = &child,
                                 .nchild_refs = 1,
                                 .period_from = "",
                                 .period_to = "",
                                 .planned = "",
                                 .way_in = "",
                                 .source = t.trigger->code,
                                 .values = values,
                                 .nvalues = nvalues,
                                 .members = t.told,
                                 .nmembers = t.ntold,
                                 .link_kind = "",
                                 .link_ref = "",
                                 .start_reason = "",
                                 .reason = r->note};
    return record_make(c->core, &n, ref, out, why);
}

static void say_told(const struct call *c, const struct alert *t, struct buf *out)
{
    for (size_t i = 0; i < t->ntold; i++) {
        const struct person *p = people_find(c->core->people, t->told[i].person);
        buf_appendf(out, "%s%s (%s)", i ? ", " : " Told: ", p ? p->name : "?",
                    role_code(t->told[i].role));
    }
    if (t->ntold)
        buf_append_str(out, ".");
}

static void answer_made(struct call *c, const char *ref)
{
    struct buf text = BUF_INIT;
    struct alert t;
    struct err_info why;
    Tandem__Triggered answer = TANDEM__TRIGGERED__INIT;
    Tandem__Envelope env = TANDEM__ENVELOPE__INIT;
    if (!look(c, &t, &why)) { /* otherwise their roles have just changed: the record is there */
        buf_append_str(&text, t.state.sentence);
        if (t.trigger->stage)
            buf_appendf(&text, " It would begin at stage %u: tandem move %s IN_PROGRESS --stage %u",
                        t.trigger->stage - 1, ref, t.trigger->stage - 1);
        if (t.trigger->stage)
            buf_append_str(&text, ".");
        say_told(c, &t, &text);
        log_info("core", "trigger", "ref=%s code=%s told=%zu", ref, t.trigger->code, t.ntold);
    }
    answer.ref = (char *)ref;
    answer.text = (char *)buf_cstr(&text);
    env.body_case = TANDEM__ENVELOPE__BODY_TRIGGERED;
    env.triggered = &answer;
    if (buf_failed(&text))
        call_no_memory(c);
    else
        call_answer(c, &env);
    buf_free(&text);
}

static void made(void *user, const char *ref, enum err e, const struct err_info *why)
{
    struct call *c = user;
    c->storing = false;
    if (!call_conn(c))
        call_free(c);
    else if (e)
        call_refuse(c, e, why);
    else
        answer_made(c, ref);
}

void handle_trigger(struct call *c)
{
    struct err_info why = {0};
    struct record_events events;
    struct alert t;
    if (!*c->env->trigger->code) {
        answer_list(c);
        return;
    }
    enum err e = make(c, "NEW-0000-0000", &events, &why);
    if (!e)
        e = look(c, &t, &why);
    if (e) {
        call_refuse(c, e, &why);
        return;
    }
    record_events_free(&events);
    if (!call_keep(c))
        return;
    if (record_start(c->core, t.held->t->id, make, made, c))
        call_no_memory(c);
    else
        c->storing = true;
}
