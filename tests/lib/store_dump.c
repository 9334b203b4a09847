#include "tests/lib/store_dump.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "server/store/request.h"
#include "server/store/seal.h"

static void put_hex(FILE *f, const uint8_t *data, size_t len)
{
    for (size_t i = 0; i < len; i++)
        fprintf(f, "%02x", data[i]);
}

static void dump_audit(FILE *f, struct store_under_test *t, uint64_t audit)
{
    struct store_load l = {.req.op = STORE_LOAD, .audit = audit};
    enum err e = t->impl->run(t, &l.req);
    fprintf(f, "audit %" PRIu64 " %s", audit, err_name(e));
    if (e == ERR_OK) {
        fprintf(f, " %s next_agent=%u snapshot=%" PRIu64 ":", l.ref, l.next_agent, l.snapshot_seq);
        put_hex(f, l.snapshot.data, l.snapshot.len);
    }
    for (size_t i = 0; i < l.nevents; i++) {
        const struct store_event *ev = &l.events[i];
        fprintf(f, "\n %" PRIu64 " %" PRId64 " %u ", ev->seq, ev->utc_ms, ev->actor);
        put_hex(f, ev->hash, HASH_LEN);
        fputc(' ', f);
        put_hex(f, ev->body, ev->body_len);
    }
    fputc('\n', f);
    buf_free(&l.snapshot);
    free(l.events);
    struct store_read_log q = {.req.op = STORE_READ_LOG, .audit = audit};
    if (t->impl->run(t, &q.req) == ERR_OK)
        for (size_t i = 0; i < q.nrows; i++)
            fprintf(f, " read %" PRId64 " %" PRIu64 " %s %u %s\n", q.rows[i].utc_ms,
                    q.rows[i].audit, q.rows[i].ref, q.rows[i].person, q.rows[i].what);
    free(q.rows);
}

static void dump_summary(FILE *f, uint64_t audit, const struct store_summary *s)
{
    fprintf(f, " %" PRIu64 " %" PRIu64 " %" PRId64, audit, s->seq, s->utc_ms);
    for (size_t i = 0; i < STORE_SUMMARY_NFIELDS; i++) {
        const struct store_field *field = &store_summary_fields[i];
        const char *at = (const char *)s + field->at;
        fprintf(f, " %s=", field->name);
        if (field->kind == STORE_FIELD_TEXT)
            fputs(at, f);
        else
            put_hex(f, (const uint8_t *)at, field->size);
    }
    fputc('\n', f);
}

static void dump_duties(FILE *f, struct store_under_test *t)
{
    static const char *const every_team[] = {""};
    struct store_duties q = {
        .req.op = STORE_DUTIES, .teams = every_team, .nteams = 1, .limit = STORE_MAX_PAGE};
    fprintf(f, "duties %s\n", err_name(t->impl->run(t, &q.req)));
    for (size_t i = 0; i < q.nrows; i++) {
        const struct store_duty_row *r = &q.rows[i];
        const struct store_duty *d = &r->duty;
        fprintf(f, " %" PRIu64 " %s %s %s %d %u: %s %u %d %s %s %s %u %" PRIu64 " %s\n", r->audit,
                r->ref, r->template_id, r->team, (int)r->state, r->n, d->kind, d->person,
                (int)d->role, d->due, d->first_due, d->since, d->question, d->item, d->text);
    }
    free(q.rows);
}

static void dump_list(FILE *f, struct store_under_test *t)
{
    struct store_list_audits q = {.req.op = STORE_LIST_AUDITS};
    fprintf(f, "list %s\n", err_name(t->impl->run(t, &q.req)));
    for (size_t i = 0; i < q.nrows; i++) {
        dump_summary(f, q.rows[i].audit, &q.rows[i].summary);
        for (size_t k = 0; k < q.rows[i].nmembers; k++) {
            const struct store_member *m = &q.rows[i].members[k];
            fprintf(f, "  %u %d %s\n", m->person, (int)m->role, m->sections);
        }
    }
    free(q.rows);
}

static void dump_people(FILE *f, struct store_under_test *t)
{
    struct store_people_load q = {.req.op = STORE_PEOPLE_LOAD};
    fprintf(f, "people %s\n", err_name(t->impl->run(t, &q.req)));
    for (size_t i = 0; i < q.npeople; i++) {
        const struct store_person *p = &q.people[i];
        fprintf(f, " %u %s %" PRId64 " %d %" PRId64, p->id, p->name, p->created_utc_ms, p->revoked,
                p->revoked_utc_ms);
        for (size_t k = 0; k < p->nroles; k++)
            fprintf(f, " %d:%s", (int)p->roles[k].role, p->roles[k].team);
        fputc('\n', f);
    }
    for (size_t i = 0; i < q.ncerts; i++) {
        fprintf(f, " cert %u %" PRId64 " %d ", q.certs[i].person, q.certs[i].not_after_utc_ms,
                q.certs[i].revoked);
        put_hex(f, q.certs[i].serial, sizeof q.certs[i].serial);
        fputc('\n', f);
    }
    free(q.people);
    free(q.certs);
}

char *store_dump(struct store_under_test *t, uint64_t naudits)
{
    char *text;
    size_t len;
    FILE *f = open_memstream(&text, &len);
    for (uint64_t audit = 0; audit <= naudits; audit++)
        dump_audit(f, t, audit);
    dump_list(f, t);
    dump_duties(f, t);
    dump_people(f, t);
    struct store_template_load q = {.req.op = STORE_TEMPLATE_LOAD};
    fprintf(f, "templates %s\n", err_name(t->impl->run(t, &q.req)));
    for (size_t i = 0; i < q.ntemplates; i++) {
        fprintf(f, " %s %u ", q.templates[i].id, q.templates[i].version);
        put_hex(f, q.templates[i].data, q.templates[i].len);
        fputc('\n', f);
    }
    free(q.templates);
    for (int i = 1; i <= 9; i++) {
        struct store_setting s = {.req.op = STORE_SETTING_GET};
        snprintf(s.name, sizeof s.name, "s%d", i);
        enum err e = t->impl->run(t, &s.req);
        fprintf(f, "setting %s %s\n", s.name, e ? err_name(e) : s.value);
    }
    fclose(f);
    return text;
}

static const char *check_log(const struct store_load *l)
{
    uint8_t hash[HASH_LEN] = {0};
    const char *bad = NULL;
    for (size_t i = 0; !bad && i < l->nevents; i++) {
        const struct store_event *e = &l->events[i];
        struct buf stored = BUF_INIT;
        if (e->seq != i + 1)
            bad = "a log is not dense";
        else if (seal_close(l->audit, e->body, e->body_len, &stored))
            bad = "no memory";
        else
            seal_chain(hash, l->audit, e->seq, e->utc_ms, e->actor, stored.data, stored.len, hash);
        if (!bad && memcmp(hash, e->hash, HASH_LEN) != 0)
            bad = "a chain is broken";
        buf_free(&stored);
    }
    return bad;
}

const char *store_check_logs(struct store_under_test *t, uint64_t naudits)
{
    const char *bad = NULL;
    for (uint64_t audit = 1; !bad && audit <= naudits; audit++) {
        struct store_load l = {.req.op = STORE_LOAD, .audit = audit};
        if (t->impl->run(t, &l.req) != ERR_OK)
            bad = "an audit cannot be loaded";
        else
            bad = l.snapshot_seq ? "a snapshot hides the beginning" : check_log(&l);
        buf_free(&l.snapshot);
        free(l.events);
    }
    return bad;
}
