/* Every role, every message, every way in which somebody stands to a record: one cell each. What is
 * expected is typed here from the field's rules (roles, separation, need-to-know), not taken from
 * the route table; a kind of message that is not in this table makes the first test fail. */

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "server/api/routes.h"
#include "tests/lib/site_bench.h"

#define BODY(k) TANDEM__ENVELOPE__BODY_##k
#define R(role) ROLE_BIT(ROLE_##role)

enum {
    ALL = R(FRO) | R(FSW) | R(CSW) | R(IRO) | R(IROM) | R(FTM) | R(SM) | R(HOS) | R(DIR) | R(EXEC) |
          R(QA) | R(LADO) | R(PANEL) | R(SSL) | R(COMP) | R(BOARD) | R(ADMIN),
    /* A board member reads published reports only; an operator needs broken glass. */
    MAY_READ = ALL & ~R(BOARD),
    CONTENT = MAY_READ & ~R(ADMIN),
    PLAN = R(FRO) | R(FSW) | R(CSW) | R(IRO) | R(IROM) | R(FTM) | R(SM) | R(HOS) | R(DIR) | R(QA),
    WRITE = R(FRO) | R(FSW) | R(CSW) | R(IRO) | R(IROM) | R(FTM) | R(SM) | R(QA) | R(SSL) | R(HOS) |
            R(DIR) | R(EXEC),
    SEE_TEAM = R(QA) | R(FTM) | R(SM), /* without being a member */
};

enum about {
    SITE,   /* no record in particular: whoever has the role is answered */
    READS,  /* of a record: its answer, for whoever may see it */
    ACTS,   /* on a record: whoever may see it hears what the rules say */
    NAMES,  /* a record that the sender need not see: a test of its own */
    ROOM,   /* a test of its own */
    UNSAID, /* enrolment, the line itself: test_connections.c */
};
static const struct message {
    int kind;
    role_set may;
    enum about about;
    int answer; /* READS */
} messages[] = {
    {BODY(HELLO),             ALL,                      UNSAID, 0                   },
    {BODY(ENROL),             0,                        UNSAID, 0                   },
    {BODY(RENEW),             ALL,                      UNSAID, 0                   },
    {BODY(PING),              ALL,                      SITE,   0                   },
    {BODY(PONG),              ALL,                      UNSAID, 0                   },
    {BODY(LIST_AUDITS),       ALL,                      SITE,   0                   },
    {BODY(LIST_PEOPLE),       ALL,                      SITE,   0                   },
    {BODY(GET_TEMPLATE),      ALL,                      SITE,   0                   },
    {BODY(NEW_AUDIT),         PLAN,                     SITE,   0                   },
    {BODY(TRIGGER),           PLAN,                     SITE,   0                   },
    {BODY(INBOX),             ALL,                      SITE,   0                   },
    {BODY(RULES),             ALL,                      SITE,   0                   },
    {BODY(JOIN),              MAY_READ,                 READS,  BODY(JOINED)        },
    {BODY(WHO),               MAY_READ,                 READS,  BODY(PRESENTS)      },
    {BODY(HISTORY),           MAY_READ,                 READS,  BODY(HISTORY_PAGE)  },
    {BODY(VIEW_AT),           MAY_READ,                 READS,  BODY(VIEW)          },
    {BODY(NEXT),              MAY_READ,                 READS,  BODY(STEPS)         },
    {BODY(VERIFY_SIGNATURES), MAY_READ,                 READS,  BODY(SIGNATURE_LIST)},
    {BODY(READERS),           CONTENT,                  ACTS,   0                   },
    {BODY(SIGN),              CONTENT,                  ACTS,   0                   },
    {BODY(RAISE_FLAG),        CONTENT,                  ACTS,   0                   },
    {BODY(NOTE_FLAG),         CONTENT,                  ACTS,   0                   },
    {BODY(PLAN_AUDIT),        PLAN,                     ACTS,   0                   },
    {BODY(MOVE_AUDIT),        CONTENT,                  NAMES,  0                   },
    {BODY(MODERATORS),        CONTENT,                  NAMES,  0                   },
    {BODY(ACTION_STEP),       CONTENT,                  NAMES,  0                   },
    {BODY(SET_MEMBER),        R(FRO) | R(QA) | R(IROM), NAMES,  0                   },
    {BODY(BREAK_GLASS),       MAY_READ,                 NAMES,  0                   },
    {BODY(EDIT),              WRITE,                    ROOM,   0                   },
    {BODY(PRESENCE),          CONTENT,                  ROOM,   0                   },
    {BODY(LEAVE),             ALL,                      ROOM,   0                   },
};
enum { MESSAGES = sizeof messages / sizeof *messages };

Test(matrix, every_message_that_a_client_may_send_is_in_the_table)
{
    size_t n, sent = 0;
    const struct route *r = route_table(&n);
    for (size_t i = 0; i < n; i++) {
        size_t found = 0;
        for (size_t k = 0; k < MESSAGES; k++)
            found += messages[k].kind == r[i].kind;
        cr_assert_eq(found, r[i].handle ? 1 : 0, "kind %d", r[i].kind);
        sent += found;
    }
    cr_assert_eq(sent, MESSAGES);
}

/* ---- how somebody stands to the record ---- */

enum stands {
    MEMBER,
    NO_MEMBER,
    OTHER_TEAM, /* their role is for another team */
    REMOVED,
    SUBMITTED, /* a member, of what is frozen */
    CLOSED,
    BROKE_GLASS,
    STANDS
};
static const char *const stands_names[STANDS] = {
    "member",    "not a member", "of another team",  "removed",
    "submitted", "closed",       "with broken glass"};

struct cell {
    struct bench *b;
    enum role role;
    enum stands stands;
    char ref[32];
    uint32_t person;
};
enum { ME = 1, LEAD = 2 };

static bool takes_part(enum role r)
{
    return r != ROLE_BOARD && r != ROLE_ADMIN; /* nobody makes them members */
}

static bool is_in(const struct cell *c)
{
    return takes_part(c->role) &&
           (c->stands == MEMBER || c->stands == SUBMITTED || c->stands == CLOSED);
}

static bool sees_by_team(const struct cell *c)
{
    return c->stands != OTHER_TEAM && SEE_TEAM & ROLE_BIT(c->role);
}

static bool sees(const struct cell *c)
{
    return is_in(c) || sees_by_team(c) || c->stands == BROKE_GLASS;
}

static void serve_member(struct cell *c, enum op_kind kind)
{
    struct audit_op op = {.kind = kind};
    op.member = (struct op_member){.person = c->person, .role = c->role, .sections = ""};
    bench_serve(c->b, c->ref, 0, op);
}

static struct cell cell_new(enum role role, enum stands stands)
{
    struct site s = site_with_audit();
    struct cell c = {.b = s.b, .role = role, .stands = stands};
    memcpy(c.ref, s.ref, sizeof c.ref);
    for (unsigned i = 1; i < PEOPLE; i++)
        bench_drop(s.b, i);
    c.person = bench_person(s.b, "Me", role, stands == OTHER_TEAM ? "South" : "North");
    if (is_in(&c) || (stands == REMOVED && takes_part(role)))
        serve_member(&c, OP_MEMBER_ADD);
    if (stands == REMOVED && takes_part(role))
        serve_member(&c, OP_MEMBER_REMOVE);
    if (stands == SUBMITTED || stands == CLOSED)
        bench_move(c.b, c.ref, stands == CLOSED ? AUDIT_CLOSED : AUDIT_SUBMITTED);
    if (stands == BROKE_GLASS) {
        struct audit_op op = {.kind = OP_GLASS};
        op.glass = (struct op_glass){
            .person = c.person, .until_utc_ms = c.b->utc_ms + 3600 * 1000, .reason = "a test"};
        bench_serve(c.b, c.ref, c.person, op);
    }
    bench_connect(c.b, ME, c.person);
    return c;
}

static const Tandem__Envelope *answer(struct cell *c, Tandem__Envelope *e)
{
    uint32_t id = bench_send(c->b, ME, e);
    bench_step(c->b);
    const Tandem__Envelope *a = bench_take(c->b, ME);
    while (a && a->id != id)
        a = bench_take(c->b, ME);
    cr_assert_not_null(a, "kind %d has no answer", (int)e->body_case);
    return a;
}

static bool is_error(const Tandem__Envelope *e, enum err code)
{
    return e->body_case == BODY(ERROR) && e->error->code == (uint32_t)code;
}

#define CELL(c, m, good, a)                                                                        \
    cr_assert(good, "%s, %s: kind %d was answered with %d: %s", role_code((c)->role),              \
              stands_names[(c)->stands], (m)->kind, (int)(a)->body_case,                           \
              (a)->body_case == BODY(ERROR) ? (a)->error->text : "")

static void check_plain(struct cell *c, const struct message *m)
{
    struct bench_plain plain;
    Tandem__Envelope *e = bench_make(&plain, m->kind, m->about == SITE ? "" : c->ref, 0);
    const Tandem__Envelope *a = answer(c, e);
    if (!(m->may & ROLE_BIT(c->role)))
        CELL(c, m, is_error(a, ERR_REFUSED_ROLE), a);
    else if (m->about == SITE)
        CELL(c, m, !is_error(a, ERR_NOT_AUTHENTICATED) && !is_error(a, ERR_SLOW_DOWN), a);
    else if (!sees(c))
        CELL(c, m, is_error(a, ERR_NOT_FOUND), a);
    else if (m->about == READS)
        CELL(c, m, (int)a->body_case == m->answer, a);
    else
        CELL(c, m, !is_error(a, ERR_NOT_FOUND) || m->kind == BODY(NOTE_FLAG), a);
}

/* ---- those that name a record ---- */

static bool may_know(const struct cell *c)
{
    return sees(c) || (c->role == ROLE_IROM && c->stands != OTHER_TEAM); /* names moderators */
}

static const Tandem__Envelope *ask_named(struct cell *c, const struct message *m)
{
    struct bench_plain plain;
    Tandem__Envelope *e = bench_make(&plain, m->kind, c->ref, 0);
    if (m->kind == BODY(SET_MEMBER)) {
        e->set_member->person = (char *)"Iris";
        e->set_member->role = ROLE_IRO;
    }
    if (m->kind == BODY(BREAK_GLASS)) {
        e->break_glass->reason = (char *)"a test";
        e->break_glass->until_utc_ms = c->b->utc_ms + 7200 * 1000;
    }
    return answer(c, e);
}

static void check_named(struct cell *c, const struct message *m)
{
    const Tandem__Envelope *a = ask_named(c, m);
    bool assigns = (c->role == ROLE_QA || c->role == ROLE_IROM) && c->stands != OTHER_TEAM;
    if (!(m->may & ROLE_BIT(c->role)))
        CELL(c, m, is_error(a, ERR_REFUSED_ROLE), a);
    else if (m->kind == BODY(ACTION_STEP)) /* there is no action */
        CELL(c, m, is_error(a, ERR_NOT_FOUND), a);
    else if (m->kind == BODY(BREAK_GLASS) && (is_in(c) || sees_by_team(c)))
        CELL(c, m, is_error(a, ERR_INPUT), a);
    else if (m->kind == BODY(BREAK_GLASS))
        CELL(c, m, a->body_case == BODY(DONE), a);
    else if (m->kind == BODY(MODERATORS) && assigns)
        CELL(c, m, a->body_case == BODY(MODERATOR_LIST), a);
    else if (m->kind == BODY(MODERATORS) && sees(c))
        CELL(c, m, is_error(a, ERR_REFUSED_ROLE), a);
    else if (m->kind == BODY(SET_MEMBER) && (assigns || (c->role == ROLE_FRO && is_in(c))))
        CELL(c, m,
             c->stands == CLOSED ? is_error(a, ERR_REFUSED_STATE) : a->body_case == BODY(DONE), a);
    else if (m->kind == BODY(MOVE_AUDIT) && may_know(c)) /* no state 0 */
        CELL(c, m, is_error(a, ERR_INPUT), a);
    else
        CELL(c, m, is_error(a, ERR_NOT_FOUND), a);
}

/* ---- in the room ---- */

static const struct message edit_row = {.kind = BODY(EDIT)};

/* A2 is the reviewing officer's and the social worker's to write while the audit is written. */
static void check_edit(struct cell *c)
{
    bool writes = is_in(c) && R(FRO) & ROLE_BIT(c->role);
    writes = writes || (is_in(c) && R(FSW) & ROLE_BIT(c->role));
    bool joins = sees(c) && MAY_READ & ROLE_BIT(c->role);
    if (joins)
        bench_join(c->b, ME, c->ref);
    struct audit_op op = {.kind = OP_SET};
    op.set.field = (struct field){.question = 2, .part = PART_DATE};
    op.set.value = "2026-01-01";
    c->b->conns[ME].batch_no = 0;
    if (!joins)
        c->b->conns[ME].room = c->b->conns[ME].agent = 1;
    bench_batch(c->b, ME, &op, 1);
    bench_step(c->b);
    const Tandem__Envelope *a = bench_take(c->b, ME);
    while (a && !a->id)
        a = bench_take(c->b, ME);
    cr_assert_not_null(a);
    if (!(WRITE & ROLE_BIT(c->role)))
        CELL(c, &edit_row, is_error(a, ERR_REFUSED_ROLE), a);
    else if (!joins)
        CELL(c, &edit_row, is_error(a, ERR_REFUSED_ROOM), a);
    else if (writes && c->stands == MEMBER)
        CELL(c, &edit_row, a->body_case == BODY(ACKED), a);
    else if (writes)
        CELL(c, &edit_row, is_error(a, ERR_REFUSED_STATE), a);
    else
        CELL(c, &edit_row, is_error(a, ERR_REFUSED_ROLE) || is_error(a, ERR_REFUSED_STATE), a);
}

/* ---- all of them ---- */

static bool is_listed(struct cell *c)
{
    struct bench_plain plain;
    const Tandem__Envelope *a = answer(c, bench_make(&plain, BODY(LIST_AUDITS), "", 0));
    cr_assert_eq(a->body_case, BODY(AUDIT_LIST));
    for (size_t i = 0; i < a->audit_list->n_rows; i++)
        if (!strcmp(a->audit_list->rows[i]->ref, c->ref))
            return true;
    return false;
}

static void check_role(enum role role)
{
    for (unsigned st = 0; st < STANDS; st++) {
        struct cell c = cell_new(role, (enum stands)st);
        cr_assert_eq(is_listed(&c), is_in(&c) || sees_by_team(&c), "%s, %s", role_code(role),
                     stands_names[st]);
        check_edit(&c);
        for (size_t i = 0; i < MESSAGES; i++)
            if (messages[i].about == SITE || messages[i].about == READS ||
                messages[i].about == ACTS)
                check_plain(&c, &messages[i]);
        for (size_t i = 0; i < MESSAGES; i++) /* the last breaks the glass */
            if (messages[i].about == NAMES)
                check_named(&c, &messages[i]);
        bench_free(c.b);
    }
}

Test(matrix, those_who_write_a_record)
{
    check_role(ROLE_FRO);
    check_role(ROLE_FSW);
    check_role(ROLE_CSW);
    check_role(ROLE_IRO);
}

Test(matrix, those_who_manage_and_assure)
{
    check_role(ROLE_FTM);
    check_role(ROLE_SM);
    check_role(ROLE_QA);
    check_role(ROLE_IROM);
}

Test(matrix, those_who_lead)
{
    check_role(ROLE_HOS);
    check_role(ROLE_DIR);
    check_role(ROLE_EXEC);
}

Test(matrix, those_who_have_a_part_of_it)
{
    check_role(ROLE_LADO);
    check_role(ROLE_PANEL);
    check_role(ROLE_SSL);
    check_role(ROLE_COMP);
}

Test(matrix, those_who_read_no_record)
{
    check_role(ROLE_BOARD);
    check_role(ROLE_ADMIN);
}
