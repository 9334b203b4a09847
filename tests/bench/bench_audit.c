/* What the fold costs per key press, per answer and per newcomer, on the built-in template: medians
 * of several runs, in nanoseconds. make build/release/tests/bench/bench_audit */

#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "common/audit/audit.h"
#include "server/content/template_yaml.h"
#include "tests/lib/traces.h"

enum { RUNS = 9, TEXTS = 24, SENTENCES = 40, PRESSES = 2000, SETS = 500, FRO = 1, FSW = 2 };

static const struct viewer fro = {.person = FRO}, fsw = {.person = FSW};

struct figures {
    double encode, decode, check, apply, progress, redact, body_bytes;
    double set_and_progress, snapshot_encode, snapshot_decode, snapshot_bytes;
};

struct bench {
    const struct template *t;
    struct audit *a;
    uint64_t seq, batch[3]; /* by agent */
};

static void need(bool ok, const char *what)
{
    if (ok)
        return;
    fprintf(stderr, "bench_audit: %s\n", what);
    exit(1);
}

static double now_ns(void)
{
    struct timespec ts;
    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (double)ts.tv_sec * 1e9 + (double)ts.tv_nsec;
}

static void apply(struct bench *b, struct audit_op *ops, size_t nops, bool server)
{
    struct event e = {
        .seq = ++b->seq,
        .utc_ms = (int64_t)b->seq,
        .actor = FRO,
        .body = {.agent = server ? 0 : 1,
                 .batch_no = server ? 0 : ++b->batch[1],
                 .ops = ops,
                 .nops = nops}
    };
    need(!audit_apply(b->a, &e), "an event was not applied");
}

static void create(struct bench *b)
{
    struct audit_op ops[] = {
        {.kind = OP_CREATE,
         .create = {.ref = "FCA-1",
                    .template_id = b->t->id,
                    .template_version = b->t->version,
                    .team = "",
                    .carer_ref = "C",
                    .period_from = "2026-01-01",
                    .period_to = "2026-12-31",
                    .state = AUDIT_IN_PROGRESS}              },
        {.kind = OP_MEMBER_ADD, .member = {FRO, ROLE_FRO, ""}},
        {.kind = OP_MEMBER_ADD, .member = {FSW, ROLE_FSW, ""}},
    };
    b->a = audit_new(b->t);
    need(b->a, "no memory");
    apply(b, ops, 3, true);
}

/* The n-th live text that the auditor writes; wraps around. */
static struct field text_field(const struct bench *b, size_t n)
{
    struct field found[64];
    size_t count = 0;
    for (uint16_t q = 1; q <= b->t->nquestions && count < 64; q++) {
        uint32_t kinds = template_question(b->t, q)->kinds;
        enum part part = kinds & KIND_JUDGEMENT ? PART_RATIONALE
                         : kinds & KIND_TEXT    ? PART_TEXT
                                                : PART_NONE;
        struct field f = {.question = q, .part = (uint16_t)part};
        if (part && audit_right(b->a, &fro, f, NULL) == RIGHT_WRITE)
            found[count++] = f;
    }
    need(count, "no texts");
    return found[n % count];
}

static void fill(struct bench *b)
{
    struct text *mine[TEXTS];
    struct buf op = BUF_INIT;
    for (size_t i = 0; i < TEXTS; i++)
        mine[i] = text_new();
    for (size_t k = 0; k < SENTENCES; k++)
        for (size_t i = 0; i < TEXTS; i++) {
            buf_clear(&op);
            static const char words[] = "The plan was reviewed with her carer and her school. ";
            need(!text_insert(mine[i], 1, k * (sizeof words - 1), words, sizeof words - 1, &op),
                 "insert");
            struct audit_op o = {
                .kind = OP_TEXT, .text = {text_field(b, i), op.data, op.len}
            };
            apply(b, &o, 1, false);
        }
    for (size_t i = 0; i < TEXTS; i++)
        text_free(mine[i]);
    buf_free(&op);
}

/* Keys pressed at the end of one text that already holds some words. */
static void press(struct bench *b, struct figures *f)
{
    struct field where = text_field(b, 3);
    struct text *mine;
    struct buf state = BUF_INIT, op = BUF_INIT, wire = BUF_INIT, out = BUF_INIT;
    text_encode(audit_text(b->a, where), true, &state);
    need(!text_decode(state.data, state.len, &mine), "decode");
    double t[7];
    for (int i = 0; i < PRESSES; i++) {
        buf_clear(&op);
        buf_clear(&wire);
        buf_clear(&out);
        need(!text_insert(mine, 1, text_len_cp(mine), "x", 1, &op), "insert");
        struct audit_op o = {
            .kind = OP_TEXT, .text = {where, op.data, op.len}
        };
        struct event_body body = {.agent = 1, .batch_no = b->batch[1] + 1, .ops = &o, .nops = 1};
        struct event_body *back;
        bool changed, reveal;
        t[0] = now_ns();
        event_body_encode(&body, &wire);
        t[1] = now_ns();
        enum err e = event_body_decode(wire.data, wire.len, &back, NULL);
        t[2] = now_ns();
        need(!e && !audit_check(b->a, &fro, back, NULL, NULL), "check");
        t[3] = now_ns();
        apply(b, back->ops, 1, false);
        t[4] = now_ns();
        (void)audit_progress(b->a);
        t[5] = now_ns();
        need(!audit_redact_body(b->a, &fsw, back, &out, &changed, &reveal), "redact");
        t[6] = now_ns();
        double *sums[] = {&f->encode, &f->decode, &f->check, &f->apply, &f->progress, &f->redact};
        for (size_t k = 0; k < 6; k++)
            *sums[k] += (t[k + 1] - t[k]) / PRESSES;
        f->body_bytes += (double)wire.len / PRESSES;
        event_body_free(back);
    }
    text_free(mine);
    buf_free(&state);
    buf_free(&op);
    buf_free(&wire);
    buf_free(&out);
}

static void set(struct bench *b, struct figures *f)
{
    struct field where = {.part = PART_YNP};
    for (uint16_t q = 1; q <= b->t->nquestions && !where.question; q++)
        if (template_question(b->t, q)->kinds & KIND_YNP)
            where.question = q;
    double start = now_ns();
    for (int i = 0; i < SETS; i++) {
        struct audit_op o = {
            .kind = OP_SET, .set = {where, i & 1 ? "yes" : "no", audit_value(b->a, where).rev}
        };
        apply(b, &o, 1, false);
        (void)audit_progress(b->a);
    }
    f->set_and_progress = (now_ns() - start) / SETS;
}

static void join(struct bench *b, struct figures *f)
{
    struct buf bytes = BUF_INIT;
    struct audit *back;
    double start = now_ns();
    audit_encode(b->a, &fsw, &bytes);
    double middle = now_ns();
    need(!audit_decode(b->t, bytes.data, bytes.len, &back, NULL), "snapshot");
    f->snapshot_decode = now_ns() - middle;
    f->snapshot_encode = middle - start;
    f->snapshot_bytes = (double)bytes.len;
    audit_free(back);
    buf_free(&bytes);
}

/* ---- memory of an open audit ---- */

static size_t heap_in_use(void)
{
    struct mallinfo2 m = mallinfo2();
    return m.uordblks + m.hblkhd;
}

static void say_memory(const char *what, const struct audit *a, size_t heap_before)
{
    printf("%-52s %10zu %10zu\n", what, audit_memory_bytes(a), heap_in_use() - heap_before);
}

/* One answer of some 3,000 characters, typed by two people in turn with corrections: a key press is
 * an event, five in a second. */
static void write_answer(struct bench *b, struct field where, uint64_t seed)
{
    enum { KEYS = 4300, TURN = 150, KEY_MS = 200 };
    struct trace *tr = trace_paper("answer", KEYS, 30, seed);
    struct text *mine = text_new();
    struct buf op = BUF_INIT;
    need(tr && mine, "no memory");
    for (size_t i = 0; i < tr->n_patches; i++) {
        const struct patch *p = &tr->patches[i];
        uint32_t who = i / TURN % 2 ? FSW : FRO;
        buf_clear(&op);
        enum err e = p->deleted_cp ? text_delete(mine, who, p->pos_cp, p->pos_cp + p->deleted_cp,
                                                 TEXT_WHEN_PENDING, &op)
                                   : ERR_OK;
        if (!e && p->ins_bytes)
            e = text_insert(mine, who, p->pos_cp, (const char *)tr->words.data + p->ins,
                            p->ins_bytes, &op);
        need(!e, "an edit was refused");
        struct audit_op o = {
            .kind = OP_TEXT, .text = {where, op.data, op.len}
        };
        struct event ev = {
            .seq = ++b->seq,
            .utc_ms = (int64_t)(b->seq * KEY_MS),
            .actor = who,
            .body = {.agent = who, .batch_no = ++b->batch[who], .ops = &o, .nops = 1}
        };
        need(!audit_apply(b->a, &ev), "an event was not applied");
    }
    text_free(mine);
    trace_free(tr);
    buf_free(&op);
}

/* In a function of its own, which comes first, so that the heap has no holes. */
static void memory(const struct template *t)
{
    enum { ANSWERS = 20 };
    struct bench b = {.t = t};
    struct buf state = BUF_INIT;
    struct audit *back;
    printf("%-52s %10s %10s\n", "memory of an open audit, bytes", "it says", "allocator");
    size_t heap = heap_in_use();
    create(&b);
    say_memory("empty", b.a, heap);
    double start = now_ns();
    for (size_t i = 0; i < ANSWERS; i++)
        write_answer(&b, text_field(&b, i), i + 1);
    double spent = now_ns() - start;
    say_memory("20 answers of 3,000 characters by two people", b.a, heap);
    audit_encode(b.a, NULL, &state);
    audit_free(b.a);
    heap = heap_in_use();
    need(!audit_decode(t, state.data, state.len, &back, NULL), "snapshot");
    say_memory("the same, from its snapshot", back, heap);
    printf("%-52s %10zu\n", "its snapshot", state.len);
    printf("%-52s %10.0f\n", "a key of them typed, checked and folded, ns", spent / (double)b.seq);
    audit_free(back);
    buf_free(&state);
}

static int by_value(const void *x, const void *y)
{
    double a, b;
    memcpy(&a, x, sizeof a);
    memcpy(&b, y, sizeof b);
    return a < b ? -1 : a > b;
}

int main(void)
{
    static const char *const names[] = {
        "encode one typed character, ns",
        "decode it, ns",
        "check it, ns",
        "apply it, ns",
        "progress after it, ns",
        "redact it for one reader, ns",
        "its bytes",
        "set an answer and reckon progress, ns",
        "snapshot of 50 KB of text for a reader, encode, ns",
        "the same, decode, ns",
        "the same, bytes",
    };
    enum { N = sizeof names / sizeof *names };
    static double all[N][RUNS];
    struct template *t;
    struct err_info why = {0};
    need(!template_builtin("FCA", &t, &why), why.text);
    memory(t);
    for (size_t run = 0; run < RUNS; run++) {
        struct bench b = {.t = t};
        struct figures f = {0};
        create(&b);
        fill(&b);
        press(&b, &f);
        set(&b, &f);
        join(&b, &f);
        double values[N];
        _Static_assert(sizeof f == sizeof values, "a name for each figure");
        memcpy(values, &f, sizeof values);
        for (size_t k = 0; k < N; k++)
            all[k][run] = values[k];
        audit_free(b.a);
    }
    for (size_t k = 0; k < N; k++) {
        qsort(all[k], RUNS, sizeof all[k][0], by_value);
        printf("%-52s %10.0f\n", names[k], all[k][RUNS / 2]);
    }
    template_free(t);
    return 0;
}
