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
