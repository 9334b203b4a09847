#include "server/rules/measure_import.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

void import_result_free(struct import_result *r)
{
    free(r->values);
    free(r->faults);
    *r = (struct import_result){0};
}

/* ---- which column holds what ---- */

struct column_def {
    const char *name;
    bool needed;
    const char *headings[5]; /* the first is the name */
    const char *list;        /* for people */
};
static const struct column_def defs[IMPORT_COLUMNS] = {
    [IMPORT_MEASURE] = {"measure",    true,  {"measure", "code"},                  "measure, code"       },
    [IMPORT_MONTH] = {"month",      true,  {"month", "period"},                  "month, period"       },
    [IMPORT_TEAM] = {"team",       false, {"team"},                             "team"                },
    [IMPORT_CARER_TYPE] = {"carer_type",
                        false,               {"carer_type", "carer type", "type"},
                        "carer_type, carer type, type"                                                   },
    [IMPORT_N] = {"n",          true,  {"n", "numerator", "number"},         "n, numerator, number"},
    [IMPORT_D] = {"d",          false, {"d", "denominator", "of"},           "d, denominator, of"  },
};

const char *import_column_name(enum import_column c)
{
    return defs[c].name;
}

const char *import_column_headings(enum import_column c)
{
    return defs[c].list;
}

struct importing {
    const struct measure_set *set;
    const struct csv *table;
    const struct import_options *o;
    struct import_result *out;
    size_t at[IMPORT_COLUMNS]; /* columns; IMPORT_NO_COLUMN */
    size_t *rows;              /* of each value: where it stood */
};

static size_t find_heading(const struct csv_row *headings, const char *wanted, size_t len)
{
    for (size_t i = 0; i < headings->n; i++) {
        const char *h = headings->cells[i] + strspn(headings->cells[i], " ");
        size_t n = strlen(h);
        while (n && h[n - 1] == ' ')
            n--;
        if (n == len && !strncasecmp(h, wanted, len))
            return i;
    }
    return IMPORT_NO_COLUMN;
}

/* "C" as the third column. */
static size_t find_letters(const struct csv_row *headings, const char *wanted, size_t len)
{
    char letters[16];
    for (size_t i = 0; i < headings->n; i++) {
        csv_column_letters(i, letters);
        if (strlen(letters) == len && !strncasecmp(letters, wanted, len))
            return i;
    }
    return IMPORT_NO_COLUMN;
}

static void trim(const char **s, size_t *len)
{
    while (*len && isspace((unsigned char)**s)) {
        (*s)++;
        (*len)--;
    }
    while (*len && isspace((unsigned char)(*s)[*len - 1]))
        (*len)--;
}

/* One "n=Number met" of the map. */
static enum err map_one(struct importing *x, const struct csv_row *headings, const char *s,
                        size_t len, struct err_info *why)
{
    const char *equals = memchr(s, '=', len);
    const char *heading = equals ? equals + 1 : s + len;
    size_t name_len = equals ? (size_t)(equals - s) : len, c = 0;
    size_t heading_len = (size_t)(s + len - heading);
    trim(&s, &name_len);
    trim(&heading, &heading_len);
    while (c < IMPORT_COLUMNS &&
           (strlen(defs[c].name) != name_len || strncasecmp(defs[c].name, s, name_len)))
        c++;
    if (!equals || c == IMPORT_COLUMNS || !heading_len)
        return err_set(why, ERR_INPUT,
                       "the column mapping is written as measure=Indicator; n=Met; d=Of, with the "
                       "names measure, month, team, carer_type, n, d");
    x->at[c] = find_heading(headings, heading, heading_len);
    if (x->at[c] == IMPORT_NO_COLUMN)
        x->at[c] = find_letters(headings, heading, heading_len);
    if (x->at[c] == IMPORT_NO_COLUMN)
        return err_set(why, ERR_INPUT,
                       "the column that the mapping names for %s is not in the first row of the "
                       "file",
                       defs[c].name);
    return ERR_OK;
}

static enum err map_given(struct importing *x, const struct csv_row *headings, struct err_info *why)
{
    const char *s = x->o->map;
    while (*s) {
        size_t len = strcspn(s, ";");
        enum err e = s[strspn(s, " ;")] ? map_one(x, headings, s, len, why) : ERR_OK;
        if (e)
            return e;
        s += len + (s[len] == ';');
    }
    return ERR_OK;
}

static void map_usual(struct importing *x, const struct csv_row *headings, size_t c)
{
    for (size_t i = 0; defs[c].headings[i] && x->at[c] == IMPORT_NO_COLUMN; i++)
        x->at[c] = find_heading(headings, defs[c].headings[i], strlen(defs[c].headings[i]));
}

static enum err map_columns(struct importing *x, struct err_info *why)
{
    for (size_t c = 0; c < IMPORT_COLUMNS; c++)
        x->at[c] = IMPORT_NO_COLUMN;
    if (!x->table->nrows)
        return err_set(why, ERR_INPUT, "the file is empty; its first row names the columns");
    enum err e = map_given(x, &x->table->rows[0], why);
    if (e)
        return e;
    for (size_t c = 0; c < IMPORT_COLUMNS; c++) {
        map_usual(x, &x->table->rows[0], c);
        if (defs[c].needed && x->at[c] == IMPORT_NO_COLUMN)
            return err_set(why, ERR_INPUT,
                           "no column holds the %s: call it one of \"%s\" in the first row, or map "
                           "it as %s=HEADING",
                           defs[c].name, defs[c].list, defs[c].name);
        for (size_t k = 0; k < c; k++)
            if (x->at[c] != IMPORT_NO_COLUMN && x->at[c] == x->at[k])
                return err_set(why, ERR_INPUT, "%s and %s would be the same column", defs[k].name,
                               defs[c].name);
    }
    return ERR_OK;
}

/* ---- one row ---- */

/* Notes what needs to change; `c` is IMPORT_COLUMNS for the row as a whole. */
static void note(struct importing *x, const struct csv_row *row, size_t c, const char *text)
{
    struct import_result *out = x->out;
    char letters[16];
    if (out->nfaults++ >= IMPORT_MOST_FAULTS)
        return;
    struct import_fault *f = &out->faults[out->nfaults - 1];
    f->row = row->number;
    f->column = c == IMPORT_COLUMNS ? IMPORT_NO_COLUMN : x->at[c];
    if (f->column == IMPORT_NO_COLUMN) {
        (void)snprintf(f->text, sizeof f->text, "row %zu: %.300s", f->row, text);
        return;
    }
    csv_column_letters(f->column, letters);
    (void)snprintf(f->text, sizeof f->text, "row %zu, column %s (%s): %.300s", f->row, letters,
                   defs[c].name, text);
}

/* The cell without blanks around it; "" where the column is not in the file. */
static const char *cell_of(const struct importing *x, const struct csv_row *row, size_t c,
                           char out[128])
{
    const char *s = x->at[c] == IMPORT_NO_COLUMN ? "" : row->cells[x->at[c]];
    size_t len = strlen(s);
    trim(&s, &len);
    (void)snprintf(out, 128, "%.*s", len < 128 ? (int)len : 127, s);
    return out;
}

static bool read_name(struct importing *x, const struct csv_row *row, size_t c, char out[32])
{
    char cell[128];
    cell_of(x, row, c, cell);
    if (strlen(cell) >= 32) {
        note(x, row, c, "this name is too long");
        return false;
    }
    (void)snprintf(out, 32, "%.31s", cell);
    return true;
}

/* Reads all cells, so that each of them that needs to change is named. */
static bool read_cells(struct importing *x, const struct csv_row *row, struct measure_value *v)
{
    struct err_info why;
    char cell[128];
    bool good = true;
    if (measure_get(cell_of(x, row, IMPORT_MEASURE, cell), &v->key.measure, &why)) {
        note(x, row, IMPORT_MEASURE, why.text);
        good = false;
    }
    if (month_parse(cell_of(x, row, IMPORT_MONTH, cell), &v->key.month, &why)) {
        note(x, row, IMPORT_MONTH, why.text);
        good = false;
    }
    good &= read_name(x, row, IMPORT_TEAM, v->key.team);
    good &= read_name(x, row, IMPORT_CARER_TYPE, v->key.carer_type);
    if (!v->key.measure)
        return false; /* how its numbers are written is not known */
    if (measure_parse_number(v->key.measure, true, cell_of(x, row, IMPORT_N, cell),
                             &v->figure.has_n, &v->figure.n, &why)) {
        note(x, row, IMPORT_N, why.text);
        good = false;
    }
    if (measure_parse_number(v->key.measure, false, cell_of(x, row, IMPORT_D, cell),
                             &v->figure.has_d, &v->figure.d, &why)) {
        note(x, row, IMPORT_D, why.text);
        good = false;
    }
    return good;
}

static bool same_key(const struct measure_key *a, const struct measure_key *b)
{
    return a->measure == b->measure && a->month == b->month && !strcmp(a->team, b->team) &&
           !strcmp(a->carer_type, b->carer_type);
}

static bool same_figure(const struct measure_figure *a, const struct measure_figure *b)
{
    return a->has_n == b->has_n && a->has_d == b->has_d && a->n == b->n && a->d == b->d;
}

/* A row that says what is there already has no origin, until all rows were looked at. */
static void keep_row(struct importing *x, const struct csv_row *row, struct measure_value *v)
{
    v->id = x->o->next_id + x->out->n;
    x->rows[x->out->n] = row->number;
    x->out->values[x->out->n++] = *v;
}

static void take_row(struct importing *x, const struct csv_row *row, struct measure_value *v)
{
    struct err_info why;
    const struct measure_value *now = measure_set_current(x->set, &v->key);
    if (now && same_figure(&now->figure, &v->figure)) {
        v->origin = MEASURE_NO_ORIGIN;
        keep_row(x, row, v);
        return;
    }
    if (now && x->o->reason[0]) {
        v->corrects = now->id;
        (void)snprintf(v->reason, sizeof v->reason, "%s", x->o->reason);
    }
    if (measure_set_check(x->set, v, &x->o->known, x->o->today, &why)) {
        note(x, row, IMPORT_COLUMNS, why.text);
        return;
    }
    keep_row(x, row, v);
}

static void read_row(struct importing *x, const struct csv_row *row)
{
    struct measure_value v = {
        .origin = MEASURE_IMPORTED, .entered_utc_ms = x->o->now_utc_ms, .by = x->o->by};
    char say[100];
    if (strlen(x->o->file) < sizeof v.origin_name)
        (void)snprintf(v.origin_name, sizeof v.origin_name, "%s", x->o->file);
    if (row->n != x->table->rows[0].n) {
        (void)snprintf(say, sizeof say, "it has %zu columns, the first row names %zu", row->n,
                       x->table->rows[0].n);
        note(x, row, IMPORT_COLUMNS, say);
    } else if (read_cells(x, row, &v)) {
        take_row(x, row, &v);
    }
}

/* ---- the whole ---- */

/* Values of the same key next to each other, in the order of the file. */
static int compare_for_doubles(const void *left, const void *right)
{
    const struct measure_value *a = *(const struct measure_value *const *)left;
    const struct measure_value *b = *(const struct measure_value *const *)right;
    int c = (a->key.measure > b->key.measure) - (a->key.measure < b->key.measure);
    if (!c)
        c = (a->key.month > b->key.month) - (a->key.month < b->key.month);
    if (!c)
        c = strcmp(a->key.team, b->key.team);
    if (!c)
        c = strcmp(a->key.carer_type, b->key.carer_type);
    return c ? c : (a->id > b->id) - (a->id < b->id);
}

/* Leaves only values that are new, and numbers them. Rows that are 0 were refused. */
static void keep_new(struct importing *x)
{
    struct import_result *out = x->out;
    size_t kept = 0;
    for (size_t i = 0; i < out->n; i++) {
        bool nothing_new = out->values[i].origin == MEASURE_NO_ORIGIN;
        out->unchanged += x->rows[i] && nothing_new;
        if (!x->rows[i] || nothing_new)
            continue;
        out->values[kept] = out->values[i];
        out->values[kept].id = x->o->next_id + kept;
        out->corrected += out->values[kept++].corrects != 0;
    }
    out->n = kept;
}

/* Takes out each value whose key stood further up in the file already. */
static enum err refuse_doubles(struct importing *x)
{
    struct import_result *out = x->out;
    const struct measure_value **sorted = calloc(out->n + 1, sizeof *sorted);
    char say[120];
    size_t first = 0;
    if (!sorted)
        return ERR_NOMEM;
    for (size_t i = 0; i < out->n; i++)
        sorted[i] = &out->values[i];
    qsort(sorted, out->n, sizeof *sorted, compare_for_doubles);
    for (size_t i = 1; i < out->n; i++) {
        if (!same_key(&sorted[i]->key, &sorted[first]->key)) {
            first = i;
            continue;
        }
        size_t here = (size_t)(sorted[i] - out->values);
        (void)snprintf(say, sizeof say,
                       "row %zu is about the same measure, month, team and carer type",
                       x->rows[sorted[first] - out->values]);
        note(x, &(struct csv_row){.number = x->rows[here]}, IMPORT_COLUMNS, say);
        x->rows[here] = 0;
    }
    free((void *)sorted);
    return ERR_OK;
}

static int compare_faults(const void *left, const void *right)
{
    const struct import_fault *a = left, *b = right;
    int c = (a->row > b->row) - (a->row < b->row);
    return c ? c : (a->column > b->column) - (a->column < b->column);
}

/* What the faults make of the import. */
static enum err decide(struct importing *x, struct err_info *why)
{
    struct import_result *out = x->out;
    size_t kept = out->nfaults < IMPORT_MOST_FAULTS ? out->nfaults : IMPORT_MOST_FAULTS;
    qsort(out->faults, kept, sizeof *out->faults, compare_faults);
    if (!out->nfaults || x->o->skip_bad)
        return ERR_OK;
    out->n = out->corrected = 0;
    return err_set(why, ERR_INPUT, "nothing was imported; %zu %s to change, first %s", out->nfaults,
                   out->nfaults == 1 ? "thing needs" : "things need", out->faults[0].text);
}

enum err measure_import(const struct measure_set *s, const struct csv *table,
                        const struct import_options *o, struct import_result *out,
                        struct err_info *why)
{
    struct importing x = {.set = s, .table = table, .o = o, .out = out};
    *out = (struct import_result){0};
    if (strlen(o->reason) >= sizeof out->values->reason)
        return err_set(why, ERR_TOO_LARGE, "give a shorter reason, of at most %zu letters",
                       sizeof out->values->reason - 1);
    enum err e = map_columns(&x, why);
    if (e)
        return e;
    out->rows = table->nrows - 1;
    out->values = calloc(table->nrows, sizeof *out->values);
    out->faults = calloc(IMPORT_MOST_FAULTS, sizeof *out->faults);
    x.rows = calloc(table->nrows, sizeof *x.rows);
    e = out->values && out->faults && x.rows ? ERR_OK : ERR_NOMEM;
    if (e)
        goto done;
    for (size_t i = 1; i < table->nrows; i++)
        read_row(&x, &table->rows[i]);
    e = refuse_doubles(&x);
    if (e)
        goto done;
    keep_new(&x);
    e = decide(&x, why);
done:
    free(x.rows);
    if (e == ERR_NOMEM) {
        import_result_free(out);
        return err_set(why, e, "not enough memory for this file");
    }
    return e;
}
