#ifndef TANDEM_CLIENT_EDITOR_DESCRIBE_H
#define TANDEM_CLIENT_EDITOR_DESCRIBE_H

/* Fields, values, people and events in words, the same for the full screen and for --plain. What it
 * appends may hold words of others as they are: the screen and plain mode make them safe. Pure. */

#include "client/link/errand.h"
#include "client/link/replica.h"

/* "requires improvement" for the code of a grade, "not met" for "not_met". "" stays "". */
void describe_value(const struct template *t, const struct part_def *def, const char *value,
                    struct buf *out);
/* The same of one field of the open audit, where people are named and items have addresses. */
void describe_field_value(const struct replica *r, struct field f, const char *value,
                          struct buf *out);
/* "B1 rationale", "D1 3 note", "L5 action 2, due" */
void describe_field(const struct replica *r, struct field f, struct buf *out);
/* What the part is called inside its question: "rationale", "3 children's views". */
void describe_part(const struct replica *r, struct field f, struct buf *out);
/* "Anna Frost (FRO)" */
void describe_person(const struct replica *r, uint32_t person, struct buf *out);
/* My part in this audit, or the first role I hold. */
enum role describe_my_role(const struct replica *r);
/* "held by IRO" */
void describe_held(const struct replica *r, struct field f, struct buf *out);
/* "empty", "partly", "done", "not needed" */
const char *describe_state(enum question_state s);
/* "finding", "action", "evidence", "person": one of a list. */
const char *describe_item(enum part list);

/* What may be chosen for a part (`in_list`: of an item of a list), and for a field of TYPE_ITEMS:
 * each item that it may name, with its first words. Returns how many; fills at most `cap`. */
struct choice {
    char code[64];
    char label[96];
};
size_t describe_items(const struct replica *r, struct field f, struct choice *choices, size_t cap);
size_t describe_choices(const struct template *t, const struct question *q,
                        const struct part_def *def, bool in_list, struct choice *choices,
                        size_t cap);

/* "14:10" on the day of `now`, else "3 Mar 2026, 14:10"; by the clock on this computer. */
void describe_time(int64_t utc_ms, int64_t now_utc_ms, struct buf *out);
/* "3 working days left", "today", "2 working days late"; nothing when it has no day. */
void describe_clock(const struct errand_duty *d, struct buf *out);
/* "Answer 2 queries (3 working days left)" */
void describe_duty(const struct errand_duty *d, struct buf *out);

/* "Jo Marsh's signature was voided by your change; it has to be given again." Nothing when the
 * event, which has been folded, voided none. */
void describe_voided(const struct replica *r, const struct event *e, struct buf *out);
/* "Jo Marsh (FSW), 14:10; sees it differently: ..." */
void describe_signature(const struct replica *r, const struct audit_signature *s,
                        int64_t now_utc_ms, struct buf *out);
/* What has to stay in sight while it is so: the n-th (from 0) of the open flags and the open
 * break-glass. False: there are no more. */
bool describe_banner(const struct replica *r, size_t n, int64_t now_utc_ms, struct buf *out);
/* A flag with its words and what was noted, as far as I may read them. */
void describe_flag(const struct replica *r, const struct audit_flag *f, int64_t now_utc_ms,
                   struct buf *out);

/* The status line: the whole truth about what is saved. `offline_why` may be NULL. */
void describe_status(const struct replica *r, const char *offline_why, bool joining,
                     struct buf *out);

/* What an event did, one line per operation but for OP_TEXT and OP_HELD (which give nothing):
 * "AF set B1 agreed grade to Good". Calls `fn` with each line (not yet safe). */
typedef void (*describe_fn)(void *user, struct field f, const char *line);
void describe_event(const struct replica *r, const struct event *e, describe_fn fn, void *user);

#endif
