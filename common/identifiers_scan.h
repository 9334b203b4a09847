#ifndef TANDEM_COMMON_IDENTIFIERS_SCAN_H
#define TANDEM_COMMON_IDENTIFIERS_SCAN_H

/* Inside the search for identifiers: a text as bytes, read with bounds. Shared by identifiers*.c
 * and by nobody else. Positions are bytes; a position behind the end reads as 0. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct scan {
    const uint8_t *s;
    size_t len;
};

static inline uint8_t scan_at(const struct scan *t, size_t i)
{
    return i < t->len ? t->s[i] : 0;
}
static inline bool scan_is_digit(uint8_t c)
{
    return c >= '0' && c <= '9';
}
static inline uint8_t scan_lower(uint8_t c)
{
    return c >= 'A' && c <= 'Z' ? (uint8_t)(c | 0x20) : c;
}
static inline bool scan_is_letter(uint8_t c)
{
    return scan_lower(c) >= 'a' && scan_lower(c) <= 'z';
}
static inline bool scan_is_alnum(uint8_t c)
{
    return scan_is_digit(c) || scan_is_letter(c);
}

/* Does a letter or digit of any script end before, or begin at, this position? */
bool scan_word_before(const struct scan *t, size_t at);
bool scan_word_at(const struct scan *t, size_t at);
/* Length of the blank or the hyphen of any kind that stands here, or 0. No newline. */
size_t scan_blank(const struct scan *t, size_t at);
size_t scan_hyphen(const struct scan *t, size_t at);
/* How many digits stand here, counted up to `most`. */
size_t scan_digits(const struct scan *t, size_t at, size_t most);
/* Do these small letters stand here, in either case? */
bool scan_is(const struct scan *t, size_t at, const char *letters);
/* Ends a word, a number and a reference here? */
bool scan_free_after(const struct scan *t, size_t end);

/* ---- identifiers_birth.c ---- */
/* The end of a full date that begins here and stands near a word about birth, or 0. */
size_t identifiers_birth(const struct scan *t, size_t at);

#endif
