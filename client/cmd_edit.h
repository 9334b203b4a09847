#ifndef TANDEM_CLIENT_CMD_EDIT_H
#define TANDEM_CLIENT_CMD_EDIT_H

#include "common/audit/audit.h"

/* After words were written: a note for each that looks like an identifier of a person, with how to
 * say why it is needed. What is written stands. */
void note_identifiers(const struct audit *a, struct field f, const char *ref);

#endif
