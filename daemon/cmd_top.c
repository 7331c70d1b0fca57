/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Asks the daemon again and again; between two answers it listens to keys. What is not a terminal
 * gets one picture. */
#include "daemon/client.h"
#include "daemon/command.h"
#include "daemon/run.h"
#include "daemon/top.h"
#include "lib/mono.h"

#include <errno.h>
#include <langinfo.h>
#include <locale.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#define INTERVAL_MIN_US (100 * US_PER_MS)
#define INTERVAL_MAX_US (60 * US_PER_S)
/* Alternate screen, no cursor; and back. */
#define SCREEN_BEGIN    "\033[?1049h\033[?25l"
#define SCREEN_END      "\033[?25h\033[?1049l"
#define SCREEN_HOME     "\033[H"
#define LINE_REST       "\033[K" /* cleared to its end */
#define SCREEN_REST     "\033[J"

static struct termios terminal_before;

static void terminal_restore(void)
{
	tcsetattr(STDIN_FILENO, TCSAFLUSH, &terminal_before);
	fputs(SCREEN_END, stdout);
	fflush(stdout);
}

/* Keys come one by one and unseen. Signals stay keys, so that nothing ends without restoring. */
static bool terminal_take(void)
{
	struct termios raw;

	if (tcgetattr(STDIN_FILENO, &terminal_before))
		return false;
	raw = terminal_before;
	raw.c_lflag &= ~(tcflag_t)(ICANON | ECHO | ISIG);
	raw.c_cc[VMIN] = 0;
	raw.c_cc[VTIME] = 0;
	if (tcsetattr(STDIN_FILENO, TCSAFLUSH, &raw))
		return false;
	atexit(terminal_restore);
	fputs(SCREEN_BEGIN, stdout);
	return true;
}

static unsigned terminal_height(void)
{
	struct winsize size;

	return ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_row > 0 ? size.ws_row : 24;
}

static int ask(const struct options_given *given, struct top *top, struct text *error)
{
	const char *socket = options_value(given, "socket", DAEMON_SOCKET);
	json_t *request = json_pack("{s:s}", "command", "list"), *list, *status;
	int rc = client_request(socket, request, CLIENT_ANSWER_US, &list, error);

	json_decref(request);
	if (rc)
		return rc;
	request = json_pack("{s:s}", "command", "status");
	rc = client_request(socket, request, CLIENT_ANSWER_US, &status, error);
	json_decref(request);
	if (rc) {
		json_decref(list);
		return rc;
	}
	top_take(top, list, status);
	return 0;
}

/* Over what was there, line by line: nothing flickers. */
static void draw(struct top *top, const char *trouble)
{
	const struct table_style style = command_style();
	unsigned height = terminal_height();
	struct text picture = {0};

	fputs(SCREEN_HOME, stdout);
	if (*trouble)
		text_printf(&picture, "%s\n", trouble);
	top_render(top, &style, height - 1 - (*trouble != '\0'), &picture);
	for (const char *at = text_str(&picture); *at;) {
		size_t len = strcspn(at, "\n");

		fwrite(at, 1, len, stdout);
		fputs(LINE_REST "\r\n", stdout);
		at += len + (at[len] == '\n');
	}
	fputs(SCREEN_REST, stdout);
	fflush(stdout);
	text_done(&picture);
}

/* A key, or the sequence of one that has no character. */
static int decode_key(const char *bytes, size_t size)
{
	static const struct {
		const char *sequence;
		int key;
	} keys[] = {
		{"\033[A", TOP_KEY_UP},       {"\033[B", TOP_KEY_DOWN},
		{"\033[5~", TOP_KEY_PAGE_UP}, {"\033[6~", TOP_KEY_PAGE_DOWN},
		{"\033[H", TOP_KEY_HOME},     {"\033OA", TOP_KEY_UP},
		{"\033OB", TOP_KEY_DOWN},
	};

	for (size_t i = 0; i < LT_ARRAY_SIZE(keys); i++) {
		if (size == strlen(keys[i].sequence) && memcmp(bytes, keys[i].sequence, size) == 0)
			return keys[i].key;
	}
	return size == 1 && bytes[0] == '\033' ? 'q' : (unsigned char)bytes[0];
}

/* Until it is time to ask again. False: enough. */
static bool listen_until(struct top *top, int64_t at_us, const char *trouble)
{
	for (;;) {
		struct pollfd fd = {.fd = STDIN_FILENO, .events = POLLIN};
		int64_t left_us = at_us - mono_now_us();
		char bytes[16];
		ssize_t size;

		if (left_us <= 0)
			return true;
		if (poll(&fd, 1, (int)(left_us / US_PER_MS) + 1) <= 0)
			continue; /* a new size of the window shows with the next picture */
		size = read(STDIN_FILENO, bytes, sizeof(bytes));
		if (size <= 0)
			return false;
		switch (top_key(top, decode_key(bytes, (size_t)size), terminal_height() / 2)) {
		case TOP_KEY_QUIT:
			return false;
		case TOP_KEY_CHANGED:
			draw(top, trouble);
			break;
		case TOP_KEY_UNKNOWN:
			break;
		}
	}
}

static void watch(const struct options_given *given, struct top *top, int64_t interval_us)
{
	struct text trouble = {0};
	int64_t at_us = mono_now_us();

	do {
		text_clear(&trouble);
		if (top->list == NULL || at_us <= mono_now_us()) {
			if (ask(given, top, &trouble))
				text_add(&trouble, "; trying on");
			at_us = mono_now_us() + interval_us;
		}
		draw(top, text_str(&trouble));
	} while (listen_until(top, at_us, text_str(&trouble)));
	text_done(&trouble);
}

static int run(const struct options_given *given)
{
	static const char *const sorts[] = {"connections", "packets", "bytes", "active", "name"};
	const char *interval = options_value(given, "interval", NULL);
	struct top top = {.servers = options_has(given, "servers"),
	                  .routers = options_has(given, "routers")};
	int64_t interval_us = US_PER_S;
	struct text error = {0}, picture = {0};
	const char *sort = options_value(given, "sort", sorts[0]);
	struct table_style style = command_style();

	while (strcmp(sorts[top.sort], sort) != 0)
		top.sort++;
	if (interval && (text_parse_duration(interval, &interval_us) ||
	                 interval_us < INTERVAL_MIN_US || interval_us > INTERVAL_MAX_US))
		return command_misused(given,
		                       "option '--interval': '%s' is no duration of 100ms to 60s",
		                       interval);
	setlocale(LC_CTYPE, "");
	top.ascii = strcmp(nl_langinfo(CODESET), "UTF-8") != 0;
	int code = COMMAND_DONE;
	if (ask(given, &top, &error)) {
		code = command_failed(given, "%s", text_str(&error));
	} else if (!options_has(given, "once") && isatty(STDOUT_FILENO) && terminal_take()) {
		watch(given, &top, interval_us);
	} else {
		top_render(&top, &style, 0, &picture);
		fputs(text_str(&picture), stdout);
	}
	text_done(&error);
	text_done(&picture);
	top_done(&top);
	return code;
}

static const char *const sort_choices[] = {"connections", "packets", "bytes",
                                           "active",      "name",    NULL};

static const struct options_option options[] = {
	{.name = "interval",
         .letter = 'i',
         .value = "DURATION",
         .help = "time between two pictures, 100ms to 60s [1s]"},
	{.name = "sort",
         .value = "BY",
         .choices = sort_choices,
         .help = "what comes first: the most of what [connections]"},
	{.name = "servers", .help = "show the real servers, too"},
	{.name = "routers",
         .help = "show the virtual routers instead: priority, what changes it, sync group"},
	{.name = "once", .help = "print one picture; so it does where there is no terminal"},
	COMMAND_OPTION_SOCKET,
};

static const char description[] =
	"Shows the virtual servers live: connections, packets and bytes a second as IPVS "
	"estimates them (over a few seconds), with the last pictures as a small chart. Above them "
	"stand "
	"virtual routers whose priority something changes.\n"
	"Keys: c, p, b, a, n sort by connections, packets, bytes, active connections, name, and "
	"reverse when pressed again; s shows real servers, v the virtual routers; arrows, Page Up "
	"and Page Down scroll; "
	"q quits.";

const struct daemon_command daemon_command_top = {
	.usage =
		{
			.name = "top",
			.summary = "virtual servers live, the busiest first",
			.description = description,
			.operands = "",
			.options = options,
			.option_count = LT_ARRAY_SIZE(options),
		},
	.run = run,
};
