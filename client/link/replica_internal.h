#ifndef TANDEM_CLIENT_LINK_REPLICA_INTERNAL_H
#define TANDEM_CLIENT_LINK_REPLICA_INTERNAL_H

/* The replica's inside, for its own sources and for the link that moves its batches. Nobody else
 * includes this.
 *
 * What is typed becomes operations (struct pending) in batches (struct batch). A batch is *open*
 * (the last one, never sent; further operations join it), then sent under its number until the
 * server has acknowledged exactly that number; its bytes never change once they were sent.
 * Numbers are gap-free per agent. */

#include "client/link/replica.h"

enum {
    REPLICA_MAX_TEXT_CP = 256 * 1024, /* of one answer; the server's limit, told before sending */
    REPLICA_MAX_COMMENT_CP = 4000,
    BATCH_OPEN_BYTES = 24 * 1024, /* no more joins a batch of this size: with one more piece ... */
    PIECE_BYTES = 16 * 1024,      /* ... of this size it is still below EVENT_MAX_BYTES */
    BATCH_OPEN_OPS = 512,
    UNDO_STEPS = 500, /* per answer; the oldest go */
};

/* One operation that is not acknowledged. Owns what it points to. */
struct pending {
    enum op_kind kind;
    struct field field;
    struct buf blob;  /* TEXT */
    struct buf words; /* TEXT: what it inserted, to be kept when it is refused */
    size_t chars;     /* TEXT: inserted or struck out */
    char *value;      /* SET, COMMENT_ADD, COMMENT_REPLY */
    uint64_t base_rev;
    /* SET: it rests on a choice of mine that is still unacknowledged and will give base_rev; until
     * then the batch cannot be sent. */
    bool base_is_own;
    uint64_t comment;
    bool on_words, must_answer;
    struct text_anchor start, end;
    char *quote; /* COMMENT_ADD on words: the words, to find them again */
};

struct batch {
    uint64_t no;
    struct pending *ops;
    size_t nops, cap;
    size_t bytes;     /* about, of the encoded body */
    bool sent;        /* at least once, perhaps over an earlier line */
    uint32_t request; /* its number on the present line; 0 = not on its way */
    struct buf body;  /* encoded, once sent */
};

struct name {
    uint32_t person;
    char *name; /* safe to print */
};

struct undo_step {
    struct buf *blobs; /* in the order in which they were made */
    size_t nblobs, cap;
    uint64_t group;
};
struct undo_stack {
    struct undo_step *steps;
    size_t n, cap;
};
struct undo_field {
    struct field field;
    struct undo_stack undo, redo;
};

struct kept {
    struct field field;
    char *words, *why, *where;
};

struct replica {
    char ref[32];
    struct template *template;
    struct audit *audit;
    struct viewer me;
    uint32_t agent;      /* 0: only reading, or not yet joined */
    uint32_t next_local; /* n of the next item or comment id */
    uint64_t acked_no;   /* last acknowledged batch of `agent` */
    bool online;         /* in the room (for the status line) */
    bool only_read;
    bool need_fresh;       /* what is on the screen is not what stands: join again from nothing */
    struct field *blocked; /* answers that wait for that; writing in them is refused meanwhile */
    size_t nblocked;

    struct batch **batches;
    size_t nbatches, batches_cap;

    struct undo_field *undo;
    size_t nundo;
    uint64_t undo_group;

    struct kept *kept;
    size_t nkept;

    struct name *names;
    size_t nnames;
    struct replica_present *here;
    size_t nhere;

    /* my cursor */
    struct field cursor_field;
    size_t cursor_head_cp, cursor_tail_cp;
    struct text_anchor cursor_head, cursor_tail;
    bool cursor_text, cursor_selection;
    bool cursor_dirty;    /* others do not know */
    bool cursor_inferred; /* they know it from what I typed; say it when there is time */

    uint64_t version;
    uint64_t unsaved_version; /* grows with every change to what is not acknowledged */
    bool renumbered; /* a batch has another number than a recovery file may say: save before sending
                      */
    replica_news_fn news;
    void *news_user;

    /* caches behind const reads */
    char name_buf[32], initials_buf[16];
    uint64_t read_only_version;
    struct err_info read_only_why;
    bool read_only_cached, read_only_is;
};

struct replica *replica_new(void); /* or NULL */
void replica_set_me(struct replica *r, const struct viewer *me);
void replica_set_online(struct replica *r, bool online);

/* ---- people ---- */
void replica_put_name(struct replica *r, uint32_t person, const char *name);
void replica_here_clear(struct replica *r);
/* `gone` takes them away. `news`: tell it. */
void replica_here_put(struct replica *r, const struct replica_present *p, bool gone, bool news);
void replica_here_moved(struct replica *r, uint32_t person, uint32_t agent, struct field f,
                        const struct text_anchor *head, const struct text_anchor *tail);

/* ---- joining ---- */
struct replica_joined {
    uint32_t agent;
    uint64_t batch_no;
    struct template *template; /* taken; NULL = the one that is held */
    const void *snapshot;      /* NULL = only the events */
    size_t snapshot_len;
    const struct event *events;
    size_t nevents;
    bool after_break; /* sum up what others did */
};
/* ERR_CORRUPT: what came does not fit what is here; join again from nothing. ERR_REJOIN: joined,
 * but a fresh snapshot is needed to go on (join again from nothing, as the new agent). */
MUST_CHECK enum err replica_join(struct replica *r, const struct replica_joined *j,
                                 struct err_info *why);
/* An event by somebody else (or one's own, from another line). */
MUST_CHECK enum err replica_event(struct replica *r, const struct event *e, struct err_info *why);
MUST_CHECK enum err replica_acked(struct replica *r, uint64_t batch_no, uint64_t seq,
                                  int64_t utc_ms, struct err_info *why);

struct replica_refusal {
    uint64_t batch_no;
    enum err code;
    const char *text;
    const char *their_value;
    uint32_t their_person;
};
void replica_refused(struct replica *r, const struct replica_refusal *x);

/* ---- batches ---- */
/* The next batch to send, encoded, or NULL: none, or it must wait for an acknowledgement. Mark it
 * with its request number. */
struct batch *replica_next_batch(struct replica *r);
size_t replica_in_flight_bytes(const struct replica *r);
void replica_line_lost(struct replica *r); /* nothing is on its way any more */
struct batch *replica_batch_of_request(struct replica *r, uint32_t request); /* or NULL */

/* Room for one more operation in the open batch (made when there is none). The result stays valid
 * until the next call. NULL: no memory. */
struct pending *batch_add(struct replica *r, enum op_kind kind, struct field f, size_t bytes);
/* The field's OP_TEXT in the open batch, made when missing. */
struct pending *batch_text(struct replica *r, struct field f, size_t bytes);
struct pending *batch_find_open(struct replica *r, enum op_kind kind, struct field f); /* or NULL */
void batch_free(struct batch *b);
void batch_remove_op(struct replica *r, size_t batch, size_t op); /* an empty batch stays */
void batches_tidy(struct replica *r); /* drops empty ones, numbers the rest from acked_no + 1 */
/* Fills a view of the batch (its ops point into it). `ops` has room for nops. */
void batch_view(const struct batch *b, uint32_t agent, struct audit_op *ops,
                struct event_body *out);
/* A batch that is not full, and may be written to. */
struct batch *batch_new_last(struct replica *r);
void pending_fini(struct pending *p);
void pending_op(const struct pending *p, struct audit_op *op);

/* ---- inside ---- */
void replica_changed(struct replica *r);
void replica_tell(struct replica *r, const struct replica_news *n);
/* r->audit has been read fresh: shows the pending work on it again. Under the same agent the very
 * operations are applied; under another one (old_agent != r->agent), or where they do not fit, the
 * work is made again. `j` is what r->audit was made from. */
MUST_CHECK enum err remake(struct replica *r, uint32_t old_agent, const struct replica_joined *j);
void keep_words(struct replica *r, struct field f, const char *words, const char *why);
/* The same from a recovery file, which knows where it was. */
void keep_words_of(struct replica *r, struct field f, const char *where, const char *words,
                   const char *why);
void kept_free_all(struct replica *r);

MUST_CHECK enum err undo_note(struct replica *r, struct field f, const void *blob, size_t len);
void undo_forget(struct replica *r, const struct field *f); /* NULL: all of them */

/* What an edit needs before it may begin; *text is the live text. */
MUST_CHECK enum err write_begin(struct replica *r, struct field f, struct text **text,
                                struct err_info *why);
/* Adds a blob that was applied to the live text to the open batch. */
MUST_CHECK enum err write_blob(struct replica *r, struct field f, const struct buf *blob,
                               const void *words, size_t words_len, size_t chars);
/* Inserts words that are checked, in pieces that fit into batches. */
MUST_CHECK enum err write_pieces(struct replica *r, struct field f, struct text *t, size_t pos_cp,
                                 const uint8_t *p, size_t len);
void cursor_follow(struct replica *r, struct field f, bool inserted);

/* ---- catching up ---- */
struct caught_up;
struct caught_up *caught_up_new(void); /* or NULL */
void caught_up_free(struct caught_up *c);
/* To be called before and after an event is applied. */
void caught_up_event(struct caught_up *c, const struct replica *r, const struct event *e,
                     bool after);
/* Instead, when a whole snapshot came: r->audit compared with what was known `before`. */
void caught_up_snapshot(struct caught_up *c, const struct replica *r, const struct audit *before);
/* NEWS_CAUGHT_UP, when there was anything. */
void caught_up_tell(struct caught_up *c, struct replica *r);

/* ---- the recovery file's content ---- */
/* Into an empty replica. ERR_INPUT: not made by replica_save, or for another audit. */
MUST_CHECK enum err replica_restore(struct replica *r, const void *data, size_t len,
                                    struct err_info *why);

#endif
