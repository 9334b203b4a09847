#include "server/net/daemon.h"

#include <assert.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "common/clock.h"
#include "common/log.h"
#include "server/api/admin.h"
#include "server/net/control.h"
#include "server/net/net.h"
#include "server/store/store_sqlite.h"

enum { CERT_CHECK_MS = 3600 * 1000 };
static const int64_t day_ms = INT64_C(24) * 3600 * 1000;

/* The end goes through its own chain of callbacks, each handing on to the next:
 *   signal or failure -> core_shutdown -> every connection finished -> store closed -> core freed
 *   -> control socket closed -> our own handles -> the loop is empty. */
struct daemon {
    struct site *site;
    const char *listen;
    uv_loop_t loop;
    uv_signal_t sigterm, sigint;
    uv_timer_t tick;       /* wakes the core */
    int64_t tick_at_ms;    /* mono_ms for which it is armed; INT64_MAX: not */
    uv_timer_t cert_check; /* the server's certificate ends as well */
    uv_prepare_t prepare;
    struct store *store;
    struct core *core;
    struct net *net;
    struct control *control;
    struct admin admin;
    int64_t cert_made_utc_ms;
    bool ready, stop_wanted, stopping;
    int exit_code;
};

static void tell_time(struct daemon *d)
{
    core_time(d->core, clock_mono_ms(), clock_utc_ms());
}

/* May be called from anywhere, also inside the core: it happens before the loop waits again. */
static void want_stop(struct daemon *d, int exit_code)
{
    if (d->exit_code == EXIT_DONE)
        d->exit_code = exit_code;
    d->stop_wanted = true;
}

/* ---- the core's hooks ---- */

static bool hook_send(void *user, uint64_t conn, const uint8_t *payload, size_t len)
{
    return net_send(((struct daemon *)user)->net, conn, payload, len);
}

static size_t hook_queued_bytes(void *user, uint64_t conn)
{
    return net_queued_bytes(((struct daemon *)user)->net, conn);
}

static void hook_close(void *user, uint64_t conn)
{
    net_close(((struct daemon *)user)->net, conn);
}

static void hook_set_max_frame(void *user, uint64_t conn, size_t max_bytes)
{
    net_set_max_frame(((struct daemon *)user)->net, conn, max_bytes);
}

static enum err hook_sign(void *user, const void *csr_der, size_t len, uint32_t person,
                          int64_t now_utc_ms, int64_t ends_utc_ms, struct buf *cert_der,
                          uint8_t serial[20], struct err_info *why)
{
    struct daemon *d = user;
    return pki_sign_request(&d->site->authority, csr_der, len, person, now_utc_ms, ends_utc_ms,
                            cert_der, serial, why);
}

static void hook_authority_der(void *user, struct buf *out)
{
    struct daemon *d = user;
    if (pki_pem_to_der((const char *)d->site->authority.cert_pem.data, out))
        out->failed = true; /* it was read at start: only memory can be missing */
}

static void hook_random(void *user, void *out, size_t len)
{
    (void)user;
    hash_random(out, len);
}

static void hook_fatal(void *user, const char *why)
{
    log_error("daemon", "fatal", "why=\"%s\"", why);
    fprintf(stderr, "tandemd: the server has to stop: %s\n", why);
    want_stop(user, EXIT_REFUSED);
}

/* ---- the line's handlers ---- */

static void on_batch(void *user)
{
    tell_time(user);
}

static void on_opened(void *user, uint64_t conn, const struct tls_peer *peer)
{
    struct daemon *d = user;
    struct core_peer p = {.cert_ends_utc_ms = peer->not_after_utc_ms};
    memcpy(p.serial, peer->serial, sizeof p.serial);
    switch (peer->cert) {
    case TLS_PEER_NONE:
        p.cert = CORE_CERT_NONE;
        break;
    case TLS_PEER_OK:
        p.cert = CORE_CERT_OK;
        break;
    case TLS_PEER_EXPIRED:
        p.cert = CORE_CERT_EXPIRED;
        break;
    case TLS_PEER_UNKNOWN:
        p.cert = CORE_CERT_UNKNOWN;
        break;
    }
    core_conn_open(d->core, conn, &p);
}

static void on_frame(void *user, uint64_t conn, const uint8_t *payload, size_t len)
{
    core_conn_frame(((struct daemon *)user)->core, conn, payload, len);
}

static void on_bad_frame(void *user, uint64_t conn, enum err e, const char *text)
{
    core_conn_bad_frame(((struct daemon *)user)->core, conn, e, text);
}

static void on_conn_closed(void *user, uint64_t conn)
{
    struct daemon *d = user;
    tell_time(d);
    core_conn_closed(d->core, conn);
}

/* ---- the control socket ---- */

static void on_admin_done(void *user, int exit_code, const char *text)
{
    control_answer(user, exit_code, text);
}

static void on_control(void *user, struct control_call *call, int argc, const char *const *argv,
                       const void *attachment, size_t attachment_len)
{
    struct daemon *d = user;
    if (d->stop_wanted || !d->ready) {
        control_answer(call, EXIT_REFUSED,
                       d->ready ? "The server is going down. Try again when it has ended.\n"
                                : "The server is just starting. Try again in a moment.\n");
        return;
    }
    tell_time(d);
    admin_run(&d->admin, argc, argv, attachment, attachment_len, clock_utc_ms(), on_admin_done,
              call);
}

/* ---- the server's own certificate ---- */

static enum err make_tls(struct daemon *d, struct tls_context **out, struct err_info *why)
{
    struct pki_pair pair = {0};
    d->cert_made_utc_ms = clock_utc_ms();
    enum err e = site_make_server_cert(d->site, d->cert_made_utc_ms, &pair, why);
    if (!e)
        e = tls_context_server((const char *)pair.cert_pem.data, (const char *)pair.key_pem.data,
                               (const char *)d->site->authority.cert_pem.data, out, why);
    pki_pair_free(&pair);
    return e;
}

/* Long before it ends, and also when somebody has set the clock back before its beginning. */
static void on_cert_check(uv_timer_t *t)
{
    struct daemon *d = t->data;
    struct tls_context *tls;
    struct err_info why;
    int64_t age_ms = clock_utc_ms() - d->cert_made_utc_ms;
    if (d->stopping || (age_ms >= 0 && age_ms < (SITE_CERT_DAYS - SITE_RENEW_DAYS) * day_ms))
        return;
    if (make_tls(d, &tls, &why)) {
        log_error("daemon", "certificate_not_renewed", "why=\"%s\"", why.text);
        return;
    }
    net_set_tls(d->net, tls);
    log_info("daemon", "certificate_renewed", "days=%d", SITE_CERT_DAYS);
}

/* ---- the end ---- */

static void close_own_handles(void *user)
{
    struct daemon *d = user;
    uv_close((uv_handle_t *)&d->sigterm, NULL);
    uv_close((uv_handle_t *)&d->sigint, NULL);
    uv_close((uv_handle_t *)&d->tick, NULL);
    uv_close((uv_handle_t *)&d->cert_check, NULL);
    uv_close((uv_handle_t *)&d->prepare, NULL);
}

static void on_store_closed(void *user)
{
    struct daemon *d = user;
    core_free(d->core);
    d->core = NULL;
    if (d->control)
        control_close(d->control, close_own_handles, d);
    else
        close_own_handles(d);
}

static void on_net_stopped(void *user)
{
    struct daemon *d = user;
    d->net = NULL;
    store_sqlite_close(d->store, on_store_closed, d); /* finishes what is queued */
}

static void stop(struct daemon *d)
{
    d->stopping = true;
    log_info("daemon", "stopping", "exit=%d", d->exit_code);
    tell_time(d);
    core_shutdown(d->core);
    (void)uv_timer_stop(&d->tick);
    net_stop(d->net, on_net_stopped, d);
}

/* ---- the loop ---- */

static void on_signal(uv_signal_t *s, int signum)
{
    (void)signum;
    want_stop(s->data, EXIT_DONE);
}

static void on_tick(uv_timer_t *t)
{
    struct daemon *d = t->data;
    d->tick_at_ms = INT64_MAX;
    tell_time(d);
}

/* Before the loop waits. A timer that is armed too early only costs one look. */
static void on_prepare(uv_prepare_t *p)
{
    struct daemon *d = p->data;
    if (d->stop_wanted && !d->stopping)
        stop(d);
    if (d->stopping || !d->core)
        return;
    int64_t next_ms = core_next_ms(d->core);
    if (next_ms >= d->tick_at_ms)
        return;
    int64_t wait_ms = next_ms - clock_mono_ms();
    uv_update_time(&d->loop); /* timers count from the time that the loop knows */
    (void)uv_timer_start(&d->tick, on_tick, wait_ms > 0 ? (uint64_t)wait_ms : 0, 0);
    d->tick_at_ms = next_ms;
}

static void on_ready(void *user, enum err e)
{
    struct daemon *d = user;
    struct err_info why;
    if (e) {
        fprintf(stderr, "tandemd: the database cannot be read: %s\n", err_text(e));
        want_stop(d, EXIT_REFUSED);
        return;
    }
    if (d->stop_wanted)
        return;
    if (net_listen(d->net, d->listen, &why)) {
        fprintf(stderr, "tandemd: %s\n", why.text);
        want_stop(d, EXIT_REFUSED);
        return;
    }
    d->admin.port = net_port(d->net);
    d->ready = true;
    log_info("daemon", "ready", "address=%s people=%zu", net_address(d->net),
             people_count(core_people(d->core)));
    printf("listening on %s\n", net_address(d->net));
    if (fflush(stdout))
        log_warn("daemon", "stdout_closed", "address=%s", net_address(d->net));
}

/* As many connections as the system allows. */
static void raise_file_limit(void)
{
    struct rlimit r;
    if (getrlimit(RLIMIT_NOFILE, &r) || r.rlim_cur >= r.rlim_max)
        return;
    r.rlim_cur = r.rlim_max;
    (void)setrlimit(RLIMIT_NOFILE, &r); /* the old limit does for a while */
}

static void init_handles(struct daemon *d)
{
    /* None of these can fail on a fresh loop. */
    (void)uv_signal_init(&d->loop, &d->sigterm);
    (void)uv_signal_init(&d->loop, &d->sigint);
    (void)uv_timer_init(&d->loop, &d->tick);
    (void)uv_timer_init(&d->loop, &d->cert_check);
    (void)uv_prepare_init(&d->loop, &d->prepare);
    d->sigterm.data = d->sigint.data = d->tick.data = d->cert_check.data = d->prepare.data = d;
    (void)uv_prepare_start(&d->prepare, on_prepare);
    (void)uv_timer_start(&d->cert_check, on_cert_check, CERT_CHECK_MS, CERT_CHECK_MS);
    if (uv_signal_start(&d->sigterm, on_signal, SIGTERM) ||
        uv_signal_start(&d->sigint, on_signal, SIGINT))
        log_warn("daemon", "no_signals", "why=system");
}

static enum err start(struct daemon *d, struct err_info *why)
{
    const struct core_hooks hooks = {
        .user = d,
        .send = hook_send,
        .queued_bytes = hook_queued_bytes,
        .close = hook_close,
        .set_max_frame = hook_set_max_frame,
        .sign = hook_sign,
        .authority_der = hook_authority_der,
        .random = hook_random,
        .fatal = hook_fatal,
    };
    const struct net_handlers handlers = {
        .user = d,
        .batch = on_batch,
        .opened = on_opened,
        .frame = on_frame,
        .bad_frame = on_bad_frame,
        .closed = on_conn_closed,
    };
    struct config *config = &d->site->config;
    struct tls_context *tls = NULL;
    struct sockaddr_storage address;
    enum err e = net_parse_address(d->listen, &address, why);
    if (!e)
        e = make_tls(d, &tls, why);
    if (!e)
        e = store_sqlite_open(&d->loop, d->site->dir, false, &config->store, &d->store, why);
    if (e) {
        tls_context_free(tls);
        return e;
    }
    e = control_open(&d->loop, d->site->dir, on_control, d, &d->control, why);
    if (!e && net_new(&d->loop, &config->net, &handlers, tls, &d->net))
        e = err_set(why, ERR_NOMEM, "%s", err_text(ERR_NOMEM));
    if (!d->net)
        tls_context_free(tls);
    if (!e)
        d->core = core_new(&hooks, &config->core, d->store, clock_mono_ms(), clock_utc_ms());
    if (!e && !d->core)
        e = err_set(why, ERR_NOMEM, "%s", err_text(ERR_NOMEM));
    if (e)
        return e;
    d->admin = (struct admin){.store = d->store, .people = core_people(d->core), .core = d->core};
    site_fill_admin(d->site, &d->admin);
    init_handles(d);
    core_start(d->core, on_ready, d);
    return ERR_OK;
}

/* What `start` has begun and could not finish; the loop then runs it to its end. */
static void forget(void *user)
{
    (void)user;
}

static void undo_start(struct daemon *d)
{
    if (d->net)
        net_stop(d->net, forget, NULL);
    if (d->control)
        control_close(d->control, forget, NULL);
    if (d->store)
        store_sqlite_close(d->store, NULL, NULL);
}

int daemon_run(struct site *site, const char *listen)
{
    struct daemon *d = calloc(1, sizeof *d);
    struct err_info why;
    if (!d || uv_loop_init(&d->loop)) {
        fprintf(stderr, "tandemd: %s\n", err_text(ERR_NOMEM));
        free(d);
        return EXIT_REFUSED;
    }
    d->site = site;
    d->listen = listen ? listen : site->config.listen;
    d->tick_at_ms = INT64_MAX;
    log_set_level((enum log_level)site->config.log_level);
    (void)signal(SIGPIPE, SIG_IGN); /* a peer that goes is an error of that write */
    (void)signal(SIGXFSZ, SIG_IGN); /* a file that may not grow is like a full disk */
    raise_file_limit();
    enum err e = start(d, &why);
    if (e) {
        fprintf(stderr, "tandemd: %s\n", why.text);
        undo_start(d);
        d->exit_code = e == ERR_INPUT ? EXIT_USAGE : EXIT_REFUSED;
    }
    (void)uv_run(&d->loop, UV_RUN_DEFAULT);
    int busy = uv_loop_close(&d->loop);
    assert(busy == 0);
    (void)busy;
    int exit_code = d->exit_code;
    if (d->ready) /* else the reason has been said already */
        log_info("daemon", "ended", "exit=%d", exit_code);
    free(d);
    return exit_code;
}
