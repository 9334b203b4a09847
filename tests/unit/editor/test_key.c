#include "client/editor/key.h"

#include <criterion/criterion.h>
#include <string.h>

/* What came out, written down: "Ctrl-Left a <pasted> ". */
struct heard {
    struct buf words;
};

static void on_key(void *user, struct key k)
{
    char name[40];
    key_name(k, name);
    buf_appendf(&((struct heard *)user)->words, "%s ", name);
}

static void on_paste(void *user, const uint8_t *data, size_t len)
{
    buf_appendf(&((struct heard *)user)->words, "<%.*s> ", (int)len, (const char *)data);
}

static const char *decoded(const char *bytes, size_t len, size_t piece, bool timeout)
{
    static struct heard h;
    struct key_input in = {0};
    struct key_input_hooks hooks = {&h, on_key, on_paste};
    buf_clear(&h.words);
    for (size_t at = 0; at < len; at += piece)
        key_input_feed(&in, (const uint8_t *)bytes + at, len - at < piece ? len - at : piece,
                       &hooks);
    if (timeout)
        key_input_timeout(&in, &hooks);
    cr_assert(!key_input_wait_ms(&in) || !timeout);
    key_input_fini(&in);
    return buf_cstr(&h.words);
}

static const struct {
    const char *bytes, *keys;
} table[] = {
    {"a",                                        "a "                         },
    {"\xc3\xa9\xe6\x97\xa5",                     "\u00e9 \u65e5 "             },
    {"\r",                                       "Enter "                     },
    {"\n",                                       "Enter "                     },
    {"\t",                                       "Tab "                       },
    {"\x7f",                                     "Backspace "                 },
    {"\x08",                                     "Backspace "                 },
    {"\x11",                                     "Ctrl-Q "                    },
    {"\x1a\x19",                                 "Ctrl-Z Ctrl-Y "             },
    {"\033[A\033[B\033[C\033[D",                 "Up Down Right Left "        },
    {"\033OA\033OH\033OF",                       "Up Home End "               },
    {"\033[1;5D\033[1;5C",                       "Ctrl-Left Ctrl-Right "      },
    {"\033[1;2B",                                "Shift-Down "                },
    {"\033[1;6C",                                "Ctrl-Shift-Right "          },
    {"\033[1;3A",                                "Alt-Up "                    },
    {"\033[H\033[F\033[1~\033[4~\033[7~\033[8~", "Home End Home End Home End "},
    {"\033[5~\033[6~\033[2~\033[3~",             "PgUp PgDn Insert Delete "   },
    {"\033[3;5~",                                "Ctrl-Delete "               },
    {"\033[Z",                                   "Shift-Tab "                 },
    {"\033OP\033OQ\033OR\033OS",                 "F1 F2 F3 F4 "               },
    {"\033[11~\033[15~\033[17~\033[24~",         "F1 F5 F6 F12 "              },
    {"\033[[A\033[[E",                           "F1 F5 "                     },
    {"\033[1;2R",                                "Shift-F3 "                  },
    {"\033Od\033Oc",                             "Ctrl-Left Ctrl-Right "      },
    {"\033[97;5u",                               "Ctrl-A "                    },
    {"\033[27;5;113~",                           "Ctrl-Q "                    },
    {"\033f",                                    "Alt-F "                     },
    {"\033\x7f",                                 "Alt-Backspace "             },
    {"\033[200~two\nlines\033[201~x",            "<two\nlines> x "            },
    {"\033[200~an \033[A in it\033[201~",        "<an \033[A in it> "         },
    {"\033[200~\033[201~",                       "<> "                        },
    {"\033[99;99xq",                             "q "                         }, /* unknown: nothing, then q */
};

Test(key, knows_what_terminals_send)
{
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        const char *got = decoded(table[i].bytes, strlen(table[i].bytes), 1000, false);
        cr_assert_str_eq(got, table[i].keys, "row %zu: %s instead of %s", i, got, table[i].keys);
    }
}

Test(key, a_sequence_may_come_byte_by_byte)
{
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        const char *got = decoded(table[i].bytes, strlen(table[i].bytes), 1, false);
        cr_assert_str_eq(got, table[i].keys, "row %zu: %s", i, got);
    }
}

Test(key, escape_alone_is_a_key_when_nothing_follows)
{
    cr_assert_str_eq(decoded("\033", 1, 1, false), "");
    cr_assert_str_eq(decoded("\033", 1, 1, true), "Esc ");
    cr_assert_str_eq(decoded("a\033", 2, 2, true), "a Esc ");
}

Test(key, a_paste_that_never_ends_is_given_after_all)
{
    cr_assert_str_eq(decoded("\033[200~words", 11, 11, true), "<words> ");
}

Test(key, bytes_that_are_not_utf8_do_not_stop_anything)
{
    cr_assert_str_eq(decoded("\xff"
                             "a\xc3"
                             "b",
                             4, 4, false),
                     "\ufffd a \ufffd b ");
}

Test(key, random_bytes_are_always_taken)
{
    uint32_t seed = 1;
    for (int round = 0; round < 2000; round++) {
        char bytes[64];
        for (size_t i = 0; i < sizeof bytes; i++) {
            seed = seed * 1664525 + 1013904223;
            static const char likely[] = "\033[O0123456789;~uABx\xc3\x80";
            bytes[i] = seed >> 31 ? likely[(seed >> 16) % (sizeof likely - 1)] : (char)(seed >> 16);
        }
        decoded(bytes, sizeof bytes, 1 + (seed >> 20) % 9, true);
    }
}
