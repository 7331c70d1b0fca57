/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "news/hook.h"

#include "lib/mem.h"
#include "news/target.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static void wipe(char *text)
{
	if (text)
		explicit_bzero(text, strlen(text));
	free(text);
}

void news_hook_done(struct news_hook *hook)
{
	wipe(hook->url);
	for (size_t i = 0; i < hook->header_count; i++)
		wipe(hook->headers[i]);
	*hook = (struct news_hook){0};
}

/* What libcurl sees to itself. */
static bool is_ours(const char *line, size_t length)
{
	static const char *const names[] = {"Content-Length", "Transfer-Encoding", "Connection",
	                                    "Content-Type"};

	for (size_t i = 0; i < LT_ARRAY_SIZE(names); i++) {
		if (strlen(names[i]) == length && strncasecmp(names[i], line, length) == 0)
			return true;
	}
	return false;
}

/* RFC 9110 5.1 and 5.5: a token, and a value of visible characters and blanks. */
static const char *header_problem(const char *line)
{
	static const char marks[] = "!#$%&'*+-.^_`|~";
	size_t length = 0;

	while (isalnum((unsigned char)line[length]) ||
	       (line[length] && strchr(marks, line[length])))
		length++;
	if (length == 0 || line[length] != ':')
		return "is no header such as \"Authorization: Bearer ...\"";
	if (is_ours(line, length))
		return "is a header that is not for you to set";
	line += length + 1;
	if (line[strspn(line, " \t")] == '\0')
		return "is a header without a value";
	for (; *line; line++) {
		if ((unsigned char)*line < ' ' && *line != '\t')
			return "has a control character";
	}
	return NULL;
}

static int take_line(struct news_hook *hook, const char *line, unsigned number,
                     struct text *problem)
{
	const char *wrong = NULL;

	if (!hook->url) {
		struct text shown = {0}, why = {0};
		bool fine = news_target_show_url(line, &shown, &why);

		if (!fine)
			text_printf(problem, "line %u: %s", number, text_str(&why));
		text_done(&shown);
		text_done(&why);
		if (fine)
			hook->url = xstrdup(line);
		return fine ? 0 : -EINVAL;
	}
	wrong = header_problem(line);
	if (!wrong && hook->header_count == NEWS_HEADERS_MAX)
		wrong = "is one header too many";
	if (wrong) {
		text_printf(problem, "line %u %s", number, wrong);
		return -EINVAL;
	}
	hook->headers[hook->header_count++] = xstrdup(line);
	return 0;
}

int news_hook_parse(const char *text, struct news_hook *ret_hook, struct text *problem)
{
	struct news_hook hook = {0};
	unsigned number = 0;
	int rc = 0;

	while (*text && rc == 0) {
		size_t length = strcspn(text, "\n"), end = length;
		char *line;

		while (end > 0 && strchr(" \t\r", text[end - 1]))
			end--;
		line = xcalloc(end + 1, 1);
		memcpy(line, text, end);
		number++;
		if (end > 0 && line[0] != '#')
			rc = take_line(&hook, line, number, problem);
		wipe(line);
		text += length + (text[length] == '\n');
	}
	if (rc == 0 && !hook.url) {
		text_add(problem, "its first line has to be a URL");
		rc = -EINVAL;
	}
	if (rc)
		news_hook_done(&hook);
	else
		*ret_hook = hook;
	return rc;
}
