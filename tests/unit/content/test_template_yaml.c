#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/utf8.h"
#include "server/content/template_yaml.h"
#include "tests/lib/leaks.h"

static const char site_path[] = "tests/unit/content/site_template.yaml";

Test(template_yaml, a_sites_own_template_is_read_as_written)
{
    struct template *t = NULL;
    struct err_info why = {0};
    cr_assert_eq(template_yaml_load(site_path, &t, &why), ERR_OK, "%s", why.text);
    cr_expect_str_eq(t->id, "SHORT-BREAKS");
    cr_expect_eq(t->version, 3u);
    cr_expect_str_eq(t->type, "thematic");
    cr_expect_eq(t->overall, OVERALL_NONE);
    cr_expect_eq(t->default_period_months, 6u);
    cr_assert_eq(t->ngrades, 5u);
    cr_expect_str_eq(t->grades[4].code, "unsafe");
    cr_expect_str_eq(t->grades[0].label, "Thriving");
    cr_expect(t->grades[4].weak && !t->grades[1].weak);
    cr_assert_eq(t->nsections, 2u);
    cr_expect_eq(t->sections[0].write,
                 ROLE_BIT(ROLE_FRO) | ROLE_BIT(ROLE_FSW) | ROLE_BIT(ROLE_CSW));
    cr_expect_eq(t->sections[0].comment, ROLE_BIT(ROLE_QA));
    cr_expect_str_eq(t->sections[1].needs_when, "S4 == stuck or S4 == unsafe");
    cr_assert_eq(t->nquestions, 7u);
    const struct question *s1 = &t->questions[0], *s4 = &t->questions[3], *t2 = &t->questions[6];
    cr_expect_eq(s1->kinds, KIND_CHOICE | KIND_DATE);
    cr_expect_str_eq(s1->options[1], "at_short_notice");
    cr_expect_null(s1->options[3]);
    cr_expect_str_eq(t->questions[2].unit, "nights");
    cr_expect_str_eq(s4->text, "Think of the days before and after as well.\nAsk the child first.");
    cr_expect_str_eq(s4->prompts[1], "Sleep, school, friendships: what changed?");
    cr_expect(s4->key && s4->required && !s4->blind);
    cr_expect_eq(t2->write, ROLE_BIT(ROLE_FTM));
    cr_expect_eq(t2->section, 1u);
    cr_expect_eq(t2->number, 7u);
    cr_expect_eq(template_question_find(t, "t2"), t2);
    cr_expect_eq(template_question(t, 7), t2);
    cr_expect_null(template_question(t, 8));
    cr_expect_null(template_question(t, 0));
    template_free(t);
    CHECK_NO_LEAKS();
}

/* ---- errors: a small template, one thing in it replaced, the sentence that must come ---- */

static const char base[] = "id: OWN\n"                     /* 1 */
                           "version: 1\n"                  /* 2 */
                           "title: Our own\n"              /* 3 */
                           "type: dip\n"                   /* 4 */
                           "overall: required\n"           /* 5 */
                           "scale:\n"                      /* 6 */
                           "  - {code: ok, label: Fine}\n" /* 7 */
                           "  - {code: bad, label: Not fine, weak: yes}\n"
                           "sections:\n"                     /* 9 */
                           "  - code: B\n"                   /* 10 */
                           "    title: First\n"              /* 11 */
                           "    write: [FRO]\n"              /* 12 */
                           "    questions:\n"                /* 13 */
                           "      - code: B1\n"              /* 14 */
                           "        title: One\n"            /* 15 */
                           "        kinds: [ynp]\n"          /* 16 */
                           "      - code: B2\n"              /* 17 */
                           "        title: Two\n"            /* 18 */
                           "        kinds: [judgement]\n"    /* 19 */
                           "        overall: yes\n"          /* 20 */
                           "        needs_when: B1 == yes\n" /* 21 */
                           "  - code: C\n"                   /* 22 */
                           "    title: Second\n"             /* 23 */
                           "    write: [IRO]\n"              /* 24 */
                           "    needs_when: B1 == no\n"      /* 25 */
                           "    questions:\n"                /* 26 */
                           "      - code: C1\n"              /* 27 */
                           "        title: Three\n"          /* 28 */
                           "        kinds: [text]\n";        /* 29 */

struct change {
    const char *from, *to;
    size_t line;         /* that the message names; 0 = none */
    const char *says[2]; /* and the words it has */
};

/* clang-format off */
static const struct change changes[] = {
    /* not YAML */
    {"title: Two", "title: \"Two", 18, {"not YAML", "quotes"}}, /* open to the end of the file */
    {"kinds: [ynp]", "kinds: [ynp", 17, {"not YAML", "brackets"}},
    {"        title: Two", "\t title: Two", 18, {"not YAML", "tab"}},
    {"title: Two", "title: Two: three", 18, {"not YAML", "mapping values"}},
    {"title: Two", "title: Two\xff", 18, {"not YAML", "UTF-8"}},
    {"title: Two", "title: Two\x07", 18, {"not YAML", "control"}},
    /* not our keys */
    {"title: Two", "titel: Two", 18, {"unknown key \"titel\"", "README"}},
    {"title: Our own", "title: Our own\ncolour: red", 4, {"unknown key \"colour\"", "remove"}},
    {"        overall: yes\n", "        overall: yes\n        overall: yes\n", 20, {"\"overall\" is given twice", "remove one"}},
    {"        title: Two\n", "", 17, {"\"title\" is missing", "add it"}},
    {"version: 1\n", "", 1, {"\"version\" is missing", ""}},
    {"version: 1", "version: one", 2, {"'one' is not a whole number", ""}},
    {"version: 1", "version: -1", 2, {"'-1' is not a whole number", ""}},
    {"kinds: [ynp]", "kinds: ynp", 16, {"a list belongs here", "[a, b]"}},
    {"title: Two", "title: [Two]", 18, {"words belong here", ""}},
    {"title: Our own", "title: Our own\ndefault_period_months: 4294967296", 4, {"not a whole number", ""}},
    {"  - {code: ok, label: Fine}", "  - ok", 7, {"\"key: value\" belongs here", ""}},
    {"title: Two", "title: &t Two", 0, {NULL, NULL}}, /* an anchor that nobody uses is harmless */
    {"title: Three", "title: *t", 28, {"aliases", "write it out"}},
    {"        kinds: [text]\n", "        kinds: [text]\n---\nid: X\n", 0, {"one template per file", "---"}},
    /* our keys, wrong words */
    {"kinds: [ynp]", "kinds: [yesno]", 16, {"question B1: kinds: \"yesno\" is not known", "judgement, text, checklist"}},
    {"write: [IRO]", "write: [CEO]", 24, {"section C: write: \"CEO\" is not known", "FRO, FSW"}},
    {"overall: required", "overall: maybe", 5, {"overall: \"maybe\"", "required, optional or none"}},
    {"        overall: yes", "        overall: perhaps", 20, {"question B2: overall: \"perhaps\"", "yes or no"}},
    {"weak: yes", "weak: very", 8, {"weak: \"very\"", "yes or no"}},
    {"code: C1", "code: B1", 27, {"question B1: there are two questions", ""}},
    {"code: C1", "code: b2", 27, {"two questions of this code", ""}},
    {"code: C\n", "code: B\n", 22, {"section B: there are two sections", ""}},
    {"code: B2", "code: B 2", 17, {"question number 2", "letters and digits"}},
    {"code: B2", "code: and", 17, {"question number 2", "letters and digits"}},
    {"code: C\n", "code: C,D\n", 26, {"section number 2", "letters and digits"}},
    {"needs_when: B1 == yes", "needs_when: B1 == maybe", 17, {"question B2: needs_when:", "yes, partly, no, na, no_evidence"}},
    {"needs_when: B1 == yes", "needs_when: B9 == yes", 17, {"question B2: needs_when:", "B9, which does not exist"}},
    {"needs_when: B1 == yes", "needs_when: B1 = yes", 17, {"question B2: needs_when:", "== or !="}},
    {"needs_when: B1 == yes", "needs_when: B2 == ok", 17, {"question B2: needs_when:", "come before; B2 does not"}},
    {"needs_when: B1 == no", "needs_when: C1 == x", 22, {"section C: needs_when:", "C1.text"}},
    {"kinds: [text]", "kinds: [checklist]", 27, {"question C1: items:", "needs it"}},
    {"kinds: [text]", "kinds: [text]\n        items: [a]", 27, {"question C1: items:", "only for questions of kind checklist"}},
    {"kinds: [text]", "kinds: [checklist]\n        items: [a, b, a]", 27, {"items number 3", "same as number 1"}},
    {"kinds: [text]", "kinds: [choice]", 27, {"question C1: options", "needs it"}},
    {"kinds: [text]", "kinds: [choice]\n        options: [a]", 27, {"question C1: options", "at least two"}},
    {"kinds: [text]", "kinds: [choice]\n        options: [a, b c]", 27, {"question C1: option number 2", "letters"}},
    {"kinds: [text]", "kinds: [scale]\n        low: none", 27, {"question C1: high:", "needs it"}},
    {"kinds: [text]", "kinds: [voice]", 27, {"question C1: voice:", "needs it"}},
    {"kinds: [text]", "kinds: [voice]\n        voice: dog", 27, {"question C1: voice must be", "young_person"}},
    {"kinds: [text]", "kinds: [voice]\n        voice: young_person\n        write: [IRO]", 0, {NULL, NULL}},
    {"kinds: [text]", "kinds: [voice]\n        voice: young_person\n        write: [IRO, FSW]", 27, {"question C1:", "independent reviewing officer alone"}},
    {"kinds: [text]", "kinds: [findings]\n        sign: good", 27, {"question C1: sign must be", "strength"}},
    {"kinds: [text]", "kinds: [text]\n        core_area: CYP5", 27, {"question C1: core_area", "CYP1 to CYP4"}},
    {"kinds: [text]", "kinds: [text]\n        min_child: 1", 27, {"question C1: min_child:", "evidence"}},
    {"kinds: [text]", "kinds: [evidence]\n        min_child: 21", 27, {"question C1:", "20 at most"}},
    {"kinds: [text]", "kinds: [text]\n        key: yes", 27, {"question C1: only a judgement", "key"}},
    {"kinds: [text]", "kinds: [text]\n        blind: yes", 27, {"question C1: only a judgement", "blind"}},
    {"kinds: [text]", "kinds: [info, text]", 27, {"question C1: info", "no other kind"}},
    {"kinds: [text]", "kinds: [info]\n        required: yes", 27, {"question C1: info", "required"}},
    {"kinds: [text]", "kinds: [judgement, evidence]", 27, {"question C1: a judgement has its evidence", ""}},
    {"kinds: [text]", "kinds: [date, voice]\n        voice: fsw", 27, {"question C1: date, voice and observation", ""}},
    {"kinds: [text]", "kinds: []", 27, {"question C1: it has no kind", ""}},
    {"kinds: [text]", "kinds: [challenge]", 27, {"question C1: challenge", "add checklist"}},
    {"kinds: [text]", "kinds: [text, dated]", 27, {"question C1: dated", "add checklist"}},
    {"kinds: [text]", "kinds: [checklist, dated, challenge]\n        items: [a]\n        choose: yes", 0, {NULL, NULL}},
    {"kinds: [text]", "kinds: [text]\n        choose: yes", 27, {"question C1: choose:", "checklist"}},
    {"kinds: [text]", "kinds: [checklist]\n        items: [a]\n        choose: perhaps", 31, {"question C1: choose:", "yes or no"}},
    {"kinds: [text]", "kinds: [text]\n        use: scope", 0, {NULL, NULL}},
    {"kinds: [text]", "kinds: [text]\n        use: luck", 27, {"question C1: use: \"luck\" is not known", "README.md"}},
    {"kinds: [text]", "kinds: [text]\n        use: hearing", 27, {"question C1: use: hearing", "kind date"}},
    {"kinds: [text]", "kinds: [text]\n        use: trigger", 27, {"question C1: use: trigger", "checklist or choice"}},
    {"kinds: [text]", "kinds: [judgement]\n        overall: yes", 27, {"question C1:", "B2 is the overall grade already"}},
    {"        overall: yes\n", "", 0, {"overall grade is wanted", "overall: yes"}},
    {"overall: required", "overall: none", 17, {"question B2", "template has none"}},
    {"write: [IRO]", "write: []", 22, {"section C: write:", "at least one role"}},
    {"write: [IRO]", "write: [ADMIN]", 22, {"section C: write:", "system operators"}},
    {"title: Two", "title: ''", 17, {"question B2: the title is empty", ""}},
    {"title: Two", "title: \"Two\\u202e\"", 17, {"question B2: the title has", "U+202E"}},
    {"title: Second", "title: ''", 22, {"section C: the title is empty", ""}},
    {"id: OWN", "id: our own", 0, {"id must be", "FCA"}},
    {"id: OWN", "id: A123456789012345678901234567890B", 0, {"id must be", "31"}},
    {"version: 1", "version: 0", 0, {"version must be 1", ""}},
    {"type: dip", "type: quick", 0, {"type must be one of", "collaborative"}},
    {"label: Not fine", "label: ''", 0, {"label of a grade is empty", ""}},
    {"{code: bad,", "{code: OK,", 0, {"grade OK twice", ""}},
    {"{code: bad,", "{code: not good,", 0, {"grade number 2", "letters"}},
    {"  - {code: bad, label: Not fine, weak: yes}\n", "", 0, {"at least two grades", ""}},
    {"title: Our own", "title: Our own\ndefault_period_months: 121", 0, {"120 months", ""}},
};
/* clang-format on */

/* The base with its first `from` replaced; the caller frees. */
static char *changed(const struct change *c)
{
    const char *at = strstr(base, c->from);
    cr_assert_not_null(at, "\"%s\" is not in the base", c->from);
    struct buf b = BUF_INIT;
    buf_append(&b, base, (size_t)(at - base));
    buf_append_str(&b, c->to);
    buf_append_str(&b, at + strlen(c->from));
    char *text = strdup(buf_cstr(&b));
    buf_free(&b);
    return text;
}

Test(template_yaml, base_of_the_errors_is_right)
{
    struct template *t = NULL;
    struct err_info why = {0};
    cr_assert_eq(template_yaml_parse("own.yaml", base, strlen(base), &t, &why), ERR_OK, "%s",
                 why.text);
    template_free(t);
    CHECK_NO_LEAKS();
}

Test(template_yaml, every_error_names_file_line_and_what_to_do)
{
    for (size_t i = 0; i < sizeof changes / sizeof *changes; i++) {
        const struct change *c = &changes[i];
        char *text = changed(c);
        struct template *t = NULL;
        struct err_info why = {0};
        enum err e = template_yaml_parse("own.yaml", text, strlen(text), &t, &why);
        if (!c->says[0]) {
            cr_expect_eq(e, ERR_OK, "row %zu: %s", i, why.text);
            template_free(t);
            free(text);
            continue;
        }
        cr_expect_eq(e, ERR_INPUT, "row %zu (%s)", i, c->to);
        cr_expect_eq(why.code, e);
        cr_expect_null(t);
        char place[40] = "own.yaml: ";
        if (c->line)
            (void)snprintf(place, sizeof place, "own.yaml:%zu: ", c->line);
        cr_expect(!strncmp(why.text, place, strlen(place)), "row %zu (%s) should be at %s: %s", i,
                  c->to, place, why.text);
        for (int s = 0; s < 2; s++)
            cr_expect_not_null(strstr(why.text, c->says[s]), "row %zu: no \"%s\" in: %s", i,
                               c->says[s], why.text);
        cr_expect_eq(template_yaml_parse("own.yaml", text, strlen(text), &t, NULL), e);
        free(text);
    }
    CHECK_NO_LEAKS();
}

Test(template_yaml, cut_at_every_byte)
{
    for (size_t len = 0; len < strlen(base) - 1; len++) {
        struct template *t = NULL;
        struct err_info why = {0};
        enum err e = template_yaml_parse("own.yaml", base, len, &t, &why);
        cr_expect_eq(e == ERR_OK, t != NULL);
        if (e != ERR_OK) /* a cut between two questions may leave a smaller template */
            cr_expect(!strncmp(why.text, "own.yaml:", 9), "%zu: %s", len, why.text);
        else
            cr_expect(len > strlen(base) / 2, "%zu bytes are a template?", len);
        template_free(t);
    }
    CHECK_NO_LEAKS();
}

Test(template_yaml, not_a_mapping_at_all)
{
    static const char *const texts[] = {"",      "\n\n", "# only words\n", "~", "- a\n- b\n",
                                        "hello", "{}"};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        struct template *t = NULL;
        struct err_info why = {0};
        cr_expect_eq(template_yaml_parse("x", texts[i], strlen(texts[i]), &t, &why), ERR_INPUT,
                     "\"%s\"", texts[i]);
        cr_expect(strlen(why.text) > 20, "\"%s\": %s", texts[i], why.text);
    }
    CHECK_NO_LEAKS();
}

Test(template_yaml, deep_and_doubling_texts_end_quickly)
{
    struct buf b = BUF_INIT;
    for (int i = 0; i < 100 * 1000; i++)
        buf_append_str(&b, "[");
    struct template *t = NULL;
    cr_expect_eq(template_yaml_parse("x", b.data, b.len, &t, NULL), ERR_INPUT);
    buf_clear(&b);
    buf_append_str(&b, "id: &a [x,x,x,x,x,x,x,x,x]\n");
    for (int i = 0; i < 20; i++)
        buf_appendf(&b, "k%d: &%c [*%c,*%c,*%c,*%c]\n", i, 'b' + i, 'a' + i, 'a' + i, 'a' + i,
                    'a' + i);
    cr_expect_eq(template_yaml_parse("x", b.data, b.len, &t, NULL), ERR_INPUT);
    buf_free(&b);
    CHECK_NO_LEAKS();
}

Test(template_yaml, too_large_is_refused)
{
    struct buf b = BUF_INIT;
    buf_append_str(&b, base);
    while (b.len <= TEMPLATE_MAX_BYTES)
        buf_append_str(&b, "# more and more and more and more and more\n");
    struct template *t = NULL;
    struct err_info why = {0};
    cr_expect_eq(template_yaml_parse("own.yaml", b.data, b.len, &t, &why), ERR_TOO_LARGE);
    cr_expect_not_null(strstr(why.text, "256 KiB"));
    buf_free(&b);
    CHECK_NO_LEAKS();
}

static void expect_refused(struct buf *text, enum err code, const char *says)
{
    struct template *t = NULL;
    struct err_info why = {0};
    cr_expect_eq(template_yaml_parse("x", text->data, text->len, &t, &why), code, "%s", says);
    cr_expect_not_null(strstr(why.text, says), "no \"%s\" in: %s", says, why.text);
    template_free(t);
    buf_free(text);
}

/* The base up to `behind`, for the test to continue. */
static struct buf base_up_to(const char *behind)
{
    struct buf b = BUF_INIT;
    const char *at = strstr(base, behind);
    cr_assert_not_null(at);
    buf_append(&b, base, (size_t)(at - base) + strlen(behind));
    return b;
}

Test(template_yaml, counts_have_limits)
{
    struct buf b = base_up_to("kinds: [text]\n");
    for (int i = 2; i <= TEMPLATE_MAX_QUESTIONS - 1; i++)
        buf_appendf(&b, "      - {code: C%d, title: t, kinds: [text]}\n", i);
    expect_refused(&b, ERR_INPUT, "more than 500 questions");

    b = base_up_to("kinds: [text]\n");
    for (int i = 2; i <= TEMPLATE_MAX_SECTIONS; i++)
        buf_appendf(&b,
                    "  - {code: S%d, title: t, write: [FRO], questions: "
                    "[{code: Q%d, title: t, kinds: [text]}]}\n",
                    i, i);
    expect_refused(&b, ERR_INPUT, "more than 40 sections");

    b = base_up_to("weak: yes}\n");
    for (int i = 3; i <= TEMPLATE_MAX_GRADES + 1; i++)
        buf_appendf(&b, "  - {code: g%d, label: l}\n", i);
    buf_append_str(&b, strstr(base, "sections:"));
    expect_refused(&b, ERR_INPUT, "more than 10 grades");

    b = base_up_to("kinds: [text]\n");
    buf_append_str(&b, "        prompts:\n");
    for (int i = 1; i <= TEMPLATE_MAX_LIST + 1; i++)
        buf_appendf(&b, "          - prompt %d\n", i);
    expect_refused(&b, ERR_INPUT, "more than 64 of prompts");
    CHECK_NO_LEAKS();
}

Test(template_yaml, words_have_limits)
{
    struct buf b = base_up_to("kinds: [text]\n");
    buf_append_str(&b, "        text: ");
    for (int i = 0; i <= TEMPLATE_MAX_TEXT_CP; i++)
        buf_append_str(&b, "x");
    expect_refused(&b, ERR_INPUT, "text is too long: 4000 characters");

    /* The file fits; encoded, with all that was left out, it would not. */
    b = base_up_to("kinds: [text]\n");
    for (int q = 2; q <= TEMPLATE_MAX_QUESTIONS - 2; q++) {
        buf_appendf(&b, "      - {code: C%d, title: t, kinds: [text], text: ", q);
        for (int i = 0; i < 460; i++)
            buf_append_str(&b, "x");
        buf_append_str(&b, "}\n");
    }
    cr_assert(b.len <= TEMPLATE_MAX_BYTES, "%zu", b.len);
    expect_refused(&b, ERR_TOO_LARGE, "256 KiB are allowed");
    CHECK_NO_LEAKS();
}

Test(template_yaml, file_that_cannot_be_read)
{
    struct template *t = NULL;
    struct err_info why = {0};
    cr_expect_eq(template_yaml_load("/nowhere/own.yaml", &t, &why), ERR_IO);
    cr_expect_str_eq(why.text, "/nowhere/own.yaml: cannot be read: No such file or directory.");
    cr_expect_eq(template_yaml_load("tests", &t, &why), ERR_IO, "a folder");
    cr_expect_null(t);
    CHECK_NO_LEAKS();
}

Test(template_yaml, long_and_hostile_file_names_are_shown_safely)
{
    char name[1000];
    memset(name, 'x', sizeof name);
    memcpy(name + sizeof name - 12, "/\x1b[2Jown.yml", 12);
    name[sizeof name - 1] = 0;
    struct template *t = NULL;
    struct err_info why = {0};
    cr_expect_eq(template_yaml_parse(name, "\"", 1, &t, &why), ERR_INPUT);
    cr_expect_not_null(strstr(why.text, "own.ym"), "%s", why.text);
    cr_expect_not_null(strstr(why.text, "not YAML"), "%s", why.text);
    cr_expect_eq(utf8_check_text(why.text, strlen(why.text), false, NULL), ERR_OK);
    CHECK_NO_LEAKS();
}
