/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "k8s/json.h"

#include "lib/mem.h"

#include <inttypes.h>
#include <stdlib.h>

const json_t *k8s_json_get(const json_t *object, const char *key)
{
	return json_object_get(object, key);
}

const char *k8s_json_text(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text ? text : "";
}

int64_t k8s_json_int(const json_t *object, const char *key, int64_t min, int64_t max,
                     int64_t otherwise)
{
	const json_t *value = json_object_get(object, key);

	if (!json_is_integer(value) || json_integer_value(value) < min ||
	    json_integer_value(value) > max)
		return otherwise;
	return json_integer_value(value);
}

json_t *k8s_json_string(const char *text, size_t len)
{
	json_t *json = json_stringn(text, len);
	char *plain;

	if (json)
		return json;
	plain = xmemdup(text, len + 1);
	for (size_t i = 0; i < len; i++) {
		if ((unsigned char)plain[i] >= 0x80)
			plain[i] = '?';
	}
	json = json_stringn(plain, len);
	free(plain);
	return json;
}

void k8s_json_quote(struct text *out, const char *text)
{
	const char *from = text;

	text_add_len(out, "\"", 1);
	for (; *text; text++) {
		unsigned char c = (unsigned char)*text;

		if (c >= 0x20 && c != '"' && c != '\\')
			continue;
		text_add_len(out, from, (size_t)(text - from));
		if (c < 0x20)
			text_printf(out, "\\u%04x", c);
		else
			text_printf(out, "\\%c", c);
		from = text + 1;
	}
	text_add_len(out, from, (size_t)(text - from));
	text_add_len(out, "\"", 1);
}

void k8s_json_next(struct text *out)
{
	char last = out->len > 0 ? out->data[out->len - 1] : '{';

	if (last != '{' && last != '[')
		text_add_len(out, ",", 1);
}

void k8s_json_key(struct text *out, const char *key)
{
	k8s_json_next(out);
	k8s_json_quote(out, key);
	text_add_len(out, ":", 1);
}

void k8s_json_add_text(struct text *out, const char *key, const char *text)
{
	if (!*text)
		return;
	k8s_json_key(out, key);
	k8s_json_quote(out, text);
}

void k8s_json_add_int(struct text *out, const char *key, int64_t value)
{
	if (value == 0)
		return;
	k8s_json_key(out, key);
	text_printf(out, "%" PRId64, value);
}

void k8s_json_add_true(struct text *out, const char *key, bool value)
{
	if (!value)
		return;
	k8s_json_key(out, key);
	text_add(out, "true");
}
