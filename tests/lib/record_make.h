#ifndef TANDEM_TESTS_LIB_RECORD_MAKE_H
#define TANDEM_TESTS_LIB_RECORD_MAKE_H

/* Records of the built-in templates in whatever state a test of the rules wants, on whatever day:
 * events are folded as they come, nobody asks for rights (what people may write in a room:
 * audit_make.h). The site has fixed people; whoever is a member is the test's choice. */

#include "server/rules/clock.h"
#include "server/rules/facts.h"

enum {
    ANA = 1, /* FRO North */
    BEN,     /* FSW North */
    CLEO,    /* CSW every team */
    IRIS,    /* IRO every team */
    INES,    /* IRO every team */
    FAY,     /* FTM North */
    FINN,    /* FTM South */
    SAM,     /* SM North */
    HAL,     /* HOS every team */
    DINA,    /* DIR every team */
    QUINN,   /* QA every team */
    LEFT,    /* "Lee", FSW North; has left */
    NOBODY,  /* "Nora", ADMIN every team */
    PEOPLE_END
};

struct record {
    struct template *t;
    struct audit *a;
    struct people *people;
    struct clock_values clock;
    struct holidays holidays;
    int64_t utc_ms; /* the next event happens then */
    uint64_t batch_no[PEOPLE_END];
    uint32_t ids[PEOPLE_END];
};

/* Created by Ana for team North as "REC-1", planned for `planned` ("" allowed), at noon of `today`,
 * in PLANNED, without members. */
struct record *record_new(const char *template_id, const char *planned, const char *today);
void record_free(struct record *r);
struct facts record_facts(const struct record *r); /* now: the record's time */
const struct viewer *record_viewer(const struct record *r, uint32_t person);
void record_leaves(struct record *r, uint32_t person);

/* From now on it is noon of this day. */
void record_day(struct record *r, const char *day);
/* One event by `person`; agent 0. */
void record_do(struct record *r, uint32_t person, struct audit_op op);
void record_member(struct record *r, uint32_t person, enum role role);
void record_move(struct record *r, uint32_t person, enum audit_state to);
void record_stage(struct record *r, uint32_t person,
                  uint32_t stage); /* IN_PROGRESS at this stage */
void record_sign(struct record *r, uint32_t person, enum role role);

/* `where` as people write addresses. */
struct field record_field(const struct record *r, const char *where);
void record_set(struct record *r, uint32_t person, const char *where, const char *value);
void record_type(struct record *r, uint32_t person, const char *where, const char *words);
uint64_t record_add(struct record *r, uint32_t person, const char *list); /* the item's id */
/* A comment that must be answered; its id. */
uint64_t record_ask(struct record *r, uint32_t person, const char *where);
void record_reply(struct record *r, uint32_t person, uint64_t comment);
void record_resolve(struct record *r, uint32_t person, uint64_t comment);

#endif
