#ifndef TANDEM_CLIENT_RENDER_LIFE_H
#define TANDEM_CLIENT_RENDER_LIFE_H

/* What the server wrote in people's names: moves, signatures, flags and the like (internal to
 * render/). */

#include "client/render/render.h"

/* OP_MOVE, and OP_SIGN to OP_PLAN: "signed revision 142 as FRO", to stand behind the actor's name;
 * appends, safe. */
void render_life_op(const struct render_source *src, const struct audit_op *op, struct buf *out);
/* Adds what it says to `j`. */
void render_life_op_json(const struct render_source *src, const struct audit_op *op, json_t *j);

/* Calls `fn` with each line of the audit's life; nothing for one that has not lived yet. */
typedef void (*render_line_fn)(void *user, const char *line);
void render_life(const struct render_source *src, render_line_fn fn, void *user);
/* Adds all of it to `j`. */
void render_life_json(const struct render_source *src, json_t *j);

#endif
