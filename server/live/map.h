#ifndef TANDEM_SERVER_LIVE_MAP_H
#define TANDEM_SERVER_LIVE_MAP_H

/* Numbers to pointers, for looking things up by id. Pure. */

#include <stddef.h>
#include <stdint.h>

#include "common/err.h"

struct map {
    struct map_slot {
        uint64_t key;
        void *value; /* NULL: free */
    } * slots;
    size_t cap; /* a power of two, or 0 */
    size_t len;
};

void map_fini(struct map *m);
/* Adds or replaces; `value` is not NULL. ERR_NOMEM, but not when it replaces. */
MUST_CHECK enum err map_put(struct map *m, uint64_t key, void *value);
void *map_find(const struct map *m, uint64_t key); /* or NULL */
void map_remove(struct map *m, uint64_t key);

/* Calls `fn` for each; it may remove none. */
#define MAP_EACH(m, i)                                                                             \
    for (size_t i = 0; i < (m)->cap; i++)                                                          \
        if ((m)->slots[i].value)

#endif
