/* What goes on beside a record's moves: flags, inboxes, who has read, broken glass, triggers, and
 * what the server does by itself. */

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "server/content/template_yaml.h"
#include "tests/lib/site_bench.h"

#define BODY(k) TANDEM__ENVELOPE__BODY_##k
#define DAY_MS  (INT64_C(24) * 3600 * 1000)

static const Tandem__Envelope *plain(struct site *s, unsigned who, int kind)
{
    struct bench_plain m;
    return site_ask(s, who, bench_make(&m, kind, s->ref, 0));
}

static const struct audit *seen_by(struct site *s, unsigned who)
{
    struct bench_conn *c = &s->b->conns[who];
    if (c->audit && c->room && !c->room_closed)
        bench_fold(s->b, who);
    else
        bench_join(s->b, who, s->ref);
    return c->audit;
}

/* ---- flags ---- */

static const Tandem__Envelope *flag(struct site *s, unsigned who, const char *text,
                                    const char *told)
{
    struct bench_plain m;
    Tandem__Envelope *e = bench_make(&m, BODY(RAISE_FLAG), s->ref, 0);
    e->raise_flag->text = (char *)text;
    e->raise_flag->told = (char *)told;
    return site_ask(s, who, e);
}

static const Tandem__Envelope *note(struct site *s, unsigned who, uint64_t of, bool closed)
{
    struct bench_plain m;
    Tandem__Envelope *e = bench_make(&m, BODY(NOTE_FLAG), s->ref, 0);
    e->note_flag->flag = of;
    e->note_flag->text = (char *)"spoke with the school";
    e->note_flag->closed = closed;
    return site_ask(s, who, e);
}

Test(beside, a_flag_is_raised_in_every_state_and_names_who_was_told)
{
    for (unsigned state = AUDIT_PLANNED; state <= AUDIT_WITHDRAWN; state++) {
        struct site s = site_with_audit();
        if (state != AUDIT_IN_PROGRESS)
            bench_move(s.b, s.ref, (enum audit_state)state);
        (void)site_good(flag(&s, BEN, "a bruise", "Fay"), BODY(DONE));
        const struct audit *a = seen_by(&s, FAY);
        cr_assert_eq(audit_flag_count(a), 1);
        cr_assert_str_eq(audit_flag_at(a, 0)->told, "Fay (FTM)");
        cr_assert_str_eq(audit_flag_at(a, 0)->text, "a bruise");
        bench_free(s.b);
    }
}

Test(beside, a_flag_says_what_and_whom)
{
    struct site s = site_with_audit();
    (void)site_refused(flag(&s, BEN, " ", "Fay"), ERR_INPUT);
    (void)site_refused(flag(&s, BEN, "a bruise", ""), ERR_INPUT);
    (void)site_refused(flag(&s, BEN, "a bruise", "Ben"), ERR_INPUT);
    (void)site_refused(flag(&s, EVE, "a bruise", "Fay"), ERR_NOT_FOUND);
    cr_assert_eq(audit_flag_count(seen_by(&s, BEN)), 0);
    (void)site_good(flag(&s, BEN, "a bruise", "duty manager (SM)"), BODY(DONE));
    cr_assert_str_eq(audit_flag_at(seen_by(&s, FAY), 0)->told, "duty manager (SM)");
    bench_free(s.b);
}

Test(beside, a_flags_words_reach_those_who_may_read_them_only)
{
    struct site s = site_with_audit();
    bench_join(s.b, ANA, s.ref);
    bench_join(s.b, FAY, s.ref);
    (void)site_good(flag(&s, BEN, "violet bruises", "Fay"), BODY(DONE));
    cr_assert(!bench_was_sent(s.b, ANA, "violet"));
    cr_assert(bench_was_sent(s.b, FAY, "violet"));
    uint64_t seq = audit_flag_at(seen_by(&s, FAY), 0)->seq;
    (void)site_refused(note(&s, ANA, seq, false), ERR_REFUSED_ROLE);
    (void)site_refused(note(&s, FAY, seq + 1, false), ERR_NOT_FOUND);
    (void)site_good(note(&s, FAY, seq, true), BODY(DONE));
    (void)site_refused(note(&s, FAY, seq, true), ERR_INPUT);
    cr_assert(audit_flag_at(seen_by(&s, FAY), 0)->closed);
    bench_free(s.b);
}

/* ---- who has read ---- */

static bool has_row(const Tandem__ReaderList *l, uint32_t person, const char *what)
{
    for (size_t i = 0; i < l->n_rows; i++)
        if (l->rows[i]->person == person && !strcmp(l->rows[i]->what, what))
            return true;
    return false;
}

Test(beside, those_on_a_record_see_who_has_read_it)
{
    struct site s = site_with_audit();
    (void)plain(&s, QUIN, BODY(NEXT));
    bench_time(s.b, 1000);
    bench_join(s.b, ANA, s.ref);
    bench_time(s.b, 1000);
    const Tandem__ReaderList *l =
        site_good(plain(&s, BEN, BODY(READERS)), BODY(READER_LIST))->reader_list;
    cr_assert(has_row(l, s.ids[QUIN], "next"));
    cr_assert(has_row(l, s.ids[ANA], "open"));
    cr_assert(has_row(l, s.ids[BEN], "readers"), "this reading too");
    cr_assert(!l->more);
    (void)site_refused(plain(&s, EVE, BODY(READERS)), ERR_NOT_FOUND);
    bench_free(s.b);
}

Test(beside, who_is_in_the_room_is_not_noted_again_for_asking_what_comes_next)
{
    struct site s = site_with_audit();
    bench_join(s.b, ANA, s.ref);
    (void)site_good(plain(&s, ANA, BODY(NEXT)), BODY(STEPS));
    (void)site_good(plain(&s, QUIN, BODY(NEXT)), BODY(STEPS));
    bench_time(s.b, 1000);
    const Tandem__ReaderList *l =
        site_good(plain(&s, BEN, BODY(READERS)), BODY(READER_LIST))->reader_list;
    cr_assert(has_row(l, s.ids[ANA], "open"));
    cr_assert(!has_row(l, s.ids[ANA], "next"));
    cr_assert(has_row(l, s.ids[QUIN], "next"));
    bench_free(s.b);
}

/* What is shown is noted before, and nothing is shown when it cannot be. */
Test(beside, every_reading_is_noted_or_nothing_is_shown)
{
    static const int readings[] = {BODY(NEXT), BODY(VERIFY_SIGNATURES), BODY(INBOX), BODY(READERS),
                                   BODY(MODERATORS)};
    for (size_t i = 0; i < sizeof readings / sizeof *readings; i++) {
        struct site s = site_with_audit();
        struct bench_plain m;
        (void)plain(&s, QUIN, BODY(NEXT)); /* it is in memory */
        (void)bench_send(s.b, QUIN, bench_make(&m, readings[i], s.ref, 0));
        bench_expect_nothing(s.b, QUIN);
        store_mem_fail_commit(s.b->store, 1, ERR_FULL);
        bench_step(s.b);
        (void)bench_expect_error(s.b, QUIN, ERR_FULL);
        bench_free(s.b);
    }
}

/* ---- break-glass ---- */

static const Tandem__Envelope *glass(struct site *s, unsigned who, const char *reason,
                                     int64_t until)
{
    struct bench_plain m;
    Tandem__Envelope *e = bench_make(&m, BODY(BREAK_GLASS), s->ref, 0);
    e->break_glass->reason = (char *)reason;
    e->break_glass->until_utc_ms = until;
    return site_ask(s, who, e);
}

Test(beside, broken_glass_lets_somebody_read_until_its_end)
{
    struct site s = site_with_audit();
    int64_t until = s.b->utc_ms + 20 * 1000; /* nobody falls silent in that time */
    (void)site_refused(plain(&s, ADAM, BODY(NEXT)), ERR_NOT_FOUND);
    (void)site_refused(glass(&s, ADAM, "", until), ERR_INPUT);
    (void)site_refused(glass(&s, ADAM, "a restore", s.b->utc_ms), ERR_INPUT);
    (void)site_refused(glass(&s, ADAM, "a restore", s.b->utc_ms + 8 * DAY_MS), ERR_INPUT);
    (void)site_refused(glass(&s, QUIN, "curious", until), ERR_INPUT);
    (void)site_refused(plain(&s, ADAM, BODY(NEXT)), ERR_NOT_FOUND);
    (void)site_good(glass(&s, ADAM, "a restore", until), BODY(DONE));
    (void)site_good(plain(&s, ADAM, BODY(NEXT)), BODY(STEPS));
    const struct audit *a = seen_by(&s, ANA);
    cr_assert_eq(audit_glass_count(a), 1, "shown on the record");
    cr_assert_str_eq(audit_glass_at(a, 0)->reason, "a restore");
    bench_time(s.b, 20 * 1000);
    /* The keeper has had no turn of the store yet: the clock alone says no. */
    (void)site_refused(plain(&s, ADAM, BODY(NEXT)), ERR_NOT_FOUND);
    bench_step(s.b);
    cr_assert_neq(audit_glass_at(seen_by(&s, BEN), 0)->ended_utc_ms, 0, "the keeper ends it");
    bench_free(s.b);
}

Test(beside, a_room_closes_when_the_glass_is_given_back)
{
    struct site s = site_with_audit();
    (void)site_good(glass(&s, ADAM, "a restore", s.b->utc_ms + DAY_MS), BODY(DONE));
    bench_join(s.b, ADAM, s.ref);
    (void)site_good(glass(&s, ADAM, "", 0), BODY(DONE));
    bench_fold(s.b, ADAM);
    cr_assert(s.b->conns[ADAM].room_closed || !s.b->conns[ADAM].room);
    (void)site_refused(plain(&s, ADAM, BODY(NEXT)), ERR_NOT_FOUND);
    (void)site_refused(glass(&s, ADAM, "", 0), ERR_NOT_FOUND);
    bench_free(s.b);
}

/* ---- inbox ---- */

static const Tandem__InboxList *inbox(struct site *s, unsigned who, const char *ref, bool everybody,
                                      const char *after)
{
    struct bench_plain m;
    Tandem__Envelope *e = bench_make(&m, BODY(INBOX), ref, 0);
    e->inbox->everybody = everybody;
    e->inbox->after = (char *)after;
    return site_good(site_ask(s, who, e), BODY(INBOX_LIST))->inbox_list;
}

/* As words, sorted: what is stored and what is made anew must be the same. */
static char *duty_words(const Tandem__InboxList *l)
{
    struct buf b = BUF_INIT;
    for (size_t i = 0; i < l->n_duties; i++) {
        const Tandem__Duty *d = l->duties[i];
        buf_appendf(&b, "%s|%s|%s|%u|%u|%s|%s|%d\n", d->ref, d->kind, d->text, d->person, d->role,
                    d->due, d->since, d->mine);
    }
    char *words = strdup(buf_cstr(&b));
    buf_free(&b);
    return words;
}

static int by_words(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static void same_lines(char *a, char *b)
{
    char *one[100], *other[100], *at;
    size_t n = 0, k = 0;
    for (char *p = strtok_r(a, "\n", &at); p && n < 100; p = strtok_r(NULL, "\n", &at))
        one[n++] = p;
    for (char *p = strtok_r(b, "\n", &at); p && k < 100; p = strtok_r(NULL, "\n", &at))
        other[k++] = p;
    cr_assert_eq(n, k);
    qsort(one, n, sizeof *one, by_words);
    qsort(other, k, sizeof *other, by_words);
    for (size_t i = 0; i < n; i++)
        cr_assert_str_eq(one[i], other[i]);
}

static size_t stored_as_made(struct site *s)
{
    size_t duties = 0;
    for (unsigned who = ANA; who < PEOPLE; who++) {
        if (who == EVE || who == ADAM || who == HAL || who == IRIS || who == MAE)
            continue; /* they do not see it */
        for (int everybody = 0; everybody < 2; everybody++) {
            if (everybody && (who == ANA || who == BEN))
                continue; /* they manage no team */
            const Tandem__InboxList *l = inbox(s, who, "", everybody, "");
            duties += l->n_duties;
            char *stored = duty_words(l);
            char *made = duty_words(inbox(s, who, s->ref, everybody, ""));
            same_lines(stored, made);
            free(stored);
            free(made);
        }
    }
    return duties;
}

Test(beside, the_inbox_holds_what_the_record_asks_of_everybody)
{
    struct site s = site_with_audit();
    cr_assert_gt(stored_as_made(&s), 0);
    cr_assert_gt(inbox(&s, ANA, "", false, "")->n_duties, 0);
    cr_assert_eq(inbox(&s, EVE, "", false, "")->n_duties, 0);
    (void)site_good(flag(&s, BEN, "a bruise", "Fay"), BODY(DONE));
    cr_assert_gt(stored_as_made(&s), 0);
    (void)site_good(glass(&s, ADAM, "a restore", s.b->utc_ms + DAY_MS), BODY(DONE));
    cr_assert_gt(stored_as_made(&s), 0);
    bool told = false;
    const Tandem__InboxList *l = inbox(&s, QUIN, "", false, "");
    for (size_t i = 0; i < l->n_duties; i++)
        told = told || !strcmp(l->duties[i]->kind, "break_glass_notice");
    cr_assert(told, "QA is told of broken glass");
    bench_free(s.b);
}

/* Words count when they are the first, or those of an action. */
Test(beside, typing_keeps_the_inbox_true)
{
    struct site s = site_with_audit();
    struct audit_op op = {.kind = OP_ITEM_ADD};
    bench_join(s.b, BEN, s.ref);
    op.item.field = (struct field){.question = 3, .part = PART_ACTIONS};
    op.item.field.item = event_local_id(s.b->conns[BEN].agent, 1);
    bench_batch(s.b, BEN, &op, 1);
    bench_step(s.b);
    bench_fold(s.b, BEN);
    for (const char *const *w = (const char *const[]){"Visit ", "twice ", "a month", NULL}; *w;
         w++) {
        bench_type(s.b, BEN, "A1", *w);
        bench_type(s.b, BEN, "L1[1].specific", *w);
        bench_step(s.b);
        bench_fold(s.b, BEN);
        cr_assert_gt(stored_as_made(&s), 0);
    }
    bench_free(s.b);
}

Test(beside, an_inbox_page_goes_on_behind_its_mark_and_no_other)
{
    struct site s = site_with_audit();
    struct bench_plain m;
    static const char *const bad[] = {"x", "2026-02-30 MIN-2026-0001 1", "- MIN-2026-0001",
                                      "2026-01-01 MIN-2026-0001 1 2"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        Tandem__Envelope *e = bench_make(&m, BODY(INBOX), "", 0);
        e->inbox->after = (char *)bad[i];
        (void)site_refused(site_ask(&s, ANA, e), ERR_INPUT);
    }
    cr_assert_eq(inbox(&s, ANA, "", false, "2199-12-31 ZZZ-2026-0001 0")->n_duties, 0);
    bench_free(s.b);
}

Test(beside, a_large_inbox_comes_in_pages_each_duty_once)
{
    struct site s = site_with_audit();
    char after[100] = "";
    size_t seen = 0, pages = 0;
    for (int i = 0; i < 250; i++) {
        char ref[32];
        bench_new_audit(s.b, ANA, "Ben", ref);
    }
    for (bool more = true; more; pages++) {
        const Tandem__InboxList *l = inbox(&s, ANA, "", false, after);
        for (size_t i = 1; i < l->n_duties; i++)
            cr_assert(!*l->duties[i]->due || strcmp(l->duties[i - 1]->due, l->duties[i]->due) <= 0);
        seen += l->n_duties;
        more = l->more;
        (void)snprintf(after, sizeof after, "%s", l->next);
    }
    size_t each = inbox(&s, ANA, s.ref, false, "")->n_duties;
    cr_assert_gt(each, 0);
    cr_assert_eq(seen, 251 * each);
    cr_assert_gt(pages, 1);
    bench_free(s.b);
}

/* ---- rules, triggers ---- */

Test(beside, the_rules_are_printed_from_the_table)
{
    struct site s = site_with_audit();
    struct bench_plain m;
    Tandem__Envelope *e = bench_make(&m, BODY(RULES), "", 0);
    const char *text = site_good(site_ask(&s, EVE, e), BODY(RULES_TEXT))->rules_text->text;
    cr_assert(strstr(text, "SUBMITTED"));
    e->rules->dot = true;
    text = site_good(site_ask(&s, EVE, e), BODY(RULES_TEXT))->rules_text->text;
    cr_assert(strstr(text, "digraph"));
    bench_free(s.b);
}

static struct site site_with_builtin(const char *id)
{
    struct site s = site_new(site_small);
    struct template *t = NULL;
    struct err_info why = {0};
    cr_assert_eq(template_builtin(id, &t, &why), ERR_OK, "%s", why.text);
    bench_template(s.b, t);
    return s;
}

static const Tandem__Envelope *trigger(struct site *s, unsigned who, const char *code,
                                       const char *child, int64_t since)
{
    struct bench_plain m;
    Tandem__Envelope *e = bench_make(&m, BODY(TRIGGER), "", 0);
    e->trigger->code = (char *)code;
    e->trigger->child_ref = (char *)child;
    e->trigger->team = (char *)"North";
    e->trigger->since_utc_ms = since;
    e->trigger->note = (char *)"seen at the review";
    return site_ask(s, who, e);
}

Test(beside, a_trigger_makes_its_record_and_tells_those_who_must_know)
{
    struct site s = site_with_builtin("CHA");
    int64_t now = s.b->utc_ms;
    (void)site_refused(trigger(&s, IRIS, "nonsense", "CH-1", now), ERR_INPUT);
    (void)site_refused(trigger(&s, IRIS, "reg24_48h", "", now), ERR_INPUT);
    (void)site_refused(trigger(&s, IRIS, "reg24_48h", "CH-1", now + DAY_MS), ERR_INPUT);
    (void)site_refused(trigger(&s, IRIS, "reg24_48h", "CH-1", now - DAY_MS), ERR_REFUSED_STATE);
    (void)site_refused(trigger(&s, FAY, "reg24_48h", "CH-1", now - 3 * DAY_MS), ERR_REFUSED_ROLE);
    const Tandem__Triggered *t =
        site_good(trigger(&s, IRIS, "reg24_48h", "CH-1", now - 3 * DAY_MS), BODY(TRIGGERED))
            ->triggered;
    cr_assert_str_eq(t->ref, "CHA-2026-0001");
    cr_assert(strstr(t->text, "Hal (HOS)"), "%s", t->text);
    cr_assert(strstr(t->text, "stage 3"), "%s", t->text);
    (void)snprintf(s.ref, sizeof s.ref, "%s", t->ref);
    const struct audit *a = seen_by(&s, HAL);
    cr_assert_eq(audit_info(a).state, AUDIT_PLANNED);
    cr_assert_str_eq(audit_info(a).source, "reg24_48h");
    cr_assert_eq(audit_member_find(a, s.ids[IRIS])->role, ROLE_IRO);
    bench_free(s.b);
}

Test(beside, triggers_are_listed_with_what_they_suggest)
{
    struct site s = site_with_builtin("CHA");
    const Tandem__Triggered *t =
        site_good(trigger(&s, IRIS, "", "", 0), BODY(TRIGGERED))->triggered;
    cr_assert_gt(t->n_rows, 20);
    cr_assert_str_eq(t->ref, "");
    for (size_t i = 0; i < t->n_rows; i++)
        cr_assert(*t->rows[i]->code && *t->rows[i]->words && *t->rows[i]->suggests);
    bench_free(s.b);
}

/* ---- meetings ---- */

static const Tandem__Envelope *meeting(struct site *s, const char *planned, const char *hearing,
                                       const char *reason)
{
    Tandem__NewAudit n = TANDEM__NEW_AUDIT__INIT;
    Tandem__Envelope e = TANDEM__ENVELOPE__INIT;
    Tandem__Value v = TANDEM__VALUE__INIT, *values = &v;
    char child[] = "CH-1", *children = child;
    n.template_id = (char *)"CPM";
    n.child_refs = &children;
    n.n_child_refs = 1;
    n.planned = (char *)planned;
    n.reason = (char *)reason;
    v.where = (char *)"A4.date";
    v.value = (char *)hearing;
    n.values = &values;
    n.n_values = 1;
    e.body_case = BODY(NEW_AUDIT);
    e.new_audit = &n;
    return site_ask(s, SAM, &e);
}

/* Hearing on 19 April 2027: at least three weeks before is 29 March, Easter Monday; so 25 March. */
Test(beside, a_meeting_that_is_too_late_is_refused_or_recorded_with_its_reason)
{
    struct site s = site_with_builtin("CPM");
    const Tandem__Error *e = site_refused(meeting(&s, "2027-04-06", "2027-04-19", ""), ERR_INPUT);
    cr_assert(strstr(e->text, "29 Mar 2027"), "%s", e->text);
    (void)site_refused(meeting(&s, "2027-04-20", "2027-04-19", "no judge"), ERR_INPUT);
    const Tandem__Envelope *m = meeting(&s, "", "2027-04-19", "");
    (void)snprintf(s.ref, sizeof s.ref, "%s",
                   site_good(m, BODY(AUDIT_CREATED))->audit_created->ref);
    cr_assert_str_eq(s.ref, "CPM-2026-0001");
    cr_assert_str_eq(audit_info(seen_by(&s, SAM)).planned, "2027-03-25");
    m = meeting(&s, "2027-04-06", "2027-04-19", "the assessment comes on 1 April");
    (void)snprintf(s.ref, sizeof s.ref, "%s",
                   site_good(m, BODY(AUDIT_CREATED))->audit_created->ref);
    cr_assert_str_eq(audit_info(seen_by(&s, FAY)).planned, "2027-04-06");
    (void)site_good(plain(&s, FAY, BODY(HISTORY)), BODY(HISTORY_PAGE));
    cr_assert(bench_was_sent(s.b, FAY, "the assessment comes on 1 April"));
    bench_free(s.b);
}

/* ---- by itself ---- */

Test(beside, preparation_begins_when_its_day_has_come)
{
    struct site s = site_new(site_small);
    Tandem__NewAudit n = TANDEM__NEW_AUDIT__INIT;
    Tandem__Envelope e = TANDEM__ENVELOPE__INIT;
    char day[11];
    civil_format(civil_add_days(civil_today(s.b->utc_ms), 60), day);
    n.template_id = (char *)"MIN";
    n.carer_ref = (char *)"CR-1";
    n.planned = day;
    e.body_case = BODY(NEW_AUDIT);
    e.new_audit = &n;
    (void)snprintf(s.ref, sizeof s.ref, "%s",
                   site_good(site_ask(&s, ANA, &e), BODY(AUDIT_CREATED))->audit_created->ref);
    unsigned days = 0;
    enum audit_state state = AUDIT_PLANNED;
    for (; days < 60 && state == AUDIT_PLANNED; days++) {
        struct civil today = civil_today(s.b->utc_ms), planned;
        cr_assert_eq(civil_parse(day, &planned, NULL), ERR_OK);
        struct core_settings set;
        core_settings_default(&set);
        bool due = civil_compare(workday_add(&set.holidays, planned, -20, false), today) <= 0;
        bench_time(s.b, 61 * 1000);
        bench_step(s.b);
        bench_step(s.b);
        /* The connections have been silent for a day. */
        for (unsigned i = 1; i < PEOPLE; i++)
            if (s.b->conns[i].open)
                bench_drop(s.b, i);
        bench_connect(s.b, ANA, s.ids[ANA]);
        bench_join(s.b, ANA, s.ref);
        state = audit_info(s.b->conns[ANA].audit).state;
        cr_assert_eq(state, due ? AUDIT_PREPARING : AUDIT_PLANNED, "day %u", days);
        bench_drop(s.b, ANA);
        bench_time(s.b, DAY_MS - 61 * 1000);
    }
    cr_assert_eq(state, AUDIT_PREPARING);
    bench_free(s.b);
}

static const char graded[] = "id: GRD\n"
                             "version: 1\n"
                             "title: A graded audit\n"
                             "purpose: to be tested\n"
                             "audience: us\n"
                             "type: collaborative\n"
                             "default_period_months: 12\n"
                             "overall: required\n"
                             "scale:\n"
                             "  - {code: good, label: Good}\n"
                             "  - {code: inadequate, label: Inadequate, weak: yes}\n"
                             "sections:\n"
                             "  - code: L\n"
                             "    title: Overall\n"
                             "    write: [FRO, FSW]\n"
                             "    questions:\n"
                             "      - code: L1\n"
                             "        title: Overall\n"
                             "        kinds: [judgement]\n"
                             "        overall: yes\n"
                             "        required: yes\n";

/* In FOLLOW_UP, with this final grade. */
static struct site site_to_close(const char *grade)
{
    struct site s = site_new(graded);
    bench_new_audit(s.b, ANA, "Ben", s.ref);
    struct audit_op op = {.kind = OP_SET};
    op.set.field = (struct field){.question = 1, .part = PART_GRADE_FINAL};
    op.set.value = grade;
    bench_serve(s.b, s.ref, 0, op);
    bench_move(s.b, s.ref, AUDIT_FOLLOW_UP);
    return s;
}

static size_t count_audits(struct site *s)
{
    struct bench_plain m;
    Tandem__Envelope *e = bench_make(&m, BODY(LIST_AUDITS), "", 0);
    bench_step(s->b);
    return site_good(site_ask(s, QUIN, e), BODY(AUDIT_LIST))->audit_list->n_rows;
}

static const Tandem__Envelope *close_it(struct site *s, unsigned who)
{
    struct bench_plain m;
    Tandem__Envelope *e = bench_make(&m, BODY(MOVE_AUDIT), s->ref, 0);
    e->move_audit->to = AUDIT_CLOSED;
    return site_ask(s, who, e);
}

static void expect_followed(struct site *s)
{
    bench_time(s->b, 10);
    bench_step(s->b);
    bench_step(s->b);
    cr_assert_eq(count_audits(s), 2);
    const struct audit *a = seen_by(s, ANA);
    cr_assert_eq(audit_link_count(a), 1);
    cr_assert_str_eq(audit_link_at(a, 0)->kind, "re_audit");
    cr_assert_str_eq(audit_link_at(a, 0)->ref, "GRD-2026-0002");
    (void)snprintf(s->ref, sizeof s->ref, "GRD-2026-0002");
    a = seen_by(s, BEN);
    cr_assert_str_eq(audit_info(a).source, "GRD-2026-0001");
    cr_assert_str_eq(audit_link_at(a, 0)->kind, "earlier_audit");
    cr_assert_eq(audit_member_find(a, s->ids[ANA])->role, ROLE_FRO);
    struct civil planned;
    cr_assert_eq(civil_parse(audit_info(a).planned, &planned, NULL), ERR_OK);
    struct civil limit = civil_add_months(civil_today(s->b->utc_ms), 3);
    cr_assert_leq(civil_compare(planned, limit), 0, "within three months of an inadequate one");
    cr_assert_gt(civil_compare(planned, civil_add_days(limit, -7)), 0);
}

Test(beside, a_weaker_audit_that_closes_is_followed_by_another)
{
    struct site s = site_to_close("inadequate");
    (void)site_refused(close_it(&s, FAY), ERR_REFUSED_ROLE);
    (void)site_good(close_it(&s, SAM), BODY(MOVED));
    expect_followed(&s);
    bench_free(s.b);
}

Test(beside, a_sound_audit_that_closes_is_not)
{
    struct site s = site_to_close("good");
    (void)site_good(close_it(&s, FAY), BODY(MOVED));
    bench_time(s.b, 61 * 1000);
    cr_assert_eq(count_audits(&s), 1);
    bench_free(s.b);
}

/* A server that died between the two: the next one makes up for it, once. */
Test(beside, what_an_earlier_server_left_undone_is_made_up_for_once)
{
    struct site s = site_to_close("inadequate");
    bench_move(s.b, s.ref, AUDIT_CLOSED);
    for (int again = 0; again < 3; again++) {
        bench_restart(s.b);
        for (unsigned i = 1; i < PEOPLE; i++)
            bench_connect(s.b, i, s.ids[i]);
        bench_time(s.b, 10);
        bench_step(s.b);
        bench_step(s.b);
        cr_assert_eq(count_audits(&s), 2);
    }
    expect_followed(&s);
    bench_free(s.b);
}
