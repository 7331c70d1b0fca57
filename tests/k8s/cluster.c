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

/* --- patches */

#define DELETE_FROM "$deleteFromPrimitiveList/"

static const char *type_of(const json_t *condition)
{
	return json_string_value(json_object_get(condition, "type"));
}

/* The place in 'list' of the same text, or of the condition of the same type; its size: none. */
static size_t place_of(const json_t *list, const json_t *entry)
{
	size_t at = 0;

	while (at < json_array_size(list) &&
	       (json_is_string(entry)
	                ? !json_equal(json_array_get(list, at), entry)
	                : strcmp(type_of(json_array_get(list, at)), type_of(entry)) != 0))
		at++;
	return at;
}

static json_t *list_at(json_t *target, const char *key)
{
	if (!json_is_array(json_object_get(target, key)))
		json_object_set_new(target, key, json_array());
	return json_object_get(target, key);
}

static void merge_list(json_t *list, const json_t *patch, bool take_out)
{
	for (size_t i = 0; i < json_array_size(patch); i++) {
		json_t *entry = json_array_get(patch, i);
		size_t at = place_of(list, entry);
		bool there = at < json_array_size(list);

		if (take_out || json_object_get(entry, "$patch"))
			json_array_remove(list, at);
		else if (there && json_is_object(entry))
			cluster_merge(json_array_get(list, at), entry, true);
		else if (!there)
			json_array_insert_new(list, 0,
			                      json_deep_copy(entry)); /* new ones come first */
	}
}

void cluster_merge(json_t *target, const json_t *patch, bool strategic)
{
	const char *key;
	json_t *value;

	json_object_foreach((json_t *)patch, key, value)
	{
		if (json_is_null(value)) {
			json_object_del(target, key);
		} else if (json_is_object(value)) {
			if (!json_is_object(json_object_get(target, key)))
				json_object_set_new(target, key, json_object());
			cluster_merge(json_object_get(target, key), value, strategic);
		} else if (strategic && text_starts_with(key, DELETE_FROM)) {
			merge_list(list_at(target, key + strlen(DELETE_FROM)), value, true);
		} else if (strategic &&
		           (strcmp(key, "finalizers") == 0 || strcmp(key, "conditions") == 0)) {
			merge_list(list_at(target, key), value, false);
		} else {
			json_object_set_new(target, key, json_deep_copy(value));
		}
	}
}

/* --- objects */

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
