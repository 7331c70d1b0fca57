/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ipvs/connections.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define FIELDS     9 /* more follow with a persistence engine */
#define FIELD_SIZE 48

/* Cuts the first fields of a line at its blanks. */
static bool split(const char *line, char fields[FIELDS][FIELD_SIZE])
{
	for (size_t i = 0; i < FIELDS; i++) {
		size_t len;

		line += strspn(line, " ");
		len = strcspn(line, " ");
		if (len == 0 || len >= FIELD_SIZE)
			return false;
		memcpy(fields[i], line, len);
		fields[i][len] = '\0';
		line += len;
	}
	return true;
}

/* A number of digits alone, in hexadecimal or decimal, up to 'max'. */
static bool parse_number(const char *text, unsigned base, uint32_t max, uint32_t *ret)
{
	uint64_t value = 0;

	for (; *text; text++) {
		unsigned digit = base;

		if (*text >= '0' && *text <= '9')
			digit = (unsigned)(*text - '0');
		else if (*text >= 'A' && *text <= 'F')
			digit = (unsigned)(*text - 'A') + 10;
		else if (*text >= 'a' && *text <= 'f')
			digit = (unsigned)(*text - 'a') + 10;
		if (digit >= base)
			return false;
		value = value * base + digit;
		if (value > max)
			return false;
	}
	*ret = (uint32_t)value;
	return true;
}

/* "0A4D0064", or IPv6 with all its colons. */
static bool parse_addr(const char *text, struct addr *ret)
{
	uint32_t value;
	uint8_t bytes[4];

	if (strchr(text, ':'))
		return addr_parse(text, ret) == 0 && ret->family == ADDR_IPV6;
	if (strlen(text) != 8 || !parse_number(text, 16, UINT32_MAX, &value))
		return false;
	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (uint8_t)(value >> (24 - 8 * i));
	*ret = addr_make(ADDR_IPV4, bytes);
	return true;
}

static bool parse_port(const char *text, uint16_t *ret)
{
	uint32_t value;

	if (strlen(text) != 4 || !parse_number(text, 16, UINT16_MAX, &value))
		return false;
	*ret = (uint16_t)value;
	return true;
}

static bool copy_text(const char *text, char *to, size_t size)
{
	size_t len = strlen(text);

	if (len >= size)
		return false;
	memcpy(to, text, len + 1);
	return true;
}

int ipvs_connection_parse(const char *line, struct ipvs_connection *ret_connection)
{
	char fields[FIELDS][FIELD_SIZE];
	struct ipvs_connection c = {0};

	if (!split(line, fields) || !copy_text(fields[0], c.protocol, sizeof(c.protocol)) ||
	    !parse_addr(fields[1], &c.client) || !parse_port(fields[2], &c.client_port) ||
	    !parse_addr(fields[3], &c.virtual) || !parse_port(fields[4], &c.virtual_port) ||
	    !parse_addr(fields[5], &c.server) || !parse_port(fields[6], &c.server_port) ||
	    !copy_text(fields[7], c.state, sizeof(c.state)) ||
	    !parse_number(fields[8], 10, UINT32_MAX, &c.expires_s))
		return -EINVAL;
	*ret_connection = c;
	return 0;
}
