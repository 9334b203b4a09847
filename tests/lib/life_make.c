#include "tests/lib/life_make.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "server/content/template_yaml.h"

/* ---- people ---- */

struct someone {
    uint32_t person;
    const char *name;
    bool revoked;
    struct viewer viewer;
};
static const struct someone everyone[] = {
    {P_FRO,       "Ana Flint",  false, {0}                                                  },
    {P_FSW,       "Ben Okafor", false, {0}                                                  },
    {P_CSW,       "Cal Reid",   false, {0}                                                  },
    {P_IRO,       "Iris Moor",  false, {0}                                                  },
    {P_HOS,       "Hana Lowe",  false, {0}                                                  },
    {P_QA,        "Quinn Ash",  false, {0}                                                  },
    {P_FTM,       "Tom Reed",   false, {0}                                                  },
    {P_SM,        "Sue Park",   false, {0}                                                  },
    {P_FTM_SOUTH, "Fay Hill",   false, {0}                                                  },
    {P_STRANGER,  "Stan Grey",  false, {0}                                                  },
    {W_IRO2,      "Ian Moss",   false, {W_IRO2, {{ROLE_IRO, ""}}, 1}                        },
    {W_SM2,       "Sol Gray",   false, {W_SM2, {{ROLE_SM, "North"}}, 1}                     },
    {W_IROM,      "Mae Lund",   false, {W_IROM, {{ROLE_IROM, ""}}, 1}                       },
    {W_IRO_FTM,   "Kit Dove",   false, {W_IRO_FTM, {{ROLE_IRO, ""}, {ROLE_FTM, "North"}}, 2}},
    {W_GONE,      "Gus Wade",   true,  {W_GONE, {{ROLE_IRO, ""}}, 1}                        },
};

static struct people *make_people(void)
{
    struct people *p = people_new();
    assert(p);
    for (size_t i = 0; i < sizeof everyone / sizeof *everyone; i++) {
        const struct someone *s = &everyone[i];
        struct person one = {.viewer =
                                 s->person < P_END ? *audit_make_viewer(s->person) : s->viewer,
                             .revoked = s->revoked};
        (void)snprintf(one.name, sizeof one.name, "%s", s->name); /* they are short */
        enum err e = people_put(p, &one);
        assert(!e);
    }
    return p;
}

const struct viewer *life_world_viewer(const struct life_world *w, uint32_t person)
{
    static const struct viewer calendar = {.person = 0};
    const struct person *p = people_find(w->people, person);
    assert(p || !person);
    return p ? &p->viewer : &calendar;
}

/* ---- the world ---- */

struct life_world *life_world_new(const char *template_path)
{
    struct life_world *w = calloc(1, sizeof *w);
    struct err_info why = {0};
    assert(w);
    enum err e = template_yaml_load(template_path, &w->t, &why);
    if (e)
        (void)fprintf(stderr, "%s\n", why.text);
    assert(!e);
    w->r = room_new_of(w->t);
    w->people = make_people();
    clock_values_default(&w->clock);
    holidays_init(&w->holidays);
    w->f = (struct life_facts){
        .audit = w->r->a,
        .people = w->people,
        .clock = &w->clock,
        .holidays = &w->holidays,
        .now_utc_ms = civil_time_utc_ms((struct civil_time){{2027, 3, 3}, 10, 0, 0}
           )
    };
    return w;
}

void life_world_free(struct life_world *w)
{
    room_free(w->r);
    people_free(w->people);
    template_free(w->t);
    buf_free(&w->sentences);
    free(w);
}

/* ---- asking ---- */

static void note(void *user, const struct life_missing *m)
{
    struct life_world *w = user;
    w->nmissing += m->blocks;
    w->nwarnings += !m->blocks;
    w->last = *m;
    w->last.sentence = NULL; /* it was borrowed */
    buf_appendf(&w->sentences, "%s\n", m->sentence);
}

struct life_request life_world_request(const struct life_world *w, uint32_t person,
                                       enum audit_state to)
{
    return (struct life_request){
        .who = life_world_viewer(w, person), .to = to, .reason = "", .difference = ""};
}

enum err life_world_check(struct life_world *w, const struct life_request *q)
{
    w->why = (struct err_info){0};
    w->row = NULL;
    w->nmissing = w->nwarnings = 0;
    buf_clear(&w->sentences);
    return life_check(&w->f, q, &w->row, note, w, &w->why);
}

enum err life_world_do(struct life_world *w, const struct life_request *q)
{
    struct life_ops ops = {0};
    enum err e = life_world_check(w, q);
    if (!e)
        e = life_make(&w->f, q, &ops);
    if (!e) {
        w->r->asker = q->who->person;
        e = room_do(w->r, 0, ops.ops, ops.nops);
        w->r->asker = 0;
        if (e)
            w->why = w->r->why;
    }
    life_ops_free(&ops);
    return e;
}

enum err life_world_move(struct life_world *w, uint32_t person, enum audit_state to,
                         const char *reason)
{
    struct life_request q = life_world_request(w, person, to);
    q.reason = reason;
    return life_world_do(w, &q);
}

enum err life_world_sign(struct life_world *w, uint32_t person)
{
    struct life_request q = life_world_request(w, person, 0);
    q.sign = true;
    q.revision = audit_revision(w->r->a);
    return life_world_do(w, &q);
}

/* ---- making ---- */

static void must(struct life_world *w, enum err e, const char *where)
{
    if (e)
        (void)fprintf(stderr, "%s: %s\n", where, w->r->why.text);
    assert(!e);
}

void life_put(struct life_world *w, uint32_t person, const char *where, const char *value)
{
    must(w, room_set(w->r, person, where, value), where);
}

void life_write(struct life_world *w, uint32_t person, const char *where, const char *words)
{
    must(w, room_type(w->r, person, where, words), where);
}

void life_add(struct life_world *w, uint32_t person, const char *list)
{
    must(w, room_add(w->r, person, list), list);
}

void life_force(struct life_world *w, const char *where, const char *value)
{
    must(w, room_set(w->r, 0, where, value), where);
}

void life_at(struct life_world *w, enum audit_state s)
{
    if (audit_info(w->r->a).state != s)
        must(w, room_move(w->r, s), audit_state_code(s));
}

uint64_t life_query(struct life_world *w, uint32_t person, const char *where)
{
    uint64_t id = event_local_id(person, ++w->r->ids[person]);
    struct audit_op op = {
        .kind = OP_COMMENT_ADD,
        .comment = {.comment = id,
                    .field = room_field(w->r, where),
                    .must_answer = true,
                    .text = "Which?"}
    };
    must(w, room_do(w->r, person, &op, 1), where);
    return id;
}

void life_reply(struct life_world *w, uint32_t person, uint64_t comment)
{
    struct audit_op op = {
        .kind = OP_COMMENT_REPLY, .comment = {.comment = comment, .text = "This."}
    };
    must(w, room_do(w->r, person, &op, 1), "reply");
}

static void fill_judgement(struct life_world *w, const char *code, const char *grade)
{
    char where[40];
    static const char *const parts[] = {"grade_auditor", "grade_agreed"};
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        (void)snprintf(where, sizeof where, "%s.%s", code, parts[i]);
        life_put(w, P_FRO, where, grade);
    }
    (void)snprintf(where, sizeof where, "%s.rationale", code);
    life_write(w, P_FRO, where, "As both records show.");
    (void)snprintf(where, sizeof where, "%s.evidence", code);
    life_add(w, P_FRO, where);
    (void)snprintf(where, sizeof where, "%s[1].record", code);
    life_put(w, P_FRO, where, "child");
    (void)snprintf(where, sizeof where, "%s[1].place", code);
    life_put(w, P_FRO, where, "visits, May");
}

void life_fill(struct life_world *w, const char *b1, const char *b2, const char *overall)
{
    life_put(w, P_FSW, "A1.grade_practitioner", "good");
    life_put(w, P_FRO, "A1.grade_auditor", "good");
    fill_judgement(w, "A1", "good");
    life_put(w, P_FRO, "A2", "2027-03-01");
    fill_judgement(w, "B1", b1);
    fill_judgement(w, "B2", b2);
    life_put(w, P_IRO, "J1.status", "obtained");
    life_write(w, P_IRO, "J1.words", "I like it here.");
    fill_judgement(w, "L1", overall);
}

void life_plan(struct life_world *w)
{
    char id[24];
    struct audit_item item;
    life_add(w, P_FRO, "L2.findings");
    life_write(w, P_FRO, "L2[1].text", "Visits came late.");
    life_put(w, P_FRO, "L2[1].theme", "visits");
    (void)audit_items(w->r->a, room_field(w->r, "L2[1].text").question, PART_FINDINGS, &item, 1);
    (void)snprintf(id, sizeof id, "%" PRIu64, item.id);
    life_add(w, P_FRO, "L3.actions");
    life_write(w, P_FRO, "L3[1].change", "The child is seen when it was promised.");
    life_write(w, P_FRO, "L3[1].specific", "A plan of visits.");
    life_write(w, P_FRO, "L3[1].measure", "Four visits in eight weeks.");
    life_put(w, P_FRO, "L3[1].owner", "Ben Okafor");
    life_put(w, P_FRO, "L3[1].due", "2027-04-09");
    life_put(w, P_FRO, "L3[1].finding", id);
}
