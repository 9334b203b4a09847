/* Dates of birth: a full date, as people here write dates, near a word about birth. */
#include <string.h>

#include "common/identifiers_scan.h"

enum { NEAR_BEFORE = 40, NEAR_AFTER = 30 }; /* bytes */

/* ---- full dates ---- */

struct date {
    unsigned day, month, year;
};

static size_t take_number(const struct scan *t, size_t at, size_t most, unsigned *value)
{
    size_t n = scan_digits(t, at, most + 1);
    if (n > most)
        return 0;
    *value = 0;
    for (size_t i = 0; i < n; i++)
        *value = *value * 10 + (t->s[at + i] - '0');
    return n;
}

static size_t take_month(const struct scan *t, size_t at, unsigned *month)
{
    static const char *const names[] = {"january",   "february", "march",    "april",
                                        "may",       "june",     "july",     "august",
                                        "september", "october",  "november", "december"};
    for (unsigned m = 0; m < 12; m++) {
        size_t n = 0;
        while (names[m][n] && scan_lower(scan_at(t, at + n)) == (uint8_t)names[m][n])
            n++;
        if (n < 3 || (names[m][n] && n != 3 && !(m == 8 && n == 4)) ||
            scan_is_letter(scan_at(t, at + n)))
            continue;
        *month = m + 1;
        return n;
    }
    return 0;
}

/* Four digits of this century or the last one, or two ("'13"). */
static size_t take_year(const struct scan *t, size_t at, unsigned *year)
{
    size_t mark = scan_at(t, at) == '\'';
    size_t n = take_number(t, at + mark, 4, year);
    bool whole = n == 4 && !mark && *year >= 1900 && *year < 2100;
    return whole || n == 2 ? mark + n : 0;
}

/* Between the words of a date: at most three blanks, commas, full stops, hyphens, slashes. */
static size_t date_gap(const struct scan *t, size_t at)
{
    size_t i = at;
    for (unsigned n = 0; n < 3; n++) {
        uint8_t c = scan_at(t, i);
        size_t step = c == ',' || c == '.' || c == '/' ? 1 : scan_blank(t, i) + scan_hyphen(t, i);
        i += step;
    }
    return i - at;
}

static size_t take_day(const struct scan *t, size_t at, unsigned *day)
{
    size_t n = take_number(t, at, 2, day);
    bool ordinal = n && (scan_is(t, at + n, "st") || scan_is(t, at + n, "nd") ||
                         scan_is(t, at + n, "rd") || scan_is(t, at + n, "th"));
    return ordinal ? n + 2 : n;
}

/* "12/05/2013", "12. 5. 13", "2013-05-12" */
static size_t date_in_numbers(const struct scan *t, size_t at, struct date *d)
{
    unsigned v[3];
    size_t i = at, lens[3];
    for (size_t part = 0; part < 3; part++) {
        size_t between = part ? date_gap(t, i) : 0;
        if (part && !between)
            return 0;
        i += between;
        lens[part] = take_number(t, i, 4, &v[part]);
        i += lens[part];
    }
    bool year_first = lens[0] == 4;
    size_t year = year_first ? 0 : 2;
    if (!lens[0] || !lens[1] || lens[1] > 2 || lens[2 - year] > 2 || !lens[2 - year])
        return 0;
    *d = (struct date){v[2 - year], v[1], v[year]};
    bool whole = lens[year] == 4 && d->year >= 1900 && d->year < 2100;
    return whole || lens[year] == 2 ? i : 0;
}

/* "12 May 2013", "12th of May, 2013", "12-May-13" */
static size_t date_day_first(const struct scan *t, size_t at, struct date *d)
{
    size_t n, i = at;
    if (!(n = take_day(t, i, &d->day)))
        return 0;
    i += n;
    i += date_gap(t, i);
    if (scan_is(t, i, "of ") || scan_is(t, i, "of\xc2\xa0"))
        i += 2 + date_gap(t, i + 2);
    if (!(n = take_month(t, i, &d->month)))
        return 0;
    i += n;
    i += date_gap(t, i);
    n = take_year(t, i, &d->year);
    return n ? i + n : 0;
}

/* "May 12, 2013" */
static size_t date_month_first(const struct scan *t, size_t at, struct date *d)
{
    size_t n, i = at;
    if (!(n = take_month(t, i, &d->month)))
        return 0;
    i += n;
    i += date_gap(t, i);
    if (!(n = take_day(t, i, &d->day)))
        return 0;
    i += n;
    i += date_gap(t, i);
    n = take_year(t, i, &d->year);
    return n ? i + n : 0;
}

static bool is_day(const struct date *d)
{
    static const uint8_t days[] = {31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    return d->month >= 1 && d->month <= 12 && d->day >= 1 && d->day <= days[d->month - 1];
}

/* The end of a full date that begins here, or 0. */
static size_t match_date(const struct scan *t, size_t at)
{
    static size_t (*const forms[])(const struct scan *, size_t, struct date *) = {
        date_in_numbers, date_day_first, date_month_first};
    uint8_t c = scan_lower(scan_at(t, at)); /* a digit, or the first letter of a month */
    if ((!scan_is_digit(c) && (!c || !strchr("jfmasond", c))) || scan_word_before(t, at))
        return 0;
    for (size_t f = 0; f < sizeof forms / sizeof *forms; f++) {
        struct date d;
        size_t end = forms[f](t, at, &d);
        if (end && is_day(&d) && scan_free_after(t, end))
            return end;
    }
    return 0;
}

static bool has_date(const struct scan *t, size_t from, size_t to)
{
    for (size_t at = from; at < to; at++) {
        size_t end = match_date(t, at);
        if (end && end <= to)
            return true;
    }
    return false;
}

/* ---- words about birth ---- */

/* Small letters; a blank stands for one blank of any kind. */
static const struct cue {
    const char *words;
    bool several; /* the dates of several people may follow */
} cues[] = {
    {"born",           false},
    {"dob",            false},
    {"dobs",           true },
    {"d.o.b",          false},
    {"d.o.bs",         true },
    {"date of birth",  false},
    {"dates of birth", true },
    {"birth date",     false},
    {"birth dates",    true },
    {"birthdate",      false},
    {"birthday",       false},
    {"birthdays",      true },
    {"bday",           false},
    {"b-day",          false},
};

/* The end of the words if they stand here, or 0. */
static size_t cue_end(const struct scan *t, size_t at, const char *words)
{
    size_t i = at;
    for (; *words; words++) {
        size_t n = *words == ' ' ? scan_blank(t, i) : scan_lower(scan_at(t, i)) == (uint8_t)*words;
        if (!n)
            return 0;
        i += n;
    }
    return scan_word_at(t, i) ? 0 : i;
}

static const struct cue *find_cue(const struct scan *t, size_t at, size_t *end)
{
    uint8_t c = scan_lower(scan_at(t, at));
    if ((c != 'b' && c != 'd') || scan_word_before(t, at))
        return NULL;
    for (size_t i = 0; i < sizeof cues / sizeof *cues; i++)
        if ((*end = cue_end(t, at, cues[i].words)))
            return &cues[i];
    return NULL;
}

/* A sentence, a clause or a paragraph ends here. */
static bool is_break(const struct scan *t, size_t at)
{
    uint8_t c = scan_at(t, at);
    if (c == '\n')
        return scan_at(t, at + 1) == '\n';
    if (c == ';')
        return true;
    uint8_t next = scan_at(t, at + 2);
    return (c == '.' || c == '!' || c == '?') && scan_blank(t, at + 1) == 1 &&
           scan_is_letter(next) && next == (uint8_t)(next & ~0x20);
}

static bool is_cue_before(const struct scan *t, size_t start)
{
    size_t least = start > NEAR_BEFORE ? start - NEAR_BEFORE : 0, end;
    for (size_t at = start; at-- > least;) {
        if (is_break(t, at) && at + 2 != start) /* "D.O.B. May 12" is no end of a sentence */
            return false;
        const struct cue *cue = find_cue(t, at, &end);
        if (cue && end <= start)
            return cue->several || !has_date(t, end, start);
    }
    return false;
}

/* How far the words about birth may stand from `at`. */
static size_t clause_end(const struct scan *t, size_t at, size_t most)
{
    size_t end = at;
    while (end < t->len && end - at < most && !is_break(t, end))
        end++;
    return end;
}

/* "12 May 2013 is her birthday", but not "on 12 May 2026; he was born on ...". */
static bool is_cue_after(const struct scan *t, size_t date_end)
{
    size_t most = clause_end(t, date_end, NEAR_AFTER), end;
    for (size_t at = date_end; at < most; at++)
        if (find_cue(t, at, &end))
            return !has_date(t, date_end, at) && !has_date(t, end, clause_end(t, end, NEAR_BEFORE));
    return false;
}

size_t identifiers_birth(const struct scan *t, size_t at)
{
    size_t end = match_date(t, at);
    return end && (is_cue_before(t, at) || is_cue_after(t, end)) ? end : 0;
}
