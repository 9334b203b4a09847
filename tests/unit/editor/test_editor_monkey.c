/* Any keys, at any size, while others write and the line comes and goes: nothing breaks, the screen
 * is whole, what is said about saving is true, and at rest all replicas are equal. A failing seed
 * prints itself. */
#include "client/editor/keymap.h"
#include "client/editor/plain.h"
#include "tests/lib/leaks.h"
#include "tests/unit/editor/people.h"

static uint32_t next(uint32_t *seed, uint32_t n)
{
    *seed = *seed * 1664525 + 1013904223;
    return (*seed >> 8) % n;
}

static const char *const places[] = {
    "B1.rationale", "B2.ynp", "B3", "B4",          "C1[1].check", "C1[2].note", "C2", "J1.words",
    "J3.words",     "L2",     "L3", "B1.evidence", "K1.seen",     "M1",         "A6", "Z1",
};
static const char *const words[] = {
    "plan ",  "x",  "\u65e5", "e\u0301",    "\U0001F469\u200d\U0001F467",
    "\u200b", ". ", "good",   "2026-03-01",
};

static void random_key(struct people *p, uint32_t *seed)
{
    size_t n;
    const struct key_row *rows = keymap_table(&n);
    switch (next(seed, 8)) {
    case 0:
    case 1:
        type(p, words[next(seed, sizeof words / sizeof *words)]);
        return;
    case 2:
        go(p, places[next(seed, sizeof places / sizeof *places)]);
        return;
    case 3:
        editor_paste(p->ed, (const uint8_t *)"pasted\r\nwords\x07", 14);
        return;
    default:
        editor_key(p->ed, rows[next(seed, (uint32_t)n)].key);
        return;
    }
}

/* Somebody else does something; refusals are part of it. */
static void random_other(struct people *p, uint32_t *seed)
{
    struct err_info why;
    uint32_t who = next(seed, 2) ? P_FSW : P_IRO;
    struct replica *r = p->r[who];
    struct field f;
    uint64_t id;
    if (audit_field_parse(r->audit, places[next(seed, 15)], &f, &why))
        return;
    const struct text *t = audit_text(r->audit, f);
    size_t len = t ? text_len_cp(t) : 0;
    const char *w = words[next(seed, sizeof words / sizeof *words)];
    switch (next(seed, 6)) {
    case 0:
    case 1:
        (void)!replica_insert(r, f, len ? next(seed, (uint32_t)len + 1) : 0, w, strlen(w), &why);
        return;
    case 2:
        if (len)
            (void)!replica_delete(r, f, 0, 1 + next(seed, (uint32_t)len), &why);
        return;
    case 3:
        (void)!replica_set(r, f, next(seed, 2) ? "good" : "yes", &why);
        return;
    case 4:
        (void)!replica_comment(r, f, len > 2, 0, 2, next(seed, 2), "why?", &id, &why);
        return;
    default:
        (void)!replica_item_add(r, f.question, next(seed, 2) ? PART_FINDINGS : PART_ACTIONS, &id,
                                &why);
        replica_set_cursor(r, f, len / 2, len);
        return;
    }
}

/* The server does something in somebody's name, and everybody hears of it. */
static void random_life(struct people *p, uint32_t *seed)
{
    static const enum audit_state states[] = {AUDIT_IN_PROGRESS, AUDIT_SUBMITTED, AUDIT_MODERATING,
                                              AUDIT_RETURNED, AUDIT_IN_PROGRESS};
    struct audit_op op = {.kind = OP_MOVE};
    switch (next(seed, 4)) {
    case 0:
        op.move = (struct op_move){.to = states[next(seed, 5)], .reason = "so \u200b it is"};
        break;
    case 1:
        op = (struct audit_op){.kind = OP_SIGN};
        op.sign = (struct op_sign){.role = next(seed, 2) ? ROLE_FRO : ROLE_FSW,
                                   .revision = audit_revision(p->room->a),
                                   .difference = next(seed, 2) ? "I see C1 otherwise" : ""};
        break;
    case 2:
        op = (struct audit_op){.kind = OP_FLAG};
        op.flag = (struct op_flag){.text = "a concern", .told = "Sue (FTM)", .told_utc_ms = 1};
        break;
    default:
        op = (struct audit_op){.kind = OP_GLASS};
        op.glass = (struct op_glass){
            .person = P_STRANGER, .until_utc_ms = 1772999000000, .reason = "an emergency"};
        break;
    }
    if (room_do(p->room, 0, &op, 1))
        return; /* not as things stand */
    for (uint32_t i = 1; i < P_END; i++)
        if (p->r[i] && p->r[i]->online)
            people_deliver(p, i, &p->room->events[p->room->nevents - 1]);
}

static char *some_words(uint32_t *seed)
{
    return strdup(words[next(seed, sizeof words / sizeof *words)]);
}

static struct field some_place(struct people *p, uint32_t *seed)
{
    struct field f = {0};
    struct err_info why;
    if (next(seed, 3) && audit_field_parse(p->room->a, places[next(seed, 15)], &f, &why))
        f = (struct field){.question = (uint16_t)next(seed, 99), .item = next(seed, 3)};
    return f;
}

/* What a server could say: nothing, a refusal, or anything at all. */
static struct errand_answer *random_answer(struct people *p, uint32_t *seed)
{
    struct errand_answer *a = next(seed, 20) ? calloc(1, sizeof *a) : NULL;
    if (!a)
        return NULL;
    a->err = next(seed, 3) ? ERR_OK : next(seed, 2) ? ERR_STALE : ERR_NET;
    a->text = some_words(seed);
    a->nsteps = next(seed, 4);
    a->steps = calloc(4, sizeof *a->steps);
    for (size_t i = 0; i < a->nsteps; i++) {
        struct errand_step *s = &a->steps[i];
        *s = (struct errand_step){.to = next(seed, 15),
                                  .title = some_words(seed),
                                  .command = some_words(seed),
                                  .who = some_words(seed),
                                  .reason = next(seed, 2) ? some_words(seed) : strdup(""),
                                  .you = next(seed, 4),
                                  .by_signing = next(seed, 2),
                                  .reason_needed = next(seed, 2)};
        s->nmissing = next(seed, 3);
        s->missing = calloc(3, sizeof *s->missing);
        for (size_t k = 0; k < s->nmissing; k++)
            s->missing[k] =
                (struct errand_missing){.sentence = some_words(seed), .field = some_place(p, seed)};
    }
    a->nduties = next(seed, 4);
    a->duties = calloc(4, sizeof *a->duties);
    for (size_t i = 0; i < a->nduties; i++)
        a->duties[i] = (struct errand_duty){.ref = strdup(next(seed, 2) ? "TST-2026-0001" : "X"),
                                            .text = some_words(seed),
                                            .due = strdup(next(seed, 2) ? "2026-03-01" : ""),
                                            .name = some_words(seed),
                                            .level = strdup(""),
                                            .role = next(seed, 40),
                                            .days_left = (int32_t)next(seed, 9) - 4,
                                            .mine = next(seed, 2),
                                            .field = some_place(p, seed)};
    a->nmoderators = next(seed, 3);
    a->moderators = calloc(3, sizeof *a->moderators);
    for (size_t i = 0; i < a->nmoderators; i++)
        a->moderators[i] =
            (struct errand_moderator){.person = next(seed, 9),
                                      .name = some_words(seed),
                                      .conflict = next(seed, 2) ? some_words(seed) : strdup("")};
    a->nreaders = next(seed, 3);
    a->readers = calloc(3, sizeof *a->readers);
    for (size_t i = 0; i < a->nreaders; i++)
        a->readers[i] = (struct errand_reader){.name = some_words(seed), .what = some_words(seed)};
    return a;
}

/* What was asked for and has no answer yet. */
struct asked {
    struct errand e[64];
    size_t n;
};

static void answer_one(struct people *p, struct plain *plain, struct asked *asked, uint32_t *seed)
{
    struct errand e = {.kind = ERRAND_NEXT};
    while (plain ? plain_take_errand(plain, &e) : editor_take_errand(p->ed, &e)) {
        cr_assert_lt(asked->n, 64u);
        asked->e[asked->n++] = e;
    }
    if (!asked->n)
        return;
    size_t i = next(seed, (uint32_t)asked->n);
    e = asked->e[i];
    asked->e[i] = asked->e[--asked->n];
    if (plain)
        plain_answer(plain, &e, random_answer(p, seed));
    else
        editor_answer(p->ed, &e, random_answer(p, seed));
    errand_fini(&e);
}

static void asked_fini(struct asked *asked)
{
    while (asked->n)
        errand_fini(&asked->e[--asked->n]);
}

static void check_screen(struct people *p, uint32_t seed)
{
    look(p);
    for (uint16_t r = 0; r < p->grid.rows; r++) {
        unsigned width = 0;
        for (uint16_t c = 0; c < p->grid.cols; c++)
            width += grid_at(&p->grid, r, c)->width;
        cr_assert_eq(width, p->grid.cols, "seed %u row %u", seed, r);
    }
    struct replica_status s = replica_status(p->r[p->me]);
    if (p->grid.cols >= 40 && p->grid.rows >= 5)
        cr_assert(!sees(p, " Saved ") || (!s.pending_chars && !s.pending_ops), "seed %u\n%s", seed,
                  screen(p));
}

static void monkey(uint32_t start)
{
    static const uint32_t who[] = {P_FRO, P_FSW, P_IRO, P_HOS};
    uint32_t seed = start * 2654435761u;
    struct people *p = people_new(who[next(&seed, 4)], 24, 80);
    struct asked asked = {.n = 0};
    for (int i = 0; i < 250; i++) {
        random_key(p, &seed);
        if (next(&seed, 3) == 0)
            random_other(p, &seed);
        if (next(&seed, 4) == 0)
            pump(p);
        if (next(&seed, 3) == 0)
            answer_one(p, NULL, &asked, &seed);
        if (next(&seed, 20) == 0)
            random_life(p, &seed);
        if (next(&seed, 25) == 0)
            editor_resize(p->ed, (uint16_t)(1 + next(&seed, 50)), (uint16_t)(1 + next(&seed, 150)));
        if (next(&seed, 8) == 0)
            check_screen(p, start);
        editor_time(p->ed, i * 300, 0);
    }
    pump(p);
    check_screen(p, start);
    for (uint32_t i = 1; i < P_END; i++)
        if (p->r[i])
            cr_assert_eq(replica_status(p->r[i]).pending_chars, 0u, "seed %u", start);
    char *all = strdup(text_of(p, 0, "B1.rationale"));
    for (uint32_t i = 1; i < P_END; i++)
        if (p->r[i])
            cr_assert_str_eq(text_of(p, i, "B1.rationale"), all, "seed %u", start);
    free(all);
    asked_fini(&asked);
    people_free(p);
}

Test(editor_monkey, any_keys_at_any_time)
{
    for (uint32_t seed = 1; seed <= 60; seed++)
        monkey(seed);
    CHECK_NO_LEAKS();
}

static void on_say(void *user, const char *line)
{
    (void)user;
    for (; *line; line++)
        cr_assert((unsigned char)*line >= 0x20 && *line != 0x7f);
}

static void plain_monkey(uint32_t start)
{
    static const char *const args[] = {"",
                                       "B1",
                                       "B1.rationale",
                                       "rationale",
                                       "1",
                                       "2 words",
                                       "yes",
                                       "ynp yes",
                                       "B3 7",
                                       "good",
                                       "agreed good",
                                       "L2",
                                       "L2[1]",
                                       "\"plan\" why?",
                                       "1 because",
                                       "jo",
                                       "plan",
                                       ".",
                                       "D9",
                                       "submitted",
                                       "L3[1]",
                                       "L3[1] due 2026-05-01 why",
                                       "\"Sue\" words",
                                       "2"};
    uint32_t seed = start * 40503u;
    struct people *p = people_new(next(&seed, 2) ? P_FRO : P_IRO, 24, 80);
    editor_free(p->ed);
    p->ed = NULL;
    struct plain *plain = plain_new(p->r[p->me], "TST-2026-0001", on_say, NULL);
    plain_set_line(plain, LINE_UP, "");
    struct asked asked = {.n = 0};
    for (int i = 0; i < 200; i++) {
        struct plain_command_help rows[64];
        size_t n = plain_commands(rows, 64);
        char line[200];
        const char *usage = rows[next(&seed, (uint32_t)n)].usage;
        snprintf(line, sizeof line, "%.*s %s", (int)strcspn(usage, " "), usage,
                 args[next(&seed, sizeof args / sizeof *args)]);
        const char *said = next(&seed, 6) ? line : next(&seed, 2) ? "." : "some words";
        plain_line(plain, said, strlen(said));
        random_other(p, &seed);
        if (next(&seed, 3) == 0)
            pump(p);
        if (next(&seed, 3) == 0)
            answer_one(p, plain, &asked, &seed);
        if (next(&seed, 20) == 0)
            random_life(p, &seed);
        plain_time(plain, i * 700, 0);
    }
    pump(p);
    cr_assert_eq(replica_status(p->r[p->me]).pending_chars, 0u, "seed %u", start);
    asked_fini(&asked);
    plain_free(plain);
    people_free(p);
}

Test(editor_monkey, any_commands_at_any_time)
{
    for (uint32_t seed = 1; seed <= 60; seed++)
        plain_monkey(seed);
    CHECK_NO_LEAKS();
}
