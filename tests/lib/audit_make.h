#ifndef TANDEM_TESTS_LIB_AUDIT_MAKE_H
#define TANDEM_TESTS_LIB_AUDIT_MAKE_H

/* Audits for tests: a small template with every kind of question, the people, and a room that folds
 * what they do as the server would (encode, decode, check, apply) and keeps the log. */

#include "common/audit/audit.h"

/* "TST" version 1, static: do not free.
 *   A  A1 people  A2 refs  A3 date+period  A6 judgement (blind, self_assessment)+date   FRO, FSW
 *   B  B1 judgement (key)  B2 ynp+date  B3 scale  B4 number  B5 choice     FRO, FSW, CSW; FTM
 * comments C  C1 checklist (3)+judgement  C2 text  C3 info  C4 evidence (1 child, 1 carer) C5 text,
 * asked when B2 == yes                                                FRO, FSW, CSW J  J1 voice fsw
 * J2 voice carer  J3 voice young_person (IRO writes)                 FRO, FSW K  K1 observation
 * FRO, FSW L  L1 findings strength  L2 findings  L3 actions                                    FRO,
 * FSW M  M1 moderation  M2 ynp                                                            IRO */
const struct template *audit_make_template(void);

/* Everyone but the last four is a member. */
enum {
    P_FRO = 1,
    P_FSW,
    P_CSW, /* may write in section B */
    P_IRO, /* the moderator */
    P_HOS, /* invited to look on */
    P_QA,  /* from here on: not members */
    P_FTM, /* of the audit's team, "North" */
    P_SM,  /* of the audit's team */
    P_FTM_SOUTH,
    P_STRANGER, /* FRO, IRO and ADMIN of every team, without a part in this audit */
    P_END,
};
const struct viewer *audit_make_viewer(uint32_t person);

struct made_event {
    uint64_t seq;
    int64_t utc_ms;
    uint32_t actor;
    struct buf body;
};
struct room {
    struct audit *a;
    int64_t utc_ms;
    uint64_t batch_no[P_END]; /* each person writes as the agent of their own number */
    uint32_t ids[P_END];
    uint32_t asker; /* in whose name the server acts; 0: P_FRO */
    struct made_event *events;
    size_t nevents, cap;
    struct err_info why; /* of the last refusal */
    struct audit_conflict conflict;
};
/* Created, with its members, in AUDIT_IN_PROGRESS. */
struct room *room_new(void);
struct room *room_new_of(const struct template *t); /* the same of another; keeps it */
void room_free(struct room *r);

/* One batch by `person` (0: the server). What audit_check said; applied when ERR_OK. */
enum err room_do(struct room *r, uint32_t person, struct audit_op *ops, size_t nops);
/* One operation of the server, in the name of `asker`. */
enum err room_serve(struct room *r, uint32_t asker, struct audit_op op);
/* Applies event `i` of the room's log to another audit, as `v` may see it (NULL: as it is).
 * *reveal may be NULL. */
enum err room_replay(const struct room *r, size_t i, struct audit *to, const struct viewer *v,
                     bool *reveal);

/* Batches of one operation. `where` as people write addresses. */
struct field room_field(const struct room *r, const char *where);
enum err room_set(struct room *r, uint32_t person, const char *where, const char *value);
/* Types at the end of the text. */
enum err room_type(struct room *r, uint32_t person, const char *where, const char *words);
enum err room_add(struct room *r, uint32_t person, const char *list);    /* "L3.actions" */
enum err room_remove(struct room *r, uint32_t person, const char *item); /* "L3[1].actions" */
enum err room_comment(struct room *r, uint32_t person, const char *where, const char *words);
enum err room_move(struct room *r, enum audit_state to);
enum err room_member(struct room *r, uint32_t person, enum role role, const char *sections);

/* What stands there, as a string borrowed from `out`. */
const char *room_text(const struct audit *a, struct field f, struct buf *out);

#endif
