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

struct wire_reader wire_reader_make(const void *data, size_t size);
uint8_t wire_u8(struct wire_reader *r);
uint16_t wire_u16(struct wire_reader *r);
uint32_t wire_u32(struct wire_reader *r);
uint64_t wire_u64(struct wire_reader *r);
/* Copies 'size' bytes out; zeroes 'to' when they are not there. */
void wire_bytes(struct wire_reader *r, void *to, size_t size);
/* 'size' bytes in place, NULL when they are not there. */
const uint8_t *wire_view(struct wire_reader *r, size_t size);
void wire_skip(struct wire_reader *r, size_t size);
size_t wire_left(const struct wire_reader *r);

struct wire_writer wire_writer_make(void *data, size_t size);
void wire_put_u8(struct wire_writer *w, uint8_t v);
void wire_put_u16(struct wire_writer *w, uint16_t v);
void wire_put_u32(struct wire_writer *w, uint32_t v);
void wire_put_u64(struct wire_writer *w, uint64_t v);
void wire_put_bytes(struct wire_writer *w, const void *from, size_t size);
void wire_put_zeroes(struct wire_writer *w, size_t size);
/* Overwrites two bytes written before, at 'pos' (a checksum, a length). */
void wire_patch_u16(struct wire_writer *w, size_t pos, uint16_t v);

/* Byte order of single values, for attribute coders. */
uint16_t wire_be16(uint16_t host);
uint32_t wire_be32(uint32_t host);

#endif
