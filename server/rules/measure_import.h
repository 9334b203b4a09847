#ifndef TANDEM_SERVER_RULES_MEASURE_IMPORT_H
#define TANDEM_SERVER_RULES_MEASURE_IMPORT_H

/* A table of figures from a spreadsheet: one row for each measure, month, team and carer type, as
 * common/csv.h reads it. Which column holds what is found by its heading, or said. Every row is
 * looked at, and what needs to change is said with its row and column; nothing is to be added while
 * there is anything, unless the importer asks to leave such rows out. Pure. */

#include "common/csv.h"
#include "server/rules/measure_set.h"

enum import_column {
    IMPORT_MEASURE, /* must be there */
    IMPORT_MONTH,   /* must be there */
    IMPORT_TEAM,
    IMPORT_CARER_TYPE,
    IMPORT_N, /* must be there */
    IMPORT_D,
    IMPORT_COLUMNS
};
/* "measure", and the headings by which it is found as well: "measure, code". */
const char *import_column_name(enum import_column c);
const char *import_column_headings(enum import_column c);

struct import_options {
    /* "measure=Indicator; n=Number met; d=C": which heading, or else which column by its letters,
     * holds what; "" or what is not named here: by its usual heading */
    const char *map;
    bool skip_bad;      /* leave out rows that cannot be, and add the others */
    const char *reason; /* of corrections; "": a value that differs from one there is refused */
    struct measure_known known;
    struct civil today;
    int64_t now_utc_ms;
    uint32_t by;
    const char *file; /* its name, kept with each value */
    uint64_t next_id; /* of the first value */
};

struct import_fault {
    size_t row;     /* as a spreadsheet numbers it */
    size_t column;  /* from 0; IMPORT_NO_COLUMN: the row as a whole */
    char text[360]; /* "row 7, column D (n): ..." */
};
#define IMPORT_NO_COLUMN ((size_t)-1)
enum { IMPORT_MOST_FAULTS = 100 }; /* kept; all are counted */

struct import_result {            /* {0} is an empty one */
    struct measure_value *values; /* to be added, with ids from next_id on */
    size_t n;
    size_t rows;                 /* read, without the headings */
    size_t unchanged;            /* said what was there already */
    size_t corrected;            /* among `values` */
    size_t nfaults;              /* found; at most IMPORT_MOST_FAULTS are in `faults` */
    struct import_fault *faults; /* with skip_bad: what was left out */
};
void import_result_free(struct import_result *r); /* leaves an empty one */

/* Looks at every row. ERR_OK: `values` may be added as they are (with skip_bad: `faults` were left
 * out). ERR_INPUT: columns are missing or unknown, or there are faults; the sentence says how many
 * and the first of them, `faults` has them, `values` is empty. ERR_NOMEM. Changes nothing in `s`.
 */
MUST_CHECK enum err measure_import(const struct measure_set *s, const struct csv *table,
                                   const struct import_options *o, struct import_result *out,
                                   struct err_info *why);

#endif
