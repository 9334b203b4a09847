/* An Envelope from a peer, decoded as the server does it: within a budget; what was understood
 * packs to the size that it says and, if it can be read again, means the same. (It cannot always:
 * fields that nobody knows, with impossible numbers, pass through protobuf-c once.) */

#include <stdlib.h>
#include <string.h>

#include "common/frame.h"
#include "common/pb_alloc.h"
#include "proto/wire.pb-c.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct pb_alloc a, b;
    struct err_info why;
    if (len > FRAME_MAX_BYTES)
        return 0;
    pb_alloc_init(&a, pb_alloc_budget(len), PB_ALLOC_COUNT);
    Tandem__Envelope *m = tandem__envelope__unpack(&a.pb, len, data);
    if (!m) {
        if (!pb_alloc_error(&a, &why))
            abort();
        pb_alloc_fini(&a);
        return 0;
    }
    size_t packed = tandem__envelope__get_packed_size(m);
    uint8_t *bytes = malloc(packed + 1);
    if (tandem__envelope__pack(m, bytes) != packed)
        abort();
    /* Unknown fields may unfold differently, so the budget is that of both. */
    pb_alloc_init(&b, pb_alloc_budget(len) + pb_alloc_budget(packed), 2 * PB_ALLOC_COUNT);
    Tandem__Envelope *again = tandem__envelope__unpack(&b.pb, packed, bytes);
    if (again && (again->body_case != m->body_case || again->id != m->id))
        abort();
    free(bytes);
    pb_alloc_fini(&a);
    pb_alloc_fini(&b);
    return 0;
}
