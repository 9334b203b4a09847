/* Who is talking: Hello, Enrol, Renew; and that the other end is still there. */

#include <stdio.h>
#include <string.h>

#include "common/log.h"
#include "server/api/core_inner.h"
#include "server/api/handlers.h"
#include "server/rules/period.h"

/* What this server can do beyond protocol 1; a client that names one gets it. */
static const char *const features[] = {"snapshot-parts"};

static const int64_t day_ms = 24 * 3600 * 1000;

void handle_ping(struct call *c)
{
    wire_pong(&c->core->out, c->id);
    (void)conn_send_out(call_conn(c)); /* a full queue shows elsewhere */
    call_free(c);
}

void handle_pong(struct call *c)
{
    call_free(c); /* that it came is all there is to it */
}

void fill_person(struct call *c, Tandem__Person *to, const struct person *p)
{
    tandem__person__init(to);
    to->id = p->viewer.person;
    to->name = call_strdup(c, p->name);
    to->revoked = p->revoked;
    to->roles = call_alloc(c, p->viewer.nroles * sizeof *to->roles);
    Tandem__RoleHeld *held = call_alloc(c, p->viewer.nroles * sizeof *held);
    if (!to->name || !to->roles || !held) {
        to->name = (char *)protobuf_c_empty_string;
        return;
    }
    for (size_t i = 0; i < p->viewer.nroles; i++) {
        tandem__role_held__init(&held[i]);
        held[i].role = (uint32_t)p->viewer.roles[i].role;
        held[i].team = call_strdup(c, p->viewer.roles[i].team);
        if (!held[i].team)
            held[i].team = (char *)protobuf_c_empty_string;
        to->roles[to->n_roles++] = &held[i];
    }
}

/* Is the certificate good? Answers and closes when not. NULL in *who: there is none. */
static bool recognise(struct call *c, struct conn *cn, const struct person **who)
{
    const char *why = "";
    char text[200];
    *who = NULL;
    if (cn->peer.cert == CORE_CERT_NONE)
        return true;
    if (cn->peer.cert == CORE_CERT_OK)
        *who = people_of_cert(c->core->people, cn->peer.serial, &why);
    if (*who)
        return true;
    if (cn->peer.cert == CORE_CERT_EXPIRED) {
        char day[11];
        period_format(period_today(cn->peer.cert_ends_utc_ms), day);
        (void)snprintf(text, sizeof text,
                       "Your certificate ended on %s. Ask your administrator for a new code and "
                       "enrol again.",
                       day);
    } else {
        bool revoked = !strcmp(why, "revoked");
        (void)snprintf(text, sizeof text, "%s",
                       revoked ? "Your access has been withdrawn. Ask your administrator."
                               : "This site does not know your certificate. Are you at the right "
                                 "server? Enrol with a code of this site.");
    }
    conn_close(cn, c->id, ERR_NOT_AUTHENTICATED, text);
    call_free(c);
    return false;
}

void handle_hello(struct call *c)
{
    struct conn *cn = call_conn(c);
    struct core *core = c->core;
    const Tandem__Hello *hello = c->env->hello;
    const struct person *who;
    if (hello->protocol != CORE_PROTOCOL) {
        conn_close(cn, c->id, ERR_VERSION,
                   "This server speaks protocol 1. Update your tandem, or the server.");
        call_free(c);
        return;
    }
    if (!recognise(c, cn, &who))
        return;
    cn->greeted = true;
    if (who)
        conn_authenticated(cn, who->viewer.person);
    log_info("core", "hello", "conn=%llu person=%u", (unsigned long long)cn->id, cn->person);

    Tandem__Welcome w = TANDEM__WELCOME__INIT;
    Tandem__Person you;
    char *in_use[sizeof features / sizeof *features];
    w.protocol = CORE_PROTOCOL;
    w.site = core->settings.site;
    w.utc_ms = core->utc_ms;
    w.max_frame_bytes =
        (uint32_t)(who ? core->settings.max_frame_bytes : FRAME_MAX_UNAUTHENTICATED_BYTES);
    w.max_batch_bytes = (uint32_t)core->settings.max_batch_bytes;
    w.features = in_use;
    for (size_t i = 0; i < sizeof features / sizeof *features; i++)
        for (size_t k = 0; k < hello->n_features; k++)
            if (!strcmp(hello->features[k], features[i])) {
                in_use[w.n_features++] = (char *)features[i];
                break;
            }
    if (who) {
        fill_person(c, &you, who);
        w.you = &you;
        w.certificate_ends_utc_ms = cn->peer.cert_ends_utc_ms;
        w.renew_soon = cn->peer.cert_ends_utc_ms - core->utc_ms <
                       (int64_t)core->settings.cert_days * day_ms / 3;
    }
    Tandem__Envelope e = TANDEM__ENVELOPE__INIT;
    e.body_case = TANDEM__ENVELOPE__BODY_WELCOME;
    e.welcome = &w;
    call_answer(c, &e);
}

/* ---- certificates ---- */

static void answer_enrolled(struct call *c, uint32_t person, int64_t ends_utc_ms)
{
    struct core *core = c->core;
    const struct person *p = people_find(core->people, person);
    struct buf authority = BUF_INIT;
    core->hooks.authority_der(core->hooks.user, &authority);
    if (buf_failed(&authority) || !p) {
        buf_free(&authority);
        call_no_memory(c);
        return;
    }
    Tandem__Enrolled r = TANDEM__ENROLLED__INIT;
    Tandem__Person you;
    fill_person(c, &you, p);
    r.certificate_der = (ProtobufCBinaryData){.len = c->data.len, .data = c->data.data};
    r.authority_der = (ProtobufCBinaryData){.len = authority.len, .data = authority.data};
    r.you = &you;
    r.site = core->settings.site;
    r.certificate_ends_utc_ms = ends_utc_ms;
    Tandem__Envelope e = TANDEM__ENVELOPE__INIT;
    e.body_case = TANDEM__ENVELOPE__BODY_ENROLLED;
    e.enrolled = &r;
    call_answer(c, &e);
    buf_free(&authority);
}

static enum err sign(struct call *c, const ProtobufCBinaryData *csr, uint32_t person,
                     struct store_cert *cert)
{
    struct core *core = c->core;
    struct err_info why = {0};
    cert->person = person;
    cert->not_after_utc_ms = core->utc_ms + (int64_t)core->settings.cert_days * day_ms;
    enum err e = core->hooks.sign(core->hooks.user, csr->data, csr->len, person, core->utc_ms,
                                  cert->not_after_utc_ms, &c->data, cert->serial, &why);
    if (e)
        call_fail(c, e, "csr_der", "%s", why.code ? why.text : err_text(e));
    return e;
}

static void code_used(struct call *c, enum err e)
{
    struct core *core = c->core;
    const struct store_cert *cert = &c->store.code.cert;
    struct conn *cn = call_conn(c);
    if (!e)
        e = people_put_cert(core->people, cert->serial, cert->person, false);
    if (!cn) {
        call_free(c);
    } else if (e == ERR_NOT_FOUND) {
        log_warn("core", "enrol_refused", "conn=%llu why=%s", (unsigned long long)c->conn_id,
                 c->store.code.why ? c->store.code.why : "unknown");
        conn_close(cn, c->id, ERR_NOT_AUTHENTICATED,
                   "This code does not work: it is mistyped, used, or out of date. Ask your "
                   "administrator for a new one.");
        call_free(c);
    } else if (e) {
        call_fail(c, ERR_STORE, "", "Your certificate could not be kept. Try again in a moment.");
    } else {
        log_info("core", "enrolled", "conn=%llu person=%u", (unsigned long long)c->conn_id,
                 cert->person);
        answer_enrolled(c, cert->person, cert->not_after_utc_ms);
    }
}

/* Whose code it is shows when it is used, with which the certificate is stored; its subject can
 * therefore not say it, and does not matter: a certificate is known by its serial. */
void handle_enrol(struct call *c)
{
    const Tandem__Enrol *r = c->env->enrol;
    memset(&c->store, 0, sizeof c->store);
    if (!call_keep(c) || sign(c, &r->csr_der, 0, &c->store.code.cert))
        return;
    hash_sha256(r->secret.data, r->secret.len, c->store.code.secret_hash);
    c->store.code.now_utc_ms = c->core->utc_ms;
    call_store(c, STORE_CODE_USE, code_used);
}

static void cert_put(struct call *c, enum err e)
{
    struct core *core = c->core;
    const struct store_cert *cert = &c->store.cert.cert;
    if (!e)
        e = people_put_cert(core->people, cert->serial, cert->person, false);
    struct conn *cn = call_conn(c);
    if (!cn) {
        call_free(c);
    } else if (e) {
        call_fail(c, ERR_STORE, "", "Your certificate could not be kept. Try again in a moment.");
    } else {
        cn->peer.cert_ends_utc_ms = cert->not_after_utc_ms;
        answer_enrolled(c, cert->person, cert->not_after_utc_ms);
    }
}

void handle_renew(struct call *c)
{
    memset(&c->store, 0, sizeof c->store);
    if (!call_keep(c) ||
        sign(c, &c->env->renew->csr_der, call_conn(c)->person, &c->store.cert.cert))
        return;
    call_store(c, STORE_CERT_PUT, cert_put);
}
