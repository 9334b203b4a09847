#include "server/rules/programme.h"

#include <stdio.h>

enum { YEARS_AHEAD = 2 };

int programme_year_of(struct civil d)
{
    return civil_quarter_of(d).year;
}

struct civil programme_start(int year)
{
    return (struct civil){year, 4, 1};
}

void programme_say(const struct programme *p, char out[40])
{
    char label[12];
    civil_year_label(p->year, label);
    (void)snprintf(out, 40, "programme %s, version %u", label, p->version);
}

const struct programme *programme_in_force(const struct programme *all, size_t n, int year)
{
    const struct programme *best = NULL;
    for (size_t i = 0; i < n; i++)
        if (all[i].year == year && all[i].state == PROGRAMME_AGREED &&
            (!best || all[i].version > best->version))
            best = &all[i];
    return best;
}

static enum err year_check(int year, struct civil today, struct err_info *why)
{
    char label[12];
    int now = programme_year_of(today);
    civil_year_label(year, label);
    if (year < now)
        return err_set(why, ERR_INPUT, "The year %s is over: propose a programme for a later one.",
                       label);
    if (year > now + YEARS_AHEAD)
        return err_set(why, ERR_INPUT,
                       "The year %s is far ahead: a programme is for this year or one of the next "
                       "two.",
                       label);
    return ERR_OK;
}

enum err programme_propose(const struct programme *all, size_t n, int year,
                           const struct programme_actor *who, struct programme *out,
                           struct err_info *why)
{
    uint32_t version = 0;
    char name[40];
    if (!(who->roles & ROLE_BIT(ROLE_QA)))
        return err_set(why, ERR_REFUSED_ROLE,
                       "A programme is proposed by quality assurance (QA): ask them.");
    enum err e = year_check(year, who->today, why);
    if (e)
        return e;
    for (size_t i = 0; i < n; i++) {
        if (all[i].year != year)
            continue;
        programme_say(&all[i], name);
        if (all[i].state == PROGRAMME_PROPOSED)
            return err_set(why, ERR_EXISTS,
                           "There is a proposal for this year: %s. Agree it or take it back first.",
                           name);
        version = all[i].version > version ? all[i].version : version;
    }
    *out = (struct programme){.year = year,
                              .version = version + 1,
                              .state = PROGRAMME_PROPOSED,
                              .proposed_by = who->person,
                              .proposed = who->today};
    return ERR_OK;
}

static enum err must_be_proposed(const struct programme *p, struct err_info *why)
{
    static const char *const now[] = {
        [PROGRAMME_PROPOSED] = "",
        [PROGRAMME_AGREED] = "agreed already; to change it, propose it again",
        [PROGRAMME_WITHDRAWN] = "taken back; propose it again",
    };
    char name[40];
    programme_say(p, name);
    if (p->state == PROGRAMME_PROPOSED)
        return ERR_OK;
    return err_set(why, ERR_REFUSED_STATE, "The %s is %s.", name, now[p->state]);
}

enum err programme_agree(const struct programme *all, size_t n, struct programme *p,
                         const struct programme_actor *who, struct err_info *why)
{
    char name[40];
    enum err e = must_be_proposed(p, why);
    if (e)
        return e;
    if (!(who->roles & ROLE_BIT(ROLE_SM)))
        return err_set(why, ERR_REFUSED_ROLE,
                       "A programme is agreed by the fostering service: its service manager (SM).");
    if (who->person == p->proposed_by)
        return err_set(why, ERR_REFUSED_ROLE,
                       "You proposed this programme: somebody else has to agree it.");
    const struct programme *force = programme_in_force(all, n, p->year);
    if (force && force->version > p->version) {
        programme_say(force, name);
        return err_set(why, ERR_STALE, "Meanwhile the %s was agreed: look at that one first.",
                       name);
    }
    p->state = PROGRAMME_AGREED;
    p->agreed_by = who->person;
    p->agreed = who->today;
    return ERR_OK;
}

enum err programme_withdraw(struct programme *p, const struct programme_actor *who,
                            struct err_info *why)
{
    enum err e = must_be_proposed(p, why);
    if (e)
        return e;
    if (!(who->roles & (ROLE_BIT(ROLE_QA) | ROLE_BIT(ROLE_SM))))
        return err_set(why, ERR_REFUSED_ROLE,
                       "A proposal is taken back by quality assurance (QA) or not agreed by the "
                       "service manager (SM).");
    p->state = PROGRAMME_WITHDRAWN;
    return ERR_OK;
}

void programme_window(const struct programme *all, size_t n, const struct programme *p,
                      struct civil horizon, struct civil *from, struct civil *until)
{
    *from = programme_start(p->year);
    if (civil_compare(p->agreed, *from) > 0)
        *from = p->agreed;
    *until = horizon;
    for (size_t i = 0; i < n; i++) {
        struct civil start = programme_start(all[i].year);
        if (all[i].state == PROGRAMME_AGREED && all[i].year > p->year &&
            civil_compare(start, *until) < 0)
            *until = start;
    }
}
