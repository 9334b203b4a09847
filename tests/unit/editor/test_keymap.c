#include "client/editor/keymap.h"

#include <criterion/criterion.h>
#include <string.h>

Test(keymap, every_action_has_a_key_and_words_for_the_help)
{
    size_t n;
    const struct key_row *rows = keymap_table(&n);
    for (int a = ACT_NONE + 1; a < ACT_COUNT; a++) {
        bool key = false, help = false;
        for (size_t i = 0; i < n; i++) {
            key |= (int)rows[i].action == a;
            help |= (int)rows[i].action == a && rows[i].help && *rows[i].help;
        }
        cr_assert(key, "action %d has no key", a);
        cr_assert(help, "action %d has no help", a);
    }
}

Test(keymap, no_key_means_two_things_in_one_place)
{
    size_t n;
    const struct key_row *rows = keymap_table(&n);
    char name[40];
    for (size_t i = 0; i < n; i++)
        for (size_t k = i + 1; k < n; k++) {
            key_name(rows[i].key, name);
            cr_assert(!key_equal(rows[i].key, rows[k].key) ||
                          !(rows[i].contexts & rows[k].contexts),
                      "%s twice (rows %zu and %zu)", name, i, k);
        }
}

Test(keymap, plain_characters_are_never_bound_where_text_is_written)
{
    size_t n;
    const struct key_row *rows = keymap_table(&n);
    for (size_t i = 0; i < n; i++)
        cr_assert(!key_is_text(rows[i].key) ||
                  !(rows[i].contexts & (CTX_TEXT | CTX_LINE | CTX_AUTHORS)));
}

Test(keymap, every_place_has_a_way_to_help_and_a_way_back)
{
    bool select;
    for (unsigned c = 1; c < (1u << CTX_COUNT); c <<= 1) {
        enum key_context ctx = (enum key_context)c;
        cr_assert(keymap_find((struct key){ED_F1, 0}, ctx, &select) != ACT_NONE);
        cr_assert_eq(keymap_find((struct key){ED_ESC, 0}, ctx, &select), ACT_BACK);
    }
}

Test(keymap, shift_selects_while_it_moves_in_a_text)
{
    bool select;
    cr_assert_eq(keymap_find((struct key){ED_LEFT, ED_SHIFT}, CTX_TEXT, &select), ACT_LEFT);
    cr_assert(select);
    cr_assert_eq(keymap_find((struct key){ED_LEFT, ED_SHIFT | ED_CTRL}, CTX_TEXT, &select),
                 ACT_WORD_LEFT);
    cr_assert(select);
    cr_assert_eq(keymap_find((struct key){ED_LEFT, 0}, CTX_TEXT, &select), ACT_LEFT);
    cr_assert_not(select);
    cr_assert_eq(keymap_find((struct key){ED_TAB, ED_SHIFT}, CTX_TEXT, &select), ACT_FIELD_PREV);
    cr_assert_not(select);
}

Test(keymap, help_tells_every_row_that_has_words_once_and_begins_where_one_is)
{
    size_t n, told = 0, with_words = 0;
    const struct key_row *rows = keymap_table(&n);
    struct help_line lines[256];
    size_t nlines = keymap_help(CTX_PICKER, lines, 256);
    cr_assert_leq(nlines, 256u);
    cr_assert(lines[0].heading);
    cr_assert_str_eq(lines[0].text, keymap_context_name(CTX_PICKER));
    for (size_t i = 0; i < nlines; i++)
        told += !lines[i].heading;
    for (size_t i = 0; i < n; i++)
        with_words += rows[i].help != NULL;
    cr_assert_eq(told, with_words);
}

Test(keymap, help_names_second_keys_beside_the_first)
{
    struct help_line lines[256];
    size_t n = keymap_help(CTX_TEXT, lines, 256), found = 0;
    for (size_t i = 0; i < n && i < 256; i++)
        if (!lines[i].heading && !strcmp(lines[i].text, "next question"))
            found += strstr(lines[i].keys, "Ctrl-N") && strstr(lines[i].keys, "Alt-Down");
    cr_assert_eq(found, 1u);
}
