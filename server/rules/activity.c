#include "server/rules/activity.h"

#include <assert.h>
#include <ctype.h>
#include <libical/ical.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { LAW_MONTHS = 12, TRIAL_YEARS = 10 };

/* Monday, and the first day of a year and of its quarters. */
static const struct civil epoch = {2002, 4, 1};

/* ---- rows ---- */

void activity_fini(struct activity *row)
{
    free(row->title);
    free(row->text);
    free(row->every);
    free(row->template);
    *row = (struct activity){0};
}

void activities_fini(struct activities *a)
{
    for (size_t i = 0; i < a->n; i++)
        activity_fini(&a->rows[i]);
    free(a->rows);
    *a = (struct activities){0};
}

static struct activity *row_of(const struct activities *a, const char *code)
{
    for (size_t i = 0; i < a->n; i++)
        if (!strcasecmp(a->rows[i].code, code))
            return &a->rows[i];
    return NULL;
}

const struct activity *activities_find(const struct activities *a, const char *code)
{
    return row_of(a, code);
}

enum err activities_put(struct activities *a, struct activity *row)
{
    struct activity *at = row_of(a, row->code);
    if (!at) {
        struct activity *rows = realloc(a->rows, (a->n + 1) * sizeof *rows);
        if (!rows) {
            activity_fini(row);
            return ERR_NOMEM;
        }
        a->rows = rows;
        at = &a->rows[a->n++];
        *at = (struct activity){0};
    }
    activity_fini(at);
    *at = *row;
    *row = (struct activity){0};
    return ERR_OK;
}

void activities_remove(struct activities *a, const char *code)
{
    struct activity *at = row_of(a, code);
    if (!at)
        return;
    activity_fini(at);
    size_t behind = a->n - (size_t)(at - a->rows) - 1;
    memmove(at, at + 1, behind * sizeof *at);
    a->n--;
}

static bool copy_word(const char *from, char **to)
{
    *to = strdup(from ? from : "");
    return *to;
}

enum err activities_copy(const struct activities *from, struct activities *out)
{
    *out = (struct activities){0};
    enum err e = ERR_OK;
    for (size_t i = 0; i < from->n && !e; i++) {
        const struct activity *row = &from->rows[i];
        struct activity copy = *row;
        copy.title = copy.text = copy.every = copy.template = NULL;
        bool whole = copy_word(row->title, &copy.title) && copy_word(row->text, &copy.text) &&
                     copy_word(row->every, &copy.every) && copy_word(row->template, &copy.template);
        if (!whole)
            activity_fini(&copy);
        e = whole ? activities_put(out, &copy) : ERR_NOMEM;
    }
    if (e)
        activities_fini(out);
    return e;
}

/* ---- words ---- */

static const char *const each_words[] = {
    [ACTIVITY_EACH_SITE] = "site",
    [ACTIVITY_EACH_PERSON] = "person",
    [ACTIVITY_EACH_TEAM] = "team",
    [ACTIVITY_EACH_CARER] = "carer",
};
static const char *const due_words[] = {
    [ACTIVITY_DUE_THAT_DAY] = "that day",
    [ACTIVITY_DUE_LAST_WORKING_DAY] = "last working day",
    [ACTIVITY_DUE_NEXT_LAST_WORKING_DAY] = "last working day of the next month",
    [ACTIVITY_DUE_AFTER] = "after",
};
static const char *const asked_words[] = {"submission", "trigger", "list"};

static int word_find(const char *const *words, size_t n, const char *word)
{
    for (size_t i = 0; i < n; i++)
        if (words[i] && !strcasecmp(words[i], word))
            return (int)i;
    return -1;
}
#define WORD_FIND(words, word) word_find(words, sizeof(words) / sizeof *(words), word)

enum activity_each activity_each_find(const char *word)
{
    int i = WORD_FIND(each_words, word);
    return i < 0 ? (enum activity_each)0 : (enum activity_each)i;
}

enum activity_due activity_due_find(const char *word)
{
    int i = WORD_FIND(due_words, word);
    return i < 0 ? (enum activity_due)0 : (enum activity_due)i;
}

enum activity_asked activity_asked_find(const char *word)
{
    int i = WORD_FIND(asked_words, word);
    return i < 0 ? (enum activity_asked)0 : (enum activity_asked)(1u << i);
}

const char *activity_each_word(enum activity_each each)
{
    return each_words[each];
}

/* ---- days of an RRULE ---- */

static struct icaltimetype ical_day(struct civil d)
{
    /* not icaltime_null_date(): its hour of -1 keeps DAILY from going on */
    return (struct icaltimetype){.year = d.year, .month = d.month, .day = d.day, .is_date = 1};
}

/* A zone or a list would be lost silently; libical takes several of the same part as the last. */
static bool is_rrule(const char *rrule)
{
    for (const char *s = rrule; *s; s++)
        if (!isalnum((unsigned char)*s) && !strchr("=;,+-", *s))
            return false;
    return !strncasecmp(rrule, "FREQ=", 5);
}

static enum err rule_parse(const char *rrule, struct icalrecurrencetype *out, struct err_info *why)
{
    icalrecurrencetype_clear(out);
    if (is_rrule(rrule))
        *out = icalrecurrencetype_from_string(rrule);
    if (out->freq == ICAL_NO_RECURRENCE)
        return err_set(why, ERR_INPUT,
                       "\"%.80s\" is no recurrence: write an RRULE, as in FREQ=MONTHLY;BYDAY=3WE "
                       "for each third Wednesday.",
                       rrule);
    if (out->freq < ICAL_DAILY_RECURRENCE || *out->by_hour != ICAL_RECURRENCE_ARRAY_MAX ||
        *out->by_minute != ICAL_RECURRENCE_ARRAY_MAX ||
        *out->by_second != ICAL_RECURRENCE_ARRAY_MAX)
        return err_set(why, ERR_INPUT,
                       "\"%.80s\" recurs within a day and would never come to its end: the "
                       "calendar holds days, so write DAILY, WEEKLY, MONTHLY or YEARLY.",
                       rrule);
    if (out->count)
        return err_set(why, ERR_INPUT,
                       "\"%.80s\": leave COUNT out: the calendar is filled in only so far ahead, "
                       "and there is no first day to count from.",
                       rrule);
    return ERR_OK;
}

struct days {
    struct civil *day;
    size_t n, cap;
    size_t most; /* stop then; 0: ERR_TOO_LARGE behind ACTIVITY_MAX_DAYS */
};

static enum err days_put(struct days *d, struct civil day)
{
    if (d->n == ACTIVITY_MAX_DAYS)
        return ERR_TOO_LARGE;
    if (d->n == d->cap) {
        size_t cap = d->cap ? 2 * d->cap : 32;
        struct civil *more = realloc(d->day, cap * sizeof *more);
        if (!more)
            return ERR_NOMEM;
        d->day = more;
        d->cap = cap;
    }
    d->day[d->n++] = day;
    return ERR_OK;
}

static bool days_full(const struct days *d)
{
    return d->most && d->n >= d->most;
}

static enum err days_of(struct icalrecurrencetype rule, struct civil from, struct civil until,
                        struct days *out)
{
    /* libical looks for a day as far ahead as its calendar goes: an end keeps it from doing so */
    struct icaltimetype end = ical_day(until);
    if (icaltime_is_null_time(rule.until) || icaltime_compare(rule.until, end) > 0)
        rule.until = end;
    icalrecur_iterator *it = icalrecur_iterator_new(rule, ical_day(epoch));
    if (!it)
        return icalerrno == ICAL_NEWFAILED_ERROR ? ERR_NOMEM : ERR_OK; /* none: there is no day */
    /* there is no COUNT, so it may begin in the middle; outside of its days it does not move */
    if (civil_compare(from, epoch) > 0)
        (void)icalrecur_iterator_set_start(it, ical_day(from));
    enum err e = ERR_OK;
    while (!e && !days_full(out)) {
        struct icaltimetype t = icalrecur_iterator_next(it);
        struct civil d = {t.year, t.month, t.day};
        if (icaltime_is_null_time(t) || civil_compare(d, until) >= 0)
            break;
        if (civil_compare(d, from) >= 0)
            e = days_put(out, d);
    }
    icalrecur_iterator_free(it);
    return e;
}

enum err activity_days(const char *rrule, struct civil from, struct civil until, struct civil **out,
                       size_t *n, struct err_info *why)
{
    struct icalrecurrencetype rule;
    struct days days = {0};
    *out = NULL;
    *n = 0;
    enum err e = rule_parse(rrule, &rule, why);
    if (e)
        return e;
    e = days_of(rule, from, until, &days);
    if (e == ERR_TOO_LARGE)
        (void)err_set(why, e, "\"%.80s\" gives more than %d days at once: ask for fewer years.",
                      rrule, ACTIVITY_MAX_DAYS);
    if (e) {
        free(days.day);
        return e;
    }
    *out = days.day;
    *n = days.n;
    return ERR_OK;
}

enum err activity_every_check(const char *rrule, struct err_info *why)
{
    struct civil until = civil_add_months(epoch, (int64_t)12 * TRIAL_YEARS);
    struct icalrecurrencetype rule;
    struct days days = {.most = 1};
    enum err e = rule_parse(rrule, &rule, why);
    if (e)
        return e;
    e = days_of(rule, epoch, until, &days);
    free(days.day);
    if (!e && !days.n)
        e = err_set(why, ERR_INPUT,
                    "\"%.80s\" gives not one day in %d years: check BYMONTH, BYMONTHDAY and UNTIL.",
                    rrule, TRIAL_YEARS);
    return e;
}

/* ---- limit and plan ---- */

static struct due months_after(const struct activity *row, struct civil base,
                               const struct clock_values *clock, const struct holidays *h)
{
    struct due due = workday_due(h, civil_add_months(base, row->months));
    if (row->plan >= 0) {
        struct due plan = clock_after(clock, (enum clock)row->plan, h, base);
        if (civil_compare(plan.planned, due.planned) < 0)
            due.planned = plan.planned;
    }
    return due;
}

static struct due every_due(const struct activity *row, struct civil base,
                            const struct clock_values *clock, const struct holidays *h)
{
    switch (row->due) {
    case ACTIVITY_DUE_LAST_WORKING_DAY:
        return workday_due(h, workday_month_end(h, base));
    case ACTIVITY_DUE_NEXT_LAST_WORKING_DAY:
        return workday_due(h, workday_month_end(h, civil_add_days(civil_month_end(base), 1)));
    case ACTIVITY_DUE_AFTER:
        return clock_after(clock, (enum clock)row->clock, h, base);
    case ACTIVITY_DUE_THAT_DAY:
        break;
    }
    return workday_due(h, base);
}

struct due activity_due_from(const struct activity *row, struct civil base,
                             const struct clock_values *clock, const struct holidays *h)
{
    switch (row->rule) {
    case ACTIVITY_EVERY:
        return every_due(row, base, clock, h);
    case ACTIVITY_AFTER_APPROVAL:
    case ACTIVITY_AFTER_REVIEW:
    case ACTIVITY_AFTER_LAST:
        return months_after(row, base, clock, h);
    case ACTIVITY_BEFORE_OTHERS:
        return clock_before(clock, (enum clock)row->clock, h, base);
    case ACTIVITY_WHEN_ASKED:
    case ACTIVITY_EACH_WORKING_DAY:
        break;
    }
    return activity_due_asked(row, base, clock, h);
}

struct due activity_due_asked(const struct activity *row, struct civil base,
                              const struct clock_values *clock, const struct holidays *h)
{
    if (row->clock >= 0)
        return clock_after(clock, (enum clock)row->clock, h, base);
    return workday_due(h, base);
}

size_t activity_gaps(const struct holidays *h, struct civil from, struct civil until,
                     const struct civil *done, size_t ndone, struct civil *out, size_t cap)
{
    size_t gaps = 0, at = 0;
    for (struct civil d = from; civil_compare(d, until) < 0; d = civil_add_days(d, 1)) {
        while (at < ndone && civil_compare(done[at], d) < 0)
            at++;
        bool has_one = at < ndone && !civil_compare(done[at], d);
        if (has_one || !workday_is(h, d))
            continue;
        if (gaps < cap)
            out[gaps] = d;
        gaps++;
    }
    return gaps;
}

/* ---- what a row may say ---- */

static bool is_code(const char *s)
{
    if (!isupper((unsigned char)*s))
        return false;
    for (; *s; s++)
        if (!isalnum((unsigned char)*s))
            return false;
    return true;
}

static bool is_after(enum activity_rule rule)
{
    return rule == ACTIVITY_AFTER_APPROVAL || rule == ACTIVITY_AFTER_REVIEW ||
           rule == ACTIVITY_AFTER_LAST;
}

static bool is_review(const struct activity *row)
{
    return row->rule == ACTIVITY_AFTER_APPROVAL || row->rule == ACTIVITY_AFTER_REVIEW;
}

static bool is_unit(int clock, enum clock_unit unit)
{
    return clock_row((enum clock)clock)->unit == unit;
}

static bool needs_clock(const struct activity *row)
{
    return row->rule == ACTIVITY_BEFORE_OTHERS ||
           (row->rule == ACTIVITY_EVERY && row->due == ACTIVITY_DUE_AFTER);
}

static bool several_of_a_review(const struct activity *row)
{
    return row->count > 1 && row->rule != ACTIVITY_EVERY;
}

static bool clock_without_use(const struct activity *row)
{
    return row->clock >= 0 && !needs_clock(row) && !row->asked;
}

static bool clock_in_percent(const struct activity *row)
{
    return row->clock >= 0 && is_unit(row->clock, CLOCK_PERCENT);
}

static bool plan_not_in_months(const struct activity *row)
{
    return row->plan >= 0 && (!is_after(row->rule) || !is_unit(row->plan, CLOCK_MONTHS));
}

static bool bad_code(const struct activity *row)
{
    return !is_code(row->code);
}

static bool no_title(const struct activity *row)
{
    return !*row->title;
}

static bool no_role(const struct activity *row)
{
    return !row->by;
}

static bool no_months(const struct activity *row)
{
    return is_after(row->rule) != (row->months >= 1 && row->months <= 120);
}

static bool no_clock(const struct activity *row)
{
    return needs_clock(row) && row->clock < 0;
}

static bool nothing_asks(const struct activity *row)
{
    return row->rule == ACTIVITY_WHEN_ASKED && !row->asked;
}

static bool review_of_no_carer(const struct activity *row)
{
    return is_review(row) && row->each != ACTIVITY_EACH_CARER;
}

static bool last_of_nobody(const struct activity *row)
{
    return row->rule == ACTIVITY_AFTER_LAST && row->each == ACTIVITY_EACH_CARER;
}

static bool law_without_law(const struct activity *row)
{
    return row->law && !is_review(row);
}

static bool law_denied(const struct activity *row)
{
    return is_review(row) && (!row->law || row->months > LAW_MONTHS);
}

static bool bad_count(const struct activity *row)
{
    return row->count < 1 || row->count > ACTIVITY_MAX_COUNT;
}

static bool bad_avoid(const struct activity *row)
{
    return row->avoid_months > 120;
}

static const struct {
    bool (*is_wrong)(const struct activity *row);
    const char *sentence;
} checks[] = {
    {bad_code,            "a code is letters and digits, at most 11, and begins with a capital letter."},
    {no_title,            "write a title."                                                             },
    {no_role,             "say who does it: by needs at least one role."                               },
    {bad_count,           "count is from 1 to 20."                                                     },
    {several_of_a_review, "count is for what recurs by \"every\": leave it out."                       },
    {bad_avoid,           "avoid_months is at most 120."                                               },
    {no_months,           "months, from 1 to 120, belongs to \"after\" and only there."                },
    {no_clock,            "say how long: clock is the name of a setting, such as notify_days."         },
    {clock_without_use,   "clock has no use here: leave it out, or write \"due: after\"."              },
    {clock_in_percent,    "clock must be a setting in days, weeks or months."                          },
    {plan_not_in_months,
     "plan belongs to \"after\" and is a setting in months, such as review_plan_months."               },
    {nothing_asks,        "nothing brings it about: add \"every\", \"after\", \"before\" or \"when\"." },
    {review_of_no_carer,
     "after an approval or a review it is for each carer: write \"each: carer\"."                      },
    {last_of_nobody,      "for carers count from the review: write \"after: review\"."                 },
    {law_without_law,
     "the law sets only the limits of carers' reviews: leave \"law\" out, it is your own choice."      },
    {law_denied,          "the law sets this limit: at most 12 months, and \"law: yes\". Plan it earlier "
                 "with \"plan\"."                                                      },
};

static enum err row_check(const struct activity *row, struct err_info *why)
{
    for (size_t i = 0; i < sizeof checks / sizeof *checks; i++)
        if (checks[i].is_wrong(row))
            return err_set(why, ERR_INPUT, "%s: %s", row->code, checks[i].sentence);
    struct err_info bad = {0};
    enum err e = row->rule == ACTIVITY_EVERY ? activity_every_check(row->every, &bad) : ERR_OK;
    return e ? err_set(why, e, "%s: %s", row->code, bad.text) : ERR_OK;
}

static enum err before_check(const struct activities *a, const struct activity *row,
                             struct err_info *why)
{
    for (size_t i = 0; i < row->nbefore; i++) {
        const struct activity *other = activities_find(a, row->before[i]);
        if (!other)
            return err_set(why, ERR_INPUT, "%s: there is no activity %s that it could prepare.",
                           row->code, row->before[i]);
        bool in_calendar = other->rule == ACTIVITY_EVERY || is_after(other->rule);
        if (!in_calendar)
            return err_set(
                why, ERR_INPUT,
                "%s: %s has no days of its own: prepare one with \"every\" or \"after\".",
                row->code, other->code);
        if (row->each != other->each)
            return err_set(why, ERR_INPUT, "%s: it prepares %s, so write \"each: %s\".", row->code,
                           other->code, each_words[other->each]);
    }
    return ERR_OK;
}

/* A carer has one first review and one of the later ones at a time. */
static enum err reviews_check(const struct activities *a, const struct activity *row,
                              struct err_info *why)
{
    for (const struct activity *other = a->rows; is_review(row) && other < row; other++)
        if (other->rule == row->rule)
            return err_set(why, ERR_INPUT,
                           "%s: %s counts from the same day already: a carer has one review at a "
                           "time.",
                           row->code, other->code);
    return ERR_OK;
}

enum err activities_check(const struct activities *a, struct err_info *why)
{
    if (!a->n)
        return err_set(why, ERR_INPUT, "There are no activities: write at least one.");
    if (a->n > ACTIVITY_MAX_ROWS)
        return err_set(why, ERR_TOO_LARGE, "There may be %d activities.", ACTIVITY_MAX_ROWS);
    enum err e = ERR_OK;
    for (size_t i = 0; i < a->n && !e; i++) {
        const struct activity *row = &a->rows[i];
        if (activities_find(a, row->code) != row)
            return err_set(why, ERR_INPUT, "%s: this code stands twice.", row->code);
        e = row_check(row, why);
        if (!e)
            e = before_check(a, row, why);
        if (!e)
            e = reviews_check(a, row, why);
    }
    return e;
}

/* ---- for people ---- */

static const char *mark(const struct activity *row)
{
    return row->law ? "set by law" : "a local choice";
}

static void say_every(const struct activity *row, const char *length, char *out, size_t cap)
{
    if (row->due == ACTIVITY_DUE_AFTER)
        (void)snprintf(out, cap, "%s after each day of %s (%s)", length, row->every, mark(row));
    else
        (void)snprintf(out, cap, "%s, for each day of %s (%s)", due_words[row->due], row->every,
                       mark(row));
}

static void say_after(const struct activity *row, const char *what,
                      const struct clock_values *clock, char *out, size_t cap)
{
    char plan[32] = "";
    if (row->plan >= 0)
        clock_say(clock, (enum clock)row->plan, plan);
    (void)snprintf(out, cap, "%u months after the %s (%s)%s%s", row->months, what, mark(row),
                   *plan ? ", planned at " : "", plan);
}

void activity_say(const struct activity *row, const struct clock_values *clock, char *out,
                  size_t cap)
{
    char length[32] = "";
    if (row->clock >= 0)
        clock_say(clock, (enum clock)row->clock, length);
    switch (row->rule) {
    case ACTIVITY_EVERY:
        say_every(row, length, out, cap);
        return;
    case ACTIVITY_AFTER_APPROVAL:
        say_after(row, "approval", clock, out, cap);
        return;
    case ACTIVITY_AFTER_REVIEW:
        say_after(row, "last review", clock, out, cap);
        return;
    case ACTIVITY_AFTER_LAST:
        say_after(row, "last time", clock, out, cap);
        return;
    case ACTIVITY_BEFORE_OTHERS:
        (void)snprintf(out, cap, "%s before each %s%s%s (%s)", length, row->before[0],
                       row->nbefore > 1 ? " or " : "", row->nbefore > 1 ? row->before[1] : "",
                       mark(row));
        return;
    case ACTIVITY_EACH_WORKING_DAY:
        (void)snprintf(out, cap, "each working day; only days without one are reported");
        return;
    case ACTIVITY_WHEN_ASKED:
        break;
    }
    (void)snprintf(out, cap, "when it is asked for%s%s", *length ? ", within " : "", length);
}
