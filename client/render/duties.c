#include "client/render/duties.h"

#include <string.h>

#include "client/render/render.h"
#include "common/utf8.h"

static void safe(struct buf *out, const char *s)
{
    text_safe(out, s, strlen(s), false);
}

/* ---- one duty ---- */

void render_clock(const Tandem__Duty *d, struct buf *out)
{
    if (!d->due[0])
        return;
    if (d->days_left < 0)
        buf_appendf(out, "%d wd late", -(int)d->days_left);
    else if (!d->days_left)
        buf_append_str(out, "today");
    else
        buf_appendf(out, "in %d wd", (int)d->days_left);
}

/* What is not a question of writing has a command of its own: by the duty's kind, as the server's
 * rules name it. The rest is written in the room. */
static const struct duty_command {
    const char *kind;
    const char *before, *after; /* the reference stands between them */
} commands[] = {
    {"prepare_open",       "tandem move ",             " IN_PROGRESS"       },
    {"agree",              "tandem sign ",             ""                   },
    {"submit",             "tandem next ",             ""                   },
    {"assign",             "tandem assign ",           " PERSON"            },
    {"return",             "tandem move ",             " MODERATING"        },
    {"assure",             "tandem next ",             ""                   },
    {"action",             "tandem actions ",          ""                   },
    {"verify",             "tandem actions ",          ""                   },
    {"impact",             "tandem actions ",          ""                   },
    {"close",              "tandem move ",             " CLOSED"            },
    {"reaudit",            "tandem next ",             ""                   },
    {"stage_answer",       "tandem challenge answer ", " TEXT"              },
    {"stage_next",         "tandem next ",             ""                   },
    {"meeting_hold",       "tandem move ",             " IN_PROGRESS"       },
    {"meeting_late",       "tandem plan ",             " DATE --reason TEXT"},
    {"flag",               "tandem flags ",            ""                   },
    {"break_glass_notice", "tandem readers ",          ""                   },
};

void render_duty_command(const Tandem__Duty *d, struct buf *out)
{
    const struct duty_command *found = NULL;
    for (size_t i = 0; !found && i < sizeof commands / sizeof *commands; i++)
        if (!strcmp(commands[i].kind, d->kind))
            found = &commands[i];
    buf_append_str(out, found ? found->before : "tandem open ");
    safe(out, d->ref);
    buf_append_str(out, found ? found->after : "");
}

static void pad_to(struct buf *out, size_t from, size_t width)
{
    for (size_t n = (size_t)utf8_count((const char *)out->data + from, out->len - from); n < width;
         n++)
        buf_append_u8(out, ' ');
}

void render_duty(const Tandem__Duty *d, struct buf *out)
{
    enum { CLOCK_COLS = 10, REF_COLS = 13 };
    size_t from = out->len;
    render_clock(d, out);
    pad_to(out, from, CLOCK_COLS);
    buf_append_str(out, "  ");
    from = out->len;
    safe(out, d->ref);
    pad_to(out, from, REF_COLS);
    buf_append_str(out, "  ");
    if (!d->mine && (d->name[0] || d->role)) {
        safe(out, d->name[0] ? d->name : role_code((enum role)d->role));
        buf_append_str(out, ": ");
    }
    safe(out, d->text);
    buf_append_str(out, " - ");
    render_duty_command(d, out);
}

json_t *render_duty_json(const Tandem__Duty *d)
{
    struct buf command = BUF_INIT;
    render_duty_command(d, &command);
    json_t *j = json_pack(
        "{s:s, s:s, s:s, s:s, s:s, s:s, s:i, s:s, s:s, s:s, s:s, s:s, s:i, s:b, s:s, s:s}", "ref",
        d->ref, "template", d->template_id, "team", d->team, "state",
        audit_state_code((enum audit_state)d->state), "kind", d->kind, "text", d->text, "person",
        (int)d->person, "name", d->name, "role", d->role ? role_code((enum role)d->role) : "",
        "due", d->due, "first_due", d->first_due, "since", d->since, "days_left", (int)d->days_left,
        "mine", (int)d->mine, "level", d->level, "command", buf_cstr(&command));
    buf_free(&command);
    if (j && !d->due[0])
        (void)json_object_set_new(j, "days_left", json_null());
    return j;
}

/* ---- lists ---- */

/* In the order of a day's work. */
static const struct group {
    const char *title;
    bool dated, coming;
    int sign; /* of days_left */
} groups[] = {
    {"Late",          true,  false, -1},
    {"Today",         true,  false, 0 },
    {"Coming",        true,  true,  1 },
    {"Without a day", false, false, 0 },
};
enum { GROUPS = sizeof groups / sizeof *groups };

static size_t group_of(const Tandem__Duty *d)
{
    if (!d->due[0])
        return GROUPS - 1;
    return d->days_left < 0 ? 0 : d->days_left ? 2 : 1;
}

size_t render_duties(Tandem__Duty *const *duties, size_t n, size_t most, struct buf *out)
{
    size_t shown = 0;
    for (size_t g = 0; g < GROUPS; g++) {
        bool headed = false;
        for (size_t i = 0; i < n && (!most || shown < most); i++) {
            if (group_of(duties[i]) != g)
                continue;
            if (!headed)
                buf_appendf(out, "%s%s\n", shown ? "\n" : "", groups[g].title);
            headed = true;
            buf_append_str(out, "  ");
            render_duty(duties[i], out);
            buf_append_u8(out, '\n');
            shown++;
        }
    }
    return shown;
}

void render_duties_short(Tandem__Duty *const *duties, size_t n, size_t most, struct buf *out)
{
    size_t shown = 0, lines = n > most ? most - 1 : n;
    for (size_t g = 0; g < GROUPS; g++)
        for (size_t i = 0; i < n && shown < lines; i++)
            if (group_of(duties[i]) == g) {
                render_duty(duties[i], out);
                buf_append_u8(out, '\n');
                shown++;
            }
    if (n > shown)
        buf_appendf(out, "and %zu more: tandem inbox\n", n - shown);
}

/* ---- what may follow ---- */

static void say_step_missing(const Tandem__Step *s, size_t indent, struct buf *out)
{
    for (size_t i = 0; i < s->n_missing; i++) {
        struct buf line = BUF_INIT;
        size_t from = out->len;
        safe(&line, s->missing[i]->sentence);
        render_wrap(buf_cstr(&line), indent + 2, 80, out);
        if (out->len > from + indent)
            out->data[from + indent] = '-';
        buf_free(&line);
    }
}

static void say_step(const Tandem__Step *s, struct buf *out)
{
    struct buf line = BUF_INIT;
    safe(&line, s->title);
    if (s->by_itself)
        buf_append_str(&line, " (comes by itself)");
    else if (s->you && s->command[0]) {
        buf_append_str(&line, ": ");
        safe(&line, s->command);
    } else if (s->who[0]) {
        buf_append_str(&line, " - ");
        safe(&line, s->who);
    }
    render_wrap(buf_cstr(&line), 2, 80, out);
    buf_clear(&line);
    if (s->n_missing) {
        const char *title = s->n_missing == 1 ? "First this:" : "First these:";
        buf_appendf(out, "    %s\n", s->by_signing ? "Still missing:" : title);
        say_step_missing(s, 6, out);
    }
    if (s->reason_needed && s->reason[0]) {
        buf_append_str(&line, "The reason says ");
        safe(&line, s->reason);
        render_wrap(buf_cstr(&line), 4, 80, out);
    }
    buf_free(&line);
}

static void say_steps(const Tandem__Steps *s, bool yours, const char *title, struct buf *out)
{
    bool headed = false;
    for (size_t i = 0; i < s->n_steps; i++) {
        if ((bool)s->steps[i]->you != yours)
            continue;
        if (!headed)
            buf_appendf(out, "\n%s\n", title);
        headed = true;
        say_step(s->steps[i], out);
    }
}

void render_steps(const char *ref, const Tandem__Steps *s, struct buf *out)
{
    char when[32];
    safe(out, ref);
    buf_appendf(out, " is %s", audit_state_code((enum audit_state)s->state));
    if (s->since_utc_ms)
        buf_appendf(out, " since %s", render_time(s->since_utc_ms, when));
    buf_appendf(out, ", revision %llu.\n", (unsigned long long)s->revision);
    if (!s->n_steps)
        buf_append_str(out, "Nothing follows from here.\n");
    say_steps(s, true, "You can:", out);
    say_steps(s, false, "Others can:", out);
    if (s->n_duties)
        buf_append_str(out, "\nWhat waits, and for whom:\n");
    for (size_t i = 0; i < s->n_duties; i++) {
        struct buf line = BUF_INIT;
        render_clock(s->duties[i], &line);
        buf_append_str(&line, line.len ? "  " : "");
        const Tandem__Duty *d = s->duties[i];
        safe(&line, d->mine ? "you" : d->name[0] ? d->name : role_code((enum role)d->role));
        buf_append_str(&line, ": ");
        safe(&line, d->text);
        render_wrap(buf_cstr(&line), 2, 80, out);
        buf_free(&line);
    }
}

static json_t *step_json(const Tandem__Step *s)
{
    json_t *missing = json_array();
    for (size_t i = 0; i < s->n_missing; i++)
        json_array_append_new(missing, json_pack("{s:s, s:i}", "sentence", s->missing[i]->sentence,
                                                 "question", (int)s->missing[i]->question));
    return json_pack(
        "{s:s, s:s, s:s, s:s, s:b, s:b, s:b, s:s, s:b, s:o, s:o}", "to",
        audit_state_code((enum audit_state)s->to), "title", s->title, "command", s->command, "who",
        s->who, "you", (int)s->you, "by_signing", (int)s->by_signing, "by_itself",
        (int)s->by_itself, "reason", s->reason, "reason_needed", (int)s->reason_needed, "stage",
        s->stage ? json_integer((json_int_t)s->stage - 1) : json_null(), "missing", missing);
}

json_t *render_steps_json(const char *ref, const Tandem__Steps *s)
{
    json_t *steps = json_array(), *duties = json_array();
    for (size_t i = 0; i < s->n_steps; i++)
        json_array_append_new(steps, step_json(s->steps[i]));
    for (size_t i = 0; i < s->n_duties; i++)
        json_array_append_new(duties, render_duty_json(s->duties[i]));
    return json_pack("{s:s, s:s, s:I, s:o, s:o, s:o}", "ref", ref, "state",
                     audit_state_code((enum audit_state)s->state), "revision",
                     (json_int_t)s->revision, "since", render_utc(s->since_utc_ms), "steps", steps,
                     "duties", duties);
}

size_t render_missing(const Tandem__Steps *s, uint32_t to, struct buf *out)
{
    size_t n = 0;
    for (size_t i = 0; i < s->n_steps; i++)
        if (s->steps[i]->to == to) {
            say_step_missing(s->steps[i], 2, out);
            n += s->steps[i]->n_missing;
        }
    return n;
}
