#ifndef TANDEM_TESTS_SIM_WORLD_H
#define TANDEM_TESTS_SIM_WORLD_H

/* A small world on a virtual clock: the real server core on the in-memory store, several real
 * client links and replicas, and between them a network that delays, cuts, hangs and loses.
 * Everything that happens follows from one seed. After every step the invariants in check.c must
 * hold; a world that breaks one remembers the first sentence about it in `failure` and stops. */

#include "client/link/link.h"
#include "server/api/core.h"
#include "server/store/store_mem.h"

enum { SIM_MAX_CLIENTS = 8, SIM_MAX_LINES = 64, SIM_FIRST_CP = 0x4e00, SIM_LAST_CP = 0x9fa5 };
/* What somebody typed this shortly before their program was killed may be lost: the recovery file
 * is not written for what the server acknowledges at once. */
enum { SIM_KEEP_GRACE_MS = 400 };

/* Words of which each kind has signs of its own, so that they can be looked for in every frame. */
enum { SIM_WORDS_CP = 0xac00, SIM_FLAG_CP = 0xa000, SIM_SECRETS = 0x400 };

/* Deliberate faults, to show that the checks see them. */
struct sim_control {
    bool ack_before_commit; /* the store says "done" before it has kept anything */
    bool forget_retry;      /* a repeated batch is not recognised (control.c) */
    bool sign_any_revision; /* a signature is taken for whatever stands now (control.c) */
    bool late_freeze;       /* a refused edit is taken although the state forbids it (control.c) */
};

struct sim_frame {
    struct sim_frame *next;
    int64_t due_ms;
    size_t len;
    uint8_t data[];
};
/* One direction of a line: frames in order, each with the time it arrives. */
struct sim_pipe {
    struct sim_frame *first, *last;
    size_t bytes;
};
struct sim_line {
    bool used;
    uint64_t id;
    int client;
    bool opening;      /* SYN on its way */
    bool server_knows; /* core_conn_open was called and core_conn_closed was not */
    bool client_knows; /* link_line_open was called and link_line_closed was not */
    bool dead;         /* half-open: nothing travels any more and nobody was told */
    bool closing;      /* the server wants it closed once its frames have gone */
    int64_t open_ms;
    struct sim_pipe to_server, to_client;
};

struct sim_client {
    struct world *world;
    int index;
    uint32_t person;
    struct link *link; /* NULL while crashed */
    struct buf kept;   /* its recovery file */
    int64_t back_ms;   /* when crashed: starts again */
    bool reads;        /* false: a slow reader */
    int64_t reads_again_ms;
    uint64_t seen_seq; /* the last event that its screen showed */
    enum role role;
    bool outside;           /* acts on the record without being in its room */
    bool refused, revoked;  /* its link was told that it may not come back */
    bool told;              /* that something it wrote was not taken */
    int64_t again_ms;       /* refused: asks again */
    struct sim_asked *open; /* its request that has no answer yet */
};

/* Something asked for by name; races.c. What it says is in the log carries its number. */
enum sim_fate { FATE_OPEN, FATE_DONE, FATE_REFUSED, FATE_UNKNOWN };
enum sim_kind { ASK_SIGN, ASK_MOVE, ASK_ASSIGN, ASK_FLAG, ASK_GLASS, ASK_REMOVE, ASK_INVITE };
struct sim_asked {
    struct world *world;
    unsigned number;
    int client;
    enum sim_kind kind;
    enum sim_fate fate;
    uint64_t revision; /* ASK_SIGN: that was on the signer's screen */
    uint64_t seq;      /* FATE_DONE: the event that it became; 0: the answer did not say */
    char why[160];
};

/* One person's batch that the server said is on disk. */
struct sim_ack {
    uint32_t agent;
    uint64_t batch_no;
    uint64_t seq;
};

struct world {
    uint64_t seed;
    uint64_t rng;
    struct sim_control control;
    int64_t now_ms; /* both clocks; starts at a fixed instant */
    struct store *store;
    struct core *core; /* NULL while crashed */
    bool core_ready;
    int64_t core_back_ms;
    char ref[32];
    uint64_t audit;
    struct template *fca;
    struct field fields[5]; /* the live texts that people write in */
    struct sim_client clients[SIM_MAX_CLIENTS];
    int nclients;
    struct sim_line lines[SIM_MAX_LINES];
    uint64_t next_line;
    bool calm; /* no more faults, no more typing: let it come to rest */

    /* The ledger, kept outside of what it checks. A code point is typed at most once in a world. */
    uint32_t next_cp;
    struct sim_char {
        bool typed, struck;
        int by;
        int64_t typed_ms;
    } chars[SIM_LAST_CP - SIM_FIRST_CP + 1];
    struct sim_ack *acks;
    size_t nacks, acks_cap;
    /* People who sign, submit, assign and are removed while others write (races.c). */
    bool races;
    struct field secret; /* the young person's words */
    uint32_t nsecrets;
    struct sim_asked **asked;
    size_t nasked, asked_cap;
    int64_t quiet_until_ms; /* hardly anybody types: people agree */
    int64_t revoked_utc_ms; /* when the person of `revoked_client` lost their access; 0 */
    int revoked_client;

    uint64_t shown_seq; /* the highest that any screen has shown */

    uint64_t trace; /* hash of everything that travelled: a replay must give the same */
    uint64_t steps, edits, crashes, cuts, retries;
    char failure[512];
};

/* `races`: people act on the record as well as in it. */
struct world *world_new(uint64_t seed, bool races, struct sim_control control);
void world_free(struct world *w);
/* Runs `steps` steps of trouble, then lets it come to rest and checks the end. True when all held.
 */
bool world_run(struct world *w, unsigned steps);
void world_fail(struct world *w, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static inline bool world_failed(const struct world *w)
{
    return w->failure[0] != 0;
}

uint64_t sim_random(struct world *w);
/* [0, n) */
static inline uint32_t sim_below(struct world *w, uint32_t n)
{
    return (uint32_t)(sim_random(w) % n);
}
static inline bool sim_chance(struct world *w, uint32_t one_in)
{
    return sim_below(w, one_in) == 0;
}
void sim_trace(struct world *w, const void *data, size_t len);

/* control.c */
void control_set(const struct sim_control *c); /* until the next call */

/* quiet.c */
uint64_t quiet_lost(void); /* commits refused so far, by a disk that was full for a moment */

/* network.c */
void network_open(struct world *w, int client); /* a client wants a line */
void network_to_server(struct world *w, int client, const uint8_t *data, size_t len);
bool network_to_client(struct world *w, uint64_t line, const uint8_t *data, size_t len);
size_t network_queued(struct world *w, uint64_t line);
void network_close(struct world *w, uint64_t line); /* by the server, after its frames */
void network_hang_up(struct world *w, int client);  /* by the client */
void network_step(struct world *w);                 /* delivers what is due */
void network_cut(struct world *w, int client, bool half_open);
void network_server_gone(struct world *w);
struct sim_line *network_line_of(struct world *w,
                                 int client); /* the client's present line, or NULL */

/* server.c */
bool server_setup(struct world *w); /* people, template, the audit */
void server_start(struct world *w);
void server_crash(struct world *w);
/* Runs one request against the store now (everything that waits before it is committed). */
enum err server_store_now(struct world *w, struct store_req *r);

/* client.c */
void client_start(struct world *w, int i);
void client_crash(struct world *w, int i);
void client_again(struct world *w, int i); /* the program is ended and started, as people do */
void client_write(struct world *w, int i);
void client_secret(struct world *w, int i); /* the young person's words */
void client_act(struct world *w, int i);    /* somebody does something */
void client_time(struct world *w, int i);

/* races.c */
void races_act(struct world *w, int i);
void races_forget(struct world *w, int i); /* its program is gone: answers do not come any more */
void races_revoke(struct world *w);        /* somebody loses their access to the site */
void races_end(struct world *w);
void races_frame(struct world *w, int i, const uint8_t *data, size_t len); /* about to be read */

/* check_life.c */
void check_life(struct world *w, const struct store_events *page);

/* check.c */
void check_step(struct world *w);
void check_log(struct world *w);  /* dense, contiguous, every acknowledged batch exactly once */
void check_rest(struct world *w); /* replicas equal the log's fold; nothing typed is missing */

#endif
