/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vrrp/address_batch.h"

#include "lib/mem.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* The next message's. */
static void append_job(struct vrrp_address_batch *batch, const struct vrrp_address_job *job)
{
	size_t at = batch->messages.count;

	if (at >= batch->job_capacity) {
		batch->job_capacity = batch->job_capacity ? 2 * batch->job_capacity : 64;
		batch->jobs = xreallocarray(batch->jobs, batch->job_capacity, sizeof(*batch->jobs));
	}
	batch->jobs[at] = *job;
}

void vrrp_address_batch_append(struct vrrp_address_batch *batch, const struct vrrp_address_job *job,
                               bool replace)
{
	append_job(batch, job);
	batch->presses |= job->removes || !replace;
	if (!job->removes)
		rtnl_address_add(&batch->messages, job->link_index, &job->prefix, job->valid_s,
		                 replace);
	else
		rtnl_address_del(&batch->messages, job->link_index, &job->prefix);
}

void vrrp_address_batch_remove(struct vrrp_address_batch *batch, int link_index,
                               const struct addr_prefix *prefix)
{
	const struct vrrp_address_job job = {
		.link_index = link_index,
		.prefix = *prefix,
		.removes = true,
	};

	vrrp_address_batch_append(batch, &job, false);
}

void vrrp_address_batch_ask(struct vrrp_address_batch *batch, int link_index,
                            const struct addr *address)
{
	const struct vrrp_address_job job = {.link_index = link_index, .asks = true};

	append_job(batch, &job);
	rtnl_neighbour_use(&batch->messages, link_index, address);
}

void vrrp_address_batch_refused(void *ctx, size_t index, int error)
{
	struct vrrp_address_batch *batch = ctx;

	batch->jobs[index].error = error;
}

void vrrp_address_batch_note(struct vrrp_address_batch *batch, struct vrrp_links *links)
{
	while (batch->noted < batch->messages.count) {
		const struct vrrp_address_job *job = &batch->jobs[batch->noted++];

		if (job->asks)
			continue;
		if (job->removes)
			vrrp_links_note_removed(links, job->link_index, &job->prefix);
		else
			vrrp_links_note_added(links, job->link_index, &job->prefix, job->valid_s);
	}
}

int vrrp_address_batch_execute(struct vrrp_address_batch *batch, struct nl *nl)
{
	if (batch->messages.count == 0)
		return 0;
	return nl_batch_run(nl, &batch->messages, NL_BATCH_PIPELINED, vrrp_address_batch_refused,
	                    batch);
}

void vrrp_address_batch_conclude(struct vrrp_address_batch *batch, struct vrrp_links *links)
{
	for (size_t i = 0; i < batch->messages.count; i++) {
		const struct vrrp_address_job *job = &batch->jobs[i];

		/* Gone already is what was wanted. */
		if (job->error == 0 || job->removes || job->asks)
			continue;
		/* There already, which we did not know: no event will say so. */
		if (job->error == EEXIST) {
			vrrp_links_note_in_use(links, job->link_index, &job->prefix);
			continue;
		}
		vrrp_links_note_removed(links, job->link_index, &job->prefix);
		if (job->owner && batch->refused)
			batch->refused(batch->ctx, job->owner, job->error);
	}
	nl_batch_clear(&batch->messages);
	batch->presses = false;
	batch->noted = 0;
}

bool vrrp_address_batch_is_full(const struct vrrp_address_batch *batch)
{
	return batch->messages.count >= VRRP_ADDRESS_BATCH_STEP;
}

bool vrrp_address_batch_is_awaited(const struct vrrp_address_batch *batch)
{
	return batch->presses || vrrp_address_batch_is_full(batch);
}

bool vrrp_address_batch_has_refusals(const struct vrrp_address_batch *batch)
{
	for (size_t i = 0; i < batch->messages.count; i++)
		if (batch->jobs[i].error)
			return true;
	return false;
}

void vrrp_address_batch_move(struct vrrp_address_batch *to, struct vrrp_address_batch *from)
{
	*to = *from;
	memset(&from->messages, 0, sizeof(from->messages));
	from->jobs = NULL;
	from->job_capacity = 0;
	from->presses = false;
	from->noted = 0;
}

void vrrp_address_batch_done(struct vrrp_address_batch *batch)
{
	nl_batch_done(&batch->messages);
	free(batch->jobs);
	batch->jobs = NULL;
	batch->job_capacity = 0;
}
