#include "server/rules/clock.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#define CLOCK_ROW(id, name, standard, unit, least, most, law, help)                                \
    [CLOCK_##id] = {#name, standard, CLOCK_##unit, least, most, law, help},
static const struct clock_row rows[CLOCK_COUNT] = {CLOCKS(CLOCK_ROW)};
#undef CLOCK_ROW

#define CLOCK_OFFSET(id, name, standard, unit, least, most, law, help)                             \
    [CLOCK_##id] = offsetof(struct clock_values, name),
static const size_t offsets[CLOCK_COUNT] = {CLOCKS(CLOCK_OFFSET)};
#undef CLOCK_OFFSET

_Static_assert(CLOCK_COUNT <= 64, "clock_values.inclusive has a bit for each");

static const struct {
    const char *one, *many;
} units[] = {
    [CLOCK_WORKING_DAYS] = {"working day", "working days"},
    [CLOCK_WEEKS] = {"week",        "weeks"       },
    [CLOCK_MONTHS] = {"month",       "months"      },
    [CLOCK_PERCENT] = {"percent",     "percent"     },
};

const struct clock_row *clock_row(enum clock c)
{
    return &rows[c];
}

int clock_find(const char *name)
{
    for (int c = 0; c < CLOCK_COUNT; c++)
        if (!strcmp(rows[c].name, name))
            return c;
    return -1;
}

const char *clock_unit_name(enum clock_unit unit)
{
    return units[unit].many;
}

void clock_values_default(struct clock_values *v)
{
    memset(v, 0, sizeof *v);
    for (int c = 0; c < CLOCK_COUNT; c++)
        memcpy((char *)v + offsets[c], &rows[c].standard, sizeof rows[c].standard);
}

uint32_t clock_value(const struct clock_values *v, enum clock c)
{
    uint32_t n;
    memcpy(&n, (const char *)v + offsets[c], sizeof n);
    return n;
}

void clock_say(const struct clock_values *v, enum clock c, char out[32])
{
    uint32_t n = clock_value(v, c);
    if (rows[c].unit == CLOCK_PERCENT)
        (void)snprintf(out, 32, "%u %%", n);
    else
        (void)snprintf(out, 32, "%u %s", n,
                       n == 1 ? units[rows[c].unit].one : units[rows[c].unit].many);
}

/* ---- contradictions ---- */

/* The first may not be more than the second, or (less) has to be less. */
static const struct {
    enum clock first, second;
    bool less;
    const char *because;
} orders[] = {
    {CLOCK_PLAN_DAYS_INADEQUATE,      CLOCK_PLAN_DAYS,         false,
     "after an inadequate audit the plan is wanted sooner, not later"                  },
    {CLOCK_ACTION_SAFETY_DAYS,        CLOCK_ACTION_DAYS,       false,
     "an action about safety is due sooner than others, not later"                     },
    {CLOCK_CARER_VOICE_DAYS,          CLOCK_PREPARE_DAYS,      false,
     "the carer is asked once preparation is open"                                     },
    {CLOCK_CARER_CHASE_DAYS,          CLOCK_CARER_VOICE_DAYS,  true,
     "the carer is asked again after the first time, nearer to the review"             },
    {CLOCK_REAUDIT_INADEQUATE_MONTHS, CLOCK_REAUDIT_RI_MONTHS, false,
     "an inadequate audit is looked at again sooner than one that requires improvement"},
    {CLOCK_LATE_SM_DAYS,              CLOCK_LATE_HOS_DAYS,     false,
     "the service manager hears of a late action before the head of service does"      },
    {CLOCK_STAGE_DAYS,                CLOCK_STAGES_TOTAL_DAYS, false,
     "one stage of a dispute cannot take longer than all of them"                      },
};

enum err clock_values_check(const struct clock_values *v, enum clock pair[2], struct err_info *why)
{
    for (size_t i = 0; i < sizeof orders / sizeof *orders; i++) {
        enum clock a = orders[i].first, b = orders[i].second;
        char first[32], second[32];
        if (clock_value(v, a) + orders[i].less <= clock_value(v, b))
            continue;
        if (pair) {
            pair[0] = a;
            pair[1] = b;
        }
        clock_say(v, a, first);
        clock_say(v, b, second);
        return err_set(why, ERR_INPUT, "%s (%s) must %s %s (%s): %s. Change one of them.",
                       rows[a].name, first, orders[i].less ? "be less than" : "not be more than",
                       rows[b].name, second, orders[i].because);
    }
    return ERR_OK;
}

/* ---- days ---- */

static struct due count(const struct clock_values *v, enum clock c, const struct holidays *h,
                        struct civil d, int64_t sign)
{
    int64_t n = sign * (int64_t)clock_value(v, c);
    assert(rows[c].unit != CLOCK_PERCENT);
    switch (rows[c].unit) {
    case CLOCK_WORKING_DAYS:
        return workday_due(h, workday_add(h, d, n, v->inclusive & CLOCK_BIT(c)));
    case CLOCK_WEEKS:
        return workday_due(h, civil_add_days(d, 7 * n));
    case CLOCK_MONTHS:
        return workday_due(h, civil_add_months(d, n));
    case CLOCK_PERCENT:
        break;
    }
    return workday_due(h, d);
}

struct due clock_after(const struct clock_values *v, enum clock c, const struct holidays *h,
                       struct civil d)
{
    return count(v, c, h, d, 1);
}

struct due clock_before(const struct clock_values *v, enum clock c, const struct holidays *h,
                        struct civil d)
{
    return count(v, c, h, d, -1);
}
