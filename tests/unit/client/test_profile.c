#include "client/link/profile.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "client/link/files.h"
#include "client/link/recovery.h"
#include "tests/lib/leaks.h"

static char home[64];

static void home_up(void)
{
    (void)snprintf(home, sizeof home, "/tmp/tandem-profile-XXXXXX");
    cr_assert_not_null(mkdtemp(home));
    setenv("TANDEM_HOME", home, 1);
    unsetenv("TANDEM_PROFILE");
}

static void home_down(void)
{
    char command[100];
    (void)snprintf(command, sizeof command, "rm -rf '%s'", home);
    cr_assert_eq(system(command), 0);
}

static struct profile make(const char *name)
{
    struct profile p = {.port = 7443, .person = 3};
    struct err_info why;
    (void)snprintf(p.name, sizeof p.name, "%s", name);
    (void)snprintf(p.host, sizeof p.host, "audit.example.org");
    (void)snprintf(p.person_name, sizeof p.person_name, "Ana Flint");
    buf_append_str(&p.key_pem, "-----BEGIN PRIVATE KEY-----\nk\n-----END PRIVATE KEY-----\n");
    buf_append_str(&p.cert_pem, "-----BEGIN CERTIFICATE-----\nc\n-----END CERTIFICATE-----\n");
    buf_append_str(&p.authority_pem, "-----BEGIN CERTIFICATE-----\na\n");
    cr_assert_eq(profile_create(&p, &why), ERR_OK, "%s", why.text);
    return p;
}

Test(profile, what_was_stored_comes_back_and_nobody_else_may_read_it, .init = home_up,
     .fini = home_down)
{
    struct profile p = make("ana"), back;
    struct err_info why;
    struct stat st;
    char path[1200];
    static const char *const files[] = {"identity.pem", "settings", "recovery.key",
                                        "authority.pem"};
    cr_assert_eq(profile_load(NULL, &back, &why), ERR_OK, "the only one: %s", why.text);
    cr_assert_str_eq(back.host, "audit.example.org");
    cr_assert_eq(back.port, 7443);
    cr_assert_eq(back.person, 3u);
    cr_assert_str_eq(back.person_name, "Ana Flint");
    cr_assert_str_eq(buf_cstr(&back.key_pem), buf_cstr(&p.key_pem));
    cr_assert_str_eq(buf_cstr(&back.cert_pem), buf_cstr(&p.cert_pem));
    cr_assert_eq(memcmp(back.recovery_key, p.recovery_key, sizeof p.recovery_key), 0);
    for (size_t i = 0; i < 4; i++) {
        (void)snprintf(path, sizeof path, "%s/%s", p.dir, files[i]);
        cr_assert_eq(stat(path, &st), 0, "%s", path);
        cr_assert_eq(st.st_mode & 0777, 0600, "%s", path);
    }
    cr_assert_eq(stat(p.dir, &st), 0);
    cr_assert_eq(st.st_mode & 0777, 0700);
    profile_fini(&p);
    profile_fini(&back);
    CHECK_NO_LEAKS();
}

Test(profile, which_one_is_meant_is_asked_when_it_is_not_clear, .init = home_up, .fini = home_down)
{
    struct profile back;
    struct err_info why;
    cr_assert_eq(profile_load(NULL, &back, &why), ERR_NOT_AUTHENTICATED);
    cr_assert(strstr(why.text, "tandem enrol"), "%s", why.text);
    struct profile a = make("zoe"), b = make("ana");
    cr_assert_eq(profile_load(NULL, &back, &why), ERR_NOT_AUTHENTICATED);
    cr_assert(strstr(why.text, "ana, zoe"), "%s", why.text);
    cr_assert_eq(profile_load("bob", &back, &why), ERR_NOT_AUTHENTICATED);
    cr_assert(strstr(why.text, "ana, zoe"), "%s", why.text);
    cr_assert_eq(profile_load("../ana", &back, &why), ERR_INPUT);
    setenv("TANDEM_PROFILE", "zoe", 1);
    cr_assert_eq(profile_load(NULL, &back, &why), ERR_OK);
    cr_assert_str_eq(back.name, "zoe");
    profile_fini(&back);
    cr_assert_eq(profile_load("ana", &back, &why), ERR_OK, "--as is stronger");
    cr_assert_str_eq(back.name, "ana");
    profile_fini(&back);
    cr_assert_eq(profile_create(&a, &why), ERR_EXISTS);
    profile_fini(&a);
    profile_fini(&b);
    CHECK_NO_LEAKS();
}

Test(profile, names_are_made_from_people)
{
    char name[64];
    profile_name_from("Ana Flint", name);
    cr_assert_str_eq(name, "ana-flint");
    profile_name_from("  É. O'Neil-Ray ", name);
    cr_assert(profile_name_ok(name), "%s", name);
    profile_name_from("李", name);
    cr_assert_str_eq(name, "me");
    CHECK_NO_LEAKS();
}

Test(profile, a_renewal_replaces_key_and_certificate_together, .init = home_up, .fini = home_down)
{
    struct profile p = make("ana"), back;
    struct err_info why;
    struct buf key = BUF_INIT, cert = BUF_INIT;
    buf_append_str(&key, "-----BEGIN PRIVATE KEY-----\nnew\n-----END PRIVATE KEY-----\n");
    buf_append_str(&cert, "-----BEGIN CERTIFICATE-----\nnew\n-----END CERTIFICATE-----\n");
    cr_assert_eq(profile_renew(&p, &key, &cert, &why), ERR_OK);
    cr_assert_eq(profile_load("ana", &back, &why), ERR_OK);
    cr_assert_str_eq(buf_cstr(&back.key_pem), buf_cstr(&key));
    cr_assert_str_eq(buf_cstr(&back.cert_pem), buf_cstr(&cert));
    profile_fini(&p);
    profile_fini(&back);
    buf_free(&key);
    buf_free(&cert);
    CHECK_NO_LEAKS();
}

/* ---- the recovery file ---- */

static struct buf kept_file(const struct profile *p, int slot)
{
    char path[1200];
    struct buf b = BUF_INIT;
    (void)snprintf(path, sizeof path, "%s/kept/FCA-2026-0001.%d.kept", p->dir, slot);
    if (file_read(path, 1 << 20, &b, NULL))
        buf_clear(&b);
    return b;
}

static const char secret[] = "The child said that she feels safe here.";

Test(recovery, comes_back_whole_and_is_not_to_be_read_on_the_disk, .init = home_up,
     .fini = home_down)
{
    struct profile p = make("ana");
    struct recovery *r;
    struct buf left = BUF_INIT;
    struct err_info why, notice;
    cr_assert_eq(recovery_open(&p, "FCA-2026-0001", &r, &left, &notice, &why), ERR_OK);
    cr_assert_eq(left.len, 0);
    cr_assert_eq(recovery_keep(r, secret, sizeof secret, &why), ERR_OK, "%s", why.text);
    recovery_close(r);
    struct buf file = kept_file(&p, 0);
    cr_assert_geq(file.len, sizeof secret);
    cr_assert_null(memmem(file.data, file.len, "child", 5));
    cr_assert_null(memmem(file.data, file.len, "safe", 4));
    buf_free(&file);
    cr_assert_eq(recovery_open(&p, "FCA-2026-0001", &r, &left, &notice, &why), ERR_OK);
    cr_assert_eq(left.len, sizeof secret);
    cr_assert_eq(memcmp(left.data, secret, sizeof secret), 0);
    cr_assert_str_eq(notice.text, "");
    cr_assert_eq(recovery_keep(r, NULL, 0, &why), ERR_OK);
    file = kept_file(&p, 0);
    cr_assert_eq(file.len, 0, "removed when all is acknowledged");
    recovery_close(r);
    buf_free(&left);
    profile_fini(&p);
    CHECK_NO_LEAKS();
}

Test(recovery, a_damaged_file_is_put_aside_and_named, .init = home_up, .fini = home_down)
{
    struct profile p = make("ana");
    struct recovery *r;
    struct buf left = BUF_INIT;
    struct err_info why, notice;
    cr_assert_eq(recovery_open(&p, "FCA-2026-0001", &r, &left, &notice, &why), ERR_OK);
    cr_assert_eq(recovery_keep(r, secret, sizeof secret, &why), ERR_OK);
    recovery_close(r);
    struct buf file = kept_file(&p, 0);
    char path[1200];
    (void)snprintf(path, sizeof path, "%s/kept/FCA-2026-0001.0.kept", p.dir);
    file.data[file.len / 2] ^= 1;
    cr_assert_eq(file_replace(path, file.data, file.len, &why), ERR_OK);
    cr_assert_eq(recovery_open(&p, "FCA-2026-0001", &r, &left, &notice, &why), ERR_OK);
    cr_assert_eq(left.len, 0);
    cr_assert(strstr(notice.text, ".damaged"), "%s", notice.text);
    char *aside = strchr(notice.text, '/');
    aside[strlen(aside) - 1] = '\0'; /* the full stop */
    cr_assert_eq(access(aside, F_OK), 0, "%s", aside);
    recovery_close(r);
    buf_free(&file);
    profile_fini(&p);
    CHECK_NO_LEAKS();
}

Test(recovery, is_bound_to_its_audit, .init = home_up, .fini = home_down)
{
    struct profile p = make("ana");
    struct recovery *r;
    struct buf left = BUF_INIT;
    struct err_info why, notice;
    char from[1200], to[1200];
    cr_assert_eq(recovery_open(&p, "FCA-2026-0001", &r, &left, &notice, &why), ERR_OK);
    cr_assert_eq(recovery_keep(r, secret, sizeof secret, &why), ERR_OK);
    recovery_close(r);
    (void)snprintf(from, sizeof from, "%s/kept/FCA-2026-0001.0.kept", p.dir);
    (void)snprintf(to, sizeof to, "%s/kept/FCA-2026-0002.0.kept", p.dir);
    cr_assert_eq(rename(from, to), 0);
    cr_assert_eq(recovery_open(&p, "FCA-2026-0002", &r, &left, &notice, &why), ERR_OK);
    cr_assert_eq(left.len, 0);
    cr_assert_neq(notice.text[0], '\0');
    recovery_close(r);
    cr_assert_eq(recovery_open(&p, "../../etc", &r, &left, &notice, &why), ERR_INPUT);
    profile_fini(&p);
    CHECK_NO_LEAKS();
}

Test(recovery, two_programs_have_two_slots_and_what_is_left_is_taken_over, .init = home_up,
     .fini = home_down)
{
    struct profile p = make("ana");
    struct recovery *first, *second, *third;
    struct buf left = BUF_INIT;
    struct err_info why, notice;
    cr_assert_eq(recovery_open(&p, "FCA-2026-0001", &first, &left, &notice, &why), ERR_OK);
    cr_assert_eq(recovery_keep(first, "one", 3, &why), ERR_OK);
    cr_assert_eq(recovery_open(&p, "FCA-2026-0001", &second, &left, &notice, &why), ERR_OK);
    cr_assert_eq(left.len, 0, "the first program is still there");
    cr_assert_eq(recovery_keep(second, "two", 3, &why), ERR_OK);
    recovery_close(second); /* gone, with its words left behind */
    cr_assert_eq(recovery_open(&p, "FCA-2026-0001", &third, &left, &notice, &why), ERR_OK);
    cr_assert_str_eq(buf_cstr(&left), "two");
    recovery_close(third);
    recovery_close(first);
    buf_free(&left);
    profile_fini(&p);
    CHECK_NO_LEAKS();
}
