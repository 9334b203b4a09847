#ifndef TANDEM_COMMON_AUDIT_AUDIT_H
#define TANDEM_COMMON_AUDIT_AUDIT_H

/* The audit as it stands: a fold over its events, the one fold there is (server, client, replay,
 * verification and tests all call audit_apply). Also what may be asked of it: values, texts, lists,
 * comments, members, progress, and who may write, comment on, or see what. Pure: no I/O, no clock.
 */

#include "common/audit/event.h"

struct audit;

/* What one audit holds at most; audit_check refuses more with ERR_TOO_LARGE. */
enum {
    AUDIT_MAX_TEXT_CP = 256 * 1024, /* visible characters of one live text */
    AUDIT_MAX_ITEMS = 200,          /* in one list */
    AUDIT_MAX_COMMENTS = 1000,
    AUDIT_MAX_REPLIES = 200, /* to one comment */
    AUDIT_MAX_MEMBERS = 64,
    AUDIT_MAX_MOVES = 1000, /* also signatures, flags, break-glass, links, assignments */
};

/* Returns new or NULL (no memory). Keeps `t` until audit_free; the caller owns it. */
struct audit *audit_new(const struct template *t);
void audit_free(struct audit *a); /* NULL is allowed */

/* ---- the fold ---- */

/* Someone who looks or acts: who they are on the site. Their part in one audit comes from its
 * members. */
struct viewer {
    uint32_t person;
    struct viewer_role {
        enum role role;
        char team[32]; /* "" = every team */
    } roles[16];
    size_t nroles;
};

/* What the other person's value is, when a write was stale. */
struct audit_conflict {
    struct field field;
    const char *value; /* borrowed from the audit until its next change */
    uint64_t rev;
    uint32_t by;
};

/* May `v` (not NULL) append this batch now? Complete: right, state, addresses, values, revisions,
 * text blobs, limits, ids. Changes nothing. After ERR_OK audit_apply can only fail with ERR_NOMEM.
 * Agent 0 is the server, which acts in somebody's name after its handlers have asked who may:
 * rights are not asked again here; what the operations name must exist and be well-formed (a
 * moderator is a member, a signature is on the present revision: ERR_STALE with the revision in
 * conflict->rev). It does everything but text, items and comments. Which moves are allowed, and
 * when, is the server's rules' business.
 * ERR_STALE fills *conflict (may be NULL). ERR_EXISTS: the batch number was applied already (a
 * retry: acknowledge it again, with audit_batch_seq). ERR_INPUT for a batch number that leaves a
 * gap. OP_CREATE is only accepted as the first event. */
MUST_CHECK enum err audit_check(const struct audit *a, const struct viewer *v,
                                const struct event_body *b, struct err_info *why,
                                struct audit_conflict *conflict);

/* Applies one event; e->seq must be audit_seq(a) + 1 (ERR_INPUT otherwise, nothing changed). For
 * one's own pending text and items, which are here already, it is idempotent. An event that could
 * not have passed audit_check (a damaged log) gives ERR_CORRUPT; rights, states and limits are not
 * asked again, they may have been others then. After ERR_CORRUPT or ERR_NOMEM part of the event may
 * have been applied: the audit is only good for audit_free. */
MUST_CHECK enum err audit_apply(struct audit *a, const struct event *e);

/* Client only: applies the operations of one's own unconfirmed batch that commute (text, item
 * addition), so that they show at once. Sets and the rest wait for their event. */
MUST_CHECK enum err audit_apply_local(struct audit *a, const struct event_body *b);

uint64_t audit_seq(const struct audit *a);                          /* of the last event applied */
int64_t audit_utc_ms(const struct audit *a);                        /* of the last event applied */
uint64_t audit_batch_no(const struct audit *a, uint32_t agent);     /* last one applied; 0 */
uint64_t audit_batch_seq(const struct audit *a, uint32_t agent);    /* the event that became; 0 */
uint32_t audit_agent_person(const struct audit *a, uint32_t agent); /* 0 when it has not written */
uint32_t audit_max_agent(const struct audit *a);
/* Those that have written, by number; numbers may lie far apart, whoever joins is given one. */
size_t audit_agent_count(const struct audit *a);
uint32_t audit_agent_person_at(const struct audit *a, size_t i);

/* ---- what stands in it ---- */
struct audit_info {
    const char *ref, *team, *carer_ref, *period_from, *period_to;
    const char *const *child_refs;
    size_t nchild_refs;
    enum audit_state state;
    int64_t created_utc_ms;
    uint32_t created_by;
    const char *planned; /* YYYY-MM-DD or "" */
    const char
        *first_planned; /* the first day it was planned for; as `planned` unless that moved */
    const char *way_in, *source;
    uint32_t moderator; /* 0: none assigned */
    uint32_t stage; /* of a challenge, 1 + its number, as the last move with one said; 0: none */
};
struct audit_info audit_info(const struct audit *a); /* borrowed until the next change */
const struct template *audit_template(const struct audit *a);

struct audit_value {
    const char *value; /* "" when empty; borrowed until the audit's next change */
    uint64_t rev;      /* seq of the event that last set it; 0 = never */
    uint32_t by;
    int64_t utc_ms;
};
struct audit_value audit_value(const struct audit *a, struct field f);
/* The live text, or NULL when nobody has written there yet (or the reader may not see it).
 * Borrowed; changes with the audit. */
const struct text *audit_text(const struct audit *a, struct field f);
/* The same for writing locally (client): makes it when missing; NULL without memory, or when there
 * is no such text (its item has gone). */
struct text *audit_text_edit(struct audit *a, struct field f);

struct audit_item {
    uint64_t id;
    uint64_t rev; /* seq that added it; 0 while only local */
    uint32_t by;
};
/* The list's items as they stand, in order of addition (own unconfirmed ones last). Returns how
 * many there are; fills at most `cap`. */
size_t audit_items(const struct audit *a, uint16_t question, enum part list,
                   struct audit_item *items, size_t cap);
bool audit_item_exists(const struct audit *a, uint16_t question, enum part list, uint64_t item);

struct audit_comment {
    uint64_t id;
    struct field field;
    bool on_words, must_answer, resolved;
    struct text_anchor start, end;
    uint32_t by, resolved_by;
    int64_t utc_ms;
    const char *text;
    size_t nreplies;
    const struct audit_reply {
        uint32_t by;
        int64_t utc_ms;
        const char *text;
    } * replies;
};
size_t audit_comment_count(const struct audit *a);
/* In order of creation; borrowed until the audit's next change. */
const struct audit_comment *audit_comment_at(const struct audit *a, size_t i);
const struct audit_comment *audit_comment_find(const struct audit *a, uint64_t id); /* or NULL */
/* Where its words stand now, [start, end) of the field's text; empty when they were struck out.
 * False: it is on the whole answer. (Anchors around nothing can change their order when somebody
 * writes between them; here end is never before start.) */
bool audit_comment_words(const struct audit *a, const struct audit_comment *c, size_t *start_cp,
                         size_t *end_cp);

struct audit_member {
    uint32_t person;
    enum role role;
    const char *sections;
};
size_t audit_member_count(const struct audit *a);
const struct audit_member *audit_member_at(const struct audit *a, size_t i);
const struct audit_member *audit_member_find(const struct audit *a, uint32_t person); /* or NULL */

/* ---- its life: what the server wrote in people's names ---- */

/* A revision is the content as event `revision` left it: the last one that changed an answer of
 * the authors. What the moderator writes and how actions are followed up is not content
 * (audit_is_content), so that signatures stay true. */
uint64_t audit_revision(const struct audit *a);
/* Does the content (and its fingerprint) contain this part of this question? */
bool audit_is_content(const struct template *t, uint16_t question, enum part part);

struct audit_move {
    uint64_t seq;
    int64_t utc_ms;
    uint32_t by; /* 0: by itself */
    enum audit_state from, to;
    const char *reason;
    uint64_t revision;
    uint8_t fingerprint[FINGERPRINT_LEN];
    uint32_t stage;
    const char *result;
    const uint32_t *present;
    size_t npresent;
};
/* In order; the creation is not among them. All of these are borrowed until the next change. */
size_t audit_move_count(const struct audit *a);
const struct audit_move *audit_move_at(const struct audit *a, size_t i);
/* The last one into `to`; NULL: never. */
const struct audit_move *audit_move_last(const struct audit *a, enum audit_state to);
/* When the present state began; a move to the same state (a challenge's next stage) does not count.
 */
int64_t audit_state_since_utc_ms(const struct audit *a);

struct audit_signature {
    uint64_t seq;
    int64_t utc_ms;
    uint32_t by;
    enum role role;
    uint64_t revision;
    uint8_t fingerprint[FINGERPRINT_LEN];
    const char *difference;
    bool absent;
    const char *reason;
    uint64_t void_seq; /* the event that voided it; 0: it stands */
};
/* All that were ever given. One is voided by: a change of content before the audit is MODERATED, a
 * move from AGREED or CLOSED back to IN_PROGRESS, a later one for the same part (role). */
size_t audit_signature_count(const struct audit *a);
const struct audit_signature *audit_signature_at(const struct audit *a, size_t i);
/* The one that stands for this part (FRO, FSW ...); NULL. */
const struct audit_signature *audit_signature_of(const struct audit *a, enum role role);

struct audit_assigned {
    uint64_t seq;
    int64_t utc_ms;
    uint32_t by, person;
    const char *reason;
};
size_t audit_assigned_count(const struct audit *a);
const struct audit_assigned *audit_assigned_at(const struct audit *a, size_t i);

struct audit_flag {
    uint64_t seq; /* its name */
    int64_t utc_ms;
    uint32_t by;
    const char *text; /* "" when held */
    bool held, closed;
    const char *told;
    int64_t told_utc_ms;
    uint32_t told_person;
    size_t nnotes;
    const struct audit_reply *notes;
};
size_t audit_flag_count(const struct audit *a);
const struct audit_flag *audit_flag_at(const struct audit *a, size_t i);
/* Who raised it, who was told, and FTM, SM, QA, HOS, LADO and IRO of the audit may read its words.
 */
bool audit_may_read_flag(const struct audit *a, const struct viewer *v, const struct audit_flag *f);

struct audit_glass {
    uint64_t seq;
    int64_t utc_ms;
    uint32_t person;
    int64_t until_utc_ms;
    const char *reason;
    int64_t ended_utc_ms; /* 0: open (the server ends it when its time comes) */
};
size_t audit_glass_count(const struct audit *a);
const struct audit_glass *audit_glass_at(const struct audit *a, size_t i);
/* The person's open one; NULL. It lets them read, but neither write nor see what is sensitive. */
const struct audit_glass *audit_glass_of(const struct audit *a, uint32_t person);

struct audit_link {
    uint64_t seq;
    const char *kind, *ref;
};
size_t audit_link_count(const struct audit *a);
const struct audit_link *audit_link_at(const struct audit *a, size_t i);

/* ---- who may what ---- */
enum right { RIGHT_NONE = 0, RIGHT_READ = 1, RIGHT_COMMENT = 2, RIGHT_WRITE = 3 };

/* May this person see the audit at all? (member, or by team and role, or by break-glass) */
bool audit_may_see(const struct audit *a, const struct viewer *v);
/* With which part in it: their role as a member, or that by which they see it; ROLE_NONE. */
enum role audit_role_of(const struct audit *a, const struct viewer *v);
/* The right to one field. Who may write there may also comment. `why` (may be NULL) says, when it
 * is less than RIGHT_WRITE, why and who may: "read only: the IRO writes the young person's view".
 * RIGHT_NONE: held, not shown. */
enum right audit_right(const struct audit *a, const struct viewer *v, struct field f,
                       struct err_info *why);
/* Is its content withheld from this viewer ("held by IRO", blind grades)? */
bool audit_is_held(const struct audit *a, const struct viewer *v, struct field f);
/* Is anything of the audit withheld from this viewer now, written already or not? Then they must
 * not get hashes over events either: what is short can be found by trying. */
bool audit_holds_back(const struct audit *a, const struct viewer *v);
/* The operations of `e` as this viewer may see them: held ones replaced by OP_HELD. Writes to
 * `out` an encoded EventBody; *changed says whether anything was withheld. `a` is the audit after
 * the event. *reveal: the event changes what this viewer may see of earlier content (they must get
 * a new snapshot). */
MUST_CHECK enum err audit_redact_body(const struct audit *a, const struct viewer *v,
                                      const struct event_body *b, struct buf *out, bool *changed,
                                      bool *reveal);

/* ---- progress ----
 * The same for everybody: what some may not see (a young person's words and reasons, blind first
 * grades) is not counted. Their view counts as given once its status says how it stands. */
enum missing_why {
    MISSING_EMPTY = 1,
    MISSING_PARTLY = 2,    /* begun, not complete (a checklist item, an item's field) */
    MISSING_RATIONALE = 3, /* a grade without its reason */
    MISSING_EVIDENCE = 4,
    MISSING_GRADE = 5,
    MISSING_REASON = 6, /* not obtained, none, cannot judge: without saying why */
};
enum question_state { QUESTION_EMPTY, QUESTION_PARTLY, QUESTION_DONE, QUESTION_NOT_NEEDED };
struct audit_progress {
    uint32_t answered, required; /* of the required questions that are needed now */
};
struct audit_progress audit_progress(const struct audit *a);
enum question_state audit_question_state(const struct audit *a, uint16_t question);
/* Calls `fn` for every reason why a question is not done, with a sentence. */
typedef void (*audit_missing_fn)(void *user, struct field f, enum missing_why why,
                                 const char *sentence);
void audit_missing(const struct audit *a, audit_missing_fn fn, void *user);

/* ---- snapshot, canonical form ---- */
/* Deterministic bytes of the whole. With `v`, only what this viewer may see (and without struck-out
 * words); NULL = everything, as the server stores it. */
void audit_encode(const struct audit *a, const struct viewer *v, struct buf *out);
/* An earlier state, by the rights that `v` has in `now`: the same audit as it stands. */
void audit_encode_past(const struct audit *past, const struct audit *now, const struct viewer *v,
                       struct buf *out);
/* Returns new. `t` as in audit_new; must be the template that the snapshot names. */
MUST_CHECK enum err audit_decode(const struct template *t, const void *data, size_t len_bytes,
                                 struct audit **out, struct err_info *why);
/* Which template a snapshot or a first event's body asks for, without decoding the rest. */
MUST_CHECK enum err audit_template_of(const void *data, size_t len_bytes, bool is_snapshot,
                                      char id[32], uint32_t *version);
/* SHA-256 of the content's canonical form: what the audit is about and its answers, as far as they
 * are content (audit_is_content); no ids of agents or items, no history, comments, members or
 * state. Two audits whose answers a person would call equal have the same fingerprint; all zero
 * without memory. */
void audit_fingerprint(const struct audit *a, uint8_t out[32]);
size_t audit_memory_bytes(const struct audit *a);

/* Every field of the audit that is not empty, in canonical order (for show, JSON, search). */
typedef bool (*audit_field_fn)(void *user, struct field f);
void audit_each_field(const struct audit *a, audit_field_fn fn, void *user);

/* ---- field addresses as people write them ---- */
MUST_CHECK enum err audit_field_parse(const struct audit *a, const char *s, struct field *out,
                                      struct err_info *why);
void audit_field_format(const struct audit *a, struct field f, struct buf *out);
/* Items that a part of TYPE_ITEMS names, as people write them ("L3[1], L3[2]") and as it holds them
 * ("7340033, 7340034"). Parsing takes ids as they are, and refuses an address that is not of the
 * list that `part` points to; an item that has gone is formatted as "[gone]". Both append (in part,
 * when refused). */
MUST_CHECK enum err audit_items_parse(const struct audit *a, enum part part, const char *s,
                                      struct buf *out, struct err_info *why);
void audit_items_format(const struct audit *a, const char *ids, struct buf *out);

#endif
