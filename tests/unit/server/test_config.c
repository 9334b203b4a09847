#include "server/config.h"

#include <criterion/criterion.h>
#include <string.h>

static enum err parse(const char *text, struct config *c, struct err_info *why)
{
    memset(why, 0, sizeof *why);
    return config_parse("tandem.yaml", text, strlen(text), c, why);
}

Test(config, the_tables_defaults_are_those_of_core_and_net)
{
    struct config c;
    struct core_settings core;
    struct net_settings net;
    config_default(&c);
    core_settings_default(&core);
    net_settings_default(&net);
    cr_assert_eq(c.core.max_frame_bytes, core.max_frame_bytes);
    cr_assert_eq(c.core.max_batch_bytes, core.max_batch_bytes);
    cr_assert_eq(c.core.max_text_cp, core.max_text_cp);
    cr_assert_eq(c.core.max_outbound_bytes, core.max_outbound_bytes);
    cr_assert_eq(c.core.requests_per_s, core.requests_per_s);
    cr_assert_eq(c.core.requests_burst, core.requests_burst);
    cr_assert_eq(c.core.ping_after_ms, core.ping_after_ms);
    cr_assert_eq(c.core.silence_ms, core.silence_ms);
    cr_assert_eq(c.core.hello_timeout_ms, core.hello_timeout_ms);
    cr_assert_eq(c.core.max_unauthenticated, core.max_unauthenticated);
    cr_assert_eq(c.core.max_per_person, core.max_per_person);
    cr_assert_eq(c.core.cert_days, core.cert_days);
    cr_assert_eq(c.core.code_hours, core.code_hours);
    cr_assert_eq(c.core.snapshot_every_events, core.snapshot_every_events);
    cr_assert_eq(c.core.idle_audit_ms, core.idle_audit_ms);
    cr_assert_eq(c.core.fanout_window_ms, core.fanout_window_ms);
    cr_assert_eq(c.core.fanout_window_people, core.fanout_window_people);
    cr_assert_eq(memcmp(&c.core.clock, &core.clock, sizeof core.clock), 0);
    cr_assert_eq(memcmp(&c.core.holidays, &core.holidays, sizeof core.holidays), 0);
    cr_assert_eq(c.net.handshake_ms, net.handshake_ms);
    cr_assert_eq(c.net.finish_ms, net.finish_ms);
    cr_assert_eq(c.net.max_unauthenticated, net.max_unauthenticated);
    cr_assert_eq(c.net.max_outbound_bytes, net.max_outbound_bytes);
    cr_assert_eq(c.log_level, (uint32_t)LOG_LEVEL_INFO);
}

Test(config, what_is_said_is_taken_and_the_rest_stays)
{
    struct config c;
    struct err_info why;
    cr_assert_eq(parse("site: \"North: shire\"\nlisten: \"[::]:80\"\nhosts: [a.example, 10.0.0.1, "
                       "\"::1\"]\nlog_level: debug\ncode_hours: 1\nmax_outbound_bytes: 3000000\n"
                       "commit_window_us: 1500\n",
                       &c, &why),
                 ERR_OK, "%s", why.text);
    cr_assert_str_eq(c.core.site, "North: shire");
    cr_assert_str_eq(c.listen, "[::]:80");
    cr_assert_eq(c.nhosts, 3u);
    cr_assert_str_eq(c.hosts[0], "a.example");
    cr_assert_str_eq(c.hosts[2], "::1");
    cr_assert_eq(c.log_level, (uint32_t)LOG_LEVEL_DEBUG);
    cr_assert_eq(c.core.code_hours, 1u);
    cr_assert_eq(c.net.max_outbound_bytes, 3000000u);
    cr_assert_eq(c.core.max_outbound_bytes, 3000000u, "the core has the same limit");
    cr_assert_eq(c.store.commit_window_us, 1500u);
    cr_assert_eq(c.core.cert_days, 90u);
}

Test(config, numbers_outside_their_range_name_the_line_and_the_range)
{
    static const char *const bad[] = {
        "0",    "8761", "-1",  "1.5",   "1e3", "0x10", "18446744073709551617",
        "\"\"", "ten",  "[1]", "{a: 1}"};
    struct config c;
    struct err_info why;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        char text[100];
        (void)snprintf(text, sizeof text, "# settings\nsite: x\ncode_hours: %s\n", bad[i]);
        cr_assert_eq(parse(text, &c, &why), ERR_INPUT, "%s", bad[i]);
        cr_assert_eq(strncmp(why.text, "tandem.yaml:3", 13), 0, "%s: %s", bad[i], why.text);
    }
    cr_assert_eq(parse("code_hours: 1\n", &c, &why), ERR_OK);
    cr_assert_eq(parse("code_hours: 8760\n", &c, &why), ERR_OK);
    cr_assert_eq(c.core.code_hours, 8760u);
}

Test(config, the_file_of_a_new_site_says_what_was_chosen_and_nothing_else)
{
    static const char *const hosts[] = {"qa.example", "::1"};
    struct config c, standard;
    struct err_info why;
    struct buf text = BUF_INIT;
    config_format("\"North\" \\ shire: # 1", hosts, 2, &text);
    cr_assert_eq(parse(buf_cstr(&text), &c, &why), ERR_OK, "%s", why.text);
    config_default(&standard);
    cr_assert_str_eq(c.core.site, "\"North\" \\ shire: # 1");
    cr_assert_eq(c.nhosts, 2u);
    cr_assert_str_eq(c.hosts[0], "qa.example");
    memcpy(c.core.site, standard.core.site, sizeof c.core.site);
    memset(c.hosts, 0, sizeof c.hosts);
    c.nhosts = 0;
    cr_assert_eq(memcmp(&c.core, &standard.core, sizeof c.core), 0);
    cr_assert_eq(memcmp(&c.net, &standard.net, sizeof c.net), 0);
    cr_assert_str_eq(c.listen, standard.listen);
    buf_free(&text);
}

Test(config, every_setting_that_the_new_file_shows_as_a_default_is_one)
{
    struct config c, standard;
    struct err_info why;
    struct buf text = BUF_INIT;
    config_format("Tandem", NULL, 0, &text);
    char *s = strdup(buf_cstr(&text)), *p = s;
    size_t taken = 0;
    while ((p = strchr(p, '#'))) { /* "#name: value" is a setting, "# words" is not */
        if (p[1] != ' ' && (p == s || p[-1] == '\n')) {
            *p = ' ';
            memmove(p, p + 1, strlen(p));
            taken++;
        } else {
            p++;
        }
    }
    cr_assert_gt(taken, 15u);
    cr_assert_eq(parse(s, &c, &why), ERR_OK, "%s", why.text);
    config_default(&standard);
    cr_assert_eq(memcmp(&c.core, &standard.core, sizeof c.core), 0);
    cr_assert_eq(memcmp(&c.net, &standard.net, sizeof c.net), 0);
    free(s);
    buf_free(&text);
}

Test(config, hosts_are_names_or_addresses)
{
    static const char *const good[] = {"a",  "qa.example", "10.0.0.1", "::1",
                                       "::", "fe80::1",    "my_host-2"};
    static const char *const bad[] = {"",     " ",  "a b",         "a,b",         "a/b",
                                      "a\nb", "a.", "caf\xc3\xa9", "x,IP:1.2.3.4"};
    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        cr_assert(config_is_host(good[i]), "%s", good[i]);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        cr_assert_not(config_is_host(bad[i]), "%s", bad[i]);
}

Test(config, the_help_names_every_setting_with_its_unit)
{
    struct buf text = BUF_INIT;
    config_help(&text);
    cr_assert_not_null(strstr(buf_cstr(&text), "code_hours"));
    cr_assert_not_null(strstr(buf_cstr(&text), "(1 to 8760 hours)"));
    buf_free(&text);
}

/* ---- how long things may take ---- */

Test(config, every_clock_is_a_setting_with_its_range)
{
    for (int i = 0; i < CLOCK_COUNT; i++) {
        const struct clock_row *row = clock_row((enum clock)i);
        const uint32_t values[] = {row->least, row->most, row->standard};
        for (size_t j = 0; j < 3; j++) {
            struct config c;
            struct err_info why;
            struct clock_values alone;
            char text[100], expected[100] = "";
            (void)snprintf(text, sizeof text, "%s: %u\n", row->name, values[j]);
            /* at an end of its range it may contradict another one; then it says so */
            enum err e = parse(text, &c, &why);
            cr_assert(e == ERR_OK || e == ERR_INPUT);
            alone = c.core.clock;
            cr_assert_eq(clock_value(&alone, (enum clock)i), values[j], "%s", row->name);
            if (e)
                (void)snprintf(expected, sizeof expected, "tandem.yaml:1: ");
            cr_assert_eq(strncmp(why.text, expected, strlen(expected)), 0, "%s", why.text);
            cr_assert_eq(clock_values_check(&alone, NULL, NULL), e);
        }
        const int64_t bad[] = {(int64_t)row->least - 1, (int64_t)row->most + 1};
        for (size_t j = 0; j < 2; j++) {
            struct config c;
            struct err_info why;
            char text[100], range[100];
            (void)snprintf(text, sizeof text, "%s: %lld\n", row->name, (long long)bad[j]);
            (void)snprintf(range, sizeof range, "from %u to %u (%s)", row->least, row->most,
                           clock_unit_name(row->unit));
            cr_assert_eq(parse(text, &c, &why), ERR_INPUT, "%s", text);
            cr_assert_not_null(strstr(why.text, range), "%s", why.text);
        }
    }
}

Test(config, clocks_are_shown_in_the_help_and_in_a_new_file)
{
    struct buf help = BUF_INIT, file = BUF_INIT;
    config_help(&help);
    config_format("Tandem", NULL, 0, &file);
    for (int i = 0; i < CLOCK_COUNT; i++) {
        const struct clock_row *row = clock_row((enum clock)i);
        char line[200], range[100];
        (void)snprintf(line, sizeof line, "\n#%s: %u\n", row->name, row->standard);
        (void)snprintf(range, sizeof range, "(%u to %u %s)", row->least, row->most,
                       clock_unit_name(row->unit));
        const char *in_file = strstr(buf_cstr(&file), line);
        const char *in_help = strstr(buf_cstr(&help), row->name);
        cr_assert_not_null(in_file, "%s", line);
        cr_assert_not_null(in_help);
        cr_assert_not_null(strstr(in_help, range), "%s %s", row->name, range);
        cr_assert_not_null(strstr(buf_cstr(&file), row->help), "%s", row->name);
    }
    cr_assert_not_null(strstr(buf_cstr(&file), "\n# Choices of your service, not legal duties"));
    buf_free(&help);
    buf_free(&file);
}

Test(config, clocks_that_contradict_each_other_name_a_line)
{
    static const struct {
        const char *text, *begin, *sentence;
    } rows[] = {
        {"site: x\nplan_days_inadequate: 6\n", "tandem.yaml:2: ",
         "plan_days_inadequate (6 working days) must not be more than plan_days (5 working days)"},
        {"site: x\n\nplan_days: 1\n",          "tandem.yaml:3: ", "plan_days_inadequate"         },
        {"late_hos_days: 5\nsite: x\n",        "tandem.yaml:1: ", "late_sm_days"                 },
        {"carer_voice_days: 5\n",              "tandem.yaml:1: ", "carer_chase_days"             },
    };
    struct config c;
    struct err_info why;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        cr_assert_eq(parse(rows[i].text, &c, &why), ERR_INPUT, "%s", rows[i].text);
        cr_assert_eq(strncmp(why.text, rows[i].begin, strlen(rows[i].begin)), 0, "%s", why.text);
        cr_assert_not_null(strstr(why.text, rows[i].sentence), "%s", why.text);
    }
    cr_assert_eq(parse("plan_days_inadequate: 6\nplan_days: 6\n", &c, &why), ERR_OK, "%s",
                 why.text);
}

static bool works(const struct config *c, int year, int month, int d)
{
    return workday_is(&c->core.holidays, (struct civil){year, month, d});
}

Test(config, proclaimed_bank_holidays_are_taken)
{
    struct config c;
    struct err_info why;
    cr_assert_eq(
        parse("bank_holidays: [2027-06-15 added, 3 May 2027 moved to 10 May 2027]\n", &c, &why),
        ERR_OK, "%s", why.text);
    cr_assert_not(works(&c, 2027, 6, 15));
    cr_assert(works(&c, 2027, 5, 3));
    cr_assert_not(works(&c, 2027, 5, 10));
    cr_assert_not(works(&c, 2022, 9, 19), "what is built in stays");
    cr_assert_eq(
        parse("site: x\nbank_holidays:\n  - 2027-06-15 added\n  - 2027-02-29 added\n", &c, &why),
        ERR_INPUT);
    cr_assert_eq(strncmp(why.text, "tandem.yaml:4: bank_holidays: ", 30), 0, "%s", why.text);
    cr_assert_not_null(strstr(why.text, "There is no 29 February 2027"), "%s", why.text);
    cr_assert_eq(parse("bank_holidays: 2027-06-15 added\n", &c, &why), ERR_INPUT, "not a list");
}

Test(config, rules_that_count_the_first_day_are_named)
{
    struct config c;
    struct err_info why;
    cr_assert_eq(parse("count_first_day: [rep_days, stage_days]\n", &c, &why), ERR_OK, "%s",
                 why.text);
    cr_assert_eq(c.core.clock.inclusive, CLOCK_BIT(CLOCK_REP_DAYS) | CLOCK_BIT(CLOCK_STAGE_DAYS));
    static const char *const bad[] = {"[rep]", "[\"\"]", "[impact_months]", "[site]", "rep_days"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        char text[100];
        (void)snprintf(text, sizeof text, "site: x\ncount_first_day: %s\n", bad[i]);
        cr_assert_eq(parse(text, &c, &why), ERR_INPUT, "%s", bad[i]);
        cr_assert_eq(strncmp(why.text, "tandem.yaml:2: ", 15), 0, "%s", why.text);
    }
}

Test(config, lists_have_an_end)
{
    struct buf text = BUF_INIT;
    struct config c;
    struct err_info why;
    buf_append_str(&text, "hosts: [h");
    for (int i = 0; i < CONFIG_MAX_HOSTS; i++)
        buf_appendf(&text, ", h%d", i);
    buf_append_str(&text, "]\n");
    cr_assert_eq(parse(buf_cstr(&text), &c, &why), ERR_INPUT);
    cr_assert_not_null(strstr(why.text, "hosts: at most 16 may be given."), "%s", why.text);
    buf_free(&text);
}
