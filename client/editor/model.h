#ifndef TANDEM_CLIENT_EDITOR_MODEL_H
#define TANDEM_CLIENT_EDITOR_MODEL_H

/* The editor without a terminal: keys, pastes and the time go in, the replica is read and written,
 * view.h draws what a person sees. Pure: no I/O, no clock.
 *
 * Nothing moves under the reader's eye: what others do above the cursor scrolls the pane instead.
 */

#include "client/editor/key.h"
#include "client/link/errand.h"
#include "client/link/replica.h"

struct editor;

/* Keeps `r` until editor_free, and takes its news (replica_on_news). Returns new, or NULL. */
struct editor *editor_new(struct replica *r, const char *ref);
void editor_free(struct editor *ed); /* NULL is allowed */

void editor_resize(struct editor *ed, uint16_t rows, uint16_t cols);
void editor_key(struct editor *ed, struct key k);
/* A whole paste; line ends become newlines, what may not be in an answer is left out (and said). */
void editor_paste(struct editor *ed, const uint8_t *data, size_t len);
void editor_time(struct editor *ed, int64_t mono_ms, int64_t utc_ms);

enum editor_line {
    LINE_UP,
    LINE_DOWN,   /* comes back by itself */
    LINE_ENDED,  /* never again; `why` */
    LINE_JOINING /* connected, the audit is not here yet */
};
/* How the line is; `why` is borrowed. */
void editor_set_line(struct editor *ed, enum editor_line line, const char *why);
/* Takes up what changed in the replica since; call before drawing. */
void editor_refresh(struct editor *ed);
/* Something to say, until the next key. */
void editor_say(struct editor *ed, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* The person wants to leave (and has been asked if need be). */
bool editor_left(const struct editor *ed);
/* Words that were struck out before I came are to be shown, and are not here: get the audit's log
 * (client/link/log_fetch.h) and give it. Asking forgets it. */
bool editor_wants_log(struct editor *ed);
/* Takes both; NULL: it could not be had, `why` says why. */
void editor_set_log(struct editor *ed, struct audit *log, struct template *t, const char *why);
/* Something is to be asked of the server: the caller owns *out (errand_fini) and sends it
 * (errand_start). False: nothing is. */
bool editor_take_errand(struct editor *ed, struct errand *out);
/* What came of an errand. Borrows `e`, takes `a`; NULL: no memory. */
void editor_answer(struct editor *ed, const struct errand *e, struct errand_answer *a);
/* When editor_take_errand may have something that it has not now; INT64_MAX. */
int64_t editor_next_ms(const struct editor *ed);
/* The whole screen is to be sent again (Ctrl-L); asking forgets it. */
bool editor_wants_redraw(struct editor *ed);

/* What was typed for a program of scripts and tests to ask: where am I? */
struct field editor_field(const struct editor *ed);
size_t editor_pos_cp(const struct editor *ed);
/* The editor's own clipboard; NUL-terminated, borrowed. */
const char *editor_clipboard(struct editor *ed);

#endif
