/* A client that ignores every rule: it has a person's real key and certificate, speaks the protocol
 * and sends what the real one would not. Each time: a refusal with a sentence, and nothing stored.
 */

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client/link/profile.h"
#include "common/audit/audit.h"
#include "server/content/template_yaml.h"
#include "tests/lib/flow_room.h"
#include "tests/lib/load.h"

/* ---- one patched client ---- */

struct patched {
    uv_loop_t loop;
    struct load_peer *peer;
    struct load_identity id;
    uint32_t waits_for;
    bool answered;
    int kind; /* of the answer */
    enum err code;
    uint64_t seq; /* of an acknowledgement */
    uint64_t batch_no;
    uint32_t their_person;
    char text[400], field[64], their_value[64];
};

static struct flow f;
static struct template *fca;
static struct audit *empty; /* knows the addresses */

static void up(void)
{
    struct err_info why;
    flow_up(&f);
    cr_assert_eq(template_yaml_load("server/content/fca.yaml", &fca, &why), ERR_OK, "%s", why.text);
    empty = audit_new(fca);
}

static void down(void)
{
    audit_free(empty);
    template_free(fca);
    flow_down(&f);
}

static void on_message(struct load_peer *peer, const Tandem__Envelope *m)
{
    struct patched *p = peer->user;
    bool greeting = !p->waits_for && m->body_case == TANDEM__ENVELOPE__BODY_WELCOME;
    if (!greeting && (!p->waits_for || m->id != p->waits_for ||
                      m->body_case == TANDEM__ENVELOPE__BODY_SNAPSHOT_PART))
        return;
    p->answered = true;
    p->kind = (int)m->body_case;
    p->code = ERR_OK;
    p->text[0] = p->field[0] = p->their_value[0] = '\0';
    if (m->body_case == TANDEM__ENVELOPE__BODY_ACKED)
        p->seq = m->acked->seq ? m->acked->seq : peer->seq;
    if (m->body_case != TANDEM__ENVELOPE__BODY_ERROR)
        return;
    p->code = (enum err)m->error->code;
    p->batch_no = m->error->batch_no;
    p->their_person = m->error->their_person;
    (void)snprintf(p->text, sizeof p->text, "%s", m->error->text);
    (void)snprintf(p->field, sizeof p->field, "%s", m->error->field);
    (void)snprintf(p->their_value, sizeof p->their_value, "%s", m->error->their_value);
}

static struct patched *connect_as(const char *profile)
{
    struct patched *p = calloc(1, sizeof *p);
    struct profile who;
    struct err_info why;
    struct load_site site = {.port = f.d.port};
    p->peer = calloc(1, sizeof *p->peer);
    cr_assert_eq(profile_load(profile, &who, &why), ERR_OK, "%s", why.text);
    cr_assert_eq(tls_context_client(buf_cstr(&who.cert_pem), buf_cstr(&who.key_pem),
                                    buf_cstr(&who.authority_pem), NULL, "127.0.0.1", &p->id.tls,
                                    &why),
                 ERR_OK, "%s", why.text);
    profile_fini(&who);
    uv_loop_init(&p->loop);
    load_connect(&p->loop, p->peer, &site, &p->id, on_message, p);
    load_run_until(&p->loop, &p->answered, 20, "a welcome");
    return p;
}

static struct patched *join_as(const char *profile)
{
    struct patched *p = connect_as(profile);
    (void)load_join(&p->loop, p->peer, f.ref, false);
    return p;
}

static void hang_up(struct patched *p)
{
    load_close(p->peer);
    load_run_until(&p->loop, &p->peer->closed, 20, "the end");
    tls_context_free(p->id.tls);
    cr_assert_eq(uv_loop_close(&p->loop), 0);
    free(p->peer);
    free(p);
}

static void ask(struct patched *p, Tandem__Envelope *m)
{
    p->answered = false;
    p->waits_for = p->peer->next_id + 1;
    load_send(p->peer, m);
    load_run_until(&p->loop, &p->answered, 20, "an answer");
}

static void send_bytes(struct patched *p, const void *body, size_t len)
{
    p->answered = false;
    p->waits_for = p->peer->next_id + 1;
    load_send_edit(p->peer, body, len);
    load_run_until(&p->loop, &p->answered, 20, "an answer");
}

/* Sends the operation as the peer's next batch. */
static void send_op(struct patched *p, struct audit_op *op)
{
    struct event_body b = {
        .agent = p->peer->agent, .batch_no = p->peer->batch_no + 1, .ops = op, .nops = 1};
    struct buf bytes = BUF_INIT;
    event_body_encode(&b, &bytes);
    send_bytes(p, bytes.data, bytes.len);
    buf_free(&bytes);
}

/* ---- operations ---- */

static struct field at(const char *where)
{
    struct field out;
    struct err_info why;
    cr_assert_eq(audit_field_parse(empty, where, &out, &why), ERR_OK, "%s", why.text);
    return out;
}

/* Types `words` at the start of an empty text of `agent`'s. */
static void send_words_as(struct patched *p, uint32_t agent, uint64_t batch_no, struct field where,
                          const char *words, size_t len)
{
    struct text *t = text_new();
    struct buf blob = BUF_INIT, bytes = BUF_INIT;
    cr_assert_eq(text_insert(t, agent, 0, words, len, &blob), ERR_OK);
    struct audit_op op = {
        .kind = OP_TEXT, .text = {.field = where, .blob = blob.data, .blob_len = blob.len}
    };
    struct event_body b = {.agent = agent, .batch_no = batch_no, .ops = &op, .nops = 1};
    event_body_encode(&b, &bytes);
    send_bytes(p, bytes.data, bytes.len);
    buf_free(&bytes);
    buf_free(&blob);
    text_free(t);
}

static void send_words(struct patched *p, const char *where, const char *words)
{
    send_words_as(p, p->peer->agent, p->peer->batch_no + 1, at(where), words, strlen(words));
}

static void send_value(struct patched *p, const char *where, const char *value)
{
    struct audit_op op = {
        .kind = OP_SET, .set = {.field = at(where), .value = value}
    };
    send_op(p, &op);
}

/* ---- what must have happened ---- */

static char *before; /* the history as the IRO has it: nothing of this audit is held from her */

static void remember(void)
{
    free(before);
    before = flow_history(&f, "iris");
}

/* Refused with this code and a sentence that has this word; nothing of it is in the audit. */
static void refused(struct patched *p, enum err code, const char *word, const char *what)
{
    cr_assert_eq(p->kind, (int)TANDEM__ENVELOPE__BODY_ERROR, "%s was not refused", what);
    cr_assert_eq(p->code, code, "%s: %s instead of %s: %s", what, err_name(p->code), err_name(code),
                 p->text);
    cr_assert(strlen(p->text) > 12 && strchr(p->text, ' '), "%s: not a sentence: %s", what,
              p->text);
    cr_assert(strstr(p->text, word), "%s: no \"%s\" in: %s", what, word, p->text);
    char *after = flow_history(&f, "iris");
    cr_assert_str_eq(after, before, "%s: the audit has changed", what);
    free(after);
}

static void stored(struct patched *p, const char *what)
{
    cr_assert_eq(p->kind, (int)TANDEM__ENVELOPE__BODY_ACKED, "%s: %s", what, p->text);
    p->peer->batch_no++;
    remember();
}

/* ---- rights ---- */

Test(patched, nobody_writes_where_they_may_not, .init = up, .fini = down)
{
    static const struct {
        const char *who, *where, *value; /* value NULL: types words */
        enum err code;
        const char *word;
    } cases[] = {
        {"iris", "B1.rationale",          NULL,     ERR_REFUSED_ROLE, "FRO, FSW, CSW"},
        {"iris", "C4",                    NULL,     ERR_REFUSED_ROLE, "section C"    },
        {"iris", "B1.grade_auditor",      "good",   ERR_REFUSED_ROLE, "read only"    },
        {"iris", "B5",                    "yes",    ERR_REFUSED_ROLE, "section B"    },
        {"ben",  "J3.words",              NULL,     ERR_REFUSED_ROLE, "IRO"          },
        {"ben",  "J3.shown_to",           "worker", ERR_REFUSED_ROLE, "IRO"          },
        {"ben",  "B1.grade_auditor",      "good",   ERR_REFUSED_ROLE, "read only"    },
        {"ben",  "B1.grade_agreed",       "good",   ERR_REFUSED_ROLE, "read only"    },
        {"ben",  "M3",                    NULL,     ERR_REFUSED_ROLE, "section M"    },
        {"ana",  "B1.grade_practitioner", "good",   ERR_REFUSED_ROLE, "read only"    },
        {"ana",  "J3.words",              NULL,     ERR_REFUSED_ROLE, "IRO"          },
        {"cleo", "C4",                    NULL,     ERR_REFUSED_ROLE, "read only"    },
        {"cleo", "B1.grade_auditor",      "good",   ERR_REFUSED_ROLE, "read only"    },
    };
    const char *last = "";
    struct patched *p = NULL;
    remember();
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char what[100];
        if (strcmp(cases[i].who, last) != 0) {
            if (p)
                hang_up(p);
            p = join_as(last = cases[i].who);
        }
        (void)snprintf(what, sizeof what, "%s at %s", cases[i].who, cases[i].where);
        if (cases[i].value)
            send_value(p, cases[i].where, cases[i].value);
        else
            send_words(p, cases[i].where, "not mine");
        refused(p, cases[i].code, cases[i].word, what);
        cr_assert_eq(p->batch_no, p->peer->batch_no + 1, "which batch it was is said");
    }
    hang_up(p);
    p = join_as("cleo"); /* and the same client may do what its person may */
    send_words(p, "B1.rationale", "mine");
    stored(p, "cleo at B1");
    hang_up(p);
    char *words = flow_words(&f, "ana", "B1", "rationale");
    cr_assert_str_eq(words, "mine");
    free(words);
    flow_verify(&f);
}

Test(patched, only_the_server_creates_invites_and_moves, .init = up, .fini = down)
{
    struct audit_op ops[] = {
        {.kind = OP_MEMBER_ADD,    .member = {.person = 2, .role = ROLE_FRO, .sections = ""}},
        {.kind = OP_MEMBER_REMOVE,                        .member = {.person = 3}},
        {.kind = OP_MOVE,.move = {.to = AUDIT_CLOSED, .reason = "because"}},
        {.kind = OP_HELD         },
    };
    struct patched *p = join_as("ben");
    remember();
    for (size_t i = 0; i < sizeof ops / sizeof *ops; i++) {
        char what[40];
        (void)snprintf(what, sizeof what, "operation %zu", i);
        send_op(p, &ops[i]);
        refused(p, p->code == ERR_REFUSED_ROLE ? ERR_REFUSED_ROLE : ERR_INPUT, " ", what);
    }
    Tandem__SetMember set = TANDEM__SET_MEMBER__INIT;
    Tandem__Envelope m = TANDEM__ENVELOPE__INIT;
    m.body_case = TANDEM__ENVELOPE__BODY_SET_MEMBER;
    m.set_member = &set;
    set.ref = f.ref;
    set.person = (char *)(uintptr_t) "Ben Okafor";
    set.role = ROLE_FRO;
    set.sections = (char *)(uintptr_t) "";
    ask(p, &m);
    refused(p, ERR_REFUSED_ROLE, "role", "an invitation by the FSW");
    hang_up(p);
}

/* ---- what cannot be ---- */

Test(patched, characters_and_agents_must_be_ones_own, .init = up, .fini = down)
{
    struct patched *ana = join_as("ana"), *ben = join_as("ben");
    struct text *t = text_new();
    struct buf blob = BUF_INIT;
    send_words(ana, "B1.rationale", "Hers.");
    stored(ana, "her words");
    /* a text that nobody else has: what is struck out in it does not exist */
    cr_assert_eq(text_insert(t, 4000, 0, "ghost", 5, &blob), ERR_OK);
    buf_clear(&blob);
    cr_assert_eq(text_delete(t, ben->peer->agent, 0, 3, TEXT_WHEN_PENDING, &blob), ERR_OK);
    struct audit_op op = {
        .kind = OP_TEXT,
        .text = {.field = at("B1.rationale"), .blob = blob.data, .blob_len = blob.len}
    };
    send_op(ben, &op);
    refused(ben, ERR_INPUT, "character", "striking out what does not exist");
    buf_clear(&blob);
    cr_assert_eq(text_insert(t, ben->peer->agent, 1, "xy", 2, &blob), ERR_OK);
    op.text.blob = blob.data;
    op.text.blob_len = blob.len;
    send_op(ben, &op);
    refused(ben, ERR_INPUT, "character", "writing beside what does not exist");
    buf_clear(&blob);
    cr_assert_eq(text_insert(t, ben->peer->agent, 0, "again", 5, &blob), ERR_OK);
    op.text.blob = blob.data;
    op.text.blob_len = blob.len;
    send_op(ben, &op); /* the first of his characters were never sent */
    refused(ben, ERR_INPUT, " ", "characters with a gap before them");
    /* in her name */
    send_words_as(ben, ana->peer->agent, ana->peer->batch_no + 1, at("B2.rationale"), "forged", 6);
    refused(ben, ERR_INPUT, "the writer that this room gave you", "writing as another's agent");
    send_words_as(ben, 4000, 1, at("B2.rationale"), "forged", 6);
    refused(ben, ERR_INPUT, " ", "writing as an agent that nobody has");
    send_words_as(ben, 0xffffffff, 1, at("B2.rationale"), "forged", 6);
    refused(ben, ERR_INPUT, " ", "writing as an impossible agent");
    /* a comment with an id of another's, and on words that are not there */
    struct audit_op comment = {
        .kind = OP_COMMENT_ADD,
        .comment = {.comment = event_local_id(ana->peer->agent, 1),
                    .field = at("B1.rationale"),
                    .text = "?"}
    };
    send_op(ben, &comment);
    refused(ben, ERR_INPUT, "not made by", "a comment with another's number");
    comment.comment.comment = event_local_id(ben->peer->agent, 1);
    comment.comment.on_words = true;
    comment.comment.start.id = (struct text_id){4000, 0};
    comment.comment.end.id = (struct text_id){4000, 3};
    send_op(ben, &comment);
    refused(ben, ERR_INPUT, "words that are not here", "a comment on what is not there");
    buf_free(&blob);
    text_free(t);
    hang_up(ana);
    hang_up(ben);
    flow_verify(&f);
}

Test(patched, questions_and_values_must_be_in_the_template, .init = up, .fini = down)
{
    struct patched *p = join_as("ana");
    struct field b1 = at("B1.rationale"), b5 = at("B5");
    remember();
    send_words_as(p, p->peer->agent, p->peer->batch_no + 1,
                  (struct field){.question = 400, .part = b1.part}, "x", 1);
    refused(p, ERR_INPUT, "no question number 400", "a question that is not there");
    send_words_as(p, p->peer->agent, p->peer->batch_no + 1,
                  (struct field){.question = b5.question, .part = b1.part}, "x", 1);
    refused(p, ERR_INPUT, "B5 has no rationale", "a part that the question has not");
    send_words_as(p, p->peer->agent, p->peer->batch_no + 1,
                  (struct field){.question = b1.question, .part = 127}, "x", 1);
    refused(p, ERR_INPUT, " ", "a part that nothing has");
    send_words_as(p, p->peer->agent, p->peer->batch_no + 1, at("B1.grade_auditor"), "good", 4);
    refused(p, ERR_INPUT, "set, not written", "words in a grade");
    send_value(p, "B1.rationale", "good");
    refused(p, ERR_INPUT, "it is not set", "a value in a text");
    send_value(p, "B1.grade_auditor", "splendid");
    refused(p, ERR_INPUT, "requires_improvement", "a grade off the scale");
    send_value(p, "B5", "perhaps");
    refused(p, ERR_INPUT, "partly", "an answer that is none");
    send_value(p, "B5.date", "2026-02-30");
    refused(p, ERR_INPUT, "no such day", "a day that is none");
    send_value(p, "B6", "11");
    refused(p, ERR_INPUT, "0 to 10", "off the scale of 0 to 10");
    struct audit_op item = {
        .kind = OP_SET, .set = {.field = at("L5"), .value = "2027-01-05"}
    };
    item.set.field.item = event_local_id(p->peer->agent, 9);
    item.set.field.part = PART_DUE;
    send_op(p, &item);
    refused(p, ERR_NOT_FOUND, "not there", "an action that is not there");
    hang_up(p);
}

Test(patched, words_that_are_no_words_are_refused, .init = up, .fini = down)
{
    static const struct {
        const char *bytes;
        size_t len;
        const char *what;
    } cases[] = {
        {"a\x1b[2Jb",     6, "an escape sequence"        },
        {"a\0b",          3, "a NUL"                     },
        {"a\x7f",         2, "a delete sign"             },
        {"a\xe2\x80\xae", 4, "a change of direction"     },
        {"a\xc3(",        3, "not UTF-8"                 },
        {"\xed\xa0\x80",  3, "half a pair"               },
        {"\xc0\xaf",      2, "a character in a long form"},
        {"a\xf4\x90\x80", 4, "cut off"                   },
    };
    struct patched *p = join_as("ana");
    remember();
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        /* the same number of plain bytes, changed where they lie in the blob */
        struct text *t = text_new();
        struct buf blob = BUF_INIT;
        char plain[16];
        memset(plain, 'q', sizeof plain);
        cr_assert_eq(text_insert(t, p->peer->agent, 0, plain, cases[i].len, &blob), ERR_OK);
        uint8_t *found = memmem(blob.data, blob.len, plain, cases[i].len);
        cr_assert_not_null(found);
        memcpy(found, cases[i].bytes, cases[i].len);
        struct audit_op op = {
            .kind = OP_TEXT,
            .text = {.field = at("B1.rationale"), .blob = blob.data, .blob_len = blob.len}
        };
        send_op(p, &op);
        refused(p, ERR_INPUT, " ", cases[i].what);
        buf_free(&blob);
        text_free(t);
    }
    static const char *const rubbish[] = {"", "\xff\xff\xff\xff", "\x08\x01\x10\x01",
                                          "words, not a message"};
    for (size_t i = 0; i < sizeof rubbish / sizeof *rubbish; i++) {
        send_bytes(p, rubbish[i], strlen(rubbish[i]));
        refused(p, ERR_INPUT, " ", "a body that is none");
    }
    send_words(p, "B1.rationale", "and now in order");
    stored(p, "words that are words");
    hang_up(p);
}

Test(patched, batches_are_counted_and_bounded, .init = up, .fini = down)
{
    struct patched *p = join_as("ana");
    remember();
    send_words_as(p, p->peer->agent, p->peer->batch_no + 3, at("B1.rationale"), "x", 1);
    refused(p, ERR_INPUT, "gap", "a number too high");
    send_words_as(p, p->peer->agent, 0, at("B1.rationale"), "x", 1);
    refused(p, ERR_INPUT, " ", "no number");
    send_words(p, "B1.rationale", "once");
    stored(p, "the first batch");
    uint64_t seq = p->seq;
    send_words_as(p, p->peer->agent, p->peer->batch_no, at("B1.rationale"), "twice", 5);
    cr_assert_eq(p->kind, (int)TANDEM__ENVELOPE__BODY_ACKED, "a retry is answered again: %s",
                 p->text);
    cr_assert_eq(p->seq, seq, "with the place that the first one has");
    char *after = flow_history(&f, "iris");
    cr_assert_str_eq(after, before, "and not stored again");
    free(after);
    /* too much at once */
    size_t len = 70 * 1000;
    char *words = malloc(len);
    memset(words, 'w', len);
    send_words_as(p, p->peer->agent, p->peer->batch_no + 1, at("B2.rationale"), words, len);
    refused(p, ERR_TOO_LARGE, "bytes", "a batch over the limit");
    /* too much in all: the limit is 256 Ki characters */
    struct text *t = text_new();
    struct buf blob = BUF_INIT;
    for (int i = 0; i < 5; i++) {
        size_t part = 60000;
        buf_clear(&blob);
        cr_assert_eq(text_insert(t, p->peer->agent, 0, words, part, &blob), ERR_OK);
        struct audit_op op = {
            .kind = OP_TEXT,
            .text = {.field = at("B3.rationale"), .blob = blob.data, .blob_len = blob.len}
        };
        send_op(p, &op);
        if (i < 4)
            stored(p, "words within the limit");
        else
            refused(p, ERR_TOO_LARGE, "262144", "an answer over the limit");
    }
    buf_free(&blob);
    text_free(t);
    free(words);
    hang_up(p);
    flow_verify(&f);
}

Test(patched, a_stale_grade_is_a_conflict_with_the_others_value, .init = up, .fini = down)
{
    FLOW_DO(0, "set", f.ref, "B5", "partly", "--as", "ben");
    struct patched *p = join_as("ana");
    remember();
    send_value(p, "B5", "yes"); /* as if it had never been set */
    refused(p, ERR_STALE, "partly", "a choice on an old state");
    cr_assert_str_eq(p->their_value, "partly");
    cr_assert_str_eq(p->field, "B5");
    cr_assert_neq(p->their_person, 0u);
    hang_up(p);
}

/* ---- rooms ---- */

Test(patched, one_writes_only_in_a_room_that_one_has_joined_to_write, .init = up, .fini = down)
{
    struct patched *p = connect_as("ana");
    remember();
    p->peer->agent = 1;
    p->peer->room = 1;
    send_words(p, "B1.rationale", "from outside");
    refused(p, ERR_REFUSED_ROOM, "Join the audit", "an edit before joining");
    p->peer->agent = 0;
    (void)load_join(&p->loop, p->peer, f.ref, true);
    send_words_as(p, 1, 1, at("B1.rationale"), "as a reader", 11);
    refused(p, ERR_REFUSED_ROOM, "to read", "an edit of somebody who joined to read");
    uint32_t room = p->peer->room;
    p->peer->room = room + 7;
    send_words_as(p, 1, 1, at("B1.rationale"), "elsewhere", 9);
    refused(p, ERR_REFUSED_ROOM, "Join the audit", "an edit in a room that is none");
    p->peer->room = room;
    Tandem__Leave leave = TANDEM__LEAVE__INIT;
    Tandem__Envelope m = TANDEM__ENVELOPE__INIT;
    m.body_case = TANDEM__ENVELOPE__BODY_LEAVE;
    m.leave = &leave;
    leave.room = room;
    ask(p, &m);
    cr_assert_eq(p->kind, (int)TANDEM__ENVELOPE__BODY_DONE, "%s", p->text);
    send_words_as(p, 1, 1, at("B1.rationale"), "afterwards", 10);
    refused(p, ERR_REFUSED_ROOM, "Join the audit", "an edit after leaving");
    hang_up(p);
}

Test(patched, who_loses_their_part_loses_it_at_once, .init = up, .fini = down)
{
    struct patched *p = join_as("cleo");
    send_words(p, "B1.rationale", "while she may");
    stored(p, "her words");
    FLOW_DO(0, "uninvite", f.ref, "Cleo Marsh", "--as", "ana");
    remember();
    send_words_as(p, p->peer->agent, p->peer->batch_no + 1, at("B2.rationale"), "and after", 9);
    cr_assert(p->code == ERR_REFUSED_ROOM || p->code == ERR_REFUSED_ROLE ||
                  p->code == ERR_NOT_FOUND,
              "%s: %s", err_name(p->code), p->text);
    refused(p, p->code, " ", "words of who is not invited any more");
    hang_up(p);
}

Test(patched, an_audit_that_may_not_be_seen_is_like_one_that_is_not_there, .init = up, .fini = down)
{
    daemon_enrol(&f.d, "Tom Hale", "FSW:south", "tom");
    struct patched *p = connect_as("tom");
    char answers[2][4][400];
    const char *const refs[] = {f.ref, "FCA-2026-0999"};
    remember();
    for (int i = 0; i < 2; i++) {
        char *ref = (char *)(uintptr_t)refs[i];
        Tandem__Join join = TANDEM__JOIN__INIT;
        Tandem__Who who = TANDEM__WHO__INIT;
        Tandem__History history = TANDEM__HISTORY__INIT;
        Tandem__ViewAt view = TANDEM__VIEW_AT__INIT;
        Tandem__Envelope m[4] = {TANDEM__ENVELOPE__INIT, TANDEM__ENVELOPE__INIT,
                                 TANDEM__ENVELOPE__INIT, TANDEM__ENVELOPE__INIT};
        join.ref = who.ref = history.ref = view.ref = ref;
        history.from_seq = 1;
        m[0].body_case = TANDEM__ENVELOPE__BODY_JOIN;
        m[0].join = &join;
        m[1].body_case = TANDEM__ENVELOPE__BODY_WHO;
        m[1].who = &who;
        m[2].body_case = TANDEM__ENVELOPE__BODY_HISTORY;
        m[2].history = &history;
        m[3].body_case = TANDEM__ENVELOPE__BODY_VIEW_AT;
        m[3].view_at = &view;
        for (int k = 0; k < 4; k++) {
            ask(p, &m[k]);
            refused(p, ERR_NOT_FOUND, " ", refs[i]);
            (void)snprintf(answers[i][k], sizeof answers[i][k], "%s", p->text);
            char *named = strstr(answers[i][k], refs[i]); /* it may repeat what was asked for */
            if (named)
                memset(named, '#', strlen(refs[i]));
        }
    }
    for (int k = 0; k < 4; k++)
        cr_assert_str_eq(answers[0][k], answers[1][k]);
    hang_up(p);
}
