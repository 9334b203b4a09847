#include "tests/lib/template_expect.h"

#include <criterion/criterion.h>
#include <string.h>

bool template_has_words(const char *haystack, const char *words, char missing[80])
{
    char word[80];
    for (const char *p = words; *p;) {
        size_t len = strcspn(p, ";");
        cr_assert(len < sizeof word);
        memcpy(word, p, len);
        word[len] = 0;
        if (!strcasestr(haystack, word)) {
            memcpy(missing, word, sizeof word);
            return false;
        }
        p += len + (p[len] == ';');
    }
    return true;
}

static void append_list(struct buf *all, char *const *list)
{
    for (size_t i = 0; list[i]; i++)
        buf_appendf(all, "%s\n", list[i]);
}

static void expect_words(const struct question *q, const char *words)
{
    struct buf all = BUF_INIT;
    char missing[80];
    buf_appendf(&all, "%s\n%s\n%s\n%s\n%s\n", q->title, q->text, q->low, q->high, q->unit);
    append_list(&all, q->prompts);
    append_list(&all, q->options);
    cr_expect(template_has_words(buf_cstr(&all), words, missing), "%s: nothing about \"%s\"",
              q->code, missing);
    buf_free(&all);
}

static void expect_items(const struct question *q, const char *items)
{
    size_t n = 0;
    char missing[80];
    for (const char *p = items; *p; n++) {
        char word[80] = {0};
        size_t len = strcspn(p, ";");
        cr_assert(len < sizeof word);
        memcpy(word, p, len);
        cr_assert_not_null(q->items[n], "%s has no item %zu (%s)", q->code, n + 1, word);
        cr_expect(template_has_words(q->items[n], word, missing), "%s[%zu] is not \"%s\" but %s",
                  q->code, n + 1, word, q->items[n]);
        p += len + (p[len] == ';');
    }
    cr_expect_null(q->items[n], "%s has more items", q->code);
}

void template_expect(const struct template *t, const struct expected_question *rows, size_t n)
{
    cr_expect_eq(t->nquestions, n, "%s has %zu questions, not %zu", t->id, t->nquestions, n);
    for (size_t i = 0; i < n && i < t->nquestions; i++) {
        const struct question *q = &t->questions[i];
        const struct expected_question *e = &rows[i];
        role_set write = q->write ? q->write : t->sections[q->section].write;
        cr_assert_str_eq(q->code, e->code, "%s: question %zu", t->id, i + 1);
        cr_expect_eq(q->kinds, e->kinds, "%s %s: kinds %x", t->id, q->code, (unsigned)q->kinds);
        cr_expect_eq(q->required, (e->flags & ASKED) != 0, "%s %s required", t->id, q->code);
        cr_expect_eq(q->key, (e->flags & KEY) != 0, "%s %s key", t->id, q->code);
        cr_expect_eq(q->choose, (e->flags & CHOOSE) != 0, "%s %s choose", t->id, q->code);
        cr_expect_eq(*q->needs_when != 0, (e->flags & WHEN) != 0, "%s %s when", t->id, q->code);
        cr_expect_str_eq(q->use, e->use, "%s %s: use", t->id, q->code);
        cr_expect_eq(write, e->write, "%s %s: who writes", t->id, q->code);
        expect_words(q, e->words);
        expect_items(q, e->items);
    }
}
