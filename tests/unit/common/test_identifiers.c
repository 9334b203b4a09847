#include "common/identifiers.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

/* The numbers are of the kind kept free for examples: NHS 999..., 943 476 5919; Ofcom's
 * 07700 900xxx, 01632 960xxx, 020 7946 0xxx, 0161 496 0xxx, 0808 157 0xxx. */

/* clang-format off */
/* The first found: its kind and its words. */
static const struct {
    const char *text;
    enum identifier_kind kind;
    const char *words;
} found[] = {
    {"NHS number 943 476 5919.",                      IDENTIFIER_NHS, "943 476 5919"},
    {"9434765919",                                    IDENTIFIER_NHS, "9434765919"},
    {"(943-476-5919)",                                IDENTIFIER_NHS, "943-476-5919"},
    {"943.476.5919 is his",                           IDENTIFIER_NHS, "943.476.5919"},
    {"943\xc2\xa0""476\xc2\xa0""5919",                IDENTIFIER_NHS, "943\xc2\xa0""476\xc2\xa0""5919"},
    {"943\xe2\x80\x93""476\xe2\x80\x93""5919",        IDENTIFIER_NHS, "943\xe2\x80\x93""476\xe2\x80\x93""5919"},
    {"no\xe2\x80\x94""9434765919\xe2\x80\x94",        IDENTIFIER_NHS, "9434765919"},
    {"NHS-9434765919",                                IDENTIFIER_NHS, "9434765919"},
    {"NHS/943 476 5919, seen",                        IDENTIFIER_NHS, "943 476 5919"},
    {"number:9434765919,",                            IDENTIFIER_NHS, "9434765919"},
    {"check digit nought: 999 000 0140? 9876543210",  IDENTIFIER_NHS, "9876543210"},

    {"born 12/05/2013",                               IDENTIFIER_BIRTH, "12/05/2013"},
    {"He was born on 12 May 2013 in Leeds.",          IDENTIFIER_BIRTH, "12 May 2013"},
    {"dob: 12.5.13",                                  IDENTIFIER_BIRTH, "12.5.13"},
    {"DOB 2013-05-12.",                               IDENTIFIER_BIRTH, "2013-05-12"},
    {"D.O.B. 12th May 2013",                          IDENTIFIER_BIRTH, "12th May 2013"},
    {"D.O.B. May 12, 2013",                           IDENTIFIER_BIRTH, "May 12, 2013"},
    {"Date of birth\n12-May-2013",                    IDENTIFIER_BIRTH, "12-May-2013"},
    {"date of birth (12th of May, 2013)",             IDENTIFIER_BIRTH, "12th of May, 2013"},
    {"His birthday is 3 Sept. 2013",                  IDENTIFIER_BIRTH, "3 Sept. 2013"},
    {"29 Feb 2012 is her birthday",                   IDENTIFIER_BIRTH, "29 Feb 2012"},
    {"Tom (12/05/2013, DOB)",                         IDENTIFIER_BIRTH, "12/05/2013"},
    {"Birthdate 1 1 2013",                            IDENTIFIER_BIRTH, "1 1 2013"},
    {"born 12 May '13",                               IDENTIFIER_BIRTH, "12 May '13"},
    {"Seen on 3 June 2026. Born 12 May 2013.",        IDENTIFIER_BIRTH, "12 May 2013"},
    {"Placed 3 June 2026, born 12 May 2013.",         IDENTIFIER_BIRTH, "12 May 2013"},

    {"lives at NE1 4ST now",                          IDENTIFIER_POSTCODE, "NE1 4ST"},
    {"M1 1AE",                                        IDENTIFIER_POSTCODE, "M1 1AE"},
    {"B33 8TH",                                       IDENTIFIER_POSTCODE, "B33 8TH"},
    {"CR2 6XH",                                       IDENTIFIER_POSTCODE, "CR2 6XH"},
    {"DN55 1PT",                                      IDENTIFIER_POSTCODE, "DN55 1PT"},
    {"W1A 0AX",                                       IDENTIFIER_POSTCODE, "W1A 0AX"},
    {"EC1A 1BB,",                                     IDENTIFIER_POSTCODE, "EC1A 1BB"},
    {"GIR 0AA",                                       IDENTIFIER_POSTCODE, "GIR 0AA"},
    {"ne1 4st",                                       IDENTIFIER_POSTCODE, "ne1 4st"},
    {"Ne14st.",                                       IDENTIFIER_POSTCODE, "Ne14st"},
    {"SW1A1AA",                                       IDENTIFIER_POSTCODE, "SW1A1AA"},
    {"NE1  4ST",                                      IDENTIFIER_POSTCODE, "NE1  4ST"},
    {"B1 2ND",                                        IDENTIFIER_POSTCODE, "B1 2ND"},

    {"call 07700 900123",                             IDENTIFIER_PHONE, "07700 900123"},
    {"07700900123",                                   IDENTIFIER_PHONE, "07700900123"},
    {"0770 090 0123",                                 IDENTIFIER_PHONE, "0770 090 0123"},
    {"07 700 900 123",                                IDENTIFIER_PHONE, "07 700 900 123"},
    {"07700-900-123",                                 IDENTIFIER_PHONE, "07700-900-123"},
    {"07700 90 01 23",                                IDENTIFIER_PHONE, "07700 90 01 23"},
    {"+44 7700 900123",                               IDENTIFIER_PHONE, "+44 7700 900123"},
    {"(+44)7700900123",                               IDENTIFIER_PHONE, "+44)7700900123"},
    {"+44 (0)7700 900 123",                           IDENTIFIER_PHONE, "+44 (0)7700 900 123"},
    {"0044 161 496 0000",                             IDENTIFIER_PHONE, "0044 161 496 0000"},
    {"020 7946 0018",                                 IDENTIFIER_PHONE, "020 7946 0018"},
    {"(020) 7946 0018",                               IDENTIFIER_PHONE, "020) 7946 0018"},
    {"0161.496.0000",                                 IDENTIFIER_PHONE, "0161.496.0000"},
    {"01632 960983 4 weeks ago",                      IDENTIFIER_PHONE, "01632 960983"},
    {"016977 2345 (nine)",                            IDENTIFIER_PHONE, "016977 2345"},
    {"0800 123 456 7 days a week",                    IDENTIFIER_PHONE, "0800 123 456"},
    {"tel-07700900123",                               IDENTIFIER_PHONE, "07700900123"},

    {"NI AB 12 34 56 C",                              IDENTIFIER_INSURANCE, "AB 12 34 56 C"},
    {"AB123456C",                                     IDENTIFIER_INSURANCE, "AB123456C"},
    {"ab 123456 d.",                                  IDENTIFIER_INSURANCE, "ab 123456 d"},
    {"AB-12-34-56-C",                                 IDENTIFIER_INSURANCE, "AB-12-34-56-C"},

    {"write to a.frost@north.example, please",        IDENTIFIER_EMAIL, "a.frost@north.example"},
    {"<o'neil+care@mail.north.co.uk>",                IDENTIFIER_EMAIL, "o'neil+care@mail.north.co.uk"},
    {"mailto:a@b.org.",                               IDENTIFIER_EMAIL, "a@b.org"},
    {"-a_b@b-c.org,",                                 IDENTIFIER_EMAIL, "a_b@b-c.org"},
    {"9434765919@nhs.example",                        IDENTIFIER_EMAIL, "9434765919@nhs.example"},
};

static const char *const none[] = {
    "", " ", "The care given matches the plan.",
    /* references of the case system */
    "CR-2041", "CH-88", "FCA-2026-0001", "FCA-2026-0001, B1.rationale", "CR-9434765919", "CH/07700900123",
    "CH-123456-A", "CR_07700900123", "CH-12-AB", "ref FCA-2026-0001 of CH-88 and CH-89", "CR-2041-07",
    /* dates that are not of birth */
    "Reviewed on 12 May 2026.", "12/05/2026", "2026-05-12", "The review is on 14 September 2026 at 10:30.",
    "The baby was born. Review on 12 May 2026.", "born; reviewed 12 May 2026", "Her birth mother came on 12 May 2026.",
    "stubborn on 12 May 2026", "newborn, 12 May 2026", "borne 12 May 2026", "dobbing 12 May 2026",
    "born in May 2013", "born in 2013", "born 31/02/x", "born 45/05/2013", "born 30 Feb 2013", "born 12/05/1066",
    "born 3.14159", "born 12/05/20133", "His birthday was good.\n\nReview: 12 May 2026",
    /* times, grades, years, counts */
    "2026-27", "10:30", "09.30-10.30", "0930 1030", "scale 0-10: 8", "B1 good, B2 requires improvement", "year 2026-2027",
    "01.02.2026 10.30", "01.02.2026 9.30", "07 12 2026 9 30", "16 to 25 days, 3 of 4", "1,234,567,890", "3.1415926535",
    "12 34 56", "section 47", "S47 1st meeting", "0 1 2 3 4 5 6 7 8 9 0",
    /* an NHS number's shape, with a wrong check digit or the wrong length */
    "943 476 5918", "9434765910", "943 476 591", "943 476 59190", "19434765919", "9434765919x", "943 4765919",
    "9434765919.5", "1.9434765919", "1111111111", "0000000000", "111 111 1111",
    /* nearly a postcode */
    "B1 2nd paragraph", "L5 3rd action", "B4 1st visit", "B1 5wd", "S20 2yr plan", "b1 4th", "B1 9am", "C1 3pm", "A1 2AB", "D1 4ST",
    "NE1 4SI", "NE1 4CM", "QE1 4ST", "NE1Q 4ST", "NE1 4STX", "XNE1 4ST", "NE1", "4ST", "NE01 4ST", "NE1\n4ST", "NE1 44ST", "W1I 4ST",
    /* nearly a telephone number */
    "04700 900123", "07700 90012", "07700 9001234", "0161 496", "+45 7700 900123", "+44 4700 900123", "x07700900123", "0800 12345",
    /* nearly a National Insurance number */
    "QQ123456C", "AB123456", "AB123456E", "BG123456A", "AO123456A", "AB 12 34 5 C", "AB12 34 56-C", "AB1234567C",
    /* nearly an email address */
    "a@b", "@north.example", "a@", "a @b.org", "a@b.c", "a@b..org", "a@.org", "a.@b.org", "at sign @ here", "a@1.2.3.4", "a`b`@c", "$(x)@y",
};
/* clang-format on */

Test(identifiers, what_looks_like_one_is_found_with_its_kind_and_words)
{
    for (size_t i = 0; i < sizeof found / sizeof *found; i++) {
        const char *s = found[i].text;
        struct identifier x;
        if (!identifiers_next(s, strlen(s), 0, &x)) {
            cr_expect_fail("nothing found in: %s", s);
            continue;
        }
        cr_expect_eq(x.kind, found[i].kind, "%s: %s", s, identifiers_name(x.kind));
        cr_expect(x.end - x.start == strlen(found[i].words) &&
                      !memcmp(s + x.start, found[i].words, x.end - x.start),
                  "%s: found \"%.*s\"", s, (int)(x.end - x.start), s + x.start);
        cr_expect_not(identifiers_next(s, strlen(s), x.end, &x), "%s: twice", s);
    }
}

Test(identifiers, what_the_work_is_full_of_is_none)
{
    for (size_t i = 0; i < sizeof none / sizeof *none; i++) {
        struct identifier x;
        if (identifiers_next(none[i], strlen(none[i]), 0, &x))
            cr_expect_fail("%s: \"%.*s\" looks like %s", none[i], (int)(x.end - x.start),
                           none[i] + x.start, identifiers_name(x.kind));
    }
}

Test(identifiers, one_after_the_other)
{
    static const char s[] = "Ben, dates of birth 12/05/2013 and 14/06/2015, NE1 4ST, 07700 900123, "
                            "NHS 943 476 5919; ben@north.example (AB123456C), CR-2041.";
    static const enum identifier_kind kinds[] = {
        IDENTIFIER_BIRTH, IDENTIFIER_BIRTH, IDENTIFIER_POSTCODE, IDENTIFIER_PHONE,
        IDENTIFIER_NHS,   IDENTIFIER_EMAIL, IDENTIFIER_INSURANCE};
    struct identifier x = {.end = 0};
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        cr_assert(identifiers_next(s, sizeof s - 1, x.end, &x), "%zu", i);
        cr_assert_eq(x.kind, kinds[i], "%zu: %s", i, identifiers_name(x.kind));
    }
    cr_assert_not(identifiers_next(s, sizeof s - 1, x.end, &x));
}

Test(identifiers, what_stands_before_the_place_is_still_near)
{
    static const char s[] = "born 12 May 2013";
    struct identifier x;
    cr_expect(identifiers_next(s, strlen(s), 5, &x));
    cr_expect_eq(x.start, 5u);
    cr_expect_not(identifiers_next(s, strlen(s), 6, &x), "begins before the place");
    cr_expect_not(identifiers_next("x9434765919", 11, 1, &x), "begins inside a word");
    cr_expect_not(identifiers_next(s, strlen(s), strlen(s), &x));
    cr_expect_not(identifiers_next(NULL, 0, 0, &x));
}

Test(identifiers, every_kind_has_words_for_people)
{
    for (int k = IDENTIFIER_NHS; k <= IDENTIFIER_EMAIL; k++) {
        const char *name = identifiers_name((enum identifier_kind)k);
        cr_expect(!strncmp(name, "a ", 2) || !strncmp(name, "an ", 3), "%s", name);
        cr_expect_neq(identifiers_advice((enum identifier_kind)k)[0], 0);
    }
}

/* Every single check digit but the right one is refused. */
Test(identifiers, the_check_digit_counts)
{
    char s[] = "9434765910";
    size_t matches = 0;
    for (char c = '0'; c <= '9'; c++) {
        struct identifier x;
        s[9] = c;
        matches += identifiers_next(s, 10, 0, &x);
    }
    cr_expect_eq(matches, 1u);
}

/* The same text at every end of its memory: nothing behind it is read (asan sees it), and what is
 * cut off is none any more. */
Test(identifiers, a_text_may_end_anywhere)
{
    for (size_t i = 0; i < sizeof found / sizeof *found; i++)
        for (size_t len = 0; len <= strlen(found[i].text); len++) {
            char *s = malloc(len + !len);
            memcpy(s, found[i].text, len);
            struct identifier x;
            for (size_t from = 0; identifiers_next(s, len, from, &x); from = x.end)
                cr_assert(x.start >= from && x.end > x.start && x.end <= len, "%s", found[i].text);
            free(s);
        }
}

/* A text as long as one may be, of what makes it look closest: done at once. A search whose time
 * grew with the square would take minutes, and the test's limit ends it. */
Test(identifiers, hostile_texts_take_no_longer, .timeout = 60)
{
    static const char *const pieces[] = {"a",
                                         "a.",
                                         "a@a.",
                                         "0",
                                         "07 ",
                                         "943 ",
                                         "born ",
                                         "12/",
                                         "12/5/13 ",
                                         "b. 12/5/13 ",
                                         "NE1 ",
                                         "\xff",
                                         "\xc3",
                                         "AB 12 ",
                                         "(0)+44",
                                         "1 May ",
                                         "born 12 May 2013 "};
    enum { LEN = 1024 * 1024 };
    char *s = malloc(LEN);
    for (size_t p = 0; p < sizeof pieces / sizeof *pieces; p++) {
        size_t n = strlen(pieces[p]);
        struct identifier x;
        for (size_t i = 0; i < LEN; i++)
            s[i] = pieces[p][i % n];
        for (size_t from = 0; identifiers_next(s, LEN, from, &x); from = x.end)
            cr_assert_gt(x.end, from);
    }
    free(s);
}
