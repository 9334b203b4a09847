#include "client/editor/describe.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "common/utf8.h"

/* The codes of a part, which may differ where it belongs to an item of a list. */
static const char *const *codes_of(const struct part_def *def, bool in_list)
{
    static const char *const none[] = {NULL};
    const char *const *codes = in_list && def->list_codes ? def->list_codes : def->codes;
    return codes ? codes : none;
}

static void append_words(struct buf *out, const char *code)
{
    if (!strcmp(code, "na"))
        code = "not applicable";
    for (; *code; code++)
        buf_append_u8(out, (uint8_t)(*code == '_' ? ' ' : *code));
}

static const char *grade_label(const struct template *t, const char *code)
{
    for (size_t i = 0; i < t->ngrades; i++)
        if (!strcmp(t->grades[i].code, code))
            return t->grades[i].label;
    return code;
}

void describe_value(const struct template *t, const struct part_def *def, const char *value,
                    struct buf *out)
{
    switch (def->type) {
    case TYPE_GRADE:
        buf_append_str(out, grade_label(t, value));
        return;
    case TYPE_CODE:
    case TYPE_CODES:
    case TYPE_CHOICE:
        append_words(out, value);
        return;
    case TYPE_TEXT:
    case TYPE_DATE:
    case TYPE_NUMBER:
    case TYPE_SCALE:
    case TYPE_LINE:
    case TYPE_LIST:
    case TYPE_ITEMS:
    case TYPE_PERSON:
        buf_append_str(out, value);
        return;
    }
}

void describe_field_value(const struct replica *r, struct field f, const char *value,
                          struct buf *out)
{
    const struct part_def *def = part_find((enum part)f.part);
    if (def && def->type == TYPE_PERSON && *value)
        buf_append_str(out, replica_name(r, (uint32_t)strtoul(value, NULL, 10)));
    else if (def && def->type == TYPE_ITEMS)
        audit_items_format(replica_audit(r), value, out);
    else if (def)
        describe_value(audit_template(replica_audit(r)), def, value, out);
}

const char *describe_item(enum part list)
{
    switch ((int)list) {
    case PART_PEOPLE:
        return "person";
    case PART_EVIDENCE:
        return "evidence";
    case PART_FINDINGS:
        return "finding";
    case PART_ACTIONS:
        return "action";
    default:
        return "item";
    }
}

/* From 1; 0 when it has gone. */
static size_t item_position(const struct audit *a, uint16_t question, enum part list, uint64_t item)
{
    struct audit_item items[256];
    size_t n = audit_items(a, question, list, items, 256);
    for (size_t i = 0; i < n && i < 256; i++)
        if (items[i].id == item)
            return i + 1;
    return 0;
}

static enum part list_of(const struct question *q, const struct part_def *def)
{
    if (def->type == TYPE_LIST)
        return def->part;
    if (def->list)
        return def->list;
    /* A part such as text that several kinds share: the list is the question's own. */
    if (q->kinds & KIND_FINDINGS)
        return PART_FINDINGS;
    if (q->kinds & KIND_ACTIONS)
        return PART_ACTIONS;
    if (q->kinds & KIND_PEOPLE)
        return PART_PEOPLE;
    return PART_EVIDENCE;
}

void describe_part(const struct replica *r, struct field f, struct buf *out)
{
    const struct audit *a = replica_audit(r);
    const struct question *q = a ? template_question(audit_template(a), f.question) : NULL;
    const struct part_def *def = part_find((enum part)f.part);
    const char *label = def ? def->label : "answer";
    if (!q || !def || !f.item) {
        buf_append_str(out, label);
        return;
    }
    if (def->kinds & q->kinds & KINDS_OF_CHECKLIST) {
        size_t n = 0;
        while (q->items && q->items[n])
            n++;
        const char *item = f.item <= n ? q->items[f.item - 1] : "";
        if (def->part == PART_CHECK)
            buf_appendf(out, "%u %s", (unsigned)f.item, item);
        else
            buf_appendf(out, "%u %s", (unsigned)f.item, label);
        return;
    }
    if (q->kinds & KIND_MODERATION && !def->list && def->type != TYPE_LIST) {
        const struct question *on = template_question(audit_template(a), (uint16_t)f.item);
        buf_appendf(out, "%s %s", on ? on->code : "?", label);
        return;
    }
    enum part list = list_of(q, def);
    size_t n = item_position(a, f.question, list, f.item);
    if (n)
        buf_appendf(out, "%s %zu", describe_item(list), n);
    else
        buf_appendf(out, "removed %s", describe_item(list));
    if (def->type != TYPE_LIST)
        buf_appendf(out, ", %s", label);
}

void describe_field(const struct replica *r, struct field f, struct buf *out)
{
    const struct audit *a = replica_audit(r);
    const struct question *q = a ? template_question(audit_template(a), f.question) : NULL;
    if (!q)
        return;
    buf_append_str(out, q->code);
    if (!f.part)
        return;
    buf_append_u8(out, ' ');
    describe_part(r, f, out);
}

void describe_person(const struct replica *r, uint32_t person, struct buf *out)
{
    const struct audit *a = replica_audit(r);
    const struct audit_member *m = a ? audit_member_find(a, person) : NULL;
    buf_append_str(out, replica_name(r, person));
    if (m)
        buf_appendf(out, " (%s)", role_code(m->role));
}

enum role describe_my_role(const struct replica *r)
{
    const struct viewer *me = replica_me(r);
    const struct audit *a = replica_audit(r);
    const struct audit_member *m = a && me ? audit_member_find(a, me->person) : NULL;
    if (m)
        return m->role;
    return me && me->nroles ? me->roles[0].role : ROLE_NONE;
}

void describe_held(const struct replica *r, struct field f, struct buf *out)
{
    const struct audit *a = replica_audit(r);
    const struct template *t = audit_template(a);
    const struct question *q = template_question(t, f.question);
    if (f.part == PART_GRADE_AUDITOR || f.part == PART_GRADE_PRACTITIONER) {
        buf_append_str(out, "held until both grades are in");
        return;
    }
    role_set who = q->write ? q->write : t->sections[q->section].write;
    const char *sep = "held by ";
    for (int role = 1; role < ROLE_COUNT; role++)
        if (who & ROLE_BIT(role)) {
            buf_appendf(out, "%s%s", sep, role_code((enum role)role));
            sep = "/";
        }
    if (!who)
        buf_append_str(out, "held");
}

const char *describe_state(enum question_state s)
{
    switch (s) {
    case QUESTION_EMPTY:
        return "empty";
    case QUESTION_PARTLY:
        return "partly";
    case QUESTION_DONE:
        return "done";
    case QUESTION_NOT_NEEDED:
        return "not needed";
    }
    return "";
}

/* ---- choices ---- */

static void add_choice(struct choice *choices, size_t cap, size_t *n, const char *code,
                       const char *label)
{
    if (*n < cap) {
        snprintf(choices[*n].code, sizeof choices[*n].code, "%s", code);
        snprintf(choices[*n].label, sizeof choices[*n].label, "%s", label);
    }
    ++*n;
}

static void add_code(struct choice *choices, size_t cap, size_t *n, const char *code)
{
    struct buf words = BUF_INIT;
    append_words(&words, code);
    add_choice(choices, cap, n, code, buf_cstr(&words));
    buf_free(&words);
}

static void add_scale(struct choice *choices, size_t cap, size_t *n, const struct question *q)
{
    for (int i = 0; i <= 10; i++) {
        char code[8], label[96];
        const char *end = i == 0 ? q->low : i == 10 ? q->high : NULL;
        snprintf(code, sizeof code, "%d", i);
        snprintf(label, sizeof label, "%d%s%s", i, end && *end ? "  " : "", end ? end : "");
        add_choice(choices, cap, n, code, label);
    }
}

size_t describe_choices(const struct template *t, const struct question *q,
                        const struct part_def *def, bool in_list, struct choice *choices,
                        size_t cap)
{
    size_t n = 0;
    if (def->type == TYPE_GRADE)
        for (size_t i = 0; i < t->ngrades; i++)
            add_choice(choices, cap, &n, t->grades[i].code, t->grades[i].label);
    if (def->type == TYPE_CODE || def->type == TYPE_CODES)
        for (const char *const *c = codes_of(def, in_list); *c; c++)
            add_code(choices, cap, &n, *c);
    if (def->type == TYPE_CHOICE && q->options)
        for (char *const *c = q->options; *c; c++)
            add_code(choices, cap, &n, *c);
    if (def->type == TYPE_SCALE)
        add_scale(choices, cap, &n, q);
    return n;
}

/* "L3[2] Visits were announced late" */
static void item_choice(const struct audit *a, const struct question *q, enum part list,
                        struct audit_item item, size_t position, struct choice *out)
{
    struct field f = {q->number, (uint16_t)(list == PART_FINDINGS ? PART_TEXT : PART_SPECIFIC),
                      item.id};
    const struct text *t = audit_text(a, f);
    struct buf words = BUF_INIT;
    if (t)
        text_read(t, 0, text_len_cp(t), &words);
    (void)snprintf(out->code, sizeof out->code, "%" PRIu64, item.id);
    (void)snprintf(out->label, sizeof out->label, "%s[%zu]  %s", q->code, position,
                   words.len ? buf_cstr(&words) : "(no words yet)");
    out->label[strcspn(out->label, "\n")] = 0;
    size_t len = strlen(out->label);
    while (len && utf8_count(out->label, len) < 0) /* cut inside a character */
        out->label[--len] = 0;
    buf_free(&words);
}

size_t describe_items(const struct replica *r, struct field f, struct choice *choices, size_t cap)
{
    const struct audit *a = replica_audit(r);
    enum part list = part_points_to((enum part)f.part);
    size_t n = 0;
    for (uint16_t i = 1; template_question(audit_template(a), i); i++) {
        const struct question *q = template_question(audit_template(a), i);
        struct audit_item items[256];
        size_t count = audit_items(a, i, list, items, 256);
        for (size_t k = 0; k < count && k < 256; k++, n++)
            if (n < cap)
                item_choice(a, q, list, items[k], k + 1, &choices[n]);
    }
    return n;
}

/* ---- times and duties ---- */

void describe_time(int64_t utc_ms, int64_t now_utc_ms, struct buf *out)
{
    struct tm at, now;
    time_t s = (time_t)(utc_ms / 1000), n = (time_t)(now_utc_ms / 1000);
    char text[32];
    if (!localtime_r(&s, &at) || !localtime_r(&n, &now))
        return;
    bool same_day = at.tm_year == now.tm_year && at.tm_yday == now.tm_yday;
    if (strftime(text, sizeof text, same_day ? "%H:%M" : "%-d %b %Y, %H:%M", &at))
        buf_append_str(out, text);
}

void describe_clock(const struct errand_duty *d, struct buf *out)
{
    int days = d->days_left < 0 ? -d->days_left : d->days_left;
    if (!*d->due)
        return;
    if (!days)
        buf_append_str(out, "today");
    else
        buf_appendf(out, "%d working day%s %s", days, days == 1 ? "" : "s",
                    d->days_left < 0 ? "late" : "left");
}

void describe_duty(const struct errand_duty *d, struct buf *out)
{
    buf_append_str(out, d->text);
    if (!*d->due)
        return;
    buf_append_str(out, " (");
    describe_clock(d, out);
    buf_append_str(out, ")");
}

/* ---- status ---- */

static void append_pending(struct buf *out, const struct replica_status *s)
{
    if (s->pending_chars)
        buf_appendf(out, "%zu character%s", s->pending_chars, s->pending_chars == 1 ? "" : "s");
    if (s->pending_chars && s->pending_ops)
        buf_append_str(out, " and ");
    if (s->pending_ops)
        buf_appendf(out, "%zu other change%s", s->pending_ops, s->pending_ops == 1 ? "" : "s");
}

void describe_status(const struct replica *r, const char *offline_why, bool joining,
                     struct buf *out)
{
    struct replica_status s = replica_status(r);
    bool pending = s.pending_chars || s.pending_ops;
    if (joining && !replica_audit(r)) {
        buf_append_str(out, offline_why && *offline_why ? offline_why : "Joining ...");
        return;
    }
    switch (s.saved) {
    case REPLICA_SAVED:
        buf_append_str(out, "Saved");
        return;
    case REPLICA_UNSAVED:
        append_pending(out, &s);
        buf_append_str(out, pending ? " not yet saved" : "Saved");
        return;
    case REPLICA_OFFLINE:
        buf_append_str(out, "Offline: ");
        append_pending(out, &s);
        buf_append_str(out, pending ? " kept here" : "nothing unsaved");
        if (offline_why && *offline_why)
            buf_appendf(out, " (%s)", offline_why);
        return;
    case REPLICA_READ_ONLY:
        buf_append_str(out, "Read only");
        if (s.why && *s.why)
            buf_appendf(out, ": %s", s.why);
        if (pending) {
            buf_append_str(out, " - ");
            append_pending(out, &s);
            buf_append_str(out, " kept here");
        }
        return;
    }
}

/* ---- events ---- */

struct telling {
    const struct replica *r;
    struct buf line;
    describe_fn fn;
    void *user;
};

static void tell(struct telling *t, struct field f)
{
    if (!buf_failed(&t->line))
        t->fn(t->user, f, buf_cstr(&t->line));
}

static void tell_set(struct telling *t, const struct op_set *s)
{
    if (!*s->value) {
        buf_append_str(&t->line, " emptied ");
        describe_field(t->r, s->field, &t->line);
    } else {
        buf_append_str(&t->line, " set ");
        describe_field(t->r, s->field, &t->line);
        buf_append_str(&t->line, " to ");
        describe_field_value(t->r, s->field, s->value, &t->line);
    }
    tell(t, s->field);
}

static void tell_item(struct telling *t, struct field f, bool added)
{
    buf_append_str(&t->line, added ? " added " : " removed ");
    if (added) {
        describe_field(t->r, f, &t->line);
    } else { /* it has no number any more */
        struct field whole = {.question = f.question};
        buf_append_str(&t->line, describe_item((enum part)f.part));
        buf_append_str(&t->line, " from ");
        describe_field(t->r, whole, &t->line);
    }
    tell(t, f);
}

static void tell_comment(struct telling *t, enum op_kind kind, const struct op_comment *c)
{
    const struct audit_comment *on = audit_comment_find(replica_audit(t->r), c->comment);
    struct field f = kind == OP_COMMENT_ADD ? c->field : on ? on->field : (struct field){0};
    buf_append_str(&t->line, kind == OP_COMMENT_ADD     ? " commented on "
                             : kind == OP_COMMENT_REPLY ? " replied to a comment on "
                                                        : " resolved a comment on ");
    describe_field(t->r, f, &t->line);
    if (kind != OP_COMMENT_RESOLVE)
        buf_appendf(&t->line, "%s: %s",
                    kind == OP_COMMENT_ADD && c->must_answer ? " (must answer)" : "",
                    c->text ? c->text : "");
    tell(t, f);
}

static void tell_member(struct telling *t, const struct op_member *m, bool added)
{
    buf_append_str(&t->line, added ? " put " : " took ");
    buf_append_str(&t->line, replica_name(t->r, m->person));
    if (added)
        buf_appendf(&t->line, " on the audit as %s", role_code(m->role));
    else
        buf_append_str(&t->line, " off the audit");
    tell(t, (struct field){0});
}

/* What the server wrote in somebody's name. The words of a flag stay in the pane of those who may
 * read them; this line is for everybody. */
static void tell_life(struct telling *t, const struct audit_op *op)
{
    if (op->kind == OP_MOVE && op->move.stage)
        buf_appendf(&t->line, " began stage %u", (unsigned)op->move.stage - 1);
    else if (op->kind == OP_MOVE)
        buf_appendf(&t->line, " moved the audit to %s", audit_state_code(op->move.to));
    else if (op->kind == OP_SIGN)
        buf_appendf(&t->line, " signed revision %llu as %s", (unsigned long long)op->sign.revision,
                    role_code(op->sign.role));
    else if (op->kind == OP_ASSIGN)
        buf_appendf(&t->line, " asked %s to moderate", replica_name(t->r, op->assign.person));
    else if (op->kind == OP_FLAG)
        buf_appendf(&t->line, " raised a flag and told %s", op->flag.told);
    else if (op->kind == OP_FLAG_NOTE)
        buf_append_str(&t->line, op->flag_note.closed ? " closed a flag" : " added to a flag");
    else if (op->kind == OP_GLASS || op->kind == OP_GLASS_END)
        buf_appendf(&t->line, " %s this record to %s (break-glass)",
                    op->kind == OP_GLASS ? "opened" : "closed",
                    replica_name(t->r, op->glass.person));
    else if (op->kind == OP_LINK)
        buf_appendf(&t->line, " linked %s", op->link.ref);
    else if (op->kind == OP_PLAN)
        buf_appendf(&t->line, " planned the audit for %s", op->plan.planned);
    tell(t, (struct field){0});
}

static void tell_op(struct telling *t, const struct audit_op *op)
{
    switch (op->kind) {
    case OP_CREATE:
        buf_append_str(&t->line, " opened the audit");
        tell(t, (struct field){0});
        return;
    case OP_MEMBER_ADD:
    case OP_MEMBER_REMOVE:
        tell_member(t, &op->member, op->kind == OP_MEMBER_ADD);
        return;
    case OP_MOVE:
    case OP_SIGN:
    case OP_ASSIGN:
    case OP_FLAG:
    case OP_FLAG_NOTE:
    case OP_GLASS:
    case OP_GLASS_END:
    case OP_LINK:
    case OP_PLAN:
        tell_life(t, op);
        return;
    case OP_SET:
        tell_set(t, &op->set);
        return;
    case OP_ITEM_ADD:
    case OP_ITEM_REMOVE:
        tell_item(t, op->item.field, op->kind == OP_ITEM_ADD);
        return;
    case OP_COMMENT_ADD:
    case OP_COMMENT_REPLY:
    case OP_COMMENT_RESOLVE:
        tell_comment(t, op->kind, &op->comment);
        return;
    case OP_TEXT:
    case OP_HELD:
        return;
    }
}

void describe_event(const struct replica *r, const struct event *e, describe_fn fn, void *user)
{
    struct telling t = {.r = r, .fn = fn, .user = user};
    if (!replica_audit(r))
        return;
    for (size_t i = 0; i < e->body.nops; i++) {
        buf_clear(&t.line);
        buf_append_str(&t.line, e->actor ? replica_name(r, e->actor) : "the server");
        tell_op(&t, &e->body.ops[i]);
    }
    buf_free(&t.line);
}
