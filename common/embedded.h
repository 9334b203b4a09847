#ifndef TANDEM_COMMON_EMBEDDED_H
#define TANDEM_COMMON_EMBEDDED_H

/* Files that are built into the server: templates and migrations, by their path in the tree. */

#include <stddef.h>

struct embedded_file {
    const char *path;          /* "server/content/fca.yaml"; NULL ends the list */
    const unsigned char *data; /* NUL behind the last byte */
    size_t len_bytes;
};

extern const struct embedded_file embedded_files[]; /* sorted by path */

#endif
