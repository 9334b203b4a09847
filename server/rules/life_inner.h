#ifndef TANDEM_SERVER_RULES_LIFE_INNER_H
#define TANDEM_SERVER_RULES_LIFE_INNER_H

/* Between the life_*.c files only. */

#include "server/rules/life.h"

/* One request held against the guards of one row; counts what is missing and collects the first
 * sentences. */
struct life_look {
    const struct life_facts *f;
    const struct life_request *q;
    const struct life_move *row;
    enum life_guard guard; /* being looked at */
    bool excused;          /* the request gives a reason */
    bool choosing;         /* nothing was asked for yet: what is chosen with the request is open */
    size_t blocking, excusable; /* excusable ones are among the blocking */
    enum life_guard first;      /* that blocks */
    char sentences[220];        /* of the first three that block, joined by "; " */
    life_missing_fn fn;         /* may be NULL */
    void *user;
};

/* Looks at all guards in `guards` (GUARD_BIT set). */
void life_guards_look(struct life_look *l, uint32_t guards);
/* A missing thing; without a field: question 0. The sentence has no full stop. */
void life_missing(struct life_look *l, struct field f, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
/* As life_missing, but it never blocks. */
void life_warning(struct life_look *l, struct field f, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
/* An address as people write it, borrowed from `out`. */
const char *life_field_words(const struct audit *a, struct field f, struct buf *out);

/* Somebody's name; "nobody" for 0, a number for a stranger. */
struct life_name {
    char text[80];
};
struct life_name life_name_of(const struct life_facts *f, uint32_t person);

/* "reviewing officer (FRO) or the assigned moderator": a row's `who`. */
void life_say_roles(uint32_t who, struct buf *out);

/* Is anything but blanks there? */
bool life_has_words(const char *s);
/* Is this row there for this record? */
bool life_when_holds(const struct audit *a, enum life_when when);
/* Who moderates when the request is accepted: named, or assigned, or the child's own IRO who may;
 * 0. */
uint32_t life_moderator(const struct life_facts *f, const struct life_request *q);
/* The stage that the request leads to, 1 + its number; 0: none was named and there is no next. */
uint32_t life_stage(const struct audit *a, const struct life_request *q);
/* The judgement's outcome by the site's sample. */
struct moderation_outcome life_outcome(const struct life_facts *f, const struct question *q);
/* As which part does this request sign? ROLE_NONE: may not sign. */
enum role life_signing_role(const struct audit *a, const struct life_request *q);
/* With this role's signature (ROLE_NONE: none more), which are still missing? */
role_set life_unsigned_with(const struct audit *a, enum role role);
/* The first row that signing completes, or NULL. */
const struct life_move *life_signed_row(enum life_path p);

#endif
