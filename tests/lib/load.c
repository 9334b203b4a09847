#include "tests/lib/load.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

void load_die(const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    fputs("load: ", stderr);
    vfprintf(stderr, fmt, ap);
    fputc('\n', stderr);
    va_end(ap);
    exit(1);
}

uint64_t load_now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

/* ---- the server ---- */

static pid_t spawn(char *const argv[], int *out_fd)
{
    int fds[2];
    if (pipe(fds))
        load_die("pipe: %s", strerror(errno));
    pid_t pid = fork();
    if (pid < 0)
        load_die("fork: %s", strerror(errno));
    if (pid == 0) {
        dup2(fds[1], 1);
        close(fds[0]);
        close(fds[1]);
        execv(argv[0], argv);
        _exit(127);
    }
    close(fds[1]);
    *out_fd = fds[0];
    return pid;
}

/* Reads until the end, or until the first line is complete. */
static void read_output(int fd, char *out, size_t cap, bool one_line)
{
    size_t len = 0;
    while (len + 1 < cap) {
        ssize_t n = read(fd, out + len, one_line ? 1 : cap - 1 - len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            break;
        len += (size_t)n;
        if (one_line && out[len - 1] == '\n')
            break;
    }
    out[len] = 0;
}

static void run_tandemd(struct load_site *s, const char *const *args, char *out, size_t cap)
{
    char program[300];
    char *argv[16] = {program};
    int n = 1;
    snprintf(program, sizeof program, "%s/tandemd", s->bin);
    while (args[n - 1] && n < 13) {
        argv[n] = (char *)(uintptr_t)args[n - 1];
        n++;
    }
    argv[n++] = (char *)(uintptr_t) "--data";
    argv[n++] = s->dir;
    int fd, status;
    pid_t pid = spawn(argv, &fd);
    read_output(fd, out, cap, false);
    close(fd);
    if (waitpid(pid, &status, 0) != pid || !WIFEXITED(status) || WEXITSTATUS(status))
        load_die("tandemd %s failed: %s", args[0], out);
}

void load_site_init(struct load_site *s)
{
    const char *bin = getenv("TANDEM_BIN");
    char out[4096];
    *s = (struct load_site){.out_fd = -1};
    snprintf(s->bin, sizeof s->bin, "%s", bin ? bin : "build/release");
    /* Beside the tree, not in /tmp: a sync must reach a disk, not memory. */
    snprintf(s->dir, sizeof s->dir, "build/load-XXXXXX");
    if (!mkdtemp(s->dir))
        load_die("mkdtemp %s: %s", s->dir, strerror(errno));
    run_tandemd(s, (const char *[]){"init", "--site", "Load", NULL}, out, sizeof out);
    /* A few people stand for many. */
    snprintf(out, sizeof out, "%s/tandem.yaml", s->dir);
    FILE *f = fopen(out, "a");
    if (!f || fputs("\nmax_per_person: 1000000\n", f) < 0 || fclose(f))
        load_die("%s: %s", out, strerror(errno));
}

void load_site_start(struct load_site *s)
{
    char program[300], line[256], listen[32];
    snprintf(program, sizeof program, "%s/tandemd", s->bin);
    snprintf(listen, sizeof listen, "127.0.0.1:%u", s->port);
    char *argv[] = {program, (char *)(uintptr_t) "serve",    (char *)(uintptr_t) "--data",
                    s->dir,  (char *)(uintptr_t) "--listen", listen,
                    NULL};
    s->pid = spawn(argv, &s->out_fd);
    read_output(s->out_fd, line, sizeof line, true);
    const char *colon = strrchr(line, ':');
    if (!colon)
        load_die("tandemd serve did not say where it listens: %s", line);
    s->port = (uint16_t)strtoul(colon + 1, NULL, 10);
}

void load_site_stop(struct load_site *s, int sig)
{
    if (s->pid) {
        kill(s->pid, sig);
        waitpid(s->pid, NULL, 0);
        close(s->out_fd);
    }
    s->pid = 0;
}

static void each_file(const char *dir, void (*fn)(const char *path, void *user), void *user)
{
    DIR *d = opendir(dir);
    for (struct dirent *e; d && (e = readdir(d));) {
        char path[600];
        snprintf(path, sizeof path, "%s/%s", dir, e->d_name);
        if (e->d_name[0] != '.')
            fn(path, user);
    }
    if (d)
        closedir(d);
}

static void remove_one(const char *path, void *user)
{
    (void)user;
    (void)remove(path); /* what stays is in build/ and goes with it */
}

void load_site_remove(struct load_site *s)
{
    each_file(s->dir, remove_one, NULL);
    (void)rmdir(s->dir);
}

void load_site_verify(struct load_site *s)
{
    char out[4096];
    run_tandemd(s, (const char *[]){"verify", NULL}, out, sizeof out);
}

static void add_size(const char *path, void *user)
{
    struct stat st;
    if (!stat(path, &st) && S_ISREG(st.st_mode))
        *(size_t *)user += (size_t)st.st_size;
}

size_t load_site_disk_bytes(const struct load_site *s)
{
    size_t sum = 0;
    each_file(s->dir, add_size, &sum);
    return sum;
}

static void read_proc(pid_t pid, const char *name, char *out, size_t cap)
{
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/%s", (int)pid, name);
    int fd = open(path, O_RDONLY);
    ssize_t n = fd < 0 ? -1 : read(fd, out, cap - 1);
    if (fd >= 0)
        close(fd);
    out[n > 0 ? n : 0] = 0;
}

double load_site_cpu_s(const struct load_site *s)
{
    char stat[1024];
    unsigned long user = 0, system = 0;
    read_proc(s->pid, "stat", stat, sizeof stat);
    const char *p = strrchr(stat, ')');
    if (p)
        (void)sscanf(p + 1, " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu", &user, &system);
    return (double)(user + system) / (double)sysconf(_SC_CLK_TCK);
}

size_t load_site_rss_bytes(const struct load_site *s)
{
    char statm[128];
    unsigned long total = 0, resident = 0;
    read_proc(s->pid, "statm", statm, sizeof statm);
    (void)sscanf(statm, "%lu %lu", &total, &resident);
    return resident * (size_t)sysconf(_SC_PAGESIZE);
}

void load_site_add_person(struct load_site *s, const char *name, const char *role, char code[600])
{
    char out[4096];
    run_tandemd(s, (const char *[]){"person", "add", name, "--role", role, NULL}, out, sizeof out);
    const char *p = strstr(out, "TANDEM-");
    if (!p)
        load_die("no enrolment code in: %s", out);
    snprintf(code, 600, "%.*s", (int)strcspn(p, " \t\r\n.,"), p);
}

/* ---- connections ---- */

static void on_closed(uv_handle_t *h)
{
    struct load_peer *p = h->data;
    tls_stream_free(p->tls);
    frame_decoder_fini(&p->decoder);
    buf_free(&p->plain);
    buf_free(&p->line);
    p->tls = NULL;
    p->closed = true;
}

void load_close(struct load_peer *p)
{
    if (p->want_close)
        return;
    p->want_close = true;
    uv_close((uv_handle_t *)&p->tcp, on_closed);
}

struct load_write {
    uv_write_t req;
    char data[];
};

static void on_written(uv_write_t *req, int status)
{
    (void)status;
    free(req);
}

static void flush(struct load_peer *p)
{
    if (!p->line.len || p->want_close)
        return;
    p->bytes_out += p->line.len;
    uv_buf_t b = uv_buf_init((char *)p->line.data, (unsigned)p->line.len);
    int n = uv_try_write((uv_stream_t *)&p->tcp, &b, 1);
    size_t done = n > 0 ? (size_t)n : 0;
    if (done < p->line.len) {
        struct load_write *w = malloc(sizeof *w + p->line.len - done);
        if (!w)
            abort();
        memcpy(w->data, p->line.data + done, p->line.len - done);
        uv_buf_t rest = uv_buf_init(w->data, (unsigned)(p->line.len - done));
        if (uv_write(&w->req, (uv_stream_t *)&p->tcp, &rest, 1, on_written))
            free(w);
    }
    buf_clear(&p->line);
}

void load_send(struct load_peer *p, Tandem__Envelope *m)
{
    uint8_t stack[1024], *packed = stack;
    if (p->want_close)
        return;
    m->id = ++p->next_id;
    size_t len = tandem__envelope__get_packed_size(m);
    if (len > sizeof stack && !(packed = malloc(len)))
        abort();
    tandem__envelope__pack(m, packed);
    struct buf frame = BUF_INIT;
    frame_append(&frame, packed, len);
    if (tls_stream_send(p->tls, frame.data, frame.len, &p->line))
        load_die("cannot encrypt");
    buf_free(&frame);
    if (packed != stack)
        free(packed);
    flush(p);
}

void load_send_edit(struct load_peer *p, const void *body, size_t len)
{
    Tandem__Envelope m = TANDEM__ENVELOPE__INIT;
    Tandem__Edit edit = TANDEM__EDIT__INIT;
    m.body_case = TANDEM__ENVELOPE__BODY_EDIT;
    m.edit = &edit;
    edit.room = p->room;
    edit.body.data = (uint8_t *)(uintptr_t)body;
    edit.body.len = len;
    load_send(p, &m);
}

static void say_hello(struct load_peer *p)
{
    Tandem__Envelope m = TANDEM__ENVELOPE__INIT;
    Tandem__Hello hello = TANDEM__HELLO__INIT;
    m.body_case = TANDEM__ENVELOPE__BODY_HELLO;
    m.hello = &hello;
    hello.protocol = 1;
    hello.program = (char *)(uintptr_t) "load";
    load_send(p, &m);
}

static bool on_frame(void *user, const uint8_t *payload, size_t len)
{
    struct load_peer *p = user;
    Tandem__Envelope *m = tandem__envelope__unpack(NULL, len, payload);
    if (!m)
        load_die("the server sent a frame that does not decode");
    if (m->body_case == TANDEM__ENVELOPE__BODY_ACKED) {
        p->acked_seq = m->acked->seq ? m->acked->seq : p->seq + 1;
        p->seq = p->acked_seq > p->seq ? p->acked_seq : p->seq;
    }
    if (m->body_case == TANDEM__ENVELOPE__BODY_EVENT)
        p->seq = m->event->seq ? m->event->seq : p->seq + 1;
    p->on_message(p, m);
    tandem__envelope__free_unpacked(m, NULL);
    return !p->want_close;
}

static char read_buffer[256 * 1024];

static void on_alloc(uv_handle_t *h, size_t suggested, uv_buf_t *b)
{
    (void)h, (void)suggested;
    *b = uv_buf_init(read_buffer, sizeof read_buffer);
}

static void on_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *b)
{
    struct load_peer *p = stream->data;
    struct err_info why = {0};
    if (p->want_close || n == 0)
        return;
    if (n < 0) {
        load_close(p);
        return;
    }
    p->bytes_in += (uint64_t)n;
    bool was_ready = tls_stream_ready(p->tls);
    buf_clear(&p->plain);
    enum err e = tls_stream_receive(p->tls, b->base, (size_t)n, &p->plain, &p->line, &why);
    flush(p);
    if (!e && !was_ready && tls_stream_ready(p->tls))
        p->on_ready ? p->on_ready(p) : say_hello(p);
    if (p->plain.len && frame_decode(&p->decoder, p->plain.data, p->plain.len, on_frame, p))
        load_die("the server's frames cannot be decoded");
    if (e)
        load_close(p);
}

static void on_connected(uv_connect_t *req, int status)
{
    struct load_peer *p = req->data;
    struct err_info why = {0};
    if (status)
        load_die("connect: %s", uv_strerror(status));
    uv_tcp_nodelay(&p->tcp, 1);
    uv_read_start((uv_stream_t *)&p->tcp, on_alloc, on_read);
    if (tls_stream_start(p->tls, &p->line, &why))
        load_die("TLS: %s", why.text);
    flush(p);
}

void load_connect(uv_loop_t *loop, struct load_peer *p, const struct load_site *s,
                  const struct load_identity *who, load_message_fn on_message, void *user)
{
    struct sockaddr_in addr;
    *p = (struct load_peer){.on_message = on_message, .user = user};
    uv_ip4_addr("127.0.0.1", s->port, &addr);
    uv_tcp_init(loop, &p->tcp);
    p->tcp.data = p->connect.data = p;
    frame_decoder_init(&p->decoder, FRAME_MAX_BYTES);
    p->tls = tls_stream_new(who->tls);
    if (!p->tls ||
        uv_tcp_connect(&p->connect, &p->tcp, (const struct sockaddr *)&addr, on_connected))
        load_die("cannot connect");
}

void load_stop_reading(struct load_peer *p)
{
    uv_read_stop((uv_stream_t *)&p->tcp);
}

static void on_time(uv_timer_t *t)
{
    *(bool *)t->data = true;
}

void load_run_for(uv_loop_t *loop, double seconds)
{
    uv_timer_t timer;
    bool over = false;
    uv_timer_init(loop, &timer);
    timer.data = &over;
    uv_timer_start(&timer, on_time, (uint64_t)(seconds * 1000), 0);
    while (!over)
        uv_run(loop, UV_RUN_ONCE);
    uv_close((uv_handle_t *)&timer, NULL);
    uv_run(loop, UV_RUN_NOWAIT);
}

void load_run_until(uv_loop_t *loop, const bool *flag, double seconds, const char *what)
{
    uv_timer_t timer;
    bool late = false;
    uv_timer_init(loop, &timer);
    timer.data = &late;
    uv_timer_start(&timer, on_time, (uint64_t)(seconds * 1000), 0);
    while (!*flag && !late)
        uv_run(loop, UV_RUN_ONCE);
    uv_close((uv_handle_t *)&timer, NULL);
    uv_run(loop, UV_RUN_NOWAIT);
    if (!*flag)
        load_die("waited %.0f s in vain for %s", seconds, what);
}

struct load_waiting {
    uint32_t id;
    bool done;
    struct buf answer;
};

static void on_answer(struct load_peer *p, const Tandem__Envelope *m)
{
    struct load_waiting *w = p->user;
    bool greeting = m->body_case == TANDEM__ENVELOPE__BODY_WELCOME ||
                    m->body_case == TANDEM__ENVELOPE__BODY_ERROR;
    if (m->id != w->id && !(w->id == 0 && greeting))
        return;
    if (m->body_case == TANDEM__ENVELOPE__BODY_SNAPSHOT_PART)
        return;
    size_t len = tandem__envelope__get_packed_size(m);
    buf_reserve(&w->answer, len);
    w->answer.len = tandem__envelope__pack(m, w->answer.data);
    w->done = true;
}

Tandem__Envelope *load_ask(uv_loop_t *loop, struct load_peer *p, Tandem__Envelope *m)
{
    struct load_waiting w = {0};
    load_message_fn before = p->on_message;
    void *user = p->user;
    p->on_message = on_answer;
    p->user = &w;
    if (m) {
        w.id = p->next_id + 1;
        load_send(p, m);
    }
    load_run_until(loop, &w.done, 60, "an answer");
    p->on_message = before;
    p->user = user;
    Tandem__Envelope *answer = tandem__envelope__unpack(NULL, w.answer.len, w.answer.data);
    buf_free(&w.answer);
    if (!answer || answer->body_case == TANDEM__ENVELOPE__BODY_ERROR)
        load_die("the server refused: %s", answer ? answer->error->text : "?");
    return answer;
}

size_t load_join(uv_loop_t *loop, struct load_peer *p, const char *ref, bool only_read)
{
    Tandem__Envelope m = TANDEM__ENVELOPE__INIT;
    Tandem__Join join = TANDEM__JOIN__INIT;
    m.body_case = TANDEM__ENVELOPE__BODY_JOIN;
    m.join = &join;
    join.ref = (char *)(uintptr_t)ref;
    join.only_read = only_read;
    join.agent = p->agent;
    Tandem__Envelope *a = load_ask(loop, p, &m);
    if (a->body_case != TANDEM__ENVELOPE__BODY_JOINED)
        load_die("Join was answered with something else");
    p->room = a->joined->room;
    p->agent = a->joined->agent;
    p->batch_no = a->joined->batch_no;
    p->seq = a->joined->seq;
    size_t len = tandem__envelope__get_packed_size(a);
    tandem__envelope__free_unpacked(a, NULL);
    return len;
}

void load_enrol(uv_loop_t *loop, struct load_site *s, const char *code, struct load_identity *out)
{
    struct pki_code c;
    struct err_info why = {0};
    struct buf key = BUF_INIT, csr = BUF_INIT, cert = BUF_INIT, authority = BUF_INIT;
    struct load_identity nobody = {0};
    struct load_peer *p = calloc(1, sizeof *p);
    if (!p || pki_code_parse(code, &c, &why) || pki_make_request(&key, &csr) ||
        tls_context_client(NULL, NULL, NULL, c.authority_hash16, "127.0.0.1", &nobody.tls, &why))
        load_die("enrol: %s", why.text);
    load_connect(loop, p, s, &nobody, on_answer, NULL);
    tandem__envelope__free_unpacked(load_ask(loop, p, NULL), NULL);
    Tandem__Envelope m = TANDEM__ENVELOPE__INIT;
    Tandem__Enrol enrol = TANDEM__ENROL__INIT;
    m.body_case = TANDEM__ENVELOPE__BODY_ENROL;
    m.enrol = &enrol;
    enrol.secret.data = c.secret;
    enrol.secret.len = sizeof c.secret;
    enrol.csr_der.data = csr.data;
    enrol.csr_der.len = csr.len;
    Tandem__Envelope *a = load_ask(loop, p, &m);
    if (a->body_case != TANDEM__ENVELOPE__BODY_ENROLLED ||
        pki_der_to_pem(a->enrolled->certificate_der.data, a->enrolled->certificate_der.len,
                       &cert) ||
        pki_der_to_pem(a->enrolled->authority_der.data, a->enrolled->authority_der.len, &authority))
        load_die("enrol: the answer is not a certificate");
    out->person = a->enrolled->you ? a->enrolled->you->id : 0;
    if (tls_context_client(buf_cstr(&cert), buf_cstr(&key), buf_cstr(&authority), NULL, "127.0.0.1",
                           &out->tls, &why))
        load_die("enrol: %s", why.text);
    tandem__envelope__free_unpacked(a, NULL);
    load_close(p);
    load_run_until(loop, &p->closed, 10, "the enrolment's end");
    tls_context_free(nobody.tls);
    free(p);
    buf_free(&key);
    buf_free(&csr);
    buf_free(&cert);
    buf_free(&authority);
}
