#ifndef TANDEM_CLIENT_WHEN_H
#define TANDEM_CLIENT_WHEN_H

/* Days and times as people type them, in local time. Pure, but for the time zone. */

#include <stdbool.h>
#include <stdint.h>

/* Which moment of a day is meant when no time is given with it. */
enum when_day { WHEN_DAY_BEGINS, WHEN_DAY_ENDS };

/* "2026-03-03", "3/3/2026", "2026-03-03T09:30", "2026-03-03 09:30:15", "09:30" (of today's day);
 * a Z behind a time: UTC. False: it is none of these. */
bool when_moment(const char *s, enum when_day day, int64_t now_utc_ms, int64_t *utc_ms);
/* "48h": so long from now (hours pass at night and at weekends too), or as when_moment. */
bool when_until(const char *s, int64_t now_utc_ms, int64_t *utc_ms);
/* "83": an event's number; else a moment, a day being its end. The other one is 0. */
bool when_point(const char *s, uint64_t *seq, int64_t *utc_ms);
/* "2026-03-03" or "3/3/2026" -> "2026-03-03". False: no day that there is. */
bool when_date(const char *s, char out[16]);

#endif
