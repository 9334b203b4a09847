/* What peers send, against the whole core with a store in memory: a reviewing officer in a room, a
 * social worker, somebody without a certificate. Nothing they send may do more than be refused.
 *
 * The input is a list of steps: a byte (who, what), then what the step needs. */

#include <stdlib.h>
#include <string.h>

#include "tests/lib/core_bench.h"

enum { WRITER = 1, WORKER = 2, STRANGER = 3, MAX_STEPS = 200 };

struct input {
    const uint8_t *p, *end;
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);
const char *__asan_default_options(void);

/* bench_free looks for leaks; here that would be most of the work. The unit tests do it. */
const char *__asan_default_options(void)
{
    return "detect_leaks=0";
}

static unsigned take(struct input *in)
{
    return in->p < in->end ? *in->p++ : 0;
}

static const uint8_t *take_bytes(struct input *in, size_t *len)
{
    size_t n = take(in) | take(in) << 8;
    const uint8_t *p = in->p;
    if (n > (size_t)(in->end - p))
        n = (size_t)(in->end - p);
    in->p += n;
    *len = n;
    return p;
}

static void come_back(struct bench *b, unsigned conn, const uint32_t people[4])
{
    bench_drop(b, conn);
    if (conn == STRANGER) {
        struct core_peer nobody = {.cert = CORE_CERT_NONE};
        bench_open(b, conn, &nobody);
    } else {
        bench_connect(b, conn, people[conn]);
        bench_ask_join(b, conn, "TST-2026-0001", false);
    }
}

/* An Edit whose body comes from the input: past the envelope, into the checks of the audit. */
static void send_edit(struct bench *b, unsigned conn, struct input *in)
{
    Tandem__Envelope m = TANDEM__ENVELOPE__INIT;
    Tandem__Edit edit = TANDEM__EDIT__INIT;
    size_t len;
    edit.room = take(in) & 3;
    edit.body.data = (uint8_t *)(uintptr_t)take_bytes(in, &len);
    edit.body.len = len;
    m.body_case = TANDEM__ENVELOPE__BODY_EDIT;
    m.edit = &edit;
    (void)bench_send(b, conn, &m);
}

/* Any kind of message, about an audit that exists. */
static void send_kind(struct bench *b, unsigned conn, struct input *in)
{
    struct bench_plain plain;
    const ProtobufCMessageDescriptor *d = &tandem__envelope__descriptor;
    const ProtobufCFieldDescriptor *f = &d->fields[take(in) % d->n_fields];
    if (f->type == PROTOBUF_C_TYPE_MESSAGE)
        (void)bench_send(b, conn, bench_make(&plain, (int)f->id, "TST-2026-0001", take(in) & 3));
}

static void step(struct bench *b, struct input *in, const uint32_t people[4])
{
    unsigned op = take(in), conn = op & 3;
    size_t len;
    if (!conn || op >> 5 == 7) {
        bench_step(b);
        bench_time(b, (int64_t)(op >> 2) * 250);
        return;
    }
    if (b->conns[conn].closing || op >> 2 == 6) {
        come_back(b, conn, people);
        return;
    }
    if (op & 4) {
        send_edit(b, conn, in);
    } else if (op & 8) {
        send_kind(b, conn, in);
    } else {
        const uint8_t *payload = take_bytes(in, &len);
        if (len) /* the line lets no empty frame through */
            bench_send_bytes(b, conn, payload, len);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct input in = {data, data + len};
    struct bench *b = bench_new(NULL);
    uint32_t people[4] = {0};
    char ref[32];
    people[WRITER] = bench_person(b, "Ana Flint", ROLE_FRO, "north");
    people[WORKER] = bench_person(b, "Ben Moor", ROLE_FSW, "north");
    bench_connect(b, WRITER, people[WRITER]);
    bench_connect(b, WORKER, people[WORKER]);
    bench_new_audit(b, WRITER, "Ben Moor", ref);
    if (strcmp(ref, "TST-2026-0001"))
        abort();
    bench_join(b, WRITER, ref);
    struct core_peer nobody = {.cert = CORE_CERT_NONE};
    bench_open(b, STRANGER, &nobody);
    for (int i = 0; i < MAX_STEPS && in.p < in.end; i++) {
        step(b, &in, people);
        for (unsigned conn = WRITER; conn <= STRANGER; conn++) {
            bench_forget(b, conn);
            buf_clear(&b->conns[conn].all);
        }
    }
    bench_step(b);
    if (b->fatal)
        abort();
    bench_free(b);
    return 0;
}
