#ifndef TANDEM_COMMON_CSV_H
#define TANDEM_COMMON_CSV_H

/* Tables as spreadsheets exchange them (RFC 4180): a reader of a whole file in memory, and a writer
 * whose cells no spreadsheet takes for a formula. What the cells mean is not looked at here. Pure.
 *
 * Read is: UTF-8 with or without a byte order mark; rows that end in LF, CRLF or CR; comma,
 * semicolon or tab between cells (the one that the first row has most of, or that a first line
 * "sep=;" names); cells in quotation marks, with the mark itself written twice. A line end within a
 * cell becomes "\n". Rows are counted as a spreadsheet numbers them, from 1, the blank ones too
 * (they are left out of the table); columns have its letters. */

#include "common/buf.h"

/* ---- reading ---- */

struct csv_limits {
    size_t bytes;      /* of the file */
    size_t rows;       /* that are not blank */
    size_t columns;    /* of each row */
    size_t cell_bytes; /* of each cell */
};
extern const struct csv_limits csv_limits_default;

struct csv_row {
    size_t number;      /* as a spreadsheet numbers it */
    size_t first, n;    /* its cells: [first, first + n) */
    const char **cells; /* n of them, NUL-terminated; borrowed from the table */
};
struct csv { /* {0} is an empty one */
    char separator;
    struct csv_row *rows;
    size_t nrows, rows_cap;
    const char **cells; /* of all rows */
    size_t ncells, cells_cap;
    char *text; /* of all cells */
};
void csv_free(struct csv *c); /* leaves an empty one */

/* Reads a file. Rows may have different numbers of cells: whether they may is for the caller to
 * say. ERR_INPUT (a mark that is never closed, bytes that are not UTF-8, a control character, a
 * workbook instead of a CSV file) and ERR_TOO_LARGE with a sentence that names row and column,
 * ERR_NOMEM; then the table is empty. */
MUST_CHECK enum err csv_read(const void *data, size_t len, const struct csv_limits *limits,
                             struct csv *out, struct err_info *why);

/* "A" for 0, "Z" for 25, "AA" for 26. */
void csv_column_letters(size_t column, char out[16]);

/* ---- writing ---- */

struct csv_writer {
    struct buf *out; /* keeps until the last call; its failure is the writer's */
    char separator;
    bool in_row;
};
struct csv_writer csv_writer_of(struct buf *out, char separator);

/* One more cell. Words that a spreadsheet could take for a formula (= + - @, a tab or a carriage
 * return in front, behind blanks too, or their full-width forms) get an apostrophe before them; a
 * plain number, as "-3.5", stays a number. Cells that hold a separator, a mark or a line end, or
 * begin or end with a blank, are put in quotation marks. */
void csv_put(struct csv_writer *w, const char *s);
void csv_put_number(struct csv_writer *w, int64_t number);
void csv_end_row(struct csv_writer *w); /* CRLF */

#endif
