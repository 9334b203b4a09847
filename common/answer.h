#ifndef TANDEM_COMMON_ANSWER_H
#define TANDEM_COMMON_ANSWER_H

/* The answer to a question that a manager asks: how many, the list behind the number, what was
 * counted and what was not, as at when. Made by the server, shown by the client. Pure data. */

#include <stdbool.h>

#include "common/buf.h"

/* Numbers are on the wire: never renumber. */
enum answer_type {
    ANSWER_TEXT = 1,
    ANSWER_REF = 2,   /* a record that can be opened: "FCA-2026-0001" */
    ANSWER_CODE = 3,  /* a state, grade, theme, role: as in messages and commands */
    ANSWER_NAME = 4,  /* of a person or team */
    ANSWER_DAY = 5,   /* YYYY-MM-DD */
    ANSWER_TIME = 6,  /* UTC milliseconds */
    ANSWER_COUNT = 7, /* 0 and more */
    ANSWER_DAYS = 8,  /* working days; below 0: still to come */
    ANSWER_SHARE = 9, /* tenths of a percent */
};
struct answer_column {
    const char *name;  /* "due": the key in JSON and CSV */
    const char *title; /* "due" as the heading of a table */
    enum answer_type type;
};

enum answer_mark {
    ANSWER_KNOWN,
    ANSWER_BLANK,  /* nothing there, or nobody knows */
    ANSWER_MASKED, /* a small number that is not shown outside the service */
};
struct answer_cell {
    enum answer_mark mark;
    const char *text; /* of the types up to ANSWER_DAY; "" */
    int64_t number;   /* of the others */
};

struct answer {
    const char *question; /* "overdue"; keeps for its life, as the texts of `columns` */
    const struct answer_column *columns;
    size_t ncolumns;
    char *sentence; /* the question asked, with its filters: "What is overdue? Team north." */
    char *counted, *not_counted;
    char *missing; /* what could not be counted, and why; "" */
    int64_t as_at_utc_ms;
    uint64_t count;            /* of all that was found; the rows may be fewer */
    struct answer_cell *cells; /* nrows x ncolumns, row by row; their texts are owned */
    size_t nrows;
    /* inside */
    size_t ncells, cap;
    bool failed;
};

/* An empty answer with these columns, which it keeps. */
void answer_init(struct answer *a, const char *question, const struct answer_column *columns,
                 size_t ncolumns);
void answer_free(struct answer *a); /* leaves an empty one */
/* Sets one of the texts above; copies. */
void answer_say(struct answer *a, char **which, const char *text);

/* Cells, one row after the other, from left to right; each of its column's type. Running out of
 * memory is remembered: ask answer_failed() before using it. */
void answer_put_text(struct answer *a, const char *text); /* copies; "" is a blank */
void answer_put_number(struct answer *a, int64_t number);
void answer_put_mark(struct answer *a, enum answer_mark mark);
bool answer_failed(const struct answer *a);

static inline const struct answer_cell *answer_at(const struct answer *a, size_t row, size_t column)
{
    return &a->cells[row * a->ncolumns + column];
}
bool answer_is_number(enum answer_type type);

#endif
