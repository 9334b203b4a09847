#include "client/render/chart.h"

#include <assert.h>
#include <stdio.h>

#include "client/editor/cells.h"
#include "client/render/cut.h"

static size_t cols_of(const struct chart_style *style)
{
    return style->cols > CHART_LEAST_COLS ? style->cols : CHART_LEAST_COLS;
}

/* Labels take what they need, at most a third of the line. */
static size_t fit_label(size_t widest, size_t cols)
{
    return widest < cols / 3 ? widest : cols / 3;
}

static void put_label(const struct chart_style *style, const char *label, size_t width,
                      struct buf *out)
{
    size_t used = width ? cut_put(out, label, width, style->ascii) : 0;
    cut_blanks(out, width - used + 1);
}

static size_t say_value(struct chart_value v, char out[24])
{
    if (v.mark == CHART_KNOWN)
        return (size_t)snprintf(out, 24, "%lld", (long long)v.n);
    return (size_t)snprintf(out, 24, "%s", v.mark == CHART_MASKED ? "*" : "?");
}

static int64_t highest(int64_t a, struct chart_value v)
{
    return v.mark == CHART_KNOWN && v.n > a ? v.n : a;
}

/* `units` x n / most, rounded, but at least 1 for what is above 0. In floating point: the numbers
 * may be costs, and the screen has few columns. */
static size_t scale(int64_t n, int64_t most, size_t units)
{
    if (n <= 0)
        return 0;
    size_t scaled = (size_t)((double)n / (double)most * (double)units + .5);
    return scaled ? scaled : 1;
}

/* ---- bars ---- */

static void put_bar(const struct chart_style *style, size_t room, int64_t n, int64_t most,
                    struct buf *out)
{
    static const char *const eighths[] = {"",       "\u258f", "\u258e", "\u258d",
                                          "\u258c", "\u258b", "\u258a", "\u2589"};
    size_t units = scale(n, most, style->ascii ? room : 8 * room);
    size_t whole = style->ascii ? units : units / 8;
    for (size_t i = 0; i < whole; i++)
        buf_append_str(out, style->ascii ? "#" : "\u2588");
    if (!style->ascii)
        buf_append_str(out, eighths[units % 8]);
    if (units)
        buf_append_u8(out, ' ');
}

void chart_bars(const struct chart_style *style, const struct chart_bar *bars, size_t n,
                struct buf *out)
{
    size_t cols = cols_of(style), label = 0, number = 0;
    int64_t most = 0;
    char said[24];
    for (size_t i = 0; i < n; i++) {
        size_t width = text_cols(bars[i].label), len = say_value(bars[i].value, said);
        label = width > label ? width : label;
        number = len > number ? len : number;
        most = highest(most, bars[i].value);
    }
    label = fit_label(label, cols);
    size_t taken = label + 1 + 1 + number; /* a blank before the bar and one behind it */
    size_t room = cols > taken ? cols - taken : 1;
    for (size_t i = 0; i < n; i++) {
        put_label(style, bars[i].label, label, out);
        if (bars[i].value.mark == CHART_KNOWN)
            put_bar(style, room, bars[i].value.n, most, out);
        (void)say_value(bars[i].value, said);
        buf_appendf(out, "%s\n", said);
    }
}

/* ---- a line of quarters ---- */

void chart_spark(const struct chart_style *style, const struct chart_value *values, size_t n,
                 struct buf *out)
{
    static const char *const blocks[] = {"_",      "\u2581", "\u2582", "\u2583", "\u2584",
                                         "\u2585", "\u2586", "\u2587", "\u2588"};
    static const char *const digits[] = {"_", "1", "2", "3", "4", "5", "6", "7", "8"};
    int64_t most = 0;
    for (size_t i = 0; i < n; i++)
        most = highest(most, values[i]);
    for (size_t i = 0; i < n; i++) {
        size_t step = scale(values[i].n, most, 8);
        if (values[i].mark != CHART_KNOWN)
            buf_append_str(out, values[i].mark == CHART_MASKED ? "*" : "?");
        else
            buf_append_str(out, style->ascii ? digits[step] : blocks[step]);
    }
}

/* ---- grades side by side ---- */

static const char *fill_of(const struct chart_style *style, size_t part)
{
    static const char *const blocks[CHART_MOST_PARTS] = {"\u2588", "\u2593", "\u2592",
                                                         "\u2591", "=",      "."};
    static const char *const ascii[CHART_MOST_PARTS] = {"#", "=", "+", "-", ":", "."};
    return style->ascii ? ascii[part] : blocks[part];
}

static int64_t sum_of(const int64_t *parts, size_t n)
{
    int64_t sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += parts[i];
    return sum;
}

/* Which part is owed a column most: the one whose share of the bar is furthest above its columns.
 */
static size_t most_owed(const int64_t *parts, size_t n, const size_t *cols, double per_col)
{
    size_t best = n;
    double owed = 0;
    for (size_t i = 0; i < n; i++) {
        double mine = (double)parts[i] / per_col - (double)cols[i];
        if (parts[i] > 0 && (best == n || mine > owed)) {
            best = i;
            owed = mine;
        }
    }
    return best;
}

/* Divides `room` columns: one for every part above 0, as far as there are, and then always to the
 * one that is owed most. */
static void divide(const int64_t *parts, size_t n, size_t room, size_t cols[CHART_MOST_PARTS])
{
    double per_col = (double)sum_of(parts, n) / (double)room;
    for (size_t i = 0; i < n; i++) {
        cols[i] = parts[i] > 0 && room > 0 ? 1 : 0;
        room -= cols[i];
    }
    while (room--)
        cols[most_owed(parts, n, cols, per_col)]++;
}

/* "12 + 5 + 1 + 0 = 18" */
static void say_parts(const int64_t *parts, size_t n, struct buf *out)
{
    for (size_t i = 0; i < n; i++)
        buf_appendf(out, "%s%lld", i ? " + " : "", (long long)parts[i]);
    buf_appendf(out, " = %lld", (long long)sum_of(parts, n));
}

static size_t widest_parts(const struct chart_stack *stacks, size_t n, size_t nnames)
{
    struct buf said = BUF_INIT;
    size_t widest = 0;
    for (size_t i = 0; i < n; i++) {
        buf_clear(&said);
        say_parts(stacks[i].parts, nnames, &said);
        widest = said.len > widest ? said.len : widest;
    }
    buf_free(&said);
    return widest;
}

/* As many entries on a line as fit, and none of them longer than a line. */
static void put_legend(const struct chart_style *style, const char *const *names, size_t n,
                       struct buf *out)
{
    size_t cols = cols_of(style), used = 0;
    for (size_t i = 0; i < n; i++) {
        size_t width = text_cols(names[i]);
        width = (width < cols - 2 ? width : cols - 2) + 2;
        if (used && used + 2 + width > cols) {
            buf_append_u8(out, '\n');
            used = 0;
        }
        size_t gap = used ? 2 : 0;
        cut_blanks(out, gap);
        buf_appendf(out, "%s ", fill_of(style, i));
        used += gap + 2 + cut_put(out, names[i], width - 2, style->ascii);
    }
    buf_append_u8(out, '\n');
}

static void put_stack(const struct chart_style *style, const struct chart_stack *s, size_t nparts,
                      size_t room, struct buf *out)
{
    size_t cols[CHART_MOST_PARTS];
    if (!sum_of(s->parts, nparts)) {
        buf_append_str(out, "none\n");
        return;
    }
    divide(s->parts, nparts, room, cols);
    for (size_t i = 0; i < nparts; i++)
        for (size_t k = 0; k < cols[i]; k++)
            buf_append_str(out, fill_of(style, i));
    buf_append_u8(out, ' ');
    say_parts(s->parts, nparts, out);
    buf_append_u8(out, '\n');
}

void chart_stacks(const struct chart_style *style, const char *const *names, size_t nnames,
                  const struct chart_stack *stacks, size_t n, struct buf *out)
{
    size_t cols = cols_of(style), label = 0;
    assert(nnames > 0 && nnames <= CHART_MOST_PARTS);
    for (size_t i = 0; i < n; i++) {
        size_t width = text_cols(stacks[i].label);
        label = width > label ? width : label;
    }
    label = fit_label(label, cols);
    size_t taken = label + 1 + 1 + widest_parts(stacks, n, nnames);
    size_t room = cols > taken + nnames ? cols - taken : nnames;
    put_legend(style, names, nnames, out);
    for (size_t i = 0; i < n; i++) {
        put_label(style, stacks[i].label, label, out);
        put_stack(style, &stacks[i], nnames, room, out);
    }
}
