/* SPDX-License-Identifier: GPL-2.0-or-later */
/* model/schema.h - every field of every object, described once.
 *
 * Pure: constant tables and questions about them. The decoder (model/decode.c) interprets them,
 * whatever tells people or machines about
 * fields - docs/configuration.md, the man page, CRD schemas - is generated from them.
 * Rules that concern several fields at once are in model/check.c (inside one object) and
 * model/validate.c (across objects); the 'doc' texts tell people about them. */

#ifndef LINTEL_MODEL_SCHEMA_H
#define LINTEL_MODEL_SCHEMA_H

#include "lib/text.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MODEL_API_VERSION "lintel.io/v1alpha1"

/* What a field is, and the type of the member it fills. */
enum model_field_kind {
	MODEL_FIELD_NAME,      /* DNS-1123 subdomain; const char * */
	MODEL_FIELD_LABEL,     /* DNS-1123 label; const char * */
	MODEL_FIELD_INTERFACE, /* network interface; const char * */
	MODEL_FIELD_TEXT, /* any text of min..max bytes without control characters; const char * */
	MODEL_FIELD_CHOICE,       /* one of 'names'; const char *, the name itself */
	MODEL_FIELD_ENUM,         /* one of 'names'; an enum */
	MODEL_FIELD_BOOL,         /* bool */
	MODEL_FIELD_INT,          /* integer of any width, min..max; signed when min is below 0 */
	MODEL_FIELD_INT_RANGE,    /* "200-399" or 200, within min..max; struct model_int_range */
	MODEL_FIELD_DURATION,     /* integer of any width counting 'unit_us' */
	MODEL_FIELD_ADDRESS,      /* struct addr */
	MODEL_FIELD_PREFIX,       /* struct addr_prefix, host bits kept */
	MODEL_FIELD_RANGE,        /* struct addr_range */
	MODEL_FIELD_PORT_OR_NAME, /* uint16_t, or at 'other_offset' a const char * */
	MODEL_FIELD_LABELS,       /* a map of texts: as a list of struct model_label */
	MODEL_FIELD_MAP,          /* the fields of 'map', relative to 'offset' */
	MODEL_FIELD_ELSEWHERE,    /* read before the fields are (apiVersion, kind) */
	MODEL_FIELD_IGNORED, /* accepted because Kubernetes objects have it, and not looked at */
};

enum model_field_many {
	MODEL_FIELD_ONE,
	MODEL_FIELD_LIST,        /* a pointer at 'offset' to elements, a size_t at 'other_offset' */
	MODEL_FIELD_ONE_OR_LIST, /* the same, and one entry may stand without a list around it */
};

struct model_schema_name {
	const char *name; /* NULL ends a table */
	int value;        /* of the enum; unused by MODEL_FIELD_CHOICE */
	const char *doc;
};

struct model_schema_map;

struct model_schema_field {
	const char *name; /* "virtualRouterId"; NULL ends a table */
	const char *doc;  /* one or more full sentences, Markdown's `code` marks allowed */
	enum model_field_kind kind;
	enum model_field_many many;
	bool required;
	bool zero_allowed;        /* DURATION: 0 besides min..max */
	const char *default_text; /* as one would write it; NULL: empty, none or zero */
	bool pointed;             /* MAP: the member points to the structure, NULL when absent */
	int64_t min, max;         /* INT: value; DURATION: microseconds; TEXT: bytes */
	int64_t step;             /* DURATION: microseconds, 0: any */
	int64_t unit_us;          /* DURATION: what the member counts */
	size_t count_max;         /* lists: most entries */
	const struct model_schema_name *names;
	const struct model_schema_map *map;
	size_t offset;       /* of the member in its structure */
	size_t size;         /* of the member; of one element of a list */
	size_t other_offset; /* of the list's count, of the name of PORT_OR_NAME */
};

struct model_decode_context;
struct tree;

struct model_schema_map {
	const struct model_schema_field *fields;
	const char *shorthand; /* a scalar in the map's place stands for this field; or NULL */
	/* Rules between the fields, called when each has been looked at; may be NULL. 'node' is
	 * the map or the shorthand's scalar, 'object' the structure. model/check.c */
	void (*check)(struct model_decode_context *ctx, const struct tree *node, void *object);
};

/* A kind of object. */
struct model_schema_object {
	const char *kind;                   /* "VirtualServer" */
	const char *plural;                 /* "virtualservers" */
	bool namespaced;                    /* else cluster-wide */
	const char *doc;                    /* paragraphs */
	const char *example;                /* one valid document */
	const struct model_schema_map *map; /* of the whole document: metadata, spec */
	size_t size;                        /* of struct model_... */
	size_t origin_offset;               /* of its struct model_origin */
};

#define MODEL_SCHEMA_COUNT 3
extern const struct model_schema_object model_schema_router;
extern const struct model_schema_object model_schema_virtual_server;
extern const struct model_schema_object model_schema_pool;
/* All of them, in the order in which people should read about them. */
extern const struct model_schema_object *const model_schema_objects[MODEL_SCHEMA_COUNT];

/* Elements of lists, for those who make objects without documents (see model_defaults()). */
extern const struct model_schema_map model_schema_port_map;
extern const struct model_schema_map model_schema_server_map;
/* Maps in a file of their own: model/schema_health.c */
extern const struct model_schema_map model_schema_health_map;
extern const struct model_schema_map model_schema_quorum_map;
extern const struct model_schema_map model_schema_track_map;
extern const struct model_schema_map model_schema_damping_map;
extern const struct model_schema_map model_schema_sorry_map;

extern const struct model_schema_name model_schema_protocol_names[];
extern const struct model_schema_name model_schema_forwarding_names[];
extern const struct model_schema_name model_schema_tunnel_type_names[];
extern const struct model_schema_name model_schema_snat_mode_names[];
extern const struct model_schema_name model_schema_checksum_names[];
extern const struct model_schema_name model_schema_auth_mode_names[];
extern const struct model_schema_name model_schema_auth_replay_names[];
extern const struct model_schema_name model_schema_track_expect_names[];
extern const struct model_schema_name model_schema_label_operator_names[];
extern const struct model_schema_name model_schema_health_type_names[];
extern const struct model_schema_name model_schema_health_failure_names[];
extern const struct model_schema_name model_schema_health_start_names[];
extern const struct model_schema_name model_schema_http_version_names[];
extern const struct model_schema_name model_schema_dns_type_names[];
extern const struct model_schema_name model_schema_all_down_names[];
extern const struct model_schema_name model_schema_quorum_loss_names[];
extern const struct model_schema_name model_schema_scheduler_names[];

/* NULL when there is none. */
const struct model_schema_object *model_schema_find(const char *kind);
const struct model_schema_field *model_schema_field_find(const struct model_schema_map *map,
                                                         const char *name);
size_t model_schema_names_count(const struct model_schema_name *names);
/* The name of 'value', "?" when it has none. */
const char *model_schema_value_name(const struct model_schema_name *names, int value);

/* Appends what may be written there, as it reads after "allowed: ": "an integer from 1 to 255". */
void model_schema_field_allowed(const struct model_schema_field *field, struct text *out);
/* The same of one entry of a list. */
void model_schema_entry_allowed(const struct model_schema_field *field, struct text *out);

/* Visits every documented field of a kind (not ELSEWHERE or IGNORED) in order, a map before what
 * is in it. 'path' is as in "spec.ports[].portRange.start", 'depth' 0 for the outermost. */
void model_schema_walk(const struct model_schema_object *object,
                       void (*visit)(void *ctx, const char *path, unsigned depth,
                                     const struct model_schema_field *field),
                       void *ctx);

/* For the tables. */
#define MODEL_FIELD_AT(type, member) \
	.offset = offsetof(struct type, member), .size = sizeof(((struct type *)0)->member)
#define MODEL_FIELD_LIST_AT(type, member, count)                                              \
	.offset = offsetof(struct type, member), .size = sizeof(*((struct type *)0)->member), \
	.other_offset = offsetof(struct type, count)
/* The fields that metadata of Kubernetes objects may have, besides name and namespace. */
#define MODEL_FIELDS_METADATA                                                        \
	{.name = "labels", .kind = MODEL_FIELD_IGNORED},                             \
		{.name = "annotations", .kind = MODEL_FIELD_IGNORED},                \
		{.name = "uid", .kind = MODEL_FIELD_IGNORED},                        \
		{.name = "resourceVersion", .kind = MODEL_FIELD_IGNORED},            \
		{.name = "generation", .kind = MODEL_FIELD_IGNORED},                 \
		{.name = "generateName", .kind = MODEL_FIELD_IGNORED},               \
		{.name = "creationTimestamp", .kind = MODEL_FIELD_IGNORED},          \
		{.name = "deletionTimestamp", .kind = MODEL_FIELD_IGNORED},          \
		{.name = "deletionGracePeriodSeconds", .kind = MODEL_FIELD_IGNORED}, \
		{.name = "finalizers", .kind = MODEL_FIELD_IGNORED},                 \
		{.name = "ownerReferences", .kind = MODEL_FIELD_IGNORED},            \
		{.name = "managedFields", .kind = MODEL_FIELD_IGNORED},              \
	{                                                                            \
		.name = "selfLink", .kind = MODEL_FIELD_IGNORED                      \
	}
/* What every document has. */
#define MODEL_FIELDS_DOCUMENT(metadata_map, spec_map)                                             \
	{.name = "apiVersion", .kind = MODEL_FIELD_ELSEWHERE},                                    \
		{.name = "kind", .kind = MODEL_FIELD_ELSEWHERE},                                  \
		{.name = "metadata",                                                              \
	         .kind = MODEL_FIELD_MAP,                                                         \
	         .map = &(metadata_map),                                                          \
	         .required = true,                                                                \
	         .doc = "As of every Kubernetes object; labels, annotations and the other usual " \
	                "fields "                                                                 \
	                "are accepted and not looked at."},                                       \
		{.name = "spec",                                                                  \
	         .kind = MODEL_FIELD_MAP,                                                         \
	         .map = &(spec_map),                                                              \
	         .required = true,                                                                \
	         .doc = "What is wanted."},                                                       \
	{                                                                                         \
		.name = "status", .kind = MODEL_FIELD_IGNORED                                     \
	}

#endif
