/* Hints of the plain mode: one line for each, said once, after what brought it about. */
#include <string.h>

#include "client/editor/hint.h"
#include "client/editor/plain_state.h"

/* True the first time that this is to be said of the field. */
static bool is_news(struct plain *p, struct field f, const char *sentence)
{
    struct buf row = BUF_INIT;
    buf_appendf(&row, "\n%u.%u.%llu %s\n", (unsigned)f.question, (unsigned)f.part,
                (unsigned long long)f.item, sentence);
    bool is_new = !buf_failed(&row) &&
                  (!p->hinted.len || !memmem(p->hinted.data, p->hinted.len, row.data, row.len));
    if (is_new && p->hinted.len < HINTED_BYTES)
        buf_append(&p->hinted, row.data, row.len);
    buf_free(&row);
    return is_new;
}

static void say_identifiers(struct plain *p, struct field f)
{
    struct buf words = BUF_INIT, sentence = BUF_INIT, where = BUF_INIT;
    const struct text *t = audit_text(plain_audit(p), f);
    struct hint h;
    text_read(t, 0, text_len_cp(t), &words);
    describe_field(p->r, f, &where);
    for (size_t from = 0; hint_next(plain_audit(p), f, words.data, words.len, from, &h);
         from = h.words.end) {
        buf_clear(&sentence);
        hint_describe(&h, words.data, &sentence);
        buf_append_str(&sentence, ": comment \"");
        buf_append(&sentence, words.data + h.words.start, h.words.end - h.words.start);
        buf_append_str(&sentence, "\" " HINT_WHY_NEEDED "...");
        if (is_news(p, f, buf_cstr(&sentence)))
            plain_say(p, "Note: in %s, %s", buf_cstr(&where), buf_cstr(&sentence));
    }
    buf_free(&words);
    buf_free(&sentence);
    buf_free(&where);
}

/* Only the letter of the part that was written: the rest stands in the answer when it is shown. */
static void say_smart(struct plain *p, struct field f)
{
    enum smart_letter letter = smart_of_part((enum part)f.part);
    struct buf sentence = BUF_INIT;
    struct smart s;
    if (letter == SMART_LETTERS || !model_smart(p->ed, f, &s) || s.letters[letter].pass)
        return;
    hint_smart_describe(&s, letter, &sentence);
    if (is_news(p, f, buf_cstr(&sentence)))
        plain_say(p, "%s", buf_cstr(&sentence));
    buf_free(&sentence);
}

void plain_hint(struct plain *p, struct field f)
{
    const struct part_def *def = part_find((enum part)f.part);
    if (def && def->type == TYPE_TEXT && audit_text(plain_audit(p), f))
        say_identifiers(p, f);
    say_smart(p, f);
}
