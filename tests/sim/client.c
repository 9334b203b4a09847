#include "tests/sim/world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/utf8.h"

/* The people: each has the real link and replica, types, strikes out, undoes, grades, and now and
 * then loses the program. What they type goes into the ledger first. */

static void on_send(void *user, const uint8_t *payload, size_t len)
{
    struct sim_client *c = user;
    network_to_server(c->world, c->index, payload, len);
}

static void on_open_line(void *user)
{
    struct sim_client *c = user;
    network_open(c->world, c->index);
}

static void on_close_line(void *user)
{
    struct sim_client *c = user;
    network_hang_up(c->world, c->index);
}

static void on_state_changed(void *user, enum link_state state)
{
    (void)user, (void)state;
}

static void on_keep(void *user, const uint8_t *data, size_t len)
{
    struct sim_client *c = user;
    buf_clear(&c->kept);
    buf_append(&c->kept, data, len);
}

static uint32_t on_random(void *user)
{
    struct sim_client *c = user;
    return (uint32_t)sim_random(c->world);
}

static void note_ack(struct world *w, const struct replica_news *news)
{
    if (w->nacks == w->acks_cap) {
        w->acks_cap = w->acks_cap ? w->acks_cap * 2 : 256;
        w->acks = realloc(w->acks, w->acks_cap * sizeof *w->acks);
        if (!w->acks)
            abort();
    }
    w->acks[w->nacks++] = (struct sim_ack){
        .agent = news->event->body.agent, .batch_no = news->event->body.batch_no, .seq = news->seq};
}

static void on_news(void *user, const struct replica_news *news)
{
    struct sim_client *c = user;
    struct world *w = c->world;
    if (news->kind == NEWS_REFUSED && !(news->text && *news->text))
        world_fail(w, "client %d: an edit was refused without a word", c->index);
    c->told = c->told || news->kind == NEWS_REFUSED;
    if (news->kind == NEWS_REFUSED && !w->races)
        world_fail(w, "client %d: an edit was refused: %s", c->index, news->text);
    if (news->kind != NEWS_EVENT)
        return;
    if (news->seq > w->shown_seq)
        w->shown_seq = news->seq;
    c->seen_seq = news->seq;
    if (news->event && news->event->actor == c->person && news->event->body.agent)
        note_ack(w, news);
}

static void on_joined(void *user, enum err e, const char *text)
{
    struct sim_client *c = user;
    struct world *w = c->world;
    if (e && w->races && (e == ERR_NOT_FOUND || c->revoked || e == ERR_REFUSED_ROLE)) {
        c->refused = true;
        c->again_ms = w->now_ms + 300 + sim_below(w, 3000);
        return;
    }
    if (e)
        world_fail(w, "client %d: could not join: %s: %s", c->index, err_name(e), text ? text : "");
}

void client_start(struct world *w, int i)
{
    struct sim_client *c = &w->clients[i];
    c->world = w;
    c->index = i;
    c->reads = true;
    struct link_hooks hooks = {
        .user = c,
        .send = on_send,
        .open_line = on_open_line,
        .close_line = on_close_line,
        .state_changed = on_state_changed,
        .keep = on_keep,
        .random = on_random,
    };
    c->link = link_new(&hooks, "sim", w->now_ms);
    replica_on_news(link_replica(c->link), on_news, c);
    struct buf kept = c->kept; /* a copy: `keep` may be called meanwhile */
    c->kept = (struct buf)BUF_INIT;
    buf_append(&c->kept, kept.data, kept.len);
    c->refused = false;
    if (!c->outside &&
        link_join(c->link, w->ref, false, kept.len ? kept.data : NULL, kept.len, on_joined, c))
        world_fail(w, "client %d: link_join failed", i);
    buf_free(&kept);
}

void client_crash(struct world *w, int i)
{
    struct sim_client *c = &w->clients[i];
    for (uint32_t k = 0; k < w->next_cp - SIM_FIRST_CP; k++)
        if (w->chars[k].by == i && w->chars[k].typed_ms + SIM_KEEP_GRACE_MS > w->now_ms)
            w->chars[k].struck = true;
    network_hang_up(w, i);
    races_forget(w, i);
    link_free(c->link);
    c->link = NULL;
    c->back_ms = w->now_ms + 100 + sim_below(w, 4000);
}

void client_again(struct world *w, int i)
{
    struct sim_client *c = &w->clients[i];
    link_goodbye(c->link); /* keeps what is not taken */
    races_forget(w, i);
    network_hang_up(w, i);
    link_free(c->link);
    c->link = NULL;
    client_start(w, i);
}

void client_time(struct world *w, int i)
{
    struct sim_client *c = &w->clients[i];
    if (c->link && c->refused && !c->revoked && !w->calm && w->now_ms >= c->again_ms)
        client_again(w, i);
    if (c->link)
        link_time(c->link, w->now_ms, w->now_ms);
    if (!c->reads && w->now_ms >= c->reads_again_ms)
        c->reads = true;
}

/* ---- the ledger ---- */

static void ledger_strike(struct world *w, const uint8_t *p, size_t len)
{
    const uint8_t *end = p + len;
    while (p < end) {
        uint32_t cp;
        size_t n = utf8_decode(p, end, &cp);
        if (!n)
            return;
        if (cp >= SIM_FIRST_CP && cp <= SIM_LAST_CP)
            w->chars[cp - SIM_FIRST_CP].struck = true;
        p += n;
    }
}

static size_t type_new_chars(struct world *w, int i, char out[64])
{
    size_t len = 0;
    for (uint32_t n = 1 + sim_below(w, 3); n && w->next_cp <= SIM_LAST_CP; n--) {
        w->chars[w->next_cp - SIM_FIRST_CP] =
            (struct sim_char){.typed = true, .by = i, .typed_ms = w->now_ms};
        len += utf8_encode(w->next_cp++, (uint8_t *)out + len);
    }
    return len;
}

/* In a race one may be told at once that it cannot be written any more: then it never was. */
static bool is_refusal(const struct world *w, enum err e)
{
    return w->races && (e == ERR_REFUSED_STATE || e == ERR_REFUSED_ROLE || e == ERR_REFUSED_ROOM ||
                        e == ERR_NOT_FOUND || e == ERR_REJOIN);
}

/* ---- what people do ---- */

static void act_type(struct world *w, struct sim_client *c, struct field f)
{
    struct replica *r = link_replica(c->link);
    const struct text *t = audit_text(replica_audit(r), f);
    size_t len = t ? text_len_cp(t) : 0;
    size_t pos = sim_chance(w, 2) ? len : sim_below(w, (uint32_t)len + 1);
    char typed[64];
    size_t n = type_new_chars(w, c->index, typed);
    struct err_info why = {0};
    enum err e = n ? replica_insert(r, f, pos, typed, n, &why) : ERR_OK;
    for (size_t k = 0; e && k < n / 3; k++)
        w->chars[w->next_cp - 1 - k - SIM_FIRST_CP].typed = false;
    if (e && !is_refusal(w, e))
        world_fail(w, "client %d: typing refused: %s", c->index, why.text);
}

static void act_strike(struct world *w, struct sim_client *c, struct field f)
{
    struct replica *r = link_replica(c->link);
    const struct text *t = audit_text(replica_audit(r), f);
    size_t len = t ? text_len_cp(t) : 0;
    if (!len)
        return;
    size_t start = sim_below(w, (uint32_t)len);
    size_t end = start + 1 + sim_below(w, 4);
    if (end > len)
        end = len;
    struct buf struck = BUF_INIT;
    text_read(t, start, end, &struck);
    ledger_strike(w, struck.data, struck.len);
    buf_free(&struck);
    struct err_info why = {0};
    enum err e = replica_delete(r, f, start, end, &why);
    if (e && !is_refusal(w, e))
        world_fail(w, "client %d: striking out refused: %s", c->index, why.text);
}

/* Undo may take one's own words away: whatever is gone afterwards was struck out on purpose. */
static void act_undo(struct world *w, struct sim_client *c, struct field f)
{
    struct replica *r = link_replica(c->link);
    const struct text *t = audit_text(replica_audit(r), f);
    if (!t)
        return;
    struct buf before = BUF_INIT, after = BUF_INIT;
    text_read(t, 0, text_len_cp(t), &before);
    size_t pos;
    enum err e = sim_chance(w, 3) ? replica_redo(r, f, &pos, NULL) : replica_undo(r, f, &pos, NULL);
    if (e && e != ERR_NOT_FOUND && !is_refusal(w, e))
        world_fail(w, "client %d: undo failed: %s", c->index, err_name(e));
    text_read(t, 0, text_len_cp(t), &after);
    buf_append_u8(&after, 0);
    const uint8_t *p = before.data, *end = p + before.len;
    while (p < end) {
        uint32_t cp;
        size_t n = utf8_decode(p, end, &cp);
        if (!n)
            break;
        if (!memmem(after.data, after.len, p, n))
            ledger_strike(w, p, n);
        p += n;
    }
    buf_free(&before);
    buf_free(&after);
}

static void act_grade(struct world *w, struct sim_client *c)
{
    static const char *const grades[] = {"outstanding", "good", "requires_improvement",
                                         "inadequate"};
    struct replica *r = link_replica(c->link);
    const struct question *q = template_question_find(w->fca, "B1");
    const struct audit_member *me = audit_member_find(replica_audit(r), c->person);
    if (!q || !me)
        return;
    struct field f = {.question = q->number,
                      .part = me->role == ROLE_FRO ? PART_GRADE_AUDITOR : PART_GRADE_PRACTITIONER};
    struct err_info why = {0};
    enum err e = replica_set(r, f, grades[sim_below(w, 4)], &why);
    if (e)
        world_fail(w, "client %d: grading refused: %s", c->index, why.text);
}

static void act_comment(struct world *w, struct sim_client *c, struct field f)
{
    struct replica *r = link_replica(c->link);
    const struct text *t = audit_text(replica_audit(r), f);
    size_t len = t ? text_len_cp(t) : 0;
    uint64_t id;
    struct err_info why = {0};
    enum err e =
        replica_comment(r, f, len > 2, 0, len > 2 ? 2 : 0, false, "please say more", &id, &why);
    if (e && !is_refusal(w, e))
        world_fail(w, "client %d: comment refused: %s", c->index, why.text);
}

void client_write(struct world *w, int i)
{
    struct sim_client *c = &w->clients[i];
    struct field f = w->fields[sim_below(w, 5)];
    uint32_t what = sim_below(w, 100);
    w->edits++;
    if (what < 68)
        act_type(w, c, f);
    else if (what < 86)
        act_strike(w, c, f);
    else if (what < 94)
        act_undo(w, c, f);
    else
        act_comment(w, c, f);
}

void client_secret(struct world *w, int i)
{
    struct replica *r = link_replica(w->clients[i].link);
    char words[4];
    size_t len = utf8_encode(SIM_WORDS_CP + w->nsecrets++ % SIM_SECRETS, (uint8_t *)words);
    struct err_info why = {0};
    enum err e = replica_insert(r, w->secret, 0, words, len, &why);
    w->edits++;
    if (e && !is_refusal(w, e))
        world_fail(w, "client %d: the young person's words were refused: %s", i, why.text);
}

void client_act(struct world *w, int i)
{
    struct sim_client *c = &w->clients[i];
    if (!c->link || !replica_audit(link_replica(c->link)))
        return;
    struct field f = w->fields[sim_below(w, 5)];
    w->edits++;
    uint32_t what = sim_below(w, 100);
    if (what < 62)
        act_type(w, c, f);
    else if (what < 80)
        act_strike(w, c, f);
    else if (what < 88)
        act_undo(w, c, f);
    else if (what < 93)
        act_grade(w, c);
    else if (what < 95)
        act_comment(w, c, f);
    else
        replica_set_cursor(link_replica(c->link), f, 0, 0);
    client_time(w, i); /* as the editor does after each key: batches and the recovery file follow */
}
