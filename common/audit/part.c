#include <string.h>

#include "common/audit/template.h"

/* by bit */
static const char *const kinds_by_bit[] = {
    "judgement", "text",   "checklist", "ynp",        "date",        "people",   "scale",
    "number",    "choice", "evidence",  "voice",      "observation", "findings", "actions",
    "info",      "refs",   "period",    "moderation", "challenge",   "dated",
};

const char *kind_code(uint32_t kind)
{
    for (size_t i = 0; i < sizeof kinds_by_bit / sizeof *kinds_by_bit; i++)
        if (kind == 1u << i)
            return kinds_by_bit[i];
    return "?";
}

uint32_t kind_find(const char *code)
{
    for (size_t i = 0; i < sizeof kinds_by_bit / sizeof *kinds_by_bit; i++)
        if (!strcmp(kinds_by_bit[i], code))
            return 1u << i;
    return strcmp(code, "rationale") ? 0 : KIND_TEXT;
}

typedef const char *const codes[];

static codes ynp = {"yes", "partly", "no", "na", "no_evidence", NULL};
static codes check = {"met", "not_met", "na", "not_seen", NULL};
static codes people = {"FRO",       "FSW",    "CSW",    "IRO",     "IROM",  "FTM", "SM",    "HOS",
                       "DIR",       "EXEC",   "QA",     "LADO",    "PANEL", "SSL", "child", "carer",
                       "household", "parent", "family", "partner", "other", NULL};
static codes record = {"child", "carer", "other", NULL};
static codes voice_status = {"asked", "obtained", "declined", "not_possible", NULL};
static codes action_status = {"open",          "in_progress", "done_claimed", "done_verified",
                              "not_effective", "cancelled",   "superseded",   NULL};
static codes voice_reason = {"age_understanding", "absent", "unsafe", "no_reply", NULL};
static codes shown_to = {"auditors", "managers", "worker", "reports", NULL};
static codes sign = {"strength", "development", NULL};
static codes theme = {"recording", "plans",      "voice",      "supervision", "management",
                      "visits",    "matching",   "stability",  "support",     "assessment",
                      "carer-log", "training",   "joint-work", "family",      "education",
                      "health",    "permanence", "transition", "safety",      "panel",
                      "equality",  "data",       NULL};
static codes scope = {"child", "carer", "worker", "team", "system", NULL};
static codes priority = {"high", "normal", "low", NULL};
static codes view = {"agree", "differ", "insufficient", NULL};
static codes response = {"accept", "answer", NULL};
static codes source = {"finding", "meeting", "dispute", "observation", "xlt", NULL};
static codes impact = {"better", "same", "worse", "cannot_tell", NULL};

enum { REF_CP = 100, LINE_CP = 300, LONG_LINE_CP = 500 };

#define ROW(part, code, label, type, kinds, list, codes, max_len_cp, list_codes)                   \
    {                                                                                              \
        part, code, label, type, kinds, list, codes, max_len_cp, list_codes                        \
    }
#define VALUE(part, code, label, type, kinds, list)                                                \
    ROW(part, code, label, type, kinds, list, NULL, 0, NULL)
#define TEXT(part, code, label, kinds, list) VALUE(part, code, label, TYPE_TEXT, kinds, list)
#define LIST(part, code, label, kinds)       VALUE(part, code, label, TYPE_LIST, kinds, PART_NONE)
#define LINE(part, code, label, kinds, list, max_len_cp)                                           \
    ROW(part, code, label, TYPE_LINE, kinds, list, NULL, max_len_cp, NULL)
#define CODE(part, code, label, kinds, list, codes)                                                \
    ROW(part, code, label, TYPE_CODE, kinds, list, codes, 0, NULL)
#define CODES(part, code, label, kinds, list, codes)                                               \
    ROW(part, code, label, TYPE_CODES, kinds, list, codes, LINE_CP, NULL)

#define ITEMS(part, code, label, list)                                                             \
    ROW(part, code, label, TYPE_ITEMS, 0, list, NULL, LONG_LINE_CP, NULL)
#define PERSON(part, code, label, list) VALUE(part, code, label, TYPE_PERSON, 0, list)

/* part, code, label, [type,] kinds that have it directly, list whose items have it, ...
 * In the order of their numbers: part_find looks by halves. */
/* clang-format off */
static const struct part_def parts[] = {
    VALUE(PART_GRADE_AUDITOR, "grade_auditor", "auditor's grade", TYPE_GRADE, KIND_JUDGEMENT,
          PART_NONE),
    VALUE(PART_GRADE_PRACTITIONER, "grade_practitioner", "practitioner's own grade", TYPE_GRADE,
          KIND_JUDGEMENT, PART_NONE),
    VALUE(PART_GRADE_AGREED, "grade_agreed", "agreed grade", TYPE_GRADE, KIND_JUDGEMENT, PART_NONE),
    VALUE(PART_GRADE_MODERATOR, "grade_moderator", "moderator's grade", TYPE_GRADE,
          KIND_JUDGEMENT, PART_NONE),
    VALUE(PART_GRADE_FINAL, "grade_final", "final grade", TYPE_GRADE, KIND_JUDGEMENT, PART_NONE),
    TEXT(PART_RATIONALE, "rationale", "rationale", KIND_JUDGEMENT, PART_NONE),
    LINE(PART_CANNOT_JUDGE, "cannot_judge", "why no grade can be given", KIND_JUDGEMENT, PART_NONE,
         LONG_LINE_CP),
    TEXT(PART_TEXT, "text", "text", KIND_TEXT, PART_FINDINGS),
    CODE(PART_YNP, "ynp", "yes, partly or no", KIND_YNP, PART_NONE, ynp),
    VALUE(PART_DATE, "date", "date", TYPE_DATE, KIND_DATE | KIND_VOICE | KIND_OBSERVATION,
          PART_EVIDENCE),
    VALUE(PART_PERIOD_FROM, "period_from", "from", TYPE_DATE, KIND_PERIOD, PART_NONE),
    VALUE(PART_PERIOD_TO, "period_to", "to", TYPE_DATE, KIND_PERIOD, PART_NONE),
    VALUE(PART_SCALE, "scale", "place on the scale", TYPE_SCALE, KIND_SCALE, PART_NONE),
    VALUE(PART_NUMBER, "number", "number", TYPE_NUMBER, KIND_NUMBER, PART_NONE),
    VALUE(PART_CHOICE, "choice", "choice", TYPE_CHOICE, KIND_CHOICE, PART_NONE),
    LINE(PART_CARER_REF, "carer_ref", "carer's reference", KIND_REFS, PART_NONE, REF_CP),
    LINE(PART_CHILD_REFS, "child_refs", "children's references", KIND_REFS, PART_NONE, LINE_CP),
    CODE(PART_CHECK, "check", "met or not", KIND_CHECKLIST, PART_NONE, check),
    TEXT(PART_NOTE, "note", "note", KIND_CHECKLIST, PART_NONE),
    LIST(PART_PEOPLE, "people", "people", KIND_PEOPLE),
    CODE(PART_ROLE, "role", "role", 0, PART_PEOPLE, people),
    LINE(PART_REF, "ref", "reference", 0, PART_PEOPLE, REF_CP),
    LIST(PART_EVIDENCE, "evidence", "evidence", KIND_JUDGEMENT | KIND_EVIDENCE),
    CODE(PART_RECORD, "record", "whose record", 0, PART_EVIDENCE, record),
    LINE(PART_PLACE, "place", "where in the record", 0, PART_EVIDENCE, LINE_CP),
    LINE(PART_WHY, "why", "what it shows", 0, PART_EVIDENCE, LONG_LINE_CP),
    ROW(PART_STATUS, "status", "status", TYPE_CODE, KIND_VOICE, PART_ACTIONS, voice_status, 0,
        action_status),
    CODE(PART_REASON, "reason", "why it was not obtained", KIND_VOICE, PART_NONE, voice_reason),
    LINE(PART_METHOD, "method", "how it was gathered", KIND_VOICE, PART_NONE, LINE_CP),
    LINE(PART_HELPER, "helper", "helper or interpreter", KIND_VOICE, PART_NONE, LINE_CP),
    TEXT(PART_WORDS, "words", "their words", KIND_VOICE, PART_NONE),
    CODES(PART_SHOWN_TO, "shown_to", "may be shown to", KIND_VOICE, PART_NONE, shown_to),
    TEXT(PART_WHAT_WE_DID, "what_we_did", "what we did because of it", KIND_VOICE, PART_NONE),
    TEXT(PART_SEEN, "seen", "what was seen", KIND_OBSERVATION, PART_NONE),
    CODE(PART_CHILD_ALONE, "child_alone", "child seen alone", KIND_OBSERVATION, PART_NONE, ynp),
    TEXT(PART_STRENGTHS, "strengths", "strengths", KIND_OBSERVATION, PART_NONE),
    TEXT(PART_NEEDS, "needs", "needs", KIND_OBSERVATION, PART_NONE),
    TEXT(PART_ACTION, "action", "action", KIND_OBSERVATION, PART_NONE),
    LINE(PART_REASON_NONE, "reason_none", "why there was no observation", KIND_OBSERVATION,
         PART_NONE, LONG_LINE_CP),
    LIST(PART_FINDINGS, "findings", "findings", KIND_FINDINGS),
    CODE(PART_SIGN, "sign", "strength or development", 0, PART_FINDINGS, sign),
    CODES(PART_THEME, "theme", "themes", 0, PART_FINDINGS, theme),
    CODE(PART_SCOPE, "scope", "whom it concerns", 0, PART_FINDINGS, scope),
    LIST(PART_ACTIONS, "actions", "actions", KIND_ACTIONS),
    TEXT(PART_CHANGE, "change", "what will change for whom", 0, PART_ACTIONS),
    TEXT(PART_SPECIFIC, "specific", "the action", 0, PART_ACTIONS),
    TEXT(PART_MEASURE, "measure", "how we shall know it is done", 0, PART_ACTIONS),
    LINE(PART_OWNER, "owner", "owner", 0, PART_ACTIONS, REF_CP),
    LINE(PART_TEAM, "team", "team", 0, PART_ACTIONS, REF_CP),
    CODE(PART_PRIORITY, "priority", "priority", 0, PART_ACTIONS, priority),
    VALUE(PART_DUE, "due", "due", TYPE_DATE, 0, PART_ACTIONS),
    TEXT(PART_SUPPORT, "support", "support needed", 0, PART_ACTIONS),
    CODE(PART_VIEW, "view", "moderator's view", KIND_MODERATION, PART_NONE, view),
    VALUE(PART_PROPOSED, "proposed", "proposed grade", TYPE_GRADE, KIND_MODERATION, PART_NONE),
    TEXT(PART_VIEW_REASON, "view_reason", "reason for the view", KIND_MODERATION, PART_NONE),
    CODE(PART_RESPONSE, "response", "authors' answer to the view", KIND_MODERATION, PART_NONE,
         response),
    TEXT(PART_RESPONSE_REASON, "response_reason", "reason for the answer", KIND_MODERATION,
         PART_NONE),
    VALUE(PART_DECISION, "decision", "grade decided", TYPE_GRADE, KIND_MODERATION, PART_NONE),
    TEXT(PART_DECISION_REASON, "decision_reason", "reason for the decision", KIND_MODERATION,
         PART_NONE),
    CODE(PART_CHALLENGE_MADE, "challenge_made", "challenge made", KIND_CHALLENGE, PART_NONE, ynp),
    LINE(PART_RESTORATIVE, "restorative", "restorative step", KIND_CHALLENGE, PART_NONE,
         LONG_LINE_CP),
    LINE(PART_ITEM_EVIDENCE, "item_evidence", "where it is seen", KIND_CHALLENGE, PART_NONE,
         LONG_LINE_CP),
    VALUE(PART_ITEM_DATE, "item_date", "when", TYPE_DATE, KIND_DATED, PART_NONE),
    VALUE(PART_FIRST_DUE, "first_due", "first due", TYPE_DATE, 0, PART_ACTIONS),
    LINE(PART_DUE_REASON, "due_reason", "why the due date moved", 0, PART_ACTIONS, LONG_LINE_CP),
    CODE(PART_SOURCE, "source", "where it comes from", 0, PART_ACTIONS, source),
    ITEMS(PART_FINDING, "finding", "findings that it answers", PART_ACTIONS),
    CODES(PART_ACTION_THEME, "action_theme", "themes of the action", 0, PART_ACTIONS, theme),
    TEXT(PART_UPDATES, "updates", "updates", 0, PART_ACTIONS),
    TEXT(PART_DONE_EVIDENCE, "done_evidence", "what shows that it is done", 0, PART_ACTIONS),
    PERSON(PART_CLAIMED_BY, "claimed_by", "said to be done by", PART_ACTIONS),
    PERSON(PART_CLOSED_BY, "closed_by", "closed by", PART_ACTIONS),
    VALUE(PART_CLOSED_ON, "closed_on", "closed on", TYPE_DATE, 0, PART_ACTIONS),
    LINE(PART_CLOSE_REASON, "close_reason", "why it was closed so", 0, PART_ACTIONS, LONG_LINE_CP),
    CODE(PART_IMPACT, "impact", "difference it made", 0, PART_ACTIONS, impact),
    LINE(PART_IMPACT_EVIDENCE, "impact_evidence", "what shows the difference", 0, PART_ACTIONS,
         LONG_LINE_CP),
    ITEMS(PART_LEADS_TO, "leads_to", "actions that follow from it", PART_ACTIONS),
    LINE(PART_NO_ACTION, "no_action", "why no action is needed", 0, PART_FINDINGS, LONG_LINE_CP),
};
/* clang-format on */

const struct part_def *part_table(size_t *count)
{
    *count = sizeof parts / sizeof *parts;
    return parts;
}

const struct part_def *part_find(enum part part)
{
    size_t low = 0, high = sizeof parts / sizeof *parts;
    while (low < high) {
        size_t mid = low + (high - low) / 2;
        if (parts[mid].part == part)
            return &parts[mid];
        if (parts[mid].part < part)
            low = mid + 1;
        else
            high = mid;
    }
    return NULL;
}

const struct part_def *part_find_code(const char *code)
{
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
        if (!strcmp(parts[i].code, code))
            return &parts[i];
    return NULL;
}

enum part part_points_to(enum part part)
{
    static const enum part rows[][2] = {
        {PART_FINDING,  PART_FINDINGS},
        {PART_LEADS_TO, PART_ACTIONS },
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (rows[i][0] == part)
            return rows[i][1];
    return PART_NONE;
}

static const struct {
    uint32_t kind;
    enum part main;
} main_parts[] = {
  /* a question of several kinds is named by the first of them here */
    {KIND_JUDGEMENT,   PART_GRADE_AGREED  },
    {KIND_CHECKLIST,   PART_CHECK         },
    {KIND_YNP,         PART_YNP           },
    {KIND_CHOICE,      PART_CHOICE        },
    {KIND_SCALE,       PART_SCALE         },
    {KIND_NUMBER,      PART_NUMBER        },
    {KIND_VOICE,       PART_STATUS        },
    {KIND_OBSERVATION, PART_SEEN          },
    {KIND_FINDINGS,    PART_FINDINGS      },
    {KIND_ACTIONS,     PART_ACTIONS       },
    {KIND_MODERATION,  PART_VIEW          },
    {KIND_REFS,        PART_CARER_REF     },
    {KIND_PEOPLE,      PART_PEOPLE        },
    {KIND_EVIDENCE,    PART_EVIDENCE      },
    {KIND_TEXT,        PART_TEXT          },
    {KIND_DATE,        PART_DATE          },
    {KIND_PERIOD,      PART_PERIOD_FROM   },
 /* never alone: named for the sake of completeness */
    {KIND_CHALLENGE,   PART_CHALLENGE_MADE},
    {KIND_DATED,       PART_ITEM_DATE     },
};

enum part question_main_part(const struct question *q)
{
    for (size_t i = 0; i < sizeof main_parts / sizeof *main_parts; i++)
        if (q->kinds & main_parts[i].kind)
            return main_parts[i].main;
    return PART_NONE;
}

bool question_has_part(const struct question *q, const struct part_def *def)
{
    if (q->kinds & def->kinds)
        return true;
    const struct part_def *list = def->list ? part_find(def->list) : NULL;
    return list && (q->kinds & list->kinds);
}
