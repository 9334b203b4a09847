#include "client/editor/model_state.h"

#include <stdlib.h>
#include <string.h>
#include <utf8proc.h>

#include "common/utf8.h"

/* A place where the needle was found. */
struct hit {
    struct field field;
    size_t pos_cp, len_cp;
};

struct searching {
    const struct editor *ed;
    const uint32_t *needle;
    size_t nneedle;
    struct hit first, last, before, after; /* of the cursor; len_cp 0: none */
    size_t count;
    bool failed;
};

/* Scalar values in small letters; *n of them. Returns new (free), NULL without memory. */
static uint32_t *folded(const uint8_t *p, size_t len, size_t *n)
{
    uint32_t *out = malloc((len + 1) * sizeof *out);
    *n = 0;
    for (size_t at = 0, step; out && at < len; at += step) {
        uint32_t cp = 0xfffd;
        step = utf8_decode(p + at, p + len, &cp);
        if (!step)
            step = 1;
        out[(*n)++] = (uint32_t)utf8proc_tolower((utf8proc_int32_t)cp);
    }
    return out;
}

static int compare_place(struct field a, size_t pos_a, struct field b, size_t pos_b)
{
    int c = field_compare(a, b);
    return c ? c : pos_a < pos_b ? -1 : pos_a > pos_b;
}

static void take_hit(struct searching *s, struct hit h)
{
    int c = compare_place(h.field, h.pos_cp, s->ed->field, s->ed->pos_cp);
    if (!s->count++)
        s->first = h;
    s->last = h;
    if (c < 0)
        s->before = h;
    if (c > 0 && !s->after.len_cp)
        s->after = h;
}

static void search_words(struct searching *s, struct field f, const uint8_t *p, size_t len)
{
    size_t n;
    uint32_t *words = folded(p, len, &n);
    if (!words) {
        s->failed = true;
        return;
    }
    for (size_t i = 0; i + s->nneedle <= n; i++)
        if (!memcmp(words + i, s->needle, s->nneedle * sizeof *words))
            take_hit(s, (struct hit){f, i, s->nneedle});
    free(words);
}

static bool on_field(void *user, struct field f)
{
    struct searching *s = user;
    const struct audit *a = model_audit(s->ed);
    const struct part_def *def = part_find((enum part)f.part);
    struct buf words = BUF_INIT;
    if (!def || audit_is_held(a, replica_me(s->ed->r), f))
        return true;
    if (def->type == TYPE_TEXT) {
        const struct text *t = audit_text(a, f);
        if (t)
            text_read(t, 0, text_len_cp(t), &words);
    } else {
        describe_field_value(s->ed->r, f, audit_value(a, f).value, &words);
    }
    search_words(s, f, words.data, words.len);
    buf_free(&words);
    return !s->failed;
}

void model_find(struct editor *ed, bool backward)
{
    struct searching s = {.ed = ed};
    uint32_t *needle = folded(ed->needle.data, ed->needle.len, &s.nneedle);
    if (!needle || !s.nneedle) {
        free(needle);
        editor_say(ed, "Nothing to search for yet (Ctrl-F).");
        return;
    }
    s.needle = needle;
    audit_each_field(model_audit(ed), on_field, &s);
    free(needle);
    struct hit h =
        backward ? (s.before.len_cp ? s.before : s.last) : (s.after.len_cp ? s.after : s.first);
    if (!h.len_cp) {
        editor_say(ed, "\"%s\" is not in any answer.", buf_cstr(&ed->needle));
        return;
    }
    const struct part_def *def = part_find((enum part)h.field.part);
    ed->authors = false;
    model_go(ed, h.field, def->type == TYPE_TEXT ? h.pos_cp : 0);
    ed->in_tree = false;
    editor_say(ed, "%zu found (F3 next, Shift-F3 previous).", s.count);
}
