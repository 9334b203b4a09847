/* The end of a story: the logs as they lie on the disk, folded by nobody's program but the test's
 * own. */

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "server/store/store_sqlite.h"
#include "tests/lib/life_flow.h"

/* One log while it is folded. */
struct replay {
    const char *ref;
    struct template *t;
    struct audit *a;
    size_t moves, signatures;
};

/* What a move or a signature says that the content was must be what is here. */
static void compare(const struct replay *r, const struct event *e, const char *what,
                    uint64_t revision, const uint8_t fingerprint[FINGERPRINT_LEN])
{
    uint8_t here[FINGERPRINT_LEN];
    audit_fingerprint(r->a, here);
    cr_assert_eq(revision, audit_revision(r->a), "%s, event %llu: %s of revision %llu, not %llu",
                 r->ref, (unsigned long long)e->seq, what, (unsigned long long)revision,
                 (unsigned long long)audit_revision(r->a));
    cr_assert_arr_eq(fingerprint, here, FINGERPRINT_LEN, "%s, event %llu: %s of other content",
                     r->ref, (unsigned long long)e->seq, what);
}

/* They name the content as it is once their event's other operations are done: what comes with a
 * move (final grades, opened actions) is no content. */
static void look(struct replay *r, const struct event *e)
{
    for (size_t i = 0; i < e->body.nops; i++) {
        const struct audit_op *op = &e->body.ops[i];
        if (op->kind == OP_MOVE)
            compare(r, e, "a move", op->move.revision, op->move.fingerprint);
        else if (op->kind == OP_SIGN)
            compare(r, e, "a signature", op->sign.revision, op->sign.fingerprint);
        r->moves += op->kind == OP_MOVE;
        r->signatures += op->kind == OP_SIGN;
    }
}

/* The one that its first event names. */
static void begin(struct store *store, struct replay *r, const struct store_event *first)
{
    struct store_template_load all = {.req = {.op = STORE_TEMPLATE_LOAD}};
    struct err_info why = {0};
    char id[32];
    uint32_t version;
    cr_assert_eq(audit_template_of(first->body, first->body_len, false, id, &version), 0);
    cr_assert_eq(store_sqlite_run(store, &all.req), 0);
    for (size_t i = 0; i < all.ntemplates; i++) {
        const struct store_template *t = &all.templates[i];
        if (!strcmp(t->id, id) && t->version == version)
            cr_assert_eq(template_decode(t->data, t->len, &r->t, &why), 0, "%s", why.text);
    }
    free(all.templates);
    cr_assert_not_null(r->t, "%s: no template %s %u", r->ref, id, version);
    r->a = audit_new(r->t);
    cr_assert_not_null(r->a);
}

static void fold(struct replay *r, const struct store_event *stored)
{
    struct event_body *body;
    struct err_info why = {0};
    cr_assert_eq(event_body_decode(stored->body, stored->body_len, &body, &why), 0, "%s", why.text);
    struct event e = {
        .seq = stored->seq, .utc_ms = stored->utc_ms, .actor = stored->actor, .body = *body};
    cr_assert_eq(audit_apply(r->a, &e), 0, "%s: event %llu", r->ref, (unsigned long long)e.seq);
    look(r, &e);
    event_body_free(body);
}

/* The whole log; the number of its moves. */
static size_t replay(struct store *store, uint64_t audit, const char *ref)
{
    struct replay r = {.ref = ref};
    struct store_events page = {.req = {.op = STORE_EVENTS},
                                .audit = audit,
                                .from_seq = 1,
                                .max_events = 500,
                                .max_bytes = 1 << 20};
    do {
        cr_assert_eq(store_sqlite_run(store, &page.req), 0, "%s cannot be read", ref);
        for (size_t i = 0; i < page.nevents; i++) {
            if (!r.a)
                begin(store, &r, &page.events[i]);
            fold(&r, &page.events[i]);
        }
        page.from_seq += page.nevents;
        free(page.events);
    } while (page.nevents);
    audit_free(r.a);
    template_free(r.t);
    return r.moves;
}

static void replay_all(struct story *s, size_t moves)
{
    struct store *store;
    struct store_list_audits list = {.req = {.op = STORE_LIST_AUDITS}};
    struct err_info why = {0};
    cr_assert_eq(store_sqlite_open(NULL, s->d.dir, false, NULL, &store, &why), 0, "%s", why.text);
    cr_assert_eq(store_sqlite_run(store, &list.req), 0);
    cr_assert_gt(list.nrows, 0u);
    for (size_t i = 0; i < list.nrows; i++) {
        const char *ref = list.rows[i].summary.ref;
        size_t n = replay(store, list.rows[i].audit, ref);
        cr_assert(strcmp(ref, s->ref) != 0 || n >= moves, "%s has %zu moves only", ref, n);
    }
    free(list.rows);
    store_sqlite_close(store, NULL, NULL);
}

static void tandemd(const struct story *s, const char *command, const char *words)
{
    struct run r = RUN("tandemd", command, "--data", s->d.dir);
    cr_assert(r.exit_code == 0 && (strstr(run_out(&r), words) || strstr(run_err(&r), words)),
              "tandemd %s: %s%s", command, run_out(&r), run_err(&r));
    run_free(&r);
}

void story_ends(struct story *s, size_t moves)
{
    cr_assert_eq(daemon_stop(&s->d), 0);
    tandemd(s, "verify", "problems=0");
    tandemd(s, "rebuild", "");
    tandemd(s, "verify", "problems=0");
    replay_all(s, moves);
}
