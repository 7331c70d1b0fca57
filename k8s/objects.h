/* SPDX-License-Identifier: GPL-2.0-or-later */
/* k8s/objects.h - what is kept of objects of the Kubernetes API.
 *
 * Pure. An object never changes: a new version of it is another one. Handles are counted (one
 * thread). All memory of an object goes with its last handle; strings are never NULL. What an
 * object says wrongly is read as if it did not say it, unless there is a place for it here: the
 * API server is the judge of its own objects. Lists are cut at the limits below, and 'cut' says so.
 * Source: Kubernetes API reference, core/v1, discovery.k8s.io/v1. */

#ifndef LINTEL_K8S_OBJECTS_H
#define LINTEL_K8S_OBJECTS_H

#include "lib/addr.h"
#include "lib/arena.h"
#include "model/object.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* In the order in which they are needed: the first ones say how to read the others. */
enum k8s_kind {
	K8S_NAMESPACE,
	K8S_NODE,
	K8S_VIRTUAL_ROUTER,
	K8S_ADDRESS_POOL,
	K8S_SERVICE,
	K8S_SLICE, /* EndpointSlice */
	K8S_VIRTUAL_SERVER,
	K8S_CONFIG_MAP,
	K8S_KIND_COUNT,
};
const char *k8s_kind_name(enum k8s_kind kind);        /* "EndpointSlice" */
const char *k8s_kind_api_version(enum k8s_kind kind); /* "discovery.k8s.io/v1" */
const char *k8s_kind_plural(enum k8s_kind kind);      /* "endpointslices" */
bool k8s_kind_is_namespaced(enum k8s_kind kind);

/* Limits of what one object may make us keep. */
#define K8S_NAME_LEN_MAX      253 /* RFC 1123 subdomain; longer: no object */
#define K8S_PAIRS_MAX         128
#define K8S_VALUE_LEN_MAX     4096 /* of an annotation; longer ones are left out */
#define K8S_FINALIZERS_MAX    64   /* of ours: one of each class */
#define K8S_PORTS_MAX         1024
#define K8S_ENDPOINTS_MAX     1000 /* the API's own limit for a slice */
#define K8S_SOURCE_RANGES_MAX 4096
#define K8S_INGRESS_MAX       16
#define K8S_TAINTS_MAX        64
#define K8S_ADDRESSES_MAX     64

struct k8s_pair {
	const char *key;
	const char *value;
};

struct k8s_pairs {
	const struct k8s_pair *items; /* by key */
	size_t count;
};
/* NULL when there is none. */
const char *k8s_pairs_get(const struct k8s_pairs *pairs, const char *key);
/* Does 'pairs' have all of 'selector'? */
bool k8s_pairs_match(const struct k8s_pairs *pairs, const struct k8s_pairs *selector);

struct k8s_meta {
	const char *namespace; /* "" for those that are in none */
	const char *name;
	const char *uid;
	const char *resource_version;
	int64_t generation;
	int64_t created_s;            /* creationTimestamp, seconds since 1970; 0: unknown */
	bool deleting;                /* has a deletionTimestamp */
	struct k8s_pairs labels;      /* all; of a slice, its Service */
	struct k8s_pairs annotations; /* those that somebody here knows */
	const char **finalizers;      /* ours, of any class */
	size_t finalizer_count;
};
bool k8s_meta_has_finalizer(const struct k8s_meta *meta, const char *finalizer);
/* Older ones first; those of one second by uid. */
int k8s_meta_compare_age(const struct k8s_meta *a, const struct k8s_meta *b);

enum k8s_service_type {
	K8S_SERVICE_CLUSTER_IP,
	K8S_SERVICE_NODE_PORT,
	K8S_SERVICE_LOAD_BALANCER,
	K8S_SERVICE_EXTERNAL_NAME,
};

enum k8s_family_policy {
	K8S_FAMILY_SINGLE,
	K8S_FAMILY_PREFER_DUAL,
	K8S_FAMILY_REQUIRE_DUAL,
};

struct k8s_service_port {
	const char *name;
	enum model_protocol protocol;
	uint16_t port;
	uint16_t node_port; /* 0: none */
};

/* An entry of status.loadBalancer.ingress. */
struct k8s_ingress_port {
	uint16_t port;
	enum model_protocol protocol;
	const char *error; /* "": none */
};

struct k8s_ingress {
	struct addr ip;       /* ADDR_NONE: a host name, or nonsense */
	const char *hostname; /* "" */
	bool proxy;           /* ipMode: Proxy */
	struct k8s_ingress_port *ports;
	size_t port_count;
};

/* Of type K8S_STATUS_SERVICE_CONDITION. */
struct k8s_condition {
	const char *status; /* "True", "False", "Unknown" */
	const char *reason;
	const char *message;
	const char *transition; /* lastTransitionTime */
	int64_t generation;     /* observedGeneration */
};

struct k8s_service {
	enum k8s_service_type type;
	const char *class;            /* loadBalancerClass, "": none */
	const char *load_balancer_ip; /* as written, "" */
	const char **source_ranges;   /* as written */
	size_t source_range_count;
	bool local; /* externalTrafficPolicy: Local */
	uint16_t health_check_node_port;
	bool allocate_node_ports;
	int64_t affinity_s; /* sessionAffinity: ClientIP, 0: None */
	bool publish_not_ready;
	bool headless; /* clusterIP: None */
	enum k8s_family_policy family_policy;
	uint8_t families[2]; /* enum addr_family, in their order */
	size_t family_count;
	struct k8s_service_port *ports;
	size_t port_count;
	struct k8s_pairs selector;
	struct k8s_ingress *ingress;
	size_t ingress_count;
	const struct k8s_condition *condition; /* ours; NULL: none */
};

/* In this order it takes 32 bytes and not 40: there are many. */
struct k8s_endpoint {
	struct addr address; /* the first: they are fungible */
	bool ready;
	bool serving;
	bool terminating;
	const char *node; /* "" unknown */
};

struct k8s_endpoint_port {
	const char *name;
	enum model_protocol protocol;
	uint16_t port;
};

struct k8s_slice {
	const char *service; /* of the same namespace, by label; "": none */
	uint8_t family;      /* ADDR_NONE: FQDN, has no endpoints here */
	struct k8s_endpoint *endpoints;
	size_t endpoint_count;
	struct k8s_endpoint_port *ports; /* those with a number */
	size_t port_count;
};

struct k8s_taint {
	const char *key;
	const char *value;
	const char *effect;
};

struct k8s_node {
	bool unschedulable; /* cordoned */
	bool ready;         /* condition Ready is True */
	struct k8s_taint *taints;
	size_t taint_count;
	struct addr *internal; /* addresses of type InternalIP */
	size_t internal_count;
	struct addr *external; /* ExternalIP */
	size_t external_count;
};

/* The form of a predecessor: data of a ConfigMap with the label app=loadbalancer. Texts as written,
 * "" when absent. */
struct k8s_config_map {
	const char *bind_ip;
	const char *bind_port;
	const char *target_namespace; /* "namespace" */
	const char *target_service;   /* "target-service-name" */
	const char *target_port;
	const char *protocol; /* ours: "TCP" unless said */
};

/* One of ours. */
struct k8s_custom {
	struct model_objects
		*objects;     /* exactly one, or none when there are problems. Of the object */
	const char *problems; /* lines for people, "" */
	bool valid;
	bool says_priority;     /* VirtualRouter: spec.priority is there */
	bool says_peers;        /* VirtualRouter: spec.peers is there */
	const char *spec;       /* JSON, keys sorted */
	const char *status;     /* JSON, keys sorted; "" */
	struct addr *addresses; /* status.addresses: what it was given */
	size_t address_count;
};

struct k8s_object {
	enum k8s_kind kind;
	unsigned holders;
	struct arena arena; /* holds the object itself */
	struct k8s_meta meta;
	bool cut; /* some list was too long */
	union {   /* there is memory for the kind's own, no more */
		struct k8s_service service;
		struct k8s_slice slice;
		struct k8s_node node;
		struct k8s_config_map config_map;
		struct k8s_custom custom;
	};
};

/* For decoders: an object with one handle and nothing in it, with memory for 'size' bytes to begin
 * with (0: as much as most need). */
struct k8s_object *k8s_object_new(enum k8s_kind kind, size_t size);
/* Another handle; returns its argument. */
const struct k8s_object *k8s_object_hold(const struct k8s_object *object);
/* Gives a handle up; NULL accepted. */
void k8s_object_release(const struct k8s_object *object);
/* Do both say the same? resourceVersion and generation don't count. */
bool k8s_object_same(const struct k8s_object *a, const struct k8s_object *b);
/* "Service default/web", "Node n1"; returns buf. */
#define K8S_KEY_SIZE 600
const char *k8s_object_title(const struct k8s_object *object, char buf[static K8S_KEY_SIZE]);
const char *k8s_title(enum k8s_kind kind, const char *namespace, const char *name,
                      char buf[static K8S_KEY_SIZE]);

#endif
