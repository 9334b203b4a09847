#include "tests/lib/site_bench.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "server/content/template_yaml.h"

#define BODY(k) TANDEM__ENVELOPE__BODY_##k

const char site_small[] = "id: MIN\n"
                          "version: 1\n"
                          "title: A small audit\n"
                          "purpose: to be tested\n"
                          "audience: us\n"
                          "type: collaborative\n"
                          "default_period_months: 12\n"
                          "overall: none\n"
                          "sections:\n"
                          "  - code: A\n"
                          "    title: About\n"
                          "    write: [FRO, FSW]\n"
                          "    questions:\n"
                          "      - code: A1\n"
                          "        title: Note\n"
                          "        kinds: [text]\n"
                          "      - code: A2\n"
                          "        title: Seen on\n"
                          "        kinds: [date]\n"
                          "      - code: L1\n"
                          "        title: Actions\n"
                          "        kinds: [actions]\n";

struct site site_new_with(const struct core_settings *settings, const char *yaml)
{
    static const struct somebody {
        const char *name;
        enum role role;
        const char *team;
    } people[PEOPLE] = {
        [ANA] = {"Ana",  ROLE_FRO,   "North"},
          [BEN] = {"Ben",  ROLE_FSW,   "North"},
        [QUIN] = {"Quin", ROLE_QA,    ""     },
          [IRIS] = {"Iris", ROLE_IRO,   ""     },
        [FAY] = {"Fay",  ROLE_FTM,   "North"},
          [SAM] = {"Sam",  ROLE_SM,    "North"},
        [EVE] = {"Eve",  ROLE_FRO,   "South"},
          [ADAM] = {"Adam", ROLE_ADMIN, ""     },
        [MAE] = {"Mae",  ROLE_IROM,  ""     },
          [HAL] = {"Hal",  ROLE_HOS,   ""     },
    };
    struct site s = {.b = bench_new(settings)};
    struct template *t = NULL;
    struct err_info why = {0};
    enum err e = yaml ? template_yaml_parse("test", yaml, strlen(yaml), &t, &why) : ERR_OK;
    cr_assert_eq(e, ERR_OK, "%s", why.text);
    if (t)
        bench_template(s.b, t);
    for (unsigned i = 1; i < PEOPLE; i++) {
        s.ids[i] = bench_person(s.b, people[i].name, people[i].role, people[i].team);
        bench_connect(s.b, i, s.ids[i]);
    }
    return s;
}

struct site site_new(const char *yaml)
{
    return site_new_with(NULL, yaml);
}

struct site site_with_audit(void)
{
    struct site s = site_new(site_small);
    bench_new_audit(s.b, ANA, "Ben", s.ref);
    return s;
}

const Tandem__Envelope *site_ask(struct site *s, unsigned who, Tandem__Envelope *e)
{
    if (s->b->conns[who].room)
        bench_fold(s->b, who);
    uint32_t id = bench_send(s->b, who, e);
    bench_step(s->b);
    const Tandem__Envelope *a = bench_take(s->b, who);
    while (a && a->id != id) /* what the server says of its own accord */
        a = bench_take(s->b, who);
    cr_assert_not_null(a, "no answer to kind %d", (int)e->body_case);
    return a;
}

const Tandem__Envelope *site_good(const Tandem__Envelope *e, int kind)
{
    cr_assert_eq((int)e->body_case, kind, "kind %d: %s", (int)e->body_case,
                 e->body_case == BODY(ERROR) ? e->error->text : "");
    return e;
}

const Tandem__Error *site_refused(const Tandem__Envelope *e, enum err code)
{
    cr_assert_eq(e->body_case, BODY(ERROR));
    cr_assert_eq(e->error->code, (uint32_t)code, "%s", e->error->text);
    cr_assert_gt(strlen(e->error->text), 10);
    return e->error;
}
