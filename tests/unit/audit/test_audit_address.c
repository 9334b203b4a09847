#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "tests/lib/audit_make.h"
#include "tests/lib/leaks.h"

static struct room *room_with_items(void)
{
    struct room *r = room_new();
    cr_assert_eq(room_add(r, P_FRO, "L3.actions"), ERR_OK);
    cr_assert_eq(room_add(r, P_FRO, "L3.actions"), ERR_OK);
    cr_assert_eq(room_add(r, P_FRO, "B1.evidence"), ERR_OK);
    cr_assert_eq(room_add(r, P_FRO, "C1.evidence"), ERR_OK);
    cr_assert_eq(room_add(r, P_FRO, "L2.findings"), ERR_OK);
    return r;
}

Test(audit_address, what_people_write_finds_the_field)
{
    static const struct {
        const char *s;
        uint16_t question, part;
        int item; /* < 0: the n-th item that P_FRO made */
        const char *formatted;
    } good[] = {
        {"B1",              5,  PART_GRADE_AGREED, 0,  "B1"            },
        {"b1",              5,  PART_GRADE_AGREED, 0,  "B1"            },
        {"B1.rationale",    5,  PART_RATIONALE,    0,  "B1.rationale"  },
        {"B1.Rationale",    5,  PART_RATIONALE,    0,  "B1.rationale"  },
        {"B1.grade_agreed", 5,  PART_GRADE_AGREED, 0,  "B1"            },
        {"B2",              6,  PART_YNP,          0,  "B2"            },
        {"B2.date",         6,  PART_DATE,         0,  "B2.date"       },
        {"C1[3]",           10, PART_CHECK,        3,  "C1[3].check"   },
        {"C1[3].note",      10, PART_NOTE,         3,  "C1[3].note"    },
        {"C1[1].place",     10, PART_PLACE,        -4, "C1[1].place"   },
        {"L3[2].due",       21, PART_DUE,          -2, "L3[2].due"     },
        {"L3[1]",           21, PART_SPECIFIC,     -1, "L3[1].specific"},
        {"L3[1].actions",   21, PART_ACTIONS,      -1, "L3[1].actions" },
        {"L3",              21, PART_ACTIONS,      0,  "L3"            },
        {"B1[1].date",      5,  PART_DATE,         -3, "B1[1].date"    },
        {"B1[1]",           5,  PART_PLACE,        -3, "B1[1].place"   },
        {"L2[1]",           20, PART_TEXT,         -5, "L2[1].text"    },
        {"M1[C1].view",     22, PART_VIEW,         10, "M1[C1].view"   },
        {"J3.words",        17, PART_WORDS,        0,  "J3.words"      },
    };
    struct room *r = room_with_items();
    struct buf out = BUF_INIT;
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        struct field f;
        struct err_info why = {0};
        cr_assert_eq(audit_field_parse(r->a, good[i].s, &f, &why), ERR_OK, "%s: %s", good[i].s,
                     why.text);
        uint64_t item = good[i].item < 0 ? event_local_id(P_FRO, (uint32_t)-good[i].item)
                                         : (uint64_t)good[i].item;
        cr_assert_eq(f.question, good[i].question, "%s", good[i].s);
        cr_assert_eq(f.part, good[i].part, "%s", good[i].s);
        cr_assert_eq(f.item, item, "%s", good[i].s);
        buf_clear(&out);
        audit_field_format(r->a, f, &out);
        cr_assert_str_eq(buf_cstr(&out), good[i].formatted);
    }
    buf_free(&out);
    room_free(r);
    CHECK_NO_LEAKS();
}

Test(audit_address, what_names_nothing_is_told_what_there_is)
{
    static const struct {
        const char *s, *says;
    } bad[] = {
        {"",                                                                    "B1.rationale"                     },
        {"Z9",                                                                  "A1 A2 A3 A6 B1"                   },
        {"B1.colour",                                                           "grade_auditor, grade_practitioner"},
        {"B1[1].colour",                                                        "record, place, why"               },
        {"B2.scale",                                                            "ynp, date"                        },
        {"C3",                                                                  "shown, not answered"              },
        {"L3[3].due",                                                           "has 2"                            },
        {"L3[0].due",                                                           "has 2"                            },
        {"L3[x].due",                                                           "has 2"                            },
        {"L3.due",                                                              "L3[1].due"                        },
        {"B2[1]",                                                               "no items"                         },
        {"C1[4]",                                                               "checklist of 3"                   },
        {"C1[x]",                                                               "numbers"                          },
        {"M1[Z1].view",                                                         "no question Z1"                   },
        {"M1[B2].view",                                                         "judgement"                        },
        {"L3[2",                                                                "L5[2].due"                        },
        {"L3[2]due",                                                            "L5[2].due"                        },
        {"L3[].due",                                                            "L5[2].due"                        },
        {"B1.",                                                                 "L5[2].due"                        },
        {".",                                                                   "L5[2].due"                        },
        {"B1.rationale.more",                                                   "L5[2].due"                        },
        {"L3[99999999999999999999].due",                                        "has 2"                            },
        {"a name that is far too long to be the code of any question whatever", "L5[2].due"                        },
    };
    struct room *r = room_with_items();
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct field f;
        struct err_info why = {0};
        cr_assert_neq(audit_field_parse(r->a, bad[i].s, &f, &why), ERR_OK, "%s", bad[i].s);
        cr_assert(strstr(why.text, bad[i].says), "%s: %s", bad[i].s, why.text);
    }
    room_free(r);
    CHECK_NO_LEAKS();
}

static bool reads_back(void *user, struct field f)
{
    void **ctx = user;
    struct buf name = BUF_INIT;
    struct field back;
    audit_field_format(ctx[0], f, &name);
    cr_assert_eq(audit_field_parse(ctx[0], buf_cstr(&name), &back, NULL), ERR_OK, "%s",
                 buf_cstr(&name));
    cr_assert(field_equal(f, back), "%s", buf_cstr(&name));
    buf_append_str(ctx[1], buf_cstr(&name));
    buf_append_str(ctx[1], " ");
    buf_free(&name);
    return *(size_t *)ctx[2] ? --*(size_t *)ctx[2] > 0 : true;
}

Test(audit_address, each_field_comes_once_in_order_and_reads_back)
{
    struct room *r = room_with_items();
    static const char *const sets[][2] = {
        {"L3[2].due",   "2027-01"},
        {"L3[1].due",   "2027-02"},
        {"B1",          "good"   },
        {"C1[3]",       "met"    },
        {"C1[1].place", "log"    },
        {"C1[1]",       "na"     },
        {"L3[1].team",  ""       }
    };
    for (size_t i = 0; i < sizeof sets / sizeof *sets; i++)
        cr_assert_eq(room_set(r, P_FRO, sets[i][0], sets[i][1]), ERR_OK);
    cr_assert_eq(room_type(r, P_FRO, "B1.rationale", "x"), ERR_OK);
    cr_assert_eq(room_type(r, P_FRO, "C1.rationale", "x"), ERR_OK);
    cr_assert_eq(room_type(r, P_FRO, "C1[1].note", "x"), ERR_OK);
    cr_assert_eq(room_type(r, P_FRO, "L3[2].measure", "x"), ERR_OK);
    cr_assert_not_null(audit_text_edit(r->a, room_field(r, "C2")));
    struct buf names = BUF_INIT;
    size_t never = 0, two = 2;
    audit_each_field(r->a, reads_back, (void *[]){r->a, &names, &never});
    cr_assert_str_eq(buf_cstr(&names),
                     "A2 A2.child_refs A3.period_from A3.period_to "
                     "B1 B1.rationale C1.rationale C1[1].check C1[1].note "
                     "C1[3].check C1[1].place L3[1].due L3[2].measure L3[2].due ");
    buf_clear(&names);
    audit_each_field(r->a, reads_back, (void *[]){r->a, &names, &two});
    cr_assert_str_eq(buf_cstr(&names), "A2 A2.child_refs ");
    buf_free(&names);
    room_free(r);
    CHECK_NO_LEAKS();
}

/* ---- items that another item names ---- */

static void expect_items(const struct room *r, enum part part, const char *typed, const char *want)
{
    struct buf out = BUF_INIT;
    struct err_info why = {0};
    enum err e = audit_items_parse(r->a, part, typed, &out, &why);
    cr_expect_eq(e == ERR_OK, want != NULL, "%s: %s", typed, why.text);
    if (want)
        cr_expect_str_eq(buf_cstr(&out), want, "%s", typed);
    else
        cr_expect(strlen(why.text) > 15, "%s: %s", typed, why.text);
    buf_free(&out);
}

Test(audit_address, items_are_named_by_where_they_stand_and_kept_by_their_ids)
{
    struct room *r = room_with_items();
    cr_assert_eq(room_add(r, P_FRO, "L1.findings"), ERR_OK); /* of strengths: another question */
    char l2[24], l1[24], both[60];
    (void)snprintf(l2, sizeof l2, "%llu", (unsigned long long)event_local_id(P_FRO, 5));
    (void)snprintf(l1, sizeof l1, "%llu", (unsigned long long)event_local_id(P_FRO, 6));
    (void)snprintf(both, sizeof both, "%s, %s", l1, l2);
    expect_items(r, PART_FINDING, "L2[1]", l2);
    expect_items(r, PART_FINDING, "l2[1]", l2);
    expect_items(r, PART_FINDING, "L1[1], L2[1]", both);
    expect_items(r, PART_FINDING, "L1[1],L2[1]", both);
    expect_items(r, PART_FINDING, both, both);
    expect_items(r, PART_FINDING, "", "");
    expect_items(r, PART_FINDING, "L2[2]", NULL);
    expect_items(r, PART_FINDING, "L3[1]", NULL); /* an action */
    expect_items(r, PART_LEADS_TO, "L2[1]", NULL);
    expect_items(r, PART_FINDING, "L2", NULL);
    expect_items(r, PART_FINDING, "B2", NULL);
    expect_items(r, PART_FINDING, "the second one", NULL);
    struct buf out = BUF_INIT;
    audit_items_format(r->a, both, &out);
    cr_expect_str_eq(buf_cstr(&out), "L1[1], L2[1]");
    buf_clear(&out);
    cr_assert_eq(room_remove(r, P_FRO, "L1[1].findings"), ERR_OK);
    audit_items_format(r->a, both, &out);
    cr_expect_str_eq(buf_cstr(&out), "[gone], L2[1]");
    buf_free(&out);
    room_free(r);
    CHECK_NO_LEAKS();
}

Test(audit_address, a_wrong_item_is_told_where_findings_stand)
{
    struct room *r = room_with_items();
    struct buf out = BUF_INIT;
    struct err_info why = {0};
    cr_expect_eq(audit_items_parse(r->a, PART_FINDING, "L3[1]", &out, &why), ERR_INPUT);
    cr_expect_not_null(strstr(why.text, "as in L1[1]"), "%s", why.text);
    buf_free(&out);
    room_free(r);
    CHECK_NO_LEAKS();
}

/* A record without findings: here, one of a single question. */
Test(audit_address, where_there_are_no_findings_none_is_named)
{
    static struct template t;
    t = *audit_make_template();
    t.nquestions = 1;
    t.nsections = 1;
    struct room *r = room_new_of(&t);
    struct buf out = BUF_INIT;
    struct err_info why = {0};
    cr_expect_eq(audit_items_parse(r->a, PART_FINDING, "the first", &out, &why), ERR_INPUT);
    cr_expect_not_null(strstr(why.text, "this record has no findings"), "%s", why.text);
    buf_free(&out);
    room_free(r);
    CHECK_NO_LEAKS();
}
