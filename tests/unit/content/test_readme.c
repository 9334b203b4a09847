/* server/content/README.md says what the tables say. A row that is missing is printed: copy it. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/audit/template.h"
#include "common/buf.h"
#include "server/content/template_yaml.h"

static const char path[] = "server/content/README.md";

static char *readme(void)
{
    static char text[64 * 1024];
    FILE *f = fopen(path, "rb");
    cr_assert_not_null(f, "%s", path);
    size_t len = fread(text, 1, sizeof text - 1, f);
    (void)fclose(f);
    text[len] = 0;
    return text;
}

static void append_codes(struct buf *row, const char *const *codes)
{
    for (size_t i = 0; codes[i]; i++)
        buf_appendf(row, "%s%s", i ? ", " : "", codes[i]);
}

static void append_value(struct buf *row, const struct part_def *d)
{
    switch (d->type) {
    case TYPE_TEXT:
        buf_append_str(row, "text, written together");
        break;
    case TYPE_GRADE:
        buf_append_str(row, "a grade of the scale");
        break;
    case TYPE_CODE:
        append_codes(row, d->codes);
        if (d->list_codes) {
            buf_append_str(row, "; in an item: ");
            append_codes(row, d->list_codes);
        }
        break;
    case TYPE_CODES:
        buf_append_str(row, "some of, in this order: ");
        append_codes(row, d->codes);
        break;
    case TYPE_DATE:
        buf_append_str(row, "2027-04-19 or 2027-04");
        break;
    case TYPE_NUMBER:
        buf_append_str(row, "a number, such as -3 or 12.5");
        break;
    case TYPE_SCALE:
        buf_append_str(row, "0 to 10");
        break;
    case TYPE_CHOICE:
        buf_append_str(row, "one of the question's options");
        break;
    case TYPE_LINE:
        buf_appendf(row, "one line, at most %u characters", (unsigned)d->max_len_cp);
        break;
    case TYPE_LIST:
        buf_append_str(row, "a list of items");
        break;
    case TYPE_ITEMS:
        buf_append_str(row, "items of other lists");
        break;
    case TYPE_PERSON:
        buf_append_str(row, "a person");
        break;
    }
}

static void append_owners(struct buf *row, const struct part_def *d)
{
    bool first = true;
    for (uint32_t k = 1; *kind_code(k) != '?'; k <<= 1)
        if (d->kinds & k) {
            buf_appendf(row, "%s%s", first ? "" : ", ", kind_code(k));
            first = false;
        }
    if (d->list)
        buf_appendf(row, "%sitems of %s", first ? "" : ", ", part_find(d->list)->code);
}

Test(content_readme, has_a_row_for_every_part)
{
    const char *text = readme();
    size_t n;
    const struct part_def *table = part_table(&n);
    for (size_t i = 0; i < n; i++) {
        struct buf row = BUF_INIT;
        buf_appendf(&row, "| `%s` | %s | ", table[i].code, table[i].label);
        append_owners(&row, &table[i]);
        buf_append_str(&row, " | ");
        append_value(&row, &table[i]);
        buf_append_str(&row, " |\n");
        cr_expect_not_null(strstr(text, buf_cstr(&row)), "missing: %s", buf_cstr(&row));
        buf_free(&row);
    }
}

Test(content_readme, has_a_row_for_every_kind_and_role)
{
    const char *text = readme();
    char row[80];
    for (uint32_t k = 1; *kind_code(k) != '?'; k <<= 1) {
        (void)snprintf(row, sizeof row, "| `%s` | ", kind_code(k));
        cr_expect_not_null(strstr(text, row), "missing: %s", row);
    }
    for (int r = ROLE_NONE + 1; r < ROLE_COUNT; r++) {
        (void)snprintf(row, sizeof row, "`%s` %s", role_code((enum role)r),
                       role_title((enum role)r));
        cr_expect_not_null(strstr(text, row), "missing: %s", row);
    }
}

Test(content_readme, has_a_row_for_every_built_in_template)
{
    const char *text = readme();
    for (const char *const *id = template_builtin_ids(); *id; id++) {
        struct template *t = NULL;
        cr_assert_eq(template_builtin(*id, &t, NULL), ERR_OK);
        struct buf row = BUF_INIT;
        buf_append_str(&row, "| `");
        for (const char *c = *id; *c; c++)
            buf_append_u8(&row, (uint8_t)(*c - 'A' + 'a'));
        buf_appendf(&row, ".yaml` | %s | %s |\n", t->title, t->type);
        cr_expect_not_null(strstr(text, buf_cstr(&row)), "missing: %s", buf_cstr(&row));
        buf_free(&row);
        template_free(t);
    }
}

Test(content_readme, has_a_row_for_every_use)
{
    const char *text = readme();
    size_t n;
    const struct template_use *uses = template_use_table(&n);
    for (size_t i = 0; i < n; i++) {
        struct buf row = BUF_INIT;
        bool first = true;
        buf_appendf(&row, "| `%s` | ", uses[i].code);
        for (uint32_t k = 1; *kind_code(k) != '?'; k <<= 1)
            if (uses[i].kinds & k) {
                buf_appendf(&row, "%s%s", first ? "" : " or ", kind_code(k));
                first = false;
            }
        buf_appendf(&row, " | %s |\n", uses[i].meaning);
        cr_expect_not_null(strstr(text, buf_cstr(&row)), "missing: %s", buf_cstr(&row));
        buf_free(&row);
    }
}

Test(content_readme, explains_every_key)
{
    static const char *const keys[] = {
        "id",        "version",    "title",
        "purpose",   "audience",   "type",
        "overall",   "scale",      "sections",
        "code",      "label",      "weak",
        "write",     "comment",    "kinds",
        "questions", "text",       "prompts",
        "required",  "key",        "blind",
        "items",     "options",    "unit",
        "low",       "high",       "sign",
        "voice",     "min_child",  "min_carer",
        "core_area", "needs_when", "carry_forward",
        "use",       "choose",     "default_period_months",
    };
    const char *text = readme();
    char row[80];
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        (void)snprintf(row, sizeof row, "| `%s` | ", keys[i]);
        cr_expect_not_null(strstr(text, row), "missing: %s", row);
    }
}

Test(content_readme, smallest_template_is_one)
{
    const char *begin = strstr(readme(), "```yaml\n");
    cr_assert_not_null(begin);
    begin += strlen("```yaml\n");
    const char *end = strstr(begin, "```");
    cr_assert_not_null(end);
    struct template *t = NULL;
    struct err_info why = {0};
    cr_assert_eq(template_yaml_parse(path, begin, (size_t)(end - begin), &t, &why), ERR_OK, "%s",
                 why.text);
    cr_expect_str_eq(t->questions[1].needs_when, "A1 == no or A1 == partly");
    template_free(t);
}
