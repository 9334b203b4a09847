/* follow: what happens in an audit, as lines, as it happens. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client/commands.h"
#include "client/render/render.h"
#include "client/session.h"

/* After a break, or when something held back was shared, the audit may come as a whole; the events
 * in between are then asked for, and what happens meanwhile waits for them. */
struct following {
    const struct cli *cli;
    struct session s;
    struct replica *r;
    bool joined, stop, asking;
    enum err err;
    uint64_t last_seq;            /* printed, or waiting to be */
    uint64_t from_seq, until_seq; /* asked for */
    struct buf waiting;           /* lines */
};

static const char *name_of(void *user, uint32_t person)
{
    return replica_name(user, person);
}

/* One event as a line with its end. */
static void event_line(struct following *f, const struct event *e, struct buf *out)
{
    struct render_source src = {replica_audit(f->r), replica_me(f->r), name_of, f->r};
    if (f->cli->json) {
        json_t *j = render_event_json(&src, e);
        char *line = json_dumps(j, JSON_COMPACT | JSON_PRESERVE_ORDER);
        buf_append_str(out, line ? line : "{}");
        free(line);
        json_decref(j);
    } else {
        render_event(&src, e, out);
    }
    buf_append_u8(out, '\n');
}

static void print_lines(struct following *f, struct buf *lines)
{
    (void)fputs(buf_cstr(lines), stdout); /* safe text holds no NUL */
    if (fflush(stdout))
        f->stop = true; /* nobody reads any more */
    buf_clear(lines);
}

static void on_news(void *user, const struct replica_news *n)
{
    struct following *f = user;
    if (n->kind == NEWS_EVENT && n->seq > f->last_seq) {
        event_line(f, n->event, &f->waiting);
        f->last_seq = n->seq;
    } else if (!f->cli->json && (n->kind == NEWS_CAME || n->kind == NEWS_WENT)) {
        buf_appendf(&f->waiting, "- %s\n", n->text);
    }
    if (!f->asking)
        print_lines(f, &f->waiting);
}

static void ask_missed(struct following *f, uint64_t from_seq);

static void on_missed(void *user, enum err e, const char *text, const Tandem__Envelope *m)
{
    struct following *f = user;
    struct buf lines = BUF_INIT;
    uint64_t next = 0;
    (void)text;
    f->asking = false;
    if (e || m->body_case != TANDEM__ENVELOPE__BODY_HISTORY_PAGE) {
        f->last_seq = f->from_seq - 1; /* a break: after the next join all of it is asked again */
        buf_clear(&f->waiting);
        return;
    }
    for (size_t i = 0; i < m->history_page->n_events; i++) {
        const Tandem__Event *from = m->history_page->events[i];
        struct event_body *body;
        if (from->seq > f->until_seq ||
            event_body_decode(from->body.data, from->body.len, &body, NULL))
            break;
        struct event ev = {
            .seq = from->seq, .utc_ms = from->utc_ms, .actor = from->actor, .body = *body};
        event_line(f, &ev, &lines);
        event_body_free(body);
        next = from->seq + 1;
    }
    print_lines(f, &lines);
    buf_free(&lines);
    if (next && next <= f->until_seq)
        ask_missed(f, next);
    else
        print_lines(f, &f->waiting);
}

static void ask_missed(struct following *f, uint64_t from_seq)
{
    Tandem__History h = TANDEM__HISTORY__INIT;
    Tandem__Envelope m = TANDEM__ENVELOPE__INIT;
    h.ref = (char *)(uintptr_t)f->cli->args[0];
    h.from_seq = from_seq;
    m.body_case = TANDEM__ENVELOPE__BODY_HISTORY;
    m.history = &h;
    f->from_seq = from_seq;
    f->asking = link_request(f->s.link, &m, on_missed, f) == ERR_OK;
}

static void on_joined(void *user, enum err e, const char *text)
{
    struct following *f = user;
    uint64_t now = e ? 0 : audit_seq(replica_audit(f->r));
    if (!e && !f->joined && !f->cli->json)
        (void)fprintf(stderr, "Following %s; Ctrl-C ends it.\n", f->cli->args[0]);
    if (!e && f->joined && now > f->last_seq) {
        f->until_seq = now;
        if (f->asking)
            buf_clear(&f->waiting); /* they are within what is asked for */
        else
            ask_missed(f, f->last_seq + 1);
    }
    if (now > f->last_seq)
        f->last_seq = now;
    f->joined = true;
    f->err = e;
    if (e)
        (void)err_set(&f->s.why, e, "%s", text);
}

static void on_signal(uv_signal_t *h, int number)
{
    struct following *f = h->data;
    (void)number;
    f->stop = true;
}

static enum err follow(struct following *f)
{
    f->r = link_replica(f->s.link);
    replica_on_news(f->r, on_news, f);
    if (link_join(f->s.link, f->cli->args[0], true, NULL, 0, on_joined, f))
        return err_set(&f->s.why, ERR_NOT_FOUND, "There is no audit \"%s\", or you may not see it.",
                       f->cli->args[0]);
    while (!f->stop && !f->err) {
        (void)uv_run(&f->s.loop, UV_RUN_ONCE);
        enum link_state state = link_state(f->s.link);
        bool failed = state == LINK_OFFLINE && link_err(f->s.link) && !f->joined;
        if (state == LINK_ENDED || failed)
            return err_set(&f->s.why, link_err(f->s.link), "%s", link_why(f->s.link));
    }
    return f->err;
}

int cmd_follow(const struct cli *c)
{
    struct following f = {.cli = c};
    uv_signal_t signals[2];
    enum err e = session_open(&f.s, c);
    if (e) {
        int failed = session_fail(&f.s, e);
        session_close(&f.s);
        return failed;
    }
    for (int i = 0; i < 2; i++) {
        (void)uv_signal_init(&f.s.loop, &signals[i]); /* cannot fail on a working loop */
        signals[i].data = &f;
        (void)uv_signal_start(&signals[i], on_signal, i ? SIGTERM : SIGINT);
    }
    e = follow(&f);
    int exit_code = e ? session_fail(&f.s, e) : EXIT_DONE;
    buf_free(&f.waiting);
    for (int i = 0; i < 2; i++)
        uv_close((uv_handle_t *)&signals[i], NULL);
    session_close(&f.s);
    return exit_code;
}
