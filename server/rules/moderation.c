#include "server/rules/moderation.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "server/rules/answers.h"

/* ---- who ---- */

/* What speaks against one person, as it is found. */
struct look {
    const struct audit *a;
    uint32_t person;
    const char *name;
    size_t found;
    moderation_conflict_fn fn;
    void *user;
};

static void conflict(struct look *l, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static void conflict(struct look *l, const char *fmt, ...)
{
    char sentence[240];
    va_list ap;
    l->found++;
    if (!l->fn)
        return;
    va_start(ap, fmt);
    (void)vsnprintf(sentence, sizeof sentence, fmt, ap); /* a cut sentence is still a sentence */
    va_end(ap);
    l->fn(l->user, sentence);
}

static bool is_young_person(const struct question *q)
{
    return q->kinds & KIND_VOICE && q->voice && !strcmp(q->voice, "young_person");
}

static bool is_authors_word(const struct template *t, struct field f)
{
    const struct question *q = template_question(t, f.question);
    return q && !is_young_person(q) && audit_is_content(t, f.question, (enum part)f.part);
}

/* Of an IRO of the audit each answer is asked for; anybody else who ever wrote here was an author,
 * whatever has become of their words. */
static bool has_written(const struct audit *a, uint32_t person)
{
    const struct audit_member *m = audit_member_find(a, person);
    bool wrote = false;
    if (m && m->role == ROLE_IRO)
        return answers_wrote(a, person, is_authors_word);
    for (size_t i = 0; i < audit_agent_count(a); i++)
        wrote = wrote || audit_agent_person_at(a, i) == person;
    return wrote;
}

static bool has_signed(const struct audit *a, uint32_t person)
{
    for (size_t i = 0; i < audit_signature_count(a); i++)
        if (audit_signature_at(a, i)->by == person)
            return true;
    return false;
}

/* "Iris Moor" in "IRO Iris Moor, with the school": as whole words, whatever the case. */
static bool names(const char *line, const char *name)
{
    size_t len = strlen(name);
    for (const char *s = line; len && *s; s++) {
        bool begins = s == line || !isalnum((unsigned char)s[-1]);
        if (begins && !strncasecmp(s, name, len) && !isalnum((unsigned char)s[len]))
            return true;
    }
    return false;
}

static bool owns_action(void *user, const struct question *q, const struct audit_item *item,
                        size_t place)
{
    struct look *l = user;
    (void)place; /* one is enough */
    if (!names(answers_value(l->a, q->number, PART_OWNER, item->id), l->name))
        return true;
    conflict(l, "%s owns an action of this audit", l->name);
    return false;
}

static bool has_role(const struct person *p, enum role role, const char *team)
{
    for (size_t i = 0; i < p->viewer.nroles; i++) {
        const struct viewer_role *r = &p->viewer.roles[i];
        if (r->role == role && (!r->team[0] || !strcmp(r->team, team)))
            return true;
    }
    return false;
}

size_t moderation_conflicts(const struct audit *a, const struct people *people, uint32_t person,
                            moderation_conflict_fn fn, void *user)
{
    static const role_set authors = ROLE_BIT(ROLE_FRO) | ROLE_BIT(ROLE_FSW) | ROLE_BIT(ROLE_CSW);
    struct audit_info info = audit_info(a);
    const struct person *p = people_find(people, person);
    const struct audit_member *m = audit_member_find(a, person);
    struct look l = {.a = a, .person = person, .name = p ? p->name : "", .fn = fn, .user = user};
    if (!p || p->revoked) {
        conflict(&l, p ? "%s no longer works here" : "nobody of that name or number works here",
                 l.name);
        return l.found;
    }
    if (!has_role(p, ROLE_IRO, info.team))
        conflict(&l, "%s is not an independent reviewing officer (IRO) for this team", p->name);
    if (m && ROLE_BIT(m->role) & authors)
        conflict(&l, "%s writes this audit as %s: nobody moderates what they wrote", p->name,
                 role_code(m->role));
    else if (has_written(a, person))
        conflict(&l, "%s has written in this audit: nobody moderates what they wrote", p->name);
    if (info.created_by == person)
        conflict(&l, "%s opened this audit: nobody moderates an audit they led", p->name);
    if (has_signed(a, person))
        conflict(&l, "%s has signed this audit: nobody moderates what they agreed", p->name);
    answers_items(a, PART_ACTIONS, owns_action, &l);
    if (has_role(p, ROLE_FTM, info.team) || has_role(p, ROLE_SM, info.team))
        conflict(&l, "%s manages the people of this audit: the second view comes from outside",
                 p->name);
    return l.found;
}

uint32_t moderation_own_iro(const struct audit *a)
{
    for (size_t i = 0; i < audit_member_count(a); i++)
        if (audit_member_at(a, i)->role == ROLE_IRO)
            return audit_member_at(a, i)->person;
    return 0;
}

size_t moderation_candidates(const struct audit *a, const struct people *people, uint32_t *out,
                             size_t cap)
{
    uint32_t own = moderation_own_iro(a);
    size_t n = 0;
    if (own && !moderation_conflicts(a, people, own, NULL, NULL)) {
        if (n < cap)
            out[n] = own;
        n++;
    }
    for (size_t i = 0; i < people_count(people); i++) {
        const struct person *p = people_at(people, i);
        uint32_t id = p->viewer.person;
        if (id == own || !person_has_role(p, ROLE_IRO) ||
            moderation_conflicts(a, people, id, NULL, NULL))
            continue;
        if (n < cap)
            out[n] = id;
        n++;
    }
    return n;
}

/* ---- what is looked at ---- */

bool moderation_is_sampled(const char *ref, uint32_t percent)
{
    uint64_t hash = 14695981039346656037u; /* FNV-1a: even enough, the same on every machine */
    for (; *ref; ref++)
        hash = (hash ^ (unsigned char)*ref) * 1099511628211u;
    return (hash >> 32) % 100 < percent;
}

bool moderation_needs_view(const struct audit *a, const struct question *q, uint32_t percent,
                           bool new_auditor)
{
    const struct template *t = audit_template(a);
    const char *agreed = answers_value(a, q->number, PART_GRADE_AGREED, 0);
    if (!(q->kinds & KIND_JUDGEMENT) || !*agreed || !moderation_question(t))
        return false;
    return new_auditor || moderation_is_sampled(audit_info(a).ref, percent) ||
           !strcmp(agreed, t->grades[0].code) || !strcmp(agreed, t->grades[t->ngrades - 1].code);
}

/* ---- what comes of it ---- */

static int grade_place(const struct template *t, const char *grade)
{
    for (size_t i = 0; i < t->ngrades; i++)
        if (!strcmp(t->grades[i].code, grade))
            return (int)i;
    return -1;
}

int moderation_distance(const struct template *t, const char *grade, const char *other)
{
    int p = grade_place(t, grade), q = grade_place(t, other);
    return p < 0 || q < 0 ? -1 : p < q ? q - p : p - q;
}

const struct question *moderation_question(const struct template *t)
{
    for (size_t i = 0; i < t->nquestions; i++)
        if (t->questions[i].kinds & KIND_MODERATION)
            return &t->questions[i];
    return NULL;
}

/* Since it was submitted: one that was re-opened is moderated afresh. */
static bool was_returned(const struct audit *a)
{
    const struct audit_move *returned = audit_move_last(a, AUDIT_RETURNED);
    const struct audit_move *submitted = audit_move_last(a, AUDIT_SUBMITTED);
    return returned && (!submitted || returned->seq > submitted->seq);
}

/* What was written about one judgement. */
struct views {
    const char *agreed, *view, *proposed, *response, *decision;
    bool reason, answered, decision_reason, returned;
    int distance;
};

static struct views read_views(const struct audit *a, const struct question *q)
{
    const struct question *m = moderation_question(audit_template(a));
    struct views v = {.agreed = answers_value(a, q->number, PART_GRADE_AGREED, 0),
                      .view = "",
                      .proposed = "",
                      .response = "",
                      .decision = "",
                      .returned = was_returned(a)};
    if (!m)
        return v;
    v.view = answers_value(a, m->number, PART_VIEW, q->number);
    v.proposed = answers_value(a, m->number, PART_PROPOSED, q->number);
    v.response = answers_value(a, m->number, PART_RESPONSE, q->number);
    v.decision = answers_value(a, m->number, PART_DECISION, q->number);
    v.reason = answers_has(a, m->number, PART_VIEW_REASON, q->number);
    v.answered =
        !strcmp(v.response, "answer") && answers_has(a, m->number, PART_RESPONSE_REASON, q->number);
    v.decision_reason = answers_has(a, m->number, PART_DECISION_REASON, q->number);
    v.distance = moderation_distance(audit_template(a), v.agreed, v.proposed);
    return v;
}

static enum moderation_stand decided(const struct views *v)
{
    return *v->decision && v->decision_reason ? MODERATION_DECIDED : MODERATION_NOT_DECIDED;
}

static enum moderation_stand stand_of_difference(const struct views *v)
{
    if (!*v->proposed)
        return MODERATION_NO_GRADE;
    if (!v->distance)
        return MODERATION_SAME_GRADE;
    if (!v->reason)
        return MODERATION_NO_REASON;
    if (v->distance != 1)
        return decided(v);
    if (!strcmp(v->response, "accept"))
        return MODERATION_ACCEPTED;
    if (!v->answered && !v->returned)
        return MODERATION_NO_RESPONSE;
    return *v->decision || v->returned ? decided(v) : MODERATION_ANSWERED;
}

static enum moderation_stand stand_of(const struct views *v, bool needed)
{
    if (!*v->view)
        return needed ? MODERATION_NO_VIEW : MODERATION_NOT_ASKED;
    if (!strcmp(v->view, "agree"))
        return MODERATION_AGREED;
    if (!strcmp(v->view, "differ"))
        return stand_of_difference(v);
    if (!v->reason)
        return MODERATION_NO_REASON;
    return v->returned ? decided(v) : MODERATION_ASKS_MORE;
}

struct moderation_outcome moderation_outcome(const struct audit *a, const struct question *q,
                                             uint32_t percent, bool new_auditor)
{
    struct views v = read_views(a, q);
    struct moderation_outcome o = {stand_of(&v, moderation_needs_view(a, q, percent, new_auditor)),
                                   "", ""};
    switch (o.stand) {
    case MODERATION_NOT_ASKED:
        o.final = v.agreed;
        break;
    case MODERATION_AGREED:
        o.moderated = o.final = v.agreed;
        break;
    case MODERATION_ACCEPTED:
        o.moderated = o.final = v.proposed;
        break;
    case MODERATION_DECIDED:
        o.moderated = strcmp(v.view, "differ") ? "" : v.proposed;
        o.final = v.decision;
        break;
    case MODERATION_NO_VIEW:
    case MODERATION_NO_GRADE:
    case MODERATION_SAME_GRADE:
    case MODERATION_NO_REASON:
    case MODERATION_ASKS_MORE:
    case MODERATION_NO_RESPONSE:
    case MODERATION_ANSWERED:
    case MODERATION_NOT_DECIDED:
        break;
    }
    return o;
}

bool moderation_has_ended(enum moderation_stand s)
{
    return s == MODERATION_NOT_ASKED || s >= MODERATION_AGREED;
}

const char *moderation_result(const struct audit *a, uint32_t percent, bool new_auditor)
{
    const struct template *t = audit_template(a);
    const char *result = "upheld";
    for (size_t i = 0; i < t->nquestions; i++) {
        const struct question *q = &t->questions[i];
        if (!(q->kinds & KIND_JUDGEMENT))
            continue;
        struct moderation_outcome o = moderation_outcome(a, q, percent, new_auditor);
        if (o.stand == MODERATION_DECIDED)
            return "split_decided";
        if (strcmp(o.final, answers_value(a, q->number, PART_GRADE_AGREED, 0)) != 0)
            result = "changed";
    }
    return result;
}
