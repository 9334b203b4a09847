#include "common/text/text.h"

#include <stdlib.h>
#include <string.h>

#include "common/text/diff.h"
#include "common/utf8.h"

/* text_replace: the difference in words, and inside changed words the difference in characters. */

struct side {
    uint32_t *cps;
    size_t n;
    uint32_t *words;  /* a number per distinct word */
    uint32_t *starts; /* of each word in cps; one more at the end */
    size_t n_words;
    uint8_t *mark_words;
    uint8_t *mark_cps;
};

static void side_fini(struct side *s)
{
    free(s->cps);
    free(s->words);
    free(s->starts);
    free(s->mark_words);
    free(s->mark_cps);
}

static bool in_word(uint32_t cp)
{
    return (cp >= '0' && cp <= '9') || (cp >= 'A' && cp <= 'Z') || (cp >= 'a' && cp <= 'z') ||
           cp == '\'' || cp >= 0x80;
}

static bool side_init(struct side *s, const uint8_t *p, size_t len)
{
    size_t room = len + 1; /* never more characters than bytes; never 0 */
    s->cps = malloc(room * sizeof *s->cps);
    s->words = malloc(room * sizeof *s->words);
    s->starts = malloc((room + 1) * sizeof *s->starts);
    s->mark_words = calloc(room, 1);
    s->mark_cps = calloc(room, 1);
    if (!s->cps || !s->words || !s->starts || !s->mark_words || !s->mark_cps)
        return false;
    for (const uint8_t *end = p + len; p < end; s->n++)
        p += utf8_decode(p, end, &s->cps[s->n]);
    for (size_t i = 0; i < s->n; i++)
        if (!i || !in_word(s->cps[i]) || !in_word(s->cps[i - 1]))
            s->starts[s->n_words++] = (uint32_t)i;
    s->starts[s->n_words] = (uint32_t)s->n;
    return true;
}

/* ---- numbering words: equal words of both sides get equal numbers ---- */

struct word {
    const uint32_t *cps;
    uint32_t n;
    uint32_t number; /* 0: free slot */
};

static uint64_t word_hash(const uint32_t *cps, uint32_t n)
{
    uint64_t h = 14695981039346656037u;
    for (uint32_t i = 0; i < n; i++)
        h = (h ^ cps[i]) * 1099511628211u;
    return h ^ h >> 29;
}

static void number_words(struct side *s, struct word *table, size_t mask, uint32_t *next)
{
    for (size_t i = 0; i < s->n_words; i++) {
        const uint32_t *cps = s->cps + s->starts[i];
        uint32_t n = s->starts[i + 1] - s->starts[i];
        size_t at = word_hash(cps, n) & mask;
        while (table[at].number &&
               (table[at].n != n || memcmp(table[at].cps, cps, n * sizeof *cps) != 0))
            at = (at + 1) & mask;
        if (!table[at].number)
            table[at] = (struct word){cps, n, ++*next};
        s->words[i] = table[at].number;
    }
}

static enum err number_both(struct side *a, struct side *b)
{
    size_t slots = 16;
    while (slots < 2 * (a->n_words + b->n_words))
        slots *= 2;
    struct word *table = calloc(slots, sizeof *table);
    if (!table)
        return ERR_NOMEM;
    uint32_t next = 0;
    number_words(a, table, slots - 1, &next);
    number_words(b, table, slots - 1, &next);
    free(table);
    return ERR_OK;
}

/* ---- from word marks to character marks ---- */

static size_t marked_words(const struct side *s, size_t word)
{
    size_t end = word;
    while (end < s->n_words && s->mark_words[end])
        end++;
    return end;
}

/* One stretch of changed words: what stays of its characters? */
static enum err mark_stretch(struct side *a, size_t a0, size_t a1, struct side *b, size_t b0,
                             size_t b1)
{
    if (a0 < a1 && b0 < b1)
        return diff_marks(a->cps + a0, a1 - a0, b->cps + b0, b1 - b0, a->mark_cps + a0,
                          b->mark_cps + b0);
    memset(a->mark_cps + a0, 1, a1 - a0);
    memset(b->mark_cps + b0, 1, b1 - b0);
    return ERR_OK;
}

static enum err mark_characters(struct side *a, struct side *b)
{
    enum err e = ERR_OK;
    for (size_t i = 0, j = 0; !e && (i < a->n_words || j < b->n_words); i++, j++) {
        size_t a0 = a->starts[i], b0 = b->starts[j];
        i = marked_words(a, i);
        j = marked_words(b, j);
        e = mark_stretch(a, a0, a->starts[i], b, b0, b->starts[j]);
    }
    return e;
}

static size_t marked_cps(const struct side *s, size_t at)
{
    size_t end = at;
    while (end < s->n && s->mark_cps[end])
        end++;
    return end;
}

static enum err apply_marks(struct text *t, uint32_t agent, const struct side *a,
                            const struct side *b, uint64_t when, struct buf *op)
{
    struct buf words = BUF_INIT;
    enum err e = ERR_OK;
    size_t i = 0, j = 0, pos = 0;
    while (!e && (i < a->n || j < b->n)) {
        size_t i_end = marked_cps(a, i), j_end = marked_cps(b, j);
        if (i_end > i)
            e = text_delete(t, agent, pos, pos + (i_end - i), when, op);
        buf_clear(&words);
        for (size_t k = j; k < j_end; k++) {
            uint8_t bytes[4];
            buf_append(&words, bytes, utf8_encode(b->cps[k], bytes));
        }
        if (!e && buf_failed(&words))
            e = ERR_NOMEM;
        if (!e && words.len)
            e = text_insert(t, agent, pos, (const char *)words.data, words.len, op);
        pos += j_end - j;
        i = i_end;
        j = j_end;
        while (i < a->n && j < b->n && !a->mark_cps[i] && !b->mark_cps[j])
            i++, j++, pos++;
    }
    buf_free(&words);
    return e;
}

enum err text_replace(struct text *t, uint32_t agent, const char *utf8, size_t len_bytes,
                      uint64_t when, struct buf *op)
{
    struct side a = {0}, b = {0};
    struct buf old = BUF_INIT;
    enum err e = ERR_NOMEM;
    text_read(t, 0, text_len_cp(t), &old);
    if (buf_failed(&old) || !side_init(&a, old.data, old.len) ||
        !side_init(&b, (const uint8_t *)utf8, len_bytes))
        goto done;
    e = number_both(&a, &b);
    if (!e)
        e = diff_marks(a.words, a.n_words, b.words, b.n_words, a.mark_words, b.mark_words);
    if (!e)
        e = mark_characters(&a, &b);
    if (!e)
        e = apply_marks(t, agent, &a, &b, when, op);
done:
    side_fini(&a);
    side_fini(&b);
    buf_free(&old);
    return e;
}
