/* Undo and redo of one's own edits, per answer. A step is the operations made between two
 * boundaries; undoing makes their reverse, which becomes the step to redo. */
#include "client/link/replica_internal.h"

#include <stdlib.h>
#include <string.h>

static void step_fini(struct undo_step *s)
{
    for (size_t i = 0; i < s->nblobs; i++)
        buf_free(&s->blobs[i]);
    free(s->blobs);
    *s = (struct undo_step){0};
}

static void stack_clear(struct undo_stack *s)
{
    for (size_t i = 0; i < s->n; i++)
        step_fini(&s->steps[i]);
    free(s->steps);
    *s = (struct undo_stack){0};
}

void undo_forget(struct replica *r, const struct field *f)
{
    for (size_t i = 0; i < r->nundo; i++) {
        if (f && !field_equal(r->undo[i].field, *f))
            continue;
        stack_clear(&r->undo[i].undo);
        stack_clear(&r->undo[i].redo);
    }
}

static struct undo_field *field_of(struct replica *r, struct field f, bool make)
{
    for (size_t i = 0; i < r->nundo; i++)
        if (field_equal(r->undo[i].field, f))
            return &r->undo[i];
    struct undo_field *grown = make ? realloc(r->undo, (r->nundo + 1) * sizeof *grown) : NULL;
    if (!grown)
        return NULL;
    r->undo = grown;
    r->undo[r->nundo] = (struct undo_field){.field = f};
    return &r->undo[r->nundo++];
}

/* A new step on top; the oldest goes when there are too many. */
static struct undo_step *stack_push(struct undo_stack *s, uint64_t group)
{
    if (s->n == UNDO_STEPS) {
        step_fini(&s->steps[0]);
        memmove(&s->steps[0], &s->steps[1], --s->n * sizeof s->steps[0]);
    }
    if (s->n == s->cap) {
        size_t cap = s->cap ? 2 * s->cap : 8;
        struct undo_step *grown = realloc(s->steps, cap * sizeof *grown);
        if (!grown)
            return NULL;
        s->steps = grown;
        s->cap = cap;
    }
    s->steps[s->n] = (struct undo_step){.group = group};
    return &s->steps[s->n++];
}

static enum err step_add(struct undo_step *s, const void *blob, size_t len)
{
    if (s->nblobs == s->cap) {
        size_t cap = s->cap ? 2 * s->cap : 4;
        struct buf *grown = realloc(s->blobs, cap * sizeof *grown);
        if (!grown)
            return ERR_NOMEM;
        s->blobs = grown;
        s->cap = cap;
    }
    struct buf b = BUF_INIT;
    buf_append(&b, blob, len);
    if (buf_failed(&b))
        return ERR_NOMEM;
    s->blobs[s->nblobs++] = b;
    return ERR_OK;
}

enum err undo_note(struct replica *r, struct field f, const void *blob, size_t len)
{
    if (!len)
        return ERR_OK;
    struct undo_field *u = field_of(r, f, true);
    if (!u)
        return ERR_NOMEM;
    stack_clear(&u->redo);
    struct undo_step *s = u->undo.n ? &u->undo.steps[u->undo.n - 1] : NULL;
    if (!s || s->group != r->undo_group)
        s = stack_push(&u->undo, r->undo_group);
    return s ? step_add(s, blob, len) : ERR_NOMEM;
}

void replica_undo_boundary(struct replica *r)
{
    r->undo_group++;
}

/* Reverses one step; its reverse goes on `to`. *did: something changed. */
static enum err reverse_step(struct replica *r, struct field f, struct text *t,
                             const struct undo_step *s, struct undo_stack *to, size_t *pos_cp,
                             bool *did)
{
    struct undo_step *back = NULL;
    struct buf inverse = BUF_INIT;
    enum err e = ERR_OK;
    *did = false;
    for (size_t i = s->nblobs; i-- > 0 && !e;) {
        size_t before = text_len_cp(t), at = 0;
        buf_clear(&inverse);
        e = text_undo(t, r->agent, s->blobs[i].data, s->blobs[i].len, &inverse, &at);
        if (e || !inverse.len)
            continue;
        size_t after = text_len_cp(t);
        *did = true;
        if (pos_cp)
            *pos_cp = at;
        e = write_blob(r, f, &inverse, NULL, 0, after > before ? after - before : before - after);
        if (!e && !back)
            back = stack_push(to, r->undo_group);
        if (!e)
            e = back ? step_add(back, inverse.data, inverse.len) : ERR_NOMEM;
    }
    buf_free(&inverse);
    return e;
}

static enum err move_step(struct replica *r, struct field f, bool redo, size_t *pos_cp,
                          struct err_info *why)
{
    struct text *t;
    enum err e = write_begin(r, f, &t, why);
    if (e)
        return e;
    struct undo_field *u = field_of(r, f, false);
    struct undo_stack *from = !u ? NULL : redo ? &u->redo : &u->undo;
    struct undo_stack *to = !u ? NULL : redo ? &u->undo : &u->redo;
    bool did = false;
    replica_undo_boundary(r);
    while (from && from->n && !did && !e) {
        struct undo_step s = from->steps[--from->n];
        e = reverse_step(r, f, t, &s, to, pos_cp, &did);
        step_fini(&s);
    }
    replica_undo_boundary(r);
    if (!e && !did)
        return err_set(why, ERR_NOT_FOUND,
                       redo ? "Nothing to redo here." : "Nothing to undo here.");
    return e ? err_set(why, e, "%s", err_text(e)) : ERR_OK;
}

enum err replica_undo(struct replica *r, struct field f, size_t *pos_cp, struct err_info *why)
{
    return move_step(r, f, false, pos_cp, why);
}

enum err replica_redo(struct replica *r, struct field f, size_t *pos_cp, struct err_info *why)
{
    return move_step(r, f, true, pos_cp, why);
}
