/* A record's life as messages. Which move is allowed when is tested with the rules; here: that the
 * server asks them, records what they say, tells everybody, and answers when it is durable. */

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "tests/lib/site_bench.h"

#define BODY(k) TANDEM__ENVELOPE__BODY_##k

static const Tandem__Envelope *plain(struct site *s, unsigned who, int kind)
{
    struct bench_plain m;
    return site_ask(s, who, bench_make(&m, kind, s->ref, 0));
}

static const Tandem__Envelope *move(struct site *s, unsigned who, enum audit_state to,
                                    const char *reason, const char *person)
{
    struct bench_plain m;
    Tandem__Envelope *e = bench_make(&m, BODY(MOVE_AUDIT), s->ref, 0);
    e->move_audit->to = to;
    e->move_audit->reason = (char *)reason;
    e->move_audit->person = (char *)person;
    return site_ask(s, who, e);
}

static const Tandem__Moved *moves(struct site *s, unsigned who, enum audit_state to,
                                  const char *reason, const char *person)
{
    const Tandem__Moved *m = site_good(move(s, who, to, reason, person), BODY(MOVED))->moved;
    cr_assert_gt(strlen(m->text), 10);
    return m;
}

static const Tandem__Envelope *sign(struct site *s, unsigned who, uint64_t revision)
{
    struct bench_plain m;
    Tandem__Envelope *e = bench_make(&m, BODY(SIGN), s->ref, 0);
    e->sign->revision = revision;
    return site_ask(s, who, e);
}

static const Tandem__Steps *next(struct site *s, unsigned who)
{
    return site_good(plain(s, who, BODY(NEXT)), BODY(STEPS))->steps;
}

static enum audit_state state_of(struct site *s)
{
    return (enum audit_state)next(s, QUIN)->state;
}

/* ---- new records ---- */

static const Tandem__Envelope *new_record(struct site *s, unsigned who, Tandem__NewAudit *n)
{
    Tandem__Envelope e = TANDEM__ENVELOPE__INIT;
    e.body_case = BODY(NEW_AUDIT);
    e.new_audit = n;
    if (!*n->template_id)
        n->template_id = (char *)"MIN";
    if (!*n->carer_ref)
        n->carer_ref = (char *)"CR-1";
    return site_ask(s, who, &e);
}

static void made(struct site *s, const Tandem__Envelope *e)
{
    (void)snprintf(s->ref, sizeof s->ref, "%s",
                   site_good(e, BODY(AUDIT_CREATED))->audit_created->ref);
}

Test(life, a_record_for_later_waits_and_one_for_soon_is_prepared_at_once)
{
    struct site s = site_new(site_small);
    Tandem__NewAudit later = TANDEM__NEW_AUDIT__INIT, soon = TANDEM__NEW_AUDIT__INIT;
    char day[11];
    civil_format(civil_add_days(civil_today(s.b->utc_ms), 200), day);
    later.planned = day;
    made(&s, new_record(&s, ANA, &later));
    cr_assert_eq(state_of(&s), AUDIT_PLANNED);
    made(&s, new_record(&s, ANA, &soon));
    cr_assert_eq(state_of(&s), AUDIT_PREPARING);
    bench_free(s.b);
}

Test(life, a_record_starts_at_once_when_the_rules_allow_it_or_is_not_made)
{
    struct site s = site_new(site_small);
    Tandem__NewAudit n = TANDEM__NEW_AUDIT__INIT, nobody = TANDEM__NEW_AUDIT__INIT;
    nobody.start_reason = n.start_reason = (char *)"the review is today";
    n.practitioner = (char *)"Ben";
    (void)site_refused(new_record(&s, ANA, &nobody), ERR_REFUSED_STATE);
    made(&s, new_record(&s, ANA, &n));
    cr_assert_str_eq(s.ref, "MIN-2026-0001", "the refused one used up no number");
    cr_assert_eq(state_of(&s), AUDIT_IN_PROGRESS);
    bench_free(s.b);
}

Test(life, what_a_record_begins_with_is_refused_when_it_makes_no_sense)
{
    struct site s = site_new(site_small);
    Tandem__Value v = TANDEM__VALUE__INIT, *values = &v;
    static const struct bad {
        const char *planned, *way_in, *where, *value;
    } bad[] = {
        {"2026-02-30", "",       "",   ""        },
        {"soon",       "",       "",   ""        },
        {"",           "by_bus", "",   ""        },
        {"",           "",       "Z9", "x"       },
        {"",           "",       "A2", "some day"},
        {"",           "",       "A1", "words"   },
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        Tandem__NewAudit n = TANDEM__NEW_AUDIT__INIT;
        n.planned = (char *)bad[i].planned;
        n.way_in = (char *)bad[i].way_in;
        v.where = (char *)bad[i].where;
        v.value = (char *)bad[i].value;
        n.values = &values;
        n.n_values = *bad[i].where ? 1 : 0;
        const Tandem__Envelope *e = new_record(&s, ANA, &n);
        cr_assert_eq(e->body_case, BODY(ERROR), "case %zu", i);
    }
    Tandem__NewAudit n = TANDEM__NEW_AUDIT__INIT;
    v.where = (char *)"A2";
    v.value = (char *)"2026-03-02";
    n.values = &values;
    n.n_values = 1;
    made(&s, new_record(&s, ANA, &n));
    cr_assert_str_eq(s.ref, "MIN-2026-0001");
    bench_join(s.b, ANA, s.ref);
    struct field f;
    cr_assert_eq(audit_field_parse(s.b->conns[ANA].audit, "A2", &f, NULL), ERR_OK);
    cr_assert_str_eq(audit_value(s.b->conns[ANA].audit, f).value, "2026-03-02");
    bench_free(s.b);
}

static enum role part_of(struct site *s, unsigned who)
{
    bench_join(s->b, who, s->ref);
    const struct audit_member *m = audit_member_find(s->b->conns[who].audit, s->ids[who]);
    return m ? m->role : ROLE_NONE;
}

Test(life, who_makes_a_record_takes_part_as_its_kind_says)
{
    struct site s = site_new(site_small);
    Tandem__NewAudit plan = TANDEM__NEW_AUDIT__INIT, monthly = TANDEM__NEW_AUDIT__INIT;
    made(&s, new_record(&s, ANA, &plan));
    cr_assert_eq(part_of(&s, ANA), ROLE_FRO);
    made(&s, new_record(&s, FAY, &plan));
    cr_assert_eq(part_of(&s, FAY), ROLE_NONE, "planned for somebody else");
    monthly.way_in = (char *)"monthly_manager";
    made(&s, new_record(&s, FAY, &monthly));
    cr_assert_eq(part_of(&s, FAY), ROLE_FRO);
    (void)site_refused(new_record(&s, IRIS, &plan), ERR_REFUSED_ROLE);
    bench_free(s.b);
}

Test(life, another_day_is_given_with_a_reason_before_it_begins)
{
    struct site s = site_new(site_small);
    Tandem__NewAudit n = TANDEM__NEW_AUDIT__INIT;
    struct bench_plain m;
    made(&s, new_record(&s, ANA, &n));
    Tandem__Envelope *e = bench_make(&m, BODY(PLAN_AUDIT), s.ref, 0);
    e->plan_audit->planned = (char *)"2026-12-01";
    (void)site_refused(site_ask(&s, ANA, e), ERR_INPUT);
    e->plan_audit->reason = (char *)"the carer is away";
    (void)site_refused(site_ask(&s, EVE, e), ERR_NOT_FOUND);
    (void)site_refused(site_ask(&s, SAM, e), ERR_REFUSED_ROLE);
    (void)site_good(site_ask(&s, ANA, e), BODY(DONE));
    e->plan_audit->planned = (char *)"2026-13-01";
    (void)site_refused(site_ask(&s, ANA, e), ERR_INPUT);
    bench_join(s.b, ANA, s.ref);
    cr_assert_str_eq(audit_info(s.b->conns[ANA].audit).planned, "2026-12-01");
    bench_free(s.b);
}

/* ---- next ---- */

Test(life, next_says_what_one_can_do_and_what_others_must)
{
    struct site s = site_with_audit();
    const Tandem__Steps *a = next(&s, ANA);
    cr_assert_eq(a->state, AUDIT_IN_PROGRESS);
    cr_assert_gt(a->n_steps, 0);
    cr_assert_eq(a->steps[0]->to, AUDIT_AGREED);
    cr_assert(a->steps[0]->you && a->steps[0]->by_signing);
    cr_assert(strstr(a->steps[0]->command, s.ref), "%s", a->steps[0]->command);
    cr_assert_gt(a->n_duties, 0);
    const Tandem__Steps *q = next(&s, QUIN);
    cr_assert(!q->steps[0]->you);
    (void)site_refused(plain(&s, EVE, BODY(NEXT)), ERR_NOT_FOUND);
    bench_free(s.b);
}

/* ---- signatures ---- */

Test(life, two_signatures_on_one_revision_agree_it)
{
    struct site s = site_with_audit();
    uint64_t revision = next(&s, ANA)->revision;
    const Tandem__Moved *first = site_good(sign(&s, ANA, revision), BODY(MOVED))->moved;
    cr_assert_eq(first->state, AUDIT_IN_PROGRESS);
    cr_assert(strstr(first->text, "Ben"), "%s", first->text);
    cr_assert_eq(site_good(sign(&s, BEN, revision), BODY(MOVED))->moved->state, AUDIT_AGREED);
    bench_free(s.b);
}

Test(life, a_signature_under_what_has_moved_on_is_stale)
{
    struct site s = site_with_audit();
    uint64_t seen = next(&s, ANA)->revision;
    bench_join(s.b, BEN, s.ref);
    bench_type(s.b, BEN, "A1", "one word more");
    bench_step(s.b);
    const Tandem__Error *e = site_refused(sign(&s, ANA, seen), ERR_STALE);
    cr_assert(strstr(e->text, "Ben"), "%s", e->text);
    cr_assert_gt(e->their_rev, seen);
    cr_assert_eq(state_of(&s), AUDIT_IN_PROGRESS);
    bench_free(s.b);
}

Test(life, an_edit_on_its_way_counts_before_it_is_durable)
{
    struct site s = site_with_audit();
    struct bench_plain m;
    uint64_t seen = next(&s, ANA)->revision;
    bench_join(s.b, BEN, s.ref);
    bench_type(s.b, BEN, "A1", "on its way");
    Tandem__Envelope *e = bench_make(&m, BODY(SIGN), s.ref, 0);
    e->sign->revision = seen;
    (void)bench_send(s.b, ANA, e);
    bench_expect_nothing(s.b, ANA); /* nor is it said whose it is before that */
    bench_step(s.b);
    (void)bench_expect_error(s.b, ANA, ERR_STALE);
    bench_free(s.b);
}

Test(life, a_later_change_voids_the_signature_and_says_so_to_the_room)
{
    struct site s = site_with_audit();
    (void)site_good(sign(&s, ANA, next(&s, ANA)->revision), BODY(MOVED));
    bench_join(s.b, BEN, s.ref);
    cr_assert_not_null(audit_signature_of(s.b->conns[BEN].audit, ROLE_FRO));
    bench_type(s.b, BEN, "A1", "a change");
    bench_step(s.b);
    bench_fold(s.b, BEN);
    cr_assert_null(audit_signature_of(s.b->conns[BEN].audit, ROLE_FRO));
    bench_free(s.b);
}

Test(life, signatures_are_made_again_from_the_log)
{
    struct site s = site_with_audit();
    bench_join(s.b, BEN, s.ref);
    bench_type(s.b, BEN, "A1", "first");
    bench_step(s.b);
    (void)site_good(sign(&s, ANA, next(&s, ANA)->revision), BODY(MOVED));
    bench_fold(s.b, BEN);
    bench_type(s.b, BEN, "A1", "second");
    bench_step(s.b);
    (void)site_good(sign(&s, BEN, next(&s, BEN)->revision), BODY(MOVED));
    const Tandem__SignatureList *l =
        site_good(plain(&s, QUIN, BODY(VERIFY_SIGNATURES)), BODY(SIGNATURE_LIST))->signature_list;
    cr_assert_eq(l->n_rows, 2);
    for (size_t i = 0; i < 2; i++) {
        const Tandem__SignatureRow *r = l->rows[i];
        cr_assert_eq(r->fingerprint.len, 32);
        cr_assert_arr_eq(r->fingerprint.data, r->recomputed.data, 32);
        cr_assert_eq(r->standing, i == 1, "the change between them voided the first");
        cr_assert_eq(r->person, s.ids[i ? BEN : ANA]);
    }
    cr_assert_eq(memcmp(l->rows[1]->fingerprint.data, l->fingerprint.data, 32), 0);
    cr_assert_neq(memcmp(l->rows[0]->fingerprint.data, l->fingerprint.data, 32), 0);
    bench_free(s.b);
}

/* ---- moves ---- */

static struct site site_submitted(void)
{
    struct site s = site_with_audit();
    uint64_t revision = next(&s, ANA)->revision;
    (void)site_good(sign(&s, ANA, revision), BODY(MOVED));
    (void)site_good(sign(&s, BEN, revision), BODY(MOVED));
    (void)moves(&s, ANA, AUDIT_SUBMITTED, "", "");
    return s;
}

Test(life, one_audit_goes_through_its_whole_life)
{
    struct site s = site_submitted();
    (void)site_refused(move(&s, ANA, AUDIT_MODERATING, "", "Iris"), ERR_REFUSED_ROLE);
    cr_assert_eq(moves(&s, QUIN, AUDIT_MODERATING, "no own IRO", "Iris")->state, AUDIT_MODERATING);
    cr_assert_eq(moves(&s, IRIS, AUDIT_MODERATED, "", "")->state, AUDIT_ACTION_PLANNING,
                 "it follows by itself");
    (void)moves(&s, FAY, AUDIT_FOLLOW_UP, "", "");
    (void)moves(&s, FAY, AUDIT_CLOSED, "", "");
    (void)site_refused(move(&s, FAY, AUDIT_IN_PROGRESS, "again", ""), ERR_REFUSED_ROLE);
    (void)moves(&s, QUIN, AUDIT_IN_PROGRESS, "something came to light", "");
    cr_assert_eq(state_of(&s), AUDIT_IN_PROGRESS);
    bench_free(s.b);
}

Test(life, what_is_submitted_is_written_no_more)
{
    struct site s = site_with_audit();
    uint64_t revision = next(&s, ANA)->revision;
    struct bench_plain m;
    bench_join(s.b, BEN, s.ref);
    (void)site_good(sign(&s, ANA, revision), BODY(MOVED));
    (void)site_good(sign(&s, BEN, revision), BODY(MOVED));
    bench_fold(s.b, BEN);
    Tandem__Envelope *e = bench_make(&m, BODY(MOVE_AUDIT), s.ref, 0);
    e->move_audit->to = AUDIT_SUBMITTED;
    (void)bench_send(s.b, ANA, e);
    bench_type(s.b, BEN, "A1", "too late");
    (void)bench_expect_error(s.b, BEN, ERR_REFUSED_STATE);
    bench_step(s.b);
    cr_assert_eq(bench_expect(s.b, ANA, BODY(MOVED))->moved->state, AUDIT_SUBMITTED);
    bench_free(s.b);
}

Test(life, two_who_assign_at_once_are_both_told_the_truth)
{
    struct site s = site_submitted();
    struct bench_plain m;
    (void)bench_person(s.b, "Ian", ROLE_IRO, "");
    Tandem__Envelope *e = bench_make(&m, BODY(MOVE_AUDIT), s.ref, 0);
    e->move_audit->to = AUDIT_MODERATING;
    e->move_audit->reason = (char *)"the child has no IRO of their own";
    e->move_audit->person = (char *)"Iris";
    (void)bench_send(s.b, QUIN, e);
    Tandem__Envelope *second = bench_make(&m, BODY(MOVE_AUDIT), s.ref, 0);
    second->move_audit->to = AUDIT_SUBMITTED;
    second->move_audit->person = (char *)"Ian";
    (void)bench_send(s.b, MAE, second);
    bench_step(s.b);
    (void)bench_expect(s.b, QUIN, BODY(MOVED));
    (void)bench_expect(s.b, MAE, BODY(ERROR));
    bench_join(s.b, QUIN, s.ref);
    cr_assert_eq(audit_info(s.b->conns[QUIN].audit).moderator, s.ids[IRIS]);
    bench_free(s.b);
}

Test(life, another_moderator_is_named_with_a_reason)
{
    struct site s = site_submitted();
    uint32_t ian = bench_person(s.b, "Ian", ROLE_IRO, "");
    (void)moves(&s, QUIN, AUDIT_MODERATING, "the child has no IRO of their own", "Iris");
    (void)site_refused(move(&s, MAE, AUDIT_MODERATING, "", "Ian"), ERR_INPUT);
    (void)site_refused(move(&s, MAE, AUDIT_MODERATING, "Iris is ill", "Ben"), ERR_REFUSED_ROLE);
    (void)moves(&s, MAE, AUDIT_MODERATING, "Iris is ill", "Ian");
    bench_join(s.b, QUIN, s.ref);
    const struct audit *a = s.b->conns[QUIN].audit;
    cr_assert_eq(audit_info(a).moderator, ian);
    cr_assert_eq(audit_info(a).state, AUDIT_MODERATING);
    cr_assert_eq(audit_assigned_count(a), 2);
    bench_free(s.b);
}

Test(life, moderators_are_listed_with_what_speaks_against_them)
{
    struct site s = site_submitted();
    (void)site_refused(plain(&s, ANA, BODY(MODERATORS)), ERR_REFUSED_ROLE);
    (void)site_refused(plain(&s, EVE, BODY(MODERATORS)), ERR_NOT_FOUND);
    uint32_t kit = bench_person(s.b, "Kit", ROLE_IRO, "");
    bench_give_role(s.b, kit, ROLE_FTM, "North"); /* manages the authors */
    const Tandem__ModeratorList *l =
        site_good(plain(&s, MAE, BODY(MODERATORS)), BODY(MODERATOR_LIST))->moderator_list;
    cr_assert_eq(l->n_rows, 2);
    cr_assert_str_eq(l->rows[0]->name, "Iris");
    cr_assert_eq(l->rows[0]->n_conflicts, 0);
    cr_assert_str_eq(l->rows[1]->name, "Kit");
    cr_assert_gt(l->rows[1]->n_conflicts, 0);
    (void)moves(&s, QUIN, AUDIT_MODERATING, "the child has no IRO of their own", "Iris");
    l = site_good(plain(&s, QUIN, BODY(MODERATORS)), BODY(MODERATOR_LIST))->moderator_list;
    cr_assert_eq(l->rows[0]->open, 1);
    bench_free(s.b);
}

Test(life, a_move_that_cannot_be_kept_is_told_and_has_not_happened)
{
    struct site s = site_with_audit();
    struct bench_plain m;
    Tandem__Envelope *e = bench_make(&m, BODY(MOVE_AUDIT), s.ref, 0);
    e->move_audit->to = AUDIT_WITHDRAWN;
    e->move_audit->reason = (char *)"a duplicate";
    (void)state_of(&s); /* in memory, noted */
    (void)bench_send(s.b, QUIN, e);
    store_mem_fail_commit(s.b->store, 1, ERR_FULL);
    bench_step(s.b);
    (void)bench_expect_error(s.b, QUIN, ERR_STORE);
    cr_assert_eq(state_of(&s), AUDIT_IN_PROGRESS);
    bench_free(s.b);
}

Test(life, what_makes_no_sense_is_refused_and_nothing_changes)
{
    struct site s = site_with_audit();
    static const struct bad {
        unsigned who;
        uint32_t to;
        const char *reason, *person;
        enum err e;
    } bad[] = {
        {QUIN, 0,               "",  "",       ERR_INPUT        },
        {QUIN, 99,              "",  "",       ERR_INPUT        },
        {QUIN, AUDIT_WITHDRAWN, "",  "",       ERR_INPUT        },
        {QUIN, AUDIT_WITHDRAWN, " ", "",       ERR_INPUT        },
        {QUIN, AUDIT_CLOSED,    "",  "",       ERR_REFUSED_ROLE },
        {FAY,  AUDIT_CLOSED,    "",  "",       ERR_REFUSED_STATE},
        {QUIN, AUDIT_WITHDRAWN, "x", "Nobody", ERR_INPUT        },
        {EVE,  AUDIT_WITHDRAWN, "x", "Nobody", ERR_NOT_FOUND    },
        {ANA,  AUDIT_SUBMITTED, "",  "",       ERR_REFUSED_STATE},
    };
    bench_join(s.b, ANA, s.ref);
    uint64_t seq = s.b->conns[ANA].seq;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        const Tandem__Envelope *e =
            move(&s, bad[i].who, (enum audit_state)bad[i].to, bad[i].reason, bad[i].person);
        cr_assert_eq(e->body_case, BODY(ERROR), "case %zu", i);
        cr_assert_eq(e->error->code, (uint32_t)bad[i].e, "case %zu: %s", i, e->error->text);
    }
    bench_join(s.b, BEN, s.ref);
    cr_assert_eq(s.b->conns[BEN].seq, seq);
    bench_free(s.b);
}

/* ---- a sample ---- */

static const char graded[] = "id: SMP\n"
                             "version: 1\n"
                             "title: A graded audit\n"
                             "purpose: to be tested\n"
                             "audience: us\n"
                             "type: collaborative\n"
                             "default_period_months: 12\n"
                             "overall: none\n"
                             "scale:\n"
                             "  - {code: best, label: Best}\n"
                             "  - {code: good, label: Good}\n"
                             "  - {code: worst, label: Worst, weak: yes}\n"
                             "sections:\n"
                             "  - code: B\n"
                             "    title: Child\n"
                             "    write: [FRO, FSW]\n"
                             "    questions:\n"
                             "      - code: B1\n"
                             "        title: Care\n"
                             "        kinds: [judgement]\n"
                             "  - code: M\n"
                             "    title: Moderation\n"
                             "    write: [IRO]\n"
                             "    questions:\n"
                             "      - code: M1\n"
                             "        title: Views\n"
                             "        kinds: [moderation]\n";

/* Moderated by Iris, with a grade in the middle and no view on it yet. */
static void to_moderation(struct site *s)
{
    bench_new_audit(s->b, ANA, "Ben", s->ref);
    struct audit_op op = {.kind = OP_SET};
    op.set.field = (struct field){.question = 1, .part = PART_GRADE_AGREED};
    op.set.value = "good";
    bench_serve(s->b, s->ref, 0, op);
    op = (struct audit_op){.kind = OP_MEMBER_ADD};
    op.member = (struct op_member){.person = s->ids[IRIS], .role = ROLE_IRO, .sections = ""};
    bench_serve(s->b, s->ref, 0, op);
    op = (struct audit_op){.kind = OP_ASSIGN};
    op.assign = (struct op_assign){.person = s->ids[IRIS], .reason = ""};
    bench_serve(s->b, s->ref, 0, op);
    bench_move(s->b, s->ref, AUDIT_MODERATING);
}

Test(life, outside_of_the_sample_only_a_new_auditors_first_audit_is_looked_at)
{
    struct core_settings set;
    core_settings_default(&set);
    set.clock.sample_percent = 0;
    struct site s = site_new_with(&set, graded);
    to_moderation(&s);
    (void)site_refused(move(&s, IRIS, AUDIT_MODERATED, "", ""), ERR_REFUSED_STATE);
    cr_assert_gt(next(&s, IRIS)->steps[0]->n_missing, 0);
    to_moderation(&s);
    bench_move(s.b, s.ref, AUDIT_CLOSED); /* one that is behind her */
    to_moderation(&s);
    cr_assert_str_eq(s.ref, "SMP-2026-0003");
    (void)moves(&s, IRIS, AUDIT_MODERATED, "", "");
    bench_free(s.b);
}
