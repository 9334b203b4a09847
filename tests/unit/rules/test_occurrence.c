#include "server/rules/occurrence.h"

#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <stdio.h>
#include <string.h>

#include "tests/lib/leaks.h"

static struct holidays holidays;

static struct civil day(const char *iso)
{
    struct civil d = {0};
    struct err_info why = {0};
    cr_assert_eq(civil_parse(iso, &d, &why), ERR_OK, "%s: %s", iso, why.text);
    return d;
}

static const char *text(struct civil d)
{
    static char out[4][11];
    static size_t at;
    char *s = out[at++ % 4];
    civil_format(d, s);
    return s;
}

/* A carer's review, last held on Sat 29 May 2027: limit a bank holiday, planned at 11 months. */
static struct occurrence review(void)
{
    holidays_init(&holidays);
    return (struct occurrence){
        .code = "REVn",
        .key = "REV",
        .of = OCCURRENCE_OF_CARER,
        .subject = "C12",
        .chain = true,
        .base = {2027, 5, 29},
        .position = 3,
        .limit = {2028, 5, 29},
        .first_planned = {2028, 4, 28},
        .planned = {2028, 4, 28},
        .law = true,
        .end = OCCURRENCE_OPEN
    };
}

/* A team manager's audit, due Fri 30 April 2027. */
static struct occurrence audit(void)
{
    holidays_init(&holidays);
    return (struct occurrence){
        .code = "TMA",
        .key = "TMA",
        .of = OCCURRENCE_OF_PERSON,
        .subject = "7",
        .base = {2027, 4, 30},
        .position = 2,
        .limit = {2027, 4, 30},
        .first_planned = {2027, 4, 30},
        .planned = {2027, 4, 30},
        .end = OCCURRENCE_OPEN
    };
}

static struct occurrence_step step(const char *today, const char *on, const char *reason)
{
    return (struct occurrence_step){.by = 5, .today = day(today), .day = day(on), .reason = reason};
}

Test(occurrence, its_name_stays_whatever_happens)
{
    struct occurrence o = audit(), r = review(), site = audit();
    struct err_info why;
    char uid[OCCURRENCE_UID_BYTES];
    occurrence_uid(&o, uid);
    cr_assert_str_eq(uid, "TMA/person-7/2027-04-30/2");
    struct occurrence_step s = step("2027-04-01", "2027-04-20", "on leave");
    cr_assert_eq(occurrence_move(&o, &s, &holidays, &why), ERR_OK);
    occurrence_uid(&o, uid);
    cr_assert_str_eq(uid, "TMA/person-7/2027-04-30/2");
    occurrence_uid(&r, uid);
    cr_assert_str_eq(uid, "REV/carer-C12/3");
    site.of = OCCURRENCE_OF_SITE;
    *site.subject = 0;
    occurrence_uid(&site, uid);
    cr_assert_str_eq(uid, "TMA/site/2027-04-30/2");
    occurrence_fini(&o);
    CHECK_NO_LEAKS();
}

/* ---- states ---- */

Test(occurrence, due_and_late_come_from_the_days)
{
    static const struct {
        const char *today;
        enum occurrence_state state;
    } rows[] = {
        {"2027-06-01", OCCURRENCE_PLANNED},
        {"2028-04-27", OCCURRENCE_PLANNED},
        {"2028-04-28", OCCURRENCE_DUE    },
        {"2028-05-29", OCCURRENCE_DUE    },
        {"2028-05-30", OCCURRENCE_LATE   },
        {"2040-01-01", OCCURRENCE_LATE   },
        {"2028-05-29", OCCURRENCE_DUE    }, /* a clock that was set back makes nothing late */
    };
    struct occurrence o = review();
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        cr_assert_eq(occurrence_state(&o, day(rows[i].today)), rows[i].state, "%s", rows[i].today);
    o.prepares = true; /* others wait for it */
    cr_assert_eq(occurrence_state(&o, day("2028-04-28")), OCCURRENCE_DUE);
    cr_assert_eq(occurrence_state(&o, day("2028-04-29")), OCCURRENCE_LATE);
}

Test(occurrence, what_has_ended_is_never_late)
{
    struct occurrence o = audit();
    static const enum occurrence_state states[] = {
        [OCCURRENCE_ENDED_HELD] = OCCURRENCE_HELD,
        [OCCURRENCE_ENDED_MISSED] = OCCURRENCE_MISSED,
        [OCCURRENCE_ENDED_CANCELLED] = OCCURRENCE_CANCELLED,
        [OCCURRENCE_ENDED_DROPPED] = OCCURRENCE_CANCELLED,
    };
    for (int end = OCCURRENCE_ENDED_HELD; end <= OCCURRENCE_ENDED_DROPPED; end++) {
        o.end = (enum occurrence_end)end;
        cr_assert_eq(occurrence_state(&o, day("2040-01-01")), states[end]);
    }
    cr_assert_str_eq(occurrence_state_name(OCCURRENCE_LATE), "late");
}

/* ---- steps ---- */

Test(occurrence, holding_keeps_the_day_and_the_record)
{
    struct occurrence o = review();
    struct err_info why = {0};
    struct occurrence_step s = step("2028-05-10", "2028-05-09", NULL);
    s.record = "FCA-2028-0007";
    cr_assert_eq(occurrence_hold(&o, &s, &why), ERR_OK, "%s", why.text);
    cr_assert_eq(o.end, OCCURRENCE_ENDED_HELD);
    cr_assert_str_eq(text(o.ended), "2028-05-09");
    cr_assert_str_eq(o.record, "FCA-2028-0007");
    cr_assert_null(o.end_reason);
    cr_assert_eq(o.ended_by, 5u);
    cr_assert_not(occurrence_held_late(&o));
    cr_assert_str_eq(text(o.limit), "2028-05-29");
    cr_assert_eq(occurrence_hold(&o, &s, &why), ERR_REFUSED_STATE);
    cr_assert_str_eq(why.text, "REVn was held on 9 May 2028: it can no longer be changed.");
    occurrence_fini(&o);
    CHECK_NO_LEAKS();
}

Test(occurrence, after_a_limit_by_law_a_reason_is_asked_for)
{
    struct occurrence o = review(), own = audit();
    struct err_info why = {0};
    struct occurrence_step s = step("2028-06-10", "2028-05-30", "  ");
    cr_assert_eq(occurrence_hold(&o, &s, &why), ERR_INPUT);
    cr_assert_not_null(strstr(why.text, "limit that the law sets"), "%s", why.text);
    cr_assert_eq(o.end, OCCURRENCE_OPEN);
    s.reason = "The carer was in hospital.";
    cr_assert_eq(occurrence_hold(&o, &s, &why), ERR_OK, "%s", why.text);
    cr_assert(occurrence_held_late(&o));
    s.reason = NULL; /* one's own choice asks for none */
    cr_assert_eq(occurrence_hold(&own, &s, &why), ERR_OK, "%s", why.text);
    cr_assert(occurrence_held_late(&own));
    occurrence_fini(&o);
    occurrence_fini(&own);
    CHECK_NO_LEAKS();
}

Test(occurrence, moving_keeps_the_limit_and_the_first_day)
{
    struct occurrence o = review();
    struct err_info why = {0};
    char said[OCCURRENCE_EXPLAIN_BYTES];
    struct occurrence_step s = step("2028-04-03", "2028-05-09", "The carer is away in April.");
    cr_assert_eq(occurrence_move(&o, &s, &holidays, &why), ERR_OK, "%s", why.text);
    s = step("2028-04-03", "2028-05-12", "And in early May.");
    cr_assert_eq(occurrence_move(&o, &s, &holidays, &why), ERR_OK, "%s", why.text);
    cr_assert_str_eq(text(o.planned), "2028-05-12");
    cr_assert_str_eq(text(o.first_planned), "2028-04-28");
    cr_assert_str_eq(text(o.limit), "2028-05-29");
    cr_assert(o.moved);
    cr_assert_eq(o.sequence, 2u);
    occurrence_explain(&o, &holidays, said);
    cr_assert_str_eq(said,
                     "Counted from Sat 29 May 2027: limit Mon 29 May 2028, planned Fri 28 Apr "
                     "2028. The limit is set by law. Now planned Fri 12 May 2028: And in "
                     "early May.");
    occurrence_fini(&o);
    CHECK_NO_LEAKS();
}

Test(occurrence, a_choice_of_the_service_is_never_called_law)
{
    struct occurrence o = audit();
    char said[OCCURRENCE_EXPLAIN_BYTES];
    o.limit = day("2028-05-29");
    o.planned = o.first_planned = day("2028-05-26");
    occurrence_explain(&o, &holidays, said);
    cr_assert_str_eq(said, "Counted from Fri 30 Apr 2027: limit 29 May 2028, a bank holiday, so "
                           "planned Fri 26 May 2028. This is a choice of the service, not a legal "
                           "duty.");
}

struct refusal {
    enum { HOLD, MOVE, MISS, CANCEL } step;
    bool law;
    char today[11], day[11], reason[20], sentence[80];
};

ParameterizedTestParameters(occurrence, what_a_step_may_not_do_is_said)
{
    static struct refusal rows[] = {
        {HOLD,   true,  "2028-04-03", "2028-04-04", "",     "4 Apr 2028 is still to come"         },
        {HOLD,   true,  "2028-04-03", "2027-05-29", "",     "This one counts from 29 May 2027"    },
        {MOVE,   true,  "2028-04-03", "2028-05-06", "away", "Sat 6 May 2028 is a Saturday: choose"},
        {MOVE,   true,  "2028-04-03", "2028-05-06", "away", "such as Fri 5 May 2028"              },
        {MOVE,   true,  "2028-04-03", "2028-05-01", "away", "is a bank holiday: choose"           },
        {MOVE,   true,  "2028-04-03", "2028-03-31", "away", "Fri 31 Mar 2028 is over"             },
        {MOVE,   true,  "2028-04-03", "2028-04-28", "away", "It is planned for Fri 28 Apr 2028 al"},
        {MOVE,   true,  "2028-04-03", "2028-05-30", "away",
         "after the limit, Mon 29 May 2028, which does not move: it is set by law."               },
        {MOVE,   true,  "2028-04-03", "2028-05-09", " ",    "Say why it is moved"                 },
        {MISS,   true,  "2028-06-03", "2028-06-03", "away", "The law asks for it"                 },
        {MISS,   false, "2027-05-03", "2027-05-03", "",     "Say why it was missed"               },
        {CANCEL, false, "2027-05-03", "2027-05-03", "",     "Say why it is cancelled"             },
        {MOVE,   false, "2027-04-03", "2027-05-04", "away",
         "after the limit, Fri 30 Apr 2027, which does not move. Choose"                          },
    };
    return cr_make_param_array(struct refusal, rows, sizeof rows / sizeof *rows);
}

static enum err take(struct occurrence *o, int which, const struct occurrence_step *s,
                     struct err_info *why)
{
    switch (which) {
    case HOLD:
        return occurrence_hold(o, s, why);
    case MOVE:
        return occurrence_move(o, s, &holidays, why);
    case MISS:
        return occurrence_miss(o, s, why);
    default:
        return occurrence_cancel(o, s, why);
    }
}

ParameterizedTest(struct refusal *row, occurrence, what_a_step_may_not_do_is_said)
{
    struct occurrence o = row->law ? review() : audit(), before = o;
    struct occurrence_step s = step(row->today, row->day, row->reason);
    struct err_info why = {0};
    cr_assert_eq(take(&o, row->step, &s, &why), ERR_INPUT);
    cr_assert_not_null(strstr(why.text, row->sentence), "%s", why.text);
    cr_assert_eq(memcmp(&o, &before, sizeof o), 0, "nothing has changed");
}

Test(occurrence, what_has_ended_takes_no_step)
{
    static const char *const words[] = {
        [OCCURRENCE_ENDED_HELD] = "was held on",
        [OCCURRENCE_ENDED_MISSED] = "was set to missed on",
        [OCCURRENCE_ENDED_CANCELLED] = "was cancelled on",
        [OCCURRENCE_ENDED_DROPPED] = "was cancelled by the programme on",
    };
    for (int end = OCCURRENCE_ENDED_HELD; end <= OCCURRENCE_ENDED_DROPPED; end++)
        for (int which = HOLD; which <= CANCEL; which++) {
            struct occurrence o = audit();
            struct occurrence_step s = step("2027-04-20", "2027-04-20", "because");
            struct err_info why = {0};
            o.end = (enum occurrence_end)end;
            o.ended = day("2027-04-12");
            cr_assert_eq(take(&o, which, &s, &why), ERR_REFUSED_STATE);
            cr_assert_not_null(strstr(why.text, words[end]), "%s", why.text);
        }
}

Test(occurrence, it_may_be_planned_past_its_limit_when_that_is_said)
{
    struct occurrence o = audit();
    struct err_info why = {0};
    struct occurrence_step s = step("2027-04-20", "2027-05-04", "Nobody is here until then.");
    s.past_limit = true;
    cr_assert_eq(occurrence_move(&o, &s, &holidays, &why), ERR_OK, "%s", why.text);
    cr_assert_str_eq(text(o.limit), "2027-04-30");
    cr_assert_eq(occurrence_state(&o, day("2027-05-01")), OCCURRENCE_LATE);
    occurrence_fini(&o);
}

Test(occurrence, missed_and_cancelled_keep_their_reason)
{
    struct occurrence missed = audit(), cancelled = audit();
    struct err_info why = {0};
    struct occurrence_step s = step("2027-05-03", "2027-05-03", "The manager was ill.");
    cr_assert_eq(occurrence_miss(&missed, &s, &why), ERR_OK, "%s", why.text);
    cr_assert_eq(occurrence_cancel(&cancelled, &s, &why), ERR_OK, "%s", why.text);
    cr_assert_eq(missed.end, OCCURRENCE_ENDED_MISSED);
    cr_assert_eq(cancelled.end, OCCURRENCE_ENDED_CANCELLED);
    cr_assert_str_eq(missed.end_reason, "The manager was ill.");
    cr_assert_str_eq(cancelled.end_reason, "The manager was ill.");
    cr_assert_str_eq(text(missed.ended), "2027-05-03");
    occurrence_fini(&missed);
    occurrence_fini(&cancelled);
    CHECK_NO_LEAKS();
}
