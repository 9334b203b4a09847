/* What the server writes in people's names: moves, signatures, flags and the like. */

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "common/audit/audit_impl.h"

static void free_str(const char *owned)
{
    free((char *)(uintptr_t)owned);
}

/* ---- revision and signatures ---- */

static void void_signature(struct audit *a, struct audit_signature *s, uint64_t seq)
{
    if (s->void_seq)
        return;
    s->void_seq = seq;
    a->standing--;
}

static void void_signatures(struct audit *a, uint64_t seq)
{
    for (size_t i = 0; a->standing && i < a->signatures.len; i++)
        void_signature(a, &a->signatures.at[i], seq);
}

void audit_content_changed(struct audit *a, uint64_t seq)
{
    a->revision = seq;
    if (a->standing && a->state < AUDIT_MODERATED)
        void_signatures(a, seq);
}

static enum err put_signature(struct audit *a, const struct event *ev, const struct op_sign *op)
{
    struct audit_signature s = {.seq = ev->seq,
                                .utc_ms = ev->utc_ms,
                                .by = ev->actor,
                                .role = op->role,
                                .revision = op->revision,
                                .difference = audit_copy_str(op->difference),
                                .absent = op->absent,
                                .reason = audit_copy_str(op->reason)};
    if (!s.difference || !s.reason || !VEC_ROOM(a->signatures)) {
        free_str(s.difference);
        free_str(s.reason);
        return ERR_NOMEM;
    }
    memcpy(s.fingerprint, op->fingerprint, FINGERPRINT_LEN);
    for (size_t i = 0; i < a->signatures.len; i++)
        if (a->signatures.at[i].role == op->role)
            void_signature(a, &a->signatures.at[i], ev->seq);
    a->signatures.at[a->signatures.len++] = s;
    a->standing++;
    return ERR_OK;
}

/* ---- moves ---- */

static enum err put_move(struct audit *a, const struct event *ev, const struct op_move *op)
{
    struct audit_move m = {.seq = ev->seq,
                           .utc_ms = ev->utc_ms,
                           .by = ev->actor,
                           .from = a->state,
                           .to = op->to,
                           .reason = audit_copy_str(op->reason),
                           .revision = op->revision,
                           .stage = op->stage,
                           .result = audit_copy_str(op->result),
                           .npresent = op->npresent};
    uint32_t *present = calloc(op->npresent ? op->npresent : 1, sizeof *present);
    if (!m.reason || !m.result || !present || !VEC_ROOM(a->moves)) {
        free_str(m.reason);
        free_str(m.result);
        free(present);
        return ERR_NOMEM;
    }
    memcpy(m.fingerprint, op->fingerprint, FINGERPRINT_LEN);
    if (op->npresent)
        memcpy(present, op->present, op->npresent * sizeof *present);
    m.present = present;
    a->moves.at[a->moves.len++] = m;
    bool reopened = a->state == AUDIT_AGREED || a->state == AUDIT_CLOSED;
    if (reopened && op->to == AUDIT_IN_PROGRESS)
        void_signatures(a, ev->seq);
    a->state = op->to;
    if (op->stage)
        a->stage = op->stage;
    audit_touch(a); /* the moderator's questions count in one state only */
    return ERR_OK;
}

/* ---- the moderator ---- */

static enum err put_assigned(struct audit *a, const struct event *ev, const struct op_assign *op)
{
    const char *reason = audit_copy_str(op->reason);
    if (!reason || !VEC_ROOM(a->assigned)) {
        free_str(reason);
        return ERR_NOMEM;
    }
    a->assigned.at[a->assigned.len++] = (struct audit_assigned){.seq = ev->seq,
                                                                .utc_ms = ev->utc_ms,
                                                                .by = ev->actor,
                                                                .person = op->person,
                                                                .reason = reason};
    a->moderator = op->person;
    return ERR_OK;
}

/* ---- flags ---- */

static enum err put_flag(struct audit *a, const struct event *ev, const struct op_flag *op)
{
    struct audit_flag f = {.seq = ev->seq,
                           .utc_ms = ev->utc_ms,
                           .by = ev->actor,
                           .text = audit_copy_str(op->text),
                           .held = op->held,
                           .told = audit_copy_str(op->told),
                           .told_utc_ms = op->told_utc_ms,
                           .told_person = op->told_person};
    if (!f.text || !f.told || !VEC_ROOM(a->flags)) {
        free_str(f.text);
        free_str(f.told);
        return ERR_NOMEM;
    }
    a->flags.at[a->flags.len++] = f;
    return ERR_OK;
}

struct audit_flag *audit_flag_find(const struct audit *a, uint64_t seq)
{
    for (size_t i = 0; i < a->flags.len; i++)
        if (a->flags.at[i].seq == seq)
            return &a->flags.at[i];
    return NULL;
}

static enum err put_flag_note(struct audit *a, const struct event *ev,
                              const struct op_flag_note *op)
{
    struct audit_flag *f = audit_flag_find(a, op->flag);
    assert(f);
    struct audit_reply *notes = (struct audit_reply *)(uintptr_t)f->notes;
    const char *text = audit_copy_str(op->text);
    notes = realloc(notes, (f->nnotes + 1) * sizeof *notes);
    if (notes)
        f->notes = notes;
    if (!text || !notes) {
        free_str(text);
        return ERR_NOMEM;
    }
    notes[f->nnotes++] = (struct audit_reply){.by = ev->actor, .utc_ms = ev->utc_ms, .text = text};
    f->closed = f->closed || op->closed;
    return ERR_OK;
}

/* ---- break-glass ---- */

static enum err put_glass(struct audit *a, const struct event *ev, const struct op_glass *op)
{
    const char *reason = audit_copy_str(op->reason);
    if (!reason || !VEC_ROOM(a->glasses)) {
        free_str(reason);
        return ERR_NOMEM;
    }
    a->glasses.at[a->glasses.len++] = (struct audit_glass){.seq = ev->seq,
                                                           .utc_ms = ev->utc_ms,
                                                           .person = op->person,
                                                           .until_utc_ms = op->until_utc_ms,
                                                           .reason = reason};
    return ERR_OK;
}

static void end_glass(struct audit *a, const struct event *ev, uint32_t person)
{
    for (size_t i = 0; i < a->glasses.len; i++) {
        struct audit_glass *g = &a->glasses.at[i];
        if (g->person == person && !g->ended_utc_ms)
            g->ended_utc_ms = ev->utc_ms ? ev->utc_ms : 1; /* 0 means open */
    }
}

/* ---- links, the planned day ---- */

static enum err put_link(struct audit *a, const struct event *ev, const struct op_link *op)
{
    struct audit_link l = {
        .seq = ev->seq, .kind = audit_copy_str(op->kind), .ref = audit_copy_str(op->ref)};
    if (!l.kind || !l.ref || !VEC_ROOM(a->links)) {
        free_str(l.kind);
        free_str(l.ref);
        return ERR_NOMEM;
    }
    a->links.at[a->links.len++] = l;
    return ERR_OK;
}

static enum err put_plan(struct audit *a, const struct op_plan *op)
{
    enum err e = audit_replace_str(&a->planned, op->planned);
    if (!e && (!a->first_planned || !*a->first_planned))
        e = audit_replace_str(&a->first_planned, op->planned);
    return e;
}

enum err audit_apply_life(struct audit *a, const struct event *ev, const struct audit_op *op)
{
    switch ((int)op->kind) {
    case OP_MOVE:
        return put_move(a, ev, &op->move);
    case OP_SIGN:
        return put_signature(a, ev, &op->sign);
    case OP_ASSIGN:
        return put_assigned(a, ev, &op->assign);
    case OP_FLAG:
        return put_flag(a, ev, &op->flag);
    case OP_FLAG_NOTE:
        return put_flag_note(a, ev, &op->flag_note);
    case OP_GLASS:
        return put_glass(a, ev, &op->glass);
    case OP_GLASS_END:
        end_glass(a, ev, op->glass.person);
        return ERR_OK;
    case OP_LINK:
        return put_link(a, ev, &op->link);
    case OP_PLAN:
        return put_plan(a, &op->plan);
    }
    return ERR_CORRUPT;
}

/* ---- reading ---- */

uint64_t audit_revision(const struct audit *a)
{
    return a->revision;
}

size_t audit_move_count(const struct audit *a)
{
    return a->moves.len;
}

const struct audit_move *audit_move_at(const struct audit *a, size_t i)
{
    assert(i < a->moves.len);
    return &a->moves.at[i];
}

const struct audit_move *audit_move_last(const struct audit *a, enum audit_state to)
{
    for (size_t i = a->moves.len; i-- > 0;)
        if (a->moves.at[i].to == to)
            return &a->moves.at[i];
    return NULL;
}

int64_t audit_state_since_utc_ms(const struct audit *a)
{
    for (size_t i = a->moves.len; i-- > 0;)
        if (a->moves.at[i].from != a->moves.at[i].to)
            return a->moves.at[i].utc_ms;
    return a->created_utc_ms;
}

size_t audit_signature_count(const struct audit *a)
{
    return a->signatures.len;
}

const struct audit_signature *audit_signature_at(const struct audit *a, size_t i)
{
    assert(i < a->signatures.len);
    return &a->signatures.at[i];
}

const struct audit_signature *audit_signature_of(const struct audit *a, enum role role)
{
    for (size_t i = 0; i < a->signatures.len; i++)
        if (a->signatures.at[i].role == role && !a->signatures.at[i].void_seq)
            return &a->signatures.at[i];
    return NULL;
}

size_t audit_assigned_count(const struct audit *a)
{
    return a->assigned.len;
}

const struct audit_assigned *audit_assigned_at(const struct audit *a, size_t i)
{
    assert(i < a->assigned.len);
    return &a->assigned.at[i];
}

size_t audit_flag_count(const struct audit *a)
{
    return a->flags.len;
}

const struct audit_flag *audit_flag_at(const struct audit *a, size_t i)
{
    assert(i < a->flags.len);
    return &a->flags.at[i];
}

size_t audit_glass_count(const struct audit *a)
{
    return a->glasses.len;
}

const struct audit_glass *audit_glass_at(const struct audit *a, size_t i)
{
    assert(i < a->glasses.len);
    return &a->glasses.at[i];
}

const struct audit_glass *audit_glass_of(const struct audit *a, uint32_t person)
{
    for (size_t i = 0; i < a->glasses.len; i++)
        if (a->glasses.at[i].person == person && !a->glasses.at[i].ended_utc_ms)
            return &a->glasses.at[i];
    return NULL;
}

size_t audit_link_count(const struct audit *a)
{
    return a->links.len;
}

const struct audit_link *audit_link_at(const struct audit *a, size_t i)
{
    assert(i < a->links.len);
    return &a->links.at[i];
}

/* ---- memory ---- */

void audit_life_free(struct audit *a)
{
    for (size_t i = 0; i < a->moves.len; i++) {
        free_str(a->moves.at[i].reason);
        free_str(a->moves.at[i].result);
        free((uint32_t *)(uintptr_t)a->moves.at[i].present);
    }
    for (size_t i = 0; i < a->signatures.len; i++) {
        free_str(a->signatures.at[i].difference);
        free_str(a->signatures.at[i].reason);
    }
    for (size_t i = 0; i < a->assigned.len; i++)
        free_str(a->assigned.at[i].reason);
    for (size_t i = 0; i < a->flags.len; i++) {
        struct audit_flag *f = &a->flags.at[i];
        free_str(f->text);
        free_str(f->told);
        for (size_t k = 0; k < f->nnotes; k++)
            free_str(f->notes[k].text);
        free((struct audit_reply *)(uintptr_t)f->notes);
    }
    for (size_t i = 0; i < a->glasses.len; i++)
        free_str(a->glasses.at[i].reason);
    for (size_t i = 0; i < a->links.len; i++) {
        free_str(a->links.at[i].kind);
        free_str(a->links.at[i].ref);
    }
    free(a->moves.at);
    free(a->signatures.at);
    free(a->assigned.at);
    free(a->flags.at);
    free(a->glasses.at);
    free(a->links.at);
    free(a->planned);
    free(a->first_planned);
    free(a->way_in);
    free(a->source);
}

static size_t str_bytes(const char *s)
{
    return s ? strlen(s) + 1 : 0;
}

size_t audit_life_bytes(const struct audit *a)
{
    size_t n = str_bytes(a->planned) + str_bytes(a->first_planned);
    n += str_bytes(a->way_in) + str_bytes(a->source);
    n += a->moves.cap * sizeof *a->moves.at + a->signatures.cap * sizeof *a->signatures.at;
    n += a->assigned.cap * sizeof *a->assigned.at + a->flags.cap * sizeof *a->flags.at;
    n += a->glasses.cap * sizeof *a->glasses.at + a->links.cap * sizeof *a->links.at;
    for (size_t i = 0; i < a->moves.len; i++)
        n += str_bytes(a->moves.at[i].reason) + str_bytes(a->moves.at[i].result) +
             a->moves.at[i].npresent * sizeof(uint32_t);
    for (size_t i = 0; i < a->signatures.len; i++)
        n += str_bytes(a->signatures.at[i].difference) + str_bytes(a->signatures.at[i].reason);
    for (size_t i = 0; i < a->assigned.len; i++)
        n += str_bytes(a->assigned.at[i].reason);
    for (size_t i = 0; i < a->flags.len; i++) {
        const struct audit_flag *f = &a->flags.at[i];
        n += str_bytes(f->text) + str_bytes(f->told) + f->nnotes * sizeof *f->notes;
        for (size_t k = 0; k < f->nnotes; k++)
            n += str_bytes(f->notes[k].text);
    }
    for (size_t i = 0; i < a->glasses.len; i++)
        n += str_bytes(a->glasses.at[i].reason);
    for (size_t i = 0; i < a->links.len; i++)
        n += str_bytes(a->links.at[i].kind) + str_bytes(a->links.at[i].ref);
    return n;
}
