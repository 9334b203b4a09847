#include "common/audit/field.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "common/utf8.h"

/* ---- addresses ---- */

static size_t count_of(char *const *list)
{
    size_t n = 0;
    while (list && list[n])
        n++;
    return n;
}

static enum err check_item(const struct template *t, const struct question *q,
                           const struct part_def *def, uint64_t item, struct err_info *why)
{
    if (def->kinds & q->kinds & KINDS_OF_CHECKLIST) {
        size_t n = count_of(q->items);
        if (item >= 1 && item <= n)
            return ERR_OK;
        return err_set(why, ERR_INPUT, "%s is a checklist of %zu: name the item, as in %s[1].%s.",
                       q->code, n, q->code, def->code);
    }
    if (def->kinds & q->kinds & KIND_MODERATION) {
        const struct question *judged =
            item <= UINT16_MAX ? template_question(t, (uint16_t)item) : NULL;
        if (judged && judged->kinds & KIND_JUDGEMENT)
            return ERR_OK;
        return err_set(why, ERR_INPUT, "%s is a view on a judgement: name one that exists.",
                       q->code);
    }
    if (def->type == TYPE_LIST) /* the list as a whole, or one of its items */
        return ERR_OK;
    if (!item && !(def->kinds & q->kinds))
        return err_set(why, ERR_INPUT,
                       "%s.%s belongs to an item of a list: name the item, as in %s[1].%s.",
                       q->code, def->code, q->code, def->code);
    const struct part_def *list = def->list ? part_find(def->list) : NULL;
    if (item && !(list && list->kinds & q->kinds))
        return err_set(why, ERR_INPUT, "%s.%s has no items: leave out the number.", q->code,
                       def->code);
    return ERR_OK;
}

enum err field_check(const struct template *t, struct field f, struct err_info *why)
{
    const struct question *q = template_question(t, f.question);
    if (!q)
        return err_set(why, ERR_INPUT, "Template %s has no question number %u.", t->id,
                       (unsigned)f.question);
    const struct part_def *def = part_find((enum part)f.part);
    if (!def)
        return err_set(why, ERR_INPUT, "%s: there is no part number %u.", q->code,
                       (unsigned)f.part);
    if (!question_has_part(q, def))
        return err_set(why, ERR_INPUT, "%s has no %s (%s).", q->code, def->code, def->label);
    return check_item(t, q, def, f.item, why);
}

/* ---- values ---- */

const char *const *field_codes(const struct template *t, struct field f)
{
    if (field_check(t, f, NULL))
        return NULL;
    const struct question *q = template_question(t, f.question);
    const struct part_def *def = part_find((enum part)f.part);
    if (def->type == TYPE_CHOICE)
        return (const char *const *)q->options;
    if (def->type != TYPE_CODE && def->type != TYPE_CODES)
        return NULL;
    return f.item && def->list_codes ? def->list_codes : def->codes;
}

static enum err not_one_of(const char *what, const char *const *codes, struct err_info *why)
{
    char list[320];
    size_t len = 0;
    list[0] = 0;
    for (size_t i = 0; codes && codes[i]; i++) {
        int n = snprintf(list + len, sizeof list - len, "%s%s", i ? ", " : "", codes[i]);
        if (n < 0 || (size_t)n >= sizeof list - len) {
            list[len] = 0; /* no half words */
            return err_set(why, ERR_INPUT, "%s: %s, ... (there are more).", what, list);
        }
        len += (size_t)n;
    }
    return err_set(why, ERR_INPUT, "%s: %s.", what, list);
}

static size_t index_of(const char *const *codes, const char *s, size_t len)
{
    for (size_t i = 0; codes && codes[i]; i++)
        if (strlen(codes[i]) == len && !memcmp(codes[i], s, len))
            return i;
    return SIZE_MAX;
}

static enum err check_code(const char *const *codes, const char *value, struct err_info *why)
{
    if (index_of(codes, value, strlen(value)) != SIZE_MAX)
        return ERR_OK;
    return not_one_of("The value must be one of", codes, why);
}

/* The one spelling: in the table's order, none twice, ", " between. */
static enum err check_codes(const char *const *codes, const char *value, struct err_info *why)
{
    size_t least = 0;
    for (const char *p = value;;) {
        const char *end = strstr(p, ", ");
        size_t at = index_of(codes, p, end ? (size_t)(end - p) : strlen(p));
        if (at == SIZE_MAX || at < least)
            return not_one_of("The value must be some of these, in this order, with \", \" between",
                              codes, why);
        if (!end)
            return ERR_OK;
        least = at + 1;
        p = end + 2;
    }
}

static enum err check_grade(const struct template *t, const char *value, struct err_info *why)
{
    const char *codes[TEMPLATE_MAX_GRADES + 1] = {NULL};
    for (size_t i = 0; i < t->ngrades && i < TEMPLATE_MAX_GRADES; i++)
        codes[i] = t->grades[i].code;
    return check_code(codes, value, why);
}

static bool digits(const char *s, size_t n, unsigned *out)
{
    unsigned v = 0;
    for (size_t i = 0; i < n; i++) {
        if (s[i] < '0' || s[i] > '9')
            return false;
        v = v * 10 + (unsigned)(s[i] - '0');
    }
    *out = v;
    return true;
}

static unsigned days_in(unsigned year, unsigned month)
{
    static const unsigned char days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    return month == 2 && leap ? 29u : days[month - 1];
}

static const char *one_or_two_digits(const char *s, unsigned *out)
{
    size_t n = strspn(s, "0123456789");
    return (n == 1 || n == 2) && digits(s, n, out) ? s + n : NULL;
}

bool field_date_typed(const char *typed, char out[16])
{
    unsigned day, month, year;
    const char *s = one_or_two_digits(typed, &day);
    if (!s || !strchr("/.-", *s) || !*s)
        return false;
    char between = *s;
    s = one_or_two_digits(s + 1, &month);
    if (!s || *s != between || strspn(s + 1, "0123456789") != 4 || s[5] || !digits(s + 1, 4, &year))
        return false;
    (void)snprintf(out, 16, "%04u-%02u-%02u", year % 10000, month % 100, day % 100);
    return true;
}

static enum err check_date(const char *s, struct err_info *why)
{
    size_t len = strlen(s);
    unsigned year, month, day = 1;
    bool shape = (len == 7 || len == 10) && digits(s, 4, &year) && s[4] == '-' &&
                 digits(s + 5, 2, &month) && (len == 7 || (s[7] == '-' && digits(s + 8, 2, &day)));
    if (!shape)
        return err_set(why, ERR_INPUT,
                       "The value must be a date such as 2027-04-19, or a month such as 2027-04.");
    if (year < 1900 || year > 2199)
        return err_set(why, ERR_INPUT, "The year must be from 1900 to 2199.");
    if (month < 1 || month > 12)
        return err_set(why, ERR_INPUT, "There is no month %u: write 01 to 12.", month);
    if (day < 1 || day > days_in(year, month))
        return err_set(why, ERR_INPUT, "There is no such day: %04u-%02u has %u days.", year, month,
                       days_in(year, month));
    return ERR_OK;
}

static enum err check_number(const char *value, struct err_info *why)
{
    const char *s = value + (*value == '-');
    size_t whole = strspn(s, "0123456789");
    bool fraction = s[whole] == '.';
    size_t decimals = fraction ? strspn(s + whole + 1, "0123456789") : 0;
    bool ends = !s[whole + (fraction ? 1 + decimals : 0)];
    bool leading_zero = whole > 1 && *s == '0';
    if (!ends || !whole || leading_zero || (fraction && !decimals))
        return err_set(why, ERR_INPUT, "The value must be a number such as 7, -3 or 12.5.");
    if (whole > 12 || decimals > 6)
        return err_set(why, ERR_INPUT,
                       "The number may have 12 digits before the point and 6 behind it.");
    return ERR_OK;
}

static enum err check_scale(const char *s, struct err_info *why)
{
    bool one = s[0] >= '0' && s[0] <= '9' && !s[1];
    if (one || !strcmp(s, "10"))
        return ERR_OK;
    return err_set(why, ERR_INPUT, "The value must be a whole number from 0 to 10.");
}

static enum err check_line(const char *value, uint32_t max_len_cp, struct err_info *why)
{
    size_t len = strlen(value);
    struct err_info bad = {0};
    if (utf8_check_text(value, len, false, &bad))
        return err_set(why, ERR_INPUT, "The value must be one line of plain text; it has %s.",
                       bad.text);
    if (utf8_count(value, len) > (long)max_len_cp)
        return err_set(why, ERR_TOO_LARGE, "The line may have %" PRIu32 " characters.", max_len_cp);
    return ERR_OK;
}

/* A number that people are never asked to type: no sign, no leading zero, from 1. */
static size_t decimal_id(const char *s, uint64_t most)
{
    uint64_t v = 0;
    size_t n = 0;
    for (; s[n] >= '0' && s[n] <= '9'; n++) {
        uint64_t digit = (uint64_t)(s[n] - '0');
        if (v > (most - digit) / 10)
            return 0;
        v = v * 10 + digit;
    }
    return v && *s != '0' ? n : 0;
}

static enum err check_items(const char *value, uint32_t max_len_cp, struct err_info *why)
{
    const char *p = value;
    for (;;) {
        size_t n = decimal_id(p, UINT64_MAX);
        if (!n || (p[n] && strncmp(p + n, ", ", 2)))
            return err_set(why, ERR_INPUT,
                           "The value must be the numbers of items with \", \" between them.");
        p += n;
        if (!*p)
            break;
        p += 2;
    }
    if (strlen(value) > max_len_cp)
        return err_set(why, ERR_TOO_LARGE, "These are too many items for one line.");
    return ERR_OK;
}

static enum err check_person(const char *value, struct err_info *why)
{
    size_t n = decimal_id(value, UINT32_MAX);
    if (n && !value[n])
        return ERR_OK;
    return err_set(why, ERR_INPUT, "The value must be a person's number, such as 12.");
}

enum err field_check_value(const struct template *t, struct field f, const char *value,
                           struct err_info *why)
{
    enum err e = field_check(t, f, why);
    if (e || !*value)
        return e;
    const struct part_def *def = part_find((enum part)f.part);
    switch (def->type) {
    case TYPE_GRADE:
        return check_grade(t, value, why);
    case TYPE_CODE:
    case TYPE_CHOICE:
        return check_code(field_codes(t, f), value, why);
    case TYPE_CODES:
        return check_codes(field_codes(t, f), value, why);
    case TYPE_DATE:
        return check_date(value, why);
    case TYPE_NUMBER:
        return check_number(value, why);
    case TYPE_SCALE:
        return check_scale(value, why);
    case TYPE_LINE:
        return check_line(value, def->max_len_cp, why);
    case TYPE_ITEMS:
        return check_items(value, def->max_len_cp, why);
    case TYPE_PERSON:
        return check_person(value, why);
    case TYPE_TEXT:
        return err_set(why, ERR_INPUT, "The %s is a text: it is written, not set.", def->label);
    case TYPE_LIST:
        return err_set(why, ERR_INPUT, "The %s are a list: add or remove items.", def->label);
    }
    return err_set(why, ERR_INPUT, "%s: a part of an unknown type.", def->code);
}
