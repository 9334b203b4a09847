#ifndef TANDEM_TESTS_LIB_FLOOR_SERVER_H
#define TANDEM_TESTS_LIB_FLOOR_SERVER_H

/* The bare floor under `make bench`: a server of libuv, TLS 1.3 and SQLite (WAL, FULL) that knows
 * nothing of audits: a frame is stored, then sent to everybody in its sender's room. What Tandem
 * needs above it is the price of being Tandem. Runs in a child process; the load is in this one. */

#include <uv.h>

struct floor_figures {
    double edits_per_s, cpu_s_per_100k, p50_ms, p99_ms;
};

/* `per_s` 0: each sends its next when the last came back. */
struct floor_figures floor_run(uv_loop_t *loop, int rooms, int editors, double per_s,
                               double seconds);

#endif
