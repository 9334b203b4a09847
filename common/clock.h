#ifndef TANDEM_COMMON_CLOCK_H
#define TANDEM_COMMON_CLOCK_H

/* The two clocks, for main programs and the network layer only: everything else is told the time.
 */

#include <stdint.h>

int64_t clock_utc_ms(void);  /* wall clock, milliseconds since 1970; may jump */
int64_t clock_mono_ms(void); /* never goes back; only differences mean anything */

#endif
