#ifndef TANDEM_COMMON_AUDIT_AUDIT_IMPL_H
#define TANDEM_COMMON_AUDIT_AUDIT_IMPL_H

/* What an audit is made of, for the files of this folder only. Everything is sorted arrays: an
 * audit has some hundred fields and is read far more often than it grows. */

#include <string.h>

#include "common/audit/audit.h"

enum { AUDIT_MAX_TEAM = sizeof((struct viewer_role *)0)->team - 1 };

struct cell {
    struct field field;
    uint64_t rev;
    int64_t utc_ms;
    char *value; /* owned; never NULL */
    uint32_t by;
};

struct live_text {
    struct field field;
    struct text *text;
    bool was_empty;  /* when progress was last told */
    bool handed_out; /* to audit_text_edit: may change without our knowing */
};

struct list_item {
    uint16_t question, part;
    uint32_t by;
    uint64_t rev; /* 0: only here so far; sorts last */
    uint64_t id;
};

struct agent {
    uint32_t agent, person;
    uint64_t batch_no, batch_seq;
    uint32_t item_n, comment_n; /* highest n used in an id */
};

struct progress_cache {
    bool fresh;
    struct audit_progress sums;
    uint8_t state[]; /* enum question_state, by question number - 1 */
};

#define VEC(type)                                                                                  \
    struct {                                                                                       \
        type *at;                                                                                  \
        size_t len, cap;                                                                           \
    }

struct audit {
    const struct template *t; /* kept */
    uint64_t seq;
    int64_t utc_ms;
    char *ref, *team, *carer_ref, *period_from, *period_to;
    char **child_refs;
    size_t nchild_refs;
    enum audit_state state;
    int64_t created_utc_ms;
    uint32_t created_by;
    char *planned, *first_planned, *way_in, *source; /* NULL: "" */
    uint64_t revision;
    uint32_t moderator, stage;
    size_t standing;                        /* how many of the signatures stand */
    VEC(struct audit_move) moves;           /* these are in order; what they point to is owned */
    VEC(struct audit_signature) signatures; /* */
    VEC(struct audit_assigned) assigned;    /* */
    VEC(struct audit_flag) flags;           /* */
    VEC(struct audit_glass) glasses;        /* */
    VEC(struct audit_link) links;           /* */
    VEC(struct cell) cells;                 /* by field_compare */
    VEC(struct live_text) texts;            /* by field_compare */
    VEC(struct list_item) items;            /* by question, part, then in order of addition */
    VEC(struct audit_comment) comments;     /* in order of creation; strings and replies owned */
    VEC(struct audit_member) members;       /* by person; sections owned */
    VEC(struct agent) agents;               /* by agent */
    struct progress_cache *progress;        /* a cache: changes in a const audit too */
    bool *moderation; /* by question number - 1: is it in a moderator's section? */
};

/* Room for one more in a VEC; false without memory. */
bool audit_vec_grow(void *at, size_t *cap, size_t len, size_t size);
#define VEC_ROOM(v) audit_vec_grow(&(v).at, &(v).cap, (v).len, sizeof *(v).at)

/* Where `f` is, or where it belongs (then *found is false). */
size_t audit_cell_index(const struct audit *a, struct field f, bool *found);
size_t audit_text_index(const struct audit *a, struct field f, bool *found);
size_t audit_agent_index(const struct audit *a, uint32_t agent, bool *found);
size_t audit_member_index(const struct audit *a, uint32_t person, bool *found);
/* The list's items are [*start, *end) of a->items. */
void audit_item_range(const struct audit *a, uint16_t question, uint16_t part, size_t *start,
                      size_t *end);
struct list_item *audit_item_find(const struct audit *a, uint16_t question, uint16_t part,
                                  uint64_t id); /* or NULL */
/* The list that `f` is or whose item it is in; else PART_NONE. */
enum part audit_list_of(struct field f);
/* An item's field needs the item. True for fields that are in no list. */
bool audit_field_is_there(const struct audit *a, struct field f);

enum err audit_text_get(struct audit *a, struct field f, struct live_text **out); /* makes it */
bool audit_text_is_blank(const struct text *t); /* nobody ever wrote in it */

/* The field's emptiness may have changed: progress is reckoned anew when next asked for. */
static inline void audit_touch(struct audit *a)
{
    a->progress->fresh = false;
}

/* A copy that the caller owns (NULL counts as ""); NULL without memory. */
char *audit_copy_str(const char *s);
/* Sets the string to a copy. */
MUST_CHECK enum err audit_replace_str(char **where, const char *s);

/* ---- its life (audit_life.c) ---- */
MUST_CHECK enum err audit_apply_life(struct audit *a, const struct event *ev,
                                     const struct audit_op *op);
/* Event `seq` changed the content. */
void audit_content_changed(struct audit *a, uint64_t seq);
void audit_life_free(struct audit *a);
size_t audit_life_bytes(const struct audit *a);
/* Does the operation change the content, so that signatures are on something else now? */
bool audit_op_is_content(const struct audit *a, const struct audit_op *op);
struct audit_flag *audit_flag_find(const struct audit *a, uint64_t seq); /* or NULL */

/* Somebody's part in the audit, found once for many questions about fields. */
struct audit_part {
    uint32_t person;
    enum role role; /* ROLE_NONE: none, sees nothing */
    role_set roles; /* a member has one part; who reads by their roles at the site may have several;
                     * who looks through broken glass has none */
    bool member;
    bool glass;           /* sees by break-glass only */
    const char *sections; /* borrowed */
};
struct audit_part audit_part_of(const struct audit *a, const struct viewer *v);
/* Do the section and the question let this member write there (in some state)? */
bool audit_is_writer(const struct audit *a, const struct audit_part *p, const struct question *q);
bool audit_is_held_from(const struct audit *a, const struct audit_part *p, struct field f);
bool audit_is_flag_read(const struct audit_part *p, const struct audit_flag *f);
/* Is anything of the content withheld? Then fingerprints are too: what is short can be found by
 * trying. */
bool audit_is_content_held_from(const struct audit *a, const struct audit_part *p);
/* Who moderates: the one who was assigned; before that, every IRO of the audit. */
bool audit_is_moderator(const struct audit *a, uint32_t person);

/* A section for moderators: it asks for views on the judgements. */
bool audit_is_moderation(const struct template *t, const struct question *q);
static inline bool question_is_voice_of(const struct question *q, const char *who)
{
    return q->kinds & KIND_VOICE && q->voice && !strcmp(q->voice, who);
}
static inline bool question_is_young_person(const struct question *q)
{
    return question_is_voice_of(q, "young_person");
}
/* Is `word` one of the comma-separated words of `list`? */
bool audit_has_word(const char *list, const char *word);

#endif
