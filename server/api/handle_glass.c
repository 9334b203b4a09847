/* Break-glass: somebody who otherwise may not read a record opens it for a while, and says why. It
 * is shown on the record and told to those who manage and assure it (server/rules/duty.h). */

#include "common/log.h"
#include "server/api/act.h"
#include "server/api/keeper.h"
#include "server/rules/permission.h"

enum { MAX_DAYS = 7 };

static void glass_is_open(struct call *c)
{
    keeper_wake(c->core, c->env->break_glass->until_utc_ms);
    log_warn("core", "break_glass", "audit=%llu person=%u", (unsigned long long)live_number(c->la),
             call_conn(c)->person);
}

static bool reads_anyway(const struct audit *a, const struct viewer *v)
{
    const struct audit_member *m = audit_member_find(a, v->person);
    return permission_may_list(v, m ? m->role : ROLE_NONE, audit_info(a).team);
}

static void open_glass(struct call *c, const struct person *me)
{
    const Tandem__BreakGlass *r = c->env->break_glass;
    const struct audit *a = live_state(c->la);
    const int64_t day_ms = INT64_C(24) * 3600 * 1000;
    struct audit_op ops[2] = {{.kind = OP_GLASS_END}, {.kind = OP_GLASS}};
    ops[0].glass.person = me->viewer.person;
    ops[1].glass = (struct op_glass){
        .person = me->viewer.person, .until_utc_ms = r->until_utc_ms, .reason = r->reason};
    bool again = audit_glass_of(a, me->viewer.person);
    if (!call_has_words(r->reason)) {
        call_fail(c, ERR_INPUT, "reason",
                  "Say why you need to read this record; QA and the service manager are told.");
    } else if (r->until_utc_ms <= c->core->utc_ms) {
        call_fail(c, ERR_INPUT, "until_utc_ms", "The time until which it is opened is over.");
    } else if (r->until_utc_ms > c->core->utc_ms + MAX_DAYS * day_ms) {
        call_fail(c, ERR_INPUT, "until_utc_ms", "A record is opened for at most %d days.",
                  MAX_DAYS);
    } else if (reads_anyway(a, &me->viewer)) {
        call_fail(c, ERR_INPUT, "", "You may read this record: there is nothing to break.");
    } else if (call_act(c, again ? ops : ops + 1, again ? 2 : 1)) {
        c->then = glass_is_open;
        call_done_after(c);
    }
}

static void give_back(struct call *c, const struct person *me)
{
    struct audit_op op = {.kind = OP_GLASS_END, .glass = {.person = me->viewer.person}};
    if (!audit_glass_of(live_state(c->la), me->viewer.person))
        call_not_found(c);
    else if (call_act(c, &op, 1))
        call_done_after(c);
}

static void noted(struct call *c, enum err e)
{
    const struct person *me = call_person(c);
    if (!call_goes_on(c, e))
        return;
    if (c->env->break_glass->until_utc_ms)
        open_glass(c, me);
    else
        give_back(c, me);
}

void handle_break_glass(struct call *c)
{
    call_enter(c, "break-glass", false, noted);
}
