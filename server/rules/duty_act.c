/* Duties after moderation: plan, assurance, actions, closing, the next audit. */

#include <string.h>

#include "server/rules/action.h"
#include "server/rules/duty_inner.h"

static const role_set ftm = ROLE_BIT(ROLE_FTM), sm = ROLE_BIT(ROLE_SM), qa = ROLE_BIT(ROLE_QA);

/* ---- the plan ---- */

/* Is the overall grade the scale's last? */
static bool is_inadequate(const struct duty_search *s)
{
    for (size_t i = 0; i < s->t->nquestions && s->t->ngrades; i++) {
        const struct question *q = &s->t->questions[i];
        struct field f = {.question = q->number, .part = PART_GRADE_FINAL};
        if (!q->overall)
            continue;
        const char *grade = audit_value(s->a, f).value;
        f.part = PART_GRADE_AGREED;
        if (!*grade)
            grade = audit_value(s->a, f).value;
        return !strcmp(grade, s->t->grades[s->t->ngrades - 1].code);
    }
    return false;
}

void duty_find_plan(struct duty_search *s)
{
    const struct audit_move *m = audit_move_last(s->a, AUDIT_ACTION_PLANNING);
    bool sent_back = m && m->from == AUDIT_ASSURANCE;
    struct duty d = duty_new(s, 0, 0);
    duty_due_after(s, &d, is_inadequate(s) ? CLOCK_PLAN_DAYS_INADEQUATE : CLOCK_PLAN_DAYS,
                   duty_state_day(s));
    duty_say(&d, sent_back ? "Plan the actions again: the plan was sent back"
                           : "Plan the actions, or say why none is needed");
    duty_give_roles(s, &d, ftm);
}

void duty_find_assure(struct duty_search *s)
{
    struct duty d = duty_new(s, 0, 0);
    duty_due_after(s, &d, CLOCK_ASSURE_DAYS, duty_state_day(s));
    duty_say(&d, "Assure the plan: is it enough, and in reasonable time?");
    duty_give_roles(s, &d, sm);
}

/* ---- actions ---- */

static struct audit_value part_of(const struct duty_search *s, uint16_t question, uint64_t item,
                                  enum part part)
{
    return audit_value(s->a, (struct field){.question = question, .part = part, .item = item});
}

/* Which one of the list it is, from 1; 0 when it is not there. */
static size_t position_of(const struct duty_search *s, uint16_t question, uint64_t item)
{
    struct audit_item items[AUDIT_MAX_ITEMS];
    size_t n = audit_items(s->a, question, PART_ACTIONS, items, AUDIT_MAX_ITEMS);
    for (size_t i = 0; i < n && i < AUDIT_MAX_ITEMS; i++)
        if (items[i].id == item)
            return i + 1;
    return 0;
}

/* "Do what was agreed (action L5[1])". Not its words: duties are stored beside the record, and what
 * is written in it stays in it. */
static struct duty about_action(const struct duty_search *s, const char *what, uint16_t question,
                                uint64_t item)
{
    struct duty d = duty_new(s, question, item);
    const struct question *q = template_question(s->t, question);
    duty_say(&d, "%s (action %s[%zu])", what, q ? q->code : "?", position_of(s, question, item));
    return d;
}

static void due_action(const struct duty_search *s, struct duty *d)
{
    struct civil day;
    duty_due(d, action_due(s->f, d->question, d->item));
    if (facts_day(part_of(s, d->question, d->item, PART_FIRST_DUE).value, &day))
        civil_format(day, d->first_due);
}

static const struct person *owner_of(const struct duty_search *s, uint16_t question, uint64_t item)
{
    return facts_owner(s->f->people, part_of(s, question, item, PART_OWNER).value);
}

/* To the owner, as what they are in this record (or on the site); or to the team's manager. */
static void give_owner(struct duty_search *s, const struct duty *d)
{
    const struct person *owner = owner_of(s, d->question, d->item);
    const struct audit_member *m = owner ? audit_member_find(s->a, owner->viewer.person) : NULL;
    if (!owner)
        duty_give_roles(s, d, ftm);
    else
        duty_give(s, d, owner->viewer.person,
                  m                      ? m->role
                  : owner->viewer.nroles ? owner->viewer.roles[0].role
                                         : ROLE_NONE);
}

static bool is_followed_up(const struct duty_search *s)
{
    return action_is_followed_up(s->a);
}

static bool find_action(void *user, uint16_t question, uint64_t item)
{
    struct duty_search *s = user;
    enum action_status status = action_status(s->a, question, item);
    if (status != ACTION_IS_OPEN && status != ACTION_IS_IN_PROGRESS)
        return true;
    struct duty d = about_action(s, "Do what was agreed", question, item);
    due_action(s, &d);
    give_owner(s, &d);
    return true;
}

void duty_find_action(struct duty_search *s)
{
    if (is_followed_up(s))
        action_each(s->a, find_action, s);
}

/* Somebody other than the owner and who said so: the team manager, or else the service manager. */
static bool find_verify(void *user, uint16_t question, uint64_t item)
{
    struct duty_search *s = user;
    if (action_status(s->a, question, item) != ACTION_IS_DONE_CLAIMED)
        return true;
    const struct person *owner = owner_of(s, question, item);
    struct audit_value claimed = part_of(s, question, item, PART_STATUS);
    uint32_t own = owner ? owner->viewer.person : 0;
    struct duty d = about_action(s, "Look whether it is done, and verify it", question, item);
    civil_format(civil_today(claimed.utc_ms), d.since);
    due_action(s, &d);
    duty_give_roles(s, &d, facts_with_role(s->f, ftm, own, claimed.by) ? ftm : sm);
    return true;
}

void duty_find_verify(struct duty_search *s)
{
    if (is_followed_up(s))
        action_each(s->a, find_verify, s);
}

static bool find_impact(void *user, uint16_t question, uint64_t item)
{
    struct duty_search *s = user;
    struct civil from;
    if (part_of(s, question, item, PART_IMPACT).value[0] ||
        !action_impact_day(s->f, question, item, &from))
        return true;
    struct duty d = about_action(s, "Say what difference it made", question, item);
    civil_format(from, d.since);
    duty_due(&d, from);
    give_owner(s, &d);
    return true;
}

void duty_find_impact(struct duty_search *s)
{
    if (is_followed_up(s) || s->info.state == AUDIT_CLOSED)
        action_each(s->a, find_impact, s);
}

/* ---- the end, and what follows ---- */

static bool is_settled(void *user, uint16_t question, uint64_t item)
{
    struct {
        const struct audit *a;
        bool all;
    } *walk = user;
    walk->all = action_is_settled(walk->a, question, item);
    return walk->all;
}

void duty_find_close(struct duty_search *s)
{
    struct {
        const struct audit *a;
        bool all;
    } walk = {s->a, true};
    if (is_followed_up(s))
        action_each(s->a, is_settled, &walk);
    if (!is_followed_up(s) || !walk.all)
        return;
    struct duty d = duty_new(s, 0, 0);
    duty_say(&d, "Close it: nothing is left to do");
    if (s->path == LIFE_AUDIT)
        duty_give_roles(s, &d, life_is_weak(s->a, NULL) ? sm : ftm);
    else
        duty_give_or(s, &d, duty_lead_members(s), duty_lead_roles(s));
}

static bool is_planned_again(const struct duty_search *s)
{
    for (size_t i = 0; i < audit_link_count(s->a); i++)
        if (!strcmp(audit_link_at(s->a, i)->kind, "re_audit"))
            return true;
    return false;
}

void duty_find_reaudit(struct duty_search *s)
{
    struct life_facts f = {.audit = s->a,
                           .people = s->f->people,
                           .clock = s->f->clock,
                           .holidays = s->f->holidays,
                           .now_utc_ms = s->f->now_utc_ms};
    struct civil latest;
    if (is_planned_again(s) || !life_reaudit(&f, &latest))
        return;
    struct duty d = duty_new(s, 0, 0);
    duty_due(&d, latest);
    duty_say(&d, "Plan the next audit of this record, by the day on which it is due");
    duty_give_roles(s, &d, qa);
}
