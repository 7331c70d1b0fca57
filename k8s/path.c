/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "k8s/path.h"

#include <ctype.h>
#include <string.h>

static void add_encoded(struct text *path, const char *s)
{
	for (; *s != '\0'; s++) {
		/* RFC 3986 2.3: unreserved. */
		if (isalnum((unsigned char)*s) || strchr("-._~", *s))
			text_add_len(path, s, 1);
		else
			text_printf(path, "%%%02X", (unsigned char)*s);
	}
}

static void add_part(struct text *path, const char *part)
{
	if (!part)
		return;
	text_add(path, "/");
	add_encoded(path, part);
}

void k8s_path_add(struct text *path, const struct k8s_resource *resource, const char *namespace,
                  const char *name, const char *subresource)
{
	/* The core group has no name, and is elsewhere for it. */
	text_printf(path, "/%s/%s", strchr(resource->api_version, '/') ? "apis" : "api",
	            resource->api_version);
	if (namespace) {
		text_add(path, "/namespaces");
		add_part(path, namespace);
	}
	add_part(path, resource->plural);
	add_part(path, name);
	add_part(path, subresource);
}

void k8s_path_add_query(struct text *path, const char *key, const char *value)
{
	text_add(path, strchr(text_str(path), '?') ? "&" : "?");
	add_encoded(path, key);
	text_add(path, "=");
	add_encoded(path, value);
}
