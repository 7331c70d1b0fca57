/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The limit to compare with: the least a program can do to put N virtual services of M real servers
 * each into the kernel. It builds messages with libmnl and sends up to CHUNK of them a system call;
 * only the last of each call asks for an ACK. No table, no plan, no check of what is there.
 *
 *   ipvsloop SERVICES SERVERS [CHUNK]
 *   ipvsloop watch VIP PORT SERVER
 *   ipvsloop follow ADDRESS PORT PATH VIP SHARING
 *
 * prints one JSON line: {"messages":N,"seconds":S}. Needs CAP_NET_ADMIN; run it in a fresh network
 * namespace. */
#include <arpa/inet.h>
#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/genetlink.h>
#include <linux/ip_vs.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#define MESSAGE_MAX 256

static struct mnl_socket *nl;
static uint16_t family;
static unsigned seq;

static void die(const char *what)
{
	perror(what);
	exit(1);
}

static double now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

static struct nlmsghdr *put_head(void *buf, uint16_t type, uint8_t command)
{
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf);
	struct genlmsghdr *genl = mnl_nlmsg_put_extra_header(nlh, sizeof(*genl));

	nlh->nlmsg_type = type;
	nlh->nlmsg_flags = NLM_F_REQUEST;
	nlh->nlmsg_seq = ++seq;
	genl->cmd = command;
	genl->version = 1;
	return nlh;
}

static int take_family(const struct nlattr *attr, void *data)
{
	if (mnl_attr_get_type(attr) == CTRL_ATTR_FAMILY_ID)
		family = mnl_attr_get_u16(attr);
	return MNL_CB_OK;
}

static int take_reply(const struct nlmsghdr *nlh, void *data)
{
	return mnl_attr_parse(nlh, sizeof(struct genlmsghdr), take_family, NULL);
}

static void find_family(void)
{
	char buf[8192];
	struct nlmsghdr *nlh = put_head(buf, GENL_ID_CTRL, CTRL_CMD_GETFAMILY);

	mnl_attr_put_strz(nlh, CTRL_ATTR_FAMILY_NAME, IPVS_GENL_NAME);
	if (mnl_socket_sendto(nl, nlh, nlh->nlmsg_len) < 0)
		die("send");
	ssize_t n = mnl_socket_recvfrom(nl, buf, sizeof(buf));
	if (n < 0 || mnl_cb_run(buf, (size_t)n, seq, 0, take_reply, NULL) < 0 || family == 0)
		die("IPVS");
}

static void put_key(struct nlmsghdr *nlh, uint32_t address, unsigned port, int whole)
{
	const struct ip_vs_flags flags = {.flags = 0, .mask = ~0u};
	uint32_t vip[4] = {htonl(address)};
	struct nlattr *nest = mnl_attr_nest_start(nlh, IPVS_CMD_ATTR_SERVICE);

	mnl_attr_put_u16(nlh, IPVS_SVC_ATTR_AF, AF_INET);
	mnl_attr_put_u16(nlh, IPVS_SVC_ATTR_PROTOCOL, IPPROTO_TCP);
	mnl_attr_put(nlh, IPVS_SVC_ATTR_ADDR, sizeof(vip), vip);
	mnl_attr_put_u16(nlh, IPVS_SVC_ATTR_PORT, htons((uint16_t)port));
	if (whole) {
		mnl_attr_put_strz(nlh, IPVS_SVC_ATTR_SCHED_NAME, "rr");
		mnl_attr_put(nlh, IPVS_SVC_ATTR_FLAGS, sizeof(flags), &flags);
		mnl_attr_put_u32(nlh, IPVS_SVC_ATTR_TIMEOUT, 0);
		mnl_attr_put_u32(nlh, IPVS_SVC_ATTR_NETMASK, 0xffffffff);
	}
	mnl_attr_nest_end(nlh, nest);
}

static void put_dest(struct nlmsghdr *nlh, uint32_t server, unsigned weight)
{
	uint32_t address[4] = {htonl(server)};
	struct nlattr *nest = mnl_attr_nest_start(nlh, IPVS_CMD_ATTR_DEST);

	mnl_attr_put(nlh, IPVS_DEST_ATTR_ADDR, sizeof(address), address);
	mnl_attr_put_u16(nlh, IPVS_DEST_ATTR_ADDR_FAMILY, AF_INET);
	mnl_attr_put_u16(nlh, IPVS_DEST_ATTR_PORT, htons(8080));
	mnl_attr_put_u32(nlh, IPVS_DEST_ATTR_FWD_METHOD, IP_VS_CONN_F_MASQ);
	mnl_attr_put_u32(nlh, IPVS_DEST_ATTR_WEIGHT, weight);
	mnl_attr_put_u32(nlh, IPVS_DEST_ATTR_U_THRESH, 0);
	mnl_attr_put_u32(nlh, IPVS_DEST_ATTR_L_THRESH, 0);
	mnl_attr_nest_end(nlh, nest);
}

/* Waits for the verdict of the last message; any refusal ends the program. */
static void wait_verdict(unsigned last)
{
	char buf[65536];

	for (;;) {
		ssize_t n = mnl_socket_recvfrom(nl, buf, sizeof(buf));
		if (n < 0)
			die("recv");
		const struct nlmsghdr *nlh = (const struct nlmsghdr *)buf;
		int len = (int)n;
		for (; mnl_nlmsg_ok(nlh, len); nlh = mnl_nlmsg_next(nlh, &len)) {
			const struct nlmsgerr *verdict = mnl_nlmsg_get_payload(nlh);
			if (nlh->nlmsg_type == NLMSG_ERROR && verdict->error) {
				errno = -verdict->error;
				die("the kernel refuses");
			}
			if (nlh->nlmsg_seq == last)
				return;
		}
	}
}

static uint32_t watched; /* a real server's address, network order */
static int seen;

static int take_dest(const struct nlattr *attr, void *data)
{
	const struct nlattr *inner;

	if (mnl_attr_get_type(attr) != IPVS_CMD_ATTR_DEST)
		return MNL_CB_OK;
	mnl_attr_for_each_nested (inner, attr) {
		if (mnl_attr_get_type(inner) == IPVS_DEST_ATTR_ADDR &&
		    memcmp(mnl_attr_get_payload(inner), &watched, sizeof(watched)) == 0)
			seen = 1;
	}
	return MNL_CB_OK;
}

static int take_dests(const struct nlmsghdr *nlh, void *data)
{
	return mnl_attr_parse(nlh, sizeof(struct genlmsghdr), take_dest, NULL);
}

/* Asks for the real servers of a TCP service, twice a millisecond, until 'server' is among them;
 * prints the instant of CLOCK_MONOTONIC. */
static int watch(const char *vip, unsigned port, const char *server)
{
	const struct timespec pause = {.tv_nsec = 500000};
	uint32_t address[4] = {0};
	char buf[65536];

	if (inet_pton(AF_INET, vip, address) != 1 || inet_pton(AF_INET, server, &watched) != 1)
		die("address");
	printf("watching\n");
	fflush(stdout);
	while (!seen) {
		struct nlmsghdr *nlh = put_head(buf, family, IPVS_CMD_GET_DEST);
		nlh->nlmsg_flags |= NLM_F_DUMP;
		struct nlattr *nest = mnl_attr_nest_start(nlh, IPVS_CMD_ATTR_SERVICE);
		mnl_attr_put_u16(nlh, IPVS_SVC_ATTR_AF, AF_INET);
		mnl_attr_put_u16(nlh, IPVS_SVC_ATTR_PROTOCOL, IPPROTO_TCP);
		mnl_attr_put(nlh, IPVS_SVC_ATTR_ADDR, sizeof(address), address);
		mnl_attr_put_u16(nlh, IPVS_SVC_ATTR_PORT, htons((uint16_t)port));
		mnl_attr_nest_end(nlh, nest);
		if (mnl_socket_sendto(nl, nlh, nlh->nlmsg_len) < 0)
			die("send");
		int more = MNL_CB_OK;
		while (more > MNL_CB_STOP) {
			ssize_t n = mnl_socket_recvfrom(nl, buf, sizeof(buf));
			if (n < 0)
				die("recv");
			more = mnl_cb_run(buf, (size_t)n, seq, 0, take_dests, NULL);
			if (more < 0)
				die("dump");
		}
		if (!seen)
			nanosleep(&pause, NULL);
	}
	printf("{\"seen\":%.6f}\n", now());
	return 0;
}

/* The first address of a slice, host order; what follows it is lost. */
static uint32_t read_address(char *line)
{
	static const char before[] = "\"addresses\":[\"";
	struct in_addr address = {0};
	char *text = strstr(line, before), *end;

	if (text)
		text += sizeof(before) - 1;
	if (text && (end = strchr(text, '"')))
		*end = '\0';
	if (!text || inet_pton(AF_INET, text, &address) != 1)
		die("no address");
	return ntohl(address.s_addr);
}

/* The least a program can do to follow a cluster: reads what a watch of PATH gives, line by line,
 * and for each sends the weight of the first real server: 0 if an endpoint ends, else 1. The number
 * of the service is the last one of its name: 'sharing' have an address, from 'first' on, each a
 * port from 10000 on. */
static int follow(const char *address, unsigned port, const char *path, const char *first,
                  unsigned sharing)
{
	struct in_addr vip;
	static char buf[1 << 20];
	struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
	int fd = socket(AF_INET, SOCK_STREAM, 0), len;
	char out[MESSAGE_MAX];
	size_t size = 0;

	if (inet_pton(AF_INET, address, &to.sin_addr) != 1 ||
	    inet_pton(AF_INET, first, &vip) != 1 || sharing == 0 ||
	    connect(fd, (struct sockaddr *)&to, sizeof(to)))
		die("connect");
	len = snprintf(buf, sizeof(buf), "GET %s?watch=true HTTP/1.1\r\nHost: x\r\n\r\n", path);
	if (send(fd, buf, (size_t)len, 0) != len)
		die("send");
	for (;;) {
		ssize_t n = recv(fd, buf + size, sizeof(buf) - 1 - size, 0);
		if (n <= 0)
			return 0;
		size += (size_t)n;
		buf[size] = '\0';
		char *end;
		while ((end = strstr(buf, "}\n"))) {
			*end = '\0';
			const char *name = strstr(buf, "service-name\":\"s");
			int ends = strstr(buf, "\"terminating\":true") != NULL;
			if (!name)
				die("no slice");
			struct nlmsghdr *nlh = put_head(out, family, IPVS_CMD_SET_DEST);
			nlh->nlmsg_flags |= NLM_F_ACK;
			unsigned service = (unsigned)atoi(name + 16);
			put_key(nlh, ntohl(vip.s_addr) + service / sharing,
			        10000 + service % sharing, 0);
			put_dest(nlh, read_address(buf), !ends);
			if (mnl_socket_sendto(nl, nlh, nlh->nlmsg_len) < 0)
				die("send");
			wait_verdict(seq);
			size -= (size_t)(end + 2 - buf);
			memmove(buf, end + 2, size + 1);
		}
	}
}

int main(int argc, char **argv)
{
	unsigned services = argc > 2 ? (unsigned)atoi(argv[1]) : 0;
	unsigned servers = argc > 2 ? (unsigned)atoi(argv[2]) : 0;
	unsigned chunk = argc > 3 ? (unsigned)atoi(argv[3]) : 1000;
	int size = 8 << 20;

	int watches = argc == 5 && strcmp(argv[1], "watch") == 0;
	int follows = argc == 7 && strcmp(argv[1], "follow") == 0;
	if (!watches && !follows && (services == 0 || chunk == 0)) {
		fprintf(stderr, "usage: ipvsloop SERVICES SERVERS [CHUNK]\n"
		                "       ipvsloop watch VIP PORT SERVER\n"
		                "       ipvsloop follow ADDRESS PORT PATH VIP SHARING\n");
		return 2;
	}
	nl = mnl_socket_open(NETLINK_GENERIC);
	if (!nl || mnl_socket_bind(nl, 0, MNL_SOCKET_AUTOPID) < 0)
		die("netlink");
	if (setsockopt(mnl_socket_get_fd(nl), SOL_SOCKET, SO_SNDBUFFORCE, &size, sizeof(size)))
		die("SO_SNDBUFFORCE");
	find_family();
	if (follows)
		return follow(argv[2], (unsigned)atoi(argv[3]), argv[4], argv[5],
		              (unsigned)atoi(argv[6]));
	if (watches)
		return watch(argv[2], (unsigned)atoi(argv[3]), argv[4]);

	char *buf = malloc((size_t)chunk * MESSAGE_MAX), *end = buf;
	unsigned long total = (unsigned long)services * (servers + 1), done = 0;
	unsigned queued = 0;
	double begin = now();
	for (unsigned s = 0; s < services; s++) {
		for (unsigned d = 0; d <= servers; d++) {
			struct nlmsghdr *nlh =
				put_head(end, family, d ? IPVS_CMD_NEW_DEST : IPVS_CMD_NEW_SERVICE);
			put_key(nlh, 0x0a000000u + s, 80, d == 0);
			if (d)
				put_dest(nlh, 0x0b000000u + d, 1);
			end += nlh->nlmsg_len;
			done++;
			if (++queued < chunk && done < total)
				continue;
			nlh->nlmsg_flags |= NLM_F_ACK;
			if (mnl_socket_sendto(nl, buf, (size_t)(end - buf)) < 0)
				die("send");
			wait_verdict(seq);
			end = buf;
			queued = 0;
		}
	}
	printf("{\"messages\":%lu,\"seconds\":%.6f}\n", total, now() - begin);
	free(buf);
	mnl_socket_close(nl);
	return 0;
}
