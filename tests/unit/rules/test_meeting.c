#include "server/rules/meeting.h"

#include <criterion/criterion.h>
#include <string.h>

#include "tests/lib/record_make.h"

static struct holidays holidays;
static struct clock_values values;

static void set_up(void)
{
    holidays_init(&holidays);
    clock_values_default(&values);
}

static struct civil day(const char *s)
{
    struct civil d = {0};
    struct err_info why = {0};
    cr_assert_eq(civil_parse(s, &d, &why), ERR_OK, "%s", why.text);
    return d;
}

static const char *text(struct civil d)
{
    static char out[4][11];
    static size_t at;
    char *s = out[at++ % 4];
    civil_format(d, s);
    return s;
}

/* ---- three weeks before ---- */

/* 21 days back, and from a day off to the working day before it. */
Test(meeting, is_planned_three_weeks_before_the_hearing, .init = set_up)
{
    static const struct {
        const char *hearing, *limit, *planned;
    } rows[] = {
        {"2027-04-19", "2027-03-29", "2027-03-25"}, /* Easter Monday: back to Thursday */
        {"2027-01-15", "2026-12-25", "2026-12-24"},
        {"2027-01-18", "2026-12-28", "2026-12-24"},
        {"2026-12-11", "2026-11-20", "2026-11-20"},
        {"2026-12-13", "2026-11-22", "2026-11-20"}, /* a Sunday */
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct due d = meeting_due(&values, &holidays, day(rows[i].hearing));
        cr_assert_str_eq(text(d.limit), rows[i].limit);
        cr_assert_str_eq(text(d.planned), rows[i].planned);
    }
}

Test(meeting, may_be_late_only_with_a_reason, .init = set_up)
{
    static const struct {
        const char *hearing, *day, *reason;
        enum err expected;
        bool late;
        const char *says;
    } rows[] = {
        {"2027-04-19", "2027-03-25", "",               ERR_OK,    false, ""                          },
        {"2027-04-19", "2027-03-29", NULL,             ERR_OK,    false, ""                          },
        {"2027-04-19", "2027-03-30", NULL,             ERR_INPUT, true,  "20 days before"            },
        {"2027-04-19", "2027-03-30", " \n",            ERR_INPUT, true,  "so planned Thu 25 Mar 2027"},
        {"2027-04-19", "2027-03-30", "court moved it", ERR_OK,    true,  ""                          },
        {"2027-04-19", "2027-04-18", "",               ERR_INPUT, true,  "1 day before"              },
        {"2027-04-19", "2027-04-19", "court moved it", ERR_INPUT, true,  "before the final hearing"  },
        {"2027-04-19", "2027-04-20", "court moved it", ERR_INPUT, true,  "before the final hearing"  },
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct err_info why = {0};
        bool late = !rows[i].late;
        cr_assert_eq(meeting_check_day(&values, &holidays, day(rows[i].hearing), day(rows[i].day),
                                       rows[i].reason, &late, &why),
                     rows[i].expected, "row %zu: %s", i, why.text);
        cr_assert_eq(late, rows[i].late, "row %zu", i);
        cr_assert(strstr(why.text, rows[i].says), "row %zu: %s", i, why.text);
    }
}

Test(meeting, a_longer_notice_may_be_set, .init = set_up)
{
    struct err_info why = {0};
    bool late;
    values.meeting_weeks = 5;
    cr_assert_str_eq(text(meeting_due(&values, &holidays, day("2026-12-11")).limit), "2026-11-06");
    cr_assert_eq(meeting_check_day(&values, &holidays, day("2026-12-11"), day("2026-11-09"), "",
                                   &late, &why),
                 ERR_INPUT);
    cr_assert(strstr(why.text, "at least 5 weeks"), "%s", why.text);
}

/* ---- a record ---- */

Test(meeting, of_a_record_is_late_without_a_day_in_time)
{
    struct record *r = record_new("CPM", "2027-03-25", "2027-03-01");
    struct facts f = record_facts(r);
    struct due due;
    bool late;
    cr_assert_not(meeting_of(&f, &due, &late), "there is no hearing");
    record_set(r, SAM, "A4.date", "2027-04-19");
    f = record_facts(r);
    cr_assert(meeting_of(&f, &due, &late));
    cr_assert_str_eq(text(due.limit), "2027-03-29");
    cr_assert_not(late, "planned for 25 March");
    record_set(r, SAM, "A6", "2027-04-05"); /* its own date counts first */
    cr_assert(meeting_of(&f, &due, &late) && late);
    record_set(r, SAM, "A6", "2027-03-29");
    cr_assert(meeting_of(&f, &due, &late) && !late);
    record_set(r, SAM, "A4", "no");
    cr_assert_not(meeting_of(&f, &due, &late), "no hearing is listed");
    record_free(r);
}

Test(meeting, without_any_day_is_late)
{
    struct record *r = record_new("CPM", "", "2027-03-01");
    struct due due;
    bool late;
    record_set(r, SAM, "A4.date", "2027-04-19");
    struct facts f = record_facts(r);
    cr_assert(meeting_of(&f, &due, &late) && late);
    record_free(r);
}

/* ---- the chair ---- */

Test(meeting, is_chaired_by_the_service_manager_or_for_sgo_by_the_team_manager)
{
    static const struct {
        const char *trigger, *decision;
        enum role chair;
    } rows[] = {
        {"",            "",           ROLE_SM },
        {"proceedings", "enter_care", ROLE_SM },
        {"sgo",         "",           ROLE_FTM},
        {"sgo",         "permanence", ROLE_FTM},
        {"permanence",  "sgo",        ROLE_FTM},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        cr_assert_eq(meeting_chair_role(rows[i].trigger, rows[i].decision), rows[i].chair);
}

Test(meeting, nobody_else_chairs)
{
    struct record *r = record_new("CPM", "", "2027-03-01");
    for (int sgo = 0; sgo < 2; sgo++) {
        struct facts f = record_facts(r);
        for (uint32_t p = ANA; p < PEOPLE_END; p++) {
            struct err_info why = {0};
            bool may = p == (sgo ? FAY : SAM);
            cr_assert_eq(meeting_check_chair(&f, record_viewer(r, p), &why),
                         may ? ERR_OK : ERR_REFUSED_ROLE, "person %u", p);
            cr_assert(may || strstr(why.text, sgo ? "Fay (FTM)" : "Sam (SM)"), "%s", why.text);
        }
        record_set(r, SAM, "A3", "sgo");
    }
    record_free(r);
}

/* ---- the family first ---- */

Test(meeting, warns_until_the_family_has_met_and_blocks_entering_care)
{
    static const struct {
        const char *held, *day;
        bool explained;
        const char *accepted, *decision;
        enum meeting_family expected;
        const char *says;
    } rows[] = {
        {"",    "",           false, "",    "",           MEETING_FAMILY_WARN,  "family-led"     },
        {"",    "",           false, "",    "permanence", MEETING_FAMILY_WARN,  "family-led"     },
        {"",    "",           false, "",    "enter_care", MEETING_FAMILY_BLOCK, "family-led"     },
        {"yes", "2027-02-26", false, "",    "enter_care", MEETING_FAMILY_DONE,  ""               },
        {"yes", "2027-03-01", false, "",    "enter_care", MEETING_FAMILY_DONE,  ""               },
        {"yes", "2027-03-02", false, "",    "enter_care", MEETING_FAMILY_BLOCK,
         "family-led"                                                                            }, /* to come */
        {"yes", "",           false, "",    "enter_care", MEETING_FAMILY_BLOCK, "the day"        },
        {"no",  "2027-02-26", false, "",    "enter_care", MEETING_FAMILY_BLOCK, "family-led"     },
        {"no",  "",           true,  "",    "enter_care", MEETING_FAMILY_BLOCK, "service manager"},
        {"no",  "",           true,  "no",  "enter_care", MEETING_FAMILY_BLOCK, "service manager"},
        {"no",  "",           true,  "",    "other",      MEETING_FAMILY_WARN,  "service manager"},
        {"no",  "",           true,  "yes", "enter_care", MEETING_FAMILY_DONE,  ""               },
        {"no",  "",           false, "yes", "enter_care", MEETING_FAMILY_BLOCK, "why there was"  },
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct record *r = record_new("CPM", "", "2027-03-01");
        struct err_info why = {0};
        record_set(r, SAM, "B1", rows[i].held);
        record_set(r, SAM, "B1.date", rows[i].day);
        if (rows[i].explained)
            record_type(r, CLEO, "B2", "The family asked us not to.");
        record_set(r, SAM, "B3", rows[i].accepted);
        record_set(r, SAM, "E1", rows[i].decision);
        struct facts f = record_facts(r);
        cr_assert_eq(meeting_family(&f, &why), rows[i].expected, "row %zu", i);
        cr_assert(strstr(why.text, rows[i].says), "row %zu: %s", i, why.text);
        record_free(r);
    }
}
