#include "client/editor/hint.h"

#include "tests/lib/leaks.h"
#include "tests/unit/editor/people.h"

static const char nhs[] = "943 476 5919";
static const char warning[] =
    "Looks like an NHS number: use the case-system reference (Ctrl-R: why needed)";

/* How the words stand on the screen: the attributes of their first cell. */
static uint8_t attrs_of(struct people *p, const char *words)
{
    int row = row_of(p, words);
    cr_assert_geq(row, 0, "not seen: %s\n%s", words, screen(p));
    const char *line = row_text(p, (uint16_t)row);
    struct buf before = BUF_INIT;
    buf_append(&before, line, (size_t)(strstr(line, words) - line));
    uint16_t col = (uint16_t)text_cols(buf_cstr(&before));
    buf_free(&before);
    return grid_at(&p->grid, (uint16_t)row, col)->attrs;
}

static void comment_on(struct people *p, uint32_t who, const char *where, size_t start, size_t end,
                       const char *text)
{
    struct err_info why = {0};
    uint64_t id;
    cr_assert_eq(replica_comment(p->r[who], at(p, where), true, start, end, false, text, &id, &why),
                 ERR_OK, "%s", why.text);
    pump(p);
}

/* ---- identifiers ---- */

Test(hint, an_identifier_is_marked_and_told_as_soon_as_it_is_typed)
{
    struct people *p = people_new(P_FRO, 24, 80);
    go(p, "B1.rationale");
    type(p, "His number is 943 476 591");
    SEES_NOT(p, "Looks like");
    type(p, "9");
    SEES(p, warning);
    cr_assert(attrs_of(p, nhs) & CELL_UNDERLINE);
    cr_assert_not(attrs_of(p, "number is") & CELL_UNDERLINE);
    SEES(p, " ?His number is"); /* and not by its looks alone */
    type(p, " in the record");
    SEES_NOT(p, warning);
    SEES(p, "\"943 476 5919\" looks like an NHS number (Ctrl-R: why needed)");
    press_n(p, 14, ED_LEFT, 0);
    SEES(p, warning);
    press(p, ED_BACKSPACE, 0);
    SEES_NOT(p, "ooks like");
    cr_assert_not(attrs_of(p, "943 476") & CELL_UNDERLINE);
    people_free(p);
}

Test(hint, every_kind_fits_beside_its_key_on_80_columns)
{
    static const char *const words[] = {nhs,         "born 12 May 2013", "NE1 4ST", "07700 900123",
                                        "AB123456C", "ben@north.example"};
    struct people *p = people_new(P_FRO, 24, 80);
    go(p, "B1.rationale");
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        type(p, words[i]);
        SEES(p, "Looks like a");
        SEES(p, "(Ctrl-R: why needed)");
        press(p, 'a', ED_CTRL);
        press(p, ED_DEL, 0);
        SEES_NOT(p, "Looks like a");
    }
    people_free(p);
}

Test(hint, whoever_only_reads_is_not_warned)
{
    struct people *p = people_new(P_IRO, 24, 80);
    other_types(p, P_FRO, "B1.rationale", 0, nhs);
    pump(p);
    go(p, "B1.rationale");
    SEES(p, nhs);
    SEES_NOT(p, "ooks like");
    cr_assert_not(attrs_of(p, nhs) & CELL_UNDERLINE);
    people_free(p);
}

Test(hint, one_key_says_why_it_is_needed_and_the_warning_goes)
{
    struct people *p = people_new(P_FRO, 24, 80);
    go(p, "B1.rationale");
    press(p, 'r', ED_CTRL);
    SEES(p, "Nothing in this text looks like an identifier.");
    type(p, "see 943 476 5919 there");
    pump(p);
    press(p, 'r', ED_CTRL);
    SEES(p, "Why is \"943 476 5919\" needed?");
    SEES(p, "why needed: ");
    press(p, ED_ENTER, 0); /* without a reason */
    SEES(p, "Please say why");
    type(p, "two children share a name");
    press(p, ED_ENTER, 0);
    pump(p);
    SEES_NOT(p, "ooks like");
    const struct audit_comment *c = audit_comment_at(p->room->a, 0);
    size_t start, end;
    cr_assert_str_eq(c->text, "why needed: two children share a name");
    cr_assert(audit_comment_words(p->room->a, c, &start, &end));
    cr_assert_eq(start, 4u);
    cr_assert_eq(end, 16u);
    press_n(p, 8, ED_LEFT, 0);
    SEES(p, "comment by Anna Frost: why needed: two children"); /* stands there for who reads */
    struct err_info why = {0};
    cr_assert_eq(replica_resolve(p->r[P_FRO], c->id, &why), ERR_OK, "%s", why.text);
    pump(p);
    SEES(p, warning);
    people_free(p);
    CHECK_NO_LEAKS();
}

/* clang-format off */
static const struct {
    uint32_t by;
    size_t start, end; /* of "see 943 476 5919 there" */
    const char *text;
    bool explains;
} reasons[] = {
    {P_FRO, 4, 16, "why needed: the court asks for it", true },
    {P_FSW, 4, 16, "Why needed: the court asks for it", true }, /* may write there too */
    {P_FRO, 0, 20, "why needed: the court asks for it", true },
    {P_FRO, 4, 16, "why needed:the court",              true },
    {P_IRO, 4, 16, "why needed: I should like to know", false}, /* may not write there */
    {P_FRO, 4, 16, "why needed: ",                      false},
    {P_FRO, 4, 16, "needed by the court",               false},
    {P_FRO, 4, 10, "why needed: the court asks for it", false}, /* a part of the words */
    {P_FRO, 0,  3, "why needed: the court asks for it", false},
};
/* clang-format on */

Test(hint, only_a_reason_on_all_the_words_by_a_writer_explains)
{
    for (size_t i = 0; i < sizeof reasons / sizeof *reasons; i++) {
        struct people *p = people_new(P_FRO, 24, 80);
        other_types(p, P_FRO, "B1.rationale", 0, "see 943 476 5919 there");
        pump(p);
        comment_on(p, reasons[i].by, "B1.rationale", reasons[i].start, reasons[i].end,
                   reasons[i].text);
        const char *words = text_of(p, P_FRO, "B1.rationale");
        struct hint h;
        cr_expect_eq(hint_next(replica_audit(p->r[P_FRO]), at(p, "B1.rationale"), words,
                               strlen(words), 0, &h),
                     !reasons[i].explains, "row %zu", i);
        people_free(p);
    }
}

Test(hint, what_is_explained_is_passed_over_and_the_next_one_found)
{
    struct people *p = people_new(P_FRO, 24, 80);
    struct buf line = BUF_INIT;
    struct hint h;
    other_types(p, P_FRO, "B1.rationale", 0, "\u00e9 NE1 4ST, caf\u00e9 07700 900123");
    pump(p);
    comment_on(p, P_FRO, "B1.rationale", 2, 9, "why needed: two homes of one name");
    const char *words = text_of(p, P_FRO, "B1.rationale");
    cr_assert(
        hint_next(replica_audit(p->r[P_FRO]), at(p, "B1.rationale"), words, strlen(words), 0, &h));
    cr_expect_eq(h.words.kind, IDENTIFIER_PHONE);
    cr_expect_eq(h.start_cp, 16u); /* characters, not bytes */
    cr_expect_eq(h.end_cp, 28u);
    hint_describe(&h, words, &line);
    cr_expect_str_eq(buf_cstr(&line), "\"07700 900123\" looks like a phone number: the case system "
                                      "keeps it, or say why it is needed");
    cr_expect_not(hint_next(replica_audit(p->r[P_FRO]), at(p, "C2.text"), "", 0, 0, &h),
                  "nobody has written there");
    buf_free(&line);
    people_free(p);
}

/* ---- SMART ---- */

Test(hint, an_action_says_which_letters_are_missing_and_why)
{
    struct people *p = people_new(P_FRO, 40, 80);
    struct err_info why = {0};
    go(p, "L3.actions");
    press(p, ED_ENTER, 0);
    pump(p);
    SEES(p, "SMART: S, M, A, R, T missing");
    go(p, "L3[1].measure");
    SEES(p, "SMART, M missing: how shall we know it is done?");
    type(p, "It is better");
    SEES(p, "Name a number, a date, a record");
    type(p, "; noted in the carer's log");
    SEES(p, "SMART: S, A, R, T missing");
    SEES(p, "SMART, S missing: what exactly will be done?"); /* the first one left */
    go(p, "L3[1].specific");
    type(p, "Monitor the situation");
    SEES(p, "SMART, S missing: what exactly will be done? Say who does what");
    type(p, ": Jo rings the school each Friday");
    go(p, "L3[1].change");
    SEES(p, "SMART, R missing: what will change, and for whom?");
    type(p, "The child is expected at school");
    go(p, "L3[1].support");
    type(p, "none");
    go(p, "L3[1].owner");
    SEES(p, "SMART, A missing: who will do it?");
    cr_assert_eq(replica_set(p->r[P_FRO], at(p, "L3[1].owner"), "FSW Jo", &why), ERR_OK);
    cr_assert_eq(replica_set(p->r[P_FRO], at(p, "L3[1].due"), "2026-03-02", &why), ERR_OK);
    SEES(p, "SMART: T missing"); /* own choices count before they are saved; today is 3 March */
    SEES(p, "SMART, T missing: that day has passed");
    pump(p);
    cr_assert_eq(replica_set(p->r[P_FRO], at(p, "L3[1].due"), "2026-03-03", &why), ERR_OK);
    SEES_NOT(p, "SMART");
    people_free(p);
    CHECK_NO_LEAKS();
}

Test(hint, an_action_that_is_over_is_left_alone)
{
    static const struct {
        const char *status;
        bool hinted;
    } rows[] = {
        {"open",         true },
        {"in_progress",  true },
        {"done_claimed", false},
        {"superseded",   false},
        {"cancelled",    false},
    };
    struct people *p = people_new(P_FRO, 40, 80);
    go(p, "L3.actions");
    press(p, ED_ENTER, 0);
    pump(p);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        people_serve(p, P_FSW, "L3[1].status", rows[i].status);
        cr_expect_eq(sees(p, "SMART"), rows[i].hinted, "%s", rows[i].status);
        pump(p);
    }
    people_free(p);
}

/* One line is kept for it, whether it has something to say or not. */
Test(hint, nothing_moves_when_an_action_is_over)
{
    struct people *p = people_new(P_FRO, 80, 80);
    go(p, "L3.actions");
    press(p, ED_ENTER, 0);
    press(p, ED_INS, 0);
    pump(p);
    int row = row_of(p, "action 2  (added");
    cr_assert_geq(row, 0);
    people_serve(p, P_FSW, "L3[1].status", "cancelled");
    cr_assert_eq(row_of(p, "action 2  (added"), row, "%s", screen(p));
    people_free(p);
}
