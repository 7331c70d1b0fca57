/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "health/dns.h"

#include "lib/wire.h"

#include <string.h>

#define HEADER_SIZE   12
#define LABEL_MAX     63
#define NAME_MAX_SIZE 255 /* as it is on the wire */
#define FLAG_ANSWER   0x8000
#define FLAG_RECURSE  0x0100
#define MASK_OPCODE   0x7800
#define MASK_CODE     0x000f
#define CLASS_IN      1
#define CASE_BIT      0x20

static void put_name(struct wire_writer *w, const char *name)
{
	while (*name) {
		size_t length = strcspn(name, ".");

		if (length == 0 || length > LABEL_MAX) {
			w->failed = true;
			return;
		}
		wire_put_u8(w, (uint8_t)length);
		wire_put_bytes(w, name, length);
		name += length;
		if (*name == '.')
			name++;
	}
	wire_put_u8(w, 0);
}

size_t health_dns_encode(uint8_t to[static HEALTH_DNS_QUERY_MAX], uint16_t id, const char *name,
                         enum model_dns_type type)
{
	struct wire_writer w = wire_writer_make(to, HEALTH_DNS_QUERY_MAX);

	wire_put_u16(&w, id);
	wire_put_u16(&w, FLAG_RECURSE);
	wire_put_u16(&w, 1); /* one question, nothing else */
	wire_put_zeroes(&w, HEADER_SIZE - w.pos);
	put_name(&w, name);
	if (w.pos - HEADER_SIZE > NAME_MAX_SIZE)
		return 0;
	wire_put_u16(&w, (uint16_t)type);
	wire_put_u16(&w, CLASS_IN);
	return w.failed ? 0 : w.pos;
}

/* Names are the same in any case, and a server may answer in another one. No other byte of a
 * question is a letter that could be taken for another: lengths and types are far below them. */
static bool same_question(const uint8_t *a, const uint8_t *b, size_t size)
{
	for (size_t i = 0; i < size; i++) {
		uint8_t low = a[i] | CASE_BIT;

		if (a[i] != b[i] && (low != (b[i] | CASE_BIT) || low < 'a' || low > 'z'))
			return false;
	}
	return true;
}

enum health_dns_verdict health_dns_judge(const uint8_t *query, size_t query_size,
                                         const uint8_t *answer, size_t answer_size,
                                         unsigned *ret_code)
{
	struct wire_reader r = wire_reader_make(answer, answer_size);
	uint16_t id = wire_u16(&r), flags = wire_u16(&r), questions = wire_u16(&r);
	size_t question_size = query_size - HEADER_SIZE;

	wire_skip(&r, HEADER_SIZE - r.pos);
	if (r.failed || !(flags & FLAG_ANSWER) || (flags & MASK_OPCODE))
		return HEALTH_DNS_BROKEN;
	if (id != (query[0] << 8 | query[1]))
		return HEALTH_DNS_FOREIGN;
	/* One that could not even read the question may leave it out of its complaint. */
	if (questions == 0 && (flags & MASK_CODE)) {
		*ret_code = flags & MASK_CODE;
		return HEALTH_DNS_ERROR;
	}
	const uint8_t *question = wire_view(&r, question_size);
	if (questions != 1 || !question)
		return HEALTH_DNS_BROKEN;
	if (!same_question(question, query + HEADER_SIZE, question_size))
		return HEALTH_DNS_FOREIGN;
	*ret_code = flags & MASK_CODE;
	return *ret_code ? HEALTH_DNS_ERROR : HEALTH_DNS_GOOD;
}

const char *health_dns_code_name(unsigned code)
{
	/* RFC 1035 4.1.1, RFC 2136 2.2. */
	static const char *const names[] = {"NOERROR", "FORMERR", "SERVFAIL", "NXDOMAIN",
	                                    "NOTIMP",  "REFUSED", "YXDOMAIN", "YXRRSET",
	                                    "NXRRSET", "NOTAUTH", "NOTZONE"};

	return code < LT_ARRAY_SIZE(names) ? names[code] : "";
}
