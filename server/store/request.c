#include "server/store/request.h"

#include <assert.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/utf8.h"

/* ---- strings in fixed arrays ---- */

/* One line of decent text that ends inside its array. */
static bool line_ok(const char *s, size_t cap, bool may_be_empty)
{
    size_t len = strnlen(s, cap);
    if (len == cap || (len == 0 && !may_be_empty))
        return false;
    return utf8_check_text(s, len, false, NULL) == ERR_OK;
}
/* "" or as in 2026-11-23; whether there is such a day is the rules' to say. */
static bool day_ok(const char day[11])
{
    static const char shape[] = "dddd-dd-dd";
    if (!day[0])
        return true;
    for (size_t i = 0; i < sizeof shape; i++)
        if (shape[i] == 'd' ? day[i] < '0' || day[i] > '9' : day[i] != shape[i])
            return false;
    return true;
}
#define LINE_OK(array)  line_ok((array), sizeof(array), false)
#define BLANK_OK(array) line_ok((array), sizeof(array), true)

/* ---- one check per kind ---- */

static enum err check_summary(const struct store_summary *s)
{
    for (size_t i = 0; i < STORE_SUMMARY_NFIELDS; i++) {
        const struct store_field *f = &store_summary_fields[i];
        if (f->kind == STORE_FIELD_TEXT && !line_ok((const char *)s + f->at, f->size, true))
            return ERR_INPUT;
    }
    return s->ref[0] && s->template_id[0] && day_ok(s->planned) ? ERR_OK : ERR_INPUT;
}

static bool duty_ok(const struct store_duty *d)
{
    size_t len = strnlen(d->text, sizeof d->text);
    return LINE_OK(d->kind) && day_ok(d->due) && day_ok(d->first_due) && day_ok(d->since) &&
           len < sizeof d->text && utf8_check_text(d->text, len, true, NULL) == ERR_OK &&
           d->role >= ROLE_NONE && d->role < ROLE_COUNT &&
           (d->person != 0 || d->role != ROLE_NONE) && d->item <= INT64_MAX;
}

static enum err check_duties(const struct store_append *a)
{
    if (!a->duties)
        return ERR_OK;
    if (a->nduties > STORE_MAX_DUTIES)
        return ERR_TOO_LARGE;
    for (size_t i = 0; i < a->nduties; i++)
        if (!duty_ok(&a->duties[i]))
            return ERR_INPUT;
    return a->summary ? ERR_OK : ERR_INPUT;
}

static enum err check_append(const struct store_req *r)
{
    const struct store_append *a = (const struct store_append *)r;
    if (a->audit == 0 || a->audit > INT64_MAX || a->nevents == 0 || !a->events)
        return ERR_INPUT;
    for (size_t i = 0; i < a->nevents; i++) {
        const struct store_event *e = &a->events[i];
        if (e->seq != a->expected_seq + 1 + i || e->seq > INT64_MAX || e->body_len == 0)
            return ERR_INPUT;
        if (e->body_len > STORE_MAX_BODY)
            return ERR_TOO_LARGE;
        if (i > 0 && e->utc_ms < e[-1].utc_ms)
            return ERR_INPUT;
    }
    if (a->expected_seq == 0 && !a->summary)
        return ERR_INPUT;
    for (size_t i = 0; a->members && i < a->nmembers; i++) {
        const struct store_member *m = &a->members[i];
        if (m->person == 0 || !BLANK_OK(m->sections))
            return ERR_INPUT;
        for (size_t k = 0; k < i; k++)
            if (a->members[k].person == m->person)
                return ERR_INPUT;
    }
    enum err e = a->summary ? check_summary(a->summary) : ERR_OK;
    return e ? e : check_duties(a);
}

static bool lines_ok(const char *const *lines, size_t n)
{
    if (n > STORE_MAX_TEAMS)
        return false;
    for (size_t i = 0; i < n; i++)
        if (!lines[i] || utf8_check_text(lines[i], strlen(lines[i]), false, NULL))
            return false;
    return true;
}

static enum err check_list_audits(const struct store_req *r)
{
    const struct store_list_audits *q = (const struct store_list_audits *)r;
    bool ok = BLANK_OK(q->after_ref) && BLANK_OK(q->template_id) && day_ok(q->planned_before) &&
              lines_ok(q->teams, q->nteams);
    return ok ? ERR_OK : ERR_INPUT;
}

static enum err check_duties_query(const struct store_req *r)
{
    const struct store_duties *q = (const struct store_duties *)r;
    bool ok = lines_ok(q->teams, q->nteams) && q->nroles <= STORE_MAX_TEAMS &&
              BLANK_OK(q->after.ref) && day_ok(q->after.due) && q->limit > 0 &&
              q->limit <= STORE_MAX_PAGE;
    for (size_t i = 0; ok && i < q->nroles; i++)
        ok = q->roles[i].role > ROLE_NONE && q->roles[i].role < ROLE_COUNT &&
             BLANK_OK(q->roles[i].team);
    return ok ? ERR_OK : ERR_INPUT;
}

static enum err check_find_audits(const struct store_req *r)
{
    const struct store_find_audits *q = (const struct store_find_audits *)r;
    bool asked = r->op == STORE_DUE_AUDITS      ? q->day[0] && day_ok(q->day)
                 : r->op == STORE_SOURCE_AUDITS ? LINE_OK(q->source)
                                                : true;
    bool ok = asked && BLANK_OK(q->after.ref) && day_ok(q->after.planned) && q->limit > 0 &&
              q->limit <= STORE_MAX_PAGE;
    return ok ? ERR_OK : ERR_INPUT;
}

static enum err check_load(const struct store_req *r)
{
    const struct store_load *l = (const struct store_load *)r;
    return l->audit <= INT64_MAX && (l->audit != 0 || LINE_OK(l->ref)) ? ERR_OK : ERR_INPUT;
}

static enum err check_events(const struct store_req *r)
{
    const struct store_events *q = (const struct store_events *)r;
    bool ok = q->audit > 0 && q->audit <= INT64_MAX && q->from_seq > 0 && q->max_events > 0;
    return ok ? ERR_OK : ERR_INPUT;
}

static enum err check_enter(const struct store_req *r)
{
    const struct store_enter *n = (const struct store_enter *)r;
    bool ok = n->audit <= INT64_MAX && !(n->audit == 0 && n->want_agent) && LINE_OK(n->what);
    return ok ? ERR_OK : ERR_INPUT;
}

static enum err check_nothing(const struct store_req *r)
{
    (void)r;
    return ERR_OK;
}

static enum err check_create_audit(const struct store_req *r)
{
    const struct store_create_audit *c = (const struct store_create_audit *)r;
    char ref[32];
    if (!LINE_OK(c->template_id) || c->year < 1900 || c->year > 9999)
        return ERR_INPUT;
    return store_ref_make(c->template_id, c->year, STORE_MAX_NUMBER, ref);
}

static enum err check_save_snapshot(const struct store_req *r)
{
    const struct store_save_snapshot *s = (const struct store_save_snapshot *)r;
    if (s->audit == 0 || s->audit > INT64_MAX || s->seq == 0 || s->seq > INT64_MAX || !s->len)
        return ERR_INPUT;
    return s->len > STORE_MAX_SNAPSHOT ? ERR_TOO_LARGE : ERR_OK;
}

static enum err check_person_put(const struct store_req *r)
{
    const struct store_person *p = &((const struct store_person_put *)r)->person;
    if (!LINE_OK(p->name) || p->nroles > sizeof p->roles / sizeof p->roles[0])
        return ERR_INPUT;
    for (size_t i = 0; i < p->nroles; i++)
        if (p->roles[i].role <= ROLE_NONE || p->roles[i].role >= ROLE_COUNT ||
            !BLANK_OK(p->roles[i].team))
            return ERR_INPUT;
    return ERR_OK;
}

static enum err check_code_put(const struct store_req *r)
{
    return ((const struct store_code_put *)r)->person ? ERR_OK : ERR_INPUT;
}

static enum err check_cert_put(const struct store_req *r)
{
    return ((const struct store_cert_put *)r)->cert.person ? ERR_OK : ERR_INPUT;
}

static enum err check_template_put(const struct store_req *r)
{
    const struct store_template_put *t = (const struct store_template_put *)r;
    return LINE_OK(t->id) && t->version > 0 && t->len > 0 ? ERR_OK : ERR_INPUT;
}

static enum err check_setting(const struct store_req *r)
{
    const struct store_setting *s = (const struct store_setting *)r;
    if (!LINE_OK(s->name))
        return ERR_INPUT;
    return r->op == STORE_SETTING_PUT && !BLANK_OK(s->value) ? ERR_INPUT : ERR_OK;
}

static enum err check_backup(const struct store_req *r)
{
    const struct store_backup *b = (const struct store_backup *)r;
    return b->to_dir && b->to_dir[0] ? ERR_OK : ERR_INPUT;
}

/* ---- the table ---- */

static const struct op_row {
    const char *name;
    bool writes;
    enum err (*check)(const struct store_req *r);
} ops[] = {
    [STORE_APPEND] = {"append",        true,  check_append       },
    [STORE_LOAD] = {"load",          false, check_load         },
    [STORE_EVENTS] = {"events",        false, check_events       },
    [STORE_ENTER] = {"enter",         true,  check_enter        },
    [STORE_LIST_AUDITS] = {"list_audits",   false, check_list_audits  },
    [STORE_CREATE_AUDIT] = {"create_audit",  true,  check_create_audit },
    [STORE_SAVE_SNAPSHOT] = {"save_snapshot", true,  check_save_snapshot},
    [STORE_PEOPLE_LOAD] = {"people_load",   false, check_nothing      },
    [STORE_PERSON_PUT] = {"person_put",    true,  check_person_put   },
    [STORE_CODE_PUT] = {"code_put",      true,  check_code_put     },
    [STORE_CODE_USE] = {"code_use",      true,  check_nothing      },
    [STORE_CERT_PUT] = {"cert_put",      true,  check_cert_put     },
    [STORE_TEMPLATE_PUT] = {"template_put",  true,  check_template_put },
    [STORE_TEMPLATE_LOAD] = {"template_load", false, check_nothing      },
    [STORE_READ_LOG] = {"read_log",      false, check_nothing      },
    [STORE_SETTING_GET] = {"setting_get",   false, check_setting      },
    [STORE_SETTING_PUT] = {"setting_put",   true,  check_setting      },
    [STORE_BACKUP] = {"backup",        false, check_backup       },
    [STORE_DUTIES] = {"duties",        false, check_duties_query },
    [STORE_DUE_AUDITS] = {"due_audits",    false, check_find_audits  },
    [STORE_GLASS_AUDITS] = {"glass_audits",  false, check_find_audits  },
    [STORE_SOURCE_AUDITS] = {"source_audits", false, check_find_audits  },
};

static const struct op_row *row(enum store_op op)
{
    size_t i = (size_t)op;
    return i < sizeof ops / sizeof ops[0] && ops[i].name ? &ops[i] : NULL;
}

const char *store_op_name(enum store_op op)
{
    const struct op_row *r = row(op);
    return r ? r->name : "?";
}

bool store_op_writes(enum store_op op)
{
    const struct op_row *r = row(op);
    return r && r->writes;
}

enum err store_req_check(const struct store_req *r)
{
    const struct op_row *w = row(r->op);
    return w ? w->check(r) : ERR_INPUT;
}

/* ---- trying again ---- */

uint64_t store_req_key(const struct store_req *r)
{
    if (r->op == STORE_LOAD)
        return ((const struct store_load *)r)->audit;
    if (r->op == STORE_PERSON_PUT)
        return ((const struct store_person_put *)r)->person.id;
    return 0;
}

void store_req_set_key(struct store_req *r, uint64_t key)
{
    if (r->op == STORE_LOAD)
        ((struct store_load *)r)->audit = key;
    if (r->op == STORE_PERSON_PUT)
        ((struct store_person_put *)r)->person.id = (uint32_t)key;
}

/* What a request returns new besides a snapshot: which pointer and count, of which kind. */
static const struct result {
    enum store_op op;
    size_t rows, count; /* where they are in the request */
} results[] = {
#define RESULT(op, type, rows, count)                                                              \
    {                                                                                              \
        op, offsetof(struct type, rows), offsetof(struct type, count)                              \
    }
    RESULT(STORE_LOAD, store_load, events, nevents),
    RESULT(STORE_PEOPLE_LOAD, store_people_load, people, npeople),
    RESULT(STORE_PEOPLE_LOAD, store_people_load, certs, ncerts),
    RESULT(STORE_EVENTS, store_events, events, nevents),
    RESULT(STORE_LIST_AUDITS, store_list_audits, rows, nrows),
    RESULT(STORE_READ_LOG, store_read_log, rows, nrows),
    RESULT(STORE_TEMPLATE_LOAD, store_template_load, templates, ntemplates),
    RESULT(STORE_DUTIES, store_duties, rows, nrows),
    RESULT(STORE_DUE_AUDITS, store_find_audits, rows, nrows),
    RESULT(STORE_GLASS_AUDITS, store_find_audits, rows, nrows),
    RESULT(STORE_SOURCE_AUDITS, store_find_audits, rows, nrows),
};

static void for_results(struct store_req *r, bool release)
{
    for (size_t i = 0; i < sizeof results / sizeof results[0]; i++) {
        if (results[i].op != r->op)
            continue;
        void *rows, *none = NULL;
        size_t zero = 0;
        memcpy(&rows, (char *)r + results[i].rows, sizeof rows);
        if (release)
            free(rows);
        memcpy((char *)r + results[i].rows, &none, sizeof none);
        memcpy((char *)r + results[i].count, &zero, sizeof zero);
    }
}

void store_req_begin(struct store_req *r)
{
    for_results(r, false);
    if (r->op == STORE_LOAD) {
        ((struct store_load *)r)->snapshot = (struct buf)BUF_INIT;
        ((struct store_load *)r)->snapshot_seq = 0;
    }
}

void store_req_discard(struct store_req *r)
{
    for_results(r, true);
    if (r->op == STORE_LOAD)
        buf_free(&((struct store_load *)r)->snapshot);
    store_req_begin(r);
}

/* ---- shared makings ---- */

enum err store_ref_make(const char *template_id, int year, uint32_t n, char ref[32])
{
    int len = snprintf(ref, 32, "%s-%04d-%04u", template_id, year, n);
    return len > 0 && len < 32 ? ERR_OK : ERR_TOO_LARGE;
}

#define FIELD(kind, name)                                                                          \
    {#name, STORE_FIELD_##kind, offsetof(struct store_summary, name),                              \
     sizeof(((struct store_summary *)0)->name)},
const struct store_field store_summary_fields[STORE_SUMMARY_NFIELDS] = {
    STORE_SUMMARY_FIELDS(FIELD)};

bool store_summary_equal(const struct store_summary *a, const struct store_summary *b)
{
    bool equal = true;
    for (size_t i = 0; equal && i < STORE_SUMMARY_NFIELDS; i++) {
        const struct store_field *f = &store_summary_fields[i];
        const char *x = (const char *)a + f->at, *y = (const char *)b + f->at;
        equal = f->kind == STORE_FIELD_TEXT ? strcmp(x, y) == 0 : memcmp(x, y, f->size) == 0;
    }
    return equal;
}

bool store_duty_equal(const struct store_duty *a, const struct store_duty *b)
{
    return strcmp(a->kind, b->kind) == 0 && a->person == b->person && a->role == b->role &&
           strcmp(a->due, b->due) == 0 && strcmp(a->first_due, b->first_due) == 0 &&
           strcmp(a->since, b->since) == 0 && a->question == b->question && a->item == b->item &&
           strcmp(a->text, b->text) == 0;
}

bool store_list_selects(const struct store_list_audits *q, const struct store_summary *s)
{
    return (!q->states || q->states & 1u << s->state) &&
           (!q->template_id[0] || strcmp(q->template_id, s->template_id) == 0) &&
           (!q->planned_before[0] || (s->planned[0] && strcmp(s->planned, q->planned_before) < 0));
}

bool store_list_concerns(const struct store_list_audits *q, const struct store_audit_row *row)
{
    bool wanted = !q->nteams && !q->person;
    for (size_t i = 0; !wanted && i < q->nteams; i++)
        wanted = !q->teams[i][0] || strcmp(q->teams[i], row->summary.team) == 0;
    for (size_t i = 0; !wanted && q->person && i < row->nmembers; i++)
        wanted = row->members[i].person == q->person;
    return wanted;
}

int store_duty_order(const struct store_duty_row *a, const struct store_duty_row *b)
{
    const char *x = a->duty.due, *y = b->duty.due;
    int order = !*x != !*y ? !*x - !*y : strcmp(x, y); /* without a day: last */
    if (!order)
        order = strcmp(a->ref, b->ref);
    return order ? order : (a->n > b->n) - (a->n < b->n);
}

bool store_duty_after(const struct store_duties *q, struct store_duty_row *out)
{
    memset(out, 0, sizeof *out);
    memcpy(out->ref, q->after.ref, sizeof out->ref);
    memcpy(out->duty.due, q->after.due, sizeof out->duty.due);
    out->n = q->after.n;
    return q->after.ref[0];
}

struct store_event *store_events_pack(const struct store_event *events, size_t nevents,
                                      const size_t *offsets, const struct buf *bodies)
{
    size_t head = nevents * sizeof *events;
    struct store_event *block = malloc(head + bodies->len + 1);
    if (!block)
        return NULL;
    uint8_t *bytes = (uint8_t *)block + head;
    if (bodies->len)
        memcpy(bytes, bodies->data, bodies->len);
    for (size_t i = 0; i < nevents; i++) {
        block[i] = events[i];
        block[i].body = bytes + offsets[i];
    }
    return block;
}
