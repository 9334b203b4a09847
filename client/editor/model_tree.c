#include "client/editor/model_state.h"

#include <stdlib.h>

bool model_build_tree(struct editor *ed)
{
    const struct template *t = audit_template(model_audit(ed));
    struct tree_row *rows = realloc(ed->tree, (t->nsections + t->nquestions + 1) * sizeof *rows);
    if (!rows)
        return false;
    ed->tree = rows;
    ed->ntree = 0;
    for (uint16_t s = 0; s < t->nsections; s++) {
        size_t head = ed->ntree++;
        rows[head] = (struct tree_row){.is_section = true, .section = s};
        for (size_t i = 0; i < t->nquestions; i++) {
            if (t->questions[i].section != s)
                continue;
            uint16_t number = t->questions[i].number;
            if (!rows[head].question)
                rows[head].question = number;
            rows[ed->ntree++] = (struct tree_row){.section = s, .question = number};
        }
        if (!rows[head].question) /* a section without questions is not shown */
            ed->ntree = head;
    }
    return true;
}

static size_t tree_index(const struct editor *ed, uint16_t question)
{
    for (size_t i = 0; i < ed->ntree; i++)
        if (!ed->tree[i].is_section && ed->tree[i].question == question)
            return i;
    return 0;
}

void model_step_question(struct editor *ed, int by)
{
    if (!ed->ntree)
        return;
    size_t at = tree_index(ed, ed->question);
    int step = by < 0 ? -1 : 1;
    for (int left = by < 0 ? -by : by; left;) {
        size_t next = at;
        do {
            if ((step < 0 && next == 0) || (step > 0 && next + 1 >= ed->ntree))
                goto out;
            next = step < 0 ? next - 1 : next + 1;
        } while (ed->tree[next].is_section);
        at = next;
        left--;
    }
out:
    if (!ed->tree[at].is_section && ed->tree[at].question != ed->question)
        model_go(ed, (struct field){.question = ed->tree[at].question}, 0);
}

struct field model_own_grade(const struct editor *ed, struct field f)
{
    static const enum part own[] = {PART_GRADE_AUDITOR, PART_GRADE_PRACTITIONER};
    const struct question *q = template_question(audit_template(model_audit(ed)), f.question);
    bool pending;
    if (!q || !q->blind || f.item || (f.part && f.part != PART_GRADE_AGREED))
        return f;
    for (size_t i = 0; i < sizeof own / sizeof *own; i++) {
        struct field mine = {f.question, (uint16_t)own[i], 0};
        if (audit_right(model_audit(ed), replica_me(ed->r), mine, NULL) == RIGHT_WRITE &&
            !*replica_value(ed->r, mine, &pending).value)
            return mine;
    }
    return f;
}

struct finding_missing {
    struct editor *ed;
    struct field first, after; /* question 0: none */
};

static void on_missing(void *user, struct field f, enum missing_why why, const char *sentence)
{
    struct finding_missing *m = user;
    (void)why;
    (void)sentence;
    if (audit_right(model_audit(m->ed), replica_me(m->ed->r), f, NULL) != RIGHT_WRITE)
        return;
    if (!m->first.question || f.question < m->first.question)
        m->first = f;
    if (f.question > m->ed->question && (!m->after.question || f.question < m->after.question))
        m->after = f;
}

void model_next_unanswered(struct editor *ed)
{
    struct finding_missing m = {.ed = ed};
    audit_missing(model_audit(ed), on_missing, &m);
    struct field to = m.after.question ? m.after : m.first;
    if (!to.question) {
        editor_say(ed, "Nothing that you can write is missing.");
        return;
    }
    struct field own = model_own_grade(ed, (struct field){.question = to.question});
    model_go(ed, own.part ? own : to, 0);
    ed->in_tree = false;
}

void model_tree_action(struct editor *ed, enum action a)
{
    int page = model_geometry(ed).pane.rows - 1;
    switch ((int)a) {
    case ACT_UP:
        model_step_question(ed, -1);
        return;
    case ACT_DOWN:
        model_step_question(ed, 1);
        return;
    case ACT_PAGE_UP:
        model_step_question(ed, page > 1 ? -page : -1);
        return;
    case ACT_PAGE_DOWN:
        model_step_question(ed, page > 1 ? page : 1);
        return;
    case ACT_HOME:
        model_step_question(ed, -(int)ed->ntree);
        return;
    case ACT_END:
        model_step_question(ed, (int)ed->ntree);
        return;
    case ACT_ENTER:
    case ACT_FIELD_NEXT:
    case ACT_FIELD_PREV:
        if (ed->focus < ed->nform)
            ed->in_tree = false;
        else
            editor_say(ed, "There is nothing to fill in here.");
        return;
    default:
        return;
    }
}
