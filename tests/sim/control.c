#include "server/rules/life.h"
#include "tests/sim/world.h"

/* Positive controls: a server that forgets a check. The linker puts these functions around the real
 * ones (--wrap in the Makefile); unless a world asks for a fault they only pass through. */

static struct sim_control faults;

void control_set(const struct sim_control *c)
{
    faults = *c;
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
    if (e == ERR_REFUSED_STATE && b->agent && faults.late_freeze)
        return ERR_OK; /* as if the state had changed a moment later */
    if (e != ERR_EXISTS || !faults.forget_retry)
        return e;
    /* As if the number had never been seen: the batch is taken for the agent's next one. */
    ((struct event_body *)(uintptr_t)b)->batch_no = audit_batch_no(a, b->agent) + 1;
    return __real_audit_check(a, v, b, why, conflict);
}

enum err __real_life_check(const struct life_facts *f, const struct life_request *q,
                           const struct life_move **row, life_missing_fn fn, void *user,
                           struct err_info *why);
enum err __wrap_life_check(const struct life_facts *f, const struct life_request *q,
                           const struct life_move **row, life_missing_fn fn, void *user,
                           struct err_info *why);

enum err __wrap_life_check(const struct life_facts *f, const struct life_request *q,
                           const struct life_move **row, life_missing_fn fn, void *user,
                           struct err_info *why)
{
    struct life_request asked = *q;
    if (faults.sign_any_revision)
        asked.revision = 0; /* as it stands, whatever the signer has seen */
    return __real_life_check(f, &asked, row, fn, user, why);
}
