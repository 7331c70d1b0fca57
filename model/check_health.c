/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/addr.h"
#include "lib/text.h"
#include "model/check.h"
#include "model/decode_context.h"

#include <string.h>

static bool says(const struct tree *map, const char *name)
{
	return map->kind == TREE_MAP && model_decode_entry(map, name) != NULL;
}

static void check_times(struct model_decode_context *ctx, const struct tree *node,
                        const struct model_health_check *health)
{
	char found[TEXT_DURATION_SIZE], interval[TEXT_DURATION_SIZE];

	text_format_duration(health->interval_us, interval);
	if (health->timeout_us > health->interval_us)
		model_decode_error_at(ctx, node, "timeout",
		                      "%s is longer than the interval; allowed: at most %s",
		                      text_format_duration(health->timeout_us, found), interval);
	if (health->fast_interval_us > health->interval_us)
		model_decode_error_at(ctx, node, "fastInterval",
		                      "%s is longer than the interval; allowed: at most %s",
		                      text_format_duration(health->fast_interval_us, found),
		                      interval);
}

/* A part that the type has no use for is a mistake, not a decoration. */
static void check_parts(struct model_decode_context *ctx, const struct tree *node,
                        enum model_health_type type)
{
	static const struct {
		const char *name;
		const char *needed;
		unsigned types; /* bits of enum model_health_type */
	} parts[] = {
		{"http", "http or https", 1U << MODEL_HEALTH_HTTP | 1U << MODEL_HEALTH_HTTPS},
		{"tls", "tls or https", 1U << MODEL_HEALTH_TLS | 1U << MODEL_HEALTH_HTTPS},
		{"udp", "udp", 1U << MODEL_HEALTH_UDP},
		{"dns", "dns", 1U << MODEL_HEALTH_DNS},
		{"port", "other than icmp", ~(1U << MODEL_HEALTH_ICMP)},
	};

	for (size_t i = 0; i < LT_ARRAY_SIZE(parts); i++) {
		if (says(node, parts[i].name) && !(parts[i].types & 1U << type))
			model_decode_error_at(ctx, node, parts[i].name, "needs type %s; this is %s",
			                      parts[i].needed, model_health_type_name(type));
	}
}

/* Where the daemon was started from is nobody's concern. */
static void check_path(struct model_decode_context *ctx, const struct tree *map, const char *name,
                       const char *path)
{
	char shown[MODEL_DECODE_TEXT_SIZE];

	if (*path && *path != '/')
		model_decode_error_at(ctx, map, name, "'%s' is no absolute path",
		                      model_decode_shown(path, shown));
}

/* What a handshake can ask for: an address has no place in it. */
static bool is_host_name(const char *text)
{
	struct addr address;

	return text[strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
	                         "-_.")] == '\0' &&
	       addr_parse(text, &address) < 0;
}

static void check_tls(struct model_decode_context *ctx, const struct tree *node,
                      const struct model_health_check *health)
{
	const struct tree *tls = model_decode_entry(node, "tls");
	char shown[MODEL_DECODE_TEXT_SIZE];
	bool certificate, key;

	if (!tls || tls->kind != TREE_MAP)
		return;
	certificate = says(tls, "certificateFile");
	key = says(tls, "keyFile");
	size_t path_len = model_decode_enter(ctx, "tls");
	if (certificate && !key)
		model_decode_error_at(ctx, tls, "keyFile",
		                      "missing; a client certificate needs it");
	if (key && !certificate)
		model_decode_error_at(ctx, tls, "certificateFile", "missing; keyFile needs it");
	if (says(tls, "caFile") && !health->tls.verify)
		model_decode_warning_at(ctx, tls, "caFile", "is not looked at: verify is false");
	check_path(ctx, tls, "caFile", health->tls.ca_file);
	check_path(ctx, tls, "certificateFile", health->tls.certificate_file);
	check_path(ctx, tls, "keyFile", health->tls.key_file);
	if (*health->tls.server_name && !is_host_name(health->tls.server_name))
		model_decode_error_at(ctx, tls, "serverName",
		                      "'%s' is no host name; allowed: letters, digits, '-', '_' "
		                      "and '.', and no address",
		                      model_decode_shown(health->tls.server_name, shown));
	model_decode_leave(ctx, path_len);
}

static void check_http(struct model_decode_context *ctx, const struct tree *node,
                       const struct model_health_check *health)
{
	const struct tree *http = model_decode_entry(node, "http");
	char shown[MODEL_DECODE_TEXT_SIZE];

	if (!http || http->kind != TREE_MAP)
		return;
	size_t path_len = model_decode_enter(ctx, "http");
	if (health->http.path[0] && health->http.path[0] != '/')
		model_decode_error_at(ctx, http, "path", "'%s' does not begin with '/'",
		                      model_decode_shown(health->http.path, shown));
	if (health->http.host[strcspn(health->http.host, " /@?#")])
		model_decode_error_at(ctx, http, "host",
		                      "'%s' is no host; allowed: a name or an address, with a port "
		                      "if need be",
		                      model_decode_shown(health->http.host, shown));
	for (const char *c = health->http.method; *c; c++) {
		if (*c < 'A' || *c > 'Z') {
			model_decode_error_at(ctx, http, "method",
			                      "'%s' is no method; allowed: capital letters, such "
			                      "as GET, HEAD, OPTIONS",
			                      model_decode_shown(health->http.method, shown));
			break;
		}
	}
	model_decode_leave(ctx, path_len);
}

void model_check_health(struct model_decode_context *ctx, const struct tree *node, void *object)
{
	const struct model_health_check *health = object;

	check_times(ctx, node, health);
	if (node->kind != TREE_MAP || !says(node, "type") ||
	    !model_check_says_right(node, "type", model_schema_health_type_names))
		return;
	check_parts(ctx, node, health->type);
	check_tls(ctx, node, health);
	check_http(ctx, node, health);
}

void model_check_quorum(struct model_decode_context *ctx, const struct tree *node, void *object)
{
	const struct model_quorum *quorum = object;

	if (quorum->hysteresis >= quorum->minimum && quorum->minimum > 0)
		model_decode_error_at(ctx, node, "hysteresis",
		                      "%u is not below minimum; allowed: at most %u",
		                      quorum->hysteresis, quorum->minimum - 1);
	if (says(node, "priorityCut") && quorum->loss != MODEL_QUORUM_LOWER)
		model_decode_error_at(ctx, node, "priorityCut", "needs onLoss lowerPriority");
}

void model_check_sorry(struct model_decode_context *ctx, const struct tree *node, void *object)
{
	const struct model_sorry_server *sorry = object;
	const char *unusable = model_check_unusable(&sorry->address);

	if (unusable)
		model_decode_error_at(ctx, node, "address", "is %s; allowed: a server's address",
		                      unusable);
}
