#ifndef TANDEM_TESTS_LIB_TRACES_H
#define TANDEM_TESTS_LIB_TRACES_H

/* Recorded typing for benchmarks: gzip JSON as published in josephg/editing-traces, or made here
 * when there is none. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/buf.h"

struct patch {
    uint32_t pos_cp;
    uint32_t deleted_cp;
    uint32_t ins; /* offset in trace.words */
    uint32_t ins_bytes;
    uint32_t ins_cp;
};

struct txn {
    uint32_t agent;
    uint32_t first, n; /* patches */
    uint32_t first_parent, n_parents;
    uint64_t time_ms;
};

struct trace {
    char name[40];
    struct patch *patches;
    size_t n_patches;
    struct txn *txns;
    size_t n_txns;
    uint32_t *parents;
    size_t n_parents;
    uint32_t n_agents; /* over 1: concurrent */
    struct buf words;
    struct buf end; /* the text at the end */
    size_t typed_cp, typed_bytes, deleted_cp;
    bool ascii;
};

/* NULL: there is no such file, or it is not a trace (said on stderr). */
struct trace *trace_load(const char *dir, const char *name);
/* As a person writes a paper: runs of keys, backspaces, jumps, a paste now and then. */
struct trace *trace_paper(const char *name, size_t n_patches, size_t jump_every, uint64_t seed);
/* An empty one, to be filled with trace_add; `end` is left to the caller. */
struct trace *trace_new(const char *name);
void trace_add(struct trace *t, size_t pos, size_t deleted, const char *utf8, size_t len_bytes);
void trace_free(struct trace *t);

#endif
