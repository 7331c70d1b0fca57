/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Virtual and real servers. There may be many thousands: what names each of them is written once
 * and used for all of its samples. */
#include "daemon/metrics_parts.h"
#include "daemon/report.h"

#include "lib/mem.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct servers {
	const struct app *app;
	const struct ipvs_service **services; /* ours */
	size_t count;
	size_t dest_count;
	struct text labels; /* of services, then of their servers: each ends with a 0 */
	size_t *starts;     /* in it */
	struct text *out;
};

static void add_labels(struct servers *s, const struct ipvs_service *service)
{
	const struct model_service *wanted =
		balance_service(&s->app->reconcile.balance, &service->key);
	const struct model_virtual_server *vs = wanted ? wanted->virtual_server : NULL;
	const struct ipvs_identity *id = &service->identity;
	uint8_t protocol = service->key.mark ? id->protocol : service->key.protocol;
	char address[ADDR_TEXT_SIZE], port[8];

	addr_format(service->key.mark ? &id->vip : &service->key.addr, address);
	snprintf(port, sizeof(port), "%u", service->key.mark ? id->first_port : service->key.port);
	metrics_label(&s->labels, "", "namespace", vs ? vs->namespace : "");
	metrics_label(&s->labels, ",", "virtual_server", vs ? vs->name : "");
	metrics_label(&s->labels, ",", "address", address);
	metrics_label(&s->labels, ",", "port", port);
	metrics_label(&s->labels, ",", "protocol",
	              model_protocol_name((enum model_protocol)protocol));
}

static void name_all(struct servers *s, const struct ipvs_table *found)
{
	char server[IPVS_TEXT_SIZE];

	s->services = xcalloc(found->service_count + 1, sizeof(const struct ipvs_service *));
	for (size_t i = 0; i < found->service_count; i++) {
		if (!balance_owns(&s->app->reconcile.balance, &found->services[i].key))
			continue;
		s->services[s->count++] = &found->services[i];
		s->dest_count += found->services[i].dest_count;
	}
	s->starts = xcalloc(s->count + s->dest_count + 1, sizeof(*s->starts));
	for (size_t i = 0; i < s->count; i++) {
		s->starts[i] = s->labels.len;
		add_labels(s, s->services[i]);
		text_add_len(&s->labels, "", 1);
	}
	size_t next = s->count;
	for (size_t i = 0; i < s->count; i++) {
		for (size_t j = 0; j < s->services[i]->dest_count; j++) {
			s->starts[next++] = s->labels.len;
			add_labels(s, s->services[i]);
			metrics_label(&s->labels, ",", "server",
			              ipvs_dest_format(&s->services[i]->dests[j], server));
			text_add_len(&s->labels, "", 1);
		}
	}
}

static const char *labels(const struct servers *s, size_t index)
{
	return text_str(&s->labels) + s->starts[index];
}

static uint64_t stat(const struct ipvs_stats *stats, size_t offset)
{
	uint64_t value = 0;

	if (stats)
		memcpy(&value, (const char *)stats + offset, sizeof(value));
	return value;
}

static const struct {
	const char *virtual_name, *virtual_help, *real_name, *real_help;
	size_t offset;
} stat_rows[] = {
#define STAT(name, help, member)                                                        \
	{                                                                               \
		"lintel_virtual_server_" name "_total", help " of a virtual server.",   \
			"lintel_real_server_" name "_total", help " of a real server.", \
			offsetof(struct ipvs_stats, member)                             \
	}
	STAT("connections", "Connections (flows) balanced", connections),
	STAT("received_packets", "Packets from clients", in_packets),
	STAT("sent_packets", "Packets to clients", out_packets),
	STAT("received_bytes", "Bytes from clients", in_bytes),
	STAT("sent_bytes", "Bytes to clients", out_bytes),
#undef STAT
};

static void write_stats(struct servers *s)
{
	for (size_t r = 0; r < LT_ARRAY_SIZE(stat_rows); r++) {
		metrics_family(s->out, stat_rows[r].virtual_name, "counter",
		               stat_rows[r].virtual_help);
		for (size_t i = 0; i < s->count; i++)
			metrics_count(s->out, stat_rows[r].virtual_name, labels(s, i),
			              stat(s->services[i]->stats, stat_rows[r].offset));
	}
	for (size_t r = 0; r < LT_ARRAY_SIZE(stat_rows); r++) {
		size_t next = s->count;
		metrics_family(s->out, stat_rows[r].real_name, "counter", stat_rows[r].real_help);
		for (size_t i = 0; i < s->count; i++) {
			for (size_t j = 0; j < s->services[i]->dest_count; j++)
				metrics_count(
					s->out, stat_rows[r].real_name, labels(s, next++),
					stat(s->services[i]->dests[j].stats, stat_rows[r].offset));
		}
	}
}

static uint64_t weight(const struct servers *s, const struct ipvs_service *service,
                       const struct ipvs_dest *dest)
{
	return dest->weight;
}

static uint64_t active(const struct servers *s, const struct ipvs_service *service,
                       const struct ipvs_dest *dest)
{
	return dest->active;
}

static uint64_t inactive(const struct servers *s, const struct ipvs_service *service,
                         const struct ipvs_dest *dest)
{
	return dest->inactive;
}

static uint64_t persistent(const struct servers *s, const struct ipvs_service *service,
                           const struct ipvs_dest *dest)
{
	return dest->persistent;
}

static uint64_t draining(const struct servers *s, const struct ipvs_service *service,
                         const struct ipvs_dest *dest)
{
	return strcmp(report_server_state(s->app, service, dest), "ready") != 0;
}

static const struct {
	const char *name, *help;
	uint64_t (*value)(const struct servers *s, const struct ipvs_service *service,
	                  const struct ipvs_dest *dest);
} server_rows[] = {
	{"lintel_real_server_weight", "Weight; 0 takes no new connections.", weight},
	{"lintel_real_server_active_connections", "Connections that are established.", active},
	{"lintel_real_server_inactive_connections", "Connections that are being opened or closed.",
         inactive},
	{"lintel_real_server_persistence_entries",
         "Clients that come back to this server by persistence.", persistent},
	{"lintel_real_server_draining",
         "1 for a server that an operator drained, or that takes leave.", draining},
};

static void write_servers(struct servers *s)
{
	for (size_t r = 0; r < LT_ARRAY_SIZE(server_rows); r++) {
		size_t next = s->count;
		metrics_family(s->out, server_rows[r].name, "gauge", server_rows[r].help);
		for (size_t i = 0; i < s->count; i++) {
			const struct ipvs_service *service = s->services[i];
			for (size_t j = 0; j < service->dest_count; j++)
				metrics_count(s->out, server_rows[r].name, labels(s, next++),
				              server_rows[r].value(s, service, &service->dests[j]));
		}
	}
	metrics_family(s->out, "lintel_virtual_server_real_servers", "gauge",
	               "Real servers of a virtual server, those of weight 0 included.");
	for (size_t i = 0; i < s->count; i++)
		metrics_count(s->out, "lintel_virtual_server_real_servers", labels(s, i),
		              s->services[i]->dest_count);
	metrics_family(s->out, "lintel_virtual_server_usable_servers", "gauge",
	               "Real servers of a virtual server that take new connections.");
	for (size_t i = 0; i < s->count; i++) {
		uint64_t usable = 0;
		for (size_t j = 0; j < s->services[i]->dest_count; j++)
			usable += s->services[i]->dests[j].weight > 0;
		metrics_count(s->out, "lintel_virtual_server_usable_servers", labels(s, i), usable);
	}
}

void metrics_server_write(const struct app *app, const struct ipvs_table *found, struct text *out)
{
	struct servers s = {.app = app, .out = out};

	name_all(&s, found);
	write_stats(&s);
	write_servers(&s);
	free(s.services);
	free(s.starts);
	text_done(&s.labels);
}
