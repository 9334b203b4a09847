#ifndef TANDEM_SERVER_RULES_PEOPLE_H
#define TANDEM_SERVER_RULES_PEOPLE_H

/* Who works here: people, their roles, their certificates. The server's picture in memory of what
 * the store holds; small (thousands), so lookups by name may walk. Pure. */

#include "common/audit/audit.h"

struct person {
    struct viewer viewer; /* number and roles, as the rights functions want them */
    char name[64];
    bool revoked;
};

struct people;
struct people *people_new(void); /* returns new or NULL */
void people_free(struct people *p);
/* Adds or replaces by number. */
MUST_CHECK enum err people_put(struct people *p, const struct person *person);
const struct person *people_find(const struct people *p, uint32_t id); /* or NULL */
/* By name (case-insensitive, whole) or by number in decimal; revoked ones only by number. */
const struct person *people_find_name(const struct people *p, const char *name_or_number);
size_t people_count(const struct people *p);
const struct person *people_at(const struct people *p, size_t i); /* by number */

MUST_CHECK enum err people_put_cert(struct people *p, const uint8_t serial[20], uint32_t person,
                                    bool revoked);
/* Whose certificate is this? NULL: unknown here, revoked, or its person is revoked; then *why is
 * "unknown" or "revoked". */
const struct person *people_of_cert(const struct people *p, const uint8_t serial[20],
                                    const char **why);
bool person_has_role(const struct person *p, enum role role);

#endif
