/* Templates and settings. */

#include <stdlib.h>
#include <string.h>

#include "server/store/db.h"

const struct db_statement store_templates_sql[] = {
    {STMT_TEMPLATE_GET,    "SELECT data FROM templates WHERE id = ? AND version = ?"     },
    {STMT_TEMPLATE_INSERT, "INSERT INTO templates (id, version, data) VALUES (?, ?, ?)"  },
    {STMT_TEMPLATE_LIST,   "SELECT id, version, data FROM templates ORDER BY id, version"},
    {STMT_SETTING_GET,     "SELECT value FROM settings WHERE name = ?"                   },
    {STMT_SETTING_PUT,     "INSERT OR REPLACE INTO settings (name, value) VALUES (?, ?)" },
    {0,                    NULL                                                          },
};

enum err store_template_put_run(struct db *d, const struct store_template_put *r)
{
    sqlite3_stmt *q = db_use(d, STMT_TEMPLATE_GET);
    bind_str(q, 1, r->id);
    bind_int(q, 2, r->version);
    bool row;
    enum err e = db_row(d, q, &row);
    if (!e && row) {
        bool same = (size_t)sqlite3_column_bytes(q, 0) == r->len &&
                    memcmp(sqlite3_column_blob(q, 0), r->data, r->len) == 0;
        db_reset(q);
        return same ? ERR_OK : ERR_EXISTS;
    }
    if (e)
        return e;
    q = db_use(d, STMT_TEMPLATE_INSERT);
    bind_str(q, 1, r->id);
    bind_int(q, 2, r->version);
    bind_bytes(q, 3, r->data, r->len);
    return db_write(d, q);
}

enum err store_template_load_run(struct db *d, struct store_template_load *r)
{
    struct store_template *list = NULL;
    size_t n = 0, cap = 0;
    struct buf data = BUF_INIT;
    sqlite3_stmt *q = db_use(d, STMT_TEMPLATE_LIST);
    bool row;
    enum err e = db_row(d, q, &row);
    while (!e && row) {
        if (n == cap) {
            cap = cap ? 2 * cap : 8;
            struct store_template *more = realloc(list, cap * sizeof *more);
            if (!more) {
                e = ERR_NOMEM;
                break;
            }
            list = more;
        }
        struct store_template *t = &list[n++];
        t->version = col_u32(q, 1);
        t->len = (size_t)sqlite3_column_bytes(q, 2);
        e = col_str(q, 0, t->id, sizeof t->id);
        buf_append(&data, sqlite3_column_blob(q, 2), t->len);
        if (!e)
            e = buf_failed(&data) ? ERR_NOMEM : db_row(d, q, &row);
    }
    db_reset(q);
    if (!e) {
        r->templates = malloc(n * sizeof *list + data.len + 1);
        e = r->templates ? ERR_OK : ERR_NOMEM;
    }
    if (!e) {
        uint8_t *p = (uint8_t *)(r->templates + n);
        if (data.len)
            memcpy(p, data.data, data.len);
        for (size_t i = 0; i < n; i++) {
            r->templates[i] = list[i];
            r->templates[i].data = p;
            p += list[i].len;
        }
        r->ntemplates = n;
    }
    buf_free(&data);
    free(list);
    return e;
}

enum err store_setting_get_run(struct db *d, struct store_setting *r)
{
    sqlite3_stmt *q = db_use(d, STMT_SETTING_GET);
    bind_str(q, 1, r->name);
    bool row;
    enum err e = db_row(d, q, &row);
    if (e || !row)
        return e ? e : ERR_NOT_FOUND;
    e = col_str(q, 0, r->value, sizeof r->value);
    db_reset(q);
    return e;
}

enum err store_setting_put_run(struct db *d, const struct store_setting *r)
{
    sqlite3_stmt *q = db_use(d, STMT_SETTING_PUT);
    bind_str(q, 1, r->name);
    bind_str(q, 2, r->value);
    return db_write(d, q);
}
