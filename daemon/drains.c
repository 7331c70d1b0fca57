/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/drains.h"

#include "lib/fileio.h"
#include "lib/mem.h"
#include "lib/search.h"
#include "lib/text.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define DRAINS_FILE_MAX (DRAINS_MAX * ENDPOINT_TEXT_SIZE)

static int compare(const struct endpoint *a, const struct endpoint *b)
{
	int order = addr_compare(&a->address, &b->address);

	return order ? order : (int)a->port - (int)b->port;
}

static int compare_items(const void *item, const void *key)
{
	return compare(item, key);
}

/* Where it stands, or would stand. */
static size_t position(const struct drains *drains, const struct endpoint *server, bool *ret_found)
{
	size_t at = search_place(drains->items, drains->count, sizeof(*drains->items), server,
	                         compare_items);

	*ret_found = at < drains->count && compare(&drains->items[at], server) == 0;
	return at;
}

static void insert(struct drains *drains, size_t at, const struct endpoint *server)
{
	drains->items = xreallocarray(drains->items, drains->count + 1, sizeof(*drains->items));
	memmove(&drains->items[at + 1], &drains->items[at],
	        (drains->count - at) * sizeof(*drains->items));
	drains->items[at] = *server;
	drains->count++;
}

static void erase(struct drains *drains, size_t at)
{
	drains->count--;
	memmove(&drains->items[at], &drains->items[at + 1],
	        (drains->count - at) * sizeof(*drains->items));
}

int drains_save(const struct drains *drains)
{
	struct text text = {0};
	char buf[ENDPOINT_TEXT_SIZE];

	if (!drains->path)
		return 0;
	for (size_t i = 0; i < drains->count; i++)
		text_printf(&text, "%s\n",
		            endpoint_format(&drains->items[i].address, drains->items[i].port, buf));
	int rc = fileio_replace(drains->path, text_str(&text), text.len, 0600);
	text_done(&text);
	return rc;
}

static int load(struct drains *drains, char *data, size_t size)
{
	/* After a loss of power there may be zeros where text was. */
	int rc = strlen(data) == size ? 0 : -EINVAL;
	char *rest = NULL;

	for (char *line = strtok_r(data, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
		struct endpoint server;
		bool found;
		if (endpoint_parse(line, &server) || drains->count == DRAINS_MAX) {
			rc = -EINVAL;
			continue;
		}
		size_t at = position(drains, &server, &found);
		if (!found)
			insert(drains, at, &server);
	}
	return rc;
}

int drains_open(struct drains *drains, const char *state_dir)
{
	struct text path = {0};
	char *data;
	size_t size;

	*drains = (struct drains){0};
	text_printf(&path, "%s/" DRAINS_FILE, state_dir);
	drains->path = text_take(&path);
	int rc = fileio_read(drains->path, DRAINS_FILE_MAX, &data, &size);
	if (rc == -ENOENT)
		return 0;
	if (rc == 0) {
		rc = load(drains, data, size);
		free(data);
	}
	return rc;
}

void drains_done(struct drains *drains)
{
	free(drains->path);
	free(drains->items);
	*drains = (struct drains){0};
}

int drains_add(struct drains *drains, const struct endpoint *server)
{
	bool found;
	size_t at = position(drains, server, &found);

	if (found)
		return -EEXIST;
	if (drains->count == DRAINS_MAX)
		return -ENOSPC;
	insert(drains, at, server);
	int rc = drains_save(drains);
	if (rc)
		erase(drains, at);
	return rc;
}

int drains_remove(struct drains *drains, const struct endpoint *server)
{
	struct endpoint gone = *server;
	bool found;
	size_t at = position(drains, server, &found);

	if (!found)
		return -ENOENT;
	erase(drains, at);
	int rc = drains_save(drains);
	if (rc)
		insert(drains, at, &gone);
	return rc;
}

const struct endpoint *drains_related(const struct drains *drains, const struct endpoint *server)
{
	struct endpoint all = {.address = server->address};
	bool found;
	size_t at = position(drains, &all, &found);

	if (server->port == 0 && found)
		at++; /* what it asks about itself */
	if (at == drains->count || !addr_equal(&drains->items[at].address, &server->address) ||
	    (server->port != 0 && !found))
		return NULL;
	return &drains->items[at];
}

bool drains_hold(const struct drains *drains, const struct addr *address, uint16_t port)
{
	struct endpoint one = {.address = *address, .port = port};
	struct endpoint all = {.address = *address};
	bool found;

	position(drains, &one, &found);
	if (!found)
		position(drains, &all, &found);
	return found;
}
