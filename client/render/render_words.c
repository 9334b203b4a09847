#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <utf8proc.h>

#include "client/render/render.h"
#include "common/utf8.h"

void render_value(const struct template *t, struct field f, const char *value, struct buf *out)
{
    const struct part_def *def = part_find((enum part)f.part);
    if (def && def->type == TYPE_GRADE)
        for (size_t i = 0; i < t->ngrades; i++)
            if (!strcmp(t->grades[i].code, value)) {
                text_safe(out, t->grades[i].label, strlen(t->grades[i].label), false);
                return;
            }
    bool code =
        def && (def->type == TYPE_CODE || def->type == TYPE_CODES || def->type == TYPE_CHOICE);
    if (code && !strcmp(value, "na"))
        value = "not applicable";
    size_t from = out->len;
    text_safe(out, value, strlen(value), false);
    for (size_t i = from; code && i < out->len; i++)
        if (out->data[i] == '_')
            out->data[i] = ' ';
}

void render_field_value(const struct render_source *src, struct field f, const char *value,
                        struct buf *out)
{
    const struct part_def *def = part_find((enum part)f.part);
    if (def && def->type == TYPE_PERSON && *value)
        buf_append_str(out, src->name(src->user, (uint32_t)strtoul(value, NULL, 10)));
    else if (def && def->type == TYPE_ITEMS)
        audit_items_format(src->audit, value, out);
    else
        render_value(audit_template(src->audit), f, value, out);
}

json_t *render_utc(int64_t utc_ms)
{
    char out[40];
    struct tm tm;
    time_t s = (time_t)(utc_ms / 1000);
    if (!utc_ms || !gmtime_r(&s, &tm))
        return json_null();
    size_t n = strftime(out, sizeof out, "%Y-%m-%dT%H:%M:%S", &tm);
    (void)snprintf(out + n, sizeof out - n, ".%03dZ", (int)(utc_ms % 1000));
    return json_string(out);
}

const char *render_time(int64_t utc_ms, char out[32])
{
    struct tm tm;
    time_t s = (time_t)(utc_ms / 1000);
    if (!utc_ms || !localtime_r(&s, &tm) || !strftime(out, 32, "%Y-%m-%d %H:%M", &tm))
        (void)snprintf(out, 32, "-");
    return out;
}

static size_t columns(const char *p, size_t len)
{
    size_t width = 0;
    const uint8_t *at = (const uint8_t *)p, *end = at + len;
    for (uint32_t cp; at < end;) {
        size_t step = utf8_decode(at, end, &cp);
        if (!step)
            break;
        int w = utf8proc_charwidth((utf8proc_int32_t)cp);
        width += w > 0 ? (size_t)w : 0;
        at += step;
    }
    return width;
}

static void spaces(struct buf *out, size_t n)
{
    while (n--)
        buf_append_u8(out, ' ');
}

/* Greedy: a word that does not fit begins the next line; a longer word than a line stands alone. */
static void wrap_line(const char *p, size_t len, size_t indent, size_t width, struct buf *out)
{
    size_t col = 0;
    const char *end = p + len;
    spaces(out, indent);
    while (p < end) {
        size_t gap = strspn(p, " \t");
        gap = gap > (size_t)(end - p) ? (size_t)(end - p) : gap;
        size_t word = strcspn(p + gap, " \t\n");
        word = word > (size_t)(end - p) - gap ? (size_t)(end - p) - gap : word;
        size_t w = columns(p + gap, word);
        if (col && col + gap + w + indent > width) {
            buf_append_u8(out, '\n');
            spaces(out, indent);
            col = 0;
        } else {
            spaces(out, gap);
            col += gap;
        }
        buf_append(out, p + gap, word);
        col += w;
        p += gap + word;
    }
    buf_append_u8(out, '\n');
}

void render_wrap(const char *text, size_t indent, size_t width, struct buf *out)
{
    while (*text) {
        size_t len = strcspn(text, "\n");
        if (len)
            wrap_line(text, len, indent, width, out);
        else
            buf_append_u8(out, '\n');
        text += len + (text[len] == '\n');
    }
}
