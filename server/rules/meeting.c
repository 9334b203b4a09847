#include "server/rules/meeting.h"

#include <stdio.h>
#include <string.h>

#include "server/rules/clock.h"

struct due meeting_due(const struct clock_values *c, const struct holidays *h, struct civil hearing)
{
    return workday_weeks_before(h, hearing, c->meeting_weeks);
}

/* ---- the day ---- */

static bool is_empty(const char *s)
{
    return !s || !s[strspn(s, " \t\n")];
}

enum err meeting_check_day(const struct clock_values *c, const struct holidays *h,
                           struct civil hearing, struct civil day, const char *reason, bool *late,
                           struct err_info *why)
{
    struct due due = meeting_due(c, h, hearing);
    long long before = civil_days(hearing) - civil_days(day);
    char chosen[16], heard[16], limit[WORKDAY_EXPLAIN_BYTES];
    civil_say_weekday(day, chosen);
    civil_say_weekday(hearing, heard);
    workday_explain(h, &due, limit);
    *late = civil_compare(day, due.limit) > 0;
    if (before <= 0)
        return err_set(why, ERR_INPUT,
                       "the meeting has to come before the final hearing on %s, not on %s: it is "
                       "held at least %u weeks before it (%s)",
                       heard, chosen, c->meeting_weeks, limit);
    if (*late && is_empty(reason))
        return err_set(why, ERR_INPUT,
                       "%s is only %lld day%s before the final hearing on %s; the meeting is held "
                       "at least %u weeks before it (%s). Choose an earlier day, or give the "
                       "reason: it is then recorded as late",
                       chosen, before, before == 1 ? "" : "s", heard, c->meeting_weeks, limit);
    return ERR_OK;
}

bool meeting_of(const struct facts *f, struct due *due, bool *late)
{
    struct civil hearing, day;
    if (!strcmp(facts_use(f, "hearing", PART_YNP), "no") ||
        !facts_day(facts_use(f, "hearing", PART_DATE), &hearing))
        return false;
    *due = meeting_due(f->clock, f->holidays, hearing);
    bool known = facts_day(facts_use(f, "meeting_date", PART_DATE), &day) ||
                 facts_day(audit_info(f->audit).planned, &day);
    *late = !known || civil_compare(day, due->limit) > 0;
    return true;
}

/* ---- the chair ---- */

enum role meeting_chair_role(const char *trigger, const char *decision)
{
    return !strcmp(trigger, "sgo") || !strcmp(decision, "sgo") ? ROLE_FTM : ROLE_SM;
}

enum role meeting_chair_of(const struct facts *f)
{
    return meeting_chair_role(facts_use(f, "trigger", PART_CHOICE),
                              facts_use(f, "decision", PART_CHOICE));
}

enum err meeting_check_chair(const struct facts *f, const struct viewer *v, struct err_info *why)
{
    enum role role = meeting_chair_of(f);
    char names[FACTS_NAMES_BYTES];
    if (facts_has_role(v, ROLE_BIT(role), audit_info(f->audit).team))
        return ERR_OK;
    facts_names(f, ROLE_BIT(role), 0, v->person, 0, names);
    return err_set(why, ERR_REFUSED_ROLE, "%s%s%s",
                   role == ROLE_FTM ? "the manager of the fostering assessment team chairs a "
                                      "meeting about special guardianship"
                                    : "the service manager of the area chairs care planning "
                                      "meetings",
                   names[0] ? ": " : "", names);
}

/* ---- the family first ---- */

/* Held: its day is named and has come, and nothing says that it was not. */
static bool family_met(const struct facts *f)
{
    const char *held = facts_use(f, "family_led", PART_YNP);
    struct civil day;
    return (!held[0] || !strcmp(held, "yes")) &&
           facts_day(facts_use(f, "family_led", PART_DATE), &day) &&
           civil_compare(day, civil_today(f->now_utc_ms)) <= 0;
}

enum meeting_family meeting_family(const struct facts *f, struct err_info *why)
{
    bool explained = facts_use_has_words(f, "family_absent");
    bool accepted = !strcmp(facts_use(f, "accepted", PART_YNP), "yes");
    const char *decision = facts_use(f, "decision", PART_CHOICE);
    if (family_met(f) || (explained && accepted))
        return MEETING_FAMILY_DONE;
    (void)err_set(why, ERR_REFUSED_STATE, "%s",
                  explained
                      ? "the service manager has not yet said that the reason for having no "
                        "family-led meeting is accepted"
                      : "there has been no family-led meeting: write the day on which it was "
                        "held, or why there was none, which the service manager then accepts");
    return !strcmp(decision, "enter_care") ? MEETING_FAMILY_BLOCK : MEETING_FAMILY_WARN;
}
