/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the kernel dumps of IPVS: one or more netlink messages.
 * Laws: an entry that is understood is written and read again as the same; no text is longer than
 * promised; no answer is of a message we never sent. */

#include "ipvs/attr.h"
#include "lib/mem.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool law)
{
	if (!law)
		abort();
}

/* The request that makes an entry has the form of a dumped one. */
static const struct nlmsghdr *encode(struct nl_batch *batch, const struct ipvs_op *op)
{
	nl_batch_clear(batch);
	ipvs_attr_op(batch, 30, op);
	return (const struct nlmsghdr *)batch->data;
}

static void try_service(struct nl_batch *batch, const struct nlmsghdr *message)
{
	struct ipvs_service service, again;
	char text[IPVS_TEXT_SIZE];
	struct ipvs_stats stats;
	struct ipvs_op op = {.kind = IPVS_OP_ADD_SERVICE, .service = &service};

	if (ipvs_attr_service(message, &service, &stats) < 0)
		return;
	must(strlen(ipvs_service_format(&service, text)) < IPVS_TEXT_SIZE - 1);
	must(strlen(service.scheduler) < IPVS_SCHEDULER_SIZE);
	must(!service.dests && service.dest_count == 0);
	if (service.prefix == IPVS_PREFIX_ODD) /* others' netmasks are never written */
		return;
	must(ipvs_attr_service(encode(batch, &op), &again, &stats) == 0);
	must(ipvs_key_compare(&service.key, &again.key) == 0);
	must(ipvs_service_same(&service, &again));
}

static void try_dest(struct nl_batch *batch, const struct nlmsghdr *message)
{
	const struct ipvs_service service = {.key = {.addr = {.family = ADDR_IPV4}, .mark = 1}};
	struct ipvs_dest dest, again;
	char text[IPVS_TEXT_SIZE];
	struct ipvs_stats stats;
	struct ipvs_op op = {.kind = IPVS_OP_ADD_DEST, .service = &service, .dest = &dest};

	if (ipvs_attr_dest(message, ADDR_IPV6, &dest, &stats) < 0)
		return;
	must(strlen(ipvs_dest_format(&dest, text)) < IPVS_TEXT_SIZE - 1);
	must(dest.addr.family == ADDR_IPV4 || dest.addr.family == ADDR_IPV6);
	if (dest.forwarding != IPVS_FORWARD_TUNNEL) /* theirs is not written without tunnels */
		dest.tunnel_type = dest.tunnel_flags = 0, dest.tunnel_port = 0;
	must(ipvs_attr_dest(encode(batch, &op), ADDR_NONE, &again, &stats) == 0);
	must(ipvs_dest_compare(&dest, &again) == 0);
	must(ipvs_dest_same(&dest, &again));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	/* a copy of this size, aligned as the receive buffer is */
	struct nlmsghdr *copy = xmemdup(data, size), *message = copy;
	struct nl_batch batch = {0};
	struct nl_answer answer;
	int left = (int)size;
	uint32_t value;

	while (nl_message_ok(message, left)) {
		try_service(&batch, message);
		try_dest(&batch, message);
		(void)ipvs_attr_u32(message, 1, &value);
		if (nl_answer_classify(message, message->nlmsg_pid, message->nlmsg_seq - 1, 2,
		                       &answer) != NL_ANSWER_FOREIGN)
			must(answer.index == 1 && strlen(answer.text) < size);
		message = mnl_nlmsg_next(message, &left);
	}
	nl_batch_done(&batch);
	free(copy);
	return 0;
}
