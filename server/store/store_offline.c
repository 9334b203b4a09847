#include "server/store/store_offline.h"

#include <stdio.h>

#include "server/store/dir_lock.h"

enum err store_offline_open(struct store_offline *o, const char *dir, struct err_info *why)
{
    char file[4096];
    if (snprintf(file, sizeof file, "%s/tandem.db", dir) >= (int)sizeof file)
        return err_set(why, ERR_INPUT, "the directory's name is too long");
    enum err e = dir_lock(dir, false, &o->lock_fd, why);
    if (e)
        return e;
    e = db_open(&o->db, file, false, why);
    if (e)
        store_offline_close(o);
    return e;
}

void store_offline_close(struct store_offline *o)
{
    db_close(&o->db);
    dir_unlock(o->lock_fd);
}

enum err store_offline_next_audit(struct db *d, uint64_t *audit, char ref[32], uint32_t *next_agent)
{
    sqlite3_stmt *q = db_use(d, STMT_AUDIT_LIST);
    bind_num(q, 1, *audit);
    bool row;
    enum err e = db_row(d, q, &row);
    if (e || !row)
        return e ? e : ERR_NOT_FOUND;
    *audit = col_num(q, 0);
    *next_agent = col_u32(q, 2);
    e = col_str(q, 1, ref, 32);
    db_reset(q);
    return e;
}
