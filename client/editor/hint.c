#include "client/editor/hint.h"

#include <string.h>
#include <strings.h>

/* ---- identifiers ---- */

static bool begins_why_needed(const char *comment)
{
    size_t len = strlen(HINT_WHY_NEEDED) - 1; /* its blank may be missing */
    return !strncasecmp(comment, HINT_WHY_NEEDED, len);
}

static bool lacks_reason(const char *comment)
{
    size_t len = strlen(HINT_WHY_NEEDED) - 1;
    return begins_why_needed(comment) && !comment[len + strspn(comment + len, " \t")];
}

enum err hint_check_reason(const char *comment, struct err_info *why)
{
    return lacks_reason(comment)
               ? err_set(why, ERR_INPUT, "Please say why, behind \"why needed:\".")
               : ERR_OK;
}

struct asking {
    const struct audit *a;
    uint32_t person;
    bool wrote;
};

static bool on_run(void *user, const struct text_run *run)
{
    struct asking *x = user;
    x->wrote |= !run->deleted && audit_agent_person(x->a, run->id.agent) == x->person;
    return !x->wrote;
}

/* Wrote these words, or may write there. */
static bool is_writer(const struct audit *a, uint32_t person, struct field f, const struct hint *h)
{
    struct asking x = {.a = a, .person = person};
    struct viewer v = {.person = person};
    text_runs(audit_text(a, f), h->start_cp, h->end_cp, on_run, &x);
    return x.wrote || audit_right(a, &v, f, NULL) == RIGHT_WRITE;
}

static bool is_explained(const struct audit *a, struct field f, const struct hint *h)
{
    for (size_t i = 0; i < audit_comment_count(a); i++) {
        const struct audit_comment *c = audit_comment_at(a, i);
        size_t start, end;
        if (c->resolved || !field_equal(c->field, f) || !begins_why_needed(c->text) ||
            lacks_reason(c->text) || !audit_comment_words(a, c, &start, &end))
            continue;
        if (start <= h->start_cp && h->end_cp <= end && is_writer(a, c->by, f, h))
            return true;
    }
    return false;
}

bool hint_next(const struct audit *a, struct field f, const void *utf8, size_t len, size_t from,
               struct hint *out)
{
    const struct text *t = audit_text(a, f);
    if (!t)
        return false;
    for (; identifiers_next(utf8, len, from, &out->words); from = out->words.end) {
        out->start_cp = text_cp_of_byte(t, out->words.start);
        out->end_cp = text_cp_of_byte(t, out->words.end);
        if (!is_explained(a, f, out))
            return true;
    }
    return false;
}

void hint_describe(const struct hint *h, const void *utf8, struct buf *out)
{
    buf_append_str(out, "\"");
    buf_append(out, (const char *)utf8 + h->words.start, h->words.end - h->words.start);
    buf_appendf(out, "\" looks like %s: %s, or say why it is needed",
                identifiers_name(h->words.kind), identifiers_advice(h->words.kind));
}

/* ---- SMART ---- */

static const char *value_of(void *user, struct field f)
{
    bool pending;
    return replica_value(user, f, &pending).value;
}

static bool is_to_be_done(const struct replica *r, struct field f)
{
    static const char *const to_do[] = {"", "open", "in_progress"};
    bool pending;
    f.part = PART_STATUS;
    const char *status = replica_value(r, f, &pending).value;
    for (size_t i = 0; i < sizeof to_do / sizeof *to_do; i++)
        if (!strcmp(status, to_do[i]))
            return true;
    return false;
}

bool hint_smart(const struct replica *r, struct field f, const char *today, struct smart *out)
{
    const struct audit *a = replica_audit(r);
    if (!a || !audit_item_exists(a, f.question, PART_ACTIONS, f.item) || !is_to_be_done(r, f))
        return false;
    smart_check(a, f, value_of, (void *)(uintptr_t)r, today, out);
    return !out->all;
}

enum smart_letter hint_smart_at(const struct smart *s, struct field f)
{
    enum smart_letter letter = smart_of_part((enum part)f.part);
    if (letter < SMART_LETTERS && !s->letters[letter].pass)
        return letter;
    for (letter = 0; letter + 1 < SMART_LETTERS && s->letters[letter].pass;)
        letter++;
    return letter;
}

void hint_smart_short(const struct smart *s, struct buf *out)
{
    const char *sep = "SMART: ";
    for (int i = 0; i < SMART_LETTERS; i++)
        if (!s->letters[i].pass) {
            buf_appendf(out, "%s%c", sep, smart_letter((enum smart_letter)i));
            sep = ", ";
        }
    buf_append_str(out, " missing");
}

void hint_smart_describe(const struct smart *s, enum smart_letter letter, struct buf *out)
{
    buf_appendf(out, "SMART, %c missing: %s", smart_letter(letter), s->letters[letter].sentence);
}
