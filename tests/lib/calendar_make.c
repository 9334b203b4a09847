#include "tests/lib/calendar_make.h"

#include <stdio.h>
#include <stdlib.h>

#include "server/content/activity_yaml.h"

static void need(bool ok, const char *what)
{
    if (ok)
        return;
    fprintf(stderr, "calendar_make: %s\n", what);
    abort();
}

struct civil civil_of(const char *iso)
{
    struct civil d = {0};
    struct err_info why = {0};
    enum err e = civil_parse(iso, &d, &why);
    need(!e, why.text);
    return d;
}

uint64_t service_random(struct service *s, uint64_t below)
{
    s->rng += UINT64_C(0x9e3779b97f4a7c15); /* splitmix64 */
    uint64_t z = s->rng;
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return (z ^ z >> 31) % below;
}

static void make_people(struct service *s, struct service_size size)
{
    static const char *const teams[] = {"T0", "T1", "T2", "T3", "T4", "T5", "T6", "T7", "T8", "T9"};
    static const enum role single[] = {ROLE_DIR,  ROLE_HOS,  ROLE_SM,    ROLE_QA,
                                       ROLE_LADO, ROLE_IROM, ROLE_PANEL, ROLE_SSL};
    enum { NSINGLE = sizeof single / sizeof *single };
    size_t n = size.managers + size.iros + NSINGLE;
    s->people = calloc(n, sizeof *s->people);
    need(s->people != NULL, "no memory");
    for (size_t i = 0; i < n; i++) {
        struct calendar_person *p = &s->people[i];
        size_t rest = i - size.managers - size.iros;
        p->id = (uint32_t)i + 1;
        p->roles = i < size.managers               ? ROLE_BIT(ROLE_FTM)
                   : i < size.managers + size.iros ? ROLE_BIT(ROLE_IRO)
                                                   : ROLE_BIT(single[rest]);
        p->team = i < size.managers ? teams[i % 10] : "";
    }
    s->facts.people = s->people;
    s->facts.npeople = n;
    s->facts.teams = teams;
    s->facts.nteams = 10;
}

static void make_carers(struct service *s, uint32_t n)
{
    static char refs[5000][OCCURRENCE_SUBJECT];
    need(n <= 5000, "too many carers");
    s->carers = calloc(n + 1, sizeof *s->carers);
    need(s->carers != NULL, "no memory");
    for (uint32_t i = 0; i < n; i++) {
        struct calendar_carer *c = &s->carers[i];
        (void)snprintf(refs[i], sizeof refs[i], "C-%04u", i);
        *c = (struct calendar_carer){.ref = refs[i], .team = s->facts.teams[i % 10]};
        c->reviewing_officer = 900 + i % 7;
        c->social_worker = 800 + i % 50;
        c->approved = civil_add_days((struct civil){2015, 1, 1}, (int64_t)service_random(s, 4000));
        if (civil_compare(c->approved, (struct civil){2025, 4, 1}) < 0)
            c->last_review =
                civil_add_days((struct civil){2025, 4, 1}, (int64_t)service_random(s, 365));
    }
    s->facts.carers = s->carers;
    s->facts.ncarers = n;
}

void service_init(struct service *s, struct service_size size, uint64_t seed)
{
    struct err_info why = {0};
    *s = (struct service){.rng = seed};
    enum err e = activity_builtin(&s->activities, &why);
    need(!e, why.text);
    holidays_init(&s->holidays);
    clock_values_default(&s->clock);
    make_people(s, size);
    make_carers(s, size.carers);
    s->programme = (struct programme){
        .year = 2026, .version = 1, .state = PROGRAMME_AGREED, .agreed = {2026, 4, 1}
    };
}

void service_fini(struct service *s)
{
    activities_fini(&s->activities);
    calendar_fini(&s->calendar);
    free(s->people);
    free(s->carers);
}

struct calendar_result service_generate(struct service *s, struct civil from, struct civil until)
{
    const struct calendar_order order = {.programme = &s->programme,
                                         .activities = &s->activities,
                                         .facts = &s->facts,
                                         .clock = &s->clock,
                                         .holidays = &s->holidays,
                                         .from = from,
                                         .until = until,
                                         .today = from};
    struct calendar_result r;
    struct err_info why = {0};
    enum err e = calendar_generate(&s->calendar, &order, &r, &why);
    need(!e, why.text);
    struct calendar_result copy = r;
    copy.changed = NULL;
    calendar_result_fini(&r);
    return copy;
}
