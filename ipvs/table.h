/* SPDX-License-Identifier: GPL-2.0-or-later */
/* ipvs/table.h - virtual services and their real servers: wanted and found have this one type.
 *
 * Pure. Host byte order; addresses are bytes. Tables are sorted: services by key, real servers of a
 * service by family, address and port, each once. Source: Linux include/uapi/linux/ip_vs.h,
 * net/netfilter/ipvs/ip_vs_ctl.c.
 *
 * What the kernel can't do, and so a table doesn't hold:
 * - A real server of another family than its virtual service: with tunnel forwarding only. With NAT
 *   and direct, servers of the other family are left out; with tunnel they are taken only when the
 *   virtual server has none of the family of its address (a dual-stack server would count twice).
 * - Another port than that of the virtual service with direct and tunnel forwarding: the packet
 *   arrives as the client sent it.
 * - A port of its own for a real server of a port range: the port is kept (dest port 0). A range
 *   whose target differs is moved to the target's ports by nftables before IPVS sees the packet. */

#ifndef LINTEL_IPVS_TABLE_H
#define LINTEL_IPVS_TABLE_H

#include "lib/addr.h"
#include "lib/arena.h"
#include "model/snapshot.h"

/* What tells one virtual service from another: a firewall mark of a family, or an endpoint. */
struct ipvs_key {
	struct addr addr; /* of a mark: the family only, bytes 0 */
	uint32_t mark;    /* 0: none; else 'protocol' and 'port' are 0 */
	uint8_t protocol; /* IPPROTO_TCP... = enum model_protocol */
	uint16_t port;
};

/* Values of the kernel (IP_VS_SVC_F_*), without HASHED which is its own affair. */
enum ipvs_flag {
	IPVS_FLAG_PERSISTENT = 0x01,
	IPVS_FLAG_ONE_PACKET = 0x04,
	IPVS_FLAG_FALLBACK =
		0x08,          /* sh, mh: try another server when the hashed one is unavailable */
	IPVS_FLAG_PORT = 0x10, /* sh, mh: hash the source port, too */
	IPVS_FLAG_SCHED3 = 0x20,
};
#define IPVS_FLAGS_ALL 0x3d

/* Values of the kernel (IP_VS_CONN_F_*). */
enum ipvs_forwarding {
	IPVS_FORWARD_NAT = 0,
	IPVS_FORWARD_LOCAL = 1, /* old kernels only, never wanted */
	IPVS_FORWARD_TUNNEL = 2,
	IPVS_FORWARD_DIRECT = 3,
	IPVS_FORWARD_BYPASS = 4, /* cache bypass, never wanted */
};
const char *ipvs_forwarding_name(enum ipvs_forwarding forwarding); /* "nat" */

enum ipvs_tunnel_flag {
	IPVS_TUNNEL_CHECKSUM = 1,
	IPVS_TUNNEL_REMOTE_CHECKSUM = 2,
};

/* Counters and the kernel's own estimates (over about 8 s). The kernel brings both up to date every
 * 2 s, and not at all with net.ipv4.vs.run_estimation=0. */
struct ipvs_stats {
	uint64_t connections;
	uint64_t in_packets;
	uint64_t out_packets; /* of replies; 0 with direct and tunnel */
	uint64_t in_bytes;
	uint64_t out_bytes;
	uint64_t connections_per_s;
	uint64_t in_packets_per_s;
	uint64_t out_packets_per_s;
	uint64_t in_bytes_per_s;
	uint64_t out_bytes_per_s;
};

struct ipvs_dest {
	struct addr addr;         /* in an order without gaps: there may be a hundred thousand */
	uint8_t forwarding;       /* enum ipvs_forwarding */
	uint16_t port;            /* 0: the port the client spoke to */
	uint8_t tunnel_type;      /* enum model_tunnel_type; 0 unless tunnel */
	uint8_t tunnel_flags;     /* enum ipvs_tunnel_flag */
	uint16_t tunnel_port;     /* GUE */
	uint32_t weight;          /* 0: no new connections */
	uint32_t upper_threshold; /* connections, 0: none */
	uint32_t lower_threshold;
	/* found only */
	uint32_t active;                /* connections */
	uint32_t inactive;              /* connections */
	uint32_t persistent;            /* persistence templates */
	const struct ipvs_stats *stats; /* NULL: not asked for, or wanted */
};

#define IPVS_SCHEDULER_SIZE 16
#define IPVS_PE_SIZE        16
#define IPVS_PREFIX_ODD     255 /* a netmask that is no prefix: differs from all others */

/* What a person calls a virtual service, and how long it may take leave: known of wanted ones, and
 * of others that are in our journal (ipvs_table_annotate). */
struct ipvs_identity {
	struct addr vip;     /* family ADDR_NONE: unknown */
	uint8_t protocol;    /* of the ports; a mark's too */
	uint16_t first_port; /* = last_port unless a range */
	uint16_t last_port;
	int64_t drain_timeout_us;
	const char *title; /* "VirtualServer default/web", NULL: unknown */
};

struct ipvs_service {
	struct ipvs_key key;
	char scheduler[IPVS_SCHEDULER_SIZE];   /* "rr"; "none" */
	char persistence_engine[IPVS_PE_SIZE]; /* "", never wanted */
	uint32_t flags;                        /* enum ipvs_flag */
	uint32_t timeout_s;                    /* of persistence, 0 without */
	uint8_t prefix; /* granularity of persistence, bits; IPVS_PREFIX_ODD */
	struct ipvs_dest *dests;
	size_t dest_count;
	/* Wanted only: servers that are to go at once if they are found, without taking leave: what
	 * they have of connections gets no answers. In the order of dests, and not among them. */
	const struct ipvs_dest *dropped;
	size_t dropped_count;
	const struct ipvs_stats *stats; /* NULL: not asked for, or wanted */
	struct ipvs_identity identity;
	const struct model_service *wanted; /* NULL unless built from a snapshot, which owns it */
};

struct ipvs_table {
	struct arena arena; /* owns what lies in the table unless said otherwise */
	struct ipvs_service *services;
	size_t service_count;
};

void ipvs_table_init(struct ipvs_table *table);
void ipvs_table_done(struct ipvs_table *table);

/* The port a server answers on for the (first) port of the virtual service. */
uint16_t ipvs_table_server_port(const struct model_service *service,
                                const struct model_real_server *server);
/* The family of the servers that are taken: that of the address, or with tunnels any if it has
 * none.
 */
uint8_t ipvs_table_server_family(const struct model_service *service);
/* What a server becomes, or would become. */
struct ipvs_dest ipvs_table_dest(const struct model_service *service,
                                 const struct model_real_server *server);
struct ipvs_scope;
/* What the kernel should hold for a snapshot, which must outlive the table; with a scope
 * (ipvs/scope.h) only what is in it, NULL: everything. 'drained' (may be NULL)
 * says which servers an operator took out of service by hand: weight 0. Its port is that of the
 * destination, for a port range the first target port. 'ret_table' is initialised here. */
void ipvs_table_build(const struct model_snapshot *snapshot, const struct ipvs_scope *scope,
                      bool (*drained)(const void *ctx, const struct addr *addr, uint16_t port),
                      const void *ctx, struct ipvs_table *ret_table);

/* How many real servers a wanted service has. */
size_t ipvs_table_server_count(const struct model_service *service);

/* Puts the dests of a service in order, as ipvs_table_sort() does. */
void ipvs_service_sort(struct ipvs_service *service);
/* Puts services and their dests in order and drops all but the first of equal keys (a dump during
 * changes may give one twice). */
void ipvs_table_sort(struct ipvs_table *table);
/* Lends the identities of services in 'from' to those of the same key in 'table' that have none. */
void ipvs_table_annotate(struct ipvs_table *table, const struct ipvs_table *from);

/* NULL beyond the end: for walks along two tables. */
const struct ipvs_service *ipvs_table_at(const struct ipvs_table *table, size_t index);
/* NULL when there is none. */
struct ipvs_service *ipvs_table_find(const struct ipvs_table *table, const struct ipvs_key *key);
struct ipvs_dest *ipvs_service_find(const struct ipvs_service *service, const struct addr *addr,
                                    uint16_t port);

/* Marks after endpoints, IPv4 before IPv6; then address, protocol, port. */
int ipvs_key_compare(const struct ipvs_key *a, const struct ipvs_key *b);
int ipvs_dest_compare(const struct ipvs_dest *a, const struct ipvs_dest *b);
/* Would the kernel have nothing to do to make one the other? Leaves out dests, counters and
 * identity; of dests, their counters. */
bool ipvs_service_same(const struct ipvs_service *a, const struct ipvs_service *b);
bool ipvs_dest_same(const struct ipvs_dest *a, const struct ipvs_dest *b);
/* The key of a wanted service, and the service of a key; NULL: it isn't wanted. */
struct ipvs_key ipvs_key_of(const struct model_service *service);
const struct model_service *ipvs_key_service(const struct model_snapshot *snapshot,
                                             const struct ipvs_key *key);

/* "TCP 10.77.0.100:80", "UDP 10.77.0.100:16384-16483 (mark 0x1000)", "FWM 0x1000 (IPv6)" when the
 * identity is unknown; returns buf. */
#define IPVS_TEXT_SIZE 128
const char *ipvs_service_format(const struct ipvs_service *service,
                                char buf[static IPVS_TEXT_SIZE]);
const char *ipvs_key_format(const struct ipvs_key *key, char buf[static IPVS_TEXT_SIZE]);
/* "10.78.0.21:8080", "[2001:db8::1]:80"; without port when it is 0. */
const char *ipvs_dest_format(const struct ipvs_dest *dest, char buf[static IPVS_TEXT_SIZE]);

#endif
