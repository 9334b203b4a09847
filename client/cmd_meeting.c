/* meeting: care planning meetings, called early enough. */
#include <stdio.h>
#include <string.h>

#include "client/cmd_record.h"
#include "client/commands.h"
#include "client/when.h"

static const char template_id[] = "CPM";

/* ---- new ---- */

struct wanted {
    char on[16], hearing[16];
    const char *trigger, *chair;
};

static int read_wanted(const struct cli *c, struct wanted *w)
{
    const char *on = cli_option(c, "--on"), *hearing = cli_option(c, "--hearing");
    *w = (struct wanted){.trigger = cli_option(c, "--trigger"), .chair = cli_option(c, "--chair")};
    if (!cli_option(c, "--child"))
        return cli_usage(c, "Say for which child, by reference: --child REF.");
    if (!w->trigger)
        return cli_usage(c, "Say what calls for it: --trigger CODE (tandem trigger lists them).");
    if (!on || !when_date(on, w->on))
        return cli_usage(c, "Say on which day it will be held, as in --on 2027-03-25.");
    if (hearing && !when_date(hearing, w->hearing))
        return cli_usage(c, "--hearing is the day of the final hearing, as in 2027-04-19.");
    return EXIT_DONE;
}

static enum err make_meeting(struct session *s, const struct cli *c, const struct template *t,
                             struct wanted *w, struct record_new *x)
{
    record_init(x, c, t);
    x->ask.planned = w->on;
    x->ask.reason = session_text(cli_option(c, "--reason"));
    record_value(x, t, "meeting_date", PART_DATE, w->on);
    record_value(x, t, "trigger", PART_CHOICE, w->trigger);
    record_value(x, t, "hearing", PART_DATE, w->hearing);
    record_value(x, t, "hearing", PART_YNP, w->hearing[0] ? "yes" : "");
    return record_make(s, x);
}

/* The chair, by role and short name: the team manager where special guardianship is the question,
 * otherwise the service manager. */
static enum err name_chair(struct session *s, const struct wanted *w, const char *ref)
{
    const char *role = role_code(strcmp(w->trigger, "sgo") ? ROLE_SM : ROLE_FTM);
    struct field f = {0};
    enum err e = session_join(s, ref, false);
    if (!e)
        e = record_field(s, "chair", PART_PEOPLE, &f);
    struct replica *r = link_replica(s->link);
    if (!e)
        e = replica_item_add(r, f.question, PART_PEOPLE, &f.item, &s->why);
    f.part = PART_ROLE;
    if (!e)
        e = replica_set(r, f, role, &s->why);
    f.part = PART_REF;
    if (!e)
        e = replica_set(r, f, w->chair, &s->why);
    return e ? e : session_flush(s);
}

static void say_called(const struct cli *c, const char *ref, const struct wanted *w)
{
    if (c->json) {
        print_json(json_pack("{s:s, s:s}", "ref", ref, "on", w->on));
        return;
    }
    (void)printf("%s: the meeting is planned for %s.\nOn the day: tandem move %s IN_PROGRESS\n",
                 ref, w->on, ref);
}

static int meeting_new(const struct cli *c)
{
    struct session s;
    struct wanted w;
    struct template *t = NULL;
    struct record_new x = {.ref = ""};
    int usage = read_wanted(c, &w);
    if (usage)
        return usage;
    enum err e = session_open(&s, c);
    if (!e)
        e = record_template(&s, template_id, &t);
    if (!e)
        e = make_meeting(&s, c, t, &w, &x);
    if (!e)
        say_called(c, x.ref, &w);
    int exit_code = EXIT_DONE;
    if (!e && w.chair) {
        e = name_chair(&s, &w, x.ref);
        if (e)
            cli_note("The meeting is there; its chair could not be written down:");
    }
    if (e)
        exit_code = session_fail(&s, e);
    template_free(t);
    session_close(&s);
    return exit_code;
}

/* ---- list, and what is done by moving ---- */

static int meeting_list(const struct cli *c)
{
    return record_list(c, template_id, "There is no meeting that you may see.");
}

static int meeting_moves(const struct cli *c)
{
    return cli_usage(c, "A meeting is led on like every record. To hold it: tandem move REF "
                        "IN_PROGRESS; what was decided is written in the room (tandem open REF); "
                        "to agree the minutes: tandem move REF FOLLOW_UP; to close: tandem move "
                        "REF CLOSED. What is missing first: tandem next REF.");
}

int cmd_meeting(const struct cli *c)
{
    static const struct subcommand rows[] = {
        {"new",    1, meeting_new,   "--child REF --trigger CODE --on DATE"},
        {"list",   1, meeting_list,  "alone"                               },
        {"hold",   2, meeting_moves, "REF"                                 },
        {"decide", 2, meeting_moves, "REF"                                 },
        {"close",  2, meeting_moves, "REF"                                 },
        {NULL,     0, NULL,          NULL                                  },
    };
    return subcommand_run(c, rows);
}
