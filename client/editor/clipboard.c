#include "client/editor/model_state.h"

#include "common/utf8.h"

size_t clipboard_clean(const uint8_t *data, size_t len, bool one_line, struct buf *out)
{
    size_t dropped = 0;
    uint32_t cp;
    for (size_t at = 0, n; at < len; at += n) {
        n = utf8_decode(data + at, data + len, &cp);
        if (!n) {
            n = 1;
            dropped++;
        } else if (cp == '\r' || cp == '\n') {
            if (cp == '\r' && at + 1 < len && data[at + 1] == '\n')
                n = 2;
            buf_append_u8(out, one_line ? ' ' : '\n');
        } else if (one_line && cp == '\t') {
            buf_append_u8(out, ' ');
        } else if (utf8_check_text(data + at, n, !one_line, NULL)) {
            dropped++;
        } else {
            buf_append(out, data + at, n);
        }
    }
    return dropped;
}
