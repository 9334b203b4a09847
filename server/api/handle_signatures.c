/* Are the signatures under an audit still true? Its content at each signed revision is made again
 * from the log alone, event by event, and its fingerprint compared with the one that was signed. */

#include <stdlib.h>
#include <string.h>

#include "common/hash.h"
#include "server/api/act.h"

enum { PAGE_EVENTS = 2000, PAGE_BYTES = 1024 * 1024 };

static void read_page(struct call *c);

static void row_fill(struct call *c, Tandem__SignatureRow *to, const struct audit_signature *s)
{
    const struct person *p = people_find(c->core->people, s->by);
    to->person = s->by;
    to->name = (char *)(p ? p->name : "");
    to->role = (uint32_t)s->role;
    to->revision = s->revision;
    to->utc_ms = s->utc_ms;
    to->standing = !s->void_seq;
    to->difference = (char *)s->difference;
    to->absent = s->absent;
    to->reason = (char *)s->reason;
}

/* A fingerprint would tell content to whoever guesses it. From whom some is withheld gets them
 * under a key that is made for this answer: they can be compared with one another, no more. */
struct print_key {
    bool blind;
    uint8_t key[HASH_LEN];
};

static bool put_print(struct call *c, const struct print_key *k, const uint8_t *print,
                      ProtobufCBinaryData *to)
{
    uint8_t both[HASH_LEN + FINGERPRINT_LEN];
    uint8_t *copy = call_alloc(c, FINGERPRINT_LEN);
    if (!copy)
        return false;
    memcpy(both, k->key, HASH_LEN);
    memcpy(both + HASH_LEN, print, FINGERPRINT_LEN);
    if (k->blind)
        hash_sha256(both, sizeof both, copy);
    else
        memcpy(copy, print, FINGERPRINT_LEN);
    *to = (ProtobufCBinaryData){.len = FINGERPRINT_LEN, .data = copy};
    return true;
}

static void answer(struct call *c)
{
    const struct audit *a = live_state(c->la);
    Tandem__SignatureList list = TANDEM__SIGNATURE_LIST__INIT;
    Tandem__Envelope env = TANDEM__ENVELOPE__INIT;
    struct print_key key = {.blind = audit_holds_back(a, &call_person(c)->viewer)};
    uint8_t now[FINGERPRINT_LEN];
    size_t n = c->nprints;
    if (key.blind)
        c->core->hooks.random(c->core->hooks.user, key.key, sizeof key.key);
    list.rows = call_alloc(c, n * sizeof(Tandem__SignatureRow *));
    Tandem__SignatureRow *rows = call_alloc(c, n * sizeof *rows);
    bool ok = list.rows && rows;
    for (size_t i = 0; ok && i < n; i++) {
        const struct audit_signature *s = audit_signature_at(a, i);
        tandem__signature_row__init(&rows[i]);
        row_fill(c, &rows[i], s);
        ok = put_print(c, &key, s->fingerprint, &rows[i].fingerprint) &&
             put_print(c, &key, c->prints[i], &rows[i].recomputed);
        list.rows[list.n_rows++] = &rows[i];
    }
    audit_fingerprint(a, now);
    ok = ok && put_print(c, &key, now, &list.fingerprint);
    list.revision = audit_revision(a);
    env.body_case = TANDEM__ENVELOPE__BODY_SIGNATURE_LIST;
    env.signature_list = &list;
    if (ok)
        call_answer_read(c, &env);
    else
        call_no_memory(c);
}

/* After each event: was this revision signed? */
static void take_prints(struct call *c)
{
    const struct audit *a = live_state(c->la);
    for (size_t i = 0; i < c->nprints; i++)
        if (audit_signature_at(a, i)->revision == audit_seq(c->past))
            audit_fingerprint(c->past, c->prints[i]);
}

static enum err fold_page(struct call *c, const struct store_events *page)
{
    enum err e = ERR_OK;
    for (size_t i = 0; !e && i < page->nevents; i++) {
        const struct store_event *se = &page->events[i];
        struct event_body *b = NULL;
        e = event_body_decode(se->body, se->body_len, &b, NULL);
        if (e)
            break;
        const struct event ev = {
            .seq = se->seq, .utc_ms = se->utc_ms, .actor = se->actor, .body = *b};
        e = audit_apply(c->past, &ev);
        event_body_free(b);
        if (!e)
            take_prints(c);
    }
    return e;
}

static void page_read(struct call *c, enum err e)
{
    struct store_events page = c->store.events;
    if (call_goes_on(c, e)) {
        e = fold_page(c, &page);
        if (e)
            call_fail(c, ERR_STORE, "",
                      "The log of this audit cannot be read to its end: ask your administrator to "
                      "run tandemd verify.");
        else if (!page.nevents || audit_seq(c->past) >= c->seq)
            answer(c);
        else
            read_page(c);
    }
    if (page.events)
        free(page.events);
}

static void read_page(struct call *c)
{
    memset(&c->store, 0, sizeof c->store);
    c->store.events.audit = live_number(c->la);
    c->store.events.from_seq = audit_seq(c->past) + 1;
    c->store.events.max_events = PAGE_EVENTS;
    c->store.events.max_bytes = PAGE_BYTES;
    call_store(c, STORE_EVENTS, page_read);
}

/* Signatures that stand now are looked at; their revisions, all older, are durable. */
static void begin(struct call *c, enum err e)
{
    if (!call_goes_on(c, e))
        return;
    const struct audit *a = live_state(c->la);
    c->nprints = audit_signature_count(a);
    c->prints = call_alloc(c, c->nprints * sizeof *c->prints);
    c->past = audit_new(audit_template(a));
    c->seq = 0;
    for (size_t i = 0; i < c->nprints; i++)
        if (audit_signature_at(a, i)->revision > c->seq)
            c->seq = audit_signature_at(a, i)->revision;
    if (!c->prints || !c->past)
        call_no_memory(c);
    else if (!c->seq)
        answer(c);
    else
        read_page(c);
}

static void noted(struct call *c, enum err e)
{
    if (call_goes_on(c, e))
        call_wait(c, audit_seq(live_state(c->la)), begin);
}

void handle_verify_signatures(struct call *c)
{
    call_enter(c, "signatures", false, noted);
}
