#ifndef TANDEM_TESTS_LIB_TEXT_MODEL_H
#define TANDEM_TESTS_LIB_TEXT_MODEL_H

/* The shared text once more, as slow and as obvious as can be: one entry per character in document
 * order, and the order made anew from Fugue's tree whenever two characters hang on one side of one.
 * The oracle for common/text/; shares only the wire form of operations with it. Functions are those
 * of text.h. */

#include "common/text/text.h"

struct text_model;

struct text_model *text_model_new(void);
void text_model_free(struct text_model *t);
size_t text_model_len_cp(const struct text_model *t);
void text_model_read(const struct text_model *t, size_t start_cp, size_t end_cp, struct buf *out);
MUST_CHECK enum err text_model_check(const struct text_model *t, uint32_t agent, const void *blob,
                                     size_t len_bytes, const struct text_limits *limits,
                                     struct err_info *why);
MUST_CHECK enum err text_model_apply(struct text_model *t, uint32_t agent, uint64_t when,
                                     const void *blob, size_t len_bytes);
MUST_CHECK enum err text_model_anchor_pos(const struct text_model *t, struct text_anchor a,
                                          size_t *pos_cp);
struct text_id text_model_id_at(const struct text_model *t, size_t pos_cp);
uint32_t text_model_next_seq(const struct text_model *t, uint32_t agent);
void text_model_runs(const struct text_model *t, size_t start_cp, size_t end_cp, text_run_fn fn,
                     void *user);
/* Every character with everything that is known about it, as lines: two models are the same if
 * these are. */
void text_model_dump(const struct text_model *t, struct buf *out);
/* A copy. */
struct text_model *text_model_clone(const struct text_model *t);

#endif
