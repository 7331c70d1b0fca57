/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The order of writes to one object: finalizer before address; address and condition; when it ends,
 * the address is taken back before the finalizer goes. */
#include "k8s/status.h"

#include "k8s/json.h"
#include "k8s/names.h"
#include "k8s/stamp.h"
#include "lib/crc32.h"
#include "lib/text.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static json_t *metadata_of(const struct k8s_object *object)
{
	json_t *metadata = json_object();

	if (*object->meta.resource_version)
		json_object_set_new(metadata, "resourceVersion",
		                    json_string(object->meta.resource_version));
	return metadata;
}

static struct k8s_status_write nothing(void)
{
	return (struct k8s_status_write){false, false, NULL};
}

/* --- finalizers --- */

/* The last part of a qualified name has at most 63 characters: the class as far as it goes, and a
 * number for all of it. */
const char *k8s_status_finalizer(const char *class, char buf[static K8S_STATUS_FINALIZER_SIZE])
{
	snprintf(buf, K8S_STATUS_FINALIZER_SIZE, "%s", K8S_FINALIZER);
	if (strcmp(class, K8S_CLASS_DEFAULT) == 0)
		return buf;
	size_t start = strlen(buf);
	snprintf(buf + start, K8S_STATUS_FINALIZER_SIZE - start, "-%.40s-%08" PRIx32, class,
	         crc32_add(0, class, strlen(class)));
	for (char *c = buf + start; *c; c++) {
		if (!isalnum((unsigned char)*c) && *c != '.')
			*c = '-';
	}
	return buf;
}

static struct k8s_status_write write_finalizer(const struct k8s_object *object,
                                               const char *finalizer, bool add)
{
	json_t *metadata = metadata_of(object);

	json_object_set_new(metadata, add ? "finalizers" : "$deleteFromPrimitiveList/finalizers",
	                    json_pack("[s]", finalizer));
	return (struct k8s_status_write){false, true, json_pack("{s:o}", "metadata", metadata)};
}

/* --- conditions --- */

struct wanted_condition {
	const char *type;
	bool ready;
	const char *reason;
	const char *message;
};

static struct wanted_condition condition_of(const struct k8s_report *report, const char *type)
{
	return (struct wanted_condition){
		type,
		k8s_reason_is_served(report->reason),
		k8s_reason_name(report->reason),
		report->message ? report->message : "",
	};
}

static json_t *make_condition(const struct wanted_condition *wanted, const char *former_status,
                              const char *former_transition, int64_t generation, int64_t now_s)
{
	const char *status = wanted->ready ? "True" : "False";
	bool kept = strcmp(former_status, status) == 0 && *former_transition;
	char now[K8S_STAMP_SIZE];
	json_t *condition = json_pack("{s:s, s:s, s:s, s:s}", "type", wanted->type, "status",
	                              status, "reason", wanted->reason, "lastTransitionTime",
	                              kept ? former_transition : k8s_stamp_format(now_s, now));

	json_object_set_new(condition, "message",
	                    k8s_json_string(wanted->message, strlen(wanted->message)));
	if (generation > 0)
		json_object_set_new(condition, "observedGeneration", json_integer(generation));
	return condition;
}

/* --- Service --- */

/* The list is merged by the types of its entries. */
static json_t *service_conditions(const struct k8s_condition *former,
                                  const struct wanted_condition *wanted, int64_t now_s)
{
	if (!wanted)
		return json_pack("[{s:s, s:s}]", "$patch", "delete", "type",
		                 K8S_STATUS_SERVICE_CONDITION);
	return json_pack("[o]", make_condition(wanted, former ? former->status : "",
	                                       former ? former->transition : "", 0, now_s));
}

static bool same_condition(const struct k8s_condition *former,
                           const struct wanted_condition *wanted)
{
	if (!former || !wanted)
		return !former && !wanted;
	return strcmp(former->status, wanted->ready ? "True" : "False") == 0 &&
	       strcmp(former->reason, wanted->reason) == 0 &&
	       strcmp(former->message, wanted->message) == 0;
}

static bool same_ingress(const struct k8s_service *service, const struct k8s_ingress *ingress,
                         const struct addr *address)
{
	if (!addr_equal(&ingress->ip, address) || !ingress->proxy || *ingress->hostname ||
	    ingress->port_count != service->port_count)
		return false;
	for (size_t i = 0; i < service->port_count; i++) {
		if (ingress->ports[i].port != service->ports[i].port ||
		    ingress->ports[i].protocol != service->ports[i].protocol ||
		    *ingress->ports[i].error)
			return false;
	}
	return true;
}

static bool same_ingresses(const struct k8s_service *service, const struct addr *addresses,
                           size_t count)
{
	if (service->ingress_count != count)
		return false;
	for (size_t i = 0; i < count; i++) {
		if (!same_ingress(service, &service->ingress[i], &addresses[i]))
			return false;
	}
	return true;
}

/* ipMode Proxy: the node's own proxy leaves the address alone, and packets come to us. */
static json_t *json_ingress(const struct k8s_service *service, const struct addr *address)
{
	json_t *ports = json_array();
	char text[ADDR_TEXT_SIZE];

	for (size_t i = 0; i < service->port_count; i++)
		json_array_append_new(ports,
		                      json_pack("{s:i, s:s}", "port", (int)service->ports[i].port,
		                                "protocol",
		                                model_protocol_name(service->ports[i].protocol)));
	return json_pack("{s:s, s:s, s:o}", "ip", addr_format(address, text), "ipMode", "Proxy",
	                 "ports", ports);
}

static struct k8s_status_write write_service(const struct k8s_object *object,
                                             const struct addr *addresses, size_t count,
                                             const struct wanted_condition *wanted, int64_t now_s)
{
	const struct k8s_service *service = &object->service;
	json_t *list, *status;

	if (same_ingresses(service, addresses, count) && same_condition(service->condition, wanted))
		return nothing();
	list = json_array();
	for (size_t i = 0; i < count; i++)
		json_array_append_new(list, json_ingress(service, &addresses[i]));
	status = json_pack("{s:{s:o}, s:o}", "loadBalancer", "ingress", list, "conditions",
	                   service_conditions(service->condition, wanted, now_s));
	return (struct k8s_status_write){
		true, true,
		json_pack("{s:o, s:o}", "metadata", metadata_of(object), "status", status)};
}

static struct k8s_status_write next_of_service(const struct k8s_object *object,
                                               const struct k8s_report *report,
                                               const struct k8s_status_seen *seen, int64_t now_s)
{
	struct wanted_condition wanted;
	struct k8s_status_write write = nothing();
	const char *finalizer = seen->finalizer ? seen->finalizer : K8S_FINALIZER;
	bool guarded = k8s_meta_has_finalizer(&object->meta, finalizer);

	if (report && report->reason != K8S_REASON_DELETING) {
		if (report->address_count > 0 && !guarded && !object->meta.deleting)
			return write_finalizer(object, finalizer, true);
		wanted = condition_of(report, K8S_STATUS_SERVICE_CONDITION);
		/* What nobody gave yet is the leader's to say. */
		if (report->reason == K8S_REASON_PENDING)
			return nothing();
		return write_service(object, report->addresses, report->address_count, &wanted,
		                     now_s);
	}
	/* Not ours, and never was: others write here. */
	if (!guarded || !seen->withdrawn)
		return nothing();
	/* A class can't change while the type is LoadBalancer: nobody else has written. */
	if (!object->meta.deleting)
		write = write_service(object, NULL, 0, NULL, now_s);
	return write.body ? write : write_finalizer(object, finalizer, false);
}

/* --- ConfigMap --- */

/* What it has no longer is not left as a record: another one may have it. */
static struct k8s_status_write take_back(const struct k8s_object *object, const char *recorded)
{
	json_t *metadata = metadata_of(object);
	json_t *body = json_pack("{s:o}", "metadata", metadata);

	json_object_set_new(metadata, "annotations", json_pack("{s:n}", K8S_ANNOTATION_ALLOCATED));
	if (strcmp(object->config_map.bind_ip, recorded) == 0)
		json_object_set_new(body, "data", json_pack("{s:n}", "bind-ip"));
	return (struct k8s_status_write){false, false, body};
}

/* Its data is where its address is found. */
static struct k8s_status_write next_of_config_map(const struct k8s_object *object,
                                                  const struct k8s_report *report)
{
	const char *recorded = k8s_pairs_get(&object->meta.annotations, K8S_ANNOTATION_ALLOCATED);
	char text[ADDR_TEXT_SIZE];
	json_t *metadata;

	if (!report || report->reason == K8S_REASON_PENDING || object->meta.deleting)
		return nothing();
	if (report->address_count == 0)
		return recorded ? take_back(object, recorded) : nothing();
	addr_format(&report->addresses[0], text);
	if (strcmp(object->config_map.bind_ip, text) == 0 ||
	    (*object->config_map.bind_ip && !recorded))
		return nothing();
	metadata = metadata_of(object);
	json_object_set_new(metadata, "annotations",
	                    json_pack("{s:s}", K8S_ANNOTATION_ALLOCATED, text));
	return (struct k8s_status_write){
		false, false,
		json_pack("{s:o, s:{s:s}}", "metadata", metadata, "data", "bind-ip", text)};
}

/* --- our own kinds --- */

static json_t *former_condition(const json_t *status)
{
	json_t *list = json_object_get(status, "conditions");

	for (size_t i = 0; i < json_array_size(list); i++) {
		json_t *condition = json_array_get(list, i);

		if (strcmp(k8s_json_text(condition, "type"), K8S_STATUS_CONDITION) == 0)
			return condition;
	}
	return NULL;
}

/* All there are, since a merge patch replaces the list: others' as they were. */
static json_t *custom_conditions(const json_t *status, const json_t *former, json_t *ours)
{
	const json_t *list = json_object_get(status, "conditions");
	json_t *all = json_array();

	for (size_t i = 0; i < json_array_size(list); i++) {
		json_t *condition = json_array_get(list, i);

		if (condition == former)
			json_array_append(all, ours);
		else
			json_array_append(all, condition);
	}
	if (!former)
		json_array_append(all, ours);
	json_decref(ours);
	return all;
}

static void add_count(json_t *status, const char *key, uint64_t count)
{
	json_object_set_new(status, key,
	                    json_integer(count > INT64_MAX ? INT64_MAX : (json_int_t)count));
}

static void add_seen(json_t *status, const struct k8s_object *object,
                     const struct k8s_report *report, const struct k8s_status_seen *seen)
{
	char text[ADDR_TEXT_SIZE];
	json_t *addresses;

	if (object->kind == K8S_ADDRESS_POOL) {
		add_count(status, "ipv4Total", seen->usage.total4);
		add_count(status, "ipv4Assigned", seen->usage.used4);
		add_count(status, "ipv6Total", seen->usage.total6);
		add_count(status, "ipv6Assigned", seen->usage.used6);
		return;
	}
	json_object_set_new(status, "activeNode",
	                    json_string(seen->active_node ? seen->active_node : ""));
	if (object->kind == K8S_VIRTUAL_ROUTER) {
		add_count(status, "nodes", seen->nodes);
		add_count(status, "addressCount", seen->addresses);
		return;
	}
	addresses = json_array();
	for (size_t i = 0; i < report->address_count; i++)
		json_array_append_new(addresses,
		                      json_string(addr_format(&report->addresses[i], text)));
	json_object_set_new(status, "addresses", addresses);
	json_object_set_new(status, "addressPool", json_string(report->pool ? report->pool : ""));
	json_object_set_new(status, "virtualRouter",
	                    json_string(report->router ? report->router : ""));
	add_count(status, "backends", report->backends);
	add_count(status, "readyBackends", report->ready);
}

static struct k8s_status_write next_of_custom(const struct k8s_object *object,
                                              const struct k8s_report *report,
                                              const struct k8s_status_seen *seen, int64_t now_s)
{
	json_t *former, *condition, *status;
	struct wanted_condition wanted;
	bool same;

	if (!report || object->meta.deleting || report->reason == K8S_REASON_PENDING)
		return nothing();
	former = json_loads(*object->custom.status ? object->custom.status : "{}", 0, NULL);
	condition = former_condition(former);
	wanted = condition_of(report, K8S_STATUS_CONDITION);
	status = json_object();
	if (object->meta.generation > 0)
		json_object_set_new(status, "observedGeneration",
		                    json_integer(object->meta.generation));
	add_seen(status, object, report, seen);
	json_object_set_new(
		status, "conditions",
		custom_conditions(former, condition,
	                          make_condition(&wanted, k8s_json_text(condition, "status"),
	                                         k8s_json_text(condition, "lastTransitionTime"),
	                                         object->meta.generation, now_s)));
	same = former && json_equal(former, status);
	json_decref(former);
	if (same) {
		json_decref(status);
		return nothing();
	}
	return (struct k8s_status_write){
		true, false,
		json_pack("{s:o, s:o}", "metadata", metadata_of(object), "status", status)};
}

struct k8s_status_write k8s_status_next(const struct k8s_object *object,
                                        const struct k8s_report *report,
                                        const struct k8s_status_seen *seen, int64_t now_s)
{
	switch (object->kind) {
	case K8S_SERVICE:
		return next_of_service(object, report, seen, now_s);
	case K8S_CONFIG_MAP:
		return next_of_config_map(object, report);
	case K8S_VIRTUAL_ROUTER:
	case K8S_ADDRESS_POOL:
	case K8S_VIRTUAL_SERVER:
		return next_of_custom(object, report, seen, now_s);
	case K8S_NAMESPACE:
	case K8S_NODE:
	case K8S_SLICE:
	case K8S_KIND_COUNT:
		break;
	}
	return nothing();
}
