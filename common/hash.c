#include "common/hash.h"

#include <openssl/evp.h>
#include <openssl/rand.h>
#include <stdio.h>
#include <stdlib.h>

static void must(int ok, const char *what)
{
    if (ok == 1)
        return;
    fprintf(stderr, "tandem: %s failed in the crypto library; cannot go on\n", what);
    abort();
}

void hash_sha256(const void *data, size_t len_bytes, uint8_t out[HASH_LEN])
{
    static const EVP_MD *md; /* fetched once: the lookup costs more than a short hash */
    if (!md)
        md = EVP_sha256();
    must(EVP_Digest(data, len_bytes, out, NULL, md, NULL), "SHA-256");
}

void hash_random(void *out, size_t len_bytes)
{
    must(RAND_bytes(out, (int)len_bytes), "random");
}
