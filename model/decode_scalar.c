/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/addr.h"
#include "model/decode_context.h"

#include <assert.h>
#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* Says what was found and what is allowed. */
static bool wrong(struct model_decode_context *ctx, const struct model_schema_field *field,
                  const struct tree *node, const char *found)
{
	struct text allowed = {0};

	model_schema_entry_allowed(field, &allowed);
	model_decode_error(ctx, node->line, "%s%s allowed: %s", found,
	                   found[strlen(found) - 1] == '?' ? "" : ";", text_str(&allowed));
	text_done(&allowed);
	return false;
}

static bool wrong_kind(struct model_decode_context *ctx, const struct model_schema_field *field,
                       const struct tree *node)
{
	char found[MODEL_DECODE_TEXT_SIZE + 64];
	char shown[MODEL_DECODE_TEXT_SIZE];
	bool wants_text = field->kind != MODEL_FIELD_INT && field->kind != MODEL_FIELD_BOOL;

	switch (node->kind) {
	case TREE_LIST:
		snprintf(found, sizeof(found), "is a list");
		break;
	case TREE_MAP:
		snprintf(found, sizeof(found), "is a map");
		break;
	case TREE_NULL:
		snprintf(found, sizeof(found), "is empty");
		break;
	case TREE_TEXT:
		snprintf(found, sizeof(found), "is the text '%s'",
		         model_decode_shown(node->text, shown));
		break;
	case TREE_BOOL:
	case TREE_INT:
	case TREE_REAL:
		snprintf(found, sizeof(found), "is the %s %s%s", tree_kind_name(node->kind),
		         model_decode_shown(node->text, shown),
		         wants_text ? ", which is text only in quotes" : "");
		break;
	}
	return wrong(ctx, field, node, found);
}

/* "'x' is no <what>". */
static bool wrong_text(struct model_decode_context *ctx, const struct model_schema_field *field,
                       const struct tree *node, const char *what)
{
	char found[MODEL_DECODE_TEXT_SIZE + 64];
	char shown[MODEL_DECODE_TEXT_SIZE];

	snprintf(found, sizeof(found), "'%s' is no %s", model_decode_shown(node->text, shown),
	         what);
	return wrong(ctx, field, node, found);
}

static void store_integer(void *target, size_t size, int64_t value)
{
	switch (size) {
	case 1:
		*(uint8_t *)target = (uint8_t)value;
		return;
	case 2:
		*(uint16_t *)target = (uint16_t)value;
		return;
	case 4:
		*(uint32_t *)target = (uint32_t)value;
		return;
	case 8:
		*(int64_t *)target = value;
		return;
	}
	assert(!"an integer of that size");
}

static bool is_word(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

/* RFC 1123: labels of letters, digits and '-', that begin and end with a letter or digit; here of
 * lower case, as Kubernetes has it. */
static bool is_label(const char *text, size_t len)
{
	if (len == 0 || len > 63 || !is_word(text[0]) || !is_word(text[len - 1]))
		return false;
	for (size_t i = 0; i < len; i++) {
		if (!is_word(text[i]) && text[i] != '-')
			return false;
	}
	return true;
}

static bool is_subdomain(const char *text)
{
	if (strlen(text) > 253)
		return false;
	for (;;) {
		size_t len = strcspn(text, ".");

		if (!is_label(text, len))
			return false;
		if (!text[len])
			return true;
		text += len + 1;
	}
}

/* What the kernel accepts (dev_valid_name), and nothing that is hard to read. */
static bool is_interface(const char *text)
{
	size_t len = strlen(text);

	if (len == 0 || len >= IF_NAMESIZE || strcmp(text, ".") == 0 || strcmp(text, "..") == 0)
		return false;
	for (size_t i = 0; i < len; i++) {
		if (!isgraph((unsigned char)text[i]) || text[i] == '/' || text[i] == ':')
			return false;
	}
	return true;
}

static const struct model_schema_name *find_name(const struct model_schema_name *names,
                                                 const char *text)
{
	for (; names->name; names++) {
		if (strcmp(names->name, text) == 0)
			return names;
	}
	return NULL;
}

/* The name that was meant, NULL when one can't tell. */
static const char *guess_name(const struct model_schema_name *names, const char *text)
{
	size_t count = model_schema_names_count(names);
	const char *all[32];

	assert(count <= LT_ARRAY_SIZE(all));
	for (size_t i = 0; i < count; i++) {
		all[i] = names[i].name;
		if (strcasecmp(all[i], text) == 0)
			return all[i];
	}
	return text_nearest(text, all, count);
}

static bool decode_name_of(struct model_decode_context *ctx, const struct model_schema_field *field,
                           const struct tree *node, void *target)
{
	const struct model_schema_name *name = find_name(field->names, node->text);
	char found[2 * MODEL_DECODE_TEXT_SIZE + 64];
	char shown[MODEL_DECODE_TEXT_SIZE];
	const char *guess;

	if (name && field->kind == MODEL_FIELD_CHOICE) {
		*(const char **)target = name->name;
		return true;
	}
	if (name) {
		store_integer(target, field->size, name->value);
		return true;
	}
	guess = guess_name(field->names, node->text);
	if (guess)
		snprintf(found, sizeof(found), "'%s' is not known; did you mean '%s'?",
		         model_decode_shown(node->text, shown), guess);
	else
		snprintf(found, sizeof(found), "'%s' is not known",
		         model_decode_shown(node->text, shown));
	return wrong(ctx, field, node, found);
}

/* 010: ten by YAML 1.2, eight by YAML 1.1, which kubectl reads. */
static bool is_ambiguous(const char *integer)
{
	if (*integer == '-' || *integer == '+')
		integer++;
	return integer[0] == '0' && integer[1] >= '0' && integer[1] <= '9';
}

static bool decode_integer(struct model_decode_context *ctx, const struct model_schema_field *field,
                           const struct tree *node, void *target)
{
	char found[MODEL_DECODE_TEXT_SIZE + 64];
	char shown[MODEL_DECODE_TEXT_SIZE];

	if (node->kind != TREE_INT)
		return wrong_kind(ctx, field, node);
	if (node->text && is_ambiguous(node->text)) {
		snprintf(found, sizeof(found),
		         "%s begins with a zero, which others read as octal: write it without",
		         model_decode_shown(node->text, shown));
		return wrong(ctx, field, node, found);
	}
	if (node->integer < field->min || node->integer > field->max) {
		snprintf(found, sizeof(found), "%" PRId64 " is out of range", node->integer);
		return wrong(ctx, field, node, found);
	}
	store_integer(target, field->size, node->integer);
	return true;
}

static bool decode_duration(struct model_decode_context *ctx,
                            const struct model_schema_field *field, const struct tree *node,
                            void *target)
{
	char found[MODEL_DECODE_TEXT_SIZE + 64];
	char shown[MODEL_DECODE_TEXT_SIZE];
	char step[TEXT_DURATION_SIZE];
	int64_t us;
	int r;

	if (node->kind == TREE_INT || node->kind == TREE_REAL) {
		snprintf(found, sizeof(found), "%s has no unit (h, m, s, ms)",
		         model_decode_shown(node->text, shown));
		return wrong(ctx, field, node, found);
	}
	if (node->kind != TREE_TEXT)
		return wrong_kind(ctx, field, node);
	r = text_parse_duration(node->text, &us);
	if (r < 0 && r != -ERANGE)
		return wrong_text(ctx, field, node, "duration");
	if (r == -ERANGE ||
	    ((us < field->min || us > field->max) && !(us == 0 && field->zero_allowed))) {
		snprintf(found, sizeof(found), "%s is out of range",
		         model_decode_shown(node->text, shown));
		return wrong(ctx, field, node, found);
	}
	if (field->step > 0 && us % field->step != 0) {
		snprintf(found, sizeof(found), "%s is no multiple of %s",
		         model_decode_shown(node->text, shown),
		         text_format_duration(field->step, step));
		return wrong(ctx, field, node, found);
	}
	store_integer(target, field->size, us / field->unit_us);
	return true;
}

static bool decode_port_or_name(struct model_decode_context *ctx,
                                const struct model_schema_field *field, const struct tree *node,
                                void *target, void *base)
{
	if (node->kind != TREE_TEXT)
		return decode_integer(ctx, field, node, target);
	/* A port's name has a letter, so that it can't be taken for a number (RFC 6335 5.1). */
	if (!is_label(node->text, strlen(node->text)) ||
	    strspn(node->text, "0123456789-") == strlen(node->text))
		return wrong_text(ctx, field, node, "port's name");
	*(const char **)((char *)base + field->other_offset) = arena_strdup(ctx->arena, node->text);
	return true;
}

static bool decode_address(struct model_decode_context *ctx, const struct model_schema_field *field,
                           const struct tree *node, struct addr *target)
{
	struct addr_prefix prefix;

	if (addr_parse(node->text, target) == 0)
		return true;
	if (strchr(node->text, '/') && addr_prefix_parse(node->text, &prefix) == 0)
		return wrong_text(ctx, field, node, "address, it has a prefix length");
	return wrong_text(ctx, field, node, "address");
}

/* "first-last", or a number in quotes. */
static bool decode_int_range(struct model_decode_context *ctx,
                             const struct model_schema_field *field, const struct tree *node,
                             struct model_int_range *target)
{
	struct model_int_range range = {0};
	char found[MODEL_DECODE_TEXT_SIZE + 64];
	char shown[MODEL_DECODE_TEXT_SIZE];

	if (node->kind == TREE_INT) {
		if (node->integer < field->min || node->integer > field->max) {
			snprintf(found, sizeof(found), "%" PRId64 " is out of range",
			         node->integer);
			return wrong(ctx, field, node, found);
		}
		range.first = range.last = (uint16_t)node->integer;
	} else if (node->kind != TREE_TEXT) {
		return wrong_kind(ctx, field, node);
	} else {
		char *end;
		unsigned long first = strtoul(node->text, &end, 10), last = first;

		if (*end == '-')
			last = strtoul(end + 1, &end, 10);
		if (!isdigit((unsigned char)node->text[0]) || *end ||
		    strspn(node->text, "0123456789-") != strlen(node->text) ||
		    node->text[strlen(node->text) - 1] == '-')
			return wrong_text(ctx, field, node, "range of integers");
		if (first > last || first < (uint64_t)field->min || last > (uint64_t)field->max) {
			snprintf(found, sizeof(found), "%s is out of range",
			         model_decode_shown(node->text, shown));
			return wrong(ctx, field, node, found);
		}
		range.first = (uint16_t)first;
		range.last = (uint16_t)last;
	}
	*target = range;
	return true;
}

static bool decode_free_text(struct model_decode_context *ctx,
                             const struct model_schema_field *field, const struct tree *node,
                             void *target)
{
	size_t len = strlen(node->text);
	char found[64];

	if ((int64_t)len < field->min || (int64_t)len > field->max) {
		snprintf(found, sizeof(found), "has %zu bytes", len);
		return wrong(ctx, field, node, found);
	}
	for (size_t i = 0; i < len; i++) {
		if (iscntrl((unsigned char)node->text[i])) {
			snprintf(found, sizeof(found), "has a control character at byte %zu",
			         i + 1);
			return wrong(ctx, field, node, found);
		}
	}
	*(const char **)target = arena_strdup(ctx->arena, node->text);
	return true;
}

static bool keep_text(struct model_decode_context *ctx, const struct tree *node, void *target)
{
	*(const char **)target = arena_strdup(ctx->arena, node->text);
	return true;
}

/* Kinds that are written as text. */
static bool decode_text(struct model_decode_context *ctx, const struct model_schema_field *field,
                        const struct tree *node, void *target)
{
	switch (field->kind) {
	case MODEL_FIELD_NAME:
		if (!is_subdomain(node->text))
			return wrong_text(ctx, field, node, "name");
		return keep_text(ctx, node, target);
	case MODEL_FIELD_LABEL:
		if (!is_label(node->text, strlen(node->text)))
			return wrong_text(ctx, field, node, "name");
		return keep_text(ctx, node, target);
	case MODEL_FIELD_INTERFACE:
		if (!is_interface(node->text))
			return wrong_text(ctx, field, node, "interface name");
		return keep_text(ctx, node, target);
	case MODEL_FIELD_TEXT:
		return decode_free_text(ctx, field, node, target);
	case MODEL_FIELD_CHOICE:
	case MODEL_FIELD_ENUM:
		return decode_name_of(ctx, field, node, target);
	case MODEL_FIELD_ADDRESS:
		return decode_address(ctx, field, node, target);
	case MODEL_FIELD_PREFIX:
		if (addr_prefix_parse(node->text, target) < 0)
			return wrong_text(ctx, field, node, "address with a prefix length");
		return true;
	case MODEL_FIELD_RANGE:
		if (addr_range_parse(node->text, target) < 0)
			return wrong_text(ctx, field, node, "range of addresses");
		return true;
	case MODEL_FIELD_BOOL:
	case MODEL_FIELD_INT:
	case MODEL_FIELD_INT_RANGE:
	case MODEL_FIELD_DURATION:
	case MODEL_FIELD_PORT_OR_NAME:
	case MODEL_FIELD_LABELS:
	case MODEL_FIELD_MAP:
	case MODEL_FIELD_ELSEWHERE:
	case MODEL_FIELD_IGNORED:
		break;
	}
	assert(!"a kind written as text");
	return false;
}

bool model_decode_scalar(struct model_decode_context *ctx, const struct model_schema_field *field,
                         const struct tree *node, void *target, void *base)
{
	switch (field->kind) {
	case MODEL_FIELD_BOOL:
		if (node->kind != TREE_BOOL)
			return wrong_kind(ctx, field, node);
		*(bool *)target = node->boolean;
		return true;
	case MODEL_FIELD_INT:
		return decode_integer(ctx, field, node, target);
	case MODEL_FIELD_INT_RANGE:
		return decode_int_range(ctx, field, node, target);
	case MODEL_FIELD_DURATION:
		return decode_duration(ctx, field, node, target);
	case MODEL_FIELD_PORT_OR_NAME:
		return decode_port_or_name(ctx, field, node, target, base);
	case MODEL_FIELD_NAME:
	case MODEL_FIELD_LABEL:
	case MODEL_FIELD_INTERFACE:
	case MODEL_FIELD_TEXT:
	case MODEL_FIELD_CHOICE:
	case MODEL_FIELD_ENUM:
	case MODEL_FIELD_ADDRESS:
	case MODEL_FIELD_PREFIX:
	case MODEL_FIELD_RANGE:
		if (node->kind != TREE_TEXT)
			return wrong_kind(ctx, field, node);
		return decode_text(ctx, field, node, target);
	case MODEL_FIELD_LABELS:
	case MODEL_FIELD_MAP:
	case MODEL_FIELD_ELSEWHERE:
	case MODEL_FIELD_IGNORED:
		break;
	}
	assert(!"a scalar's kind");
	return false;
}
