/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The side that tells: connections that this node carries, as its kernel knows them.
 *
 * Flows of NAT come from connection tracking, the moment they are established, with the address and
 * port of source NAT; those of direct and tunnel, and persistence templates, from the kernel's own
 * sync daemon, soon after; in a rush those of NAT as well (with source NAT:
 * replication_foreseen.c). What only IPVS told of ends when nothing was heard of it for its
 * time-out. */
#include "daemon/replication_private.h"

#include "lib/log.h"
#include "lib/mono.h"

#include <errno.h>
#include <netinet/in.h>
#include <string.h>

/* When more than a few events come in so much time, those that follow wait for each other as long,
 * in a rush longer: they go to the peers together, those of one flow as one record. */
#define GATHER_US        (10 * US_PER_MS)
#define GATHER_RUSH_US   (25 * US_PER_MS)
#define EVENTS_FEW       8
#define EVENTS_A_TURN    1024           /* about as many as one call gives */
#define TAKEOVER_US      (5 * US_PER_S) /* what was put just before may not be there at once */
#define UNTOLD_TIMEOUT_S 900            /* IPVS's own for established TCP */
#define UDP_TIMEOUT_S    300            /* ... and for UDP, after its last packet */
#define TIMEOUT_MARGIN_S (2 * IPVS_SYNC_REFRESH_S)

/* --- telling --- */

void replication_observe_flush(struct replication *replication)
{
	if (replication->batch_count && replication->book)
		peer_book_publish(replication->book, replication->batch_router->name,
		                  replication->batch, replication->batch_count, mono_now_us());
	replication->batch_count = 0;
}

static void tell(struct replication *replication, struct replication_router *router,
                 const struct model_flow *flow)
{
	if (replication->batch_router != router || replication->batch_count == REPLICATION_BATCH)
		replication_observe_flush(replication);
	replication->batch_router = router;
	replication->batch[replication->batch_count++] = *flow;
	replication->rush.count++;
}

/* Is what was said of the flow before still there to be told? Then it need not be. */
static bool retell(struct replication *replication, const struct replication_router *router,
                   const struct model_flow_entry *entry, const struct model_flow *flow)
{
	struct model_flow *before = &replication->batch[entry->place];

	if (replication->batch_router != router || entry->place >= replication->batch_count ||
	    model_flow_compare(before, flow) != 0)
		return false;
	*before = *flow;
	return true;
}

void replication_observe_forget(struct replication *replication, struct replication_router *router,
                                const struct model_flow *flow)
{
	const struct model_flow_entry *entry = model_flow_table_find(&router->flows, flow);
	struct model_flow gone = *flow; /* which may be the entry's own */

	if (!entry)
		return;
	gone.state = MODEL_FLOW_GONE;
	if (!retell(replication, router, entry, &gone))
		tell(replication, router, &gone);
	model_flow_table_remove(&router->flows, &gone);
}

/* The flow's entry, which may be new; NULL: the table is full. */
static struct model_flow_entry *reach(struct replication *replication,
                                      struct replication_router *router,
                                      const struct model_flow *flow, bool *ret_new)
{
	struct model_flow_entry *entry = model_flow_table_reach(&router->flows, flow, ret_new);

	replication->table_full += !entry;
	return entry;
}

/* The claim to its source that a flow made before; one at rest has none. */
static bool keeps_claim(const struct model_flow *before, const struct model_flow *flow)
{
	return before->state != MODEL_FLOW_CLOSING && before->source_port == flow->source_port &&
	       addr_equal(&before->source, &flow->source) && model_flow_same_server(before, flow);
}

/* A flow of ours, whose entry was reached, is as said. 'until_s': forgotten then; 0: when its end
 * is told. True: it is new. */
static bool note_reached(struct replication *replication, struct replication_router *router,
                         struct model_flow_entry *entry, bool new, const struct model_flow *flow,
                         uint32_t until_s)
{
	bool claimed = !new &&keeps_claim(&entry->flow, flow);

	entry->seen = replication->comparison;
	entry->until_s = until_s;
	if (!new) {
		if (model_flow_equal(&entry->flow, flow))
			return false;
		entry->flow = *flow;
	}
	if (!claimed)
		model_flow_claims_add(&router->claims, &router->flows, entry);
	if (!new &&retell(replication, router, entry, flow))
		return false;
	tell(replication, router, flow);
	entry->place = (uint16_t)(replication->batch_count - 1);
	return new;
}

static void note(struct replication *replication, struct replication_router *router,
                 const struct model_flow *flow, uint32_t until_s)
{
	bool new;
	struct model_flow_entry *entry = reach(replication, router, flow, &new);

	if (entry)
		(void)note_reached(replication, router, entry, new, flow, until_s);
}

/* --- IPVS's time-outs --- */

static uint32_t until(const struct model_flow *flow, uint32_t now_s)
{
	uint32_t timeout_s = flow->timeout_s;

	if (timeout_s == 0)
		timeout_s = flow->protocol == IPPROTO_UDP && !flow->template ? UDP_TIMEOUT_S
		                                                             : UNTOLD_TIMEOUT_S;
	return now_s + TIMEOUT_MARGIN_S + timeout_s;
}

/* Connection tracking forgets a UDP flow after 30 or 120 s without a packet, IPVS after 300 s:
 * until then its next packet goes to the same server, here, and so it shall at a peer. */
void replication_observe_rest(struct replication *replication, struct replication_router *router,
                              const struct model_flow *flow)
{
	const struct model_flow_entry *entry = model_flow_table_find(&router->flows, flow);
	struct model_flow resting;

	if (!entry || entry->flow.state == MODEL_FLOW_CLOSING)
		return;
	resting = entry->flow;
	resting.state = MODEL_FLOW_CLOSING;
	note(replication, router, &resting, replication_now_s() + UDP_TIMEOUT_S);
}

/* --- connection tracking --- */

static bool find_served(void *ctx, const struct addr *virtual, uint8_t protocol, uint16_t port,
                        struct conntrack_served *ret_served)
{
	struct replication *replication = ctx;
	const struct replication_place *place =
		replication_index_find(&replication->index, virtual, protocol, port);

	if (!place)
		return false;
	*ret_served = (struct conntrack_served){
		.forwarding = place->forwarding,
		.virtual_port = replication_place_virtual_port(place, port),
		.mark = place->mark,
		.owner = (void *)place,
	};
	return true;
}

void replication_observe_told(void *ctx, enum conntrack_event event,
                              const struct conntrack_entry *entry)
{
	struct replication *replication = ctx;
	const struct conntrack_lookup lookup = {.find = find_served, .ctx = replication};
	struct conntrack_served served;
	struct model_flow flow;
	enum conntrack_verdict verdict =
		conntrack_flow_from_entry(event, entry, &lookup, &flow, &served);
	const struct replication_place *place = served.owner;
	struct replication_router *router;

	replication->verdicts[verdict]++;
	if (verdict != CONNTRACK_TELL)
		return;
	router = &replication->routers[place->router];
	if (flow.source.family != ADDR_NONE)
		replication_index_note_source(&replication->index, place, &flow.source);
	if (router->state != MODEL_ROUTER_ACTIVE) {
		/* Ours from before, whose last IPVS connection ended here: it lives elsewhere. */
		if (flow.state == MODEL_FLOW_GONE)
			replication_replica_restore(replication, router, &flow);
	} else if (flow.state == MODEL_FLOW_GONE && flow.protocol == IPPROTO_UDP) {
		replication_observe_rest(replication, router, &flow);
	} else if (flow.state == MODEL_FLOW_GONE) {
		replication_observe_forget(replication, router, &flow);
	} else {
		note(replication, router, &flow, 0);
	}
}

static void lost(struct replication *replication)
{
	for (size_t i = 0; i < replication->router_count; i++) {
		if (replication->book && replication->routers[i].state == MODEL_ROUTER_ACTIVE)
			peer_book_lost(replication->book, replication->routers[i].name,
			               mono_now_us());
	}
	replication_compare_in(replication, 0);
}

static void weigh(struct replication *replication)
{
	if (!replication_rush_weigh(&replication->rush, mono_now_us()))
		return;
	log_debug("peer", "%s",
	          replication->rush.on ? "many connections begin: where IPVS knows all of them it "
	                                 "tells alone"
	                               : "connection tracking tells of all connections again");
	/* IPVS's daemon forgets what it had not told by then: connection tracking tells of it,
	 * since it is heard no more only after this, and again before that. */
	if (replication->rush.on)
		replication_ipvs_expect(replication);
	replication_foreseen_update(replication);
	if (!replication->rush.on)
		replication_ipvs_expect(replication);
}

/* How many there were. */
static uint64_t take_events(struct replication *replication)
{
	const struct conntrack_counters *counters =
		conntrack_kernel_counters(replication->conntrack);
	uint64_t before = counters->events;
	int rc = conntrack_kernel_receive(replication->conntrack, replication_observe_told,
	                                  replication);

	replication_observe_flush(replication);
	if (rc == -ENOBUFS) {
		log_warn("peer", "connection tracking told more than could be read: comparing");
		lost(replication);
	}
	weigh(replication);
	replication_book_arm(replication);
	return counters->events - before;
}

void replication_observe_catch_up(struct replication *replication)
{
	if (replication->conntrack)
		(void)take_events(replication);
}

static void gather(struct replication *replication, uint64_t taken)
{
	int64_t pause_us = replication->rush.on ? GATHER_RUSH_US : GATHER_US;

	if (taken >= EVENTS_A_TURN)
		pause_us = 0;
	loop_deadline_arm(&replication->events_tick, mono_now_us() + pause_us);
}

static void events_ready(struct loop_fd *fd, bool readable, bool writable)
{
	struct replication *replication = lt_container_of(fd, struct replication, conntrack_events);
	int64_t now_us = mono_now_us();

	if (now_us - replication->events_since_us > GATHER_US) {
		replication->events_since_us = now_us;
		replication->events_recent = 0;
	}
	replication->events_recent += take_events(replication);
	if (replication->events_recent <= EVENTS_FEW)
		return;
	gather(replication, replication->events_recent);
	loop_fd_want(fd, false, false);
}

static void gathered(struct loop_deadline *deadline)
{
	struct replication *replication =
		lt_container_of(deadline, struct replication, events_tick);
	uint64_t taken;

	if (!replication->conntrack)
		return;
	taken = take_events(replication);
	if (taken > EVENTS_FEW)
		gather(replication, taken);
	else
		loop_fd_want(&replication->conntrack_events, true, false);
}

int replication_observe_init(struct replication *replication)
{
	replication->events_tick.expired = gathered;
	return loop_deadline_init(replication->loop, &replication->events_tick);
}

void replication_observe_done(struct replication *replication)
{
	loop_deadline_done(&replication->events_tick);
}

int replication_observe_open(struct replication *replication)
{
	struct text why = {0};
	int rc = conntrack_kernel_open(&replication->conntrack, &why);

	if (rc)
		problems_add(&replication->problems, "connections of NAT can't be followed: %s",
		             text_str(&why));
	text_done(&why);
	if (rc)
		return rc;
	replication->conntrack_events.ready = events_ready;
	replication->conntrack_events.fd = conntrack_kernel_event_fd(replication->conntrack);
	loop_fd_start(replication->loop, &replication->conntrack_events, true, false);
	return 0;
}

void replication_observe_close(struct replication *replication)
{
	loop_deadline_arm(&replication->events_tick, TIME_NEVER);
	loop_fd_stop(&replication->conntrack_events);
	loop_fd_stop(&replication->conntrack_dump);
	conntrack_kernel_close(replication->conntrack);
	replication->conntrack = NULL;
	replication->comparing = false;
}

void replication_observe_watch(struct replication *replication)
{
	if (!replication->conntrack)
		return;
	int rc = conntrack_kernel_watch(replication->conntrack, replication->virtuals,
	                                replication->virtual_count);
	if (rc)
		log_warn("peer", "connection tracking can't be listened to: %s", strerror(-rc));
	replication_observe_hear(replication);
	replication_compare_in(replication, 0);
}

/* The kernel makes events only of kinds that somebody hears. Of UDP the beginning is told, of TCP
 * and SCTP that they are established, which is a change. A node that only follows hears of neither,
 * or each flow that it is told of and gives to its kernel would be made an event of. */
void replication_observe_hear(struct replication *replication)
{
	bool active = false, follows = false, beginnings = false, changes = false;

	if (!replication->conntrack)
		return;
	for (size_t i = 0; i < replication->router_count; i++) {
		active |= replication->routers[i].state == MODEL_ROUTER_ACTIVE;
		follows |= replication->routers[i].state != MODEL_ROUTER_ACTIVE;
	}
	for (size_t i = 0; active && i < replication->index.count; i++) {
		const struct replication_place *place = &replication->index.places[i];

		bool alone = place->source_nat ? replication_foreseen_is_alone(replication)
		                               : replication->rush.on;

		if (!replication_is_tracked(replication, place) ||
		    (alone && replication_is_told_twice(replication, place)))
			continue;
		beginnings |= place->protocol == IPPROTO_UDP;
		changes |= place->protocol != IPPROTO_UDP;
	}
	/* In a rush ends are found by comparing, and by IPVS's time-outs. */
	int rc = conntrack_kernel_hear(replication->conntrack, beginnings, changes,
	                               beginnings || changes || follows || !replication->rush.on);
	if (rc)
		log_warn("peer", "connection tracking can't be listened to: %s", strerror(-rc));
}

void replication_observe_tick(struct replication *replication, int64_t now_us)
{
	if (replication->conntrack)
		replication_compare_tick(replication, now_us);
	replication_observe_flush(replication);
	weigh(replication);
}

/* --- IPVS --- */

/* A new flow of a client's port whose former one waits to be forgotten, or a server is gone. */
static bool is_another(const struct model_flow *before, const struct model_flow *flow)
{
	return (before->state == MODEL_FLOW_CLOSING && flow->state == MODEL_FLOW_ESTABLISHED) ||
	       !model_flow_same_server(before, flow);
}

/* Of a flow that both tell of, connection tracking's word is the better one: IPVS does not know
 * whether it was answered. */
static void seen_one(struct replication *replication, const struct replication_place *place,
                     struct model_flow *flow, uint32_t now_s)
{
	struct replication_router *router = &replication->routers[place->router];
	struct model_flow_entry *entry;
	uint32_t until_s;
	bool begins;

	if (!flow->template)
		flow->virtual_port = replication_place_virtual_port(place, flow->ipvs_port);
	flow->mark = place->mark;
	until_s = until(flow, now_s);
	flow->timeout_s = 0; /* counts down; a peer renews what it was not told the end of */
	entry = reach(replication, router, flow, &begins);
	if (!entry)
		return;
	if (!begins && entry->flow.state == MODEL_FLOW_OPENING && flow->protocol == IPPROTO_UDP &&
	    replication_is_tracked(replication, place) && !flow->template)
		flow->state = MODEL_FLOW_OPENING;
	if (place->source_nat && !flow->template) {
		if (begins || is_another(&entry->flow, flow)) {
			if (!replication_foreseen_complete(replication, place,
			                                   begins ? NULL : &entry->flow, flow))
				return;
			if (begins)
				entry->flow = *flow;
		} else {
			flow->source = entry->flow.source;
			flow->source_port = entry->flow.source_port;
		}
	}
	if (note_reached(replication, router, entry, begins, flow, until_s) &&
	    replication->rush.on && replication_is_told_twice(replication, place) &&
	    !flow->template)
		replication->rush.flows++;
}

void replication_observe_seen(void *ctx, const struct model_flow *flows, size_t count)
{
	struct replication *replication = ctx;
	const struct replication_place *place = NULL;
	uint32_t now_s = replication_now_s();

	/* What connection tracking told of flows that began before these has to be known. */
	if (replication->foreseen.heeded)
		replication_observe_catch_up(replication);
	for (size_t i = 0; i < count; i++) {
		struct model_flow flow = flows[i];

		flow.ipvs_port = flow.virtual_port;
		if (!place || !replication_place_holds(place, &flow))
			place = replication_index_find_flow(&replication->index, &flow);
		if (!place || replication->routers[place->router].state != MODEL_ROUTER_ACTIVE)
			continue;
		/* Connection tracking tells of NAT, sooner, and mostly it alone knows what source
		 * NAT did. */
		if (flow.template || !replication_is_tracked(replication, place) ||
		    replication_is_told_twice(replication, place))
			seen_one(replication, place, &flow, now_s);
	}
}

void replication_observe_told_all(struct replication *replication)
{
	replication_observe_flush(replication);
	weigh(replication);
	replication_book_arm(replication);
}

void replication_observe_expire(struct replication *replication, struct replication_router *router,
                                struct model_flow_entry *entry)
{
	replication_observe_forget(replication, router, &entry->flow);
}

void replication_observe_late(struct replication *replication, struct replication_router *router,
                              const struct model_flow *flow)
{
	note(replication, router, flow,
	     conntrack_flow_needs_entry(flow) ? 0 : until(flow, replication_now_s()));
}

void replication_observe_takeover(struct replication *replication,
                                  struct replication_router *router)
{
	uint32_t now_s = replication_now_s();
	struct model_flow_entry *entry;
	size_t slot = 0;

	/* What connection tracking will not tell of ends by its time-out, unless IPVS speaks of it.
	 * A comparison that is under way has passed by flows which were not ours by then: they are
	 * no more unseen than what comes behind them. */
	for (; (entry = model_flow_table_from(&router->flows, slot, &slot)); slot++) {
		entry->until_s =
			conntrack_flow_needs_entry(&entry->flow) ? 0 : until(&entry->flow, now_s);
		entry->seen = replication->comparison;
		if (router->claims.size == 0) /* the first one with a source claims for all */
			model_flow_claims_add(&router->claims, &router->flows, entry);
	}
	replication_compare_in(replication, router->flows.count ? TAKEOVER_US : 0);
	replication_adopt_begin(replication);
}
