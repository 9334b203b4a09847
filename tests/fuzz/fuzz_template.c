/* Templates from the wire and from disk. The first byte chooses: the rest is a message, or changes
 * to the bytes of the built-in one (three bytes each: where, where, what), which get much further.
 * Whatever is accepted must be a template that encodes to what decodes to the same bytes. */
#include <stdlib.h>
#include <string.h>

#include "common/audit/template.h"
#include "server/content/template_yaml.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct buf builtin;

static void load_builtin(void)
{
    struct template *t = NULL;
    if (template_builtin("FCA", &t, NULL))
        abort();
    template_encode(t, &builtin);
    template_free(t);
}

static void try_bytes(const uint8_t *data, size_t size)
{
    struct template *t = NULL, *again = NULL;
    struct err_info why;
    if (template_decode(data, size, &t, &why))
        return;
    struct buf one = BUF_INIT, two = BUF_INIT;
    template_encode(t, &one);
    if (template_decode(one.data, one.len, &again, &why))
        abort();
    template_encode(again, &two);
    if (one.len != two.len || memcmp(one.data, two.data, one.len) != 0)
        abort();
    buf_free(&one);
    buf_free(&two);
    template_free(t);
    template_free(again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (!builtin.len)
        load_builtin();
    if (size && data[0] & 1) {
        try_bytes(data + 1, size - 1);
        return 0;
    }
    struct buf b = BUF_INIT;
    buf_append(&b, builtin.data, builtin.len);
    for (size_t i = 1; i + 3 <= size; i += 3)
        b.data[(size_t)(data[i] << 8 | data[i + 1]) % b.len] = data[i + 2];
    try_bytes(b.data, b.len);
    buf_free(&b);
    return 0;
}
