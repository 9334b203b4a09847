/* Somebody's part in an audit, what is withheld from them, and events as they may see them. */

#include <stdlib.h>
#include <string.h>

#include "common/audit/audit_impl.h"

/* ---- somebody's part in the audit ---- */

/* Who broke the glass looks as the first thing they are on the site, and only looks. */
static struct audit_part part_by_glass(const struct audit *a, const struct viewer *v)
{
    struct audit_part p = {.person = v->person, .role = ROLE_NONE, .sections = ""};
    bool known = v->nroles && v->roles[0].role > ROLE_NONE && v->roles[0].role < ROLE_COUNT;
    if (a->glasses.len && known && audit_glass_of(a, v->person)) {
        p.role = v->roles[0].role;
        p.glass = true;
    }
    return p;
}

struct audit_part audit_part_of(const struct audit *a, const struct viewer *v)
{
    static const role_set readers = ROLE_BIT(ROLE_QA) | ROLE_BIT(ROLE_FTM) | ROLE_BIT(ROLE_SM);
    const struct audit_member *m = audit_member_find(a, v->person);
    if (m)
        return (struct audit_part){.person = v->person,
                                   .role = m->role,
                                   .roles = ROLE_BIT(m->role),
                                   .member = true,
                                   .sections = m->sections};
    struct audit_part p = {.person = v->person, .role = ROLE_NONE, .sections = ""};
    for (size_t i = 0; i < v->nroles; i++) {
        enum role r = v->roles[i].role;
        bool team = !v->roles[i].team[0] || !strcmp(v->roles[i].team, a->team ? a->team : "");
        if (!team || r >= ROLE_COUNT || !(readers & ROLE_BIT(r)))
            continue;
        p.role = p.role ? p.role : r;
        p.roles |= ROLE_BIT(r);
    }
    return p.role ? p : part_by_glass(a, v);
}

enum role audit_role_of(const struct audit *a, const struct viewer *v)
{
    return audit_part_of(a, v).role;
}

bool audit_may_see(const struct audit *a, const struct viewer *v)
{
    return audit_role_of(a, v) != ROLE_NONE;
}

bool audit_is_moderator(const struct audit *a, uint32_t person)
{
    const struct audit_member *m = audit_member_find(a, person);
    return m && (a->moderator ? a->moderator == person : m->role == ROLE_IRO);
}

/* ---- what is withheld ---- */

/* Which word of "may be shown to" opens a young person's view to this role. */
static const char *shown_as(enum role r)
{
    if (r == ROLE_FRO)
        return "auditors";
    if (r == ROLE_FSW)
        return "worker";
    return r == ROLE_FTM || r == ROLE_SM || r == ROLE_QA ? "managers" : NULL;
}

/* How it stands and to whom it is shown are no secret: progress and the sharing itself need them.
 */
static bool is_voice_content(uint16_t part)
{
    return part != PART_STATUS && part != PART_SHOWN_TO;
}

static bool keeps_young_person(const struct audit *a, const struct audit_part *p,
                               const struct question *q)
{
    return (p->member && p->role == ROLE_IRO) || audit_is_writer(a, p, q);
}

static const char *value_of(const struct audit *a, uint16_t question, enum part part)
{
    return audit_value(a, (struct field){.question = question, .part = (uint16_t)part}).value;
}

static bool both_first_grades(const struct audit *a, uint16_t question)
{
    return *value_of(a, question, PART_GRADE_AUDITOR) &&
           *value_of(a, question, PART_GRADE_PRACTITIONER);
}

/* A blind first grade is its writer's own until both are in. */
static bool is_first_grade_held(const struct audit *a, const struct audit_part *p,
                                const struct question *q, uint16_t part)
{
    role_set own = part == PART_GRADE_AUDITOR        ? ROLE_BIT(ROLE_FRO)
                   : part == PART_GRADE_PRACTITIONER ? ROLE_BIT(ROLE_FSW)
                                                     : 0;
    if (!q->blind || !own)
        return false;
    return p->glass || (!(p->member && own & p->roles) && !both_first_grades(a, q->number));
}

/* What workers say of their own work and wellbeing, and the auditor's grade beside it, is for those
 * who audit and manage it. */
static bool is_workers_own(const struct question *q, uint16_t part)
{
    bool grade = part == PART_GRADE_AUDITOR || part == PART_GRADE_PRACTITIONER;
    return (grade && q->use && !strcmp(q->use, "self_assessment")) ||
           (part == PART_WORDS && question_is_voice_of(q, "fsw"));
}

static bool is_workers_own_held(const struct audit_part *p, const struct question *q, uint16_t part)
{
    static const role_set readers = ROLE_BIT(ROLE_FRO) | ROLE_BIT(ROLE_FSW) | ROLE_BIT(ROLE_IRO) |
                                    ROLE_BIT(ROLE_QA) | ROLE_BIT(ROLE_FTM) | ROLE_BIT(ROLE_SM);
    return !(p->roles & readers) && is_workers_own(q, part);
}

static bool is_young_persons_held(const struct audit *a, const struct audit_part *p,
                                  const struct question *q, uint16_t part)
{
    if (!question_is_young_person(q) || !is_voice_content(part) || keeps_young_person(a, p, q))
        return false;
    const char *word = shown_as(p->role);
    return p->glass || !word || !audit_has_word(value_of(a, q->number, PART_SHOWN_TO), word);
}

bool audit_is_held_from(const struct audit *a, const struct audit_part *p, struct field f)
{
    const struct question *q = template_question(a->t, f.question);
    return p->role == ROLE_NONE || !q || is_young_persons_held(a, p, q, f.part) ||
           is_first_grade_held(a, p, q, f.part) || is_workers_own_held(p, q, f.part);
}

bool audit_is_flag_read(const struct audit_part *p, const struct audit_flag *f)
{
    static const role_set readers = ROLE_BIT(ROLE_FTM) | ROLE_BIT(ROLE_SM) | ROLE_BIT(ROLE_QA) |
                                    ROLE_BIT(ROLE_HOS) | ROLE_BIT(ROLE_LADO) | ROLE_BIT(ROLE_IRO);
    if (p->role == ROLE_NONE || p->glass)
        return false;
    return p->person == f->by || p->person == f->told_person || p->roles & readers;
}

bool audit_may_read_flag(const struct audit *a, const struct viewer *v, const struct audit_flag *f)
{
    struct audit_part p = audit_part_of(a, v);
    return audit_is_flag_read(&p, f);
}

bool audit_is_held(const struct audit *a, const struct viewer *v, struct field f)
{
    struct audit_part p = audit_part_of(a, v);
    return audit_is_held_from(a, &p, f);
}

bool audit_is_content_held_from(const struct audit *a, const struct audit_part *p)
{
    /* A voice is held as a whole, or its words are; of a judgement, first grades are. */
    static const enum part parts[] = {PART_WORDS, PART_GRADE_AUDITOR, PART_GRADE_PRACTITIONER};
    for (uint16_t q = 1; q <= a->t->nquestions; q++)
        for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
            if (audit_is_held_from(a, p, (struct field){.question = q, .part = (uint16_t)parts[i]}))
                return true;
    return false;
}

bool audit_holds_back(const struct audit *a, const struct viewer *v)
{
    struct audit_part p = audit_part_of(a, v);
    for (size_t i = 0; i < a->flags.len; i++)
        if (!audit_is_flag_read(&p, &a->flags.at[i]))
            return true;
    return audit_is_content_held_from(a, &p);
}

/* ---- events as one reader may see them ---- */

static bool op_is_held(const struct audit *a, const struct audit_part *p, const struct audit_op *op)
{
    const struct audit_comment *c;
    switch (op->kind) {
    case OP_TEXT:
        return audit_is_held_from(a, p, op->text.field);
    case OP_SET:
        return audit_is_held_from(a, p, op->set.field);
    case OP_ITEM_ADD:
    case OP_ITEM_REMOVE:
        return audit_is_held_from(a, p, op->item.field);
    case OP_COMMENT_ADD:
        return audit_is_held_from(a, p, op->comment.field);
    case OP_COMMENT_REPLY:
    case OP_COMMENT_RESOLVE:
        c = audit_comment_find(a, op->comment.comment);
        return !c || audit_is_held_from(a, p, c->field);
    case OP_CREATE:
    case OP_MEMBER_ADD:
    case OP_MEMBER_REMOVE:
    case OP_MOVE:
    case OP_HELD:
    case OP_SIGN:
    case OP_ASSIGN:
    case OP_FLAG:
    case OP_FLAG_NOTE:
    case OP_GLASS:
    case OP_GLASS_END:
    case OP_LINK:
    case OP_PLAN:
        return p->role == ROLE_NONE;
    }
    return true;
}

/* The event does not tell its own number here, so a flag is known by what it says: who may read it
 * in one place knows its words. */
static bool may_read_words(const struct audit *a, const struct audit_part *p,
                           const struct op_flag *op)
{
    for (size_t i = 0; i < a->flags.len; i++) {
        const struct audit_flag *f = &a->flags.at[i];
        if (audit_is_flag_read(p, f) && f->told_utc_ms == op->told_utc_ms &&
            f->told_person == op->told_person && !strcmp(f->text, op->text))
            return true;
    }
    return false;
}

static bool hide_print(const struct audit *a, const struct audit_part *p,
                       uint8_t print[FINGERPRINT_LEN])
{
    static const uint8_t none[FINGERPRINT_LEN];
    if (!memcmp(print, none, FINGERPRINT_LEN) || !audit_is_content_held_from(a, p))
        return false;
    memset(print, 0, FINGERPRINT_LEN);
    return true;
}

/* Makes of `op` what they may see of it. False: all of it. */
static bool redact_op(const struct audit *a, const struct audit_part *p, struct audit_op *op)
{
    if (op_is_held(a, p, op)) {
        bool content = audit_op_is_content(a, op);
        *op = (struct audit_op){.kind = OP_HELD, .held = {content}};
        return true;
    }
    if (op->kind == OP_MOVE)
        return hide_print(a, p, op->move.fingerprint);
    if (op->kind == OP_SIGN)
        return hide_print(a, p, op->sign.fingerprint);
    if (op->kind == OP_FLAG && !op->flag.held && !may_read_words(a, p, &op->flag)) {
        op->flag.text = "";
        op->flag.held = true;
        return true;
    }
    if (op->kind == OP_FLAG_NOTE && !op->flag_note.held) {
        const struct audit_flag *f = audit_flag_find(a, op->flag_note.flag);
        if (f && audit_is_flag_read(p, f))
            return false;
        op->flag_note.text = "";
        op->flag_note.held = true;
        return true;
    }
    return false;
}

/* Does it change what they may see of what was there before? A share that changes nothing for them
 * counts too: it is rare, and a snapshot too many harms nobody. */
static bool op_reveals(const struct audit *a, const struct viewer *v, const struct audit_part *p,
                       const struct audit_op *op)
{
    if (op->kind == OP_MEMBER_ADD || op->kind == OP_MEMBER_REMOVE)
        return op->member.person == v->person;
    if (op->kind == OP_GLASS || op->kind == OP_GLASS_END)
        return op->glass.person == v->person;
    if (op->kind != OP_SET || p->role == ROLE_NONE)
        return false;
    const struct question *q = template_question(a->t, op->set.field.question);
    if (!q)
        return false;
    if (question_is_young_person(q) && op->set.field.part == PART_SHOWN_TO)
        return !keeps_young_person(a, p, q) && shown_as(p->role);
    bool first =
        op->set.field.part == PART_GRADE_AUDITOR || op->set.field.part == PART_GRADE_PRACTITIONER;
    return q->blind && first && (both_first_grades(a, q->number) || !*op->set.value);
}

enum err audit_redact_body(const struct audit *a, const struct viewer *v,
                           const struct event_body *b, struct buf *out, bool *changed, bool *reveal)
{
    struct audit_part p = audit_part_of(a, v);
    struct event_body copy = *b;
    struct audit_op one, *ops = &one;
    *changed = *reveal = false;
    for (size_t i = 0; i < b->nops; i++) {
        one = b->ops[i];
        *changed = redact_op(a, &p, &one) || *changed;
        *reveal = op_reveals(a, v, &p, &b->ops[i]) || *reveal;
    }
    if (*changed && b->nops > 1) {
        ops = calloc(b->nops, sizeof *ops);
        if (!ops)
            return ERR_NOMEM;
        for (size_t i = 0; i < b->nops; i++) {
            ops[i] = b->ops[i];
            (void)redact_op(a, &p, &ops[i]); /* known already that something changes */
        }
    }
    if (*changed)
        copy.ops = ops;
    event_body_encode(&copy, out);
    if (ops != &one)
        free(ops);
    return buf_failed(out) ? ERR_NOMEM : ERR_OK;
}
