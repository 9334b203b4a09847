#include "server/api/projection.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/hash.h"
#include "server/rules/duty.h"

void projection_duty(struct store_duty *to, const struct duty *d)
{
    *to = (struct store_duty){
        .person = d->person, .role = d->role, .question = d->question, .item = d->item};
    (void)snprintf(to->kind, sizeof to->kind, "%s", duty_def(d->kind)->code);
    memcpy(to->due, d->due, sizeof to->due);
    memcpy(to->first_due, d->first_due, sizeof to->first_due);
    memcpy(to->since, d->since, sizeof to->since);
    memcpy(to->text, d->text, sizeof to->text);
}

enum err projection_make(void *user, const struct audit *a, struct store_projection *out)
{
    const struct projection_from *from = user;
    const struct facts f = {
        .audit = a, .people = from->people, .clock = from->clock, .holidays = from->holidays};
    struct duty_list list = {0};
    *out = (struct store_projection){0};
    enum err e = duties_of(&f, &list);
    size_t n = list.n < STORE_MAX_DUTIES ? list.n : STORE_MAX_DUTIES;
    if (!e && n) {
        out->duties = malloc(n * sizeof *out->duties);
        e = out->duties ? ERR_OK : ERR_NOMEM;
    }
    for (size_t i = 0; !e && i < n; i++)
        projection_duty(&out->duties[out->nduties++], &list.duties[i]);
    duty_list_free(&list);
    return e;
}

/* Who works here is not counted: their changes show with the next event of an audit. */
uint64_t projection_version(const struct projection_from *from)
{
    enum { RULES = 1 }; /* raise it when duties_of makes others of the same audit */
    uint8_t hash[HASH_LEN];
    struct buf b = BUF_INIT;
    uint64_t v = RULES;
    buf_append(&b, from->clock, sizeof *from->clock);
    buf_append(&b, from->holidays->day, from->holidays->n * sizeof from->holidays->day[0]);
    hash_sha256(b.data, b.len, hash);
    buf_free(&b);
    for (size_t i = 0; i < 6; i++)
        v = v << 8 | hash[i];
    return v >> 1; /* the store counts in signed numbers */
}
