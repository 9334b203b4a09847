#include "common/audit/smart.h"

#include <criterion/criterion.h>
#include <string.h>

#include "tests/lib/audit_make.h"

static const char today[] = "2026-11-23";

/* "SmARt": a capital passes, a small letter is a gap. */
static const char *letters_of(const struct smart *s)
{
    static char out[SMART_LETTERS + 1];
    for (int i = 0; i < SMART_LETTERS; i++) {
        char letter = smart_letter((enum smart_letter)i);
        out[i] = s->letters[i].pass ? letter : (char)(letter | 0x20);
    }
    return out;
}

/* An action with every letter; each row below changes one part of it. */
static struct smart_words good(void)
{
    return (struct smart_words){
        .specific = "Jo writes the delegated authority form with the child's social worker",
        .measure = "The signed form is on the carer's record",
        .owner = "FSW Jo",
        .support = "none",
        .change = "The carers can decide about sleepovers for both children",
        .due = "2026-12-18",
    };
}

Test(smart, an_action_that_says_all_of_it_passes)
{
    struct smart_words w = good();
    struct smart s;
    smart_check_words(&w, today, &s);
    cr_expect_str_eq(letters_of(&s), "SMART");
    cr_expect(s.all);
    smart_check_words(&w, NULL, &s);
    cr_expect(s.all, "without a day it is");
}

/* clang-format off */
static const struct {
    enum part part;
    const char *words;
    bool pass;
} rows[] = {
    {PART_SPECIFIC, "Ring the school about the PEP",                                true },
    {PART_SPECIFIC, "Call the school",                                              true },
    {PART_SPECIFIC, "Book six sessions of life story work with Marsh Lane",         true },
    {PART_SPECIFIC, "Ensure the carers hold a signed delegated authority form",     true },
    {PART_SPECIFIC, "Review the safer caring plan with both carers at home",        true },
    {PART_SPECIFIC, "Ensure that all is well",                                      false},
    {PART_SPECIFIC, "Monitor the situation",                                        false},
    {PART_SPECIFIC, "Consider training",                                            false},
    {PART_SPECIFIC, "Improve practice",                                             false},
    {PART_SPECIFIC, "ensure",                                                       false},
    {PART_SPECIFIC, "To be more aware of this",                                     false},
    {PART_SPECIFIC, "Training",                                                     false},
    {PART_SPECIFIC, "...",                                                          false},
    {PART_SPECIFIC, "",                                                             false},

    {PART_MEASURE, "Two visits a month",                                            true },
    {PART_MEASURE, "3 of 4 reports come in time",                                   true },
    {PART_MEASURE, "Noted in the carer's log each week",                            true },
    {PART_MEASURE, "The child says that he sees his brother",                       true },
    {PART_MEASURE, "things are in place so that the carers can decide",             true },
    {PART_MEASURE, "by 18 December",                                                true },
    {PART_MEASURE, "MINUTES of the stability meeting",                              true },
    {PART_MEASURE, "it is better",                                                  false},
    {PART_MEASURE, "Improvement",                                                   false},
    {PART_MEASURE, "formally agreeable",                                            false},
    {PART_MEASURE, "",                                                              false},
    {PART_MEASURE, " \n",                                                           false},

    {PART_OWNER,   "Ben",                                                           true },
    {PART_OWNER,   "",                                                              false},
    {PART_OWNER,   "-",                                                             false},
    {PART_SUPPORT, "None.",                                                         true },
    {PART_SUPPORT, "An hour of the therapist",                                      true },
    {PART_SUPPORT, "",                                                              false},

    {PART_CHANGE,  "She knows why she lives here",                                  true },
    {PART_CHANGE,  "Carers are told before visits",                                 true },
    {PART_CHANGE,  "The FSW knows the plan",                                        true },
    {PART_CHANGE,  "his grandmother can come",                                      true },
    {PART_CHANGE,  "Brothers' time together",                                       true },
    {PART_CHANGE,  "Recording gets shorter",                                        false},
    {PART_CHANGE,  "fsw",                                                           false},
    {PART_CHANGE,  "",                                                              false},

    {PART_DUE,     "2026-11-23",                                                    true },
    {PART_DUE,     "2027-01-04",                                                    true },
    {PART_DUE,     "2026-11-22",                                                    false},
    {PART_DUE,     "2026-12",                                                       false},
    {PART_DUE,     "soon",                                                          false},
    {PART_DUE,     "",                                                              false},
};
/* clang-format on */

static void put(struct smart_words *w, enum part part, const char *words)
{
    switch ((int)part) {
    case PART_SPECIFIC:
        w->specific = words;
        return;
    case PART_MEASURE:
        w->measure = words;
        return;
    case PART_OWNER:
        w->owner = words;
        return;
    case PART_SUPPORT:
        w->support = words;
        return;
    case PART_CHANGE:
        w->change = words;
        return;
    default:
        w->due = words;
        return;
    }
}

Test(smart, each_part_decides_its_letter_and_no_other)
{
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct smart_words w = good();
        struct smart s;
        put(&w, rows[i].part, rows[i].words);
        smart_check_words(&w, today, &s);
        enum smart_letter mine = smart_of_part(rows[i].part);
        for (int l = 0; l < SMART_LETTERS; l++) {
            bool want = l == (int)mine ? rows[i].pass : true;
            cr_expect_eq(s.letters[l].pass, want, "\"%s\": %s", rows[i].words, letters_of(&s));
            cr_expect_not_null(s.letters[l].sentence);
            cr_expect_eq(strchr(s.letters[l].sentence, '?') != NULL, !want, "a gap asks: %s",
                         s.letters[l].sentence);
        }
        cr_expect_eq(s.all, rows[i].pass);
    }
}

Test(smart, what_is_missing_is_asked_for_by_its_name)
{
    struct smart_words w = good();
    struct smart s;
    w.owner = w.measure = w.due = "";
    smart_check_words(&w, today, &s);
    cr_expect_str_eq(letters_of(&s), "SmaRt");
    cr_expect_not_null(strstr(s.letters[SMART_M].sentence, "how shall we know it is done?"));
    cr_expect_not_null(strstr(s.letters[SMART_A].sentence, "who will do it?"));
    cr_expect_null(strstr(s.letters[SMART_A].sentence, "support"), "that is answered");
    cr_expect_not_null(strstr(s.letters[SMART_T].sentence, "by which day?"));
    w.due = "2020-01-01";
    smart_check_words(&w, today, &s);
    cr_expect_not_null(strstr(s.letters[SMART_T].sentence, "passed"));
}

Test(smart, parts_and_letters_have_their_words)
{
    static const char *const meanings[] = {"specific", "measurable", "achievable", "relevant",
                                           "time-bound"};
    for (int l = 0; l < SMART_LETTERS; l++) {
        cr_expect_eq(smart_letter((enum smart_letter)l), "SMART"[l]);
        cr_expect_str_eq(smart_meaning((enum smart_letter)l), meanings[l]);
    }
    cr_expect_eq(smart_of_part(PART_SUPPORT), SMART_A);
    cr_expect_eq(smart_of_part(PART_TEAM), SMART_LETTERS);
    cr_expect_eq(smart_of_part(PART_RATIONALE), SMART_LETTERS);
}

static const char *other_day(void *user, struct field f)
{
    return f.part == PART_DUE ? user : "FSW";
}

Test(smart, an_action_of_an_audit_is_read_from_its_parts)
{
    struct room *r = room_new();
    struct smart s;
    cr_assert_eq(room_add(r, P_FRO, "L3.actions"), ERR_OK);
    struct field due = room_field(r, "L3[1].due");
    smart_check(r->a, due, NULL, NULL, today, &s);
    cr_expect_str_eq(letters_of(&s), "smart");
    cr_assert_eq(room_type(r, P_FRO, "L3[1].specific", "Jo rings the school"), ERR_OK);
    cr_assert_eq(room_type(r, P_FRO, "L3[1].measure", "A note of the call"), ERR_OK);
    cr_assert_eq(room_type(r, P_FSW, "L3[1].support", "none"), ERR_OK);
    cr_assert_eq(room_type(r, P_FSW, "L3[1].change", "The child is expected"), ERR_OK);
    smart_check(r->a, due, NULL, NULL, today, &s);
    cr_expect_str_eq(letters_of(&s), "SMaRt");
    cr_assert_eq(room_set(r, P_FSW, "L3[1].owner", "Jo"), ERR_OK);
    cr_assert_eq(room_set(r, P_FSW, "L3[1].due", "2026-11-22"), ERR_OK);
    smart_check(r->a, due, NULL, NULL, today, &s);
    cr_expect_str_eq(letters_of(&s), "SMARt");
    char day[] = "2026-11-24";
    smart_check(r->a, due, other_day, day, today, &s);
    cr_expect(s.all, "one's own choice stands on top: %s", letters_of(&s));
    due.item += 77;
    smart_check(r->a, due, NULL, NULL, today, &s);
    cr_expect_str_eq(letters_of(&s), "smart", "there is no such action");
    room_free(r);
}
