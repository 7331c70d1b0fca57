/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is served of an object. Reason: three kinds of objects, made of the same parts. */
#include "k8s/translate_private.h"

#include "k8s/names.h"
#include "lib/mem.h"
#include "lib/text.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static LT_PRINTF(3, 4) void say(struct k8s_report *report, enum k8s_reason reason, const char *fmt,
                                ...)
{
	char message[1000];
	va_list args;

	va_start(args, fmt);
	vsnprintf(message, sizeof(message), fmt, args);
	va_end(args);
	free(report->message);
	report->reason = reason;
	report->message = xstrdup(message);
}

/* --- parts --- */

static void give_addresses(struct model_virtual_server *vs, const struct k8s_pool_grant *grant,
                           struct arena *arena)
{
	vs->addresses = arena_memdup(arena, grant->addresses,
	                             grant->address_count * sizeof(*grant->addresses));
	vs->address_count = grant->address_count;
	vs->router = arena_strdup(arena, grant->router);
	vs->pool = "";
}

static size_t count_ready(const struct model_port *port)
{
	size_t ready = 0;

	for (size_t i = 0; i < port->server_count; i++)
		ready += port->servers[i].weight > 0;
	return ready;
}

/* Of the port that has most. */
static void count_backends(const struct model_virtual_server *vs, struct k8s_report *report)
{
	for (size_t i = 0; i < vs->port_count; i++) {
		size_t count;

		(void)model_port_servers(vs, &vs->ports[i], &count);
		if (count > report->backends)
			report->backends = count;
		if (vs->ports[i].own_servers && count_ready(&vs->ports[i]) > report->ready)
			report->ready = count_ready(&vs->ports[i]);
	}
	for (size_t i = 0, ready = 0; i < vs->server_count; i++) {
		ready += vs->servers[i].weight > 0;
		if (ready > report->ready)
			report->ready = ready;
	}
}

static struct translate_endpoints endpoints_of(const struct k8s_translator *translator,
                                               const char *namespace, const char *service,
                                               bool publish_not_ready)
{
	struct translate_endpoints endpoints = {.publish_not_ready = publish_not_ready};

	endpoints.slices =
		k8s_store_slices(translator->store, namespace, service, &endpoints.slice_count);
	return endpoints;
}

static void serve(const struct k8s_translator *translator, struct model_port *port,
                  const struct translate_endpoints *endpoints,
                  const struct translate_target *target, struct arena *arena)
{
	port->own_servers = true;
	port->servers =
		k8s_translate_servers(translator, endpoints, target, arena, &port->server_count);
}

/* --- Service --- */

/* Blanks around a range don't count. An address alone is meant as itself. */
static bool parse_range(const char *text, size_t len, struct addr_prefix *ret_prefix)
{
	char one[ADDR_PREFIX_TEXT_SIZE];

	while (len > 0 && (*text == ' ' || *text == '\t')) {
		text++;
		len--;
	}
	while (len > 0 && (text[len - 1] == ' ' || text[len - 1] == '\t'))
		len--;
	if (len >= sizeof(one))
		return false;
	memcpy(one, text, len);
	one[len] = '\0';
	return addr_prefix_parse(one, ret_prefix) == 0;
}

static bool add_range(struct model_virtual_server *vs, const char *text, size_t len,
                      struct k8s_report *report)
{
	if (parse_range(text, len, &vs->source_ranges[vs->source_range_count])) {
		vs->source_range_count++;
		return true;
	}
	say(report, K8S_REASON_INVALID,
	    "loadBalancerSourceRanges: '%.*s' is no address with a prefix length",
	    (int)(len < 100 ? len : 100), text);
	return false;
}

/* What can't be read is not left out: nobody wants to let in more than he said. */
static bool give_source_ranges(struct model_virtual_server *vs, const struct k8s_object *object,
                               struct arena *arena, struct k8s_report *report)
{
	const struct k8s_service *service = &object->service;
	const char *older = k8s_pairs_get(&object->meta.annotations, K8S_ANNOTATION_SOURCE_RANGES);
	size_t total = service->source_range_count;

	if (total == 0 && older) {
		for (const char *s = older; *s; s++)
			total += *s == ',';
		total++;
	}
	vs->source_ranges = arena_array(arena, total, sizeof(*vs->source_ranges));
	for (size_t i = 0; i < service->source_range_count; i++) {
		const char *range = service->source_ranges[i];

		if (!add_range(vs, range, strlen(range), report))
			return false;
	}
	while (service->source_range_count == 0 && older && *older) {
		size_t len = strcspn(older, ",");

		if (!add_range(vs, older, len, report))
			return false;
		older += len + (older[len] == ',');
	}
	if (object->cut && service->source_range_count == K8S_SOURCE_RANGES_MAX) {
		say(report, K8S_REASON_INVALID,
		    "loadBalancerSourceRanges has too many entries; allowed: at most %d",
		    K8S_SOURCE_RANGES_MAX);
		return false;
	}
	return true;
}

/* What comes of a Service takes about as much memory: its servers, and a few texts. */
static size_t size_of(const struct k8s_service *service,
                      const struct translate_endpoints *endpoints)
{
	size_t servers = k8s_translate_count(endpoints) * sizeof(struct model_real_server);

	return sizeof(struct model_virtual_server) + 128 +
	       service->port_count * (sizeof(struct model_port) + servers);
}

static void build_service(struct k8s_translator *translator, struct translate_entry *entry,
                          const struct k8s_object *object, const struct k8s_pool_grant *grant,
                          struct model_objects *objects, struct k8s_report *report)
{
	const struct k8s_service *service = &object->service;
	struct arena *arena = &objects->arena;
	struct translate_endpoints endpoints = endpoints_of(
		translator, object->meta.namespace, object->meta.name, service->publish_not_ready);
	enum translate_local local = service->local ? k8s_translate_local(translator, &endpoints)
	                                            : TRANSLATE_LOCAL_NOWHERE;
	struct model_virtual_server vs = translator->defaults.virtual_server;
	char name[K8S_NAME_LEN_MAX + 16];

	arena_reserve(arena, size_of(service, &endpoints));
	vs.origin.source = MODEL_SOURCE_KUBERNETES;
	text_join(name, sizeof(name), (const char *const[]){"service/", object->meta.name}, 2);
	vs.name = arena_strdup(arena, name);
	vs.namespace = arena_strdup(arena, object->meta.namespace);
	vs.service = arena_strdup(arena, object->meta.name);
	give_addresses(&vs, grant, arena);
	vs.persistence_timeout_us = service->affinity_s * 1000000;
	if (!give_source_ranges(&vs, object, arena, report))
		return;
	k8s_translate_set_local(translator, entry, service->local);
	entry->lacks_local = service->local && local == TRANSLATE_LOCAL_ELSEWHERE;
	if (service->local && local != TRANSLATE_LOCAL_NOWHERE) {
		endpoints.only_node = translator->node;
		vs.snat_mode = MODEL_SNAT_NONE;
	}
	vs.ports = arena_array(arena, service->port_count, sizeof(*vs.ports));
	for (size_t i = 0; i < service->port_count; i++) {
		const struct k8s_service_port *from = &service->ports[i];
		struct model_port *port = &vs.ports[vs.port_count++];
		struct translate_target target = {TRANSLATE_BY_NAME, from->name, from->protocol, 0};

		*port = translator->defaults.port;
		port->name = arena_strdup(arena, from->name);
		port->protocol = from->protocol;
		port->first = port->last = from->port;
		serve(translator, port, &endpoints, &target, arena);
	}
	count_backends(&vs, report);
	if (service->local && local == TRANSLATE_LOCAL_NOWHERE && report->backends > 0)
		say(report, K8S_REASON_LOCAL_LOST,
		    "externalTrafficPolicy is Local, but no node that takes part runs an endpoint: "
		    "others serve, and do not see the clients' addresses");
	else if (entry->lacks_local && report->backends == 0)
		say(report, K8S_REASON_NO_LOCAL,
		    "externalTrafficPolicy is Local, and none of its endpoints is on this node");
	else if (report->backends == 0)
		say(report, K8S_REASON_NO_ENDPOINTS, "it has no endpoints that serve");
	model_objects_add_virtual_server(objects, &vs);
}

/* --- VirtualServer --- */

static const struct k8s_object *target_service(struct k8s_translator *translator,
                                               const char *namespace, const char *name,
                                               struct k8s_report *report)
{
	const struct k8s_object *service =
		k8s_store_get(translator->store, K8S_SERVICE, namespace, name);

	if (!service)
		say(report, K8S_REASON_NO_SERVICE, "there is no Service %s/%s", namespace, name);
	else if (service->service.type == K8S_SERVICE_EXTERNAL_NAME)
		say(report, K8S_REASON_EXTERNAL_NAME,
		    "Service %s/%s is of type ExternalName and has no endpoints", namespace, name);
	else
		return service;
	return NULL;
}

/* A port of the Service that has this number, NULL when there is none. */
static const struct k8s_service_port *port_of(const struct k8s_service *service, uint16_t number,
                                              enum model_protocol protocol)
{
	for (size_t i = 0; i < service->port_count; i++) {
		if (service->ports[i].port == number && service->ports[i].protocol == protocol)
			return &service->ports[i];
	}
	return NULL;
}

/* A name is looked for among the endpoints' ports, a number is theirs. If neither is said: the port
 * of the same name, then the port of the Service that has the same number, then the number. */
static struct translate_target target_of(const struct model_port *port,
                                         const struct k8s_service *service,
                                         const struct translate_endpoints *endpoints)
{
	struct translate_target target = {TRANSLATE_BY_NUMBER, "", port->protocol, port->target};
	const struct k8s_service_port *same = port_of(service, port->first, port->protocol);

	if (*port->target_name) {
		target.by = TRANSLATE_BY_NAME;
		target.name = port->target_name;
	} else if (port->target == 0 && port->first == port->last && *port->name &&
	           k8s_translate_has_port(endpoints, port->name)) {
		target.by = TRANSLATE_BY_NAME;
		target.name = port->name;
	} else if (port->target == 0 && port->first == port->last && same) {
		target.by = TRANSLATE_BY_NAME;
		target.name = same->name;
	} else if (port->target == 0) {
		target.number = port->first;
	}
	return target;
}

static void copy_ports(struct model_virtual_server *vs, struct arena *arena)
{
	vs->ports = arena_memdup(arena, vs->ports, vs->port_count * sizeof(*vs->ports));
	for (size_t i = 0; i < vs->port_count; i++) {
		struct model_port *port = &vs->ports[i];

		port->name = arena_strdup(arena, port->name);
		port->target_name = arena_strdup(arena, port->target_name);
		port->scheduler = arena_strdup(arena, port->scheduler);
	}
}

/* A copy that shares nothing with the API's object. */
static struct model_virtual_server copy_of(const struct model_virtual_server *from,
                                           struct arena *arena)
{
	struct model_virtual_server vs = *from;

	vs.origin.lines = NULL;
	vs.namespace = arena_strdup(arena, from->namespace);
	vs.name = arena_strdup(arena, from->name);
	vs.service = arena_strdup(arena, from->service);
	copy_ports(&vs, arena);
	vs.snat_addresses = arena_memdup(arena, from->snat_addresses,
	                                 from->snat_address_count * sizeof(struct addr));
	vs.source_ranges = arena_memdup(arena, from->source_ranges,
	                                from->source_range_count * sizeof(*from->source_ranges));
	vs.servers =
		arena_memdup(arena, from->servers, from->server_count * sizeof(*from->servers));
	for (size_t i = 0; i < vs.server_count; i++)
		vs.servers[i].health = model_health_check_copy(from->servers[i].health, arena);
	vs.health = model_health_check_copy(from->health, arena);
	if (from->quorum)
		vs.quorum = arena_memdup(arena, from->quorum, sizeof(*from->quorum));
	vs.sorry_servers = arena_memdup(arena, from->sorry_servers,
	                                from->sorry_server_count * sizeof(*from->sorry_servers));
	return vs;
}

static void build_virtual_server(struct k8s_translator *translator, const struct k8s_object *object,
                                 const struct k8s_pool_grant *grant, struct model_objects *objects,
                                 struct k8s_report *report)
{
	const struct model_virtual_server *from = object->custom.objects->virtual_servers[0];
	struct arena *arena = &objects->arena;
	struct model_virtual_server vs = copy_of(from, arena);
	const struct k8s_object *service = NULL;
	struct translate_endpoints endpoints;

	give_addresses(&vs, grant, arena);
	if (*from->router && strcmp(from->router, grant->router) != 0) {
		say(report, K8S_REASON_ROUTERS,
		    "its address is of VirtualRouter %s, and spec.virtualRouter is %s",
		    grant->router, from->router);
		return;
	}
	if (*vs.service) {
		service = target_service(translator, vs.namespace, vs.service, report);
		if (!service)
			return;
		endpoints = endpoints_of(translator, vs.namespace, vs.service,
		                         service->service.publish_not_ready);
		for (size_t i = 0; i < vs.port_count; i++) {
			struct translate_target target =
				target_of(&vs.ports[i], &service->service, &endpoints);

			serve(translator, &vs.ports[i], &endpoints, &target, arena);
		}
	}
	count_backends(&vs, report);
	if (report->backends == 0)
		say(report, K8S_REASON_NO_ENDPOINTS,
		    service ? "Service %s/%s has no endpoints that serve"
		            : "VirtualServer %s/%s names no servers",
		    vs.namespace, service ? vs.service : vs.name);
	model_objects_add_virtual_server(objects, &vs);
}

/* --- ConfigMap --- */

/* Who may write ConfigMaps in one namespace does not open what is another one's, unless the
 * namespace is ours: who writes there has our Leases and keys as well. */
static bool is_shared_with(const struct k8s_object *service, const char *namespace)
{
	const char *list = k8s_pairs_get(&service->meta.annotations, K8S_ANNOTATION_CONFIG_MAPS);
	size_t len = strlen(namespace);

	if (strcmp(service->meta.namespace, namespace) == 0)
		return true;
	for (const char *at = list ? list : ""; *at; at += strcspn(at, ",")) {
		at += strspn(at, ", ");
		if (strcspn(at, ", ") == len && strncmp(at, namespace, len) == 0)
			return true;
		if (strcspn(at, ", ") == 1 && *at == '*')
			return true;
	}
	return false;
}

/* The port of the Service, by name or by number, else that of the endpoints themselves. */
static bool config_map_target(const struct k8s_config_map *map, const struct k8s_service *service,
                              uint16_t bind_port, enum model_protocol protocol,
                              struct translate_target *target)
{
	const struct k8s_service_port *port;
	unsigned long number = bind_port;

	*target = (struct translate_target){TRANSLATE_BY_NAME, map->target_port, protocol, 0};
	if (*map->target_port && strspn(map->target_port, "0123456789") < strlen(map->target_port))
		return true;
	if (*map->target_port)
		number = strtoul(map->target_port, NULL, 10);
	if (number < 1 || number > UINT16_MAX)
		return false;
	port = port_of(service, (uint16_t)number, protocol);
	target->number = (uint16_t)number;
	target->name = port ? port->name : "";
	target->by = port ? TRANSLATE_BY_NAME : TRANSLATE_BY_NUMBER;
	return true;
}

static void build_config_map(struct k8s_translator *translator, const struct k8s_object *object,
                             const struct k8s_pool_grant *grant,
                             const struct k8s_pool_request *request, struct model_objects *objects,
                             struct k8s_report *report)
{
	const struct k8s_config_map *map = &object->config_map;
	struct arena *arena = &objects->arena;
	const char *namespace = *map->target_namespace ? map->target_namespace
	                                               : object->meta.namespace;
	struct model_virtual_server vs = translator->defaults.virtual_server;
	struct translate_endpoints endpoints;
	struct translate_target target;
	const struct k8s_object *service;
	char name[K8S_NAME_LEN_MAX + 16];

	service = target_service(translator, namespace, map->target_service, report);
	if (!service)
		return;
	if (strcmp(object->meta.namespace, translator->namespace) != 0 &&
	    !is_shared_with(service, object->meta.namespace)) {
		say(report, K8S_REASON_NOT_SHARED,
		    "Service %s/%s is of another namespace: its "
		    "annotation " K8S_ANNOTATION_CONFIG_MAPS " has to name %s",
		    namespace, map->target_service, object->meta.namespace);
		return;
	}
	if (!config_map_target(map, &service->service, request->ports[0].first,
	                       request->ports[0].protocol, &target)) {
		say(report, K8S_REASON_INVALID,
		    "data.target-port is '%.100s'; allowed: an integer from 1 to 65535 or a "
		    "port's name",
		    map->target_port);
		return;
	}
	vs.origin.source = MODEL_SOURCE_KUBERNETES;
	snprintf(name, sizeof(name), "configmap/%s", object->meta.name);
	vs.name = arena_strdup(arena, name);
	vs.namespace = arena_strdup(arena, object->meta.namespace);
	vs.service = arena_strdup(arena, map->target_service);
	give_addresses(&vs, grant, arena);
	vs.ports = arena_array(arena, 1, sizeof(*vs.ports));
	vs.port_count = 1;
	vs.ports[0] = translator->defaults.port;
	vs.ports[0].protocol = request->ports[0].protocol;
	vs.ports[0].first = vs.ports[0].last = request->ports[0].first;
	endpoints = endpoints_of(translator, namespace, map->target_service,
	                         service->service.publish_not_ready);
	serve(translator, &vs.ports[0], &endpoints, &target, arena);
	count_backends(&vs, report);
	if (report->backends == 0)
		say(report, K8S_REASON_NO_ENDPOINTS, "Service %s/%s has no endpoints that serve",
		    namespace, map->target_service);
	model_objects_add_virtual_server(objects, &vs);
}

void k8s_translate_build(struct k8s_translator *translator, struct translate_entry *entry,
                         const struct k8s_object *object, const struct k8s_pool_grant *grant,
                         const struct k8s_pool_request *request, struct model_objects *objects,
                         struct k8s_report *report)
{
	if (object->kind == K8S_SERVICE)
		build_service(translator, entry, object, grant, objects, report);
	else if (object->kind == K8S_VIRTUAL_SERVER)
		build_virtual_server(translator, object, grant, objects, report);
	else
		build_config_map(translator, object, grant, request, objects, report);
}

/* --- the same again? --- */

static bool same_servers(const struct model_port *a, const struct model_port *b)
{
	if (a->own_servers != b->own_servers || a->server_count != b->server_count)
		return false;
	for (size_t i = 0; i < a->server_count; i++) {
		const struct model_real_server *p = &a->servers[i], *q = &b->servers[i];

		if (!addr_equal(&p->address, &q->address) || p->port != q->port ||
		    p->weight != q->weight)
			return false;
	}
	return true;
}

static bool same_ports(const struct model_virtual_server *a, const struct model_virtual_server *b)
{
	if (a->port_count != b->port_count)
		return false;
	for (size_t i = 0; i < a->port_count; i++) {
		const struct model_port *p = &a->ports[i], *q = &b->ports[i];

		if (strcmp(p->name, q->name) != 0 || p->protocol != q->protocol ||
		    p->first != q->first || p->last != q->last || p->target != q->target ||
		    strcmp(p->target_name, q->target_name) != 0 ||
		    strcmp(p->scheduler, q->scheduler) != 0 || p->sh_fallback != q->sh_fallback ||
		    p->sh_port != q->sh_port || p->one_packet != q->one_packet ||
		    !same_servers(p, q))
			return false;
	}
	return true;
}

/* Only what a Service or its endpoints can make another; a VirtualServer whose own text changed is
 * another anyway. */
bool k8s_translate_same(const struct model_objects *a, const struct model_objects *b)
{
	const struct model_virtual_server *p, *q;

	if (a->virtual_server_count != 1 || b->virtual_server_count != 1)
		return a->virtual_server_count == b->virtual_server_count;
	p = a->virtual_servers[0];
	q = b->virtual_servers[0];
	if (p->address_count != q->address_count || strcmp(p->router, q->router) != 0 ||
	    p->snat_mode != q->snat_mode ||
	    p->persistence_timeout_us != q->persistence_timeout_us ||
	    p->source_range_count != q->source_range_count || strcmp(p->service, q->service) != 0)
		return false;
	for (size_t i = 0; i < p->address_count; i++) {
		if (!addr_equal(&p->addresses[i], &q->addresses[i]))
			return false;
	}
	for (size_t i = 0; i < p->source_range_count; i++) {
		if (addr_prefix_compare(&p->source_ranges[i], &q->source_ranges[i]) != 0)
			return false;
	}
	return same_ports(p, q);
}
