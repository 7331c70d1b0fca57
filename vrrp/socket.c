/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vrrp/socket.h"

#include "lib/mem.h"
#include "vrrp/receive.h"

#include <errno.h>
#include <linux/filter.h>
#include <netinet/in.h>
#include <netinet/ip.h>
#include <netpacket/packet.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define BURST           16
#define PACKET_MAX      (60 + VRRP_MESSAGE_MAX) /* an IPv4 header with all options */
#define RECEIVE_BUFFER  (512 * 1024)
#define TRAFFIC_CLASS   0xc0 /* CS6, network control */
#define SOCKET_PRIORITY 6    /* TC_PRIO_INTERACTIVE; 7 needs a capability */
#define HOPS            255

struct buffers {
	struct mmsghdr messages[BURST];
	struct iovec vectors[BURST];
	struct sockaddr_storage names[BURST];
	char controls[BURST][CMSG_SPACE(sizeof(struct in6_pktinfo)) + CMSG_SPACE(sizeof(int))];
	uint8_t data[BURST][PACKET_MAX];
};

/* --- opening --- */

static int set_int(int fd, int level, int option, int value)
{
	return setsockopt(fd, level, option, &value, sizeof(value)) < 0 ? -errno : 0;
}

static int set_buffer(int fd, int size)
{
	/* The forced one needs CAP_NET_ADMIN of the first user namespace; the other is cut to
	 * net.core.rmem_max. */
	if (set_int(fd, SOL_SOCKET, SO_RCVBUFFORCE, size) == 0)
		return 0;
	return set_int(fd, SOL_SOCKET, SO_RCVBUF, size);
}

/* Receives nothing from now on: what came before can be thrown away. */
static int refuse_all(int fd)
{
	struct sock_filter drop = BPF_STMT(BPF_RET | BPF_K, 0);
	struct sock_fprog program = {.len = 1, .filter = &drop};
	char one;

	if (setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(program)) < 0)
		return -errno;
	while (recv(fd, &one, sizeof(one), MSG_DONTWAIT) >= 0)
		;
	return 0;
}

static int options_failed(const int *results, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (results[i] < 0)
			return results[i];
	return 0;
}

static int open_sender(int family, int *ret_fd)
{
	int fd = socket(family, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, VRRP_PROTOCOL);
	int r;

	if (fd < 0)
		return -errno;
	if (family == AF_INET) {
		const int results[] = {
			set_int(fd, IPPROTO_IP, IP_MULTICAST_TTL, HOPS),
			set_int(fd, IPPROTO_IP, IP_TTL, HOPS),
			set_int(fd, IPPROTO_IP, IP_MULTICAST_LOOP, 0),
			set_int(fd, IPPROTO_IP, IP_TOS, TRAFFIC_CLASS),
			/* After IP_TOS, which sets it too. */
			set_int(fd, SOL_SOCKET, SO_PRIORITY, SOCKET_PRIORITY),
			refuse_all(fd),
		};

		r = options_failed(results, LT_ARRAY_SIZE(results));
	} else {
		const int results[] = {
			set_int(fd, IPPROTO_IPV6, IPV6_MULTICAST_HOPS, HOPS),
			set_int(fd, IPPROTO_IPV6, IPV6_UNICAST_HOPS, HOPS),
			set_int(fd, IPPROTO_IPV6, IPV6_MULTICAST_LOOP, 0),
			set_int(fd, IPPROTO_IPV6, IPV6_TCLASS, TRAFFIC_CLASS),
			set_int(fd, SOL_SOCKET, SO_PRIORITY, SOCKET_PRIORITY),
			refuse_all(fd),
		};

		r = options_failed(results, LT_ARRAY_SIZE(results));
	}
	if (r < 0) {
		close(fd);
		return r;
	}
	*ret_fd = fd;
	return 0;
}

static void prepare_buffers(struct buffers *b)
{
	for (size_t i = 0; i < BURST; i++) {
		b->vectors[i].iov_base = b->data[i];
		b->vectors[i].iov_len = sizeof(b->data[i]);
		b->messages[i].msg_hdr.msg_iov = &b->vectors[i];
		b->messages[i].msg_hdr.msg_iovlen = 1;
		b->messages[i].msg_hdr.msg_name = &b->names[i];
		b->messages[i].msg_hdr.msg_control = b->controls[i];
	}
}

int vrrp_sockets_open(struct vrrp_sockets *sockets, struct loop *loop)
{
	int r;

	sockets->loop = loop;
	sockets->send4 = sockets->send6 = sockets->packet = -1;
	sockets->receivers = NULL;
	sockets->buffers = NULL;
	sockets->frames = NULL;
	r = open_sender(AF_INET, &sockets->send4);
	if (r < 0)
		return r;
	r = open_sender(AF_INET6, &sockets->send6);
	if (r < 0 && r != -EAFNOSUPPORT)
		goto failed;
	/* Protocol 0: sends only. */
	sockets->packet = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (sockets->packet < 0) {
		r = -errno;
		goto failed;
	}
	r = set_int(sockets->packet, SOL_SOCKET, SO_PRIORITY, SOCKET_PRIORITY);
	if (r < 0)
		goto failed;
	sockets->buffers = xcalloc(1, sizeof(struct buffers));
	prepare_buffers(sockets->buffers);
	vrrp_frames_prepare(sockets);
	return 0;
failed:
	vrrp_sockets_close(sockets);
	return r;
}

static void close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

static void close_receiver(struct vrrp_receiver *receiver)
{
	loop_fd_stop(&receiver->fd);
	close(receiver->fd.fd);
	free(receiver);
}

void vrrp_sockets_close(struct vrrp_sockets *sockets)
{
	while (sockets->receivers) {
		struct vrrp_receiver *receiver = sockets->receivers;

		sockets->receivers = receiver->next;
		close_receiver(receiver);
	}
	close_fd(&sockets->send4);
	close_fd(&sockets->send6);
	close_fd(&sockets->packet);
	free(sockets->buffers);
	sockets->buffers = NULL;
	free(sockets->frames);
	sockets->frames = NULL;
}

/* --- receiving --- */

static struct addr name_address(const struct sockaddr_storage *name)
{
	if (name->ss_family == AF_INET)
		return addr_make(ADDR_IPV4, &((const struct sockaddr_in *)name)->sin_addr);
	return addr_make(ADDR_IPV6, &((const struct sockaddr_in6 *)name)->sin6_addr);
}

/* Raw IPv4 sockets give the IP header too. False when it makes no sense. */
static bool open_ipv4(const uint8_t *data, size_t size, struct vrrp_envelope *envelope,
                      size_t *ret_offset, size_t *ret_size)
{
	size_t header, total;

	if (size < sizeof(struct iphdr))
		return false;
	header = (data[0] & 0x0fU) * 4U;
	total = (size_t)data[2] << 8 | data[3];
	if (header < sizeof(struct iphdr) || total < header || total > size)
		return false;
	envelope->ttl = data[8];
	envelope->src = addr_make(ADDR_IPV4, data + 12);
	envelope->dst = addr_make(ADDR_IPV4, data + 16);
	*ret_offset = header;
	*ret_size = total - header;
	return true;
}

/* Raw IPv6 sockets give the header's facts as control messages. */
static bool open_ipv6(struct msghdr *message, struct vrrp_envelope *envelope)
{
	bool hops = false, destination = false;

	for (struct cmsghdr *c = CMSG_FIRSTHDR(message); c; c = CMSG_NXTHDR(message, c)) {
		if (c->cmsg_level != IPPROTO_IPV6)
			continue;
		if (c->cmsg_type == IPV6_HOPLIMIT && c->cmsg_len >= CMSG_LEN(sizeof(int))) {
			int value;

			memcpy(&value, CMSG_DATA(c), sizeof(value));
			envelope->ttl = (uint8_t)value;
			hops = true;
		} else if (c->cmsg_type == IPV6_PKTINFO &&
		           c->cmsg_len >= CMSG_LEN(sizeof(struct in6_pktinfo))) {
			struct in6_pktinfo info;

			memcpy(&info, CMSG_DATA(c), sizeof(info));
			envelope->dst = addr_make(ADDR_IPV6, &info.ipi6_addr);
			destination = true;
		}
	}
	return hops && destination;
}

static void take(struct vrrp_receiver *receiver, struct mmsghdr *message, const uint8_t *data)
{
	struct vrrp_sockets *sockets = receiver->sockets;
	struct vrrp_envelope envelope;
	size_t offset = 0, size = message->msg_len;
	void *router = NULL;

	if (message->msg_hdr.msg_flags & MSG_TRUNC)
		return; /* longer than any advertisement */
	envelope.src = name_address(message->msg_hdr.msg_name);
	if (receiver->family == ADDR_IPV4 ? !open_ipv4(data, size, &envelope, &offset, &size)
	                                  : !open_ipv6(&message->msg_hdr, &envelope))
		return;
	if (size >= 2)
		router = receiver->routers[data[offset + 1]];
	if (router)
		sockets->received(sockets->ctx, router, &envelope, data + offset, size);
	else
		receiver->strangers++;
}

/* Reads at most 'max' packets. True when the queue is empty. */
static bool read_packets(struct vrrp_receiver *receiver, unsigned max)
{
	struct buffers *b = receiver->sockets->buffers;

	for (unsigned done = 0; done < max; done += BURST) {
		int count;

		for (size_t i = 0; i < BURST; i++) {
			b->messages[i].msg_hdr.msg_namelen = sizeof(b->names[i]);
			b->messages[i].msg_hdr.msg_controllen = sizeof(b->controls[i]);
		}
		count = recvmmsg(receiver->fd.fd, b->messages, BURST, MSG_DONTWAIT, NULL);
		/* Errors of the interface (ENETDOWN) are told once by the socket and are the links'
		 * business. */
		for (int i = 0; i < count; i++)
			take(receiver, &b->messages[i], b->data[i]);
		if (count < BURST)
			return true;
	}
	return false;
}

static void receiver_ready(struct loop_fd *fd, bool readable, bool writable)
{
	struct vrrp_receiver *receiver = lt_container_of(fd, struct vrrp_receiver, fd);

	read_packets(receiver, VRRP_SOCKET_TURN_MAX);
	receiver->sockets->settled(receiver->sockets->ctx);
}

void vrrp_receiver_drain(struct vrrp_receiver *receiver, uint64_t turn)
{
	if (!receiver || receiver->drained_turn == turn)
		return;
	receiver->drained_turn = turn;
	read_packets(receiver, VRRP_SOCKET_DRAIN_MAX);
}

static int join_ipv4(int fd, int link_index)
{
	const struct addr group = vrrp_receive_group(ADDR_IPV4);
	struct ip_mreqn membership = {.imr_ifindex = link_index};

	memcpy(&membership.imr_multiaddr, group.bytes, 4);
	/* 0: not what others on this machine have joined. */
	if (set_int(fd, IPPROTO_IP, IP_MULTICAST_ALL, 0) < 0 ||
	    setsockopt(fd, IPPROTO_IP, IP_ADD_MEMBERSHIP, &membership, sizeof(membership)) < 0)
		return -errno;
	return 0;
}

static int join_ipv6(int fd, int link_index)
{
	const struct addr group = vrrp_receive_group(ADDR_IPV6);
	struct ipv6_mreq membership = {.ipv6mr_interface = (unsigned)link_index};

	memcpy(&membership.ipv6mr_multiaddr, group.bytes, 16);
	if (set_int(fd, IPPROTO_IPV6, IPV6_RECVHOPLIMIT, 1) < 0 ||
	    set_int(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, 1) < 0 ||
	    setsockopt(fd, IPPROTO_IPV6, IPV6_ADD_MEMBERSHIP, &membership, sizeof(membership)) < 0)
		return -errno;
#ifdef IPV6_MULTICAST_ALL
	set_int(fd, IPPROTO_IPV6, IPV6_MULTICAST_ALL, 0);
#endif
	return 0;
}

static int open_receiver(const char *interface, int link_index, enum addr_family family,
                         int *ret_fd)
{
	int fd = socket(family, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, VRRP_PROTOCOL);
	int r;

	if (fd < 0)
		return -errno;
	if (setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, interface,
	               (socklen_t)strlen(interface) + 1) < 0)
		r = -errno;
	else
		r = family == ADDR_IPV4 ? join_ipv4(fd, link_index) : join_ipv6(fd, link_index);
	if (r == 0)
		r = set_buffer(fd, RECEIVE_BUFFER);
	if (r < 0) {
		close(fd);
		return r;
	}
	*ret_fd = fd;
	return 0;
}

int vrrp_sockets_join(struct vrrp_sockets *sockets, const char *interface, int link_index,
                      enum addr_family family, struct vrrp_receiver **ret_receiver)
{
	struct vrrp_receiver *receiver;
	int fd = -1, r;

	for (receiver = sockets->receivers; receiver; receiver = receiver->next)
		if (receiver->link_index == link_index && receiver->family == family)
			break;
	if (!receiver) {
		r = open_receiver(interface, link_index, family, &fd);
		if (r < 0)
			return r;
		receiver = xcalloc(1, sizeof(*receiver));
		receiver->sockets = sockets;
		receiver->link_index = link_index;
		receiver->family = family;
		receiver->fd = (struct loop_fd){.fd = fd, .ready = receiver_ready};
		receiver->next = sockets->receivers;
		sockets->receivers = receiver;
		loop_fd_start(sockets->loop, &receiver->fd, true, false);
	}
	receiver->users++;
	*ret_receiver = receiver;
	return 0;
}

void vrrp_sockets_leave(struct vrrp_sockets *sockets, struct vrrp_receiver *receiver)
{
	struct vrrp_receiver **link;

	if (!receiver || --receiver->users > 0)
		return;
	for (link = &sockets->receivers; *link != receiver; link = &(*link)->next)
		;
	*link = receiver->next;
	close_receiver(receiver);
}

/* --- sending --- */

static int send_ipv4(int fd, int link_index, const struct addr *src, const struct addr *dst,
                     struct iovec *vector)
{
	union {
		struct cmsghdr header;
		char bytes[CMSG_SPACE(sizeof(struct in_pktinfo))];
	} control = {0};
	struct sockaddr_in to = {.sin_family = AF_INET};
	struct in_pktinfo info = {.ipi_ifindex = addr_is_multicast(dst) ? link_index : 0};
	struct msghdr message = {
		.msg_name = &to,
		.msg_namelen = sizeof(to),
		.msg_iov = vector,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof(control),
	};

	memcpy(&to.sin_addr, dst->bytes, 4);
	memcpy(&info.ipi_spec_dst, src->bytes, 4);
	control.header.cmsg_level = IPPROTO_IP;
	control.header.cmsg_type = IP_PKTINFO;
	control.header.cmsg_len = CMSG_LEN(sizeof(info));
	memcpy(CMSG_DATA(&control.header), &info, sizeof(info));
	return sendmsg(fd, &message, MSG_DONTWAIT | MSG_NOSIGNAL) < 0 ? -errno : 0;
}

static int send_ipv6(int fd, int link_index, const struct addr *src, const struct addr *dst,
                     struct iovec *vector)
{
	union {
		struct cmsghdr header;
		char bytes[CMSG_SPACE(sizeof(struct in6_pktinfo))];
	} control = {0};
	bool scoped = addr_is_multicast(dst) || addr_is_link_local(dst);
	struct sockaddr_in6 to = {.sin6_family = AF_INET6};
	struct in6_pktinfo info = {.ipi6_ifindex = scoped ? (unsigned)link_index : 0};
	struct msghdr message = {
		.msg_name = &to,
		.msg_namelen = sizeof(to),
		.msg_iov = vector,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof(control),
	};

	memcpy(&to.sin6_addr, dst->bytes, 16);
	if (scoped)
		to.sin6_scope_id = (uint32_t)link_index;
	memcpy(&info.ipi6_addr, src->bytes, 16);
	control.header.cmsg_level = IPPROTO_IPV6;
	control.header.cmsg_type = IPV6_PKTINFO;
	control.header.cmsg_len = CMSG_LEN(sizeof(info));
	memcpy(CMSG_DATA(&control.header), &info, sizeof(info));
	return sendmsg(fd, &message, MSG_DONTWAIT | MSG_NOSIGNAL) < 0 ? -errno : 0;
}

int vrrp_sockets_send(struct vrrp_sockets *sockets, int link_index, const struct addr *src,
                      const struct addr *dst, const void *data, size_t size)
{
	struct iovec vector = {.iov_base = (void *)data, .iov_len = size};

	if (src->family == ADDR_IPV4)
		return send_ipv4(sockets->send4, link_index, src, dst, &vector);
	if (sockets->send6 < 0)
		return -EAFNOSUPPORT;
	return send_ipv6(sockets->send6, link_index, src, dst, &vector);
}
