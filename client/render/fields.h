#ifndef TANDEM_CLIENT_RENDER_FIELDS_H
#define TANDEM_CLIENT_RENDER_FIELDS_H

/* The fields of an audit that hold something, one question's next to each other (internal to
 * render/). */

#include "client/render/render.h"

struct fields {
    const struct audit *audit;
    struct field *f;
    size_t n, cap;
    bool failed;
};
void fields_of(const struct audit *a, struct fields *out);
void fields_free(struct fields *x);

/* The list that an item's field belongs to, or PART_NONE. */
enum part fields_list(const struct audit *a, struct field f);
/* The live text as UTF-8, appended as it is. */
void fields_text(const struct audit *a, struct field f, struct buf *out);

#endif
