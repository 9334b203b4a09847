#ifndef TANDEM_SERVER_API_WIRE_H
#define TANDEM_SERVER_API_WIRE_H

/* Envelopes as bytes. The busy ones are written by hand (a test compares them with protobuf-c's);
 * the others by protobuf-c. And what every message of a peer must pass before a handler sees it. */

#include "common/buf.h"
#include "proto/wire.pb-c.h"

/* Each appends one Envelope. Fields that are 0 are left out, as proto3 says. */
void wire_event(struct buf *out, uint32_t room, uint64_t seq, int64_t dt_ms, uint32_t actor,
                const void *body, size_t body_len);
void wire_acked(struct buf *out, uint32_t id, uint32_t room, uint64_t batch_no, uint64_t seq,
                int64_t dt_ms);
void wire_ping(struct buf *out);
void wire_pong(struct buf *out, uint32_t id);
void wire_snapshot_part(struct buf *out, uint32_t id, const void *data, size_t len);
/* By protobuf-c. A failure (no memory) is the buffer's. */
void wire_pack(struct buf *out, const Tandem__Envelope *e);

enum { WIRE_MAX_STRING_BYTES = 4000 };

/* Every string of the message and the messages in it: UTF-8, one line, no control or direction
 * characters, not too long. ERR_INPUT with the field's name. */
MUST_CHECK enum err wire_check_strings(const ProtobufCMessage *m, struct err_info *why);

/* The message inside the envelope; NULL when there is none that we know. */
const ProtobufCMessage *wire_inner(const Tandem__Envelope *e);
/* "list_audits", for a log line or a sentence; "?" */
const char *wire_kind_name(int kind);

#endif
