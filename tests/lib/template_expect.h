#ifndef TANDEM_TESTS_LIB_TEMPLATE_EXPECT_H
#define TANDEM_TESTS_LIB_TEMPLATE_EXPECT_H

/* A template against a list written by hand. Criterion's expectations say what differs. */

#include "common/audit/template.h"

enum { ASKED = 1, KEY = 2, CHOOSE = 4, WHEN = 8 }; /* required, key, choose, has a needs_when */

struct expected_question {
    const char *code;
    uint32_t kinds;
    int flags;
    const char *use;
    role_set write;    /* who may write there, by the question's or the section's word */
    const char *words; /* that its title, text, prompts, options or ends have; split at ';' */
    const char *items; /* words of its items, in order, none besides; split at ';' */
};

/* Are all `words` (split at ';') in `haystack`, whatever their case? Else the first that is not. */
bool template_has_words(const char *haystack, const char *words, char missing[80]);
/* Exactly these questions, in this order, each as its row says. */
void template_expect(const struct template *t, const struct expected_question *rows, size_t n);

#endif
