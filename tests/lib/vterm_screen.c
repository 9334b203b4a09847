#include "tests/lib/vterm_screen.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <vterm.h>

#include "common/buf.h"
#include "common/utf8.h"

struct vscreen {
    pid_t pid;
    int fd; /* the master; -1 once the program has closed its end */
    bool reaped;
    int status; /* exit status once reaped */
    VTerm *vt;
    VTermScreen *screen;
    bool bracketed; /* the program asked for bracketed paste */
    uint16_t rows, cols;
    uint64_t bytes;
    uint8_t tail[8]; /* last bytes, to find "ESC [ ? 2004 h" across reads */
    struct buf text;
};

static int64_t now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void write_all(struct vscreen *s, const char *p, size_t len);

static void on_output(const char *p, size_t len, void *user)
{
    write_all(user, p, len);
}

static void child_environment(const char *const *env)
{
    setenv("TERM", "xterm-256color", 1);
    setenv("LC_ALL", "C.UTF-8", 1);
    unsetenv("NO_COLOR");
    for (size_t i = 0; env && env[i]; i++)
        putenv((char *)(uintptr_t)env[i]);
}

static int run_program(void *user)
{
    const char *const *argv = user;
    execvp(argv[0], (char *const *)(uintptr_t)argv);
    return 127;
}

struct vscreen *vscreen_start(const char *const *argv, const char *const *env, uint16_t rows,
                              uint16_t cols)
{
    return vscreen_start_fn(run_program, (void *)(uintptr_t)argv, env, rows, cols);
}

struct vscreen *vscreen_start_fn(vscreen_main_fn fn, void *user, const char *const *env,
                                 uint16_t rows, uint16_t cols)
{
    struct vscreen *s = calloc(1, sizeof *s);
    if (!s)
        return NULL;
    s->rows = rows;
    s->cols = cols;
    s->vt = vterm_new(rows, cols);
    vterm_set_utf8(s->vt, 1);
    s->screen = vterm_obtain_screen(s->vt);
    vterm_screen_enable_altscreen(s->screen, 1);
    vterm_screen_reset(s->screen, 1);
    vterm_output_set_callback(s->vt, on_output, s);
    struct winsize size = {.ws_row = rows, .ws_col = cols};
    s->pid = forkpty(&s->fd, NULL, NULL, &size);
    if (s->pid == 0) {
        child_environment(env);
        _exit(fn(user));
    }
    if (s->pid < 0) {
        vterm_free(s->vt);
        free(s);
        return NULL;
    }
    fcntl(s->fd, F_SETFD, FD_CLOEXEC);
    fcntl(s->fd, F_SETFL, O_NONBLOCK);
    return s;
}

void vscreen_free(struct vscreen *s)
{
    if (!s)
        return;
    if (!s->reaped) {
        kill(s->pid, SIGKILL);
        waitpid(s->pid, NULL, 0);
    }
    if (s->fd >= 0)
        close(s->fd);
    vterm_free(s->vt);
    buf_free(&s->text);
    free(s);
}

pid_t vscreen_pid(const struct vscreen *s)
{
    return s->pid;
}

/* Follows "ESC [ ? 2004 h/l", which this libvterm does not tell about. */
static void watch_paste_mode(struct vscreen *s, const char *p, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        memmove(s->tail, s->tail + 1, 7);
        s->tail[7] = (uint8_t)p[i];
        if (!memcmp(s->tail, "\033[?2004h", 8))
            s->bracketed = true;
        if (!memcmp(s->tail, "\033[?2004l", 8))
            s->bracketed = false;
    }
}

/* Reads what is there. False when there was nothing (or it is closed). */
static bool read_some(struct vscreen *s)
{
    char data[8192];
    if (s->fd < 0)
        return false;
    ssize_t n = read(s->fd, data, sizeof data);
    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return false;
    if (n <= 0) { /* EIO: the other end is closed */
        close(s->fd);
        s->fd = -1;
        return false;
    }
    s->bytes += (uint64_t)n;
    watch_paste_mode(s, data, (size_t)n);
    vterm_input_write(s->vt, data, (size_t)n);
    return true;
}

/* The program may be blocked on its own output while we write: read meanwhile. */
static void write_all(struct vscreen *s, const char *p, size_t len)
{
    int64_t end = now_ms() + 5000;
    while (len && s->fd >= 0 && now_ms() < end) {
        ssize_t n = write(s->fd, p, len);
        if (n > 0) {
            p += n;
            len -= (size_t)n;
            continue;
        }
        if (n < 0 && errno != EAGAIN && errno != EINTR)
            return;
        struct pollfd pf = {.fd = s->fd, .events = POLLIN | POLLOUT};
        poll(&pf, 1, 100);
        if (pf.revents & POLLIN)
            read_some(s);
    }
}

static bool reap(struct vscreen *s, int options)
{
    int status;
    if (!s->reaped && waitpid(s->pid, &status, options) == s->pid) {
        s->reaped = true;
        s->status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    }
    return s->reaped;
}

int vscreen_wait_exit(struct vscreen *s, int timeout_ms)
{
    int64_t end = now_ms() + timeout_ms;
    while (s->fd >= 0 && now_ms() < end) {
        struct pollfd pf = {.fd = s->fd, .events = POLLIN};
        poll(&pf, 1, (int)(end - now_ms()));
        while (read_some(s))
            ;
    }
    /* Its terminal is closed: it is ending, or has ended. */
    while (!reap(s, WNOHANG) && now_ms() < end)
        poll(NULL, 0, 1);
    return s->reaped ? s->status : -1;
}

int vscreen_end(struct vscreen *s, int timeout_ms)
{
    int status = vscreen_wait_exit(s, timeout_ms);
    vscreen_free(s);
    return status;
}

/* ---- keys ---- */

static VTermModifier mods_of(int mods)
{
    return (VTermModifier)(((mods & VSCREEN_SHIFT) ? VTERM_MOD_SHIFT : 0) |
                           ((mods & VSCREEN_ALT) ? VTERM_MOD_ALT : 0) |
                           ((mods & VSCREEN_CTRL) ? VTERM_MOD_CTRL : 0));
}

void vscreen_key_mod(struct vscreen *s, int key, int mods)
{
    static const VTermKey keys[] = {
        [VSCREEN_UP] = VTERM_KEY_UP,       [VSCREEN_DOWN] = VTERM_KEY_DOWN,
        [VSCREEN_LEFT] = VTERM_KEY_LEFT,   [VSCREEN_RIGHT] = VTERM_KEY_RIGHT,
        [VSCREEN_HOME] = VTERM_KEY_HOME,   [VSCREEN_END] = VTERM_KEY_END,
        [VSCREEN_PGUP] = VTERM_KEY_PAGEUP, [VSCREEN_PGDN] = VTERM_KEY_PAGEDOWN,
        [VSCREEN_INS] = VTERM_KEY_INS,     [VSCREEN_DEL] = VTERM_KEY_DEL,
        [VSCREEN_TAB] = VTERM_KEY_TAB,     [VSCREEN_BACKSPACE] = VTERM_KEY_BACKSPACE,
        [VSCREEN_ESC] = VTERM_KEY_ESCAPE,  [VSCREEN_ENTER] = VTERM_KEY_ENTER,
    };
    VTermKey k =
        key >= VSCREEN_F1 ? (VTermKey)(VTERM_KEY_FUNCTION(key - VSCREEN_F1 + 1)) : keys[key];
    vterm_keyboard_key(s->vt, k, mods_of(mods));
}

void vscreen_key(struct vscreen *s, int key)
{
    vscreen_key_mod(s, key, 0);
}

void vscreen_type(struct vscreen *s, const char *utf8)
{
    write_all(s, utf8, strlen(utf8));
}

void vscreen_ctrl(struct vscreen *s, char letter)
{
    char c = (char)(letter & 0x1f);
    write_all(s, &c, 1);
}

void vscreen_paste(struct vscreen *s, const char *utf8)
{
    if (s->bracketed)
        vscreen_type(s, "\033[200~");
    vscreen_type(s, utf8);
    if (s->bracketed)
        vscreen_type(s, "\033[201~");
}

void vscreen_resize(struct vscreen *s, uint16_t rows, uint16_t cols)
{
    s->rows = rows;
    s->cols = cols;
    vterm_set_size(s->vt, rows, cols);
    struct winsize size = {.ws_row = rows, .ws_col = cols};
    if (s->fd >= 0)
        (void)ioctl(s->fd, TIOCSWINSZ, &size); /* fails only when it has ended */
}

/* ---- what is seen ---- */

static void append_cell(struct buf *out, const VTermScreenCell *c)
{
    if (!c->chars[0]) {
        buf_append_u8(out, ' ');
        return;
    }
    for (size_t i = 0; i < VTERM_MAX_CHARS_PER_CELL && c->chars[i]; i++) {
        uint8_t u[4];
        size_t n = utf8_encode(c->chars[i], u);
        buf_append(out, u, n);
    }
}

static void append_row(struct vscreen *s, uint16_t row, struct buf *out)
{
    for (int col = 0; col < s->cols;) {
        VTermScreenCell c;
        VTermPos pos = {.row = row, .col = col};
        vterm_screen_get_cell(s->screen, pos, &c);
        append_cell(out, &c);
        col += c.width > 0 ? c.width : 1;
    }
    while (out->len && out->data[out->len - 1] == ' ')
        out->len--;
}

const char *vscreen_row(struct vscreen *s, uint16_t row)
{
    buf_clear(&s->text);
    append_row(s, row, &s->text);
    return buf_cstr(&s->text);
}

const char *vscreen_dump(struct vscreen *s)
{
    buf_clear(&s->text);
    struct buf row = BUF_INIT;
    for (uint16_t r = 0; r < s->rows; r++) {
        buf_clear(&row);
        append_row(s, r, &row);
        buf_append(&s->text, row.data, row.len);
        buf_append_u8(&s->text, '\n');
    }
    buf_free(&row);
    return buf_cstr(&s->text);
}

bool vscreen_has(struct vscreen *s, const char *text)
{
    for (uint16_t r = 0; r < s->rows; r++)
        if (strstr(vscreen_row(s, r), text))
            return true;
    return false;
}

void vscreen_cursor(const struct vscreen *s, uint16_t *row, uint16_t *col)
{
    VTermPos pos;
    vterm_state_get_cursorpos(vterm_obtain_state(s->vt), &pos);
    *row = (uint16_t)pos.row;
    *col = (uint16_t)pos.col;
}

bool vscreen_reverse_at(const struct vscreen *s, uint16_t row, uint16_t col)
{
    VTermScreenCell c;
    VTermPos pos = {.row = row, .col = col};
    vterm_screen_get_cell(s->screen, pos, &c);
    return c.attrs.reverse;
}

bool vscreen_coloured(const struct vscreen *s)
{
    for (int row = 0; row < s->rows; row++)
        for (int col = 0; col < s->cols; col++) {
            VTermScreenCell c;
            VTermPos pos = {.row = row, .col = col};
            vterm_screen_get_cell(s->screen, pos, &c);
            if (!VTERM_COLOR_IS_DEFAULT_FG(&c.fg) || !VTERM_COLOR_IS_DEFAULT_BG(&c.bg))
                return true;
        }
    return false;
}

uint64_t vscreen_bytes(const struct vscreen *s)
{
    return s->bytes;
}

/* ---- waiting ---- */

enum { MAX_SCREENS = 64 };

/* Waits for output of any of them; reads it. */
static void pump(struct vscreen *const *s, size_t n, int timeout_ms)
{
    struct pollfd pf[MAX_SCREENS];
    if (n > MAX_SCREENS)
        n = MAX_SCREENS;
    for (size_t i = 0; i < n; i++)
        pf[i] = (struct pollfd){.fd = s[i]->fd, .events = POLLIN};
    if (poll(pf, (nfds_t)n, timeout_ms) <= 0)
        return;
    for (size_t i = 0; i < n; i++)
        if (pf[i].revents)
            read_some(s[i]);
}

bool vscreen_wait_all(struct vscreen *const *s, size_t n, vscreen_fn fn, void *user, int timeout_ms)
{
    int64_t end = now_ms() + timeout_ms;
    while (!fn(s, n, user)) {
        int64_t left = end - now_ms();
        if (left <= 0)
            return false;
        pump(s, n, (int)left);
    }
    return true;
}

bool vscreen_wait(struct vscreen *s, vscreen_fn fn, void *user, int timeout_ms)
{
    return vscreen_wait_all(&s, 1, fn, user, timeout_ms);
}

static bool shows(struct vscreen *const *s, size_t n, void *user)
{
    (void)n;
    return vscreen_has(s[0], user);
}

static bool hides(struct vscreen *const *s, size_t n, void *user)
{
    return !shows(s, n, user);
}

bool vscreen_wait_text(struct vscreen *s, const char *text, int timeout_ms)
{
    return vscreen_wait(s, shows, (void *)(uintptr_t)text, timeout_ms);
}

bool vscreen_wait_no_text(struct vscreen *s, const char *text, int timeout_ms)
{
    return vscreen_wait(s, hides, (void *)(uintptr_t)text, timeout_ms);
}

void vscreen_settle(struct vscreen *s, int quiet_ms, int timeout_ms)
{
    int64_t end = now_ms() + timeout_ms;
    uint64_t before;
    do {
        before = s->bytes;
        pump(&s, 1, quiet_ms);
    } while (s->bytes != before && now_ms() < end);
}
