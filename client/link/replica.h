#ifndef TANDEM_CLIENT_LINK_REPLICA_H
#define TANDEM_CLIENT_LINK_REPLICA_H

/* The open audit on this side of the line: what the server has confirmed, and what was typed here
 * and is not confirmed yet. Edits show at once; they are gathered into batches and stay until they
 * are acknowledged, whatever the line does meanwhile. The editor, the plain mode, the subcommands
 * and the simulator all work on this. Pure: no I/O, no clock. The link (link.h) moves its batches.
 */

#include "common/audit/audit.h"

struct replica;

/* Who is in the room. */
struct replica_present {
    uint32_t person;
    uint32_t agent;
    enum role role;
    const char *name;   /* borrowed until the next change */
    struct field field; /* question 0: nowhere in particular */
    bool has_cursor, has_selection;
    struct text_anchor head, tail;
    int64_t since_utc_ms;
    bool me;
};

/* One line that always tells the truth. */
enum replica_saved {
    REPLICA_SAVED,     /* everything typed here is on the server's disk */
    REPLICA_UNSAVED,   /* n characters (or answers) on their way */
    REPLICA_OFFLINE,   /* no line; n characters kept here */
    REPLICA_READ_ONLY, /* nothing can be written at all in this room now; `why` says why */
};
struct replica_status {
    enum replica_saved saved;
    size_t pending_chars; /* typed or struck out here, not acknowledged */
    size_t pending_ops;   /* other changes not acknowledged */
    const char *why;      /* READ_ONLY; borrowed */
};

/* ---- reading ---- */
const struct audit *replica_audit(const struct replica *r); /* NULL before the first join */
const struct viewer *replica_me(const struct replica *r);
uint32_t replica_agent(const struct replica *r);
struct replica_status replica_status(const struct replica *r);
/* As audit_value, with one's own unconfirmed choice on top (*pending says so). */
struct audit_value replica_value(const struct replica *r, struct field f, bool *pending);
size_t replica_present_count(const struct replica *r);
struct replica_present replica_present_at(const struct replica *r, size_t i);
/* Short name of anybody named by number in the audit; "person 12" when not known. Borrowed. */
const char *replica_name(const struct replica *r, uint32_t person);
/* "AF": two letters for a cursor. Borrowed until the next call. */
const char *replica_initials(const struct replica *r, uint32_t person);
/* Who owns this agent (0 when not known). */
uint32_t replica_agent_person(const struct replica *r, uint32_t agent);
/* Grows with every change that a screen could show. */
uint64_t replica_version(const struct replica *r);

/* ---- writing ----
 * ERR_REFUSED_*: one may not (the reason in `why`); nothing has happened. */
MUST_CHECK enum err replica_insert(struct replica *r, struct field f, size_t pos_cp,
                                   const char *utf8, size_t len_bytes, struct err_info *why);
MUST_CHECK enum err replica_delete(struct replica *r, struct field f, size_t start_cp,
                                   size_t end_cp, struct err_info *why);
/* Replaces the whole text by the smallest difference (text_replace). */
MUST_CHECK enum err replica_replace(struct replica *r, struct field f, const char *utf8,
                                    size_t len_bytes, struct err_info *why);
/* One's own edits in this field only, newest first; edits in quick succession (`group` equal) are
 * one step. ERR_NOT_FOUND: nothing to undo. *pos_cp: where it happened. */
void replica_undo_boundary(struct replica *r); /* what follows is a new step */
MUST_CHECK enum err replica_undo(struct replica *r, struct field f, size_t *pos_cp,
                                 struct err_info *why);
MUST_CHECK enum err replica_redo(struct replica *r, struct field f, size_t *pos_cp,
                                 struct err_info *why);
MUST_CHECK enum err replica_set(struct replica *r, struct field f, const char *value,
                                struct err_info *why);
MUST_CHECK enum err replica_item_add(struct replica *r, uint16_t question, enum part list,
                                     uint64_t *item, struct err_info *why);
MUST_CHECK enum err replica_item_remove(struct replica *r, uint16_t question, enum part list,
                                        uint64_t item, struct err_info *why);
/* On words: start_cp < end_cp of the field's live text; else on the whole answer. */
MUST_CHECK enum err replica_comment(struct replica *r, struct field f, bool on_words,
                                    size_t start_cp, size_t end_cp, bool must_answer,
                                    const char *text, uint64_t *comment, struct err_info *why);
MUST_CHECK enum err replica_reply(struct replica *r, uint64_t comment, const char *text,
                                  struct err_info *why);
MUST_CHECK enum err replica_resolve(struct replica *r, uint64_t comment, struct err_info *why);
/* Where my cursor is; sent when it has changed (not stored). tail = head when nothing is selected.
 */
void replica_set_cursor(struct replica *r, struct field f, size_t head_cp, size_t tail_cp);

/* ---- words that the server refused ----
 * They stay here and in the recovery file until somebody decides to let them go. */
struct replica_kept {
    struct field field;
    const char *where; /* its address as people write it, at the time; may be "" */
    const char *words; /* borrowed until the next change */
    const char *why;
};
size_t replica_kept_count(const struct replica *r);
struct replica_kept replica_kept_at(const struct replica *r, size_t i);
void replica_kept_forget(struct replica *r, size_t i);

/* What a program that is gone has left in its recovery file, to be looked at (kept words, status)
 * and written back; nothing of it is sent. Returns new (replica_free). */
MUST_CHECK enum err replica_of_recovery(const char *ref, const void *data, size_t len,
                                        struct replica **out, struct err_info *why);
/* The same content again; nothing is appended when there is nothing to keep. */
void replica_save(const struct replica *r, struct buf *out);
void replica_free(struct replica *r); /* NULL is allowed; not for a link's own */

/* ---- what happened (for notices, the plain mode, follow) ---- */
enum replica_news_kind {
    NEWS_EVENT, /* an event by somebody (or oneself: the acknowledgement) was folded */
    NEWS_CAME,  /* somebody entered; person */
    NEWS_WENT,
    NEWS_MOVED,    /* somebody's cursor is elsewhere */
    NEWS_CONFLICT, /* my choice met theirs: field, theirs, person; theirs stands now */
    NEWS_REFUSED, /* a batch of mine was refused: text says why, what was typed is kept in `kept` */
    NEWS_CAUGHT_UP, /* back online: text sums up what others did meanwhile */
};
struct replica_news {
    enum replica_news_kind kind;
    uint32_t person;
    struct field field;
    uint64_t seq;
    int64_t utc_ms;
    const struct event *event; /* NEWS_EVENT; borrowed */
    const char *text;          /* a sentence; NULL for NEWS_EVENT */
    const char *theirs;
    const char
        *kept; /* NEWS_REFUSED: the words that could not be stored; also in the recovery file */
};
/* Called from inside link_receive and the like, after the replica has changed. May read the
 * replica, must not write to it. */
typedef void (*replica_news_fn)(void *user, const struct replica_news *news);
void replica_on_news(struct replica *r, replica_news_fn fn, void *user);

#endif
