#include "server/content/yaml_refuse.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/utf8.h"

enum err yaml_refuse_at(struct yaml_loader *l, enum err code, size_t line, const char *text)
{
    struct buf safe = BUF_INIT;
    const char *name = l->src.name;
    size_t len = strlen(name);
    const size_t most = 120; /* the end of a long path says more than its beginning */
    text_safe(&safe, name + (len > most ? len - most : 0), len > most ? most : len, false);
    if (line)
        buf_appendf(&safe, ":%zu", line);
    buf_append_str(&safe, ": ");
    text_safe(&safe, text, strlen(text), false);
    const char *sentence = buf_cstr(&safe);
    enum err e = err_set(l->why, code, "%s", *sentence ? sentence : err_text(code));
    buf_free(&safe);
    return e;
}

void yaml_loader_log(cyaml_log_t level, void *ctx, const char *fmt, va_list args)
{
    struct yaml_loader *l = ctx;
    char text[sizeof l->said];
    (void)vsnprintf(text, sizeof text, fmt, args);
    text[strcspn(text, "\n")] = 0;
    if (level == CYAML_LOG_WARNING && strstr(text, "documents after first"))
        l->more_than_one = true;
    if (level != CYAML_LOG_ERROR)
        return;
    const char *line = strstr(text, "(line: ");
    size_t number = line ? (size_t)strtoul(line + strlen("(line: "), NULL, 10) : 0;
    if (!l->line)
        l->line = number;
    if (!l->entry_line && strstr(text, "in sequence entry"))
        l->entry_line = number;
    bool backtrace = line || strstr(text, "Backtrace:");
    if (!backtrace && !*l->said)
        memcpy(l->said, text, sizeof text);
}

/* libcyaml's words -> what to do about it; the rest of its sentence stands for %s. */
static const struct {
    const char *said;
    enum { INNERMOST, KEY_ITSELF, ENTRY } place;
    const char *fmt;
} advice[] = {
    {"Load: Unexpected key: ",                 KEY_ITSELF,
     "unknown key \"%s\": correct or remove it; server/content/README.md explains the keys."                },
    {"Load: Missing required mapping field: ", ENTRY,      "the key \"%s\" is missing here: add it."        },
    {"Load: Mapping field already seen: ",     INNERMOST,  "the key \"%s\" is given twice: remove one."     },
    {"Load: Invalid uint64_t value: ",         INNERMOST,  "%s is not a whole number: write 0 or more."     },
    {"Load: Invalid UINT value: ",             INNERMOST,  "%s is not a whole number that may stand here."  },
    {"Load: Expecting SEQUENCE, got event: ",  INNERMOST,
     "a list belongs here, as in [a, b], but there is a %s."                                                },
    {"Load: Expecting STRING, got event: ",    INNERMOST,
     "words belong here, in quotes if they have colons or brackets, but there is a %s."                     },
    {"Load: Expecting MAPPING, got event: ",   INNERMOST,
     "\"key: value\" belongs here, but there is a %s."                                                      },
    {"",                                       INNERMOST,  "%s: write it as server/content/README.md shows."},
};

static const char *plain_event(const char *said)
{
    static const char *const words[][2] = {
        {"SCALAR",         "single value"  },
        {"SEQUENCE_START", "list"          },
        {"MAPPING_START",  "\"key: value\""},
    };
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (!strcmp(said, words[i][0]))
            return words[i][1];
    return said;
}

static enum err refuse_element(struct yaml_loader *l, cyaml_err_t code)
{
    const char *said = *l->said ? l->said : cyaml_strerror(code);
    size_t i = 0;
    while (strncmp(said, advice[i].said, strlen(advice[i].said)))
        i++; /* the last one fits all */
    const char *rest = plain_event(said + strlen(advice[i].said));
    size_t line = l->line;
    switch (advice[i].place) {
    case INNERMOST:
        break;
    case KEY_ITSELF:
        line = yaml_place_of_word(&l->src, rest, l->line);
        break;
    case ENTRY:
        line = l->entry_line ? l->entry_line : 1;
        break;
    }
    struct buf text = BUF_INIT;
    size_t split = strcspn(advice[i].fmt, "%");
    buf_append(&text, advice[i].fmt, split);
    buf_append_str(&text, rest);
    buf_append_str(&text, advice[i].fmt + split + strlen("%s"));
    enum err e = yaml_refuse_at(l, ERR_INPUT, line, buf_cstr(&text));
    buf_free(&text);
    return e;
}

enum err yaml_refuse(struct yaml_loader *l, cyaml_err_t code)
{
    if (code == CYAML_ERR_OOM || code == CYAML_ERR_LIBYAML_PARSER_INIT)
        return yaml_refuse_at(l, ERR_NOMEM, 0, err_text(ERR_NOMEM));
    if (code == CYAML_ERR_ALIAS)
        return yaml_refuse_at(l, ERR_INPUT, l->line,
                              "anchors and aliases (& and *) are not supported: write it out.");
    if (code != CYAML_ERR_LIBYAML_PARSER)
        return refuse_element(l, code);
    char what[200], text[320];
    size_t line = yaml_place_of_fault(&l->src, what, sizeof what);
    if (!line) /* it is YAML: the parser failed for another reason, and it has only one */
        return yaml_refuse_at(l, ERR_NOMEM, 0, err_text(ERR_NOMEM));
    (void)snprintf(text, sizeof text,
                   "this is not YAML: %s. Check quotes, brackets, colons and indentation here and "
                   "just before.",
                   what);
    return yaml_refuse_at(l, ERR_INPUT, line, text);
}

enum err yaml_loader_read(struct yaml_loader *l, size_t most, void **data, size_t *len_bytes)
{
    char text[200];
    FILE *f = fopen(l->src.name, "rb");
    int open_errno = f ? 0 : errno;
    enum err e = ERR_OK;
    *data = malloc(most + 1);
    *len_bytes = f && *data ? fread(*data, 1, most + 1, f) : 0;
    if ((f && !*data) || open_errno == ENOMEM) {
        e = yaml_refuse_at(l, ERR_NOMEM, 0, err_text(ERR_NOMEM));
    } else if (!f || ferror(f)) {
        (void)snprintf(text, sizeof text, "cannot be read: %s.", strerror(f ? errno : open_errno));
        e = yaml_refuse_at(l, ERR_IO, 0, text);
    }
    if (e) {
        free(*data);
        *data = NULL;
    }
    if (f)
        (void)fclose(f); /* only read */
    return e;
}
