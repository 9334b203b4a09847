#include "server/rules/challenge.h"

#include <stdio.h>
#include <string.h>

#include "server/rules/clock.h"

const char challenge_external_words[] =
    "The independent reviewing officer may take the child's case outside (to Cafcass) at any stage "
    "and at any time; it is then recorded as the outcome \"external\".";

enum {
    FSW = ROLE_BIT(ROLE_FSW),
    CSW = ROLE_BIT(ROLE_CSW),
    FTM = ROLE_BIT(ROLE_FTM),
    SM = ROLE_BIT(ROLE_SM),
    HOS = ROLE_BIT(ROLE_HOS),
    DIR = ROLE_BIT(ROLE_DIR),
    EXEC = ROLE_BIT(ROLE_EXEC),
};

/* clang-format off */
static const struct challenge_stage stages[CHALLENGE_STAGES] = {
    {"practice challenge: a restorative talk with the social worker and the team manager",
     "answer0", "position0", FSW | CSW, FTM, "an action is agreed"},
    {"dispute with the team manager", "answer1", "position1", 0, FTM, "the answer is accepted"},
    {"dispute with the service manager", "answer2", "position2", 0, SM, "the answer is accepted"},
    {"dispute with the head of service", "answer3", "position3", 0, HOS, "the answer is accepted"},
    {"dispute with the director, then the executive", "answer4", "position4", 0, DIR | EXEC,
     "their view is final"},
};
/* clang-format on */

const struct challenge_stage *challenge_stage(uint32_t stage)
{
    return &stages[stage < CHALLENGE_STAGES ? stage : CHALLENGE_STAGES - 1];
}

/* ---- clocks ---- */

/* The first move that began a formal stage; NULL: none has. */
static const struct audit_move *first_formal(const struct audit *a)
{
    for (size_t i = 0; i < audit_move_count(a); i++)
        if (audit_move_at(a, i)->stage > CHALLENGE_FORMAL)
            return audit_move_at(a, i);
    return NULL;
}

static const struct audit_move *last_stage(const struct audit *a)
{
    for (size_t i = audit_move_count(a); i-- > 0;)
        if (audit_move_at(a, i)->stage)
            return audit_move_at(a, i);
    return NULL;
}

bool challenge_clock(const struct facts *f, struct challenge_clock *out)
{
    const struct audit_move *now = last_stage(f->audit), *formal = first_formal(f->audit);
    if (!now || now->stage > CHALLENGE_STAGES)
        return false;
    bool open = audit_info(f->audit).state == AUDIT_IN_PROGRESS;
    struct civil until = civil_today(open ? f->now_utc_ms : audit_state_since_utc_ms(f->audit));
    *out = (struct challenge_clock){.stage = now->stage - 1, .began = civil_today(now->utc_ms)};
    out->due = clock_after(f->clock, CLOCK_STAGE_DAYS, f->holidays, out->began).limit;
    if (!formal)
        return true;
    struct civil from = civil_today(formal->utc_ms);
    out->formal = true;
    out->total_due = clock_after(f->clock, CLOCK_STAGES_TOTAL_DAYS, f->holidays, from).limit;
    out->total_used = workday_count(f->holidays, from, until);
    if (civil_compare(out->total_due, out->due) < 0)
        out->due = out->total_due;
    return true;
}

/* ---- words ---- */

void challenge_words(const struct challenge_clock *c, const struct clock_values *v,
                     char out[CHALLENGE_WORDS_BYTES])
{
    char due[16], used[64] = "";
    civil_say_weekday(c->due, due);
    if (c->formal)
        (void)snprintf(used, sizeof used, ", %lld of %u working days used",
                       (long long)c->total_used, v->stages_total_days);
    (void)snprintf(out, CHALLENGE_WORDS_BYTES, "stage %u (%s)%s, answer due %s", c->stage,
                   challenge_stage(c->stage)->title, used, due);
}

/* Which stages lie between, as the end of a sentence; "" when none. */
static void say_between(int from, int to, char out[64])
{
    out[0] = 0;
    if (from < 0)
        return; /* it may begin at any stage */
    if (to - from == 2)
        (void)snprintf(out, 64, "; stage %d was passed over", from + 1);
    else if (to - from > 2)
        (void)snprintf(out, 64, "; stages %d to %d were passed over", from + 1, to - 1);
}

void challenge_step_words(int from, uint32_t to, char out[CHALLENGE_WORDS_BYTES])
{
    char between[64], start[48] = "It begins at";
    say_between(from, (int)to, between);
    if (from >= 0)
        (void)snprintf(start, sizeof start, "It goes on from stage %d to", from);
    (void)snprintf(out, CHALLENGE_WORDS_BYTES, "%s stage %u (%s)%s.", start, to,
                   challenge_stage(to)->title, between);
}
