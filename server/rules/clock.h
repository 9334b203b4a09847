#ifndef TANDEM_SERVER_RULES_CLOCK_H
#define TANDEM_SERVER_RULES_CLOCK_H

/* How long things may take: every time limit and share that a site may set, in ONE table, which the
 * settings file, its help, the rules and the tests read. Pure.
 *
 * Most are local choices (†) and never to be shown as a legal duty. Where the law sets a bound (§)
 * the range keeps within it. */

#include "server/rules/workday.h"

enum clock_unit { CLOCK_WORKING_DAYS, CLOCK_WEEKS, CLOCK_MONTHS, CLOCK_PERCENT };

/* X(ID, name, default, unit, least, most, set by law?, help) */
/* clang-format off */
#define CLOCKS(X)                                                                                  \
    X(PREPARE_DAYS, prepare_days, 20, WORKING_DAYS, 1, 250, false,                                 \
      "before the planned day: preparation of an audit opens and the views are asked for")         \
    X(AGREE_DAYS, agree_days, 10, WORKING_DAYS, 1, 250, false,                                     \
      "after the review: the audit is agreed and signed")                                          \
    X(FORWARD_DAYS, forward_days, 2, WORKING_DAYS, 1, 250, false,                                  \
      "after submission: it is forwarded to a moderator")                                          \
    X(ANSWER_DAYS, answer_days, 5, WORKING_DAYS, 1, 250, false,                                    \
      "after a return: the authors answer the moderator's queries")                                \
    X(MODERATE_DAYS, moderate_days, 10, WORKING_DAYS, 1, 250, false,                               \
      "after receipt: the moderator has given a view on every judgement")                          \
    X(PLAN_DAYS, plan_days, 5, WORKING_DAYS, 1, 250, false,                                        \
      "after moderation: the team manager plans the actions")                                      \
    X(PLAN_DAYS_INADEQUATE, plan_days_inadequate, 2, WORKING_DAYS, 1, 250, false,                  \
      "the same, if the final grade is inadequate; not more than plan_days")                       \
    X(ASSURE_DAYS, assure_days, 5, WORKING_DAYS, 1, 250, false,                                    \
      "after planning: the service manager assures the plan of a weaker audit, or sends it back")  \
    X(ABSENT_DAYS, absent_days, 10, WORKING_DAYS, 1, 250, false,                                   \
      "away for longer than this: the team manager may sign for an absent practitioner")           \
    X(REAUDIT_INADEQUATE_MONTHS, reaudit_inadequate_months, 3, MONTHS, 1, 24, false,               \
      "after closing: an inadequate audit is followed by another")                                 \
    X(REAUDIT_RI_MONTHS, reaudit_ri_months, 6, MONTHS, 1, 24, false,                               \
      "after closing: one that requires improvement is; not less than reaudit_inadequate_months")  \
    X(CARER_VOICE_DAYS, carer_voice_days, 15, WORKING_DAYS, 1, 250, false,                         \
      "before the review: the carer is asked for a view; not more than prepare_days")              \
    X(CARER_CHASE_DAYS, carer_chase_days, 5, WORKING_DAYS, 1, 250, false,                          \
      "before the review: the carer is asked again; less than carer_voice_days")                   \
    X(REP_DAYS, rep_days, 10, WORKING_DAYS, 1, 250, false,                                         \
      "before the review: the social worker's report is in")                                       \
    X(ACTION_DAYS, action_days, 20, WORKING_DAYS, 1, 250, false,                                   \
      "to do an action, unless another day is agreed")                                             \
    X(ACTION_SAFETY_DAYS, action_safety_days, 5, WORKING_DAYS, 1, 250, false,                      \
      "the same, if it is about safety; not more than action_days")                                \
    X(REMIND_BEFORE_DAYS, remind_before_days, 5, WORKING_DAYS, 1, 250, false,                      \
      "before an action is due: its owner is reminded")                                            \
    X(REMIND_EVERY_DAYS, remind_every_days, 5, WORKING_DAYS, 1, 250, false,                        \
      "between further reminders to owner and team manager, from the due day on")                  \
    X(LATE_SM_DAYS, late_sm_days, 10, WORKING_DAYS, 1, 250, false,                                 \
      "that an action is late: the service manager is told")                                       \
    X(LATE_HOS_DAYS, late_hos_days, 20, WORKING_DAYS, 1, 250, false,                               \
      "the same: the head of service is told; not less than late_sm_days")                         \
    X(IMPACT_MONTHS, impact_months, 3, MONTHS, 1, 24, false,                                       \
      "after an action is closed: its impact is asked for")                                        \
    X(STAGE_DAYS, stage_days, 5, WORKING_DAYS, 1, 20, false,                                       \
      "for an answer at each stage of a practice challenge or dispute")                            \
    X(STAGES_TOTAL_DAYS, stages_total_days, 20, WORKING_DAYS, 1, 20, true,                         \
      "for stages 1 to 4 of a dispute together; by law not above 20")                              \
    X(MEETING_WEEKS, meeting_weeks, 3, WEEKS, 3, 52, true,                                         \
      "before a final hearing: the last day for a care planning meeting; by law not below 3")      \
    X(SAMPLE_PERCENT, sample_percent, 100, PERCENT, 0, 100, false,                                 \
      "of submitted audits are moderated; inadequate, outstanding and a new auditor's first always") \
    X(REVIEW_PLAN_MONTHS, review_plan_months, 11, MONTHS, 1, 12, false,                            \
      "after the last review, or approval: the next one is planned; it must be held within 12")    \
    X(NOTIFY_DAYS, notify_days, 3, WORKING_DAYS, 1, 250, false,                                    \
      "after the month: allegations, exemptions and exceptions are notified, or that there are none") \
    X(HIGHLIGHT_DAYS, highlight_days, 5, WORKING_DAYS, 1, 250, false,                              \
      "after the month: the highlight report is written")                                          \
    X(PAPERS_DAYS, papers_days, 5, WORKING_DAYS, 1, 250, false,                                    \
      "before the monthly quality meeting: its papers are in")                                     \
    X(QUARTER_REPORT_DAYS, quarter_report_days, 15, WORKING_DAYS, 1, 250, false,                   \
      "after the quarter: the quarterly report is issued")                                         \
    X(PANEL_REPORT_DAYS, panel_report_days, 20, WORKING_DAYS, 1, 250, false,                       \
      "after the half-year: the report on the quality of panel papers is written")                 \
    X(HORIZON_MONTHS, horizon_months, 18, MONTHS, 3, 60, false,                                    \
      "ahead: how far the calendar of activity is filled in")
/* clang-format on */

#define CLOCK_ENUM(id, name, standard, unit, least, most, law, help) CLOCK_##id,
enum clock { CLOCKS(CLOCK_ENUM) CLOCK_COUNT };
#undef CLOCK_ENUM

/* One number for each clock, under its name: v->agree_days. */
#define CLOCK_FIELD(id, name, standard, unit, least, most, law, help) uint32_t name;
struct clock_values {
    CLOCKS(CLOCK_FIELD)
    uint64_t inclusive; /* CLOCK_BIT set: the day itself counts as the first (working days only) */
};
#undef CLOCK_FIELD
#define CLOCK_BIT(c) (UINT64_C(1) << (c))

struct clock_row {
    const char *name; /* "agree_days", as in the settings */
    uint32_t standard;
    enum clock_unit unit;
    uint32_t least, most;
    bool law; /* a bound of the range is set by law (§), otherwise it is a local choice (†) */
    const char *help;
};
const struct clock_row *clock_row(enum clock c);
/* The clock of this name; -1: there is none. */
int clock_find(const char *name);
/* "working days", "weeks", "months", "percent" */
const char *clock_unit_name(enum clock_unit unit);

void clock_values_default(struct clock_values *v);
uint32_t clock_value(const struct clock_values *v, enum clock c);
/* As people say it: "10 working days", "1 week", "100 %". */
void clock_say(const struct clock_values *v, enum clock c, char out[32]);

/* Do these contradict each other? ERR_INPUT with a sentence that names two settings, their values
 * and why they do not go together; pair[] (may be NULL) says which two. */
MUST_CHECK enum err clock_values_check(const struct clock_values *v, enum clock pair[2],
                                       struct err_info *why);

/* Days; not for a clock in percent. */

/* So long after d: the last day on which what began on d is in time. */
struct due clock_after(const struct clock_values *v, enum clock c, const struct holidays *h,
                       struct civil d);
/* So long before d: the day by which, or from which on, what leads to d happens. */
struct due clock_before(const struct clock_values *v, enum clock c, const struct holidays *h,
                        struct civil d);

#endif
