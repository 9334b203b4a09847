/* Safeguarding concerns found while auditing: in every state, never waiting for the audit. */

#include <stdio.h>

#include "server/api/act.h"

enum { DAY_MS = 24 * 60 * 60 * 1000 };

void handle_raise_flag(struct call *c)
{
    const Tandem__RaiseFlag *r = c->env->raise_flag;
    const struct person *told = people_find_name(c->core->people, r->told);
    int64_t now = c->core->utc_ms, told_ms = r->told_utc_ms ? r->told_utc_ms : now;
    char name[96];
    told = told && told->revoked ? NULL : told;
    if (told && told->viewer.nroles)
        (void)snprintf(name, sizeof name, "%s (%s)", told->name,
                       role_code(told->viewer.roles[0].role));
    struct audit_op op = {.kind = OP_FLAG};
    op.flag = (struct op_flag){.text = r->text,
                               .told = told && told->viewer.nroles ? name : r->told,
                               .told_utc_ms = told_ms,
                               .told_person = told ? told->viewer.person : 0};
    if (!call_has_words(r->text))
        call_fail(c, ERR_INPUT, "text", "Say what the concern is.");
    else if (!call_has_words(r->told))
        call_fail(c, ERR_INPUT, "told",
                  "Tell a manager first, today, and say whom you told: their name, or role and "
                  "short name.");
    else if (told_ms > now + 60 * 1000)
        call_fail(c, ERR_INPUT, "told_utc_ms",
                  "The time at which they were told is still to come.");
    else if (told && told->viewer.person == call_person(c)->viewer.person)
        call_fail(c, ERR_INPUT, "told", "You told somebody else: say whom.");
    else if (call_act(c, &op, 1))
        call_done_after(c);
}

void handle_note_flag(struct call *c)
{
    const Tandem__NoteFlag *r = c->env->note_flag;
    const struct audit *a = live_state(c->la);
    const struct viewer *me = &call_person(c)->viewer;
    const struct audit_flag *flag = NULL;
    for (size_t i = 0; i < audit_flag_count(a); i++)
        if (audit_flag_at(a, i)->seq == r->flag)
            flag = audit_flag_at(a, i);
    struct audit_op op = {.kind = OP_FLAG_NOTE};
    op.flag_note = (struct op_flag_note){.flag = r->flag, .text = r->text, .closed = r->closed};
    if (!flag)
        call_fail(c, ERR_NOT_FOUND, "flag", "There is no such flag in this record.");
    else if (!audit_may_read_flag(a, me, flag))
        call_fail(c, ERR_REFUSED_ROLE, "",
                  "Who raised the flag, who was told, and the managers of the team add to it.");
    else if (!call_has_words(r->text))
        call_fail(c, ERR_INPUT, "text", "Say what was done or learnt.");
    else if (flag->closed && r->closed)
        call_fail(c, ERR_INPUT, "closed", "That flag is closed already.");
    else if (call_act(c, &op, 1))
        call_done_after(c);
}
