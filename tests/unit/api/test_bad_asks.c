/* What somebody asks who means no good, or whose program is wrong: over the wire, about a record's
 * life. Nothing changes, and the server goes on. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "server/api/routes.h"
#include "tests/lib/audit_make.h"
#include "tests/lib/core_bench.h"

#define BODY(k) TANDEM__ENVELOPE__BODY_##k

/* ---- a record begins with what its leader may write ---- */

static uint32_t ask_new(struct bench *b, unsigned conn, const char *where, const char *value)
{
    Tandem__NewAudit r = TANDEM__NEW_AUDIT__INIT;
    Tandem__Value v = TANDEM__VALUE__INIT, *values[] = {&v};
    Tandem__Envelope e = TANDEM__ENVELOPE__INIT;
    v.where = (char *)where;
    v.value = (char *)value;
    r.template_id = (char *)"TST";
    r.carer_ref = (char *)"CA-1";
    r.values = values;
    r.n_values = 1;
    e.body_case = BODY(NEW_AUDIT);
    e.new_audit = &r;
    return bench_send(b, conn, &e);
}

Test(bad_asks, nobody_begins_a_record_with_what_others_or_the_server_say)
{
    static const struct {
        const char *where, *value;
    } others[] = {
        {"B1.grade_final",        "good"  },
        {"B1.grade_moderator",    "good"  },
        {"B1.grade_practitioner", "good"  },
        {"A6.grade_practitioner", "good"  },
        {"J3.status",             "given" },
        {"J3.shown_to",           "worker"},
        {"M2.ynp",                "yes"   },
    };
    struct bench *b = bench_new(NULL);
    bench_connect(b, 1, bench_person(b, "Ana", ROLE_FRO, "North"));
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        (void)ask_new(b, 1, others[i].where, others[i].value);
        bench_step(b);
        const Tandem__Envelope *e = bench_take(b, 1);
        cr_assert(e && e->body_case == BODY(ERROR), "%s", others[i].where);
        cr_assert_eq(e->error->code, ERR_REFUSED_ROLE, "%s: %s", others[i].where, e->error->text);
    }
    (void)ask_new(b, 1, "B1.grade_auditor", "good");
    bench_step(b);
    (void)bench_expect(b, 1, BODY(AUDIT_CREATED));
    bench_free(b);
}

/* ---- any number, any words ---- */

static const uint64_t numbers[] = {0,         1, 14, 255, UINT32_MAX, INT64_MAX, (uint64_t)1 << 63,
                                   UINT64_MAX};
static char too_long[4002];
static const char *const words[] = {"",           "Ana",   "2026-02-30", "0000-00-00", "9999-12-31",
                                    "0001-01-01", "claim", "due",        too_long,     "a\nb"};
enum { NUMBERS = sizeof numbers / sizeof *numbers, WORDS = sizeof words / sizeof *words };

static void fill(ProtobufCMessage *m, const char *ref, uint64_t number, const char *word)
{
    for (unsigned i = 0; i < m->descriptor->n_fields; i++) {
        const ProtobufCFieldDescriptor *f = &m->descriptor->fields[i];
        void *at = (char *)m + f->offset;
        if (f->label == PROTOBUF_C_LABEL_REPEATED)
            continue;
        if (f->type == PROTOBUF_C_TYPE_STRING)
            *(const char **)at = strcmp(f->name, "ref") ? word : ref;
        else if (f->type == PROTOBUF_C_TYPE_UINT32)
            *(uint32_t *)at = (uint32_t)number;
        else if (f->type == PROTOBUF_C_TYPE_UINT64)
            *(uint64_t *)at = number;
        else if (f->type == PROTOBUF_C_TYPE_INT64 || f->type == PROTOBUF_C_TYPE_SINT64)
            *(int64_t *)at = (int64_t)number;
        else if (f->type == PROTOBUF_C_TYPE_BOOL)
            *(protobuf_c_boolean *)at = number & 1;
    }
}

/* Those end the connection, or begin it. */
static bool is_asked(const struct route *r)
{
    return r->handle && r->when == WHEN_GREETED && r->who == WHO_KNOWN && r->kind != BODY(RENEW) &&
           r->kind != BODY(LEAVE);
}

static void ask_everything(struct bench *b, unsigned conn, const char *ref)
{
    size_t n;
    const struct route *routes = route_table(&n);
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; is_asked(&routes[i]) && k < (size_t)NUMBERS * WORDS; k++) {
            struct bench_plain m;
            Tandem__Envelope *e = bench_make(&m, routes[i].kind, ref, 0);
            fill(&m.inner.base, ref, numbers[k % NUMBERS], words[k / NUMBERS]);
            (void)bench_send(b, conn, e);
            bench_step(b);
            bench_forget(b, conn);
            cr_assert(b->conns[conn].open && !b->conns[conn].closing, "kind %d, case %zu",
                      routes[i].kind, k);
        }
}

Test(bad_asks, no_number_and_no_words_end_the_server, .timeout = 120)
{
    struct core_settings set;
    core_settings_default(&set);
    set.requests_burst = 1000 * 1000;
    struct bench *b = bench_new(&set);
    static const enum role roles[] = {ROLE_FRO, ROLE_FTM, ROLE_QA, ROLE_IROM, ROLE_ADMIN};
    char ref[32];
    memset(too_long, 'x', sizeof too_long - 1);
    for (unsigned i = 0; i < sizeof roles / sizeof *roles; i++) {
        uint32_t p = bench_person(b, i ? role_code(roles[i]) : "Ana", roles[i], "North");
        bench_connect(b, 1 + i, p);
    }
    bench_new_audit(b, 1, "", ref);
    for (unsigned i = 0; i < sizeof roles / sizeof *roles; i++)
        ask_everything(b, 1 + i, ref);
    bench_free(b);
}
