/* What somebody has to do: written with the audit's events, read by person, role and team. */

#include <stdlib.h>
#include <string.h>

#include "server/store/request.h"
#include "server/store/work.h"

#define DUTY_COLUMNS                                                                               \
    "d.n, d.kind, d.person, d.role, d.due, d.first_due, d.since, d.question, d.item, d.text"

/* One page of one index: ?1, ?2 whose; behind (?3, ?4, ?5); at most ?6. The index is named, so that
 * a wrong one is a mistake found at start and not a slow site. */
#define DUTY_PAGE(index, whose)                                                                    \
    "SELECT " DUTY_COLUMNS ", d.audit, d.ref, d.team, s.template_id, s.state"                      \
    " FROM duties d INDEXED BY " index " CROSS JOIN summaries s ON s.audit = d.audit"              \
    " WHERE " whose " AND (d.due, d.ref, d.n) > (?3, ?4, ?5)"                                      \
    " ORDER BY d.due, d.ref, d.n LIMIT ?6"

/* clang-format off */
const struct db_statement store_duties_sql[] = {
    {STMT_DUTIES_GET,       "SELECT " DUTY_COLUMNS " FROM duties d WHERE d.audit = ? ORDER BY d.n"},
    {STMT_DUTY_PUT,         "INSERT OR REPLACE INTO duties (audit, n, ref, team, kind, person, role,"
                            " due, first_due, since, question, item, text)"
                            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"},
    {STMT_DUTIES_CUT,       "DELETE FROM duties WHERE audit = ? AND n >= ?"},
    {STMT_DUTIES_PERSON,    DUTY_PAGE("duties_by_person", "d.person = ?1 AND d.person > 0")},
    {STMT_DUTIES_ROLE,      DUTY_PAGE("duties_by_role", "d.role = ?1 AND d.person = 0")},
    {STMT_DUTIES_ROLE_TEAM, DUTY_PAGE("duties_by_role_and_team",
                                      "d.role = ?1 AND d.team = ?2 AND d.person = 0")},
    {STMT_DUTIES_TEAM,      DUTY_PAGE("duties_by_team", "d.team = ?2")},
    {STMT_DUTIES_ALL,       DUTY_PAGE("duties_by_due", "true")},
    {0,                     NULL},
};
/* clang-format on */

/* A day as it is stored: none sorts after all. */
static const char *stored_due(const char *due)
{
    return due[0] ? due : "~";
}

static enum err read_duty(sqlite3_stmt *q, struct store_duty *out)
{
    memset(out, 0, sizeof *out);
    out->person = col_u32(q, 2);
    out->role = (enum role)sqlite3_column_int(q, 3);
    out->question = (uint16_t)sqlite3_column_int(q, 7);
    out->item = col_num(q, 8);
    enum err e = col_str(q, 1, out->kind, sizeof out->kind);
    if (!e)
        e = col_str(q, 4, out->due, sizeof out->due);
    if (!e && out->due[0] == '~')
        out->due[0] = '\0';
    if (!e)
        e = col_str(q, 5, out->first_due, sizeof out->first_due);
    if (!e)
        e = col_str(q, 6, out->since, sizeof out->since);
    return e ? e : col_str(q, 9, out->text, sizeof out->text);
}

/* ---- one audit's ---- */

enum err store_duties_read(struct db *d, uint64_t audit, struct duty_list *out)
{
    sqlite3_stmt *q = db_use(d, STMT_DUTIES_GET);
    bind_num(q, 1, audit);
    bool row;
    enum err e = db_row(d, q, &row);
    while (!e && row) {
        e = db_grow(&out->list, out->n, &out->cap, sizeof *out->list);
        if (!e)
            e = read_duty(q, &out->list[out->n]);
        if (!e) {
            out->n++;
            e = db_row(d, q, &row);
        }
    }
    db_reset(q);
    return e;
}

static enum err write_duty(struct db *d, uint64_t audit, size_t n, const char *ref,
                           const char *team, const struct store_duty *duty)
{
    sqlite3_stmt *q = db_use(d, STMT_DUTY_PUT);
    bind_num(q, 1, audit);
    bind_num(q, 2, n);
    bind_str(q, 3, ref);
    bind_str(q, 4, team);
    bind_str(q, 5, duty->kind);
    bind_int(q, 6, duty->person);
    bind_int(q, 7, duty->role);
    bind_str(q, 8, stored_due(duty->due));
    bind_str(q, 9, duty->first_due);
    bind_str(q, 10, duty->since);
    bind_int(q, 11, duty->question);
    bind_num(q, 12, duty->item);
    bind_str(q, 13, duty->text);
    return db_write(d, q);
}

enum err store_duties_write(struct db *d, uint64_t audit, const char *ref, const char *team,
                            const struct duty_list *old, const struct store_duty *duties, size_t n)
{
    enum err e = ERR_OK;
    for (size_t i = 0; !e && i < n; i++)
        if (i >= old->n || !store_duty_equal(&old->list[i], &duties[i]))
            e = write_duty(d, audit, i, ref, team, &duties[i]);
    if (e || n >= old->n)
        return e;
    sqlite3_stmt *q = db_use(d, STMT_DUTIES_CUT);
    bind_num(q, 1, audit);
    bind_num(q, 2, n);
    return db_write(d, q);
}

/* ---- STORE_DUTIES: a slice reads a page of one index, and keeps the first of all so far ---- */

struct source {
    enum stmt stmt;
    uint32_t number;  /* ?1 */
    const char *team; /* ?2 */
};
struct list_duties {
    struct work work;
    struct store_duties *req;
    struct source sources[2 * STORE_MAX_TEAMS + 1];
    size_t nsources, source;     /* the next one to read */
    struct store_duty_row *rows; /* in order; room for limit + 1, and as many while they come in */
    size_t nrows;
};

static void list_free(struct work *w)
{
    struct list_duties *l = (struct list_duties *)w;
    free(l->rows);
    free(l);
}

static void choose_sources(struct list_duties *l)
{
    const struct store_duties *q = l->req;
    for (size_t i = 0; i < q->nteams; i++) {
        if (!q->teams[i][0]) { /* everything: the rest is part of it */
            l->sources[0] = (struct source){.stmt = STMT_DUTIES_ALL};
            l->nsources = 1;
            return;
        }
        l->sources[l->nsources++] = (struct source){STMT_DUTIES_TEAM, 0, q->teams[i]};
    }
    for (size_t i = 0; i < q->nroles; i++)
        l->sources[l->nsources++] =
            (struct source){q->roles[i].team[0] ? STMT_DUTIES_ROLE_TEAM : STMT_DUTIES_ROLE,
                            (uint32_t)q->roles[i].role, q->roles[i].team};
    if (q->person)
        l->sources[l->nsources++] = (struct source){STMT_DUTIES_PERSON, q->person, NULL};
}

static enum err read_row(sqlite3_stmt *q, struct store_duty_row *out)
{
    memset(out, 0, sizeof *out);
    out->n = col_u32(q, 0);
    out->audit = col_num(q, 10);
    out->state = (enum audit_state)sqlite3_column_int(q, 14);
    enum err e = read_duty(q, &out->duty);
    if (!e)
        e = col_str(q, 11, out->ref, sizeof out->ref);
    if (!e)
        e = col_str(q, 12, out->team, sizeof out->team);
    return e ? e : col_str(q, 13, out->template_id, sizeof out->template_id);
}

/* Adds a page of one source behind the rows there are. */
static enum err read_source(struct db *d, struct list_duties *l, const struct source *s)
{
    struct store_duty_row after;
    bool begun = store_duty_after(l->req, &after);
    sqlite3_stmt *q = db_use(d, s->stmt);
    bind_int(q, 1, s->number); /* a statement that does not use it has its place all the same */
    if (s->team)
        bind_str(q, 2, s->team);
    bind_str(q, 3, begun ? stored_due(after.duty.due) : "");
    bind_str(q, 4, after.ref);
    bind_int(q, 5, after.n);
    bind_num(q, 6, (uint64_t)l->req->limit + 1);
    bool row;
    enum err e = db_row(d, q, &row);
    while (!e && row) {
        e = read_row(q, &l->rows[l->nrows]);
        if (!e) {
            l->nrows++;
            e = db_row(d, q, &row);
        }
    }
    db_reset(q);
    return e;
}

static int by_order(const void *a, const void *b)
{
    return store_duty_order(a, b);
}

/* Each once, in order, no more than the request can use. */
static void keep_first(struct list_duties *l)
{
    size_t n = 0;
    qsort(l->rows, l->nrows, sizeof *l->rows, by_order);
    for (size_t i = 0; i < l->nrows && n <= l->req->limit; i++)
        if (n == 0 || store_duty_order(&l->rows[n - 1], &l->rows[i]) != 0)
            l->rows[n++] = l->rows[i];
    l->nrows = n;
}

static enum err duties_slice(struct db *d, struct work *w, bool *done)
{
    struct list_duties *l = (struct list_duties *)w;
    enum err e = ERR_OK;
    if (l->source < l->nsources)
        e = read_source(d, l, &l->sources[l->source++]);
    if (e)
        return e;
    keep_first(l);
    *done = l->source >= l->nsources;
    if (!*done)
        return ERR_OK;
    l->req->more = l->nrows > l->req->limit;
    l->req->nrows = l->req->more ? l->req->limit : l->nrows;
    l->req->rows = l->rows;
    l->rows = NULL; /* the request has it now */
    return ERR_OK;
}

struct work *list_duties_new(struct store_duties *r)
{
    struct list_duties *l = calloc(1, sizeof *l);
    if (!l)
        return NULL;
    r->more = false;
    l->work = (struct work){.req = &r->req, .slice = duties_slice, .free = list_free};
    l->req = r;
    choose_sources(l);
    l->rows = calloc(2 * ((size_t)r->limit + 1), sizeof *l->rows);
    if (l->rows)
        return &l->work;
    list_free(&l->work);
    return NULL;
}
