/* SPDX-License-Identifier: GPL-2.0-or-later */
/* lintel-health 1 1763726899
 * tcp 10.78.0.21:80 00000000 down refused 3600 connection refused
 * end 1 crc32 1c291ca3
 *
 * Type, server, CRC-32 of what is tried, state, result of the last check, seconds since it is so,
 * and the words of the check to the end of the line. The checksum is of everything before the last
 * line. */
#include "health/memory.h"

#include "health/spec.h"
#include "lib/crc32.h"
#include "lib/mem.h"
#include "lib/mono.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HEAD    "lintel-health "
#define VERSION "1"

void health_memory_done(struct health_memory *memory)
{
	free(memory->entries);
	*memory = (struct health_memory){0};
}

/* --- what is known --- */

static int compare(const void *x, const void *y)
{
	const struct health_memory_entry *a = x, *b = y;
	int order = addr_compare(&a->address, &b->address);

	if (order == 0)
		order = (int)a->port - (int)b->port;
	if (order == 0)
		order = (int)a->type - (int)b->type;
	if (order == 0)
		order = (a->probe > b->probe) - (a->probe < b->probe);
	return order;
}

static struct health_memory_entry identify(const struct health_target *target)
{
	struct health_memory_entry entry = {
		.address = target->address, .port = target->port, .type = target->check->type};
	struct text key = {0};
	size_t probe_size = health_spec_key(target->check, &key);

	entry.probe = crc32_add(0, key.data, probe_size);
	text_done(&key);
	return entry;
}

void health_memory_add(struct health_memory *memory, const struct health_entry *entry)
{
	const struct health_machine *machine = health_entry_machine(entry);
	struct health_memory_entry *added;

	if (machine->state == HEALTH_UNKNOWN || memory->count == HEALTH_MEMORY_MAX)
		return;
	/* Room doubles at powers of two. */
	if ((memory->count & (memory->count - 1)) == 0)
		memory->entries = xreallocarray(memory->entries, memory->count * 2 + 1,
		                                sizeof(*memory->entries));
	added = &memory->entries[memory->count++];
	*added = identify(health_entry_target(entry));
	added->state = machine->state;
	added->result = machine->result;
	memcpy(added->why, machine->why, sizeof(added->why));
	added->since_us = machine->since_us;
}

void health_memory_sort(struct health_memory *memory)
{
	size_t kept = 0;

	if (memory->count == 0)
		return;
	qsort(memory->entries, memory->count, sizeof(*memory->entries), compare);
	for (size_t i = 0; i < memory->count; i++) { /* of two timings either will do */
		if (kept == 0 || compare(&memory->entries[kept - 1], &memory->entries[i]) != 0)
			memory->entries[kept++] = memory->entries[i];
	}
	memory->count = kept;
}

bool health_memory_recall(void *ctx, const struct health_target *target,
                          struct health_machine *machine)
{
	const struct health_memory *memory = ctx;
	struct health_memory_entry key, *found;

	if (memory->count == 0)
		return false;
	key = identify(target);
	found = bsearch(&key, memory->entries, memory->count, sizeof(key), compare);
	if (!found || found->recalled)
		return false;
	found->recalled = true;
	machine->state = found->state;
	machine->result = found->result;
	memcpy(machine->why, found->why, sizeof(machine->why));
	machine->good = found->state == HEALTH_UP;
	machine->streak = 1;
	machine->since_us = found->since_us;
	return true;
}

/* --- as text --- */

static void encode_entry(const struct health_memory_entry *entry, int64_t now_us, struct text *out)
{
	char server[ENDPOINT_TEXT_SIZE];

	text_printf(out, "%s %s %08" PRIx32 " %s %s %" PRId64 " ",
	            model_health_type_name(entry->type),
	            endpoint_format(&entry->address, entry->port, server), entry->probe,
	            health_state_name(entry->state), health_result_name(entry->result),
	            (now_us - entry->since_us) / US_PER_S);
	for (const char *c = entry->why; *c; c++)
		text_add_len(out, (unsigned char)*c < ' ' ? " " : c, 1);
	text_add(out, "\n");
}

void health_memory_encode(const struct health_memory *memory, int64_t now_us, int64_t wall_us,
                          struct text *out)
{
	size_t start = out->len;

	text_printf(out, HEAD VERSION " %" PRId64 "\n", wall_us / US_PER_S);
	for (size_t i = 0; i < memory->count; i++)
		encode_entry(&memory->entries[i], now_us, out);
	text_printf(out, "end %zu crc32 %08" PRIx32 "\n", memory->count,
	            crc32_add(0, out->data + start, out->len - start));
}

const char *health_memory_verdict_text(enum health_memory_verdict verdict)
{
	static const char *const texts[HEALTH_MEMORY_VERDICTS] = {
		[HEALTH_MEMORY_OK] = "is fine",
		[HEALTH_MEMORY_FOREIGN] = "is no file of verdicts",
		[HEALTH_MEMORY_VERSION] = "was written by another version of Lintel",
		[HEALTH_MEMORY_DAMAGED] = "is damaged",
		[HEALTH_MEMORY_OLD] = "is too old, or the clock was set",
	};

	return texts[verdict];
}

/* The next field up to a blank, cut off; NULL: there is none. */
static char *next_field(char **rest)
{
	char *field = *rest, *blank = strchr(field, ' ');

	if (!blank || blank == field)
		return NULL;
	*blank = '\0';
	*rest = blank + 1;
	return field;
}

static bool parse_number(const char *text, int base, uint64_t max, uint64_t *ret)
{
	char *end;

	if (!text || !*text || strspn(text, "0123456789abcdef") != strlen(text) ||
	    strlen(text) > 18)
		return false;
	*ret = strtoull(text, &end, base);
	return *end == '\0' && *ret <= max;
}

static bool parse_type(const char *text, enum model_health_type *ret)
{
	for (enum model_health_type type = MODEL_HEALTH_TCP; type <= MODEL_HEALTH_DNS; type++) {
		if (strcmp(text, model_health_type_name(type)) == 0) {
			*ret = type;
			return true;
		}
	}
	return false;
}

static bool parse_state(const char *text, enum health_state *ret)
{
	if (strcmp(text, health_state_name(HEALTH_UP)) == 0)
		*ret = HEALTH_UP;
	else if (strcmp(text, health_state_name(HEALTH_DOWN)) == 0)
		*ret = HEALTH_DOWN;
	else
		return false;
	return true;
}

static bool parse_result(const char *text, enum health_result *ret)
{
	for (int i = 0; i < HEALTH_RESULT_COUNT; i++) {
		if (strcmp(text, health_result_name((enum health_result)i)) == 0) {
			*ret = (enum health_result)i;
			return true;
		}
	}
	return false;
}

/* 'line' is cut into its fields. Seconds count from 'written_us'. */
static bool decode_entry(char *line, int64_t written_us, struct health_memory_entry *ret)
{
	struct health_memory_entry entry = {0};
	struct endpoint server;
	char *fields[6], *rest = line;
	uint64_t probe, since_s;

	for (size_t i = 0; i < LT_ARRAY_SIZE(fields); i++) {
		fields[i] = next_field(&rest);
		if (!fields[i])
			return false;
	}
	if (!parse_type(fields[0], &entry.type) || endpoint_parse(fields[1], &server) ||
	    !parse_number(fields[2], 16, UINT32_MAX, &probe) ||
	    !parse_state(fields[3], &entry.state) || !parse_result(fields[4], &entry.result) ||
	    !parse_number(fields[5], 10, INT32_MAX, &since_s) || strlen(rest) >= HEALTH_WHY_SIZE)
		return false;
	entry.address = server.address;
	entry.port = server.port;
	entry.probe = (uint32_t)probe;
	entry.since_us = written_us - (int64_t)since_s * US_PER_S;
	memcpy(entry.why, rest, strlen(rest));
	*ret = entry;
	return true;
}

/* 'data' ends with the last line, which is judged and cut off. */
static bool check_end(char *data, size_t size, size_t *ret_count)
{
	char *tail = data + size - 1, wanted[64];
	uint64_t count;

	if (size == 0 || *tail != '\n')
		return false;
	while (tail > data && tail[-1] != '\n')
		tail--;
	if (strncmp(tail, "end ", 4) != 0)
		return false;
	char *digits = tail + 4, *field = next_field(&digits);
	bool good = parse_number(field, 10, HEALTH_MEMORY_MAX, &count);
	if (field)
		digits[-1] = ' ';
	if (!good)
		return false;
	snprintf(wanted, sizeof(wanted), "end %" PRIu64 " crc32 %08" PRIx32 "\n", count,
	         crc32_add(0, data, (size_t)(tail - data)));
	if (strcmp(tail, wanted) != 0)
		return false;
	*tail = '\0';
	*ret_count = (size_t)count;
	return true;
}

static bool decode_entries(char *lines, size_t count, struct health_memory *memory)
{
	char *rest = NULL;

	memory->entries = xcalloc(count + 1, sizeof(*memory->entries));
	for (char *line = strtok_r(lines, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
		struct health_memory_entry *entry = &memory->entries[memory->count];

		if (memory->count == count || !decode_entry(line, memory->written_us, entry) ||
		    (memory->count > 0 && compare(entry - 1, entry) >= 0))
			return false;
		memory->count++;
	}
	return memory->count == count;
}

/* 'copy' may be cut to pieces. */
static enum health_memory_verdict decode(char *copy, size_t size, int64_t now_us, int64_t wall_us,
                                         struct health_memory *memory)
{
	char *lines, *written;
	uint64_t written_s;
	size_t count;

	if (strncmp(copy, HEAD, strlen(HEAD)) != 0)
		return HEALTH_MEMORY_FOREIGN;
	if (strncmp(copy + strlen(HEAD), VERSION " ", strlen(VERSION " ")) != 0)
		return HEALTH_MEMORY_VERSION;
	if (strlen(copy) != size || !check_end(copy, size, &count))
		return HEALTH_MEMORY_DAMAGED;
	written = copy + strlen(HEAD VERSION " ");
	lines = strchr(written, '\n');
	if (!lines)
		return HEALTH_MEMORY_DAMAGED;
	*lines++ = '\0';
	if (!parse_number(written, 10, INT64_MAX / US_PER_S, &written_s))
		return HEALTH_MEMORY_DAMAGED;
	int64_t age_us = wall_us - (int64_t)written_s * US_PER_S;
	if (age_us < 0 || age_us > HEALTH_MEMORY_MAX_AGE_US)
		return HEALTH_MEMORY_OLD;
	memory->written_us = now_us - age_us;
	return decode_entries(lines, count, memory) ? HEALTH_MEMORY_OK : HEALTH_MEMORY_DAMAGED;
}

enum health_memory_verdict health_memory_decode(const char *data, size_t size, int64_t now_us,
                                                int64_t wall_us, struct health_memory *ret_memory)
{
	struct health_memory memory = {0};
	struct text copy = {0};
	enum health_memory_verdict verdict;

	text_add_len(&copy, data, size);
	char *cut = text_take(&copy);
	verdict = decode(cut, size, now_us, wall_us, &memory);
	free(cut);
	if (verdict == HEALTH_MEMORY_OK)
		*ret_memory = memory;
	else
		health_memory_done(&memory);
	return verdict;
}
