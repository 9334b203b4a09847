#include "client/address.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* Codes of the questions whose section the unknown code may have meant. */
static enum err unknown(const struct audit *a, const char *s, size_t len, struct err_info *why)
{
    const struct template *t = audit_template(a);
    struct buf list = BUF_INIT;
    for (size_t i = 0; i < t->nquestions; i++) {
        const char *code = t->questions[i].code;
        if (len && toupper((unsigned char)s[0]) == toupper((unsigned char)code[0]))
            buf_appendf(&list, "%s%s", list.len ? ", " : "", code);
    }
    for (size_t i = 0; !list.len && i < t->nsections; i++)
        buf_appendf(&list, "%ssection %s", i ? ", " : "", t->sections[i].code);
    enum err e = err_set(why, ERR_INPUT, "There is no question \"%.*s\"; there is: %s.", (int)len,
                         s, buf_cstr(&list));
    buf_free(&list);
    return e;
}

enum err address_find(const struct audit *a, const char *s, struct field *out, bool *bare,
                      struct err_info *why)
{
    char code[32];
    size_t len = strcspn(s, ".[");
    if (bare)
        *bare = !strchr(s, '.');
    if (len >= sizeof code)
        return unknown(a, s, len, why);
    for (size_t i = 0; i < len; i++)
        code[i] = (char)toupper((unsigned char)s[i]);
    code[len] = '\0';
    const struct question *q = template_question_find(audit_template(a), code);
    if (!q)
        return unknown(a, s, len, why);
    struct buf whole = BUF_INIT;
    buf_appendf(&whole, "%s%s", q->code, s + len);
    enum err e = audit_field_parse(a, buf_cstr(&whole), out, why);
    buf_free(&whole);
    return e;
}

static bool has_direct(const struct question *q, enum part part)
{
    const struct part_def *def = part_find(part);
    return def && (def->kinds & q->kinds);
}

enum err address_words(const struct audit *a, const char *s, struct field *out,
                       struct err_info *why)
{
    static const enum part words[] = {PART_RATIONALE, PART_TEXT, PART_WORDS,
                                      PART_SEEN,      PART_NOTE, PART_CHANGE};
    bool bare;
    enum err e = address_find(a, s, out, &bare, why);
    if (e)
        return e;
    const struct question *q = template_question(audit_template(a), out->question);
    const struct part_def *def = part_find((enum part)out->part);
    if (!bare)
        return def && def->type == TYPE_TEXT
                   ? ERR_OK
                   : err_set(why, ERR_INPUT, "%s is chosen, not written; use: tandem set", s);
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        const struct part_def *d = part_find(words[i]);
        bool of_item =
            out->item && d && d->type == TYPE_TEXT &&
            (d->list ? question_has_part(q, d) && !(d->kinds & q->kinds) : has_direct(q, words[i]));
        if (out->item ? of_item : has_direct(q, words[i])) {
            out->part = (uint16_t)words[i];
            return ERR_OK;
        }
    }
    return err_set(why, ERR_INPUT, "%s has no words of its own; name the part, as in %s.note.", s,
                   s);
}

enum err address_choice(const struct audit *a, const char *s, enum role role, struct field *out,
                        struct err_info *why)
{
    bool bare;
    enum err e = address_find(a, s, out, &bare, why);
    if (e)
        return e;
    const struct question *q = template_question(audit_template(a), out->question);
    if (bare && !out->item && (q->kinds & KIND_JUDGEMENT)) {
        out->part = PART_GRADE_AUDITOR;
        if (role == ROLE_FSW)
            out->part = PART_GRADE_PRACTITIONER;
    }
    const struct part_def *def = part_find((enum part)out->part);
    if (def && def->type == TYPE_TEXT)
        return err_set(why, ERR_INPUT, "%s holds words; use: tandem write", s);
    if (!def || def->type == TYPE_LIST)
        return err_set(why, ERR_INPUT,
                       "%s is a list: set it to + to add an item, then its parts, as in %s[1].%s.",
                       s, s, q->kinds & KIND_ACTIONS ? "due" : "theme");
    return ERR_OK;
}

enum err address_list(const struct audit *a, const char *s, struct field *out, struct err_info *why)
{
    static const enum part lists[] = {PART_FINDINGS, PART_ACTIONS, PART_PEOPLE, PART_EVIDENCE};
    bool bare;
    enum err e = address_find(a, s, out, &bare, why);
    if (e)
        return e;
    const struct question *q = template_question(audit_template(a), out->question);
    const struct part_def *def = part_find((enum part)out->part);
    if (!bare && def && def->type == TYPE_LIST)
        return ERR_OK;
    for (size_t i = 0; bare && i < sizeof lists / sizeof *lists; i++)
        if (has_direct(q, lists[i])) {
            out->part = (uint16_t)lists[i];
            return ERR_OK;
        }
    return err_set(why, ERR_INPUT, "%s is not a list.", s);
}

void address_value(const struct audit *a, struct field f, const char *value, struct buf *out)
{
    const struct template *t = audit_template(a);
    const struct part_def *def = part_find((enum part)f.part);
    struct buf code = BUF_INIT;
    for (size_t i = 0; def && def->type == TYPE_GRADE && i < t->ngrades; i++)
        if (!strcasecmp(t->grades[i].label, value)) {
            buf_append_str(out, t->grades[i].code);
            return;
        }
    size_t from = out->len;
    if (def && def->type == TYPE_ITEMS) {
        if (audit_items_parse(a, def->part, value, out, NULL)) {
            out->len = from;
            buf_append_str(out, value); /* refused where it is checked */
        }
        return;
    }
    char date[16];
    if (def && def->type == TYPE_DATE && field_date_typed(value, date)) {
        buf_append_str(out, date);
        return;
    }
    for (const char *p = value; *p; p++)
        buf_append_u8(&code, *p == ' ' || *p == '-' ? '_' : (uint8_t)tolower((unsigned char)*p));
    bool coded = def &&
                 (def->type == TYPE_GRADE || def->type == TYPE_CODE || def->type == TYPE_CHOICE) &&
                 field_check_value(t, f, buf_cstr(&code), NULL) == ERR_OK;
    buf_append_str(out, coded ? buf_cstr(&code) : value);
    buf_free(&code);
}

const struct audit_comment *address_comment(const struct audit *a, const char *s,
                                            struct err_info *why)
{
    char *end;
    unsigned long long n = strtoull(s, &end, 10);
    size_t count = audit_comment_count(a);
    const struct audit_comment *found = NULL;
    if (*s && !*end)
        found = n >= 1 && n <= count ? audit_comment_at(a, (size_t)n - 1)
                                     : audit_comment_find(a, (uint64_t)n);
    if (!found)
        (void)err_set(why, ERR_NOT_FOUND,
                      count ? "There is no comment %s; there are 1 to %zu."
                            : "There is no comment %s.",
                      s, count);
    return found;
}

size_t address_comment_number(const struct audit *a, uint64_t id)
{
    for (size_t i = 0; i < audit_comment_count(a); i++)
        if (audit_comment_at(a, i)->id == id)
            return i + 1;
    return 0;
}
