#ifndef TANDEM_COMMON_PKI_H
#define TANDEM_COMMON_PKI_H

/* Keys and certificates of a site: its own authority, the server's certificate, people's. EC P-256,
 * SHA-256. Subjects hold numbers, never names of people. Strings are PEM unless they say DER. */

#include "common/buf.h"
#include "common/hash.h"

struct pki_pair {
    struct buf cert_pem; /* NUL behind it */
    struct buf key_pem;
};
void pki_pair_free(struct pki_pair *p); /* wipes the key */

/* A new authority, valid for `years`. */
MUST_CHECK enum err pki_make_authority(const char *site, int years, int64_t now_utc_ms,
                                       struct pki_pair *out);
/* A server certificate for the given DNS names and IP addresses. */
MUST_CHECK enum err pki_make_server(const struct pki_pair *authority, const char *const *hosts,
                                    size_t nhosts, int64_t now_utc_ms, int64_t ends_utc_ms,
                                    struct pki_pair *out);
/* Client side: a new key and a signing request for it. */
MUST_CHECK enum err pki_make_request(struct buf *key_pem, struct buf *csr_der);
/* Signs a request for person number `person`; checks its self-signature and that the key is EC
 * P-256. ERR_INPUT otherwise. Appends the certificate; serial is random. */
MUST_CHECK enum err pki_sign_request(const struct pki_pair *authority, const void *csr_der,
                                     size_t csr_len, uint32_t person, int64_t now_utc_ms,
                                     int64_t ends_utc_ms, struct buf *cert_der, uint8_t serial[20],
                                     struct err_info *why);
MUST_CHECK enum err pki_der_to_pem(const void *der, size_t len, struct buf *pem);
MUST_CHECK enum err pki_pem_to_der(const char *pem, struct buf *der);
/* SHA-256 over the certificate's DER. */
MUST_CHECK enum err pki_fingerprint(const char *cert_pem, uint8_t out[HASH_LEN]);
MUST_CHECK enum err pki_cert_ends(const char *cert_pem, int64_t *ends_utc_ms, uint8_t serial[20]);

/* ---- enrolment codes ----
 * What an administrator hands over: where the server is, how to know it, and a secret that works
 * once. "TANDEM-" and base32 (Crockford, groups of 5 joined by "-", case and dashes do not matter)
 * of: version 1, port, first 16 bytes of the authority's fingerprint, 16 bytes of secret, host
 * name, 2 bytes of checksum (a mistyped code is told apart from a wrong one). */
struct pki_code {
    char host[256];
    uint16_t port;
    uint8_t authority_hash16[16];
    uint8_t secret[16];
};
void pki_code_format(const struct pki_code *c, struct buf *out);
MUST_CHECK enum err pki_code_parse(const char *s, struct pki_code *out, struct err_info *why);

#endif
