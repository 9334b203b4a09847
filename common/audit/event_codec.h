#ifndef TANDEM_COMMON_AUDIT_EVENT_CODEC_H
#define TANDEM_COMMON_AUDIT_EVENT_CODEC_H

/* What the files of the event codec share; for those only. */

#include "common/audit/event.h"
#include "common/pb_write.h"
#include "proto/event.pb-c.h"

/* Everything decoded lies in one block: the body, its operations, the references of the one create,
 * the people present at its moves, then strings and blobs. */
struct event_copier {
    struct event_body *body;
    const char **refs; /* room for the child references of the one create */
    uint32_t *present; /* next place for somebody present */
    char *free;        /* next byte for a string */
    struct err_info *why;
};

/* Copies the words into the block; `what` names them when they are refused. */
MUST_CHECK enum err event_copy_words(struct event_copier *c, const ProtobufCBinaryData *from,
                                     bool multi_line, size_t max_cp, const char *what,
                                     const char **out);
MUST_CHECK enum err event_copy_line(struct event_copier *c, const ProtobufCBinaryData *from,
                                    const char *what, const char **out);

static inline void event_write_str(struct buf *out, uint32_t number, const char *s)
{
    if (s)
        pbw_str(out, number, s);
}
/* All 0 is left out. */
static inline void event_write_fingerprint(struct buf *out, uint32_t number,
                                           const uint8_t print[FINGERPRINT_LEN])
{
    static const uint8_t none[FINGERPRINT_LEN];
    if (memcmp(print, none, FINGERPRINT_LEN) != 0)
        pbw_bytes(out, number, print, FINGERPRINT_LEN);
}

/* The operations by which the server writes an audit's life: OP_MOVE, and OP_SIGN to OP_PLAN. */
void event_write_life(struct buf *out, const struct audit_op *op);
MUST_CHECK enum err event_read_life(struct event_copier *c, const Tandem__Audit__Op *from,
                                    struct audit_op *to);
/* The message of such an operation; NULL when it is none. */
const void *event_life_message(const Tandem__Audit__Op *op);

#endif
