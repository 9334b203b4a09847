#ifndef TANDEM_COMMON_TEXT_COVER_H
#define TANDEM_COMMON_TEXT_COVER_H

/* Proves that runs which come in any order cover a line of characters once each, with two marks per
 * run however long it is: no two runs start at one place, no two end at one place, and a run starts
 * behind every end but the last. So at every place as many runs have started as have ended before
 * it, and one more: the one that covers it. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct cover_marks {
    uint64_t starts, lasts; /* a bit per character: a run's first, a run's last */
};

enum { COVER_BLOCK = 1 << 14 }; /* characters: a page of marks */

struct cover {
    struct cover_marks *marks;
    uint8_t *touched; /* per block: has it any marks? A text may say it has many and have one run */
    size_t n;         /* characters */
};

/* Of n characters. False: no memory. */
bool cover_init(struct cover *c, size_t n);
void cover_fini(struct cover *c);
/* Have the runs covered every character once? */
bool cover_is_whole(const struct cover *c);

/* A run of characters [first, last], which must be there. False: another one starts or ends there
 * as well. */
static inline bool cover_add(struct cover *c, size_t first, size_t last)
{
    uint64_t *starts = &c->marks[first / 64].starts, start = (uint64_t)1 << first % 64;
    uint64_t *lasts = &c->marks[last / 64].lasts, end = (uint64_t)1 << last % 64;
    bool again = (*starts & start) || (*lasts & end);
    *starts |= start;
    *lasts |= end;
    c->touched[first / COVER_BLOCK] = c->touched[last / COVER_BLOCK] = 1;
    return !again;
}

#endif
