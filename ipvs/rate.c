/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ipvs/rate.h"

static uint64_t per_second(uint64_t now, uint64_t before, int64_t elapsed_us)
{
	uint64_t grown = now >= before ? now - before : now;

	/* rounded to the nearest, without overflow where the counter is large */
	if (grown > UINT64_MAX / 2000000)
		return grown / (uint64_t)elapsed_us * 1000000;
	return (grown * 1000000 + (uint64_t)elapsed_us / 2) / (uint64_t)elapsed_us;
}

static bool has_rates(const struct ipvs_stats *stats)
{
	return stats->connections_per_s || stats->in_packets_per_s || stats->out_packets_per_s ||
	       stats->in_bytes_per_s || stats->out_bytes_per_s;
}

void ipvs_rate_fill(struct ipvs_stats *now, const struct ipvs_stats *before, int64_t elapsed_us)
{
	if (elapsed_us <= 0 || has_rates(now))
		return;
	now->connections_per_s = per_second(now->connections, before->connections, elapsed_us);
	now->in_packets_per_s = per_second(now->in_packets, before->in_packets, elapsed_us);
	now->out_packets_per_s = per_second(now->out_packets, before->out_packets, elapsed_us);
	now->in_bytes_per_s = per_second(now->in_bytes, before->in_bytes, elapsed_us);
	now->out_bytes_per_s = per_second(now->out_bytes, before->out_bytes, elapsed_us);
}

static const struct ipvs_stats *filled(struct arena *arena, const struct ipvs_stats *now,
                                       const struct ipvs_stats *before, int64_t elapsed_us)
{
	struct ipvs_stats *copy;

	if (!now || !before || has_rates(now))
		return now;
	copy = arena_memdup(arena, now, sizeof(*now));
	ipvs_rate_fill(copy, before, elapsed_us);
	return copy;
}

void ipvs_rate_fill_table(struct ipvs_table *now, const struct ipvs_table *before,
                          int64_t elapsed_us)
{
	for (size_t i = 0; i < now->service_count; i++) {
		struct ipvs_service *service = &now->services[i];
		const struct ipvs_service *was = ipvs_table_find(before, &service->key);

		if (!was)
			continue;
		service->stats = filled(&now->arena, service->stats, was->stats, elapsed_us);
		for (size_t j = 0; j < service->dest_count; j++) {
			struct ipvs_dest *dest = &service->dests[j];
			const struct ipvs_dest *old =
				ipvs_service_find(was, &dest->addr, dest->port);

			if (old)
				dest->stats =
					filled(&now->arena, dest->stats, old->stats, elapsed_us);
		}
	}
}
