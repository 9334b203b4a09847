#include "server/store/seal.h"

#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <threads.h>

enum { FORMAT_PLAIN = 0 };

enum err seal_close(uint64_t audit, const void *body, size_t len, struct buf *out)
{
    (void)audit;
    buf_append_u8(out, FORMAT_PLAIN);
    buf_append(out, body, len);
    return buf_failed(out) ? ERR_NOMEM : ERR_OK;
}

enum err seal_open(uint64_t audit, const void *stored, size_t len, const uint8_t **body,
                   size_t *body_len)
{
    (void)audit;
    const uint8_t *p = stored;
    if (len == 0)
        return ERR_CORRUPT;
    if (p[0] != FORMAT_PLAIN)
        return ERR_VERSION;
    *body = p + 1;
    *body_len = len - 1;
    return ERR_OK;
}

/* Fetched once for the life of the process: looking it up costs as much as hashing an event. */
static EVP_MD *sha256;
static void fetch_sha256(void)
{
    sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
}

static void put_u64be(uint8_t *p, uint64_t v)
{
    for (int i = 7; i >= 0; i--, v >>= 8)
        p[i] = (uint8_t)v;
}

void seal_chain(const uint8_t previous[HASH_LEN], uint64_t audit, uint64_t seq, int64_t utc_ms,
                uint32_t actor, const void *stored, size_t len, uint8_t out[HASH_LEN])
{
    static once_flag once = ONCE_FLAG_INIT;
    call_once(&once, fetch_sha256);
    uint8_t numbers[4 * 8];
    put_u64be(numbers, audit);
    put_u64be(numbers + 8, seq);
    put_u64be(numbers + 16, (uint64_t)utc_ms);
    put_u64be(numbers + 24, actor);
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    bool ok = sha256 && ctx && EVP_DigestInit_ex(ctx, sha256, NULL) == 1 &&
              EVP_DigestUpdate(ctx, previous, HASH_LEN) == 1 &&
              EVP_DigestUpdate(ctx, numbers, sizeof numbers) == 1 &&
              EVP_DigestUpdate(ctx, stored, len) == 1 && EVP_DigestFinal_ex(ctx, out, NULL) == 1;
    EVP_MD_CTX_free(ctx);
    if (!ok) {
        fprintf(stderr, "tandemd: SHA-256 failed in the crypto library; cannot go on\n");
        abort();
    }
}
