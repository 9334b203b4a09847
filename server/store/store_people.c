/* People, their roles, certificates and enrolment codes. */

#include <stdlib.h>
#include <string.h>

#include "server/store/db.h"

const struct db_statement store_people_sql[] = {
    {STMT_PERSON_GET,   "SELECT created_utc_ms, revoked FROM people WHERE person = ?"               },
    {STMT_PERSON_NAMED, "SELECT person FROM people WHERE name = ? AND revoked = 0"                  },
    {STMT_PERSON_MAX,   "SELECT coalesce(max(person), 0) FROM people"                               },
    {STMT_PERSON_PUT,   "INSERT INTO people (person, name, created_utc_ms, revoked, revoked_utc_ms)"
                      " VALUES (?, ?, ?, ?, ?) ON CONFLICT (person) DO UPDATE SET"
                      " name = excluded.name, revoked = excluded.revoked,"
                      " revoked_utc_ms = excluded.revoked_utc_ms"              },
    {STMT_PERSON_LIST,  "SELECT person, name, created_utc_ms, revoked, revoked_utc_ms FROM people"
                       " ORDER BY person"                                     },
    {STMT_ROLES_DELETE, "DELETE FROM person_roles WHERE person = ?"                                 },
    {STMT_ROLE_INSERT,  "INSERT INTO person_roles (person, pos, role, team) VALUES (?, ?, ?, ?)"    },
    {STMT_ROLES_LIST,   "SELECT person, role, team FROM person_roles ORDER BY person, pos"          },
    {STMT_CERT_GET,     "SELECT person FROM certs WHERE serial = ?"                                 },
    {STMT_CERT_INSERT,  "INSERT INTO certs (serial, person, not_after_utc_ms, revoked)"
                       " VALUES (?, ?, ?, ?)"                                 },
    {STMT_CERTS_REVOKE, "UPDATE certs SET revoked = 1 WHERE person = ?"                             },
    {STMT_CERTS_LIST,   "SELECT serial, person, not_after_utc_ms, revoked FROM certs"
                      " WHERE not_after_utc_ms > ?"                            },
    {STMT_CODE_GET,     "SELECT person, ends_utc_ms, used, revoked FROM codes WHERE secret_hash = ?"},
    {STMT_CODE_INSERT,  "INSERT INTO codes (secret_hash, person, ends_utc_ms, used, revoked)"
                       " VALUES (?, ?, ?, 0, 0)"                              },
    {STMT_CODE_USED,    "UPDATE codes SET used = 1 WHERE secret_hash = ?"                           },
    {STMT_CODES_REVOKE, "UPDATE codes SET revoked = 1 WHERE person = ? AND used = 0"                },
    {0,                 NULL                                                                        },
};

/* ---- people ---- */

/* ERR_NOT_FOUND: no such person. */
static enum err person_get(struct db *d, uint32_t id, int64_t *created_utc_ms, bool *revoked)
{
    sqlite3_stmt *q = db_use(d, STMT_PERSON_GET);
    bind_int(q, 1, id);
    bool row;
    enum err e = db_row(d, q, &row);
    if (e || !row)
        return e ? e : ERR_NOT_FOUND;
    *created_utc_ms = sqlite3_column_int64(q, 0);
    *revoked = sqlite3_column_int(q, 1) != 0;
    db_reset(q);
    return ERR_OK;
}

static enum err person_active(struct db *d, uint32_t id)
{
    int64_t created;
    bool revoked;
    enum err e = person_get(d, id, &created, &revoked);
    return !e && revoked ? ERR_NOT_FOUND : e;
}

/* ERR_EXISTS: another one who is not revoked has this name. */
static enum err name_free(struct db *d, const struct store_person *p)
{
    sqlite3_stmt *q = db_use(d, STMT_PERSON_NAMED);
    bind_str(q, 1, p->name);
    bool row;
    enum err e = db_row(d, q, &row);
    if (!e && row && col_u32(q, 0) != p->id)
        e = ERR_EXISTS;
    db_reset(q);
    return e;
}

static enum err next_person(struct db *d, uint32_t *id)
{
    sqlite3_stmt *q = db_use(d, STMT_PERSON_MAX);
    bool row;
    enum err e = db_row(d, q, &row);
    if (!e)
        *id = row ? col_u32(q, 0) + 1 : 1;
    db_reset(q);
    return e;
}

static enum err write_roles(struct db *d, const struct store_person *p)
{
    sqlite3_stmt *q = db_use(d, STMT_ROLES_DELETE);
    bind_int(q, 1, p->id);
    enum err e = db_write(d, q);
    q = db_use(d, STMT_ROLE_INSERT);
    for (size_t i = 0; !e && i < p->nroles; i++) {
        bind_int(q, 1, p->id);
        bind_num(q, 2, i);
        bind_int(q, 3, p->roles[i].role);
        bind_str(q, 4, p->roles[i].team);
        e = db_write(d, q);
    }
    return e;
}

static enum err revoke(struct db *d, enum stmt which, uint32_t person)
{
    sqlite3_stmt *q = db_use(d, which);
    bind_int(q, 1, person);
    return db_write(d, q);
}

enum err store_person_put_run(struct db *d, struct store_person_put *r)
{
    struct store_person *p = &r->person;
    bool was_revoked;
    enum err e = p->id ? person_get(d, p->id, &p->created_utc_ms, &was_revoked) : ERR_OK;
    if (!e && !p->revoked)
        e = name_free(d, p);
    if (!e && p->id == 0)
        e = next_person(d, &p->id);
    if (e)
        return e;
    if (!p->revoked)
        p->revoked_utc_ms = 0;
    sqlite3_stmt *q = db_use(d, STMT_PERSON_PUT);
    bind_int(q, 1, p->id);
    bind_str(q, 2, p->name);
    bind_int(q, 3, p->created_utc_ms);
    bind_int(q, 4, p->revoked);
    bind_int(q, 5, p->revoked_utc_ms);
    e = db_write(d, q);
    if (!e)
        e = write_roles(d, p);
    if (!e && p->revoked)
        e = revoke(d, STMT_CERTS_REVOKE, p->id);
    if (!e && p->revoked)
        e = revoke(d, STMT_CODES_REVOKE, p->id);
    return e;
}

static enum err load_people(struct db *d, struct store_people_load *r)
{
    size_t cap = 0;
    sqlite3_stmt *q = db_use(d, STMT_PERSON_LIST);
    bool row;
    enum err e = db_row(d, q, &row);
    while (!e && row) {
        if (r->npeople == cap) {
            cap = cap ? 2 * cap : 64;
            struct store_person *more = realloc(r->people, cap * sizeof *more);
            if (!more) {
                e = ERR_NOMEM;
                break;
            }
            r->people = more;
        }
        struct store_person *p = &r->people[r->npeople++];
        memset(p, 0, sizeof *p);
        p->id = col_u32(q, 0);
        p->created_utc_ms = sqlite3_column_int64(q, 2);
        p->revoked = sqlite3_column_int(q, 3) != 0;
        p->revoked_utc_ms = sqlite3_column_int64(q, 4);
        e = col_str(q, 1, p->name, sizeof p->name);
        if (!e)
            e = db_row(d, q, &row);
    }
    db_reset(q);
    return e;
}

static enum err load_roles(struct db *d, struct store_people_load *r)
{
    size_t i = 0; /* both lists are by person */
    sqlite3_stmt *q = db_use(d, STMT_ROLES_LIST);
    bool row;
    enum err e = db_row(d, q, &row);
    while (!e && row) {
        while (i < r->npeople && r->people[i].id < col_u32(q, 0))
            i++;
        struct store_person *p = i < r->npeople ? &r->people[i] : NULL;
        if (!p || p->id != col_u32(q, 0) || p->nroles == sizeof p->roles / sizeof p->roles[0]) {
            e = ERR_CORRUPT;
            break;
        }
        struct viewer_role *role = &p->roles[p->nroles++];
        role->role = (enum role)sqlite3_column_int(q, 1);
        e = col_str(q, 2, role->team, sizeof role->team);
        if (!e)
            e = db_row(d, q, &row);
    }
    db_reset(q);
    return e;
}

static enum err load_certs(struct db *d, struct store_people_load *r)
{
    size_t cap = 0;
    sqlite3_stmt *q = db_use(d, STMT_CERTS_LIST);
    bind_int(q, 1, r->now_utc_ms);
    bool row;
    enum err e = db_row(d, q, &row);
    while (!e && row) {
        if (r->ncerts == cap) {
            cap = cap ? 2 * cap : 64;
            struct store_cert *more = realloc(r->certs, cap * sizeof *more);
            if (!more) {
                e = ERR_NOMEM;
                break;
            }
            r->certs = more;
        }
        struct store_cert *c = &r->certs[r->ncerts++];
        c->person = col_u32(q, 1);
        c->not_after_utc_ms = sqlite3_column_int64(q, 2);
        c->revoked = sqlite3_column_int(q, 3) != 0;
        e = col_bytes(q, 0, c->serial, sizeof c->serial);
        if (!e)
            e = db_row(d, q, &row);
    }
    db_reset(q);
    return e;
}

enum err store_people_load_run(struct db *d, struct store_people_load *r)
{
    enum err e = load_people(d, r);
    if (!e)
        e = load_roles(d, r);
    if (!e)
        e = load_certs(d, r);
    return e;
}

/* ---- certificates and codes ---- */

/* ERR_EXISTS: the serial is known. */
static enum err serial_free(struct db *d, const struct store_cert *c)
{
    sqlite3_stmt *q = db_use(d, STMT_CERT_GET);
    bind_bytes(q, 1, c->serial, sizeof c->serial);
    bool row;
    enum err e = db_row(d, q, &row);
    db_reset(q);
    return !e && row ? ERR_EXISTS : e;
}

static enum err insert_cert(struct db *d, const struct store_cert *c)
{
    sqlite3_stmt *q = db_use(d, STMT_CERT_INSERT);
    bind_bytes(q, 1, c->serial, sizeof c->serial);
    bind_int(q, 2, c->person);
    bind_int(q, 3, c->not_after_utc_ms);
    bind_int(q, 4, c->revoked);
    return db_write(d, q);
}

enum err store_cert_put_run(struct db *d, const struct store_cert_put *r)
{
    enum err e = person_active(d, r->cert.person);
    if (!e)
        e = serial_free(d, &r->cert);
    return e ? e : insert_cert(d, &r->cert);
}

/* What is known of a code. ERR_NOT_FOUND. */
struct code {
    uint32_t person;
    int64_t ends_utc_ms;
    bool used, revoked;
};

static enum err code_get(struct db *d, const uint8_t secret_hash[HASH_LEN], struct code *out)
{
    sqlite3_stmt *q = db_use(d, STMT_CODE_GET);
    bind_bytes(q, 1, secret_hash, HASH_LEN);
    bool row;
    enum err e = db_row(d, q, &row);
    if (e || !row)
        return e ? e : ERR_NOT_FOUND;
    out->person = col_u32(q, 0);
    out->ends_utc_ms = sqlite3_column_int64(q, 1);
    out->used = sqlite3_column_int(q, 2) != 0;
    out->revoked = sqlite3_column_int(q, 3) != 0;
    db_reset(q);
    return ERR_OK;
}

enum err store_code_put_run(struct db *d, const struct store_code_put *r)
{
    struct code known;
    enum err e = person_active(d, r->person);
    if (e)
        return e;
    e = code_get(d, r->secret_hash, &known);
    if (e != ERR_NOT_FOUND)
        return e ? e : ERR_EXISTS;
    e = revoke(d, STMT_CODES_REVOKE, r->person);
    if (e)
        return e;
    sqlite3_stmt *q = db_use(d, STMT_CODE_INSERT);
    bind_bytes(q, 1, r->secret_hash, HASH_LEN);
    bind_int(q, 2, r->person);
    bind_int(q, 3, r->ends_utc_ms);
    return db_write(d, q);
}

enum err store_code_use_run(struct db *d, struct store_code_use *r)
{
    struct code c;
    enum err e = code_get(d, r->secret_hash, &c);
    if (e && e != ERR_NOT_FOUND)
        return e;
    r->why = e                                ? "unknown"
             : c.used                         ? "used"
             : c.revoked                      ? "revoked"
             : c.ends_utc_ms <= r->now_utc_ms ? "expired"
                                              : NULL;
    if (r->why)
        return ERR_NOT_FOUND;
    r->cert.person = c.person;
    e = serial_free(d, &r->cert);
    if (e)
        return e;
    sqlite3_stmt *q = db_use(d, STMT_CODE_USED);
    bind_bytes(q, 1, r->secret_hash, HASH_LEN);
    e = db_write(d, q);
    return e ? e : insert_cert(d, &r->cert);
}
