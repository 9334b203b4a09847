#ifndef TANDEM_CLIENT_LINK_PROFILE_H
#define TANDEM_CLIENT_LINK_PROFILE_H

/* Who this terminal speaks for: a folder with key and certificate, the site's authority, the
 * server's address and the person's name. Profiles lie in $TANDEM_HOME, else in
 * $XDG_CONFIG_HOME/tandem, else in ~/.config/tandem. Files (all 0600):
 *   identity.pem   key and certificate, one file, so that a renewal replaces both at once
 *   authority.pem
 *   settings       "name = value" lines
 *   recovery.key   32 bytes; see recovery.h */

#include "common/buf.h"

enum { PROFILE_KEY_BYTES = 32 };

struct profile {
    char name[64];
    char dir[900];
    char host[256];
    uint16_t port;
    uint32_t person;
    char person_name[128], site[128]; /* safe to print */
    struct buf key_pem, cert_pem, authority_pem;
    uint8_t recovery_key[PROFILE_KEY_BYTES];
};
void profile_fini(struct profile *p); /* wipes the keys */

/* `name` NULL: TANDEM_PROFILE, else the only one there is. ERR_NOT_AUTHENTICATED: there is none,
 * not that one, or several; `why` lists them. */
MUST_CHECK enum err profile_load(const char *name, struct profile *out, struct err_info *why);
/* Names, joined by ", " ("" for none). */
void profile_list(struct buf *out);
/* A name that a profile may have: letters, digits, "-", "_", "."; not a leading ".". */
bool profile_name_ok(const char *name);
/* "Ana Flint" -> "ana-flint". */
void profile_name_from(const char *person, char out[64]);
bool profile_exists(const char *name);
/* Stores a new profile (p->dir is set; recovery_key is made). ERR_EXISTS when there is one of that
 * name. */
MUST_CHECK enum err profile_create(struct profile *p, struct err_info *why);
/* Replaces key and certificate, both or neither. */
MUST_CHECK enum err profile_renew(struct profile *p, const struct buf *key_pem,
                                  const struct buf *cert_pem, struct err_info *why);

#endif
