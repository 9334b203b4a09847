#include "common/err.h"

#include <criterion/criterion.h>
#include <string.h>

#include "common/utf8.h"

static const struct {
    enum err code;
    int number; /* on the wire for ever */
    const char *name;
    int exit; /* as documented: 1 refused by a rule, 3 not reachable, 4 not authenticated, 5
                 conflict */
} expected[] = {
    {ERR_OK,                0,  "ok",                0},
    {ERR_INPUT,             1,  "input",             1},
    {ERR_NOT_FOUND,         2,  "not_found",         1},
    {ERR_STALE,             3,  "stale",             5},
    {ERR_REFUSED_ROLE,      4,  "refused_role",      1},
    {ERR_REFUSED_STATE,     5,  "refused_state",     1},
    {ERR_REFUSED_ROOM,      6,  "refused_room",      1},
    {ERR_TOO_LARGE,         7,  "too_large",         1},
    {ERR_SLOW_DOWN,         8,  "slow_down",         1},
    {ERR_NOT_AUTHENTICATED, 9,  "not_authenticated", 4},
    {ERR_EXISTS,            10, "exists",            1},
    {ERR_REJOIN,            11, "rejoin",            1},
    {ERR_STORE,             20, "store",             1},
    {ERR_NET,               21, "net",               3},
    {ERR_TLS,               22, "tls",               4},
    {ERR_NOMEM,             23, "nomem",             1},
    {ERR_FULL,              24, "full",              1},
    {ERR_VERSION,           25, "version",           1},
    {ERR_LOCKED,            26, "locked",            1},
    {ERR_IO,                27, "io",                1},
    {ERR_CORRUPT,           28, "corrupt",           1},
};

Test(err, numbers_names_and_exit_codes)
{
    for (size_t i = 0; i < sizeof expected / sizeof *expected; i++) {
        enum err e = (enum err)expected[i].number;
        cr_expect_eq(expected[i].code, e, "%s keeps its number", expected[i].name);
        cr_expect_str_eq(err_name(e), expected[i].name);
        cr_expect_eq((int)err_exit_code(e), expected[i].exit, "%s", expected[i].name);
        cr_expect(strlen(err_text(e)) > 4, "%s has a sentence", expected[i].name);
    }
}

Test(err, numbers_of_newer_servers_are_plain_refusals)
{
    cr_expect_str_eq(err_name((enum err)999), "unknown");
    cr_expect_eq(err_exit_code((enum err)999), EXIT_REFUSED);
    cr_expect(strlen(err_text((enum err)999)) > 4);
}

Test(err, set_fills_and_returns)
{
    struct err_info info;
    cr_expect_eq(err_set(&info, ERR_STALE, "%s has changed %s", "Ana", "B1"), ERR_STALE);
    cr_expect_eq(info.code, ERR_STALE);
    cr_expect_str_eq(info.text, "Ana has changed B1");
    cr_expect_eq(err_set(NULL, ERR_IO, "%d", 1), ERR_IO);
}

/* Whatever the length, what is left of the text is well-formed. */
Test(err, long_sentences_end_at_a_whole_character)
{
    static const char *const characters[] = {"x", "\xc3\xa9", "\xe2\x82\xac", "\xf0\x9f\x8c\xb1"};
    for (size_t c = 0; c < 4; c++)
        for (size_t lead = 0; lead < 8; lead++) {
            char text[1000] = "";
            size_t len = 0, size = strlen(characters[c]);
            while (len < lead)
                text[len++] = '-';
            while (len + size < sizeof text) {
                memcpy(text + len, characters[c], size);
                len += size;
            }
            struct err_info info;
            (void)err_set(&info, ERR_INPUT, "%s", text); /* returns its argument */
            size_t left = strlen(info.text);
            cr_expect(left < sizeof info.text && left + 4 >= sizeof info.text, "%zu", left);
            cr_expect_neq(utf8_count(info.text, left), UTF8_BAD, "%zu-byte characters, %zu before",
                          size, lead);
            cr_expect_eq(memcmp(info.text, text, left), 0);
        }
}
