/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What source NAT makes of the flows of a rush, which IPVS does not know.
 *
 * The kernel gives a flow the address that others of its virtual server get, and leaves it its port
 * unless another flow has that at the same server (Linux net/netfilter/nf_nat_core.c). The flows
 * that have established themselves are known here: so the source is foreseen, and where two would
 * have one port the kernel is asked about both. What is not known may be in the way all the same:
 * handshakes that came to nothing, connections of the machine itself. So some of those that were
 * foreseen are asked for as well; when one of them is otherwise, connection tracking tells of all
 * of them again, and all are compared. */
#include "daemon/replication_private.h"

#include "lib/endpoint.h"
#include "lib/log.h"
#include "lib/mono.h"

#include <errno.h>
#include <netinet/in.h>

/* After a rush IPVS is heeded so much longer: it has told of all by then. */
#define LATE_US    (500 * US_PER_MS)
/* Asking costs as much as being told. Where more than a part of the flows has to be asked for, and
 * after a surprise, not again for so long. */
#define REST_US    (60 * US_PER_S)
#define ASKED_PART 4
#define ASKED_MIN  250
/* One of so many that were foreseen is asked for, and one each so often: that a tenth of them is
 * otherwise shows within a second, and however many they are it costs a thousandth of what the
 * kernel does for them. A prime number: servers take turns, and each time it would be the same
 * one's. */
#define ONE_OF     509
#define ONE_IN_US  (100 * US_PER_MS)

static bool has_foreseeable(const struct replication *replication)
{
	for (size_t i = 0; i < replication->index.count; i++) {
		if (replication->index.places[i].foreseeable)
			return true;
	}
	return false;
}

bool replication_foreseen_is_alone(const struct replication *replication)
{
	return replication->foreseen.heeded && replication->foreseen.until_us == TIME_NEVER;
}

/* --- when --- */

static bool is_wanted(const struct replication *replication, int64_t now_us)
{
	return replication->rush.on && replication->conntrack && replication->sync &&
	       now_us >= replication->foreseen.rest_us && has_foreseeable(replication);
}

static void heed(struct replication *replication, bool heeded)
{
	if (replication->foreseen.heeded != heeded)
		log_debug("peer", "of connections with source NAT %s",
		          heeded ? "IPVS tells alone" : "connection tracking tells");
	replication->foreseen.heeded = heeded;
	replication->foreseen.until_us = TIME_NEVER;
	replication->foreseen.guessed = replication->foreseen.asked = 0;
}

/* IPVS tells before connection tracking is heard no more, and on after it is heard again. */
void replication_foreseen_update(struct replication *replication)
{
	struct replication_foreseen *foreseen = &replication->foreseen;
	int64_t now_us = mono_now_us();
	bool wanted = is_wanted(replication, now_us);

	if (wanted && !foreseen->heeded) {
		heed(replication, true);
		if (!replication_ipvs_listen(replication))
			heed(replication, false);
	} else if (wanted) {
		foreseen->until_us = TIME_NEVER;
	} else if (foreseen->heeded && foreseen->until_us == TIME_NEVER) {
		foreseen->until_us = now_us + LATE_US;
	}
	replication_observe_hear(replication);
	loop_deadline_arm(&foreseen->change, foreseen->until_us);
}

/* IPVS need not tell any more. Not while it is being read. */
static void end(struct loop_deadline *deadline)
{
	struct replication *replication =
		lt_container_of(deadline, struct replication, foreseen.change);

	heed(replication, false);
	if (replication->sync)
		(void)!replication_ipvs_listen(replication);
}

/* What was foreseen since the last question may be wrong. */
static void surprised(struct replication *replication, const struct model_flow *foreseen,
                      const struct model_flow *found)
{
	char expected[ENDPOINT_TEXT_SIZE], got[ENDPOINT_TEXT_SIZE];
	int64_t now_us = mono_now_us();

	log_info("peer",
	         "source NAT did not do what was foreseen: connection tracking tells of all "
	         "connections for a while, and all are compared expected=%s got=%s",
	         endpoint_format(&foreseen->source, foreseen->source_port, expected),
	         endpoint_format(&found->source, found->source_port, got));
	replication->rush.surprises++;
	replication->foreseen.rest_us = now_us + REST_US;
	heed(replication, false);
	loop_deadline_arm(&replication->foreseen.change, now_us);
	replication_observe_hear(replication);
	replication_compare_in(replication, 0);
}

static bool asks_too_much(const struct replication_foreseen *foreseen)
{
	return foreseen->asked >= ASKED_MIN &&
	       foreseen->asked * ASKED_PART > foreseen->asked + foreseen->guessed;
}

static void rest(struct replication *replication)
{
	if (!replication_foreseen_is_alone(replication))
		return;
	log_info("peer", "many connections have ports that others have: connection tracking tells "
	                 "of all connections for a while");
	replication->foreseen.rest_us = mono_now_us() + REST_US;
	replication_foreseen_update(replication);
}

void replication_foreseen_tick(struct replication *replication)
{
	replication->foreseen.guessed = replication->foreseen.asked = 0;
	replication_foreseen_update(replication);
}

/* --- flows --- */

static bool is_of_same_source(const struct model_flow *a, const struct model_flow *b)
{
	return a->source_port == b->source_port && addr_equal(&a->source, &b->source);
}

/* The kernel's word on a flow, whatever was thought of it. */
static void ask(struct replication *replication, struct replication_router *router,
                const struct model_flow *flow)
{
	struct conntrack_tuple tuple;
	struct conntrack_entry entry;
	int rc;

	conntrack_flow_original(flow, &tuple);
	rc = conntrack_kernel_ask(replication->conntrack, &tuple, &entry);
	if (rc == 0)
		replication_observe_told(replication, CONNTRACK_DUMPED, &entry);
	else if (rc == -ENOENT && flow->protocol == IPPROTO_UDP)
		replication_observe_rest(replication, router, flow);
	else if (rc == -ENOENT)
		replication_observe_forget(replication, router, flow);
	else
		replication_compare_in(replication, 0);
	replication->foreseen.asked++;
	if (asks_too_much(&replication->foreseen))
		rest(replication);
}

/* The other one first: when it was wrong a peer takes it away before it gets this one. */
static void ask_both(struct replication *replication, struct replication_router *others_router,
                     const struct model_flow_entry *other, struct replication_router *router,
                     const struct model_flow *flow)
{
	struct model_flow there = other->flow; /* the entry may go */

	ask(replication, others_router, &there);
	ask(replication, router, flow);
}

/* Routers of one sync group may give one source to flows of one server. */
static const struct model_flow_entry *find_other(struct replication *replication,
                                                 const struct model_flow *flow,
                                                 struct replication_router **ret_router)
{
	const struct model_flow_entry *other = NULL;

	for (size_t i = 0; i < replication->router_count && !other; i++) {
		struct replication_router *router = &replication->routers[i];

		if (router->state == MODEL_ROUTER_ACTIVE)
			other = model_flow_claims_other(&router->claims, &router->flows, flow);
		*ret_router = router;
	}
	return other;
}

/* Where the address is another it will be so again: it depends on the server. */
static void ask_some(struct replication *replication, const struct replication_place *place,
                     const struct model_flow *flow)
{
	struct replication_router *router = &replication->routers[place->router];
	const struct model_flow_entry *entry;
	bool elsewhere;

	ask(replication, router, flow);
	entry = model_flow_table_find(&router->flows, flow);
	elsewhere = entry && !addr_equal(&entry->flow.source, &flow->source);
	if (elsewhere)
		replication_index_give_up(&replication->index, place);
	if (entry && !is_of_same_source(&entry->flow, flow))
		surprised(replication, flow, &entry->flow);
}

static bool is_turn(struct replication *replication)
{
	struct replication_foreseen *foreseen = &replication->foreseen;
	int64_t now_us = loop_now_us(replication->loop);

	if (++foreseen->turn % ONE_OF != 0 && now_us - foreseen->asked_us < ONE_IN_US)
		return false;
	foreseen->asked_us = now_us;
	return true;
}

bool replication_foreseen_complete(struct replication *replication,
                                   const struct replication_place *place,
                                   const struct model_flow *before, struct model_flow *flow)
{
	struct replication_router *router = &replication->routers[place->router], *others_router;
	bool some = is_turn(replication), known;
	const struct model_flow_entry *other;

	flow->source = place->source;
	flow->source_port = flow->client_port;
	/* IPVS's word may be older than what is known of the one before: no reason to think that it
	 * has its own port again. */
	known = flow->source.family != ADDR_NONE && (!before || is_of_same_source(before, flow));
	other = find_other(replication, flow, &others_router);
	if (!other && !some && known) {
		replication->foreseen.guessed++;
		return true;
	}
	if (!before) /* it is none, unless the kernel knows it */
		(void)model_flow_table_remove(&router->flows, flow);
	if (other)
		ask_both(replication, others_router, other, router, flow);
	else if (known)
		ask_some(replication, place, flow);
	else
		ask(replication, router, flow);
	return false;
}

/* --- life --- */

int replication_foreseen_init(struct replication *replication)
{
	replication->foreseen.until_us = TIME_NEVER;
	replication->foreseen.change.expired = end;
	return loop_deadline_init(replication->loop, &replication->foreseen.change);
}

void replication_foreseen_close(struct replication *replication)
{
	heed(replication, false);
	replication->foreseen.rest_us = 0;
	loop_deadline_arm(&replication->foreseen.change, TIME_NEVER);
}

void replication_foreseen_done(struct replication *replication)
{
	loop_deadline_done(&replication->foreseen.change);
}
