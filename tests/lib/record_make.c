#include "tests/lib/record_make.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "server/content/template_yaml.h"

/* ---- people ---- */

static const struct {
    const char *name;
    enum role role;
    const char *team;
} site[PEOPLE_END] = {
    [ANA] = {"Ana",   ROLE_FRO,   "North"},
      [BEN] = {"Ben",   ROLE_FSW,   "North"},
    [CLEO] = {"Cleo",  ROLE_CSW,   ""     },
      [IRIS] = {"Iris",  ROLE_IRO,   ""     },
    [INES] = {"Ines",  ROLE_IRO,   ""     },
      [FAY] = {"Fay",   ROLE_FTM,   "North"},
    [FINN] = {"Finn",  ROLE_FTM,   "South"},
      [SAM] = {"Sam",   ROLE_SM,    "North"},
    [HAL] = {"Hal",   ROLE_HOS,   ""     },
      [DINA] = {"Dina",  ROLE_DIR,   ""     },
    [QUINN] = {"Quinn", ROLE_QA,    ""     },
      [LEFT] = {"Lee",   ROLE_FSW,   "North"},
    [NOBODY] = {"Nora",  ROLE_ADMIN, ""     },
};

static void put_person(struct record *r, uint32_t id, bool revoked)
{
    struct person p = {
        .viewer = {.person = id, .nroles = 1},
          .revoked = revoked
    };
    (void)snprintf(p.name, sizeof p.name, "%s", site[id].name);
    p.viewer.roles[0].role = site[id].role;
    (void)snprintf(p.viewer.roles[0].team, sizeof p.viewer.roles[0].team, "%s", site[id].team);
    cr_assert_eq(people_put(r->people, &p), ERR_OK);
}

const struct viewer *record_viewer(const struct record *r, uint32_t person)
{
    const struct person *p = people_find(r->people, person);
    cr_assert(p);
    return &p->viewer;
}

void record_leaves(struct record *r, uint32_t person)
{
    put_person(r, person, true);
}

/* ---- time ---- */

void record_day(struct record *r, const char *day)
{
    struct civil_time noon = {.hour = 12};
    struct err_info why = {0};
    cr_assert_eq(civil_parse(day, &noon.day, &why), ERR_OK, "%s", why.text);
    int64_t then = civil_time_utc_ms(noon);
    if (then > r->utc_ms) /* time goes on within a day */
        r->utc_ms = then;
}

/* ---- events ---- */

static void apply(struct record *r, uint32_t person, uint32_t agent, struct audit_op *op)
{
    struct event e = {
        .seq = audit_seq(r->a) + 1,
        .utc_ms = r->utc_ms++,
        .actor = person,
        .body = {.agent = agent,
                 .batch_no = agent ? ++r->batch_no[agent] : 0,
                 .ops = op,
                 .nops = 1},
    };
    cr_assert_eq(audit_apply(r->a, &e), ERR_OK, "operation %d by %u", (int)op->kind, person);
}

void record_do(struct record *r, uint32_t person, struct audit_op op)
{
    apply(r, person, 0, &op);
}

struct record *record_new(const char *template_id, const char *planned, const char *today)
{
    struct record *r = calloc(1, sizeof *r);
    struct err_info why = {0};
    cr_assert(r);
    cr_assert_eq(template_builtin(template_id, &r->t, &why), ERR_OK, "%s", why.text);
    r->a = audit_new(r->t);
    r->people = people_new();
    cr_assert(r->a && r->people);
    clock_values_default(&r->clock);
    holidays_init(&r->holidays);
    for (uint32_t id = ANA; id < PEOPLE_END; id++)
        put_person(r, id, id == LEFT);
    record_day(r, today);
    record_do(r, ANA,
              (struct audit_op){
                  .kind = OP_CREATE,
                  .create = {.ref = "REC-1",
                             .template_id = r->t->id,
                             .template_version = r->t->version,
                             .team = "North",
                             .carer_ref = "CA-77",
                             .period_from = "2026-01-01",
                             .period_to = "2026-12-31",
                             .state = AUDIT_PLANNED,
                             .planned = planned,
                             .way_in = "",
                             .source = ""}
    });
    return r;
}

void record_free(struct record *r)
{
    audit_free(r->a);
    people_free(r->people);
    template_free(r->t);
    free(r);
}

struct facts record_facts(const struct record *r)
{
    return (struct facts){.audit = r->a,
                          .people = r->people,
                          .clock = &r->clock,
                          .holidays = &r->holidays,
                          .now_utc_ms = r->utc_ms};
}

void record_member(struct record *r, uint32_t person, enum role role)
{
    record_do(r, QUINN,
              (struct audit_op){
                  .kind = role ? OP_MEMBER_ADD : OP_MEMBER_REMOVE,
                  .member = {.person = person, .role = role, .sections = ""}
    });
}

static void move(struct record *r, uint32_t person, enum audit_state to, uint32_t stage)
{
    record_do(r, person,
              (struct audit_op){
                  .kind = OP_MOVE, .move = {.to = to, .reason = "", .stage = stage, .result = ""}
    });
}

void record_move(struct record *r, uint32_t person, enum audit_state to)
{
    move(r, person, to, 0);
}

void record_stage(struct record *r, uint32_t person, uint32_t stage)
{
    move(r, person, AUDIT_IN_PROGRESS, 1 + stage);
}

void record_sign(struct record *r, uint32_t person, enum role role)
{
    record_do(
        r, person,
        (struct audit_op){
            .kind = OP_SIGN,
            .sign = {
                     .role = role, .revision = audit_revision(r->a), .difference = "", .reason = ""}
    });
}

/* ---- answers ---- */

struct field record_field(const struct record *r, const char *where)
{
    struct field f;
    struct err_info why = {0};
    cr_assert_eq(audit_field_parse(r->a, where, &f, &why), ERR_OK, "%s: %s", where, why.text);
    return f;
}

void record_set(struct record *r, uint32_t person, const char *where, const char *value)
{
    struct field f = record_field(r, where);
    struct audit_op op = {
        .kind = OP_SET, .set = {.field = f, .value = value, .base_rev = audit_value(r->a, f).rev}
    };
    struct err_info why = {0};
    cr_assert_eq(field_check_value(r->t, f, value, &why), ERR_OK, "%s: %s", where, why.text);
    apply(r, person, person, &op);
}

void record_type(struct record *r, uint32_t person, const char *where, const char *words)
{
    struct field f = record_field(r, where);
    const struct text *now = audit_text(r->a, f);
    struct buf state = BUF_INIT, blob = BUF_INIT;
    struct text *mine = NULL; /* the writer's own replica */
    if (now) {
        text_encode(now, true, &state);
        cr_assert_eq(text_decode(state.data, state.len, &mine), ERR_OK);
    } else {
        mine = text_new();
    }
    cr_assert_eq(text_insert(mine, person, text_len_cp(mine), words, strlen(words), &blob), ERR_OK);
    struct audit_op op = {
        .kind = OP_TEXT, .text = {.field = f, .blob = blob.data, .blob_len = blob.len}
    };
    apply(r, person, person, &op);
    text_free(mine);
    buf_free(&state);
    buf_free(&blob);
}

uint64_t record_add(struct record *r, uint32_t person, const char *list)
{
    struct audit_op op = {.kind = OP_ITEM_ADD, .item = {.field = record_field(r, list)}};
    op.item.field.item = event_local_id(person, ++r->ids[person]);
    apply(r, person, person, &op);
    return op.item.field.item;
}

/* ---- comments ---- */

uint64_t record_ask(struct record *r, uint32_t person, const char *where)
{
    uint64_t id = event_local_id(person, ++r->ids[person]);
    struct audit_op op = {
        .kind = OP_COMMENT_ADD,
        .comment = {.comment = id,
                    .field = record_field(r, where),
                    .must_answer = true,
                    .text = "How do we know?"}
    };
    apply(r, person, person, &op);
    return id;
}

void record_reply(struct record *r, uint32_t person, uint64_t comment)
{
    struct audit_op op = {
        .kind = OP_COMMENT_REPLY, .comment = {.comment = comment, .text = "From the log."}
    };
    apply(r, person, person, &op);
}

void record_resolve(struct record *r, uint32_t person, uint64_t comment)
{
    struct audit_op op = {
        .kind = OP_COMMENT_RESOLVE, .comment = {.comment = comment, .text = ""}
    };
    apply(r, person, person, &op);
}
