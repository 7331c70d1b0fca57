/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ipvs/sync_wire.h"

#include <string.h>

#define VERSION          1
#define TYPE_IPV6        0x01
#define ENTRY_VERSION    0xf000
#define ENTRY_SIZE_MASK  0x0fff
#define OPTION_SEQUENCE  1
#define OPTION_DATA      2
#define OPTION_ENGINE    3
#define OPTION_MAY_SKIP  0x40
#define ADDRESSES        24 /* of an entry, where they begin */
#define SEQUENCE_PAYLOAD (IPVS_SYNC_SEQUENCE_SIZE - 2)

static size_t smaller(size_t a, size_t b)
{
	return a < b ? a : b;
}

const char *ipvs_sync_found_name(enum ipvs_sync_found found)
{
	switch (found) {
	case IPVS_SYNC_ENTRY:
		return "entry";
	case IPVS_SYNC_END:
		return "end";
	case IPVS_SYNC_UNKNOWN_OPTION:
		return "unknown-option";
	case IPVS_SYNC_SHORT:
		return "short";
	case IPVS_SYNC_BAD_SIZE:
		return "bad-size";
	case IPVS_SYNC_BAD_VERSION:
		return "bad-version";
	case IPVS_SYNC_BAD_TYPE:
		return "bad-type";
	case IPVS_SYNC_BAD_OPTION:
		return "bad-option";
	case IPVS_SYNC_FOUND_COUNT:
		break;
	}
	return "?";
}

/* --- reading --- */

enum ipvs_sync_found ipvs_sync_read_begin(struct ipvs_sync_reader *reader, const void *data,
                                          size_t size)
{
	struct wire_reader wire = wire_reader_make(data, size);
	uint8_t zero = wire_u8(&wire);
	uint8_t id = wire_u8(&wire);
	uint16_t named = wire_u16(&wire);
	uint8_t count = wire_u8(&wire);
	uint8_t version = wire_u8(&wire);
	uint16_t spare = wire_u16(&wire);

	*reader = (struct ipvs_sync_reader){.wire = wire, .left = count, .id = id};
	if (wire.failed)
		return IPVS_SYNC_SHORT;
	if (named != size)
		return IPVS_SYNC_BAD_SIZE;
	return zero == 0 && version == VERSION && spare == 0 ? IPVS_SYNC_ENTRY
	                                                     : IPVS_SYNC_BAD_VERSION;
}

static uint16_t be16_at(const uint8_t *at)
{
	return (uint16_t)(at[0] << 8 | at[1]);
}

static uint32_t be32_at(const uint8_t *at)
{
	return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

static struct ipvs_sync_sequence read_sequence(struct wire_reader *wire)
{
	struct ipvs_sync_sequence sequence;

	sequence.initial = wire_u32(wire);
	sequence.delta = wire_u32(wire);
	sequence.previous_delta = wire_u32(wire);
	return sequence;
}

/* One option. IPVS_SYNC_ENTRY when it was taken, or may be ignored. */
static enum ipvs_sync_found read_option(struct wire_reader *wire, struct ipvs_sync_entry *entry)
{
	uint8_t type = wire_u8(wire);
	uint8_t size = wire_u8(wire);
	const uint8_t *data = wire_view(wire, size);
	struct wire_reader sequence;

	if (wire->failed || size == 0)
		return IPVS_SYNC_BAD_OPTION;
	switch (type & ~OPTION_MAY_SKIP) {
	case OPTION_SEQUENCE:
		if (size != SEQUENCE_PAYLOAD || entry->has_sequence)
			return IPVS_SYNC_BAD_OPTION;
		sequence = wire_reader_make(data, size);
		entry->has_sequence = true;
		entry->in = read_sequence(&sequence);
		entry->out = read_sequence(&sequence);
		return IPVS_SYNC_ENTRY;
	case OPTION_DATA:
		if (entry->engine_data_size > 0)
			return IPVS_SYNC_BAD_OPTION;
		entry->engine_data = data;
		entry->engine_data_size = size;
		return IPVS_SYNC_ENTRY;
	case OPTION_ENGINE:
		if (size > IPVS_SYNC_ENGINE_MAX || entry->engine_size > 0)
			return IPVS_SYNC_BAD_OPTION;
		entry->engine = data;
		entry->engine_size = size;
		return IPVS_SYNC_ENTRY;
	default:
		return type & OPTION_MAY_SKIP ? IPVS_SYNC_ENTRY : IPVS_SYNC_UNKNOWN_OPTION;
	}
}

/* The body of an entry: all of 'wire'. */
static enum ipvs_sync_found read_entry(struct wire_reader *wire, struct ipvs_sync_entry *entry)
{
	const uint8_t *at = wire_view(wire, ADDRESSES);
	const uint8_t *addresses;
	enum addr_family family;
	size_t size;

	if (!at)
		return IPVS_SYNC_SHORT;
	if (at[0] & TYPE_IPV6)
		family = ADDR_IPV6;
	else if (at[0] == 0)
		family = ADDR_IPV4;
	else
		return IPVS_SYNC_BAD_TYPE;
	size = family == ADDR_IPV6 ? 16 : 4;
	addresses = wire_view(wire, 3 * size);
	if (!addresses)
		return IPVS_SYNC_SHORT;
	*entry = (struct ipvs_sync_entry){
		.protocol = at[1],
		.flags = be32_at(at + 4),
		.state = be16_at(at + 8),
		.client_port = be16_at(at + 10),
		.virtual_port = be16_at(at + 12),
		.server_port = be16_at(at + 14),
		.mark = be32_at(at + 16),
		.timeout_s = be32_at(at + 20),
		.client = addr_make(family, addresses),
		.virtual = addr_make(family, addresses + size),
		.server = addr_make(family, addresses + 2 * size),
	};
	while (wire_left(wire) > 0) {
		enum ipvs_sync_found found = read_option(wire, entry);

		if (found != IPVS_SYNC_ENTRY)
			return found;
	}
	return IPVS_SYNC_ENTRY;
}

/* The size of the entry that comes, from its head; 0 when it isn't there. */
static enum ipvs_sync_found peek_size(const struct ipvs_sync_reader *reader, size_t *ret_size)
{
	struct wire_reader peek = reader->wire;
	uint16_t version_size;

	wire_skip(&peek, 2);
	version_size = wire_u16(&peek);
	if (peek.failed || wire_left(&reader->wire) < IPVS_SYNC_ENTRY4_SIZE ||
	    (version_size & ENTRY_SIZE_MASK) > wire_left(&reader->wire))
		return IPVS_SYNC_SHORT;
	*ret_size = version_size & ENTRY_SIZE_MASK;
	return version_size & ENTRY_VERSION ? IPVS_SYNC_BAD_VERSION : IPVS_SYNC_ENTRY;
}

enum ipvs_sync_found ipvs_sync_read(struct ipvs_sync_reader *reader,
                                    struct ipvs_sync_entry *ret_entry)
{
	struct wire_reader body;
	enum ipvs_sync_found found;
	size_t size = 0, padding;

	if (reader->left == 0)
		return IPVS_SYNC_END;
	reader->left--;
	found = peek_size(reader, &size);
	if (found == IPVS_SYNC_ENTRY) {
		body = wire_reader_make(wire_view(&reader->wire, size), size);
		found = read_entry(&body, ret_entry);
	}
	if (found != IPVS_SYNC_ENTRY && found != IPVS_SYNC_UNKNOWN_OPTION) {
		reader->left = 0;
		return found;
	}
	padding = (4 - size % 4) % 4;
	wire_skip(&reader->wire, smaller(padding, wire_left(&reader->wire)));
	return found;
}

/* --- writing --- */

void ipvs_sync_write_begin(struct ipvs_sync_writer *writer, void *data, size_t size, uint8_t id)
{
	*writer = (struct ipvs_sync_writer){
		.wire = wire_writer_make(data, smaller(size, UINT16_MAX))};
	wire_put_u8(&writer->wire, 0);
	wire_put_u8(&writer->wire, id);
	wire_put_zeroes(&writer->wire, 6);
}

static size_t entry_size(const struct ipvs_sync_entry *entry)
{
	size_t size = entry->client.family == ADDR_IPV6 ? IPVS_SYNC_ENTRY6_SIZE
	                                                : IPVS_SYNC_ENTRY4_SIZE;

	if (entry->has_sequence)
		size += IPVS_SYNC_SEQUENCE_SIZE;
	if (entry->engine_data_size > 0)
		size += 2 + (size_t)entry->engine_data_size;
	if (entry->engine_size > 0)
		size += 2 + (size_t)entry->engine_size;
	return size;
}

static void write_sequence(struct wire_writer *wire, const struct ipvs_sync_sequence *sequence)
{
	wire_put_u32(wire, sequence->initial);
	wire_put_u32(wire, sequence->delta);
	wire_put_u32(wire, sequence->previous_delta);
}

static void write_options(struct wire_writer *wire, const struct ipvs_sync_entry *entry)
{
	if (entry->has_sequence) {
		wire_put_u8(wire, OPTION_SEQUENCE);
		wire_put_u8(wire, SEQUENCE_PAYLOAD);
		write_sequence(wire, &entry->in);
		write_sequence(wire, &entry->out);
	}
	if (entry->engine_data_size > 0) {
		wire_put_u8(wire, OPTION_DATA);
		wire_put_u8(wire, entry->engine_data_size);
		wire_put_bytes(wire, entry->engine_data, entry->engine_data_size);
	}
	if (entry->engine_size > 0) {
		wire_put_u8(wire, OPTION_ENGINE);
		wire_put_u8(wire, entry->engine_size);
		wire_put_bytes(wire, entry->engine, entry->engine_size);
	}
}

bool ipvs_sync_write(struct ipvs_sync_writer *writer, const struct ipvs_sync_entry *entry)
{
	struct wire_writer *wire = &writer->wire;
	size_t size = entry_size(entry), padding = (4 - wire->pos % 4) % 4;

	if (writer->count == IPVS_SYNC_COUNT_MAX || wire->failed ||
	    wire->size - wire->pos < padding + size || entry->client.family == ADDR_NONE ||
	    entry->client.family != entry->virtual.family ||
	    entry->client.family != entry->server.family ||
	    entry->engine_size > IPVS_SYNC_ENGINE_MAX)
		return false;
	wire_put_zeroes(wire, padding);
	wire_put_u8(wire, entry->client.family == ADDR_IPV6 ? TYPE_IPV6 : 0);
	wire_put_u8(wire, entry->protocol);
	wire_put_u16(wire, (uint16_t)size);
	wire_put_u32(wire, entry->flags);
	wire_put_u16(wire, entry->state);
	wire_put_u16(wire, entry->client_port);
	wire_put_u16(wire, entry->virtual_port);
	wire_put_u16(wire, entry->server_port);
	wire_put_u32(wire, entry->mark);
	wire_put_u32(wire, entry->timeout_s);
	wire_put_bytes(wire, entry->client.bytes, addr_size(&entry->client));
	wire_put_bytes(wire, entry->virtual.bytes, addr_size(&entry->virtual));
	wire_put_bytes(wire, entry->server.bytes, addr_size(&entry->server));
	write_options(wire, entry);
	writer->count++;
	return true;
}

size_t ipvs_sync_write_end(struct ipvs_sync_writer *writer)
{
	wire_patch_u16(&writer->wire, 2, (uint16_t)writer->wire.pos);
	wire_patch_u16(&writer->wire, 4, (uint16_t)(writer->count << 8 | VERSION));
	return writer->wire.pos;
}
