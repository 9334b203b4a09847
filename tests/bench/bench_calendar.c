/* What the calendar of a large service costs: 60 managers, 40 IROs, 800 carers. Medians of several
 * runs, in milliseconds. make build/release/tests/bench/bench_calendar */

#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "server/rules/ical.h"
#include "tests/lib/calendar_make.h"

enum { RUNS = 9 };

static double now_ms(void)
{
    struct timespec ts;
    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (double)ts.tv_sec * 1e3 + (double)ts.tv_nsec / 1e6;
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double median(double *values)
{
    qsort(values, RUNS, sizeof *values, by_value);
    return values[RUNS / 2];
}

static void run(const char *what, const char *until)
{
    double first[RUNS], again[RUNS], feed[RUNS];
    size_t n = 0, bytes = 0, feed_bytes = 0;
    for (size_t i = 0; i < RUNS; i++) {
        struct service s;
        struct buf out = BUF_INIT;
        service_init(&s, (struct service_size){60, 40, 800}, i);
        size_t before = mallinfo2().uordblks + mallinfo2().hblkhd;
        double start = now_ms();
        (void)service_generate(&s, civil_of("2026-04-01"), civil_of(until));
        first[i] = now_ms() - start;
        bytes = mallinfo2().uordblks + mallinfo2().hblkhd - before;
        start = now_ms();
        (void)service_generate(&s, civil_of("2026-04-01"), civil_of(until));
        again[i] = now_ms() - start;
        const struct ical_feed f = {.calendar = &s.calendar,
                                    .activities = &s.activities,
                                    .holidays = &s.holidays,
                                    .site = "bench"};
        start = now_ms();
        if (ical_write(&f, &out))
            abort();
        feed[i] = now_ms() - start;
        feed_bytes = out.len;
        n = s.calendar.n;
        buf_free(&out);
        service_fini(&s);
    }
    printf("%-10s %6zu occurrences  generate %6.1f ms  agree again %6.1f ms  %5.1f MB  "
           "iCalendar %7.1f ms %5.1f MB\n",
           what, n, median(first), median(again), (double)bytes / 1e6, median(feed),
           (double)feed_bytes / 1e6);
}

int main(void)
{
    run("a year", "2027-04-01");
    run("18 months", "2027-10-01");
    run("ten years", "2036-04-01");
    return 0;
}
