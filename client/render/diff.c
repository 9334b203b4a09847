#include "client/render/diff.h"

#include <stdlib.h>
#include <string.h>

#include "client/render/fields.h"
#include "client/render/life.h"
#include "client/render/words.h"
#include "client/when.h"
#include "common/utf8.h"

enum { WIDTH = 80 };

/* ---- points ---- */

static const struct named_point {
    const char *name;
    enum audit_state state; /* when it was last moved to this; 0: now */
    const char *missing;
} named[] = {
    {"agreed",    AUDIT_AGREED,    "It has not been agreed yet."   },
    {"submitted", AUDIT_SUBMITTED, "It has not been submitted yet."},
    {"moderated", AUDIT_MODERATED, "It has not been moderated yet."},
    {"final",     AUDIT_MODERATED, "It has no final grades yet."   },
    {"now",       0,               ""                              },
};
enum { NAMED = sizeof named / sizeof *named };

enum err diff_point_find(const struct audit *now, const char *typed, struct diff_point *out,
                         struct err_info *why)
{
    *out = (struct diff_point){0};
    for (size_t i = 0; i < NAMED; i++) {
        if (strcmp(typed, named[i].name) != 0)
            continue;
        const struct audit_move *m = named[i].state ? audit_move_last(now, named[i].state) : NULL;
        out->seq = m ? m->seq : 0;
        return m || !named[i].state ? ERR_OK : err_set(why, ERR_INPUT, "%s", named[i].missing);
    }
    if (!when_point(typed, &out->seq, &out->utc_ms))
        return err_set(why, ERR_INPUT,
                       "\"%.40s\" is no state to compare: say agreed, submitted, moderated, final, "
                       "now, an event's number, or a time as in 2026-11-24T09:30.",
                       typed);
    if (out->seq > audit_seq(now))
        return err_set(why, ERR_INPUT, "There is no event %llu yet; the last one is %llu.",
                       (unsigned long long)out->seq, (unsigned long long)audit_seq(now));
    return ERR_OK;
}

void diff_points_usual(const struct audit *now, const char **from, const char **to)
{
    const struct audit_move *submitted = audit_move_last(now, AUDIT_SUBMITTED);
    const struct audit_move *begun = submitted ? submitted : audit_move_last(now, AUDIT_AGREED);
    const struct audit_move *ended = audit_move_last(now, AUDIT_MODERATED);
    *from = submitted ? "submitted" : begun ? "agreed" : NULL;
    *to = begun && ended && ended->seq > begun->seq ? "final" : "now";
}

/* ---- what is different ---- */

static const enum part lists[] = {PART_FINDINGS, PART_ACTIONS, PART_PEOPLE, PART_EVIDENCE};
enum { LISTS = sizeof lists / sizeof *lists };

/* Both writers of it are told the same, in this order; question by question. */
struct teller {
    const struct diff_source *src;
    void *user;
    void (*question)(void *user, const struct question *q);
    void (*item)(void *user, struct field f, enum part list, bool added);
    void (*value)(void *user, struct field f, const char *from, const struct audit_value *to);
    void (*words)(void *user, struct field f);
};

static bool texts_equal(const struct diff_source *src, struct field f)
{
    struct buf a = BUF_INIT, b = BUF_INIT;
    fields_text(src->from, f, &a);
    fields_text(src->to, f, &b);
    bool equal = a.len == b.len && (!a.len || !memcmp(a.data, b.data, a.len));
    buf_free(&a);
    buf_free(&b);
    return equal;
}

static bool is_different(const struct diff_source *src, struct field f)
{
    const struct part_def *def = part_find((enum part)f.part);
    if (!def || def->type == TYPE_LIST)
        return false;
    if (def->type == TYPE_TEXT)
        return !texts_equal(src, f);
    return strcmp(audit_value(src->from, f).value, audit_value(src->to, f).value) != 0;
}

static bool holds(const struct fields *x, struct field f)
{
    for (size_t i = 0; i < x->n; i++)
        if (field_equal(x->f[i], f))
            return true;
    return false;
}

static void tell_field(const struct teller *t, struct field f)
{
    if (part_find((enum part)f.part)->type == TYPE_TEXT) {
        t->words(t->user, f);
        return;
    }
    struct audit_value to = audit_value(t->src->to, f);
    t->value(t->user, f, audit_value(t->src->from, f).value, &to);
}

static void tell_items(const struct teller *t, const struct question *q, const struct audit *in,
                       const struct audit *not_in, bool added)
{
    struct audit_item items[AUDIT_MAX_ITEMS];
    for (size_t l = 0; l < LISTS; l++) {
        size_t n = audit_items(in, q->number, lists[l], items, AUDIT_MAX_ITEMS);
        for (size_t i = 0; i < n && i < AUDIT_MAX_ITEMS; i++)
            if (!audit_item_exists(not_in, q->number, lists[l], items[i].id))
                t->item(t->user, (struct field){q->number, (uint16_t)lists[l], items[i].id},
                        lists[l], added);
    }
}

/* Is there an item of the question in `in` that is not in `other`? */
static bool has_more(const struct audit *in, const struct audit *other, const struct question *q)
{
    struct audit_item items[AUDIT_MAX_ITEMS];
    for (size_t l = 0; l < LISTS; l++) {
        size_t n = audit_items(in, q->number, lists[l], items, AUDIT_MAX_ITEMS);
        for (size_t i = 0; i < n && i < AUDIT_MAX_ITEMS; i++)
            if (!audit_item_exists(other, q->number, lists[l], items[i].id))
                return true;
    }
    return false;
}

bool diff_has_removals(const struct audit *from, const struct audit *to)
{
    const struct template *t = audit_template(to);
    for (size_t i = 0; i < t->nquestions; i++)
        if (has_more(from, to, &t->questions[i]))
            return true;
    return false;
}

static void tell_question(const struct teller *t, const struct question *q,
                          const struct fields *from, const struct fields *to)
{
    bool begun = has_more(t->src->from, t->src->to, q) || has_more(t->src->to, t->src->from, q);
    if (begun) {
        t->question(t->user, q);
        tell_items(t, q, t->src->from, t->src->to, false);
        tell_items(t, q, t->src->to, t->src->from, true);
    }
    for (int side = 0; side < 2; side++) {
        const struct fields *x = side ? from : to;
        for (size_t i = 0; i < x->n; i++) {
            if (x->f[i].question != q->number || (side && holds(to, x->f[i])) ||
                !is_different(t->src, x->f[i]))
                continue;
            if (!begun)
                t->question(t->user, q);
            begun = true;
            tell_field(t, x->f[i]);
        }
    }
}

static enum err tell_all(const struct teller *t)
{
    const struct template *tpl = audit_template(t->src->to);
    struct fields from, to;
    fields_of(t->src->from, &from);
    fields_of(t->src->to, &to);
    enum err e = from.failed || to.failed ? ERR_NOMEM : ERR_OK;
    for (size_t i = 0; !e && i < tpl->nquestions; i++)
        tell_question(t, &tpl->questions[i], &from, &to);
    fields_free(&from);
    fields_free(&to);
    return e;
}

/* The state in which the item (still) is. */
static const struct audit *where_it_is(const struct diff_source *src, struct field f)
{
    bool gone =
        f.item && fields_list(src->from, f) != PART_NONE && fields_list(src->to, f) == PART_NONE;
    return gone ? src->from : src->to;
}

/* "L5[2].due" */
static void address(const struct diff_source *src, struct field f, struct buf *out)
{
    audit_field_format(where_it_is(src, f), f, out);
}

static const char *name_of(const struct diff_source *src, uint32_t person)
{
    return src->names.name(src->names.user, person);
}

/* In the words of the state that the value is of: items have their addresses there. */
static void show_value(const struct diff_source *src, const struct audit *a, struct field f,
                       const char *value, struct buf *out)
{
    struct render_source names = src->names;
    names.audit = a;
    if (value[0])
        render_field_value(&names, f, value, out);
    else
        buf_append_str(out, "(nothing)");
}

/* ---- as text ---- */

struct printing {
    const struct diff_source *src;
    struct buf *out;
    struct buf line;
    bool any;
    enum err err;
};

static void end_line(struct printing *p, size_t indent)
{
    render_wrap(buf_cstr(&p->line), indent, WIDTH, p->out);
    buf_clear(&p->line);
    p->any = true;
}

static void print_question(void *user, const struct question *q)
{
    struct printing *p = user;
    buf_append_u8(p->out, '\n');
    buf_appendf(&p->line, "%s ", q->code);
    text_safe(&p->line, q->title, strlen(q->title), false);
    end_line(p, 0);
}

/* Who added it, or took it out; 0: not known. */
static uint32_t item_by(const struct diff_source *src, struct field f, enum part list, bool added)
{
    struct audit_item items[AUDIT_MAX_ITEMS];
    size_t n = added ? audit_items(src->to, f.question, list, items, AUDIT_MAX_ITEMS) : 0;
    for (size_t i = 0; i < n && i < AUDIT_MAX_ITEMS; i++)
        if (items[i].id == f.item)
            return items[i].by;
    for (size_t i = 0; !added && i < src->nremovals; i++)
        if (field_equal(src->removals[i].item, f))
            return src->removals[i].by;
    return 0;
}

static void print_item(void *user, struct field f, enum part list, bool added)
{
    struct printing *p = user;
    uint32_t by = item_by(p->src, f, list, added);
    render_item_address(where_it_is(p->src, f), f, &p->line);
    buf_append_str(&p->line, added ? ": added" : ": taken out");
    if (by)
        buf_appendf(&p->line, " (%s)", name_of(p->src, by));
    end_line(p, 2);
}

static void print_label(struct printing *p, struct field f)
{
    if (f.item)
        address(p->src, f, &p->line);
    else
        buf_append_str(&p->line, part_find((enum part)f.part)->label);
    buf_append_str(&p->line, ": ");
}

static void print_value(void *user, struct field f, const char *from, const struct audit_value *to)
{
    struct printing *p = user;
    print_label(p, f);
    show_value(p->src, p->src->from, f, from, &p->line);
    buf_append_str(&p->line, " -> ");
    show_value(p->src, p->src->to, f, to->value, &p->line);
    if (to->by)
        buf_appendf(&p->line, " (%s)", name_of(p->src, to->by));
    end_line(p, 2);
}

/* What stayed is shown as far as it helps to find the place. */
static void print_same(struct printing *p, const struct words_piece *piece)
{
    enum { NEAR_BYTES = 40 };
    const char *s = piece->utf8, *end = s + piece->len_bytes;
    bool first = !p->line.len;
    if (piece->len_bytes <= 2 * NEAR_BYTES) {
        text_safe(&p->line, s, piece->len_bytes, true);
        return;
    }
    const char *head = s + NEAR_BYTES, *tail = end - NEAR_BYTES;
    while (head > s && *head != ' ' && *head != '\n')
        head--;
    while (tail < end && *tail != ' ' && *tail != '\n')
        tail++;
    if (!first)
        text_safe(&p->line, s, (size_t)(head - s), true);
    buf_append_str(&p->line, first ? "..." : " ...");
    text_safe(&p->line, tail, (size_t)(end - tail), true);
}

static void print_piece(void *user, const struct words_piece *piece)
{
    struct printing *p = user;
    const char *mark = piece->kind == WORDS_STRUCK ? "-" : "+";
    if (piece->kind == WORDS_SAME) {
        print_same(p, piece);
        return;
    }
    buf_appendf(&p->line, "[%s", mark);
    text_safe(&p->line, piece->utf8, piece->len_bytes, true);
    buf_append_str(&p->line, mark);
    if (piece->by)
        buf_appendf(&p->line, " %s", name_of(p->src, piece->by));
    buf_append_str(&p->line, "]");
}

static void print_words(void *user, struct field f)
{
    struct printing *p = user;
    print_label(p, f);
    while (p->line.len && p->line.data[p->line.len - 1] == ' ')
        p->line.len--;
    end_line(p, 2);
    enum err e = words_diff(audit_text(p->src->from, f), audit_text(p->src->to, f), p->src->to,
                            print_piece, p);
    end_line(p, 4);
    p->err = p->err ? p->err : e;
}

/* "2026-11-24 09:30  Ana Flint " */
static void begin_event(struct printing *p, int64_t utc_ms, uint32_t by)
{
    char when[32];
    buf_appendf(&p->line, "%s  %s ", render_time(utc_ms, when), name_of(p->src, by));
}

static void print_between(struct printing *p)
{
    const struct audit *to = p->src->to;
    uint64_t after = audit_seq(p->src->from);
    struct buf lines = BUF_INIT, *out = p->out;
    p->out = &lines;
    for (size_t i = 0; i < audit_move_count(to); i++) {
        const struct audit_move *m = audit_move_at(to, i);
        struct audit_op op = {
            .kind = OP_MOVE,
            .move = {.to = m->to, .reason = m->reason, .stage = m->stage, .result = m->result}
        };
        if (m->seq <= after)
            continue;
        begin_event(p, m->utc_ms, m->by);
        render_life_op(&p->src->names, &op, &p->line);
        end_line(p, 2);
    }
    for (size_t i = 0; i < audit_signature_count(to); i++) {
        const struct audit_signature *s = audit_signature_at(to, i);
        struct audit_op op = {
            .kind = OP_SIGN,
            .sign = {.role = s->role,
                     .revision = s->revision,
                     .difference = s->difference,
                     .absent = s->absent,
                     .reason = s->reason}
        };
        if (s->seq <= after)
            continue;
        begin_event(p, s->utc_ms, s->by);
        render_life_op(&p->src->names, &op, &p->line);
        end_line(p, 2);
    }
    p->out = out;
    if (lines.len) {
        buf_append_str(out, "\nMoves and signatures between\n");
        buf_append(out, lines.data, lines.len);
    }
    buf_free(&lines);
}

static void print_state(struct printing *p, const char *before, const struct audit *a,
                        const char *words)
{
    char when[32];
    buf_appendf(&p->line, "%s %s: event %llu, %s, %s, revision %llu", before, words,
                (unsigned long long)audit_seq(a), render_time(audit_utc_ms(a), when),
                audit_state_code(audit_info(a).state), (unsigned long long)audit_revision(a));
    end_line(p, 0);
}

enum err render_diff(const struct diff_source *src, struct buf *out)
{
    struct printing p = {.src = src, .out = out};
    struct teller t = {src, &p, print_question, print_item, print_value, print_words};
    print_state(&p, "from", src->from, src->from_words);
    print_state(&p, "to", src->to, src->to_words);
    p.any = false;
    enum err e = tell_all(&t);
    if (!e && !p.any)
        buf_append_str(out, "\nNo answer that you may read has changed.\n");
    if (!e)
        print_between(&p);
    e = e ? e : p.err;
    buf_free(&p.line);
    return e || buf_failed(out) ? ERR_NOMEM : ERR_OK;
}

/* ---- as JSON ---- */

struct packing {
    const struct diff_source *src;
    json_t *changes, *items, *pieces;
    enum err err;
};

static json_t *address_json(const struct diff_source *src, struct field f)
{
    struct buf b = BUF_INIT;
    address(src, f, &b);
    json_t *j = json_string(buf_cstr(&b));
    buf_free(&b);
    return j;
}

static void pack_question(void *user, const struct question *q)
{
    (void)user;
    (void)q; /* each change names its own */
}

static void pack_item(void *user, struct field f, enum part list, bool added)
{
    struct packing *p = user;
    struct buf where = BUF_INIT;
    uint32_t by = item_by(p->src, f, list, added);
    render_item_address(where_it_is(p->src, f), f, &where);
    json_t *j = json_pack("{s:s, s:s, s:s}", "change", added ? "added" : "taken_out", "address",
                          buf_cstr(&where), "list", part_find(list)->code);
    if (by) {
        (void)json_object_set_new(j, "by", json_integer(by));
        (void)json_object_set_new(j, "name", json_string(name_of(p->src, by)));
    }
    json_array_append_new(p->items, j);
    buf_free(&where);
}

static void pack_value(void *user, struct field f, const char *from, const struct audit_value *to)
{
    struct packing *p = user;
    json_array_append_new(
        p->changes,
        json_pack("{s:o, s:s, s:s, s:s, s:i, s:s, s:o}", "field", address_json(p->src, f), "part",
                  part_find((enum part)f.part)->code, "from", from, "to", to->value, "by",
                  (int)to->by, "name", name_of(p->src, to->by), "at", render_utc(to->utc_ms)));
}

static void pack_piece(void *user, const struct words_piece *piece)
{
    static const char *const kinds[] = {
        [WORDS_SAME] = "same", [WORDS_STRUCK] = "struck", [WORDS_ADDED] = "added"};
    struct packing *p = user;
    json_t *j = json_pack("{s:s, s:o}", "kind", kinds[piece->kind], "text",
                          json_stringn(piece->utf8, piece->len_bytes));
    if (piece->by) {
        (void)json_object_set_new(j, "by", json_integer(piece->by));
        (void)json_object_set_new(j, "name", json_string(name_of(p->src, piece->by)));
    }
    json_array_append_new(p->pieces, j);
}

static void pack_words(void *user, struct field f)
{
    struct packing *p = user;
    p->pieces = json_array();
    enum err e = words_diff(audit_text(p->src->from, f), audit_text(p->src->to, f), p->src->to,
                            pack_piece, p);
    p->err = p->err ? p->err : e;
    json_array_append_new(p->changes,
                          json_pack("{s:o, s:s, s:o}", "field", address_json(p->src, f), "part",
                                    part_find((enum part)f.part)->code, "words", p->pieces));
    p->pieces = NULL;
}

static json_t *state_json(const struct audit *a, const char *words)
{
    return json_pack("{s:s, s:I, s:o, s:s, s:I}", "point", words, "seq", (json_int_t)audit_seq(a),
                     "at", render_utc(audit_utc_ms(a)), "state",
                     audit_state_code(audit_info(a).state), "revision",
                     (json_int_t)audit_revision(a));
}

static json_t *moves_json(const struct diff_source *src)
{
    json_t *all = json_array();
    for (size_t i = 0; i < audit_move_count(src->to); i++) {
        const struct audit_move *m = audit_move_at(src->to, i);
        if (m->seq > audit_seq(src->from))
            json_array_append_new(all, json_pack("{s:I, s:o, s:s, s:s, s:i, s:s, s:s}", "seq",
                                                 (json_int_t)m->seq, "at", render_utc(m->utc_ms),
                                                 "from", audit_state_code(m->from), "to",
                                                 audit_state_code(m->to), "by", (int)m->by, "name",
                                                 name_of(src, m->by), "reason", m->reason));
    }
    return all;
}

static json_t *signatures_json(const struct diff_source *src)
{
    json_t *all = json_array();
    for (size_t i = 0; i < audit_signature_count(src->to); i++) {
        const struct audit_signature *s = audit_signature_at(src->to, i);
        if (s->seq > audit_seq(src->from))
            json_array_append_new(all,
                                  json_pack("{s:I, s:o, s:i, s:s, s:s, s:I, s:b, s:s}", "seq",
                                            (json_int_t)s->seq, "at", render_utc(s->utc_ms), "by",
                                            (int)s->by, "name", name_of(src, s->by), "role",
                                            role_code(s->role), "revision", (json_int_t)s->revision,
                                            "void", s->void_seq != 0, "difference", s->difference));
    }
    return all;
}

json_t *render_diff_json(const struct diff_source *src)
{
    struct packing p = {.src = src, .changes = json_array(), .items = json_array()};
    struct teller t = {src, &p, pack_question, pack_item, pack_value, pack_words};
    enum err e = tell_all(&t);
    json_t *j = json_pack("{s:s, s:o, s:o, s:o, s:o, s:o, s:o}", "ref", audit_info(src->to).ref,
                          "from", state_json(src->from, src->from_words), "to",
                          state_json(src->to, src->to_words), "items", p.items, "changes",
                          p.changes, "moves", moves_json(src), "signatures", signatures_json(src));
    if (e || p.err) {
        json_decref(j);
        return NULL;
    }
    return j;
}
