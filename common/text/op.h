#ifndef TANDEM_COMMON_TEXT_OP_H
#define TANDEM_COMMON_TEXT_OP_H

/* The wire form of operations: what a blob of text.h is made of. A blob is operations of one agent,
 * one behind the other; putting two blobs of an agent behind each other gives a blob.
 *
 *   byte 0, bits 0-1   kind: 0 insert, 1 strike, 2 restore
 *   insert   bits 2-4  parent (enum op_parent)
 *            bits 5-7  length of the words in bytes if 1..7, else 0 and a varint after the byte
 *            then      seq varint, [agent varint], [seq varint] of the parent as its kind needs
 *            then      the words (UTF-8)
 *   strike   bit 2     number follows on the strike or restore before it in the blob
 *            bit 3     the characters struck are the agent's own
 *            bits 4-7  how many characters if 1..15, else 0 and a varint after the byte
 *            then      [number varint], [agent varint], seq varint of the first character
 *   restore  as strike, but the length counts bytes of the words, which end the operation
 *
 * `number` counts the characters that an agent has struck or restored in this text before. It makes
 * a retry harmless: a strike that was seen before does nothing, even if its characters have been
 * restored since. Two strikes of neighbours in a row can be written as one. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/buf.h"
#include "common/text/text.h"

enum op_kind {
    OP_INSERT,
    OP_STRIKE,
    OP_RESTORE,
};

/* Where an inserted run hangs in the tree (see README.md). The rest of a run hangs in a chain on
 * the right of its first character. */
enum op_parent {
    OP_CHAINED,     /* right of the agent's character before (seq - 1) */
    OP_RIGHT_OWN,   /* right of a character of the same agent */
    OP_LEFT_OWN,    /* left of one */
    OP_RIGHT_OTHER, /* the same with another agent's character */
    OP_LEFT_OTHER,
    OP_RIGHT_START, /* right of the start of the text */
    OP_PARENT_KINDS,
};

struct op {
    enum op_kind kind;
    bool left;             /* insert: on the left of `parent` */
    uint32_t seq;          /* insert: of its first character */
    struct text_id parent; /* insert: agent 0 is the start of the text */
    uint32_t number;       /* strike, restore */
    struct text_id target; /* strike, restore: first character */
    uint32_t len_cp;
    const uint8_t *utf8; /* insert, restore; borrowed from the blob */
    size_t len_bytes;
};

struct op_reader {
    struct rd rd;
    uint32_t agent;
    uint32_t next_number; /* behind the last strike or restore */
    bool has_number;
};

static inline struct op_reader op_reader_of(uint32_t agent, const void *blob, size_t len_bytes)
{
    return (struct op_reader){.rd = rd_of(blob, len_bytes), .agent = agent};
}
/* Reads the next operation. False at the end or, with r->rd.bad set, when the bytes are no
 * operation: cut short, an impossible kind, a length of 0, not UTF-8, numbers that run over. */
bool op_read(struct op_reader *r, struct op *op);

/* Characters in the words; UTF8_BAD when they are not UTF-8. Quick when they are ASCII. */
long op_count_words(const uint8_t *utf8, size_t len_bytes);

/* Appends `op` of `agent`. `follows`: its number follows on the last strike or restore that this
 * blob is known to hold. */
void op_write(struct buf *out, uint32_t agent, const struct op *op, bool follows);

#endif
