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
    /* by the server, in somebody's name */
    OP_SIGN = 13,
    OP_ASSIGN = 14,
    OP_FLAG = 15, /* named by the seq of its event: one in a batch at most */
    OP_FLAG_NOTE = 16,
    OP_GLASS = 17, /* break-glass */
    OP_GLASS_END = 18,
    OP_LINK = 19,
    OP_PLAN = 20,
};

/* Ways in to an audit ("annual_review" ...), kinds of link between records ("re_audit" ...),
 * results of a moderation; NULL-terminated tables of codes. */
extern const char *const audit_ways_in[];
extern const char *const audit_link_kinds[];
extern const char *const audit_move_results[];
/* Is `code` in this table? "" is in none. */
bool audit_is_code(const char *const *table, const char *code);

/* Operations to be checked and encoded may leave strings of the server's operations NULL where ""
 * would do; decoded ones never do. */
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
    const char *planned; /* YYYY-MM-DD or "" */
    const char *way_in;  /* of audit_ways_in, or "" */
    const char *source;  /* a record's ref, a trigger's code, or "" */
};
struct op_member {
    uint32_t person;
    enum role role;       /* in this audit: FRO, FSW, CSW, IRO (the moderator), QA ... */
    const char *sections; /* CSW: codes of the sections they may write, joined by ","; else "" */
};
enum { FINGERPRINT_LEN = 32 };
struct op_move {
    enum audit_state to;
    const char *reason;                   /* several lines: also a manager's statement */
    uint64_t revision;                    /* of the content: the last event that changed it */
    uint8_t fingerprint[FINGERPRINT_LEN]; /* of that content; all 0: none */
    uint32_t stage;                       /* challenges: 1 + the stage that begins; 0 */
    const char *result;                   /* of a moderation: upheld, changed, split_decided; "" */
    const uint32_t *present;              /* who was in the room */
    size_t npresent;
};
struct op_sign {
    enum role role; /* as which part they sign */
    uint64_t revision;
    uint8_t fingerprint[FINGERPRINT_LEN];
    const char *difference; /* their view where it differs from what was agreed; "" */
    bool absent;            /* for a practitioner who is away or gone */
    const char *reason;     /* why they are absent; "" */
};
struct op_assign {
    uint32_t person; /* who moderates from now on */
    const char *reason;
};
struct op_flag {
    const char *text; /* for named roles only; "" when held */
    const char *told; /* the manager told: role and short name */
    int64_t told_utc_ms;
    uint32_t told_person; /* 0: does not work here */
    bool held;            /* never stored */
};
struct op_flag_note {
    uint64_t flag; /* seq of the flag's event */
    const char *text;
    bool closed; /* what had to be done is done */
    bool held;   /* never stored */
};
struct op_glass {
    uint32_t person;
    int64_t until_utc_ms; /* GLASS */
    const char *reason;   /* GLASS */
};
struct op_link {
    const char *kind; /* of audit_link_kinds */
    const char *ref;
};
struct op_plan {
    const char *planned; /* YYYY-MM-DD */
    const char *reason;
};
struct op_held {
    bool content; /* it changed the content: the revision moves on, signatures are void */
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
        struct op_sign sign;
        struct op_assign assign;
        struct op_flag flag;
        struct op_flag_note flag_note;
        struct op_glass glass; /* GLASS, GLASS_END */
        struct op_link link;
        struct op_plan plan;
        struct op_held held;
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
    uint32_t agent;    /* the writer's session; 0 when the server itself acts */
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
    EVENT_MAX_REASON_CP = 4000, /* reasons, statements, differences, flags */
    EVENT_MAX_PRESENT = 64,
};

void event_body_encode(const struct event_body *b, struct buf *out);
/* Returns new in *out, one block that borrows nothing from `data`; free with event_body_free.
 * Checks structure, counts, UTF-8 and forbidden characters of every string (op_text blobs are
 * checked by text_check later). */
MUST_CHECK enum err event_body_decode(const void *data, size_t len_bytes, struct event_body **out,
                                      struct err_info *why);
void event_body_free(struct event_body *b); /* only for decoded ones; NULL is allowed */

#endif
