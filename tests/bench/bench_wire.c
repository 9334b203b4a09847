/* `make bench`: the figures of the running system, over TLS 1.3 on loopback, every edit on disk
 * before it is acknowledged. A real tandemd in a directory under build/, load from this process;
 * both share the machine. Each scenario prints one line (or a few); a floor program (bench_floor in
 * this file's neighbour, tests/lib/floor_server.c) runs the same traffic in the same run for
 * comparison.
 *
 *   bench_wire [--seconds N] [--repeat N] [--only NAME] */

#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "client/link/link.h"
#include "common/text/text.h"
#include "proto/wire.pb-c.h"
#include "tests/lib/floor_server.h"
#include "tests/lib/load.h"

enum { MAX_AUDITS = 200, RING = 4096, MAX_REPEATS = 9 };

static double seconds_each = 5;

struct bench {
    FILE *out; /* what a scenario says; the same words in each run, other numbers */
    uv_loop_t loop;
    struct load_site site;
    struct load_identity people[3];
    uint32_t persons[3];
    struct template *fca;
    struct field field; /* the live text that is typed into */
};

/* ---- figures ---- */

struct samples {
    uint64_t *ns;
    size_t n, cap;
};

static void sample_add(struct samples *s, uint64_t ns)
{
    if (s->n == s->cap) {
        s->cap = s->cap ? s->cap * 2 : 4096;
        s->ns = realloc(s->ns, s->cap * sizeof *s->ns);
        if (!s->ns)
            abort();
    }
    s->ns[s->n++] = ns;
}

static int compare_u64(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return x < y ? -1 : x > y;
}

static int compare_double(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return x < y ? -1 : x > y;
}

static double percentile_ms(struct samples *s, double p)
{
    if (!s->n)
        return 0;
    qsort(s->ns, s->n, sizeof *s->ns, compare_u64);
    size_t i = (size_t)(p * (double)(s->n - 1));
    return (double)s->ns[i] / 1e6;
}

static void samples_free(struct samples *s)
{
    free(s->ns);
    *s = (struct samples){0};
}

/* ---- the site ---- */

static void bench_site(struct bench *b)
{
    static const char *const names[] = {"Ana", "Ben", "Cleo"};
    static const char *const roles[] = {"FRO:north", "FSW:north", "FSW:north"};
    load_site_init(&b->site);
    load_site_start(&b->site);
    for (int i = 0; i < 3; i++) {
        char code[600];
        load_site_add_person(&b->site, names[i], roles[i], code);
        load_enrol(&b->loop, &b->site, code, &b->people[i]);
        b->persons[i] = b->people[i].person;
    }
}

static void drop(struct load_peer *p, const Tandem__Envelope *m)
{
    (void)p, (void)m;
}

static struct load_peer *connect_with(struct bench *b, const struct load_identity *who)
{
    struct load_peer *p = calloc(1, sizeof *p);
    if (!p)
        abort();
    load_connect(&b->loop, p, &b->site, who, drop, NULL);
    tandem__envelope__free_unpacked(load_ask(&b->loop, p, NULL), NULL);
    return p;
}

static struct load_peer *connect_as(struct bench *b, int person)
{
    return connect_with(b, &b->people[person]);
}

static void disconnect(struct bench *b, struct load_peer *p)
{
    load_close(p);
    load_run_until(&b->loop, &p->closed, 10, "a connection's end");
    free(p);
}

static void make_audit(struct bench *b, struct load_peer *ana, char ref[32])
{
    Tandem__Envelope m = TANDEM__ENVELOPE__INIT;
    Tandem__NewAudit new_audit = TANDEM__NEW_AUDIT__INIT;
    m.body_case = TANDEM__ENVELOPE__BODY_NEW_AUDIT;
    m.new_audit = &new_audit;
    new_audit.template_id = (char *)(uintptr_t) "FCA";
    new_audit.carer_ref = (char *)(uintptr_t) "CR-1";
    new_audit.practitioner = (char *)(uintptr_t) "Ben";
    new_audit.start_reason = (char *)(uintptr_t) "it is written at once";
    Tandem__Envelope *a = load_ask(&b->loop, ana, &m);
    if (a->body_case != TANDEM__ENVELOPE__BODY_AUDIT_CREATED)
        load_die("NewAudit was answered with something else");
    snprintf(ref, 32, "%s", a->audit_created->ref);
    tandem__envelope__free_unpacked(a, NULL);

    Tandem__SetMember set = TANDEM__SET_MEMBER__INIT;
    m = (Tandem__Envelope)TANDEM__ENVELOPE__INIT;
    m.body_case = TANDEM__ENVELOPE__BODY_SET_MEMBER;
    m.set_member = &set;
    set.ref = ref;
    set.person = (char *)(uintptr_t) "Cleo";
    set.role = ROLE_FSW;
    tandem__envelope__free_unpacked(load_ask(&b->loop, ana, &m), NULL);
}

static void find_field(struct bench *b, struct load_peer *ana)
{
    Tandem__Envelope m = TANDEM__ENVELOPE__INIT;
    Tandem__GetTemplate get = TANDEM__GET_TEMPLATE__INIT;
    m.body_case = TANDEM__ENVELOPE__BODY_GET_TEMPLATE;
    m.get_template = &get;
    get.id = (char *)(uintptr_t) "FCA";
    Tandem__Envelope *a = load_ask(&b->loop, ana, &m);
    struct err_info why = {0};
    if (a->body_case != TANDEM__ENVELOPE__BODY_TEMPLATE_REPLY ||
        template_decode(a->template_reply->template_.data, a->template_reply->template_.len,
                        &b->fca, &why))
        load_die("the template: %s", why.text);
    tandem__envelope__free_unpacked(a, NULL);
    b->field = (struct field){.question = template_question_find(b->fca, "B1")->number,
                              .part = PART_RATIONALE};
}

/* ---- writers ---- */

struct writer {
    struct bench *b;
    struct load_peer *peer;
    struct text *text; /* its own words only: enough to make valid operations */
    struct run *run;
    int audit;
    uint64_t sent_ns[RING]; /* by batch number */
};

struct run {
    struct bench *b;
    struct writer *writers;
    int nwriters;
    bool refill; /* send the next as soon as one is acknowledged */
    bool stopping, over;
    uint64_t acked, delivered, refused;
    struct samples ack, seen;
    struct writer *by_agent[MAX_AUDITS][64];
};

static void write_one(struct writer *w, const char *chars, size_t n)
{
    struct buf op = BUF_INIT, body = BUF_INIT;
    if (text_insert(w->text, w->peer->agent, text_len_cp(w->text), chars, n, &op))
        abort();
    struct audit_op a = {
        .kind = OP_TEXT, .text = {.field = w->b->field, .blob = op.data, .blob_len = op.len}
    };
    struct event_body eb = {
        .agent = w->peer->agent, .batch_no = ++w->peer->batch_no, .ops = &a, .nops = 1};
    event_body_encode(&eb, &body);
    w->sent_ns[eb.batch_no % RING] = load_now_ns();
    load_send_edit(w->peer, body.data, body.len);
    buf_free(&op);
    buf_free(&body);
}

static void on_event(struct run *r, struct writer *reader, const Tandem__Event *e, uint64_t now)
{
    struct event_body *body = NULL;
    if (event_body_decode(e->body.data, e->body.len, &body, NULL))
        load_die("an event does not decode");
    r->delivered++;
    struct writer *from = body->agent < 64 ? r->by_agent[reader->audit][body->agent] : NULL;
    if (from)
        sample_add(&r->seen, now - from->sent_ns[body->batch_no % RING]);
    event_body_free(body);
}

static void on_writer_message(struct load_peer *p, const Tandem__Envelope *m)
{
    struct writer *w = p->user;
    struct run *r = w->run;
    uint64_t now = load_now_ns();
    switch (m->body_case) {
    case TANDEM__ENVELOPE__BODY_ACKED:
        r->acked++;
        sample_add(&r->ack, now - w->sent_ns[m->acked->batch_no % RING]);
        if (r->refill && !r->stopping)
            write_one(w, "x", 1);
        break;
    case TANDEM__ENVELOPE__BODY_EVENT:
        on_event(r, w, m->event, now);
        break;
    case TANDEM__ENVELOPE__BODY_ERROR:
        if (!r->refused++)
            fprintf(stderr, "bench: refused: %s\n", m->error->text);
        break;
    default:
        break;
    }
}

static void run_setup(struct run *r, struct bench *b, int audits, int editors)
{
    *r = (struct run){.b = b, .nwriters = audits * editors};
    r->writers = calloc((size_t)r->nwriters, sizeof *r->writers);
    struct load_peer *ana = connect_as(b, 0);
    if (!b->fca)
        find_field(b, ana);
    for (int i = 0; i < audits; i++) {
        char ref[32];
        make_audit(b, ana, ref);
        for (int k = 0; k < editors; k++) {
            struct writer *w = &r->writers[i * editors + k];
            *w = (struct writer){
                .b = b, .peer = connect_as(b, k % 3), .text = text_new(), .run = r, .audit = i};
            load_join(&b->loop, w->peer, ref, false);
            if (w->peer->agent >= 64)
                load_die("agent numbers grow faster than expected");
            r->by_agent[i][w->peer->agent] = w;
        }
    }
    for (int i = 0; i < r->nwriters; i++) {
        r->writers[i].peer->on_message = on_writer_message;
        r->writers[i].peer->user = &r->writers[i];
    }
    disconnect(b, ana);
}

static void run_free(struct run *r)
{
    for (int i = 0; i < r->nwriters; i++) {
        r->writers[i].peer->on_message = drop;
        disconnect(r->b, r->writers[i].peer);
        text_free(r->writers[i].text);
    }
    free(r->writers);
    samples_free(&r->ack);
    samples_free(&r->seen);
}

/* Everybody in turn, `per_s` characters a second in all. */
struct pace {
    uv_timer_t timer;
    struct run *r;
    double per_s;
    uint64_t start_ns, sent;
};

static void on_pace(uv_timer_t *t)
{
    struct pace *p = t->data;
    double due = (double)(load_now_ns() - p->start_ns) / 1e9 * p->per_s;
    while ((double)p->sent < due && !p->r->stopping) {
        write_one(&p->r->writers[p->sent % (uint64_t)p->r->nwriters], "x", 1);
        p->sent++;
    }
}

static uint64_t run_paced(struct run *r, double per_s, double seconds)
{
    struct pace p = {.r = r, .per_s = per_s, .start_ns = load_now_ns()};
    uv_timer_init(&r->b->loop, &p.timer);
    p.timer.data = &p;
    uv_timer_start(&p.timer, on_pace, 1, 1);
    load_run_for(&r->b->loop, seconds);
    r->stopping = true;
    load_run_for(&r->b->loop, 0.3);
    uv_close((uv_handle_t *)&p.timer, NULL);
    uv_run(&r->b->loop, UV_RUN_NOWAIT);
    return p.sent;
}

static uint64_t wire_bytes(const struct run *r)
{
    uint64_t sum = 0;
    for (int i = 0; i < r->nwriters; i++)
        sum += r->writers[i].peer->bytes_in + r->writers[i].peer->bytes_out;
    return sum;
}

/* ---- scenarios ---- */

static void scenario_flat_out(struct bench *b)
{
    struct run r;
    run_setup(&r, b, 50, 3);
    r.refill = true;
    for (int i = 0; i < r.nwriters; i++)
        write_one(&r.writers[i], "x", 1);
    load_run_for(&b->loop, 1); /* warm */
    uint64_t acked = r.acked;
    double cpu = load_site_cpu_s(&b->site);
    load_run_for(&b->loop, seconds_each);
    acked = r.acked - acked;
    cpu = load_site_cpu_s(&b->site) - cpu;
    r.stopping = true;
    load_run_for(&b->loop, 0.5);
    double per_s = (double)acked / seconds_each;
    fprintf(
        b->out,
        "50 audits x 3 editors, as fast as acknowledged: %.0f durable edits/s (aim 20000), server "
        "CPU %.2f s per 100000 (aim 2.5), acknowledged p50 %.2f ms p99 %.2f ms\n",
        per_s, cpu / (double)acked * 1e5, percentile_ms(&r.ack, 0.5), percentile_ms(&r.ack, 0.99));
    run_free(&r);
    struct floor_figures f = floor_run(&b->loop, 50, 3, 0, seconds_each);
    fprintf(b->out,
            "  floor (libuv + TLS + SQLite FULL, no audit): %.0f edits/s, CPU %.2f s per 100000; "
            "ratio %.2fx the edits, %.2fx the CPU\n",
            f.edits_per_s, f.cpu_s_per_100k, per_s / f.edits_per_s,
            cpu / (double)acked * 1e5 / f.cpu_s_per_100k);
}

static void scenario_fixed(struct bench *b)
{
    struct run r;
    run_setup(&r, b, 50, 3);
    double cpu = load_site_cpu_s(&b->site);
    uint64_t sent = run_paced(&r, 1500, seconds_each);
    cpu = load_site_cpu_s(&b->site) - cpu;
    fprintf(
        b->out,
        "50 audits x 3 editors at 1500 edits/s: shown to others p50 %.2f ms p99 %.2f ms (aim 12), "
        "server CPU %.1f s per 100000 (aim 18), %llu of %llu acknowledged\n",
        percentile_ms(&r.seen, 0.5), percentile_ms(&r.seen, 0.99), cpu / (double)sent * 1e5,
        (unsigned long long)r.acked, (unsigned long long)sent);
    run_free(&r);
    struct floor_figures f = floor_run(&b->loop, 50, 3, 1500, seconds_each);
    fprintf(b->out, "  floor: p50 %.2f ms p99 %.2f ms, CPU %.1f s per 100000\n", f.p50_ms, f.p99_ms,
            f.cpu_s_per_100k);
}

static void scenario_crowd(struct bench *b)
{
    struct run r;
    run_setup(&r, b, 1, 50);
    uint64_t before = wire_bytes(&r);
    uint64_t sent = run_paced(&r, 250, seconds_each * 2);
    uint64_t bytes = wire_bytes(&r) - before;
    fprintf(b->out,
            "one audit, 50 editors x 5 characters/s: shown p50 %.2f ms p99 %.2f ms (aim 15), %.1f "
            "bytes "
            "on the wire per delivered character (aim 45), %llu sent\n",
            percentile_ms(&r.seen, 0.5), percentile_ms(&r.seen, 0.99),
            (double)bytes / (double)(r.delivered + r.acked), (unsigned long long)sent);
    run_free(&r);
}

static void scenario_bytes(struct bench *b)
{
    struct run r;
    run_setup(&r, b, 1, 3);
    uint64_t before = wire_bytes(&r);
    uint64_t sent = run_paced(&r, 24, seconds_each * 2);
    uint64_t bytes = wire_bytes(&r) - before;
    fprintf(
        b->out,
        "bytes per typed character, 3 editors x 8/s: wire %.1f in all, %.1f per screen it reaches "
        "(the author's acknowledgement is one; aim 60)\n",
        (double)bytes / (double)sent, (double)bytes / (double)(r.acked + r.delivered));
    run_free(&r);
}

/* Four kilobytes in, the same four kilobytes out again: much to carry, little to keep. */
static void write_and_strike(struct writer *w, bool strike)
{
    static char page[4096];
    memset(page, 'x', sizeof page);
    if (!strike) {
        write_one(w, page, sizeof page);
        return;
    }
    struct buf op = BUF_INIT, body = BUF_INIT;
    if (text_delete(w->text, w->peer->agent, 0, text_len_cp(w->text), TEXT_WHEN_PENDING, &op))
        abort();
    struct audit_op a = {
        .kind = OP_TEXT, .text = {.field = w->b->field, .blob = op.data, .blob_len = op.len}
    };
    struct event_body eb = {
        .agent = w->peer->agent, .batch_no = ++w->peer->batch_no, .ops = &a, .nops = 1};
    event_body_encode(&eb, &body);
    w->sent_ns[eb.batch_no % RING] = load_now_ns();
    load_send_edit(w->peer, body.data, body.len);
    buf_free(&op);
    buf_free(&body);
}

struct pages {
    uv_timer_t timer;
    struct run *r;
    uint64_t n;
};

static void on_pages(uv_timer_t *t)
{
    struct pages *p = t->data;
    for (int i = 0; i < 3 && !p->r->stopping; i++)
        write_and_strike(&p->r->writers[i], p->n & 1);
    p->n++;
}

static double slow_reader_run(struct bench *b, bool slow, struct samples *seen)
{
    struct run r;
    load_site_stop(&b->site, SIGTERM);
    load_site_start(&b->site);
    run_setup(&r, b, 1, 4);
    size_t before = load_site_rss_bytes(&b->site);
    if (slow)
        load_stop_reading(r.writers[3].peer);
    struct pages p = {.r = &r};
    uv_timer_init(&b->loop, &p.timer);
    p.timer.data = &p;
    uv_timer_start(&p.timer, on_pages, 7, 7);
    load_run_for(&b->loop, seconds_each * 2);
    r.stopping = true;
    load_run_for(&b->loop, 0.3);
    double grown = (double)load_site_rss_bytes(&b->site) - (double)before;
    uv_close((uv_handle_t *)&p.timer, NULL);
    *seen = r.seen;
    r.seen = (struct samples){0};
    run_free(&r);
    return grown / 1e6;
}

static void scenario_slow_reader(struct bench *b)
{
    struct samples without = {0}, with = {0};
    double base = slow_reader_run(b, false, &without);
    double grown = slow_reader_run(b, true, &with);
    fprintf(b->out,
            "a reader that stops reading, others send 1.7 MB/s: server grew by %.1f MB (%.1f MB "
            "without "
            "it), the others p50 %.2f ms p99 %.2f ms (%.2f and %.2f without it)\n",
            grown, base, percentile_ms(&with, 0.5), percentile_ms(&with, 0.99),
            percentile_ms(&without, 0.5), percentile_ms(&without, 0.99));
    samples_free(&with);
    samples_free(&without);
}

/* One person may have no more than 64 connections: an idle crowd needs managers who look on. */
static struct load_identity *enrol_managers(struct bench *b, int n)
{
    static int named;
    struct load_identity *all = calloc((size_t)n, sizeof *all);
    for (int i = 0; i < n; i++) {
        char name[32], code[600];
        snprintf(name, sizeof name, "Manager %d", ++named);
        load_site_add_person(&b->site, name, "FTM:north", code);
        load_enrol(&b->loop, &b->site, code, &all[i]);
    }
    return all;
}

static void scenario_idle(struct bench *b, int n)
{
    load_site_stop(&b->site, SIGTERM);
    load_site_start(&b->site);
    struct load_peer *ana = connect_as(b, 0);
    int audits = n / 50;
    char(*refs)[32] = calloc((size_t)audits, 32);
    for (int i = 0; i < audits; i++)
        make_audit(b, ana, refs[i]);
    disconnect(b, ana);
    int managers = n / 50;
    struct load_identity *who = enrol_managers(b, managers);
    load_site_stop(&b->site, SIGTERM);
    load_site_start(&b->site);
    load_run_for(&b->loop, 0.2);
    size_t alone = load_site_rss_bytes(&b->site);
    struct load_peer **peers = calloc((size_t)n, sizeof *peers);
    for (int i = 0; i < n; i++) {
        peers[i] = connect_with(b, &who[i % managers]);
        load_join(&b->loop, peers[i], refs[i % audits], false);
    }
    load_run_for(&b->loop, 1);
    size_t with = load_site_rss_bytes(&b->site);
    fprintf(b->out,
            "%d connections, joined to %d audits and idle: %.1f KB each (aim 25), the server alone "
            "%.1f "
            "MB (aim 15)\n",
            n, audits, ((double)with - (double)alone) / 1024.0 / n, (double)alone / 1e6);
    for (int i = 0; i < n; i++)
        disconnect(b, peers[i]);
    for (int i = 0; i < managers; i++)
        tls_context_free(who[i].tls);
    free(who);
    free(peers);
    free(refs);
}

static void scenario_join(struct bench *b)
{
    struct run r;
    run_setup(&r, b, 1, 20); /* twenty, so that nobody sends more requests than one may */
    for (int i = 0; i < 20000; i++) {
        while (r.acked + 200 < (uint64_t)i) /* 200 on their way at a time */
            uv_run(&b->loop, UV_RUN_ONCE);
        write_one(&r.writers[i % 20], "word ", 5);
    }
    while (r.acked < 20000)
        uv_run(&b->loop, UV_RUN_ONCE);
    struct writer *w = &r.writers[0];
    Tandem__Envelope m = TANDEM__ENVELOPE__INIT;
    Tandem__ListAudits list = TANDEM__LIST_AUDITS__INIT;
    m.body_case = TANDEM__ENVELOPE__BODY_LIST_AUDITS;
    m.list_audits = &list;
    Tandem__Envelope *a = load_ask(&b->loop, w->peer, &m);
    char ref[32] = "";
    for (size_t i = 0; i < a->audit_list->n_rows; i++)
        if (a->audit_list->rows[i]->n_here)
            snprintf(ref, sizeof ref, "%s", a->audit_list->rows[i]->ref);
    tandem__envelope__free_unpacked(a, NULL);
    run_free(&r);

    struct samples cold = {0}, warm = {0};
    size_t bytes = 0;
    for (int round = 0; round < 5; round++) {
        load_site_stop(&b->site, SIGTERM);
        load_site_start(&b->site);
        struct load_peer *first = connect_as(b, 0);
        uint64_t start = load_now_ns();
        bytes = load_join(&b->loop, first, ref, false);
        sample_add(&cold, load_now_ns() - start);
        for (int k = 0; k < 5; k++) {
            struct load_peer *next = connect_as(b, 1);
            start = load_now_ns();
            load_join(&b->loop, next, ref, false);
            sample_add(&warm, load_now_ns() - start);
            disconnect(b, next);
        }
        disconnect(b, first);
    }
    fprintf(b->out,
            "join an audit of 100 KB text and 20000 edits (%zu bytes sent): cold p50 %.2f ms "
            "(aim 20), "
            "warm p50 %.2f ms (aim 10)\n",
            bytes, percentile_ms(&cold, 0.5), percentile_ms(&warm, 0.5));
    samples_free(&cold);
    samples_free(&warm);
}

static void scenario_disk(struct bench *b)
{
    struct run r;
    run_setup(&r, b, 1, 3);
    load_site_stop(&b->site, SIGTERM); /* everything in the database file, nothing in its log */
    size_t before = load_site_disk_bytes(&b->site);
    load_site_start(&b->site);
    run_free(&r);
    run_setup(&r, b, 1, 3);
    uint64_t sent = run_paced(&r, 400, seconds_each * 2);
    run_free(&r);
    load_site_stop(&b->site, SIGTERM);
    fprintf(b->out,
            "on disk: %.1f bytes per typed character (%llu edits of one character at 400/s, "
            "snapshots and "
            "the joins' entries included)\n",
            ((double)load_site_disk_bytes(&b->site) - (double)before) / (double)sent,
            (unsigned long long)sent);
    load_site_start(&b->site);
}

/* ---- a key press until it stands in the others' screen model: real links and replicas ---- */

struct screen {
    struct bench *b;
    struct load_peer peer;
    struct link *link;
    char ref[32];
    bool joined;
    struct screen *all;
    int index;
    struct samples *samples;
    uint64_t *pending; /* FIFO of key times of this writer, read by the others */
};

static struct load_identity *screen_identity(struct screen *s)
{
    return &s->b->people[s->index];
}

static void screen_message(struct load_peer *p, const Tandem__Envelope *m);

static void screen_send(void *user, const uint8_t *payload, size_t len)
{
    struct screen *s = user;
    Tandem__Envelope *m = tandem__envelope__unpack(NULL, len, payload);
    uint32_t id = m->id;
    s->peer.next_id = id - 1; /* the link numbers its own requests */
    load_send(&s->peer, m);
    tandem__envelope__free_unpacked(m, NULL);
}

static void screen_open(void *user)
{
    (void)user; /* connected by hand below */
}

static void screen_state(void *user, enum link_state state)
{
    (void)user, (void)state;
}

static uint32_t screen_random(void *user)
{
    (void)user;
    return 4; /* a benchmark needs no jitter */
}

static void screen_message(struct load_peer *p, const Tandem__Envelope *m)
{
    struct screen *s = p->user;
    uint8_t small[2048], *bytes = small;
    size_t len = tandem__envelope__get_packed_size(m);
    if (len > sizeof small)
        bytes = malloc(len);
    tandem__envelope__pack(m, bytes);
    link_receive(s->link, bytes, len);
    if (bytes != small)
        free(bytes);
}

static void screen_news(void *user, const struct replica_news *news)
{
    struct screen *s = user;
    if (news->kind != NEWS_EVENT || !news->event)
        return;
    uint64_t now = load_now_ns();
    for (int i = 0; i < 3; i++) {
        struct screen *from = &s->all[i];
        if (i != s->index && replica_agent(link_replica(from->link)) == news->event->body.agent)
            sample_add(s->samples, now - from->pending[news->event->body.batch_no % RING]);
    }
}

static void screen_joined(void *user, enum err e, const char *text)
{
    struct screen *s = user;
    if (e)
        load_die("join: %s", text);
    s->joined = true;
}

static void screen_ready(struct load_peer *p)
{
    struct screen *s = p->user;
    int64_t now = (int64_t)(load_now_ns() / 1000000);
    struct link_hooks hooks = {.user = s,
                               .send = screen_send,
                               .open_line = screen_open,
                               .close_line = screen_open,
                               .state_changed = screen_state,
                               .random = screen_random};
    s->link = link_new(&hooks, "bench", now);
    replica_on_news(link_replica(s->link), screen_news, s);
    if (link_join(s->link, s->ref, false, NULL, 0, screen_joined, s))
        load_die("link_join");
    link_time(s->link, now, now);
    link_line_open(s->link);
}

static void screens_time(struct screen *all)
{
    int64_t now = (int64_t)(load_now_ns() / 1000000);
    for (int i = 0; i < 3; i++)
        if (all[i].link)
            link_time(all[i].link, now, now);
}

struct typing {
    uv_timer_t timer;
    struct screen *all;
    struct bench *b;
    uint64_t start_ns, typed;
    uint64_t batches[3];
};

static void on_typing(uv_timer_t *t)
{
    struct typing *ty = t->data;
    double due = (double)(load_now_ns() - ty->start_ns) / 1e9 * 24;
    if ((double)ty->typed < due) {
        struct screen *s = &ty->all[ty->typed++ % 3];
        struct replica *r = link_replica(s->link);
        const struct text *text = audit_text(replica_audit(r), ty->b->field);
        struct err_info why = {0};
        s->pending[++ty->batches[s->index] % RING] = load_now_ns();
        if (replica_insert(r, ty->b->field, text ? text_len_cp(text) : 0, "x", 1, &why))
            load_die("typing: %s", why.text);
    }
    screens_time(ty->all);
}

static void scenario_key_press(struct bench *b)
{
    struct screen all[3];
    struct samples samples = {0};
    char ref[32];
    struct load_peer *ana = connect_as(b, 0);
    if (!b->fca)
        find_field(b, ana);
    make_audit(b, ana, ref);
    disconnect(b, ana);
    for (int i = 0; i < 3; i++) {
        struct screen *s = &all[i];
        *s = (struct screen){.b = b, .all = all, .index = i, .samples = &samples};
        s->pending = calloc(RING, sizeof *s->pending);
        snprintf(s->ref, sizeof s->ref, "%s", ref);
        load_connect(&b->loop, &s->peer, &b->site, screen_identity(s), screen_message, s);
        s->peer.on_ready = screen_ready;
    }
    while (!all[0].joined || !all[1].joined || !all[2].joined) {
        uv_run(&b->loop, UV_RUN_ONCE);
        screens_time(all);
    }
    struct typing ty = {.all = all, .b = b, .start_ns = load_now_ns()};
    uv_timer_init(&b->loop, &ty.timer);
    ty.timer.data = &ty;
    uv_timer_start(&ty.timer, on_typing, 1, 1);
    load_run_for(&b->loop, seconds_each * 2);
    uv_close((uv_handle_t *)&ty.timer, NULL);
    load_run_for(&b->loop, 0.2);
    fprintf(b->out,
            "3 editors in 1 audit, 8 characters/s each: key press to the others' screen model p50 "
            "%.2f ms "
            "(aim 2) p99 %.2f ms (aim 10), %zu seen\n",
            percentile_ms(&samples, 0.5), percentile_ms(&samples, 0.99), samples.n);
    for (int i = 0; i < 3; i++) {
        load_close(&all[i].peer);
        load_run_until(&b->loop, &all[i].peer.closed, 10, "a connection's end");
        link_free(all[i].link);
        free(all[i].pending);
    }
    samples_free(&samples);
}

static void scenario_idle_1000(struct bench *b)
{
    scenario_idle(b, 1000);
}

static void scenario_idle_5000(struct bench *b)
{
    scenario_idle(b, 5000);
}

static const struct scenario {
    const char *name;
    void (*run)(struct bench *b);
} scenarios[] = {
    {"key-press",   scenario_key_press  },
    {"flat-out",    scenario_flat_out   },
    {"fixed",       scenario_fixed      },
    {"crowd",       scenario_crowd      },
    {"bytes",       scenario_bytes      },
    {"disk",        scenario_disk       },
    {"slow-reader", scenario_slow_reader},
    {"join",        scenario_join       },
    {"idle-1000",   scenario_idle_1000  },
    {"idle-5000",   scenario_idle_5000  },
};

/* The runs' texts differ only in their numbers: prints the text with the median of each, written as
 * in the first run. Runs whose words differ (a warning among them) are printed one by one. */
static void print_medians(char *const *runs, int n)
{
    const char *at[MAX_REPEATS];
    struct buf line = BUF_INIT;
    for (int i = 0; i < n; i++)
        at[i] = runs[i];
    while (*at[0]) {
        double values[MAX_REPEATS];
        char *end = NULL;
        if (*at[0] < '0' || *at[0] > '9') {
            for (int i = 1; i < n; i++)
                if (*at[i]++ != *at[0])
                    goto differ;
            buf_append_u8(&line, (uint8_t)*at[0]++);
            continue;
        }
        size_t len = strspn(at[0], "0123456789."), whole = strcspn(at[0], ".");
        if (at[0][len - 1] == '.')
            len--; /* the end of a sentence */
        for (int i = 0; i < n; i++) {
            values[i] = strtod(at[i], &end);
            at[i] = i ? end : at[0] + len;
        }
        qsort(values, (size_t)n, sizeof *values, compare_double);
        buf_appendf(&line, "%.*f", whole < len ? (int)(len - whole - 1) : 0, values[n / 2]);
    }
    fputs(buf_cstr(&line), stdout);
    buf_free(&line);
    return;
differ:
    buf_free(&line);
    for (int i = 0; i < n; i++)
        fputs(runs[i], stdout);
}

static void run_scenario(struct bench *b, const struct scenario *s, int repeats)
{
    char *runs[MAX_REPEATS];
    size_t len;
    for (int i = 0; i < repeats; i++) {
        b->out = open_memstream(&runs[i], &len);
        if (!b->out)
            abort();
        s->run(b);
        fclose(b->out);
    }
    print_medians(runs, repeats);
    for (int i = 0; i < repeats; i++)
        free(runs[i]);
    fflush(stdout);
}

int main(int argc, char **argv)
{
    const char *only = NULL;
    int repeats = 3;
    static const struct option options[] = {
        {"seconds", 1, NULL, 's'},
        {"only",     1, NULL, 'o'},
        {"repeat",         1, NULL, 'r'},
        {0   }
    };
    for (int o; (o = getopt_long(argc, argv, "", options, NULL)) != -1;) {
        if (o == 's')
            seconds_each = strtod(optarg, NULL);
        else if (o == 'o')
            only = optarg;
        else if (o == 'r')
            repeats = (int)strtol(optarg, NULL, 10);
        else
            return 2;
    }
    if (repeats < 1 || repeats > MAX_REPEATS) {
        fprintf(stderr, "bench: --repeat takes 1 to %d\n", MAX_REPEATS);
        return 2;
    }
    struct utsname u;
    uname(&u);
    signal(SIGPIPE, SIG_IGN);
    struct rlimit fds = {.rlim_cur = 20000, .rlim_max = 20000};
    if (setrlimit(RLIMIT_NOFILE, &fds))
        fprintf(stderr, "bench: the limit of open files stays low; idle-5000 may fail\n");
    printf("machine: %s %s, %ld processors; load and server share them; medians of %d runs\n",
           u.sysname, u.release, sysconf(_SC_NPROCESSORS_ONLN), repeats);
    struct bench b = {0};
    uv_loop_init(&b.loop);
    bench_site(&b);
    for (size_t i = 0; i < sizeof scenarios / sizeof *scenarios; i++) {
        if (only && strcmp(only, scenarios[i].name))
            continue;
        run_scenario(&b, &scenarios[i], repeats);
    }
    load_site_stop(&b.site, SIGTERM);
    load_site_remove(&b.site);
    template_free(b.fca);
    return 0;
}
