/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "model/flow.h"

const char *model_flow_state_name(enum model_flow_state state)
{
	switch (state) {
	case MODEL_FLOW_OPENING:
		return "opening";
	case MODEL_FLOW_ESTABLISHED:
		return "established";
	case MODEL_FLOW_CLOSING:
		return "closing";
	case MODEL_FLOW_GONE:
		return "gone";
	case MODEL_FLOW_STATE_COUNT:
		break;
	}
	return "?";
}

static int numbers(uint32_t a, uint32_t b)
{
	return (a > b) - (a < b);
}

int model_flow_compare(const struct model_flow *a, const struct model_flow *b)
{
	int order = numbers(a->protocol, b->protocol);

	if (!order)
		order = numbers(a->template, b->template);
	if (!order)
		order = addr_compare(&a->virtual, &b->virtual);
	if (!order)
		order = numbers(a->virtual_port, b->virtual_port);
	if (!order)
		order = addr_compare(&a->client, &b->client);
	if (!order)
		order = numbers(a->client_port, b->client_port);
	return order;
}

bool model_flow_equal(const struct model_flow *a, const struct model_flow *b)
{
	return a->client_port == b->client_port && a->state == b->state &&
	       a->virtual_port == b->virtual_port && a->protocol == b->protocol &&
	       a->template == b->template && addr_equal(&a->client, &b->client) &&
	       addr_equal(&a->virtual, &b->virtual) && a->forwarding == b->forwarding &&
	       a->mark == b->mark && a->timeout_s == b->timeout_s &&
	       addr_equal(&a->server, &b->server) && addr_equal(&a->source, &b->source) &&
	       a->ipvs_port == b->ipvs_port && a->server_port == b->server_port &&
	       a->source_port == b->source_port && a->tags[0] == b->tags[0] &&
	       a->tags[1] == b->tags[1];
}

bool model_flow_same_server(const struct model_flow *a, const struct model_flow *b)
{
	return a->server_port == b->server_port && addr_equal(&a->server, &b->server);
}
