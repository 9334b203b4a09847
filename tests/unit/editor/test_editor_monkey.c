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
    for (int i = 0; i < 250; i++) {
        random_key(p, &seed);
        if (next(&seed, 3) == 0)
            random_other(p, &seed);
        if (next(&seed, 4) == 0)
            pump(p);
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
    static const char *const args[] = {
        "",          "B1",   "B1.rationale", "rationale",   "1",  "2 words", "yes",
        "ynp yes",   "B3 7", "good",         "agreed good", "L2", "L2[1]",   "\"plan\" why?",
        "1 because", "jo",   "plan",         ".",           "D9"};
    uint32_t seed = start * 40503u;
    struct people *p = people_new(next(&seed, 2) ? P_FRO : P_IRO, 24, 80);
    editor_free(p->ed);
    p->ed = NULL;
    struct plain *plain = plain_new(p->r[p->me], "TST-2026-0001", on_say, NULL);
    plain_set_line(plain, LINE_UP, "");
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
        plain_time(plain, i * 700, 0);
    }
    pump(p);
    cr_assert_eq(replica_status(p->r[p->me]).pending_chars, 0u, "seed %u", start);
    plain_free(plain);
    people_free(p);
}

Test(editor_monkey, any_commands_at_any_time)
{
    for (uint32_t seed = 1; seed <= 60; seed++)
        plain_monkey(seed);
    CHECK_NO_LEAKS();
}
