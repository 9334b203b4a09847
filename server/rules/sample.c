#include "server/rules/sample.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- the lot of a carer: depends on the seed and the reference only ---- */

static uint64_t splitmix(uint64_t z)
{
    z += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

static uint64_t lot(uint64_t seed, const char *ref)
{
    uint64_t hash = splitmix(seed);
    for (; *ref; ref++)
        hash = splitmix(hash ^ (unsigned char)*ref);
    return hash;
}

/* The lower one is drawn first; the same lot (hardly ever) by reference. */
static bool before(uint64_t seed, const struct sample_carer *a, const struct sample_carer *b)
{
    uint64_t x = lot(seed, a->ref), y = lot(seed, b->ref);
    return x == y ? strcmp(a->ref, b->ref) < 0 : x < y;
}

/* ---- who may be drawn ---- */

static bool is_of(const struct sample_carer *c, const struct sample_order *o)
{
    bool team = !o->team || !*o->team || (c->team && !strcmp(c->team, o->team));
    bool approved = !c->approved.year || civil_compare(c->approved, o->day) <= 0;
    bool here = !c->ended.year || civil_compare(c->ended, o->day) >= 0;
    return team && approved && here;
}

static bool is_lately(const struct sample_carer *c, const struct sample_order *o)
{
    struct civil since = civil_add_months(o->day, -(int64_t)o->avoid_months);
    return o->avoid_months && c->looked_at.year && civil_compare(c->looked_at, since) > 0;
}

/* picks[] stays in the order of the lots; there is room for one more while n < most. */
static size_t put(const struct sample_carer *carers, const struct sample_order *o, size_t *picks,
                  size_t n, size_t carer)
{
    size_t at = n < o->count ? n : n - 1;
    bool room = n < o->count;
    if (!room && !before(o->seed, &carers[carer], &carers[picks[at]]))
        return n;
    for (; at > 0 && before(o->seed, &carers[carer], &carers[picks[at - 1]]); at--)
        picks[at] = picks[at - 1];
    picks[at] = carer;
    return room ? n + 1 : n;
}

struct sample_result sample_draw(const struct sample_carer *carers, size_t n,
                                 const struct sample_order *order, size_t *picks)
{
    struct sample_result r = {0};
    for (size_t i = 0; i < n; i++) {
        if (!is_of(&carers[i], order))
            continue;
        if (is_lately(&carers[i], order)) {
            r.avoided++;
            continue;
        }
        r.eligible++;
        if (order->count)
            r.n = put(carers, order, picks, r.n, i);
    }
    r.short_by = order->count - r.n;
    return r;
}

/* ---- for people ---- */

void sample_say(const struct sample_order *order, const struct sample_result *r, char *out,
                size_t cap)
{
    char seed[SAMPLE_SEED_BYTES];
    sample_seed_text(order->seed, seed);
    int n = snprintf(out, cap, "%zu of %zu carers' records, drawn with seed %s", r->n, r->eligible,
                     seed);
    if (n < 0 || (size_t)n >= cap)
        return;
    if (r->short_by)
        (void)snprintf(out + n, cap - (size_t)n,
                       "; %zu too few are left: %zu were looked at within %u months. Choose others "
                       "by hand, or agree a lower number.",
                       r->short_by, r->avoided, order->avoid_months);
    else if (r->avoided)
        (void)snprintf(out + n, cap - (size_t)n,
                       "; %zu were left out because they were looked at within %u months.",
                       r->avoided, order->avoid_months);
    else
        (void)snprintf(out + n, cap - (size_t)n, ".");
}

void sample_seed_text(uint64_t seed, char out[SAMPLE_SEED_BYTES])
{
    (void)snprintf(out, SAMPLE_SEED_BYTES, "%016" PRIx64, seed);
}

bool sample_seed_parse(const char *text, uint64_t *seed)
{
    if (strlen(text) != SAMPLE_SEED_BYTES - 1)
        return false;
    for (const char *s = text; *s; s++)
        if (!isxdigit((unsigned char)*s))
            return false;
    *seed = strtoull(text, NULL, 16);
    return true;
}
