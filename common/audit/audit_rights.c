#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/audit/audit_impl.h"

/* ---- what each state allows ---- */

enum writing {
    WRITE_NOTHING,
    WRITE_PREPARATION, /* the first section and the voices */
    WRITE_ALL,         /* but the moderator's sections */
    WRITE_MODERATION,  /* these only */
};
static const struct state_row {
    enum audit_state state;
    enum writing writing;
    bool comment; /* but who may write may always comment on it */
} states[] = {
    {AUDIT_PLANNED,         WRITE_PREPARATION, false},
    {AUDIT_PREPARING,       WRITE_PREPARATION, false},
    {AUDIT_IN_PROGRESS,     WRITE_ALL,         true },
    {AUDIT_AGREED,          WRITE_NOTHING,     true },
    {AUDIT_SUBMITTED,       WRITE_NOTHING,     true },
    {AUDIT_MODERATING,      WRITE_MODERATION,  true },
    {AUDIT_RETURNED,        WRITE_NOTHING,     true },
    {AUDIT_MODERATED,       WRITE_NOTHING,     false},
    {AUDIT_ACTION_PLANNING, WRITE_NOTHING,     false},
    {AUDIT_ASSURANCE,       WRITE_NOTHING,     false},
    {AUDIT_FOLLOW_UP,       WRITE_NOTHING,     false},
    {AUDIT_CLOSED,          WRITE_NOTHING,     false},
    {AUDIT_WITHDRAWN,       WRITE_NOTHING,     false},
};

static const struct state_row *state_row(enum audit_state s)
{
    static const struct state_row nothing = {0};
    for (size_t i = 0; i < sizeof states / sizeof *states; i++)
        if (states[i].state == s)
            return &states[i];
    return &nothing;
}

/* ---- who may write which part of a judgement, whatever the section says ---- */

static const struct grade_row {
    enum part part;
    role_set write;
    const char *who;
} grade_rows[] = {
    {PART_GRADE_AUDITOR,      ROLE_BIT(ROLE_FRO), "the auditor (FRO) gives the auditor's grade"    },
    {PART_GRADE_PRACTITIONER, ROLE_BIT(ROLE_FSW),
     "the practitioner (FSW) gives the practitioner's own grade"                                   },
    {PART_GRADE_AGREED,       ROLE_BIT(ROLE_FRO), "the auditor (FRO) records the agreed grade"     },
    {PART_GRADE_MODERATOR,    0,                  "the moderator's grade comes from the moderation"},
    {PART_GRADE_FINAL,        0,                  "the final grade comes from the moderation"      },
};

static const struct grade_row *grade_row(uint16_t part)
{
    for (size_t i = 0; i < sizeof grade_rows / sizeof *grade_rows; i++)
        if (grade_rows[i].part == part)
            return &grade_rows[i];
    return NULL;
}

/* ---- somebody's part in the audit ---- */

struct audit_part audit_part_of(const struct audit *a, const struct viewer *v)
{
    static const role_set readers = ROLE_BIT(ROLE_QA) | ROLE_BIT(ROLE_FTM) | ROLE_BIT(ROLE_SM);
    const struct audit_member *m = audit_member_find(a, v->person);
    if (m)
        return (struct audit_part){
            .role = m->role, .roles = ROLE_BIT(m->role), .member = true, .sections = m->sections};
    struct audit_part p = {.role = ROLE_NONE, .sections = ""};
    for (size_t i = 0; i < v->nroles; i++) {
        enum role r = v->roles[i].role;
        bool team = !v->roles[i].team[0] || !strcmp(v->roles[i].team, a->team ? a->team : "");
        if (!team || r >= ROLE_COUNT || !(readers & ROLE_BIT(r)))
            continue;
        p.role = p.role ? p.role : r;
        p.roles |= ROLE_BIT(r);
    }
    return p;
}

bool audit_may_see(const struct audit *a, const struct viewer *v)
{
    return audit_part_of(a, v).role != ROLE_NONE;
}

static role_set write_roles(const struct template *t, const struct question *q)
{
    return q->write ? q->write : t->sections[q->section].write;
}

static bool is_writer(const struct audit *a, const struct audit_part *p, const struct question *q)
{
    if (!p->member || !(write_roles(a->t, q) & ROLE_BIT(p->role)))
        return false;
    return p->role != ROLE_CSW || audit_has_word(p->sections, a->t->sections[q->section].code);
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
    return (p->member && p->role == ROLE_IRO) || is_writer(a, p, q);
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

bool audit_is_held_from(const struct audit *a, const struct audit_part *p, struct field f)
{
    const struct question *q = template_question(a->t, f.question);
    if (p->role == ROLE_NONE || !q)
        return true;
    if (question_is_young_person(q) && is_voice_content(f.part) && !keeps_young_person(a, p, q)) {
        const char *word = shown_as(p->role);
        return !word || !audit_has_word(value_of(a, f.question, PART_SHOWN_TO), word);
    }
    bool others_first_grade = (p->role == ROLE_FRO && f.part == PART_GRADE_PRACTITIONER) ||
                              (p->role == ROLE_FSW && f.part == PART_GRADE_AUDITOR);
    return q->blind && others_first_grade && !both_first_grades(a, f.question);
}

bool audit_is_held(const struct audit *a, const struct viewer *v, struct field f)
{
    struct audit_part p = audit_part_of(a, v);
    return audit_is_held_from(a, &p, f);
}

bool audit_holds_back(const struct audit *a, const struct viewer *v)
{
    /* A voice is held as a whole; of a judgement, first grades are. */
    static const enum part parts[] = {PART_WORDS, PART_GRADE_AUDITOR, PART_GRADE_PRACTITIONER};
    struct audit_part p = audit_part_of(a, v);
    for (uint16_t q = 1; q <= a->t->nquestions; q++)
        for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
            if (audit_is_held_from(a, &p,
                                   (struct field){.question = q, .part = (uint16_t)parts[i]}))
                return true;
    return false;
}

/* ---- rights ---- */

bool audit_is_moderation(const struct template *t, const struct question *q)
{
    for (size_t i = q->number; i <= t->nquestions && t->questions[i - 1].section == q->section; i++)
        if (t->questions[i - 1].kinds & KIND_MODERATION)
            return true;
    for (size_t i = q->number; i >= 1 && t->questions[i - 1].section == q->section; i--)
        if (t->questions[i - 1].kinds & KIND_MODERATION)
            return true;
    return false;
}

static bool state_lets_write(const struct audit *a, const struct question *q)
{
    switch (state_row(a->state)->writing) {
    case WRITE_NOTHING:
        return false;
    case WRITE_PREPARATION:
        return q->section == 0 || q->kinds & KIND_VOICE;
    case WRITE_ALL:
        return !audit_is_moderation(a->t, q);
    case WRITE_MODERATION:
        return audit_is_moderation(a->t, q);
    }
    return false;
}

static void say_roles(char *out, size_t cap, role_set set)
{
    size_t len = 0;
    out[0] = 0;
    for (unsigned r = 1; r < ROLE_COUNT; r++) {
        if (!(set & ROLE_BIT(r)))
            continue;
        int n = snprintf(out + len, cap - len, "%s%s", len ? ", " : "", role_code((enum role)r));
        if (n < 0 || (size_t)n >= cap - len)
            return;
        len += (size_t)n;
    }
}

static enum err why_not_role(const struct audit *a, const struct audit_part *p,
                             const struct question *q, struct err_info *why)
{
    const struct section *s = &a->t->sections[q->section];
    role_set set = write_roles(a->t, q);
    if (!why)
        return ERR_REFUSED_ROLE;
    if (question_is_young_person(q) && set == ROLE_BIT(ROLE_IRO))
        return err_set(why, ERR_REFUSED_ROLE, "read only: the IRO writes the young person's view");
    if (p->member && p->role == ROLE_CSW && set & ROLE_BIT(ROLE_CSW))
        return err_set(why, ERR_REFUSED_ROLE,
                       "read only: you were invited to write in %s%s, not in section %s",
                       *p->sections ? "section " : "no section", p->sections, s->code);
    char roles[128];
    say_roles(roles, sizeof roles, set);
    if (!set)
        return err_set(why, ERR_REFUSED_ROLE, "read only: nobody writes in %s", q->code);
    return err_set(why, ERR_REFUSED_ROLE, "read only: %s of this audit write%s in section %s (%s)",
                   roles, strchr(roles, ',') ? "" : "s", s->code, s->title);
}

static enum err may_write(const struct audit *a, const struct audit_part *p,
                          const struct question *q, struct field f, struct err_info *why)
{
    if (!is_writer(a, p, q))
        return why_not_role(a, p, q, why);
    const struct grade_row *g = grade_row(f.part);
    if (g && !(g->write & ROLE_BIT(p->role)))
        return err_set(why, ERR_REFUSED_ROLE, "read only: %s", g->who);
    if (state_lets_write(a, q))
        return ERR_OK;
    bool preparing = state_row(a->state)->writing == WRITE_PREPARATION;
    if (audit_is_moderation(a->t, q) && !preparing)
        return err_set(why, ERR_REFUSED_STATE,
                       "read only: section %s is written while the audit is moderated",
                       a->t->sections[q->section].code);
    if (preparing)
        return err_set(why, ERR_REFUSED_STATE,
                       "read only: until the audit is opened, section %s and the voices can be "
                       "written (it is %s)",
                       a->t->sections[0].code, audit_state_code(a->state));
    return err_set(why, ERR_REFUSED_STATE, "read only: the audit is %s, its answers stand",
                   audit_state_code(a->state));
}

static bool is_commenter(const struct audit *a, const struct audit_part *p,
                         const struct question *q)
{
    bool moderator = p->member && p->role == ROLE_IRO;
    return moderator || is_writer(a, p, q) || a->t->sections[q->section].comment & p->roles;
}

enum right audit_right(const struct audit *a, const struct viewer *v, struct field f,
                       struct err_info *why)
{
    struct audit_part p = audit_part_of(a, v);
    const struct question *q = template_question(a->t, f.question);
    if (p.role == ROLE_NONE || !q) {
        (void)err_set(why, ERR_NOT_FOUND, "%s", err_text(ERR_NOT_FOUND));
        return RIGHT_NONE;
    }
    if (audit_is_held_from(a, &p, f)) {
        (void)err_set(why, ERR_REFUSED_ROLE, "%s",
                      question_is_young_person(q) ? "held by IRO: shown when they share it with you"
                                                  : "held back until both first grades are in");
        return RIGHT_NONE;
    }
    if (!may_write(a, &p, q, f, why))
        return RIGHT_WRITE;
    if (!is_commenter(a, &p, q))
        return RIGHT_READ;
    if (state_row(a->state)->comment)
        return RIGHT_COMMENT;
    if (!is_writer(a, &p, q))
        (void)err_set(why, ERR_REFUSED_STATE, "read only: comments are closed, the audit is %s",
                      audit_state_code(a->state));
    return RIGHT_READ;
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
        return p->role == ROLE_NONE;
    }
    return true;
}

/* Does it change what they may see of what was there before? A share that changes nothing for them
 * counts too: it is rare, and a snapshot too many harms nobody. */
static bool op_reveals(const struct audit *a, const struct viewer *v, const struct audit_part *p,
                       const struct audit_op *op)
{
    if (op->kind == OP_MEMBER_ADD || op->kind == OP_MEMBER_REMOVE)
        return op->member.person == v->person;
    if (op->kind != OP_SET)
        return false;
    const struct question *q = template_question(a->t, op->set.field.question);
    if (!q)
        return false;
    if (question_is_young_person(q) && op->set.field.part == PART_SHOWN_TO)
        return !keeps_young_person(a, p, q) && shown_as(p->role);
    bool first =
        op->set.field.part == PART_GRADE_AUDITOR || op->set.field.part == PART_GRADE_PRACTITIONER;
    bool concerned = p->role == ROLE_FRO || p->role == ROLE_FSW;
    return q->blind && first && concerned && (both_first_grades(a, q->number) || !*op->set.value);
}

enum err audit_redact_body(const struct audit *a, const struct viewer *v,
                           const struct event_body *b, struct buf *out, bool *changed, bool *reveal)
{
    struct audit_part p = audit_part_of(a, v);
    struct event_body copy = *b;
    *changed = *reveal = false;
    for (size_t i = 0; i < b->nops; i++) {
        *changed = *changed || op_is_held(a, &p, &b->ops[i]);
        *reveal = *reveal || op_reveals(a, v, &p, &b->ops[i]);
    }
    if (*changed) {
        copy.ops = calloc(b->nops, sizeof *copy.ops);
        if (!copy.ops)
            return ERR_NOMEM;
        for (size_t i = 0; i < b->nops; i++) {
            if (op_is_held(a, &p, &b->ops[i]))
                copy.ops[i].kind = OP_HELD;
            else
                copy.ops[i] = b->ops[i];
        }
    }
    event_body_encode(&copy, out);
    if (*changed)
        free(copy.ops);
    return buf_failed(out) ? ERR_NOMEM : ERR_OK;
}
