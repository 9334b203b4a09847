#ifndef TANDEM_CLIENT_RENDER_RENDER_H
#define TANDEM_CLIENT_RENDER_RENDER_H

/* An audit, and what happens to it, as text, Markdown and JSON. All words of others are made safe
 * here (JSON: jansson escapes them). Pure. */

#include <jansson.h>

#include "common/audit/audit.h"

struct render_source {
    const struct audit *audit;
    const struct viewer *viewer;
    const char *(*name)(void *user, uint32_t person); /* safe; borrowed until the next call */
    void *user;
};

/* Wrapped at 80 columns. Appends to `out`. */
void render_text(const struct render_source *src, struct buf *out);
void render_markdown(const struct render_source *src, struct buf *out);
json_t *render_json(const struct render_source *src); /* new reference */

/* "requires improvement" for a code; the label of a grade. Appends, safe. */
void render_value(const struct template *t, struct field f, const char *value, struct buf *out);
/* The same of a field of this audit, where people are named and items have addresses. */
void render_field_value(const struct render_source *src, struct field f, const char *value,
                        struct buf *out);
/* How people call an item of a list (its part does not matter): "L5[2]", or "B1[1].evidence" where
 * the question is not that list itself. Appends. */
void render_item_address(const struct audit *a, struct field item, struct buf *out);
/* "2026-11-23T09:00:00.000Z"; null for 0. New reference. */
json_t *render_utc(int64_t utc_ms);
/* "2026-11-23 09:00", local time; "-" for 0. */
const char *render_time(int64_t utc_ms, char out[32]);

/* What an event did, as one line without its end: `src->audit` is the audit after the event (or
 * before it, for items that it took away). */
void render_event(const struct render_source *src, const struct event *e, struct buf *out);
json_t *render_event_json(const struct render_source *src, const struct event *e);
/* Is this event about the question? (0: always) */
bool render_event_is_about(const struct event *e, uint16_t question);

/* Words and sums of one text operation's blob. */
struct blob_sums {
    struct buf words; /* inserted and restored; returns new: buf_free */
    size_t inserted_cp, struck_cp;
};
void render_blob(uint32_t agent, const void *blob, size_t len, struct blob_sums *out);

/* Wraps safe text at `width` columns with `indent` spaces before each line; appends. */
void render_wrap(const char *text, size_t indent, size_t width, struct buf *out);

#endif
