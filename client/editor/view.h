#ifndef TANDEM_CLIENT_EDITOR_VIEW_H
#define TANDEM_CLIENT_EDITOR_VIEW_H

/* The editor's screen as a grid of cells. Pure: reads the model, draws everything anew; whoever
 * shows it sends only what differs from what stands there. Nothing is said by colour alone. */

#include "client/editor/cells.h"
#include "client/editor/model.h"

/* `g` is made as large as the editor's screen. */
void view_draw(const struct editor *ed, struct grid *g);

#endif
