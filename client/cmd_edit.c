/* set, write, comment, reply, resolve: one change, done when it is on the server's disk. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client/address.h"
#include "client/cmd_edit.h"
#include "client/commands.h"
#include "client/editor/hint.h"
#include "client/session.h"

struct change {
    const struct cli *cli;
    struct session s;
    struct replica *r;
    struct buf input; /* write */
    struct field field;
    uint64_t id; /* of an item or comment made */
    bool added;
};

static const struct audit *audit_of(const struct change *x)
{
    return replica_audit(x->r);
}

static enum role my_role(const struct change *x)
{
    const struct viewer *me = replica_me(x->r);
    const struct audit_member *m = audit_member_find(audit_of(x), me->person);
    return m ? m->role : me->nroles ? me->roles[0].role : ROLE_NONE;
}

static int conflict(struct change *x)
{
    struct buf where = BUF_INIT;
    audit_field_format(audit_of(x), x->s.conflict_field, &where);
    const char *name = replica_name(x->r, x->s.conflict_person);
    if (x->cli->json)
        print_json(json_pack("{s:{s:s, s:s, s:i, s:s}}", "conflict", "field", buf_cstr(&where),
                             "theirs", x->s.theirs, "person", (int)x->s.conflict_person, "name",
                             name));
    buf_free(&where);
    return session_fail(&x->s, ERR_STALE);
}

/* Joins, changes, waits for the acknowledgement, prints. */
static int run_change(const struct cli *c, struct change *x, enum err (*make)(struct change *x),
                      void (*print)(struct change *x))
{
    x->cli = c;
    enum err e = session_open(&x->s, c);
    if (!e)
        e = session_join(&x->s, c->args[0], false);
    if (!e) {
        x->r = link_replica(x->s.link);
        e = make(x);
    }
    if (!e)
        e = session_flush(&x->s);
    int exit_code = EXIT_DONE;
    if (e == ERR_STALE && x->s.conflict)
        exit_code = conflict(x);
    else if (e)
        exit_code = session_fail(&x->s, e);
    else
        print(x);
    session_close(&x->s);
    buf_free(&x->input);
    return exit_code;
}

static json_t *field_json(struct change *x)
{
    struct buf where = BUF_INIT;
    audit_field_format(audit_of(x), x->field, &where);
    json_t *j = json_string(buf_cstr(&where));
    buf_free(&where);
    return j;
}

/* ---- set ---- */

static enum err add_item(struct change *x)
{
    enum err e = address_list(audit_of(x), x->cli->args[1], &x->field, &x->s.why);
    if (!e)
        e = replica_item_add(x->r, x->field.question, (enum part)x->field.part, &x->id, &x->s.why);
    x->added = true;
    x->field.item = x->id;
    return e;
}

static enum err remove_item(struct change *x)
{
    enum err e = address_list(audit_of(x), x->cli->args[1], &x->field, &x->s.why);
    if (!e && !x->field.item)
        e = err_set(&x->s.why, ERR_INPUT, "Say which item: %s[1].", x->cli->args[1]);
    return e ? e
             : replica_item_remove(x->r, x->field.question, (enum part)x->field.part, x->field.item,
                                   &x->s.why);
}

/* For scripts: somebody else's value is a conflict also when it came before we looked. */
static enum err check_was(struct change *x, const char *was)
{
    struct buf code = BUF_INIT;
    struct audit_value now = audit_value(audit_of(x), x->field);
    address_value(audit_of(x), x->field, was, &code);
    bool same = !strcmp(buf_cstr(&code), now.value);
    buf_free(&code);
    if (same)
        return ERR_OK;
    x->s.conflict = true;
    x->s.conflict_field = x->field;
    x->s.conflict_person = now.by;
    x->s.theirs = strdup(now.value);
    return err_set(&x->s.why, ERR_STALE, "%s has set this to \"%s\"; that stands.",
                   replica_name(x->r, now.by), now.value);
}

static enum err make_set(struct change *x)
{
    const char *value = x->cli->args[2];
    if (!strcmp(value, "+"))
        return add_item(x);
    if (!strcmp(value, "-"))
        return remove_item(x);
    enum err e = address_choice(audit_of(x), x->cli->args[1], my_role(x), &x->field, &x->s.why);
    if (e)
        return e;
    const char *was = cli_option(x->cli, "--was");
    if (was)
        e = check_was(x, was);
    if (e)
        return e;
    struct buf code = BUF_INIT;
    const struct part_def *def = part_find((enum part)x->field.part);
    if (def->type == TYPE_ITEMS) /* what it says about an address is kinder than what follows */
        e = audit_items_parse(audit_of(x), def->part, value, &code, &x->s.why);
    else
        address_value(audit_of(x), x->field, value, &code);
    if (!e)
        e = replica_set(x->r, x->field, buf_cstr(&code), &x->s.why);
    buf_free(&code);
    return e;
}

static size_t item_position(const struct change *x)
{
    struct audit_item items[256];
    size_t n = audit_items(audit_of(x), x->field.question, (enum part)x->field.part, items, 256);
    for (size_t i = 0; i < n && i < 256; i++)
        if (items[i].id == x->id)
            return i + 1;
    return n;
}

static void print_set(struct change *x)
{
    struct buf where = BUF_INIT;
    const struct question *q = template_question(audit_template(audit_of(x)), x->field.question);
    if (x->added) {
        const struct part_def *def = part_find((enum part)x->field.part);
        bool own_list = question_main_part(q) == (enum part)x->field.part;
        buf_appendf(&where, "%s[%zu]", q->code, item_position(x));
        if (!own_list && def)
            buf_appendf(&where, ".%s", def->code);
        if (x->cli->json)
            print_json(json_pack("{s:s, s:s}", "ref", x->cli->args[0], "item", buf_cstr(&where)));
        else
            (void)puts(buf_cstr(&where));
    } else if (x->cli->json) {
        print_json(json_pack("{s:s, s:o, s:s}", "ref", x->cli->args[0], "field", field_json(x),
                             "value", audit_value(audit_of(x), x->field).value));
    } else {
        audit_field_format(audit_of(x), x->field, &where);
        (void)printf("%s: ", buf_cstr(&where));
        cli_print_safe(strcmp(x->cli->args[2], "-") ? audit_value(audit_of(x), x->field).value
                                                    : "removed",
                       false);
        (void)putchar('\n');
    }
    buf_free(&where);
}

int cmd_set(const struct cli *c)
{
    struct change x = {.cli = c};
    return run_change(c, &x, make_set, print_set);
}

/* ---- write ---- */

static enum err read_input(struct buf *out, struct err_info *why)
{
    enum { MOST = 4 * 1024 * 1024 };
    char piece[16 * 1024];
    size_t n;
    while ((n = fread(piece, 1, sizeof piece, stdin)) > 0) {
        buf_append(out, piece, n);
        if (out->len > MOST)
            return err_set(why, ERR_TOO_LARGE, "That is too long for an answer.");
    }
    if (ferror(stdin))
        return err_set(why, ERR_IO, "Standard input cannot be read.");
    if (out->len && out->data[out->len - 1] == '\n')
        out->len--;
    if (out->len && out->data[out->len - 1] == '\r')
        out->len--;
    return buf_failed(out) ? ERR_NOMEM : ERR_OK;
}

static enum err append_words(struct change *x)
{
    const struct text *t = audit_text(audit_of(x), x->field);
    size_t len = t ? text_len_cp(t) : 0;
    struct buf words = BUF_INIT, last = BUF_INIT;
    if (len)
        text_read(t, len - 1, len, &last);
    if (len && strcmp(buf_cstr(&last), "\n") != 0)
        buf_append_u8(&words, '\n');
    buf_append(&words, x->input.data, x->input.len);
    enum err e = replica_insert(x->r, x->field, len, buf_cstr(&words), words.len, &x->s.why);
    buf_free(&words);
    buf_free(&last);
    return e;
}

static enum err make_write(struct change *x)
{
    enum err e = address_words(audit_of(x), x->cli->args[1], &x->field, &x->s.why);
    if (e)
        return e;
    if (cli_option(x->cli, "--append"))
        return append_words(x);
    return replica_replace(x->r, x->field, buf_cstr(&x->input), x->input.len, &x->s.why);
}

void note_identifiers(const struct audit *a, struct field f, const char *ref)
{
    const struct text *t = audit_text(a, f);
    struct buf words = BUF_INIT, note = BUF_INIT, where = BUF_INIT;
    struct hint h;
    audit_field_format(a, f, &where);
    if (t)
        text_read(t, 0, text_len_cp(t), &words);
    for (size_t from = 0; hint_next(a, f, words.data, words.len, from, &h); from = h.words.end) {
        const char *found = (const char *)words.data + h.words.start;
        int len = (int)(h.words.end - h.words.start);
        buf_clear(&note);
        hint_describe(&h, words.data, &note);
        buf_appendf(&note, ": tandem comment %s %s --on \"%.*s\" \"" HINT_WHY_NEEDED "...\"", ref,
                    buf_cstr(&where), len, found);
        cli_note(buf_cstr(&note));
    }
    buf_free(&words);
    buf_free(&note);
    buf_free(&where);
}

static void print_write(struct change *x)
{
    struct buf where = BUF_INIT;
    const struct text *t = audit_text(audit_of(x), x->field);
    size_t len = t ? text_len_cp(t) : 0;
    audit_field_format(audit_of(x), x->field, &where);
    if (x->cli->json)
        print_json(json_pack("{s:s, s:s, s:I}", "ref", x->cli->args[0], "field", buf_cstr(&where),
                             "characters", (json_int_t)len));
    else
        (void)printf("%s: %zu character%s, saved\n", buf_cstr(&where), len, len == 1 ? "" : "s");
    note_identifiers(audit_of(x), x->field, x->cli->args[0]);
    buf_free(&where);
}

int cmd_write(const struct cli *c)
{
    struct change x = {.cli = c};
    struct err_info why;
    bool empty = cli_option(c, "--empty") != NULL;
    enum err e = empty ? ERR_OK : read_input(&x.input, &why);
    if (!e && !empty &&
        !x.input.len) /* `failed | tandem write ...` must not strike out an answer */
        e = err_set(&why, ERR_INPUT,
                    "Nothing came from standard input, so nothing was changed. To take all words "
                    "out of an answer: tandem write REF QUESTION --empty");
    if (e) {
        buf_free(&x.input);
        return cli_fail(e, why.text);
    }
    return run_change(c, &x, make_write, print_write);
}

/* ---- comments ---- */

/* Where the words stand; they must stand there once, so that it is clear which are meant. */
static enum err find_words(struct change *x, const char *words, size_t *start, size_t *end)
{
    const struct text *t = audit_text(audit_of(x), x->field);
    struct buf all = BUF_INIT;
    if (t)
        text_read(t, 0, text_len_cp(t), &all);
    const char *s = buf_cstr(&all), *at = words[0] ? strstr(s, words) : NULL;
    enum err e = ERR_OK;
    if (!at)
        e = err_set(&x->s.why, ERR_NOT_FOUND, "\"%s\" does not stand in %s.", words,
                    x->cli->args[1]);
    else if (strstr(at + 1, words))
        e = err_set(&x->s.why, ERR_INPUT, "\"%s\" stands there several times; quote more of it.",
                    words);
    else {
        *start = text_cp_of_byte(t, (size_t)(at - s));
        *end = text_cp_of_byte(t, (size_t)(at - s) + strlen(words));
    }
    buf_free(&all);
    return e;
}

static enum err make_comment(struct change *x)
{
    const char *words = cli_option(x->cli, "--on");
    bool must = cli_option(x->cli, "--must-answer") != NULL;
    size_t start = 0, end = 0;
    enum err e = words ? address_words(audit_of(x), x->cli->args[1], &x->field, &x->s.why)
                       : address_find(audit_of(x), x->cli->args[1], &x->field, NULL, &x->s.why);
    if (!e && words)
        e = find_words(x, words, &start, &end);
    if (!e)
        e = hint_check_reason(x->cli->args[2], &x->s.why);
    return e ? e
             : replica_comment(x->r, x->field, words != NULL, start, end, must, x->cli->args[2],
                               &x->id, &x->s.why);
}

static void print_comment(struct change *x)
{
    size_t number = address_comment_number(audit_of(x), x->id);
    if (x->cli->json)
        print_json(json_pack("{s:s, s:I}", "ref", x->cli->args[0], "comment", (json_int_t)number));
    else
        (void)printf("comment %zu\n", number);
}

int cmd_comment(const struct cli *c)
{
    struct change x = {.cli = c};
    return run_change(c, &x, make_comment, print_comment);
}

static enum err make_on_comment(struct change *x)
{
    const struct audit_comment *k = address_comment(audit_of(x), x->cli->args[1], &x->s.why);
    if (!k)
        return x->s.why.code;
    x->id = k->id;
    return x->cli->nargs > 2 ? replica_reply(x->r, k->id, x->cli->args[2], &x->s.why)
                             : replica_resolve(x->r, k->id, &x->s.why);
}

int cmd_reply(const struct cli *c)
{
    struct change x = {.cli = c};
    return run_change(c, &x, make_on_comment, print_comment);
}

int cmd_resolve(const struct cli *c)
{
    struct change x = {.cli = c};
    return run_change(c, &x, make_on_comment, print_comment);
}
