#include "server/rules/ical.h"

#include <ctype.h>
#include <libical/ical.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "common/utf8.h"

enum {
    DAY_MS = 86400000,
    MAX_RECURRING = 1000,
    MAX_EXCLUDED = 1000,
    MAX_STEPS = 100000,
    MAX_DEPTH = 8
};

/* ---- out ---- */

static struct icaltimetype ical_date(struct civil d)
{
    return (struct icaltimetype){.year = d.year, .month = d.month, .day = d.day, .is_date = 1};
}

static struct icaltimetype ical_instant(int64_t utc_ms)
{
    struct civil d = civil_of_days((utc_ms - (utc_ms % DAY_MS + DAY_MS) % DAY_MS) / DAY_MS);
    int s = (int)((utc_ms % DAY_MS + DAY_MS) % DAY_MS / 1000);
    struct icaltimetype t = ical_date(d);
    t.is_date = 0;
    t.hour = s / 3600;
    t.minute = s / 60 % 60;
    t.second = s % 60;
    t.zone = icaltimezone_get_utc_timezone();
    return t;
}

/* Of libical's malloc; false when it failed. */
static bool append_component(struct buf *out, icalcomponent *c, const char *without)
{
    char *text = icalcomponent_as_ical_string_r(c);
    if (!text)
        return false;
    size_t len = strlen(text), end = strlen(without);
    if (len >= end && !strcmp(text + len - end, without))
        len -= end;
    buf_append(out, text, len);
    icalmemory_free_buffer(text);
    return true;
}

/* Behind the @ of a UID: what a host name could be. */
static void append_host(struct buf *out, const char *site)
{
    for (; *site; site++) {
        unsigned char c = (unsigned char)*site;
        buf_append_u8(out, isalnum(c) ? (uint8_t)tolower(c) : '-');
    }
}

static void append_summary(struct buf *out, const struct ical_feed *feed,
                           const struct occurrence *o)
{
    const struct activity *row =
        feed->activities ? activities_find(feed->activities, o->code) : NULL;
    buf_append_str(out, o->code);
    if (row)
        buf_appendf(out, " %s", row->title);
    if (o->of == OCCURRENCE_OF_CARER || o->of == OCCURRENCE_OF_ASKED)
        buf_appendf(out, ": %s", o->subject);
    else if (*o->team)
        buf_appendf(out, ": %s", o->team);
}

static void append_description(struct buf *out, const struct ical_feed *feed,
                               const struct occurrence *o)
{
    static const char *const ends[] = {
        [OCCURRENCE_ENDED_HELD] = "Held",
        [OCCURRENCE_ENDED_MISSED] = "Missed",
        [OCCURRENCE_ENDED_CANCELLED] = "Cancelled",
        [OCCURRENCE_ENDED_DROPPED] = "Cancelled",
    };
    char explained[OCCURRENCE_EXPLAIN_BYTES];
    occurrence_explain(o, feed->holidays, explained);
    buf_append_str(out, explained);
    if (o->end == OCCURRENCE_OPEN)
        return;
    buf_appendf(out, " %s%s%s", ends[o->end], o->end_reason ? ": " : ".",
                o->end_reason ? o->end_reason : "");
}

/* What is written about one occurrence; the buffers are kept for the next one. */
struct writer {
    const struct ical_feed *feed;
    struct buf raw, safe;
};

static const char *safe(struct writer *w, const struct occurrence *o,
                        void (*append)(struct buf *, const struct ical_feed *,
                                       const struct occurrence *))
{
    buf_clear(&w->raw);
    append(&w->raw, w->feed, o);
    return text_safe_cstr(&w->safe, buf_cstr(&w->raw));
}

static void append_uid(struct buf *out, const struct ical_feed *feed, const struct occurrence *o)
{
    char uid[OCCURRENCE_UID_BYTES];
    occurrence_uid(o, uid);
    buf_appendf(out, "%s@", uid);
    append_host(out, feed->site);
}

static bool is_off(const struct occurrence *o)
{
    return o->end != OCCURRENCE_OPEN && o->end != OCCURRENCE_ENDED_HELD;
}

static bool write_event(struct writer *w, const struct occurrence *o, struct buf *out)
{
    struct civil day = o->end == OCCURRENCE_ENDED_HELD ? o->ended : o->planned;
    icalcomponent *c = icalcomponent_new_vevent();
    if (!c)
        return false;
    icalproperty *const properties[] = {
        icalproperty_new_uid(safe(w, o, append_uid)),
        icalproperty_new_dtstamp(ical_instant(w->feed->utc_ms)),
        icalproperty_new_dtstart(ical_date(day)),
        icalproperty_new_dtend(ical_date(civil_add_days(day, 1))),
        icalproperty_new_summary(safe(w, o, append_summary)),
        icalproperty_new_description(safe(w, o, append_description)),
        icalproperty_new_categories(o->code),
        icalproperty_new_sequence((int)o->sequence),
        icalproperty_new_status(is_off(o) ? ICAL_STATUS_CANCELLED : ICAL_STATUS_CONFIRMED),
        icalproperty_new_class(ICAL_CLASS_PRIVATE),
        icalproperty_new_transp(ICAL_TRANSP_TRANSPARENT), /* a day with one is not a busy day */
    };
    bool whole = true;
    for (size_t i = 0; i < sizeof properties / sizeof *properties; i++) {
        whole = whole && properties[i];
        if (properties[i])
            icalcomponent_add_property(c, properties[i]);
    }
    whole = whole && append_component(out, c, "");
    icalcomponent_free(c);
    return whole;
}

static const char calendar_end[] = "END:VCALENDAR\r\n";

static bool write_head(struct writer *w, struct buf *out)
{
    icalcomponent *c = icalcomponent_new_vcalendar();
    if (!c)
        return false;
    icalproperty *name = icalproperty_new_x(text_safe_cstr(&w->safe, w->feed->site));
    icalproperty *const properties[] = {
        icalproperty_new_version("2.0"),
        icalproperty_new_prodid("-//Tandem//calendar of activity//EN"),
        icalproperty_new_calscale("GREGORIAN"),
        name,
    };
    if (name)
        icalproperty_set_x_name(name, "X-WR-CALNAME");
    bool whole = true;
    for (size_t i = 0; i < sizeof properties / sizeof *properties; i++) {
        whole = whole && properties[i];
        if (properties[i])
            icalcomponent_add_property(c, properties[i]);
    }
    whole = whole && append_component(out, c, calendar_end);
    icalcomponent_free(c);
    return whole;
}

enum err ical_write(const struct ical_feed *feed, struct buf *out)
{
    struct writer w = {feed, BUF_INIT, BUF_INIT};
    size_t before = out->len, n = feed->numbers ? feed->n : feed->calendar->n;
    bool whole = write_head(&w, out);
    for (size_t i = 0; i < n && whole; i++)
        whole = write_event(&w, &feed->calendar->at[feed->numbers ? feed->numbers[i] : i], out);
    buf_append_str(out, calendar_end);
    whole = whole && !buf_failed(out) && !buf_failed(&w.raw) && !buf_failed(&w.safe);
    buf_free(&w.raw);
    buf_free(&w.safe);
    if (whole)
        return ERR_OK;
    out->len = before;
    return ERR_NOMEM;
}

/* ---- in ---- */

static void event_fini(struct ical_event *e)
{
    free(e->uid);
    free(e->summary);
    free(e->description);
    free(e->code);
}

void ical_events_fini(struct ical_events *e)
{
    for (size_t i = 0; i < e->n; i++)
        event_fini(&e->at[i]);
    free(e->at);
    *e = (struct ical_events){0};
}

/* A single day of a recurring event that another entry takes the place of. */
struct replaced {
    char *uid;
    struct civil day;
};

struct reading {
    const char *name;
    struct civil from, until;
    struct ical_events *out;
    size_t cap;
    bool *recurs; /* of each event: is it a day of a recurring one? */
    struct replaced *replaced;
    size_t nreplaced;
    struct civil excluded[MAX_EXCLUDED]; /* by the event that is read now */
    size_t nexcluded;
    unsigned nrecurring, steps; /* what an unkind file could make us count */
    struct err_info *why;
};

static enum err refuse(const struct reading *r, enum err code, const char *uid, const char *text)
{
    struct buf name = BUF_INIT, about = BUF_INIT;
    const char *shown = text_safe_cstr(&name, r->name);
    const char *event = uid ? text_safe_cstr(&about, uid) : "";
    enum err e = err_set(r->why, code, "%.100s: %s%.80s%s%s", shown, uid ? "the event \"" : "",
                         event, uid ? "\" " : "", text);
    buf_free(&name);
    buf_free(&about);
    return e;
}

/* Returns new: at most ICAL_MAX_TEXT bytes, cut between characters, safe to show. */
static char *copy(const char *text)
{
    struct buf safe = BUF_INIT;
    text_safe(&safe, text ? text : "", text ? strlen(text) : 0, true);
    size_t len = safe.len < ICAL_MAX_TEXT ? safe.len : ICAL_MAX_TEXT;
    while (len && len < safe.len && (safe.data[len] & 0xc0) == 0x80)
        len--;
    char *out = buf_failed(&safe) ? NULL : strndup(len ? (const char *)safe.data : "", len);
    buf_free(&safe);
    return out;
}

/* What the event says, once for all of its days. */
struct said {
    const char *uid, *summary, *description, *code; /* borrowed from libical */
    uint32_t sequence;
    bool cancelled;
};

static bool is_asked_for(const struct reading *r, struct civil day)
{
    return civil_compare(day, r->from) >= 0 && civil_compare(day, r->until) < 0;
}

static enum err put(struct reading *r, const struct said *s, struct civil day, bool recurs)
{
    struct ical_events *out = r->out;
    if (!is_asked_for(r, day))
        return ERR_OK;
    if (out->n == ICAL_MAX_EVENTS)
        return refuse(r, ERR_TOO_LARGE, NULL,
                      "there are more than 20,000 events: take fewer years at once.");
    if (out->n == r->cap) {
        size_t cap = r->cap ? 2 * r->cap : 64;
        struct ical_event *at = realloc(out->at, cap * sizeof *at);
        out->at = at ? at : out->at;
        bool *flags = at ? realloc(r->recurs, cap * sizeof *flags) : NULL;
        r->recurs = flags ? flags : r->recurs;
        if (!flags)
            return ERR_NOMEM;
        r->cap = cap;
    }
    struct ical_event e = {.uid = strdup(s->uid),
                           .summary = copy(s->summary),
                           .description = copy(s->description),
                           .code = copy(s->code),
                           .day = day,
                           .sequence = s->sequence,
                           .cancelled = s->cancelled};
    if (!e.uid || !e.summary || !e.description || !e.code) {
        event_fini(&e);
        return ERR_NOMEM;
    }
    r->recurs[out->n] = recurs;
    out->at[out->n++] = e;
    return ERR_OK;
}

static bool is_possible(struct icaltimetype t)
{
    return t.year >= CIVIL_YEAR_FIRST && t.year <= CIVIL_YEAR_LAST &&
           civil_is_real((struct civil){t.year, t.month, t.day});
}

/* An instant falls on its day in London, another time on the day that is written. */
static struct civil day_of(struct icaltimetype t)
{
    struct civil d = {t.year, t.month, t.day};
    if (t.is_date || !icaltime_is_utc(t))
        return d;
    int64_t s = t.hour * 3600 + t.minute * 60 + t.second;
    return civil_today(civil_days(d) * DAY_MS + s * 1000);
}

static const char *property_text(icalcomponent *c, icalproperty_kind kind)
{
    icalproperty *p = icalcomponent_get_first_property(c, kind);
    icalvalue *v = p ? icalproperty_get_value(p) : NULL;
    const char *text = v ? icalvalue_get_text(v) : NULL;
    return text ? text : "";
}

/* All at once: a component goes through one kind of its properties at a time. */
static enum err read_excluded(struct reading *r, icalcomponent *c, const struct said *s)
{
    r->nexcluded = 0;
    for (icalproperty *p = icalcomponent_get_first_property(c, ICAL_EXDATE_PROPERTY); p;
         p = icalcomponent_get_next_property(c, ICAL_EXDATE_PROPERTY)) {
        if (r->nexcluded == MAX_EXCLUDED)
            return refuse(r, ERR_TOO_LARGE, s->uid, "has more than 1,000 days that it leaves out.");
        struct icaltimetype t = icalproperty_get_exdate(p);
        if (is_possible(t))
            r->excluded[r->nexcluded++] = day_of(t);
    }
    return ERR_OK;
}

static bool is_excluded(const struct reading *r, struct civil day)
{
    for (size_t i = 0; i < r->nexcluded; i++)
        if (!civil_compare(r->excluded[i], day))
            return true;
    return false;
}

static enum err rule_check(struct reading *r, const struct said *s,
                           const struct icalrecurrencetype *rule)
{
    bool within_a_day = rule->freq < ICAL_DAILY_RECURRENCE ||
                        *rule->by_hour != ICAL_RECURRENCE_ARRAY_MAX ||
                        *rule->by_minute != ICAL_RECURRENCE_ARRAY_MAX ||
                        *rule->by_second != ICAL_RECURRENCE_ARRAY_MAX;
    if (within_a_day)
        return refuse(r, ERR_INPUT, s->uid, "recurs within a day: the calendar holds days.");
    if (++r->nrecurring > MAX_RECURRING)
        return refuse(r, ERR_TOO_LARGE, NULL, "more than 1,000 events recur: take fewer at once.");
    return ERR_OK;
}

/* Without COUNT nothing before the days that are asked for has to be gone through. */
static icalrecur_iterator *iterator_new(const struct reading *r, struct icalrecurrencetype rule,
                                        struct icaltimetype start)
{
    struct icaltimetype end = ical_date(r->until), first = start;
    struct civil from = civil_add_days(r->from, -1); /* an instant may fall on the next day here */
    bool counted = rule.count != 0;
    rule.count = 0; /* counted by who reads: with an end, it never looks for a day for ever */
    if (icaltime_is_null_time(rule.until) || rule.until.year > end.year)
        rule.until = end;
    icalrecur_iterator *it = icalrecur_iterator_new(rule, start);
    if (!it || counted || civil_compare(from, day_of(start)) <= 0)
        return it;
    first.year = from.year;
    first.month = from.month;
    first.day = from.day;
    (void)icalrecur_iterator_set_start(it, first);
    return it;
}

static enum err put_recurring(struct reading *r, const struct said *s, struct icaltimetype start,
                              struct icalrecurrencetype rule)
{
    enum err e = rule_check(r, s, &rule);
    if (e)
        return e;
    icalrecur_iterator *it = iterator_new(r, rule, start);
    if (!it)
        return refuse(r, ERR_INPUT, s->uid, "has a recurrence that gives no days: correct it.");
    for (int nth = 1; !e && (!rule.count || nth <= rule.count); nth++) {
        struct icaltimetype t = icalrecur_iterator_next(it);
        if (icaltime_is_null_time(t) || !is_possible(t))
            break;
        struct civil day = day_of(t);
        if (civil_compare(day, r->until) >= 0)
            break;
        if (++r->steps > MAX_STEPS)
            e = refuse(r, ERR_TOO_LARGE, NULL, "it recurs too often: take fewer years at once.");
        else if (is_asked_for(r, day) && !is_excluded(r, day))
            e = put(r, s, day, true);
    }
    icalrecur_iterator_free(it);
    return e;
}

static enum err put_further(struct reading *r, icalcomponent *c, const struct said *s)
{
    enum err e = ERR_OK;
    for (icalproperty *p = icalcomponent_get_first_property(c, ICAL_RDATE_PROPERTY); p && !e;
         p = icalcomponent_get_next_property(c, ICAL_RDATE_PROPERTY)) {
        struct icaldatetimeperiodtype d = icalproperty_get_rdate(p);
        struct icaltimetype t = icaltime_is_null_time(d.time) ? d.period.start : d.time;
        if (is_possible(t) && is_asked_for(r, day_of(t)) && !is_excluded(r, day_of(t)))
            e = put(r, s, day_of(t), true);
    }
    return e;
}

static enum err note_replaced(struct reading *r, const struct said *s, struct icaltimetype id)
{
    struct replaced *more = realloc(r->replaced, (r->nreplaced + 1) * sizeof *more);
    if (!more)
        return ERR_NOMEM;
    r->replaced = more;
    more[r->nreplaced] = (struct replaced){strdup(s->uid), day_of(id)};
    return more[r->nreplaced++].uid ? ERR_OK : ERR_NOMEM;
}

static enum err read_event(struct reading *r, icalcomponent *c)
{
    icalproperty *start = icalcomponent_get_first_property(c, ICAL_DTSTART_PROPERTY);
    icalproperty *rule = icalcomponent_get_first_property(c, ICAL_RRULE_PROPERTY);
    icalproperty *id = icalcomponent_get_first_property(c, ICAL_RECURRENCEID_PROPERTY);
    icalproperty *sequence = icalcomponent_get_first_property(c, ICAL_SEQUENCE_PROPERTY);
    int number = sequence ? icalproperty_get_sequence(sequence) : 0;
    const struct said s = {.uid = property_text(c, ICAL_UID_PROPERTY),
                           .summary = property_text(c, ICAL_SUMMARY_PROPERTY),
                           .description = property_text(c, ICAL_DESCRIPTION_PROPERTY),
                           .code = property_text(c, ICAL_CATEGORIES_PROPERTY),
                           .sequence = number > 0 ? (uint32_t)number : 0,
                           .cancelled = icalcomponent_get_status(c) == ICAL_STATUS_CANCELLED};
    if (!*s.uid)
        return refuse(r, ERR_INPUT, *s.summary ? s.summary : "?",
                      "has no UID: export the calendar again.");
    struct icaltimetype t = start ? icalproperty_get_dtstart(start) : icaltime_null_time();
    if (!is_possible(t))
        return refuse(r, ERR_INPUT, s.uid, "has no day (DTSTART) from 1900 to 2199: correct it.");
    if (id) {
        struct icaltimetype other = icalproperty_get_recurrenceid(id);
        enum err e = is_possible(other) ? note_replaced(r, &s, other) : ERR_OK;
        return e ? e : put(r, &s, day_of(t), false);
    }
    if (!rule && !icalcomponent_get_first_property(c, ICAL_RDATE_PROPERTY))
        return put(r, &s, day_of(t), false);
    enum err e = read_excluded(r, c, &s);
    if (e)
        return e;
    e = rule ? put_recurring(r, &s, t, icalproperty_get_rrule(rule)) : put(r, &s, day_of(t), true);
    return e ? e : put_further(r, c, &s);
}

static enum err read_calendar(struct reading *r, icalcomponent *calendar)
{
    enum err e = ERR_OK;
    for (icalcomponent *c = icalcomponent_get_first_component(calendar, ICAL_ANY_COMPONENT);
         c && !e; c = icalcomponent_get_next_component(calendar, ICAL_ANY_COMPONENT)) {
        icalcomponent_kind kind = icalcomponent_isa(c);
        if (kind == ICAL_VEVENT_COMPONENT)
            e = read_event(r, c);
        else if (kind == ICAL_VTODO_COMPONENT || kind == ICAL_VJOURNAL_COMPONENT)
            r->out->nother++;
        else if (kind == ICAL_VCALENDAR_COMPONENT)
            e = read_calendar(r, c); /* several in one file */
    }
    return e;
}

/* ---- days that another entry has replaced ---- */

static int by_uid_and_day(const void *a, const void *b)
{
    const struct replaced *x = a, *y = b;
    int order = strcmp(x->uid, y->uid);
    return order ? order : civil_compare(x->day, y->day);
}

static bool is_replaced(const struct reading *r, const struct ical_event *e)
{
    const struct replaced like = {e->uid, e->day};
    return r->nreplaced &&
           bsearch(&like, r->replaced, r->nreplaced, sizeof like, by_uid_and_day) != NULL;
}

static int by_day(const void *a, const void *b)
{
    const struct ical_event *x = a, *y = b;
    int order = civil_compare(x->day, y->day);
    return order ? order : strcmp(x->uid, y->uid);
}

static int by_day_newest_first(const void *a, const void *b)
{
    const struct ical_event *x = a, *y = b;
    int order = by_day(a, b);
    return order ? order : (x->sequence < y->sequence) - (x->sequence > y->sequence);
}

/* The same event on the same day, said twice: the newest stays. */
static void leave_out_doubles(struct ical_events *out)
{
    size_t kept = 0;
    for (size_t i = 0; i < out->n; i++)
        if (kept && !by_day(&out->at[kept - 1], &out->at[i]))
            event_fini(&out->at[i]);
        else
            out->at[kept++] = out->at[i];
    out->n = kept;
}

static void settle(struct reading *r)
{
    struct ical_events *out = r->out;
    size_t kept = 0;
    if (r->nreplaced)
        qsort(r->replaced, r->nreplaced, sizeof *r->replaced, by_uid_and_day);
    for (size_t i = 0; i < out->n; i++)
        if (r->recurs[i] && is_replaced(r, &out->at[i]))
            event_fini(&out->at[i]);
        else
            out->at[kept++] = out->at[i];
    out->n = kept;
    if (kept)
        qsort(out->at, kept, sizeof *out->at, by_day_newest_first);
    leave_out_doubles(out);
}

/* ---- doors ---- */

/* Its first and last words; behind and between is libical's business. */
static bool is_calendar(const char *text)
{
    static const char begin[] = "begin:vcalendar", end[] = "end:vcalendar"; /* any case */
    if (!strncmp(text, "\xef\xbb\xbf", 3))
        text += 3;
    text += strspn(text, " \t\r\n");
    size_t len = strlen(text), nend = strlen(end);
    while (len && strchr(" \t\r\n", text[len - 1]))
        len--;
    return !strncasecmp(text, begin, strlen(begin)) && len > nend &&
           !strncasecmp(text + len - nend, end, nend);
}

/* Joins folded lines, as libical would: so that what begins with BEGIN: can be seen. */
static void unfold(char *text)
{
    char *to = text;
    for (const char *s = text; *s; s++) {
        size_t end = strncmp(s, "\r\n", 2) ? *s == '\n' : 2;
        if (end && (s[end] == ' ' || s[end] == '\t'))
            s += end;
        else
            *to++ = *s;
    }
    *to = 0;
}

static bool is_property(const char *line, const char *name)
{
    size_t len = strlen(name);
    return !strncasecmp(line, name, len) && (line[len] == ':' || line[len] == ';');
}

/* Each END: has its BEGIN:, and there is an end to their depth: calendars are two or three deep,
 * and libical goes as deep as the text does. */
static bool is_nested(const char *text)
{
    int depth = 0;
    while (text && depth >= 0 && depth <= MAX_DEPTH) {
        text += strspn(text, " \t\r\n");
        depth += is_property(text, "begin");
        depth -= is_property(text, "end");
        text = strchr(text, '\n');
    }
    return depth == 0;
}

static enum err read_text(struct reading *r, char *text)
{
    const char *begin = strncmp(text, "\xef\xbb\xbf", 3) ? text : text + 3;
    unfold(text);
    bool whole = is_calendar(text) && is_nested(begin);
    icalcomponent *root = whole ? icalparser_parse_string(begin) : NULL;
    if (!root)
        return refuse(r, ERR_INPUT, NULL,
                      "this is no calendar (an .ics file from BEGIN:VCALENDAR to END:VCALENDAR), "
                      "or not the whole of one. Export it again.");
    enum err e = read_calendar(r, root);
    icalcomponent_free(root);
    return e;
}

enum err ical_read(const char *name, const void *data, size_t len_bytes, struct civil from,
                   struct civil until, struct ical_events *out, struct err_info *why)
{
    struct reading r = {.name = name, .from = from, .until = until, .out = out, .why = why};
    *out = (struct ical_events){0};
    if (len_bytes > ICAL_MAX_BYTES)
        return refuse(&r, ERR_TOO_LARGE, NULL, "a calendar may have 4 MiB.");
    if (utf8_count(data, len_bytes) < 0 || memchr(data, 0, len_bytes))
        return refuse(&r, ERR_INPUT, NULL, "this is not text in UTF-8: export it as an .ics file.");
    char *text = strndup(len_bytes ? data : "", len_bytes);
    enum err e = text ? read_text(&r, text) : ERR_NOMEM;
    if (!e)
        settle(&r);
    if (e == ERR_NOMEM)
        e = refuse(&r, e, NULL, err_text(e));
    if (e)
        ical_events_fini(out);
    for (size_t i = 0; i < r.nreplaced; i++)
        free(r.replaced[i].uid);
    free(r.replaced);
    free(r.recurs);
    free(text);
    return e;
}
