/* inbox: what waits for me, and by when. */
#include "client/cmd_inbox.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client/commands.h"
#include "client/render/duties.h"

/* Duties of all pages, each answer kept as it came. */
struct inbox {
    Tandem__InboxList **pages;
    size_t npages;
    Tandem__Duty **duties; /* of the pages */
    size_t n;
    bool more;
};

static void inbox_fini(struct inbox *x)
{
    for (size_t i = 0; i < x->npages; i++)
        tandem__inbox_list__free_unpacked(x->pages[i], NULL);
    free(x->pages);
    free(x->duties);
}

static enum err on_page(void *user, const Tandem__Envelope *m, struct err_info *why)
{
    struct inbox *x = user;
    enum err e = session_answer_is(m, TANDEM__ENVELOPE__BODY_INBOX_LIST, why);
    if (e)
        return e;
    Tandem__InboxList *page = session_copy(&m->inbox_list->base);
    Tandem__InboxList **pages = realloc(x->pages, (x->npages + 1) * sizeof *pages);
    if (pages)
        x->pages = pages;
    size_t n = x->n + (page ? page->n_duties : 0);
    Tandem__Duty **duties = realloc(x->duties, (n + 1) * sizeof *duties);
    if (duties)
        x->duties = duties;
    if (!page || !pages || !duties) {
        if (page)
            tandem__inbox_list__free_unpacked(page, NULL);
        return err_set(why, ERR_NOMEM, "%s", err_text(ERR_NOMEM));
    }
    x->pages[x->npages++] = page;
    for (size_t i = 0; i < page->n_duties; i++)
        x->duties[x->n++] = page->duties[i];
    x->more = page->more && page->next[0];
    return ERR_OK;
}

/* At most `pages` of the server's pages. */
static enum err read_inbox(struct session *s, const char *ref, bool everybody, size_t pages,
                           struct inbox *x)
{
    enum err e = ERR_OK;
    do {
        Tandem__Inbox ask = TANDEM__INBOX__INIT;
        Tandem__Envelope m = TANDEM__ENVELOPE__INIT;
        ask.ref = session_text(ref);
        ask.everybody = everybody;
        ask.after = x->npages ? x->pages[x->npages - 1]->next : session_text("");
        m.body_case = TANDEM__ENVELOPE__BODY_INBOX;
        m.inbox = &ask;
        e = session_ask(s, &m, on_page, x);
    } while (!e && x->more && x->npages < pages);
    return e;
}

static void print_inbox(const struct cli *c, const struct inbox *x)
{
    struct buf out = BUF_INIT;
    if (!x->n)
        (void)puts(cli_option(c, "--all") ? "Nothing waits for your teams."
                                          : "Nothing waits for you.");
    (void)render_duties(x->duties, x->n, 0, &out);
    (void)fputs(buf_cstr(&out), stdout); /* safe text holds no NUL */
    if (x->more)
        (void)printf("\nThere is more than is shown here: tandem inbox REF shows one record's.\n");
    buf_free(&out);
}

int cmd_inbox(const struct cli *c)
{
    enum { MOST_PAGES = 50 };
    struct session s;
    struct inbox x = {.n = 0};
    enum err e = session_open(&s, c);
    if (!e)
        e = read_inbox(&s, c->nargs ? c->args[0] : "", cli_option(c, "--all") != NULL, MOST_PAGES,
                       &x);
    int exit_code = e ? session_fail(&s, e) : EXIT_DONE;
    if (!e && c->json) {
        json_t *all = json_array();
        for (size_t i = 0; i < x.n; i++)
            json_array_append_new(all, render_duty_json(x.duties[i]));
        print_json(all);
    } else if (!e) {
        print_inbox(c, &x);
    }
    inbox_fini(&x);
    session_close(&s);
    return exit_code;
}

void inbox_say_short(struct session *s)
{
    struct inbox x = {.n = 0};
    struct buf out = BUF_INIT;
    if (!read_inbox(s, "", false, 1, &x))
        render_duties_short(x.duties, x.n, INBOX_SHORT_LINES, &out);
    if (out.len)
        (void)printf("Waiting for you:\n%s", buf_cstr(&out));
    (void)fflush(stdout);
    buf_free(&out);
    inbox_fini(&x);
}
