#include "server/api/routes.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "server/api/core_inner.h"
#include "server/api/handlers.h"
#include "server/rules/permission.h"

/* Those who may have to do with an audit at all; which ones, membership and team decide. ADMIN has
 * no access to content, BOARD sees published reports only. */
#define CONTENT                                                                                    \
    (ROLE_BIT(ROLE_FRO) | ROLE_BIT(ROLE_FSW) | ROLE_BIT(ROLE_CSW) | ROLE_BIT(ROLE_IRO) |           \
     ROLE_BIT(ROLE_IROM) | ROLE_BIT(ROLE_FTM) | ROLE_BIT(ROLE_SM) | ROLE_BIT(ROLE_HOS) |           \
     ROLE_BIT(ROLE_DIR) | ROLE_BIT(ROLE_EXEC) | ROLE_BIT(ROLE_QA) | ROLE_BIT(ROLE_LADO) |          \
     ROLE_BIT(ROLE_PANEL) | ROLE_BIT(ROLE_SSL) | ROLE_BIT(ROLE_COMP))
#define WRITERS                                                                                    \
    (ROLE_BIT(ROLE_FRO) | ROLE_BIT(ROLE_FSW) | ROLE_BIT(ROLE_CSW) | ROLE_BIT(ROLE_IRO) |           \
     ROLE_BIT(ROLE_IROM) | ROLE_BIT(ROLE_FTM) | ROLE_BIT(ROLE_SM) | ROLE_BIT(ROLE_HOS) |           \
     ROLE_BIT(ROLE_DIR) | ROLE_BIT(ROLE_EXEC) | ROLE_BIT(ROLE_QA) | ROLE_BIT(ROLE_SSL))
/* Whoever may break the glass may read while it is broken. */
#define READERS (CONTENT | ROLE_BIT(ROLE_ADMIN))
/* Of some kind of record; which, server/rules/life.h says. */
#define CREATORS                                                                                   \
    (ROLE_BIT(ROLE_FRO) | ROLE_BIT(ROLE_FSW) | ROLE_BIT(ROLE_CSW) | ROLE_BIT(ROLE_IRO) |           \
     ROLE_BIT(ROLE_IROM) | ROLE_BIT(ROLE_FTM) | ROLE_BIT(ROLE_SM) | ROLE_BIT(ROLE_HOS) |           \
     ROLE_BIT(ROLE_DIR) | ROLE_BIT(ROLE_QA))
#define INVITERS (ROLE_BIT(ROLE_FRO) | ROLE_BIT(ROLE_QA) | ROLE_BIT(ROLE_IROM))
#define ANYONE   0u

#define ANY_STATE 0xffffffffu
/* While somebody may still write or comment; which, common/audit says per field. */
#define OPEN                                                                                       \
    (STATE_BIT(AUDIT_PLANNED) | STATE_BIT(AUDIT_PREPARING) | STATE_BIT(AUDIT_IN_PROGRESS) |        \
     STATE_BIT(AUDIT_AGREED) | STATE_BIT(AUDIT_SUBMITTED) | STATE_BIT(AUDIT_MODERATING) |          \
     STATE_BIT(AUDIT_RETURNED) | STATE_BIT(AUDIT_ACTION_PLANNING) | STATE_BIT(AUDIT_ASSURANCE) |   \
     STATE_BIT(AUDIT_FOLLOW_UP))
#define NOT_OVER (ANY_STATE & ~(STATE_BIT(AUDIT_CLOSED) | STATE_BIT(AUDIT_WITHDRAWN)))

#define PLANNABLE (STATE_BIT(AUDIT_PLANNED) | STATE_BIT(AUDIT_PREPARING))

#define K(name)      TANDEM__ENVELOPE__BODY_##name
#define SERVERS_ONLY NULL, WHEN_GREETED, WHO_BOTH, ANYONE, WHERE_NOWHERE, ANY_STATE, 1, false

/* clang-format off */
static const struct route routes[] = {
    /* kind            handler              when          who           roles     where          in states  cost  silent */
    {K(EDIT),          handle_edit,         WHEN_GREETED, WHO_KNOWN,    WRITERS,  WHERE_ROOM,    OPEN,      1,    false},
    {K(EVENT),         SERVERS_ONLY},
    {K(ACKED),         SERVERS_ONLY},
    {K(PRESENCE),      handle_presence,     WHEN_GREETED, WHO_KNOWN,    CONTENT,  WHERE_ROOM,    ANY_STATE, 1,    true},
    {K(PING),          handle_ping,         WHEN_GREETED, WHO_BOTH,     ANYONE,   WHERE_NOWHERE, ANY_STATE, 1,    false},
    {K(PONG),          handle_pong,         WHEN_GREETED, WHO_BOTH,     ANYONE,   WHERE_NOWHERE, ANY_STATE, 1,    true},
    {K(ERROR),         SERVERS_ONLY},
    {K(DONE),          SERVERS_ONLY},
    {K(PRESENTS),      SERVERS_ONLY},
    {K(ROOM_CLOSED),   SERVERS_ONLY},
    {K(SNAPSHOT_PART), SERVERS_ONLY},

    {K(HELLO),         handle_hello,        WHEN_FIRST,   WHO_BOTH,     ANYONE,   WHERE_NOWHERE, ANY_STATE, 1,    false},
    {K(WELCOME),       SERVERS_ONLY},
    {K(ENROL),         handle_enrol,        WHEN_GREETED, WHO_STRANGER, ANYONE,   WHERE_NOWHERE, ANY_STATE, 1,    false},
    {K(ENROLLED),      SERVERS_ONLY},
    {K(RENEW),         handle_renew,        WHEN_GREETED, WHO_KNOWN,    ANYONE,   WHERE_NOWHERE, ANY_STATE, 1,    false},

    {K(LIST_AUDITS),   handle_list_audits,  WHEN_GREETED, WHO_KNOWN,    ANYONE,   WHERE_NOWHERE, ANY_STATE, 5,    false},
    {K(AUDIT_LIST),    SERVERS_ONLY},
    {K(NEW_AUDIT),     handle_new_audit,    WHEN_GREETED, WHO_KNOWN,    CREATORS, WHERE_NOWHERE, ANY_STATE, 1,    false},
    {K(AUDIT_CREATED), SERVERS_ONLY},
    {K(SET_MEMBER),    handle_set_member,   WHEN_GREETED, WHO_KNOWN,    INVITERS, WHERE_NAMED,   NOT_OVER,  1,    false},
    {K(LIST_PEOPLE),   handle_list_people,  WHEN_GREETED, WHO_KNOWN,    ANYONE,   WHERE_NOWHERE, ANY_STATE, 1,    false},
    {K(PEOPLE_LIST),   SERVERS_ONLY},

    {K(JOIN),          handle_join,         WHEN_GREETED, WHO_KNOWN,    READERS,  WHERE_AUDIT,   ANY_STATE, 1,    false},
    {K(JOINED),        SERVERS_ONLY},
    {K(LEAVE),         handle_leave,        WHEN_GREETED, WHO_KNOWN,    ANYONE,   WHERE_ROOM,    ANY_STATE, 1,    false},
    {K(WHO),           handle_who,          WHEN_GREETED, WHO_KNOWN,    READERS,  WHERE_AUDIT,   ANY_STATE, 1,    false},
    {K(HISTORY),       handle_history,      WHEN_GREETED, WHO_KNOWN,    READERS,  WHERE_AUDIT,   ANY_STATE, 5,    false},
    {K(HISTORY_PAGE),  SERVERS_ONLY},
    {K(VIEW_AT),       handle_view_at,      WHEN_GREETED, WHO_KNOWN,    READERS,  WHERE_AUDIT,   ANY_STATE, 1,    false},
    {K(VIEW),          SERVERS_ONLY},
    {K(GET_TEMPLATE),  handle_get_template, WHEN_GREETED, WHO_KNOWN,    ANYONE,   WHERE_NOWHERE, ANY_STATE, 1,    false},
    {K(TEMPLATE_REPLY), SERVERS_ONLY},

    {K(NEXT),              handle_next,             WHEN_GREETED, WHO_KNOWN,    READERS,  WHERE_AUDIT,   ANY_STATE, 2,    false},
    {K(STEPS), SERVERS_ONLY},
    {K(MOVE_AUDIT),        handle_move_audit,       WHEN_GREETED, WHO_KNOWN,    CONTENT,  WHERE_NAMED,   ANY_STATE, 2,    false},
    {K(MOVED), SERVERS_ONLY},
    {K(SIGN),              handle_sign,             WHEN_GREETED, WHO_KNOWN,    CONTENT,  WHERE_AUDIT,   ANY_STATE, 2,    false},
    {K(VERIFY_SIGNATURES), handle_verify_signatures, WHEN_GREETED, WHO_KNOWN,    READERS,  WHERE_AUDIT,   ANY_STATE, 20,    false},
    {K(SIGNATURE_LIST), SERVERS_ONLY},
    {K(MODERATORS),        handle_moderators,       WHEN_GREETED, WHO_KNOWN,    CONTENT,  WHERE_NAMED,   ANY_STATE, 5,    false},
    {K(MODERATOR_LIST), SERVERS_ONLY},
    {K(ACTION_STEP),       handle_action_step,      WHEN_GREETED, WHO_KNOWN,    CONTENT,  WHERE_NAMED,   ANY_STATE, 2,    false},
    {K(RAISE_FLAG),        handle_raise_flag,       WHEN_GREETED, WHO_KNOWN,    CONTENT,  WHERE_AUDIT,   ANY_STATE, 1,    false},
    {K(NOTE_FLAG),         handle_note_flag,        WHEN_GREETED, WHO_KNOWN,    CONTENT,  WHERE_AUDIT,   ANY_STATE, 1,    false},
    {K(INBOX),             handle_inbox,            WHEN_GREETED, WHO_KNOWN,    ANYONE,   WHERE_NOWHERE, ANY_STATE, 5,    false},
    {K(INBOX_LIST), SERVERS_ONLY},
    {K(READERS),           handle_readers,          WHEN_GREETED, WHO_KNOWN,    CONTENT,  WHERE_AUDIT,   ANY_STATE, 5,    false},
    {K(READER_LIST), SERVERS_ONLY},
    {K(BREAK_GLASS),       handle_break_glass,      WHEN_GREETED, WHO_KNOWN,    READERS,  WHERE_NAMED,   ANY_STATE, 5,    false},
    {K(RULES),             handle_rules,            WHEN_GREETED, WHO_KNOWN,    ANYONE,   WHERE_NOWHERE, ANY_STATE, 2,    false},
    {K(RULES_TEXT), SERVERS_ONLY},
    {K(TRIGGER),           handle_trigger,          WHEN_GREETED, WHO_KNOWN,    CREATORS, WHERE_NOWHERE, ANY_STATE, 5,    false},
    {K(TRIGGERED), SERVERS_ONLY},
    {K(PLAN_AUDIT),        handle_plan_audit,       WHEN_GREETED, WHO_KNOWN,    CREATORS, WHERE_AUDIT,   PLANNABLE, 1,    false},
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

/* "fca-2026-1" as "FCA-2026-0001"; whatever has another shape stays as it is. */
static void name_of_record(const char *typed, char out[ROUTE_REF_BYTES])
{
    const char *year = strchr(typed, '-'), *number = year ? strchr(year + 1, '-') : NULL;
    char *end;
    unsigned long n = number ? strtoul(number + 1, &end, 10) : 0;
    (void)snprintf(out, ROUTE_REF_BYTES, "%s", typed); /* longer than any: cut, and not found */
    if (!number || !isdigit((unsigned char)number[1]) || *end || n > 999999 ||
        number - typed > ROUTE_REF_BYTES / 2)
        return;
    for (char *p = out; p < out + (year - typed); p++)
        *p = (char)toupper((unsigned char)*p);
    size_t at = (size_t)(number + 1 - typed);
    (void)snprintf(out + at, ROUTE_REF_BYTES - at, "%04lu", n);
}

void route_ref(const struct call *c, char out[ROUTE_REF_BYTES])
{
    const ProtobufCMessage *m = wire_inner(c->env);
    const ProtobufCFieldDescriptor *f =
        m ? protobuf_c_message_descriptor_get_field_by_name(m->descriptor, "ref") : NULL;
    const char *ref = NULL;
    if (f && f->type == PROTOBUF_C_TYPE_STRING)
        ref = *(const char *const *)(const void *)((const char *)m + f->offset);
    name_of_record(ref ? ref : "", out);
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

bool route_may_see(const struct call *c, const struct audit *a)
{
    const struct person *p = call_person(c);
    const struct audit_member *m = p ? audit_member_find(a, p->viewer.person) : NULL;
    const struct audit_glass *g = p ? audit_glass_of(a, p->viewer.person) : NULL;
    if (!p || !audit_may_see(a, &p->viewer))
        return false;
    return !g || g->until_utc_ms > c->core->utc_ms ||
           permission_may_list(&p->viewer, m ? m->role : ROLE_NONE, audit_info(a).team);
}

enum err route_recheck(const struct call *c, struct err_info *why)
{
    enum err e = check_roles(c, why);
    if (e || !c->la)
        return e;
    const struct audit *a = live_state(c->la);
    if (!a || (c->route->where == WHERE_AUDIT && !route_may_see(c, a)))
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
    char ref[ROUTE_REF_BYTES];
    if (!call_keep(c))
        return;
    route_ref(c, ref);
    c->la = live_pin(c->core->live, ref);
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
    if (!c->route) {
        conn_close(cn, c->id, ERR_INPUT,
                   "This server does not know that kind of message. Is your tandem newer than it?");
        call_free(c);
    } else if (!c->route->handle) {
        call_fail(c, ERR_INPUT, "", "A server takes no such message (%s).",
                  wire_kind_name(c->route->kind));
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
