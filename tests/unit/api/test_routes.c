#include "server/api/routes.h"

#include <criterion/criterion.h>
#include <string.h>

#include "tests/lib/core_bench.h"

#define BODY(k) TANDEM__ENVELOPE__BODY_##k

static const struct route *rows(size_t *n)
{
    const struct route *r = route_table(n);
    cr_assert_gt(*n, 30);
    return r;
}

Test(routes, every_kind_of_message_has_exactly_one_row)
{
    size_t nrows, kinds = 0;
    const struct route *r = rows(&nrows);
    const ProtobufCMessageDescriptor *d = &tandem__envelope__descriptor;
    for (unsigned i = 0; i < d->n_fields; i++) {
        if (!(d->fields[i].flags & PROTOBUF_C_FIELD_FLAG_ONEOF))
            continue;
        size_t found = 0;
        for (size_t k = 0; k < nrows; k++)
            found += r[k].kind == (int)d->fields[i].id;
        cr_assert_eq(found, 1, "%s has %d rows", d->fields[i].name, (int)found);
        kinds++;
    }
    cr_assert_eq(kinds, nrows, "rows for kinds that do not exist");
}

Test(routes, a_kind_without_a_row_is_refused)
{
    cr_assert_null(route_find(0));
    cr_assert_null(route_find(1));
    cr_assert_null(route_find(1000));
}

Test(routes, what_only_servers_send_is_refused)
{
    struct bench *b = bench_new(NULL);
    bench_connect(b, 1, bench_person(b, "Ana", ROLE_FRO, "North"));
    size_t n;
    const struct route *r = rows(&n);
    for (size_t i = 0; i < n; i++) {
        struct bench_plain m;
        if (r[i].handle)
            continue;
        uint32_t id = bench_send(b, 1, bench_make(&m, r[i].kind, "", 0));
        const Tandem__Envelope *e = bench_expect(b, 1, BODY(ERROR));
        cr_assert_eq(e->id, id);
        cr_assert_eq(e->error->code, (uint32_t)ERR_INPUT);
        bench_expect_nothing(b, 1);
        cr_assert(!b->conns[1].closing);
    }
    bench_free(b);
}

static void expect_shut(struct bench *b, unsigned conn, int kind, enum err e)
{
    const Tandem__Envelope *m = bench_take(b, conn);
    cr_assert(m && m->body_case == BODY(ERROR), "kind %d was not refused", kind);
    cr_assert_eq(m->error->code, (uint32_t)e, "kind %d: %s", kind, m->error->text);
    cr_assert(b->conns[conn].closing, "kind %d left the connection open", kind);
    bench_drop(b, conn);
}

Test(routes, before_hello_nothing_else_is_answered)
{
    struct bench *b = bench_new(NULL);
    uint32_t ana = bench_person(b, "Ana", ROLE_FRO, "North");
    const struct core_peer peer = bench_peer(b, ana);
    size_t n;
    const struct route *r = rows(&n);
    for (size_t i = 0; i < n; i++) {
        struct bench_plain m;
        if (!r[i].handle || r[i].kind == BODY(HELLO))
            continue;
        bench_open(b, 1, &peer);
        (void)bench_send(b, 1, bench_make(&m, r[i].kind, "TST-2026-0001", 1));
        expect_shut(b, 1, r[i].kind, ERR_NOT_AUTHENTICATED);
    }
    bench_free(b);
}

static void greet_as_stranger(struct bench *b, unsigned conn)
{
    const struct core_peer nobody = {.cert = CORE_CERT_NONE};
    Tandem__Hello hello = TANDEM__HELLO__INIT;
    Tandem__Envelope e = TANDEM__ENVELOPE__INIT;
    hello.protocol = 1;
    e.body_case = BODY(HELLO);
    e.hello = &hello;
    bench_open(b, conn, &nobody);
    (void)bench_send(b, conn, &e);
    cr_assert_null(bench_expect(b, conn, BODY(WELCOME))->welcome->you);
}

Test(routes, a_stranger_may_enrol_and_nothing_else)
{
    struct bench *b = bench_new(NULL);
    size_t n;
    const struct route *r = rows(&n);
    for (size_t i = 0; i < n; i++) {
        struct bench_plain m;
        if (!r[i].handle || r[i].who & WHO_STRANGER)
            continue;
        greet_as_stranger(b, 1);
        (void)bench_send(b, 1, bench_make(&m, r[i].kind, "TST-2026-0001", 1));
        expect_shut(b, 1, r[i].kind, ERR_NOT_AUTHENTICATED);
    }
    bench_free(b);
}

Test(routes, who_is_known_does_not_enrol_or_greet_again)
{
    struct bench *b = bench_new(NULL);
    struct bench_plain m;
    bench_connect(b, 1, bench_person(b, "Ana", ROLE_FRO, "North"));
    (void)bench_send(b, 1, bench_make(&m, BODY(HELLO), "", 0));
    (void)bench_expect_error(b, 1, ERR_INPUT);
    (void)bench_send(b, 1, bench_make(&m, BODY(ENROL), "", 0));
    (void)bench_expect_error(b, 1, ERR_REFUSED_ROLE);
    cr_assert(!b->conns[1].closing);
    bench_free(b);
}

/* For every row that names roles: each single role, allowed or not. Whoever is not refused for
 * their role gets another answer (there is no such room or audit), never ERR_REFUSED_ROLE. */
Test(routes, every_row_refuses_every_role_that_it_does_not_name)
{
    struct bench *b = bench_new(NULL);
    uint32_t person = bench_person(b, "Ana", ROLE_BOARD, "");
    size_t n, refused = 0, passed = 0;
    const struct route *r = rows(&n);
    for (unsigned role = ROLE_FRO; role < ROLE_COUNT; role++) {
        bench_change_roles(b, person, (enum role)role, "");
        for (size_t i = 0; i < n; i++) {
            struct bench_plain m;
            if (!r[i].handle || !r[i].roles || r[i].silent)
                continue;
            bench_connect(b, 1, person);
            (void)bench_send(b, 1, bench_make(&m, r[i].kind, "TST-2026-0099", 9));
            bench_step(b);
            const Tandem__Envelope *e = bench_take(b, 1);
            cr_assert_not_null(e, "row %d has no answer", r[i].kind);
            bool no = e->body_case == BODY(ERROR) && e->error->code == (uint32_t)ERR_REFUSED_ROLE;
            cr_assert_eq(no, !(r[i].roles & ROLE_BIT(role)), "row %d, role %s", r[i].kind,
                         role_code((enum role)role));
            refused += no;
            passed += !no;
            bench_drop(b, 1);
        }
    }
    cr_assert(refused > 20 && passed > 20);
    bench_free(b);
}

Test(routes, a_room_must_have_been_joined_on_this_connection)
{
    struct bench *b = bench_new(NULL);
    char ref[32];
    uint32_t ana = bench_person(b, "Ana", ROLE_FRO, "North");
    bench_connect(b, 1, ana);
    bench_connect(b, 2, ana);
    bench_new_audit(b, 1, "", ref);
    bench_join(b, 1, ref);
    size_t n, rooms = 0;
    const struct route *r = rows(&n);
    for (size_t i = 0; i < n; i++) {
        struct bench_plain m;
        if (r[i].where != WHERE_ROOM)
            continue;
        (void)bench_send(b, 2, bench_make(&m, r[i].kind, "", b->conns[1].room));
        if (r[i].silent)
            bench_expect_nothing(b, 2);
        else
            (void)bench_expect_error(b, 2, ERR_REFUSED_ROOM);
        rooms++;
    }
    cr_assert_geq(rooms, 3);
    bench_free(b);
}

/* What a record's life allows is tested with its rules. */
static bool has_rules_of_its_own(int kind)
{
    return kind == BODY(MOVE_AUDIT) || kind == BODY(SIGN) || kind == BODY(ACTION_STEP);
}

/* One audit per state, made behind the core's back. */
Test(routes, every_row_refuses_every_state_that_it_does_not_name)
{
    struct bench *b = bench_new(NULL);
    uint32_t ana = bench_person(b, "Ana", ROLE_FRO, "North");
    size_t n, refused = 0;
    const struct route *r = rows(&n);
    bench_connect(b, 1, ana);
    for (unsigned state = AUDIT_PLANNED; state <= AUDIT_WITHDRAWN; state++) {
        char ref[32];
        bench_new_audit(b, 1, "", ref);
        if (state != AUDIT_IN_PROGRESS)
            bench_move(b, ref, (enum audit_state)state);
        bench_join(b, 1, ref);
        for (size_t i = 0; i < n; i++) {
            struct bench_plain m;
            bool about_audit =
                r[i].where != WHERE_NOWHERE && r[i].kind != BODY(LEAVE) && r[i].kind != BODY(JOIN);
            if (!r[i].handle || !about_audit || r[i].silent)
                continue;
            Tandem__Envelope *e = bench_make(&m, r[i].kind, ref, b->conns[1].room);
            if (r[i].kind == BODY(SET_MEMBER)) {
                e->set_member->person = (char *)"Ana";
                e->set_member->role = ROLE_FRO;
            }
            (void)bench_send(b, 1, e);
            bench_step(b);
            bool no = false;
            for (const Tandem__Envelope *got; (got = bench_take(b, 1));)
                no = no || (got->body_case == BODY(ERROR) &&
                            got->error->code == (uint32_t)ERR_REFUSED_STATE);
            bool named = r[i].states & STATE_BIT(state);
            cr_assert(no || named, "row %d in %s", r[i].kind,
                      audit_state_code((enum audit_state)state));
            cr_assert(!no || !named || has_rules_of_its_own(r[i].kind), "row %d in %s", r[i].kind,
                      audit_state_code((enum audit_state)state));
            refused += no;
        }
        bench_forget(b, 1);
    }
    cr_assert_geq(refused, 6 + 2, "Edit in some states, SetMember in two, PlanAudit");
    bench_free(b);
}

static void same_answer(struct bench *b, int kind, const char *unknown, const char *forbidden)
{
    struct bench_plain m;
    struct buf first = BUF_INIT;
    Tandem__Envelope *e = bench_make(&m, kind, unknown, 0);
    if (kind == BODY(SET_MEMBER)) {
        e->set_member->person = (char *)"Ana";
        e->set_member->role = ROLE_FRO;
    }
    b->conns[2].next_id = 40;
    (void)bench_send(b, 2, e);
    bench_step(b);
    buf_append(&first, b->conns[2].sent.data, b->conns[2].sent.len);
    (void)bench_expect_error(b, 2, ERR_NOT_FOUND);
    m.env.id = 0;
    Tandem__Envelope *again = bench_make(&m, kind, forbidden, 0);
    if (kind == BODY(SET_MEMBER)) {
        again->set_member->person = (char *)"Ana";
        again->set_member->role = ROLE_FRO;
    }
    b->conns[2].next_id = 40;
    (void)bench_send(b, 2, again);
    bench_step(b);
    cr_assert_eq(first.len, b->conns[2].sent.len, "row %d", kind);
    cr_assert_arr_eq(first.data, b->conns[2].sent.data, first.len, "row %d", kind);
    bench_forget(b, 2);
    buf_free(&first);
}

Test(routes, an_audit_that_does_not_exist_and_one_that_may_not_be_seen_are_answered_alike)
{
    struct bench *b = bench_new(NULL);
    char ref[32];
    bench_connect(b, 1, bench_person(b, "Ana", ROLE_FRO, "North"));
    bench_connect(b, 2, bench_person(b, "Eve", ROLE_FRO, "South"));
    bench_new_audit(b, 1, "", ref);
    size_t n, named = 0;
    const struct route *r = rows(&n);
    for (size_t i = 0; i < n; i++)
        if (r[i].where == WHERE_AUDIT || r[i].where == WHERE_NAMED) {
            same_answer(b, r[i].kind, "TST-2026-4711", ref);
            same_answer(b, r[i].kind, "a name that is far longer than any audit's can ever be",
                        ref);
            same_answer(b, r[i].kind, "", ref);
            named++;
        }
    cr_assert_geq(named, 5);
    bench_free(b);
}

/* A list, a history count for more: with a budget of ten, two of them are all there is. */
Test(routes, what_costs_more_counts_for_more)
{
    struct core_settings s;
    core_settings_default(&s);
    s.requests_per_s = 1;
    s.requests_burst = 11;
    struct bench *b = bench_new(&s);
    struct bench_plain m;
    size_t n, dear = 0;
    const struct route *r = rows(&n);
    for (size_t i = 0; i < n; i++)
        dear += r[i].cost > 1;
    cr_assert_geq(dear, 2);
    cr_assert_eq(route_find(BODY(EDIT))->cost, 1);
    cr_assert_eq(route_find(BODY(LIST_AUDITS))->cost, 5);
    bench_connect(b, 1, bench_person(b, "Ana", ROLE_FRO, "North")); /* Hello is one */
    for (int i = 0; i < 2; i++) {
        (void)bench_send(b, 1, bench_make(&m, BODY(LIST_AUDITS), "", 0));
        bench_step(b);
        (void)bench_expect(b, 1, BODY(AUDIT_LIST));
    }
    (void)bench_send(b, 1, bench_make(&m, BODY(PING), "", 0));
    (void)bench_expect_error(b, 1, ERR_SLOW_DOWN);
    bench_time(b, 2000); /* two more */
    (void)bench_send(b, 1, bench_make(&m, BODY(LIST_AUDITS), "", 0));
    (void)bench_expect_error(b, 1, ERR_SLOW_DOWN);
    (void)bench_send(b, 1, bench_make(&m, BODY(PING), "", 0));
    (void)bench_expect(b, 1, BODY(PONG));
    bench_free(b);
}

Test(routes, a_record_is_found_as_people_type_its_name)
{
    struct bench *b = bench_new(NULL);
    static const char *const typed[] = {"TST-2026-0001", "tst-2026-1", "Tst-2026-001"};
    static const char *const others[] = {"TST-2026-2",
                                         "TST-26-1",
                                         "TST-2026-",
                                         "TST-2026-1x",
                                         "-",
                                         "TST--1",
                                         "TST-2026-99999999999999999999"};
    char ref[32];
    bench_connect(b, 1, bench_person(b, "Ana", ROLE_FRO, "North"));
    bench_new_audit(b, 1, "", ref);
    cr_assert_str_eq(ref, typed[0]);
    for (size_t i = 0; i < sizeof typed / sizeof *typed; i++) {
        struct bench_plain m;
        (void)bench_send(b, 1, bench_make(&m, BODY(WHO), typed[i], 0));
        bench_step(b);
        (void)bench_expect(b, 1, BODY(PRESENTS));
    }
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        struct bench_plain m;
        (void)bench_send(b, 1, bench_make(&m, BODY(WHO), others[i], 0));
        bench_step(b);
        (void)bench_expect_error(b, 1, ERR_NOT_FOUND);
    }
    bench_free(b);
}
