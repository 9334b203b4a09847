#include "client/cmd_record.h"

#include <stdio.h>
#include <string.h>

#include "client/cmd_edit.h"
#include "client/commands.h"
#include "client/render/render.h"
#include "client/table.h"

int subcommand_run(const struct cli *c, const struct subcommand *rows)
{
    struct err_info text;
    struct buf names = BUF_INIT;
    for (const struct subcommand *r = rows; r->name; r++) {
        buf_appendf(&names, "%s%s", r > rows ? ", " : "", r->name);
        if (strcmp(r->name, c->args[0]) != 0)
            continue;
        buf_free(&names);
        if (c->nargs == r->nargs)
            return r->run(c);
        (void)err_set(&text, ERR_INPUT, "That is: tandem %s %s %s", c->command->name, r->name,
                      r->needs);
        return cli_usage(c, text.text);
    }
    (void)err_set(&text, ERR_INPUT, "There is no \"%s %.40s\"; there is: %s.", c->command->name,
                  c->args[0], buf_cstr(&names));
    buf_free(&names);
    return cli_usage(c, text.text);
}

/* ---- templates ---- */

static enum err on_template(void *user, const Tandem__Envelope *m, struct err_info *why)
{
    enum err e = session_answer_is(m, TANDEM__ENVELOPE__BODY_TEMPLATE_REPLY, why);
    const ProtobufCBinaryData *bytes = e ? NULL : &m->template_reply->template_;
    return e ? e : template_decode(bytes->data, bytes->len, (struct template **)user, why);
}

enum err record_template(struct session *s, const char *id, struct template **out)
{
    Tandem__GetTemplate get = TANDEM__GET_TEMPLATE__INIT;
    Tandem__Envelope m = TANDEM__ENVELOPE__INIT;
    *out = NULL;
    get.id = session_text(id);
    m.body_case = TANDEM__ENVELOPE__BODY_GET_TEMPLATE;
    m.get_template = &get;
    return session_ask(s, &m, on_template, out);
}

/* ---- a new record ---- */

void record_init(struct record_new *x, const struct cli *c, const struct template *t)
{
    *x = (struct record_new){.ref = ""};
    tandem__new_audit__init(&x->ask);
    x->ask.template_id = t->id;
    x->ask.values = x->list;
    x->ask.child_refs = x->children;
    x->ask.carer_ref = session_text(cli_option(c, "--carer"));
    x->ask.team = session_text(cli_option(c, "--team"));
    for (int i = 0; cli_option_at(c, "--child", i); i++)
        x->children[x->ask.n_child_refs++] = session_text(cli_option_at(c, "--child", i));
}

void record_value(struct record_new *x, const struct template *t, const char *use, enum part part,
                  const char *value)
{
    const struct question *q = template_use_find(t, use);
    const struct part_def *def = part_find(part);
    size_t i = x->ask.n_values;
    if (!value || !*value || !q || !def || !question_has_part(q, def) || i == RECORD_VALUES)
        return;
    tandem__value__init(&x->values[i]);
    (void)snprintf(x->where[i], sizeof x->where[i], "%s.%s", q->code, def->code);
    x->values[i].where = x->where[i];
    x->values[i].value = session_text(value);
    x->list[i] = &x->values[i];
    x->ask.n_values++;
}

static enum err on_made(void *user, const Tandem__Envelope *m, struct err_info *why)
{
    struct record_new *x = user;
    enum err e = session_answer_is(m, TANDEM__ENVELOPE__BODY_AUDIT_CREATED, why);
    if (!e)
        (void)snprintf(x->ref, sizeof x->ref, "%s", m->audit_created->ref);
    return e;
}

enum err record_make(struct session *s, struct record_new *x)
{
    Tandem__Envelope m = TANDEM__ENVELOPE__INIT;
    m.body_case = TANDEM__ENVELOPE__BODY_NEW_AUDIT;
    m.new_audit = &x->ask;
    return session_ask(s, &m, on_made, x);
}

/* ---- answers ---- */

enum err record_field(struct session *s, const char *use, enum part part, struct field *out)
{
    const struct template *t = audit_template(replica_audit(link_replica(s->link)));
    const struct question *q = template_use_find(t, use);
    if (!q)
        return err_set(&s->why, ERR_INPUT, "This record (%s, %s) has no answer for that.", t->id,
                       t->title);
    *out = (struct field){q->number, (uint16_t)part, 0};
    return ERR_OK;
}

enum err record_write(struct session *s, const char *use, enum part part, const char *value)
{
    struct replica *r = link_replica(s->link);
    struct field f;
    enum err e = record_field(s, use, part, &f);
    if (e)
        return e;
    if (part_find(part)->type == TYPE_TEXT) {
        e = replica_replace(r, f, value, strlen(value), &s->why);
        if (!e)
            note_identifiers(replica_audit(r), f, audit_info(replica_audit(r)).ref);
        return e;
    }
    return replica_set(r, f, value, &s->why);
}

/* ---- lists ---- */

struct listing {
    const struct cli *cli;
    const char *template_id, *none;
    struct table table;
    json_t *all;
    char after[64];
    bool more;
};

static enum err on_list(void *user, const Tandem__Envelope *m, struct err_info *why)
{
    struct listing *x = user;
    char when[32];
    enum err e = session_answer_is(m, TANDEM__ENVELOPE__BODY_AUDIT_LIST, why);
    if (e)
        return e;
    for (size_t i = 0; i < m->audit_list->n_rows; i++) {
        const Tandem__AuditRow *r = m->audit_list->rows[i];
        (void)snprintf(x->after, sizeof x->after, "%s", r->ref);
        if (strcmp(r->template_id, x->template_id) != 0)
            continue;
        table_cell(&x->table, r->ref);
        table_cell(&x->table, r->team);
        table_cell(&x->table, audit_state_code((enum audit_state)r->state));
        table_cellf(&x->table, "%u of %u", (unsigned)r->answered, (unsigned)r->required);
        table_cell(&x->table, render_time(r->changed_utc_ms, when));
        json_array_append_new(
            x->all,
            json_pack("{s:s, s:s, s:s, s:i, s:i, s:o}", "ref", r->ref, "team", r->team, "state",
                      audit_state_code((enum audit_state)r->state), "answered", (int)r->answered,
                      "required", (int)r->required, "changed", render_utc(r->changed_utc_ms)));
    }
    x->more = m->audit_list->more && m->audit_list->n_rows;
    return ERR_OK;
}

int record_list(const struct cli *c, const char *template_id, const char *none)
{
    static const char *const heads[] = {"record", "team", "state", "answered", "changed"};
    struct session s;
    struct listing x = {.cli = c, .template_id = template_id, .none = none, .all = json_array()};
    x.table = (struct table){.heads = heads, .ncols = 5};
    enum err e = session_open(&s, c);
    do {
        Tandem__ListAudits ask = TANDEM__LIST_AUDITS__INIT;
        Tandem__Envelope m = TANDEM__ENVELOPE__INIT;
        ask.after_ref = x.after;
        m.body_case = TANDEM__ENVELOPE__BODY_LIST_AUDITS;
        m.list_audits = &ask;
        if (!e)
            e = session_ask(&s, &m, on_list, &x);
    } while (!e && x.more);
    int exit_code = e ? session_fail(&s, e) : EXIT_DONE;
    if (!e && c->json)
        print_json(json_incref(x.all));
    else if (!e && table_rows(&x.table))
        table_print(&x.table);
    else if (!e)
        (void)puts(none);
    json_decref(x.all);
    table_free(&x.table);
    session_close(&s);
    return exit_code;
}
