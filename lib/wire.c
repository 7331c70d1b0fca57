/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/wire.h"

#include <assert.h>
#include <string.h>

uint64_t wire_u64(struct wire_reader *r)
{
	const uint8_t *at = wire_view(r, sizeof(uint64_t));
	uint64_t v = 0;

	for (size_t i = 0; at && i < sizeof(v); i++)
		v = v << 8 | at[i];
	return v;
}

struct wire_writer wire_writer_make(void *data, size_t size)
{
	return (struct wire_writer){.data = data, .size = size};
}

void wire_put_u64(struct wire_writer *w, uint64_t v)
{
	uint8_t *at = wire_room(w, sizeof(v));

	for (size_t i = sizeof(v); at && i-- > 0; v >>= 8)
		at[i] = (uint8_t)v;
}

void wire_put_zeroes(struct wire_writer *w, size_t size)
{
	uint8_t *at = wire_room(w, size);

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
