#include "client/link/profile.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "client/link/files.h"
#include "common/hash.h"

enum { FILE_MAX_BYTES = 64 * 1024, ROOT_MAX = 800 };

static void wipe(void *data, size_t len)
{
    explicit_bzero(data, len);
}

void profile_fini(struct profile *p)
{
    if (p->key_pem.data)
        wipe(p->key_pem.data, p->key_pem.cap);
    buf_free(&p->key_pem);
    buf_free(&p->cert_pem);
    buf_free(&p->authority_pem);
    wipe(p->recovery_key, sizeof p->recovery_key);
}

/* ---- where ---- */

static enum err root_folder(char out[ROOT_MAX], struct err_info *why)
{
    const char *own = getenv("TANDEM_HOME"), *xdg = getenv("XDG_CONFIG_HOME");
    const char *home = getenv("HOME");
    int n;
    if (own && own[0])
        n = snprintf(out, ROOT_MAX, "%s", own);
    else if (xdg && xdg[0] == '/')
        n = snprintf(out, ROOT_MAX, "%s/tandem", xdg);
    else if (home && home[0])
        n = snprintf(out, ROOT_MAX, "%s/.config/tandem", home);
    else
        return err_set(why, ERR_IO, "Set TANDEM_HOME or HOME: where profiles are kept.");
    return n < ROOT_MAX ? ERR_OK : err_set(why, ERR_IO, "TANDEM_HOME is too long.");
}

static enum err profile_folder(const char *name, struct profile *p, struct err_info *why)
{
    char root[ROOT_MAX];
    enum err e = root_folder(root, why);
    if (e)
        return e;
    if (!profile_name_ok(name))
        return err_set(why, ERR_INPUT,
                       "A profile's name has letters, digits, - and _ only; \"%.40s\" has not.",
                       name);
    (void)snprintf(p->name, sizeof p->name, "%s", name);
    (void)snprintf(p->dir, sizeof p->dir, "%s/%s", root, name);
    return ERR_OK;
}

bool profile_name_ok(const char *name)
{
    size_t len = strlen(name);
    return len > 0 && len < 64 && name[0] != '.' &&
           strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.") == len;
}

void profile_name_from(const char *person, char out[64])
{
    size_t n = 0;
    for (const char *p = person; *p && n < 60; p++) {
        char c = *p;
        if (c >= 'A' && c <= 'Z')
            c = (char)(c - 'A' + 'a');
        bool plain = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
        if (plain)
            out[n++] = c;
        else if (n && out[n - 1] != '-')
            out[n++] = '-';
    }
    while (n && out[n - 1] == '-')
        n--;
    out[n] = '\0';
    if (!n)
        memcpy(out, "me", 3);
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Every folder that holds an identity; returns how many there are. */
static size_t each_profile(char names[][64], size_t most)
{
    char root[ROOT_MAX], path[1024];
    DIR *d = root_folder(root, NULL) ? NULL : opendir(root);
    size_t n = 0;
    for (struct dirent *de; d && (de = readdir(d));) {
        struct stat st;
        if (!profile_name_ok(de->d_name) ||
            snprintf(path, sizeof path, "%s/%s/identity.pem", root, de->d_name) >=
                (int)sizeof path ||
            stat(path, &st))
            continue;
        if (n < most)
            memcpy(names[n], de->d_name, strlen(de->d_name) + 1); /* profile_name_ok: fits */
        n++;
    }
    if (d)
        closedir(d);
    return n;
}

void profile_list(struct buf *out)
{
    enum { MOST = 100 };
    char(*names)[64] = calloc(MOST, 64);
    char *sorted[MOST];
    size_t n = names ? each_profile(names, MOST) : 0;
    n = n < MOST ? n : MOST;
    for (size_t i = 0; i < n; i++)
        sorted[i] = names[i];
    qsort(sorted, n, sizeof sorted[0], by_name);
    for (size_t i = 0; i < n; i++)
        buf_appendf(out, "%s%s", i ? ", " : "", sorted[i]);
    free(names);
}

bool profile_exists(const char *name)
{
    struct profile p;
    struct stat st;
    char path[1024];
    if (profile_folder(name, &p, NULL))
        return false;
    (void)snprintf(path, sizeof path, "%s/identity.pem", p.dir);
    return stat(path, &st) == 0;
}

/* ---- reading ---- */

static void take_setting(struct profile *p, const char *name, const char *value)
{
    if (!strcmp(name, "host"))
        (void)snprintf(p->host, sizeof p->host, "%s", value);
    else if (!strcmp(name, "port"))
        p->port = (uint16_t)strtoul(value, NULL, 10);
    else if (!strcmp(name, "person"))
        p->person = (uint32_t)strtoul(value, NULL, 10);
    else if (!strcmp(name, "name"))
        (void)snprintf(p->person_name, sizeof p->person_name, "%s", value);
    else if (!strcmp(name, "site"))
        (void)snprintf(p->site, sizeof p->site, "%s", value);
}

static enum err read_settings(struct profile *p, struct err_info *why)
{
    struct buf text = BUF_INIT;
    char path[1024];
    (void)snprintf(path, sizeof path, "%s/settings", p->dir);
    enum err e = file_read(path, FILE_MAX_BYTES, &text, why);
    char *line = e ? NULL : (char *)(uintptr_t)buf_cstr(&text);
    while (line && *line) {
        char *end = strchr(line, '\n'), *next = end ? end + 1 : NULL;
        if (end)
            *end = '\0';
        char *is = strstr(line, " = ");
        if (is) {
            *is = '\0';
            take_setting(p, line, is + 3);
        }
        line = next;
    }
    buf_free(&text);
    if (!e && (!p->host[0] || !p->port))
        e = err_set(why, ERR_CORRUPT, "%s names no server; enrol again.", path);
    return e;
}

static enum err read_identity(struct profile *p, struct err_info *why)
{
    char path[1024];
    struct buf both = BUF_INIT;
    (void)snprintf(path, sizeof path, "%s/identity.pem", p->dir);
    enum err e = file_read(path, FILE_MAX_BYTES, &both, why);
    const char *s = buf_cstr(&both), *cert = strstr(s, "-----BEGIN CERTIFICATE-----");
    if (!e && (!cert || cert == s))
        e = err_set(why, ERR_CORRUPT, "%s is damaged; ask for a new enrolment code.", path);
    if (!e) {
        buf_append(&p->key_pem, s, (size_t)(cert - s));
        buf_append_str(&p->cert_pem, cert);
    }
    if (both.data)
        wipe(both.data, both.cap);
    buf_free(&both);
    (void)snprintf(path, sizeof path, "%s/authority.pem", p->dir);
    return e ? e : file_read(path, FILE_MAX_BYTES, &p->authority_pem, why);
}

static enum err read_recovery_key(struct profile *p, struct err_info *why)
{
    char path[1024];
    struct buf key = BUF_INIT;
    (void)snprintf(path, sizeof path, "%s/recovery.key", p->dir);
    enum err e = file_read(path, FILE_MAX_BYTES, &key, why);
    if (!e && key.len != PROFILE_KEY_BYTES)
        e = err_set(why, ERR_CORRUPT, "%s is damaged; what was kept offline cannot be read.", path);
    if (!e)
        memcpy(p->recovery_key, key.data, PROFILE_KEY_BYTES);
    if (key.data)
        wipe(key.data, key.cap);
    buf_free(&key);
    return e;
}

/* Which one, when nobody said it. */
static enum err choose(char name[64], struct err_info *why)
{
    char names[1][64];
    size_t n = each_profile(names, 1);
    struct buf list = BUF_INIT;
    if (n == 1) {
        memcpy(name, names[0], 64);
        return ERR_OK;
    }
    profile_list(&list);
    enum err e =
        n ? err_set(why, ERR_NOT_AUTHENTICATED,
                    "There are several profiles (%s): say which with --as NAME or TANDEM_PROFILE.",
                    buf_cstr(&list))
          : err_set(why, ERR_NOT_AUTHENTICATED,
                    "Nobody is enrolled here yet. Ask an administrator for a code, then: tandem "
                    "enrol CODE");
    buf_free(&list);
    return e;
}

enum err profile_load(const char *name, struct profile *out, struct err_info *why)
{
    char chosen[64];
    *out = (struct profile){.port = 0};
    const char *env = getenv("TANDEM_PROFILE");
    if (!name && env && env[0])
        name = env;
    if (!name) {
        enum err e = choose(chosen, why);
        if (e)
            return e;
        name = chosen;
    }
    enum err e = profile_folder(name, out, why);
    if (!e && !profile_exists(name)) {
        struct buf list = BUF_INIT;
        profile_list(&list);
        e = err_set(why, ERR_NOT_AUTHENTICATED, "There is no profile \"%s\" here%s%s.", name,
                    list.len ? "; there is: " : "", buf_cstr(&list));
        buf_free(&list);
    }
    if (!e)
        e = read_settings(out, why);
    if (!e)
        e = read_identity(out, why);
    if (!e)
        e = read_recovery_key(out, why);
    if (e)
        profile_fini(out);
    return e;
}

/* ---- writing ---- */

static enum err put(const struct profile *p, const char *file, const void *data, size_t len,
                    struct err_info *why)
{
    char path[1024];
    (void)snprintf(path, sizeof path, "%s/%s", p->dir, file);
    return file_replace(path, data, len, why);
}

static enum err put_identity(const struct profile *p, const struct buf *key, const struct buf *cert,
                             struct err_info *why)
{
    struct buf both = BUF_INIT;
    buf_append(&both, key->data, key->len);
    buf_append(&both, cert->data, cert->len);
    enum err e = buf_failed(&both) ? ERR_NOMEM : put(p, "identity.pem", both.data, both.len, why);
    if (both.data)
        wipe(both.data, both.cap);
    buf_free(&both);
    return e;
}

enum err profile_create(struct profile *p, struct err_info *why)
{
    char name[64];
    (void)snprintf(name, sizeof name, "%s", p->name);
    enum err e = profile_folder(name, p, why);
    if (!e && profile_exists(name))
        e = err_set(why, ERR_EXISTS, "There is a profile \"%s\" already; choose another: --as NAME",
                    name);
    if (!e)
        e = folder_make(p->dir, why);
    if (e)
        return e;
    struct buf s = BUF_INIT;
    buf_appendf(&s, "host = %s\nport = %u\nperson = %u\nname = %s\nsite = %s\n", p->host,
                (unsigned)p->port, (unsigned)p->person, p->person_name, p->site);
    hash_random(p->recovery_key, sizeof p->recovery_key);
    e = put(p, "settings", s.data, s.len, why);
    buf_free(&s);
    if (!e)
        e = put(p, "authority.pem", p->authority_pem.data, p->authority_pem.len, why);
    if (!e)
        e = put(p, "recovery.key", p->recovery_key, sizeof p->recovery_key, why);
    return e ? e : put_identity(p, &p->key_pem, &p->cert_pem, why); /* last: now it exists */
}

enum err profile_renew(struct profile *p, const struct buf *key_pem, const struct buf *cert_pem,
                       struct err_info *why)
{
    enum err e = put_identity(p, key_pem, cert_pem, why);
    if (e)
        return e;
    wipe(p->key_pem.data, p->key_pem.cap);
    buf_clear(&p->key_pem);
    buf_clear(&p->cert_pem);
    buf_append(&p->key_pem, key_pem->data, key_pem->len);
    buf_append(&p->cert_pem, cert_pem->data, cert_pem->len);
    return ERR_OK;
}
