#include "tests/sim/world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What must hold of a record's life, walking the log from its first event: what was asked for
 * against what its sender was told, signatures against the content made again event by event, and
 * nothing written where nothing may be. Who moderates, who takes part and which state it is in are
 * kept here by hand, beside the fold. */

struct walk {
    struct world *w;
    struct audit *a; /* the fold so far */
    uint64_t seq;
    int64_t utc_ms;
    uint32_t actor;
    enum audit_state state;
    uint32_t moderator;
    uint64_t revision; /* of the last event that changed an answer */
    uint8_t print[FINGERPRINT_LEN];
    bool out[SIM_MAX_CLIENTS]; /* takes part no more */
    uint64_t *found;           /* by request: the event that carries its number */
    uint32_t removed, invited; /* of somebody, by the first client */
};

static bool is_frozen(enum audit_state s)
{
    return s != AUDIT_IN_PROGRESS && s != AUDIT_RETURNED;
}

/* The answers of the authors: every text in `fields`, told without asking audit_is_content. */
static bool is_answer(const struct world *w, const struct audit_op *op)
{
    if (op->kind != OP_TEXT)
        return false;
    for (size_t i = 0; i < 5; i++)
        if (field_equal(op->text.field, w->fields[i]))
            return true;
    return field_equal(op->text.field, w->secret);
}

/* "#17 ..." names request 17. */
static void note_request(struct walk *k, const char *words)
{
    struct world *w = k->w;
    char *end;
    unsigned long n = *words == '#' ? strtoul(words + 1, &end, 10) : w->nasked;
    if (n >= w->nasked)
        return;
    const struct sim_asked *a = w->asked[n];
    if (k->found[n] && k->found[n] != k->seq)
        world_fail(w, "request #%lu became event %llu and event %llu", n,
                   (unsigned long long)k->found[n], (unsigned long long)k->seq);
    if (w->clients[a->client].person != k->actor)
        world_fail(w, "event %llu is of person %u; client %d asked for it",
                   (unsigned long long)k->seq, k->actor, a->client);
    k->found[n] = k->seq;
}

static void walk_sign(struct walk *k, const struct op_sign *s)
{
    struct world *w = k->w;
    if (s->revision != k->revision || memcmp(s->fingerprint, k->print, FINGERPRINT_LEN) != 0)
        world_fail(w, "event %llu signs revision %llu; the content is revision %llu (%s)",
                   (unsigned long long)k->seq, (unsigned long long)s->revision,
                   (unsigned long long)k->revision,
                   memcmp(s->fingerprint, k->print, FINGERPRINT_LEN) != 0 ? "another fingerprint"
                                                                          : "same fingerprint");
    note_request(k, s->difference);
    unsigned long n = s->difference[0] == '#' ? strtoul(s->difference + 1, NULL, 10) : w->nasked;
    if (n < w->nasked && w->asked[n]->revision != s->revision)
        world_fail(w, "request #%lu signed revision %llu; its signer saw revision %llu", n,
                   (unsigned long long)s->revision, (unsigned long long)w->asked[n]->revision);
}

static void walk_move(struct walk *k, const struct op_move *m)
{
    if (k->state == AUDIT_MODERATING && m->to != AUDIT_WITHDRAWN && k->actor != k->moderator)
        world_fail(k->w, "event %llu ends the moderation: by person %u, the moderator is %u",
                   (unsigned long long)k->seq, k->actor, k->moderator);
    if (m->revision != k->revision || memcmp(m->fingerprint, k->print, FINGERPRINT_LEN) != 0)
        world_fail(k->w, "event %llu moves another content than stands",
                   (unsigned long long)k->seq);
    k->state = m->to;
    note_request(k, m->reason);
}

static void walk_member(struct walk *k, const struct audit_op *op)
{
    struct world *w = k->w;
    bool removal = op->kind == OP_MEMBER_REMOVE;
    for (int i = 0; i < w->nclients; i++)
        if (w->clients[i].person == op->member.person)
            k->out[i] = removal;
    if (k->actor == w->clients[0].person && k->seq > 1) {
        k->removed += removal;
        k->invited += !removal && op->member.role == ROLE_CSW;
    }
}

static void walk_op(struct walk *k, const struct audit_op *op)
{
    switch ((unsigned)op->kind) {
    case OP_CREATE:
        k->state = op->create.state;
        break;
    case OP_SIGN:
        walk_sign(k, &op->sign);
        break;
    case OP_MOVE:
        walk_move(k, &op->move);
        break;
    case OP_ASSIGN:
        if (op->assign.person == k->moderator)
            world_fail(k->w, "event %llu names the moderator there is", (unsigned long long)k->seq);
        k->moderator = op->assign.person;
        note_request(k, op->assign.reason);
        break;
    case OP_FLAG:
        note_request(k, op->flag.text);
        break;
    case OP_GLASS:
        note_request(k, op->glass.reason);
        break;
    case OP_MEMBER_ADD:
    case OP_MEMBER_REMOVE:
        walk_member(k, op);
        break;
    default:
        break;
    }
}

/* Before it is folded: was there anybody who may, and anything to write on? */
static bool walk_writing(struct walk *k, const struct event_body *b)
{
    struct world *w = k->w;
    bool answers = false;
    for (size_t i = 0; i < b->nops; i++)
        answers = answers || is_answer(w, &b->ops[i]);
    if (answers && is_frozen(k->state))
        world_fail(w, "event %llu writes in an answer; the audit is %s", (unsigned long long)k->seq,
                   audit_state_code(k->state));
    for (int i = 0; b->agent && i < w->nclients; i++)
        if (w->clients[i].person == k->actor && k->out[i])
            world_fail(w, "event %llu is by client %d, who was removed", (unsigned long long)k->seq,
                       i);
    if (w->revoked_utc_ms && k->actor == w->clients[w->revoked_client].person &&
        k->utc_ms > w->revoked_utc_ms)
        world_fail(w, "event %llu is by client %d, whose access had ended",
                   (unsigned long long)k->seq, w->revoked_client);
    return answers;
}

static void walk_event(struct walk *k, const struct store_event *s)
{
    struct event_body *b = NULL;
    enum err e = event_body_decode(s->body, s->body_len, &b, NULL);
    k->seq = s->seq;
    k->utc_ms = s->utc_ms;
    k->actor = s->actor;
    bool answers = !e && walk_writing(k, b);
    for (size_t i = 0; !e && i < b->nops; i++)
        walk_op(k, &b->ops[i]);
    if (!e) {
        struct event event = {.seq = s->seq, .utc_ms = s->utc_ms, .actor = s->actor, .body = *b};
        e = audit_apply(k->a, &event);
    }
    if (e)
        world_fail(k->w, "event %llu does not fold: %s", (unsigned long long)k->seq, err_name(e));
    if (!e && (answers || k->seq == 1))
        audit_fingerprint(k->a, k->print);
    if (answers || k->seq == 1)
        k->revision = k->seq;
    event_body_free(b);
}

/* ---- the truth that each was told ---- */

static void check_told(struct walk *k)
{
    struct world *w = k->w;
    for (size_t i = 0; i < w->nasked && !world_failed(w); i++) {
        const struct sim_asked *a = w->asked[i];
        bool numbered = a->kind != ASK_REMOVE && a->kind != ASK_INVITE;
        if (numbered && a->fate == FATE_DONE && (!k->found[i] || (a->seq && k->found[i] != a->seq)))
            world_fail(w, "request #%zu of client %d was done (event %llu); the log says %llu", i,
                       a->client, (unsigned long long)a->seq, (unsigned long long)k->found[i]);
        if (numbered && a->fate == FATE_REFUSED && k->found[i])
            world_fail(w, "request #%zu of client %d was refused (%s) and is event %llu", i,
                       a->client, a->why, (unsigned long long)k->found[i]);
    }
}

static void check_members(struct walk *k, enum sim_kind kind, uint32_t stands)
{
    uint32_t done = 0, perhaps = 0;
    for (size_t i = 0; i < k->w->nasked; i++) {
        const struct sim_asked *a = k->w->asked[i];
        done += a->kind == kind && a->fate == FATE_DONE;
        perhaps += a->kind == kind && (a->fate == FATE_OPEN || a->fate == FATE_UNKNOWN);
    }
    if (stands < done || stands > done + perhaps)
        world_fail(k->w, "%u changes of who takes part stand; %u were said to be done, %u perhaps",
                   stands, done, perhaps);
}

/* A signature that stands is on the content as its revision left it, and on nothing since. */
static void check_standing(struct walk *k)
{
    for (size_t i = 0; i < audit_signature_count(k->a); i++) {
        const struct audit_signature *s = audit_signature_at(k->a, i);
        if (s->void_seq)
            continue;
        if (k->state < AUDIT_MODERATED &&
            (s->revision != k->revision || memcmp(s->fingerprint, k->print, FINGERPRINT_LEN) != 0))
            world_fail(k->w, "the signature of event %llu stands under a content that has changed",
                       (unsigned long long)s->seq);
    }
    if (audit_info(k->a).moderator != k->moderator || audit_info(k->a).state != k->state)
        world_fail(k->w, "the fold says another moderator or state than the log");
}

void check_life(struct world *w, const struct store_events *page)
{
    struct walk k = {.w = w, .a = audit_new(w->fca)};
    k.found = calloc(w->nasked + 1, sizeof *k.found);
    if (!k.a || !k.found)
        abort();
    for (size_t i = 0; i < page->nevents && !world_failed(w); i++)
        walk_event(&k, &page->events[i]);
    if (!world_failed(w)) {
        check_told(&k);
        check_members(&k, ASK_REMOVE, k.removed);
        check_members(&k, ASK_INVITE, k.invited);
        check_standing(&k);
    }
    free(k.found);
    audit_free(k.a);
}
