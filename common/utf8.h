#ifndef TANDEM_COMMON_UTF8_H
#define TANDEM_COMMON_UTF8_H

/* UTF-8 at the doors: validation of what comes in, and making what goes to a screen harmless. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/buf.h"

enum { UTF8_BAD = -1 };

/* Decodes one scalar value at [p, end). Returns its length in bytes (1-4) and sets *cp, or 0 when
 * the bytes are not well-formed UTF-8 (overlong, surrogate, above U+10FFFF, cut short). */
size_t utf8_decode(const uint8_t *p, const uint8_t *end, uint32_t *cp);
size_t utf8_encode(uint32_t cp, uint8_t out[4]);

/* Number of scalar values, or UTF8_BAD. */
long utf8_count(const void *data, size_t len);

/* What an answer may contain: well-formed UTF-8 without NUL, C0/C1 controls (but tab and newline),
 * bidirectional overrides/isolates, U+FEFF, non-characters. One-line values refuse newline and tab
 * too. On refusal *why (may be NULL) is a phrase such as "a control character (U+0007)". */
MUST_CHECK enum err utf8_check_text(const void *data, size_t len, bool multi_line,
                                    struct err_info *why);

/* Text from others, made safe to print: controls, bidi and zero-width characters become visible
 * ("␛", "‹U+202E›"); ill-formed bytes become U+FFFD. Newlines stay when `multi_line`, else "␊".
 * THE way that text of others reaches a screen, a subcommand's output or a log. */
void text_safe(struct buf *out, const void *data, size_t len, bool multi_line);
/* As text_safe for one line, as a NUL-terminated string borrowed from `out`, which is cleared
 * first. */
const char *text_safe_cstr(struct buf *out, const char *s);

#endif
