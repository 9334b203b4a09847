/* Templates as a person's file. The input stands alone, or behind a head that is right. */
#include <stdlib.h>
#include <string.h>

#include "server/content/template_yaml.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char head[] = "id: X\nversion: 1\ntitle: t\ntype: dip\noverall: none\n"
                           "sections:\n - code: A\n   title: t\n   write: [FRO]\n   questions:\n"
                           "   - code: A1\n     title: t\n     kinds: [text]\n";

static void try_text(const uint8_t *data, size_t size)
{
    struct template *t = NULL;
    struct err_info why = {0};
    enum err e = template_yaml_parse("x.yaml", data, size, &t, &why);
    if (!e != !!t || (!e && template_validate(t, NULL)))
        abort();
    if (e && strncmp(why.text, "x.yaml:", 7) != 0)
        abort();
    template_free(t);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    try_text(data, size);
    struct buf b = BUF_INIT;
    buf_append_str(&b, head);
    buf_append(&b, data, size);
    try_text(b.data, b.len);
    buf_free(&b);
    return 0;
}
