#ifndef TANDEM_SERVER_API_DUTIES_H
#define TANDEM_SERVER_API_DUTIES_H

/* What people have to do (server/rules/duty.h), as the wire tells it. */

#include "server/api/core_inner.h"

/* Everybody's duties about the call's audit that are asked now, as `reader` sees them. The list
 * lives as long as the call. False: no memory. */
bool duties_of_record(struct call *c, const struct viewer *reader, Tandem__Duty ***list, size_t *n);
/* One row of the store for the wire; NULL: no memory, or it is not asked today (*later). */
Tandem__Duty *duty_of_row(struct call *c, const struct viewer *reader,
                          const struct store_duty_row *row, bool *later);

#endif
