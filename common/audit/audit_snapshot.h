#ifndef TANDEM_COMMON_AUDIT_AUDIT_SNAPSHOT_H
#define TANDEM_COMMON_AUDIT_AUDIT_SNAPSHOT_H

/* What the files of the snapshot codec share; for those only. */

#include "common/audit/audit_impl.h"
#include "common/pb_write.h"
#include "proto/snapshot.pb-c.h"

/* Whose eyes: their part and what is shared with them, both as in `rights`; NULL sees everything.
 */
struct snapshot_eyes {
    const struct audit *rights;
    struct audit_part part;
};

/* All that the server wrote in people's names; fields 21 and later. */
void snapshot_write_life(const struct audit *a, const struct snapshot_eyes *p, struct buf *out);

struct snapshot_reader {
    struct audit *a; /* what is read so far; owned by audit_decode */
    struct err_info *why;
};

enum err snapshot_bad(const struct snapshot_reader *r, const char *what); /* ERR_INPUT */
enum err snapshot_no_memory(const struct snapshot_reader *r);             /* ERR_NOMEM */
/* Returns new in *out; free. */
MUST_CHECK enum err snapshot_read_str(const struct snapshot_reader *r,
                                      const ProtobufCBinaryData *from, bool multi_line,
                                      size_t max_cp, char **out);
/* *out becomes new, also on the way to an error; *count says how many of them are whole. */
MUST_CHECK enum err snapshot_read_replies(const struct snapshot_reader *r, size_t n,
                                          Tandem__Snapshot__Reply *const *from, size_t max_cp,
                                          size_t *count, const struct audit_reply **out);
/* Room for n rows, all at once; false without memory. */
bool snapshot_reserve(void *at, size_t *cap, size_t n, size_t size);
#define SNAPSHOT_RESERVE(v, n) snapshot_reserve(&(v).at, &(v).cap, n, sizeof *(v).at)

/* After members: the head, seq and state are there. */
MUST_CHECK enum err snapshot_read_life(const struct snapshot_reader *r,
                                       const Tandem__Snapshot__Snapshot *m);

#endif
