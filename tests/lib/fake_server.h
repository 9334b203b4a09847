#ifndef TANDEM_TESTS_LIB_FAKE_SERVER_H
#define TANDEM_TESTS_LIB_FAKE_SERVER_H

/* A server for tests of the client's link: one audit of template "TST" (audit_make.h), any number
 * of links, messages in queues that a test moves and cuts as it likes, a clock that stands still
 * until told. It checks and folds with the audit's own rules and speaks wire.proto; it is not the
 * real one: no limits, no store. */

#include "client/link/link.h"
#include "tests/lib/audit_make.h"

struct fake;

struct peer {
    struct fake *f;
    uint32_t person;
    struct link *link;
    bool open, reachable; /* a line that is wanted comes up only when reachable */
    struct buf *to_server, *to_client;
    size_t nto_server, nto_client;
    bool joined, only_read;
    uint32_t room, agent;
    int joins, refusals; /* link_joined_fn calls with ERR_OK, with an error */
    enum err joined_err;
    char joined_text[400];
    struct buf kept; /* what the keep hook was given last */
    int keeps;
    struct buf news;               /* one line per news: kind, then text, theirs or kept */
    int edits_seen, presence_seen; /* frames that the server got from it */
};

struct fake {
    struct room *room; /* its audit and log */
    struct buf template_bytes;
    uint32_t next_agent;
    uint32_t owners[4096]; /* agent -> person */
    struct peer *peers[16];
    size_t npeers;
    int64_t mono_ms, utc_ms;
    uint32_t next_room;
    /* what goes wrong */
    bool always_snapshot; /* a Join is answered with a snapshot */
    bool forget_agents;   /* nobody gets their agent back */
    bool cut_before_edit; /* the next Edit never arrives: the line is cut */
    bool cut_after_edit;  /* the next Edit is applied, its acknowledgement never leaves */
    enum err refuse_next; /* the next Edit is refused so */
    bool hold_answers;    /* the server reads nothing */
};

struct fake *fake_new(void);
void fake_free(struct fake *f);
/* A link of `person`, offline. Returns borrowed: freed with the server. */
struct peer *fake_peer(struct fake *f, uint32_t person);
/* The link joins "TST-2026-0001" and is brought there. */
void fake_join(struct peer *p, const void *recovered, size_t len);
/* Another run of the program for this person: a new link, nothing of the old one is left. */
void fake_restart(struct peer *p);
/* Messages and time, until nothing moves; time passes as the links ask for it, at most this long.
 */
void fake_run(struct fake *f, int64_t most_ms);
/* Delivers at most one waiting message (the n-th of what waits, by `choice`), or lets 1 ms pass.
 */
void fake_step(struct fake *f, uint32_t choice);
void fake_tell_last(struct fake *f); /* after room_move and the like: the event to everybody */
void fake_cut(struct peer *p);       /* what is on the line is lost */

/* What a replica shows, as a string borrowed until the next call. */
const char *peer_text(struct peer *p, const char *where);
const char *fake_text(struct fake *f, const char *where);
struct field peer_field(struct peer *p, const char *where);
/* Types at a place; asserts that it may. */
void peer_type(struct peer *p, const char *where, size_t pos_cp, const char *words);

#endif
