#ifndef TANDEM_CLIENT_RENDER_DUTIES_H
#define TANDEM_CLIENT_RENDER_DUTIES_H

/* What may follow in a record and what waits for whom, as the server said it: as text and as JSON.
 * Words of others are made safe here. Pure. */

#include <jansson.h>

#include "common/buf.h"
#include "proto/wire.pb-c.h"

/* "3 wd late", "today", "in 2 wd", "" without a day: "3 wd" are three working days. Appends. */
void render_clock(const Tandem__Duty *d, struct buf *out);
/* The command that does it, or that shows it best; appends. */
void render_duty_command(const Tandem__Duty *d, struct buf *out);
/* One line without its end: clock, record, what to do, who (unless `mine`), command. */
void render_duty(const Tandem__Duty *d, struct buf *out);
json_t *render_duty_json(const Tandem__Duty *d);

/* Groups in the order of a day's work, each with its heading; at most `most` duties, 0: all. The
 * order within a group is the server's. Returns how many lines of duties were appended. */
size_t render_duties(Tandem__Duty *const *duties, size_t n, size_t most, struct buf *out);
/* For the start of another command: at most `most` lines in all, no headings, what is late first;
 * the last one says how many more there are. Nothing for none. */
void render_duties_short(Tandem__Duty *const *duties, size_t n, size_t most, struct buf *out);

/* What can be done now and what is missing before it; what waits for whom. */
void render_steps(const char *ref, const Tandem__Steps *s, struct buf *out);
json_t *render_steps_json(const char *ref, const Tandem__Steps *s);
/* What is missing before a move to `to` (a state's number), one line each; returns how many. */
size_t render_missing(const Tandem__Steps *s, uint32_t to, struct buf *out);

#endif
