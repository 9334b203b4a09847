/* Edits made here: checked, shown at once, added to the open batch. */
#include "client/link/replica_internal.h"

#include <stdlib.h>
#include <string.h>

#include "common/utf8.h"

/* An error of the text or of memory, with its plain sentence. */
static enum err said(struct err_info *why, enum err e)
{
    return e ? err_set(why, e, "%s", err_text(e)) : ERR_OK;
}

/* ---- what every edit must pass ---- */

static enum err may(struct replica *r, struct field f, enum right least, struct err_info *why)
{
    if (!r->audit)
        return err_set(why, ERR_REFUSED_ROOM, "The audit has not been opened yet.");
    if (r->only_read || !r->agent)
        return err_set(why, ERR_REFUSED_ROLE, "It was opened for reading only.");
    enum err e = field_check(audit_template(r->audit), f, why);
    if (e)
        return e;
    struct err_info reason = {.text = ""};
    if (audit_right(r->audit, &r->me, f, &reason) < least)
        return err_set(why, ERR_REFUSED_ROLE, "%s",
                       reason.text[0] ? reason.text : err_text(ERR_REFUSED_ROLE));
    for (size_t i = 0; i < r->nblocked; i++)
        if (field_equal(r->blocked[i], f))
            return err_set(why, ERR_REJOIN,
                           "This answer is being read again from the server; one moment.");
    return ERR_OK;
}

/* A part that items of a list have may also stand for itself (text, date, status): without an item.
 */
static bool item_missing(const struct replica *r, struct field f)
{
    const struct part_def *def = part_find((enum part)f.part);
    return def && def->list != PART_NONE && f.item &&
           !audit_item_exists(r->audit, f.question, def->list, f.item);
}

enum err write_begin(struct replica *r, struct field f, struct text **text, struct err_info *why)
{
    enum err e = may(r, f, RIGHT_WRITE, why);
    if (e)
        return e;
    const struct part_def *def = part_find((enum part)f.part);
    if (!def || def->type != TYPE_TEXT)
        return err_set(why, ERR_INPUT, "This part of the answer is chosen, not written.");
    if (item_missing(r, f))
        return err_set(why, ERR_NOT_FOUND, "Somebody has removed this item.");
    *text = audit_text_edit(r->audit, f);
    return *text ? ERR_OK : said(why, ERR_NOMEM);
}

enum err write_blob(struct replica *r, struct field f, const struct buf *blob, const void *words,
                    size_t words_len, size_t chars)
{
    if (buf_failed(blob))
        return ERR_NOMEM;
    if (!blob->len)
        return ERR_OK;
    struct pending *p = batch_text(r, f, blob->len);
    if (!p || !buf_reserve(&p->blob, blob->len) || !buf_reserve(&p->words, words_len))
        return ERR_NOMEM;
    buf_append(&p->blob, blob->data, blob->len);
    buf_append(&p->words, words, words_len);
    p->chars += chars;
    cursor_follow(r, f, words_len > 0);
    replica_changed(r);
    return ERR_OK;
}

/* Words as they come from a keyboard, a clipboard or a file: line ends become LF; anything else
 * that an answer may not contain is refused. Appends to `out`. */
static enum err clean_words(const char *utf8, size_t len, bool multi_line, struct buf *out,
                            struct err_info *why)
{
    if (!buf_reserve(out, len))
        return said(why, ERR_NOMEM);
    for (size_t i = 0; i < len; i++) {
        if (utf8[i] != '\r')
            buf_append_u8(out, (uint8_t)utf8[i]);
        else if (i + 1 >= len || utf8[i + 1] != '\n')
            buf_append_u8(out, '\n');
    }
    struct err_info what = {.text = ""};
    if (utf8_check_text(out->data, out->len, multi_line, &what))
        return err_set(why, ERR_INPUT, "An answer cannot contain %s.", what.text);
    return ERR_OK;
}

static enum err room_for(const struct text *t, size_t more_cp, struct err_info *why)
{
    if (text_len_cp(t) + more_cp > REPLICA_MAX_TEXT_CP)
        return err_set(why, ERR_TOO_LARGE, "An answer can have at most %d characters.",
                       REPLICA_MAX_TEXT_CP);
    return ERR_OK;
}

/* Bytes of the first piece of at most PIECE_BYTES that ends between two characters. */
static size_t piece_len(const uint8_t *p, size_t left)
{
    if (left <= PIECE_BYTES)
        return left;
    size_t n = PIECE_BYTES;
    while (n > 0 && (p[n] & 0xc0) == 0x80)
        n--;
    return n;
}

enum err write_pieces(struct replica *r, struct field f, struct text *t, size_t pos_cp,
                      const uint8_t *p, size_t len)
{
    struct buf blob = BUF_INIT;
    enum err e = ERR_OK;
    while (len && !e) {
        size_t n = piece_len(p, len);
        size_t cp = (size_t)utf8_count(p, n);
        buf_clear(&blob);
        e = text_insert(t, r->agent, pos_cp, (const char *)p, n, &blob);
        if (!e)
            e = write_blob(r, f, &blob, p, n, cp);
        if (!e)
            e = undo_note(r, f, blob.data, blob.len);
        pos_cp += cp;
        p += n;
        len -= n;
    }
    buf_free(&blob);
    return e;
}

enum err replica_insert(struct replica *r, struct field f, size_t pos_cp, const char *utf8,
                        size_t len_bytes, struct err_info *why)
{
    struct text *t;
    enum err e = write_begin(r, f, &t, why);
    if (e || !len_bytes)
        return e;
    struct buf words = BUF_INIT;
    e = clean_words(utf8, len_bytes, true, &words, why);
    if (!e)
        e = room_for(t, (size_t)utf8_count(words.data, words.len), why);
    if (!e)
        e = said(why, write_pieces(r, f, t, pos_cp, words.data, words.len));
    buf_free(&words);
    return e;
}

enum { STRIKE_PIECE_CP = 4000 }; /* even one run per character stays within a batch */

enum err replica_delete(struct replica *r, struct field f, size_t start_cp, size_t end_cp,
                        struct err_info *why)
{
    struct text *t;
    enum err e = write_begin(r, f, &t, why);
    struct buf blob = BUF_INIT;
    while (!e && end_cp > start_cp) { /* from the end: positions before it stay */
        size_t n = end_cp - start_cp < STRIKE_PIECE_CP ? end_cp - start_cp : STRIKE_PIECE_CP;
        buf_clear(&blob);
        e = text_delete(t, r->agent, end_cp - n, end_cp, TEXT_WHEN_PENDING, &blob);
        if (!e)
            e = write_blob(r, f, &blob, NULL, 0, n);
        if (!e)
            e = undo_note(r, f, blob.data, blob.len);
        e = said(why, e);
        end_cp -= n;
    }
    buf_free(&blob);
    return e;
}

/* ---- replacing a whole text ---- */

/* The smallest difference, when its operations fit into one batch; else what both have in common
 * at the start and the end stays, and what lies between is replaced. */
static enum err replace_text(struct replica *r, struct field f, struct text *t,
                             const struct buf *words, struct err_info *why)
{
    struct buf was = BUF_INIT, blob = BUF_INIT;
    text_read(t, 0, text_len_cp(t), &was);
    size_t most = was.len < words->len ? was.len : words->len, head = 0, tail = 0;
    while (head < most && was.data[head] == words->data[head])
        head++;
    while (head > 0 && head < was.len && (was.data[head] & 0xc0) == 0x80)
        head--;
    while (head > 0 && head < words->len && (words->data[head] & 0xc0) == 0x80)
        head--;
    while (tail < most - head && was.data[was.len - 1 - tail] == words->data[words->len - 1 - tail])
        tail++;
    while (tail > 0 && (words->data[words->len - tail] & 0xc0) == 0x80)
        tail--;
    size_t add = words->len - head - tail;
    size_t start_cp = text_cp_of_byte(t, head), end_cp = text_cp_of_byte(t, was.len - tail);
    enum err e;
    if (add <= PIECE_BYTES && end_cp - start_cp <= STRIKE_PIECE_CP) {
        e = text_replace(t, r->agent, (const char *)words->data, words->len, TEXT_WHEN_PENDING,
                         &blob);
        if (!e)
            e = write_blob(r, f, &blob, words->data + head, add,
                           (size_t)utf8_count(words->data + head, add) + end_cp - start_cp);
        if (!e)
            e = undo_note(r, f, blob.data, blob.len);
        e = said(why, e);
    } else {
        e = replica_delete(r, f, start_cp, end_cp, why);
        if (!e)
            e = said(why, write_pieces(r, f, t, start_cp, words->data + head, add));
    }
    buf_free(&was);
    buf_free(&blob);
    return e;
}

enum err replica_replace(struct replica *r, struct field f, const char *utf8, size_t len_bytes,
                         struct err_info *why)
{
    struct text *t;
    enum err e = write_begin(r, f, &t, why);
    if (e)
        return e;
    struct buf words = BUF_INIT;
    e = clean_words(utf8, len_bytes, true, &words, why);
    if (!e && utf8_count(words.data, words.len) > REPLICA_MAX_TEXT_CP)
        e = err_set(why, ERR_TOO_LARGE, "An answer can have at most %d characters.",
                    REPLICA_MAX_TEXT_CP);
    if (!e)
        e = replace_text(r, f, t, &words, why);
    buf_free(&words);
    return e;
}

/* ---- choices ---- */

static bool set_is_pending(const struct replica *r, struct field f)
{
    for (size_t i = 0; i < r->nbatches; i++)
        for (size_t k = 0; k < r->batches[i]->nops; k++)
            if (r->batches[i]->ops[k].kind == OP_SET && field_equal(r->batches[i]->ops[k].field, f))
                return true;
    return false;
}

enum err replica_set(struct replica *r, struct field f, const char *value, struct err_info *why)
{
    enum err e = may(r, f, RIGHT_WRITE, why);
    if (e)
        return e;
    const struct part_def *def = part_find((enum part)f.part);
    if (!def || def->type == TYPE_TEXT || def->type == TYPE_LIST)
        return err_set(why, ERR_INPUT, "This part of the answer is not one that is chosen.");
    if (item_missing(r, f))
        return err_set(why, ERR_NOT_FOUND, "Somebody has removed this item.");
    e = field_check_value(audit_template(r->audit), f, value, why);
    if (e)
        return e;
    if (strcmp(replica_value(r, f, NULL).value, value) == 0)
        return ERR_OK;
    char *copy = strdup(value);
    if (!copy)
        return said(why, ERR_NOMEM);
    struct pending *p = batch_find_open(r, OP_SET, f);
    if (!p) {
        bool own = set_is_pending(r, f);
        p = batch_add(r, OP_SET, f, strlen(value));
        if (!p) {
            free(copy);
            return said(why, ERR_NOMEM);
        }
        p->base_rev = audit_value(r->audit, f).rev;
        p->base_is_own = own;
    }
    free(p->value);
    p->value = copy;
    r->unsaved_version++;
    replica_changed(r);
    return ERR_OK;
}

/* ---- items of lists ---- */

static enum err check_list(struct replica *r, struct field f, struct err_info *why)
{
    const struct part_def *def = part_find((enum part)f.part);
    if (!def || def->type != TYPE_LIST)
        return err_set(why, ERR_INPUT, "This part of the answer is not a list.");
    return may(r, f, RIGHT_WRITE, why);
}

enum err replica_item_add(struct replica *r, uint16_t question, enum part list, uint64_t *item,
                          struct err_info *why)
{
    struct field f = {question, (uint16_t)list, 0};
    if (!r->audit)
        return err_set(why, ERR_REFUSED_ROOM, "The audit has not been opened yet.");
    f.item = event_local_id(r->agent, r->next_local);
    enum err e = check_list(r, f, why);
    if (e)
        return e;
    struct audit_op op = {
        .kind = OP_ITEM_ADD, .item = {f, 0}
    };
    struct event_body body = {.agent = r->agent, .ops = &op, .nops = 1};
    struct pending *p = batch_add(r, OP_ITEM_ADD, f, 0);
    e = p ? audit_apply_local(r->audit, &body) : ERR_NOMEM;
    if (e) {
        if (p)
            batch_remove_op(r, r->nbatches - 1, r->batches[r->nbatches - 1]->nops - 1);
        batches_tidy(r);
        return err_set(why, e, "%s", err_text(e));
    }
    r->next_local++;
    *item = f.item;
    replica_changed(r);
    return ERR_OK;
}

enum err replica_item_remove(struct replica *r, uint16_t question, enum part list, uint64_t item,
                             struct err_info *why)
{
    struct field f = {question, (uint16_t)list, item};
    enum err e = check_list(r, f, why);
    if (e)
        return e;
    size_t n = audit_items(r->audit, question, list, NULL, 0);
    struct audit_item *items = calloc(n ? n : 1, sizeof *items);
    if (!items)
        return said(why, ERR_NOMEM);
    n = audit_items(r->audit, question, list, items, n);
    e = err_set(why, ERR_NOT_FOUND, "Somebody has removed this item.");
    for (size_t i = 0; i < n && e; i++) {
        if (items[i].id != item)
            continue;
        struct pending *p = batch_add(r, OP_ITEM_REMOVE, f, 0);
        e = p ? ERR_OK : said(why, ERR_NOMEM);
        if (p)
            p->base_rev = items[i].rev; /* 0: my own, not confirmed yet */
    }
    free(items);
    if (!e)
        replica_changed(r);
    return e;
}

/* ---- comments ---- */

/* A comment's operation with its text, or NULL and the reason. */
static struct pending *comment_op(struct replica *r, enum op_kind kind, struct field f,
                                  const char *text, struct err_info *why)
{
    struct buf words = BUF_INIT;
    struct pending *p = NULL;
    enum err e = clean_words(text, strlen(text), true, &words, why);
    if (!e && utf8_count(words.data, words.len) > REPLICA_MAX_COMMENT_CP)
        (void)err_set(why, e = ERR_TOO_LARGE, "A comment can have at most %d characters.",
                      REPLICA_MAX_COMMENT_CP);
    if (!e && !words.len && kind != OP_COMMENT_RESOLVE)
        (void)err_set(why, e = ERR_INPUT, "A comment needs words.");
    char *copy = e ? NULL : strdup(buf_cstr(&words));
    if (copy)
        p = batch_add(r, kind, f, words.len + 32);
    if (p)
        p->value = copy;
    else
        free(copy);
    if (!e && !p)
        (void)said(why, ERR_NOMEM);
    buf_free(&words);
    replica_changed(r);
    return p;
}

enum err replica_comment(struct replica *r, struct field f, bool on_words, size_t start_cp,
                         size_t end_cp, bool must_answer, const char *text, uint64_t *comment,
                         struct err_info *why)
{
    struct err_info own;
    why = why ? why : &own;
    enum err e = may(r, f, RIGHT_COMMENT, why);
    if (e)
        return e;
    const struct text *t = on_words ? audit_text(r->audit, f) : NULL;
    if (on_words && (!t || start_cp >= end_cp || end_cp > text_len_cp(t)))
        return err_set(why, ERR_INPUT, "There are no such words in this answer.");
    struct buf quote = BUF_INIT;
    if (t)
        text_read(t, start_cp, end_cp, &quote);
    char *quoted = t ? strdup(buf_cstr(&quote)) : NULL;
    buf_free(&quote);
    struct pending *p = comment_op(r, OP_COMMENT_ADD, f, text, why);
    if (!p) {
        free(quoted);
        return why->code;
    }
    p->comment = event_local_id(r->agent, r->next_local++);
    p->must_answer = must_answer;
    p->on_words = on_words;
    p->quote = quoted;
    if (t) {
        p->start = text_anchor_at(t, start_cp, TEXT_BEFORE);
        p->end = text_anchor_at(t, end_cp, TEXT_AFTER);
    }
    if (comment)
        *comment = p->comment;
    return ERR_OK;
}

static enum err on_comment(struct replica *r, uint64_t comment, enum op_kind kind, const char *text,
                           struct err_info *why)
{
    struct err_info own;
    why = why ? why : &own;
    const struct audit_comment *c = r->audit ? audit_comment_find(r->audit, comment) : NULL;
    if (!c)
        return err_set(why, ERR_NOT_FOUND, "There is no such comment.");
    enum err e = may(r, c->field, RIGHT_COMMENT, why);
    if (e)
        return e;
    struct pending *p = comment_op(r, kind, c->field, text, why);
    if (!p)
        return why->code;
    p->comment = comment;
    return ERR_OK;
}

enum err replica_reply(struct replica *r, uint64_t comment, const char *text, struct err_info *why)
{
    return on_comment(r, comment, OP_COMMENT_REPLY, text, why);
}

enum err replica_resolve(struct replica *r, uint64_t comment, struct err_info *why)
{
    return on_comment(r, comment, OP_COMMENT_RESOLVE, "", why);
}
