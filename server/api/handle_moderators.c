/* Who could moderate an audit, and what speaks against it. */

#include <stdlib.h>
#include <string.h>

#include "server/api/act.h"
#include "server/rules/moderation.h"

enum { MAX_CANDIDATES = 500 };

static role_set assigners(void)
{
    return ROLE_BIT(ROLE_QA) | ROLE_BIT(ROLE_IROM);
}

struct conflicts {
    struct call *call;
    Tandem__ModeratorRow *row;
    size_t cap;
    bool failed;
};

static void add_conflict(void *user, const char *sentence)
{
    struct conflicts *k = user;
    char *copy = k->row->n_conflicts < k->cap ? call_strdup(k->call, sentence) : NULL;
    if (copy)
        k->row->conflicts[k->row->n_conflicts++] = copy;
    k->failed = k->failed || !copy;
}

static uint32_t open_audits(const struct store_list_audits *l, uint32_t person)
{
    uint32_t n = 0;
    for (size_t i = 0; i < l->nrows; i++)
        n += l->rows[i].summary.moderator == person;
    return n;
}

static Tandem__ModeratorRow *make_row(struct call *c, const struct store_list_audits *l,
                                      uint32_t person)
{
    const struct audit *a = live_state(c->la);
    const struct person *p = people_find(c->core->people, person);
    Tandem__ModeratorRow *row = call_alloc(c, sizeof *row);
    if (!row)
        return NULL;
    tandem__moderator_row__init(row);
    row->person = person;
    row->name = call_strdup(c, p ? p->name : "");
    row->own = moderation_own_iro(a) == person;
    row->open = open_audits(l, person);
    struct conflicts k = {.call = c, .row = row};
    k.cap = moderation_conflicts(a, c->core->people, person, NULL, NULL);
    row->conflicts = call_alloc(c, k.cap * sizeof *row->conflicts);
    if (!row->conflicts || !row->name)
        return NULL;
    (void)moderation_conflicts(a, c->core->people, person, add_conflict, &k);
    return k.failed ? NULL : row;
}

/* Those who may, best first; then the IROs who may not, with the reasons. */
static bool fill(struct call *c, const struct store_list_audits *l, Tandem__ModeratorList *list)
{
    const struct people *people = c->core->people;
    const struct audit *a = live_state(c->la);
    uint32_t *ids = call_alloc(c, MAX_CANDIDATES * sizeof *ids);
    list->rows = call_alloc(c, MAX_CANDIDATES * sizeof(Tandem__ModeratorRow *));
    if (!ids || !list->rows)
        return false;
    size_t n = moderation_candidates(a, people, ids, MAX_CANDIDATES);
    n = n < MAX_CANDIDATES ? n : MAX_CANDIDATES;
    for (size_t i = 0; i < people_count(people) && n < MAX_CANDIDATES; i++) {
        const struct person *p = people_at(people, i);
        if (!p->revoked && person_has_role(p, ROLE_IRO) &&
            moderation_conflicts(a, people, p->viewer.person, NULL, NULL))
            ids[n++] = p->viewer.person;
    }
    for (size_t i = 0; i < n; i++) {
        Tandem__ModeratorRow *row = make_row(c, l, ids[i]);
        if (!row)
            return false;
        list->rows[list->n_rows++] = row;
    }
    return true;
}

static void counted(struct call *c, enum err e)
{
    struct store_list_audits l = c->store.list;
    if (call_goes_on(c, e)) {
        Tandem__ModeratorList list = TANDEM__MODERATOR_LIST__INIT;
        Tandem__Envelope env = TANDEM__ENVELOPE__INIT;
        env.body_case = TANDEM__ENVELOPE__BODY_MODERATOR_LIST;
        env.moderator_list = &list;
        if (fill(c, &l, &list))
            call_answer_read(c, &env);
        else
            call_no_memory(c);
    }
    if (!e)
        free(l.rows);
}

static void noted(struct call *c, enum err e)
{
    if (!call_goes_on(c, e))
        return;
    memset(&c->store, 0, sizeof c->store);
    c->store.list.states =
        STATE_BIT(AUDIT_SUBMITTED) | STATE_BIT(AUDIT_MODERATING) | STATE_BIT(AUDIT_RETURNED);
    call_store(c, STORE_LIST_AUDITS, counted);
}

void handle_moderators(struct call *c)
{
    const struct audit *a = live_state(c->la);
    if (life_parts(a, &call_person(c)->viewer) & assigners())
        call_enter(c, "moderators", false, noted);
    else if (!route_may_see(c, a))
        call_not_found(c);
    else
        call_fail(c, ERR_REFUSED_ROLE, "",
                  "The quality assurance team (QA) and the IRO manager (IROM) name moderators.");
}
