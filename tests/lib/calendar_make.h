#ifndef TANDEM_TESTS_LIB_CALENDAR_MAKE_H
#define TANDEM_TESTS_LIB_CALENDAR_MAKE_H

/* An invented service of any size whose calendar a test fills in: managers, reviewing officers,
 * carers with dates that a seed chooses, and the built-in activities. */

#include "server/rules/calendar.h"

struct service {
    struct activities activities;
    struct holidays holidays;
    struct clock_values clock;
    struct calendar calendar;
    struct calendar_person *people;
    struct calendar_carer *carers;
    struct calendar_facts facts;
    struct programme programme;
    uint64_t rng;
};

struct service_size {
    uint32_t managers, iros, carers;
};

/* Persons 1 ... managers are FTM of the teams "T0" to "T9"; then the IROs; then one each of DIR,
 * HOS, SM, QA, LADO, IROM, PANEL, SSL. Carers are "C-0000" ..., approved before 2026. The programme
 * is 2026-27, version 1, agreed on 1 April 2026. Ends the test when it cannot. */
void service_init(struct service *s, struct service_size size, uint64_t seed);
void service_fini(struct service *s);
uint64_t service_random(struct service *s, uint64_t below);
/* Fills the calendar in for [from, until) and returns the result; what has changed is released. */
struct calendar_result service_generate(struct service *s, struct civil from, struct civil until);

struct civil civil_of(const char *iso);

#endif
