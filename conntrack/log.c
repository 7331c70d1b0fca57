/* SPDX-License-Identifier: GPL-2.0-or-later */
/* conntrack/kernel.h, flows whose packets nftables logs: nfnetlink_log. */

#include "conntrack/kernel_private.h"
#include "lib/wire.h"

#include <errno.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_log.h>
#include <linux/netlink.h>
#include <string.h>

#define LOG_BUFFER (8 << 20) /* taken only when they come */

/* Of the packet itself nothing is wanted; each is told at once. */
static void put_config(struct nl_batch *batch, uint16_t group)
{
	const struct nfulnl_msg_config_cmd bind = {.command = NFULNL_CFG_CMD_BIND};
	const struct nfulnl_msg_config_mode mode = {.copy_mode = NFULNL_COPY_META};
	struct nlmsghdr *message =
		nl_batch_begin_short(batch, NFNL_SUBSYS_ULOG << 8 | NFULNL_MSG_CONFIG, 0);
	struct nfgenmsg *header = mnl_nlmsg_put_extra_header(message, sizeof(*header));

	*header = (struct nfgenmsg){.version = NFNETLINK_V0, .res_id = wire_be16(group)};
	mnl_attr_put(message, NFULA_CFG_CMD, sizeof(bind), &bind);
	mnl_attr_put(message, NFULA_CFG_MODE, sizeof(mode), &mode);
	mnl_attr_put_u32(message, NFULA_CFG_QTHRESH, wire_be32(1));
	mnl_attr_put_u16(message, NFULA_CFG_FLAGS, wire_be16(NFULNL_CFG_F_CONNTRACK));
	nl_batch_end(batch, message);
}

static int listen_to(struct conntrack_kernel *kernel, uint16_t group)
{
	const int size = LOG_BUFFER;
	int err = nl_open(NETLINK_NETFILTER, &kernel->log);

	if (err < 0)
		return err;
	(void)setsockopt(nl_fd(kernel->log), SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size));
	put_config(&kernel->batch, group);
	err = nl_request(kernel->log, &kernel->batch, NULL, NULL);
	nl_batch_clear(&kernel->batch);
	return err == -EINVAL ? -EOPNOTSUPP : err;
}

int conntrack_kernel_log_open(struct conntrack_kernel *kernel, uint16_t group, struct text *why)
{
	int err = listen_to(kernel, group);

	if (err == 0)
		return 0;
	text_printf(why, "cannot hear what nftables logs to group %u: %s", group, strerror(-err));
	if (err == -EBUSY)
		text_add(why, " (another program does)");
	if (err == -EOPNOTSUPP)
		text_add(why, "; load the module nfnetlink_log (CONFIG_NETFILTER_NETLINK_LOG)");
	conntrack_kernel_log_close(kernel);
	return err;
}

void conntrack_kernel_log_close(struct conntrack_kernel *kernel)
{
	nl_close(kernel->log);
	kernel->log = NULL;
}

int conntrack_kernel_log_fd(const struct conntrack_kernel *kernel)
{
	return nl_fd(kernel->log);
}

int conntrack_kernel_log_receive(struct conntrack_kernel *kernel, conntrack_receiver *logged,
                                 void *ctx)
{
	return conntrack_kernel_receive_from(kernel, kernel->log, logged, ctx);
}
