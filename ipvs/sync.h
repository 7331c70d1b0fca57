/* SPDX-License-Identifier: GPL-2.0-or-later */
/* ipvs/sync.h - IPVS connections in and out of the kernel, by its own sync daemons on an interface
 * of ours.
 *
 * I/O on the main loop, never waits but for ipvs_sync_flush(). In: flows that a peer told of become
 * IPVS connections (backup daemon). Out: every connection the kernel balances, within
 * IPVS_SYNC_BOUND_US of the packet that established it (master daemon). What conntrack tells of NAT
 * flows sooner comes here too, without its source. When much comes it is read less often, and
 * pulses that nobody needs are left out, as they are while no packet comes; when much is expected
 * it comes in larger datagrams.
 *
 * What becomes of an injected flow:
 * - it counts as active or inactive of its real server, as one balanced here, once that server is
 *   in its virtual service (weight 0 will do). If it isn't, packets are forwarded all the same, in
 *   the way the flow says, uncounted, until the flow is put again after the server has come.
 * - put again: state, counts and time-out are renewed; another server replaces the first.
 * - it isn't told back by the master daemon here, until packets of it arrive here.
 * - MODEL_FLOW_GONE ends it after a second; conntrack's entry of it, if any, goes with it.
 * - it expires timeout_s after it was put last, unless packets come; the kernel's own tells are
 *   IPVS_SYNC_REFRESH_S apart, so give it that much more than it had.
 * - connections aren't tied to their client's template; a template lives as long as it was put for,
 *   and is renewed by the owner's. */

#ifndef LINTEL_IPVS_SYNC_H
#define LINTEL_IPVS_SYNC_H

#include "ipvs/sync_inject.h"
#include "ipvs/sync_listen.h"
#include "lib/loop.h"

#define IPVS_SYNC_REFRESH_S     10 /* net.ipv4.vs.sync_refresh_period that is wanted */
/* A pulse's distance, what the kernel waits once it has something to send (HZ / 50), and a turn of
 * the loop. */
#define IPVS_SYNC_BOUND_US      (IPVS_SYNC_PULSE_US + 20000 + 10000)

/* While many are expected: what is told waits for company, and a pulse for what it would make
 * needless, before the same again. */
#define IPVS_SYNC_BOUND_MANY_US (20000 + 30000 + IPVS_SYNC_PULSE_MANY_US + 20000 + 10000)
/* Until all is told, and the master daemon started again, after few are expected again. */
#define IPVS_SYNC_CHANGE_US     200000

enum ipvs_sync_loss {
	IPVS_SYNC_LOST_IN,  /* injected: put all flows again */
	IPVS_SYNC_LOST_OUT, /* told by the kernel: read its table */
};
const char *ipvs_sync_loss_name(enum ipvs_sync_loss loss); /* "in" */

struct ipvs_sync;
/* All are called from the loop. 'flows' are lent. */
struct ipvs_sync_handler {
	void (*seen)(void *ctx, const struct model_flow *flows, size_t count);
	/* There is no more to be seen for now: what was can be told on. NULL accepted. */
	void (*read)(void *ctx);
	void (*lost)(void *ctx, enum ipvs_sync_loss loss);
	/* All that was put has been sent: after ipvs_sync_put() took less than it was given, go
	 * on. NULL accepted. */
	void (*drained)(void *ctx);
	void *ctx;
};

/* Makes the interface and starts the backup daemon. What failed: ipvs_sync_open_text(). */
LT_MUST_USE int ipvs_sync_open(struct loop *loop, const struct ipvs_sync_handler *handler,
                               struct ipvs_sync **ret_sync);
/* Stops the daemons and removes the interface; connections stay. NULL accepted. */
void ipvs_sync_close(struct ipvs_sync *sync);
/* What -errno of opening and of listening means and what to do about it; into 'buf'. */
#define IPVS_SYNC_TEXT_SIZE 256
const char *ipvs_sync_open_text(int err, char buf[static IPVS_SYNC_TEXT_SIZE]);

/* Starts (or goes on with) the master daemon and the pulses that keep it quick, in the family of
 * which there are virtual servers; ADDR_NONE stops both. The settings net.ipv4.vs.sync_* must be
 * made before it is called the first time. 0 or -errno as of opening. */
LT_MUST_USE int ipvs_sync_listen(struct ipvs_sync *sync, enum addr_family family);

/* Are so many connections expected that large datagrams are full in no time? Then the master daemon
 * tells in those, for a quarter of what small ones cost the kernel. The sizes differ by how it is
 * started, and what it had not told when it is started again is lost: so somebody else must still
 * tell of connections when this is called with true, and tell of them again from before it is
 * called with false until IPVS_SYNC_CHANGE_US later. Before the master daemon runs it may be called
 * at any time. Not with true while IPVS has connections to tell that nobody else ever tells of
 * (direct, tunnel, persistence). With fewer than a thousand a second it costs more than it saves;
 * they are known all the same, within IPVS_SYNC_BOUND_MANY_US. */
void ipvs_sync_expect(struct ipvs_sync *sync, bool many);

/* Gives flows to the kernel, soon. How many were taken: fewer than 'count' when the queue is full
 * (then wait for 'drained'). Those that can't be told are taken and counted. */
size_t ipvs_sync_put(struct ipvs_sync *sync, const struct model_flow *flows, size_t count);
/* Sends what was put at once, as far as there is room, instead of in the next turn of the loop. */
void ipvs_sync_send(struct ipvs_sync *sync);
/* Has the kernel taken in all that was put? */
bool ipvs_sync_settled(struct ipvs_sync *sync);
/* Waits for that, at most so long. What ipvs_sync_settled() then says. */
bool ipvs_sync_flush(struct ipvs_sync *sync, int64_t limit_us);

struct ipvs_sync_status {
	struct ipvs_sync_inject_counters in;
	struct ipvs_sync_listen_counters out;
	size_t queued; /* datagrams that wait */
	bool listening;
	int64_t pulse_us; /* when one of our own connections was last heard of; 0: never. Seconds
	                     ago, with virtual servers there: a packet filter drops UDP port
	                     IPVS_SYNC_IN_PORT on IPVS_SYNC_INTERFACE, or a setting is wrong */
};
struct ipvs_sync_status ipvs_sync_status(const struct ipvs_sync *sync);

#endif
