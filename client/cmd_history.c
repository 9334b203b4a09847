/* history, blame: the log, and what it says about words. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client/address.h"
#include "client/commands.h"
#include "client/render/render.h"
#include "client/session.h"

struct replay;
/* Each event, after it has been folded. */
typedef void (*replay_fn)(struct replay *p, const struct event *e);

struct replay {
    const struct cli *cli;
    struct session s;
    struct view v;   /* of the present: template, names; v.audit is the present */
    struct audit *a; /* the past, growing */
    struct render_source src;
    uint64_t next_seq, last_seq;
    replay_fn before, after;
    struct field field; /* question 0: everything */
    /* blame: when each run of characters was written */
    struct written {
        uint32_t agent, first, end;
        int64_t utc_ms;
        uint64_t seq;
    } * written;
    size_t nwritten;
    uint32_t seq_before; /* of the event's agent in the field */
    json_t *rows;
};

static const char *name_of(void *user, uint32_t person)
{
    return view_name(user, person);
}

static enum err fold(struct replay *p, const Tandem__Event *from, struct err_info *why)
{
    struct event_body *body;
    enum err e = event_body_decode(from->body.data, from->body.len, &body, why);
    if (e)
        return e;
    struct event ev = {
        .seq = from->seq, .utc_ms = from->utc_ms, .actor = from->actor, .body = *body};
    if (p->before)
        p->before(p, &ev);
    e = audit_apply(p->a, &ev);
    if (e)
        (void)err_set(why, e, "The log of this audit cannot be read at event %llu.",
                      (unsigned long long)ev.seq);
    else
        p->after(p, &ev);
    event_body_free(body);
    return e;
}

static enum err on_page(void *user, const Tandem__Envelope *m, struct err_info *why)
{
    struct replay *p = user;
    if (m->body_case != TANDEM__ENVELOPE__BODY_HISTORY_PAGE)
        return err_set(why, ERR_VERSION, "The server answered something else.");
    const Tandem__HistoryPage *page = m->history_page;
    enum err e = view_add_names(&p->v, page->people, page->n_people);
    p->last_seq = page->last_seq;
    if (!page->n_events)
        p->last_seq = p->next_seq - 1;
    for (size_t i = 0; i < page->n_events && !e; i++) {
        e = fold(p, page->events[i], why);
        p->next_seq = page->events[i]->seq + 1;
    }
    return e;
}

static enum err read_log(struct replay *p)
{
    enum err e = ERR_OK;
    p->a = audit_new(p->v.template);
    if (!p->a)
        return err_set(&p->s.why, ERR_NOMEM, "%s", err_text(ERR_NOMEM));
    p->src = (struct render_source){p->a, &p->v.me, name_of, &p->v};
    p->next_seq = 1;
    do {
        Tandem__History h = TANDEM__HISTORY__INIT;
        Tandem__Envelope m = TANDEM__ENVELOPE__INIT;
        h.ref = (char *)(uintptr_t)p->cli->args[0];
        h.from_seq = p->next_seq;
        m.body_case = TANDEM__ENVELOPE__BODY_HISTORY;
        m.history = &h;
        e = session_ask(&p->s, &m, on_page, p);
    } while (!e && p->next_seq <= p->last_seq);
    return e;
}

static void replay_close(struct replay *p)
{
    audit_free(p->a);
    view_fini(&p->v);
    session_close(&p->s);
    free(p->written);
}

static enum err replay_open(struct replay *p)
{
    enum err e = session_open(&p->s, p->cli);
    return e ? e : session_view(&p->s, p->cli->args[0], 0, 0, &p->v);
}

/* ---- history ---- */

static void print_event(struct replay *p, const struct event *e)
{
    if (!render_event_is_about(e, p->field.question))
        return;
    if (p->cli->json) {
        print_json_line(render_event_json(&p->src, e));
        return;
    }
    struct buf line = BUF_INIT;
    render_event(&p->src, e, &line);
    (void)puts(buf_cstr(&line));
    buf_free(&line);
}

int cmd_history(const struct cli *c)
{
    struct replay p = {.cli = c, .after = print_event};
    enum err e = replay_open(&p);
    if (!e && c->nargs > 1)
        e = address_find(p.v.audit, c->args[1], &p.field, NULL, &p.s.why);
    if (!e)
        e = read_log(&p);
    int exit_code = e ? session_fail(&p.s, e) : EXIT_DONE;
    replay_close(&p);
    return exit_code;
}

/* ---- blame ---- */

static bool writes_in(const struct replay *p, const struct event *e)
{
    for (size_t i = 0; i < e->body.nops; i++)
        if (e->body.ops[i].kind == OP_TEXT && field_equal(e->body.ops[i].text.field, p->field))
            return true;
    return false;
}

static uint32_t next_seq_of(const struct replay *p, const struct event *e)
{
    const struct text *t = audit_text(p->a, p->field);
    return t ? text_next_seq(t, e->body.agent) : 0;
}

static void note_before(struct replay *p, const struct event *e)
{
    p->seq_before = writes_in(p, e) ? next_seq_of(p, e) : 0;
}

static void note_after(struct replay *p, const struct event *e)
{
    if (!writes_in(p, e) || next_seq_of(p, e) == p->seq_before)
        return;
    struct written *grown = realloc(p->written, (p->nwritten + 1) * sizeof *grown);
    if (!grown)
        return;
    p->written = grown;
    p->written[p->nwritten++] = (struct written){.agent = e->body.agent,
                                                 .first = p->seq_before,
                                                 .end = next_seq_of(p, e),
                                                 .utc_ms = e->utc_ms,
                                                 .seq = e->seq};
}

static const struct written *written_find(const struct replay *p, struct text_id id)
{
    for (size_t i = 0; i < p->nwritten; i++)
        if (p->written[i].agent == id.agent && id.seq >= p->written[i].first &&
            id.seq < p->written[i].end)
            return &p->written[i];
    return NULL;
}

static void blame_row(struct replay *p, const struct text_run *run, const char *words, size_t len,
                      const struct written *w)
{
    uint32_t by = audit_agent_person(p->a, run->id.agent);
    uint32_t struck = run->deleted ? audit_agent_person(p->a, run->deleted_by) : 0;
    int64_t struck_ms = run->deleted ? (int64_t)run->deleted_when : 0;
    if (p->cli->json) {
        json_t *j = json_pack("{s:o, s:i, s:s, s:o, s:I}", "text", json_stringn(words, len), "by",
                              (int)by, "name", view_name(&p->v, by), "at",
                              render_utc(w ? w->utc_ms : 0), "seq", (json_int_t)(w ? w->seq : 0));
        if (struck) {
            (void)json_object_set_new(j, "struck_by", json_integer(struck));
            (void)json_object_set_new(j, "struck_name", json_string(view_name(&p->v, struck)));
            (void)json_object_set_new(j, "struck_at", render_utc(struck_ms));
        }
        json_array_append_new(p->rows, j);
        return;
    }
    char when[32];
    char *copy = strndup(words, len);
    (void)printf("%s  %s%s", render_time(w ? w->utc_ms : 0, when), view_name(&p->v, by),
                 struck ? "  " : ": ");
    if (struck)
        (void)printf("[struck out by %s, %s]: ", view_name(&p->v, struck),
                     render_time(struck_ms, when));
    if (copy)
        cli_print_safe(copy, false);
    (void)putchar('\n');
    free(copy);
}

/* A run of one author may have been written by several events: one row each. */
static bool on_run(void *user, const struct text_run *run)
{
    struct replay *p = user;
    const char *s = run->utf8 ? run->utf8 : "", *end = s + (run->utf8 ? run->len_bytes : 0);
    for (size_t i = 0; i < run->len_cp;) {
        struct text_id id = {run->id.agent, run->id.seq + (uint32_t)i};
        const struct written *w = written_find(p, id);
        size_t n = w && w->end - id.seq < run->len_cp - i ? w->end - id.seq : run->len_cp - i;
        const char *from = s;
        for (size_t k = 0; k < n && s < end; k++) {
            s++;
            while (s < end && ((unsigned char)*s & 0xc0) == 0x80)
                s++;
        }
        blame_row(p, run, from, (size_t)(s - from), w);
        i += n;
    }
    return true;
}

int cmd_blame(const struct cli *c)
{
    struct replay p = {.cli = c, .before = note_before, .after = note_after};
    enum err e = replay_open(&p);
    if (!e)
        e = address_words(p.v.audit, c->args[1], &p.field, &p.s.why);
    /* what is held has words or none: the same answer, and not "nobody has written" */
    if (!e && audit_right(p.v.audit, &p.v.me, p.field, &p.s.why) < RIGHT_READ)
        e = ERR_REFUSED_ROLE;
    if (!e)
        e = read_log(&p);
    int exit_code = e ? session_fail(&p.s, e) : EXIT_DONE;
    if (!e) {
        const struct text *t = audit_text(p.a, p.field);
        p.rows = json_array();
        if (t)
            text_runs(t, 0, text_len_cp(t), on_run, &p);
        if (c->json)
            print_json(p.rows);
        else {
            json_decref(p.rows);
            if (!t)
                (void)puts("Nobody has written here.");
        }
    }
    replay_close(&p);
    return exit_code;
}
