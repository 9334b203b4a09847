#include "client/render/cut.h"

#include <string.h>

#include "client/editor/cells.h"

void cut_blanks(struct buf *out, size_t n)
{
    while (n--)
        buf_append_u8(out, ' ');
}

size_t cut_put(struct buf *out, const char *s, size_t room, bool ascii)
{
    size_t len = strlen(s), at = 0, used = 0, step;
    struct glyph g;
    bool whole = text_cols(s) <= room;
    for (; at < len; at += step, used += g.width) {
        step = grapheme_len((const uint8_t *)s, len, at);
        grapheme_glyph((const uint8_t *)s + at, step, &g);
        if (!whole && used + g.width > room - 1)
            break;
        buf_append_str(out, g.text);
    }
    if (at == len)
        return used;
    buf_append_str(out, ascii ? "~" : "\u2026");
    return used + 1;
}
