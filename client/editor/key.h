#ifndef TANDEM_CLIENT_EDITOR_KEY_H
#define TANDEM_CLIENT_EDITOR_KEY_H

/* Keys as the editor knows them, and the bytes of a terminal made into keys. The decoder knows the
 * sequences of xterm and what took after it (tmux, screen, VTE, kitty, the Linux console, rxvt,
 * VT220), bracketed paste, and CSI u. Pure. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/buf.h"

enum {
    ED_SHIFT = 1,
    ED_ALT = 2,
    ED_CTRL = 4,
};

/* Codes below this are characters: what was typed, or with ED_CTRL / ED_ALT the letter (small). */
enum key_code {
    ED_NAMED = 0x110000,
    ED_UP,
    ED_DOWN,
    ED_LEFT,
    ED_RIGHT,
    ED_HOME,
    ED_END,
    ED_PGUP,
    ED_PGDN,
    ED_INS,
    ED_DEL,
    ED_BACKSPACE,
    ED_TAB,
    ED_ENTER,
    ED_ESC,
    ED_F1, /* ... ED_F1 + 11 */
    ED_F12 = ED_F1 + 11,
};

struct key {
    uint32_t code;
    uint8_t mods;
};

static inline bool key_equal(struct key a, struct key b)
{
    return a.code == b.code && a.mods == b.mods;
}
/* A character that may go into a text. */
static inline bool key_is_text(struct key k)
{
    return k.code < ED_NAMED && k.code >= 0x20 && k.code != 0x7f && !(k.mods & (ED_CTRL | ED_ALT));
}
/* "Ctrl-Shift-Left", "F1", "a". `out` has room for 40 bytes. */
void key_name(struct key k, char out[40]);

struct key_input {
    struct buf waiting; /* bytes of an unfinished sequence */
    struct buf paste;   /* inside a bracketed paste */
    bool pasting;
};

struct key_input_hooks {
    void *user;
    void (*key)(void *user, struct key k);
    /* The whole of one paste, as it came. Borrows. */
    void (*paste)(void *user, const uint8_t *data, size_t len);
};

enum {
    KEY_ESC_WAIT_MS = 40,       /* a lone Esc is a key when nothing follows for so long */
    KEY_PASTE_WAIT_MS = 3000,   /* a paste without its end is over when nothing comes for so long */
    KEY_PASTE_MAX = 1024 * 1024 /* the rest of a longer paste is dropped */
};

void key_input_fini(struct key_input *in); /* a zeroed struct is ready for use */
/* Calls the hooks for every complete key in what has come so far. */
void key_input_feed(struct key_input *in, const uint8_t *data, size_t len,
                    const struct key_input_hooks *h);
/* Something unfinished waits: call key_input_timeout if nothing comes for so long. 0: nothing
 * waits.
 */
int key_input_wait_ms(const struct key_input *in);
void key_input_timeout(struct key_input *in, const struct key_input_hooks *h);

#endif
