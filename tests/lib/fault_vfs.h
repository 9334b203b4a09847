#ifndef TANDEM_TESTS_LIB_FAULT_VFS_H
#define TANDEM_TESTS_LIB_FAULT_VFS_H

/* A disk for SQLite that fails when told to, over the real one. It does not sync (tests that loop
 * over every operation would take hours on a slow disk) and offers no shared memory, so a store
 * that wanted a -shm file would not open. Any thread. */

#include <stdbool.h>

enum fault_kind { FAULT_READ, FAULT_WRITE, FAULT_SYNC, FAULT_KINDS };

/* Makes it SQLite's default for all that is opened from now on. Once per process. */
void fault_vfs_install(void);
/* The n-th operation of this kind from now (1 = the next) fails with the SQLite code `rc`; and so
 * do all after it when `lasting`. n 0: none fails any more. */
void fault_vfs_arm(enum fault_kind kind, int n, int rc, bool lasting);
/* Has the armed failure happened? */
bool fault_vfs_fired(void);
int fault_vfs_count(enum fault_kind kind); /* operations since it was installed */

/* SQLite's n-th allocation from now fails (0: none). Install before SQLite is used at all. */
void fault_malloc_install(void);
void fault_malloc_arm(int n);
bool fault_malloc_fired(void);

#endif
