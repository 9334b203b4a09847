#include "server/store/list_audits.h"

#include <stdlib.h>
#include <string.h>

#include "server/store/request.h"

enum { SLICE_ROWS = 128 }; /* about a millisecond */

struct list_audits {
    struct store_list_audits *req;
    struct store_audit_row *rows; /* their members are not set before the end */
    size_t nrows, rows_cap;
    struct store_member *members; /* of all rows, in their order */
    size_t nmembers, members_cap;
    struct list_audits *next;
};

static void list_free(struct list_audits *l)
{
    if (!l)
        return;
    free(l->rows);
    free(l->members);
    free(l);
}

/* Room for one more item at the end of a growing array. */
static enum err grow(void **items, size_t n, size_t *cap, size_t item_size)
{
    if (n < *cap)
        return ERR_OK;
    size_t more = *cap ? 2 * *cap : SLICE_ROWS;
    void *p = realloc(*items, more * item_size);
    if (!p)
        return ERR_NOMEM;
    *items = p;
    *cap = more;
    return ERR_OK;
}

static enum err read_row(sqlite3_stmt *q, struct store_audit_row *out)
{
    struct store_summary *s = &out->summary;
    memset(out, 0, sizeof *out);
    out->audit = col_num(q, 0);
    s->template_version = col_u32(q, 3);
    s->state = (enum audit_state)sqlite3_column_int(q, 8);
    s->answered = col_u32(q, 9);
    s->required = col_u32(q, 10);
    s->open_comments = col_u32(q, 11);
    s->max_agent = col_u32(q, 12);
    s->seq = col_num(q, 13);
    s->utc_ms = sqlite3_column_int64(q, 14);
    enum err e = col_str(q, 1, s->ref, sizeof s->ref);
    if (!e)
        e = col_str(q, 2, s->template_id, sizeof s->template_id);
    if (!e)
        e = col_str(q, 4, s->team, sizeof s->team);
    if (!e)
        e = col_str(q, 5, s->carer_ref, sizeof s->carer_ref);
    if (!e)
        e = col_str(q, 6, s->period_from, sizeof s->period_from);
    return e ? e : col_str(q, 7, s->period_to, sizeof s->period_to);
}

static enum err read_members(struct db *d, struct list_audits *l, struct store_audit_row *row)
{
    sqlite3_stmt *q = db_use(d, STMT_MEMBERS_GET);
    bind_num(q, 1, row->audit);
    bool more;
    enum err e = db_row(d, q, &more);
    while (!e && more) {
        void *items = l->members;
        e = grow(&items, l->nmembers, &l->members_cap, sizeof *l->members);
        l->members = items;
        if (e)
            break;
        struct store_member *m = &l->members[l->nmembers++];
        m->person = col_u32(q, 0);
        m->role = (enum role)sqlite3_column_int(q, 1);
        e = col_str(q, 2, m->sections, sizeof m->sections);
        row->nmembers++;
        if (!e)
            e = db_row(d, q, &more);
    }
    db_reset(q);
    return e;
}

/* The next SLICE_ROWS rows; *done: there are no more. */
static enum err read_slice(struct db *d, struct list_audits *l, bool *done)
{
    char after[32] = "";
    if (l->nrows)
        memcpy(after, l->rows[l->nrows - 1].summary.ref, sizeof after);
    sqlite3_stmt *q = db_use(d, STMT_SUMMARY_LIST);
    bind_str(q, 1, after);
    bind_int(q, 2, SLICE_ROWS);
    size_t n = 0;
    bool row;
    enum err e = db_row(d, q, &row);
    while (!e && row) {
        void *items = l->rows;
        e = grow(&items, l->nrows, &l->rows_cap, sizeof *l->rows);
        l->rows = items;
        if (!e)
            e = read_row(q, &l->rows[l->nrows]);
        if (!e)
            e = read_members(d, l, &l->rows[l->nrows]);
        if (!e) {
            l->nrows++;
            n++;
            e = db_row(d, q, &row);
        }
    }
    db_reset(q);
    *done = n < SLICE_ROWS;
    return e;
}

/* Makes the one block that the request returns. */
static enum err hand_over(struct list_audits *l)
{
    size_t head = l->nrows * sizeof *l->rows, tail = l->nmembers * sizeof *l->members;
    struct store_audit_row *rows = realloc(l->rows, head + tail + 1);
    if (!rows)
        return ERR_NOMEM;
    struct store_member *members = (struct store_member *)(rows + l->nrows);
    if (tail)
        memcpy(members, l->members, tail);
    for (size_t i = 0; i < l->nrows; i++) {
        rows[i].members = members;
        members += rows[i].nmembers;
    }
    l->req->rows = rows;
    l->req->nrows = l->nrows;
    l->rows = NULL; /* the request has it now */
    return ERR_OK;
}

/* A slice, and what there is to do at the end. *done also after an error. */
static enum err go_on(struct db *d, struct list_audits *l, bool *done)
{
    d->disk_err = ERR_OK;
    enum err e = read_slice(d, l, done);
    if (d->disk_err == ERR_STORE)
        d->dead = true;
    if (!e && *done)
        e = hand_over(l);
    *done = *done || e;
    return e;
}

enum err list_audits_begin(struct db *d, struct store_list_audits *r, bool now, bool *slow)
{
    struct list_audits *l = calloc(1, sizeof *l);
    if (!l)
        return ERR_NOMEM;
    l->req = r;
    bool done = false;
    enum err e = now ? go_on(d, l, &done) : ERR_OK;
    *slow = !done;
    if (done) {
        list_free(l);
        return e;
    }
    struct list_audits **end = &d->lists;
    while (*end)
        end = &(*end)->next;
    *end = l;
    return ERR_OK;
}

struct store_list_audits *list_audits_go_on(struct db *d)
{
    struct list_audits *l = d->lists;
    struct store_list_audits *r = l->req;
    bool done = d->dead;
    r->req.err = d->dead ? ERR_STORE : go_on(d, l, &done);
    if (!done)
        return NULL;
    d->lists = l->next;
    list_free(l);
    return r;
}
