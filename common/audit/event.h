#ifndef TANDEM_COMMON_AUDIT_EVENT_H
#define TANDEM_COMMON_AUDIT_EVENT_H

/* What happens to an audit. An event is one accepted batch of operations by one actor; its body is
 * the same protobuf message (proto/event.proto, EventBody) on disk and on the wire. These structs
 * are its decoded form: the rest of the program never sees protobuf. */

#include "common/audit/field.h"
#include "common/text/text.h"

/* States of an audit (numbers are on disk and on the wire). */
enum audit_state {
    AUDIT_PLANNED = 1,
    AUDIT_PREPARING = 2,
    AUDIT_IN_PROGRESS = 3,
    AUDIT_AGREED = 4,
    AUDIT_SUBMITTED = 5,
    AUDIT_MODERATING = 6,
    AUDIT_RETURNED = 7,
    AUDIT_MODERATED = 8,
    AUDIT_ACTION_PLANNING = 9,
    AUDIT_ASSURANCE = 10,
    AUDIT_FOLLOW_UP = 11,
    AUDIT_CLOSED = 12,
    AUDIT_WITHDRAWN = 13,
};
const char *audit_state_code(enum audit_state s);    /* "IN_PROGRESS"; "?" */
enum audit_state audit_state_find(const char *code); /* 0 when unknown */

enum op_kind {
    OP_CREATE = 1,
    OP_MEMBER_ADD = 2, /* also changes the member's role or sections */
    OP_MEMBER_REMOVE = 3,
    OP_MOVE = 4,
    OP_TEXT = 5,
    OP_SET = 6,
    OP_ITEM_ADD = 7,
    OP_ITEM_REMOVE = 8,
    OP_COMMENT_ADD = 9,
    OP_COMMENT_REPLY = 10,
    OP_COMMENT_RESOLVE = 11,
    OP_HELD = 12, /* stands for an operation that this reader may not see; never stored */
};

struct op_create {
    const char *ref; /* "FCA-2026-0001" */
    const char *template_id;
    uint32_t template_version;
    const char *team;
    const char *carer_ref;
    const char *const *child_refs; /* nchild_refs */
    size_t nchild_refs;
    const char *period_from, *period_to; /* YYYY-MM-DD */
    enum audit_state state;
};
struct op_member {
    uint32_t person;
    enum role role;       /* in this audit: FRO, FSW, CSW, IRO (the moderator), QA ... */
    const char *sections; /* CSW: codes of the sections they may write, joined by ","; else "" */
};
struct op_move {
    enum audit_state to;
    const char *reason;
};
struct op_text {
    struct field field;
    const uint8_t *blob; /* see common/text/text.h; the agent is the batch's */
    size_t blob_len;
};
struct op_set {
    struct field field;
    const char *value; /* "" clears */
    uint64_t base_rev; /* the field's rev that the writer saw; 0 = never set */
};
struct op_item {
    struct field field; /* part = the list (PART_FINDINGS ...), item = the item's id */
    uint64_t base_rev;  /* removal: the item's rev that the writer saw */
};
struct op_comment {
    uint64_t comment;              /* id */
    struct field field;            /* ADD */
    struct text_anchor start, end; /* ADD on words of a live text; agent 0 both: the whole answer */
    bool on_words;                 /* ADD: start and end are meant */
    bool must_answer;              /* ADD */
    const char *text;              /* ADD, REPLY */
};

struct audit_op {
    enum op_kind kind;
    union {
        struct op_create create;
        struct op_member member; /* ADD, REMOVE */
        struct op_move move;
        struct op_text text;
        struct op_set set;
        struct op_item item;       /* ADD, REMOVE */
        struct op_comment comment; /* ADD, REPLY, RESOLVE */
    };
};

/* Which answer the operation is about; question 0 when it names none itself (a comment's reply and
 * resolution name the comment). */
struct field audit_op_field(const struct audit_op *op);

/* Ids of items and comments are made by the writer without asking: (agent << 20) | n, n from 1. */
static inline uint64_t event_local_id(uint32_t agent, uint32_t n)
{
    return (uint64_t)agent << 20 | n;
}

struct event_body {
    uint32_t agent;    /* the writer's session; 0 when the server itself acts (create, members) */
    uint64_t batch_no; /* counts from 1 per agent, without gaps; 0 with agent 0 */
    struct audit_op *ops;
    size_t nops;
};

struct event {
    uint64_t seq;   /* 1, 2, 3 ... in its audit */
    int64_t utc_ms; /* never earlier than the event before */
    uint32_t actor; /* person id; 0: the system */
    struct event_body body;
};

/* Limits of one batch; the decoder refuses more before it allocates for it. */
enum {
    EVENT_MAX_BYTES = 64 * 1024,
    EVENT_MAX_OPS = 1024,
    EVENT_MAX_LINE_CP = 2000,
    EVENT_MAX_COMMENT_CP = 4000,
};

void event_body_encode(const struct event_body *b, struct buf *out);
/* Returns new in *out, one block that borrows nothing from `data`; free with event_body_free.
 * Checks structure, counts, UTF-8 and forbidden characters of every string (op_text blobs are
 * checked by text_check later). */
MUST_CHECK enum err event_body_decode(const void *data, size_t len_bytes, struct event_body **out,
                                      struct err_info *why);
void event_body_free(struct event_body *b); /* only for decoded ones; NULL is allowed */

#endif
