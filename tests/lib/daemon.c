#include "tests/lib/daemon.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/clock.h"

/* ---- programs ---- */

static void program_path(const char *name, char *out, size_t cap)
{
    const char *bin = getenv("TANDEM_BIN");
    bool ours = !strcmp(name, "tandemd") || !strcmp(name, "tandem");
    (void)snprintf(out, cap, "%s%s%s", ours ? bin ? bin : "build/debug" : "", ours ? "/" : "",
                   name);
}

/* fds: what becomes 0, 1, 2; -1 = /dev/null, -2 = inherited. */
static pid_t spawn(const char *const *argv, const int fds[3])
{
    char path[512];
    program_path(argv[0], path, sizeof path);
    cr_assert_eq(access(path, X_OK), 0, "%s: cannot be run; is it built?", path);
    pid_t parent = getpid(), pid = fork();
    cr_assert_geq(pid, 0);
    if (pid)
        return pid;
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent)
        _exit(127);
    for (int i = 0; i < 3; i++) {
        int fd = fds[i] == -1 ? open("/dev/null", O_RDWR) : fds[i];
        if (fd >= 0)
            (void)dup2(fd, i);
    }
    signal(SIGPIPE, SIG_DFL);
    execvp(path, (char *const *)(uintptr_t)argv);
    _exit(127);
}

static int ms_left(int64_t deadline_ms)
{
    int64_t left = deadline_ms - clock_mono_ms();
    return left > 0 ? (int)left : 0;
}

int program_wait(pid_t pid)
{
    int fd = (int)syscall(SYS_pidfd_open, pid, 0), status;
    cr_assert_geq(fd, 0);
    struct pollfd p = {.fd = fd, .events = POLLIN};
    if (poll(&p, 1, DAEMON_DEADLINE_MS) != 1) {
        (void)kill(pid, SIGKILL);
        cr_assert_fail("a program did not end in time");
    }
    close(fd);
    cr_assert_eq(waitpid(pid, &status, 0), pid);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

pid_t program_start(const char *const *argv, int *out_fd, const char *err_path)
{
    int pipe_fds[2] = {-1, -1}, err_fd = -2;
    if (out_fd)
        cr_assert_eq(pipe2(pipe_fds, O_CLOEXEC), 0);
    if (err_path) {
        err_fd = open(err_path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
        cr_assert_geq(err_fd, 0);
    }
    pid_t pid = spawn(argv, (const int[]){-1, pipe_fds[1], err_fd});
    if (out_fd) {
        close(pipe_fds[1]);
        *out_fd = pipe_fds[0];
    }
    if (err_path)
        close(err_fd);
    return pid;
}

/* Reads what there is; false at the end. */
static bool read_some(int fd, struct buf *out)
{
    char bytes[4096];
    ssize_t n = read(fd, bytes, sizeof bytes);
    if (n > 0)
        buf_append(out, bytes, (size_t)n);
    return n > 0 || (n < 0 && (errno == EINTR || errno == EAGAIN));
}

/* Feeds stdin and reads stdout and stderr until both are closed. */
static void converse(const char *input, int in, int out, int err, struct run *r)
{
    int64_t deadline_ms = clock_mono_ms() + DAEMON_DEADLINE_MS;
    size_t left = input ? strlen(input) : 0;
    struct pollfd p[3] = {
        {.fd = out, .events = POLLIN },
        {.fd = err, .events = POLLIN },
        {.fd = in,  .events = POLLOUT}
    };
    while (p[0].fd >= 0 || p[1].fd >= 0) {
        if (p[2].fd >= 0 && !left) {
            close(in);
            p[2].fd = -1;
        }
        int n = poll(p, 3, ms_left(deadline_ms));
        cr_assert(n > 0 || (n < 0 && errno == EINTR), "a program hangs");
        if (p[0].revents && !read_some(out, &r->out))
            p[0].fd = -1;
        if (p[1].revents && !read_some(err, &r->err))
            p[1].fd = -1;
        if (p[2].fd >= 0 && p[2].revents) {
            ssize_t w = write(in, input, left);
            input += w > 0 ? w : 0;
            left = w > 0 ? left - (size_t)w : 0; /* it may not want to read all of it */
        }
    }
    if (p[2].fd >= 0)
        close(in);
    close(out);
    close(err);
}

struct run run_program(const char *input, const char *const *argv)
{
    int in[2], out[2], err[2];
    struct run r = {0};
    signal(SIGPIPE, SIG_IGN);
    cr_assert(!pipe2(in, O_CLOEXEC) && !pipe2(out, O_CLOEXEC) && !pipe2(err, O_CLOEXEC));
    pid_t pid = spawn(argv, (const int[]){in[0], out[1], err[1]});
    close(in[0]);
    close(out[1]);
    close(err[1]);
    (void)fcntl(in[1], F_SETFL, O_NONBLOCK);
    converse(input, in[1], out[0], err[0], &r);
    r.exit_code = program_wait(pid);
    return r;
}

const char *run_out(struct run *r)
{
    return buf_cstr(&r->out);
}

const char *run_err(struct run *r)
{
    return buf_cstr(&r->err);
}

void run_free(struct run *r)
{
    buf_free(&r->out);
    buf_free(&r->err);
}

/* ---- the daemon ---- */

void daemon_init(struct daemon *d)
{
    *d = (struct daemon){.out_fd = -1};
    const char *tmp = getenv("TMPDIR");
    (void)snprintf(d->root, sizeof d->root, "%s/tandem-test-XXXXXX",
                   tmp && strlen(tmp) < 40 ? tmp : "/tmp");
    cr_assert_not_null(mkdtemp(d->root));
    (void)snprintf(d->dir, sizeof d->dir, "%s/data", d->root);
    (void)snprintf(d->log, sizeof d->log, "%s/log", d->root);
    struct run r = RUN("tandemd", "init", "--data", d->dir, "--site", "Northshire");
    cr_assert_eq(r.exit_code, 0, "init: %s", run_err(&r));
    run_free(&r);
}

/* Waits for "listening on ADDR:PORT". */
static uint16_t read_port(struct daemon *d)
{
    static const char words[] = "listening on ";
    struct buf line = BUF_INIT;
    int64_t deadline_ms = clock_mono_ms() + DAEMON_DEADLINE_MS;
    struct pollfd p = {.fd = d->out_fd, .events = POLLIN};
    while (!line.len || !memchr(line.data, '\n', line.len)) {
        bool more = poll(&p, 1, ms_left(deadline_ms)) == 1 && read_some(d->out_fd, &line);
        if (!more) {
            char *log = daemon_log(d);
            cr_assert_fail("tandemd does not start: %s", log);
        }
    }
    const char *s = buf_cstr(&line), *colon = strrchr(s, ':');
    cr_assert_eq(strncmp(s, words, strlen(words)), 0, "tandemd said: %s", s);
    cr_assert_not_null(colon);
    unsigned long port = strtoul(colon + 1, NULL, 10);
    cr_assert(port > 0 && port < 65536);
    buf_free(&line);
    return (uint16_t)port;
}

void daemon_start(struct daemon *d)
{
    char listen[32];
    (void)snprintf(listen, sizeof listen, "127.0.0.1:%u", d->port);
    cr_assert_eq(d->pid, 0);
    d->pid = program_start(
        (const char *const[]){"tandemd", "serve", "--data", d->dir, "--listen", listen, NULL},
        &d->out_fd, d->log);
    d->port = read_port(d);
}

static int end_with(struct daemon *d, int sig)
{
    cr_assert_neq(d->pid, 0);
    (void)kill(d->pid, sig);
    int code = program_wait(d->pid);
    close(d->out_fd);
    d->out_fd = -1;
    d->pid = 0;
    return code;
}

int daemon_stop(struct daemon *d)
{
    return end_with(d, SIGTERM);
}

void daemon_kill(struct daemon *d)
{
    (void)end_with(d, SIGKILL);
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
    (void)st, (void)type, (void)ftw;
    return remove(path);
}

void daemon_remove(struct daemon *d)
{
    if (d->pid)
        daemon_kill(d);
    (void)nftw(d->root, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

char *find_code(const char *text)
{
    const char *s = strstr(text, "TANDEM-");
    return s ? strndup(s, strspn(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-")) : NULL;
}

static char *code_of(struct run *r)
{
    cr_assert_eq(r->exit_code, 0, "%s", run_err(r));
    char *code = find_code(run_out(r));
    cr_assert_not_null(code, "no code in: %s", run_out(r));
    run_free(r);
    return code;
}

char *daemon_add_person(struct daemon *d, const char *name, const char *role)
{
    struct run r = RUN("tandemd", "person", "add", name, "--role", role, "--data", d->dir);
    return code_of(&r);
}

char *daemon_code(struct daemon *d, const char *name)
{
    struct run r = RUN("tandemd", "person", "code", name, "--data", d->dir);
    return code_of(&r);
}

void daemon_env(const struct daemon *d)
{
    static const char *const names[] = {"HOME", "TANDEM_HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME",
                                        "XDG_STATE_HOME"};
    char path[128];
    (void)snprintf(path, sizeof path, "%s/home", d->root);
    (void)mkdir(path, 0700);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        cr_assert_eq(setenv(names[i], path, 1), 0);
}

void daemon_enrol(struct daemon *d, const char *name, const char *role, const char *profile)
{
    char *code = daemon_add_person(d, name, role);
    daemon_env(d);
    struct run r = RUN("tandem", "enrol", code, "--as", profile);
    cr_assert_eq(r.exit_code, 0, "enrol: %s", run_err(&r));
    run_free(&r);
    free(code);
}

char *daemon_log(const struct daemon *d)
{
    struct buf all = BUF_INIT;
    int fd = open(d->log, O_RDONLY | O_CLOEXEC);
    while (fd >= 0 && read_some(fd, &all))
        ;
    if (fd >= 0)
        close(fd);
    char *s = strdup(buf_cstr(&all));
    buf_free(&all);
    return s;
}
