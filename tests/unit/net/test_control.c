#include "server/net/control.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

static const char *const words[] = {"person", "add", "Zo\xc3\xab", "", "--role", "FRO:north"};

Test(control, a_request_comes_back_as_it_was)
{
    static const char *const attachments[] = {NULL, "", "id: OWN\n"};
    for (int argc = 0; argc <= 6; argc++)
        for (int k = 0; k < 3; k++) {
            struct buf out = BUF_INIT;
            struct control_request r;
            size_t len = attachments[k] ? strlen(attachments[k]) : 0;
            control_encode(argc, words, attachments[k], len, &out);
            cr_assert_eq(control_decode(out.data, out.len, &r), ERR_OK);
            cr_assert_eq(r.argc, argc);
            for (int i = 0; i < argc; i++)
                cr_assert_str_eq(r.argv[i], words[i]);
            cr_assert_eq(r.attachment != NULL, attachments[k] != NULL);
            cr_assert(r.attachment_len == len &&
                      (!len || !memcmp(r.attachment, attachments[k], len)));
            control_request_free(&r);
            buf_free(&out);
        }
}

Test(control, cut_or_longer_requests_are_refused)
{
    struct buf out = BUF_INIT;
    struct control_request r;
    control_encode(6, words, "file", 4, &out);
    for (size_t len = 0; len < out.len; len++) {
        uint8_t *part = malloc(len + 1); /* of its own, so that reading behind it shows */
        memcpy(part, out.data, len);
        cr_assert_eq(control_decode(part, len, &r), ERR_INPUT, "%zu", len);
        free(part);
    }
    buf_append_u8(&out, 0);
    cr_assert_eq(control_decode(out.data, out.len, &r), ERR_INPUT);
    buf_free(&out);
}

Test(control, impossible_counts_and_lengths_are_refused)
{
    static const uint8_t many[] = {65, 0};
    static const uint8_t huge[] = {1, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1, 'x'};
    static const uint8_t nul[] = {1, 2, 'a', 0, 0};
    static const uint8_t flag[] = {0, 2};
    struct control_request r;
    cr_assert_eq(control_decode(many, sizeof many, &r), ERR_INPUT);
    cr_assert_eq(control_decode(huge, sizeof huge, &r), ERR_INPUT);
    cr_assert_eq(control_decode(nul, sizeof nul, &r), ERR_INPUT);
    cr_assert_eq(control_decode(flag, sizeof flag, &r), ERR_INPUT);
}

Test(control, asking_where_nobody_serves_says_so)
{
    int code = -1;
    struct buf text = BUF_INIT;
    struct err_info why = {0};
    cr_assert_eq(control_ask("/nowhere/at/all", 1, words, NULL, 0, &code, &text, &why), ERR_NET);
    cr_assert_eq(control_ask("/tmp", 1, words, NULL, 0, &code, &text, &why), ERR_NET);
    static char big[2 * 1024 * 1024];
    cr_assert_eq(control_ask("/tmp", 1, words, big, sizeof big, &code, &text, &why), ERR_TOO_LARGE);
    cr_assert_eq(text.len, 0u);
}
