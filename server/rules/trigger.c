#include "server/rules/trigger.h"

#include <stdio.h>
#include <string.h>

#include "common/buf.h"
#include "server/rules/civil.h"

enum {
    FTM = ROLE_BIT(ROLE_FTM),
    SM = ROLE_BIT(ROLE_SM),
    HOS = ROLE_BIT(ROLE_HOS),
    IRO = ROLE_BIT(ROLE_IRO),
    QA = ROLE_BIT(ROLE_QA),
    PANEL = ROLE_BIT(ROLE_PANEL),
    /* 1 + the number of the stage */
    STAGE_1 = 2,
    STAGE_2 = 3,
    STAGE_3 = 4,
};
#define CHALLENGE TRIGGER_CHALLENGE
#define MEETING   TRIGGER_MEETING
#define ANY       TRIGGER_NO_ROUTE
#define BOTH      TRIGGER_BOTH_ROUTES
#define ROUTE_A   TRIGGER_ROUTE_A
#define ROUTE_B   TRIGGER_ROUTE_B

/* code, kind, words, hours, stage, alerted, route, chair, next */
/* clang-format off */
static const struct trigger triggers[] = {
    {"reg24_48h", CHALLENGE, "a connected person's temporary approval (regulation 24) was not given "
     "within 48 hours of the placement's start", 48, STAGE_3, HOS | SM | FTM, ANY, ROLE_NONE,
     "The head of service is asked to decide on the approval."},
    {"missing_5_days", CHALLENGE, "the child has been missing for more than 5 times 24 hours",
     5 * 24, 0, IRO | FTM | SM | HOS, ANY, ROLE_IRO,
     "A strategy meeting is called; the independent reviewing officer chairs it."},
    {"failing_setting", CHALLENGE, "the setting does not give the child what they need", 0, STAGE_1,
     FTM | SM, ANY, ROLE_NONE, "A dispute is raised, with a risk and support plan for the child."},
    {"care_standards_not_to_panel", CHALLENGE, "a concern about standards of care was due at the "
     "fostering panel and was not taken there", 0, STAGE_1, FTM | SM | PANEL, ANY, ROLE_NONE,
     "A dispute is raised through the fostering team."},
    {"secure_review_chair", CHALLENGE, "a secure accommodation review was chaired by somebody other "
     "than the service manager", 0, STAGE_2, SM | HOS, ANY, ROLE_NONE,
     "The service manager is asked to chair a review."},
    {"home_without_hos", CHALLENGE, "a child went home without the head of service's approval", 0,
     STAGE_3, HOS | SM | FTM, ANY, ROLE_NONE,
     "The head of service is asked to look at the decision and at the child's safety plan."},
    {"pep_actions_undone", CHALLENGE, "actions of the personal education plan (PEP) were not done",
     0, STAGE_1, FTM | SM | HOS, ANY, ROLE_NONE,
     "It is taken up with the team (operational) and with education's leaders (strategic)."},
    {"plan_not_progressing", CHALLENGE, "the child's plan is not progressing", 0, STAGE_1, FTM | SM,
     0, ROLE_NONE, "A dispute is raised that says what has to happen, by when."},
    {"pre_court_delay", CHALLENGE, "steps of the pre-court process are delayed", 0, STAGE_1,
     FTM | SM, ANY, ROLE_NONE, "A dispute is raised that says which step is owed, and by when."},
    {"provision_gap", CHALLENGE, "something that the child needs is not there (respite, therapy, "
     "dental care, advocacy)", 0, STAGE_1, FTM | SM | QA, ANY, ROLE_NONE,
     "It is taken up with the team first (operational), then with leaders (strategic), and goes on "
     "the list for commissioners."},
    {"partner_lapse", CHALLENGE, "a partner agency has not done its part", 0, 0, SM | QA, ANY,
     ROLE_NONE, "It is taken up with the partner directly; the service manager gets a summary for "
     "the safeguarding partnership."},

    {"proceedings", MEETING, "pre-proceedings or proceedings have begun", 0, 0, SM | FTM, BOTH,
     ROLE_SM, "A care planning meeting is booked, before the next court date."},
    {"permanence", MEETING, "a permanence decision is needed (also for a young person of 16 or 17 "
     "who is accommodated by agreement)", 0, 0, SM | FTM, BOTH, ROLE_SM,
     "A care planning meeting is booked, before the next review."},
    {"adult_services", MEETING, "the young person may need adult services from 16", 0, 0, SM | FTM,
     BOTH, ROLE_SM, "A care planning meeting is booked, and adult services are invited."},
    {"stability_at_risk", MEETING, "the stability of the placement is at risk", 0, 0, SM | FTM, BOTH,
     ROLE_SM, "A care planning meeting is booked while there is time to help."},
    {"sgo", MEETING, "an assessment for a special guardianship order (SGO) is under way", 0, 0,
     SM | FTM, BOTH, ROLE_FTM,
     "A care planning meeting is booked; the manager of the fostering assessment team chairs it."},
    {"repeat_referral", MEETING, "the family was referred again", 0, 0, SM | FTM, ROUTE_A, ROLE_SM,
     "The meeting looks at what was and was not achieved, and what must be different now."},
    {"family_placement_risk", MEETING, "a placement within the family is at risk", 0, 0, SM | FTM,
     ROUTE_A, ROLE_SM, "A care planning meeting is booked while there is time to help."},
    {"legal_gateway", MEETING, "a legal gateway meeting is likely", 0, 0, SM | FTM, ROUTE_A, ROLE_SM,
     "A care planning meeting is booked before it."},
    {"reunification", MEETING, "the child may return to their family", 0, 0, SM | FTM | IRO, ROUTE_B,
     ROLE_SM, "A care planning meeting is booked before the plan changes."},
    {"eleven_months", MEETING, "the child has been in one foster placement for 11 months or more", 0,
     0, SM | FTM | IRO, ROUTE_B, ROLE_SM, "A care planning meeting looks at permanence."},
    {"adoption", MEETING, "adoption is considered for the child", 0, 0, SM | FTM | IRO, ROUTE_B,
     ROLE_SM, "A care planning meeting is booked, and the adoption agency is invited."},
};
/* clang-format on */
enum { TRIGGERS = sizeof triggers / sizeof *triggers };

const struct trigger *trigger_table(size_t *count)
{
    *count = TRIGGERS;
    return triggers;
}

const struct trigger *trigger_find(const char *code)
{
    for (size_t i = 0; i < TRIGGERS; i++)
        if (!strcmp(triggers[i].code, code))
            return &triggers[i];
    return NULL;
}

/* The codes joined with ", ", as far as they fit whole. */
static void list_codes(char *out, size_t cap)
{
    size_t at = 0;
    out[0] = 0;
    for (size_t i = 0; i < TRIGGERS && at + strlen(triggers[i].code) + 3 < cap; i++)
        at += (size_t)snprintf(out + at, cap - at, "%s%s", i ? ", " : "", triggers[i].code);
}

enum err trigger_get(const char *code, const struct trigger **out, struct err_info *why)
{
    char codes[sizeof why->text - 16];
    *out = trigger_find(code);
    if (*out)
        return ERR_OK;
    list_codes(codes, sizeof codes);
    return err_set(why, ERR_INPUT, "choose one of: %s", codes);
}

/* "Fri 11 Dec 2026 16:30", as a clock in London shows it. */
static void say_time(int64_t utc_ms, char out[32])
{
    struct civil_time t = civil_time_of(utc_ms);
    char day[16];
    civil_say_weekday(t.day, day);
    (void)snprintf(out, 32, "%s %02d:%02d", day, t.hour, t.minute);
}

enum err trigger_check(const struct trigger *t, int64_t since_utc_ms, int64_t now_utc_ms,
                       struct trigger_state *out, struct err_info *why)
{
    const int64_t longest_ms = INT64_C(100) * 366 * 24 * 3600 * 1000;
    char since[32], fires[32];
    if (since_utc_ms < now_utc_ms - longest_ms || since_utc_ms > now_utc_ms + longest_ms)
        return err_set(why, ERR_INPUT,
                       "that is more than a hundred years from now; say since when it has been so "
                       "that %s",
                       t->words);
    say_time(since_utc_ms, since);
    if (since_utc_ms > now_utc_ms)
        return err_set(why, ERR_INPUT, "%s is still to come; say since when it has been so that %s",
                       since, t->words);
    out->fires_utc_ms = civil_after_hours_ms(since_utc_ms, (int64_t)t->hours);
    out->fired = t->hours == 0 || now_utc_ms > out->fires_utc_ms; /* within: the last ms counts */
    say_time(out->fires_utc_ms, fires);
    if (!out->fired)
        (void)snprintf(out->sentence, sizeof out->sentence,
                       "not yet: that %s would be so on %s (%u hours after %s, weekends included)",
                       t->words, fires, t->hours, since);
    else
        (void)snprintf(out->sentence, sizeof out->sentence, "since %s: %s. %s", fires, t->words,
                       t->next);
    return ERR_OK;
}
