/* SPDX-License-Identifier: GPL-2.0-or-later */
/* lib/log_line.h - the text of one line of the log.
 *
 * Pure. What an outsider can get into a message (a name, a reason) can't forge a line or break a
 * terminal: control characters and bytes that are not UTF-8 are escaped. */

#ifndef LINTEL_LIB_LOG_LINE_H
#define LINTEL_LIB_LOG_LINE_H

#include "lib/log.h"
#include "lib/text.h"

#include <stdint.h>

/* Longer messages are cut, with "..." at their end. */
#define LOG_LINE_MESSAGE_MAX 4000

/* "error", "warn", "notice", "info", "debug". */
const char *log_line_level_name(enum log_level level);
/* "<5>vrrp: message": the journal knows the time. No newline; appended to 'out'. */
void log_line_journal(struct text *out, enum log_level level, const char *component,
                      const char *message);
/* "2026-01-31T12:00:00.123Z"; 'wall_us' is microseconds since 1970. */
void log_line_time(struct text *out, int64_t wall_us);
/* "2026-01-31T12:00:00.123Z notice vrrp: message"; 'wall_us' is microseconds since 1970. */
void log_line_text(struct text *out, int64_t wall_us, enum log_level level, const char *component,
                   const char *message);
/* {"time":..., "level":..., "component":..., "message":..., and a member for each key=value of the
 * message}. Values are text but for plain integers; a key that is one of these four gets a "_". */
void log_line_json(struct text *out, int64_t wall_us, enum log_level level, const char *component,
                   const char *message);

#endif
