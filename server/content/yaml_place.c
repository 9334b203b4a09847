#include "server/content/yaml_place.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <yaml.h>

struct walk {
    yaml_parser_t parser;
    yaml_event_t event;
    size_t depth;
    bool have_event;
};

static bool walk_init(struct walk *w, const struct yaml_source *src)
{
    *w = (struct walk){.depth = 0};
    if (!yaml_parser_initialize(&w->parser))
        return false;
    yaml_parser_set_input_string(&w->parser, src->data, src->len_bytes);
    return true;
}

/* False at the end and at a fault. */
static bool walk_next(struct walk *w)
{
    if (w->have_event)
        yaml_event_delete(&w->event);
    w->have_event = yaml_parser_parse(&w->parser, &w->event);
    if (!w->have_event)
        return false;
    yaml_event_type_t type = w->event.type;
    if (type == YAML_MAPPING_START_EVENT || type == YAML_SEQUENCE_START_EVENT)
        w->depth++;
    if (type == YAML_MAPPING_END_EVENT || type == YAML_SEQUENCE_END_EVENT)
        w->depth--;
    return type != YAML_STREAM_END_EVENT;
}

static void walk_fini(struct walk *w)
{
    if (w->have_event)
        yaml_event_delete(&w->event);
    yaml_parser_delete(&w->parser);
}

static bool is_word(const struct walk *w, const char *word)
{
    size_t len = strlen(word);
    return w->event.type == YAML_SCALAR_EVENT && w->event.data.scalar.length == len &&
           !memcmp(w->event.data.scalar.value, word, len);
}

static size_t line_of(yaml_mark_t mark)
{
    return mark.line + 1;
}

size_t yaml_place_of_key(const struct yaml_source *src, const char *key, size_t depth, size_t n)
{
    struct walk w;
    if (!walk_init(&w, src))
        return 0;
    size_t line = 0;
    while (!line && walk_next(&w))
        if (w.depth == depth && is_word(&w, key) && --n == 0)
            line = line_of(w.event.start_mark);
    walk_fini(&w);
    return line;
}

size_t yaml_place_of_pair(const struct yaml_source *src, const char *key, const char *value,
                          size_t depth)
{
    struct walk w;
    if (!walk_init(&w, src))
        return 0;
    size_t line = 0;
    bool behind_key = false;
    while (walk_next(&w)) {
        if (behind_key && is_word(&w, value))
            line = line_of(w.event.start_mark);
        behind_key = w.depth == depth && is_word(&w, key);
    }
    walk_fini(&w);
    return line;
}

size_t yaml_place_of_word(const struct yaml_source *src, const char *word, size_t from_line)
{
    struct walk w;
    if (!walk_init(&w, src))
        return 0;
    size_t line = 0;
    while (!line && walk_next(&w))
        if (line_of(w.event.start_mark) >= from_line && is_word(&w, word))
            line = line_of(w.event.start_mark);
    walk_fini(&w);
    return line;
}

static size_t line_of_offset(const struct yaml_source *src, size_t offset)
{
    const char *text = src->data;
    size_t line = 1;
    for (size_t i = 0; i < offset && i < src->len_bytes; i++)
        line += text[i] == '\n';
    return line;
}

/* The parser notices an open quote or bracket only at the end of the text: where it began helps
 * more. */
static size_t line_of_problem(const struct yaml_source *src, const yaml_parser_t *p)
{
    if (p->error == YAML_READER_ERROR)
        return line_of_offset(src, p->problem_offset);
    if (p->error != YAML_SCANNER_ERROR && p->error != YAML_PARSER_ERROR)
        return line_of(p->mark);
    bool at_end = p->problem && strstr(p->problem, "end of stream");
    return line_of(at_end && p->context ? p->context_mark : p->problem_mark);
}

size_t yaml_place_of_fault(const struct yaml_source *src, char *what, size_t cap)
{
    struct walk w;
    what[0] = 0;
    if (!walk_init(&w, src))
        return 0;
    while (walk_next(&w))
        ;
    size_t line = 0;
    if (w.parser.error != YAML_NO_ERROR && w.parser.error != YAML_MEMORY_ERROR) {
        const char *problem = w.parser.problem ? w.parser.problem : "it cannot be read";
        const char *context = w.parser.context ? w.parser.context : "";
        (void)snprintf(what, cap, "%s%s%s", problem, *context ? " " : "", context);
        line = line_of_problem(src, &w.parser);
    }
    walk_fini(&w);
    return line;
}
