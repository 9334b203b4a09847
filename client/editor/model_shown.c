#include "client/editor/model_state.h"

#include <string.h>

enum showing {
    SHOW_ALWAYS,
    SHOW_FILLED,    /* the rules fill it in */
    SHOW_GIVEN,     /* filled in, or for whoever may */
    SHOW_UNDER_WAY, /* of an action that has begun */
    SHOW_DIFFERS,   /* of a view that is not to agree */
    SHOW_OTHER,     /* of a view that proposes another grade */
};

/* Parts without a row are always shown. */
static const struct {
    enum part part;
    enum showing when;
} rows[] = {
    {PART_GRADE_MODERATOR, SHOW_GIVEN    },
    {PART_GRADE_FINAL,     SHOW_GIVEN    },
    {PART_PROPOSED,        SHOW_OTHER    },
    {PART_VIEW_REASON,     SHOW_DIFFERS  },
    {PART_RESPONSE,        SHOW_GIVEN    },
    {PART_RESPONSE_REASON, SHOW_GIVEN    },
    {PART_DECISION,        SHOW_GIVEN    },
    {PART_DECISION_REASON, SHOW_GIVEN    },
    {PART_FIRST_DUE,       SHOW_FILLED   },
    {PART_DUE_REASON,      SHOW_FILLED   },
    {PART_UPDATES,         SHOW_UNDER_WAY},
    {PART_DONE_EVIDENCE,   SHOW_UNDER_WAY},
    {PART_CLAIMED_BY,      SHOW_FILLED   },
    {PART_CLOSED_BY,       SHOW_FILLED   },
    {PART_CLOSED_ON,       SHOW_FILLED   },
    {PART_CLOSE_REASON,    SHOW_FILLED   },
    {PART_IMPACT,          SHOW_UNDER_WAY},
    {PART_IMPACT_EVIDENCE, SHOW_UNDER_WAY},
    {PART_LEADS_TO,        SHOW_FILLED   },
};

static enum showing showing_of(uint16_t part)
{
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (rows[i].part == part)
            return rows[i].when;
    return SHOW_ALWAYS;
}

static bool is_empty(struct editor *ed, struct field f)
{
    const struct text *t = audit_text(model_audit(ed), f);
    bool pending;
    return !(t && text_len_cp(t)) && !*replica_value(ed->r, f, &pending).value;
}

/* Of a list to choose from, an item opens once it is chosen. */
static bool is_folded(struct editor *ed, struct field f)
{
    const struct question *q = template_question(audit_template(model_audit(ed)), f.question);
    const struct part_def *def = part_find((enum part)f.part);
    struct field check = {f.question, PART_CHECK, f.item};
    return q->choose && def->kinds & KINDS_OF_CHECKLIST && f.part != PART_CHECK &&
           is_empty(ed, check);
}

/* One's own view counts before it is confirmed. */
static bool is_view(const struct editor *ed, struct field f, const char *value)
{
    struct field view = {f.question, PART_VIEW, f.item};
    bool pending;
    return !strcmp(replica_value(ed->r, view, &pending).value, value);
}

bool model_is_shown(struct editor *ed, struct field f)
{
    struct field status = {f.question, PART_STATUS, f.item};
    if (field_equal(f, ed->field) || !is_empty(ed, f))
        return true;
    switch (showing_of(f.part)) {
    case SHOW_ALWAYS:
        return !is_folded(ed, f);
    case SHOW_FILLED:
        return false;
    case SHOW_GIVEN:
        return audit_right(model_audit(ed), replica_me(ed->r), f, NULL) == RIGHT_WRITE;
    case SHOW_UNDER_WAY:
        return !is_empty(ed, status);
    case SHOW_DIFFERS:
        return is_view(ed, f, "differ") || is_view(ed, f, "insufficient");
    case SHOW_OTHER:
        return is_view(ed, f, "differ");
    }
    return true;
}
