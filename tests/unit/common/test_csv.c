#include "common/csv.h"

#include <criterion/criterion.h>
#include <string.h>

#include "tests/lib/leaks.h"

static struct err_info why;

static enum err read_str(const char *s, struct csv *out)
{
    return csv_read(s, strlen(s), &csv_limits_default, out, &why);
}

/* The table as "row:cell|cell/row:cell...". */
static const char *shape(const struct csv *c, struct buf *out)
{
    buf_clear(out);
    for (size_t i = 0; i < c->nrows; i++) {
        buf_appendf(out, "%s%zu:", i ? "/" : "", c->rows[i].number);
        for (size_t k = 0; k < c->rows[i].n; k++)
            buf_appendf(out, "%s%s", k ? "|" : "", c->rows[i].cells[k]);
    }
    return buf_cstr(out);
}

/* ---- reading ---- */

/* clang-format off */
static const struct {
    const char *file, *expected;
} good[] = {
    {"", ""},
    {"a,b\r\n1,2\r\n", "1:a|b/2:1|2"},
    {"a,b\n1,2", "1:a|b/2:1|2"},
    {"a,b\r1,2\r", "1:a|b/2:1|2"},
    {"\xef\xbb\xbf" "a,b\n", "1:a|b"},
    {"a;b,c;d\n", "1:a|b,c|d"},
    {"a\tb\n1\t2\n", "1:a|b/2:1|2"},
    {"\"x;y;z\",b\n", "1:x;y;z|b"},           /* those within marks do not count */
    {"sep=;\r\na,b;c\n", "2:a,b|c"},           /* an instruction, and a row of the sheet */
    {"sep=;x,b\n", "1:sep=;x|b"},
    {"a,,\n,,\n", "1:a||/2:||"},
    {"a\n\n\r\nb\n", "1:a/4:b"},               /* blank rows are counted, not kept */
    {"\"say \"\"yes\"\"\",\"two\r\nlines\"\nx,y\n", "1:say \"yes\"|two\nlines/2:x|y"},
    {"\"\",\"\"\"\"\n", "1:|\""},
    {"a,b,c\n1\n1,2,3,4\n", "1:a|b|c/2:1/3:1|2|3|4"},
    {"caf\xc3\xa9, x \n", "1:caf\xc3\xa9| x "},
};

static const struct {
    const char *file;
    const char *says[2];
} bad[] = {
    {"a,b\n1,\"2\n3,4\n", {"row 2, column B", "never closed"}},
    {"a,b\n1,2\n\"x\"y,2\n", {"row 3, column A", "follows the closing"}},
    {"a,5\" pipe\n", {"row 1, column B", "in the middle"}},
    {"a,b\n\ncaf\xe9,1\n", {"row 3, column A", "CSV UTF-8"}},
    {"a,b\n1,x\x07y\n", {"row 2, column B", "U+0007"}},
    {"\xff\xfe" "a", {"UTF-16", "CSV UTF-8"}},
    {"PK\x03\x04zip", {"workbook", "CSV UTF-8"}},
};
/* clang-format on */

Test(csv, reads_what_spreadsheets_write)
{
    struct buf out = BUF_INIT;
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        struct csv c;
        cr_assert_eq(read_str(good[i].file, &c), ERR_OK, "row %zu: %s", i, why.text);
        cr_assert_str_eq(shape(&c, &out), good[i].expected, "row %zu: %s", i, shape(&c, &out));
        csv_free(&c);
    }
    buf_free(&out);
    CHECK_NO_LEAKS();
}

Test(csv, says_where_it_could_not_read)
{
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct csv c;
        cr_assert_eq(read_str(bad[i].file, &c), ERR_INPUT, "row %zu", i);
        for (size_t k = 0; k < 2; k++)
            cr_assert(strstr(why.text, bad[i].says[k]), "row %zu: %s", i, why.text);
        cr_assert(!c.nrows && !c.text && !c.cells, "row %zu left something", i);
    }
    CHECK_NO_LEAKS();
}

Test(csv, a_nul_is_refused_where_it_stands)
{
    struct csv c;
    cr_assert_eq(csv_read("a,b\nc\0d,e\n", 10, &csv_limits_default, &c, &why), ERR_INPUT);
    cr_assert(strstr(why.text, "row 2, column A") && strstr(why.text, "U+0000"), "%s", why.text);
}

Test(csv, keeps_to_its_limits)
{
    static const struct csv_limits small = {.bytes = 24, .rows = 2, .columns = 3, .cell_bytes = 5};
    static const struct {
        const char *file;
        enum err e;
        const char *says;
    } rows[] = {
        {"1,2,3\n12345,2,3\n",         ERR_OK,        ""               },
        {"1,2,3,4\n",                  ERR_TOO_LARGE, "row 1, column D"},
        {"1\n123456\n",                ERR_TOO_LARGE, "row 2, column A"},
        {"1\n2\n3\n",                  ERR_TOO_LARGE, "2 rows"         },
        {"1\n\n2\n\n",                 ERR_OK,        ""               },
        {"1234,1234,1234\n1234,12,12", ERR_TOO_LARGE, "24"             },
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct csv c;
        cr_assert_eq(csv_read(rows[i].file, strlen(rows[i].file), &small, &c, &why), rows[i].e,
                     "row %zu: %s", i, why.text);
        cr_assert(!rows[i].e || strstr(why.text, rows[i].says), "row %zu: %s", i, why.text);
        csv_free(&c);
    }
}

Test(csv, columns_have_the_letters_of_a_spreadsheet)
{
    static const struct {
        size_t column;
        const char *letters;
    } rows[] = {
        {0,   "A"  },
        {25,  "Z"  },
        {26,  "AA" },
        {51,  "AZ" },
        {52,  "BA" },
        {701, "ZZ" },
        {702, "AAA"},
    };
    char out[16];
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        csv_column_letters(rows[i].column, out);
        cr_assert_str_eq(out, rows[i].letters);
    }
}

/* ---- writing ---- */

static const char *put_one(const char *s, struct buf *out)
{
    struct csv_writer w = csv_writer_of(out, ',');
    buf_clear(out);
    csv_put(&w, s);
    return buf_cstr(out);
}

Test(csv, nothing_that_is_written_is_a_formula)
{
    /* clang-format off */
    static const struct {
        const char *cell, *written;
    } rows[] = {
        {"=1+1", "'=1+1"},
        {"=HYPERLINK(\"http://x\",\"y\")", "\"'=HYPERLINK(\"\"http://x\"\",\"\"y\"\")\""},
        {"+44 20", "'+44 20"},
        {"-2+3", "'-2+3"},
        {"-", "'-"},
        {"--1", "'--1"},
        {"@SUM(A1)", "'@SUM(A1)"},
        {"\tx", "\"'\tx\""},
        {"\rx", "\"'\rx\""},
        {" =1", "\"' =1\""},
        {"\n=1", "\"'\n=1\""},
        {"\uff1d1", "'\uff1d1"},
        {"\u00a0=1", "'\u00a0=1"},
        {"sep=", "\"sep=\""},
        {"a;=1", "\"a;=1\""}, /* where the separator is another one, the cell stays whole */
        /* numbers and plain words stay as they are */
        {"-3", "-3"}, {"-3.5", "-3.5"}, {"12", "12"}, {"0.5", "0.5"},
        {"-3.", "'-3."}, {"-3.5.1", "'-3.5.1"}, {"+3", "'+3"},
        {"a=b", "a=b"}, {"'quoted'", "'quoted'"}, {"", ""}, {"2026-09-01", "2026-09-01"},
        {"CR-2041", "CR-2041"},
    };
    /* clang-format on */
    struct buf out = BUF_INIT;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        cr_assert_str_eq(put_one(rows[i].cell, &out), rows[i].written, "row %zu: %s", i,
                         buf_cstr(&out));
    buf_free(&out);
}

Test(csv, writes_rows_that_are_read_back)
{
    static const char *const cells[][3] = {
        {"name",      "what was said",      "n"  },
        {"a, b; c",   "\"yes\", she\nsaid", ""   },
        {" blank in", "front and behind ",  "-12"},
    };
    struct buf out = BUF_INIT, seen = BUF_INIT;
    struct csv c;
    struct csv_writer w = csv_writer_of(&out, ';');
    for (size_t i = 0; i < 3; i++) {
        for (size_t k = 0; k < 3; k++)
            csv_put(&w, cells[i][k]);
        csv_end_row(&w);
    }
    csv_put_number(&w, -7);
    csv_put_number(&w, 42);
    csv_end_row(&w);
    cr_assert_eq(read_str(buf_cstr(&out), &c), ERR_OK, "%s", why.text);
    cr_assert_eq(c.separator, ';');
    for (size_t i = 0; i < 3; i++)
        for (size_t k = 0; k < 3; k++)
            cr_assert_str_eq(c.rows[i].cells[k], cells[i][k]);
    cr_assert(strstr(shape(&c, &seen), "4:-7|42"));
    cr_assert(strstr(buf_cstr(&out), "-7;42\r\n"));
    csv_free(&c);
    buf_free(&out);
    buf_free(&seen);
}
