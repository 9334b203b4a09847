#ifndef TANDEM_TESTS_LIB_DAEMON_H
#define TANDEM_TESTS_LIB_DAEMON_H

/* Real programs for flow tests: a tandemd in a temporary directory, commands with their output
 * caught. Programs come from the folder that the environment names in TANDEM_BIN (tests/run-tests
 * sets it; default build/debug). Nothing sleeps: waiting is for an event, with a deadline after
 * which the test fails. Children die with the test. */

#include <stdint.h>
#include <sys/types.h>

#include "common/buf.h"

enum { DAEMON_DEADLINE_MS = 30 * 1000 };

/* ---- commands ---- */
struct run {
    int exit_code; /* 128 + signal when it was killed */
    struct buf out, err;
};
/* Runs to the end. argv[0] is "tandemd", "tandem" (looked for in TANDEM_BIN) or a path;
 * NULL-terminated. `input` (may be NULL) is given on stdin. */
struct run run_program(const char *input, const char *const *argv);
#define RUN(...) run_program(NULL, (const char *const[]){__VA_ARGS__, NULL})
const char *run_out(struct run *r); /* as strings; borrowed */
const char *run_err(struct run *r);
void run_free(struct run *r);

/* Starts a program with stdout in *out_fd (a pipe to read; may be NULL: /dev/null) and stderr in
 * the file `err_path` (appended; NULL: inherited). */
pid_t program_start(const char *const *argv, int *out_fd, const char *err_path);
/* Waits for its end; exit code as in struct run. */
int program_wait(pid_t pid);

/* ---- a site and its daemon ---- */
struct daemon {
    char root[64]; /* temporary directory; also a place for the test's own files */
    char dir[80];  /* its data directory: ROOT/data */
    char log[80];  /* what it says on stderr: ROOT/log */
    pid_t pid;     /* 0: not running */
    int out_fd;
    uint16_t port;
};
/* `tandemd init` in a new temporary directory (host names 127.0.0.1 and localhost). */
void daemon_init(struct daemon *d);
/* `tandemd serve` on 127.0.0.1, a free port the first time and the same one later; returns once it
 * listens. */
void daemon_start(struct daemon *d);
/* SIGTERM; its exit code. */
int daemon_stop(struct daemon *d);
/* SIGKILL, and gone. */
void daemon_kill(struct daemon *d);
/* Ends it if need be and removes the directory. */
void daemon_remove(struct daemon *d);

/* `tandemd person add NAME --role ROLE`; the enrolment code, returns new (free()). The daemon may
 * be running or not; for the code to be of use it must be running (the port is in it). */
char *daemon_add_person(struct daemon *d, const char *name, const char *role);
/* `tandemd person code NAME`: another code. Returns new. */
char *daemon_code(struct daemon *d, const char *name);
/* As above, and `tandem enrol CODE` into profile `profile` under ROOT (see daemon_env). */
void daemon_enrol(struct daemon *d, const char *name, const char *role, const char *profile);
/* Sets TANDEM_HOME, HOME and the XDG folders of this process and its children to a folder of ROOT,
 * so that profiles of `tandem` live and die with the test. */
void daemon_env(const struct daemon *d);

/* The first word of `text` that begins with "TANDEM-"; returns new, or NULL. */
char *find_code(const char *text);
/* The whole of the log so far; returns new. */
char *daemon_log(const struct daemon *d);

#endif
