#include <stdio.h>
#include <string.h>

#include "common/audit/field.h"

/* condition  = comparison { ("and" | "or") comparison }
 * comparison = QUESTION [ "." PART ] ("==" | "!=") CODE
 * Read from left to right with one comparison in hand: nothing nests, nothing recurses. */

enum join { JOIN_AND, JOIN_OR, JOIN_END };
enum { WORD_MAX = 80 };

struct comparison {
    const struct question *question;
    const struct part_def *part;
    bool equal;
    char value[WORD_MAX];
    enum join join; /* to the next one */
};

struct scan {
    const struct template *t;
    const char *at;
    struct err_info *why;
};

static void skip_space(struct scan *s)
{
    while (*s->at == ' ' || *s->at == '\n')
        s->at++;
}

static enum err read_word(struct scan *s, char word[WORD_MAX], const char *what)
{
    static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                  "0123456789_.-";
    skip_space(s);
    size_t len = strspn(s->at, allowed);
    if (!len || len >= WORD_MAX)
        return err_set(s->why, ERR_INPUT,
                       "the condition needs %s here; write it as in: D3 == yes or B5.ynp != na",
                       what);
    memcpy(word, s->at, len);
    word[len] = 0;
    s->at += len;
    return ERR_OK;
}

static enum err read_left(struct scan *s, struct comparison *c)
{
    char word[WORD_MAX];
    enum err e = read_word(s, word, "a question's code");
    if (e)
        return e;
    char *dot = strchr(word, '.');
    if (dot)
        *dot = 0;
    c->question = template_question_find(s->t, word);
    if (!c->question)
        return err_set(s->why, ERR_INPUT, "the condition names question %s, which does not exist",
                       word);
    enum part main = question_main_part(c->question);
    c->part = dot ? part_find_code(dot + 1) : part_find(main);
    if (c->part && question_has_part(c->question, c->part))
        return ERR_OK;
    if (dot)
        return err_set(s->why, ERR_INPUT, "the condition names %s.%s, but %s has no such part",
                       c->question->code, dot + 1, c->question->code);
    return err_set(s->why, ERR_INPUT, "the condition names %s, which has no answer",
                   c->question->code);
}

static enum err read_operator(struct scan *s, struct comparison *c)
{
    skip_space(s);
    c->equal = s->at[0] == '=';
    if ((s->at[0] != '=' && s->at[0] != '!') || s->at[1] != '=')
        return err_set(s->why, ERR_INPUT, "the condition needs == or != behind %s",
                       c->question->code);
    s->at += 2;
    return ERR_OK;
}

static enum err read_join(struct scan *s, struct comparison *c)
{
    skip_space(s);
    if (!*s->at) {
        c->join = JOIN_END;
        return ERR_OK;
    }
    char word[WORD_MAX];
    enum err e = read_word(s, word, "\"and\", \"or\" or its end");
    if (e)
        return e;
    c->join = !strcmp(word, "or") ? JOIN_OR : JOIN_AND;
    if (strcmp(word, "or") && strcmp(word, "and"))
        return err_set(s->why, ERR_INPUT,
                       "the condition has \"%s\" where \"and\" or \"or\" belongs", word);
    return ERR_OK;
}

static enum err next_comparison(struct scan *s, struct comparison *c)
{
    enum err e = read_left(s, c);
    if (!e)
        e = read_operator(s, c);
    if (!e)
        e = read_word(s, c->value, "a code to compare with");
    return e ? e : read_join(s, c);
}

/* One value, the same for whoever looks. */
static enum err check_comparable(const struct comparison *c, struct err_info *why)
{
    const struct question *q = c->question;
    const struct part_def *p = c->part;
    bool direct = p->kinds & q->kinds & ~(KINDS_OF_CHECKLIST | (uint32_t)KIND_MODERATION);
    bool single = p->type != TYPE_TEXT && p->type != TYPE_LINE && p->type != TYPE_LIST &&
                  p->type != TYPE_CODES && p->type != TYPE_ITEMS && p->type != TYPE_PERSON;
    if (!direct || !single)
        return err_set(why, ERR_INPUT,
                       "the condition compares %s.%s, which is not one code; compare a grade, a "
                       "choice, a yes/no, a date or a number",
                       q->code, p->code);
    if (q->blind && (p->part == PART_GRADE_AUDITOR || p->part == PART_GRADE_PRACTITIONER))
        return err_set(why, ERR_INPUT,
                       "the condition looks at %s.%s, which is hidden from some; use "
                       "grade_agreed",
                       q->code, p->code);
    return ERR_OK;
}

static enum err check_value(const struct template *t, const struct comparison *c,
                            struct err_info *why)
{
    struct field f = {c->question->number, (uint16_t)c->part->part, 0};
    struct err_info reason = {0};
    enum err e = field_check_value(t, f, c->value, &reason);
    if (e)
        return err_set(why, e, "the condition compares %s.%s with \"%s\". %s", c->question->code,
                       c->part->code, c->value, reason.text);
    return ERR_OK;
}

enum err template_condition_check(const struct template *t, const char *condition,
                                  struct err_info *why)
{
    size_t len = strlen(condition);
    if (len > TEMPLATE_MAX_CONDITION)
        return err_set(why, ERR_TOO_LARGE, "the condition may have %d characters",
                       TEMPLATE_MAX_CONDITION);
    struct scan s = {t, condition, why};
    struct comparison c = {.join = len ? JOIN_AND : JOIN_END};
    while (c.join != JOIN_END) {
        enum err e = next_comparison(&s, &c);
        if (!e)
            e = check_comparable(&c, why);
        if (!e)
            e = check_value(t, &c, why);
        if (e)
            return e;
    }
    return ERR_OK;
}

uint16_t template_condition_last(const struct template *t, const char *condition)
{
    struct scan s = {t, condition, NULL};
    struct comparison c = {.join = *condition ? JOIN_AND : JOIN_END};
    uint16_t last = 0;
    while (c.join != JOIN_END) {
        if (next_comparison(&s, &c))
            return 0;
        if (c.question->number > last)
            last = c.question->number;
    }
    return last;
}

bool template_condition(const struct template *t, const char *condition, template_value_fn value,
                        void *user)
{
    struct scan s = {t, condition, NULL};
    struct comparison c = {.join = *condition ? JOIN_AND : JOIN_END};
    bool any = c.join == JOIN_END, all = true; /* any: of the groups so far; all: of this group */
    while (c.join != JOIN_END) {
        if (next_comparison(&s, &c))
            return true; /* unchecked: rather ask too much than too little */
        const char *v = value(user, c.question->number, c.part->part);
        bool same = v && *v && !strcmp(v, c.value);
        all = all && same == c.equal;
        if (c.join != JOIN_AND) {
            any = any || all;
            all = true;
        }
    }
    return any;
}
