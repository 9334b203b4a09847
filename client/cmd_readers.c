/* readers, break-glass: who looked at a record, and looking without a part in it. */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "client/commands.h"
#include "client/render/render.h"
#include "client/session.h"
#include "client/table.h"
#include "client/when.h"

/* ---- readers ---- */

struct reading {
    const struct cli *cli;
    struct table table;
    json_t *all;
    int64_t after_utc_ms;
    bool more;
};

static enum err on_readers(void *user, const Tandem__Envelope *m, struct err_info *why)
{
    struct reading *x = user;
    char when[32];
    enum err e = session_answer_is(m, TANDEM__ENVELOPE__BODY_READER_LIST, why);
    if (e)
        return e;
    int64_t after = x->after_utc_ms;
    for (size_t i = 0; i < m->reader_list->n_rows; i++) {
        const Tandem__ReaderRow *r = m->reader_list->rows[i];
        table_cell(&x->table, render_time(r->utc_ms, when));
        table_cell(&x->table, r->name);
        table_cell(&x->table, r->what);
        json_array_append_new(x->all, json_pack("{s:o, s:i, s:s, s:s}", "at", render_utc(r->utc_ms),
                                                "person", (int)r->person, "name", r->name, "what",
                                                r->what));
        x->after_utc_ms = r->utc_ms;
    }
    x->more = m->reader_list->more && x->after_utc_ms > after;
    return ERR_OK;
}

static void print_readers(const struct reading *x)
{
    if (x->cli->json)
        print_json(json_incref(x->all));
    else if (table_rows(&x->table))
        table_print(&x->table);
    else
        (void)puts("Nobody has opened it since then.");
}

int cmd_readers(const struct cli *c)
{
    static const char *const heads[] = {"when", "name", "what"};
    const char *since = cli_option(c, "--since");
    struct session s;
    struct reading x = {
        .cli = c, .table = {.heads = heads, .ncols = 3}
    };
    if (since && !when_moment(since, WHEN_DAY_BEGINS, (int64_t)time(NULL) * 1000, &x.after_utc_ms))
        return cli_usage(c, "--since is a day or a time, as in 2026-11-01 or 2026-11-01T09:30.");
    x.all = json_array();
    enum err e = session_open(&s, c);
    do {
        Tandem__Readers ask = TANDEM__READERS__INIT;
        Tandem__Envelope m = TANDEM__ENVELOPE__INIT;
        ask.ref = session_text(c->args[0]);
        ask.after_utc_ms = x.after_utc_ms;
        m.body_case = TANDEM__ENVELOPE__BODY_READERS;
        m.readers = &ask;
        if (!e)
            e = session_ask(&s, &m, on_readers, &x);
    } while (!e && x.more);
    int exit_code = e ? session_fail(&s, e) : EXIT_DONE;
    if (!e)
        print_readers(&x);
    table_free(&x.table);
    json_decref(x.all);
    session_close(&s);
    return exit_code;
}

/* ---- break-glass ---- */

struct breaking {
    const struct cli *cli;
    int64_t until_utc_ms; /* 0: given back */
};

static enum err on_broken(void *user, const Tandem__Envelope *m, struct err_info *why)
{
    const struct breaking *x = user;
    char when[32];
    enum err e = session_answer_is(m, TANDEM__ENVELOPE__BODY_DONE, why);
    if (e)
        return e;
    if (x->cli->json)
        print_json(
            json_pack("{s:s, s:o}", "ref", x->cli->args[0], "until", render_utc(x->until_utc_ms)));
    else if (x->until_utc_ms)
        (void)printf("You may read %s until %s. QA and the service manager are told, and the "
                     "record shows it.\nTo give it back earlier: tandem break-glass %s --end\n",
                     x->cli->args[0], render_time(x->until_utc_ms, when), x->cli->args[0]);
    else
        (void)printf("You have given %s back.\n", x->cli->args[0]);
    return ERR_OK;
}

int cmd_break_glass(const struct cli *c)
{
    struct breaking x = {.cli = c};
    Tandem__BreakGlass ask = TANDEM__BREAK_GLASS__INIT;
    Tandem__Envelope m = TANDEM__ENVELOPE__INIT;
    const char *until = cli_option(c, "--until"), *reason = cli_option(c, "--reason");
    bool end = cli_option(c, "--end") != NULL;
    if (end && (until || reason))
        return cli_usage(c, "--end gives the record back; it stands alone.");
    if (!end && (!until || !reason))
        return cli_usage(c, "Say why, and until when: --reason TEXT --until 48h (or a time).");
    if (until && !when_until(until, (int64_t)time(NULL) * 1000, &x.until_utc_ms))
        return cli_usage(c, "--until is hours from now (48h), a day or a time, as in "
                            "2026-11-26T17:00.");
    ask.ref = session_text(c->args[0]);
    ask.reason = session_text(reason);
    ask.until_utc_ms = x.until_utc_ms;
    m.body_case = TANDEM__ENVELOPE__BODY_BREAK_GLASS;
    m.break_glass = &ask;
    return session_once(c, &m, on_broken, &x);
}
