#ifndef TANDEM_CLIENT_EDITOR_UI_CURSES_H
#define TANDEM_CLIENT_EDITOR_UI_CURSES_H

/* A grid of cells on a real terminal. The only file that knows curses. Sends only what differs from
 * what stands there; keys are read by the caller (client/editor/key.h). One at a time: curses has
 * one screen. */

#include "client/editor/cells.h"

struct ui;

/* Takes the terminal over. ERR_INPUT: not a terminal, or TERM is not known. Colours unless NO_COLOR
 * is set or the terminal has none. */
MUST_CHECK enum err ui_start(int in_fd, int out_fd, struct ui **out, struct err_info *why);
/* Gives the terminal back as it was. NULL is allowed. */
void ui_stop(struct ui *ui);
/* Asks the terminal how large it is (also after SIGWINCH). */
void ui_size(struct ui *ui, uint16_t *rows, uint16_t *cols);
void ui_show(struct ui *ui, const struct grid *g);
void ui_redraw(struct ui *ui); /* forget what stands there: the next ui_show sends everything */

#endif
