/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ipvs/connections.h"

#include <errno.h>
#include <netinet/in.h>
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

/* --- as flows --- */

static bool protocol_of(const char *name, uint8_t *ret)
{
	static const struct {
		const char *name;
		uint8_t number;
	} protocols[] = {
		{"TCP", IPPROTO_TCP},
		{"UDP", IPPROTO_UDP},
		{"SCTP", IPPROTO_SCTP},
		{"IP", IPPROTO_IP},
	};

	for (size_t i = 0; i < LT_ARRAY_SIZE(protocols); i++) {
		if (strcmp(name, protocols[i].name) != 0)
			continue;
		*ret = protocols[i].number;
		return true;
	}
	return false;
}

/* Names of ip_vs_proto_*.c; those of templates are NONE and ASSURED. */
static bool state_of(const char *name, bool template, uint8_t *ret)
{
	static const char *const opening[] = {"SYN_SENT", "SYN_RECV", "SYNACK",    "INIT1",
	                                      "INIT",     "C-SENT",   "C-REPLIED", "C-WAIT",
	                                      "C-ECHOED", "COOKIE"};
	static const char *const closing[] = {"FIN_WAIT", "TIME_WAIT",  "CLOSE_WAIT",
	                                      "LAST_ACK", "CLOSE",      "CLOSED",
	                                      "S-SENT",   "S-RECEIVED", "S-ACK-SENT"};

	*ret = MODEL_FLOW_ESTABLISHED;
	if (template || strcmp(name, "ESTABLISHED") == 0 || strcmp(name, "UDP") == 0)
		return true;
	*ret = MODEL_FLOW_OPENING;
	for (size_t i = 0; i < LT_ARRAY_SIZE(opening); i++) {
		if (strcmp(name, opening[i]) == 0)
			return true;
	}
	*ret = MODEL_FLOW_CLOSING;
	for (size_t i = 0; i < LT_ARRAY_SIZE(closing); i++) {
		if (strcmp(name, closing[i]) == 0)
			return true;
	}
	return false;
}

bool ipvs_connection_to_flow(const struct ipvs_connection *connection,
                             const struct ipvs_connection_service *service,
                             struct model_flow *ret_flow)
{
	struct model_flow flow = {
		.forwarding = (uint8_t)service->forwarding,
		.template = connection->client_port == 0,
		.mark = service->mark,
		.timeout_s = connection->expires_s,
		.client = connection->client,
		.virtual = connection->virtual,
		.server = connection->server,
		.client_port = connection->client_port,
		.virtual_port = connection->virtual_port,
		.ipvs_port = connection->virtual_port,
		.server_port = connection->server_port,
	};

	if (!protocol_of(connection->protocol, &flow.protocol) ||
	    !state_of(connection->state, flow.template, &flow.state) ||
	    flow.client.family != flow.server.family ||
	    (flow.protocol == IPPROTO_IP && (!flow.template || flow.mark == 0)))
		return false;
	if (flow.template)
		flow.timeout_s = service->persistence_s;
	else if (flow.timeout_s == 0)
		flow.timeout_s = 1; /* about to end; 0 would be the default of its state */
	*ret_flow = flow;
	return true;
}
