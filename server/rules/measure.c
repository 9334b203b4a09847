#include "server/rules/measure.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "common/utf8.h"

/* Above everything that a service counts or pays, and far from where sums overflow. */
#define MOST INT64_C(1000000000000)

const char *measure_quote(const char *typed)
{
    size_t len = strlen(typed);
    return len <= 40 && !utf8_check_text(typed, len, false, NULL) ? typed : "this text";
}

/* ---- a figure ---- */

enum measure_state measure_state(const struct measure *m, struct measure_figure f)
{
    if (!f.has_n || (m->kind != MEASURE_COUNT && !f.has_d))
        return FIGURE_NOT_KNOWN;
    return m->kind != MEASURE_COUNT && f.d == 0 ? FIGURE_NOTHING : FIGURE_KNOWN;
}

double measure_rate(const struct measure *m, struct measure_figure f)
{
    if (m->kind == MEASURE_COUNT)
        return (double)f.n;
    return (double)f.n / (double)f.d / (m->kind == MEASURE_COST ? 100 : 1);
}

/* n / d, rounded half up. */
static int64_t divide(int64_t n, int64_t d)
{
    return (2 * n + d) / (2 * d);
}

static void say_not_known(const struct measure *m, struct measure_figure f, char *out)
{
    const char *pounds = m->kind == MEASURE_COST ? "a known cost" : NULL;
    if (f.has_n && pounds)
        (void)snprintf(out, MEASURE_WORDS_BYTES, "not known (%s for an unknown number)", pounds);
    else if (f.has_n)
        (void)snprintf(out, MEASURE_WORDS_BYTES, "not known (%lld %s an unknown number)",
                       (long long)f.n, m->kind == MEASURE_SHARE ? "of" : "for");
    else if (f.has_d)
        (void)snprintf(out, MEASURE_WORDS_BYTES, "not known (an unknown number %s %lld)",
                       m->kind == MEASURE_SHARE ? "of" : "for", (long long)f.d);
    else
        (void)snprintf(out, MEASURE_WORDS_BYTES, "not known");
}

static void say_share(struct measure_figure f, char *out)
{
    int64_t percent = divide(100 * f.n, f.d);
    const char *nearly = "";
    if (percent == 0 && f.n > 0) {
        nearly = "under ";
        percent = 1;
    } else if (percent == 100 && f.n < f.d) {
        nearly = "over ";
        percent = 99;
    }
    (void)snprintf(out, MEASURE_WORDS_BYTES, "%s%lld %% (%lld of %lld)", nearly, (long long)percent,
                   (long long)f.n, (long long)f.d);
}

static void say_ratio(const struct measure *m, struct measure_figure f, char *out)
{
    int64_t tenths = divide(1000 * f.n, f.d);
    (void)snprintf(out, MEASURE_WORDS_BYTES, "%lld (%lld.%lld for every 100 of %lld %s)",
                   (long long)f.n, (long long)(tenths / 10), (long long)(tenths % 10),
                   (long long)f.d, m->d);
}

static void say_cost(const struct measure *m, struct measure_figure f, char *out)
{
    int64_t pence = divide(f.n, f.d);
    (void)snprintf(out, MEASURE_WORDS_BYTES, "\u00a3%lld.%02lld (\u00a3%lld.%02lld for %lld %s)",
                   (long long)(pence / 100), (long long)(pence % 100), (long long)(f.n / 100),
                   (long long)(f.n % 100), (long long)f.d, m->d);
}

void measure_say(const struct measure *m, struct measure_figure f, char out[MEASURE_WORDS_BYTES])
{
    enum measure_state state = measure_state(m, f);
    if (state == FIGURE_NOT_KNOWN) {
        say_not_known(m, f, out);
        return;
    }
    if (state == FIGURE_NOTHING) {
        (void)snprintf(out, MEASURE_WORDS_BYTES, "nothing to count: no %s", m->d);
        return;
    }
    switch (m->kind) {
    case MEASURE_COUNT:
        (void)snprintf(out, MEASURE_WORDS_BYTES, "%lld", (long long)f.n);
        return;
    case MEASURE_SHARE:
        say_share(f, out);
        return;
    case MEASURE_RATIO:
        say_ratio(m, f, out);
        return;
    case MEASURE_COST:
        say_cost(m, f, out);
        return;
    }
}

static bool is_blank(const char *s)
{
    return !*s || !strcmp(s, "-") || !strcasecmp(s, "not known");
}

/* Digits, in groups of three where there is a comma or a blank between them. The number and where
 * it ended; NULL when it is none or too large. */
static const char *read_digits(const char *s, int64_t *out)
{
    size_t group = 0;
    bool grouped = false;
    *out = 0;
    if (!isdigit((unsigned char)*s))
        return NULL;
    for (;; s++) {
        if (isdigit((unsigned char)*s)) {
            *out = 10 * *out + (*s - '0');
            group++;
        } else if ((*s == ',' || *s == ' ') && isdigit((unsigned char)s[1]) && group &&
                   group <= 3 && (!grouped || group == 3)) {
            grouped = true;
            group = 0;
        } else {
            break;
        }
        if (*out > MOST)
            return NULL;
    }
    return !grouped || group == 3 ? s : NULL;
}

/* ".5" or ".50" behind pounds, as pence. */
static const char *read_pence(const char *s, int64_t *pence)
{
    *pence = 0;
    if (*s != '.')
        return s;
    for (int64_t worth = 10; worth && isdigit((unsigned char)s[1]); worth /= 10)
        *pence += worth * (*++s - '0');
    return s[1] || *s == '.' ? NULL : s + 1;
}

enum err measure_parse_number(const struct measure *m, bool is_n, const char *typed, bool *has,
                              int64_t *out, struct err_info *why)
{
    bool money = m->kind == MEASURE_COST && is_n;
    int64_t pence = 0;
    const char *s = typed + strspn(typed, " ");
    *has = false;
    *out = 0;
    if (is_blank(s))
        return ERR_OK;
    if (money && !strncmp(s, "\u00a3", 2))
        s += 2;
    const char *end = read_digits(s, out);
    if (end && money) {
        end = read_pence(end, &pence);
        *out = 100 * *out + pence;
    }
    *has = end && !end[strspn(end, " ")] && *out <= MOST;
    if (*has)
        return ERR_OK;
    *out = 0;
    if (money)
        return err_set(why, ERR_INPUT, "\"%s\" is not an amount such as 812.50 (pounds)",
                       measure_quote(typed));
    return err_set(why, ERR_INPUT,
                   "\"%s\" is not a whole number such as 0 or 12; leave it empty "
                   "if it is not known",
                   measure_quote(typed));
}

enum err measure_check_figure(const struct measure *m, struct measure_figure f,
                              struct err_info *why)
{
    if ((f.has_n && f.n < 0) || (f.has_d && f.d < 0))
        return err_set(why, ERR_INPUT, "a number cannot be below 0");
    if ((f.has_n && f.n > MOST) || (f.has_d && f.d > MOST))
        return err_set(why, ERR_INPUT, "this number is too large to be right");
    if (m->kind == MEASURE_COUNT && f.has_d)
        return err_set(why, ERR_INPUT, "%s is a plain count; leave the second number empty",
                       m->code);
    if (m->kind == MEASURE_SHARE && f.has_n && f.has_d && f.n > f.d)
        return err_set(why, ERR_INPUT,
                       "%lld cannot be part of %lld: %s are some of the %s; are the two the wrong "
                       "way round?",
                       (long long)f.n, (long long)f.d, m->n, m->d);
    return ERR_OK;
}

/* ---- months ---- */

month_no month_of(struct civil d)
{
    return d.year * 12 + d.month - 1;
}

struct civil month_first_day(month_no m)
{
    return (struct civil){m / 12, m % 12 + 1, 1};
}

void month_format(month_no m, char out[8])
{
    char day[11];
    civil_format(month_first_day(m), day);
    memcpy(out, day, 7);
    out[7] = 0;
}

void month_say(month_no m, char out[16])
{
    struct civil d = month_first_day(m);
    (void)snprintf(out, 16, "%.3s %d", civil_month_name(d.month), d.year);
}

/* "Sep" or "September", whatever the case; 0: neither. */
static int month_named(const char *s, size_t len)
{
    for (int i = 1; i <= 12; i++) {
        const char *name = civil_month_name(i);
        if ((len == 3 || len == strlen(name)) && !strncasecmp(s, name, len))
            return i;
    }
    return 0;
}

enum err month_parse(const char *typed, month_no *out, struct err_info *why)
{
    int year = 0, month = 0, end = 0;
    size_t letters = strcspn(typed, " ");
    bool read = false;
    if (sscanf(typed, "%4d-%2d%n", &year, &month, &end) == 2 && end == 7)
        read = !typed[end];
    else if (sscanf(typed, "%2d/%4d%n", &month, &year, &end) == 2 && end)
        read = !typed[end];
    else if (typed[letters] == ' ' && sscanf(typed + letters, " %4d%n", &year, &end) == 1) {
        month = month_named(typed, letters);
        read = !typed[letters + (size_t)end];
    }
    if (!read || month < 1 || month > 12)
        return err_set(why, ERR_INPUT,
                       "\"%s\" is not a month; write it as 2026-09, 09/2026 or Sep 2026",
                       measure_quote(typed));
    if (year < 2000 || year > CIVIL_YEAR_LAST)
        return err_set(why, ERR_INPUT, "write the year of the month in full, from 2000 to %d",
                       CIVIL_YEAR_LAST);
    *out = month_of((struct civil){year, month, 1});
    return ERR_OK;
}
