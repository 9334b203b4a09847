#ifndef TANDEM_TESTS_LIB_FLOOR_H
#define TANDEM_TESTS_LIB_FLOOR_H

/* The least that an editor could do, to measure against: a gap buffer with one byte per character,
 * and the same with an author per character and a log of what was done. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/buf.h"

struct floor {
    uint8_t *text;
    uint32_t *authors; /* NULL: the bare one */
    size_t gap, gap_end, cap;
    struct buf log;
};

void floor_init(struct floor *f, bool authors);
void floor_fini(struct floor *f);
/* `words` are n characters of one byte. */
void floor_edit(struct floor *f, size_t pos, size_t deleted, const char *words, size_t n,
                uint32_t author);
size_t floor_len(const struct floor *f);
void floor_read(const struct floor *f, struct buf *out);

#endif
