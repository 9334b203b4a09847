#ifndef TANDEM_SERVER_CONTENT_YAML_REFUSE_H
#define TANDEM_SERVER_CONTENT_YAML_REFUSE_H

/* How a YAML file is refused: one sentence that begins with the file's name and, wherever it is
 * known, the line, "own.yaml:12: ...", and says what to do. For what libcyaml refuses and for what
 * turns out wrong in what it has read. */

#include <cyaml/cyaml.h>
#include <stdbool.h>

#include "common/err.h"
#include "server/content/yaml_place.h"

struct yaml_loader { /* src and why are set by who loads */
    struct yaml_source src;
    struct err_info *why;
    /* what libcyaml said, in the order it said it */
    char said[200];
    size_t line;        /* the innermost it named */
    size_t entry_line;  /* of the innermost list entry it named */
    bool more_than_one; /* documents */
};

/* libcyaml's log_fn; its log_ctx is the loader, its log_level CYAML_LOG_WARNING. */
void yaml_loader_log(cyaml_log_t level, void *loader, const char *fmt, va_list args)
    __attribute__((format(printf, 3, 0)));
/* Returns `code`; line 0: not known. `text` is made safe to show. */
enum err yaml_refuse_at(struct yaml_loader *l, enum err code, size_t line, const char *text);
/* Why libcyaml did not read it: ERR_INPUT or ERR_NOMEM. */
enum err yaml_refuse(struct yaml_loader *l, cyaml_err_t code);
/* Reads the file src.name, at most `most` + 1 bytes of it. Returns new: free(*data). ERR_IO or
 * ERR_NOMEM with a sentence; *data is NULL then. */
MUST_CHECK enum err yaml_loader_read(struct yaml_loader *l, size_t most, void **data,
                                     size_t *len_bytes);

#endif
