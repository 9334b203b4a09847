#ifndef TANDEM_SERVER_SITE_H
#define TANDEM_SERVER_SITE_H

/* The files of a data directory but the database (server/store/):
 *
 *   authority.pem, authority.key   the site's own authority; the key is 0600 and signs everybody
 *   tandem.yaml                    settings
 *   tandem.db (and its log)        everything else
 *   control                        socket of a running server, for its owner
 *
 * The server's certificate is not among them: it is made anew at each start (and before it ends),
 * for the hosts in the settings, and its key never leaves memory. */

#include "common/pki.h"
#include "server/api/admin.h"
#include "server/config.h"

struct site {
    char dir[3072];
    struct config config;
    struct pki_pair authority;
    uint8_t authority_hash[HASH_LEN];
};

/* ERR_NOT_FOUND: no site there; ERR_INPUT (settings), ERR_IO, ERR_CORRUPT. On success site_free. */
MUST_CHECK enum err site_load(const char *dir, struct site *out, struct err_info *why);
void site_free(struct site *s);

/* Makes directory, authority and settings; the database comes after that. ERR_EXISTS when anything
 * of a site is there already. `hosts` may be empty. */
MUST_CHECK enum err site_create(const char *dir, const char *name, const char *const *hosts,
                                size_t nhosts, int64_t now_utc_ms, struct err_info *why);
/* Undoes site_create, when what had to follow failed; also removes an empty database's files. */
void site_remove(const char *dir);

/* A certificate for the settings' hosts, 127.0.0.1, ::1 and localhost. Returns new
 * (pki_pair_free). */
enum { SITE_CERT_DAYS = 90, SITE_RENEW_DAYS = 30 };
MUST_CHECK enum err site_make_server_cert(const struct site *s, int64_t now_utc_ms,
                                          struct pki_pair *out, struct err_info *why);

/* How clients find and know the server: what goes into enrolment codes. The port is that of the
 * settings; a server that found another one sets it itself. */
void site_fill_admin(const struct site *s, struct admin *a);

/* Copies authority and settings to a backup's directory. */
MUST_CHECK enum err site_copy(const char *dir, const char *to_dir, struct err_info *why);

#endif
