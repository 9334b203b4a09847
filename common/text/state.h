#ifndef TANDEM_COMMON_TEXT_STATE_H
#define TANDEM_COMMON_TEXT_STATE_H

/* The saved form of a text. One text has one form: what could be written in two ways is refused in
 * one of them.
 *
 *   u8 version, u8 flags (bit 0: all words are ASCII; bit 1: there are struck runs and the words of
 *               all of them are here; bit 2: the words of some, see HEAD_AGAIN)
 *   varint n    agents, by number; each: number (less the one before), next seq, strikes seen,
 *               strikes not yet confirmed
 *   varint n    bytes of words, which end the state
 *   varint n    runs in document order, joined where nothing but a chain separates them; each:
 *     u8        bits 0-1 hangs: 0 chained to an earlier run (seq follows), 1 right of the character
 *                 before it here, 2 left of the first character of the next run, 3 as it says
 *               bit 2 chained: to the run just before; else: same agent as the run before
 *               bit 3 struck, bits 4-6 length if 1..7
 *               bit 7 struck, by the same holds as the struck run before, which are left out; with
 *                 flag bit 2 instead: struck, its words are here
 *     [varint]  length if over 7
 *     [varint]  chained: how many runs are open above that one (spine.h); else the agent's rank
 *     [varint]  not chained: seq, as a zigzag difference to the end of the agent's last run here
 *     [2 x]     hangs as it says: (rank + 1) * 2 + on the left (0: the start); seq
 *     [holds]   struck: 0 as the struck run before (with flag bit 2 only); an odd number: one hold,
 * by the same agent as that run's first, half of it is its time; else half of it is their number,
 * and for each follow the agent's rank and its time. Times are zigzag differences to the time
 * before words, in document order */

#include "common/text/inside.h"

enum { STATE_VERSION = 1, FLAG_ASCII = 1, FLAG_STRUCK = 2, FLAG_MIXED = 4 };
enum { HANGS_CHAINED, HANGS_RIGHT, HANGS_LEFT, HANGS_SAID, HANGS_MASK = 3 };
enum { HEAD_NEAR = 4, HEAD_STRUCK = 8, HEAD_LEN_SHIFT = 4, HEAD_LEN_MAX = 7, HEAD_AGAIN = 128 };

static inline uint64_t zigzag(int64_t v)
{
    return (uint64_t)v << 1 ^ (uint64_t)(v >> 63);
}

static inline int64_t unzigzag(uint64_t v)
{
    return (int64_t)(v >> 1) ^ -(int64_t)(v & 1);
}

/* One run as it is saved. */
struct run {
    uint32_t agent; /* index */
    uint32_t seq, len;
    uint32_t held;
    bool words; /* are saved */
    bool root;
    bool left;
    struct text_id parent;
};

/* Has it done anything? Others may be left behind by a call that ran out of memory. */
static inline bool agent_used(const struct agent *a)
{
    return a->next_seq || a->strikes;
}

#endif
