/* Duties from submission to the end of moderation. */

#include "server/rules/duty_inner.h"
#include "server/rules/moderation.h"

static const role_set qa = ROLE_BIT(ROLE_QA), fro = ROLE_BIT(ROLE_FRO), fsw = ROLE_BIT(ROLE_FSW);

static bool has_moderator(const struct duty_search *s)
{
    return s->info.moderator && duty_works_here(s, s->info.moderator);
}

/* Nobody has it: it was not forwarded yet, or the moderator has left. */
void duty_find_assign(struct duty_search *s)
{
    bool submitted = s->info.state == AUDIT_SUBMITTED;
    if (!submitted && has_moderator(s))
        return;
    struct duty d = duty_new(s, 0, 0);
    duty_due_after(s, &d, CLOCK_FORWARD_DAYS, duty_state_day(s));
    duty_say(&d, submitted ? "Choose a moderator and forward the audit"
                           : "Choose another moderator: nobody is moderating this audit");
    duty_give_roles(s, &d, qa);
}

void duty_find_moderate(struct duty_search *s)
{
    if (!has_moderator(s))
        return;
    struct duty d = duty_new(s, 0, 0);
    duty_due_after(s, &d, CLOCK_MODERATE_DAYS, duty_state_day(s));
    duty_say(&d, "Give your view on each judgement");
    duty_give(s, &d, s->info.moderator, ROLE_IRO);
}

/* ---- returned ---- */

void duty_find_answer_query(struct duty_search *s)
{
    struct field first;
    size_t n = duty_open_questions(s, false, 0, &first);
    if (!n)
        return;
    struct duty d = duty_new(s, first.question, first.item);
    duty_due_after(s, &d, CLOCK_ANSWER_DAYS, duty_state_day(s));
    if (n == 1)
        duty_say(&d, "Answer the moderator's query");
    else
        duty_say(&d, "Answer the moderator's %zu queries", n);
    duty_give_or(s, &d, fro | fsw, fro);
}

void duty_find_return(struct duty_search *s)
{
    struct field first;
    if (duty_open_questions(s, false, 0, &first) || !audit_signature_of(s->a, ROLE_FRO) ||
        !audit_signature_of(s->a, ROLE_FSW))
        return;
    struct duty d = duty_new(s, 0, 0);
    duty_due_after(s, &d, CLOCK_ANSWER_DAYS, duty_state_day(s));
    duty_say(&d, "Send the audit back to the moderator: every query is answered");
    duty_give_or(s, &d, fro, fro);
}

/* ---- differences ---- */

/* The question that holds the moderator's views; 0: none. */
static uint16_t views_question(const struct duty_search *s)
{
    for (size_t i = 0; i < s->t->nquestions; i++)
        if (s->t->questions[i].kinds & KIND_MODERATION)
            return s->t->questions[i].number;
    return 0;
}

typedef void (*stand_fn)(struct duty_search *s, uint16_t views, const struct question *judgement);

/* Calls `fn` for every judgement whose difference stands so. */
static void each_stand(struct duty_search *s, enum moderation_stand stand, stand_fn fn)
{
    uint16_t views = views_question(s);
    for (size_t i = 0; views && i < s->t->nquestions; i++) {
        const struct question *q = &s->t->questions[i];
        if (q->kinds & KIND_JUDGEMENT &&
            moderation_outcome(s->a, q, s->f->clock->sample_percent, false).stand == stand)
            fn(s, views, q);
    }
}

static void respond(struct duty_search *s, uint16_t views, const struct question *judgement)
{
    struct field view = {.question = views, .part = PART_VIEW, .item = judgement->number};
    struct duty d = duty_new(s, views, judgement->number);
    struct civil since = civil_today(audit_value(s->a, view).utc_ms);
    civil_format(since, d.since);
    duty_due_after(s, &d, CLOCK_ANSWER_DAYS, since);
    duty_say(&d, "Accept or answer the moderator's view on %s, one grade from yours",
             judgement->code);
    duty_give_or(s, &d, fro, fro);
}

void duty_find_respond(struct duty_search *s)
{
    each_stand(s, MODERATION_NO_RESPONSE, respond);
}

static void decide(struct duty_search *s, uint16_t views, const struct question *judgement)
{
    struct duty d = duty_new(s, views, judgement->number);
    duty_due_after(s, &d, CLOCK_MODERATE_DAYS, duty_state_day(s));
    duty_say(&d, "Decide on %s, where authors and moderator see it differently", judgement->code);
    duty_give_roles(s, &d, qa);
}

void duty_find_decide(struct duty_search *s)
{
    each_stand(s, MODERATION_NOT_DECIDED, decide);
}
