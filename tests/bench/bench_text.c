/* Figures of the shared text: make bench-text [TRACES=DIR]. Every time is the median of repeated
 * runs; ratios are to floor programs (tests/lib/floor.h) run in between, so that a slow moment of
 * the machine slows both. Every replay is compared with what the trace says it must end in. */

#include <assert.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "common/text/text.h"
#include "common/utf8.h"
#include "tests/lib/floor.h"
#include "tests/lib/traces.h"

enum { RUNS = 7, ME = 1 };

/* Time of this program on its core: what others do on a shared machine does not count. */
static double now_ns(void)
{
    struct timespec ts;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);
    return (double)ts.tv_sec * 1e9 + (double)ts.tv_nsec;
}

static int double_compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return x < y ? -1 : x > y;
}

static double median(double *v, size_t n)
{
    qsort(v, n, sizeof *v, double_compare);
    return v[n / 2];
}

static void must(bool ok, const char *what)
{
    if (ok)
        return;
    fprintf(stderr, "bench_text: WRONG: %s\n", what);
    exit(1);
}

static size_t heap_in_use(void)
{
    struct mallinfo2 m = mallinfo2();
    return m.uordblks + m.hblkhd;
}

/* ---- replays ---- */

static void expect_end(const struct text *t, const struct trace *tr, const char *what)
{
    struct buf b = BUF_INIT;
    text_read(t, 0, text_len_cp(t), &b);
    must(b.len == tr->end.len && memcmp(b.data, tr->end.data, b.len) == 0, what);
    buf_free(&b);
}

/* One byte for each character typed, for the floors. */
static char *one_byte_words(const struct trace *tr, size_t *first)
{
    char *out = malloc(tr->typed_cp + 1);
    size_t n = 0;
    must(out, "memory");
    for (size_t i = 0; i < tr->n_patches; i++) {
        const uint8_t *p = tr->words.data + tr->patches[i].ins, *end = p + tr->patches[i].ins_bytes;
        first[i] = n;
        for (uint32_t cp; p < end; p += utf8_decode(p, end, &cp))
            out[n++] = *p < 0x80 ? (char)*p : '?';
    }
    return out;
}

struct floor_input {
    char *words;
    size_t *first;
};

static double run_floor(const struct trace *tr, const struct floor_input *in, bool authors,
                        struct buf *end)
{
    struct floor f;
    double start = now_ns();
    floor_init(&f, authors);
    for (size_t i = 0; i < tr->n_patches; i++) {
        const struct patch *p = &tr->patches[i];
        floor_edit(&f, p->pos_cp, p->deleted_cp, in->words + in->first[i], p->ins_cp, ME);
    }
    double ns = now_ns() - start;
    if (end)
        floor_read(&f, end);
    floor_fini(&f);
    return ns / (double)tr->n_patches;
}

static void patch_local(struct text *t, uint32_t agent, const struct trace *tr,
                        const struct patch *p, struct buf *op)
{
    enum err e = ERR_OK;
    if (p->deleted_cp)
        e = text_delete(t, agent, p->pos_cp, p->pos_cp + p->deleted_cp, TEXT_WHEN_PENDING, op);
    if (!e && p->ins_bytes)
        e = text_insert(t, agent, p->pos_cp, (const char *)tr->words.data + p->ins, p->ins_bytes,
                        op);
    must(!e, "a local edit was refused");
}

static double run_local(const struct trace *tr, struct text **keep)
{
    struct buf op = BUF_INIT;
    double start = now_ns();
    struct text *t = text_new();
    for (size_t i = 0; i < tr->n_patches; i++) {
        buf_clear(&op);
        patch_local(t, ME, tr, &tr->patches[i], &op);
    }
    double ns = now_ns() - start;
    buf_free(&op);
    if (keep)
        *keep = t;
    else
        text_free(t);
    return ns / (double)tr->n_patches;
}

struct blobs {
    struct buf bytes;
    size_t *at; /* n + 1 */
    size_t n;
};

static struct blobs make_blobs(const struct trace *tr)
{
    struct blobs b = {.at = malloc((tr->n_patches + 1) * sizeof *b.at), .n = tr->n_patches};
    struct text *t = text_new();
    must(b.at && t, "memory");
    for (size_t i = 0; i < tr->n_patches; i++) {
        b.at[i] = b.bytes.len;
        patch_local(t, ME, tr, &tr->patches[i], &b.bytes);
    }
    b.at[b.n] = b.bytes.len;
    text_free(t);
    return b;
}

static void free_blobs(struct blobs *b)
{
    buf_free(&b->bytes);
    free(b->at);
}

/* The server's time goes on every `keys` patches: deletions at different times are different runs;
 * 0: it stands still, which is what programs see that do not keep the time. */
static double run_remote_at(const struct blobs *b, size_t keys, struct text **keep)
{
    double start = now_ns();
    struct text *t = text_new();
    for (size_t i = 0; i < b->n; i++)
        must(!text_apply(t, ME, keys ? i / keys : 0, b->bytes.data + b->at[i],
                         b->at[i + 1] - b->at[i]),
             "a remote edit was refused");
    double ns = now_ns() - start;
    if (keep)
        *keep = t;
    else
        text_free(t);
    return ns / (double)b->n;
}

static double run_remote(const struct blobs *b, struct text **keep)
{
    return run_remote_at(b, 1, keep);
}

/* ---- tables ---- */

static struct trace *loaded[8];
static size_t n_loaded;

static void fill_end(struct trace *tr)
{
    size_t *first = malloc(tr->n_patches * sizeof *first);
    must(first, "memory");
    struct floor_input in = {.words = one_byte_words(tr, first), .first = first};
    (void)run_floor(tr, &in, false, &tr->end);
    free(in.words);
    free(first);
}

static void load_traces(const char *dir)
{
    static const char *const names[] = {"sveltecomponent", "rustcode", "seph-blog1",
                                        "automerge-paper"};
    for (size_t i = 0; dir && i < sizeof names / sizeof *names; i++) {
        struct trace *t = trace_load(dir, names[i]);
        if (t)
            loaded[n_loaded++] = t;
    }
    if (n_loaded)
        return;
    printf("No recorded traces: these were made here (TRACES=DIR uses recorded ones).\n");
    loaded[n_loaded++] = trace_paper("made-code", 40000, 6, 1);
    loaded[n_loaded++] = trace_paper("made-paper", 260000, 25, 2);
    for (size_t i = 0; i < n_loaded; i++)
        fill_end(loaded[i]);
}

struct times {
    double gap, floor, local, remote;
};

static struct times measure(const struct trace *tr)
{
    double v[4][RUNS];
    size_t *first = malloc(tr->n_patches * sizeof *first);
    must(first, "memory");
    struct floor_input in = {.words = one_byte_words(tr, first), .first = first};
    struct blobs blobs = make_blobs(tr);
    for (size_t r = 0; r < RUNS; r++) {
        v[0][r] = run_floor(tr, &in, false, NULL);
        v[1][r] = run_floor(tr, &in, true, NULL);
        v[2][r] = run_local(tr, NULL);
        v[3][r] = run_remote(&blobs, NULL);
    }
    struct text *t;
    (void)run_local(tr, &t);
    expect_end(t, tr, "local replay");
    text_free(t);
    (void)run_remote(&blobs, &t);
    expect_end(t, tr, "remote replay");
    text_free(t);
    free_blobs(&blobs);
    free(in.words);
    free(first);
    return (struct times){median(v[0], RUNS), median(v[1], RUNS), median(v[2], RUNS),
                          median(v[3], RUNS)};
}

static void table_edits(void)
{
    printf("\nEdits, ns per patch (aims: local <= 3.0x, remote <= 5.0x the second floor)\n");
    printf("%-18s %9s %9s %9s %9s %9s %9s\n", "trace", "gap", "+authors", "local", "ratio",
           "remote", "ratio");
    for (size_t i = 0; i < n_loaded; i++) {
        struct times t = measure(loaded[i]);
        printf("%-18s %9.1f %9.1f %9.1f %8.2fx %9.1f %8.2fx\n", loaded[i]->name, t.gap, t.floor,
               t.local, t.local / t.floor, t.remote, t.remote / t.floor);
        fflush(stdout);
    }
}

/* ---- memory and state ---- */

struct run_count {
    size_t runs;
};

static bool count_run(void *user, const struct text_run *run)
{
    (void)run;
    ((struct run_count *)user)->runs++;
    return true;
}

static double time_decode(const struct buf *state)
{
    double v[RUNS];
    for (size_t r = 0; r < RUNS; r++) {
        struct text *t = NULL;
        double start = now_ns();
        must(!text_decode(state->data, state->len, &t), "own state refused");
        v[r] = now_ns() - start;
        text_free(t);
    }
    return median(v, RUNS) / 1e6;
}

static size_t joined_log(const struct blobs *b)
{
    struct buf out = BUF_INIT;
    must(!text_join(ME, b->bytes.data, b->bytes.len, &out), "join");
    struct text *t = text_new();
    must(!text_apply(t, ME, 1, out.data, out.len), "the joined log is refused");
    text_free(t);
    size_t len = out.len;
    buf_free(&out);
    return len;
}

static void table_memory(void)
{
    static const size_t keys[] = {0, 200, 1};
    printf(
        "\nMemory at the end, KB: what the text says / what the allocator says (aim: <= 1,000 for"
        " automerge-paper).\nRemote: all deletions at one time, a time per 200 patches (some "
        "minute), a time"
        " per patch\n");
    printf("%-18s %8s %17s %17s %17s %17s %17s\n", "trace", "text KB", "local", "one time",
           "per 200", "per patch", "that one, loaded");
    for (size_t i = 0; i < n_loaded; i++) {
        const struct trace *tr = loaded[i];
        struct blobs blobs = make_blobs(tr);
        struct text *t;
        printf("%-18s %8.1f", tr->name, (double)tr->end.len / 1e3);
        struct buf state = BUF_INIT;
        for (int how = 0; how < 5; how++) {
            size_t before = heap_in_use();
            if (how == 0)
                (void)run_local(tr, &t);
            else if (how < 4)
                (void)run_remote_at(&blobs, keys[how - 1], &t);
            else
                must(!text_decode(state.data, state.len, &t), "decode");
            printf("   %7.1f /%6.1f", (double)text_memory_bytes(t) / 1e3,
                   (double)(heap_in_use() - before) / 1e3);
            if (how == 3)
                text_encode(t, false, &state);
            text_free(t);
        }
        printf("\n");
        buf_free(&state);
        free_blobs(&blobs);
    }
}

static void row_state(const struct trace *tr, const struct blobs *blobs, size_t keys, size_t log)
{
    struct text *t;
    (void)run_remote_at(blobs, keys, &t);
    struct run_count count = {0};
    text_runs(t, 0, text_len_cp(t), count_run, &count);
    struct buf state = BUF_INIT, full = BUF_INIT;
    text_encode(t, false, &state);
    text_encode(t, true, &full);
    double aim = 1.3 * (double)text_len_cp(t) + 3.0 * (double)count.runs;
    printf("%-18s %6s %8zu %8zu %9zu %8.0f %6.2fx %8.3f %9zu %9zu %9.2f\n", tr->name,
           keys == 0   ? "one"
           : keys == 1 ? "each"
                       : "200",
           text_len_cp(t), count.runs, state.len, aim, (double)state.len / aim, time_decode(&state),
           full.len, log, ((double)log - (double)tr->typed_bytes) / (double)tr->typed_cp);
    text_free(t);
    buf_free(&state);
    buf_free(&full);
}

static void table_state(void)
{
    printf("\nSaved state (aim: <= 1.3 bytes per character of the final text + 3 per run; loaded\n"
           "<= 0.5 ms for automerge-paper) and log (aim: joined, <= 1.2 bytes per typed character\n"
           "over the text itself)\n");
    printf("%-18s %6s %8s %8s %9s %8s %7s %8s %9s %9s %9s\n", "trace", "times", "chars", "runs",
           "saved", "aim", "ratio", "load ms", "+struck", "log", "over/char");
    for (size_t i = 0; i < n_loaded; i++) {
        struct blobs blobs = make_blobs(loaded[i]);
        size_t log = joined_log(&blobs);
        row_state(loaded[i], &blobs, 0, log);
        row_state(loaded[i], &blobs, 200, log);
        row_state(loaded[i], &blobs, 1, log);
        free_blobs(&blobs);
    }
}

static void table_small(void)
{
    struct text *t = text_new();
    struct buf op = BUF_INIT;
    printf("\nSmall texts (aims: empty <= 256 bytes, 3,000 characters of two people <= 12 KB)\n");
    printf("empty: %zu bytes\n", text_memory_bytes(t));
    struct trace *tr = trace_paper("answer", 4300, 30, 7);
    size_t before = heap_in_use();
    for (size_t i = 0; i < tr->n_patches; i++) {
        buf_clear(&op);
        patch_local(t, 1 + (uint32_t)(i / 150 % 2), tr, &tr->patches[i], &op);
    }
    printf("written by two people: %zu characters, %zu bytes (allocator: %zu)\n", text_len_cp(t),
           text_memory_bytes(t), heap_in_use() - before);
    struct buf state = BUF_INIT;
    text_encode(t, true, &state);
    text_free(t);
    before = heap_in_use();
    must(!text_decode(state.data, state.len, &t), "decode");
    printf("the same, loaded: %zu bytes (allocator: %zu)\n", text_memory_bytes(t),
           heap_in_use() - before);
    text_free(t);
    trace_free(tr);
    buf_free(&state);
    buf_free(&op);
}

/* ---- positions, identities, reading ---- */

static void table_reading(void)
{
    enum { ANCHORS = 100, SCREEN = 80 * 24, ROUNDS = 300 };
    const struct trace *tr = loaded[n_loaded - 1];
    struct text *t;
    (void)run_local(tr, &t);
    struct text_anchor anchors[ANCHORS];
    size_t len = text_len_cp(t), sum = 0;
    double to_id[RUNS], to_pos[RUNS], read[RUNS];
    struct buf b = BUF_INIT;
    for (size_t r = 0; r < RUNS; r++) {
        double start = now_ns();
        for (size_t k = 0; k < ROUNDS; k++)
            for (size_t i = 0; i < ANCHORS; i++)
                anchors[i] = text_anchor_at(t, (i * 7919 + k * 104729) % len, TEXT_BEFORE);
        to_id[r] = (now_ns() - start) / (ROUNDS * ANCHORS);
        start = now_ns();
        for (size_t k = 0; k < ROUNDS; k++)
            for (size_t i = 0; i < ANCHORS; i++) {
                size_t pos = 0;
                must(!text_anchor_pos(t, anchors[i], &pos), "anchor");
                sum += pos;
            }
        to_pos[r] = (now_ns() - start) / (ROUNDS * ANCHORS);
        start = now_ns();
        for (size_t k = 0; k < ROUNDS; k++) {
            size_t from = k * 104729 % (len > SCREEN ? len - SCREEN : 1);
            buf_clear(&b);
            text_read(t, from, from + (len < SCREEN ? len : SCREEN), &b);
        }
        read[r] = (now_ns() - start) / ROUNDS;
    }
    printf("\nReading at the end of %s (aims: <= 100 ns each way, <= 5 us)\n", tr->name);
    printf("position to identity %.0f ns, identity to position %.0f ns, a screen of 80x24 %.2f us"
           "%s\n",
           median(to_id, RUNS), median(to_pos, RUNS), median(read, RUNS) / 1e3,
           sum ? "" : " (nothing)");
    buf_free(&b);
    text_free(t);
}

/* ---- two people at once ---- */

/* What has to happen on which replica, in order: txn * 2 + (1: receive it, 0: make it). */
struct plan_step {
    uint32_t replica, txn;
    bool receive;
};

struct plan {
    struct plan_step *steps;
    size_t n;
};

static void plan_add(struct plan *p, uint32_t replica, uint32_t txn, bool receive)
{
    if (!(p->n & (p->n - 1))) {
        p->steps = realloc(p->steps, (p->n ? 2 * p->n : 1) * sizeof *p->steps);
        must(p->steps, "memory");
    }
    p->steps[p->n++] = (struct plan_step){replica, txn, receive};
}

static int u32_compare(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return x < y ? -1 : x > y;
}

/* Receives what `txn` stands on and is not there yet; everything, when txn is past the end. */
static void plan_causes(struct plan *p, const struct trace *tr, uint8_t *seen, uint32_t replica,
                        size_t txn, uint32_t *work)
{
    size_t n = 0;
    if (txn == tr->n_txns) {
        for (uint32_t i = 0; i < tr->n_txns; i++)
            if (!seen[i])
                work[n++] = i;
    } else {
        for (uint32_t k = 0; k < tr->txns[txn].n_parents; k++)
            work[n++] = tr->parents[tr->txns[txn].first_parent + k];
        for (size_t i = 0; i < n;) {
            const struct txn *x = &tr->txns[work[i]];
            if (seen[work[i]]) {
                work[i] = work[--n];
                continue;
            }
            seen[work[i++]] = 1;
            for (uint32_t k = 0; k < x->n_parents; k++)
                work[n++] = tr->parents[x->first_parent + k];
        }
    }
    qsort(work, n, sizeof *work, u32_compare);
    for (size_t i = 0; i < n; i++) {
        seen[work[i]] = 1;
        plan_add(p, replica, work[i], true);
    }
}

static struct plan make_plan(const struct trace *tr)
{
    struct plan p = {0};
    uint8_t *seen = calloc(tr->n_agents, tr->n_txns);
    uint32_t *work = malloc((tr->n_txns * 2 + tr->n_parents) * sizeof *work);
    must(seen && work, "memory");
    for (uint32_t i = 0; i <= tr->n_txns; i++)
        for (uint32_t r = 0; r < tr->n_agents; r++) {
            if (i < tr->n_txns && tr->txns[i].agent != r)
                continue;
            uint8_t *mine = seen + r * tr->n_txns;
            plan_causes(&p, tr, mine, r, i, work);
            if (i < tr->n_txns) {
                mine[i] = 1;
                plan_add(&p, r, i, false);
            }
        }
    free(seen);
    free(work);
    return p;
}

static double clock_cost(void)
{
    enum { TIMES = 1000 };
    double start = now_ns();
    for (size_t i = 0; i < TIMES; i++)
        (void)now_ns();
    return (now_ns() - start) / TIMES;
}

static void run_plan(const struct trace *tr, const struct plan *p, bool check, double *local_ns,
                     double *merge_ns)
{
    struct text *t[16] = {0};
    struct buf *blobs = calloc(tr->n_txns, sizeof *blobs);
    must(blobs && tr->n_agents <= 16, "memory");
    for (uint32_t r = 0; r < tr->n_agents; r++)
        t[r] = text_new();
    double spent[2] = {0}, clock_ns = clock_cost();
    size_t merged = 0;
    for (size_t i = 0, end; i < p->n; i = end) { /* a stretch of the same kind at a time */
        double start = now_ns();
        for (end = i; end < p->n && p->steps[end].receive == p->steps[i].receive; end++) {
            const struct plan_step *s = &p->steps[end];
            const struct txn *x = &tr->txns[s->txn];
            struct buf *blob = &blobs[s->txn];
            if (s->receive)
                must(!text_apply(t[s->replica], x->agent + 1, x->time_ms, blob->data, blob->len),
                     "merge");
            else
                for (uint32_t k = 0; k < x->n; k++)
                    patch_local(t[s->replica], x->agent + 1, tr, &tr->patches[x->first + k], blob);
            merged += s->receive ? x->n : 0;
        }
        spent[p->steps[i].receive] += now_ns() - start - clock_ns;
    }
    *local_ns = spent[0] / (double)tr->n_patches;
    *merge_ns = spent[1] / (double)merged;
    for (uint32_t r = 0; r < tr->n_agents; r++) {
        if (check)
            expect_end(t[r], tr, "concurrent replay");
        text_free(t[r]);
    }
    for (size_t i = 0; i < tr->n_txns; i++)
        buf_free(&blobs[i]);
    free(blobs);
}

static void table_concurrent(const char *dir)
{
    struct trace *tr = dir ? trace_load(dir, "friendsforever") : NULL;
    if (!tr)
        return;
    struct plan p = make_plan(tr);
    double local[RUNS], merge[RUNS];
    for (size_t r = 0; r < RUNS; r++)
        run_plan(tr, &p, r == 0, &local[r], &merge[r]);
    printf("\nfriendsforever, live, one replica each (aim: merge <= 150 ns): local %.0f ns, merge"
           " %.0f ns per patch\n",
           median(local, RUNS), median(merge, RUNS));
    free(p.steps);
    trace_free(tr);
}

/* ---- growth and hostile patterns ---- */

static uint64_t rng_state = 88172645463325252u;
static uint32_t dice(size_t sides)
{
    rng_state ^= rng_state << 13;
    rng_state ^= rng_state >> 7;
    rng_state ^= rng_state << 17;
    return (uint32_t)((rng_state >> 16) % sides);
}

struct grown {
    struct text *a, *b; /* written on a, received by b */
    struct buf ops;
    size_t at[20001];
};

/* A text of this size, grown from random places outwards. */
static void grow_to(struct grown *g, size_t size)
{
    struct buf op = BUF_INIT;
    char words[5000];
    g->a = text_new();
    g->b = text_new();
    for (size_t done = 0; done < size; done += sizeof words) {
        for (size_t i = 0; i < sizeof words; i++)
            words[i] = "abcdefgh \n"[dice(10)];
        buf_clear(&op);
        must(!text_insert(g->a, ME, dice(done + 1), words, sizeof words, &op), "insert");
        must(!text_apply(g->b, ME, 1, op.data, op.len), "apply");
    }
    buf_free(&op);
}

static void row_growth(struct grown *g, size_t size)
{
    enum { EDITS = 20000, SCREEN = 1920, SCREENS = 1000 };
    grow_to(g, size);
    double start = now_ns();
    for (size_t i = 0, pos = 0; i < EDITS; i++, pos++) {
        if (i % 10 == 0)
            pos = dice(text_len_cp(g->a));
        g->at[i] = g->ops.len;
        must(!text_insert(g->a, ME, pos, "x", 1, &g->ops), "insert");
    }
    g->at[EDITS] = g->ops.len;
    double local = now_ns() - start;
    start = now_ns();
    for (size_t i = 0; i < EDITS; i++)
        must(!text_apply(g->b, ME, 1, g->ops.data + g->at[i], g->at[i + 1] - g->at[i]), "apply");
    double remote = now_ns() - start;
    start = now_ns();
    for (size_t i = 0; i < EDITS; i++) {
        size_t back;
        struct text_anchor x = text_anchor_at(g->a, dice(text_len_cp(g->a)), TEXT_BEFORE);
        must(!text_anchor_pos(g->a, x, &back), "anchor");
    }
    double ids = now_ns() - start;
    struct buf screen = BUF_INIT;
    start = now_ns();
    for (size_t i = 0; i < SCREENS; i++) {
        buf_clear(&screen);
        size_t from = dice(text_len_cp(g->a) - SCREEN);
        text_read(g->a, from, from + SCREEN, &screen);
    }
    double read = now_ns() - start;
    printf("%10zu %12.0f %12.0f %14.0f %12.2f\n", size, local / EDITS, remote / EDITS,
           ids / EDITS / 2, read / SCREENS / 1e3);
    text_free(g->a);
    text_free(g->b);
    buf_free(&g->ops);
    buf_free(&screen);
}

static void table_growth(void)
{
    static struct grown g;
    printf("\nGrowth: 20,000 edits at random places (runs of 10 keys) in a text of this size\n");
    printf("%10s %12s %12s %14s %12s\n", "bytes", "local ns", "remote ns", "id<->pos ns",
           "screen us");
    for (size_t size = 10000; size <= 10000000; size *= 10)
        row_growth(&g, size);
}

enum { HOSTILE = 100000 };

static struct trace *typing_backwards(void)
{
    struct trace *t = trace_new("typing backwards");
    for (size_t i = 0; i < HOSTILE; i++)
        trace_add(t, 0, 0, "x", 1);
    return t;
}

static struct trace *alternate_ends(void)
{
    struct trace *t = trace_new("alternate ends");
    for (size_t i = 0; i < HOSTILE; i++)
        trace_add(t, i % 2 ? i : 0, 0, "x", 1);
    return t;
}

static struct trace *paste_into_words(void)
{
    struct trace *t = trace_new("paste into each word");
    size_t len = 0;
    for (size_t i = 0; i < HOSTILE / 2; i++, len += 6)
        trace_add(t, len, 0, "words ", 6);
    for (size_t i = 0; i < HOSTILE / 2; i++)
        trace_add(t, i * 14 + 3, 0, "a paste.", 8);
    return t;
}

static struct trace *delete_and_rewrite(void)
{
    struct trace *t = trace_new("delete all, rewrite");
    for (size_t round = 0; round < 50; round++) {
        for (size_t i = 0; i < HOSTILE / 50 - 1; i++)
            trace_add(t, i, 0, "word " + i % 5, 1);
        trace_add(t, 0, HOSTILE / 50 - 1, "", 0);
    }
    return t;
}

static struct trace *random_places(void)
{
    struct trace *t = trace_new("one key at random");
    for (size_t i = 0; i < HOSTILE; i++)
        trace_add(t, dice(i + 1), 0, "x", 1);
    return t;
}

/* Fifty people write at one place without seeing each other; then all comes together. */
static double fifty_at_one_place(void)
{
    enum { PEOPLE = 50, KEYS = 400 };
    static struct buf blobs[PEOPLE][KEYS];
    struct text *all = text_new();
    struct buf op = BUF_INIT;
    must(!text_insert(all, 1000, 0, "Here: .", 7, &op), "insert");
    for (uint32_t p = 0; p < PEOPLE; p++) {
        struct text *t = text_new();
        must(!text_apply(t, 1000, 1, op.data, op.len), "apply");
        for (size_t k = 0; k < KEYS; k++)
            must(!text_insert(t, p + 1, 6 + k, "x", 1, &blobs[p][k]), "insert");
        text_free(t);
    }
    double start = now_ns();
    for (size_t k = 0; k < KEYS; k++)
        for (uint32_t p = PEOPLE; p--;)
            must(!text_apply(all, p + 1, 1, blobs[p][k].data, blobs[p][k].len), "apply");
    double ns = (now_ns() - start) / (PEOPLE * KEYS);
    must(text_len_cp(all) == 7 + PEOPLE * KEYS, "fifty people");
    for (uint32_t p = 0; p < PEOPLE; p++)
        for (size_t k = 0; k < KEYS; k++)
            buf_free(&blobs[p][k]);
    text_free(all);
    buf_free(&op);
    return ns;
}

static void table_hostile(void)
{
    struct times usual = measure(loaded[n_loaded - 1]);
    struct trace *patterns[] = {typing_backwards(), alternate_ends(), paste_into_words(),
                                delete_and_rewrite(), random_places()};
    printf("\nHostile patterns, ns per patch (aim: <= 20x of %s)\n", loaded[n_loaded - 1]->name);
    printf("%-22s %9s %9s %9s %9s %10s\n", "pattern", "local", "ratio", "remote", "ratio",
           "bytes/char");
    for (size_t i = 0; i < sizeof patterns / sizeof *patterns; i++) {
        struct trace *tr = patterns[i];
        fill_end(tr);
        struct times x = measure(tr);
        struct text *t;
        (void)run_local(tr, &t);
        printf("%-22s %9.1f %8.1fx %9.1f %8.1fx %10.1f\n", tr->name, x.local, x.local / usual.local,
               x.remote, x.remote / usual.remote,
               (double)text_memory_bytes(t) / (double)tr->typed_cp);
        text_free(t);
        trace_free(tr);
    }
    double fifty[RUNS];
    for (size_t r = 0; r < RUNS; r++)
        fifty[r] = fifty_at_one_place();
    double ns = median(fifty, RUNS);
    printf("%-22s %9s %9s %9.1f %8.1fx\n", "fifty at one place", "", "", ns, ns / usual.remote);
}

int main(int argc, char **argv)
{
    const char *dir = argc > 1 ? argv[1] : NULL;
    load_traces(dir);
    table_edits();
    table_concurrent(dir);
    table_memory();
    table_small();
    table_state();
    table_reading();
    table_growth();
    table_hostile();
    for (size_t i = 0; i < n_loaded; i++)
        trace_free(loaded[i]);
    return 0;
}
