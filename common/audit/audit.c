#include "common/audit/audit.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "common/audit/audit_impl.h"

/* ---- life ---- */

struct audit *audit_new(const struct template *t)
{
    struct audit *a = calloc(1, sizeof *a);
    if (!a)
        return NULL;
    a->t = t;
    a->progress = calloc(1, sizeof *a->progress + t->nquestions);
    a->moderation = calloc(t->nquestions + 1, sizeof *a->moderation);
    if (!a->progress || !a->moderation) {
        audit_free(a);
        return NULL;
    }
    for (size_t i = 0; i < t->nquestions; i++)
        a->moderation[i] = audit_is_moderation(t, &t->questions[i]);
    return a;
}

static void free_comment(struct audit_comment *c)
{
    for (size_t i = 0; i < c->nreplies; i++)
        free((char *)(uintptr_t)c->replies[i].text);
    free((struct audit_reply *)(uintptr_t)c->replies);
    free((char *)(uintptr_t)c->text);
}

void audit_free(struct audit *a)
{
    if (!a)
        return;
    for (size_t i = 0; i < a->cells.len; i++)
        free(a->cells.at[i].value);
    for (size_t i = 0; i < a->texts.len; i++)
        text_free(a->texts.at[i].text);
    for (size_t i = 0; i < a->comments.len; i++)
        free_comment(&a->comments.at[i]);
    for (size_t i = 0; i < a->members.len; i++)
        free((char *)(uintptr_t)a->members.at[i].sections);
    for (size_t i = 0; i < a->nchild_refs; i++)
        free(a->child_refs[i]);
    free(a->child_refs);
    audit_life_free(a);
    free(a->ref);
    free(a->team);
    free(a->carer_ref);
    free(a->period_from);
    free(a->period_to);
    free(a->cells.at);
    free(a->texts.at);
    free(a->items.at);
    free(a->comments.at);
    free(a->members.at);
    free(a->agents.at);
    free(a->progress);
    free(a->moderation);
    free(a);
}

bool audit_vec_grow(void *at, size_t *cap, size_t len, size_t size)
{
    if (len < *cap)
        return true;
    size_t more = *cap ? *cap + *cap / 2 + 1 : 4;
    void *old, *grown;
    memcpy(&old, at, sizeof old); /* a pointer to some pointer type */
    grown = realloc(old, more * size);
    if (!grown)
        return false;
    memcpy(at, &grown, sizeof grown);
    *cap = more;
    return true;
}

/* ---- finding ---- */

size_t audit_cell_index(const struct audit *a, struct field f, bool *found)
{
    size_t lo = 0, hi = a->cells.len;
    *found = false;
    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;
        int c = field_compare(a->cells.at[mid].field, f);
        if (c == 0)
            *found = true;
        if (c < 0)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo;
}

size_t audit_text_index(const struct audit *a, struct field f, bool *found)
{
    size_t lo = 0, hi = a->texts.len;
    *found = false;
    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;
        int c = field_compare(a->texts.at[mid].field, f);
        if (c == 0)
            *found = true;
        if (c < 0)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo;
}

size_t audit_agent_index(const struct audit *a, uint32_t agent, bool *found)
{
    size_t lo = 0, hi = a->agents.len;
    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;
        if (a->agents.at[mid].agent < agent)
            lo = mid + 1;
        else
            hi = mid;
    }
    *found = lo < a->agents.len && a->agents.at[lo].agent == agent;
    return lo;
}

size_t audit_member_index(const struct audit *a, uint32_t person, bool *found)
{
    size_t lo = 0;
    while (lo < a->members.len && a->members.at[lo].person < person)
        lo++;
    *found = lo < a->members.len && a->members.at[lo].person == person;
    return lo;
}

void audit_item_range(const struct audit *a, uint16_t question, uint16_t part, size_t *start,
                      size_t *end)
{
    size_t lo = 0, hi = a->items.len;
    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;
        const struct list_item *it = &a->items.at[mid];
        if (it->question < question || (it->question == question && it->part < part))
            lo = mid + 1;
        else
            hi = mid;
    }
    *start = lo;
    while (lo < a->items.len && a->items.at[lo].question == question &&
           a->items.at[lo].part == part)
        lo++;
    *end = lo;
}

struct list_item *audit_item_find(const struct audit *a, uint16_t question, uint16_t part,
                                  uint64_t id)
{
    size_t start, end;
    audit_item_range(a, question, part, &start, &end);
    for (size_t i = start; i < end; i++)
        if (a->items.at[i].id == id)
            return &a->items.at[i];
    return NULL;
}

/* PART_TEXT, PART_DATE and the like exist both directly in a question and in items of lists; the
 * address says which by its item. A checklist's positions and a moderation's question numbers are
 * items too, but of no list. */
enum part audit_list_of(struct field f)
{
    const struct part_def *def = part_find((enum part)f.part);
    if (!def)
        return PART_NONE;
    return def->type == TYPE_LIST ? def->part : f.item ? def->list : PART_NONE;
}

bool audit_field_is_there(const struct audit *a, struct field f)
{
    enum part list = audit_list_of(f);
    return !f.item || list == PART_NONE || audit_item_find(a, f.question, (uint16_t)list, f.item);
}

bool audit_has_word(const char *list, const char *word)
{
    size_t len = strlen(word);
    for (const char *p = list; *p;) {
        p += strspn(p, ", ");
        size_t n = strcspn(p, ", ");
        if (n == len && n && !memcmp(p, word, len))
            return true;
        p += n;
    }
    return false;
}

/* ---- reading ---- */

uint64_t audit_seq(const struct audit *a)
{
    return a->seq;
}

int64_t audit_utc_ms(const struct audit *a)
{
    return a->utc_ms;
}

static const struct agent *agent_find(const struct audit *a, uint32_t agent)
{
    bool found;
    size_t i = audit_agent_index(a, agent, &found);
    return found ? &a->agents.at[i] : NULL;
}

uint64_t audit_batch_no(const struct audit *a, uint32_t agent)
{
    const struct agent *g = agent_find(a, agent);
    return g ? g->batch_no : 0;
}

uint64_t audit_batch_seq(const struct audit *a, uint32_t agent)
{
    const struct agent *g = agent_find(a, agent);
    return g ? g->batch_seq : 0;
}

uint32_t audit_agent_person(const struct audit *a, uint32_t agent)
{
    const struct agent *g = agent_find(a, agent);
    return g ? g->person : 0;
}

uint32_t audit_max_agent(const struct audit *a)
{
    return a->agents.len ? a->agents.at[a->agents.len - 1].agent : 0;
}

size_t audit_agent_count(const struct audit *a)
{
    return a->agents.len;
}

uint32_t audit_agent_person_at(const struct audit *a, size_t i)
{
    return a->agents.at[i].person;
}

static const char *or_empty(const char *s)
{
    return s ? s : "";
}

struct audit_info audit_info(const struct audit *a)
{
    return (struct audit_info){.ref = or_empty(a->ref),
                               .team = or_empty(a->team),
                               .carer_ref = or_empty(a->carer_ref),
                               .period_from = or_empty(a->period_from),
                               .period_to = or_empty(a->period_to),
                               .child_refs = (const char *const *)a->child_refs,
                               .nchild_refs = a->nchild_refs,
                               .state = a->state,
                               .created_utc_ms = a->created_utc_ms,
                               .created_by = a->created_by,
                               .planned = or_empty(a->planned),
                               .first_planned = or_empty(a->first_planned),
                               .way_in = or_empty(a->way_in),
                               .source = or_empty(a->source),
                               .moderator = a->moderator,
                               .stage = a->stage};
}

const struct template *audit_template(const struct audit *a)
{
    return a->t;
}

struct audit_value audit_value(const struct audit *a, struct field f)
{
    bool found;
    size_t i = audit_cell_index(a, f, &found);
    if (!found)
        return (struct audit_value){.value = ""};
    const struct cell *c = &a->cells.at[i];
    return (struct audit_value){.value = c->value, .rev = c->rev, .by = c->by, .utc_ms = c->utc_ms};
}

const struct text *audit_text(const struct audit *a, struct field f)
{
    bool found;
    size_t i = audit_text_index(a, f, &found);
    return found ? a->texts.at[i].text : NULL;
}

enum err audit_text_get(struct audit *a, struct field f, struct live_text **out)
{
    bool found;
    size_t i = audit_text_index(a, f, &found);
    if (!found) {
        struct text *t = VEC_ROOM(a->texts) ? text_new() : NULL;
        if (!t)
            return ERR_NOMEM;
        memmove(&a->texts.at[i + 1], &a->texts.at[i], (a->texts.len - i) * sizeof *a->texts.at);
        a->texts.at[i] = (struct live_text){.field = f, .text = t, .was_empty = true};
        a->texts.len++;
    }
    *out = &a->texts.at[i];
    return ERR_OK;
}

struct text *audit_text_edit(struct audit *a, struct field f)
{
    const struct part_def *def = part_find((enum part)f.part);
    struct live_text *live;
    if (field_check(a->t, f, NULL) || def->type != TYPE_TEXT || !audit_field_is_there(a, f) ||
        audit_text_get(a, f, &live))
        return NULL;
    live->handed_out = true;
    return live->text;
}

static void note_agent(void *user, uint32_t agent, uint32_t next_seq)
{
    (void)agent;
    (void)next_seq;
    *(bool *)user = true;
}

bool audit_text_is_blank(const struct text *t)
{
    if (text_len_cp(t))
        return false;
    bool written = false;
    text_version(t, note_agent, &written);
    return !written;
}

size_t audit_items(const struct audit *a, uint16_t question, enum part list,
                   struct audit_item *items, size_t cap)
{
    size_t start, end;
    audit_item_range(a, question, (uint16_t)list, &start, &end);
    for (size_t i = start; i < end && i - start < cap; i++) {
        const struct list_item *it = &a->items.at[i];
        items[i - start] = (struct audit_item){.id = it->id, .rev = it->rev, .by = it->by};
    }
    return end - start;
}

bool audit_item_exists(const struct audit *a, uint16_t question, enum part list, uint64_t item)
{
    return audit_item_find(a, question, (uint16_t)list, item);
}

size_t audit_comment_count(const struct audit *a)
{
    return a->comments.len;
}

const struct audit_comment *audit_comment_at(const struct audit *a, size_t i)
{
    assert(i < a->comments.len);
    return &a->comments.at[i];
}

const struct audit_comment *audit_comment_find(const struct audit *a, uint64_t id)
{
    for (size_t i = 0; i < a->comments.len; i++)
        if (a->comments.at[i].id == id)
            return &a->comments.at[i];
    return NULL;
}

bool audit_comment_words(const struct audit *a, const struct audit_comment *c, size_t *start_cp,
                         size_t *end_cp)
{
    const struct text *t = c->on_words ? audit_text(a, c->field) : NULL;
    if (!t || text_anchor_pos(t, c->start, start_cp) || text_anchor_pos(t, c->end, end_cp))
        return false;
    if (*end_cp < *start_cp)
        *end_cp = *start_cp;
    return true;
}

size_t audit_member_count(const struct audit *a)
{
    return a->members.len;
}

const struct audit_member *audit_member_at(const struct audit *a, size_t i)
{
    assert(i < a->members.len);
    return &a->members.at[i];
}

const struct audit_member *audit_member_find(const struct audit *a, uint32_t person)
{
    bool found;
    size_t i = audit_member_index(a, person, &found);
    return found ? &a->members.at[i] : NULL;
}

/* ---- memory ---- */

static size_t str_bytes(const char *s)
{
    return s ? strlen(s) + 1 : 0;
}

size_t audit_memory_bytes(const struct audit *a)
{
    size_t n = sizeof *a + sizeof *a->progress + 2 * (size_t)a->t->nquestions;
    n += str_bytes(a->ref) + str_bytes(a->team) + str_bytes(a->carer_ref);
    n += str_bytes(a->period_from) + str_bytes(a->period_to) + audit_life_bytes(a);
    for (size_t i = 0; i < a->nchild_refs; i++)
        n += sizeof(char *) + str_bytes(a->child_refs[i]);
    n += a->cells.cap * sizeof *a->cells.at + a->texts.cap * sizeof *a->texts.at;
    n += a->items.cap * sizeof *a->items.at + a->comments.cap * sizeof *a->comments.at;
    n += a->members.cap * sizeof *a->members.at + a->agents.cap * sizeof *a->agents.at;
    for (size_t i = 0; i < a->cells.len; i++)
        n += str_bytes(a->cells.at[i].value);
    for (size_t i = 0; i < a->texts.len; i++)
        n += text_memory_bytes(a->texts.at[i].text);
    for (size_t i = 0; i < a->members.len; i++)
        n += str_bytes(a->members.at[i].sections);
    for (size_t i = 0; i < a->comments.len; i++) {
        const struct audit_comment *c = &a->comments.at[i];
        n += str_bytes(c->text) + c->nreplies * sizeof *c->replies;
        for (size_t k = 0; k < c->nreplies; k++)
            n += str_bytes(c->replies[k].text);
    }
    return n;
}
