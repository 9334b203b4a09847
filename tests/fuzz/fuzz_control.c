/* A request on the control socket. Only the owner can send one; it must not upset the server all
 * the same. */

#include <stdlib.h>
#include <string.h>

#include "server/net/control.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct control_request r, again;
    struct buf out = BUF_INIT;
    if (control_decode(data, len, &r))
        return 0;
    control_encode(r.argc, (const char *const *)r.argv, r.attachment, r.attachment_len, &out);
    if (control_decode(out.data, out.len, &again) || again.argc != r.argc ||
        again.attachment_len != r.attachment_len)
        abort();
    for (int i = 0; i < r.argc; i++)
        if (strcmp(r.argv[i], again.argv[i]))
            abort();
    control_request_free(&r);
    control_request_free(&again);
    buf_free(&out);
    return 0;
}
