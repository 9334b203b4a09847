/* The table for people: as text, and as state diagrams. */

#include <string.h>

#include "server/rules/life_inner.h"

struct when_words {
    enum life_when when;
    const char *words;
};
static const struct when_words whens[] = {
    {LIFE_WHEN_WEAK,    "a weaker audit: a weak overall grade, or the lowest for a key judgement"},
    {LIFE_WHEN_SOUND,   "not a weaker audit"                                                     },
    {LIFE_WHEN_SGO,     "about special guardianship (SGO)"                                       },
    {LIFE_WHEN_NOT_SGO, "not about special guardianship (SGO)"                                   },
};

static const char *when_words(enum life_when when)
{
    for (size_t i = 0; i < sizeof whens / sizeof *whens; i++)
        if (whens[i].when == when)
            return whens[i].words;
    return "";
}

static void say_from(const struct life_move *row, struct buf *out)
{
    const char *between = "";
    if (row->from & STATE_BIT(LIFE_BEGINNING))
        buf_append_str(out, "(beginning)");
    for (enum audit_state s = AUDIT_PLANNED; s <= AUDIT_WITHDRAWN; s++)
        if (row->from & STATE_BIT(s)) {
            buf_appendf(out, "%s%s", between, audit_state_code(s));
            between = ", ";
        }
}

static void say_needs(const struct life_move *row, struct buf *out)
{
    for (enum life_guard g = 0; g < GUARD_COUNT; g++)
        if (row->guards & GUARD_BIT(g))
            buf_appendf(out, "      needs: %s%s\n", life_guards()[g].needs,
                        row->excused & GUARD_BIT(g) ? ", or a reason without" : "");
}

static void say_clock(enum clock c, const struct clock_values *v, struct buf *out)
{
    char length[32];
    clock_say(v, c, length);
    buf_appendf(out, "      clock: %s%s %s\n", length, clock_row(c)->law ? " (§)" : "†",
                clock_row(c)->help);
}

static void say_row(const struct life_move *row, const struct clock_values *v, struct buf *out)
{
    buf_append_str(out, "  ");
    say_from(row, out);
    buf_appendf(out, " -> %s: %s\n      who: ", audit_state_code(row->to), row->title);
    life_say_roles(row->who, out);
    buf_append_str(out, row->how == LIFE_SIGNED ? " (tandem sign)\n" : "\n");
    if (row->when)
        buf_appendf(out, "      only: %s\n", when_words(row->when));
    say_needs(row, out);
    if (*row->reason_for)
        buf_appendf(out, "      reason%s: %s\n", row->reason == LIFE_EXCUSES ? ", then" : "",
                    row->reason_for);
    if (*row->records)
        buf_appendf(out, "      recorded: %s\n", row->records);
    if (row->clock != CLOCK_COUNT)
        say_clock(row->clock, v, out);
    if (row->clock == CLOCK_PLAN_DAYS)
        say_clock(CLOCK_PLAN_DAYS_INADEQUATE, v, out);
}

void life_rules_text(struct buf *out, const struct clock_values *clock)
{
    size_t n;
    const struct life_move *rows = life_table(&n);
    buf_append_str(out, "Every move records who, when, the revision and its fingerprint.\n"
                        "† a setting of this site; other authorities may choose another.\n");
    for (enum life_path p = 0; p < LIFE_PATHS; p++) {
        buf_appendf(out, "\n%s\n", life_path_title(p));
        for (size_t i = 0; i < n; i++)
            if (rows[i].path == p)
                say_row(&rows[i], clock, out);
    }
}

/* ---- diagrams ---- */

static void say_codes(uint32_t who, struct buf *out)
{
    static const struct part_code {
        uint32_t part;
        const char *code;
    } more[] = {
        {LIFE_MODERATOR, "moderator"},
        {LIFE_SIGNER,    "signer"   },
        {LIFE_WRITER,    "writer"   },
        {LIFE_SERVER,    "calendar" },
    };
    const char *between = "";
    for (enum role r = ROLE_NONE; r < ROLE_COUNT; r++)
        if (who & ROLE_BIT(r)) {
            buf_appendf(out, "%s%s", between, role_code(r));
            between = ", ";
        }
    for (size_t i = 0; i < sizeof more / sizeof *more; i++)
        if (who & more[i].part) {
            buf_appendf(out, "%s%s", between, more[i].code);
            between = ", ";
        }
}

static void draw_edge(const struct life_move *row, enum audit_state from, struct buf *out)
{
    static const char *const styles[] = {[LIFE_ASKED] = "solid",
                                         [LIFE_SIGNED] = "bold",
                                         [LIFE_CALENDAR] = "dashed",
                                         [LIFE_FOLLOWS] = "dotted"};
    buf_appendf(out, "  %s -> %s [style=%s, label=\"%s\\n", from ? audit_state_code(from) : "begin",
                audit_state_code(row->to), styles[row->how], row->title);
    say_codes(row->who, out);
    if (row->when)
        buf_appendf(out, "\\n%s", when_words(row->when));
    buf_append_str(out, "\"];\n");
}

void life_rules_dot(struct buf *out)
{
    size_t n;
    const struct life_move *rows = life_table(&n);
    for (enum life_path p = 0; p < LIFE_PATHS; p++) {
        buf_appendf(out,
                    "digraph %s {\n  label=\"%s\";\n  node [shape=box, style=rounded];\n"
                    "  begin [shape=point];\n",
                    life_path_code(p), life_path_title(p));
        for (size_t i = 0; i < n; i++)
            for (unsigned s = LIFE_BEGINNING; rows[i].path == p && s <= AUDIT_WITHDRAWN; s++)
                if (rows[i].from & STATE_BIT(s))
                    draw_edge(&rows[i], (enum audit_state)s, out);
        buf_append_str(out, "}\n");
    }
}
