/* Operations from a hostile peer: make fuzz. */

#include "tests/lib/text_hostile.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 2000) /* the model is slow */
        text_hostile_ops(data, size);
    return 0;
}
