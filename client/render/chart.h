#ifndef TANDEM_CLIENT_RENDER_CHART_H
#define TANDEM_CLIENT_RENDER_CHART_H

/* Small charts of numbers for a terminal: bars, a line of quarters, grades side by side. Every
 * number is also written, so that a chart is never the only way to read it, and colours are not
 * needed. Labels are made harmless; what is too long is cut. Pure. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/buf.h"

struct chart_style {
    size_t cols; /* of the terminal; a chart takes CHART_LEAST_COLS if there are fewer */
    bool ascii;  /* no block characters */
};
enum { CHART_LEAST_COLS = 20 };

enum chart_mark { CHART_KNOWN, CHART_BLANK, CHART_MASKED };
struct chart_value {
    int64_t n; /* from 0 */
    enum chart_mark mark;
};

struct chart_bar {
    const char *label;
    struct chart_value value;
};
/* One line for each: label, bar, number; "?" where it is not known, "*" where it is masked. The
 * longest bar fills what is left of the line; whatever is above 0 shows at least a trace. Appends.
 */
void chart_bars(const struct chart_style *style, const struct chart_bar *bars, size_t n,
                struct buf *out);

/* One column for each value (quarters, months), without a line end: from "_" for 0 over eight steps
 * to the highest; "?" and "*" as above. In ASCII the steps are the digits 1 to 8. Appends. */
void chart_spark(const struct chart_style *style, const struct chart_value *values, size_t n,
                 struct buf *out);

/* Parts of a whole, as grades of a quarter's audits. */
enum { CHART_MOST_PARTS = 6 };
struct chart_stack {
    const char *label;
    const int64_t *parts; /* from 0, as many as there are names */
};
/* A line that says which fill is which, then one line for each: label, a bar as long as the others
 * divided by share, and the numbers. A part above 0 has at least one column if there are as many.
 * "none" where all are 0. Appends. */
void chart_stacks(const struct chart_style *style, const char *const *names, size_t nnames,
                  const struct chart_stack *stacks, size_t n, struct buf *out);

#endif
