#ifndef TANDEM_CLIENT_LINK_RECOVERY_H
#define TANDEM_CLIENT_LINK_RECOVERY_H

/* What was typed and is not on the server's disk, kept on this one: per audit and running program
 * one file in the profile's folder, 0600, AES-256-GCM with the profile's recovery key, bound to the
 * audit's reference. Replaced whole; removed when everything is acknowledged.
 *
 * Several programs may write one audit as the same person: each holds its own slot (a locked file),
 * and one that starts takes over what a program that is gone has left behind. */

#include "client/link/profile.h"

struct recovery;

/* Takes a slot. *left (returns new, buf_free): what an earlier run left in it, empty for nothing.
 * A file that cannot be read is renamed aside, never dropped: then `notice` (may be NULL) holds a
 * sentence naming it; else its text is "". ERR_IO: the folder cannot be written to. */
MUST_CHECK enum err recovery_open(const struct profile *p, const char *ref, struct recovery **out,
                                  struct buf *left, struct err_info *notice, struct err_info *why);
/* len 0 removes the file. ERR_IO with the reason in `why`. */
MUST_CHECK enum err recovery_keep(struct recovery *r, const void *data, size_t len,
                                  struct err_info *why);
void recovery_close(struct recovery *r); /* NULL is allowed; the file stays */

#endif
