/* What may follow from here: every row that leaves the present state, who does it, what is missing.
 */

#include <stdio.h>
#include <string.h>

#include "server/rules/life_inner.h"

struct next {
    const struct life_facts *f;
    const struct viewer *who;
    life_step_fn step;
    life_missing_fn missing;
    void *user;
};

/* ---- who does it, by name ---- */

enum { NAMES_MAX = 3 };

static void name_one(const struct life_facts *f, uint32_t person, const char *code, struct buf *out)
{
    buf_appendf(out, "%s%s%s%s%s", out->len ? ", " : "", life_name_of(f, person).text,
                *code ? " (" : "", code, *code ? ")" : "");
}

static size_t name_members(const struct life_facts *f, enum role role, struct buf *out)
{
    size_t n = 0;
    for (size_t i = 0; i < audit_member_count(f->audit); i++) {
        const struct audit_member *m = audit_member_at(f->audit, i);
        if (m->role == role && ++n <= NAMES_MAX)
            name_one(f, m->person, role_code(role), out);
    }
    return n;
}

/* Roles that are held for a team, not in one audit. */
static size_t name_holders(const struct life_facts *f, enum role role, struct buf *out)
{
    size_t n = 0;
    for (size_t i = 0; i < people_count(f->people); i++) {
        const struct person *p = people_at(f->people, i);
        if (!p->revoked && life_parts(f->audit, &p->viewer) & ROLE_BIT(role) && ++n <= NAMES_MAX)
            name_one(f, p->viewer.person, role_code(role), out);
    }
    return n;
}

static void name_role(const struct life_facts *f, enum role role, struct buf *out)
{
    if (!name_members(f, role, out) && !name_holders(f, role, out))
        buf_appendf(out, "%s%s (%s)", out->len ? ", " : "", role_title(role), role_code(role));
}

static void name_parts(const struct life_facts *f, uint32_t parts, struct buf *out)
{
    const struct audit *a = f->audit;
    if (parts & LIFE_MODERATOR && audit_info(a).moderator)
        name_one(f, audit_info(a).moderator, "IRO", out);
    for (size_t i = 0; parts & (LIFE_SIGNER | LIFE_WRITER) && i < people_count(f->people); i++) {
        const struct person *p = people_at(f->people, i);
        const struct audit_member *m = audit_member_find(a, p->viewer.person);
        if (life_parts(a, &p->viewer) & parts & (LIFE_SIGNER | LIFE_WRITER))
            name_one(f, p->viewer.person, m ? role_code(m->role) : "", out);
    }
    if (parts & LIFE_SERVER && !(parts & ~(uint32_t)LIFE_SERVER))
        buf_append_str(out, "by itself");
}

static void name_who(const struct life_facts *f, const struct life_move *row, struct buf *out)
{
    uint32_t who = row->who;
    if (row->how == LIFE_SIGNED && life_unsigned(f->audit))
        who = life_unsigned(f->audit);
    for (enum role r = ROLE_NONE; r < ROLE_COUNT; r++)
        if (who & ROLE_BIT(r))
            name_role(f, r, out);
    name_parts(f, who, out);
}

/* ---- is it theirs, and how do they do it? ---- */

static bool signs_next(const struct next *n, bool *absent)
{
    const struct audit *a = n->f->audit;
    struct life_request q = {.who = n->who, .sign = true, .reason = "", .difference = ""};
    enum role role = life_signing_role(a, &q);
    role_set open = life_unsigned(a);
    *absent = false;
    if (role)
        return open & ROLE_BIT(role);
    /* Somebody signs for the practitioner when only that is missing. */
    q.absent = *absent = true;
    return life_signing_role(a, &q) && open == ROLE_BIT(ROLE_FSW);
}

static void say_command(const struct next *n, const struct life_step *s, bool absent,
                        struct buf *out)
{
    const struct audit_info info = audit_info(n->f->audit);
    struct life_request q = {.who = n->who, .reason = "", .difference = ""};
    if (s->row->how == LIFE_SIGNED) {
        buf_appendf(out, "tandem sign %s%s", info.ref, absent ? " --absent --reason TEXT" : "");
        return;
    }
    uint32_t moderator = life_moderator(n->f, &q);
    if (s->row->guards & GUARD_BIT(GUARD_MODERATOR) && moderator)
        buf_appendf(out, "tandem assign %s \"%s\"", info.ref, life_name_of(n->f, moderator).text);
    else if (s->row->guards & GUARD_BIT(GUARD_MODERATOR))
        buf_appendf(out, "tandem assign %s PERSON", info.ref);
    else
        buf_appendf(out, "tandem move %s %s", info.ref, audit_state_code(s->row->to));
    if (s->row->guards & GUARD_BIT(GUARD_STAGE))
        buf_append_str(out, " --stage N");
    if (s->reason)
        buf_append_str(out, " --reason TEXT");
}

static void tell(const struct next *n, const struct life_move *row)
{
    struct life_request q = {.who = n->who, .to = row->to, .reason = "", .difference = ""};
    struct life_look l = {.f = n->f, .q = &q, .row = row, .choosing = true};
    struct life_step s = {.row = row, .command = "", .who = ""};
    struct buf command = BUF_INIT, who = BUF_INIT;
    bool absent = false;
    q.sign = row->how == LIFE_SIGNED;
    s.mine = q.sign ? signs_next(n, &absent) : life_parts(n->f->audit, n->who) & row->who;
    q.absent = absent && s.mine;
    /* One's own signature does not wait for the other. */
    bool first = s.mine && q.sign;
    life_guards_look(&l, first ? row->guards & ~GUARD_BIT(GUARD_SIGNATURES) : row->guards);
    s.ready = l.blocking == l.excusable;
    s.reason = row->reason == LIFE_REASON || l.excusable || q.absent;
    if (s.mine)
        say_command(n, &s, absent, &command);
    name_who(n->f, row, &who);
    s.command = buf_cstr(&command);
    s.who = buf_cstr(&who);
    n->step(n->user, &s);
    l.fn = n->missing;
    l.user = n->user;
    life_guards_look(&l, row->guards);
    buf_free(&command);
    buf_free(&who);
}

/* ---- the rows ---- */

enum direction { ONWARD, BACK, OUT, DIRECTIONS };

static enum direction direction_of(const struct life_move *row, enum audit_state now)
{
    if (row->to == AUDIT_WITHDRAWN)
        return OUT;
    return row->to > now || (row->to == now && row->guards & GUARD_BIT(GUARD_STAGE)) ||
                   (now == AUDIT_RETURNED && row->to == AUDIT_MODERATING)
               ? ONWARD
               : BACK;
}

enum err life_next(const struct life_facts *f, const struct viewer *who, life_step_fn step,
                   life_missing_fn missing, void *user, struct err_info *why)
{
    struct next n = {f, who, step, missing, user};
    enum life_path path = life_path_of(audit_template(f->audit));
    enum audit_state now = audit_info(f->audit).state;
    size_t nrows;
    const struct life_move *rows = life_table(&nrows);
    if (who->person && !audit_may_see(f->audit, who))
        return err_set(why, ERR_NOT_FOUND, "%s", err_text(ERR_NOT_FOUND));
    if (now == AUDIT_RETURNED && life_unsigned(f->audit) && life_signed_row(path))
        tell(&n, life_signed_row(path));
    for (int d = ONWARD; d < DIRECTIONS; d++)
        for (size_t i = 0; i < nrows; i++)
            if (rows[i].path == path && rows[i].from & STATE_BIT(now) &&
                (int)direction_of(&rows[i], now) == d && life_when_holds(f->audit, rows[i].when))
                tell(&n, &rows[i]);
    return ERR_OK;
}
