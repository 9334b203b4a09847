#ifndef TANDEM_SERVER_API_ADMIN_H
#define TANDEM_SERVER_API_ADMIN_H

/* What the owner of the data directory may do: people, codes, templates, health. The same code runs
 * inside a serving daemon (through its control socket) and offline. Commands are argument vectors
 * as typed behind `tandemd`: {"person", "add", "Ana Flint", "--role", "FRO:north"}. */

#include "server/api/core.h"

struct admin {
    struct store *store;
    struct people *people; /* the core's, or loaded by the caller when offline */
    struct core *core;     /* NULL offline */
    /* For codes: where clients find the server, and how they know it. */
    char host[256];
    uint16_t port;
    uint8_t authority_hash[HASH_LEN];
    uint32_t code_hours;
};

/* Runs a command; `done` is called once, later (after the store has answered; at once only when
 * there is no memory), with an exit code (enum exit_code) and UTF-8 text to print (stderr when the
 * code is not 0). argv is copied. File contents that a command needs (template add) are given as
 * `attachment` (may be NULL). */
typedef void (*admin_done_fn)(void *user, int exit_code, const char *text);
void admin_run(struct admin *a, int argc, const char *const *argv, const void *attachment,
               size_t attachment_len, int64_t now_utc_ms, admin_done_fn done, void *user);

#endif
