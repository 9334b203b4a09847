/* open: the room on this terminal. kept: what could not be stored, from the recovery file. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "client/cmd_inbox.h"
#include "client/commands.h"
#include "client/editor/open.h"
#include "client/session.h"

/* On a line of its own, so that nothing of it is left in the room's. */
static void say_what_waits(const struct cli *c)
{
    struct session s;
    if (!session_open(&s, c)) {
        session_hurry(&s);
        inbox_say_short(&s);
    }
    session_close(&s);
}

int cmd_open(const struct cli *c)
{
    struct session s;
    struct profile profile;
    struct recovery *recovery = NULL;
    struct buf left = BUF_INIT;
    struct err_info why = {.text = ""}, notice = {.text = ""};
    bool plain = cli_option(c, "--plain") != NULL;
    bool only_read = cli_option(c, "--read-only") != NULL;
    enum err e = profile_load(c->as, &profile, &why);
    if (e)
        return cli_fail(e, why.text);
    if (!only_read)
        e = recovery_open(&profile, c->args[0], &recovery, &left, &notice, &why);
    if (!e)
        e = session_open_kept(&s, c, recovery);
    else
        s = (struct session){.loop_ok = false, .why = why};
    if (notice.text[0])
        (void)cli_fail(ERR_CORRUPT, notice.text);
    if (!e) {
        struct open_args args = {.loop = &s.loop,
                                 .link = s.link,
                                 .ref = c->args[0],
                                 .only_read = only_read,
                                 .recovered = left.len ? left.data : NULL,
                                 .recovered_len = left.len,
                                 .in_fd = STDIN_FILENO,
                                 .out_fd = STDOUT_FILENO};
        say_what_waits(c);
        e = plain ? plain_open(&args, &s.why) : editor_open(&args, &s.why);
        if (transport_keep_error(s.t)[0])
            (void)cli_fail(ERR_IO, transport_keep_error(s.t));
    }
    int exit_code = e ? session_fail(&s, e) : EXIT_DONE;
    session_close(&s);
    recovery_close(recovery);
    buf_free(&left);
    profile_fini(&profile);
    return exit_code;
}

/* ---- kept ---- */

static void print_kept(const struct cli *c, const struct replica *r)
{
    struct replica_status status = replica_status(r);
    json_t *all = json_array();
    for (size_t i = 0; i < replica_kept_count(r); i++) {
        struct replica_kept k = replica_kept_at(r, i);
        const char *where = k.where[0] ? k.where : "an answer";
        json_array_append_new(
            all, json_pack("{s:s, s:s, s:s}", "field", where, "words", k.words, "why", k.why));
        if (c->json)
            continue;
        (void)printf("%s (%s):\n", where, k.why);
        cli_print_safe(k.words, true);
        (void)putchar('\n');
    }
    if (c->json) {
        print_json(json_pack("{s:o, s:I, s:I}", "refused", all, "unsent_characters",
                             (json_int_t)status.pending_chars, "unsent_changes",
                             (json_int_t)status.pending_ops));
        return;
    }
    json_decref(all);
    if (status.pending_chars || status.pending_ops)
        (void)printf("%zu characters and %zu other changes wait for: tandem open %s\n",
                     status.pending_chars, status.pending_ops, c->args[0]);
    else if (!replica_kept_count(r))
        (void)puts("Nothing is kept here for this audit.");
}

int cmd_kept(const struct cli *c)
{
    struct profile profile;
    struct recovery *recovery = NULL;
    struct buf left = BUF_INIT;
    struct err_info why = {.text = ""}, notice = {.text = ""};
    struct replica *r = NULL;
    enum err e = profile_load(c->as, &profile, &why);
    if (e)
        return cli_fail(e, why.text);
    e = recovery_open(&profile, c->args[0], &recovery, &left, &notice, &why);
    if (!e && notice.text[0])
        e = err_set(&why, ERR_CORRUPT, "%s", notice.text);
    if (!e)
        e = replica_of_recovery(c->args[0], left.data, left.len, &r, &why);
    if (!e) {
        print_kept(c, r);
        if (cli_option(c, "--forget") && replica_kept_count(r)) {
            struct buf rest = BUF_INIT;
            while (replica_kept_count(r))
                replica_kept_forget(r, 0);
            replica_save(r, &rest); /* what was not sent stays */
            e = recovery_keep(recovery, rest.data, rest.len, &why);
            buf_free(&rest);
        }
    }
    int exit_code = e ? cli_fail(e, why.text) : EXIT_DONE;
    recovery_close(recovery);
    buf_free(&left);
    profile_fini(&profile);
    replica_free(r);
    return exit_code;
}
