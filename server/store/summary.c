#include "server/store/summary.h"

#include <stdlib.h>
#include <string.h>

void summary_copy(char *to, size_t cap, const char *from)
{
    size_t len = from ? strlen(from) : 0;
    if (len >= cap) {
        len = cap - 1;
        while (len > 0 && ((unsigned char)from[len] & 0xc0) == 0x80) /* inside a character */
            len--;
    }
    memset(to, 0, cap);
    if (len)
        memcpy(to, from, len);
}
#define COPY_CUT(to, from) summary_copy((to), sizeof(to), (from))

/* The grade of a judgement as it counts: final, or else agreed; "". */
static const char *counted_grade(const struct audit *a, const struct question *q)
{
    static const enum part parts[] = {PART_GRADE_FINAL, PART_GRADE_AGREED};
    const char *grade = "";
    for (size_t i = 0; !*grade && i < sizeof parts / sizeof parts[0]; i++)
        grade = audit_value(a, (struct field){.question = q->number, .part = parts[i]}).value;
    return grade;
}

static bool is_weak(const struct template *t, const struct question *q, const char *grade)
{
    for (size_t i = 0; i < t->ngrades; i++)
        if (strcmp(t->grades[i].code, grade) == 0)
            return (q->overall && t->grades[i].weak) || (q->key && i + 1 == t->ngrades);
    return false; /* none yet */
}

static void add_grades(const struct audit *a, struct store_summary *out)
{
    const struct template *t = audit_template(a);
    for (size_t i = 0; i < t->nquestions; i++) {
        const struct question *q = &t->questions[i];
        if (!(q->kinds & KIND_JUDGEMENT) || !(q->overall || q->key))
            continue;
        const char *grade = counted_grade(a, q);
        out->weak |= is_weak(t, q, grade);
        if (q->overall)
            COPY_CUT(out->overall, grade);
    }
}

static void add_life(const struct audit *a, struct store_summary *out)
{
    out->since_utc_ms = audit_state_since_utc_ms(a);
    size_t n = audit_move_count(a);
    for (size_t i = 0; i < n; i++)
        out->returns += audit_move_at(a, i)->to == AUDIT_RETURNED;
    out->revision = n ? audit_move_at(a, n - 1)->revision : 0;
    n = audit_glass_count(a);
    for (size_t i = 0; i < n; i++) {
        const struct audit_glass *g = audit_glass_at(a, i);
        if (!g->ended_utc_ms &&
            (!out->glass_until_utc_ms || g->until_utc_ms < out->glass_until_utc_ms))
            out->glass_until_utc_ms = g->until_utc_ms;
    }
}

void summary_of(const struct audit *a, struct store_summary *out)
{
    memset(out, 0, sizeof *out);
    struct audit_info info = audit_info(a);
    const struct template *t = audit_template(a);
    struct audit_progress progress = audit_progress(a);
    COPY_CUT(out->ref, info.ref);
    COPY_CUT(out->template_id, t->id);
    out->template_version = t->version;
    COPY_CUT(out->team, info.team);
    COPY_CUT(out->carer_ref, info.carer_ref);
    COPY_CUT(out->period_from, info.period_from);
    COPY_CUT(out->period_to, info.period_to);
    COPY_CUT(out->planned, info.planned);
    COPY_CUT(out->way_in, info.way_in);
    COPY_CUT(out->source, info.source);
    out->moderator = info.moderator;
    out->stage = info.stage;
    out->state = info.state;
    out->answered = progress.answered;
    out->required = progress.required;
    size_t ncomments = audit_comment_count(a);
    for (size_t i = 0; i < ncomments; i++)
        out->open_comments += !audit_comment_at(a, i)->resolved;
    out->seq = audit_seq(a);
    out->utc_ms = audit_utc_ms(a);
    out->max_agent = audit_max_agent(a);
    add_grades(a, out);
    add_life(a, out);
}

static int by_person(const void *a, const void *b)
{
    uint32_t x = ((const struct store_member *)a)->person;
    uint32_t y = ((const struct store_member *)b)->person;
    return (x > y) - (x < y);
}

enum err summary_members_of(const struct audit *a, struct store_member **out, size_t *nmembers)
{
    size_t n = audit_member_count(a);
    *out = NULL;
    *nmembers = 0;
    if (n == 0)
        return ERR_OK;
    struct store_member *list = calloc(n, sizeof *list);
    if (!list)
        return ERR_NOMEM;
    for (size_t i = 0; i < n; i++) {
        const struct audit_member *m = audit_member_at(a, i);
        list[i].person = m->person;
        list[i].role = m->role;
        COPY_CUT(list[i].sections, m->sections);
    }
    qsort(list, n, sizeof *list, by_person);
    *out = list;
    *nmembers = n;
    return ERR_OK;
}
