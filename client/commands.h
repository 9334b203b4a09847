#ifndef TANDEM_CLIENT_COMMANDS_H
#define TANDEM_CLIENT_COMMANDS_H

/* THE table of commands: usage, help and what is checked before a command runs all come from it. */

#include "client/cli.h"

#define TANDEM_VERSION "tandem 0.1.0"

const struct command *commands_find(const char *name); /* or NULL */
const struct command *commands_table(size_t *count);
/* The name most like `word`, or NULL. */
const char *commands_nearest(const char *word);
int commands_run(int argc, char **argv); /* without the program's name; an exit code */

int cmd_enrol(const struct cli *c);
int cmd_whoami(const struct cli *c);
int cmd_new(const struct cli *c);
int cmd_audits(const struct cli *c);
int cmd_status(const struct cli *c);
int cmd_people(const struct cli *c);
int cmd_invite(const struct cli *c);
int cmd_uninvite(const struct cli *c);
int cmd_show(const struct cli *c);
int cmd_set(const struct cli *c);
int cmd_write(const struct cli *c);
int cmd_comment(const struct cli *c);
int cmd_reply(const struct cli *c);
int cmd_resolve(const struct cli *c);
int cmd_follow(const struct cli *c);
int cmd_who(const struct cli *c);
int cmd_history(const struct cli *c);
int cmd_blame(const struct cli *c);
int cmd_open(const struct cli *c);
int cmd_kept(const struct cli *c);
int cmd_inbox(const struct cli *c);
int cmd_next(const struct cli *c);
int cmd_move(const struct cli *c);
int cmd_sign(const struct cli *c);
int cmd_verify_signature(const struct cli *c);
int cmd_plan(const struct cli *c);
int cmd_diff(const struct cli *c);
int cmd_rules(const struct cli *c);
int cmd_moderators(const struct cli *c);
int cmd_assign(const struct cli *c);
int cmd_actions(const struct cli *c);
int cmd_action(const struct cli *c);
int cmd_flag(const struct cli *c);
int cmd_flags(const struct cli *c);
int cmd_flag_note(const struct cli *c);
int cmd_readers(const struct cli *c);
int cmd_break_glass(const struct cli *c);
int cmd_trigger(const struct cli *c);
int cmd_meeting(const struct cli *c);
int cmd_challenge(const struct cli *c);
int cmd_help(const struct cli *c);

#endif
