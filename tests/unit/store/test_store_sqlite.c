/* What store_sqlite.h adds to store.h: the directory, the thread and its queue, the loop, backups.
 */

#include "server/store/store_sqlite.h"

#include <criterion/criterion.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/lib/fault_vfs.h"
#include "tests/lib/store_dump.h"

static struct store_under_test t;
static char *path(const char *name)
{
    static char p[200];
    snprintf(p, sizeof p, "%s/%s", t.dir, name);
    return p;
}

static void make(void)
{
    t = (struct store_under_test){.impl = &store_impl_sqlite};
    temp_dir_make(t.dir);
}
static void unmake(void)
{
    temp_dir_remove(t.dir);
}
TestSuite(store_sqlite, .init = make, .fini = unmake, .timeout = 120);

static void open_store(uv_loop_t *loop, const struct store_sqlite_options *options)
{
    struct err_info why = {0};
    enum err e = store_sqlite_open(loop, t.dir, true, options, &t.store, &why);
    cr_assert_eq(e, ERR_OK, "%s", why.text);
}

static bool closed;
static void on_closed(void *user)
{
    (void)user;
    closed = true;
}
/* Closes a store on its loop, and the loop. */
static void close_store(uv_loop_t *loop)
{
    closed = false;
    store_sqlite_close(t.store, on_closed, NULL);
    cr_assert_not(closed, "not inside the call");
    uv_run(loop, UV_RUN_DEFAULT);
    cr_assert(closed);
    cr_assert_eq(uv_loop_close(loop), 0);
}

static uint64_t put_one_audit(void)
{
    open_store(NULL, NULL);
    uint64_t audit = put_audit(&t);
    store_sqlite_close(t.store, NULL, NULL);
    return audit;
}

/* ---- the directory ---- */

static mode_t mode_of(const char *name)
{
    struct stat st;
    cr_assert_eq(stat(path(name), &st), 0, "%s is missing", name);
    return st.st_mode & 0777;
}

Test(store_sqlite, only_the_owner_may_read_what_it_makes)
{
    umask(0);
    snprintf(t.dir + strlen(t.dir), 8, "/new");
    open_store(NULL, NULL);
    put_audit(&t);
    cr_assert_eq(mode_of(""), 0700);
    cr_assert_eq(mode_of("tandem.db"), 0600);
    cr_assert_eq(mode_of("tandem.db-wal"), 0600);
    cr_assert_eq(mode_of("lock"), 0600);
    cr_assert_neq(access(path("tandem.db-shm"), F_OK), 0, "shared memory is used");
    store_sqlite_close(t.store, NULL, NULL);
    *strrchr(t.dir, '/') = '\0';
}

Test(store_sqlite, a_missing_database_is_made_only_when_asked)
{
    struct err_info why = {0};
    cr_assert_eq(store_sqlite_open(NULL, t.dir, false, NULL, &t.store, &why), ERR_NOT_FOUND);
    cr_assert(why.text[0]);
    cr_assert_eq(store_sqlite_open(NULL, path("no/where"), true, NULL, &t.store, &why), ERR_STORE);
}

Test(store_sqlite, a_second_opening_is_told_who_holds_it)
{
    open_store(NULL, NULL);
    int status;
    pid_t child = fork();
    if (child == 0) {
        struct err_info why = {0};
        struct store *s;
        char parent[32];
        snprintf(parent, sizeof parent, "process %ld", (long)getppid());
        bool good = store_sqlite_open(NULL, t.dir, true, NULL, &s, &why) == ERR_LOCKED &&
                    strstr(why.text, parent);
        _exit(good ? 0 : 1);
    }
    cr_assert_eq(waitpid(child, &status, 0), child);
    cr_assert_eq(status, 0);
    struct store *second;
    cr_assert_eq(store_sqlite_open(NULL, t.dir, true, NULL, &second, NULL), ERR_LOCKED);
    store_sqlite_close(t.store, NULL, NULL);
    open_store(NULL, NULL);
    store_sqlite_close(t.store, NULL, NULL);
}

static void exec(const char *statement)
{
    sqlite3 *sql;
    cr_assert_eq(sqlite3_open(path("tandem.db"), &sql), SQLITE_OK);
    cr_assert_eq(sqlite3_exec(sql, statement, NULL, NULL, NULL), SQLITE_OK, "%s", statement);
    sqlite3_close(sql);
}

Test(store_sqlite, a_newer_database_is_not_touched)
{
    put_one_audit();
    exec("PRAGMA user_version = 99");
    struct err_info why = {0};
    cr_assert_eq(store_sqlite_open(NULL, t.dir, true, NULL, &t.store, &why), ERR_VERSION);
    cr_assert(strstr(why.text, "99"), "%s", why.text);
}

Test(store_sqlite, a_file_that_is_no_database_is_called_damaged)
{
    FILE *f = fopen(path("tandem.db"), "w");
    for (int i = 0; i < 1000; i++)
        fputs("not a database ", f);
    fclose(f);
    struct err_info why = {0};
    cr_assert_eq(store_sqlite_open(NULL, t.dir, true, NULL, &t.store, &why), ERR_CORRUPT);
    cr_assert(strstr(why.text, "damaged"), "%s", why.text);
}

/* ---- the queue ---- */

enum { MANY = 300 };
static struct store_req *order[MANY];
static size_t ndone;
static void note(struct store_req *r)
{
    order[ndone++] = r;
}

struct one {
    struct store_append a;
    struct store_event e;
};
static struct store_req *one(struct one *o, uint64_t audit, uint64_t seq)
{
    *o = (struct one){
        .a = {.req = {.op = STORE_APPEND, .done = note},
              .audit = audit,
              .expected_seq = seq,
              .nevents = 1                                                                                          },
        .e = {.seq = seq + 1,                            .utc_ms = 9000, .body = (const uint8_t *)"x", .body_len = 1}
    };
    o->a.events = &o->e;
    return &o->a.req;
}

static void run_until(uv_loop_t *loop, size_t n)
{
    for (int turns = 0; ndone < n && turns < 100000; turns++)
        uv_run(loop, UV_RUN_ONCE);
    cr_assert_eq(ndone, n);
}

Test(store_sqlite, requests_are_done_in_order_on_the_loop_and_reads_see_what_came_before)
{
    uint64_t audit = put_one_audit();
    uv_loop_t loop;
    uv_loop_init(&loop);
    open_store(&loop, NULL);
    static struct one w[MANY / 3];
    static struct store_events r[MANY / 3];
    static struct store_setting missing[MANY / 3]; /* refused ones keep their place as well */
    struct store_req *sent[MANY];
    for (size_t i = 0; i < MANY / 3; i++) {
        r[i] = (struct store_events){
            .req = {.op = STORE_EVENTS, .done = note},
            .audit = audit,
            .from_seq = 1,
            .max_events = 1000,
            .max_bytes = 100000
        };
        missing[i] = (struct store_setting){
            .req = {.op = STORE_SETTING_GET, .done = note},
              .name = "x"
        };
        sent[3 * i] = one(&w[i], audit, i + 1);
        sent[3 * i + 1] = &r[i].req;
        sent[3 * i + 2] = &missing[i].req;
    }
    for (size_t i = 0; i < MANY; i++)
        store_submit(t.store, sent[i]);
    cr_assert_eq(ndone, 0);
    cr_assert_eq(store_queued(t.store), MANY);
    run_until(&loop, MANY);
    cr_assert_eq(store_queued(t.store), 0);
    for (size_t i = 0; i < MANY; i++)
        cr_assert_eq(order[i], sent[i], "done %zu", i);
    for (size_t i = 0; i < MANY / 3; i++) {
        cr_assert_eq(w[i].a.req.err, ERR_OK);
        cr_assert_eq(r[i].nevents, i + 2);
        cr_assert_eq(missing[i].req.err, ERR_NOT_FOUND);
        free(r[i].events);
    }
    close_store(&loop);
}

Test(store_sqlite, a_refused_request_does_not_take_its_company_along)
{
    uint64_t audit = put_one_audit();
    uv_loop_t loop;
    uv_loop_init(&loop);
    open_store(&loop, NULL);
    static const uint64_t seqs[] = {1, 9, 2, 1,
                                    3}; /* what each expects; the second and fourth err */
    struct one w[5];
    for (size_t i = 0; i < 5; i++)
        store_submit(t.store, one(&w[i], audit, seqs[i]));
    run_until(&loop, 5);
    for (size_t i = 0; i < 5; i++)
        cr_assert_eq(w[i].a.req.err, i % 2 ? ERR_STALE : ERR_OK, "%zu", i);
    close_store(&loop);
}

Test(store_sqlite, a_full_disk_fails_the_commit_but_not_its_reads)
{
    fault_vfs_install();
    uint64_t audit = put_one_audit();
    uv_loop_t loop;
    uv_loop_init(&loop);
    struct store_sqlite_options wait = {.commit_window_us = 1000 * 1000};
    open_store(&loop, &wait);
    struct store_load l[3];
    struct one w[6];
    for (size_t i = 0; i < 3; i++) /* the first commit, so that the next waits for as many */
        store_submit(t.store, one(&w[i], audit, 1 + i));
    run_until(&loop, 3);
    fault_vfs_arm(FAULT_WRITE, 1, SQLITE_FULL, true);
    for (size_t i = 0; i < 3; i++) {
        l[i] = (struct store_load){
            .req = {.op = STORE_LOAD, .done = note},
              .audit = audit
        };
        store_submit(t.store, one(&w[3 + i], audit, 4 + i));
        store_submit(t.store, &l[i].req);
    }
    run_until(&loop, 9);
    for (size_t i = 0; i < 3; i++) {
        enum err e = w[3 + i].a.req.err; /* one in a later commit finds the first one missing */
        cr_assert(e == ERR_FULL || (i > 0 && e == ERR_STALE), "%zu: %s", i, err_name(e));
        cr_assert_eq(l[i].req.err, ERR_OK);
        cr_assert_eq(l[i].nevents, 4, "a read saw what was not kept");
        free(l[i].events);
    }
    fault_vfs_arm(FAULT_WRITE, 0, 0, false);
    cr_assert_not(store_is_dead(t.store));
    store_submit(t.store, one(&w[0], audit, 4));
    run_until(&loop, 10);
    cr_assert_eq(w[0].a.req.err, ERR_OK);
    close_store(&loop);
}

Test(store_sqlite, what_cannot_be_moved_out_of_the_log_stays_in_it)
{
    fault_vfs_install();
    uint64_t audit = put_one_audit();
    open_store(NULL, NULL);
    for (uint64_t seq = 1; seq < 20; seq++)
        cr_assert_eq(put_event(&t, audit, seq, "x"), ERR_OK);
    fault_vfs_arm(FAULT_WRITE, 1, SQLITE_FULL, true); /* closing checkpoints */
    store_sqlite_close(t.store, NULL, NULL);
    cr_assert(fault_vfs_fired());
    fault_vfs_arm(FAULT_WRITE, 0, 0, false);
    open_store(NULL, NULL);
    struct store_load l = {.req.op = STORE_LOAD, .audit = audit};
    cr_assert_eq(store_sqlite_run(t.store, &l.req), ERR_OK);
    cr_assert_eq(l.nevents, 20);
    free(l.events);
    store_sqlite_close(t.store, NULL, NULL);
}

Test(store_sqlite, a_full_queue_refuses_in_its_turn)
{
    uint64_t audit = put_one_audit();
    uv_loop_t loop;
    uv_loop_init(&loop);
    struct store_sqlite_options small = {.queue_max = 4};
    open_store(&loop, &small);
    struct one w[6];
    for (size_t i = 0; i < 6; i++)
        store_submit(t.store, one(&w[i], audit, i + 1));
    run_until(&loop, 6);
    for (size_t i = 0; i < 6; i++) {
        cr_assert_eq(order[i], &w[i].a.req);
        cr_assert_eq(w[i].a.req.err, i < 4 ? ERR_OK : ERR_FULL);
    }
    store_submit(t.store, one(&w[4], audit, 5)); /* there is room again */
    run_until(&loop, 7);
    cr_assert_eq(w[4].a.req.err, ERR_OK);
    close_store(&loop);
}

Test(store_sqlite, closing_finishes_what_is_queued)
{
    uint64_t audit = put_one_audit();
    uv_loop_t loop;
    uv_loop_init(&loop);
    open_store(&loop, NULL);
    static struct one w[MANY];
    for (size_t i = 0; i < MANY; i++)
        store_submit(t.store, one(&w[i], audit, i + 1));
    close_store(&loop);
    cr_assert_eq(ndone, MANY);
    open_store(NULL, NULL);
    cr_assert_null(store_check_logs(&t, 1));
    cr_assert_eq(put_event(&t, audit, MANY + 1, "x"), ERR_OK);
    store_sqlite_close(t.store, NULL, NULL);
}

Test(store_sqlite, more_audits_than_fit_in_memory_keep_their_chains)
{
    enum { AUDITS = 2300 }; /* heads.h: HEADS_MAX is 2048 */
    fault_vfs_install();    /* does not sync: fast */
    open_store(NULL, NULL);
    for (uint64_t i = 0; i < AUDITS; i++)
        put_audit(&t);
    for (uint64_t i = 0; i < AUDITS; i += 7)
        cr_assert_eq(put_event(&t, i + 1, 1, "second"), ERR_OK);
    cr_assert_null(store_check_logs(&t, AUDITS));
    store_sqlite_close(t.store, NULL, NULL);
}

/* A site large enough for several slices. */
static void put_many_audits(uint64_t n)
{
    fault_vfs_install();
    open_store(NULL, NULL);
    for (uint64_t i = 0; i < n; i++)
        put_audit(&t);
    store_sqlite_close(t.store, NULL, NULL);
}

Test(store_sqlite, a_long_list_is_whole_and_holds_nobody_up)
{
    enum { AUDITS = 1000, LISTS = 3 };
    put_many_audits(AUDITS);
    uv_loop_t loop;
    uv_loop_init(&loop);
    open_store(&loop, NULL);
    struct store_list_audits q[LISTS];
    struct one before, behind;
    store_submit(t.store, one(&before, 1000, 1));
    for (int i = 0; i < LISTS; i++) {
        q[i] = (struct store_list_audits){
            .req = {.op = STORE_LIST_AUDITS, .done = note}
        };
        store_submit(t.store, &q[i].req);
    }
    store_submit(t.store, one(&behind, 1, 1));
    run_until(&loop, LISTS + 2);
    cr_assert_eq(order[0], &before.a.req);
    cr_assert_eq(order[1], &behind.a.req, "it waited for the lists");
    for (int i = 0; i < LISTS; i++) {
        cr_assert_eq(order[2 + i], &q[i].req);
        cr_assert_eq(q[i].req.err, ERR_OK);
        cr_assert_eq(q[i].nrows, AUDITS);
        for (size_t k = 0; k < AUDITS; k++) {
            cr_assert_eq(q[i].rows[k].audit, k + 1);
            if (k > 0)
                cr_assert_lt(strcmp(q[i].rows[k - 1].summary.ref, q[i].rows[k].summary.ref), 0);
        }
        cr_assert_eq(q[i].rows[999].summary.seq, 2, "written before the list was asked for");
        free(q[i].rows);
    }
    close_store(&loop);
}

Test(store_sqlite, a_short_question_does_not_wait_for_a_long_list)
{
    put_many_audits(1000);
    uv_loop_t loop;
    uv_loop_init(&loop);
    open_store(&loop, NULL);
    struct store_list_audits list = {
        .req = {.op = STORE_LIST_AUDITS, .done = note}
    };
    struct store_duties duties = {
        .req = {.op = STORE_DUTIES, .done = note},
          .person = 1, .limit = 1
    };
    store_submit(t.store, &list.req);
    store_submit(t.store, &duties.req);
    run_until(&loop, 2);
    cr_assert_eq(order[0], &duties.req);
    cr_assert_eq(duties.req.err, ERR_OK);
    cr_assert_eq(order[1], &list.req);
    cr_assert_eq(list.nrows, 1000);
    free(duties.rows);
    free(list.rows);
    close_store(&loop);
}

Test(store_sqlite, a_long_list_ends_when_the_store_dies)
{
    put_many_audits(600);
    uv_loop_t loop;
    uv_loop_init(&loop);
    open_store(&loop, NULL);
    struct store_list_audits q = {
        .req = {.op = STORE_LIST_AUDITS, .done = note}
    };
    struct one w;
    fault_vfs_arm(FAULT_SYNC, 1, SQLITE_IOERR_FSYNC, false);
    store_submit(t.store, one(&w, 1, 1));
    store_submit(t.store, &q.req);
    run_until(&loop, 2);
    cr_assert_eq(w.a.req.err, ERR_STORE);
    cr_assert_eq(q.req.err, ERR_STORE);
    cr_assert_null(q.rows);
    close_store(&loop);
}

Test(store_sqlite, closing_finishes_long_lists)
{
    put_many_audits(600);
    uv_loop_t loop;
    uv_loop_init(&loop);
    open_store(&loop, NULL);
    struct store_list_audits q = {
        .req = {.op = STORE_LIST_AUDITS, .done = note}
    };
    store_submit(t.store, &q.req);
    close_store(&loop);
    cr_assert_eq(ndone, 1);
    cr_assert_eq(q.nrows, 600);
    free(q.rows);
}

/* ---- backup ---- */

struct writer {
    struct one o;
    uint64_t audit, seq;
    bool *stop;
};
static size_t nwriting;
static void write_on(struct store_req *r)
{
    struct writer *w = (struct writer *)r;
    cr_assert_eq(r->err, ERR_OK);
    w->seq++;
    if (*w->stop) {
        nwriting--;
        return;
    }
    one(&w->o, w->audit, w->seq);
    r->done = write_on;
    store_submit(t.store, r);
}

static bool stop_writing;
static void on_backup(struct store_req *r)
{
    (void)r;
    stop_writing = true;
}

Test(store_sqlite, a_backup_while_people_write_is_whole)
{
    enum { WRITERS = 5 };
    fault_vfs_install();
    open_store(NULL, NULL);
    uint64_t audits[WRITERS];
    for (int i = 0; i < WRITERS; i++)
        audits[i] = put_audit(&t);
    uint8_t *large = calloc(1, 900 * 1000); /* several slices */
    for (uint64_t i = 0; i < 3; i++) {
        struct store_template_put p = {.req.op = STORE_TEMPLATE_PUT,
                                       .id = "T",
                                       .version = (uint32_t)i + 1,
                                       .data = large,
                                       .len = 900 * 1000};
        cr_assert_eq(store_sqlite_run(t.store, &p.req), ERR_OK);
    }
    free(large);
    store_sqlite_close(t.store, NULL, NULL);

    uv_loop_t loop;
    uv_loop_init(&loop);
    open_store(&loop, NULL);
    struct writer w[WRITERS];
    for (int i = 0; i < WRITERS; i++) {
        w[i] = (struct writer){.audit = audits[i], .seq = 1, .stop = &stop_writing};
        one(&w[i].o, w[i].audit, w[i].seq);
        w[i].o.a.req.done = write_on;
        nwriting++;
        store_submit(t.store, &w[i].o.a.req);
    }
    for (int turns = 0; turns < 20; turns++)
        uv_run(&loop, UV_RUN_ONCE);
    uint64_t before[WRITERS];
    for (int i = 0; i < WRITERS; i++)
        before[i] = w[i].seq; /* acknowledged before the backup was asked for */
    char to[100];
    snprintf(to, sizeof to, "%s/copy", t.dir);
    struct store_backup b = {
        .req = {.op = STORE_BACKUP, .done = on_backup},
          .to_dir = to
    };
    struct store_backup second = {
        .req = {.op = STORE_BACKUP, .done = note},
          .to_dir = to
    };
    store_submit(t.store, &b.req);
    store_submit(t.store, &second.req);
    for (int turns = 0; turns < 1000000 && nwriting; turns++)
        uv_run(&loop, UV_RUN_ONCE);
    cr_assert_eq(nwriting, 0);
    cr_assert_eq(b.req.err, ERR_OK);
    cr_assert_eq(second.req.err, ERR_SLOW_DOWN);
    close_store(&loop);

    struct store_under_test copy = {.impl = &store_impl_sqlite};
    snprintf(copy.dir, sizeof copy.dir, "%.50s/copy", t.dir);
    cr_assert_eq(store_sqlite_open(NULL, copy.dir, false, NULL, &copy.store, NULL), ERR_OK);
    cr_assert_null(store_check_logs(&copy, WRITERS));
    for (int i = 0; i < WRITERS; i++) {
        struct store_load l = {.req.op = STORE_LOAD, .audit = audits[i]};
        cr_assert_eq(store_sqlite_run(copy.store, &l.req), ERR_OK);
        cr_assert_geq(l.nevents, before[i]);
        cr_assert_leq(l.nevents, w[i].seq);
        free(l.events);
    }
    store_sqlite_close(copy.store, NULL, NULL);
}

Test(store_sqlite, a_backup_goes_to_a_new_place_only)
{
    put_one_audit();
    struct err_info why = {0};
    char to[100];
    snprintf(to, sizeof to, "%s/copy", t.dir);
    cr_assert_eq(store_sqlite_backup(t.dir, to, &why), ERR_OK, "%s", why.text);
    cr_assert_eq(mode_of("copy"), 0700);
    cr_assert_eq(mode_of("copy/tandem.db"), 0600);
    cr_assert_eq(store_sqlite_backup(t.dir, to, &why), ERR_EXISTS);
    cr_assert_eq(store_sqlite_backup(t.dir, "/nonexistent/place", &why), ERR_IO);
    open_store(NULL, NULL);
    cr_assert_eq(store_sqlite_backup(t.dir, path("other"), &why), ERR_LOCKED);
    store_sqlite_close(t.store, NULL, NULL);
}

/* ---- killed ---- */

enum { CHILD_WRITERS = 20 };
static int ack_pipe;

static void report_ack(struct store_req *r)
{
    struct writer *w = (struct writer *)r;
    uint64_t ack[2] = {w->audit, w->seq + 1};
    if (r->err || write(ack_pipe, ack, sizeof ack) != (ssize_t)sizeof ack)
        _exit(1);
    w->seq++;
    one(&w->o, w->audit, w->seq);
    r->done = report_ack;
    store_submit(t.store, r);
}

/* Appends to each audit without end, reporting every acknowledgement. */
_Noreturn static void write_until_killed(const uint64_t last[CHILD_WRITERS])
{
    uv_loop_t loop;
    uv_loop_init(&loop);
    if (store_sqlite_open(&loop, t.dir, false, NULL, &t.store, NULL))
        _exit(2);
    static struct writer w[CHILD_WRITERS];
    for (uint64_t i = 0; i < CHILD_WRITERS; i++) {
        w[i] = (struct writer){.audit = i + 1, .seq = last[i]};
        one(&w[i].o, w[i].audit, w[i].seq);
        w[i].o.a.req.done = report_ack;
        store_submit(t.store, &w[i].o.a.req);
    }
    uv_run(&loop, UV_RUN_DEFAULT);
    _exit(3);
}

Test(store_sqlite, whatever_was_acknowledged_survives_kill_9)
{
    uint64_t acked[CHILD_WRITERS], last[CHILD_WRITERS], total = 0;
    open_store(NULL, NULL);
    for (int i = 0; i < CHILD_WRITERS; i++) {
        put_audit(&t);
        acked[i] = last[i] = 1;
    }
    store_sqlite_close(t.store, NULL, NULL);
    for (int round = 0; round < 12; round++) {
        int ends[2];
        cr_assert_eq(pipe(ends), 0);
        pid_t child = fork();
        if (child == 0) {
            close(ends[0]);
            ack_pipe = ends[1];
            write_until_killed(last);
        }
        close(ends[1]);
        uint64_t ack[2];
        for (int n = 0; read(ends[0], ack, sizeof ack) == (ssize_t)sizeof ack; n++) {
            acked[ack[0] - 1] = ack[1];
            total++;
            if (n == 37 * (round + 1)) /* at some moment inside one commit or the next */
                kill(child, SIGKILL);
        }
        close(ends[0]);
        int status;
        cr_assert_eq(waitpid(child, &status, 0), child);
        cr_assert(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL, "the child failed: %d",
                  status);
        open_store(NULL, NULL);
        cr_assert_null(store_check_logs(&t, CHILD_WRITERS));
        for (uint64_t i = 0; i < CHILD_WRITERS; i++) {
            struct store_load l = {.req.op = STORE_LOAD, .audit = i + 1};
            cr_assert_eq(store_sqlite_run(t.store, &l.req), ERR_OK);
            cr_assert_geq(l.nevents, acked[i], "an acknowledged event is gone");
            cr_assert_leq(l.nevents, acked[i] + 1, "more than was in flight");
            last[i] = acked[i] = l.nevents;
            free(l.events);
        }
        store_sqlite_close(t.store, NULL, NULL);
    }
    cr_assert_gt(total, 1000);
}
