/* New records that somebody asks for. */

#include <string.h>

#include "server/api/act.h"
#include "server/api/record.h"
#include "server/rules/permission.h"

static enum err find_practitioner(struct call *c, const struct person *me, struct op_member *to,
                                  struct err_info *why)
{
    const Tandem__NewAudit *r = c->env->new_audit;
    const struct person *p = call_find_person(c, r->practitioner, why);
    if (!p)
        return ERR_INPUT;
    if (!person_has_role(p, ROLE_FSW))
        return err_set(why, ERR_INPUT, "%s is not a fostering social worker (FSW) on this site.",
                       p->name);
    if (p == me && person_has_role(me, ROLE_FRO))
        return err_set(why, ERR_INPUT,
                       "You lead this audit as its FRO; its practitioner is somebody else.");
    *to = (struct op_member){.person = p->viewer.person, .role = ROLE_FSW, .sections = ""};
    return ERR_OK;
}

/* Looked up again once the reference is there: what was looked up does not outlive a wait. */
static enum err make(void *user, const char *ref, struct record_events *out, struct err_info *why)
{
    struct call *c = user;
    const Tandem__NewAudit *r = c->env->new_audit;
    const struct person *me = call_person(c);
    struct op_member practitioner;
    char team[32];
    struct record_new n = {.held = core_template(c->core, r->template_id, 0),
                           .creator = me,
                           .team = team,
                           .carer_ref = r->carer_ref,
                           .child_refs = (const char *const *)r->child_refs,
                           .nchild_refs = r->n_child_refs,
                           .period_from = r->period_from,
                           .period_to = r->period_to,
                           .planned = r->planned,
                           .way_in = r->way_in,
                           .source = r->source,
                           .members = &practitioner,
                           .link_kind = "",
                           .link_ref = "",
                           .start_reason = r->start_reason,
                           .reason = r->reason};
    if (!me)
        return err_set(why, ERR_NOT_AUTHENTICATED, "%s", err_text(ERR_NOT_AUTHENTICATED));
    if (!n.held)
        return err_set(why, ERR_INPUT, "There is no template \"%.40s\" on this site.",
                       r->template_id);
    struct record_value *values = call_alloc(c, r->n_values * sizeof *values);
    if (!values)
        return err_set(why, ERR_NOMEM, "%s", err_text(ERR_NOMEM));
    for (size_t i = 0; i < r->n_values; i++)
        values[i] = (struct record_value){r->values[i]->where, r->values[i]->value};
    n.values = values;
    n.nvalues = r->n_values;
    enum err e = permission_new_team(&me->viewer, life_creators(life_path_of(n.held->t)), r->team,
                                     team, why);
    if (!e && *r->practitioner) {
        e = find_practitioner(c, me, &practitioner, why);
        n.nmembers = 1;
    }
    return e ? e : record_make(c->core, &n, ref, out, why);
}

static void made(void *user, const char *ref, enum err e, const struct err_info *why)
{
    struct call *c = user;
    Tandem__AuditCreated answer = TANDEM__AUDIT_CREATED__INIT;
    Tandem__Envelope env = TANDEM__ENVELOPE__INIT;
    c->storing = false;
    if (!call_conn(c)) {
        call_free(c);
    } else if (e) {
        call_refuse(c, e, why);
    } else {
        answer.ref = (char *)ref;
        env.body_case = TANDEM__ENVELOPE__BODY_AUDIT_CREATED;
        env.audit_created = &answer;
        call_answer(c, &env);
    }
}

/* Checked with a stand-in for the reference before one is used up. */
void handle_new_audit(struct call *c)
{
    struct err_info why = {0};
    struct record_events events;
    enum err e = make(c, "NEW-0000-0000", &events, &why);
    if (e) {
        call_refuse(c, e, &why);
        return;
    }
    record_events_free(&events);
    if (!call_keep(c))
        return;
    if (record_start(c->core, core_template(c->core, c->env->new_audit->template_id, 0)->t->id,
                     make, made, c))
        call_no_memory(c);
    else
        c->storing = true;
}

/* ---- another day ---- */

void handle_plan_audit(struct call *c)
{
    const Tandem__PlanAudit *r = c->env->plan_audit;
    const struct audit *a = live_state(c->la);
    const role_set planners = life_creators(life_path_of(audit_template(a)));
    struct audit_op op = {
        .kind = OP_PLAN, .plan = {.planned = r->planned, .reason = r->reason}
    };
    struct civil day;
    if (!(life_parts(a, &call_person(c)->viewer) & planners))
        call_fail(c, ERR_REFUSED_ROLE, "",
                  "Those who plan records of this kind give it another day; ask one of them.");
    else if (!facts_day(r->planned, &day))
        call_fail(c, ERR_INPUT, "planned", "\"%.20s\" is no day; write one as in 2027-03-25.",
                  r->planned);
    else if (!call_has_words(r->reason))
        call_fail(c, ERR_INPUT, "reason", "Say why it is planned for another day.");
    else if (call_act(c, &op, 1))
        call_done_after(c);
}
