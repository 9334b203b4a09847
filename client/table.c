#include "client/table.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <utf8proc.h>

#include "common/utf8.h"

void table_cell(struct table *t, const char *s)
{
    if (t->n == t->cap) {
        t->cap = t->cap ? 2 * t->cap : 64;
        t->cells = realloc(t->cells, t->cap * sizeof *t->cells);
        if (!t->cells)
            abort(); /* a list that does not fit into memory */
    }
    t->cells[t->n++] = strdup(s ? s : "");
}

void table_cellf(struct table *t, const char *fmt, ...)
{
    char *s = NULL;
    va_list ap;
    va_start(ap, fmt);
    if (vasprintf(&s, fmt, ap) < 0)
        s = NULL;
    va_end(ap);
    table_cell(t, s);
    free(s);
}

size_t table_rows(const struct table *t)
{
    return t->ncols ? t->n / t->ncols : 0;
}

void table_free(struct table *t)
{
    for (size_t i = 0; i < t->n; i++)
        free(t->cells[i]);
    free(t->cells);
}

static size_t width_of(const char *s)
{
    size_t width = 0;
    const uint8_t *p = (const uint8_t *)s, *end = p + strlen(s);
    for (uint32_t cp; p < end;) {
        size_t step = utf8_decode(p, end, &cp);
        if (!step)
            break;
        int w = utf8proc_charwidth((utf8proc_int32_t)cp);
        width += w > 0 ? (size_t)w : 0;
        p += step;
    }
    return width;
}

static void print_row(const char *const *cells, size_t ncols, const size_t *widths)
{
    struct buf safe = BUF_INIT;
    for (size_t i = 0; i < ncols; i++) {
        const char *s = text_safe_cstr(&safe, cells[i] ? cells[i] : "");
        (void)fputs(s, stdout);
        for (size_t w = width_of(s); i + 1 < ncols && w < widths[i] + 2; w++)
            (void)putchar(' ');
    }
    (void)putchar('\n');
    buf_free(&safe);
}

void table_print(const struct table *t)
{
    size_t widths[TABLE_MAX_COLS] = {0};
    struct buf safe = BUF_INIT;
    for (size_t i = 0; i < t->ncols && i < TABLE_MAX_COLS; i++) {
        widths[i] = width_of(t->heads[i]);
        for (size_t k = 0; k < table_rows(t); k++) {
            const char *s = t->cells[k * t->ncols + i];
            size_t w = width_of(text_safe_cstr(&safe, s ? s : ""));
            widths[i] = w > widths[i] ? w : widths[i];
        }
    }
    buf_free(&safe);
    print_row(t->heads, t->ncols, widths);
    for (size_t k = 0; k < table_rows(t); k++)
        print_row((const char *const *)&t->cells[k * t->ncols], t->ncols, widths);
}
