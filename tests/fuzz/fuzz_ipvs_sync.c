/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A datagram of the kernel's connection sync.
 * Laws: reading ends; what was read is written and read again as the same; a flow that fits is told
 * back as itself. */

#include "ipvs/sync_wire.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool law)
{
	if (!law)
		abort();
}

static bool same_bytes(const uint8_t *a, size_t a_size, const uint8_t *b, size_t b_size)
{
	return a_size == b_size && (a_size == 0 || memcmp(a, b, a_size) == 0);
}

static bool same(const struct ipvs_sync_entry *a, const struct ipvs_sync_entry *b)
{
	return a->protocol == b->protocol && a->flags == b->flags && a->state == b->state &&
	       a->client_port == b->client_port && a->virtual_port == b->virtual_port &&
	       a->server_port == b->server_port && a->mark == b->mark &&
	       a->timeout_s == b->timeout_s && addr_equal(&a->client, &b->client) &&
	       addr_equal(&a->virtual, &b->virtual) && addr_equal(&a->server, &b->server) &&
	       a->has_sequence == b->has_sequence && memcmp(&a->in, &b->in, sizeof(a->in)) == 0 &&
	       memcmp(&a->out, &b->out, sizeof(a->out)) == 0 &&
	       same_bytes(a->engine, a->engine_size, b->engine, b->engine_size) &&
	       same_bytes(a->engine_data, a->engine_data_size, b->engine_data, b->engine_data_size);
}

static void write_and_read(const struct ipvs_sync_entry *entry)
{
	struct ipvs_sync_writer writer;
	struct ipvs_sync_reader reader;
	struct ipvs_sync_entry again;
	uint8_t space[512];
	size_t size;

	ipvs_sync_write_begin(&writer, space, sizeof(space), 3);
	must(ipvs_sync_write(&writer, entry));
	size = ipvs_sync_write_end(&writer);
	must(size <= sizeof(space));
	must(ipvs_sync_read_begin(&reader, space, size) == IPVS_SYNC_ENTRY && reader.id == 3);
	must(ipvs_sync_read(&reader, &again) == IPVS_SYNC_ENTRY && same(entry, &again));
	must(ipvs_sync_read(&reader, &again) == IPVS_SYNC_END);
}

static void try_flow(const struct ipvs_sync_entry *entry)
{
	struct model_flow flow, again;
	struct ipvs_sync_entry told;
	enum ipvs_sync_fit fit = ipvs_sync_to_flow(entry, &flow);

	must(fit < IPVS_SYNC_FIT_COUNT && strcmp(ipvs_sync_fit_name(fit), "?") != 0);
	if (fit != IPVS_SYNC_FITS)
		return;
	must(ipvs_sync_of_flow(&flow, &told) == IPVS_SYNC_FITS);
	must(ipvs_sync_to_flow(&told, &again) == IPVS_SYNC_FITS);
	must(model_flow_equal(&flow, &again) && flow.timeout_s == again.timeout_s);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct ipvs_sync_reader reader;
	struct ipvs_sync_entry entry;
	enum ipvs_sync_found found = ipvs_sync_read_begin(&reader, data, size);
	unsigned rounds = 0;

	while (found == IPVS_SYNC_ENTRY || found == IPVS_SYNC_UNKNOWN_OPTION) {
		must(rounds++ <= IPVS_SYNC_COUNT_MAX);
		found = ipvs_sync_read(&reader, &entry);
		if (found != IPVS_SYNC_ENTRY)
			continue;
		write_and_read(&entry);
		try_flow(&entry);
	}
	must(found < IPVS_SYNC_FOUND_COUNT && strcmp(ipvs_sync_found_name(found), "?") != 0);
	return 0;
}
