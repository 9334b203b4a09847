/* The operations of what was accepted. Every string is copied: the event may change what it was
 * read from. */

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "server/rules/answers.h"
#include "server/rules/life_inner.h"
#include "server/rules/moderation.h"

/* ---- collecting ---- */

struct make {
    const struct life_facts *f;
    const struct life_request *q;
    const struct life_move *row;
    struct life_ops *out;
    enum err failed; /* the first; then nothing more is added */
};

void life_ops_free(struct life_ops *o)
{
    for (size_t i = 0; i < o->nkept; i++)
        free(o->kept[i]);
    free(o->kept);
    free(o->ops);
    *o = (struct life_ops){0};
}

/* Room for one more in an array of `n` elements; NULL: no memory, the old one stays. */
static void *grown(void *array, size_t n, size_t *cap, size_t size)
{
    size_t more = *cap ? 2 * *cap : 8;
    if (n < *cap)
        return array;
    void *bigger = realloc(array, more * size);
    if (bigger)
        *cap = more;
    return bigger;
}

static void *keep(struct make *m, const void *data, size_t len_bytes)
{
    struct life_ops *o = m->out;
    char **kept = grown(o->kept, o->nkept, &o->kept_cap, sizeof *o->kept);
    o->kept = kept ? kept : o->kept;
    char *copy = kept ? malloc(len_bytes ? len_bytes : 1) : NULL;
    if (!copy) {
        m->failed = ERR_NOMEM;
        return NULL;
    }
    if (len_bytes)
        memcpy(copy, data, len_bytes);
    return o->kept[o->nkept++] = copy;
}

static const char *keep_words(struct make *m, const char *s)
{
    const char *copy = *s ? keep(m, s, strlen(s) + 1) : "";
    return copy ? copy : "";
}

static void add(struct make *m, const struct audit_op *op)
{
    struct life_ops *o = m->out;
    struct audit_op *ops = m->failed ? NULL : grown(o->ops, o->nops, &o->cap, sizeof *o->ops);
    if (!ops) {
        m->failed = ERR_NOMEM;
        return;
    }
    o->ops = ops;
    o->ops[o->nops++] = *op;
}

/* Only what changes. */
static void add_set(struct make *m, uint16_t question, enum part part, uint64_t item,
                    const char *value)
{
    struct field f = {question, (uint16_t)part, item};
    struct audit_value now = audit_value(m->f->audit, f);
    if (strcmp(now.value, value) != 0)
        add(m, &(struct audit_op){
                   .kind = OP_SET,
                   .set = {.field = f, .value = keep_words(m, value), .base_rev = now.rev}
        });
}

/* ---- what goes with a move ---- */

static bool open_action(void *user, const struct question *q, const struct audit_item *item,
                        size_t place)
{
    struct make *m = user;
    const struct audit *a = m->f->audit;
    (void)place; /* each one */
    if (!answers_has(a, q->number, PART_STATUS, item->id))
        add_set(m, q->number, PART_STATUS, item->id, "open");
    if (!answers_has(a, q->number, PART_FIRST_DUE, item->id))
        add_set(m, q->number, PART_FIRST_DUE, item->id,
                answers_value(a, q->number, PART_DUE, item->id));
    return true;
}

/* What the moderator saw, and what holds from now on. */
static void add_grades(struct make *m, const char *result)
{
    const struct template *t = audit_template(m->f->audit);
    const struct question *r = template_use_find(t, "result");
    for (size_t i = 0; i < t->nquestions; i++) {
        const struct question *q = &t->questions[i];
        if (!(q->kinds & KIND_JUDGEMENT))
            continue;
        struct moderation_outcome o = life_outcome(m->f, q);
        add_set(m, q->number, PART_GRADE_MODERATOR, 0, o.moderated);
        add_set(m, q->number, PART_GRADE_FINAL, 0, o.final);
    }
    if (r && r->kinds & KIND_CHOICE)
        add_set(m, r->number, PART_CHOICE, 0, result);
}

/* A re-opened audit is looked at afresh; what was seen before stays in the log, and the grades stay
 * until there are others. */
static void clear_views(struct make *m)
{
    static const enum part parts[] = {PART_VIEW, PART_PROPOSED, PART_RESPONSE, PART_DECISION};
    const struct template *t = audit_template(m->f->audit);
    const struct question *views = moderation_question(t);
    for (size_t i = 0; views && i < t->nquestions; i++)
        for (size_t j = 0;
             t->questions[i].kinds & KIND_JUDGEMENT && j < sizeof parts / sizeof *parts; j++)
            add_set(m, views->number, parts[j], t->questions[i].number, "");
}

static void add_moderator(struct make *m, uint32_t person)
{
    const struct audit_member *member = audit_member_find(m->f->audit, person);
    if (!member || member->role != ROLE_IRO)
        add(m, &(struct audit_op){
                   .kind = OP_MEMBER_ADD,
                   .member = {.person = person, .role = ROLE_IRO, .sections = ""}
        });
    if (audit_info(m->f->audit).moderator != person)
        add(m, &(struct audit_op){
                   .kind = OP_ASSIGN,
                   .assign = {.person = person, .reason = keep_words(m, m->q->reason)}
        });
}

/* "From stage 1 to stage 3; stage 2 was left out" before the reason given. */
static const char *stage_reason(struct make *m, uint32_t from, uint32_t to)
{
    struct buf words = BUF_INIT;
    if (from && to > from + 1)
        buf_appendf(&words,
                    "From stage %" PRIu32 " to stage %" PRIu32 "; what lies between was "
                    "left out.%s",
                    from - 1, to - 1, *m->q->reason ? " " : "");
    buf_append_str(&words, m->q->reason);
    if (buf_failed(&words))
        m->failed = ERR_NOMEM;
    const char *reason = keep_words(m, buf_cstr(&words));
    buf_free(&words);
    return reason;
}

static struct op_move move_to(struct make *m, enum audit_state to)
{
    struct op_move move = {.to = to, .reason = "", .result = ""};
    move.revision = audit_revision(m->f->audit);
    audit_fingerprint(m->f->audit, move.fingerprint);
    move.npresent = m->f->npresent < EVENT_MAX_PRESENT ? m->f->npresent : EVENT_MAX_PRESENT;
    move.present =
        move.npresent ? keep(m, m->f->present, move.npresent * sizeof *m->f->present) : NULL;
    if (!move.present)
        move.npresent = 0;
    return move;
}

/* Moves that come about by themselves from where the last one led. */
static void add_followers(struct make *m, enum audit_state from)
{
    size_t n;
    const struct life_move *rows = life_table(&n);
    for (size_t i = 0; i < n; i++)
        if (rows[i].path == m->row->path && rows[i].how == LIFE_FOLLOWS &&
            rows[i].from & STATE_BIT(from)) {
            add(m, &(struct audit_op){.kind = OP_MOVE, .move = move_to(m, rows[i].to)});
            add_followers(m, rows[i].to); /* the table has no circle of these: its tests say so */
        }
}

static void add_move(struct make *m)
{
    const struct audit *a = m->f->audit;
    const char *result = "";
    uint32_t stage = audit_info(a).stage;
    if (m->row->guards & GUARD_BIT(GUARD_AGREEMENT)) {
        result = moderation_result(a, m->f->clock->sample_percent, m->f->new_auditor);
        add_grades(m, result);
    }
    if (m->row->guards & GUARD_BIT(GUARD_MODERATOR))
        add_moderator(m, life_moderator(m->f, m->q));
    if (m->row->opens_actions)
        answers_items(a, PART_ACTIONS, open_action, m);
    if (audit_info(a).state == AUDIT_CLOSED && m->row->to == AUDIT_IN_PROGRESS)
        clear_views(m);
    struct op_move move = move_to(m, m->row->to);
    move.result = result; /* static */
    if (m->row->guards & GUARD_BIT(GUARD_STAGE))
        move.stage = life_stage(a, m->q);
    move.reason = stage_reason(m, stage, move.stage);
    add(m, &(struct audit_op){.kind = OP_MOVE, .move = move});
    add_followers(m, m->row->to);
}

/* ---- the doors ---- */

static void add_signature(struct make *m)
{
    struct op_sign sign = {.role = life_signing_role(m->f->audit, m->q),
                           .revision = audit_revision(m->f->audit),
                           .difference = keep_words(m, m->q->difference),
                           .absent = m->q->absent,
                           .reason = keep_words(m, m->q->absent ? m->q->reason : "")};
    audit_fingerprint(m->f->audit, sign.fingerprint);
    add(m, &(struct audit_op){.kind = OP_SIGN, .sign = sign});
}

static void add_signed(struct make *m)
{
    enum role role = life_signing_role(m->f->audit, m->q);
    add_signature(m);
    if (!m->row || life_unsigned_with(m->f->audit, role))
        return;
    struct op_move move = move_to(m, m->row->to);
    add(m, &(struct audit_op){.kind = OP_MOVE, .move = move});
    add_followers(m, m->row->to);
}

enum err life_make(const struct life_facts *f, const struct life_request *q, struct life_ops *out)
{
    struct make m = {.f = f, .q = q, .out = out};
    enum err e = life_check(f, q, &m.row, NULL, NULL, NULL);
    if (e)
        return e;
    if (q->sign)
        add_signed(&m);
    else
        add_move(&m);
    return m.failed;
}

enum err life_make_assign(const struct life_facts *f, const struct life_request *q,
                          struct life_ops *out)
{
    struct make m = {.f = f, .q = q, .out = out};
    enum err e = life_check_assign(f, q, NULL);
    if (e)
        return e;
    add_moderator(&m, q->moderator);
    return m.failed;
}

enum err life_make_link(struct life_ops *out, const char *kind, const char *ref)
{
    struct make m = {.out = out};
    struct op_link link = {.kind = keep_words(&m, kind), .ref = keep_words(&m, ref)};
    if (!m.failed)
        add(&m, &(struct audit_op){.kind = OP_LINK, .link = link});
    return m.failed;
}
