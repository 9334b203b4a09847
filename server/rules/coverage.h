#ifndef TANDEM_SERVER_RULES_COVERAGE_H
#define TANDEM_SERVER_RULES_COVERAGE_H

/* Do a year's audits look at every core area of practice? Nine areas by month, done against
 * planned; who is short; what would fill the gaps. Pure. */

#include "common/audit/template.h"
#include "server/rules/civil.h"

enum coverage_area {
    COVERAGE_CYP1, /* plan */
    COVERAGE_CYP2, /* progress */
    COVERAGE_CYP3, /* outcomes */
    COVERAGE_CYP4, /* voice */
    COVERAGE_CAR1, /* practice */
    COVERAGE_CAR2, /* involvement */
    COVERAGE_CAR3, /* carers' views */
    COVERAGE_CAR4, /* staff */
    COVERAGE_CAR5, /* improvement */
    COVERAGE_AREAS
};
enum { COVERAGE_MONTHS = 12 };
typedef uint32_t coverage_set; /* bit (1u << enum coverage_area) */

const char *coverage_code(enum coverage_area a);  /* "CYP1" */
const char *coverage_title(enum coverage_area a); /* "the child's plan" */
/* The areas that a template's questions touch. */
coverage_set coverage_of(const struct template *t);

/* One planned audit. */
struct coverage_entry {
    coverage_set areas;
    struct civil day; /* planned, or done */
    uint32_t person;  /* who does it; 0: not known */
    bool done;
    bool off; /* cancelled: neither planned nor done */
};

struct coverage_cell {
    uint32_t planned, done; /* planned counts the done ones, too */
};

struct coverage { /* of a year from 1 April */
    int year;
    struct coverage_cell cell[COVERAGE_AREAS][COVERAGE_MONTHS]; /* month 0 is April */
    struct coverage_cell area[COVERAGE_AREAS];                  /* of the whole year */
    struct coverage_cell month[COVERAGE_MONTHS];                /* audits, whatever they touch */
    struct coverage_cell all;
};

/* Other years' entries are left out. */
void coverage_count(const struct coverage_entry *entries, size_t n, int year, struct coverage *out);
/* Areas of which less than `percent` of what was planned up to and with `today`'s month is done, or
 * for which nothing is planned in the year at all. */
coverage_set coverage_thin(const struct coverage *c, struct civil today, uint32_t percent);

/* Who has done less than planned in the month of `day`, most behind first (then by number). Returns
 * how many there are; the first `cap` go to out[]. Entries of person 0 are left out. */
struct coverage_short {
    uint32_t person, planned, done;
};
size_t coverage_who_is_short(const struct coverage_entry *entries, size_t n, struct civil day,
                             struct coverage_short *out, size_t cap);

/* Which templates to take so that these thin areas are looked at: each time the one that touches
 * most of those still open, earlier ones first. Returns how many; their numbers in sets[] go to
 * out[] (room for n). *left are areas that none of them touches. */
size_t coverage_suggest(coverage_set thin, const coverage_set *sets, size_t n, size_t *out,
                        coverage_set *left);

#endif
