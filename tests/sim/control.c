#include "tests/sim/world.h"

/* A positive control: a server that forgets the retry check. The linker puts these functions around
 * the real ones (--wrap in the Makefile); unless a world asks for the fault they only pass through.
 */

static bool forget_retry;

void control_forget_retry(bool on)
{
    forget_retry = on;
}

enum err __real_audit_check(const struct audit *a, const struct viewer *v,
                            const struct event_body *b, struct err_info *why,
                            struct audit_conflict *conflict);
enum err __wrap_audit_check(const struct audit *a, const struct viewer *v,
                            const struct event_body *b, struct err_info *why,
                            struct audit_conflict *conflict);

enum err __wrap_audit_check(const struct audit *a, const struct viewer *v,
                            const struct event_body *b, struct err_info *why,
                            struct audit_conflict *conflict)
{
    enum err e = __real_audit_check(a, v, b, why, conflict);
    if (e != ERR_EXISTS || !forget_retry)
        return e;
    /* As if the number had never been seen: the batch is taken for the agent's next one. */
    ((struct event_body *)(uintptr_t)b)->batch_no = audit_batch_no(a, b->agent) + 1;
    return __real_audit_check(a, v, b, why, conflict);
}
