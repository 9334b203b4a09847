#ifndef TANDEM_SERVER_NET_DAEMON_H
#define TANDEM_SERVER_NET_DAEMON_H

/* A serving tandemd: one loop that joins the line, the core, the store and the control socket. */

#include "server/site.h"

/* Serves until a signal (SIGTERM, SIGINT) or a fatal failure; prints "listening on ADDR:PORT" on
 * stdout once it is ready. `listen` overrides the settings; NULL keeps them. The exit code (enum
 * exit_code); reasons go to stderr. Borrows `site`. */
int daemon_run(struct site *site, const char *listen);

#endif
