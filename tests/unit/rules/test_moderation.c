/* Who may moderate, what is looked at, and what comes of a difference. */
#include "server/rules/moderation.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "tests/lib/leaks.h"
#include "tests/lib/life_make.h"

static const char small[] = "tests/unit/rules/life_audit.yaml";

/* ---- who ---- */

static void note(void *user, const char *sentence)
{
    buf_appendf(user, "%s\n", sentence);
}

static size_t conflicts(struct life_world *w, uint32_t person, struct buf *out)
{
    buf_clear(out);
    return moderation_conflicts(w->r->a, w->people, person, note, out);
}

struct who {
    uint32_t person;
    const char *sentence; /* NULL: may moderate */
};
static const struct who whos[] = {
    {P_IRO,     NULL                                                     },
    {W_IRO2,    NULL                                                     },
    {P_FRO,     "Ana Flint writes this audit as FRO"                     },
    {P_FSW,     "Ben Okafor writes this audit as FSW"                    },
    {P_CSW,     "Cal Reid writes this audit as CSW"                      },
    {P_QA,      "Quinn Ash is not an independent reviewing officer (IRO)"},
    {W_IRO_FTM, "Kit Dove manages the people of this audit"              },
    {W_GONE,    "Gus Wade no longer works here"                          },
    {999,       "nobody of that name or number works here"               },
};

Test(moderation, who_may_give_an_independent_view)
{
    struct buf said = BUF_INIT;
    for (size_t i = 0; i < sizeof whos / sizeof *whos; i++) {
        struct life_world *w = life_world_new(small);
        life_fill(w, "good", "good", "good"); /* the IRO writes the young person's view */
        size_t n = conflicts(w, whos[i].person, &said);
        cr_assert_eq(n != 0, whos[i].sentence != NULL, "%u: %s", whos[i].person, buf_cstr(&said));
        if (whos[i].sentence)
            cr_assert(strstr(buf_cstr(&said), whos[i].sentence), "%s", buf_cstr(&said));
        life_world_free(w);
    }
    buf_free(&said);
    CHECK_NO_LEAKS();
}

Test(moderation, who_opened_the_audit_led_it)
{
    static const char *const no_child[] = {NULL};
    struct life_world *w = life_world_new(small);
    struct buf said = BUF_INIT;
    struct audit *a = audit_new(w->t);
    struct audit_op op = {
        .kind = OP_CREATE,
        .create = {.ref = "LIF-2027-0002",
                   .template_id = "LIF",
                   .template_version = 1,
                   .team = "North",
                   .carer_ref = "CA-1",
                   .child_refs = no_child,
                   .period_from = "2026-01-01",
                   .period_to = "2026-12-31",
                   .state = AUDIT_SUBMITTED,
                   .planned = "",
                   .way_in = "",
                   .source = ""}
    };
    struct event e = {
        .seq = 1, .utc_ms = 1, .actor = W_IRO2, .body = {.ops = &op, .nops = 1}
    };
    cr_assert_eq(audit_apply(a, &e), ERR_OK);
    cr_assert_eq(moderation_conflicts(a, w->people, W_IRO2, note, &said), 1);
    cr_assert(strstr(buf_cstr(&said), "nobody moderates an audit they led"));
    audit_free(a);
    buf_free(&said);
    life_world_free(w);
}

Test(moderation, an_iro_who_wrote_more_than_the_young_persons_view_is_an_author)
{
    struct life_world *w = life_world_new("server/content/fca.yaml");
    struct buf said = BUF_INIT;
    life_put(w, P_IRO, "J3.status", "obtained");
    life_write(w, P_IRO, "J3.words", "I like it here.");
    cr_assert_eq(conflicts(w, P_IRO, &said), 0, "%s", buf_cstr(&said));
    life_write(w, P_IRO, "J4.words", "We were asked."); /* the parents': FRO or IRO */
    cr_assert_eq(conflicts(w, P_IRO, &said), 1);
    cr_assert(strstr(buf_cstr(&said), "Iris Moor has written in this audit"));
    life_world_free(w);
    buf_free(&said);
}

Test(moderation, who_has_gone_from_the_authors_stays_one)
{
    struct life_world *w = life_world_new(small);
    struct buf said = BUF_INIT;
    struct person turned = {
        .viewer = {P_CSW, {{ROLE_IRO, ""}}, 1},
          .name = "Cal Reid"
    };
    life_put(w, P_CSW, "B1.cannot_judge", "No record.");
    life_put(w, P_FRO, "B1.cannot_judge", ""); /* nothing of it is left */
    cr_assert_eq(people_put(w->people, &turned), ERR_OK);
    cr_assert_eq(room_member(w->r, P_CSW, ROLE_NONE, ""), ERR_OK);
    cr_assert_eq(conflicts(w, P_CSW, &said), 1);
    cr_assert(strstr(buf_cstr(&said), "has written in this audit"));
    life_world_free(w);
    buf_free(&said);
}

struct owner {
    const char *line;
    bool is_iris;
};
static const struct owner owners[] = {
    {"Iris Moor",                      true },
    {"IRO iris moor, with the school", true },
    {"Iris Moore",                     false},
    {"Iris",                           false},
    {"Ben Okafor",                     false},
};

Test(moderation, who_owns_an_action_does_not_judge_it)
{
    struct buf said = BUF_INIT;
    for (size_t i = 0; i < sizeof owners / sizeof *owners; i++) {
        struct life_world *w = life_world_new(small);
        life_add(w, P_FRO, "L3.actions");
        life_add(w, P_FRO, "L3.actions");
        life_put(w, P_FRO, "L3[2].owner", owners[i].line);
        cr_assert_eq(conflicts(w, P_IRO, &said), owners[i].is_iris, "%s", owners[i].line);
        cr_assert(!owners[i].is_iris || strstr(buf_cstr(&said), "owns an action"));
        life_world_free(w);
    }
    buf_free(&said);
}

Test(moderation, the_childs_own_iro_comes_first)
{
    uint32_t found[8];
    struct life_world *w = life_world_new(small);
    cr_assert_eq(moderation_own_iro(w->r->a), P_IRO);
    cr_assert_eq(moderation_candidates(w->r->a, w->people, found, 8), 3);
    cr_assert_eq(found[0], P_IRO);
    cr_assert_eq(found[1], P_STRANGER); /* an IRO of every team */
    cr_assert_eq(found[2], W_IRO2);
    cr_assert_eq(moderation_candidates(w->r->a, w->people, found, 1), 3,
                 "fills what there is room for");
    life_add(w, P_FRO, "L3.actions");
    life_put(w, P_FRO, "L3[1].owner", "Iris Moor");
    cr_assert_eq(moderation_candidates(w->r->a, w->people, found, 8), 2, "unless they may not");
    cr_assert_eq(found[0], P_STRANGER);
    cr_assert_eq(room_member(w->r, P_IRO, ROLE_NONE, ""), ERR_OK);
    cr_assert_eq(moderation_own_iro(w->r->a), 0);
    life_world_free(w);
}

/* ---- what is looked at ---- */

Test(moderation, the_sample_is_the_same_each_time_and_of_the_right_size)
{
    size_t n = 0;
    for (unsigned i = 0; i < 10000; i++) {
        char ref[24];
        (void)snprintf(ref, sizeof ref, "FCA-2026-%04u", i);
        bool in = moderation_is_sampled(ref, 25);
        n += in;
        cr_assert_eq(in, moderation_is_sampled(ref, 25));
        cr_assert(!moderation_is_sampled(ref, 0));
        cr_assert(moderation_is_sampled(ref, 100));
        cr_assert(!in || moderation_is_sampled(ref, 26), "a larger sample holds the smaller one");
    }
    cr_assert(n > 2250 && n < 2750, "%zu", n);
}

struct look {
    const char *grade;
    uint32_t percent;
    bool new_auditor, needed;
};
static const struct look looks[] = {
    {"good",                 0,   false, false},
    {"requires_improvement", 0,   false, false},
    {"outstanding",          0,   false, true },
    {"inadequate",           0,   false, true },
    {"good",                 0,   true,  true },
    {"good",                 100, false, true },
    {"",                     100, true,  false}, /* not judged: nothing to look at */
};

Test(moderation, the_best_the_worst_and_a_new_auditors_are_always_looked_at)
{
    for (size_t i = 0; i < sizeof looks / sizeof *looks; i++) {
        struct life_world *w = life_world_new(small);
        life_force(w, "B1.grade_agreed", looks[i].grade);
        const struct question *q = template_question_find(w->t, "B1");
        cr_assert_eq(moderation_needs_view(w->r->a, q, looks[i].percent, looks[i].new_auditor),
                     looks[i].needed, "row %zu", i);
        cr_assert(!moderation_needs_view(w->r->a, template_question_find(w->t, "B3"), 100, true));
        life_world_free(w);
    }
}

/* ---- what comes of it ---- */

struct distance {
    const char *grade, *other;
    int expected;
};
static const struct distance distances[] = {
    {"good",        "good",                 0 },
    {"good",        "outstanding",          1 },
    {"good",        "requires_improvement", 1 },
    {"good",        "inadequate",           2 },
    {"outstanding", "inadequate",           3 },
    {"good",        "",                     -1},
    {"",            "",                     -1},
    {"good",        "splendid",             -1},
};

Test(moderation, how_far_grades_lie_apart)
{
    struct life_world *w = life_world_new(small);
    for (size_t i = 0; i < sizeof distances / sizeof *distances; i++) {
        const struct distance *d = &distances[i];
        cr_assert_eq(moderation_distance(w->t, d->grade, d->other), d->expected);
        cr_assert_eq(moderation_distance(w->t, d->other, d->grade), d->expected);
    }
    life_world_free(w);
}

/* B1 is "good"; what the moderator, the authors and QA say of it. */
struct outcome {
    const char *name;
    const char *view, *proposed;
    bool reason;
    const char *response, *decision; /* "answer-": without words */
    bool decision_reason, returned;
    enum moderation_stand stand;
    const char *moderated, *final, *result; /* result NULL: not ended */
};
/* clang-format off */
static const struct outcome outcomes[] = {
    {"nothing yet",             "",            "",            false, "",       "",            false, false, MODERATION_NO_VIEW,     "", "", NULL},
    {"agrees",                  "agree",       "",            false, "",       "",            false, false, MODERATION_AGREED,      "good", "good", "upheld"},
    {"differs, no grade",       "differ",      "",            true,  "",       "",            false, false, MODERATION_NO_GRADE,    "", "", NULL},
    {"differs, same grade",     "differ",      "good",        true,  "",       "",            false, false, MODERATION_SAME_GRADE,  "", "", NULL},
    {"differs, no reason",      "differ",      "outstanding", false, "",       "",            false, false, MODERATION_NO_REASON,   "", "", NULL},
    {"by one",                  "differ",      "outstanding", true,  "",       "",            false, false, MODERATION_NO_RESPONSE, "", "", NULL},
    {"by one, accepted",        "differ",      "outstanding", true,  "accept", "",            false, false, MODERATION_ACCEPTED,    "outstanding", "outstanding", "changed"},
    {"by one, answered",        "differ",      "outstanding", true,  "answer", "",            false, false, MODERATION_ANSWERED,    "", "", NULL},
    {"an answer has words",     "differ",      "outstanding", true,  "answer-", "",           false, false, MODERATION_NO_RESPONSE, "", "", NULL},
    {"the same, decided",       "differ",      "outstanding", true,  "answer-", "good",       true,  false, MODERATION_NO_RESPONSE, "", "", NULL},
    {"answered, agrees now",    "agree",       "outstanding", true,  "answer", "",            false, false, MODERATION_AGREED,      "good", "good", "upheld"},
    {"answered, QA decides",    "differ",      "outstanding", true,  "answer", "good",        true,  false, MODERATION_DECIDED,     "outstanding", "good", "split_decided"},
    {"answered, no reason",     "differ",      "outstanding", true,  "answer", "good",        false, false, MODERATION_NOT_DECIDED, "", "", NULL},
    {"QA may not come first",   "differ",      "outstanding", true,  "",       "good",        true,  false, MODERATION_NO_RESPONSE, "", "", NULL},
    {"by one, after a return",  "differ",      "outstanding", true,  "",       "",            false, true,  MODERATION_NOT_DECIDED, "", "", NULL},
    {"the same, accepted",      "differ",      "outstanding", true,  "accept", "",            false, true,  MODERATION_ACCEPTED,    "outstanding", "outstanding", "changed"},
    {"the same, decided",       "differ",      "outstanding", true,  "",       "outstanding", true,  true,  MODERATION_DECIDED,     "outstanding", "outstanding", "split_decided"},
    {"by two",                  "differ",      "inadequate",  true,  "",       "",            false, false, MODERATION_NOT_DECIDED, "", "", NULL},
    {"by two, accepting won't", "differ",      "inadequate",  true,  "accept", "",            false, false, MODERATION_NOT_DECIDED, "", "", NULL},
    {"by two, decided",         "differ",      "inadequate",  true,  "",       "requires_improvement", true, false, MODERATION_DECIDED, "inadequate", "requires_improvement", "split_decided"},
    {"by two, no reason given", "differ",      "inadequate",  true,  "",       "inadequate",  false, false, MODERATION_NOT_DECIDED, "", "", NULL},
    {"too little, no reason",   "insufficient","",            false, "",       "",            false, false, MODERATION_NO_REASON,   "", "", NULL},
    {"too little",              "insufficient","",            true,  "",       "",            false, false, MODERATION_ASKS_MORE,   "", "", NULL},
    {"too little, returned",    "insufficient","",            true,  "",       "",            false, true,  MODERATION_NOT_DECIDED, "", "", NULL},
    {"too little, decided",     "insufficient","",            true,  "",       "good",        true,  true,  MODERATION_DECIDED,     "", "good", "split_decided"},
};
/* clang-format on */

/* A view on another judgement as well, so that the result is of all of them. */
static struct life_world *viewed(const struct outcome *o)
{
    struct life_world *w = life_world_new(small);
    life_force(w, "B1.grade_agreed", "good");
    life_force(w, "B2.grade_agreed", "good");
    life_at(w, AUDIT_SUBMITTED);
    life_at(w, AUDIT_MODERATING);
    if (o->returned) {
        life_at(w, AUDIT_RETURNED);
        life_at(w, AUDIT_MODERATING);
    }
    life_force(w, "M1[B2].view", "agree");
    life_force(w, "M1[B1].view", o->view);
    life_force(w, "M1[B1].proposed", o->proposed);
    bool wordless = !strcmp(o->response, "answer-");
    life_force(w, "M1[B1].response", wordless ? "answer" : o->response);
    if (!wordless && *o->response)
        life_write(w, P_FRO, "M1[B1].response_reason", "The plan of June has it.");
    life_force(w, "M1[B1].decision", o->decision);
    if (o->reason)
        life_write(w, P_IRO, "M1[B1].view_reason", "The plan is from May.");
    if (o->decision_reason)
        life_write(w, P_QA, "M1[B1].decision_reason", "Both are right in part.");
    return w;
}

Test(moderation, what_comes_of_each_view)
{
    for (size_t i = 0; i < sizeof outcomes / sizeof *outcomes; i++) {
        const struct outcome *o = &outcomes[i];
        struct life_world *w = viewed(o);
        const struct question *b1 = template_question_find(w->t, "B1");
        struct moderation_outcome got = moderation_outcome(w->r->a, b1, 100, false);
        cr_assert_eq(got.stand, o->stand, "%s: %d", o->name, got.stand);
        cr_assert_str_eq(got.moderated, o->moderated, "%s", o->name);
        cr_assert_str_eq(got.final, o->final, "%s", o->name);
        cr_assert_eq(moderation_has_ended(got.stand), o->result != NULL, "%s", o->name);
        if (o->result)
            cr_assert_str_eq(moderation_result(w->r->a, 100, false), o->result, "%s", o->name);
        life_world_free(w);
    }
    CHECK_NO_LEAKS();
}

Test(moderation, what_was_not_looked_at_keeps_its_grade)
{
    struct life_world *w = life_world_new(small);
    life_force(w, "B1.grade_agreed", "good");
    struct moderation_outcome got =
        moderation_outcome(w->r->a, template_question_find(w->t, "B1"), 0, false);
    cr_assert_eq(got.stand, MODERATION_NOT_ASKED);
    cr_assert_str_eq(got.moderated, "");
    cr_assert_str_eq(got.final, "good");
    cr_assert_str_eq(moderation_result(w->r->a, 0, false), "upheld");
    life_world_free(w);
}

Test(moderation, an_earlier_return_does_not_count_after_another_submission)
{
    static const struct outcome too_little = {"",   "insufficient",       "", true, "",  "", false,
                                              true, MODERATION_ASKS_MORE, "", "",   NULL};
    struct life_world *w = viewed(&too_little);
    const struct question *b1 = template_question_find(w->t, "B1");
    cr_assert_eq(moderation_outcome(w->r->a, b1, 100, false).stand, MODERATION_NOT_DECIDED);
    life_at(w, AUDIT_CLOSED);
    life_at(w, AUDIT_IN_PROGRESS);
    life_at(w, AUDIT_SUBMITTED);
    life_at(w, AUDIT_MODERATING);
    cr_assert_eq(moderation_outcome(w->r->a, b1, 100, false).stand, MODERATION_ASKS_MORE);
    life_world_free(w);
}
