#include "server/rules/facts.h"

#include <criterion/criterion.h>
#include <string.h>

#include "tests/lib/record_make.h"

enum {
    FTM = ROLE_BIT(ROLE_FTM),
    SM = ROLE_BIT(ROLE_SM),
    IRO = ROLE_BIT(ROLE_IRO),
    FRO = ROLE_BIT(ROLE_FRO),
};

Test(facts, a_role_counts_for_its_team_or_for_every_team)
{
    struct record *r = record_new("FCA", "", "2026-12-01");
    cr_assert(facts_has_role(record_viewer(r, FAY), FTM, "North"));
    cr_assert_not(facts_has_role(record_viewer(r, FINN), FTM, "North"));
    cr_assert(facts_has_role(record_viewer(r, IRIS), IRO | SM, "North"));
    cr_assert_not(facts_has_role(record_viewer(r, IRIS), FTM | SM, "North"));
    cr_assert_not(facts_has_role(record_viewer(r, FAY), 0, "North"));
    record_free(r);
}

Test(facts, finds_somebody_else_with_a_role)
{
    struct record *r = record_new("FCA", "", "2026-12-01");
    struct facts f = record_facts(r);
    cr_assert_eq(facts_with_role(&f, FTM, 0, 0)->viewer.person, FAY);
    cr_assert_null(facts_with_role(&f, FTM, FAY, 0));
    cr_assert_null(facts_with_role(&f, FTM, 0, FAY));
    cr_assert_eq(facts_with_role(&f, IRO, IRIS, 0)->viewer.person, INES);
    record_leaves(r, FAY);
    cr_assert_null(facts_with_role(&f, FTM, 0, 0));
    record_free(r);
}

Test(facts, names_those_who_can_help)
{
    static const struct {
        role_set roles, members;
        uint32_t not1, not2;
        const char *names;
    } rows[] = {
        {FTM,                  0,   0,   0,   "Fay (FTM)"                          },
        {FTM | SM,             0,   0,   0,   "Fay (FTM) or Sam (SM)"              },
        {FTM | SM,             FRO, 0,   0,   "Ana (FRO), Fay (FTM) or Sam (SM)"   },
        {FTM | SM | IRO,       FRO, 0,   0,   "Ana (FRO), Iris (IRO) or Ines (IRO)"},
        {FTM | SM,             FRO, ANA, SAM, "Fay (FTM)"                          },
        {FTM,                  0,   FAY, 0,   ""                                   },
        {ROLE_BIT(ROLE_BOARD), 0,   0,   0,   ""                                   },
        {ROLE_BIT(ROLE_FSW),   0,   0,   0,   "Ben (FSW)"                          }, /* Lee left */
    };
    struct record *r = record_new("FCA", "", "2026-12-01");
    char names[FACTS_NAMES_BYTES];
    record_member(r, ANA, ROLE_FRO);
    struct facts f = record_facts(r);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        facts_names(&f, rows[i].roles, rows[i].members, rows[i].not1, rows[i].not2, names);
        cr_assert_str_eq(names, rows[i].names);
    }
    record_free(r);
}

Test(facts, an_owner_is_found_by_name_however_it_is_written)
{
    static const struct {
        const char *owner;
        uint32_t person;
    } rows[] = {
        {"Ben",                                                                                  BEN},
        {"ben",                                                                                  BEN},
        {" BEN",                                                                                 BEN},
        {"Ben (FSW)",                                                                            BEN},
        {"Ben, FSW",                                                                             BEN},
        {"Ben,FSW",                                                                              BEN},
        {"FSW Ben",                                                                              BEN},
        {"fsw Ben (duty)",                                                                       BEN},
        {"Fay, FTM",                                                                             FAY},
        {"",                                                                                     0  },
        {"FSW",                                                                                  0  },
        {"(FSW)",                                                                                0  },
        {"Benjamin",                                                                             0  },
        {"Ben Ana",                                                                              0  },
        {"2",                                                                                    0  }, /* a number is not a name */
        {"Lee",                                                                                  0  }, /* has left */
        {"school nurse",                                                                         0  },
        {"Ben the one whose name goes on for longer than any name on this site ever could, FSW", 0  },
    };
    struct record *r = record_new("FCA", "", "2026-12-01");
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const struct person *p = facts_owner(r->people, rows[i].owner);
        cr_assert_eq(p ? p->viewer.person : 0, rows[i].person, "\"%s\"", rows[i].owner);
    }
    record_free(r);
}

Test(facts, a_use_is_read_from_whatever_question_has_it)
{
    struct record *r = record_new("CPM", "", "2026-12-01");
    struct facts f = record_facts(r);
    cr_assert_str_eq(facts_use(&f, "hearing", PART_DATE), "");
    record_set(r, SAM, "A4.date", "2027-04-19");
    cr_assert_str_eq(facts_use(&f, "hearing", PART_DATE), "2027-04-19");
    cr_assert_str_eq(facts_use(&f, "hearing", PART_GRADE_FINAL), "", "it has no such part");
    cr_assert_str_eq(facts_use(&f, "review_date", PART_DATE), "", "no question has this use");
    cr_assert_not(facts_use_has_words(&f, "family_absent"));
    record_type(r, CLEO, "B2", "They asked us not to.");
    cr_assert(facts_use_has_words(&f, "family_absent"));
    cr_assert_not(facts_use_has_words(&f, "subject"));
    record_free(r);
}

Test(facts, only_a_whole_day_is_a_day)
{
    static const struct {
        const char *value;
        bool is;
    } rows[] = {
        {"2027-04-19", true },
        {"2028-02-29", true },
        {"",           false},
        {"2027-04",    false},
        {"2027-02-29", false},
        {"19/4/2027",  false},
    };
    struct civil d;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        cr_assert_eq(facts_day(rows[i].value, &d), rows[i].is, "%s", rows[i].value);
}
