#include "server/store/backup.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/log.h"

enum { SLICE_PAGES = 256 }; /* 1 MiB: a fraction of a millisecond to read, no sync of ours */

static enum err failed(int rc)
{
    log_error("store", "backup_failed", "code=%d", rc);
    if ((rc & 0xff) == SQLITE_FULL)
        return ERR_FULL;
    return (rc & 0xff) == SQLITE_NOMEM ? ERR_NOMEM : ERR_IO;
}

static void close_copy(struct backup *b)
{
    sqlite3_backup_finish(b->copy);
    sqlite3_close(b->to);
    b->copy = NULL;
    b->to = NULL;
    b->req = NULL;
}

/* The directory's entry for the file must survive a power failure as well. */
static enum err sync_dir(const char *dir)
{
    int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return ERR_IO;
    enum err e = fsync(fd) == 0 ? ERR_OK : ERR_IO;
    close(fd);
    return e;
}

static enum err make_place(struct backup *b, const char *dir)
{
    if (snprintf(b->file, sizeof b->file, "%s/tandem.db", dir) >= (int)sizeof b->file)
        return ERR_INPUT;
    if (mkdir(dir, 0700) != 0 && errno != EEXIST)
        return errno == ENOSPC ? ERR_FULL : ERR_IO;
    int fd = open(b->file, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0)
        return errno == EEXIST ? ERR_EXISTS : errno == ENOSPC ? ERR_FULL : ERR_IO;
    close(fd);
    return ERR_OK;
}

enum err backup_begin(struct backup *b, struct db *d, struct store_backup *req)
{
    enum err e = make_place(b, req->to_dir);
    if (e)
        return e;
    b->req = req;
    int rc = sqlite3_open_v2(b->file, &b->to, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL);
    if (rc == SQLITE_OK)
        b->copy = sqlite3_backup_init(b->to, "main", d->sql, "main");
    if (rc == SQLITE_OK && !b->copy)
        rc = sqlite3_errcode(b->to);
    if (rc == SQLITE_OK)
        return ERR_OK;
    e = failed(rc);
    backup_abort(b, e);
    return e;
}

void backup_abort(struct backup *b, enum err e)
{
    if (!b->req)
        return;
    b->req->req.err = e;
    close_copy(b);
    unlink(b->file);
}

bool backup_slice(struct backup *b)
{
    int rc = sqlite3_backup_step(b->copy, SLICE_PAGES);
    if (rc == SQLITE_OK)
        return false;
    enum err e = rc == SQLITE_DONE ? sync_dir(b->req->to_dir) : failed(rc);
    if (e) {
        backup_abort(b, e);
        return true;
    }
    b->req->req.err = ERR_OK;
    close_copy(b);
    return true;
}
