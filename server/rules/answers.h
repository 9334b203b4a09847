#ifndef TANDEM_SERVER_RULES_ANSWERS_H
#define TANDEM_SERVER_RULES_ANSWERS_H

/* What the rules read in an audit, shorter. Pure. */

#include "common/audit/audit.h"

/* "" when empty; borrowed from the audit until its next change. */
const char *answers_value(const struct audit *a, uint16_t question, enum part part, uint64_t item);
/* Is anything there? For live texts: a word, not only blanks. */
bool answers_has(const struct audit *a, uint16_t question, enum part part, uint64_t item);
/* The value, of the question that is used for this; "" also when the template has none. */
const char *answers_use(const struct audit *a, const char *use, enum part part);
/* Is anything in that question's main part (question_main_part)? */
bool answers_use_has(const struct audit *a, const char *use);
/* The address of that main part; question 0: the template has none. */
struct field answers_use_field(const struct audit *a, const char *use);

/* The grade that counts now: the final one, or else the agreed one; "" none. */
const char *answers_grade(const struct audit *a, const struct question *q);
/* A grade's words on the template's scale ("Requires improvement"); the code for a stranger. */
const char *answers_grade_label(const struct template *t, const char *grade);

/* Calls `fn` for every item of every list of this kind (PART_FINDINGS, PART_ACTIONS), with its
 * place in its list, from 1; false ends it. */
typedef bool (*answers_item_fn)(void *user, const struct question *q, const struct audit_item *item,
                                size_t place);
void answers_items(const struct audit *a, enum part list, answers_item_fn fn, void *user);

/* Did this person write what stands in a field that `counts`: set its value, or typed in its text
 * (also what was struck out since)? */
typedef bool (*answers_counts_fn)(const struct template *t, struct field f);
bool answers_wrote(const struct audit *a, uint32_t person, answers_counts_fn counts);

/* Is this id among "7, 12"? */
bool answers_names_item(const char *items, uint64_t id);

#endif
