/* The moderator's view on each judgement: one letter each, and nothing to fill in that the view
 * does not ask for. */
#include "client/editor/model_state.h"

static const struct {
    uint32_t letter;
    const char *value;
    enum part then; /* where the moderator goes on; PART_NONE: to the next judgement */
} views[] = {
    {'a', "agree",        PART_NONE       },
    {'d', "differ",       PART_PROPOSED   },
    {'i', "insufficient", PART_VIEW_REASON},
};

static const struct form_row *view_row(const struct editor *ed)
{
    const struct form_row *row = model_focus_row(ed);
    bool mine = row && !ed->in_tree && row->kind == FORM_FIELD && row->field.part == PART_VIEW &&
                row->right == RIGHT_WRITE;
    return mine ? row : NULL;
}

/* The next judgement's view, or where it is when this was the last. */
static struct field next_view(const struct editor *ed, struct field f)
{
    for (size_t i = ed->focus + 1; i < ed->nform; i++)
        if (ed->form[i].field.part == PART_VIEW)
            return ed->form[i].field;
    return f;
}

bool model_moderate(struct editor *ed, uint32_t letter)
{
    const struct form_row *row = view_row(ed);
    struct err_info why = {0};
    size_t i = 0;
    while (i < sizeof views / sizeof *views && views[i].letter != letter)
        i++;
    if (!row || i == sizeof views / sizeof *views)
        return false;
    struct field f = row->field, to = next_view(ed, f);
    if (views[i].then)
        to = (struct field){f.question, (uint16_t)views[i].then, f.item};
    enum err e = replica_set(ed->r, f, views[i].value, &why);
    ed->stale = true;
    if (e)
        model_refused(ed, e, &why);
    else
        model_go(ed, to, 0);
    return true;
}

bool model_append_moderate(const struct editor *ed, struct buf *out)
{
    if (!view_row(ed))
        return false;
    buf_append_str(out, "a: agree   d: differ   i: too little to go by");
    return true;
}

void model_append_moderated(const struct editor *ed, struct field f, struct buf *out)
{
    struct field agreed = {.question = (uint16_t)f.item, .part = PART_GRADE_AGREED};
    const struct question *q = template_question(audit_template(model_audit(ed)), (uint16_t)f.item);
    bool pending;
    if (f.part != PART_VIEW || !q || !(q->kinds & KIND_JUDGEMENT))
        return;
    struct audit_value v = replica_value(ed->r, agreed, &pending);
    buf_append_str(out, *v.value ? "agreed " : "no agreed grade");
    describe_field_value(ed->r, agreed, v.value, out);
    buf_append_str(out, "; ");
}
