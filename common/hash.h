#ifndef TANDEM_COMMON_HASH_H
#define TANDEM_COMMON_HASH_H

/* SHA-256 and random bytes, through OpenSSL. */

#include <stddef.h>
#include <stdint.h>

enum { HASH_LEN = 32 };

void hash_sha256(const void *data, size_t len_bytes, uint8_t out[HASH_LEN]);
/* Cryptographically strong; the process ends if the system has none to give. */
void hash_random(void *out, size_t len_bytes);

#endif
