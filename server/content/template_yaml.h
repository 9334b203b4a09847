#ifndef TANDEM_SERVER_CONTENT_TEMPLATE_YAML_H
#define TANDEM_SERVER_CONTENT_TEMPLATE_YAML_H

/* Templates as people write them: YAML (every key is explained in server/content/README.md). Errors
 * begin with the file's name and, wherever it is known, the line: "own.yaml:12: question B1: ...".
 */

#include "common/audit/template.h"

/* Returns new, validated. `name` stands in the errors only. ERR_INPUT, ERR_TOO_LARGE or ERR_NOMEM.
 */
MUST_CHECK enum err template_yaml_parse(const char *name, const void *data, size_t len_bytes,
                                        struct template **out, struct err_info *why);
/* The same from a file; also ERR_IO when it cannot be read. */
MUST_CHECK enum err template_yaml_load(const char *path, struct template **out,
                                       struct err_info *why);

/* The templates that are built in. */
const char *const *template_builtin_ids(void); /* "FCA" ..., NULL-terminated */
/* Returns new; ERR_NOT_FOUND when there is none of this id. */
MUST_CHECK enum err template_builtin(const char *id, struct template **out, struct err_info *why);

#endif
