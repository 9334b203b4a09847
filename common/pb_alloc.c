#include "common/pb_alloc.h"

#include <stdalign.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

struct pb_block {
    struct pb_block *next;
    size_t cap, used;
    alignas(max_align_t) unsigned char data[];
};

/* Under AddressSanitizer each piece is a block of its own, so that overruns are seen. */
#ifndef __has_feature
#define __has_feature(x) 0
#endif
#if defined(__SANITIZE_ADDRESS__) || __has_feature(address_sanitizer)
enum { BLOCK_BYTES = 0 };
#else
enum { BLOCK_BYTES = 8 * 1024 };
#endif

size_t pb_alloc_budget(size_t len_bytes)
{
    const size_t least = 64 * 1024, per_byte = 32;
    return len_bytes > (SIZE_MAX - least) / per_byte ? SIZE_MAX : least + per_byte * len_bytes;
}

static struct pb_block *block_with(struct pb_alloc *a, size_t len)
{
    struct pb_block *b = a->blocks;
    if (b && b->cap - b->used >= len)
        return b;
    size_t cap = len > BLOCK_BYTES ? len : BLOCK_BYTES;
    b = malloc(sizeof *b + cap);
    if (!b) {
        a->no_memory = true;
        return NULL;
    }
    b->cap = cap;
    b->used = 0;
    b->next = a->blocks;
    a->blocks = b;
    return b;
}

void *pb_alloc_get(struct pb_alloc *a, size_t len_bytes)
{
    if (len_bytes > a->bytes_left || !a->count_left) {
        a->over_budget = true;
        return NULL;
    }
    const size_t unit = alignof(max_align_t);
    size_t len = len_bytes ? (len_bytes + unit - 1) / unit * unit : unit;
    struct pb_block *b = block_with(a, len);
    if (!b)
        return NULL;
    a->bytes_left -= len_bytes;
    a->count_left--;
    void *p = b->data + b->used;
    b->used += len;
    return memset(p, 0, len);
}

static void *on_alloc(void *data, size_t size)
{
    return pb_alloc_get(data, size);
}

static void on_free(void *data, void *p)
{
    (void)data; /* everything goes at once, in pb_alloc_fini */
    (void)p;
}

static void set_budget(struct pb_alloc *a, size_t max_bytes, size_t max_count)
{
    a->bytes_left = max_bytes < SIZE_MAX / 2 ? max_bytes : SIZE_MAX / 2;
    a->count_left = max_count;
    a->over_budget = a->no_memory = false;
}

void pb_alloc_init(struct pb_alloc *a, size_t max_bytes, size_t max_count)
{
    a->pb = (ProtobufCAllocator){.alloc = on_alloc, .free = on_free, .allocator_data = a};
    a->blocks = NULL;
    set_budget(a, max_bytes, max_count);
}

static void free_blocks(struct pb_block *b)
{
    while (b) {
        struct pb_block *next = b->next;
        free(b);
        b = next;
    }
}

void pb_alloc_reset(struct pb_alloc *a, size_t max_bytes, size_t max_count)
{
    struct pb_block *keep = NULL;
    for (struct pb_block **at = &a->blocks; BLOCK_BYTES > 0 && *at; at = &(*at)->next)
        if ((*at)->cap == (size_t)BLOCK_BYTES) {
            keep = *at;
            *at = keep->next;
            keep->next = NULL;
            keep->used = 0;
            break;
        }
    free_blocks(a->blocks);
    a->blocks = keep;
    set_budget(a, max_bytes, max_count);
}

void pb_alloc_fini(struct pb_alloc *a)
{
    free_blocks(a->blocks);
    a->blocks = NULL;
    set_budget(a, 0, 0);
}

enum err pb_alloc_error(const struct pb_alloc *a, struct err_info *why)
{
    if (a->no_memory)
        return err_set(why, ERR_NOMEM, "%s", err_text(ERR_NOMEM));
    if (a->over_budget)
        return err_set(why, ERR_TOO_LARGE,
                       "The message unfolds to more than is allowed for its size.");
    return err_set(why, ERR_INPUT, "The message is malformed: it is not what its kind should be.");
}
