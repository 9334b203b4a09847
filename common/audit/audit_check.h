#ifndef TANDEM_COMMON_AUDIT_AUDIT_CHECK_H
#define TANDEM_COMMON_AUDIT_AUDIT_CHECK_H

/* What makes an operation acceptable; asked by audit_check before and by audit_apply during the
 * application of a batch. For the files of this folder. */

#include "common/audit/audit_impl.h"

struct check {
    const struct audit *a;
    const struct viewer *v; /* NULL: replay. Rights, states, limits and the words of texts are then
                             * not asked again: they were when it was accepted, by the rules and
                             * the tables of that day */
    const struct event_body *b;
    uint32_t person; /* whose batch it is */
    size_t i;        /* the operation; those before it count as done */
    struct err_info *why;
    struct audit_conflict *conflict;
};

static inline bool audit_check_is_replay(const struct check *c)
{
    return !c->v;
}

/* Agent, person and number fit. ERR_EXISTS: a batch that is here already. */
enum err audit_check_batch(const struct check *c);
enum err audit_check_op(const struct check *c);
/* OP_MOVE, and OP_SIGN to OP_PLAN. */
enum err audit_check_life(const struct check *c, const struct audit_op *op);
/* The day, the way in and the source of an OP_CREATE. */
enum err audit_check_beginnings(const struct check *c, const struct op_create *op);

/* How many operations of this kind the batch has before this one. */
size_t audit_check_count(const struct check *c, enum op_kind kind);
/* Is `s` (NULL is "") good text of at most max_cp characters? `what` names it when not. */
enum err audit_check_words(const struct check *c, const char *what, const char *s, bool multi_line,
                           size_t max_cp, bool may_be_empty);
bool audit_check_is_state(enum audit_state s);

#endif
