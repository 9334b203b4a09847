/* The other built-in templates, each against a list written by hand from what the field asks for.
 */
#include <criterion/criterion.h>
#include <string.h>

#include "server/content/template_yaml.h"
#include "server/rules/trigger.h"
#include "tests/lib/leaks.h"
#include "tests/lib/template_expect.h"

#define R(role) ROLE_BIT(ROLE_##role)
#define J       KIND_JUDGEMENT
enum {
    FRO = R(FRO),
    FSW = R(FSW),
    IRO = R(IRO),
    GROUP = R(FRO) | R(FSW) | R(CSW),
    LEADERS = R(FTM) | R(SM) | R(HOS) | R(DIR) | R(FRO),
    MEETING = R(SM) | R(FTM) | R(CSW) | R(FSW) | R(IRO),
    SEVERAL = KIND_CHECKLIST | KIND_CHALLENGE,
};

static struct template *builtin(const char *id)
{
    struct template *t = NULL;
    struct err_info why = {0};
    cr_assert_eq(template_builtin(id, &t, &why), ERR_OK, "%s", why.text);
    cr_expect_str_eq(t->id, id);
    cr_expect_eq(t->version, 1u);
    cr_expect(strlen(t->purpose) > 60 && strlen(t->audience) > 40, "%s says what it is for", id);
    return t;
}

static void expect_all(const char *id, const char *type, enum overall_grade overall,
                       const struct expected_question *rows, size_t n)
{
    struct template *t = builtin(id);
    cr_expect_str_eq(t->type, type);
    cr_expect_eq(t->overall, overall);
    template_expect(t, rows, n);
    template_free(t);
    CHECK_NO_LEAKS();
}
#define EXPECT_ALL(id, type, rows)                                                                 \
    expect_all(id, type, OVERALL_NONE, rows, sizeof rows / sizeof *rows)

/* clang-format off */
static const struct expected_question psa[] = {
    {"P1", KIND_CHOICE | KIND_TEXT, ASKED, "trigger", GROUP,
     "pattern;audit;data;complaint;management_review;law_change", ""},
    {"P2", KIND_TEXT, ASKED, "scope", GROUP, "looks at;leaves out", ""},
    {"P3", KIND_PEOPLE, ASKED, "", GROUP, "study group", ""},
    {"P4", KIND_DATE, ASKED, "close_date", GROUP, "ends", ""},
    {"P5", KIND_EVIDENCE, ASKED, "", GROUP, "records in the study", ""},
    {"A1", KIND_DATE | KIND_CHOICE, ASKED, "", GROUP, "began;ended;planned;unplanned;notice", ""},
    {"A1b", KIND_DATE, ASKED | WHEN, "", GROUP, "ended", ""},
    {"A1c", KIND_YNP | KIND_DATE, ASKED | WHEN, "", GROUP, "notice", ""},
    {"A2", KIND_NUMBER, ASKED, "", GROUP, "earlier moves", ""},
    {"A3", KIND_TEXT, ASKED, "", GROUP, "order;signs;done", ""},
    {"A4a", KIND_SCALE, ASKED, "", GROUP, "child;coping;beginning", ""},
    {"A4b", KIND_SCALE, ASKED, "", GROUP, "child;coping;first signs", ""},
    {"A4c", KIND_SCALE, ASKED, "", GROUP, "child;coping;end", ""},
    {"A4d", KIND_SCALE, ASKED, "", GROUP, "carer;coping;beginning", ""},
    {"A4e", KIND_SCALE, ASKED, "", GROUP, "carer;coping;first signs", ""},
    {"A4f", KIND_SCALE, ASKED, "", GROUP, "carer;coping;end", ""},
    {"B1", J, ASKED, "", GROUP, "both records agree;one account", ""},
    {"B2", KIND_YNP, ASKED, "", GROUP, "decisions;traced", ""},
    {"B3", KIND_YNP | KIND_EVIDENCE, ASKED, "", GROUP, "independent reviewing officer's views;carer's record", ""},
    {"C1", KIND_YNP | KIND_TEXT, ASKED, "", GROUP, "child's social worker;regular;reflective;plan followed up", ""},
    {"C2", KIND_YNP | KIND_TEXT, ASKED, "", GROUP, "fostering social worker;regular;reflective;plan followed up", ""},
    {"C3", KIND_YNP | KIND_TEXT, ASKED, "", GROUP, "carer's supervision;regular;reflective;plan followed up", ""},
    {"D1", KIND_CHECKLIST | KIND_DATED, ASKED, "", GROUP, "requests;answered;how fast",
     "behaviour;home;respite;therapy;practical help;information;meeting"},
    {"D2", KIND_YNP, ASKED, "", GROUP, "duty;phone;visit", ""},
    {"D3", KIND_CHECKLIST, ASKED, "", GROUP, "respite;therapy;escalated",
     "respite asked;respite obtained;respite escalated;therapy asked;therapy obtained;therapy escalated"},
    {"D4", J, ASKED | KEY, "", GROUP, "support;in time", ""},
    {"E1", KIND_YNP, ASKED, "", GROUP, "read with the carer;tone;acted on", ""},
    {"F1", KIND_YNP | KIND_DATE, ASKED, "", GROUP, "stability meeting;still time", ""},
    {"F2", KIND_EVIDENCE, ASKED | WHEN, "", GROUP, "both records", ""},
    {"F3", KIND_TEXT, ASKED | WHEN, "", GROUP, "came of it", ""},
    {"F4", J, ASKED | KEY, "", GROUP, "meetings", ""},
    {"G1", KIND_YNP, ASKED, "", GROUP, "reasons;both records", ""},
    {"G2", KIND_YNP, ASKED, "", GROUP, "newly approved;trauma", ""},
    {"G3", J, ASKED, "", GROUP, "day one", ""},
    {"H1", KIND_YNP, ASKED, "", GROUP, "impact;stress;offending;substance use", ""},
    {"H2", KIND_TEXT, ASKED, "", GROUP, "carer's own children", ""},
    {"I1", KIND_YNP, ASKED, "", GROUP, "each child;assessed;brought together again", ""},
    {"I2", KIND_TEXT, ASKED | WHEN, "", GROUP, "child who was there first", ""},
    {"J1", J, ASKED, "", GROUP, "SMART;supervision", ""},
    {"J2", KIND_CHECKLIST, ASKED, "", GROUP, "child;carer;visited as required",
     "child visited;alone;room;carer visited;unannounced;more visits"},
    {"K1", KIND_CHECKLIST, ASKED, "", GROUP, "refreshed", "attachment;brain development;trauma;strain"},
    {"L1", KIND_YNP, ASKED, "", GROUP, "words-and-pictures;kept up", ""},
    {"M1", J, ASKED, "", GROUP, "child's;fostering social worker;jointly", ""},
    {"M2", J, ASKED, "", GROUP, "team around the child;child's needs;carer's needs;placement's needs", ""},
    {"N1", KIND_FINDINGS, ASKED, "", GROUP, "themes", ""},
    {"N2", KIND_TEXT, ASKED, "", GROUP, "earlier point;different;helped", ""},
    {"N3", KIND_ACTIONS, 0, "", GROUP | R(FTM), "", ""},
    {"N4", KIND_YNP | KIND_DATE, ASKED, "", GROUP, "shared;next", ""},
    {"Q1", KIND_MODERATION, 0, "", IRO, "", ""},
    {"Q2", KIND_YNP, 0, "", IRO, "child's voice", ""},
    {"Q3", KIND_TEXT, 0, "", IRO, "comment", ""},
    {"Q4", KIND_CHOICE, 0, "result", IRO, "upheld;changed;split_decided", ""},
};

static const struct expected_question ida[] = {
    {"A1", KIND_REFS, ASKED, "child", IRO, "reference", ""},
    {"A2", KIND_TEXT, ASKED, "", IRO, "led here", ""},
    {"A3", KIND_CHOICE, ASKED, "", IRO, "looked_after;protected_by_plan;participation;challenge;partners", ""},
    {"S1", SEVERAL, ASKED | CHOOSE | WHEN, "", IRO, "looked after",
     "evaluated;parallel plan;drift;life-story;letters;letterbox;health actions;before a disruption;"
     "care order;month;48 hours;failing setting;standards of care;missing;secure;PEP;PEP's actions;"
     "exclusion;special educational;hobbies;offending;substance;exploitation;brothers and sisters;"
     "family time;dental;pathway;readied;housing plan at 16;commissioners"},
    {"S1P", SEVERAL, ASKED | CHOOSE | WHEN, "", IRO, "protected by a plan",
     "told and heard;SMART;progress;agreements;pre-court;chronology;visits;core groups;specialist;advocacy"},
    {"S2", SEVERAL, ASKED | CHOOSE | WHEN, "", IRO, "",
     "re-timed;interpreter;ten or older;parent;plain language;creative;extra time;breaks;translated;forums"},
    {"S3", SEVERAL, ASKED | CHOOSE | WHEN, "", IRO, "",
     "framework;handbook;reasons;threshold;drift;restoratively"},
    {"S4", SEVERAL, ASKED | CHOOSE | WHEN, "", IRO, "",
     "duties;lapse;operations consulted;conference;core group;review"},
    {"R1", KIND_CHOICE, ASKED, "result", IRO, "no_action;advice;challenge;dispute;escalate_now", ""},
    {"R2", KIND_TEXT, ASKED, "", IRO, "why", ""},
    {"R3", KIND_TEXT, 0, "", FSW | R(CSW), "response", ""},
    {"L1", KIND_ACTIONS, 0, "", IRO | FSW | R(CSW) | R(FTM), "", ""},
};

static const struct expected_question obs[] = {
    {"A1", KIND_PEOPLE, ASKED, "", LEADERS, "observed", ""},
    {"A2", KIND_REFS, ASKED, "", LEADERS, "", ""},
    {"A3", KIND_CHOICE | KIND_TEXT, ASKED, "", LEADERS, "observed;home_visit;supervision;review", ""},
    {"B1", KIND_OBSERVATION, ASKED, "", LEADERS, "child seen alone;strengths;would help;action;say why", ""},
    {"B2", KIND_TEXT, ASKED | WHEN, "", LEADERS, "not seen alone", ""},
    {"B3", KIND_TEXT, 0, "", LEADERS, "child;carer;words", ""},
    {"B4", KIND_TEXT, 0, "", LEADERS, "conversation", ""},
    {"B5", KIND_TEXT, 0, "", FSW | R(CSW), "reflection", ""},
    {"L1", KIND_FINDINGS, 0, "", LEADERS, "learnt", ""},
    {"L2", KIND_ACTIONS, 0, "", LEADERS | FSW | R(CSW), "", ""},
};

static const struct expected_question cpm[] = {
    {"A1", KIND_REFS, ASKED, "child", MEETING, "", ""},
    {"A2", KIND_CHOICE, ASKED, "route", MEETING,
     "assessment, operational, disability;cared for, care-experienced;route_a;route_b", ""},
    {"A3", KIND_CHOICE | KIND_TEXT, ASKED, "trigger", MEETING,
     "proceedings;permanence;adult_services;stability_at_risk;sgo;repeat_referral;"
     "family_placement_risk;legal_gateway;reunification;eleven_months;adoption", ""},
    {"A4", KIND_YNP | KIND_DATE, ASKED, "hearing", MEETING, "final hearing;three weeks", ""},
    {"A5", KIND_YNP, ASKED | WHEN, "", MEETING, "contested;earlier", ""},
    {"A6", KIND_DATE, ASKED, "meeting_date", MEETING, "appointment", ""},
    {"A7", KIND_PEOPLE, ASKED, "chair", MEETING,
     "service manager of the area;fostering assessment team", ""},
    {"B1", KIND_YNP | KIND_DATE, ASKED, "family_led", MEETING, "family-led", ""},
    {"B2", KIND_TEXT, ASKED | WHEN, "family_absent", MEETING, "why", ""},
    {"B3", KIND_YNP, ASKED | WHEN, "accepted", R(SM), "service manager accepts", ""},
    {"C1", KIND_CHECKLIST, ASKED | CHOOSE, "", MEETING, "invited",
     "child's social worker;team manager;adoption agency;placements;SEN;fostering;youth services;"
     "youth justice;family-time supervisor;reviewing officer, if useful;lawyer, near the end"},
    {"C2", KIND_PEOPLE, ASKED, "", MEETING, "there", ""},
    {"D1", KIND_CHECKLIST, ASKED, "", MEETING, "",
     "is it right;court timetable, directions and assessments;evidence;barriers and remedies;"
     "disputes;safety nets;permanence plan;guardian;funding;child's timescale;agreed actions"},
    {"D2", KIND_TEXT, ASKED, "", MEETING, "notes", ""},
    {"E1", KIND_CHOICE, ASKED, "decision", R(SM) | R(FTM),
     "none;enter_care;permanence;reunification;sgo;other", ""},
    {"E2", KIND_TEXT, ASKED | WHEN, "", MEETING, "decided", ""},
    {"L1", KIND_ACTIONS, 0, "", MEETING, "agreed actions", ""},
};

#define STAGE(section, n, holders)                                                                 \
    {section "1", KIND_TEXT, 0, "position" n, IRO, "stage " n, ""},                                \
    {section "2", KIND_TEXT | KIND_DATE, 0, "answer" n, holders, "answer at stage " n, ""}
static const struct expected_question cha[] = {
    {"A1", KIND_REFS, ASKED, "child", IRO, "", ""},
    {"A2", KIND_CHOICE | KIND_TEXT, ASKED, "subject", IRO, "carers_care;counted apart", ""},
    {"A3", KIND_TEXT, ASKED, "desired", IRO, "result;child", ""},
    {"A4", KIND_EVIDENCE, ASKED, "evidence", IRO, "", ""},
    {"A5", KIND_TEXT, ASKED, "steps", IRO, "restorative", ""},
    STAGE("B", "0", FSW | R(CSW) | R(FTM)),
    STAGE("C", "1", R(FTM)),
    STAGE("D", "2", R(SM)),
    STAGE("E", "3", R(HOS)),
    STAGE("F", "4", R(DIR) | R(EXEC)),
    {"G1", KIND_CHOICE | KIND_TEXT, ASKED, "outcome", IRO,
     "agreed;part;not_agreed;withdrawn;external;Cafcass", ""},
    {"G2", KIND_TEXT, ASKED, "difference", IRO, "difference;child", ""},
    {"L1", KIND_ACTIONS, 0, "", IRO | FSW | R(CSW) | R(FTM) | R(SM), "", ""},
};

static const struct expected_question vfs[] = {
    {"A1", KIND_REFS, ASKED, "", FRO | FSW, "", ""},
    {"A2", KIND_VOICE, ASKED, "", FRO | FSW, "own words;shown;did because", ""},
    {"B1", KIND_CHOICE | KIND_TEXT, ASKED, "", FRO | FSW, "grade;outstanding;good;requires_improvement;inadequate", ""},
    {"B2", KIND_YNP | KIND_TEXT, ASKED, "", FRO | FSW, "supervision", ""},
    {"B3", KIND_YNP | KIND_TEXT, ASKED, "", FRO | FSW, "workload", ""},
    {"B4", KIND_TEXT, ASKED, "", FRO | FSW, "what helped", ""},
    {"B5", KIND_TEXT, ASKED, "", FRO | FSW, "what to change", ""},
};
static const struct expected_question vca[] = {
    {"A1", KIND_REFS, ASKED, "", FRO, "", ""},
    {"A2", KIND_VOICE, ASKED, "", FRO, "own words;shown;did because;twice", ""},
    {"B1", KIND_YNP | KIND_TEXT, ASKED, "", FRO, "support", ""},
    {"B2", KIND_YNP | KIND_TEXT, ASKED, "", FRO, "information", ""},
    {"B3", KIND_YNP | KIND_TEXT, ASKED, "", FRO, "included", ""},
    {"B4", KIND_TEXT, ASKED, "", FRO, "training", ""},
    {"B5", KIND_TEXT, ASKED, "", FRO, "need", ""},
    {"B6", KIND_YNP, ASKED, "", FRO, "complain", ""},
};
static const struct expected_question vyp[] = {
    {"A1", KIND_REFS, ASKED, "child", IRO, "", ""},
    {"A2", KIND_VOICE, ASKED, "", IRO, "own words;drawing;safe;heard;matters;changed;shown", ""},
};
static const struct expected_question vfa[] = {
    {"A1", KIND_REFS, ASKED, "child", FRO | IRO, "", ""},
    {"A2", KIND_VOICE, ASKED, "", FRO | IRO, "own words;shown;did because", ""},
    {"B1", KIND_YNP | KIND_TEXT, ASKED, "", FRO | IRO, "involved", ""},
    {"B2", KIND_YNP | KIND_TEXT, ASKED, "", FRO | IRO, "informed", ""},
};
static const struct expected_question vpa[] = {
    {"A1", KIND_REFS, ASKED, "", FRO | FSW, "", ""},
    {"A2", KIND_VOICE, ASKED, "", FRO | FSW, "own words;shown;did because", ""},
    {"B1", KIND_YNP | KIND_TEXT, ASKED, "", FRO | FSW, "joint work", ""},
    {"B2", KIND_TEXT, ASKED, "", FRO | FSW, "next", ""},
};
/* clang-format on */

Test(builtin, study_of_placement_stability)
{
    EXPECT_ALL("PSA", "thematic", psa);
}

Test(builtin, dip_audit)
{
    EXPECT_ALL("IDA", "dip", ida);
}

Test(builtin, observation_of_practice)
{
    EXPECT_ALL("OBS", "observation", obs);
}

Test(builtin, care_planning_meeting)
{
    EXPECT_ALL("CPM", "meeting", cpm);
}

Test(builtin, practice_challenge_and_dispute)
{
    EXPECT_ALL("CHA", "challenge", cha);
}

Test(builtin, feedback_forms_of_the_five_voices)
{
    EXPECT_ALL("VFS", "feedback", vfs);
    EXPECT_ALL("VCA", "feedback", vca);
    EXPECT_ALL("VYP", "feedback", vyp);
    EXPECT_ALL("VFA", "feedback", vfa);
    EXPECT_ALL("VPA", "feedback", vpa);
}

Test(builtin, each_form_is_of_its_own_voice)
{
    static const struct {
        const char *id, *voice;
    } forms[] = {
        {"VFS", "fsw"         },
        {"VCA", "carer"       },
        {"VYP", "young_person"},
        {"VFA", "parent"      },
        {"VPA", "partner"     }
    };
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
        struct template *t = builtin(forms[i].id);
        cr_expect_str_eq(template_question_find(t, "A2")->voice, forms[i].voice);
        template_free(t);
    }
    CHECK_NO_LEAKS();
}

/* A child's own words are held; what they say must not stand in an answer that is not. */
Test(builtin, young_persons_form_has_words_only_where_they_are_held)
{
    struct template *t = builtin("VYP");
    for (size_t i = 0; i < t->nquestions; i++) {
        const struct question *q = &t->questions[i];
        cr_expect(q->kinds == KIND_REFS || !strcmp(q->voice, "young_person"), "%s", q->code);
    }
    template_free(t);
    CHECK_NO_LEAKS();
}

Test(builtin, three_items_of_a_protected_childs_standard_always_call_for_a_challenge)
{
    struct template *t = builtin("IDA");
    char *const *items = template_question_find(t, "S1P")->items;
    size_t always = 0;
    for (size_t i = 0; items[i]; i++)
        if (strstr(items[i], "always a challenge")) {
            always++;
            cr_expect(strstr(items[i], "chronology") || strstr(items[i], "visits") ||
                          strstr(items[i], "core groups"),
                      "%s", items[i]);
        }
    cr_expect_eq(always, 3u);
    template_free(t);
    CHECK_NO_LEAKS();
}

static bool is_option(const struct question *q, const char *code)
{
    for (size_t i = 0; q->options[i]; i++)
        if (!strcmp(q->options[i], code))
            return true;
    return false;
}

/* What calls for a record can be chosen in it, by the same word. */
Test(builtin, triggers_can_be_chosen_where_they_lead_to)
{
    struct template *challenge = builtin("CHA"), *meeting = builtin("CPM");
    const struct question *subject = template_use_find(challenge, "subject");
    const struct question *trigger = template_use_find(meeting, "trigger");
    size_t n, meetings = 0, options = 0;
    const struct trigger *table = trigger_table(&n);
    for (size_t i = 0; i < n; i++) {
        bool meets = table[i].kind == TRIGGER_MEETING;
        cr_expect(is_option(meets ? trigger : subject, table[i].code), "%s", table[i].code);
        meetings += meets;
    }
    while (trigger->options[options])
        options++;
    cr_expect_eq(options, meetings, "nothing else calls for a meeting");
    template_free(challenge);
    template_free(meeting);
    CHECK_NO_LEAKS();
}

/* Only an audit that goes to a moderator has a section for them. */
Test(builtin, moderation_is_where_audits_are_moderated)
{
    for (const char *const *id = template_builtin_ids(); *id; id++) {
        struct template *t = builtin(*id);
        uint32_t kinds = 0;
        for (size_t i = 0; i < t->nquestions; i++)
            kinds |= t->questions[i].kinds;
        bool moderated = !strcmp(t->type, "collaborative") || !strcmp(t->type, "thematic");
        cr_expect_eq((kinds & KIND_MODERATION) != 0, moderated, "%s", *id);
        template_free(t);
    }
    CHECK_NO_LEAKS();
}
