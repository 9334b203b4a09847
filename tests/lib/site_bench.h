#ifndef TANDEM_TESTS_LIB_SITE_BENCH_H
#define TANDEM_TESTS_LIB_SITE_BENCH_H

/* A service on the bench (core_bench.h): somebody of every role, each on the connection of their
 * number, and a template small enough that an audit goes through its life in a few messages. */

#include "tests/lib/core_bench.h"

/* Template "MIN": collaborative; A1 text, A2 date, L1 actions, none required. */
extern const char site_small[];

enum { NOBODY, ANA, BEN, QUIN, IRIS, FAY, SAM, EVE, ADAM, MAE, HAL, PEOPLE };

/* Ana is FRO, Ben FSW, Fay FTM and Sam SM of North; Eve FRO of South; Quin QA, Iris IRO, Adam
 * ADMIN, Mae IROM and Hal HOS for every team. */
struct site {
    struct bench *b;
    uint32_t ids[PEOPLE];
    char ref[32];
};

/* With this template (NULL: the bench's own). */
struct site site_new(const char *yaml);
struct site site_new_with(const struct core_settings *settings, const char *yaml);
/* With an audit of the small template, led by Ana, Ben its practitioner, IN_PROGRESS. */
struct site site_with_audit(void);

/* Sends, steps, and gives the answer (valid until the next). */
const Tandem__Envelope *site_ask(struct site *s, unsigned who, Tandem__Envelope *e);
/* The answer must be of this kind; or an Error with this code and a sentence. */
const Tandem__Envelope *site_good(const Tandem__Envelope *e, int kind);
const Tandem__Error *site_refused(const Tandem__Envelope *e, enum err code);

#endif
