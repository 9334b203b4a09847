#include "server/rules/challenge.h"

#include <criterion/criterion.h>
#include <string.h>

#include "tests/lib/record_make.h"

static const char *text(struct civil d)
{
    static char out[4][11];
    static size_t at;
    char *s = out[at++ % 4];
    civil_format(d, s);
    return s;
}

/* ---- the stages ---- */

Test(challenge, each_stage_is_held_by_those_the_field_names)
{
    static const struct {
        role_set members, roles;
        const char *answer, *position;
    } rows[CHALLENGE_STAGES] = {
        {ROLE_BIT(ROLE_FSW) | ROLE_BIT(ROLE_CSW), ROLE_BIT(ROLE_FTM),                       "answer0", "position0"},
        {0,                                       ROLE_BIT(ROLE_FTM),                       "answer1", "position1"},
        {0,                                       ROLE_BIT(ROLE_SM),                        "answer2", "position2"},
        {0,                                       ROLE_BIT(ROLE_HOS),                       "answer3", "position3"},
        {0,                                       ROLE_BIT(ROLE_DIR) | ROLE_BIT(ROLE_EXEC), "answer4", "position4"},
    };
    struct record *r = record_new("CHA", "", "2026-12-01");
    for (uint32_t i = 0; i < CHALLENGE_STAGES; i++) {
        const struct challenge_stage *s = challenge_stage(i);
        cr_assert_eq(s->members, rows[i].members);
        cr_assert_eq(s->roles, rows[i].roles);
        cr_assert_str_eq(s->use, rows[i].answer);
        cr_assert_str_eq(s->position, rows[i].position);
        cr_assert(template_use_find(r->t, s->use) && template_use_find(r->t, s->position));
    }
    record_free(r);
}

/* ---- clocks ---- */

struct step {
    const char *day;
    uint32_t stage;
};

/* What the two clocks say on `today` after these steps. */
static const struct {
    struct step steps[5];
    size_t nsteps;
    const char *today;
    uint32_t stage;
    const char *due;
    bool formal;
    const char *total;
    int64_t used;
} rows[] = {
  /* Fri 18 Dec: 21 22 23 24 29 December are five working days */
    {{{"2026-12-18", 0}},                                                          1, "2026-12-21", 0, "2026-12-29", false, "",           0},
 /* a stage begins on Tue 1 Dec: 5 wd are 8 Dec, 20 wd are 31 Dec (25 and 28 are holidays) */
    {{{"2026-12-01", 1}},                                                          1, "2026-12-01", 1, "2026-12-08", true,  "2026-12-31", 0},
    {{{"2026-12-01", 1}},                                                          1, "2026-12-04", 1, "2026-12-08", true,  "2026-12-31", 3},
    {{{"2026-12-01", 1}, {"2026-12-08", 2}},
     2,                                                                               "2026-12-08",
     2,                                                                                                "2026-12-15",
     true,                                                                                                                  "2026-12-31",
     5                                                                                                                                     },
 /* the informal stage does not count for the twenty */
    {{{"2026-11-20", 0}, {"2026-12-01", 1}, {"2026-12-08", 2}},
     3,                                                                               "2026-12-31",
     2,                                                                                                "2026-12-15",
     true,                                                                                                                  "2026-12-31",
     20                                                                                                                                    },
 /* begun at a later stage: the total counts from there */
    {{{"2026-12-01", 3}},                                                          1, "2026-12-02", 3, "2026-12-08", true,  "2026-12-31", 1},
 /* stage 4 begins on Tue 29 Dec: its own five days would be 6 Jan; the total comes first */
    {{{"2026-12-01", 1}, {"2026-12-08", 2}, {"2026-12-15", 3}, {"2026-12-29", 4}},
     4,                                                                               "2027-01-04",
     4,                                                                                                "2026-12-31",
     true,                                                                                                                  "2026-12-31",
     21                                                                                                                                    },
};

Test(challenge, clocks_count_each_stage_and_the_formal_ones_together)
{
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct record *r = record_new("CHA", "", "2026-11-20");
        struct challenge_clock c;
        for (size_t k = 0; k < rows[i].nsteps; k++) {
            record_day(r, rows[i].steps[k].day);
            record_stage(r, IRIS, rows[i].steps[k].stage);
        }
        record_day(r, rows[i].today);
        struct facts f = record_facts(r);
        cr_assert(challenge_clock(&f, &c));
        cr_assert_eq(c.stage, rows[i].stage, "row %zu", i);
        cr_assert_str_eq(text(c.began), rows[i].steps[rows[i].nsteps - 1].day);
        cr_assert_str_eq(text(c.due), rows[i].due, "row %zu: %s", i, text(c.due));
        cr_assert_eq(c.formal, rows[i].formal, "row %zu", i);
        cr_assert(!c.formal || !strcmp(text(c.total_due), rows[i].total), "row %zu: %s", i,
                  text(c.total_due));
        cr_assert_eq(c.total_used, rows[i].used, "row %zu: %lld", i, (long long)c.total_used);
        record_free(r);
    }
}

Test(challenge, without_a_stage_has_no_clock)
{
    struct record *r = record_new("CHA", "", "2026-12-01");
    struct challenge_clock c;
    struct facts f = record_facts(r);
    cr_assert_not(challenge_clock(&f, &c));
    record_free(r);
}

Test(challenge, days_are_no_longer_used_once_it_has_ended)
{
    struct record *r = record_new("CHA", "", "2026-12-01");
    struct challenge_clock c;
    record_stage(r, IRIS, 1);
    record_day(r, "2026-12-04");
    record_move(r, IRIS, AUDIT_FOLLOW_UP);
    record_day(r, "2026-12-18");
    struct facts f = record_facts(r);
    cr_assert(challenge_clock(&f, &c));
    cr_assert_eq(c.total_used, 3);
    record_free(r);
}

/* ---- words ---- */

Test(challenge, says_stage_and_days_used)
{
    struct record *r = record_new("CHA", "", "2026-12-01");
    char words[CHALLENGE_WORDS_BYTES];
    struct challenge_clock c;
    record_stage(r, IRIS, 2);
    record_day(r, "2026-12-03");
    struct facts f = record_facts(r);
    cr_assert(challenge_clock(&f, &c));
    challenge_words(&c, &r->clock, words);
    cr_assert(strstr(words, "stage 2") && strstr(words, "service manager") &&
                  strstr(words, "2 of 20 working days used") && strstr(words, "Tue 8 Dec 2026"),
              "%s", words);
    record_free(r);
}

Test(challenge, says_which_stages_were_passed_over)
{
    static const struct {
        int from;
        uint32_t to;
        const char *says, *not ;
    } steps[] = {
        {-1, 0, "begins at stage 0",              "passed over"},
        {-1, 3, "begins at stage 3",              "passed over"},
        {0,  1, "from stage 0 to stage 1",        "passed over"},
        {0,  2, "stage 1 was passed over",        "stages"     },
        {0,  4, "stages 1 to 3 were passed over", "begins"     },
        {1,  3, "stage 2 was passed over",        "begins"     },
    };
    char words[CHALLENGE_WORDS_BYTES];
    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
        challenge_step_words(steps[i].from, steps[i].to, words);
        cr_assert(strstr(words, steps[i].says), "%s", words);
        cr_assert_not(strstr(words, steps[i].not ), "%s", words);
        cr_assert_eq(words[strlen(words) - 1], '.', "%s", words);
    }
    cr_assert(strstr(challenge_external_words, "Cafcass"));
}
