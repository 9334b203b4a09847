#include "client/render/render_answer.h"

#include <string.h>

#include "client/editor/cells.h"
#include "client/render/cut.h"
#include "client/render/render.h"
#include "common/csv.h"
#include "common/utf8.h"

/* ---- one cell ---- */

static void say_days(int64_t days, struct buf *out)
{
    if (days < 0)
        buf_appendf(out, "in %lld wd", (long long)-days);
    else
        buf_appendf(out, "%lld wd", (long long)days);
}

static void say_share(int64_t tenths, struct buf *out)
{
    buf_appendf(out, "%lld.%lld %%", (long long)(tenths / 10), (long long)(tenths % 10));
}

static void say_cell(const struct answer_cell *c, enum answer_type type, struct buf *out)
{
    char when[32];
    if (c->mark != ANSWER_KNOWN)
        buf_append_str(out, c->mark == ANSWER_MASKED ? "*" : "-");
    else if (!answer_is_number(type))
        text_safe(out, c->text, strlen(c->text), false);
    else if (type == ANSWER_TIME)
        buf_append_str(out, render_time(c->number, when));
    else if (type == ANSWER_DAYS)
        say_days(c->number, out);
    else if (type == ANSWER_SHARE)
        say_share(c->number, out);
    else
        buf_appendf(out, "%lld", (long long)c->number);
}

/* ---- as text ---- */

enum { MOST_COLUMNS = 32, NARROWEST = 6, GAP = 2 };

/* Columns that may be cut when the table is too wide. */
static bool may_cut(enum answer_type type)
{
    return type == ANSWER_TEXT || type == ANSWER_NAME;
}

static size_t measure_columns(const struct answer *a, size_t widths[MOST_COLUMNS])
{
    size_t sum = 0;
    struct buf cell = BUF_INIT;
    for (size_t c = 0; c < a->ncolumns && c < MOST_COLUMNS; c++) {
        widths[c] = text_cols(a->columns[c].title);
        for (size_t r = 0; r < a->nrows; r++) {
            buf_clear(&cell);
            say_cell(answer_at(a, r, c), a->columns[c].type, &cell);
            size_t cols = text_cols(buf_cstr(&cell));
            widths[c] = cols > widths[c] ? cols : widths[c];
        }
        sum += widths[c] + (c ? GAP : 0);
    }
    buf_free(&cell);
    return sum;
}

/* Takes columns from the widest that may be cut until the table fits, or nothing can be taken. */
static void fit_columns(const struct answer *a, size_t widths[MOST_COLUMNS], size_t sum,
                        size_t cols)
{
    for (; sum > cols; sum--) {
        size_t widest = MOST_COLUMNS;
        for (size_t c = 0; c < a->ncolumns && c < MOST_COLUMNS; c++)
            if (may_cut(a->columns[c].type) && widths[c] > NARROWEST &&
                (widest == MOST_COLUMNS || widths[c] > widths[widest]))
                widest = c;
        if (widest == MOST_COLUMNS)
            return;
        widths[widest]--;
    }
}

static bool is_right(enum answer_type type)
{
    return type == ANSWER_COUNT || type == ANSWER_DAYS || type == ANSWER_SHARE;
}

static void put_line(const struct answer *a, const size_t *widths, const struct answer_cell *row,
                     struct buf *out)
{
    struct buf cell = BUF_INIT;
    size_t owed = 0; /* blanks, put only if something follows */
    for (size_t c = 0; c < a->ncolumns && c < MOST_COLUMNS; c++) {
        buf_clear(&cell);
        if (row)
            say_cell(&row[c], a->columns[c].type, &cell);
        else
            buf_append_str(&cell, a->columns[c].title);
        size_t cols = text_cols(buf_cstr(&cell));
        size_t spare = cols < widths[c] ? widths[c] - cols : 0;
        cut_blanks(out, owed + (is_right(a->columns[c].type) ? spare : 0));
        size_t used = cut_put(out, buf_cstr(&cell), widths[c], false);
        owed = GAP + (is_right(a->columns[c].type) ? 0 : widths[c] - used);
    }
    buf_append_u8(out, '\n');
    buf_free(&cell);
}

static void put_sentence(const char *before, const char *s, size_t cols, struct buf *out)
{
    struct buf line = BUF_INIT;
    if (!s || !*s)
        return;
    buf_append_str(&line, before);
    text_safe(&line, s, strlen(s), false);
    render_wrap(buf_cstr(&line), 0, cols, out);
    buf_free(&line);
}

void render_answer_text(const struct answer *a, size_t cols, struct buf *out)
{
    size_t widths[MOST_COLUMNS];
    char when[32];
    put_sentence("", a->sentence, cols, out);
    buf_appendf(out, "%llu", (unsigned long long)a->count);
    if (a->nrows < a->count)
        buf_appendf(out, ", of which the first %zu are shown", a->nrows);
    buf_append_str(out, a->nrows ? "\n\n" : "\n");
    if (a->nrows) {
        fit_columns(a, widths, measure_columns(a, widths), cols);
        put_line(a, widths, NULL, out);
        for (size_t r = 0; r < a->nrows; r++)
            put_line(a, widths, answer_at(a, r, 0), out);
    }
    buf_append_u8(out, '\n');
    put_sentence("Counted: ", a->counted, cols, out);
    put_sentence("Not counted: ", a->not_counted, cols, out);
    put_sentence("Missing: ", a->missing, cols, out);
    buf_appendf(out, "As at %s.\n", render_time(a->as_at_utc_ms, when));
}

/* ---- as JSON ---- */

static const char *type_code(enum answer_type type)
{
    static const char *const codes[] = {"?",   "text", "ref",   "code",         "name",
                                        "day", "time", "count", "working_days", "percent"};
    return codes[type <= ANSWER_SHARE ? type : 0];
}

static json_t *cell_json(const struct answer_cell *c, enum answer_type type)
{
    if (c->mark != ANSWER_KNOWN)
        return c->mark == ANSWER_MASKED ? json_string("masked") : json_null();
    if (!answer_is_number(type))
        return json_string(c->text);
    if (type == ANSWER_TIME)
        return render_utc(c->number);
    if (type == ANSWER_SHARE)
        return json_real((double)c->number / 10);
    return json_integer(c->number);
}

static json_t *columns_json(const struct answer *a)
{
    json_t *list = json_array();
    for (size_t c = 0; c < a->ncolumns; c++)
        (void)json_array_append_new(list, json_pack("{s:s, s:s, s:s}", "name", a->columns[c].name,
                                                    "title", a->columns[c].title, "type",
                                                    type_code(a->columns[c].type)));
    return list;
}

static json_t *rows_json(const struct answer *a)
{
    json_t *list = json_array();
    for (size_t r = 0; r < a->nrows; r++) {
        json_t *row = json_object();
        for (size_t c = 0; c < a->ncolumns; c++)
            (void)json_object_set_new(row, a->columns[c].name,
                                      cell_json(answer_at(a, r, c), a->columns[c].type));
        (void)json_array_append_new(list, row);
    }
    return list;
}

static const char *or_empty(const char *s)
{
    return s ? s : "";
}

json_t *render_answer_json(const struct answer *a)
{
    return json_pack("{s:s, s:s, s:I, s:o, s:s, s:s, s:s, s:o, s:o}", "question", a->question,
                     "sentence", or_empty(a->sentence), "count", (json_int_t)a->count, "as_at",
                     render_utc(a->as_at_utc_ms), "counted", or_empty(a->counted), "not_counted",
                     or_empty(a->not_counted), "missing", or_empty(a->missing), "columns",
                     columns_json(a), "rows", rows_json(a));
}

/* ---- as CSV ---- */

static void put_csv(struct csv_writer *w, const struct answer_cell *c, enum answer_type type)
{
    struct buf cell = BUF_INIT;
    if (c->mark == ANSWER_BLANK)
        csv_put(w, "");
    else if (c->mark == ANSWER_KNOWN && (type == ANSWER_COUNT || type == ANSWER_DAYS))
        csv_put_number(w, c->number);
    else if (c->mark == ANSWER_KNOWN && type == ANSWER_SHARE) {
        buf_appendf(&cell, "%lld.%lld", (long long)(c->number / 10), (long long)(c->number % 10));
        csv_put(w, buf_cstr(&cell));
    } else {
        say_cell(c, type, &cell);
        csv_put(w, buf_cstr(&cell));
    }
    buf_free(&cell);
}

void render_answer_csv(const struct answer *a, struct buf *out)
{
    struct csv_writer w = csv_writer_of(out, ',');
    for (size_t c = 0; c < a->ncolumns; c++)
        csv_put(&w, a->columns[c].name);
    csv_end_row(&w);
    for (size_t r = 0; r < a->nrows; r++) {
        for (size_t c = 0; c < a->ncolumns; c++)
            put_csv(&w, answer_at(a, r, c), a->columns[c].type);
        csv_end_row(&w);
    }
}
