#include "common/utf8.h"

#include <criterion/criterion.h>
#include <string.h>

#include "tests/lib/leaks.h"

/* Every scalar value there and back; every surrogate and what is too large refused. */
Test(utf8, every_code_point)
{
    for (uint32_t cp = 0; cp <= 0x11ffff; cp++) {
        uint8_t bytes[4] = {0};
        size_t len = utf8_encode(cp & 0x1fffff, bytes);
        uint32_t back = 1;
        size_t got = utf8_decode(bytes, bytes + len, &back);
        bool scalar = cp <= 0x10ffff && !(cp >= 0xd800 && cp <= 0xdfff);
        if (scalar && (got != len || back != cp))
            cr_assert_fail("U+%04X comes back as %zu bytes, U+%04X", (unsigned)cp, got,
                           (unsigned)back);
        if (!scalar && got)
            cr_assert_fail("U+%04X is accepted", (unsigned)cp);
        if (scalar && len > 1 && utf8_decode(bytes, bytes + len - 1, &back))
            cr_assert_fail("U+%04X cut short is accepted", (unsigned)cp);
    }
}

static const char *const ill_formed[] = {
    "\x80",             /* a continuation alone */
    "\xbf\xbf",         /* */
    "\xc0\x80",         /* NUL, overlong */
    "\xc1\xbf",         /* overlong */
    "\xe0\x80\xaf",     /* '/', overlong */
    "\xe0\x9f\xbf",     /* overlong */
    "\xf0\x80\x80\xaf", /* overlong */
    "\xf0\x8f\xbf\xbf", /* overlong */
    "\xed\xa0\x80",     /* first surrogate */
    "\xed\xbf\xbf",     /* last surrogate */
    "\xf4\x90\x80\x80", /* U+110000 */
    "\xf5\x80\x80\x80", /* */
    "\xff",             /* */
    "\xe2\x82",         /* cut */
    "\xe2\x28\xa1",     /* not a continuation */
};

Test(utf8, ill_formed_bytes_are_refused_everywhere)
{
    for (size_t i = 0; i < sizeof ill_formed / sizeof *ill_formed; i++) {
        const uint8_t *p = (const uint8_t *)ill_formed[i];
        size_t len = strlen(ill_formed[i]);
        uint32_t cp;
        cr_expect_eq(utf8_decode(p, p + len, &cp), 0u, "row %zu", i);
        cr_expect_eq(utf8_count(p, len), UTF8_BAD, "row %zu", i);
        struct err_info why = {0};
        cr_expect_eq(utf8_check_text(p, len, true, &why), ERR_INPUT, "row %zu", i);
        cr_expect_not_null(strstr(why.text, "UTF-8"), "%s", why.text);
        struct buf safe = BUF_INIT;
        text_safe(&safe, p, len, true);
        cr_expect_neq(utf8_count(safe.data, safe.len), UTF8_BAD, "row %zu", i);
        cr_expect_not_null(memmem(safe.data, safe.len, "\xef\xbf\xbd", 3), "row %zu: U+FFFD", i);
        buf_free(&safe);
    }
    CHECK_NO_LEAKS();
}

Test(utf8, count_is_of_characters)
{
    cr_expect_eq(utf8_count("", 0), 0);
    cr_expect_eq(utf8_count("abc", 3), 3);
    cr_expect_eq(utf8_count("\xc3\xa9\xe2\x82\xac\xf0\x9f\x8c\xb1", 9), 3);
    cr_expect_eq(utf8_count("a\0b", 3), 3);
}

static const struct {
    const char *text;
    bool one_line, multi_line; /* may it stand there? */
} texts[] = {
    {"",                                                    true,  true },
    {"Caf\xc3\xa9, \xe2\x82\xac 5",                         true,  true },
    {"family \xf0\x9f\x91\xa9\xe2\x80\x8d\xf0\x9f\x91\xa7", true,  true }, /* joined by U+200D */
    {"two\nlines",                                          false, true },
    {"a\ttab",                                              false, true },
    {"a\rreturn",                                           false, false},
    {"bell\x07",                                            false, false},
    {"\x1b[31mred",                                         false, false},
    {"delete\x7f",                                          false, false},
    {"C1 \xc2\x9b"
     "31m",                                            false, false}, /* CSI as one character */
    {"next line \xc2\x85",                                  false, false},
    {"override \xe2\x80\xae",                               false, false},
    {"isolate \xe2\x81\xa6",                                false, false},
    {"mark \xe2\x80\x8f",                                   false, false},
    {"arabic mark \xd8\x9c",                                false, false},
    {"BOM \xef\xbb\xbf",                                    false, false},
    {"non-character \xef\xbf\xbf",                          false, false},
    {"non-character \xef\xb7\x90",                          false, false},
    {"non-character \xf0\x9f\xbf\xbe",                      false, false},
};

Test(utf8, what_an_answer_may_contain)
{
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        size_t len = strlen(texts[i].text);
        struct err_info why = {0};
        bool one = !utf8_check_text(texts[i].text, len, false, NULL);
        bool multi = !utf8_check_text(texts[i].text, len, true, &why);
        cr_expect_eq(one, texts[i].one_line, "row %zu on one line", i);
        cr_expect_eq(multi, texts[i].multi_line, "row %zu on several: %s", i, why.text);
        if (!multi)
            cr_expect_not_null(strstr(why.text, "U+"), "row %zu names it: %s", i, why.text);
    }
    cr_expect_eq(utf8_check_text("a\0b", 3, true, NULL), ERR_INPUT, "NUL");
}

static const struct {
    const char *text, *one_line, *multi_line; /* as shown */
} shown[] = {
    {"plain \xc3\xa9",   "plain \xc3\xa9",                  "plain \xc3\xa9"                },
    {"a\nb",
     "a\xe2\x90\x8a"
     "b",                                                   "a\nb"                          },
    {"a\tb",
     "a\xe2\x90\x89"
     "b",                                                   "a\tb"                          },
    {"\x1b[2J",          "\xe2\x90\x9b[2J",                 "\xe2\x90\x9b[2J"               },
    {"\r",               "\xe2\x90\x8d",                    "\xe2\x90\x8d"                  },
    {"\x7f",             "\xe2\x90\xa1",                    "\xe2\x90\xa1"                  },
    {"\xc2\x9b",         "\xe2\x80\xb9U+009B\xe2\x80\xba",  "\xe2\x80\xb9U+009B\xe2\x80\xba"},
    {"\xe2\x80\xae",     "\xe2\x80\xb9U+202E\xe2\x80\xba",  "\xe2\x80\xb9U+202E\xe2\x80\xba"},
    {"\xe2\x80\x8b",     "\xe2\x80\xb9U+200B\xe2\x80\xba",  "\xe2\x80\xb9U+200B\xe2\x80\xba"},
    {"\xf3\xa0\x81\x81", "\xe2\x80\xb9U+E0041\xe2\x80\xba",
     "\xe2\x80\xb9U+E0041\xe2\x80\xba"                                                      }, /* tag */
    {"x\xff"
     "y",           "x\xef\xbf\xbdy",                  "x\xef\xbf\xbdy"                },
};

Test(text_safe, shows_what_hides_and_keeps_what_does_not)
{
    struct buf out = BUF_INIT;
    for (size_t i = 0; i < sizeof shown / sizeof *shown; i++) {
        buf_clear(&out);
        text_safe(&out, shown[i].text, strlen(shown[i].text), true);
        cr_expect_str_eq(buf_cstr(&out), shown[i].multi_line, "row %zu", i);
        cr_expect_str_eq(text_safe_cstr(&out, shown[i].text), shown[i].one_line, "row %zu", i);
    }
    buf_clear(&out);
    text_safe(&out, "a\0b", 3, true);
    cr_expect_str_eq(buf_cstr(&out), "a\xe2\x90\x80"
                                     "b");
    buf_free(&out);
    CHECK_NO_LEAKS();
}

/* Of any single character: no control byte but newline and tab comes out, and it is UTF-8. */
Test(text_safe, every_code_point_is_harmless)
{
    struct buf out = BUF_INIT;
    for (uint32_t cp = 0; cp <= 0x10ffff; cp++) {
        if (cp >= 0xd800 && cp <= 0xdfff)
            continue;
        uint8_t bytes[4];
        size_t len = utf8_encode(cp, bytes);
        buf_clear(&out);
        text_safe(&out, bytes, len, false);
        if (utf8_check_text(out.data, out.len, false, NULL))
            cr_assert_fail("U+%04X comes out as it is", (unsigned)cp);
    }
    buf_free(&out);
}
