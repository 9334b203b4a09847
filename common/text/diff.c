#include "common/text/diff.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* Above this many differences in one box the search for the best path is given up. */
enum { DIFF_MAX = 3000, STACK_MAX = 128 };

struct box {
    long a0, a1, b0, b1;
};

struct snake {
    long x0, y0, x1, y1; /* relative to the box */
};

/* The diagonals that can hold a path of d steps in an n x m box: [-d, d] cut at the borders. */
static long k_first(long d, long m)
{
    return d <= m ? -d : d - 2 * m;
}
static long k_last(long d, long n)
{
    return d <= n ? d : 2 * n - d;
}

static long furthest(const long *v, long k, long d)
{
    bool down = k == -d || (k != d && v[k - 1] < v[k + 1]);
    return down ? v[k + 1] : v[k - 1] + 1;
}

/* Finds the snake in the middle of a shortest path, searching from both ends. False: too many
 * differences. vf and vb are indexed by diagonal and reach from -(n + m) to n + m. */
static bool middle_snake(const uint32_t *a, long n, const uint32_t *b, long m, long *vf, long *vb,
                         struct snake *s)
{
    long delta = n - m;
    bool odd = delta & 1;
    vf[1] = vb[1] = 0;
    for (long d = 0; d <= DIFF_MAX; d++) {
        for (long k = k_first(d, m); k <= k_last(d, n); k += 2) {
            long x = furthest(vf, k, d), y = x - k, x0 = x;
            while (x < n && y < m && a[x] == b[y])
                x++, y++;
            vf[k] = x;
            long back = delta - k;
            if (odd && back >= k_first(d - 1, m) && back <= k_last(d - 1, n) && x + vb[back] >= n) {
                *s = (struct snake){x0, x0 - k, x, y};
                return true;
            }
        }
        for (long k = k_first(d, m); k <= k_last(d, n); k += 2) {
            long x = furthest(vb, k, d), y = x - k, x0 = x;
            while (x < n && y < m && a[n - 1 - x] == b[m - 1 - y])
                x++, y++;
            vb[k] = x;
            long forth = delta - k;
            if (!odd && forth >= k_first(d, m) && forth <= k_last(d, n) && x + vf[forth] >= n) {
                *s = (struct snake){n - x, m - y, n - x0, m - (x0 - k)};
                return true;
            }
        }
    }
    return false;
}

enum err diff_marks(const uint32_t *a, size_t n, const uint32_t *b, size_t m, uint8_t *gone,
                    uint8_t *added)
{
    struct box stack[STACK_MAX];
    size_t depth = 0;
    long reach = (long)(n + m) + 2;
    if (reach > DIFF_MAX + 2)
        reach = DIFF_MAX + 2;
    long *v = malloc((size_t)(4 * reach + 2) * sizeof *v);
    if (!v)
        return ERR_NOMEM;
    long *vf = v + reach, *vb = vf + 2 * reach + 1;
    stack[depth++] = (struct box){0, (long)n, 0, (long)m};
    while (depth) {
        struct box x = stack[--depth];
        while (x.a0 < x.a1 && x.b0 < x.b1 && a[x.a0] == b[x.b0])
            x.a0++, x.b0++;
        while (x.a0 < x.a1 && x.b0 < x.b1 && a[x.a1 - 1] == b[x.b1 - 1])
            x.a1--, x.b1--;
        struct snake s;
        bool split = x.a0 < x.a1 && x.b0 < x.b1 && depth + 2 <= STACK_MAX &&
                     middle_snake(a + x.a0, x.a1 - x.a0, b + x.b0, x.b1 - x.b0, vf, vb, &s);
        if (split) {
            stack[depth++] = (struct box){x.a0 + s.x1, x.a1, x.b0 + s.y1, x.b1};
            stack[depth++] = (struct box){x.a0, x.a0 + s.x0, x.b0, x.b0 + s.y0};
        } else {
            memset(gone + x.a0, 1, (size_t)(x.a1 - x.a0));
            memset(added + x.b0, 1, (size_t)(x.b1 - x.b0));
        }
    }
    free(v);
    return ERR_OK;
}
