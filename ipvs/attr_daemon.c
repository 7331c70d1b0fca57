/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ipvs/attr_daemon.h"

#include "lib/genl.h"

#include <errno.h>
#include <linux/genetlink.h>
#include <linux/ip_vs.h>
#include <string.h>

const char *ipvs_daemon_role_name(enum ipvs_daemon_role role)
{
	switch (role) {
	case IPVS_DAEMON_MASTER:
		return "master";
	case IPVS_DAEMON_BACKUP:
		return "backup";
	}
	return "?";
}

void ipvs_attr_daemon_start(struct nl_batch *batch, uint16_t family,
                            const struct ipvs_daemon *daemon)
{
	struct nlmsghdr *message = genl_begin(batch, family, IPVS_CMD_NEW_DAEMON, 0);
	struct nlattr *nest = mnl_attr_nest_start(message, IPVS_CMD_ATTR_DAEMON);

	mnl_attr_put_u32(message, IPVS_DAEMON_ATTR_STATE, daemon->role);
	mnl_attr_put_strz(message, IPVS_DAEMON_ATTR_MCAST_IFN, daemon->interface);
	mnl_attr_put_u32(message, IPVS_DAEMON_ATTR_SYNC_ID, daemon->id);
	if (daemon->size)
		mnl_attr_put_u16(message, IPVS_DAEMON_ATTR_SYNC_MAXLEN, daemon->size);
	if (daemon->group.family == ADDR_IPV4)
		mnl_attr_put(message, IPVS_DAEMON_ATTR_MCAST_GROUP, 4, daemon->group.bytes);
	if (daemon->port) /* in host order, alone of all */
		mnl_attr_put_u16(message, IPVS_DAEMON_ATTR_MCAST_PORT, daemon->port);
	mnl_attr_nest_end(message, nest);
	nl_batch_end(batch, message);
}

void ipvs_attr_daemon_stop(struct nl_batch *batch, uint16_t family, enum ipvs_daemon_role role)
{
	struct nlmsghdr *message = genl_begin(batch, family, IPVS_CMD_DEL_DAEMON, 0);
	struct nlattr *nest = mnl_attr_nest_start(message, IPVS_CMD_ATTR_DAEMON);

	mnl_attr_put_u32(message, IPVS_DAEMON_ATTR_STATE, role);
	mnl_attr_nest_end(message, nest);
	nl_batch_end(batch, message);
}

void ipvs_attr_get_daemons(struct nl_batch *batch, uint16_t family)
{
	nl_batch_end(batch, genl_begin(batch, family, IPVS_CMD_GET_DAEMON, NLM_F_DUMP));
}

static void read_one(const struct nlattr *attr, struct ipvs_daemon *daemon)
{
	size_t size = mnl_attr_get_payload_len(attr);
	const char *text = mnl_attr_get_payload(attr);

	switch (mnl_attr_get_type(attr)) {
	case IPVS_DAEMON_ATTR_STATE:
		if (size == 4 && mnl_attr_get_u32(attr) <= IPVS_DAEMON_BACKUP)
			daemon->role = (uint8_t)mnl_attr_get_u32(attr);
		break;
	case IPVS_DAEMON_ATTR_MCAST_IFN:
		if (strnlen(text, size) < sizeof(daemon->interface))
			memcpy(daemon->interface, text, strnlen(text, size));
		break;
	case IPVS_DAEMON_ATTR_SYNC_ID:
		if (size == 4)
			daemon->id = (uint8_t)mnl_attr_get_u32(attr);
		break;
	case IPVS_DAEMON_ATTR_SYNC_MAXLEN:
		if (size == 2)
			daemon->size = mnl_attr_get_u16(attr);
		break;
	case IPVS_DAEMON_ATTR_MCAST_GROUP:
		if (size == 4)
			daemon->group = addr_make(ADDR_IPV4, text);
		break;
	case IPVS_DAEMON_ATTR_MCAST_PORT:
		if (size == 2)
			daemon->port = mnl_attr_get_u16(attr);
		break;
	default: /* others don't concern us */
		break;
	}
}

int ipvs_attr_daemon(const struct nlmsghdr *message, struct ipvs_daemon *ret_daemon)
{
	struct ipvs_daemon daemon = {0};
	const struct nlattr *attr, *inner;

	if (mnl_nlmsg_get_payload_len(message) < sizeof(struct genlmsghdr))
		return -EBADMSG;
	mnl_attr_for_each (attr, message, sizeof(struct genlmsghdr)) {
		if (mnl_attr_get_type(attr) != IPVS_CMD_ATTR_DAEMON)
			continue;
		mnl_attr_for_each_nested (inner, attr) {
			read_one(inner, &daemon);
		}
	}
	if (!daemon.role || !*daemon.interface)
		return -EBADMSG;
	*ret_daemon = daemon;
	return 0;
}
