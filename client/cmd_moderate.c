/* moderators, assign: who looks at an audit from outside. */
#include <stdio.h>
#include <string.h>

#include "client/cmd_life.h"
#include "client/commands.h"
#include "client/table.h"

static void join_conflicts(const Tandem__ModeratorRow *r, struct buf *out)
{
    buf_clear(out);
    buf_append_str(out, r->own ? "the child's own IRO" : "");
    for (size_t i = 0; i < r->n_conflicts; i++)
        buf_appendf(out, "%s%s", out->len ? "; " : "", r->conflicts[i]);
}

static void print_moderators(const struct cli *c, const Tandem__ModeratorList *list)
{
    static const char *const heads[] = {"number", "name", "may", "moderates now", "because"};
    struct table t = {.heads = heads, .ncols = sizeof heads / sizeof *heads};
    struct buf b = BUF_INIT;
    for (size_t i = 0; i < list->n_rows; i++) {
        const Tandem__ModeratorRow *r = list->rows[i];
        table_cellf(&t, "%u", (unsigned)r->person);
        table_cell(&t, r->name);
        table_cell(&t, r->n_conflicts ? "no" : "yes");
        table_cellf(&t, "%u", (unsigned)r->open);
        join_conflicts(r, &b);
        table_cell(&t, buf_cstr(&b));
    }
    if (list->n_rows) {
        table_print(&t);
        (void)printf("To ask one of them: tandem assign %s NAME\n", c->args[0]);
    } else {
        (void)puts("There is no independent reviewing officer (IRO) on this site yet.");
    }
    buf_free(&b);
    table_free(&t);
}

static json_t *moderator_json(const Tandem__ModeratorRow *r)
{
    json_t *conflicts = json_array();
    for (size_t i = 0; i < r->n_conflicts; i++)
        json_array_append_new(conflicts, json_string(r->conflicts[i]));
    return json_pack("{s:i, s:s, s:b, s:i, s:o}", "person", (int)r->person, "name", r->name, "own",
                     (int)r->own, "open", (int)r->open, "conflicts", conflicts);
}

static enum err on_moderators(void *user, const Tandem__Envelope *m, struct err_info *why)
{
    const struct cli *c = user;
    enum err e = session_answer_is(m, TANDEM__ENVELOPE__BODY_MODERATOR_LIST, why);
    if (e)
        return e;
    if (!c->json) {
        print_moderators(c, m->moderator_list);
        return ERR_OK;
    }
    json_t *all = json_array();
    for (size_t i = 0; i < m->moderator_list->n_rows; i++)
        json_array_append_new(all, moderator_json(m->moderator_list->rows[i]));
    print_json(all);
    return ERR_OK;
}

int cmd_moderators(const struct cli *c)
{
    Tandem__Moderators ask = TANDEM__MODERATORS__INIT;
    Tandem__Envelope m = TANDEM__ENVELOPE__INIT;
    ask.ref = session_text(c->args[0]);
    m.body_case = TANDEM__ENVELOPE__BODY_MODERATORS;
    m.moderators = &ask;
    return session_once(c, &m, on_moderators, (void *)(uintptr_t)c);
}

/* In RETURNED only the name changes; before it, naming somebody hands the audit to them. Who leads
 * the IROs may assign without reading, so that not knowing the state is no reason to stop. */
int cmd_assign(const struct cli *c)
{
    struct session s;
    struct steps x = {NULL};
    struct move m = {.ref = c->args[0],
                     .to = AUDIT_MODERATING,
                     .reason = cli_option(c, "--reason"),
                     .person = c->args[1]};
    enum err e = session_open(&s, c);
    if (!e)
        e = steps_ask(&s, c->args[0], &x);
    if (!e && x.answer->state == AUDIT_RETURNED)
        m.to = AUDIT_RETURNED;
    if (e == ERR_NOT_FOUND)
        e = ERR_OK;
    int exit_code = e ? session_fail(&s, e) : move_and_print(&s, c, &m);
    steps_fini(&x);
    session_close(&s);
    return exit_code;
}
