#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "tests/lib/audit_make.h"
#include "tests/lib/leaks.h"

/* ---- role x part x state, as a table ---- */

/* Where, and what to set there; texts are typed in, lists get an item. */
static const struct column {
    const char *where, *value;
} columns[] = {
    {"A2.carer_ref",    "CA-1"        },
    {"B2",              "yes"         },
    {"C2",              NULL          },
    {"J1",              "asked"       },
    {"J1.words",        NULL          },
    {"J3.status",       "obtained"    },
    {"J3.words",        NULL          },
    {"K1.date",         "2026-05-05"  },
    {"L1.findings",     NULL          },
    {"L1[1].no_action", "all is well" },
    {"L3.actions",      NULL          },
    {"L3[1].specific",  NULL          },
    {"L3[1].updates",   NULL          },
    {"L3[1].status",    "done_claimed"},
    {"B1.grade_final",  "good"        },
    {"M1[B1].view",     "agree"       },
    {"M1[B1].response", "accept"      },
    {"M1[B1].decision", "good"        },
    {"M2",              "yes"         },
};
enum { COLUMNS = sizeof columns / sizeof *columns };

#define NOT_SHOWN "--- ---- - -- ---- - ----"
#define READS     "RRR RRR- R RR RRRR R RRRR"
#define OUTSIDE   "RRR R-R- R RR RRRR R RRRR" /* does not see what the worker says of themselves */

/* W write, C comment, R read, - not shown; spaces only for the eye. Nothing is shared by the young
 * person here. Who is missing in a row's states reads (CSW and HOS as OUTSIDE); the last two of the
 * people see nothing in any. */
struct grid {
    enum audit_state states[8];
    const char *rows[P_END];
};
static const struct grid grids[] = {
  /* A2 B2 C2, J1 words J3 words, K1, L1 no_action, L3 specific updates status, final,
  view response decision M2 */
    {{AUDIT_PLANNED, AUDIT_PREPARING},
     {[P_FRO] = "WRR WWR- R RR RRRR R RRRR",
      [P_FSW] = "WRR WWR- R RR RRRR R RRRR",
      [P_IRO] = "RRR RRWW R RR RRRR R RRRR"}                                                  },
    {{AUDIT_IN_PROGRESS},
     {[P_FRO] = "WWW WWR- W WW WWWC C RRRR",
      [P_FSW] = "WWW WWR- W WW WWWC C RRRR",
      [P_CSW] = "RWR R-R- R RR RRRR C RRRR",
      [P_IRO] = "CCC CCWW C CC CCCC C CCCC",
      [P_FTM] = "RCR RRR- R RR RRRR C RRRR"}                                                  },
    {{AUDIT_AGREED, AUDIT_SUBMITTED},
     {[P_FRO] = "CCC CCR- C CC CCCC C RRRR",
      [P_FSW] = "CCC CCR- C CC CCCC C RRRR",
      [P_CSW] = "RCR R-R- R RR RRRR C RRRR",
      [P_IRO] = "CCC CCCC C CC CCCC C CCCC",
      [P_FTM] = "RCR RRR- R RR RRRR C RRRR"}                                                  },
    {{AUDIT_MODERATING},
     {[P_FRO] = "CCC CCR- C CC CCCC C RWRR",
      [P_FSW] = "CCC CCR- C CC CCCC C RRRR",
      [P_CSW] = "RCR R-R- R RR RRRR C RRRR",
      [P_IRO] = "CCC CCCC C CC CCCC C WCCW",
      [P_QA] = "RRR RRR- R RR RRRR R RRWR",
      [P_FTM] = "RCR RRR- R RR RRRR C RRRR"}                                                  },
    {{AUDIT_RETURNED},
     {[P_FRO] = "WWW WWR- W WW WWWC C RWRR",
      [P_FSW] = "WWW WWR- W WW WWWC C RRRR",
      [P_CSW] = "RWR R-R- R RR RRRR C RRRR",
      [P_IRO] = "CCC CCWW C CC CCCC C CCCC",
      [P_FTM] = "RCR RRR- R RR RRRR C RRRR"}                                                  },
    {{AUDIT_ACTION_PLANNING},
     {[P_FRO] = "RRR RRR- R RW WWWR R RRRR",
      [P_FSW] = "RRR RRR- R RW WWWR R RRRR",
      [P_IRO] = "RRR RRRR R RR RRRR R RRRR",
      [P_FTM] = "RRR RRR- R RW WWWR R RRRR"}                                                  },
    {{AUDIT_ASSURANCE},
     {[P_IRO] = "RRR RRRR R RR RRRR R RRRR",
      [P_FTM] = "CCC CCC- C CC CCCC C CCCC",
      [P_SM] = "CCC CCC- C CC CCCC C CCCC"}                                                   },
    {{AUDIT_FOLLOW_UP},
     {[P_FRO] = "RRR RRR- R RR WRWR R RRRR",
      [P_FSW] = "RRR RRR- R RR WRWR R RRRR",
      [P_IRO] = "RRR RRRR R RR RRRR R RRRR",
      [P_FTM] = "RRR RRR- R RR WRWR R RRRR",
      [P_SM] = "RRR RRR- R RR WRWR R RRRR"}                                                   },
    {{AUDIT_MODERATED, AUDIT_CLOSED, AUDIT_WITHDRAWN}, {[P_IRO] = "RRR RRRR R RR RRRR R RRRR"}},
};

static const char *row_of(const struct grid *g, uint32_t person)
{
    if (g->rows[person])
        return g->rows[person];
    if (person == P_FTM_SOUTH || person == P_STRANGER)
        return NOT_SHOWN;
    return person == P_CSW || person == P_HOS ? OUTSIDE : READS;
}

static enum right right_of(char c)
{
    return c == 'W' ? RIGHT_WRITE : c == 'C' ? RIGHT_COMMENT : c == 'R' ? RIGHT_READ : RIGHT_NONE;
}

/* With a finding and an action. */
static struct room *room_in(enum audit_state state)
{
    struct room *r = room_new();
    cr_assert_eq(room_add(r, P_FRO, "L1.findings"), ERR_OK);
    cr_assert_eq(room_add(r, P_FRO, "L3.actions"), ERR_OK);
    if (state != AUDIT_IN_PROGRESS)
        cr_assert_eq(room_move(r, state), ERR_OK);
    return r;
}

/* `fn` for each cell, in a room that is in the cell's state. */
static void each_cell(void (*fn)(struct room *r, uint32_t person, const struct column *at,
                                 enum right expected))
{
    unsigned states_seen = 0;
    for (size_t g = 0; g < sizeof grids / sizeof *grids; g++)
        for (size_t s = 0; s < 8 && grids[g].states[s]; s++) {
            struct room *r = room_in(grids[g].states[s]);
            states_seen |= 1u << grids[g].states[s];
            for (uint32_t p = P_FRO; p < P_END; p++) {
                size_t column = 0;
                for (const char *c = row_of(&grids[g], p); *c; c++)
                    if (*c != ' ')
                        fn(r, p, &columns[column++], right_of(*c));
                cr_assert_eq(column, COLUMNS);
            }
            room_free(r);
        }
    cr_assert_eq(states_seen, 0x3ffe, "every state has its grid");
}

static void ask(struct room *r, uint32_t person, const struct column *at, enum right expected)
{
    struct err_info why = {0};
    enum right got = audit_right(r->a, audit_make_viewer(person), room_field(r, at->where), &why);
    cr_assert_eq(got, expected, "person %u, %s in %s: %d, expected %d (%s)", (unsigned)person,
                 at->where, audit_state_code(audit_info(r->a).state), (int)got, (int)expected,
                 why.text);
    cr_assert_eq(got < RIGHT_WRITE, why.code != ERR_OK, "less than writing says why");
}

Test(audit_rights, each_role_in_each_part_in_each_state)
{
    each_cell(ask);
    CHECK_NO_LEAKS();
}

/* What the table says, audit_check does. */
static void try_to_write(struct room *r, uint32_t person, const struct column *at,
                         enum right expected)
{
    enum part_type type = part_find((enum part)room_field(r, at->where).part)->type;
    enum err e = type == TYPE_TEXT   ? room_type(r, person, at->where, "x")
                 : type == TYPE_LIST ? room_add(r, person, at->where)
                                     : room_set(r, person, at->where, at->value);
    cr_assert_eq(e == ERR_OK, expected == RIGHT_WRITE, "person %u, %s in %s: %s (%s)",
                 (unsigned)person, at->where, audit_state_code(audit_info(r->a).state), err_name(e),
                 r->why.text);
    if (e)
        cr_assert(e == ERR_REFUSED_ROLE || e == ERR_REFUSED_STATE || e == ERR_NOT_FOUND, "%s",
                  err_name(e));
}

Test(audit_rights, nothing_is_written_without_the_right)
{
    each_cell(try_to_write);
    CHECK_NO_LEAKS();
}

static void try_to_comment(struct room *r, uint32_t person, const struct column *at,
                           enum right expected)
{
    enum err e = room_comment(r, person, at->where, "?");
    cr_assert_eq(e == ERR_OK, expected >= RIGHT_COMMENT, "person %u, %s in %s: %s (%s)",
                 (unsigned)person, at->where, audit_state_code(audit_info(r->a).state), err_name(e),
                 r->why.text);
    if (e)
        return;
    const struct audit_comment *c = audit_comment_at(r->a, audit_comment_count(r->a) - 1);
    struct audit_op reply = {
        .kind = OP_COMMENT_REPLY, .comment = {.comment = c->id, .text = "."}
    };
    struct audit_op resolve = {
        .kind = OP_COMMENT_RESOLVE, .comment = {.comment = c->id, .text = ""}
    };
    struct field f = c->field;
    for (uint32_t p = P_FRO; p < P_END; p++) {
        bool may = audit_right(r->a, audit_make_viewer(p), f, NULL) >= RIGHT_COMMENT;
        cr_assert_eq(room_do(r, p, &reply, 1) == ERR_OK, may);
    }
    cr_assert_eq(room_do(r, P_HOS, &resolve, 1) == ERR_OK, false);
    cr_assert_eq(room_do(r, person, &resolve, 1), ERR_OK);
}

Test(audit_rights, nothing_is_commented_on_without_the_right)
{
    each_cell(try_to_comment);
    CHECK_NO_LEAKS();
}

/* ---- parts with an owner ---- */

Test(audit_rights, each_grade_has_its_owner)
{
    static const struct {
        const char *where;
        uint32_t writer; /* 0: nobody */
    } grades[] = {
        {"B1.grade_auditor",      P_FRO},
        {"B1.grade_practitioner", P_FSW},
        {"B1.grade_agreed",       P_FRO},
        {"B1.grade_moderator",    0    },
        {"B1.grade_final",        0    }
    };
    struct room *r = room_new();
    for (size_t i = 0; i < sizeof grades / sizeof *grades; i++)
        for (uint32_t p = P_FRO; p < P_END; p++) {
            struct err_info why = {0};
            enum right got =
                audit_right(r->a, audit_make_viewer(p), room_field(r, grades[i].where), &why);
            cr_assert_eq(got == RIGHT_WRITE, p == grades[i].writer, "%u %s", (unsigned)p,
                         grades[i].where);
        }
    struct err_info why = {0};
    cr_assert_eq(
        audit_right(r->a, audit_make_viewer(P_FSW), room_field(r, "B1.grade_auditor"), &why),
        RIGHT_COMMENT, "who writes beside it may comment on it");
    cr_assert(strstr(why.text, "FRO"), "%s", why.text);
    room_free(r);
    CHECK_NO_LEAKS();
}

Test(audit_rights, the_moderators_views_are_written_while_moderating)
{
    struct room *r = room_new();
    cr_assert_eq(room_set(r, P_IRO, "M1[B1].view", "agree"), ERR_REFUSED_STATE);
    cr_assert_eq(room_move(r, AUDIT_MODERATING), ERR_OK);
    cr_assert_eq(room_set(r, P_IRO, "M1[B1].view", "differ"), ERR_OK);
    cr_assert_eq(room_set(r, P_IRO, "M1[B1].proposed", "good"), ERR_OK);
    cr_assert_eq(room_type(r, P_IRO, "M1[B1].view_reason", "thin"), ERR_OK);
    cr_assert_eq(room_set(r, P_FRO, "M1[C1].view", "agree"), ERR_REFUSED_ROLE);
    cr_assert_eq(room_set(r, P_IRO, "J3.status", "asked"), ERR_REFUSED_STATE);
    room_free(r);
    CHECK_NO_LEAKS();
}

Test(audit_rights, who_was_asked_to_moderate_does_it_and_nobody_else)
{
    struct room *r = room_new();
    cr_assert_eq(room_member(r, P_STRANGER, ROLE_IRO, ""), ERR_OK);
    struct audit_op ask_other = {
        .kind = OP_ASSIGN,
        .assign = {.person = P_STRANGER, .reason = "the child's own IRO is away"}
    };
    cr_assert_eq(room_serve(r, P_QA, ask_other), ERR_OK);
    cr_assert_eq(room_move(r, AUDIT_MODERATING), ERR_OK);
    cr_assert_eq(room_set(r, P_IRO, "M2", "yes"), ERR_REFUSED_ROLE);
    cr_assert(strstr(r->why.text, "moderator of this audit"), "%s", r->why.text);
    cr_assert_eq(room_set(r, P_STRANGER, "M2", "yes"), ERR_OK);
    cr_assert_eq(room_member(r, P_STRANGER, ROLE_NONE, ""), ERR_OK);
    cr_assert_eq(room_set(r, P_STRANGER, "M2", "no"), ERR_NOT_FOUND);
    room_free(r);
    CHECK_NO_LEAKS();
}

Test(audit_rights, what_the_server_records_says_with_which_command)
{
    static const char *const recorded[] = {
        "status",    "first_due",    "due_reason", "claimed_by",      "closed_by",
        "closed_on", "close_reason", "impact",     "impact_evidence", "leads_to"};
    struct room *r = room_in(AUDIT_FOLLOW_UP);
    for (size_t i = 0; i < sizeof recorded / sizeof *recorded; i++)
        for (uint32_t p = P_FRO; p < P_FTM_SOUTH; p++) {
            struct err_info why = {0};
            char where[64];
            (void)snprintf(where, sizeof where, "L3[1].%s", recorded[i]);
            cr_assert_eq(audit_right(r->a, audit_make_viewer(p), room_field(r, where), &why),
                         RIGHT_READ, "%u %s", (unsigned)p, where);
            cr_assert(strstr(why.text, "tandem action"), "%s: %s", where, why.text);
        }
    room_free(r);
    CHECK_NO_LEAKS();
}

Test(audit_rights, an_action_that_follows_later_is_written_while_following_up)
{
    struct room *r = room_in(AUDIT_FOLLOW_UP);
    cr_assert_eq(room_remove(r, P_FTM, "L3[1].actions"), ERR_REFUSED_STATE);
    cr_assert_eq(room_add(r, P_FTM, "L3.actions"), ERR_OK, "%s", r->why.text);
    cr_assert_eq(room_set(r, P_FTM, "L3[1].owner", "Ben"), ERR_REFUSED_STATE);
    cr_assert_eq(room_set(r, P_FTM, "L3[2].owner", "Ben"), ERR_OK, "%s", r->why.text);
    cr_assert_eq(room_type(r, P_FSW, "L3[2].specific", "Ask again."), ERR_OK, "%s", r->why.text);
    cr_assert_eq(room_set(r, P_FTM, "L3[2].status", "open"), ERR_REFUSED_ROLE);
    cr_assert_neq(room_set(r, P_IRO, "L3[2].owner", "Ana"), ERR_OK);
    cr_assert_eq(room_remove(r, P_FTM, "L3[2].actions"), ERR_OK, "%s", r->why.text);
    cr_assert_eq(room_add(r, P_FTM, "L3.actions"), ERR_OK);
    cr_assert_eq(room_move(r, AUDIT_CLOSED), ERR_OK);
    cr_assert_neq(room_set(r, P_FTM, "L3[2].owner", "Ana"), ERR_OK);
    room_free(r);
    CHECK_NO_LEAKS();
}

/* An IRO leads a dip audit alone: its template names them, and nobody moderates. */
Test(audit_rights, a_dip_audit_is_the_iros_from_its_answers_to_its_actions)
{
    struct template dip = *audit_make_template();
    struct section sections[8];
    cr_assert_leq(dip.nsections, 8);
    memcpy(sections, dip.sections, dip.nsections * sizeof *sections);
    for (size_t i = 0; i < dip.nsections; i++)
        sections[i].write = ROLE_BIT(ROLE_IRO);
    dip.sections = sections;
    dip.type = (char[]){"dip"};
    dip.nquestions = 21; /* without the moderation */
    struct room *r = room_new_of(&dip);
    const struct viewer *iro = audit_make_viewer(P_IRO), *fro = audit_make_viewer(P_FRO);
    cr_assert_eq(room_set(r, P_IRO, "B2", "no"), ERR_OK);
    cr_assert_eq(room_set(r, P_FRO, "B2", "yes"), ERR_REFUSED_ROLE);
    cr_assert_eq(room_add(r, P_IRO, "L3.actions"), ERR_OK);
    cr_assert_eq(room_move(r, AUDIT_AGREED), ERR_OK);
    cr_assert_eq(audit_right(r->a, iro, room_field(r, "B2"), NULL), RIGHT_COMMENT);
    cr_assert_eq(room_move(r, AUDIT_ACTION_PLANNING), ERR_OK);
    cr_assert_eq(audit_right(r->a, iro, room_field(r, "B2"), NULL), RIGHT_READ);
    cr_assert_eq(audit_right(r->a, iro, room_field(r, "L3[1].specific"), NULL), RIGHT_WRITE);
    cr_assert_eq(audit_right(r->a, fro, room_field(r, "L3[1].specific"), NULL), RIGHT_WRITE);
    cr_assert_eq(room_move(r, AUDIT_FOLLOW_UP), ERR_OK);
    cr_assert_eq(audit_right(r->a, iro, room_field(r, "L3[1].updates"), NULL), RIGHT_WRITE);
    cr_assert_eq(audit_right(r->a, iro, room_field(r, "L3[1].specific"), NULL), RIGHT_READ);
    room_free(r);
    CHECK_NO_LEAKS();
}

Test(audit_rights, membership_decides_not_the_role_at_the_site)
{
    struct room *r = room_new();
    struct field f = room_field(r, "B2");
    cr_assert_eq(audit_right(r->a, audit_make_viewer(P_STRANGER), f, NULL), RIGHT_NONE);
    cr_assert_not(audit_may_see(r->a, audit_make_viewer(P_STRANGER)));
    cr_assert_eq(room_member(r, P_STRANGER, ROLE_FRO, ""), ERR_OK);
    cr_assert_eq(audit_right(r->a, audit_make_viewer(P_STRANGER), f, NULL), RIGHT_WRITE);
    cr_assert_eq(room_member(r, P_STRANGER, ROLE_SSL, ""), ERR_OK);
    cr_assert_eq(audit_right(r->a, audit_make_viewer(P_STRANGER), f, NULL), RIGHT_READ);
    cr_assert_eq(room_member(r, P_FRO, ROLE_NONE, ""), ERR_OK);
    cr_assert_eq(room_set(r, P_FRO, "B2", "yes"), ERR_NOT_FOUND);
    cr_assert_eq(room_member(r, P_CSW, ROLE_CSW, "A,C"), ERR_OK);
    cr_assert_eq(audit_right(r->a, audit_make_viewer(P_CSW), f, NULL), RIGHT_READ);
    cr_assert_eq(audit_right(r->a, audit_make_viewer(P_CSW), room_field(r, "C2"), NULL),
                 RIGHT_WRITE);
    cr_assert_eq(audit_right(r->a, audit_make_viewer(P_CSW), room_field(r, "A2.carer_ref"), NULL),
                 RIGHT_READ, "section A is not for CSWs, invited or not");
    room_free(r);
    CHECK_NO_LEAKS();
}

Test(audit_rights, who_reads_by_several_roles_has_the_right_of_each)
{
    struct room *r = room_new();
    struct viewer both = {
        .person = 500,
        .roles = {{ROLE_FTM, "South"}, {ROLE_QA, ""}, {ROLE_FTM, "North"}},
        .nroles = 2
    };
    cr_assert_eq(audit_right(r->a, &both, room_field(r, "B2"), NULL), RIGHT_READ);
    both.nroles = 3;
    cr_assert_eq(audit_right(r->a, &both, room_field(r, "B2"), NULL), RIGHT_COMMENT);
    cr_assert_eq(audit_right(r->a, &both, room_field(r, "C2"), NULL), RIGHT_READ);
    both.roles[0].role = (enum role)200; /* a role of a newer version */
    cr_assert_eq(audit_right(r->a, &both, room_field(r, "B2"), NULL), RIGHT_COMMENT);
    room_free(r);
    CHECK_NO_LEAKS();
}

Test(audit_rights, reasons_say_who_may_and_what_to_do)
{
    static const struct {
        uint32_t person;
        const char *where, *says[2];
    } reasons[] = {
        {P_FRO, "J3.status",        {"read only", "IRO writes the young person's view"}},
        {P_FSW, "J3.words",         {"held by IRO", "share"}                           },
        {P_CSW, "C2",               {"read only", "invited to write in section B"}     },
        {P_HOS, "C2",               {"read only", "FRO, FSW, CSW"}                     },
        {P_IRO, "M2",               {"read only", "moderated"}                         },
        {P_FSW, "A6.grade_auditor", {"held back", "both first grades"}                 },
    };
    struct room *r = room_new();
    for (size_t i = 0; i < sizeof reasons / sizeof *reasons; i++) {
        struct err_info why = {0};
        (void)audit_right(r->a, audit_make_viewer(reasons[i].person),
                          room_field(r, reasons[i].where), &why);
        for (size_t k = 0; k < 2; k++)
            cr_assert(strstr(why.text, reasons[i].says[k]), "%zu: %s", i, why.text);
    }
    cr_assert_eq(room_move(r, AUDIT_AGREED), ERR_OK);
    struct err_info why = {0};
    (void)audit_right(r->a, audit_make_viewer(P_FRO), room_field(r, "C2"), &why);
    cr_assert(strstr(why.text, "AGREED"), "%s", why.text);
    cr_assert_eq(why.code, ERR_REFUSED_STATE);
    room_free(r);
    CHECK_NO_LEAKS();
}

/* ---- what is withheld ---- */

static const char secret[] = "Zwetschgenknoedel"; /* occurs nowhere else */

static bool contains(const struct buf *b)
{
    return b->len >= sizeof secret - 1 && memmem(b->data, b->len, secret, sizeof secret - 1);
}

/* Texts may be stored in pieces: what a client makes of a snapshot is looked at too. */
static bool is_in_text(void *user, struct field f)
{
    void **ctx = user;
    struct buf words = BUF_INIT;
    const struct text *t = audit_text(ctx[0], f);
    if (t)
        text_read(t, 0, text_len_cp(t), &words);
    if (contains(&words))
        *(bool *)ctx[1] = true;
    buf_free(&words);
    return true;
}

static bool is_in_snapshot(const struct room *r, const struct viewer *v)
{
    struct buf b = BUF_INIT;
    struct audit *a;
    audit_encode(r->a, v, &b);
    bool shown = contains(&b);
    cr_assert_eq(audit_decode(audit_make_template(), b.data, b.len, &a, NULL), ERR_OK);
    audit_each_field(a, is_in_text, (void *[]){a, &shown});
    audit_free(a);
    buf_free(&b);
    return shown;
}

/* Everything that this viewer can get hold of: a snapshot, and each event as they may see it. */
static bool is_shown(const struct room *r, uint32_t person)
{
    const struct viewer *v = audit_make_viewer(person);
    struct buf b = BUF_INIT;
    bool shown = is_in_snapshot(r, v), in_events = false;
    for (size_t i = 0; i < r->nevents; i++) {
        struct event_body *body;
        bool changed, reveal;
        buf_clear(&b);
        cr_assert_eq(event_body_decode(r->events[i].body.data, r->events[i].body.len, &body, NULL),
                     ERR_OK);
        cr_assert_eq(audit_redact_body(r->a, v, body, &b, &changed, &reveal), ERR_OK);
        bool same =
            b.len == r->events[i].body.len && !memcmp(b.data, r->events[i].body.data, b.len);
        cr_assert_eq(same, !changed);
        in_events = in_events || contains(&b);
        event_body_free(body);
    }
    cr_assert_eq(shown, in_events, "snapshot and events tell person %u the same", (unsigned)person);
    buf_free(&b);
    return shown;
}

static void expect_shown(const struct room *r, const char *expected)
{
    for (uint32_t p = P_FRO; p < P_END; p++)
        cr_assert_eq(is_shown(r, p), expected[p - 1] == 's', "person %u", (unsigned)p);
}

/* person:                            FRO FSW CSW IRO HOS QA FTM SM south stranger */
static void young_person_secret(enum err (*hide)(struct room *))
{
    struct room *r = room_new();
    cr_assert_eq(hide(r), ERR_OK, "%s", r->why.text);
    expect_shown(r, "---s------");
    cr_assert_eq(room_set(r, P_IRO, "J3.shown_to", "reports"), ERR_OK);
    expect_shown(r, "---s------");
    cr_assert_eq(room_set(r, P_IRO, "J3.shown_to", "auditors"), ERR_OK);
    expect_shown(r, "s--s------");
    cr_assert_eq(room_set(r, P_IRO, "J3.shown_to", "managers"), ERR_OK);
    expect_shown(r, "---s-sss--");
    cr_assert_eq(room_set(r, P_IRO, "J3.shown_to", "worker"), ERR_OK);
    expect_shown(r, "-s-s------");
    cr_assert_eq(room_set(r, P_IRO, "J3.shown_to", "auditors, managers, worker"), ERR_OK);
    expect_shown(r, "ss-s-sss--");
    cr_assert_eq(room_set(r, P_IRO, "J3.shown_to", ""), ERR_OK);
    expect_shown(r, "---s------");
    room_free(r);
}

static enum err hide_in_words(struct room *r)
{
    return room_type(r, P_IRO, "J3.words", secret);
}
static enum err hide_in_method(struct room *r)
{
    return room_set(r, P_IRO, "J3.method", secret);
}
static enum err hide_in_comment(struct room *r)
{
    return room_comment(r, P_IRO, "J3.words", secret);
}
static enum err hide_in_reply(struct room *r)
{
    enum err e = room_comment(r, P_IRO, "J3.what_we_did", "harmless");
    struct audit_op reply = {
        .kind = OP_COMMENT_REPLY,
        .comment = {.comment = event_local_id(P_IRO, r->ids[P_IRO]), .text = secret}
    };
    return e ? e : room_do(r, P_IRO, &reply, 1);
}
static enum err hide_among_others(struct room *r)
{
    struct audit_op ops[] = {
        {.kind = OP_SET, .set = {room_field(r, "J3.status"), "obtained", 0}},
        {.kind = OP_SET, .set = {room_field(r, "J3.helper"), secret, 0}    },
    };
    return room_do(r, P_IRO, ops, 2);
}

Test(audit_held, a_young_persons_words_go_only_to_whom_they_are_shared)
{
    young_person_secret(hide_in_words);
    CHECK_NO_LEAKS();
}
Test(audit_held, so_do_the_other_parts_of_their_view)
{
    young_person_secret(hide_in_method);
    CHECK_NO_LEAKS();
}
Test(audit_held, so_do_comments_on_it)
{
    young_person_secret(hide_in_comment);
    CHECK_NO_LEAKS();
}
Test(audit_held, so_do_answers_to_such_comments)
{
    young_person_secret(hide_in_reply);
    CHECK_NO_LEAKS();
}
Test(audit_held, so_do_parts_of_a_mixed_batch)
{
    young_person_secret(hide_among_others);
    CHECK_NO_LEAKS();
}

Test(audit_held, how_the_view_stands_is_no_secret)
{
    struct room *r = room_new();
    cr_assert_eq(hide_among_others(r), ERR_OK);
    for (uint32_t p = P_FRO; p < P_FTM_SOUTH; p++) {
        cr_assert_not(audit_is_held(r->a, audit_make_viewer(p), room_field(r, "J3.status")));
        cr_assert_not(audit_is_held(r->a, audit_make_viewer(p), room_field(r, "J3.shown_to")));
    }
    struct audit *a = audit_new(audit_make_template());
    for (size_t i = 0; i < r->nevents; i++)
        cr_assert_eq(room_replay(r, i, a, audit_make_viewer(P_FSW), NULL), ERR_OK);
    cr_assert_str_eq(audit_value(a, room_field(r, "J3.status")).value, "obtained");
    cr_assert_str_eq(audit_value(a, room_field(r, "J3.helper")).value, "");
    cr_assert_eq(audit_question_state(a, 17), QUESTION_DONE);
    audit_free(a);
    room_free(r);
    CHECK_NO_LEAKS();
}

Test(audit_held, other_voices_are_not_held)
{
    struct room *r = room_new();
    cr_assert_eq(room_type(r, P_FRO, "J2.words", secret), ERR_OK);
    expect_shown(r, "ssssssss--");
    room_free(r);
    CHECK_NO_LEAKS();
}

Test(audit_held, a_workers_own_words_stay_with_those_who_audit_and_manage)
{
    struct room *r = room_new();
    cr_assert_eq(room_type(r, P_FSW, "J1.words", secret), ERR_OK);
    expect_shown(r, "ss-s-sss--");
    struct err_info why = {0};
    (void)audit_right(r->a, audit_make_viewer(P_CSW), room_field(r, "J1.words"), &why);
    cr_assert(strstr(why.text, "worker's own words"), "%s", why.text);
    room_free(r);
    CHECK_NO_LEAKS();
}

/* Does this person's snapshot have the word? */
static bool is_in_view(const struct room *r, uint32_t person, const char *word)
{
    struct buf seen = BUF_INIT;
    audit_encode(r->a, audit_make_viewer(person), &seen);
    bool found = memmem(seen.data, seen.len, word, strlen(word));
    buf_free(&seen);
    return found;
}

Test(audit_held, first_grades_are_blind_until_both_are_in)
{
    static const char *const grades[] = {"A6.grade_auditor", "A6.grade_practitioner"};
    struct room *r = room_new();
    struct field auditor = room_field(r, grades[0]), practitioner = room_field(r, grades[1]);
    cr_assert_eq(room_set(r, P_FRO, grades[0], "inadequate"), ERR_OK);
    for (uint32_t p = P_FRO; p < P_END; p++) {
        cr_assert_eq(audit_is_held(r->a, audit_make_viewer(p), auditor), p != P_FRO);
        cr_assert_eq(audit_is_held(r->a, audit_make_viewer(p), practitioner), p != P_FSW);
        cr_assert_eq(is_in_view(r, p, "inadequate"), p == P_FRO);
    }
    cr_assert_eq(room_set(r, P_FSW, grades[1], "good"), ERR_OK);
    for (uint32_t p = P_FRO; p < P_FTM_SOUTH; p++) {
        bool outside = p == P_CSW || p == P_HOS; /* it is about the worker */
        cr_assert_eq(audit_is_held(r->a, audit_make_viewer(p), auditor), outside);
        cr_assert_eq(audit_is_held(r->a, audit_make_viewer(p), practitioner), outside);
        cr_assert_eq(is_in_view(r, p, "good"), p != P_CSW && p != P_HOS);
    }
    cr_assert_eq(room_set(r, P_FSW, grades[1], ""), ERR_OK);
    for (uint32_t p = P_FRO; p < P_END; p++)
        cr_assert_eq(audit_is_held(r->a, audit_make_viewer(p), auditor), p != P_FRO,
                     "taking it back hides it again");
    cr_assert_not(
        audit_is_held(r->a, audit_make_viewer(P_FRO), room_field(r, "B1.grade_practitioner")),
        "only where the template says so");
    room_free(r);
    CHECK_NO_LEAKS();
}

Test(audit_held, whether_anything_is_held_is_known_for_each)
{
    struct room *r = room_new();
    for (uint32_t p = P_FRO; p < P_END; p++)
        cr_assert(audit_holds_back(r->a, audit_make_viewer(p)), "not written yet makes no odds");
    cr_assert_eq(room_set(r, P_FRO, "A6.grade_auditor", "good"), ERR_OK);
    cr_assert_eq(room_set(r, P_FSW, "A6.grade_practitioner", "good"), ERR_OK);
    cr_assert_not(audit_holds_back(r->a, audit_make_viewer(P_IRO)));
    cr_assert(audit_holds_back(r->a, audit_make_viewer(P_FRO)), "the young person's view");
    cr_assert_eq(room_set(r, P_IRO, "J3.shown_to", "auditors, managers"), ERR_OK);
    cr_assert_not(audit_holds_back(r->a, audit_make_viewer(P_QA)));
    cr_assert_not(audit_holds_back(r->a, audit_make_viewer(P_FRO)));
    cr_assert(audit_holds_back(r->a, audit_make_viewer(P_FSW)), "not shared with the worker");
    cr_assert(audit_holds_back(r->a, audit_make_viewer(P_CSW)), "the worker's own assessment");
    cr_assert(audit_holds_back(r->a, audit_make_viewer(P_STRANGER)));
    room_free(r);
    CHECK_NO_LEAKS();
}

Test(audit_held, who_may_not_see_learns_nothing_from_refusals)
{
    struct room *r = room_new();
    cr_assert_eq(hide_in_method(r), ERR_OK);
    cr_assert_eq(hide_in_comment(r), ERR_OK);
    struct audit_op set = {
        .kind = OP_SET, .set = {room_field(r, "J3.method"), "x", 0}
    };
    cr_assert_eq(room_do(r, P_FRO, &set, 1), ERR_REFUSED_ROLE, "not ERR_STALE");
    cr_assert_null(strstr(r->why.text, secret));
    struct audit_op reply = {
        .kind = OP_COMMENT_REPLY,
        .comment = {.comment = audit_comment_at(r->a, 0)->id, .text = "x"}
    };
    cr_assert_eq(room_do(r, P_FRO, &reply, 1), ERR_NOT_FOUND);
    char here[sizeof r->why.text];
    memcpy(here, r->why.text, sizeof here);
    reply.comment.comment++;
    cr_assert_eq(room_do(r, P_FRO, &reply, 1), ERR_NOT_FOUND);
    cr_assert_eq(strncmp(here, r->why.text, 20), 0, "the same answer: %s / %s", here, r->why.text);
    room_free(r);
    CHECK_NO_LEAKS();
}

/* ---- what reveals ---- */

static bool reveals(struct room *r, uint32_t person)
{
    struct event_body *body;
    struct buf b = BUF_INIT;
    bool changed, reveal;
    const struct made_event *last = &r->events[r->nevents - 1];
    cr_assert_eq(event_body_decode(last->body.data, last->body.len, &body, NULL), ERR_OK);
    cr_assert_eq(audit_redact_body(r->a, audit_make_viewer(person), body, &b, &changed, &reveal),
                 ERR_OK);
    event_body_free(body);
    buf_free(&b);
    return reveal;
}

Test(audit_held, sharing_and_both_grades_and_membership_are_told_as_reveals)
{
    struct room *r = room_new();
    cr_assert_eq(hide_in_words(r), ERR_OK);
    for (uint32_t p = P_FRO; p < P_END; p++)
        cr_assert_not(reveals(r, p));
    cr_assert_eq(room_set(r, P_IRO, "J3.shown_to", "auditors"), ERR_OK);
    cr_assert(reveals(r, P_FRO));
    cr_assert_not(reveals(r, P_IRO), "who saw it all along");
    cr_assert_eq(room_set(r, P_IRO, "J3.shown_to", ""), ERR_OK);
    cr_assert(reveals(r, P_FRO), "hiding it again needs a new view as well");
    cr_assert_eq(room_set(r, P_FRO, "A6.grade_auditor", "good"), ERR_OK);
    cr_assert_not(reveals(r, P_FSW), "one grade reveals nothing");
    cr_assert_eq(room_set(r, P_FSW, "A6.grade_practitioner", "good"), ERR_OK);
    cr_assert(reveals(r, P_FSW));
    cr_assert(reveals(r, P_FRO));
    cr_assert(reveals(r, P_IRO), "who saw neither");
    cr_assert_not(reveals(r, P_STRANGER), "who sees nothing");
    cr_assert_eq(room_set(r, P_FSW, "A6.grade_practitioner", ""), ERR_OK);
    cr_assert(reveals(r, P_FSW), "taking it back hides the other again");
    cr_assert(reveals(r, P_FRO));
    cr_assert_eq(room_set(r, P_FSW, "B1.grade_practitioner", "good"), ERR_OK);
    cr_assert_not(reveals(r, P_FRO), "not a blind question");
    cr_assert_eq(room_member(r, P_FSW, ROLE_SSL, ""), ERR_OK);
    cr_assert(reveals(r, P_FSW));
    cr_assert_not(reveals(r, P_FRO));
    room_free(r);
    CHECK_NO_LEAKS();
}
