#ifndef TANDEM_SERVER_STORE_MEM_STATE_H
#define TANDEM_SERVER_STORE_MEM_STATE_H

/* What store_mem keeps, as plain arrays, and how one request changes it. Not for users of the
 * store. It serves tests: when memory runs out the process ends. */

#include "server/store/store.h"

struct mem_list {
    void *items;
    size_t n, cap;
};

/* Bytes that several states may hold; never changed once made. */
struct mem_blob {
    unsigned refs;
    size_t len;
    uint8_t bytes[];
};

struct mem_event {
    uint64_t seq;
    int64_t utc_ms;
    uint32_t actor;
    uint8_t hash[HASH_LEN];
    struct mem_blob *body;
};
struct mem_snapshot {
    uint64_t seq;
    uint32_t nth; /* counts the audit's snapshots from 1 */
    struct mem_blob *data;
};
struct mem_audit { /* number = index + 1 */
    char ref[32];
    uint32_t next_agent;
    struct store_summary summary;
    struct mem_list events;    /* struct mem_event; none: only reserved */
    struct mem_list members;   /* struct store_member, by person */
    struct mem_list duties;    /* struct store_duty */
    struct mem_list snapshots; /* struct mem_snapshot, by seq */
};
struct mem_counter {
    char template_id[32];
    int year;
    uint32_t last;
};
struct mem_code {
    uint8_t secret_hash[HASH_LEN];
    uint32_t person;
    int64_t ends_utc_ms;
    bool used, revoked;
};
struct mem_template {
    char id[32];
    uint32_t version;
    struct mem_blob *data;
};
struct mem_setting {
    char name[64];
    char value[512];
};

struct mem_state {
    struct mem_list audits;    /* struct mem_audit */
    struct mem_list counters;  /* struct mem_counter */
    struct mem_list reads;     /* struct store_read_row */
    struct mem_list people;    /* struct store_person, number = index + 1 */
    struct mem_list certs;     /* struct store_cert */
    struct mem_list codes;     /* struct mem_code */
    struct mem_list templates; /* struct mem_template, by id and version */
    struct mem_list settings;  /* struct mem_setting */
};

/* Adds room for one item at the end and returns it, zeroed. */
void *mem_list_add(struct mem_list *l, size_t item_size);
#define MEM_ADD(type, list)   ((type *)mem_list_add((list), sizeof(type)))
#define MEM_AT(type, list, i) (&((type *)(list)->items)[i])

struct mem_blob *mem_blob_new(const void *data, size_t len);
struct mem_blob *mem_blob_ref(struct mem_blob *b);
void mem_blob_unref(struct mem_blob *b); /* NULL is allowed */

/* A second state with the same content; the blobs are shared. */
void mem_state_copy(struct mem_state *to, const struct mem_state *from);
void mem_state_fini(struct mem_state *s);

/* Carries out one well-formed request of any kind at once: results in the request, returns its
 * error. A request that fails has changed nothing. */
MUST_CHECK enum err mem_state_run(struct mem_state *s, struct store_req *r);

/* ---- parts of it: mem_queries.c ---- */
MUST_CHECK enum err mem_list_audits(const struct mem_state *s, struct store_list_audits *r);
MUST_CHECK enum err mem_duties(const struct mem_state *s, struct store_duties *r);
MUST_CHECK enum err mem_find_audits(const struct mem_state *s, struct store_find_audits *r);

#endif
