/* challenge: what an independent reviewing officer asks to be put right for a child, stage by
 * stage.
 */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "client/cmd_life.h"
#include "client/cmd_record.h"
#include "client/commands.h"

static const char template_id[] = "CHA";

/* ---- a stage ---- */

/* "position2": what the answer of this stage is used for. */
static void use_of(const char *what, uint32_t stage, char out[24])
{
    (void)snprintf(out, 24, "%s%u", what, (unsigned)(stage - 1) % 10);
}

static const struct audit *audit_of(struct session *s)
{
    return replica_audit(link_replica(s->link));
}

static enum err write_position(struct session *s, uint32_t stage, const char *position)
{
    char use[24];
    use_of("position", stage, use);
    enum err e = record_write(s, use, PART_TEXT, position);
    return e ? e : session_flush(s);
}

/* Before it has begun, the position cannot be written yet: it goes with the move, and into its
 * answer afterwards. Once it has begun, the position comes first; not into a stage that has been:
 * that move is refused, and what stands there stays. An exit code. */
static int take_to_stage(struct session *s, const struct cli *c, struct move *m,
                         const char *position)
{
    struct audit_info now = audit_info(audit_of(s));
    bool begun = now.state == AUDIT_IN_PROGRESS;
    enum err e = begun && m->stage > now.stage ? write_position(s, m->stage, position) : ERR_OK;
    m->reason = begun ? "" : position;
    if (e)
        return session_fail(s, e);
    int exit_code = move_and_print(s, c, m);
    if (exit_code != EXIT_DONE || begun)
        return exit_code;
    e = session_await_state(s, AUDIT_IN_PROGRESS);
    if (!e)
        e = write_position(s, m->stage, position);
    return e ? session_fail(s, e) : EXIT_DONE;
}

/* ---- new ---- */

/* "pep_actions_undone" is one of the subjects; other words are words. */
static bool is_subject(const struct template *t, const char *typed)
{
    const struct question *q = template_use_find(t, "subject");
    for (size_t i = 0; q && q->options && q->options[i]; i++)
        if (!strcmp(q->options[i], typed))
            return true;
    return false;
}

static enum err make_challenge(struct session *s, const struct cli *c, struct record_new *x)
{
    struct template *t = NULL;
    const char *subject = cli_option(c, "--subject");
    enum err e = record_template(s, template_id, &t);
    if (e)
        return e;
    record_init(x, c, t);
    bool coded = is_subject(t, subject);
    x->ask.source = session_text(cli_option(c, "--from"));
    record_value(x, t, "subject", PART_CHOICE, coded ? subject : "other");
    e = record_make(s, x);
    template_free(t);
    if (!e)
        e = session_join(s, x->ref, false);
    if (!e && !coded)
        e = record_write(s, "subject", PART_TEXT, subject);
    if (!e && cli_option(c, "--result"))
        e = record_write(s, "desired", PART_TEXT, cli_option(c, "--result"));
    return e ? e : session_flush(s);
}

static void say_made(const struct cli *c, const char *ref, bool goes_on)
{
    if (c->json && !goes_on)
        print_json(json_pack("{s:s}", "ref", ref));
    else if (!c->json)
        (void)printf("%s\n", ref);
    if (!c->json && !goes_on)
        (void)printf("To begin: tandem challenge step %s STAGE --position TEXT\n", ref);
    (void)fflush(stdout);
}

static int challenge_new(const struct cli *c)
{
    struct session s;
    struct record_new x = {.ref = ""};
    const char *stage = cli_option(c, "--stage"), *position = cli_option(c, "--position");
    struct move m = {.ref = x.ref, .to = AUDIT_IN_PROGRESS};
    if (!cli_option(c, "--child"))
        return cli_usage(c, "Say for which child, by reference: --child REF.");
    if (!cli_option(c, "--subject"))
        return cli_usage(c, "Say what it is about: --subject TEXT.");
    if (!move_stage(stage, &m.stage))
        return cli_usage(c, "--stage is a number from 0 to 4.");
    enum err e = session_open(&s, c);
    if (!e)
        e = make_challenge(&s, c, &x);
    if (x.ref[0])
        say_made(c, x.ref, stage && !e);
    int exit_code = e ? session_fail(&s, e) : EXIT_DONE;
    if (!e && stage)
        exit_code = take_to_stage(&s, c, &m, position ? position : cli_option(c, "--subject"));
    session_close(&s);
    return exit_code;
}

/* ---- step, answer, outcome ---- */

/* Into the room; a record of another kind is refused. */
static enum err enter(struct session *s, const struct cli *c)
{
    enum err e = session_open(s, c);
    if (!e)
        e = session_join(s, c->args[1], false);
    if (!e && strcmp(audit_template(audit_of(s))->type, "challenge") != 0)
        e = err_set(&s->why, ERR_INPUT, "%.40s is no challenge; tandem challenge list shows them.",
                    c->args[1]);
    return e;
}

static int challenge_step(const struct cli *c)
{
    struct session s;
    struct move m = {.ref = c->args[1], .to = AUDIT_IN_PROGRESS};
    const char *position = cli_option(c, "--position");
    if (!move_stage(c->args[2], &m.stage))
        return cli_usage(c, "STAGE is a number from 0 to 4.");
    if (!position)
        return cli_usage(c, "Say what you see and what you ask for: --position TEXT.");
    enum err e = enter(&s, c);
    int exit_code = e ? session_fail(&s, e) : take_to_stage(&s, c, &m, position);
    session_close(&s);
    return exit_code;
}

static void today_of(char out[16])
{
    struct tm tm;
    time_t now = time(NULL);
    if (!localtime_r(&now, &tm) || !strftime(out, 16, "%Y-%m-%d", &tm))
        out[0] = '\0';
}

static int challenge_answer(const struct cli *c)
{
    struct session s;
    char use[24], today[16];
    today_of(today);
    enum err e = enter(&s, c);
    uint32_t stage = e ? 0 : audit_info(audit_of(&s)).stage;
    if (!e && !stage)
        e = err_set(&s.why, ERR_REFUSED_STATE,
                    "No stage has begun yet: there is nothing to answer.");
    if (!e) {
        use_of("answer", stage, use);
        e = record_write(&s, use, PART_TEXT, c->args[2]);
    }
    if (!e)
        e = record_write(&s, use, PART_DATE, today);
    if (!e)
        e = session_flush(&s);
    int exit_code = e ? session_fail(&s, e) : EXIT_DONE;
    if (!e && c->json)
        print_json(
            json_pack("{s:s, s:i, s:s}", "ref", c->args[1], "stage", (int)stage - 1, "on", today));
    else if (!e)
        (void)printf("Answered at stage %u, on %s. The reviewing officer accepts it, or goes on.\n",
                     (unsigned)stage - 1, today);
    session_close(&s);
    return exit_code;
}

static bool has_actions(const struct audit *a)
{
    const struct template *t = audit_template(a);
    for (size_t i = 0; i < t->nquestions; i++)
        if (audit_items(a, t->questions[i].number, PART_ACTIONS, NULL, 0))
            return true;
    return false;
}

static enum err write_outcome(struct session *s, const struct cli *c)
{
    const char *difference = cli_option(c, "--difference");
    enum err e = record_write(s, "outcome", PART_CHOICE, c->args[2]);
    if (!e && difference)
        e = record_write(s, "difference", PART_TEXT, difference);
    return e ? e : session_flush(s);
}

/* Agreed actions are followed up; without any, it closes. */
static int challenge_outcome(const struct cli *c)
{
    struct session s;
    struct move m = {.ref = c->args[1]};
    enum err e = enter(&s, c);
    if (!e)
        e = write_outcome(&s, c);
    if (!e)
        m.to = has_actions(audit_of(&s)) ? AUDIT_FOLLOW_UP : AUDIT_CLOSED;
    int exit_code = e ? session_fail(&s, e) : move_and_print(&s, c, &m);
    if (!e && exit_code != EXIT_DONE)
        cli_note("The outcome is written; the record has not moved.");
    session_close(&s);
    return exit_code;
}

static int challenge_list(const struct cli *c)
{
    return record_list(c, template_id, "There is no challenge that you may see.");
}

int cmd_challenge(const struct cli *c)
{
    static const struct subcommand rows[] = {
        {"new",     1, challenge_new,     "--child REF --subject TEXT [--stage N]"},
        {"list",    1, challenge_list,    "alone"                                 },
        {"step",    3, challenge_step,    "REF STAGE --position TEXT"             },
        {"answer",  3, challenge_answer,  "REF TEXT"                              },
        {"outcome", 3, challenge_outcome, "REF CODE [--difference TEXT]"          },
        {NULL,      0, NULL,              NULL                                    },
    };
    return subcommand_run(c, rows);
}
