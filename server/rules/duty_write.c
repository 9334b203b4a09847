/* Duties until an audit is submitted (or another record is agreed). */

#include <string.h>

#include "server/rules/duty_inner.h"

/* The planned day as what is due; a record without one has none. */
static bool planned_day(const struct duty_search *s, struct civil *day)
{
    return facts_day(s->info.planned, day);
}

static void due_planned(const struct duty_search *s, struct duty *d)
{
    struct civil day;
    if (planned_day(s, &day))
        duty_due(d, day);
    if (facts_day(s->info.first_planned, &day))
        civil_format(day, d->first_due);
}

/* ---- views ---- */

/* Who collects which view, and how it is called. */
static const struct view {
    const char *voice;
    role_set members;
    const char *whose;
} views[] = {
    {"fsw",          ROLE_BIT(ROLE_FRO), "the fostering social worker's"},
    {"carer",        ROLE_BIT(ROLE_FRO), "the carer's"                  },
    {"young_person", ROLE_BIT(ROLE_IRO), "the young person's"           },
    {"parent",       ROLE_BIT(ROLE_FRO), "the parent's or family's"     },
    {"partner",      ROLE_BIT(ROLE_FSW), "the partner agency's"         },
};

static const struct view *view_of(const char *voice)
{
    for (size_t i = 0; i < sizeof views / sizeof *views; i++)
        if (!strcmp(views[i].voice, voice))
            return &views[i];
    return NULL;
}

/* The carer is asked early, and once more before the day; the others by the day itself. */
static void due_view(const struct duty_search *s, const struct view *v, bool asked, struct duty *d)
{
    enum clock c = asked ? CLOCK_CARER_CHASE_DAYS : CLOCK_CARER_VOICE_DAYS;
    struct civil day;
    due_planned(s, d);
    d->first_due[0] = 0;
    if (strcmp(v->voice, "carer") || !planned_day(s, &day))
        return;
    duty_due(d, clock_before(s->f->clock, c, s->f->holidays, day).planned);
}

static void find_view(struct duty_search *s, const struct question *q)
{
    const struct view *v = view_of(q->voice);
    const char *status =
        audit_value(s->a, (struct field){.question = q->number, .part = PART_STATUS}).value;
    bool asked = !strcmp(status, "asked");
    if (!v || (*status && !asked))
        return;
    struct duty d = duty_new(s, q->number, 0);
    due_view(s, v, asked, &d);
    duty_say(&d, "%s for %s view (%s)", asked ? "Ask again" : "Ask", v->whose, q->code);
    if (duty_give_members(s, &d, v->members, 0))
        return;
    if (!(v->members & ROLE_BIT(ROLE_FRO)))
        duty_say(&d, "Invite somebody (%s) who asks for %s view (%s)",
                 v->members & ROLE_BIT(ROLE_IRO) ? "IRO" : "FSW", v->whose, q->code);
    duty_give_or(s, &d, ROLE_BIT(ROLE_FRO), ROLE_BIT(ROLE_FRO));
}

void duty_find_views(struct duty_search *s)
{
    for (size_t i = 0; i < s->t->nquestions; i++)
        if (s->t->questions[i].kinds & KIND_VOICE && s->t->questions[i].required)
            find_view(s, &s->t->questions[i]);
}

/* ---- before the room opens ---- */

static bool has_value(const struct duty_search *s, uint16_t question, enum part part)
{
    return audit_value(s->a, (struct field){.question = question, .part = part}).value[0];
}

void duty_find_assessment(struct duty_search *s)
{
    const struct question *q = template_use_find(s->t, "self_assessment");
    if (!q || has_value(s, q->number, PART_GRADE_PRACTITIONER))
        return;
    struct duty d = duty_new(s, q->number, 0);
    due_planned(s, &d);
    duty_say(&d, "Write your own assessment, before you meet (%s)", q->code);
    if (duty_give_members(s, &d, ROLE_BIT(ROLE_FSW), 0))
        return;
    duty_say(&d, "Name the practitioner (FSW), who then writes their own assessment (%s)", q->code);
    duty_give_or(s, &d, ROLE_BIT(ROLE_FRO), ROLE_BIT(ROLE_FRO));
}

/* An audit opens after its preparation, other records when they are planned. */
void duty_find_open(struct duty_search *s)
{
    if ((s->info.state == AUDIT_PREPARING) != (s->path == LIFE_AUDIT))
        return;
    struct duty d = duty_new(s, 0, 0);
    due_planned(s, &d);
    duty_say(&d, s->path == LIFE_CHALLENGE  ? "Begin the challenge at the stage that fits, or "
                                              "withdraw it"
                 : s->path == LIFE_FEEDBACK ? "Ask for the view and write it down"
                                            : "Open the room and write together");
    duty_give_or(s, &d, duty_lead_members(s), duty_lead_roles(s));
}

/* ---- agreeing ---- */

/* The day of the review; when there is none, or the audit was opened again after closing, the day
 * on which the room was opened. */
static struct civil review_day(const struct duty_search *s)
{
    const struct audit_move *m = audit_move_last(s->a, AUDIT_IN_PROGRESS);
    struct civil day;
    if ((!m || m->from != AUDIT_CLOSED) &&
        facts_day(facts_use(s->f, "review_date", PART_DATE), &day))
        return day;
    return m ? civil_today(m->utc_ms) : duty_state_day(s);
}

static void due_agree(const struct duty_search *s, struct duty *d)
{
    if (s->info.state == AUDIT_RETURNED)
        duty_due_after(s, d, CLOCK_ANSWER_DAYS, duty_state_day(s));
    else
        duty_due_after(s, d, CLOCK_AGREE_DAYS, review_day(s));
}

static const char *agree_words(enum life_path path)
{
    switch (path) {
    case LIFE_AUDIT:
        return "Agree what is written, and sign";
    case LIFE_SHORT:
    case LIFE_OBSERVATION:
        return "Finish writing, and sign";
    case LIFE_MEETING:
        return "Agree the minutes";
    case LIFE_FEEDBACK:
    case LIFE_CHALLENGE:
    case LIFE_PATHS:
        break;
    }
    return "Finish writing, and close it";
}

/* Those who have yet to sign; records that nobody signs are finished by who leads them. */
void duty_find_agree(struct duty_search *s)
{
    role_set open = life_unsigned(s->a);
    struct duty d = duty_new(s, 0, 0);
    due_agree(s, &d);
    duty_say(&d, "%s", agree_words(s->path));
    if (s->path != LIFE_AUDIT)
        duty_give_or(s, &d, duty_lead_members(s), duty_lead_roles(s));
    for (enum role r = ROLE_FRO; s->path == LIFE_AUDIT && r < ROLE_COUNT; r++)
        if (open & ROLE_BIT(r))
            duty_give_or(s, &d, ROLE_BIT(r), ROLE_BIT(r));
}

/* ---- comments that must be answered ---- */

static bool is_answered(const struct audit_comment *c)
{
    for (size_t i = 0; i < c->nreplies; i++)
        if (c->replies[i].by != c->by)
            return true;
    return false;
}

size_t duty_open_questions(const struct duty_search *s, bool answered, uint32_t except,
                           struct field *first)
{
    size_t n = 0;
    for (size_t i = 0; i < audit_comment_count(s->a); i++) {
        const struct audit_comment *c = audit_comment_at(s->a, i);
        if (!c->must_answer || c->resolved || c->by == except || is_answered(c) != answered)
            continue;
        if (!n++)
            *first = c->field;
    }
    return n;
}

static role_set authors(const struct duty_search *s)
{
    return s->path == LIFE_AUDIT ? ROLE_BIT(ROLE_FRO) | ROLE_BIT(ROLE_FSW) : duty_lead_members(s);
}

/* Each author is asked about the questions of others. */
void duty_find_answer(struct duty_search *s)
{
    for (size_t i = 0; i < audit_member_count(s->a); i++) {
        const struct audit_member *m = audit_member_at(s->a, i);
        struct field first;
        size_t n = authors(s) & ROLE_BIT(m->role) && duty_works_here(s, m->person)
                       ? duty_open_questions(s, false, m->person, &first)
                       : 0;
        if (!n)
            continue;
        struct duty d = duty_new(s, first.question, first.item);
        duty_say(&d, "Answer %zu comment%s that must be answered", n, n == 1 ? "" : "s");
        duty_give(s, &d, m->person, m->role);
    }
}

/* Somebody answered: who asked looks at it; when they have left, whoever leads does. */
void duty_find_settle(struct duty_search *s)
{
    for (size_t i = 0; i < audit_comment_count(s->a); i++) {
        const struct audit_comment *c = audit_comment_at(s->a, i);
        if (!c->must_answer || c->resolved || !is_answered(c))
            continue;
        const struct audit_member *m = audit_member_find(s->a, c->by);
        struct duty d = duty_new(s, c->field.question, c->field.item);
        duty_say(&d, "Look at the answer to %s comment, and settle it", m ? "your" : "a");
        if (m && duty_works_here(s, c->by))
            duty_give(s, &d, c->by, m->role);
        else
            duty_give_or(s, &d, duty_lead_members(s), duty_lead_roles(s));
    }
}

void duty_find_submit(struct duty_search *s)
{
    struct duty d = duty_new(s, 0, 0);
    duty_say(&d, s->path == LIFE_AUDIT ? "Submit the agreed audit for moderation"
                                       : "Hand it over, so that what was agreed is acted on");
    duty_give_or(s, &d, duty_lead_members(s), duty_lead_roles(s));
}
