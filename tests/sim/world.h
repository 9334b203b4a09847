#ifndef TANDEM_TESTS_SIM_WORLD_H
#define TANDEM_TESTS_SIM_WORLD_H

/* A small world on a virtual clock: the real server core on the in-memory store, several real
 * client links and replicas, and between them a network that delays, cuts, hangs and loses.
 * Everything that happens follows from one seed. After every step the invariants in check.c must
 * hold; a world that breaks one remembers the first sentence about it in `failure` and stops. */

#include "client/link/link.h"
#include "server/api/core.h"
#include "server/store/store_mem.h"

enum { SIM_MAX_CLIENTS = 6, SIM_MAX_LINES = 64, SIM_FIRST_CP = 0x4e00, SIM_LAST_CP = 0x9fa5 };
/* What somebody typed this shortly before their program was killed may be lost: the recovery file
 * is not written for what the server acknowledges at once. */
enum { SIM_KEEP_GRACE_MS = 400 };

/* Deliberate faults, to show that the checks see them. */
struct sim_control {
    bool ack_before_commit; /* the store says "done" before it has kept anything */
    bool forget_retry;      /* a repeated batch is not recognised (control.c) */
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
    bool join_refused;
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
    uint64_t shown_seq; /* the highest that any screen has shown */

    uint64_t trace; /* hash of everything that travelled: a replay must give the same */
    uint64_t steps, edits, crashes, cuts, retries;
    char failure[512];
};

struct world *world_new(uint64_t seed, struct sim_control control);
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
void control_forget_retry(bool on);

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
void client_act(struct world *w, int i); /* somebody does something */
void client_time(struct world *w, int i);

/* check.c */
void check_step(struct world *w);
void check_log(struct world *w);  /* dense, contiguous, every acknowledged batch exactly once */
void check_rest(struct world *w); /* replicas equal the log's fold; nothing typed is missing */

#endif
