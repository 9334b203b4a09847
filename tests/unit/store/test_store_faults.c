/* Whatever the disk or the memory does: what was acknowledged is there, what was refused is not,
 * and the store is either alive or says that it is dead. The model is the store in memory: it gets
 * the requests that were acknowledged, and must then hold the same. */

#include <criterion/criterion.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "server/store/store_sqlite.h"
#include "tests/lib/fault_vfs.h"
#include "tests/lib/store_dump.h"

/* What the next requests are made from; moves on when one was acknowledged. */
struct world {
    unsigned round; /* makes names new */
    uint64_t audits, audit, seq;
    char ref[32];
    uint32_t person;
};

typedef enum err (*op_fn)(struct store_under_test *t, struct world *w);

static enum err op_reserve(struct store_under_test *t, struct world *w)
{
    struct store_create_audit c = {
        .req.op = STORE_CREATE_AUDIT, .template_id = "FCA", .year = 2026};
    enum err e = t->impl->run(t, &c.req);
    if (!e) {
        w->audits = w->audit = c.audit;
        w->seq = 0;
        memcpy(w->ref, c.ref, sizeof w->ref);
    }
    return e;
}

static enum err op_append(struct store_under_test *t, struct world *w)
{
    struct store_summary s = make_summary(w->ref);
    struct store_member members[] = {
        {.person = 1, .role = ROLE_FRO},
        {.person = 2 + w->round % 5          }
    };
    struct store_duty duties[] = {
        {.kind = "sign", .person = 1, .due = "2026-12-01"},
        {.kind = "send",              .role = ROLE_QA           }
    };
    duties[0].item = w->seq;
    struct store_event e[2];
    for (size_t i = 0; i < 2; i++)
        e[i] = (struct store_event){.seq = w->seq + 1 + i,
                                    .utc_ms = (int64_t)w->seq,
                                    .body = (const uint8_t *)"some words",
                                    .body_len = 10};
    s.answered = (uint32_t)w->seq;
    struct store_append a = {.req.op = STORE_APPEND,
                             .audit = w->audit,
                             .expected_seq = w->seq,
                             .events = e,
                             .nevents = 2,
                             .summary = &s,
                             .members = members,
                             .nmembers = 2,
                             .duties = duties,
                             .nduties = 1 + w->round % 2};
    enum err err = t->impl->run(t, &a.req);
    if (!err)
        w->seq += 2;
    return err;
}

static enum err op_snapshot(struct store_under_test *t, struct world *w)
{
    static const uint8_t large[20000] = {1, 2, 3};
    struct store_save_snapshot s = {.req.op = STORE_SAVE_SNAPSHOT,
                                    .audit = w->audit,
                                    .seq = w->seq,
                                    .data = large,
                                    .len = sizeof large};
    return t->impl->run(t, &s.req);
}

static enum err op_enter(struct store_under_test *t, struct world *w)
{
    struct store_enter n = {.req.op = STORE_ENTER,
                            .audit = w->audit,
                            .person = w->round,
                            .utc_ms = w->round,
                            .what = "open",
                            .want_agent = true};
    return t->impl->run(t, &n.req);
}

static enum err op_person(struct store_under_test *t, struct world *w)
{
    struct store_person_put p = {.req.op = STORE_PERSON_PUT, .person = {.nroles = 2}};
    snprintf(p.person.name, sizeof p.person.name, "person %u", w->round);
    p.person.roles[0].role = ROLE_FRO;
    p.person.roles[1].role = ROLE_QA;
    enum err e = t->impl->run(t, &p.req);
    if (!e)
        w->person = p.person.id;
    return e;
}

static enum err op_code(struct store_under_test *t, struct world *w)
{
    struct store_code_put c = {.req.op = STORE_CODE_PUT, .person = w->person, .ends_utc_ms = 10};
    memcpy(c.secret_hash, &w->round, sizeof w->round);
    return t->impl->run(t, &c.req);
}

static enum err op_use_code(struct store_under_test *t, struct world *w)
{
    struct store_code_use u = {.req.op = STORE_CODE_USE, .cert.not_after_utc_ms = 1000};
    memcpy(u.secret_hash, &w->round, sizeof w->round);
    u.cert.serial[18] = (uint8_t)(w->round >> 8);
    u.cert.serial[19] = (uint8_t)w->round;
    return t->impl->run(t, &u.req);
}

static enum err op_revoke(struct store_under_test *t, struct world *w)
{
    struct store_person_put p = {
        .req.op = STORE_PERSON_PUT,
        .person = {.id = w->person, .name = "gone", .revoked = true, .revoked_utc_ms = 4}
    };
    return t->impl->run(t, &p.req);
}

static enum err op_template(struct store_under_test *t, struct world *w)
{
    struct store_template_put p = {.req.op = STORE_TEMPLATE_PUT,
                                   .id = "T",
                                   .version = w->round,
                                   .data = (const uint8_t *)"bytes",
                                   .len = 5};
    return t->impl->run(t, &p.req);
}

static enum err op_setting(struct store_under_test *t, struct world *w)
{
    struct store_setting s = {.req.op = STORE_SETTING_PUT, .name = "s1"};
    snprintf(s.value, sizeof s.value, "%u", w->round);
    return t->impl->run(t, &s.req);
}

static enum err op_read_back(struct store_under_test *t, struct world *w)
{
    struct store_load l = {.req.op = STORE_LOAD, .audit = w->audit};
    enum err e = t->impl->run(t, &l.req);
    buf_free(&l.snapshot);
    free(l.events);
    return e;
}

/* Reads over all audits. */
static enum err op_questions(struct store_under_test *t, struct world *w)
{
    static const struct viewer_role qa[] = {
        {ROLE_QA, ""}
    };
    static const char *const north[] = {"north"};
    struct store_list_audits list = {
        .req.op = STORE_LIST_AUDITS, .person = 1, .teams = north, .nteams = 1, .limit = 9};
    struct store_duties duties = {
        .req.op = STORE_DUTIES, .person = 1, .roles = qa, .nroles = 1, .limit = 9};
    struct store_find_audits found = {.req.op = STORE_DUE_AUDITS, .day = "2027-01-01", .limit = 9};
    struct store_read_log log = {.req.op = STORE_READ_LOG, .person = w->round};
    enum err e = t->impl->run(t, &list.req);
    if (!e)
        e = t->impl->run(t, &duties.req);
    if (!e)
        e = t->impl->run(t, &found.req);
    if (!e)
        e = t->impl->run(t, &log.req);
    free(list.rows);
    free(duties.rows);
    free(found.rows);
    free(log.rows);
    return e;
}

static const op_fn ops[] = {op_reserve, op_append, op_enter,     op_snapshot, op_append,
                            op_person,  op_code,   op_use_code,  op_revoke,   op_template,
                            op_setting, op_append, op_questions, op_read_back};
enum { NOPS = sizeof ops / sizeof ops[0] };

static struct store_under_test disk = {.impl = &store_impl_sqlite},
                               model = {.impl = &store_impl_mem};

/* One operation on both; the model only follows what was acknowledged. */
static enum err both(op_fn op, struct world *w)
{
    struct world before = *w;
    enum err e = op(&disk, w);
    if (!e)
        cr_assert_eq(op(&model, &before), ERR_OK, "the model refuses what the disk took");
    return e;
}

static void assert_same(const char *when, int n)
{
    char *have = store_dump(&disk, 40), *want = store_dump(&model, 40);
    cr_assert_str_eq(have, want, "%s, fault %d:\n--- disk\n%s--- model\n%s", when, n, have, want);
    free(have);
    free(want);
}

static void install(void)
{
    fault_malloc_install();
    fault_vfs_install();
    disk.impl->open(&disk);
    model.impl->open(&model);
}
static void remove_all(void)
{
    fault_vfs_arm(FAULT_WRITE, 0, 0, false);
    fault_malloc_arm(0);
    disk.impl->close(&disk);
    model.impl->close(&model);
}
TestSuite(store_faults, .init = install, .fini = remove_all, .timeout = 120);

Test(store_faults, a_full_disk_at_any_write_refuses_cleanly_and_passes)
{
    struct world w = {0};
    bool fired = true;
    int n;
    for (n = 1; fired; n++) {
        cr_assert_lt(n, 500);
        w.round++;
        fault_vfs_arm(FAULT_WRITE, n, SQLITE_FULL, true);
        size_t i = 0;
        enum err e = ERR_OK;
        while (i < NOPS && !e)
            e = both(ops[i++], &w);
        fired = fault_vfs_fired();
        cr_assert_eq(e, fired ? ERR_FULL : ERR_OK, "write %d: %s", n, err_name(e));
        cr_assert_not(store_is_dead(disk.store));
        assert_same("while the disk is full", n); /* reading goes on */
        fault_vfs_arm(FAULT_WRITE, 0, 0, false);
        for (i = fired ? i - 1 : NOPS; i < NOPS; i++) /* there is room again: it goes on */
            cr_assert_eq(both(ops[i], &w), ERR_OK, "after write %d", n);
        if (n % 8 == 0) {
            disk.impl->reopen(&disk);
            assert_same("after a restart", n);
        }
        if (w.audits >= 40)
            break;
    }
    cr_assert_gt(n, 30);
}

/* Numbers given away and codes: what no dump shows. Of a closed store. */
static int count_hidden(void)
{
    char file[128];
    snprintf(file, sizeof file, "%s/tandem.db", disk.dir);
    sqlite3 *sql;
    sqlite3_stmt *q;
    cr_assert_eq(sqlite3_open(file, &sql), SQLITE_OK);
    cr_assert_eq(sqlite3_exec(sql, "PRAGMA locking_mode = EXCLUSIVE", NULL, NULL, NULL), SQLITE_OK);
    cr_assert_eq(sqlite3_prepare_v2(sql,
                                    "SELECT (SELECT count(*) FROM audits)"
                                    " + (SELECT count(*) FROM codes)",
                                    -1, &q, NULL),
                 SQLITE_OK);
    cr_assert_eq(sqlite3_step(q), SQLITE_ROW);
    int n = sqlite3_column_int(q, 0);
    sqlite3_finalize(q);
    sqlite3_close(sql);
    return n;
}

static void reopen_disk(void)
{
    struct err_info why = {0};
    enum err e = store_sqlite_open(NULL, disk.dir, false, NULL, &disk.store, &why);
    cr_assert_eq(e, ERR_OK, "%s", why.text);
}

static int hides(op_fn op)
{
    return op == op_reserve || op == op_code;
}

/* Fails the n-th operation of a kind for n = 1 ... until a run passes. The store dies, its file
 * does not: what was acknowledged is there after the restart, and at most the one request whose
 * sync failed besides. */
static void die_at_every(enum fault_kind kind, int rc, int at_least)
{
    struct world w = {0};
    bool fired = true;
    int n, acked_hidden = 0;
    for (n = 1; fired; n++) {
        cr_assert_lt(n, 500);
        w.round++;
        fault_vfs_arm(kind, n, rc, false);
        size_t i = 0;
        enum err e = ERR_OK;
        while (i < NOPS && !e) {
            e = both(ops[i], &w);
            acked_hidden += !e && hides(ops[i]);
            i++;
        }
        fired = fault_vfs_fired();
        cr_assert_eq(e, fired ? ERR_STORE : ERR_OK, "fault %d: %s", n, err_name(e));
        cr_assert_eq(store_is_dead(disk.store), fired);
        fault_vfs_arm(kind, 0, 0, false);
        if (fired) {
            struct world x = w;
            cr_assert_eq(op_setting(&disk, &x), ERR_STORE, "dead is for good");
            cr_assert_eq(op_read_back(&disk, &x), ERR_STORE);
            store_sqlite_close(disk.store, NULL, NULL);
            bool hidden = count_hidden() != acked_hidden;
            reopen_disk();
            char *have = store_dump(&disk, 40), *want = store_dump(&model, 40);
            bool same = strcmp(have, want) == 0 && !hidden;
            free(have);
            free(want);
            if (!same) { /* the failed request reached the file before its sync failed */
                cr_assert_eq(ops[i - 1](&model, &w), ERR_OK);
                assert_same("after a restart", n);
            } else {
                cr_assert_eq(both(ops[i - 1], &w), ERR_OK);
            }
            acked_hidden += hides(ops[i - 1]);
        }
        for (; i < NOPS; i++) {
            cr_assert_eq(both(ops[i], &w), ERR_OK, "after fault %d", n);
            acked_hidden += hides(ops[i]);
        }
        assert_same("at the end", n);
        if (w.audits >= 40)
            break;
    }
    cr_assert_geq(n, at_least);
}

Test(store_faults, a_failed_sync_ends_the_store_and_loses_nothing_acknowledged)
{
    die_at_every(FAULT_SYNC, SQLITE_IOERR_FSYNC, NOPS - 2);
}

Test(store_faults, a_failed_write_ends_the_store_and_loses_nothing_acknowledged)
{
    die_at_every(FAULT_WRITE, SQLITE_IOERR_WRITE, NOPS);
}

Test(store_faults, memory_failing_at_any_allocation_refuses_one_request)
{
    struct world w = {0};
    int fired_in_a_row = 0, passed = 0;
    for (int n = 1; passed < 20 && n < 4000; n++) {
        w.round++;
        fault_malloc_arm(n);
        size_t i = w.audits < 30 ? 0 : 1;
        for (; i < NOPS; i++) {
            enum err e = both(ops[i], &w);
            cr_assert(!e || e == ERR_NOMEM, "allocation %d, operation %zu: %s", n, i, err_name(e));
            if (e)
                cr_assert_eq(both(ops[i], &w), ERR_OK, "operation %zu, again", i);
        }
        passed = fault_malloc_fired() ? 0 : passed + 1;
        fired_in_a_row += !passed;
        fault_malloc_arm(0);
        cr_assert_not(store_is_dead(disk.store));
        if (n % 16 == 0)
            assert_same("after the allocation that failed", n);
    }
    cr_assert_eq(passed, 20, "never came through without a failure");
    cr_assert_gt(fired_in_a_row, 30);
    disk.impl->reopen(&disk);
    assert_same("after a restart", 0);
}

Test(store_faults, opening_fails_cleanly_at_any_fault)
{
    struct world w = {.round = 1};
    for (size_t i = 0; i < NOPS; i++)
        cr_assert_eq(both(ops[i], &w), ERR_OK);
    store_sqlite_close(disk.store, NULL, NULL);
    static const int codes[FAULT_KINDS] = {SQLITE_IOERR_READ, SQLITE_FULL, SQLITE_IOERR_FSYNC};
    for (int kind = 0; kind < FAULT_KINDS; kind++) {
        bool fired = true;
        for (int n = 1; fired && n < 200; n++) {
            struct err_info why = {0};
            fault_vfs_arm((enum fault_kind)kind, n, codes[kind], false);
            enum err e = store_sqlite_open(NULL, disk.dir, true, NULL, &disk.store, &why);
            fired = fault_vfs_fired();
            cr_assert(e == ERR_OK || (fired && why.text[0]), "%d/%d: %s", kind, n, err_name(e));
            fault_vfs_arm(FAULT_READ, 0, 0, false);
            if (!e)
                store_sqlite_close(disk.store, NULL, NULL);
        }
        cr_assert_not(fired);
    }
    struct err_info why = {0};
    cr_assert_eq(store_sqlite_open(NULL, disk.dir, false, NULL, &disk.store, &why), ERR_OK);
    assert_same("after all failed openings", 0);
}

Test(store_faults, a_first_opening_that_fails_can_be_tried_again)
{
    bool fired = true;
    int n;
    for (n = 1; fired; n++) {
        char dir[64];
        struct store *s;
        struct err_info why = {0};
        temp_dir_make(dir);
        fault_vfs_arm(FAULT_WRITE, n, SQLITE_FULL, true);
        enum err e = store_sqlite_open(NULL, dir, true, NULL, &s, &why);
        fired = fault_vfs_fired();
        cr_assert_eq(e, fired ? ERR_FULL : ERR_OK, "write %d: %s %s", n, err_name(e), why.text);
        fault_vfs_arm(FAULT_WRITE, 0, 0, false);
        if (e)
            cr_assert_eq(store_sqlite_open(NULL, dir, true, NULL, &s, &why), ERR_OK, "%s",
                         why.text);
        store_sqlite_close(s, NULL, NULL);
        temp_dir_remove(dir);
    }
    cr_assert_gt(n, 5);
}

Test(store_faults, a_backup_onto_a_full_disk_leaves_the_store_alone)
{
    struct world w = {.round = 1};
    for (size_t i = 0; i < NOPS; i++)
        cr_assert_eq(both(ops[i], &w), ERR_OK);
    disk.impl->reopen(&disk); /* all is in the database: only the copy writes from now on */
    char to[128], file[160];
    snprintf(to, sizeof to, "%s/copy", disk.dir);
    snprintf(file, sizeof file, "%s/tandem.db", to);
    fault_vfs_arm(FAULT_WRITE, 3, SQLITE_FULL, true);
    struct store_backup b = {.req.op = STORE_BACKUP, .to_dir = to};
    cr_assert_eq(store_sqlite_run(disk.store, &b.req), ERR_FULL);
    cr_assert(fault_vfs_fired());
    FILE *left = fopen(file, "r");
    cr_assert_null(left, "half a copy is left");
    fault_vfs_arm(FAULT_WRITE, 0, 0, false);
    cr_assert_eq(store_sqlite_run(disk.store, &b.req), ERR_OK);
    w.round++;
    cr_assert_eq(both(op_setting, &w), ERR_OK);
    assert_same("after the backup", 0);
}
