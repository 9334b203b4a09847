#include "server/offline.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "common/log.h"
#include "server/content/template_yaml.h"
#include "server/store/store_sqlite.h"

/* The same loop and the same asynchronous store as the server's, run until each answer is there. */
struct offline {
    struct site site;
    uv_loop_t loop;
    bool begun; /* there is a loop to end */
    struct store *store;
    struct people *people;
    struct admin admin;
    bool answered; /* by a request, or by a command */
    int exit_code;
    struct buf *text;
};

static int fail(struct buf *text, enum err e, const char *sentence)
{
    buf_clear(text);
    buf_appendf(text, "%s\n", sentence);
    return (int)err_exit_code(e);
}

/* `done` of a request says nothing about its offline: the flag lies behind it. */
struct waiting {
    union {
        struct store_req req;
        struct store_people_load people_load;
        struct store_template_put template_put;
    };
    bool done;
};

static void on_done(struct store_req *req)
{
    ((struct waiting *)req)->done = true;
}

static enum err ask_store(struct offline *o, struct waiting *w, enum store_op op)
{
    w->req.op = op;
    w->req.done = on_done;
    w->done = false;
    store_submit(o->store, &w->req);
    while (!w->done)
        (void)uv_run(&o->loop, UV_RUN_ONCE);
    return w->req.err;
}

static enum err load_people(struct offline *o)
{
    struct waiting w = {.people_load = {.now_utc_ms = clock_utc_ms()}};
    o->people = people_new();
    enum err e = o->people ? ask_store(o, &w, STORE_PEOPLE_LOAD) : ERR_NOMEM;
    if (e)
        return e;
    struct store_people_load *all = &w.people_load;
    for (size_t i = 0; i < all->npeople && !e; i++) {
        struct store_person *from = &all->people[i];
        struct person p = {
            .viewer = {.person = from->id, .nroles = from->nroles},
              .revoked = from->revoked
        };
        memcpy(p.viewer.roles, from->roles, sizeof p.viewer.roles);
        memcpy(p.name, from->name, sizeof p.name);
        e = people_put(o->people, &p);
    }
    free(all->people);
    free(all->certs);
    return e;
}

/* Opens site, store and people. On error `text` says why and everything is closed. */
static int begin(struct offline *o, const char *dir, bool create, struct buf *text)
{
    struct err_info why = {0};
    memset(o, 0, sizeof *o);
    o->text = text;
    log_set_level(LOG_LEVEL_WARN); /* a command's own words are enough */
    enum err e = site_load(dir, &o->site, &why);
    if (e)
        return fail(text, e, why.text);
    if (uv_loop_init(&o->loop)) {
        site_free(&o->site);
        return fail(text, ERR_NOMEM, err_text(ERR_NOMEM));
    }
    o->begun = true;
    e = store_sqlite_open(&o->loop, dir, create, &o->site.config.store, &o->store, &why);
    if (!e && (e = load_people(o)))
        (void)err_set(&why, e, "The people in the database cannot be read: %s", err_text(e));
    if (!e) {
        o->admin = (struct admin){.store = o->store, .people = o->people};
        site_fill_admin(&o->site, &o->admin);
        return EXIT_DONE;
    }
    return fail(text, e, why.text);
}

static void end(struct offline *o)
{
    if (!o->begun)
        return;
    if (o->store)
        store_sqlite_close(o->store, NULL, NULL);
    (void)uv_run(&o->loop, UV_RUN_DEFAULT);
    int busy = uv_loop_close(&o->loop);
    assert(busy == 0);
    (void)busy;
    people_free(o->people);
    site_free(&o->site);
}

static void on_admin_done(void *user, int exit_code, const char *text)
{
    struct offline *o = user;
    buf_clear(o->text);
    buf_append_str(o->text, text);
    o->exit_code = exit_code;
    o->answered = true;
}

static int run(struct offline *o, int argc, const char *const *argv, const void *attachment,
               size_t attachment_len)
{
    o->answered = false;
    admin_run(&o->admin, argc, argv, attachment, attachment_len, clock_utc_ms(), on_admin_done, o);
    while (!o->answered)
        (void)uv_run(&o->loop, UV_RUN_ONCE);
    return o->exit_code;
}

int offline_admin(const char *dir, int argc, const char *const *argv, const void *attachment,
                  size_t attachment_len, struct buf *text)
{
    struct offline o;
    int code = begin(&o, dir, false, text);
    if (!code)
        code = run(&o, argc, argv, attachment, attachment_len);
    end(&o);
    return code;
}

/* ---- init ---- */

static enum err store_builtin(struct offline *o, const char *id, struct err_info *why)
{
    struct template *t = NULL;
    struct buf data = BUF_INIT;
    struct waiting w = {0};
    enum err e = template_builtin(id, &t, why);
    if (e)
        return e;
    template_encode(t, &data);
    w.template_put =
        (struct store_template_put){.version = t->version, .data = data.data, .len = data.len};
    (void)snprintf(w.template_put.id, sizeof w.template_put.id, "%s", t->id);
    e = buf_failed(&data) ? ERR_NOMEM : ask_store(o, &w, STORE_TEMPLATE_PUT);
    if (e)
        (void)err_set(why, e, "The template %s could not be stored: %s", id, err_text(e));
    template_free(t);
    buf_free(&data);
    return e;
}

void offline_add_builtins(const char *dir)
{
    struct buf unsaid = BUF_INIT;
    struct err_info why = {0};
    struct offline o;
    int code = begin(&o, dir, false, &unsaid);
    for (const char *const *id = template_builtin_ids(); !code && *id; id++) {
        enum err e = store_builtin(&o, *id, &why);
        code = e && e != ERR_EXISTS ? EXIT_REFUSED : EXIT_DONE;
    }
    end(&o);
    buf_free(&unsaid);
}

/* ---- rules ---- */

enum err offline_rules_load(const char *dir, struct offline_rules *out, struct err_info *why)
{
    struct buf text = BUF_INIT;
    struct offline o;
    *out = (struct offline_rules){0};
    int code = begin(&o, dir, false, &text);
    enum err e =
        code ? err_set(why, ERR_STORE, "%.*s", (int)strcspn(buf_cstr(&text), "\n"), buf_cstr(&text))
             : ERR_OK;
    if (!e) {
        out->clock = o.site.config.core.clock;
        out->holidays = o.site.config.core.holidays;
        out->people = o.people;
        o.people = NULL;
        out->from = (struct projection_from){out->people, &out->clock, &out->holidays};
        out->rules = (struct store_rules){.project = projection_make,
                                          .user = &out->from,
                                          .version = projection_version(&out->from)};
    }
    end(&o);
    buf_free(&text);
    return e;
}

void offline_rules_free(struct offline_rules *r)
{
    people_free(r->people);
    r->people = NULL;
}

int offline_init(const char *dir, const char *name, const char *const *hosts, size_t nhosts,
                 struct buf *text)
{
    static const char *const add_admin[] = {"person", "add", "admin", "--role", "ADMIN"};
    struct err_info why = {0};
    struct offline o;
    enum err e = site_create(dir, name, hosts, nhosts, clock_utc_ms(), &why);
    if (e)
        return e == ERR_INPUT ? (fail(text, e, why.text), EXIT_USAGE) : fail(text, e, why.text);
    int code = begin(&o, dir, true, text);
    for (const char *const *id = template_builtin_ids(); !code && *id; id++)
        if ((e = store_builtin(&o, *id, &why)))
            code = fail(text, e, why.text);
    if (!code)
        code = run(&o, 5, add_admin, NULL, 0);
    end(&o);
    if (code)
        site_remove(dir);
    return code;
}
