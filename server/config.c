#include "server/config.h"

#include <ctype.h>
#include <cyaml/cyaml.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/utf8.h"
#include "server/content/yaml_place.h"

enum { MAX_FILE_BYTES = 64 * 1024 };

/* ---- the table ---- */

enum type { NUMBER, SIZE, SITE, ADDRESS, LEVEL, HOSTS, BANK_HOLIDAYS, CLOCK_NAMES };

struct setting {
    const char *name;
    enum type type; /* the last three are lists of words, at most `max` of them */
    size_t offset;  /* in struct config; NUMBER is uint32_t, SIZE is size_t */
    const char *standard;
    uint64_t min, max;
    const char *unit, *help;
};

#define AT(field) offsetof(struct config, field)

/* A row of clock.h as a row of this table. */
#define CLOCK_SETTING(id, field, standard, unit, least, most, law, help)                           \
    {#field, NUMBER, AT(core.clock.field), #standard, least, most, UNIT_##unit, help},
#define UNIT_WORKING_DAYS "working days"
#define UNIT_WEEKS        "weeks"
#define UNIT_MONTHS       "months"
#define UNIT_PERCENT      "percent"

/* clang-format off */
static const struct setting settings[] = {
    {"site", SITE, AT(core.site), "Tandem", 0, 0, "",
     "name of the authority or service, shown to everybody"},
    {"listen", ADDRESS, AT(listen), "127.0.0.1:7443", 0, 0, "",
     "address and port; 0.0.0.0:7443 or [::]:7443 for every network of this computer"},
    {"hosts", HOSTS, AT(hosts), "[]", 0, CONFIG_MAX_HOSTS, "",
     "names and addresses under which clients find the server; the first one stands in enrolment "
     "codes"},
    {"log_level", LEVEL, AT(log_level), "info", 0, 0, "", "error, warn, info or debug"},
    {"cert_days", NUMBER, AT(core.cert_days), "90", 1, 825, "days",
     "how long a person's certificate is valid; it renews itself when a third is left"},
    {"code_hours", NUMBER, AT(core.code_hours), "72", 1, 8760, "hours",
     "how long an enrolment code is valid"},
    {"max_unauthenticated", NUMBER, AT(net.max_unauthenticated), "256", 1, 65536, "connections",
     "that have not shown yet who they are; over it, the oldest is closed"},
    {"max_per_person", NUMBER, AT(core.max_per_person), "64", 1, 1000000, "connections",
     "of one person; over it, the one that was quiet for longest is closed"},
    {"handshake_timeout_ms", NUMBER, AT(net.handshake_ms), "10000", 100, 600000, "ms",
     "for the TLS handshake"},
    {"hello_timeout_ms", NUMBER, AT(core.hello_timeout_ms), "10000", 100, 600000, "ms",
     "for the first message after it"},
    {"ping_after_ms", NUMBER, AT(core.ping_after_ms), "30000", 100, 3600000, "ms",
     "of silence: the server asks whether the client is there"},
    {"silence_ms", NUMBER, AT(core.silence_ms), "90000", 100, 3600000, "ms",
     "of silence: the connection is closed"},
    {"max_frame_bytes", SIZE, AT(core.max_frame_bytes), "1048576", 65536, 1048576, "bytes",
     "longest message after authentication"},
    {"max_batch_bytes", SIZE, AT(core.max_batch_bytes), "65536", 1024, 65536, "bytes",
     "largest edit at once"},
    {"max_text_characters", SIZE, AT(core.max_text_cp), "262144", 1000, 262144, "characters",
     "longest answer"},
    {"max_outbound_bytes", SIZE, AT(net.max_outbound_bytes), "4194304", 2097152, 1073741824,
     "bytes", "that may wait for one slow client before it is cut off"},
    {"requests_per_s", NUMBER, AT(core.requests_per_s), "200", 1, 1000000, "requests",
     "of one connection per second, in the long run"},
    {"requests_burst", NUMBER, AT(core.requests_burst), "1000", 1, 1000000, "requests",
     "of one connection at once"},
    {"snapshot_every_events", NUMBER, AT(core.snapshot_every_events), "500", 10, 1000000, "events",
     "of an audit between two stored snapshots"},
    {"idle_audit_ms", NUMBER, AT(core.idle_audit_ms), "60000", 0, 86400000, "ms",
     "that an audit stays in memory after the last person has left it"},
    {"fanout_window_ms", NUMBER, AT(core.fanout_window_ms), "5", 0, 1000, "ms",
     "that changes are gathered before they are shown, in a room with many people"},
    {"fanout_window_people", NUMBER, AT(core.fanout_window_people), "12", 2, 100000, "people",
     "from which on fanout_window_ms applies"},
    {"commit_window_us", NUMBER, AT(store.commit_window_us), "0", 0, 100000, "microseconds",
     "that a commit waits for company; saves disk work, costs that much delay"},
    {"bank_holidays", BANK_HOLIDAYS, AT(core.holidays), "[]", 0, HOLIDAYS_MAX_ADDED, "",
     "what a proclamation changes, as in [2022-09-19 added, 2020-05-04 moved to 2020-05-08, "
     "2027-05-03 removed]"},
    /* from here on: how long things may take, always last */
    {"count_first_day", CLOCK_NAMES, AT(core.clock.inclusive), "[]", 0, CLOCK_COUNT, "",
     "those of the settings below, in working days, that count the day itself as the first, as in "
     "[rep_days]"},
    CLOCKS(CLOCK_SETTING)
};
/* clang-format on */
enum {
    NSETTINGS = sizeof settings / sizeof *settings,
    FIRST_CLOCK = NSETTINGS - CLOCK_COUNT - 1, /* with the list before them */
};

/* ---- one value ---- */

bool config_is_host(const char *s)
{
    size_t n = strlen(s);
    if (!n || n > 253 || !isalnum((unsigned char)s[n - 1]))
        return !strcmp(s, "::");
    for (; *s; s++)
        if (!isalnum((unsigned char)*s) && !strchr(".-:_", *s))
            return false;
    return true;
}

static bool to_number(const char *s, uint64_t *out)
{
    uint64_t n = 0;
    if (!*s || strlen(s) > 18)
        return false;
    for (; *s; s++) {
        if (*s < '0' || *s > '9')
            return false;
        n = n * 10 + (uint64_t)(*s - '0');
    }
    *out = n;
    return true;
}

/* Sets one setting (not a list) from its words. On refusal `text` says what is allowed. */
static bool set_value(struct config *c, const struct setting *s, const char *value, char *text,
                      size_t cap)
{
    void *at = (char *)c + s->offset;
    uint64_t n;
    struct sockaddr_storage address;
    struct err_info why;
    switch (s->type) {
    case NUMBER:
    case SIZE:
        if (!to_number(value, &n) || n < s->min || n > s->max) {
            (void)snprintf(text, cap,
                           "%s: \"%.40s\" is not a whole number from %" PRIu64 " to %" PRIu64
                           " (%s).",
                           s->name, value, s->min, s->max, s->unit);
            return false;
        }
        if (s->type == NUMBER)
            *(uint32_t *)at = (uint32_t)n;
        else
            *(size_t *)at = (size_t)n;
        return true;
    case SITE:
        if (!*value || strlen(value) >= sizeof c->core.site ||
            utf8_check_text(value, strlen(value), false, &why)) {
            (void)snprintf(text, cap,
                           "%s: write a name of 1 to %zu bytes on one line, without control "
                           "characters.",
                           s->name, sizeof c->core.site - 1);
            return false;
        }
        memcpy(at, value, strlen(value) + 1);
        return true;
    case ADDRESS:
        if (strlen(value) >= sizeof c->listen || net_parse_address(value, &address, &why)) {
            (void)snprintf(text, cap,
                           "%s: \"%.60s\" is not an address to listen on; write ADDR:PORT, for "
                           "instance 127.0.0.1:7443, 0.0.0.0:7443 or [::]:7443.",
                           s->name, value);
            return false;
        }
        memcpy(at, value, strlen(value) + 1);
        return true;
    case LEVEL:
        if (log_level_find(value) < 0) {
            (void)snprintf(text, cap, "%s: write error, warn, info or debug.", s->name);
            return false;
        }
        *(uint32_t *)at = (uint32_t)log_level_find(value);
        return true;
    case HOSTS:
    case BANK_HOLIDAYS:
    case CLOCK_NAMES:
        break;
    }
    return true;
}

static bool add_host(struct config *c, const struct setting *s, const char *word, char *text,
                     size_t cap)
{
    if (config_is_host(word)) {
        (void)snprintf(c->hosts[c->nhosts++], sizeof c->hosts[0], "%s", word);
        return true;
    }
    (void)snprintf(text, cap, "%s: \"%.60s\" is not the name or address of a computer.", s->name,
                   word);
    return false;
}

static bool add_bank_holiday(struct config *c, const struct setting *s, const char *word,
                             char *text, size_t cap)
{
    struct err_info why = {0};
    struct holiday_override o;
    if (!holiday_override_parse(word, &o, &why) && !holidays_change(&c->core.holidays, &o, &why))
        return true;
    (void)snprintf(text, cap, "%s: \"%.40s\": %s", s->name, word, why.text);
    return false;
}

static bool add_clock_name(struct config *c, const struct setting *s, const char *word, char *text,
                           size_t cap)
{
    int clock = clock_find(word);
    if (clock >= 0 && clock_row((enum clock)clock)->unit == CLOCK_WORKING_DAYS) {
        c->core.clock.inclusive |= CLOCK_BIT(clock);
        return true;
    }
    (void)snprintf(text, cap,
                   "%s: \"%.40s\" is not a setting in working days; name one such as rep_days.",
                   s->name, word);
    return false;
}

/* Adds one word to a list; NULL for what is none. On refusal `text` says what is allowed. */
typedef bool (*add_word_fn)(struct config *c, const struct setting *s, const char *word, char *text,
                            size_t cap);
static const add_word_fn add_word[] = {
    [HOSTS] = add_host,
    [BANK_HOLIDAYS] = add_bank_holiday,
    [CLOCK_NAMES] = add_clock_name,
};

void config_default(struct config *c)
{
    char text[200];
    memset(c, 0, sizeof *c);
    core_settings_default(&c->core);
    net_settings_default(&c->net);
    for (size_t i = 0; i < NSETTINGS; i++)
        (void)set_value(c, &settings[i], settings[i].standard, text, sizeof text); /* all valid */
    c->core.max_outbound_bytes = c->net.max_outbound_bytes;
    c->core.max_unauthenticated = c->net.max_unauthenticated;
}

/* ---- the file ---- */

/* libcyaml gives words; what they may be is said by the table. */
struct raw_list {
    char **words;
    unsigned words_count; /* named as libcyaml wants it */
};
struct raw {
    char *values[NSETTINGS]; /* NULL: not given */
    struct raw_list lists[NSETTINGS];
};

struct loader {
    struct yaml_source src;
    struct err_info *why;
    char said[200]; /* libcyaml's first error */
    size_t line;    /* the innermost that it named */
};

static enum err refuse_at(struct loader *l, enum err code, size_t line, const char *text)
{
    struct buf safe = BUF_INIT;
    text_safe(&safe, l->src.name, strlen(l->src.name), false);
    if (line)
        buf_appendf(&safe, ":%zu", line);
    buf_append_str(&safe, ": ");
    text_safe(&safe, text, strlen(text), false);
    enum err e = err_set(l->why, code, "%s", buf_cstr(&safe));
    buf_free(&safe);
    return e;
}

static void on_log(cyaml_log_t level, void *ctx, const char *fmt, va_list args)
    __attribute__((format(printf, 3, 0)));
static void on_log(cyaml_log_t level, void *ctx, const char *fmt, va_list args)
{
    struct loader *l = ctx;
    char text[sizeof l->said];
    (void)vsnprintf(text, sizeof text, fmt, args);
    text[strcspn(text, "\n")] = 0;
    if (level != CYAML_LOG_ERROR)
        return;
    const char *line = strstr(text, "(line: ");
    if (line && !l->line)
        l->line = (size_t)strtoul(line + strlen("(line: "), NULL, 10);
    if (!line && !strstr(text, "Backtrace:") && !*l->said)
        memcpy(l->said, text, sizeof text);
}

static enum err refuse_yaml(struct loader *l, cyaml_err_t code)
{
    static const char unexpected[] = "Load: Unexpected key: ";
    static const char twice[] = "Load: Mapping field already seen: ";
    char text[300];
    size_t line = l->line;
    if (code == CYAML_ERR_OOM)
        return refuse_at(l, ERR_NOMEM, 0, err_text(ERR_NOMEM));
    if (code == CYAML_ERR_LIBYAML_PARSER) {
        char what[200];
        line = yaml_place_of_fault(&l->src, what, sizeof what);
        (void)snprintf(text, sizeof text,
                       "this is not YAML: %s. Check quotes, brackets and colons here and just "
                       "before.",
                       what);
    } else if (!strncmp(l->said, unexpected, strlen(unexpected))) {
        const char *key = l->said + strlen(unexpected);
        size_t exact = yaml_place_of_word(&l->src, key, 1);
        line = exact ? exact : line;
        (void)snprintf(text, sizeof text,
                       "there is no setting \"%.60s\": correct or remove it; `tandemd help "
                       "settings` lists all.",
                       key);
    } else if (!strncmp(l->said, twice, strlen(twice))) {
        const char *key = l->said + strlen(twice);
        size_t exact = yaml_place_of_key(&l->src, key, 1, 2);
        line = exact ? exact : line;
        (void)snprintf(text, sizeof text, "\"%.60s\" is given twice: remove one.", key);
    } else {
        (void)snprintf(text, sizeof text,
                       "%.150s. Write one `name: value` in a line; `tandemd help settings` lists "
                       "all.",
                       *l->said ? l->said : cyaml_strerror(code));
    }
    return refuse_at(l, ERR_INPUT, line, text);
}

static enum err take_list(struct loader *l, const struct raw_list *list, const struct setting *s,
                          struct config *c)
{
    char text[480];
    size_t line = yaml_place_of_key(&l->src, s->name, 1, 1);
    if (list->words_count > s->max) {
        (void)snprintf(text, sizeof text, "%s: at most %" PRIu64 " may be given.", s->name, s->max);
        return refuse_at(l, ERR_INPUT, line, text);
    }
    for (unsigned i = 0; i < list->words_count; i++) {
        const char *word = list->words[i] ? list->words[i] : "";
        if (!add_word[s->type](c, s, word, text, sizeof text)) {
            size_t exact = *word ? yaml_place_of_word(&l->src, word, line) : 0;
            return refuse_at(l, ERR_INPUT, exact ? exact : line, text);
        }
    }
    return ERR_OK;
}

/* Clocks that contradict each other: the line of one that was given. */
static enum err check_clocks(struct loader *l, const struct config *c)
{
    enum clock pair[2];
    struct err_info why;
    enum err e = clock_values_check(&c->core.clock, pair, &why);
    if (!e)
        return e;
    size_t line = yaml_place_of_key(&l->src, clock_row(pair[0])->name, 1, 1);
    if (!line)
        line = yaml_place_of_key(&l->src, clock_row(pair[1])->name, 1, 1);
    return refuse_at(l, e, line, why.text);
}

static enum err take_raw(struct loader *l, const struct raw *r, struct config *c)
{
    char text[300];
    enum err e = ERR_OK;
    for (size_t i = 0; i < NSETTINGS; i++)
        if (r->values[i] && !set_value(c, &settings[i], r->values[i], text, sizeof text))
            return refuse_at(l, ERR_INPUT, yaml_place_of_key(&l->src, settings[i].name, 1, 1),
                             text);
    c->core.max_outbound_bytes = c->net.max_outbound_bytes;
    c->core.max_unauthenticated = c->net.max_unauthenticated;
    if (c->core.silence_ms <= c->core.ping_after_ms)
        return refuse_at(l, ERR_INPUT, yaml_place_of_key(&l->src, "silence_ms", 1, 1),
                         "silence_ms: must be longer than ping_after_ms.");
    for (size_t i = 0; !e && i < NSETTINGS; i++)
        e = take_list(l, &r->lists[i], &settings[i], c); /* empty for what is none */
    return e ? e : check_clocks(l, c);
}

enum err config_parse(const char *name, const void *data, size_t len, struct config *out,
                      struct err_info *why)
{
    static const cyaml_schema_value_t word = {
        CYAML_VALUE_STRING(CYAML_FLAG_POINTER, char, 0, CYAML_UNLIMITED)};
    cyaml_schema_field_t fields[NSETTINGS + 1];
    memset(fields, 0, sizeof fields);
    for (size_t i = 0; i < NSETTINGS; i++) {
        const cyaml_schema_field_t value =
            CYAML_FIELD_STRING_PTR(settings[i].name, CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL,
                                   struct raw, values, 0, CYAML_UNLIMITED);
        const cyaml_schema_field_t list =
            CYAML_FIELD_SEQUENCE(settings[i].name, CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL,
                                 struct raw_list, words, &word, 0, CYAML_UNLIMITED);
        fields[i] = add_word[settings[i].type] ? list : value;
        if (add_word[settings[i].type]) {
            size_t at = offsetof(struct raw, lists) + i * sizeof(struct raw_list);
            fields[i].data_offset = (uint32_t)(at + offsetof(struct raw_list, words));
            fields[i].count_offset = (uint32_t)(at + offsetof(struct raw_list, words_count));
        } else {
            fields[i].data_offset = (uint32_t)(offsetof(struct raw, values) + i * sizeof(char *));
        }
    }
    const cyaml_schema_value_t top = {CYAML_VALUE_MAPPING(CYAML_FLAG_POINTER, struct raw, fields)};
    struct loader l = {
        .src = {name, data, len},
          .why = why
    };
    const cyaml_config_t config = {.log_fn = on_log,
                                   .log_ctx = &l,
                                   .mem_fn = cyaml_mem,
                                   .log_level = CYAML_LOG_WARNING,
                                   .flags = CYAML_CFG_NO_ALIAS};
    config_default(out);
    if (len > MAX_FILE_BYTES)
        return refuse_at(&l, ERR_INPUT, 0, "a settings file may have 64 KiB.");
    struct raw *r = NULL;
    cyaml_err_t code = cyaml_load_data(data, len, &config, &top, (cyaml_data_t **)&r, NULL);
    enum err e = code == CYAML_OK ? ERR_OK : refuse_yaml(&l, code);
    if (!e && r) /* an empty file is a file without differences */
        e = take_raw(&l, r, out);
    (void)cyaml_free(&config, &top, r, 0); /* only refuses arguments that are not these */
    return e;
}

enum err config_load(const char *path, struct config *out, struct err_info *why)
{
    const char *slash = strrchr(path, '/');
    FILE *f = fopen(path, "re");
    if (!f) {
        enum err code = errno == ENOENT ? ERR_NOT_FOUND : ERR_IO;
        return err_set(why, code, "The settings file %s cannot be read: %s.", path,
                       strerror(errno));
    }
    struct buf text = BUF_INIT;
    while (text.len <= MAX_FILE_BYTES && buf_reserve(&text, 4096)) {
        size_t n = fread(text.data + text.len, 1, 4096, f);
        text.len += n;
        if (!n)
            break;
    }
    enum err e = ERR_OK;
    if (ferror(f))
        e = err_set(why, ERR_IO, "The settings file %s cannot be read: %s.", path, strerror(errno));
    (void)fclose(f); /* only read */
    if (!e)
        e = config_parse(slash ? slash + 1 : path, text.len ? text.data : (const void *)"",
                         text.len, out, why);
    buf_free(&text);
    return e;
}

/* ---- for people ---- */

static void append_quoted(struct buf *out, const char *s)
{
    buf_append_u8(out, '"');
    for (; *s; s++) {
        if (*s == '"' || *s == '\\')
            buf_append_u8(out, '\\');
        buf_append_u8(out, (uint8_t)*s);
    }
    buf_append_u8(out, '"');
}

static void append_range(struct buf *out, const struct setting *s)
{
    if (s->type == NUMBER || s->type == SIZE)
        buf_appendf(out, " (%" PRIu64 " to %" PRIu64 " %s)", s->min, s->max, s->unit);
}

static void append_clocks_heading(struct buf *out, const char *gap, const char *before)
{
    buf_appendf(
        out,
        "%s%s---- How long things may take ----\n"
        "%sChoices of your service, not legal duties, but for the bounds that are said to be "
        "by law.\n\n",
        gap, before, before);
}

void config_format(const char *site, const char *const *hosts, size_t nhosts, struct buf *out)
{
    buf_append_str(out, "# Settings of this site. A line that begins with # is not in force: it "
                        "shows the default.\n# The server reads this file when it starts.\n\n");
    for (size_t i = 0; i < NSETTINGS; i++) {
        const struct setting *s = &settings[i];
        if (i == FIRST_CLOCK)
            append_clocks_heading(out, "", "# ");
        buf_appendf(out, "# %s", s->help);
        append_range(out, s);
        buf_append_str(out, "\n");
        if (s->type == SITE) {
            buf_appendf(out, "%s: ", s->name);
            append_quoted(out, site);
            buf_append_str(out, "\n\n");
        } else if (s->type == HOSTS && nhosts) {
            buf_appendf(out, "%s:\n", s->name);
            for (size_t j = 0; j < nhosts; j++) {
                buf_append_str(out, "  - ");
                append_quoted(out, hosts[j]);
                buf_append_str(out, "\n");
            }
            buf_append_str(out, "\n");
        } else {
            buf_appendf(out, "#%s: %s\n\n", s->name, s->standard);
        }
    }
}

void config_help(struct buf *out)
{
    buf_append_str(out, "Settings (DIR/tandem.yaml; one `name: value` in a line):\n\n");
    for (size_t i = 0; i < NSETTINGS; i++) {
        const struct setting *s = &settings[i];
        if (i == FIRST_CLOCK)
            append_clocks_heading(out, "\n", "");
        buf_appendf(out, "  %-25s default %s", s->name, s->standard);
        append_range(out, s);
        buf_appendf(out, "\n      %s\n", s->help);
    }
}
