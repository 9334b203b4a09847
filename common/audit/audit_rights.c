#include <stdio.h>
#include <string.h>

#include "common/audit/audit_impl.h"

/* ---- what each state allows ---- */

enum writing {
    WRITE_NOTHING,
    WRITE_PREPARATION, /* the first section and the voices */
    WRITE_ALL,         /* but the moderator's sections */
    WRITE_MODERATION,  /* these only */
    WRITE_PLAN,        /* the actions, and why none is needed */
    WRITE_FOLLOW_UP,   /* how the actions go on */
};
enum { EVERYBODY = -1 };
static const role_set planners = ROLE_BIT(ROLE_FTM) | ROLE_BIT(ROLE_FRO) | ROLE_BIT(ROLE_FSW);
static const role_set followers =
    ROLE_BIT(ROLE_FTM) | ROLE_BIT(ROLE_FRO) | ROLE_BIT(ROLE_FSW) | ROLE_BIT(ROLE_SM);

static const struct state_row {
    enum audit_state state;
    enum writing writing;
    role_set comment; /* of those who may comment in a section; who may write there always may */
} states[] = {
    {AUDIT_PLANNED,         WRITE_PREPARATION, 0                                     },
    {AUDIT_PREPARING,       WRITE_PREPARATION, 0                                     },
    {AUDIT_IN_PROGRESS,     WRITE_ALL,         (role_set)EVERYBODY                   },
    {AUDIT_AGREED,          WRITE_NOTHING,     (role_set)EVERYBODY                   },
    {AUDIT_SUBMITTED,       WRITE_NOTHING,     (role_set)EVERYBODY                   },
    {AUDIT_MODERATING,      WRITE_MODERATION,  (role_set)EVERYBODY                   },
    {AUDIT_RETURNED,        WRITE_ALL,         (role_set)EVERYBODY                   },
    {AUDIT_MODERATED,       WRITE_NOTHING,     0                                     },
    {AUDIT_ACTION_PLANNING, WRITE_PLAN,        0                                     },
    {AUDIT_ASSURANCE,       WRITE_NOTHING,     ROLE_BIT(ROLE_SM) | ROLE_BIT(ROLE_FTM)},
    {AUDIT_FOLLOW_UP,       WRITE_FOLLOW_UP,   0                                     },
    {AUDIT_CLOSED,          WRITE_NOTHING,     0                                     },
    {AUDIT_WITHDRAWN,       WRITE_NOTHING,     0                                     },
};

static const struct state_row *state_row(enum audit_state s)
{
    static const struct state_row nothing = {0};
    for (size_t i = 0; i < sizeof states / sizeof *states; i++)
        if (states[i].state == s)
            return &states[i];
    return &nothing;
}

/* ---- parts that not everybody who writes in the section writes ---- */

#define IN(state)         (1u << (state))
#define WHILE_MODERATING  IN(AUDIT_MODERATING)
#define UNTIL_IT_IS_RIGHT (IN(AUDIT_MODERATING) | IN(AUDIT_RETURNED))

/* clang-format off */
static const struct part_row {
    role_set write;  /* 0: nobody, the server records it */
    uint32_t states; /* IN() bits: then these people write it whatever the section says; 0: the
                      * section and the state must let them too */
    const char *who;
} part_rows[] = { /* by part; nothing said: as the section and the state say */
    [PART_GRADE_AUDITOR] = {ROLE_BIT(ROLE_FRO), 0, "the auditor (FRO) gives the auditor's grade"},
    [PART_GRADE_PRACTITIONER] = {ROLE_BIT(ROLE_FSW), 0,
     "the practitioner (FSW) gives the practitioner's own grade"},
    [PART_GRADE_AGREED] = {ROLE_BIT(ROLE_FRO), 0, "the auditor (FRO) records the agreed grade"},
    [PART_GRADE_MODERATOR] = {0, 0,
     "the server records the moderator's grade: it comes from the moderation (use tandem move)"},
    [PART_GRADE_FINAL] = {0, 0,
     "the server records the final grade: it comes from the moderation (use tandem move)"},
    [PART_RESPONSE] = {ROLE_BIT(ROLE_FRO), UNTIL_IT_IS_RIGHT,
     "the auditor (FRO) answers the moderator's views, until the audit is moderated"},
    [PART_RESPONSE_REASON] = {ROLE_BIT(ROLE_FRO), UNTIL_IT_IS_RIGHT,
     "the auditor (FRO) answers the moderator's views, until the audit is moderated"},
    [PART_DECISION] = {ROLE_BIT(ROLE_QA), WHILE_MODERATING,
     "the quality assurance team (QA) decides where views stay apart, while the audit is moderated"},
    [PART_DECISION_REASON] = {ROLE_BIT(ROLE_QA), WHILE_MODERATING,
     "the quality assurance team (QA) decides where views stay apart, while the audit is moderated"},
    [PART_STATUS] = {0, 0, /* of an action */
     "the server records how an action stands: use tandem action start, claim, verify or cancel"},
    [PART_FIRST_DUE] = {0, 0,
     "the server records the first due date: use tandem action due to change the present one"},
    [PART_DUE_REASON] = {0, 0, "the server records why a date changed: use tandem action due"},
    [PART_CLAIMED_BY] = {0, 0, "the server records who says it is done: use tandem action claim"},
    [PART_CLOSED_BY] = {0, 0, "the server records who closed it: use tandem action verify"},
    [PART_CLOSED_ON] = {0, 0, "the server records when it was closed: use tandem action verify"},
    [PART_CLOSE_REASON] = {0, 0, "the server records why it was closed: use tandem action cancel"},
    [PART_IMPACT] = {0, 0, "the server records what came of it: use tandem action impact"},
    [PART_IMPACT_EVIDENCE] = {0, 0, "the server records what came of it: use tandem action impact"},
    [PART_LEADS_TO] = {0, 0, "the server records what follows from it: use tandem action impact"},
};
/* clang-format on */

static const struct part_row *part_row(struct field f)
{
    bool said = f.part < sizeof part_rows / sizeof *part_rows && part_rows[f.part].who;
    if (!said || (f.part == PART_STATUS && audit_list_of(f) != PART_ACTIONS)) /* a voice's */
        return NULL;
    return &part_rows[f.part];
}

/* ---- who writes in a section ---- */

static role_set write_roles(const struct template *t, const struct question *q)
{
    return q->write ? q->write : t->sections[q->section].write;
}

bool audit_is_writer(const struct audit *a, const struct audit_part *p, const struct question *q)
{
    if (!p->member || !(write_roles(a->t, q) & ROLE_BIT(p->role)))
        return false;
    return p->role != ROLE_CSW || audit_has_word(p->sections, a->t->sections[q->section].code);
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

/* Of what its section's people write (moderation apart). */
static bool state_lets_write(enum writing writing, const struct question *q)
{
    return writing == WRITE_ALL ||
           (writing == WRITE_PREPARATION && (q->section == 0 || q->kinds & KIND_VOICE));
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

/* The moderator's section is theirs, whoever its template names. */
static enum err may_moderate(const struct audit *a, const struct audit_part *p,
                             const struct question *q, struct err_info *why)
{
    const char *section = a->t->sections[q->section].code;
    if (!audit_is_moderator(a, p->person))
        return err_set(why, ERR_REFUSED_ROLE,
                       "read only: the moderator of this audit (IRO) writes in section %s",
                       section);
    if (a->state == AUDIT_MODERATING)
        return ERR_OK;
    return err_set(why, ERR_REFUSED_STATE,
                   "read only: section %s is written while the audit is moderated", section);
}

/* An action that came after the follow-up began, or is about to: what follows from one that did not
 * help enough. The others stand as they were agreed. */
static bool is_added_later(const struct audit *a, struct field f)
{
    const struct list_item *item = audit_item_find(a, f.question, PART_ACTIONS, f.item);
    const struct audit_move *began = audit_move_last(a, AUDIT_FOLLOW_UP);
    return !item || !item->rev || (began && item->rev > began->seq);
}

/* Who plans actions and follows them up: managers by their role for the team too; besides, an IRO
 * where the template lets one write the actions (dip audits). */
static enum err may_act(const struct audit *a, const struct audit_part *p, const struct question *q,
                        struct field f, enum writing writing, struct err_info *why)
{
    bool action = audit_list_of(f) == PART_ACTIONS;
    bool plan = writing == WRITE_PLAN;
    bool now = plan ? action || f.part == PART_NO_ACTION
                    : action && (f.part == PART_UPDATES || f.part == PART_DONE_EVIDENCE ||
                                 is_added_later(a, f));
    bool leads = p->role == ROLE_IRO && audit_is_writer(a, p, q);
    if (now && (leads || p->roles & (plan ? planners : followers)))
        return ERR_OK;
    if (!now)
        return err_set(why, ERR_REFUSED_STATE, "read only: the audit is %s, %s; its answers stand",
                       audit_state_code(a->state),
                       plan ? "its actions are planned" : "its actions are followed up");
    return err_set(why, ERR_REFUSED_ROLE,
                   plan ? "read only: the team's manager (FTM) and this audit's FRO and FSW plan "
                          "its actions"
                        : "read only: the team's managers (FTM, SM) and this audit's FRO and FSW "
                          "say how its actions go on");
}

static enum err may_write(const struct audit *a, const struct audit_part *p,
                          const struct question *q, struct field f, struct err_info *why)
{
    enum writing writing = state_row(a->state)->writing;
    const struct part_row *row = part_row(f);
    if (row && row->states && row->write & p->roles && row->states & IN(a->state))
        return ERR_OK;
    if (row && row->states)
        return err_set(why, row->write & p->roles ? ERR_REFUSED_STATE : ERR_REFUSED_ROLE,
                       "read only: %s", row->who);
    if (row && !row->write)
        return err_set(why, ERR_REFUSED_ROLE, "read only: %s", row->who);
    if (a->moderation[q->number - 1])
        return may_moderate(a, p, q, why);
    if (writing == WRITE_PLAN || writing == WRITE_FOLLOW_UP)
        return may_act(a, p, q, f, writing, why);
    if (!audit_is_writer(a, p, q))
        return why_not_role(a, p, q, why);
    if (row && !(row->write & p->roles))
        return err_set(why, ERR_REFUSED_ROLE, "read only: %s", row->who);
    if (state_lets_write(writing, q))
        return ERR_OK;
    if (writing == WRITE_PREPARATION)
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
    return moderator || audit_is_writer(a, p, q) || a->t->sections[q->section].comment & p->roles;
}

/* In a state with its own circle (assurance) that circle comments everywhere. */
static bool may_comment(const struct audit *a, const struct audit_part *p, const struct question *q)
{
    role_set circle = state_row(a->state)->comment;
    return circle == (role_set)EVERYBODY ? is_commenter(a, p, q) : (circle & p->roles) != 0;
}

static const char *why_held(const struct question *q, struct field f)
{
    if (question_is_young_person(q))
        return "held by IRO: shown when they share it with you";
    if (f.part == PART_WORDS)
        return "held: the worker's own words are for those who audit and manage their work";
    return "held back until both first grades are in, or for those who audit and manage the work";
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
        (void)err_set(why, ERR_REFUSED_ROLE, "%s", why_held(q, f));
        return RIGHT_NONE;
    }
    if (p.glass) {
        (void)err_set(why, ERR_REFUSED_ROLE,
                      "read only: you opened this record to read it, with a reason and for a time");
        return RIGHT_READ;
    }
    if (!may_write(a, &p, q, f, why))
        return RIGHT_WRITE;
    if (may_comment(a, &p, q))
        return RIGHT_COMMENT;
    if (is_commenter(a, &p, q) && !audit_is_writer(a, &p, q) && !part_row(f))
        (void)err_set(why, ERR_REFUSED_STATE, "read only: comments are closed, the audit is %s",
                      audit_state_code(a->state));
    return RIGHT_READ;
}
