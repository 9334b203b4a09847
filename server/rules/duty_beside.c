/* Duties of challenges and meetings, and those that do not depend on a record's state: safeguarding
 * flags and break-glass. */

#include "server/rules/challenge.h"
#include "server/rules/duty_inner.h"
#include "server/rules/meeting.h"

/* ---- challenges ---- */

/* The clock does not look at the present time but for how much of the total is used. */
static bool stage_answered(const struct duty_search *s, struct challenge_clock *c, uint16_t *answer)
{
    const struct question *q;
    if (!challenge_clock(s->f, c))
        return false;
    q = template_use_find(s->t, challenge_stage(c->stage)->use);
    *answer = q ? q->number : 0;
    return facts_use_has_words(s->f, challenge_stage(c->stage)->use);
}

void duty_find_stage_answer(struct duty_search *s)
{
    struct challenge_clock c = {.stage = CHALLENGE_STAGES};
    uint16_t answer = 0;
    if (stage_answered(s, &c, &answer) || c.stage == CHALLENGE_STAGES)
        return;
    const struct challenge_stage *stage = challenge_stage(c.stage);
    struct duty d = duty_new(s, answer, 0);
    civil_format(c.began, d.since);
    duty_due(&d, c.due);
    duty_say(&d, "Answer the challenge, stage %u (%s)", c.stage, stage->title);
    (void)duty_give_members(s, &d, stage->members, 0);
    duty_give_roles(s, &d, stage->roles);
}

void duty_find_stage_next(struct duty_search *s)
{
    struct challenge_clock c = {0};
    uint16_t answer = 0;
    if (!stage_answered(s, &c, &answer))
        return;
    struct duty d = duty_new(s, answer, 0);
    civil_format(c.began, d.since);
    duty_due(&d, c.due);
    duty_say(&d, "Accept the answer at stage %u and record the outcome, or take it further",
             c.stage);
    duty_give_or(s, &d, duty_lead_members(s), duty_lead_roles(s));
}

/* ---- meetings ---- */

void duty_find_meeting_hold(struct duty_search *s)
{
    struct due due;
    struct civil day;
    bool late, heard = meeting_of(s->f, &due, &late);
    bool set = facts_day(facts_use(s->f, "meeting_date", PART_DATE), &day) ||
               facts_day(s->info.planned, &day);
    struct duty d = duty_new(s, 0, 0);
    if (heard && (!set || civil_compare(due.planned, day) < 0))
        duty_due(&d, due.planned);
    else if (set)
        duty_due(&d, day);
    duty_say(&d,
             set ? "Hold the care planning meeting" : "Book the care planning meeting and hold it");
    duty_give_roles(s, &d, ROLE_BIT(meeting_chair_of(s->f)));
}

void duty_find_meeting_late(struct duty_search *s)
{
    const struct question *q = template_use_find(s->t, "meeting_date");
    struct due due;
    bool late;
    if (!meeting_of(s->f, &due, &late) || !late)
        return;
    char day[16];
    struct duty d = duty_new(s, q ? q->number : 0, 0);
    duty_due(&d, due.planned);
    civil_say_weekday(due.planned, day);
    duty_say(&d, "Choose a day for the meeting in time before the final hearing: %s at the latest",
             day);
    duty_give_roles(s, &d, ROLE_BIT(meeting_chair_of(s->f)));
}

/* ---- in every state ---- */

void duty_find_flags(struct duty_search *s)
{
    for (size_t i = 0; i < audit_flag_count(s->a); i++) {
        const struct audit_flag *flag = audit_flag_at(s->a, i);
        if (flag->closed)
            continue;
        struct duty d = duty_new(s, 0, flag->seq);
        const struct person *p = people_find(s->f->people, flag->told_person);
        struct civil told = civil_today(flag->told_utc_ms);
        civil_format(told, d.since);
        duty_due(&d, told);
        duty_say(&d,
                 "See to the safeguarding concern that you were told of, and note what was done");
        if (p && !p->revoked && p->viewer.nroles)
            duty_give(s, &d, p->viewer.person, p->viewer.roles[0].role);
        else
            duty_give_roles(s, &d, ROLE_BIT(ROLE_FTM));
    }
}

enum { GLASS_NOTICE_DAYS = 10 };

void duty_find_glass(struct duty_search *s)
{
    for (size_t i = 0; i < audit_glass_count(s->a); i++) {
        const struct audit_glass *g = audit_glass_at(s->a, i);
        const struct person *p = people_find(s->f->people, g->person);
        struct civil end = civil_today(g->ended_utc_ms ? g->ended_utc_ms : g->until_utc_ms);
        char day[16];
        struct duty d = duty_new(s, 0, g->seq);
        civil_format(civil_today(g->utc_ms), d.since);
        duty_due(&d, workday_add(s->f->holidays, end, GLASS_NOTICE_DAYS, false));
        civil_say_weekday(end, day);
        duty_say(&d, "%s read this record by break-glass until %s: look at the reason given",
                 p ? p->name : "Somebody", day);
        duty_give_roles(s, &d, ROLE_BIT(ROLE_QA) | ROLE_BIT(ROLE_SM));
    }
}
