/* The rows of every path, and the words of the guards: flat lists. What a guard looks at is in
 * life_guard.c. */

#include "server/rules/life.h"

#include <string.h>

#define R(role)   ROLE_BIT(ROLE_##role)
#define S(state)  STATE_BIT(AUDIT_##state)
#define G(guard)  GUARD_BIT(GUARD_##guard)
#define BEGINNING STATE_BIT(LIFE_BEGINNING)
#define NO_CLOCK  CLOCK_COUNT

enum {
    OBSERVERS = R(FTM) | R(SM) | R(HOS) | R(DIR),
    LEADERS = OBSERVERS | R(EXEC),
    GIVERS = R(FRO) | R(FSW) | R(CSW) | R(IRO), /* who may ask for a view */
    AUTHORS = R(FRO) | R(FSW),
    OPENING = G(PRACTITIONER) | G(SELF) | G(REVIEW),
    MODERATED = G(VIEWS) | G(AGREEMENT),
    PLANNED_WELL = G(PLAN) | G(ACTIONS),
};

/* clang-format off */
static const struct life_move table[] = {
    /* ---- collaborative and thematic audits ---- */
    {LIFE_AUDIT, BEGINNING, AUDIT_PLANNED, LIFE_ASKED,
     R(QA) | R(FRO) | R(FTM) | LIFE_SERVER, LIFE_ALWAYS, LIFE_NO_REASON, 0, 0, false, NO_CLOCK,
     "Plan the audit", "", "the carer's reference, the period, the planned day, what it comes from"},
    {LIFE_AUDIT, S(PLANNED), AUDIT_PREPARING, LIFE_CALENDAR,
     LIFE_SERVER, LIFE_ALWAYS, LIFE_NO_REASON, G(WINDOW), 0, false, CLOCK_PREPARE_DAYS,
     "Begin to prepare", "", "the people, the period; the requests for each view go out"},
    {LIFE_AUDIT, S(PREPARING), AUDIT_IN_PROGRESS, LIFE_ASKED,
     R(FRO), LIFE_ALWAYS, LIFE_EXCUSES, OPENING, G(SELF) | G(REVIEW), false, NO_CLOCK,
     "Open the room", "why it begins without that", "who is in the room"},
    {LIFE_AUDIT, S(IN_PROGRESS), AUDIT_AGREED, LIFE_SIGNED,
     AUTHORS | R(FTM), LIFE_ALWAYS, LIFE_NO_REASON, G(ANSWERS) | G(SIGNATURES), 0, false, CLOCK_AGREE_DAYS,
     "Agree and sign", "", "both signatures, a difference of view beside them; for a practitioner who is away the team manager signs, with a reason"},
    {LIFE_AUDIT, S(AGREED), AUDIT_IN_PROGRESS, LIFE_ASKED,
     LIFE_SIGNER, LIFE_ALWAYS, LIFE_REASON, 0, 0, false, NO_CLOCK,
     "Go back to writing", "what needs to change", "both signatures are void from then on"},
    {LIFE_AUDIT, S(AGREED), AUDIT_SUBMITTED, LIFE_ASKED,
     R(FRO), LIFE_ALWAYS, LIFE_NO_REASON, G(NO_QUESTION), 0, false, NO_CLOCK,
     "Submit", "", "the submitted revision; the team's managers see it too"},
    {LIFE_AUDIT, S(SUBMITTED), AUDIT_MODERATING, LIFE_ASKED,
     R(QA), LIFE_ALWAYS, LIFE_EXCUSES, G(MODERATOR) | G(OWN_IRO), G(OWN_IRO), false, CLOCK_FORWARD_DAYS,
     "Forward to the moderator", "why it is not the child's own IRO", "who moderates"},
    {LIFE_AUDIT, S(MODERATING), AUDIT_MODERATED, LIFE_ASKED,
     LIFE_MODERATOR, LIFE_ALWAYS, LIFE_NO_REASON, MODERATED, 0, false, CLOCK_MODERATE_DAYS,
     "Finish the moderation", "", "the moderator's and the final grades, the result"},
    {LIFE_AUDIT, S(MODERATING), AUDIT_RETURNED, LIFE_ASKED,
     LIFE_MODERATOR, LIFE_ALWAYS, LIFE_NO_REASON, G(QUERY), 0, false, CLOCK_MODERATE_DAYS,
     "Return it with questions", "", ""},
    {LIFE_AUDIT, S(RETURNED), AUDIT_MODERATING, LIFE_ASKED,
     R(FRO), LIFE_ALWAYS, LIFE_NO_REASON, G(QUERIES_ANSWERED) | G(SIGNATURES), 0, false, CLOCK_ANSWER_DAYS,
     "Send it back answered", "", "the new revision; the earlier one and its signatures are kept"},
    {LIFE_AUDIT, S(MODERATED), AUDIT_ACTION_PLANNING, LIFE_FOLLOWS,
     LIFE_SERVER, LIFE_ALWAYS, LIFE_NO_REASON, 0, 0, false, NO_CLOCK,
     "Begin to plan actions", "", "the manager is told"},
    {LIFE_AUDIT, S(ACTION_PLANNING), AUDIT_ASSURANCE, LIFE_ASKED,
     R(FTM), LIFE_WHEN_WEAK, LIFE_NO_REASON, PLANNED_WELL, 0, false, CLOCK_PLAN_DAYS,
     "Ask for assurance of the plan", "", "the plan's revision"},
    {LIFE_AUDIT, S(ACTION_PLANNING), AUDIT_FOLLOW_UP, LIFE_ASKED,
     R(FTM), LIFE_WHEN_SOUND, LIFE_NO_REASON, PLANNED_WELL, 0, true, CLOCK_PLAN_DAYS,
     "Begin to follow up", "", "the plan's revision; every action is open, with its first due date"},
    {LIFE_AUDIT, S(ASSURANCE), AUDIT_FOLLOW_UP, LIFE_ASKED,
     R(SM), LIFE_ALWAYS, LIFE_REASON, G(NOT_OWN_PLAN), 0, true, CLOCK_ASSURE_DAYS,
     "Assure the plan", "your statement: is the plan enough, and in reasonable time",
     "the statement; every action is open, with its first due date"},
    {LIFE_AUDIT, S(ASSURANCE), AUDIT_ACTION_PLANNING, LIFE_ASKED,
     R(SM), LIFE_ALWAYS, LIFE_REASON, 0, 0, false, CLOCK_ASSURE_DAYS,
     "Send the plan back", "what the plan still needs", "how often it was sent back"},
    {LIFE_AUDIT, S(FOLLOW_UP), AUDIT_CLOSED, LIFE_ASKED,
     R(FTM), LIFE_WHEN_SOUND, LIFE_NO_REASON, G(SETTLED), 0, false, NO_CLOCK,
     "Close", "", "when to ask what the actions changed"},
    {LIFE_AUDIT, S(FOLLOW_UP), AUDIT_CLOSED, LIFE_ASKED,
     R(SM), LIFE_WHEN_WEAK, LIFE_NO_REASON, G(SETTLED), 0, false, NO_CLOCK,
     "Close", "", "when to ask what the actions changed; the latest day of the next audit"},
    {LIFE_AUDIT, S(CLOSED), AUDIT_IN_PROGRESS, LIFE_ASKED,
     R(QA), LIFE_ALWAYS, LIFE_REASON, 0, 0, false, NO_CLOCK,
     "Re-open", "what has come to light", "the signatures stay with the earlier revision"},
    {LIFE_AUDIT, S(PLANNED) | S(PREPARING) | S(IN_PROGRESS) | S(AGREED) | S(SUBMITTED) | S(MODERATING) | S(RETURNED),
     AUDIT_WITHDRAWN, LIFE_ASKED,
     R(QA), LIFE_ALWAYS, LIFE_REASON, 0, 0, false, NO_CLOCK,
     "Withdraw", "why: a duplicate, the carer left, transferred", "kept, and counted by itself"},

    /* ---- dip audits ---- */
    {LIFE_SHORT, BEGINNING, AUDIT_PLANNED, LIFE_ASKED,
     R(IRO) | R(QA) | LIFE_SERVER, LIFE_ALWAYS, LIFE_NO_REASON, 0, 0, false, NO_CLOCK,
     "Plan the dip audit", "", "the child's or the carer's reference, what it comes from"},
    {LIFE_SHORT, S(PLANNED), AUDIT_IN_PROGRESS, LIFE_ASKED,
     R(IRO), LIFE_ALWAYS, LIFE_NO_REASON, 0, 0, false, NO_CLOCK,
     "Open the room", "", "who is in the room"},
    {LIFE_SHORT, S(IN_PROGRESS), AUDIT_AGREED, LIFE_SIGNED,
     R(IRO), LIFE_ALWAYS, LIFE_NO_REASON, G(ANSWERS) | G(SIGNATURES), 0, false, NO_CLOCK,
     "Sign", "", "the IRO's signature; the worker's response is welcome, not required"},
    {LIFE_SHORT, S(AGREED), AUDIT_IN_PROGRESS, LIFE_ASKED,
     LIFE_SIGNER, LIFE_ALWAYS, LIFE_REASON, 0, 0, false, NO_CLOCK,
     "Go back to writing", "what needs to change", "the signature is void from then on"},
    {LIFE_SHORT, S(AGREED), AUDIT_ACTION_PLANNING, LIFE_ASKED,
     R(IRO), LIFE_ALWAYS, LIFE_NO_REASON, 0, 0, true, NO_CLOCK,
     "Hand over to act on it", "", "every action is open, with its first due date"},
    {LIFE_SHORT, S(ACTION_PLANNING), AUDIT_CLOSED, LIFE_ASKED,
     R(FTM) | R(IRO), LIFE_ALWAYS, LIFE_NO_REASON, G(SETTLED), 0, false, NO_CLOCK,
     "Close", "", ""},
    {LIFE_SHORT, S(PLANNED) | S(IN_PROGRESS) | S(AGREED), AUDIT_WITHDRAWN, LIFE_ASKED,
     R(QA), LIFE_ALWAYS, LIFE_REASON, 0, 0, false, NO_CLOCK,
     "Withdraw", "why: a duplicate, the carer left, transferred", "kept, and counted by itself"},

    /* ---- observations of practice ---- */
    {LIFE_OBSERVATION, BEGINNING, AUDIT_PLANNED, LIFE_ASKED,
     OBSERVERS | R(QA) | R(FRO) | LIFE_SERVER, LIFE_ALWAYS, LIFE_NO_REASON, 0, 0, false, NO_CLOCK,
     "Plan the observation", "", "the carer's reference, the planned day"},
    {LIFE_OBSERVATION, S(PLANNED), AUDIT_IN_PROGRESS, LIFE_ASKED,
     OBSERVERS, LIFE_ALWAYS, LIFE_NO_REASON, 0, 0, false, NO_CLOCK,
     "Begin to write", "", "who is in the room"},
    {LIFE_OBSERVATION, S(IN_PROGRESS), AUDIT_AGREED, LIFE_SIGNED,
     OBSERVERS, LIFE_ALWAYS, LIFE_NO_REASON, G(ANSWERS) | G(SIGNATURES), 0, false, NO_CLOCK,
     "Sign", "", "the observer's signature"},
    {LIFE_OBSERVATION, S(AGREED), AUDIT_IN_PROGRESS, LIFE_ASKED,
     LIFE_SIGNER, LIFE_ALWAYS, LIFE_REASON, 0, 0, false, NO_CLOCK,
     "Go back to writing", "what needs to change", "the signature is void from then on"},
    {LIFE_OBSERVATION, S(AGREED), AUDIT_FOLLOW_UP, LIFE_ASKED,
     OBSERVERS, LIFE_ALWAYS, LIFE_NO_REASON, G(ACTIONS), 0, true, NO_CLOCK,
     "Begin to follow up", "", "every action is open, with its first due date"},
    {LIFE_OBSERVATION, S(FOLLOW_UP), AUDIT_CLOSED, LIFE_ASKED,
     OBSERVERS, LIFE_ALWAYS, LIFE_NO_REASON, G(SETTLED), 0, false, NO_CLOCK,
     "Close", "", ""},
    {LIFE_OBSERVATION, S(PLANNED) | S(IN_PROGRESS) | S(AGREED), AUDIT_WITHDRAWN, LIFE_ASKED,
     R(QA), LIFE_ALWAYS, LIFE_REASON, 0, 0, false, NO_CLOCK,
     "Withdraw", "why it is not held", "kept, and counted by itself"},

    /* ---- feedback: one voice's form ---- */
    {LIFE_FEEDBACK, BEGINNING, AUDIT_PLANNED, LIFE_ASKED,
     GIVERS | R(QA) | LIFE_SERVER, LIFE_ALWAYS, LIFE_NO_REASON, 0, 0, false, NO_CLOCK,
     "Ask for the view", "", "whose view it is, the planned day"},
    {LIFE_FEEDBACK, S(PLANNED), AUDIT_IN_PROGRESS, LIFE_ASKED,
     LIFE_WRITER, LIFE_ALWAYS, LIFE_NO_REASON, 0, 0, false, NO_CLOCK,
     "Begin to write", "", ""},
    {LIFE_FEEDBACK, S(IN_PROGRESS), AUDIT_CLOSED, LIFE_ASKED,
     LIFE_WRITER, LIFE_ALWAYS, LIFE_NO_REASON, G(ANSWERS), 0, false, NO_CLOCK,
     "Close", "", ""},
    {LIFE_FEEDBACK, S(PLANNED) | S(IN_PROGRESS), AUDIT_WITHDRAWN, LIFE_ASKED,
     R(QA), LIFE_ALWAYS, LIFE_REASON, 0, 0, false, NO_CLOCK,
     "Withdraw", "why it is not asked any more", "kept, and counted by itself"},

    /* ---- care planning meetings ---- */
    {LIFE_MEETING, BEGINNING, AUDIT_PLANNED, LIFE_ASKED,
     R(SM) | R(FTM) | R(CSW) | R(IRO) | R(QA) | LIFE_SERVER, LIFE_ALWAYS, LIFE_NO_REASON, 0, 0, false, NO_CLOCK,
     "Call the meeting", "", "the trigger, the day, the hearing it must come before"},
    {LIFE_MEETING, S(PLANNED), AUDIT_IN_PROGRESS, LIFE_ASKED,
     R(SM), LIFE_WHEN_NOT_SGO, LIFE_NO_REASON, 0, 0, false, NO_CLOCK,
     "Open the meeting", "", "who is present"},
    {LIFE_MEETING, S(PLANNED), AUDIT_IN_PROGRESS, LIFE_ASKED,
     R(FTM), LIFE_WHEN_SGO, LIFE_NO_REASON, 0, 0, false, NO_CLOCK,
     "Open the meeting", "", "who is present"},
    {LIFE_MEETING, S(IN_PROGRESS), AUDIT_FOLLOW_UP, LIFE_ASKED,
     R(SM), LIFE_WHEN_NOT_SGO, LIFE_NO_REASON, G(ANSWERS) | G(FAMILY_LED) | G(ACTIONS), 0, true, NO_CLOCK,
     "Agree the minutes", "", "the decision; every agreed action is open, with its first due date"},
    {LIFE_MEETING, S(IN_PROGRESS), AUDIT_FOLLOW_UP, LIFE_ASKED,
     R(FTM), LIFE_WHEN_SGO, LIFE_NO_REASON, G(ANSWERS) | G(FAMILY_LED) | G(ACTIONS), 0, true, NO_CLOCK,
     "Agree the minutes", "", "the decision; every agreed action is open, with its first due date"},
    {LIFE_MEETING, S(FOLLOW_UP), AUDIT_CLOSED, LIFE_ASKED,
     R(SM) | R(FTM), LIFE_ALWAYS, LIFE_NO_REASON, G(SETTLED), 0, false, NO_CLOCK,
     "Close", "", ""},
    {LIFE_MEETING, S(PLANNED) | S(IN_PROGRESS), AUDIT_WITHDRAWN, LIFE_ASKED,
     R(SM) | R(QA), LIFE_ALWAYS, LIFE_REASON, 0, 0, false, NO_CLOCK,
     "Call it off", "why it is not needed any more", "kept, and counted by itself"},

    /* ---- practice challenges and disputes ---- */
    {LIFE_CHALLENGE, BEGINNING, AUDIT_PLANNED, LIFE_ASKED,
     R(IRO) | R(IROM) | LIFE_SERVER, LIFE_ALWAYS, LIFE_NO_REASON, 0, 0, false, NO_CLOCK,
     "Raise the question", "", "the child's reference, what it comes from"},
    {LIFE_CHALLENGE, S(PLANNED), AUDIT_IN_PROGRESS, LIFE_ASKED,
     R(IRO), LIFE_ALWAYS, LIFE_EXCUSES, G(STAGE) | G(POSITION), G(POSITION), false, NO_CLOCK,
     "Begin at a stage", "the position with which the dispute begins", "the stage"},
    {LIFE_CHALLENGE, S(IN_PROGRESS), AUDIT_IN_PROGRESS, LIFE_ASKED,
     R(IRO), LIFE_ALWAYS, LIFE_NO_REASON, G(STAGE) | G(POSITION), 0, false, CLOCK_STAGE_DAYS,
     "Take it to the next stage", "", "the stage, and which were left out"},
    {LIFE_CHALLENGE, S(IN_PROGRESS), AUDIT_FOLLOW_UP, LIFE_ASKED,
     R(IRO), LIFE_ALWAYS, LIFE_NO_REASON, G(OUTCOME) | G(HAS_ACTION) | G(ACTIONS), 0, true, CLOCK_STAGE_DAYS,
     "Follow up what was agreed", "", "the outcome; every action is open, with its first due date"},
    {LIFE_CHALLENGE, S(IN_PROGRESS), AUDIT_CLOSED, LIFE_ASKED,
     R(IRO), LIFE_ALWAYS, LIFE_NO_REASON, G(OUTCOME) | G(DIFFERENCE) | G(NO_ACTION), 0, false, CLOCK_STAGE_DAYS,
     "Close", "", "the outcome, the difference to the child"},
    {LIFE_CHALLENGE, S(FOLLOW_UP), AUDIT_CLOSED, LIFE_ASKED,
     R(IRO), LIFE_ALWAYS, LIFE_NO_REASON, G(SETTLED) | G(DIFFERENCE), 0, false, NO_CLOCK,
     "Close", "", "the difference to the child"},
    {LIFE_CHALLENGE, S(PLANNED) | S(IN_PROGRESS), AUDIT_WITHDRAWN, LIFE_ASKED,
     R(IRO) | R(QA), LIFE_ALWAYS, LIFE_REASON, 0, 0, false, NO_CLOCK,
     "Withdraw", "why it is not pursued", "kept, and counted by itself"},
};

static const struct life_guard_row guards[GUARD_COUNT] = {
    {GUARD_WINDOW,           "its first day of preparation has come, counted from the planned day",
     "It opens by itself on that day."},
    {GUARD_PRACTITIONER,     "the practitioner (FSW) is named",
     "The reviewing officer (FRO) or QA adds them: tandem invite"},
    {GUARD_SELF,             "the practitioner's own assessment is in",
     "The practitioner (FSW) gives it."},
    {GUARD_REVIEW,           "the review meeting was held (collaborative audits)",
     "The reviewing officer (FRO) records its day."},
    {GUARD_ANSWERS,          "required answers are given, each judgement has its rationale, every view is obtained or its absence explained",
     "Those who write it can complete them."},
    {GUARD_SIGNATURES,       "everyone who agrees has signed this same revision",
     "Each signs for themselves: tandem sign"},
    {GUARD_NO_QUESTION,      "no comment that must be answered is open",
     "The authors answer; who asked resolves it."},
    {GUARD_MODERATOR,        "the moderator may give an independent view: has not written in it, led it, owns no action of it and does not manage its people",
     "QA names somebody else."},
    {GUARD_OWN_IRO,          "the moderator is the child's own IRO, unless that IRO may not",
     "QA names them, or says why not."},
    {GUARD_QUERY,            "the moderator asks at least one thing (a comment that must be answered)",
     "The moderator writes it: tandem comment --must-answer"},
    {GUARD_QUERIES_ANSWERED, "every question of the moderator is answered",
     "The authors (FRO, FSW) answer: tandem comment"},
    {GUARD_VIEWS,            "the moderator has a view on every judgement in the sample, with a reason where it differs",
     "The moderator gives it."},
    {GUARD_AGREEMENT,        "every difference is accepted, agreed or decided",
     "The authors accept or answer; where that does not end it, QA decides."},
    {GUARD_PLAN,             "every finding of what needs to change leads to an action, or says why none is needed",
     "The team manager (FTM) and the authors plan."},
    {GUARD_ACTIONS,          "every action says what will change, what is done, how it is measured, who owns it and by when",
     "The team manager (FTM) and the authors plan."},
    {GUARD_NOT_OWN_PLAN,     "who assures the plan has not written it",
     "Another service manager (SM) assures it."},
    {GUARD_SETTLED,          "every action is verified, superseded, cancelled with a reason, or led to another",
     "Owners say when it is done, another person verifies: tandem action"},
    {GUARD_FAMILY_LED,       "a family-led meeting was held, or its absence is explained and accepted by the service manager (needed to record that a child enters care)",
     "The social workers record it; the service manager (SM) accepts."},
    {GUARD_STAGE,            "the stage comes after the present one",
     "The IRO chooses the stage."},
    {GUARD_POSITION,         "the IRO's position at that stage is written (from stage 1)",
     "The IRO writes it."},
    {GUARD_OUTCOME,          "the outcome is recorded",
     "The IRO records it."},
    {GUARD_DIFFERENCE,       "the difference to the child is written (not when withdrawn or taken outside)",
     "The IRO writes it."},
    {GUARD_HAS_ACTION,       "at least one action is agreed",
     "The IRO and the managers write it."},
    {GUARD_NO_ACTION,        "no agreed action waits to be followed up",
     "Follow them up first."},
};
/* clang-format on */

const struct life_move *life_table(size_t *count)
{
    *count = sizeof table / sizeof *table;
    return table;
}

const struct life_guard_row *life_guards(void)
{
    return guards;
}

struct path_row {
    const char *type; /* of the template */
    enum life_path path;
};
static const struct path_row paths[] = {
    {"collaborative", LIFE_AUDIT      },
    {"thematic",      LIFE_AUDIT      },
    {"dip",           LIFE_SHORT      },
    {"observation",   LIFE_OBSERVATION},
    {"feedback",      LIFE_FEEDBACK   },
    {"meeting",       LIFE_MEETING    },
    {"challenge",     LIFE_CHALLENGE  },
};
static const struct path_words {
    const char *code, *title;
} words[LIFE_PATHS] = {
    [LIFE_AUDIT] = {"audit",       "Collaborative and thematic audits"},
    [LIFE_SHORT] = {"short",       "Dip audits"                       },
    [LIFE_OBSERVATION] = {"observation", "Observations of practice"         },
    [LIFE_FEEDBACK] = {"feedback",    "Feedback"                         },
    [LIFE_MEETING] = {"meeting",     "Care planning meetings"           },
    [LIFE_CHALLENGE] = {"challenge",   "Practice challenges and disputes" },
};

enum life_path life_path_of(const struct template *t)
{
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++)
        if (!strcmp(t->type, paths[i].type))
            return paths[i].path;
    return LIFE_AUDIT;
}

const char *life_path_code(enum life_path p)
{
    return words[p].code;
}

const char *life_path_title(enum life_path p)
{
    return words[p].title;
}

role_set life_creators(enum life_path p)
{
    for (size_t i = 0; i < sizeof table / sizeof *table; i++)
        if (table[i].path == p && table[i].from == BEGINNING)
            return table[i].who & ((1u << ROLE_COUNT) - 1);
    return 0;
}
