#ifndef TANDEM_SERVER_API_ACT_H
#define TANDEM_SERVER_API_ACT_H

/* For handlers of what the server writes in somebody's name: what the rules look at, and the event
 * that follows. Everything is asked of the audit as it stands in live/, events on their way to disk
 * included; answers wait for the commit. */

#include "server/api/core_inner.h"
#include "server/api/handlers.h"
#include "server/api/routes.h"
#include "server/rules/facts.h"
#include "server/rules/life.h"

/* Borrows `a`; for the turn. */
struct facts core_facts(const struct core *c, const struct audit *a);
struct life_facts core_life_facts(const struct core *c, const struct audit *a);
/* The same for the call's audit, with who is in the room and what changed last; `room` holds those
 * and is kept as long as the facts. */
struct call_room {
    uint32_t present[EVENT_MAX_PRESENT];
    size_t npresent;
    struct life_change change;
};
struct life_facts call_life_facts(struct call *c, struct call_room *room);

/* Finds out whether the audit is its auditor's first, where that counts (a site that looks at a
 * sample only always looks at those), then runs `next`; or answers. */
void call_know_auditor(struct call *c, void (*next)(struct call *c));

/* Is anything but blanks there? */
bool call_has_words(const char *s);
/* A person by name or number; NULL and a sentence: nobody who works here. */
const struct person *call_find_person(const struct call *c, const char *name, struct err_info *why);

/* One operation more; its strings are the caller's. */
MUST_CHECK enum err act_add(struct life_ops *out, const struct audit_op *op);
/* Answers with the sentence in `why` (or the error's own), and frees. */
void call_refuse(struct call *c, enum err e, const struct err_info *why);
/* One event of these operations in the caller's name; c->seq is its number. False: it was refused,
 * the call is answered and gone. Otherwise one of call_..._after follows. */
bool call_act(struct call *c, struct audit_op *ops, size_t nops);

/* After a wait: may the call go on? False: it has been answered. */
bool call_goes_on(struct call *c, enum err e);
/* Packs the answer now and sends it when the audit is durable up to `seq` (and, when nothing was
 * written, its reader may still read); c->then, if there is one, runs just before. Takes the call.
 */
void call_answer_after(struct call *c, Tandem__Envelope *e, uint64_t seq);
void call_answer_read(struct call *c, Tandem__Envelope *e); /* after all that stands now */
void call_done_after(struct call *c);                       /* Done, after c->seq */

#endif
