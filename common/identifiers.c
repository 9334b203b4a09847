#include "common/identifiers.h"

#include <string.h>

#include "common/identifiers_scan.h"
#include "common/utf8.h"

enum { MOST_LABEL = 8, MOST_LOCAL = 64, MOST_DOMAIN = 253 };

/* ---- reading ---- */

/* General punctuation and what is below the letters of Latin-1 do not belong to words. */
static bool is_word_cp(uint32_t cp)
{
    if (cp < 0x80)
        return scan_is_alnum((uint8_t)cp) || cp == '_';
    return cp >= 0xc0 && !(cp >= 0x2000 && cp <= 0x2bff) && !(cp >= 0x3000 && cp <= 0x303f) &&
           cp < 0x1f000;
}

bool scan_word_at(const struct scan *t, size_t at)
{
    uint32_t cp;
    return at < t->len && utf8_decode(t->s + at, t->s + t->len, &cp) && is_word_cp(cp);
}

bool scan_word_before(const struct scan *t, size_t at)
{
    for (size_t back = 1; back <= 4 && back <= at; back++) {
        uint32_t cp;
        if ((t->s[at - back] & 0xc0) != 0x80)
            return utf8_decode(t->s + at - back, t->s + at, &cp) == back && is_word_cp(cp);
    }
    return false;
}

static bool is_bytes(const struct scan *t, size_t at, uint8_t a, uint8_t b, uint8_t c)
{
    return scan_at(t, at) == a && scan_at(t, at + 1) == b && scan_at(t, at + 2) == c;
}

size_t scan_blank(const struct scan *t, size_t at)
{
    uint8_t c = scan_at(t, at);
    if (c == ' ' || c == '\t')
        return 1;
    if (c == 0xc2 && scan_at(t, at + 1) == 0xa0) /* U+00A0 */
        return 2;
    return is_bytes(t, at, 0xe2, 0x80, 0x89) || is_bytes(t, at, 0xe2, 0x80, 0xaf) ? 3 : 0;
}

size_t scan_hyphen(const struct scan *t, size_t at)
{
    if (scan_at(t, at) == '-')
        return 1;
    uint8_t last = scan_at(t, at + 2); /* U+2010 ... U+2013 */
    return is_bytes(t, at, 0xe2, 0x80, last) && last >= 0x90 && last <= 0x93 ? 3 : 0;
}

size_t scan_digits(const struct scan *t, size_t at, size_t most)
{
    size_t n = 0;
    while (n < most && scan_is_digit(scan_at(t, at + n)))
        n++;
    return n;
}

bool scan_is(const struct scan *t, size_t at, const char *letters)
{
    size_t i = 0;
    while (letters[i] && scan_lower(scan_at(t, at + i)) == (uint8_t)letters[i])
        i++;
    return !letters[i];
}

bool scan_free_after(const struct scan *t, size_t end)
{
    uint8_t next = scan_at(t, end);
    return !scan_word_at(t, end) &&
           !((next == '-' || next == '/' || next == '.') && scan_is_digit(scan_at(t, end + 1)));
}

/* "nhs-943...", "tel/077...": a label and its value, not a reference such as "CR-2041". */
static bool is_label_before(const struct scan *t, size_t end)
{
    static const char *const labels[] = {"nhs",       "no",    "number", "tel",
                                         "telephone", "phone", "mob",    "mobile",
                                         "ni",        "nino",  "dob",    "postcode"};
    size_t start = end;
    while (start && end - start <= MOST_LABEL + 1 && scan_is_letter(t->s[start - 1]))
        start--;
    for (size_t i = 0; i < sizeof labels / sizeof *labels; i++)
        if (strlen(labels[i]) == end - start && scan_is(t, start, labels[i]))
            return true;
    return false;
}

/* Begins a word or number here, and not the later part of a reference or of a decimal? */
static bool is_free_before(const struct scan *t, size_t at)
{
    if (scan_word_before(t, at))
        return false;
    uint8_t sign = at ? t->s[at - 1] : 0, before = at > 1 ? t->s[at - 2] : 0;
    if (sign == '.')
        return !scan_is_digit(before);
    if (sign == '-' || sign == '/')
        return !scan_word_before(t, at - 1) || is_label_before(t, at - 1);
    return true;
}

/* ---- NHS numbers: 943 476 5919 ---- */

/* What may stand between the groups of a number: two blanks, a hyphen or a full stop. */
static size_t gap(const struct scan *t, size_t at)
{
    size_t n = scan_blank(t, at);
    if (n)
        return n + scan_blank(t, at + n);
    n = scan_hyphen(t, at);
    return n ? n : scan_at(t, at) == '.';
}

/* Weights 10 ... 2; the check digit is what is missing to a multiple of 11, 11 counting as 0. */
static bool is_nhs_check(const uint8_t digits[10])
{
    unsigned sum = 0, other = 0;
    for (unsigned i = 0; i < 9; i++) {
        sum += digits[i] * (10 - i);
        other |= digits[i] ^ digits[9];
    }
    return (11 - sum % 11) % 11 == digits[9] && other; /* a single digit ten times is a filler */
}

static size_t match_nhs(const struct scan *t, size_t at)
{
    static const size_t groups[] = {3, 3, 4};
    uint8_t digits[10];
    size_t i = at, n = 0, gaps = 0;
    for (size_t g = 0; g < 3; g++) {
        size_t between = g ? gap(t, i) : 0;
        gaps += between > 0;
        i += between;
        if (scan_digits(t, i, groups[g]) != groups[g])
            return 0;
        for (size_t k = 0; k < groups[g]; k++)
            digits[n++] = (uint8_t)(t->s[i++] - '0');
    }
    return gaps != 1 && scan_free_after(t, i) && is_nhs_check(digits) ? i : 0;
}

/* ---- telephone numbers: 0161 496 0000, (020) 7946 0018, +44 (0)7700 900123 ---- */

static size_t phone_gap(const struct scan *t, size_t at)
{
    size_t i = at;
    for (unsigned n = 0; n < 3; n++) {
        uint8_t c = scan_at(t, i);
        size_t step = c == '.' || c == '(' || c == ')' ? 1 : scan_blank(t, i) + scan_hyphen(t, i);
        if (!step)
            break;
        i += step;
    }
    return i - at;
}

/* Where the number begins, behind 0 or +44 or 0044 and (0). 0: no telephone number. */
static size_t phone_national(const struct scan *t, size_t at)
{
    size_t i = scan_is(t, at, "+44") ? at + 3 : scan_is(t, at, "0044") ? at + 4 : 0;
    if (!i) { /* "07 700": never the two digits of a day or a month */
        size_t first = scan_digits(t, at, 3);
        bool split = first == 2 && scan_is(t, at, "07") &&
                     scan_digits(t, at + 2 + phone_gap(t, at + 2), 3) == 3;
        return scan_at(t, at) == '0' && (first == 3 || split) ? at + 1 : 0;
    }
    i += phone_gap(t, i);
    if (scan_at(t, i) == '0')
        i += 1 + phone_gap(t, i + 1);
    return i;
}

/* Ten digits behind the 0; nine in a few old areas and in 0800 and 0500. */
static size_t match_phone(const struct scan *t, size_t at)
{
    size_t i = phone_national(t, at), total = 0, end = 0;
    uint8_t first = scan_at(t, i);
    bool nine = first == '1' || scan_is(t, i, "800") || scan_is(t, i, "500");
    if (!i || !scan_is_digit(first) || first == '0' || first == '4' || first == '6')
        return 0;
    for (unsigned group = 0; total < 10; group++) {
        size_t n = scan_digits(t, i, 11);
        if (!n || (n < 2 && group))
            break;
        total += n;
        i += n;
        if ((total == 10 || (total == 9 && nine)) && scan_free_after(t, i))
            end = i;
        size_t between = phone_gap(t, i);
        if (!between)
            break;
        i += between;
    }
    return end;
}

/* ---- postcodes: the areas that there are, and the letters that each place may have ---- */

static bool is_area(const struct scan *t, size_t at, size_t letters)
{
    static const char areas[] =
        " ab al b ba bb bd bh bl bn br bs bt bx ca cb cf ch cm co cr ct cv cw da dd de dg dh dl dn "
        "dt dy e ec eh en ex fk fy g gl gu gx gy ha hd hg hp hr hs hu hx ig im ip iv je ka kt kw "
        "ky l la ld le ll ln ls lu m me mk ml n ne ng nn np nr nw ol ox pa pe ph pl po pr rg rh rm "
        "s sa se sg sk sl sm sn so sp sr ss st sw sy ta td tf tn tq tr ts tw ub w wa wc wd wf wn "
        "wr ws wv yo ze ";
    char area[5] = {' ', 0, ' ', 0, 0};
    area[1] = (char)scan_lower(scan_at(t, at));
    if (letters == 2) {
        area[2] = (char)scan_lower(scan_at(t, at + 1));
        area[3] = ' ';
    }
    return strstr(areas, area) != NULL;
}

static bool is_one_of(uint8_t c, const char *letters)
{
    return scan_is_letter(c) && strchr(letters, scan_lower(c));
}

/* "NE1", "SW1A", "M60". `lens`: the lengths that it may have (at most two). */
static size_t outward_lens(const struct scan *t, size_t at, size_t lens[2])
{
    size_t letters = scan_is_letter(scan_at(t, at + 1)) ? 2 : 1, n = 0;
    size_t first = at + letters;
    if (!scan_is_digit(scan_at(t, first)) || !is_area(t, at, letters))
        return 0;
    uint8_t more = scan_at(t, first + 1);
    const char *last = letters == 1 ? "abcdefghjkpstuw" : "abehmnprvwxy";
    if ((scan_is_digit(more) && scan_at(t, first) != '0') || is_one_of(more, last))
        lens[n++] = letters + 2;
    lens[n++] = letters + 1;
    return n;
}

/* "B1 2nd visit", "L5 3wd": behind one letter, as questions have it, these count something. */
static bool is_count(const struct scan *t, size_t at)
{
    static const char *const units[] = {"st", "nd", "rd", "th", "wd", "hr", "yr", "ft", "lb"};
    for (size_t i = 0; i < sizeof units / sizeof *units; i++)
        if (scan_at(t, at + 1) == (uint8_t)units[i][0] &&
            scan_at(t, at + 2) == (uint8_t)units[i][1])
            return true;
    return false;
}

static size_t match_inward(const struct scan *t, size_t at, bool may_count)
{
    static const char letters[] = "abdefghjlnpqrstuwxyz";
    return scan_is_digit(scan_at(t, at)) && is_one_of(scan_at(t, at + 1), letters) &&
                   is_one_of(scan_at(t, at + 2), letters) && !(may_count && is_count(t, at)) &&
                   scan_free_after(t, at + 3)
               ? at + 3
               : 0;
}

static size_t match_postcode(const struct scan *t, size_t at)
{
    size_t lens[2] = {3, 0}, end = 0;
    size_t n = scan_is(t, at, "gir") ? 1 : outward_lens(t, at, lens);
    for (size_t i = 0; i < n && !end; i++) {
        size_t in = at + lens[i];
        in += scan_blank(t, in);
        in += scan_blank(t, in);
        end = match_inward(t, in, scan_is_digit(scan_at(t, at + 1)));
    }
    return end;
}

/* ---- National Insurance numbers: AB 12 34 56 C ---- */

static bool is_insurance_prefix(uint8_t a, uint8_t b)
{
    static const char never[] = "bggbnkkntnntzz";
    if (!is_one_of(a, "abceghjklmnoprstwxyz") || !is_one_of(b, "abceghjklmnprstwxyz"))
        return false;
    for (size_t i = 0; i < sizeof never - 1; i += 2)
        if (scan_lower(a) == never[i] && scan_lower(b) == never[i + 1])
            return false;
    return true;
}

/* Pairs with the same thing between all of them, or with blanks only around the six digits. */
static size_t match_insurance(const struct scan *t, size_t at)
{
    size_t i = at + 2, gaps[4];
    if (!is_insurance_prefix(scan_at(t, at), scan_at(t, at + 1)))
        return 0;
    for (size_t pair = 0; pair < 4; pair++) {
        size_t hyphen = scan_hyphen(t, i);
        gaps[pair] = hyphen ? 10 + hyphen : scan_blank(t, i) > 0;
        i += hyphen ? hyphen : scan_blank(t, i);
        if (pair < 3 && scan_digits(t, i, 2) != 2)
            return 0;
        i += pair < 3 ? 2 : 0;
    }
    bool inside =
        gaps[1] == gaps[2] && (gaps[1] <= 1 || (gaps[0] == gaps[1] && gaps[3] == gaps[1]));
    bool around = gaps[1] > 1 || (gaps[0] <= 1 && gaps[3] <= 1);
    return inside && around && is_one_of(scan_at(t, i), "abcd") && scan_free_after(t, i + 1) ? i + 1
                                                                                             : 0;
}

/* ---- email addresses ---- */

static size_t match_domain(const struct scan *t, size_t at)
{
    size_t i = at, end = 0;
    for (unsigned label = 0; i - at <= MOST_DOMAIN; label++) {
        size_t start = i, letters = 0;
        while (i - at <= MOST_DOMAIN && (scan_is_alnum(scan_at(t, i)) || scan_at(t, i) == '-')) {
            letters += scan_is_letter(scan_at(t, i));
            i++;
        }
        if (i == start)
            break;
        if (label && letters >= 2 && letters == i - start && !scan_word_at(t, i))
            end = i;
        if (scan_at(t, i) != '.')
            break;
        i++;
    }
    return end;
}

/* Quotation marks and dollars are left out of the local part: people copy what they are shown. */
static size_t match_email(const struct scan *t, size_t at)
{
    size_t i = at;
    while (i - at < MOST_LOCAL &&
           (scan_is_alnum(scan_at(t, i)) || (scan_at(t, i) && strchr("._%+'-", scan_at(t, i)))))
        i++;
    return i > at && scan_at(t, i) == '@' && scan_at(t, i - 1) != '.' ? match_domain(t, i + 1) : 0;
}

/* ---- all of them ---- */

/* clang-format off */
static const struct {
    enum identifier_kind kind;
    bool reference; /* not when it is the later part of a reference */
    size_t (*match)(const struct scan *t, size_t at); /* its end, or 0 */
    const char *name, *advice;
} kinds[] = {
    {IDENTIFIER_EMAIL,     false, match_email,       "an email address",             "role and name say enough"},
    {IDENTIFIER_NHS,       true,  match_nhs,         "an NHS number",                "use the case-system reference"},
    {IDENTIFIER_INSURANCE, true,  match_insurance,   "a National Insurance number",  "leave it out"},
    {IDENTIFIER_POSTCODE,  true,  match_postcode,    "a postcode",                   "the name of the area says enough"},
    {IDENTIFIER_PHONE,     true,  match_phone,       "a phone number",               "the case system keeps it"},
    {IDENTIFIER_BIRTH,     true,  identifiers_birth, "a date of birth",              "an age in years says enough"},
};
/* clang-format on */
enum { KINDS = sizeof kinds / sizeof *kinds };

static bool match_any(const struct scan *t, size_t at, struct identifier *out)
{
    bool is_free = is_free_before(t, at);
    for (size_t k = 0; k < KINDS; k++) {
        size_t end = is_free || !kinds[k].reference ? kinds[k].match(t, at) : 0;
        if (end) {
            *out = (struct identifier){kinds[k].kind, at, end};
            return true;
        }
    }
    return false;
}

bool identifiers_next(const void *utf8, size_t len_bytes, size_t from, struct identifier *out)
{
    struct scan t = {utf8, len_bytes};
    for (size_t at = from; at < len_bytes; at++) {
        if (!scan_is_alnum(t.s[at]) && t.s[at] != '+')
            continue;
        if (!scan_word_before(&t, at) && match_any(&t, at, out))
            return true;
        while (scan_is_alnum(scan_at(&t, at)) && scan_is_alnum(scan_at(&t, at + 1)))
            at++; /* inside a word nothing begins */
    }
    return false;
}

const char *identifiers_name(enum identifier_kind kind)
{
    for (size_t k = 0; k < KINDS; k++)
        if (kinds[k].kind == kind)
            return kinds[k].name;
    return "an identifier";
}

const char *identifiers_advice(enum identifier_kind kind)
{
    for (size_t k = 0; k < KINDS; k++)
        if (kinds[k].kind == kind)
            return kinds[k].advice;
    return "use the case-system reference";
}
