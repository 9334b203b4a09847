#include "tests/lib/fault_vfs.h"

#include <assert.h>
#include <sqlite3.h>
#include <stdatomic.h>
#include <string.h>

struct fault_file {
    sqlite3_file base; /* first */
    sqlite3_file real; /* as large as the real one needs */
};

static sqlite3_vfs *real_vfs;
static sqlite3_vfs shim;
static atomic_int counts[FAULT_KINDS];
static atomic_int armed_kind, fail_at, fail_rc; /* fail_at: a value of counts[kind]; 0: none */
static atomic_bool lasting_on, fired;

void fault_vfs_arm(enum fault_kind kind, int n, int rc, bool lasting)
{
    atomic_store(&fail_at, 0);
    atomic_store(&armed_kind, (int)kind);
    atomic_store(&fail_rc, rc);
    atomic_store(&lasting_on, lasting);
    atomic_store(&fired, false);
    if (n > 0)
        atomic_store(&fail_at, atomic_load(&counts[kind]) + n);
}

bool fault_vfs_fired(void)
{
    return atomic_load(&fired);
}

int fault_vfs_count(enum fault_kind kind)
{
    return atomic_load(&counts[kind]);
}

/* 0, or the code to fail with. */
static int fault(enum fault_kind kind)
{
    int now = atomic_fetch_add(&counts[kind], 1) + 1, at = atomic_load(&fail_at);
    if (at == 0 || atomic_load(&armed_kind) != (int)kind)
        return SQLITE_OK;
    if (now != at && !(now > at && atomic_load(&lasting_on)))
        return SQLITE_OK;
    atomic_store(&fired, true);
    return atomic_load(&fail_rc);
}

/* ---- files ---- */

#define REAL(f) (&((struct fault_file *)(f))->real)

static int on_close(sqlite3_file *f)
{
    return REAL(f)->pMethods ? REAL(f)->pMethods->xClose(REAL(f)) : SQLITE_OK;
}
static int on_read(sqlite3_file *f, void *to, int len, sqlite3_int64 at)
{
    int rc = fault(FAULT_READ);
    return rc ? rc : REAL(f)->pMethods->xRead(REAL(f), to, len, at);
}
static int on_write(sqlite3_file *f, const void *from, int len, sqlite3_int64 at)
{
    int rc = fault(FAULT_WRITE);
    if (rc && len > 1) /* a full disk takes what still fits */
        (void)REAL(f)->pMethods->xWrite(REAL(f), from, len / 2, at);
    return rc ? rc : REAL(f)->pMethods->xWrite(REAL(f), from, len, at);
}
static int on_truncate(sqlite3_file *f, sqlite3_int64 size)
{
    return REAL(f)->pMethods->xTruncate(REAL(f), size);
}
static int on_sync(sqlite3_file *f, int flags)
{
    (void)f;
    (void)flags;
    return fault(FAULT_SYNC);
}
static int on_size(sqlite3_file *f, sqlite3_int64 *size)
{
    return REAL(f)->pMethods->xFileSize(REAL(f), size);
}
static int on_lock(sqlite3_file *f, int level)
{
    return REAL(f)->pMethods->xLock(REAL(f), level);
}
static int on_unlock(sqlite3_file *f, int level)
{
    return REAL(f)->pMethods->xUnlock(REAL(f), level);
}
static int on_check_lock(sqlite3_file *f, int *reserved)
{
    return REAL(f)->pMethods->xCheckReservedLock(REAL(f), reserved);
}
static int on_control(sqlite3_file *f, int op, void *arg)
{
    return REAL(f)->pMethods->xFileControl(REAL(f), op, arg);
}
static int on_sector_size(sqlite3_file *f)
{
    return REAL(f)->pMethods->xSectorSize(REAL(f));
}
static int on_characteristics(sqlite3_file *f)
{
    return REAL(f)->pMethods->xDeviceCharacteristics(REAL(f));
}

static const sqlite3_io_methods methods = {
    .iVersion = 1, /* no shared memory, no mapping */
    .xClose = on_close,
    .xRead = on_read,
    .xWrite = on_write,
    .xTruncate = on_truncate,
    .xSync = on_sync,
    .xFileSize = on_size,
    .xLock = on_lock,
    .xUnlock = on_unlock,
    .xCheckReservedLock = on_check_lock,
    .xFileControl = on_control,
    .xSectorSize = on_sector_size,
    .xDeviceCharacteristics = on_characteristics,
};

static int on_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *f, int flags, int *out)
{
    (void)vfs;
    memset(f, 0, sizeof *f);
    int rc = real_vfs->xOpen(real_vfs, name, REAL(f), flags, out);
    if (rc == SQLITE_OK)
        f->pMethods = &methods;
    return rc;
}

void fault_vfs_install(void)
{
    real_vfs = sqlite3_vfs_find(NULL);
    shim = *real_vfs;
    shim.zName = "fault";
    shim.szOsFile = (int)sizeof(struct fault_file) + real_vfs->szOsFile;
    shim.xOpen = on_open;
    int rc = sqlite3_vfs_register(&shim, 1);
    assert(rc == SQLITE_OK);
}

/* ---- memory ---- */

static sqlite3_mem_methods real_mem;
static atomic_int mem_left; /* allocations until one fails; 0: none does */
static atomic_bool mem_fired;

static bool mem_fails(void)
{
    if (atomic_load(&mem_left) == 0 || atomic_fetch_sub(&mem_left, 1) != 1)
        return false;
    atomic_store(&mem_fired, true);
    return true;
}
static void *on_malloc(int n)
{
    return mem_fails() ? NULL : real_mem.xMalloc(n);
}
static void *on_realloc(void *p, int n)
{
    return mem_fails() ? NULL : real_mem.xRealloc(p, n);
}

void fault_malloc_install(void)
{
    int rc = sqlite3_config(SQLITE_CONFIG_GETMALLOC, &real_mem);
    sqlite3_mem_methods m = real_mem;
    m.xMalloc = on_malloc;
    m.xRealloc = on_realloc;
    if (rc == SQLITE_OK)
        rc = sqlite3_config(SQLITE_CONFIG_MALLOC, &m);
    assert(rc == SQLITE_OK);
}

void fault_malloc_arm(int n)
{
    atomic_store(&mem_fired, false);
    atomic_store(&mem_left, n);
}

bool fault_malloc_fired(void)
{
    return atomic_load(&mem_fired);
}
