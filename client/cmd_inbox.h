#ifndef TANDEM_CLIENT_CMD_INBOX_H
#define TANDEM_CLIENT_CMD_INBOX_H

#include "client/session.h"

enum { INBOX_SHORT_LINES = 3 };

/* At the start of another command: at most INBOX_SHORT_LINES lines of what waits for whoever asks,
 * nothing when that is nothing or cannot be asked now. */
void inbox_say_short(struct session *s);

#endif
