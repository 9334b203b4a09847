#ifndef TANDEM_CLIENT_EDITOR_PLAIN_STATE_H
#define TANDEM_CLIENT_EDITOR_PLAIN_STATE_H

/* Inside the plain mode, shared by plain*.c. It stands on the editor's model (its questions, rows
 * and positions), and shows it in lines instead of cells. */

#include "client/editor/model_state.h"
#include "client/editor/plain.h"

/* What the person has last been told of a text. */
struct told {
    struct field field;
    struct buf text;
    /* somebody else has changed it since: */
    bool changed;
    uint32_t who[4];
    size_t nwho;
    int64_t tell_ms, latest_ms;
};

struct plain {
    struct replica *r;
    struct editor *ed; /* where I am; never drawn */
    plain_say_fn say;
    void *user;
    int64_t mono_ms;
    enum editor_line line;
    bool greeted, left, asked_to_leave;
    enum replica_saved saved;

    struct told *told;
    size_t ntold, cap_told;
    bool told_all_stale; /* the audit was read anew: nobody's words are new */

    bool writing;
    bool appending;
    struct field write_field;
    struct buf written;
    struct field text;           /* the live text that edit, insert and delete work on */
    bool says_steps, says_inbox; /* asked for: to be said when they are here */
    struct buf urgent;           /* my most urgent duty, as it was said */
    struct buf hinted;           /* hints that were said, one a line with its field */
    char prompt[64];
};

/* Formats a line, makes it safe and says it. */
void plain_say(struct plain *p, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* Text of several lines, each said by itself behind `indent`. */
void plain_say_text(struct plain *p, const char *indent, const char *utf8, size_t len);
void plain_show(struct plain *p); /* the current question */
/* The person knows what stands in this text now (they wrote it, or have just read it). */
void plain_told(struct plain *p, struct field f);
void plain_refused(struct plain *p, enum err e, const struct err_info *why);
/* One command. */
void plain_command(struct plain *p, const char *line);
/* A line of a text that is being written. */
void plain_write_line(struct plain *p, const char *line);

/* ---- plain_command.c ---- */
char *plain_take_word(char **args); /* cuts the first word off */
const struct audit *plain_audit(struct plain *p);
/* "B1.rationale", or without the question: "rationale", "[2].due". Says so when there is none. */
bool plain_find_field(struct plain *p, const char *where, struct field *f);

/* ---- plain_write.c ---- */
/* Before one's own edit: what others wrote there is told, so that it is not taken for one's own. */
void plain_edit_begins(struct plain *p);
void plain_edit_done(struct plain *p, struct field f, enum err e, const struct err_info *why);
void plain_run_write(struct plain *p, char *args);
void plain_run_append(struct plain *p, char *args);
void plain_run_lines(struct plain *p, char *args);
void plain_run_edit(struct plain *p, char *args);
void plain_run_insert(struct plain *p, char *args);
void plain_run_delete(struct plain *p, char *args);
void plain_run_undo(struct plain *p, char *args);
void plain_run_redo(struct plain *p, char *args);

/* ---- plain_hint.c ---- */
enum { HINTED_BYTES = 64 * 1024 }; /* of remembered hints; those beyond may be said again */
/* After one's own change: what it brought about that is worth a hint, each once. */
void plain_hint(struct plain *p, struct field f);

/* ---- plain_life.c ---- */
void plain_run_steps(struct plain *p, char *args);
void plain_run_sign(struct plain *p, char *args);
void plain_run_move(struct plain *p, char *args);
void plain_run_assign(struct plain *p, char *args);
void plain_run_flag(struct plain *p, char *args);
void plain_run_action(struct plain *p, char *args);
void plain_run_readers(struct plain *p, char *args);
void plain_run_inbox(struct plain *p, char *args);

/* ---- plain_answer.c ---- */
void plain_say_comments(struct plain *p, uint16_t question); /* the open ones */
void plain_run_set(struct plain *p, char *args);
void plain_run_clear(struct plain *p, char *args);
void plain_run_grade(struct plain *p, char *args);
void plain_run_add(struct plain *p, char *args);
void plain_run_remove(struct plain *p, char *args);
void plain_run_comments(struct plain *p, char *args);
void plain_run_comment(struct plain *p, char *args);
void plain_run_ask(struct plain *p, char *args);
void plain_run_reply(struct plain *p, char *args);
void plain_run_resolve(struct plain *p, char *args);
void plain_run_kept(struct plain *p, char *args);
void plain_run_forget(struct plain *p, char *args);

#endif
