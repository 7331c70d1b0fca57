/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Verdicts of before the start. Since a checksum guards them, each input is tried as it is and
 * again with a right last line. Laws: what is accepted is in order, and is written and read again
 * as the same. */

#include "health/memory.h"

#include "lib/crc32.h"
#include "lib/mono.h"

#include <inttypes.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define NOW_US  (INT64_C(1000) * US_PER_S)
#define WALL_US (INT64_C(1763726900) * US_PER_S)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool law)
{
	if (!law)
		abort();
}

static void try_memory(const char *data, size_t size)
{
	struct health_memory memory = {0}, again = {0};
	struct text text = {0};
	enum health_memory_verdict verdict =
		health_memory_decode(data, size, NOW_US, WALL_US, &memory);

	must(strlen(health_memory_verdict_text(verdict)) > 0);
	if (verdict != HEALTH_MEMORY_OK) {
		must(!memory.entries && memory.count == 0);
		return;
	}
	health_memory_encode(&memory, NOW_US, WALL_US, &text);
	must(health_memory_decode(text_str(&text), text.len, NOW_US, WALL_US, &again) ==
	     HEALTH_MEMORY_OK);
	must(memory.count == again.count);
	for (size_t i = 0; i < memory.count; i++) {
		const struct health_memory_entry *a = &memory.entries[i], *b = &again.entries[i];

		must(a->state != HEALTH_UNKNOWN && a->since_us <= NOW_US);
		must(addr_compare(&a->address, &b->address) == 0 && a->port == b->port);
		must(a->type == b->type && a->probe == b->probe && a->state == b->state);
		must(a->result == b->result && a->since_us == b->since_us);
	}
	health_memory_done(&memory);
	health_memory_done(&again);
	text_done(&text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct text sealed = {0};
	size_t lines = 0;

	try_memory((const char *)data, size);
	/* the last line gives way to a right one */
	while (size > 0 && data[size - 1] != '\n')
		size--;
	for (size_t i = 0; i < size; i++)
		lines += data[i] == '\n';
	text_add_len(&sealed, (const char *)data, size);
	text_printf(&sealed, "end %zu crc32 %08" PRIx32 "\n", lines > 0 ? lines - 1 : 0,
	            crc32_add(0, text_str(&sealed), sealed.len));
	try_memory(text_str(&sealed), sealed.len);
	text_done(&sealed);
	return 0;
}
