#include "server/rules/people.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

static void put(struct people *p, uint32_t id, const char *name, enum role role, bool revoked)
{
    struct person person = {
        .viewer = {.person = id, .nroles = role != ROLE_NONE},
          .revoked = revoked
    };
    person.viewer.roles[0].role = role;
    (void)snprintf(person.name, sizeof person.name, "%s", name);
    cr_assert_eq(people_put(p, &person), ERR_OK);
}

static uint32_t id_of(const struct people *p, const char *name)
{
    const struct person *person = people_find_name(p, name);
    return person ? person->viewer.person : 0;
}

Test(people, are_found_by_number_in_whatever_order_they_came)
{
    struct people *p = people_new();
    for (uint32_t i = 0; i < 1000; i++)
        put(p, i * 7 % 1000 + 1, "x", ROLE_FRO, false); /* 7 and 1000 have no common divisor */
    cr_assert_eq(people_count(p), 1000u);
    for (uint32_t i = 1; i <= 1000; i++) {
        cr_assert_eq(people_find(p, i)->viewer.person, i);
        cr_assert_eq(people_at(p, i - 1)->viewer.person, i);
    }
    cr_assert_null(people_find(p, 0));
    cr_assert_null(people_find(p, 1001));
    people_free(p);
}

Test(people, putting_again_replaces_and_keeps_pointers)
{
    struct people *p = people_new();
    put(p, 5, "Ana Flint", ROLE_FRO, false);
    const struct person *ana = people_find(p, 5);
    for (uint32_t i = 6; i < 200; i++)
        put(p, i, "x", ROLE_FRO, false);
    put(p, 5, "Ana Flint-Moss", ROLE_QA, false);
    cr_assert_eq(people_find(p, 5), ana);
    cr_assert_str_eq(ana->name, "Ana Flint-Moss");
    cr_assert(person_has_role(ana, ROLE_QA));
    cr_assert_not(person_has_role(ana, ROLE_FRO));
    cr_assert_eq(people_count(p), 195u);
    people_free(p);
}

Test(people, are_found_by_whole_name_without_regard_to_case)
{
    struct people *p = people_new();
    put(p, 1, "Ana Flint", ROLE_FRO, false);
    put(p, 2, "Zo\xc3\xab \xc3\x89lan", ROLE_FSW, false);
    cr_assert_eq(id_of(p, "ana flint"), 1u);
    cr_assert_eq(id_of(p, "ANA FLINT"), 1u);
    cr_assert_eq(id_of(p, "zo\xc3\x8b \xc3\xa9lan"), 2u);
    cr_assert_eq(id_of(p, "Ana"), 0u);
    cr_assert_eq(id_of(p, "Ana Flint "), 0u);
    cr_assert_eq(id_of(p, ""), 0u);
    cr_assert_eq(id_of(p, "1"), 1u);
    cr_assert_eq(id_of(p, "3"), 0u);
    cr_assert_eq(id_of(p, "4294967297"), 0u, "does not wrap to 1");
    people_free(p);
}

Test(people, the_revoked_are_found_by_number_only)
{
    struct people *p = people_new();
    put(p, 1, "Ana Flint", ROLE_FRO, true);
    put(p, 2, "Ana Flint", ROLE_FRO, false);
    cr_assert_eq(id_of(p, "Ana Flint"), 2u);
    cr_assert_eq(id_of(p, "1"), 1u);
    people_free(p);
}

Test(people, a_certificate_leads_to_its_person_unless_something_is_revoked)
{
    struct people *p = people_new();
    uint8_t serial[20] = {0};
    const char *why = NULL;
    put(p, 1, "Ana Flint", ROLE_FRO, false);
    put(p, 2, "Ben Moor", ROLE_FSW, true);
    for (int i = 0; i < 256; i++) {
        serial[0] = (uint8_t)(i * 37);
        cr_assert_eq(people_put_cert(p, serial, i % 2 ? 1 : 2, i % 4 == 3), ERR_OK);
    }
    for (int i = 0; i < 256; i++) {
        serial[0] = (uint8_t)(i * 37);
        const struct person *person = people_of_cert(p, serial, &why);
        if (i % 4 == 1)
            cr_assert_eq(person->viewer.person, 1u);
        else
            cr_assert(!person && !strcmp(why, "revoked"), "%d", i);
    }
    serial[19] = 1;
    cr_assert_null(people_of_cert(p, serial, &why));
    cr_assert_str_eq(why, "unknown");
    cr_assert_eq(people_put_cert(p, serial, 99, false), ERR_OK);
    cr_assert_null(people_of_cert(p, serial, &why));
    cr_assert_str_eq(why, "unknown", "of a person who is not there");
    cr_assert_eq(people_put_cert(p, serial, 1, false), ERR_OK);
    cr_assert_eq(people_of_cert(p, serial, &why)->viewer.person, 1u);
    people_free(p);
}
