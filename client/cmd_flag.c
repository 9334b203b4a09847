/* flag, flags, flag-note: a concern about a child's safety, found while auditing. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "client/commands.h"
#include "client/render/render.h"
#include "client/session.h"
#include "client/when.h"

static enum err on_flagged(void *user, const Tandem__Envelope *m, struct err_info *why)
{
    const struct cli *c = user;
    enum err e = session_answer_is(m, TANDEM__ENVELOPE__BODY_DONE, why);
    if (e)
        return e;
    if (c->json)
        print_json(json_pack("{s:s}", "ref", c->args[0]));
    else if (!strcmp(c->command->name, "flag"))
        (void)printf("The flag is raised. Its words are for you, for whom you told and for named "
                     "managers.\nWhat is done about it: tandem flag-note %s N TEXT; all flags: "
                     "tandem flags %s\n",
                     c->args[0], c->args[0]);
    else
        (void)puts(cli_option(c, "--close") ? "Noted; the flag is closed." : "Noted.");
    return ERR_OK;
}

int cmd_flag(const struct cli *c)
{
    Tandem__RaiseFlag flag = TANDEM__RAISE_FLAG__INIT;
    Tandem__Envelope m = TANDEM__ENVELOPE__INIT;
    const char *told = cli_option(c, "--told"), *at = cli_option(c, "--at");
    if (!told)
        return cli_usage(c, "A concern never waits for the audit: tell a manager first, today, "
                            "and say whom you told: --told \"NAME\".");
    if (at && !when_moment(at, WHEN_DAY_BEGINS, (int64_t)time(NULL) * 1000, &flag.told_utc_ms))
        return cli_usage(c, "--at is a time: 14:30, or 2026-11-24T14:30.");
    flag.ref = session_text(c->args[0]);
    flag.text = session_text(c->args[1]);
    flag.told = session_text(told);
    m.body_case = TANDEM__ENVELOPE__BODY_RAISE_FLAG;
    m.raise_flag = &flag;
    return session_once(c, &m, on_flagged, (void *)(uintptr_t)c);
}

/* ---- flags ---- */

static void print_flag(struct view *v, const struct audit_flag *f, size_t number)
{
    char when[32], told[32];
    (void)printf("%zu  %s  %s, raised by %s, told ", number, render_time(f->utc_ms, when),
                 f->closed ? "closed" : "open", view_name(v, f->by));
    cli_print_safe(f->told, false);
    (void)printf(" at %s\n   ", render_time(f->told_utc_ms, told));
    cli_print_safe(f->held ? "Its words are for whoever raised it, whoever was told, and named "
                             "managers."
                           : f->text,
                   true);
    (void)putchar('\n');
    for (size_t i = 0; i < f->nnotes; i++) {
        (void)printf("   %s  %s: ", render_time(f->notes[i].utc_ms, when),
                     view_name(v, f->notes[i].by));
        cli_print_safe(f->held ? "(for named roles)" : f->notes[i].text, true);
        (void)putchar('\n');
    }
}

static json_t *flag_json(struct view *v, const struct audit_flag *f, size_t number)
{
    json_t *notes = json_array();
    for (size_t i = 0; i < f->nnotes; i++)
        json_array_append_new(notes,
                              json_pack("{s:i, s:s, s:o, s:s}", "by", (int)f->notes[i].by, "name",
                                        view_name(v, f->notes[i].by), "at",
                                        render_utc(f->notes[i].utc_ms), "text", f->notes[i].text));
    return json_pack("{s:I, s:I, s:o, s:i, s:s, s:s, s:o, s:b, s:b, s:s, s:o}", "number",
                     (json_int_t)number, "seq", (json_int_t)f->seq, "at", render_utc(f->utc_ms),
                     "by", (int)f->by, "name", view_name(v, f->by), "told", f->told, "told_at",
                     render_utc(f->told_utc_ms), "held", (int)f->held, "closed", (int)f->closed,
                     "text", f->text, "notes", notes);
}

int cmd_flags(const struct cli *c)
{
    struct session s;
    struct view v = {.seq = 0};
    json_t *all = json_array();
    enum err e = session_open(&s, c);
    if (!e)
        e = session_view(&s, c->args[0], 0, 0, &v);
    int exit_code = e ? session_fail(&s, e) : EXIT_DONE;
    size_t n = e ? 0 : audit_flag_count(v.audit);
    for (size_t i = 0; i < n; i++) {
        const struct audit_flag *f = audit_flag_at(v.audit, i);
        if (c->json)
            json_array_append_new(all, flag_json(&v, f, i + 1));
        else
            print_flag(&v, f, i + 1);
    }
    if (!e && c->json)
        print_json(json_incref(all));
    else if (!e && !n)
        (void)puts("There is no flag in this record.");
    json_decref(all);
    view_fini(&v);
    session_close(&s);
    return exit_code;
}

/* ---- flag-note ---- */

/* By its number in `tandem flags`, or by its event. */
static enum err find_flag(const struct audit *a, const char *typed, uint64_t *seq,
                          struct err_info *why)
{
    char *end;
    unsigned long long n = strtoull(typed, &end, 10);
    size_t count = audit_flag_count(a);
    if (*typed && !*end && n >= 1 && n <= count) {
        *seq = audit_flag_at(a, (size_t)n - 1)->seq;
        return ERR_OK;
    }
    for (size_t i = 0; *typed && !*end && i < count; i++)
        if (audit_flag_at(a, i)->seq == n) {
            *seq = n;
            return ERR_OK;
        }
    return err_set(why, ERR_NOT_FOUND,
                   count ? "There is no flag %.20s; there are 1 to %zu."
                         : "There is no flag %.20s in this record.",
                   typed, count);
}

int cmd_flag_note(const struct cli *c)
{
    struct session s;
    struct view v = {.seq = 0};
    Tandem__NoteFlag note = TANDEM__NOTE_FLAG__INIT;
    Tandem__Envelope m = TANDEM__ENVELOPE__INIT;
    enum err e = session_open(&s, c);
    if (!e)
        e = session_view(&s, c->args[0], 0, 0, &v);
    if (!e)
        e = find_flag(v.audit, c->args[1], &note.flag, &s.why);
    note.ref = session_text(c->args[0]);
    note.text = session_text(c->args[2]);
    note.closed = cli_option(c, "--close") != NULL;
    m.body_case = TANDEM__ENVELOPE__BODY_NOTE_FLAG;
    m.note_flag = &note;
    if (!e)
        e = session_ask(&s, &m, on_flagged, (void *)(uintptr_t)c);
    int exit_code = e ? session_fail(&s, e) : EXIT_DONE;
    view_fini(&v);
    session_close(&s);
    return exit_code;
}
