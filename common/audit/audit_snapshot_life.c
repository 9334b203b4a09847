#include <stdlib.h>

#include "common/audit/audit_snapshot.h"

enum { REF_CP = 64, DAY_CP = 10, LINE_CP = EVENT_MAX_LINE_CP, REASON_CP = EVENT_MAX_REASON_CP };

/* ---- writing ---- */

static void write_print(struct buf *out, uint32_t number, const uint8_t print[FINGERPRINT_LEN],
                        bool held)
{
    static const uint8_t none[FINGERPRINT_LEN];
    if (!held && memcmp(print, none, FINGERPRINT_LEN) != 0)
        pbw_bytes(out, number, print, FINGERPRINT_LEN);
}

static void write_move(const struct audit_move *v, bool held, struct buf *out)
{
    size_t m = pbw_begin(out, 28);
    pbw_u64(out, 1, v->seq);
    pbw_u64(out, 2, (uint64_t)v->utc_ms);
    pbw_u64(out, 3, v->by);
    pbw_u64(out, 4, (uint64_t)v->from);
    pbw_u64(out, 5, (uint64_t)v->to);
    pbw_str(out, 6, v->reason);
    pbw_u64(out, 7, v->revision);
    write_print(out, 8, v->fingerprint, held);
    pbw_u64(out, 9, v->stage);
    pbw_str(out, 10, v->result);
    if (v->npresent) {
        size_t present = pbw_begin(out, 11);
        for (size_t i = 0; i < v->npresent; i++)
            buf_append_varint(out, v->present[i]);
        pbw_end(out, present);
    }
    pbw_end(out, m);
}

static void write_signature(const struct audit_signature *s, bool held, struct buf *out)
{
    size_t m = pbw_begin(out, 29);
    pbw_u64(out, 1, s->seq);
    pbw_u64(out, 2, (uint64_t)s->utc_ms);
    pbw_u64(out, 3, s->by);
    pbw_u64(out, 4, (uint64_t)s->role);
    pbw_u64(out, 5, s->revision);
    write_print(out, 6, s->fingerprint, held);
    pbw_str(out, 7, s->difference);
    pbw_u64(out, 8, s->absent);
    pbw_str(out, 9, s->reason);
    pbw_u64(out, 10, s->void_seq);
    pbw_end(out, m);
}

static void write_flag(const struct audit_flag *f, bool held, struct buf *out)
{
    size_t m = pbw_begin(out, 30);
    pbw_u64(out, 1, f->seq);
    pbw_u64(out, 2, (uint64_t)f->utc_ms);
    pbw_u64(out, 3, f->by);
    pbw_str(out, 4, held ? "" : f->text);
    pbw_u64(out, 5, held);
    pbw_str(out, 6, f->told);
    pbw_u64(out, 7, (uint64_t)f->told_utc_ms);
    pbw_u64(out, 8, f->told_person);
    pbw_u64(out, 9, f->closed);
    for (size_t i = 0; i < f->nnotes; i++) {
        size_t n = pbw_begin(out, 10);
        pbw_u64(out, 1, f->notes[i].by);
        pbw_u64(out, 2, (uint64_t)f->notes[i].utc_ms);
        pbw_str(out, 3, held ? "" : f->notes[i].text);
        pbw_end(out, n);
    }
    pbw_end(out, m);
}

static void write_glass(const struct audit_glass *g, struct buf *out)
{
    size_t m = pbw_begin(out, 31);
    pbw_u64(out, 1, g->seq);
    pbw_u64(out, 2, (uint64_t)g->utc_ms);
    pbw_u64(out, 3, g->person);
    pbw_u64(out, 4, (uint64_t)g->until_utc_ms);
    pbw_str(out, 5, g->reason);
    pbw_u64(out, 6, (uint64_t)g->ended_utc_ms);
    pbw_end(out, m);
}

static void write_link(const struct audit_link *l, struct buf *out)
{
    size_t m = pbw_begin(out, 32);
    pbw_u64(out, 1, l->seq);
    pbw_str(out, 2, l->kind);
    pbw_str(out, 3, l->ref);
    pbw_end(out, m);
}

static void write_assigned(const struct audit_assigned *s, struct buf *out)
{
    size_t m = pbw_begin(out, 33);
    pbw_u64(out, 1, s->seq);
    pbw_u64(out, 2, (uint64_t)s->utc_ms);
    pbw_u64(out, 3, s->by);
    pbw_u64(out, 4, s->person);
    pbw_str(out, 5, s->reason);
    pbw_end(out, m);
}

void snapshot_write_life(const struct audit *a, const struct snapshot_eyes *p, struct buf *out)
{
    struct audit_info info = audit_info(a);
    bool printed = a->moves.len || a->signatures.len;
    bool held = printed && p && audit_is_content_held_from(p->rights, &p->part);
    pbw_str(out, 21, info.planned);
    if (strcmp(info.first_planned, info.planned) != 0)
        pbw_str(out, 22, info.first_planned);
    pbw_str(out, 23, info.way_in);
    pbw_str(out, 24, info.source);
    pbw_u64(out, 25, a->revision);
    pbw_u64(out, 26, a->moderator);
    pbw_u64(out, 27, a->stage);
    for (size_t i = 0; i < a->moves.len; i++)
        write_move(&a->moves.at[i], held, out);
    for (size_t i = 0; i < a->signatures.len; i++)
        write_signature(&a->signatures.at[i], held, out);
    for (size_t i = 0; i < a->flags.len; i++) {
        const struct audit_flag *f = &a->flags.at[i];
        write_flag(f, f->held || (p && !audit_is_flag_read(&p->part, f)), out);
    }
    for (size_t i = 0; i < a->glasses.len; i++)
        write_glass(&a->glasses.at[i], out);
    for (size_t i = 0; i < a->links.len; i++)
        write_link(&a->links.at[i], out);
    for (size_t i = 0; i < a->assigned.len; i++)
        write_assigned(&a->assigned.at[i], out);
}

/* ---- reading ---- */

typedef Tandem__Snapshot__Snapshot PbSnapshot;

static bool is_state(uint32_t state)
{
    return state >= AUDIT_PLANNED && state <= AUDIT_WITHDRAWN;
}

/* What happened at `seq`, after what happened at `last` (or with it: one batch may hold several).
 */
static bool is_in_order(const struct snapshot_reader *r, uint64_t seq, uint64_t last,
                        int64_t utc_ms)
{
    return seq && seq >= last && seq <= r->a->seq && utc_ms >= 0 && utc_ms <= r->a->utc_ms;
}

static enum err read_head(const struct snapshot_reader *r, const PbSnapshot *m)
{
    struct audit *a = r->a;
    const ProtobufCBinaryData *first = m->first_planned.len ? &m->first_planned : &m->planned;
    if (m->revision > m->seq)
        return snapshot_bad(r, "a revision that is still to come");
    a->revision = m->revision;
    a->moderator = m->moderator;
    a->stage = m->stage;
    enum err e = snapshot_read_str(r, &m->planned, false, DAY_CP, &a->planned);
    if (!e)
        e = snapshot_read_str(r, first, false, DAY_CP, &a->first_planned);
    if (!e)
        e = snapshot_read_str(r, &m->way_in, false, LINE_CP, &a->way_in);
    return e ? e : snapshot_read_str(r, &m->source, false, LINE_CP, &a->source);
}

static enum err read_print(const struct snapshot_reader *r, const ProtobufCBinaryData *from,
                           uint8_t to[FINGERPRINT_LEN])
{
    if (from->len && from->len != FINGERPRINT_LEN)
        return snapshot_bad(r, "an impossible fingerprint");
    if (from->len)
        memcpy(to, from->data, FINGERPRINT_LEN);
    return ERR_OK;
}

static enum err read_present(const struct snapshot_reader *r, const Tandem__Snapshot__Moved *from,
                             struct audit_move *to)
{
    if (from->n_present > EVENT_MAX_PRESENT)
        return snapshot_bad(r, "too many people present");
    uint32_t *present = calloc(from->n_present ? from->n_present : 1, sizeof *present);
    if (!present)
        return snapshot_no_memory(r);
    if (from->n_present)
        memcpy(present, from->present, from->n_present * sizeof *present);
    to->present = present;
    to->npresent = from->n_present;
    return ERR_OK;
}

static enum err read_move(const struct snapshot_reader *r, const Tandem__Snapshot__Moved *from,
                          struct audit_move *to)
{
    char *words = NULL;
    *to = (struct audit_move){.seq = from->seq,
                              .utc_ms = from->utc_ms,
                              .by = from->by,
                              .from = (enum audit_state)from->from,
                              .to = (enum audit_state)from->to,
                              .revision = from->revision,
                              .stage = from->stage};
    if (!is_state(from->from) || !is_state(from->to) || from->revision > r->a->seq)
        return snapshot_bad(r, "an impossible move");
    enum err e = snapshot_read_str(r, &from->reason, true, REASON_CP, &words);
    to->reason = words;
    words = NULL;
    if (!e)
        e = snapshot_read_str(r, &from->result, false, LINE_CP, &words);
    to->result = words;
    if (!e)
        e = read_print(r, &from->fingerprint, to->fingerprint);
    return e ? e : read_present(r, from, to);
}

static enum err read_moves(const struct snapshot_reader *r, const PbSnapshot *m)
{
    struct audit *a = r->a;
    uint64_t last = 0;
    if (m->n_moves > AUDIT_MAX_MOVES)
        return snapshot_bad(r, "too many moves");
    if (!SNAPSHOT_RESERVE(a->moves, m->n_moves))
        return snapshot_no_memory(r);
    for (size_t i = 0; i < m->n_moves; i++) {
        if (!is_in_order(r, m->moves[i]->seq, last, m->moves[i]->utc_ms))
            return snapshot_bad(r, "moves out of order");
        last = m->moves[i]->seq;
        enum err e = read_move(r, m->moves[i], &a->moves.at[a->moves.len++]);
        if (e)
            return e;
    }
    return ERR_OK;
}

static enum err read_signature(const struct snapshot_reader *r,
                               const Tandem__Snapshot__Signature *from, struct audit_signature *to)
{
    char *words = NULL;
    *to = (struct audit_signature){.seq = from->seq,
                                   .utc_ms = from->utc_ms,
                                   .by = from->by,
                                   .role = (enum role)from->role,
                                   .revision = from->revision,
                                   .absent = from->absent,
                                   .void_seq = from->void_seq};
    if (!from->role || from->role >= ROLE_COUNT || from->revision > r->a->seq ||
        from->void_seq > r->a->seq || (from->void_seq && from->void_seq < from->seq))
        return snapshot_bad(r, "an impossible signature");
    enum err e = snapshot_read_str(r, &from->difference, true, REASON_CP, &words);
    to->difference = words;
    words = NULL;
    if (!e)
        e = snapshot_read_str(r, &from->reason, true, REASON_CP, &words);
    to->reason = words;
    return e ? e : read_print(r, &from->fingerprint, to->fingerprint);
}

static enum err read_signatures(const struct snapshot_reader *r, const PbSnapshot *m)
{
    struct audit *a = r->a;
    uint64_t last = 0;
    if (m->n_signatures > AUDIT_MAX_MOVES)
        return snapshot_bad(r, "too many signatures");
    if (!SNAPSHOT_RESERVE(a->signatures, m->n_signatures))
        return snapshot_no_memory(r);
    for (size_t i = 0; i < m->n_signatures; i++) {
        const Tandem__Snapshot__Signature *from = m->signatures[i];
        if (!is_in_order(r, from->seq, last, from->utc_ms) ||
            (!from->void_seq && audit_signature_of(a, (enum role)from->role)))
            return snapshot_bad(r, "signatures out of order");
        last = from->seq;
        a->standing += !from->void_seq;
        enum err e = read_signature(r, from, &a->signatures.at[a->signatures.len++]);
        if (e)
            return e;
    }
    return ERR_OK;
}

static enum err read_flag(const struct snapshot_reader *r, const Tandem__Snapshot__Flag *from,
                          struct audit_flag *to)
{
    char *words = NULL;
    *to = (struct audit_flag){.seq = from->seq,
                              .utc_ms = from->utc_ms,
                              .by = from->by,
                              .held = from->held,
                              .closed = from->closed,
                              .told_utc_ms = from->told_utc_ms,
                              .told_person = from->told_person};
    enum err e = snapshot_read_str(r, &from->text, true, REASON_CP, &words);
    to->text = words;
    words = NULL;
    if (!e)
        e = snapshot_read_str(r, &from->told, false, LINE_CP, &words);
    to->told = words;
    return e ? e
             : snapshot_read_replies(r, from->n_notes, from->notes, REASON_CP, &to->nnotes,
                                     &to->notes);
}

static enum err read_flags(const struct snapshot_reader *r, const PbSnapshot *m)
{
    struct audit *a = r->a;
    uint64_t last = 0;
    if (m->n_flags > AUDIT_MAX_MOVES)
        return snapshot_bad(r, "too many flags");
    if (!SNAPSHOT_RESERVE(a->flags, m->n_flags))
        return snapshot_no_memory(r);
    for (size_t i = 0; i < m->n_flags; i++) {
        if (!is_in_order(r, m->flags[i]->seq, last + 1, m->flags[i]->utc_ms))
            return snapshot_bad(r, "flags out of order");
        last = m->flags[i]->seq;
        enum err e = read_flag(r, m->flags[i], &a->flags.at[a->flags.len++]);
        if (e)
            return e;
    }
    return ERR_OK;
}

static enum err read_glasses(const struct snapshot_reader *r, const PbSnapshot *m)
{
    struct audit *a = r->a;
    uint64_t last = 0;
    if (m->n_glasses > AUDIT_MAX_MOVES)
        return snapshot_bad(r, "too many break-glass entries");
    if (!SNAPSHOT_RESERVE(a->glasses, m->n_glasses))
        return snapshot_no_memory(r);
    for (size_t i = 0; i < m->n_glasses; i++) {
        const Tandem__Snapshot__Glass *from = m->glasses[i];
        char *reason;
        if (!is_in_order(r, from->seq, last, from->utc_ms) || !from->person ||
            (!from->ended_utc_ms && audit_glass_of(a, from->person)))
            return snapshot_bad(r, "an impossible break-glass entry");
        last = from->seq;
        enum err e = snapshot_read_str(r, &from->reason, true, REASON_CP, &reason);
        if (e)
            return e;
        a->glasses.at[a->glasses.len++] = (struct audit_glass){.seq = from->seq,
                                                               .utc_ms = from->utc_ms,
                                                               .person = from->person,
                                                               .until_utc_ms = from->until_utc_ms,
                                                               .reason = reason,
                                                               .ended_utc_ms = from->ended_utc_ms};
    }
    return ERR_OK;
}

static enum err read_links(const struct snapshot_reader *r, const PbSnapshot *m)
{
    struct audit *a = r->a;
    uint64_t last = 0;
    if (m->n_links > AUDIT_MAX_MOVES)
        return snapshot_bad(r, "too many links");
    if (!SNAPSHOT_RESERVE(a->links, m->n_links))
        return snapshot_no_memory(r);
    for (size_t i = 0; i < m->n_links; i++) {
        const Tandem__Snapshot__Link *from = m->links[i];
        char *kind = NULL, *ref = NULL;
        if (!is_in_order(r, from->seq, last, 0))
            return snapshot_bad(r, "links out of order");
        last = from->seq;
        enum err e = snapshot_read_str(r, &from->kind, false, LINE_CP, &kind);
        if (!e)
            e = snapshot_read_str(r, &from->ref, false, REF_CP, &ref);
        if (e) {
            free(kind);
            return e;
        }
        a->links.at[a->links.len++] =
            (struct audit_link){.seq = from->seq, .kind = kind, .ref = ref};
    }
    return ERR_OK;
}

static enum err read_assigned(const struct snapshot_reader *r, const PbSnapshot *m)
{
    struct audit *a = r->a;
    uint64_t last = 0;
    if (m->n_assigned > AUDIT_MAX_MOVES)
        return snapshot_bad(r, "too many assignments");
    if (!SNAPSHOT_RESERVE(a->assigned, m->n_assigned))
        return snapshot_no_memory(r);
    for (size_t i = 0; i < m->n_assigned; i++) {
        const Tandem__Snapshot__Assigned *from = m->assigned[i];
        char *reason;
        if (!is_in_order(r, from->seq, last, from->utc_ms) || !from->person)
            return snapshot_bad(r, "an impossible assignment");
        last = from->seq;
        enum err e = snapshot_read_str(r, &from->reason, true, REASON_CP, &reason);
        if (e)
            return e;
        a->assigned.at[a->assigned.len++] = (struct audit_assigned){.seq = from->seq,
                                                                    .utc_ms = from->utc_ms,
                                                                    .by = from->by,
                                                                    .person = from->person,
                                                                    .reason = reason};
    }
    return ERR_OK;
}

enum err snapshot_read_life(const struct snapshot_reader *r, const PbSnapshot *m)
{
    enum err e = read_head(r, m);
    if (!e)
        e = read_moves(r, m);
    if (!e)
        e = read_signatures(r, m);
    if (!e)
        e = read_flags(r, m);
    if (!e)
        e = read_glasses(r, m);
    if (!e)
        e = read_links(r, m);
    return e ? e : read_assigned(r, m);
}
