#include <locale.h>
#include <signal.h>
#include <stdio.h>

#include "client/commands.h"
#include "common/log.h"
#include "common/process.h"

int main(int argc, char **argv)
{
    process_leave_no_core();
    (void)setlocale(LC_ALL, ""); /* widths of characters in the editor */
    signal(SIGPIPE, SIG_IGN);    /* a line that breaks is an error of a write, not an end */
    log_set_level(LOG_LEVEL_ERROR);
    int code = commands_run(argc - 1, argv + 1);
    if (fflush(stdout) != 0 && code == EXIT_DONE)
        code = EXIT_REFUSED; /* nobody has read it */
    return code;
}
