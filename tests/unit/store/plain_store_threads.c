/* The storage thread and its queue under ThreadSanitizer (Criterion does not start there): writers,
 * readers, a backup and closing, all at once. Exits 0 when everything came back as it should. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "server/store/store_sqlite.h"
#include "tests/lib/store_impl.h"

enum { WRITERS = 30, EACH = 40 };

static void must(bool ok, const char *what)
{
    if (!ok) {
        fprintf(stderr, "plain_store_threads: %s\n", what);
        exit(1);
    }
}

struct writer {
    struct store_append a;
    struct store_event e;
    struct store_events q;
    struct store *store;
    uint64_t audit, seq;
};
static int nrunning, nreads;

static void next(struct writer *w);

static void on_read(struct store_req *r)
{
    struct store_events *q = (struct store_events *)r;
    must(r->err == ERR_OK, "read");
    must(q->nevents == 1, "a read sees what was acknowledged before");
    free(q->events);
    nreads++;
}

static void on_appended(struct store_req *r)
{
    struct writer *w = (struct writer *)r;
    must(r->err == ERR_OK, "append");
    must(!store_is_dead(w->store), "alive");
    w->seq++;
    if (w->seq <= EACH)
        next(w);
    else
        nrunning--;
    if (w->seq % 10 == 0) {
        w->q = (struct store_events){
            .req = {.op = STORE_EVENTS, .done = on_read},
            .audit = w->audit,
            .from_seq = w->seq,
            .max_events = 1
        };
        store_submit(w->store, &w->q.req);
    }
}

static void next(struct writer *w)
{
    w->e = (struct store_event){
        .seq = w->seq + 1, .utc_ms = 5000, .body = (const uint8_t *)"x", .body_len = 1};
    w->a = (struct store_append){
        .req = {.op = STORE_APPEND, .done = on_appended},
        .audit = w->audit,
        .expected_seq = w->seq,
        .events = &w->e,
        .nevents = 1
    };
    store_submit(w->store, &w->a.req);
}

static void on_closed(void *user)
{
    *(bool *)user = true;
}

int main(void)
{
    struct store_under_test t = {.impl = &store_impl_sqlite};
    static struct writer w[WRITERS];
    char to[80];
    bool closed = false;
    t.impl->open(&t);
    for (int i = 0; i < WRITERS; i++)
        w[i].audit = put_audit(&t);
    store_sqlite_close(t.store, NULL, NULL);

    uv_loop_t loop;
    uv_loop_init(&loop);
    must(store_sqlite_open(&loop, t.dir, false, NULL, &t.store, NULL) == ERR_OK, "open");
    snprintf(to, sizeof to, "%s/copy", t.dir);
    struct store_backup backup = {.req.op = STORE_BACKUP, .to_dir = to};
    for (int i = 0; i < WRITERS; i++) {
        w[i].store = t.store;
        w[i].seq = 1;
        nrunning++;
        next(&w[i]);
    }
    store_submit(t.store, &backup.req);
    while (nrunning > 0)
        uv_run(&loop, UV_RUN_ONCE);
    store_sqlite_close(t.store, on_closed, &closed);
    uv_run(&loop, UV_RUN_DEFAULT);
    must(closed, "closed");
    must(uv_loop_close(&loop) == 0, "nothing is left on the loop");
    must(backup.req.err == ERR_OK, "backup");
    must(nreads == WRITERS * (EACH / 10), "every read came back");
    temp_dir_remove(t.dir);
    return 0;
}
