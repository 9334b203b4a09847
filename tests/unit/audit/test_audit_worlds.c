#include <criterion/criterion.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/text/text.h"
#include "tests/lib/audit_make.h"
#include "tests/lib/leaks.h"

/* Worlds of one server and five clients, as the program's are: clients write into their own replica
 * at once and send batches when they come to it; the server checks, applies, and sends everybody
 * what they may see, which arrives later. After a while all replicas must be what the server would
 * send to a newcomer, byte for byte, and the log folded again must be the server's state. */

enum { CLIENTS = 5, MAX_PENDING = 40, MAX_OPS = 4 };

static uint64_t random_state;

static uint32_t rnd(uint32_t n)
{
    random_state += 0x9e3779b97f4a7c15u;
    uint64_t z = random_state;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return (uint32_t)((z ^ z >> 31) >> 32) % n;
}

/* What the server sends one client about one event. */
struct delivery {
    struct buf body, snapshot; /* a snapshot when the event reveals something */
    bool own;                  /* Acked in place of the event */
};

struct client {
    uint32_t person;
    struct audit *replica;
    struct buf pending[MAX_PENDING]; /* encoded bodies, not yet confirmed */
    size_t npending, sent;           /* sent: of the pending, how many the server has accepted */
    uint64_t next_batch;
    uint32_t next_id;
    struct delivery *inbox; /* one per event of the room */
    size_t ninbox, read;
    struct buf last_text_op; /* what undo would take back */
    struct field last_text_field;
};

struct world {
    struct room *r;
    struct client clients[CLIENTS];
    uint64_t seed;
    unsigned accepted, refused, undone, revealed;
};

static const struct viewer *viewer(const struct client *c)
{
    return audit_make_viewer(c->person);
}

static void load(struct client *c, const struct buf *snapshot)
{
    struct err_info why = {0};
    audit_free(c->replica);
    cr_assert_eq(
        audit_decode(audit_make_template(), snapshot->data, snapshot->len, &c->replica, &why),
        ERR_OK, "%s", why.text);
}

/* ---- the server ---- */

static void deliver(struct world *w, struct client *c, const struct event_body *body, bool own)
{
    struct delivery d = {.own = own};
    bool changed, reveal;
    cr_assert_eq(audit_redact_body(w->r->a, viewer(c), body, &d.body, &changed, &reveal), ERR_OK);
    cr_assert(!own || !changed || reveal, "an author sees what they wrote");
    if (reveal)
        audit_encode(w->r->a, viewer(c), &d.snapshot);
    w->revealed += reveal;
    c->inbox = realloc(c->inbox, (c->ninbox + 1) * sizeof *c->inbox);
    c->inbox[c->ninbox++] = d;
}

static void deliver_last(struct world *w, const struct client *author)
{
    const struct made_event *last = &w->r->events[w->r->nevents - 1];
    struct event_body *body;
    cr_assert_eq(event_body_decode(last->body.data, last->body.len, &body, NULL), ERR_OK);
    for (size_t i = 0; i < CLIENTS; i++)
        deliver(w, &w->clients[i], body, &w->clients[i] == author);
    event_body_free(body);
}

/* A batch was refused: the client drops what it has not sent and takes a new view, once it has read
 * everything up to now. */
static void rejoin(struct world *w, struct client *c)
{
    struct buf snapshot = BUF_INIT;
    audit_encode(w->r->a, viewer(c), &snapshot);
    load(c, &snapshot);
    buf_free(&snapshot);
    for (size_t i = 0; i < c->npending; i++)
        buf_free(&c->pending[i]);
    c->npending = c->sent = 0;
    c->read = c->ninbox;
    c->next_batch = audit_batch_no(w->r->a, c->person) + 1;
    buf_clear(&c->last_text_op);
}

static void send_one(struct world *w, struct client *c)
{
    if (c->sent == c->npending)
        return;
    struct event_body *body;
    cr_assert_eq(event_body_decode(c->pending[c->sent].data, c->pending[c->sent].len, &body, NULL),
                 ERR_OK);
    w->r->batch_no[c->person] = body->batch_no - 1;
    enum err e = room_do(w->r, c->person, body->ops, body->nops);
    event_body_free(body);
    w->accepted += !e;
    w->refused += e != ERR_OK;
    if (e) {
        cr_assert(e == ERR_STALE || e == ERR_NOT_FOUND || e == ERR_REFUSED_ROLE ||
                      e == ERR_REFUSED_STATE || e == ERR_TOO_LARGE,
                  "seed %" PRIu64 ": an honest client met %s (%s)", w->seed, err_name(e),
                  w->r->why.text);
        rejoin(w, c);
        return;
    }
    c->sent++;
    deliver_last(w, c);
}

/* ---- a client ---- */

static void read_one(struct world *w, struct client *c)
{
    if (c->read == c->ninbox)
        return;
    const struct delivery *d = &c->inbox[c->read];
    const struct made_event *ev = &w->r->events[c->read + 1]; /* all joined after the first */
    c->read++;
    const struct buf *bytes = d->own ? &c->pending[0] : &d->body;
    struct event_body *body;
    cr_assert_eq(event_body_decode(bytes->data, bytes->len, &body, NULL), ERR_OK);
    struct event e = {.seq = ev->seq, .utc_ms = ev->utc_ms, .actor = ev->actor, .body = *body};
    if (!d->snapshot.len)
        cr_assert_eq(audit_apply(c->replica, &e), ERR_OK,
                     "seed %" PRIu64 ": event %" PRIu64 " (first op %d) at person %" PRIu32,
                     w->seed, e.seq, (int)body->ops[0].kind, c->person);
    event_body_free(body);
    if (d->own) {
        buf_free(&c->pending[0]);
        memmove(&c->pending[0], &c->pending[1], (--c->npending) * sizeof c->pending[0]);
        c->pending[c->npending] = (struct buf)BUF_INIT;
        c->sent--;
    }
    if (!d->snapshot.len)
        return;
    load(c, &d->snapshot);
    for (size_t i = 0; i < c->npending; i++) {
        cr_assert_eq(event_body_decode(c->pending[i].data, c->pending[i].len, &body, NULL), ERR_OK);
        cr_assert_eq(audit_apply_local(c->replica, body), ERR_OK, "seed %" PRIu64, w->seed);
        event_body_free(body);
    }
}

static void queue(struct client *c, struct audit_op *ops, size_t nops)
{
    struct event_body b = {
        .agent = c->person, .batch_no = c->next_batch++, .ops = ops, .nops = nops};
    cr_assert_lt(c->npending, MAX_PENDING);
    event_body_encode(&b, &c->pending[c->npending++]);
    cr_assert_eq(audit_apply_local(c->replica, &b), ERR_OK);
}

static struct field pick_text(const struct client *c)
{
    static const char *const texts[] = {"C2",       "B1.rationale", "J3.words",
                                        "J2.words", "J1.words",     "C1[2].note"};
    struct field f;
    cr_assert_eq(audit_field_parse(c->replica, texts[rnd(6)], &f, NULL), ERR_OK);
    struct audit_item items[8];
    size_t n = audit_items(c->replica, 21, PART_ACTIONS, items, 8);
    if (n && !rnd(3))
        f = (struct field){21, PART_SPECIFIC, items[rnd(n < 8 ? (uint32_t)n : 8)].id};
    return f;
}

static void write_text(struct client *c, struct field f, struct buf *op)
{
    static const char *const words[] = {"a", "plan", " ", "\xc3\xa9", "she was heard. ", "\n"};
    struct text *t = audit_text_edit(c->replica, f);
    cr_assert_not_null(t);
    size_t len = text_len_cp(t), at = rnd((uint32_t)len + 1);
    if (len && !rnd(3)) {
        size_t end = at + rnd((uint32_t)(len - at) + 1);
        if (end > at)
            cr_assert_eq(text_delete(t, c->person, at, end, TEXT_WHEN_PENDING, op), ERR_OK);
    } else {
        const char *s = words[rnd(6)];
        cr_assert_eq(text_insert(t, c->person, at, s, strlen(s), op), ERR_OK);
    }
}

static void edit_text(struct world *w, struct client *c)
{
    struct field f = pick_text(c);
    struct buf op = BUF_INIT;
    if (audit_right(c->replica, viewer(c), f, NULL) != RIGHT_WRITE)
        return;
    struct text *t = audit_text_edit(c->replica, f);
    if (c->last_text_op.len && field_equal(c->last_text_field, f) && !rnd(4)) {
        cr_assert_eq(text_undo(t, c->person, c->last_text_op.data, c->last_text_op.len, &op, NULL),
                     ERR_OK);
        w->undone++;
    } else {
        write_text(c, f, &op);
    }
    buf_clear(&c->last_text_op);
    if (op.len) {
        buf_append(&c->last_text_op, op.data, op.len);
        c->last_text_field = f;
        struct audit_op o = {
            .kind = OP_TEXT, .text = {f, op.data, op.len}
        };
        queue(c, &o, 1);
    }
    buf_free(&op);
}

static void set_value(struct client *c)
{
    static const struct {
        const char *where, *values[3];
    } sets[] = {
        {"B2",                    {"yes", "no", ""}                   },
        {"B1",                    {"good", "inadequate", ""}          },
        {"A6.grade_auditor",      {"good", "inadequate", ""}          },
        {"A6.grade_practitioner", {"good", "outstanding", ""}         },
        {"J3.shown_to",           {"auditors", "managers, worker", ""}},
        {"J3.method",             {"drawing", "talk", ""}             },
        {"J3.status",             {"asked", "obtained", ""}           },
        {"J1.status",             {"asked", "obtained", ""}           },
        {"C1[1]",                 {"met", "not_seen", ""}             },
    };
    size_t i = rnd(sizeof sets / sizeof *sets);
    struct field f;
    cr_assert_eq(audit_field_parse(c->replica, sets[i].where, &f, NULL), ERR_OK);
    if (audit_right(c->replica, viewer(c), f, NULL) != RIGHT_WRITE)
        return;
    struct audit_op op = {
        .kind = OP_SET, .set = {f, sets[i].values[rnd(3)], audit_value(c->replica, f).rev}
    };
    queue(c, &op, 1);
}

static void change_list(struct client *c)
{
    struct audit_item items[16];
    size_t n = audit_items(c->replica, 21, PART_ACTIONS, items, 16);
    struct field f = {21, PART_ACTIONS, 0};
    if (audit_right(c->replica, viewer(c), f, NULL) != RIGHT_WRITE)
        return;
    if (n && (n > 5 || !rnd(3))) {
        struct audit_item gone = items[rnd(n < 16 ? (uint32_t)n : 16)];
        f.item = gone.id;
        struct audit_op op = {
            .kind = OP_ITEM_REMOVE, .item = {f, gone.rev}
        };
        queue(c, &op, 1);
        return;
    }
    uint64_t id = event_local_id(c->person, ++c->next_id);
    struct audit_op ops[] = {
        {.kind = OP_ITEM_ADD, .item = {{21, PART_ACTIONS, id}, 0}         },
        {.kind = OP_SET,      .set = {{21, PART_DUE, id}, "2026-12-24", 0}},
    };
    queue(c, ops, 1 + rnd(2));
}

static void comment(struct client *c)
{
    struct field f = pick_text(c);
    const struct text *t = audit_text(c->replica, f);
    size_t n = audit_comment_count(c->replica);
    if (n && rnd(2)) {
        const struct audit_comment *to = audit_comment_at(c->replica, rnd((uint32_t)n));
        struct audit_op op = {
            .kind = rnd(2) ? OP_COMMENT_REPLY : OP_COMMENT_RESOLVE,
            .comment = {.comment = to->id, .text = "so be it"}
        };
        if (op.kind == OP_COMMENT_RESOLVE)
            op.comment.text = "";
        if (audit_right(c->replica, viewer(c), to->field, NULL) >= RIGHT_COMMENT)
            queue(c, &op, 1);
        return;
    }
    if (audit_right(c->replica, viewer(c), f, NULL) < RIGHT_COMMENT)
        return;
    struct audit_op op = {
        .kind = OP_COMMENT_ADD,
        .comment = {.comment = event_local_id(c->person, ++c->next_id),
                    .field = f,
                    .must_answer = rnd(2),
                    .text = "why?"}
    };
    if (t && !c->npending) { /* on words that the server knows */
        size_t a = rnd((uint32_t)text_len_cp(t) + 1),
               b = a + rnd((uint32_t)(text_len_cp(t) - a) + 1);
        op.comment.on_words = true;
        op.comment.start = text_anchor_at(t, a, TEXT_BEFORE);
        op.comment.end = text_anchor_at(t, b, TEXT_AFTER);
    }
    queue(c, &op, 1);
}

static void act(struct world *w, struct client *c)
{
    if (c->npending + 1 >= MAX_PENDING)
        return;
    uint32_t what = rnd(20);
    if (what < 12)
        edit_text(w, c);
    else if (what < 15)
        set_value(c);
    else if (what < 18)
        change_list(c);
    else
        comment(c);
}

static struct audit_op sign_as(const struct audit *a, enum role role)
{
    struct audit_op op = {
        .kind = OP_SIGN, .sign = {.role = role, .revision = audit_revision(a)}
    };
    audit_fingerprint(a, op.sign.fingerprint);
    return op;
}

static struct audit_op move_on(const struct audit *a)
{
    static const enum audit_state states[] = {AUDIT_AGREED, AUDIT_MODERATING, AUDIT_RETURNED};
    bool writing = audit_info(a).state == AUDIT_IN_PROGRESS;
    return (struct audit_op){
        .kind = OP_MOVE,
        .move = {.to = writing ? states[rnd(3)] : AUDIT_IN_PROGRESS,
                 .reason = "because",
                 .revision = audit_revision(a)}
    };
}

/* A flag, or a note to the last one. */
static struct audit_op flag_or_note(const struct audit *a)
{
    size_t n = audit_flag_count(a);
    if (n && rnd(2))
        return (struct audit_op){
            .kind = OP_FLAG_NOTE,
            .flag_note = {.flag = audit_flag_at(a, n - 1)->seq, .text = "seen", .closed = rnd(2)}
        };
    return (struct audit_op){
        .kind = OP_FLAG,
        .flag = {.text = "a concern", .told = "FTM Sue", .told_utc_ms = 1, .told_person = rnd(12)}
    };
}

static struct audit_op glass_or_end(const struct audit *a)
{
    return (struct audit_op){
        .kind = audit_glass_of(a, P_CSW) ? OP_GLASS_END : OP_GLASS,
        .glass = {.person = P_CSW, .until_utc_ms = INT64_MAX, .reason = "a complaint"}
    };
}

/* What the server does when somebody asks it for something. */
static struct audit_op server_op(const struct world *w)
{
    const struct audit *a = w->r->a;
    switch (rnd(9)) {
    case 0:
        return sign_as(a, ROLE_FRO);
    case 1:
        return sign_as(a, ROLE_FSW);
    case 2:
        return flag_or_note(a);
    case 3:
        return glass_or_end(a);
    case 4:
        return (struct audit_op){.kind = OP_ASSIGN, .assign = {.person = rnd(2) ? P_IRO : P_HOS}};
    case 5:
        return (struct audit_op){.kind = OP_PLAN,
                                 .plan = {.planned = rnd(2) ? "2027-03-25" : "2027-03-26"}};
    case 6:
        return (struct audit_op){
            .kind = OP_MEMBER_ADD, .member = {P_CSW, rnd(2) ? ROLE_CSW : ROLE_SSL, ""}
        };
    default:
        return move_on(a);
    }
}

static void act_server(struct world *w)
{
    static const uint32_t askers[] = {P_FRO, P_FSW, P_IRO, P_QA};
    enum err e = room_serve(w->r, askers[rnd(4)], server_op(w));
    cr_assert_eq(e, ERR_OK, "seed %" PRIu64 ": %s", w->seed, w->r->why.text);
    deliver_last(w, NULL);
}

/* ---- the world ---- */

static void world_init(struct world *w, uint64_t seed)
{
    static const uint32_t people[CLIENTS] = {P_FRO, P_FSW, P_IRO, P_CSW, P_FTM};
    *w = (struct world){.seed = seed, .r = room_new()};
    random_state = seed * 0x2545f4914f6cdd1du + 1;
    for (size_t i = 0; i < CLIENTS; i++) {
        w->clients[i].person = people[i];
        rejoin(w, &w->clients[i]);
    }
}

static void world_fini(struct world *w)
{
    for (size_t i = 0; i < CLIENTS; i++) {
        struct client *c = &w->clients[i];
        audit_free(c->replica);
        for (size_t k = 0; k < c->ninbox; k++) {
            buf_free(&c->inbox[k].body);
            buf_free(&c->inbox[k].snapshot);
        }
        for (size_t k = 0; k < c->npending; k++)
            buf_free(&c->pending[k]);
        free(c->inbox);
        buf_free(&c->last_text_op);
    }
    room_free(w->r);
}

static void expect_same(const struct world *w, const struct audit *x, const struct audit *y,
                        const struct viewer *v, const char *what)
{
    struct buf bx = BUF_INIT, by = BUF_INIT;
    audit_encode(x, v, &bx);
    audit_encode(y, v, &by);
    cr_assert(bx.len == by.len && !memcmp(bx.data, by.data, bx.len), "seed %" PRIu64 ": %s differs",
              w->seed, what);
    buf_free(&bx);
    buf_free(&by);
}

static void rest(struct world *w)
{
    for (bool busy = true; busy;) {
        busy = false;
        for (size_t i = 0; i < CLIENTS; i++) {
            struct client *c = &w->clients[i];
            busy = busy || c->sent < c->npending || c->read < c->ninbox;
            send_one(w, c);
            read_one(w, c);
        }
    }
}

/* The server's state from a snapshot somewhere and the events behind it. */
static void expect_snapshot_and_tail(const struct world *w)
{
    struct audit *full = audit_new(audit_make_template()), *late = NULL;
    size_t at = rnd((uint32_t)w->r->nevents);
    struct buf snapshot = BUF_INIT;
    for (size_t i = 0; i < w->r->nevents; i++) {
        cr_assert_eq(room_replay(w->r, i, full, NULL, NULL), ERR_OK);
        if (late)
            cr_assert_eq(room_replay(w->r, i, late, NULL, NULL), ERR_OK);
        if (i == at) {
            audit_encode(full, NULL, &snapshot);
            cr_assert_eq(
                audit_decode(audit_make_template(), snapshot.data, snapshot.len, &late, NULL),
                ERR_OK);
        }
    }
    expect_same(w, full, w->r->a, NULL, "the log folded again");
    expect_same(w, late, w->r->a, NULL, "a snapshot and the events behind it");
    uint8_t a[32], b[32];
    audit_fingerprint(late, a);
    audit_fingerprint(w->r->a, b);
    cr_assert_eq(memcmp(a, b, 32), 0);
    buf_free(&snapshot);
    audit_free(full);
    audit_free(late);
}

static void expect_same_progress(const struct world *w)
{
    struct audit_progress p = audit_progress(w->r->a);
    for (size_t i = 0; i < CLIENTS; i++) {
        const struct audit *a = w->clients[i].replica;
        cr_assert_eq(audit_progress(a).answered, p.answered, "seed %" PRIu64, w->seed);
        cr_assert_eq(audit_progress(a).required, p.required);
        for (uint16_t q = 1; q <= audit_make_template()->nquestions; q++)
            cr_assert_eq(audit_question_state(a, q) == QUESTION_DONE,
                         audit_question_state(w->r->a, q) == QUESTION_DONE);
    }
}

static void run(struct world *w, unsigned steps)
{
    for (unsigned i = 0; i < steps; i++) {
        struct client *c = &w->clients[rnd(CLIENTS)];
        uint32_t what = rnd(100);
        if (what < 50)
            act(w, c);
        else if (what < 73)
            send_one(w, c);
        else if (what < 98)
            read_one(w, c);
        else
            act_server(w);
    }
    rest(w);
    for (size_t i = 0; i < CLIENTS; i++)
        expect_same(w, w->clients[i].replica, w->r->a, viewer(&w->clients[i]), "a replica");
    expect_snapshot_and_tail(w);
    expect_same_progress(w);
}

Test(audit_worlds, replicas_end_equal_to_the_server_and_to_the_log, .timeout = 120)
{
    const char *from = getenv("WORLDS_FROM"), *count = getenv("WORLDS");
    uint64_t first = from ? strtoull(from, NULL, 10) : 1;
    uint64_t n = count ? strtoull(count, NULL, 10) : 2000;
    unsigned accepted = 0, refused = 0, undone = 0, revealed = 0;
    for (uint64_t seed = first; seed < first + n; seed++) {
        struct world w;
        world_init(&w, seed);
        run(&w, 500);
        accepted += w.accepted;
        refused += w.refused;
        undone += w.undone;
        revealed += w.revealed;
        world_fini(&w);
    }
    printf("%" PRIu64 " worlds: %u batches accepted, %u refused, %u undone, %u reveals\n", n,
           accepted, refused, undone, revealed);
    cr_assert(accepted > 20 * n && refused > n && undone > n && revealed > n,
              "worlds in which little happens show little");
    CHECK_NO_LEAKS();
}
