/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/k8s/cluster.h"

#include "k8s/json_read.h"
#include "lib/mem.h"
#include "lib/text.h"

#include <check.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char *quoted(const char *fmt, va_list args)
{
	char *text;

	ck_assert_int_ge(vasprintf(&text, fmt, args), 0);
	for (char *s = text; *s; s++)
		*s = *s == '\'' ? '"' : *s;
	return text;
}

json_t *cluster_json(const char *fmt, ...)
{
	json_error_t error;
	va_list args;
	json_t *json;
	char *text;

	va_start(args, fmt);
	text = quoted(fmt, args);
	va_end(args);
	json = json_loads(text, 0, &error);
	ck_assert_msg(json, "%s: %s", text, error.text);
	free(text);
	return json;
}

struct k8s_object *cluster_decode(enum k8s_kind kind, const char *text)
{
	enum k8s_decode_fault fault;
	struct k8s_object *object;
	struct arena arena;

	arena_init(&arena);
	object = k8s_decode(kind, k8s_json_read_object(text, strlen(text), &arena), &fault);
	ck_assert_msg(object, "%s: %s", text, k8s_decode_fault_name(fault));
	arena_done(&arena);
	return object;
}

static struct k8s_object *decode(enum k8s_kind kind, const char *fmt, va_list args)
{
	char *text = quoted(fmt, args);
	struct k8s_object *object = cluster_decode(kind, text);

	free(text);
	return object;
}

struct k8s_object *cluster_object(enum k8s_kind kind, const char *fmt, ...)
{
	struct k8s_object *object;
	va_list args;

	va_start(args, fmt);
	object = decode(kind, fmt, args);
	va_end(args);
	return object;
}

bool cluster_put(struct k8s_store *store, enum k8s_kind kind, const char *fmt, ...)
{
	struct k8s_object *object;
	va_list args;

	va_start(args, fmt);
	object = decode(kind, fmt, args);
	va_end(args);
	return k8s_store_put(store, object);
}

void cluster_put_infra(struct k8s_store *store, const char *addresses)
{
	cluster_put(store, K8S_VIRTUAL_ROUTER,
	            "{'metadata': {'name': 'front', 'uid': 'r'}, 'spec': {'virtualRouterId': 51, "
	            "'interface': 'eth0', 'addresses': ['10.77.0.1/24']}}");
	cluster_put(
		store, K8S_ADDRESS_POOL,
		"{'metadata': {'name': 'public', 'uid': 'p'}, 'spec': {'virtualRouter': 'front', "
		"'addresses': %s}}",
		addresses);
}

void cluster_put_nodes(struct k8s_store *store, unsigned count)
{
	for (unsigned i = 1; i <= count; i++)
		cluster_put(store, K8S_NODE,
		            "{'metadata': {'name': 'n%u'}, 'status': {'conditions': [{'type': "
		            "'Ready', 'status': 'True'}], 'addresses': [{'type': 'InternalIP', "
		            "'address': '10.77.0.1%u'}]}}",
		            i, i);
}

void cluster_settle(struct k8s_translator *translator)
{
	unsigned rounds = 0;

	do {
		(void)k8s_translator_run(translator, 100);
		ck_assert_uint_lt(rounds++, 100000);
	} while (k8s_translator_is_pending(translator));
}

static void print_port(const struct model_virtual_server *vs, const struct model_port *port,
                       struct text *out)
{
	const struct model_real_server *servers;
	char address[ADDR_TEXT_SIZE];
	size_t count;

	text_printf(out, " %s/%u", model_protocol_name(port->protocol), port->first);
	if (port->last != port->first)
		text_printf(out, "-%u", port->last);
	servers = model_port_servers(vs, port, &count);
	for (size_t i = 0; i < count; i++)
		text_printf(out, " %s:%u*%u", addr_format(&servers[i].address, address),
		            servers[i].port, servers[i].weight);
}

char *cluster_served(const struct k8s_translator *translator, const char *namespace,
                     const char *name)
{
	struct text out = {0};
	size_t count;
	const struct model_objects **sources = k8s_translator_sources(translator, &count);

	for (size_t i = 0; i < count; i++) {
		const struct model_virtual_server *vs = sources[i]->virtual_server_count > 0
		                                                ? sources[i]->virtual_servers[0]
		                                                : NULL;
		char address[ADDR_TEXT_SIZE];

		if (!vs || strcmp(vs->namespace, namespace) != 0 || strcmp(vs->name, name) != 0)
			continue;
		text_add(&out, vs->router);
		for (size_t j = 0; j < vs->address_count; j++)
			text_printf(&out, " %s", addr_format(&vs->addresses[j], address));
		for (size_t j = 0; j < vs->port_count; j++)
			print_port(vs, &vs->ports[j], &out);
		if (vs->snat_mode != MODEL_SNAT_AUTO)
			text_printf(&out, " snat %s", model_snat_mode_name(vs->snat_mode));
	}
	free(sources);
	return text_take(&out);
}
