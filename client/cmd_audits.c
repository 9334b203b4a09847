/* audits, status, people, new, invite, uninvite, who: what the server lists and changes. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client/commands.h"
#include "client/render/render.h"
#include "client/session.h"
#include "client/table.h"
#include "client/when.h"
#include "common/clock.h"

/* ---- audits, status ---- */

static json_t *present_json(const Tandem__Present *p)
{
    return json_pack("{s:i, s:s, s:s}", "person", (int)p->person, "name", p->name, "role",
                     role_code((enum role)p->role));
}

static json_t *audit_json(const Tandem__AuditRow *r)
{
    json_t *here = json_array(), *members = json_array();
    for (size_t i = 0; i < r->n_here; i++)
        json_array_append_new(here, present_json(r->here[i]));
    for (size_t i = 0; i < r->n_members; i++)
        json_array_append_new(members,
                              json_pack("{s:i, s:s, s:s, s:s}", "person",
                                        (int)r->members[i]->person, "name", r->members[i]->name,
                                        "role", role_code((enum role)r->members[i]->role),
                                        "sections", r->members[i]->sections));
    return json_pack("{s:s, s:s, s:s, s:s, s:s, s:i, s:i, s:i, s:o, s:{s:s, s:s}, s:o, s:o}", "ref",
                     r->ref, "template", r->template_id, "carer", r->carer_ref, "team", r->team,
                     "state", audit_state_code((enum audit_state)r->state), "answered",
                     (int)r->answered, "required", (int)r->required, "open_comments",
                     (int)r->open_comments, "changed", render_utc(r->changed_utc_ms), "period",
                     "from", r->period_from, "to", r->period_to, "here", here, "members", members);
}

static void names_of(const Tandem__AuditRow *r, bool here, struct buf *out)
{
    size_t n = here ? r->n_here : r->n_members;
    for (size_t i = 0; i < n; i++) {
        const char *name = here ? r->here[i]->name : r->members[i]->name;
        uint32_t role = here ? r->here[i]->role : r->members[i]->role;
        buf_appendf(out, "%s%s (%s)", i ? ", " : "", name, role_code((enum role)role));
    }
}

static void print_audits(const Tandem__AuditList *list)
{
    static const char *const heads[] = {"audit", "carer", "team", "state", "answered", "here"};
    struct table t = {.heads = heads, .ncols = sizeof heads / sizeof *heads};
    for (size_t i = 0; i < list->n_rows; i++) {
        const Tandem__AuditRow *r = list->rows[i];
        struct buf b = BUF_INIT;
        table_cell(&t, r->ref);
        table_cell(&t, r->carer_ref);
        table_cell(&t, r->team);
        table_cell(&t, audit_state_code((enum audit_state)r->state));
        buf_appendf(&b, "%u of %u", (unsigned)r->answered, (unsigned)r->required);
        table_cell(&t, buf_cstr(&b));
        buf_clear(&b);
        names_of(r, true, &b);
        table_cell(&t, buf_cstr(&b));
        buf_free(&b);
    }
    if (!list->n_rows)
        (void)puts("There is no audit that you may see.");
    else
        table_print(&t);
    table_free(&t);
}

static int least_done_first(const void *a, const void *b)
{
    const Tandem__AuditRow *x = *(Tandem__AuditRow *const *)a, *y = *(Tandem__AuditRow *const *)b;
    uint64_t left_x = (uint64_t)x->answered * (y->required ? y->required : 1);
    uint64_t left_y = (uint64_t)y->answered * (x->required ? x->required : 1);
    return left_x < left_y ? -1 : left_x > left_y ? 1 : strcmp(x->ref, y->ref);
}

static void print_status(const Tandem__AuditList *list)
{
    static const char *const heads[] = {"audit",    "team",    "state", "done",
                                        "comments", "changed", "people"};
    struct table t = {.heads = heads, .ncols = sizeof heads / sizeof *heads};
    uint32_t open = 0;
    qsort(list->rows, list->n_rows, sizeof list->rows[0], least_done_first);
    for (size_t i = 0; i < list->n_rows; i++) {
        const Tandem__AuditRow *r = list->rows[i];
        struct buf b = BUF_INIT;
        char when[32];
        table_cell(&t, r->ref);
        table_cell(&t, r->team);
        table_cell(&t, audit_state_code((enum audit_state)r->state));
        buf_appendf(&b, "%u%%", r->required ? (unsigned)(100 * r->answered / r->required) : 100);
        table_cell(&t, buf_cstr(&b));
        buf_clear(&b);
        buf_appendf(&b, "%u", (unsigned)r->open_comments);
        table_cell(&t, buf_cstr(&b));
        table_cell(&t, render_time(r->changed_utc_ms, when));
        buf_clear(&b);
        names_of(r, false, &b);
        table_cell(&t, buf_cstr(&b));
        buf_free(&b);
        open += r->state < AUDIT_CLOSED;
    }
    table_print(&t);
    (void)printf("%zu audit%s, %u not closed%s\n", list->n_rows, list->n_rows == 1 ? "" : "s",
                 (unsigned)open, list->n_rows > 1 ? "; least complete first" : "");
    table_free(&t);
}

/* Rows of all pages; each page is kept as it came. */
struct audits {
    Tandem__AuditList **pages;
    size_t npages;
    Tandem__AuditList all; /* rows of the pages */
};

static void audits_fini(struct audits *x)
{
    for (size_t i = 0; i < x->npages; i++)
        tandem__audit_list__free_unpacked(x->pages[i], NULL);
    free(x->pages);
    free(x->all.rows);
}

static enum err on_audits(void *user, const Tandem__Envelope *m, struct err_info *why)
{
    struct audits *x = user;
    enum err e = session_answer_is(m, TANDEM__ENVELOPE__BODY_AUDIT_LIST, why);
    if (e)
        return e;
    Tandem__AuditList *page = session_copy(&m->audit_list->base);
    Tandem__AuditList **pages = realloc(x->pages, (x->npages + 1) * sizeof *pages);
    x->pages = pages ? pages : x->pages;
    size_t n = x->all.n_rows + (page ? page->n_rows : 0);
    Tandem__AuditRow **rows = realloc(x->all.rows, (n + 1) * sizeof *rows);
    x->all.rows = rows ? rows : x->all.rows;
    if (!page || !pages || !rows) {
        if (page)
            tandem__audit_list__free_unpacked(page, NULL);
        return err_set(why, ERR_NOMEM, "%s", err_text(ERR_NOMEM));
    }
    x->pages[x->npages++] = page;
    for (size_t i = 0; i < page->n_rows; i++)
        rows[x->all.n_rows++] = page->rows[i];
    x->all.more = page->more && page->n_rows;
    return ERR_OK;
}

static enum err read_audits(struct session *s, struct audits *x)
{
    enum err e = ERR_OK;
    do {
        Tandem__ListAudits list = TANDEM__LIST_AUDITS__INIT;
        Tandem__Envelope m = TANDEM__ENVELOPE__INIT;
        if (x->all.n_rows)
            list.after_ref = x->all.rows[x->all.n_rows - 1]->ref;
        m.body_case = TANDEM__ENVELOPE__BODY_LIST_AUDITS;
        m.list_audits = &list;
        e = session_ask(s, &m, on_audits, x);
    } while (!e && x->all.more);
    return e;
}

static void show_audits(const struct cli *c, const Tandem__AuditList *list)
{
    if (c->json) {
        json_t *all = json_array();
        for (size_t i = 0; i < list->n_rows; i++)
            json_array_append_new(all, audit_json(list->rows[i]));
        print_json(all);
    } else if (!strcmp(c->command->name, "status")) {
        print_status(list);
    } else {
        print_audits(list);
    }
}

int cmd_audits(const struct cli *c)
{
    struct session s;
    struct audits x = {.npages = 0};
    tandem__audit_list__init(&x.all);
    enum err e = session_open(&s, c);
    if (!e)
        e = read_audits(&s, &x);
    int exit_code = e ? session_fail(&s, e) : EXIT_DONE;
    if (!e)
        show_audits(c, &x.all);
    audits_fini(&x);
    session_close(&s);
    return exit_code;
}

int cmd_status(const struct cli *c)
{
    return cmd_audits(c);
}

/* ---- people ---- */

struct people {
    struct table table;
    json_t *all;
    uint32_t after;
    bool more;
};

static void person_cells(struct table *t, const Tandem__Person *p)
{
    struct buf b = BUF_INIT;
    table_cellf(t, "%u", (unsigned)p->id);
    table_cell(t, p->name);
    for (size_t k = 0; k < p->n_roles; k++)
        buf_appendf(&b, "%s%s%s%s", k ? ", " : "", role_code((enum role)p->roles[k]->role),
                    p->roles[k]->team[0] ? ":" : "", p->roles[k]->team);
    if (p->revoked)
        buf_append_str(&b, " (revoked)");
    table_cell(t, buf_cstr(&b));
    buf_free(&b);
}

static enum err on_people(void *user, const Tandem__Envelope *m, struct err_info *why)
{
    struct people *x = user;
    enum err e = session_answer_is(m, TANDEM__ENVELOPE__BODY_PEOPLE_LIST, why);
    if (e)
        return e;
    for (size_t i = 0; i < m->people_list->n_people; i++) {
        const Tandem__Person *p = m->people_list->people[i];
        person_cells(&x->table, p);
        json_array_append_new(x->all, json_pack("{s:i, s:s, s:o, s:b}", "person", (int)p->id,
                                                "name", p->name, "roles", json_roles(p), "revoked",
                                                (int)p->revoked));
        x->after = p->id;
    }
    x->more = m->people_list->more && m->people_list->n_people;
    return ERR_OK;
}

int cmd_people(const struct cli *c)
{
    static const char *const heads[] = {"number", "name", "roles"};
    struct session s;
    struct people x = {
        .table = {.heads = heads, .ncols = 3},
          .all = json_array()
    };
    enum err e = session_open(&s, c);
    do {
        Tandem__ListPeople list = TANDEM__LIST_PEOPLE__INIT;
        Tandem__Envelope m = TANDEM__ENVELOPE__INIT;
        list.after_id = x.after;
        m.body_case = TANDEM__ENVELOPE__BODY_LIST_PEOPLE;
        m.list_people = &list;
        if (!e)
            e = session_ask(&s, &m, on_people, &x);
    } while (!e && x.more);
    int exit_code = e ? session_fail(&s, e) : EXIT_DONE;
    if (!e && c->json)
        print_json(json_incref(x.all));
    else if (!e)
        table_print(&x.table);
    json_decref(x.all);
    table_free(&x.table);
    session_close(&s);
    return exit_code;
}

/* ---- new ---- */

static enum err on_created(void *user, const Tandem__Envelope *m, struct err_info *why)
{
    const struct cli *c = user;
    enum err e = session_answer_is(m, TANDEM__ENVELOPE__BODY_AUDIT_CREATED, why);
    if (e)
        return e;
    if (c->json)
        print_json(json_pack("{s:s}", "ref", m->audit_created->ref));
    else {
        cli_print_safe(m->audit_created->ref, false);
        (void)putchar('\n');
    }
    return ERR_OK;
}

/* "2025-11-01..2026-10-31"; NULL: the template's own. */
static bool period_of(const char *typed, char from[16], char to[16])
{
    from[0] = to[0] = '\0';
    if (!typed)
        return true;
    const char *dots = strstr(typed, "..");
    if (!dots || dots - typed >= 16)
        return false;
    char first[16];
    (void)snprintf(first, sizeof first, "%.*s", (int)(dots - typed), typed);
    return when_date(first, from) && when_date(dots + 2, to);
}

int cmd_new(const struct cli *c)
{
    Tandem__NewAudit n = TANDEM__NEW_AUDIT__INIT;
    Tandem__Envelope m = TANDEM__ENVELOPE__INIT;
    char *children[CLI_MAX_ARGS], from[16], to[16], planned[16] = "";
    if (!cli_option(c, "--carer") && !cli_option(c, "--child"))
        return cli_usage(c, "Say whom it is about: --carer REF, --child REF, or both.");
    if (!period_of(cli_option(c, "--period"), from, to))
        return cli_usage(c, "--period is FROM..TO, as in 2025-11-01..2026-10-31.");
    if (cli_option(c, "--planned") && !when_date(cli_option(c, "--planned"), planned))
        return cli_usage(c, "--planned is a day, as in 2027-03-25 or 25/3/2027.");
    if (cli_option(c, "--start") && !*cli_option(c, "--start"))
        return cli_usage(c, "--start needs its reason: why the room opens before all is there.");
    while (cli_option_at(c, "--child", (int)n.n_child_refs)) {
        children[n.n_child_refs] = session_text(cli_option_at(c, "--child", (int)n.n_child_refs));
        n.n_child_refs++;
    }
    n.child_refs = children;
    n.template_id = session_text(c->args[0]);
    n.carer_ref = session_text(cli_option(c, "--carer"));
    n.practitioner = session_text(cli_option(c, "--practitioner"));
    n.team = session_text(cli_option(c, "--team"));
    n.period_from = from;
    n.period_to = to;
    n.planned = planned;
    n.way_in = session_text(cli_option(c, "--way-in"));
    n.start_reason = session_text(cli_option(c, "--start"));
    m.body_case = TANDEM__ENVELOPE__BODY_NEW_AUDIT;
    m.new_audit = &n;
    return session_once(c, &m, on_created, (void *)(uintptr_t)c);
}

/* ---- invite, uninvite ---- */

static enum err on_member(void *user, const Tandem__Envelope *m, struct err_info *why)
{
    const struct cli *c = user;
    enum err e = session_answer_is(m, TANDEM__ENVELOPE__BODY_DONE, why);
    if (e)
        return e;
    if (c->json)
        print_json(json_pack("{s:s, s:s}", "ref", c->args[0], "person", c->args[1]));
    else if (!strcmp(c->command->name, "invite"))
        (void)printf("%s has a part in %s: %s.\n", c->args[1], c->args[0], cli_option(c, "--role"));
    else
        (void)printf("%s has no part in %s any more.\n", c->args[1], c->args[0]);
    return ERR_OK;
}

static int set_member(const struct cli *c, enum role role)
{
    Tandem__SetMember x = TANDEM__SET_MEMBER__INIT;
    Tandem__Envelope m = TANDEM__ENVELOPE__INIT;
    x.ref = session_text(c->args[0]);
    x.person = session_text(c->args[1]);
    x.role = role;
    x.sections = session_text(role ? cli_option(c, "--sections") : "");
    m.body_case = TANDEM__ENVELOPE__BODY_SET_MEMBER;
    m.set_member = &x;
    return session_once(c, &m, on_member, (void *)(uintptr_t)c);
}

int cmd_invite(const struct cli *c)
{
    const char *code = cli_option(c, "--role");
    enum role role = code ? role_find(code) : ROLE_NONE;
    if (!code)
        return cli_usage(c, "Say their part: --role FSW, CSW, IRO ...");
    if (!role) {
        const char *codes[ROLE_COUNT + 1];
        size_t n = 0;
        for (int r = 1; r < ROLE_COUNT; r++)
            codes[n++] = role_code((enum role)r);
        codes[n] = NULL;
        struct err_info text;
        const char *near = cli_nearest(code, codes);
        (void)err_set(&text, ERR_INPUT, "There is no role \"%s\"%s%s%s", code,
                      near ? "; did you mean " : "", near ? near : "", near ? "?" : ".");
        return cli_usage(c, text.text);
    }
    return set_member(c, role);
}

int cmd_uninvite(const struct cli *c)
{
    return set_member(c, ROLE_NONE);
}

/* ---- who ---- */

static enum err on_who(void *user, const Tandem__Envelope *m, struct err_info *why)
{
    static const char *const heads[] = {"name", "part", "since"};
    struct table t = {.heads = heads, .ncols = sizeof heads / sizeof *heads};
    const struct cli *c = user;
    enum err e = session_answer_is(m, TANDEM__ENVELOPE__BODY_PRESENTS, why);
    if (e)
        return e;
    const Tandem__Presents *list = m->presents;
    json_t *all = json_array();
    for (size_t i = 0; i < list->n_here; i++) {
        const Tandem__Present *p = list->here[i];
        char when[32];
        json_t *one = present_json(p);
        (void)json_object_set_new(one, "question", json_integer(p->question));
        (void)json_object_set_new(one, "since", render_utc(p->since_utc_ms));
        json_array_append_new(all, one);
        table_cell(&t, p->name);
        table_cell(&t, role_code((enum role)p->role));
        table_cell(&t, render_time(p->since_utc_ms, when));
    }
    if (c->json)
        print_json(all);
    else {
        json_decref(all);
        if (list->n_here)
            table_print(&t);
        else
            (void)puts("Nobody is in the room.");
    }
    table_free(&t);
    return ERR_OK;
}

int cmd_who(const struct cli *c)
{
    Tandem__Who who = TANDEM__WHO__INIT;
    Tandem__Envelope m = TANDEM__ENVELOPE__INIT;
    who.ref = session_text(c->args[0]);
    m.body_case = TANDEM__ENVELOPE__BODY_WHO;
    m.who = &who;
    return session_once(c, &m, on_who, (void *)(uintptr_t)c);
}
