/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The ownership journal. Since a checksum guards it, each input is tried as it is and again with a
 * right last line.
 * Laws: what is accepted is in order, and is written and read again as the same. */

#include "ipvs/journal.h"

#include <inttypes.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool law)
{
	if (!law)
		abort();
}

static void try_journal(const char *data, size_t size)
{
	struct ipvs_journal journal = {0}, again = {0};
	struct text text = {0};
	enum ipvs_journal_verdict verdict = ipvs_journal_decode(data, size, &journal);

	must(strlen(ipvs_journal_verdict_text(verdict)) > 0);
	if (verdict != IPVS_JOURNAL_OK) {
		must(!journal.entries && journal.count == 0);
		return;
	}
	for (size_t i = 1; i < journal.count; i++)
		must(ipvs_key_compare(&journal.entries[i - 1].key, &journal.entries[i].key) < 0);
	ipvs_journal_encode(&journal, &text);
	must(ipvs_journal_decode(text_str(&text), text.len, &again) == IPVS_JOURNAL_OK);
	must(journal.count == again.count);
	for (size_t i = 0; i < journal.count; i++) {
		must(ipvs_key_compare(&journal.entries[i].key, &again.entries[i].key) == 0);
		must(journal.entries[i].identity.drain_timeout_us ==
		     again.entries[i].identity.drain_timeout_us);
	}
	ipvs_journal_done(&journal);
	ipvs_journal_done(&again);
	text_done(&text);
}

static uint32_t crc32_of(const char *data, size_t size)
{
	uint32_t crc = UINT32_MAX;

	for (size_t i = 0; i < size; i++) {
		crc ^= (uint8_t)data[i];
		for (int bit = 0; bit < 8; bit++)
			crc = (crc >> 1) ^ (crc & 1 ? UINT32_C(0xedb88320) : 0);
	}
	return ~crc;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct text sealed = {0};
	size_t lines = 0;

	try_journal((const char *)data, size);
	/* the last line gives way to a right one */
	while (size > 0 && data[size - 1] != '\n')
		size--;
	for (size_t i = 0; i < size; i++)
		lines += data[i] == '\n';
	text_add_len(&sealed, (const char *)data, size);
	text_printf(&sealed, "end %zu crc32 %08" PRIx32 "\n", lines > 0 ? lines - 1 : 0,
	            crc32_of(text_str(&sealed), sealed.len));
	try_journal(text_str(&sealed), sealed.len);
	text_done(&sealed);
	return 0;
}
