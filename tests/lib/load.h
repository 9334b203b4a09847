#ifndef TANDEM_TESTS_LIB_LOAD_H
#define TANDEM_TESTS_LIB_LOAD_H

/* A client that speaks the protocol and does nothing else: many connections on one libuv loop, for
 * the benchmarks and for tests that hammer a real tandemd. Errors end the process with a sentence.
 */

#include <sys/types.h>
#include <uv.h>

#include "common/frame.h"
#include "common/pki.h"
#include "common/tls_stream.h"
#include "proto/wire.pb-c.h"

/* ---- a real server in a temporary directory ---- */
struct load_site {
    char dir[256];
    char bin[256]; /* where tandemd is */
    pid_t pid;
    uint16_t port;
    int out_fd;
};
void load_site_init(struct load_site *s);  /* TANDEM_BIN, or build/release */
void load_site_start(struct load_site *s); /* returns when it listens */
void load_site_stop(struct load_site *s, int signal);
void load_site_remove(struct load_site *s);
void load_site_verify(struct load_site *s); /* `tandemd verify` must find everything in order */
/* Runs `tandemd ARGS... --data DIR` and returns the first enrolment code in its output. */
void load_site_add_person(struct load_site *s, const char *name, const char *role, char code[600]);
double load_site_cpu_s(const struct load_site *s); /* user and system time of the server so far */
size_t load_site_rss_bytes(const struct load_site *s);
size_t load_site_disk_bytes(const struct load_site *s);

/* ---- who connects ---- */
struct load_identity {
    struct tls_context *tls;
    uint32_t person;
};
/* Enrols over the wire with the code. */
void load_enrol(uv_loop_t *loop, struct load_site *s, const char *code, struct load_identity *out);

/* ---- connections ---- */
struct load_peer;
typedef void (*load_message_fn)(struct load_peer *p, const Tandem__Envelope *m);
struct load_peer {
    uv_tcp_t tcp;
    uv_connect_t connect;
    struct tls_stream *tls;
    struct frame_decoder decoder;
    struct buf plain, line;
    bool greeted, closed, want_close;
    uint64_t bytes_in, bytes_out; /* on the wire, TLS included */
    uint32_t next_id;
    load_message_fn on_message;
    /* Set it right after load_connect to speak for oneself: called when TLS is up, in place of
     * Hello. */
    void (*on_ready)(struct load_peer *p);
    void *user;
    /* the room that it has joined (load_join) */
    uint32_t room, agent;
    uint64_t batch_no;  /* the last that the server has; the writer counts on from there */
    uint64_t seq;       /* of the room's last event seen */
    uint64_t acked_seq; /* of the last acknowledgement: an older one when it was for a retry */
};
/* Connects and says Hello; `on_message` gets the Welcome and all that follows. The memory stays the
 * caller's until the loop has run load_close to its end. */
void load_connect(uv_loop_t *loop, struct load_peer *p, const struct load_site *s,
                  const struct load_identity *who, load_message_fn on_message, void *user);
void load_send(struct load_peer *p, Tandem__Envelope *m); /* sets its id */
/* Sends an EventBody for the peer's room. */
void load_send_edit(struct load_peer *p, const void *body, size_t len);
void load_stop_reading(struct load_peer *p);
void load_close(struct load_peer *p);
/* Runs the loop until *flag or the seconds have gone (then it ends the process with `what`). */
void load_run_until(uv_loop_t *loop, const bool *flag, double seconds, const char *what);
/* Runs the loop for so long. */
void load_run_for(uv_loop_t *loop, double seconds);
/* Sends a request and waits for its answer, whatever else arrives (which is dropped). The answer
 * must be freed by the caller with tandem__envelope__free_unpacked(m, NULL). An Error ends the
 * process. */
Tandem__Envelope *load_ask(uv_loop_t *loop, struct load_peer *p, Tandem__Envelope *m);
/* Joins (as p->agent when that is not 0) and sets room, agent, batch_no, seq. Returns the size of
 * the answer in bytes. */
size_t load_join(uv_loop_t *loop, struct load_peer *p, const char *ref, bool only_read);

uint64_t load_now_ns(void);
void load_die(const char *fmt, ...) __attribute__((format(printf, 1, 2), noreturn));

#endif
