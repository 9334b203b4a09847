#include "server/api/keeper.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/log.h"
#include "server/api/act.h"
#include "server/api/record.h"

enum {
    EVERY_MS = 60 * 1000,
    PAGE_ROWS = 100,
    LOOK_BACK_DAYS = 30, /* closed so lately, an audit may lack the one that follows it */
    REF_BYTES = 32,
};

/* One after the other, each to its end. */
enum phase { PHASE_GLASS, PHASE_DUE, PHASE_CLOSED, PHASE_FOLLOW, PHASE_NONE };

struct follow {
    struct follow *next;
    char ref[REF_BYTES];
};

struct keeper {
    struct core *core;
    int64_t next_ms;
    enum phase phase;
    bool looked_back; /* PHASE_CLOSED is for what an earlier server left undone */

    union {
        struct store_req req;
        struct store_find_audits find;
        struct store_list_audits list;
    } store;
    struct store_found_audit *rows; /* of the page at hand */
    size_t nrows, row;
    bool last_page;
    bool walking; /* walk() is running: it goes on by itself */

    struct follow *follows; /* audits that another one may have to follow */
    char ref[REF_BYTES];    /* the audit at hand */
    struct live_audit *la;  /* pinned */
    struct live_waiter waiter;
    void (*here)(struct keeper *k);
};

static void walk(struct keeper *k);
static void begin(struct keeper *k, enum phase phase);

struct keeper *keeper_new(struct core *c)
{
    struct keeper *k = calloc(1, sizeof *k);
    if (k)
        *k = (struct keeper){.core = c, .next_ms = INT64_MAX, .phase = PHASE_NONE};
    return k;
}

void keeper_free(struct keeper *k)
{
    if (!k)
        return;
    while (k->follows) {
        struct follow *next = k->follows->next;
        free(k->follows);
        k->follows = next;
    }
    free(k->rows);
    free(k);
}

/* ---- when ---- */

static void wake_in(struct keeper *k, int64_t ms)
{
    int64_t at = k->core->mono_ms + (ms > 0 ? ms : 0);
    if (at < k->next_ms)
        k->next_ms = at;
}

void keeper_wake(struct core *c, int64_t utc_ms)
{
    wake_in(c->keeper, utc_ms - c->utc_ms);
}

void keeper_start(struct core *c)
{
    wake_in(c->keeper, 0);
}

int64_t keeper_next_ms(const struct core *c)
{
    return c->down || c->keeper->phase != PHASE_NONE ? INT64_MAX : c->keeper->next_ms;
}

void keeper_time(struct core *c)
{
    struct keeper *k = c->keeper;
    if (c->down || k->phase != PHASE_NONE || c->mono_ms < k->next_ms)
        return;
    k->next_ms = INT64_MAX;
    wake_in(k, EVERY_MS);
    begin(k, PHASE_GLASS);
}

void keeper_closed(struct core *c, const char *ref)
{
    struct follow *f = calloc(1, sizeof *f);
    if (!f) { /* the next start looks back */
        log_error("keeper", "no_memory", "closed=%s", ref);
        return;
    }
    (void)snprintf(f->ref, sizeof f->ref, "%s", ref);
    f->next = c->keeper->follows;
    c->keeper->follows = f;
    wake_in(c->keeper, 0);
}

/* ---- one audit ---- */

static void done_with_audit(struct keeper *k)
{
    live_unpin(k->la);
    k->la = NULL;
    if (!k->walking)
        walk(k);
}

static void audit_is_here(struct live_waiter *w, enum err e)
{
    struct keeper *k = (struct keeper *)(void *)((char *)w - offsetof(struct keeper, waiter));
    if (!e && live_is_settled(k->la, 0))
        k->here(k);
    else
        done_with_audit(k); /* in a minute once more */
}

static void with_audit(struct keeper *k, const char *ref, void (*here)(struct keeper *k))
{
    (void)snprintf(k->ref, sizeof k->ref, "%s", ref);
    k->here = here;
    k->la = live_pin(k->core->live, k->ref);
    k->waiter = (struct live_waiter){.fn = audit_is_here};
    if (!k->la)
        return; /* no memory: in a minute once more */
    if (live_is_settled(k->la, 0))
        here(k);
    else
        live_wait(k->la, &k->waiter, 0);
}

/* In nobody's name. */
static void act(struct keeper *k, struct audit_op *ops, size_t nops, const char *what)
{
    static const struct viewer calendar = {0};
    const struct event_body b = {.ops = ops, .nops = nops};
    struct err_info why = {0};
    uint64_t seq;
    enum err e = nops ? live_act(k->la, &calendar, &b, &why, &seq) : ERR_OK;
    if (e)
        log_warn("keeper", what, "ref=%s err=%s why=%s", k->ref, err_name(e), why.text);
    else if (nops)
        log_info("keeper", what, "ref=%s", k->ref);
}

static void end_glass(struct keeper *k)
{
    const struct audit *a = live_state(k->la);
    struct life_ops ops = {0};
    enum err e = ERR_OK;
    for (size_t i = 0; !e && i < audit_glass_count(a); i++) {
        const struct audit_glass *g = audit_glass_at(a, i);
        if (!g->ended_utc_ms && g->until_utc_ms <= k->core->utc_ms)
            e = act_add(&ops, &(struct audit_op){.kind = OP_GLASS_END, .glass.person = g->person});
    }
    act(k, ops.ops, e ? 0 : ops.nops, "glass_ended");
    life_ops_free(&ops);
    done_with_audit(k);
}

static void prepare(struct keeper *k)
{
    static const struct viewer calendar = {0};
    const struct life_facts f = core_life_facts(k->core, live_state(k->la));
    const struct life_request q = {
        .who = &calendar, .to = AUDIT_PREPARING, .reason = "", .difference = ""};
    struct life_ops ops = {0};
    if (!life_make(&f, &q, &ops))
        act(k, ops.ops, ops.nops, "preparing");
    life_ops_free(&ops);
    done_with_audit(k);
}

/* ---- the audit that follows a weaker one ---- */

static const struct audit_link *link_of(const struct audit *a, const char *kind)
{
    for (size_t i = 0; i < audit_link_count(a); i++)
        if (!strcmp(audit_link_at(a, i)->kind, kind))
            return audit_link_at(a, i);
    return NULL;
}

static void link_to(struct keeper *k, const char *ref)
{
    struct audit_op op = {
        .kind = OP_LINK, .link = {.kind = "re_audit", .ref = ref}
    };
    if (live_is_settled(k->la, 0))
        act(k, &op, 1, "re_audit_linked");
    done_with_audit(k);
}

/* Those who led and practised do so again; the moderator is chosen when it is submitted. */
static size_t same_people(const struct core *c, const struct audit *a, struct op_member out[])
{
    size_t n = 0;
    for (size_t i = 0; i < audit_member_count(a); i++) {
        const struct audit_member *m = audit_member_at(a, i);
        const struct person *p = people_find(c->people, m->person);
        if (p && !p->revoked && (m->role == ROLE_FRO || m->role == ROLE_FSW))
            out[n++] = (struct op_member){.person = m->person, .role = m->role, .sections = ""};
    }
    return n;
}

static enum err make_follower(void *user, const char *ref, struct record_events *out,
                              struct err_info *why)
{
    struct keeper *k = user;
    const struct audit *a = live_state(k->la);
    struct op_member members[AUDIT_MAX_MEMBERS];
    struct civil limit;
    char planned[11];
    if (!a)
        return err_set(why, ERR_STORE, "%s", err_text(ERR_STORE));
    const struct life_facts f = core_life_facts(k->core, a);
    const struct audit_info info = audit_info(a);
    if (!life_reaudit(&f, &limit))
        return err_set(why, ERR_INPUT, "no audit is to follow");
    civil_format(workday_back(&k->core->settings.holidays, limit), planned);
    const struct record_new n = {.held = core_template(k->core, audit_template(a)->id, 0),
                                 .team = info.team,
                                 .carer_ref = info.carer_ref,
                                 .child_refs = info.child_refs,
                                 .nchild_refs = info.nchild_refs,
                                 .period_from = "",
                                 .period_to = "",
                                 .planned = planned,
                                 .way_in = "management_request",
                                 .source = info.ref,
                                 .members = members,
                                 .nmembers = same_people(k->core, a, members),
                                 .link_kind = "earlier_audit",
                                 .link_ref = info.ref,
                                 .start_reason = "",
                                 .reason = ""};
    return n.held ? record_make(k->core, &n, ref, out, why)
                  : err_set(why, ERR_INPUT, "its template has gone");
}

static void follower_made(void *user, const char *ref, enum err e, const struct err_info *why)
{
    struct keeper *k = user;
    if (!e) {
        link_to(k, ref);
        return;
    }
    log_warn("keeper", "re_audit_not_planned", "ref=%s why=%s", k->ref, why->text);
    done_with_audit(k);
}

static void followers_found(struct store_req *r)
{
    struct keeper *k = (struct keeper *)(void *)((char *)r - offsetof(struct keeper, store));
    struct store_find_audits found = k->store.find;
    const char *same = NULL; /* of several, dip audits and challenges among them, one of its kind */
    size_t len = strcspn(k->ref, "-");
    for (size_t i = 0; !r->err && i < found.nrows && !same; i++)
        if (!strncmp(found.rows[i].ref, k->ref, len + 1))
            same = found.rows[i].ref;
    if (r->err || !live_is_settled(k->la, 0))
        done_with_audit(k);
    else if (same)
        link_to(k, same);
    else if (record_start(k->core, audit_template(live_state(k->la))->id, make_follower,
                          follower_made, k))
        done_with_audit(k);
    if (!r->err)
        free(found.rows);
}

static void find(struct keeper *k, enum store_op op, void (*found)(struct store_req *r))
{
    k->store.req = (struct store_req){.op = op, .done = found};
    store_submit(k->core->store, &k->store.req);
}

static void follow(struct keeper *k)
{
    const struct audit *a = live_state(k->la);
    const struct life_facts f = core_life_facts(k->core, a);
    struct civil day;
    if (!live_is_settled(k->la, audit_seq(a))) { /* that it is closed may be on its way */
        live_wait(k->la, &k->waiter, audit_seq(a));
        return;
    }
    if (audit_info(a).state != AUDIT_CLOSED || link_of(a, "re_audit") || !life_reaudit(&f, &day)) {
        done_with_audit(k);
        return;
    }
    memset(&k->store, 0, sizeof k->store);
    (void)snprintf(k->store.find.source, sizeof k->store.find.source, "%s", k->ref);
    k->store.find.limit = PAGE_ROWS;
    find(k, STORE_SOURCE_AUDITS, followers_found);
}

static bool take_follow(struct keeper *k)
{
    struct follow *f = k->follows;
    char ref[REF_BYTES];
    if (!f)
        return false;
    memcpy(ref, f->ref, sizeof ref);
    k->follows = f->next;
    free(f);
    with_audit(k, ref, follow);
    return true;
}

/* ---- pages of what the store finds ---- */

static bool has_calendar_row(const struct core *c, const char *ref)
{
    char id[REF_BYTES];
    size_t n, len = 0;
    const struct life_move *rows = life_table(&n);
    const char *last = strrchr(ref, '-');
    for (size_t i = 0; last && ref + i < last; i++)
        len = ref[i] == '-' ? i : len;
    (void)snprintf(id, sizeof id, "%.*s", (int)len, ref);
    const struct template_held *h = core_template(c, id, 0);
    for (size_t i = 0; h && i < n; i++)
        if (rows[i].path == life_path_of(h->t) && rows[i].how == LIFE_CALENDAR)
            return true;
    return false;
}

/* False: it is not time yet; nor is it for those behind it. */
static bool take_due(struct keeper *k, const struct store_found_audit *row)
{
    const struct core_settings *s = &k->core->settings;
    struct civil planned, today = civil_today(k->core->utc_ms);
    if (!facts_day(row->planned, &planned))
        return true;
    struct due begins = clock_before(&s->clock, CLOCK_PREPARE_DAYS, &s->holidays, planned);
    if (civil_compare(begins.planned, today) > 0)
        return false;
    if (has_calendar_row(k->core, row->ref))
        with_audit(k, row->ref, prepare);
    return true;
}

static bool take_glass(struct keeper *k, const struct store_found_audit *row)
{
    if (row->glass_until_utc_ms > k->core->utc_ms) {
        keeper_wake(k->core, row->glass_until_utc_ms);
        return false;
    }
    with_audit(k, row->ref, end_glass);
    return true;
}

static void page_found(struct store_req *r)
{
    struct keeper *k = (struct keeper *)(void *)((char *)r - offsetof(struct keeper, store));
    free(k->rows);
    k->rows = r->err ? NULL : k->store.find.rows;
    k->nrows = r->err ? 0 : k->store.find.nrows;
    k->row = 0;
    k->last_page = k->nrows < PAGE_ROWS;
    walk(k);
}

static void ask_page(struct keeper *k)
{
    struct store_found_audit after = {0};
    const struct core *c = k->core;
    if (k->nrows)
        after = k->rows[k->nrows - 1];
    memset(&k->store, 0, sizeof k->store);
    k->store.find.limit = PAGE_ROWS;
    k->store.find.after = after;
    k->store.find.utc_ms = c->utc_ms + EVERY_MS;
    /* So many working days are within twice as many days and a few weeks of holidays. */
    int64_t days = 2 * (int64_t)c->settings.clock.prepare_days + 30;
    civil_format(civil_add_days(civil_today(c->utc_ms), days), k->store.find.day);
    find(k, k->phase == PHASE_DUE ? STORE_DUE_AUDITS : STORE_GLASS_AUDITS, page_found);
}

/* Closed audits of the last weeks that an earlier server may have left without their follower. */
static void closed_found(struct store_req *r)
{
    struct keeper *k = (struct keeper *)(void *)((char *)r - offsetof(struct keeper, store));
    struct store_list_audits list = k->store.list;
    int64_t since = k->core->utc_ms - INT64_C(86400000) * LOOK_BACK_DAYS;
    for (size_t i = 0; !r->err && i < list.nrows; i++)
        if (list.rows[i].summary.weak && list.rows[i].summary.since_utc_ms >= since)
            keeper_closed(k->core, list.rows[i].summary.ref);
    k->looked_back = !r->err;
    if (!r->err)
        free(list.rows);
    begin(k, PHASE_FOLLOW);
}

static void look_back(struct keeper *k)
{
    memset(&k->store, 0, sizeof k->store);
    k->store.list.states = STATE_BIT(AUDIT_CLOSED);
    find(k, STORE_LIST_AUDITS, closed_found);
}

/* ---- one after the other ---- */

static void begin(struct keeper *k, enum phase phase)
{
    free(k->rows);
    k->rows = NULL;
    k->nrows = k->row = 0;
    k->phase = phase;
    if (phase == PHASE_GLASS || phase == PHASE_DUE)
        ask_page(k);
    else if (phase == PHASE_CLOSED && !k->looked_back)
        look_back(k);
    else if (phase == PHASE_CLOSED)
        begin(k, PHASE_FOLLOW);
    else if (phase == PHASE_FOLLOW)
        walk(k);
}

static bool take_next(struct keeper *k)
{
    if (k->phase == PHASE_FOLLOW)
        return take_follow(k);
    if (k->row == k->nrows)
        return false;
    const struct store_found_audit *row = &k->rows[k->row++];
    k->last_page = !(k->phase == PHASE_DUE ? take_due(k, row) : take_glass(k, row)) || k->last_page;
    return true;
}

/* Takes what there is, one audit at a time, until one has to be waited for. */
static void walk(struct keeper *k)
{
    k->walking = true;
    while (!k->la && take_next(k))
        ;
    k->walking = false;
    if (k->la)
        return;
    if (k->phase == PHASE_FOLLOW)
        begin(k, PHASE_NONE);
    else if (k->last_page)
        begin(k, k->phase + 1);
    else
        ask_page(k);
}
