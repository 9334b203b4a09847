#ifndef TANDEM_CLIENT_ADDRESS_H
#define TANDEM_CLIENT_ADDRESS_H

/* What people type for a question, a value, a comment, turned into what the audit has; with
 * suggestions when it has no such thing. Pure. */

#include "common/audit/audit.h"

/* "B1", "B1.rationale", "D1[3].note". ERR_INPUT; an unknown question gets suggestions. *bare (may
 * be NULL): no part was named. */
MUST_CHECK enum err address_find(const struct audit *a, const char *s, struct field *out,
                                 bool *bare, struct err_info *why);
/* The words of an answer: "B1" becomes B1.rationale. ERR_INPUT when there are none. */
MUST_CHECK enum err address_words(const struct audit *a, const char *s, struct field *out,
                                  struct err_info *why);
/* The choice that "B1" means to somebody with this part in the audit: their own grade. */
MUST_CHECK enum err address_choice(const struct audit *a, const char *s, enum role role,
                                   struct field *out, struct err_info *why);
/* The list that "L5" or "B1" holds. */
MUST_CHECK enum err address_list(const struct audit *a, const char *s, struct field *out,
                                 struct err_info *why);
/* "Requires improvement" -> "requires_improvement" where that is a code, "3/9/2026" -> "2026-09-03"
 * where that is a date, "L3[2]" -> its id where items are named; else as it is. Appends to `out`.
 */
void address_value(const struct audit *a, struct field f, const char *value, struct buf *out);
/* By number (from 1, in order of creation) or id. NULL with the reason. */
const struct audit_comment *address_comment(const struct audit *a, const char *s,
                                            struct err_info *why);
/* Its number, from 1. */
size_t address_comment_number(const struct audit *a, uint64_t id);

#endif
