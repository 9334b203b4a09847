#include "tests/lib/floor_server.h"

#include <errno.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/frame.h"
#include "common/pki.h"
#include "common/tls_stream.h"
#include "tests/lib/load.h"

/* A message: what an edit needs at the least. */
struct floor_message {
    uint16_t room, writer;
    uint32_t character;
    uint64_t sent_ns;
};

/* One end of a connection, the same on both sides. */
struct end {
    uv_tcp_t tcp;
    uv_connect_t connect;
    struct tls_stream *tls;
    struct frame_decoder decoder;
    struct buf plain, line, out;
    uint16_t room, writer;
    struct floor_run *run; /* client side */
    struct floor_server *server;
    bool closed;
};

static char read_buffer[64 * 1024];

static void on_alloc(uv_handle_t *h, size_t suggested, uv_buf_t *b)
{
    (void)h, (void)suggested;
    *b = uv_buf_init(read_buffer, sizeof read_buffer);
}

/* Everything gathered in `out` goes as one record, one write. */
static void end_flush(struct end *e)
{
    if (e->out.len && tls_stream_send(e->tls, e->out.data, e->out.len, &e->line))
        load_die("floor: encrypt");
    buf_clear(&e->out);
    if (!e->line.len || e->closed)
        return;
    uv_buf_t b = uv_buf_init((char *)e->line.data, (unsigned)e->line.len);
    int n = uv_try_write((uv_stream_t *)&e->tcp, &b, 1);
    if (n > 0)
        buf_consume(&e->line, (size_t)n);
}

static void end_init(struct end *e, struct tls_context *tls)
{
    e->tls = tls_stream_new(tls);
    e->tcp.data = e;
    frame_decoder_init(&e->decoder, 4096);
    if (!e->tls)
        load_die("floor: no TLS");
}

static void on_end_closed(uv_handle_t *h)
{
    struct end *e = h->data;
    tls_stream_free(e->tls);
    frame_decoder_fini(&e->decoder);
    buf_free(&e->plain);
    buf_free(&e->line);
    buf_free(&e->out);
}

static void end_close(struct end *e)
{
    if (e->closed)
        return;
    e->closed = true;
    uv_close((uv_handle_t *)&e->tcp, on_end_closed);
}

static bool end_receive(struct end *e, const uv_buf_t *b, ssize_t n, frame_fn fn)
{
    struct err_info why = {0};
    if (n == 0)
        return true;
    buf_clear(&e->plain);
    if (n < 0 || tls_stream_receive(e->tls, b->base, (size_t)n, &e->plain, &e->line, &why))
        return false;
    end_flush(e);
    return !e->plain.len || !frame_decode(&e->decoder, e->plain.data, e->plain.len, fn, e);
}

/* ---- the server, in the child ---- */

enum { FLOOR_MAX = 256, FLOOR_WAITING = 4096 };

struct floor_server {
    uv_loop_t loop;
    uv_tcp_t listener;
    uv_check_t check;
    struct tls_context *tls;
    struct end ends[FLOOR_MAX];
    int nends;
    sqlite3 *db;
    sqlite3_stmt *insert, *begin, *commit;
    struct floor_message waiting[FLOOR_WAITING];
    size_t nwaiting;
};

static bool on_server_frame(void *user, const uint8_t *payload, size_t len)
{
    struct end *e = user;
    struct floor_message m;
    if (len != sizeof m || e->server->nwaiting == FLOOR_WAITING)
        load_die("floor: a frame of %zu bytes", len);
    memcpy(&m, payload, sizeof m);
    e->room = m.room;
    e->server->waiting[e->server->nwaiting++] = m;
    return true;
}

static void on_server_read(uv_stream_t *s, ssize_t n, const uv_buf_t *b)
{
    struct end *e = s->data;
    if (!end_receive(e, b, n, on_server_frame))
        end_close(e);
}

static void sql_step(sqlite3_stmt *st)
{
    if (sqlite3_step(st) != SQLITE_DONE)
        load_die("floor: SQLite");
    sqlite3_reset(st);
}

static void on_check(uv_check_t *h)
{
    struct floor_server *s = h->data;
    if (!s->nwaiting)
        return;
    sql_step(s->begin);
    for (size_t i = 0; i < s->nwaiting; i++) {
        sqlite3_bind_int(s->insert, 1, s->waiting[i].room);
        sqlite3_bind_blob(s->insert, 2, &s->waiting[i], sizeof s->waiting[i], SQLITE_STATIC);
        sql_step(s->insert);
    }
    sql_step(s->commit);
    for (size_t i = 0; i < s->nwaiting; i++)
        for (int k = 0; k < s->nends; k++)
            if (s->ends[k].room == s->waiting[i].room && !s->ends[k].closed)
                frame_append(&s->ends[k].out, &s->waiting[i], sizeof s->waiting[i]);
    s->nwaiting = 0;
    for (int k = 0; k < s->nends; k++)
        end_flush(&s->ends[k]);
}

static void on_connection(uv_stream_t *listener, int status)
{
    struct floor_server *s = listener->data;
    if (status || s->nends == FLOOR_MAX)
        load_die("floor: accept");
    struct end *e = &s->ends[s->nends++];
    uv_tcp_init(&s->loop, &e->tcp);
    end_init(e, s->tls);
    e->server = s;
    if (uv_accept(listener, (uv_stream_t *)&e->tcp))
        load_die("floor: accept");
    uv_tcp_nodelay(&e->tcp, 1);
    uv_read_start((uv_stream_t *)&e->tcp, on_alloc, on_server_read);
}

static void server_open_db(struct floor_server *s, const char *path)
{
    static const char schema[] = "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;"
                                 "PRAGMA locking_mode=EXCLUSIVE;"
                                 "CREATE TABLE log (n INTEGER PRIMARY KEY, room INT, body BLOB);";
    if (sqlite3_open(path, &s->db) || sqlite3_exec(s->db, schema, NULL, NULL, NULL) ||
        sqlite3_prepare_v2(s->db, "BEGIN", -1, &s->begin, NULL) ||
        sqlite3_prepare_v2(s->db, "COMMIT", -1, &s->commit, NULL) ||
        sqlite3_prepare_v2(s->db, "INSERT INTO log (room, body) VALUES (?1, ?2)", -1, &s->insert,
                           NULL))
        load_die("floor: SQLite: %s", sqlite3_errmsg(s->db));
}

static void server_main(struct tls_context *tls, const char *path, int port_fd)
{
    struct floor_server *s = calloc(1, sizeof *s);
    struct sockaddr_in addr;
    struct sockaddr_storage bound;
    int len = sizeof bound;
    uv_loop_init(&s->loop);
    s->tls = tls;
    server_open_db(s, path);
    uv_ip4_addr("127.0.0.1", 0, &addr);
    uv_tcp_init(&s->loop, &s->listener);
    s->listener.data = s;
    uv_check_init(&s->loop, &s->check);
    s->check.data = s;
    uv_check_start(&s->check, on_check);
    if (uv_tcp_bind(&s->listener, (const struct sockaddr *)&addr, 0) ||
        uv_listen((uv_stream_t *)&s->listener, 512, on_connection) ||
        uv_tcp_getsockname(&s->listener, (struct sockaddr *)&bound, &len))
        load_die("floor: listen");
    uint16_t port = ((struct sockaddr_in *)&bound)->sin_port;
    if (write(port_fd, &port, sizeof port) != sizeof port)
        _exit(1);
    uv_run(&s->loop, UV_RUN_DEFAULT);
}

/* ---- the load ---- */

struct floor_run {
    struct load_site site; /* only its pid: for the CPU time */
    uv_loop_t *loop;
    uv_timer_t timer;
    struct end *ends;
    int nends, ready;
    bool refill, stopping, all_ready, over;
    double per_s;
    uint64_t start_ns, sent, came, delivered;
    uint64_t *ns;
    size_t n;
};

enum { FLOOR_SAMPLES = 1 << 20 };

static void send_one(struct end *e)
{
    struct floor_message m = {
        .room = e->room, .writer = e->writer, .character = 'x', .sent_ns = load_now_ns()};
    frame_append(&e->out, &m, sizeof m);
    end_flush(e);
}

static bool on_client_frame(void *user, const uint8_t *payload, size_t len)
{
    struct end *e = user;
    struct floor_run *r = e->run;
    struct floor_message m;
    if (len != sizeof m)
        load_die("floor: a frame of %zu bytes", len);
    memcpy(&m, payload, sizeof m);
    if (m.writer == e->writer) {
        r->came++;
        if (r->refill && !r->stopping)
            send_one(e);
    } else if (r->n < FLOOR_SAMPLES) {
        r->ns[r->n++] = load_now_ns() - m.sent_ns;
    }
    return true;
}

static void on_client_read(uv_stream_t *s, ssize_t n, const uv_buf_t *b)
{
    struct end *e = s->data;
    bool was = tls_stream_ready(e->tls);
    if (!end_receive(e, b, n, on_client_frame)) {
        end_close(e);
        return;
    }
    if (!was && tls_stream_ready(e->tls) && ++e->run->ready == e->run->nends)
        e->run->all_ready = true;
}

static void on_client_connected(uv_connect_t *c, int status)
{
    struct end *e = c->data;
    struct err_info why = {0};
    if (status || tls_stream_start(e->tls, &e->line, &why))
        load_die("floor: connect");
    uv_tcp_nodelay(&e->tcp, 1);
    uv_read_start((uv_stream_t *)&e->tcp, on_alloc, on_client_read);
    end_flush(e);
}

static void on_pace(uv_timer_t *t)
{
    struct floor_run *r = t->data;
    double due = (double)(load_now_ns() - r->start_ns) / 1e9 * r->per_s;
    while ((double)r->sent < due && !r->stopping)
        send_one(&r->ends[r->sent++ % (uint64_t)r->nends]);
}

static int compare_ns(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return x < y ? -1 : x > y;
}

static void connect_all(struct floor_run *r, struct tls_context *tls, uint16_t port_be, int editors)
{
    struct sockaddr_in addr;
    uv_ip4_addr("127.0.0.1", 0, &addr);
    addr.sin_port = port_be;
    for (int i = 0; i < r->nends; i++) {
        struct end *e = &r->ends[i];
        uv_tcp_init(r->loop, &e->tcp);
        end_init(e, tls);
        e->connect.data = e;
        e->run = r;
        e->room = (uint16_t)(1 + i / editors);
        e->writer = (uint16_t)i;
        if (uv_tcp_connect(&e->connect, &e->tcp, (const struct sockaddr *)&addr,
                           on_client_connected))
            load_die("floor: connect");
    }
    load_run_until(r->loop, &r->all_ready, 30, "the floor's connections");
}

static void measure(struct floor_run *r, double seconds, struct floor_figures *out)
{
    for (int i = 0; i < r->nends; i++) /* the server learns who is in which room */
        send_one(&r->ends[i]);
    load_run_for(r->loop, 0.5);
    r->n = 0;
    uint64_t came = r->came;
    double cpu = load_site_cpu_s(&r->site);
    r->start_ns = load_now_ns();
    if (r->per_s > 0) {
        uv_timer_init(r->loop, &r->timer);
        r->timer.data = r;
        uv_timer_start(&r->timer, on_pace, 1, 1);
    } else {
        r->refill = true;
        for (int i = 0; i < r->nends; i++)
            send_one(&r->ends[i]);
    }
    load_run_for(r->loop, seconds);
    came = r->came - came;
    cpu = load_site_cpu_s(&r->site) - cpu;
    r->stopping = true;
    if (r->per_s > 0)
        uv_close((uv_handle_t *)&r->timer, NULL);
    load_run_for(r->loop, 0.2);
    qsort(r->ns, r->n, sizeof *r->ns, compare_ns);
    out->edits_per_s = (double)came / seconds;
    out->cpu_s_per_100k = came ? cpu / (double)came * 1e5 : 0;
    out->p50_ms = r->n ? (double)r->ns[r->n / 2] / 1e6 : 0;
    out->p99_ms = r->n ? (double)r->ns[r->n * 99 / 100] / 1e6 : 0;
}

struct floor_figures floor_run(uv_loop_t *loop, int rooms, int editors, double per_s,
                               double seconds)
{
    struct pki_pair authority = {0}, server = {0};
    struct tls_context *server_tls = NULL, *client_tls = NULL;
    struct err_info why = {0};
    uint8_t hash[HASH_LEN];
    const char *hosts[] = {"127.0.0.1"};
    int64_t now = (int64_t)time(NULL) * 1000;
    int fds[2];
    char path[] = "build/floor-XXXXXX", aside[64];
    uint16_t port;
    int fd = mkstemp(path);
    if (fd < 0 || pipe(fds) || pki_make_authority("floor", 1, now, &authority) ||
        pki_make_server(&authority, hosts, 1, now, now + 86400000, &server) ||
        pki_fingerprint(buf_cstr(&authority.cert_pem), hash) ||
        tls_context_server(buf_cstr(&server.cert_pem), buf_cstr(&server.key_pem),
                           buf_cstr(&authority.cert_pem), &server_tls, &why) ||
        tls_context_client(NULL, NULL, NULL, hash, "127.0.0.1", &client_tls, &why))
        load_die("floor: set up: %s", why.text);
    close(fd);
    struct floor_run r = {.loop = loop, .nends = rooms * editors, .per_s = per_s};
    r.site.pid = fork();
    if (r.site.pid == 0) {
        server_main(server_tls, path, fds[1]);
        _exit(0);
    }
    if (r.site.pid < 0 || read(fds[0], &port, sizeof port) != sizeof port)
        load_die("floor: the server did not start");
    r.ends = calloc((size_t)r.nends, sizeof *r.ends);
    r.ns = malloc(FLOOR_SAMPLES * sizeof *r.ns);
    connect_all(&r, client_tls, port, editors);
    struct floor_figures figures = {0};
    measure(&r, seconds, &figures);
    for (int i = 0; i < r.nends; i++)
        end_close(&r.ends[i]);
    load_run_for(loop, 0.1);
    kill(r.site.pid, SIGKILL);
    waitpid(r.site.pid, NULL, 0);
    close(fds[0]);
    close(fds[1]);
    unlink(path);
    snprintf(aside, sizeof aside, "%s-wal", path);
    unlink(aside);
    free(r.ends);
    free(r.ns);
    tls_context_free(server_tls);
    tls_context_free(client_tls);
    pki_pair_free(&authority);
    pki_pair_free(&server);
    return figures;
}
