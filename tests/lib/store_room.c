#include "tests/lib/store_room.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "server/store/summary.h"

static void must(enum err e, const char *what)
{
    if (e) {
        fprintf(stderr, "test set-up failed: %s: %s\n", what, err_name(e));
        abort();
    }
}

static void put_template(struct store_under_test *t)
{
    struct buf data = BUF_INIT;
    const struct template *tst = audit_make_template();
    template_encode(tst, &data);
    struct store_template_put p = {
        .req.op = STORE_TEMPLATE_PUT, .version = tst->version, .data = data.data, .len = data.len};
    snprintf(p.id, sizeof p.id, "%s", tst->id);
    must(t->impl->run(t, &p.req), "template");
    buf_free(&data);
}

static void append(struct store_under_test *t, uint64_t audit, const struct made_event *m,
                   const struct audit *after)
{
    struct store_summary s;
    struct store_member *members;
    size_t n;
    summary_of(after, &s);
    must(summary_members_of(after, &members, &n), "members");
    struct store_member none[1];
    struct store_event e = {.seq = m->seq,
                            .utc_ms = m->utc_ms,
                            .actor = m->actor,
                            .body = m->body.data,
                            .body_len = m->body.len};
    struct store_append a = {.req.op = STORE_APPEND,
                             .audit = audit,
                             .expected_seq = m->seq - 1,
                             .events = &e,
                             .nevents = 1,
                             .summary = &s,
                             .members = members ? members : none,
                             .nmembers = n};
    must(t->impl->run(t, &a.req), "append");
    free(members);
}

static void snapshot(struct store_under_test *t, uint64_t audit, const struct audit *a)
{
    struct buf data = BUF_INIT;
    audit_encode(a, NULL, &data);
    struct store_save_snapshot s = {.req.op = STORE_SAVE_SNAPSHOT,
                                    .audit = audit,
                                    .seq = audit_seq(a),
                                    .data = data.data,
                                    .len = data.len};
    must(t->impl->run(t, &s.req), "snapshot");
    buf_free(&data);
}

uint64_t store_room_put(struct store_under_test *t, const struct room *r, unsigned snapshot_every)
{
    put_template(t);
    struct store_create_audit c = {
        .req.op = STORE_CREATE_AUDIT, .template_id = "TST", .year = 2026};
    must(t->impl->run(t, &c.req), "number");
    struct audit *a = audit_new(audit_make_template());
    for (size_t i = 0; i < r->nevents; i++) {
        must(room_replay(r, i, a, NULL, NULL), "replay");
        append(t, c.audit, &r->events[i], a);
        if (snapshot_every && r->events[i].seq % snapshot_every == 0)
            snapshot(t, c.audit, a);
        if (i == 0) /* each person writes as the agent of their own number */
            for (uint32_t p = 1; p < P_END; p++) {
                struct store_enter n = {.req.op = STORE_ENTER,
                                        .audit = c.audit,
                                        .person = p,
                                        .what = "open",
                                        .want_agent = true};
                must(t->impl->run(t, &n.req), "enter");
            }
    }
    audit_free(a);
    return c.audit;
}

struct room *store_room_busy(void)
{
    struct room *r = room_new();
    for (int i = 0; i < 4; i++) {
        must(room_type(r, P_FRO, "C2", "the carer was seen "), "type");
        must(room_type(r, P_FSW, "C2", "and the child was heard "), "type");
        must(room_set(r, P_FRO, "B2", i % 2 ? "yes" : "no"), "set");
        must(room_type(r, P_FSW, "C5", "after the review "), "type");
    }
    must(room_add(r, P_FRO, "L3.actions"), "action");
    must(room_comment(r, P_IRO, "C2", "who said so?"), "comment");
    must(room_member(r, P_QA, ROLE_QA, ""), "member");
    must(room_type(r, P_CSW, "B1.rationale", "plan and placement agree"), "type");
    must(room_set(r, P_FRO, "B1.grade_agreed", "inadequate"), "grade");
    struct audit_op life[] = {
        {.kind = OP_PLAN,   .plan = {.planned = "2027-01-18", .reason = "the carer is away"}},
        {.kind = OP_ASSIGN, .assign = {.person = P_IRO, .reason = ""}                       },
        {.kind = OP_MOVE,   .move = {.to = AUDIT_MODERATING, .reason = "", .revision = 3}   },
        {.kind = OP_GLASS,
         .glass = {.person = P_STRANGER, .until_utc_ms = INT64_MAX / 2, .reason = "a call"} },
        {.kind = OP_MOVE,   .move = {.to = AUDIT_RETURNED, .reason = "", .revision = 3}     },
    };
    for (size_t i = 0; i < sizeof life / sizeof life[0]; i++)
        must(room_serve(r, P_QA, life[i]), r->why.text);
    return r;
}
