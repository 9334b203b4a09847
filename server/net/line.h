#ifndef TANDEM_SERVER_NET_LINE_H
#define TANDEM_SERVER_NET_LINE_H

/* One connection, and what it shares with the others of its net (internal to server/net/). */

#include <sys/queue.h>

#include "common/frame.h"
#include "server/net/net.h"

enum line_state { LINE_HANDSHAKE, LINE_OPEN, LINE_FINISHING, LINE_CLOSING };

struct line {
    uv_tcp_t tcp;
    struct net *net;
    uint64_t id;
    enum line_state state;
    unsigned pins;      /* the handle, and every request in flight */
    bool told;          /* `opened` was called, so `closed` must be */
    bool authenticated; /* no longer in net->waiting */
    bool dirty;         /* in net->dirty */
    bool timed;         /* in net->handshaking or net->finishing, by state */
    bool goodbye_said;
    struct tls_stream *tls;
    struct frame_decoder decoder;
    struct buf plain;  /* frames that wait for encryption */
    size_t plain_done; /* of them, this much is encrypted */
    size_t in_flight;  /* encrypted bytes that the kernel did not take at once */
    int64_t due_ms;    /* of `timed` */
    TAILQ_ENTRY(line) waiting_link, dirty_link, timed_link;
};
TAILQ_HEAD(line_list, line);

struct net {
    uv_loop_t *loop;
    struct net_settings settings;
    struct net_handlers handlers;
    struct tls_context *tls;
    uv_tcp_t listener;
    uv_timer_t timer; /* runs when something is in handshaking or finishing */
    uv_idle_t idle;   /* runs when `dirty` is not empty: sends all of it, once per turn */
    unsigned pins;    /* handles and connections */
    bool listening, stopping;
    char address[80];
    uint16_t port;

    struct line **slots; /* by the low half of the id */
    uint32_t nslots, *free_slots, nfree;
    uint32_t generation;
    size_t nlines, nwaiting;
    uint64_t accepted_total;
    struct line_list waiting;     /* not authenticated, oldest first */
    struct line_list dirty;       /* have something to send */
    struct line_list handshaking; /* each list by due_ms, because its delay is the same for all */
    struct line_list finishing;

    /* Lent to whoever reads or encrypts: idle connections own no buffers. */
    char input[64 * 1024];
    struct buf plain, wire;

    void (*stopped)(void *user);
    void *stopped_user;
};

/* Accepts one connection from the listener. */
void line_accept(struct net *n);
/* Sends what waits; called once per turn for dirty ones. */
void line_flush(struct line *c);
void line_mark_dirty(struct line *c);
void line_finish(struct line *c);
void line_close(struct line *c); /* at once; may be called again */

/* net.c */
bool net_add(struct net *n, struct line *c);    /* gives it its id */
void net_remove(struct net *n, struct line *c); /* from the table */
void net_unpin(struct net *n);
void net_add_dirty(struct net *n, struct line *c);
void net_start_clock(struct net *n, struct line *c, struct line_list *list, uint32_t delay_ms);
void net_stop_clock(struct net *n, struct line *c);
void net_stop_waiting(struct net *n, struct line *c); /* it has authenticated, or goes */

#endif
