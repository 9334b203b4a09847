#ifndef TANDEM_SERVER_RULES_ICAL_H
#define TANDEM_SERVER_RULES_ICAL_H

/* The calendar as other programs read it: an iCalendar feed (RFC 5545) of occurrences, and the
 * events of another site's programme read back. Pure: text in, text out; today is an argument.
 * Nothing leaves that an occurrence does not hold itself: references and codes, no names. */

#include "common/buf.h"
#include "server/rules/calendar.h"

enum {
    ICAL_MAX_BYTES = 4 * 1024 * 1024,
    ICAL_MAX_EVENTS = 20000,
    ICAL_MAX_TEXT = 400, /* bytes of an event's summary or description that are kept */
};

/* ---- out ---- */

struct ical_feed { /* all borrowed */
    const struct calendar *calendar;
    const size_t *numbers; /* the occurrences to write; NULL: every one */
    size_t n;
    const struct activities *activities; /* for the titles; an unknown code stands for itself */
    const struct holidays *holidays;
    const char *site; /* name of the calendar, and behind the @ of each UID */
    int64_t utc_ms;   /* now */
};

/* Appends a VCALENDAR: one all-day VEVENT on the planned day of each; a UID that stays, a SEQUENCE
 * that grows with each change, the limit and why in the DESCRIPTION. What was held stands on the
 * day it was held; missed and cancelled have STATUS:CANCELLED. ERR_NOMEM: out is as it was. */
MUST_CHECK enum err ical_write(const struct ical_feed *feed, struct buf *out);

/* ---- in ---- */

struct ical_event {
    char *uid;                   /* never empty: without one it is refused */
    char *summary, *description; /* "" when there is none */
    char *code; /* what the event's first category says, "" without: an activity's code, perhaps */
    struct civil day;
    uint32_t sequence;
    bool cancelled;
};

struct ical_events { /* owns its events, by day and then UID */
    struct ical_event *at;
    size_t n;
    size_t nother; /* entries that are no events (to-dos, journals): left out */
};
void ical_events_fini(struct ical_events *e);

/* The events of an .ics in [from, until): only what is said there; a recurring one as its single
 * days, without its EXDATEs and with those of its days that another entry moves where they are now.
 * An instant falls on its day in London, any other time on the day that is written. Returns new in
 * *out. ERR_INPUT with a sentence, and then nothing is read at all: no calendar, one that ends in
 * the middle, an event without UID or day, one that recurs within a day. ERR_TOO_LARGE, ERR_NOMEM.
 */
MUST_CHECK enum err ical_read(const char *name, const void *data, size_t len_bytes,
                              struct civil from, struct civil until, struct ical_events *out,
                              struct err_info *why);

#endif
