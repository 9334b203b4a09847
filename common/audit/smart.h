#ifndef TANDEM_COMMON_AUDIT_SMART_H
#define TANDEM_COMMON_AUDIT_SMART_H

/* Is one action specific, measurable, achievable, relevant and time-bound? Rules of thumb on the
 * words that stand there, in English: a hint for whoever writes, never a judgement, and it never
 * blocks anything. An action that says the same well in other words may show a gap. */

#include "common/audit/audit.h"

enum smart_letter {
    SMART_S, /* says what will be done */
    SMART_M, /* says how we shall know that it is done */
    SMART_A, /* who does it, and with which support */
    SMART_R, /* says what will change, and for whom */
    SMART_T, /* the day, not before today */
    SMART_LETTERS,
};

struct smart {
    struct smart_result {
        bool pass;
        /* What it says, or what is missing and what to write: "how shall we know it is done?
         * Name ...". Static. */
        const char *sentence;
    } letters[SMART_LETTERS];
    bool all; /* every letter passes */
};

/* The words of one action, as they stand in its parts; "" for an empty one, never NULL. */
struct smart_words {
    const char *specific, *measure, *owner, *support, *change, *due;
};
/* `today` as YYYY-MM-DD, or NULL: then no day has passed. Borrows; no allocation. */
void smart_check_words(const struct smart_words *w, const char *today, struct smart *out);

/* The same of an action in an audit: `action` names the item or any part of it. An action that does
 * not exist has every gap. `value` (may be NULL: as the audit stands) tells the parts that are not
 * texts, for who has own choices on top; never NULL. Words that memory runs out for count as empty.
 */
typedef const char *(*smart_value_fn)(void *user, struct field f);
void smart_check(const struct audit *a, struct field action, smart_value_fn value, void *user,
                 const char *today, struct smart *out);

char smart_letter(enum smart_letter letter);         /* 'S' */
const char *smart_meaning(enum smart_letter letter); /* "specific" */
/* The letter that a part of an action answers; SMART_LETTERS when it is none of them. */
enum smart_letter smart_of_part(enum part part);

#endif
