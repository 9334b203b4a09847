#ifndef TANDEM_TESTS_LIB_LIFE_FLOW_H
#define TANDEM_TESTS_LIB_LIFE_FLOW_H

/* A record's life told as a story: the real daemon on loopback, real TLS, and the real `tandem` as
 * each of the site's people. A line of a story is what stands behind `tandem` on a command line,
 * words with blanks in 'single quotes'; in it REF and OTHER stand for the story's two records and
 * DAY+3 or DAY-3 for a day from today. Whatever does not happen as told fails the test. */

#include "tests/lib/daemon.h"

struct story {
    struct daemon d;
    char ref[32];   /* REF */
    char other[32]; /* OTHER */
    char *codes[24];
    bool enrolled[24];
};

/* Profiles by first name: ana FRO, ben FSW, cleo CSW, tom FTM, sue SM, hugh HOS of north; fay FTM,
 * rob FRO, sid FSW, stan SM, carl CSW of south; everywhere iris and ivor IRO, mae IROM, quin QA,
 * dora DIR, eve EXEC, lea LADO, bea BOARD, paul PANEL, sal SSL, cora COMP; olga operates (ADMIN).
 * Somebody enrols when they first act. */
void story_up(struct story *s);
void story_down(struct story *s);

/* ---- lines ---- */
/* Is done (exit code 0) and says `words` ("": whatever it likes). */
void story_do(struct story *s, const char *who, const char *line, const char *words);
/* The same with something to read on its standard input. */
void story_pipe(struct story *s, const char *who, const char *line, const char *input);
/* Ends with this exit code, says `words` (on stderr) and leaves every record's log as it was. */
void story_not(struct story *s, const char *who, const char *line, int exit_code,
               const char *words);
#define story_refused(s, who, line, words) story_not(s, who, line, 1, words)
/* What it prints on stdout when it is done. Returns new (free()). */
char *story_say(struct story *s, const char *who, const char *line);
/* `new ...` and the like: is done, and its --json names the record, which becomes REF (or OTHER).
 */
void story_new(struct story *s, const char *who, const char *line);
void story_new_other(struct story *s, const char *who, const char *line);

/* ---- what stands ---- */
void story_state(struct story *s, const char *code); /* of REF */
/* What REF's record asks of whom, by everybody's inboxes: "ben: agree; ana: agree", kinds of a
 * person behind each other with blanks, people in any order; nothing else may be there. And what an
 * inbox has, `next` has too, as that person's. */
void story_waits(struct story *s, const char *expected);
/* The value at PATH of what a line says with --json: "moves/-1/to" (-1: the last of a list).
 * Returns new, as the other two do. */
char *story_json(struct story *s, const char *who, const char *line, const char *path);
/* The same of `show REF`; awaited: what the server does by itself, a moment later. */
char *story_shown(struct story *s, const char *who, const char *path);
char *story_awaited(struct story *s, const char *who, const char *path);
/* One part of an answer there, as they may see it; "" when it is empty. Returns new. */
char *story_value(struct story *s, const char *who, const char *question, const char *part);

/* ---- writing ---- */
/* Answers all that is required in these sections ("A J"; NULL: in all), each person their part in
 * one `open --plain`: ana, ben, iris, tom, sue or cleo, by the roles that write there. Every grade
 * is "good" but for `grades`: "B1 inadequate, L1 requires_improvement". */
void story_fill(struct story *s, const char *sections, const char *grades);
/* Lines of `open --plain`, placeholders as above; each must be done. */
void story_write(struct story *s, const char *who, const char *lines);

/* ---- the end ---- */
/* Every signature is what its revision holds; then the daemon stops, `tandemd verify` and `rebuild`
 * and `verify` again find everything in order, and the logs, folded here, give at every move and
 * every signature of every record the revision and fingerprint that were written down there.
 * REF must have at least `moves` moves. */
void story_ends(struct story *s, size_t moves);

#endif
