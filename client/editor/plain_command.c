#include "client/editor/plain_state.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "common/utf8.h"

/* The commands of the plain mode, in one table. */

struct command {
    const char *name;
    const char *usage, *help;
    void (*run)(struct plain *p, char *args);
    bool before_join; /* works when nothing is here yet */
};

char *plain_take_word(char **args)
{
    char *start = *args + strspn(*args, " \t");
    size_t n = strcspn(start, " \t");
    *args = start + n;
    if (**args) {
        *(*args)++ = 0;
        *args += strspn(*args, " \t");
    }
    return start;
}

const struct audit *plain_audit(struct plain *p)
{
    return replica_audit(p->r);
}

bool plain_find_field(struct plain *p, const char *where, struct field *f)
{
    struct err_info why = {0}, first = {0};
    const struct question *q = model_question(p->ed);
    char whole[200];
    if (!audit_field_parse(plain_audit(p), where, f, &first))
        return true;
    snprintf(whole, sizeof whole, "%s%s%s", q ? q->code : "", *where == '[' ? "" : ".", where);
    if (!audit_field_parse(plain_audit(p), whole, f, &why))
        return true;
    plain_say(p, "Not done: %s", first.text);
    return false;
}

/* ---- where am I, what is here ---- */

static void say_row(struct plain *p, const struct form_row *row)
{
    char indent[8] = "";
    struct buf label = BUF_INIT;
    memset(indent, ' ', row->indent < 7 ? row->indent : 7);
    indent[row->indent < 7 ? row->indent : 7] = 0;
    buf_append(&label, row->label.data, row->label.len);
    if (row->kind == FORM_LIVE) {
        plain_say(p, "%s%s%s", indent, buf_cstr(&label), row->text.len || row->held ? "" : " -");
        plain_say_text(p, row->indent ? "    " : "  ", (const char *)row->text.data, row->text.len);
        plain_told(p, row->field);
    } else if (row->text.len) {
        /* The keys that a row names are the full screen's. */
        size_t len = row->text.len;
        const char *keys = row->kind == FORM_LIST ? memmem(row->text.data, len, "  [", 3) : NULL;
        if (keys)
            len = (size_t)(keys - (const char *)row->text.data);
        plain_say(p, "%s%.*s%s", indent, (int)len, (const char *)row->text.data,
                  keys ? " (\"add\" makes one)" : "");
    }
    buf_free(&label);
}

void plain_show(struct plain *p)
{
    const struct question *q = model_question(p->ed);
    editor_refresh(p->ed);
    if (!q)
        return;
    for (size_t i = 0; i < p->ed->nform; i++)
        say_row(p, &p->ed->form[i]);
    plain_say(p, "(%s: %s)", q->code,
              describe_state(audit_question_state(plain_audit(p), q->number)));
    plain_say_comments(p, q->number);
}

static void arrive(struct plain *p)
{
    p->text = (struct field){0};
    replica_set_cursor(p->r, (struct field){.question = p->ed->question}, 0, 0);
    plain_show(p);
}

static void run_show(struct plain *p, char *args)
{
    (void)args;
    plain_show(p);
}

static void step(struct plain *p, int by)
{
    uint16_t before = p->ed->question;
    model_step_question(p->ed, by);
    if (p->ed->question == before)
        plain_say(p, by < 0 ? "This is the first question." : "This is the last question.");
    else
        arrive(p);
}

static void run_next(struct plain *p, char *args)
{
    (void)args;
    step(p, 1);
}

static void run_prev(struct plain *p, char *args)
{
    (void)args;
    step(p, -1);
}

static void run_go(struct plain *p, char *args)
{
    struct field f;
    struct err_info why = {0};
    if (model_find_place(p->ed, args, &f, &why) && !plain_find_field(p, args, &f))
        return;
    model_go(p->ed, (struct field){.question = f.question}, 0);
    arrive(p);
}

static void run_todo(struct plain *p, char *args)
{
    uint16_t before = p->ed->question;
    (void)args;
    p->ed->said[0] = 0;
    model_next_unanswered(p->ed);
    if (p->ed->said[0])
        plain_say(p, "%s", p->ed->said);
    else if (p->ed->question == before)
        plain_say(p, "Only this question is left.");
    else
        arrive(p);
}

static void run_list(struct plain *p, char *args)
{
    const struct audit *a = plain_audit(p);
    const struct template *t = audit_template(a);
    (void)args;
    for (size_t i = 0; i < p->ed->ntree; i++) {
        const struct tree_row *row = &p->ed->tree[i];
        const struct question *q = template_question(t, row->question);
        size_t must, n = model_open_comments(p->ed, row->question, &must);
        if (row->is_section) {
            plain_say(p, "%s %s", t->sections[row->section].code, t->sections[row->section].title);
            continue;
        }
        char comments[80] = "";
        if (n)
            snprintf(comments, sizeof comments, ", %zu open comment%s%s", n, n == 1 ? "" : "s",
                     must ? ", must answer" : "");
        plain_say(p, "  %s %s: %s%s", q->code, q->title,
                  describe_state(audit_question_state(a, q->number)), comments);
    }
}

static void on_missing(void *user, struct field f, enum missing_why why, const char *sentence)
{
    (void)f;
    (void)why;
    plain_say(user, "  %s", sentence);
}

static void run_missing(struct plain *p, char *args)
{
    struct audit_progress n = audit_progress(plain_audit(p));
    (void)args;
    plain_say(p, "%u of %u answered.", (unsigned)n.answered, (unsigned)n.required);
    audit_missing(plain_audit(p), on_missing, p);
}

static void run_who(struct plain *p, char *args)
{
    const struct viewer *me = replica_me(p->r);
    const struct question *q = model_question(p->ed);
    (void)args;
    plain_say(p, "Here: %s (%s), you%s%s", replica_name(p->r, me->person),
              role_code(describe_my_role(p->r)), q ? ", at " : "", q ? q->code : "");
    for (size_t i = 0; i < replica_present_count(p->r); i++) {
        struct replica_present who = replica_present_at(p->r, i);
        q = template_question(audit_template(plain_audit(p)), who.field.question);
        if (!who.me)
            plain_say(p, "Here: %s (%s)%s%s", who.name, role_code(who.role), q ? ", at " : "",
                      q ? q->code : "");
    }
}

static void run_status(struct plain *p, char *args)
{
    struct buf line = BUF_INIT;
    (void)args;
    describe_status(p->r, p->ed->line_why, p->line == LINE_JOINING, &line);
    plain_say(p, "%s", buf_cstr(&line));
    buf_free(&line);
}

static void run_authors(struct plain *p, char *args)
{
    p->ed->authors = true;
    p->ed->struck = !strcmp(args, "struck");
    p->ed->wants_log = false;
    p->ed->stale = true;
    editor_refresh(p->ed);
    for (size_t i = 0; i < p->ed->nform; i++)
        if (p->ed->form[i].kind == FORM_LIVE && p->ed->form[i].text.len)
            say_row(p, &p->ed->form[i]);
    p->ed->authors = false;
    p->ed->stale = true;
    editor_refresh(p->ed);
}

static void run_find(struct plain *p, char *args)
{
    struct buf where = BUF_INIT;
    if (*args) {
        buf_clear(&p->ed->needle);
        buf_append_str(&p->ed->needle, args);
    }
    p->ed->said[0] = 0;
    model_find(p->ed, false);
    if (!p->ed->in_tree && strstr(p->ed->said, "found")) {
        describe_field(p->r, p->ed->field, &where);
        plain_say(p, "In %s. %s", buf_cstr(&where), p->ed->said);
        plain_show(p);
    } else {
        plain_say(p, "%s", p->ed->said);
    }
    buf_free(&where);
}

static void run_follow(struct plain *p, char *args)
{
    if (!*args) {
        p->ed->follow = 0;
        plain_say(p, "Following nobody.");
        return;
    }
    for (size_t i = 0; i < replica_present_count(p->r); i++) {
        struct replica_present who = replica_present_at(p->r, i);
        if (who.me || (strncasecmp(who.name, args, strlen(args)) != 0 &&
                       strcasecmp(replica_initials(p->r, who.person), args) != 0))
            continue;
        p->ed->follow = who.person;
        plain_say(p, "Following %s; \"follow\" alone ends it.", who.name);
        if (who.field.question && who.field.question != p->ed->question) {
            uint32_t person = who.person;
            model_go(p->ed, (struct field){.question = who.field.question}, 0);
            p->ed->follow = person;
            arrive(p);
        }
        return;
    }
    plain_say(p, "Nobody here is called so; \"who\" lists who is here.");
}

/* ---- leaving, help ---- */

static void run_quit(struct plain *p, char *args)
{
    struct replica_status s = replica_status(p->r);
    (void)args;
    if (s.saved == REPLICA_OFFLINE && (s.pending_chars || s.pending_ops) && !p->asked_to_leave) {
        p->asked_to_leave = true;
        plain_say(p,
                  "%zu characters and %zu other changes are not saved on the server yet; they are "
                  "kept on this computer. \"quit\" again leaves.",
                  s.pending_chars, s.pending_ops);
        return;
    }
    p->left = true;
}

static void run_help(struct plain *p, char *args);

static const struct command commands[] = {
    {"next",     "next",                     "the next question (\"steps\": what comes next for the audit)",   run_next,
     false                                                                                                                              },
    {"prev",     "prev",                     "the question before",                                            run_prev,           false},
    {"go",       "go QUESTION",              "to a question, as in: go B1",                                    run_go,             false},
    {"todo",     "todo",                     "to the next question that is not answered",                      run_todo,           false},
    {"show",     "show",                     "this question and its answer again",                             run_show,           false},
    {"list",     "list",                     "all questions with their state",                                 run_list,           false},
    {"missing",  "missing",                  "what is missing, and why",                                       run_missing,        false},
    {"write",    "write [PART]",             "write a text anew; end with a line that has only a .",
     plain_run_write,                                                                                                              false},
    {"append",   "append [PART]",            "add to a text; end with a line that has only a .",
     plain_run_append,                                                                                                             false},
    {"lines",    "lines [PART]",             "the text with its lines numbered",                               plain_run_lines,    false},
    {"edit",     "edit N WORDS",             "replace line N of the text",                                     plain_run_edit,     false},
    {"insert",   "insert N WORDS",           "put a line before line N",                                       plain_run_insert,   false},
    {"delete",   "delete N",                 "strike out line N",                                              plain_run_delete,   false},
    {"undo",     "undo",                     "undo my last edit of the text (never another's)",                plain_run_undo,     false},
    {"redo",     "redo",                     "redo it",                                                        plain_run_redo,     false},
    {"grade",    "grade [WHOSE] GRADE",      "my grade, or: grade agreed good",                                plain_run_grade,    false},
    {"set",      "set PART VALUE",           "any other part, as in: set ynp yes, set D1[3] met",              plain_run_set,
     false                                                                                                                              },
    {"clear",    "clear PART",               "empty a part",                                                   plain_run_clear,    false},
    {"add",      "add [LIST]",               "a new finding, action, evidence, person",                        plain_run_add,      false},
    {"remove",   "remove ITEM",              "take an item away, as in: remove L2[1]",                         plain_run_remove,   false},
    {"comment",  "comment [\"WORDS\"] TEXT", "comment on the answer, or on words of it",
     plain_run_comment,                                                                                                            false},
    {"ask",      "ask [\"WORDS\"] TEXT",     "the same; it must be answered",                                  plain_run_ask,      false},
    {"comments", "comments [all]",           "open comments, or resolved ones too",                            plain_run_comments,
     false                                                                                                                              },
    {"reply",    "reply N TEXT",             "answer comment N",                                               plain_run_reply,    false},
    {"resolve",  "resolve N",                "comment N is settled",                                           plain_run_resolve,  false},
    {"steps",    "steps",                    "what comes next for the audit, and what waits for whom",         plain_run_steps,
     false                                                                                                                              },
    {"sign",     "sign [DIFFERENCE]",        "sign it as it stands; with words: where you see it differently",
     plain_run_sign,                                                                                                               false},
    {"move",     "move STATE [REASON]",      "to its next state, as in: move SUBMITTED",                       plain_run_move,
     false                                                                                                                              },
    {"assign",   "assign [N [WORDS]]",       "who could moderate; with a number: ask them to",
     plain_run_assign,                                                                                                             false},
    {"action",   "action ITEM [STEP ...]",   "what can be done about an action; or do it",
     plain_run_action,                                                                                                             false},
    {"flag",     "flag \"TOLD\" WORDS",      "raise a safeguarding flag; TOLD: the manager told",
     plain_run_flag,                                                                                                               false},
    {"readers",  "readers",                  "who has opened this record",                                     plain_run_readers,  false},
    {"inbox",    "inbox",                    "what waits for me, in all records",                              plain_run_inbox,    false},
    {"who",      "who",                      "who is here, and where",                                         run_who,            false},
    {"follow",   "follow [NAME]",            "go where this person goes",                                      run_follow,         false},
    {"authors",  "authors [struck]",         "who wrote what, and what was struck out",                        run_authors,        false},
    {"find",     "find [WORDS]",             "search in all answers; alone: the next place",                   run_find,           false},
    {"kept",     "kept",                     "words of mine that could not be stored",                         plain_run_kept,     false},
    {"forget",   "forget N",                 "let kept words N go for good",                                   plain_run_forget,   false},
    {"status",   "status",                   "what is saved, and how the line is",                             run_status,         true },
    {"help",     "help",                     "this list",                                                      run_help,           true },
    {"quit",     "quit",                     "leave",                                                          run_quit,           true },
};

size_t plain_commands(struct plain_command_help *rows, size_t cap)
{
    size_t n = sizeof commands / sizeof *commands;
    for (size_t i = 0; i < n && i < cap; i++)
        rows[i] = (struct plain_command_help){commands[i].usage, commands[i].help};
    return n;
}

static void run_help(struct plain *p, char *args)
{
    (void)args;
    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++)
        plain_say(p, "%-26s %s", commands[i].usage, commands[i].help);
}

void plain_command(struct plain *p, const char *line)
{
    char *copy = strdup(line), *args = copy;
    if (!copy)
        return;
    for (size_t n = strlen(copy); n && isspace((unsigned char)copy[n - 1]);)
        copy[--n] = 0;
    char *name = plain_take_word(&args);
    const struct command *found = NULL;
    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++)
        if (!strcasecmp(commands[i].name, name))
            found = &commands[i];
    if (strcasecmp(name, "quit") != 0)
        p->asked_to_leave = false;
    if (!*name)
        ; /* an empty line */
    else if (!found)
        plain_say(p, "There is no command \"%s\"; \"help\" lists them.", name);
    else if (!found->before_join && !plain_audit(p))
        plain_say(p, "The audit is not here yet.");
    else
        found->run(p, args);
    free(copy);
}
