/* What the store costs: appends as fast as they are acknowledged, by so many writers that wait each
 * for their own, against two floors of the same run: SQLite alone with the same rows in batches of
 * the same size, and plain write + fdatasync. bench_store [SECONDS [ROUNDS [WINDOW_US]]] */

#include <fcntl.h>
#include <sqlite3.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include <uv.h>

#include "common/log.h"
#include "server/store/store_sqlite.h"
#include "tests/lib/store_impl.h"

enum { BODY = 45, MAX_WRITERS = 150, MAX_SAMPLES = 4 * 1000 * 1000, MAX_ROUNDS = 9 };

struct figures {
    double events_s, commits_s, p50_us, p99_us, p999_us, max_us, cpu_s_per_100k, bytes_per_event;
};

static void must(bool ok, const char *what)
{
    if (!ok) {
        fprintf(stderr, "bench_store: %s failed\n", what);
        exit(1);
    }
}

static double cpu_s(void)
{
    struct rusage u;
    getrusage(RUSAGE_SELF, &u);
    return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) +
           (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) * 1e-6;
}

static double file_bytes(const char *dir, const char *name)
{
    char path[256];
    struct stat st;
    snprintf(path, sizeof path, "%s/%s", dir, name);
    return stat(path, &st) == 0 ? (double)st.st_size : 0;
}

static void fill_body(uint8_t body[BODY])
{
    for (int i = 0; i < BODY; i++)
        body[i] = (uint8_t)('a' + rand() % 26);
}

/* ---- the store ---- */

struct bench {
    struct store *store;
    uint64_t until_ns, start_ns;
    double per_s;        /* 0: as fast as acknowledged */
    struct writer *idle; /* at a fixed rate: those who have nothing in flight */
    size_t nsent;
    uv_timer_t tick;
    size_t running, nsamples;
    float *samples_us;
};
struct writer {
    struct store_append append; /* first member */
    struct store_event event;
    uint8_t body[BODY];
    struct bench *bench;
    struct writer_audit {
        uint64_t audit, seq;
    } * audit;
    uint64_t sent_ns;
    struct writer *next_idle;
};

static void send_next(struct writer *w)
{
    fill_body(w->body);
    w->event = (struct store_event){.seq = w->audit->seq + 1,
                                    .utc_ms = 1795000000000 + (int64_t)w->audit->seq * 40,
                                    .actor = 3,
                                    .body = w->body,
                                    .body_len = BODY};
    w->append.expected_seq = w->audit->seq++;
    w->sent_ns = uv_hrtime();
    store_submit(w->bench->store, &w->append.req);
}

static void on_appended(struct store_req *r)
{
    struct writer *w = (struct writer *)r;
    struct bench *b = w->bench;
    must(r->err == ERR_OK, "append");
    uint64_t now = uv_hrtime();
    if (w->sent_ns >= b->start_ns && b->nsamples < MAX_SAMPLES)
        b->samples_us[b->nsamples++] = (float)(now - w->sent_ns) * 1e-3f;
    if (b->per_s > 0) {
        w->next_idle = b->idle;
        b->idle = w;
    } else if (now < b->until_ns) {
        send_next(w);
        return;
    }
    b->running--;
}

/* Sends what is due by now. When every writer waits the others are late, and counted so. */
static void on_tick(uv_timer_t *timer)
{
    struct bench *b = timer->data;
    uint64_t now = uv_hrtime();
    size_t due = (size_t)((double)(now - b->start_ns) * 1e-9 * b->per_s);
    while (b->idle && b->nsent < due && now < b->until_ns) {
        struct writer *w = b->idle;
        b->idle = w->next_idle;
        b->running++;
        b->nsent++;
        send_next(w);
        w->sent_ns = b->start_ns + (uint64_t)((double)b->nsent / b->per_s * 1e9);
    }
    if (now >= b->until_ns && b->running == 0)
        uv_close((uv_handle_t *)timer, NULL);
}

static int by_value(const void *a, const void *b)
{
    float x = *(const float *)a, y = *(const float *)b;
    return (x > y) - (x < y);
}

static double commits_in(const char *dir)
{
    char path[256];
    sqlite3 *sql;
    sqlite3_stmt *q;
    snprintf(path, sizeof path, "%s/tandem.db", dir);
    must(sqlite3_open(path, &sql) == SQLITE_OK &&
             sqlite3_prepare_v2(sql, "SELECT count(*) FROM commits", -1, &q, NULL) == SQLITE_OK &&
             sqlite3_step(q) == SQLITE_ROW,
         "count commits");
    double n = sqlite3_column_double(q, 0);
    sqlite3_finalize(q);
    sqlite3_close(sql);
    return n;
}

static struct figures run_store(int writers, int audits, double per_s, double seconds,
                                uint32_t window_us)
{
    struct store_under_test t = {.impl = &store_impl_sqlite};
    struct writer_audit list[MAX_WRITERS];
    t.impl->open(&t);
    for (int i = 0; i < audits; i++)
        list[i] = (struct writer_audit){.audit = put_audit(&t), .seq = 1};
    store_sqlite_close(t.store, NULL, NULL);
    double commits_before = commits_in(t.dir);

    uv_loop_t loop;
    uv_loop_init(&loop);
    struct bench b = {.per_s = per_s, .samples_us = malloc(MAX_SAMPLES * sizeof(float))};
    struct store_sqlite_options o = {.commit_window_us = window_us};
    must(store_sqlite_open(&loop, t.dir, false, &o, &b.store, NULL) == ERR_OK, "open");
    b.start_ns = uv_hrtime();
    b.until_ns = b.start_ns + (uint64_t)(seconds * 1e9);
    double cpu = cpu_s();
    struct writer *w = calloc((size_t)writers, sizeof *w);
    for (int i = 0; i < writers; i++) {
        w[i].bench = &b;
        w[i].audit = &list[i % audits];
        w[i].append = (struct store_append){
            .req = {.op = STORE_APPEND, .done = on_appended},
            .audit = w[i].audit->audit,
            .events = &w[i].event,
            .nevents = 1
        };
        if (per_s > 0) {
            w[i].next_idle = b.idle;
            b.idle = &w[i];
        } else {
            b.running++;
            send_next(&w[i]);
        }
    }
    if (per_s > 0) {
        uv_timer_init(&loop, &b.tick);
        b.tick.data = &b;
        uv_timer_start(&b.tick, on_tick, 1, 1);
    }
    while (b.running > 0 || uv_hrtime() < b.until_ns)
        uv_run(&loop, UV_RUN_ONCE);
    double elapsed = (double)(uv_hrtime() - b.start_ns) * 1e-9;
    cpu = cpu_s() - cpu;
    store_sqlite_close(b.store, NULL, NULL);
    uv_run(&loop, UV_RUN_DEFAULT);
    must(uv_loop_close(&loop) == 0, "loop");

    double n = (double)b.nsamples;
    qsort(b.samples_us, b.nsamples, sizeof(float), by_value);
    struct figures f = {.events_s = n / elapsed,
                        .commits_s = (commits_in(t.dir) - commits_before) / elapsed,
                        .p50_us = b.samples_us[b.nsamples / 2],
                        .p99_us = b.samples_us[b.nsamples * 99 / 100],
                        .p999_us = b.samples_us[b.nsamples * 999 / 1000],
                        .max_us = b.samples_us[b.nsamples - 1],
                        .cpu_s_per_100k = cpu / n * 1e5,
                        .bytes_per_event = file_bytes(t.dir, "tandem.db") / n};
    free(w);
    free(b.samples_us);
    temp_dir_remove(t.dir);
    return f;
}

/* ---- floors ---- */

static sqlite3_stmt *prepare(sqlite3 *sql, const char *text)
{
    sqlite3_stmt *q;
    must(sqlite3_prepare_v2(sql, text, -1, &q, NULL) == SQLITE_OK, text);
    return q;
}

static void step(sqlite3_stmt *q)
{
    must(sqlite3_step(q) == SQLITE_DONE, sqlite3_sql(q));
    sqlite3_reset(q);
}

static double floor_sqlite(int batch, int audits, double seconds)
{
    char dir[64], path[128];
    temp_dir_make(dir);
    snprintf(path, sizeof path, "%s/floor.db", dir);
    sqlite3 *sql;
    must(sqlite3_open(path, &sql) == SQLITE_OK, "open floor");
    must(sqlite3_exec(sql,
                      "PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL;"
                      "PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = 4096;"
                      "CREATE TABLE events (audit INTEGER, seq INTEGER, utc_ms INTEGER,"
                      " actor INTEGER, hash BLOB, body BLOB, PRIMARY KEY (audit, seq))"
                      " STRICT, WITHOUT ROWID",
                      NULL, NULL, NULL) == SQLITE_OK,
         "make floor");
    sqlite3_stmt *begin = prepare(sql, "BEGIN"), *commit = prepare(sql, "COMMIT");
    sqlite3_stmt *insert = prepare(sql, "INSERT INTO events VALUES (?, ?, ?, ?, ?, ?)");
    uint8_t body[BODY + 1], hash[32];
    memset(hash, 7, sizeof hash);
    int64_t seq[MAX_WRITERS] = {0};
    uint64_t start = uv_hrtime(), until = start + (uint64_t)(seconds * 1e9);
    double n = 0;
    int next = 0;
    while (uv_hrtime() < until) {
        step(begin);
        for (int i = 0; i < batch; i++, next = (next + 1) % audits) {
            fill_body(body);
            sqlite3_bind_int64(insert, 1, next + 1);
            sqlite3_bind_int64(insert, 2, ++seq[next]);
            sqlite3_bind_int64(insert, 3, 1795000000000 + seq[next] * 40);
            sqlite3_bind_int64(insert, 4, 3);
            sqlite3_bind_blob(insert, 5, hash, sizeof hash, SQLITE_STATIC);
            sqlite3_bind_blob(insert, 6, body, sizeof body, SQLITE_STATIC);
            step(insert);
        }
        step(commit);
        n += batch;
    }
    double per_s = n / ((double)(uv_hrtime() - start) * 1e-9);
    sqlite3_finalize(begin);
    sqlite3_finalize(commit);
    sqlite3_finalize(insert);
    sqlite3_close(sql);
    temp_dir_remove(dir);
    return per_s;
}

static double floor_sync(int batch, double seconds)
{
    char dir[64], path[128];
    static char bytes[MAX_WRITERS * 100];
    temp_dir_make(dir);
    snprintf(path, sizeof path, "%s/floor", dir);
    int fd = open(path, O_CREAT | O_WRONLY | O_APPEND, 0600);
    uint64_t start = uv_hrtime(), until = start + (uint64_t)(seconds * 1e9);
    double n = 0;
    while (uv_hrtime() < until) {
        size_t len = (size_t)batch * 100;
        must(write(fd, bytes, len) == (ssize_t)len && fdatasync(fd) == 0, "floor write");
        n += batch;
    }
    double per_s = n / ((double)(uv_hrtime() - start) * 1e-9);
    close(fd);
    temp_dir_remove(dir);
    return per_s;
}

/* 150 people who type at their own pace, for some settings of the commit window. */
static void fixed_rate(double seconds)
{
    static const uint32_t windows_us[] = {0, 1, 1000, 2000};
    printf("1500 edits/s over 50 audits:\n");
    for (size_t i = 0; i < sizeof windows_us / sizeof windows_us[0]; i++) {
        struct figures f = run_store(MAX_WRITERS, 50, 1500, seconds, windows_us[i]);
        printf("  window %4u us  %5.0f events/s %5.0f commits/s  p50 %6.0f us  p99 %6.0f us"
               "  p99.9 %6.0f us  %5.2f cpu s/100k\n",
               windows_us[i], f.events_s, f.commits_s, f.p50_us, f.p99_us, f.p999_us,
               f.cpu_s_per_100k);
        fflush(stdout);
    }
}

/* ---- queries of a large site ---- */

enum { LARGE = 100 * 1000, PIPELINE = 512, LOOKS = 2000, TEAMS = 50, PEOPLE = 500, DUTIES = 5 };

static struct store *large_store;
static uint64_t nmade;
struct maker {
    struct store_create_audit create; /* first member */
    struct store_append append;       /* its done finds the maker by its offset */
    struct store_event event;
    struct store_summary summary;
    struct store_member members[3];
    struct store_duty duties[DUTIES];
};

/* Who has to do with the audit: some of PEOPLE, of one of TEAMS; five duties, three of them by
 * name.
 */
static void fill_maker(struct maker *m)
{
    uint32_t n = (uint32_t)m->create.audit;
    m->summary = make_summary(m->create.ref);
    m->summary.state = 1 + n % 13;
    snprintf(m->summary.team, sizeof m->summary.team, "team %u", n % TEAMS);
    snprintf(m->summary.planned, sizeof m->summary.planned, "2026-%02u-%02u", 1 + n % 12,
             1 + n % 28);
    for (uint32_t i = 0; i < 3; i++)
        m->members[i] = (struct store_member){.person = 1 + (n * 7 + i * 131) % PEOPLE,
                                              .role = (enum role)(ROLE_FRO + i)};
    for (uint32_t i = 0; i < DUTIES; i++) {
        struct store_duty *d = &m->duties[i];
        *d = (struct store_duty){.kind = "act", .person = i < 3 ? m->members[i].person : 0};
        d->role = i < 3 ? ROLE_NONE : (enum role)(ROLE_FTM + i % 2);
        snprintf(d->due, sizeof d->due, "2027-%02u-%02u", 1 + (n + i) % 12, 1 + n % 28);
        snprintf(d->text, sizeof d->text, "ask the carer how contact has gone, %u", n);
    }
}

static void on_created(struct store_req *r);
static void on_made(struct store_req *r)
{
    struct maker *m = (struct maker *)((char *)r - offsetof(struct maker, append));
    must(r->err == ERR_OK, "first event");
    if (++nmade + PIPELINE > LARGE)
        return;
    m->create.req = (struct store_req){.op = STORE_CREATE_AUDIT, .done = on_created};
    store_submit(large_store, &m->create.req);
}

static void on_created(struct store_req *r)
{
    struct maker *m = (struct maker *)r;
    must(r->err == ERR_OK, "create");
    fill_maker(m);
    m->event = (struct store_event){
        .seq = 1, .utc_ms = 1, .body = (const uint8_t *)m->create.ref, .body_len = 13};
    m->append = (struct store_append){
        .req = {.op = STORE_APPEND, .done = on_made},
        .audit = m->create.audit,
        .events = &m->event,
        .nevents = 1,
        .summary = &m->summary,
        .members = m->members,
        .nmembers = 3,
        .duties = m->duties,
        .nduties = DUTIES
    };
    store_submit(large_store, &m->append.req);
}

static void make_large(const char *dir)
{
    uv_loop_t loop;
    uv_loop_init(&loop);
    must(store_sqlite_open(&loop, dir, true, NULL, &large_store, NULL) == ERR_OK, "open");
    struct maker *m = calloc(PIPELINE, sizeof *m);
    for (int i = 0; i < PIPELINE; i++) {
        m[i].create = (struct store_create_audit){
            .req = {.op = STORE_CREATE_AUDIT, .done = on_created},
            .template_id = "FCA",
            .year = 2026
        };
        store_submit(large_store, &m[i].create.req);
    }
    while (nmade < LARGE)
        uv_run(&loop, UV_RUN_ONCE);
    store_sqlite_close(large_store, NULL, NULL);
    uv_run(&loop, UV_RUN_DEFAULT);
    must(uv_loop_close(&loop) == 0, "loop");
    free(m);
}

/* Runs the request LOOKS times on audits all over the site; prints p50 and p99. */
static void look(struct store_under_test *t, const char *name, enum store_op op, bool by_ref)
{
    static float us[LOOKS];
    for (int i = 0; i < LOOKS; i++) {
        uint64_t audit = (uint64_t)i * 7919 % LARGE + 1;
        struct store_load l = {.req.op = STORE_LOAD, .audit = by_ref ? 0 : audit};
        struct store_enter n = {
            .req.op = STORE_ENTER, .audit = audit, .person = 3, .what = "open", .want_agent = true};
        if (by_ref)
            snprintf(l.ref, sizeof l.ref, "FCA-2026-%04u", (unsigned)audit);
        uint64_t start = uv_hrtime();
        must(t->impl->run(t, op == STORE_LOAD ? &l.req : &n.req) == ERR_OK, name);
        us[i] = (float)(uv_hrtime() - start) * 1e-3f;
        buf_free(&l.snapshot);
        free(l.events);
    }
    qsort(us, LOOKS, sizeof us[0], by_value);
    printf("  %-22s p50 %7.0f us   p99 %7.0f us\n", name, us[LOOKS / 2], us[LOOKS * 99 / 100]);
}

/* The i-th question of a kind: another person, team or page each time. */
struct asked {
    union {
        struct store_req req;
        struct store_list_audits list;
        struct store_duties duties;
        struct store_find_audits find;
    };
    struct viewer_role role;
    char team[32];
    const char *teams[1];
};
static void ask_person_list(struct asked *q, uint32_t i)
{
    q->list = (struct store_list_audits){
        .req.op = STORE_LIST_AUDITS, .person = 1 + i % PEOPLE, .limit = 100};
}
static void ask_team_list(struct asked *q, uint32_t i)
{
    q->list = (struct store_list_audits){.req.op = STORE_LIST_AUDITS,
                                         .person = 1 + i % PEOPLE,
                                         .teams = q->teams,
                                         .nteams = 1,
                                         .limit = 100};
    snprintf(q->list.after_ref, sizeof q->list.after_ref, "FCA-2026-%04u", i * 37 % LARGE);
}
static void ask_state_list(struct asked *q, uint32_t i)
{
    q->list = (struct store_list_audits){
        .req.op = STORE_LIST_AUDITS, .states = 1u << (1 + i % 13), .limit = 100};
}
static void ask_duties(struct asked *q, uint32_t i)
{
    q->duties = (struct store_duties){.req.op = STORE_DUTIES,
                                      .person = 1 + i % PEOPLE,
                                      .roles = &q->role,
                                      .nroles = 1,
                                      .limit = 100};
}
static void ask_team_duties(struct asked *q, uint32_t i)
{
    ask_duties(q, i);
    q->duties.teams = q->teams;
    q->duties.nteams = 1;
}
static void ask_all_duties(struct asked *q, uint32_t i)
{
    ask_team_duties(q, i);
    q->teams[0] = "";
    snprintf(q->duties.after.due, sizeof q->duties.after.due, "2027-%02u-01", 1 + i % 12);
    snprintf(q->duties.after.ref, sizeof q->duties.after.ref, "FCA-2026-0500");
}
static void ask_due(struct asked *q, uint32_t i)
{
    q->find = (struct store_find_audits){.req.op = STORE_DUE_AUDITS, .limit = 100};
    snprintf(q->find.day, sizeof q->find.day, "2026-01-%02u", 1 + i % 28);
}

static void *result_of(const struct asked *q)
{
    return q->req.op == STORE_LIST_AUDITS ? (void *)q->list.rows
           : q->req.op == STORE_DUTIES    ? (void *)q->duties.rows
                                          : (void *)q->find.rows;
}

static void ask(struct store_under_test *t, const char *name,
                void (*make)(struct asked *q, uint32_t i))
{
    static float us[LOOKS];
    for (uint32_t i = 0; i < LOOKS; i++) {
        struct asked q = {.teams = {q.team}};
        snprintf(q.team, sizeof q.team, "team %u", i % TEAMS);
        q.role = (struct viewer_role){.role = ROLE_FTM};
        memcpy(q.role.team, q.team, sizeof q.team);
        make(&q, i);
        uint64_t start = uv_hrtime();
        must(t->impl->run(t, &q.req) == ERR_OK, name);
        us[i] = (float)(uv_hrtime() - start) * 1e-3f;
        free(result_of(&q));
    }
    qsort(us, LOOKS, sizeof us[0], by_value);
    printf("  %-22s p50 %7.0f us   p99 %7.0f us\n", name, us[LOOKS / 2], us[LOOKS * 99 / 100]);
}

static void queries(void)
{
    static const struct {
        const char *name;
        void (*make)(struct asked *q, uint32_t i);
    } kinds[] = {
        {"100 of a person",      ask_person_list},
        {"100 of person + team", ask_team_list  },
        {"100 in a state",       ask_state_list },
        {"100 duties, own",      ask_duties     },
        {"100 duties, team",     ask_team_duties},
        {"100 duties of all",    ask_all_duties },
        {"100 due",              ask_due        },
    };
    struct store_under_test t = {.impl = &store_impl_sqlite};
    temp_dir_make(t.dir);
    make_large(t.dir);
    must(store_sqlite_open(NULL, t.dir, false, NULL, &t.store, NULL) == ERR_OK, "open");
    printf("a site of %d audits with %d duties each, %.0f MB:\n", LARGE, DUTIES,
           file_bytes(t.dir, "tandem.db") / 1e6);
    look(&t, "load by number", STORE_LOAD, false);
    look(&t, "load by reference", STORE_LOAD, true);
    look(&t, "enter (one sync)", STORE_ENTER, false);
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
        ask(&t, kinds[i].name, kinds[i].make);
    for (int i = 0; i < 2; i++) {
        struct store_list_audits q = {.req.op = STORE_LIST_AUDITS};
        uint64_t start = uv_hrtime();
        must(t.impl->run(&t, &q.req) == ERR_OK && q.nrows == LARGE, "list");
        printf("  %-22s %.0f ms\n", i ? "list all, again" : "list all",
               (double)(uv_hrtime() - start) * 1e-6);
        free(q.rows);
    }
    t.impl->close(&t);
}

/* ---- the table ---- */

static int by_rate(const void *a, const void *b)
{
    double x = ((const struct figures *)a)->events_s, y = ((const struct figures *)b)->events_s;
    return (x > y) - (x < y);
}

int main(int argc, char **argv)
{
    static const int writers[] = {1, 50, 150};
    double seconds = argc > 1 ? strtod(argv[1], NULL) : 2;
    int rounds = argc > 2 ? (int)strtol(argv[2], NULL, 10) : 3;
    uint32_t window_us = argc > 3 ? (uint32_t)strtoul(argv[3], NULL, 10) : 0;
    must(rounds > 0 && rounds <= MAX_ROUNDS && seconds > 0, "arguments");
    log_set_level(LOG_LEVEL_ERROR);
    printf("appends of %d bytes, 3 writers an audit, %g s, median of %d, commit window %u us\n",
           BODY, seconds, rounds, window_us);
    printf("%8s %10s %10s %8s %8s %8s %8s %10s %8s | %12s %12s\n", "writers", "events/s",
           "commits/s", "p50 us", "p99 us", "p99.9", "max", "cpu s/100k", "B/event", "SQLite ev/s",
           "write+sync");
    for (size_t i = 0; i < sizeof writers / sizeof writers[0]; i++) {
        int w = writers[i], audits = (w + 2) / 3;
        struct figures f[MAX_ROUNDS];
        for (int r = 0; r < rounds; r++)
            f[r] = run_store(w, audits, 0, seconds, window_us);
        qsort(f, (size_t)rounds, sizeof f[0], by_rate);
        struct figures m = f[rounds / 2];
        int batch = (int)(m.events_s / m.commits_s + 0.5);
        printf("%8d %10.0f %10.0f %8.0f %8.0f %8.0f %8.0f %10.2f %8.0f | %12.0f %12.0f\n", w,
               m.events_s, m.commits_s, m.p50_us, m.p99_us, m.p999_us, m.max_us, m.cpu_s_per_100k,
               m.bytes_per_event, floor_sqlite(batch, audits, seconds), floor_sync(batch, seconds));
        fflush(stdout);
    }
    fixed_rate(seconds);
    queries();
    return 0;
}
