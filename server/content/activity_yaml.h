#ifndef TANDEM_SERVER_CONTENT_ACTIVITY_YAML_H
#define TANDEM_SERVER_CONTENT_ACTIVITY_YAML_H

/* The calendar's activities as people write them: YAML (every key is explained at the top of
 * server/content/activities.yaml). A site's file says only what is different from the built-in
 * ones: a row with a code that there is takes its place, `off: yes` removes it, a new code is
 * added. Refusals begin with the file's name and, wherever it is known, the line. */

#include "server/rules/activity.h"

enum { ACTIVITIES_MAX_BYTES = 256 * 1024 };

/* `base` (borrowed; may be NULL) is what the file changes. Returns new in *out, checked as a whole;
 * activities_fini. ERR_INPUT, ERR_TOO_LARGE or ERR_NOMEM: *out is empty. */
MUST_CHECK enum err activity_yaml_parse(const char *name, const void *data, size_t len_bytes,
                                        const struct activities *base, struct activities *out,
                                        struct err_info *why);
/* The same from a file; also ERR_IO. */
MUST_CHECK enum err activity_yaml_load(const char *path, const struct activities *base,
                                       struct activities *out, struct err_info *why);
/* The activities that are built in. */
MUST_CHECK enum err activity_builtin(struct activities *out, struct err_info *why);

#endif
