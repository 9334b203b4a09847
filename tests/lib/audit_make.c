#include "tests/lib/audit_make.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

/* ---- template ---- */

enum {
    EVERYONE = ROLE_BIT(ROLE_FRO) | ROLE_BIT(ROLE_FSW) | ROLE_BIT(ROLE_CSW),
    BOTH = ROLE_BIT(ROLE_FRO) | ROLE_BIT(ROLE_FSW),
    MODERATOR = ROLE_BIT(ROLE_IRO),
};
static struct grade grades[] = {
    {"outstanding",          "Outstanding",          false},
    {"good",                 "Good",                 false},
    {"requires_improvement", "Requires improvement", true },
    {"inadequate",           "Inadequate",           true }
};
static struct section sections[] = {
    {"A", "About",       BOTH,      0,                  ""},
    {"B", "Child",       EVERYONE,  ROLE_BIT(ROLE_FTM), ""},
    {"C", "Carer",       EVERYONE,  0,                  ""},
    {"J", "Voices",      BOTH,      0,                  ""},
    {"K", "Observation", BOTH,      0,                  ""},
    {"L", "Overall",     BOTH,      0,                  ""},
    {"M", "Moderation",  MODERATOR, 0,                  ""}
};
static char *no_list[] = {NULL};
static char *checks[] = {"review report", "children's views", "training record", NULL};
static char *options[] = {"planned", "unplanned", NULL};

#define QUESTION(n, sec, c, k, ...)                                                                \
    {                                                                                              \
        .number = n, .section = sec, .code = c, .title = c, .text = "", .prompts = no_list,        \
        .kinds = k, .required = true, .core_area = "", .needs_when = "", .items = no_list,         \
        .options = no_list, .unit = "", .low = "", .high = "", .sign = "", .voice = "", .use = "", \
        __VA_ARGS__                                                                                \
    }
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Woverride-init"
static struct question questions[] = {
    QUESTION(1, 0, "A1", KIND_PEOPLE),
    QUESTION(2, 0, "A2", KIND_REFS),
    QUESTION(3, 0, "A3", KIND_DATE | KIND_PERIOD),
    QUESTION(4, 0, "A6", KIND_JUDGEMENT | KIND_DATE, .blind = true, .use = "self_assessment"),
    QUESTION(5, 1, "B1", KIND_JUDGEMENT, .key = true),
    QUESTION(6, 1, "B2", KIND_YNP | KIND_DATE),
    QUESTION(7, 1, "B3", KIND_SCALE, .low = "unsettled", .high = "settled and safe"),
    QUESTION(8, 1, "B4", KIND_NUMBER, .unit = "visits"),
    QUESTION(9, 1, "B5", KIND_CHOICE, .options = options),
    QUESTION(10, 2, "C1", KIND_CHECKLIST | KIND_JUDGEMENT, .items = checks),
    QUESTION(11, 2, "C2", KIND_TEXT),
    QUESTION(12, 2, "C3", KIND_INFO, .required = false),
    QUESTION(13, 2, "C4", KIND_EVIDENCE, .min_child = 1, .min_carer = 1),
    QUESTION(14, 2, "C5", KIND_TEXT, .needs_when = "B2 == yes"),
    QUESTION(15, 3, "J1", KIND_VOICE, .voice = "fsw"),
    QUESTION(16, 3, "J2", KIND_VOICE, .voice = "carer"),
    QUESTION(17, 3, "J3", KIND_VOICE, .voice = "young_person", .write = MODERATOR),
    QUESTION(18, 4, "K1", KIND_OBSERVATION),
    QUESTION(19, 5, "L1", KIND_FINDINGS, .sign = "strength"),
    QUESTION(20, 5, "L2", KIND_FINDINGS),
    QUESTION(21, 5, "L3", KIND_ACTIONS),
    QUESTION(22, 6, "M1", KIND_MODERATION),
    QUESTION(23, 6, "M2", KIND_YNP),
};
#pragma GCC diagnostic pop

const struct template *audit_make_template(void)
{
    static struct template t = {.id = "TST",
                                .version = 1,
                                .title = "A small audit",
                                .purpose = "to be tested",
                                .audience = "us",
                                .type = "collaborative",
                                .default_period_months = 12,
                                .overall = OVERALL_NONE,
                                .grades = grades,
                                .ngrades = sizeof grades / sizeof *grades,
                                .sections = sections,
                                .nsections = sizeof sections / sizeof *sections,
                                .questions = questions,
                                .nquestions = sizeof questions / sizeof *questions};
    return &t;
}

/* ---- people ---- */

const struct viewer *audit_make_viewer(uint32_t person)
{
    static const struct viewer people[P_END] = {
        [0] = {.person = 0},
        [P_FRO] = { P_FRO,       {{ROLE_FRO, "North"}}, 1},
        [P_FSW] = {          P_FSW,       {{ROLE_FSW, "North"}}, 1},
        [P_CSW] = {          P_CSW,       {{ROLE_CSW, ""}}, 1},
        [P_IRO] = {          P_IRO,       {{ROLE_IRO, ""}}, 1},
        [P_HOS] = {          P_HOS,       {{ROLE_HOS, ""}}, 1},
        [P_QA] = {          P_QA,        {{ROLE_QA, ""}}, 1},
        [P_FTM] = {          P_FTM,       {{ROLE_FTM, "North"}}, 1},
        [P_SM] = {          P_SM,        {{ROLE_SM, "South"}, {ROLE_SM, "North"}}, 2},
        [P_FTM_SOUTH] = {          P_FTM_SOUTH, {{ROLE_FTM, "South"}}, 1},
        [P_STRANGER] = {          P_STRANGER,  {{ROLE_FRO, ""}, {ROLE_IRO, ""}, {ROLE_ADMIN, ""}}, 3},
    };
    assert(person < P_END);
    return &people[person];
}

/* ---- the room ---- */

static void keep(struct room *r, const struct event *e, const struct buf *body)
{
    if (r->nevents == r->cap) {
        r->cap = r->cap ? 2 * r->cap : 64;
        r->events = realloc(r->events, r->cap * sizeof *r->events);
        assert(r->events);
    }
    struct made_event *kept = &r->events[r->nevents++];
    *kept = (struct made_event){.seq = e->seq, .utc_ms = e->utc_ms, .actor = e->actor};
    buf_append(&kept->body, body->data, body->len);
    assert(!buf_failed(&kept->body));
}

enum err room_do(struct room *r, uint32_t person, struct audit_op *ops, size_t nops)
{
    const struct viewer *v = audit_make_viewer(person);
    struct event_body body = {.agent = person,
                              .batch_no = person ? r->batch_no[person] + 1 : 0,
                              .ops = ops,
                              .nops = nops};
    struct buf bytes = BUF_INIT;
    struct event_body *back = NULL;
    event_body_encode(&body, &bytes);
    assert(!buf_failed(&bytes));
    r->why = (struct err_info){0};
    enum err e = event_body_decode(bytes.data, bytes.len, &back, &r->why);
    if (!e)
        e = audit_check(r->a, v, back, &r->why, &r->conflict);
    if (!e) {
        struct event ev = {.seq = audit_seq(r->a) + 1,
                           .utc_ms = r->utc_ms += 1000,
                           .actor = person     ? person
                                    : r->asker ? r->asker
                                               : P_FRO,
                           .body = *back};
        enum err applied = audit_apply(r->a, &ev);
        assert(!applied);
        keep(r, &ev, &bytes);
        r->batch_no[person] += person != 0;
    }
    event_body_free(back);
    buf_free(&bytes);
    return e;
}

enum err room_serve(struct room *r, uint32_t asker, struct audit_op op)
{
    r->asker = asker;
    enum err e = room_do(r, 0, &op, 1);
    r->asker = 0;
    return e;
}

enum err room_member(struct room *r, uint32_t person, enum role role, const char *sections_)
{
    struct audit_op op = {
        .kind = role ? OP_MEMBER_ADD : OP_MEMBER_REMOVE,
        .member = {.person = person, .role = role, .sections = sections_}
    };
    return room_do(r, 0, &op, 1);
}

enum err room_move(struct room *r, enum audit_state to)
{
    struct audit_op op = {
        .kind = OP_MOVE, .move = {.to = to, .reason = ""}
    };
    return room_do(r, 0, &op, 1);
}

struct room *room_new(void)
{
    return room_new_of(audit_make_template());
}

struct room *room_new_of(const struct template *t)
{
    static const char *const children[] = {"CH-1", "CH-2"};
    const char *second = t->sections[t->nsections > 1].code; /* "B" */
    struct room *r = calloc(1, sizeof *r);
    assert(r);
    r->a = audit_new(t);
    assert(r->a);
    r->utc_ms = 1750000000000;
    struct audit_op ops[] = {
        {.kind = OP_CREATE,
         .create = {.ref = "TST-2026-0001",
                    .template_id = t->id,
                    .template_version = t->version,
                    .team = "North",
                    .carer_ref = "CA-77",
                    .child_refs = children,
                    .nchild_refs = 2,
                    .period_from = "2026-01-01",
                    .period_to = "2026-12-31",
                    .state = AUDIT_IN_PROGRESS}                    },
        {.kind = OP_MEMBER_ADD, .member = {P_FRO, ROLE_FRO, ""}    },
        {.kind = OP_MEMBER_ADD, .member = {P_FSW, ROLE_FSW, ""}    },
        {.kind = OP_MEMBER_ADD, .member = {P_CSW, ROLE_CSW, second}},
        {.kind = OP_MEMBER_ADD, .member = {P_IRO, ROLE_IRO, ""}    },
        {.kind = OP_MEMBER_ADD, .member = {P_HOS, ROLE_HOS, ""}    },
    };
    enum err e = room_do(r, 0, ops, sizeof ops / sizeof *ops);
    assert(!e);
    return r;
}

void room_free(struct room *r)
{
    for (size_t i = 0; i < r->nevents; i++)
        buf_free(&r->events[i].body);
    free(r->events);
    audit_free(r->a);
    free(r);
}

enum err room_replay(const struct room *r, size_t i, struct audit *to, const struct viewer *v,
                     bool *reveal)
{
    const struct made_event *from = &r->events[i];
    struct event_body *body = NULL;
    struct buf redacted = BUF_INIT;
    bool changed = false, revealed = false;
    enum err e = event_body_decode(from->body.data, from->body.len, &body, NULL);
    if (!e && v) {
        e = audit_redact_body(r->a, v, body, &redacted, &changed, &revealed);
        event_body_free(body);
        body = NULL;
        if (!e)
            e = event_body_decode(redacted.data, redacted.len, &body, NULL);
    }
    if (!e) {
        struct event ev = {
            .seq = from->seq, .utc_ms = from->utc_ms, .actor = from->actor, .body = *body};
        e = audit_apply(to, &ev);
    }
    if (reveal)
        *reveal = revealed;
    event_body_free(body);
    buf_free(&redacted);
    return e;
}

struct field room_field(const struct room *r, const char *where)
{
    struct field f;
    struct err_info why = {0};
    enum err e = audit_field_parse(r->a, where, &f, &why);
    assert(!e);
    return f;
}

enum err room_set(struct room *r, uint32_t person, const char *where, const char *value)
{
    struct field f = room_field(r, where);
    struct audit_op op = {
        .kind = OP_SET, .set = {.field = f, .value = value, .base_rev = audit_value(r->a, f).rev}
    };
    return room_do(r, person, &op, 1);
}

enum err room_type(struct room *r, uint32_t person, const char *where, const char *words)
{
    struct field f = room_field(r, where);
    struct buf state = BUF_INIT, blob = BUF_INIT;
    const struct text *now = audit_text(r->a, f);
    struct text *mine = NULL; /* the writer's own replica */
    if (now) {
        text_encode(now, true, &state);
        enum err e = text_decode(state.data, state.len, &mine);
        assert(!e);
    } else {
        mine = text_new();
    }
    enum err e = text_insert(mine, person, text_len_cp(mine), words, strlen(words), &blob);
    assert(!e && !buf_failed(&blob));
    struct audit_op op = {
        .kind = OP_TEXT, .text = {.field = f, .blob = blob.data, .blob_len = blob.len}
    };
    e = room_do(r, person, &op, 1);
    text_free(mine);
    buf_free(&state);
    buf_free(&blob);
    return e;
}

enum err room_add(struct room *r, uint32_t person, const char *list)
{
    struct field f = room_field(r, list);
    f.item = event_local_id(person, ++r->ids[person]);
    struct audit_op op = {.kind = OP_ITEM_ADD, .item = {.field = f}};
    return room_do(r, person, &op, 1);
}

enum err room_remove(struct room *r, uint32_t person, const char *item)
{
    struct field f = room_field(r, item);
    struct audit_item items[256];
    size_t n = audit_items(r->a, f.question, (enum part)f.part, items, 256);
    struct audit_op op = {.kind = OP_ITEM_REMOVE, .item = {.field = f}};
    for (size_t i = 0; i < n; i++)
        if (items[i].id == f.item)
            op.item.base_rev = items[i].rev;
    return room_do(r, person, &op, 1);
}

enum err room_comment(struct room *r, uint32_t person, const char *where, const char *words)
{
    struct audit_op op = {
        .kind = OP_COMMENT_ADD,
        .comment = {.comment = event_local_id(person, ++r->ids[person]),
                    .field = room_field(r, where),
                    .text = words}
    };
    return room_do(r, person, &op, 1);
}

const char *room_text(const struct audit *a, struct field f, struct buf *out)
{
    const struct text *t = audit_text(a, f);
    buf_clear(out);
    if (t)
        text_read(t, 0, text_len_cp(t), out);
    return buf_cstr(out);
}
