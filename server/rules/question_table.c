/* THE table of questions: one flat list. */

#include "server/rules/question.h"

/* ---- columns of the lists ---- */

/* clang-format off */
#define REF     {"ref", "record", ANSWER_REF}
#define TEAM    {"team", "team", ANSWER_NAME}
#define STATE   {"state", "state", ANSWER_CODE}
#define DUE     {"due", "due", ANSWER_DAY}
#define LATE    {"days_late", "late", ANSWER_DAYS}
#define AGE     {"age", "age", ANSWER_DAYS}
#define WHO     {"who", "who", ANSWER_NAME}
#define REASON  {"reason", "reason", ANSWER_TEXT}

#define COLUMNS(name, ...) static const struct answer_column name[] = {__VA_ARGS__}
COLUMNS(due_cols, REF, {"kind", "what", ANSWER_CODE}, {"text", "to do", ANSWER_TEXT}, WHO, TEAM, DUE,
        LATE);
COLUMNS(soon_cols, REF, {"kind", "what", ANSWER_CODE}, {"text", "to do", ANSWER_TEXT}, WHO, TEAM, DUE,
        {"days_left", "left", ANSWER_DAYS});
COLUMNS(moderation_cols, REF, TEAM, STATE, {"moderator", "moderator", ANSWER_NAME}, AGE, DUE,
        {"days_left", "left", ANSWER_DAYS});
COLUMNS(returned_cols, REF, TEAM, {"queries", "open queries", ANSWER_COUNT},
        {"moderator", "moderator", ANSWER_NAME}, AGE, DUE);
COLUMNS(inadequate_cols, REF, TEAM, STATE, {"actions", "actions", ANSWER_COUNT}, AGE, DUE);
COLUMNS(assurance_cols, REF, TEAM, {"grade", "final grade", ANSWER_CODE},
        {"sent_back", "sent back", ANSWER_COUNT}, AGE, DUE);
COLUMNS(action_cols, REF, {"action", "action", ANSWER_TEXT}, {"owner", "owner", ANSWER_NAME}, TEAM,
        {"first_due", "first due", ANSWER_DAY}, DUE, LATE);
COLUMNS(impact_cols, REF, {"action", "action", ANSWER_TEXT}, {"owner", "owner", ANSWER_NAME}, TEAM,
        {"closed", "closed", ANSWER_DAY}, AGE);
COLUMNS(carer_cols, {"carer", "carer", ANSWER_REF}, TEAM, {"last_review", "last review", ANSWER_DAY},
        {"limit", "limit", ANSWER_DAY}, {"days_left", "left", ANSWER_DAYS});
COLUMNS(review_cols, REF, {"carer", "carer", ANSWER_REF}, TEAM, {"limit", "limit", ANSWER_DAY},
        {"held", "held", ANSWER_DAY}, LATE, REASON);
COLUMNS(voice_cols, REF, TEAM, STATE, {"voice", "voice", ANSWER_CODE},
        {"status", "status", ANSWER_CODE}, REASON);
COLUMNS(difference_cols, REF, TEAM, {"question", "judgement", ANSWER_TEXT},
        {"practitioner", "practitioner", ANSWER_CODE}, {"auditor", "auditor", ANSWER_CODE},
        {"moderator", "moderator", ANSWER_CODE}, {"by", "grades apart", ANSWER_COUNT});
COLUMNS(short_cols, WHO, TEAM, {"planned", "planned", ANSWER_COUNT}, {"done", "done", ANSWER_COUNT},
        {"short", "short", ANSWER_COUNT});
COLUMNS(grade_cols, {"quarter", "quarter", ANSWER_TEXT}, TEAM,
        {"question", "judgement", ANSWER_TEXT}, {"grade", "grade", ANSWER_CODE},
        {"agreed", "agreed", ANSWER_COUNT}, {"final", "final", ANSWER_COUNT},
        {"share", "share of final", ANSWER_SHARE});
COLUMNS(theme_cols, {"theme", "theme", ANSWER_CODE}, {"strengths", "strengths", ANSWER_COUNT},
        {"developments", "developments", ANSWER_COUNT}, {"before", "period before", ANSWER_COUNT});
COLUMNS(area_cols, {"area", "core area", ANSWER_CODE}, {"title", "about", ANSWER_TEXT},
        {"done", "audits", ANSWER_COUNT}, {"planned", "programme", ANSWER_COUNT},
        {"share", "share", ANSWER_SHARE});
COLUMNS(dispute_cols, REF, TEAM, {"stage", "stage", ANSWER_COUNT},
        {"days_used", "days used", ANSWER_DAYS}, {"owed_by", "answer owed by", ANSWER_NAME}, DUE);
COLUMNS(trigger_cols, REF, {"trigger", "trigger", ANSWER_CODE}, {"fired", "fired", ANSWER_TIME}, TEAM,
        {"suggested", "suggested", ANSWER_TEXT}, {"age", "age", ANSWER_DAYS});
COLUMNS(hearing_cols, {"child", "child", ANSWER_REF}, TEAM, {"hearing", "hearing", ANSWER_DAY},
        {"limit", "meeting by", ANSWER_DAY}, {"days_left", "left", ANSWER_DAYS},
        {"booked", "booked", ANSWER_DAY});
COLUMNS(eleven_cols, {"child", "child", ANSWER_REF}, TEAM, {"placed", "placed", ANSWER_DAY},
        {"eleven_months", "11 months", ANSWER_DAY}, {"age", "since", ANSWER_DAYS});
COLUMNS(missed_cols, WHO, {"role", "role", ANSWER_CODE}, TEAM, {"month", "month", ANSWER_TEXT}, REASON);
COLUMNS(reaudit_cols, REF, TEAM, {"grade", "final grade", ANSWER_CODE}, DUE,
        {"planned", "planned", ANSWER_DAY}, LATE);
COLUMNS(room_cols, REF, TEAM, STATE, {"roles", "roles present", ANSWER_TEXT},
        {"since", "since", ANSWER_TIME});
COLUMNS(reader_cols, {"when", "when", ANSWER_TIME}, WHO, {"role", "role", ANSWER_CODE},
        {"what", "what", ANSWER_TEXT});
COLUMNS(promise_cols, REF, {"action", "what was promised", ANSWER_TEXT},
        {"owner", "lead", ANSWER_NAME}, DUE, STATE, {"impact", "impact", ANSWER_CODE});
COLUMNS(return_cols, {"what", "what", ANSWER_TEXT}, {"kind", "kind", ANSWER_CODE}, TEAM,
        {"month", "month", ANSWER_TEXT}, WHO, LATE);

/* ---- filters and askers ---- */

enum {
    F_TEAM = FILTER_BIT(FILTER_TEAM),
    F_PERSON = FILTER_BIT(FILTER_PERSON),
    F_ROLE = FILTER_BIT(FILTER_ROLE),
    F_STATE = FILTER_BIT(FILTER_STATE),
    F_GRADE = FILTER_BIT(FILTER_GRADE),
    F_THEME = FILTER_BIT(FILTER_THEME),
    F_TEMPLATE = FILTER_BIT(FILTER_TEMPLATE),
    F_PERIOD = FILTER_BIT(FILTER_PERIOD),
    F_AS_AT = FILTER_BIT(FILTER_AS_AT),
    F_RECORD = FILTER_BIT(FILTER_RECORD),
    F_AUDIT = F_TEAM | F_PERSON | F_TEMPLATE | F_AS_AT, /* of lists of audits */
};
/* An operator sees no content, a councillor only what was published. */
#define LEADERS (ROLE_BIT(ROLE_FTM) | ROLE_BIT(ROLE_SM) | ROLE_BIT(ROLE_HOS) | ROLE_BIT(ROLE_DIR) | \
                 ROLE_BIT(ROLE_EXEC) | ROLE_BIT(ROLE_QA))
#define IROS    (ROLE_BIT(ROLE_IRO) | ROLE_BIT(ROLE_IROM))
#define AUTHORS (ROLE_BIT(ROLE_FRO) | ROLE_BIT(ROLE_FSW) | ROLE_BIT(ROLE_CSW))
#define ALL     (LEADERS | IROS | AUTHORS)

#define LIST(columns) columns, sizeof columns / sizeof *columns

static const struct question_def questions[] = {
    {1, "overdue", "What is overdue?",
     "occurrences, audits, actions and answers whose last day has gone by, worst first",
     "what is due today, and what was moved to a later day with a reason",
     LIST(due_cols), F_AUDIT | F_ROLE | F_STATE, ALL},
    {2, "due", "What falls due in the next 10 working days?",
     "occurrences, audits, actions and answers whose limit or clock ends from today to the end of "
     "the 10th working day (or in the period given)",
     "what is overdue already",
     LIST(soon_cols), F_AUDIT | F_ROLE | F_STATE | F_PERIOD, ALL},
    {3, "awaiting-moderation", "What awaits moderation?",
     "audits that are SUBMITTED or MODERATING; age since submission, clock of the moderator",
     "audits that were returned to their authors, and dip audits, which are not moderated",
     LIST(moderation_cols), F_AUDIT | F_STATE, ALL},
    {4, "returned", "What was returned and not answered?",
     "audits that are RETURNED with at least one query that has no answer",
     "returned audits whose queries are all answered and only wait to be sent back",
     LIST(returned_cols), F_AUDIT, ALL},
    {5, "inadequate-without-actions", "Which inadequate audits have no agreed actions?",
     "audits with the final grade inadequate that are in ACTION_PLANNING, or later without any "
     "action",
     "audits that are not moderated yet: they have no final grade",
     LIST(inadequate_cols), F_AUDIT | F_STATE, LEADERS | IROS | ROLE_BIT(ROLE_FRO)},
    {6, "awaiting-assurance", "What awaits my assurance?",
     "audits that are in ASSURANCE in the asker's service, with how often they were sent back",
     "plans that went back to the team manager and are not here again",
     LIST(assurance_cols), F_AUDIT | F_GRADE, LEADERS},
    {7, "late-actions", "Which actions are late?",
     "actions that are open, in progress or claimed as done, after the day that they are due now; "
     "by owner, with the first day that was agreed",
     "actions that are verified, cancelled or superseded",
     LIST(action_cols), F_TEAM | F_PERSON | F_THEME | F_TEMPLATE | F_AS_AT, ALL},
    {8, "no-impact", "Which closed actions show no impact?",
     "actions verified as done more than 3 months ago (a setting) for which no impact is recorded",
     "actions whose impact is recorded as \"cannot tell\": that is an answer",
     LIST(impact_cols), F_TEAM | F_PERSON | F_THEME | F_TEMPLATE | F_AS_AT, LEADERS | AUTHORS},
    {9, "no-review-booked", "Which carers near 12 months have no review booked?",
     "carers whose last review (or approval) was 11 months ago or longer and who have no review "
     "planned on or before the limit",
     "carers whose approval has ended",
     LIST(carer_cols), F_TEAM | F_PERSON | F_AS_AT, LEADERS | AUTHORS},
    {10, "late-reviews", "Which reviews were late, and why?",
     "reviews held after their limit in the period, with the reason given",
     "reviews held late against a planned day but before the limit; reviews not held yet (ask "
     "overdue)",
     LIST(review_cols), F_TEAM | F_PERSON | F_PERIOD | F_AS_AT, LEADERS | AUTHORS},
    {11, "missing-views", "Which audits lack the child's or the carer's view?",
     "audits in which the child's or the carer's view is not obtained, by status and reason",
     "withdrawn audits, and audits still PLANNED: nobody was asked yet",
     LIST(voice_cols), F_AUDIT | F_STATE | F_PERIOD, ALL},
    {12, "grade-differences", "Where do grades differ?",
     "judgements where auditor and moderator, or practitioner and auditor, gave different grades, "
     "with how many grades apart",
     "judgements with \"cannot judge\", and grades that are still blind",
     LIST(difference_cols), F_AUDIT | F_GRADE | F_PERIOD, LEADERS | IROS | ROLE_BIT(ROLE_FRO)},
    {13, "short-of-audits", "Who is short of this month's audits?",
     "for each auditor the audits planned in the month, those done (agreed or further), and the "
     "difference",
     "audits that were withdrawn with a reason",
     LIST(short_cols), F_TEAM | F_PERSON | F_ROLE | F_PERIOD | F_AS_AT, LEADERS},
    {14, "grades", "How are grades moving?",
     "judgements by team, judgement and quarter: agreed grades of audits that are agreed, final "
     "grades of those that are moderated",
     "judgements with \"cannot judge\"; no single worker is named",
     LIST(grade_cols), F_TEAM | F_GRADE | F_TEMPLATE | F_PERIOD | F_AS_AT, LEADERS | IROS},
    {15, "themes", "What are the top themes?",
     "findings by theme, strengths and developments apart, beside the period before of the same "
     "length",
     "findings without a theme (said under missing); a finding with two themes counts in both",
     LIST(theme_cols), F_TEAM | F_THEME | F_TEMPLATE | F_PERIOD | F_AS_AT,
     LEADERS | IROS | ROLE_BIT(ROLE_SSL)},
    {16, "thin-areas", "Which core areas are thin?",
     "for each of the nine core areas the audits that touched it, and their share of the programme",
     "audits that were withdrawn, and areas that the programme does not ask for",
     LIST(area_cols), F_TEAM | F_TEMPLATE | F_PERIOD | F_AS_AT, LEADERS},
    {17, "disputes", "Which disputes are open?",
     "disputes from stage 1 on that have no outcome: stage, days used of 20, who owes the answer",
     "practice challenges that are still informal (stage 0)",
     LIST(dispute_cols), F_TEAM | F_PERSON | F_AS_AT,
     LEADERS | IROS | ROLE_BIT(ROLE_FSW) | ROLE_BIT(ROLE_CSW)},
    {18, "triggers", "Which triggers fired?",
     "instant triggers of challenge and of care planning since the day or in the period given",
     "triggers whose time has not run out yet",
     LIST(trigger_cols), F_TEAM | F_PERIOD | F_AS_AT, LEADERS | IROS},
    {19, "hearings-without-meeting", "Which final hearings lack a care planning meeting?",
     "final hearings to come whose last day for a meeting (3 weeks before) has gone by or is within "
     "10 working days, and for which none was held",
     "hearings for which a meeting was held, however early",
     LIST(hearing_cols), F_TEAM | F_AS_AT, LEADERS | IROS | ROLE_BIT(ROLE_CSW)},
    {20, "eleven-months", "Which children at 11 months have had no meeting?",
     "children who have been in one foster placement for 11 months or more and for whom no care "
     "planning meeting was held since they came",
     "children whose placement has ended",
     LIST(eleven_cols), F_TEAM | F_AS_AT, LEADERS | IROS | ROLE_BIT(ROLE_CSW)},
    {21, "missed-observations", "Which observations were missed?",
     "observations of practice planned in the period and not held by their due day, for each leader, "
     "with the reason",
     "observations that were cancelled",
     LIST(missed_cols), F_TEAM | F_PERSON | F_ROLE | F_PERIOD | F_AS_AT, LEADERS},
    {22, "re-audit", "What needs re-audit?",
     "closed audits with a final grade of inadequate or requires improvement whose re-audit is due "
     "and not held",
     "audits that are not closed yet",
     LIST(reaudit_cols), F_AUDIT | F_GRADE, LEADERS | ROLE_BIT(ROLE_FRO)},
    {23, "rooms", "Who is in a room now?",
     "audits in whose room somebody is at this moment, with the roles present and since when",
     "people who left; it cannot be asked for another time",
     LIST(room_cols), F_TEAM | F_TEMPLATE, ALL},
    {24, "readers", "Who opened this record?",
     "every opening, export and answer that named the record, newest first",
     "attempts that were refused",
     LIST(reader_cols), F_PERSON | F_PERIOD | F_AS_AT | F_RECORD, ALL},
    {25, "promises", "What did we promise last quarter?",
     "strategic actions and actions of reports from the quarter before (or the period given), with "
     "their state and impact",
     "actions of single audits",
     LIST(promise_cols), F_TEAM | F_PERSON | F_STATE | F_THEME | F_PERIOD | F_AS_AT, LEADERS},
    {26, "missing-returns", "What is missing from the monthly return?",
     "measures without a value or with a blank, reports past their day, and nil returns that are "
     "owed",
     "measures that are computed from the records, and months that have not ended",
     LIST(return_cols), F_TEAM | F_PERIOD | F_AS_AT, LEADERS | ROLE_BIT(ROLE_LADO) | IROS},
};
/* clang-format on */

const struct question_def *question_table(size_t *count)
{
    *count = sizeof questions / sizeof *questions;
    return questions;
}
