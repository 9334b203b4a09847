/* Out of memory at every place, one after the other: an audit is created, written, commented on,
 * encoded and decoded while the n-th allocation fails, n = 1, 2, 3 ... until nothing fails any
 * more. Each run must say ERR_NOMEM (or succeed), and give back all that it took. */

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/lib/audit_make.h"

#ifndef __has_feature
#define __has_feature(x) 0
#endif
#if defined(__SANITIZE_ADDRESS__) || __has_feature(address_sanitizer) ||                           \
    defined(__SANITIZE_THREAD__)
#define OWN_MALLOC                                                                                 \
    0 /* the sanitizer has its own: one run without failure, leaks seen at the end                 \
       */
#else
#define OWN_MALLOC 1
#endif

static long fail_at, calls, live;

#if OWN_MALLOC
extern void *__libc_malloc(size_t n);
extern void *__libc_calloc(size_t n, size_t size);
extern void *__libc_realloc(void *p, size_t n);
extern void __libc_free(void *p);

static bool fails(void)
{
    return fail_at && ++calls == fail_at;
}
void *malloc(size_t n)
{
    void *p = fails() ? NULL : __libc_malloc(n);
    live += p != NULL;
    return p;
}
void *calloc(size_t n, size_t size)
{
    void *p = fails() ? NULL : __libc_calloc(n, size);
    live += p != NULL;
    return p;
}
void *realloc(void *old, size_t n)
{
    if (fails())
        return NULL;
    void *p = __libc_realloc(old, n);
    live += !old && p;
    return p;
}
void free(void *p)
{
    live -= p != NULL;
    __libc_free(p);
}
#endif

static void die(const char *what, enum err e)
{
    fprintf(stderr, "allocation %ld: %s: %s\n", fail_at, what, err_name(e));
    _Exit(1);
}

/* The log of a room in which a bit of everything happens; made while nothing fails. */
static struct room *script(void)
{
    struct room *r = room_new();
    enum err e = room_set(r, P_FRO, "B2", "yes");
    e = e ? e : room_type(r, P_FRO, "C2", "words ");
    e = e ? e : room_type(r, P_FSW, "C2", "of two");
    e = e ? e : room_add(r, P_FRO, "L3.actions");
    e = e ? e : room_add(r, P_FSW, "L3.actions");
    e = e ? e : room_set(r, P_FSW, "L3[1].due", "2027-01");
    e = e ? e : room_type(r, P_FSW, "L3[2].change", "more");
    e = e ? e : room_comment(r, P_IRO, "C2", "why?");
    struct audit_op reply = {
        .kind = OP_COMMENT_REPLY,
        .comment = {.comment = event_local_id(P_IRO, r->ids[P_IRO]), .text = "because"}
    };
    e = e ? e : room_do(r, P_FRO, &reply, 1);
    e = e ? e : room_remove(r, P_FRO, "L3[1].actions");
    e = e ? e : room_type(r, P_IRO, "J3.words", "hidden");
    e = e ? e : room_member(r, P_QA, ROLE_QA, "");
    e = e ? e : room_move(r, AUDIT_AGREED);
    if (e)
        die("script", e);
    return r;
}

static enum err check_and_apply(struct audit *a, const struct made_event *m)
{
    struct event_body *b = NULL;
    struct buf redacted = BUF_INIT;
    bool changed, reveal;
    enum err e = event_body_decode(m->body.data, m->body.len, &b, NULL);
    if (e)
        return e;
    const struct viewer *v = audit_make_viewer(b->agent);
    e = audit_check(a, v, b, NULL, NULL);
    struct event ev = {.seq = m->seq, .utc_ms = m->utc_ms, .actor = m->actor, .body = *b};
    if (!e)
        e = audit_apply(a, &ev);
    if (!e)
        e = audit_redact_body(a, audit_make_viewer(P_FRO), b, &redacted, &changed, &reveal);
    buf_free(&redacted);
    event_body_free(b);
    return e;
}

static enum err snapshot(const struct audit *a, const struct viewer *v)
{
    struct buf bytes = BUF_INIT;
    struct audit *back = NULL;
    audit_encode(a, v, &bytes);
    enum err e = buf_failed(&bytes) ? ERR_NOMEM : ERR_OK;
    if (!e)
        e = audit_decode(audit_make_template(), bytes.data, bytes.len, &back, NULL);
    audit_free(back);
    buf_free(&bytes);
    return e;
}

static enum err run(const struct room *r)
{
    struct audit *a = audit_new(audit_make_template());
    enum err e = a ? ERR_OK : ERR_NOMEM;
    for (size_t i = 0; !e && i < r->nevents; i++)
        e = check_and_apply(a, &r->events[i]);
    if (!e)
        e = snapshot(a, NULL);
    if (!e)
        e = snapshot(a, audit_make_viewer(P_FSW));
    audit_free(a);
    return e;
}

int main(void)
{
    struct room *r = script();
    long before = live, n = 0;
    enum err e;
    if (!OWN_MALLOC) {
        e = run(r);
        room_free(r);
        printf("one run: %s\n", err_name(e));
        return e != ERR_OK;
    }
    do {
        fail_at = ++n;
        calls = 0;
        e = run(r);
        bool reached = calls >= fail_at;
        fail_at = reached ? fail_at : 0;
        if (e && e != ERR_NOMEM)
            die("run", e);
        if (live != before)
            die("something was not given back", e);
    } while (fail_at);
    if (e)
        die("the run in which nothing failed", e);
    printf("%ld allocations, each failed once\n", n - 1);
    room_free(r);
    return n < 100; /* that few would mean that the failures were not ours */
}
