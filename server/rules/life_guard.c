/* What each guard looks at. One small function for each, in the order of enum life_guard. */

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "server/rules/answers.h"
#include "server/rules/life_inner.h"
#include "server/rules/meeting.h"
#include "server/rules/moderation.h"

static const struct field no_field;

/* ---- saying what is missing ---- */

static void collect(struct life_look *l, const char *sentence)
{
    size_t used = strlen(l->sentences), room = sizeof l->sentences - used;
    if (!l->blocking++)
        l->first = l->guard;
    if (l->blocking <= 3 && (!used || strlen(sentence) + 3 < room))
        (void)snprintf(l->sentences + used, room, "%s%s", used ? "; " : "", sentence); /* or cut */
}

static void say(struct life_look *l, struct field f, bool blocks, const char *sentence)
{
    bool excusable = l->row && l->row->excused & GUARD_BIT(l->guard);
    struct life_missing m = {.guard = l->guard,
                             .field = f,
                             .blocks = blocks && !(excusable && l->excused),
                             .excusable = excusable,
                             .sentence = sentence};
    if (m.blocks) {
        collect(l, sentence);
        l->excusable += excusable;
    }
    if (l->fn)
        l->fn(l->user, &m);
}

void life_missing(struct life_look *l, struct field f, const char *fmt, ...)
{
    char sentence[400];
    va_list ap;
    va_start(ap, fmt);
    (void)vsnprintf(sentence, sizeof sentence, fmt, ap); /* a cut sentence is still a sentence */
    va_end(ap);
    say(l, f, true, sentence);
}

void life_warning(struct life_look *l, struct field f, const char *fmt, ...)
{
    char sentence[400];
    va_list ap;
    va_start(ap, fmt);
    (void)vsnprintf(sentence, sizeof sentence, fmt, ap); /* as above */
    va_end(ap);
    say(l, f, false, sentence);
}

const char *life_field_words(const struct audit *a, struct field f, struct buf *out)
{
    buf_clear(out);
    audit_field_format(a, f, out);
    return buf_cstr(out);
}

static const char *code_of(const struct audit *a, uint16_t question)
{
    const struct question *q = template_question(audit_template(a), question);
    return q ? q->code : "?";
}

/* ---- preparing ---- */

/* A day or a month: has it come? */
static bool has_come(const struct life_facts *f, const char *date)
{
    char today[11];
    civil_format(civil_today(f->now_utc_ms), today);
    return strncmp(date, today, strlen(date)) <= 0;
}

static void look_window(struct life_look *l)
{
    const char *planned = audit_info(l->f->audit).planned;
    struct civil day;
    char opens[16];
    if (civil_parse(planned, &day, NULL))
        return; /* without a day it may begin at once */
    day = clock_before(l->f->clock, CLOCK_PREPARE_DAYS, l->f->holidays, day).planned;
    if (civil_compare(civil_today(l->f->now_utc_ms), day) >= 0)
        return;
    civil_say_weekday(day, opens);
    life_missing(l, no_field, "preparation begins by itself on %s", opens);
}

static void look_practitioner(struct life_look *l)
{
    const struct audit *a = l->f->audit;
    for (size_t i = 0; i < audit_member_count(a); i++)
        if (audit_member_at(a, i)->role == ROLE_FSW)
            return;
    life_missing(l, no_field, "no practitioner (FSW) takes part yet");
}

static void look_self(struct life_look *l)
{
    const struct audit *a = l->f->audit;
    const struct question *q = template_use_find(audit_template(a), "self_assessment");
    if (!q || *answers_value(a, q->number, PART_GRADE_PRACTITIONER, 0))
        return;
    struct field f = {.question = q->number, .part = PART_GRADE_PRACTITIONER};
    life_missing(l, f, "the practitioner's own assessment (%s) is not in yet", q->code);
}

static void look_review(struct life_look *l)
{
    const struct audit *a = l->f->audit;
    const struct question *q = template_use_find(audit_template(a), "review_date");
    if (!q || strcmp(audit_template(a)->type, "collaborative") != 0)
        return;
    const char *date = answers_value(a, q->number, PART_DATE, 0);
    struct field f = {.question = q->number, .part = PART_DATE};
    if (!*date)
        life_missing(l, f, "%s does not say yet when the review meeting was held", q->code);
    else if (!has_come(l->f, date))
        life_missing(l, f, "the review meeting (%s) is still to come: %s", q->code, date);
}

/* ---- agreeing ---- */

static void pass_on(void *user, struct field f, enum missing_why why, const char *sentence)
{
    (void)why; /* the sentence says it */
    say(user, f, true, sentence);
}

static void look_answers(struct life_look *l)
{
    audit_missing(l->f->audit, pass_on, l);
}

static void say_unsigned(struct life_look *l, enum role role)
{
    const struct audit *a = l->f->audit;
    bool named = false;
    for (size_t i = 0; i < audit_member_count(a); i++) {
        const struct audit_member *m = audit_member_at(a, i);
        if (m->role == role) {
            named = true;
            life_missing(l, no_field, "%s (%s) has not signed yet",
                         life_name_of(l->f, m->person).text, role_code(role));
        }
    }
    if (!named)
        life_missing(l, no_field, "the %s (%s) has not signed yet", role_title(role),
                     role_code(role));
}

static void look_signatures(struct life_look *l)
{
    enum role mine = l->q->sign ? life_signing_role(l->f->audit, l->q) : ROLE_NONE;
    role_set roles = life_unsigned_with(l->f->audit, mine);
    if (life_path_of(audit_template(l->f->audit)) == LIFE_OBSERVATION && roles) {
        life_missing(l, no_field, "who observed has not signed yet");
        return;
    }
    for (enum role r = ROLE_NONE; r < ROLE_COUNT; r++)
        if (roles & ROLE_BIT(r))
            say_unsigned(l, r);
}

static void look_no_question(struct life_look *l)
{
    const struct audit *a = l->f->audit;
    for (size_t i = 0; i < audit_comment_count(a); i++) {
        const struct audit_comment *c = audit_comment_at(a, i);
        if (c->must_answer && !c->resolved)
            life_missing(l, c->field, "%s's question on %s is still open",
                         life_name_of(l->f, c->by).text, code_of(a, c->field.question));
    }
}

/* ---- moderating ---- */

static void pass_conflict(void *user, const char *sentence)
{
    say(user, no_field, true, sentence);
}

static void look_moderator(struct life_look *l)
{
    const struct audit *a = l->f->audit;
    uint32_t person = life_moderator(l->f, l->q), own = moderation_own_iro(a), best;
    if (person) {
        moderation_conflicts(a, l->f->people, person, pass_conflict, l);
        return;
    }
    if (own)
        moderation_conflicts(a, l->f->people, own, pass_conflict, l);
    if (moderation_candidates(a, l->f->people, &best, 1))
        life_missing(l, no_field, "no moderator is named yet; %s may moderate",
                     life_name_of(l->f, best).text);
    else
        life_missing(l, no_field, "no moderator is named yet, and no IRO here is free to be one");
}

static void look_own_iro(struct life_look *l)
{
    const struct audit *a = l->f->audit;
    uint32_t person = life_moderator(l->f, l->q), own = moderation_own_iro(a);
    if (person && own && person != own && !moderation_conflicts(a, l->f->people, own, NULL, NULL))
        life_missing(l, no_field, "%s is the child's own IRO and may moderate it",
                     life_name_of(l->f, own).text);
}

static bool is_answered(const struct audit_comment *c)
{
    bool answered = c->resolved;
    for (size_t i = 0; i < c->nreplies; i++)
        answered = answered || c->replies[i].by != c->by;
    return answered;
}

static void look_query(struct life_look *l)
{
    const struct audit *a = l->f->audit;
    for (size_t i = 0; i < audit_comment_count(a); i++) {
        const struct audit_comment *c = audit_comment_at(a, i);
        if (c->must_answer && !is_answered(c) && c->by == audit_info(a).moderator)
            return;
    }
    life_missing(l, no_field,
                 "no question to the authors is open: write a comment that must be "
                 "answered");
}

static void look_queries_answered(struct life_look *l)
{
    const struct audit *a = l->f->audit;
    for (size_t i = 0; i < audit_comment_count(a); i++) {
        const struct audit_comment *c = audit_comment_at(a, i);
        if (c->must_answer && !is_answered(c))
            life_missing(l, c->field, "%s's question on %s has no answer yet",
                         life_name_of(l->f, c->by).text, code_of(a, c->field.question));
    }
}

struct stand_words {
    enum moderation_stand stand;
    enum life_guard guard;
    enum part part;       /* of the moderation's question */
    const char *sentence; /* behind the judgement's code */
};
static const struct stand_words stand_words[] = {
    {MODERATION_NO_VIEW,     GUARD_VIEWS,     PART_VIEW,        "has no view yet: agree, differ or insufficient"},
    {MODERATION_NO_GRADE,    GUARD_VIEWS,     PART_PROPOSED,
     "is seen differently; the proposed grade is not given yet"                                                 },
    {MODERATION_SAME_GRADE,  GUARD_VIEWS,     PART_PROPOSED,
     "is seen differently, with the same grade: agree, or propose another"                                      },
    {MODERATION_NO_REASON,   GUARD_VIEWS,     PART_VIEW_REASON,
     "is not agreed to; the reason is not written yet"                                                          },
    {MODERATION_ASKS_MORE,   GUARD_AGREEMENT, PART_VIEW,
     "shows too little to judge: ask the authors, and return it first"                                          },
    {MODERATION_NO_RESPONSE, GUARD_AGREEMENT, PART_RESPONSE,
     "is one grade apart: the authors (FRO) accept the proposed grade or answer with words"                     },
    {MODERATION_ANSWERED,    GUARD_AGREEMENT, PART_VIEW,
     "was answered by the authors: the moderator agrees, or QA decides"                                         },
    {MODERATION_NOT_DECIDED, GUARD_AGREEMENT, PART_DECISION,
     "is decided by QA, with a reason; that is still to come"                                                   },
};

static void look_views(struct life_look *l)
{
    const struct template *t = audit_template(l->f->audit);
    const struct question *views = moderation_question(t);
    for (size_t i = 0; views && i < t->nquestions; i++) {
        const struct question *q = &t->questions[i];
        enum moderation_stand stand =
            q->kinds & KIND_JUDGEMENT ? life_outcome(l->f, q).stand : MODERATION_NOT_ASKED;
        for (size_t j = 0; j < sizeof stand_words / sizeof *stand_words; j++) {
            const struct stand_words *w = &stand_words[j];
            struct field f = {
                .question = views->number, .part = (uint16_t)w->part, .item = q->number};
            if (w->stand == stand && w->guard == l->guard)
                life_missing(l, f, "%s %s (%s[%s].%s)", q->code, w->sentence, views->code, q->code,
                             part_find(w->part)->code);
        }
    }
}

/* ---- planning, acting ---- */

struct find {
    struct life_look *l;
    uint64_t finding;
    bool found;
};

static bool names_finding(void *user, const struct question *q, const struct audit_item *item,
                          size_t place)
{
    struct find *f = user;
    (void)place; /* any will do */
    f->found = answers_names_item(answers_value(f->l->f->audit, q->number, PART_FINDING, item->id),
                                  f->finding);
    return !f->found;
}

static bool look_finding(void *user, const struct question *q, const struct audit_item *item,
                         size_t place)
{
    struct life_look *l = user;
    const struct audit *a = l->f->audit;
    const char *sign =
        q->sign && *q->sign ? q->sign : answers_value(a, q->number, PART_SIGN, item->id);
    struct find f = {.l = l, .finding = item->id};
    if (strcmp(sign, "development") != 0 || answers_has(a, q->number, PART_NO_ACTION, item->id))
        return true;
    answers_items(a, PART_ACTIONS, names_finding, &f);
    struct field where = {q->number, PART_NO_ACTION, item->id};
    if (!f.found)
        life_missing(l, where,
                     "%s[%zu] leads to no action yet: name it in one, or say why none is "
                     "needed (%s[%zu].no_action)",
                     q->code, place, q->code, place);
    return true;
}

static void look_plan(struct life_look *l)
{
    answers_items(l->f->audit, PART_FINDINGS, look_finding, l);
}

static void pass_action(void *user, struct field f, enum missing_why why, const char *sentence)
{
    struct life_look *l = user;
    const struct question *q = template_question(audit_template(l->f->audit), f.question);
    const struct part_def *def = part_find((enum part)f.part);
    if (q && q->kinds & KIND_ACTIONS && def && def->list == PART_ACTIONS)
        pass_on(user, f, why, sentence);
}

static void look_actions(struct life_look *l)
{
    audit_missing(l->f->audit, pass_action, l);
}

static bool is_plan(const struct template *t, struct field f)
{
    const struct part_def *def = part_find((enum part)f.part);
    return f.part == PART_NO_ACTION ||
           (def && def->list == PART_ACTIONS && audit_is_content(t, f.question, (enum part)f.part));
}

static bool added_by(void *user, const struct question *q, const struct audit_item *item,
                     size_t place)
{
    struct find *f = user;
    (void)q, (void)place; /* any will do */
    f->found = item->by == f->l->q->who->person;
    return !f->found;
}

static void look_not_own_plan(struct life_look *l)
{
    struct find f = {.l = l};
    answers_items(l->f->audit, PART_ACTIONS, added_by, &f);
    if (f.found || answers_wrote(l->f->audit, l->q->who->person, is_plan))
        life_missing(l, no_field, "%s has written in this plan: nobody assures a plan they wrote",
                     life_name_of(l->f, l->q->who->person).text);
}

struct end {
    const char *status;
    enum part needs; /* to have ended; PART_NONE: nothing more */
    bool ended;
    const char *sentence; /* behind the action's address */
};
static const struct end ends[] = {
    {"",              PART_NONE,         false, "has not begun yet"                             },
    {"open",          PART_NONE,         false, "is still open"                                 },
    {"in_progress",   PART_NONE,         false, "is still under way"                            },
    {"done_claimed",  PART_NONE,         false, "is said to be done: another person verifies it"},
    {"done_verified", PART_NONE,         true,  ""                                              },
    {"superseded",    PART_NONE,         true,  ""                                              },
    {"cancelled",     PART_CLOSE_REASON, true,  "was cancelled; the reason is not written yet"  },
    {"not_effective", PART_LEADS_TO,     true,
     "did not bring the change: name the action that it leads to"                               },
};

static bool look_end(void *user, const struct question *q, const struct audit_item *item,
                     size_t place)
{
    struct life_look *l = user;
    const char *status = answers_value(l->f->audit, q->number, PART_STATUS, item->id);
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
        const struct end *e = &ends[i];
        struct field f = {q->number, (uint16_t)(e->needs ? e->needs : PART_STATUS), item->id};
        bool has = e->needs && answers_has(l->f->audit, q->number, e->needs, item->id);
        if (!strcmp(e->status, status) && !(e->ended && (!e->needs || has)))
            life_missing(l, f, "the action %s[%zu] %s", q->code, place, e->sentence);
    }
    return true;
}

static void look_settled(struct life_look *l)
{
    answers_items(l->f->audit, PART_ACTIONS, look_end, l);
}

/* ---- meetings ---- */

/* Recording that a child enters care waits for the family's own meeting; anything else is warned.
 */
static void look_family_led(struct life_look *l)
{
    const struct audit *a = l->f->audit;
    const struct facts facts = {.audit = a,
                                .people = l->f->people,
                                .clock = l->f->clock,
                                .holidays = l->f->holidays,
                                .now_utc_ms = l->f->now_utc_ms};
    bool explained = answers_use_has(a, "family_absent");
    struct field f = answers_use_field(a, explained ? "accepted" : "family_led");
    struct err_info why = {0};
    enum meeting_family stands = meeting_family(&facts, &why);
    if (f.question && stands != MEETING_FAMILY_DONE)
        say(l, f, stands == MEETING_FAMILY_BLOCK, why.text);
}

/* ---- challenges ---- */

enum { STAGES = 5 }; /* 0 to 4; kept as 1 + the stage */

static void look_stage(struct life_look *l)
{
    uint32_t now = audit_info(l->f->audit).stage, to = life_stage(l->f->audit, l->q);
    if (!to && l->choosing)
        return;
    if (!to)
        life_missing(l, no_field, "say at which stage it begins: 0 (a practice challenge) to 4");
    else if (to > STAGES)
        life_missing(l, no_field,
                     "stage 4 is the last: record the outcome, or take the child's case "
                     "outside (outcome \"external\")");
    else if (to <= now)
        life_missing(l, no_field, "stage %" PRIu32 " has been: it stands at stage %" PRIu32, to - 1,
                     now - 1);
}

static void look_position(struct life_look *l)
{
    uint32_t to = life_stage(l->f->audit, l->q);
    char use[] = "position0";
    if (to < 2 || to > STAGES)
        return; /* a practice challenge is a talk */
    use[sizeof use - 2] = (char)('0' + to - 1);
    struct field f = answers_use_field(l->f->audit, use);
    if (!answers_use_has(l->f->audit, use))
        life_missing(l, f, "your position at stage %" PRIu32 " (%s) is not written yet", to - 1,
                     code_of(l->f->audit, f.question));
}

static void look_outcome(struct life_look *l)
{
    struct field f = answers_use_field(l->f->audit, "outcome");
    if (!answers_use_has(l->f->audit, "outcome"))
        life_missing(l, f, "the outcome (%s) is not recorded yet",
                     code_of(l->f->audit, f.question));
}

static void look_difference(struct life_look *l)
{
    const char *outcome = answers_use(l->f->audit, "outcome", PART_CHOICE);
    struct field f = answers_use_field(l->f->audit, "difference");
    if (strcmp(outcome, "withdrawn") != 0 && strcmp(outcome, "external") != 0 &&
        !answers_use_has(l->f->audit, "difference"))
        life_missing(l, f, "the difference it made to the child (%s) is not written yet",
                     code_of(l->f->audit, f.question));
}

static bool is_there(void *user, const struct question *q, const struct audit_item *item,
                     size_t place)
{
    struct find *f = user;
    (void)q, (void)item, (void)place; /* any will do */
    f->found = true;
    return false;
}

static void look_has_action(struct life_look *l)
{
    struct find f = {.l = l};
    answers_items(l->f->audit, PART_ACTIONS, is_there, &f);
    if (!f.found)
        life_missing(l, no_field, "no action is agreed yet: there is nothing to follow up");
}

/* ---- the table ---- */

typedef void (*look_fn)(struct life_look *l);
static const look_fn looks[GUARD_COUNT] = {
    [GUARD_WINDOW] = look_window,
    [GUARD_PRACTITIONER] = look_practitioner,
    [GUARD_SELF] = look_self,
    [GUARD_REVIEW] = look_review,
    [GUARD_ANSWERS] = look_answers,
    [GUARD_SIGNATURES] = look_signatures,
    [GUARD_NO_QUESTION] = look_no_question,
    [GUARD_MODERATOR] = look_moderator,
    [GUARD_OWN_IRO] = look_own_iro,
    [GUARD_QUERY] = look_query,
    [GUARD_QUERIES_ANSWERED] = look_queries_answered,
    [GUARD_VIEWS] = look_views,
    [GUARD_AGREEMENT] = look_views,
    [GUARD_PLAN] = look_plan,
    [GUARD_ACTIONS] = look_actions,
    [GUARD_NOT_OWN_PLAN] = look_not_own_plan,
    [GUARD_SETTLED] = look_settled,
    [GUARD_FAMILY_LED] = look_family_led,
    [GUARD_STAGE] = look_stage,
    [GUARD_POSITION] = look_position,
    [GUARD_OUTCOME] = look_outcome,
    [GUARD_DIFFERENCE] = look_difference,
    [GUARD_HAS_ACTION] = look_has_action,
    [GUARD_NO_ACTION] = look_settled,
};

void life_guards_look(struct life_look *l, uint32_t guards)
{
    for (enum life_guard g = 0; g < GUARD_COUNT; g++)
        if (guards & GUARD_BIT(g)) {
            l->guard = g;
            looks[g](l);
        }
}
