#ifndef TANDEM_SERVER_RULES_DUTY_INNER_H
#define TANDEM_SERVER_RULES_DUTY_INNER_H

/* Inside duty.c and its finders only: what a finder is given, and how it hands out what it found.
 */

#include "server/rules/clock.h"
#include "server/rules/duty.h"
#include "server/rules/life.h"

struct duty_search {
    const struct facts *f;
    const struct audit *a;
    const struct template *t;
    struct audit_info info;
    enum life_path path;
    enum duty_kind kind; /* that is looked for */
    struct duty_list *out;
    bool failed; /* no memory */
};
typedef void (*duty_finder)(struct duty_search *s);

/* A duty of the kind that is looked for, about this; since the present state began. */
struct duty duty_new(const struct duty_search *s, uint16_t question, uint64_t item);
/* What to do. What goes into it must be short: a code, a name, a day. */
void duty_say(struct duty *d, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void duty_due(struct duty *d, struct civil day);
void duty_due_after(const struct duty_search *s, struct duty *d, enum clock c, struct civil from);
struct civil duty_state_day(const struct duty_search *s); /* on which the present state began */

/* To this person, as this role. */
void duty_give(struct duty_search *s, const struct duty *d, uint32_t person, enum role role);
/* To whoever has one of these roles for the team. */
void duty_give_roles(struct duty_search *s, const struct duty *d, role_set roles);
/* To every member with one of these roles who works here, but not to `except` (0: to all). Returns
 * how many there were. */
size_t duty_give_members(struct duty_search *s, const struct duty *d, role_set roles,
                         uint32_t except);
/* To those members, or where there is none to whoever has `otherwise`. */
void duty_give_or(struct duty_search *s, const struct duty *d, role_set members,
                  role_set otherwise);
bool duty_works_here(const struct duty_search *s, uint32_t person);

/* Who leads this kind of record: among the members, and otherwise on the site. */
role_set duty_lead_members(const struct duty_search *s);
role_set duty_lead_roles(const struct duty_search *s);

/* ---- the finders ---- */
void duty_find_views(struct duty_search *s); /* duty_write.c */
void duty_find_assessment(struct duty_search *s);
void duty_find_open(struct duty_search *s);
void duty_find_agree(struct duty_search *s);
void duty_find_answer(struct duty_search *s);
void duty_find_settle(struct duty_search *s);
void duty_find_submit(struct duty_search *s);
void duty_find_assign(struct duty_search *s); /* duty_moderate.c */
void duty_find_moderate(struct duty_search *s);
void duty_find_answer_query(struct duty_search *s);
void duty_find_return(struct duty_search *s);
void duty_find_respond(struct duty_search *s);
void duty_find_decide(struct duty_search *s);
void duty_find_plan(struct duty_search *s); /* duty_act.c */
void duty_find_assure(struct duty_search *s);
void duty_find_action(struct duty_search *s);
void duty_find_verify(struct duty_search *s);
void duty_find_impact(struct duty_search *s);
void duty_find_close(struct duty_search *s);
void duty_find_reaudit(struct duty_search *s);
void duty_find_stage_answer(struct duty_search *s); /* duty_beside.c */
void duty_find_stage_next(struct duty_search *s);
void duty_find_meeting_hold(struct duty_search *s);
void duty_find_meeting_late(struct duty_search *s);
void duty_find_flags(struct duty_search *s);
void duty_find_glass(struct duty_search *s);

/* Comments that must be answered and are not resolved: with an answer by somebody else than who
 * asked, or without one; not asked by `except`. *first is the first one's field. */
size_t duty_open_questions(const struct duty_search *s, bool answered, uint32_t except,
                           struct field *first);

#endif
