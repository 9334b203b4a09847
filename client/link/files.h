#ifndef TANDEM_CLIENT_LINK_FILES_H
#define TANDEM_CLIENT_LINK_FILES_H

/* Small private files: read whole, replaced whole. */

#include "common/buf.h"

/* Appends the file's bytes to `out`. ERR_NOT_FOUND when there is none; ERR_TOO_LARGE over
 * `max_bytes`; ERR_IO with the reason in `why`. */
MUST_CHECK enum err file_read(const char *path, size_t max_bytes, struct buf *out,
                              struct err_info *why);
/* The new content is there completely or not at all, also after a power cut: written beside it
 * (mode 0600), synced, renamed, folder synced. */
MUST_CHECK enum err file_replace(const char *path, const void *data, size_t len,
                                 struct err_info *why);
/* Makes a folder and those above it, mode 0700. */
MUST_CHECK enum err folder_make(const char *path, struct err_info *why);

#endif
