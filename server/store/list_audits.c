/* STORE_LIST_AUDITS. What is asked for says which indexes give its audits in the order of their
 * refs (a team's, a person's, a state's, or all); a slice merges the next of each, reads the rows
 * and keeps those that the rest of the question wants. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "server/store/request.h"
#include "server/store/work.h"

enum { SLICE_ROWS = 128, SLICE_ROWS_MIN = 16 }; /* about a millisecond */

/* ?1: whose, ?2 < ref < ?3, at most ?4. */
#define NEXT_REFS " AND ref > ?2 AND ref < ?3 ORDER BY ref LIMIT ?4"
/* clang-format off */
const struct db_statement list_audits_sql[] = {
    {STMT_LIST_ALL,    "SELECT ref, audit FROM audits WHERE true" NEXT_REFS},
    {STMT_LIST_TEAM,   "SELECT ref, audit FROM summaries INDEXED BY summaries_by_team"
                       " WHERE team = ?1" NEXT_REFS},
    {STMT_LIST_PERSON, "SELECT ref, audit FROM members INDEXED BY members_by_person"
                       " WHERE person = ?1" NEXT_REFS},
    {STMT_LIST_STATE,  "SELECT ref, audit FROM summaries INDEXED BY summaries_by_state"
                       " WHERE state = ?1" NEXT_REFS},
    {0,                NULL},
};
/* clang-format on */

struct source {
    enum stmt stmt;
    const char *text; /* ?1, or else: */
    uint32_t number;
};
struct candidate {
    char ref[32];
    uint64_t audit;
};
struct list_audits {
    struct work work;
    struct store_list_audits *req;
    struct source sources[STORE_MAX_TEAMS + 1];
    size_t nsources;
    size_t slice_rows;            /* asked of each source at a time */
    char at[40], end[40];         /* refs in (at, end) are still to be looked at */
    struct store_audit_row *rows; /* their members are not set before the end */
    size_t nrows, rows_cap;
    struct member_list members; /* of all rows, in their order */
    struct candidate *next;     /* nsources * slice_rows */
};

static void list_free(struct work *w)
{
    struct list_audits *l = (struct list_audits *)w;
    free(l->rows);
    free(l->members.list);
    free(l->next);
    free(l);
}

/* ---- where to look ---- */

static void add_source(struct list_audits *l, enum stmt stmt, const char *text, uint32_t number)
{
    l->sources[l->nsources++] = (struct source){stmt, text, number};
}

static void choose_sources(struct list_audits *l)
{
    const struct store_list_audits *q = l->req;
    bool every = !q->nteams && !q->person;
    for (size_t i = 0; i < q->nteams; i++)
        every = every || !q->teams[i][0];
    for (size_t i = 0; !every && i < q->nteams; i++)
        add_source(l, STMT_LIST_TEAM, q->teams[i], 0);
    if (!every && q->person)
        add_source(l, STMT_LIST_PERSON, NULL, q->person);
    for (uint32_t state = 1; every && state < 32; state++)
        if (q->states & 1u << state)
            add_source(l, STMT_LIST_STATE, NULL, state);
    if (!l->nsources)
        add_source(l, STMT_LIST_ALL, NULL, 0);
}

/* A template's refs begin with its id and a "-"; "." comes next in the alphabet. */
static void choose_range(struct list_audits *l)
{
    const struct store_list_audits *q = l->req;
    (void)snprintf(l->at, sizeof l->at, "%s", q->after_ref);
    (void)snprintf(l->end, sizeof l->end, "\xf4\x8f\xbf\xbf"); /* the last character there is */
    if (!q->template_id[0])
        return;
    (void)snprintf(l->end, sizeof l->end, "%s-", q->template_id);
    if (strcmp(l->at, l->end) < 0)
        memcpy(l->at, l->end, sizeof l->at);
    (void)snprintf(l->end, sizeof l->end, "%s.", q->template_id);
}

/* ---- a slice ---- */

static enum err read_source(struct db *d, struct list_audits *l, const struct source *s, size_t *n)
{
    sqlite3_stmt *q = db_use(d, s->stmt);
    if (s->text)
        bind_str(q, 1, s->text);
    else
        bind_int(q, 1, s->number);
    bind_str(q, 2, l->at);
    bind_str(q, 3, l->end);
    bind_num(q, 4, l->slice_rows);
    bool row;
    enum err e = db_row(d, q, &row);
    while (!e && row) {
        struct candidate *c = &l->next[(*n)++];
        c->audit = col_num(q, 1);
        e = col_str(q, 0, c->ref, sizeof c->ref);
        if (!e)
            e = db_row(d, q, &row);
    }
    db_reset(q);
    return e;
}

static int by_ref(const void *a, const void *b)
{
    return strcmp(((const struct candidate *)a)->ref, ((const struct candidate *)b)->ref);
}

/* The next refs of all sources together, each once. The first slice_rows of them are the next there
 * are; fewer: there are no more. */
static enum err merge_sources(struct db *d, struct list_audits *l, size_t *n)
{
    size_t read = 0;
    *n = 0;
    for (size_t i = 0; i < l->nsources; i++) {
        enum err e = read_source(d, l, &l->sources[i], &read);
        if (e)
            return e;
    }
    if (l->nsources > 1)
        qsort(l->next, read, sizeof *l->next, by_ref);
    for (size_t i = 0; i < read; i++)
        if (*n == 0 || l->next[*n - 1].audit != l->next[i].audit)
            l->next[(*n)++] = l->next[i];
    return ERR_OK;
}

static enum err read_last_event(struct db *d, struct store_audit_row *row)
{
    sqlite3_stmt *q = db_use(d, STMT_EVENT_LAST);
    bind_num(q, 1, row->audit);
    bool found;
    enum err e = db_row(d, q, &found);
    if (e || !found)
        return e ? e : ERR_CORRUPT;
    row->summary.seq = col_num(q, 0);
    row->summary.utc_ms = sqlite3_column_int64(q, 1);
    db_reset(q);
    return ERR_OK;
}

/* Adds this audit's row when it is asked for; *full: it would be one too many. */
static enum err take(struct db *d, struct list_audits *l, uint64_t audit, bool *full)
{
    enum err e = db_grow(&l->rows, l->nrows, &l->rows_cap, sizeof *l->rows);
    if (e)
        return e;
    bool found;
    struct store_audit_row *row = &l->rows[l->nrows];
    memset(row, 0, sizeof *row);
    row->audit = audit;
    e = store_summary_read(d, audit, &found, &row->summary);
    if (e || !found || !store_list_selects(l->req, &row->summary))
        return e;
    *full = l->req->limit && l->nrows == l->req->limit;
    if (*full)
        return ERR_OK;
    size_t before = l->members.n;
    e = read_last_event(d, row);
    if (!e)
        e = store_members_read(d, audit, &l->members);
    row->nmembers = l->members.n - before;
    l->nrows += !e;
    return e;
}

/* Makes the one block that the request returns. */
static enum err hand_over(struct list_audits *l)
{
    size_t head = l->nrows * sizeof *l->rows, tail = l->members.n * sizeof *l->members.list;
    struct store_audit_row *rows = realloc(l->rows, head + tail + 1);
    if (!rows)
        return ERR_NOMEM;
    struct store_member *members = (struct store_member *)(rows + l->nrows);
    if (tail)
        memcpy(members, l->members.list, tail);
    for (size_t i = 0; i < l->nrows; i++) {
        rows[i].members = members;
        members += rows[i].nmembers;
    }
    l->req->rows = rows;
    l->req->nrows = l->nrows;
    l->rows = NULL; /* the request has it now */
    return ERR_OK;
}

static enum err list_slice(struct db *d, struct work *w, bool *done)
{
    struct list_audits *l = (struct list_audits *)w;
    size_t n;
    bool full = false;
    enum err e = merge_sources(d, l, &n);
    if (e)
        return e;
    *done = n < l->slice_rows;
    for (size_t i = 0; !e && !full && i < n && i < l->slice_rows; i++) {
        e = take(d, l, l->next[i].audit, &full);
        memcpy(l->at, l->next[i].ref, sizeof l->next[i].ref);
    }
    l->req->more = full;
    *done = *done || full;
    return !e && *done ? hand_over(l) : e;
}

struct work *list_audits_new(struct store_list_audits *r)
{
    struct list_audits *l = calloc(1, sizeof *l);
    if (!l)
        return NULL;
    r->more = false;
    *l = (struct list_audits){
        .work = {.req = &r->req, .slice = list_slice, .free = list_free},
          .req = r
    };
    choose_sources(l);
    choose_range(l);
    l->slice_rows = SLICE_ROWS / l->nsources;
    if (l->slice_rows < SLICE_ROWS_MIN)
        l->slice_rows = SLICE_ROWS_MIN;
    l->next = calloc(l->nsources * l->slice_rows, sizeof *l->next);
    if (l->next)
        return &l->work;
    list_free(&l->work);
    return NULL;
}
