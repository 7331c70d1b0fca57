/* SPDX-License-Identifier: GPL-2.0-or-later */
/* lib/log.h - one line a fact, on standard error.
 *
 * I/O. Text: "component: message key=value", with a <N> priority prefix under journald
 * (JOURNAL_STREAM names our standard error), with a time stamp otherwise; or one JSON object a
 * line. A line is one write(2), so threads do not mix within it; but only the main thread logs:
 * others report and the main thread tells. Preserves errno. */

#ifndef LINTEL_LIB_LOG_H
#define LINTEL_LIB_LOG_H

#include "lib/compiler.h"

#include <stdbool.h>

/* Numbers are those of syslog. */
enum log_level {
	LOG_LEVEL_ERROR = 3,  /* an operator must act */
	LOG_LEVEL_WARN = 4,   /* degraded, going on: says "ignoring" or "retrying" */
	LOG_LEVEL_NOTICE = 5, /* a state changed */
	LOG_LEVEL_INFO = 6,
	LOG_LEVEL_DEBUG = 7,
};

enum log_format { LOG_FORMAT_TEXT, LOG_FORMAT_JSON };

/* Call once, before threads start. Detects journald. */
void log_open(enum log_format format, enum log_level level);
bool log_level_parse(const char *name, enum log_level *ret_level);
/* Test hook: takes lines instead of standard error; NULL puts it back. */
void log_set_sink(void (*sink)(void *ctx, const char *line), void *ctx);

/* 'message' is "what happened key=value key=\"value with blanks\"": in JSON the pairs become
 * members. */
void log_at(enum log_level level, const char *component, const char *fmt, ...) LT_PRINTF(3, 4);

#define log_error(component, ...)  log_at(LOG_LEVEL_ERROR, component, __VA_ARGS__)
#define log_warn(component, ...)   log_at(LOG_LEVEL_WARN, component, __VA_ARGS__)
#define log_notice(component, ...) log_at(LOG_LEVEL_NOTICE, component, __VA_ARGS__)
#define log_info(component, ...)   log_at(LOG_LEVEL_INFO, component, __VA_ARGS__)
#define log_debug(component, ...)  log_at(LOG_LEVEL_DEBUG, component, __VA_ARGS__)

#endif
