#include "server/content/activity_yaml.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "common/embedded.h"
#include "server/content/template_yaml.h"
#include "server/content/yaml_refuse.h"

static const char builtin_path[] = "server/content/activities.yaml";
enum { ROW_DEPTH = 3 }; /* of "code" (see yaml_place.h): activities: - code: */

/* ---- what libcyaml fills: words as they are written ---- */

struct raw_row {
    char *code, *title, *text, *each, *every, *due, *after, *clock, *plan, *template;
    char *law, *nil_return, *off;
    uint32_t months, *count, avoid_months;
    char **by, **before, **when;
    unsigned by_count, before_count, when_count;
};
struct raw_file {
    struct raw_row *activities;
    unsigned activities_count;
};

#define WORD(key)                                                                                  \
    CYAML_FIELD_STRING_PTR(#key, CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, struct raw_row, key, 0, \
                           CYAML_UNLIMITED)
#define WORDS(key)                                                                                 \
    CYAML_FIELD_SEQUENCE(#key, CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, struct raw_row, key,      \
                         &word_value, 0, CYAML_UNLIMITED)
#define NUMBER(key) CYAML_FIELD_UINT(#key, CYAML_FLAG_OPTIONAL, struct raw_row, key)

static const cyaml_schema_value_t word_value = {
    CYAML_VALUE_STRING(CYAML_FLAG_POINTER, char, 0, CYAML_UNLIMITED)};
static const cyaml_schema_field_t row_fields[] = {
    CYAML_FIELD_STRING_PTR("code", CYAML_FLAG_POINTER, struct raw_row, code, 0, CYAML_UNLIMITED),
    WORD(title),
    WORD(text),
    WORDS(by),
    WORD(each),
    WORD(every),
    WORD(due),
    WORD(after),
    NUMBER(months),
    WORD(plan),
    WORDS(before),
    WORDS(when),
    WORD(clock),
    CYAML_FIELD_UINT_PTR("count", CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, struct raw_row, count),
    NUMBER(avoid_months),
    WORD(law),
    WORD(nil_return),
    WORD(template),
    WORD(off),
    CYAML_FIELD_END,
};
static const cyaml_schema_value_t row_value = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct raw_row, row_fields)};
static const cyaml_schema_field_t file_fields[] = {
    CYAML_FIELD_SEQUENCE("activities", CYAML_FLAG_POINTER, struct raw_file, activities, &row_value,
                         0, CYAML_UNLIMITED),
    CYAML_FIELD_END,
};
static const cyaml_schema_value_t file_value = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_POINTER, struct raw_file, file_fields)};

/* ---- words -> a row ---- */

struct reader {
    struct yaml_loader *l;
    const struct raw_row *raw;
    struct activity *row;
};

static size_t line_of_code(const struct reader *r)
{
    return yaml_place_of_pair(&r->l->src, "code", r->raw->code, ROW_DEPTH);
}

static enum err refuse(const struct reader *r, const char *sentence)
{
    char text[380];
    (void)snprintf(text, sizeof text, "%.20s: %s", r->raw->code, sentence);
    return yaml_refuse_at(r->l, ERR_INPUT, line_of_code(r), text);
}

static enum err refuse_word(const struct reader *r, const char *key, const char *word,
                            const char *allowed)
{
    char text[380];
    size_t line = line_of_code(r), exact = yaml_place_of_word(&r->l->src, word, line);
    (void)snprintf(text, sizeof text, "%.20s: %s: \"%.60s\" is not known; write %s.", r->raw->code,
                   key, word, allowed);
    return yaml_refuse_at(r->l, ERR_INPUT, exact ? exact : line, text);
}

static enum err read_flag(const struct reader *r, const char *key, const char *word, bool *out)
{
    *out = word && (!strcasecmp(word, "yes") || !strcasecmp(word, "true"));
    if (!word || *out || !strcasecmp(word, "no") || !strcasecmp(word, "false"))
        return ERR_OK;
    return refuse_word(r, key, word, "yes or no");
}

static enum err read_clock(const struct reader *r, const char *key, const char *word, int *out)
{
    *out = word ? clock_find(word) : -1;
    if (!word || *out >= 0)
        return ERR_OK;
    return refuse_word(r, key, word,
                       "the name of a setting, such as notify_days (tandemd help lists them)");
}

static enum err read_roles(const struct reader *r)
{
    for (unsigned i = 0; i < r->raw->by_count; i++) {
        enum role role = role_find(r->raw->by[i]);
        if (!role)
            return refuse_word(r, "by", r->raw->by[i],
                               "roles such as FRO, FSW, IRO, FTM, SM, HOS, DIR or QA");
        r->row->by |= ROLE_BIT(role);
    }
    return ERR_OK;
}

static enum err read_each(const struct reader *r)
{
    const char *word = r->raw->each ? r->raw->each : "site";
    r->row->each = activity_each_find(word);
    return r->row->each ? ERR_OK : refuse_word(r, "each", word, "site, person, team or carer");
}

static enum err read_when(const struct reader *r)
{
    for (unsigned i = 0; i < r->raw->when_count; i++) {
        enum activity_asked asked = activity_asked_find(r->raw->when[i]);
        if (!asked)
            return refuse_word(r, "when", r->raw->when[i], "submission, trigger or list");
        r->row->asked |= asked;
    }
    return ERR_OK;
}

static enum err read_before(const struct reader *r)
{
    if (r->raw->before_count > ACTIVITY_BEFORE)
        return refuse(r, "it may prepare 4 others at most.");
    for (unsigned i = 0; i < r->raw->before_count; i++)
        (void)snprintf(r->row->before[i], ACTIVITY_CODE, "%s", r->raw->before[i]);
    r->row->nbefore = r->raw->before_count;
    return ERR_OK;
}

static enum err read_after(const struct reader *r)
{
    static const struct {
        const char *word;
        enum activity_rule rule;
    } words[] = {
        {"approval", ACTIVITY_AFTER_APPROVAL},
        {"review",   ACTIVITY_AFTER_REVIEW  },
        {"last",     ACTIVITY_AFTER_LAST    },
    };
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (!strcasecmp(words[i].word, r->raw->after)) {
            r->row->rule = words[i].rule;
            return ERR_OK;
        }
    return refuse_word(r, "after", r->raw->after,
                       "approval, review (the carer's last) or last (when it was last done)");
}

static enum err read_every(const struct reader *r)
{
    if (!strcasecmp(r->raw->every, "working day")) {
        r->row->rule = ACTIVITY_EACH_WORKING_DAY;
        return ERR_OK;
    }
    struct err_info bad = {0};
    r->row->rule = ACTIVITY_EVERY;
    enum err e = activity_every_check(r->raw->every, &bad);
    if (!e)
        return ERR_OK;
    char text[480];
    size_t line = line_of_code(r), exact = yaml_place_of_word(&r->l->src, r->raw->every, line);
    (void)snprintf(text, sizeof text, "%.20s: every: %s", r->raw->code, bad.text);
    return yaml_refuse_at(r->l, e, exact ? exact : line, text);
}

static enum err read_due(const struct reader *r)
{
    if (r->row->rule != ACTIVITY_EVERY)
        return r->raw->due ? refuse(r, "\"due\" belongs to \"every\": leave it out.") : ERR_OK;
    const char *word = r->raw->due ? r->raw->due : "that day";
    r->row->due = activity_due_find(word);
    return r->row->due ? ERR_OK
                       : refuse_word(r, "due", word,
                                     "that day, last working day, last working day of the next "
                                     "month, or after (with a clock)");
}

/* At most one of every, after and before; without them it waits to be asked for. */
static enum err read_rule(const struct reader *r)
{
    const struct raw_row *raw = r->raw;
    if (!!raw->every + !!raw->after + !!raw->before_count > 1)
        return refuse(r, "write only one of \"every\", \"after\" and \"before\".");
    enum err e = ERR_OK;
    r->row->rule = raw->before_count ? ACTIVITY_BEFORE_OTHERS : ACTIVITY_WHEN_ASKED;
    if (raw->every)
        e = read_every(r);
    if (raw->after)
        e = read_after(r);
    return e ? e : read_due(r);
}

static enum err read_code(const struct reader *r)
{
    if (strlen(r->raw->code) >= ACTIVITY_CODE)
        return refuse(r, "a code has at most 11 letters and digits.");
    (void)snprintf(r->row->code, ACTIVITY_CODE, "%s", r->raw->code);
    return ERR_OK;
}

static char *copy(const char *s)
{
    size_t len = s ? strlen(s) : 0;
    while (len && strchr(" \n\t", s[len - 1]))
        len--; /* what block scalars leave */
    return strndup(s ? s : "", len);
}

static enum err read_words(const struct reader *r)
{
    struct activity *row = r->row;
    row->title = copy(r->raw->title);
    row->text = copy(r->raw->text);
    row->every = copy(row->rule == ACTIVITY_EVERY ? r->raw->every : "");
    row->template = copy(r->raw->template);
    return row->title && row->text && row->every && row->template ? ERR_OK : ERR_NOMEM;
}

static enum err read_template(const struct reader *r)
{
    const char *const *ids = template_builtin_ids();
    const char *id = r->raw->template;
    if (!id)
        return ERR_OK;
    for (size_t i = 0; ids[i]; i++)
        if (!strcmp(ids[i], id))
            return ERR_OK;
    /* a site's own template cannot be known here; what is no id is a slip */
    for (const char *s = id; *s; s++)
        if (!strchr("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789", *s))
            return refuse_word(r, "template", id, "a template's id, such as FCA or OBS");
    return ERR_OK;
}

static enum err read_row(const struct reader *r, bool *off)
{
    struct activity *row = r->row;
    row->count = r->raw->count ? *r->raw->count : 1;
    row->months = r->raw->months;
    row->avoid_months = r->raw->avoid_months;
    enum err e = read_code(r);
    const struct {
        const char *key, *word;
        bool *out;
    } flags[] = {
        {"off",        r->raw->off,        off             },
        {"law",        r->raw->law,        &row->law       },
        {"nil_return", r->raw->nil_return, &row->nil_return},
    };
    for (size_t i = 0; i < sizeof flags / sizeof *flags && !e; i++)
        e = read_flag(r, flags[i].key, flags[i].word, flags[i].out);
    if (e || *off)
        return e;
    enum err (*const steps[])(const struct reader *) = {read_roles,  read_each, read_when,
                                                        read_before, read_rule, read_template};
    for (size_t i = 0; i < sizeof steps / sizeof *steps && !e; i++)
        e = steps[i](r);
    if (!e)
        e = read_clock(r, "clock", r->raw->clock, &row->clock);
    if (!e)
        e = read_clock(r, "plan", r->raw->plan, &row->plan);
    return e ? e : read_words(r);
}

/* ---- rows -> activities ---- */

static enum err put_off(const struct reader *r, struct activities *out)
{
    const struct activity *old = activities_find(out, r->raw->code);
    if (!old)
        return refuse(r, "there is no such activity to switch off.");
    if (old->law)
        return refuse(r, "the law asks for it: it cannot be switched off.");
    activities_remove(out, r->raw->code);
    return ERR_OK;
}

static enum err put_row(struct yaml_loader *l, const struct raw_row *raw, struct activities *out)
{
    struct activity row = {.clock = -1, .plan = -1};
    struct reader r = {.l = l, .raw = raw, .row = &row};
    bool off = false;
    enum err e = read_row(&r, &off);
    if (!e)
        e = off ? put_off(&r, out) : activities_put(out, &row);
    activity_fini(&row); /* nothing in it when it was put */
    return e;
}

static enum err refuse_twice(struct yaml_loader *l, const struct raw_file *raw)
{
    for (unsigned i = 0; i < raw->activities_count; i++)
        for (unsigned j = 0; j < i; j++)
            if (!strcasecmp(raw->activities[i].code, raw->activities[j].code)) {
                struct reader r = {.l = l, .raw = &raw->activities[i]};
                return refuse(&r, "this code stands twice: each activity has its own.");
            }
    return ERR_OK;
}

/* What activities_check says begins with a code: its line. */
static enum err check_whole(struct yaml_loader *l, const struct activities *out)
{
    struct err_info bad = {0};
    char code[ACTIVITY_CODE] = "";
    enum err e = activities_check(out, &bad);
    if (!e)
        return ERR_OK;
    (void)sscanf(bad.text, "%11[^:]", code);
    return yaml_refuse_at(l, e, yaml_place_of_pair(&l->src, "code", code, ROW_DEPTH), bad.text);
}

static enum err to_activities(struct yaml_loader *l, const struct raw_file *raw,
                              const struct activities *base, struct activities *out)
{
    const struct activities none = {0};
    enum err e = refuse_twice(l, raw);
    if (!e)
        e = activities_copy(base ? base : &none, out);
    for (unsigned i = 0; i < raw->activities_count && !e; i++)
        e = put_row(l, &raw->activities[i], out);
    if (!e)
        e = check_whole(l, out);
    if (e == ERR_NOMEM)
        e = yaml_refuse_at(l, ERR_NOMEM, 0, err_text(ERR_NOMEM));
    if (e)
        activities_fini(out);
    return e;
}

/* ---- doors ---- */

enum err activity_yaml_parse(const char *name, const void *data, size_t len_bytes,
                             const struct activities *base, struct activities *out,
                             struct err_info *why)
{
    *out = (struct activities){0};
    struct yaml_loader l = {
        .src = {name, data, len_bytes},
          .why = why
    };
    if (len_bytes > ACTIVITIES_MAX_BYTES)
        return yaml_refuse_at(&l, ERR_TOO_LARGE, 0, "a file of activities may have 256 KiB.");
    const cyaml_config_t config = {.log_fn = yaml_loader_log,
                                   .log_ctx = &l,
                                   .mem_fn = cyaml_mem,
                                   .log_level = CYAML_LOG_WARNING,
                                   .flags = CYAML_CFG_NO_ALIAS};
    struct raw_file *raw = NULL;
    cyaml_err_t code =
        cyaml_load_data(data, len_bytes, &config, &file_value, (cyaml_data_t **)&raw, NULL);
    enum err e;
    if (code != CYAML_OK)
        e = yaml_refuse(&l, code);
    else if (!raw)
        e = yaml_refuse_at(&l, ERR_INPUT, 0, "the file is empty: begin with \"activities:\".");
    else if (l.more_than_one)
        e = yaml_refuse_at(&l, ERR_INPUT, 0, "one list per file: remove what follows the \"---\".");
    else
        e = to_activities(&l, raw, base, out);
    (void)cyaml_free(&config, &file_value, raw, 0); /* only refuses wrong arguments */
    return e;
}

enum err activity_yaml_load(const char *path, const struct activities *base, struct activities *out,
                            struct err_info *why)
{
    struct yaml_loader l = {.src = {.name = path}, .why = why};
    void *data;
    size_t len;
    *out = (struct activities){0};
    enum err e = yaml_loader_read(&l, ACTIVITIES_MAX_BYTES, &data, &len);
    if (!e)
        e = activity_yaml_parse(path, data, len, base, out, why);
    free(data);
    return e;
}

enum err activity_builtin(struct activities *out, struct err_info *why)
{
    for (const struct embedded_file *f = embedded_files; f->path; f++)
        if (!strcmp(f->path, builtin_path))
            return activity_yaml_parse(f->path, f->data, f->len_bytes, NULL, out, why);
    *out = (struct activities){0};
    return err_set(why, ERR_NOT_FOUND, "There are no built-in activities.");
}
