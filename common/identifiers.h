#ifndef TANDEM_COMMON_IDENTIFIERS_H
#define TANDEM_COMMON_IDENTIFIERS_H

/* Words that look like an identifier of a person: records about children go by case-system
 * references, not by NHS numbers, birth dates or addresses. A hint and no more: it finds what has
 * the shape of one (and the right check digit, where there is one), never blocks, never alters.
 *
 * References of the case system ("CR-2041", "FCA-2026-0001"), dates as such, times, grades and
 * years ("2026-27") are not identifiers. A date is one only near a word such as "born" or "dob".
 * No allocation, no state; time grows with the length, whatever the bytes are. */

#include <stdbool.h>
#include <stddef.h>

enum identifier_kind {
    IDENTIFIER_NHS = 1,
    IDENTIFIER_BIRTH,
    IDENTIFIER_POSTCODE,
    IDENTIFIER_PHONE,
    IDENTIFIER_INSURANCE, /* National Insurance number */
    IDENTIFIER_EMAIL,
};

struct identifier {
    enum identifier_kind kind;
    size_t start, end; /* bytes, [start, end); never inside a character */
};

/* The first one that begins at or behind byte `from` (what stands before it is looked at, to see
 * where a word begins and which words are near). False: there is none. To see them all, go on from
 * out->end. Ill-formed UTF-8 is allowed, and in no identifier. */
bool identifiers_next(const void *utf8, size_t len_bytes, size_t from, struct identifier *out);

/* "an NHS number", to follow "looks like". */
const char *identifiers_name(enum identifier_kind kind);
/* What to write instead, to follow that and a colon: "use the case-system reference". */
const char *identifiers_advice(enum identifier_kind kind);

#endif
