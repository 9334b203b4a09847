/* Who takes part in an audit. */

#include <string.h>

#include "common/log.h"
#include "server/api/core_inner.h"
#include "server/api/handlers.h"
#include "server/api/routes.h"
#include "server/rules/permission.h"

static enum role role_in(const struct audit *a, uint32_t person)
{
    const struct audit_member *m = audit_member_find(a, person);
    return m ? m->role : ROLE_NONE;
}

static bool has_written(const struct audit *a, uint32_t person)
{
    for (size_t i = 0; i < audit_agent_count(a); i++)
        if (audit_agent_person_at(a, i) == person)
            return true;
    return false;
}

static size_t other_fros(const struct audit *a, uint32_t person)
{
    size_t n = 0;
    for (size_t i = 0; i < audit_member_count(a); i++) {
        const struct audit_member *m = audit_member_at(a, i);
        n += m->role == ROLE_FRO && m->person != person;
    }
    return n;
}

/* Until they have given their views only another moderator's name takes their place. */
static bool moderates(const struct audit_info *info, uint32_t person)
{
    static const uint32_t until =
        STATE_BIT(AUDIT_SUBMITTED) | STATE_BIT(AUDIT_MODERATING) | STATE_BIT(AUDIT_RETURNED);
    return info->moderator == person && until & STATE_BIT(info->state);
}

/* An IRO's own writing (the young person's view, comments) does not make them an author. */
static enum err ask_rule(const struct audit *a, const struct viewer *asker,
                         const struct viewer *target, enum role new_role, struct err_info *why)
{
    struct audit_info info = audit_info(a);
    enum role present = role_in(a, target->person);
    const struct permission_member q = {
        .asker = asker,
        .asker_role = role_in(a, asker->person),
        .target = target,
        .present_role = present,
        .new_role = new_role,
        .team = info.team,
        .wrote_as_author = present != ROLE_IRO && has_written(a, target->person),
        .created = info.created_by == target->person,
        .moderates = target->person && moderates(&info, target->person),
        .other_fros = other_fros(a, target->person),
    };
    return permission_set_member(&q, why);
}

static void member_stored(struct call *c, enum err e)
{
    if (!call_conn(c))
        call_free(c);
    else if (e)
        call_fail(c, ERR_STORE, "", "The change could not be kept. Try again in a moment.");
    else
        call_done(c);
}

void handle_set_member(struct call *c)
{
    const Tandem__SetMember *r = c->env->set_member;
    const struct audit *a = live_state(c->la);
    const struct person *me = call_person(c);
    const struct person *target = people_find_name(c->core->people, r->person);
    static const struct viewer nobody = {0};
    struct err_info why = {0};
    /* Whether one may ask comes before what is wrong with the question. */
    enum err e =
        ask_rule(a, &me->viewer, target ? &target->viewer : &nobody, (enum role)r->role, &why);
    if (e == ERR_NOT_FOUND) {
        call_not_found(c);
        return;
    }
    if (!target || (target->revoked && r->role)) {
        call_fail(c, ERR_INPUT, "person", "Nobody here is called \"%.80s\".", r->person);
        return;
    }
    if (!e && r->role >= ROLE_COUNT)
        e = err_set(&why, ERR_INPUT, "There is no role number %u.", r->role);
    if (!e)
        e = route_check_state(c, a, &why);
    if (e) {
        call_fail(c, e, "", "%s", why.text);
        return;
    }
    struct audit_op op = {.kind = r->role ? OP_MEMBER_ADD : OP_MEMBER_REMOVE};
    op.member = (struct op_member){
        .person = target->viewer.person, .role = (enum role)r->role, .sections = r->sections};
    const struct event_body b = {.ops = &op, .nops = 1};
    e = live_act(c->la, &me->viewer, &b, &why, &c->seq);
    if (e) {
        call_fail(c, e, "", "%s", why.code ? why.text : err_text(e));
        return;
    }
    log_info("core", "set_member", "audit=%llu by=%u person=%u role=%s",
             (unsigned long long)live_number(c->la), me->viewer.person, target->viewer.person,
             role_code((enum role)r->role));
    call_wait(c, c->seq, member_stored);
}
