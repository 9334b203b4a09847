#include "client/render/actions.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "client/render/render.h"
#include "common/audit/smart.h"

static const char *value_of(const struct audit *a, struct field f, enum part part)
{
    f.part = (uint16_t)part;
    return audit_value(a, f).value;
}

/* Its own words, else what is to change. Returns new; NULL without memory. */
static char *first_words(const struct audit *a, struct field f)
{
    enum { MOST_CP = 60 };
    static const enum part parts[] = {PART_SPECIFIC, PART_CHANGE};
    struct buf words = BUF_INIT;
    for (size_t i = 0; !words.len && i < sizeof parts / sizeof *parts; i++) {
        f.part = (uint16_t)parts[i];
        const struct text *t = audit_text(a, f);
        size_t len = t ? text_len_cp(t) : 0;
        if (t)
            text_read(t, 0, len < MOST_CP ? len : MOST_CP, &words);
        if (len > MOST_CP)
            buf_append_str(&words, "...");
    }
    for (size_t i = 0; i < words.len; i++)
        words.data[i] = words.data[i] == '\n' ? ' ' : words.data[i];
    char *copy = strdup(buf_cstr(&words));
    buf_free(&words);
    return copy;
}

static bool is_settled(const char *status)
{
    return !strcmp(status, "done_verified") || !strcmp(status, "cancelled") ||
           !strcmp(status, "superseded") || !strcmp(status, "not_effective");
}

static int days_after(const char *day, const char *today)
{
    struct tm a = {0}, b = {0};
    if (strlen(day) != 10 || !strptime(day, "%Y-%m-%d", &a) || !strptime(today, "%Y-%m-%d", &b))
        return 0;
    return (int)((timegm(&b) - timegm(&a)) / (24 * 3600));
}

void render_action(const struct audit *a, struct field item, const char *today,
                   struct action_line *out)
{
    struct smart smart;
    struct buf where = BUF_INIT;
    const char *status = value_of(a, item, PART_STATUS);
    *out = (struct action_line){.owner = value_of(a, item, PART_OWNER),
                                .due = value_of(a, item, PART_DUE),
                                .first_due = value_of(a, item, PART_FIRST_DUE),
                                .what = first_words(a, item)};
    render_item_address(a, item, &where);
    (void)snprintf(out->where, sizeof out->where, "%s", buf_cstr(&where));
    (void)snprintf(out->status, sizeof out->status, "%s", status[0] ? status : "open");
    bool settled = is_settled(out->status);
    if (!settled && strcmp(out->due, today) < 0)
        out->days_late = days_after(out->due, today);
    smart_check(a, item, NULL, NULL, settled ? NULL : today, &smart);
    for (int i = 0, n = 0; i < SMART_LETTERS; i++)
        if (!smart.letters[i].pass)
            out->gaps[n++] = smart_letter((enum smart_letter)i);
    buf_free(&where);
}

void action_line_fini(struct action_line *l)
{
    free(l->what);
}

json_t *render_action_json(const struct action_line *l)
{
    return json_pack("{s:s, s:s, s:s, s:s, s:s, s:i, s:s, s:s}", "action", l->where, "status",
                     l->status, "owner", l->owner, "due", l->due, "first_due", l->first_due,
                     "days_late", l->days_late, "smart_gaps", l->gaps, "what",
                     l->what ? l->what : "");
}
