#include "client/link/log_fetch.h"

#include <stdio.h>
#include <stdlib.h>

#include "proto/wire.pb-c.h"

struct log_fetch {
    struct link *link;
    char ref[64];
    struct template *template;
    struct audit *audit; /* of that template */
    log_fetch_fn fn;     /* NULL: cancelled */
    void *user;
};

static void fetch_free(struct log_fetch *f)
{
    audit_free(f->audit);
    template_free(f->template);
    free(f);
}

static void finish(struct log_fetch *f, enum err e, const char *text)
{
    if (f->fn && e) {
        f->fn(f->user, e, text && *text ? text : err_text(e), NULL, NULL);
    } else if (f->fn) {
        struct audit *a = f->audit;
        struct template *t = f->template;
        f->audit = NULL;
        f->template = NULL;
        f->fn(f->user, ERR_OK, "", a, t);
    }
    fetch_free(f);
}

static enum err fold(struct log_fetch *f, const Tandem__Event *from, struct err_info *why)
{
    struct event_body *body = NULL;
    enum err e = event_body_decode(from->body.data, from->body.len, &body, why);
    if (!e) {
        struct event ev = {
            .seq = from->seq, .utc_ms = from->utc_ms, .actor = from->actor, .body = *body};
        e = audit_apply(f->audit, &ev);
    }
    event_body_free(body);
    return e;
}

static enum err ask(struct log_fetch *f);

static void on_page(void *user, enum err e, const char *text, const Tandem__Envelope *answer)
{
    struct log_fetch *f = user;
    struct err_info why = {0};
    if (!e && (!f->fn || answer->body_case != TANDEM__ENVELOPE__BODY_HISTORY_PAGE))
        e = f->fn ? ERR_INPUT : ERR_NET;
    if (e) {
        finish(f, e, text);
        return;
    }
    const Tandem__HistoryPage *page = answer->history_page;
    for (size_t i = 0; !e && i < page->n_events; i++)
        e = fold(f, page->events[i], &why);
    bool all = !page->n_events || audit_seq(f->audit) >= page->last_seq;
    if (!e && !all)
        e = ask(f);
    if (e || all)
        finish(f, e, why.text);
}

static enum err ask(struct log_fetch *f)
{
    Tandem__Envelope env = TANDEM__ENVELOPE__INIT;
    Tandem__History history = TANDEM__HISTORY__INIT;
    history.ref = f->ref;
    history.from_seq = audit_seq(f->audit) + 1;
    env.body_case = TANDEM__ENVELOPE__BODY_HISTORY;
    env.history = &history;
    return link_request(f->link, &env, on_page, f);
}

static struct template *copy_template(const struct template *t)
{
    struct buf bytes = BUF_INIT;
    struct template *copy = NULL;
    template_encode(t, &bytes);
    if (buf_failed(&bytes) || template_decode(bytes.data, bytes.len, &copy, NULL))
        copy = NULL;
    buf_free(&bytes);
    return copy;
}

struct log_fetch *log_fetch_start(struct link *l, const char *ref, const struct template *t,
                                  log_fetch_fn fn, void *user)
{
    struct log_fetch *f = calloc(1, sizeof *f);
    if (!f)
        return NULL;
    f->link = l;
    f->fn = fn;
    f->user = user;
    f->template = copy_template(t);
    f->audit = f->template ? audit_new(f->template) : NULL;
    snprintf(f->ref, sizeof f->ref, "%s", ref);
    if (!f->audit || ask(f)) {
        fetch_free(f);
        return NULL;
    }
    return f;
}

void log_fetch_cancel(struct log_fetch *f)
{
    if (f)
        f->fn = NULL;
}
