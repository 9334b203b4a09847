#include "client/editor/key.h"

#include <stdio.h>
#include <string.h>

#include "common/utf8.h"

static const char *named(uint32_t code)
{
    static const char *const names[] = {"Up",        "Down", "Left",  "Right",  "Home",
                                        "End",       "PgUp", "PgDn",  "Insert", "Delete",
                                        "Backspace", "Tab",  "Enter", "Esc"};
    return code > ED_NAMED && code < ED_F1 ? names[code - ED_UP] : "?";
}

void key_name(struct key k, char out[40])
{
    char base[12];
    if (k.code >= ED_F1 && k.code <= ED_F12) {
        snprintf(base, sizeof base, "F%u", (unsigned)(k.code - ED_F1 + 1));
    } else if (k.code >= ED_NAMED) {
        snprintf(base, sizeof base, "%s", named(k.code));
    } else if (k.code == ' ') {
        snprintf(base, sizeof base, "Space");
    } else {
        uint8_t u[4];
        uint32_t c = (k.mods & (ED_CTRL | ED_ALT)) && k.code >= 'a' && k.code <= 'z'
                         ? k.code - 'a' + 'A'
                         : k.code;
        size_t n = utf8_encode(c, u);
        memcpy(base, u, n);
        base[n] = 0;
    }
    snprintf(out, 40, "%s%s%s%s", k.mods & ED_CTRL ? "Ctrl-" : "", k.mods & ED_ALT ? "Alt-" : "",
             k.mods & ED_SHIFT ? "Shift-" : "", base);
}

void key_input_fini(struct key_input *in)
{
    buf_free(&in->waiting);
    buf_free(&in->paste);
}

int key_input_wait_ms(const struct key_input *in)
{
    return in->pasting ? KEY_PASTE_WAIT_MS : in->waiting.len ? KEY_ESC_WAIT_MS : 0;
}

/* ---- one sequence ----
 * Each parser looks at [p, p + len) and returns how many bytes it used, 0 when more are needed. */

/* CSI 1;5D -> modifiers 5 - 1 = Ctrl. xterm: 1 shift, 2 alt, 4 ctrl. */
static uint8_t mods_of_param(unsigned v)
{
    return v ? (uint8_t)((v - 1) & 7) : 0;
}

struct final_row {
    char final;
    uint32_t code;
};
static const struct final_row finals[] = {
    {'A', ED_UP    },
    {'B', ED_DOWN  },
    {'C', ED_RIGHT },
    {'D', ED_LEFT  },
    {'H', ED_HOME  },
    {'F', ED_END   },
    {'P', ED_F1    },
    {'Q', ED_F1 + 1},
    {'R', ED_F1 + 2},
    {'S', ED_F1 + 3},
    {'M', ED_ENTER },
    {'I', ED_TAB   },
};

static uint32_t code_of_final(char c)
{
    for (size_t i = 0; i < sizeof finals / sizeof *finals; i++)
        if (finals[i].final == c)
            return finals[i].code;
    return 0;
}

/* CSI n ~ */
static uint32_t code_of_tilde(unsigned n)
{
    static const uint32_t codes[] = {
        [1] = ED_HOME,    [2] = ED_INS,     [3] = ED_DEL,     [4] = ED_END,      [5] = ED_PGUP,
        [6] = ED_PGDN,    [7] = ED_HOME,    [8] = ED_END,     [11] = ED_F1,      [12] = ED_F1 + 1,
        [13] = ED_F1 + 2, [14] = ED_F1 + 3, [15] = ED_F1 + 4, [17] = ED_F1 + 5,  [18] = ED_F1 + 6,
        [19] = ED_F1 + 7, [20] = ED_F1 + 8, [21] = ED_F1 + 9, [23] = ED_F1 + 10, [24] = ED_F1 + 11,
    };
    return n < sizeof codes / sizeof *codes ? codes[n] : 0;
}

static uint32_t code_of_unicode(unsigned n)
{
    switch (n) {
    case 9:
        return ED_TAB;
    case 13:
        return ED_ENTER;
    case 27:
        return ED_ESC;
    case 8:
    case 127:
        return ED_BACKSPACE;
    default:
        return n >= 0x20 && n < 0x110000 ? n : 0;
    }
}

/* What a CSI with these parameters and final byte means; code 0 = nothing we know. */
static struct key key_of_csi(const unsigned param[3], unsigned nparam, char final)
{
    struct key k = {0, nparam > 1 ? mods_of_param(param[1]) : 0};
    if (final == '~' && param[0] == 27 && nparam == 3) /* xterm modifyOtherKeys */
        k.code = code_of_unicode(param[2]);
    else if (final == '~')
        k.code = code_of_tilde(param[0]);
    else if (final == 'u')
        k.code = code_of_unicode(param[0]);
    else if (final == 'Z')
        k = (struct key){ED_TAB, ED_SHIFT};
    else
        k.code = code_of_final(final);
    if (k.code < ED_NAMED && (k.mods & (ED_CTRL | ED_ALT)) && k.code >= 'A' && k.code <= 'Z')
        k.code += 'a' - 'A';
    return k;
}

static size_t parse_csi(const uint8_t *p, size_t len, struct key *k, unsigned *first)
{
    unsigned param[3] = {0}, n = 0;
    size_t i = 2;
    if (len > 2 && p[2] == '[') { /* Linux console: ESC [ [ A = F1 */
        if (len < 4)
            return 0;
        *k = (struct key){p[3] >= 'A' && p[3] <= 'E' ? ED_F1 + (uint32_t)(p[3] - 'A') : 0, 0};
        return 4;
    }
    for (; i < len && i < 64; i++) {
        if (p[i] >= '0' && p[i] <= '9') {
            if (n < 3 && param[n] < 0x110000)
                param[n] = param[n] * 10 + (unsigned)(p[i] - '0');
        } else if (p[i] == ';') {
            n++;
        } else if (p[i] >= 0x40 && p[i] <= 0x7e) {
            *k = key_of_csi(param, n + 1, (char)p[i]);
            *first = p[i] == '~' ? param[0] : 0;
            return i + 1;
        } else if (p[i] < 0x20 || p[i] > 0x3f) {
            return i; /* not a sequence after all: drop what came */
        }
    }
    return i >= 64 ? i : 0;
}

/* ESC O x, or ESC and a key with Alt held. */
static size_t parse_escape(const uint8_t *p, size_t len, struct key *k, unsigned *first)
{
    if (len < 2)
        return 0;
    if (p[1] == '[')
        return parse_csi(p, len, k, first);
    if (p[1] == 'O') {
        if (len < 3)
            return 0;
        if (p[2] >= 'a' && p[2] <= 'd') /* rxvt: Ctrl and an arrow */
            *k = (struct key){code_of_final((char)(p[2] - 'a' + 'A')), ED_CTRL};
        else
            *k = (struct key){code_of_final((char)p[2]), 0};
        return 3;
    }
    return 1; /* Alt: the caller joins the next key to it */
}

static struct key key_of_control(uint8_t c)
{
    switch (c) {
    case 0:
        return (struct key){' ', ED_CTRL};
    case 8:
    case 127:
        return (struct key){ED_BACKSPACE, 0};
    case 9:
        return (struct key){ED_TAB, 0};
    case 10:
    case 13:
        return (struct key){ED_ENTER, 0};
    default:
        return (struct key){c < 27 ? (uint32_t)(c - 1 + 'a') : (uint32_t)(c + 0x40), ED_CTRL};
    }
}

/* A control byte or one UTF-8 character. Bytes that are neither become U+FFFD. */
static size_t parse_plain(const uint8_t *p, size_t len, struct key *k)
{
    if (p[0] < 0x20 || p[0] == 0x7f) {
        *k = key_of_control(p[0]);
        return 1;
    }
    uint32_t cp;
    size_t n = utf8_decode(p, p + len, &cp);
    if (n) {
        *k = (struct key){cp, 0};
        return n;
    }
    size_t need = p[0] >= 0xf0 ? 4 : p[0] >= 0xe0 ? 3 : p[0] >= 0xc2 ? 2 : 1;
    for (size_t i = 1; i < need && i < len; i++)
        if ((p[i] & 0xc0) != 0x80)
            need = 1;
    if (len < need)
        return 0;
    *k = (struct key){0xfffd, 0};
    return 1;
}

static void end_paste(struct key_input *in, const struct key_input_hooks *h)
{
    in->pasting = false;
    if (!buf_failed(&in->paste))
        h->paste(h->user, in->paste.data, in->paste.len);
    buf_clear(&in->paste);
}

/* Takes paste bytes up to the end mark. Returns the bytes used; the start of what may become the
 * mark is left. */
static size_t take_paste(struct key_input *in, const uint8_t *p, size_t len,
                         const struct key_input_hooks *h)
{
    static const char mark[] = "\033[201~";
    const uint8_t *esc = memchr(p, 27, len);
    size_t n = esc ? (size_t)(esc - p) : len;
    if (n == 0) {
        size_t m = len < 6 ? len : 6;
        if (!memcmp(p, mark, m)) {
            if (m < 6)
                return 0;
            end_paste(in, h);
            return 6;
        }
        n = 1;
    }
    if (in->paste.len + n <= KEY_PASTE_MAX)
        buf_append(&in->paste, p, n);
    return n;
}

static size_t take_key(struct key_input *in, const uint8_t *p, size_t len,
                       const struct key_input_hooks *h)
{
    struct key k = {0, 0};
    unsigned first = 0;
    size_t n = p[0] == 27 ? parse_escape(p, len, &k, &first) : parse_plain(p, len, &k);
    if (n == 1 && p[0] == 27) { /* ESC + something: Alt */
        if (p[1] == 27) {
            k = (struct key){ED_ESC, 0};
        } else {
            size_t m = parse_plain(p + 1, len - 1, &k);
            if (!m)
                return 0;
            k.mods |= ED_ALT;
            n += m;
        }
    }
    if (n && first == 200) {
        in->pasting = true;
        return n;
    }
    if (n && k.code)
        h->key(h->user, k);
    return n;
}

void key_input_feed(struct key_input *in, const uint8_t *data, size_t len,
                    const struct key_input_hooks *h)
{
    buf_append(&in->waiting, data, len);
    if (buf_failed(&in->waiting)) {
        buf_clear(&in->waiting);
        return;
    }
    size_t at = 0;
    while (at < in->waiting.len) {
        const uint8_t *p = in->waiting.data + at;
        size_t left = in->waiting.len - at;
        size_t n = in->pasting ? take_paste(in, p, left, h) : take_key(in, p, left, h);
        if (!n)
            break;
        at += n;
    }
    buf_consume(&in->waiting, at);
}

void key_input_timeout(struct key_input *in, const struct key_input_hooks *h)
{
    if (in->pasting) { /* it never ended: give what there is */
        buf_append(&in->paste, in->waiting.data, in->waiting.len);
        buf_clear(&in->waiting);
        end_paste(in, h);
        return;
    }
    if (!in->waiting.len)
        return;
    if (in->waiting.data[0] == 27 && in->waiting.len == 1)
        h->key(h->user, (struct key){ED_ESC, 0});
    else if (in->waiting.data[0] == 27 && in->waiting.len == 2) /* Alt-[ or Alt-O */
        h->key(h->user, (struct key){in->waiting.data[1], ED_ALT});
    buf_clear(&in->waiting);
}
