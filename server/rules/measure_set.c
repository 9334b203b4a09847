#include "server/rules/measure_set.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/utf8.h"

void measure_set_free(struct measure_set *s)
{
    free(s->values);
    *s = (struct measure_set){0};
}

/* ---- order ---- */

static int compare_keys(const struct measure_key *a, const struct measure_key *b)
{
    int c = (a->measure > b->measure) - (a->measure < b->measure);
    if (!c)
        c = (a->month > b->month) - (a->month < b->month);
    if (!c)
        c = strcmp(a->team, b->team);
    return c ? c : strcmp(a->carer_type, b->carer_type);
}

static int compare_values(const void *left, const void *right)
{
    const struct measure_value *a = left, *b = right;
    int c = compare_keys(&a->key, &b->key);
    return c ? c : (a->id > b->id) - (a->id < b->id);
}

enum err measure_set_add(struct measure_set *s, const struct measure_value *values, size_t n)
{
    if (!n)
        return ERR_OK;
    if (s->n + n > s->cap) {
        size_t cap = 2 * (s->n + n);
        struct measure_value *grown = realloc(s->values, cap * sizeof *grown);
        if (!grown)
            return ERR_NOMEM;
        s->values = grown;
        s->cap = cap;
    }
    memcpy(s->values + s->n, values, n * sizeof *values);
    s->n += n;
    qsort(s->values, s->n, sizeof *s->values, compare_values);
    return ERR_OK;
}

/* The first value whose key is not below this one. */
static size_t lower_bound(const struct measure_set *s, const struct measure_key *key)
{
    size_t from = 0, to = s->n;
    while (from < to) {
        size_t mid = from + (to - from) / 2;
        if (compare_keys(&s->values[mid].key, key) < 0)
            from = mid + 1;
        else
            to = mid;
    }
    return from;
}

const struct measure_value *measure_set_history(const struct measure_set *s,
                                                const struct measure_key *key, size_t *n)
{
    size_t at = lower_bound(s, key), end = at;
    while (end < s->n && !compare_keys(&s->values[end].key, key))
        end++;
    *n = end - at;
    return *n ? s->values + at : NULL;
}

const struct measure_value *measure_set_current(const struct measure_set *s,
                                                const struct measure_key *key)
{
    size_t n;
    const struct measure_value *all = measure_set_history(s, key, &n);
    return n ? all + n - 1 : NULL;
}

/* ---- what may be added ---- */

static enum err check_name(const char *name, const char *what, const char *const *known,
                           size_t nknown, struct err_info *why)
{
    struct err_info bad;
    if (utf8_check_text(name, strlen(name), false, &bad))
        return err_set(why, ERR_INPUT, "the %s holds %.100s", what, bad.text);
    if (!*name || !nknown)
        return ERR_OK;
    for (size_t i = 0; i < nknown; i++)
        if (!strcmp(known[i], name))
            return ERR_OK;
    return err_set(why, ERR_INPUT, "there is no %s \"%s\" here", what, name);
}

static enum err check_month(month_no month, struct civil today, struct err_info *why)
{
    char said[16];
    month_say(month, said);
    if (month > month_of(today))
        return err_set(why, ERR_INPUT, "%s has not begun yet", said);
    return ERR_OK;
}

static bool same_figure(struct measure_figure a, struct measure_figure b)
{
    return a.has_n == b.has_n && a.has_d == b.has_d && (!a.has_n || a.n == b.n) &&
           (!a.has_d || a.d == b.d);
}

static enum err check_against(const struct measure_value *now, const struct measure_value *v,
                              struct err_info *why)
{
    char said[MEASURE_WORDS_BYTES], day[16];
    if (!now && v->corrects)
        return err_set(why, ERR_STALE, "there is no value to correct");
    if (!now)
        return v->figure.has_n || v->figure.has_d
                   ? ERR_OK
                   : err_set(why, ERR_INPUT, "fill in at least one number");
    measure_say(now->key.measure, now->figure, said);
    civil_say(civil_today(now->entered_utc_ms), day);
    if (!v->corrects)
        return err_set(why, ERR_EXISTS,
                       "there is a value already: %s, entered on %s; to change it, correct it and "
                       "say why",
                       said, day);
    if (v->corrects != now->id)
        return err_set(why, ERR_STALE,
                       "it was corrected meanwhile: %s, entered on %s; look at that one first",
                       said, day);
    if (same_figure(now->figure, v->figure))
        return err_set(why, ERR_INPUT, "these are the numbers that are there already: %s", said);
    return v->reason[0] ? ERR_OK : err_set(why, ERR_INPUT, "say why the value is corrected");
}

enum err measure_set_check(const struct measure_set *s, const struct measure_value *v,
                           const struct measure_known *known, struct civil today,
                           struct err_info *why)
{
    const struct measure *m = v->key.measure;
    if (m->source == MEASURE_COMPUTED && v->origin != MEASURE_FROM_LOG)
        return err_set(
            why, ERR_INPUT,
            "%s (%s) is computed from the records; what is wrong in it is put right there", m->code,
            m->title);
    enum err e = check_month(v->key.month, today, why);
    if (!e)
        e = check_name(v->key.team, "team", known->teams, known->nteams, why);
    if (!e)
        e = check_name(v->key.carer_type, "carer type", known->carer_types, known->ncarer_types,
                       why);
    if (!e)
        e = measure_check_figure(m, v->figure, why);
    return e ? e : check_against(measure_set_current(s, &v->key), v, why);
}

/* ---- several months, several teams ---- */

/* A sum of numbers of which each may be blank: then so is the sum. */
struct sum {
    bool begun, blank;
    int64_t value;
};

static void sum_add(struct sum *s, bool has, int64_t value)
{
    s->begun = true;
    s->blank |= !has;
    s->value += has ? value : 0;
}

/* One month. `parts` says which values go in. */
struct month_sum {
    struct sum n, d;
};
enum parts { PARTS_WHOLE, PARTS_TEAMS, PARTS_TYPES, PARTS_BOTH, PARTS_COUNT };

static bool goes_in(const struct measure_key *k, enum parts parts, const char *team,
                    const char *type)
{
    bool teams = parts == PARTS_TEAMS || parts == PARTS_BOTH;
    bool types = parts == PARTS_TYPES || parts == PARTS_BOTH;
    if ((teams && *team) || (types && *type)) /* one is asked for: it has no parts */
        return false;
    return (teams ? k->team[0] != 0 : !strcmp(k->team, team)) &&
           (types ? k->carer_type[0] != 0 : !strcmp(k->carer_type, type));
}

static struct month_sum sum_month(const struct measure_set *s, const struct measure *m,
                                  month_no month, enum parts parts, const char *team,
                                  const char *type)
{
    struct month_sum out = {0};
    struct measure_key first = {.measure = m, .month = month};
    for (size_t i = lower_bound(s, &first), end; i < s->n; i = end) {
        const struct measure_key *k = &s->values[i].key;
        if (k->measure != m || k->month != month)
            break;
        for (end = i + 1; end < s->n && !compare_keys(&s->values[end].key, k);)
            end++;
        if (!goes_in(k, parts, team, type))
            continue;
        struct measure_figure f = s->values[end - 1].figure; /* the one that holds */
        sum_add(&out.n, f.has_n, f.n);
        sum_add(&out.d, f.has_d, f.d);
    }
    return out;
}

/* The month's value for all together, or else the sum of the single ones. */
static struct month_sum find_month(const struct measure_set *s, const struct measure *m,
                                   month_no month, const char *team, const char *type, bool *summed)
{
    struct month_sum out = {0};
    for (enum parts p = PARTS_WHOLE; p < PARTS_COUNT && !out.n.begun; p++) {
        out = sum_month(s, m, month, p, team, type);
        *summed |= out.n.begun && p != PARTS_WHOLE;
    }
    if (!out.n.begun)
        out.n.blank = out.d.blank = true;
    return out;
}

/* What a month's number does to the number of all months. */
static void add_month(struct sum *all, struct sum month, enum measure_span span, bool last)
{
    if (span == SPAN_MONTH)
        sum_add(all, !month.blank, month.value);
    else if (last)
        *all = month;
}

struct measure_total measure_set_total(const struct measure_set *s, const struct measure *m,
                                       month_no from, month_no to, const char *team,
                                       const char *carer_type)
{
    struct measure_total out = {0};
    struct sum n = {0}, d = {0};
    bool counts = m->kind == MEASURE_COUNT;
    out.alone = to - from > 1 && (m->n_span == SPAN_ALONE || (!counts && m->d_span == SPAN_ALONE));
    for (month_no at = from; at < to; at++) {
        struct month_sum month = find_month(s, m, at, team, carer_type, &out.summed);
        add_month(&n, month.n, m->n_span, at + 1 == to);
        add_month(&d, month.d, m->d_span, at + 1 == to);
        out.months++;
        out.known += !month.n.blank && (counts || !month.d.blank);
    }
    out.figure.has_n = out.months && !n.blank && !(out.alone && m->n_span == SPAN_ALONE);
    out.figure.has_d = !counts && out.months && !d.blank && !(out.alone && m->d_span == SPAN_ALONE);
    out.figure.n = out.figure.has_n ? n.value : 0;
    out.figure.d = out.figure.has_d ? d.value : 0;
    return out;
}

void measure_say_total(const struct measure *m, const struct measure_total *t,
                       char out[MEASURE_WORDS_BYTES])
{
    if (t->alone)
        (void)snprintf(out, MEASURE_WORDS_BYTES,
                       "not known: %s of several months cannot be added up; ask for one month",
                       m->d_span == SPAN_ALONE ? m->d : m->n);
    else if (measure_state(m, t->figure) == FIGURE_NOT_KNOWN && t->months > 1)
        (void)snprintf(out, MEASURE_WORDS_BYTES, "not known (%u of %u months are complete)",
                       (unsigned)t->known, (unsigned)t->months);
    else
        measure_say(m, t->figure, out);
}
