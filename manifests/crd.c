/* SPDX-License-Identifier: GPL-2.0-or-later */
/* manifests/crd.c - writes a CustomResourceDefinition from the tables in model/schema_*.c.
 *
 * build/manifests/crd VirtualRouter > manifests/base/crds/virtualrouters.yaml
 * A test compares the files with what the tables say.
 *
 * What the API server refuses is a part of what model/decode.c refuses, never more: rules between
 * fields as far as CEL can say them at a bounded cost (model/check*.c has all of them; what is left
 * to these shows in the condition Ready). Functions of CEL that API servers before 1.31 don't have
 * (isIP, cidr) are not used: an API server refuses the whole definition for one it doesn't know.
 * So IPv6 addresses are not compared, and neither are the 1024 ports of a virtual server with each
 * other, which costs too much.
 *
 * Reason: the tables of what only custom resources have stand beside the few functions that write
 * them. */

#include "lib/text.h"
#include "model/schema.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PREFIX                              \
	"^([0-9.]+(/(3[0-2]|[12]?[0-9]))?|" \
	"[0-9A-Fa-f.]*:[0-9A-Fa-f.:]*(/(12[0-8]|1[01][0-9]|[1-9]?[0-9]))?)$"
#define LABEL   "[a-z0-9]([-a-z0-9]*[a-z0-9])?"
#define COUNT   "[0-9]+(\\.[0-9]{1,9})?"

/* The number of an IPv4 address, of which the first of four parts is the nth of a text. */
#define PART(n) "int(self.replace('-', '.').split('.')[" #n "])"
#define NUMBER(a, b, c, d) \
	"((" PART(a) " * 256 + " PART(b) ") * 256 + " PART(c) ") * 256 + " PART(d)
#define QUAD     "([0-9]{1,3}[.]){3}[0-9]{1,3}"

#define ABSOLUTE "self.startsWith('/')", "must be an absolute path"

/* Rules of fields and between them. 'path' as model_schema_walk() has it. */
struct rule {
	const char *kind, *path, *rule, *message;
};
static const struct rule rules[] = {
	{"VirtualRouter", "spec.authentication.keyFile", ABSOLUTE},
	{"VirtualRouter", "spec.track[].file", ABSOLUTE},
	{"VirtualRouter", "spec.track[]",
         "(has(self.file) ? 1 : 0) + (has(self.address) ? 1 : 0) + (has(self.interface) ? 1 : 0) "
         "== 1",
         "one of file, address, interface is needed, and not several"},
	{"VirtualRouter", "spec.track[]", "!has(self.expect) || has(self.file)",
         "expect needs file"},
	{"VirtualRouter", "spec.track[]",
         "has(self.address) || !(has(self.interval) || has(self.timeout) || has(self.rise) || "
         "has(self.fall))",
         "interval, timeout, rise and fall need address"},
	{"VirtualRouter", "spec.track[]",
         "duration(has(self.timeout) ? self.timeout : '500ms') <= duration(has(self.interval) ? "
         "self.interval : '1s')",
         "timeout must not be longer than interval"},
	{"VirtualRouter", "spec.track[]",
         "!has(self.file) || !has(self.weight) || self.weight != 0 || (has(self.expect) && "
         "self.expect != 'number')",
         "weight 0 times a number changes nothing"},
	{"VirtualRouter", "spec.damping", "duration(self.hold) <= duration(self.maximum)",
         "hold must not be longer than maximum"},
	{"VirtualServer", "spec", "has(self.addresses) != has(self.addressPool)",
         "either addresses or addressPool is needed, not both"},
	{"VirtualServer", "spec", "has(self.virtualRouter) || has(self.addressPool)",
         "virtualRouter is needed unless addressPool says it"},
	{"VirtualServer", "spec",
         "has(self.service) || self.ports.all(p, !has(p.targetPort) || type(p.targetPort) == int)",
         "a targetPort that is a name needs service"},
	{"VirtualServer", "spec",
         "self.forwarding == 'nat' || self.ports.all(p, !has(p.targetPort) || type(p.targetPort) "
         "!= int || p.targetPort == (has(p.port) ? p.port : p.portRange.start))",
         "only forwarding nat rewrites ports: targetPort must be the port itself"},
	{"VirtualServer", "spec",
         "self.forwarding == 'tunnel' || !has(self.servers) || !self.servers.exists(s, "
         "has(s.tunnel))",
         "tunnel of a server needs forwarding tunnel"},
	{"VirtualServer", "spec",
         "self.forwarding == 'tunnel' || !has(self.servers) || !has(self.addresses) || "
         "self.addresses.exists(a, a.contains(':')) || !self.servers.exists(s, "
         "s.address.contains(':'))",
         "servers have IPv6 addresses, but no virtual address is one: only forwarding tunnel "
         "crosses families"},
	{"VirtualServer", "spec",
         "self.forwarding == 'tunnel' || !has(self.servers) || !has(self.addresses) || "
         "self.addresses.exists(a, !a.contains(':')) || self.servers.all(s, "
         "s.address.contains(':'))",
         "servers have IPv4 addresses, but no virtual address is one: only forwarding tunnel "
         "crosses families"},
	{"VirtualServer", "spec",
         "self.forwarding == 'nat' || !has(self.sourceNat) || !has(self.sourceNat.mode) || "
         "!(self.sourceNat.mode in ['masquerade', 'address'])",
         "sourceNat modes masquerade and address need forwarding nat"},
	{"VirtualServer", "spec.ports[]", "has(self.port) != has(self.portRange)",
         "either port or portRange is needed, not both"},
	{"VirtualServer", "spec.ports[]",
         "!has(self.portRange) || !has(self.targetPort) || type(self.targetPort) == int",
         "with portRange, targetPort must be a number"},
	{"VirtualServer", "spec.ports[]",
         "!has(self.portRange) || !has(self.targetPort) || type(self.targetPort) != int || "
         "int(self.targetPort) + self.portRange.end - self.portRange.start <= 65535",
         "targetPort is too high for the length of portRange"},
	{"VirtualServer", "spec.ports[]", "!self.hashFallback || self.scheduler in ['sh', 'mh']",
         "hashFallback needs scheduler sh or mh"},
	{"VirtualServer", "spec.ports[]", "!self.hashPort || self.scheduler in ['sh', 'mh']",
         "hashPort needs scheduler sh or mh"},
	{"VirtualServer", "spec.ports[]", "!self.onePacket || self.protocol == 'UDP'",
         "onePacket needs protocol UDP"},
	{"VirtualServer", "spec.ports[].portRange", "self.start <= self.end",
         "start must not be above end"},
	{"VirtualServer", "spec.servers[]",
         "!has(self.lowerThreshold) || self.lowerThreshold == 0 || (has(self.upperThreshold) && "
         "(self.upperThreshold == 0 || self.lowerThreshold <= self.upperThreshold))",
         "lowerThreshold needs upperThreshold, and must not be above it"},
	{"VirtualServer", "spec.servers[].tunnel", "(self.type == 'gue') == has(self.port)",
         "port is needed for gue, and for gue only"},
	{"VirtualServer", "spec.servers[].tunnel", "self.type != 'ipip' || !self.checksum",
         "checksum is for gue and gre only"},
	{"VirtualServer", "spec.healthCheck", "duration(self.timeout) <= duration(self.interval)",
         "timeout must not be longer than interval"},
	{"VirtualServer", "spec.healthCheck",
         "duration(self.fastInterval) <= duration(self.interval)",
         "fastInterval must not be longer than interval"},
	{"VirtualServer", "spec.healthCheck", "!has(self.http) || self.type in ['http', 'https']",
         "http needs type http or https"},
	{"VirtualServer", "spec.healthCheck", "!has(self.tls) || self.type in ['tls', 'https']",
         "tls needs type tls or https"},
	{"VirtualServer", "spec.healthCheck", "!has(self.udp) || self.type == 'udp'",
         "udp needs type udp"},
	{"VirtualServer", "spec.healthCheck", "!has(self.dns) || self.type == 'dns'",
         "dns needs type dns"},
	{"VirtualServer", "spec.healthCheck", "!has(self.port) || self.type != 'icmp'",
         "port needs a type other than icmp"},
	{"VirtualServer", "spec.healthCheck.tls", "has(self.certificateFile) == has(self.keyFile)",
         "certificateFile and keyFile need each other"},
	{"VirtualServer", "spec.healthCheck.tls.caFile", ABSOLUTE},
	{"VirtualServer", "spec.healthCheck.tls.certificateFile", ABSOLUTE},
	{"VirtualServer", "spec.healthCheck.tls.keyFile", ABSOLUTE},
	{"VirtualServer", "spec.servers[].healthCheck.tls.caFile", ABSOLUTE},
	{"VirtualServer", "spec.servers[].healthCheck.tls.certificateFile", ABSOLUTE},
	{"VirtualServer", "spec.servers[].healthCheck.tls.keyFile", ABSOLUTE},
	{"VirtualServer", "spec.quorum", "self.hysteresis < self.minimum",
         "hysteresis must be below minimum"},
	{"VirtualServer", "spec.quorum", "!has(self.priorityCut) || self.onLoss == 'lowerPriority'",
         "priorityCut needs onLoss lowerPriority"},
	{"AddressPool", "spec.addresses[]",
         "!self.contains('/') || int(self.split('/')[1]) <= (self.contains(':') ? 128 : 32)",
         "a prefix has at most 32 bits, 128 with IPv6"},
	{"AddressPool", "spec.addresses[]",
         "!self.contains('-') || self.split('-')[0].contains(':') == "
         "self.split('-')[1].contains(':')",
         "both ends of a range must be of one family"},
	{"AddressPool", "spec.addresses[]",
         "!self.matches('^" QUAD "-" QUAD "$') || " NUMBER(0, 1, 2, 3) " <= " NUMBER(4, 5, 6, 7),
         "the first address of a range must not be above the last"},
	{"AddressPool", "spec.namespaceSelector",
         "has(self.matchLabels) || has(self.matchExpressions)",
         "matchLabels, matchExpressions or both are needed"},
	{"AddressPool", "spec.namespaceSelector.matchExpressions[]",
         "(self.operator in ['In', 'NotIn']) == has(self.values)",
         "values are needed for In and NotIn, and for these only"},
	{"AddressPool", "spec.serviceSelector",
         "has(self.matchLabels) || has(self.matchExpressions)",
         "matchLabels, matchExpressions or both are needed"},
	{"AddressPool", "spec.serviceSelector.matchExpressions[]",
         "(self.operator in ['In', 'NotIn']) == has(self.values)",
         "values are needed for In and NotIn, and for these only"},
	{NULL, NULL, NULL, NULL},
};

/* Defaults that are not filled in, because it matters whether somebody said so. */
static const char *const silent_defaults[][2] = {
	{"VirtualRouter", "spec.priority"},       /* derived from the nodes unless said */
	{"VirtualRouter", "spec.track[].expect"}, /* with file only, as the rest with address */
	{"VirtualRouter", "spec.track[].interval"},
	{"VirtualRouter", "spec.track[].timeout"},
	{"VirtualRouter", "spec.track[].rise"},
	{"VirtualRouter", "spec.track[].fall"},
	{"VirtualServer", "spec.sourceNat.mode"}, /* 'address' alone implies another one */
	{"VirtualServer", "spec.servers[].upperThreshold"}, /* lowerThreshold alone is wrong */
	{"VirtualServer", "spec.quorum.priorityCut"},       /* wrong with another onLoss */
	{NULL, NULL},
};

/* Lists in which nothing may stand twice, as model/check*.c says. */
static const char *const sets[][2] = {
	{"VirtualRouter", "spec.peers[]"},
	{"VirtualRouter", "spec.trackInterfaces[]"},
	{"VirtualServer", "spec.addresses[]"},
	{"AddressPool", "spec.addresses[]"},
	{NULL, NULL},
};

/* Status fields besides the conditions. */
struct status_field {
	const char *kind, *name, *type, *doc;
};
static const struct status_field status_fields[] = {
	{"VirtualRouter", "activeNode", "string",
         "The node that is Active: it owns the addresses now. Empty: not known."},
	{"VirtualRouter", "nodes", "integer", "How many nodes take part."},
	{"VirtualRouter", "addressCount", "integer",
         "How many addresses it owns, those of Services and virtual servers included."},
	{"VirtualServer", "addresses", "array",
         "The virtual addresses; those that an AddressPool gave stay until the object is deleted."},
	{"VirtualServer", "addressPool", "string", "The AddressPool that gave the first address."},
	{"VirtualServer", "virtualRouter", "string", "The VirtualRouter that owns the addresses."},
	{"VirtualServer", "activeNode", "string",
         "The node that serves the addresses now. Empty: not known."},
	{"VirtualServer", "backends", "integer",
         "How many servers there are, those that get no new connections included."},
	{"VirtualServer", "readyBackends", "integer", "How many of them get new connections."},
	{"AddressPool", "ipv4Total", "integer", "How many IPv4 addresses the pool has."},
	{"AddressPool", "ipv4Assigned", "integer", "How many of them are given."},
	{"AddressPool", "ipv6Total", "integer",
         "How many IPv6 addresses the pool has; 9223372036854775807 stands for that many or more."},
	{"AddressPool", "ipv6Assigned", "integer", "How many of them are given."},
	{NULL, NULL, NULL, NULL},
};

/* Columns of kubectl get; those of priority 1 with -o wide. */
struct column {
	const char *kind, *name, *type, *path, *doc;
	int priority;
};
#define READY "?(@.type==\"Ready\")"
static const struct column columns[] = {
	{"VirtualRouter", "VRID", "integer", ".spec.virtualRouterId", "Virtual router identifier.",
         0},
	{"VirtualRouter", "Interface", "string", ".spec.interface",
         "The interface on which the nodes hear each other.", 0},
	{"VirtualRouter", "Active", "string", ".status.activeNode",
         "The node that owns the addresses.", 0},
	{"VirtualRouter", "Nodes", "integer", ".status.nodes", "How many nodes take part.", 0},
	{"VirtualRouter", "Addresses", "integer", ".status.addressCount",
         "How many addresses it owns.", 0},
	{"VirtualServer", "Addresses", "string", ".status.addresses", "The virtual addresses.", 0},
	{"VirtualServer", "Active", "string", ".status.activeNode", "The node that serves them.",
         0},
	{"VirtualServer", "Ready-Backends", "integer", ".status.readyBackends",
         "How many servers get new connections.", 0},
	{"VirtualServer", "Backends", "integer", ".status.backends", "How many servers there are.",
         0},
	{"VirtualServer", "Forwarding", "string", ".spec.forwarding",
         "How packets reach the servers.", 1},
	{"VirtualServer", "Router", "string", ".status.virtualRouter",
         "The VirtualRouter that owns the addresses.", 1},
	{"AddressPool", "Router", "string", ".spec.virtualRouter",
         "The VirtualRouter that owns the addresses.", 0},
	{"AddressPool", "Auto", "boolean", ".spec.autoAssign",
         "Whether addresses are given to those who name no pool.", 0},
	{"AddressPool", "IPv4-Assigned", "integer", ".status.ipv4Assigned",
         "How many IPv4 addresses are given.", 0},
	{"AddressPool", "IPv4-Total", "integer", ".status.ipv4Total",
         "How many IPv4 addresses there are.", 0},
	{"AddressPool", "IPv6-Assigned", "integer", ".status.ipv6Assigned",
         "How many IPv6 addresses are given.", 0},
	{"AddressPool", "IPv6-Total", "integer", ".status.ipv6Total",
         "How many IPv6 addresses there are.", 1},
	{"AddressPool", "Ranges", "string", ".spec.addresses", "The addresses.", 1},
	{NULL, "Ready", "string", ".status.conditions[" READY "].status", "Whether all is well.",
         0},
	{NULL, "Reason", "string", ".status.conditions[" READY "].reason", "Why, in a word.", 0},
	{NULL, "Message", "string", ".status.conditions[" READY "].message", "Why.", 1},
	{NULL, "Age", "date", ".metadata.creationTimestamp", "Since when it is there.", 0},
	{NULL, NULL, NULL, NULL, NULL, 0},
};

/* "vs" is Istio's and several vendors', "vr" and "pool" are others'. */
static const char *const short_names[][2] = {
	{"VirtualRouter", "lvr"},
	{"VirtualServer", "lvs"},
	{"AddressPool", "lpool"},
	{NULL, NULL},
};

static bool listed(const char *const (*table)[2], const char *kind, const char *path)
{
	for (; (*table)[0]; table++) {
		if (strcmp((*table)[0], kind) == 0 && strcmp((*table)[1], path) == 0)
			return true;
	}
	return false;
}

static void put_indent(unsigned indent)
{
	printf("%*s", (int)indent, "");
}

/* A line; the format has no '\n'. */
static void LT_PRINTF(2, 3) put(unsigned indent, const char *fmt, ...)
{
	va_list args;

	put_indent(indent);
	va_start(args, fmt);
	vprintf(fmt, args);
	va_end(args);
	putchar('\n');
}

#define LINE_WIDTH 110

/* A text as a folded block, whose line breaks are blanks; 'key' may begin an entry of a list. */
static void put_folded(unsigned indent, const char *key, const char *text)
{
	unsigned inside = indent + (*key == '-' ? 4 : 2);
	unsigned column = 0;

	put(indent, "%s: >-", key);
	while (*text) {
		unsigned len = (unsigned)strcspn(text, " \n");

		if (column > 0 && indent + column + len > LINE_WIDTH) {
			putchar('\n');
			column = 0;
		}
		if (column > 0)
			putchar(' ');
		else
			put_indent(inside);
		for (unsigned i = 0; i < len; i++)
			putchar(text[i] == '`' ? '\'' : text[i]);
		column += len + 1;
		text += len;
		text += strspn(text, " \n");
	}
	putchar('\n');
}

static void put_quoted(unsigned indent, const char *key, const char *text)
{
	put_indent(indent);
	printf("%s: '", key);
	for (; *text; text++)
		printf(*text == '\'' ? "''" : "%c", *text);
	printf("'\n");
}

static void put_rule(unsigned indent, const char *rule, const char *message)
{
	put_folded(indent, "- rule", rule);
	put_quoted(indent + 2, "message", message);
}

struct crd {
	const struct model_schema_object *object;
	size_t rules; /* written */
};

static void put_rules(struct crd *crd, unsigned indent, const char *path)
{
	bool any = false;

	for (const struct rule *rule = rules; rule->kind; rule++) {
		if (strcmp(rule->kind, crd->object->kind) != 0 || strcmp(rule->path, path) != 0)
			continue;
		crd->rules++;
		if (!any)
			put(indent, "x-kubernetes-validations:");
		any = true;
		put_rule(indent, rule->rule, rule->message);
	}
}

static void put_duration(unsigned indent, const struct model_schema_field *field)
{
	char min[TEXT_DURATION_SIZE], max[TEXT_DURATION_SIZE];
	struct text rule = {0}, message = {0};

	put(indent, "type: string");
	put(indent, "minLength: 1");
	put(indent, "maxLength: 64");
	put_quoted(indent, "pattern",
	           "^(" COUNT "h)?(" COUNT "m)?(" COUNT "s)?(" COUNT "ms)?(" COUNT "us)?$");
	text_format_duration(field->min, min);
	text_format_duration(field->max, max);
	text_printf(&rule, "duration(self) <= duration('%s')", max);
	if (field->min > 0)
		text_printf(&rule, " && duration(self) >= duration('%s')", min);
	/* A step is one or more whole milliseconds. */
	if (field->step > 0)
		text_printf(&rule, " && duration(self).getMilliseconds() %% %" PRId64 " == 0",
		            field->step / 1000);
	if (field->zero_allowed)
		text_add(&rule, " || duration(self) == duration('0s')");
	text_add(&message, "allowed: ");
	model_schema_entry_allowed(field, &message);
	put(indent, "x-kubernetes-validations:");
	put_rule(indent, text_str(&rule), text_str(&message));
	text_done(&rule);
	text_done(&message);
}

static void put_address(unsigned indent, bool typed, bool prefix)
{
	if (typed)
		put(indent, "type: string");
	put(indent, "maxLength: %d", prefix ? 49 : 45);
	put(indent, "anyOf:");
	put(indent, "- format: ipv4");
	put(indent, "- format: ipv6");
	if (prefix)
		put(indent, "- format: cidr");
}

static void put_range(unsigned indent)
{
	put(indent, "type: string");
	put(indent, "maxLength: 91");
	put_quoted(indent, "pattern", "^[0-9A-Fa-f.:]+(/[0-9]{1,3}|-[0-9A-Fa-f.:]+)?$");
}

static void put_text_kind(unsigned indent, int max, const char *pattern)
{
	put(indent, "type: string");
	put(indent, "minLength: 1");
	put(indent, "maxLength: %d", max);
	put_quoted(indent, "pattern", pattern);
}

static void put_names(unsigned indent, const struct model_schema_name *names)
{
	put(indent, "type: string");
	put(indent, "enum:");
	for (; names->name; names++)
		put(indent, "- '%s'", names->name);
}

static void put_map(struct crd *crd, unsigned indent, const struct model_schema_map *map,
                    const char *path);

/* A map, or the scalar that stands for it: no type can say that, so what is in it is kept as it is
 * and looked at by the decoder, besides what can be said of both forms at once. */
static void put_map_or_scalar(struct crd *crd, unsigned indent, const struct model_schema_map *map,
                              const char *path)
{
	put(indent, "x-kubernetes-preserve-unknown-fields: true");
	for (const struct model_schema_field *field = map->fields; field->name; field++) {
		if (strcmp(field->name, map->shorthand) == 0 &&
		    (field->kind == MODEL_FIELD_ADDRESS || field->kind == MODEL_FIELD_PREFIX))
			put_quoted(indent, "pattern", PREFIX);
	}
	put_map(crd, indent, map, path);
}

/* One value: of the field itself, or an entry of its list. */
static void put_value(struct crd *crd, unsigned indent, const struct model_schema_field *field,
                      const char *path)
{
	switch (field->kind) {
	case MODEL_FIELD_NAME:
		put_text_kind(indent, 253, "^" LABEL "(\\." LABEL ")*$");
		break;
	case MODEL_FIELD_LABEL:
		put_text_kind(indent, 63, "^" LABEL "$");
		break;
	case MODEL_FIELD_INTERFACE:
		put_text_kind(indent, 15, "^[!-.0-9;-~]+$");
		break;
	case MODEL_FIELD_TEXT:
		/* The API server counts characters, of up to four bytes. */
		put(indent, "type: string");
		put(indent, "minLength: %" PRId64, (field->min + 3) / 4);
		put(indent, "maxLength: %" PRId64, field->max);
		put_quoted(indent, "pattern", "^[^\\x00-\\x1f\\x7f]*$");
		put_rules(crd, indent, path);
		break;
	case MODEL_FIELD_CHOICE:
	case MODEL_FIELD_ENUM:
		put_names(indent, field->names);
		break;
	case MODEL_FIELD_BOOL:
		put(indent, "type: boolean");
		break;
	case MODEL_FIELD_INT:
		put(indent, "type: integer");
		put(indent, "format: int64");
		put(indent, "minimum: %" PRId64, field->min);
		put(indent, "maximum: %" PRId64, field->max);
		break;
	case MODEL_FIELD_INT_RANGE:
		put(indent, "x-kubernetes-int-or-string: true");
		put(indent, "minimum: %" PRId64, field->min);
		put(indent, "maximum: %" PRId64, field->max);
		put(indent, "maxLength: 11");
		put_quoted(indent, "pattern", "^[0-9]{1,5}(-[0-9]{1,5})?$");
		break;
	case MODEL_FIELD_DURATION:
		put_duration(indent, field);
		break;
	case MODEL_FIELD_ADDRESS:
		put_address(indent, true, false);
		break;
	case MODEL_FIELD_PREFIX:
		put_address(indent, true, true);
		break;
	case MODEL_FIELD_RANGE:
		put_range(indent);
		put_rules(crd, indent, path);
		break;
	case MODEL_FIELD_PORT_OR_NAME:
		put(indent, "x-kubernetes-int-or-string: true");
		put(indent, "minimum: %" PRId64, field->min);
		put(indent, "maximum: %" PRId64, field->max);
		put(indent, "maxLength: 63");
		put_quoted(indent, "pattern",
		           "^([a-z0-9]([-a-z0-9]*[a-z0-9])?)?[a-z]([-a-z0-9]*[a-z0-9])?$");
		break;
	case MODEL_FIELD_LABELS:
		put(indent, "type: object");
		put(indent, "maxProperties: %zu", field->count_max);
		put(indent, "additionalProperties:");
		put(indent + 2, "type: string");
		break;
	case MODEL_FIELD_MAP:
		if (field->map->shorthand) {
			put_map_or_scalar(crd, indent, field->map, path);
		} else {
			put(indent, "type: object");
			put_rules(crd, indent, path);
			put_map(crd, indent, field->map, path);
		}
		break;
	case MODEL_FIELD_ELSEWHERE:
	case MODEL_FIELD_IGNORED:
		break;
	}
}

static void put_description(unsigned indent, const struct model_schema_field *field)
{
	struct text text = {0};

	text_add(&text, field->doc);
	for (const struct model_schema_name *name = field->names; name && name->name; name++) {
		if (strcmp(name->name, name->doc) != 0)
			text_printf(&text, "%s `%s`: %s", name == field->names ? "" : ";",
			            name->name, name->doc);
	}
	if (field->names && strcmp(field->names->name, field->names->doc) != 0)
		text_add(&text, ".");
	if (field->kind != MODEL_FIELD_MAP && field->kind != MODEL_FIELD_BOOL && !field->names) {
		text_add(&text, " Allowed: ");
		model_schema_field_allowed(field, &text);
		text_add(&text, ".");
	}
	put_folded(indent, "description", text_str(&text));
	text_done(&text);
}

static void put_default(struct crd *crd, unsigned indent, const struct model_schema_field *field,
                        const char *path)
{
	if (!field->default_text || listed(silent_defaults, crd->object->kind, path))
		return;
	if (field->kind == MODEL_FIELD_BOOL || field->kind == MODEL_FIELD_INT)
		put(indent, "default: %s", field->default_text);
	else
		put_quoted(indent, "default", field->default_text);
}

static void put_field(struct crd *crd, unsigned indent, const struct model_schema_field *field,
                      const char *path)
{
	put(indent, "%s:", field->name);
	indent += 2;
	put_description(indent, field);
	put_default(crd, indent, field, path);
	switch (field->many) {
	case MODEL_FIELD_ONE:
		put_value(crd, indent, field, path);
		break;
	case MODEL_FIELD_LIST:
		put(indent, "type: array");
		if (field->required || (strcmp(crd->object->kind, "VirtualServer") == 0 &&
		                        strcmp(path, "spec.addresses[]") == 0))
			put(indent, "minItems: 1");
		put(indent, "maxItems: %zu", field->count_max);
		put(indent, "x-kubernetes-list-type: %s",
		    listed(sets, crd->object->kind, path) ? "set" : "atomic");
		put(indent, "items:");
		put_value(crd, indent + 2, field, path);
		break;
	case MODEL_FIELD_ONE_OR_LIST:
		/* As of a map or its scalar. */
		put(indent, "x-kubernetes-preserve-unknown-fields: true");
		put_quoted(indent, "pattern",
		           field->kind == MODEL_FIELD_INT_RANGE ? "^[0-9]{1,10}(-[0-9]{1,10})?$"
		                                                : "^[0-9A-Fa-f.:]+$");
		put(indent, "maxItems: %zu", field->count_max);
		break;
	}
}

static void put_map(struct crd *crd, unsigned indent, const struct model_schema_map *map,
                    const char *path)
{
	bool any = false;

	for (const struct model_schema_field *field = map->fields; field->name; field++) {
		if (field->required) {
			if (!any)
				put(indent, "required:");
			any = true;
			put(indent, "- %s", field->name);
		}
	}
	put(indent, "properties:");
	for (const struct model_schema_field *field = map->fields; field->name; field++) {
		struct text below = {0};

		text_printf(&below, "%s.%s%s", path, field->name,
		            field->many == MODEL_FIELD_LIST ? "[]" : "");
		put_field(crd, indent + 2, field, text_str(&below));
		text_done(&below);
	}
}

static const char conditions[] =
	"conditions:\n"
	"  description: >-\n"
	"    'Ready' says whether the object is in force, and why. It is written by one instance "
	"for all.\n"
	"  type: array\n"
	"  maxItems: 32\n"
	"  x-kubernetes-list-type: map\n"
	"  x-kubernetes-list-map-keys:\n"
	"  - type\n"
	"  items:\n"
	"    type: object\n"
	"    required: [type, status, reason, message, lastTransitionTime]\n"
	"    properties:\n"
	"      type:\n"
	"        description: What it is about.\n"
	"        type: string\n"
	"        maxLength: 316\n"
	"        pattern: '^([a-z0-9]([-a-z0-9.]*[a-z0-9])?/)?[A-Za-z0-9]([-A-Za-z0-9_.]*"
	"[A-Za-z0-9])?$'\n"
	"      status:\n"
	"        description: Whether it is so.\n"
	"        type: string\n"
	"        enum: ['True', 'False', Unknown]\n"
	"      reason:\n"
	"        description: Why, in a word.\n"
	"        type: string\n"
	"        minLength: 1\n"
	"        maxLength: 1024\n"
	"        pattern: '^[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?$'\n"
	"      message:\n"
	"        description: Why, for people.\n"
	"        type: string\n"
	"        maxLength: 32768\n"
	"      lastTransitionTime:\n"
	"        description: Since when it is so.\n"
	"        type: string\n"
	"        format: date-time\n"
	"      observedGeneration:\n"
	"        description: The metadata.generation that this is about.\n"
	"        type: integer\n"
	"        format: int64\n"
	"        minimum: 0\n";

static void put_lines(unsigned indent, const char *text)
{
	while (*text) {
		size_t len = strcspn(text, "\n");

		put(indent, "%.*s", (int)len, text);
		text += len + (text[len] == '\n');
	}
}

static void put_status(unsigned indent, const char *kind)
{
	put(indent, "status:");
	put(indent + 2, "description: What is so. Written by Lintel.");
	put(indent + 2, "type: object");
	put(indent + 2, "properties:");
	indent += 4;
	put_lines(indent, conditions);
	put(indent, "observedGeneration:");
	put_folded(indent + 2, "description",
	           "The metadata.generation that the status is about: while it is lower than that, "
	           "the last change was not looked at yet.");
	put(indent + 2, "type: integer");
	put(indent + 2, "format: int64");
	put(indent + 2, "minimum: 0");
	for (const struct status_field *field = status_fields; field->kind; field++) {
		if (strcmp(field->kind, kind) != 0)
			continue;
		put(indent, "%s:", field->name);
		put_folded(indent + 2, "description", field->doc);
		put(indent + 2, "type: %s", field->type);
		if (strcmp(field->type, "integer") == 0) {
			put(indent + 2, "format: int64");
			put(indent + 2, "minimum: 0");
		} else if (strcmp(field->type, "array") == 0) {
			put(indent + 2, "maxItems: 256");
			put(indent + 2, "x-kubernetes-list-type: atomic");
			put(indent + 2, "items:");
			put_address(indent + 4, true, false);
		} else {
			put(indent + 2, "maxLength: 253");
		}
	}
}

static void put_columns(unsigned indent, const char *kind)
{
	put(indent, "additionalPrinterColumns:");
	for (const struct column *column = columns; column->name; column++) {
		if (column->kind && strcmp(column->kind, kind) != 0)
			continue;
		put(indent, "- name: %s", column->name);
		put(indent, "  type: %s", column->type);
		put_quoted(indent + 2, "jsonPath", column->path);
		put(indent, "  description: %s", column->doc);
		if (column->priority > 0)
			put(indent, "  priority: %d", column->priority);
	}
}

static void put_schema(struct crd *crd, unsigned indent)
{
	const struct model_schema_object *object = crd->object;
	const struct model_schema_field *spec = model_schema_field_find(object->map, "spec");

	put(indent, "schema:");
	put(indent + 2, "openAPIV3Schema:");
	indent += 4;
	put_folded(indent, "description", object->doc);
	put(indent, "type: object");
	put(indent, "required: [spec]");
	put(indent, "properties:");
	put(indent + 2, "apiVersion:");
	put(indent + 4, "description: The version of this form, " MODEL_API_VERSION ".");
	put(indent + 4, "type: string");
	put(indent + 2, "kind:");
	put(indent + 4, "description: %s.", object->kind);
	put(indent + 4, "type: string");
	put(indent + 2, "metadata:");
	put(indent + 4, "type: object");
	put_field(crd, indent + 2, spec, "spec");
	put_status(indent + 2, object->kind);
}

static void put_short_name(unsigned indent, const char *kind)
{
	for (size_t i = 0; short_names[i][0]; i++) {
		if (strcmp(short_names[i][0], kind) == 0)
			put(indent, "shortNames: [%s]", short_names[i][1]);
	}
}

/* In lower case; returns buf. */
static const char *singular(const char *kind, char buf[static 64])
{
	size_t i = 0;

	for (; kind[i] && i < 63; i++)
		buf[i] = (char)(kind[i] >= 'A' && kind[i] <= 'Z' ? kind[i] - 'A' + 'a' : kind[i]);
	buf[i] = '\0';
	return buf;
}

static void put_definition(struct crd *crd)
{
	const struct model_schema_object *object = crd->object;
	const char *version = strchr(MODEL_API_VERSION, '/') + 1;
	int group_len = (int)(version - 1 - MODEL_API_VERSION);
	char buf[64];

	put(0, "# Written by manifests/crd.c from model/schema_*.c. Do not edit it here.");
	put(0, "apiVersion: apiextensions.k8s.io/v1");
	put(0, "kind: CustomResourceDefinition");
	put(0, "metadata:");
	put(2, "name: %s.%.*s", object->plural, group_len, MODEL_API_VERSION);
	put(2, "labels: {app.kubernetes.io/name: lintel}");
	put(0, "spec:");
	put(2, "group: %.*s", group_len, MODEL_API_VERSION);
	put(2, "scope: %s", object->namespaced ? "Namespaced" : "Cluster");
	put(2, "names:");
	put(4, "kind: %s", object->kind);
	put(4, "listKind: %sList", object->kind);
	put(4, "plural: %s", object->plural);
	put(4, "singular: %s", singular(object->kind, buf));
	put_short_name(4, object->kind);
	put(4, "categories: [lintel]");
	put(2, "versions:");
	put(2, "- name: %s", version);
	put(4, "served: true");
	put(4, "storage: true");
	put(4, "subresources:");
	put(6, "status: {}");
	put_columns(4, object->kind);
	put_schema(crd, 4);
}

/* Of a field that was renamed, a rule is lost. */
static bool all_rules_written(const struct crd *crd)
{
	size_t count = 0;

	for (const struct rule *rule = rules; rule->kind; rule++)
		count += strcmp(rule->kind, crd->object->kind) == 0;
	return crd->rules == count;
}

int main(int argc, char **argv)
{
	struct crd crd = {.object = argc == 2 ? model_schema_find(argv[1]) : NULL};

	if (!crd.object) {
		fprintf(stderr, "usage: crd KIND; a kind of objects, such as VirtualRouter\n");
		return 2;
	}
	put_definition(&crd);
	if (!all_rules_written(&crd)) {
		fprintf(stderr, "crd: a rule is about a field of %s that is not there\n", argv[1]);
		return EXIT_FAILURE;
	}
	return fflush(stdout) == 0 && !ferror(stdout) ? EXIT_SUCCESS : EXIT_FAILURE;
}
