#ifndef TANDEM_SERVER_CONFIG_H
#define TANDEM_SERVER_CONFIG_H

/* Settings of a site: one table says what there is; DIR/tandem.yaml says what differs from the
 * defaults. */

#include "common/log.h"
#include "server/api/core.h"
#include "server/net/net.h"
#include "server/store/store_sqlite.h"

enum { CONFIG_MAX_HOSTS = 16 };

struct config {
    struct core_settings core;
    struct net_settings net;
    struct store_sqlite_options store;
    char listen[80];
    char hosts[CONFIG_MAX_HOSTS][256]; /* names under which clients find the server */
    size_t nhosts;
    uint32_t log_level; /* enum log_level */
};

void config_default(struct config *c);
/* Reads settings over the defaults. Errors begin with file and line: "tandem.yaml:7: ...".
 * ERR_INPUT, ERR_NOT_FOUND (no such file), ERR_IO, ERR_NOMEM. */
MUST_CHECK enum err config_load(const char *path, struct config *out, struct err_info *why);
MUST_CHECK enum err config_parse(const char *name, const void *data, size_t len, struct config *out,
                                 struct err_info *why);
/* The settings file of a new site: what was chosen, and every other setting with its default and
 * meaning as a comment. */
void config_format(const char *site, const char *const *hosts, size_t nhosts, struct buf *out);
/* The table for people (`tandemd help settings`). */
void config_help(struct buf *out);

/* May this be the name or address of a host? */
bool config_is_host(const char *s);

#endif
