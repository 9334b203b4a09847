#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "tests/lib/core_bench.h"

#define BODY(k) TANDEM__ENVELOPE__BODY_##k

static Tandem__Envelope *hello(struct bench_plain *m)
{
    Tandem__Envelope *e = bench_make(m, BODY(HELLO), "", 0);
    e->hello->protocol = 1;
    return e;
}

static const struct core_peer nobody = {.cert = CORE_CERT_NONE};

/* ---- hello ---- */

Test(connections, hello_says_who_you_are_and_what_the_limits_are)
{
    struct bench *b = bench_new(NULL);
    uint32_t ana = bench_person(b, "Ana Flint", ROLE_FRO, "North");
    struct core_peer peer = bench_peer(b, ana);
    struct bench_plain m;
    char *features[] = {(char *)"flying", (char *)"snapshot-parts"};
    bench_open(b, 1, &peer);
    Tandem__Envelope *e = hello(&m);
    e->hello->features = features;
    e->hello->n_features = 2;
    uint32_t id = bench_send(b, 1, e);
    const Tandem__Envelope *got = bench_expect(b, 1, BODY(WELCOME));
    const Tandem__Welcome *w = got->welcome;
    cr_assert_eq(got->id, id);
    cr_assert_eq(w->protocol, 1);
    cr_assert_str_eq(w->site, "Tandem");
    cr_assert_str_eq(w->you->name, "Ana Flint");
    cr_assert_eq(w->you->n_roles, 1);
    cr_assert_eq(w->you->roles[0]->role, ROLE_FRO);
    cr_assert_str_eq(w->you->roles[0]->team, "North");
    cr_assert_eq(w->max_frame_bytes, 1024 * 1024);
    cr_assert_eq(w->max_batch_bytes, 64 * 1024);
    cr_assert_eq(w->utc_ms, b->utc_ms);
    cr_assert_eq(w->certificate_ends_utc_ms, peer.cert_ends_utc_ms);
    cr_assert(!w->renew_soon);
    cr_assert_eq(w->n_features, 1, "only what both know");
    cr_assert_str_eq(w->features[0], "snapshot-parts");
    cr_assert_eq(b->conns[1].max_frame, 1024 * 1024);
    bench_free(b);
}

Test(connections, a_certificate_near_its_end_should_be_renewed)
{
    struct bench *b = bench_new(NULL);
    struct core_peer peer = bench_peer(b, bench_person(b, "Ana", ROLE_FRO, "North"));
    struct bench_plain m;
    peer.cert_ends_utc_ms = b->utc_ms + INT64_C(29) * 86400 * 1000;
    bench_open(b, 1, &peer);
    (void)bench_send(b, 1, hello(&m));
    cr_assert(bench_expect(b, 1, BODY(WELCOME))->welcome->renew_soon);
    bench_free(b);
}

Test(connections, a_certificate_that_is_no_good_gets_a_sentence_and_the_end)
{
    struct bench *b = bench_new(NULL);
    uint32_t ana = bench_person(b, "Ana", ROLE_FRO, "North");
    struct core_peer expired = bench_peer(b, ana), self_made = bench_peer(b, ana);
    struct core_peer unheard_of = bench_peer(b, 200);
    expired.cert = CORE_CERT_EXPIRED;
    expired.cert_ends_utc_ms = b->utc_ms - 86400 * 1000;
    self_made.cert = CORE_CERT_UNKNOWN;
    const struct core_peer *bad[] = {&expired, &self_made, &unheard_of};
    for (size_t i = 0; i < 3; i++) {
        struct bench_plain m;
        bench_open(b, 1, bad[i]);
        (void)bench_send(b, 1, hello(&m));
        const Tandem__Error *e = bench_expect_error(b, 1, ERR_NOT_AUTHENTICATED);
        if (i == 0)
            cr_assert(strstr(e->text, "2026-09-20"), "%s", e->text);
        cr_assert(b->conns[1].closing);
        (void)bench_send(b, 1, hello(&m));
        bench_expect_nothing(b, 1);
        bench_drop(b, 1);
    }
    bench_free(b);
}

Test(connections, another_protocol_is_refused_with_what_to_do)
{
    struct bench *b = bench_new(NULL);
    struct bench_plain m;
    bench_open(b, 1, &nobody);
    Tandem__Envelope *e = hello(&m);
    e->hello->protocol = 2;
    (void)bench_send(b, 1, e);
    (void)bench_expect_error(b, 1, ERR_VERSION);
    cr_assert(b->conns[1].closing);
    bench_free(b);
}

Test(connections, a_certificate_that_ends_meanwhile_ends_the_connection)
{
    struct bench *b = bench_new(NULL);
    struct core_peer peer = bench_peer(b, bench_person(b, "Ana", ROLE_FRO, "North"));
    struct bench_plain m;
    peer.cert_ends_utc_ms = b->utc_ms + 20 * 1000;
    bench_open(b, 1, &peer);
    (void)bench_send(b, 1, hello(&m));
    (void)bench_expect(b, 1, BODY(WELCOME));
    bench_time(b, 19 * 1000);
    (void)bench_send(b, 1, bench_make(&m, BODY(PING), "", 0));
    (void)bench_expect(b, 1, BODY(PONG));
    bench_time(b, 1000);
    (void)bench_send(b, 1, bench_make(&m, BODY(PING), "", 0));
    (void)bench_expect_error(b, 1, ERR_NOT_AUTHENTICATED);
    cr_assert(b->conns[1].closing);
    bench_free(b);
}

Test(connections, frames_before_the_start_wait_for_it)
{
    struct bench *b = bench_new(NULL);
    uint32_t ana = bench_person(b, "Ana", ROLE_FRO, "North");
    struct bench_plain m;
    bench_stop(b);
    bench_begin(b);
    const struct core_peer peer = bench_peer(b, ana);
    bench_open(b, 1, &peer);
    (void)bench_send(b, 1, hello(&m));
    (void)bench_send(b, 1, bench_make(&m, BODY(PING), "", 0));
    bench_open(b, 2, &peer);
    uint8_t long_one[4000] = {0};
    for (int i = 0; i < 20 && !b->conns[2].closing; i++)
        bench_send_bytes(b, 2, long_one, sizeof long_one);
    (void)bench_expect_error(b, 2, ERR_SLOW_DOWN);
    bench_expect_nothing(b, 1);
    bench_step(b);
    (void)bench_expect(b, 1, BODY(WELCOME));
    (void)bench_expect(b, 1, BODY(PONG));
    bench_free(b);
}

/* ---- enrolment ---- */

static void code_put_done(struct store_req *r)
{
    cr_assert_eq(r->err, ERR_OK);
}

static void put_code(struct bench *b, uint32_t person, const char *secret, int64_t ends_utc_ms)
{
    struct store_code_put put = {
        .req = {.op = STORE_CODE_PUT, .done = code_put_done},
        .person = person,
        .ends_utc_ms = ends_utc_ms
    };
    hash_sha256(secret, strlen(secret), put.secret_hash);
    store_submit(b->store, &put.req);
    bench_step(b);
}

static void enrol(struct bench *b, unsigned conn, const char *secret, const char *csr)
{
    struct bench_plain m;
    bench_open(b, conn, &nobody);
    (void)bench_send(b, conn, hello(&m));
    cr_assert_null(bench_expect(b, conn, BODY(WELCOME))->welcome->you);
    Tandem__Envelope *e = bench_make(&m, BODY(ENROL), "", 0);
    e->enrol->secret = (ProtobufCBinaryData){.len = strlen(secret), .data = (uint8_t *)secret};
    e->enrol->csr_der = (ProtobufCBinaryData){.len = strlen(csr), .data = (uint8_t *)csr};
    (void)bench_send(b, conn, e);
    bench_step(b);
}

Test(connections, a_code_gives_a_certificate_once)
{
    struct bench *b = bench_new(NULL);
    uint32_t ana = bench_person(b, "Ana Flint", ROLE_FRO, "North");
    put_code(b, ana, "swordfish", b->utc_ms + 1000);
    enrol(b, 1, "swordfish", "no request");
    (void)bench_expect_error(b, 1, ERR_INPUT);
    enrol(b, 2, "swordfish", "CSR");
    const Tandem__Enrolled *e = bench_expect(b, 2, BODY(ENROLLED))->enrolled;
    cr_assert_eq(e->you->id, ana);
    cr_assert(e->certificate_der.len && e->authority_der.len);
    cr_assert_eq(e->certificate_ends_utc_ms, b->utc_ms + INT64_C(90) * 86400 * 1000);
    /* the certificate works at once: the bench's serials begin with 1 and count */
    struct core_peer peer = {.cert = CORE_CERT_OK, .cert_ends_utc_ms = e->certificate_ends_utc_ms};
    peer.serial[0] = 1;
    peer.serial[19] = b->serials;
    struct bench_plain m;
    bench_open(b, 3, &peer);
    (void)bench_send(b, 3, hello(&m));
    cr_assert_eq(bench_expect(b, 3, BODY(WELCOME))->welcome->you->id, ana);
    enrol(b, 4, "swordfish", "CSR");
    (void)bench_expect_error(b, 4, ERR_NOT_AUTHENTICATED);
    cr_assert(b->conns[4].closing);
    bench_free(b);
}

Test(connections, wrong_and_late_codes_are_answered_alike)
{
    struct bench *b = bench_new(NULL);
    uint32_t ana = bench_person(b, "Ana", ROLE_FRO, "North");
    put_code(b, ana, "late", b->utc_ms - 1);
    enrol(b, 1, "late", "CSR");
    enrol(b, 2, "wrong", "CSR");
    const struct bench_conn *one = &b->conns[1], *two = &b->conns[2];
    cr_assert_eq(one->sent.len, two->sent.len);
    cr_assert_arr_eq(one->sent.data, two->sent.data, one->sent.len);
    (void)bench_expect_error(b, 1, ERR_NOT_AUTHENTICATED);
    bench_free(b);
}

Test(connections, a_renewed_certificate_is_known)
{
    struct bench *b = bench_new(NULL);
    uint32_t ana = bench_person(b, "Ana", ROLE_FRO, "North");
    struct bench_plain m;
    bench_connect(b, 1, ana);
    Tandem__Envelope *e = bench_make(&m, BODY(RENEW), "", 0);
    e->renew->csr_der = (ProtobufCBinaryData){.len = 3, .data = (uint8_t *)"CSR"};
    (void)bench_send(b, 1, e);
    bench_expect_nothing(b, 1);
    bench_step(b);
    cr_assert_eq(bench_expect(b, 1, BODY(ENROLLED))->enrolled->you->id, ana);
    bench_restart(b);
    struct core_peer peer = {.cert = CORE_CERT_OK, .cert_ends_utc_ms = b->utc_ms + 1000};
    peer.serial[0] = 1;
    peer.serial[19] = b->serials;
    bench_open(b, 2, &peer);
    (void)bench_send(b, 2, hello(&m));
    cr_assert_eq(bench_expect(b, 2, BODY(WELCOME))->welcome->you->id, ana);
    bench_free(b);
}

/* ---- limits ---- */

Test(connections, before_authentication_frames_are_short)
{
    struct bench *b = bench_new(NULL);
    uint8_t frame[5000] = {0};
    bench_open(b, 1, &nobody);
    bench_send_bytes(b, 1, frame, 4097);
    (void)bench_expect_error(b, 1, ERR_TOO_LARGE);
    cr_assert(b->conns[1].closing);
    bench_free(b);
}

Test(connections, who_does_not_greet_in_time_is_closed)
{
    struct bench *b = bench_new(NULL);
    struct bench_plain m;
    bench_open(b, 1, &nobody);
    bench_open(b, 2, &nobody);
    (void)bench_send(b, 2, hello(&m));
    (void)bench_expect(b, 2, BODY(WELCOME));
    cr_assert_leq(core_next_ms(b->core), b->mono_ms + 10 * 1000 + 250);
    bench_time(b, 9 * 1000);
    cr_assert(!b->conns[1].closing);
    bench_time(b, 1250);
    (void)bench_expect_error(b, 1, ERR_NOT_AUTHENTICATED);
    cr_assert(b->conns[1].closing && b->conns[2].closing, "a stranger may not stay either");
    bench_free(b);
}

Test(connections, silence_is_asked_about_and_then_ended)
{
    struct bench *b = bench_new(NULL);
    uint32_t ana = bench_person(b, "Ana", ROLE_FRO, "North");
    struct bench_plain m;
    bench_connect(b, 1, ana);
    bench_connect(b, 2, ana);
    bench_time(b, 29 * 1000);
    bench_expect_nothing(b, 1);
    bench_time(b, 1500);
    (void)bench_expect(b, 1, BODY(PING));
    (void)bench_expect(b, 2, BODY(PING));
    (void)bench_send(b, 2, bench_make(&m, BODY(PONG), "", 0));
    bench_expect_nothing(b, 2);
    bench_time(b, 58 * 1000);
    cr_assert(!b->conns[1].closing);
    bench_time(b, 2 * 1000);
    cr_assert(b->conns[1].closing, "ninety seconds of nothing");
    (void)bench_expect_error(b, 1, ERR_NET);
    cr_assert(!b->conns[2].closing);
    bench_free(b);
}

Test(connections, ping_is_answered)
{
    struct bench *b = bench_new(NULL);
    struct bench_plain m;
    bench_connect(b, 1, bench_person(b, "Ana", ROLE_FRO, "North"));
    uint32_t id = bench_send(b, 1, bench_make(&m, BODY(PING), "", 0));
    cr_assert_eq(bench_expect(b, 1, BODY(PONG))->id, id);
    bench_free(b);
}

Test(connections, too_many_strangers_push_out_the_oldest)
{
    struct core_settings set;
    core_settings_default(&set);
    set.max_unauthenticated = 4;
    struct bench *b = bench_new(&set);
    uint32_t ana = bench_person(b, "Ana", ROLE_FRO, "North");
    bench_connect(b, 1, ana);
    for (unsigned c = 2; c < 7; c++)
        bench_open(b, c, &nobody);
    (void)bench_expect_error(b, 2, ERR_FULL);
    cr_assert(b->conns[2].closing && !b->conns[3].closing && !b->conns[1].closing);
    cr_assert_eq(core_health(b->core).authenticated, 1);
    bench_free(b);
}

Test(connections, one_person_does_not_take_all_connections)
{
    struct core_settings set;
    core_settings_default(&set);
    set.max_per_person = 3;
    struct bench *b = bench_new(&set);
    struct bench_plain m;
    uint32_t ana = bench_person(b, "Ana", ROLE_FRO, "North");
    bench_connect(b, 9, bench_person(b, "Ben", ROLE_FSW, "North"));
    for (unsigned c = 1; c <= 3; c++) {
        bench_time(b, 1000);
        bench_connect(b, c, ana);
    }
    bench_time(b, 1000);
    (void)bench_send(b, 1, bench_make(&m, BODY(PING), "", 0));
    bench_forget(b, 1);
    bench_connect(b, 4, ana);
    (void)bench_expect_error(b, 2, ERR_FULL);
    cr_assert(b->conns[2].closing, "it was quiet for longest");
    cr_assert(!b->conns[1].closing && !b->conns[3].closing && !b->conns[9].closing);
    bench_drop(b, 2);
    bench_drop(b, 3);
    bench_connect(b, 5, ana);
    for (unsigned c = 1; c <= 5; c += c == 1 ? 3 : 1)
        cr_assert(!b->conns[c].closing, "who has left does not count: %u", c);
    bench_connect(b, 6, ana);
    cr_assert(b->conns[1].closing || b->conns[4].closing);
    bench_free(b);
}

Test(connections, too_many_requests_are_told_to_slow_down_and_then_closed)
{
    struct bench *b = bench_new(NULL);
    struct bench_plain m;
    unsigned pongs = 0, slow = 0;
    bench_connect(b, 1, bench_person(b, "Ana", ROLE_FRO, "North"));
    for (int i = 0; i < 1500; i++)
        (void)bench_send(b, 1, bench_make(&m, BODY(PING), "", 0));
    for (const Tandem__Envelope *e; (e = bench_take(b, 1));)
        if (e->body_case == BODY(PONG))
            pongs++;
        else if (e->body_case == BODY(ERROR) && e->error->code == (uint32_t)ERR_SLOW_DOWN)
            slow++;
    cr_assert_eq(pongs, 999, "a burst of a thousand, Hello included");
    cr_assert_eq(slow, 501);
    bench_time(b, 1000);
    for (int i = 0; i < 300; i++)
        (void)bench_send(b, 1, bench_make(&m, BODY(PING), "", 0));
    pongs = 0;
    for (const Tandem__Envelope *e; (e = bench_take(b, 1));)
        pongs += e->body_case == BODY(PONG);
    cr_assert_eq(pongs, 200, "two hundred a second");
    cr_assert(!b->conns[1].closing);
    for (int i = 0; i < 1000 && !b->conns[1].closing; i++)
        (void)bench_send(b, 1, bench_make(&m, BODY(PING), "", 0));
    cr_assert(b->conns[1].closing, "it does not listen");
    bench_free(b);
}

Test(connections, too_many_unanswered_requests_are_refused)
{
    struct bench *b = bench_new(NULL);
    struct bench_plain m;
    unsigned slow = 0, answered = 0;
    bench_connect(b, 1, bench_person(b, "Ana", ROLE_FRO, "North"));
    for (int i = 0; i < 40; i++)
        (void)bench_send(b, 1, bench_make(&m, BODY(WHO), "TST-2026-0009", 0));
    bench_step(b);
    for (const Tandem__Envelope *e; (e = bench_take(b, 1));) {
        cr_assert_eq((int)e->body_case, (int)BODY(ERROR));
        slow += e->error->code == (uint32_t)ERR_SLOW_DOWN;
        answered += e->error->code == (uint32_t)ERR_NOT_FOUND;
    }
    cr_assert_eq(answered, 32);
    cr_assert_eq(slow, 8);
    bench_free(b);
}

/* Each reads all audits of the site, also for those who may see none of them. */
Test(connections, lists_are_made_one_at_a_time)
{
    struct bench *b = bench_new(NULL);
    struct bench_plain m;
    bench_connect(b, 1, bench_person(b, "Ana", ROLE_BOARD, ""));
    for (int i = 0; i < 3; i++)
        (void)bench_send(b, 1, bench_make(&m, BODY(LIST_AUDITS), "", 0));
    (void)bench_expect_error(b, 1, ERR_SLOW_DOWN);
    (void)bench_expect_error(b, 1, ERR_SLOW_DOWN);
    bench_step(b);
    (void)bench_expect(b, 1, BODY(AUDIT_LIST));
    /* and again, also when one could not be made */
    store_mem_fail_commit(b->store, 1, ERR_FULL);
    (void)bench_send(b, 1, bench_make(&m, BODY(LIST_AUDITS), "", 0));
    bench_step(b);
    (void)bench_expect_error(b, 1, ERR_FULL);
    (void)bench_send(b, 1, bench_make(&m, BODY(LIST_AUDITS), "", 0));
    bench_step(b);
    (void)bench_expect(b, 1, BODY(AUDIT_LIST));
    bench_free(b);
}

/* ---- what does not make sense ---- */

Test(connections, garbage_is_answered_and_the_connection_closed)
{
    static const struct garbage {
        const char *bytes;
        size_t len;
    } garbage[] = {
        {"\xff\xff\xff\xff",                 4}, /* no tag */
        {"\x12\x7f\x08",                     3}, /* Edit that ends too early */
        {"\x0b\x0b\x0b\x0b\x0b\x0b",         6}, /* nested groups */
        {"\x08\x01",                         2}, /* an envelope with nothing in it */
        {"\x08\x01\xfa\x3e\x00",             5}, /* a kind that nobody knows */
        {"\xa2\x01\x05\x12\x03\xff\xfe\xfd", 8}, /* Hello whose program is not UTF-8 */
    };
    struct bench *b = bench_new(NULL);
    uint32_t ana = bench_person(b, "Ana", ROLE_FRO, "North");
    for (size_t i = 0; i < sizeof garbage / sizeof *garbage; i++) {
        bench_connect(b, 1, ana);
        bench_send_bytes(b, 1, garbage[i].bytes, garbage[i].len);
        const Tandem__Envelope *e = bench_expect(b, 1, BODY(ERROR));
        cr_assert_eq(e->error->code, (uint32_t)ERR_INPUT, "%d: %s", (int)i, e->error->text);
        cr_assert_eq(b->conns[1].closing, i != 5, "%d", (int)i);
        bench_drop(b, 1);
    }
    bench_free(b);
}

Test(connections, a_message_that_unfolds_to_far_more_than_its_size_is_refused)
{
    struct bench *b = bench_new(NULL);
    bench_connect(b, 1, bench_person(b, "Ana", ROLE_FRO, "North"));
    /* NewAudit (32) with 400,000 empty child references: two bytes each */
    size_t n = 400 * 1000, at = 0;
    uint8_t *frame = malloc(2 * n + 16);
    cr_assert_not_null(frame);
    size_t len = 2 * n;
    frame[at++] = 0x82;
    frame[at++] = 0x02;
    for (; len >= 0x80; len >>= 7)
        frame[at++] = (uint8_t)(len | 0x80);
    frame[at++] = (uint8_t)len;
    for (size_t i = 0; i < n; i++) {
        frame[at++] = 0x1a;
        frame[at++] = 0;
    }
    bench_send_bytes(b, 1, frame, at);
    (void)bench_expect_error(b, 1, ERR_TOO_LARGE);
    cr_assert(b->conns[1].closing);
    free(frame);
    bench_free(b);
}

/* A request that waits keeps what it was decoded to, also what a later part has replaced. */
Test(connections, a_small_request_does_not_bring_a_large_one_along)
{
    enum { ROWS = 3000, WORDS = 30000 };
    struct bench *b = bench_new(NULL);
    struct buf frame = BUF_INIT, rows = BUF_INIT;
    bench_connect(b, 1, bench_person(b, "Ana", ROLE_FRO, "North"));
    buf_append(&frame, "\x12", 1); /* Edit (2) with a long body */
    buf_append_varint(&frame, 4 + WORDS);
    buf_append(&frame, "\x12", 1);
    buf_append_varint(&frame, WORDS);
    for (size_t i = 0; i < WORDS; i++)
        buf_append_u8(&frame, 'x');
    for (size_t i = 0; i < ROWS; i++) /* two bytes here and 200 in memory */
        buf_append(&rows, "\x0a\x00", 2);
    buf_append(&frame, "\xfa\x01", 2); /* AuditList (31) */
    buf_append_varint(&frame, rows.len);
    buf_append(&frame, rows.data, rows.len);
    buf_append(&frame, "\xf2\x01\x00", 3); /* ListAudits (30): this is what it asks */
    bench_send_bytes(b, 1, frame.data, frame.len);
    (void)bench_expect_error(b, 1, ERR_TOO_LARGE);
    cr_assert(b->conns[1].closing);
    buf_free(&frame);
    buf_free(&rows);
    bench_free(b);
}

/* Any bytes at all: the core answers or closes, and goes on for the others. */
Test(connections, random_and_damaged_frames_are_survived, .timeout = 60)
{
    struct core_settings set;
    core_settings_default(&set);
    set.requests_burst = 1000 * 1000;
    struct bench *b = bench_new(&set);
    uint32_t ana = bench_person(b, "Ana", ROLE_FRO, "North");
    char ref[32];
    struct bench_plain m;
    unsigned seed = 4711;
    bench_connect(b, 1, ana);
    bench_new_audit(b, 1, "", ref);
    bench_join(b, 1, ref);
    size_t nkinds = tandem__envelope__descriptor.n_fields;
    for (int i = 0; i < 20000; i++) {
        uint8_t frame[200];
        size_t len = (size_t)rand_r(&seed) % sizeof frame;
        for (size_t k = 0; k < len; k++)
            frame[k] = (uint8_t)rand_r(&seed);
        if (i % 2) { /* a real one with a byte or two changed */
            int kind =
                (int)tandem__envelope__descriptor.fields[1 + (size_t)i / 2 % (nkinds - 1)].id;
            Tandem__Envelope *e = bench_make(&m, kind, ref, b->conns[1].room);
            e->id = 7;
            len = tandem__envelope__get_packed_size(e);
            cr_assert_lt(len, sizeof frame);
            (void)tandem__envelope__pack(e, frame);
            for (int k = rand_r(&seed) % 3; k > 0; k--)
                frame[(size_t)rand_r(&seed) % len] ^= (uint8_t)(1 << rand_r(&seed) % 8);
        }
        if (!b->conns[2].open || b->conns[2].closing) {
            if (b->conns[2].open)
                bench_drop(b, 2);
            bench_connect(b, 2, ana);
        }
        bench_send_bytes(b, 2, frame, len);
        if (i % 16 == 0)
            bench_step(b);
        bench_forget(b, 2);
        buf_clear(&b->conns[2].all);
        bench_forget(b, 1);
    }
    bench_step(b);
    (void)bench_send(b, 1, bench_make(&m, BODY(PING), "", 0));
    bench_forget(b, 1);
    (void)bench_send(b, 1, bench_make(&m, BODY(PING), "", 0));
    (void)bench_expect(b, 1, BODY(PONG));
    bench_free(b);
}

Test(connections, broken_framing_is_told_and_closed)
{
    struct bench *b = bench_new(NULL);
    bench_open(b, 1, &nobody);
    core_conn_bad_frame(b->core, 1, ERR_TOO_LARGE, "That frame is longer than this server takes.");
    (void)bench_expect_error(b, 1, ERR_TOO_LARGE);
    cr_assert(b->conns[1].closing);
    core_conn_bad_frame(b->core, 99, ERR_TOO_LARGE, "nobody");
    bench_free(b);
}

/* ---- begin and end ---- */

Test(connections, going_down_is_told_to_everybody)
{
    struct bench *b = bench_new(NULL);
    bench_connect(b, 1, bench_person(b, "Ana", ROLE_FRO, "North"));
    bench_open(b, 2, &nobody);
    core_shutdown(b->core);
    for (unsigned c = 1; c <= 2; c++) {
        (void)bench_expect_error(b, c, ERR_NET);
        cr_assert(b->conns[c].closing);
    }
    bench_open(b, 3, &nobody);
    (void)bench_expect_error(b, 3, ERR_NET);
    bench_free(b);
}

Test(connections, answers_to_who_has_gone_are_dropped)
{
    struct bench *b = bench_new(NULL);
    uint32_t ana = bench_person(b, "Ana", ROLE_FRO, "North");
    char ref[32];
    struct bench_plain m;
    bench_connect(b, 1, ana);
    bench_new_audit(b, 1, "", ref);
    static const int kinds[] = {BODY(LIST_AUDITS), BODY(JOIN),    BODY(WHO),
                                BODY(HISTORY),     BODY(VIEW_AT), BODY(SET_MEMBER)};
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        for (int commits = 0; commits < 4; commits++) {
            bench_connect(b, 2, ana);
            (void)bench_send(b, 2, bench_make(&m, kinds[i], ref, 0));
            for (int k = 0; k < commits; k++)
                bench_commit(b);
            bench_drop(b, 2);
            bench_connect(b, 2, ana); /* the same number, another connection */
            bench_step(b);
            bench_expect_nothing(b, 2);
            bench_drop(b, 2);
        }
    cr_assert_eq(core_health(b->core).rooms, 0);
    bench_free(b);
}

Test(connections, a_core_freed_with_everything_on_its_way_gives_all_back)
{
    struct bench *b = bench_new(NULL);
    uint32_t ana = bench_person(b, "Ana", ROLE_FRO, "North");
    char ref[32];
    struct bench_plain m;
    bench_connect(b, 1, ana);
    bench_new_audit(b, 1, "", ref);
    bench_join(b, 1, ref);
    bench_type(b, 1, "C2", "in flight");
    static const int kinds[] = {BODY(LIST_AUDITS), BODY(JOIN), BODY(WHO), BODY(HISTORY),
                                BODY(VIEW_AT)};
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        (void)bench_send(b, 1, bench_make(&m, kinds[i], ref, 0));
    bench_ask_new_audit(b, 1, "");
    bench_restart(b);
    bench_connect(b, 1, ana);
    bench_join(b, 1, ref);
    bench_free(b);
}
