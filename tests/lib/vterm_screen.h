#ifndef TANDEM_TESTS_LIB_VTERM_SCREEN_H
#define TANDEM_TESTS_LIB_VTERM_SCREEN_H

/* A program in a pseudo-terminal, read as a person would see it: libvterm keeps its screen. Nothing
 * here sleeps: one waits until the screen shows what is expected, or a time has passed. (The prefix
 * is vscreen_ because libvterm owns vterm_screen_.)
 *
 *     const char *argv[] = {bin, "open", ref, NULL};
 *     const char *env[] = {"HOME=/tmp/x", NULL};
 *     struct vscreen *s = vscreen_start(argv, env, 24, 80);
 *     cr_assert(vscreen_wait_text(s, "Saved", 5000), "%s", vscreen_dump(s));
 *     vscreen_type(s, "hello");  vscreen_key(s, VSCREEN_F1);
 *     cr_assert_eq(vscreen_end(s, 5000), 0);       exit status; also frees
 *
 * Several screens at once: give them all to vscreen_wait_all, which reads whichever has output. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct vscreen;

/* argv[0] is looked up in PATH; `env` ("NAME=VALUE" ... NULL; may be NULL) is added to the present
 * environment, with TERM=xterm-256color and LC_ALL=C.UTF-8 unless it says otherwise. NULL when it
 * cannot be started. */
struct vscreen *vscreen_start(const char *const *argv, const char *const *env, uint16_t rows,
                              uint16_t cols);
/* The same with a function of the test itself in a child process: its result is the exit status.
 * `user` is as it was when the child was made. */
typedef int (*vscreen_main_fn)(void *user);
struct vscreen *vscreen_start_fn(vscreen_main_fn fn, void *user, const char *const *env,
                                 uint16_t rows, uint16_t cols);
/* Kills the program if it still runs, and frees. NULL is allowed. */
void vscreen_free(struct vscreen *s);
/* Waits for the program to end by itself: its exit status, 128 + signal, or -1 when it did not in
 * that time (then it is killed). Frees `s`. */
int vscreen_end(struct vscreen *s, int timeout_ms);
/* As above without freeing; the last screen stays readable. -1: still running. */
int vscreen_wait_exit(struct vscreen *s, int timeout_ms);
pid_t vscreen_pid(const struct vscreen *s);

/* ---- keys ---- */
enum vscreen_key {
    VSCREEN_UP = 1,
    VSCREEN_DOWN,
    VSCREEN_LEFT,
    VSCREEN_RIGHT,
    VSCREEN_HOME,
    VSCREEN_END,
    VSCREEN_PGUP,
    VSCREEN_PGDN,
    VSCREEN_INS,
    VSCREEN_DEL,
    VSCREEN_BACKSPACE,
    VSCREEN_TAB,
    VSCREEN_ENTER,
    VSCREEN_ESC,
    VSCREEN_F1, /* ... VSCREEN_F1 + 11 = F12 */
};
enum { VSCREEN_SHIFT = 1, VSCREEN_ALT = 2, VSCREEN_CTRL = 4 };
void vscreen_type(struct vscreen *s, const char *utf8); /* as typed, byte for byte */
void vscreen_key(struct vscreen *s, int key);           /* enum vscreen_key, F keys by addition */
void vscreen_key_mod(struct vscreen *s, int key, int mods);
void vscreen_ctrl(struct vscreen *s, char letter);       /* 'q': Ctrl-Q */
void vscreen_paste(struct vscreen *s, const char *utf8); /* bracketed if the program asked for it */
void vscreen_resize(struct vscreen *s, uint16_t rows, uint16_t cols);

/* ---- what is seen ---- */
/* Row as UTF-8 without trailing blanks. Borrowed until the next call on this screen. */
const char *vscreen_row(struct vscreen *s, uint16_t row);
/* The whole screen, rows joined by newlines, for messages and searches. Borrowed likewise. */
const char *vscreen_dump(struct vscreen *s);
bool vscreen_has(struct vscreen *s, const char *text); /* within one row */
void vscreen_cursor(const struct vscreen *s, uint16_t *row, uint16_t *col);
bool vscreen_reverse_at(const struct vscreen *s, uint16_t row, uint16_t col);
/* Some cell has a colour of its own. */
bool vscreen_coloured(const struct vscreen *s);
uint64_t vscreen_bytes(const struct vscreen *s); /* output of the program so far */

/* ---- waiting ---- */
typedef bool (*vscreen_fn)(struct vscreen *const *s, size_t n, void *user);
/* Reads all of them until `fn` holds; it is asked once before anything is read and after each piece
 * of output. False when the time is up. A program that ended is read to its end and then ignored.
 */
bool vscreen_wait_all(struct vscreen *const *s, size_t n, vscreen_fn fn, void *user,
                      int timeout_ms);
bool vscreen_wait(struct vscreen *s, vscreen_fn fn, void *user, int timeout_ms);
bool vscreen_wait_text(struct vscreen *s, const char *text, int timeout_ms);
bool vscreen_wait_no_text(struct vscreen *s, const char *text, int timeout_ms);
/* Reads until nothing has come for `quiet_ms`: for counting bytes, and to let the rest of a frame
 * come (a screen may be seen half drawn: what was typed is there, the status line below still says
 * what it said before). Not for "it must be done by now": wait for what must be seen instead. */
void vscreen_settle(struct vscreen *s, int quiet_ms, int timeout_ms);

#endif
