#ifndef TANDEM_CLIENT_SESSION_H
#define TANDEM_CLIENT_SESSION_H

/* What a command needs to talk to the server: profile, loop, transport; and waiting for answers. */

#include <jansson.h>
#include <uv.h>

#include "client/cli.h"
#include "client/link/transport.h"
#include "common/pb_alloc.h"
#include "proto/wire.pb-c.h"

enum { SESSION_ACK_MS = 30 * 1000, SESSION_HURRY_MS = 2 * 1000 };

struct session {
    uv_loop_t loop;
    bool loop_ok;
    struct profile profile;
    struct transport *t;
    struct link *link; /* the transport's */
    uv_timer_t deadline;
    bool late, hurried;
    struct err_info why; /* of the last failure */
    /* news of one's own writes */
    bool conflict, refused;
    struct field conflict_field;
    char *theirs, *refusal;
    uint32_t conflict_person;
    bool joined;
    enum err join_err;
};

/* Loads the profile and makes the transport. ERR_* with s->why. session_close in any case. */
MUST_CHECK enum err session_open(struct session *s, const struct cli *c);
/* The same with a recovery file, kept until session_close. */
MUST_CHECK enum err session_open_kept(struct session *s, const struct cli *c,
                                      struct recovery *recovery);
/* For enrolment: no profile. */
MUST_CHECK enum err session_open_at(struct session *s, const char *host, uint16_t port,
                                    const uint8_t authority_hash16[16]);
void session_close(struct session *s);

/* For what may be left out: from now on no answer is waited for longer than SESSION_HURRY_MS. */
void session_hurry(struct session *s);
/* Asks and waits. `fn` gets the answer (borrowed) and says whether it is what was expected. */
typedef enum err (*session_answer_fn)(void *user, const Tandem__Envelope *answer,
                                      struct err_info *why);
MUST_CHECK enum err session_ask(struct session *s, Tandem__Envelope *m, session_answer_fn fn,
                                void *user);
/* A copy of a message that lives longer than its callback: returns new, NULL without memory; free
 * it with protobuf_c_message_free_unpacked. */
void *session_copy(const ProtobufCMessage *m);
/* Opens, asks one thing, closes; an exit code. */
int session_once(const struct cli *c, Tandem__Envelope *m, session_answer_fn fn, void *user);
/* For a request's field: messages do not say const. NULL is "". */
char *session_text(const char *s);
/* For `fn`: the answer is of another kind than was asked for. */
MUST_CHECK enum err session_answer_is(const Tandem__Envelope *m, Tandem__Envelope__BodyCase kind,
                                      struct err_info *why);
/* Into the room, and waits until the audit is here. */
MUST_CHECK enum err session_join(struct session *s, const char *ref, bool only_read);
/* Waits until everything written is on the server's disk. ERR_STALE: a conflict (s->theirs ...);
 * ERR_REFUSED_*: refused; ERR_NET: not acknowledged in time, it may or may not be stored. */
MUST_CHECK enum err session_flush(struct session *s);

/* In the room: waits until the audit has come to this state here too. ERR_NET: not in time. */
MUST_CHECK enum err session_await_state(struct session *s, enum audit_state state);

/* ---- an audit as it stands or stood, from View ---- */
struct view {
    struct template *template;
    struct audit *audit;
    struct viewer me;
    uint64_t seq;
    int64_t utc_ms;
    struct view_name {
        uint32_t person;
        char *name; /* safe */
    } * names;
    size_t nnames;
    char name_buf[32];
};
MUST_CHECK enum err session_view(struct session *s, const char *ref, uint64_t seq, int64_t utc_ms,
                                 struct view *out);
void view_fini(struct view *v);
const char *view_name(struct view *v, uint32_t person); /* borrowed until the next call */
MUST_CHECK enum err view_add_names(struct view *v, Tandem__Person *const *people, size_t n);

/* ---- output ---- */
int session_fail(struct session *s, enum err e); /* prints s->why; exit code */
void print_json(json_t *j);                      /* takes; pretty, sorted as built */
void print_json_line(json_t *j);                 /* takes; one line */
json_t *json_roles(const Tandem__Person *p);

#endif
