#include "tests/lib/store_impl.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "server/store/store_mem.h"
#include "server/store/store_sqlite.h"

/* ---- memory ---- */

static void must(bool ok, const char *what)
{
    if (!ok) {
        fprintf(stderr, "test set-up failed: %s\n", what);
        abort();
    }
}

static void mem_open(struct store_under_test *t)
{
    t->store = store_mem_new();
    must(t->store, "store_mem_new");
}

static enum err mem_run(struct store_under_test *t, struct store_req *r)
{
    store_submit(t->store, r);
    while (store_queued(t->store) > 0)
        store_mem_step(t->store, 1);
    return r->err;
}

static void mem_reopen(struct store_under_test *t)
{
    store_mem_crash(t->store);
}

static void mem_close(struct store_under_test *t)
{
    store_mem_free(t->store);
    t->store = NULL;
}

const struct store_impl store_impl_mem = {"mem", mem_open, mem_run, mem_reopen, mem_close};

/* ---- SQLite ---- */

void temp_dir_make(char dir[64])
{
    snprintf(dir, 64, "/tmp/tandem-test-XXXXXX");
    must(mkdtemp(dir), "mkdtemp");
}

static int remove_one(const char *path, const struct stat *st, int flag, struct FTW *ftw)
{
    (void)st;
    (void)flag;
    (void)ftw;
    return remove(path);
}

void temp_dir_remove(const char *dir)
{
    nftw(dir, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

static void sqlite_reopen_in(struct store_under_test *t)
{
    struct err_info why = {0};
    enum err e = store_sqlite_open(NULL, t->dir, true, NULL, &t->store, &why);
    must(e == ERR_OK, why.text);
}

static void sqlite_open(struct store_under_test *t)
{
    temp_dir_make(t->dir);
    sqlite_reopen_in(t);
}

static enum err sqlite_run(struct store_under_test *t, struct store_req *r)
{
    return store_sqlite_run(t->store, r);
}

static void sqlite_reopen(struct store_under_test *t)
{
    store_sqlite_close(t->store, NULL, NULL);
    sqlite_reopen_in(t);
}

static void sqlite_close(struct store_under_test *t)
{
    store_sqlite_close(t->store, NULL, NULL);
    t->store = NULL;
    temp_dir_remove(t->dir);
}

const struct store_impl store_impl_sqlite = {"sqlite", sqlite_open, sqlite_run, sqlite_reopen,
                                             sqlite_close};

/* ---- requests in one line ---- */

uint64_t put_reserve(struct store_under_test *t, char ref[32])
{
    struct store_create_audit c = {
        .req.op = STORE_CREATE_AUDIT, .template_id = "FCA", .year = 2026};
    must(t->impl->run(t, &c.req) == ERR_OK, "create audit");
    if (ref)
        memcpy(ref, c.ref, sizeof c.ref);
    return c.audit;
}

struct store_summary make_summary(const char *ref)
{
    struct store_summary s = {.template_id = "FCA",
                              .template_version = 1,
                              .team = "north",
                              .carer_ref = "C-1001",
                              .period_from = "2025-11-24",
                              .period_to = "2026-11-23",
                              .state = AUDIT_IN_PROGRESS,
                              .answered = 3,
                              .required = 20,
                              .open_comments = 1,
                              .max_agent = 2};
    snprintf(s.ref, sizeof s.ref, "%s", ref);
    return s;
}

uint64_t put_audit(struct store_under_test *t)
{
    char ref[32];
    uint64_t audit = put_reserve(t, ref);
    struct store_summary s = make_summary(ref);
    struct store_event e = {
        .seq = 1, .utc_ms = 1000, .actor = 7, .body = (const uint8_t *)"created", .body_len = 7};
    struct store_append a = {
        .req.op = STORE_APPEND, .audit = audit, .events = &e, .nevents = 1, .summary = &s};
    must(t->impl->run(t, &a.req) == ERR_OK, "first event");
    return audit;
}

enum err put_event(struct store_under_test *t, uint64_t audit, uint64_t seq, const char *body)
{
    struct store_event e = {.seq = seq + 1,
                            .utc_ms = (int64_t)(seq + 1) * 1000,
                            .actor = 7,
                            .body = (const uint8_t *)body,
                            .body_len = strlen(body)};
    struct store_append a = {
        .req.op = STORE_APPEND, .audit = audit, .expected_seq = seq, .events = &e, .nevents = 1};
    return t->impl->run(t, &a.req);
}

uint32_t put_person(struct store_under_test *t, const char *name)
{
    struct store_person_put p = {
        .req.op = STORE_PERSON_PUT, .person = {.nroles = 1, .created_utc_ms = 5000}
    };
    p.person.roles[0].role = ROLE_FRO;
    snprintf(p.person.name, sizeof p.person.name, "%s", name);
    must(t->impl->run(t, &p.req) == ERR_OK, "person");
    return p.person.id;
}
