#ifndef TANDEM_CLIENT_LINK_LINK_INTERNAL_H
#define TANDEM_CLIENT_LINK_LINK_INTERNAL_H

/* The link's inside: link.c (the line, requests, time), link_room.c (the joined audit). */

#include "client/link/link.h"
#include "client/link/replica_internal.h"
#include "common/pb_alloc.h"
#include "proto/wire.pb-c.h"

enum {
    LINK_WINDOW_MS = 5,
    LINK_RETRY_MIN_MS = 250,
    LINK_RETRY_MAX_MS = 15 * 1000,
    LINK_OPEN_TIMEOUT_MS = 20 * 1000,
    LINK_PING_IDLE_MS = 20 * 1000,   /* silence before asking "are you there" */
    LINK_PING_WAITING_MS = 4 * 1000, /* the same while an answer is owed */
    LINK_DEAD_MS = 8 * 1000,         /* no sound after asking: the line is dead */
    LINK_ROOM_RETRY_MS = 1000,
    LINK_PRESENCE_MS = 60, /* between two messages about the cursor */
    LINK_PRESENCE_LAZY_MS = 1000,
    LINK_KEEP_GRACE_MS = 300, /* what is acknowledged within this time never reaches the disk */
    LINK_KEEP_EVERY_MS = 50,
    LINK_MAX_FLIGHT_BYTES = 128 * 1024,
    LINK_MAX_FRESH = 3, /* attempts to read an audit anew before giving up */
};

enum request_kind { REQUEST_USER, REQUEST_HELLO, REQUEST_JOIN, REQUEST_OTHER };

struct request {
    struct request *next;
    uint32_t id; /* 0: waits for the line */
    enum request_kind kind;
    link_answer_fn answer;
    void *user;
    struct buf payload; /* while it waits: the encoded Envelope, its id left out */
    struct buf parts;   /* of a snapshot */
};

enum room_state {
    ROOM_NONE,   /* no audit is wanted */
    ROOM_WANTED, /* join when there is a line (not before room_retry_ms) */
    ROOM_JOINING,
    ROOM_IN,
    ROOM_REFUSED,
};

struct link {
    struct link_hooks hooks;
    char *program;
    enum link_state state;
    enum err err;
    char why[400];
    bool said_farewell; /* `err` and `why` are the server's last words on this line */
    int64_t mono_ms, utc_ms;

    /* the line */
    int64_t retry_ms;
    unsigned failures;
    int64_t opened_ms, heard_ms;
    int64_t pinged_ms; /* 0: not asked since something was heard */
    uint32_t next_id;
    struct request *requests; /* in order */
    struct pb_alloc alloc;

    /* Welcome */
    struct viewer me;
    char my_name[128], site[128];
    int64_t certificate_ends_utc_ms;
    bool renew_soon;

    /* the room */
    struct replica *replica;
    enum room_state room_state;
    uint32_t room; /* number on this line */
    int64_t room_retry_ms;
    bool was_in; /* joined once; a later join is a return */
    bool broke;  /* since the last join the line was lost */
    unsigned fresh_attempts;
    link_joined_fn joined;
    void *joined_user;
    int64_t room_utc_ms; /* of the last event or acknowledgement */
    uint32_t window_ms;
    int64_t edit_sent_ms, hold_edits_until_ms;
    int64_t presence_sent_ms;

    /* the recovery file */
    uint64_t kept_version; /* the replica's unsaved_version that the file holds */
    bool kept_any;
    int64_t kept_ms, unsaved_since_ms; /* 0: nothing is unsaved */
};

/* Sends an Envelope with the next number and returns that. */
uint32_t link_send(struct link *l, Tandem__Envelope *m);
/* The same for a request whose answer the link itself waits for. 0: no memory. */
uint32_t link_ask(struct link *l, enum request_kind kind, Tandem__Envelope *m);
void link_set_why(struct link *l, enum err e, const char *text);
void link_all_is_well(struct link *l);
/* The line is of no use any more. */
void link_drop_line(struct link *l, enum err e, const char *why);
/* The recovery file names batches by number; the server must not see a number that the file gives
 * to another batch, or a restart would take that one for acknowledged. */
void link_keep_before_sending(struct link *l);

/* ---- link_room.c ---- */
void room_line_lost(struct link *l);
void room_time(struct link *l);
int64_t room_next_ms(const struct link *l);
/* Messages about the room; false: not one of these. */
bool room_message(struct link *l, const Tandem__Envelope *m);
void room_joined(struct link *l, Tandem__Joined *m);
void room_refused(struct link *l, enum err e, const char *text);
/* The error that answers an Edit, if it is one. */
bool room_edit_refused(struct link *l, uint32_t id, const Tandem__Error *x);

#endif
