#include "tests/lib/floor.h"

#include <stdlib.h>
#include <string.h>

void floor_init(struct floor *f, bool authors)
{
    *f = (struct floor){.cap = 1024, .gap_end = 1024};
    f->text = malloc(f->cap);
    f->authors = authors ? malloc(f->cap * sizeof *f->authors) : NULL;
    if (!f->text || (authors && !f->authors))
        abort();
}

void floor_fini(struct floor *f)
{
    free(f->text);
    free(f->authors);
    buf_free(&f->log);
}

size_t floor_len(const struct floor *f)
{
    return f->cap - (f->gap_end - f->gap);
}

static void grow(struct floor *f, size_t need)
{
    size_t cap = f->cap, tail = cap - f->gap_end;
    while (cap - floor_len(f) < need)
        cap *= 2;
    f->text = realloc(f->text, cap);
    if (f->authors)
        f->authors = realloc(f->authors, cap * sizeof *f->authors);
    if (!f->text || (f->log.cap && !f->authors))
        abort();
    memmove(f->text + cap - tail, f->text + f->gap_end, tail);
    if (f->authors)
        memmove(f->authors + cap - tail, f->authors + f->gap_end, tail * sizeof *f->authors);
    f->gap_end = cap - tail;
    f->cap = cap;
}

static void move_gap(struct floor *f, size_t pos)
{
    size_t n = pos < f->gap ? f->gap - pos : pos - f->gap;
    size_t from = pos < f->gap ? pos : f->gap_end;
    size_t to = pos < f->gap ? f->gap_end - n : f->gap;
    memmove(f->text + to, f->text + from, n);
    if (f->authors)
        memmove(f->authors + to, f->authors + from, n * sizeof *f->authors);
    f->gap_end = pos < f->gap ? f->gap_end - n : f->gap_end + n;
    f->gap = pos;
}

void floor_edit(struct floor *f, size_t pos, size_t deleted, const char *words, size_t n,
                uint32_t author)
{
    if (pos != f->gap)
        move_gap(f, pos);
    f->gap_end += deleted;
    if (f->gap_end - f->gap < n)
        grow(f, n + 1);
    memcpy(f->text + f->gap, words, n);
    if (f->authors) {
        for (size_t i = 0; i < n; i++)
            f->authors[f->gap + i] = author;
        buf_append_varint(&f->log, pos);
        buf_append_varint(&f->log, deleted);
        buf_append_varint(&f->log, n);
        buf_append(&f->log, words, n);
    }
    f->gap += n;
}

void floor_read(const struct floor *f, struct buf *out)
{
    buf_append(out, f->text, f->gap);
    buf_append(out, f->text + f->gap_end, f->cap - f->gap_end);
}
