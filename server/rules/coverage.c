#include "server/rules/coverage.h"

#include <string.h>

static const struct {
    const char *code, *title;
} areas[COVERAGE_AREAS] = {
    [COVERAGE_CYP1] = {"CYP1", "the child's plan"          },
    [COVERAGE_CYP2] = {"CYP2", "the child's progress"      },
    [COVERAGE_CYP3] = {"CYP3", "the child's outcomes"      },
    [COVERAGE_CYP4] = {"CYP4", "the child's voice"         },
    [COVERAGE_CAR1] = {"CAR1", "practice with carers"      },
    [COVERAGE_CAR2] = {"CAR2", "carers' involvement"       },
    [COVERAGE_CAR3] = {"CAR3", "carers' views"             },
    [COVERAGE_CAR4] = {"CAR4", "staff"                     },
    [COVERAGE_CAR5] = {"CAR5", "improvement of the service"},
};

const char *coverage_code(enum coverage_area a)
{
    return areas[a].code;
}

const char *coverage_title(enum coverage_area a)
{
    return areas[a].title;
}

coverage_set coverage_of(const struct template *t)
{
    coverage_set set = 0;
    for (size_t i = 0; i < t->nquestions; i++)
        for (unsigned a = 0; a < COVERAGE_AREAS; a++)
            if (!strcmp(t->questions[i].core_area, areas[a].code))
                set |= 1u << a;
    return set;
}

/* ---- counting ---- */

static unsigned month_of(struct civil d) /* April is 0 */
{
    return (unsigned)(d.month + 8) % 12;
}

static void add(struct coverage_cell *cell, const struct coverage_entry *e)
{
    cell->planned++;
    cell->done += e->done;
}

void coverage_count(const struct coverage_entry *entries, size_t n, int year, struct coverage *out)
{
    *out = (struct coverage){.year = year};
    for (size_t i = 0; i < n; i++) {
        const struct coverage_entry *e = &entries[i];
        if (e->off || civil_quarter_of(e->day).year != year)
            continue;
        unsigned month = month_of(e->day);
        for (unsigned a = 0; a < COVERAGE_AREAS; a++)
            if (e->areas & 1u << a) {
                add(&out->cell[a][month], e);
                add(&out->area[a], e);
            }
        add(&out->month[month], e);
        add(&out->all, e);
    }
}

/* How many of the year's months have begun on that day: 0 before it, 12 behind it. */
static unsigned months_begun(int year, struct civil today)
{
    int now = civil_quarter_of(today).year;
    if (now != year)
        return now < year ? 0 : COVERAGE_MONTHS;
    return month_of(today) + 1;
}

coverage_set coverage_thin(const struct coverage *c, struct civil today, uint32_t percent)
{
    coverage_set thin = 0;
    unsigned months = months_begun(c->year, today);
    for (unsigned a = 0; a < COVERAGE_AREAS; a++) {
        uint64_t planned = 0, done = 0;
        for (unsigned m = 0; m < months; m++) {
            planned += c->cell[a][m].planned;
            done += c->cell[a][m].done;
        }
        if (!c->area[a].planned || done * 100 < planned * percent)
            thin |= 1u << a;
    }
    return thin;
}

/* ---- who is short ---- */

static bool is_in_month(const struct coverage_entry *e, struct civil day)
{
    return !e->off && e->person && e->day.year == day.year && e->day.month == day.month;
}

static bool is_counted_before(const struct coverage_entry *entries, size_t i, struct civil day)
{
    for (size_t j = 0; j < i; j++)
        if (is_in_month(&entries[j], day) && entries[j].person == entries[i].person)
            return true;
    return false;
}

static struct coverage_short count_person(const struct coverage_entry *entries, size_t n,
                                          struct civil day, uint32_t person)
{
    struct coverage_short s = {.person = person};
    for (size_t i = 0; i < n; i++)
        if (is_in_month(&entries[i], day) && entries[i].person == person) {
            s.planned++;
            s.done += entries[i].done;
        }
    return s;
}

static bool is_further_behind(const struct coverage_short *a, const struct coverage_short *b)
{
    uint32_t x = a->planned - a->done, y = b->planned - b->done;
    return x == y ? a->person < b->person : x > y;
}

size_t coverage_who_is_short(const struct coverage_entry *entries, size_t n, struct civil day,
                             struct coverage_short *out, size_t cap)
{
    size_t all = 0, kept = 0;
    for (size_t i = 0; i < n; i++) {
        if (!is_in_month(&entries[i], day) || is_counted_before(entries, i, day))
            continue;
        struct coverage_short s = count_person(entries, n, day, entries[i].person);
        if (s.done >= s.planned)
            continue;
        all++;
        size_t at = kept < cap ? kept++ : cap;
        if (at == cap && (!cap || !is_further_behind(&s, &out[--at])))
            continue;
        for (; at > 0 && is_further_behind(&s, &out[at - 1]); at--)
            out[at] = out[at - 1];
        out[at] = s;
    }
    return all;
}

/* ---- what would fill the gaps ---- */

static unsigned size_of(coverage_set set)
{
    unsigned n = 0;
    for (; set; set &= set - 1)
        n++;
    return n;
}

size_t coverage_suggest(coverage_set thin, const coverage_set *sets, size_t n, size_t *out,
                        coverage_set *left)
{
    size_t taken = 0;
    while (thin && taken < n) {
        size_t best = 0;
        for (size_t i = 1; i < n; i++)
            if (size_of(sets[i] & thin) > size_of(sets[best] & thin))
                best = i;
        if (!(sets[best] & thin))
            break;
        thin &= ~sets[best];
        out[taken++] = best;
    }
    *left = thin;
    return taken;
}
