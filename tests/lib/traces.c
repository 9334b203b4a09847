#include "tests/lib/traces.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <zlib.h>

#include "common/utf8.h"

static void *grown(void *array, size_t n, size_t size)
{
    if (n & (n - 1)) /* full at every power of two */
        return array;
    void *p = realloc(array, (n ? 2 * n : 1) * size);
    if (!p)
        abort();
    return p;
}

struct trace *trace_new(const char *name)
{
    struct trace *t = calloc(1, sizeof *t);
    if (!t)
        abort();
    snprintf(t->name, sizeof t->name, "%s", name);
    t->n_agents = 1;
    t->ascii = true;
    return t;
}

void trace_free(struct trace *t)
{
    if (!t)
        return;
    free(t->patches);
    free(t->txns);
    free(t->parents);
    buf_free(&t->words);
    buf_free(&t->end);
    free(t);
}

void trace_add(struct trace *t, size_t pos, size_t deleted, const char *utf8, size_t len_bytes)
{
    size_t n = len_bytes ? (size_t)utf8_count(utf8, len_bytes) : 0;
    t->patches = grown(t->patches, t->n_patches, sizeof *t->patches);
    t->patches[t->n_patches++] = (struct patch){
        (uint32_t)pos, (uint32_t)deleted, (uint32_t)t->words.len, (uint32_t)len_bytes, (uint32_t)n};
    buf_append(&t->words, utf8, len_bytes);
    t->typed_cp += n;
    t->typed_bytes += len_bytes;
    t->deleted_cp += deleted;
    t->ascii &= n == len_bytes;
}

/* ---- from files ---- */

static void read_gz(const char *path, struct buf *out)
{
    gzFile f = gzopen(path, "rb");
    if (!f)
        return;
    int n;
    while (buf_reserve(out, 1 << 16) && (n = gzread(f, out->data + out->len, 1 << 16)) > 0)
        out->len += (size_t)n;
    gzclose(f);
}

static uint64_t time_of(const char *s)
{
    struct tm tm = {0};
    int ms = 0;
    if (!s || sscanf(s, "%d-%d-%dT%d:%d:%d.%d", &tm.tm_year, &tm.tm_mon, &tm.tm_mday, &tm.tm_hour,
                     &tm.tm_min, &tm.tm_sec, &ms) < 6)
        return 0;
    tm.tm_year -= 1900;
    tm.tm_mon--;
    return (uint64_t)timegm(&tm) * 1000 + (uint64_t)ms;
}

static void add_txn(struct trace *t, json_t *txn)
{
    json_t *patch, *parent, *patches = json_object_get(txn, "patches");
    size_t i;
    t->txns = grown(t->txns, t->n_txns, sizeof *t->txns);
    struct txn *x = &t->txns[t->n_txns++];
    *x = (struct txn){.agent = (uint32_t)json_integer_value(json_object_get(txn, "agent")),
                      .first = (uint32_t)t->n_patches,
                      .n = (uint32_t)json_array_size(patches),
                      .first_parent = (uint32_t)t->n_parents,
                      .time_ms = time_of(json_string_value(json_object_get(txn, "time")))};
    json_array_foreach(json_object_get(txn, "parents"), i, parent)
    {
        t->parents = grown(t->parents, t->n_parents, sizeof *t->parents);
        t->parents[t->n_parents++] = (uint32_t)json_integer_value(parent);
        x->n_parents++;
    }
    json_array_foreach(patches, i, patch)
    {
        json_t *words = json_array_get(patch, 2);
        trace_add(t, (size_t)json_integer_value(json_array_get(patch, 0)),
                  (size_t)json_integer_value(json_array_get(patch, 1)), json_string_value(words),
                  json_string_length(words));
    }
}

struct trace *trace_load(const char *dir, const char *name)
{
    char path[1000];
    struct buf b = BUF_INIT;
    snprintf(path, sizeof path, "%s/%s.json.gz", dir, name);
    read_gz(path, &b);
    if (!b.len) {
        fprintf(stderr, "%s: not there or empty\n", path);
        return NULL;
    }
    json_error_t error;
    json_t *root = json_loadb((char *)b.data, b.len, 0, &error);
    buf_free(&b);
    json_t *txn, *end = json_object_get(root, "endContent"), *txns = json_object_get(root, "txns");
    if (!json_is_string(end) || !json_is_array(txns)) {
        fprintf(stderr, "%s: not a trace (%s)\n", path, root ? "no endContent" : error.text);
        json_decref(root);
        return NULL;
    }
    struct trace *t = trace_new(name);
    size_t i;
    json_array_foreach(txns, i, txn) add_txn(t, txn);
    if (json_object_get(root, "numAgents"))
        t->n_agents = (uint32_t)json_integer_value(json_object_get(root, "numAgents"));
    buf_append(&t->end, json_string_value(end), json_string_length(end));
    json_decref(root);
    return t;
}

/* ---- made here ---- */

static uint32_t dice(uint64_t *rng, uint64_t sides)
{
    *rng ^= *rng << 13;
    *rng ^= *rng >> 7;
    *rng ^= *rng << 17;
    return (uint32_t)((*rng >> 16) % sides);
}

struct trace *trace_paper(const char *name, size_t n_patches, size_t jump_every, uint64_t seed)
{
    static const char letters[] =
        "the quick brown fox jumps over a lazy dog. and then, some more\n";
    struct trace *t = trace_new(name);
    uint64_t rng = seed * 0x9e3779b97f4a7c15u + 1;
    size_t len = 0, at = 0;
    while (t->n_patches < n_patches) {
        if (dice(&rng, jump_every) == 0)
            at = dice(&rng, len + 1);
        uint32_t what = dice(&rng, 1000);
        if (what < 250 && at) { /* backspaces */
            for (size_t n = 1 + dice(&rng, 8); n && at && t->n_patches < n_patches; n--, len--)
                trace_add(t, --at, 1, "", 0);
        } else if (what < 252 && len > 1000) {
            size_t n = 1 + dice(&rng, 300);
            at = at < len - n ? at : len - n;
            trace_add(t, at, n, "", 0);
            len -= n;
        } else if (what < 254) {
            char words[400];
            size_t n = 50 + dice(&rng, 300);
            for (size_t i = 0; i < n; i++)
                words[i] = letters[(i + what) % (sizeof letters - 1)];
            trace_add(t, at, 0, words, n);
            at += n;
            len += n;
        } else {
            for (size_t n = 1 + dice(&rng, 20); n && t->n_patches < n_patches; n--, at++, len++)
                trace_add(t, at, 0, &letters[dice(&rng, sizeof letters - 1)], 1);
        }
    }
    return t;
}
