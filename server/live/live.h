#ifndef TANDEM_SERVER_LIVE_LIVE_H
#define TANDEM_SERVER_LIVE_LIVE_H

/* The audits that are open now: what stands in them, who is in their rooms, in which order things
 * happen, and who is told. An edit is checked against the audit as it stands *including events
 * still on their way to disk*, applied, and sent to the store; when its commit is durable,
 * everybody in the room is given the event, its author the acknowledgement. Whatever shows an event
 * waits for that event's commit.
 *
 *      pin          load done              append fails             appends all back
 *   -> LOADING ------------> READY ----------------------> FAILING -----------------> LOADING ...
 *          \ not found                    \ nobody, idle
 *           --> GONE                       --> forgotten
 *
 * Pure but for the store, which is asked through store.h. One thread. Hooks and waiters run from
 * store answers, live_time and the calls below that say so; hooks must not call back into live,
 * waiters may. */

#include "common/audit/audit.h"
#include "server/store/store.h"

struct live;
struct live_audit;
struct live_event;

/* One person's place in one room: made by live_sit, gone after live_leave or hooks.closed. */
struct live_seat {
    uint64_t id; /* never reused */
    struct live_audit *audit;
    void *user;    /* the caller's: whose connection */
    uint32_t room; /* the caller's: its number on that connection */
    struct viewer viewer;
    enum role role;  /* their part in this audit, or the role that lets them see it */
    uint32_t agent;  /* what they write as; 0: reads only */
    bool no_cursors; /* do not tell about the others' cursors */
    bool waiting;    /* has not got its first answer yet: is told nothing */
    bool held_back;  /* the feed pauses (live_pause) */
    bool dead;
    int64_t since_utc_ms;
    /* The last event that they have been given (or that their first answer holds). */
    uint64_t last_seq;
    int64_t last_utc_ms;
    /* Where they are. */
    struct field field;
    struct text_anchor head, tail;
    bool has_head, has_tail;
    bool cursor_waits; /* to be told once event cursor_seq has been */
    uint64_t cursor_seq;
};

struct live_hooks {
    void *user;
    /* NULL: not known. */
    const struct template *(*template_find)(void *user, const char *id, uint32_t version);
    /* A durable event for a seat; `body` as this seat may see it. False: it cannot be given (the
     * reader is too slow): the seat's feed ends, hooks.closed follows. */
    bool (*event)(void *user, struct live_seat *s, const struct live_event *e, const uint8_t *body,
                  size_t body_len);
    /* The same event for its author. `again`: the answer to a repeated batch, outside the order of
     * the feed. */
    bool (*acked)(void *user, struct live_seat *s, const struct live_event *e, uint32_t request,
                  bool again);
    /* A batch that was accepted could not be stored; nothing of it was kept. */
    void (*not_stored)(void *user, struct live_seat *s, uint32_t request, uint64_t batch_no,
                       enum err e);
    /* The seat ends (it is freed after the call). ERR_REJOIN: join again from your seq;
     * ERR_SLOW_DOWN: the reader was too slow; ERR_NOT_FOUND: they may not be here any more;
     * ERR_EXISTS: the same writer joined from elsewhere. */
    void (*closed)(void *user, struct live_seat *s, enum err e);
    /* `about` came, went (`gone`) or moved their cursor (`cursor`); both are in one room. */
    void (*present)(void *user, struct live_seat *to, const struct live_seat *about, bool gone,
                    bool cursor);
    /* What people have to do about the audit as it stands, kept beside it (store.h); NULL: nothing
     * is. Asked with every event that may change it: not while somebody types on in a text. */
    store_project_fn project;
    /* The store has died. */
    void (*fatal)(void *user, const char *why);
};

struct live_settings {
    uint32_t snapshot_every_events;
    uint32_t idle_audit_ms;
    uint32_t fanout_window_ms;
    uint32_t fanout_window_people;
    size_t max_text_cp;          /* of one answer; common/audit has a limit of its own */
    size_t max_events_in_flight; /* of one audit; more are refused with ERR_SLOW_DOWN */
};

/* Returns new or NULL. Keeps store and hooks.user until live_free. */
struct live *live_new(const struct live_hooks *hooks, const struct live_settings *settings,
                      struct store *store);
/* The store must have nothing of this in flight, or never answer again. No hook is called. */
void live_free(struct live *l);
/* Before anything else in a turn; delivers what was gathered, forgets idle audits. */
void live_time(struct live *l, int64_t mono_ms, int64_t utc_ms);
int64_t live_next_ms(const struct live *l); /* mono_ms; INT64_MAX: nothing to do */

/* ---- an audit ---- */

/* A handle on the audit of this name, loading it when it is not in memory (it may turn out not to
 * exist). Stays valid until as many live_unpin. NULL: no memory. */
struct live_audit *live_pin(struct live *l, const char *ref);
void live_unpin(struct live_audit *la); /* NULL is allowed */
/* In memory and nobody needs to wait? NULL otherwise. Not pinned. */
struct live_audit *live_find(struct live *l, const char *ref);

/* Runs `fn` once, later: with ERR_OK when the audit is in memory and everything up to `seq` is
 * durable (0: in memory is enough); with ERR_REJOIN when a failed commit threw it away first (ask
 * again); ERR_NOT_FOUND; or what the store answered. Never inside live_wait: ask live_is_settled
 * before. The caller owns the struct and keeps the audit pinned. */
struct live_waiter {
    void (*fn)(struct live_waiter *w, enum err e);
    uint64_t seq;
    struct live_waiter *next;
};
void live_wait(struct live_audit *la, struct live_waiter *w, uint64_t seq);
bool live_is_settled(const struct live_audit *la, uint64_t seq);

/* The audit as it stands, events in flight included; NULL unless settled(0). Borrowed until control
 * returns to whoever called. */
const struct audit *live_state(const struct live_audit *la);
uint64_t live_number(const struct live_audit *la); /* the store's; known when settled(0) */
uint64_t live_committed_seq(const struct live_audit *la);

/* ---- writing ---- */

/* One batch by a seat that has an agent; `b` is borrowed. Errors of audit_check; ERR_SLOW_DOWN: too
 * much is on its way. ERR_OK: hooks.acked or hooks.not_stored follows (also for a batch that is on
 * its way already). ERR_EXISTS: it is durable already; *seq tells (0: no longer known). */
MUST_CHECK enum err live_edit(struct live_seat *s, const struct event_body *b, uint32_t request,
                              struct err_info *why, struct audit_conflict *conflict, uint64_t *seq);
/* What the server does in somebody's name (members): agent and batch 0. *seq to wait for. */
MUST_CHECK enum err live_act(struct live_audit *la, const struct viewer *v,
                             const struct event_body *b, struct err_info *why, uint64_t *seq);

/* ---- rooms ---- */

/* Who wants to sit down. `agent` 0: reads only. The seat waits (is told nothing) until live_seated;
 * what happens after the audit as it stands now, in flight included, is not missed. Returns NULL
 * without memory. Another seat with the same agent is closed (hooks.closed, ERR_EXISTS), and a
 * waiting seat may be closed like any other. The audit must be settled(0). */
struct live_seat *live_sit(struct live_audit *la, const struct viewer *v, uint32_t agent,
                           bool no_cursors, void *user);
/* Its first answer is out: others are told that they came, and the feed begins. */
void live_seated(struct live_seat *s);
/* Others are told; the seat is freed. No hooks.closed. */
void live_leave(struct live_seat *s);
void live_pause(struct live_seat *s);
void live_resume(struct live_seat *s);
/* Their cursor; told to the others after the events that it may stand on. */
void live_move(struct live_seat *s, struct field field, const struct text_anchor *head,
               const struct text_anchor *tail);
/* Their roles on the site have changed: closes the seats (hooks.closed) that must see something
 * else now. Not from inside a hook. */
void live_person_changed(struct live *l, const struct viewer *v);

size_t live_seat_count(const struct live_audit *la);
const struct live_seat *live_seat_at(const struct live_audit *la, size_t i);

/* May this person write as `agent` again: theirs, or given away and never written with? */
bool live_may_be_agent(const struct live_audit *la, uint32_t person, uint32_t agent);

/* ---- catching up ---- */

struct live_event {
    uint64_t seq;
    int64_t utc_ms;
    uint32_t actor;
    uint32_t agent;
    uint64_t batch_no;
    uint64_t author_seat;
    uint32_t request;
    bool special;        /* looks different to different readers */
    bool changes_rights; /* may change what somebody sees of earlier content */
    bool changes_duties; /* may change what somebody has to do */
    struct live_again *again;
    struct live_view *views;
    size_t nviews;
    size_t body_len;
    uint8_t body[];
};

/* What somebody needs who has folded `have_seq` (0: nothing): a snapshot (as they may see it, empty
 * when the events alone are less) and the events of (from_seq, seq]. Borrowed until the audit's
 * next change. ERR_NOMEM. The audit must be settled(0); wait for `seq` before showing it. */
struct live_catch_up {
    const uint8_t *snapshot;
    size_t snapshot_len;
    uint64_t from_seq, seq;
    int64_t utc_ms; /* of event `seq` */
};
MUST_CHECK enum err live_catch_up(struct live_audit *la, const struct viewer *v, uint64_t have_seq,
                                  struct live_catch_up *out);
/* One of these events (in (from_seq, seq]), and its body as `v` may see it now, either borrowed
 * from the event or made in `scratch`. */
const struct live_event *live_event_at(const struct live_audit *la, uint64_t seq);
/* Any event that is still in memory; NULL: it is not. */
const struct live_event *live_event_find(const struct live_audit *la, uint64_t seq);
MUST_CHECK enum err live_event_body(const struct live_audit *la, const struct live_event *e,
                                    const struct viewer *v, struct buf *scratch,
                                    const uint8_t **body, size_t *body_len);

struct live_health {
    size_t audits, seats, events_in_flight;
    uint64_t events_total;
};
struct live_health live_health(const struct live *l);

#endif
