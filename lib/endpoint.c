/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/endpoint.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static int parse_port(const char *text, uint16_t *ret_port)
{
	unsigned long value = 0;

	if (!*text || (text[0] == '0' && text[1]))
		return -EINVAL;
	for (; *text; text++) {
		if (*text < '0' || *text > '9')
			return -EINVAL;
		value = value * 10 + (unsigned long)(*text - '0');
		if (value > UINT16_MAX)
			return -EINVAL;
	}
	if (value == 0)
		return -EINVAL;
	*ret_port = (uint16_t)value;
	return 0;
}

int endpoint_parse(const char *text, struct endpoint *ret_endpoint)
{
	struct endpoint e = {0};
	char host[ADDR_TEXT_SIZE];
	const char *start = text, *end, *port = NULL;
	const char *colon = strchr(text, ':');

	if (*text == '[') {
		start = text + 1;
		end = strchr(start, ']');
		if (!end || (end[1] && end[1] != ':'))
			return -EINVAL;
		port = end[1] ? end + 2 : NULL;
	} else if (colon && !strchr(colon + 1, ':')) {
		end = colon;
		port = colon + 1;
	} else {
		end = text + strlen(text);
	}
	if ((size_t)(end - start) >= sizeof(host))
		return -EINVAL;
	memcpy(host, start, (size_t)(end - start));
	host[end - start] = '\0';
	if (addr_parse(host, &e.address) || (port && parse_port(port, &e.port)))
		return -EINVAL;
	if (*text == '[' && e.address.family != ADDR_IPV6)
		return -EINVAL;
	*ret_endpoint = e;
	return 0;
}

const char *endpoint_format(const struct addr *address, uint16_t port,
                            char buf[static ENDPOINT_TEXT_SIZE])
{
	char text[ADDR_TEXT_SIZE];

	addr_format(address, text);
	if (port == 0)
		snprintf(buf, ENDPOINT_TEXT_SIZE, "%s", text);
	else if (address->family == ADDR_IPV6)
		snprintf(buf, ENDPOINT_TEXT_SIZE, "[%s]:%u", text, port);
	else
		snprintf(buf, ENDPOINT_TEXT_SIZE, "%s:%u", text, port);
	return buf;
}
