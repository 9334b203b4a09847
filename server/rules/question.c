#include "server/rules/question.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "common/audit/event.h"
#include "common/utf8.h"
#include "server/rules/measure.h"

/* ---- finding one ---- */

/* Letters that both have in the same order from the front. */
static size_t shared_letters(const char *a, const char *b)
{
    size_t n = 0;
    while (a[n] && a[n] == b[n])
        n++;
    return n;
}

/* The names that begin most like what was typed. */
static void name_nearest(const char *typed, char *out, size_t cap)
{
    size_t n, best = 0, at = 0;
    const struct question_def *all = question_table(&n);
    for (size_t i = 0; i < n; i++)
        if (shared_letters(all[i].name, typed) > best)
            best = shared_letters(all[i].name, typed);
    out[0] = 0;
    for (size_t i = 0; best && i < n; i++)
        if (shared_letters(all[i].name, typed) == best && at + strlen(all[i].name) + 3 < cap)
            at += (size_t)snprintf(out + at, cap - at, "%s%s", at ? ", " : "", all[i].name);
}

enum err question_get(const char *name, const struct question_def **out, struct err_info *why)
{
    char near[200];
    size_t n;
    const struct question_def *all = question_table(&n);
    long number = strtol(name, NULL, 10);
    *out = NULL;
    for (size_t i = 0; i < n; i++) {
        char digits[8];
        (void)snprintf(digits, sizeof digits, "%u", (unsigned)all[i].number);
        if (!strcmp(all[i].name, name) || (number && !strcmp(digits, name)))
            *out = &all[i];
    }
    if (*out)
        return ERR_OK;
    name_nearest(name, near, sizeof near);
    if (*near)
        return err_set(why, ERR_INPUT, "there is no such question; did you mean one of: %s?", near);
    return err_set(why, ERR_INPUT,
                   "there is no such question; `tandem ask` lists those there are, by name and "
                   "number (1 to %zu)",
                   n);
}

enum err question_may_ask(const struct question_def *q, role_set roles, struct err_info *why)
{
    char who[200];
    size_t at = 0;
    if (q->who & roles)
        return ERR_OK;
    who[0] = 0;
    for (enum role r = ROLE_FRO; r < ROLE_COUNT; r++)
        if (q->who & ROLE_BIT(r))
            at += (size_t)snprintf(who + at, sizeof who - at, "%s%s", at ? ", " : "", role_code(r));
    return err_set(why, ERR_REFUSED_ROLE, "\"%s\" can be asked by: %s", q->sentence, who);
}

/* ---- filters ---- */

struct filter_def {
    const char *name, *help;
};
static const struct filter_def filters[FILTER_COUNT] = {
    [FILTER_TEAM] = {"team",     "a team's name"                                                },
    [FILTER_PERSON] = {"person",   "a person's name or number"                                    },
    [FILTER_ROLE] = {"role",     "a role's code, as FTM"                                        },
    [FILTER_STATE] = {"state",    "a state, as MODERATING"                                       },
    [FILTER_GRADE] = {"grade",    "a grade, as good"                                             },
    [FILTER_THEME] = {"theme",    "a theme, as recording"                                        },
    [FILTER_TEMPLATE] = {"template", "a template, as FCA"                                           },
    [FILTER_PERIOD] = {"period",   "as 2026-09, 2026-27, \"2026-27 Q2\" or 2026-09-01..2026-10-15"},
    [FILTER_AS_AT] = {"as-at",    "a day: how it stood at its end"                               },
    [FILTER_RECORD] = {"record",   "a record, as FCA-2026-0001"                                   },
};

const char *question_filter_name(enum question_filter f)
{
    return filters[f].name;
}

const char *question_filter_help(enum question_filter f)
{
    return filters[f].help;
}

void question_ask_init(struct question_ask *a, const struct question_def *q, struct civil today)
{
    *a = (struct question_ask){.question = q, .as_at = today, .from = today, .to = today};
}

/* "team, person, as-at" of the filters in the set. */
static void list_filters(uint32_t set, char *out, size_t cap)
{
    size_t at = 0;
    out[0] = 0;
    for (int f = 0; f < FILTER_COUNT; f++)
        if (set & FILTER_BIT(f))
            at += (size_t)snprintf(out + at, cap - at, "%s%s", at ? ", " : "", filters[f].name);
}

static enum err check_known(const char *const *known, const char *value, const char *what,
                            struct err_info *why)
{
    char list[200];
    size_t at = 0;
    list[0] = 0;
    for (size_t i = 0; known && known[i]; i++) {
        if (!strcmp(known[i], value))
            return ERR_OK;
        if (at + strlen(known[i]) + 3 < sizeof list)
            at += (size_t)snprintf(list + at, sizeof list - at, "%s%s", at ? ", " : "", known[i]);
    }
    return known ? err_set(why, ERR_INPUT, "there is no %s \"%s\"; choose one of: %s", what, value,
                           list)
                 : ERR_OK;
}

static enum err set_state(struct question_ask *a, const char *value, struct err_info *why)
{
    char *out = a->text[FILTER_STATE];
    for (enum audit_state s = AUDIT_PLANNED; s <= AUDIT_WITHDRAWN; s++)
        if (!strcasecmp(audit_state_code(s), value)) {
            (void)snprintf(out, sizeof a->text[0], "%s", audit_state_code(s));
            return ERR_OK;
        }
    return err_set(why, ERR_INPUT,
                   "there is no state \"%s\"; they are named as in PLANNED, "
                   "IN_PROGRESS, MODERATING, CLOSED",
                   value);
}

static enum err set_role(struct question_ask *a, const char *value, struct err_info *why)
{
    enum role r = role_find(value);
    if (r == ROLE_NONE)
        return err_set(why, ERR_INPUT, "there is no role \"%s\"; they are named as in FRO, FTM, QA",
                       value);
    (void)snprintf(a->text[FILTER_ROLE], sizeof a->text[0], "%s", role_code(r));
    return ERR_OK;
}

static enum err set_as_at(struct question_ask *a, const char *value, struct civil today,
                          struct err_info *why)
{
    char said[16];
    struct civil d;
    enum err e = civil_parse(value, &d, why);
    if (e)
        return e;
    civil_say(d, said);
    if (civil_compare(d, today) > 0)
        return err_set(why, ERR_INPUT, "%s is still to come; nobody knows how it will stand then",
                       said);
    a->as_at = d;
    civil_format(d, a->text[FILTER_AS_AT]);
    return ERR_OK;
}

static enum err set_period(struct question_ask *a, const char *value, struct err_info *why)
{
    char from[11], last[11];
    enum err e = question_period(value, &a->from, &a->to, why);
    if (e)
        return e;
    civil_format(a->from, from);
    civil_format(civil_add_days(a->to, -1), last);
    (void)snprintf(a->text[FILTER_PERIOD], sizeof a->text[0], "%s..%s", from, last);
    return ERR_OK;
}

static enum err set_word(struct question_ask *a, enum question_filter f, const char *value,
                         const struct question_known *known, struct err_info *why)
{
    const char *const *list = f == FILTER_TEAM       ? known->teams
                              : f == FILTER_GRADE    ? known->grades
                              : f == FILTER_THEME    ? known->themes
                              : f == FILTER_TEMPLATE ? known->templates
                                                     : NULL;
    enum err e = check_known(list, value, filters[f].name, why);
    if (!e)
        (void)snprintf(a->text[f], sizeof a->text[f], "%s", value);
    return e;
}

static enum err set_filter(struct question_ask *a, enum question_filter f, const char *value,
                           const struct question_known *known, struct civil today,
                           struct err_info *why)
{
    switch (f) {
    case FILTER_ROLE:
        return set_role(a, value, why);
    case FILTER_STATE:
        return set_state(a, value, why);
    case FILTER_PERIOD:
        return set_period(a, value, why);
    case FILTER_AS_AT:
        return set_as_at(a, value, today, why);
    case FILTER_TEAM:
    case FILTER_PERSON:
    case FILTER_GRADE:
    case FILTER_THEME:
    case FILTER_TEMPLATE:
    case FILTER_RECORD:
    case FILTER_COUNT:
        break;
    }
    return set_word(a, f, value, known, why);
}

enum err question_ask_add(struct question_ask *a, const char *filter, const char *value,
                          const struct question_known *known, struct civil today,
                          struct err_info *why)
{
    char takes[128];
    struct err_info bad;
    int f = 0;
    while (f < FILTER_COUNT && strcmp(filters[f].name, filter))
        f++;
    list_filters(a->question->filters, takes, sizeof takes);
    if (f == FILTER_COUNT || !(a->question->filters & FILTER_BIT(f)))
        return err_set(why, ERR_INPUT, "\"%s\" cannot be narrowed down by %s, but by: %s",
                       a->question->sentence, f == FILTER_COUNT ? "that" : filter, takes);
    if (a->text[f][0])
        return err_set(why, ERR_INPUT, "%s was given twice", filter);
    if (!*value || strlen(value) >= sizeof a->text[f])
        return err_set(why, ERR_INPUT, "give %s after %s", filters[f].help, filter);
    if (utf8_check_text(value, strlen(value), false, &bad))
        return err_set(why, ERR_INPUT, "what follows %s holds %.100s", filter, bad.text);
    return set_filter(a, (enum question_filter)f, value, known, today, why);
}

enum err question_ask_check(const struct question_ask *a, struct err_info *why)
{
    if ((a->question->filters & FILTER_BIT(FILTER_RECORD)) && !a->text[FILTER_RECORD][0])
        return err_set(why, ERR_INPUT, "say which record, as in FCA-2026-0001");
    return ERR_OK;
}

/* ---- in words ---- */

void question_ask_say(const struct question_ask *a, struct buf *out)
{
    const char *between = " ";
    char day[16];
    buf_append_str(out, a->question->sentence);
    for (int f = 0; f < FILTER_AS_AT; f++)
        if (a->text[f][0]) {
            buf_appendf(out, "%s%s %s", between, filters[f].name, a->text[f]);
            between = "; ";
        }
    if (a->text[FILTER_RECORD][0]) {
        buf_appendf(out, "%srecord %s", between, a->text[FILTER_RECORD]);
        between = "; ";
    }
    if (a->text[FILTER_AS_AT][0]) {
        civil_say(a->as_at, day);
        buf_appendf(out, "%sas at %s", between, day);
        between = "; ";
    }
    if (*between == ';')
        buf_append_str(out, ".");
}

void question_answer_init(const struct question_ask *a, struct answer *out)
{
    const struct question_def *q = a->question;
    struct buf words = BUF_INIT;
    answer_init(out, q->name, q->columns, q->ncolumns);
    question_ask_say(a, &words);
    answer_say(out, &out->sentence, buf_cstr(&words));
    answer_say(out, &out->counted, q->counted);
    buf_clear(&words);
    buf_appendf(&words, "%s; and what you may not see", q->not_counted);
    answer_say(out, &out->not_counted, buf_cstr(&words));
    answer_say(out, &out->missing, "");
    out->failed |= buf_failed(&words);
    buf_free(&words);
}

/* ---- periods ---- */

/* "2026-27" alone or with " Q2" behind it. */
static bool read_year(const char *s, struct civil *from, struct civil *to)
{
    int year, next, quarter = 0, end = 0;
    if (sscanf(s, "%4d-%2d%n", &year, &next, &end) != 2 || end != 7 || year < CIVIL_YEAR_FIRST ||
        (year + 1) % 100 != next)
        return false;
    if (!s[7]) {
        *from = (struct civil){year, 4, 1};
        *to = (struct civil){year + 1, 4, 1};
        return true;
    }
    if (sscanf(s + 7, " Q%1d%n", &quarter, &end) != 1 || s[7 + end] || quarter < 1 || quarter > 4)
        return false;
    struct civil_quarter q = {year, quarter};
    *from = civil_quarter_start(q);
    *to = civil_quarter_end(q);
    return true;
}

/* A month before a year: "2011-12" is December. */
static bool read_single(const char *s, struct civil *from, struct civil *to)
{
    month_no m;
    if (!month_parse(s, &m, NULL)) {
        *from = month_first_day(m);
        *to = month_first_day(m + 1);
        return true;
    }
    if (read_year(s, from, to))
        return true;
    if (civil_parse(s, from, NULL))
        return false;
    *to = civil_add_days(*from, 1);
    return true;
}

enum err question_period(const char *typed, struct civil *from, struct civil *to,
                         struct err_info *why)
{
    char first[64];
    struct civil between;
    const char *dots = strstr(typed, "..");
    size_t len = dots ? (size_t)(dots - typed) : strlen(typed);
    if (len >= sizeof first)
        len = 0;
    memcpy(first, typed, len);
    first[len] = 0;
    bool good = read_single(first, from, to) && (!dots || read_single(dots + 2, &between, to));
    if (!good)
        return err_set(why, ERR_INPUT, "this is not a period; write it %s",
                       filters[FILTER_PERIOD].help);
    if (civil_compare(*from, *to) >= 0)
        return err_set(why, ERR_INPUT, "the period ends before it begins");
    return ERR_OK;
}
