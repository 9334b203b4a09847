#ifndef TANDEM_CLIENT_TABLE_H
#define TANDEM_CLIENT_TABLE_H

/* Rows in columns on standard output. What others wrote is made safe here. */

#include <stddef.h>

enum { TABLE_MAX_COLS = 16 };

struct table { /* {0} with heads and ncols is an empty one */
    const char *const *heads;
    size_t ncols;
    char **cells; /* row by row */
    size_t n, cap;
};

/* The next cell, copied; NULL is "". A list that does not fit into memory ends the program. */
void table_cell(struct table *t, const char *s);
void table_cellf(struct table *t, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
size_t table_rows(const struct table *t);
/* The heads, then the rows; the last column is not padded. */
void table_print(const struct table *t);
void table_free(struct table *t);

#endif
