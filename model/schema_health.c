/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "model/check.h"
#include "model/object.h"
#include "model/schema.h"

#define MILLISECOND INT64_C(1000)
#define SECOND      INT64_C(1000000)
#define HOUR        (3600 * SECOND)
#define FILE_MAX    4095 /* PATH_MAX without the end */

static const struct model_schema_field http_fields[] = {
	{
		.name = "method",
		.kind = MODEL_FIELD_TEXT,
		.min = 1,
		.max = 20,
		.default_text = "GET",
		.doc = "The method of the request.",
		MODEL_FIELD_AT(model_health_check, http.method),
	},
	{
		.name = "path",
		.kind = MODEL_FIELD_TEXT,
		.min = 1,
		.max = 2048,
		.default_text = "/",
		.doc = "What is asked for, with its query.",
		MODEL_FIELD_AT(model_health_check, http.path),
	},
	{
		.name = "host",
		.kind = MODEL_FIELD_TEXT,
		.min = 1,
		.max = 253,
		.doc = "The host of the request; absent: the server's address.",
		MODEL_FIELD_AT(model_health_check, http.host),
	},
	{
		.name = "version",
		.kind = MODEL_FIELD_ENUM,
		.names = model_schema_http_version_names,
		.default_text = "auto",
		.doc = "The version of HTTP.",
		MODEL_FIELD_AT(model_health_check, http.version),
	},
	{
		.name = "expectStatus",
		.kind = MODEL_FIELD_INT_RANGE,
		.many = MODEL_FIELD_ONE_OR_LIST,
		.min = 100,
		.max = 599,
		.count_max = 16,
		.doc = "The status codes of a server that is up; absent: 200-399. Redirections are "
		       "not followed.",
		MODEL_FIELD_LIST_AT(model_health_check, http.statuses, http.status_count),
	},
	{
		.name = "expectBody",
		.kind = MODEL_FIELD_TEXT,
		.min = 1,
		.max = 1024,
		.doc = "Has to be contained in the first 64 kB of the answer.",
		MODEL_FIELD_AT(model_health_check, http.body),
	},
	{.name = NULL},
};
static const struct model_schema_map http_map = {.fields = http_fields};

static const struct model_schema_field tls_fields[] = {
	{
		.name = "serverName",
		.kind = MODEL_FIELD_TEXT,
		.min = 1,
		.max = 253,
		.doc = "The name asked for in the handshake (SNI); absent: `http.host`, when it is "
		       "a name.",
		MODEL_FIELD_AT(model_health_check, tls.server_name),
	},
	{
		.name = "verify",
		.kind = MODEL_FIELD_BOOL,
		.default_text = "false",
		.doc = "A server whose certificate is not good for the name, or not signed by a "
		       "known authority, is down.",
		MODEL_FIELD_AT(model_health_check, tls.verify),
	},
	{
		.name = "caFile",
		.kind = MODEL_FIELD_TEXT,
		.min = 1,
		.max = FILE_MAX,
		.doc = "A PEM file of the authorities to believe, by its absolute path; absent: "
		       "the "
		       "system's. As the next two, a regular file of at most 4 MiB.",
		MODEL_FIELD_AT(model_health_check, tls.ca_file),
	},
	{
		.name = "certificateFile",
		.kind = MODEL_FIELD_TEXT,
		.min = 1,
		.max = FILE_MAX,
		.doc = "A PEM file with a certificate to show to the server, by its absolute path.",
		MODEL_FIELD_AT(model_health_check, tls.certificate_file),
	},
	{
		.name = "keyFile",
		.kind = MODEL_FIELD_TEXT,
		.min = 1,
		.max = FILE_MAX,
		.doc = "A PEM file with the key of that certificate, by its absolute path.",
		MODEL_FIELD_AT(model_health_check, tls.key_file),
	},
	{.name = NULL},
};
static const struct model_schema_map tls_map = {.fields = tls_fields};

static const struct model_schema_field udp_fields[] = {
	{
		.name = "send",
		.kind = MODEL_FIELD_TEXT,
		.min = 1,
		.max = 1024,
		.doc = "What the datagram says; absent: it is empty.",
		MODEL_FIELD_AT(model_health_check, udp.send),
	},
	{
		.name = "expect",
		.kind = MODEL_FIELD_TEXT,
		.min = 1,
		.max = 1024,
		.doc = "Has to be contained in the answer. Absent: a server that is silent counts "
		       "as up, one that refuses (ICMP port unreachable) as down.",
		MODEL_FIELD_AT(model_health_check, udp.expect),
	},
	{.name = NULL},
};
static const struct model_schema_map udp_map = {.fields = udp_fields};

static const struct model_schema_field dns_fields[] = {
	{
		.name = "name",
		.kind = MODEL_FIELD_NAME,
		.doc = "The name asked for; absent: the root.",
		MODEL_FIELD_AT(model_health_check, dns.name),
	},
	{
		.name = "recordType",
		.kind = MODEL_FIELD_ENUM,
		.names = model_schema_dns_type_names,
		.default_text = "NS",
		.doc = "What is asked about it. Any answer without an error is good.",
		MODEL_FIELD_AT(model_health_check, dns.type),
	},
	{.name = NULL},
};
static const struct model_schema_map dns_map = {.fields = dns_fields};

static const struct model_schema_field health_fields[] = {
	{
		.name = "type",
		.kind = MODEL_FIELD_ENUM,
		.names = model_schema_health_type_names,
		.required = true,
		.doc = "What is tried.",
		MODEL_FIELD_AT(model_health_check, type),
	},
	{
		.name = "port",
		.kind = MODEL_FIELD_INT,
		.min = 1,
		.max = 65535,
		.doc = "The port that is tried; absent: the one that is balanced. Not with `icmp`.",
		MODEL_FIELD_AT(model_health_check, port),
	},
	{
		.name = "interval",
		.kind = MODEL_FIELD_DURATION,
		.min = 100 * MILLISECOND,
		.max = HOUR,
		.unit_us = 1,
		.default_text = "2s",
		.doc = "Time between two checks of one server. Each is up to a tenth earlier, so "
		       "that the checks of many servers spread.",
		MODEL_FIELD_AT(model_health_check, interval_us),
	},
	{
		.name = "fastInterval",
		.kind = MODEL_FIELD_DURATION,
		.min = 100 * MILLISECOND,
		.max = HOUR,
		.zero_allowed = true,
		.unit_us = 1,
		.default_text = "0s",
		.doc = "The same while it is made sure of a change; 0s: no faster than else.",
		MODEL_FIELD_AT(model_health_check, fast_interval_us),
	},
	{
		.name = "timeout",
		.kind = MODEL_FIELD_DURATION,
		.min = 10 * MILLISECOND,
		.max = HOUR,
		.unit_us = 1,
		.default_text = "1s",
		.doc = "A check that has no answer by then has failed; not longer than `interval`.",
		MODEL_FIELD_AT(model_health_check, timeout_us),
	},
	{
		.name = "rise",
		.kind = MODEL_FIELD_INT,
		.min = 1,
		.max = 100,
		.default_text = "2",
		.doc = "Successful checks in a row after which a server counts as up.",
		MODEL_FIELD_AT(model_health_check, rise),
	},
	{
		.name = "fall",
		.kind = MODEL_FIELD_INT,
		.min = 1,
		.max = 100,
		.default_text = "3",
		.doc = "Failed checks in a row after which a server counts as down.",
		MODEL_FIELD_AT(model_health_check, fall),
	},
	{
		.name = "start",
		.kind = MODEL_FIELD_ENUM,
		.names = model_schema_health_start_names,
		.default_text = "up",
		.doc = "What a server counts as before its first verdict.",
		MODEL_FIELD_AT(model_health_check, start),
	},
	{
		.name = "onFailure",
		.kind = MODEL_FIELD_ENUM,
		.names = model_schema_health_failure_names,
		.default_text = "drain",
		.doc = "What becomes of a server that is down.",
		MODEL_FIELD_AT(model_health_check, failure),
	},
	{
		.name = "http",
		.kind = MODEL_FIELD_MAP,
		.map = &http_map,
		.doc = "The request of the types `http` and `https`, and its answer.",
	},
	{
		.name = "tls",
		.kind = MODEL_FIELD_MAP,
		.map = &tls_map,
		.doc = "The handshake of the types `tls` and `https`.",
	},
	{
		.name = "udp",
		.kind = MODEL_FIELD_MAP,
		.map = &udp_map,
		.doc = "What is sent and expected with the type `udp`.",
	},
	{
		.name = "dns",
		.kind = MODEL_FIELD_MAP,
		.map = &dns_map,
		.doc = "What is asked with the type `dns`.",
	},
	{.name = NULL},
};
const struct model_schema_map model_schema_health_map = {.fields = health_fields,
                                                         .check = model_check_health};

static const struct model_schema_field quorum_fields[] = {
	{
		.name = "minimum",
		.kind = MODEL_FIELD_INT,
		.min = 1,
		.max = 65535,
		.default_text = "1",
		.doc = "The weights of the servers that are up, added up, have to be this at "
		       "least.",
		MODEL_FIELD_AT(model_quorum, minimum),
	},
	{
		.name = "hysteresis",
		.kind = MODEL_FIELD_INT,
		.min = 0,
		.max = 65534,
		.default_text = "0",
		.doc = "It is lost below `minimum` less this, and regained at `minimum` and this.",
		MODEL_FIELD_AT(model_quorum, hysteresis),
	},
	{
		.name = "onLoss",
		.kind = MODEL_FIELD_ENUM,
		.names = model_schema_quorum_loss_names,
		.default_text = "none",
		.doc = "What is done while it is lost.",
		MODEL_FIELD_AT(model_quorum, loss),
	},
	{
		.name = "priorityCut",
		.kind = MODEL_FIELD_INT,
		.min = 1,
		.max = 253,
		.default_text = "50",
		.doc = "With `lowerPriority`: by how much. The priority stays at 1 at least.",
		MODEL_FIELD_AT(model_quorum, priority_cut),
	},
	{.name = NULL},
};
const struct model_schema_map model_schema_quorum_map = {.fields = quorum_fields,
                                                         .check = model_check_quorum};

static const struct model_schema_field sorry_fields[] = {
	{
		.name = "address",
		.kind = MODEL_FIELD_ADDRESS,
		.required = true,
		.doc = "Its address, of the family of a virtual address unless forwarding is "
		       "`tunnel`.",
		MODEL_FIELD_AT(model_sorry_server, address),
	},
	{
		.name = "port",
		.kind = MODEL_FIELD_INT,
		.min = 1,
		.max = 65535,
		.doc = "Its port; absent: as the servers have it.",
		MODEL_FIELD_AT(model_sorry_server, port),
	},
	{.name = NULL},
};
const struct model_schema_map model_schema_sorry_map = {.fields = sorry_fields,
                                                        .check = model_check_sorry};
