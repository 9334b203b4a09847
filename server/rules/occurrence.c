#include "server/rules/occurrence.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void occurrence_fini(struct occurrence *o)
{
    free(o->end_reason);
    free(o->move_reason);
    free(o->record);
    o->end_reason = o->move_reason = o->record = NULL;
}

/* ---- what it is ---- */

static const char *const of_words[] = {
    [OCCURRENCE_OF_SITE] = "site",   [OCCURRENCE_OF_PERSON] = "person",
    [OCCURRENCE_OF_TEAM] = "team",   [OCCURRENCE_OF_CARER] = "carer",
    [OCCURRENCE_OF_ASKED] = "asked",
};

void occurrence_uid(const struct occurrence *o, char out[OCCURRENCE_UID_BYTES])
{
    char base[11] = "";
    if (!o->chain)
        civil_format(o->base, base);
    (void)snprintf(out, OCCURRENCE_UID_BYTES, "%s/%s%s%s/%s%s%u", o->key, of_words[o->of],
                   *o->subject ? "-" : "", o->subject, base, o->chain ? "" : "/", o->position);
}

struct civil occurrence_clock(const struct occurrence *o)
{
    return o->prepares ? o->planned : o->limit;
}

bool occurrence_held_late(const struct occurrence *o)
{
    return o->end == OCCURRENCE_ENDED_HELD && civil_compare(o->ended, occurrence_clock(o)) > 0;
}

enum occurrence_state occurrence_state(const struct occurrence *o, struct civil today)
{
    switch (o->end) {
    case OCCURRENCE_ENDED_HELD:
        return OCCURRENCE_HELD;
    case OCCURRENCE_ENDED_MISSED:
        return OCCURRENCE_MISSED;
    case OCCURRENCE_ENDED_CANCELLED:
    case OCCURRENCE_ENDED_DROPPED:
        return OCCURRENCE_CANCELLED;
    case OCCURRENCE_OPEN:
        break;
    }
    if (civil_compare(today, occurrence_clock(o)) > 0)
        return OCCURRENCE_LATE;
    return civil_compare(today, o->planned) >= 0 ? OCCURRENCE_DUE : OCCURRENCE_PLANNED;
}

const char *occurrence_state_name(enum occurrence_state s)
{
    static const char *const names[] = {
        [OCCURRENCE_PLANNED] = "planned", [OCCURRENCE_DUE] = "due",
        [OCCURRENCE_LATE] = "late",       [OCCURRENCE_HELD] = "held",
        [OCCURRENCE_MISSED] = "missed",   [OCCURRENCE_CANCELLED] = "cancelled",
    };
    return names[s];
}

void occurrence_explain(const struct occurrence *o, const struct holidays *h,
                        char out[OCCURRENCE_EXPLAIN_BYTES])
{
    char base[16], days[WORKDAY_EXPLAIN_BYTES], planned[16];
    const struct due due = {o->limit, o->first_planned};
    civil_say_weekday(o->base, base);
    civil_say_weekday(o->planned, planned);
    workday_explain(h, &due, days);
    int n = snprintf(out, OCCURRENCE_EXPLAIN_BYTES, "%s%s: %s. ",
                     o->prepares ? "Before what counts from " : "Counted from ", base, days);
    n += snprintf(out + n, OCCURRENCE_EXPLAIN_BYTES - (size_t)n, "%s",
                  o->law ? "The limit is set by law."
                         : "This is a choice of the service, not a legal duty.");
    if (civil_compare(o->planned, o->first_planned))
        (void)snprintf(out + n, OCCURRENCE_EXPLAIN_BYTES - (size_t)n, " Now planned %s%s%s",
                       planned, o->move_reason ? ": " : ".", o->move_reason ? o->move_reason : "");
}

/* ---- steps ---- */

static bool is_given(const char *s)
{
    return s && s[strspn(s, " \t\n")];
}

static enum err must_be_open(const struct occurrence *o, struct err_info *why)
{
    static const char *const what[] = {
        [OCCURRENCE_ENDED_HELD] = "held",
        [OCCURRENCE_ENDED_MISSED] = "set to missed",
        [OCCURRENCE_ENDED_CANCELLED] = "cancelled",
        [OCCURRENCE_ENDED_DROPPED] = "cancelled by the programme",
    };
    char day[16];
    if (o->end == OCCURRENCE_OPEN)
        return ERR_OK;
    civil_say(o->ended, day);
    return err_set(why, ERR_REFUSED_STATE, "%s was %s on %s: it can no longer be changed.", o->code,
                   what[o->end], day);
}

static enum err reason_check(const struct occurrence_step *s, bool needed, const char *what,
                             struct err_info *why)
{
    if (needed && !is_given(s->reason))
        return err_set(why, ERR_INPUT, "Say why %s: a sentence is enough.", what);
    const char *const words[] = {s->reason, s->record};
    for (size_t i = 0; i < 2; i++)
        if (words[i] && strlen(words[i]) > OCCURRENCE_MAX_REASON)
            return err_set(why, ERR_INPUT, "Say it in %d characters or fewer.",
                           OCCURRENCE_MAX_REASON);
    return ERR_OK;
}

/* A new copy, or NULL for none. */
static enum err keep(const char *words, char **out)
{
    *out = is_given(words) ? strdup(words) : NULL;
    return is_given(words) && !*out ? ERR_NOMEM : ERR_OK;
}

static enum err end(struct occurrence *o, enum occurrence_end as, struct civil day,
                    const struct occurrence_step *s)
{
    char *reason = NULL, *record = NULL;
    enum err e = keep(s->reason, &reason);
    if (!e)
        e = keep(s->record, &record);
    if (e) {
        free(reason);
        return e;
    }
    free(o->end_reason);
    free(o->record);
    o->end_reason = reason;
    o->record = record;
    o->end = as;
    o->ended = day;
    o->ended_by = s->by;
    o->sequence++;
    return ERR_OK;
}

enum err occurrence_hold(struct occurrence *o, const struct occurrence_step *s,
                         struct err_info *why)
{
    char day[16], other[16];
    enum err e = must_be_open(o, why);
    if (e)
        return e;
    civil_say(s->day, day);
    if (civil_compare(s->day, s->today) > 0)
        return err_set(why, ERR_INPUT, "%s is still to come: move it there, and hold it then.",
                       day);
    civil_say(o->base, other);
    if (o->chain && !o->prepares && civil_compare(s->day, o->base) <= 0)
        return err_set(why, ERR_INPUT,
                       "This one counts from %s: it is held on a later day than that.", other);
    bool needs_reason = o->law && civil_compare(s->day, o->limit) > 0;
    e = reason_check(s, needs_reason, "it was held after the limit that the law sets", why);
    return e ? e : end(o, OCCURRENCE_ENDED_HELD, s->day, s);
}

static enum err move_check(const struct occurrence *o, const struct occurrence_step *s,
                           const struct holidays *h, struct err_info *why)
{
    char day[16], other[16];
    const char *off = workday_why_not(h, s->day);
    civil_say_weekday(s->day, day);
    if (!civil_compare(s->day, o->planned))
        return err_set(why, ERR_INPUT, "It is planned for %s already.", day);
    if (civil_compare(s->day, s->today) < 0)
        return err_set(why, ERR_INPUT, "%s is over: choose a day to come, or hold it.", day);
    civil_say_weekday(workday_back(h, s->day), other);
    if (off)
        return err_set(why, ERR_INPUT, "%s is %s: choose a working day, such as %s.", day, off,
                       other);
    civil_say_weekday(o->limit, other);
    if (civil_compare(s->day, o->limit) > 0 && !s->past_limit)
        return err_set(why, ERR_INPUT,
                       "%s is after the limit, %s, which does not move%s. Choose an earlier day, "
                       "or say that it will be late.",
                       day, other, o->law ? ": it is set by law" : "");
    return reason_check(s, true, "it is moved", why);
}

enum err occurrence_move(struct occurrence *o, const struct occurrence_step *s,
                         const struct holidays *h, struct err_info *why)
{
    char *reason;
    enum err e = must_be_open(o, why);
    if (!e)
        e = move_check(o, s, h, why);
    if (!e)
        e = keep(s->reason, &reason);
    if (e)
        return e;
    free(o->move_reason);
    o->move_reason = reason;
    o->planned = s->day;
    o->moved = true;
    o->sequence++;
    return ERR_OK;
}

enum err occurrence_miss(struct occurrence *o, const struct occurrence_step *s,
                         struct err_info *why)
{
    enum err e = must_be_open(o, why);
    if (e)
        return e;
    if (o->law)
        return err_set(why, ERR_INPUT,
                       "The law asks for it: it stays late until it is held. Move it to the day on "
                       "which it will be.");
    e = reason_check(s, true, "it was missed", why);
    return e ? e : end(o, OCCURRENCE_ENDED_MISSED, s->today, s);
}

enum err occurrence_cancel(struct occurrence *o, const struct occurrence_step *s,
                           struct err_info *why)
{
    enum err e = must_be_open(o, why);
    if (!e)
        e = reason_check(s, true, "it is cancelled", why);
    return e ? e : end(o, OCCURRENCE_ENDED_CANCELLED, s->today, s);
}
