#ifndef TANDEM_CLIENT_EDITOR_VIEW_STATE_H
#define TANDEM_CLIENT_EDITOR_VIEW_STATE_H

/* Inside the view: shared by view*.c. */

#include "client/editor/model_state.h"
#include "client/editor/view.h"

struct view {
    const struct editor *ed;
    struct grid *g;
    struct geometry geo;
};

/* ---- view.c ---- */
uint8_t view_person_colour(uint32_t person);
int view_put(struct view *v, struct rect in, int row, int col, const char *s, uint8_t attrs);
/* The cursor is shown here: also for those who see nothing of reverse or bold, as a screen reader
 * follows it. */
void view_cursor_at(struct view *v, struct rect in, int row, int col);

/* ---- view_pane.c: the answer, and the comments beside it ---- */
void view_pane(struct view *v);
void view_comments(struct view *v);
/* Text broken into lines from (row, col). Returns the row behind it. */
int view_wrapped(struct view *v, struct rect in, int row, int col, const char *s, uint8_t attrs);

/* ---- view_box.c: boxes over everything ---- */
void view_picker(struct view *v);
void view_line_box(struct view *v);
void view_ask(struct view *v);
void view_help(struct view *v);
void view_desk(struct view *v);

#endif
