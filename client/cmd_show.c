/* show: an audit as it stands, or as it was. */
#include <stdio.h>
#include <string.h>

#include "client/commands.h"
#include "client/render/render.h"
#include "client/session.h"
#include "client/when.h"

static const char *name_of(void *user, uint32_t person)
{
    return view_name(user, person);
}

int cmd_show(const struct cli *c)
{
    const char *at = cli_option(c, "--at"), *format = cli_option(c, "--format");
    uint64_t seq = 0;
    int64_t utc_ms = 0;
    struct session s;
    struct view v = {.seq = 0};
    format = format ? format : c->json ? "json" : "text";
    if (strcmp(format, "text") && strcmp(format, "json") && strcmp(format, "markdown"))
        return cli_usage(c, "--format is text, json or markdown.");
    if (at && !when_point(at, &seq, &utc_ms))
        return cli_usage(c, "--at is an event's number, YYYY-MM-DD or YYYY-MM-DDTHH:MM.");
    enum err e = session_open(&s, c);
    if (!e)
        e = session_view(&s, c->args[0], seq, utc_ms, &v);
    int exit_code = e ? session_fail(&s, e) : EXIT_DONE;
    if (!e) {
        struct render_source src = {v.audit, &v.me, name_of, &v};
        struct buf out = BUF_INIT;
        if (!strcmp(format, "json"))
            print_json(render_json(&src));
        else if (!strcmp(format, "markdown"))
            render_markdown(&src, &out);
        else
            render_text(&src, &out);
        (void)fputs(buf_cstr(&out), stdout); /* safe text holds no NUL */
        buf_free(&out);
    }
    view_fini(&v);
    session_close(&s);
    return exit_code;
}
