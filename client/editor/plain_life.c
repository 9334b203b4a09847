/* Commands of the plain mode about the record's life, and what the server answered: the same
 * sentences as the full screen's, as lines. */
#include "client/editor/plain_state.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

bool plain_take_errand(struct plain *p, struct errand *out)
{
    return editor_take_errand(p->ed, out);
}

bool plain_awaits(const struct plain *p)
{
    const struct life *l = &p->ed->life;
    return l->nasked || l->nwaiting || (p->says_steps && l->wants_steps);
}

/* The model says at once what it cannot send. */
static void send(struct plain *p, struct errand *e)
{
    p->ed->said[0] = 0;
    if (!model_send_errand(p->ed, e))
        plain_say(p, "Not done: %s", p->ed->said);
}

static void say_desk(struct plain *p, enum desk_show show)
{
    p->ed->life.show = show;
    model_desk_build(p->ed);
    for (size_t i = 0; i < p->ed->life.nrows; i++) {
        struct desk_row *row = &p->ed->life.rows[i];
        if (row->text.len)
            plain_say(p, "%*s%s", (int)row->indent, "", buf_cstr(&row->text));
    }
}

/* ---- answers ---- */

static void say_moderators(struct plain *p)
{
    const struct errand_answer *a = p->ed->life.moderators;
    for (size_t i = 0; a && i < a->nmoderators; i++) {
        const struct errand_moderator *m = &a->moderators[i];
        if (*m->conflict)
            plain_say(p, "%zu  %s may not: %s", i + 1, m->name, m->conflict);
        else
            plain_say(p, "%zu  %s%s, moderates %u now (assign %zu)", i + 1, m->name,
                      m->own ? ", the child's own IRO" : "", (unsigned)m->open, i + 1);
    }
    if (a && !a->nmoderators)
        plain_say(p, "Nobody here could moderate this audit.");
}

/* What is asked of me, each time that it is something else. */
static void say_urgent(struct plain *p)
{
    const struct errand_duty *d = model_urgent(p->ed);
    struct buf line = BUF_INIT;
    if (d)
        describe_duty(d, &line);
    if (line.len && strcmp(buf_cstr(&line), buf_cstr(&p->urgent)) != 0)
        plain_say(p, "To do: %s", buf_cstr(&line));
    buf_free(&p->urgent);
    p->urgent = line;
}

static void say_notices(struct plain *p)
{
    struct editor *ed = p->ed;
    for (; ed->nnotices; model_drop_notice(ed)) {
        plain_say(p, "%s", ed->notices[0].text);
        if (ed->notices[0].kept)
            plain_say_text(p, "  ", ed->notices[0].kept, strlen(ed->notices[0].kept));
    }
    if (ed->said[0])
        plain_say(p, "%s", ed->said);
    ed->said[0] = 0;
}

void plain_answer(struct plain *p, const struct errand *e, struct errand_answer *a)
{
    bool ok = a && !a->err, first_inbox = e->kind == ERRAND_INBOX && !p->says_inbox;
    while (p->ed->nnotices) /* kept words; "kept" tells of them */
        model_drop_notice(p->ed);
    p->ed->said[0] = 0;
    editor_answer(p->ed, e, a);
    p->ed->popup = POPUP_NONE;
    say_notices(p);
    if (e->kind == ERRAND_NEXT && p->says_steps)
        say_desk(p, DESK_STEPS);
    if (e->kind == ERRAND_NEXT)
        say_urgent(p);
    if (e->kind == ERRAND_INBOX && ok && !first_inbox)
        say_desk(p, DESK_INBOX);
    if (e->kind == ERRAND_READERS && ok)
        say_desk(p, DESK_READERS);
    if (e->kind == ERRAND_MODERATORS && ok)
        say_moderators(p);
    p->says_steps &= e->kind != ERRAND_NEXT;
    p->says_inbox &= e->kind != ERRAND_INBOX;
}

/* ---- commands ---- */

void plain_run_steps(struct plain *p, char *args)
{
    (void)args;
    p->says_steps = true;
    if (p->ed->line == LINE_UP)
        model_life_stale(p->ed, true);
    else
        say_desk(p, DESK_STEPS);
}

void plain_run_readers(struct plain *p, char *args)
{
    struct errand e = {.kind = ERRAND_READERS};
    (void)args;
    send(p, &e);
}

void plain_run_inbox(struct plain *p, char *args)
{
    struct errand e = {.kind = ERRAND_INBOX};
    (void)args;
    p->says_inbox = true;
    send(p, &e);
}

void plain_run_sign(struct plain *p, char *args)
{
    struct replica_status saved = replica_status(p->r);
    struct errand e = {.kind = ERRAND_SIGN,
                       .revision = model_revision(p->ed),
                       .absent = describe_my_role(p->r) == ROLE_FTM};
    if (saved.pending_chars || saved.pending_ops) {
        plain_say(p,
                  "Not done: your last changes are not saved yet. Sign once \"status\" says so.");
        return;
    }
    if (e.absent && !*args) {
        plain_say(p, "Say why the practitioner is absent, and since when: sign REASON");
        return;
    }
    if (*args)
        *(e.absent ? &e.reason : &e.text) = strdup(args);
    send(p, &e);
}

void plain_run_move(struct plain *p, char *args)
{
    char *state = plain_take_word(&args);
    struct errand e = {.kind = ERRAND_MOVE};
    for (char *c = state; *c; c++)
        *c = *c == '-' ? '_' : *c >= 'a' && *c <= 'z' ? (char)(*c - 'a' + 'A') : *c;
    e.to = audit_state_find(state);
    if (!e.to) {
        plain_say(p, "Say which state, as in: move SUBMITTED. \"steps\" shows what comes next.");
        return;
    }
    if (*args)
        e.reason = strdup(args);
    send(p, &e);
}

void plain_run_assign(struct plain *p, char *args)
{
    struct errand e = {.kind = ERRAND_MODERATORS};
    const struct errand_answer *a = p->ed->life.moderators;
    size_t n = *args ? strtoul(plain_take_word(&args), NULL, 10) : 0;
    if (n && a && n <= a->nmoderators) {
        char number[16];
        snprintf(number, sizeof number, "%u", (unsigned)a->moderators[n - 1].person);
        e = (struct errand){.kind = ERRAND_MOVE, .to = AUDIT_MODERATING, .person = strdup(number)};
        if (*args)
            e.reason = strdup(args);
    }
    send(p, &e);
}

/* "WORDS IN QUOTES" at the beginning; NULL: there are none. */
static char *take_quoted(char **args)
{
    char *start = *args, *end = *start == '"' ? strchr(start + 1, '"') : NULL;
    if (!end)
        return NULL;
    *end = 0;
    *args = end + 1 + strspn(end + 1, " ");
    return start + 1;
}

void plain_run_flag(struct plain *p, char *args)
{
    char *told = take_quoted(&args);
    if (!told || !*told || !*args) {
        plain_say(p, "Say which manager has been told, in quotes, and what the concern is, as in: "
                     "flag \"Sue Tan\" The younger child ...");
        return;
    }
    struct errand e = {.kind = ERRAND_FLAG, .person = strdup(told), .text = strdup(args)};
    send(p, &e);
}

static void list_action_steps(struct plain *p)
{
    model_draft_action(p->ed);
    if (p->ed->popup == POPUP_PICKER)
        for (size_t i = 0; i < p->ed->picker.n; i++)
            plain_say(p, "  %-14s %s", p->ed->picker.choices[i].code,
                      p->ed->picker.choices[i].label);
    else
        plain_say(p, "%s", p->ed->said);
    p->ed->popup = POPUP_NONE;
}

/* action L5[1] | action L5[1] claim WORDS | action L5[1] due 1/12/2026 WORDS | ... supersede L5[2]
 * ...
 */
void plain_run_action(struct plain *p, char *args)
{
    struct err_info why = {0};
    struct field f, other;
    char *where = plain_take_word(&args), *step = plain_take_word(&args);
    const struct part_def *def;
    if (!*where || !plain_find_field(p, where, &f)) {
        if (!*where)
            plain_say(p, "Name the action, as in: action L5[1]");
        return;
    }
    def = part_find((enum part)f.part);
    if (!f.item || !def || (def->part != PART_ACTIONS && def->list != PART_ACTIONS)) {
        plain_say(p, "Not done: %s is not an action.", where);
        return;
    }
    if (!*step) {
        model_go(p->ed, (struct field){f.question, PART_ACTIONS, f.item}, 0);
        list_action_steps(p);
        return;
    }
    struct errand e = {.kind = ERRAND_ACTION, .question = f.question, .item = f.item};
    e.step = strdup(step);
    if (!strcmp(step, "due") || !strcmp(step, "impact"))
        e.value = strdup(plain_take_word(&args));
    if ((!strcmp(step, "supersede") || !strcmp(step, "not_effective")) && strchr(args, '[')) {
        char *to = plain_take_word(&args);
        if (audit_field_parse(plain_audit(p), to, &other, &why) || !other.item) {
            plain_say(p, "Not done: %s", why.text[0] ? why.text : "name an action, as in L5[2]");
            errand_fini(&e);
            return;
        }
        e.other_item = other.item;
    }
    if (*args)
        e.reason = strdup(args);
    send(p, &e);
}
