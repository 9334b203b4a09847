#ifndef TANDEM_TESTS_UNIT_EDITOR_PEOPLE_H
#define TANDEM_TESTS_UNIT_EDITOR_PEOPLE_H

/* People in one audit without a line between them: the server's side is a `struct room`
 * (tests/lib/audit_make.h), each person has a real replica and, where asked for, an editor. What is
 * written waits until pump(). For the editor's tests only, hence in a header. */

#include <criterion/criterion.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client/editor/keymap.h"
#include "client/editor/model.h"
#include "client/editor/view.h"
#include "client/link/replica_internal.h"
#include "common/utf8.h"
#include "tests/lib/audit_make.h"

struct people {
    struct room *room;
    struct replica *r[P_END];
    struct editor *ed; /* of `me` */
    uint32_t me;
    struct grid grid;
    struct buf text;
};

static const char *const people_names[P_END] = {
    [P_FRO] = "Anna Frost", [P_FSW] = "Jo Marsh",    [P_CSW] = "Sam Cole",
    [P_IRO] = "Ines Rae",   [P_HOS] = "Hal Osborne",
};
static const enum role people_roles[P_END] = {
    [P_FRO] = ROLE_FRO, [P_FSW] = ROLE_FSW, [P_CSW] = ROLE_CSW,
    [P_IRO] = ROLE_IRO, [P_HOS] = ROLE_HOS,
};

static inline void people_join(struct people *p, uint32_t person, bool after_break)
{
    struct buf bytes = BUF_INIT, snapshot = BUF_INIT;
    struct err_info why = {0};
    struct replica_joined j = {
        .agent = person, .batch_no = p->room->batch_no[person], .after_break = after_break};
    template_encode(audit_template(p->room->a), &bytes);
    cr_assert_eq(template_decode(bytes.data, bytes.len, &j.template, &why), ERR_OK, "%s", why.text);
    audit_encode(p->room->a, audit_make_viewer(person), &snapshot);
    j.snapshot = snapshot.data;
    j.snapshot_len = snapshot.len;
    replica_set_online(p->r[person], true);
    cr_assert_eq(replica_join(p->r[person], &j, &why), ERR_OK, "%s", why.text);
    buf_free(&bytes);
    buf_free(&snapshot);
}

/* `person` is seen by everybody, somewhere. */
static inline void people_enter(struct people *p, uint32_t person)
{
    p->r[person] = replica_new();
    replica_set_me(p->r[person], audit_make_viewer(person));
    for (uint32_t i = 1; i < P_END; i++)
        if (people_names[i])
            replica_put_name(p->r[person], i, people_names[i]);
    people_join(p, person, false);
    for (uint32_t i = 1; i < P_END; i++)
        for (uint32_t k = 1; p->r[i] && k < P_END; k++) {
            struct replica_present who = {.person = k,
                                          .agent = k,
                                          .role = people_roles[k],
                                          .name = people_names[k],
                                          .me = i == k};
            if (p->r[k] && (i == person || k == person))
                replica_here_put(p->r[i], &who, false, false);
        }
}

/* One event of the server to one person. */
static inline void people_deliver(struct people *p, uint32_t to, const struct made_event *from)
{
    struct event_body *body = NULL;
    struct buf redacted = BUF_INIT;
    bool changed, reveal;
    struct err_info why = {0};
    cr_assert_eq(event_body_decode(from->body.data, from->body.len, &body, NULL), ERR_OK);
    cr_assert_eq(
        audit_redact_body(p->room->a, audit_make_viewer(to), body, &redacted, &changed, &reveal),
        ERR_OK);
    event_body_free(body);
    cr_assert_eq(event_body_decode(redacted.data, redacted.len, &body, NULL), ERR_OK);
    struct event e = {
        .seq = from->seq, .utc_ms = from->utc_ms, .actor = from->actor, .body = *body};
    if (reveal) /* as the server does: they may see more now, and read it all again */
        people_join(p, to, false);
    else
        cr_assert_eq(replica_event(p->r[to], &e, &why), ERR_OK, "%s", why.text);
    event_body_free(body);
    buf_free(&redacted);
}

/* The next batch of one person reaches the server and is answered. False: there was none. */
static inline bool people_step(struct people *p, uint32_t person)
{
    struct batch *b = p->r[person]->online ? replica_next_batch(p->r[person]) : NULL;
    struct event_body *body = NULL;
    struct err_info why = {0};
    if (!b)
        return false;
    b->request = 1;
    cr_assert_eq(event_body_decode(b->body.data, b->body.len, &body, &why), ERR_OK, "%s", why.text);
    uint64_t no = b->no;
    enum err e = room_do(p->room, person, body->ops, body->nops);
    event_body_free(body);
    if (e) {
        struct replica_refusal x = {.batch_no = no,
                                    .code = e,
                                    .text = p->room->why.text,
                                    .their_value = p->room->conflict.value,
                                    .their_person = p->room->conflict.by};
        replica_refused(p->r[person], &x);
        if (p->r[person]->need_fresh)
            people_join(p, person, false);
        return true;
    }
    struct made_event *last = &p->room->events[p->room->nevents - 1];
    cr_assert_eq(replica_acked(p->r[person], no, last->seq, last->utc_ms, &why), ERR_OK, "%s",
                 why.text);
    for (uint32_t i = 1; i < P_END; i++)
        if (p->r[i] && i != person && p->r[i]->online)
            people_deliver(p, i, last);
    return true;
}

/* The server sets a field in somebody's name, as its commands do, and tells everybody. */
static inline void people_serve(struct people *p, uint32_t asker, const char *where,
                                const char *value)
{
    struct field f = room_field(p->room, where);
    struct audit_op op = {
        .kind = OP_SET, .set = {f, value, audit_value(p->room->a, f).rev}
    };
    cr_assert_eq(room_serve(p->room, asker, op), ERR_OK, "%s", p->room->why.text);
    for (uint32_t i = 1; i < P_END; i++)
        if (p->r[i] && p->r[i]->online)
            people_deliver(p, i, &p->room->events[p->room->nevents - 1]);
    if (p->ed)
        editor_refresh(p->ed);
}

static inline void people_cursors(struct people *p)
{
    for (uint32_t from = 1; from < P_END; from++)
        for (uint32_t to = 1; p->r[from] && to < P_END; to++) {
            struct replica *r = p->r[from];
            if (!p->r[to] || to == from || !r->online || !p->r[to]->online)
                continue;
            replica_here_moved(p->r[to], from, from, r->cursor_field,
                               r->cursor_text ? &r->cursor_head : NULL,
                               r->cursor_selection ? &r->cursor_tail : NULL);
        }
}

/* Everything that is on its way arrives, cursors too. */
static inline void pump(struct people *p)
{
    bool again = true;
    while (again) {
        again = false;
        for (uint32_t i = 1; i < P_END; i++)
            again |= p->r[i] && people_step(p, i);
    }
    people_cursors(p);
    if (p->ed)
        editor_refresh(p->ed);
}

/* P_FRO, P_FSW and P_IRO are here, and `me` has an editor. */
static inline struct people *people_new_of(const struct template *t, uint32_t me, uint16_t rows,
                                           uint16_t cols)
{
    struct people *p = calloc(1, sizeof *p);
    p->room = room_new_of(t);
    p->me = me;
    people_enter(p, P_FRO);
    people_enter(p, P_FSW);
    people_enter(p, P_IRO);
    if (!p->r[me])
        people_enter(p, me);
    p->ed = editor_new(p->r[me], "TST-2026-0001");
    editor_set_line(p->ed, LINE_UP, "");
    editor_time(p->ed, 1000, 1772496000000); /* 2026-03-03 */
    editor_resize(p->ed, rows, cols);
    return p;
}

static inline struct people *people_new(uint32_t me, uint16_t rows, uint16_t cols)
{
    return people_new_of(audit_make_template(), me, rows, cols);
}

static inline void people_free(struct people *p)
{
    editor_free(p->ed);
    for (uint32_t i = 1; i < P_END; i++)
        if (p->r[i])
            replica_free(p->r[i]);
    room_free(p->room);
    grid_fini(&p->grid);
    buf_free(&p->text);
    free(p);
}

/* ---- keys and eyes ---- */

static inline void press(struct people *p, uint32_t code, uint8_t mods)
{
    editor_key(p->ed, (struct key){code, mods});
}
static inline void press_n(struct people *p, int n, uint32_t code, uint8_t mods)
{
    for (int i = 0; i < n; i++)
        press(p, code, mods);
}
static inline void type(struct people *p, const char *s)
{
    const uint8_t *u = (const uint8_t *)s, *end = u + strlen(s);
    uint32_t cp;
    for (size_t n; u < end; u += n) {
        n = utf8_decode(u, end, &cp);
        press(p, cp == '\n' ? (uint32_t)ED_ENTER : cp, 0);
    }
}
/* Ctrl-G and an address. */
static inline void go(struct people *p, const char *where)
{
    press(p, 'g', ED_CTRL);
    type(p, where);
    press(p, ED_ENTER, 0);
}

static inline struct field at(struct people *p, const char *where)
{
    return room_field(p->room, where);
}
static inline void other_types(struct people *p, uint32_t who, const char *where, size_t pos,
                               const char *words)
{
    struct err_info why = {0};
    cr_assert_eq(replica_insert(p->r[who], at(p, where), pos, words, strlen(words), &why), ERR_OK,
                 "%s", why.text);
}
static inline void other_stands(struct people *p, uint32_t who, const char *where, size_t pos)
{
    replica_set_cursor(p->r[who], at(p, where), pos, pos);
}
static inline const char *text_of(struct people *p, uint32_t who, const char *where)
{
    return room_text(who ? p->r[who]->audit : p->room->a, at(p, where), &p->text);
}
static inline const char *value_of(struct people *p, const char *where)
{
    return audit_value(p->room->a, at(p, where)).value;
}

static inline void look(struct people *p)
{
    editor_refresh(p->ed);
    view_draw(p->ed, &p->grid);
}
/* The screen as a person sees it, rows joined by newlines. Borrowed. */
static inline const char *screen(struct people *p)
{
    look(p);
    buf_clear(&p->text);
    for (uint16_t r = 0; r < p->grid.rows; r++) {
        grid_row_text(&p->grid, r, &p->text);
        buf_append_u8(&p->text, '\n');
    }
    return buf_cstr(&p->text);
}
static inline bool sees(struct people *p, const char *words)
{
    return strstr(screen(p), words) != NULL;
}
#define SEES(p, words)     cr_assert(sees(p, words), "not seen: %s\n%s", words, screen(p))
#define SEES_NOT(p, words) cr_assert(!sees(p, words), "seen: %s\n%s", words, screen(p))
static inline const char *row_text(struct people *p, uint16_t row)
{
    look(p);
    buf_clear(&p->text);
    grid_row_text(&p->grid, row, &p->text);
    return buf_cstr(&p->text);
}
/* The row that shows these words, or -1. */
static inline int row_of(struct people *p, const char *words)
{
    look(p);
    for (uint16_t r = 0; r < p->grid.rows; r++)
        if (strstr(row_text(p, r), words))
            return r;
    return -1;
}

#endif
