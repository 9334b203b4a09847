#include "tests/lib/flow_room.h"

#include <criterion/criterion.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- commands ---- */

char *flow_run(const char *input, int exit_code, const char *const *argv)
{
    struct run r = run_program(input, argv);
    struct buf out = BUF_INIT;
    buf_append_str(&out, run_out(&r));
    buf_append_str(&out, run_err(&r));
    cr_assert_eq(r.exit_code, exit_code, "%s %s: exit %d, not %d: %s", argv[0], argv[1],
                 r.exit_code, exit_code, buf_cstr(&out));
    char *s = strdup(buf_cstr(&out));
    buf_free(&out);
    run_free(&r);
    return s;
}

void flow_up(struct flow *f)
{
    daemon_init(&f->d);
    daemon_start(&f->d);
    daemon_enrol(&f->d, "Ana Flint", "FRO:north", "ana");
    daemon_enrol(&f->d, "Ben Okafor", "FSW:north", "ben");
    daemon_enrol(&f->d, "Cleo Marsh", "CSW", "cleo");
    daemon_enrol(&f->d, "Iris Moor", "IRO", "iris");
    char *out = FLOW_RUN(0, "new", "FCA", "--carer", "CR-1", "--practitioner", "Ben Okafor",
                         "--start", "tests write at once", "--json", "--as", "ana");
    json_t *j = json_loads(out, 0, NULL);
    const char *ref = json_string_value(json_object_get(j, "ref"));
    cr_assert_not_null(ref, "%s", out);
    (void)snprintf(f->ref, sizeof f->ref, "%s", ref);
    json_decref(j);
    free(out);
    FLOW_DO(0, "invite", f->ref, "Cleo Marsh", "--role", "CSW", "--sections", "B", "--as", "ana");
    FLOW_DO(0, "invite", f->ref, "Iris Moor", "--role", "IRO", "--as", "ana");
}

void flow_down(struct flow *f)
{
    daemon_remove(&f->d);
}

char *flow_words(const struct flow *f, const char *profile, const char *question, const char *part)
{
    char *out = FLOW_RUN(0, "show", f->ref, "--json", "--as", profile), *words = NULL;
    json_t *j = json_loads(out, 0, NULL), *section, *q;
    size_t i, k;
    cr_assert_not_null(j, "not JSON: %s", out);
    json_array_foreach(json_object_get(j, "sections"), i, section)
    {
        json_array_foreach(json_object_get(section, "questions"), k, q)
        {
            if (strcmp(json_string_value(json_object_get(q, "code")), question) != 0)
                continue;
            json_t *text = json_object_get(json_object_get(q, "texts"), part);
            words = strdup(text ? json_string_value(text) : "");
        }
    }
    cr_assert_not_null(words, "no question %s", question);
    json_decref(j);
    free(out);
    return words;
}

char *flow_history(const struct flow *f, const char *profile)
{
    return FLOW_RUN(0, "history", f->ref, "--json", "--as", profile);
}

void flow_verify(struct flow *f)
{
    if (f->d.pid)
        cr_assert_eq(daemon_stop(&f->d), 0);
    struct run r = RUN("tandemd", "verify", "--data", f->d.dir);
    cr_assert(r.exit_code == 0 && strstr(run_out(&r), "problems=0"), "verify: %s%s", run_out(&r),
              run_err(&r));
    run_free(&r);
}

/* ---- screens ---- */

struct vscreen *flow_open_at(const struct flow *f, const char *profile, const char *env,
                             uint16_t rows, uint16_t cols)
{
    const char *bin = getenv("TANDEM_BIN");
    char program[512];
    (void)snprintf(program, sizeof program, "%s/tandem", bin ? bin : "build/debug");
    const char *argv[] = {program, "open", f->ref, "--as", profile, NULL};
    struct vscreen *s = vscreen_start(argv, (const char *[]){env, NULL}, rows, cols);
    cr_assert_not_null(s);
    flow_see(s, "Here: me");
    return s;
}

struct vscreen *flow_open(const struct flow *f, const char *profile)
{
    return flow_open_at(f, profile, NULL, FLOW_ROWS, FLOW_COLS);
}

void flow_go(struct vscreen *s, const char *where)
{
    vscreen_ctrl(s, 'g');
    flow_see(s, "Go to question");
    vscreen_type(s, where);
    vscreen_key(s, VSCREEN_ENTER);
    flow_see_not(s, "Go to question");
}

void flow_see(struct vscreen *s, const char *text)
{
    cr_assert(vscreen_wait_text(s, text, FLOW_WAIT_MS), "\"%s\" is not on the screen:\n%s", text,
              vscreen_dump(s));
}

void flow_see_not(struct vscreen *s, const char *text)
{
    cr_assert(vscreen_wait_no_text(s, text, FLOW_WAIT_MS), "\"%s\" stays on the screen:\n%s", text,
              vscreen_dump(s));
}

void flow_leave(struct vscreen *s)
{
    vscreen_ctrl(s, 'q');
    cr_assert_eq(vscreen_end(s, FLOW_WAIT_MS), 0);
}

/* ---- the words of the answer on a screen ---- */

/* columns beside the answer: comment marks, and at its right whose cursor is in the line */
enum { MARKS = 2, GUTTER = 4 };

char *flow_squeeze(const char *text)
{
    struct buf out = BUF_INIT;
    for (; *text; text++)
        if (!strchr(" \n\t", *text))
            buf_append_u8(&out, (uint8_t)*text);
    char *s = strdup(buf_cstr(&out));
    buf_free(&out);
    return s;
}

/* The middle column of a row, without the initials at its right. NULL: no such column. */
static char *pane_of(struct vscreen *s, uint16_t row)
{
    static const char bar[] = "\u2502";
    const char *line = vscreen_row(s, row), *from = strstr(line, bar);
    if (!from)
        return NULL;
    from += strlen(bar);
    const char *to = strstr(from, bar);
    size_t len = to ? (size_t)(to - from) : strlen(from);
    char *pane = strndup(from, to && len > GUTTER ? len - GUTTER : len);
    return pane;
}

/* What stands below the part on which this screen is ("> rationale:"), without blanks. Words in the
 * answers of these tests have no line that ends in a colon or holds ": -". */
static char *answer_on(struct vscreen *s)
{
    struct buf out = BUF_INIT;
    bool in_it = false, below = false;
    for (uint16_t row = 0; row < FLOW_ROWS && !below; row++) {
        char *pane = pane_of(s, row);
        if (in_it && (!pane || strstr(pane, ": -") || strstr(pane, " evidence (")))
            below = true;
        else if (in_it)
            buf_append_str(&out, strlen(pane) > MARKS ? pane + MARKS : "");
        else if (pane && !strncmp(pane, "> ", 2))
            in_it = true;
        free(pane);
    }
    char *squeezed = flow_squeeze(buf_cstr(&out));
    buf_free(&out);
    return squeezed;
}

struct words_wanted {
    const char *words; /* NULL: any, but equal and so many */
    size_t chars;
};

static bool words_are_there(struct vscreen *const *s, size_t n, void *user)
{
    const struct words_wanted *w = user;
    char *first = answer_on(s[0]);
    bool ok = w->words ? !strcmp(first, w->words) : strlen(first) == w->chars;
    for (size_t i = 1; ok && i < n; i++) {
        char *other = answer_on(s[i]);
        ok = !strcmp(first, other);
        free(other);
    }
    free(first);
    return ok;
}

static void wait_for_words(struct vscreen *const *s, size_t n, struct words_wanted *w)
{
    if (vscreen_wait_all(s, n, words_are_there, w, FLOW_WAIT_MS))
        return;
    struct buf all = BUF_INIT;
    for (size_t i = 0; i < n; i++) {
        char *words = answer_on(s[i]);
        buf_appendf(&all, "%s\nread as: %s (%zu)\n", vscreen_dump(s[i]), words, strlen(words));
        free(words);
    }
    cr_assert(false, "the screens do not come to show %s (%zu):\n%s",
              w->words ? w->words : "the same", w->chars, buf_cstr(&all));
}

void flow_see_words(struct vscreen *const *s, size_t n, const char *words)
{
    char *squeezed = flow_squeeze(words);
    wait_for_words(s, n, &(struct words_wanted){.words = squeezed});
    free(squeezed);
}

char *flow_see_equal(struct vscreen *const *s, size_t n, size_t chars)
{
    wait_for_words(s, n, &(struct words_wanted){.chars = chars});
    return answer_on(s[0]);
}
