/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/log.h"

#include "lib/log_line.h"
#include "lib/mono.h"
#include "lib/text.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Set before threads start, only read afterwards. */
static struct {
	enum log_format format;
	enum log_level level;
	bool journald;
	void (*sink)(void *ctx, const char *line);
	void *sink_ctx;
} log_state = {.level = LOG_LEVEL_INFO};

/* systemd puts "device:inode" of the pipe it made into JOURNAL_STREAM; it is inherited by children
 * whose standard error is something else, so it must be compared (systemd.exec(5)). */
static bool is_journald(void)
{
	const char *stream = getenv("JOURNAL_STREAM");
	struct stat st;
	char own[64];

	if (!stream || fstat(STDERR_FILENO, &st) < 0)
		return false;
	snprintf(own, sizeof(own), "%" PRIu64 ":%" PRIu64, (uint64_t)st.st_dev,
	         (uint64_t)st.st_ino);
	return strcmp(stream, own) == 0;
}

void log_open(enum log_format format, enum log_level level)
{
	log_state.format = format;
	log_state.level = level;
	log_state.journald = is_journald();
}

bool log_level_parse(const char *name, enum log_level *ret_level)
{
	for (int i = LOG_LEVEL_ERROR; i <= LOG_LEVEL_DEBUG; i++) {
		if (strcmp(name, log_line_level_name((enum log_level)i)) == 0) {
			*ret_level = (enum log_level)i;
			return true;
		}
	}
	return false;
}

void log_set_sink(void (*sink)(void *ctx, const char *line), void *ctx)
{
	log_state.sink = sink;
	log_state.sink_ctx = ctx;
}

static void build_line(struct text *line, enum log_level level, const char *component,
                       const char *message)
{
	switch (log_state.format) {
	case LOG_FORMAT_JSON:
		log_line_json(line, mono_wall_us(), level, component, message);
		break;
	case LOG_FORMAT_TEXT:
		if (log_state.journald)
			log_line_journal(line, level, component, message);
		else
			log_line_text(line, mono_wall_us(), level, component, message);
		break;
	}
}

static void put_line(struct text *line)
{
	ssize_t written;

	if (log_state.sink) {
		log_state.sink(log_state.sink_ctx, text_str(line));
		return;
	}
	text_add(line, "\n");
	do
		written = write(STDERR_FILENO, text_str(line), line->len);
	while (written < 0 && errno == EINTR);
	/* A log that can't be written can't be told of either. */
}

void log_at(enum log_level level, const char *component, const char *fmt, ...)
{
	char message[LOG_LINE_MESSAGE_MAX + 8]; /* more than is kept, so that the cut shows */
	int saved_errno = errno;
	struct text line = {0};
	va_list args;

	if (level > log_state.level)
		return;
	va_start(args, fmt);
	vsnprintf(message, sizeof(message), fmt, args);
	va_end(args);
	build_line(&line, level, component, message);
	put_line(&line);
	text_done(&line);
	errno = saved_errno;
}
