#include "server/rules/remind.h"

#include <stdio.h>

const char *remind_level_code(enum remind_level level)
{
    switch (level) {
    case REMIND_NONE:
        return "none";
    case REMIND_SOON:
        return "soon";
    case REMIND_TODAY:
        return "today";
    case REMIND_LATE:
        return "late";
    case REMIND_LATE_SM:
        return "late_sm";
    case REMIND_LATE_HOS:
        return "late_hos";
    }
    return "?";
}

/* By how many working days it is late; the latest first, the first that fits holds. */
struct row {
    int64_t from;
    enum remind_level level;
    role_set roles;
};

static void look_up(const struct clock_values *c, int64_t late, struct reminder *r)
{
    const role_set ftm = ROLE_BIT(ROLE_FTM), sm = ROLE_BIT(ROLE_SM), hos = ROLE_BIT(ROLE_HOS);
    const struct row rows[] = {
        {c->late_hos_days,                REMIND_LATE_HOS, ftm | sm | hos},
        {c->late_sm_days,                 REMIND_LATE_SM,  ftm | sm      },
        {c->remind_every_days,            REMIND_LATE,     ftm           },
        {1,                               REMIND_LATE,     0             },
        {0,                               REMIND_TODAY,    0             },
        {-(int64_t)c->remind_before_days, REMIND_SOON,     0             },
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (late >= rows[i].from) {
            r->level = rows[i].level;
            r->roles = rows[i].roles;
            return;
        }
}

struct reminder remind_of(const struct clock_values *c, const struct holidays *h, struct civil due,
                          struct civil today)
{
    int64_t left = workday_count(h, today, due), every = c->remind_every_days;
    struct civil day = workday_back(h, due);
    struct reminder r = {.days_left = left, .on = due};
    look_up(c, -left, &r);
    if (r.level == REMIND_TODAY && civil_compare(today, due) > 0)
        r.level = REMIND_LATE; /* a day off after it */
    r.owner = r.level != REMIND_NONE;
    if (r.level == REMIND_NONE)
        return r;
    if (r.level == REMIND_SOON) {
        r.count = 1;
        r.on = workday_add(h, day, -(int64_t)c->remind_before_days, false);
        return r;
    }
    int64_t late = left < 0 ? -left / every : 0;
    r.count = (uint32_t)(2 + late);
    r.on = workday_add(h, day, late * every, false);
    return r;
}

void remind_words(const struct holidays *h, struct civil due, struct civil today,
                  char out[REMIND_WORDS_BYTES])
{
    char day[16];
    long long left = workday_count(h, today, due);
    int order = civil_compare(today, due);
    civil_say_weekday(due, day);
    if (order == 0)
        (void)snprintf(out, REMIND_WORDS_BYTES, "due today (%s)", day);
    else if (left == 0)
        (void)snprintf(out, REMIND_WORDS_BYTES,
                       order < 0 ? "due %s, no working day before it" : "was due %s", day);
    else if (left > 0)
        (void)snprintf(out, REMIND_WORDS_BYTES, "due in %lld working day%s (%s)", left,
                       left == 1 ? "" : "s", day);
    else
        (void)snprintf(out, REMIND_WORDS_BYTES, "%lld working day%s late (was due %s)", -left,
                       left == -1 ? "" : "s", day);
}
