/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ipvs/sync_daemon.h"

#include "lib/genl.h"
#include "lib/rtnl.h"
#include "lib/wire.h"

#include <errno.h>
#include <linux/ip_vs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MTU 8192

/* --- the interface --- */

static int find_link(struct ipvs_sync_daemon *daemon, struct rtnl_link *ret_link)
{
	struct rtnl_link *links;
	size_t count;
	int err = rtnl_links(daemon->rtnl, &links, &count);

	if (err < 0)
		return err;
	err = -ENODEV;
	for (size_t i = 0; i < count; i++) {
		if (strcmp(links[i].name, IPVS_SYNC_INTERFACE) != 0)
			continue;
		*ret_link = links[i];
		err = 0;
	}
	free(links);
	return err;
}

static int make_link(struct ipvs_sync_daemon *daemon)
{
	struct rtnl_link link = {0};
	int err = find_link(daemon, &link);

	if (err == -ENODEV) {
		nl_batch_clear(&daemon->batch);
		rtnl_dummy_add(&daemon->batch, IPVS_SYNC_INTERFACE, MTU);
		err = nl_request(daemon->rtnl, &daemon->batch, NULL, NULL);
		if (err == 0)
			err = find_link(daemon, &link);
	}
	if (err < 0)
		return err;
	if (strcmp(link.kind, "dummy") != 0)
		return -ENOTUNIQ;
	daemon->link_index = link.index;
	nl_batch_clear(&daemon->batch);
	rtnl_link_set_up(&daemon->batch, link.index, true);
	return nl_request(daemon->rtnl, &daemon->batch, NULL, NULL);
}

/* --- daemons --- */

struct search {
	struct ipvs_daemon found[IPVS_DAEMON_BACKUP + 1]; /* by role; role 0: none */
};

static void forget(void *ctx)
{
	memset(ctx, 0, sizeof(struct search));
}

static int note_daemon(void *ctx, const struct nlmsghdr *message)
{
	struct search *search = ctx;
	struct ipvs_daemon daemon;

	if (ipvs_attr_daemon(message, &daemon) == 0)
		search->found[daemon.role] = daemon;
	return 0;
}

static int find_daemons(struct ipvs_sync_daemon *daemon, struct search *search)
{
	const struct nl_dump dump = {.restart = forget, .entry = note_daemon, .ctx = search};

	nl_batch_clear(&daemon->batch);
	ipvs_attr_get_daemons(&daemon->batch, daemon->family);
	return nl_dump(daemon->genl, &daemon->batch, &dump);
}

static int stop(struct ipvs_sync_daemon *daemon, enum ipvs_daemon_role role)
{
	nl_batch_clear(&daemon->batch);
	ipvs_attr_daemon_stop(&daemon->batch, daemon->family, role);
	return nl_request(daemon->genl, &daemon->batch, NULL, NULL);
}

int ipvs_sync_daemon_start(struct ipvs_sync_daemon *daemon, enum ipvs_daemon_role role,
                           uint16_t size, struct ipvs_daemon *ret_foreign)
{
	const uint32_t group = wire_be32(IPVS_SYNC_GROUP);
	struct ipvs_daemon wanted = {
		.role = (uint8_t)role,
		.interface = IPVS_SYNC_INTERFACE,
		.id = IPVS_SYNC_ID,
		.size = size,
		.group = addr_make(ADDR_IPV4, &group),
		.port = role == IPVS_DAEMON_MASTER ? IPVS_SYNC_OUT_PORT : IPVS_SYNC_IN_PORT,
	};
	struct search search = {0};
	const struct ipvs_daemon *found = &search.found[role];
	int err = find_daemons(daemon, &search);

	if (err < 0)
		return err;
	if (found->role && strcmp(found->interface, IPVS_SYNC_INTERFACE) != 0) {
		*ret_foreign = *found;
		return -EEXIST;
	}
	/* What an earlier run left may hang on an interface that is gone. */
	if (found->role)
		err = stop(daemon, role);
	if (err < 0)
		return err;
	nl_batch_clear(&daemon->batch);
	ipvs_attr_daemon_start(&daemon->batch, daemon->family, &wanted);
	err = nl_request(daemon->genl, &daemon->batch, NULL, NULL);
	if (err == -EEXIST) /* somebody was quicker */
		*ret_foreign = wanted;
	daemon->running[role] = err == 0;
	return err;
}

void ipvs_sync_daemon_stop(struct ipvs_sync_daemon *daemon, enum ipvs_daemon_role role)
{
	if (daemon->running[role])
		(void)!stop(daemon, role); /* not there: just as well */
	daemon->running[role] = false;
}

/* --- opening and closing --- */

int ipvs_sync_daemon_open(struct ipvs_sync_daemon *daemon)
{
	int err;

	*daemon = (struct ipvs_sync_daemon){0};
	err = nl_open(NETLINK_GENERIC, &daemon->genl);
	if (err == 0)
		err = genl_family(daemon->genl, IPVS_GENL_NAME, &daemon->family);
	if (err == 0)
		err = nl_open(NETLINK_ROUTE, &daemon->rtnl);
	if (err == 0)
		err = make_link(daemon);
	if (err < 0)
		ipvs_sync_daemon_close(daemon);
	return err;
}

void ipvs_sync_daemon_close(struct ipvs_sync_daemon *daemon)
{
	ipvs_sync_daemon_stop(daemon, IPVS_DAEMON_MASTER);
	ipvs_sync_daemon_stop(daemon, IPVS_DAEMON_BACKUP);
	if (daemon->link_index) {
		nl_batch_clear(&daemon->batch);
		rtnl_link_del(&daemon->batch, daemon->link_index);
		(void)!nl_request(daemon->rtnl, &daemon->batch, NULL, NULL);
	}
	nl_close(daemon->genl);
	nl_close(daemon->rtnl);
	nl_batch_done(&daemon->batch);
	*daemon = (struct ipvs_sync_daemon){0};
}
