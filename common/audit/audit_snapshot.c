#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "common/audit/audit_snapshot.h"
#include "common/pb_alloc.h"
#include "common/utf8.h"

enum { FORMAT = 1, PART_BITS = 7, REF_CP = 64, LINE_CP = EVENT_MAX_LINE_CP };

/* ---- writing ---- */

static uint64_t at_of(struct field f)
{
    return (uint64_t)f.question << PART_BITS | f.part;
}

static void write_members(const struct audit *a, struct buf *out)
{
    for (size_t i = 0; i < a->members.len; i++) {
        size_t m = pbw_begin(out, 15);
        pbw_u64(out, 1, a->members.at[i].person);
        pbw_u64(out, 2, (uint64_t)a->members.at[i].role);
        pbw_str(out, 3, a->members.at[i].sections);
        pbw_end(out, m);
    }
}

/* How many ids others have used would tell of comments that this viewer does not see. */
static void write_agents(const struct audit *a, const struct viewer *v, struct buf *out)
{
    for (size_t i = 0; i < a->agents.len; i++) {
        const struct agent *g = &a->agents.at[i];
        bool ids = !v || v->person == g->person;
        size_t m = pbw_begin(out, 16);
        pbw_u64(out, 1, g->agent);
        pbw_u64(out, 2, g->person);
        pbw_u64(out, 3, g->batch_no);
        pbw_u64(out, 4, g->batch_seq);
        pbw_u64(out, 5, ids ? g->item_n : 0);
        pbw_u64(out, 6, ids ? g->comment_n : 0);
        pbw_end(out, m);
    }
}

static bool is_held(const struct snapshot_eyes *p, struct field f)
{
    return p && audit_is_held_from(p->rights, &p->part, f);
}

/* An item that only we know of is not part of the audit yet. */
static bool is_confirmed(const struct audit *a, struct field f)
{
    enum part list = audit_list_of(f);
    if (list == PART_NONE || !f.item)
        return true;
    const struct list_item *it = audit_item_find(a, f.question, (uint16_t)list, f.item);
    return it && it->rev;
}

static void write_items(const struct audit *a, const struct snapshot_eyes *p, struct buf *out)
{
    for (size_t i = 0; i < a->items.len; i++) {
        const struct list_item *it = &a->items.at[i];
        struct field f = {.question = it->question, .part = it->part, .item = it->id};
        if (!it->rev || is_held(p, f))
            continue;
        size_t m = pbw_begin(out, 17);
        pbw_u64(out, 1, at_of(f));
        pbw_u64(out, 2, it->id);
        pbw_u64(out, 3, it->rev);
        pbw_u64(out, 4, it->by);
        pbw_end(out, m);
    }
}

static void write_cells(const struct audit *a, const struct snapshot_eyes *p, struct buf *out)
{
    for (size_t i = 0; i < a->cells.len; i++) {
        const struct cell *c = &a->cells.at[i];
        if (is_held(p, c->field))
            continue;
        size_t m = pbw_begin(out, 18);
        pbw_u64(out, 1, at_of(c->field));
        pbw_u64(out, 2, c->field.item);
        pbw_str(out, 3, c->value);
        pbw_u64(out, 4, c->rev);
        pbw_u64(out, 5, c->by);
        pbw_u64(out, 6, (uint64_t)c->utc_ms);
        pbw_end(out, m);
    }
}

static void write_texts(const struct audit *a, const struct snapshot_eyes *p, struct buf *out)
{
    for (size_t i = 0; i < a->texts.len; i++) {
        const struct live_text *l = &a->texts.at[i];
        if (is_held(p, l->field) || audit_text_is_blank(l->text) || !is_confirmed(a, l->field))
            continue;
        size_t m = pbw_begin(out, 19);
        pbw_u64(out, 1, at_of(l->field));
        pbw_u64(out, 2, l->field.item);
        size_t state = pbw_begin(out, 3);
        text_encode(l->text, !p, out);
        pbw_end(out, state);
        pbw_end(out, m);
    }
}

static void write_anchor(struct buf *out, uint32_t number, struct text_anchor anchor)
{
    size_t m = pbw_begin(out, number);
    pbw_u64(out, 1, anchor.id.agent);
    pbw_u64(out, 2, anchor.id.seq);
    pbw_u64(out, 3, anchor.bias);
    pbw_end(out, m);
}

static void write_comment(const struct audit_comment *c, struct buf *out)
{
    size_t m = pbw_begin(out, 20);
    pbw_u64(out, 1, c->id);
    pbw_u64(out, 2, at_of(c->field));
    pbw_u64(out, 3, c->field.item);
    pbw_str(out, 4, c->text);
    pbw_u64(out, 5, c->by);
    pbw_u64(out, 6, (uint64_t)c->utc_ms);
    pbw_u64(out, 7, c->must_answer);
    pbw_u64(out, 8, c->resolved);
    pbw_u64(out, 9, c->resolved_by);
    if (c->on_words) {
        write_anchor(out, 10, c->start);
        write_anchor(out, 11, c->end);
    }
    for (size_t i = 0; i < c->nreplies; i++) {
        size_t r = pbw_begin(out, 12);
        pbw_u64(out, 1, c->replies[i].by);
        pbw_u64(out, 2, (uint64_t)c->replies[i].utc_ms);
        pbw_str(out, 3, c->replies[i].text);
        pbw_end(out, r);
    }
    pbw_end(out, m);
}

static void encode(const struct audit *a, const struct snapshot_eyes *p, const struct viewer *v,
                   struct buf *out)
{
    struct audit_info info = audit_info(a);
    pbw_u64(out, 1, FORMAT);
    pbw_str(out, 2, a->t->id);
    pbw_u64(out, 3, a->t->version);
    pbw_u64(out, 4, a->seq);
    pbw_u64(out, 5, (uint64_t)a->utc_ms);
    pbw_str(out, 6, info.ref);
    pbw_str(out, 7, info.team);
    pbw_str(out, 8, info.carer_ref);
    for (size_t i = 0; i < info.nchild_refs; i++)
        pbw_bytes_always(out, 9, info.child_refs[i], strlen(info.child_refs[i]));
    pbw_str(out, 10, info.period_from);
    pbw_str(out, 11, info.period_to);
    pbw_u64(out, 12, (uint64_t)info.state);
    pbw_u64(out, 13, (uint64_t)info.created_utc_ms);
    pbw_u64(out, 14, info.created_by);
    write_members(a, out);
    write_agents(a, v, out);
    write_items(a, p, out);
    write_cells(a, p, out);
    write_texts(a, p, out);
    for (size_t i = 0; i < a->comments.len; i++)
        if (!is_held(p, a->comments.at[i].field))
            write_comment(&a->comments.at[i], out);
    snapshot_write_life(a, p, out);
}

void audit_encode_past(const struct audit *past, const struct audit *now, const struct viewer *v,
                       struct buf *out)
{
    const struct snapshot_eyes eyes = {.rights = now, .part = audit_part_of(now, v)};
    encode(past, &eyes, v, out);
}

void audit_encode(const struct audit *a, const struct viewer *v, struct buf *out)
{
    if (v)
        audit_encode_past(a, a, v, out);
    else
        encode(a, NULL, NULL, out);
}

/* ---- reading ---- */

typedef Tandem__Snapshot__Snapshot PbSnapshot;

enum err snapshot_bad(const struct snapshot_reader *r, const char *what)
{
    return err_set(r->why, ERR_INPUT, "snapshot: %s", what);
}

enum err snapshot_no_memory(const struct snapshot_reader *r)
{
    return err_set(r->why, ERR_NOMEM, "%s", err_text(ERR_NOMEM));
}

enum err snapshot_read_str(const struct snapshot_reader *r, const ProtobufCBinaryData *from,
                           bool multi_line, size_t max_cp, char **out)
{
    struct err_info no = {0};
    if (utf8_check_text(from->data, from->len, multi_line, &no) ||
        (size_t)utf8_count(from->data, from->len) > max_cp)
        return snapshot_bad(r, *no.text ? no.text : "words that are too long");
    *out = malloc(from->len + 1);
    if (!*out)
        return snapshot_no_memory(r);
    if (from->len)
        memcpy(*out, from->data, from->len);
    (*out)[from->len] = 0;
    return ERR_OK;
}

static enum err read_field(const struct snapshot_reader *r, uint32_t at, uint64_t item,
                           struct field *f)
{
    *f = (struct field){.question = (uint16_t)(at >> PART_BITS),
                        .part = (uint16_t)(at & ((1u << PART_BITS) - 1)),
                        .item = item};
    if (at >> PART_BITS > UINT16_MAX)
        return snapshot_bad(r, "an impossible field");
    return field_check(r->a->t, *f, r->why);
}

/* A field whose answer has to be there: its item too. */
static enum err read_place(const struct snapshot_reader *r, uint32_t at, uint64_t item,
                           bool is_text, struct field *f)
{
    enum err e = read_field(r, at, item, f);
    if (e)
        return e;
    enum part_type type = part_find((enum part)f->part)->type;
    if (type == TYPE_LIST || (type == TYPE_TEXT) != is_text || !audit_field_is_there(r->a, *f))
        return snapshot_bad(r, "an answer where none can be");
    return ERR_OK;
}

bool snapshot_reserve(void *at, size_t *cap, size_t n, size_t size)
{
    void *rows = n ? calloc(n, size) : NULL;
    memcpy(at, &rows, sizeof rows);
    *cap = rows ? n : 0;
    return rows || !n;
}

static enum err read_head(const struct snapshot_reader *r, const PbSnapshot *m)
{
    struct audit *a = r->a;
    if (m->template_id.len != strlen(a->t->id) ||
        memcmp(m->template_id.data, a->t->id, m->template_id.len) != 0 ||
        m->template_version != a->t->version)
        return snapshot_bad(r, "made with another template");
    if (m->state < AUDIT_PLANNED || m->state > AUDIT_WITHDRAWN || !m->seq || m->utc_ms < 0)
        return snapshot_bad(r, "an impossible state");
    a->seq = m->seq;
    a->utc_ms = m->utc_ms;
    a->state = (enum audit_state)m->state;
    a->created_utc_ms = m->created_utc_ms;
    a->created_by = m->created_by;
    enum err e = snapshot_read_str(r, &m->ref, false, REF_CP, &a->ref);
    if (!e)
        e = snapshot_read_str(r, &m->team, false, AUDIT_MAX_TEAM, &a->team);
    if (!e)
        e = snapshot_read_str(r, &m->carer_ref, false, LINE_CP, &a->carer_ref);
    if (!e)
        e = snapshot_read_str(r, &m->period_from, false, LINE_CP, &a->period_from);
    if (!e)
        e = snapshot_read_str(r, &m->period_to, false, LINE_CP, &a->period_to);
    if (e || !m->n_child_refs)
        return e;
    a->child_refs = calloc(m->n_child_refs, sizeof *a->child_refs);
    if (!a->child_refs)
        return snapshot_no_memory(r);
    for (size_t i = 0; !e && i < m->n_child_refs; i++) {
        e = snapshot_read_str(r, &m->child_refs[i], false, LINE_CP, &a->child_refs[i]);
        a->nchild_refs = i + 1;
    }
    return e;
}

static enum err read_members(const struct snapshot_reader *r, const PbSnapshot *m)
{
    struct audit *a = r->a;
    if (m->n_members > AUDIT_MAX_MEMBERS)
        return snapshot_bad(r, "too many members");
    if (!SNAPSHOT_RESERVE(a->members, m->n_members))
        return snapshot_no_memory(r);
    uint32_t last = 0;
    for (size_t i = 0; i < m->n_members; i++) {
        const Tandem__Snapshot__Member *from = m->members[i];
        if (from->person <= last || !from->role || from->role >= ROLE_COUNT)
            return snapshot_bad(r, "an impossible member");
        last = from->person;
        char *sections;
        enum err e = snapshot_read_str(r, &from->sections, false, LINE_CP, &sections);
        if (e)
            return e;
        a->members.at[a->members.len++] = (struct audit_member){
            .person = from->person, .role = (enum role)from->role, .sections = sections};
    }
    return ERR_OK;
}

static enum err read_agents(const struct snapshot_reader *r, const PbSnapshot *m)
{
    struct audit *a = r->a;
    if (!SNAPSHOT_RESERVE(a->agents, m->n_agents))
        return snapshot_no_memory(r);
    uint32_t last = 0;
    for (size_t i = 0; i < m->n_agents; i++) {
        const Tandem__Snapshot__Agent *from = m->agents[i];
        if (from->agent <= last || !from->batch_no || from->batch_seq > m->seq ||
            from->item_n > 0xfffff || from->comment_n > 0xfffff)
            return snapshot_bad(r, "an impossible agent");
        last = from->agent;
        a->agents.at[a->agents.len++] = (struct agent){.agent = from->agent,
                                                       .person = from->person,
                                                       .batch_no = from->batch_no,
                                                       .batch_seq = from->batch_seq,
                                                       .item_n = from->item_n,
                                                       .comment_n = from->comment_n};
    }
    return ERR_OK;
}

static bool items_in_order(const struct list_item *x, const struct list_item *y)
{
    if (x->question != y->question)
        return x->question < y->question;
    if (x->part != y->part)
        return x->part < y->part;
    return x->rev != y->rev ? x->rev < y->rev : x->id < y->id;
}

static enum err read_items(const struct snapshot_reader *r, const PbSnapshot *m)
{
    struct audit *a = r->a;
    size_t in_list = 0;
    if (!SNAPSHOT_RESERVE(a->items, m->n_items))
        return snapshot_no_memory(r);
    for (size_t i = 0; i < m->n_items; i++) {
        const Tandem__Snapshot__Item *from = m->items[i];
        struct field f;
        enum err e = read_field(r, from->at, from->id, &f);
        if (e)
            return e;
        struct list_item it = {
            .question = f.question, .part = f.part, .by = from->by, .rev = from->rev, .id = f.item};
        const struct list_item *before = i ? &a->items.at[i - 1] : NULL;
        bool same_list = before && before->question == it.question && before->part == it.part;
        in_list = same_list ? in_list + 1 : 1;
        if (part_find((enum part)f.part)->type != TYPE_LIST || !it.id || !it.rev ||
            it.rev > m->seq || (before && !items_in_order(before, &it)) ||
            audit_item_find(a, it.question, it.part, it.id) || in_list > AUDIT_MAX_ITEMS)
            return snapshot_bad(r, "an impossible item");
        a->items.at[a->items.len++] = it;
    }
    return ERR_OK;
}

static enum err read_cells(const struct snapshot_reader *r, const PbSnapshot *m)
{
    struct audit *a = r->a;
    if (!SNAPSHOT_RESERVE(a->cells, m->n_cells))
        return snapshot_no_memory(r);
    for (size_t i = 0; i < m->n_cells; i++) {
        const Tandem__Snapshot__Cell *from = m->cells[i];
        struct field f;
        enum err e = read_place(r, from->at, from->item, false, &f);
        if (e)
            return e;
        if (!from->rev || from->rev > m->seq ||
            (i && field_compare(a->cells.at[i - 1].field, f) >= 0))
            return snapshot_bad(r, "answers out of order");
        char *value;
        e = snapshot_read_str(r, &from->value, false, LINE_CP, &value);
        if (e)
            return e;
        a->cells.at[a->cells.len++] = (struct cell){
            .field = f, .rev = from->rev, .utc_ms = from->utc_ms, .value = value, .by = from->by};
        e = field_check_value(a->t, f, value, r->why);
        if (e)
            return e;
    }
    return ERR_OK;
}

static enum err read_texts(const struct snapshot_reader *r, const PbSnapshot *m)
{
    struct audit *a = r->a;
    if (!SNAPSHOT_RESERVE(a->texts, m->n_texts))
        return snapshot_no_memory(r);
    for (size_t i = 0; i < m->n_texts; i++) {
        const Tandem__Snapshot__Text *from = m->texts[i];
        struct field f;
        enum err e = read_place(r, from->at, from->item, true, &f);
        if (e)
            return e;
        if (i && field_compare(a->texts.at[i - 1].field, f) >= 0)
            return snapshot_bad(r, "texts out of order");
        struct text *text;
        e = text_decode(from->state.data, from->state.len, &text);
        if (e == ERR_NOMEM)
            return snapshot_no_memory(r);
        if (e)
            return snapshot_bad(r, "a text that is damaged");
        a->texts.at[a->texts.len++] =
            (struct live_text){.field = f, .text = text, .was_empty = text_len_cp(text) == 0};
    }
    return ERR_OK;
}

enum err snapshot_read_replies(const struct snapshot_reader *r, size_t n,
                               Tandem__Snapshot__Reply *const *from, size_t max_cp, size_t *count,
                               const struct audit_reply **out)
{
    if (n > AUDIT_MAX_REPLIES)
        return snapshot_bad(r, "too many replies");
    struct audit_reply *replies = n ? calloc(n, sizeof *replies) : NULL;
    if (n && !replies)
        return snapshot_no_memory(r);
    *out = replies;
    for (size_t i = 0; i < n; i++) {
        char *text;
        enum err e = snapshot_read_str(r, &from[i]->text, true, max_cp, &text);
        if (e)
            return e;
        replies[(*count)++] =
            (struct audit_reply){.by = from[i]->by, .utc_ms = from[i]->utc_ms, .text = text};
    }
    return ERR_OK;
}

static struct text_anchor read_anchor(const Tandem__Snapshot__Anchor *from)
{
    return (struct text_anchor){
        .id = {.agent = from->agent, .seq = from->seq},
        .bias = from->bias ? TEXT_AFTER : TEXT_BEFORE
    };
}

static enum err check_anchors(const struct snapshot_reader *r,
                              const Tandem__Snapshot__Comment *from, const struct audit_comment *c)
{
    const struct text *t = audit_text(r->a, c->field);
    size_t start, end;
    if (from->start->bias > TEXT_AFTER || from->end->bias > TEXT_AFTER || !t ||
        text_anchor_pos(t, c->start, &start) || text_anchor_pos(t, c->end, &end))
        return snapshot_bad(r, "a comment on words that are not there");
    return ERR_OK;
}

static enum err read_comments(const struct snapshot_reader *r, const PbSnapshot *m)
{
    struct audit *a = r->a;
    if (m->n_comments > AUDIT_MAX_COMMENTS)
        return snapshot_bad(r, "too many comments");
    if (!SNAPSHOT_RESERVE(a->comments, m->n_comments))
        return snapshot_no_memory(r);
    for (size_t i = 0; i < m->n_comments; i++) {
        const Tandem__Snapshot__Comment *from = m->comments[i];
        struct audit_comment c = {.id = from->id,
                                  .on_words = from->start && from->end,
                                  .must_answer = from->must_answer,
                                  .resolved = from->resolved,
                                  .by = from->by,
                                  .resolved_by = from->resolved_by,
                                  .utc_ms = from->utc_ms};
        enum err e = read_field(r, from->at, from->item, &c.field);
        if (!e && (!c.id || !from->start != !from->end || audit_comment_find(a, c.id) ||
                   (c.resolved_by && !c.resolved)))
            e = snapshot_bad(r, "an impossible comment");
        char *text = NULL;
        if (!e)
            e = snapshot_read_str(r, &from->text, true, EVENT_MAX_COMMENT_CP, &text);
        if (e)
            return e;
        c.text = text;
        if (c.on_words) {
            c.start = read_anchor(from->start);
            c.end = read_anchor(from->end);
        }
        struct audit_comment *kept = &a->comments.at[a->comments.len++];
        *kept = c;
        e = c.on_words ? check_anchors(r, from, kept) : ERR_OK;
        if (!e)
            e = snapshot_read_replies(r, from->n_replies, from->replies, EVENT_MAX_COMMENT_CP,
                                      &kept->nreplies, &kept->replies);
        if (e)
            return e;
    }
    return ERR_OK;
}

static enum err read_all(const struct snapshot_reader *r, const PbSnapshot *m)
{
    if (m->format != FORMAT)
        return err_set(r->why, m->format > FORMAT ? ERR_VERSION : ERR_INPUT,
                       "snapshot: format %" PRIu32, m->format);
    enum err e = read_head(r, m);
    if (!e)
        e = read_members(r, m);
    if (!e)
        e = read_agents(r, m);
    if (!e)
        e = read_items(r, m);
    if (!e)
        e = read_cells(r, m);
    if (!e)
        e = read_texts(r, m);
    if (!e)
        e = read_comments(r, m);
    return e ? e : snapshot_read_life(r, m);
}

enum err audit_decode(const struct template *t, const void *data, size_t len_bytes,
                      struct audit **out, struct err_info *why)
{
    *out = NULL;
    struct pb_alloc alloc;
    pb_alloc_init(&alloc, pb_alloc_budget(len_bytes), PB_ALLOC_COUNT + len_bytes / 4);
    PbSnapshot *m = tandem__snapshot__snapshot__unpack(&alloc.pb, len_bytes, data);
    struct snapshot_reader r = {.a = m ? audit_new(t) : NULL, .why = why};
    enum err e = m ? r.a ? read_all(&r, m) : snapshot_no_memory(&r) : pb_alloc_error(&alloc, why);
    pb_alloc_fini(&alloc);
    if (e)
        audit_free(r.a);
    else
        *out = r.a;
    return e;
}

/* ---- which template? ---- */

static enum err template_of_event(const void *data, size_t len_bytes, char id[32],
                                  uint32_t *version)
{
    struct event_body *b;
    enum err e = event_body_decode(data, len_bytes, &b, NULL);
    if (e)
        return e;
    if (!b->nops || b->ops[0].kind != OP_CREATE || strlen(b->ops[0].create.template_id) > 31) {
        e = ERR_INPUT;
    } else {
        memcpy(id, b->ops[0].create.template_id, strlen(b->ops[0].create.template_id) + 1);
        *version = b->ops[0].create.template_version;
    }
    event_body_free(b);
    return e;
}

enum err audit_template_of(const void *data, size_t len_bytes, bool is_snapshot, char id[32],
                           uint32_t *version)
{
    id[0] = 0;
    *version = 0;
    if (!is_snapshot)
        return template_of_event(data, len_bytes, id, version);
    /* The first three fields, as audit_encode writes them; the rest is not looked at. */
    struct rd rd = rd_of(data, len_bytes);
    uint64_t format_tag = rd_varint(&rd), format = rd_varint(&rd);
    uint64_t id_tag = rd_varint(&rd), id_len = rd_varint_max(&rd, 31);
    const uint8_t *name = rd_bytes(&rd, (size_t)id_len);
    uint64_t version_tag = rd_varint(&rd), number = rd_varint_max(&rd, UINT32_MAX);
    if (rd.bad || format_tag != 1u << 3 || id_tag != (2u << 3 | PBW_BYTES) ||
        version_tag != 3u << 3)
        return ERR_INPUT;
    if (format != FORMAT)
        return format > FORMAT ? ERR_VERSION : ERR_INPUT;
    if (utf8_check_text(name, (size_t)id_len, false, NULL))
        return ERR_INPUT;
    memcpy(id, name, (size_t)id_len);
    id[id_len] = 0;
    *version = (uint32_t)number;
    return ERR_OK;
}
