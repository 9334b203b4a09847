/* What happens in a record's life, in words: signatures, flags, break-glass. */
#include "client/editor/describe.h"

static bool is_me(const struct replica *r, uint32_t person)
{
    const struct viewer *me = replica_me(r);
    return me && me->person == person;
}

static void append_whose(const struct replica *r, uint32_t person, bool first, struct buf *out)
{
    if (is_me(r, person))
        buf_append_str(out, first ? "Your" : "your");
    else
        buf_appendf(out, "%s's", replica_name(r, person));
}

/* A later signature for the same part takes the place of one: that is nothing to tell. */
static bool has_op(const struct event *e, enum op_kind kind)
{
    for (size_t i = 0; i < e->body.nops; i++)
        if (e->body.ops[i].kind == kind)
            return true;
    return false;
}

void describe_voided(const struct replica *r, const struct event *e, struct buf *out)
{
    const struct audit *a = replica_audit(r);
    size_t n = 0;
    if (!a || has_op(e, OP_SIGN))
        return;
    for (size_t i = 0; i < audit_signature_count(a); i++) {
        const struct audit_signature *s = audit_signature_at(a, i);
        if (s->void_seq != e->seq)
            continue;
        if (n++)
            buf_append_str(out, " and ");
        append_whose(r, s->by, n == 1, out);
    }
    if (!n)
        return;
    buf_append_str(out, n == 1 ? " signature was voided by " : " signatures were voided by ");
    append_whose(r, e->actor, false, out);
    buf_append_str(out, has_op(e, OP_MOVE) ? " move; " : " change; ");
    buf_append_str(out, n == 1 ? "it has to be given again." : "they have to be given again.");
}

void describe_signature(const struct replica *r, const struct audit_signature *s,
                        int64_t now_utc_ms, struct buf *out)
{
    buf_appendf(out, "%s (%s), ", replica_name(r, s->by), role_code(s->role));
    describe_time(s->utc_ms, now_utc_ms, out);
    if (s->absent)
        buf_appendf(out, ", practitioner absent: %s", s->reason);
    if (*s->difference)
        buf_appendf(out, "; sees it differently: %s", s->difference);
}

static void append_flag(const struct audit_flag *f, int64_t now_utc_ms, struct buf *out)
{
    buf_append_str(out, "Safeguarding flag raised ");
    describe_time(f->utc_ms, now_utc_ms, out);
    buf_appendf(out, ", told %s", f->told);
}

static void append_glass(const struct replica *r, const struct audit_glass *g, int64_t now_utc_ms,
                         struct buf *out)
{
    buf_appendf(out, "Break-glass: %s reads this until ", replica_name(r, g->person));
    describe_time(g->until_utc_ms, now_utc_ms, out);
    buf_appendf(out, ": %s", g->reason);
}

bool describe_banner(const struct replica *r, size_t n, int64_t now_utc_ms, struct buf *out)
{
    const struct audit *a = replica_audit(r);
    for (size_t i = 0; a && i < audit_flag_count(a); i++) {
        const struct audit_flag *f = audit_flag_at(a, i);
        if (f->closed || n--)
            continue;
        append_flag(f, now_utc_ms, out);
        return true;
    }
    for (size_t i = 0; a && i < audit_glass_count(a); i++) {
        const struct audit_glass *g = audit_glass_at(a, i);
        if (g->ended_utc_ms || n--)
            continue;
        append_glass(r, g, now_utc_ms, out);
        return true;
    }
    return false;
}

void describe_flag(const struct replica *r, const struct audit_flag *f, int64_t now_utc_ms,
                   struct buf *out)
{
    append_flag(f, now_utc_ms, out);
    buf_appendf(out, " by %s", replica_name(r, f->by));
    if (f->closed)
        buf_append_str(out, " (all is done)");
    if (f->held || !audit_may_read_flag(replica_audit(r), replica_me(r), f)) {
        buf_append_str(out, "; its words are for named roles");
        return;
    }
    buf_appendf(out, ": %s", f->text);
    for (size_t i = 0; i < f->nnotes; i++) {
        buf_append_str(out, "; ");
        describe_time(f->notes[i].utc_ms, now_utc_ms, out);
        buf_appendf(out, " %s: %s", replica_name(r, f->notes[i].by), f->notes[i].text);
    }
}
