#include "server/site.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/utf8.h"

enum { AUTHORITY_YEARS = 20, MAX_PEM_BYTES = 64 * 1024 };
static const int64_t day_ms = INT64_C(24) * 3600 * 1000;

static const struct {
    const char *name;
    mode_t mode;
} files[] = {
    {"authority.pem", 0644},
    {"authority.key", 0600},
    {"tandem.yaml",   0644},
};
enum { AUTHORITY_PEM, AUTHORITY_KEY, SETTINGS, NFILES };

static bool path_of(const char *dir, const char *name, char out[4096])
{
    return snprintf(out, 4096, "%s/%s", dir, name) < 4096;
}

static enum err refuse_io(const char *what, const char *path, struct err_info *why)
{
    int error = errno;
    return err_set(why, error == ENOSPC ? ERR_FULL : ERR_IO, "%s cannot be %s: %s.", path, what,
                   strerror(error));
}

static enum err read_file(const char *dir, const char *name, struct buf *out, struct err_info *why)
{
    char path[4096];
    if (!path_of(dir, name, path))
        return err_set(why, ERR_INPUT, "The path of the data directory is too long.");
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t n = -1;
    while (fd >= 0 && out->len < MAX_PEM_BYTES && buf_reserve(out, 4096) &&
           (n = read(fd, out->data + out->len, 4096)) > 0)
        out->len += (size_t)n;
    enum err e = n == 0 ? ERR_OK : refuse_io("read", path, why);
    if (fd >= 0)
        close(fd);
    (void)buf_cstr(out);
    return e;
}

/* A new file, on the disk for good when this returns. */
static enum err write_file(const char *dir, size_t which, const void *data, size_t len,
                           struct err_info *why)
{
    char path[4096];
    if (!path_of(dir, files[which].name, path))
        return err_set(why, ERR_INPUT, "The path of the data directory is too long.");
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, files[which].mode);
    const char *p = data;
    enum err e = fd < 0 ? refuse_io("written", path, why) : ERR_OK;
    while (!e && len) {
        ssize_t n = write(fd, p, len);
        if (n < 0 && errno != EINTR)
            e = refuse_io("written", path, why);
        p += n > 0 ? n : 0;
        len -= n > 0 ? (size_t)n : 0;
    }
    if (!e && fsync(fd))
        e = refuse_io("written", path, why);
    if (fd >= 0)
        close(fd);
    return e;
}

/* ---- making ---- */

static enum err refuse_existing(const char *dir, struct err_info *why)
{
    static const char *const names[] = {"authority.pem", "authority.key", "tandem.yaml",
                                        "tandem.db"};
    char path[4096];
    struct stat st;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (!path_of(dir, names[i], path))
            return err_set(why, ERR_INPUT, "The path of the data directory is too long.");
        if (!lstat(path, &st))
            return err_set(why, ERR_EXISTS,
                           "There is a site in %s already (%s). Nothing was changed. Choose "
                           "another directory.",
                           dir, names[i]);
    }
    return ERR_OK;
}

static enum err check_arguments(const char *name, const char *const *hosts, size_t nhosts,
                                struct err_info *why)
{
    struct err_info bad;
    if (!*name || strlen(name) >= 128 || utf8_check_text(name, strlen(name), false, &bad))
        return err_set(why, ERR_INPUT,
                       "A site's name has 1 to 127 bytes on one line, without control "
                       "characters.");
    if (nhosts > CONFIG_MAX_HOSTS)
        return err_set(why, ERR_INPUT, "At most %d --host may be given.", CONFIG_MAX_HOSTS);
    for (size_t i = 0; i < nhosts; i++)
        if (!config_is_host(hosts[i]))
            return err_set(why, ERR_INPUT, "\"%s\" is not the name or address of a computer.",
                           hosts[i]);
    return ERR_OK;
}

enum err site_create(const char *dir, const char *name, const char *const *hosts, size_t nhosts,
                     int64_t now_utc_ms, struct err_info *why)
{
    enum err e = check_arguments(name, hosts, nhosts, why);
    if (!e)
        e = refuse_existing(dir, why);
    if (e)
        return e;
    if (mkdir(dir, 0700) && errno != EEXIST)
        return refuse_io("made", dir, why);
    struct pki_pair authority = {0};
    struct buf settings = BUF_INIT;
    e = pki_make_authority(name, AUTHORITY_YEARS, now_utc_ms, &authority);
    if (e) {
        (void)err_set(why, e, "The site's authority could not be made: %s", err_text(e));
        goto done;
    }
    config_format(name, hosts, nhosts, &settings);
    e = write_file(dir, AUTHORITY_PEM, authority.cert_pem.data, authority.cert_pem.len, why);
    if (!e)
        e = write_file(dir, AUTHORITY_KEY, authority.key_pem.data, authority.key_pem.len, why);
    if (!e)
        e = write_file(dir, SETTINGS, settings.data, settings.len, why);
    if (e)
        site_remove(dir);
done:
    buf_free(&settings);
    pki_pair_free(&authority);
    return e;
}

void site_remove(const char *dir)
{
    static const char *const database[] = {"tandem.db", "tandem.db-wal", "tandem.db-shm", "lock"};
    char path[4096];
    for (size_t i = 0; i < NFILES; i++)
        if (path_of(dir, files[i].name, path))
            (void)unlink(path); /* as much as can be */
    for (size_t i = 0; i < sizeof database / sizeof *database; i++)
        if (path_of(dir, database[i], path))
            (void)unlink(path);
}

/* ---- loading ---- */

static enum err load_authority(struct site *s, struct err_info *why)
{
    int64_t ends;
    uint8_t serial[20];
    enum err e = read_file(s->dir, files[AUTHORITY_PEM].name, &s->authority.cert_pem, why);
    if (!e)
        e = read_file(s->dir, files[AUTHORITY_KEY].name, &s->authority.key_pem, why);
    if (e)
        return e;
    if (pki_fingerprint((const char *)s->authority.cert_pem.data, s->authority_hash) ||
        pki_cert_ends((const char *)s->authority.cert_pem.data, &ends, serial))
        return err_set(why, ERR_CORRUPT,
                       "%s/authority.pem is damaged. Put it back from your backup.", s->dir);
    return ERR_OK;
}

enum err site_load(const char *dir, struct site *out, struct err_info *why)
{
    char path[4096];
    struct stat st;
    memset(out, 0, sizeof *out);
    if (strlen(dir) >= sizeof out->dir)
        return err_set(why, ERR_INPUT, "The path of the data directory is too long.");
    memcpy(out->dir, dir, strlen(dir) + 1);
    (void)path_of(dir, files[SETTINGS].name, path);
    if (stat(path, &st)) {
        if (errno != ENOENT && errno != ENOTDIR)
            return refuse_io("read", path, why);
        return err_set(why, ERR_NOT_FOUND,
                       "There is no site in %s. Make one with: tandemd init --data %s", dir, dir);
    }
    if (access(dir, R_OK | W_OK | X_OK))
        return err_set(why, ERR_IO,
                       "The data directory %s cannot be written by this user: %s. Run tandemd as "
                       "the user who owns it.",
                       dir, strerror(errno));
    enum err e = config_load(path, &out->config, why);
    if (!e)
        e = load_authority(out, why);
    if (e)
        site_free(out);
    return e;
}

void site_free(struct site *s)
{
    pki_pair_free(&s->authority);
}

enum err site_make_server_cert(const struct site *s, int64_t now_utc_ms, struct pki_pair *out,
                               struct err_info *why)
{
    static const char *const always[] = {"127.0.0.1", "::1", "localhost"};
    const char *hosts[CONFIG_MAX_HOSTS + 3];
    size_t n = 0;
    for (size_t i = 0; i < s->config.nhosts; i++)
        hosts[n++] = s->config.hosts[i];
    for (size_t i = 0; i < sizeof always / sizeof *always; i++)
        hosts[n++] = always[i];
    enum err e = pki_make_server(&s->authority, hosts, n, now_utc_ms,
                                 now_utc_ms + SITE_CERT_DAYS * day_ms, out);
    if (e)
        return err_set(why, e,
                       "The server's certificate could not be made. Is %s/authority.key the key "
                       "of authority.pem, and are the hosts in tandem.yaml names?",
                       s->dir);
    return ERR_OK;
}

void site_fill_admin(const struct site *s, struct admin *a)
{
    const char *host = s->config.nhosts ? s->config.hosts[0] : "127.0.0.1";
    const char *colon = strrchr(s->config.listen, ':');
    (void)snprintf(a->host, sizeof a->host, "%s", host);
    a->port = colon ? (uint16_t)strtoul(colon + 1, NULL, 10) : 0;
    memcpy(a->authority_hash, s->authority_hash, sizeof a->authority_hash);
    a->code_hours = s->config.core.code_hours;
}

enum err site_copy(const char *dir, const char *to_dir, struct err_info *why)
{
    enum err e = ERR_OK;
    for (size_t i = 0; i < NFILES && !e; i++) {
        struct buf data = BUF_INIT;
        e = read_file(dir, files[i].name, &data, why);
        if (!e)
            e = write_file(to_dir, i, data.data, data.len, why);
        if (data.data)
            explicit_bzero(data.data, data.cap); /* one of them is a key */
        buf_free(&data);
    }
    return e;
}
