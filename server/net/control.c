#include "server/net/control.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "common/frame.h"
#include "common/log.h"

enum {
    MAX_CALLS = 16,
    REQUEST_TIMEOUT_MS = 10 * 1000, /* from connecting to the whole request */
    ANSWER_TIMEOUT_S = 300,         /* a backup of a great site takes its time */
    TEXT_CHUNK = 64 * 1024,
};

/* ---- the form ---- */

void control_encode(int argc, const char *const *argv, const void *attachment,
                    size_t attachment_len, struct buf *out)
{
    buf_append_varint(out, (uint64_t)argc);
    for (int i = 0; i < argc; i++) {
        buf_append_varint(out, strlen(argv[i]));
        buf_append_str(out, argv[i]);
    }
    buf_append_varint(out, attachment ? 1 : 0);
    if (!attachment)
        return;
    buf_append_varint(out, attachment_len);
    buf_append(out, attachment, attachment_len);
}

void control_request_free(struct control_request *r)
{
    for (int i = 0; i < r->argc; i++)
        free(r->argv[i]);
    r->argc = 0;
}

enum err control_decode(const void *data, size_t len, struct control_request *out)
{
    struct rd r = rd_of(data, len);
    *out = (struct control_request){0};
    uint64_t n = rd_varint_max(&r, CONTROL_MAX_ARGS);
    for (uint64_t i = 0; i < n && !r.bad; i++) {
        size_t word_len = (size_t)rd_varint_max(&r, len);
        const uint8_t *word = rd_bytes(&r, word_len);
        if (!word || memchr(word, 0, word_len))
            break;
        out->argv[out->argc] = strndup((const char *)word, word_len);
        if (!out->argv[out->argc])
            break;
        out->argc++;
    }
    if (rd_varint_max(&r, 1) && !r.bad) {
        out->attachment_len = (size_t)rd_varint_max(&r, len);
        out->attachment = rd_bytes(&r, out->attachment_len);
    }
    if (!r.bad && !rd_left(&r) && (uint64_t)out->argc == n)
        return ERR_OK;
    control_request_free(out);
    return ERR_INPUT;
}

/* A path that fits into a socket's address, through the directory's descriptor when it is long. */
static enum err socket_path(const char *dir, int dir_fd, char out[108], struct err_info *why)
{
    int n = snprintf(out, 108, "%s/control", dir);
    if (n < 0 || n >= 108)
        n = snprintf(out, 108, "/proc/self/fd/%d/control", dir_fd);
    return n > 0 && n < 108 ? ERR_OK : err_set(why, ERR_INPUT, "%s: the path is too long.", dir);
}

/* ---- the server's side ---- */

struct control_call {
    uv_pipe_t pipe;
    uv_timer_t timer;
    uv_write_t write;
    struct control *control;
    unsigned pins; /* two handles, a write in flight, a request that is not answered */
    bool closing, asked;
    struct frame_decoder decoder;
    struct buf out;
    TAILQ_ENTRY(control_call) link;
};

struct control {
    uv_loop_t *loop;
    uv_pipe_t listener;
    int dir_fd;
    control_request_fn request;
    void *user;
    unsigned pins; /* the listener, each call */
    size_t ncalls;
    TAILQ_HEAD(, control_call) calls;
    char input[16 * 1024];
    void (*closed)(void *user);
    void *closed_user;
};

static void control_unpin(struct control *c)
{
    if (--c->pins)
        return;
    void (*closed)(void *) = c->closed;
    void *user = c->closed_user;
    close(c->dir_fd);
    free(c);
    closed(user);
}

static void call_unpin(struct control_call *call)
{
    if (--call->pins)
        return;
    struct control *c = call->control;
    TAILQ_REMOVE(&c->calls, call, link);
    c->ncalls--;
    frame_decoder_fini(&call->decoder);
    buf_free(&call->out);
    free(call);
    control_unpin(c);
}

static void on_call_closed(uv_handle_t *h)
{
    call_unpin(h->data);
}

static void call_close(struct control_call *call)
{
    if (call->closing)
        return;
    call->closing = true;
    uv_close((uv_handle_t *)&call->pipe, on_call_closed);
    uv_close((uv_handle_t *)&call->timer, on_call_closed);
}

static void on_answer_written(uv_write_t *req, int status)
{
    (void)status;
    struct control_call *call = req->data;
    call_close(call);
    call_unpin(call);
}

void control_answer(struct control_call *call, int exit_code, const char *text)
{
    size_t len = strlen(text);
    struct buf chunk = BUF_INIT;
    for (size_t at = 0; at < len; at += TEXT_CHUNK) {
        buf_clear(&chunk);
        buf_append_u8(&chunk, 't');
        buf_append(&chunk, text + at, len - at < TEXT_CHUNK ? len - at : TEXT_CHUNK);
        frame_append(&call->out, chunk.data, chunk.len);
    }
    buf_free(&chunk);
    frame_append(&call->out, (const uint8_t[]){'e', (uint8_t)exit_code}, 2);
    if (!call->closing && !buf_failed(&call->out)) {
        uv_buf_t b = uv_buf_init((char *)call->out.data, (unsigned)call->out.len);
        call->write.data = call;
        if (uv_write(&call->write, (uv_stream_t *)&call->pipe, &b, 1, on_answer_written))
            call_close(call);
        else
            call->pins++;
    }
    call_unpin(call); /* the request */
}

static bool on_request(void *user, const uint8_t *payload, size_t len)
{
    struct control_call *call = user;
    struct control *c = call->control;
    struct control_request r;
    call->asked = true;
    call->pins++;
    (void)uv_timer_stop(&call->timer);
    if (control_decode(payload, len, &r)) {
        control_answer(call, EXIT_USAGE, "The request is malformed.\n");
        return false;
    }
    c->request(c->user, call, r.argc, (const char *const *)r.argv, r.attachment, r.attachment_len);
    control_request_free(&r);
    return false; /* one per connection */
}

static void on_alloc(uv_handle_t *h, size_t suggested, uv_buf_t *out)
{
    (void)suggested;
    struct control_call *call = h->data;
    *out = uv_buf_init(call->control->input, sizeof call->control->input);
}

static void on_read(uv_stream_t *stream, ssize_t len, const uv_buf_t *b)
{
    struct control_call *call = stream->data;
    if (call->closing || !len)
        return;
    if (len < 0 ||
        (!call->asked && frame_decode(&call->decoder, b->base, (size_t)len, on_request, call)))
        call_close(call);
}

static void on_request_timeout(uv_timer_t *t)
{
    call_close(t->data);
}

/* The kernel says who is at the other end; nobody but the server's own user gets an answer. */
static bool is_owner(const uv_pipe_t *pipe)
{
    uv_os_fd_t fd;
    struct ucred who;
    socklen_t len = sizeof who;
    return !uv_fileno((const uv_handle_t *)pipe, &fd) &&
           !getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &len) && who.uid == geteuid();
}

static void on_connection(uv_stream_t *listener, int status)
{
    struct control *c = listener->data;
    struct control_call *call = status < 0 ? NULL : calloc(1, sizeof *call);
    if (!call) {
        log_warn("control", "accept_failed", "why=%s", status < 0 ? uv_err_name(status) : "memory");
        return;
    }
    call->control = c;
    c->pins++;
    c->ncalls++;
    TAILQ_INSERT_TAIL(&c->calls, call, link);
    (void)uv_pipe_init(c->loop, &call->pipe, 0); /* neither of the two can fail */
    call->pipe.data = call;
    (void)uv_timer_init(c->loop, &call->timer);
    call->timer.data = call;
    call->pins = 2;
    frame_decoder_init(&call->decoder, FRAME_MAX_BYTES);
    if (uv_accept(listener, (uv_stream_t *)&call->pipe) || c->ncalls > MAX_CALLS) {
        call_close(call);
        return;
    }
    if (!is_owner(&call->pipe)) {
        log_warn("control", "refused", "why=other_user");
        call->asked = true;
        call->pins++;
        control_answer(call, EXIT_REFUSED,
                       "Only the user who runs the server may do this. Run the command as them.\n");
        return;
    }
    if (uv_timer_start(&call->timer, on_request_timeout, REQUEST_TIMEOUT_MS, 0) ||
        uv_read_start((uv_stream_t *)&call->pipe, on_alloc, on_read))
        call_close(call);
}

static void on_listener_closed(uv_handle_t *h)
{
    control_unpin(h->data);
}

void control_close(struct control *c, void (*closed)(void *user), void *user)
{
    struct control_call *call, *next;
    c->closed = closed;
    c->closed_user = user;
    uv_close((uv_handle_t *)&c->listener, on_listener_closed); /* removes the file */
    for (call = TAILQ_FIRST(&c->calls); call; call = next) {
        next = TAILQ_NEXT(call, link);
        call_close(call);
    }
}

static void ignore(void *user)
{
    (void)user;
}

enum err control_open(uv_loop_t *loop, const char *dir, control_request_fn request, void *user,
                      struct control **out, struct err_info *why)
{
    struct control *c = calloc(1, sizeof *c);
    char path[108];
    if (!c)
        return err_set(why, ERR_NOMEM, "%s", err_text(ERR_NOMEM));
    c->dir_fd = open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
    enum err e = c->dir_fd < 0 ? err_set(why, ERR_IO, "%s: %s.", dir, strerror(errno))
                               : socket_path(dir, c->dir_fd, path, why);
    if (e) {
        if (c->dir_fd >= 0)
            close(c->dir_fd);
        free(c);
        return e;
    }
    c->loop = loop;
    c->request = request;
    c->user = user;
    TAILQ_INIT(&c->calls);
    (void)uv_pipe_init(loop, &c->listener, 0); /* cannot fail */
    c->listener.data = c;
    c->pins = 1;
    (void)unlinkat(c->dir_fd, "control", 0); /* of a server that was killed */
    mode_t before = umask(0177);
    int failed = uv_pipe_bind(&c->listener, path);
    (void)umask(before);
    if (!failed)
        failed = uv_listen((uv_stream_t *)&c->listener, MAX_CALLS, on_connection);
    if (failed) {
        control_close(c, ignore, NULL);
        return err_set(why, ERR_IO, "The control socket in %s cannot be made: %s.", dir,
                       uv_strerror(failed));
    }
    *out = c;
    return ERR_OK;
}

/* ---- the asking side ---- */

static int connect_to(const char *dir, struct err_info *why, enum err *e)
{
    struct sockaddr_un name = {.sun_family = AF_UNIX};
    struct timeval patience = {.tv_sec = ANSWER_TIMEOUT_S};
    int dir_fd = open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
    int fd = -1;
    *e = dir_fd < 0 ? ERR_NET : socket_path(dir, dir_fd, name.sun_path, why);
    if (!*e) {
        fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        if (fd < 0 || connect(fd, (struct sockaddr *)&name, sizeof name)) {
            bool nobody = errno == ENOENT || errno == ECONNREFUSED || errno == ENOTDIR;
            *e = nobody ? ERR_NET
                        : err_set(why, ERR_IO,
                                  "The running server's control socket in %s cannot be used: %s. "
                                  "Run the command as the user who runs the server.",
                                  dir, strerror(errno));
        }
    }
    if (!*e)
        (void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    if (*e && fd >= 0) {
        close(fd);
        fd = -1;
    }
    if (dir_fd >= 0)
        close(dir_fd);
    return fd;
}

struct answer {
    struct buf *text;
    int exit_code; /* -1: not yet */
};

static bool on_answer_frame(void *user, const uint8_t *payload, size_t len)
{
    struct answer *a = user;
    if (payload[0] == 't')
        buf_append(a->text, payload + 1, len - 1);
    else if (payload[0] == 'e' && len == 2)
        a->exit_code = payload[1];
    return a->exit_code < 0;
}

static bool write_all(int fd, const uint8_t *data, size_t len)
{
    while (len) {
        ssize_t n = send(fd, data, len, MSG_NOSIGNAL);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return false;
        data += n;
        len -= (size_t)n;
    }
    return true;
}

enum err control_ask(const char *dir, int argc, const char *const *argv, const void *attachment,
                     size_t attachment_len, int *exit_code, struct buf *text, struct err_info *why)
{
    struct buf request = BUF_INIT, out = BUF_INIT;
    struct answer answer = {text, -1};
    struct frame_decoder decoder;
    enum err e;
    control_encode(argc, argv, attachment, attachment_len, &request);
    if (buf_failed(&request) || request.len > FRAME_MAX_BYTES) {
        buf_free(&request);
        return err_set(why, ERR_TOO_LARGE, "The file is too large: at most 1 MiB.");
    }
    frame_append(&out, request.data, request.len);
    buf_free(&request);
    frame_decoder_init(&decoder, FRAME_MAX_BYTES);
    int fd = connect_to(dir, why, &e);
    if (e)
        goto done;
    if (!buf_failed(&out))
        (void)write_all(fd, out.data, out.len); /* if not, reading says so, or why */
    while (answer.exit_code < 0) {
        uint8_t bytes[16 * 1024];
        ssize_t n = recv(fd, bytes, sizeof bytes, 0);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0 || frame_decode(&decoder, bytes, (size_t)n, on_answer_frame, &answer))
            break;
    }
    if (answer.exit_code < 0)
        e = err_set(why, ERR_IO,
                    "The running server broke off without an answer. Look at its log, and at "
                    "`tandemd person list` for what was done.");
    *exit_code = answer.exit_code;
done:
    if (fd >= 0)
        close(fd);
    frame_decoder_fini(&decoder);
    buf_free(&out);
    return e;
}
