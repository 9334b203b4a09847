#include "server/rules/ical.h"

#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/lib/calendar_make.h"
#include "tests/lib/leaks.h"

/* ---- a second, small reader of RFC 5545, written from the standard: unfold, split, unescape ----
 */

struct line {
    char name[40], params[60], value[1200];
};

/* The next content line at *at; asks for CRLF and for at most 75 octets a line. False at the end.
 */
static bool next_line(const char **at, struct line *out)
{
    char whole[2000];
    size_t n = 0;
    if (!**at)
        return false;
    for (;;) {
        const char *end = strstr(*at, "\r\n");
        cr_assert_not_null(end, "each line ends with CRLF");
        size_t len = (size_t)(end - *at);
        cr_assert_leq(len, 75u, "lines are folded at 75 octets: %.*s", (int)len, *at);
        cr_assert_lt(n + len, sizeof whole);
        memcpy(whole + n, *at, len);
        n += len;
        *at = end + 2;
        if (**at != ' ' && **at != '\t')
            break;
        (*at)++;
    }
    whole[n] = 0;
    size_t name = strcspn(whole, ":;"), colon = strcspn(whole, ":");
    cr_assert_eq(whole[colon], ':', "%s", whole);
    (void)snprintf(out->name, sizeof out->name, "%.*s", (int)name, whole);
    (void)snprintf(out->params, sizeof out->params, "%.*s", (int)(colon - name), whole + name);
    size_t to = 0;
    for (const char *s = whole + colon + 1; *s; s++) {
        if (*s == '\\' && s[1])
            out->value[to++] = *++s == 'n' || *s == 'N' ? '\n' : *s;
        else
            out->value[to++] = *s;
    }
    out->value[to] = 0;
    return true;
}

struct event {
    char uid[200], start[20], start_params[60], end[20], summary[300], description[1200],
        status[20], categories[20], stamp[20], class_[20];
    int sequence;
};

struct parsed {
    struct event at[400];
    size_t n;
    char name[200], version[10];
};

static void take(struct event *e, const struct line *l)
{
    const struct {
        const char *name;
        char *to;
        size_t cap;
    } texts[] = {
        {"UID",         e->uid,         sizeof e->uid        },
        {"DTSTART",     e->start,       sizeof e->start      },
        {"DTEND",       e->end,         sizeof e->end        },
        {"SUMMARY",     e->summary,     sizeof e->summary    },
        {"DESCRIPTION", e->description, sizeof e->description},
        {"STATUS",      e->status,      sizeof e->status     },
        {"CATEGORIES",  e->categories,  sizeof e->categories },
        {"DTSTAMP",     e->stamp,       sizeof e->stamp      },
        {"CLASS",       e->class_,      sizeof e->class_     },
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        if (!strcmp(l->name, texts[i].name)) {
            cr_assert_str_empty(texts[i].to, "%s stands twice", l->name);
            cr_assert_lt(strlen(l->value), texts[i].cap);
            memcpy(texts[i].to, l->value, strlen(l->value) + 1);
        }
    if (!strcmp(l->name, "DTSTART"))
        memcpy(e->start_params, l->params, sizeof e->start_params);
    if (!strcmp(l->name, "SEQUENCE"))
        e->sequence = (int)strtol(l->value, NULL, 10);
}

static void parse(struct buf *text, struct parsed *p)
{
    const char *at = buf_cstr(text);
    struct line l;
    bool in_event = false;
    memset(p, 0, sizeof *p);
    cr_assert(next_line(&at, &l) && !strcmp(l.name, "BEGIN") && !strcmp(l.value, "VCALENDAR"));
    while (next_line(&at, &l)) {
        if (!strcmp(l.name, "BEGIN")) {
            cr_assert(!in_event && !strcmp(l.value, "VEVENT"), "%s", l.value);
            cr_assert_lt(p->n, 400u);
            in_event = true;
        } else if (!strcmp(l.name, "END")) {
            cr_assert_str_eq(l.value, in_event ? "VEVENT" : "VCALENDAR");
            if (!in_event)
                break;
            p->n++;
            in_event = false;
        } else if (in_event) {
            take(&p->at[p->n], &l);
        } else if (!strcmp(l.name, "X-WR-CALNAME")) {
            (void)snprintf(p->name, sizeof p->name, "%.190s", l.value);
        } else if (!strcmp(l.name, "VERSION")) {
            (void)snprintf(p->version, sizeof p->version, "%.9s", l.value);
        }
    }
    cr_assert_str_eq(l.name, "END");
    cr_assert_str_empty(at, "nothing stands behind the end");
}

static const struct event *find(const struct parsed *p, const char *uid)
{
    for (size_t i = 0; i < p->n; i++)
        if (!strcmp(p->at[i].uid, uid))
            return &p->at[i];
    cr_assert_fail("no event %s", uid);
    return NULL;
}

/* ---- out ---- */

static struct service s;
static struct parsed parsed;

/* One manager, one IRO, one carer (last review on 29 May 2027), a year. */
static void begin(void)
{
    service_init(&s, (struct service_size){1, 1, 1}, 1);
    s.carers[0].last_review = civil_of("2027-05-29");
    s.carers[0].ref = "C12";
    (void)service_generate(&s, civil_of("2027-06-01"), civil_of("2028-07-01"));
}

static void end(void)
{
    service_fini(&s);
    CHECK_NO_LEAKS();
}

static struct ical_feed feed(void)
{
    return (struct ical_feed){.calendar = &s.calendar,
                              .activities = &s.activities,
                              .holidays = &s.holidays,
                              .site = "Northshire, fostering",
                              .utc_ms = INT64_C(1811847845000)}; /* 2027-06-01 11:04:05 UTC */
}

static void write_and_parse(void)
{
    struct buf out = BUF_INIT;
    struct ical_feed f = feed();
    cr_assert_eq(ical_write(&f, &out), ERR_OK);
    parse(&out, &parsed);
    buf_free(&out);
}

static struct occurrence *get(const char *uid)
{
    size_t i = calendar_find_uid(&s.calendar, uid);
    cr_assert_neq(i, SIZE_MAX, "%s", uid);
    return &s.calendar.at[i];
}

Test(ical, a_second_reader_finds_every_occurrence_once)
{
    begin();
    write_and_parse();
    cr_assert_eq(parsed.n, s.calendar.n);
    cr_assert_str_eq(parsed.version, "2.0");
    cr_assert_str_eq(parsed.name, "Northshire, fostering");
    for (size_t i = 0; i < s.calendar.n; i++) {
        char uid[OCCURRENCE_UID_BYTES], whole[200], day[11], basic[20];
        const struct occurrence *o = &s.calendar.at[i];
        occurrence_uid(o, uid);
        (void)snprintf(whole, sizeof whole, "%s@northshire--fostering", uid);
        const struct event *e = find(&parsed, whole);
        civil_format(o->planned, day);
        (void)snprintf(basic, sizeof basic, "%.4s%.2s%.2s", day, day + 5, day + 8);
        cr_assert_str_eq(e->start, basic, "%s", uid);
        cr_assert_str_eq(e->start_params, ";VALUE=DATE");
        cr_assert_str_eq(e->categories, o->code);
        cr_assert_str_eq(e->status, "CONFIRMED");
        cr_assert_str_eq(e->class_, "PRIVATE");
        cr_assert_str_eq(e->stamp, "20270601T110405Z");
    }
    end();
}

Test(ical, an_event_says_what_its_limit_is_and_why)
{
    begin();
    write_and_parse();
    const struct event *e = find(&parsed, "REV/carer-C12/1@northshire--fostering");
    cr_assert_str_eq(e->start, "20280428");
    cr_assert_str_eq(e->end, "20280429", "the day after an all-day event");
    cr_assert_str_eq(e->summary, "REVn Annual review of a carer's approval: C12");
    cr_assert_str_eq(e->description, "Counted from Sat 29 May 2027: limit Mon 29 May 2028, planned "
                                     "Fri 28 Apr 2028. The limit is set by law.");
    e = find(&parsed, "TMA/person-1/2027-06-30/1@northshire--fostering");
    cr_assert_str_eq(e->summary, "TMA Case file audit by the team manager: T0");
    cr_assert_not_null(strstr(e->description, "not a legal duty"));
    end();
}

Test(ical, a_moved_event_keeps_its_uid_and_its_sequence_grows)
{
    begin();
    struct occurrence_step step = {.by = 1,
                                   .today = civil_of("2028-04-03"),
                                   .day = civil_of("2028-05-09"),
                                   .reason = "Away; back \\ in May, we hope:\n\x1b[31mred"};
    struct err_info why = {0};
    cr_assert_eq(occurrence_move(get("REV/carer-C12/1"), &step, &s.holidays, &why), ERR_OK, "%s",
                 why.text);
    write_and_parse();
    const struct event *e = find(&parsed, "REV/carer-C12/1@northshire--fostering");
    cr_assert_str_eq(e->start, "20280509");
    cr_assert_eq(e->sequence, 1);
    cr_assert_not_null(strstr(e->description, "Away; back \\ in May, we hope:"), "%s",
                       e->description);
    cr_assert_null(strchr(e->description, '\x1b'), "nothing that a screen would obey");
    end();
}

Test(ical, what_has_ended_says_how)
{
    begin();
    struct occurrence_step step = {.by = 1,
                                   .today = civil_of("2027-07-02"),
                                   .day = civil_of("2027-06-28"),
                                   .reason = "The manager was ill."};
    cr_assert_eq(occurrence_hold(get("TMA/person-1/2027-06-30/1"), &step, NULL), ERR_OK);
    cr_assert_eq(occurrence_miss(get("TMA/person-1/2027-06-30/2"), &step, NULL), ERR_OK);
    write_and_parse();
    const struct event *e = find(&parsed, "TMA/person-1/2027-06-30/1@northshire--fostering");
    cr_assert_str_eq(e->start, "20270628", "the day it was held");
    cr_assert_str_eq(e->status, "CONFIRMED");
    e = find(&parsed, "TMA/person-1/2027-06-30/2@northshire--fostering");
    cr_assert_str_eq(e->status, "CANCELLED");
    cr_assert_not_null(strstr(e->description, "Missed: The manager was ill."));
    end();
}

Test(ical, only_those_that_are_asked_for_are_written)
{
    begin();
    const size_t numbers[] = {3, 5};
    struct ical_feed f = feed();
    struct buf out = BUF_INIT;
    f.numbers = numbers;
    f.n = 2;
    cr_assert_eq(ical_write(&f, &out), ERR_OK);
    parse(&out, &parsed);
    cr_assert_eq(parsed.n, 2u);
    buf_free(&out);
    end();
}

Test(ical, another_site_reads_what_this_one_wrote)
{
    begin();
    struct ical_feed f = feed();
    struct buf out = BUF_INIT;
    struct ical_events e;
    struct err_info why = {0};
    cr_assert_eq(ical_write(&f, &out), ERR_OK);
    cr_assert_eq(ical_read("own.ics", out.data, out.len, civil_of("2027-01-01"),
                           civil_of("2029-01-01"), &e, &why),
                 ERR_OK, "%s", why.text);
    cr_assert_eq(e.n, s.calendar.n);
    bool seen = false;
    for (size_t i = 0; i < e.n; i++)
        if (!strcmp(e.at[i].uid, "REV/carer-C12/1@northshire--fostering")) {
            seen = true;
            cr_assert_str_eq(e.at[i].code, "REVn");
            cr_assert_str_eq(e.at[i].summary, "REVn Annual review of a carer's approval: C12");
            cr_assert_eq(civil_compare(e.at[i].day, civil_of("2028-04-28")), 0);
        }
    cr_assert(seen);
    ical_events_fini(&e);
    buf_free(&out);
    end();
}

/* ---- in ---- */

#define HEAD        "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:x\r\n"
#define TAIL        "END:VCALENDAR\r\n"
#define EVENT(text) "BEGIN:VEVENT\r\nDTSTAMP:20270101T000000Z\r\n" text "END:VEVENT\r\n"

struct input {
    char text[520], days[200]; /* "DAY UID[!]" each; ! is cancelled */
};

ParameterizedTestParameters(ical, only_what_is_said_is_read)
{
    static struct input rows[] = {
        {HEAD TAIL,                                                                                          ""            },
        {HEAD EVENT("UID:a\r\nDTSTART;VALUE=DATE:20270415\r\n") TAIL,                                        "2027-04-15 a"},
        {"\xef\xbb\xbf\n" HEAD EVENT("UID:a\r\nDTSTART;VALUE=DATE:20270415\r\n") TAIL "\n",
         "2027-04-15 a"                                                                                                    },
 /* 23:30 UTC in July is the next day in London; in January it is the same one */
        {HEAD EVENT("UID:a\r\nDTSTART:20270715T233000Z\r\n")
             EVENT("UID:b\r\nDTSTART:20270115T233000Z\r\n") TAIL,
         "2027-01-15 b, 2027-07-16 a"                                                                                      },
        {HEAD EVENT("UID:a\r\nDTSTART;TZID=Nowhere:20270715T233000\r\n") TAIL,                               "2027-07-15 a"},
        {HEAD EVENT("UID:a\r\nDTSTART:20270715T233000\r\nSTATUS:CANCELLED\r\nX-END:1\r\n") TAIL,
         "2027-07-15 a!"                                                                                                   },
        {HEAD EVENT("UID:a\r\nDTSTART;VALUE=DATE:20261231\r\n")
             EVENT("UID:b\r\nDTSTART;VALUE=DATE:20280101\r\n") TAIL,
         ""                                                                                                                },
        {HEAD EVENT("UID:a\r\nDTSTART;VALUE=DATE:20260120\r\nRRULE:FREQ=MONTHLY;BYDAY=3WE;"
                    "UNTIL=20270401\r\n") TAIL,
         "2027-01-20 a, 2027-02-17 a, 2027-03-17 a"                                                                        },
        {HEAD EVENT("UID:a\r\nDTSTART;VALUE=DATE:20261101\r\nRRULE:FREQ=MONTHLY;COUNT=4\r\n"
                    "EXDATE;VALUE=DATE:20270101\r\n") TAIL,
         "2027-02-01 a"                                                                                                    },
        {HEAD EVENT("UID:a\r\nDTSTART;VALUE=DATE:20270101\r\n"
                    "RDATE;VALUE=DATE:20270105,20270107\r\n") TAIL,
         "2027-01-01 a, 2027-01-05 a, 2027-01-07 a"                                                                        },
 /* one of its days was moved, and one called off */
        {HEAD EVENT("UID:a\r\nDTSTART;VALUE=DATE:20270104\r\nRRULE:FREQ=WEEKLY;COUNT=3\r\n") EVENT(
             "UID:a\r\nRECURRENCE-ID;VALUE=DATE:20270111\r\nDTSTART;VALUE=DATE:20270112\r\n") TAIL,
         "2027-01-04 a, 2027-01-12 a, 2027-01-18 a"                                                                        },
        {HEAD EVENT("UID:a\r\nDTSTART;VALUE=DATE:20270104\r\nSEQUENCE:1\r\nSTATUS:CANCELLED\r\n")
             EVENT("UID:a\r\nDTSTART;VALUE=DATE:20270104\r\nSEQUENCE:0\r\n") TAIL,
         "2027-01-04 a!"                                                                                                   },
        {HEAD "BEGIN:VTODO\r\nUID:t\r\nEND:VTODO\r\n" TAIL HEAD EVENT(
             "UID:a\r\nDTSTART;VALUE=DATE:20270104\r\n") TAIL,
         "2027-01-04 a"                                                                                                    },
        {HEAD EVENT("UID:a\r\nDTSTART;VALUE=DATE:20000101\r\nRRULE:FREQ=DAILY;BYMONTH=2;"
                    "BYMONTHDAY=30;COUNT=9\r\n") TAIL,
         ""                                                                                                                },
    };
    return cr_make_param_array(struct input, rows, sizeof rows / sizeof *rows);
}

ParameterizedTest(struct input *row, ical, only_what_is_said_is_read)
{
    struct ical_events e;
    struct err_info why = {0};
    char got[300] = "";
    cr_assert_eq(ical_read("x.ics", row->text, strlen(row->text), civil_of("2027-01-01"),
                           civil_of("2028-01-01"), &e, &why),
                 ERR_OK, "%s", why.text);
    for (size_t i = 0; i < e.n; i++) {
        char day[11];
        civil_format(e.at[i].day, day);
        (void)snprintf(got + strlen(got), sizeof got - strlen(got), "%s%s %s%s", i ? ", " : "", day,
                       e.at[i].uid, e.at[i].cancelled ? "!" : "");
    }
    cr_assert_str_eq(got, row->days, "%s, not %s: %s", got, row->days, row->text);
    ical_events_fini(&e);
    CHECK_NO_LEAKS();
}

struct refusal {
    char text[300], sentence[90];
};

ParameterizedTestParameters(ical, what_is_no_calendar_is_refused)
{
    static struct refusal rows[] = {
        {"",                                                                                      "x.ics: this is no calendar"       },
        {"Dear all, the meeting is on Friday.\n",                                                 "x.ics: this is no calendar"       },
        {"<html>BEGIN:VCALENDAR END:VCALENDAR",                                                   "x.ics: this is no calendar"       },
        {HEAD EVENT("UID:a\r\nDTSTART;VALUE=DATE:20270415\r\n"),                                  "not the whole of one"             },
        {HEAD "BEGIN:VEVENT\r\nUID:a\r\nDTSTART;VALUE=DATE:20270415\r\n",                         "not the whole of one"             },
        {"\xff\xfe" HEAD TAIL,                                                                    "x.ics: this is not text in UTF-8" },
        {HEAD EVENT("UID:a\r\n") TAIL,                                                            "x.ics: the event \"a\" has no day"},
        {HEAD EVENT("UID:a\r\nDTSTART;VALUE=DATE:20270231\r\n") TAIL,                             "the event \"a\" has no day"       },
        {HEAD EVENT("UID:a\r\nDTSTART;VALUE=DATE:00010101\r\n") TAIL,                             "from 1900 to 2199"                },
        {HEAD EVENT("SUMMARY:Visit\r\nDTSTART;VALUE=DATE:20270415\r\n") TAIL,
         "the event \"Visit\" has no UID"                                                                                            },
        {HEAD EVENT("UID:ok\r\nDTSTART;VALUE=DATE:20270415\r\n")
             EVENT("UID:a\r\nDTSTART:20270415T000000Z\r\nRRULE:FREQ=SECONDLY\r\n") TAIL,
         "the event \"a\" recurs within a day"                                                                                       },
    };
    return cr_make_param_array(struct refusal, rows, sizeof rows / sizeof *rows);
}

ParameterizedTest(struct refusal *row, ical, what_is_no_calendar_is_refused)
{
    struct ical_events e;
    struct err_info why = {0};
    cr_assert_eq(ical_read("x.ics", row->text, strlen(row->text), civil_of("2027-01-01"),
                           civil_of("2028-01-01"), &e, &why),
                 ERR_INPUT, "%s", row->text);
    cr_assert_not_null(strstr(why.text, row->sentence), "%s", why.text);
    cr_assert_eq(e.n, 0u, "nothing is half read");
    CHECK_NO_LEAKS();
}

/* Folded in the middle of a word, as some programs do and as somebody unkind would. */
Test(ical, folded_lines_are_joined_and_depth_has_an_end)
{
    static const char folded[] =
        "BEGIN:VCALE\r\n NDAR\r\nBEGIN:VEVENT\r\nUID:a\n\tb\r\nDTSTART;VALUE"
        "\r\n =DATE:20270104\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n";
    struct buf deep = BUF_INIT;
    struct ical_events e;
    struct err_info why = {0};
    cr_assert_eq(ical_read("x.ics", folded, strlen(folded), civil_of("2027-01-01"),
                           civil_of("2028-01-01"), &e, &why),
                 ERR_OK, "%s", why.text);
    cr_assert_eq(e.n, 1u);
    cr_assert_str_eq(e.at[0].uid, "ab");
    ical_events_fini(&e);
    for (int i = 0; i < 100000; i++)
        buf_append_str(&deep, i % 2 ? "BEGIN:VEVENT\r\n" : "BE\r\n GIN:VCALENDAR\r\n");
    buf_append_str(&deep, TAIL);
    cr_assert_eq(ical_read("x.ics", deep.data, deep.len, civil_of("2027-01-01"),
                           civil_of("2028-01-01"), &e, &why),
                 ERR_INPUT);
    buf_free(&deep);
    CHECK_NO_LEAKS();
}

Test(ical, a_daily_event_since_1900_ends_with_what_is_asked_for)
{
    static const char text[] =
        HEAD EVENT("UID:a\r\nDTSTART;VALUE=DATE:19000101\r\nRRULE:FREQ=DAILY\r\n") TAIL;
    struct ical_events e;
    struct err_info why = {0};
    cr_assert_eq(ical_read("x.ics", text, strlen(text), civil_of("2027-01-01"),
                           civil_of("2028-01-01"), &e, &why),
                 ERR_OK, "%s", why.text);
    cr_assert_eq(e.n, 365u);
    ical_events_fini(&e);
    cr_assert_eq(ical_read("x.ics", text, strlen(text), civil_of("1900-01-01"),
                           civil_of("2199-01-01"), &e, &why),
                 ERR_TOO_LARGE);
    cr_assert_not_null(strstr(why.text, "more than 20,000 events"), "%s", why.text);
}
