/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vrrp/frame.h"

#include "lib/csum.h"
#include "lib/wire.h"

#include <assert.h>

#define ETHERTYPE_IPV4   0x0800
#define ETHERTYPE_IPV6   0x86dd
#define IPV4_HEADER_SIZE 20
#define TRAFFIC_CLASS    0xc0U
#define HOPS             255

struct addr_mac vrrp_frame_virtual_mac(enum addr_family family, uint8_t virtual_router_id)
{
	return (struct addr_mac){
		{0x00, 0x00, 0x5e, 0x00, family == ADDR_IPV4 ? 1 : 2, virtual_router_id}};
}

static void put_ipv4(struct wire_writer *w, const struct addr *src, const struct addr *dst,
                     size_t size)
{
	size_t at = w->pos;

	wire_put_u8(w, 0x45);
	wire_put_u8(w, TRAFFIC_CLASS);
	wire_put_u16(w, (uint16_t)(IPV4_HEADER_SIZE + size));
	wire_put_u16(w, 0); /* identification: there are no fragments */
	wire_put_u16(w, 0x4000);
	wire_put_u8(w, HOPS);
	wire_put_u8(w, VRRP_PROTOCOL);
	wire_put_u16(w, 0);
	wire_put_bytes(w, src->bytes, 4);
	wire_put_bytes(w, dst->bytes, 4);
	wire_patch_u16(w, at + 10, csum_fold(csum_add(0, w->data + at, IPV4_HEADER_SIZE)));
}

static void put_ipv6(struct wire_writer *w, const struct addr *src, const struct addr *dst,
                     size_t size)
{
	wire_put_u32(w, UINT32_C(6) << 28 | TRAFFIC_CLASS << 20);
	wire_put_u16(w, (uint16_t)size);
	wire_put_u8(w, VRRP_PROTOCOL);
	wire_put_u8(w, HOPS);
	wire_put_bytes(w, src->bytes, 16);
	wire_put_bytes(w, dst->bytes, 16);
}

size_t vrrp_frame_encode(const struct addr_mac *mac, const struct addr *src, const struct addr *dst,
                         const void *message, size_t size, uint8_t buf[static VRRP_FRAME_MAX])
{
	struct wire_writer w = wire_writer_make(buf, VRRP_FRAME_MAX);

	if (src->family == ADDR_IPV4) {
		/* RFC 1112 6.4 */
		wire_put_u8(&w, 0x01);
		wire_put_u8(&w, 0x00);
		wire_put_u8(&w, 0x5e);
		wire_put_u8(&w, dst->bytes[1] & 0x7f);
		wire_put_bytes(&w, dst->bytes + 2, 2);
		wire_put_bytes(&w, mac->bytes, sizeof(mac->bytes));
		wire_put_u16(&w, ETHERTYPE_IPV4);
		put_ipv4(&w, src, dst, size);
	} else {
		/* RFC 2464 7 */
		wire_put_u16(&w, 0x3333);
		wire_put_bytes(&w, dst->bytes + 12, 4);
		wire_put_bytes(&w, mac->bytes, sizeof(mac->bytes));
		wire_put_u16(&w, ETHERTYPE_IPV6);
		put_ipv6(&w, src, dst, size);
	}
	wire_put_bytes(&w, message, size);
	assert(!w.failed);
	return w.pos;
}
