/* After a fresh snapshot: one's own unacknowledged work is put on it again. Normally the very
 * operations fit. When the server gave another agent number, or something of it does not fit, the
 * words are typed again, at the places where they stood. */
#include "client/link/replica_internal.h"

#include <stdlib.h>
#include <string.h>

/* ---- a copy that shows the old work ---- */

static struct audit *clean_copy(const struct replica *r, const struct replica_joined *j)
{
    struct audit *a = NULL;
    enum err e = audit_decode(r->template, j->snapshot, j->snapshot_len, &a, NULL);
    for (size_t i = 0; i < j->nevents && !e; i++)
        if (j->events[i].seq > audit_seq(a))
            e = audit_apply(a, &j->events[i]);
    if (e) {
        audit_free(a);
        a = NULL;
    }
    return a;
}

static bool item_is_there(const struct audit *a, struct field f)
{
    const struct part_def *def = part_find((enum part)f.part);
    return !f.item || !def || def->list == PART_NONE ||
           audit_item_exists(a, f.question, def->list, f.item);
}

static bool show_on(struct audit *a, const struct pending *p, uint32_t agent)
{
    if (p->kind == OP_TEXT && !item_is_there(a, p->field))
        return false;
    struct audit_op op;
    pending_op(p, &op);
    struct event_body body = {.agent = agent, .ops = &op, .nops = 1};
    return audit_apply_local(a, &body) == ERR_OK;
}

/* Shows every pending operation on `a`; one that does not fit any more is kept aside as words.
 * Returns how many did not fit. */
static size_t show_all(struct replica *r, struct audit *a, uint32_t agent)
{
    size_t failed = 0;
    for (size_t i = 0; i < r->nbatches; i++)
        for (size_t k = 0; k < r->batches[i]->nops;) {
            struct pending *p = &r->batches[i]->ops[k];
            if ((p->kind != OP_TEXT && p->kind != OP_ITEM_ADD) || show_on(a, p, agent)) {
                k++;
                continue;
            }
            failed++;
            struct field f = p->field;
            char *words = p->words.len ? strdup(buf_cstr(&p->words)) : NULL;
            static const char *why = "The place where this was written is not there any more.";
            struct replica_news n = {.kind = NEWS_REFUSED, .field = f, .text = why, .kept = words};
            keep_words(r, f, words, why);
            batch_remove_op(r, i, k);
            replica_tell(r, &n);
            free(words);
        }
    return failed;
}

/* ---- one text, from how it looked to how it stands ---- */

struct group {
    struct text_id after; /* the known character before the words; agent 0: the start */
    struct buf words;
};
struct strike {
    struct text_id id;
    uint32_t len;
};
struct difference {
    const struct text *fresh; /* may be NULL: empty */
    uint32_t agent;           /* the old one */
    uint32_t confirmed;       /* its characters from here on are not known to the server */
    struct text_id last;
    struct group *groups;
    size_t ngroups;
    struct strike *strikes;
    size_t nstrikes;
    bool failed;
};

static void difference_fini(struct difference *d)
{
    for (size_t i = 0; i < d->ngroups; i++)
        buf_free(&d->groups[i].words);
    free(d->groups);
    free(d->strikes);
}

static void add_words(struct difference *d, const void *words, size_t len)
{
    struct group *g = d->ngroups ? &d->groups[d->ngroups - 1] : NULL;
    if (!g || g->after.agent != d->last.agent || g->after.seq != d->last.seq) {
        struct group *grown = realloc(d->groups, (d->ngroups + 1) * sizeof *grown);
        if (!grown) {
            d->failed = true;
            return;
        }
        d->groups = grown;
        g = &d->groups[d->ngroups++];
        *g = (struct group){.after = d->last};
    }
    buf_append(&g->words, words, len);
}

static void add_strike(struct difference *d, struct text_id id, size_t len)
{
    struct strike *grown = realloc(d->strikes, (d->nstrikes + 1) * sizeof *grown);
    if (!grown) {
        d->failed = true;
        return;
    }
    d->strikes = grown;
    d->strikes[d->nstrikes++] = (struct strike){id, (uint32_t)len};
}

static bool visible_at(const struct text *t, struct text_id id, size_t *pos_cp)
{
    struct text_anchor a = {id, TEXT_BEFORE};
    if (text_anchor_pos(t, a, pos_cp) || *pos_cp >= text_len_cp(t))
        return false;
    struct text_id at = text_id_at(t, *pos_cp);
    return at.agent == id.agent && at.seq == id.seq;
}

/* Characters that show here although the server has them struck out: an undo of mine that it does
 * not know. They are typed again. */
static void add_restored(struct difference *d, const struct text_run *run)
{
    const char *p = run->utf8, *end = p + run->len_bytes;
    for (uint32_t i = 0; i < run->len_cp && p < end; i++) {
        const char *next = p + 1;
        while (next < end && ((unsigned char)*next & 0xc0) == 0x80)
            next++;
        size_t pos;
        d->last = (struct text_id){run->id.agent, run->id.seq + i};
        if (d->fresh && !visible_at(d->fresh, d->last, &pos))
            add_words(d, p, (size_t)(next - p));
        p = next;
    }
}

static void on_part(struct difference *d, const struct text_run *run)
{
    bool mine = run->id.agent == d->agent && run->id.seq >= d->confirmed;
    if (mine) {
        if (!run->deleted)
            add_words(d, run->utf8, run->len_bytes);
        return;
    }
    if (!run->deleted)
        add_restored(d, run);
    else if (run->deleted_by == d->agent && run->deleted_when == TEXT_WHEN_PENDING)
        add_strike(d, run->id, run->len_cp);
    d->last = (struct text_id){run->id.agent, run->id.seq + (uint32_t)run->len_cp - 1};
}

/* The first `len_cp` characters of a run, and what is left of it. */
static struct text_run cut_run(struct text_run *run, size_t len_cp)
{
    struct text_run head = *run;
    size_t bytes = 0;
    for (size_t n = len_cp; run->utf8 && n; n--) {
        bytes++;
        while (bytes < run->len_bytes && ((unsigned char)run->utf8[bytes] & 0xc0) == 0x80)
            bytes++;
    }
    head.len_cp = len_cp;
    head.len_bytes = bytes;
    run->id.seq += (uint32_t)len_cp;
    run->len_cp -= len_cp;
    run->len_bytes -= bytes;
    if (run->utf8)
        run->utf8 += bytes;
    return head;
}

static bool on_run(void *user, const struct text_run *run)
{
    struct difference *d = user;
    struct text_run rest = *run;
    if (rest.id.agent == d->agent && rest.id.seq < d->confirmed &&
        rest.id.seq + rest.len_cp > d->confirmed) {
        struct text_run known = cut_run(&rest, d->confirmed - rest.id.seq);
        on_part(d, &known);
    }
    on_part(d, &rest);
    return !d->failed;
}

static enum err type_again(struct replica *r, struct field f, struct text *t, const struct group *g)
{
    struct text_anchor after = {g->after, TEXT_AFTER};
    size_t pos_cp = 0;
    if (g->after.agent && text_anchor_pos(t, after, &pos_cp)) {
        keep_words(r, f, buf_cstr((struct buf *)(uintptr_t)&g->words), "");
        return ERR_OK;
    }
    return write_pieces(r, f, t, pos_cp, g->words.data, g->words.len);
}

static enum err strike_again(struct replica *r, struct field f, struct text *t, struct strike s)
{
    struct buf blob = BUF_INIT;
    enum err e = ERR_OK;
    for (uint32_t i = 0; i < s.len && !e; i++) {
        size_t pos_cp;
        if (!visible_at(t, (struct text_id){s.id.agent, s.id.seq + i}, &pos_cp))
            continue;
        buf_clear(&blob);
        e = text_delete(t, r->agent, pos_cp, pos_cp + 1, TEXT_WHEN_PENDING, &blob);
        if (!e)
            e = write_blob(r, f, &blob, NULL, 0, 1);
    }
    buf_free(&blob);
    return e;
}

static enum err remake_text(struct replica *r, const struct text *shown, uint32_t old_agent,
                            struct field f)
{
    if (!shown)
        return ERR_OK;
    struct text *t = audit_text_edit(r->audit, f);
    if (!t)
        return ERR_NOMEM;
    struct difference d = {
        .fresh = t, .agent = old_agent, .confirmed = text_next_seq(t, old_agent)};
    text_runs(shown, 0, text_len_cp(shown), on_run, &d);
    enum err e = d.failed ? ERR_NOMEM : ERR_OK;
    for (size_t i = 0; i < d.ngroups && !e; i++)
        e = type_again(r, f, t, &d.groups[i]);
    for (size_t i = 0; i < d.nstrikes && !e; i++)
        e = strike_again(r, f, t, d.strikes[i]);
    difference_fini(&d);
    return e;
}

/* ---- everything ---- */

struct renamed {
    uint64_t was, is;
};
struct remaking {
    struct replica *r;
    const struct audit *shown;
    uint32_t old_agent;
    struct renamed *ids; /* of items and comments */
    size_t nids;
    struct field *texts; /* done already */
    size_t ntexts;
};

static uint64_t new_id(struct remaking *m, uint64_t was)
{
    struct renamed *grown = realloc(m->ids, (m->nids + 1) * sizeof *grown);
    if (!grown)
        return was;
    m->ids = grown;
    uint64_t is = event_local_id(m->r->agent, m->r->next_local++);
    m->ids[m->nids++] = (struct renamed){was, is};
    return is;
}

static uint64_t id_now(const struct remaking *m, uint64_t was)
{
    for (size_t i = 0; i < m->nids; i++)
        if (m->ids[i].was == was)
            return m->ids[i].is;
    return was;
}

static bool text_is_done(struct remaking *m, struct field f)
{
    for (size_t i = 0; i < m->ntexts; i++)
        if (field_equal(m->texts[i], f))
            return true;
    struct field *grown = realloc(m->texts, (m->ntexts + 1) * sizeof *grown);
    if (grown) {
        m->texts = grown;
        m->texts[m->ntexts++] = f;
    }
    return false;
}

/* The words that a comment was on, found again; else it is on the whole answer. */
static void find_quote(const struct replica *r, struct pending *p)
{
    const struct text *t = p->on_words ? audit_text(r->audit, p->field) : NULL;
    struct buf all = BUF_INIT;
    if (t)
        text_read(t, 0, text_len_cp(t), &all);
    const char *s = buf_cstr(&all), *at = p->quote && p->quote[0] ? strstr(s, p->quote) : NULL;
    p->on_words = t && at;
    if (p->on_words) {
        size_t start = (size_t)(at - s);
        p->start = text_anchor_at(t, text_cp_of_byte(t, start), TEXT_BEFORE);
        p->end = text_anchor_at(t, text_cp_of_byte(t, start + strlen(p->quote)), TEXT_AFTER);
    }
    buf_free(&all);
}

/* Takes `p` and makes it again. */
static enum err remake_op(struct remaking *m, struct pending *p)
{
    struct replica *r = m->r;
    struct field was = p->field;
    if (p->kind == OP_ITEM_ADD)
        p->field.item = new_id(m, p->field.item);
    else
        p->field.item = id_now(m, p->field.item);
    if (p->kind == OP_COMMENT_ADD) {
        p->comment = new_id(m, p->comment);
        find_quote(r, p);
    } else {
        p->comment = id_now(m, p->comment);
    }
    enum err e = ERR_OK;
    if (p->kind == OP_TEXT) {
        if (!text_is_done(m, was))
            e = remake_text(r, audit_text(m->shown, was), m->old_agent, p->field);
        pending_fini(p);
        return e;
    }
    if (p->kind == OP_ITEM_ADD && !show_on(r->audit, p, r->agent))
        e = ERR_NOMEM;
    struct pending *again =
        e ? NULL : batch_add(r, p->kind, p->field, p->value ? strlen(p->value) : 0);
    if (!again) {
        pending_fini(p);
        return ERR_NOMEM;
    }
    *again = *p;
    return ERR_OK;
}

static enum err remake_all(struct replica *r, const struct audit *shown, uint32_t old_agent)
{
    struct remaking m = {.r = r, .shown = shown, .old_agent = old_agent};
    struct batch **old = r->batches;
    size_t nold = r->nbatches;
    enum err e = ERR_OK;
    r->batches = NULL;
    r->nbatches = r->batches_cap = 0;
    for (size_t i = 0; i < nold; i++) {
        for (size_t k = 0; k < old[i]->nops; k++) {
            if (e)
                pending_fini(&old[i]->ops[k]);
            else
                e = remake_op(&m, &old[i]->ops[k]);
        }
        old[i]->nops = 0;
        batch_free(old[i]);
    }
    free(old);
    free(m.ids);
    free(m.texts);
    return e;
}

enum err remake(struct replica *r, uint32_t old_agent, const struct replica_joined *j)
{
    if (!r->nbatches)
        return ERR_OK;
    struct audit *shown = clean_copy(r, j);
    if (!shown)
        return ERR_NOMEM;
    size_t failed = show_all(r, shown, old_agent ? old_agent : r->agent);
    batches_tidy(r);
    if (!failed && (!old_agent || old_agent == r->agent)) {
        audit_free(r->audit);
        r->audit = shown;
        return ERR_OK;
    }
    enum err e = remake_all(r, shown, old_agent ? old_agent : r->agent);
    audit_free(shown);
    return e;
}
