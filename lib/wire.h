/* SPDX-License-Identifier: GPL-2.0-or-later */
/* lib/wire.h - bounded cursors over bytes from and for the network, with an error that sticks.
 *
 * Pure. Numbers are big-endian on the wire, host order in C. After the first read or write beyond
 * the end every operation does nothing (reads give 0), so a decoder reads straight through and asks
 * once. */

#ifndef LINTEL_LIB_WIRE_H
#define LINTEL_LIB_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct wire_reader {
	const uint8_t *data; /* not owned */
	size_t size;
	size_t pos;
	bool failed; /* something was read beyond the end */
};

struct wire_writer {
	uint8_t *data; /* not owned */
	size_t size;
	size_t pos;
	bool failed; /* something did not fit */
};

/* Inline, those that are called for each field of what comes and goes by the thousands: of a number
 * whose size is known little is left. */
static inline struct wire_reader wire_reader_make(const void *data, size_t size)
{
	return (struct wire_reader){.data = (const uint8_t *)data, .size = size};
}

/* 'size' bytes in place, NULL when they are not there. */
static inline const uint8_t *wire_view(struct wire_reader *r, size_t size)
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

static inline uint8_t wire_u8(struct wire_reader *r)
{
	const uint8_t *at = wire_view(r, 1);

	return at ? *at : 0;
}

static inline uint16_t wire_u16(struct wire_reader *r)
{
	const uint8_t *at = wire_view(r, 2);

	return at ? (uint16_t)(at[0] << 8 | at[1]) : 0;
}

static inline uint32_t wire_u32(struct wire_reader *r)
{
	const uint8_t *at = wire_view(r, 4);

	return at ? (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3]
	          : 0;
}

uint64_t wire_u64(struct wire_reader *r);

/* Copies 'size' bytes out; zeroes 'to' when they are not there. */
static inline void wire_bytes(struct wire_reader *r, void *to, size_t size)
{
	const uint8_t *at = wire_view(r, size);

	if (size == 0) /* then 'to' may be nothing */
		return;
	if (at)
		memcpy(to, at, size);
	else
		memset(to, 0, size);
}

static inline void wire_skip(struct wire_reader *r, size_t size)
{
	wire_view(r, size);
}

static inline size_t wire_left(const struct wire_reader *r)
{
	return r->failed ? 0 : r->size - r->pos;
}

struct wire_writer wire_writer_make(void *data, size_t size);

/* Room for 'size' bytes, NULL when it is not there or none is wanted. */
static inline uint8_t *wire_room(struct wire_writer *w, size_t size)
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

static inline void wire_put_u8(struct wire_writer *w, uint8_t v)
{
	uint8_t *at = wire_room(w, 1);

	if (at)
		*at = v;
}

static inline void wire_put_u16(struct wire_writer *w, uint16_t v)
{
	uint8_t *at = wire_room(w, 2);

	if (!at)
		return;
	at[0] = (uint8_t)(v >> 8);
	at[1] = (uint8_t)v;
}

static inline void wire_put_u32(struct wire_writer *w, uint32_t v)
{
	uint8_t *at = wire_room(w, 4);

	if (!at)
		return;
	at[0] = (uint8_t)(v >> 24);
	at[1] = (uint8_t)(v >> 16);
	at[2] = (uint8_t)(v >> 8);
	at[3] = (uint8_t)v;
}

void wire_put_u64(struct wire_writer *w, uint64_t v);

static inline void wire_put_bytes(struct wire_writer *w, const void *from, size_t size)
{
	uint8_t *at = wire_room(w, size);

	if (at)
		memcpy(at, from, size);
}

void wire_put_zeroes(struct wire_writer *w, size_t size);
/* Overwrites two bytes written before, at 'pos' (a checksum, a length). */
void wire_patch_u16(struct wire_writer *w, size_t pos, uint16_t v);

/* Byte order of single values, for attribute coders. */
static inline uint16_t wire_be16(uint16_t host)
{
	const uint8_t bytes[2] = {(uint8_t)(host >> 8), (uint8_t)host};
	uint16_t wire;

	memcpy(&wire, bytes, sizeof(wire));
	return wire;
}

static inline uint32_t wire_be32(uint32_t host)
{
	const uint8_t bytes[4] = {(uint8_t)(host >> 24), (uint8_t)(host >> 16),
	                          (uint8_t)(host >> 8), (uint8_t)host};
	uint32_t wire;

	memcpy(&wire, bytes, sizeof(wire));
	return wire;
}

#endif
