#include "common/buf.h"

#include <criterion/criterion.h>
#include <string.h>

#include "tests/lib/leaks.h"

Test(buf, grows_with_what_is_appended)
{
    struct buf b = BUF_INIT;
    for (int i = 0; i < 10 * 1000; i++) {
        buf_append_str(&b, "ab");
        buf_append_u8(&b, 'c');
    }
    cr_assert_eq(b.len, 30u * 1000);
    for (size_t i = 0; i < b.len; i++)
        if (b.data[i] != "abc"[i % 3])
            cr_assert_fail("byte %zu", i);
    cr_expect_not(buf_failed(&b));
    buf_free(&b);
    cr_expect_null(b.data);
    buf_append_str(&b, "again");
    cr_expect_str_eq(buf_cstr(&b), "again", "usable after free");
    buf_free(&b);
    CHECK_NO_LEAKS();
}

Test(buf, cstr_ends_and_does_not_count_its_nul)
{
    struct buf b = BUF_INIT;
    cr_expect_str_eq(buf_cstr(&b), "");
    buf_appendf(&b, "%s-%d", "FCA", 7);
    cr_expect_str_eq(buf_cstr(&b), "FCA-7");
    cr_expect_eq(b.len, 5u);
    buf_append_str(&b, "!");
    cr_expect_str_eq(buf_cstr(&b), "FCA-7!");
    buf_free(&b);
    CHECK_NO_LEAKS();
}

Test(buf, consume_drops_from_the_front)
{
    struct buf b = BUF_INIT;
    buf_append_str(&b, "abcdef");
    buf_consume(&b, 2);
    cr_expect_str_eq(buf_cstr(&b), "cdef");
    buf_consume(&b, 0);
    cr_expect_eq(b.len, 4u);
    buf_consume(&b, 99);
    cr_expect_eq(b.len, 0u);
    buf_free(&b);
}

Test(buf, impossible_sizes_fail_and_are_remembered)
{
    struct buf b = BUF_INIT;
    buf_append_str(&b, "kept");
    cr_expect_not(buf_reserve(&b, SIZE_MAX / 2));
    cr_expect(buf_failed(&b));
    buf_append_str(&b, "more");
    cr_expect_eq(b.len, 4u, "nothing is added behind a failure");
    cr_expect_not(buf_reserve(&b, 1));
    buf_clear(&b);
    cr_expect_not(buf_failed(&b));
    cr_expect(buf_reserve(&b, 1));
    buf_free(&b);
}

Test(buf, u32_is_big_endian)
{
    struct buf b = BUF_INIT;
    buf_append_u32be(&b, 0x01020304);
    cr_expect_arr_eq(b.data, "\x01\x02\x03\x04", 4);
    buf_free(&b);
}

static const struct {
    uint64_t value;
    const char *bytes;
    size_t len;
} varints[] = {
    {0,           "\x00",                                     1 },
    {1,           "\x01",                                     1 },
    {127,         "\x7f",                                     1 },
    {128,         "\x80\x01",                                 2 },
    {300,         "\xac\x02",                                 2 },
    {16383,       "\xff\x7f",                                 2 },
    {16384,       "\x80\x80\x01",                             3 },
    {0xffffffffu, "\xff\xff\xff\xff\x0f",                     5 },
    {UINT64_MAX,  "\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 10},
};

Test(buf, varints_as_bytes_and_back)
{
    for (size_t i = 0; i < sizeof varints / sizeof *varints; i++) {
        struct buf b = BUF_INIT;
        buf_append_varint(&b, varints[i].value);
        cr_assert_eq(b.len, varints[i].len, "row %zu", i);
        cr_expect_arr_eq(b.data, varints[i].bytes, b.len);
        struct rd r = rd_of(b.data, b.len);
        cr_expect_eq(rd_varint(&r), varints[i].value, "row %zu", i);
        cr_expect(!r.bad && !rd_left(&r));
        for (size_t len = 0; len < b.len; len++) { /* cut short */
            r = rd_of(b.data, len);
            cr_expect_eq(rd_varint(&r), 0u);
            cr_expect(r.bad, "row %zu cut to %zu", i, len);
        }
        buf_free(&b);
    }
}

Test(rd, varint_over_64_bits_is_bad)
{
    struct rd r = rd_of("\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02", 10);
    cr_expect_eq(rd_varint(&r), 0u);
    cr_expect(r.bad);
    r = rd_of("\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x01", 11);
    cr_expect_eq(rd_varint(&r), 0u);
    cr_expect(r.bad);
}

Test(rd, varint_over_its_maximum_is_bad)
{
    struct rd r = rd_of("\x64\x65", 2);
    cr_expect_eq(rd_varint_max(&r, 100), 100u);
    cr_expect_not(r.bad);
    cr_expect_eq(rd_varint_max(&r, 100), 0u);
    cr_expect(r.bad);
}

Test(rd, reading_past_the_end_is_bad_and_gives_nothing)
{
    struct rd r = rd_of("abc", 3);
    cr_expect_arr_eq(rd_bytes(&r, 2), "ab", 2);
    cr_expect_null(rd_bytes(&r, 2));
    cr_expect(r.bad);
    cr_expect_null(rd_bytes(&r, 1), "nothing more once it is bad");
    r = rd_of("a", 1);
    cr_expect_eq(rd_u8(&r), 'a');
    cr_expect_not(r.bad);
    cr_expect_eq(rd_u8(&r), 0);
    cr_expect(r.bad);
    r = rd_of(NULL, 0);
    cr_expect_eq(rd_left(&r), 0u);
    cr_expect_eq(rd_u8(&r), 0);
    cr_expect(r.bad);
}
