/* What the server wrote in people's names: as sentences, as a chapter of the printed audit, as
 * JSON. */

#include <string.h>

#include "client/render/life.h"
#include "common/utf8.h"

/* ---- one operation, behind its actor's name ---- */

static void say_words(struct buf *out, const char *before, const char *words)
{
    if (!words || !words[0])
        return;
    buf_append_str(out, before);
    text_safe(out, words, strlen(words), false);
}

static void say_move(const struct op_move *op, struct buf *out)
{
    if (op->stage)
        buf_appendf(out, "began stage %u", (unsigned)op->stage - 1);
    else
        buf_appendf(out, "moved the audit to %s", audit_state_code(op->to));
    say_words(out, ", result ", op->result);
    say_words(out, ": ", op->reason);
}

static void say_sign(const struct op_sign *op, struct buf *out)
{
    buf_appendf(out, "signed revision %llu as %s", (unsigned long long)op->revision,
                role_code(op->role));
    if (op->absent)
        buf_append_str(out, " for an absent practitioner");
    say_words(out, op->absent ? ": " : " (", op->reason);
    if (!op->absent && op->reason && op->reason[0])
        buf_append_str(out, ")");
    say_words(out, "; sees differently: ", op->difference);
}

static void say_flag(const struct op_flag *op, struct buf *out)
{
    char when[32];
    buf_append_str(out, "raised a flag: told ");
    text_safe(out, op->told, strlen(op->told), false);
    buf_appendf(out, " at %s", render_time(op->told_utc_ms, when));
    if (op->held)
        buf_append_str(out, "; its words are for named roles");
    else
        say_words(out, "; ", op->text);
}

static void say_flag_note(const struct op_flag_note *op, struct buf *out)
{
    buf_appendf(out, "%s flag %llu", op->closed ? "closed" : "added to",
                (unsigned long long)op->flag);
    if (op->held)
        buf_append_str(out, "; the words are for named roles");
    else
        say_words(out, ": ", op->text);
}

static void say_glass(const struct render_source *src, const struct op_glass *op, struct buf *out)
{
    char when[32];
    buf_appendf(out, "opened the record to %s until %s (break-glass)",
                src->name(src->user, op->person), render_time(op->until_utc_ms, when));
    say_words(out, ": ", op->reason);
}

void render_life_op(const struct render_source *src, const struct audit_op *op, struct buf *out)
{
    switch ((int)op->kind) {
    case OP_MOVE:
        say_move(&op->move, out);
        return;
    case OP_SIGN:
        say_sign(&op->sign, out);
        return;
    case OP_ASSIGN:
        buf_appendf(out, "asked %s to moderate", src->name(src->user, op->assign.person));
        say_words(out, ": ", op->assign.reason);
        return;
    case OP_FLAG:
        say_flag(&op->flag, out);
        return;
    case OP_FLAG_NOTE:
        say_flag_note(&op->flag_note, out);
        return;
    case OP_GLASS:
        say_glass(src, &op->glass, out);
        return;
    case OP_GLASS_END:
        buf_appendf(out, "closed the record to %s again (break-glass)",
                    src->name(src->user, op->glass.person));
        return;
    case OP_LINK:
        buf_appendf(out, "linked ");
        text_safe(out, op->link.ref, strlen(op->link.ref), false);
        say_words(out, " as ", op->link.kind);
        return;
    case OP_PLAN:
        buf_append_str(out, "planned the audit for ");
        text_safe(out, op->plan.planned, strlen(op->plan.planned), false);
        say_words(out, ": ", op->plan.reason);
        return;
    }
}

/* ---- one operation as JSON ---- */

static void put(json_t *j, const char *key, json_t *value)
{
    (void)json_object_set_new(j, key, value);
}

static void put_str(json_t *j, const char *key, const char *s)
{
    put(j, key, json_string(s));
}

static void put_number(json_t *j, const char *key, uint64_t n)
{
    put(j, key, json_integer((json_int_t)n));
}

static void put_print(json_t *j, const uint8_t print[FINGERPRINT_LEN])
{
    static const uint8_t none[FINGERPRINT_LEN];
    char hex[2 * FINGERPRINT_LEN + 1];
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < FINGERPRINT_LEN; i++) {
        hex[2 * i] = digits[print[i] >> 4];
        hex[2 * i + 1] = digits[print[i] & 15];
    }
    hex[2 * FINGERPRINT_LEN] = 0;
    put(j, "fingerprint", memcmp(print, none, FINGERPRINT_LEN) ? json_string(hex) : json_null());
}

static void put_person(const struct render_source *src, json_t *j, uint32_t person)
{
    put_number(j, "person", person);
    put_str(j, "name", src->name(src->user, person));
}

static json_t *names(const struct render_source *src, const uint32_t *people, size_t n)
{
    json_t *list = json_array();
    for (size_t i = 0; i < n; i++)
        json_array_append_new(list, json_string(src->name(src->user, people[i])));
    return list;
}

static void put_move(const struct render_source *src, json_t *j, const struct op_move *op)
{
    put_str(j, "to", audit_state_code(op->to));
    put_str(j, "reason", op->reason);
    put_number(j, "revision", op->revision);
    put_print(j, op->fingerprint);
    put(j, "stage", op->stage ? json_integer((json_int_t)op->stage - 1) : json_null());
    put_str(j, "result", op->result);
    put(j, "present", names(src, op->present, op->npresent));
}

static void put_sign(json_t *j, const struct op_sign *op)
{
    put_str(j, "role", role_code(op->role));
    put_number(j, "revision", op->revision);
    put_print(j, op->fingerprint);
    put_str(j, "difference", op->difference);
    put(j, "absent", json_boolean(op->absent));
    put_str(j, "reason", op->reason);
}

static void put_flag(json_t *j, const struct op_flag *op)
{
    put_str(j, "text", op->text);
    put(j, "held", json_boolean(op->held));
    put_str(j, "told", op->told);
    put(j, "told_at", render_utc(op->told_utc_ms));
}

void render_life_op_json(const struct render_source *src, const struct audit_op *op, json_t *j)
{
    switch ((int)op->kind) {
    case OP_MOVE:
        put_move(src, j, &op->move);
        return;
    case OP_SIGN:
        put_sign(j, &op->sign);
        return;
    case OP_ASSIGN:
        put_person(src, j, op->assign.person);
        put_str(j, "reason", op->assign.reason);
        return;
    case OP_FLAG:
        put_flag(j, &op->flag);
        return;
    case OP_FLAG_NOTE:
        put_number(j, "flag", op->flag_note.flag);
        put_str(j, "text", op->flag_note.text);
        put(j, "held", json_boolean(op->flag_note.held));
        put(j, "closed", json_boolean(op->flag_note.closed));
        return;
    case OP_GLASS:
        put_person(src, j, op->glass.person);
        put(j, "until", render_utc(op->glass.until_utc_ms));
        put_str(j, "reason", op->glass.reason);
        return;
    case OP_GLASS_END:
        put_person(src, j, op->glass.person);
        return;
    case OP_LINK:
        put_str(j, "kind", op->link.kind);
        put_str(j, "ref", op->link.ref);
        return;
    case OP_PLAN:
        put_str(j, "planned", op->plan.planned);
        put_str(j, "reason", op->plan.reason);
        return;
    }
}

/* ---- the audit's life, in lines ---- */

struct lines {
    const struct render_source *src;
    render_line_fn fn;
    void *user;
    struct buf line;
};

/* "2026-11-23 09:00  Ana " */
static struct buf *begin(struct lines *l, int64_t utc_ms, uint32_t by)
{
    char when[32];
    buf_clear(&l->line);
    buf_appendf(&l->line, "%s  %s ", render_time(utc_ms, when), l->src->name(l->src->user, by));
    return &l->line;
}

static void end(struct lines *l)
{
    l->fn(l->user, buf_cstr(&l->line));
}

static void moves(struct lines *l)
{
    const struct audit *a = l->src->audit;
    for (size_t i = 0; i < audit_move_count(a); i++) {
        const struct audit_move *m = audit_move_at(a, i);
        struct op_move op = {
            .to = m->to, .reason = m->reason, .stage = m->stage, .result = m->result};
        say_move(&op, begin(l, m->utc_ms, m->by));
        for (size_t k = 0; k < m->npresent; k++)
            buf_appendf(&l->line, "%s%s",
                        k ? ", " : "; present: ", l->src->name(l->src->user, m->present[k]));
        end(l);
    }
}

static void signatures(struct lines *l)
{
    const struct audit *a = l->src->audit;
    for (size_t i = 0; i < audit_signature_count(a); i++) {
        const struct audit_signature *s = audit_signature_at(a, i);
        struct op_sign op = {.role = s->role,
                             .revision = s->revision,
                             .difference = s->difference,
                             .absent = s->absent,
                             .reason = s->reason};
        say_sign(&op, begin(l, s->utc_ms, s->by));
        if (s->void_seq)
            buf_appendf(&l->line, "; void since event %llu", (unsigned long long)s->void_seq);
        end(l);
    }
}

static void moderators(struct lines *l)
{
    const struct audit *a = l->src->audit;
    for (size_t i = 0; i < audit_assigned_count(a); i++) {
        const struct audit_assigned *s = audit_assigned_at(a, i);
        struct audit_op op = {
            .kind = OP_ASSIGN, .assign = {.person = s->person, .reason = s->reason}
        };
        render_life_op(l->src, &op, begin(l, s->utc_ms, s->by));
        end(l);
    }
}

static void flags(struct lines *l)
{
    const struct audit *a = l->src->audit;
    for (size_t i = 0; i < audit_flag_count(a); i++) {
        const struct audit_flag *f = audit_flag_at(a, i);
        struct op_flag op = {
            .text = f->text, .told = f->told, .told_utc_ms = f->told_utc_ms, .held = f->held};
        say_flag(&op, begin(l, f->utc_ms, f->by));
        buf_appendf(&l->line, " (flag %llu, %s)", (unsigned long long)f->seq,
                    f->closed ? "closed" : "open");
        end(l);
        for (size_t k = 0; k < f->nnotes; k++) {
            struct op_flag_note note = {.flag = f->seq, .text = f->notes[k].text, .held = f->held};
            say_flag_note(&note, begin(l, f->notes[k].utc_ms, f->notes[k].by));
            end(l);
        }
    }
}

static void glasses(struct lines *l)
{
    const struct audit *a = l->src->audit;
    char when[32];
    for (size_t i = 0; i < audit_glass_count(a); i++) {
        const struct audit_glass *g = audit_glass_at(a, i);
        buf_appendf(begin(l, g->utc_ms, g->person), "opened the record until %s (break-glass)",
                    render_time(g->until_utc_ms, when));
        say_words(&l->line, ": ", g->reason);
        if (g->ended_utc_ms)
            buf_appendf(&l->line, "; ended %s", render_time(g->ended_utc_ms, when));
        end(l);
    }
}

static void planned(struct lines *l)
{
    struct audit_info info = audit_info(l->src->audit);
    buf_clear(&l->line);
    if (info.planned[0]) {
        buf_appendf(&l->line, "Planned for %s", info.planned);
        if (strcmp(info.first_planned, info.planned) != 0)
            buf_appendf(&l->line, " (first for %s)", info.first_planned);
    }
    if (info.way_in[0])
        buf_appendf(&l->line, "%sway in: %s", l->line.len ? "; " : "", info.way_in);
    if (info.source[0])
        buf_appendf(&l->line, "%scomes from %s", l->line.len ? "; " : "", info.source);
    if (l->line.len)
        end(l);
}

static void links(struct lines *l)
{
    for (size_t i = 0; i < audit_link_count(l->src->audit); i++) {
        const struct audit_link *k = audit_link_at(l->src->audit, i);
        buf_clear(&l->line);
        buf_appendf(&l->line, "Linked: %s (%s)", k->ref, k->kind);
        end(l);
    }
}

void render_life(const struct render_source *src, render_line_fn fn, void *user)
{
    struct lines l = {.src = src, .fn = fn, .user = user};
    planned(&l);
    moves(&l);
    moderators(&l);
    signatures(&l);
    flags(&l);
    glasses(&l);
    links(&l);
    buf_free(&l.line);
}

/* ---- the audit's life as JSON ---- */

static json_t *begin_json(const struct render_source *src, uint64_t seq, int64_t utc_ms,
                          uint32_t by)
{
    json_t *j = json_object();
    put_number(j, "seq", seq);
    put(j, "at", render_utc(utc_ms));
    put_number(j, "by", by);
    put_str(j, "name", src->name(src->user, by));
    return j;
}

static json_t *moves_json(const struct render_source *src)
{
    json_t *list = json_array();
    for (size_t i = 0; i < audit_move_count(src->audit); i++) {
        const struct audit_move *m = audit_move_at(src->audit, i);
        struct op_move op = {.to = m->to,
                             .reason = m->reason,
                             .revision = m->revision,
                             .stage = m->stage,
                             .result = m->result,
                             .present = m->present,
                             .npresent = m->npresent};
        memcpy(op.fingerprint, m->fingerprint, FINGERPRINT_LEN);
        json_t *j = begin_json(src, m->seq, m->utc_ms, m->by);
        put_str(j, "from", audit_state_code(m->from));
        put_move(src, j, &op);
        json_array_append_new(list, j);
    }
    return list;
}

static json_t *signatures_json(const struct render_source *src)
{
    json_t *list = json_array();
    for (size_t i = 0; i < audit_signature_count(src->audit); i++) {
        const struct audit_signature *s = audit_signature_at(src->audit, i);
        struct op_sign op = {.role = s->role,
                             .revision = s->revision,
                             .difference = s->difference,
                             .absent = s->absent,
                             .reason = s->reason};
        memcpy(op.fingerprint, s->fingerprint, FINGERPRINT_LEN);
        json_t *j = begin_json(src, s->seq, s->utc_ms, s->by);
        put_sign(j, &op);
        put(j, "void", json_boolean(s->void_seq));
        put(j, "void_seq", s->void_seq ? json_integer((json_int_t)s->void_seq) : json_null());
        json_array_append_new(list, j);
    }
    return list;
}

static json_t *assigned_json(const struct render_source *src)
{
    json_t *list = json_array();
    for (size_t i = 0; i < audit_assigned_count(src->audit); i++) {
        const struct audit_assigned *s = audit_assigned_at(src->audit, i);
        json_t *j = begin_json(src, s->seq, s->utc_ms, s->by);
        put_number(j, "moderator", s->person);
        put_str(j, "moderator_name", src->name(src->user, s->person));
        put_str(j, "reason", s->reason);
        json_array_append_new(list, j);
    }
    return list;
}

static json_t *flags_json(const struct render_source *src)
{
    json_t *list = json_array();
    for (size_t i = 0; i < audit_flag_count(src->audit); i++) {
        const struct audit_flag *f = audit_flag_at(src->audit, i);
        struct op_flag op = {
            .text = f->text, .told = f->told, .told_utc_ms = f->told_utc_ms, .held = f->held};
        json_t *j = begin_json(src, f->seq, f->utc_ms, f->by), *notes = json_array();
        put_flag(j, &op);
        put(j, "closed", json_boolean(f->closed));
        for (size_t k = 0; k < f->nnotes; k++)
            json_array_append_new(
                notes, json_pack("{s:i, s:s, s:o, s:s}", "by", (int)f->notes[k].by, "name",
                                 src->name(src->user, f->notes[k].by), "at",
                                 render_utc(f->notes[k].utc_ms), "text", f->notes[k].text));
        put(j, "notes", notes);
        json_array_append_new(list, j);
    }
    return list;
}

static json_t *glasses_json(const struct render_source *src)
{
    json_t *list = json_array();
    for (size_t i = 0; i < audit_glass_count(src->audit); i++) {
        const struct audit_glass *g = audit_glass_at(src->audit, i);
        json_t *j = begin_json(src, g->seq, g->utc_ms, g->person);
        put(j, "until", render_utc(g->until_utc_ms));
        put_str(j, "reason", g->reason);
        put(j, "ended", render_utc(g->ended_utc_ms));
        json_array_append_new(list, j);
    }
    return list;
}

static json_t *links_json(const struct render_source *src)
{
    json_t *list = json_array();
    for (size_t i = 0; i < audit_link_count(src->audit); i++) {
        const struct audit_link *l = audit_link_at(src->audit, i);
        json_array_append_new(list, json_pack("{s:s, s:s}", "kind", l->kind, "ref", l->ref));
    }
    return list;
}

void render_life_json(const struct render_source *src, json_t *j)
{
    struct audit_info info = audit_info(src->audit);
    put_str(j, "planned", info.planned);
    put_str(j, "first_planned", info.first_planned);
    put_str(j, "way_in", info.way_in);
    put_str(j, "source", info.source);
    put_number(j, "revision", audit_revision(src->audit));
    put(j, "stage", info.stage ? json_integer((json_int_t)info.stage - 1) : json_null());
    put(j, "moderator",
        info.moderator ? json_string(src->name(src->user, info.moderator)) : json_null());
    put(j, "since", render_utc(audit_state_since_utc_ms(src->audit)));
    put(j, "moves", moves_json(src));
    put(j, "signatures", signatures_json(src));
    put(j, "moderators", assigned_json(src));
    put(j, "flags", flags_json(src));
    put(j, "break_glass", glasses_json(src));
    put(j, "links", links_json(src));
}
