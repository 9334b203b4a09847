#include "client/render/render_answer.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "tests/lib/leaks.h"
#include <time.h>

static const struct answer_column columns[] = {
    {"ref",       "record", ANSWER_REF  },
    {"text",      "to do",  ANSWER_TEXT },
    {"due",       "due",    ANSWER_DAY  },
    {"days_late", "late",   ANSWER_DAYS },
    {"open",      "open",   ANSWER_COUNT},
    {"share",     "share",  ANSWER_SHARE},
};
enum { COLUMNS = sizeof columns / sizeof *columns };

static void row(struct answer *a, const char *ref, const char *text, const char *due, int64_t late,
                int64_t open, int64_t share)
{
    answer_put_text(a, ref);
    answer_put_text(a, text);
    answer_put_text(a, due);
    answer_put_number(a, late);
    if (open < 0)
        answer_put_mark(a, ANSWER_MASKED);
    else
        answer_put_number(a, open);
    if (share < 0)
        answer_put_mark(a, ANSWER_BLANK);
    else
        answer_put_number(a, share);
}

static struct answer sample(void)
{
    struct answer a;
    (void)setenv("TZ", "UTC", 1);
    tzset();
    answer_init(&a, "overdue", columns, COLUMNS);
    answer_say(&a, &a.sentence, "What is overdue? Team north.");
    answer_say(&a, &a.counted, "what is late");
    answer_say(&a, &a.not_counted, "what is due today");
    a.as_at_utc_ms = INT64_C(1795510800000); /* 2026-11-24 09:00 UTC */
    a.count = 3;
    row(&a, "FCA-2026-0001", "Ask for the carer's view (J2)", "2026-11-02", 16, 12, 505);
    row(&a, "IDA-2026-0007", "=cmd|'/c calc'!A1", "", -3, -1, -1);
    cr_assert_not(answer_failed(&a));
    cr_assert_eq(a.nrows, 2);
    return a;
}

Test(render_answer, text_shows_count_list_and_definitions)
{
    struct answer a = sample();
    struct buf out = BUF_INIT;
    render_answer_text(&a, 80, &out);
    cr_assert_str_eq(
        buf_cstr(&out),
        "What is overdue? Team north.\n"
        "3, of which the first 2 are shown\n"
        "\n"
        "record         to do                          due            late  open   share\n"
        "FCA-2026-0001  Ask for the carer's view (J2)  2026-11-02    16 wd    12  50.5 %\n"
        "IDA-2026-0007  =cmd|'/c calc'!A1              -           in 3 wd     *       -\n"
        "\n"
        "Counted: what is late\n"
        "Not counted: what is due today\n"
        "As at 2026-11-24 09:00.\n",
        "%s", buf_cstr(&out));
    buf_free(&out);
    answer_free(&a);
    CHECK_NO_LEAKS();
}

Test(render_answer, only_words_are_cut_when_the_terminal_is_narrow)
{
    struct answer a = sample();
    struct buf out = BUF_INIT;
    render_answer_text(&a, 64, &out); /* 40 for the others, 10 between them: 14 are left */
    cr_assert(strstr(buf_cstr(&out), "FCA-2026-0001  Ask for the c\u2026  2026-11-02"), "%s",
              buf_cstr(&out));
    buf_clear(&out);
    render_answer_text(&a, 20, &out); /* less than it can be: records and days stay whole */
    cr_assert(strstr(buf_cstr(&out), "FCA-2026-0001  Ask f\u2026  2026-11-02"), "%s",
              buf_cstr(&out));
    buf_free(&out);
    answer_free(&a);
}

Test(render_answer, wide_characters_and_hidden_ones_keep_their_columns)
{
    static const struct answer_column two[] = {
        {"text", "what", ANSWER_TEXT },
        {"n",    "n",    ANSWER_COUNT},
    };
    struct answer a;
    struct buf out = BUF_INIT;
    answer_init(&a, "x", two, 2);
    answer_put_text(&a, "\u5b50\u4f9b"); /* two characters of two columns each */
    answer_put_number(&a, 1);
    answer_put_text(&a, "a\x1b[2J");
    answer_put_number(&a, 20);
    a.count = 2;
    render_answer_text(&a, 80, &out);
    cr_assert(strstr(buf_cstr(&out), "what    n\n\u5b50\u4f9b    1\na\u241b[2J  20\n"), "%s",
              buf_cstr(&out));
    cr_assert_null(strchr(buf_cstr(&out), 0x1b));
    buf_free(&out);
    answer_free(&a);
}

Test(render_answer, nothing_found_is_said_without_a_table)
{
    struct answer a;
    struct buf out = BUF_INIT;
    answer_init(&a, "overdue", columns, COLUMNS);
    answer_say(&a, &a.sentence, "What is overdue?");
    render_answer_text(&a, 80, &out);
    cr_assert(!strncmp(buf_cstr(&out), "What is overdue?\n0\n\nAs at", 24), "%s", buf_cstr(&out));
    buf_free(&out);
    answer_free(&a);
}

Test(render_answer, json_has_every_cell_under_its_name)
{
    struct answer a = sample();
    json_t *j = render_answer_json(&a), *first, *second;
    cr_assert(j);
    cr_assert_eq(json_integer_value(json_object_get(j, "count")), 3);
    cr_assert_str_eq(json_string_value(json_object_get(j, "as_at")), "2026-11-24T09:00:00.000Z");
    cr_assert_str_eq(json_string_value(json_object_get(j, "question")), "overdue");
    cr_assert_str_eq(json_string_value(json_object_get(j, "missing")), "");
    cr_assert_eq(json_array_size(json_object_get(j, "columns")), COLUMNS);
    first = json_array_get(json_object_get(j, "rows"), 0);
    second = json_array_get(json_object_get(j, "rows"), 1);
    cr_assert_str_eq(json_string_value(json_object_get(first, "ref")), "FCA-2026-0001");
    cr_assert_eq(json_integer_value(json_object_get(first, "days_late")), 16);
    cr_assert_eq(json_real_value(json_object_get(first, "share")), 50.5);
    cr_assert(json_is_null(json_object_get(second, "due")));
    cr_assert(json_is_null(json_object_get(second, "share")));
    cr_assert_str_eq(json_string_value(json_object_get(second, "open")), "masked");
    json_decref(j);
    answer_free(&a);
    CHECK_NO_LEAKS();
}

Test(render_answer, csv_is_rows_without_formulas)
{
    struct answer a = sample();
    struct buf out = BUF_INIT;
    render_answer_csv(&a, &out);
    cr_assert_str_eq(buf_cstr(&out),
                     "ref,text,due,days_late,open,share\r\n"
                     "FCA-2026-0001,Ask for the carer's view (J2),2026-11-02,16,12,50.5\r\n"
                     "IDA-2026-0007,'=cmd|'/c calc'!A1,,-3,*,\r\n");
    buf_free(&out);
    answer_free(&a);
    CHECK_NO_LEAKS();
}
