/* next, move, sign, verify-signature, plan, rules: a record's life, step by step. */
#include "client/cmd_life.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client/commands.h"
#include "client/render/duties.h"
#include "client/render/render.h"
#include "client/table.h"
#include "client/when.h"
#include "common/utf8.h"

/* ---- next ---- */

static enum err on_steps(void *user, const Tandem__Envelope *m, struct err_info *why)
{
    struct steps *x = user;
    enum err e = session_answer_is(m, TANDEM__ENVELOPE__BODY_STEPS, why);
    if (e)
        return e;
    x->answer = session_copy(&m->steps->base);
    return x->answer ? ERR_OK : err_set(why, ERR_NOMEM, "%s", err_text(ERR_NOMEM));
}

enum err steps_ask(struct session *s, const char *ref, struct steps *out)
{
    Tandem__Next next = TANDEM__NEXT__INIT;
    Tandem__Envelope m = TANDEM__ENVELOPE__INIT;
    *out = (struct steps){NULL};
    next.ref = session_text(ref);
    m.body_case = TANDEM__ENVELOPE__BODY_NEXT;
    m.next = &next;
    return session_ask(s, &m, on_steps, out);
}

void steps_fini(struct steps *x)
{
    if (x->answer)
        tandem__steps__free_unpacked(x->answer, NULL);
}

int cmd_next(const struct cli *c)
{
    struct session s;
    struct steps x = {NULL};
    enum err e = session_open(&s, c);
    if (!e)
        e = steps_ask(&s, c->args[0], &x);
    int exit_code = e ? session_fail(&s, e) : EXIT_DONE;
    if (!e && c->json) {
        print_json(render_steps_json(c->args[0], x.answer));
    } else if (!e) {
        struct buf out = BUF_INIT;
        render_steps(c->args[0], x.answer, &out);
        (void)fputs(buf_cstr(&out), stdout); /* safe text holds no NUL */
        buf_free(&out);
    }
    steps_fini(&x);
    session_close(&s);
    return exit_code;
}

/* ---- move ---- */

struct moving {
    const struct cli *cli;
    const char *ref;
};

static enum err on_moved(void *user, const Tandem__Envelope *m, struct err_info *why)
{
    const struct moving *x = user;
    enum err e = session_answer_is(m, TANDEM__ENVELOPE__BODY_MOVED, why);
    if (e)
        return e;
    const Tandem__Moved *moved = m->moved;
    if (x->cli->json) {
        print_json(json_pack("{s:s, s:s, s:I, s:I, s:s}", "ref", x->ref, "state",
                             audit_state_code((enum audit_state)moved->state), "revision",
                             (json_int_t)moved->revision, "seq", (json_int_t)moved->seq, "text",
                             moved->text));
    } else {
        cli_print_safe(moved->text, true);
        (void)putchar('\n');
    }
    return ERR_OK;
}

/* The sentence has been said; the whole list of what is missing follows it. */
static void say_missing(struct session *s, const char *ref, enum audit_state to)
{
    struct steps x;
    struct buf out = BUF_INIT;
    if (!steps_ask(s, ref, &x) && render_missing(x.answer, to, &out) > 1)
        (void)fprintf(stderr, "All that is missing:\n%s", buf_cstr(&out));
    buf_free(&out);
    steps_fini(&x);
}

int move_and_print(struct session *s, const struct cli *c, const struct move *m)
{
    Tandem__MoveAudit move = TANDEM__MOVE_AUDIT__INIT;
    Tandem__Envelope env = TANDEM__ENVELOPE__INIT;
    move.ref = session_text(m->ref);
    move.to = (uint32_t)m->to;
    move.reason = session_text(m->reason);
    move.person = session_text(m->person);
    move.stage = m->stage;
    env.body_case = TANDEM__ENVELOPE__BODY_MOVE_AUDIT;
    env.move_audit = &move;
    enum err e = session_ask(s, &env, on_moved, &(struct moving){c, m->ref});
    if (!e)
        return EXIT_DONE;
    int exit_code = session_fail(s, e);
    if (e == ERR_REFUSED_STATE)
        say_missing(s, m->ref, m->to);
    return exit_code;
}

/* "follow-up" is FOLLOW_UP. */
static enum audit_state state_of(const char *typed)
{
    char code[24];
    size_t n = 0;
    for (; typed[n] && n + 1 < sizeof code; n++)
        code[n] = typed[n] == '-' || typed[n] == ' ' ? '_' : (char)toupper((unsigned char)typed[n]);
    code[n] = '\0';
    return audit_state_find(code);
}

static int unknown_state(const struct cli *c)
{
    struct err_info text;
    struct buf all = BUF_INIT;
    for (int i = AUDIT_PLANNED; i <= AUDIT_WITHDRAWN; i++)
        buf_appendf(&all, "%s%s", i > AUDIT_PLANNED ? ", " : "",
                    audit_state_code((enum audit_state)i));
    (void)err_set(&text, ERR_INPUT, "There is no state \"%.40s\"; there are %s.", c->args[1],
                  buf_cstr(&all));
    buf_free(&all);
    return cli_usage(c, text.text);
}

bool move_stage(const char *typed, uint32_t *stage)
{
    enum { LAST_STAGE = 4 };
    *stage = 0;
    if (!typed)
        return true;
    if (typed[0] < '0' || typed[0] > '0' + LAST_STAGE || typed[1])
        return false;
    *stage = 1 + (uint32_t)(typed[0] - '0');
    return true;
}

int cmd_move(const struct cli *c)
{
    struct move m = {.ref = c->args[0],
                     .to = state_of(c->args[1]),
                     .reason = cli_option(c, "--reason"),
                     .person = cli_option(c, "--person")};
    struct session s;
    if (!m.to)
        return unknown_state(c);
    if (!move_stage(cli_option(c, "--stage"), &m.stage))
        return cli_usage(c, "--stage is a number from 0 to 4.");
    enum err e = session_open(&s, c);
    int exit_code = e ? session_fail(&s, e) : move_and_print(&s, c, &m);
    session_close(&s);
    return exit_code;
}

/* ---- sign ---- */

/* What is about to be signed. Its fingerprint is the server's to say: who may not read all of it
 * would make another one. */
static void say_what_is_signed(const struct cli *c, const struct audit *a)
{
    if (!c->json)
        (void)printf("%s is %s: signing its revision %llu.\n", audit_info(a).ref,
                     audit_state_code(audit_info(a).state), (unsigned long long)audit_revision(a));
    (void)fflush(stdout);
}

static enum err ask_to_sign(struct session *s, const struct cli *c, uint64_t revision)
{
    Tandem__Sign sign = TANDEM__SIGN__INIT;
    Tandem__Envelope env = TANDEM__ENVELOPE__INIT;
    sign.ref = session_text(c->args[0]);
    sign.revision = revision;
    sign.difference = session_text(cli_option(c, "--difference"));
    sign.absent = cli_option(c, "--absent") != NULL;
    sign.reason = session_text(cli_option(c, "--reason"));
    env.body_case = TANDEM__ENVELOPE__BODY_SIGN;
    env.sign = &sign;
    return session_ask(s, &env, on_moved, &(struct moving){c, c->args[0]});
}

static int fail_to_sign(struct session *s, const struct cli *c, enum err e, uint64_t revision)
{
    int exit_code = session_fail(s, e);
    if (e == ERR_REFUSED_STATE)
        say_missing(s, c->args[0], AUDIT_AGREED);
    else if (e == ERR_STALE)
        (void)fprintf(stderr, "What has changed: tandem diff %s --from %llu --to now\n", c->args[0],
                      (unsigned long long)revision);
    return exit_code;
}

int cmd_sign(const struct cli *c)
{
    struct session s;
    struct view v = {.seq = 0};
    uint64_t revision = 0;
    int exit_code = EXIT_DONE;
    enum err e = session_open(&s, c);
    if (!e)
        e = session_view(&s, c->args[0], 0, 0, &v);
    if (!e) {
        revision = audit_revision(v.audit);
        say_what_is_signed(c, v.audit);
        e = ask_to_sign(&s, c, revision);
    }
    if (e)
        exit_code = fail_to_sign(&s, c, e, revision);
    view_fini(&v);
    session_close(&s);
    return exit_code;
}

/* ---- verify-signature ---- */

struct verifying {
    const struct cli *cli;
    bool differs; /* a signature is not of what its revision holds */
};

static void hex(ProtobufCBinaryData bytes, struct buf *out)
{
    buf_clear(out);
    for (size_t i = 0; i < bytes.len; i++)
        buf_appendf(out, "%02x", bytes.data[i]);
}

static bool is_true(const Tandem__SignatureRow *r)
{
    return r->fingerprint.len == FINGERPRINT_LEN && r->recomputed.len == FINGERPRINT_LEN &&
           !memcmp(r->fingerprint.data, r->recomputed.data, FINGERPRINT_LEN);
}

static json_t *signature_json(const Tandem__SignatureRow *r)
{
    struct buf signed_hex = BUF_INIT, now_hex = BUF_INIT;
    hex(r->fingerprint, &signed_hex);
    hex(r->recomputed, &now_hex);
    json_t *j = json_pack("{s:i, s:s, s:s, s:I, s:o, s:s, s:s, s:b, s:b, s:s, s:b, s:s}", "person",
                          (int)r->person, "name", r->name, "role", role_code((enum role)r->role),
                          "revision", (json_int_t)r->revision, "at", render_utc(r->utc_ms),
                          "fingerprint", buf_cstr(&signed_hex), "recomputed", buf_cstr(&now_hex),
                          "matches", (int)is_true(r), "standing", (int)r->standing, "difference",
                          r->difference, "absent", (int)r->absent, "reason", r->reason);
    buf_free(&signed_hex);
    buf_free(&now_hex);
    return j;
}

static void say_behind(const char *before, const char *words)
{
    struct buf line = BUF_INIT, out = BUF_INIT;
    if (!words[0])
        return;
    buf_append_str(&line, before);
    text_safe(&line, words, strlen(words), true);
    render_wrap(buf_cstr(&line), 4, 80, &out);
    (void)fputs(buf_cstr(&out), stdout);
    buf_free(&line);
    buf_free(&out);
}

static void print_signature(const Tandem__SignatureRow *r, const Tandem__SignatureList *list)
{
    char when[32];
    cli_print_safe(r->name, false);
    (void)printf(" (%s)%s, revision %llu, %s: ", role_code((enum role)r->role),
                 r->absent ? " for an absent practitioner" : "", (unsigned long long)r->revision,
                 render_time(r->utc_ms, when));
    if (!is_true(r))
        (void)puts("DOES NOT MATCH what that revision holds");
    else if (!r->standing)
        (void)puts("matches that revision; it no longer stands");
    else
        (void)puts(r->revision == list->revision ? "matches, and it is what stands now"
                                                 : "matches that revision");
    say_behind("sees differently: ", r->difference);
    say_behind("reason: ", r->reason);
}

static enum err on_signatures(void *user, const Tandem__Envelope *m, struct err_info *why)
{
    struct verifying *x = user;
    enum err e = session_answer_is(m, TANDEM__ENVELOPE__BODY_SIGNATURE_LIST, why);
    if (e)
        return e;
    const Tandem__SignatureList *list = m->signature_list;
    json_t *rows = json_array();
    for (size_t i = 0; i < list->n_rows; i++) {
        x->differs = x->differs || !is_true(list->rows[i]);
        json_array_append_new(rows, signature_json(list->rows[i]));
        if (!x->cli->json)
            print_signature(list->rows[i], list);
    }
    if (x->cli->json) {
        struct buf now = BUF_INIT;
        hex(list->fingerprint, &now);
        print_json(json_pack("{s:s, s:I, s:s, s:o}", "ref", x->cli->args[0], "revision",
                             (json_int_t)list->revision, "fingerprint", buf_cstr(&now),
                             "signatures", rows));
        buf_free(&now);
        return ERR_OK;
    }
    json_decref(rows);
    if (!list->n_rows)
        (void)printf("Nobody has signed %s.\n", x->cli->args[0]);
    return ERR_OK;
}

int cmd_verify_signature(const struct cli *c)
{
    struct verifying x = {.cli = c};
    Tandem__VerifySignatures verify = TANDEM__VERIFY_SIGNATURES__INIT;
    Tandem__Envelope m = TANDEM__ENVELOPE__INIT;
    verify.ref = session_text(c->args[0]);
    m.body_case = TANDEM__ENVELOPE__BODY_VERIFY_SIGNATURES;
    m.verify_signatures = &verify;
    int exit_code = session_once(c, &m, on_signatures, &x);
    return exit_code == EXIT_DONE && x.differs ? EXIT_REFUSED : exit_code;
}

/* ---- plan ---- */

struct planning {
    const struct cli *cli;
    char day[16];
};

static enum err on_planned(void *user, const Tandem__Envelope *m, struct err_info *why)
{
    const struct planning *x = user;
    enum err e = session_answer_is(m, TANDEM__ENVELOPE__BODY_DONE, why);
    if (e)
        return e;
    if (x->cli->json)
        print_json(json_pack("{s:s, s:s}", "ref", x->cli->args[0], "planned", x->day));
    else
        (void)printf("%s is planned for %s.\n", x->cli->args[0], x->day);
    return ERR_OK;
}

int cmd_plan(const struct cli *c)
{
    struct planning x = {.cli = c};
    Tandem__PlanAudit plan = TANDEM__PLAN_AUDIT__INIT;
    Tandem__Envelope m = TANDEM__ENVELOPE__INIT;
    if (!when_date(c->args[1], x.day))
        return cli_usage(c, "DATE is a day, as in 2027-03-25 or 25/3/2027.");
    if (!cli_option(c, "--reason"))
        return cli_usage(c, "Say why it is planned for another day: --reason TEXT.");
    plan.ref = session_text(c->args[0]);
    plan.planned = x.day;
    plan.reason = session_text(cli_option(c, "--reason"));
    m.body_case = TANDEM__ENVELOPE__BODY_PLAN_AUDIT;
    m.plan_audit = &plan;
    return session_once(c, &m, on_planned, &x);
}

/* ---- rules ---- */

static enum err on_rules(void *user, const Tandem__Envelope *m, struct err_info *why)
{
    const struct cli *c = user;
    enum err e = session_answer_is(m, TANDEM__ENVELOPE__BODY_RULES_TEXT, why);
    if (e)
        return e;
    if (c->json)
        print_json(json_pack("{s:s}", "text", m->rules_text->text));
    else
        cli_print_safe(m->rules_text->text, true);
    return ERR_OK;
}

int cmd_rules(const struct cli *c)
{
    Tandem__Rules rules = TANDEM__RULES__INIT;
    Tandem__Envelope m = TANDEM__ENVELOPE__INIT;
    if (cli_option(c, "--dot") && cli_option(c, "--text"))
        return cli_usage(c, "Choose one of --dot and --text.");
    rules.dot = cli_option(c, "--dot") != NULL;
    m.body_case = TANDEM__ENVELOPE__BODY_RULES;
    m.rules = &rules;
    return session_once(c, &m, on_rules, (void *)(uintptr_t)c);
}
