/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/sysctl.h"

#include "lib/fileio.h"
#include "lib/text.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* No part is empty or leads upwards: names are made with interfaces' names in them. */
static bool is_safe(const char *slashed)
{
	while (*slashed) {
		size_t len = strcspn(slashed, "/");

		if (len == 0 || (len == 1 && slashed[0] == '.') ||
		    (len == 2 && slashed[0] == '.' && slashed[1] == '.'))
			return false;
		slashed += len;
		if (*slashed == '/' && *++slashed == '\0')
			return false;
	}
	return true;
}

static int build_path(struct text *path, const char *root, const char *name)
{
	size_t first = strcspn(name, "./");
	bool dotted = name[first] == '.';
	size_t start;

	text_printf(path, "%s/", root);
	start = path->len;
	text_add(path, name);
	if (dotted) {
		for (char *at = path->data + start; *at; at++) {
			if (*at == '.')
				*at = '/';
			else if (*at == '/')
				*at = '.';
		}
	}
	return *name && is_safe(path->data + start) ? 0 : -EINVAL;
}

int sysctl_read(const char *root, const char *name, char ret_value[static SYSCTL_VALUE_SIZE])
{
	struct text path = {0};
	char *data;
	size_t size;
	int err = build_path(&path, root, name);

	if (err == 0)
		err = fileio_read(text_str(&path), SYSCTL_VALUE_SIZE - 1, &data, &size);
	if (err == 0) {
		while (size > 0 && data[size - 1] == '\n')
			size--;
		memcpy(ret_value, data, size);
		ret_value[size] = '\0';
		free(data);
	}
	text_done(&path);
	return err;
}

int sysctl_write(const char *root, const char *name, const char *value)
{
	struct text path = {0};
	int err = build_path(&path, root, name);

	if (err == 0)
		err = fileio_poke(text_str(&path), value);
	text_done(&path);
	return err;
}

int sysctl_read_int(const char *root, const char *name, int64_t *ret_value)
{
	char value[SYSCTL_VALUE_SIZE];
	long long number;
	char *end;
	int err = sysctl_read(root, name, value);

	if (err < 0)
		return err;
	errno = 0;
	number = strtoll(value, &end, 10);
	if (end == value || *end || errno)
		return -EINVAL;
	*ret_value = number;
	return 0;
}

int sysctl_write_int(const char *root, const char *name, int64_t value)
{
	char number[32];

	snprintf(number, sizeof(number), "%" PRId64, value);
	return sysctl_write(root, name, number);
}
