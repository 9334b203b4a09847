#ifndef TANDEM_CLIENT_RENDER_RENDER_ANSWER_H
#define TANDEM_CLIENT_RENDER_RENDER_ANSWER_H

/* An answer as text, JSON and CSV. Words of others are made safe here. Pure. */

#include <jansson.h>

#include "common/answer.h"

/* The count, the list as a table within `cols` columns (long words are cut with "…"; records never
 * are), then what was counted and what was not, and as at when. Appends. */
void render_answer_text(const struct answer *a, size_t cols, struct buf *out);
/* {question, sentence, count, as_at, counted, not_counted, missing, columns: [{name, type}],
 * rows: [{name: value}]}; what is blank is null, what is masked is "masked"; a share is a number of
 * percent. New reference; NULL without memory. */
json_t *render_answer_json(const struct answer *a);
/* A heading with the columns' names, and the rows; nothing in it is a formula. Definitions are not
 * in it: they would be read as rows. Appends. */
void render_answer_csv(const struct answer *a, struct buf *out);

#endif
