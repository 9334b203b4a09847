/* What is masked is found on a graph. Rows and columns are its nodes, the total row and the total
 * column among them; every number is an edge between its row and its column. "The row adds up" and
 * "the column adds up" then say that the numbers are a flow, and another flow with the same shown
 * numbers differs from it by a circle of masked edges, each one more or one less. So a masked
 * number can be computed exactly when its edge lies on no such circle; and the cheapest circle
 * through it is what has to be masked beside it. A number that is masked is known to be above 0 (if
 * zeros are shown), so the edge of a 1 can only grow. */

#include "server/rules/mask.h"

#include <stdio.h>
#include <stdlib.h>

const struct mask_rules mask_rules_default = {.below = 5, .zero = false};
const char mask_sign[] = "*";

void mask_note(const struct mask_rules *r, char out[160])
{
    (void)snprintf(out, 160,
                   "%s: not shown. Numbers below %u%s are masked, and others where those could be "
                   "computed from them.",
                   mask_sign, (unsigned)r->below, r->zero ? ", zero too," : " (but not zero)");
}

bool mask_is_small(const struct mask_rules *r, int64_t n)
{
    return n < (int64_t)r->below && (n > 0 || (n == 0 && r->zero));
}

bool mask_may_show_share(const struct mask_rules *r, int64_t n, int64_t d, bool n_within_d)
{
    return !mask_is_small(r, n) && !mask_is_small(r, d) && !(n_within_d && mask_is_small(r, d - n));
}

/* ---- the graph ---- */

enum { NO_NODE = -1 };

struct masking {
    const struct mask_rules *rules;
    size_t rows, cols; /* with the totals */
    int64_t *values;   /* rows x cols */
    enum mask *out;
    double *cost; /* of each node: the cheapest way to it */
    int *by;      /* of each node: the number through which it is reached; NO_NODE */
    bool *done;   /* of each node */
};

static size_t node_count(const struct masking *m)
{
    return m->rows + m->cols;
}

static bool is_total(const struct masking *m, size_t row, size_t col)
{
    return (row == m->rows - 1) != (col == m->cols - 1);
}

/* What it costs to let a number grow or shrink by one; below 0: it cannot. */
static double edge_cost(const struct masking *m, size_t i, bool grows)
{
    size_t row = i / m->cols, col = i % m->cols;
    int64_t least = m->rules->zero ? 0 : 1, value = m->values[i];
    if (m->out[i] == MASK_ABSENT)
        return grows || value > 0 ? 0 : -1;
    if (value < least || (!grows && value == least))
        return -1;
    if (m->out[i] != MASK_SHOWN)
        return 0;
    /* few numbers rather than many, small ones rather than large; totals, which readers look for
     * first, only when nothing else helps */
    bool total = row == m->rows - 1 || col == m->cols - 1;
    return (total ? 1e10 : 1e7) + (double)(value < 1000000 ? value : 1000000);
}

/* The node that a unit comes from when the number grows, and where it goes; sums run the other way
 * than what they add up. */
static void edge_ends(const struct masking *m, size_t i, bool grows, size_t *from, size_t *to)
{
    size_t row = i / m->cols, col = m->rows + i % m->cols;
    bool forward = is_total(m, row, i % m->cols) != grows;
    *from = forward ? row : col;
    *to = forward ? col : row;
}

static size_t cheapest_open(const struct masking *m)
{
    size_t best = node_count(m);
    for (size_t i = 0; i < node_count(m); i++)
        if (!m->done[i] && m->cost[i] >= 0 && (best == node_count(m) || m->cost[i] < m->cost[best]))
            best = i;
    return best;
}

static void try_edge(struct masking *m, size_t node, size_t i, bool grows)
{
    size_t from, to;
    double cost = edge_cost(m, i, grows);
    edge_ends(m, i, grows, &from, &to);
    if (from != node || cost < 0 || m->done[to])
        return;
    cost += m->cost[node];
    if (m->cost[to] >= 0 && m->cost[to] <= cost)
        return;
    m->cost[to] = cost;
    m->by[to] = (int)i;
}

/* All numbers of the line (row or column) that this node is, but not the one that is left out. */
static void leave_node(struct masking *m, size_t node, size_t without)
{
    bool is_row = node < m->rows;
    size_t n = is_row ? m->cols : m->rows;
    for (size_t k = 0; k < n; k++) {
        size_t i = is_row ? node * m->cols + k : k * m->cols + (node - m->rows);
        if (i == without)
            continue;
        try_edge(m, node, i, true);
        try_edge(m, node, i, false);
    }
}

/* The cheapest way from one node to another that does not use number `without` (Dijkstra). Its
 * cost, or below 0 when there is none; the way is in m->by. */
static double find_way(struct masking *m, size_t from, size_t to, size_t without)
{
    for (size_t i = 0; i < node_count(m); i++) {
        m->cost[i] = -1;
        m->by[i] = NO_NODE;
        m->done[i] = false;
    }
    m->cost[from] = 0;
    for (size_t node; (node = cheapest_open(m)) < node_count(m) && node != to;) {
        m->done[node] = true;
        leave_node(m, node, without);
    }
    return m->cost[to];
}

/* A circle through number i in which it grows or shrinks: its cost without i, or below 0. */
static double find_circle(struct masking *m, size_t i, bool grows)
{
    size_t from, to;
    if (edge_cost(m, i, grows) < 0)
        return -1;
    edge_ends(m, i, grows, &from, &to);
    return find_way(m, to, from, i);
}

/* Masks the way that find_way has just found, which ends in `node`. */
static void mask_way(struct masking *m, size_t node)
{
    while (m->by[node] != NO_NODE) {
        size_t i = (size_t)m->by[node], row = i / m->cols, col = m->rows + i % m->cols;
        if (m->out[i] == MASK_SHOWN)
            m->out[i] = MASK_BESIDE;
        node = node == row ? col : row;
    }
}

/* Masks what is needed so that number i cannot be computed. There always is a way: a number above 0
 * grows together with its totals. */
static void protect(struct masking *m, size_t i)
{
    size_t from, to;
    double up = find_circle(m, i, true), down = find_circle(m, i, false);
    bool grows = down < 0 || (up >= 0 && up <= down);
    if ((grows ? up : down) < 0)
        return;
    if (grows) /* the other way round was looked for last */
        (void)find_circle(m, i, true);
    edge_ends(m, i, grows, &from, &to);
    mask_way(m, from);
}

/* ---- the table ---- */

static enum err fill_values(struct masking *m, const struct mask_table *t, struct err_info *why)
{
    int64_t *v = m->values, sum = 0;
    for (size_t r = 0; r < t->rows; r++)
        for (size_t c = 0; c < t->cols; c++) {
            int64_t n = t->cells[r * t->cols + c];
            if (n < 0)
                return err_set(why, ERR_INPUT, "a count cannot be below 0");
            if (n > (INT64_C(1) << 40) - sum)
                return err_set(why, ERR_INPUT, "these counts are too large to be counts of people");
            sum += n;
            v[r * m->cols + c] = n;
            v[r * m->cols + t->cols] += n;
            v[t->rows * m->cols + c] += n;
        }
    v[t->rows * m->cols + t->cols] = sum;
    return ERR_OK;
}

static bool is_given(const struct mask_table *t, size_t row, size_t col)
{
    if (row == t->rows && col == t->cols)
        return t->grand_total;
    if (row == t->rows)
        return t->col_totals;
    return col < t->cols || t->row_totals;
}

static void mark_small(struct masking *m, const struct mask_table *t)
{
    for (size_t i = 0; i < m->rows * m->cols; i++)
        if (!is_given(t, i / m->cols, i % m->cols))
            m->out[i] = MASK_ABSENT;
        else
            m->out[i] = mask_is_small(m->rules, m->values[i]) ? MASK_SMALL : MASK_SHOWN;
}

enum err mask_table(const struct mask_rules *r, const struct mask_table *t, enum mask *out,
                    struct err_info *why)
{
    struct masking m = {.rules = r, .rows = t->rows + 1, .cols = t->cols + 1, .out = out};
    size_t n = m.rows * m.cols;
    if (!t->rows || !t->cols || t->rows > MASK_MOST_LINES || t->cols > MASK_MOST_LINES)
        return err_set(why, ERR_INPUT, "a table has from 1 to %d rows and columns",
                       MASK_MOST_LINES);
    m.values = calloc(n, sizeof *m.values);
    m.cost = calloc(node_count(&m), sizeof *m.cost);
    m.by = calloc(node_count(&m), sizeof *m.by);
    m.done = calloc(node_count(&m), sizeof *m.done);
    enum err e = ERR_NOMEM;
    if (m.values && m.cost && m.by && m.done)
        e = fill_values(&m, t, why);
    if (e)
        goto done;
    mark_small(&m, t);
    for (size_t i = 0; i < n; i++)
        if (out[i] == MASK_SMALL)
            protect(&m, i);
done:
    free(m.done);
    free(m.by);
    free(m.cost);
    free(m.values);
    return e;
}
