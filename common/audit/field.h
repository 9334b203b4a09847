#ifndef TANDEM_COMMON_AUDIT_FIELD_H
#define TANDEM_COMMON_AUDIT_FIELD_H

/* The address of one part of one answer. As people write it: "B1" (main part), "B1.rationale",
 * "D1[3].note" (third checklist item), "L5[2].due" (second item of the list as it stands). */

#include "common/audit/template.h"

struct field {
    uint16_t question; /* its number */
    uint16_t part;     /* enum part */
    uint64_t item;     /* checklist: position from 1; lists: the item's id; else 0 */
};

static inline bool field_equal(struct field a, struct field b)
{
    return a.question == b.question && a.part == b.part && a.item == b.item;
}
static inline int field_compare(struct field a, struct field b)
{
    if (a.question != b.question)
        return a.question < b.question ? -1 : 1;
    if (a.item != b.item)
        return a.item < b.item ? -1 : 1;
    return a.part == b.part ? 0 : a.part < b.part ? -1 : 1;
}

/* Could this address exist in an audit of this template (items of lists may or may not exist)?
 * ERR_INPUT with the reason otherwise. */
MUST_CHECK enum err field_check(const struct template *t, struct field f, struct err_info *why);

/* The codes that this field may hold (TYPE_CODE, TYPE_CODES, TYPE_CHOICE), NULL-terminated, for
 * pickers and completion; NULL for other types (grades are in t->grades) and for an address that
 * field_check refuses. Borrowed from the template or static. */
const char *const *field_codes(const struct template *t, struct field f);

/* Is `value` one that this field may hold? "" (clears it) always is. Not for TYPE_TEXT, TYPE_LIST.
 * `why` says what is allowed ("one of: yes, partly, no, na, no_evidence"). */
MUST_CHECK enum err field_check_value(const struct template *t, struct field f, const char *value,
                                      struct err_info *why);

/* A date as people here write it, day first: "3/9/2026", "03.09.2026", "3-9-2026". True: `out` is
 * "2026-09-03" (which field_check_value may still refuse). Anything else is left alone. */
bool field_date_typed(const char *typed, char out[16]);

#endif
