/* Apart from the rest because common/text/op.h and common/audit/event.h both speak of op kinds. */
#include "common/text/op.h"

struct blob_sums {
    struct buf words;
    size_t inserted_cp, struck_cp;
};
void render_blob(uint32_t agent, const void *blob, size_t len, struct blob_sums *out);

void render_blob(uint32_t agent, const void *blob, size_t len, struct blob_sums *out)
{
    struct op_reader r = op_reader_of(agent, blob, len);
    struct op op;
    *out = (struct blob_sums){.inserted_cp = 0};
    while (op_read(&r, &op)) {
        if (op.kind == OP_STRIKE) {
            out->struck_cp += op.len_cp;
            continue;
        }
        out->inserted_cp += op.len_cp;
        buf_append(&out->words, op.utf8, op.len_bytes);
    }
}
