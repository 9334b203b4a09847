#include "common/process.h"

#include <sys/resource.h>

void process_leave_no_core(void)
{
    struct rlimit r;
    if (getrlimit(RLIMIT_CORE, &r))
        return;
    r.rlim_cur = 0;
    (void)setrlimit(RLIMIT_CORE, &r); /* lowering is always allowed */
}
