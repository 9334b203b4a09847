/* trigger: something happened that asks for a challenge or a meeting. */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "client/commands.h"
#include "client/session.h"
#include "client/table.h"
#include "client/when.h"

static void print_list(const Tandem__Triggered *t)
{
    for (size_t i = 0; i < t->n_rows; i++) {
        cli_print_safe(t->rows[i]->code, false);
        (void)printf("\n    ");
        cli_print_safe(t->rows[i]->words, false);
        if (t->rows[i]->suggests[0]) {
            (void)printf("\n    then: ");
            cli_print_safe(t->rows[i]->suggests, false);
        }
        (void)putchar('\n');
    }
    (void)puts("When one of them has happened: tandem trigger CODE --child REF --since TIME");
}

static json_t *list_json(const Tandem__Triggered *t)
{
    json_t *all = json_array();
    for (size_t i = 0; i < t->n_rows; i++)
        json_array_append_new(all, json_pack("{s:s, s:s, s:s}", "code", t->rows[i]->code, "words",
                                             t->rows[i]->words, "suggests", t->rows[i]->suggests));
    return all;
}

static enum err on_triggered(void *user, const Tandem__Envelope *m, struct err_info *why)
{
    const struct cli *c = user;
    enum err e = session_answer_is(m, TANDEM__ENVELOPE__BODY_TRIGGERED, why);
    if (e)
        return e;
    if (c->json && !c->nargs) {
        print_json(list_json(m->triggered));
    } else if (c->json) {
        print_json(json_pack("{s:s, s:s}", "ref", m->triggered->ref, "text", m->triggered->text));
    } else if (!c->nargs) {
        print_list(m->triggered);
    } else {
        cli_print_safe(m->triggered->text, true);
        (void)putchar('\n');
        if (m->triggered->ref[0]) {
            (void)printf("What to do next: tandem next ");
            cli_print_safe(m->triggered->ref, false);
            (void)putchar('\n');
        }
    }
    return ERR_OK;
}

int cmd_trigger(const struct cli *c)
{
    Tandem__Trigger t = TANDEM__TRIGGER__INIT;
    Tandem__Envelope m = TANDEM__ENVELOPE__INIT;
    const char *child = cli_option(c, "--child"), *carer = cli_option(c, "--carer");
    const char *since = cli_option(c, "--since");
    if (c->nargs && !child && !carer)
        return cli_usage(c, "Say about whom, by reference: --child REF or --carer REF.");
    if (since && !when_moment(since, WHEN_DAY_BEGINS, (int64_t)time(NULL) * 1000, &t.since_utc_ms))
        return cli_usage(c, "--since is a day or a time, as in 2026-11-22T16:30.");
    t.code = session_text(c->nargs ? c->args[0] : "");
    t.child_ref = session_text(child);
    t.carer_ref = session_text(carer);
    t.team = session_text(cli_option(c, "--team"));
    t.note = session_text(cli_option(c, "--note"));
    m.body_case = TANDEM__ENVELOPE__BODY_TRIGGER;
    m.trigger = &t;
    return session_once(c, &m, on_triggered, (void *)(uintptr_t)c);
}
