#include "server/store/dir_lock.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

static enum err locked_by(int fd, const char *dir, struct err_info *why)
{
    char pid[16] = "";
    ssize_t n = pread(fd, pid, sizeof pid - 1, 0);
    long number = n > 0 ? strtol(pid, NULL, 10) : 0;
    if (number > 0)
        return err_set(why, ERR_LOCKED,
                       "%s is in use by process %ld: stop it first, or ask it through its commands",
                       dir, number);
    return err_set(why, ERR_LOCKED, "%s is in use by another process", dir);
}

enum err dir_lock(const char *dir, bool create, int *fd, struct err_info *why)
{
    char file[4096], pid[16];
    *fd = -1;
    if (create && mkdir(dir, 0700) != 0 && errno != EEXIST)
        return err_set(why, ERR_STORE, "cannot make %s: %s", dir, strerror(errno));
    if (snprintf(file, sizeof file, "%s/lock", dir) >= (int)sizeof file)
        return err_set(why, ERR_INPUT, "the directory's name is too long");
    int f = open(file, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (f < 0)
        return err_set(why, errno == ENOENT ? ERR_NOT_FOUND : ERR_STORE, "cannot open %s: %s", file,
                       strerror(errno));
    if (flock(f, LOCK_EX | LOCK_NB) != 0) {
        enum err e = errno == EWOULDBLOCK
                         ? locked_by(f, dir, why)
                         : err_set(why, ERR_STORE, "cannot lock %s: %s", file, strerror(errno));
        close(f);
        return e;
    }
    int len = snprintf(pid, sizeof pid, "%ld\n", (long)getpid());
    /* Only for the message of the one who finds it locked: no harm when the disk is full. */
    (void)!ftruncate(f, 0);
    (void)!pwrite(f, pid, (size_t)len, 0);
    *fd = f;
    return ERR_OK;
}

void dir_unlock(int fd)
{
    if (fd >= 0)
        close(fd);
}
