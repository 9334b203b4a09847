#include <stdio.h>
#include <string.h>

#include "client/commands.h"

static const char json_help[] =
    "Fields of --json. Times are UTC, \"2026-11-23T09:00:00.000Z\"; persons are numbers with a "
    "name\n"
    "beside them; what is not there is left out or null. New fields may be added, none is "
    "renamed.\n"
    "\n"
    "enrol, whoami  {profile, site, person, name, roles: [{role, team}], server, "
    "certificate_ends}\n"
    "audits, status [{ref, template, carer, team, state, answered, required, open_comments,\n"
    "                 changed, period: {from, to}, here: [{person, name, role}],\n"
    "                 members: [{person, name, role, sections}]}]\n"
    "people         [{person, name, roles: [{role, team}], revoked}]\n"
    "new            {ref}\n"
    "invite, uninvite {ref, person}\n"
    "show           {ref, template, template_version, state, team, carer, children, period, seq, "
    "at,\n"
    "                answered, required, members, sections: [{code, title, questions: [{code, "
    "title,\n"
    "                state, held, values: {PART: {value, by, name, at, rev, and for people and\n"
    "                items: shown}}, texts: {PART: text},\n"
    "                items: [{list, position, address, values, texts}]}]}], comments: [{number, "
    "id,\n"
    "                field, by, name, at, text, must_answer, resolved, on, replies: [{by, name, "
    "at,\n"
    "                text}]}], missing: [{field, why}], planned, first_planned, way_in, source,\n"
    "                revision, stage, moderator, since,\n"
    "                moves: [{seq, at, by, name, from, to, reason, revision, fingerprint, stage,\n"
    "                result, present}], signatures: [{seq, at, by, name, role, revision,\n"
    "                fingerprint, difference, absent, reason, void, void_seq}],\n"
    "                moderators: [{seq, at, by, name, moderator, moderator_name, reason}],\n"
    "                flags: [{seq, at, by, name, text, held, told, told_at, closed,\n"
    "                notes: [{by, name, at, text}]}], break_glass: [{seq, at, by, name, until,\n"
    "                reason, ended}], links: [{kind, ref}]}\n"
    "set            {ref, field, value} or, with +, {ref, item}\n"
    "write          {ref, field, characters}\n"
    "comment        {ref, comment}; reply, resolve {ref, comment}\n"
    "a conflict     {conflict: {field, theirs, person, name}} with exit code 5\n"
    "who            [{person, name, role, question (its number; 0: nowhere), since}]\n"
    "follow, history one object per line: {seq, at, person, name, ops: [{op, field, ...}]}\n"
    "blame          [{text, by, name, at, seq, struck_by, struck_name, struck_at}]\n"
    "next           {ref, state, revision, since, steps: [{to, title, command, who, you, "
    "by_signing,\n"
    "                by_itself, reason, reason_needed, stage, missing: [{sentence, question}]}],\n"
    "                duties: [a row of inbox]}\n"
    "move, assign, sign {ref, state, revision, seq, text}\n"
    "verify-signature {ref, revision, fingerprint, signatures: [{person, name, role, revision, "
    "at,\n"
    "                fingerprint, recomputed, matches, standing, difference, absent, reason}]}\n"
    "plan           {ref, planned}; rules {text}\n"
    "diff           {ref, from, to: {point, seq, at, state, revision}, items: [{change, address,\n"
    "                list, by, name}], changes: [{field, part, from, to, by, name, at} or {field, "
    "part,\n"
    "                words: [{kind: same|struck|added, text, by, name}]}],\n"
    "                moves: [{seq, at, from, to, by, name, reason}],\n"
    "                signatures: [{seq, at, by, name, role, revision, void, difference}]}\n"
    "inbox          [{ref, template, team, state, kind, text, person, name, role, due, "
    "first_due,\n"
    "                since, days_left (working days; below 0: late; null: no day), mine, level,\n"
    "                command}]\n"
    "moderators     [{person, name, own, open, conflicts}]\n"
    "actions        [{action, status, owner, due, first_due, days_late, smart_gaps, what}]; "
    "action\n"
    "                is one of these\n"
    "flags          [{number, seq, at, by, name, told, told_at, held, closed, text,\n"
    "                notes: [{by, name, at, text}]}]; flag, flag-note {ref}\n"
    "readers        [{at, person, name, what}]; break-glass {ref, until}\n"
    "trigger        [{code, words, suggests}], or with CODE {ref, text}\n"
    "meeting new    {ref, on}; challenge new {ref}, or with --stage as move; challenge answer\n"
    "                {ref, stage, on}; challenge step, outcome as move; meeting list, challenge "
    "list\n"
    "                [{ref, team, state, answered, required, changed}]\n"
    "kept           {refused: [{field, words, why}], unsent_characters, unsent_changes}\n";

static const char *const groups[COMMAND_GROUPS] = {
    [TOGETHER] = "Write together",   [LIFE] = "The life of a record",
    [ACTIONS] = "Actions",           [MANAGERS] = "For managers, moderators and QA",
    [SITE] = "You and this machine",
};

static const char exits[] =
    "Exit codes: 0 done, 1 refused by a rule, 2 usage, 3 server not reachable,\n"
    "            4 not authenticated, 5 conflict (somebody changed it first; printed)\n";

static void print_command(const struct command *c)
{
    (void)printf("tandem %s %s\n\n  %s\n", c->name, c->usage, c->help);
    (void)putchar('\n');
    for (const struct cli_option *o = c->options; o && o->name; o++)
        (void)printf("  %-14s %-10s %s\n", o->name, o->arg ? o->arg : "", o->help);
    (void)printf("  %-14s %-10s %s\n", "--as", "NAME", "which profile (or TANDEM_PROFILE)");
    if (c->json)
        (void)printf("  %-14s %-10s %s\n", "--json", "", "for programs; see: tandem help json");
    if (c->more)
        (void)printf("\n%s\n", c->more);
}

int cmd_help(const struct cli *c)
{
    size_t n;
    const struct command *rows = commands_table(&n);
    if (c->nargs && !strcmp(c->args[0], "json")) {
        (void)fputs(json_help, stdout);
        return EXIT_DONE;
    }
    if (c->nargs) {
        const struct command *one = commands_find(c->args[0]);
        if (!one) {
            struct err_info text;
            const char *near = commands_nearest(c->args[0]);
            (void)err_set(&text, ERR_INPUT, "There is no command \"%s\"%s%s%s", c->args[0],
                          near ? "; did you mean \"" : ".", near ? near : "", near ? "\"?" : "");
            return cli_usage(c, text.text);
        }
        print_command(one);
        return EXIT_DONE;
    }
    (void)printf("tandem: audits of fostering, written together\n");
    for (size_t g = 0; g < COMMAND_GROUPS; g++) {
        (void)printf("\n%s\n", groups[g]);
        for (size_t i = 0; i < n; i++)
            if (rows[i].group == g)
                (void)printf("  %-16s %s\n", rows[i].name, rows[i].help);
    }
    (void)printf("\ntandem help COMMAND says more. --as NAME chooses a profile.\n%s", exits);
    return EXIT_DONE;
}
