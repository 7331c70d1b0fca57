/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ipvs/expect.h"

#include <string.h>

static bool is_leaving(const struct ipvs_drain_entry *entry, const struct ipvs_service *service)
{
	return !entry->whole && ipvs_key_compare(&entry->key, &service->key) == 0 &&
	       !ipvs_service_find(service, &entry->addr, entry->port);
}

static void add_leaving(struct ipvs_table *table, struct ipvs_service *service,
                        const struct ipvs_drain *drain, size_t count)
{
	struct ipvs_dest *dests =
		arena_array(&table->arena, service->dest_count + count, sizeof(*dests));
	size_t end = service->dest_count;

	if (end > 0)
		memcpy(dests, service->dests, end * sizeof(*dests));
	for (size_t i = 0; i < drain->count; i++) {
		const struct ipvs_drain_entry *entry = &drain->entries[i];

		if (is_leaving(entry, service))
			dests[end++] = (struct ipvs_dest){.addr = entry->addr, .port = entry->port};
	}
	service->dests = dests;
	service->dest_count = end;
	ipvs_service_sort(service);
}

void ipvs_expect(struct ipvs_table *table, const struct ipvs_drain *drain)
{
	for (size_t i = 0; i < table->service_count; i++) {
		struct ipvs_service *service = &table->services[i];
		size_t leaving = 0;

		service->identity.title = NULL;
		service->wanted = NULL;
		service->dropped = NULL;
		service->dropped_count = 0;
		for (size_t j = 0; j < drain->count; j++)
			leaving += is_leaving(&drain->entries[j], service);
		if (leaving > 0)
			add_leaving(table, service, drain, leaving);
		for (size_t j = 0; j < service->dest_count; j++)
			service->dests[j].active = 1;
	}
}
