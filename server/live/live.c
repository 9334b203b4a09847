#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "common/log.h"
#include "server/live/live_inner.h"

/* ---- the set ---- */

struct live *live_new(const struct live_hooks *hooks, const struct live_settings *settings,
                      struct store *store)
{
    struct live *l = calloc(1, sizeof *l);
    if (!l)
        return NULL;
    l->hooks = *hooks;
    l->settings = *settings;
    l->store = store;
    l->next_ms = INT64_MAX;
    l->jobs.prev = l->jobs.next = &l->jobs;
    return l;
}

static void audit_forget(struct live_audit *la)
{
    struct live *l = la->live;
    live_drop_state(la);
    for (size_t i = 0; i < la->nseats; i++)
        free(la->seats[i]);
    l->seats -= la->nseats;
    l->audits--;
    free(la->seats);
    free(la->given);
    free(la->ring);
    free(la);
}

void live_free(struct live *l)
{
    if (!l)
        return;
    while (l->jobs.next != &l->jobs) {
        struct job *j = l->jobs.next;
        live_job_end(j);
        j->drop(j);
    }
    for (size_t i = 0; i < BUCKETS; i++)
        while (l->buckets[i]) {
            struct live_audit *la = l->buckets[i];
            l->buckets[i] = la->next;
            audit_forget(la);
        }
    buf_free(&l->scratch);
    free(l);
}

void live_job_add(struct live *l, struct job *j)
{
    j->prev = l->jobs.prev;
    j->next = &l->jobs;
    j->prev->next = j->next->prev = j;
}

void live_job_end(struct job *j)
{
    j->prev->next = j->next;
    j->next->prev = j->prev;
}

void live_check_fatal(struct live *l)
{
    if (l->told_fatal || !store_is_dead(l->store))
        return;
    l->told_fatal = true;
    l->hooks.fatal(l->hooks.user, "the store refuses to go on after a failed write");
}

/* FNV-1a */
static struct live_audit **bucket_of(struct live *l, const char *ref)
{
    uint32_t h = 2166136261u;
    for (const char *p = ref; *p; p++)
        h = (h ^ (unsigned char)*p) * 16777619u;
    return &l->buckets[(h ^ h >> 16) % BUCKETS];
}

static struct live_audit *lookup(struct live *l, const char *ref)
{
    struct live_audit *la = *bucket_of(l, ref);
    while (la && strcmp(la->ref, ref))
        la = la->next;
    return la;
}

struct live_audit *live_find(struct live *l, const char *ref)
{
    struct live_audit *la = lookup(l, ref);
    return la && la->state == LIVE_READY ? la : NULL;
}

struct live_audit *live_pin(struct live *l, const char *ref)
{
    static const char no_audit[] =
        "?"; /* for names that no audit can have: asked for all the same */
    if (!*ref || strlen(ref) >= sizeof((struct live_audit *)0)->ref)
        ref = no_audit;
    struct live_audit *la = lookup(l, ref);
    if (la) {
        la->pins++;
        la->idle_since_ms = 0;
        return la;
    }
    la = calloc(1, sizeof *la);
    if (!la)
        return NULL;
    la->live = l;
    la->pins = 1;
    la->state = LIVE_LOADING;
    struct live_audit **bucket = bucket_of(l, ref);
    la->next = *bucket;
    *bucket = la;
    l->audits++;
    memcpy(la->ref, ref, strlen(ref));
    live_load(la);
    return la;
}

void live_unpin(struct live_audit *la)
{
    if (!la)
        return;
    assert(la->pins);
    la->pins--;
    live_settle(la);
}

void live_settle(struct live_audit *la)
{
    struct live *l = la->live;
    if (la->pins || la->nseats || la->appends || la->waiters || la->saving || la->delivering ||
        la->state == LIVE_LOADING || la->state == LIVE_FAILING) {
        la->idle_since_ms = 0;
        return;
    }
    if (la->state == LIVE_READY) {
        if (!la->idle_since_ms)
            la->idle_since_ms = l->mono_ms ? l->mono_ms : 1;
        if (l->mono_ms - la->idle_since_ms < l->settings.idle_audit_ms) {
            live_wake_at(l, la->idle_since_ms + l->settings.idle_audit_ms);
            return;
        }
    }
    struct live_audit **at = bucket_of(l, la->ref);
    while (*at != la)
        at = &(*at)->next;
    *at = la->next;
    audit_forget(la);
}

/* ---- loading ---- */

struct load_job {
    struct store_load load;
    struct job job;
    struct live_audit *la;
};

static void load_drop(struct job *j)
{
    struct load_job *lj = (struct load_job *)((char *)j - offsetof(struct load_job, job));
    buf_free(&lj->load.snapshot);
    free(lj->load.events);
    free(lj);
}

static enum err fold_stored(struct live_audit *la, struct audit *a, const struct store_event *se)
{
    struct event_body *b = NULL;
    enum err e = event_body_decode(se->body, se->body_len, &b, NULL);
    if (e)
        return e == ERR_NOMEM ? e : ERR_CORRUPT;
    const struct event ev = {.seq = se->seq, .utc_ms = se->utc_ms, .actor = se->actor, .body = *b};
    e = audit_apply(a, &ev);
    struct live_event *le = e ? NULL : calloc(1, sizeof *le + se->body_len);
    if (!e && !le)
        e = ERR_NOMEM;
    if (!e) {
        le->seq = se->seq;
        le->utc_ms = se->utc_ms;
        le->actor = se->actor;
        le->agent = b->agent;
        le->batch_no = b->batch_no;
        live_classify(a, b, le);
        le->body_len = se->body_len;
        memcpy(le->body, se->body, se->body_len);
        e = live_ring_push(la, le);
        if (e)
            live_event_free(le);
    }
    event_body_free(b);
    return e;
}

static enum err take_loaded(struct live_audit *la, const struct store_load *load)
{
    struct live *l = la->live;
    char id[32] = "";
    uint32_t version = 0;
    bool from_snapshot = load->snapshot.len > 0;
    if (!from_snapshot && !load->nevents)
        return ERR_CORRUPT;
    enum err e = from_snapshot ? audit_template_of(load->snapshot.data, load->snapshot.len, true,
                                                   id, &version)
                               : audit_template_of(load->events[0].body, load->events[0].body_len,
                                                   false, id, &version);
    if (e)
        return e;
    const struct template *t = l->hooks.template_find(l->hooks.user, id, version);
    if (!t) {
        log_error("live", "template_missing", "audit=%llu", (unsigned long long)load->audit);
        return ERR_CORRUPT;
    }
    struct audit *a = NULL;
    if (from_snapshot)
        e = audit_decode(t, load->snapshot.data, load->snapshot.len, &a, NULL);
    else if (!(a = audit_new(t)))
        e = ERR_NOMEM;
    la->first_seq = la->end_seq = a ? audit_seq(a) + 1 : 1;
    for (size_t i = 0; !e && i < load->nevents; i++)
        e = fold_stored(la, a, &load->events[i]);
    if (e) {
        audit_free(a);
        live_drop_state(la);
        return e;
    }
    la->audit = a;
    la->number = load->audit;
    la->next_agent = load->next_agent;
    la->saved_seq = load->snapshot_seq;
    la->snapshot_bytes = load->snapshot.len;
    la->delivered_seq = la->committed_seq = la->submitted_seq = audit_seq(a);
    return ERR_OK;
}

static void load_done(struct store_req *r)
{
    struct load_job *lj = (struct load_job *)r;
    struct live_audit *la = lj->la;
    live_job_end(&lj->job);
    enum err e = r->err;
    if (!e)
        e = take_loaded(la, &lj->load);
    if (e && e != ERR_NOT_FOUND)
        log_error("live", "load_failed", "audit=%llu err=%s", (unsigned long long)lj->load.audit,
                  err_name(e));
    load_drop(&lj->job);
    live_check_fatal(la->live);
    la->state = e ? LIVE_GONE : LIVE_READY;
    la->load_error = e;
    la->pins++;
    live_run_waiters(la, e, UINT64_MAX);
    la->pins--;
    live_settle(la);
}

void live_load(struct live_audit *la)
{
    struct live *l = la->live;
    struct load_job *lj = calloc(1, sizeof *lj);
    la->state = lj ? LIVE_LOADING : LIVE_GONE;
    la->load_error = ERR_NOMEM;
    if (!lj)
        return;
    lj->load.req = (struct store_req){.op = STORE_LOAD, .done = load_done};
    memcpy(lj->load.ref, la->ref, sizeof lj->load.ref);
    lj->job.drop = load_drop;
    lj->la = la;
    live_job_add(l, &lj->job);
    store_submit(l->store, &lj->load.req);
}

void live_drop_state(struct live_audit *la)
{
    for (uint64_t s = la->first_seq; s < la->end_seq; s++)
        live_event_free(la->ring[s & (la->ring_cap - 1)]);
    la->live->in_flight -= la->audit ? (size_t)(la->end_seq - 1 - la->committed_seq) : 0;
    la->first_seq = la->end_seq = 1;
    la->ring_bytes = 0;
    audit_free(la->audit);
    la->audit = NULL;
    la->delivered_seq = la->committed_seq = la->submitted_seq = 0;
    la->deliver_at_ms = 0;
    live_views_drop(la);
    live_save_drop(la);
}

/* ---- waiting ---- */

bool live_is_settled(const struct live_audit *la, uint64_t seq)
{
    return la->state == LIVE_READY && la->committed_seq >= seq;
}

void live_wait(struct live_audit *la, struct live_waiter *w, uint64_t seq)
{
    w->seq = seq;
    w->next = NULL;
    struct live_waiter **at = &la->waiters;
    while (*at)
        at = &(*at)->next;
    *at = w;
    if (la->state == LIVE_GONE) /* another try: it may have been made meanwhile */
        live_load(la);
    if (la->state == LIVE_GONE) /* not even memory to ask */
        live_wake_at(la->live, la->live->mono_ms);
}

void live_run_waiters(struct live_audit *la, enum err e, uint64_t upto_seq)
{
    struct live_waiter *due = NULL, **last = &due;
    for (struct live_waiter **at = &la->waiters; *at;) {
        struct live_waiter *w = *at;
        if (w->seq > upto_seq) {
            at = &w->next;
            continue;
        }
        *at = w->next;
        w->next = NULL;
        *last = w;
        last = &w->next;
    }
    while (due) {
        struct live_waiter *w = due;
        due = w->next;
        w->fn(w, e);
    }
}

const struct audit *live_state(const struct live_audit *la)
{
    return la->state == LIVE_READY ? la->audit : NULL;
}

uint64_t live_number(const struct live_audit *la)
{
    return la->number;
}

uint64_t live_committed_seq(const struct live_audit *la)
{
    return la->committed_seq;
}

/* ---- time ---- */

void live_wake_at(struct live *l, int64_t mono_ms)
{
    if (mono_ms < l->next_ms)
        l->next_ms = mono_ms;
}

int64_t live_next_ms(const struct live *l)
{
    return l->next_ms;
}

static void audit_time(struct live_audit *la)
{
    struct live *l = la->live;
    la->pins++;
    if (la->state == LIVE_GONE && la->waiters)
        live_run_waiters(la, la->load_error, UINT64_MAX);
    if (la->state == LIVE_FAILING && !la->appends)
        live_after_failure(la);
    if (la->deliver_at_ms) {
        if (la->deliver_at_ms <= l->mono_ms)
            live_deliver(la);
        else
            live_wake_at(l, la->deliver_at_ms);
    }
    la->pins--;
    live_settle(la);
}

void live_time(struct live *l, int64_t mono_ms, int64_t utc_ms)
{
    l->mono_ms = mono_ms;
    l->utc_ms = utc_ms;
    if (mono_ms < l->next_ms)
        return;
    l->next_ms = INT64_MAX;
    for (size_t i = 0; i < BUCKETS; i++)
        for (struct live_audit *la = l->buckets[i], *next; la; la = next) {
            next = la->next;
            audit_time(la);
        }
}

struct live_health live_health(const struct live *l)
{
    return (struct live_health){.audits = l->audits,
                                .seats = l->seats,
                                .events_in_flight = l->in_flight,
                                .events_total = l->events_total};
}
