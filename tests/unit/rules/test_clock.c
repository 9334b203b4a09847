#include "server/rules/clock.h"

#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <string.h>

static const char *text(struct civil d)
{
    static char out[4][11];
    static size_t at;
    char *s = out[at++ % 4];
    civil_format(d, s);
    return s;
}

static struct civil day(const char *iso)
{
    struct civil d = {0};
    struct err_info why = {0};
    cr_assert_eq(civil_parse(iso, &d, &why), ERR_OK, "%s: %s", iso, why.text);
    return d;
}

/* ---- the table: the field's own text, by hand ---- */

struct named {
    char name[32], said[32];
    bool law;
};

ParameterizedTestParameters(clock, the_defaults_are_those_of_the_field)
{
    static struct named rows[] = {
        {"prepare_days",              "20 working days", false},
        {"agree_days",                "10 working days", false},
        {"forward_days",              "2 working days",  false},
        {"answer_days",               "5 working days",  false},
        {"moderate_days",             "10 working days", false},
        {"plan_days",                 "5 working days",  false},
        {"plan_days_inadequate",      "2 working days",  false},
        {"assure_days",               "5 working days",  false},
        {"absent_days",               "10 working days", false},
        {"reaudit_inadequate_months", "3 months",        false},
        {"reaudit_ri_months",         "6 months",        false},
        {"carer_voice_days",          "15 working days", false},
        {"carer_chase_days",          "5 working days",  false},
        {"rep_days",                  "10 working days", false},
        {"action_days",               "20 working days", false},
        {"action_safety_days",        "5 working days",  false},
        {"remind_before_days",        "5 working days",  false},
        {"remind_every_days",         "5 working days",  false},
        {"late_sm_days",              "10 working days", false},
        {"late_hos_days",             "20 working days", false},
        {"impact_months",             "3 months",        false},
        {"stage_days",                "5 working days",  false},
        {"stages_total_days",         "20 working days", true },
        {"meeting_weeks",             "3 weeks",         true },
        {"sample_percent",            "100 %",           false},
        {"review_plan_months",        "11 months",       false},
        {"notify_days",               "3 working days",  false},
        {"highlight_days",            "5 working days",  false},
        {"papers_days",               "5 working days",  false},
        {"quarter_report_days",       "15 working days", false},
        {"panel_report_days",         "20 working days", false},
        {"horizon_months",            "18 months",       false},
    };
    return cr_make_param_array(struct named, rows, sizeof rows / sizeof *rows);
}

ParameterizedTest(struct named *row, clock, the_defaults_are_those_of_the_field)
{
    struct clock_values v;
    char said[32];
    clock_values_default(&v);
    int c = clock_find(row->name);
    cr_assert_geq(c, 0, "%s", row->name);
    clock_say(&v, (enum clock)c, said);
    cr_assert_str_eq(said, row->said, "%s", row->name);
    cr_assert_eq(clock_row((enum clock)c)->law, row->law, "%s", row->name);
}

Test(clock, every_row_is_whole)
{
    cr_assert_eq(CLOCK_COUNT, 32, "the test above names them all");
    for (int c = 0; c < CLOCK_COUNT; c++) {
        const struct clock_row *row = clock_row((enum clock)c);
        cr_assert_eq(clock_find(row->name), c);
        cr_assert(row->least <= row->standard && row->standard <= row->most, "%s", row->name);
        cr_assert(*row->help);
    }
    cr_assert_eq(clock_find("agree"), -1);
    cr_assert_eq(clock_find(""), -1);
    cr_assert_eq(clock_row(CLOCK_STAGES_TOTAL_DAYS)->most, 20u, "the law's bound");
    cr_assert_eq(clock_row(CLOCK_MEETING_WEEKS)->least, 3u, "the law's bound");
}

Test(clock, a_value_stands_under_its_name)
{
    struct clock_values v;
    char said[32];
    clock_values_default(&v);
    v.agree_days = 1;
    v.meeting_weeks = 4;
    cr_assert_eq(clock_value(&v, CLOCK_AGREE_DAYS), 1u);
    cr_assert_eq(clock_value(&v, CLOCK_MEETING_WEEKS), 4u);
    clock_say(&v, CLOCK_AGREE_DAYS, said);
    cr_assert_str_eq(said, "1 working day");
}

/* ---- contradictions ---- */

struct clash {
    enum clock first, second;
    uint32_t too_much, just_right; /* of the first, the second at its default */
};

ParameterizedTestParameters(clock, contradictions_are_said)
{
    static struct clash rows[] = {
        {CLOCK_PLAN_DAYS_INADEQUATE,      CLOCK_PLAN_DAYS,         6,  5 },
        {CLOCK_ACTION_SAFETY_DAYS,        CLOCK_ACTION_DAYS,       21, 20},
        {CLOCK_CARER_VOICE_DAYS,          CLOCK_PREPARE_DAYS,      21, 20},
        {CLOCK_CARER_CHASE_DAYS,          CLOCK_CARER_VOICE_DAYS,  15, 14},
        {CLOCK_REAUDIT_INADEQUATE_MONTHS, CLOCK_REAUDIT_RI_MONTHS, 7,  6 },
        {CLOCK_LATE_SM_DAYS,              CLOCK_LATE_HOS_DAYS,     21, 20},
    };
    return cr_make_param_array(struct clash, rows, sizeof rows / sizeof *rows);
}

static void set(struct clock_values *v, enum clock c, uint32_t n)
{
    uint32_t *fields[] = {
        [CLOCK_PLAN_DAYS_INADEQUATE] = &v->plan_days_inadequate,
        [CLOCK_ACTION_SAFETY_DAYS] = &v->action_safety_days,
        [CLOCK_CARER_VOICE_DAYS] = &v->carer_voice_days,
        [CLOCK_CARER_CHASE_DAYS] = &v->carer_chase_days,
        [CLOCK_REAUDIT_INADEQUATE_MONTHS] = &v->reaudit_inadequate_months,
        [CLOCK_LATE_SM_DAYS] = &v->late_sm_days,
    };
    *fields[c] = n;
}

ParameterizedTest(struct clash *row, clock, contradictions_are_said)
{
    struct clock_values v;
    enum clock pair[2];
    struct err_info why = {0};
    clock_values_default(&v);
    set(&v, row->first, row->just_right);
    cr_assert_eq(clock_values_check(&v, pair, &why), ERR_OK, "%s", why.text);
    set(&v, row->first, row->too_much);
    cr_assert_eq(clock_values_check(&v, pair, &why), ERR_INPUT);
    cr_assert(pair[0] == row->first && pair[1] == row->second);
    cr_assert_not_null(strstr(why.text, clock_row(row->first)->name), "%s", why.text);
    cr_assert_not_null(strstr(why.text, clock_row(row->second)->name), "%s", why.text);
    cr_assert_not_null(strstr(why.text, "Change one of them."), "%s", why.text);
}

Test(clock, one_stage_cannot_take_longer_than_all)
{
    struct clock_values v;
    struct err_info why = {0};
    clock_values_default(&v);
    cr_assert_eq(clock_values_check(&v, NULL, &why), ERR_OK, "the defaults go together");
    v.stage_days = 10;
    v.stages_total_days = 10;
    cr_assert_eq(clock_values_check(&v, NULL, &why), ERR_OK, "%s", why.text);
    v.stages_total_days = 9;
    cr_assert_eq(clock_values_check(&v, NULL, &why), ERR_INPUT);
    cr_assert_str_eq(why.text, "stage_days (10 working days) must not be more than "
                               "stages_total_days (9 working days): one stage of a dispute cannot "
                               "take longer than all of them. Change one of them.");
}

/* ---- days ---- */

struct counted {
    enum clock clock;
    bool before, inclusive;
    char from[11], limit[11], planned[11];
};

ParameterizedTestParameters(clock, days_are_counted_in_the_clocks_unit)
{
    static struct counted rows[] = {
        {CLOCK_ACTION_DAYS,               false, false, "2026-12-11", "2027-01-13", "2027-01-13"},
        {CLOCK_ACTION_DAYS,               false, true,  "2026-12-11", "2027-01-12", "2027-01-12"},
        {CLOCK_PLAN_DAYS,                 false, false, "2027-03-24", "2027-04-02", "2027-04-02"},
        {CLOCK_MODERATE_DAYS,             false, false, "2026-12-18", "2027-01-06", "2027-01-06"},
        {CLOCK_PREPARE_DAYS,              true,  false, "2027-01-13", "2026-12-11", "2026-12-11"},
        {CLOCK_REP_DAYS,                  true,  false, "2027-01-06", "2026-12-18", "2026-12-18"},
        {CLOCK_REP_DAYS,                  true,  true,  "2027-01-06", "2026-12-21", "2026-12-21"},
        {CLOCK_MEETING_WEEKS,             true,  false, "2027-04-19", "2027-03-29", "2027-03-25"},
        {CLOCK_REAUDIT_INADEQUATE_MONTHS, false, false, "2026-11-30", "2027-02-28", "2027-02-26"},
        {CLOCK_REAUDIT_RI_MONTHS,         false, false, "2027-11-29", "2028-05-29", "2028-05-26"},
    };
    return cr_make_param_array(struct counted, rows, sizeof rows / sizeof *rows);
}

ParameterizedTest(struct counted *row, clock, days_are_counted_in_the_clocks_unit)
{
    static struct holidays h;
    struct clock_values v;
    holidays_init(&h);
    clock_values_default(&v);
    v.inclusive = row->inclusive ? CLOCK_BIT(row->clock) : ~CLOCK_BIT(row->clock);
    struct due due = row->before ? clock_before(&v, row->clock, &h, day(row->from))
                                 : clock_after(&v, row->clock, &h, day(row->from));
    cr_assert_str_eq(text(due.limit), row->limit, "%s from %s", clock_row(row->clock)->name,
                     row->from);
    cr_assert_str_eq(text(due.planned), row->planned);
}
