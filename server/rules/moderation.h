#ifndef TANDEM_SERVER_RULES_MODERATION_H
#define TANDEM_SERVER_RULES_MODERATION_H

/* Moderation: who may give the independent second view, which judgements are looked at, and what
 * comes of a difference. Pure. */

#include "common/audit/audit.h"
#include "server/rules/people.h"

/* ---- who ---- */

/* Calls `fn` for every reason why this person may not moderate this audit, with a sentence. Nobody
 * moderates an audit they wrote in (the young person's view does not count), led, own actions on,
 * or whose people they manage; and who moderates is an IRO who works here. Returns how many there
 * are; `fn` may be NULL. */
typedef void (*moderation_conflict_fn)(void *user, const char *sentence);
size_t moderation_conflicts(const struct audit *a, const struct people *people, uint32_t person,
                            moderation_conflict_fn fn, void *user);

/* The child's own IRO: the first IRO among the members. 0: none. */
uint32_t moderation_own_iro(const struct audit *a);

/* Who could moderate, best first: the child's own IRO, then the other IROs of the site by number;
 * without those who may not. Returns how many there are; fills at most `cap`. */
size_t moderation_candidates(const struct audit *a, const struct people *people, uint32_t *out,
                             size_t cap);

/* ---- what is looked at ---- */

/* The question under which the views are kept (its items: numbers of judgements); NULL: this kind
 * of record is not moderated. */
const struct question *moderation_question(const struct template *t);
/* Is this audit in the sample of so many percent? Always the same answer for the same reference. */
bool moderation_is_sampled(const char *ref, uint32_t percent);
/* Does this judgement need the moderator's view? It has an agreed grade, and: the audit is sampled,
 * or its auditor is new, or the grade is the best or the worst of the scale. */
bool moderation_needs_view(const struct audit *a, const struct question *q, uint32_t percent,
                           bool new_auditor);

/* ---- what comes of it ---- */

/* How far two grades lie apart on the template's scale; -1 when one of them is not on it. */
int moderation_distance(const struct template *t, const char *grade, const char *other);

enum moderation_stand {
    MODERATION_NOT_ASKED,   /* no view is needed, none was given */
    MODERATION_NO_VIEW,     /* needed, not given */
    MODERATION_NO_GRADE,    /* differs, without saying which grade */
    MODERATION_SAME_GRADE,  /* differs, proposing the grade that stands */
    MODERATION_NO_REASON,   /* differs or sees too little, without a reason */
    MODERATION_ASKS_MORE,   /* sees too little, and has not returned it yet */
    MODERATION_NO_RESPONSE, /* one grade apart: the authors accept, or answer with words */
    MODERATION_ANSWERED,    /* they answered: the moderator agrees, or QA decides */
    MODERATION_NOT_DECIDED, /* QA decides, and has not yet (or without a reason) */
    MODERATION_AGREED,      /* ended: the moderator agrees */
    MODERATION_ACCEPTED,    /* ended: the authors accept the proposed grade */
    MODERATION_DECIDED,     /* ended: QA has decided */
};
struct moderation_outcome {
    enum moderation_stand stand;
    const char *moderated; /* the moderator's own grade; "" none */
    const char *final;     /* when it has ended, or was not asked; "" none */
};
/* How one judgement (of `a`) stands. Grades are borrowed from the audit until its next change. */
struct moderation_outcome moderation_outcome(const struct audit *a, const struct question *q,
                                             uint32_t percent, bool new_auditor);
bool moderation_has_ended(enum moderation_stand s);

/* "split_decided" when QA decided on a judgement, "changed" when a final grade is another than the
 * agreed one, "upheld" otherwise. Only when all have ended. */
const char *moderation_result(const struct audit *a, uint32_t percent, bool new_auditor);

#endif
