/* Who may ask for which move in which state: every cell of role x state x move of every path, held
 * against rows that were typed from the field's own table of states. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "tests/lib/life_make.h"

/* Which records a row is for. */
enum { ALL = 0, WEAK = 'w', SOUND = 's', SGO = 'g', OTHER = 'o' };

struct cell {
    const char *from, *to; /* `from`: several, joined by blanks */
    const char *who;       /* several; "moderator", "signer" and "calendar" are no roles */
    int only;
};

/* clang-format off */
static const struct cell audit_cells[] = {
    {"PLANNED",         "PREPARING",       "calendar",  ALL},
    {"PREPARING",       "IN_PROGRESS",     "FRO",       ALL},
    {"IN_PROGRESS",     "AGREED",          "FRO FSW FTM", ALL},
    {"AGREED",          "IN_PROGRESS",     "signer",    ALL},
    {"AGREED",          "SUBMITTED",       "FRO",       ALL},
    {"SUBMITTED",       "MODERATING",      "QA",        ALL},
    {"MODERATING",      "RETURNED",        "moderator", ALL},
    {"RETURNED",        "MODERATING",      "FRO",       ALL},
    {"MODERATING",      "MODERATED",       "moderator", ALL},
    {"MODERATED",       "ACTION_PLANNING", "calendar",  ALL},
    {"ACTION_PLANNING", "ASSURANCE",       "FTM",       WEAK},
    {"ACTION_PLANNING", "FOLLOW_UP",       "FTM",       SOUND},
    {"ASSURANCE",       "FOLLOW_UP",       "SM",        ALL},
    {"ASSURANCE",       "ACTION_PLANNING", "SM",        ALL},
    {"FOLLOW_UP",       "CLOSED",          "FTM",       SOUND},
    {"FOLLOW_UP",       "CLOSED",          "SM",        WEAK},
    {"CLOSED",          "IN_PROGRESS",     "QA",        ALL},
    {"PLANNED PREPARING IN_PROGRESS AGREED SUBMITTED MODERATING RETURNED", "WITHDRAWN", "QA", ALL},
    {0}
};
static const struct cell short_cells[] = {
    {"PLANNED",         "IN_PROGRESS",     "IRO moderator",     ALL},
    {"IN_PROGRESS",     "AGREED",          "IRO moderator",     ALL},
    {"AGREED",          "IN_PROGRESS",     "signer",            ALL},
    {"AGREED",          "ACTION_PLANNING", "IRO moderator",     ALL},
    {"ACTION_PLANNING", "CLOSED",          "FTM IRO moderator", ALL},
    {"PLANNED IN_PROGRESS AGREED", "WITHDRAWN", "QA",           ALL},
    {0}
};
static const struct cell observation_cells[] = {
    {"PLANNED",     "IN_PROGRESS", "FTM SM HOS DIR", ALL},
    {"IN_PROGRESS", "AGREED",      "FTM SM HOS DIR", ALL},
    {"AGREED",      "IN_PROGRESS", "signer",         ALL},
    {"AGREED",      "FOLLOW_UP",   "FTM SM HOS DIR", ALL},
    {"FOLLOW_UP",   "CLOSED",      "FTM SM HOS DIR", ALL},
    {"PLANNED IN_PROGRESS AGREED", "WITHDRAWN", "QA", ALL},
    {0}
};
static const struct cell young_person_cells[] = { /* their words are the IRO's to write */
    {"PLANNED",     "IN_PROGRESS", "IRO moderator", ALL},
    {"IN_PROGRESS", "CLOSED",      "IRO moderator", ALL},
    {"PLANNED IN_PROGRESS", "WITHDRAWN", "QA", ALL},
    {0}
};
static const struct cell meeting_cells[] = {
    {"PLANNED",     "IN_PROGRESS", "SM",     OTHER},
    {"PLANNED",     "IN_PROGRESS", "FTM",    SGO},
    {"IN_PROGRESS", "FOLLOW_UP",   "SM",     OTHER},
    {"IN_PROGRESS", "FOLLOW_UP",   "FTM",    SGO},
    {"FOLLOW_UP",   "CLOSED",      "SM FTM", ALL},
    {"PLANNED IN_PROGRESS", "WITHDRAWN", "SM QA", ALL},
    {0}
};
static const struct cell challenge_cells[] = {
    {"PLANNED",     "IN_PROGRESS", "IRO moderator", ALL},
    {"IN_PROGRESS", "IN_PROGRESS", "IRO moderator", ALL},
    {"IN_PROGRESS", "FOLLOW_UP",   "IRO moderator", ALL},
    {"IN_PROGRESS", "CLOSED",      "IRO moderator", ALL},
    {"FOLLOW_UP",   "CLOSED",      "IRO moderator", ALL},
    {"PLANNED IN_PROGRESS", "WITHDRAWN", "IRO moderator QA", ALL},
    {0}
};

static const struct world {
    const char *name, *template_path, *where, *value; /* an answer that decides which rows hold */
    int kind;
    const struct cell *cells;
    enum life_path path;
} worlds[] = {
    {"audit",         "tests/unit/rules/life_audit.yaml", "L1.grade_agreed", "good",       SOUND, audit_cells, LIFE_AUDIT},
    {"weaker audit",  "tests/unit/rules/life_audit.yaml", "L1.grade_agreed", "requires_improvement", WEAK, audit_cells, LIFE_AUDIT},
    {"fostering",     "server/content/fca.yaml",          "L1.grade_agreed", "inadequate", WEAK,  audit_cells, LIFE_AUDIT},
    {"thematic",      "server/content/psa.yaml",          "",                "",           SOUND, audit_cells, LIFE_AUDIT},
    {"dip",           "server/content/ida.yaml",          "",                "",           ALL,   short_cells, LIFE_SHORT},
    {"observation",   "server/content/obs.yaml",          "",                "",           ALL,   observation_cells, LIFE_OBSERVATION},
    {"young person",  "server/content/vyp.yaml",          "",                "",           ALL,   young_person_cells, LIFE_FEEDBACK},
    {"meeting",       "server/content/cpm.yaml",          "",                "",           OTHER, meeting_cells, LIFE_MEETING},
    {"SGO meeting",   "server/content/cpm.yaml",          "A3.choice",       "sgo",        SGO,   meeting_cells, LIFE_MEETING},
    {"challenge",     "server/content/cha.yaml",          "",                "",           ALL,   challenge_cells, LIFE_CHALLENGE},
};
/* clang-format on */

/* ---- the people of the matrix ---- */

enum { FIRST = 100, MODERATOR = FIRST + ROLE_COUNT, SIGNER, STRANGER, PEOPLE_END };

static const char *word_of(uint32_t person)
{
    return person == 0           ? "calendar"
           : person == MODERATOR ? "moderator"
           : person == SIGNER    ? "signer"
                                 : role_code((enum role)(person - FIRST));
}

/* Members of a board and operators take no part in an audit. */
static bool is_outside(uint32_t person)
{
    return person == STRANGER || person == FIRST + ROLE_BOARD || person == FIRST + ROLE_ADMIN;
}

static void join(struct life_world *w, uint32_t person, enum role role)
{
    struct person p = {
        .viewer = {person, {{role, "North"}}, 1}
    };
    (void)snprintf(p.name, sizeof p.name, "P%u", person); /* short */
    cr_assert_eq(people_put(w->people, &p), ERR_OK);
    if (!is_outside(person))
        cr_assert_eq(room_member(w->r, person, role, ""), ERR_OK, "%s", w->r->why.text);
}

/* Everyone takes part as the role they have; the signer is one who writes no more than that. */
static struct life_world *make_world(const struct world *of, enum audit_state s)
{
    struct life_world *w = life_world_new(of->template_path);
    for (enum role r = ROLE_FRO; r < ROLE_COUNT; r++)
        join(w, FIRST + r, r);
    join(w, MODERATOR, ROLE_IRO);
    join(w, SIGNER, ROLE_SSL); /* a part that nothing else is asked of */
    join(w, STRANGER, ROLE_FRO);
    if (*of->where)
        life_force(w, of->where, of->value);
    struct audit_op assign = {
        .kind = OP_ASSIGN, .assign = {MODERATOR, ""}
    };
    struct audit_op sign = {
        .kind = OP_SIGN,
        .sign = {
                 .role = ROLE_FSW, .revision = audit_revision(w->r->a), .difference = "", .reason = ""}
    };
    cr_assert_eq(room_serve(w->r, FIRST + ROLE_QA, assign), ERR_OK, "%s", w->r->why.text);
    cr_assert_eq(room_serve(w->r, SIGNER, sign), ERR_OK, "%s", w->r->why.text);
    life_at(w, s);
    return w;
}

/* From 0, the calendar, over all who take part, to the stranger. */
static uint32_t next_person(uint32_t person)
{
    person = person ? person + 1 : FIRST + ROLE_FRO;
    while (person < STRANGER && is_outside(person))
        person++;
    return person;
}

/* ---- what is expected ---- */

static bool has_word(const char *words, const char *word)
{
    size_t len = strlen(word);
    for (const char *s = words; (s = strstr(s, word)); s += len)
        if ((s == words || s[-1] == ' ') && (s[len] == ' ' || !s[len]))
            return true;
    return false;
}

enum expected { GOES_ON, NO_ROLE, NO_STATE };

static enum expected expect(const struct world *of, const char *who, const char *from,
                            const char *to)
{
    bool ever_mine = false, ever = false, here = false, mine = false;
    for (const struct cell *c = of->cells; c->from; c++) {
        if (strcmp(c->to, to) != 0)
            continue;
        ever = true;
        ever_mine = ever_mine || has_word(c->who, who);
        if (has_word(c->from, from) && (!c->only || c->only == of->kind)) {
            here = true;
            mine = mine || has_word(c->who, who);
        }
    }
    return mine ? GOES_ON : ever && !ever_mine ? NO_ROLE : !here ? NO_STATE : NO_ROLE;
}

static enum expected answer(struct life_world *w, uint32_t person, enum audit_state to)
{
    static const struct viewer calendar = {.person = 0};
    struct life_request q = {.who = person ? &people_find(w->people, person)->viewer : &calendar,
                             .to = to,
                             .reason = "",
                             .difference = ""};
    enum err e = life_world_check(w, &q);
    if (!e || e == ERR_INPUT || w->nmissing)
        return GOES_ON; /* what is missing is the guards' business */
    cr_assert(*w->why.text);
    return e == ERR_REFUSED_ROLE ? NO_ROLE : NO_STATE;
}

Test(life_matrix, every_cell_is_as_the_field_says)
{
    size_t cells[3] = {0};
    for (size_t i = 0; i < sizeof worlds / sizeof *worlds; i++)
        for (enum audit_state s = AUDIT_PLANNED; s <= AUDIT_WITHDRAWN; s++) {
            struct life_world *w = make_world(&worlds[i], s);
            cr_assert_eq(life_path_of(w->t), worlds[i].path);
            for (uint32_t person = 0; person < STRANGER; person = next_person(person))
                for (enum audit_state to = AUDIT_PLANNED; to <= AUDIT_WITHDRAWN; to++) {
                    enum expected want = expect(&worlds[i], word_of(person), audit_state_code(s),
                                                audit_state_code(to));
                    enum expected got = answer(w, person, to);
                    cells[want]++;
                    cr_assert_eq(got, want, "%s: %s asks for %s -> %s: %d, not %d (%s)",
                                 worlds[i].name, word_of(person), audit_state_code(s),
                                 audit_state_code(to), got, want, w->why.text);
                }
            life_world_free(w);
        }
    cr_assert_gt(cells[GOES_ON], 150, "%zu", cells[GOES_ON]);
    cr_assert_gt(cells[NO_ROLE], 5000);
    cr_assert_gt(cells[NO_STATE], 500);
}

Test(life_matrix, who_takes_no_part_learns_nothing)
{
    for (size_t i = 0; i < sizeof worlds / sizeof *worlds; i++)
        for (enum audit_state s = AUDIT_PLANNED; s <= AUDIT_WITHDRAWN; s++) {
            struct life_world *w = make_world(&worlds[i], s);
            for (uint32_t person = FIRST; person <= STRANGER; person++) {
                struct life_request q = {0};
                for (enum audit_state to = AUDIT_PLANNED;
                     is_outside(person) && to <= AUDIT_WITHDRAWN; to++) {
                    q = life_world_request(w, person, to);
                    q.sign = to == AUDIT_AGREED;
                    cr_assert_eq(life_world_check(w, &q), ERR_NOT_FOUND);
                    cr_assert_eq(w->nmissing + w->nwarnings, 0);
                    cr_assert_str_eq(w->why.text, err_text(ERR_NOT_FOUND));
                }
            }
            life_world_free(w);
        }
}

/* ---- signing ---- */

struct signing {
    enum life_path path;
    const char *who, *when;
};
/* The one who signs for an absent practitioner is asked in test_life_agree.c. */
static const struct signing signings[] = {
    {LIFE_AUDIT,       "FRO FSW",        "IN_PROGRESS RETURNED"},
    {LIFE_SHORT,       "IRO moderator",  "IN_PROGRESS"         },
    {LIFE_OBSERVATION, "FTM SM HOS DIR", "IN_PROGRESS"         },
    {LIFE_FEEDBACK,    "",               ""                    },
    {LIFE_MEETING,     "",               ""                    },
    {LIFE_CHALLENGE,   "",               ""                    },
};

static const struct signing *signing_of(enum life_path p)
{
    for (size_t i = 0; i < sizeof signings / sizeof *signings; i++)
        if (signings[i].path == p)
            return &signings[i];
    return NULL;
}

Test(life_matrix, who_signs_in_which_state)
{
    size_t yes = 0;
    for (size_t i = 0; i < sizeof worlds / sizeof *worlds; i++)
        for (enum audit_state s = AUDIT_PLANNED; s <= AUDIT_WITHDRAWN; s++) {
            struct life_world *w = make_world(&worlds[i], s);
            const struct signing *rule = signing_of(worlds[i].path);
            for (uint32_t person = next_person(0); person < STRANGER;
                 person = next_person(person)) {
                struct life_request q = life_world_request(w, person, 0);
                q.sign = true;
                enum err e = life_world_check(w, &q);
                bool role = has_word(rule->who, word_of(person));
                bool state = has_word(rule->when, audit_state_code(s));
                bool second = role && person == FIRST + ROLE_FSW; /* the SIGNER signed as FSW */
                enum err want = *rule->who && !role ? ERR_REFUSED_ROLE : ERR_REFUSED_STATE;
                if (role && state && !second) {
                    cr_assert(!e || w->nmissing, "%s: %s in %s: %s", worlds[i].name,
                              word_of(person), audit_state_code(s), w->why.text);
                    yes++;
                } else {
                    cr_assert_eq(e, want, "%s: %s in %s: %s", worlds[i].name, word_of(person),
                                 audit_state_code(s), w->why.text);
                    cr_assert_eq(w->nmissing, 0);
                }
            }
            life_world_free(w);
        }
    cr_assert_gt(yes, 10);
}

/* ---- the table itself ---- */

Test(life_matrix, every_row_says_what_it_needs_to)
{
    size_t n;
    const struct life_move *rows = life_table(&n);
    const struct life_guard_row *guards = life_guards();
    for (size_t i = 0; i < n; i++) {
        const struct life_move *r = &rows[i];
        cr_assert(r->from && r->who && *r->title, "row %zu", i);
        cr_assert_eq(r->excused & ~r->guards, 0, "row %zu excuses what it does not ask", i);
        cr_assert_eq(r->reason == LIFE_EXCUSES, r->excused != 0, "row %zu", i);
        cr_assert(r->reason == LIFE_NO_REASON || *r->reason_for, "row %zu asks for what reason?",
                  i);
        cr_assert(r->how != LIFE_FOLLOWS || r->to > AUDIT_MODERATED, "no circle of followers");
        cr_assert_leq((int)r->clock, CLOCK_COUNT);
    }
    for (unsigned g = 0; g < GUARD_COUNT; g++) {
        cr_assert_eq(guards[g].guard, g);
        cr_assert(guards[g].needs && *guards[g].needs && guards[g].who && *guards[g].who);
    }
}

/* The clocks of the field's table of states. */
struct clocked {
    enum audit_state from, to;
    enum clock clock;
};
static const struct clocked clocks[] = {
    {AUDIT_PLANNED,         AUDIT_PREPARING,  CLOCK_PREPARE_DAYS },
    {AUDIT_IN_PROGRESS,     AUDIT_AGREED,     CLOCK_AGREE_DAYS   },
    {AUDIT_SUBMITTED,       AUDIT_MODERATING, CLOCK_FORWARD_DAYS },
    {AUDIT_RETURNED,        AUDIT_MODERATING, CLOCK_ANSWER_DAYS  },
    {AUDIT_MODERATING,      AUDIT_MODERATED,  CLOCK_MODERATE_DAYS},
    {AUDIT_ACTION_PLANNING, AUDIT_ASSURANCE,  CLOCK_PLAN_DAYS    },
    {AUDIT_ACTION_PLANNING, AUDIT_FOLLOW_UP,  CLOCK_PLAN_DAYS    },
    {AUDIT_ASSURANCE,       AUDIT_FOLLOW_UP,  CLOCK_ASSURE_DAYS  },
};

Test(life_matrix, every_state_has_the_clock_of_the_field)
{
    size_t n, found = 0;
    const struct life_move *rows = life_table(&n);
    for (size_t c = 0; c < sizeof clocks / sizeof *clocks; c++)
        for (size_t i = 0; i < n; i++)
            if (rows[i].path == LIFE_AUDIT && rows[i].from & STATE_BIT(clocks[c].from) &&
                rows[i].to == clocks[c].to) {
                cr_assert_eq(rows[i].clock, clocks[c].clock, "%s", rows[i].title);
                found++;
            }
    cr_assert_eq(found, sizeof clocks / sizeof *clocks);
}

struct creators {
    enum life_path path;
    role_set who;
};
static const struct creators creators[] = {
    {LIFE_AUDIT,       ROLE_BIT(ROLE_QA) | ROLE_BIT(ROLE_FRO) | ROLE_BIT(ROLE_FTM)                          },
    {LIFE_SHORT,       ROLE_BIT(ROLE_QA) | ROLE_BIT(ROLE_IRO)                                               },
    {LIFE_OBSERVATION, ROLE_BIT(ROLE_QA) | ROLE_BIT(ROLE_FRO) | ROLE_BIT(ROLE_FTM) |
                           ROLE_BIT(ROLE_SM) | ROLE_BIT(ROLE_HOS) | ROLE_BIT(ROLE_DIR)},
    {LIFE_FEEDBACK,    ROLE_BIT(ROLE_QA) | ROLE_BIT(ROLE_FRO) | ROLE_BIT(ROLE_FSW) |
                        ROLE_BIT(ROLE_CSW) | ROLE_BIT(ROLE_IRO)                          },
    {LIFE_MEETING,     ROLE_BIT(ROLE_QA) | ROLE_BIT(ROLE_SM) | ROLE_BIT(ROLE_FTM) | ROLE_BIT(ROLE_CSW) |
                       ROLE_BIT(ROLE_IRO)                                                 },
    {LIFE_CHALLENGE,   ROLE_BIT(ROLE_IRO) | ROLE_BIT(ROLE_IROM)                                             },
};

Test(life_matrix, who_opens_a_record_of_each_kind)
{
    for (size_t i = 0; i < sizeof creators / sizeof *creators; i++)
        cr_assert_eq(life_creators(creators[i].path), creators[i].who, "%s",
                     life_path_code(creators[i].path));
}

/* ---- printed ---- */

Test(life_matrix, the_rules_and_the_diagram_show_every_row)
{
    struct clock_values clock;
    struct buf text = BUF_INIT, dot = BUF_INIT;
    size_t n;
    const struct life_move *rows = life_table(&n);
    clock_values_default(&clock);
    clock.moderate_days = 17;
    life_rules_text(&text, &clock);
    life_rules_dot(&dot);
    for (size_t i = 0; i < n; i++) {
        cr_assert(strstr(buf_cstr(&text), rows[i].title), "%s", rows[i].title);
        cr_assert(strstr(buf_cstr(&dot), rows[i].title), "%s", rows[i].title);
    }
    for (unsigned p = 0; p < LIFE_PATHS; p++) {
        cr_assert(strstr(buf_cstr(&text), life_path_title((enum life_path)p)));
        cr_assert(strstr(buf_cstr(&dot), life_path_code((enum life_path)p)));
    }
    cr_assert(strstr(buf_cstr(&text), "MODERATING -> RETURNED: Return it with questions"));
    cr_assert(strstr(buf_cstr(&text), "17 working days†"), "the site's own value is printed");
    cr_assert(strstr(buf_cstr(&dot), "ACTION_PLANNING -> ASSURANCE"));
    buf_free(&text);
    buf_free(&dot);
}
