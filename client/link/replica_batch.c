/* Operations that are not acknowledged, and the batches they travel in. */
#include "client/link/replica_internal.h"

#include <stdlib.h>
#include <string.h>

void pending_fini(struct pending *p)
{
    buf_free(&p->blob);
    buf_free(&p->words);
    free(p->value);
    free(p->quote);
}

void batch_free(struct batch *b)
{
    if (!b)
        return;
    for (size_t i = 0; i < b->nops; i++)
        pending_fini(&b->ops[i]);
    free(b->ops);
    buf_free(&b->body);
    free(b);
}

struct batch *batch_new_last(struct replica *r)
{
    if (r->nbatches == r->batches_cap) {
        size_t cap = r->batches_cap ? 2 * r->batches_cap : 8;
        struct batch **grown = realloc(r->batches, cap * sizeof *grown);
        if (!grown)
            return NULL;
        r->batches = grown;
        r->batches_cap = cap;
    }
    struct batch *b = calloc(1, sizeof *b);
    if (!b)
        return NULL;
    b->no = r->acked_no + r->nbatches + 1;
    r->batches[r->nbatches++] = b;
    return b;
}

static struct batch *batch_open(struct replica *r)
{
    struct batch *b = r->nbatches ? r->batches[r->nbatches - 1] : NULL;
    if (b && !b->sent && b->bytes < BATCH_OPEN_BYTES && b->nops < BATCH_OPEN_OPS)
        return b;
    return batch_new_last(r);
}

enum { OP_OVERHEAD_BYTES = 32 }; /* of one operation in the encoded body, at most */

struct pending *batch_add(struct replica *r, enum op_kind kind, struct field f, size_t bytes)
{
    struct batch *b = batch_open(r);
    if (!b)
        return NULL;
    if (b->nops == b->cap) {
        size_t cap = b->cap ? 2 * b->cap : 4;
        struct pending *grown = realloc(b->ops, cap * sizeof *grown);
        if (!grown)
            return NULL;
        b->ops = grown;
        b->cap = cap;
    }
    struct pending *p = &b->ops[b->nops++];
    *p = (struct pending){.kind = kind, .field = f};
    b->bytes += bytes + OP_OVERHEAD_BYTES;
    r->unsaved_version++;
    return p;
}

struct pending *batch_find_open(struct replica *r, enum op_kind kind, struct field f)
{
    struct batch *b = r->nbatches ? r->batches[r->nbatches - 1] : NULL;
    if (!b || b->sent || b->bytes >= BATCH_OPEN_BYTES)
        return NULL;
    for (size_t i = 0; i < b->nops; i++)
        if (b->ops[i].kind == kind && field_equal(b->ops[i].field, f))
            return &b->ops[i];
    return NULL;
}

struct pending *batch_text(struct replica *r, struct field f, size_t bytes)
{
    struct pending *p = batch_find_open(r, OP_TEXT, f);
    if (!p)
        return batch_add(r, OP_TEXT, f, bytes);
    r->batches[r->nbatches - 1]->bytes += bytes;
    r->unsaved_version++;
    return p;
}

void batch_remove_op(struct replica *r, size_t batch, size_t op)
{
    struct batch *b = r->batches[batch];
    pending_fini(&b->ops[op]);
    memmove(&b->ops[op], &b->ops[op + 1], (b->nops - op - 1) * sizeof b->ops[0]);
    b->nops--;
    r->unsaved_version++;
}

void batches_tidy(struct replica *r)
{
    size_t n = 0;
    for (size_t i = 0; i < r->nbatches; i++) {
        struct batch *b = r->batches[i];
        if (!b->nops) {
            batch_free(b);
            continue;
        }
        uint64_t no = r->acked_no + n + 1;
        if (b->no != no) {
            r->renumbered = true;
            b->no = no;
            b->request = 0;
            buf_clear(&b->body); /* encoded again when it is sent */
        }
        r->batches[n++] = b;
    }
    r->nbatches = n;
}

/* ---- to the wire's form ---- */

void pending_op(const struct pending *p, struct audit_op *op)
{
    *op = (struct audit_op){.kind = p->kind};
    switch (p->kind) {
    case OP_TEXT:
        op->text = (struct op_text){p->field, p->blob.data, p->blob.len};
        return;
    case OP_SET:
        op->set = (struct op_set){p->field, p->value, p->base_rev};
        return;
    case OP_ITEM_ADD:
    case OP_ITEM_REMOVE:
        op->item = (struct op_item){p->field, p->base_rev};
        return;
    case OP_COMMENT_ADD:
    case OP_COMMENT_REPLY:
    case OP_COMMENT_RESOLVE:
        op->comment = (struct op_comment){.comment = p->comment,
                                          .field = p->field,
                                          .start = p->start,
                                          .end = p->end,
                                          .on_words = p->on_words,
                                          .must_answer = p->must_answer,
                                          .text = p->value};
        return;
    case OP_CREATE:
    case OP_MEMBER_ADD:
    case OP_MEMBER_REMOVE:
    case OP_MOVE:
    case OP_HELD:
    case OP_SIGN:
    case OP_ASSIGN:
    case OP_FLAG:
    case OP_FLAG_NOTE:
    case OP_GLASS:
    case OP_GLASS_END:
    case OP_LINK:
    case OP_PLAN:
        break; /* a client makes none of these */
    }
}

void batch_view(const struct batch *b, uint32_t agent, struct audit_op *ops, struct event_body *out)
{
    for (size_t i = 0; i < b->nops; i++)
        pending_op(&b->ops[i], &ops[i]);
    *out = (struct event_body){.agent = agent, .batch_no = b->no, .ops = ops, .nops = b->nops};
}

static bool must_wait(const struct batch *b)
{
    for (size_t i = 0; i < b->nops; i++)
        if (b->ops[i].base_is_own)
            return true;
    return false;
}

struct batch *replica_next_batch(struct replica *r)
{
    if (!r->agent || !r->audit || r->need_fresh)
        return NULL;
    for (size_t i = 0; i < r->nbatches; i++) {
        struct batch *b = r->batches[i];
        if (b->request)
            continue;
        if (must_wait(b))
            return NULL;
        if (!b->body.len) {
            struct audit_op *ops = calloc(b->nops, sizeof *ops);
            if (!ops)
                return NULL;
            struct event_body body;
            batch_view(b, r->agent, ops, &body);
            event_body_encode(&body, &b->body);
            free(ops);
            if (buf_failed(&b->body)) {
                buf_clear(&b->body);
                return NULL;
            }
        }
        b->sent = true;
        return b;
    }
    return NULL;
}

size_t replica_in_flight_bytes(const struct replica *r)
{
    size_t n = 0;
    for (size_t i = 0; i < r->nbatches; i++)
        if (r->batches[i]->request)
            n += r->batches[i]->body.len;
    return n;
}

void replica_line_lost(struct replica *r)
{
    for (size_t i = 0; i < r->nbatches; i++)
        r->batches[i]->request = 0;
}

struct batch *replica_batch_of_request(struct replica *r, uint32_t request)
{
    for (size_t i = 0; i < r->nbatches; i++)
        if (request && r->batches[i]->request == request)
            return r->batches[i];
    return NULL;
}
