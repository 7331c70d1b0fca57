/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Apart from genl.c because it only builds: the attribute coders, which are pure, use it. */

#include "lib/genl.h"

#include <linux/genetlink.h>

struct nlmsghdr *genl_begin(struct nl_batch *batch, uint16_t family, uint8_t command,
                            uint16_t flags)
{
	struct nlmsghdr *message = nl_batch_begin(batch, family, flags);
	struct genlmsghdr *head = mnl_nlmsg_put_extra_header(message, sizeof(*head));

	head->cmd = command;
	head->version = 1;
	return message;
}
