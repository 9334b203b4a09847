#include "common/answer.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

void answer_init(struct answer *a, const char *question, const struct answer_column *columns,
                 size_t ncolumns)
{
    *a = (struct answer){.question = question, .columns = columns, .ncolumns = ncolumns};
}

void answer_free(struct answer *a)
{
    for (size_t i = 0; i < a->ncells; i++)
        if (!answer_is_number(a->columns[i % a->ncolumns].type))
            free((char *)a->cells[i].text);
    free(a->cells);
    free(a->sentence);
    free(a->counted);
    free(a->not_counted);
    free(a->missing);
    *a = (struct answer){0};
}

void answer_say(struct answer *a, char **which, const char *text)
{
    char *copy = strdup(text);
    a->failed |= !copy;
    free(*which);
    *which = copy;
}

bool answer_is_number(enum answer_type type)
{
    return type >= ANSWER_TIME;
}

bool answer_failed(const struct answer *a)
{
    return a->failed;
}

static enum answer_type next_type(const struct answer *a)
{
    return a->columns[a->ncells % a->ncolumns].type;
}

/* Takes the cell's text. */
static void put(struct answer *a, struct answer_cell cell)
{
    if (a->ncells == a->cap && !a->failed) {
        size_t cap = a->cap ? 2 * a->cap : 16 * a->ncolumns;
        struct answer_cell *grown = realloc(a->cells, cap * sizeof *grown);
        if (grown) {
            a->cells = grown;
            a->cap = cap;
        }
        a->failed = !grown;
    }
    if (a->failed) {
        free((char *)cell.text);
        return;
    }
    a->cells[a->ncells++] = cell;
    a->nrows = a->ncells / a->ncolumns;
}

void answer_put_text(struct answer *a, const char *text)
{
    assert(a->failed || !answer_is_number(next_type(a)));
    char *copy = strdup(text);
    a->failed |= !copy;
    put(a, (struct answer_cell){.mark = *text ? ANSWER_KNOWN : ANSWER_BLANK, .text = copy});
}

void answer_put_number(struct answer *a, int64_t number)
{
    assert(a->failed || answer_is_number(next_type(a)));
    put(a, (struct answer_cell){.mark = ANSWER_KNOWN, .number = number});
}

void answer_put_mark(struct answer *a, enum answer_mark mark)
{
    char *text = answer_is_number(next_type(a)) ? NULL : strdup("");
    a->failed |= !text && !answer_is_number(next_type(a));
    put(a, (struct answer_cell){.mark = mark, .text = text});
}
