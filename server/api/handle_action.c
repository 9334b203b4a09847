/* What becomes of agreed actions: server/rules/action.h. */

#include "server/api/act.h"
#include "server/rules/action.h"

void handle_action_step(struct call *c)
{
    const Tandem__ActionStep *r = c->env->action_step;
    const struct facts f = core_facts(c->core, live_state(c->la));
    const struct action_step_def *step = action_step_find(r->step);
    struct err_info why = {0};
    struct action_ops ops;
    const bool impact = step && step->step == ACTION_IMPACT;
    const struct action_request q = {.who = &call_person(c)->viewer,
                                     .step = step ? step->step : ACTION_START,
                                     .question = (uint16_t)r->question,
                                     .item = r->item,
                                     .reason = r->reason,
                                     .due = r->value,
                                     .impact = r->value,
                                     .evidence = impact ? r->reason : "",
                                     .leads_to = r->other_item};
    enum err e = r->question > UINT16_MAX ? ERR_NOT_FOUND : action_check(&f, &q, &why);
    /* Whether one may know of it comes before what is wrong with the question. */
    if (e != ERR_NOT_FOUND && !step)
        e = err_set(&why, ERR_INPUT, "There is no step \"%.40s\" of an action.", r->step);
    if (e) {
        call_refuse(c, e, &why);
        return;
    }
    action_make(&f, &q, &ops);
    if (call_act(c, ops.ops, ops.nops))
        call_done_after(c);
}
