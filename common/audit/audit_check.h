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

/* Agent, person and number fit. ERR_EXISTS: a batch that is here already. */
enum err audit_check_batch(const struct check *c);
enum err audit_check_op(const struct check *c);

#endif
