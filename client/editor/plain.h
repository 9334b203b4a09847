#ifndef TANDEM_CLIENT_EDITOR_PLAIN_H
#define TANDEM_CLIENT_EDITOR_PLAIN_H

/* The room line by line: for a screen reader, a dumb terminal, a pipe. One question at a time; the
 * commands are one table (`help` prints it); every change by others is one line. Pure: lines and
 * the time go in, lines come out. */

#include "client/editor/model.h"

struct plain;

/* One line to print, safe to print, without its newline. */
typedef void (*plain_say_fn)(void *user, const char *line);

enum { PLAIN_GATHER_MS = 1500 }; /* what somebody types is told once they pause for so long */

/* Keeps `r` until plain_free and takes its news. `say` may be called from any function here and
 * from inside the replica. Returns new, or NULL. */
struct plain *plain_new(struct replica *r, const char *ref, plain_say_fn say, void *user);
void plain_free(struct plain *p); /* NULL is allowed */

void plain_line(struct plain *p, const char *line, size_t len);
void plain_time(struct plain *p, int64_t mono_ms, int64_t utc_ms);
int64_t plain_next_ms(const struct plain *p); /* when plain_time has something to do; INT64_MAX */
/* Says so when it changed; greets after the first join. `why` is borrowed. */
void plain_set_line(struct plain *p, enum editor_line line, const char *why);
/* What others wrote that is still being gathered is told now. */
void plain_flush(struct plain *p);
/* "B1> ", "B1 rationale | " while a text is being written. Borrowed. */
const char *plain_prompt(struct plain *p);
bool plain_left(const struct plain *p);
/* As editor_wants_log and editor_set_log. */
bool plain_wants_log(struct plain *p);
void plain_set_log(struct plain *p, struct audit *log, struct template *t, const char *why);
/* As editor_take_errand and editor_answer. */
bool plain_take_errand(struct plain *p, struct errand *out);
void plain_answer(struct plain *p, const struct errand *e, struct errand_answer *a);
/* Something that a command has asked for is still to come. */
bool plain_awaits(const struct plain *p);

/* The table of commands, for the README and tests. */
struct plain_command_help {
    const char *usage, *help;
};
size_t plain_commands(struct plain_command_help *rows, size_t cap);

#endif
