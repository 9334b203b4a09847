#ifndef TANDEM_COMMON_AUDIT_TEMPLATE_H
#define TANDEM_COMMON_AUDIT_TEMPLATE_H

/* What an audit asks: sections, questions, and the parts that a question's answer is made of. A
 * template that an audit has used is frozen; a change makes a new version. Loaded from YAML by the
 * server (server/content/), sent to clients in its encoded form. Pure data, no I/O. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/buf.h"
#include "common/err.h"

/* Roles (numbers are on disk and on the wire). Codes as practitioners know them: "FRO", "IRO" ...
 */
enum role {
    ROLE_NONE = 0,
    ROLE_FRO = 1,
    ROLE_FSW = 2,
    ROLE_CSW = 3,
    ROLE_IRO = 4,
    ROLE_IROM = 5,
    ROLE_FTM = 6,
    ROLE_SM = 7,
    ROLE_HOS = 8,
    ROLE_DIR = 9,
    ROLE_EXEC = 10,
    ROLE_QA = 11,
    ROLE_LADO = 12,
    ROLE_PANEL = 13,
    ROLE_SSL = 14,
    ROLE_COMP = 15,
    ROLE_BOARD = 16,
    ROLE_ADMIN = 17,
    ROLE_COUNT
};
typedef uint32_t role_set; /* bit (1u << enum role) */
#define ROLE_BIT(r) (1u << (r))
const char *role_code(enum role r);    /* "FRO"; "?" for an unknown number */
const char *role_title(enum role r);   /* "reviewing officer" */
enum role role_find(const char *code); /* ROLE_NONE when unknown; case-insensitive */

/* Kinds of question; a question may combine several ("judgement" and "date"). */
enum question_kind {
    KIND_JUDGEMENT = 1u << 0,
    KIND_TEXT = 1u << 1, /* also "rationale" */
    KIND_CHECKLIST = 1u << 2,
    KIND_YNP = 1u << 3,
    KIND_DATE = 1u << 4,
    KIND_PEOPLE = 1u << 5,
    KIND_SCALE = 1u << 6,
    KIND_NUMBER = 1u << 7,
    KIND_CHOICE = 1u << 8,
    KIND_EVIDENCE = 1u << 9,
    KIND_VOICE = 1u << 10,
    KIND_OBSERVATION = 1u << 11,
    KIND_FINDINGS = 1u << 12,
    KIND_ACTIONS = 1u << 13,
    KIND_INFO = 1u << 14,
    KIND_REFS = 1u << 15,       /* carer reference and children's references */
    KIND_PERIOD = 1u << 16,     /* from .. to */
    KIND_MODERATION = 1u << 17, /* the moderator's view on each judgement */
    KIND_CHALLENGE = 1u << 18,  /* with checklist: challenge made, restorative step, evidence */
    KIND_DATED = 1u << 19,      /* with checklist: a date of each item */
};

/* Kinds whose parts belong to the items of a checklist. */
#define KINDS_OF_CHECKLIST ((uint32_t)(KIND_CHECKLIST | KIND_CHALLENGE | KIND_DATED))

/* One bit's name in templates and JSON ("judgement"); "?" for no or several bits. */
const char *kind_code(uint32_t kind);
uint32_t kind_find(const char *code); /* 0 when unknown; "rationale" is KIND_TEXT too */

/* Parts of an answer. Numbers are on disk and on the wire: never renumber. */
enum part {
    PART_NONE = 0,
    /* judgement */
    PART_GRADE_AUDITOR = 1,
    PART_GRADE_PRACTITIONER = 2,
    PART_GRADE_AGREED = 3,
    PART_GRADE_MODERATOR = 4,
    PART_GRADE_FINAL = 5,
    PART_RATIONALE = 6,    /* live text */
    PART_CANNOT_JUDGE = 7, /* the reason, one line; leaves the grade empty */
    /* simple kinds */
    PART_TEXT = 10, /* live text */
    PART_YNP = 11,
    PART_DATE = 12, /* also a voice's, an observation's, an evidence's date */
    PART_PERIOD_FROM = 13,
    PART_PERIOD_TO = 14,
    PART_SCALE = 15,
    PART_NUMBER = 16,
    PART_CHOICE = 17,
    PART_CARER_REF = 18,
    PART_CHILD_REFS = 19, /* references, joined with ", " */
    /* checklist; item = position in the template's list, from 1 */
    PART_CHECK = 20, /* met, not_met, na, not_seen */
    PART_NOTE = 21,  /* live text */
    /* people; a list */
    PART_PEOPLE = 22, /* the list itself: items are added to and removed from it */
    PART_ROLE = 23,
    PART_REF = 24,
    /* evidence; a list (also part of every judgement) */
    PART_EVIDENCE = 25,
    PART_RECORD = 26, /* child, carer, other */
    PART_PLACE = 27,  /* where in the record, one line */
    PART_WHY = 28,    /* one line */
    /* voice */
    PART_STATUS = 30,      /* voice: asked, obtained, declined, not_possible; action: open, ... */
    PART_REASON = 31,      /* age_understanding, absent, unsafe, no_reply */
    PART_METHOD = 32,      /* one line */
    PART_HELPER = 33,      /* one line */
    PART_WORDS = 34,       /* live text */
    PART_SHOWN_TO = 35,    /* set of: auditors, managers, worker, reports; joined with ", " */
    PART_WHAT_WE_DID = 36, /* live text */
    /* observation */
    PART_SEEN = 40,        /* live text */
    PART_CHILD_ALONE = 41, /* ynp */
    PART_STRENGTHS = 42,   /* live text */
    PART_NEEDS = 43,       /* live text */
    PART_ACTION = 44,      /* live text */
    PART_REASON_NONE = 45, /* one line */
    /* findings; a list. Its text is PART_TEXT, its themes PART_THEME */
    PART_FINDINGS = 50,
    PART_SIGN = 51,  /* strength, development */
    PART_THEME = 52, /* theme codes joined with ", " */
    PART_SCOPE = 53, /* child, carer, worker, team, system */
    /* actions; a list */
    PART_ACTIONS = 60,
    PART_CHANGE = 61,   /* live text: what will change for whom */
    PART_SPECIFIC = 62, /* live text: the specific action */
    PART_MEASURE = 63,  /* live text: measure of done */
    PART_OWNER = 64,    /* one line: role and short name */
    PART_TEAM = 65,
    PART_PRIORITY = 66, /* high, normal, low */
    PART_DUE = 67,      /* date */
    PART_SUPPORT = 68,  /* live text: support needed */
    /* moderation; item = question number of the judgement viewed */
    PART_VIEW = 70,        /* agree, differ, insufficient */
    PART_PROPOSED = 71,    /* grade */
    PART_VIEW_REASON = 72, /* live text */
    /* the authors' answer to it, and QA's decision where they stay apart; item as above */
    PART_RESPONSE = 73,        /* accept, answer */
    PART_RESPONSE_REASON = 74, /* live text */
    PART_DECISION = 75,        /* grade */
    PART_DECISION_REASON = 76, /* live text */
    /* a checklist of kind challenge or dated; item as PART_CHECK's */
    PART_CHALLENGE_MADE = 77, /* ynp */
    PART_RESTORATIVE = 78,    /* one line: the restorative step */
    PART_ITEM_EVIDENCE = 79,  /* one line */
    PART_ITEM_DATE = 80,
    /* actions, again. People are kept by their number, other items by their ids */
    PART_FIRST_DUE = 81,       /* date: the one that was agreed first; due may move, it does not */
    PART_DUE_REASON = 82,      /* one line: why due was moved */
    PART_SOURCE = 83,          /* finding, meeting, dispute, observation, xlt */
    PART_FINDING = 84,         /* items: the findings that it answers */
    PART_ACTION_THEME = 85,    /* theme codes joined with ", " */
    PART_UPDATES = 86,         /* live text */
    PART_DONE_EVIDENCE = 87,   /* live text */
    PART_CLAIMED_BY = 88,      /* person: who says that it is done */
    PART_CLOSED_BY = 89,       /* person: who verified or closed it */
    PART_CLOSED_ON = 90,       /* date */
    PART_CLOSE_REASON = 91,    /* one line */
    PART_IMPACT = 92,          /* better, same, worse, cannot_tell */
    PART_IMPACT_EVIDENCE = 93, /* one line */
    PART_LEADS_TO = 94,        /* items: the actions that follow one that did not help enough */
    /* findings, again */
    PART_NO_ACTION = 95, /* one line: why no action is needed */
};

/* What a part holds. */
enum part_type {
    TYPE_TEXT,   /* live text */
    TYPE_GRADE,  /* a code of the template's scale */
    TYPE_CODE,   /* one of a fixed list of codes */
    TYPE_CODES,  /* several of them, joined with ", " */
    TYPE_DATE,   /* YYYY-MM-DD or YYYY-MM */
    TYPE_NUMBER, /* decimal, optional minus and fraction */
    TYPE_SCALE,  /* 0 ... 10 */
    TYPE_CHOICE, /* one of the question's options */
    TYPE_LINE,   /* one line of words */
    TYPE_LIST,   /* items */
    TYPE_ITEMS,  /* ids of items in other lists, decimal, joined with ", "; they need not exist */
    TYPE_PERSON, /* a person's number, decimal */
};

/* One row per part: THE table that names, validates, shows and documents them. */
struct part_def {
    enum part part;
    const char *code;  /* "grade_auditor", as in commands and JSON */
    const char *label; /* "auditor's grade", for a person */
    enum part_type type;
    uint32_t kinds; /* of question (enum question_kind bits) that have it directly */
    enum part list; /* it belongs to items of this list (PART_EVIDENCE ...), else PART_NONE */
    const char *const *codes;      /* TYPE_CODE, TYPE_CODES: NULL-terminated */
    uint32_t max_len_cp;           /* TYPE_LINE, TYPE_CODES, TYPE_ITEMS */
    const char *const *list_codes; /* those of items of `list`, where they differ, else NULL:
                                    * field_codes() knows which */
};
const struct part_def *part_find(enum part part);        /* may return NULL */
const struct part_def *part_find_code(const char *code); /* may return NULL */
const struct part_def *part_table(size_t *count);
/* The list whose items a part of TYPE_ITEMS names (PART_FINDING: PART_FINDINGS); else PART_NONE. */
enum part part_points_to(enum part part);

struct grade {
    char *code;  /* "requires_improvement" */
    char *label; /* "Requires improvement" */
    bool weak;   /* counts as a weaker grade (assurance) */
};

struct question {
    uint16_t number;  /* global, from 1, in order; position in template.questions + 1 */
    uint16_t section; /* index into template.sections */
    char *code;       /* "B1" */
    char *title;      /* the question's short wording */
    char *text;       /* longer wording or "" */
    char **prompts;   /* NULL-terminated; shown beside, not scored */
    uint32_t kinds;
    bool required;
    bool key;   /* counts in the assurance guard */
    bool blind; /* auditor's and practitioner's grades are hidden from each other until both are in
                 */
    bool overall; /* its grade is the audit's overall one; a judgement, one at most */
    bool carry_forward;
    char *core_area;  /* "CYP1" ... or "" */
    char *needs_when; /* condition or "": see template_condition */
    char **items;     /* checklist items, NULL-terminated */
    char **options;   /* KIND_CHOICE codes, NULL-terminated */
    char *unit;       /* KIND_NUMBER, or "" */
    char *low, *high; /* KIND_SCALE: described ends */
    char *sign;       /* KIND_FINDINGS: "strength", "development" or "" (both) */
    char *voice;      /* KIND_VOICE: "fsw", "carer", "young_person", "parent", "partner" */
    uint32_t min_child, min_carer; /* KIND_EVIDENCE: at least this many on each record */
    role_set write;                /* overrides the section's when not 0 */
    char *use;   /* what the rules look for in it: a code of template_use_table(), or "" */
    bool choose; /* KIND_CHECKLIST: at least one item is answered, not every one */
};

struct section {
    char *code;  /* "B" */
    char *title; /* "Child" */
    role_set write;
    role_set comment; /* may comment in it besides those who write; the moderator always may */
    char *needs_when;
};

/* Limits of a template, refused by template_validate. An encoded one travels in one frame. */
enum {
    TEMPLATE_MAX_BYTES = 256 * 1024, /* encoded, and as YAML */
    TEMPLATE_MAX_GRADES = 10,
    TEMPLATE_MAX_SECTIONS = 40,
    TEMPLATE_MAX_QUESTIONS = 500,
    TEMPLATE_MAX_LIST = 64, /* prompts, items, options of one question */
    TEMPLATE_MAX_LINE_CP = 300,
    TEMPLATE_MAX_TEXT_CP = 4000,
    TEMPLATE_MAX_CODE = 31,       /* bytes of any code, without its NUL */
    TEMPLATE_MAX_CONDITION = 500, /* bytes */
};

enum overall_grade { OVERALL_REQUIRED = 1, OVERALL_OPTIONAL = 2, OVERALL_NONE = 3 };

struct template
{
    char *id; /* "FCA" */
    uint32_t version;
    char *title, *purpose, *audience;
    char *type; /* "collaborative", "thematic", "dip", "observation", "feedback", "meeting",
                 * "challenge" */
    uint32_t default_period_months;
    enum overall_grade overall;
    struct grade *grades;
    size_t ngrades;
    struct section *sections;
    size_t nsections;
    struct question *questions;
    size_t nquestions;
};

void template_free(struct template *t); /* NULL is allowed */
/* Is the whole consistent (codes unique, sections known, conditions parse, scale not empty, ...)?
 * `why` names the section or question. */
MUST_CHECK enum err template_validate(const struct template *t, struct err_info *why);
/* Deterministic bytes (the protobuf message Template); same content, same bytes. */
void template_encode(const struct template *t, struct buf *out);
/* Returns new. Everything is checked as if it came from a stranger. */
MUST_CHECK enum err template_decode(const void *data, size_t len_bytes, struct template **out,
                                    struct err_info *why);
const struct question *template_question(const struct template *t, uint16_t number); /* or NULL */
const struct question *template_question_find(const struct template *t,
                                              const char *code); /* or NULL */

/* What a question is used for by the rules, whatever its code. One row per use: THE table that
 * validates and documents them. At most one question of a template has a use. */
struct template_use {
    const char *code;    /* "review_date" */
    uint32_t kinds;      /* the question is of at least one of these kinds */
    const char *meaning; /* for who writes a template */
};
const struct template_use *template_use_table(size_t *count);
/* NULL when no question has this use. */
const struct question *template_use_find(const struct template *t, const char *use);

/* Conditions (`needs_when`): comparisons of a question's part with a code, joined by "and"/"or"
 * (and binds tighter), e.g.   D3 == yes or B5.ynp != na    A bare question means its main part.
 * The caller supplies the values: NULL for an empty answer. An empty answer equals nothing: "=="
 * with it is false, "!=" true. What can be compared is one value that everybody sees alike: a code,
 * grade, choice, date, number or scale that is not in a list, nor a blind question's own grades.
 * template_validate also asks that a condition only looks at questions before it: no circles. */
typedef const char *(*template_value_fn)(void *user, uint16_t question, enum part part);
MUST_CHECK enum err template_condition_check(const struct template *t, const char *condition,
                                             struct err_info *why);
/* The highest number of a question that it looks at; 0 for "" and for one that fails the check. */
uint16_t template_condition_last(const struct template *t, const char *condition);
/* The condition must have passed the check; "" is true. */
bool template_condition(const struct template *t, const char *condition, template_value_fn value,
                        void *user);

/* The part that "the answer" means when only the question is named: judgement -> PART_GRADE_AGREED,
 * ynp -> PART_YNP, text -> PART_TEXT ...; PART_NONE for KIND_INFO. */
enum part question_main_part(const struct question *q);
/* Does this question have this part (directly or in one of its lists)? */
bool question_has_part(const struct question *q, const struct part_def *def);

#endif
