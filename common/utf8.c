#include "common/utf8.h"

#include <string.h>

size_t utf8_decode(const uint8_t *p, const uint8_t *end, uint32_t *cp)
{
    if (p >= end)
        return 0;
    uint8_t lead = *p;
    if (lead < 0x80) {
        *cp = lead;
        return 1;
    }
    size_t len = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
    if (lead < 0xc2 || lead > 0xf4 || (size_t)(end - p) < len)
        return 0;
    uint32_t v = lead & (0x7fu >> len);
    for (size_t i = 1; i < len; i++) {
        if ((p[i] & 0xc0) != 0x80)
            return 0;
        v = v << 6 | (p[i] & 0x3f);
    }
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    if (v < least[len] || v > 0x10ffff || (v >= 0xd800 && v <= 0xdfff))
        return 0;
    *cp = v;
    return len;
}

size_t utf8_encode(uint32_t cp, uint8_t out[4])
{
    if (cp < 0x80) {
        out[0] = (uint8_t)cp;
        return 1;
    }
    if (cp < 0x800) {
        out[0] = (uint8_t)(0xc0 | cp >> 6);
        out[1] = (uint8_t)(0x80 | (cp & 0x3f));
        return 2;
    }
    if (cp < 0x10000) {
        out[0] = (uint8_t)(0xe0 | cp >> 12);
        out[1] = (uint8_t)(0x80 | (cp >> 6 & 0x3f));
        out[2] = (uint8_t)(0x80 | (cp & 0x3f));
        return 3;
    }
    out[0] = (uint8_t)(0xf0 | cp >> 18);
    out[1] = (uint8_t)(0x80 | (cp >> 12 & 0x3f));
    out[2] = (uint8_t)(0x80 | (cp >> 6 & 0x3f));
    out[3] = (uint8_t)(0x80 | (cp & 0x3f));
    return 4;
}

long utf8_count(const void *data, size_t len)
{
    const uint8_t *p = data, *end = len ? p + len : p;
    long n = 0;
    while (p < end) {
        uint32_t cp;
        size_t step = utf8_decode(p, end, &cp);
        if (!step)
            return UTF8_BAD;
        p += step;
        n++;
    }
    return n;
}

static bool is_bidi_control(uint32_t cp)
{
    return cp == 0x061c || cp == 0x200e || cp == 0x200f || (cp >= 0x202a && cp <= 0x202e) ||
           (cp >= 0x2066 && cp <= 0x2069);
}

static bool is_control(uint32_t cp)
{
    return cp < 0x20 || (cp >= 0x7f && cp < 0xa0);
}

static bool is_noncharacter(uint32_t cp)
{
    return (cp & 0xfffe) == 0xfffe || (cp >= 0xfdd0 && cp <= 0xfdef);
}

enum err utf8_check_text(const void *data, size_t len, bool multi_line, struct err_info *why)
{
    const uint8_t *p = data, *end = len ? p + len : p;
    while (p < end) {
        uint32_t cp;
        size_t step = utf8_decode(p, end, &cp);
        if (!step)
            return err_set(why, ERR_INPUT, "bytes that are not UTF-8");
        bool allowed_control = multi_line && (cp == '\n' || cp == '\t');
        if (is_control(cp) && !allowed_control)
            return err_set(why, ERR_INPUT, "a control character (U+%04X)", (unsigned)cp);
        if (is_bidi_control(cp) || cp == 0xfeff)
            return err_set(why, ERR_INPUT, "an invisible direction or format character (U+%04X)",
                           (unsigned)cp);
        if (is_noncharacter(cp))
            return err_set(why, ERR_INPUT, "a code that is not a character (U+%04X)", (unsigned)cp);
        p += step;
    }
    return ERR_OK;
}

/* Invisible but legitimate in text: joiners that emoji and several scripts need are kept, and so
 * are variation selectors; what hides or reorders is not. */
static bool is_hidden(uint32_t cp)
{
    return is_bidi_control(cp) || cp == 0x200b || cp == 0x2060 || cp == 0xfeff || cp == 0x00ad ||
           cp == 0x180e || (cp >= 0x2061 && cp <= 0x2064) || (cp >= 0x206a && cp <= 0x206f) ||
           (cp >= 0xfff9 && cp <= 0xfffb) || (cp >= 0xe0000 && cp <= 0xe007f) || cp == 0x2028 ||
           cp == 0x2029 || is_noncharacter(cp);
}

static void append_safe_cp(struct buf *out, uint32_t cp, const uint8_t *bytes, size_t len,
                           bool multi_line)
{
    if (multi_line && (cp == '\n' || cp == '\t')) {
        buf_append_u8(out, (uint8_t)cp);
    } else if (cp < 0x20 || cp == 0x7f) { /* the control pictures block mirrors C0 */
        uint8_t picture[4];
        size_t n = utf8_encode(cp == 0x7f ? 0x2421 : 0x2400 + cp, picture);
        buf_append(out, picture, n);
    } else if (is_control(cp) || is_hidden(cp)) {
        buf_appendf(out, "\u2039U+%04X\u203a", (unsigned)cp);
    } else {
        buf_append(out, bytes, len);
    }
}

void text_safe(struct buf *out, const void *data, size_t len, bool multi_line)
{
    const uint8_t *p = data, *end = len ? p + len : p;
    while (p < end) {
        uint32_t cp;
        size_t step = utf8_decode(p, end, &cp);
        if (step)
            append_safe_cp(out, cp, p, step, multi_line);
        else
            buf_append_str(out, "\ufffd");
        p += step ? step : 1;
    }
}

const char *text_safe_cstr(struct buf *out, const char *s)
{
    buf_clear(out);
    text_safe(out, s, strlen(s), false);
    return buf_cstr(out);
}
