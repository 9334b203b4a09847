#ifndef TANDEM_SERVER_API_PROJECTION_H
#define TANDEM_SERVER_API_PROJECTION_H

/* What the store keeps beside an audit by the rules: what people have to do about it. */

#include "server/rules/clock.h"
#include "server/rules/people.h"
#include "server/store/store.h"

/* The duties of an audit as it stands, for the store: a store_project_fn whose `user` is this. The
 * running server and what works on a stopped site (offline.h) use the same. */
struct projection_from {
    const struct people *people;
    const struct clock_values *clock;
    const struct holidays *holidays;
};
MUST_CHECK enum err projection_make(void *user, const struct audit *a,
                                    struct store_projection *out);
/* One of them as it is kept. */
struct duty;
void projection_duty(struct store_duty *to, const struct duty *d);
/* For store_rules.version: another number whenever they would be others for the same audit. */
uint64_t projection_version(const struct projection_from *from);

#endif
