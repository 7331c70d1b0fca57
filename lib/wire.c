/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/wire.h"

#include <assert.h>
#include <string.h>

struct wire_reader wire_reader_make(const void *data, size_t size)
{
	return (struct wire_reader){.data = data, .size = size};
}

const uint8_t *wire_view(struct wire_reader *r, size_t size)
{
	/* An empty view of an empty buffer must not look like a failure. */
	static const uint8_t nothing[1];
	const uint8_t *at;

	if (r->failed || size > r->size - r->pos) {
		r->failed = true;
		return NULL;
	}
	if (size == 0)
		return nothing;
	at = r->data + r->pos;
	r->pos += size;
	return at;
}

static uint64_t read_number(struct wire_reader *r, size_t size)
{
	const uint8_t *at = wire_view(r, size);
	uint64_t v = 0;

	for (size_t i = 0; at && i < size; i++)
		v = v << 8 | at[i];
	return v;
}

uint8_t wire_u8(struct wire_reader *r)
{
	return (uint8_t)read_number(r, 1);
}

uint16_t wire_u16(struct wire_reader *r)
{
	return (uint16_t)read_number(r, 2);
}

uint32_t wire_u32(struct wire_reader *r)
{
	return (uint32_t)read_number(r, 4);
}

uint64_t wire_u64(struct wire_reader *r)
{
	return read_number(r, 8);
}

void wire_bytes(struct wire_reader *r, void *to, size_t size)
{
	const uint8_t *at = wire_view(r, size);

	if (size == 0)
		return;
	if (at)
		memcpy(to, at, size);
	else
		memset(to, 0, size);
}

void wire_skip(struct wire_reader *r, size_t size)
{
	wire_view(r, size);
}

size_t wire_left(const struct wire_reader *r)
{
	return r->failed ? 0 : r->size - r->pos;
}

struct wire_writer wire_writer_make(void *data, size_t size)
{
	return (struct wire_writer){.data = data, .size = size};
}

/* Room for 'size' bytes, NULL when it is not there. */
static uint8_t *take(struct wire_writer *w, size_t size)
{
	uint8_t *at;

	if (w->failed || size > w->size - w->pos) {
		w->failed = true;
		return NULL;
	}
	if (size == 0)
		return NULL;
	at = w->data + w->pos;
	w->pos += size;
	return at;
}

static void write_number(struct wire_writer *w, uint64_t v, size_t size)
{
	uint8_t *at = take(w, size);

	for (size_t i = size; at && i-- > 0; v >>= 8)
		at[i] = (uint8_t)v;
}

void wire_put_u8(struct wire_writer *w, uint8_t v)
{
	write_number(w, v, 1);
}

void wire_put_u16(struct wire_writer *w, uint16_t v)
{
	write_number(w, v, 2);
}

void wire_put_u32(struct wire_writer *w, uint32_t v)
{
	write_number(w, v, 4);
}

void wire_put_u64(struct wire_writer *w, uint64_t v)
{
	write_number(w, v, 8);
}

void wire_put_bytes(struct wire_writer *w, const void *from, size_t size)
{
	uint8_t *at = take(w, size);

	if (at)
		memcpy(at, from, size);
}

void wire_put_zeroes(struct wire_writer *w, size_t size)
{
	uint8_t *at = take(w, size);

	if (at)
		memset(at, 0, size);
}

void wire_patch_u16(struct wire_writer *w, size_t pos, uint16_t v)
{
	/* What comes before a failure may never have been written. */
	if (w->failed)
		return;
	assert(pos + 2 <= w->pos);
	w->data[pos] = (uint8_t)(v >> 8);
	w->data[pos + 1] = (uint8_t)v;
}

uint16_t wire_be16(uint16_t host)
{
	const uint8_t bytes[2] = {(uint8_t)(host >> 8), (uint8_t)host};
	uint16_t wire;

	memcpy(&wire, bytes, sizeof(wire));
	return wire;
}

uint32_t wire_be32(uint32_t host)
{
	const uint8_t bytes[4] = {(uint8_t)(host >> 24), (uint8_t)(host >> 16),
	                          (uint8_t)(host >> 8), (uint8_t)host};
	uint32_t wire;

	memcpy(&wire, bytes, sizeof(wire));
	return wire;
}
