#include "server/api/admin.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/log.h"
#include "common/pki.h"
#include "server/store/store_mem.h"
#include "tests/lib/leaks.h"

static const int64_t now = INT64_C(1800000000000);

/* An administrator of a stopped site whose disk obeys the test. */
struct bench {
    struct store *store;
    struct people *people;
    struct admin admin;
    int calls; /* of `done` */
    int exit_code;
    char *text;
};

static void bench_init(struct bench *b)
{
    *b = (struct bench){.store = store_mem_new(), .people = people_new()};
    log_set_level(LOG_LEVEL_ERROR);
    cr_assert(b->store && b->people);
    b->admin = (struct admin){.store = b->store,
                              .people = b->people,
                              .host = "qa.example",
                              .port = 7443,
                              .code_hours = 72};
    memset(b->admin.authority_hash, 0xab, sizeof b->admin.authority_hash);
}

static void bench_fini(struct bench *b)
{
    people_free(b->people);
    store_mem_free(b->store);
    free(b->text);
}

static void on_done(void *user, int exit_code, const char *text)
{
    struct bench *b = user;
    b->calls++;
    b->exit_code = exit_code;
    free(b->text);
    b->text = strdup(text);
}

/* Runs a command to its end; the n-th commit (0: none) fails with `e`. */
static int run_failing(struct bench *b, const char *const *argv, const char *attachment, unsigned n,
                       enum err e)
{
    int argc = 0;
    while (argv[argc])
        argc++;
    b->calls = 0;
    store_mem_fail_commit(b->store, n, e);
    admin_run(&b->admin, argc, argv, attachment, attachment ? strlen(attachment) : 0, now, on_done,
              b);
    cr_assert_eq(b->calls, 0, "`done` never runs inside admin_run");
    for (int i = 0; i < 20 && !b->calls; i++)
        (void)store_mem_step(b->store, 1);
    cr_assert_eq(b->calls, 1, "%s %s never ends", argv[0], argc > 1 ? argv[1] : "");
    (void)store_mem_step(b->store, 100);
    cr_assert_eq(b->calls, 1, "`done` runs once");
    store_mem_fail_commit(b->store, 0, ERR_OK);
    return b->exit_code;
}

#define COMMAND(...)   ((const char *const[]){__VA_ARGS__, NULL})
#define RUN_IT(b, ...) run_failing(b, COMMAND(__VA_ARGS__), NULL, 0, ERR_OK)

static size_t people_in_store(struct bench *b)
{
    struct store_people_load load = {.req = {.op = STORE_PEOPLE_LOAD}, .now_utc_ms = now};
    store_submit(b->store, &load.req);
    (void)store_mem_step(b->store, 1);
    cr_assert_eq(load.req.err, ERR_OK);
    free(load.people);
    free(load.certs);
    return load.npeople;
}

/* Is the secret of this code the one that lets `person` in, until its end? */
static enum err use_code(struct bench *b, const char *text, int64_t at_utc_ms, uint32_t *person)
{
    struct pki_code code;
    struct store_code_use use = {.req = {.op = STORE_CODE_USE}, .now_utc_ms = at_utc_ms};
    const char *s = strstr(text, "TANDEM-");
    cr_assert_not_null(s);
    char *word = strndup(s, strcspn(s, " \n\""));
    cr_assert_eq(pki_code_parse(word, &code, NULL), ERR_OK);
    free(word);
    cr_assert_str_eq(code.host, "qa.example");
    cr_assert_eq(code.port, 7443);
    cr_assert_eq(code.authority_hash16[7], 0xab);
    hash_sha256(code.secret, sizeof code.secret, use.secret_hash);
    use.cert.serial[0] = (uint8_t)(1 + at_utc_ms % 200);
    use.cert.not_after_utc_ms = at_utc_ms + 1000;
    store_submit(b->store, &use.req);
    (void)store_mem_step(b->store, 1);
    *person = use.cert.person;
    return use.req.err;
}

Test(admin, a_code_opens_for_its_person_once_and_in_time)
{
    struct bench b;
    uint32_t person;
    bench_init(&b);
    cr_assert_eq(
        RUN_IT(&b, "person", "add", "--role", "FRO:north", "--role", "IRO", "--", "Ana Flint"), 0,
        "%s", b.text);
    const struct person *ana = people_find_name(b.people, "Ana Flint");
    cr_assert_not_null(ana);
    cr_assert(person_has_role(ana, ROLE_FRO) && person_has_role(ana, ROLE_IRO));
    cr_assert_str_eq(ana->viewer.roles[0].team, "north");
    char *first = strdup(b.text);
    cr_assert_eq(use_code(&b, first, now + 72 * 3600 * 1000 + 1, &person), ERR_NOT_FOUND, "late");
    cr_assert_eq(use_code(&b, first, now + 72 * 3600 * 1000 - 1, &person), ERR_OK);
    cr_assert_eq(person, ana->viewer.person);
    cr_assert_eq(use_code(&b, first, now + 5, &person), ERR_NOT_FOUND, "twice");
    cr_assert_eq(RUN_IT(&b, "person", "code", "--json", "ana flint"), 0);
    cr_assert_not_null(strstr(b.text, "\"code\": \"TANDEM-"));
    cr_assert_eq(use_code(&b, b.text, now + 6, &person), ERR_OK);
    free(first);
    bench_fini(&b);
    CHECK_NO_LEAKS();
}

Test(admin, a_role_given_twice_is_held_once)
{
    struct bench b;
    bench_init(&b);
    cr_assert_eq(
        RUN_IT(&b, "person", "add", "Ana", "--role", "FRO", "--role", "fro", "--role", "FRO:a"), 0);
    cr_assert_eq(people_find_name(b.people, "Ana")->viewer.nroles, 2u);
    bench_fini(&b);
    CHECK_NO_LEAKS();
}

Test(admin, whatever_commit_fails_memory_and_disk_agree_and_the_sentence_is_true)
{
    for (unsigned n = 1;; n++) {
        struct bench b;
        bench_init(&b);
        int code =
            run_failing(&b, COMMAND("person", "add", "Ana", "--role", "FRO"), NULL, n, ERR_FULL);
        size_t stored = people_in_store(&b);
        cr_assert_eq(people_count(b.people), stored, "commit %u", n);
        cr_assert_eq(strstr(b.text, "is person") != NULL, stored == 1, "commit %u: %s", n, b.text);
        cr_assert_eq(strstr(b.text, "TANDEM-") != NULL, code == 0);
        bench_fini(&b);
        if (code == 0) {
            cr_assert_gt(n, 2u, "two commits could fail");
            break;
        }
        cr_assert_lt(n, 10u, "it never passes");
    }
    CHECK_NO_LEAKS();
}

Test(admin, a_dead_store_refuses_and_nobody_is_there_in_memory_alone)
{
    struct bench b;
    bench_init(&b);
    cr_assert_eq(
        run_failing(&b, COMMAND("person", "add", "Ana", "--role", "FRO"), NULL, 1, ERR_STORE), 1);
    cr_assert_eq(RUN_IT(&b, "person", "add", "Ben", "--role", "FRO"), 1);
    cr_assert_eq(people_count(b.people), 0u);
    bench_fini(&b);
    CHECK_NO_LEAKS();
}

Test(admin, a_revocation_that_fails_leaves_the_person_in)
{
    struct bench b;
    bench_init(&b);
    cr_assert_eq(RUN_IT(&b, "person", "add", "Ana", "--role", "FRO"), 0);
    bool failed = false;
    for (unsigned n = 1; n < 10; n++) {
        int code = run_failing(&b, COMMAND("person", "revoke", "Ana"), NULL, n, ERR_FULL);
        bool revoked = people_find(b.people, 1)->revoked;
        cr_assert_eq(revoked, code == 0, "commit %u", n);
        failed = failed || code;
        if (!code)
            break;
    }
    cr_assert(failed);
    cr_assert(people_find(b.people, 1)->revoked);
    cr_assert_eq(RUN_IT(&b, "person", "revoke", "1"), 1);
    cr_assert_not_null(strstr(b.text, "has been revoked"));
    bench_fini(&b);
    CHECK_NO_LEAKS();
}

Test(admin, what_is_no_command_is_refused)
{
    struct bench b;
    bench_init(&b);
    cr_assert_eq(RUN_IT(&b, "person"), 2);
    cr_assert_eq(RUN_IT(&b, "person", "remove", "Ana"), 2);
    cr_assert_eq(RUN_IT(&b, ""), 2);
    cr_assert_eq(RUN_IT(&b, "person", "add"), 2);
    cr_assert_eq(RUN_IT(&b, "person", "add", "Ana", "--role"), 2);
    cr_assert_eq(RUN_IT(&b, "person", "code", "Ana", "--role", "FRO"), 2);
    cr_assert_eq(RUN_IT(&b, "person", "list", "more"), 2);
    cr_assert_eq(RUN_IT(&b, "template", "add", "x.yaml"), 2, "without its content");
    cr_assert_eq(RUN_IT(&b, "health"), 3);
    const char *many[80];
    for (int i = 0; i < 79; i++)
        many[i] = "person";
    many[79] = NULL;
    admin_run(&b.admin, 79, many, NULL, 0, now, on_done, &b);
    cr_assert_neq(b.exit_code, 0);
    cr_assert_eq(people_in_store(&b), 0u);
    bench_fini(&b);
    CHECK_NO_LEAKS();
}

Test(admin, words_behind_two_dashes_are_never_options)
{
    struct bench b;
    bench_init(&b);
    cr_assert_eq(RUN_IT(&b, "person", "code", "--", "--json"), 1);
    cr_assert_not_null(strstr(b.text, "nobody called \"--json\""));
    bench_fini(&b);
    CHECK_NO_LEAKS();
}

static const char own[] = "id: OWN\nversion: 1\ntitle: Our own\ntype: thematic\noverall: none\n"
                          "scale:\n  - {code: good, label: Good}\nsections:\n"
                          "  - code: A\n    title: About\n    write: [FRO]\n    questions:\n"
                          "      - {code: A1, title: Why, kinds: [text], required: yes}\n";

Test(admin, a_version_of_a_template_that_is_there_is_frozen)
{
    struct bench b;
    char changed[sizeof own + 80];
    bench_init(&b);
    cr_assert_eq(run_failing(&b, COMMAND("template", "add", "own.yaml"), own, 0, ERR_OK), 0, "%s",
                 b.text);
    cr_assert_eq(run_failing(&b, COMMAND("template", "add", "own.yaml"), own, 0, ERR_OK), 0,
                 "the same again is fine");
    (void)snprintf(changed, sizeof changed, "%s      - {code: A2, title: More, kinds: [text]}\n",
                   own);
    cr_assert_eq(run_failing(&b, COMMAND("template", "add", "own.yaml"), changed, 0, ERR_OK), 1);
    cr_assert_not_null(strstr(b.text, "number 2"), "%s", b.text);
    cr_assert_eq(RUN_IT(&b, "template", "list", "--json"), 0);
    cr_assert_not_null(strstr(b.text, "\"questions\": 1"), "%s", b.text);
    cr_assert_eq(run_failing(&b, COMMAND("template", "add", "d/own.yaml"), "id: [", 0, ERR_OK), 1);
    cr_assert_eq(strncmp(b.text, "own.yaml", 8), 0, "%s", b.text);
    bench_fini(&b);
    CHECK_NO_LEAKS();
}
