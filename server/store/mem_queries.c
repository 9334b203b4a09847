/* The questions over all audits, answered by looking at each. */

#include <stdlib.h>
#include <string.h>

#include "server/store/mem_state.h"
#include "server/store/request.h"

static struct mem_audit *audit_at(const struct mem_state *s, size_t i)
{
    return MEM_AT(struct mem_audit, &s->audits, i);
}

/* ---- STORE_LIST_AUDITS ---- */

static int by_ref(const void *a, const void *b)
{
    return strcmp(((const struct store_audit_row *)a)->summary.ref,
                  ((const struct store_audit_row *)b)->summary.ref);
}

/* The rows asked for by ref, their members still those of the state. Returns how many. */
static size_t select_audits(const struct mem_state *s, const struct store_list_audits *r,
                            struct store_audit_row *rows)
{
    size_t n = 0;
    for (size_t i = 0; i < s->audits.n; i++) {
        const struct mem_audit *a = audit_at(s, i);
        rows[n] = (struct store_audit_row){.audit = i + 1,
                                           .summary = a->summary,
                                           .members = a->members.items,
                                           .nmembers = a->members.n};
        n += a->events.n > 0 && strcmp(a->ref, r->after_ref) > 0 &&
             store_list_selects(r, &a->summary) && store_list_concerns(r, &rows[n]);
    }
    qsort(rows, n, sizeof *rows, by_ref);
    return n;
}

enum err mem_list_audits(const struct mem_state *s, struct store_list_audits *r)
{
    struct store_audit_row *rows = malloc((s->audits.n + 1) * sizeof *rows);
    if (!rows)
        return ERR_NOMEM;
    size_t n = select_audits(s, r, rows), nmembers = 0;
    r->more = r->limit && n > r->limit;
    if (r->more)
        n = r->limit;
    for (size_t i = 0; i < n; i++)
        nmembers += rows[i].nmembers;
    r->rows = malloc(n * sizeof *rows + nmembers * sizeof(struct store_member) + 1);
    if (r->rows) {
        struct store_member *members = (struct store_member *)(r->rows + n);
        memcpy(r->rows, rows, n * sizeof *rows);
        for (size_t i = 0; i < n; i++) {
            if (rows[i].nmembers)
                memcpy(members, rows[i].members, rows[i].nmembers * sizeof *members);
            r->rows[i].members = members;
            members += rows[i].nmembers;
        }
        r->nrows = n;
    }
    free(rows);
    return r->rows ? ERR_OK : ERR_NOMEM;
}

/* ---- STORE_DUTIES ---- */

static bool is_theirs(const struct store_duties *q, const struct store_duty *d, const char *team)
{
    bool theirs = d->person && d->person == q->person;
    for (size_t i = 0; !theirs && !d->person && i < q->nroles; i++)
        theirs = q->roles[i].role == d->role &&
                 (!q->roles[i].team[0] || strcmp(q->roles[i].team, team) == 0);
    for (size_t i = 0; !theirs && i < q->nteams; i++)
        theirs = !q->teams[i][0] || strcmp(q->teams[i], team) == 0;
    return theirs;
}

static int by_duty_order(const void *a, const void *b)
{
    return store_duty_order(a, b);
}

/* Room for every duty there is. */
static struct store_duty_row *room_for_duties(const struct mem_state *s)
{
    size_t n = 1;
    for (size_t i = 0; i < s->audits.n; i++)
        n += audit_at(s, i)->duties.n;
    return calloc(n, sizeof(struct store_duty_row));
}

static size_t select_duties(const struct store_duties *r, const struct mem_audit *a, uint64_t audit,
                            struct store_duty_row *rows)
{
    struct store_duty_row after;
    bool begun = store_duty_after(r, &after);
    size_t n = 0;
    for (size_t i = 0; i < a->duties.n; i++) {
        struct store_duty_row *row = &rows[n];
        row->audit = audit;
        row->state = a->summary.state;
        row->n = (uint32_t)i;
        row->duty = *MEM_AT(struct store_duty, &a->duties, i);
        memcpy(row->ref, a->ref, sizeof row->ref);
        memcpy(row->template_id, a->summary.template_id, sizeof row->template_id);
        memcpy(row->team, a->summary.team, sizeof row->team);
        n += is_theirs(r, &row->duty, row->team) && (!begun || store_duty_order(row, &after) > 0);
    }
    return n;
}

enum err mem_duties(const struct mem_state *s, struct store_duties *r)
{
    r->rows = room_for_duties(s);
    if (!r->rows)
        return ERR_NOMEM;
    for (size_t i = 0; i < s->audits.n; i++)
        r->nrows += select_duties(r, audit_at(s, i), i + 1, r->rows + r->nrows);
    qsort(r->rows, r->nrows, sizeof *r->rows, by_duty_order);
    r->more = r->nrows > r->limit;
    if (r->more)
        r->nrows = r->limit;
    return ERR_OK;
}

/* ---- STORE_DUE_AUDITS and the like ---- */

static bool is_found(const struct store_find_audits *q, const struct store_summary *s)
{
    if (q->req.op == STORE_DUE_AUDITS)
        return s->state == AUDIT_PLANNED && s->planned[0] && strcmp(s->planned, q->day) <= 0;
    if (q->req.op == STORE_GLASS_AUDITS)
        return s->glass_until_utc_ms > 0 && s->glass_until_utc_ms <= q->utc_ms;
    return strcmp(s->source, q->source) == 0;
}

static int by_found_ref(const void *a, const void *b)
{
    return strcmp(((const struct store_found_audit *)a)->ref,
                  ((const struct store_found_audit *)b)->ref);
}

static int by_planned(const void *a, const void *b)
{
    int order = strcmp(((const struct store_found_audit *)a)->planned,
                       ((const struct store_found_audit *)b)->planned);
    return order ? order : by_found_ref(a, b);
}

static int by_glass(const void *a, const void *b)
{
    int64_t x = ((const struct store_found_audit *)a)->glass_until_utc_ms;
    int64_t y = ((const struct store_found_audit *)b)->glass_until_utc_ms;
    return x != y ? (x > y) - (x < y) : by_found_ref(a, b);
}

enum err mem_find_audits(const struct mem_state *s, struct store_find_audits *r)
{
    int (*order)(const void *, const void *) = r->req.op == STORE_DUE_AUDITS     ? by_planned
                                               : r->req.op == STORE_GLASS_AUDITS ? by_glass
                                                                                 : by_found_ref;
    r->rows = calloc(s->audits.n + 1, sizeof *r->rows);
    if (!r->rows)
        return ERR_NOMEM;
    for (size_t i = 0; i < s->audits.n; i++) {
        const struct mem_audit *a = audit_at(s, i);
        struct store_found_audit *row = &r->rows[r->nrows];
        row->audit = i + 1;
        row->glass_until_utc_ms = a->summary.glass_until_utc_ms;
        memcpy(row->ref, a->ref, sizeof row->ref);
        memcpy(row->planned, a->summary.planned, sizeof row->planned);
        r->nrows += a->events.n > 0 && is_found(r, &a->summary) && order(row, &r->after) > 0;
    }
    qsort(r->rows, r->nrows, sizeof *r->rows, order);
    if (r->nrows > r->limit)
        r->nrows = r->limit;
    return ERR_OK;
}
