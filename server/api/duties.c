#include "server/api/duties.h"

#include <stdio.h>
#include <string.h>

#include "server/api/act.h"
#include "server/api/projection.h"
#include "server/rules/duty.h"
#include "server/rules/remind.h"

/* ---- for the wire ---- */

static struct civil day_of(const char *s)
{
    struct civil d = {0};
    if (!facts_day(s, &d))
        d.year = 0;
    return d;
}

static const char *level_of(const struct core *c, struct civil due, struct civil today)
{
    static const char *const codes[] = {
        [REMIND_NONE] = "",     [REMIND_SOON] = "soon",       [REMIND_TODAY] = "today",
        [REMIND_LATE] = "late", [REMIND_LATE_SM] = "manager", [REMIND_LATE_HOS] = "head"};
    return codes[remind_of(&c->settings.clock, &c->settings.holidays, due, today).level];
}

static bool is_theirs(const struct viewer *v, const struct store_duty *d, const char *team)
{
    if (d->person)
        return d->person == v->person;
    return facts_has_role(v, ROLE_BIT(d->role), team);
}

static bool is_current(const struct store_duty *d, struct civil today)
{
    struct duty as = {.kind = duty_def_find(d->kind) ? duty_def_find(d->kind)->kind : DUTY_VIEW};
    memcpy(as.since, d->since, sizeof as.since);
    memcpy(as.due, d->due, sizeof as.due);
    return duty_is_current(&as, today);
}

static char *keep(struct call *c, const char *s, bool *ok)
{
    char *copy = call_strdup(c, s);
    *ok = *ok && copy;
    return copy;
}

Tandem__Duty *duty_of_row(struct call *c, const struct viewer *reader,
                          const struct store_duty_row *row, bool *later)
{
    const struct core *core = c->core;
    const struct store_duty *d = &row->duty;
    struct civil today = civil_today(core->utc_ms), due = day_of(d->due);
    bool ok = true;
    *later = !is_current(d, today);
    Tandem__Duty *to = *later ? NULL : call_alloc(c, sizeof *to);
    if (!to)
        return NULL;
    const struct person *p = d->person ? people_find(core->people, d->person) : NULL;
    tandem__duty__init(to);
    to->ref = keep(c, row->ref, &ok);
    to->template_id = keep(c, row->template_id, &ok);
    to->team = keep(c, row->team, &ok);
    to->state = (uint32_t)row->state;
    to->kind = keep(c, d->kind, &ok);
    to->text = keep(c, d->text, &ok);
    to->person = d->person;
    to->role = (uint32_t)d->role;
    to->due = keep(c, d->due, &ok);
    to->first_due = keep(c, d->first_due, &ok);
    to->since = keep(c, d->since, &ok);
    to->question = d->question;
    to->item = d->item;
    to->name = keep(c, p ? p->name : "", &ok);
    to->mine = is_theirs(reader, d, row->team);
    to->level = (char *)(due.year ? level_of(core, due, today) : "");
    if (due.year)
        to->days_left = (int32_t)workday_count(&core->settings.holidays, today, due);
    return ok ? to : NULL;
}

bool duties_of_record(struct call *c, const struct viewer *reader, Tandem__Duty ***list, size_t *n)
{
    const struct audit *a = live_state(c->la);
    const struct audit_info info = audit_info(a);
    const struct facts f = core_facts(c->core, a);
    struct duty_list duties = {0};
    bool ok = !duties_of(&f, &duties);
    *n = 0;
    *list = ok ? call_alloc(c, duties.n * sizeof **list) : NULL;
    ok = *list != NULL;
    for (size_t i = 0; ok && i < duties.n; i++) {
        struct store_duty_row row = {.state = info.state};
        bool later;
        (void)snprintf(row.ref, sizeof row.ref, "%s", info.ref);
        (void)snprintf(row.template_id, sizeof row.template_id, "%s", audit_template(a)->id);
        (void)snprintf(row.team, sizeof row.team, "%s", info.team);
        projection_duty(&row.duty, &duties.duties[i]);
        Tandem__Duty *d = duty_of_row(c, reader, &row, &later);
        if (d)
            (*list)[(*n)++] = d;
        ok = d || later;
    }
    duty_list_free(&duties);
    return ok;
}
