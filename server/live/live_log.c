/* Events of an audit in memory: accepted, on their way to the store, durable, or lost together. */

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "common/log.h"
#include "server/live/live_inner.h"

/* ---- the ring of recent events ---- */

static size_t event_bytes(const struct live_event *e)
{
    return sizeof *e + e->body_len;
}

void live_event_free(struct live_event *e)
{
    if (!e)
        return;
    while (e->again) {
        struct live_again *next = e->again->next;
        free(e->again);
        e->again = next;
    }
    for (size_t i = 0; i < e->nviews; i++)
        buf_free(&e->views[i].body);
    free(e->views);
    free(e);
}

enum err live_ring_push(struct live_audit *la, struct live_event *e)
{
    assert(e->seq == la->end_seq);
    if (la->end_seq - la->first_seq >= la->ring_cap) {
        size_t cap = la->ring_cap ? la->ring_cap * 2 : 64;
        struct live_event **ring = calloc(cap, sizeof(struct live_event *));
        if (!ring)
            return ERR_NOMEM;
        for (uint64_t s = la->first_seq; s < la->end_seq; s++)
            ring[s & (cap - 1)] = la->ring[s & (la->ring_cap - 1)];
        free(la->ring);
        la->ring = ring;
        la->ring_cap = cap;
    }
    la->ring[la->end_seq++ & (la->ring_cap - 1)] = e;
    la->ring_bytes += event_bytes(e);
    return ERR_OK;
}

const struct live_event *live_event_at(const struct live_audit *la, uint64_t seq)
{
    assert(seq >= la->first_seq && seq < la->end_seq);
    return la->ring[seq & (la->ring_cap - 1)];
}

const struct live_event *live_event_find(const struct live_audit *la, uint64_t seq)
{
    return seq >= la->first_seq && seq < la->end_seq ? live_event_at(la, seq) : NULL;
}

/* Delivered events stay while all of them are fewer bytes than a snapshot: that long a tail is the
 * better answer to somebody who comes back. */
void live_ring_trim(struct live_audit *la)
{
    const size_t least = 64 * 1024;
    size_t keep = la->snapshot_bytes > least ? la->snapshot_bytes : least;
    uint64_t until = la->delivered_seq;
    for (size_t i = 0; la->ring_bytes > keep && i < la->nseats; i++)
        if (la->seats[i]->held_back && la->seats[i]->last_seq < until)
            until = la->seats[i]->last_seq;
    while (la->ring_bytes > keep && la->first_seq <= until) {
        struct live_event *e = la->ring[la->first_seq++ & (la->ring_cap - 1)];
        la->ring_bytes -= event_bytes(e);
        live_event_free(e);
    }
}

/* ---- to the store ---- */

struct append_job {
    struct store_append append;
    struct job job;
    struct live_audit *la;
    uint64_t last_seq;
    struct store_summary summary;
    struct store_member *members;
    struct store_projection duties;
    struct store_event events[];
};

static void append_drop(struct job *j)
{
    struct append_job *aj = (struct append_job *)((char *)j - offsetof(struct append_job, job));
    free(aj->members);
    free(aj->duties.duties);
    free(aj);
}

static void append_done(struct store_req *r);

/* What the store keeps beside the log, as of the last event. */
static enum err fill_projection(struct live_audit *la, struct append_job *aj, bool members,
                                bool duties)
{
    static const struct store_duty none;
    struct live *l = la->live;
    enum err e = ERR_OK;
    summary_of(la->audit, &aj->summary);
    aj->append.summary = &aj->summary;
    if (members)
        e = summary_members_of(la->audit, &aj->members, &aj->append.nmembers);
    aj->append.members = aj->members;
    if (!e && duties && l->hooks.project) {
        e = l->hooks.project(l->hooks.user, la->audit, &aj->duties);
        aj->append.duties = aj->duties.duties ? aj->duties.duties : &none;
        aj->append.nduties = aj->duties.nduties;
    }
    return e;
}

/* Sends everything that is not submitted yet, as one request. */
static enum err submit_gathered(struct live_audit *la)
{
    struct live *l = la->live;
    size_t n = (size_t)(la->end_seq - 1 - la->submitted_seq);
    if (!n || la->appends >= APPENDS_AT_ONCE)
        return ERR_OK;
    struct append_job *aj = malloc(sizeof *aj + n * sizeof *aj->events);
    if (!aj)
        return ERR_NOMEM;
    memset(aj, 0, sizeof *aj);
    bool members = false, duties = false;
    for (size_t i = 0; i < n; i++) {
        const struct live_event *e = live_event_at(la, la->submitted_seq + 1 + i);
        members = members || e->agent == 0;
        duties = duties || e->changes_duties;
        aj->events[i] = (struct store_event){.seq = e->seq,
                                             .utc_ms = e->utc_ms,
                                             .actor = e->actor,
                                             .body = e->body,
                                             .body_len = e->body_len};
    }
    if (fill_projection(la, aj, members, duties)) {
        append_drop(&aj->job);
        return ERR_NOMEM;
    }
    aj->append.req = (struct store_req){.op = STORE_APPEND, .done = append_done};
    aj->append.audit = la->number;
    aj->append.expected_seq = la->submitted_seq;
    aj->append.events = aj->events;
    aj->append.nevents = n;
    aj->job.drop = append_drop;
    aj->la = la;
    aj->last_seq = la->submitted_seq = la->end_seq - 1;
    la->appends++;
    live_job_add(l, &aj->job);
    store_submit(l->store, &aj->append.req);
    return ERR_OK;
}

/* ---- lost together ---- */

static void tell_author(struct live_audit *la, uint64_t seat, uint32_t request, uint64_t batch_no,
                        enum err e)
{
    struct live_seat *s = live_seat_find(la, seat);
    if (s && !s->waiting)
        la->live->hooks.not_stored(la->live->hooks.user, s, request, batch_no, e);
}

/* Everything in flight is lost: its writers are told, everybody must join again, and what is in
 * memory is read again once the requests on their way are back. */
static void fail(struct live_audit *la, enum err e)
{
    if (la->state != LIVE_READY)
        return;
    log_error("live", "events_lost", "audit=%llu from=%llu to=%llu err=%s",
              (unsigned long long)la->number, (unsigned long long)la->committed_seq + 1,
              (unsigned long long)la->end_seq - 1, err_name(e));
    la->state = LIVE_FAILING;
    live_deliver(la); /* what was gathered for a moment is durable */
    for (uint64_t s = la->committed_seq + 1; s < la->end_seq; s++) {
        const struct live_event *ev = live_event_at(la, s);
        tell_author(la, ev->author_seat, ev->request, ev->batch_no, e);
        for (const struct live_again *g = ev->again; g; g = g->next)
            tell_author(la, g->seat, g->request, ev->batch_no, e);
    }
    live_close_all_seats(la, ERR_REJOIN);
}

void live_after_failure(struct live_audit *la)
{
    live_drop_state(la);
    la->state = LIVE_GONE;
    la->load_error = ERR_REJOIN;
    la->pins++;
    live_run_waiters(la, ERR_REJOIN, UINT64_MAX);
    la->pins--;
}

static void committed(struct live_audit *la, uint64_t seq)
{
    struct live *l = la->live;
    l->in_flight -= (size_t)(seq - la->committed_seq);
    l->events_total += seq - la->committed_seq;
    la->committed_seq = seq;
    la->pins++;
    if (la->waiters)
        live_run_waiters(la, ERR_OK, seq);
    live_deliver_soon(la);
    if (la->state == LIVE_READY && submit_gathered(la))
        fail(la, ERR_NOMEM);
    if (la->state == LIVE_READY)
        live_save_due(la);
    la->pins--;
}

static void append_done(struct store_req *r)
{
    struct append_job *aj = (struct append_job *)r;
    struct live_audit *la = aj->la;
    enum err e = r->err;
    uint64_t seq = aj->last_seq;
    live_job_end(&aj->job);
    append_drop(&aj->job);
    la->appends--;
    if (e)
        fail(la, e);
    else if (la->state == LIVE_READY)
        committed(la, seq);
    live_check_fatal(la->live);
    if (la->state == LIVE_FAILING && !la->appends)
        live_after_failure(la);
    live_settle(la);
}

/* ---- accepting ---- */

/* Text and choices of ordinary questions look the same to everybody in the room; voices, blind
 * grades and the worker's view of themselves may not, and what the server writes changes who sees
 * what. */
static bool is_plain_field(const struct audit *a, struct field f)
{
    const struct question *q = template_question(audit_template(a), f.question);
    bool own = q && q->use && !strcmp(q->use, "self_assessment");
    return q && !(q->kinds & KIND_VOICE) && !q->blind && !own;
}

void live_classify(const struct audit *a, const struct event_body *b, struct live_event *e)
{
    for (size_t i = 0; i < b->nops; i++) {
        const struct audit_op *op = &b->ops[i];
        const struct audit_comment *c;
        bool plain = false, rights = false;
        switch (op->kind) {
        case OP_TEXT:
            plain = is_plain_field(a, op->text.field);
            break;
        case OP_SET:
            plain = is_plain_field(a, op->set.field);
            rights = !plain;
            break;
        case OP_ITEM_ADD:
        case OP_ITEM_REMOVE:
            plain = is_plain_field(a, op->item.field);
            break;
        case OP_COMMENT_ADD:
            plain = is_plain_field(a, op->comment.field);
            break;
        case OP_COMMENT_REPLY:
        case OP_COMMENT_RESOLVE:
            c = audit_comment_find(a, op->comment.comment);
            plain = c && is_plain_field(a, c->field);
            break;
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
            rights = true;
            break;
        }
        e->special = e->special || !plain;
        e->changes_rights = e->changes_rights || rights;
    }
}

static struct live_event *event_make(struct live_audit *la, const struct event_body *b,
                                     uint32_t actor)
{
    struct live *l = la->live;
    buf_clear(&l->scratch);
    event_body_encode(b, &l->scratch);
    struct live_event *e = buf_failed(&l->scratch) ? NULL : malloc(sizeof *e + l->scratch.len);
    if (!e)
        return NULL;
    int64_t last_ms = audit_utc_ms(la->audit);
    *e = (struct live_event){.seq = audit_seq(la->audit) + 1,
                             .utc_ms = l->utc_ms > last_ms ? l->utc_ms : last_ms,
                             .actor = actor,
                             .agent = b->agent,
                             .batch_no = b->batch_no,
                             .body_len = l->scratch.len};
    memcpy(e->body, l->scratch.data, l->scratch.len);
    return e;
}

/* Typing on in a text changes nothing that anybody has to do; its first words, and taking out its
 * last, may, and what an action is to do is told with it. */
static bool text_counts(const struct audit *a, const struct event_body *b)
{
    for (size_t i = 0; i < b->nops; i++) {
        const struct audit_op *op = &b->ops[i];
        const struct text *t = op->kind == OP_TEXT ? audit_text(a, op->text.field) : NULL;
        if (op->kind != OP_TEXT || op->text.field.part == PART_SPECIFIC || !t || !text_len_cp(t))
            return true;
    }
    return false;
}

/* `b` has passed audit_check. On failure memory ran out half-way: the audit is read again. */
static enum err accept_event(struct live_audit *la, const struct event_body *b, uint32_t actor,
                             uint64_t author_seat, uint32_t request)
{
    struct live *l = la->live;
    struct live_event *e = event_make(la, b, actor);
    if (!e)
        return ERR_NOMEM;
    e->author_seat = author_seat;
    e->request = request;
    const struct event ev = {.seq = e->seq, .utc_ms = e->utc_ms, .actor = actor, .body = *b};
    if (live_ring_push(la, e)) {
        live_event_free(e);
        return ERR_NOMEM;
    }
    l->in_flight++;
    e->changes_duties = text_counts(la->audit, b); /* was it empty before ... */
    if (audit_apply(la->audit, &ev))
        return ERR_NOMEM;
    e->changes_duties = e->changes_duties || text_counts(la->audit, b); /* ... or is it now? */
    live_classify(la->audit, b, e);
    if (e->special && !live_make_views(la, e, b))
        return ERR_NOMEM;
    if (e->changes_rights)
        live_views_drop(la);
    return submit_gathered(la);
}

static enum err take_event(struct live_audit *la, const struct event_body *b, uint32_t actor,
                           uint64_t author_seat, uint32_t request, struct err_info *why)
{
    uint64_t before = la->end_seq;
    enum err e = accept_event(la, b, actor, author_seat, request);
    if (!e)
        return ERR_OK;
    if (la->end_seq != before)
        fail(la, e); /* tells this writer too */
    if (la->state == LIVE_FAILING && !la->appends)
        live_wake_at(la->live, la->live->mono_ms);
    return la->end_seq != before ? ERR_OK : err_set(why, e, "%s", err_text(e));
}

/* The batch is here already: is it durable? */
static enum err seen_before(struct live_seat *s, const struct event_body *b, uint32_t request,
                            struct err_info *why, uint64_t *seq)
{
    struct live_audit *la = s->audit;
    *seq = 0;
    for (uint64_t q = la->end_seq - 1; q >= la->first_seq && q; q--) {
        struct live_event *e = la->ring[q & (la->ring_cap - 1)];
        if (e->agent != b->agent || e->batch_no != b->batch_no)
            continue;
        *seq = q;
        if (q <= la->delivered_seq)
            return ERR_EXISTS;
        struct live_again *g = malloc(sizeof *g);
        if (!g)
            return err_set(why, ERR_NOMEM, "%s", err_text(ERR_NOMEM));
        *g = (struct live_again){.next = e->again, .seat = s->id, .request = request};
        e->again = g;
        return ERR_OK;
    }
    return ERR_EXISTS; /* older than the ring, which holds all that is in flight */
}

/* The site's limit of one answer, which may be lower than the format's. */
static enum err check_lengths(const struct live_audit *la, const struct event_body *b,
                              struct err_info *why)
{
    const struct text_limits limits = {.max_len_cp = la->live->settings.max_text_cp};
    for (size_t i = 0; i < b->nops; i++) {
        const struct op_text *op = &b->ops[i].text;
        if (b->ops[i].kind != OP_TEXT)
            continue;
        const struct text *t = audit_text(la->audit, op->field);
        if ((t ? text_len_cp(t) : 0) + op->blob_len <= limits.max_len_cp)
            continue; /* no character takes less than a byte */
        struct text *empty = t ? NULL : text_new();
        enum err e = t || empty
                         ? text_check(t ? t : empty, b->agent, op->blob, op->blob_len, &limits, why)
                         : ERR_NOMEM;
        text_free(empty);
        if (e == ERR_TOO_LARGE)
            return err_set(why, e, "An answer on this site holds at most %zu characters.",
                           limits.max_len_cp);
        if (e == ERR_NOMEM)
            return err_set(why, e, "%s", err_text(e));
    }
    return ERR_OK;
}

enum err live_edit(struct live_seat *s, const struct event_body *b, uint32_t request,
                   struct err_info *why, struct audit_conflict *conflict, uint64_t *seq)
{
    struct live_audit *la = s->audit;
    if (!s->agent || b->agent != s->agent || !b->batch_no)
        return err_set(why, ERR_INPUT,
                       "The batch is not numbered by the writer that this room gave you (%u).",
                       s->agent);
    if (la->state != LIVE_READY)
        return err_set(why, ERR_REJOIN, "%s", err_text(ERR_REJOIN));
    enum err e = audit_check(la->audit, &s->viewer, b, why, conflict);
    if (e == ERR_EXISTS && b->batch_no <= audit_batch_no(la->audit, b->agent))
        return seen_before(s, b, request, why, seq);
    if (e == ERR_STALE && (!conflict || conflict->rev > la->delivered_seq))
        return err_set(why, ERR_SLOW_DOWN, /* theirs may not be shown before it is durable */
                       "Somebody is changing this at the same moment; try again.");
    if (!e)
        e = check_lengths(la, b, why);
    if (e)
        return e;
    if (la->end_seq - 1 - la->committed_seq >= la->live->settings.max_events_in_flight)
        return err_set(why, ERR_SLOW_DOWN,
                       "Too much is on its way to the disk; your text stays with you, try again.");
    return take_event(la, b, s->viewer.person, s->id, request, why);
}

enum err live_act(struct live_audit *la, const struct viewer *v, const struct event_body *b,
                  struct err_info *why, uint64_t *seq)
{
    assert(!b->agent && !b->batch_no);
    if (la->state != LIVE_READY)
        return err_set(why, ERR_REJOIN, "%s", err_text(ERR_REJOIN));
    enum err e = audit_check(la->audit, v, b, why, NULL);
    if (!e)
        e = take_event(la, b, v->person, 0, 0, why);
    *seq = la->end_seq - 1;
    return e;
}

/* ---- keeping snapshots ---- */

struct save_job {
    struct store_save_snapshot save;
    struct job job;
    struct live_audit *la;
    struct buf data;
};

static void save_drop(struct job *j)
{
    struct save_job *sj = (struct save_job *)((char *)j - offsetof(struct save_job, job));
    buf_free(&sj->data);
    free(sj);
}

static void save_done(struct store_req *r)
{
    struct save_job *sj = (struct save_job *)r;
    struct live_audit *la = sj->la;
    if (r->err) /* the log has everything: only the next load takes longer */
        log_warn("live", "snapshot_not_kept", "audit=%llu seq=%llu err=%s",
                 (unsigned long long)sj->save.audit, (unsigned long long)sj->save.seq,
                 err_name(r->err));
    live_job_end(&sj->job);
    save_drop(&sj->job);
    la->saving = false;
    live_check_fatal(la->live);
    live_settle(la);
}

void live_save_drop(struct live_audit *la)
{
    if (la->save)
        save_drop(&la->save->job);
    la->save = NULL;
}

static struct save_job *save_make(struct live_audit *la)
{
    struct save_job *sj = calloc(1, sizeof *sj);
    if (!sj)
        return NULL;
    audit_encode(la->audit, NULL, &sj->data);
    if (buf_failed(&sj->data)) {
        save_drop(&sj->job);
        return NULL;
    }
    sj->save.req = (struct store_req){.op = STORE_SAVE_SNAPSHOT, .done = save_done};
    sj->save.audit = la->number;
    sj->save.seq = audit_seq(la->audit);
    sj->save.data = sj->data.data;
    sj->save.len = sj->data.len;
    sj->job.drop = save_drop;
    sj->la = la;
    la->saved_seq = sj->save.seq;
    la->snapshot_bytes = sj->data.len;
    return sj;
}

/* A large audit's snapshot is made less often, so that making it costs a like share of the work. A
 * snapshot is encoded from what is in memory and submitted when all of that is durable. */
void live_save_due(struct live_audit *la)
{
    uint64_t every = la->live->settings.snapshot_every_events + la->snapshot_bytes / 256;
    if (!la->save && !la->saving && audit_seq(la->audit) >= la->saved_seq + every)
        la->save = save_make(la);
    if (!la->save || la->save->save.seq > la->committed_seq)
        return;
    struct save_job *sj = la->save;
    la->save = NULL;
    la->saving = true;
    live_job_add(la->live, &sj->job);
    store_submit(la->live->store, &sj->save.req);
}
