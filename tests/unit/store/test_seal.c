#include "server/store/seal.h"

#include <criterion/criterion.h>
#include <string.h>

Test(seal, what_was_closed_opens_to_the_same_bytes)
{
    static const char *const bodies[] = {"x", "\0\0", "some words"};
    static const size_t lens[] = {1, 2, 10};
    for (size_t i = 0; i < 3; i++) {
        struct buf stored = BUF_INIT;
        const uint8_t *body;
        size_t len;
        cr_assert_eq(seal_close(7, bodies[i], lens[i], &stored), ERR_OK);
        cr_assert_eq(seal_open(7, stored.data, stored.len, &body, &len), ERR_OK);
        cr_assert_eq(len, lens[i]);
        cr_assert_arr_eq(body, bodies[i], len);
        buf_free(&stored);
    }
}

Test(seal, nothing_and_unknown_formats_are_refused)
{
    const uint8_t *body;
    size_t len;
    cr_assert_eq(seal_open(1, "", 0, &body, &len), ERR_CORRUPT);
    for (int format = 1; format < 256; format++) {
        uint8_t stored[2] = {(uint8_t)format, 'x'};
        cr_assert_eq(seal_open(1, stored, 2, &body, &len), ERR_VERSION);
    }
}

/* The chain as its header defines it, laid out by hand. */
Test(seal, the_chain_hashes_what_its_definition_says)
{
    uint8_t previous[HASH_LEN], got[HASH_LEN], want[HASH_LEN], bytes[HASH_LEN + 32 + 3];
    for (size_t i = 0; i < HASH_LEN; i++)
        bytes[i] = previous[i] = (uint8_t)i;
    static const uint8_t numbers[32] = {0,    0,    0,    0,    0,    0,    1,    2,     /* audit */
                                        0,    0,    0,    0,    0,    3,    0,    4,     /* seq */
                                        0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xfe,  /* time */
                                        0,    0,    0,    0,    0xfe, 0xdc, 0xba, 0x98}; /* actor */
    memcpy(bytes + HASH_LEN, numbers, 32);
    memcpy(bytes + HASH_LEN + 32, "abc", 3);
    hash_sha256(bytes, sizeof bytes, want);
    seal_chain(previous, 0x0102, 0x030004, -2, 0xfedcba98u, "abc", 3, got);
    cr_assert_arr_eq(got, want, HASH_LEN);
    seal_chain(previous, 0x0102, 0x030004, -2, 0xfedcba98u, "abc", 3, previous);
    cr_assert_arr_eq(previous, want, HASH_LEN,
                     "the result may take the place of the previous hash");
}
