/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ipvs/sync.h"

#include "ipvs/sync_traffic.h"
#include "lib/mem.h"
#include "lib/mono.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Fewer in one reading wait no longer for each other. */
#define GATHERED_FEW    3
/* A pulse that nobody needs is sent all the same now and then, to see that it arrives. */
#define PULSE_ALWAYS_US US_PER_S
/* After the last packet: what it changed may not have been noted yet when the first went out. */
#define PULSES_OWED     2
/* After the last of many: when so many pulses have gone the kernel holds nothing back any more. */
#define PULSES_AFTER    3

/* How the master daemon tells, is kept quick, and is heard. */
struct pace {
	uint16_t size; /* of its datagrams */
	unsigned pulses;
	int64_t pulse_us;
	uint64_t needless; /* so many connections told between two pulses make the second needless:
	                      buffers are full before they are old */
	int64_t gather_us; /* what is told so soon after what was read waits for company so long */
	int64_t gather_max_us; /* when much comes */
};

static const struct pace pace_few = {
	.size = IPVS_SYNC_OUT_SIZE(IPVS_SYNC_PULSES),
	.pulses = IPVS_SYNC_PULSES,
	.pulse_us = IPVS_SYNC_PULSE_US,
	.needless = 140,
	.gather_us = 10000,
	.gather_max_us = 40000,
};
static const struct pace pace_many = {
	.size = IPVS_SYNC_OUT_SIZE(IPVS_SYNC_PULSES_MANY),
	.pulses = IPVS_SYNC_PULSES_MANY,
	.pulse_us = IPVS_SYNC_PULSE_MANY_US,
	.needless = 50,
	.gather_us = 30000,
	.gather_max_us = 30000,
};

struct ipvs_sync {
	struct loop *loop;
	struct ipvs_sync_handler handler;
	struct ipvs_sync_daemon daemon;
	struct ipvs_sync_inject inject;
	struct ipvs_sync_listen listen;
	struct ipvs_sync_traffic traffic;
	struct loop_fd ready;      /* the master told something */
	struct loop_deadline send; /* what waits in the queue */
	struct loop_deadline pulse;
	struct loop_deadline gather; /* until then what the master tells waits for company */
	int64_t gather_us;           /* how long */
	int64_t read_us;             /* when it was last read */
	enum addr_family family;     /* of the pulses; ADDR_NONE: not listening */
	bool refused;                /* somebody was given fewer than he put */
	uint64_t dropped, lost;      /* already told */
	int64_t pulse_us;
	int64_t pulsed_us;         /* the last one was sent */
	uint64_t told;             /* connections by the last time that one was due */
	const struct pace *pace;   /* of the master daemon that runs */
	const struct pace *wanted; /* of the next one, perhaps soon */
	unsigned pulses_left;      /* until it is started */
	unsigned pulses_owed;      /* for what the master daemon has not told yet, perhaps */
};

const char *ipvs_sync_loss_name(enum ipvs_sync_loss loss)
{
	switch (loss) {
	case IPVS_SYNC_LOST_IN:
		return "in";
	case IPVS_SYNC_LOST_OUT:
		return "out";
	}
	return "?";
}

const char *ipvs_sync_open_text(int err, char buf[static IPVS_SYNC_TEXT_SIZE])
{
	const char *text = strerror(-err);

	switch (err) {
	case -ENOENT:
		text = "the kernel has no IPVS and could not load it: modprobe ip_vs";
		break;
	case -EOPNOTSUPP:
		text = "the kernel has no dummy interfaces and could not load them: modprobe dummy";
		break;
	case -ENOTUNIQ:
		text = "an interface " IPVS_SYNC_INTERFACE " exists that is no dummy: rename it";
		break;
	case -EEXIST:
		text = "another program's IPVS sync daemon is running (see ipvsadm -L --daemon; "
		       "keepalived: lvs_sync_daemon): stop it there";
		break;
	case -EINVAL:
		text = "the kernel's sync can't be with a virtual server that has real servers of "
		       "the other address family";
		break;
	case -EPERM:
		text = "not permitted: CAP_NET_ADMIN and CAP_NET_RAW are needed";
		break;
	}
	snprintf(buf, IPVS_SYNC_TEXT_SIZE, "%s", text);
	return buf;
}

/* --- in --- */

static void tell_loss(struct ipvs_sync *sync, enum ipvs_sync_loss loss, uint64_t now,
                      uint64_t *told)
{
	bool more = now > *told;

	*told = now;
	if (more)
		sync->handler.lost(sync->handler.ctx, loss);
}

static void run_queue(struct ipvs_sync *sync)
{
	int64_t again_us = ipvs_sync_inject_run(&sync->inject);

	if (again_us > 0)
		loop_deadline_arm(&sync->send, mono_now_us() + again_us);
	tell_loss(sync, IPVS_SYNC_LOST_IN, sync->inject.counters.dropped, &sync->dropped);
	if (again_us == 0 && sync->refused) {
		sync->refused = false;
		if (sync->handler.drained)
			sync->handler.drained(sync->handler.ctx);
	}
}

static void on_send(struct loop_deadline *deadline)
{
	run_queue(lt_container_of(deadline, struct ipvs_sync, send));
}

size_t ipvs_sync_put(struct ipvs_sync *sync, const struct model_flow *flows, size_t count)
{
	size_t taken = ipvs_sync_inject_put(&sync->inject, flows, count);

	sync->refused = sync->refused || taken < count;
	if (sync->inject.used > 0 && sync->send.at_us == TIME_NEVER)
		loop_deadline_arm(&sync->send, mono_now_us());
	return taken;
}

void ipvs_sync_send(struct ipvs_sync *sync)
{
	run_queue(sync);
}

bool ipvs_sync_settled(struct ipvs_sync *sync)
{
	return ipvs_sync_inject_settled(&sync->inject);
}

bool ipvs_sync_flush(struct ipvs_sync *sync, int64_t limit_us)
{
	int64_t until_us = mono_now_us() + limit_us;

	for (;;) {
		(void)ipvs_sync_inject_run(&sync->inject);
		if (ipvs_sync_inject_settled(&sync->inject))
			return true;
		if (mono_now_us() >= until_us)
			return false;
		(void)poll(NULL, 0, 1); /* the kernel's thread has the CPU meanwhile */
	}
}

/* --- out --- */

/* How many datagrams there were. Who hears it may have called ipvs_sync_expect(), after which we
 * may listen no more. */
static uint64_t read_told(struct ipvs_sync *sync)
{
	const struct ipvs_sync_listen_counters before = sync->listen.counters;

	ipvs_sync_listen_read(&sync->listen, sync->handler.seen, sync->handler.ctx);
	if (sync->handler.read && sync->listen.counters.flows > before.flows)
		sync->handler.read(sync->handler.ctx);
	sync->read_us = mono_now_us();
	if (sync->listen.counters.pulses > before.pulses)
		sync->pulse_us = sync->read_us;
	tell_loss(sync, IPVS_SYNC_LOST_OUT, sync->listen.counters.lost, &sync->lost);
	return sync->listen.counters.datagrams - before.datagrams;
}

/* What follows closely on what was read before waits for more. */
static void on_ready(struct loop_fd *fd, bool readable, bool writable)
{
	struct ipvs_sync *sync = lt_container_of(fd, struct ipvs_sync, ready);
	int64_t before_us = sync->read_us;

	(void)writable;
	if (!readable)
		return;
	(void)read_told(sync);
	if (sync->family == ADDR_NONE || sync->read_us - before_us >= sync->pace->gather_us)
		return;
	loop_fd_want(fd, false, false);
	sync->gather_us = sync->pace->gather_us;
	loop_deadline_arm(&sync->gather, sync->read_us + sync->gather_us);
}

static void on_gathered(struct loop_deadline *deadline)
{
	struct ipvs_sync *sync = lt_container_of(deadline, struct ipvs_sync, gather);
	uint64_t count = read_told(sync);

	if (sync->family == ADDR_NONE)
		return;
	if (count == 0) {
		loop_fd_want(&sync->ready, true, false);
		return;
	}
	if (count < GATHERED_FEW)
		sync->gather_us = sync->pace->gather_us;
	else if (sync->gather_us < sync->pace->gather_max_us)
		sync->gather_us *= 2;
	loop_deadline_arm(deadline, sync->read_us + sync->gather_us);
}

/* What the one before had not sent by now it will not send. */
static int start_master(struct ipvs_sync *sync)
{
	struct ipvs_daemon foreign;

	sync->pace = sync->wanted;
	sync->pulsed_us = 0; /* the first pulse makes the connections of which there were none */
	return ipvs_sync_daemon_start(&sync->daemon, IPVS_DAEMON_MASTER, sync->pace->size,
	                              &foreign);
}

static void stop_listening(struct ipvs_sync *sync)
{
	sync->family = ADDR_NONE;
	loop_deadline_arm(&sync->pulse, TIME_NEVER);
	loop_deadline_arm(&sync->gather, TIME_NEVER);
	loop_fd_stop(&sync->ready);
	ipvs_sync_traffic_close(&sync->traffic);
	ipvs_sync_listen_close(&sync->listen);
	ipvs_sync_daemon_stop(&sync->daemon, IPVS_DAEMON_MASTER);
}

/* When that fails, listening begins anew as soon as we are asked to listen again. */
static void change_pace(struct ipvs_sync *sync)
{
	if (start_master(sync) < 0)
		stop_listening(sync);
}

void ipvs_sync_expect(struct ipvs_sync *sync, bool many)
{
	const struct pace *wanted = many ? &pace_many : &pace_few;

	if (wanted == sync->wanted)
		return;
	sync->wanted = wanted;
	sync->pulses_left = PULSES_AFTER;
	if (many && sync->pace != wanted && sync->family != ADDR_NONE)
		change_pace(sync);
}

/* Does the master daemon hold anything back that would be told too late? */
static bool needs_pulse(struct ipvs_sync *sync, int64_t now_us)
{
	uint64_t told = sync->listen.counters.flows - sync->told;

	sync->told = sync->listen.counters.flows;
	if (told >= sync->pace->needless || ipvs_sync_traffic_moved(&sync->traffic))
		sync->pulses_owed = PULSES_OWED;
	return (sync->pulses_owed > 0 && told < sync->pace->needless) ||
	       now_us - sync->pulsed_us >= PULSE_ALWAYS_US;
}

static void send_pulse(struct ipvs_sync *sync, int64_t now_us)
{
	/* A packet that can't be sent now: status shows the silence. */
	(void)!ipvs_sync_listen_pulse(&sync->listen, &sync->inject, sync->family,
	                              sync->pace->pulses);
	sync->pulsed_us = now_us;
	if (sync->pulses_owed > 0)
		sync->pulses_owed--;
}

static void on_pulse(struct loop_deadline *deadline)
{
	struct ipvs_sync *sync = lt_container_of(deadline, struct ipvs_sync, pulse);
	int64_t now_us = mono_now_us();
	bool changes = sync->pace != sync->wanted;

	if (changes && sync->pulses_left-- == 0) {
		change_pace(sync);
		if (sync->family == ADDR_NONE)
			return;
	}
	if (needs_pulse(sync, now_us) || changes)
		send_pulse(sync, now_us);
	loop_deadline_arm(deadline, now_us + sync->pace->pulse_us);
}

static int start_listening(struct ipvs_sync *sync)
{
	int err = start_master(sync);

	if (err < 0)
		return err;
	err = ipvs_sync_listen_open(&sync->listen, sync->daemon.link_index);
	if (err < 0) {
		ipvs_sync_daemon_stop(&sync->daemon, IPVS_DAEMON_MASTER);
		return err;
	}
	sync->ready = (struct loop_fd){.fd = sync->listen.packet_fd, .ready = on_ready};
	loop_fd_start(sync->loop, &sync->ready, true, false);
	ipvs_sync_traffic_open(&sync->traffic);
	sync->told = 0;
	loop_deadline_arm(&sync->pulse, mono_now_us());
	return 0;
}

int ipvs_sync_listen(struct ipvs_sync *sync, enum addr_family family)
{
	int err = 0;

	if (sync->family == ADDR_NONE && family != ADDR_NONE)
		err = start_listening(sync);
	else if (sync->family != ADDR_NONE && family == ADDR_NONE)
		stop_listening(sync);
	if (err == 0)
		sync->family = family;
	return err;
}

/* --- opening and closing --- */

int ipvs_sync_open(struct loop *loop, const struct ipvs_sync_handler *handler,
                   struct ipvs_sync **ret_sync)
{
	struct ipvs_sync *sync = xcalloc(1, sizeof(*sync));
	struct ipvs_daemon foreign;
	int err;

	sync->loop = loop;
	sync->handler = *handler;
	sync->pace = sync->wanted = &pace_few;
	sync->inject.fd = sync->listen.packet_fd = sync->listen.raw_fd = sync->traffic.fd = -1;
	sync->send.expired = on_send;
	sync->pulse.expired = on_pulse;
	sync->gather.expired = on_gathered;
	err = loop_deadline_init(loop, &sync->send);
	if (err == 0)
		err = loop_deadline_init(loop, &sync->pulse);
	if (err == 0)
		err = loop_deadline_init(loop, &sync->gather);
	if (err < 0) {
		loop_deadline_done(&sync->send);
		loop_deadline_done(&sync->pulse);
		free(sync);
		return err;
	}
	err = ipvs_sync_daemon_open(&sync->daemon);
	if (err == 0)
		err = ipvs_sync_daemon_start(&sync->daemon, IPVS_DAEMON_BACKUP, 0, &foreign);
	if (err == 0)
		err = ipvs_sync_inject_open(&sync->inject, sync->daemon.link_index);
	if (err < 0) {
		ipvs_sync_close(sync);
		return err;
	}
	*ret_sync = sync;
	return 0;
}

void ipvs_sync_close(struct ipvs_sync *sync)
{
	if (!sync)
		return;
	if (sync->family != ADDR_NONE)
		stop_listening(sync);
	ipvs_sync_inject_close(&sync->inject);
	if (sync->daemon.genl)
		ipvs_sync_daemon_close(&sync->daemon);
	loop_deadline_done(&sync->send);
	loop_deadline_done(&sync->pulse);
	loop_deadline_done(&sync->gather);
	free(sync);
}

struct ipvs_sync_status ipvs_sync_status(const struct ipvs_sync *sync)
{
	return (struct ipvs_sync_status){
		.in = sync->inject.counters,
		.out = sync->listen.counters,
		.queued = sync->inject.used,
		.listening = sync->family != ADDR_NONE,
		.pulse_us = sync->pulse_us,
	};
}
