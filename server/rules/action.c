#include "server/rules/action.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "server/rules/clock.h"

/* ---- where it stands ---- */

/* By enum action_status; the words follow "it is". */
static const struct {
    const char *code, *words;
} statuses[] = {
    [ACTION_IS_OPEN] = {"open",          "open"                   },
    [ACTION_IS_IN_PROGRESS] = {"in_progress",   "in progress"            },
    [ACTION_IS_DONE_CLAIMED] = {"done_claimed",  "said to be done"        },
    [ACTION_IS_DONE_VERIFIED] = {"done_verified", "verified"               },
    [ACTION_IS_NOT_EFFECTIVE] = {"not_effective", "closed as not effective"},
    [ACTION_IS_CANCELLED] = {"cancelled",     "cancelled"              },
    [ACTION_IS_SUPERSEDED] = {"superseded",    "superseded"             },
};
enum { STATUSES = sizeof statuses / sizeof *statuses };

const char *action_status_code(enum action_status s)
{
    return s >= ACTION_IS_OPEN && (size_t)s < STATUSES ? statuses[s].code : "?";
}

static struct audit_value value_of(const struct audit *a, uint16_t question, uint64_t item,
                                   enum part part)
{
    return audit_value(a, (struct field){.question = question, .part = part, .item = item});
}

static const char *part_of(const struct audit *a, uint16_t question, uint64_t item, enum part part)
{
    return value_of(a, question, item, part).value;
}

enum action_status action_status(const struct audit *a, uint16_t question, uint64_t item)
{
    const char *code = part_of(a, question, item, PART_STATUS);
    for (size_t s = ACTION_IS_OPEN; s < STATUSES; s++)
        if (!strcmp(statuses[s].code, code))
            return (enum action_status)s;
    return ACTION_IS_OPEN;
}

bool action_is_settled(const struct audit *a, uint16_t question, uint64_t item)
{
    switch (action_status(a, question, item)) {
    case ACTION_IS_OPEN:
    case ACTION_IS_IN_PROGRESS:
    case ACTION_IS_DONE_CLAIMED:
        return false;
    case ACTION_IS_NOT_EFFECTIVE:
        return part_of(a, question, item, PART_LEADS_TO)[0];
    case ACTION_IS_DONE_VERIFIED:
    case ACTION_IS_CANCELLED:
    case ACTION_IS_SUPERSEDED:
        return true;
    }
    return false;
}

static bool is_dip(const struct audit *a)
{
    return !strcmp(audit_template(a)->type, "dip");
}

bool action_is_followed_up(const struct audit *a)
{
    enum audit_state s = audit_info(a).state;
    return s == AUDIT_FOLLOW_UP || (s == AUDIT_ACTION_PLANNING && is_dip(a));
}

void action_each(const struct audit *a, action_fn fn, void *user)
{
    const struct template *t = audit_template(a);
    struct audit_item items[AUDIT_MAX_ITEMS];
    for (size_t i = 0; i < t->nquestions; i++) {
        const struct question *q = &t->questions[i];
        if (!(q->kinds & KIND_ACTIONS))
            continue;
        size_t n = audit_items(a, q->number, PART_ACTIONS, items, AUDIT_MAX_ITEMS);
        for (size_t k = 0; k < n && k < AUDIT_MAX_ITEMS; k++)
            if (!fn(user, q->number, items[k].id))
                return;
    }
}

/* ---- the steps ---- */

#define FROM(s) (1u << ACTION_IS_##s)
enum {
    FROM_UNDONE = FROM(OPEN) | FROM(IN_PROGRESS),
    FROM_RUNNING = FROM_UNDONE | FROM(DONE_CLAIMED),
    FROM_DONE = FROM(DONE_CLAIMED) | FROM(DONE_VERIFIED),
    BY_OWNER_OR_FTM = ACTION_BY_OWNER | ACTION_BY_FTM,
    BY_MANAGERS = ACTION_BY_FTM | ACTION_BY_SM | ACTION_BY_QA,
    BY_VERIFIERS = BY_MANAGERS | ACTION_BY_LEAD | ACTION_BY_ANOTHER,
};

/* step, code, title, from, to, who, reason?, asks, records */
/* clang-format off */
static const struct action_step_def steps[] = {
    {ACTION_START, "start", "Begin it", FROM(OPEN), ACTION_IS_IN_PROGRESS, BY_OWNER_OR_FTM, false,
     "", "status"},
    {ACTION_CLAIM, "claim", "Say that it is done", FROM_UNDONE, ACTION_IS_DONE_CLAIMED,
     ACTION_BY_OWNER, false, "what shows that it is done", "status, who said so"},
    {ACTION_VERIFY, "verify", "Verify that it is done", FROM(DONE_CLAIMED), ACTION_IS_DONE_VERIFIED,
     BY_VERIFIERS, false, "", "status, who verified it, and when"},
    {ACTION_REOPEN, "reopen", "Say what is still to do", FROM(DONE_CLAIMED), ACTION_IS_IN_PROGRESS,
     BY_VERIFIERS, true, "what is still to do", "status, reason"},
    {ACTION_NOT_EFFECTIVE, "not_effective", "Close it as not effective", FROM(IN_PROGRESS) | FROM_DONE,
     ACTION_IS_NOT_EFFECTIVE, BY_MANAGERS | ACTION_BY_LEAD, true,
     "why it did not help enough, and which new action follows",
     "status, reason, the action that follows, who closed it, and when"},
    {ACTION_CANCEL, "cancel", "Cancel it", FROM_RUNNING, ACTION_IS_CANCELLED, BY_MANAGERS, true,
     "why it is no longer needed", "status, reason, who closed it, and when"},
    {ACTION_SUPERSEDE, "supersede", "Close it because another takes its place", FROM_RUNNING,
     ACTION_IS_SUPERSEDED, BY_MANAGERS, true, "what takes its place",
     "status, reason, the action that takes its place, who closed it, and when"},
    {ACTION_DUE, "due", "Agree another day", FROM_UNDONE, 0, ACTION_BY_FTM | ACTION_BY_SM, true,
     "the new day, and why", "the new day, the reason; the first day is kept"},
    {ACTION_IMPACT, "impact", "Say what difference it made", FROM(DONE_VERIFIED), 0,
     BY_OWNER_OR_FTM | ACTION_BY_SM | ACTION_BY_LEAD, false,
     "better, same, worse or cannot_tell, and what shows it", "the difference, and what shows it"},
};
/* clang-format on */

const struct action_step_def *action_steps(size_t *count)
{
    *count = sizeof steps / sizeof *steps;
    return steps;
}

const struct action_step_def *action_step_find(const char *code)
{
    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++)
        if (!strcmp(steps[i].code, code))
            return &steps[i];
    return NULL;
}

static const struct action_step_def *row_of(enum action_step step)
{
    return &steps[step - ACTION_START];
}

/* ---- who ---- */

static const role_set ftm = ROLE_BIT(ROLE_FTM);

static role_set lead_roles(const struct audit *a)
{
    const char *type = audit_template(a)->type;
    bool of_iro = is_dip(a) || !strcmp(type, "challenge");
    return ROLE_BIT(of_iro ? ROLE_IRO : ROLE_FRO);
}

struct step_people {
    uint32_t owner;   /* 0: the action names nobody who works here */
    uint32_t claimer; /* 0: nobody has said that it is done */
};

static struct step_people people_of(const struct facts *f, const struct action_request *q)
{
    const struct person *owner =
        facts_owner(f->people, part_of(f->audit, q->question, q->item, PART_OWNER));
    struct step_people p = {.owner = owner ? owner->viewer.person : 0};
    const char *by = part_of(f->audit, q->question, q->item, PART_CLAIMED_BY);
    for (; *by >= '0' && *by <= '9'; by++)
        p.claimer = p.claimer * 10 + (uint32_t)(*by - '0');
    return p;
}

/* The site roles that a step is for. */
static role_set roles_of(uint32_t who, const struct step_people *p)
{
    role_set roles = 0;
    if (who & ACTION_BY_FTM || (who & ACTION_BY_OWNER && !p->owner))
        roles |= ftm;
    if (who & ACTION_BY_SM)
        roles |= ROLE_BIT(ROLE_SM);
    if (who & ACTION_BY_QA)
        roles |= ROLE_BIT(ROLE_QA);
    return roles;
}

static bool is_own(const struct step_people *p, uint32_t person)
{
    return person == p->owner || person == p->claimer;
}

enum { WHO_BYTES = FACTS_NAMES_BYTES + 90 };

/* "Sue (FTM) or Sam (SM)": who can, other than the asker. */
static void say_who(const struct facts *f, const struct action_request *q,
                    const struct step_people *p, char out[WHO_BYTES])
{
    uint32_t who = row_of(q->step)->who;
    role_set members = who & ACTION_BY_LEAD ? lead_roles(f->audit) : 0;
    bool another = who & ACTION_BY_ANOTHER;
    const struct person *owner = who & ACTION_BY_OWNER ? people_find(f->people, p->owner) : NULL;
    char names[FACTS_NAMES_BYTES];
    facts_names(f, roles_of(who, p), members,
                another ? p->owner
                : owner ? p->owner
                        : 0,
                another ? p->claimer : q->who->person, names);
    if (!owner)
        (void)snprintf(out, WHO_BYTES, "%s", names[0] ? names : "nobody here at present");
    else
        (void)snprintf(out, WHO_BYTES, "%s, its owner%s%s", owner->name, names[0] ? ", or " : "",
                       names);
}

static enum err check_who(const struct facts *f, const struct action_request *q,
                          struct err_info *why)
{
    const struct action_step_def *row = row_of(q->step);
    struct step_people p = people_of(f, q);
    uint32_t person = q->who->person;
    char who[WHO_BYTES];
    bool may = facts_has_role(q->who, roles_of(row->who, &p), audit_info(f->audit).team) ||
               (row->who & ACTION_BY_LEAD && facts_is_member(f, person, lead_roles(f->audit))) ||
               (row->who & ACTION_BY_OWNER && p.owner == person);
    bool own = row->who & ACTION_BY_ANOTHER && is_own(&p, person);
    if (may && !own)
        return ERR_OK;
    say_who(f, q, &p, who);
    if (own)
        return err_set(why, ERR_REFUSED_ROLE,
                       "somebody else looks whether your own action is done: %s can", who);
    return err_set(why, ERR_REFUSED_ROLE, "%s: that is for %s", row->title, who);
}

static bool may_know(const struct facts *f, const struct action_request *q)
{
    struct step_people p = people_of(f, q);
    return audit_may_see(f->audit, q->who) || (p.owner && p.owner == q->who->person);
}

/* ---- when ---- */

/* "open, in progress or said to be done" */
static void say_statuses(uint32_t set, char out[120])
{
    size_t at = 0;
    out[0] = 0;
    for (size_t s = ACTION_IS_OPEN; s < STATUSES; s++) {
        if (!(set & 1u << s))
            continue;
        bool last = !(set >> (s + 1));
        at += (size_t)snprintf(out + at, 120 - at, "%s%s",
                               !at    ? ""
                               : last ? " or "
                                      : ", ",
                               statuses[s].words);
    }
}

static enum err check_state(const struct facts *f, const struct action_request *q,
                            struct err_info *why)
{
    const struct action_step_def *row = row_of(q->step);
    enum audit_state state = audit_info(f->audit).state;
    enum action_status status = action_status(f->audit, q->question, q->item);
    char from[120];
    if (state == AUDIT_CLOSED && q->step != ACTION_IMPACT)
        return err_set(why, ERR_REFUSED_STATE,
                       "the record is closed; all that can be added to an action now is the "
                       "difference it made");
    if (state != AUDIT_CLOSED && !action_is_followed_up(f->audit))
        return err_set(why, ERR_REFUSED_STATE,
                       "actions are followed up once their plan has been accepted; the record is "
                       "%s",
                       audit_state_code(state));
    if (row->from & 1u << status)
        return ERR_OK;
    say_statuses(row->from, from);
    return err_set(why, ERR_REFUSED_STATE, "%s: that is for an action that is %s; this one is %s",
                   row->title, from, statuses[status].words);
}

/* ---- what it asks for ---- */

static bool is_empty(const char *s)
{
    return !s || !s[strspn(s, " \t\n")];
}

static enum err check_line(const struct facts *f, const struct action_request *q, enum part part,
                           const char *line, struct err_info *why)
{
    struct field field = {.question = q->question, .part = part, .item = q->item};
    return is_empty(line) ? ERR_OK : field_check_value(audit_template(f->audit), field, line, why);
}

static bool has_evidence(const struct facts *f, const struct action_request *q)
{
    return facts_has_words(
        f, (struct field){.question = q->question, .part = PART_DONE_EVIDENCE, .item = q->item});
}

static enum err check_reason(const struct facts *f, const struct action_request *q,
                             struct err_info *why)
{
    const struct action_step_def *row = row_of(q->step);
    if (is_empty(q->reason) && (row->reason || (q->step == ACTION_CLAIM && !has_evidence(f, q))))
        return err_set(why, ERR_INPUT, "say %s", row->asks);
    return check_line(f, q, q->step == ACTION_DUE ? PART_DUE_REASON : PART_CLOSE_REASON, q->reason,
                      why);
}

struct search {
    uint64_t item;
    uint16_t question; /* 0: not found */
};

static bool is_it(void *user, uint16_t question, uint64_t item)
{
    struct search *s = user;
    if (item == s->item)
        s->question = question;
    return item != s->item;
}

/* The action that follows must be one that is still to be done; so no two can name each other. */
static enum err check_leads_to(const struct facts *f, const struct action_request *q,
                               struct err_info *why)
{
    struct search s = {.item = q->leads_to};
    if (!q->leads_to && q->step == ACTION_SUPERSEDE)
        return ERR_OK;
    if (q->leads_to && q->leads_to != q->item)
        action_each(f->audit, is_it, &s);
    if (!s.question)
        return err_set(why, ERR_INPUT, "name another action of this record that %s",
                       q->step == ACTION_SUPERSEDE ? "takes its place" : "follows from this one");
    if (!(FROM_UNDONE & 1u << action_status(f->audit, s.question, s.item)))
        return err_set(why, ERR_INPUT,
                       "the action that you name is %s; name one that is still to be done",
                       statuses[action_status(f->audit, s.question, s.item)].words);
    return ERR_OK;
}

static enum err check_due(const struct facts *f, const struct action_request *q,
                          struct err_info *why)
{
    struct civil day, today = civil_today(f->now_utc_ms);
    char said[16], present[11];
    enum err e = civil_parse(q->due ? q->due : "", &day, why);
    if (e)
        return e;
    civil_say_weekday(day, said);
    if (civil_compare(day, today) <= 0)
        return err_set(why, ERR_INPUT, "%s has come already; agree on a day after today", said);
    civil_format(day, present);
    if (!strcmp(part_of(f->audit, q->question, q->item, PART_DUE), present))
        return err_set(why, ERR_INPUT, "it is due on %s already", said);
    return ERR_OK;
}

static enum err check_impact(const struct facts *f, const struct action_request *q,
                             struct err_info *why)
{
    const struct field impact = {q->question, PART_IMPACT, q->item};
    struct civil from;
    char day[16];
    if (!action_impact_day(f, q->question, q->item, &from))
        return err_set(why, ERR_REFUSED_STATE, "it has not been verified yet");
    civil_say_weekday(from, day);
    if (civil_compare(civil_today(f->now_utc_ms), from) < 0)
        return err_set(why, ERR_REFUSED_STATE,
                       "the difference can be told from %s on, %u month%s after it was verified",
                       day, f->clock->impact_months, f->clock->impact_months == 1 ? "" : "s");
    if (is_empty(q->impact))
        return err_set(why, ERR_INPUT, "say %s", row_of(q->step)->asks);
    enum err e = field_check_value(audit_template(f->audit), impact, q->impact, why);
    if (e)
        return e;
    if (is_empty(q->evidence))
        return err_set(why, ERR_INPUT, "say what shows the difference, or why you cannot tell");
    return check_line(f, q, PART_IMPACT_EVIDENCE, q->evidence, why);
}

static enum err check_input(const struct facts *f, const struct action_request *q,
                            struct err_info *why)
{
    enum err e = check_reason(f, q, why);
    if (e)
        return e;
    switch (q->step) {
    case ACTION_NOT_EFFECTIVE:
    case ACTION_SUPERSEDE:
        return check_leads_to(f, q, why);
    case ACTION_DUE:
        return check_due(f, q, why);
    case ACTION_IMPACT:
        return check_impact(f, q, why);
    case ACTION_START:
    case ACTION_CLAIM:
    case ACTION_VERIFY:
    case ACTION_REOPEN:
    case ACTION_CANCEL:
        return ERR_OK;
    }
    return ERR_INPUT;
}

enum err action_check(const struct facts *f, const struct action_request *q, struct err_info *why)
{
    if (!audit_item_exists(f->audit, q->question, PART_ACTIONS, q->item) || !may_know(f, q))
        return err_set(why, ERR_NOT_FOUND, "there is no such action");
    enum err e = check_who(f, q, why);
    if (!e)
        e = check_state(f, q, why);
    return e ? e : check_input(f, q, why);
}

/* ---- what is written ---- */

static void put(const struct facts *f, const struct action_request *q, struct action_ops *out,
                enum part part, const char *value)
{
    struct field field = {.question = q->question, .part = part, .item = q->item};
    struct audit_value now = audit_value(f->audit, field);
    if (!strcmp(now.value, value))
        return;
    out->ops[out->nops++] = (struct audit_op){
        .kind = OP_SET, .set = {.field = field, .value = value, .base_rev = now.rev}
    };
}

static void put_closing(const struct facts *f, const struct action_request *q,
                        struct action_ops *out)
{
    civil_format(civil_today(f->now_utc_ms), out->day);
    put(f, q, out, PART_CLOSED_BY, out->person);
    put(f, q, out, PART_CLOSED_ON, out->day);
}

/* The first day stays what it was; one that was never written down is written now. */
static void put_due(const struct facts *f, const struct action_request *q, struct action_ops *out)
{
    struct err_info why;
    struct civil day;
    if (!part_of(f->audit, q->question, q->item, PART_FIRST_DUE)[0]) {
        civil_format(action_due(f, q->question, q->item), out->first);
        put(f, q, out, PART_FIRST_DUE, out->first);
    }
    if (civil_parse(q->due, &day, &why) == ERR_OK)
        civil_format(day, out->day);
    put(f, q, out, PART_DUE, out->day);
    put(f, q, out, PART_DUE_REASON, q->reason);
}

static void put_leads_to(const struct facts *f, const struct action_request *q,
                         struct action_ops *out)
{
    if (!q->leads_to)
        return;
    (void)snprintf(out->items, sizeof out->items, "%" PRIu64, q->leads_to);
    put(f, q, out, PART_LEADS_TO, out->items);
}

void action_make(const struct facts *f, const struct action_request *q, struct action_ops *out)
{
    const struct action_step_def *row = row_of(q->step);
    *out = (struct action_ops){0};
    (void)snprintf(out->person, sizeof out->person, "%" PRIu32, q->who->person);
    if (row->to)
        put(f, q, out, PART_STATUS, action_status_code(row->to));
    if (row->to && !is_empty(q->reason))
        put(f, q, out, PART_CLOSE_REASON, q->reason);
    switch (q->step) {
    case ACTION_START:
        break;
    case ACTION_CLAIM:
        put(f, q, out, PART_CLAIMED_BY, out->person);
        break;
    case ACTION_REOPEN:
        put(f, q, out, PART_CLAIMED_BY, "");
        break;
    case ACTION_VERIFY:
    case ACTION_CANCEL:
        put_closing(f, q, out);
        break;
    case ACTION_NOT_EFFECTIVE:
    case ACTION_SUPERSEDE:
        put_closing(f, q, out);
        put_leads_to(f, q, out);
        break;
    case ACTION_DUE:
        put_due(f, q, out);
        break;
    case ACTION_IMPACT:
        put(f, q, out, PART_IMPACT, q->impact);
        put(f, q, out, PART_IMPACT_EVIDENCE, q->evidence);
        break;
    }
}

/* ---- days ---- */

/* Is `word` among words joined with ", "? */
static bool has_word(const char *words, const char *word)
{
    size_t len = strlen(word);
    for (const char *p = words; (p = strstr(p, word)); p += len)
        if ((p == words || p[-1] == ' ') && (!p[len] || p[len] == ','))
            return true;
    return false;
}

struct civil action_default_due(const struct facts *f, uint16_t question, uint64_t item,
                                struct civil agreed)
{
    bool soon = !strcmp(part_of(f->audit, question, item, PART_PRIORITY), "high") ||
                has_word(part_of(f->audit, question, item, PART_ACTION_THEME), "safety");
    enum clock c = soon ? CLOCK_ACTION_SAFETY_DAYS : CLOCK_ACTION_DAYS;
    return clock_after(f->clock, c, f->holidays, agreed).limit;
}

/* The day on which the plan was accepted. */
static struct civil agreed_day(const struct facts *f)
{
    const struct audit_move *m =
        audit_move_last(f->audit, is_dip(f->audit) ? AUDIT_ACTION_PLANNING : AUDIT_FOLLOW_UP);
    return civil_today(m ? m->utc_ms : audit_state_since_utc_ms(f->audit));
}

struct civil action_due(const struct facts *f, uint16_t question, uint64_t item)
{
    struct civil due;
    if (facts_day(part_of(f->audit, question, item, PART_DUE), &due))
        return due;
    return action_default_due(f, question, item, agreed_day(f));
}

bool action_impact_day(const struct facts *f, uint16_t question, uint64_t item, struct civil *out)
{
    struct civil closed;
    if (action_status(f->audit, question, item) != ACTION_IS_DONE_VERIFIED ||
        !facts_day(part_of(f->audit, question, item, PART_CLOSED_ON), &closed))
        return false;
    *out = clock_after(f->clock, CLOCK_IMPACT_MONTHS, f->holidays, closed).limit;
    return true;
}
