/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/vrrp/frames.h"

#include <check.h>
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ETHERNET_SIZE 14
#define IPV6_SIZE     40

static int digit(char c)
{
	return isdigit((unsigned char)c) ? c - '0' : tolower((unsigned char)c) - 'a' + 10;
}

size_t frames_unhex(const char *hex, uint8_t *buf, size_t size)
{
	size_t count = 0;

	while (*hex) {
		if (isspace((unsigned char)*hex)) {
			hex++;
			continue;
		}
		ck_assert_msg(isxdigit((unsigned char)hex[0]) && isxdigit((unsigned char)hex[1]),
		              "not hexadecimal: %s", hex);
		ck_assert_uint_lt(count, size);
		buf[count++] = (uint8_t)(digit(hex[0]) << 4 | digit(hex[1]));
		hex += 2;
	}
	return count;
}

struct frame frames_read(const char *file, const char *name)
{
	struct frame frame = {.size = 0};
	char path[512], line[4096];

	snprintf(path, sizeof(path), "%s/frames/%s", VRRP_TEST_DIR, file);
	FILE *f = fopen(path, "re");
	ck_assert_msg(f != NULL, "%s cannot be read", path);
	while (fgets(line, sizeof(line), f)) {
		char *blank = strchr(line, ' ');

		if (line[0] == '#' || !blank)
			continue;
		*blank = '\0';
		if (strcmp(line, name) == 0)
			frame.size = frames_unhex(blank + 1, frame.bytes, sizeof(frame.bytes));
	}
	fclose(f);
	ck_assert_msg(frame.size > 0, "no frame %s in %s", name, path);
	return frame;
}

const uint8_t *frames_vrrp(const struct frame *frame, size_t *ret_size,
                           struct vrrp_envelope *ret_envelope)
{
	const uint8_t *ip = frame->bytes + ETHERNET_SIZE;

	if (ip[0] >> 4 == 4) {
		size_t header_size = (ip[0] & 0x0f) * 4u;

		ret_envelope->src = addr_make(ADDR_IPV4, ip + 12);
		ret_envelope->dst = addr_make(ADDR_IPV4, ip + 16);
		ret_envelope->ttl = ip[8];
		*ret_size = (size_t)(ip[2] << 8 | ip[3]) - header_size;
		return ip + header_size;
	}
	ret_envelope->src = addr_make(ADDR_IPV6, ip + 8);
	ret_envelope->dst = addr_make(ADDR_IPV6, ip + 24);
	ret_envelope->ttl = ip[7];
	*ret_size = (size_t)(ip[4] << 8 | ip[5]);
	return ip + IPV6_SIZE;
}
