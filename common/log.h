#ifndef TANDEM_COMMON_LOG_H
#define TANDEM_COMMON_LOG_H

/* Structured log lines on stderr: time, level, area, event, key=value. Ids only, never names or
 * content: these are records about children. Values with spaces or controls are quoted/escaped.
 *   2026-11-23T09:00:00.123Z info net conn_open conn=12 person=3
 */
enum log_level { LOG_LEVEL_ERROR, LOG_LEVEL_WARN, LOG_LEVEL_INFO, LOG_LEVEL_DEBUG };

void log_set_level(enum log_level level); /* default INFO; the one process-wide setting there is */
/* The level of a name ("error" ... "debug"), or -1. */
int log_level_find(const char *name);
/* `fmt` gives the key=value part. */
void log_line(enum log_level level, const char *area, const char *event, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));

#define log_error(area, event, ...) log_line(LOG_LEVEL_ERROR, area, event, __VA_ARGS__)
#define log_warn(area, event, ...)  log_line(LOG_LEVEL_WARN, area, event, __VA_ARGS__)
#define log_info(area, event, ...)  log_line(LOG_LEVEL_INFO, area, event, __VA_ARGS__)
#define log_debug(area, event, ...) log_line(LOG_LEVEL_DEBUG, area, event, __VA_ARGS__)

#endif
