/* SPDX-License-Identifier: GPL-2.0-or-later */
/* lib/nl_batch.c - messages under construction, and what an answer is: the pure half of lib/nl.h.
 *
 * A batch is one growing block. Messages lie in it one after the other as sendmsg(2) wants them, so
 * sending copies nothing. */

#include "lib/nl.h"

#include "lib/mem.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

/* Room for a chunk of ordinary messages and one more: memory that is not written to costs nothing,
 * and moving what has been written does. */
#define INITIAL_CAPACITY (8 * NL_MESSAGE_MAX)

static void make_room(struct nl_batch *batch, size_t message_max)
{
	if (batch->capacity - batch->size < message_max) {
		size_t initial = message_max == NL_MESSAGE_MAX ? INITIAL_CAPACITY : 8 * message_max;

		batch->capacity = 2 * batch->capacity + message_max > initial
		                          ? 2 * batch->capacity + message_max
		                          : initial;
		batch->data = xrealloc(batch->data, batch->capacity);
	}
	if (batch->count == batch->starts_capacity) {
		batch->starts_capacity = batch->starts_capacity * 2 + 16;
		batch->starts = xreallocarray(batch->starts, batch->starts_capacity,
		                              sizeof(*batch->starts));
	}
}

static struct nlmsghdr *begin(struct nl_batch *batch, uint16_t type, uint16_t flags,
                              size_t message_max)
{
	struct nlmsghdr *message;

	make_room(batch, message_max);
	message = mnl_nlmsg_put_header(batch->data + batch->size);
	message->nlmsg_type = type;
	message->nlmsg_flags = NLM_F_REQUEST | flags;
	message->nlmsg_seq = (uint32_t)batch->count; /* numbered by the channel when it is sent */
	return message;
}

struct nlmsghdr *nl_batch_begin(struct nl_batch *batch, uint16_t type, uint16_t flags)
{
	return begin(batch, type, flags, NL_MESSAGE_MAX);
}

struct nlmsghdr *nl_batch_begin_short(struct nl_batch *batch, uint16_t type, uint16_t flags)
{
	return begin(batch, type, flags, NL_MESSAGE_SHORT_MAX);
}

void nl_batch_end(struct nl_batch *batch, struct nlmsghdr *message)
{
	assert((char *)message == batch->data + batch->size);
	assert(message->nlmsg_len <= NL_MESSAGE_MAX);
	batch->starts[batch->count++] = batch->size;
	batch->size += MNL_ALIGN(message->nlmsg_len);
}

void nl_batch_clear(struct nl_batch *batch)
{
	batch->size = 0;
	batch->count = 0;
}

void nl_batch_done(struct nl_batch *batch)
{
	free(batch->data);
	free(batch->starts);
	*batch = (struct nl_batch){0};
}

bool nl_message_ok(const struct nlmsghdr *message, int left)
{
	return left >= (int)sizeof(*message) && message->nlmsg_len >= sizeof(*message) &&
	       message->nlmsg_len <= (uint32_t)left;
}

/* The text of an extended acknowledgement: attributes after the (possibly shortened) request that
 * was refused. */
static const char *refusal_text(const struct nlmsghdr *message)
{
	const struct nlmsgerr *error = mnl_nlmsg_get_payload(message);
	size_t offset = sizeof(*error), size = mnl_nlmsg_get_payload_len(message);
	const struct nlattr *attr;

	if (!(message->nlmsg_flags & NLM_F_ACK_TLVS))
		return "";
	if (!(message->nlmsg_flags & NLM_F_CAPPED)) {
		if (error->msg.nlmsg_len < sizeof(error->msg) || error->msg.nlmsg_len > size)
			return "";
		offset += MNL_ALIGN(error->msg.nlmsg_len) - sizeof(error->msg);
	}
	if (offset >= size)
		return "";
	mnl_attr_for_each_payload (mnl_nlmsg_get_payload_offset(message, offset), size - offset) {
		if (mnl_attr_get_type(attr) == NLMSGERR_ATTR_MSG &&
		    mnl_attr_validate(attr, MNL_TYPE_NUL_STRING) == 0)
			return mnl_attr_get_str(attr);
	}
	return "";
}

enum nl_answer_kind nl_answer_classify(const struct nlmsghdr *message, uint32_t port,
                                       uint32_t first, size_t count, struct nl_answer *ret_answer)
{
	/* unsigned arithmetic: right across the wrap of sequence numbers, too */
	uint32_t index = message->nlmsg_seq - first;
	size_t size = mnl_nlmsg_get_payload_len(message);
	int error = 0;

	if (message->nlmsg_pid != port || index >= count)
		return NL_ANSWER_FOREIGN;
	if (message->nlmsg_type < NLMSG_MIN_TYPE && message->nlmsg_type != NLMSG_ERROR &&
	    message->nlmsg_type != NLMSG_DONE)
		return NL_ANSWER_FOREIGN;
	*ret_answer = (struct nl_answer){.index = index, .text = ""};
	if (message->nlmsg_type == NLMSG_ERROR) {
		if (size < sizeof(struct nlmsgerr))
			return NL_ANSWER_MALFORMED;
		memcpy(&error, mnl_nlmsg_get_payload(message), sizeof(error));
		ret_answer->error = error > 0 ? error : -error;
		ret_answer->text = refusal_text(message);
		return NL_ANSWER_VERDICT;
	}
	if (message->nlmsg_type == NLMSG_DONE) {
		/* "long" or absent in old kernels' dumps: the first four bytes are the result */
		if (size >= sizeof(error))
			memcpy(&error, mnl_nlmsg_get_payload(message), sizeof(error));
		ret_answer->error = error < 0 ? -error : 0;
		return NL_ANSWER_END;
	}
	return NL_ANSWER_DATA;
}
