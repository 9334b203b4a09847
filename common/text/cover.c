#include "common/text/cover.h"

#include <stdlib.h>

bool cover_init(struct cover *c, size_t n)
{
    c->n = n;
    c->marks = calloc(n / 64 + 1, sizeof *c->marks);
    c->touched = calloc(n / COVER_BLOCK + 1, 1);
    return c->marks && c->touched;
}

void cover_fini(struct cover *c)
{
    free(c->marks);
    free(c->touched);
}

bool cover_is_whole(const struct cover *c)
{
    /* a run seems to have ended before the first character and to start behind the last one */
    uint64_t ended = 1, end = (uint64_t)1 << c->n % 64;
    size_t words = c->n / 64 + 1;
    for (size_t k = 0; k < words; k++) {
        bool skip = !ended && !c->touched[k * 64 / COVER_BLOCK] && k + COVER_BLOCK / 64 < words;
        if (skip) {
            k |= COVER_BLOCK / 64 - 1;
            continue;
        }
        uint64_t starts = c->marks[k].starts | (k + 1 == words ? end : 0);
        if (starts != (c->marks[k].lasts << 1 | ended))
            return false;
        ended = c->marks[k].lasts >> 63;
    }
    return true;
}
