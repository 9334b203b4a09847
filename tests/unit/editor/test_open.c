/* open.c on a real loop, in a pseudo-terminal and on pipes, with a real link and the server's core
 * (on its bench) in the same process; only the line between the two is ours. SIGUSR1 cuts it,
 * SIGUSR2 mends it. */
#include "client/editor/open.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <uv.h>

#include "common/clock.h"
#include "tests/lib/core_bench.h"
#include "tests/lib/leaks.h"
#include "tests/lib/vterm_screen.h"

enum { MINE = 1, THEIRS = 2 };

struct wire {
    uv_loop_t loop;
    uv_timer_t timer;
    uv_signal_t cut, mend;
    struct bench *b;
    struct link *link;
    uint32_t me;
    bool up, wanted, broken;
    int64_t mono_ms;
    char ref[32];
    struct buf kept;
};

static void on_send(void *user, const uint8_t *payload, size_t len)
{
    struct wire *w = user;
    if (w->up)
        bench_send_bytes(w->b, MINE, payload, len);
}

static void on_tick(uv_timer_t *t);

/* Nothing happens without a reason: the loop may sleep for long, as on a real line. */
static void soon(void *user)
{
    struct wire *w = user;
    uv_timer_start(&w->timer, on_tick, 0, 0);
}

static void on_open_line(void *user)
{
    struct wire *w = user;
    w->wanted = true;
    soon(w);
}

static void cut(struct wire *w, const char *why)
{
    if (w->up)
        bench_drop(w->b, MINE);
    w->up = false;
    link_line_closed(w->link, ERR_NET, why);
}

static void on_close_line(void *user)
{
    struct wire *w = user;
    if (w->up)
        bench_drop(w->b, MINE);
    w->up = false;
}

static void on_state(void *user, enum link_state state)
{
    (void)user;
    (void)state;
}

static void on_keep(void *user, const uint8_t *data, size_t len)
{
    struct wire *w = user;
    buf_clear(&w->kept);
    buf_append(&w->kept, data, len);
}

static uint32_t on_random(void *user)
{
    (void)user;
    return 7;
}

static void take_frames(struct wire *w)
{
    struct bench_conn *c = &w->b->conns[MINE];
    while (w->up && c->sent.len) {
        const uint8_t *p = c->sent.data;
        size_t len = (size_t)p[0] << 24 | (size_t)p[1] << 16 | (size_t)p[2] << 8 | p[3];
        struct buf frame = BUF_INIT;
        buf_append(&frame, p + 4, len);
        buf_consume(&c->sent, 4 + len);
        link_receive(w->link, frame.data, frame.len);
        buf_free(&frame);
    }
}

static void on_tick(uv_timer_t *t)
{
    struct wire *w = t->data;
    int64_t now = clock_mono_ms();
    if (w->wanted) {
        w->wanted = false;
        if (w->broken) {
            link_line_closed(w->link, ERR_NET, "the line is cut");
        } else {
            struct core_peer peer = bench_peer(w->b, w->me);
            bench_open(w->b, MINE, &peer);
            w->up = true;
            link_line_open(w->link);
        }
    }
    link_time(w->link, now, clock_utc_ms());
    bench_time(w->b, now - w->mono_ms);
    w->mono_ms = now;
    do {
        bench_step(w->b);
        take_frames(w);
    } while (store_queued(w->b->store));
    int64_t later = w->wanted ? 0 : link_next_ms(w->link) - clock_mono_ms();
    uv_timer_start(t, on_tick, later < 0 ? 0 : later > 60000 ? 60000 : (uint64_t)later, 0);
}

static void on_cut(uv_signal_t *h, int signum)
{
    struct wire *w = h->data;
    w->broken = signum == SIGUSR1;
    if (w->broken)
        cut(w, "the line is cut");
    soon(w);
}

static void link_start(struct wire *w)
{
    struct link_hooks hooks = {w,        on_send, on_open_line, on_close_line,
                               on_state, on_keep, on_random};
    w->link = link_new(&hooks, "test", w->mono_ms);
    soon(w);
}

static void wire_start(struct wire *w)
{
    memset(w, 0, sizeof *w);
    w->b = bench_new(NULL);
    w->me = bench_person(w->b, "Anna Frost", ROLE_FRO, "North");
    bench_person(w->b, "Jo Marsh", ROLE_FSW, "North");
    bench_connect(w->b, 0, w->me);
    bench_new_audit(w->b, 0, "Jo Marsh", w->ref);
    bench_drop(w->b, 0);
    w->mono_ms = clock_mono_ms();
    uv_loop_init(&w->loop);
    uv_timer_init(&w->loop, &w->timer);
    w->timer.data = w;
    link_start(w);
    uv_signal_init(&w->loop, &w->cut);
    uv_signal_init(&w->loop, &w->mend);
    w->cut.data = w->mend.data = w;
    uv_signal_start(&w->cut, on_cut, SIGUSR1);
    uv_signal_start(&w->mend, on_cut, SIGUSR2);
}

/* False: a handle was left on the loop. */
static bool wire_close(struct wire *w)
{
    uv_close((uv_handle_t *)&w->timer, NULL);
    uv_close((uv_handle_t *)&w->cut, NULL);
    uv_close((uv_handle_t *)&w->mend, NULL);
    uv_run(&w->loop, UV_RUN_DEFAULT);
    return uv_loop_close(&w->loop) == 0;
}

static void wire_stop(struct wire *w)
{
    cr_assert(wire_close(w), "a handle was left on the loop");
    link_free(w->link);
    if (w->up)
        bench_drop(w->b, MINE);
    bench_free(w->b);
    buf_free(&w->kept);
}

/* What stands in the text now, as the server has it. */
static const char *stands(struct wire *w, const char *where, struct buf *out)
{
    bench_connect(w->b, THEIRS, w->me);
    bench_join(w->b, THEIRS, w->ref);
    const char *text = bench_text(w->b, THEIRS, where, out);
    bench_drop(w->b, THEIRS);
    return text;
}

static int full_screen(void *user)
{
    struct wire w;
    struct err_info why = {0};
    struct buf text = BUF_INIT;
    (void)user;
    wire_start(&w);
    struct open_args args = {.loop = &w.loop,
                             .link = w.link,
                             .ref = w.ref,
                             .poke = soon,
                             .user = &w,
                             .in_fd = 0,
                             .out_fd = 1};
    enum err e = editor_open(&args, &why);
    printf("left: %s %s, stands: %s, kept: %s\n", err_name(e), why.text,
           stands(&w, "B1.rationale", &text), w.kept.len ? "something" : "nothing");
    buf_free(&text);
    fflush(stdout);
    /* The rest goes with the process: curses keeps memory, which the bench would complain of. */
    return wire_close(&w) ? (int)e : 99;
}

static struct vscreen *start(void)
{
    struct vscreen *s = vscreen_start_fn(full_screen, NULL, NULL, 24, 80);
    cr_assert_not_null(s);
    cr_assert(vscreen_wait_text(s, "Here: me FRO", 10000), "%s", vscreen_dump(s));
    vscreen_ctrl(s, 'g');
    cr_assert(vscreen_wait_text(s, "Go to question", 5000), "%s", vscreen_dump(s));
    vscreen_type(s, "B1.rationale\r");
    cr_assert(vscreen_wait_text(s, "> rationale:", 5000), "%s", vscreen_dump(s));
    return s;
}

Test(open, joins_writes_is_acknowledged_and_leaves)
{
    struct vscreen *s = start();
    vscreen_type(s, "The plan is followed.");
    cr_assert(vscreen_wait_text(s, "  The plan is followed.", 5000), "%s", vscreen_dump(s));
    vscreen_settle(s, 50, 5000); /* the status line of the same frame comes last */
    cr_assert(vscreen_wait_text(s, " Saved ", 5000), "%s", vscreen_dump(s));
    vscreen_ctrl(s, 'q');
    cr_assert(vscreen_wait_text(s, "left: ok , stands: The plan is followed., kept: nothing", 5000),
              "%s", vscreen_dump(s));
    cr_assert_eq(vscreen_end(s, 5000), 0);
}

Test(open, typing_goes_on_while_the_line_is_cut_and_is_saved_when_it_is_back)
{
    struct vscreen *s = start();
    vscreen_type(s, "before");
    cr_assert(vscreen_wait_text(s, "  before", 5000), "%s", vscreen_dump(s));
    vscreen_settle(s, 50, 5000); /* the status line of the same frame comes last */
    cr_assert(vscreen_wait_text(s, " Saved ", 5000), "%s", vscreen_dump(s));
    kill(vscreen_pid(s), SIGUSR1);
    cr_assert(vscreen_wait_text(s, "Offline: nothing unsaved", 5000), "%s", vscreen_dump(s));
    vscreen_type(s, " and meanwhile");
    cr_assert(vscreen_wait_text(s, "Offline: 14 characters kept here", 5000), "%s",
              vscreen_dump(s));
    cr_assert(vscreen_has(s, "  before and meanwhile"), "%s", vscreen_dump(s));
    kill(vscreen_pid(s), SIGUSR2);
    cr_assert(vscreen_wait_text(s, " Saved ", 20000), "%s", vscreen_dump(s));
    vscreen_ctrl(s, 'q');
    cr_assert(vscreen_wait_text(s, "stands: before and meanwhile, kept: nothing", 5000), "%s",
              vscreen_dump(s));
    vscreen_free(s);
}

Test(open, leaving_offline_keeps_what_was_typed)
{
    struct vscreen *s = start();
    kill(vscreen_pid(s), SIGUSR1);
    cr_assert(vscreen_wait_text(s, "Offline:", 5000), "%s", vscreen_dump(s));
    vscreen_type(s, "words");
    cr_assert(vscreen_wait_text(s, "Offline: 5 characters kept here", 5000), "%s", vscreen_dump(s));
    vscreen_ctrl(s, 'q');
    cr_assert(vscreen_wait_text(s, "Leave now? (y/n)", 5000), "%s", vscreen_dump(s));
    vscreen_type(s, "y");
    cr_assert(vscreen_wait_text(s, "kept: something", 5000), "%s", vscreen_dump(s));
    vscreen_free(s);
}

Test(open, a_signal_to_end_gives_the_terminal_back)
{
    struct vscreen *s = start();
    kill(vscreen_pid(s), SIGTERM);
    cr_assert(vscreen_wait_text(s, "left: ok", 5000), "%s", vscreen_dump(s));
    cr_assert_eq(vscreen_end(s, 5000), 0);
}

Test(open, an_audit_that_may_not_be_seen_is_refused_with_a_sentence)
{
    struct wire w;
    struct err_info why = {0};
    int fd = open("/dev/null", O_RDWR);
    wire_start(&w);
    struct open_args args = {.loop = &w.loop,
                             .link = w.link,
                             .ref = "TST-1999-0001",
                             .poke = soon,
                             .user = &w,
                             .in_fd = fd,
                             .out_fd = fd};
    cr_assert_eq(plain_open(&args, &why), ERR_NOT_FOUND, "%s", why.text);
    cr_assert_gt(strlen(why.text), 10u);
    wire_stop(&w);
    close(fd);
    CHECK_NO_LEAKS();
}

Test(open, full_screen_needs_a_terminal)
{
    struct wire w;
    struct err_info why = {0};
    int fd = open("/dev/null", O_RDWR);
    wire_start(&w);
    struct open_args args = {.loop = &w.loop,
                             .link = w.link,
                             .ref = w.ref,
                             .poke = soon,
                             .user = &w,
                             .in_fd = fd,
                             .out_fd = fd};
    cr_assert_eq(editor_open(&args, &why), ERR_INPUT);
    cr_assert_not_null(strstr(why.text, "--plain"));
    wire_stop(&w);
    close(fd);
    CHECK_NO_LEAKS();
}

/* Plain mode with its input from `in_fd`; what it said is in `said`. */
static enum err run_plain(int in_fd, struct buf *said, struct buf *text, const char **stood)
{
    struct wire w;
    struct err_info why = {0};
    int out[2];
    cr_assert_eq(pipe(out), 0);
    fcntl(out[1], F_SETPIPE_SZ, 1024 * 1024);
    wire_start(&w);
    struct open_args args = {.loop = &w.loop,
                             .link = w.link,
                             .ref = w.ref,
                             .poke = soon,
                             .user = &w,
                             .in_fd = in_fd,
                             .out_fd = out[1]};
    enum err e = plain_open(&args, &why);
    *stood = stands(&w, "B1.rationale", text);
    wire_stop(&w);
    close(out[1]);
    char data[4096];
    for (ssize_t n; (n = read(out[0], data, sizeof data)) > 0;)
        buf_append(said, data, (size_t)n);
    close(out[0]);
    return e;
}

static const char script[] = "go B1\nwrite rationale\nFrom a script.\n.\nset B2.ynp yes\nstatus";

Test(open, plain_works_from_a_pipe_and_leaves_at_its_end_with_all_saved)
{
    struct buf said = BUF_INIT, text = BUF_INIT;
    const char *stood;
    int in[2];
    cr_assert_eq(pipe(in), 0);
    cr_assert_eq(write(in[1], script, sizeof script - 1), (ssize_t)sizeof script - 1);
    close(in[1]);
    cr_assert_eq(run_plain(in[0], &said, &text, &stood), ERR_OK);
    cr_assert_not_null(strstr(buf_cstr(&said), "B1  B1"), "%s", buf_cstr(&said));
    cr_assert_not_null(strstr(buf_cstr(&said), "Saved."), "%s", buf_cstr(&said));
    cr_assert_str_eq(stood, "From a script.");
    close(in[0]);
    buf_free(&said);
    buf_free(&text);
    CHECK_NO_LEAKS();
}

Test(open, plain_works_from_a_file)
{
    struct buf said = BUF_INIT, text = BUF_INIT;
    const char *stood;
    char path[] = "/tmp/tandem-test-XXXXXX";
    int fd = mkstemp(path);
    cr_assert_eq(write(fd, script, sizeof script - 1), (ssize_t)sizeof script - 1);
    lseek(fd, 0, SEEK_SET);
    cr_assert_eq(run_plain(fd, &said, &text, &stood), ERR_OK);
    cr_assert_str_eq(stood, "From a script.", "%s", buf_cstr(&said));
    close(fd);
    unlink(path);
    buf_free(&said);
    buf_free(&text);
    CHECK_NO_LEAKS();
}

/* One visit in the plain mode: what it said. */
static void visit(struct wire *w, const char *lines, struct buf *said)
{
    struct err_info why = {0};
    int in[2], out[2];
    char data[65536];
    cr_assert_eq(pipe(in), 0);
    cr_assert_eq(pipe(out), 0);
    cr_assert_eq(write(in[1], lines, strlen(lines)), (ssize_t)strlen(lines));
    close(in[1]);
    struct open_args args = {.loop = &w->loop,
                             .link = w->link,
                             .ref = w->ref,
                             .poke = soon,
                             .user = w,
                             .in_fd = in[0],
                             .out_fd = out[1]};
    cr_assert_eq(plain_open(&args, &why), ERR_OK, "%s", why.text);
    close(in[0]);
    close(out[1]);
    buf_clear(said);
    for (ssize_t n; (n = read(out[0], data, sizeof data)) > 0;)
        buf_append(said, data, (size_t)n);
    close(out[0]);
}

Test(open, words_struck_out_on_an_earlier_visit_are_fetched_from_the_log)
{
    struct wire w;
    struct buf said = BUF_INIT;
    wire_start(&w);
    visit(&w,
          "go B1\nwrite rationale\nIt was bad.\n.\nwrite rationale\nIt was good.\n.\n"
          "authors struck\n",
          &said);
    cr_assert_not_null(strstr(buf_cstr(&said), "[AF-ba-AF]"), "%s", buf_cstr(&said));
    link_free(w.link);
    link_start(&w);
    visit(&w, "go B1\nauthors struck\n", &said);
    cr_assert_not_null(strstr(buf_cstr(&said), "[AF-(2 characters)-AF]"), "%s", buf_cstr(&said));
    cr_assert_not_null(strstr(buf_cstr(&said), "[AF-ba-AF]"), "%s", buf_cstr(&said));
    wire_stop(&w);
    buf_free(&said);
    CHECK_NO_LEAKS();
}

/* ---- the record's life, asked of the real core ---- */

static void hears(struct buf *said, const char *words)
{
    cr_assert_not_null(strstr(buf_cstr(said), words), "not heard: %s\n%s", words, buf_cstr(said));
}

Test(open, plain_asks_the_server_what_comes_next_and_waits_for_its_answer)
{
    struct wire w;
    struct buf said = BUF_INIT;
    wire_start(&w);
    visit(&w, "steps\nreaders\ninbox\nmove moderating\n", &said);
    hears(&said, "What comes next");
    hears(&said, "you, but first");
    hears(&said, "Who has opened this record");
    hears(&said, "Anna Frost");
    hears(&said, "What waits for you, in all records");
    hears(&said, "Not done: ");
    link_free(w.link);
    link_start(&w);
    visit(&w, "flag \"Jo Marsh\" He was afraid to go home.\n", &said);
    hears(&said, "The flag is raised.");
    link_free(w.link);
    link_start(&w);
    visit(&w, "steps\n", &said);
    hears(&said, "told Jo Marsh");
    wire_stop(&w);
    buf_free(&said);
    CHECK_NO_LEAKS();
}

Test(open, the_full_screen_shows_what_comes_next_and_who_has_read_it)
{
    struct vscreen *s = start();
    vscreen_ctrl(s, 'o');
    cr_assert(vscreen_wait_text(s, "you, but first", 5000), "%s", vscreen_dump(s));
    vscreen_type(s, "r");
    cr_assert(vscreen_wait_text(s, "Who has opened this record", 5000), "%s", vscreen_dump(s));
    cr_assert(vscreen_wait_text(s, "Anna Frost", 5000), "%s", vscreen_dump(s));
    vscreen_ctrl(s, 'o');
    cr_assert(vscreen_wait_text(s, "you, but first", 5000), "%s", vscreen_dump(s));
    vscreen_type(s, "\033[B"); /* the first thing that is missing */
    vscreen_type(s, "\r");
    vscreen_settle(s, 50, 5000);
    cr_assert_not(vscreen_has(s, "What comes next"), "%s", vscreen_dump(s));
    vscreen_ctrl(s, 'q');
    cr_assert(vscreen_wait_text(s, "left: ok", 5000), "%s", vscreen_dump(s));
    vscreen_free(s);
}
