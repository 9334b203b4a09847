#include "server/rules/duty.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "server/rules/duty_inner.h"

/* ---- the table ---- */

#define S(state) (1u << AUDIT_##state)
#define P(path)  (1u << LIFE_##path)
enum {
    ANY_PATH = (1u << LIFE_PATHS) - 1,
    WRITING = S(PREPARING) | S(IN_PROGRESS),
    AFTER_PLAN = S(ACTION_PLANNING) | S(FOLLOW_UP),
    ANY_STATE = (1u << (AUDIT_WITHDRAWN + 1)) - 1,
};

struct row {
    struct duty_def def;
    uint32_t paths, states;
    duty_finder find;
};

/* {kind, code, who, clock, words, notice}, paths, states, finder */
/* clang-format off */
static const struct row rows[] = {
    {{DUTY_VIEW, "prepare_view", "who collects it: FRO, for the young person IRO, for partners FSW",
      "by the planned day; the carer carer_voice_days before it, again carer_chase_days before it",
      "Ask for a view that is not in yet", false},
     P(AUDIT), WRITING, duty_find_views},
    {{DUTY_ASSESSMENT, "prepare_assessment", "FSW", "by the planned day",
      "Write your own assessment", false},
     P(AUDIT), S(PREPARING), duty_find_assessment},
    {{DUTY_OPEN, "prepare_open", "FRO; in other records whoever leads them", "by the planned day",
      "Open the room", false},
     ANY_PATH & ~P(MEETING), S(PLANNED) | S(PREPARING), duty_find_open},
    {{DUTY_AGREE, "agree", "FRO and FSW, who have not signed", "agree_days after the review",
      "Agree and sign", false},
     ANY_PATH & ~P(CHALLENGE), S(IN_PROGRESS) | S(RETURNED), duty_find_agree},
    {{DUTY_ANSWER, "answer", "the authors", "", "Answer a comment that must be answered", false},
     ANY_PATH, S(IN_PROGRESS) | S(AGREED), duty_find_answer},
    {{DUTY_SETTLE, "settle", "who asked", "", "Look at the answer, and settle the comment", false},
     ANY_PATH, S(IN_PROGRESS) | S(AGREED), duty_find_settle},
    {{DUTY_SUBMIT, "submit", "FRO; in other records whoever leads them", "", "Pass it on", false},
     P(AUDIT) | P(SHORT) | P(OBSERVATION), S(AGREED), duty_find_submit},
    {{DUTY_ASSIGN, "assign", "QA", "forward_days after submission", "Forward it to a moderator",
      false},
     P(AUDIT), S(SUBMITTED) | S(MODERATING), duty_find_assign},
    {{DUTY_MODERATE, "moderate", "the moderator", "moderate_days after receipt",
      "Give your view on each judgement", false},
     P(AUDIT), S(MODERATING), duty_find_moderate},
    {{DUTY_ANSWER_QUERY, "answer_query", "FRO and FSW", "answer_days after the return",
      "Answer the moderator's queries", false},
     P(AUDIT), S(RETURNED), duty_find_answer_query},
    {{DUTY_RETURN, "return", "FRO", "answer_days after the return",
      "Send it back to the moderator", false},
     P(AUDIT), S(RETURNED), duty_find_return},
    {{DUTY_RESPOND, "respond", "FRO", "answer_days after the moderator's view",
      "Accept or answer a moderator's view that is one grade away", false},
     P(AUDIT), S(MODERATING) | S(RETURNED), duty_find_respond},
    {{DUTY_DECIDE, "decide", "QA", "moderate_days after receipt", "Decide on a split view", false},
     P(AUDIT), S(MODERATING) | S(RETURNED), duty_find_decide},
    {{DUTY_PLAN, "plan", "FTM", "plan_days after moderation; plan_days_inadequate if inadequate",
      "Plan the actions", false},
     P(AUDIT), S(ACTION_PLANNING), duty_find_plan},
    {{DUTY_ASSURE, "assure", "SM", "assure_days after planning", "Assure the plan", false},
     P(AUDIT), S(ASSURANCE), duty_find_assure},
    {{DUTY_ACTION, "action", "its owner; FTM when it names nobody who works here",
      "its due day (action_days or action_safety_days where none is written)", "Do what was agreed",
      false},
     ANY_PATH, AFTER_PLAN, duty_find_action},
    {{DUTY_VERIFY, "verify", "FTM; SM when the FTM does it or said so", "the action's due day",
      "Look whether an action is done", false},
     ANY_PATH, AFTER_PLAN, duty_find_verify},
    {{DUTY_IMPACT, "impact", "the action's owner, or FTM", "impact_months after it was verified",
      "Say what difference it made", false},
     ANY_PATH, AFTER_PLAN | S(CLOSED), duty_find_impact},
    {{DUTY_CLOSE, "close", "FTM; SM of a weaker audit; in other records whoever leads them", "",
      "Close it: nothing is left to do", false},
     ANY_PATH, AFTER_PLAN, duty_find_close},
    {{DUTY_REAUDIT, "reaudit", "QA", "reaudit_inadequate_months or reaudit_ri_months after closing",
      "Plan the next audit of this record", false},
     P(AUDIT), S(CLOSED), duty_find_reaudit},
    {{DUTY_STAGE_ANSWER, "stage_answer", "who holds the stage",
      "stage_days after it began, and stages_total_days for stages 1-4 together",
      "Answer a challenge", false},
     P(CHALLENGE), S(IN_PROGRESS), duty_find_stage_answer},
    {{DUTY_STAGE_NEXT, "stage_next", "IRO", "as the stage's answer",
      "Accept the answer to a challenge, or go on to another stage", false},
     P(CHALLENGE), S(IN_PROGRESS), duty_find_stage_next},
    {{DUTY_MEETING_HOLD, "meeting_hold", "its chair: SM; for special guardianship FTM",
      "its planned day, and meeting_weeks before a final hearing", "Hold the meeting", false},
     P(MEETING), S(PLANNED) | S(PREPARING), duty_find_meeting_hold},
    {{DUTY_MEETING_LATE, "meeting_late", "its chair", "meeting_weeks before the final hearing",
      "Choose an earlier day for the meeting", false},
     P(MEETING), S(PLANNED) | S(PREPARING), duty_find_meeting_late},
    {{DUTY_FLAG, "flag", "the manager told", "the same day",
      "See to a safeguarding concern", false},
     ANY_PATH, ANY_STATE, duty_find_flags},
    {{DUTY_GLASS_NOTICE, "break_glass_notice", "QA and SM", "10 working days after it ends",
      "Somebody reads the record by break-glass", true},
     ANY_PATH, ANY_STATE, duty_find_glass},
};
/* clang-format on */
_Static_assert(sizeof rows / sizeof *rows == DUTY_END - 1, "one row per kind, by number");

const struct duty_def *duty_def(enum duty_kind kind)
{
    return &rows[kind - 1].def;
}

const struct duty_def *duty_def_find(const char *code)
{
    for (size_t i = 0; i < DUTY_END - 1; i++)
        if (!strcmp(rows[i].def.code, code))
            return &rows[i].def;
    return NULL;
}

/* ---- the list ---- */

void duty_list_free(struct duty_list *l)
{
    free(l->duties);
    *l = (struct duty_list){0};
}

static struct duty *append(struct duty_search *s)
{
    struct duty_list *l = s->out;
    if (l->n == l->cap) {
        size_t more = l->cap ? 2 * l->cap : 16;
        struct duty *grown = realloc(l->duties, more * sizeof *grown);
        if (!grown) {
            s->failed = true;
            return NULL;
        }
        l->duties = grown;
        l->cap = more;
    }
    return &l->duties[l->n++];
}

enum err duties_of(const struct facts *f, struct duty_list *out)
{
    struct duty_search s = {.f = f,
                            .a = f->audit,
                            .t = audit_template(f->audit),
                            .info = audit_info(f->audit),
                            .path = life_path_of(audit_template(f->audit)),
                            .out = out};
    out->n = 0;
    for (size_t i = 0; i < DUTY_END - 1; i++) {
        s.kind = rows[i].def.kind;
        if (rows[i].paths & 1u << s.path && rows[i].states & 1u << s.info.state)
            rows[i].find(&s);
    }
    if (s.failed)
        duty_list_free(out);
    return s.failed ? ERR_NOMEM : ERR_OK;
}

bool duty_is_current(const struct duty *d, struct civil today)
{
    char day[11];
    civil_format(today, day);
    return strcmp(d->since, day) <= 0 && !(duty_def(d->kind)->notice && strcmp(d->due, day) < 0);
}

/* ---- what finders need ---- */

struct civil duty_state_day(const struct duty_search *s)
{
    return civil_today(audit_state_since_utc_ms(s->a));
}

struct duty duty_new(const struct duty_search *s, uint16_t question, uint64_t item)
{
    struct duty d = {.kind = s->kind, .question = question, .item = item};
    civil_format(duty_state_day(s), d.since);
    return d;
}

void duty_say(struct duty *d, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    (void)vsnprintf(d->text, sizeof d->text, fmt, args); /* fits: what varies is short */
    va_end(args);
}

void duty_due(struct duty *d, struct civil day)
{
    civil_format(day, d->due);
}

void duty_due_after(const struct duty_search *s, struct duty *d, enum clock c, struct civil from)
{
    duty_due(d, clock_after(s->f->clock, c, s->f->holidays, from).limit);
}

bool duty_works_here(const struct duty_search *s, uint32_t person)
{
    const struct person *p = people_find(s->f->people, person);
    return p && !p->revoked;
}

/* ---- handing out ---- */

void duty_give(struct duty_search *s, const struct duty *d, uint32_t person, enum role role)
{
    struct duty *to = append(s);
    if (!to)
        return;
    *to = *d;
    to->person = person;
    to->role = role;
}

void duty_give_roles(struct duty_search *s, const struct duty *d, role_set roles)
{
    for (enum role r = ROLE_FRO; r < ROLE_COUNT; r++)
        if (roles & ROLE_BIT(r))
            duty_give(s, d, 0, r);
}

size_t duty_give_members(struct duty_search *s, const struct duty *d, role_set roles,
                         uint32_t except)
{
    size_t given = 0;
    for (size_t i = 0; i < audit_member_count(s->a); i++) {
        const struct audit_member *m = audit_member_at(s->a, i);
        if (!(roles & ROLE_BIT(m->role)) || m->person == except || !duty_works_here(s, m->person))
            continue;
        duty_give(s, d, m->person, m->role);
        given++;
    }
    return given;
}

void duty_give_or(struct duty_search *s, const struct duty *d, role_set members, role_set otherwise)
{
    if (!duty_give_members(s, d, members, 0))
        duty_give_roles(s, d, otherwise);
}

/* ---- who leads ---- */

static const struct {
    role_set members, otherwise;
} leads[LIFE_PATHS] = {
    [LIFE_AUDIT] = {ROLE_BIT(ROLE_FRO),                                           ROLE_BIT(ROLE_FRO)},
    [LIFE_SHORT] = {ROLE_BIT(ROLE_IRO),                                           ROLE_BIT(ROLE_IRO)},
    [LIFE_OBSERVATION] = {ROLE_BIT(ROLE_FTM) | ROLE_BIT(ROLE_SM) | ROLE_BIT(ROLE_HOS) |
                              ROLE_BIT(ROLE_DIR),
                    ROLE_BIT(ROLE_FTM)                                                              },
    [LIFE_FEEDBACK] = {ROLE_BIT(ROLE_FRO) | ROLE_BIT(ROLE_FSW) | ROLE_BIT(ROLE_IRO),
                    ROLE_BIT(ROLE_FRO)                                                              },
    [LIFE_MEETING] = {ROLE_BIT(ROLE_SM),                                            ROLE_BIT(ROLE_SM) },
    [LIFE_CHALLENGE] = {ROLE_BIT(ROLE_IRO),                                           ROLE_BIT(ROLE_IRO)},
};

role_set duty_lead_members(const struct duty_search *s)
{
    return leads[s->path].members;
}

role_set duty_lead_roles(const struct duty_search *s)
{
    return leads[s->path].otherwise;
}
