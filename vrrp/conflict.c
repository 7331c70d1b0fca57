/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vrrp/conflict.h"

#include "lib/mem.h"
#include "lib/wire.h"

#include <errno.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <netinet/icmp6.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define PACKETS_PER_TURN 32 /* who floods us with claims is heard less */
#define ARP_PTYPE_AT     16 /* offsets in an Ethernet frame */
#define ARP_SHA_AT       22
#define ARP_SPA_AT       28
#define ARP_FRAME_SIZE   42
#define OPTION_TARGET    2

/* --- pure --- */

static uint32_t number(const struct addr *a)
{
	return (uint32_t)a->bytes[0] << 24 | (uint32_t)a->bytes[1] << 16 |
	       (uint32_t)a->bytes[2] << 8 | a->bytes[3];
}

struct gap {
	uint32_t size;
	size_t before; /* the address after it */
};

static int larger_first(const void *a, const void *b)
{
	const struct gap *x = a, *y = b;

	if (x->size != y->size)
		return x->size > y->size ? -1 : 1;
	return x->before < y->before ? -1 : 1;
}

static int earlier_first(const void *a, const void *b)
{
	const struct gap *x = a, *y = b;

	return x->before < y->before ? -1 : 1;
}

size_t vrrp_conflict_ranges(const struct addr *sorted, size_t count,
                            struct addr_range ret_ranges[static VRRP_CONFLICT_RANGES_MAX])
{
	struct gap *gaps;
	size_t gap_count = 0, first = 0;

	if (count == 0)
		return 0;
	/* Cut at the widest gaps. */
	gaps = xcalloc(count, sizeof(*gaps));
	for (size_t i = 1; i < count; i++) {
		uint32_t size = number(&sorted[i]) - number(&sorted[i - 1]);

		if (size > 1)
			gaps[gap_count++] = (struct gap){.size = size, .before = i};
	}
	qsort(gaps, gap_count, sizeof(*gaps), larger_first);
	if (gap_count > VRRP_CONFLICT_RANGES_MAX - 1)
		gap_count = VRRP_CONFLICT_RANGES_MAX - 1;
	qsort(gaps, gap_count, sizeof(*gaps), earlier_first);
	for (size_t i = 0; i <= gap_count; i++) {
		size_t end = i < gap_count ? gaps[i].before : count;

		ret_ranges[i] = (struct addr_range){sorted[first], sorted[end - 1]};
		first = end;
	}
	free(gaps);
	return gap_count + 1;
}

size_t vrrp_conflict_filter(const struct addr_range *ranges, size_t count,
                            struct sock_filter ret_filter[static VRRP_CONFLICT_FILTER_MAX])
{
	struct sock_filter *f = ret_filter;

	/* Not what we send ourselves. */
	*f++ = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
	                                    (uint32_t)(SKF_AD_OFF + SKF_AD_PKTTYPE));
	*f++ = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, PACKET_OUTGOING, 2, 0);
	*f++ = (struct sock_filter)BPF_STMT(BPF_LD | BPF_H | BPF_ABS, ARP_PTYPE_AT);
	*f++ = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ETHERTYPE_IP, 1, 0);
	*f++ = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, 0);
	*f++ = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, ARP_SPA_AT);
	for (size_t i = 0; i < count; i++) {
		*f++ = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K,
		                                    number(&ranges[i].first), 0, 2);
		*f++ = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JGT | BPF_K,
		                                    number(&ranges[i].last), 1, 0);
		*f++ = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, ARP_FRAME_SIZE);
	}

	*f++ = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, 0);
	return (size_t)(f - ret_filter);
}

/* --- sockets --- */

static void arp_ready(struct loop_fd *fd, bool readable, bool writable)
{
	struct vrrp_conflict *conflict = lt_container_of(fd, struct vrrp_conflict, arp);
	uint8_t frame[ARP_FRAME_SIZE];

	for (int i = 0; i < PACKETS_PER_TURN; i++) {
		struct sockaddr_ll from;
		socklen_t from_size = sizeof(from);
		ssize_t got = recvfrom(fd->fd, frame, sizeof(frame), MSG_DONTWAIT,
		                       (struct sockaddr *)&from, &from_size);
		struct addr address;
		struct addr_mac mac;

		if (got < 0)
			return;
		if (got < ARP_FRAME_SIZE)
			continue;
		address = addr_make(ADDR_IPV4, frame + ARP_SPA_AT);
		memcpy(mac.bytes, frame + ARP_SHA_AT, sizeof(mac.bytes));
		conflict->claimed(conflict->ctx, from.sll_ifindex, &address, &mac);
	}
}

/* RFC 4861 4.4: the target, and its link-layer address among the options. */
static bool read_na(const uint8_t *data, size_t size, struct addr *ret_target,
                    struct addr_mac *ret_mac)
{
	struct wire_reader r = wire_reader_make(data, size);
	const uint8_t *target;

	if (wire_u8(&r) != ND_NEIGHBOR_ADVERT)
		return false;
	wire_skip(&r, 7);
	target = wire_view(&r, 16);
	if (!target)
		return false;
	*ret_target = addr_make(ADDR_IPV6, target);
	memset(ret_mac, 0, sizeof(*ret_mac));
	while (wire_left(&r) >= 8) {
		uint8_t type = wire_u8(&r);
		size_t length = wire_u8(&r) * 8U;

		if (length == 0)
			return false;
		if (type == OPTION_TARGET) {
			wire_bytes(&r, ret_mac->bytes, sizeof(ret_mac->bytes));
			return !r.failed;
		}
		wire_skip(&r, length - 2);
	}
	return true;
}

static int received_on(struct msghdr *message)
{
	for (struct cmsghdr *c = CMSG_FIRSTHDR(message); c; c = CMSG_NXTHDR(message, c)) {
		struct in6_pktinfo info;

		if (c->cmsg_level != IPPROTO_IPV6 || c->cmsg_type != IPV6_PKTINFO)
			continue;
		memcpy(&info, CMSG_DATA(c), sizeof(info));
		return (int)info.ipi6_ifindex;
	}
	return 0;
}

static void na_ready(struct loop_fd *fd, bool readable, bool writable)
{
	struct vrrp_conflict *conflict = lt_container_of(fd, struct vrrp_conflict, na);
	char control[CMSG_SPACE(sizeof(struct in6_pktinfo))];
	uint8_t data[256];

	for (int i = 0; i < PACKETS_PER_TURN; i++) {
		struct iovec vector = {.iov_base = data, .iov_len = sizeof(data)};
		struct msghdr message = {
			.msg_iov = &vector,
			.msg_iovlen = 1,
			.msg_control = control,
			.msg_controllen = sizeof(control),
		};
		ssize_t got = recvmsg(fd->fd, &message, MSG_DONTWAIT);
		struct addr target;
		struct addr_mac mac;

		if (got < 0)
			return;
		if (read_na(data, (size_t)got, &target, &mac))
			conflict->claimed(conflict->ctx, received_on(&message), &target, &mac);
	}
}

static int attach(int fd, const struct addr_range *ranges, size_t count)
{
	struct sock_filter filter[VRRP_CONFLICT_FILTER_MAX];
	struct sock_fprog program = {.filter = filter};

	program.len = (unsigned short)vrrp_conflict_filter(ranges, count, filter);
	if (setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(program)) < 0)
		return -errno;
	return 0;
}

static int open_arp(struct vrrp_conflict *conflict, struct loop *loop)
{
	struct sockaddr_ll to = {.sll_family = AF_PACKET, .sll_protocol = wire_be16(ETH_P_ARP)};
	int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	int r;

	if (fd < 0)
		return -errno;
	/* First the filter, then the traffic. */
	r = attach(fd, NULL, 0);
	if (r == 0 && bind(fd, (const struct sockaddr *)&to, sizeof(to)) < 0)
		r = -errno;
	if (r < 0) {
		close(fd);
		return r;
	}
	conflict->arp = (struct loop_fd){.fd = fd, .ready = arp_ready};
	loop_fd_start(loop, &conflict->arp, true, false);
	return 0;
}

static int open_na(struct vrrp_conflict *conflict, struct loop *loop)
{
	int fd = socket(AF_INET6, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, IPPROTO_ICMPV6);
	struct icmp6_filter filter;
	int on = 1, r = 0;

	if (fd < 0)
		return errno == EAFNOSUPPORT ? 0 : -errno;
	ICMP6_FILTER_SETBLOCKALL(&filter);
	ICMP6_FILTER_SETPASS(ND_NEIGHBOR_ADVERT, &filter);
	if (setsockopt(fd, IPPROTO_ICMPV6, ICMP6_FILTER, &filter, sizeof(filter)) < 0 ||
	    setsockopt(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, &on, sizeof(on)) < 0)
		r = -errno;
	if (r < 0) {
		close(fd);
		return r;
	}
	conflict->na = (struct loop_fd){.fd = fd, .ready = na_ready};
	loop_fd_start(loop, &conflict->na, true, false);
	return 0;
}

int vrrp_conflict_open(struct vrrp_conflict *conflict, struct loop *loop)
{
	int r;

	memset(conflict, 0, sizeof(*conflict));
	conflict->arp.fd = conflict->na.fd = -1;
	r = open_arp(conflict, loop);
	if (r == 0)
		r = open_na(conflict, loop);
	if (r < 0)
		vrrp_conflict_close(conflict);
	return r;
}

static void close_fd(struct loop_fd *fd)
{
	if (fd->fd < 0)
		return;
	loop_fd_stop(fd);
	close(fd->fd);
	fd->fd = -1;
}

void vrrp_conflict_close(struct vrrp_conflict *conflict)
{
	close_fd(&conflict->arp);
	close_fd(&conflict->na);
}

static bool same_ranges(const struct vrrp_conflict *conflict, const struct addr_range *ranges,
                        size_t count)
{
	if (count != conflict->watched_count)
		return false;
	for (size_t i = 0; i < count; i++) {
		if (!addr_equal(&ranges[i].first, &conflict->watched[i].first) ||
		    !addr_equal(&ranges[i].last, &conflict->watched[i].last))
			return false;
	}
	return true;
}

int vrrp_conflict_watch(struct vrrp_conflict *conflict, const struct addr *sorted, size_t count)
{
	struct addr_range ranges[VRRP_CONFLICT_RANGES_MAX];
	size_t range_count = vrrp_conflict_ranges(sorted, count, ranges);
	int r;

	if (same_ranges(conflict, ranges, range_count))
		return 0;
	r = attach(conflict->arp.fd, ranges, range_count);
	if (r == 0) {
		memcpy(conflict->watched, ranges, range_count * sizeof(*ranges));
		conflict->watched_count = range_count;
	}
	return r;
}
