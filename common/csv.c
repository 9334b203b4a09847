#include "common/csv.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/utf8.h"

const struct csv_limits csv_limits_default = {
    .bytes = 16u << 20, .rows = 100000, .columns = 200, .cell_bytes = 32u << 10};

void csv_free(struct csv *c)
{
    free(c->rows);
    free((void *)c->cells);
    free(c->text);
    *c = (struct csv){0};
}

void csv_column_letters(size_t column, char out[16])
{
    char back[16];
    size_t n = 0;
    do {
        back[n++] = (char)('A' + column % 26);
        column /= 26;
    } while (column-- && n < sizeof back - 1);
    for (size_t i = 0; i < n; i++)
        out[i] = back[n - 1 - i];
    out[n] = 0;
}

/* ---- reading ---- */

struct reading {
    const char *p, *end;
    const struct csv_limits *limits;
    struct csv *out;
    struct err_info *why;
    size_t number;      /* of the present row */
    char *to;           /* where the next character of a cell goes */
    const char *cell;   /* where the present cell begins in the table's text */
    struct csv_row row; /* the present one */
};

static enum err refuse(const struct reading *r, enum err e, const char *what)
{
    char letters[16];
    csv_column_letters(r->row.n, letters);
    return err_set(r->why, e, "row %zu, column %s: %s", r->number, letters, what);
}

static bool grow(void **array, size_t *cap, size_t n, size_t size)
{
    if (n < *cap)
        return true;
    size_t wanted = *cap ? 2 * *cap : 64;
    void *grown = realloc(*array, wanted * size);
    if (!grown)
        return false;
    *array = grown;
    *cap = wanted;
    return true;
}

/* At a line end: its length, 1 or 2; 0 elsewhere. */
static size_t line_end(const char *p, const char *end)
{
    if (p == end || (*p != '\r' && *p != '\n'))
        return 0;
    return *p == '\r' && p + 1 < end && p[1] == '\n' ? 2 : 1;
}

/* What the bytes in front say about the whole file. */
static enum err check_file(const uint8_t *data, size_t len, const struct csv_limits *limits,
                           struct err_info *why)
{
    if (len > limits->bytes)
        return err_set(why, ERR_TOO_LARGE, "the file has %zu bytes, at most %zu can be read", len,
                       limits->bytes);
    if (len >= 2 && ((data[0] == 0xff && data[1] == 0xfe) || (data[0] == 0xfe && data[1] == 0xff)))
        return err_set(why, ERR_INPUT, "this file is UTF-16; save it as \"CSV UTF-8\"");
    if (len >= 4 && !memcmp(data, "PK\3\4", 4))
        return err_set(why, ERR_INPUT, "this file is a workbook; save the sheet as \"CSV UTF-8\"");
    return ERR_OK;
}

/* The separator that the first row has most of outside quotation marks; a comma when it has none.
 */
static char guess_separator(const char *p, const char *end)
{
    static const char separators[] = ",;\t";
    size_t counts[sizeof separators - 1] = {0}, best = 0;
    bool quoted = false;
    for (; p < end && (quoted || !line_end(p, end)); p++) {
        const char *at = *p ? strchr(separators, *p) : NULL;
        if (*p == '"')
            quoted = !quoted;
        else if (at && !quoted)
            counts[at - separators]++;
    }
    for (size_t i = 1; i < sizeof counts / sizeof *counts; i++)
        if (counts[i] > counts[best])
            best = i;
    return separators[best];
}

/* A first line "sep=;" is an instruction, not a row; it is counted all the same. */
static char find_separator(struct reading *r)
{
    size_t left = (size_t)(r->end - r->p), ends;
    if (left < 5 || memcmp(r->p, "sep=", 4) || !r->p[4] || !strchr(",;\t", r->p[4]))
        return guess_separator(r->p, r->end);
    char named = r->p[4];
    ends = line_end(r->p + 5, r->end);
    if (!ends && r->p + 5 < r->end)
        return guess_separator(r->p, r->end);
    r->p += 5 + ends;
    r->number++;
    return named;
}

static enum err check_cell(const struct reading *r)
{
    size_t len = (size_t)(r->to - r->cell);
    struct err_info what;
    char say[200];
    if (len > r->limits->cell_bytes)
        return refuse(r, ERR_TOO_LARGE, "this cell is too long");
    if (!utf8_check_text(r->cell, len, true, &what))
        return ERR_OK;
    if (utf8_count(r->cell, len) == UTF8_BAD)
        return refuse(r, ERR_INPUT,
                      "characters that are not UTF-8; save the file as \"CSV UTF-8\"");
    (void)snprintf(say, sizeof say, "%.100s, which does not belong into a table", what.text);
    return refuse(r, ERR_INPUT, say);
}

static enum err end_cell(struct reading *r)
{
    struct csv *c = r->out;
    enum err e = check_cell(r);
    if (e)
        return e;
    if (r->row.n == r->limits->columns)
        return refuse(r, ERR_TOO_LARGE, "this row has too many columns");
    if (!grow((void **)&c->cells, &c->cells_cap, c->ncells, sizeof *c->cells))
        return err_set(r->why, ERR_NOMEM, "not enough memory for this file");
    c->cells[c->ncells++] = r->cell;
    r->row.n++;
    *r->to++ = 0;
    r->cell = r->to;
    return ERR_OK;
}

static bool is_blank_row(const struct csv *c, const struct csv_row *row)
{
    return row->n == 1 && !c->cells[row->first][0];
}

static enum err end_row(struct reading *r)
{
    struct csv *c = r->out;
    if (is_blank_row(c, &r->row))
        c->ncells = r->row.first;
    else if (c->nrows == r->limits->rows)
        return err_set(r->why, ERR_TOO_LARGE, "the file has more than %zu rows", r->limits->rows);
    else if (!grow((void **)&c->rows, &c->rows_cap, c->nrows, sizeof *c->rows))
        return err_set(r->why, ERR_NOMEM, "not enough memory for this file");
    else
        c->rows[c->nrows++] = r->row;
    return ERR_OK;
}

/* A cell in quotation marks, from behind the first to behind the last of them. */
static enum err read_quoted(struct reading *r)
{
    for (r->p++; r->p < r->end; r->p++) {
        size_t ends = line_end(r->p, r->end);
        if (*r->p != '"') {
            *r->to++ = ends ? '\n' : *r->p;
            r->p += ends == 2;
        } else if (r->p + 1 < r->end && r->p[1] == '"') {
            *r->to++ = *r->p++;
        } else {
            r->p++;
            if (r->p == r->end || *r->p == r->out->separator || line_end(r->p, r->end))
                return ERR_OK;
            return refuse(r, ERR_INPUT,
                          "something follows the closing quotation mark; a mark inside a cell is "
                          "written twice (\"\")");
        }
    }
    return refuse(r, ERR_INPUT, "the quotation mark that opens this cell is never closed");
}

static enum err read_plain(struct reading *r)
{
    while (r->p < r->end && *r->p != r->out->separator && !line_end(r->p, r->end)) {
        if (*r->p == '"')
            return refuse(r, ERR_INPUT,
                          "a quotation mark in the middle; put the whole cell in quotation marks "
                          "and write the one inside twice (\"\")");
        *r->to++ = *r->p++;
    }
    return ERR_OK;
}

static enum err read_row(struct reading *r)
{
    r->number++;
    r->row = (struct csv_row){.number = r->number, .first = r->out->ncells};
    for (;;) {
        enum err e = r->p < r->end && *r->p == '"' ? read_quoted(r) : read_plain(r);
        if (!e)
            e = end_cell(r);
        if (e)
            return e;
        if (r->p == r->end || *r->p != r->out->separator)
            break;
        r->p++;
    }
    r->p += line_end(r->p, r->end);
    return end_row(r);
}

/* The arrays no longer move: rows may point into them. */
static void join_rows(struct csv *c)
{
    for (size_t i = 0; i < c->nrows; i++)
        c->rows[i].cells = c->cells + c->rows[i].first;
}

enum err csv_read(const void *data, size_t len, const struct csv_limits *limits, struct csv *out,
                  struct err_info *why)
{
    static const char mark[] = "\xef\xbb\xbf";
    struct reading r = {.p = data, .limits = limits, .out = out, .why = why};
    *out = (struct csv){.separator = ','};
    enum err e = check_file(data, len, limits, why);
    if (e || !len)
        return e;
    r.end = r.p + len;
    if (len >= 3 && !memcmp(r.p, mark, 3))
        r.p += 3;
    /* a cell is never longer than what it was read from, and its NUL takes its separator's place */
    out->text = malloc(len + 1);
    if (!out->text)
        return err_set(why, ERR_NOMEM, "not enough memory for this file");
    r.cell = r.to = out->text;
    out->separator = find_separator(&r);
    while (!e && r.p < r.end)
        e = read_row(&r);
    if (e)
        csv_free(out);
    else
        join_rows(out);
    return e;
}

/* ---- writing ---- */

struct csv_writer csv_writer_of(struct buf *out, char separator)
{
    return (struct csv_writer){.out = out, .separator = separator};
}

static const char *skip_digits(const char *s)
{
    while (*s >= '0' && *s <= '9')
        s++;
    return s;
}

/* -3, 12, 0.5: nothing that could be a formula. */
static bool is_number(const char *s)
{
    s += *s == '-';
    const char *digits = s;
    s = skip_digits(s);
    if (s == digits)
        return false;
    if (*s == '.' && s[1])
        s = skip_digits(s + 1);
    return !*s;
}

static bool begins_formula(const char *s)
{
    /* = + - @ in their full width: some spreadsheets read them as the narrow ones */
    static const char *const wide[] = {"\uff1d", "\uff0b", "\uff0d", "\uff20"};
    while (*s == ' ' || *s == '\n' || !strncmp(s, "\u00a0", 2))
        s += *s == ' ' || *s == '\n' ? 1 : 2;
    for (size_t i = 0; i < sizeof wide / sizeof *wide; i++)
        if (!strncmp(s, wide[i], 3))
            return true;
    return *s && strchr("=+-@\t\r", *s);
}

static bool needs_marks(const char *s, size_t len)
{
    if (!strncmp(s, "sep=", 4)) /* in front of a file it would be an instruction */
        return true;
    return len && (strpbrk(s, ",;\t\"\r\n") || *s == ' ' || s[len - 1] == ' ');
}

static void begin_cell(struct csv_writer *w)
{
    if (w->in_row)
        buf_append_u8(w->out, (uint8_t)w->separator);
    w->in_row = true;
}

void csv_put(struct csv_writer *w, const char *s)
{
    bool marks = needs_marks(s, strlen(s));
    begin_cell(w);
    if (marks)
        buf_append_u8(w->out, '"');
    if (begins_formula(s) && !is_number(s))
        buf_append_u8(w->out, '\'');
    for (; *s; s++) {
        if (*s == '"')
            buf_append_u8(w->out, '"');
        buf_append_u8(w->out, (uint8_t)*s);
    }
    if (marks)
        buf_append_u8(w->out, '"');
}

void csv_put_number(struct csv_writer *w, int64_t number)
{
    begin_cell(w);
    buf_appendf(w->out, "%lld", (long long)number);
}

void csv_end_row(struct csv_writer *w)
{
    buf_append_str(w->out, "\r\n");
    w->in_row = false;
}
