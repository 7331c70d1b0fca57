/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Connections that the kernel has carried on while nobody listened: of a run before this one.
 *
 * Those of NAT a comparison with connection tracking finds. What only IPVS knows (direct, tunnel,
 * templates) is read from its list when a virtual router becomes Active here, and up to a number:
 * the kernel's time for it goes with the square. What is beyond tells of itself with its next
 * packet.
 *
 * The kernel gives the list by pages and finds the next one by counting, so what stands behind
 * connections that end meanwhile, of whatever network namespace, may be passed over. Hence a second
 * walk a while after the first. */
#include "daemon/replication_private.h"

#include "ipvs/connections_file.h"
#include "lib/log.h"
#include "lib/mono.h"

#include <netinet/in.h>
#include <string.h>

#define STEP_PAGES 2
#define STEP_US    (5 * US_PER_MS) /* between two steps */
#define WALKS      2

static bool is_wanted(const struct replication *replication)
{
	for (size_t i = 0; i < replication->index.count; i++) {
		const struct replication_place *place = &replication->index.places[i];
		enum model_router_state state = replication->routers[place->router].state;

		if (state == MODEL_ROUTER_ACTIVE && replication_needs_ipvs(replication, place))
			return true;
	}
	return false;
}

static uint8_t protocol_of(const char *name)
{
	return strcmp(name, "TCP") == 0    ? IPPROTO_TCP
	       : strcmp(name, "UDP") == 0  ? IPPROTO_UDP
	       : strcmp(name, "SCTP") == 0 ? IPPROTO_SCTP
	                                   : IPPROTO_IP;
}

static void found(void *ctx, const struct ipvs_connection *c)
{
	struct replication *replication = ctx;
	struct ipvs_connection_service service = {0};
	struct model_flow flow = {
		.protocol = protocol_of(c->protocol),
		.virtual = c->virtual,
		.ipvs_port = c->virtual_port,
	};
	const struct replication_place *place;

	replication->adopt_count++;
	if (flow.protocol == IPPROTO_IP) { /* a template of a mark, which is in the address */
		flow.template = true;
		flow.mark = (uint32_t)c->virtual.bytes[0] << 24 | c->virtual.bytes[1] << 16 |
		            c->virtual.bytes[2] << 8 | c->virtual.bytes[3];
	}
	place = replication_index_find_flow(&replication->index, &flow);
	if (!place)
		return;
	service.forwarding = place->forwarding;
	service.mark = place->mark;
	service.persistence_s = place->persistence_s;
	if (ipvs_connection_to_flow(c, &service, &flow))
		replication_observe_seen(replication, &flow, 1);
}

static void step(struct loop_deadline *deadline)
{
	struct replication *replication = lt_container_of(deadline, struct replication, adopt_tick);
	int more = ipvs_connections_walk_step(replication->adopt, STEP_PAGES, found, replication);

	if (more > 0 && replication->adopt_count < IPVS_CONNECTIONS_WALK_MAX) {
		loop_deadline_arm(deadline, mono_now_us() + STEP_US);
		return;
	}
	if (more > 0)
		log_info("peer", "IPVS has more connections than are read at once: peers hear of "
		                 "the others with their next packet");
	ipvs_connections_walk_close(replication->adopt);
	replication->adopt = NULL;
	replication->adopt_due--;
}

int replication_adopt_open(struct replication *replication)
{
	replication->adopt_tick.expired = step;
	return loop_deadline_init(replication->loop, &replication->adopt_tick);
}

void replication_adopt_close(struct replication *replication)
{
	ipvs_connections_walk_close(replication->adopt);
	replication->adopt = NULL;
	loop_deadline_done(&replication->adopt_tick);
}

void replication_adopt_tick(struct replication *replication)
{
	if (replication->adopt || !replication->adopt_due || !replication->sync)
		return;
	if (!is_wanted(replication)) {
		replication->adopt_due = 0;
		return;
	}
	replication->adopt_count = 0;
	if (ipvs_connections_walk_open(IPVS_CONNECTIONS_PATH, &replication->adopt))
		return; /* with the next tick */
	loop_deadline_arm(&replication->adopt_tick, mono_now_us());
}

void replication_adopt_begin(struct replication *replication)
{
	/* One that is under way began too early. */
	replication->adopt_due = WALKS + (replication->adopt ? 1 : 0);
	replication_adopt_tick(replication);
}
