#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "tests/lib/audit_make.h"
#include "tests/lib/leaks.h"

#define OK(call) cr_assert_eq((call), ERR_OK, "%s: %s", #call, r->why.text)
#define REFUSED(call, e)                                                                           \
    cr_assert_eq((call), e, "%s: %s (%s)", #call, err_name(r->why.code), r->why.text)

static struct audit_op sign_as(const struct room *r, enum role role)
{
    struct audit_op op = {
        .kind = OP_SIGN, .sign = {.role = role, .revision = audit_revision(r->a)}
    };
    audit_fingerprint(r->a, op.sign.fingerprint);
    return op;
}

static struct audit_op move_to(enum audit_state to)
{
    return (struct audit_op){
        .kind = OP_MOVE, .move = {.to = to, .reason = "because"}
    };
}

static void sign_both(struct room *r)
{
    OK(room_serve(r, P_FRO, sign_as(r, ROLE_FRO)));
    OK(room_serve(r, P_FSW, sign_as(r, ROLE_FSW)));
}

static bool stands(const struct room *r, enum role role)
{
    return audit_signature_of(r->a, role);
}

/* ---- the revision ---- */

Test(audit_life, the_revision_is_the_last_event_that_changed_an_answer)
{
    struct room *r = room_new();
    cr_assert_eq(audit_revision(r->a), 1, "what was known at creation answers questions");
    OK(room_set(r, P_FRO, "B2", "yes"));
    cr_assert_eq(audit_revision(r->a), 2);
    OK(room_comment(r, P_IRO, "B2", "how?"));
    OK(room_member(r, P_CSW, ROLE_CSW, "B,C"));
    OK(room_serve(r, P_QA, (struct audit_op){.kind = OP_PLAN, .plan = {.planned = "2027-03-25"}}));
    cr_assert_eq(audit_revision(r->a), 2, "none of that is an answer");
    OK(room_type(r, P_FSW, "C2", "words"));
    cr_assert_eq(audit_revision(r->a), 6);
    OK(room_add(r, P_FRO, "L3.actions"));
    cr_assert_eq(audit_revision(r->a), 7);
    OK(room_remove(r, P_FRO, "L3[1].actions"));
    cr_assert_eq(audit_revision(r->a), 8);
    room_free(r);
    CHECK_NO_LEAKS();
}

static const struct {
    const char *where, *value;
    bool content;
} parts[] = {
    {"B1.grade_agreed",       "good",         true },
    {"A6.grade_practitioner", "good",         true },
    {"J1.status",             "asked",        true },
    {"L3[1].due",             "2027-01-31",   true },
    {"L3[1].owner",           "Ben (FSW)",    true },
    {"L3[1].source",          "finding",      true },
    {"B1.grade_moderator",    "good",         false},
    {"B1.grade_final",        "good",         false},
    {"L3[1].status",          "done_claimed", false},
    {"L3[1].first_due",       "2027-01-31",   false},
    {"L3[1].due_reason",      "ill",          false},
    {"L3[1].claimed_by",      "2",            false},
    {"L3[1].closed_by",       "2",            false},
    {"L3[1].closed_on",       "2027-01-31",   false},
    {"L3[1].close_reason",    "done",         false},
    {"L3[1].impact",          "better",       false},
    {"L3[1].impact_evidence", "log",          false},
    {"L3[1].leads_to",        "7",            false},
    {"L1[1].no_action",       "all is well",  false},
    {"M1[B1].view",           "agree",        false},
    {"M1[B1].response",       "accept",       false},
    {"M1[B1].decision",       "good",         false},
    {"M2",                    "yes",          false},
};

/* Revision, fingerprint and audit_is_content agree about each part. */
Test(audit_life, how_actions_go_on_and_what_moderators_say_is_no_content)
{
    struct room *r = room_new();
    OK(room_add(r, P_FRO, "L1.findings"));
    OK(room_add(r, P_FRO, "L3.actions"));
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        uint8_t before[32], after[32];
        uint64_t revision = audit_revision(r->a);
        struct field f = room_field(r, parts[i].where);
        audit_fingerprint(r->a, before);
        struct audit_op set = {
            .kind = OP_SET, .set = {f, parts[i].value, 0}
        };
        OK(room_serve(r, P_FRO, set));
        audit_fingerprint(r->a, after);
        cr_assert_eq(audit_is_content(audit_make_template(), f.question, (enum part)f.part),
                     parts[i].content, "%s", parts[i].where);
        cr_assert_eq(memcmp(before, after, 32) != 0, parts[i].content, "%s", parts[i].where);
        cr_assert_eq(audit_revision(r->a) > revision, parts[i].content, "%s", parts[i].where);
    }
    uint8_t before[32], after[32];
    static const char *const texts[] = {"L3[1].updates", "L3[1].done_evidence"};
    for (size_t i = 0; i < 2; i++) {
        audit_fingerprint(r->a, before);
        OK(room_type(r, P_FRO, texts[i], "going on"));
        audit_fingerprint(r->a, after);
        cr_assert_eq(memcmp(before, after, 32), 0, "%s", texts[i]);
    }
    room_free(r);
    CHECK_NO_LEAKS();
}

/* ---- signatures ---- */

Test(audit_life, a_signature_says_who_signed_what_and_as_whom)
{
    struct room *r = room_new();
    OK(room_set(r, P_FRO, "B2", "yes"));
    struct audit_op op = sign_as(r, ROLE_FSW);
    op.sign.difference = "I see B4\notherwise.";
    op.sign.absent = true;
    op.sign.reason = "away";
    OK(room_serve(r, P_FTM, op));
    cr_assert_eq(audit_signature_count(r->a), 1);
    const struct audit_signature *s = audit_signature_of(r->a, ROLE_FSW);
    uint8_t print[32];
    audit_fingerprint(r->a, print);
    cr_assert_eq(s, audit_signature_at(r->a, 0));
    cr_assert_eq(s->seq, 3);
    cr_assert_eq(s->utc_ms, r->utc_ms);
    cr_assert_eq(s->by, P_FTM);
    cr_assert_eq(s->role, ROLE_FSW);
    cr_assert_eq(s->revision, 2);
    cr_assert_eq(memcmp(s->fingerprint, print, 32), 0);
    cr_assert_str_eq(s->difference, "I see B4\notherwise.");
    cr_assert(s->absent);
    cr_assert_str_eq(s->reason, "away");
    cr_assert_eq(s->void_seq, 0);
    cr_assert_null(audit_signature_of(r->a, ROLE_FRO));
    room_free(r);
    CHECK_NO_LEAKS();
}

Test(audit_life, a_change_of_content_voids_signatures_and_is_named)
{
    struct room *r = room_new();
    sign_both(r);
    OK(room_comment(r, P_IRO, "B1", "why?"));
    REFUSED(room_add(r, P_HOS, "L3.actions"), ERR_REFUSED_ROLE);
    cr_assert(stands(r, ROLE_FRO) && stands(r, ROLE_FSW), "a comment changes nothing");
    OK(room_type(r, P_FSW, "C2", "x"));
    cr_assert(!stands(r, ROLE_FRO) && !stands(r, ROLE_FSW));
    cr_assert_eq(audit_signature_at(r->a, 0)->void_seq, audit_seq(r->a));
    cr_assert_eq(audit_signature_at(r->a, 1)->void_seq, audit_seq(r->a));
    OK(room_type(r, P_FSW, "C2", "y"));
    cr_assert_eq(audit_signature_at(r->a, 0)->void_seq, audit_seq(r->a) - 1, "once");
    sign_both(r);
    cr_assert_eq(audit_signature_count(r->a), 4, "the earlier ones are kept");
    cr_assert(stands(r, ROLE_FRO) && stands(r, ROLE_FSW));
    room_free(r);
    CHECK_NO_LEAKS();
}

Test(audit_life, what_is_no_content_leaves_signatures_alone)
{
    struct room *r = room_new();
    sign_both(r);
    OK(room_move(r, AUDIT_MODERATING));
    OK(room_set(r, P_IRO, "M1[B1].view", "agree"));
    OK(room_type(r, P_FRO, "M1[B1].response_reason", "so be it"));
    struct audit_op final = {
        .kind = OP_SET, .set = {room_field(r, "B1.grade_final"), "good", 0}
    };
    OK(room_serve(r, P_IRO, final));
    cr_assert(stands(r, ROLE_FRO) && stands(r, ROLE_FSW));
    OK(room_move(r, AUDIT_RETURNED));
    OK(room_set(r, P_FSW, "B2", "no"));
    cr_assert(!stands(r, ROLE_FRO) && !stands(r, ROLE_FSW), "what the authors changed does");
    room_free(r);
    CHECK_NO_LEAKS();
}

Test(audit_life, after_moderation_content_may_grow_under_the_signatures)
{
    struct room *r = room_new();
    sign_both(r);
    OK(room_move(r, AUDIT_ACTION_PLANNING));
    uint64_t revision = audit_revision(r->a);
    OK(room_add(r, P_FTM, "L3.actions"));
    cr_assert_gt(audit_revision(r->a), revision, "the revision moves on");
    cr_assert(stands(r, ROLE_FRO) && stands(r, ROLE_FSW));
    room_free(r);
    CHECK_NO_LEAKS();
}

Test(audit_life, opening_again_and_signing_again_void_what_stood)
{
    static const enum audit_state from[] = {AUDIT_AGREED, AUDIT_CLOSED};
    for (size_t i = 0; i < 2; i++) {
        struct room *r = room_new();
        sign_both(r);
        OK(room_move(r, from[i]));
        cr_assert(stands(r, ROLE_FRO));
        OK(room_move(r, AUDIT_IN_PROGRESS));
        cr_assert(!stands(r, ROLE_FRO) && !stands(r, ROLE_FSW));
        OK(room_serve(r, P_FRO, sign_as(r, ROLE_FRO)));
        OK(room_serve(r, P_FSW, sign_as(r, ROLE_FSW)));
        OK(room_serve(r, P_FRO, sign_as(r, ROLE_FRO)));
        cr_assert_eq(audit_signature_at(r->a, 2)->void_seq, audit_seq(r->a), "a later one");
        cr_assert_eq(audit_signature_at(r->a, 3)->void_seq, 0);
        cr_assert_eq(audit_signature_of(r->a, ROLE_FRO), audit_signature_at(r->a, 4));
        room_free(r);
    }
    CHECK_NO_LEAKS();
}

Test(audit_life, nobody_signs_what_has_changed_meanwhile)
{
    struct room *r = room_new();
    struct audit_op op = sign_as(r, ROLE_FRO);
    OK(room_set(r, P_FSW, "B2", "yes"));
    REFUSED(room_serve(r, P_FRO, op), ERR_STALE);
    cr_assert_eq(r->conflict.rev, 2);
    cr_assert(strstr(r->why.text, "revision 2 now"), "%s", r->why.text);
    op.sign.revision = 99;
    REFUSED(room_serve(r, P_FRO, op), ERR_INPUT);
    struct audit_op with_content[] = {
        {.kind = OP_SET,  .set = {room_field(r, "B3"), "7", 0}     },
        {.kind = OP_SIGN, .sign = {.role = ROLE_FRO, .revision = 3}},
    };
    OK(room_do(r, 0, with_content, 2));
    cr_assert(stands(r, ROLE_FRO));
    room_free(r);
    CHECK_NO_LEAKS();
}

/* ---- moves ---- */

Test(audit_life, each_move_is_kept_with_all_that_was_recorded)
{
    static const uint32_t here[] = {P_FRO, P_FSW};
    struct room *r = room_new();
    OK(room_serve(r, P_FRO, move_to(AUDIT_AGREED)));
    struct audit_op op = {
        .kind = OP_MOVE,
        .move = {.to = AUDIT_MODERATED,
                 .reason = "line\nline",
                 .revision = 1,
                 .result = "split_decided",
                 .present = here,
                 .npresent = 2}
    };
    memset(op.move.fingerprint, 7, 32);
    OK(room_serve(r, P_IRO, op));
    cr_assert_eq(audit_move_count(r->a), 2);
    const struct audit_move *m = audit_move_at(r->a, 1);
    cr_assert_eq(m->seq, 3);
    cr_assert_eq(m->utc_ms, r->utc_ms);
    cr_assert_eq(m->by, P_IRO);
    cr_assert_eq(m->from, AUDIT_AGREED);
    cr_assert_eq(m->to, AUDIT_MODERATED);
    cr_assert_str_eq(m->reason, "line\nline");
    cr_assert_str_eq(m->result, "split_decided");
    cr_assert_eq(m->revision, 1);
    cr_assert_eq(m->fingerprint[31], 7);
    cr_assert_eq(m->npresent, 2);
    cr_assert_eq(m->present[1], P_FSW);
    cr_assert_eq(audit_move_last(r->a, AUDIT_MODERATED), m);
    cr_assert_null(audit_move_last(r->a, AUDIT_RETURNED));
    cr_assert_eq(audit_state_since_utc_ms(r->a), m->utc_ms);
    room_free(r);
    CHECK_NO_LEAKS();
}

Test(audit_life, a_stage_is_a_move_to_the_same_state)
{
    struct room *r = room_new();
    cr_assert_eq(audit_info(r->a).stage, 0);
    struct audit_op op = {
        .kind = OP_MOVE, .move = {.to = AUDIT_IN_PROGRESS, .stage = 1}
    };
    int64_t since = audit_state_since_utc_ms(r->a);
    OK(room_serve(r, P_IRO, op));
    cr_assert_eq(audit_info(r->a).stage, 1);
    REFUSED(room_serve(r, P_IRO, op), ERR_REFUSED_STATE);
    op.move.stage = 3;
    OK(room_serve(r, P_IRO, op));
    cr_assert_eq(audit_info(r->a).stage, 3);
    cr_assert_eq(audit_state_since_utc_ms(r->a), since);
    OK(room_move(r, AUDIT_AGREED));
    cr_assert_eq(audit_info(r->a).stage, 3, "another state does not end it");
    room_free(r);
    CHECK_NO_LEAKS();
}

/* ---- planned day, way in, links, moderator ---- */

Test(audit_life, the_first_planned_day_is_remembered)
{
    struct room *r = room_new();
    struct audit_op plan = {
        .kind = OP_PLAN, .plan = {.planned = "2027-03-25", .reason = "the review moved"}
    };
    cr_assert_str_eq(audit_info(r->a).planned, "");
    cr_assert_str_eq(audit_info(r->a).first_planned, "");
    OK(room_serve(r, P_QA, plan));
    cr_assert_str_eq(audit_info(r->a).first_planned, "2027-03-25");
    plan.plan.planned = "2027-04-01";
    OK(room_serve(r, P_QA, plan));
    cr_assert_str_eq(audit_info(r->a).planned, "2027-04-01");
    cr_assert_str_eq(audit_info(r->a).first_planned, "2027-03-25");
    room_free(r);
    CHECK_NO_LEAKS();
}

static enum err create(struct audit_op op, struct audit **out, struct err_info *why)
{
    struct event_body b = {.ops = &op, .nops = 1};
    struct event e = {.seq = 1, .utc_ms = 5, .actor = P_QA, .body = b};
    struct audit *a = audit_new(audit_make_template());
    enum err err = audit_check(a, audit_make_viewer(P_QA), &b, why, NULL);
    if (!err)
        err = audit_apply(a, &e);
    *out = a;
    return err;
}

Test(audit_life, an_audit_knows_how_it_came_about)
{
    struct audit_op op = {
        .kind = OP_CREATE,
        .create = {.ref = "TST-2026-0002",
                   .template_id = "TST",
                   .template_version = 1,
                   .team = "North",
                   .carer_ref = "CA-1",
                   .period_from = "2026-01-01",
                   .period_to = "2026-12-31",
                   .state = AUDIT_PLANNED,
                   .planned = "2028-02-29",
                   .way_in = "complaint",
                   .source = "CHA-2026-0003"}
    };
    struct audit *a;
    struct err_info why = {0};
    cr_assert_eq(create(op, &a, &why), ERR_OK, "%s", why.text);
    struct audit_info i = audit_info(a);
    cr_assert_str_eq(i.planned, "2028-02-29");
    cr_assert_str_eq(i.first_planned, "2028-02-29");
    cr_assert_str_eq(i.way_in, "complaint");
    cr_assert_str_eq(i.source, "CHA-2026-0003");
    audit_free(a);
    static const char *const no_days[] = {"2027-02-29", "2027-13-01", "2027-00-10", "2027-04-31",
                                          "2027-4-1",   "1 April",    "2027-04",    "2100-02-29"};
    for (size_t k = 0; k < sizeof no_days / sizeof *no_days; k++) {
        op.create.planned = no_days[k];
        cr_assert_eq(create(op, &a, &why), ERR_INPUT, "%s", no_days[k]);
        audit_free(a);
    }
    op.create.planned = "";
    op.create.way_in = "by_chance";
    cr_assert_eq(create(op, &a, &why), ERR_INPUT);
    audit_free(a);
    CHECK_NO_LEAKS();
}

Test(audit_life, links_name_a_kind_and_a_record_once)
{
    struct room *r = room_new();
    struct audit_op link = {
        .kind = OP_LINK, .link = {.kind = "re_audit", .ref = "FCA-2027-0001"}
    };
    OK(room_serve(r, P_QA, link));
    cr_assert_eq(audit_link_count(r->a), 1);
    cr_assert_str_eq(audit_link_at(r->a, 0)->kind, "re_audit");
    cr_assert_str_eq(audit_link_at(r->a, 0)->ref, "FCA-2027-0001");
    cr_assert_eq(audit_link_at(r->a, 0)->seq, 2);
    REFUSED(room_serve(r, P_QA, link), ERR_INPUT);
    link.link.kind = "challenge";
    OK(room_serve(r, P_QA, link));
    room_free(r);
    CHECK_NO_LEAKS();
}

Test(audit_life, who_moderates_is_a_member_and_may_change)
{
    struct room *r = room_new();
    struct audit_op ask = {
        .kind = OP_ASSIGN, .assign = {.person = P_STRANGER, .reason = "conflict"}
    };
    REFUSED(room_serve(r, P_QA, ask), ERR_NOT_FOUND);
    cr_assert_eq(audit_info(r->a).moderator, 0);
    struct audit_op both[] = {
        {.kind = OP_MEMBER_ADD, .member = {P_STRANGER, ROLE_IRO, ""}},
        ask,
    };
    OK(room_do(r, 0, both, 2));
    cr_assert_eq(audit_info(r->a).moderator, P_STRANGER);
    ask.assign.person = P_IRO;
    OK(room_serve(r, P_QA, ask));
    cr_assert_eq(audit_info(r->a).moderator, P_IRO);
    cr_assert_eq(audit_assigned_count(r->a), 2);
    cr_assert_eq(audit_assigned_at(r->a, 0)->person, P_STRANGER);
    cr_assert_eq(audit_assigned_at(r->a, 1)->by, P_QA);
    cr_assert_str_eq(audit_assigned_at(r->a, 1)->reason, "conflict");
    room_free(r);
    CHECK_NO_LEAKS();
}

/* ---- flags ---- */

static const char secret[] = "Zwetschgenknoedel"; /* occurs nowhere else */

static struct audit_op flag(const char *text)
{
    return (struct audit_op){
        .kind = OP_FLAG,
        .flag = {.text = text, .told = "FTM Sue", .told_utc_ms = 1750000000000, .told_person = 0}
    };
}

/* Everything that a person can get hold of: their snapshot, and each event as they may see it. */
static bool is_shown(const struct room *r, const struct viewer *v)
{
    struct buf b = BUF_INIT;
    audit_encode(r->a, v, &b);
    bool shown = memmem(b.data, b.len, secret, sizeof secret - 1), in_events = false;
    for (size_t i = 0; i < r->nevents; i++) {
        struct event_body *body;
        bool changed, reveal;
        buf_clear(&b);
        cr_assert_eq(event_body_decode(r->events[i].body.data, r->events[i].body.len, &body, NULL),
                     ERR_OK);
        cr_assert_eq(audit_redact_body(r->a, v, body, &b, &changed, &reveal), ERR_OK);
        in_events = in_events || (b.len && memmem(b.data, b.len, secret, sizeof secret - 1));
        bool same =
            b.len == r->events[i].body.len && !memcmp(b.data, r->events[i].body.data, b.len);
        cr_assert_eq(same, !changed);
        event_body_free(body);
    }
    cr_assert_eq(shown, in_events, "snapshot and events tell person %u the same",
                 (unsigned)v->person);
    buf_free(&b);
    return shown;
}

/* person:                            FRO FSW CSW IRO HOS QA FTM SM south stranger */
static void expect_shown(const struct room *r, const char *expected)
{
    for (uint32_t p = P_FRO; p < P_END; p++)
        cr_assert_eq(is_shown(r, audit_make_viewer(p)), expected[p - 1] == 's', "person %u",
                     (unsigned)p);
}

Test(audit_flag, its_words_go_to_named_roles_and_who_raised_it_or_was_told)
{
    struct room *r = room_new();
    OK(room_serve(r, P_FSW, flag(secret)));
    expect_shown(r, "-s-sssss--");
    room_free(r);
    r = room_new();
    struct audit_op op = flag(secret);
    op.flag.told_person = P_CSW;
    OK(room_serve(r, P_SM, op));
    expect_shown(r, "--ssssss--");
    OK(room_member(r, P_STRANGER, ROLE_LADO, ""));
    expect_shown(r, "--ssssss-s");
    room_free(r);
    CHECK_NO_LEAKS();
}

Test(audit_flag, so_do_the_words_of_its_notes)
{
    struct room *r = room_new();
    OK(room_serve(r, P_FSW, flag("words")));
    struct audit_op note = {
        .kind = OP_FLAG_NOTE, .flag_note = {.flag = audit_seq(r->a), .text = secret}
    };
    OK(room_serve(r, P_FTM, note));
    expect_shown(r, "-s-sssss--");
    room_free(r);
    CHECK_NO_LEAKS();
}

Test(audit_flag, that_there_is_one_who_was_told_and_when_is_for_all)
{
    struct room *r = room_new();
    OK(room_serve(r, P_FSW, flag(secret)));
    uint64_t name = audit_seq(r->a);
    struct audit_op note = {
        .kind = OP_FLAG_NOTE, .flag_note = {.flag = name, .text = secret, .closed = true}
    };
    OK(room_serve(r, P_FTM, note));
    struct audit *seen = audit_new(audit_make_template());
    for (size_t i = 0; i < r->nevents; i++)
        cr_assert_eq(room_replay(r, i, seen, audit_make_viewer(P_FRO), NULL), ERR_OK);
    const struct audit_flag *f = audit_flag_at(seen, 0), *all = audit_flag_at(r->a, 0);
    cr_assert(f->held && f->closed && !all->held);
    cr_assert_eq(f->seq, name);
    cr_assert_eq(f->by, P_FSW);
    cr_assert_str_eq(f->text, "");
    cr_assert_str_eq(f->told, "FTM Sue");
    cr_assert_eq(f->told_utc_ms, 1750000000000);
    cr_assert_eq(f->nnotes, 1);
    cr_assert_eq(f->notes[0].by, P_FTM);
    cr_assert_str_eq(f->notes[0].text, "");
    cr_assert_str_eq(all->text, secret);
    cr_assert_str_eq(all->notes[0].text, secret);
    cr_assert_not(audit_may_read_flag(r->a, audit_make_viewer(P_FRO), all));
    cr_assert(audit_may_read_flag(r->a, audit_make_viewer(P_QA), all));
    cr_assert_not(audit_may_read_flag(r->a, audit_make_viewer(P_STRANGER), all));
    audit_free(seen);
    room_free(r);
    CHECK_NO_LEAKS();
}

Test(audit_flag, whoever_may_not_read_it_has_something_held_back)
{
    struct room *r = room_new();
    OK(room_set(r, P_FRO, "A6.grade_auditor", "good"));
    OK(room_set(r, P_FSW, "A6.grade_practitioner", "good"));
    OK(room_set(r, P_IRO, "J3.shown_to", "auditors, worker"));
    cr_assert_not(audit_holds_back(r->a, audit_make_viewer(P_FRO)));
    OK(room_serve(r, P_FSW, flag("words")));
    cr_assert(audit_holds_back(r->a, audit_make_viewer(P_FRO)));
    cr_assert_not(audit_holds_back(r->a, audit_make_viewer(P_FSW)));
    cr_assert_not(audit_holds_back(r->a, audit_make_viewer(P_IRO)));
    room_free(r);
    CHECK_NO_LEAKS();
}

/* ---- fingerprints, where something is held ---- */

static bool has_print(const struct audit *a)
{
    static const uint8_t none[32];
    return memcmp(audit_signature_at(a, 0)->fingerprint, none, 32) != 0;
}

Test(audit_life, fingerprints_are_held_with_the_content_that_they_would_betray)
{
    struct room *r = room_new();
    OK(room_set(r, P_FRO, "A6.grade_auditor", "good"));
    OK(room_set(r, P_FSW, "A6.grade_practitioner", "good"));
    OK(room_set(r, P_IRO, "J3.shown_to", "auditors"));
    OK(room_serve(r, P_FRO, sign_as(r, ROLE_FRO)));
    for (uint32_t p = P_FRO; p < P_FTM_SOUTH; p++) {
        struct audit *by_events = audit_new(audit_make_template()), *by_snapshot;
        struct buf b = BUF_INIT;
        bool sees_all = p == P_FRO || p == P_IRO;
        for (size_t i = 0; i < r->nevents; i++)
            cr_assert_eq(room_replay(r, i, by_events, audit_make_viewer(p), NULL), ERR_OK);
        audit_encode(r->a, audit_make_viewer(p), &b);
        cr_assert_eq(audit_decode(audit_make_template(), b.data, b.len, &by_snapshot, NULL),
                     ERR_OK);
        cr_assert_eq(has_print(by_events), sees_all, "person %u", (unsigned)p);
        cr_assert_eq(has_print(by_snapshot), sees_all, "person %u", (unsigned)p);
        audit_free(by_events);
        audit_free(by_snapshot);
        buf_free(&b);
    }
    room_free(r);
    CHECK_NO_LEAKS();
}

Test(audit_life, a_held_change_voids_signatures_for_those_who_do_not_see_it_too)
{
    struct room *r = room_new();
    sign_both(r);
    OK(room_set(r, P_IRO, "J3.method", "a talk"));
    struct audit *seen = audit_new(audit_make_template());
    for (size_t i = 0; i < r->nevents; i++)
        cr_assert_eq(room_replay(r, i, seen, audit_make_viewer(P_FSW), NULL), ERR_OK);
    cr_assert_str_eq(audit_value(seen, room_field(r, "J3.method")).value, "");
    cr_assert_eq(audit_revision(seen), audit_revision(r->a));
    cr_assert_eq(audit_signature_at(seen, 0)->void_seq, audit_seq(r->a));
    OK(room_comment(r, P_IRO, "J3.method", "which?"));
    cr_assert_eq(room_replay(r, r->nevents - 1, seen, audit_make_viewer(P_FSW), NULL), ERR_OK);
    cr_assert_eq(audit_revision(seen), audit_revision(r->a), "a held comment is no content");
    audit_free(seen);
    room_free(r);
    CHECK_NO_LEAKS();
}

/* ---- break-glass ---- */

static struct audit_op glass(const struct room *r)
{
    return (struct audit_op){
        .kind = OP_GLASS,
        .glass = {
                  .person = P_STRANGER, .until_utc_ms = r->utc_ms + 3600000, .reason = "a complaint"}
    };
}

static const struct audit_op end_glass = {.kind = OP_GLASS_END, .glass = {.person = P_STRANGER}};

Test(audit_glass, lets_read_but_neither_write_nor_see_what_is_sensitive)
{
    static const char *const held[] = {"J3.words", "J3.method", "J1.words", "A6.grade_auditor",
                                       "A6.grade_practitioner"};
    static const char *const read[] = {"A2.carer_ref", "B2", "C2", "J2.words", "J3.status", "M2"};
    struct room *r = room_new();
    const struct viewer *v = audit_make_viewer(P_STRANGER);
    OK(room_set(r, P_FRO, "A6.grade_auditor", "good"));
    OK(room_set(r, P_FSW, "A6.grade_practitioner", "good"));
    OK(room_set(r, P_IRO, "J3.shown_to", "auditors, managers, worker"));
    OK(room_serve(r, P_FTM, flag(secret)));
    cr_assert_not(audit_may_see(r->a, v));
    OK(room_serve(r, P_QA, glass(r)));
    cr_assert(audit_may_see(r->a, v));
    cr_assert_eq(audit_role_of(r->a, v), ROLE_FRO, "the first thing that they are on the site");
    for (size_t i = 0; i < sizeof held / sizeof *held; i++)
        cr_assert_eq(audit_right(r->a, v, room_field(r, held[i]), NULL), RIGHT_NONE, "%s", held[i]);
    for (size_t i = 0; i < sizeof read / sizeof *read; i++) {
        struct err_info why = {0};
        cr_assert_eq(audit_right(r->a, v, room_field(r, read[i]), &why), RIGHT_READ, "%s", read[i]);
        cr_assert(strstr(why.text, "with a reason"), "%s", why.text);
    }
    cr_assert_not(is_shown(r, v), "the flag's words");
    cr_assert(audit_holds_back(r->a, v));
    REFUSED(room_set(r, P_STRANGER, "B2", "yes"), ERR_REFUSED_ROLE);
    REFUSED(room_comment(r, P_STRANGER, "B2", "yes"), ERR_REFUSED_ROLE);
    OK(room_serve(r, P_QA, end_glass));
    cr_assert_not(audit_may_see(r->a, v));
    room_free(r);
    CHECK_NO_LEAKS();
}

static bool reveals_last(const struct room *r, uint32_t person)
{
    struct event_body *body;
    struct buf b = BUF_INIT;
    bool changed, reveal;
    const struct made_event *last = &r->events[r->nevents - 1];
    cr_assert_eq(event_body_decode(last->body.data, last->body.len, &body, NULL), ERR_OK);
    cr_assert_eq(audit_redact_body(r->a, audit_make_viewer(person), body, &b, &changed, &reveal),
                 ERR_OK);
    event_body_free(body);
    buf_free(&b);
    return reveal;
}

Test(audit_glass, is_on_the_record_from_its_beginning_to_its_end)
{
    struct room *r = room_new();
    REFUSED(room_serve(r, P_QA, end_glass), ERR_NOT_FOUND);
    OK(room_serve(r, P_QA, glass(r)));
    cr_assert(reveals_last(r, P_STRANGER));
    cr_assert_not(reveals_last(r, P_FRO));
    const struct audit_glass *g = audit_glass_of(r->a, P_STRANGER);
    cr_assert_eq(g, audit_glass_at(r->a, 0));
    cr_assert_eq(g->person, P_STRANGER);
    cr_assert_str_eq(g->reason, "a complaint");
    cr_assert_eq(g->until_utc_ms, r->utc_ms - 1000 + 3600000);
    cr_assert_eq(g->ended_utc_ms, 0);
    REFUSED(room_serve(r, P_QA, glass(r)), ERR_INPUT);
    OK(room_serve(r, P_QA, end_glass));
    cr_assert(reveals_last(r, P_STRANGER));
    cr_assert_null(audit_glass_of(r->a, P_STRANGER));
    cr_assert_eq(audit_glass_at(r->a, 0)->ended_utc_ms, r->utc_ms);
    OK(room_serve(r, P_QA, glass(r)));
    cr_assert_eq(audit_glass_count(r->a), 2);
    room_free(r);
    CHECK_NO_LEAKS();
}

/* ---- comments that must be answered ---- */

static uint64_t ask(struct room *r, uint32_t person, bool must_answer)
{
    uint64_t id = event_local_id(person, ++r->ids[person]);
    struct audit_op op = {
        .kind = OP_COMMENT_ADD,
        .comment = {.comment = id,
                    .field = room_field(r, "B2"),
                    .must_answer = must_answer,
                    .text = "why?"}
    };
    OK(room_do(r, person, &op, 1));
    return id;
}

static enum err resolve(struct room *r, uint32_t person, uint64_t id)
{
    struct audit_op op = {
        .kind = OP_COMMENT_RESOLVE, .comment = {.comment = id, .text = ""}
    };
    return room_do(r, person, &op, 1);
}

Test(audit_life, what_must_be_answered_is_resolved_by_who_asked_or_the_moderator)
{
    struct room *r = room_new();
    OK(resolve(r, P_FSW, ask(r, P_FRO, false)));
    uint64_t id = ask(r, P_FRO, true);
    REFUSED(resolve(r, P_FSW, id), ERR_REFUSED_ROLE);
    cr_assert(strstr(r->why.text, "FRO") && strstr(r->why.text, "moderator"), "%s", r->why.text);
    OK(resolve(r, P_FRO, id));
    OK(resolve(r, P_IRO, ask(r, P_FSW, true)));
    id = ask(r, P_FSW, true);
    OK(room_member(r, P_FSW, ROLE_NONE, ""));
    OK(resolve(r, P_CSW, id)); /* who asked has left */
    room_free(r);
    CHECK_NO_LEAKS();
}

/* ---- what is not well-formed ---- */

Test(audit_life, what_the_server_is_asked_to_write_must_be_well_formed)
{
    struct room *r = room_new();
    static char long_words[EVENT_MAX_REASON_CP + 2];
    memset(long_words, 'x', sizeof long_words - 1);
    static const uint32_t nobody[] = {0};
    static uint32_t crowd[EVENT_MAX_PRESENT + 1];
    for (size_t i = 0; i < EVENT_MAX_PRESENT + 1; i++)
        crowd[i] = 1;
    const struct {
        struct audit_op op;
        enum err e;
    } bad[] = {
        {{.kind = OP_MOVE, .move = {.to = AUDIT_AGREED, .reason = long_words}},                        ERR_TOO_LARGE},
        {{.kind = OP_MOVE, .move = {.to = AUDIT_AGREED, .result = "won"}},                             ERR_INPUT    },
        {{.kind = OP_MOVE, .move = {.to = AUDIT_AGREED, .revision = 3}},                               ERR_INPUT    },
        {{.kind = OP_MOVE, .move = {.to = AUDIT_AGREED, .stage = 17}},                                 ERR_INPUT    },
        {{.kind = OP_MOVE, .move = {.to = AUDIT_AGREED, .present = nobody, .npresent = 1}},
         ERR_INPUT                                                                                                  },
        {{.kind = OP_MOVE,
          .move = {.to = AUDIT_AGREED, .present = crowd, .npresent = EVENT_MAX_PRESENT + 1}},
         ERR_TOO_LARGE                                                                                              },
        {{.kind = OP_SIGN, .sign = {.role = ROLE_NONE, .revision = 1}},                                ERR_INPUT    },
        {{.kind = OP_SIGN, .sign = {.role = ROLE_COUNT, .revision = 1}},                               ERR_INPUT    },
        {{.kind = OP_SIGN, .sign = {.role = ROLE_FSW, .revision = 1, .absent = true}},                 ERR_INPUT    },
        {{.kind = OP_SIGN, .sign = {.role = ROLE_FSW, .revision = 1, .difference = long_words}},
         ERR_TOO_LARGE                                                                                              },
        {{.kind = OP_ASSIGN, .assign = {.person = 0}},                                                 ERR_NOT_FOUND},
        {{.kind = OP_FLAG, .flag = {.text = "", .told = "FTM Sue", .told_utc_ms = 5}},                 ERR_INPUT    },
        {{.kind = OP_FLAG, .flag = {.text = "x", .told = "", .told_utc_ms = 5}},                       ERR_INPUT    },
        {{.kind = OP_FLAG, .flag = {.text = "x", .told = "FTM Sue"}},                                  ERR_INPUT    },
        {{.kind = OP_FLAG, .flag = {.text = "x", .told = "Sue", .told_utc_ms = 5, .held = true}},
         ERR_INPUT                                                                                                  },
        {{.kind = OP_FLAG_NOTE, .flag_note = {.flag = 1, .text = "x"}},                                ERR_NOT_FOUND},
        {{.kind = OP_FLAG_NOTE, .flag_note = {.flag = 2, .text = "x"}},                                ERR_NOT_FOUND},
        {{.kind = OP_GLASS, .glass = {.person = 0, .until_utc_ms = INT64_MAX, .reason = "x"}},
         ERR_INPUT                                                                                                  },
        {{.kind = OP_GLASS, .glass = {.person = 9, .until_utc_ms = INT64_MAX}},                        ERR_INPUT    },
        {{.kind = OP_GLASS, .glass = {.person = 9, .until_utc_ms = r->utc_ms, .reason = "x"}},
         ERR_INPUT                                                                                                  },
        {{.kind = OP_GLASS_END, .glass = {.person = P_FRO}},                                           ERR_NOT_FOUND},
        {{.kind = OP_LINK, .link = {.kind = "cousin", .ref = "X-1"}},                                  ERR_INPUT    },
        {{.kind = OP_LINK, .link = {.kind = "", .ref = "X-1"}},                                        ERR_INPUT    },
        {{.kind = OP_LINK, .link = {.kind = "related", .ref = ""}},                                    ERR_INPUT    },
        {{.kind = OP_PLAN, .plan = {.planned = ""}},                                                   ERR_INPUT    },
        {{.kind = OP_PLAN, .plan = {.planned = "2027-02-30"}},                                         ERR_INPUT    },
        {{.kind = OP_SET, .set = {room_field(r, "B2"), "perhaps", 0}},                                 ERR_INPUT    },
        {{.kind = OP_SET, .set = {room_field(r, "B2"), "yes", 1}},                                     ERR_STALE    },
    };
    uint64_t seq = audit_seq(r->a);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct audit_op op = bad[i].op;
        cr_assert_eq(audit_check(r->a, audit_make_viewer(P_QA),
                                 &(struct event_body){.ops = &op, .nops = 1}, &r->why, NULL),
                     bad[i].e, "%zu: %s (%s)", i, err_name(r->why.code), r->why.text);
    }
    cr_assert_eq(audit_seq(r->a), seq);
    room_free(r);
    CHECK_NO_LEAKS();
}

Test(audit_life, people_cannot_write_any_of_it_themselves)
{
    struct room *r = room_new();
    struct audit_op ops[] = {
        sign_as(r, ROLE_FRO),
        {.kind = OP_ASSIGN,    .assign = {.person = P_IRO}              },
        flag("x"),
        {.kind = OP_FLAG_NOTE, .flag_note = {.flag = 1, .text = "x"}    },
        glass(r),
        end_glass,
        {.kind = OP_LINK,      .link = {.kind = "related", .ref = "X-1"}},
        {.kind = OP_PLAN,      .plan = {.planned = "2027-03-25"}        },
        move_to(AUDIT_AGREED),
    };
    for (size_t i = 0; i < sizeof ops / sizeof *ops; i++)
        for (uint32_t p = P_FRO; p < P_END; p++) {
            REFUSED(room_do(r, p, &ops[i], 1), ERR_INPUT);
            cr_assert(strstr(r->why.text, "only the server"), "%s", r->why.text);
        }
    room_free(r);
    CHECK_NO_LEAKS();
}

Test(audit_life, there_is_a_bound_to_each_list)
{
    struct room *r = room_new();
    char ref[32];
    for (unsigned i = 0; i < AUDIT_MAX_MOVES; i++) {
        (void)snprintf(ref, sizeof ref, "X-%u", i);
        OK(room_serve(r, P_QA,
                      (struct audit_op){
                          .kind = OP_LINK, .link = {.kind = "related", .ref = ref}
        }));
    }
    REFUSED(room_serve(r, P_QA,
                       (struct audit_op){
                           .kind = OP_LINK, .link = {.kind = "study", .ref = "Y"}
    }),
            ERR_TOO_LARGE);
    room_free(r);
    CHECK_NO_LEAKS();
}
