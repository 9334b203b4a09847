#ifndef TANDEM_TESTS_LIB_STORE_IMPL_H
#define TANDEM_TESTS_LIB_STORE_IMPL_H

/* The implementations of store.h under one handle, for tests that hold for each of them. */

#include "server/store/store.h"

struct store_under_test {
    const struct store_impl *impl;
    struct store *store;
    char dir[64]; /* of those that have one */
};

struct store_impl {
    const char *name;
    void (*open)(struct store_under_test *t);
    /* Submits one request, waits until it is done, returns its error. */
    enum err (*run)(struct store_under_test *t, struct store_req *r);
    /* As after a restart of the machine: only what was committed is there. */
    void (*reopen)(struct store_under_test *t);
    void (*close)(struct store_under_test *t); /* and removes everything */
};

extern const struct store_impl store_impl_mem, store_impl_sqlite;

/* A new empty directory under /tmp; and its end, with all that is in it. */
void temp_dir_make(char dir[64]);
void temp_dir_remove(const char *dir);

/* ---- requests in one line ---- */

/* A reserved number (and its reference, when `ref` is not NULL). */
uint64_t put_reserve(struct store_under_test *t, char ref[32]);
/* An audit with one event; its body is "created". */
uint64_t put_audit(struct store_under_test *t);
/* Appends one event after `seq` with this body at utc_ms 1000 * its seq by person 7. */
enum err put_event(struct store_under_test *t, uint64_t audit, uint64_t seq, const char *body);
/* A new person with this name and the role FRO; returns the number. */
uint32_t put_person(struct store_under_test *t, const char *name);
/* The summary that put_audit gives for a reference. */
struct store_summary make_summary(const char *ref);

#endif
