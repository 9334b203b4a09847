/* action, actions: what was agreed to be done, and what becomes of it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "client/address.h"
#include "client/commands.h"
#include "client/render/actions.h"
#include "client/session.h"
#include "client/table.h"
#include "client/when.h"

static void today_of(char out[16])
{
    struct tm tm;
    time_t now = time(NULL);
    if (!localtime_r(&now, &tm) || !strftime(out, 16, "%Y-%m-%d", &tm))
        out[0] = '\0';
}

/* ---- actions ---- */

static void action_cells(const struct action_line *l, struct table *t)
{
    char status[24];
    (void)snprintf(status, sizeof status, "%s", l->status);
    for (char *p = status; *p; p++)
        *p = *p == '_' ? ' ' : *p;
    table_cell(t, l->where);
    table_cell(t, status);
    table_cell(t, l->owner[0] ? l->owner : "nobody yet");
    bool moved = l->first_due[0] && strcmp(l->first_due, l->due) != 0;
    table_cellf(t, "%s%s%s%s", l->due[0] ? l->due : "-", moved ? " (first " : "",
                moved ? l->first_due : "", moved ? ")" : "");
    if (l->days_late)
        table_cellf(t, "%d day%s", l->days_late, l->days_late == 1 ? "" : "s");
    else
        table_cell(t, "");
    table_cell(t, l->gaps);
    table_cell(t, l->what);
}

struct listing {
    const struct cli *cli;
    struct table table;
    json_t *all;
};

static void list_actions(const struct audit *a, struct listing *x)
{
    const struct template *t = audit_template(a);
    char today[16];
    today_of(today);
    for (size_t q = 0; q < t->nquestions; q++) {
        struct audit_item items[AUDIT_MAX_ITEMS];
        size_t n = audit_items(a, t->questions[q].number, PART_ACTIONS, items, AUDIT_MAX_ITEMS);
        for (size_t i = 0; i < n && i < AUDIT_MAX_ITEMS; i++) {
            struct field f = {t->questions[q].number, PART_ACTIONS, items[i].id};
            struct action_line l;
            render_action(a, f, today, &l);
            json_array_append_new(x->all, render_action_json(&l));
            action_cells(&l, &x->table);
            action_line_fini(&l);
        }
    }
}

int cmd_actions(const struct cli *c)
{
    static const char *const heads[] = {"action", "status", "owner", "due", "late", "gaps", "what"};
    struct session s;
    struct view v = {.seq = 0};
    struct listing x = {
        .cli = c, .table = {.heads = heads, .ncols = 7},
             .all = json_array()
    };
    enum err e = session_open(&s, c);
    if (!e)
        e = session_view(&s, c->args[0], 0, 0, &v);
    int exit_code = e ? session_fail(&s, e) : EXIT_DONE;
    if (!e)
        list_actions(v.audit, &x);
    if (!e && c->json)
        print_json(json_incref(x.all));
    else if (!e && table_rows(&x.table))
        table_print(&x.table);
    else if (!e)
        (void)puts("There is no action in this record yet.");
    json_decref(x.all);
    table_free(&x.table);
    view_fini(&v);
    session_close(&s);
    return exit_code;
}

/* ---- action ---- */

/* "L5[2]", of a list of actions. */
static enum err find_action(const struct audit *a, const char *typed, struct field *out,
                            struct err_info *why)
{
    enum err e = address_find(a, typed, out, NULL, why);
    if (!e && (!out->item || !audit_item_exists(a, out->question, PART_ACTIONS, out->item)))
        e = err_set(why, ERR_INPUT,
                    "%.40s is not an action; tandem actions REF shows how each is called.", typed);
    return e;
}

/* What was typed for a step, as the server reads it: its code, a day, an impact; other words behind
 * a step are its reason. */
struct step {
    char code[32], day[16];
    const char *value, *reason;
};

static const char *const steps[] = {"start",         "claim",  "verify",    "reopen", "due",
                                    "not_effective", "cancel", "supersede", "impact", NULL};

/* A word that was mistyped; others are for the server to judge, which may know more. */
static const char *meant_step(const char *code)
{
    for (size_t i = 0; steps[i]; i++)
        if (!strcasecmp(steps[i], code))
            return NULL;
    return cli_nearest(code, steps);
}

static bool read_step(const struct cli *c, struct step *out)
{
    const char *value = c->nargs > 3 ? c->args[3] : "";
    *out = (struct step){.value = value, .reason = cli_option(c, "--reason")};
    (void)snprintf(out->code, sizeof out->code, "%s", c->args[2]);
    for (char *p = out->code; *p; p++)
        *p = *p == '-' ? '_' : *p;
    bool due = !strcasecmp(out->code, "due");
    if (due && *value) {
        if (!when_date(value, out->day))
            return false;
        out->value = out->day;
    } else if (strcasecmp(out->code, "impact") != 0 && !out->reason) {
        out->value = "";
        out->reason = value;
    }
    return true;
}

static enum err on_stepped(void *user, const Tandem__Envelope *m, struct err_info *why)
{
    (void)user;
    return session_answer_is(m, TANDEM__ENVELOPE__BODY_DONE, why);
}

static void say_stands(struct session *s, const struct cli *c, struct field f)
{
    struct view v = {.seq = 0};
    struct action_line l;
    char today[16];
    today_of(today);
    if (!session_view(s, c->args[0], 0, 0, &v)) {
        render_action(v.audit, f, today, &l);
        if (c->json) {
            print_json(render_action_json(&l));
        } else {
            (void)printf("%s: %s%s%s\n", l.where, l.status, l.due[0] ? ", due " : "", l.due);
        }
        action_line_fini(&l);
    } else if (!c->json) {
        (void)puts("Done.");
    }
    view_fini(&v);
}

static enum err take_step(struct session *s, const struct cli *c, const struct step *step,
                          const struct audit *a, struct field *f)
{
    const char *leads_to = cli_option(c, "--leads-to");
    struct field other = {0};
    enum err e = find_action(a, c->args[1], f, &s->why);
    if (!e && leads_to)
        e = find_action(a, leads_to, &other, &s->why);
    if (e)
        return e;
    Tandem__ActionStep ask = TANDEM__ACTION_STEP__INIT;
    Tandem__Envelope m = TANDEM__ENVELOPE__INIT;
    ask.ref = session_text(c->args[0]);
    ask.question = f->question;
    ask.item = f->item;
    ask.step = session_text(step->code);
    ask.value = session_text(step->value);
    ask.reason = session_text(step->reason);
    ask.other_item = other.item;
    m.body_case = TANDEM__ENVELOPE__BODY_ACTION_STEP;
    m.action_step = &ask;
    return session_ask(s, &m, on_stepped, NULL);
}

int cmd_action(const struct cli *c)
{
    struct session s;
    struct view v = {.seq = 0};
    struct step step;
    struct field f = {0};
    if (!read_step(c, &step))
        return cli_usage(c, "A new due day is a day, as in 2027-03-25 or 25/3/2027.");
    const char *meant = meant_step(step.code);
    if (meant) {
        struct err_info text;
        (void)err_set(&text, ERR_INPUT, "There is no step \"%.30s\"; did you mean \"%s\"?",
                      step.code, meant);
        return cli_usage(c, text.text);
    }
    enum err e = session_open(&s, c);
    if (!e)
        e = session_view(&s, c->args[0], 0, 0, &v);
    if (!e)
        e = take_step(&s, c, &step, v.audit, &f);
    int exit_code = e ? session_fail(&s, e) : EXIT_DONE;
    if (!e)
        say_stands(&s, c, f);
    view_fini(&v);
    session_close(&s);
    return exit_code;
}
