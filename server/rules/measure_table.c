/* THE table of measures: one flat list. */

#include "server/rules/measure.h"

#include <string.h>
#include <strings.h>

#define MUCH   MEASURE_HOW_MUCH
#define WELL   MEASURE_HOW_WELL
#define BETTER MEASURE_BETTER_OFF
#define COUNT  MEASURE_COUNT
#define SHARE  MEASURE_SHARE
#define RATIO  MEASURE_RATIO
#define COST   MEASURE_COST
#define I      MEASURE_ENTERED
#define C      MEASURE_COMPUTED
#define MONTH  SPAN_MONTH
#define END    SPAN_END
#define YEAR   SPAN_YEAR
#define ALONE  SPAN_ALONE
#define NONE   "", SPAN_MONTH

/* code, group, kind, source, title, n and its span, d and its span */
/* clang-format off */
static const struct measure measures[] = {
    {"ds.M1.households", MUCH, COUNT, I, "fostering households", "approved households", END, NONE},
    {"ds.M1.places_approved", MUCH, COUNT, I, "places approved", "places approved", END, NONE},
    {"ds.M1.places_filled", MUCH, COUNT, I, "places filled", "places with a child", END, NONE},
    {"ds.M1.places_vacant", MUCH, COUNT, I, "places vacant", "places free for a child", END, NONE},
    {"ds.M1.enquiries", MUCH, COUNT, I, "enquiries about fostering", "enquiries", YEAR, NONE},
    {"ds.M1.applications", MUCH, COUNT, I, "applications to foster", "applications", YEAR, NONE},
    {"ds.M1.approvals", MUCH, COUNT, I, "approvals", "households approved", YEAR, NONE},
    {"ds.M1.leavers", MUCH, COUNT, I, "carers who left", "households that left", YEAR, NONE},
    {"ds.M1.unplanned_endings", MUCH, COUNT, I, "unplanned endings",
     "placements that ended unplanned", YEAR, NONE},
    {"ds.M1.missing", MUCH, COUNT, I, "times missing", "times a child was missing", YEAR, NONE},
    {"ds.M2", MUCH, COUNT, I, "referrals for placement", "referrals", MONTH, NONE},
    {"ds.M3", MUCH, COUNT, I, "new carers approved", "households approved", MONTH, NONE},
    {"ds.M4", MUCH, COUNT, I, "places available", "places free for a child", END, NONE},

    {"ds.H1", WELL, SHARE, I, "offered in time, standard referrals", "offers within the time limit",
     MONTH, "standard referrals", MONTH},
    {"ds.H2", WELL, SHARE, I, "offered in time, emergencies", "offers within the time limit", MONTH,
     "emergency referrals", MONTH},
    {"ds.H3", WELL, SHARE, I, "in the place asked for", "requests that were met", MONTH,
     "placements with a stated request", MONTH},
    {"ds.H4", WELL, SHARE, I, "near home", "placements 20 miles or less from home", MONTH,
     "placements made", MONTH},
    {"ds.H5", WELL, SHARE, I, "with own carers", "children placed with own carers", MONTH,
     "children referred for fostering", MONTH},
    {"ds.H6", WELL, SHARE, I, "success", "placements that ended as planned or became permanent",
     MONTH, "placements that ended", MONTH},
    {"ds.H7", WELL, SHARE, I, "disruption", "placements that ended unplanned", MONTH,
     "placements open at any time in the period", ALONE},
    {"ds.H8", WELL, SHARE, C, "children contributing to carer reviews",
     "children whose view was obtained", MONTH, "children placed at those reviews", MONTH},
    {"ds.H9", WELL, SHARE, C, "reviews on time", "reviews held on or before their limit", MONTH,
     "reviews due in the period", MONTH},
    {"ds.H10", WELL, RATIO, I, "complaints", "complaints", MONTH, "approved households", END},
    {"ds.H11", WELL, RATIO, I, "allegations", "allegations", MONTH, "approved households", END},
    {"ds.H12", WELL, RATIO, I, "exemptions", "exemptions", MONTH, "approved households", END},
    {"ds.H13", WELL, RATIO, I, "exceptions", "exceptions", MONTH, "approved households", END},
    {"ds.H14", WELL, SHARE, I, "permanently matched in-house", "children matched with own carers",
     END, "children with a permanence plan for fostering", END},

    {"ds.B1", BETTER, SHARE, I, "with brothers and sisters where planned",
     "children living together with them", END, "children whose plan says together", END},
    {"ds.B2", BETTER, SHARE, I, "placement outcomes achieved", "outcomes achieved", MONTH,
     "outcomes set and due", MONTH},
    {"ds.B3", BETTER, SHARE, C, "self-esteem and confidence",
     "children who say it is better, or give a higher number than last time", ALONE,
     "children asked twice or more", ALONE},
    {"ds.B4", BETTER, SHARE, I, "attendance at school", "children whose attendance improved", ALONE,
     "school-age children with two values", ALONE},
    {"ds.B5", BETTER, SHARE, I, "attainment at school", "children whose attainment improved", ALONE,
     "school-age children with two values", ALONE},

    {"ds.V1", MEASURE_VALUE, COST, I, "average cost per night, all placements",
     "full cost including management", MONTH, "nights", MONTH},
    {"ds.V2", MEASURE_VALUE, COST, I, "average cost per night, by placement type",
     "full cost including management", MONTH, "nights", MONTH},
};
/* clang-format on */
enum { MEASURES = sizeof measures / sizeof *measures };

const struct measure *measure_table(size_t *count)
{
    *count = MEASURES;
    return measures;
}

const struct measure *measure_find(const char *code)
{
    for (size_t i = 0; i < MEASURES; i++)
        if (!strcasecmp(measures[i].code, code) || !strcasecmp(measures[i].code + 3, code))
            return &measures[i];
    return NULL;
}

enum err measure_get(const char *code, const struct measure **out, struct err_info *why)
{
    *out = measure_find(code);
    if (*out)
        return ERR_OK;
    if (!strcasecmp(code, "M1") || !strcasecmp(code, "ds.M1"))
        return err_set(why, ERR_INPUT,
                       "M1 has several counts; say which one, as in ds.M1.households");
    return err_set(why, ERR_INPUT,
                   "there is no measure \"%s\"; the codes are like ds.H9 or ds.M1.households",
                   measure_quote(code));
}

const char *measure_group_title(enum measure_group g)
{
    static const char *const titles[] = {"How much", "How well", "Better off", "Value"};
    return titles[g];
}

const char *measure_span_words(enum measure_span s)
{
    static const char *const words[] = {"in the month", "at the end of the month",
                                        "from 1 April to the end of the month",
                                        "of this month alone"};
    return words[s];
}
