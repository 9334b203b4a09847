#include "server/store/site_chain.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

Test(site_chain, heads_decode_to_what_was_encoded)
{
    struct buf blob = BUF_INIT;
    buf_append_varint(&blob, 2);
    buf_append_varint(&blob, 300);
    buf_append_varint(&blob, 1);
    buf_append_varint(&blob, 7);
    buf_append_varint(&blob, UINT64_C(1) << 40);
    struct site_chain_head *heads;
    size_t n;
    cr_assert_eq(site_chain_decode(blob.data, blob.len, &heads, &n), ERR_OK);
    cr_assert_eq(n, 2);
    cr_assert_eq(heads[0].audit, 300);
    cr_assert_eq(heads[0].seq, 1);
    cr_assert_eq(heads[1].audit, 7);
    cr_assert_eq(heads[1].seq, UINT64_C(1) << 40);
    free(heads);
    for (size_t len = 0; len < blob.len; len++)
        cr_assert_eq(site_chain_decode(blob.data, len, &heads, &n), ERR_CORRUPT, "cut at %zu", len);
    buf_append_u8(&blob, 0);
    cr_assert_eq(site_chain_decode(blob.data, blob.len, &heads, &n), ERR_CORRUPT, "too long");
    buf_free(&blob);
}

Test(site_chain, a_count_larger_than_the_blob_takes_no_memory)
{
    struct buf blob = BUF_INIT;
    buf_append_varint(&blob, UINT64_MAX);
    struct site_chain_head *heads;
    size_t n;
    cr_assert_eq(site_chain_decode(blob.data, blob.len, &heads, &n), ERR_CORRUPT);
    buf_free(&blob);
}

Test(site_chain, the_hash_depends_on_everything)
{
    struct buf scratch = BUF_INIT;
    uint8_t zero[HASH_LEN] = {0}, one[HASH_LEN] = {1}, seen[6][HASH_LEN];
    struct site_chain_head heads[2] = {
        {.audit = 1, .seq = 2},
        {.audit = 3, .seq = 4}
    };
    cr_assert_eq(site_chain_hash(zero, 1, heads, 2, &scratch, seen[0]), ERR_OK);
    cr_assert_eq(site_chain_hash(one, 1, heads, 2, &scratch, seen[1]), ERR_OK);
    cr_assert_eq(site_chain_hash(zero, 2, heads, 2, &scratch, seen[2]), ERR_OK);
    cr_assert_eq(site_chain_hash(zero, 1, heads, 1, &scratch, seen[3]), ERR_OK);
    heads[1].seq = 5;
    cr_assert_eq(site_chain_hash(zero, 1, heads, 2, &scratch, seen[4]), ERR_OK);
    heads[1].seq = 4;
    heads[1].hash[31] = 1;
    cr_assert_eq(site_chain_hash(zero, 1, heads, 2, &scratch, seen[5]), ERR_OK);
    for (int i = 0; i < 6; i++)
        for (int k = 0; k < i; k++)
            cr_assert_neq(memcmp(seen[i], seen[k], HASH_LEN), 0, "%d and %d are the same", i, k);
    heads[1].hash[31] = 0;
    cr_assert_eq(site_chain_hash(zero, 1, heads, 2, &scratch, zero), ERR_OK);
    cr_assert_arr_eq(zero, seen[0], HASH_LEN, "the result may take the place of the previous hash");
    buf_free(&scratch);
}
