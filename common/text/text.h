#ifndef TANDEM_COMMON_TEXT_TEXT_H
#define TANDEM_COMMON_TEXT_TEXT_H

/* The shared text: a replicated sequence of Unicode scalar values that several people write at the
 * same moment. Replicas that have seen the same operations hold the same text, whatever the order
 * in which they saw them, as long as each agent's operations arrive in that agent's order and after
 * those they refer to (causal order). Two people's runs typed at one place do not interleave.
 *
 * Every character keeps an identity (agent, seq) for ever. An *agent* is one writer's one session
 * in an audit (a number from the server, > 0); whose it is, is known one level up. `seq` counts the
 * agent's characters in this text from 0. A character that is struck out stays as a tombstone, with
 * who struck it out and when. It is visible while nobody holds it struck: a deletion belongs to the
 * agent that made it, and only that agent can take it back (that is what undo does), so undoing
 * brings back the very characters with their authors and anchors, and never another's decision.
 *
 * Positions are counted in scalar values of the visible text ("_cp"), ranges are [start, end).
 * Not here: who may write, limits of an answer, storage, network. No I/O, no clock, no globals; one
 * text is used by one thread at a time. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/buf.h"
#include "common/err.h"

struct text;

struct text_id {
    uint32_t agent; /* 0: no character (start or end of the text) */
    uint32_t seq;
};

#define TEXT_WHEN_PENDING UINT64_MAX /* a deletion that the server has not confirmed yet */

/* Returns new (text_free), or NULL when memory ran out. */
struct text *text_new(void);
void text_free(struct text *t); /* NULL is allowed */

/* ---- reading ---- */
size_t text_len_cp(const struct text *t);
size_t text_len_bytes(const struct text *t);
/* Appends the UTF-8 of [start, end) to `out`. The range must lie inside the text. */
void text_read(const struct text *t, size_t start_cp, size_t end_cp, struct buf *out);
size_t text_cp_of_byte(const struct text *t, size_t byte); /* byte must be on a scalar boundary */
size_t text_byte_of_cp(const struct text *t, size_t pos_cp);
/* Bytes held by this text, allocator overhead not counted. */
size_t text_memory_bytes(const struct text *t);

/* ---- writing here ----
 * Each call changes the text at once and appends the operation, in wire form, to `op`: one blob may
 * collect several operations of the same agent, in order. On ERR_NOMEM nothing has changed.
 * ERR_TOO_LARGE: the text has had more characters than any text may (1 << 27, struck ones too), or
 * the agent has struck out and taken back 2^31 of them; here and in text_undo.
 * Positions must lie inside the text (bug otherwise); `utf8` must be well-formed (checked one level
 * up with utf8_check_text). */
MUST_CHECK enum err text_insert(struct text *t, uint32_t agent, size_t pos_cp, const char *utf8,
                                size_t len_bytes, struct buf *op);
/* Strikes out the visible characters of [start, end). `when` is TEXT_WHEN_PENDING in a client. */
MUST_CHECK enum err text_delete(struct text *t, uint32_t agent, size_t start_cp, size_t end_cp,
                                uint64_t when, struct buf *op);

/* ---- undo and redo of one's own edits ----
 * `op` is a blob that this agent made (as appended by text_insert, text_delete or these two). Makes
 * the reverse against the text as it stands now: strikes out what the blob inserted and is still
 * visible, takes back what it struck out, strikes out again what it had restored. Appends the new
 * blob to `inverse` (nothing when there is nothing left to do). *changed_cp (may be NULL) is where
 * the last change happened, for the cursor: behind what came back, or where what went was; it is
 * left alone when nothing changed. Struck-out words that are not held here (see text_decode) cannot
 * come back. On ERR_NOMEM `inverse` has what was done. ERR_INPUT: not a blob of this agent here. */
MUST_CHECK enum err text_undo(struct text *t, uint32_t agent, const void *op, size_t len_bytes,
                              struct buf *inverse, size_t *changed_cp);

/* ---- operations from elsewhere ---- */
struct text_limits {
    size_t max_len_cp; /* visible characters after the operation */
};

/* May `blob` by `agent` be applied here? Complete: after ERR_OK, text_apply can only fail for want
 * of memory. Changes nothing. ERR_INPUT: malformed, not UTF-8, forbidden characters (see
 * utf8_check_text, multi-line), names characters that do not exist, not contiguous with the agent's
 * seq, restores what this agent did not strike out or with other words, or does what no honest
 * program does. ERR_TOO_LARGE: limits (a text that is already longer may shrink), or it would take
 * long. ERR_EXISTS: all of it is already here (a retry). `why` may be NULL. */
MUST_CHECK enum err text_check(const struct text *t, uint32_t agent, const void *blob,
                               size_t len_bytes, const struct text_limits *limits,
                               struct err_info *why);

/* Applies a blob. Idempotent: what is already here is not inserted twice, and applying one's own
 * pending blob with the server's time is how a deletion gets its confirmed `when` (the earliest
 * (when, agent) is the one reported for a character that several people struck out). What one agent
 * strikes out at one time takes least memory: coarse times (a minute) pay.
 * ERR_INPUT when it is malformed or its causes are missing; the text is then unchanged. On
 * ERR_NOMEM a part may have been applied; applying it again completes it. */
MUST_CHECK enum err text_apply(struct text *t, uint32_t agent, uint64_t when, const void *blob,
                               size_t len_bytes);

/* Does the blob contain nothing? Malformed blobs count as not empty. */
bool text_blob_is_empty(const void *blob, size_t len_bytes);

/* Appends to `out` a blob that does the same with as few operations as possible: what was typed or
 * backspaced key by key becomes one run. For batching and for a log; a retry must be sent in the
 * form that was sent first. */
MUST_CHECK enum err text_join(uint32_t agent, const void *blob, size_t len_bytes, struct buf *out);

/* ---- identity, anchors ---- */
enum text_bias {
    TEXT_BEFORE, /* sticks to the character after the position (inserting here pushes it right) */
    TEXT_AFTER,  /* sticks to the character before the position (inserting here leaves it) */
};
struct text_anchor {
    struct text_id id; /* agent 0: the end (TEXT_BEFORE) or the start (TEXT_AFTER) of the text */
    uint8_t bias;      /* enum text_bias */
};
/* pos_cp in [0, len]. */
struct text_anchor text_anchor_at(const struct text *t, size_t pos_cp, enum text_bias bias);
/* Where the anchor stands now; if its character is struck out, where that was. An identity that is
 * not known here gives ERR_NOT_FOUND. */
MUST_CHECK enum err text_anchor_pos(const struct text *t, struct text_anchor a, size_t *pos_cp);
/* Identity of the visible character at pos_cp (< len). */
struct text_id text_id_at(const struct text *t, size_t pos_cp);
/* The first seq that `agent` has not used here (0 for a stranger). */
uint32_t text_next_seq(const struct text *t, uint32_t agent);

/* ---- who wrote, who struck out ---- */
struct text_run {
    struct text_id id; /* of its first character; the run is id.seq ... id.seq + len_cp - 1 */
    size_t pos_cp;     /* visible position of its first character, or where it was */
    size_t len_cp;
    bool deleted;
    uint32_t deleted_by; /* agent; 0 when visible */
    uint64_t deleted_when;
    const char *utf8; /* the characters, struck out or not; NULL where struck-out text is not
                       * held here (see text_decode). Borrowed during the callback. */
    size_t len_bytes;
};
/* Calls `fn` for each run in document order, struck-out ones included, of the visible range
 * [start, end) (struck-out runs at its edges included); neighbours are joined only when every
 * property is the same. `fn` returns false to stop. */
typedef bool (*text_run_fn)(void *user, const struct text_run *run);
void text_runs(const struct text *t, size_t start_cp, size_t end_cp, text_run_fn fn, void *user);

/* Version vector: calls `fn` once per agent that wrote characters here, by agent number. */
typedef void (*text_version_fn)(void *user, uint32_t agent, uint32_t next_seq);
void text_version(const struct text *t, text_version_fn fn, void *user);

/* ---- state ----
 * Canonical: two replicas that hold the same characters encode to the same bytes, whatever order
 * they saw the operations in. With `keep_struck` the words of tombstones are included (the server's
 * snapshots: needed to check a restore), without it only their identities (what a joining client
 * gets: struck-out words are shown on demand, from the log). */
void text_encode(const struct text *t, bool keep_struck, struct buf *out);
/* Returns new in *out. ERR_INPUT for anything that text_encode would not have written. */
MUST_CHECK enum err text_decode(const void *data, size_t len_bytes, struct text **out);

/* ---- replacing a text by another with the smallest change ----
 * Makes the visible text equal to `utf8` by inserting and deleting as little as a minimal word-wise
 * difference says (Myers, "An O(ND) Difference Algorithm", 1986; words first, then characters
 * inside changed words), so that what stays keeps its authors. Appends the operations to `op`; on
 * ERR_NOMEM those that were made. */
MUST_CHECK enum err text_replace(struct text *t, uint32_t agent, const char *utf8, size_t len_bytes,
                                 uint64_t when, struct buf *op);

/* Debug and tests: walks everything and asserts the inner rules. */
void text_check_invariants(const struct text *t);

#endif
