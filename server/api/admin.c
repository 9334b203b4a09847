#include "server/api/admin.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "common/log.h"
#include "common/pki.h"
#include "common/utf8.h"
#include "server/content/template_yaml.h"

enum { MAX_ARGS = 64, HOUR_MS = 3600 * 1000 };

/* One command on its way. Everything that a request points to lives here until its `done`. */
struct job {
    union {
        struct store_req req; /* the request in flight: first, so that `done` finds the job */
        struct store_person_put person_put;
        struct store_code_put code_put;
        struct store_template_put template_put;
        struct store_template_load template_load;
        struct store_backup backup;
        struct store_setting setting;
    };
    struct admin *a;
    const struct command *command;
    char *argv[MAX_ARGS];
    int argc;
    bool json;
    const char *words[MAX_ARGS]; /* arguments behind the command's words, without options */
    int nwords;
    const char *roles[MAX_ARGS];
    int nroles;
    void *attachment;
    size_t attachment_len;
    int64_t now_utc_ms;
    struct buf out;
    struct buf encoded; /* template add */
    struct store_person person;
    uint8_t secret[16];
    admin_done_fn done;
    void *user;
};

struct command {
    const char *first, *second; /* "person", "add"; second "" when there is none */
    int min_words, max_words;
    bool takes_roles;
    void (*run)(struct job *j);
};

/* ---- ends ---- */

static void finish(struct job *j, int exit_code)
{
    j->done(j->user, exit_code, buf_cstr(&j->out));
    for (int i = 0; i < j->argc; i++)
        free(j->argv[i]);
    free(j->attachment);
    buf_free(&j->out);
    buf_free(&j->encoded);
    explicit_bzero(j->secret, sizeof j->secret);
    free(j);
}

static void refuse(struct job *j, enum err e, const char *text)
{
    buf_clear(&j->out);
    buf_appendf(&j->out, "%s\n", text);
    finish(j, (int)err_exit_code(e));
}

static void refuse_usage(struct job *j, const char *text)
{
    buf_clear(&j->out);
    buf_appendf(&j->out, "%s\n", text);
    finish(j, EXIT_USAGE);
}

static void append_json(struct job *j, json_t *value)
{
    char *s = value ? json_dumps(value, JSON_INDENT(2) | JSON_PRESERVE_ORDER) : NULL;
    buf_append_str(&j->out, s ? s : "{}");
    buf_append_str(&j->out, "\n");
    free(s);
    json_decref(value);
}

static void append_safe(struct job *j, const char *s)
{
    text_safe(&j->out, s, strlen(s), false);
}

static void submit(struct job *j, enum store_op op, store_done_fn done)
{
    j->req.op = op;
    j->req.done = done;
    store_submit(j->a->store, &j->req);
}

/* ---- people ---- */

static json_t *json_roles(const struct viewer_role *roles, size_t n)
{
    json_t *list = json_array();
    for (size_t i = 0; i < n; i++)
        json_array_append_new(
            list, json_pack("{s:s, s:s}", "role", role_code(roles[i].role), "team", roles[i].team));
    return list;
}

static void append_roles(struct job *j, const struct viewer_role *roles, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        buf_appendf(&j->out, "%s%s", i ? ", " : "", role_code(roles[i].role));
        if (roles[i].team[0]) {
            buf_append_str(&j->out, ":");
            append_safe(j, roles[i].team);
        }
    }
}

/* What the store has accepted, into the picture in memory. */
static enum err note_person(struct admin *a, const struct store_person *p)
{
    struct person person = {
        .viewer = {.person = p->id, .nroles = p->nroles},
          .revoked = p->revoked
    };
    memcpy(person.viewer.roles, p->roles, sizeof person.viewer.roles);
    memcpy(person.name, p->name, sizeof person.name);
    if (!a->core)
        return people_put(a->people, &person);
    core_person_changed(a->core, &person);
    return ERR_OK;
}

static void format_time(int64_t utc_ms, char out[32])
{
    time_t s = (time_t)(utc_ms / 1000);
    struct tm tm;
    (void)strftime(out, 32, "%Y-%m-%d %H:%M UTC", gmtime_r(&s, &tm));
}

static void on_code_stored(struct store_req *req)
{
    struct job *j = (struct job *)req;
    struct pki_code code = {.port = j->a->port};
    struct buf text = BUF_INIT;
    char ends[32];
    if (req->err) { /* the person is there all the same: a second `add` would be refused */
        append_safe(j, j->person.name);
        buf_appendf(&j->out,
                    " is person %u, but no code could be stored for them: %s Then ask for one "
                    "with `tandemd person code`.\n",
                    j->person.id, err_text(req->err));
        finish(j, (int)err_exit_code(req->err));
        return;
    }
    memcpy(code.host, j->a->host, sizeof code.host);
    memcpy(code.authority_hash16, j->a->authority_hash, sizeof code.authority_hash16);
    memcpy(code.secret, j->secret, sizeof code.secret);
    pki_code_format(&code, &text);
    format_time(j->code_put.ends_utc_ms, ends);
    log_info("admin", "code_issued", "person=%u", j->person.id);
    if (j->json) {
        append_json(j, json_pack("{s:I, s:s, s:o, s:s, s:I}", "person", (json_int_t)j->person.id,
                                 "name", j->person.name, "roles",
                                 json_roles(j->person.roles, j->person.nroles), "code",
                                 buf_cstr(&text), "code_ends_utc_ms",
                                 (json_int_t)j->code_put.ends_utc_ms));
    } else {
        append_safe(j, j->person.name);
        buf_appendf(&j->out, " is person %u: ", j->person.id);
        append_roles(j, j->person.roles, j->person.nroles);
        buf_appendf(&j->out,
                    "\nEnrolment code, works once, until %s:\n\n    %s\n\n"
                    "Hand it over in person or by a way you trust. They type: tandem enrol CODE\n",
                    ends, buf_cstr(&text));
    }
    explicit_bzero(text.data, text.cap);
    buf_free(&text);
    finish(j, EXIT_DONE);
}

static void issue_code(struct job *j)
{
    hash_random(j->secret, sizeof j->secret);
    j->code_put = (struct store_code_put){
        .person = j->person.id,
        .ends_utc_ms = j->now_utc_ms + (int64_t)j->a->code_hours * HOUR_MS,
    };
    hash_sha256(j->secret, sizeof j->secret, j->code_put.secret_hash);
    submit(j, STORE_CODE_PUT, on_code_stored);
}

static void refuse_name_taken(struct job *j)
{
    buf_append_str(&j->out, "There is a person called \"");
    append_safe(j, j->person.name);
    buf_append_str(&j->out, "\" already. Add something to the name that tells them apart, or use "
                            "`tandemd person code` for a new code.\n");
    finish(j, EXIT_REFUSED);
}

static void on_person_stored(struct store_req *req)
{
    struct job *j = (struct job *)req;
    enum err e = req->err;
    if (e == ERR_EXISTS) {
        refuse_name_taken(j);
        return;
    }
    if (!e) {
        j->person = j->person_put.person;
        e = note_person(j->a, &j->person);
    }
    if (e) {
        refuse(j, e, err_text(e));
        return;
    }
    log_info("admin", "person_added", "person=%u", j->person.id);
    issue_code(j);
}

static bool is_number(const char *s)
{
    return s[strspn(s, "0123456789")] == 0;
}

/* NULL, or what is wrong with the name of a new person. */
static const char *check_name(const char *name, struct err_info *why)
{
    size_t len = strlen(name);
    if (!len || len > 63)
        return "A person's name has 1 to 63 bytes.";
    if (utf8_check_text(name, len, false, why)) {
        char text[sizeof why->text];
        memcpy(text, why->text, sizeof text);
        (void)err_set(why, ERR_INPUT, "A person's name may not hold %.200s.", text);
        return why->text;
    }
    if (name[0] == ' ' || name[len - 1] == ' ')
        return "A person's name may not begin or end with a space.";
    if (name[0] == '-')
        return "A person's name may not begin with a dash.";
    if (is_number(name))
        return "A person's name may not be a number: numbers are given by the server.";
    return NULL;
}

static enum err parse_role(const char *s, struct viewer_role *out, struct err_info *why)
{
    char code[16];
    size_t len = strcspn(s, ":");
    (void)snprintf(code, sizeof code, "%.*s", (int)(len < sizeof code ? len : sizeof code - 1), s);
    *out = (struct viewer_role){.role = len < sizeof code ? role_find(code) : ROLE_NONE};
    if (out->role == ROLE_NONE) {
        struct buf all = BUF_INIT;
        for (int r = ROLE_NONE + 1; r < ROLE_COUNT; r++)
            buf_appendf(&all, "%s%s", r > 1 ? " " : "", role_code((enum role)r));
        enum err e = err_set(why, ERR_INPUT, "There is no role \"%.40s\". The roles are: %s.", s,
                             buf_cstr(&all));
        buf_free(&all);
        return e;
    }
    if (!s[len])
        return ERR_OK;
    const char *team = s + len + 1;
    if (!*team || strlen(team) >= sizeof out->team || strpbrk(team, " \t:,\"") ||
        utf8_check_text(team, strlen(team), false, NULL))
        return err_set(why, ERR_INPUT,
                       "\"%.60s\" is not a team's name: write 1 to %zu bytes without spaces, "
                       "colons or commas, as in FRO:north.",
                       team, sizeof out->team - 1);
    memcpy(out->team, team, strlen(team) + 1);
    return ERR_OK;
}

static void run_person_add(struct job *j)
{
    struct err_info why = {0};
    struct store_person *p = &j->person;
    const char *bad = check_name(j->words[0], &why);
    if (bad) {
        refuse_usage(j, bad);
        return;
    }
    if (!j->nroles || j->nroles > (int)(sizeof p->roles / sizeof *p->roles)) {
        refuse_usage(j, "Give the person 1 to 16 roles: --role FRO:north, or --role QA.");
        return;
    }
    for (int i = 0; i < j->nroles; i++) {
        if (parse_role(j->roles[i], &p->roles[p->nroles], &why)) {
            refuse_usage(j, why.text);
            return;
        }
        bool twice = false;
        for (size_t k = 0; k < p->nroles; k++)
            twice = twice || (p->roles[k].role == p->roles[p->nroles].role &&
                              !strcmp(p->roles[k].team, p->roles[p->nroles].team));
        p->nroles += !twice;
    }
    (void)snprintf(p->name, sizeof p->name, "%s", j->words[0]);
    if (people_find_name(j->a->people, p->name)) { /* without regard to case, unlike the store */
        refuse_name_taken(j);
        return;
    }
    p->created_utc_ms = j->now_utc_ms;
    j->person_put = (struct store_person_put){.person = *p};
    submit(j, STORE_PERSON_PUT, on_person_stored);
}

/* The person that the command names, into j->person; false: refused, `j` is gone. */
static bool take_person(struct job *j)
{
    const struct person *p = people_find_name(j->a->people, j->words[0]);
    if (!p) {
        buf_append_str(&j->out, "There is nobody called \"");
        append_safe(j, j->words[0]);
        buf_append_str(&j->out, "\" here. `tandemd person list` shows everybody.\n");
        finish(j, EXIT_REFUSED);
        return false;
    }
    j->person.id = p->viewer.person;
    memcpy(j->person.name, p->name, sizeof j->person.name);
    memcpy(j->person.roles, p->viewer.roles, sizeof j->person.roles);
    j->person.nroles = p->viewer.nroles;
    j->person.revoked = p->revoked;
    if (p->revoked) {
        append_safe(j, p->name);
        buf_appendf(&j->out,
                    " (person %u) has been revoked. Add them again with `tandemd person add` to "
                    "let them in.\n",
                    p->viewer.person);
        finish(j, EXIT_REFUSED);
        return false;
    }
    return true;
}

static void run_person_code(struct job *j)
{
    if (take_person(j))
        issue_code(j);
}

static void on_person_revoked(struct store_req *req)
{
    struct job *j = (struct job *)req;
    enum err e = req->err;
    if (!e) {
        j->person = j->person_put.person;
        e = note_person(j->a, &j->person);
    }
    if (e) {
        refuse(j, e, err_text(e));
        return;
    }
    log_info("admin", "person_revoked", "person=%u", j->person.id);
    append_safe(j, j->person.name);
    buf_appendf(&j->out,
                " (person %u) is revoked: certificates and codes are void, open connections are "
                "closed.\n",
                j->person.id);
    finish(j, EXIT_DONE);
}

static void run_person_revoke(struct job *j)
{
    if (!take_person(j))
        return;
    j->person.revoked = true;
    j->person.revoked_utc_ms = j->now_utc_ms;
    j->person_put = (struct store_person_put){.person = j->person};
    submit(j, STORE_PERSON_PUT, on_person_revoked);
}

static void run_person_list(struct job *j)
{
    const struct people *all = j->a->people;
    json_t *list = j->json ? json_array() : NULL;
    if (!j->json)
        buf_append_str(&j->out, "number  name                              roles\n");
    for (size_t i = 0; i < people_count(all); i++) {
        const struct person *p = people_at(all, i);
        if (j->json) {
            json_array_append_new(list,
                                  json_pack("{s:I, s:s, s:o, s:b}", "person",
                                            (json_int_t)p->viewer.person, "name", p->name, "roles",
                                            json_roles(p->viewer.roles, p->viewer.nroles),
                                            "revoked", (int)p->revoked));
            continue;
        }
        buf_appendf(&j->out, "%6u  ", p->viewer.person);
        append_safe(j, p->name);
        for (long n = utf8_count(p->name, strlen(p->name)); n < 32; n++)
            buf_append_u8(&j->out, ' ');
        buf_append_str(&j->out, "  ");
        append_roles(j, p->viewer.roles, p->viewer.nroles);
        buf_append_str(&j->out, p->revoked ? "  (revoked)\n" : "\n");
    }
    if (j->json)
        append_json(j, list);
    finish(j, EXIT_DONE);
}

/* ---- templates ---- */

static void on_template_stored(struct store_req *req)
{
    struct job *j = (struct job *)req;
    struct store_template_put *put = &j->template_put;
    enum err e = req->err;
    if (e == ERR_EXISTS) {
        buf_appendf(&j->out,
                    "Version %u of template %s is here already, with other content, and audits "
                    "may have used it. Give your change the version number %u.\n",
                    put->version, put->id, put->version + 1);
        finish(j, EXIT_REFUSED);
        return;
    }
    if (!e && j->a->core)
        e = core_template_added(j->a->core, j->encoded.data, j->encoded.len);
    if (e) {
        refuse(j, e, err_text(e));
        return;
    }
    log_info("admin", "template_added", "template=%s version=%u", put->id, put->version);
    if (j->json)
        append_json(
            j, json_pack("{s:s, s:I}", "template", put->id, "version", (json_int_t)put->version));
    else
        buf_appendf(&j->out, "Template %s version %u is ready for new audits.\n", put->id,
                    put->version);
    finish(j, EXIT_DONE);
}

static void run_template_add(struct job *j)
{
    struct err_info why = {0};
    struct template *t = NULL;
    const char *slash = strrchr(j->words[0], '/');
    if (!j->attachment) {
        refuse_usage(j, "The template's file is missing.");
        return;
    }
    enum err e = template_yaml_parse(slash ? slash + 1 : j->words[0], j->attachment,
                                     j->attachment_len, &t, &why);
    if (!e && strlen(t->id) >= sizeof j->template_put.id)
        e = err_set(&why, ERR_INPUT, "The template's id is too long.");
    if (e) {
        refuse(j, e, why.text);
        return;
    }
    template_encode(t, &j->encoded);
    j->template_put = (struct store_template_put){
        .version = t->version, .data = j->encoded.data, .len = j->encoded.len};
    (void)snprintf(j->template_put.id, sizeof j->template_put.id, "%s", t->id);
    template_free(t);
    if (buf_failed(&j->encoded)) {
        refuse(j, ERR_NOMEM, err_text(ERR_NOMEM));
        return;
    }
    submit(j, STORE_TEMPLATE_PUT, on_template_stored);
}

static void on_templates_loaded(struct store_req *req)
{
    struct job *j = (struct job *)req;
    struct store_template *templates = j->template_load.templates;
    size_t n = j->template_load.ntemplates;
    if (req->err) {
        refuse(j, req->err, err_text(req->err));
        return;
    }
    json_t *list = j->json ? json_array() : NULL;
    if (!j->json)
        buf_append_str(&j->out, "template  version  questions  title\n");
    for (size_t i = 0; i < n; i++) {
        struct template *t = NULL;
        if (template_decode(templates[i].data, templates[i].len, &t, NULL)) {
            log_error("admin", "template_unreadable", "template=%s version=%u", templates[i].id,
                      templates[i].version);
            continue;
        }
        if (j->json) {
            json_array_append_new(list,
                                  json_pack("{s:s, s:I, s:s, s:I}", "template", t->id, "version",
                                            (json_int_t)t->version, "title", t->title, "questions",
                                            (json_int_t)t->nquestions));
        } else {
            buf_appendf(&j->out, "%-8s  %7u  %9zu  ", t->id, t->version, t->nquestions);
            append_safe(j, t->title);
            buf_append_str(&j->out, "\n");
        }
        template_free(t);
    }
    free(templates);
    if (j->json)
        append_json(j, list);
    finish(j, EXIT_DONE);
}

static void run_template_list(struct job *j)
{
    j->template_load = (struct store_template_load){0};
    submit(j, STORE_TEMPLATE_LOAD, on_templates_loaded);
}

/* ---- the whole ---- */

static void run_health(struct job *j)
{
    if (!j->a->core) {
        refuse(j, ERR_NET, "No server is running on this data directory.");
        return;
    }
    struct core_health h = core_health(j->a->core);
    bool dead = h.store_dead || store_is_dead(j->a->store);
    if (j->json)
        append_json(j, json_pack("{s:s, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I}", "store",
                                 dead          ? "failed"
                                 : h.disk_full ? "full"
                                               : "ok",
                                 "connections", (json_int_t)h.connections, "authenticated",
                                 (json_int_t)h.authenticated, "rooms", (json_int_t)h.rooms,
                                 "audits_in_memory", (json_int_t)h.audits_in_memory,
                                 "events_in_flight", (json_int_t)h.events_in_flight, "events_total",
                                 (json_int_t)h.events_total, "refused_total",
                                 (json_int_t)h.refused_total, "store_queued",
                                 (json_int_t)store_queued(j->a->store)));
    else
        buf_appendf(&j->out,
                    "store             %s\n"
                    "connections       %zu, %zu of them signed in\n"
                    "rooms             %zu\n"
                    "audits in memory  %zu\n"
                    "events            %" PRIu64 " since the start, %zu on their way to disk\n"
                    "refused           %" PRIu64 "\n",
                    dead          ? "FAILED: see the log; restart the server when the disk is well"
                    : h.disk_full ? "FULL: make room on the disk; people keep what they write"
                                  : "ok",
                    h.connections, h.authenticated, h.rooms, h.audits_in_memory, h.events_total,
                    h.events_in_flight, h.refused_total);
    finish(j, dead || h.disk_full ? EXIT_REFUSED : EXIT_DONE);
}

static void on_backup_done(struct store_req *req)
{
    struct job *j = (struct job *)req;
    switch (req->err) {
    case ERR_OK:
        buf_appendf(&j->out, "The database is copied to %s.\n", j->words[0]);
        finish(j, EXIT_DONE);
        return;
    case ERR_EXISTS:
        refuse(j, req->err, "There is a backup in that directory already. Name a new one.");
        return;
    case ERR_SLOW_DOWN:
        refuse(j, req->err, "Another backup is under way. Try again when it is done.");
        return;
    case ERR_IO:
        refuse(j, req->err, "The directory for the backup cannot be made or written.");
        return;
    default:
        refuse(j, req->err, err_text(req->err));
        return;
    }
}

static void run_backup(struct job *j)
{
    j->backup = (struct store_backup){.to_dir = j->words[0]};
    submit(j, STORE_BACKUP, on_backup_done);
}

/* ---- which command ---- */

static const struct command commands[] = {
    {"person",   "add",    1, 1, true,  run_person_add   },
    {"person",   "code",   1, 1, false, run_person_code  },
    {"person",   "revoke", 1, 1, false, run_person_revoke},
    {"person",   "list",   0, 0, false, run_person_list  },
    {"template", "add",    1, 1, false, run_template_add },
    {"template", "list",   0, 0, false, run_template_list},
    {"health",   "",       0, 0, false, run_health       },
    {"backup",   "",       1, 1, false, run_backup       },
};

static const struct command *find_command(const struct job *j)
{
    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++) {
        const struct command *c = &commands[i];
        if (j->argc && !strcmp(c->first, j->argv[0]) &&
            (!*c->second || (j->argc > 1 && !strcmp(c->second, j->argv[1]))))
            return c;
    }
    return NULL;
}

/* Sorts what is behind the command's words into words and options. */
static const char *sort_arguments(struct job *j)
{
    int i = *j->command->second ? 2 : 1;
    bool options = true;
    for (; i < j->argc; i++) {
        const char *arg = j->argv[i];
        if (options && !strcmp(arg, "--"))
            options = false;
        else if (options && !strcmp(arg, "--json"))
            j->json = true;
        else if (options && j->command->takes_roles && !strcmp(arg, "--role") && i + 1 < j->argc)
            j->roles[j->nroles++] = j->argv[++i];
        else if (options && arg[0] == '-' && arg[1] == '-')
            return "This command does not know one of the options, or its value is missing.";
        else
            j->words[j->nwords++] = arg;
    }
    if (j->nwords < j->command->min_words)
        return "Something is missing behind the command.";
    if (j->nwords > j->command->max_words)
        return "There is more behind the command than it takes. Put names with spaces in quotes.";
    return NULL;
}

/* `done` must not be called inside admin_run, and not every command has to ask the store: so each
 * begins with a small question whose answer does not matter. */
static void on_ready(struct store_req *req)
{
    struct job *j = (struct job *)req;
    enum err e = req->err == ERR_NOT_FOUND ? ERR_OK : req->err;
    j->command = find_command(j);
    const char *bad = j->command ? sort_arguments(j) : "There is no such command.";
    bool is_health = j->command && j->command->run == run_health;
    if (bad)
        refuse_usage(j, bad);
    else if (e && !is_health)
        refuse(j, e, err_text(e));
    else
        j->command->run(j);
}

void admin_run(struct admin *a, int argc, const char *const *argv, const void *attachment,
               size_t attachment_len, int64_t now_utc_ms, admin_done_fn done, void *user)
{
    struct job *j = calloc(1, sizeof *j);
    if (!j) {
        done(user, EXIT_REFUSED, err_text(ERR_NOMEM));
        return;
    }
    j->a = a;
    j->now_utc_ms = now_utc_ms;
    j->done = done;
    j->user = user;
    bool ok = argc <= MAX_ARGS;
    for (int i = 0; ok && i < argc; i++) {
        j->argv[i] = strdup(argv[i]);
        ok = j->argv[i] != NULL;
        j->argc++;
    }
    if (ok && attachment) {
        j->attachment = malloc(attachment_len + 1);
        ok = j->attachment != NULL;
        if (ok)
            memcpy(j->attachment, attachment, attachment_len);
        j->attachment_len = attachment_len;
    }
    if (!ok) {
        refuse(j, ERR_NOMEM, argc <= MAX_ARGS ? err_text(ERR_NOMEM) : "Too many words.");
        return;
    }
    j->setting = (struct store_setting){.name = "site"};
    submit(j, STORE_SETTING_GET, on_ready);
}
