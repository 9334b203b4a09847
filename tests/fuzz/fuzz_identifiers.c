/* Words that look like identifiers, in any bytes: make fuzz. */
#include <stdlib.h>

#include "common/identifiers.h"
#include "common/utf8.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct identifier found;
    for (size_t from = 0; identifiers_next(data, size, from, &found); from = found.end) {
        if (found.start < from || found.end <= found.start || found.end > size)
            abort(); /* it would never end, or is not there */
        if (found.end - found.start > 400)
            abort(); /* longer than anything that it looks for */
        if (utf8_count(data + found.start, found.end - found.start) == UTF8_BAD)
            abort(); /* cut out of a character */
        if (!*identifiers_name(found.kind) || !*identifiers_advice(found.kind))
            abort();
    }
    return 0;
}
