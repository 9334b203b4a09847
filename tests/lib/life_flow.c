#include "tests/lib/life_flow.h"

#include <criterion/criterion.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "server/rules/civil.h"

/* ---- people ---- */

static const struct {
    const char *profile, *name, *role;
} people[] = {
    {"ana",  "Ana Flint",  "FRO:north"},
    {"ben",  "Ben Okafor", "FSW:north"},
    {"cleo", "Cleo Marsh", "CSW:north"},
    {"tom",  "Tom Reed",   "FTM:north"},
    {"sue",  "Sue Park",   "SM:north" },
    {"hugh", "Hugh Lowe",  "HOS:north"},
    {"rob",  "Rob Vane",   "FRO:south"},
    {"sid",  "Sid Cole",   "FSW:south"},
    {"carl", "Carl Dunn",  "CSW:south"},
    {"fay",  "Fay Hill",   "FTM:south"},
    {"stan", "Stan Grey",  "SM:south" },
    {"iris", "Iris Moor",  "IRO"      },
    {"ivor", "Ivor Penn",  "IRO"      },
    {"mae",  "Mae Lund",   "IROM"     },
    {"quin", "Quin Day",   "QA"       },
    {"dora", "Dora Bell",  "DIR"      },
    {"eve",  "Eve Stone",  "EXEC"     },
    {"lea",  "Lea Frost",  "LADO"     },
    {"bea",  "Bea Wynn",   "BOARD"    },
    {"paul", "Paul Kerr",  "PANEL"    },
    {"sal",  "Sal Noor",   "SSL"      },
    {"cora", "Cora Pike",  "COMP"     },
    {"olga", "Olga Reid",  "ADMIN"    },
};
enum { PEOPLE = sizeof people / sizeof *people };

static size_t number_of(const char *profile)
{
    for (size_t i = 0; i < PEOPLE; i++)
        if (!strcmp(people[i].profile, profile))
            return i;
    cr_assert_fail("there is no %s in the story", profile);
    return 0;
}

void story_up(struct story *s)
{
    *s = (struct story){0};
    daemon_init(&s->d);
    daemon_start(&s->d);
    daemon_env(&s->d);
    for (size_t i = 0; i < PEOPLE; i++)
        s->codes[i] = daemon_add_person(&s->d, people[i].name, people[i].role);
}

void story_down(struct story *s)
{
    daemon_remove(&s->d);
    for (size_t i = 0; i < PEOPLE; i++)
        free(s->codes[i]);
}

static void enrol(struct story *s, const char *profile)
{
    size_t i = number_of(profile);
    if (s->enrolled[i])
        return;
    struct run r = RUN("tandem", "enrol", s->codes[i], "--as", profile);
    cr_assert_eq(r.exit_code, 0, "enrol %s: %s", profile, run_err(&r));
    run_free(&r);
    s->enrolled[i] = true;
}

/* ---- lines ---- */

static void put_day(const char **at, struct buf *out)
{
    char *end, day[11];
    long days = strtol(*at, &end, 10);
    civil_format(civil_add_days(civil_today(clock_utc_ms()), days), day);
    buf_append_str(out, day);
    *at = end;
}

static void expand(const struct story *s, const char *line, struct buf *out)
{
    while (*line) {
        if (!strncmp(line, "REF", 3)) {
            buf_append_str(out, s->ref);
            line += 3;
        } else if (!strncmp(line, "OTHER", 5)) {
            buf_append_str(out, s->other);
            line += 5;
        } else if (!strncmp(line, "DAY+", 4) || !strncmp(line, "DAY-", 4)) {
            line += 3;
            put_day(&line, out);
        } else {
            buf_append_u8(out, (uint8_t)*line++);
        }
    }
}

enum { WORDS = 32 };

/* Cuts `line` into words, in place. */
static size_t cut(char *line, const char **words)
{
    size_t n = 0;
    for (char *p = line; *p;) {
        p += strspn(p, " ");
        bool quoted = *p == '\'';
        p += quoted;
        if (!*p && !quoted)
            break;
        cr_assert_lt(n, WORDS - 4u);
        words[n++] = p;
        p += strcspn(p, quoted ? "'" : " ");
        cr_assert(*p || !quoted, "a quote is not closed: %s", words[n - 1]);
        if (*p)
            *p++ = '\0';
    }
    return n;
}

static struct run run_line(struct story *s, const char *who, const char *line, const char *input,
                           bool json)
{
    struct buf whole = BUF_INIT;
    const char *argv[WORDS] = {"tandem"};
    enrol(s, who);
    expand(s, line, &whole);
    char *words = strdup(buf_cstr(&whole));
    size_t n = 1 + cut(words, argv + 1);
    argv[n++] = "--as";
    argv[n++] = who;
    argv[n++] = json ? "--json" : NULL;
    struct run r = run_program(input, argv);
    free(words);
    buf_free(&whole);
    return r;
}

static bool says(struct run *r, const char *words)
{
    return strstr(run_out(r), words) || strstr(run_err(r), words);
}

static void run_to(struct story *s, const char *who, const char *line, const char *input,
                   int exit_code, const char *words)
{
    struct run r = run_line(s, who, line, input, false);
    cr_assert_eq(r.exit_code, exit_code, "%s: tandem %s: exit %d, not %d: %s%s", who, line,
                 r.exit_code, exit_code, run_out(&r), run_err(&r));
    cr_assert(says(&r, words), "%s: tandem %s: \"%s\" is not said: %s%s", who, line, words,
              run_out(&r), run_err(&r));
    run_free(&r);
}

void story_do(struct story *s, const char *who, const char *line, const char *words)
{
    run_to(s, who, line, NULL, 0, words);
}

void story_pipe(struct story *s, const char *who, const char *line, const char *input)
{
    run_to(s, who, line, input, 0, "");
}

char *story_say(struct story *s, const char *who, const char *line)
{
    struct run r = run_line(s, who, line, NULL, false);
    cr_assert_eq(r.exit_code, 0, "%s: tandem %s: %s", who, line, run_err(&r));
    char *said = strdup(run_out(&r));
    run_free(&r);
    return said;
}

static json_t *json_line(struct story *s, const char *who, const char *line)
{
    struct run r = run_line(s, who, line, NULL, true);
    cr_assert_eq(r.exit_code, 0, "%s: tandem %s: %s", who, line, run_err(&r));
    json_t *j = json_loads(run_out(&r), 0, NULL);
    cr_assert_not_null(j, "tandem %s: not JSON: %s", line, run_out(&r));
    run_free(&r);
    return j;
}

static void new_record(struct story *s, const char *who, const char *line, char ref[32])
{
    json_t *j = json_line(s, who, line);
    const char *made = json_string_value(json_object_get(j, "ref"));
    cr_assert(made && *made, "tandem %s: no record was made", line);
    (void)snprintf(ref, 32, "%s", made);
    json_decref(j);
}

void story_new(struct story *s, const char *who, const char *line)
{
    new_record(s, who, line, s->ref);
}

void story_new_other(struct story *s, const char *who, const char *line)
{
    new_record(s, who, line, s->other);
}

/* ---- refusals ---- */

/* Every record, and when its last event was, as the one tells who may read all of them. */
static char *all_logs(struct story *s)
{
    static const char *const keys[] = {"ref", "state", "changed"};
    struct buf all = BUF_INIT;
    json_t *list = json_line(s, "quin", "audits"), *row;
    size_t k;
    json_array_foreach(list, k, row)
    {
        for (size_t j = 0; j < sizeof keys / sizeof *keys; j++)
            buf_appendf(&all, "%s ", json_string_value(json_object_get(row, keys[j])));
        buf_append_u8(&all, '\n');
    }
    json_decref(list);
    char *text = strdup(buf_cstr(&all));
    buf_free(&all);
    return text;
}

void story_not(struct story *s, const char *who, const char *line, int exit_code, const char *words)
{
    char *before = all_logs(s);
    run_to(s, who, line, NULL, exit_code, words);
    char *after = all_logs(s);
    cr_assert_str_eq(before, after, "%s: tandem %s was refused and changed something", who, line);
    free(before);
    free(after);
}

/* ---- what stands ---- */

/* What is at `path` of `whole`; NULL: nothing. */
static json_t *part_at(json_t *whole, const char *path)
{
    json_t *at = whole;
    char key[64];
    for (const char *p = path; at && *p;) {
        size_t n = strcspn(p, "/");
        (void)snprintf(key, sizeof key, "%.*s", (int)n, p);
        p += n + (p[n] == '/');
        long i = strtol(key, NULL, 10);
        if (json_is_array(at))
            at = json_array_get(at, i < 0 ? json_array_size(at) - (size_t)-i : (size_t)i);
        else
            at = json_object_get(at, key);
    }
    return at;
}

static char *told(json_t *part)
{
    return json_is_string(part) ? strdup(json_string_value(part))
                                : json_dumps(part, JSON_ENCODE_ANY);
}

char *story_json(struct story *s, const char *who, const char *line, const char *path)
{
    json_t *whole = json_line(s, who, line), *part = part_at(whole, path);
    cr_assert_not_null(part, "tandem %s --json has no %s", line, path);
    char *value = told(part);
    json_decref(whole);
    return value;
}

char *story_shown(struct story *s, const char *who, const char *path)
{
    return story_json(s, who, "show REF", path);
}

char *story_awaited(struct story *s, const char *who, const char *path)
{
    enum { TURNS = 300 };
    char *value = NULL;
    for (size_t i = 0; i < TURNS && !value; i++) {
        json_t *whole = json_line(s, who, "show REF"), *part = part_at(whole, path);
        value = part ? told(part) : NULL;
        json_decref(whole);
    }
    cr_assert_not_null(value, "show REF --json never has %s", path);
    return value;
}

char *story_value(struct story *s, const char *who, const char *question, const char *part)
{
    json_t *shown = json_line(s, who, "show REF"), *section, *q;
    const char *value = NULL;
    size_t i, k;
    json_array_foreach(json_object_get(shown, "sections"), i, section)
    {
        json_array_foreach(json_object_get(section, "questions"), k, q)
        {
            if (strcmp(json_string_value(json_object_get(q, "code")), question) != 0)
                continue;
            json_t *values = json_object_get(q, "values"), *text = json_object_get(q, "texts");
            value = json_string_value(json_object_get(json_object_get(values, part), "value"));
            value = value ? value : json_string_value(json_object_get(text, part));
        }
    }
    char *copy = strdup(value ? value : "");
    json_decref(shown);
    return copy;
}

void story_state(struct story *s, const char *code)
{
    static const char *const readers[] = {"quin", "iris", "sue"};
    for (size_t i = 0; i < sizeof readers / sizeof *readers; i++) {
        enrol(s, readers[i]);
        struct run r = run_line(s, readers[i], "show REF", NULL, true);
        json_t *j = r.exit_code ? NULL : json_loads(run_out(&r), 0, NULL);
        run_free(&r);
        if (!j)
            continue;
        cr_assert_str_eq(json_string_value(json_object_get(j, "state")), code);
        json_decref(j);
        return;
    }
    cr_assert_fail("%s can be read by nobody", s->ref);
}

/* ---- inboxes ---- */

static int by_name(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* "b: y x; a: z" as "a z\nb x\nb y\n": one line for each, sorted. */
static char *sorted(char *list)
{
    char *lines[128], *outer, *inner;
    size_t n = 0;
    struct buf out = BUF_INIT;
    for (char *one = strtok_r(list, ";", &outer); one; one = strtok_r(NULL, ";", &outer)) {
        char *name = strtok_r(one, ": ", &inner);
        for (char *kind; name && (kind = strtok_r(NULL, ": ", &inner));) {
            cr_assert_lt(n, 128u);
            cr_assert_geq(asprintf(&lines[n++], "%s: %s\n", name, kind), 0);
        }
    }
    qsort(lines, n, sizeof *lines, by_name);
    for (size_t i = 0; i < n; i++) {
        buf_append_str(&out, lines[i]);
        free(lines[i]);
    }
    char *text = strdup(buf_cstr(&out));
    buf_free(&out);
    return text;
}

/* Their duties about REF by `inbox`, "ana: agree prepare_view;". */
static void add_inbox(struct story *s, const char *who, struct buf *out)
{
    json_t *list = json_line(s, who, "inbox"), *d;
    size_t i;
    buf_appendf(out, "%s:", who);
    json_array_foreach(list, i, d)
    {
        const char *ref = json_string_value(json_object_get(d, "ref"));
        if (ref && !strcmp(ref, s->ref))
            buf_appendf(out, " %s", json_string_value(json_object_get(d, "kind")));
    }
    buf_append_str(out, ";");
    json_decref(list);
}

/* The same by `next`; nothing when they may not know of the record. */
static void add_next(struct story *s, const char *who, struct buf *out)
{
    struct run r = run_line(s, who, "next REF", NULL, true);
    json_t *next = r.exit_code ? NULL : json_loads(run_out(&r), 0, NULL), *d;
    size_t i;
    buf_appendf(out, "%s:", who);
    json_array_foreach(json_object_get(next, "duties"), i, d)
    {
        if (json_is_true(json_object_get(d, "mine")))
            buf_appendf(out, " %s", json_string_value(json_object_get(d, "kind")));
    }
    buf_append_str(out, ";");
    json_decref(next);
    run_free(&r);
}

void story_waits(struct story *s, const char *expected)
{
    struct buf inboxes = BUF_INIT, nexts = BUF_INIT;
    for (size_t i = 0; i < PEOPLE; i++)
        if (s->enrolled[i] || strstr(expected, people[i].profile)) {
            enrol(s, people[i].profile);
            add_inbox(s, people[i].profile, &inboxes);
            add_next(s, people[i].profile, &nexts);
        }
    char *list = strdup(expected), *in = strdup(buf_cstr(&inboxes)), *to = strdup(buf_cstr(&nexts));
    char *wanted = sorted(list), *found = sorted(in), *said = sorted(to);
    cr_assert_str_eq(found, wanted, "the inboxes have:\n%s\nnot:\n%s", found, wanted);
    cr_assert_str_eq(said, found, "next says:\n%s\nthe inboxes have:\n%s", said, found);
    free(list);
    free(in);
    free(to);
    free(wanted);
    free(found);
    free(said);
    buf_free(&inboxes);
    buf_free(&nexts);
}

/* ---- writing ---- */

void story_write(struct story *s, const char *who, const char *lines)
{
    struct buf script = BUF_INIT;
    expand(s, lines, &script);
    buf_append_str(&script, "\nquit\n");
    struct run r = run_line(s, who, "open REF --plain", buf_cstr(&script), false);
    cr_assert_eq(r.exit_code, 0, "%s: open: %s%s", who, run_out(&r), run_err(&r));
    const char *no = strstr(run_out(&r), "Not done");
    no = no ? no : strstr(run_out(&r), "Refused");
    cr_assert_null(no, "%s writes:\n%s\n%.400s", who, lines, no);
    run_free(&r);
    buf_free(&script);
}
