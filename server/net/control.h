#ifndef TANDEM_SERVER_NET_CONTROL_H
#define TANDEM_SERVER_NET_CONTROL_H

/* The socket DIR/control of a running server, for the user who runs it and nobody else (0600, and
 * the peer's user is asked of the kernel). One request per connection.
 *
 *   request: one frame (common/frame.h): count of words, each with its length; 1 and the attachment
 *            with its length, or 0. All numbers are varints.
 *   answer:  frames that begin with 't' and go on with text; the last begins with 'e' and has one
 *            more byte, the exit code. */

#include <uv.h>

#include "common/buf.h"

struct control;
struct control_call;

/* A request has come: answer it with control_answer, now or later, once. All is borrowed. */
typedef void (*control_request_fn)(void *user, struct control_call *call, int argc,
                                   const char *const *argv, const void *attachment,
                                   size_t attachment_len);

/* The directory's lock must be held: an old socket is removed. Returns new (control_close). */
MUST_CHECK enum err control_open(uv_loop_t *loop, const char *dir, control_request_fn request,
                                 void *user, struct control **out, struct err_info *why);
/* Every request must have been answered. `closed` runs later; the memory is gone then. */
void control_close(struct control *c, void (*closed)(void *user), void *user);
void control_answer(struct control_call *call, int exit_code, const char *text);

/* The other side, waiting. ERR_NET: no server is running here (the command may work on the files
 * itself). Any other error comes with a sentence. */
MUST_CHECK enum err control_ask(const char *dir, int argc, const char *const *argv,
                                const void *attachment, size_t attachment_len, int *exit_code,
                                struct buf *text, struct err_info *why);

/* ---- the request's form; for both sides and tests ---- */
enum { CONTROL_MAX_ARGS = 64 };
void control_encode(int argc, const char *const *argv, const void *attachment,
                    size_t attachment_len, struct buf *out);
struct control_request {
    int argc;
    char *argv[CONTROL_MAX_ARGS]; /* returns new: control_request_free */
    const uint8_t *attachment;    /* borrowed from `data`; NULL when there is none */
    size_t attachment_len;
};
MUST_CHECK enum err control_decode(const void *data, size_t len, struct control_request *out);
void control_request_free(struct control_request *r);

#endif
