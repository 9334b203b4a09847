#include "server/store/summary.h"

#include <criterion/criterion.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/utf8.h"
#include "server/store/request.h"
#include "tests/lib/audit_make.h"

Test(summary, says_how_the_audit_stands)
{
    struct room *r = room_new();
    struct store_summary s;
    cr_assert_eq(room_set(r, P_FRO, "B2", "yes"), ERR_OK);
    cr_assert_eq(room_comment(r, P_IRO, "C2", "why?"), ERR_OK);
    summary_of(r->a, &s);
    cr_assert_str_eq(s.ref, "TST-2026-0001");
    cr_assert_str_eq(s.template_id, "TST");
    cr_assert_eq(s.template_version, 1);
    cr_assert_str_eq(s.team, "North");
    cr_assert_str_eq(s.carer_ref, "CA-77");
    cr_assert_str_eq(s.period_from, "2026-01-01");
    cr_assert_str_eq(s.period_to, "2026-12-31");
    cr_assert_eq(s.state, AUDIT_IN_PROGRESS);
    cr_assert_eq(s.answered, audit_progress(r->a).answered);
    cr_assert_eq(s.required, audit_progress(r->a).required);
    cr_assert_eq(s.open_comments, 1);
    cr_assert_eq(s.seq, audit_seq(r->a));
    cr_assert_eq(s.utc_ms, r->utc_ms);
    cr_assert_eq(s.max_agent, P_IRO);
    room_free(r);
}

Test(summary, lists_the_members_by_number)
{
    struct room *r = room_new();
    struct store_member *m;
    size_t n;
    cr_assert_eq(room_member(r, P_FRO, ROLE_FRO, ""), ERR_OK);
    cr_assert_eq(summary_members_of(r->a, &m, &n), ERR_OK);
    cr_assert_eq(n, 5);
    for (size_t i = 0; i < n; i++)
        cr_assert_eq(m[i].person, i + 1);
    cr_assert_eq(m[P_CSW - 1].role, ROLE_CSW);
    cr_assert_str_eq(m[P_CSW - 1].sections, "B");
    free(m);
    room_free(r);
}

Test(summary, a_text_too_long_for_its_place_is_cut_at_a_character)
{
    char carer[140];
    for (int i = 0; i < 69; i++)
        memcpy(carer + 2 * i, "é", 2);
    carer[138] = '\0';
    struct audit_op op = {
        .kind = OP_CREATE,
        .create = {.ref = "TST-2026-0001",
                   .template_id = "TST",
                   .template_version = 1,
                   .team = "",
                   .carer_ref = carer,
                   .period_from = "2026-01-01",
                   .period_to = "2026-12-31",
                   .state = AUDIT_PLANNED}
    };
    struct event e = {
        .seq = 1, .utc_ms = 1, .body = {.ops = &op, .nops = 1}
    };
    struct audit *a = audit_new(audit_make_template());
    cr_assert_eq(audit_apply(a, &e), ERR_OK);
    struct store_summary s;
    summary_of(a, &s);
    cr_assert_eq(strlen(s.carer_ref), 62,
                 "31 characters of two bytes: a 32nd would not leave the NUL");
    cr_assert_eq(utf8_count(s.carer_ref, strlen(s.carer_ref)), 31);
    audit_free(a);
}

Test(summary, equality_looks_at_everything_but_seq_and_time)
{
    struct store_summary a = {.ref = "R", .template_id = "T", .team = "N"}, b = a;
    b.seq = 9;
    b.utc_ms = 9;
    cr_assert(store_summary_equal(&a, &b));
    for (size_t i = 0; i < STORE_SUMMARY_NFIELDS; i++) {
        const struct store_field *f = &store_summary_fields[i];
        b = a;
        ((char *)&b)[f->at] ^= 1;
        cr_assert_not(store_summary_equal(&a, &b), "%s", f->name);
    }
}

/* Seq and utc_ms, which the last event says, and what the compiler puts between: everything else is
 * in the table. */
Test(summary, the_table_of_fields_leaves_nothing_out)
{
    enum { SIZE = sizeof(struct store_summary) };
    size_t size[SIZE] = {0}; /* of the member that begins there */
    size[offsetof(struct store_summary, seq)] = sizeof(uint64_t);
    size[offsetof(struct store_summary, utc_ms)] = sizeof(int64_t);
    for (size_t i = 0; i < STORE_SUMMARY_NFIELDS; i++) {
        const struct store_field *f = &store_summary_fields[i];
        cr_assert_eq(size[f->at], 0, "%s twice", f->name);
        size[f->at] = f->size;
    }
    for (size_t at = 0, gap = 0; at < SIZE;) {
        size_t align = size[at] == 8 && at % 8 == 0 ? 8 : size[at] == 4 ? 4 : 1;
        cr_assert(!size[at] || gap < align, "a member ends at byte %zu", at);
        cr_assert_lt(gap, 8);
        gap = size[at] ? 0 : gap + 1;
        at += size[at] ? size[at] : 1;
    }
}
