#include "client/editor/plain.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client/editor/plain_state.h"
#include "common/utf8.h"

enum { TOLD_AT_LATEST_MS = 6000, QUOTE_BYTES = 240 };

/* ---- saying ---- */

void plain_say(struct plain *p, const char *fmt, ...)
{
    va_list ap;
    struct buf safe = BUF_INIT;
    char *line = NULL;
    va_start(ap, fmt);
    if (vasprintf(&line, fmt, ap) < 0)
        line = NULL;
    va_end(ap);
    if (line)
        p->say(p->user, text_safe_cstr(&safe, line));
    free(line);
    buf_free(&safe);
}

void plain_say_text(struct plain *p, const char *indent, const char *utf8, size_t len)
{
    const char *end = utf8 + len;
    while (utf8 < end) {
        const char *nl = memchr(utf8, '\n', (size_t)(end - utf8));
        size_t n = nl ? (size_t)(nl - utf8) : (size_t)(end - utf8);
        plain_say(p, "%s%.*s", indent, (int)n, utf8);
        utf8 += n + (nl != NULL);
    }
}

void plain_refused(struct plain *p, enum err e, const struct err_info *why)
{
    plain_say(p, "Not done: %s", why->text[0] ? why->text : err_text(e));
}

/* ---- what others write ---- */

static struct told *told_find(struct plain *p, struct field f)
{
    for (size_t i = 0; i < p->ntold; i++)
        if (field_equal(p->told[i].field, f))
            return &p->told[i];
    return NULL;
}

static struct told *told_get(struct plain *p, struct field f)
{
    struct told *t = told_find(p, f);
    if (t)
        return t;
    if (p->ntold == p->cap_told) {
        size_t cap = p->cap_told ? p->cap_told * 2 : 32;
        struct told *more = realloc(p->told, cap * sizeof *more);
        if (!more)
            return NULL;
        p->told = more;
        p->cap_told = cap;
    }
    t = &p->told[p->ntold++];
    *t = (struct told){.field = f};
    return t;
}

static void read_text(struct plain *p, struct field f, struct buf *out)
{
    const struct audit *a = replica_audit(p->r);
    const struct text *t = a ? audit_text(a, f) : NULL;
    buf_clear(out);
    if (t)
        text_read(t, 0, text_len_cp(t), out);
}

void plain_told(struct plain *p, struct field f)
{
    struct told *t = told_get(p, f);
    if (!t)
        return;
    read_text(p, f, &t->text);
    t->changed = false;
    t->nwho = 0;
}

static bool on_text_field(void *user, struct field f)
{
    const struct part_def *def = part_find((enum part)f.part);
    if (def && def->type == TYPE_TEXT)
        plain_told(user, f);
    return true;
}

static void told_all(struct plain *p)
{
    for (size_t i = 0; i < p->ntold; i++)
        plain_told(p, p->told[i].field);
    if (replica_audit(p->r))
        audit_each_field(replica_audit(p->r), on_text_field, p);
}

static size_t common_prefix(const struct buf *a, const struct buf *b)
{
    size_t n = 0;
    while (n < a->len && n < b->len && a->data[n] == b->data[n])
        n++;
    while (n && ((n < a->len && (a->data[n] & 0xc0) == 0x80) ||
                 (n < b->len && (b->data[n] & 0xc0) == 0x80)))
        n--;
    return n;
}

static size_t common_suffix(const struct buf *a, const struct buf *b, size_t prefix)
{
    size_t n = 0;
    while (prefix + n < a->len && prefix + n < b->len &&
           a->data[a->len - 1 - n] == b->data[b->len - 1 - n])
        n++;
    while (n && (a->data[a->len - n] & 0xc0) == 0x80)
        n--;
    return n;
}

/* Words in quotes, shortened in their middle. */
static void append_quote(struct buf *out, const uint8_t *p, size_t len)
{
    size_t n = len;
    if (n > QUOTE_BYTES) {
        n = QUOTE_BYTES;
        while (n && (p[n] & 0xc0) == 0x80)
            n--;
    }
    buf_append_str(out, "\"");
    buf_append(out, p, n);
    buf_append_str(out, n < len ? " ...\"" : "\"");
}

static void append_who(struct plain *p, const struct told *t, struct buf *out)
{
    for (size_t i = 0; i < t->nwho; i++)
        buf_appendf(out, "%s%s", i ? " and " : "", replica_name(p->r, t->who[i]));
}

static void tell_text(struct plain *p, struct told *t)
{
    struct buf now = BUF_INIT, line = BUF_INIT;
    read_text(p, t->field, &now);
    size_t start = common_prefix(&t->text, &now), end = common_suffix(&t->text, &now, start);
    size_t gone = t->text.len - start - end, came = now.len - start - end;
    append_who(p, t, &line);
    if (gone && came) {
        buf_append_str(&line, " replaced ");
        append_quote(&line, t->text.data + start, gone);
        buf_append_str(&line, " by ");
        append_quote(&line, now.data + start, came);
        buf_append_str(&line, " in ");
    } else if (gone) {
        buf_append_str(&line, " struck out ");
        append_quote(&line, t->text.data + start, gone);
        buf_append_str(&line, " in ");
    } else {
        buf_append_str(&line, " wrote ");
        append_quote(&line, came ? now.data + start : (const uint8_t *)"", came);
        buf_append_str(&line, " in ");
    }
    describe_field(p->r, t->field, &line);
    if (gone || came)
        plain_say(p, "%s", buf_cstr(&line));
    buf_free(&line);
    buf_free(&now);
    plain_told(p, t->field);
}

void plain_flush(struct plain *p)
{
    for (size_t i = 0; i < p->ntold; i++)
        if (p->told[i].changed)
            tell_text(p, &p->told[i]);
}

static void note_writer(struct plain *p, struct field f, uint32_t person)
{
    struct told *t = told_get(p, f);
    bool known = false;
    if (!t)
        return;
    for (size_t i = 0; i < t->nwho; i++)
        known |= t->who[i] == person;
    if (!known && t->nwho < 4)
        t->who[t->nwho++] = person;
    if (!t->changed)
        t->latest_ms = p->mono_ms + TOLD_AT_LATEST_MS;
    t->changed = true;
    t->tell_ms = p->mono_ms + PLAIN_GATHER_MS;
    if (t->tell_ms > t->latest_ms)
        t->tell_ms = t->latest_ms;
}

/* ---- news ---- */

static void on_described(void *user, struct field f, const char *line)
{
    (void)f;
    plain_say(user, "%s", line);
}

static bool is_me(struct plain *p, uint32_t person)
{
    const struct viewer *me = replica_me(p->r);
    return me && me->person == person;
}

static void say_voided(struct plain *p, const struct event *e)
{
    struct buf line = BUF_INIT;
    describe_voided(p->r, e, &line);
    if (line.len)
        plain_say(p, "%s", buf_cstr(&line));
    buf_free(&line);
}

static void on_event(struct plain *p, const struct replica_news *n)
{
    if (!n->event)
        return;
    say_voided(p, n->event);
    if (is_me(p, n->person))
        return;
    for (size_t i = 0; i < n->event->body.nops; i++)
        if (n->event->body.ops[i].kind == OP_TEXT)
            note_writer(p, n->event->body.ops[i].text.field, n->person);
    describe_event(p->r, n->event, on_described, p);
}

static void on_conflict(struct plain *p, const struct replica_news *n)
{
    const struct part_def *def = part_find((enum part)n->field.part);
    struct buf value = BUF_INIT;
    if (def && n->theirs && *n->theirs && replica_audit(p->r))
        describe_field_value(p->r, n->field, n->theirs, &value);
    plain_say(p, "Conflict: %s %s's value stands: %s", n->text ? n->text : "",
              replica_name(p->r, n->person), value.len ? buf_cstr(&value) : "(empty)");
    buf_free(&value);
}

static void follow(struct plain *p, const struct replica_news *n)
{
    const struct question *q;
    struct field f = {0};
    if (!p->ed->follow || n->person != p->ed->follow || p->writing || !replica_audit(p->r))
        return;
    for (size_t i = 0; i < replica_present_count(p->r); i++)
        if (replica_present_at(p->r, i).person == n->person)
            f = replica_present_at(p->r, i).field;
    q = template_question(audit_template(replica_audit(p->r)), f.question);
    if (!q || f.question == p->ed->question)
        return;
    plain_say(p, "%s is at %s  %s", replica_name(p->r, n->person), q->code, q->title);
    p->ed->question = f.question; /* shown and entered with the next command; no writing here */
    p->ed->stale = true;
}

static void on_news(void *user, const struct replica_news *n)
{
    struct plain *p = user;
    p->ed->stale = true;
    model_life_news(p->ed, n);
    switch (n->kind) {
    case NEWS_EVENT:
        on_event(p, n);
        return;
    case NEWS_CAME:
        plain_say(p, "%s has come in.", replica_name(p->r, n->person));
        return;
    case NEWS_WENT:
        plain_say(p, "%s has left.", replica_name(p->r, n->person));
        return;
    case NEWS_MOVED:
        follow(p, n);
        return;
    case NEWS_CONFLICT:
        on_conflict(p, n);
        return;
    case NEWS_REFUSED:
        plain_say(p, "Refused: %s", n->text ? n->text : "");
        if (n->kept && *n->kept) {
            plain_say(p, "Your words, which are kept:");
            plain_say_text(p, "  ", n->kept, strlen(n->kept));
        }
        return;
    case NEWS_CAUGHT_UP:
        plain_say(p, "Back on line. %s", n->text ? n->text : "");
        p->told_all_stale = true;
        return;
    }
}

/* ---- life ---- */

struct plain *plain_new(struct replica *r, const char *ref, plain_say_fn say, void *user)
{
    struct plain *p = calloc(1, sizeof *p);
    if (!p)
        return NULL;
    p->ed = editor_new(r, ref);
    if (!p->ed) {
        free(p);
        return NULL;
    }
    p->r = r;
    p->say = say;
    p->user = user;
    p->line = LINE_JOINING;
    p->ed->life.by_line = true;
    p->ed->rows = p->ed->cols = 1000; /* rows of the form are said whole */
    replica_on_news(r, on_news, p);
    return p;
}

void plain_free(struct plain *p)
{
    if (!p)
        return;
    for (size_t i = 0; i < p->ntold; i++)
        buf_free(&p->told[i].text);
    free(p->told);
    buf_free(&p->written);
    buf_free(&p->hinted);
    buf_free(&p->urgent);
    editor_free(p->ed);
    free(p);
}

bool plain_left(const struct plain *p)
{
    return p->left;
}

bool plain_wants_log(struct plain *p)
{
    return editor_wants_log(p->ed);
}

void plain_set_log(struct plain *p, struct audit *log, struct template *t, const char *why)
{
    editor_set_log(p->ed, log, t, why);
    if (!log)
        plain_say(p, "%s", p->ed->said);
    else
        plain_command(p, "authors struck");
}

/* ---- the line, the time ---- */

static void greet(struct plain *p)
{
    const struct audit *a = replica_audit(p->r);
    struct audit_progress n;
    if (!a || p->greeted)
        return;
    p->greeted = true;
    n = audit_progress(a);
    plain_say(p, "%s  %s, %s. %u of %u answered. \"help\" lists the commands.", audit_info(a).ref,
              audit_template(a)->title, audit_state_code(audit_info(a).state), (unsigned)n.answered,
              (unsigned)n.required);
    told_all(p);
    editor_refresh(p->ed);
    plain_command(p, "who");
    if (replica_kept_count(p->r))
        plain_command(p, "kept");
    plain_show(p);
}

void plain_set_line(struct plain *p, enum editor_line line, const char *why)
{
    struct buf status = BUF_INIT;
    editor_set_line(p->ed, line, why);
    if (line != p->line && p->greeted && line != LINE_UP) {
        describe_status(p->r, why, false, &status);
        plain_say(p, line == LINE_ENDED ? "Ended: %s %s" : "%s%s",
                  line == LINE_ENDED && why ? why : "", buf_cstr(&status));
    }
    buf_free(&status);
    p->line = line;
    greet(p);
}

void plain_time(struct plain *p, int64_t mono_ms, int64_t utc_ms)
{
    p->mono_ms = mono_ms;
    editor_time(p->ed, mono_ms, utc_ms);
    if (p->told_all_stale) {
        p->told_all_stale = false;
        told_all(p);
    }
    for (size_t i = 0; i < p->ntold; i++)
        if (p->told[i].changed && p->told[i].tell_ms <= mono_ms)
            tell_text(p, &p->told[i]);
    enum replica_saved saved = replica_status(p->r).saved;
    if (saved != p->saved && saved == REPLICA_SAVED && p->greeted)
        plain_say(p, "Saved.");
    p->saved = saved;
}

int64_t plain_next_ms(const struct plain *p)
{
    int64_t at = editor_next_ms(p->ed);
    for (size_t i = 0; i < p->ntold; i++)
        if (p->told[i].changed && p->told[i].tell_ms < at)
            at = p->told[i].tell_ms;
    return at;
}

const char *plain_prompt(struct plain *p)
{
    const struct question *q = model_question(p->ed);
    snprintf(p->prompt, sizeof p->prompt, p->writing ? "%s | " : "%s> ", q ? q->code : "");
    return p->prompt;
}

void plain_line(struct plain *p, const char *line, size_t len)
{
    struct buf words = BUF_INIT;
    size_t dropped = clipboard_clean((const uint8_t *)line, len, false, &words);
    if (dropped)
        plain_say(p, "%zu characters that may not be in an answer were left out.", dropped);
    editor_refresh(p->ed);
    if (!buf_failed(&words) && p->writing)
        plain_write_line(p, buf_cstr(&words));
    else if (!buf_failed(&words))
        plain_command(p, buf_cstr(&words));
    buf_free(&words);
}
