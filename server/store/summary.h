#ifndef TANDEM_SERVER_STORE_SUMMARY_H
#define TANDEM_SERVER_STORE_SUMMARY_H

/* The projection of an audit: what queries need of it, made from the audit as it stands. The live
 * server (with every append), verification and rebuilding all call these two. Pure. */

#include "server/store/store.h"

/* Copies a text (NULL: "") to its place, zeroed behind; what is too long is cut at a whole
 * character. */
void summary_copy(char *to, size_t cap, const char *from);

/* Another number whenever summary_of or summary_members_of makes something else of the same audit.
 */
enum { SUMMARY_VERSION = 2 };

/* Texts longer than their place are cut at a whole character. */
void summary_of(const struct audit *a, struct store_summary *out);
/* The members by person number. *out returns new (free()), NULL when there are none. */
MUST_CHECK enum err summary_members_of(const struct audit *a, struct store_member **out,
                                       size_t *nmembers);

#endif
