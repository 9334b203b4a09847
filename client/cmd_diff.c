/* diff: what changed in an audit between two of its states, and who changed it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client/commands.h"
#include "client/render/diff.h"
#include "client/session.h"

/* The present, and the two states that are compared. */
struct comparing {
    struct session s;
    struct view now, from, to;
    const char *from_words, *to_words;
    struct diff_removal *removals;
    size_t nremovals;
    uint64_t next_seq; /* of the log, read for removals */
};

static const char *name_of(void *user, uint32_t person)
{
    struct comparing *x = user;
    return view_name(&x->now, person); /* everybody who ever had to do with it */
}

static enum err view_point(struct comparing *x, const struct cli *c, const char *words,
                           struct view *out)
{
    struct diff_point p;
    enum err e = diff_point_find(x->now.audit, words, &p, &x->s.why);
    return e ? e : session_view(&x->s, c->args[0], p.seq, p.utc_ms, out);
}

static enum err choose(struct comparing *x, const struct cli *c)
{
    diff_points_usual(x->now.audit, &x->from_words, &x->to_words);
    if (cli_option(c, "--from"))
        x->from_words = cli_option(c, "--from");
    if (cli_option(c, "--to"))
        x->to_words = cli_option(c, "--to");
    if (x->from_words)
        return ERR_OK;
    return err_set(&x->s.why, ERR_INPUT,
                   "It has been neither agreed nor submitted yet: say from where, as an event's "
                   "number (tandem history %.40s) or a time: --from 2026-11-24T09:30.",
                   c->args[0]);
}

/* ---- who took items out: the log between the two states says it ---- */

static enum err note_removals(struct comparing *x, const Tandem__Event *from, struct err_info *why)
{
    struct event_body *body;
    enum err e = event_body_decode(from->body.data, from->body.len, &body, why);
    if (e)
        return e;
    struct diff_removal *grown =
        realloc(x->removals, (x->nremovals + body->nops + 1) * sizeof *grown);
    if (grown)
        x->removals = grown;
    for (size_t i = 0; grown && i < body->nops; i++)
        if (body->ops[i].kind == OP_ITEM_REMOVE)
            grown[x->nremovals++] = (struct diff_removal){body->ops[i].item.field, from->actor};
    event_body_free(body);
    return grown ? ERR_OK : err_set(why, ERR_NOMEM, "%s", err_text(ERR_NOMEM));
}

static enum err on_page(void *user, const Tandem__Envelope *m, struct err_info *why)
{
    struct comparing *x = user;
    enum err e = session_answer_is(m, TANDEM__ENVELOPE__BODY_HISTORY_PAGE, why);
    if (!e && !m->history_page->n_events)
        x->next_seq = x->to.seq + 1; /* there is no more */
    for (size_t i = 0; !e && i < m->history_page->n_events; i++) {
        x->next_seq = m->history_page->events[i]->seq + 1;
        if (m->history_page->events[i]->seq <= x->to.seq)
            e = note_removals(x, m->history_page->events[i], why);
    }
    return e;
}

static enum err read_removals(struct comparing *x, const struct cli *c)
{
    enum err e = ERR_OK;
    x->next_seq = x->from.seq + 1;
    while (!e && x->next_seq <= x->to.seq) {
        Tandem__History h = TANDEM__HISTORY__INIT;
        Tandem__Envelope m = TANDEM__ENVELOPE__INIT;
        h.ref = session_text(c->args[0]);
        h.from_seq = x->next_seq;
        m.body_case = TANDEM__ENVELOPE__BODY_HISTORY;
        m.history = &h;
        e = session_ask(&x->s, &m, on_page, x);
    }
    return e;
}

static enum err compare(struct comparing *x, const struct cli *c)
{
    enum err e = session_view(&x->s, c->args[0], 0, 0, &x->now);
    if (!e)
        e = choose(x, c);
    if (!e)
        e = view_point(x, c, x->from_words, &x->from);
    if (!e)
        e = view_point(x, c, x->to_words, &x->to);
    if (!e && x->from.seq > x->to.seq)
        e = err_set(&x->s.why, ERR_INPUT, "--from (event %llu) is later than --to (event %llu).",
                    (unsigned long long)x->from.seq, (unsigned long long)x->to.seq);
    if (!e && diff_has_removals(x->from.audit, x->to.audit))
        e = read_removals(x, c);
    return e;
}

static enum err print_difference(struct comparing *x, bool json)
{
    struct diff_source src = {
        .from = x->from.audit,
        .to = x->to.audit,
        .names = {x->to.audit, &x->to.me, name_of, x},
        .from_words = x->from_words,
        .to_words = x->to_words,
        .removals = x->removals,
        .nremovals = x->nremovals
    };
    struct buf out = BUF_INIT;
    enum err e = ERR_OK;
    if (json) {
        json_t *j = render_diff_json(&src);
        e = j ? ERR_OK : ERR_NOMEM;
        if (j)
            print_json(j);
    } else {
        e = render_diff(&src, &out);
        (void)fputs(buf_cstr(&out), stdout); /* safe text holds no NUL */
    }
    buf_free(&out);
    return e;
}

int cmd_diff(const struct cli *c)
{
    struct comparing x = {.now = {.seq = 0}};
    const char *format = cli_option(c, "--format");
    if (format && strcmp(format, "text") != 0 && strcmp(format, "json") != 0)
        return cli_usage(c, "--format is text or json.");
    enum err e = session_open(&x.s, c);
    if (!e)
        e = compare(&x, c);
    if (!e)
        e = print_difference(&x, c->json || (format && !strcmp(format, "json")));
    int exit_code = e ? session_fail(&x.s, e) : EXIT_DONE;
    free(x.removals);
    view_fini(&x.from);
    view_fini(&x.to);
    view_fini(&x.now);
    session_close(&x.s);
    return exit_code;
}
