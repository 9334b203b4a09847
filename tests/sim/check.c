#include "tests/sim/world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/utf8.h"

/* What must hold, seen from outside: from the log in the store and from what the screens showed. */

void check_step(struct world *w)
{
    for (int i = 0; i < SIM_MAX_LINES; i++) {
        const struct sim_line *l = &w->lines[i];
        if (l->used && l->to_client.bytes > 4u * 1024 * 1024)
            world_fail(w, "line %d: its queue has %zu bytes", i, l->to_client.bytes);
    }
    for (int i = 0; i < w->nclients; i++) {
        const struct sim_client *c = &w->clients[i];
        if (!c->link)
            continue;
        const struct audit *a = replica_audit(link_replica(c->link));
        struct replica_status s = replica_status(link_replica(c->link));
        if (a && s.saved == REPLICA_SAVED && (s.pending_chars || s.pending_ops))
            world_fail(w, "client %d: says saved with %zu characters pending", i, s.pending_chars);
        if (a && s.saved == REPLICA_SAVED && !link_all_acknowledged(c->link))
            world_fail(w, "client %d: says saved with batches on their way", i);
    }
    struct core_health h = w->core ? core_health(w->core) : (struct core_health){0};
    if (h.audits_in_memory > 1)
        world_fail(w, "%zu audits in memory, there is only one", h.audits_in_memory);
}

static bool load_events(struct world *w, struct store_events *page)
{
    *page = (struct store_events){.req.op = STORE_EVENTS,
                                  .audit = w->audit,
                                  .from_seq = 1,
                                  .max_events = UINT32_MAX,
                                  .max_bytes = SIZE_MAX};
    enum err e = server_store_now(w, &page->req);
    if (e)
        world_fail(w, "the log cannot be read: %s", err_name(e));
    return !e;
}

/* The last batch of each agent while walking the log. */
struct agents {
    uint64_t last[4096];
};

static void check_batch(struct world *w, struct agents *agents, const struct event_body *b,
                        uint64_t seq)
{
    if (!b->agent)
        return;
    if (b->agent >= 4096) {
        world_fail(w, "agent %u: numbers are being wasted", b->agent);
        return;
    }
    if (b->batch_no != agents->last[b->agent] + 1)
        world_fail(w, "event %llu: agent %u's batch %llu follows its batch %llu",
                   (unsigned long long)seq, b->agent, (unsigned long long)b->batch_no,
                   (unsigned long long)agents->last[b->agent]);
    agents->last[b->agent] = b->batch_no;
}

static void check_acks(struct world *w, const struct store_events *page)
{
    for (size_t i = 0; i < w->nacks && !world_failed(w); i++) {
        const struct sim_ack *ack = &w->acks[i];
        struct event_body *b = NULL;
        if (ack->seq > page->nevents) {
            world_fail(w, "event %llu was acknowledged and is not in the log (%zu events)",
                       (unsigned long long)ack->seq, page->nevents);
            return;
        }
        const struct store_event *e = &page->events[ack->seq - 1];
        if (event_body_decode(e->body, e->body_len, &b, NULL) || b->agent != ack->agent ||
            b->batch_no != ack->batch_no)
            world_fail(w, "event %llu in the log is not the batch that was acknowledged",
                       (unsigned long long)ack->seq);
        event_body_free(b);
    }
}

void check_log(struct world *w)
{
    struct store_events page;
    if (world_failed(w) || !load_events(w, &page))
        return;
    struct agents *agents = calloc(1, sizeof *agents);
    for (size_t i = 0; i < page.nevents && !world_failed(w); i++) {
        struct event_body *b = NULL;
        if (page.events[i].seq != i + 1)
            world_fail(w, "the log's event %zu has number %llu", i + 1,
                       (unsigned long long)page.events[i].seq);
        else if (event_body_decode(page.events[i].body, page.events[i].body_len, &b, NULL))
            world_fail(w, "event %zu in the log cannot be read", i + 1);
        else
            check_batch(w, agents, b, i + 1);
        event_body_free(b);
    }
    if (w->shown_seq > page.nevents)
        world_fail(w, "event %llu was on a screen and is not in the log (%zu events)",
                   (unsigned long long)w->shown_seq, page.nevents);
    check_acks(w, &page);
    if (w->races && !world_failed(w))
        check_life(w, &page);
    free(agents);
    free(page.events);
}

static struct audit *fold_log(struct world *w)
{
    struct store_events page;
    if (!load_events(w, &page))
        return NULL;
    struct audit *a = audit_new(w->fca);
    for (size_t i = 0; i < page.nevents && !world_failed(w); i++) {
        const struct store_event *s = &page.events[i];
        struct event_body *b = NULL;
        enum err e = event_body_decode(s->body, s->body_len, &b, NULL);
        if (!e) {
            struct event event = {
                .seq = s->seq, .utc_ms = s->utc_ms, .actor = s->actor, .body = *b};
            e = audit_apply(a, &event);
        }
        if (e)
            world_fail(w, "event %zu does not fold: %s", i + 1, err_name(e));
        event_body_free(b);
    }
    free(page.events);
    return a;
}

/* Where two audits differ, for the sentence of a failure. */
struct differ {
    const struct audit *other;
    const struct audit *one;
    char where[160];
};

static bool differ_at(void *user, struct field f)
{
    struct differ *d = user;
    const struct text *t = audit_text(d->one, f), *u = audit_text(d->other, f);
    struct buf a = BUF_INIT, b = BUF_INIT, name = BUF_INIT;
    if (t)
        text_read(t, 0, text_len_cp(t), &a);
    if (u)
        text_read(u, 0, text_len_cp(u), &b);
    struct audit_value v = audit_value(d->one, f), x = audit_value(d->other, f);
    bool same = !strcmp(buf_cstr(&a), buf_cstr(&b)) && !strcmp(v.value, x.value) && v.rev == x.rev;
    if (t && u && same) {
        buf_clear(&a);
        buf_clear(&b);
        text_encode(t, false, &a);
        text_encode(u, false, &b);
        same = a.len == b.len && !memcmp(a.data, b.data, a.len);
    }
    if (!same) {
        audit_field_format(d->one, f, &name);
        snprintf(d->where, sizeof d->where, "%s: text %zu and %zu bytes, value \"%s\" and \"%s\"",
                 buf_cstr(&name), a.len, b.len, v.value, x.value);
    }
    buf_free(&a);
    buf_free(&b);
    buf_free(&name);
    return same;
}

/* Who may not be there is not; who may is, unless they were told otherwise before they could. */
static bool is_in_room(struct world *w, const struct audit *truth, int i)
{
    const struct sim_client *c = &w->clients[i];
    if (c->revoked || c->outside)
        return false;
    bool in = c->link && link_in_room(c->link);
    if (in && !audit_may_see(truth, replica_me(link_replica(c->link))))
        world_fail(w, "client %d is in the room and may not see the audit", i);
    if (!in && !c->refused)
        world_fail(w, "client %d is not in the room and was not told why", i);
    return in;
}

static void check_replica(struct world *w, const struct audit *truth, int i)
{
    const struct replica *r = link_replica(w->clients[i].link);
    struct buf here = BUF_INIT, there = BUF_INIT;
    audit_encode(replica_audit(r), replica_me(r), &here);
    audit_encode(truth, replica_me(r), &there);
    if (here.len != there.len || memcmp(here.data, there.data, here.len)) {
        struct differ d = {.one = truth, .other = replica_audit(r)};
        audit_each_field(truth, differ_at, &d);
        world_fail(w, "client %d: its replica differs from the log's fold (%zu and %zu bytes): %s",
                   i, here.len, there.len, d.where);
    }
    buf_free(&here);
    buf_free(&there);
}

static void count_chars(struct world *w, const struct audit *truth, uint8_t *counts)
{
    for (size_t k = 0; k < 5; k++) {
        const struct text *t = audit_text(truth, w->fields[k]);
        struct buf all = BUF_INIT;
        if (t)
            text_read(t, 0, text_len_cp(t), &all);
        const uint8_t *p = all.data, *end = p ? p + all.len : p;
        while (p < end) {
            uint32_t cp;
            size_t n = utf8_decode(p, end, &cp);
            if (!n)
                break;
            if (cp >= SIM_FIRST_CP && cp <= SIM_LAST_CP)
                counts[cp - SIM_FIRST_CP]++;
            p += n;
        }
        buf_free(&all);
    }
}

/* What was not taken is with the person who typed it, who was told; and is not in the log. */
static void check_char(struct world *w, uint32_t k, unsigned count)
{
    const struct sim_client *c = &w->clients[w->chars[k].by];
    uint8_t sign[4];
    size_t len = utf8_encode(SIM_FIRST_CP + k, sign);
    bool kept = c->kept.len && memmem(c->kept.data, c->kept.len, sign, len);
    bool aside = false; /* shown to them as not taken */
    for (size_t i = 0; c->link && i < replica_kept_count(link_replica(c->link)); i++)
        aside = aside || memmem(replica_kept_at(link_replica(c->link), i).words,
                                strlen(replica_kept_at(link_replica(c->link), i).words), sign, len);
    bool told = c->told || c->refused || c->revoked;
    if (count > 1)
        world_fail(w, "U+%04X, typed once by client %d, stands %u times", SIM_FIRST_CP + k,
                   w->chars[k].by, count);
    if (!count && w->chars[k].typed && !w->chars[k].struck && !(w->races && kept && told))
        world_fail(w, "U+%04X, typed by client %d and never struck out, is lost%s",
                   SIM_FIRST_CP + k, w->chars[k].by, kept ? ": kept, and nobody was told" : "");
    if (count && aside && !w->chars[k].struck)
        world_fail(w, "U+%04X stands, and client %d was told that it was not taken",
                   SIM_FIRST_CP + k, w->chars[k].by);
}

void check_rest(struct world *w)
{
    check_log(w);
    struct audit *truth = world_failed(w) ? NULL : fold_log(w);
    if (!truth || world_failed(w)) {
        audit_free(truth);
        return;
    }
    for (int i = 0; i < w->nclients && !world_failed(w); i++)
        if (is_in_room(w, truth, i) && !world_failed(w))
            check_replica(w, truth, i);
    uint8_t *counts = calloc(SIM_LAST_CP - SIM_FIRST_CP + 1, 1);
    count_chars(w, truth, counts);
    for (uint32_t k = 0; k <= SIM_LAST_CP - SIM_FIRST_CP && !world_failed(w); k++)
        check_char(w, k, counts[k]);
    free(counts);
    audit_free(truth);
}
