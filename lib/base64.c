/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/base64.h"

#include "lib/mem.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/* 0..63, -1 for what is no digit. */
static int digit_of(char c)
{
	const char *found = c != '\0' ? strchr(alphabet, c) : NULL;

	return found ? (int)(found - alphabet) : -1;
}

static int decode(const char *text, uint8_t *data, size_t *ret_size)
{
	uint32_t bits = 0; /* of the group of four, as far as it came */
	unsigned digits = 0, padding = 0;
	size_t size = 0;

	for (; *text != '\0'; text++) {
		int digit = digit_of(*text);

		if (strchr(" \t\r\n", *text))
			continue;
		if (*text == '=')
			padding++;
		else if (digit < 0 || padding > 0)
			return -EINVAL;
		else
			digits++;
		bits = bits << 6 | (digit < 0 ? 0 : (uint32_t)digit);
		if (padding > 2 || (padding > 0 && digits < 2))
			return -EINVAL;
		if (digits + padding < 4)
			continue;
		/* What padding leaves out must not say anything. */
		if (padding > 0 && (bits & (padding == 1 ? 0xff : 0xffff)))
			return -EINVAL;
		for (unsigned i = 0; i < 3 - padding; i++)
			data[size++] = (uint8_t)(bits >> (16 - 8 * i));
		bits = 0;
		digits = 0;
		if (padding > 0)
			padding = 3; /* nothing may follow */
	}
	if (digits > 0 || (padding > 0 && padding < 3))
		return -EINVAL;
	*ret_size = size;
	return 0;
}

int base64_decode(const char *text, char **ret_data, size_t *ret_size)
{
	size_t room = strlen(text) / 4 * 3 + 4, size = 0;
	char *data = xmalloc(room);
	int r = decode(text, (uint8_t *)data, &size);

	if (r < 0) {
		explicit_bzero(data, room); /* it may be a secret with a slip in it */
		free(data);
		return r;
	}
	data[size] = '\0';
	*ret_data = data;
	*ret_size = size;
	return 0;
}

void base64_add(struct text *text, const void *data, size_t size)
{
	const uint8_t *bytes = data;

	for (size_t i = 0; i < size; i += 3) {
		size_t count = size - i < 3 ? size - i : 3;
		uint32_t bits = (uint32_t)bytes[i] << 16;
		char group[4];

		if (count > 1)
			bits |= (uint32_t)bytes[i + 1] << 8;
		if (count > 2)
			bits |= bytes[i + 2];
		for (unsigned j = 0; j < 4; j++)
			group[j] = j <= count ? alphabet[bits >> (18 - 6 * j) & 63] : '=';
		text_add_len(text, group, 4);
	}
}
