#ifndef TANDEM_TESTS_LIB_STORE_ROOM_H
#define TANDEM_TESTS_LIB_STORE_ROOM_H

/* A made audit (audit_make.h) put into a store as the live server would: template, reserved number,
 * every event with the projection as it stands after it. */

#include "tests/lib/audit_make.h"
#include "tests/lib/store_impl.h"

/* Appends all of the room's log; a snapshot after each event whose seq divides by `snapshot_every`
 * (0: none). Returns the audit's number. */
uint64_t store_room_put(struct store_under_test *t, const struct room *r, unsigned snapshot_every);

/* A room in which a few people have typed, graded, listed and commented: over 20 events. */
struct room *store_room_busy(void);

#endif
