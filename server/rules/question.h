#ifndef TANDEM_SERVER_RULES_QUESTION_H
#define TANDEM_SERVER_RULES_QUESTION_H

/* What managers ask: every question in ONE table, which the server answers from, and which help,
 * `tandem ask` and the tests read; and how a question is narrowed down. Finding the answer is not
 * here. Pure: the day is an argument.
 *
 * A `struct question` is what an audit asks (template.h); this is what managers ask about audits.
 * Whatever is asked, only what the asker may see is counted; every answer says so. */

#include "common/answer.h"
#include "common/audit/template.h"
#include "server/rules/civil.h"

enum question_filter {
    FILTER_TEAM,
    FILTER_PERSON,
    FILTER_ROLE,
    FILTER_STATE,
    FILTER_GRADE,
    FILTER_THEME,
    FILTER_TEMPLATE,
    FILTER_PERIOD,
    FILTER_AS_AT,
    FILTER_RECORD, /* the one that the question is about */
    FILTER_COUNT
};
#define FILTER_BIT(f) (1u << (f))
const char *question_filter_name(enum question_filter f); /* "as-at" */
const char *question_filter_help(enum question_filter f); /* what may be given */

struct question_def {
    uint32_t number;                     /* 1 ... 26, as managers number them */
    const char *name;                    /* "overdue" */
    const char *sentence;                /* "What is overdue?" */
    const char *counted;                 /* what is counted, and from when on it counts as such */
    const char *not_counted;             /* what one might expect in it and does not find */
    const struct answer_column *columns; /* of the list; worst or oldest first */
    size_t ncolumns;
    uint32_t filters; /* FILTER_BIT of those that it takes */
    role_set who;     /* may ask it */
};
const struct question_def *question_table(size_t *count);
/* By its name or number ("7"); ERR_INPUT with a sentence that names the nearest ones. */
MUST_CHECK enum err question_get(const char *name, const struct question_def **out,
                                 struct err_info *why);
/* May somebody with these roles ask? ERR_REFUSED_ROLE with a sentence that names who may. */
MUST_CHECK enum err question_may_ask(const struct question_def *q, role_set roles,
                                     struct err_info *why);

/* ---- narrowed down ---- */

struct question_ask {
    const struct question_def *question;
    char text[FILTER_COUNT][64]; /* as given, made regular ("2026-09-30", "MODERATING"); "" */
    struct civil from, to;       /* of the period: [from, to) */
    struct civil as_at;          /* today, unless given */
};
/* The question without filters, as at today. */
void question_ask_init(struct question_ask *a, const struct question_def *q, struct civil today);

/* What a site knows; NULL-terminated, NULL lets every short line of text through. */
struct question_known {
    const char *const *teams, *const *grades, *const *themes, *const *templates;
};
/* Adds one filter by its name. ERR_INPUT with a sentence: there is no such filter, this question
 * does not take it (the sentence names those that it takes), it was given before, or its value
 * cannot be: a team that there is not, a day that there is not, one that is still to come. */
MUST_CHECK enum err question_ask_add(struct question_ask *a, const char *filter, const char *value,
                                     const struct question_known *known, struct civil today,
                                     struct err_info *why);
/* Is what the question needs there (the record of "readers")? ERR_INPUT with a sentence. */
MUST_CHECK enum err question_ask_check(const struct question_ask *a, struct err_info *why);
/* "What is overdue? Team north; as at 3 Mar 2026." Appends. */
void question_ask_say(const struct question_ask *a, struct buf *out);
/* An empty answer with the question's columns, its sentence and its definitions. */
void question_answer_init(const struct question_ask *a, struct answer *out);

/* Days [from, to) of a period as people write it: a month ("2026-09", "Sep 2026"), a quarter from
 * April ("2026-27 Q2"), a year from April ("2026-27"), a day, or two of them with ".." between,
 * the last one included. ERR_INPUT with a sentence. */
MUST_CHECK enum err question_period(const char *typed, struct civil *from, struct civil *to,
                                    struct err_info *why);

#endif
