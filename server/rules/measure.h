#ifndef TANDEM_SERVER_RULES_MEASURE_H
#define TANDEM_SERVER_RULES_MEASURE_H

/* The measures of the data set: what each counts, and how its figures are read, said and added up.
 * Values over months, who entered them and corrections are the business of measure_set.h, files of
 * measure_import.h. Pure.
 *
 * A figure has a numerator and, for most measures, a denominator; each may be blank, which means
 * that nobody knows it. A blank is never taken for 0. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "server/rules/civil.h"

enum measure_group { MEASURE_HOW_MUCH, MEASURE_HOW_WELL, MEASURE_BETTER_OFF, MEASURE_VALUE };
const char *measure_group_title(enum measure_group g); /* "How much" */

enum measure_kind {
    MEASURE_COUNT, /* n alone */
    MEASURE_SHARE, /* n are some of d: percent */
    MEASURE_RATIO, /* n for every 100 of d, and n itself */
    MEASURE_COST,  /* n pence for each of d */
};
enum measure_source { MEASURE_ENTERED, MEASURE_COMPUTED }; /* typed or imported; by the server */

/* What a month's number is about, and so how those of several months go together. */
enum measure_span {
    SPAN_MONTH, /* what happened in the month: they add up */
    SPAN_END,   /* how it stood at its end: the last one counts */
    SPAN_YEAR,  /* what happened from 1 April to its end: the last one counts */
    SPAN_ALONE, /* people of that month, who are partly those of the next: not to be put together */
};
const char *measure_span_words(enum measure_span s); /* "in the month" */

struct measure {
    const char *code; /* "ds.H9" */
    enum measure_group group;
    enum measure_kind kind;
    enum measure_source source;
    const char *title;
    const char *n; /* what is counted, in the plural */
    enum measure_span n_span;
    const char *d; /* of what or for what, in the plural; "" for a count */
    enum measure_span d_span;
};
const struct measure *measure_table(size_t *count);
/* By its code, with or without "ds.", whatever the case; NULL. */
const struct measure *measure_find(const char *code);
/* The same; ERR_INPUT with a sentence that names where to look. */
MUST_CHECK enum err measure_get(const char *code, const struct measure **out, struct err_info *why);

/* What was typed, to be repeated in a one-line sentence: itself, or "this text" where it is long or
 * holds line ends or controls. */
const char *measure_quote(const char *typed);

/* ---- a figure ---- */

struct measure_figure {
    bool has_n, has_d; /* false: blank */
    int64_t n, d;      /* n of a cost is in pence */
};

enum measure_state {
    FIGURE_NOT_KNOWN, /* n, or the d that it needs, is blank */
    FIGURE_NOTHING,   /* d is 0: there was nothing to count */
    FIGURE_KNOWN,
};
enum measure_state measure_state(const struct measure *m, struct measure_figure f);
/* n / d (n for a count, pounds for a cost); only of what is FIGURE_KNOWN. */
double measure_rate(const struct measure *m, struct measure_figure f);

/* For people, numerator and denominator shown: "86 % (12 of 14)", "not known (12 of an unknown
 * number)", "nothing to count: no placements that ended". A share is only called 0 % or 100 % when
 * none or all are counted. */
enum { MEASURE_WORDS_BYTES = 200 };
void measure_say(const struct measure *m, struct measure_figure f, char out[MEASURE_WORDS_BYTES]);

/* A number as typed: "12", "1,204", "1 204", for a cost's n also "£812.50"; "", "-" and "not known"
 * are a blank (*has false). ERR_INPUT with a sentence. */
MUST_CHECK enum err measure_parse_number(const struct measure *m, bool is_n, const char *typed,
                                         bool *has, int64_t *out, struct err_info *why);
/* Can these numbers be? Not below 0, no d for a count, n not above d where it is a part of it. Says
 * nothing about blanks. ERR_INPUT with a sentence. */
MUST_CHECK enum err measure_check_figure(const struct measure *m, struct measure_figure f,
                                         struct err_info *why);

/* ---- months, counted from January of the year 0 ---- */

typedef int32_t month_no;
month_no month_of(struct civil d);
struct civil month_first_day(month_no m);
void month_format(month_no m, char out[8]); /* "2026-09" */
void month_say(month_no m, char out[16]);   /* "Sep 2026" */
/* "2026-09", "09/2026", "9/2026", "Sep 2026", "September 2026"; from 2000 to 2199. ERR_INPUT with a
 * sentence. */
MUST_CHECK enum err month_parse(const char *typed, month_no *out, struct err_info *why);

#endif
