#include "server/rules/remind.h"

#include <criterion/criterion.h>
#include <string.h>

enum { FTM = ROLE_BIT(ROLE_FTM), SM = ROLE_BIT(ROLE_SM), HOS = ROLE_BIT(ROLE_HOS) };

static struct holidays holidays;
static struct clock_values values;

static void set_up(void)
{
    holidays_init(&holidays);
    clock_values_default(&values);
}

static struct civil day(const char *s)
{
    struct civil d;
    struct err_info why;
    cr_assert_eq(civil_parse(s, &d, &why), ERR_OK, "%s: %s", s, why.text);
    return d;
}

/* Counted by hand: 5 working days before, on the day, then every 5 working days; Christmas (Fri 25
 * Dec), its second day (given on Mon 28 Dec) and New Year (Fri 1 Jan) do not count. */
Test(remind, is_given_before_on_and_after_the_day, .init = set_up)
{
    static const struct {
        const char *due, *today;
        enum remind_level level;
        int64_t left;
        role_set roles;
        uint32_t count;
        const char *on;
    } rows[] = {
        {"2026-12-18", "2026-12-10", REMIND_NONE,     6,   0,              0, "2026-12-18"},
        {"2026-12-18", "2026-12-11", REMIND_SOON,     5,   0,              1, "2026-12-11"},
        {"2026-12-18", "2026-12-13", REMIND_SOON,     5,   0,              1, "2026-12-11"},
        {"2026-12-18", "2026-12-17", REMIND_SOON,     1,   0,              1, "2026-12-11"},
        {"2026-12-18", "2026-12-18", REMIND_TODAY,    0,   0,              2, "2026-12-18"},
        {"2026-12-18", "2026-12-19", REMIND_LATE,     0,   0,              2, "2026-12-18"},
        {"2026-12-18", "2026-12-21", REMIND_LATE,     -1,  0,              2, "2026-12-18"},
        {"2026-12-18", "2026-12-24", REMIND_LATE,     -4,  0,              2, "2026-12-18"},
        {"2026-12-18", "2026-12-28", REMIND_LATE,     -4,  0,              2, "2026-12-18"},
        {"2026-12-18", "2026-12-29", REMIND_LATE,     -5,  FTM,            3, "2026-12-29"},
        {"2026-12-18", "2027-01-01", REMIND_LATE,     -7,  FTM,            3, "2026-12-29"},
        {"2026-12-18", "2027-01-05", REMIND_LATE,     -9,  FTM,            3, "2026-12-29"},
        {"2026-12-18", "2027-01-06", REMIND_LATE_SM,  -10, FTM | SM,       4, "2027-01-06"},
        {"2026-12-18", "2027-01-19", REMIND_LATE_SM,  -19, FTM | SM,       5, "2027-01-13"},
        {"2026-12-18", "2027-01-20", REMIND_LATE_HOS, -20, FTM | SM | HOS, 6, "2027-01-20"},
        {"2026-12-18", "2027-02-03", REMIND_LATE_HOS, -30, FTM | SM | HOS, 8, "2027-02-03"},
 /* due on a Saturday */
        {"2026-12-19", "2026-12-11", REMIND_SOON,     5,   0,              1, "2026-12-11"},
        {"2026-12-19", "2026-12-18", REMIND_TODAY,    0,   0,              2, "2026-12-18"},
        {"2026-12-19", "2026-12-19", REMIND_TODAY,    0,   0,              2, "2026-12-18"},
        {"2026-12-19", "2026-12-20", REMIND_LATE,     0,   0,              2, "2026-12-18"},
        {"2026-12-19", "2026-12-21", REMIND_LATE,     -1,  0,              2, "2026-12-18"},
        {"2026-12-19", "2026-12-29", REMIND_LATE,     -5,  FTM,            3, "2026-12-29"},
 /* over Easter: Good Friday 26 and Monday 29 March 2027 */
        {"2027-03-24", "2027-04-01", REMIND_LATE,     -4,  0,              2, "2027-03-24"},
        {"2027-03-24", "2027-04-02", REMIND_LATE,     -5,  FTM,            3, "2027-04-02"},
        {"2027-04-02", "2027-03-23", REMIND_NONE,     6,   0,              0, "2027-04-02"},
        {"2027-04-02", "2027-03-24", REMIND_SOON,     5,   0,              1, "2027-03-24"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct reminder r = remind_of(&values, &holidays, day(rows[i].due), day(rows[i].today));
        char on[11];
        civil_format(r.on, on);
        cr_assert_eq(r.level, rows[i].level, "%s on %s: %s", rows[i].due, rows[i].today,
                     remind_level_code(r.level));
        cr_assert_eq(r.days_left, rows[i].left, "%s on %s: %lld", rows[i].due, rows[i].today,
                     (long long)r.days_left);
        cr_assert_eq(r.roles, rows[i].roles, "%s on %s", rows[i].due, rows[i].today);
        cr_assert_eq(r.owner, rows[i].level != REMIND_NONE);
        cr_assert_eq(r.count, rows[i].count, "%s on %s: %u", rows[i].due, rows[i].today, r.count);
        cr_assert_str_eq(on, rows[i].on, "%s on %s: %s", rows[i].due, rows[i].today, on);
    }
}

Test(remind, follows_the_settings, .init = set_up)
{
    values.remind_before_days = 2;
    values.remind_every_days = 3;
    values.late_sm_days = 4;
    values.late_hos_days = 6;
    struct civil due = day("2026-11-04"); /* a Wednesday, no holidays near */
    cr_assert_eq(remind_of(&values, &holidays, due, day("2026-10-30")).level, REMIND_NONE);
    cr_assert_eq(remind_of(&values, &holidays, due, day("2026-11-02")).level, REMIND_SOON);
    cr_assert_eq(remind_of(&values, &holidays, due, day("2026-11-06")).roles, 0);
    cr_assert_eq(remind_of(&values, &holidays, due, day("2026-11-09")).roles, FTM);
    cr_assert_eq(remind_of(&values, &holidays, due, day("2026-11-10")).roles, FTM | SM);
    cr_assert_eq(remind_of(&values, &holidays, due, day("2026-11-12")).roles, FTM | SM | HOS);
}

Test(remind, says_how_near_or_late, .init = set_up)
{
    static const struct {
        const char *due, *today, *words;
    } rows[] = {
        {"2026-12-18", "2026-12-15", "due in 3 working days (Fri 18 Dec 2026)"       },
        {"2026-12-18", "2026-12-17", "due in 1 working day (Fri 18 Dec 2026)"        },
        {"2026-12-18", "2026-12-18", "due today (Fri 18 Dec 2026)"                   },
        {"2026-12-18", "2026-12-20", "was due Fri 18 Dec 2026"                       },
        {"2026-12-18", "2026-12-21", "1 working day late (was due Fri 18 Dec 2026)"  },
        {"2026-12-18", "2027-01-06", "10 working days late (was due Fri 18 Dec 2026)"},
        {"2026-12-19", "2026-12-18", "due Sat 19 Dec 2026, no working day before it" },
    };
    char words[REMIND_WORDS_BYTES];
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        remind_words(&holidays, day(rows[i].due), day(rows[i].today), words);
        cr_assert_str_eq(words, rows[i].words);
    }
}

Test(remind, every_level_has_a_code_of_its_own)
{
    for (enum remind_level a = REMIND_NONE; a <= REMIND_LATE_HOS; a++)
        for (enum remind_level b = REMIND_NONE; b < a; b++)
            cr_assert_str_neq(remind_level_code(a), remind_level_code(b));
}
