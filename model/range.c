/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "model/range.h"

#include <stdio.h>

bool model_range_target(const struct model_service *service, uint16_t *ret_target)
{
	const struct model_port *port = service->port;
	const struct model_real_server *servers;
	uint16_t usual = port->target != 0 ? port->target : port->first;
	size_t count;

	*ret_target = usual;
	if (service->virtual_server->forwarding != MODEL_FORWARD_NAT) {
		*ret_target = port->first;
		return true;
	}
	servers = model_port_servers(service->virtual_server, port, &count);
	for (size_t i = 0; i < count; i++) {
		uint16_t own = servers[i].port != 0 ? servers[i].port : usual;

		if (i > 0 && own != *ret_target)
			return false;
		*ret_target = own;
	}
	return true;
}

static uint16_t span_of(const struct model_service *service)
{
	return (uint16_t)(service->port->last - service->port->first);
}

/* Do the ports [first, last] on the servers belong to 'other' as well, in a way that answers from
 * these ports could be either's? */
static bool collides(const struct model_service *other, uint16_t first, uint16_t last)
{
	uint16_t target = other->port->first;

	if (other->mark != 0 && !model_range_target(other, &target))
		return false;
	return target <= last && target + span_of(other) >= first;
}

static bool same_place(const struct model_service *a, const struct model_service *b)
{
	return addr_equal(&a->address, &b->address) && a->port->protocol == b->port->protocol;
}

/* Services on one address and protocol stand side by side. */
static const struct model_service *find_collision(const struct model_snapshot *snapshot,
                                                  const struct model_service *service,
                                                  uint16_t target)
{
	const struct model_service *begin = service, *end = service + 1;
	const struct model_service *stop = snapshot->services + snapshot->service_count;
	uint16_t last = (uint16_t)(target + span_of(service));

	while (begin > snapshot->services && same_place(begin - 1, service))
		begin--;
	while (end < stop && same_place(end, service))
		end++;
	for (; begin < end; begin++) {
		if (begin != service && collides(begin, target, last))
			return begin;
	}
	return NULL;
}

/* Why it can't be served, put into 'buf'; NULL: it can. */
static const char *refuse(const struct model_snapshot *snapshot,
                          const struct model_service *service, char *buf, size_t size)
{
	const struct model_service *other;
	uint16_t target;

	if (!model_range_target(service, &target))
		return "the servers of a port range must all have the same ports";
	if (target == service->port->first)
		return NULL;
	if (target + span_of(service) > UINT16_MAX)
		return "the servers' ports would go beyond 65535";
	other = find_collision(snapshot, service, target);
	if (!other)
		return NULL;
	snprintf(buf, size,
	         "answers from the servers' ports %u-%u could not be told from those of port %u of "
	         "the same address",
	         target, target + span_of(service), other->port->first);
	return buf;
}

void model_range_judge(struct model_snapshot *snapshot, struct model_problems *problems)
{
	for (size_t i = 0; i < snapshot->service_count; i++) {
		struct model_service *service = &snapshot->services[i];
		const struct model_virtual_server *vs = service->virtual_server;
		char title[MODEL_OBJECT_TEXT_SIZE], address[ADDR_TEXT_SIZE], buf[160], field[64];
		const char *why;

		service->refusal = NULL;
		if (service->mark == 0)
			continue;
		why = refuse(snapshot, service, buf, sizeof(buf));
		if (!why)
			continue;
		service->refusal = arena_strdup(&snapshot->arena, why);
		snprintf(field, sizeof(field), "spec.ports[%zu]",
		         (size_t)(service->port - vs->ports));
		model_problem_add(problems, MODEL_WARNING, vs->origin,
		                  model_virtual_server_title(vs, title), field,
		                  "not served on %s: %s", addr_format(&service->address, address),
		                  why);
	}
}
