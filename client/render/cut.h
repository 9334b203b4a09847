#ifndef TANDEM_CLIENT_RENDER_CUT_H
#define TANDEM_CLIENT_RENDER_CUT_H

/* One line of text in a given number of columns, as every terminal counts them (internal to
 * render/). */

#include <stddef.h>

#include "common/buf.h"

/* As much as has room, made harmless, with "…" ("~" in ASCII) where it was cut. `room` is not 0.
 * Returns the columns it took. Appends. */
size_t cut_put(struct buf *out, const char *s, size_t room, bool ascii);
void cut_blanks(struct buf *out, size_t n);

#endif
