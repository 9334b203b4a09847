#ifndef TANDEM_SERVER_RULES_PERIOD_H
#define TANDEM_SERVER_RULES_PERIOD_H

/* The period that an audit looks at: days up to today, as text. Pure; counts with civil.h. */

#include "server/rules/civil.h"

struct civil period_today(int64_t utc_ms);
/* The same day number so many months earlier, at most the end of that month. */
struct civil period_months_before(struct civil d, unsigned months);
/* Is it a day that there is, as YYYY-MM-DD? */
bool period_is_day(const char *s);
void period_format(struct civil d, char out[11]); /* YYYY-MM-DD; years 0 ... 9999 */

#endif
