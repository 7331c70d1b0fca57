/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "k8s/translate_private.h"

#include "k8s/names.h"
#include "k8s/status.h"
#include "lib/mem.h"

#include <string.h>

#define WANTED_MAX 2 /* addresses that can be asked for by annotation: one of each family */

/* Ours, then MetalLB's under its new and its old prefix. */
static const char *annotation(const struct k8s_meta *meta, const char *own, const char *metallb)
{
	const char *value = k8s_pairs_get(&meta->annotations, own);
	char key[128];

	if (value)
		return value;
	text_join(key, sizeof(key), (const char *const[]){K8S_METALLB_PREFIX, metallb}, 2);
	value = k8s_pairs_get(&meta->annotations, key);
	if (value)
		return value;
	text_join(key, sizeof(key), (const char *const[]){K8S_METALLB_PREFIX_OLD, metallb}, 2);
	value = k8s_pairs_get(&meta->annotations, key);
	return value ? value : "";
}

static char *format(const char *fmt, const char *what, const char *which)
{
	struct text text = {0};

	text_printf(&text, "%s", fmt);
	text_printf(&text, " '%.200s'%s%s", what, *which ? " " : "", which);
	return text_take(&text);
}

/* "a, b": at most 'limit' addresses; blanks around them don't count. False: something else. */
static bool parse_addresses(const char *text, size_t limit, struct addr *addresses, size_t *count)
{
	*count = 0;
	while (*text) {
		size_t len = strcspn(text, ",");
		char one[ADDR_TEXT_SIZE];
		const char *start = text;
		size_t size = len;

		while (size > 0 && (*start == ' ' || *start == '\t')) {
			start++;
			size--;
		}
		while (size > 0 && (start[size - 1] == ' ' || start[size - 1] == '\t'))
			size--;
		if (size >= sizeof(one) || *count == limit)
			return false;
		memcpy(one, start, size);
		one[size] = '\0';
		if (addr_parse(one, &addresses[*count]) < 0)
			return false;
		(*count)++;
		text += len + (text[len] == ',');
	}
	return true;
}

static enum translate_verdict refuse(struct k8s_report *report, enum k8s_reason reason,
                                     char *message)
{
	report->reason = reason;
	report->message = message;
	return TRANSLATE_REFUSED;
}

static void say_who(const struct k8s_translator *translator, const struct k8s_object *object,
                    const char *key, struct k8s_pool_request *request)
{
	const struct k8s_object *namespace =
		k8s_store_get(translator->store, K8S_NAMESPACE, "", object->meta.namespace);

	request->key = key;
	request->namespace = object->meta.namespace;
	request->uid = object->meta.uid;
	request->created_s = object->meta.created_s;
	request->labels = &object->meta.labels;
	request->namespace_labels = namespace ? &namespace->meta.labels : NULL;
	request->router = "";
	request->share_group = "";
	request->pool = annotation(&object->meta, K8S_ANNOTATION_POOL, K8S_METALLB_POOL);
	request->share_key = annotation(&object->meta, K8S_ANNOTATION_SHARED, K8S_METALLB_SHARED);
}

/* What asks for addresses makes no sense: it keeps those it has, and asks for none. */
static void complain(struct k8s_pool_request *request, struct arena *arena, char *message)
{
	if (!request->fault)
		request->fault = arena_strdup(arena, message);
	request->wanted_count = 0;
	free(message);
}

/* Does who gives say that it has no address? Others may have emptied the list alone. */
static bool says_none(const struct k8s_service *service)
{
	return service->condition && service->ingress_count == 0 &&
	       strcmp(service->condition->status, "True") != 0;
}

void k8s_translate_read_record(const struct k8s_object *object, struct arena *arena,
                               struct k8s_pool_request *request)
{
	const char *allocated = k8s_pairs_get(&object->meta.annotations, K8S_ANNOTATION_ALLOCATED);
	struct addr *recorded;
	size_t count = 0;

	if (object->kind == K8S_SERVICE) {
		const struct k8s_service *service = &object->service;

		recorded =
			arena_array(arena, service->ingress_count + WANTED_MAX, sizeof(*recorded));
		for (size_t i = 0; i < service->ingress_count; i++) {
			if (service->ingress[i].ip.family != ADDR_NONE)
				recorded[count++] = service->ingress[i].ip;
		}
		request->denied = says_none(service);
	} else {
		bool ours = object->kind == K8S_VIRTUAL_SERVER;
		const struct k8s_custom *custom = ours ? &object->custom : NULL;

		recorded = arena_array(arena, (ours ? custom->address_count : 0) + WANTED_MAX,
		                       sizeof(*recorded));
		for (size_t i = 0; ours && i < custom->address_count; i++)
			recorded[count++] = custom->addresses[i];
		request->denied = ours && *custom->status && count == 0;
	}
	if (count == 0 && allocated && !parse_addresses(allocated, WANTED_MAX, recorded, &count))
		count = 0;
	request->recorded = recorded;
	request->recorded_count = count;
}

/* What annotations ask for. */
static void read_annotations(const struct k8s_object *object, struct arena *arena,
                             struct k8s_pool_request *request)
{
	const char *wanted =
		annotation(&object->meta, K8S_ANNOTATION_ADDRESSES, K8S_METALLB_ADDRESSES);
	struct addr *addresses = arena_array(arena, WANTED_MAX, sizeof(*addresses));
	size_t count;

	if (parse_addresses(wanted, WANTED_MAX, addresses, &count)) {
		request->wanted = addresses;
		request->wanted_count = count;
	} else {
		complain(request, arena,
		         format("the annotation of addresses says", wanted,
		                "; allowed: an IPv4 address, an IPv6 address, or both with a "
		                "comma"));
	}
}

/* --- Service --- */

static bool is_our_service(const struct k8s_translator *translator, const struct k8s_object *object)
{
	const struct k8s_service *service = &object->service;

	if (service->type != K8S_SERVICE_LOAD_BALANCER ||
	    !k8s_translate_is_watched(translator, object->meta.namespace))
		return false;
	if (!*service->class)
		return translator->default_class;
	return strcmp(service->class, translator->class) == 0;
}

static const char *local_group(const struct k8s_service *service, struct arena *arena)
{
	struct text text = {0};
	const char *copy;

	if (!service->local)
		return "";
	text_add(&text, "Local");
	for (size_t i = 0; i < service->selector.count; i++)
		text_printf(&text, ",%s=%s", service->selector.items[i].key,
		            service->selector.items[i].value);
	copy = arena_strdup(arena, text_str(&text));
	text_done(&text);
	return copy;
}

static void request_families(const struct k8s_service *service, struct k8s_pool_request *request)
{
	memcpy(request->families, service->families, sizeof(request->families));
	request->family_count = service->family_count;
	request->all_families = service->family_policy == K8S_FAMILY_REQUIRE_DUAL;
	if (service->family_count == 0 && service->family_policy != K8S_FAMILY_SINGLE) {
		request->families[0] = ADDR_IPV4;
		request->families[1] = ADDR_IPV6;
		request->family_count = 2;
	}
}

static void read_load_balancer_ip(const struct k8s_object *object, struct arena *arena,
                                  struct k8s_pool_request *request)
{
	const char *text = object->service.load_balancer_ip;
	struct addr *address = arena_alloc(arena, sizeof(*address));
	size_t count;

	if (!parse_addresses(text, 1, address, &count)) {
		complain(request, arena,
		         format("spec.loadBalancerIP is", text, "; allowed: an address"));
		return;
	}
	if (count == 0 || request->fault)
		return;
	for (size_t i = 0; i < request->wanted_count; i++) {
		if (addr_equal(&request->wanted[i], address))
			return;
	}
	if (request->wanted_count > 0) {
		complain(request, arena,
		         format("spec.loadBalancerIP is", text,
		                "and the annotation asks for another address; allowed: one of "
		                "them"));
		return;
	}
	request->wanted = address;
	request->wanted_count = 1;
}

static enum translate_verdict request_service(struct k8s_translator *translator,
                                              const struct k8s_object *object, struct arena *arena,
                                              struct k8s_report *report,
                                              struct k8s_pool_request *request)
{
	const struct k8s_service *service = &object->service;
	struct k8s_pool_port *ports = arena_array(arena, service->port_count, sizeof(*ports));

	if (!is_our_service(translator, object))
		return TRANSLATE_NOT_OURS;
	if (object->meta.deleting)
		return refuse(report, K8S_REASON_DELETING, xstrdup("is being deleted"));
	if (service->headless)
		return refuse(report, K8S_REASON_HEADLESS,
		              xstrdup("clusterIP is None: a headless Service has no address to "
		                      "balance on"));
	if (service->port_count == 0)
		return refuse(report, K8S_REASON_NO_PORTS, xstrdup("it has no ports"));
	k8s_translate_read_record(object, arena, request);
	for (size_t i = 0; i < service->port_count; i++)
		ports[i] = (struct k8s_pool_port){service->ports[i].protocol,
		                                  service->ports[i].port, service->ports[i].port};
	request->ports = ports;
	request->port_count = service->port_count;
	request->share_group = local_group(service, arena);
	request_families(service, request);
	read_annotations(object, arena, request);
	read_load_balancer_ip(object, arena, request);
	return TRANSLATE_OURS;
}

/* --- VirtualServer --- */

/* Those that the pool has: what it can't give is not missed. */
static void families_of_pool(const struct k8s_translator *translator, const char *name,
                             struct k8s_pool_request *request)
{
	const struct model_pool *pool = k8s_translate_infra_pool(translator, name);
	bool ipv4 = false, ipv6 = false;

	for (size_t i = 0; pool && i < pool->range_count; i++) {
		ipv4 |= pool->ranges[i].first.family == ADDR_IPV4;
		ipv6 |= pool->ranges[i].first.family == ADDR_IPV6;
	}
	if (ipv4)
		request->families[request->family_count++] = ADDR_IPV4;
	if (ipv6)
		request->families[request->family_count++] = ADDR_IPV6;
}

static enum translate_verdict request_virtual_server(struct k8s_translator *translator,
                                                     const struct k8s_object *object,
                                                     struct arena *arena, struct k8s_report *report,
                                                     struct k8s_pool_request *request)
{
	const struct k8s_custom *custom = &object->custom;
	const struct model_virtual_server *vs;
	struct k8s_pool_port *ports;

	if (!k8s_translate_class_is_ours(translator, object) ||
	    !k8s_translate_is_watched(translator, object->meta.namespace))
		return TRANSLATE_NOT_OURS;
	if (object->meta.deleting)
		return refuse(report, K8S_REASON_DELETING, xstrdup("is being deleted"));
	if (!custom->valid || custom->objects->virtual_server_count != 1)
		return refuse(report, K8S_REASON_INVALID, xstrdup(custom->problems));
	vs = custom->objects->virtual_servers[0];
	ports = arena_array(arena, vs->port_count, sizeof(*ports));
	for (size_t i = 0; i < vs->port_count; i++)
		ports[i] = (struct k8s_pool_port){vs->ports[i].protocol, vs->ports[i].first,
		                                  vs->ports[i].last};
	request->ports = ports;
	request->port_count = vs->port_count;
	k8s_translate_read_record(object, arena, request);
	if (!*vs->pool) {
		request->pool = "";
		request->router = vs->router;
		request->wanted = vs->addresses;
		request->wanted_count = vs->address_count;
		return TRANSLATE_OURS;
	}
	request->pool = vs->pool;
	families_of_pool(translator, vs->pool, request);
	read_annotations(object, arena, request);
	return TRANSLATE_OURS;
}

/* --- ConfigMap --- */

static bool parse_port(const char *text, uint16_t *ret_port)
{
	unsigned long value = 0;

	if (!*text)
		return false;
	for (; *text; text++) {
		if (*text < '0' || *text > '9')
			return false;
		value = value * 10 + (unsigned long)(*text - '0');
		if (value > UINT16_MAX)
			return false;
	}
	*ret_port = (uint16_t)value;
	return value > 0;
}

static enum translate_verdict request_config_map(struct k8s_translator *translator,
                                                 const struct k8s_object *object,
                                                 struct arena *arena, struct k8s_report *report,
                                                 struct k8s_pool_request *request)
{
	const struct k8s_config_map *map = &object->config_map;
	const char *label = k8s_pairs_get(&object->meta.labels, K8S_LABEL_CONFIG_MAP);
	struct addr *bind = arena_alloc(arena, sizeof(*bind));
	struct k8s_pool_port *port = arena_alloc(arena, sizeof(*port));
	size_t count;

	if (!label || strcmp(label, K8S_LABEL_CONFIG_MAP_VALUE) != 0 ||
	    !k8s_translate_class_is_ours(translator, object) ||
	    !k8s_translate_is_watched(translator, object->meta.namespace))
		return TRANSLATE_NOT_OURS;
	if (object->meta.deleting)
		return refuse(report, K8S_REASON_DELETING, xstrdup("is being deleted"));
	if (!parse_port(map->bind_port, &port->first))
		return refuse(report, K8S_REASON_INVALID,
		              format("data.bind-port is", map->bind_port,
		                     "; allowed: an integer from 1 to 65535"));
	if (!*map->target_service)
		return refuse(report, K8S_REASON_INVALID,
		              xstrdup("data.target-service-name is missing"));
	if (strcmp(map->protocol, "UDP") == 0)
		port->protocol = MODEL_UDP;
	else if (strcmp(map->protocol, "SCTP") == 0)
		port->protocol = MODEL_SCTP;
	else if (!*map->protocol || strcmp(map->protocol, "TCP") == 0)
		port->protocol = MODEL_TCP;
	else
		return refuse(
			report, K8S_REASON_INVALID,
			format("data.protocol is", map->protocol, "; allowed: TCP, UDP, SCTP"));
	if (!parse_addresses(map->bind_ip, 1, bind, &count))
		return refuse(report, K8S_REASON_INVALID,
		              format("data.bind-ip is", map->bind_ip,
		                     "; allowed: an address, or none for one from a pool"));
	port->last = port->first;
	request->ports = port;
	request->port_count = 1;
	k8s_translate_read_record(object, arena, request);
	read_annotations(object, arena, request);
	/* What we filled in ourselves is a record and no wish. */
	if (count == 1 && request->recorded_count == 1 && addr_equal(bind, &request->recorded[0]))
		return TRANSLATE_OURS;
	if (count == 1) {
		request->wanted = bind;
		request->wanted_count = 1;
	}
	return TRANSLATE_OURS;
}

enum translate_verdict k8s_translate_request(struct k8s_translator *translator,
                                             const struct k8s_object *object, const char *key,
                                             struct arena *arena, struct k8s_report *report,
                                             struct k8s_pool_request *ret_request)
{
	*ret_request = (struct k8s_pool_request){0};
	say_who(translator, object, key, ret_request);
	switch (object->kind) {
	case K8S_SERVICE:
		return request_service(translator, object, arena, report, ret_request);
	case K8S_VIRTUAL_SERVER:
		return request_virtual_server(translator, object, arena, report, ret_request);
	case K8S_CONFIG_MAP:
		return request_config_map(translator, object, arena, report, ret_request);
	case K8S_NAMESPACE:
	case K8S_NODE:
	case K8S_VIRTUAL_ROUTER:
	case K8S_ADDRESS_POOL:
	case K8S_SLICE:
	case K8S_KIND_COUNT:
		break;
	}
	return TRANSLATE_NOT_OURS;
}
