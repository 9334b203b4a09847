#include "client/link/replica_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/utf8.h"

struct replica *replica_new(void)
{
    struct replica *r = calloc(1, sizeof *r);
    if (r)
        r->next_local = 1;
    return r;
}

void replica_free(struct replica *r)
{
    if (!r)
        return;
    for (size_t i = 0; i < r->nbatches; i++)
        batch_free(r->batches[i]);
    free(r->batches);
    undo_forget(r, NULL);
    free(r->undo);
    kept_free_all(r);
    for (size_t i = 0; i < r->nnames; i++)
        free(r->names[i].name);
    free(r->names);
    free(r->here);
    free(r->blocked);
    audit_free(r->audit);
    template_free(r->template);
    free(r);
}

void replica_changed(struct replica *r)
{
    r->version++;
}

void replica_tell(struct replica *r, const struct replica_news *n)
{
    if (r->news)
        r->news(r->news_user, n);
}

void replica_on_news(struct replica *r, replica_news_fn fn, void *user)
{
    r->news = fn;
    r->news_user = user;
}

void replica_set_me(struct replica *r, const struct viewer *me)
{
    r->me = *me;
    replica_changed(r);
}

void replica_set_online(struct replica *r, bool online)
{
    if (r->online != online) {
        r->online = online;
        replica_changed(r);
    }
}

/* ---- reading ---- */

const struct audit *replica_audit(const struct replica *r)
{
    return r->audit;
}

const struct viewer *replica_me(const struct replica *r)
{
    return &r->me;
}

uint32_t replica_agent(const struct replica *r)
{
    return r->agent;
}

uint64_t replica_version(const struct replica *r)
{
    return r->version;
}

/* Why nothing at all can be written here, or false. Asking every question is dear, so the answer
 * is kept until something changes. */
static bool is_read_only(struct replica *r)
{
    if (r->only_read || !r->audit) {
        r->read_only_why = (struct err_info){.text = ""};
        (void)err_set(&r->read_only_why, ERR_OK, r->only_read ? "opened for reading only" : "");
        return r->only_read;
    }
    if (r->read_only_cached && r->read_only_version == r->version)
        return r->read_only_is;
    const struct template *t = audit_template(r->audit);
    r->read_only_is = true;
    r->read_only_why.text[0] = '\0';
    for (size_t i = 0; i < t->nquestions && r->read_only_is; i++) {
        struct field f = {t->questions[i].number, (uint16_t)question_main_part(&t->questions[i]),
                          0};
        if (!f.part)
            continue;
        struct err_info why = {.text = ""};
        if (audit_right(r->audit, &r->me, f, &why) >= RIGHT_COMMENT)
            r->read_only_is = false;
        else if (!r->read_only_why.text[0])
            r->read_only_why = why;
    }
    r->read_only_version = r->version;
    r->read_only_cached = true;
    return r->read_only_is;
}

struct replica_status replica_status(const struct replica *r)
{
    struct replica_status s = {.saved = REPLICA_SAVED};
    for (size_t i = 0; i < r->nbatches; i++) {
        for (size_t k = 0; k < r->batches[i]->nops; k++) {
            const struct pending *p = &r->batches[i]->ops[k];
            if (p->kind == OP_TEXT && p->chars) /* an undo may change no character that shows */
                s.pending_chars += p->chars;
            else
                s.pending_ops++;
        }
    }
    /* is_read_only only fills a cache */
    if (!r->online)
        s.saved = REPLICA_OFFLINE;
    else if (s.pending_chars || s.pending_ops)
        s.saved = REPLICA_UNSAVED;
    else if (is_read_only((struct replica *)(uintptr_t)r)) {
        s.saved = REPLICA_READ_ONLY;
        s.why = r->read_only_why.text;
    }
    return s;
}

static const struct pending *last_set(const struct replica *r, struct field f)
{
    for (size_t i = r->nbatches; i-- > 0;)
        for (size_t k = r->batches[i]->nops; k-- > 0;) {
            const struct pending *p = &r->batches[i]->ops[k];
            if (p->kind == OP_SET && field_equal(p->field, f))
                return p;
        }
    return NULL;
}

struct audit_value replica_value(const struct replica *r, struct field f, bool *pending)
{
    struct audit_value v = {.value = ""};
    if (r->audit)
        v = audit_value(r->audit, f);
    const struct pending *p = last_set(r, f);
    if (p) {
        v.value = p->value;
        v.by = r->me.person;
    }
    if (pending)
        *pending = p != NULL;
    return v;
}

/* ---- people ---- */

void replica_put_name(struct replica *r, uint32_t person, const char *name)
{
    struct buf safe = BUF_INIT;
    char *copy = strdup(text_safe_cstr(&safe, name ? name : ""));
    buf_free(&safe);
    if (!copy || !copy[0]) {
        free(copy);
        return;
    }
    for (size_t i = 0; i < r->nnames; i++) {
        if (r->names[i].person == person) {
            free(r->names[i].name);
            r->names[i].name = copy;
            return;
        }
    }
    struct name *grown = realloc(r->names, (r->nnames + 1) * sizeof *grown);
    if (!grown) {
        free(copy);
        return;
    }
    r->names = grown;
    r->names[r->nnames++] = (struct name){person, copy};
}

static const char *name_find(const struct replica *r, uint32_t person)
{
    for (size_t i = 0; i < r->nnames; i++)
        if (r->names[i].person == person)
            return r->names[i].name;
    return NULL;
}

const char *replica_name(const struct replica *r, uint32_t person)
{
    const char *name = name_find(r, person);
    if (name)
        return name;
    if (!person)
        return "the system";
    char *out = ((struct replica *)(uintptr_t)r)->name_buf;
    snprintf(out, sizeof r->name_buf, "person %u", (unsigned)person);
    return out;
}

const char *replica_initials(const struct replica *r, uint32_t person)
{
    const uint8_t *p = (const uint8_t *)replica_name(r, person);
    const uint8_t *end = p + strlen((const char *)p);
    char *out = ((struct replica *)(uintptr_t)r)->initials_buf;
    size_t n = 0, letters = 0;
    bool at_start = true;
    while (p < end && letters < 2) {
        uint32_t cp;
        size_t step = utf8_decode(p, end, &cp);
        if (!step)
            break;
        bool gap = cp == ' ' || cp == '-' || cp == '.';
        if (at_start && !gap) {
            if (step == 1 && cp >= 'a' && cp <= 'z')
                out[n++] = (char)(cp - 'a' + 'A');
            else {
                memcpy(out + n, p, step);
                n += step;
            }
            letters++;
        }
        at_start = gap;
        p += step;
    }
    out[n] = '\0';
    return out;
}

uint32_t replica_agent_person(const struct replica *r, uint32_t agent)
{
    if (agent && agent == r->agent)
        return r->me.person;
    for (size_t i = 0; i < r->nhere; i++)
        if (agent && r->here[i].agent == agent)
            return r->here[i].person;
    return r->audit ? audit_agent_person(r->audit, agent) : 0;
}

size_t replica_present_count(const struct replica *r)
{
    return r->nhere;
}

struct replica_present replica_present_at(const struct replica *r, size_t i)
{
    struct replica_present p = r->here[i];
    p.name = replica_name(r, p.person);
    p.me = p.agent ? p.agent == r->agent : p.person == r->me.person;
    return p;
}

void replica_here_clear(struct replica *r)
{
    r->nhere = 0;
    replica_changed(r);
}

static struct replica_present *here_find(struct replica *r, uint32_t person, uint32_t agent)
{
    for (size_t i = 0; i < r->nhere; i++)
        if (r->here[i].person == person && r->here[i].agent == agent)
            return &r->here[i];
    return NULL;
}

static void tell_person(struct replica *r, enum replica_news_kind kind, uint32_t person,
                        struct field f, const char *fmt)
{
    struct err_info text; /* a sentence of bounded length */
    (void)err_set(&text, ERR_OK, "%s %s", replica_name(r, person), fmt);
    struct replica_news n = {
        .kind = kind, .person = person, .field = f, .text = text.text, .seq = 0};
    replica_tell(r, &n);
}

void replica_here_put(struct replica *r, const struct replica_present *p, bool gone, bool news)
{
    struct replica_present *at = here_find(r, p->person, p->agent);
    bool me = p->agent && p->agent == r->agent;
    replica_changed(r);
    if (gone) {
        if (!at)
            return;
        *at = r->here[--r->nhere];
        if (news && !me)
            tell_person(r, NEWS_WENT, p->person, p->field, "has left");
        return;
    }
    if (!at) {
        struct replica_present *grown = realloc(r->here, (r->nhere + 1) * sizeof *grown);
        if (!grown)
            return;
        r->here = grown;
        r->here[r->nhere++] = *p;
        if (news && !me)
            tell_person(r, NEWS_CAME, p->person, p->field, "is here");
        return;
    }
    *at = *p;
}

void replica_here_moved(struct replica *r, uint32_t person, uint32_t agent, struct field f,
                        const struct text_anchor *head, const struct text_anchor *tail)
{
    struct replica_present *p = here_find(r, person, agent);
    if (!p)
        return;
    bool elsewhere = !field_equal(p->field, f);
    p->field = f;
    p->has_cursor = head != NULL;
    p->has_selection = head && tail;
    if (head)
        p->head = *head;
    if (tail)
        p->tail = *tail;
    replica_changed(r);
    struct replica_news n = {.kind = NEWS_MOVED, .person = person, .field = f};
    if (elsewhere && !(agent && agent == r->agent))
        replica_tell(r, &n);
}

/* ---- words kept ---- */

size_t replica_kept_count(const struct replica *r)
{
    return r->nkept;
}

struct replica_kept replica_kept_at(const struct replica *r, size_t i)
{
    const struct kept *k = &r->kept[i];
    return (struct replica_kept){
        .field = k->field, .where = k->where, .words = k->words, .why = k->why};
}

static void kept_fini(struct kept *k)
{
    free(k->words);
    free(k->why);
    free(k->where);
}

void replica_kept_forget(struct replica *r, size_t i)
{
    kept_fini(&r->kept[i]);
    memmove(&r->kept[i], &r->kept[i + 1], (r->nkept - i - 1) * sizeof r->kept[0]);
    r->nkept--;
    r->unsaved_version++;
    replica_changed(r);
}

void keep_words_of(struct replica *r, struct field f, const char *where, const char *words,
                   const char *why)
{
    if (!words || !words[0])
        return;
    struct kept *grown = realloc(r->kept, (r->nkept + 1) * sizeof *grown);
    if (!grown)
        return; /* they are still in the news that is told now */
    r->kept = grown;
    struct kept k = {f, strdup(words), strdup(why ? why : ""), strdup(where ? where : "")};
    if (!k.words || !k.why || !k.where) {
        kept_fini(&k);
        return;
    }
    r->kept[r->nkept++] = k;
    r->unsaved_version++;
}

void keep_words(struct replica *r, struct field f, const char *words, const char *why)
{
    struct buf where = BUF_INIT;
    if (r->audit)
        audit_field_format(r->audit, f, &where);
    keep_words_of(r, f, buf_cstr(&where), words, why);
    buf_free(&where);
}

void kept_free_all(struct replica *r)
{
    for (size_t i = 0; i < r->nkept; i++)
        kept_fini(&r->kept[i]);
    free(r->kept);
    r->kept = NULL;
    r->nkept = 0;
}

/* ---- my cursor ----
 * While somebody types, the others know where the cursor is: behind the last character that came.
 * So typing sends no presence; only a cursor that is elsewhere does. */

void cursor_follow(struct replica *r, struct field f, bool inserted)
{
    if (!field_equal(f, r->cursor_field) || !r->audit)
        return;
    const struct text *t = audit_text(r->audit, f);
    uint32_t next = t && r->agent ? text_next_seq(t, r->agent) : 0;
    if (!inserted || !next)
        return;
    r->cursor_head = (struct text_anchor){
        {r->agent, next - 1},
        TEXT_AFTER
    };
    r->cursor_text = true;
    r->cursor_selection = false;
    r->cursor_inferred = true;
}

static bool anchor_equal(struct text_anchor a, struct text_anchor b)
{
    return a.id.agent == b.id.agent && a.id.seq == b.id.seq && a.bias == b.bias;
}

void replica_set_cursor(struct replica *r, struct field f, size_t head_cp, size_t tail_cp)
{
    const struct text *t = r->audit && f.question ? audit_text(r->audit, f) : NULL;
    bool text = t != NULL, selection = text && head_cp != tail_cp;
    struct text_anchor head =
                           {
                               {0, 0},
                               TEXT_AFTER
    },
                       tail = head;
    size_t now_cp;
    if (text) {
        size_t len = text_len_cp(t);
        head = text_anchor_at(t, head_cp < len ? head_cp : len, TEXT_AFTER);
        tail = text_anchor_at(t, tail_cp < len ? tail_cp : len, TEXT_AFTER);
    }
    bool same_field = field_equal(f, r->cursor_field);
    r->cursor_head_cp = head_cp;
    r->cursor_tail_cp = tail_cp;
    if (same_field && text && !selection && !r->cursor_selection && r->cursor_text &&
        text_anchor_pos(t, r->cursor_head, &now_cp) == ERR_OK && now_cp == head_cp)
        return; /* the others see it there already */
    if (same_field && text == r->cursor_text && selection == r->cursor_selection &&
        (!text || anchor_equal(head, r->cursor_head)) &&
        (!selection || anchor_equal(tail, r->cursor_tail)))
        return;
    r->cursor_field = f;
    r->cursor_head = head;
    r->cursor_tail = tail;
    r->cursor_text = text;
    r->cursor_selection = selection;
    r->cursor_dirty = true;
    r->cursor_inferred = false;
}
