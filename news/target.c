/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "news/target.h"

#include "lib/mem.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define URL_MAX  2048
#define PATH_MAX 107 /* what fits into sockaddr_un */

static const char allowed[] =
	"allowed: fifo:/PATH, unix:/PATH, http://..., https://... or webhook:/PATH";

const char *news_kind_name(enum news_kind kind)
{
	switch (kind) {
	case NEWS_FIFO:
		return "fifo";
	case NEWS_SOCKET:
		return "unix";
	case NEWS_WEBHOOK:
		return "webhook";
	}
	return "?";
}

void news_target_done(struct news_target *target)
{
	free(target->path);
	if (target->url)
		explicit_bzero(target->url, strlen(target->url));
	free(target->url);
	free(target->name);
	*target = (struct news_target){0};
}

static const char *after_scheme(const char *url)
{
	if (strncasecmp(url, "http://", 7) == 0)
		return url + 7;
	if (strncasecmp(url, "https://", 8) == 0)
		return url + 8;
	return NULL;
}

bool news_target_show_url(const char *url, struct text *shown, struct text *problem)
{
	const char *authority = after_scheme(url);

	if (!authority) {
		text_add(problem, "a URL begins with http:// or https://");
		return false;
	}
	if (strlen(url) > URL_MAX) {
		text_printf(problem, "a URL has at most %d characters", URL_MAX);
		return false;
	}
	for (const char *c = url; *c; c++) {
		if (*c <= ' ' || *c == '\x7f') {
			text_add(problem, "a URL has neither blanks nor control characters");
			return false;
		}
	}
	size_t length = strcspn(authority, "/?#\\");
	const char *at = memrchr(authority, '@', length);
	const char *host = at ? at + 1 : authority;

	length -= (size_t)(host - authority);
	if (length == 0 || host[0] == ':') {
		text_add(problem, "the URL names no host");
		return false;
	}
	text_add_len(shown, url, (size_t)(authority - url));
	text_add_len(shown, host, length);
	return true;
}

static int parse_url(const char *text, struct news_target *target, struct text *problem)
{
	struct text shown = {0};

	if (!news_target_show_url(text, &shown, problem)) {
		text_done(&shown);
		return -EINVAL;
	}
	*target = (struct news_target){
		.kind = NEWS_WEBHOOK, .url = xstrdup(text), .name = text_take(&shown)};
	return 0;
}

int news_target_parse(const char *text, struct news_target *ret_target, struct text *problem)
{
	static const struct {
		const char *prefix;
		enum news_kind kind;
	} rows[] = {
		{"fifo:", NEWS_FIFO},
		{"unix:", NEWS_SOCKET},
		{"webhook:", NEWS_WEBHOOK},
	};

	for (size_t i = 0; i < LT_ARRAY_SIZE(rows); i++) {
		const char *path = text + strlen(rows[i].prefix);

		if (!text_starts_with(text, rows[i].prefix))
			continue;
		if (path[0] != '/') {
			text_printf(problem, "'%s': the path is not absolute", text);
			return -EINVAL;
		}
		if (strlen(path) > PATH_MAX) {
			text_printf(problem, "'%s': the path is longer than %d characters", text,
			            PATH_MAX);
			return -EINVAL;
		}
		*ret_target = (struct news_target){
			.kind = rows[i].kind, .path = xstrdup(path), .name = xstrdup(text)};
		return 0;
	}
	if (after_scheme(text))
		return parse_url(text, ret_target, problem);
	/* Not shown: it may be a URL with a secret, mistyped. */
	text_printf(problem, "that is nobody to tell; %s", allowed);
	return -EINVAL;
}

static bool same_target(const struct news_target *a, const struct news_target *b)
{
	if (a->path && b->path)
		return strcmp(a->path, b->path) == 0;
	return a->url && b->url && strcmp(a->url, b->url) == 0;
}

/* Two hooks on one host are told apart in metrics. */
static void number_name(struct news_target *targets, size_t at)
{
	unsigned number = 1;
	struct text name = {0};

	for (size_t i = 0; i < at; i++) {
		size_t length = strlen(targets[at].name);

		number += strncmp(targets[i].name, targets[at].name, length) == 0 &&
		          (targets[i].name[length] == '\0' || targets[i].name[length] == ' ');
	}
	if (number == 1)
		return;
	text_printf(&name, "%s (%u)", targets[at].name, number);
	free(targets[at].name);
	targets[at].name = text_take(&name);
}

void news_targets_free(struct news_target *targets, size_t count)
{
	for (size_t i = 0; i < count; i++)
		news_target_done(&targets[i]);
	free(targets);
}

int news_targets_parse(const char *const *texts, size_t count, struct news_target **ret_targets,
                       struct text *problem)
{
	struct news_target *targets;
	int rc = 0;
	size_t i;

	if (count > NEWS_TARGETS_MAX) {
		text_printf(problem, "there are more than %d", NEWS_TARGETS_MAX);
		return -EINVAL;
	}
	targets = xcalloc(count + 1, sizeof(*targets));
	for (i = 0; i < count && rc == 0; i++) {
		rc = news_target_parse(texts[i], &targets[i], problem);
		for (size_t j = 0; j < i && rc == 0; j++) {
			if (!same_target(&targets[i], &targets[j]))
				continue;
			text_printf(problem, "'%s' is given twice", targets[i].name);
			rc = -EINVAL;
		}
		if (rc == 0)
			number_name(targets, i);
	}
	if (rc) {
		news_targets_free(targets, i);
		return rc;
	}
	*ret_targets = targets;
	return 0;
}
