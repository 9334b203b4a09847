#include "server/api/routes.h"

#include "server/api/core_inner.h"
#include "server/api/handlers.h"

/* Those who may have to do with an audit at all; which ones, membership and team decide. ADMIN has
 * no access to content, BOARD sees published reports only. */
#define CONTENT                                                                                    \
    (ROLE_BIT(ROLE_FRO) | ROLE_BIT(ROLE_FSW) | ROLE_BIT(ROLE_CSW) | ROLE_BIT(ROLE_IRO) |           \
     ROLE_BIT(ROLE_IROM) | ROLE_BIT(ROLE_FTM) | ROLE_BIT(ROLE_SM) | ROLE_BIT(ROLE_HOS) |           \
     ROLE_BIT(ROLE_DIR) | ROLE_BIT(ROLE_EXEC) | ROLE_BIT(ROLE_QA) | ROLE_BIT(ROLE_LADO) |          \
     ROLE_BIT(ROLE_PANEL) | ROLE_BIT(ROLE_SSL) | ROLE_BIT(ROLE_COMP))
#define WRITERS                                                                                    \
    (ROLE_BIT(ROLE_FRO) | ROLE_BIT(ROLE_FSW) | ROLE_BIT(ROLE_CSW) | ROLE_BIT(ROLE_IRO) |           \
     ROLE_BIT(ROLE_IROM) | ROLE_BIT(ROLE_FTM) | ROLE_BIT(ROLE_SM) | ROLE_BIT(ROLE_QA) |            \
     ROLE_BIT(ROLE_SSL))
#define CREATORS (ROLE_BIT(ROLE_FRO) | ROLE_BIT(ROLE_QA) | ROLE_BIT(ROLE_FTM))
#define INVITERS (ROLE_BIT(ROLE_FRO) | ROLE_BIT(ROLE_QA) | ROLE_BIT(ROLE_IROM))
#define ANYONE   0u

#define ANY_STATE 0xffffffffu
/* While somebody may still write or comment; which, common/audit says per field. */
#define OPEN                                                                                       \
    (STATE_BIT(AUDIT_PLANNED) | STATE_BIT(AUDIT_PREPARING) | STATE_BIT(AUDIT_IN_PROGRESS) |        \
     STATE_BIT(AUDIT_AGREED) | STATE_BIT(AUDIT_SUBMITTED) | STATE_BIT(AUDIT_MODERATING) |          \
     STATE_BIT(AUDIT_RETURNED))
#define NOT_OVER (ANY_STATE & ~(STATE_BIT(AUDIT_CLOSED) | STATE_BIT(AUDIT_WITHDRAWN)))

#define K(name)      TANDEM__ENVELOPE__BODY_##name
#define SERVERS_ONLY NULL, WHEN_GREETED, WHO_BOTH, ANYONE, WHERE_NOWHERE, ANY_STATE, false

/* clang-format off */
static const struct route routes[] = {
    /* kind            handler              when          who           roles     where          in states  silent */
    {K(EDIT),          handle_edit,         WHEN_GREETED, WHO_KNOWN,    WRITERS,  WHERE_ROOM,    OPEN,      false},
    {K(EVENT),         SERVERS_ONLY},
    {K(ACKED),         SERVERS_ONLY},
    {K(PRESENCE),      handle_presence,     WHEN_GREETED, WHO_KNOWN,    CONTENT,  WHERE_ROOM,    ANY_STATE, true},
    {K(PING),          handle_ping,         WHEN_GREETED, WHO_BOTH,     ANYONE,   WHERE_NOWHERE, ANY_STATE, false},
    {K(PONG),          handle_pong,         WHEN_GREETED, WHO_BOTH,     ANYONE,   WHERE_NOWHERE, ANY_STATE, true},
    {K(ERROR),         SERVERS_ONLY},
    {K(DONE),          SERVERS_ONLY},
    {K(PRESENTS),      SERVERS_ONLY},
    {K(ROOM_CLOSED),   SERVERS_ONLY},
    {K(SNAPSHOT_PART), SERVERS_ONLY},

    {K(HELLO),         handle_hello,        WHEN_FIRST,   WHO_BOTH,     ANYONE,   WHERE_NOWHERE, ANY_STATE, false},
    {K(WELCOME),       SERVERS_ONLY},
    {K(ENROL),         handle_enrol,        WHEN_GREETED, WHO_STRANGER, ANYONE,   WHERE_NOWHERE, ANY_STATE, false},
    {K(ENROLLED),      SERVERS_ONLY},
    {K(RENEW),         handle_renew,        WHEN_GREETED, WHO_KNOWN,    ANYONE,   WHERE_NOWHERE, ANY_STATE, false},

    {K(LIST_AUDITS),   handle_list_audits,  WHEN_GREETED, WHO_KNOWN,    ANYONE,   WHERE_NOWHERE, ANY_STATE, false},
    {K(AUDIT_LIST),    SERVERS_ONLY},
    {K(NEW_AUDIT),     handle_new_audit,    WHEN_GREETED, WHO_KNOWN,    CREATORS, WHERE_NOWHERE, ANY_STATE, false},
    {K(AUDIT_CREATED), SERVERS_ONLY},
    {K(SET_MEMBER),    handle_set_member,   WHEN_GREETED, WHO_KNOWN,    INVITERS, WHERE_NAMED,   NOT_OVER,  false},
    {K(LIST_PEOPLE),   handle_list_people,  WHEN_GREETED, WHO_KNOWN,    ANYONE,   WHERE_NOWHERE, ANY_STATE, false},
    {K(PEOPLE_LIST),   SERVERS_ONLY},

    {K(JOIN),          handle_join,         WHEN_GREETED, WHO_KNOWN,    CONTENT,  WHERE_AUDIT,   ANY_STATE, false},
    {K(JOINED),        SERVERS_ONLY},
    {K(LEAVE),         handle_leave,        WHEN_GREETED, WHO_KNOWN,    ANYONE,   WHERE_ROOM,    ANY_STATE, false},
    {K(WHO),           handle_who,          WHEN_GREETED, WHO_KNOWN,    CONTENT,  WHERE_AUDIT,   ANY_STATE, false},
    {K(HISTORY),       handle_history,      WHEN_GREETED, WHO_KNOWN,    CONTENT,  WHERE_AUDIT,   ANY_STATE, false},
    {K(HISTORY_PAGE),  SERVERS_ONLY},
    {K(VIEW_AT),       handle_view_at,      WHEN_GREETED, WHO_KNOWN,    CONTENT,  WHERE_AUDIT,   ANY_STATE, false},
    {K(VIEW),          SERVERS_ONLY},
    {K(GET_TEMPLATE),  handle_get_template, WHEN_GREETED, WHO_KNOWN,    ANYONE,   WHERE_NOWHERE, ANY_STATE, false},
    {K(TEMPLATE_REPLY), SERVERS_ONLY},
};
/* clang-format on */

const struct route *route_table(size_t *count)
{
    *count = sizeof routes / sizeof *routes;
    return routes;
}

const struct route *route_find(int kind)
{
    for (size_t i = 0; i < sizeof routes / sizeof *routes; i++)
        if (routes[i].kind == kind)
            return &routes[i];
    return NULL;
}

const char *route_ref(const struct call *c)
{
    const Tandem__Envelope *e = c->env;
    const char *ref = NULL;
    if (e->body_case == K(SET_MEMBER))
        ref = e->set_member->ref;
    else if (e->body_case == K(JOIN))
        ref = e->join->ref;
    else if (e->body_case == K(WHO))
        ref = e->who->ref;
    else if (e->body_case == K(HISTORY))
        ref = e->history->ref;
    else if (e->body_case == K(VIEW_AT))
        ref = e->view_at->ref;
    return ref ? ref : "";
}

static uint32_t room_of(const struct call *c)
{
    const Tandem__Envelope *e = c->env;
    if (e->body_case == K(EDIT))
        return e->edit->room;
    if (e->body_case == K(PRESENCE))
        return e->presence->room;
    return e->body_case == K(LEAVE) ? e->leave->room : 0;
}

/* ---- the guards ---- */

static enum err check_who(const struct call *c, const struct conn *cn, struct err_info *why)
{
    const struct route *r = c->route;
    if (r->when == WHEN_FIRST && cn->greeted)
        return err_set(why, ERR_INPUT, "Hello is said once, first.");
    if (r->when == WHEN_GREETED && !cn->greeted)
        return err_set(why, ERR_NOT_AUTHENTICATED, "Say Hello first.");
    if (!(r->who & (cn->person ? WHO_KNOWN : WHO_STRANGER)))
        return cn->person ? err_set(why, ERR_REFUSED_ROLE, "You are enrolled already.")
                          : err_set(why, ERR_NOT_AUTHENTICATED,
                                    "This needs a certificate. Enrol with the code that your "
                                    "administrator gives you: tandem enrol CODE");
    return ERR_OK;
}

static enum err check_roles(const struct call *c, struct err_info *why)
{
    if (!c->route->roles)
        return ERR_OK;
    const struct person *p = call_person(c);
    for (size_t i = 0; p && i < p->viewer.nroles; i++)
        if (c->route->roles & ROLE_BIT(p->viewer.roles[i].role))
            return ERR_OK;
    return err_set(why, ERR_REFUSED_ROLE, "Your role may not do this (%s).",
                   wire_kind_name(c->route->kind));
}

enum err route_check_state(const struct call *c, const struct audit *a, struct err_info *why)
{
    enum audit_state s = audit_info(a).state;
    if (c->route->states & STATE_BIT(s))
        return ERR_OK;
    return err_set(why, ERR_REFUSED_STATE, "The audit is %s: this cannot be done now.",
                   audit_state_code(s));
}

enum err route_recheck(const struct call *c, struct err_info *why)
{
    enum err e = check_roles(c, why);
    if (e || !c->la)
        return e;
    const struct audit *a = live_state(c->la);
    const struct person *p = call_person(c);
    if (!a || !p || (c->route->where == WHERE_AUDIT && !audit_may_see(a, &p->viewer)))
        return err_set(why, ERR_NOT_FOUND, "%s", err_text(ERR_NOT_FOUND));
    return c->route->where == WHERE_NAMED ? ERR_OK : route_check_state(c, a, why);
}

static void audit_is_here(struct call *c, enum err e)
{
    struct err_info why;
    if (!call_conn(c))
        call_free(c);
    else if (e == ERR_REJOIN)
        call_wait(c, 0, audit_is_here);
    else if (e == ERR_NOT_FOUND)
        call_not_found(c);
    else if (e)
        call_fail(c, ERR_STORE, "", "The audit cannot be read now. Try again in a moment.");
    else if (route_recheck(c, &why))
        call_fail_info(c, &why);
    else
        c->route->handle(c);
}

static void with_audit(struct call *c)
{
    if (!call_keep(c))
        return;
    c->la = live_pin(c->core->live, route_ref(c));
    if (!c->la)
        call_no_memory(c);
    else
        call_wait(c, 0, audit_is_here);
}

static void with_room(struct call *c, struct conn *cn)
{
    struct err_info why;
    c->seat = conn_seat(cn, room_of(c));
    if (!c->seat) {
        call_fail(c, ERR_REFUSED_ROOM, "room", "%s", err_text(ERR_REFUSED_ROOM));
        return;
    }
    const struct audit *a = live_state(c->seat->audit);
    if (!a)
        call_fail(c, ERR_REJOIN, "room", "%s", err_text(ERR_REJOIN));
    else if (route_check_state(c, a, &why))
        call_fail_info(c, &why);
    else
        c->route->handle(c);
}

void route_call(struct call *c)
{
    struct conn *cn = call_conn(c);
    struct err_info why;
    c->route = route_find((int)c->env->body_case);
    if (!c->route) {
        conn_close(cn, c->id, ERR_INPUT,
                   "This server does not know that kind of message. Is your tandem newer than it?");
        call_free(c);
    } else if (!c->route->handle) {
        call_fail(c, ERR_INPUT, "", "Only servers send this (%s).", wire_kind_name(c->route->kind));
    } else if (check_who(c, cn, &why)) {
        if (cn->person) {
            call_fail_info(c, &why);
            return;
        }
        conn_close(cn, c->id, why.code, why.text);
        call_free(c);
    } else if (check_roles(c, &why)) {
        call_fail_info(c, &why);
    } else if (c->route->where == WHERE_AUDIT || c->route->where == WHERE_NAMED) {
        with_audit(c);
    } else if (c->route->where == WHERE_ROOM) {
        with_room(c, cn);
    } else {
        c->route->handle(c);
    }
}
