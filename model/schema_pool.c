/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "model/check.h"
#include "model/object.h"
#include "model/schema.h"

#include <limits.h>

static const struct model_schema_field metadata_fields[] = {
	{
		.name = "name",
		.kind = MODEL_FIELD_NAME,
		.required = true,
		.doc = "How Services and virtual servers refer to this pool.",
		MODEL_FIELD_AT(model_pool, name),
	},
	{.name = "namespace", .kind = MODEL_FIELD_IGNORED},
	MODEL_FIELDS_METADATA,
	{.name = NULL},
};
static const struct model_schema_map metadata_map = {
	.fields = metadata_fields,
	.check = model_check_cluster_metadata,
};

static const struct model_schema_field requirement_fields[] = {
	{
		.name = "key",
		.kind = MODEL_FIELD_TEXT,
		.min = 1,
		.max = 317,
		.required = true,
		.doc = "The label's name.",
		MODEL_FIELD_AT(model_requirement, key),
	},
	{
		.name = "operator",
		.kind = MODEL_FIELD_ENUM,
		.names = model_schema_label_operator_names,
		.required = true,
		.doc = "What has to be so.",
		MODEL_FIELD_AT(model_requirement, operator),
	},
	{
		.name = "values",
		.kind = MODEL_FIELD_TEXT,
		.many = MODEL_FIELD_LIST,
		.min = 0,
		.max = 63,
		.count_max = 64,
		.doc = "Required for, and only for, `In` and `NotIn`.",
		MODEL_FIELD_LIST_AT(model_requirement, values, value_count),
	},
	{.name = NULL},
};
static const struct model_schema_map requirement_map = {
	.fields = requirement_fields,
	.check = model_check_requirement,
};

static const struct model_schema_field namespace_selector_fields[] = {
	{
		.name = "matchLabels",
		.kind = MODEL_FIELD_LABELS,
		.count_max = 64,
		.doc = "The labels that a namespace must have, all of them.",
		MODEL_FIELD_LIST_AT(model_pool, namespace_labels, namespace_label_count),
	},
	{
		.name = "matchExpressions",
		.kind = MODEL_FIELD_MAP,
		.many = MODEL_FIELD_LIST,
		.map = &requirement_map,
		.count_max = 64,
		.doc = "What its labels must meet besides, all of them. One of the two is "
		       "required.",
		MODEL_FIELD_LIST_AT(model_pool, namespace_requirements,
                                    namespace_requirement_count),
	},
	{.name = NULL},
};
static const struct model_schema_map namespace_selector_map = {
	.fields = namespace_selector_fields,
	.check = model_check_selector,
};

static const struct model_schema_field service_selector_fields[] = {
	{
		.name = "matchLabels",
		.kind = MODEL_FIELD_LABELS,
		.count_max = 64,
		.doc = "The labels that an object must have, all of them.",
		MODEL_FIELD_LIST_AT(model_pool, service_labels, service_label_count),
	},
	{
		.name = "matchExpressions",
		.kind = MODEL_FIELD_MAP,
		.many = MODEL_FIELD_LIST,
		.map = &requirement_map,
		.count_max = 64,
		.doc = "What its labels must meet besides, all of them. One of the two is "
		       "required.",
		MODEL_FIELD_LIST_AT(model_pool, service_requirements, service_requirement_count),
	},
	{.name = NULL},
};
static const struct model_schema_map service_selector_map = {
	.fields = service_selector_fields,
	.check = model_check_selector,
};

static const struct model_schema_field spec_fields[] = {
	{
		.name = "virtualRouter",
		.kind = MODEL_FIELD_NAME,
		.required = true,
		.doc = "The VirtualRouter that owns the addresses.",
		MODEL_FIELD_AT(model_pool, router),
	},
	{
		.name = "addresses",
		.kind = MODEL_FIELD_RANGE,
		.many = MODEL_FIELD_LIST,
		.count_max = 4096,
		.required = true,
		.doc = "The addresses that may be given. Ranges may not overlap, within a pool or "
		       "across pools.",
		MODEL_FIELD_LIST_AT(model_pool, ranges, range_count),
	},
	{
		.name = "autoAssign",
		.kind = MODEL_FIELD_BOOL,
		.default_text = "true",
		.doc = "Whether addresses are given to those who name no pool. With `false`, only "
		       "to those who name this one.",
		MODEL_FIELD_AT(model_pool, auto_assign),
	},
	{
		.name = "avoidBuggyIPs",
		.kind = MODEL_FIELD_BOOL,
		.default_text = "false",
		.doc = "Whether IPv4 addresses that end in .0 or .255, which some devices can't "
		       "reach, are left out.",
		MODEL_FIELD_AT(model_pool, avoid_buggy),
	},
	{
		.name = "priority",
		.kind = MODEL_FIELD_INT,
		.min = 0,
		.max = INT_MAX,
		.default_text = "0",
		.doc = "Of several pools that may give an address the one with the lowest number "
		       "does; 0 comes last. Pools that choose by namespace or labels come before "
		       "those that do not.",
		MODEL_FIELD_AT(model_pool, priority),
	},
	{
		.name = "namespaces",
		.kind = MODEL_FIELD_LABEL,
		.many = MODEL_FIELD_LIST,
		.count_max = 1024,
		.doc = "Only objects in these namespaces, or in those that `namespaceSelector` "
		       "selects, are given addresses. Absent, without `namespaceSelector`: objects "
		       "of all namespaces.",
		MODEL_FIELD_LIST_AT(model_pool, namespaces, namespace_count),
	},
	{
		.name = "namespaceSelector",
		.kind = MODEL_FIELD_MAP,
		.map = &namespace_selector_map,
		.doc = "Selects namespaces by their labels, besides those that are named.",
	},
	{
		.name = "serviceSelector",
		.kind = MODEL_FIELD_MAP,
		.map = &service_selector_map,
		.doc = "Only Services, virtual servers and ConfigMaps with these labels are given "
		       "addresses.",
	},
	{.name = NULL},
};
static const struct model_schema_map spec_map = {.fields = spec_fields, .check = model_check_pool};

static const struct model_schema_field document_fields[] = {
	MODEL_FIELDS_DOCUMENT(metadata_map, spec_map),
	{.name = NULL},
};
static const struct model_schema_map document_map = {.fields = document_fields};

const struct model_schema_object model_schema_pool = {
	.kind = "AddressPool",
	.plural = "addresspools",
	.namespaced = false,
	.doc = "Addresses that Kubernetes Services and virtual servers may be given. Addresses are "
	       "given to objects of the Kubernetes API only; a virtual server in a file names its "
	       "addresses.",
	.example = "apiVersion: lintel.io/v1alpha1\n"
		   "kind: AddressPool\n"
		   "metadata: {name: public}\n"
		   "spec:\n"
		   "  virtualRouter: front\n"
		   "  addresses: [10.77.0.100-10.77.0.150, \"2001:db8:77::100/120\"]\n"
		   "  autoAssign: true\n",
	.map = &document_map,
	.size = sizeof(struct model_pool),
	.origin_offset = offsetof(struct model_pool, origin),
};
