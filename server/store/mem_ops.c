#include "server/store/mem_state.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "server/store/request.h"
#include "server/store/seal.h"

/* ---- audits ---- */

/* An audit whose number is reserved, with or without events. */
static struct mem_audit *reserved(const struct mem_state *s, uint64_t audit)
{
    return audit > 0 && audit <= s->audits.n ? MEM_AT(struct mem_audit, &s->audits, audit - 1)
                                             : NULL;
}

/* An audit that exists: its first event is there. */
static struct mem_audit *existing(const struct mem_state *s, uint64_t audit)
{
    struct mem_audit *a = reserved(s, audit);
    return a && a->events.n > 0 ? a : NULL;
}

static struct mem_event *event_at(const struct mem_audit *a, uint64_t seq)
{
    return MEM_AT(struct mem_event, &a->events, seq - 1);
}

static void hash_event(uint64_t audit, const uint8_t previous[HASH_LEN], struct store_event *e)
{
    struct buf stored = BUF_INIT;
    enum err err = seal_close(audit, e->body, e->body_len, &stored);
    assert(err == ERR_OK);
    seal_chain(previous, audit, e->seq, e->utc_ms, e->actor, stored.data, stored.len, e->hash);
    buf_free(&stored);
}

static int by_person(const void *a, const void *b)
{
    uint32_t x = ((const struct store_member *)a)->person;
    uint32_t y = ((const struct store_member *)b)->person;
    return (x > y) - (x < y);
}

static enum err run_append(struct mem_state *s, struct store_append *r)
{
    struct mem_audit *a = reserved(s, r->audit);
    if (!a)
        return ERR_NOT_FOUND;
    if (a->events.n != r->expected_seq)
        return ERR_STALE;
    if (r->summary && strcmp(r->summary->ref, a->ref) != 0)
        return ERR_INPUT;
    static const uint8_t first[HASH_LEN];
    const uint8_t *previous = first;
    if (a->events.n > 0) {
        const struct mem_event *last = event_at(a, a->events.n);
        if (r->events[0].utc_ms < last->utc_ms)
            return ERR_INPUT;
        previous = last->hash;
    }
    for (size_t i = 0; i < r->nevents; i++) {
        struct store_event *e = &r->events[i];
        hash_event(r->audit, previous, e);
        previous = e->hash;
        struct mem_event *m = MEM_ADD(struct mem_event, &a->events);
        *m = (struct mem_event){.seq = e->seq, .utc_ms = e->utc_ms, .actor = e->actor};
        memcpy(m->hash, e->hash, HASH_LEN);
        m->body = mem_blob_new(e->body, e->body_len);
    }
    if (r->summary)
        a->summary = *r->summary;
    a->summary.seq = r->events[r->nevents - 1].seq;
    a->summary.utc_ms = r->events[r->nevents - 1].utc_ms;
    if (r->members) {
        a->members.n = 0;
        for (size_t i = 0; i < r->nmembers; i++)
            *MEM_ADD(struct store_member, &a->members) = r->members[i];
        if (r->nmembers)
            qsort(a->members.items, a->members.n, sizeof(struct store_member), by_person);
    }
    if (r->duties) {
        a->duties.n = 0;
        for (size_t i = 0; i < r->nduties; i++)
            *MEM_ADD(struct store_duty, &a->duties) = r->duties[i];
    }
    return ERR_OK;
}

/* Events [from, to) as the result of a request; NULL without memory. */
static struct store_event *copy_events(const struct mem_audit *a, uint64_t from_seq,
                                       uint64_t end_seq)
{
    size_t n = (size_t)(end_seq - from_seq);
    struct store_event *list = calloc(n + 1, sizeof *list);
    size_t *offsets = calloc(n + 1, sizeof *offsets);
    struct buf bodies = BUF_INIT;
    struct store_event *block = NULL;
    if (!list || !offsets)
        goto done;
    for (size_t i = 0; i < n; i++) {
        const struct mem_event *m = event_at(a, from_seq + i);
        offsets[i] = bodies.len;
        buf_append(&bodies, m->body->bytes, m->body->len);
        list[i] = (struct store_event){
            .seq = m->seq, .utc_ms = m->utc_ms, .actor = m->actor, .body_len = m->body->len};
        memcpy(list[i].hash, m->hash, HASH_LEN);
    }
    if (!buf_failed(&bodies))
        block = store_events_pack(list, n, offsets, &bodies);
done:
    buf_free(&bodies);
    free(offsets);
    free(list);
    return block;
}

static uint64_t find_ref(const struct mem_state *s, const char *ref)
{
    for (size_t i = 0; i < s->audits.n; i++)
        if (strcmp(MEM_AT(struct mem_audit, &s->audits, i)->ref, ref) == 0)
            return i + 1;
    return 0;
}

static enum err run_load(const struct mem_state *s, struct store_load *r)
{
    uint64_t number = r->audit ? r->audit : find_ref(s, r->ref);
    const struct mem_audit *a = existing(s, number);
    if (!a)
        return ERR_NOT_FOUND;
    uint64_t to = a->events.n;
    if (r->at_seq) {
        if (r->at_seq > to)
            return ERR_INPUT;
        to = r->at_seq;
    } else if (r->at_utc_ms) {
        while (to > 0 && event_at(a, to)->utc_ms > r->at_utc_ms)
            to--;
        if (to == 0)
            return ERR_NOT_FOUND;
    }
    const struct mem_snapshot *best = NULL;
    for (size_t i = 0; i < a->snapshots.n; i++) {
        const struct mem_snapshot *m = MEM_AT(struct mem_snapshot, &a->snapshots, i);
        if (m->seq <= to)
            best = m;
    }
    uint64_t from = best ? best->seq + 1 : 1;
    r->events = copy_events(a, from, to + 1);
    if (!r->events)
        return ERR_NOMEM;
    r->nevents = (size_t)(to + 1 - from);
    if (best)
        buf_append(&r->snapshot, best->data->bytes, best->data->len);
    if (buf_failed(&r->snapshot))
        return ERR_NOMEM;
    r->snapshot_seq = best ? best->seq : 0;
    r->audit = number;
    memcpy(r->ref, a->ref, sizeof r->ref);
    r->next_agent = a->next_agent;
    return ERR_OK;
}

static enum err run_events(const struct mem_state *s, struct store_events *r)
{
    const struct mem_audit *a = existing(s, r->audit);
    if (!a)
        return ERR_NOT_FOUND;
    uint64_t from = r->from_seq, end = from;
    size_t bytes = 0;
    while (end <= a->events.n && end - from < r->max_events) {
        bytes += event_at(a, end)->body->len;
        if (bytes > r->max_bytes && end > from)
            break;
        end++;
    }
    r->events = copy_events(a, from, end);
    r->nevents = r->events ? (size_t)(end - from) : 0;
    return r->events ? ERR_OK : ERR_NOMEM;
}

static enum err run_enter(struct mem_state *s, struct store_enter *r)
{
    struct mem_audit *a = existing(s, r->audit);
    if (!a && r->audit != 0)
        return ERR_NOT_FOUND;
    struct store_read_row *row = MEM_ADD(struct store_read_row, &s->reads);
    row->audit = r->audit;
    row->utc_ms = r->utc_ms;
    row->person = r->person;
    memcpy(row->what, r->what, sizeof row->what);
    if (a)
        memcpy(row->ref, a->ref, sizeof row->ref);
    r->agent = r->want_agent ? a->next_agent++ : 0;
    return ERR_OK;
}

static int by_time(const void *a, const void *b)
{
    int64_t x = ((const struct store_read_row *)a)->utc_ms;
    int64_t y = ((const struct store_read_row *)b)->utc_ms;
    return (x > y) - (x < y);
}

static enum err run_read_log(const struct mem_state *s, struct store_read_log *r)
{
    struct store_read_row *rows = calloc(s->reads.n + 1, sizeof *rows);
    if (!rows)
        return ERR_NOMEM;
    size_t n = 0;
    for (size_t i = 0; i < s->reads.n; i++) {
        const struct store_read_row *row = MEM_AT(struct store_read_row, &s->reads, i);
        bool wanted = r->person ? row->person == r->person && (!r->audit || row->audit == r->audit)
                                : row->audit == r->audit;
        if (wanted && row->utc_ms > r->after_utc_ms)
            rows[n++] = *row;
    }
    qsort(rows, n, sizeof *rows, by_time); /* glibc's keeps the order of equals */
    if (n > STORE_READ_LOG_PAGE) {
        size_t end = STORE_READ_LOG_PAGE;
        while (end < n && rows[end].utc_ms == rows[end - 1].utc_ms)
            end++;
        n = end;
    }
    r->rows = rows;
    r->nrows = n;
    return ERR_OK;
}

static enum err run_create_audit(struct mem_state *s, struct store_create_audit *r)
{
    struct mem_counter *c = NULL;
    for (size_t i = 0; i < s->counters.n; i++) {
        struct mem_counter *k = MEM_AT(struct mem_counter, &s->counters, i);
        if (k->year == r->year && strcmp(k->template_id, r->template_id) == 0)
            c = k;
    }
    if (!c) {
        c = MEM_ADD(struct mem_counter, &s->counters);
        memcpy(c->template_id, r->template_id, sizeof c->template_id);
        c->year = r->year;
    }
    enum err e = store_ref_make(r->template_id, r->year, c->last + 1, r->ref);
    if (e)
        return e;
    c->last++;
    struct mem_audit *a = MEM_ADD(struct mem_audit, &s->audits);
    memcpy(a->ref, r->ref, sizeof a->ref);
    a->next_agent = 1;
    r->audit = s->audits.n;
    return ERR_OK;
}

static enum err run_save_snapshot(struct mem_state *s, const struct store_save_snapshot *r)
{
    struct mem_audit *a = existing(s, r->audit);
    if (!a)
        return ERR_NOT_FOUND;
    if (r->seq > a->events.n)
        return ERR_STALE;
    uint32_t nth = 1;
    if (a->snapshots.n > 0) {
        struct mem_snapshot *last = MEM_AT(struct mem_snapshot, &a->snapshots, a->snapshots.n - 1);
        if (r->seq <= last->seq)
            return ERR_OK;
        nth = last->nth + 1;
        if ((last->nth - 1) % STORE_SNAPSHOT_KEEP != 0) {
            mem_blob_unref(last->data);
            a->snapshots.n--;
        }
    }
    struct mem_snapshot *m = MEM_ADD(struct mem_snapshot, &a->snapshots);
    *m = (struct mem_snapshot){.seq = r->seq, .nth = nth, .data = mem_blob_new(r->data, r->len)};
    return ERR_OK;
}

/* ---- people ---- */

static struct store_person *find_person(const struct mem_state *s, uint32_t id)
{
    return id > 0 && id <= s->people.n ? MEM_AT(struct store_person, &s->people, id - 1) : NULL;
}

static struct store_person *active_person(const struct mem_state *s, uint32_t id)
{
    struct store_person *p = find_person(s, id);
    return p && !p->revoked ? p : NULL;
}

static void revoke_what_they_hold(struct mem_state *s, uint32_t person)
{
    for (size_t i = 0; i < s->certs.n; i++) {
        struct store_cert *c = MEM_AT(struct store_cert, &s->certs, i);
        c->revoked = c->revoked || c->person == person;
    }
    for (size_t i = 0; i < s->codes.n; i++) {
        struct mem_code *c = MEM_AT(struct mem_code, &s->codes, i);
        c->revoked = c->revoked || (c->person == person && !c->used);
    }
}

static enum err run_person_put(struct mem_state *s, struct store_person_put *r)
{
    struct store_person *p = &r->person;
    struct store_person *old = find_person(s, p->id);
    if (p->id != 0 && !old)
        return ERR_NOT_FOUND;
    for (size_t i = 0; !p->revoked && i < s->people.n; i++) {
        const struct store_person *o = MEM_AT(struct store_person, &s->people, i);
        if (!o->revoked && o->id != p->id && strcmp(o->name, p->name) == 0)
            return ERR_EXISTS;
    }
    if (!p->revoked)
        p->revoked_utc_ms = 0;
    if (old) {
        p->created_utc_ms = old->created_utc_ms;
    } else {
        old = MEM_ADD(struct store_person, &s->people);
        p->id = (uint32_t)s->people.n;
    }
    *old = *p;
    if (p->revoked)
        revoke_what_they_hold(s, p->id);
    return ERR_OK;
}

static enum err run_people_load(const struct mem_state *s, struct store_people_load *r)
{
    r->people = calloc(s->people.n + 1, sizeof *r->people);
    r->certs = calloc(s->certs.n + 1, sizeof *r->certs);
    if (!r->people || !r->certs)
        return ERR_NOMEM;
    for (size_t i = 0; i < s->people.n; i++)
        r->people[r->npeople++] = *MEM_AT(struct store_person, &s->people, i);
    for (size_t i = 0; i < s->certs.n; i++) {
        const struct store_cert *c = MEM_AT(struct store_cert, &s->certs, i);
        if (c->not_after_utc_ms > r->now_utc_ms)
            r->certs[r->ncerts++] = *c;
    }
    return ERR_OK;
}

static struct mem_code *find_code(const struct mem_state *s, const uint8_t hash[HASH_LEN])
{
    for (size_t i = 0; i < s->codes.n; i++) {
        struct mem_code *c = MEM_AT(struct mem_code, &s->codes, i);
        if (memcmp(c->secret_hash, hash, HASH_LEN) == 0)
            return c;
    }
    return NULL;
}

static bool cert_known(const struct mem_state *s, const uint8_t serial[20])
{
    for (size_t i = 0; i < s->certs.n; i++)
        if (memcmp(MEM_AT(struct store_cert, &s->certs, i)->serial, serial, 20) == 0)
            return true;
    return false;
}

static enum err run_code_put(struct mem_state *s, const struct store_code_put *r)
{
    if (!active_person(s, r->person))
        return ERR_NOT_FOUND;
    if (find_code(s, r->secret_hash))
        return ERR_EXISTS;
    for (size_t i = 0; i < s->codes.n; i++) {
        struct mem_code *c = MEM_AT(struct mem_code, &s->codes, i);
        c->revoked = c->revoked || (c->person == r->person && !c->used);
    }
    struct mem_code *c = MEM_ADD(struct mem_code, &s->codes);
    memcpy(c->secret_hash, r->secret_hash, HASH_LEN);
    c->person = r->person;
    c->ends_utc_ms = r->ends_utc_ms;
    return ERR_OK;
}

static enum err run_code_use(struct mem_state *s, struct store_code_use *r)
{
    struct mem_code *c = find_code(s, r->secret_hash);
    r->why = !c                                ? "unknown"
             : c->used                         ? "used"
             : c->revoked                      ? "revoked"
             : c->ends_utc_ms <= r->now_utc_ms ? "expired"
                                               : NULL;
    if (r->why)
        return ERR_NOT_FOUND;
    if (cert_known(s, r->cert.serial))
        return ERR_EXISTS;
    c->used = true;
    r->cert.person = c->person;
    *MEM_ADD(struct store_cert, &s->certs) = r->cert;
    return ERR_OK;
}

static enum err run_cert_put(struct mem_state *s, const struct store_cert_put *r)
{
    if (!active_person(s, r->cert.person))
        return ERR_NOT_FOUND;
    if (cert_known(s, r->cert.serial))
        return ERR_EXISTS;
    *MEM_ADD(struct store_cert, &s->certs) = r->cert;
    return ERR_OK;
}

/* ---- templates, settings ---- */

static int by_id_and_version(const void *a, const void *b)
{
    const struct mem_template *x = a, *y = b;
    int order = strcmp(x->id, y->id);
    return order ? order : (x->version > y->version) - (x->version < y->version);
}

static enum err run_template_put(struct mem_state *s, const struct store_template_put *r)
{
    for (size_t i = 0; i < s->templates.n; i++) {
        const struct mem_template *t = MEM_AT(struct mem_template, &s->templates, i);
        if (t->version == r->version && strcmp(t->id, r->id) == 0) {
            bool same = t->data->len == r->len && memcmp(t->data->bytes, r->data, r->len) == 0;
            return same ? ERR_OK : ERR_EXISTS;
        }
    }
    struct mem_template *t = MEM_ADD(struct mem_template, &s->templates);
    memcpy(t->id, r->id, sizeof t->id);
    t->version = r->version;
    t->data = mem_blob_new(r->data, r->len);
    qsort(s->templates.items, s->templates.n, sizeof *t, by_id_and_version);
    return ERR_OK;
}

static enum err run_template_load(const struct mem_state *s, struct store_template_load *r)
{
    size_t bytes = 0;
    for (size_t i = 0; i < s->templates.n; i++)
        bytes += MEM_AT(struct mem_template, &s->templates, i)->data->len;
    r->templates = malloc(s->templates.n * sizeof *r->templates + bytes + 1);
    if (!r->templates)
        return ERR_NOMEM;
    uint8_t *p = (uint8_t *)(r->templates + s->templates.n);
    for (size_t i = 0; i < s->templates.n; i++) {
        const struct mem_template *t = MEM_AT(struct mem_template, &s->templates, i);
        struct store_template *out = &r->templates[r->ntemplates++];
        *out = (struct store_template){.version = t->version, .data = p, .len = t->data->len};
        memcpy(out->id, t->id, sizeof out->id);
        memcpy(p, t->data->bytes, t->data->len);
        p += t->data->len;
    }
    return ERR_OK;
}

static struct mem_setting *find_setting(const struct mem_state *s, const char *name)
{
    for (size_t i = 0; i < s->settings.n; i++) {
        struct mem_setting *m = MEM_AT(struct mem_setting, &s->settings, i);
        if (strcmp(m->name, name) == 0)
            return m;
    }
    return NULL;
}

static enum err run_setting_get(const struct mem_state *s, struct store_setting *r)
{
    const struct mem_setting *m = find_setting(s, r->name);
    if (!m)
        return ERR_NOT_FOUND;
    memcpy(r->value, m->value, sizeof r->value);
    return ERR_OK;
}

static enum err run_setting_put(struct mem_state *s, const struct store_setting *r)
{
    struct mem_setting *m = find_setting(s, r->name);
    if (!m) {
        m = MEM_ADD(struct mem_setting, &s->settings);
        memcpy(m->name, r->name, sizeof m->name);
    }
    memcpy(m->value, r->value, sizeof m->value);
    return ERR_OK;
}

enum err mem_state_run(struct mem_state *s, struct store_req *r)
{
    switch (r->op) {
    case STORE_APPEND:
        return run_append(s, (struct store_append *)r);
    case STORE_LOAD:
        return run_load(s, (struct store_load *)r);
    case STORE_EVENTS:
        return run_events(s, (struct store_events *)r);
    case STORE_ENTER:
        return run_enter(s, (struct store_enter *)r);
    case STORE_LIST_AUDITS:
        return mem_list_audits(s, (struct store_list_audits *)r);
    case STORE_CREATE_AUDIT:
        return run_create_audit(s, (struct store_create_audit *)r);
    case STORE_SAVE_SNAPSHOT:
        return run_save_snapshot(s, (struct store_save_snapshot *)r);
    case STORE_PEOPLE_LOAD:
        return run_people_load(s, (struct store_people_load *)r);
    case STORE_PERSON_PUT:
        return run_person_put(s, (struct store_person_put *)r);
    case STORE_CODE_PUT:
        return run_code_put(s, (struct store_code_put *)r);
    case STORE_CODE_USE:
        return run_code_use(s, (struct store_code_use *)r);
    case STORE_CERT_PUT:
        return run_cert_put(s, (struct store_cert_put *)r);
    case STORE_TEMPLATE_PUT:
        return run_template_put(s, (struct store_template_put *)r);
    case STORE_TEMPLATE_LOAD:
        return run_template_load(s, (struct store_template_load *)r);
    case STORE_READ_LOG:
        return run_read_log(s, (struct store_read_log *)r);
    case STORE_SETTING_GET:
        return run_setting_get(s, (struct store_setting *)r);
    case STORE_SETTING_PUT:
        return run_setting_put(s, (struct store_setting *)r);
    case STORE_DUTIES:
        return mem_duties(s, (struct store_duties *)r);
    case STORE_DUE_AUDITS:
    case STORE_GLASS_AUDITS:
    case STORE_SOURCE_AUDITS:
        return mem_find_audits(s, (struct store_find_audits *)r);
    case STORE_BACKUP:
        return ERR_INPUT;
    }
    return ERR_INPUT;
}
