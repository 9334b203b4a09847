/* What the others did while one was away, in one sentence. */
#include "client/link/replica_internal.h"

#include <stdlib.h>
#include <string.h>

enum did { DID_WRITE, DID_STRIKE, DID_SET, DID_ITEM, DID_COMMENT };

struct entry {
    uint32_t person;
    enum did did;
    uint16_t question;
    long count;
};

struct caught_up {
    struct entry *entries;
    size_t n;
};

struct caught_up *caught_up_new(void)
{
    return calloc(1, sizeof(struct caught_up));
}

void caught_up_free(struct caught_up *c)
{
    if (c)
        free(c->entries);
    free(c);
}

static void count(struct caught_up *c, uint32_t person, enum did did, uint16_t question, long n)
{
    for (size_t i = 0; i < c->n; i++) {
        struct entry *e = &c->entries[i];
        if (e->person == person && e->did == did && e->question == question) {
            e->count += n;
            return;
        }
    }
    struct entry *grown = realloc(c->entries, (c->n + 1) * sizeof *grown);
    if (!grown)
        return; /* a shorter sentence */
    c->entries = grown;
    c->entries[c->n++] = (struct entry){person, did, question, n};
}

/* Characters written are the growth of the agent's count; those struck out are what the length
 * lacks. Taken off before the event, added after it. */
static void count_text(struct caught_up *c, const struct replica *r, const struct event *e,
                       struct field f, long sign)
{
    const struct text *t = audit_text(r->audit, f);
    long written = t ? (long)text_next_seq(t, e->body.agent) : 0;
    long len = t ? (long)text_len_cp(t) : 0;
    count(c, e->actor, DID_WRITE, f.question, sign * written);
    count(c, e->actor, DID_STRIKE, f.question, sign * (written - len));
}

void caught_up_event(struct caught_up *c, const struct replica *r, const struct event *e,
                     bool after)
{
    if (!c || e->actor == r->me.person)
        return;
    for (size_t i = 0; i < e->body.nops; i++) {
        const struct audit_op *op = &e->body.ops[i];
        if (op->kind == OP_TEXT)
            count_text(c, r, e, op->text.field, after ? 1 : -1);
        else if (!after)
            continue;
        else if (op->kind == OP_SET)
            count(c, e->actor, DID_SET, op->set.field.question, 1);
        else if (op->kind == OP_ITEM_ADD || op->kind == OP_ITEM_REMOVE)
            count(c, e->actor, DID_ITEM, op->item.field.question, 1);
        else if (op->kind == OP_COMMENT_ADD)
            count(c, e->actor, DID_COMMENT, op->comment.field.question, 1);
    }
}

/* ---- from a whole snapshot ---- */

struct compare {
    struct caught_up *c;
    const struct replica *r;
    const struct audit *before;
    struct field field;
};

static void compare_agent(void *user, uint32_t agent, uint32_t next_seq)
{
    struct compare *x = user;
    const struct text *was = audit_text(x->before, x->field);
    uint32_t person = audit_agent_person(x->r->audit, agent);
    if (person && person != x->r->me.person)
        count(x->c, person, DID_WRITE, x->field.question,
              (long)next_seq - (was ? (long)text_next_seq(was, agent) : 0));
}

static bool compare_field(void *user, struct field f)
{
    struct compare *x = user;
    const struct text *t = audit_text(x->r->audit, f);
    x->field = f;
    if (t) {
        text_version(t, compare_agent, x);
        return true;
    }
    struct audit_value now = audit_value(x->r->audit, f), was = audit_value(x->before, f);
    if (now.rev != was.rev && now.by != x->r->me.person)
        count(x->c, now.by, DID_SET, f.question, 1);
    return true;
}

void caught_up_snapshot(struct caught_up *c, const struct replica *r, const struct audit *before)
{
    if (!c || !before || !r->audit)
        return;
    struct compare x = {.c = c, .r = r, .before = before};
    audit_each_field(r->audit, compare_field, &x);
    for (size_t i = 0; i < audit_comment_count(r->audit); i++) {
        const struct audit_comment *k = audit_comment_at(r->audit, i);
        if (k->by != r->me.person && !audit_comment_find(before, k->id))
            count(c, k->by, DID_COMMENT, k->field.question, 1);
    }
}

/* ---- the sentence ---- */

static void describe(const struct replica *r, const struct entry *e, struct buf *out)
{
    const struct question *q = template_question(audit_template(r->audit), e->question);
    const char *code = q ? q->code : "?", *s = e->count == 1 ? "" : "s";
    switch (e->did) {
    case DID_WRITE:
        buf_appendf(out, "wrote %ld character%s in %s", e->count, s, code);
        return;
    case DID_STRIKE:
        buf_appendf(out, "struck out %ld character%s in %s", e->count, s, code);
        return;
    case DID_SET:
        buf_appendf(out, "set %ld answer%s of %s", e->count, s, code);
        return;
    case DID_ITEM:
        buf_appendf(out, "changed the list %s", code);
        return;
    case DID_COMMENT:
        buf_appendf(out, "wrote %ld comment%s on %s", e->count, s, code);
        return;
    }
}

void caught_up_tell(struct caught_up *c, struct replica *r)
{
    enum { MOST = 8 }; /* more would not be read */
    struct buf text = BUF_INIT;
    size_t told = 0, left = 0;
    uint32_t person = 0;
    for (size_t first = 0; c && first < c->n; first++) {
        if (c->entries[first].count <= 0)
            continue;
        if (told == MOST) {
            left++;
            continue;
        }
        const struct entry *e = &c->entries[first];
        buf_append_str(&text, told == 0 ? "while you were offline: " : ", ");
        if (!told || e->person != person)
            buf_appendf(&text, "%s ", replica_name(r, e->person));
        person = e->person;
        describe(r, e, &text);
        told++;
    }
    if (left)
        buf_appendf(&text, ", and %zu more change%s", left, left == 1 ? "" : "s");
    struct replica_news n = {.kind = NEWS_CAUGHT_UP, .text = buf_cstr(&text)};
    if (told)
        replica_tell(r, &n);
    buf_free(&text);
}
