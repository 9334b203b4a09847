#include "client/link/files.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static enum err said(struct err_info *why, const char *path)
{
    return err_set(why, ERR_IO, "%s: %s.", path, strerror(errno));
}

enum err file_read(const char *path, size_t max_bytes, struct buf *out, struct err_info *why)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0 && errno == ENOENT)
        return err_set(why, ERR_NOT_FOUND, "%s is not there.", path);
    if (fd < 0)
        return said(why, path);
    enum err e = ERR_OK;
    char piece[4096];
    size_t total = 0;
    ssize_t n = 0;
    while (!e && (n = read(fd, piece, sizeof piece)) > 0) {
        total += (size_t)n;
        if (total > max_bytes)
            e = err_set(why, ERR_TOO_LARGE, "%s is larger than %zu bytes.", path, max_bytes);
        else
            buf_append(out, piece, (size_t)n);
    }
    if (n < 0)
        e = said(why, path);
    close(fd);
    return e ? e : buf_failed(out) ? ERR_NOMEM : ERR_OK;
}

static bool write_all(int fd, const uint8_t *p, size_t len)
{
    while (len) {
        ssize_t n = write(fd, p, len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return false;
        p += n;
        len -= (size_t)n;
    }
    return true;
}

static void sync_folder_of(const char *path)
{
    char folder[1024];
    (void)snprintf(folder, sizeof folder, "%s", path);
    char *slash = strrchr(folder, '/');
    if (!slash)
        return;
    *slash = '\0';
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd >= 0) {
        (void)fsync(fd); /* some file systems have no folders to sync */
        close(fd);
    }
}

enum err file_replace(const char *path, const void *data, size_t len, struct err_info *why)
{
    char beside[1100];
    if (snprintf(beside, sizeof beside, "%s.new", path) >= (int)sizeof beside)
        return err_set(why, ERR_IO, "The path is too long: %s", path);
    int fd = open(beside, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd < 0)
        return said(why, beside);
    bool ok = fchmod(fd, 0600) == 0 && write_all(fd, data, len) && fsync(fd) == 0;
    ok &= close(fd) == 0;
    if (!ok || rename(beside, path)) {
        enum err e = said(why, beside);
        (void)unlink(beside);
        return e;
    }
    sync_folder_of(path);
    return ERR_OK;
}

enum err folder_make(const char *path, struct err_info *why)
{
    char part[1024];
    if (snprintf(part, sizeof part, "%s", path) >= (int)sizeof part)
        return err_set(why, ERR_IO, "The path is too long: %s", path);
    for (char *p = part + 1;; p++) {
        char c = *p;
        if (c != '/' && c != '\0')
            continue;
        *p = '\0';
        if (mkdir(part, 0700) && errno != EEXIST)
            return said(why, part);
        if (!c)
            return ERR_OK;
        *p = '/';
    }
}
