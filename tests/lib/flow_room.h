#ifndef TANDEM_TESTS_LIB_FLOW_ROOM_H
#define TANDEM_TESTS_LIB_FLOW_ROOM_H

/* One audit and the people in it, for flow tests: a real tandemd, real profiles, and the
 * full-screen `tandem open` of each person in a pseudo-terminal. Every function fails the test when
 * something does not happen within FLOW_WAIT_MS. */

#include "tests/lib/daemon.h"
#include "tests/lib/vterm_screen.h"

enum { FLOW_WAIT_MS = 20 * 1000, FLOW_ROWS = 40, FLOW_COLS = 130 };

struct flow {
    struct daemon d;
    char ref[32];
};

/* A site with Ana Flint (FRO, profile ana), Ben Okafor (FSW, ben), Cleo Marsh (CSW, cleo, invited
 * to write in section B), Iris Moor (IRO, iris, invited) and one FCA whose practitioner is Ben. */
void flow_up(struct flow *f);
/* Ends the server if it runs and removes everything. */
void flow_down(struct flow *f);
/* `tandem ARGS...` with an expected exit code; what it printed, stdout then stderr (free()). */
char *flow_run(const char *input, int exit_code, const char *const *argv);
#define FLOW_RUN(code, ...) flow_run(NULL, code, (const char *const[]){"tandem", __VA_ARGS__, NULL})
#define FLOW_DO(code, ...)  free(FLOW_RUN(code, __VA_ARGS__))
/* The words of one answer by `show --json`, as this person may see them; "" when there are none.
 * Returns new. `part`: "rationale", "words", ... */
char *flow_words(const struct flow *f, const char *profile, const char *question, const char *part);
/* The history by `history --json` as this person gets it. Returns new. */
char *flow_history(const struct flow *f, const char *profile);
/* `tandemd verify` on the stopped server's data must find nothing wrong. Stops it if it runs. */
void flow_verify(struct flow *f);

/* `tandem open` in a terminal, as soon as the room is on the screen. */
struct vscreen *flow_open(const struct flow *f, const char *profile);
struct vscreen *flow_open_at(const struct flow *f, const char *profile, const char *env,
                             uint16_t rows, uint16_t cols);
/* Goes to a part of an answer: "B1.rationale". */
void flow_go(struct vscreen *s, const char *where);
/* Waits until the screen shows it; the message has the screen. */
void flow_see(struct vscreen *s, const char *text);
void flow_see_not(struct vscreen *s, const char *text);
/* Waits until these screens all show these words at the answer on which they are; blanks and line
 * breaks are not compared, because each screen wraps for itself. */
void flow_see_words(struct vscreen *const *s, size_t n, const char *words);
/* As above until all of them show the same words, `chars` characters that are not blank. Returns
 * those, without blanks (free()). */
char *flow_see_equal(struct vscreen *const *s, size_t n, size_t chars);
/* Ctrl-Q; it must end with 0 and without asking. Frees. */
void flow_leave(struct vscreen *s);

/* A copy of `text` without blanks and line breaks. Returns new. */
char *flow_squeeze(const char *text);

#endif
