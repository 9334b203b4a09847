#include "server/store/request.h"

#include <assert.h>
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
#define LINE_OK(array)  line_ok((array), sizeof(array), false)
#define BLANK_OK(array) line_ok((array), sizeof(array), true)

/* ---- one check per kind ---- */

static enum err check_summary(const struct store_summary *s)
{
    bool ok = LINE_OK(s->ref) && LINE_OK(s->template_id) && BLANK_OK(s->team) &&
              BLANK_OK(s->carer_ref) && BLANK_OK(s->period_from) && BLANK_OK(s->period_to);
    return ok ? ERR_OK : ERR_INPUT;
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
    return a->summary ? check_summary(a->summary) : ERR_OK;
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
    [STORE_LIST_AUDITS] = {"list_audits",   false, check_nothing      },
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

#define NO_ROWS(type, rows, count)                                                                 \
    do {                                                                                           \
        ((type *)r)->rows = NULL;                                                                  \
        ((type *)r)->count = 0;                                                                    \
    } while (0)
#define FREE_ROWS(type, rows) free(((type *)r)->rows)

void store_req_begin(struct store_req *r)
{
    if (r->op == STORE_LOAD) {
        NO_ROWS(struct store_load, events, nevents);
        ((struct store_load *)r)->snapshot = (struct buf)BUF_INIT;
        ((struct store_load *)r)->snapshot_seq = 0;
    } else if (r->op == STORE_PEOPLE_LOAD) {
        NO_ROWS(struct store_people_load, people, npeople);
        NO_ROWS(struct store_people_load, certs, ncerts);
    } else if (r->op == STORE_EVENTS) {
        NO_ROWS(struct store_events, events, nevents);
    } else if (r->op == STORE_LIST_AUDITS) {
        NO_ROWS(struct store_list_audits, rows, nrows);
    } else if (r->op == STORE_READ_LOG) {
        NO_ROWS(struct store_read_log, rows, nrows);
    } else if (r->op == STORE_TEMPLATE_LOAD) {
        NO_ROWS(struct store_template_load, templates, ntemplates);
    }
}

void store_req_discard(struct store_req *r)
{
    if (r->op == STORE_LOAD) {
        buf_free(&((struct store_load *)r)->snapshot);
        FREE_ROWS(struct store_load, events);
    } else if (r->op == STORE_PEOPLE_LOAD) {
        FREE_ROWS(struct store_people_load, people);
        FREE_ROWS(struct store_people_load, certs);
    } else if (r->op == STORE_EVENTS) {
        FREE_ROWS(struct store_events, events);
    } else if (r->op == STORE_LIST_AUDITS) {
        FREE_ROWS(struct store_list_audits, rows);
    } else if (r->op == STORE_READ_LOG) {
        FREE_ROWS(struct store_read_log, rows);
    } else if (r->op == STORE_TEMPLATE_LOAD) {
        FREE_ROWS(struct store_template_load, templates);
    }
    store_req_begin(r);
}

/* ---- shared makings ---- */

enum err store_ref_make(const char *template_id, int year, uint32_t n, char ref[32])
{
    int len = snprintf(ref, 32, "%s-%04d-%04u", template_id, year, n);
    return len > 0 && len < 32 ? ERR_OK : ERR_TOO_LARGE;
}

bool store_summary_equal(const struct store_summary *a, const struct store_summary *b)
{
    return strcmp(a->ref, b->ref) == 0 && strcmp(a->template_id, b->template_id) == 0 &&
           a->template_version == b->template_version && strcmp(a->team, b->team) == 0 &&
           strcmp(a->carer_ref, b->carer_ref) == 0 && strcmp(a->period_from, b->period_from) == 0 &&
           strcmp(a->period_to, b->period_to) == 0 && a->state == b->state &&
           a->answered == b->answered && a->required == b->required &&
           a->open_comments == b->open_comments && a->max_agent == b->max_agent;
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
