/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "health/http_request.h"

#include "lib/addr.h"
#include "lib/endpoint.h"

#include <string.h>

#define STATUS_UP_FIRST 200 /* unless the check says something else */
#define STATUS_UP_LAST  399
#define PORT_HTTP       80
#define PORT_HTTPS      443

bool health_http_request_is_name(const char *host)
{
	struct addr address;

	return host[0] != '\0' &&
	       host[strspn(host, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
	                         "-_.")] == '\0' &&
	       addr_parse(host, &address) < 0;
}

/* The name of the handshake, NULL when there is none. */
static const char *server_name(const struct model_health_check *check)
{
	if (check->type == MODEL_HEALTH_HTTP)
		return NULL;
	if (health_http_request_is_name(check->tls.server_name))
		return check->tls.server_name;
	if (check->type == MODEL_HEALTH_HTTPS && health_http_request_is_name(check->http.host))
		return check->http.host;
	return NULL;
}

static void add_path(struct text *url, const char *path)
{
	for (const char *c = path; *c; c++) {
		/* '#' would begin a part that is not sent. */
		if (*c <= ' ' || *c >= 0x7f || *c == '#')
			text_printf(url, "%%%02X", (unsigned char)*c);
		else
			text_add_len(url, c, 1);
	}
}

void health_http_request_url(const struct health_target *target, struct text *url)
{
	const struct model_health_check *check = target->check;
	const char *name = server_name(check);
	char text[ENDPOINT_TEXT_SIZE];

	text_add(url, check->type == MODEL_HEALTH_HTTP ? "http://" : "https://");
	if (name)
		text_printf(url, "%s:%u", name, target->port);
	else
		text_add(url, endpoint_format(&target->address, target->port, text));
	if (check->type == MODEL_HEALTH_TLS)
		text_add(url, "/");
	else
		add_path(url, check->http.path);
}

void health_http_request_connect_to(const struct health_target *target, struct text *to)
{
	char text[ENDPOINT_TEXT_SIZE];

	text_printf(to, "::%s", endpoint_format(&target->address, target->port, text));
}

bool health_http_request_host(const struct health_target *target, struct text *header)
{
	const struct model_health_check *check = target->check;
	uint16_t usual = check->type == MODEL_HEALTH_HTTP ? PORT_HTTP : PORT_HTTPS;
	char text[ENDPOINT_TEXT_SIZE], address[ADDR_TEXT_SIZE];

	if (check->http.host[0] != '\0') {
		text_printf(header, "Host: %s", check->http.host);
		return true;
	}
	if (!server_name(check))
		return false;
	if (target->port == usual && target->address.family == ADDR_IPV6)
		text_printf(header, "Host: [%s]", addr_format(&target->address, address));
	else
		text_printf(header, "Host: %s",
		            endpoint_format(&target->address,
		                            target->port == usual ? 0 : target->port, text));
	return true;
}

bool health_http_request_expects(const struct model_health_check *check, unsigned status)
{
	if (check->http.status_count == 0)
		return status >= STATUS_UP_FIRST && status <= STATUS_UP_LAST;
	for (size_t i = 0; i < check->http.status_count; i++) {
		if (status >= check->http.statuses[i].first &&
		    status <= check->http.statuses[i].last)
			return true;
	}
	return false;
}
