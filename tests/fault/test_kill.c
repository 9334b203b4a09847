/* Durability: the server is killed (SIGKILL) again and again under twenty people who type, and
 * started again each time. A ledger outside of it notes every acknowledgement. At the end the log
 * must hold every acknowledged batch at the number it was acknowledged with: nothing lost, doubled,
 * reordered. A batch that was on its way when the server died is sent again, as a client would do.
 * KILL_ROUNDS in the environment asks for more (default 50). */

#include <criterion/criterion.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/audit/audit.h"
#include "common/log.h"
#include "tests/lib/load.h"

enum { AUDITS = 4, EACH = 5, WRITERS = AUDITS * EACH, AGENTS = 256 };

struct kill_writer {
    struct kill_test *test;
    struct load_peer *peer;
    int audit;
    uint32_t agent;
    struct text *text;
    struct buf last; /* the body of its last batch, for sending again */
    uint64_t last_no;
    bool answered; /* the last batch was acknowledged */
};

struct kill_ack {
    int audit;
    uint32_t agent;
    uint64_t batch_no, seq;
};

struct kill_test {
    uv_loop_t loop;
    struct load_site site;
    struct load_identity people[3];
    struct field field;
    char refs[AUDITS][32];
    struct kill_writer writers[WRITERS];
    struct kill_ack *acks;
    size_t nacks, acks_cap, enough;
    bool reached;
    uint64_t again; /* batches sent a second time */
};

static void send_next(struct kill_writer *w)
{
    struct buf op = BUF_INIT;
    char word[16];
    int n = snprintf(word, sizeof word, "%u.%llu ", w->agent, (unsigned long long)w->last_no + 1);
    cr_assert_eq(text_insert(w->text, w->agent, text_len_cp(w->text), word, (size_t)n, &op),
                 ERR_OK);
    struct audit_op a = {
        .kind = OP_TEXT, .text = {.field = w->test->field, .blob = op.data, .blob_len = op.len}
    };
    struct event_body body = {.agent = w->agent, .batch_no = ++w->last_no, .ops = &a, .nops = 1};
    buf_clear(&w->last);
    event_body_encode(&body, &w->last);
    buf_free(&op);
    w->answered = false;
    load_send_edit(w->peer, w->last.data, w->last.len);
}

static void note_ack(struct kill_test *t, const struct kill_writer *w, const Tandem__Acked *acked)
{
    if (t->nacks == t->acks_cap) {
        t->acks_cap = t->acks_cap ? t->acks_cap * 2 : 1024;
        t->acks = realloc(t->acks, t->acks_cap * sizeof *t->acks);
        cr_assert(t->acks);
    }
    t->acks[t->nacks++] = (struct kill_ack){.audit = w->audit,
                                            .agent = w->agent,
                                            .batch_no = acked->batch_no,
                                            .seq = w->peer->acked_seq};
    if (t->nacks >= t->enough)
        t->reached = true;
}

static void on_message(struct load_peer *p, const Tandem__Envelope *m)
{
    struct kill_writer *w = p->user;
    if (m->body_case == TANDEM__ENVELOPE__BODY_ERROR)
        load_die("refused: %s", m->error->text);
    if (m->body_case != TANDEM__ENVELOPE__BODY_ACKED)
        return;
    cr_assert_eq(m->acked->batch_no, w->last_no, "an acknowledgement for batch %llu, sent was %llu",
                 (unsigned long long)m->acked->batch_no, (unsigned long long)w->last_no);
    note_ack(w->test, w, m->acked);
    w->answered = true;
    if (!w->test->reached)
        send_next(w);
}

static void drop(struct load_peer *p, const Tandem__Envelope *m)
{
    (void)p, (void)m;
}

static struct load_peer *connect_as(struct kill_test *t, int person)
{
    struct load_peer *p = calloc(1, sizeof *p);
    cr_assert(p);
    load_connect(&t->loop, p, &t->site, &t->people[person], drop, NULL);
    tandem__envelope__free_unpacked(load_ask(&t->loop, p, NULL), NULL);
    return p;
}

static void disconnect(struct kill_test *t, struct load_peer *p)
{
    load_close(p);
    load_run_until(&t->loop, &p->closed, 10, "a connection's end");
    free(p);
}

static void make_audits(struct kill_test *t)
{
    struct load_peer *ana = connect_as(t, 0);
    struct err_info why = {0};
    for (int i = 0; i < AUDITS; i++) {
        Tandem__Envelope m = TANDEM__ENVELOPE__INIT;
        Tandem__NewAudit n = TANDEM__NEW_AUDIT__INIT;
        m.body_case = TANDEM__ENVELOPE__BODY_NEW_AUDIT;
        m.new_audit = &n;
        n.template_id = (char *)(uintptr_t) "FCA";
        n.carer_ref = (char *)(uintptr_t) "CR-1";
        n.practitioner = (char *)(uintptr_t) "Ben";
        n.start_reason = (char *)(uintptr_t) "tests write at once";
        Tandem__Envelope *a = load_ask(&t->loop, ana, &m);
        cr_assert_eq(a->body_case, TANDEM__ENVELOPE__BODY_AUDIT_CREATED);
        snprintf(t->refs[i], sizeof t->refs[i], "%s", a->audit_created->ref);
        tandem__envelope__free_unpacked(a, NULL);
        Tandem__SetMember s = TANDEM__SET_MEMBER__INIT;
        m = (Tandem__Envelope)TANDEM__ENVELOPE__INIT;
        m.body_case = TANDEM__ENVELOPE__BODY_SET_MEMBER;
        m.set_member = &s;
        s.ref = t->refs[i];
        s.person = (char *)(uintptr_t) "Cleo";
        s.role = ROLE_FSW;
        tandem__envelope__free_unpacked(load_ask(&t->loop, ana, &m), NULL);
    }
    Tandem__Envelope m = TANDEM__ENVELOPE__INIT;
    Tandem__GetTemplate get = TANDEM__GET_TEMPLATE__INIT;
    m.body_case = TANDEM__ENVELOPE__BODY_GET_TEMPLATE;
    m.get_template = &get;
    get.id = (char *)(uintptr_t) "FCA";
    Tandem__Envelope *a = load_ask(&t->loop, ana, &m);
    struct template *fca = NULL;
    cr_assert_eq(template_decode(a->template_reply->template_.data,
                                 a->template_reply->template_.len, &fca, &why),
                 ERR_OK, "%s", why.text);
    t->field = (struct field){.question = template_question_find(fca, "B1")->number,
                              .part = PART_RATIONALE};
    template_free(fca);
    tandem__envelope__free_unpacked(a, NULL);
    disconnect(t, ana);
}

static void set_up(struct kill_test *t)
{
    static const char *const names[] = {"Ana", "Ben", "Cleo"};
    static const char *const roles[] = {"FRO:north", "FSW:north", "FSW:north"};
    signal(SIGPIPE, SIG_IGN);
    uv_loop_init(&t->loop);
    load_site_init(&t->site);
    load_site_start(&t->site);
    for (int i = 0; i < 3; i++) {
        char code[600];
        load_site_add_person(&t->site, names[i], roles[i], code);
        load_enrol(&t->loop, &t->site, code, &t->people[i]);
    }
    make_audits(t);
    for (int i = 0; i < WRITERS; i++)
        t->writers[i] = (struct kill_writer){
            .test = t, .audit = i / EACH, .text = text_new(), .answered = true};
}

/* Everybody comes (back), sends again what was not answered, and types on until enough was
 * acknowledged; then the server dies. */
static void one_round(struct kill_test *t, size_t more)
{
    t->reached = false;
    t->enough = t->nacks + more;
    for (int i = 0; i < WRITERS; i++) {
        struct kill_writer *w = &t->writers[i];
        w->peer = connect_as(t, i % 3);
        w->peer->agent = w->agent;
        load_join(&t->loop, w->peer, t->refs[w->audit], false);
        cr_assert(!w->agent || w->peer->agent == w->agent,
                  "agent %u was not given back, it is %u now", w->agent, w->peer->agent);
        w->agent = w->peer->agent;
        w->peer->on_message = on_message;
        w->peer->user = w;
    }
    for (int i = 0; i < WRITERS; i++) {
        struct kill_writer *w = &t->writers[i];
        if (w->answered) {
            send_next(w);
            continue;
        }
        t->again++; /* it may be on disk or not: the server must know which */
        load_send_edit(w->peer, w->last.data, w->last.len);
    }
    load_run_until(&t->loop, &t->reached, 60, "acknowledgements");
    load_site_stop(&t->site, SIGKILL);
    for (int i = 0; i < WRITERS; i++) /* what came before the end still counts */
        load_run_until(&t->loop, &t->writers[i].peer->closed, 30, "the line's end");
    for (int i = 0; i < WRITERS; i++)
        free(t->writers[i].peer);
    load_site_start(&t->site);
}

struct kill_log {
    uint32_t *agent;
    uint64_t *batch_no;
    size_t n, cap;
};

static void log_add(struct kill_log *log, const Tandem__Event *e)
{
    struct event_body *body = NULL;
    cr_assert_eq(e->seq, log->n + 1, "event %zu has number %llu", log->n + 1,
                 (unsigned long long)e->seq);
    cr_assert_eq(event_body_decode(e->body.data, e->body.len, &body, NULL), ERR_OK);
    if (log->n == log->cap) {
        log->cap = log->cap ? log->cap * 2 : 1024;
        log->agent = realloc(log->agent, log->cap * sizeof *log->agent);
        log->batch_no = realloc(log->batch_no, log->cap * sizeof *log->batch_no);
        cr_assert(log->agent && log->batch_no);
    }
    log->agent[log->n] = body->agent;
    log->batch_no[log->n++] = body->batch_no;
    event_body_free(body);
}

static struct kill_log read_log(struct kill_test *t, struct load_peer *p, const char *ref)
{
    struct kill_log log = {0};
    for (bool more = true; more;) {
        Tandem__Envelope m = TANDEM__ENVELOPE__INIT;
        Tandem__History h = TANDEM__HISTORY__INIT;
        m.body_case = TANDEM__ENVELOPE__BODY_HISTORY;
        m.history = &h;
        h.ref = (char *)(uintptr_t)ref;
        h.from_seq = log.n + 1;
        h.max_events = 1000;
        Tandem__Envelope *a = load_ask(&t->loop, p, &m);
        cr_assert_eq(a->body_case, TANDEM__ENVELOPE__BODY_HISTORY_PAGE);
        for (size_t i = 0; i < a->history_page->n_events; i++)
            log_add(&log, a->history_page->events[i]);
        more = a->history_page->n_events && log.n < a->history_page->last_seq;
        tandem__envelope__free_unpacked(a, NULL);
    }
    return log;
}

static void check_audit(struct kill_test *t, int audit, const struct kill_log *log)
{
    uint64_t last[AGENTS] = {0};
    for (size_t i = 0; i < log->n; i++) {
        if (!log->agent[i])
            continue;
        cr_assert_lt(log->agent[i], AGENTS);
        cr_assert_eq(log->batch_no[i], last[log->agent[i]] + 1,
                     "agent %u: batch %llu follows batch %llu", log->agent[i],
                     (unsigned long long)log->batch_no[i], (unsigned long long)last[log->agent[i]]);
        last[log->agent[i]] = log->batch_no[i];
    }
    for (size_t i = 0; i < t->nacks; i++) {
        const struct kill_ack *a = &t->acks[i];
        if (a->audit != audit)
            continue;
        cr_assert_leq(a->seq, log->n, "event %llu was acknowledged and is lost",
                      (unsigned long long)a->seq);
        cr_assert_leq(a->batch_no, last[a->agent], "batch %llu of agent %u is lost",
                      (unsigned long long)a->batch_no, a->agent);
        if (a->seq == 1) /* a retry older than what the server remembers: it is there, no more */
            continue;
        cr_assert(log->agent[a->seq - 1] == a->agent && log->batch_no[a->seq - 1] == a->batch_no,
                  "event %llu is not what was acknowledged", (unsigned long long)a->seq);
    }
}

Test(kill, nothing_acknowledged_is_lost_doubled_or_reordered, .timeout = 600)
{
    const char *asked = getenv("KILL_ROUNDS");
    unsigned long rounds = asked ? strtoul(asked, NULL, 10) : 50;
    struct kill_test *t = calloc(1, sizeof *t);
    cr_assert(t);
    set_up(t);
    for (unsigned long i = 0; i < rounds; i++)
        one_round(t, 20 + (i * 37) % 300);
    cr_expect(t->again > 0, "no batch was on its way at any of the kills: nothing was tried");
    struct load_peer *ana = connect_as(t, 0);
    for (int i = 0; i < AUDITS; i++) {
        struct kill_log log = read_log(t, ana, t->refs[i]);
        check_audit(t, i, &log);
        free(log.agent);
        free(log.batch_no);
    }
    fprintf(stderr, "kill: %lu kills, %zu acknowledgements, %llu batches sent again\n", rounds,
            t->nacks, (unsigned long long)t->again);
    load_site_stop(&t->site, SIGTERM);
    load_site_verify(&t->site);
    load_site_remove(&t->site);
}
