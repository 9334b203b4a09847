#include "server/store/summary.h"

#include <stdlib.h>
#include <string.h>

void summary_copy(char *to, size_t cap, const char *from)
{
    size_t len = from ? strlen(from) : 0;
    if (len >= cap) {
        len = cap - 1;
        while (len > 0 && ((unsigned char)from[len] & 0xc0) == 0x80) /* inside a character */
            len--;
    }
    memset(to, 0, cap);
    if (len)
        memcpy(to, from, len);
}
#define COPY_CUT(to, from) summary_copy((to), sizeof(to), (from))

void summary_of(const struct audit *a, struct store_summary *out)
{
    memset(out, 0, sizeof *out);
    struct audit_info info = audit_info(a);
    const struct template *t = audit_template(a);
    struct audit_progress progress = audit_progress(a);
    COPY_CUT(out->ref, info.ref);
    COPY_CUT(out->template_id, t->id);
    out->template_version = t->version;
    COPY_CUT(out->team, info.team);
    COPY_CUT(out->carer_ref, info.carer_ref);
    COPY_CUT(out->period_from, info.period_from);
    COPY_CUT(out->period_to, info.period_to);
    out->state = info.state;
    out->answered = progress.answered;
    out->required = progress.required;
    size_t ncomments = audit_comment_count(a);
    for (size_t i = 0; i < ncomments; i++)
        out->open_comments += !audit_comment_at(a, i)->resolved;
    out->seq = audit_seq(a);
    out->utc_ms = audit_utc_ms(a);
    out->max_agent = audit_max_agent(a);
}

static int by_person(const void *a, const void *b)
{
    uint32_t x = ((const struct store_member *)a)->person;
    uint32_t y = ((const struct store_member *)b)->person;
    return (x > y) - (x < y);
}

enum err summary_members_of(const struct audit *a, struct store_member **out, size_t *nmembers)
{
    size_t n = audit_member_count(a);
    *out = NULL;
    *nmembers = 0;
    if (n == 0)
        return ERR_OK;
    struct store_member *list = calloc(n, sizeof *list);
    if (!list)
        return ERR_NOMEM;
    for (size_t i = 0; i < n; i++) {
        const struct audit_member *m = audit_member_at(a, i);
        list[i].person = m->person;
        list[i].role = m->role;
        COPY_CUT(list[i].sections, m->sections);
    }
    qsort(list, n, sizeof *list, by_person);
    *out = list;
    *nmembers = n;
    return ERR_OK;
}
