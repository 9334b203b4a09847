#ifndef TANDEM_SERVER_OFFLINE_H
#define TANDEM_SERVER_OFFLINE_H

/* Commands that work on the data directory themselves, because no server is running on it. */

#include "server/api/projection.h"
#include "server/site.h"

/* Makes a site: authority, settings, database, the built-in templates, and its first person
 * ("admin", role ADMIN), whose enrolment code is in `text`. Nothing stays when it fails. The exit
 * code; `text` is for stderr when it is not 0. */
int offline_init(const char *dir, const char *name, const char *const *hosts, size_t nhosts,
                 struct buf *text);

/* Stores the built-in templates that the site does not have yet, because it was made before they
 * were. One that is there is left as it is: a used version is frozen. What goes wrong is not told
 * here: the server meets it too when it opens the same files, and says so. */
void offline_add_builtins(const char *dir);

/* The rules by which the store keeps what people have to do, as the server on `dir` has them: with
 * its settings and the people there are now. *out holds what they borrow, until offline_rules_free
 * (also after an error). */
struct offline_rules {
    struct clock_values clock;
    struct holidays holidays;
    struct people *people;
    struct projection_from from;
    struct store_rules rules;
};
MUST_CHECK enum err offline_rules_load(const char *dir, struct offline_rules *out,
                                       struct err_info *why);
void offline_rules_free(struct offline_rules *r);

/* An admin command (server/api/admin.h) with the store opened for it alone. */
int offline_admin(const char *dir, int argc, const char *const *argv, const void *attachment,
                  size_t attachment_len, struct buf *text);

#endif
