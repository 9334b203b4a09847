#include "tests/sim/world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/utf8.h"
#include "proto/wire.pb-c.h"
#include "server/api/admin.h"

/* People who act on a record while others write in it: they sign what they see, submit, hand over,
 * return, name a moderator, remove somebody, lose their access. Every request carries its number
 * into the log, so that check_life.c can compare what its sender was told with what stands. */

enum { ANA, BEN, CLEO, IRIS, IAN, QUIN, MAE };

struct asking {
    enum sim_kind kind;
    Tandem__Envelope env;
    uint64_t revision;
};

static void answered(void *user, enum err e, const char *text, const Tandem__Envelope *answer)
{
    struct sim_asked *a = user;
    if (a->fate != FATE_OPEN)
        world_fail(a->world, "request #%u was answered twice", a->number);
    /* When the line ends, or the access of who asked, that is no answer. */
    bool unknown = e == ERR_NET || e == ERR_NOT_AUTHENTICATED;
    a->fate = unknown ? FATE_UNKNOWN : e ? FATE_REFUSED : FATE_DONE;
    if (!e && answer && answer->body_case == TANDEM__ENVELOPE__BODY_MOVED)
        a->seq = answer->moved->seq;
    snprintf(a->why, sizeof a->why, "%s: %s", err_name(e), text ? text : "");
    if (e && e != ERR_NET && !(text && *text))
        world_fail(a->world, "request #%u was refused without a word (%s)", a->number, err_name(e));
    if (a->world->clients[a->client].open == a)
        a->world->clients[a->client].open = NULL;
}

static struct sim_asked *ask_new(struct world *w, int i, enum sim_kind kind)
{
    if (w->nasked == w->asked_cap) {
        w->asked_cap = w->asked_cap ? 2 * w->asked_cap : 64;
        w->asked = realloc(w->asked, w->asked_cap * sizeof *w->asked);
    }
    struct sim_asked *a = w->asked ? calloc(1, sizeof *a) : NULL;
    if (!a)
        abort();
    *a = (struct sim_asked){
        .world = w, .number = (unsigned)w->nasked, .client = i, .kind = kind, .fate = FATE_OPEN};
    w->asked[w->nasked++] = a;
    return w->clients[i].open = a;
}

static void send(struct world *w, struct sim_asked *a, Tandem__Envelope *e)
{
    struct sim_client *c = &w->clients[a->client];
    if (!link_request(c->link, e, answered, a))
        return;
    a->fate = FATE_REFUSED; /* it never left */
    c->open = NULL;
    if (link_state(c->link) != LINK_ENDED)
        world_fail(w, "request #%u could not be sent", a->number);
}

void races_forget(struct world *w, int i)
{
    struct sim_asked *a = w->clients[i].open;
    if (a && a->fate == FATE_OPEN)
        a->fate = FATE_UNKNOWN;
    w->clients[i].open = NULL;
}

void races_end(struct world *w)
{
    for (size_t i = 0; i < w->nasked; i++)
        free(w->asked[i]);
    free(w->asked);
}

/* ---- what is asked ---- */

static void ask_move(struct world *w, int i, enum sim_kind kind, enum audit_state to,
                     const char *moderator)
{
    struct sim_asked *a = ask_new(w, i, kind);
    char reason[32];
    Tandem__MoveAudit m = TANDEM__MOVE_AUDIT__INIT;
    Tandem__Envelope e = TANDEM__ENVELOPE__INIT;
    snprintf(reason, sizeof reason, "#%u", a->number);
    m.ref = w->ref;
    m.to = (uint32_t)to;
    m.reason = reason;
    m.person = (char *)(uintptr_t)moderator;
    e.body_case = TANDEM__ENVELOPE__BODY_MOVE_AUDIT;
    e.move_audit = &m;
    send(w, a, &e);
}

static void ask_sign(struct world *w, int i)
{
    struct sim_asked *a = ask_new(w, i, ASK_SIGN);
    char difference[32];
    Tandem__Sign s = TANDEM__SIGN__INIT;
    Tandem__Envelope e = TANDEM__ENVELOPE__INIT;
    snprintf(difference, sizeof difference, "#%u", a->number);
    a->revision = audit_revision(replica_audit(link_replica(w->clients[i].link)));
    s.ref = w->ref;
    s.revision = a->revision;
    s.difference = difference;
    e.body_case = TANDEM__ENVELOPE__BODY_SIGN;
    e.sign = &s;
    if (a->revision)
        send(w, a, &e);
    else
        races_forget(w, i); /* nothing has been written yet: there is nothing to sign */
}

static void ask_flag(struct world *w, int i)
{
    struct sim_asked *a = ask_new(w, i, ASK_FLAG);
    char text[32];
    int n = snprintf(text, sizeof text - 4, "#%u ", a->number);
    size_t len = utf8_encode(SIM_FLAG_CP + w->nsecrets++ % SIM_SECRETS, (uint8_t *)text + n);
    text[(size_t)n + len] = 0;
    Tandem__RaiseFlag f = TANDEM__RAISE_FLAG__INIT;
    Tandem__Envelope e = TANDEM__ENVELOPE__INIT;
    f.ref = w->ref;
    f.text = text;
    f.told = (char *)"Quin";
    e.body_case = TANDEM__ENVELOPE__BODY_RAISE_FLAG;
    e.raise_flag = &f;
    send(w, a, &e);
}

static void ask_glass(struct world *w, int i)
{
    struct sim_asked *a = ask_new(w, i, ASK_GLASS);
    char reason[32];
    Tandem__BreakGlass g = TANDEM__BREAK_GLASS__INIT;
    Tandem__Envelope e = TANDEM__ENVELOPE__INIT;
    snprintf(reason, sizeof reason, "#%u", a->number);
    g.ref = w->ref;
    g.reason = reason;
    g.until_utc_ms = w->now_ms + 3000;
    e.body_case = TANDEM__ENVELOPE__BODY_BREAK_GLASS;
    e.break_glass = &g;
    send(w, a, &e);
}

static void ask_member(struct world *w, int i, bool invite)
{
    struct sim_asked *a = ask_new(w, i, invite ? ASK_INVITE : ASK_REMOVE);
    Tandem__SetMember m = TANDEM__SET_MEMBER__INIT;
    Tandem__Envelope e = TANDEM__ENVELOPE__INIT;
    m.ref = w->ref;
    m.person = (char *)"Cleo";
    m.role = invite ? ROLE_CSW : ROLE_NONE;
    m.sections = (char *)(invite ? "B" : "");
    e.body_case = TANDEM__ENVELOPE__BODY_SET_MEMBER;
    e.set_member = &m;
    send(w, a, &e);
}

/* ---- who does what, by what is on their screen ---- */

static const char *some_moderator(struct world *w)
{
    return sim_chance(w, 2) ? "Iris" : "Ian";
}

static void author_asks(struct world *w, int i, enum audit_state now)
{
    bool fro = w->clients[i].role == ROLE_FRO;
    if (now == AUDIT_IN_PROGRESS || (now == AUDIT_RETURNED && sim_chance(w, 2)))
        ask_sign(w, i);
    else if (now == AUDIT_AGREED && (!fro || sim_chance(w, 4)))
        ask_move(w, i, ASK_MOVE, AUDIT_IN_PROGRESS, "");
    else if (now == AUDIT_AGREED)
        ask_move(w, i, ASK_MOVE, AUDIT_SUBMITTED, "");
    else if (now == AUDIT_RETURNED && fro)
        ask_move(w, i, ASK_MOVE, AUDIT_MODERATING, "");
    else if (fro)
        ask_member(w, i, sim_chance(w, 2));
}

static void moderator_asks(struct world *w, int i, enum audit_state now)
{
    if (now == AUDIT_MODERATING || now == AUDIT_SUBMITTED)
        ask_move(w, i, ASK_MOVE, sim_chance(w, 12) ? AUDIT_MODERATED : AUDIT_RETURNED, "");
}

static void assigner_asks(struct world *w, int i, enum audit_state now)
{
    static const enum audit_state states[] = {AUDIT_SUBMITTED, AUDIT_MODERATING, AUDIT_RETURNED};
    if (w->clients[i].role == ROLE_IROM) /* who does not read it, and guesses */
        now = states[sim_below(w, 3)];
    if (now == AUDIT_SUBMITTED && w->clients[i].role == ROLE_QA && sim_chance(w, 2))
        ask_move(w, i, ASK_MOVE, AUDIT_MODERATING, some_moderator(w));
    else if (w->clients[i].role == ROLE_QA && sim_chance(w, 25)) /* in the middle of a sentence */
        ask_move(w, i, ASK_MOVE, AUDIT_WITHDRAWN, "");
    else if (now >= AUDIT_SUBMITTED && now <= AUDIT_RETURNED)
        ask_move(w, i, ASK_ASSIGN, now, some_moderator(w));
}

static void ask(struct world *w, int i)
{
    struct sim_client *c = &w->clients[i];
    const struct audit *a = replica_audit(link_replica(c->link));
    enum audit_state now = a ? audit_info(a).state : AUDIT_PLANNED;
    if (c->open || (!a && !c->outside))
        return;
    if (i == MAE && sim_chance(w, 8))
        ask_glass(w, i);
    else if (i == CLEO || (i == QUIN && sim_chance(w, 15)))
        ask_flag(w, i);
    else if (i == ANA && sim_chance(w, 6))
        ask_member(w, i, sim_chance(w, 2));
    else if (i == ANA || i == BEN)
        author_asks(w, i, now);
    else if (i == IRIS || i == IAN)
        moderator_asks(w, i, now);
    else
        assigner_asks(w, i, now);
}

/* A moderator asks what must be answered; authors answer. */
static void talk(struct world *w, int i)
{
    struct replica *r = link_replica(w->clients[i].link);
    const struct audit *a = replica_audit(r);
    struct err_info why = {0};
    uint64_t id;
    enum err e = ERR_OK;
    if ((i == IRIS || i == IAN) && audit_info(a).state == AUDIT_MODERATING)
        e = replica_comment(r, w->fields[sim_below(w, 5)], false, 0, 0, true, "which day?", &id,
                            &why);
    for (size_t k = 0; !e && i <= BEN && k < audit_comment_count(a); k++) {
        const struct audit_comment *c = audit_comment_at(a, k);
        if (c->must_answer && !c->nreplies && sim_chance(w, 2))
            e = replica_reply(r, c->id, "on Monday", &why);
    }
    if (e && e != ERR_REFUSED_STATE && e != ERR_REFUSED_ROLE && e != ERR_REFUSED_ROOM)
        world_fail(w, "client %d: a question was refused: %s: %s", i, err_name(e), why.text);
}

void races_act(struct world *w, int i)
{
    struct sim_client *c = &w->clients[i];
    bool here = !c->outside && replica_audit(link_replica(c->link));
    bool quiet = w->now_ms < w->quiet_until_ms;
    if (!quiet && sim_chance(w, 50))
        w->quiet_until_ms = w->now_ms + 200 + sim_below(w, 800);
    if (sim_chance(w, quiet ? 2 : 6))
        ask(w, i);
    else if (here && sim_chance(w, 6))
        talk(w, i);
    else if (here && i == IRIS && sim_chance(w, quiet ? 12 : 3))
        client_secret(w, i);
    else if (here && i <= CLEO && (!quiet || sim_chance(w, 12)))
        client_write(w, i);
}

/* ---- somebody's access to the site ends ---- */

static void revoked(void *user, int exit_code, const char *text)
{
    struct world *w = user;
    if (exit_code) {
        w->clients[w->revoked_client].revoked = false;
        return; /* the store would not: nothing has changed */
    }
    (void)text;
    w->revoked_utc_ms = w->now_ms;
}

void races_revoke(struct world *w)
{
    static const char *const argv[] = {"person", "revoke", "Cleo"};
    static struct admin admin; /* lives as long as its command */
    if (!w->races || w->clients[CLEO].revoked || !w->core || !w->core_ready)
        return;
    admin = (struct admin){.store = w->store, .people = core_people(w->core), .core = w->core};
    w->revoked_client = CLEO;
    w->clients[CLEO].revoked = true;
    admin_run(&admin, 3, argv, NULL, 0, w->now_ms, revoked, w);
}

/* ---- what nobody else may read ---- */

static bool has_sign(const uint8_t *p, size_t len, uint32_t first_cp)
{
    for (size_t i = 0; i + 3 <= len; i++) {
        uint32_t cp;
        if ((p[i] & 0xf0) == 0xe0 && utf8_decode(p + i, p + i + 3, &cp) == 3 && cp >= first_cp &&
            cp < first_cp + SIM_SECRETS)
            return true;
    }
    return false;
}

void races_frame(struct world *w, int i, const uint8_t *data, size_t len)
{
    bool iro = i == IRIS || i == IAN;
    if (!w->races)
        return;
    if (!iro && has_sign(data, len, SIM_WORDS_CP))
        world_fail(w, "client %d was sent the young person's words", i);
    if (!iro && i != CLEO && i != QUIN && has_sign(data, len, SIM_FLAG_CP))
        world_fail(w, "client %d was sent the words of a flag", i);
}
