#include "common/frame.h"

#include <criterion/criterion.h>
#include <string.h>

/* Keeps what came, as "length:first byte" pairs and the bytes joined. */
struct got {
    size_t n;
    size_t len[8];
    struct buf bytes;
    size_t stop_after;          /* 0 = never */
    struct frame_decoder *grow; /* its limit is raised by the first frame */
};

static bool keep(void *user, const uint8_t *payload, size_t len)
{
    struct got *g = user;
    cr_assert_lt(g->n, 8u);
    g->len[g->n++] = len;
    buf_append(&g->bytes, payload, len);
    if (g->grow)
        g->grow->max_bytes = 1000;
    return g->n != g->stop_after;
}

static const char line[] = "\0\0\0\1a\0\0\0\5bcdef\0\0\0\2gh";
enum { LINE_LEN = sizeof line - 1 };

static void expect_all(struct got *g, size_t i, size_t j)
{
    cr_assert_eq(g->n, 3u, "split at %zu and %zu", i, j);
    cr_assert(g->len[0] == 1 && g->len[1] == 5 && g->len[2] == 2);
    cr_assert_eq(g->bytes.len, 8u);
    cr_assert_eq(memcmp(g->bytes.data, "abcdefgh", 8), 0, "split at %zu and %zu", i, j);
    buf_free(&g->bytes);
}

Test(frame, same_frames_wherever_the_bytes_are_split)
{
    for (size_t i = 0; i <= LINE_LEN; i++)
        for (size_t j = i; j <= LINE_LEN; j++) {
            struct frame_decoder d;
            struct got g = {0};
            frame_decoder_init(&d, 5);
            cr_assert_eq(frame_decode(&d, line, i, keep, &g), ERR_OK);
            cr_assert_eq(frame_decode(&d, line + i, j - i, keep, &g), ERR_OK);
            cr_assert_eq(frame_decode(&d, line + j, LINE_LEN - j, keep, &g), ERR_OK);
            expect_all(&g, i, j);
            cr_assert_null(d.pending.data, "an idle line keeps no memory");
            frame_decoder_fini(&d);
        }
}

Test(frame, same_frames_byte_by_byte)
{
    struct frame_decoder d;
    struct got g = {0};
    frame_decoder_init(&d, 5);
    for (size_t i = 0; i < LINE_LEN; i++)
        cr_assert_eq(frame_decode(&d, line + i, 1, keep, &g), ERR_OK);
    expect_all(&g, 1, 1);
    frame_decoder_fini(&d);
}

Test(frame, too_long_is_refused_as_soon_as_its_length_is_known_and_keeps_nothing)
{
    static const uint8_t header[] = {0, 0, 1, 1, 'x', 'x'};
    for (size_t split = 0; split <= 4; split++) {
        struct frame_decoder d;
        struct got g = {0};
        frame_decoder_init(&d, 256);
        enum err e = frame_decode(&d, header, split, keep, &g);
        if (!e)
            e = frame_decode(&d, header + split, sizeof header - split, keep, &g);
        cr_assert_eq(e, ERR_TOO_LARGE, "split at %zu", split);
        cr_assert_eq(g.n, 0u);
        cr_assert_leq(d.pending.cap, 64u);
        frame_decoder_fini(&d);
    }
}

Test(frame, the_longest_announced_length_allocates_nothing_before_its_bytes_come)
{
    static const uint8_t header[] = {0, 0x10, 0, 0};
    struct frame_decoder d;
    struct got g = {0};
    frame_decoder_init(&d, FRAME_MAX_BYTES);
    cr_assert_eq(frame_decode(&d, header, sizeof header, keep, &g), ERR_OK);
    cr_assert_leq(d.pending.cap, 64u);
    frame_decoder_fini(&d);
}

Test(frame, exactly_the_limit_passes)
{
    struct frame_decoder d;
    struct got g = {0};
    struct buf out = BUF_INIT;
    uint8_t payload[256] = {7};
    frame_decoder_init(&d, sizeof payload);
    frame_append(&out, payload, sizeof payload);
    cr_assert_eq(out.len, 260u);
    cr_assert_eq(frame_decode(&d, out.data, out.len, keep, &g), ERR_OK);
    cr_assert_eq(g.n, 1u);
    cr_assert_eq(g.len[0], 256u);
    buf_free(&g.bytes);
    buf_free(&out);
    frame_decoder_fini(&d);
}

Test(frame, empty_frame_is_refused)
{
    struct frame_decoder d;
    struct got g = {0};
    frame_decoder_init(&d, 10);
    cr_assert_eq(frame_decode(&d, "\0\0\0\1a\0\0\0\0", 9, keep, &g), ERR_INPUT);
    cr_assert_eq(g.n, 1u, "the good one before it arrived");
    buf_free(&g.bytes);
    frame_decoder_fini(&d);
}

Test(frame, stopping_drops_the_rest)
{
    for (size_t split = 0; split <= LINE_LEN; split++) {
        struct frame_decoder d;
        struct got g = {.stop_after = 2};
        frame_decoder_init(&d, 5);
        cr_assert_eq(frame_decode(&d, line, split, keep, &g), ERR_OK);
        if (g.n < 2)
            cr_assert_eq(frame_decode(&d, line + split, LINE_LEN - split, keep, &g), ERR_OK);
        cr_assert_eq(g.n, 2u, "split at %zu", split);
        cr_assert_eq(d.pending.len, 0u);
        buf_free(&g.bytes);
        frame_decoder_fini(&d);
    }
}

Test(frame, limit_raised_by_one_frame_holds_for_the_next)
{
    static const char two[] = "\0\0\0\1a\0\0\0\7bcdefgh";
    for (size_t split = 0; split < sizeof two; split++) {
        struct frame_decoder d;
        struct got g = {.grow = &d};
        frame_decoder_init(&d, 5);
        cr_assert_eq(frame_decode(&d, two, split, keep, &g), ERR_OK);
        cr_assert_eq(frame_decode(&d, two + split, sizeof two - 1 - split, keep, &g), ERR_OK);
        cr_assert_eq(g.n, 2u);
        buf_free(&g.bytes);
        frame_decoder_fini(&d);
    }
}
