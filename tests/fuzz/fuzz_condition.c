/* Conditions of templates: whatever passes the check must also have a truth, for any answers. */
#include <stdlib.h>
#include <string.h>

#include "common/audit/template.h"
#include "server/content/template_yaml.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *value_of(void *user, uint16_t question, enum part part)
{
    static const char *const values[] = {NULL, "", "yes", "good", "first_review"};
    (void)part;
    return values[(question + *(const uint8_t *)user) % 5];
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct template *t;
    if (!t && template_builtin("FCA", &t, NULL))
        abort();
    char *condition = strndup((const char *)data, size);
    struct err_info why;
    enum err e = template_condition_check(t, condition, &why);
    if (!e && *condition && !template_condition_last(t, condition))
        abort();
    for (uint8_t answers = 0; answers < 5; answers++)
        (void)template_condition(t, condition, value_of, &answers); /* true or false: it ends */
    free(condition);
    return 0;
}
