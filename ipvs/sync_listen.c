/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ipvs/sync_listen.h"

#include "lib/wire.h"

#include <assert.h>
#include <errno.h>
#include <linux/filter.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <netinet/in.h>
#include <netinet/ip.h>
#include <netinet/ip6.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define RECEIVE_BUFFER (16 * 1024 * 1024)
#define ROUNDS         16 /* of BATCH datagrams a turn */
#define BATCH          32
#define DATAGRAM_MAX   2048 /* an entry may be longer than the daemon's size, by a known amount */
#define FLOWS_OF_ONE   (DATAGRAM_MAX / IPVS_SYNC_ENTRY4_SIZE)
#define GATHERED_MAX   (8 * FLOWS_OF_ONE) /* given together */
#define IP_UDP_SIZE    28
#define PULSE_PORT     18849 /* and up, of the client */
#define LOCAL_NODE     1     /* IP_VS_CONN_F_LOCALNODE: packets go where they go anyway */
#define TCP_OPEN_STATE 1
#define PULSE_LIFE_S   60

static const uint8_t client6[16] = {[15] = 1};               /* ::1 */
static const uint8_t group6[16] = {0xff, 0x02, [15] = 0x51}; /* ff02::51 */
static const uint8_t client4[4] = {127, 0, 0, 1}, group4[4] = {224, 0, 0, 81};

bool ipvs_sync_is_pulse(const struct addr *client, const struct addr *virtual)
{
	if (client->family == ADDR_IPV6)
		return memcmp(client->bytes, client6, 16) == 0 &&
		       memcmp(virtual->bytes, group6, 16) == 0;
	return memcmp(client->bytes, client4, 4) == 0 && memcmp(virtual->bytes, group4, 4) == 0;
}

/* --- opening --- */

/* UDP to the master's port alone, at the beginning of the IP packet. */
static const struct sock_filter filter_code[] = {
	BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 9),
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, IPPROTO_UDP, 0, 3),
	BPF_STMT(BPF_LD | BPF_H | BPF_ABS, 22),
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, IPVS_SYNC_OUT_PORT, 0, 1),
	BPF_STMT(BPF_RET | BPF_K, UINT32_MAX),
	BPF_STMT(BPF_RET | BPF_K, 0),
};

static int set_option(int fd, int level, int name, const void *value, size_t size)
{
	return setsockopt(fd, level, name, value, (socklen_t)size) < 0 ? -errno : 0;
}

int ipvs_sync_listen_open(struct ipvs_sync_listen *listen, int link_index)
{
	const struct sock_fprog filter = {
		.len = LT_ARRAY_SIZE(filter_code),
		.filter = (struct sock_filter *)filter_code,
	};
	const struct sockaddr_ll at = {
		.sll_family = AF_PACKET,
		.sll_protocol = wire_be16(ETH_P_ALL), /* what leaves is shown to no other */
		.sll_ifindex = link_index,
	};
	const int size = RECEIVE_BUFFER;
	int err, fd;

	*listen =
		(struct ipvs_sync_listen){.packet_fd = -1, .raw_fd = -1, .link_index = link_index};
	fd = socket(AF_PACKET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -errno;
	err = set_option(fd, SOL_SOCKET, SO_ATTACH_FILTER, &filter, sizeof(filter));
	if (err == 0)
		err = set_option(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size));
	if (err == 0 && bind(fd, (const struct sockaddr *)&at, sizeof(at)) < 0)
		err = -errno;
	if (err < 0) {
		close(fd);
		return err;
	}
	listen->packet_fd = fd;
	return 0;
}

void ipvs_sync_listen_close(struct ipvs_sync_listen *listen)
{
	if (listen->packet_fd >= 0)
		close(listen->packet_fd);
	if (listen->raw_fd >= 0)
		close(listen->raw_fd);
	listen->packet_fd = listen->raw_fd = -1;
}

/* --- pulses --- */

static int set_sender4(int fd, int link_index)
{
	const struct ip_mreqn out = {.imr_ifindex = link_index};
	const int no = 0;
	int err = set_option(fd, IPPROTO_IP, IP_MULTICAST_IF, &out, sizeof(out));

	return err ? err : set_option(fd, IPPROTO_IP, IP_MULTICAST_LOOP, &no, sizeof(no));
}

static int set_sender6(int fd, int link_index)
{
	const int no = 0;
	int err = set_option(fd, IPPROTO_IPV6, IPV6_MULTICAST_IF, &link_index, sizeof(link_index));

	return err ? err : set_option(fd, IPPROTO_IPV6, IPV6_MULTICAST_LOOP, &no, sizeof(no));
}

/* The descriptor, or -errno. */
static int open_raw(int link_index, enum addr_family family)
{
	const uint32_t mark = IPVS_SYNC_MARK;
	int fd = socket(family == ADDR_IPV6 ? AF_INET6 : AF_INET,
	                SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, IPPROTO_RAW);
	int err;

	if (fd < 0)
		return -errno;
	err = family == ADDR_IPV6 ? set_sender6(fd, link_index) : set_sender4(fd, link_index);
	if (err == 0)
		err = set_option(fd, SOL_SOCKET, SO_MARK, &mark, sizeof(mark));
	if (err == 0)
		return fd;
	close(fd);
	return err;
}

/* The end of a connection's stream: with it an established one becomes one that waits to close,
 * which the daemon tells whatever the settings say. */
static struct tcphdr fin_of(unsigned number)
{
	return (struct tcphdr){
		.source = htons((uint16_t)(PULSE_PORT + number)),
		.dest = htons(PULSE_PORT),
		.doff = sizeof(struct tcphdr) / 4,
		.fin = 1,
	};
}

/* One packet of each connection, in one system call. */
static int send4(int fd, unsigned count)
{
	struct {
		struct iphdr ip;
		struct tcphdr tcp;
	} packets[IPVS_SYNC_PULSES_MANY];
	struct sockaddr_in to = {.sin_family = AF_INET};
	struct mmsghdr messages[IPVS_SYNC_PULSES_MANY] = {0};
	struct iovec parts[IPVS_SYNC_PULSES_MANY];

	memcpy(&to.sin_addr, group4, 4);
	for (unsigned i = 0; i < count; i++) {
		packets[i].ip = (struct iphdr){
			.version = 4,
			.ihl = sizeof(packets[i].ip) / 4,
			.tot_len = htons(sizeof(packets[i])),
			.ttl = 1,
			.protocol = IPPROTO_TCP,
		};
		memcpy(&packets[i].ip.saddr, client4, 4);
		memcpy(&packets[i].ip.daddr, group4, 4);
		packets[i].tcp = fin_of(i);
		parts[i] = (struct iovec){&packets[i], sizeof(packets[i])};
		messages[i].msg_hdr = (struct msghdr){.msg_name = &to,
		                                      .msg_namelen = sizeof(to),
		                                      .msg_iov = &parts[i],
		                                      .msg_iovlen = 1};
	}
	return sendmmsg(fd, messages, count, 0) < 0 ? -errno : 0;
}

static int send6(int fd, int link_index, unsigned count)
{
	struct {
		struct ip6_hdr ip;
		struct tcphdr tcp;
	} packets[IPVS_SYNC_PULSES_MANY];
	struct sockaddr_in6 to = {.sin6_family = AF_INET6, .sin6_scope_id = (uint32_t)link_index};
	struct mmsghdr messages[IPVS_SYNC_PULSES_MANY] = {0};
	struct iovec parts[IPVS_SYNC_PULSES_MANY];

	memcpy(&to.sin6_addr, group6, 16);
	for (unsigned i = 0; i < count; i++) {
		packets[i].ip = (struct ip6_hdr){0};
		packets[i].ip.ip6_flow = htonl(6U << 28);
		packets[i].ip.ip6_plen = htons(sizeof(packets[i].tcp));
		packets[i].ip.ip6_nxt = IPPROTO_TCP;
		packets[i].ip.ip6_hlim = 1;
		memcpy(&packets[i].ip.ip6_src, client6, 16);
		memcpy(&packets[i].ip.ip6_dst, group6, 16);
		packets[i].tcp = fin_of(i);
		parts[i] = (struct iovec){&packets[i], sizeof(packets[i])};
		messages[i].msg_hdr = (struct msghdr){.msg_name = &to,
		                                      .msg_namelen = sizeof(to),
		                                      .msg_iov = &parts[i],
		                                      .msg_iovlen = 1};
	}
	return sendmmsg(fd, messages, count, 0) < 0 ? -errno : 0;
}

/* Makes the connections, or sets them back to established. The sequence data is there to make them
 * long. */
static void set_back(struct ipvs_sync_inject *inject, enum addr_family family, unsigned count)
{
	const bool six = family == ADDR_IPV6;
	uint8_t data[IPVS_SYNC_HEADER_SIZE +
	             IPVS_SYNC_PULSES_MANY * (IPVS_SYNC_ENTRY6_SIZE + IPVS_SYNC_SEQUENCE_SIZE + 2)];
	struct ipvs_sync_writer writer;
	struct ipvs_sync_entry entry = {
		.protocol = IPPROTO_TCP,
		.flags = LOCAL_NODE | IPVS_SYNC_SEQUENCE,
		.state = TCP_OPEN_STATE,
		.virtual_port = PULSE_PORT,
		.server_port = PULSE_PORT,
		.timeout_s = PULSE_LIFE_S,
		.client = addr_make(family, six ? client6 : client4),
		.virtual = addr_make(family, six ? group6 : group4),
		.server = addr_make(family, six ? client6 : client4),
		.has_sequence = true,
	};

	ipvs_sync_write_begin(&writer, data, sizeof(data), IPVS_SYNC_ID);
	for (unsigned i = 0; i < count; i++) {
		entry.client_port = (uint16_t)(PULSE_PORT + i);
		(void)ipvs_sync_write(&writer, &entry);
	}
	ipvs_sync_inject_now(inject, data, ipvs_sync_write_end(&writer));
}

int ipvs_sync_listen_pulse(struct ipvs_sync_listen *listen, struct ipvs_sync_inject *inject,
                           enum addr_family family, unsigned count)
{
	int err;

	if (listen->family != family && listen->raw_fd >= 0) {
		close(listen->raw_fd);
		listen->raw_fd = -1;
	}
	if (listen->raw_fd < 0) {
		int fd = open_raw(listen->link_index, family);

		if (fd < 0)
			return fd;
		listen->raw_fd = fd;
		listen->family = family;
	}
	err = family == ADDR_IPV6 ? send6(listen->raw_fd, listen->link_index, count)
	                          : send4(listen->raw_fd, count);
	set_back(inject, family, count);
	return err;
}

/* --- hearing --- */

/* Appends its flows, of which there are FLOWS_OF_ONE at most; their number. */
static size_t take_datagram(struct ipvs_sync_listen *listen, const uint8_t *data, size_t size,
                            struct model_flow *flows)
{
	struct ipvs_sync_reader reader;
	struct ipvs_sync_entry entry;
	enum ipvs_sync_found found = ipvs_sync_read_begin(&reader, data, size);
	size_t count = 0;

	listen->counters.datagrams++;
	while (found == IPVS_SYNC_ENTRY || found == IPVS_SYNC_UNKNOWN_OPTION) {
		enum ipvs_sync_fit fit;

		found = ipvs_sync_read(&reader, &entry);
		if (found != IPVS_SYNC_ENTRY)
			continue;
		if (ipvs_sync_is_pulse(&entry.client, &entry.virtual)) {
			listen->counters.pulses++;
			continue;
		}
		fit = ipvs_sync_to_flow(&entry, &flows[count]);
		if (fit == IPVS_SYNC_FITS)
			count++;
		else
			listen->counters.unfit[fit]++;
	}
	listen->counters.malformed += found != IPVS_SYNC_END;
	listen->counters.flows += count;
	return count;
}

/* How many found no room since we last asked. */
static void count_losses(struct ipvs_sync_listen *listen)
{
	struct tpacket_stats stats;
	socklen_t size = sizeof(stats);

	if (getsockopt(listen->packet_fd, SOL_PACKET, PACKET_STATISTICS, &stats, &size) == 0)
		listen->counters.lost += stats.tp_drops;
}

void ipvs_sync_listen_read(struct ipvs_sync_listen *listen,
                           void (*seen)(void *ctx, const struct model_flow *flows, size_t count),
                           void *ctx)
{
	static_assert(IPVS_SYNC_OUT_SIZE(IPVS_SYNC_PULSES_MANY) + IP_UDP_SIZE < DATAGRAM_MAX,
	              "a datagram fits");
	uint8_t space[BATCH][DATAGRAM_MAX];
	struct sockaddr_ll from[BATCH];
	struct iovec parts[BATCH];
	struct mmsghdr messages[BATCH];
	struct model_flow flows[GATHERED_MAX];
	size_t count = 0;
	int got = BATCH;

	for (unsigned i = 0; i < BATCH; i++) {
		parts[i] = (struct iovec){.iov_base = space[i], .iov_len = DATAGRAM_MAX};
		messages[i] = (struct mmsghdr){
			.msg_hdr = {.msg_iov = &parts[i], .msg_iovlen = 1, .msg_name = &from[i]}};
	}
	for (unsigned round = 0; round < ROUNDS && got == BATCH; round++) {
		for (unsigned i = 0; i < BATCH; i++)
			messages[i].msg_hdr.msg_namelen = sizeof(from[i]);
		got = recvmmsg(listen->packet_fd, messages, BATCH, MSG_DONTWAIT, NULL);
		for (int i = 0; i < got; i++) {
			if (from[i].sll_pkttype != PACKET_OUTGOING ||
			    messages[i].msg_len <= IP_UDP_SIZE)
				continue;
			if (count > GATHERED_MAX - FLOWS_OF_ONE) {
				seen(ctx, flows, count);
				count = 0;
			}
			count += take_datagram(listen, space[i] + IP_UDP_SIZE,
			                       messages[i].msg_len - IP_UDP_SIZE, flows + count);
		}
	}
	if (count > 0)
		seen(ctx, flows, count);
	count_losses(listen);
}
