#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "common/audit/template.h"
#include "server/content/template_yaml.h"
#include "tests/lib/leaks.h"

static struct template *load(const char *id_or_path)
{
    struct template *t = NULL;
    struct err_info why = {0};
    enum err e = strchr(id_or_path, '.') ? template_yaml_load(id_or_path, &t, &why)
                                         : template_builtin(id_or_path, &t, &why);
    cr_assert_eq(e, ERR_OK, "%s", why.text);
    return t;
}

static struct template *fca(void)
{
    return load("FCA");
}

static struct template *site(void)
{
    return load("tests/unit/content/site_template.yaml");
}

static void same_list(char *const *a, char *const *b, const char *where)
{
    size_t i = 0;
    for (; a[i] && b[i]; i++)
        cr_expect_str_eq(a[i], b[i], "%s", where);
    cr_expect(!a[i] && !b[i], "%s: as many", where);
}

static void same_question(const struct question *a, const struct question *b)
{
    cr_expect_eq(a->number, b->number, "%s", a->code);
    cr_expect_eq(a->section, b->section, "%s", a->code);
    cr_expect_str_eq(a->code, b->code);
    cr_expect_str_eq(a->title, b->title);
    cr_expect_str_eq(a->text, b->text);
    same_list(a->prompts, b->prompts, a->code);
    cr_expect_eq(a->kinds, b->kinds, "%s", a->code);
    cr_expect_eq(a->required, b->required, "%s", a->code);
    cr_expect_eq(a->key, b->key, "%s", a->code);
    cr_expect_eq(a->blind, b->blind, "%s", a->code);
    cr_expect_eq(a->overall, b->overall, "%s", a->code);
    cr_expect_eq(a->carry_forward, b->carry_forward, "%s", a->code);
    cr_expect_str_eq(a->core_area, b->core_area);
    cr_expect_str_eq(a->needs_when, b->needs_when);
    same_list(a->items, b->items, a->code);
    same_list(a->options, b->options, a->code);
    cr_expect_str_eq(a->unit, b->unit);
    cr_expect_str_eq(a->low, b->low);
    cr_expect_str_eq(a->high, b->high);
    cr_expect_str_eq(a->sign, b->sign);
    cr_expect_str_eq(a->voice, b->voice);
    cr_expect_eq(a->min_child, b->min_child, "%s", a->code);
    cr_expect_eq(a->min_carer, b->min_carer, "%s", a->code);
    cr_expect_eq(a->write, b->write, "%s", a->code);
    cr_expect_str_eq(a->use, b->use, "%s", a->code);
    cr_expect_eq(a->choose, b->choose, "%s", a->code);
}

static void same(const struct template *a, const struct template *b)
{
    cr_expect_str_eq(a->id, b->id);
    cr_expect_eq(a->version, b->version);
    cr_expect_str_eq(a->title, b->title);
    cr_expect_str_eq(a->purpose, b->purpose);
    cr_expect_str_eq(a->audience, b->audience);
    cr_expect_str_eq(a->type, b->type);
    cr_expect_eq(a->default_period_months, b->default_period_months);
    cr_expect_eq(a->overall, b->overall);
    cr_assert_eq(a->ngrades, b->ngrades);
    cr_assert_eq(a->nsections, b->nsections);
    cr_assert_eq(a->nquestions, b->nquestions);
    for (size_t i = 0; i < a->ngrades; i++) {
        cr_expect_str_eq(a->grades[i].code, b->grades[i].code);
        cr_expect_str_eq(a->grades[i].label, b->grades[i].label);
        cr_expect_eq(a->grades[i].weak, b->grades[i].weak);
    }
    for (size_t i = 0; i < a->nsections; i++) {
        cr_expect_str_eq(a->sections[i].code, b->sections[i].code);
        cr_expect_str_eq(a->sections[i].title, b->sections[i].title);
        cr_expect_eq(a->sections[i].write, b->sections[i].write);
        cr_expect_eq(a->sections[i].comment, b->sections[i].comment);
        cr_expect_str_eq(a->sections[i].needs_when, b->sections[i].needs_when);
    }
    for (size_t i = 0; i < a->nquestions; i++)
        same_question(&a->questions[i], &b->questions[i]);
}

Test(template_codec, comes_back_as_it_went_with_the_same_bytes)
{
    struct template *templates[] = {fca(), site()};
    for (int i = 0; i < 2; i++) {
        struct buf first = BUF_INIT, second = BUF_INIT;
        template_encode(templates[i], &first);
        cr_assert_not(buf_failed(&first));
        struct template *t = NULL;
        struct err_info why = {0};
        cr_assert_eq(template_decode(first.data, first.len, &t, &why), ERR_OK, "%s", why.text);
        same(templates[i], t);
        buf_append_str(&second, "before");
        template_encode(t, &second);
        cr_assert_eq(second.len, first.len + 6, "it is appended");
        cr_expect_arr_eq(second.data + 6, first.data, first.len);
        template_free(t);
        template_free(templates[i]);
        buf_free(&first);
        buf_free(&second);
    }
    CHECK_NO_LEAKS();
}

/* ---- whole, but wrong: what no YAML can say ---- */

static void set_string(char **at, const char *s)
{
    free(*at);
    *at = strdup(s);
}

static void kinds_unknown(struct template *t)
{
    t->questions[0].kinds |= 1u << 20;
}
static void kinds_none(struct template *t)
{
    t->questions[0].kinds = 0;
}
static void role_unknown(struct template *t)
{
    t->questions[0].write = 1u << ROLE_COUNT;
}
static void role_none(struct template *t)
{
    t->sections[0].write |= ROLE_BIT(ROLE_NONE);
}
static void section_missing(struct template *t)
{
    t->questions[t->nquestions - 1].section = (uint16_t)t->nsections;
}
static void section_far(struct template *t)
{
    t->questions[0].section = 65535;
}
static void section_backwards(struct template *t)
{
    t->questions[t->nquestions - 1].section = 0;
}
static void section_without_questions(struct template *t)
{
    for (size_t i = 0; i < t->nquestions; i++)
        t->questions[i].section = 0;
}
static void overall_unknown(struct template *t)
{
    t->overall = (enum overall_grade)4;
}
static void overall_missing(struct template *t)
{
    t->overall = (enum overall_grade)0;
}
static void title_of_two_lines(struct template *t)
{
    set_string(&t->questions[0].title, "two\nlines");
}
static void title_not_utf8(struct template *t)
{
    set_string(&t->title, "caf\xe9");
}
static void title_too_long(struct template *t)
{
    free(t->title);
    t->title = calloc(TEMPLATE_MAX_LINE_CP + 2, 1);
    memset(t->title, 'x', TEMPLATE_MAX_LINE_CP + 1);
}
static void condition_broken(struct template *t)
{
    set_string(&t->questions[1].needs_when, "S1 == ");
}
static void code_with_escape(struct template *t)
{
    set_string(&t->questions[1].code, "\x1b[2J");
}
static void use_unknown(struct template *t)
{
    set_string(&t->questions[1].use, "luck");
}
static void use_twice(struct template *t)
{
    set_string(&t->questions[0].use, "subject"); /* a choice */
    set_string(&t->questions[1].use, "subject"); /* a text */
}
static void dated_alone(struct template *t)
{
    t->questions[1].kinds |= KIND_DATED;
}
static void choose_without_checklist(struct template *t)
{
    t->questions[1].choose = true;
}
static void no_grades(struct template *t)
{
    while (t->ngrades) {
        t->ngrades--;
        free(t->grades[t->ngrades].code);
        free(t->grades[t->ngrades].label);
    }
}

static const struct {
    const char *name;
    void (*spoil)(struct template *t);
} spoilt[] = {
    {"kinds_unknown",             kinds_unknown            },
    {"kinds_none",                kinds_none               },
    {"role_unknown",              role_unknown             },
    {"role_none",                 role_none                },
    {"section_missing",           section_missing          },
    {"section_far",               section_far              },
    {"section_backwards",         section_backwards        },
    {"section_without_questions", section_without_questions},
    {"overall_unknown",           overall_unknown          },
    {"overall_missing",           overall_missing          },
    {"title_of_two_lines",        title_of_two_lines       },
    {"title_not_utf8",            title_not_utf8           },
    {"title_too_long",            title_too_long           },
    {"condition_broken",          condition_broken         },
    {"code_with_escape",          code_with_escape         },
    {"no_grades",                 no_grades                },
    {"use_unknown",               use_unknown              },
    {"use_twice",                 use_twice                },
    {"dated_alone",               dated_alone              },
    {"choose_without_checklist",  choose_without_checklist },
};

Test(template_codec, what_is_whole_but_wrong_is_refused_with_a_plain_sentence)
{
    for (size_t i = 0; i < sizeof spoilt / sizeof *spoilt; i++) {
        struct template *t = site(), *got = NULL;
        spoilt[i].spoil(t);
        cr_expect_eq(template_validate(t, NULL), ERR_INPUT, "%s", spoilt[i].name);
        struct buf b = BUF_INIT;
        template_encode(t, &b);
        struct err_info why = {0};
        enum err e = template_decode(b.data, b.len, &got, &why);
        cr_expect(e == ERR_INPUT || e == ERR_TOO_LARGE, "%s", spoilt[i].name);
        cr_expect(strlen(why.text) > 15, "%s: %s", spoilt[i].name, why.text);
        cr_expect_null(strchr(why.text, '\x1b'));
        cr_expect_null(got);
        buf_free(&b);
        template_free(t);
    }
    CHECK_NO_LEAKS();
}

/* ---- hostile bytes ---- */

static void must_not_crash(const uint8_t *data, size_t len, bool may_pass, const char *what,
                           size_t at)
{
    uint8_t *exact = malloc(len ? len : 1); /* so that reading behind its end is seen */
    memcpy(exact, data, len);
    struct template *t = NULL;
    struct err_info why = {0};
    enum err e = template_decode(exact, len, &t, &why);
    free(exact);
    cr_expect_eq(e == ERR_OK, t != NULL);
    cr_expect(may_pass || e, "%s at %zu passes", what, at);
    if (t) { /* then it is a template like any other */
        cr_expect_eq(template_validate(t, NULL), ERR_OK);
        struct buf b = BUF_INIT;
        template_encode(t, &b);
        cr_expect_not(buf_failed(&b));
        buf_free(&b);
    }
    template_free(t);
}

Test(template_codec, cut_at_every_byte)
{
    struct template *t = site();
    struct buf b = BUF_INIT;
    template_encode(t, &b);
    /* A cut between two questions leaves a shorter template, which may be right. */
    for (size_t len = 0; len < b.len; len++)
        must_not_crash(b.data, len, len > b.len / 2, "a cut", len);
    buf_free(&b);
    template_free(t);
    CHECK_NO_LEAKS();
}

Test(template_codec, every_bit_flipped)
{
    struct template *t = site();
    struct buf b = BUF_INIT;
    template_encode(t, &b);
    for (size_t bit = 0; bit < b.len * 8; bit++) {
        b.data[bit / 8] ^= (uint8_t)(1u << bit % 8);
        must_not_crash(b.data, b.len, true, "a flip", bit);
        b.data[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    buf_free(&b);
    template_free(t);
    CHECK_NO_LEAKS();
}

Test(template_codec, nul_inside_words_is_seen)
{
    struct template *t = site();
    struct buf b = BUF_INIT;
    template_encode(t, &b);
    uint8_t *at = memmem(b.data, b.len, "Short breaks, looked", 20);
    cr_assert_not_null(at);
    at[5] = 0;
    struct template *got = NULL;
    struct err_info why = {0};
    cr_expect_eq(template_decode(b.data, b.len, &got, &why), ERR_INPUT);
    cr_expect_not_null(strstr(why.text, "U+0000"), "%s", why.text);
    buf_free(&b);
    template_free(t);
    CHECK_NO_LEAKS();
}

Test(template_codec, empty_parts_do_not_unfold_without_end)
{
    struct buf b = BUF_INIT;
    for (int i = 0; i < TEMPLATE_MAX_BYTES / 2; i++) { /* questions: 11, no content */
        buf_append_u8(&b, 11 << 3 | 2);
        buf_append_u8(&b, 0);
    }
    struct template *t = NULL;
    cr_expect_eq(template_decode(b.data, b.len, &t, NULL), ERR_TOO_LARGE);
    buf_append_u8(&b, 0);
    struct err_info why = {0};
    cr_expect_eq(template_decode(b.data, b.len, &t, &why), ERR_TOO_LARGE);
    cr_expect_not_null(strstr(why.text, "262145 bytes"), "%s", why.text);
    cr_expect_null(t);
    buf_free(&b);
    CHECK_NO_LEAKS();
}

Test(template_codec, noise)
{
    uint64_t seed = 20270419;
    for (int round = 0; round < 20 * 1000; round++) {
        uint8_t bytes[64];
        for (size_t i = 0; i < sizeof bytes; i++) {
            seed = seed * 6364136223846793005u + 1442695040888963407u;
            bytes[i] = (uint8_t)(seed >> 56);
        }
        must_not_crash(bytes, (size_t)round % sizeof bytes, false, "noise", (size_t)round);
    }
    CHECK_NO_LEAKS();
}

Test(template, free_takes_null_and_halves)
{
    template_free(NULL);
    struct template *t = calloc(1, sizeof *t);
    t->nquestions = 3; /* as after running out of memory */
    template_free(t);
    cr_assert(true);
    CHECK_NO_LEAKS();
}

Test(template, a_question_is_found_by_its_use)
{
    struct template *t = fca();
    const struct question *q = template_use_find(t, "review_date");
    cr_assert_not_null(q);
    cr_expect(q->kinds & KIND_DATE);
    cr_expect_str_eq(q->use, "review_date");
    cr_expect_null(template_use_find(t, "hearing"));
    cr_expect_null(template_use_find(t, ""), "most questions have none");
    template_free(t);
    CHECK_NO_LEAKS();
}
