#ifndef TANDEM_COMMON_ERR_H
#define TANDEM_COMMON_ERR_H

/* One set of errors for the whole project. 0 is success; a name says what the caller can do about
 * it. Codes of libuv, SQLite and OpenSSL are translated (and logged, once) by the module that
 * called them. The numbers travel on the wire: never renumber, never reuse. */

#define MUST_CHECK __attribute__((warn_unused_result))

enum err {
    ERR_OK = 0,
    /* Refusals: the request was understood and a rule says no. */
    ERR_INPUT = 1,         /* malformed or impossible; the text says what and where */
    ERR_NOT_FOUND = 2,     /* does not exist, or may not be seen: deliberately the same answer */
    ERR_STALE = 3,         /* somebody changed it first; their value is in the answer */
    ERR_REFUSED_ROLE = 4,  /* your role may not do this */
    ERR_REFUSED_STATE = 5, /* not in this state of the audit */
    ERR_REFUSED_ROOM = 6,  /* join the audit's room first */
    ERR_TOO_LARGE = 7,     /* over a limit; the text names the limit */
    ERR_SLOW_DOWN = 8,     /* too many requests; wait and try again */
    ERR_NOT_AUTHENTICATED = 9, /* no certificate, or one that is not (or no longer) accepted */
    ERR_EXISTS = 10,           /* already there */
    ERR_REJOIN = 11,           /* your view of the room is out of date: join again from your seq */
    /* Failures: the outside world broke. */
    ERR_STORE = 20, /* database or disk; nothing of the request was kept */
    ERR_NET = 21,   /* line, address, peer */
    ERR_TLS = 22,   /* handshake or certificate trouble */
    ERR_NOMEM = 23,
    ERR_FULL = 24,    /* a bounded queue, or the disk, is full */
    ERR_VERSION = 25, /* made by a newer version of this program */
    ERR_LOCKED = 26,  /* another process holds it */
    ERR_IO = 27,      /* file system */
    ERR_CORRUPT = 28, /* stored data does not match its own check */
};

/* A stable short name, as printed in logs and --json ("not_found"). Never NULL. */
const char *err_name(enum err e);

/* A sentence for a person, used where no better one was given. Never NULL. */
const char *err_text(enum err e);

/* Process exit codes of `tandem` (documented in README.md). */
enum exit_code {
    EXIT_DONE = 0,
    EXIT_REFUSED = 1,
    EXIT_USAGE = 2,
    EXIT_UNREACHABLE = 3,
    EXIT_NOT_AUTHENTICATED = 4,
    EXIT_CONFLICT = 5,
};
enum exit_code err_exit_code(enum err e);

/* An error with its sentence, filled by functions that can say more than the code does. */
struct err_info {
    enum err code;
    char text[400]; /* UTF-8, for a person; says what was wrong and what to do */
};

/* Fills `info` (may be NULL) and returns `code`, so that it can stand in a return statement. */
enum err err_set(struct err_info *info, enum err code, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

#endif
