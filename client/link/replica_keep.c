/* What the recovery file holds: everything typed and not acknowledged, and the words that were
 * refused. Written by this program for itself; read as if a stranger had made it. */
#include "client/link/replica_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/utf8.h"

static const char magic[4] = {'T', 'D', 'R', '1'};

enum { FLAG_BASE_IS_OWN = 1, FLAG_ON_WORDS = 2, FLAG_MUST_ANSWER = 4 };

/* ---- writing ---- */

static void put_bytes(struct buf *out, const void *data, size_t len)
{
    buf_append_varint(out, len);
    buf_append(out, data, len);
}

static void put_str(struct buf *out, const char *s)
{
    put_bytes(out, s ? s : "", s ? strlen(s) : 0);
}

static void put_field(struct buf *out, struct field f)
{
    buf_append_varint(out, f.question);
    buf_append_varint(out, f.part);
    buf_append_varint(out, f.item);
}

static void put_anchor(struct buf *out, struct text_anchor a)
{
    buf_append_varint(out, a.id.agent);
    buf_append_varint(out, a.id.seq);
    buf_append_u8(out, a.bias);
}

static void put_op(struct buf *out, const struct pending *p)
{
    buf_append_varint(out, p->kind);
    put_field(out, p->field);
    put_bytes(out, p->blob.data, p->blob.len);
    put_bytes(out, p->words.data, p->words.len);
    buf_append_varint(out, p->chars);
    put_str(out, p->value);
    put_str(out, p->quote);
    buf_append_varint(out, p->base_rev);
    buf_append_varint(out, p->comment);
    buf_append_u8(out, (uint8_t)((p->base_is_own ? FLAG_BASE_IS_OWN : 0) |
                                 (p->on_words ? FLAG_ON_WORDS : 0) |
                                 (p->must_answer ? FLAG_MUST_ANSWER : 0)));
    put_anchor(out, p->start);
    put_anchor(out, p->end);
}

void replica_save(const struct replica *r, struct buf *out)
{
    if (!r->nbatches && !r->nkept)
        return;
    buf_append(out, magic, sizeof magic);
    put_str(out, r->ref);
    buf_append_varint(out, r->agent);
    buf_append_varint(out, r->next_local);
    buf_append_varint(out, r->acked_no);
    buf_append_varint(out, r->nbatches);
    for (size_t i = 0; i < r->nbatches; i++) {
        const struct batch *b = r->batches[i];
        buf_append_u8(out, b->sent);
        buf_append_varint(out, b->nops);
        for (size_t k = 0; k < b->nops; k++)
            put_op(out, &b->ops[k]);
    }
    buf_append_varint(out, r->nkept);
    for (size_t i = 0; i < r->nkept; i++) {
        put_field(out, r->kept[i].field);
        put_str(out, r->kept[i].where);
        put_str(out, r->kept[i].words);
        put_str(out, r->kept[i].why);
    }
}

/* ---- reading ---- */

static char *get_str(struct rd *rd)
{
    size_t len = (size_t)rd_varint_max(rd, rd_left(rd));
    const uint8_t *p = rd_bytes(rd, len);
    char *s = p && !memchr(p, 0, len) && utf8_count(p, len) != UTF8_BAD
                  ? strndup((const char *)p, len)
                  : NULL;
    if (!s)
        rd->bad = true;
    return s;
}

static void get_buf(struct rd *rd, struct buf *out)
{
    size_t len = (size_t)rd_varint_max(rd, rd_left(rd));
    const uint8_t *p = rd_bytes(rd, len);
    if (p)
        buf_append(out, p, len);
    rd->bad |= buf_failed(out);
}

static struct field get_field(struct rd *rd)
{
    struct field f = {.question = (uint16_t)rd_varint_max(rd, UINT16_MAX)};
    f.part = (uint16_t)rd_varint_max(rd, UINT16_MAX);
    f.item = rd_varint(rd);
    return f;
}

static struct text_anchor get_anchor(struct rd *rd)
{
    struct text_anchor a = {.bias = TEXT_BEFORE};
    a.id.agent = (uint32_t)rd_varint_max(rd, UINT32_MAX);
    a.id.seq = (uint32_t)rd_varint_max(rd, UINT32_MAX);
    a.bias = rd_u8(rd) ? TEXT_AFTER : TEXT_BEFORE;
    return a;
}

enum { RESTORED_IDS_APART = 1024 };

static bool is_ours(uint64_t kind)
{
    return (kind >= OP_TEXT && kind <= OP_COMMENT_RESOLVE);
}

static void get_op(struct rd *rd, struct pending *p)
{
    uint64_t kind = rd_varint(rd);
    if (!is_ours(kind)) {
        rd->bad = true;
        return;
    }
    p->kind = (enum op_kind)kind;
    p->field = get_field(rd);
    get_buf(rd, &p->blob);
    get_buf(rd, &p->words);
    p->chars = (size_t)rd_varint_max(rd, REPLICA_MAX_TEXT_CP * 2);
    p->value = get_str(rd);
    p->quote = get_str(rd);
    p->base_rev = rd_varint(rd);
    p->comment = rd_varint(rd);
    uint8_t flags = rd_u8(rd);
    p->base_is_own = flags & FLAG_BASE_IS_OWN;
    p->on_words = flags & FLAG_ON_WORDS;
    p->must_answer = flags & FLAG_MUST_ANSWER;
    p->start = get_anchor(rd);
    p->end = get_anchor(rd);
}

static void get_batches(struct rd *rd, struct replica *r)
{
    uint64_t n = rd_varint_max(rd, rd_left(rd));
    for (uint64_t i = 0; i < n && !rd->bad; i++) {
        struct batch *b = batch_new_last(r);
        bool sent = rd_u8(rd) != 0;
        size_t nops = (size_t)rd_varint_max(rd, EVENT_MAX_OPS);
        struct pending *ops = b && !rd->bad && nops ? calloc(nops, sizeof *ops) : NULL;
        if (!ops) {
            rd->bad = true;
            return;
        }
        b->ops = ops;
        b->nops = b->cap = nops;
        b->sent = sent;
        b->bytes = BATCH_OPEN_BYTES; /* nothing more joins it */
        for (size_t k = 0; k < nops && !rd->bad; k++)
            get_op(rd, &ops[k]);
    }
}

static void get_kept(struct rd *rd, struct replica *r)
{
    uint64_t n = rd_varint_max(rd, rd_left(rd));
    for (uint64_t i = 0; i < n && !rd->bad; i++) {
        struct field f = get_field(rd);
        char *where = get_str(rd), *words = get_str(rd), *why = get_str(rd);
        if (!rd->bad)
            keep_words_of(r, f, where, words, why);
        free(where);
        free(words);
        free(why);
    }
}

enum err replica_restore(struct replica *r, const void *data, size_t len, struct err_info *why)
{
    struct rd rd = rd_of(data, len);
    const uint8_t *m = rd_bytes(&rd, sizeof magic);
    if (!m || memcmp(m, magic, sizeof magic) != 0)
        return err_set(why, ERR_INPUT, "This is not a recovery file of this program.");
    char *ref = get_str(&rd);
    bool same = ref && strcmp(ref, r->ref) == 0;
    free(ref);
    if (!same)
        return err_set(why, ERR_INPUT, "The recovery file is damaged, or of another audit.");
    r->agent = (uint32_t)rd_varint_max(&rd, UINT32_MAX);
    /* What was made after the file was written, and acknowledged at once, used ids as well. */
    r->next_local = (uint32_t)rd_varint_max(&rd, 1u << 20) + RESTORED_IDS_APART;
    r->acked_no = rd_varint(&rd);
    get_batches(&rd, r);
    get_kept(&rd, r);
    if (!rd.bad && rd_left(&rd) == 0)
        return ERR_OK;
    for (size_t i = 0; i < r->nbatches; i++)
        batch_free(r->batches[i]);
    r->nbatches = 0;
    kept_free_all(r);
    r->agent = 0;
    r->acked_no = 0;
    r->next_local = 1;
    return err_set(why, ERR_INPUT, "The recovery file is damaged.");
}

enum err replica_of_recovery(const char *ref, const void *data, size_t len, struct replica **out,
                             struct err_info *why)
{
    struct replica *r = replica_new();
    if (!r)
        return err_set(why, ERR_NOMEM, "%s", err_text(ERR_NOMEM));
    (void)snprintf(r->ref, sizeof r->ref, "%s", ref);
    enum err e = len ? replica_restore(r, data, len, why) : ERR_OK;
    if (e) {
        replica_free(r);
        return e;
    }
    *out = r;
    return ERR_OK;
}
