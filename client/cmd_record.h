#ifndef TANDEM_CLIENT_CMD_RECORD_H
#define TANDEM_CLIENT_CMD_RECORD_H

/* What meetings and challenges have in common: records of a fixed template whose answers the
 * command fills in, found by what the rules use them for (common/audit/template.h). */

#include "client/session.h"

/* A command of several words ("meeting new"). */
struct subcommand {
    const char *name; /* NULL: the last row */
    int nargs;        /* with the name */
    int (*run)(const struct cli *c);
    const char *needs; /* what must stand behind it, for a person */
};
int subcommand_run(const struct cli *c, const struct subcommand *rows);

/* The newest template with this id; returns new in *out (template_free). */
MUST_CHECK enum err record_template(struct session *s, const char *id, struct template **out);

/* A new record's first answers. Values are borrowed until it has been asked for. */
enum { RECORD_VALUES = 8 };
struct record_new {
    Tandem__NewAudit ask;
    Tandem__Value values[RECORD_VALUES], *list[RECORD_VALUES];
    char where[RECORD_VALUES][48];
    char *children[CLI_MAX_ARGS];
    char ref[64]; /* of what was made */
};
/* Children, carer and team come from the options; borrows all of it, and must not move. */
void record_init(struct record_new *x, const struct cli *c, const struct template *t);
/* The answer that is used for `use`; without such a question, or with NULL or "", nothing. */
void record_value(struct record_new *x, const struct template *t, const char *use, enum part part,
                  const char *value);
/* Makes it; its reference is in x->ref. */
MUST_CHECK enum err record_make(struct session *s, struct record_new *x);

/* In the room (session_join): the question's field; ERR_INPUT when the record has none such. */
MUST_CHECK enum err record_field(struct session *s, const char *use, enum part part,
                                 struct field *out);
/* Words or a value into it; session_flush makes it sure. */
MUST_CHECK enum err record_write(struct session *s, const char *use, enum part part,
                                 const char *value);

/* Prints the records made from this template that the asker may see; an exit code. */
int record_list(const struct cli *c, const char *template_id, const char *none);

#endif
