#ifndef TANDEM_TESTS_LIB_TEXT_HOSTILE_H
#define TANDEM_TESTS_LIB_TEXT_HOSTILE_H

/* Arbitrary bytes as what a hostile peer sends: as operations, as a saved state. Aborts when the
 * text and its model disagree, or an inner rule is broken. For fuzzing and for the unit tests. */

#include <stddef.h>
#include <stdint.h>

/* `data` is a script: blobs of some agents, with edits of our own in between. */
void text_hostile_ops(const uint8_t *data, size_t len);
void text_hostile_state(const uint8_t *data, size_t len);

#endif
