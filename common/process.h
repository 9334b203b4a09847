#ifndef TANDEM_COMMON_PROCESS_H
#define TANDEM_COMMON_PROCESS_H

/* What both programs say to the system about themselves before they do anything else. */

/* A crash leaves no picture of the memory on the disk: children's words and private keys are in
 * it. Who looks for a fault runs the program in a debugger. */
void process_leave_no_core(void);

#endif
