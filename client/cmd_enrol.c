/* enrol, whoami: who this terminal speaks for. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client/cmd_inbox.h"
#include "client/commands.h"
#include "client/render/render.h"
#include "client/session.h"
#include "common/pki.h"
#include "common/utf8.h"

struct enrolling {
    struct profile profile;
    struct buf key_pem;
    json_t *roles;
    int64_t ends_utc_ms;
};

static void copy_safe(char *to, size_t size, const char *from)
{
    struct buf safe = BUF_INIT;
    (void)snprintf(to, size, "%s", text_safe_cstr(&safe, from));
    buf_free(&safe);
}

static enum err on_enrolled(void *user, const Tandem__Envelope *m, struct err_info *why)
{
    struct enrolling *x = user;
    if (m->body_case != TANDEM__ENVELOPE__BODY_ENROLLED || !m->enrolled->you)
        return err_set(why, ERR_VERSION, "The server answered something else.");
    const Tandem__Enrolled *from = m->enrolled;
    struct profile *p = &x->profile;
    p->person = from->you->id;
    copy_safe(p->person_name, sizeof p->person_name, from->you->name);
    copy_safe(p->site, sizeof p->site, from->site);
    x->ends_utc_ms = from->certificate_ends_utc_ms;
    x->roles = json_roles(from->you);
    enum err e =
        pki_der_to_pem(from->certificate_der.data, from->certificate_der.len, &p->cert_pem);
    if (!e)
        e = pki_der_to_pem(from->authority_der.data, from->authority_der.len, &p->authority_pem);
    return e ? err_set(why, e, "The certificate that the server sent cannot be read.") : ERR_OK;
}

/* The authority that came must be the one that the code names. */
static enum err check_authority(const struct profile *p, const struct pki_code *code,
                                struct err_info *why)
{
    uint8_t hash[HASH_LEN];
    enum err e = pki_fingerprint(buf_cstr((struct buf *)(uintptr_t)&p->authority_pem), hash);
    if (e || memcmp(hash, code->authority_hash16, sizeof code->authority_hash16) != 0)
        return err_set(why, ERR_TLS, "The server is not the one that the code is for.");
    return ERR_OK;
}

/* HOST:PORT or [ADDRESS]:PORT */
static bool parse_server(const char *s, struct pki_code *code)
{
    const char *colon = strrchr(s, ':');
    char *end;
    unsigned long port = colon ? strtoul(colon + 1, &end, 10) : 0;
    size_t len = colon ? (size_t)(colon - s) : 0;
    if (!port || port > 65535 || *end || !len)
        return false;
    if (s[0] == '[' && len > 2 && s[len - 1] == ']') {
        s++;
        len -= 2;
    }
    if (len >= sizeof code->host)
        return false;
    (void)snprintf(code->host, sizeof code->host, "%.*s", (int)len, s);
    code->port = (uint16_t)port;
    return true;
}

static enum err ask_enrol(struct session *s, const struct pki_code *code, struct enrolling *x)
{
    struct buf csr = BUF_INIT;
    Tandem__Enrol enrol = TANDEM__ENROL__INIT;
    Tandem__Envelope m = TANDEM__ENVELOPE__INIT;
    uint8_t secret[sizeof code->secret];
    memcpy(secret, code->secret, sizeof secret);
    enum err e = pki_make_request(&x->profile.key_pem, &csr);
    if (e)
        return err_set(&s->why, e, "A key could not be made.");
    enrol.secret = (ProtobufCBinaryData){sizeof secret, secret};
    enrol.csr_der = (ProtobufCBinaryData){csr.len, csr.data};
    m.body_case = TANDEM__ENVELOPE__BODY_ENROL;
    m.enrol = &enrol;
    e = session_ask(s, &m, on_enrolled, x);
    explicit_bzero(secret, sizeof secret);
    buf_free(&csr);
    return e;
}

static void print_me(const struct cli *c, const struct profile *p, json_t *roles,
                     int64_t ends_utc_ms)
{
    char when[32];
    if (c->json) {
        struct err_info server;
        (void)err_set(&server, ERR_OK, "%s:%u", p->host, (unsigned)p->port);
        print_json(json_pack("{s:s, s:s, s:i, s:s, s:o, s:s, s:o}", "profile", p->name, "site",
                             p->site, "person", (int)p->person, "name", p->person_name, "roles",
                             roles, "server", server.text, "certificate_ends",
                             render_utc(ends_utc_ms)));
        return;
    }
    (void)printf("%s (person %u) at %s\n", p->person_name, (unsigned)p->person, p->site);
    size_t i;
    json_t *role;
    json_array_foreach(roles, i, role)
    {
        const char *team = json_string_value(json_object_get(role, "team"));
        const char *code = json_string_value(json_object_get(role, "role"));
        (void)printf("  %s, %s%s", code, role_title(role_find(code)), *team ? ", team " : "");
        cli_print_safe(team, false);
        (void)putchar('\n');
    }
    (void)printf("profile %s, server %s:%u, certificate until %s\n", p->name, p->host,
                 (unsigned)p->port, render_time(ends_utc_ms, when));
    json_decref(roles);
}

int cmd_enrol(const struct cli *c)
{
    struct pki_code code;
    struct err_info why;
    struct session s;
    struct enrolling x = {.roles = NULL};
    enum err e = pki_code_parse(c->args[0], &code, &why);
    if (e)
        return cli_usage(c, why.text);
    const char *server = cli_option(c, "--server");
    if (server && !parse_server(server, &code))
        return cli_usage(c, "--server is HOST:PORT.");
    if (c->as && !profile_name_ok(c->as))
        return cli_usage(c, "A profile's name has letters, digits, - and _ only.");
    if (c->as && profile_exists(c->as)) {
        (void)err_set(&why, ERR_EXISTS, "There is a profile \"%s\" already; choose another name.",
                      c->as);
        return cli_fail(ERR_EXISTS, why.text);
    }
    e = session_open_at(&s, code.host, code.port, code.authority_hash16);
    if (!e)
        e = ask_enrol(&s, &code, &x);
    if (!e)
        e = check_authority(&x.profile, &code, &s.why);
    if (!e) {
        char name[64];
        profile_name_from(x.profile.person_name, name);
        (void)snprintf(x.profile.name, sizeof x.profile.name, "%s", c->as ? c->as : name);
        (void)snprintf(x.profile.host, sizeof x.profile.host, "%s", code.host);
        x.profile.port = code.port;
        e = profile_create(&x.profile, &s.why);
    }
    int exit_code = e ? session_fail(&s, e) : EXIT_DONE;
    if (!e)
        print_me(c, &x.profile, x.roles, x.ends_utc_ms);
    else
        json_decref(x.roles);
    explicit_bzero(&code, sizeof code);
    profile_fini(&x.profile);
    session_close(&s);
    return exit_code;
}

static enum err on_let_in(void *user, const Tandem__Envelope *m, struct err_info *why)
{
    (void)user;
    (void)why;
    (void)m; /* the Welcome said it all; the answer shows that we are let in */
    return ERR_OK;
}

int cmd_whoami(const struct cli *c)
{
    struct session s;
    enum err e = session_open(&s, c);
    Tandem__ListAudits list = TANDEM__LIST_AUDITS__INIT;
    Tandem__Envelope m = TANDEM__ENVELOPE__INIT;
    m.body_case = TANDEM__ENVELOPE__BODY_LIST_AUDITS;
    m.list_audits = &list;
    if (!e)
        e = session_ask(&s, &m, on_let_in, NULL);
    int exit_code = e ? session_fail(&s, e) : EXIT_DONE;
    if (!e) {
        const struct viewer *v = link_me(s.link);
        json_t *roles = json_array();
        for (size_t i = 0; i < v->nroles; i++)
            json_array_append_new(roles,
                                  json_pack("{s:s, s:s}", "role", role_code(v->roles[i].role),
                                            "team", v->roles[i].team));
        (void)snprintf(s.profile.person_name, sizeof s.profile.person_name, "%s",
                       link_my_name(s.link));
        (void)snprintf(s.profile.site, sizeof s.profile.site, "%s", link_site(s.link));
        print_me(c, &s.profile, roles, link_certificate_ends_utc_ms(s.link));
        if (!c->json)
            inbox_say_short(&s);
    }
    session_close(&s);
    return exit_code;
}
