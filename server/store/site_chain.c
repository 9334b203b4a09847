#include "server/store/site_chain.h"

#include <stdlib.h>
#include <string.h>

const struct db_statement site_chain_sql[] = {
    {STMT_COMMIT_LAST,   "SELECT n, hash FROM commits ORDER BY n DESC LIMIT 1"  },
    {STMT_COMMIT_INSERT, "INSERT INTO commits (n, heads, hash) VALUES (?, ?, ?)"},
    {0,                  NULL                                                   },
};

enum err site_chain_load(struct db *d)
{
    sqlite3_stmt *q = db_use(d, STMT_COMMIT_LAST);
    bool row;
    d->commit_n = 0;
    memset(d->commit_hash, 0, HASH_LEN);
    enum err e = db_row(d, q, &row);
    if (!e && row) {
        d->commit_n = col_num(q, 0);
        e = col_bytes(q, 1, d->commit_hash, HASH_LEN);
    }
    db_reset(q);
    return e;
}

static void append_u64be(struct buf *b, uint64_t v)
{
    buf_append_u32be(b, (uint32_t)(v >> 32));
    buf_append_u32be(b, (uint32_t)v);
}

enum err site_chain_hash(const uint8_t previous[HASH_LEN], uint64_t n,
                         const struct site_chain_head *heads, size_t nheads, struct buf *scratch,
                         uint8_t out[HASH_LEN])
{
    buf_clear(scratch);
    buf_append(scratch, previous, HASH_LEN);
    append_u64be(scratch, n);
    for (size_t i = 0; i < nheads; i++) {
        append_u64be(scratch, heads[i].audit);
        append_u64be(scratch, heads[i].seq);
        buf_append(scratch, heads[i].hash, HASH_LEN);
    }
    if (buf_failed(scratch))
        return ERR_NOMEM;
    hash_sha256(scratch->data, scratch->len, out);
    return ERR_OK;
}

enum err site_chain_append(struct db *d)
{
    size_t n = d->heads.ndirty;
    if (n == 0)
        return ERR_OK;
    struct buf blob = BUF_INIT;
    struct site_chain_head *heads = calloc(n, sizeof *heads);
    uint8_t hash[HASH_LEN];
    enum err e = heads ? ERR_OK : ERR_NOMEM;
    if (e)
        goto done;
    buf_append_varint(&blob, n);
    for (size_t i = 0; i < n; i++) {
        const struct head *h = d->heads.dirty[i];
        heads[i].audit = h->audit;
        heads[i].seq = h->seq;
        memcpy(heads[i].hash, h->hash, HASH_LEN);
        buf_append_varint(&blob, h->audit);
        buf_append_varint(&blob, h->seq);
    }
    e = buf_failed(&blob)
            ? ERR_NOMEM
            : site_chain_hash(d->commit_hash, d->commit_n + 1, heads, n, &d->scratch, hash);
    if (e)
        goto done;
    sqlite3_stmt *q = db_use(d, STMT_COMMIT_INSERT);
    bind_num(q, 1, d->commit_n + 1);
    bind_bytes(q, 2, blob.data, blob.len);
    bind_bytes(q, 3, hash, HASH_LEN);
    e = db_write(d, q);
    if (!e) {
        d->commit_n++;
        memcpy(d->commit_hash, hash, HASH_LEN);
    }
done:
    free(heads);
    buf_free(&blob);
    return e;
}

enum err site_chain_decode(const void *blob, size_t len, struct site_chain_head **heads,
                           size_t *nheads)
{
    struct rd r = rd_of(blob, len);
    uint64_t n = rd_varint_max(&r, len / 2); /* two bytes at least for each */
    struct site_chain_head *list = calloc(n + 1, sizeof *list);
    if (!list)
        return ERR_NOMEM;
    for (size_t i = 0; i < n; i++) {
        list[i].audit = rd_varint(&r);
        list[i].seq = rd_varint(&r);
    }
    if (r.bad || rd_left(&r) > 0) {
        free(list);
        return ERR_CORRUPT;
    }
    *heads = list;
    *nheads = n;
    return ERR_OK;
}
