/* Files of spreadsheets: what is read can be written and read again, and is no formula then. */
#include <stdlib.h>
#include <string.h>

#include "common/csv.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void write_all(const struct csv *c, struct buf *out)
{
    struct csv_writer w = csv_writer_of(out, c->separator);
    buf_appendf(out, "sep=%c\n", c->separator); /* the first row alone may not show it */
    for (size_t i = 0; i < c->nrows; i++) {
        for (size_t k = 0; k < c->rows[i].n; k++)
            csv_put(&w, c->rows[i].cells[k]);
        csv_end_row(&w);
    }
}

static void check_same(const char *before, const char *after)
{
    if (strcmp(before, after) && (*after != '\'' || strcmp(before, after + 1)))
        abort();
    if (*after && strchr("=+@\t\r", *after))
        abort();
    if (*after == '-' && strspn(after + 1, "0123456789.") != strlen(after + 1))
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct csv first, again;
    struct err_info why = {0};
    struct buf out = BUF_INIT;
    if (csv_read(data, size, &csv_limits_default, &first, &why)) {
        if (!*why.text)
            abort();
        return 0;
    }
    write_all(&first, &out);
    if (csv_read(out.data, out.len, &csv_limits_default, &again, NULL))
        abort();
    if (again.nrows != first.nrows)
        abort();
    for (size_t i = 0; i < first.nrows; i++) {
        if (again.rows[i].n != first.rows[i].n)
            abort();
        for (size_t k = 0; k < first.rows[i].n; k++)
            check_same(first.rows[i].cells[k], again.rows[i].cells[k]);
    }
    csv_free(&first);
    csv_free(&again);
    buf_free(&out);
    return 0;
}
