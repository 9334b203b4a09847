/* What the server says about the audit: joining, events, acknowledgements, refusals. */
#include "client/link/replica_internal.h"

#include <stdlib.h>
#include <string.h>

/* ---- events ---- */

/* The cursor of who typed stands behind the last character that came. */
static void move_typist(struct replica *r, const struct event *e)
{
    for (size_t i = 0; i < r->nhere; i++) {
        struct replica_present *p = &r->here[i];
        if (!p->agent || p->agent != e->body.agent)
            continue;
        for (size_t k = 0; k < e->body.nops; k++) {
            const struct audit_op *op = &e->body.ops[k];
            const struct text *t = op->kind == OP_TEXT && field_equal(op->text.field, p->field)
                                       ? audit_text(r->audit, p->field)
                                       : NULL;
            uint32_t next = t ? text_next_seq(t, e->body.agent) : 0;
            if (!next)
                continue;
            if (!p->has_cursor || p->head.id.agent != e->body.agent || p->head.id.seq + 1 < next) {
                p->head = (struct text_anchor){
                    {e->body.agent, next - 1},
                    TEXT_AFTER
                };
                p->has_cursor = true;
                p->has_selection = false;
            }
        }
    }
}

static void tell_event(struct replica *r, const struct event *e)
{
    struct replica_news n = {.kind = NEWS_EVENT,
                             .person = e->actor,
                             .field =
                                 e->body.nops ? audit_op_field(&e->body.ops[0]) : (struct field){0},
                             .seq = e->seq,
                             .utc_ms = e->utc_ms,
                             .event = e};
    replica_tell(r, &n);
}

/* The first choice that rested on `was`, now event `seq`, can go. */
static void release(struct replica *r, const struct pending *was, uint64_t seq)
{
    if (r->audit) { /* on joining, it may have been folded with others behind it */
        struct audit_value now = audit_value(r->audit, was->field);
        seq = now.rev && now.by == r->me.person ? now.rev : seq;
    }
    for (size_t i = 0; i < r->nbatches; i++)
        for (size_t k = 0; k < r->batches[i]->nops; k++) {
            struct pending *p = &r->batches[i]->ops[k];
            if (p->kind != OP_SET || !field_equal(p->field, was->field) || !p->base_is_own)
                continue;
            p->base_is_own = false;
            p->base_rev = seq;
            return;
        }
}

/* The first batch has been folded as event `seq`. Returns new: free it with batch_free. */
static struct batch *take_acked(struct replica *r, uint64_t seq)
{
    struct batch *b = r->batches[0];
    r->acked_no = b->no;
    memmove(&r->batches[0], &r->batches[1], (r->nbatches - 1) * sizeof r->batches[0]);
    r->nbatches--;
    for (size_t i = 0; i < b->nops; i++)
        if (b->ops[i].kind == OP_SET)
            release(r, &b->ops[i], seq);
    r->unsaved_version++;
    return b;
}

static enum err apply(struct replica *r, const struct event *e, struct err_info *why)
{
    enum err err = audit_apply(r->audit, e);
    if (err)
        return err_set(why, ERR_CORRUPT,
                       "Event %llu does not fit the audit here (%s); it is read again.",
                       (unsigned long long)e->seq, err_name(err));
    replica_changed(r);
    return ERR_OK;
}

static bool is_first_pending(const struct replica *r, const struct event *e)
{
    return e->body.agent && e->body.agent == r->agent && r->nbatches &&
           r->batches[0]->no == e->body.batch_no;
}

enum err replica_event(struct replica *r, const struct event *e, struct err_info *why)
{
    if (!r->audit || e->seq <= audit_seq(r->audit))
        return ERR_OK; /* known already */
    enum err err = apply(r, e, why);
    if (err)
        return err;
    if (is_first_pending(r, e))
        batch_free(take_acked(r, e->seq));
    else if (e->body.agent && e->body.agent == r->agent && e->body.batch_no > r->acked_no)
        r->acked_no = e->body.batch_no;
    move_typist(r, e);
    tell_event(r, e);
    return ERR_OK;
}

enum err replica_acked(struct replica *r, uint64_t batch_no, uint64_t seq, int64_t utc_ms,
                       struct err_info *why)
{
    if (!r->nbatches || batch_no < r->batches[0]->no)
        return ERR_OK; /* its event came another way */
    struct batch *b = r->batches[0];
    if (b->no != batch_no || !b->sent)
        return err_set(why, ERR_CORRUPT, "The server acknowledged what was not sent.");
    if (seq <= audit_seq(r->audit)) { /* a retry; folded before */
        batch_free(take_acked(r, seq));
        replica_changed(r);
        return ERR_OK;
    }
    struct event e = {.seq = seq, .utc_ms = utc_ms, .actor = r->me.person};
    struct audit_op *ops = calloc(b->nops, sizeof *ops);
    if (!ops)
        return err_set(why, ERR_CORRUPT, "%s", err_text(ERR_NOMEM));
    batch_view(b, r->agent, ops, &e.body);
    enum err err = apply(r, &e, why);
    if (!err) {
        b = take_acked(r, seq);
        replica_changed(r);
        tell_event(r, &e); /* its operations lie in the batch */
        batch_free(b);
    }
    free(ops);
    return err;
}

/* ---- joining ---- */

static void drop_acked(struct replica *r, uint64_t batch_no)
{
    while (r->nbatches && r->batches[0]->no <= batch_no)
        batch_free(take_acked(r, r->audit ? audit_seq(r->audit) : 0));
}

static enum err join_events(struct replica *r, const struct replica_joined *j, struct caught_up *c,
                            struct err_info *why)
{
    enum err e = ERR_OK;
    for (size_t i = 0; i < j->nevents && !e; i++) {
        if (j->events[i].seq <= audit_seq(r->audit))
            continue;
        caught_up_event(c, r, &j->events[i], false);
        e = replica_event(r, &j->events[i], why);
        if (!e)
            caught_up_event(c, r, &j->events[i], true);
    }
    return e;
}

/* Only events: they continue what is here. */
static enum err join_tail(struct replica *r, const struct replica_joined *j, struct err_info *why)
{
    template_free(j->template);
    if (!r->audit)
        return err_set(why, ERR_CORRUPT, "The server sent no audit.");
    struct caught_up *c = j->after_break ? caught_up_new() : NULL;
    enum err e = join_events(r, j, c, why);
    if (!e && c)
        caught_up_tell(c, r);
    caught_up_free(c);
    if (e)
        return e;
    if (j->agent != r->agent) {
        drop_acked(r, audit_batch_no(r->audit, r->agent));
        if (r->nbatches) {
            r->need_fresh = true;
            return ERR_REJOIN;
        }
        r->agent = j->agent;
        r->next_local = 1;
        undo_forget(r, NULL);
    } else {
        drop_acked(r, j->batch_no);
    }
    r->acked_no = j->batch_no;
    batches_tidy(r);
    return ERR_OK;
}

static enum err join_snapshot(struct replica *r, const struct replica_joined *j,
                              struct err_info *why)
{
    struct template *t = j->template ? j->template : r->template;
    struct audit *fresh = NULL;
    enum err e = t ? audit_decode(t, j->snapshot, j->snapshot_len, &fresh, why) : ERR_CORRUPT;
    if (e) {
        template_free(j->template);
        return ERR_CORRUPT;
    }
    struct audit *before = r->audit;
    struct template *old_template = t != r->template ? r->template : NULL;
    uint32_t old_agent = r->agent;
    r->audit = fresh;
    r->template = t;
    r->agent = j->agent;
    e = join_events(r, j, NULL, why);
    if (!e) {
        r->need_fresh = false;
        r->nblocked = 0;
        drop_acked(r, old_agent == j->agent ? j->batch_no : audit_batch_no(fresh, old_agent));
        r->acked_no = j->batch_no;
        if (old_agent && old_agent != j->agent)
            r->next_local = 1;
        batches_tidy(r);
        undo_forget(r, NULL); /* struck-out words are not in a snapshot: they cannot come back */
        e = remake(r, old_agent, j);
    }
    struct caught_up *c = !e && j->after_break && before ? caught_up_new() : NULL;
    if (c) {
        caught_up_snapshot(c, r, before);
        caught_up_tell(c, r);
    }
    caught_up_free(c);
    audit_free(before);
    template_free(old_template);
    return e;
}

enum err replica_join(struct replica *r, const struct replica_joined *j, struct err_info *why)
{
    enum err e = j->snapshot ? join_snapshot(r, j, why) : join_tail(r, j, why);
    r->cursor_dirty = r->cursor_field.question != 0;
    replica_changed(r);
    return e;
}

/* ---- refusals ---- */

/* Each operation in a batch of its own: then it is known which of them is refused. */
static bool split(struct replica *r, size_t at)
{
    struct batch *b = r->batches[at];
    while (b->nops > 1) {
        struct batch *last = batch_new_last(r); /* grows the array; moved to its place next */
        struct pending *one = calloc(1, sizeof *one);
        if (!last || !one) {
            free(one);
            return false;
        }
        *one = b->ops[--b->nops];
        last->ops = one;
        last->nops = last->cap = 1;
        last->bytes = b->bytes; /* at most */
        memmove(&r->batches[at + 2], &r->batches[at + 1],
                (r->nbatches - at - 2) * sizeof r->batches[0]);
        r->batches[at + 1] = last;
    }
    b->request = 0;
    buf_clear(&b->body);
    return true;
}

/* A refused text operation: nothing of mine in that answer can follow it. All of it is kept aside,
 * and the answer is read again. */
static void set_text_aside(struct replica *r, struct field f, const char *why, struct buf *words)
{
    for (size_t i = 0; i < r->nbatches; i++)
        for (size_t k = 0; k < r->batches[i]->nops;) {
            struct pending *p = &r->batches[i]->ops[k];
            if (p->kind != OP_TEXT || !field_equal(p->field, f)) {
                k++;
                continue;
            }
            buf_append(words, p->words.data, p->words.len);
            batch_remove_op(r, i, k);
        }
    struct field *grown = realloc(r->blocked, (r->nblocked + 1) * sizeof *grown);
    if (grown) {
        r->blocked = grown;
        r->blocked[r->nblocked++] = f;
    }
    r->need_fresh = true;
    undo_forget(r, &f);
    keep_words(r, f, buf_cstr(words), why);
}

/* What rested on a refused choice goes with it: it would wait for ever, and was made in ignorance
 * of what stands there now. */
static void drop_waiting(struct replica *r, struct field f)
{
    for (size_t i = 0; i < r->nbatches; i++)
        for (size_t k = r->batches[i]->nops; k-- > 0;) {
            const struct pending *p = &r->batches[i]->ops[k];
            if (p->kind == OP_SET && field_equal(p->field, f) && p->base_is_own)
                batch_remove_op(r, i, k);
        }
}

/* The one operation of batch `at` is refused. */
static void refuse_op(struct replica *r, size_t at, const struct replica_refusal *x)
{
    struct pending p = r->batches[at]->ops[0];
    struct buf words = BUF_INIT;
    struct err_info why;
    struct replica_news n = {.kind = NEWS_REFUSED, .field = p.field, .text = why.text};
    (void)err_set(&why, x->code, "%s", x->text && x->text[0] ? x->text : err_text(x->code));
    if (p.kind == OP_TEXT) {
        set_text_aside(r, p.field, why.text, &words);
        n.kept = buf_cstr(&words);
    } else {
        r->batches[at]->nops = 0; /* `p` owns it now */
        r->unsaved_version++;
        if (p.kind == OP_SET && x->code == ERR_STALE) {
            n.kind = NEWS_CONFLICT;
            n.theirs = x->their_value ? x->their_value : "";
            n.person = x->their_person;
        } else {
            keep_words(r, p.field, p.value, why.text);
        }
        n.kept = p.value;
        r->need_fresh |= p.kind == OP_ITEM_ADD;
        if (p.kind == OP_SET)
            drop_waiting(r, p.field);
    }
    batches_tidy(r);
    replica_changed(r);
    replica_tell(r, &n);
    buf_free(&words);
    if (p.kind != OP_TEXT)
        pending_fini(&p);
}

void replica_refused(struct replica *r, const struct replica_refusal *x)
{
    size_t at = 0;
    while (at < r->nbatches && r->batches[at]->no != x->batch_no)
        at++;
    if (at == r->nbatches)
        return;
    for (size_t i = at; i < r->nbatches; i++) { /* those behind it will be refused for the gap */
        r->batches[i]->request = 0;
        r->batches[i]->sent |= i == at;
    }
    if (r->batches[at]->nops > 1) {
        if (split(r, at))
            batches_tidy(r);
        replica_changed(r);
        return;
    }
    refuse_op(r, at, x);
}
