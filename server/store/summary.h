#ifndef TANDEM_SERVER_STORE_SUMMARY_H
#define TANDEM_SERVER_STORE_SUMMARY_H

/* The projection of an audit: what queries need of it, made from the audit as it stands. The live
 * server (with every append), verification and rebuilding all call these two. Pure. */

#include "server/store/store.h"

/* Texts longer than their place are cut at a whole character. */
void summary_of(const struct audit *a, struct store_summary *out);
/* The members by person number. *out returns new (free()), NULL when there are none. */
MUST_CHECK enum err summary_members_of(const struct audit *a, struct store_member **out,
                                       size_t *nmembers);

#endif
