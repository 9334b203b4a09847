#include "server/rules/calendar.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- the array and its index ---- */

void calendar_fini(struct calendar *c)
{
    for (size_t i = 0; i < c->n; i++)
        occurrence_fini(&c->at[i]);
    free(c->at);
    free(c->index);
    *c = (struct calendar){0};
}

static uint64_t mix(uint64_t hash, const void *data, size_t len)
{
    const unsigned char *p = data;
    for (size_t i = 0; i < len; i++) /* FNV-1a */
        hash = (hash ^ p[i]) * UINT64_C(1099511628211);
    return hash;
}

static uint64_t hash_of(const struct occurrence *o)
{
    int64_t base = o->chain ? 0 : civil_days(o->base);
    uint64_t hash = mix(UINT64_C(14695981039346656037), o->key, strlen(o->key));
    hash = mix(hash, o->subject, strlen(o->subject));
    hash = mix(hash, &base, sizeof base);
    hash = mix(hash, &o->position, sizeof o->position);
    return hash ^ hash >> 32;
}

static bool same(const struct occurrence *a, const struct occurrence *b)
{
    return a->position == b->position && a->of == b->of && a->chain == b->chain &&
           (a->chain || !civil_compare(a->base, b->base)) && !strcmp(a->key, b->key) &&
           !strcmp(a->subject, b->subject);
}

/* Where it is, or the free place where it belongs. */
static size_t slot_of(const struct calendar *c, const struct occurrence *like)
{
    size_t slot = hash_of(like) & (c->index_size - 1);
    while (c->index[slot] && !same(&c->at[c->index[slot] - 1], like))
        slot = (slot + 1) & (c->index_size - 1);
    return slot;
}

size_t calendar_find(const struct calendar *c, const struct occurrence *like)
{
    if (!c->index_size)
        return SIZE_MAX;
    uint32_t number = c->index[slot_of(c, like)];
    return number ? number - 1 : SIZE_MAX;
}

size_t calendar_find_uid(const struct calendar *c, const char *uid)
{
    char own[OCCURRENCE_UID_BYTES];
    for (size_t i = 0; i < c->n; i++) {
        size_t len = strlen(c->at[i].key);
        if (strncmp(uid, c->at[i].key, len) || uid[len] != '/' || !strstr(uid, c->at[i].subject))
            continue; /* most of them, without writing it out */
        occurrence_uid(&c->at[i], own);
        if (!strcmp(own, uid))
            return i;
    }
    return SIZE_MAX;
}

static enum err grow(struct calendar *c)
{
    size_t cap = c->cap ? 2 * c->cap : 64;
    struct occurrence *at = realloc(c->at, cap * sizeof *at);
    if (!at)
        return ERR_NOMEM;
    c->at = at;
    uint32_t *index = calloc(2 * cap, sizeof *index); /* at most half full */
    if (!index)
        return ERR_NOMEM;
    free(c->index);
    c->index = index;
    c->index_size = 2 * cap;
    c->cap = cap;
    for (size_t i = 0; i < c->n; i++)
        c->index[slot_of(c, &c->at[i])] = (uint32_t)i + 1;
    return ERR_OK;
}

enum err calendar_put(struct calendar *c, struct occurrence *o)
{
    enum err e = calendar_find(c, o) == SIZE_MAX ? ERR_OK : ERR_EXISTS;
    if (!e && c->n == c->cap)
        e = grow(c);
    if (e) {
        occurrence_fini(o);
        return e;
    }
    size_t slot = slot_of(c, o);
    c->at[c->n++] = *o;
    c->index[slot] = (uint32_t)c->n;
    *o = (struct occurrence){0};
    return ERR_OK;
}

/* ---- one generation ---- */

void calendar_result_fini(struct calendar_result *r)
{
    free(r->changed);
    *r = (struct calendar_result){0};
}

enum { WANTED = 1, CHANGED = 2 };

struct work {
    struct calendar *c;
    const struct calendar_order *order;
    struct calendar_result *result;
    unsigned char *marks; /* of each occurrence */
    size_t nmarks;
};

/* For whom or what one is made. */
struct subject {
    enum occurrence_of of;
    char ref[OCCURRENCE_SUBJECT];
    uint32_t person;
    const char *team;
    struct civil since, until; /* year 0: open */
};

static bool is_set(struct civil d)
{
    return d.year != 0;
}

static enum err marks_reserve(struct work *w)
{
    if (w->c->n <= w->nmarks)
        return ERR_OK;
    size_t n = 2 * w->c->n;
    unsigned char *marks = realloc(w->marks, n);
    if (!marks)
        return ERR_NOMEM;
    memset(marks + w->nmarks, 0, n - w->nmarks);
    w->marks = marks;
    w->nmarks = n;
    return ERR_OK;
}

static void set_team(struct occurrence *o, const char *team)
{
    (void)snprintf(o->team, sizeof o->team, "%s", team ? team : "");
}

static enum err add(struct work *w, struct occurrence *o, struct due due)
{
    o->limit = due.limit;
    o->planned = o->first_planned = due.planned;
    o->end = OCCURRENCE_OPEN;
    o->programme_year = w->order->programme->year;
    o->programme_version = w->order->programme->version;
    enum err e = calendar_put(w->c, o);
    if (!e)
        e = marks_reserve(w);
    if (e)
        return e;
    w->marks[w->c->n - 1] = WANTED | CHANGED;
    w->result->added++;
    return ERR_OK;
}

/* The limit stays; the planned day follows the rules unless somebody has moved it. */
static bool replan(struct work *w, struct occurrence *o, struct civil planned)
{
    struct civil latest = workday_back(w->order->holidays, o->limit);
    if (civil_compare(planned, latest) > 0)
        planned = latest;
    if (o->moved || !civil_compare(o->planned, planned))
        return false;
    o->planned = planned;
    o->sequence++;
    w->result->replanned++;
    return true;
}

static bool reassign(struct occurrence *o, const struct occurrence *like)
{
    if (o->person == like->person && o->by == like->by && !strcmp(o->team, like->team))
        return false;
    o->person = like->person;
    o->by = like->by;
    set_team(o, like->team);
    o->sequence++;
    return true;
}

static void restore(struct work *w, struct occurrence *o)
{
    free(o->end_reason);
    o->end_reason = NULL;
    o->end = OCCURRENCE_OPEN;
    o->ended = (struct civil){0};
    o->programme_year = w->order->programme->year;
    o->programme_version = w->order->programme->version;
    o->sequence++;
    w->result->restored++;
}

/* It is here and it is asked for. */
static void want(struct work *w, size_t i, const struct occurrence *like, struct civil planned)
{
    struct occurrence *o = &w->c->at[i];
    bool changed = o->end == OCCURRENCE_ENDED_DROPPED;
    w->marks[i] |= WANTED;
    if (changed)
        restore(w, o);
    if (o->end == OCCURRENCE_OPEN) {
        changed = replan(w, o, planned) || changed;
        changed = reassign(o, like) || changed;
    }
    if (changed)
        w->marks[i] |= CHANGED;
}

static struct occurrence make(const struct activity *row, const struct subject *s,
                              struct civil base, uint32_t position)
{
    struct occurrence o = {.of = s->of,
                           .base = base,
                           .position = position,
                           .law = row->law,
                           .by = row->by,
                           .person = s->person};
    (void)snprintf(o.code, sizeof o.code, "%s", row->code);
    (void)snprintf(o.key, sizeof o.key, "%s", row->code);
    (void)snprintf(o.subject, sizeof o.subject, "%s", s->ref);
    set_team(&o, s->team);
    return o;
}

static enum err want_or_add(struct work *w, struct occurrence *o, struct due due)
{
    size_t i = calendar_find(w->c, o);
    if (i == SIZE_MAX)
        return add(w, o, due);
    want(w, i, o, due.planned);
    return ERR_OK;
}

/* ---- whom an activity is for ---- */

typedef enum err (*subject_fn)(struct work *w, const struct activity *row, const struct subject *s,
                               void *user);

static struct subject of_person(const struct calendar_person *p)
{
    struct subject s = {OCCURRENCE_OF_PERSON, "", p->id, p->team, p->since, {0}};
    (void)snprintf(s.ref, sizeof s.ref, "%u", p->id);
    return s;
}

static struct subject of_carer(const struct activity *row, const struct calendar_carer *carer)
{
    uint32_t person = 0;
    if (row->by & ROLE_BIT(ROLE_FRO))
        person = carer->reviewing_officer;
    else if (row->by & ROLE_BIT(ROLE_FSW))
        person = carer->social_worker;
    struct subject s = {OCCURRENCE_OF_CARER, "",          person, carer->team,
                        carer->approved,     carer->ended};
    (void)snprintf(s.ref, sizeof s.ref, "%s", carer->ref);
    return s;
}

static enum err each_person(struct work *w, const struct activity *row, subject_fn fn, void *user)
{
    const struct calendar_facts *f = w->order->facts;
    enum err e = ERR_OK;
    for (size_t i = 0; i < f->npeople && !e; i++) {
        struct subject s = of_person(&f->people[i]);
        if (f->people[i].roles & row->by)
            e = fn(w, row, &s, user);
    }
    return e;
}

static enum err each_team(struct work *w, const struct activity *row, subject_fn fn, void *user)
{
    const struct calendar_facts *f = w->order->facts;
    enum err e = ERR_OK;
    for (size_t i = 0; i < f->nteams && !e; i++) {
        struct subject s = {.of = OCCURRENCE_OF_TEAM, .team = f->teams[i]};
        (void)snprintf(s.ref, sizeof s.ref, "%s", f->teams[i]);
        e = fn(w, row, &s, user);
    }
    return e;
}

static enum err each_carer(struct work *w, const struct activity *row, subject_fn fn, void *user)
{
    const struct calendar_facts *f = w->order->facts;
    enum err e = ERR_OK;
    for (size_t i = 0; i < f->ncarers && !e; i++) {
        struct subject s = of_carer(row, &f->carers[i]);
        e = fn(w, row, &s, user);
    }
    return e;
}

static enum err each_subject(struct work *w, const struct activity *row, subject_fn fn, void *user)
{
    const struct subject site = {.of = OCCURRENCE_OF_SITE};
    switch (row->each) {
    case ACTIVITY_EACH_SITE:
        return fn(w, row, &site, user);
    case ACTIVITY_EACH_PERSON:
        return each_person(w, row, fn, user);
    case ACTIVITY_EACH_TEAM:
        return each_team(w, row, fn, user);
    case ACTIVITY_EACH_CARER:
        return each_carer(w, row, fn, user);
    }
    return ERR_OK;
}

/* ---- what recurs ---- */

struct recurrence {
    const struct civil *days;
    const struct due *due;
    size_t n;
};

static bool is_here(const struct subject *s, struct civil base, struct civil limit)
{
    return (!is_set(s->since) || civil_compare(base, s->since) >= 0) &&
           (!is_set(s->until) || civil_compare(limit, s->until) <= 0);
}

static enum err recur_for(struct work *w, const struct activity *row, const struct subject *s,
                          void *user)
{
    const struct recurrence *r = user;
    enum err e = ERR_OK;
    for (size_t i = 0; i < r->n; i++)
        for (uint32_t nth = 1; nth <= row->count && !e; nth++) {
            struct occurrence o = make(row, s, r->days[i], nth);
            if (is_here(s, r->days[i], r->due[i].limit))
                e = want_or_add(w, &o, r->due[i]);
        }
    return e;
}

static enum err recur(struct work *w, const struct activity *row)
{
    const struct calendar_order *order = w->order;
    struct civil *days;
    struct recurrence r = {0};
    enum err e = activity_days(row->every, order->from, order->until, &days, &r.n, NULL);
    if (e)
        return e;
    struct due *due = calloc(r.n + 1, sizeof *due);
    for (size_t i = 0; due && i < r.n; i++)
        due[i] = activity_due_from(row, days[i], order->clock, order->holidays);
    r.days = days;
    r.due = due;
    e = due ? each_subject(w, row, recur_for, &r) : ERR_NOMEM;
    free(due);
    free(days);
    return e;
}

/* ---- chains: one open link at a time, the next counts from the one that was held ---- */

static const char reviews_key[] = "REV";

/* The links of a subject are numbered from 1 without gaps: like->position is then the next one's.
 * SIZE_MAX: there is none. */
static size_t last_link(const struct calendar *c, struct occurrence *like)
{
    size_t last = SIZE_MAX;
    for (like->position = 1;; like->position++) {
        size_t i = calendar_find(c, like);
        if (i == SIZE_MAX)
            return last;
        last = i;
    }
}

static enum err link_on(struct work *w, struct occurrence *next, size_t last, struct due due)
{
    const struct occurrence *o = last == SIZE_MAX ? NULL : &w->c->at[last];
    bool again = o && o->end == OCCURRENCE_ENDED_DROPPED && !civil_compare(o->base, next->base);
    if (again) {
        want(w, last, next, due.planned);
        return ERR_OK;
    }
    if (civil_compare(due.limit, w->order->until) >= 0)
        return ERR_OK; /* not yet */
    return add(w, next, due);
}

/* The open link, as its rule has it now: it keeps the activity and the day that it began with. */
static void want_link(struct work *w, size_t i, const struct occurrence *like)
{
    const struct calendar_order *order = w->order;
    const struct activity *row = activities_find(order->activities, w->c->at[i].code);
    struct due due = {.planned = w->c->at[i].planned};
    if (row)
        due = activity_due_from(row, w->c->at[i].base, order->clock, order->holidays);
    want(w, i, like, due.planned);
}

static const struct activity *row_with(const struct activities *a, enum activity_rule rule)
{
    for (size_t i = 0; i < a->n; i++)
        if (a->rows[i].rule == rule)
            return &a->rows[i];
    return NULL;
}

/* The last day on which a review of this carer is known to have been held; year 0: none. */
static struct civil last_held(const struct calendar *c, const struct occurrence *like,
                              struct civil known)
{
    struct occurrence at = *like;
    for (at.position = 1;; at.position++) {
        size_t i = calendar_find(c, &at);
        if (i == SIZE_MAX)
            return known;
        const struct occurrence *o = &c->at[i];
        if (o->end == OCCURRENCE_ENDED_HELD &&
            (!is_set(known) || civil_compare(o->ended, known) > 0))
            known = o->ended;
    }
}

static struct occurrence make_link(const struct activity *row, const struct subject *s)
{
    struct occurrence o = make(row, s, (struct civil){0}, 1);
    o.chain = true;
    if (s->of == OCCURRENCE_OF_CARER)
        (void)snprintf(o.key, sizeof o.key, "%s", reviews_key);
    return o;
}

static void note_undated(struct work *w, const struct calendar_carer *carer)
{
    if (!w->result->nundated++)
        (void)snprintf(w->result->undated, sizeof w->result->undated, "%s", carer->ref);
}

static bool is_asked_of(const struct calendar_carer *carer, struct civil limit)
{
    return !is_set(carer->ended) || civil_compare(limit, carer->ended) <= 0;
}

static enum err review_of(struct work *w, const struct calendar_carer *carer,
                          const struct activity *first, const struct activity *later)
{
    const struct activity *row = later ? later : first;
    struct subject s = of_carer(row, carer);
    struct occurrence o = make_link(row, &s);
    size_t last = last_link(w->c, &o); /* o is then the one behind it */
    if (last != SIZE_MAX && w->c->at[last].end == OCCURRENCE_OPEN) {
        if (is_asked_of(carer, w->c->at[last].limit))
            want_link(w, last, &o);
        return ERR_OK;
    }
    struct civil held = last_held(w->c, &o, carer->last_review);
    bool is_first = !is_set(held) || civil_compare(held, carer->approved) < 0;
    row = is_first ? first : later;
    o.base = is_first ? carer->approved : held;
    if (!is_set(o.base)) {
        note_undated(w, carer);
        return ERR_OK;
    }
    if (!row)
        return ERR_OK;
    (void)snprintf(o.code, sizeof o.code, "%s", row->code);
    o.by = row->by;
    o.law = row->law;
    struct due due = activity_due_from(row, o.base, w->order->clock, w->order->holidays);
    return is_asked_of(carer, due.limit) ? link_on(w, &o, last, due) : ERR_OK;
}

static enum err reviews(struct work *w)
{
    const struct calendar_facts *f = w->order->facts;
    const struct activity *first = row_with(w->order->activities, ACTIVITY_AFTER_APPROVAL);
    const struct activity *later = row_with(w->order->activities, ACTIVITY_AFTER_REVIEW);
    enum err e = ERR_OK;
    for (size_t i = 0; (first || later) && i < f->ncarers && !e; i++)
        e = review_of(w, &f->carers[i], first, later);
    return e;
}

/* A later one of the two, either of which may be unknown. */
static struct civil later_of(struct civil a, struct civil b)
{
    return civil_compare(a, b) > 0 ? a : b;
}

static enum err again_for(struct work *w, const struct activity *row, const struct subject *s,
                          void *user)
{
    (void)user;
    struct occurrence o = make_link(row, s);
    size_t last = last_link(w->c, &o);
    const struct occurrence *link = last == SIZE_MAX ? NULL : &w->c->at[last];
    if (link && link->end == OCCURRENCE_OPEN) {
        want_link(w, last, &o);
        return ERR_OK;
    }
    if (!link)
        o.base = later_of(w->order->from, s->since);
    else if (link->end == OCCURRENCE_ENDED_HELD)
        o.base = link->ended;
    else
        o.base = link->end == OCCURRENCE_ENDED_DROPPED ? link->base : link->limit;
    struct due due = activity_due_from(row, o.base, w->order->clock, w->order->holidays);
    return link_on(w, &o, last, due);
}

/* ---- what prepares others ---- */

static bool prepares(const struct activity *row, const struct occurrence *parent)
{
    for (size_t i = 0; i < row->nbefore; i++)
        if (!strcmp(row->before[i], parent->code))
            return true;
    return false;
}

static struct occurrence make_before(const struct work *w, const struct activity *row,
                                     const struct occurrence *parent)
{
    const struct calendar_facts *f = w->order->facts;
    struct subject s = {.of = parent->of, .team = parent->team};
    memcpy(s.ref, parent->subject, sizeof s.ref);
    if (parent->of == OCCURRENCE_OF_PERSON)
        s.person = parent->person;
    for (size_t i = 0; parent->of == OCCURRENCE_OF_CARER && i < f->ncarers; i++)
        if (!strcmp(f->carers[i].ref, parent->subject)) {
            s.person = of_carer(row, &f->carers[i]).person;
            break;
        }
    struct occurrence o = make(row, &s, parent->base, parent->position);
    o.chain = parent->chain;
    o.prepares = true;
    return o;
}

static enum err before_others(struct work *w, const struct activity *row)
{
    const struct calendar_order *order = w->order;
    enum err e = ERR_OK;
    for (size_t i = 0, n = w->c->n; i < n && !e; i++) {
        const struct occurrence *parent = &w->c->at[i];
        bool asks = prepares(row, parent) && parent->end == OCCURRENCE_OPEN &&
                    (w->marks[i] & WANTED || parent->moved);
        if (!asks)
            continue;
        struct occurrence o = make_before(w, row, parent);
        struct due due = {
            activity_due_from(row, parent->limit, order->clock, order->holidays).limit,
            activity_due_from(row, parent->planned, order->clock, order->holidays).planned};
        if (civil_compare(due.planned, due.limit) > 0)
            due.planned = workday_back(order->holidays, due.limit);
        e = want_or_add(w, &o, due);
    }
    return e;
}

/* ---- what is asked for no longer ---- */

static const struct calendar_carer *carer_of(const struct calendar_facts *f, const char *ref)
{
    for (size_t i = 0; i < f->ncarers; i++)
        if (!strcmp(f->carers[i].ref, ref))
            return &f->carers[i];
    return NULL;
}

/* Why there is nobody any more for whom it would be; NULL: there is. */
static const char *gone(const struct calendar_facts *f, const struct occurrence *o, char day[16])
{
    switch (o->of) {
    case OCCURRENCE_OF_PERSON:
        for (size_t i = 0; i < f->npeople; i++)
            if (f->people[i].id == o->person && f->people[i].roles & o->by)
                return NULL;
        return "the person has left or has another role";
    case OCCURRENCE_OF_TEAM:
        for (size_t i = 0; i < f->nteams; i++)
            if (!strcmp(f->teams[i], o->subject))
                return NULL;
        return "there is no such team any more";
    case OCCURRENCE_OF_CARER: {
        const struct calendar_carer *carer = carer_of(f, o->subject);
        if (!carer)
            return "there is no such carer's record any more";
        if (!is_set(carer->ended) || civil_compare(carer->ended, o->limit) >= 0)
            return NULL;
        civil_say(carer->ended, day);
        return "the carer's approval ended on ";
    }
    case OCCURRENCE_OF_SITE:
    case OCCURRENCE_OF_ASKED:
        break;
    }
    return NULL;
}

/* What it prepares: is that there, and not done away with? */
static bool parent_stands(const struct work *w, const struct occurrence *o)
{
    const struct activity *row = activities_find(w->order->activities, o->code);
    for (size_t i = 0; row && i < row->nbefore; i++) {
        struct occurrence like = *o;
        const char *key = o->of == OCCURRENCE_OF_CARER && o->chain ? reviews_key : row->before[i];
        (void)snprintf(like.key, sizeof like.key, "%s", key);
        size_t at = calendar_find(w->c, &like);
        if (at == SIZE_MAX)
            continue;
        enum occurrence_end end = w->c->at[at].end;
        return end == OCCURRENCE_OPEN || end == OCCURRENCE_ENDED_HELD;
    }
    return false;
}

/* NULL: it stays. */
static const char *why_drop(const struct work *w, const struct occurrence *o, char day[16])
{
    const struct calendar_order *order = w->order;
    struct civil at = o->chain ? o->limit : o->base;
    bool before = civil_compare(at, order->from) < 0;
    bool behind = civil_compare(at, order->until) >= 0;
    if (o->asked)
        return NULL;
    const char *why = o->chain || !before ? gone(order->facts, o, day) : NULL;
    if (why)
        return why;
    if (o->prepares && activities_find(order->activities, o->code))
        return parent_stands(w, o) ? NULL : "what it prepares does not take place";
    return o->moved || before || behind ? NULL : "it is no longer asked for";
}

static enum err drop(struct work *w, size_t i, const char *why, const char *day)
{
    struct occurrence *o = &w->c->at[i];
    char programme[40], text[200];
    programme_say(w->order->programme, programme);
    (void)snprintf(text, sizeof text, "%c%s%s (%s).", why[0] - 'a' + 'A', why + 1, day, programme);
    char *reason = strdup(text);
    if (!reason)
        return ERR_NOMEM;
    free(o->end_reason);
    o->end_reason = reason;
    o->end = OCCURRENCE_ENDED_DROPPED;
    o->ended = w->order->today;
    o->ended_by = 0;
    o->programme_year = w->order->programme->year;
    o->programme_version = w->order->programme->version;
    o->sequence++;
    w->marks[i] |= CHANGED;
    w->result->dropped++;
    return ERR_OK;
}

/* In two rounds: what prepares others goes when they have gone. */
static enum err drop_rest(struct work *w, bool preparing)
{
    enum err e = ERR_OK;
    for (size_t i = 0; i < w->c->n && !e; i++) {
        const struct occurrence *o = &w->c->at[i];
        char day[16] = "";
        if (o->end != OCCURRENCE_OPEN || w->marks[i] & WANTED || o->prepares != preparing)
            continue;
        const char *why = why_drop(w, o, day);
        if (why)
            e = drop(w, i, why, day);
    }
    return e;
}

/* ---- all of it ---- */

static int by_text(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static enum err carers_check(const struct calendar_facts *f, struct err_info *why)
{
    const char **refs = calloc(f->ncarers + 1, sizeof *refs);
    if (!refs)
        return ERR_NOMEM;
    enum err e = ERR_OK;
    for (size_t i = 0; i < f->ncarers && !e; i++) {
        refs[i] = f->carers[i].ref;
        if (!*refs[i] || strlen(refs[i]) >= OCCURRENCE_SUBJECT)
            e = err_set(why, ERR_INPUT,
                        "A carer's reference has 1 to %d characters: \"%.60s\" has not.",
                        OCCURRENCE_SUBJECT - 1, refs[i]);
    }
    if (!e)
        qsort(refs, f->ncarers, sizeof *refs, by_text);
    for (size_t i = 1; i < f->ncarers && !e; i++)
        if (!strcmp(refs[i - 1], refs[i]))
            e = err_set(why, ERR_INPUT, "The carer %s stands twice in the list: remove one.",
                        refs[i]);
    free(refs);
    return e;
}

static size_t subjects_of(const struct activity *row, const struct calendar_facts *f)
{
    size_t n = 0;
    switch (row->each) {
    case ACTIVITY_EACH_SITE:
        return 1;
    case ACTIVITY_EACH_PERSON:
        for (size_t i = 0; i < f->npeople; i++)
            n += (f->people[i].roles & row->by) != 0;
        return n;
    case ACTIVITY_EACH_TEAM:
        return f->nteams;
    case ACTIVITY_EACH_CARER:
        return f->ncarers;
    }
    return n;
}

/* What an RRULE asks of many people can be a lot more than anybody meant. */
static enum err size_check(const struct calendar_order *order, struct err_info *why)
{
    enum err e = ERR_OK;
    for (size_t i = 0; i < order->activities->n && !e; i++) {
        const struct activity *row = &order->activities->rows[i];
        struct civil *days = NULL;
        size_t n = 0;
        if (row->rule == ACTIVITY_EVERY)
            e = activity_days(row->every, order->from, order->until, &days, &n, why);
        free(days);
        size_t all = n * subjects_of(row, order->facts) * row->count;
        if (!e && all > CALENDAR_MAX_OF_ONE)
            e = err_set(why, ERR_TOO_LARGE,
                        "%s would stand %zu times in the calendar, and %d are the most: let it "
                        "recur less often, or fill in less far ahead.",
                        row->code, all, CALENDAR_MAX_OF_ONE);
    }
    return e;
}

static enum err order_check(const struct calendar_order *order, struct err_info *why)
{
    char name[40];
    programme_say(order->programme, name);
    if (order->programme->state != PROGRAMME_AGREED)
        return err_set(why, ERR_INPUT, "The %s is not agreed yet: it fills in no calendar.", name);
    if (civil_compare(order->from, order->until) >= 0)
        return err_set(why, ERR_INPUT, "The %s would end before it begins: check its days.", name);
    enum err e = activities_check(order->activities, why);
    if (!e)
        e = carers_check(order->facts, why);
    return e ? e : size_check(order, why);
}

static enum err fill(struct work *w, const struct activity *row)
{
    switch (row->rule) {
    case ACTIVITY_EVERY:
        return recur(w, row);
    case ACTIVITY_AFTER_LAST:
        return each_subject(w, row, again_for, NULL);
    case ACTIVITY_AFTER_APPROVAL: /* together: reviews() */
    case ACTIVITY_AFTER_REVIEW:
    case ACTIVITY_BEFORE_OTHERS: /* when those stand */
    case ACTIVITY_EACH_WORKING_DAY:
    case ACTIVITY_WHEN_ASKED:
        break;
    }
    return ERR_OK;
}

static enum err fill_all(struct work *w)
{
    const struct activities *a = w->order->activities;
    enum err e = marks_reserve(w);
    for (size_t i = 0; i < a->n && !e; i++)
        e = fill(w, &a->rows[i]);
    if (!e)
        e = reviews(w);
    for (size_t i = 0; i < a->n && !e; i++)
        if (a->rows[i].rule == ACTIVITY_BEFORE_OTHERS)
            e = before_others(w, &a->rows[i]);
    if (!e)
        e = drop_rest(w, false);
    return e ? e : drop_rest(w, true);
}

static enum err list_changed(struct work *w)
{
    size_t n = 0;
    for (size_t i = 0; i < w->c->n; i++)
        n += (w->marks[i] & CHANGED) != 0;
    w->result->changed = calloc(n + 1, sizeof *w->result->changed);
    if (!w->result->changed)
        return ERR_NOMEM;
    for (size_t i = 0; i < w->c->n; i++)
        if (w->marks[i] & CHANGED)
            w->result->changed[w->result->nchanged++] = i;
    return ERR_OK;
}

enum err calendar_generate(struct calendar *c, const struct calendar_order *order,
                           struct calendar_result *result, struct err_info *why)
{
    struct work w = {.c = c, .order = order, .result = result};
    *result = (struct calendar_result){0};
    enum err e = order_check(order, why);
    if (!e)
        e = fill_all(&w);
    if (!e)
        e = list_changed(&w);
    if (e == ERR_NOMEM)
        (void)err_set(why, e, "%s", err_text(e));
    free(w.marks);
    return e;
}

struct civil calendar_horizon(const struct clock_values *clock, struct civil today)
{
    return civil_add_months(today, clock->horizon_months);
}

/* ---- what somebody asks for ---- */

static enum err asked_check(const struct activity *row, const struct calendar_asked *asked,
                            const struct holidays *h, struct err_info *why)
{
    if (!row->asked)
        return err_set(why, ERR_INPUT,
                       "%s comes by its rule: it is asked for only if \"when\" says so.",
                       row->code);
    if (!*asked->what || strlen(asked->what) >= OCCURRENCE_SUBJECT)
        return err_set(why, ERR_INPUT, "Say in 1 to %d characters what %s is about.",
                       OCCURRENCE_SUBJECT - 1, row->code);
    if (is_set(asked->planned) && !workday_is(h, asked->planned)) {
        char day[16], back[16];
        civil_say_weekday(asked->planned, day);
        civil_say_weekday(workday_back(h, asked->planned), back);
        return err_set(why, ERR_INPUT, "%s is %s: choose a working day, such as %s.", day,
                       workday_why_not(h, asked->planned), back);
    }
    return ERR_OK;
}

enum err calendar_ask(struct calendar *c, const struct activity *row,
                      const struct calendar_asked *asked, const struct programme *p,
                      const struct clock_values *clock, const struct holidays *h, size_t *number,
                      struct err_info *why)
{
    enum err e = asked_check(row, asked, h, why);
    if (e)
        return e;
    struct subject s = {.of = OCCURRENCE_OF_ASKED, .person = asked->person, .team = asked->team};
    (void)snprintf(s.ref, sizeof s.ref, "%s", asked->what);
    struct occurrence o = make(row, &s, asked->day, 1);
    struct due due = is_set(asked->planned) ? workday_due(h, asked->planned)
                                            : activity_due_asked(row, asked->day, clock, h);
    o.chain = true; /* one for each `what`, on whatever day it was asked for */
    o.asked = true;
    o.law = false;
    o.limit = due.limit;
    o.planned = o.first_planned = due.planned;
    o.end = OCCURRENCE_OPEN;
    o.programme_year = p->year;
    o.programme_version = p->version;
    e = calendar_put(c, &o);
    if (e == ERR_EXISTS)
        return err_set(why, e, "%s is in the calendar for %s already.", row->code, asked->what);
    if (!e)
        *number = c->n - 1;
    return e;
}
