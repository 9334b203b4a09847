#ifndef TANDEM_SERVER_CONTENT_YAML_PLACE_H
#define TANDEM_SERVER_CONTENT_YAML_PLACE_H

/* Where in a YAML text something stands: for error messages, after libcyaml (which knows lines of
 * what it is in, but not of what it has read) has refused it or something in it turned out wrong.
 * All lines count from 1; 0 = not found. */

#include <stddef.h>

struct yaml_source {
    const char *name; /* of the file, for people */
    const void *data;
    size_t len_bytes;
};

/* The line of the n-th (from 1) `key` at this depth of mappings and lists (the outermost
 * mapping is 1, a list in it 2, a mapping in that 3 ...). */
size_t yaml_place_of_key(const struct yaml_source *src, const char *key, size_t depth, size_t n);
/* The line of the last `key: value` at this depth. */
size_t yaml_place_of_pair(const struct yaml_source *src, const char *key, const char *value,
                          size_t depth);
/* The line of the first word `word` at or behind `from_line`. */
size_t yaml_place_of_word(const struct yaml_source *src, const char *word, size_t from_line);
/* The line where the text stops being YAML; what is wrong there goes to `what`. 0 when
 * it is YAML, or when memory ran out. */
size_t yaml_place_of_fault(const struct yaml_source *src, char *what, size_t cap);

#endif
