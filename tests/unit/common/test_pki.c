#include "common/pki.h"

#include <criterion/criterion.h>
#include <ctype.h>
#include <string.h>

static const int64_t now = INT64_C(1800000000000);
static const int64_t day = INT64_C(24) * 3600 * 1000;

/* ---- codes ---- */

static struct pki_code sample(const char *host)
{
    struct pki_code c = {.port = 7443};
    memcpy(c.host, host, strlen(host) + 1);
    for (int i = 0; i < 16; i++) {
        c.authority_hash16[i] = (uint8_t)(i * 17);
        c.secret[i] = (uint8_t)(255 - i * 13);
    }
    return c;
}

static void expect_same(const struct pki_code *a, const struct pki_code *b)
{
    cr_assert_str_eq(a->host, b->host);
    cr_assert_eq(a->port, b->port);
    cr_assert_eq(memcmp(a->authority_hash16, b->authority_hash16, 16), 0);
    cr_assert_eq(memcmp(a->secret, b->secret, 16), 0);
}

Test(pki_code, comes_back_as_it_was_for_every_length_of_host)
{
    char host[256] = "";
    for (size_t n = 1; n < 256; n++) {
        host[n - 1] = (char)('a' + n % 26);
        struct pki_code c = sample(host), back;
        struct buf out = BUF_INIT;
        pki_code_format(&c, &out);
        cr_assert_eq(pki_code_parse(buf_cstr(&out), &back, NULL), ERR_OK, "host of %zu", n);
        expect_same(&c, &back);
        buf_free(&out);
    }
}

Test(pki_code, is_groups_of_five_behind_a_word)
{
    struct pki_code c = sample("quality.example");
    struct buf out = BUF_INIT;
    pki_code_format(&c, &out);
    const char *s = buf_cstr(&out);
    cr_assert_eq(strncmp(s, "TANDEM-", 7), 0);
    size_t in_group = 0;
    for (s += 7; *s; s++) {
        if (*s == '-') {
            cr_assert_eq(in_group, 5u);
            in_group = 0;
        } else {
            cr_assert(isdigit((unsigned char)*s) || isupper((unsigned char)*s));
            cr_assert_null(strchr("ILOU", *s));
            in_group++;
        }
    }
    cr_assert(in_group >= 1 && in_group <= 5);
    buf_free(&out);
}

Test(pki_code, case_dashes_and_look_alikes_do_not_matter)
{
    struct pki_code c = sample("qa.example"), back;
    struct buf out = BUF_INIT;
    char typed[600], *p = typed;
    pki_code_format(&c, &out);
    *p++ = ' ';
    for (const char *s = buf_cstr(&out); *s; s++) {
        if (*s == '0')
            *p++ = 'o';
        else if (*s == '1')
            *p++ = 'l';
        else if (*s != '-')
            *p++ = (char)tolower((unsigned char)*s);
        if (s - (const char *)out.data == 20)
            *p++ = ' ';
    }
    *p++ = '\n';
    *p = 0;
    cr_assert_eq(pki_code_parse(typed, &back, NULL), ERR_OK);
    expect_same(&c, &back);
    buf_free(&out);
}

/* 16 bits of check sum: one wrong character slips through once in 65,536 times. */
Test(pki_code, one_mistyped_character_is_noticed)
{
    struct pki_code c = sample("localhost"), back;
    struct buf out = BUF_INIT;
    struct err_info why;
    pki_code_format(&c, &out);
    char s[600];
    memcpy(s, buf_cstr(&out), out.len + 1);
    size_t slipped = 0, tried = 0;
    for (size_t i = 7; i < out.len; i++) {
        if (s[i] == '-')
            continue;
        char was = s[i];
        for (const char *d = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"; *d; d++) {
            if (*d == was)
                continue;
            s[i] = *d;
            tried++;
            if (pki_code_parse(s, &back, &why) != ERR_INPUT)
                slipped++;
            else
                cr_assert_not_null(strstr(why.text, "typing error"));
        }
        s[i] = was;
    }
    cr_assert_gt(tried, 2000u);
    cr_assert_leq(slipped, 1u);
    buf_free(&out);
}

Test(pki_code, what_is_not_a_whole_code_is_refused_with_a_sentence)
{
    struct pki_code c = sample("localhost"), back;
    struct buf out = BUF_INIT;
    pki_code_format(&c, &out);
    struct err_info why;
    for (size_t n = 0; n < out.len; n++) {
        char s[600];
        memcpy(s, buf_cstr(&out), n);
        s[n] = 0;
        why.text[0] = 0;
        cr_assert_eq(pki_code_parse(s, &back, &why), ERR_INPUT, "cut to %zu", n);
        cr_assert_neq(why.text[0], 0);
    }
    char longer[2000];
    memset(longer, 'A', sizeof longer);
    memcpy(longer, "TANDEM-", 7);
    longer[sizeof longer - 1] = 0;
    cr_assert_eq(pki_code_parse(longer, &back, &why), ERR_INPUT);
    cr_assert_eq(pki_code_parse("TANDEM-U0000", &back, &why), ERR_INPUT);
    cr_assert_eq(pki_code_parse("TANDEM-\xc3\xa9", &back, &why), ERR_INPUT);
    buf_free(&out);
}

/* ---- certificates ---- */

static struct pki_pair authority(void)
{
    struct pki_pair p;
    cr_assert_eq(pki_make_authority("Northshire", 10, now, &p), ERR_OK);
    return p;
}

static struct buf signed_by(const struct pki_pair *ca, uint32_t person, uint8_t serial[20])
{
    struct buf key = BUF_INIT, csr = BUF_INIT, der = BUF_INIT;
    cr_assert_eq(pki_make_request(&key, &csr), ERR_OK);
    cr_assert_eq(
        pki_sign_request(ca, csr.data, csr.len, person, now, now + 90 * day, &der, serial, NULL),
        ERR_OK);
    buf_free(&key);
    buf_free(&csr);
    return der;
}

Test(pki, signed_certificate_says_its_end_and_number)
{
    struct pki_pair ca = authority();
    uint8_t serial[20], read[20];
    int64_t ends;
    struct buf der = signed_by(&ca, 12, serial), pem = BUF_INIT, again = BUF_INIT;
    cr_assert_eq(pki_der_to_pem(der.data, der.len, &pem), ERR_OK);
    cr_assert_eq(pki_cert_ends(buf_cstr(&pem), &ends, read), ERR_OK);
    cr_assert_eq(ends, now + 90 * day);
    cr_assert_eq(memcmp(serial, read, 20), 0);
    cr_assert_eq(pki_pem_to_der(buf_cstr(&pem), &again), ERR_OK);
    cr_assert_eq(again.len, der.len);
    cr_assert_eq(memcmp(again.data, der.data, der.len), 0);
    buf_free(&der);
    buf_free(&pem);
    buf_free(&again);
    pki_pair_free(&ca);
}

Test(pki, two_serials_differ)
{
    struct pki_pair ca = authority();
    uint8_t a[20], b[20];
    struct buf d1 = signed_by(&ca, 1, a), d2 = signed_by(&ca, 1, b);
    cr_assert_neq(memcmp(a, b, 20), 0);
    buf_free(&d1);
    buf_free(&d2);
    pki_pair_free(&ca);
}

Test(pki, fingerprint_is_the_hash_of_the_der)
{
    struct pki_pair ca = authority();
    struct buf der = BUF_INIT;
    uint8_t a[HASH_LEN], b[HASH_LEN];
    cr_assert_eq(pki_fingerprint((const char *)ca.cert_pem.data, a), ERR_OK);
    cr_assert_eq(pki_pem_to_der((const char *)ca.cert_pem.data, &der), ERR_OK);
    hash_sha256(der.data, der.len, b);
    cr_assert_eq(memcmp(a, b, HASH_LEN), 0);
    buf_free(&der);
    pki_pair_free(&ca);
}

Test(pki, damaged_requests_are_refused)
{
    struct pki_pair ca = authority();
    struct buf key = BUF_INIT, csr = BUF_INIT, der = BUF_INIT;
    uint8_t serial[20];
    cr_assert_eq(pki_make_request(&key, &csr), ERR_OK);
    for (size_t i = 0; i < csr.len; i++) { /* cut short */
        struct err_info why = {0};
        cr_assert_eq(pki_sign_request(&ca, csr.data, i, 1, now, now + day, &der, serial, &why),
                     ERR_INPUT);
        cr_assert_neq(why.text[0], 0);
    }
    for (size_t i = 0; i < csr.len; i++) { /* one bit wrong anywhere */
        csr.data[i] ^= 1;
        cr_assert_eq(
            pki_sign_request(&ca, csr.data, csr.len, 1, now, now + day, &der, serial, NULL),
            ERR_INPUT, "bit of byte %zu", i);
        csr.data[i] ^= 1;
    }
    buf_append_u8(&csr, 0); /* something behind it */
    cr_assert_eq(pki_sign_request(&ca, csr.data, csr.len, 1, now, now + day, &der, serial, NULL),
                 ERR_INPUT);
    cr_assert_eq(der.len, 0u);
    buf_free(&key);
    buf_free(&csr);
    buf_free(&der);
    pki_pair_free(&ca);
}

Test(pki, host_names_that_are_no_names_are_refused)
{
    struct pki_pair ca = authority(), server;
    static const char *const bad[] = {"", "a b", "x,IP:1.2.3.4", "a\nb", "caf\xc3\xa9", "a/b"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        cr_assert_eq(pki_make_server(&ca, &bad[i], 1, now, now + day, &server), ERR_INPUT, "%s",
                     bad[i]);
    pki_pair_free(&ca);
}

Test(pki, long_site_names_are_cut_at_a_whole_character)
{
    struct pki_pair p;
    cr_assert_eq(pki_make_authority("x\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9"
                                    "\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9"
                                    "\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9"
                                    "\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9"
                                    "\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9",
                                    10, now, &p),
                 ERR_OK);
    pki_pair_free(&p);
}

Test(pki, private_keys_have_no_place_in_the_certificate)
{
    struct pki_pair ca = authority();
    cr_assert_not_null(strstr((const char *)ca.key_pem.data, "PRIVATE KEY"));
    cr_assert_null(strstr((const char *)ca.cert_pem.data, "PRIVATE KEY"));
    pki_pair_free(&ca);
    cr_assert_null(ca.key_pem.data);
}
