/* follow: what happens in an audit, as lines, as it happens. */
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "client/commands.h"
#include "client/render/render.h"
#include "client/session.h"

struct following {
    const struct cli *cli;
    struct session s;
    struct replica *r;
    bool joined, stop;
    enum err err;
};

static const char *name_of(void *user, uint32_t person)
{
    return replica_name(user, person);
}

static void on_news(void *user, const struct replica_news *n)
{
    struct following *f = user;
    struct render_source src = {replica_audit(f->r), replica_me(f->r), name_of, f->r};
    if (n->kind == NEWS_EVENT && f->cli->json) {
        print_json_line(render_event_json(&src, n->event));
        return;
    }
    struct buf line = BUF_INIT;
    if (n->kind == NEWS_EVENT)
        render_event(&src, n->event, &line);
    else if (!f->cli->json && (n->kind == NEWS_CAME || n->kind == NEWS_WENT))
        buf_appendf(&line, "- %s", n->text);
    if (line.len)
        (void)puts(buf_cstr(&line));
    if (fflush(stdout))
        f->stop = true; /* nobody reads any more */
    buf_free(&line);
}

static void on_joined(void *user, enum err e, const char *text)
{
    struct following *f = user;
    if (!e && !f->joined && !f->cli->json)
        (void)fprintf(stderr, "Following %s; Ctrl-C ends it.\n", f->cli->args[0]);
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
    for (int i = 0; i < 2; i++)
        uv_close((uv_handle_t *)&signals[i], NULL);
    session_close(&f.s);
    return exit_code;
}
