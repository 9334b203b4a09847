#include "client/render/words.h"

#include <stdlib.h>
#include <string.h>

#include "common/text/diff.h"
#include "common/utf8.h"

/* A state of the text, cut into words; everything between words is a word of its own. */
struct side {
    uint32_t *cps;
    struct text_id *ids;
    size_t n, cap;
    struct word {
        size_t start, end; /* of cps */
        uint32_t number;   /* equal words of both sides have equal numbers */
        uint32_t by;
    } * words;
    size_t n_words;
    uint8_t *marks; /* changed words */
    bool failed;
};

/* Characters that the later state has struck out, by agent and seq. */
struct struck {
    struct struck_run {
        struct text_id id;
        size_t len;
        uint32_t by; /* agent */
    } * runs;
    size_t n, cap;
    bool failed;
};

struct gathering {
    struct side *side;
    struct struck *struck; /* NULL: not asked */
};

static void side_free(struct side *s)
{
    free(s->cps);
    free(s->ids);
    free(s->words);
    free(s->marks);
}

/* ---- reading a text ---- */

static bool side_room(struct side *s, size_t more)
{
    if (s->n + more <= s->cap)
        return true;
    size_t cap = 2 * (s->n + more);
    uint32_t *cps = realloc(s->cps, cap * sizeof *cps);
    s->cps = cps ? cps : s->cps;
    struct text_id *ids = realloc(s->ids, cap * sizeof *ids);
    s->ids = ids ? ids : s->ids;
    s->cap = cps && ids ? cap : s->cap;
    return cps && ids;
}

static bool take_visible(struct side *s, const struct text_run *run)
{
    const uint8_t *p = (const uint8_t *)run->utf8, *end = p + run->len_bytes;
    if (!side_room(s, run->len_cp))
        return false;
    for (uint32_t i = 0; i < run->len_cp && p < end; i++) {
        size_t step = utf8_decode(p, end, &s->cps[s->n]);
        if (!step)
            return true; /* a text holds nothing that is not UTF-8 */
        s->ids[s->n++] = (struct text_id){run->id.agent, run->id.seq + i};
        p += step;
    }
    return true;
}

static bool take_struck(struct struck *s, const struct text_run *run)
{
    if (s->n == s->cap) {
        size_t cap = s->cap ? 2 * s->cap : 64;
        struct struck_run *runs = realloc(s->runs, cap * sizeof *runs);
        if (!runs)
            return false;
        s->runs = runs;
        s->cap = cap;
    }
    s->runs[s->n++] = (struct struck_run){run->id, run->len_cp, run->deleted_by};
    return true;
}

static bool on_run(void *user, const struct text_run *run)
{
    struct gathering *g = user;
    if (!run->deleted)
        g->side->failed = !take_visible(g->side, run);
    else if (g->struck)
        g->struck->failed = !take_struck(g->struck, run);
    return !g->side->failed && !(g->struck && g->struck->failed);
}

static int compare_ids(struct text_id a, struct text_id b)
{
    if (a.agent != b.agent)
        return a.agent < b.agent ? -1 : 1;
    return a.seq < b.seq ? -1 : a.seq > b.seq;
}

static int compare_struck(const void *a, const void *b)
{
    return compare_ids(((const struct struck_run *)a)->id, ((const struct struck_run *)b)->id);
}

/* The agent that struck this character out; 0: nobody has. */
static uint32_t struck_by(const struct struck *s, struct text_id id)
{
    size_t low = 0, high = s->n;
    while (low < high) {
        size_t mid = low + (high - low) / 2;
        const struct struck_run *r = &s->runs[mid];
        if (r->id.agent == id.agent && id.seq >= r->id.seq && id.seq - r->id.seq < r->len)
            return r->by;
        if (compare_ids(r->id, id) < 0)
            low = mid + 1;
        else
            high = mid;
    }
    return 0;
}

/* ---- words ---- */

static bool is_space(uint32_t cp)
{
    return cp == ' ' || cp == '\n' || cp == '\t' || cp == 0xa0;
}

static bool in_word(uint32_t cp)
{
    return cp >= 0x80 ? cp != 0xa0
                      : (cp >= '0' && cp <= '9') || (cp >= 'A' && cp <= 'Z') ||
                            (cp >= 'a' && cp <= 'z') || cp == '\'';
}

static bool cut_words(struct side *s)
{
    s->words = malloc((s->n + 1) * sizeof *s->words);
    s->marks = calloc(s->n + 1, 1);
    if (!s->words || !s->marks)
        return false;
    for (size_t i = 0; i < s->n; i++) {
        bool goes_on = i && in_word(s->cps[i]) && in_word(s->cps[i - 1]);
        if (!goes_on)
            s->words[s->n_words++] = (struct word){.start = i};
        s->words[s->n_words - 1].end = i + 1;
    }
    return true;
}

struct ranked {
    const uint32_t *cps;
    size_t len;
    struct word *word;
};

static int compare_words(const void *a, const void *b)
{
    const struct ranked *x = a, *y = b;
    if (x->len != y->len)
        return x->len < y->len ? -1 : 1;
    for (size_t i = 0; i < x->len; i++)
        if (x->cps[i] != y->cps[i])
            return x->cps[i] < y->cps[i] ? -1 : 1;
    return 0;
}

static bool number_words(struct side *a, struct side *b)
{
    size_t n = a->n_words + b->n_words, k = 0;
    struct ranked *all = malloc((n + 1) * sizeof *all);
    struct side *const sides[] = {a, b};
    if (!all)
        return false;
    for (int s = 0; s < 2; s++)
        for (size_t i = 0; i < sides[s]->n_words; i++) {
            struct word *w = &sides[s]->words[i];
            all[k++] = (struct ranked){sides[s]->cps + w->start, w->end - w->start, w};
        }
    qsort(all, n, sizeof *all, compare_words);
    for (size_t i = 0; i < n; i++)
        all[i].word->number =
            i ? all[i - 1].word->number + (compare_words(&all[i - 1], &all[i]) != 0) : 1;
    free(all);
    return true;
}

static enum err mark(struct side *a, struct side *b)
{
    uint32_t *from = malloc((a->n_words + 1) * sizeof *from);
    uint32_t *to = malloc((b->n_words + 1) * sizeof *to);
    enum err e = from && to ? ERR_OK : ERR_NOMEM;
    for (size_t i = 0; !e && i < a->n_words; i++)
        from[i] = a->words[i].number;
    for (size_t i = 0; !e && i < b->n_words; i++)
        to[i] = b->words[i].number;
    if (!e)
        e = diff_marks(from, a->n_words, to, b->n_words, a->marks, b->marks);
    free(from);
    free(to);
    return e;
}

/* A space that stayed between two changed words would cut what reads as one change. */
static void join_changes(struct side *a, struct side *b)
{
    size_t i = 0, j = 0;
    for (;; i++, j++) {
        size_t i0 = i, j0 = j;
        while (i < a->n_words && a->marks[i])
            i++;
        while (j < b->n_words && b->marks[j])
            j++;
        if (i == a->n_words || j == b->n_words)
            return;
        bool goes_on =
            i + 1 < a->n_words && a->marks[i + 1] && j + 1 < b->n_words && b->marks[j + 1];
        if ((i > i0 || j > j0) && goes_on && is_space(a->cps[a->words[i].start]))
            a->marks[i] = b->marks[j] = 1;
    }
}

/* ---- who ---- */

static void name_struck(struct side *a, const struct struck *struck, const struct audit *later)
{
    for (size_t i = 0; i < a->n_words; i++)
        for (size_t k = a->words[i].start; a->marks[i] && k < a->words[i].end; k++) {
            uint32_t agent = struck_by(struck, a->ids[k]);
            if (agent) {
                a->words[i].by = audit_agent_person(later, agent);
                break;
            }
        }
}

/* By the first of its characters that was not there before. */
static void name_added(struct side *b, const struct text *from, const struct audit *later)
{
    for (size_t i = 0; i < b->n_words; i++)
        for (size_t k = b->words[i].start; b->marks[i] && k < b->words[i].end; k++) {
            struct text_id id = b->ids[k];
            if (!from || id.seq >= text_next_seq(from, id.agent)) {
                b->words[i].by = audit_agent_person(later, id.agent);
                break;
            }
        }
}

/* ---- telling ---- */

struct telling {
    words_fn fn;
    void *user;
    struct buf piece;
    enum words_kind kind;
    uint32_t by;
};

static void tell(struct telling *t)
{
    if (t->piece.len)
        t->fn(t->user, &(struct words_piece){t->kind, buf_cstr(&t->piece), t->piece.len, t->by});
    buf_clear(&t->piece);
}

static void add_word(struct telling *t, enum words_kind kind, const struct side *s,
                     const struct word *w)
{
    uint32_t by = kind == WORDS_SAME ? 0 : w->by;
    /* what nobody can be named for (a space, a word that grew shorter) goes with what is beside it
     */
    if (t->piece.len && (kind != t->kind || (by && t->by && by != t->by)))
        tell(t);
    if (!t->piece.len)
        t->by = 0;
    t->kind = kind;
    t->by = t->by ? t->by : by;
    for (size_t k = w->start; k < w->end; k++) {
        uint8_t bytes[4];
        buf_append(&t->piece, bytes, utf8_encode(s->cps[k], bytes));
    }
}

static enum err tell_all(const struct side *a, const struct side *b, words_fn fn, void *user)
{
    struct telling t = {.fn = fn, .user = user};
    size_t i = 0, j = 0;
    while (i < a->n_words || j < b->n_words) {
        for (; i < a->n_words && a->marks[i]; i++)
            add_word(&t, WORDS_STRUCK, a, &a->words[i]);
        for (; j < b->n_words && b->marks[j]; j++)
            add_word(&t, WORDS_ADDED, b, &b->words[j]);
        for (; i < a->n_words && j < b->n_words && !a->marks[i] && !b->marks[j]; i++, j++)
            add_word(&t, WORDS_SAME, b, &b->words[j]);
    }
    tell(&t);
    enum err e = buf_failed(&t.piece) ? ERR_NOMEM : ERR_OK;
    buf_free(&t.piece);
    return e;
}

enum err words_diff(const struct text *from, const struct text *to, const struct audit *later,
                    words_fn fn, void *user)
{
    struct side a = {.n = 0}, b = {.n = 0};
    struct struck struck = {.n = 0};
    struct gathering ga = {&a, NULL}, gb = {&b, &struck};
    if (from)
        text_runs(from, 0, text_len_cp(from), on_run, &ga);
    if (to)
        text_runs(to, 0, text_len_cp(to), on_run, &gb);
    bool ok = !a.failed && !b.failed && !struck.failed && cut_words(&a) && cut_words(&b) &&
              number_words(&a, &b);
    enum err e = ok ? mark(&a, &b) : ERR_NOMEM;
    if (!e) {
        if (struck.n)
            qsort(struck.runs, struck.n, sizeof *struck.runs, compare_struck);
        join_changes(&a, &b);
        name_struck(&a, &struck, later);
        name_added(&b, from, later);
        e = tell_all(&a, &b, fn, user);
    }
    side_free(&a);
    side_free(&b);
    free(struck.runs);
    return e;
}
