#include "common/audit/smart.h"

#include <string.h>

/* ---- words ---- */

static bool is_alnum(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           (unsigned char)c >= 0x80;
}

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c | 0x20) : c;
}

struct word {
    const char *at;
    size_t len;
};

/* The next word of letters, digits and whatever is not ASCII; *s goes behind it. */
static bool next_word(const char **s, struct word *w)
{
    while (**s && !is_alnum(**s))
        ++*s;
    w->at = *s;
    while (**s && (is_alnum(**s) || (**s == '\'' && is_alnum((*s)[1]))))
        ++*s;
    w->len = (size_t)(*s - w->at);
    return w->len > 0;
}

static bool is_prefix(const struct word *w, const char *small)
{
    size_t i = 0;
    while (small[i] && i < w->len && lower(w->at[i]) == small[i])
        i++;
    return !small[i];
}

/* A row is a whole word, or with a star at its end what it begins with. NULL ends the table. */
static bool is_listed(const struct word *w, const char *const *table)
{
    for (; *table; table++) {
        size_t len = strlen(*table);
        bool begins = (*table)[len - 1] == '*';
        char row[24];
        memcpy(row, *table, len);
        row[len - begins] = 0;
        if (is_prefix(w, row) && (begins || w->len == len))
            return true;
    }
    return false;
}

static bool is_blank(const char *s)
{
    struct word w;
    return !next_word(&s, &w);
}

static bool has_listed(const char *s, const char *const *table)
{
    struct word w;
    while (next_word(&s, &w))
        if (is_listed(&w, table))
            return true;
    return false;
}

static bool has_digit(const char *s)
{
    return strpbrk(s, "0123456789") != NULL;
}

/* ---- the letters ---- */

/* Nobody can see these being done; what follows must say what is meant. */
static const char *const vague[] = {
    "ensure*", "consider*",   "monitor*", "improv*",   "review*",   "continu*",   "discuss*",
    "explor*", "support*",    "promot*",  "encourag*", "address*",  "look*",      "try*",
    "aim*",    "strengthen*", "develop*", "maintain*", "enhanc*",   "better*",    "more",
    "aware*",  "good*",       "need*",    "should",    "practice*", "situation*", "things",
    "matter*", "issue*",      NULL};
/* Words that carry nothing by themselves. */
static const char *const filler[] = {
    "a",    "an",   "and", "are",  "as",    "at",   "be",    "been", "by",   "can",
    "do",   "done", "for", "from", "has",   "have", "in",    "into", "is",   "it",
    "its",  "of",   "on",  "or",   "that",  "the",  "their", "them", "then", "there",
    "they", "this", "to",  "up",   "was",   "we",   "well",  "will", "with", "all",
    "any",  "our",  "us",  "some", "where", "when", "very",  NULL};

enum { SAYING = 2, SAYING_AFTER_VAGUE = 3 }; /* words that say something */

static bool check_specific(const struct smart_words *w, const char *today)
{
    const char *s = w->specific;
    struct word word;
    size_t says = 0;
    bool first = true, begins_vague = false;
    (void)today;
    while (next_word(&s, &word)) {
        bool is_vague = is_listed(&word, vague);
        begins_vague |= first && is_vague;
        first = false;
        says += !is_vague && !is_listed(&word, filler);
    }
    return says >= (begins_vague ? SAYING_AFTER_VAGUE : SAYING);
}

/* What can be counted, seen or read. */
static const char *const observable[] = {
    "one",    "two",      "three",    "four",       "five",         "once",      "twice",
    "each",   "every*",   "none",     "number*",    "count*",       "percent*",  "half",
    "day*",   "daily",    "week*",    "fortnight*", "month*",       "term*",     "record*",
    "sign*",  "minute*",  "report*",  "form",       "forms",        "log",       "logs",
    "logged", "diary",    "file*",    "letter*",    "email*",       "copy",      "copies",
    "note*",  "list*",    "plan",     "plans",      "certificate*", "register*", "score*",
    "scale*", "grade*",   "seen",     "sees",       "see",          "say",       "says",
    "said",   "tell*",    "told",     "show*",      "hear*",        "ask*",      "attend*",
    "visit*", "meeting*", "pep",      "audit*",     "confirm*",     "complete*", "receiv*",
    "stay*",  "sleep*",   "feedback", "survey*",    "views",        NULL};

static bool check_measure(const struct smart_words *w, const char *today)
{
    (void)today;
    return has_digit(w->measure) || has_listed(w->measure, observable) ||
           strstr(w->measure, "so that");
}

static bool check_achievable(const struct smart_words *w, const char *today)
{
    (void)today;
    return !is_blank(w->owner) && !is_blank(w->support);
}

/* Those for whom something changes; roles by their codes are looked up. */
static const char *const people[] = {
    "child*",     "young",    "boy*",     "girl*",         "baby*",   "babies",
    "sibling*",   "brother*", "sister*",  "twin*",         "carer*",  "foster*",
    "household*", "famil*",   "parent*",  "mother*",       "father*", "mum*",
    "dad*",       "grandm*",  "grandp*",  "grandf*",       "aunt*",   "uncle*",
    "worker*",    "officer*", "manager*", "team*",         "panel*",  "school*",
    "teacher*",   "people",   "person*",  "practitioner*", "staff",   "he",
    "she",        "him",      "her",      "his",           NULL};

static bool names_role(const char *s)
{
    struct word w;
    while (next_word(&s, &w))
        for (int r = ROLE_FRO; r < ROLE_COUNT; r++) {
            const char *code = role_code((enum role)r);
            if (strlen(code) == w.len && !memcmp(code, w.at, w.len))
                return true;
        }
    return false;
}

static bool check_relevant(const struct smart_words *w, const char *today)
{
    (void)today;
    return has_listed(w->change, people) || names_role(w->change);
}

static bool is_day(const char *s)
{
    static const char shape[] = "dddd-dd-dd";
    size_t i = 0;
    while (shape[i] && s[i] && (shape[i] == 'd' ? s[i] >= '0' && s[i] <= '9' : s[i] == '-'))
        i++;
    return !shape[i] && !s[i];
}

static bool check_time(const struct smart_words *w, const char *today)
{
    return is_day(w->due) && (!today || strcmp(w->due, today) >= 0);
}

/* ---- what is missing ---- */

static const char *gap_specific(const struct smart_words *w)
{
    return is_blank(w->specific) ? "what exactly will be done?"
                                 : "what exactly will be done? Say who does what";
}

static const char *gap_measure(const struct smart_words *w)
{
    return is_blank(w->measure) ? "how shall we know it is done?"
                                : "how shall we know it is done? Name a number, a date, a record";
}

static const char *gap_achievable(const struct smart_words *w)
{
    if (!is_blank(w->owner))
        return "what support is needed? Write \"none\" if none is";
    return is_blank(w->support) ? "who will do it, and what support is needed?" : "who will do it?";
}

static const char *gap_relevant(const struct smart_words *w)
{
    return is_blank(w->change) ? "what will change, and for whom?"
                               : "for whom will it change? Name the child, the carer or a role";
}

static const char *gap_time(const struct smart_words *w)
{
    if (is_day(w->due))
        return "that day has passed: which day is meant?";
    return *w->due ? "by which day? A month alone leaves it open" : "by which day?";
}

/* ---- all of them ---- */

/* clang-format off */
static const struct letter_row {
    char letter;
    const char *meaning;
    bool (*check)(const struct smart_words *w, const char *today);
    const char *(*gap)(const struct smart_words *w);
    const char *says; /* when it passes */
} rows[SMART_LETTERS] = {
    [SMART_S] = {'S', "specific",   check_specific,   gap_specific,   "says what will be done"},
    [SMART_M] = {'M', "measurable", check_measure,    gap_measure,    "says how we shall know it is done"},
    [SMART_A] = {'A', "achievable", check_achievable, gap_achievable, "says who does it and with what support"},
    [SMART_R] = {'R', "relevant",   check_relevant,   gap_relevant,   "says what will change for whom"},
    [SMART_T] = {'T', "time-bound", check_time,       gap_time,       "says by which day"},
};
/* clang-format on */

void smart_check_words(const struct smart_words *w, const char *today, struct smart *out)
{
    out->all = true;
    for (size_t i = 0; i < SMART_LETTERS; i++) {
        bool pass = rows[i].check(w, today);
        out->letters[i] = (struct smart_result){pass, pass ? rows[i].says : rows[i].gap(w)};
        out->all &= pass;
    }
}

char smart_letter(enum smart_letter letter)
{
    return rows[letter].letter;
}

const char *smart_meaning(enum smart_letter letter)
{
    return rows[letter].meaning;
}

/* ---- an action in an audit ---- */

static const struct {
    enum part part;
    enum smart_letter letter;
    size_t words; /* where in struct smart_words */
} parts[] = {
    {PART_CHANGE,   SMART_R, offsetof(struct smart_words, change)  },
    {PART_SPECIFIC, SMART_S, offsetof(struct smart_words, specific)},
    {PART_MEASURE,  SMART_M, offsetof(struct smart_words, measure) },
    {PART_OWNER,    SMART_A, offsetof(struct smart_words, owner)   },
    {PART_DUE,      SMART_T, offsetof(struct smart_words, due)     },
    {PART_SUPPORT,  SMART_A, offsetof(struct smart_words, support) },
};
enum { PARTS = sizeof parts / sizeof *parts };

enum smart_letter smart_of_part(enum part part)
{
    for (size_t i = 0; i < PARTS; i++)
        if (parts[i].part == part)
            return parts[i].letter;
    return SMART_LETTERS;
}

static const char *value_of(void *user, struct field f)
{
    return audit_value(user, f).value;
}

static void read_part(const struct audit *a, struct field f, smart_value_fn value, void *user,
                      struct buf *out)
{
    const struct text *t = audit_text(a, f);
    if (part_find((enum part)f.part)->type != TYPE_TEXT)
        buf_append_str(out, value(user, f));
    else if (t)
        text_read(t, 0, text_len_cp(t), out);
}

void smart_check(const struct audit *a, struct field action, smart_value_fn value, void *user,
                 const char *today, struct smart *out)
{
    struct smart_words w;
    struct buf words[PARTS];
    bool exists = audit_item_exists(a, action.question, PART_ACTIONS, action.item);
    for (size_t i = 0; i < PARTS; i++) {
        words[i] = (struct buf)BUF_INIT;
        action.part = (uint16_t)parts[i].part;
        if (exists)
            read_part(a, action, value ? value : value_of, value ? user : (void *)(uintptr_t)a,
                      &words[i]);
        const char *s = buf_cstr(&words[i]); /* "" without memory */
        memcpy((char *)&w + parts[i].words, &s, sizeof s);
    }
    smart_check_words(&w, today, out);
    for (size_t i = 0; i < PARTS; i++)
        buf_free(&words[i]);
}
