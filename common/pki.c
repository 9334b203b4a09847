#include "common/pki.h"

#include <ctype.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "common/utf8.h"

enum { BACKDATE_S = 3600 }; /* clocks of clients may be a little behind */
enum { MAX_CSR_BYTES = 4096 };

void pki_pair_free(struct pki_pair *p)
{
    buf_free(&p->cert_pem);
    if (p->key_pem.data)
        OPENSSL_cleanse(p->key_pem.data, p->key_pem.cap);
    buf_free(&p->key_pem);
}

/* ---- PEM and DER ---- */

/* Moves what was written to a memory BIO behind `out`, and frees the BIO. */
static enum err take_bio(BIO *bio, bool ok, struct buf *out)
{
    char *data;
    long len = bio ? BIO_get_mem_data(bio, &data) : 0;
    if (ok && len > 0 && buf_reserve(out, (size_t)len + 1)) {
        buf_append(out, data, (size_t)len);
        (void)buf_cstr(out);
    } else {
        ok = false;
    }
    BIO_free(bio);
    return ok ? ERR_OK : ERR_NOMEM;
}

static enum err cert_to_pem(X509 *cert, struct buf *pem)
{
    BIO *bio = BIO_new(BIO_s_mem());
    return take_bio(bio, bio && PEM_write_bio_X509(bio, cert), pem);
}

static enum err key_to_pem(EVP_PKEY *key, struct buf *pem)
{
    BIO *bio = BIO_new(BIO_s_secmem());
    return take_bio(bio, bio && PEM_write_bio_PKCS8PrivateKey(bio, key, NULL, NULL, 0, NULL, NULL),
                    pem);
}

static enum err cert_to_der(X509 *cert, struct buf *der)
{
    int len = i2d_X509(cert, NULL);
    if (len <= 0 || !buf_reserve(der, (size_t)len))
        return ERR_NOMEM;
    uint8_t *p = der->data + der->len;
    if (i2d_X509(cert, &p) != len)
        return ERR_NOMEM;
    der->len += (size_t)len;
    return ERR_OK;
}

/* A passphrase is never asked for on the terminal. */
static int no_passphrase(char *out, int size, int writing, void *user)
{
    (void)out, (void)size, (void)writing, (void)user;
    return -1;
}

static X509 *read_cert(const char *pem)
{
    BIO *bio = BIO_new_mem_buf(pem, -1);
    X509 *cert = bio ? PEM_read_bio_X509(bio, NULL, no_passphrase, NULL) : NULL;
    BIO_free(bio);
    ERR_clear_error();
    return cert;
}

static EVP_PKEY *read_key(const char *pem)
{
    BIO *bio = BIO_new_mem_buf(pem, -1);
    EVP_PKEY *key = bio ? PEM_read_bio_PrivateKey(bio, NULL, no_passphrase, NULL) : NULL;
    BIO_free(bio);
    ERR_clear_error();
    return key;
}

enum err pki_der_to_pem(const void *der, size_t len, struct buf *pem)
{
    const uint8_t *p = der;
    X509 *cert = d2i_X509(NULL, &p, (long)len);
    enum err e = ERR_INPUT;
    if (cert && p == (const uint8_t *)der + len)
        e = cert_to_pem(cert, pem);
    X509_free(cert);
    ERR_clear_error();
    return e;
}

enum err pki_pem_to_der(const char *pem, struct buf *der)
{
    X509 *cert = read_cert(pem);
    enum err e = cert ? cert_to_der(cert, der) : ERR_INPUT;
    X509_free(cert);
    return e;
}

enum err pki_fingerprint(const char *cert_pem, uint8_t out[HASH_LEN])
{
    struct buf der = BUF_INIT;
    enum err e = pki_pem_to_der(cert_pem, &der);
    if (!e)
        hash_sha256(der.data, der.len, out);
    buf_free(&der);
    return e;
}

static bool serial_bytes(const X509 *cert, uint8_t serial[20])
{
    BIGNUM *n = ASN1_INTEGER_to_BN(X509_get0_serialNumber(cert), NULL);
    bool ok = n && BN_bn2binpad(n, serial, 20) == 20;
    BN_free(n);
    return ok;
}

enum err pki_cert_ends(const char *cert_pem, int64_t *ends_utc_ms, uint8_t serial[20])
{
    X509 *cert = read_cert(cert_pem);
    struct tm tm;
    enum err e = ERR_INPUT;
    if (cert && serial_bytes(cert, serial) && ASN1_TIME_to_tm(X509_get0_notAfter(cert), &tm)) {
        *ends_utc_ms = (int64_t)timegm(&tm) * 1000;
        e = ERR_OK;
    }
    X509_free(cert);
    ERR_clear_error();
    return e;
}

/* ---- making certificates ---- */

static EVP_PKEY *new_key(void)
{
    return EVP_EC_gen("P-256");
}

static bool add_extension(X509 *cert, X509 *issuer, int nid, const char *value)
{
    X509V3_CTX ctx;
    X509V3_set_ctx_nodb(&ctx);
    X509V3_set_ctx(&ctx, issuer, cert, NULL, NULL, 0);
    X509_EXTENSION *ext = X509V3_EXT_conf_nid(NULL, &ctx, nid, value);
    bool ok = ext && X509_add_ext(cert, ext, -1);
    X509_EXTENSION_free(ext);
    return ok;
}

/* Version, random serial (always 20 bytes long), times, key. */
static X509 *new_cert(EVP_PKEY *key, const char *common_name, int64_t now_utc_ms,
                      int64_t ends_utc_ms, uint8_t serial[20])
{
    X509 *cert = X509_new();
    hash_random(serial, 20);
    serial[0] = (uint8_t)((serial[0] & 0x3f) | 0x40);
    BIGNUM *n = BN_bin2bn(serial, 20, NULL);
    bool ok = cert && n && X509_set_version(cert, X509_VERSION_3) &&
              BN_to_ASN1_INTEGER(n, X509_get_serialNumber(cert)) &&
              ASN1_TIME_set(X509_getm_notBefore(cert), (time_t)(now_utc_ms / 1000 - BACKDATE_S)) &&
              ASN1_TIME_set(X509_getm_notAfter(cert), (time_t)(ends_utc_ms / 1000)) &&
              X509_set_pubkey(cert, key) &&
              X509_NAME_add_entry_by_txt(X509_get_subject_name(cert), "CN", MBSTRING_UTF8,
                                         (const uint8_t *)common_name, -1, -1, 0);
    BN_free(n);
    if (ok)
        return cert;
    X509_free(cert);
    return NULL;
}

static void cut_at_whole_character(char *s)
{
    const uint8_t *p = (const uint8_t *)s, *end = p + strlen(s);
    uint32_t cp;
    size_t n;
    while (p < end && (n = utf8_decode(p, end, &cp)))
        p += n;
    s[p - (const uint8_t *)s] = 0;
}

enum err pki_make_authority(const char *site, int years, int64_t now_utc_ms, struct pki_pair *out)
{
    *out = (struct pki_pair){0};
    uint8_t serial[20];
    char name[65]; /* the longest a common name may be */
    (void)snprintf(name, sizeof name, "Tandem %s", site);
    cut_at_whole_character(name);
    EVP_PKEY *key = new_key();
    X509 *cert = key ? new_cert(key, name, now_utc_ms,
                                now_utc_ms + (int64_t)years * 365 * 24 * 3600 * 1000, serial)
                     : NULL;
    bool ok = cert && X509_set_issuer_name(cert, X509_get_subject_name(cert)) &&
              add_extension(cert, cert, NID_basic_constraints, "critical,CA:TRUE,pathlen:0") &&
              add_extension(cert, cert, NID_key_usage, "critical,keyCertSign,cRLSign") &&
              add_extension(cert, cert, NID_subject_key_identifier, "hash") &&
              X509_sign(cert, key, EVP_sha256());
    enum err e = ok ? cert_to_pem(cert, &out->cert_pem) : ERR_NOMEM;
    if (!e)
        e = key_to_pem(key, &out->key_pem);
    X509_free(cert);
    EVP_PKEY_free(key);
    ERR_clear_error();
    if (e)
        pki_pair_free(out);
    return e;
}

/* A leaf certificate for `key`, signed by the authority. */
static enum err sign_leaf(const struct pki_pair *authority, EVP_PKEY *key, const char *common_name,
                          const char *usage, const char *alt_names, int64_t now_utc_ms,
                          int64_t ends_utc_ms, uint8_t serial[20], X509 **out)
{
    X509 *ca = read_cert((const char *)authority->cert_pem.data);
    EVP_PKEY *ca_key = read_key((const char *)authority->key_pem.data);
    X509 *cert = ca && ca_key ? new_cert(key, common_name, now_utc_ms, ends_utc_ms, serial) : NULL;
    bool ok = cert && X509_set_issuer_name(cert, X509_get_subject_name(ca)) &&
              add_extension(cert, ca, NID_basic_constraints, "critical,CA:FALSE") &&
              add_extension(cert, ca, NID_key_usage, "critical,digitalSignature") &&
              add_extension(cert, ca, NID_ext_key_usage, usage) &&
              add_extension(cert, ca, NID_authority_key_identifier, "keyid:always") &&
              (!alt_names || add_extension(cert, ca, NID_subject_alt_name, alt_names)) &&
              X509_sign(cert, ca_key, EVP_sha256());
    enum err e = ok ? ERR_OK : !ca || !ca_key ? ERR_CORRUPT : ERR_INPUT;
    if (ok) {
        *out = cert;
        cert = NULL; /* the caller owns it now */
    }
    X509_free(cert);
    EVP_PKEY_free(ca_key);
    X509_free(ca);
    ERR_clear_error();
    return e;
}

/* Names become part of OpenSSL's small language for extensions: nothing but a host may pass. */
static bool is_host(const char *s)
{
    size_t n = strlen(s);
    if (!n || n > 253)
        return false;
    for (; *s; s++)
        if (!isalnum((unsigned char)*s) && !strchr(".-:_", *s))
            return false;
    return true;
}

static bool is_address(const char *host)
{
    ASN1_OCTET_STRING *ip = a2i_IPADDRESS(host);
    bool yes = ip != NULL;
    ASN1_OCTET_STRING_free(ip);
    ERR_clear_error();
    return yes;
}

enum err pki_make_server(const struct pki_pair *authority, const char *const *hosts, size_t nhosts,
                         int64_t now_utc_ms, int64_t ends_utc_ms, struct pki_pair *out)
{
    *out = (struct pki_pair){0};
    struct buf names = BUF_INIT;
    EVP_PKEY *key = NULL;
    X509 *cert = NULL;
    uint8_t serial[20];
    enum err e = ERR_INPUT;
    for (size_t i = 0; i < nhosts; i++) {
        if (!is_host(hosts[i]))
            goto done;
        buf_appendf(&names, "%s%s:%s", i ? "," : "", is_address(hosts[i]) ? "IP" : "DNS", hosts[i]);
    }
    key = new_key();
    e = key ? sign_leaf(authority, key, "tandemd", "serverAuth", buf_cstr(&names), now_utc_ms,
                        ends_utc_ms, serial, &cert)
            : ERR_NOMEM;
    if (!e)
        e = cert_to_pem(cert, &out->cert_pem);
    if (!e)
        e = key_to_pem(key, &out->key_pem);
done:
    X509_free(cert);
    EVP_PKEY_free(key);
    buf_free(&names);
    if (e)
        pki_pair_free(out);
    return e;
}

enum err pki_make_request(struct buf *key_pem, struct buf *csr_der)
{
    EVP_PKEY *key = new_key();
    X509_REQ *req = X509_REQ_new();
    int len = -1;
    if (key && req && X509_REQ_set_version(req, X509_REQ_VERSION_1) &&
        X509_REQ_set_pubkey(req, key) && X509_REQ_sign(req, key, EVP_sha256()))
        len = i2d_X509_REQ(req, NULL);
    enum err e = len > 0 && buf_reserve(csr_der, (size_t)len) ? ERR_OK : ERR_NOMEM;
    if (!e) {
        uint8_t *p = csr_der->data + csr_der->len;
        csr_der->len += (size_t)i2d_X509_REQ(req, &p);
        e = key_to_pem(key, key_pem);
    }
    X509_REQ_free(req);
    EVP_PKEY_free(key);
    ERR_clear_error();
    return e;
}

static bool is_p256(EVP_PKEY *key)
{
    char group[32];
    size_t len;
    return EVP_PKEY_is_a(key, "EC") && EVP_PKEY_get_group_name(key, group, sizeof group, &len) &&
           OBJ_sn2nid(group) == NID_X9_62_prime256v1;
}

enum err pki_sign_request(const struct pki_pair *authority, const void *csr_der, size_t csr_len,
                          uint32_t person, int64_t now_utc_ms, int64_t ends_utc_ms,
                          struct buf *cert_der, uint8_t serial[20], struct err_info *why)
{
    const uint8_t *p = csr_der;
    X509_REQ *req =
        csr_len && csr_len <= MAX_CSR_BYTES ? d2i_X509_REQ(NULL, &p, (long)csr_len) : NULL;
    EVP_PKEY *key = req ? X509_REQ_get0_pubkey(req) : NULL;
    X509 *cert = NULL;
    enum err e = ERR_INPUT;
    if (!key || p != (const uint8_t *)csr_der + csr_len) {
        (void)err_set(why, e, "The signing request is not a PKCS#10 request.");
    } else if (!is_p256(key)) {
        (void)err_set(why, e, "The key of the signing request must be EC P-256.");
    } else if (X509_REQ_verify(req, key) != 1) {
        (void)err_set(why, e, "The signing request is not signed by its own key.");
    } else {
        char name[32];
        (void)snprintf(name, sizeof name, "person %u", person);
        e = sign_leaf(authority, key, name, "clientAuth", NULL, now_utc_ms, ends_utc_ms, serial,
                      &cert);
        if (!e)
            e = cert_to_der(cert, cert_der);
        if (e)
            (void)err_set(why, e, "The site's authority could not sign: %s", err_text(e));
    }
    X509_free(cert);
    X509_REQ_free(req);
    ERR_clear_error();
    return e;
}

/* ---- enrolment codes ---- */

static const char digits[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"; /* Crockford: no I, L, O, U */
static const char prefix[] = "TANDEM";

enum {
    CODE_VERSION = 1,
    CODE_FIXED = 1 + 2 + 16 + 16, /* before the host name */
    CODE_CHECK = 2,
    CODE_MAX = CODE_FIXED + 255 + CODE_CHECK,
};

static void code_check(const uint8_t *data, size_t len, uint8_t out[CODE_CHECK])
{
    uint8_t hash[HASH_LEN];
    hash_sha256(data, len, hash);
    memcpy(out, hash, CODE_CHECK);
}

void pki_code_format(const struct pki_code *c, struct buf *out)
{
    uint8_t b[CODE_MAX];
    size_t host_len = strnlen(c->host, sizeof c->host - 1), len = CODE_FIXED + host_len;
    b[0] = CODE_VERSION;
    b[1] = (uint8_t)(c->port >> 8);
    b[2] = (uint8_t)c->port;
    memcpy(b + 3, c->authority_hash16, 16);
    memcpy(b + 19, c->secret, 16);
    memcpy(b + CODE_FIXED, c->host, host_len);
    code_check(b, len, b + len);
    len += CODE_CHECK;

    buf_append_str(out, prefix);
    uint32_t acc = 0;
    unsigned bits = 0;
    size_t written = 0;
    for (size_t i = 0; i < len || bits;) {
        if (bits < 5 && i < len) {
            acc = (acc << 8 | b[i++]) & 0xffff;
            bits += 8;
        } else if (bits < 5) { /* the end: fill up with zeros */
            acc <<= 5 - bits;
            bits = 5;
        }
        if (written++ % 5 == 0)
            buf_append_u8(out, '-');
        bits -= 5;
        buf_append_u8(out, (uint8_t)digits[acc >> bits & 31]);
    }
    OPENSSL_cleanse(b, sizeof b);
}

/* -1: not a digit. What people mistake for one another counts as the same. */
static int digit_value(char ch)
{
    char up = (char)toupper((unsigned char)ch);
    if (up == 'O')
        up = '0';
    if (up == 'I' || up == 'L')
        up = '1';
    const char *at = up ? strchr(digits, up) : NULL;
    return at ? (int)(at - digits) : -1;
}

enum err pki_code_parse(const char *s, struct pki_code *out, struct err_info *why)
{
    uint8_t b[CODE_MAX];
    size_t len = 0;
    uint32_t acc = 0;
    unsigned bits = 0;
    uint8_t check[CODE_CHECK];
    enum err e = ERR_INPUT;
    while (isspace((unsigned char)*s))
        s++;
    if (strncasecmp(s, prefix, strlen(prefix))) {
        (void)err_set(why, e,
                      "That is not an enrolment code: it should begin with TANDEM-. "
                      "Type it as you were given it.");
        goto done;
    }
    for (s += strlen(prefix); *s; s++) {
        if (*s == '-' || isspace((unsigned char)*s))
            continue;
        int v = digit_value(*s);
        if (v < 0) {
            (void)err_set(why, e,
                          "The code holds a character that codes never hold. Compare it with "
                          "what you were given.");
            goto done;
        }
        acc = (acc << 5 | (uint32_t)v) & 0xffff;
        bits += 5;
        if (bits < 8)
            continue;
        if (len == sizeof b) {
            (void)err_set(why, e, "The code is too long. Was it pasted twice?");
            goto done;
        }
        bits -= 8;
        b[len++] = (uint8_t)(acc >> bits);
    }
    if (len && b[0] != CODE_VERSION && len > CODE_FIXED + CODE_CHECK) {
        code_check(b, len - CODE_CHECK, check);
        if (!memcmp(check, b + len - CODE_CHECK, CODE_CHECK)) {
            e = err_set(why, ERR_VERSION,
                        "The code was made by a newer version of Tandem. Update this program.");
            goto done;
        }
    }
    if (len > CODE_FIXED + CODE_CHECK)
        code_check(b, len - CODE_CHECK, check);
    if (len <= CODE_FIXED + CODE_CHECK || memcmp(check, b + len - CODE_CHECK, CODE_CHECK) ||
        b[0] != CODE_VERSION || (acc & ((1u << bits) - 1)) || bits >= 5 ||
        memchr(b + CODE_FIXED, 0, len - CODE_FIXED - CODE_CHECK)) {
        (void)err_set(why, e,
                      "The code has a typing error or a part of it is missing. Compare it with "
                      "what you were given.");
        goto done;
    }
    *out = (struct pki_code){.port = (uint16_t)(b[1] << 8 | b[2])};
    memcpy(out->authority_hash16, b + 3, 16);
    memcpy(out->secret, b + 19, 16);
    memcpy(out->host, b + CODE_FIXED, len - CODE_FIXED - CODE_CHECK);
    e = ERR_OK;
done:
    OPENSSL_cleanse(b, sizeof b);
    return e;
}
