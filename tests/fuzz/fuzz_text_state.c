/* A saved text from a hostile server or a broken disk: make fuzz. */

#include "tests/lib/text_hostile.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    text_hostile_state(data, size);
    return 0;
}
