#include "server/rules/life.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "server/rules/answers.h"
#include "server/rules/life_inner.h"
#include "server/rules/meeting.h"
#include "server/rules/moderation.h"

static const role_set by_team = ROLE_BIT(ROLE_QA) | ROLE_BIT(ROLE_FTM) | ROLE_BIT(ROLE_SM) |
                                ROLE_BIT(ROLE_HOS) | ROLE_BIT(ROLE_DIR) | ROLE_BIT(ROLE_EXEC) |
                                ROLE_BIT(ROLE_IROM);

/* ---- who somebody is here ---- */

static bool has_signed(const struct audit *a, uint32_t person)
{
    for (size_t i = 0; i < audit_signature_count(a); i++) {
        const struct audit_signature *s = audit_signature_at(a, i);
        if (s->by == person && !s->void_seq)
            return true;
    }
    return false;
}

static bool writes_here(const struct template *t, enum role role)
{
    role_set writers = 0;
    for (size_t i = 0; i < t->nsections; i++)
        writers |= t->sections[i].write;
    for (size_t i = 0; i < t->nquestions; i++)
        writers |= t->questions[i].write;
    return writers & ROLE_BIT(role);
}

uint32_t life_parts(const struct audit *a, const struct viewer *v)
{
    struct audit_info info = audit_info(a);
    const struct audit_member *m = audit_member_find(a, v->person);
    uint32_t parts = 0;
    if (!v->person)
        return LIFE_SERVER;
    for (size_t i = 0; i < v->nroles; i++)
        if (!v->roles[i].team[0] || !strcmp(v->roles[i].team, info.team))
            parts |= ROLE_BIT(v->roles[i].role) & by_team;
    if (m)
        parts |= ROLE_BIT(m->role);
    if (m && writes_here(audit_template(a), m->role))
        parts |= LIFE_WRITER;
    if (info.moderator == v->person)
        parts |= LIFE_MODERATOR;
    if (has_signed(a, v->person))
        parts |= LIFE_SIGNER;
    return parts;
}

/* Whoever may not see it learns nothing, not even from a refusal. Who leads the IROs names
 * moderators without reading. */
static bool may_know(const struct audit *a, const struct viewer *v, bool assigning)
{
    return !v->person || audit_may_see(a, v) ||
           (assigning && life_parts(a, v) & ROLE_BIT(ROLE_IROM));
}

struct life_name life_name_of(const struct life_facts *f, uint32_t person)
{
    struct life_name name = {"nobody"};
    const struct person *p = person ? people_find(f->people, person) : NULL;
    if (p)
        (void)snprintf(name.text, sizeof name.text, "%s", p->name); /* fits */
    else if (person)
        (void)snprintf(name.text, sizeof name.text, "person %" PRIu32, person); /* fits */
    return name;
}

bool life_has_words(const char *s)
{
    return s[strspn(s, " \t\n")];
}

/* ---- what stands ---- */

static bool is_sgo(const struct audit *a)
{
    return meeting_chair_role(answers_use(a, "trigger", PART_CHOICE),
                              answers_use(a, "decision", PART_CHOICE)) == ROLE_FTM;
}

bool life_when_holds(const struct audit *a, enum life_when when)
{
    switch (when) {
    case LIFE_ALWAYS:
        return true;
    case LIFE_WHEN_WEAK:
        return life_is_weak(a, NULL);
    case LIFE_WHEN_SOUND:
        return !life_is_weak(a, NULL);
    case LIFE_WHEN_SGO:
        return is_sgo(a);
    case LIFE_WHEN_NOT_SGO:
        return !is_sgo(a);
    }
    return false;
}

static bool is_weak_grade(const struct template *t, const char *grade)
{
    for (size_t i = 0; i < t->ngrades; i++)
        if (!strcmp(t->grades[i].code, grade))
            return t->grades[i].weak;
    return false;
}

bool life_is_weak(const struct audit *a, char say[160])
{
    const struct template *t = audit_template(a);
    for (size_t i = 0; i < t->nquestions; i++) {
        const struct question *q = &t->questions[i];
        const char *grade = q->overall || q->key ? answers_grade(a, q) : "";
        bool weak = q->overall && is_weak_grade(t, grade);
        bool worst = q->key && t->ngrades && !strcmp(grade, t->grades[t->ngrades - 1].code);
        if (!weak && !worst)
            continue;
        if (say)
            (void)snprintf(say, 160, "%s (%s) is %.80s",
                           weak ? "its overall grade" : "a key judgement", q->code,
                           answers_grade_label(t, grade)); /* a cut label is still one */
        return true;
    }
    return false;
}

bool life_reaudit(const struct life_facts *f, struct civil *day)
{
    const struct template *t = audit_template(f->audit);
    bool worst = false;
    if (life_path_of(t) != LIFE_AUDIT || !life_is_weak(f->audit, NULL))
        return false;
    for (size_t i = 0; i < t->nquestions; i++) {
        const struct question *q = &t->questions[i];
        worst = worst || ((q->overall || q->key) &&
                          !strcmp(answers_grade(f->audit, q), t->grades[t->ngrades - 1].code));
    }
    *day = clock_after(f->clock, worst ? CLOCK_REAUDIT_INADEQUATE_MONTHS : CLOCK_REAUDIT_RI_MONTHS,
                       f->holidays, civil_today(f->now_utc_ms))
               .limit;
    return true;
}

struct moderation_outcome life_outcome(const struct life_facts *f, const struct question *q)
{
    return moderation_outcome(f->audit, q, f->clock->sample_percent, f->new_auditor);
}

uint32_t life_moderator(const struct life_facts *f, const struct life_request *q)
{
    uint32_t assigned = audit_info(f->audit).moderator, own = moderation_own_iro(f->audit);
    if (q->moderator)
        return q->moderator;
    if (assigned)
        return assigned;
    return own && !moderation_conflicts(f->audit, f->people, own, NULL, NULL) ? own : 0;
}

uint32_t life_stage(const struct audit *a, const struct life_request *q)
{
    uint32_t now = audit_info(a).stage;
    return q->stage ? q->stage : now ? now + 1 : 0;
}

/* ---- signatures ---- */

static const role_set observers =
    ROLE_BIT(ROLE_FTM) | ROLE_BIT(ROLE_SM) | ROLE_BIT(ROLE_HOS) | ROLE_BIT(ROLE_DIR);
/* Each of these parts signs; of an observation any one. */
static const role_set signing[LIFE_PATHS] = {
    [LIFE_AUDIT] = ROLE_BIT(ROLE_FRO) | ROLE_BIT(ROLE_FSW),
    [LIFE_SHORT] = ROLE_BIT(ROLE_IRO),
    [LIFE_OBSERVATION] = observers,
};

role_set life_unsigned_with(const struct audit *a, enum role role)
{
    enum life_path path = life_path_of(audit_template(a));
    role_set missing = 0, there = 0;
    for (enum role r = ROLE_NONE; r < ROLE_COUNT; r++) {
        if (!(signing[path] & ROLE_BIT(r)))
            continue;
        if (r == role || audit_signature_of(a, r))
            there |= ROLE_BIT(r);
        else
            missing |= ROLE_BIT(r);
    }
    return path == LIFE_OBSERVATION && there ? 0 : missing;
}

role_set life_unsigned(const struct audit *a)
{
    return life_unsigned_with(a, ROLE_NONE);
}

enum role life_signing_role(const struct audit *a, const struct life_request *q)
{
    const struct audit_member *m = audit_member_find(a, q->who->person);
    enum life_path path = life_path_of(audit_template(a));
    uint32_t parts = life_parts(a, q->who);
    if (q->absent)
        return path == LIFE_AUDIT && parts & ROLE_BIT(ROLE_FTM) ? ROLE_FSW : ROLE_NONE;
    if (m && signing[path] & ROLE_BIT(m->role))
        return m->role;
    for (enum role r = ROLE_NONE; path == LIFE_OBSERVATION && r < ROLE_COUNT; r++)
        if (parts & signing[path] & ROLE_BIT(r))
            return r;
    return ROLE_NONE;
}

const struct life_move *life_signed_row(enum life_path p)
{
    size_t n;
    const struct life_move *rows = life_table(&n);
    for (size_t i = 0; i < n; i++)
        if (rows[i].path == p && rows[i].how == LIFE_SIGNED)
            return &rows[i];
    return NULL;
}

struct changed {
    const struct life_facts *f;
    struct life_change change;
};

static bool is_last_change(void *user, struct field f)
{
    struct changed *c = user;
    struct audit_value v = audit_value(c->f->audit, f);
    if (v.rev != audit_revision(c->f->audit))
        return true;
    c->change = (struct life_change){v.rev, v.by, v.utc_ms, f};
    return false;
}

/* "Somebody" is the best that can be said of words when the log was not asked. */
static enum err say_stale(const struct life_facts *f, uint64_t seen, struct err_info *why)
{
    struct changed c = {.f = f};
    struct buf where = BUF_INIT;
    if (f->change && f->change->seq == audit_revision(f->audit))
        c.change = *f->change;
    else
        audit_each_field(f->audit, is_last_change, &c);
    if (!c.change.seq)
        return err_set(why, ERR_STALE,
                       "The audit was changed after revision %" PRIu64
                       ", which you saw: read it again, then sign revision %" PRIu64 ".",
                       seen, audit_revision(f->audit));
    struct civil_time at = civil_time_of(c.change.utc_ms);
    char day[16];
    civil_say_weekday(at.day, day);
    enum err e = err_set(
        why, ERR_STALE,
        "After revision %" PRIu64 ", which you saw, %s changed %s (%s, %02d:%02d): "
        "read it again, then sign revision %" PRIu64 ".",
        seen, life_name_of(f, c.change.by).text, life_field_words(f->audit, c.change.field, &where),
        day, at.hour, at.minute, audit_revision(f->audit));
    buf_free(&where);
    return e;
}

/* ---- finding the row ---- */

void life_say_roles(uint32_t who, struct buf *out)
{
    static const struct part_words {
        uint32_t part;
        const char *words;
    } more[] = {
        {LIFE_MODERATOR, "the assigned moderator"  },
        {LIFE_SIGNER,    "whoever has signed it"   },
        {LIFE_WRITER,    "those who write it"      },
        {LIFE_SERVER,    "the calendar (by itself)"},
    };
    const char *between = "";
    for (enum role r = ROLE_NONE; r < ROLE_COUNT; r++)
        if (who & ROLE_BIT(r)) {
            buf_appendf(out, "%s%s (%s)", between, role_title(r), role_code(r));
            between = " or ";
        }
    for (size_t i = 0; i < sizeof more / sizeof *more; i++)
        if (who & more[i].part) {
            buf_appendf(out, "%s%s", between, more[i].words);
            between = " or ";
        }
}

static enum err refuse_role(const struct life_move *row, uint32_t who, struct err_info *why)
{
    struct buf words = BUF_INIT;
    life_say_roles(who, &words);
    enum err e = err_set(why, ERR_REFUSED_ROLE, "\"%s\" (%s) is for %s.", row->title,
                         audit_state_code(row->to), buf_cstr(&words));
    buf_free(&words);
    return e;
}

static enum err refuse_state(const struct audit *a, enum audit_state to, struct err_info *why)
{
    size_t n;
    const struct life_move *rows = life_table(&n);
    enum life_path path = life_path_of(audit_template(a));
    enum audit_state now = audit_info(a).state;
    struct buf words = BUF_INIT;
    for (size_t i = 0; i < n; i++)
        if (rows[i].path == path && rows[i].from & STATE_BIT(now) &&
            life_when_holds(a, rows[i].when))
            buf_appendf(&words, "%s%s (%s)", words.len ? ", " : "", audit_state_code(rows[i].to),
                        rows[i].title);
    enum err e = err_set(why, ERR_REFUSED_STATE,
                         words.len ? "It is %s; from there it does not go to %s, but to: %s."
                                   : "It is %s and does not go to %s: this is its end.",
                         audit_state_code(now), audit_state_code(to), buf_cstr(&words));
    buf_free(&words);
    return e;
}

/* There would be such a row, were it another record. */
static enum err refuse_when(const struct audit *a, const struct life_move *row,
                            struct err_info *why)
{
    char weak[160] = "";
    switch (row->when) {
    case LIFE_WHEN_SOUND:
        (void)life_is_weak(a, weak); /* for its words */
        return err_set(
            why, ERR_REFUSED_STATE,
            "The service manager (SM) assures this plan first: %s. Move it to ASSURANCE.", weak);
    case LIFE_WHEN_WEAK:
        return err_set(
            why, ERR_REFUSED_STATE,
            "This plan needs no assurance (no weaker overall grade, no key judgement with "
            "the lowest): move it to FOLLOW_UP.");
    case LIFE_ALWAYS:
    case LIFE_WHEN_SGO:
    case LIFE_WHEN_NOT_SGO:
        break; /* those have a row for either */
    }
    return refuse_state(a, row->to, why);
}

/* The row that this request means, by part first, then by state. */
static enum err find_row(const struct life_facts *f, const struct life_request *q,
                         const struct life_move **out, struct err_info *why)
{
    size_t n;
    const struct life_move *rows = life_table(&n), *any = NULL, *other = NULL, *here = NULL;
    enum life_path path = life_path_of(audit_template(f->audit));
    uint32_t now = STATE_BIT(audit_info(f->audit).state), who = 0,
             parts = life_parts(f->audit, q->who);
    for (size_t i = 0; i < n; i++) {
        const struct life_move *r = &rows[i];
        if (r->path != path || r->to != q->to || r->from & STATE_BIT(LIFE_BEGINNING))
            continue;
        any = any ? any : r;
        who |= r->who;
        if (!(r->from & now))
            continue;
        if (!life_when_holds(f->audit, r->when))
            other = r;
        else
            here = r;
    }
    if (any && !(who & parts))
        return refuse_role(here ? here : any, here ? here->who : who, why);
    if (!here)
        return other ? refuse_when(f->audit, other, why) : refuse_state(f->audit, q->to, why);
    if (!(here->who & parts))
        return refuse_role(here, here->who, why);
    *out = here;
    return ERR_OK;
}

/* ---- signing ---- */

static enum err refuse_signer(const struct life_facts *f, const struct life_request *q,
                              const struct life_move *row, struct err_info *why)
{
    uint32_t parts = life_parts(f->audit, q->who);
    if (row->path == LIFE_AUDIT && parts & ROLE_BIT(ROLE_FTM) && !q->absent)
        return err_set(
            why, ERR_REFUSED_ROLE,
            "The team manager (FTM) signs only for a practitioner who is away: tandem sign "
            "%s --absent --reason TEXT",
            audit_info(f->audit).ref);
    if (q->absent)
        return err_set(why, ERR_REFUSED_ROLE,
                       "For a practitioner who is away the team manager (FTM) signs.");
    struct buf words = BUF_INIT;
    life_say_roles(signing[row->path], &words);
    enum err e = err_set(why, ERR_REFUSED_ROLE, "It is signed by %s.", buf_cstr(&words));
    buf_free(&words);
    return e;
}

static enum err check_signature(const struct life_facts *f, const struct life_request *q,
                                const struct life_move *row, struct err_info *why)
{
    const struct audit *a = f->audit;
    enum audit_state now = audit_info(a).state;
    enum role role = life_signing_role(a, q);
    const struct audit_signature *same = role ? audit_signature_of(a, role) : NULL;
    bool returned = row->path == LIFE_AUDIT && now == AUDIT_RETURNED;
    if (!role)
        return refuse_signer(f, q, row, why);
    if (!(row->from & STATE_BIT(now)) && !returned)
        return err_set(why, ERR_REFUSED_STATE, "It is %s: it is signed while it is written%s.",
                       audit_state_code(now), row->path == LIFE_AUDIT ? " or returned" : "");
    if (same)
        return err_set(why, ERR_REFUSED_STATE,
                       "%s has signed revision %" PRIu64 " already, and nothing has changed since.",
                       life_name_of(f, same->by).text, same->revision);
    if (has_signed(a, q->who->person)) /* two signatures are two people, in whatever order */
        return err_set(
            why, ERR_REFUSED_ROLE,
            q->absent
                ? "You have signed for your own part: somebody else signs for the practitioner."
                : "You have signed for another part already: somebody else signs for this one.");
    if (q->revision > audit_revision(a))
        return err_set(why, ERR_INPUT,
                       "There is no revision %" PRIu64 " yet: it is at %" PRIu64 ".", q->revision,
                       audit_revision(a));
    if (q->revision && q->revision < audit_revision(a))
        return say_stale(f, q->revision, why);
    return ERR_OK;
}

/* ---- asking ---- */

struct before {
    enum audit_state to;
    const char *words;
};
static const struct before befores[] = {
    {AUDIT_PREPARING,       "it is prepared"            },
    {AUDIT_IN_PROGRESS,     "it can be opened"          },
    {AUDIT_AGREED,          "it can be agreed"          },
    {AUDIT_SUBMITTED,       "it can be submitted"       },
    {AUDIT_MODERATING,      "it can go to the moderator"},
    {AUDIT_RETURNED,        "it can be returned"        },
    {AUDIT_MODERATED,       "its moderation can end"    },
    {AUDIT_ACTION_PLANNING, "actions can be planned"    },
    {AUDIT_ASSURANCE,       "its plan can be assured"   },
    {AUDIT_FOLLOW_UP,       "it can be followed up"     },
    {AUDIT_CLOSED,          "it can be closed"          },
    {AUDIT_WITHDRAWN,       "it can be withdrawn"       },
};

static const char *before_words(enum audit_state to)
{
    for (size_t i = 0; i < sizeof befores / sizeof *befores; i++)
        if (befores[i].to == to)
            return befores[i].words;
    return "it can go on";
}

static enum err say_missing(const struct life_look *l, const struct audit *a, struct err_info *why)
{
    char more[80] = "";
    bool excusable = l->blocking == l->excusable;
    if (l->blocking > 3)
        (void)snprintf(more, sizeof more, "; and more (tandem next %.31s)",
                       audit_info(a).ref); /* fits */
    return err_set(why, excusable ? ERR_INPUT : ERR_REFUSED_STATE,
                   "%zu %s missing before %s: %s%s. %s%s%s%s", l->blocking,
                   l->blocking == 1 ? "thing is" : "things are", before_words(l->row->to),
                   l->sentences, more, life_guards()[l->first].who, excusable ? " Or say " : "",
                   excusable ? l->row->reason_for : "", excusable ? " (--reason)." : "");
}

static enum err check_guards(const struct life_facts *f, const struct life_request *q,
                             const struct life_move *row, life_missing_fn fn, void *user,
                             struct err_info *why)
{
    struct life_look l = {
        .f = f, .q = q, .row = row, .excused = life_has_words(q->reason), .fn = fn, .user = user};
    /* The first of two signatures is welcome. */
    life_guards_look(&l, q->sign ? row->guards & ~GUARD_BIT(GUARD_SIGNATURES) : row->guards);
    return l.blocking ? say_missing(&l, f->audit, why) : ERR_OK;
}

static enum err check_sign(const struct life_facts *f, const struct life_request *q,
                           const struct life_move **row, life_missing_fn fn, void *user,
                           struct err_info *why)
{
    enum life_path path = life_path_of(audit_template(f->audit));
    const struct life_move *signed_row = life_signed_row(path);
    if (!signed_row)
        return err_set(why, ERR_REFUSED_STATE, "This kind of record is not signed: tandem next %s",
                       audit_info(f->audit).ref);
    enum err e = check_signature(f, q, signed_row, why);
    if (!e)
        e = check_guards(f, q, signed_row, fn, user, why);
    if (!e && q->absent && !life_has_words(q->reason))
        e = err_set(
            why, ERR_INPUT,
            "Say why the practitioner cannot sign, and since when (--reason): gone, or away "
            "for more than %" PRIu32 " working days.",
            f->clock->absent_days);
    *row = audit_info(f->audit).state == AUDIT_RETURNED ? NULL : signed_row;
    return e;
}

static enum err check_move(const struct life_facts *f, const struct life_request *q,
                           const struct life_move **row, life_missing_fn fn, void *user,
                           struct err_info *why)
{
    enum err e = find_row(f, q, row, why);
    if (!e && (*row)->how == LIFE_SIGNED)
        e = err_set(why, ERR_INPUT, "It is agreed by signing it: tandem sign %s",
                    audit_info(f->audit).ref);
    if (!e)
        e = check_guards(f, q, *row, fn, user, why);
    if (!e && (*row)->reason == LIFE_REASON && !life_has_words(q->reason))
        e = err_set(why, ERR_INPUT, "Give a reason (--reason) - %s.", (*row)->reason_for);
    return e;
}

enum err life_check(const struct life_facts *f, const struct life_request *q,
                    const struct life_move **row, life_missing_fn fn, void *user,
                    struct err_info *why)
{
    const struct life_move *found = NULL;
    if (!may_know(f->audit, q->who, false))
        return err_set(why, ERR_NOT_FOUND, "%s", err_text(ERR_NOT_FOUND));
    enum err e = (q->sign ? check_sign : check_move)(f, q, &found, fn, user, why);
    if (!e && row)
        *row = found;
    return e;
}

static void first_conflict(void *user, const char *sentence)
{
    struct err_info *why = user;
    if (!why->code)
        (void)err_set(why, ERR_REFUSED_ROLE, "%s.", sentence); /* the caller returns it */
}

enum err life_check_assign(const struct life_facts *f, const struct life_request *q,
                           struct err_info *why)
{
    static const uint32_t states =
        STATE_BIT(AUDIT_SUBMITTED) | STATE_BIT(AUDIT_MODERATING) | STATE_BIT(AUDIT_RETURNED);
    static const role_set who = ROLE_BIT(ROLE_QA) | ROLE_BIT(ROLE_IROM);
    struct audit_info info = audit_info(f->audit);
    struct err_info conflict = {0};
    if (!may_know(f->audit, q->who, true))
        return err_set(why, ERR_NOT_FOUND, "%s", err_text(ERR_NOT_FOUND));
    if (!(life_parts(f->audit, q->who) & who))
        return err_set(why, ERR_REFUSED_ROLE, "QA or the IRO manager (IROM) names the moderator.");
    if (life_path_of(audit_template(f->audit)) != LIFE_AUDIT)
        return err_set(why, ERR_REFUSED_STATE, "This kind of record is not moderated.");
    if (!(states & STATE_BIT(info.state)))
        return err_set(why, ERR_REFUSED_STATE,
                       "It is %s: a moderator is named from SUBMITTED until it is moderated.",
                       audit_state_code(info.state));
    if (!q->moderator)
        return err_set(why, ERR_INPUT, "Say who moderates.");
    if (q->moderator == info.moderator)
        return err_set(why, ERR_EXISTS, "%s moderates it already.",
                       life_name_of(f, q->moderator).text);
    if (moderation_conflicts(f->audit, f->people, q->moderator, first_conflict, &conflict))
        return err_set(why, people_find(f->people, q->moderator) ? ERR_REFUSED_ROLE : ERR_INPUT,
                       "%s", conflict.text);
    if (info.moderator && !life_has_words(q->reason))
        return err_set(why, ERR_INPUT, "Say why %s does not moderate it any more (--reason).",
                       life_name_of(f, info.moderator).text);
    return ERR_OK;
}
