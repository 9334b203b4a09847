#include "client/editor/open.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <uv.h>

#include "client/editor/key.h"
#include "client/editor/plain.h"
#include "client/editor/ui_curses.h"
#include "client/editor/view.h"
#include "client/link/errand.h"
#include "client/link/log_fetch.h"
#include "common/clock.h"

/* What the server was asked for the editor, until it has answered. */
enum { OPEN_MAX_ERRANDS = 8 }; /* the editor has no more on their way */
struct room_errand {
    struct room_open *room;
    struct errand errand;
    struct errand_run *run; /* NULL: free */
};

/* One open room on a loop: the terminal's bytes go to the editor or the plain mode, and after every
 * turn of the loop, before it waits again, what changed is shown. */
struct room_open {
    const struct open_args *args;
    struct editor *ed; /* one of these two */
    struct plain *plain;
    struct ui *ui;
    struct grid grid;
    struct key_input keys;
    struct buf line; /* plain: of an unfinished line */
    bool prompted;   /* plain: the prompt stands on the screen */

    uv_poll_t in;
    uv_timer_t timer; /* a lone Esc; plain's gathering; the limits of waiting */
    uv_prepare_t turn;
    uv_signal_t signals[3];
    uv_fs_t read_request; /* plain, from a file */
    char read_data[4096];
    bool is_file, reading, input_ended;
    unsigned pins;
    bool closing;

    struct log_fetch *fetch; /* on its way */
    struct room_errand errands[OPEN_MAX_ERRANDS];
    bool joined, done;
    int64_t esc_at_ms, start_ms, farewell_ms;
    enum err result;
    struct err_info why;
};

static void finish(struct room_open *o, enum err e, const char *why)
{
    if (o->done)
        return;
    o->done = true;
    o->result = e;
    uv_stop(o->args->loop); /* it may be just about to wait */
    if (e)
        (void)err_set(&o->why, e, "%s", why && *why ? why : err_text(e)); /* only its sentence */
}

/* ---- output of the plain mode ---- */

static void write_out(struct room_open *o, const char *p, size_t len)
{
    while (len) {
        ssize_t n = write(o->args->out_fd, p, len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0 && errno == EAGAIN) {
            struct pollfd pf = {.fd = o->args->out_fd, .events = POLLOUT};
            poll(&pf, 1, 1000);
            continue;
        }
        if (n < 0) { /* nobody reads any more */
            finish(o, ERR_IO, "the output was closed");
            return;
        }
        p += n;
        len -= (size_t)n;
    }
}

static void on_say(void *user, const char *line)
{
    struct room_open *o = user;
    if (o->prompted)
        write_out(o, "\n", 1);
    o->prompted = false;
    write_out(o, line, strlen(line));
    write_out(o, "\n", 1);
}

static void show_prompt(struct room_open *o)
{
    if (o->prompted || o->done || !isatty(o->args->in_fd))
        return;
    const char *prompt = plain_prompt(o->plain);
    write_out(o, prompt, strlen(prompt));
    write_out(o, (const char *)o->line.data, o->line.len);
    o->prompted = true;
}

/* ---- every turn ---- */

static void tell_line(struct room_open *o)
{
    struct link *l = o->args->link;
    enum editor_line line = LINE_DOWN;
    switch (link_state(l)) {
    case LINK_ONLINE:
        line = o->joined ? LINE_UP : LINE_JOINING;
        break;
    case LINK_ENDED:
        line = LINE_ENDED;
        break;
    case LINK_OFFLINE:
    case LINK_OPENING:
    case LINK_GREETING:
        line = o->joined ? LINE_DOWN : LINE_JOINING;
        break;
    }
    if (o->ed)
        editor_set_line(o->ed, line, link_why(l));
    else
        plain_set_line(o->plain, line, link_why(l));
    /* Before anything is here there is nothing to read on the screen: tell it to the caller. */
    if (line == LINE_ENDED && !o->joined)
        finish(o, ERR_NOT_AUTHENTICATED, link_why(l));
}

static void tell_time(struct room_open *o)
{
    int64_t mono = clock_mono_ms(), utc = clock_utc_ms();
    if (o->ed)
        editor_time(o->ed, mono, utc);
    else
        plain_time(o->plain, mono, utc);
}

static void show(struct room_open *o)
{
    if (!o->ed) {
        show_prompt(o);
        return;
    }
    editor_refresh(o->ed);
    if (editor_wants_redraw(o->ed))
        ui_redraw(o->ui);
    view_draw(o->ed, &o->grid);
    ui_show(o->ui, &o->grid);
}

static void on_log(void *user, enum err e, const char *text, struct audit *a, struct template *t)
{
    struct room_open *o = user;
    (void)e;
    o->fetch = NULL;
    if (o->ed)
        editor_set_log(o->ed, a, t, text);
    else
        plain_set_log(o->plain, a, t, text);
}

static void fetch_log(struct room_open *o)
{
    const struct audit *a = replica_audit(link_replica(o->args->link));
    if (!a || o->fetch || !(o->ed ? editor_wants_log(o->ed) : plain_wants_log(o->plain)))
        return;
    o->fetch = log_fetch_start(o->args->link, o->args->ref, audit_template(a), on_log, o);
    if (!o->fetch)
        on_log(o, ERR_NOMEM, err_text(ERR_NOMEM), NULL, NULL);
}

static void answer(struct room_open *o, const struct errand *e, struct errand_answer *a)
{
    if (o->ed)
        editor_answer(o->ed, e, a);
    else
        plain_answer(o->plain, e, a);
}

static void on_errand(void *user, struct errand_answer *a)
{
    struct room_errand *x = user;
    struct errand e = x->errand;
    x->errand = (struct errand){.kind = e.kind};
    x->run = NULL;
    answer(x->room, &e, a);
    errand_fini(&e);
}

static bool take_errand(struct room_open *o, struct errand *out)
{
    return o->ed ? editor_take_errand(o->ed, out) : plain_take_errand(o->plain, out);
}

static void poke(struct room_open *o)
{
    if (o->args->poke)
        o->args->poke(o->args->user);
}

static void start_errands(struct room_open *o)
{
    for (size_t i = 0; i < OPEN_MAX_ERRANDS; i++) {
        struct room_errand *x = &o->errands[i];
        if (x->run)
            continue;
        if (!take_errand(o, &x->errand))
            return;
        x->room = o;
        x->run = errand_start(o->args->link, o->args->ref, &x->errand, on_errand, x);
        poke(o);
        if (x->run)
            continue;
        struct errand e = x->errand;
        x->errand = (struct errand){.kind = e.kind};
        answer(o, &e, NULL);
        errand_fini(&e);
    }
}

static bool wants_to_leave(struct room_open *o)
{
    return o->ed ? editor_left(o->ed) : plain_left(o->plain);
}

/* Leaving waits a moment for what is on its way. */
static void farewell(struct room_open *o)
{
    struct link *l = o->args->link;
    int64_t now = clock_mono_ms();
    bool ended = link_state(l) == LINK_ENDED;
    if (!o->farewell_ms)
        o->farewell_ms = now + OPEN_FAREWELL_MS;
    bool waits = !link_all_acknowledged(l) ||
                 (o->input_ended && (o->fetch || (o->plain && plain_awaits(o->plain))));
    if (waits && link_state(l) == LINK_ONLINE && now < o->farewell_ms)
        return;
    finish(o, ended ? ERR_NOT_AUTHENTICATED : ERR_OK, ended ? link_why(l) : NULL);
}

static int64_t sooner(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static void on_timer(uv_timer_t *t);

static void set_timer(struct room_open *o)
{
    int64_t now = clock_mono_ms(), at = INT64_MAX;
    if (key_input_wait_ms(&o->keys))
        at = sooner(at, o->esc_at_ms);
    at = sooner(at, o->plain ? plain_next_ms(o->plain) : editor_next_ms(o->ed));
    if (!o->joined)
        at = sooner(at, o->start_ms + OPEN_FIRST_JOIN_MS);
    if (o->farewell_ms)
        at = sooner(at, o->farewell_ms);
    if (at == INT64_MAX)
        uv_timer_stop(&o->timer);
    else
        uv_timer_start(&o->timer, on_timer, at > now ? (uint64_t)(at - now) : 0, 0);
}

static void on_turn(uv_prepare_t *h)
{
    struct room_open *o = h->data;
    if (o->closing || o->done)
        return;
    tell_time(o);
    tell_line(o);
    if (!o->joined && clock_mono_ms() >= o->start_ms + OPEN_FIRST_JOIN_MS &&
        link_state(o->args->link) != LINK_ONLINE)
        finish(o, ERR_NET, link_why(o->args->link));
    show(o);
    fetch_log(o); /* drawing has found out whether it is needed */
    start_errands(o);
    if (wants_to_leave(o) || o->input_ended)
        farewell(o);
    if (o->done) /* the loop would still wait for its next event, perhaps as long as for a ping */
        uv_timer_start(&o->timer, on_timer, 0, 0);
    else
        set_timer(o);
}

/* ---- input ---- */

static void on_key(void *user, struct key k)
{
    struct room_open *o = user;
    editor_key(o->ed, k);
}

static void on_paste(void *user, const uint8_t *data, size_t len)
{
    struct room_open *o = user;
    editor_paste(o->ed, data, len);
}

static const struct key_input_hooks *key_hooks(struct room_open *o, struct key_input_hooks *h)
{
    *h = (struct key_input_hooks){.user = o, .key = on_key, .paste = on_paste};
    return h;
}

static void feed_lines(struct room_open *o, const char *data, size_t len)
{
    o->prompted = false; /* the terminal has echoed what was typed, its newline too */
    buf_append(&o->line, data, len);
    uint8_t *end;
    while (!buf_failed(&o->line) && !wants_to_leave(o) && o->line.len &&
           (end = memchr(o->line.data, '\n', o->line.len))) {
        size_t n = (size_t)(end - o->line.data);
        plain_line(o->plain, (const char *)o->line.data,
                   n && o->line.data[n - 1] == '\r' ? n - 1 : n);
        buf_consume(&o->line, n + 1);
    }
}

static void feed(struct room_open *o, const char *data, size_t len)
{
    struct key_input_hooks h;
    tell_time(o);
    if (o->ed) {
        key_input_feed(&o->keys, (const uint8_t *)data, len, key_hooks(o, &h));
        o->esc_at_ms = clock_mono_ms() + key_input_wait_ms(&o->keys);
    } else {
        feed_lines(o, data, len);
    }
    poke(o);
}

static void end_input(struct room_open *o)
{
    if (o->plain && o->line.len) /* a last line without its end */
        feed_lines(o, "\n", 1);
    o->input_ended = true;
    if (!o->is_file)
        uv_poll_stop(&o->in);
    poke(o);
}

static void on_readable(uv_poll_t *h, int status, int events)
{
    struct room_open *o = h->data;
    char data[4096];
    (void)events;
    if (o->closing || o->done)
        return;
    ssize_t n = status < 0 ? 0 : read(o->args->in_fd, data, sizeof data);
    if (n < 0 && (errno == EINTR || errno == EAGAIN))
        return;
    if (n <= 0)
        end_input(o);
    else
        feed(o, data, (size_t)n);
}

static void read_file(struct room_open *o);

static void on_file_read(uv_fs_t *req)
{
    struct room_open *o = req->data;
    ssize_t n = req->result;
    uv_fs_req_cleanup(req);
    o->reading = false;
    o->pins--;
    if (o->closing || o->done)
        return;
    if (n <= 0) {
        end_input(o);
        return;
    }
    feed(o, o->read_data, (size_t)n);
    read_file(o);
}

/* A regular file cannot be polled. */
static void read_file(struct room_open *o)
{
    uv_buf_t b = uv_buf_init(o->read_data, sizeof o->read_data);
    o->read_request.data = o;
    o->reading = true;
    o->pins++;
    if (uv_fs_read(o->args->loop, &o->read_request, o->args->in_fd, &b, 1, -1, on_file_read)) {
        o->reading = false;
        o->pins--;
        end_input(o);
    }
}

static void on_timer(uv_timer_t *t)
{
    struct room_open *o = t->data;
    struct key_input_hooks h;
    if (o->closing || o->done)
        return;
    if (key_input_wait_ms(&o->keys) && clock_mono_ms() >= o->esc_at_ms) {
        key_input_timeout(&o->keys, key_hooks(o, &h));
        poke(o);
    }
}

static void on_signal(uv_signal_t *h, int signum)
{
    struct room_open *o = h->data;
    uint16_t rows, cols;
    if (o->closing || o->done)
        return;
    if (signum == SIGWINCH && o->ui) {
        ui_size(o->ui, &rows, &cols);
        editor_resize(o->ed, rows, cols);
        ui_redraw(o->ui); /* while it was smaller, the terminal may have forgotten what was there */
    } else if (signum != SIGWINCH) { /* asked to end: what is unsaved is in the recovery file */
        finish(o, ERR_OK, NULL);
    }
}

/* ---- start, end ---- */

static void on_joined(void *user, enum err e, const char *text)
{
    struct room_open *o = user;
    if (o->closing)
        return;
    if (e && !o->joined)
        finish(o, e, text);
    else if (e && o->ed)
        editor_say(o->ed, "%s", text && *text ? text : err_text(e));
    else if (e)
        on_say(o, text && *text ? text : err_text(e));
    else if (!o->joined) {
        o->joined = true;
        /* Only now: commands that came before wait for the audit they are about. */
        if (o->is_file)
            read_file(o);
        else if (uv_poll_start(&o->in, UV_READABLE, on_readable))
            finish(o, ERR_IO, "the input cannot be read");
    }
}

static void on_closed(uv_handle_t *h)
{
    struct room_open *o = h->data;
    o->pins--;
}

static bool start_handles(struct room_open *o)
{
    static const int signums[3] = {SIGWINCH, SIGTERM, SIGHUP};
    uv_loop_t *loop = o->args->loop;
    int flags = fcntl(o->args->in_fd, F_GETFL);
    if (uv_timer_init(loop, &o->timer))
        return false;
    o->timer.data = o;
    o->pins++;
    if (uv_prepare_init(loop, &o->turn))
        return false;
    o->turn.data = o;
    o->pins++;
    uv_prepare_start(&o->turn, on_turn);
    for (int i = 0; i < 3; i++) {
        if (uv_signal_init(loop, &o->signals[i]))
            return false;
        o->signals[i].data = o;
        o->pins++;
        uv_signal_start(&o->signals[i], on_signal, signums[i]);
    }
    if (uv_poll_init(loop, &o->in, o->args->in_fd)) { /* EPERM: a regular file */
        o->is_file = true;
        return o->plain != NULL;
    }
    o->in.data = o;
    o->pins++;
    /* libuv made it non-blocking, and with it whoever shares the terminal, our output too. */
    if (flags >= 0)
        (void)fcntl(o->args->in_fd, F_SETFL, flags); /* it was like that a moment ago */
    return true;
}

static void close_if(void *handle)
{
    uv_handle_t *h = handle;
    if (h->data && !uv_is_closing(h))
        uv_close(h, on_closed);
}

static void close_handles(struct room_open *o)
{
    o->closing = true;
    log_fetch_cancel(o->fetch);
    for (size_t i = 0; i < OPEN_MAX_ERRANDS; i++) {
        errand_cancel(o->errands[i].run);
        errand_fini(&o->errands[i].errand);
    }
    close_if(&o->timer);
    close_if(&o->turn);
    for (int i = 0; i < 3; i++)
        close_if(&o->signals[i]);
    close_if(&o->in);
    if (o->reading)
        uv_cancel((uv_req_t *)&o->read_request);
    while (o->pins)
        uv_run(o->args->loop, UV_RUN_ONCE);
}

static enum err run(struct room_open *o, struct err_info *why)
{
    const struct open_args *a = o->args;
    o->start_ms = clock_mono_ms();
    enum err e = start_handles(o) ? ERR_OK : err_set(why, ERR_IO, "the input cannot be read");
    if (!e)
        e = link_join(a->link, a->ref, a->only_read, a->recovered, a->recovered_len, on_joined, o);
    if (e && why && !why->text[0])
        (void)err_set(why, e, "%s", err_text(e)); /* only its sentence */
    if (!e) {
        if (!o->is_file && o->ed) /* Ctrl-Q works before the audit is here */
            uv_poll_start(&o->in, UV_READABLE, on_readable);
        while (!o->done)
            uv_run(a->loop, UV_RUN_ONCE);
        e = o->result;
        if (why && e)
            *why = o->why;
    }
    close_handles(o);
    link_goodbye(a->link);
    return e;
}

static void fini(struct room_open *o)
{
    editor_free(o->ed);
    plain_free(o->plain);
    ui_stop(o->ui);
    grid_fini(&o->grid);
    key_input_fini(&o->keys);
    buf_free(&o->line);
}

enum err editor_open(const struct open_args *args, struct err_info *why)
{
    struct room_open o = {.args = args};
    uint16_t rows, cols;
    enum err e = ui_start(args->in_fd, args->out_fd, &o.ui, why);
    if (e)
        return e;
    o.ed = editor_new(link_replica(args->link), args->ref);
    if (o.ed) {
        ui_size(o.ui, &rows, &cols);
        editor_resize(o.ed, rows, cols);
        e = run(&o, why);
    } else {
        e = err_set(why, ERR_NOMEM, "out of memory");
    }
    fini(&o);
    return e;
}

enum err plain_open(const struct open_args *args, struct err_info *why)
{
    struct room_open o = {.args = args};
    enum err e;
    o.plain = plain_new(link_replica(args->link), args->ref, on_say, &o);
    if (o.plain)
        e = run(&o, why);
    else
        e = err_set(why, ERR_NOMEM, "out of memory");
    fini(&o);
    return e;
}
