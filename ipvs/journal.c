/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The file:
 *
 *   lintel ipvs journal 1
 *   6 10.77.0.100 80 80 mark 0 drain 300
 *   17 10.77.0.100 16384 16483 mark 4096 drain 300
 *   end 2 crc32 1c291ca3
 *
 * The checksum is of everything before the last line. An endpoint's key follows from its line, a
 * mark's is the mark and the family. */

#include "ipvs/journal.h"

#include "lib/crc32.h"
#include "lib/mem.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HEAD         "lintel ipvs journal "
#define VERSION      "1"
#define LINE_MAX_LEN 128
#define LINE_FIELDS  8

void ipvs_journal_done(struct ipvs_journal *journal)
{
	free(journal->entries);
	*journal = (struct ipvs_journal){0};
}

static int compare_entries(const void *a, const void *b)
{
	const struct ipvs_journal_entry *left = a, *right = b;

	return ipvs_key_compare(&left->key, &right->key);
}

const struct ipvs_journal_entry *ipvs_journal_find(const struct ipvs_journal *journal,
                                                   const struct ipvs_key *key)
{
	const struct ipvs_journal_entry wanted = {.key = *key};

	if (journal->count == 0)
		return NULL;
	return bsearch(&wanted, journal->entries, journal->count, sizeof(*journal->entries),
	               compare_entries);
}

/* --- growing and shrinking --- */

static struct ipvs_journal_entry entry_of(const struct ipvs_service *service)
{
	struct ipvs_journal_entry entry = {service->key, service->identity};

	entry.identity.title = NULL;
	if (entry.identity.vip.family == ADDR_NONE && entry.key.mark == 0) {
		entry.identity.vip = entry.key.addr;
		entry.identity.protocol = entry.key.protocol;
		entry.identity.first_port = entry.key.port;
		entry.identity.last_port = entry.key.port;
	}
	return entry;
}

static bool same_entry(const struct ipvs_journal_entry *a, const struct ipvs_journal_entry *b)
{
	return addr_equal(&a->identity.vip, &b->identity.vip) &&
	       a->identity.protocol == b->identity.protocol &&
	       a->identity.first_port == b->identity.first_port &&
	       a->identity.last_port == b->identity.last_port &&
	       a->identity.drain_timeout_us == b->identity.drain_timeout_us;
}

static bool has_all(const struct ipvs_journal *journal, const struct ipvs_table *wanted)
{
	for (size_t i = 0; i < wanted->service_count; i++) {
		struct ipvs_journal_entry entry = entry_of(&wanted->services[i]);
		const struct ipvs_journal_entry *there = ipvs_journal_find(journal, &entry.key);

		if (!there || !same_entry(&entry, there))
			return false;
	}
	return true;
}

bool ipvs_journal_extend(struct ipvs_journal *journal, const struct ipvs_table *wanted)
{
	struct ipvs_journal result = {0};
	size_t i = 0, j = 0;

	if (has_all(journal, wanted))
		return false;
	result.entries = xcalloc(journal->count + wanted->service_count, sizeof(*result.entries));
	while (i < journal->count || j < wanted->service_count) {
		int order = i == journal->count ? 1 : -1;

		if (i < journal->count && j < wanted->service_count)
			order = ipvs_key_compare(&journal->entries[i].key,
			                         &wanted->services[j].key);
		result.entries[result.count++] = order < 0 ? journal->entries[i]
		                                           : entry_of(&wanted->services[j]);
		i += order <= 0;
		j += order >= 0;
	}
	ipvs_journal_done(journal);
	*journal = result;
	return true;
}

bool ipvs_journal_trim(const struct ipvs_journal *journal, const struct ipvs_table *held,
                       struct ipvs_journal *ret_journal)
{
	struct ipvs_journal result = {0};

	result.entries = xcalloc(journal->count, sizeof(*result.entries));
	for (size_t i = 0; i < journal->count; i++) {
		if (ipvs_table_find(held, &journal->entries[i].key))
			result.entries[result.count++] = journal->entries[i];
	}
	*ret_journal = result;
	return result.count < journal->count;
}

/* --- text --- */

static void encode_entry(const struct ipvs_journal_entry *entry, struct text *out)
{
	const struct ipvs_identity *identity = &entry->identity;
	char text[ADDR_TEXT_SIZE];

	text_printf(out, "%u %s %u %u mark %" PRIu32 " drain %" PRId64 "\n", identity->protocol,
	            addr_format(&identity->vip, text), identity->first_port, identity->last_port,
	            entry->key.mark, identity->drain_timeout_us / 1000000);
}

void ipvs_journal_encode(const struct ipvs_journal *journal, struct text *out)
{
	size_t start = out->len;

	text_add(out, HEAD VERSION "\n");
	for (size_t i = 0; i < journal->count; i++)
		encode_entry(&journal->entries[i], out);
	text_printf(out, "end %zu crc32 %08" PRIx32 "\n", journal->count,
	            crc32_add(0, out->data + start, out->len - start));
}

const char *ipvs_journal_verdict_text(enum ipvs_journal_verdict verdict)
{
	static const char *const texts[IPVS_JOURNAL_VERDICTS] = {
		[IPVS_JOURNAL_OK] = "fine",
		[IPVS_JOURNAL_FOREIGN] = "is not an IPVS journal of Lintel",
		[IPVS_JOURNAL_VERSION] = "was written by another version of Lintel",
		[IPVS_JOURNAL_DAMAGED] = "is damaged (its checksum or its end is wrong)",
		[IPVS_JOURNAL_MALFORMED] = "has a line that is not understood",
		[IPVS_JOURNAL_TOO_LARGE] = "has too many entries",
	};

	return texts[verdict];
}

/* A decimal number of digits alone, up to 'max'. */
static bool parse_number(const char *text, uint64_t max, uint64_t *ret)
{
	uint64_t value = 0;

	if (*text == '\0')
		return false;
	for (; *text; text++) {
		if (*text < '0' || *text > '9')
			return false;
		value = value * 10 + (uint64_t)(*text - '0');
		if (value > max)
			return false;
	}
	*ret = value;
	return true;
}

/* Cuts a line at its blanks; false when it hasn't exactly LINE_FIELDS fields. */
static bool split(char *line, const char *fields[LINE_FIELDS])
{
	size_t count = 0;
	char *rest = NULL;

	for (char *field = strtok_r(line, " ", &rest); field; field = strtok_r(NULL, " ", &rest)) {
		if (count == LINE_FIELDS)
			return false;
		fields[count++] = field;
	}
	return count == LINE_FIELDS;
}

static bool decode_entry(const char *start, size_t len, struct ipvs_journal_entry *ret)
{
	const char *fields[LINE_FIELDS];
	uint64_t protocol, first, last, mark, drain_s;
	char line[LINE_MAX_LEN];
	struct addr vip;

	if (len >= sizeof(line))
		return false;
	memcpy(line, start, len);
	line[len] = '\0';
	if (!split(line, fields) || strcmp(fields[4], "mark") != 0 ||
	    strcmp(fields[6], "drain") != 0 || !parse_number(fields[0], UINT8_MAX, &protocol) ||
	    addr_parse(fields[1], &vip) < 0 || !parse_number(fields[2], UINT16_MAX, &first) ||
	    !parse_number(fields[3], UINT16_MAX, &last) ||
	    !parse_number(fields[5], UINT32_MAX, &mark) ||
	    !parse_number(fields[7], INT64_MAX / 1000000, &drain_s) || last < first)
		return false;
	*ret = (struct ipvs_journal_entry){
		.identity = {.vip = vip,
	                     .protocol = (uint8_t)protocol,
	                     .first_port = (uint16_t)first,
	                     .last_port = (uint16_t)last,
	                     .drain_timeout_us = (int64_t)drain_s * 1000000},
	};
	if (mark != 0) {
		ret->key =
			(struct ipvs_key){.addr = {.family = vip.family}, .mark = (uint32_t)mark};
		return true;
	}
	ret->key = (struct ipvs_key){
		.addr = vip, .protocol = (uint8_t)protocol, .port = (uint16_t)first};
	return first == last;
}

/* Checks head and tail; '*ret_body' .. '*ret_end' are the lines between, '*ret_count' their number
 * as the last line says. */
static enum ipvs_journal_verdict check_frame(const char *data, size_t size, const char **ret_body,
                                             const char **ret_end, uint64_t *ret_count)
{
	const char *newline = memchr(data, '\n', size), *tail;
	char line[LINE_MAX_LEN], crc[16];
	size_t len;

	if (size < strlen(HEAD) || memcmp(data, HEAD, strlen(HEAD)) != 0)
		return IPVS_JOURNAL_FOREIGN;
	if (!newline)
		return IPVS_JOURNAL_DAMAGED;
	len = (size_t)(newline - data) - strlen(HEAD);
	if (len != strlen(VERSION) || memcmp(data + strlen(HEAD), VERSION, len) != 0)
		return IPVS_JOURNAL_VERSION;
	if (data[size - 1] != '\n')
		return IPVS_JOURNAL_DAMAGED;
	tail = data + size - 1;
	while (tail > newline && tail[-1] != '\n')
		tail--;
	len = (size_t)(data + size - 1 - tail);
	if (tail <= newline || len >= sizeof(line))
		return IPVS_JOURNAL_DAMAGED;
	memcpy(line, tail, len);
	line[len] = '\0';
	snprintf(crc, sizeof(crc), "%08" PRIx32, crc32_add(0, data, (size_t)(tail - data)));
	if (len < 15 || strcmp(line + len - 8, crc) != 0 ||
	    memcmp(line + len - 15, " crc32 ", 7) != 0 || strncmp(line, "end ", 4) != 0)
		return IPVS_JOURNAL_DAMAGED;
	line[len - 15] = '\0';
	if (!parse_number(line + 4, SIZE_MAX, ret_count))
		return IPVS_JOURNAL_DAMAGED;
	*ret_body = newline + 1;
	*ret_end = tail;
	return IPVS_JOURNAL_OK;
}

static enum ipvs_journal_verdict decode_entries(const char *body, const char *end, uint64_t count,
                                                struct ipvs_journal *journal)
{
	while (body < end) {
		const char *newline = memchr(body, '\n', (size_t)(end - body));

		if (!newline)
			return IPVS_JOURNAL_MALFORMED;
		if (journal->count == count)
			return IPVS_JOURNAL_DAMAGED;
		if (!decode_entry(body, (size_t)(newline - body),
		                  &journal->entries[journal->count]))
			return IPVS_JOURNAL_MALFORMED;
		if (journal->count > 0 && compare_entries(&journal->entries[journal->count - 1],
		                                          &journal->entries[journal->count]) >= 0)
			return IPVS_JOURNAL_MALFORMED;
		journal->count++;
		body = newline + 1;
	}
	return journal->count == count ? IPVS_JOURNAL_OK : IPVS_JOURNAL_DAMAGED;
}

enum ipvs_journal_verdict ipvs_journal_decode(const char *data, size_t size,
                                              struct ipvs_journal *ret_journal)
{
	struct ipvs_journal journal = {0};
	enum ipvs_journal_verdict verdict;
	const char *body, *end;
	uint64_t count;

	verdict = check_frame(data, size, &body, &end, &count);
	if (verdict != IPVS_JOURNAL_OK)
		return verdict;
	if (count > IPVS_JOURNAL_MAX)
		return IPVS_JOURNAL_TOO_LARGE;
	journal.entries = xcalloc(count, sizeof(*journal.entries));
	verdict = decode_entries(body, end, count, &journal);
	if (verdict != IPVS_JOURNAL_OK) {
		ipvs_journal_done(&journal);
		return verdict;
	}
	*ret_journal = journal;
	return IPVS_JOURNAL_OK;
}
