/* What people with ordinary programs meet when something is wrong: certificates, codes, files, a
 * server that is none, too much text, and a disk that is full. */

#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "client/link/profile.h"
#include "common/clock.h"
#include "common/pki.h"
#include "tests/lib/flow_room.h"

static struct flow f;

static void up(void)
{
    flow_up(&f);
}

static void down(void)
{
    flow_down(&f);
}

/* The command fails with this exit code and says a sentence that has this word. */
static void fails(int exit_code, const char *word, const char *input, const char *const *argv)
{
    struct run r = run_program(input, argv);
    const char *said = run_err(&r);
    cr_assert_eq(r.exit_code, exit_code, "%s %s: exit %d, not %d: %s%s", argv[0], argv[1],
                 r.exit_code, exit_code, run_out(&r), said);
    cr_assert(strlen(said) > 15 && strchr(said, ' '), "not a sentence: %s", said);
    cr_assert(strstr(said, word), "no \"%s\" in: %s", word, said);
    run_free(&r);
}
#define FAILS(code, word, ...) fails(code, word, NULL, (const char *const[]){__VA_ARGS__, NULL})

static void put_file(const char *path, const void *data, size_t len)
{
    FILE *out = fopen(path, "w");
    cr_assert_not_null(out, "%s", path);
    cr_assert_eq(fwrite(data, 1, len, out), len);
    cr_assert_eq(fclose(out), 0);
}

static void get_file(const char *path, struct buf *out)
{
    char bytes[4096];
    size_t n;
    FILE *in = fopen(path, "r");
    cr_assert_not_null(in, "%s", path);
    while ((n = fread(bytes, 1, sizeof bytes, in)) > 0)
        buf_append(out, bytes, n);
    (void)fclose(in);
}

/* ---- certificates ---- */

/* Puts another certificate, for person 2, into Ana's profile. */
static void use_certificate(const struct pki_pair *signer, int64_t begins, int64_t ends)
{
    char path[200];
    uint8_t serial[20];
    struct buf key = BUF_INIT, csr = BUF_INIT, der = BUF_INIT, pem = BUF_INIT;
    cr_assert_eq(pki_make_request(&key, &csr), ERR_OK);
    cr_assert_eq(pki_sign_request(signer, csr.data, csr.len, 2, begins, ends, &der, serial, NULL),
                 ERR_OK);
    cr_assert_eq(pki_der_to_pem(der.data, der.len, &pem), ERR_OK);
    buf_append(&key, pem.data, pem.len);
    (void)snprintf(path, sizeof path, "%s/home/ana/identity.pem", f.d.root);
    put_file(path, key.data, key.len);
    buf_free(&key);
    buf_free(&csr);
    buf_free(&der);
    buf_free(&pem);
}

Test(bad, a_certificate_that_is_not_this_sites_or_has_ended_is_told_so, .init = up, .fini = down)
{
    int64_t now = clock_utc_ms(), day = INT64_C(24) * 3600 * 1000;
    char path[200];
    struct pki_pair own, site = {0};
    cr_assert_eq(pki_make_authority("Northshire", 1, now, &own), ERR_OK);
    (void)snprintf(path, sizeof path, "%s/authority.key", f.d.dir);
    get_file(path, &site.key_pem);
    (void)snprintf(path, sizeof path, "%s/home/ana/authority.pem", f.d.root);
    get_file(path, &site.cert_pem);
    (void)buf_cstr(&site.key_pem);
    (void)buf_cstr(&site.cert_pem);
    use_certificate(&own, now, now + day);
    FAILS(4, "does not know your certificate", "tandem", "whoami", "--as", "ana");
    FAILS(4, "does not know your certificate", "tandem", "show", f.ref, "--as", "ana");
    use_certificate(&site, now, now + day); /* signed with the stolen key, but never given out */
    FAILS(4, "does not know your certificate", "tandem", "whoami", "--as", "ana");
    use_certificate(&site, now - 90 * day, now - day);
    FAILS(4, "ended on", "tandem", "whoami", "--as", "ana");
    (void)snprintf(path, sizeof path, "%s/home/ana/identity.pem", f.d.root);
    put_file(path, "not a key\n", 10);
    FAILS(1, "identity.pem", "tandem", "whoami", "--as", "ana");
    pki_pair_free(&own);
    pki_pair_free(&site);
}

Test(bad, a_server_of_another_site_is_not_trusted, .init = up, .fini = down)
{
    struct daemon other;
    char path[200];
    struct buf settings = BUF_INIT;
    daemon_init(&other);
    daemon_start(&other);
    (void)snprintf(path, sizeof path, "%s/home/ana/settings", f.d.root);
    get_file(path, &settings);
    char *text = strdup(buf_cstr(&settings)), *port = strstr(text, "port = ");
    cr_assert_not_null(port);
    buf_clear(&settings);
    buf_append(&settings, text, (size_t)(port - text));
    buf_appendf(&settings, "port = %u\n%s", (unsigned)other.port, strchr(port, '\n') + 1);
    put_file(path, settings.data, settings.len);
    struct run r = RUN("tandem", "whoami", "--as", "ana");
    cr_assert_eq(r.exit_code, 4, "%d: %s", r.exit_code, run_err(&r));
    cr_assert(strstr(run_err(&r), "server") || strstr(run_err(&r), "site"), "%s", run_err(&r));
    run_free(&r);
    /* a code of this site at the other's door */
    char *code = daemon_add_person(&f.d, "Tom Hale", "FTM:north"), address[64];
    (void)snprintf(address, sizeof address, "127.0.0.1:%u", (unsigned)other.port);
    r = RUN("tandem", "enrol", code, "--as", "tom", "--server", address);
    cr_assert(r.exit_code == 1 || r.exit_code == 3 || r.exit_code == 4, "%d: %s", r.exit_code,
              run_err(&r));
    cr_assert_gt(strlen(run_err(&r)), 15u);
    run_free(&r);
    FLOW_DO(0, "enrol", code, "--as", "tom"); /* which has not been used up by that */
    free(code);
    free(text);
    buf_free(&settings);
    daemon_remove(&other);
}

/* Answers every connection with one line and closes; lives in a child process. */
static pid_t serve_line(const char *line, uint16_t *port)
{
    struct sockaddr_in at = {.sin_family = AF_INET};
    socklen_t len = sizeof at;
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    cr_assert(!bind(fd, (struct sockaddr *)&at, sizeof at) && !listen(fd, 8) &&
              !getsockname(fd, (struct sockaddr *)&at, &len));
    *port = ntohs(at.sin_port);
    pid_t pid = fork();
    if (pid == 0) {
        (void)alarm(60);
        for (;;) {
            int one = accept(fd, NULL, NULL);
            (void)send(one, line, strlen(line), MSG_NOSIGNAL);
            close(one);
        }
    }
    close(fd);
    return pid;
}

Test(bad, what_is_not_a_tandem_server_gets_a_sentence, .init = up, .fini = down)
{
    static const char *const lines[] = {"SSH-2.0-OpenSSH_9.2\r\n",
                                        "HTTP/1.1 400 Bad Request\r\n\r\n", ""};
    char *code = daemon_add_person(&f.d, "Tom Hale", "FTM:north");
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        uint16_t port;
        char address[64];
        pid_t pid = serve_line(lines[i], &port);
        (void)snprintf(address, sizeof address, "127.0.0.1:%u", (unsigned)port);
        struct run r = RUN("tandem", "enrol", code, "--as", "tom", "--server", address);
        cr_assert(r.exit_code == 3 || r.exit_code == 4, "%d: %s", r.exit_code, run_err(&r));
        cr_assert_gt(strlen(run_err(&r)), 15u, "%s", run_err(&r));
        run_free(&r);
        (void)kill(pid, SIGKILL);
        cr_assert_eq(program_wait(pid), 128 + SIGKILL);
    }
    free(code);
}

/* ---- codes ---- */

Test(bad, codes_that_are_used_expired_or_mistyped_are_told_apart, .init = up, .fini = down)
{
    sqlite3 *db;
    char path[120];
    char *code = daemon_add_person(&f.d, "Tom Hale", "FTM:north");
    char *typo = strdup(code), *last = typo + strlen(typo) - 2;
    *last = *last == 'A' ? 'B' : 'A';
    FAILS(2, "code", "tandem", "enrol", typo, "--as", "tom");
    FAILS(2, "code", "tandem", "enrol", "TANDEM-", "--as", "tom");
    (void)snprintf(path, sizeof path, "%s/tandem.db", f.d.dir);
    cr_assert_eq(daemon_stop(&f.d), 0);
    cr_assert_eq(sqlite3_open(path, &db), SQLITE_OK);
    cr_assert_eq(
        sqlite3_exec(db, "UPDATE codes SET ends_utc_ms = 1000 WHERE used = 0", NULL, NULL, NULL),
        SQLITE_OK);
    cr_assert_gt(sqlite3_changes(db), 0);
    cr_assert_eq(sqlite3_close(db), SQLITE_OK);
    daemon_start(&f.d);
    FAILS(4, "code", "tandem", "enrol", code, "--as", "tom");
    char *fresh = daemon_code(&f.d, "Tom Hale");
    FLOW_DO(0, "enrol", fresh, "--as", "tom");
    FAILS(4, "code", "tandem", "enrol", fresh, "--as", "tom2");
    FAILS(4, "tom2", "tandem", "whoami", "--as", "tom2"); /* no half profile stays behind */
    free(code);
    free(typo);
    free(fresh);
}

/* ---- audits, answers, files ---- */

Test(bad, an_audit_that_may_not_be_seen_is_answered_like_none, .init = up, .fini = down)
{
    static const char *const commands[] = {"show", "history", "who", "follow", "open"};
    daemon_enrol(&f.d, "Tom Hale", "FSW:south", "tom");
    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++) {
        const char *const refs[] = {f.ref, "FCA-2026-0999"};
        char *said[2];
        for (int k = 0; k < 2; k++) {
            struct run r = RUN("tandem", commands[i], refs[k], "--as", "tom");
            cr_assert_eq(r.exit_code, 1, "%s: %d %s", commands[i], r.exit_code, run_err(&r));
            cr_assert_str_eq(run_out(&r), "");
            said[k] = strdup(run_err(&r));
            char *named = strstr(said[k], refs[k]);
            if (named)
                memset(named, '#', strlen(refs[k]));
            cr_assert_gt(strlen(said[k]), 15u);
            run_free(&r);
        }
        cr_assert_str_eq(said[0], said[1]);
        free(said[0]);
        free(said[1]);
    }
    char *list = FLOW_RUN(0, "audits", "--as", "tom");
    cr_assert_null(strstr(list, f.ref));
    free(list);
}

Test(bad, too_long_an_answer_is_refused_whole, .init = up, .fini = down)
{
    size_t len = 300 * 1000;
    char *words = malloc(len + 1);
    memset(words, 'w', len);
    words[len] = '\0';
    char *before = flow_history(&f, "ana");
    fails(1, "262144", words,
          (const char *const[]){"tandem", "write", f.ref, "B1", "--as", "ana", NULL});
    char *after = flow_history(&f, "ana");
    cr_assert_str_eq(before, after);
    words[200 * 1000] = '\0'; /* within the limit, in several batches */
    free(flow_run(words, 0,
                  (const char *const[]){"tandem", "write", f.ref, "B1", "--as", "ana", NULL}));
    char *stored = flow_words(&f, "ben", "B1", "rationale");
    cr_assert_eq(strlen(stored), 200u * 1000u);
    free(words);
    free(before);
    free(after);
    free(stored);
}

Test(bad, a_damaged_recovery_file_is_set_aside_and_said, .init = up, .fini = down)
{
    char path[200];
    struct vscreen *ben = flow_open(&f, "ben");
    flow_go(ben, "B1.rationale");
    daemon_kill(&f.d);
    flow_see(ben, "Offline:");
    vscreen_type(ben, "Kept.");
    flow_see(ben, "Offline: 5 characters kept here");
    vscreen_ctrl(ben, 'q');
    flow_see(ben, "Leave now?");
    vscreen_type(ben, "y");
    cr_assert_eq(vscreen_end(ben, FLOW_WAIT_MS), 0);
    (void)snprintf(path, sizeof path, "%s/home/ben/kept", f.d.root);
    struct run r = RUN("/usr/bin/find", path, "-type", "f", "-size", "+0");
    char *file = strndup(run_out(&r), strcspn(run_out(&r), "\n"));
    run_free(&r);
    struct buf bytes = BUF_INIT;
    get_file(file, &bytes);
    bytes.data[bytes.len / 2] ^= 1;
    put_file(file, bytes.data, bytes.len);
    daemon_start(&f.d);
    FAILS(1, "kept as", "tandem", "kept", f.ref, "--as", "ben");
    r = RUN("/usr/bin/find", path, "-type", "f", "-size", "+0");
    cr_assert_gt(strlen(run_out(&r)), strlen(path), "it is still there");
    run_free(&r);
    ben = flow_open(&f, "ben"); /* and he can go on */
    flow_go(ben, "B1.rationale");
    vscreen_type(ben, "Anew.");
    flow_see(ben, "Anew.");
    flow_leave(ben);
    char *words = flow_words(&f, "ana", "B1", "rationale");
    cr_assert_str_eq(words, "Anew.");
    free(words);
    free(file);
    buf_free(&bytes);
}

/* ---- a full disk ---- */

/* No file of the server may grow beyond the log of the database as it is now: the next commit does
 * not fit. -1: as much as they want. The file system stays as it is, and no rights are needed. */
static void limit_disk(bool full)
{
    struct rlimit limit;
    cr_assert_eq(prlimit(f.d.pid, RLIMIT_FSIZE, NULL, &limit), 0);
    limit.rlim_cur = limit.rlim_max;
    if (full) {
        char path[120];
        struct stat st;
        (void)snprintf(path, sizeof path, "%s/tandem.db-wal", f.d.dir);
        cr_assert_eq(stat(path, &st), 0);
        limit.rlim_cur = (rlim_t)st.st_size;
    }
    cr_assert_eq(prlimit(f.d.pid, RLIMIT_FSIZE, &limit, NULL), 0);
}

Test(bad, a_full_disk_is_told_and_nothing_is_lost_when_there_is_room_again, .init = up,
     .fini = down)
{
    struct vscreen *ana = flow_open(&f, "ana"), *ben = flow_open(&f, "ben");
    struct vscreen *both[] = {ana, ben};
    flow_go(ana, "B1.rationale");
    flow_go(ben, "B1.rationale");
    vscreen_type(ana, "Before.");
    flow_see(ben, "Before.");
    limit_disk(true);
    vscreen_type(ana, " While there was no room.");
    flow_see(ana, "is full");
    flow_see(ana, "25 characters kept here");
    flow_see(ana, "While there was no room."); /* it stays in front of her */
    flow_see_not(ana, " Saved ");
    fails(1, "is full", "Others too.",
          (const char *const[]){"tandem", "write", f.ref, "C4", "--as", "ben", NULL});
    FAILS(1, "is full", "tandem", "show", f.ref, "--as", "ben"); /* who reads is written down */
    cr_assert_not(vscreen_has(ben, "no room"), "not shown before it is stored");
    struct run r = RUN("tandemd", "health", "--data", f.d.dir);
    cr_assert(r.exit_code == 1 && strstr(run_err(&r), "FULL: make room"), "health: %d %s%s",
              r.exit_code, run_out(&r), run_err(&r));
    run_free(&r);
    limit_disk(false);
    flow_see_words(both, 2, "Before. While there was no room.");
    flow_see(ana, " Saved ");
    vscreen_type(ben, " And after.");
    flow_see(ana, "And after.");
    r = RUN("tandemd", "health", "--data", f.d.dir);
    cr_assert(r.exit_code == 0 && strstr(run_out(&r), "ok"), "%s", run_out(&r));
    run_free(&r);
    flow_leave(ana);
    flow_leave(ben);
    char *words = flow_words(&f, "ana", "B1", "rationale");
    cr_assert(strstr(words, "Before. While there was no room."), "%s", words);
    free(words);
    flow_verify(&f);
}
