/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ipvs/attr.h"

#include "lib/genl.h"
#include "lib/wire.h"

#include <assert.h>
#include <errno.h>
#include <linux/genetlink.h>
#include <linux/ip_vs.h>
#include <stdlib.h>
#include <string.h>

static_assert((int)IPVS_FLAG_PERSISTENT == IP_VS_SVC_F_PERSISTENT, "kernel's value");
static_assert((int)IPVS_FLAG_ONE_PACKET == IP_VS_SVC_F_ONEPACKET, "kernel's value");
static_assert((int)IPVS_FLAG_FALLBACK == IP_VS_SVC_F_SCHED1, "kernel's value");
static_assert((int)IPVS_FLAG_PORT == IP_VS_SVC_F_SCHED2, "kernel's value");
static_assert((int)IPVS_FLAG_SCHED3 == IP_VS_SVC_F_SCHED3, "kernel's value");
static_assert((int)IPVS_FORWARD_NAT == IP_VS_CONN_F_MASQ, "kernel's value");
static_assert((int)IPVS_FORWARD_TUNNEL == IP_VS_CONN_F_TUNNEL, "kernel's value");
static_assert((int)IPVS_FORWARD_DIRECT == IP_VS_CONN_F_DROUTE, "kernel's value");
static_assert((int)MODEL_TUNNEL_IPIP == IP_VS_CONN_F_TUNNEL_TYPE_IPIP, "kernel's value");
static_assert((int)MODEL_TUNNEL_GUE == IP_VS_CONN_F_TUNNEL_TYPE_GUE, "kernel's value");
static_assert((int)MODEL_TUNNEL_GRE == IP_VS_CONN_F_TUNNEL_TYPE_GRE, "kernel's value");

/* --- encoding --- */

static void put_be16(struct nlmsghdr *message, uint16_t type, uint16_t value)
{
	mnl_attr_put_u16(message, type, wire_be16(value));
}

static void put_key(struct nlmsghdr *message, const struct ipvs_key *key)
{
	mnl_attr_put_u16(message, IPVS_SVC_ATTR_AF, key->addr.family);
	if (key->mark != 0) {
		mnl_attr_put_u32(message, IPVS_SVC_ATTR_FWMARK, key->mark);
		return;
	}
	mnl_attr_put_u16(message, IPVS_SVC_ATTR_PROTOCOL, key->protocol);
	mnl_attr_put(message, IPVS_SVC_ATTR_ADDR, addr_size(&key->addr), key->addr.bytes);
	put_be16(message, IPVS_SVC_ATTR_PORT, key->port);
}

/* IPv4: the mask, in network order. IPv6: the prefix length, in host order. */
static uint32_t netmask_of(const struct ipvs_service *service)
{
	struct addr mask;
	uint32_t bytes;

	if (service->key.addr.family == ADDR_IPV6)
		return service->prefix;
	mask = addr_mask(ADDR_IPV4, service->prefix);
	memcpy(&bytes, mask.bytes, sizeof(bytes));
	return bytes;
}

static void put_service(struct nlmsghdr *message, const struct ipvs_service *service, bool is_full)
{
	struct nlattr *nest = mnl_attr_nest_start(message, IPVS_CMD_ATTR_SERVICE);

	put_key(message, &service->key);
	if (is_full) {
		const struct ip_vs_flags flags = {service->flags & IPVS_FLAGS_ALL, UINT32_MAX};

		mnl_attr_put_strz(message, IPVS_SVC_ATTR_SCHED_NAME, service->scheduler);
		if (service->persistence_engine[0] != '\0')
			mnl_attr_put_strz(message, IPVS_SVC_ATTR_PE_NAME,
			                  service->persistence_engine);
		mnl_attr_put(message, IPVS_SVC_ATTR_FLAGS, sizeof(flags), &flags);
		mnl_attr_put_u32(message, IPVS_SVC_ATTR_TIMEOUT, service->timeout_s);
		mnl_attr_put_u32(message, IPVS_SVC_ATTR_NETMASK, netmask_of(service));
	}
	mnl_attr_nest_end(message, nest);
}

static void put_dest(struct nlmsghdr *message, const struct ipvs_dest *dest, bool is_full)
{
	struct nlattr *nest = mnl_attr_nest_start(message, IPVS_CMD_ATTR_DEST);

	mnl_attr_put_u16(message, IPVS_DEST_ATTR_ADDR_FAMILY, dest->addr.family);
	mnl_attr_put(message, IPVS_DEST_ATTR_ADDR, addr_size(&dest->addr), dest->addr.bytes);
	put_be16(message, IPVS_DEST_ATTR_PORT, dest->port);
	if (is_full) {
		mnl_attr_put_u32(message, IPVS_DEST_ATTR_FWD_METHOD, dest->forwarding);
		mnl_attr_put_u32(message, IPVS_DEST_ATTR_WEIGHT, dest->weight);
		mnl_attr_put_u32(message, IPVS_DEST_ATTR_U_THRESH, dest->upper_threshold);
		mnl_attr_put_u32(message, IPVS_DEST_ATTR_L_THRESH, dest->lower_threshold);
		if (dest->forwarding == IPVS_FORWARD_TUNNEL) {
			mnl_attr_put_u8(message, IPVS_DEST_ATTR_TUN_TYPE, dest->tunnel_type);
			put_be16(message, IPVS_DEST_ATTR_TUN_PORT, dest->tunnel_port);
			mnl_attr_put_u16(message, IPVS_DEST_ATTR_TUN_FLAGS, dest->tunnel_flags);
		}
	}
	mnl_attr_nest_end(message, nest);
}

static uint8_t command_of(enum ipvs_op_kind kind)
{
	switch (kind) {
	case IPVS_OP_ADD_SERVICE:
		return IPVS_CMD_NEW_SERVICE;
	case IPVS_OP_SET_SERVICE:
		return IPVS_CMD_SET_SERVICE;
	case IPVS_OP_ADD_DEST:
		return IPVS_CMD_NEW_DEST;
	case IPVS_OP_SET_DEST:
		return IPVS_CMD_SET_DEST;
	case IPVS_OP_DEL_DEST:
		return IPVS_CMD_DEL_DEST;
	case IPVS_OP_DEL_SERVICE:
		return IPVS_CMD_DEL_SERVICE;
	}
	abort();
}

void ipvs_attr_op(struct nl_batch *batch, uint16_t family, const struct ipvs_op *op)
{
	struct nlmsghdr *message = genl_begin(batch, family, command_of(op->kind), 0);

	put_service(message, op->service,
	            op->kind == IPVS_OP_ADD_SERVICE || op->kind == IPVS_OP_SET_SERVICE);
	if (op->dest)
		put_dest(message, op->dest,
		         op->kind == IPVS_OP_ADD_DEST || op->kind == IPVS_OP_SET_DEST);
	nl_batch_end(batch, message);
}

void ipvs_attr_get_service(struct nl_batch *batch, uint16_t family, const struct ipvs_key *key)
{
	const struct ipvs_service service = {.key = *key};
	struct nlmsghdr *message = genl_begin(batch, family, IPVS_CMD_GET_SERVICE, 0);

	put_service(message, &service, false);
	nl_batch_end(batch, message);
}

void ipvs_attr_get_dests(struct nl_batch *batch, uint16_t family, const struct ipvs_key *key)
{
	const struct ipvs_service service = {.key = *key};
	struct nlmsghdr *message = genl_begin(batch, family, IPVS_CMD_GET_DEST, NLM_F_DUMP);

	put_service(message, &service, false);
	nl_batch_end(batch, message);
}

/* --- decoding --- */

/* The attributes of a message or nest by type; those beyond 'max' are skipped. */
static void index_attr(const struct nlattr *attr, const struct nlattr **by_type, uint16_t max)
{
	uint16_t type = mnl_attr_get_type(attr);

	if (type <= max)
		by_type[type] = attr;
}

static void index_nested(const struct nlattr *nest, const struct nlattr **by_type, uint16_t max)
{
	const struct nlattr *attr;

	mnl_attr_for_each_nested (attr, nest)
		index_attr(attr, by_type, max);
}

/* The last attribute 'type' at the top level of a message, NULL when there is none. */
static const struct nlattr *find_attr(const struct nlmsghdr *message, uint16_t type)
{
	const struct nlattr *attr, *found = NULL;
	size_t size = mnl_nlmsg_get_payload_len(message);

	if (size < GENL_HDRLEN)
		return NULL;
	/* not mnl_attr_for_each: that one rounds the end of the message up */
	mnl_attr_for_each_payload (mnl_nlmsg_get_payload_offset(message, GENL_HDRLEN),
	                           size - GENL_HDRLEN) {
		if (mnl_attr_get_type(attr) == type)
			found = attr;
	}
	return found;
}

/* The nest 'type' of a message of 'command', NULL when it is another. */
static const struct nlattr *find_nest(const struct nlmsghdr *message, uint8_t command,
                                      uint16_t type)
{
	const struct genlmsghdr *head = mnl_nlmsg_get_payload(message);

	if (mnl_nlmsg_get_payload_len(message) < GENL_HDRLEN || head->cmd != command)
		return NULL;
	return find_attr(message, type);
}

static bool get(const struct nlattr *attr, void *to, size_t size)
{
	if (!attr || mnl_attr_get_payload_len(attr) < size)
		return false;
	memcpy(to, mnl_attr_get_payload(attr), size);
	return true;
}

static uint8_t get_u8(const struct nlattr *attr)
{
	uint8_t v = 0;

	get(attr, &v, sizeof(v));
	return v;
}

static uint16_t get_u16(const struct nlattr *attr)
{
	uint16_t v = 0;

	get(attr, &v, sizeof(v));
	return v;
}

static uint32_t get_u32(const struct nlattr *attr)
{
	uint32_t v = 0;

	get(attr, &v, sizeof(v));
	return v;
}

static uint64_t get_u64(const struct nlattr *attr)
{
	uint64_t v = 0;

	get(attr, &v, sizeof(v));
	return v;
}

static uint16_t get_be16(const struct nlattr *attr)
{
	return wire_be16(get_u16(attr)); /* its own inverse */
}

/* Copies text of any length, cut to fit. */
static void get_text(const struct nlattr *attr, char *to, size_t size)
{
	size_t len = attr ? mnl_attr_get_payload_len(attr) : 0;

	if (len >= size)
		len = size - 1;
	if (len > 0)
		memcpy(to, mnl_attr_get_payload(attr), len);
	to[len] = '\0';
}

static bool get_addr(const struct nlattr *attr, uint16_t family, struct addr *ret)
{
	uint8_t bytes[16];

	if (family != ADDR_IPV4 && family != ADDR_IPV6)
		return false;
	if (!get(attr, bytes, family == ADDR_IPV4 ? 4 : 16))
		return false;
	*ret = addr_make((enum addr_family)family, bytes);
	return true;
}

static void get_stats(const struct nlattr *nest, struct ipvs_stats *ret)
{
	const struct nlattr *by_type[IPVS_STATS_ATTR_MAX + 1] = {NULL};

	*ret = (struct ipvs_stats){0};
	if (!nest)
		return;
	index_nested(nest, by_type, IPVS_STATS_ATTR_MAX);
	*ret = (struct ipvs_stats){
		.connections = get_u64(by_type[IPVS_STATS_ATTR_CONNS]),
		.in_packets = get_u64(by_type[IPVS_STATS_ATTR_INPKTS]),
		.out_packets = get_u64(by_type[IPVS_STATS_ATTR_OUTPKTS]),
		.in_bytes = get_u64(by_type[IPVS_STATS_ATTR_INBYTES]),
		.out_bytes = get_u64(by_type[IPVS_STATS_ATTR_OUTBYTES]),
		.connections_per_s = get_u64(by_type[IPVS_STATS_ATTR_CPS]),
		.in_packets_per_s = get_u64(by_type[IPVS_STATS_ATTR_INPPS]),
		.out_packets_per_s = get_u64(by_type[IPVS_STATS_ATTR_OUTPPS]),
		.in_bytes_per_s = get_u64(by_type[IPVS_STATS_ATTR_INBPS]),
		.out_bytes_per_s = get_u64(by_type[IPVS_STATS_ATTR_OUTBPS]),
	};
}

static bool get_key(const struct nlattr **by_type, struct ipvs_key *ret)
{
	uint16_t family = get_u16(by_type[IPVS_SVC_ATTR_AF]);

	*ret = (struct ipvs_key){.addr = {.family = (uint8_t)family}};
	if (family != ADDR_IPV4 && family != ADDR_IPV6)
		return false;
	ret->mark = get_u32(by_type[IPVS_SVC_ATTR_FWMARK]);
	if (ret->mark != 0)
		return true;
	ret->protocol = (uint8_t)get_u16(by_type[IPVS_SVC_ATTR_PROTOCOL]);
	ret->port = get_be16(by_type[IPVS_SVC_ATTR_PORT]);
	return by_type[IPVS_SVC_ATTR_PROTOCOL] && by_type[IPVS_SVC_ATTR_PORT] &&
	       get_addr(by_type[IPVS_SVC_ATTR_ADDR], family, &ret->addr);
}

static uint8_t get_prefix(const struct nlattr *attr, enum addr_family family)
{
	uint32_t netmask = get_u32(attr), length = 0;

	if (family == ADDR_IPV6)
		return netmask <= 128 ? (uint8_t)netmask : IPVS_PREFIX_ODD;
	netmask = wire_be32(netmask);
	while (length < 32 && (netmask & (UINT32_C(0x80000000) >> length)))
		length++;
	/* nothing may follow the ones */
	return length == 32 || (netmask << length) == 0 ? (uint8_t)length : IPVS_PREFIX_ODD;
}

int ipvs_attr_service(const struct nlmsghdr *message, struct ipvs_service *ret,
                      struct ipvs_stats *ret_stats)
{
	const struct nlattr *by_type[IPVS_SVC_ATTR_MAX + 1] = {NULL};
	const struct nlattr *nest = find_nest(message, IPVS_CMD_NEW_SERVICE, IPVS_CMD_ATTR_SERVICE);
	struct ipvs_key key;

	if (!nest)
		return -EBADMSG;
	index_nested(nest, by_type, IPVS_SVC_ATTR_MAX);
	if (!get_key(by_type, &key))
		return -EBADMSG;
	*ret = (struct ipvs_service){
		.key = key,
		.flags = get_u32(by_type[IPVS_SVC_ATTR_FLAGS]) & IPVS_FLAGS_ALL,
		.timeout_s = get_u32(by_type[IPVS_SVC_ATTR_TIMEOUT]),
		.prefix = get_prefix(by_type[IPVS_SVC_ATTR_NETMASK],
	                             (enum addr_family)key.addr.family),
	};
	get_text(by_type[IPVS_SVC_ATTR_SCHED_NAME], ret->scheduler, sizeof(ret->scheduler));
	get_text(by_type[IPVS_SVC_ATTR_PE_NAME], ret->persistence_engine,
	         sizeof(ret->persistence_engine));
	get_stats(by_type[IPVS_SVC_ATTR_STATS64], ret_stats);
	return 0;
}

int ipvs_attr_dest(const struct nlmsghdr *message, enum addr_family family, struct ipvs_dest *ret,
                   struct ipvs_stats *ret_stats)
{
	const struct nlattr *by_type[IPVS_DEST_ATTR_MAX + 1] = {NULL};
	const struct nlattr *nest = find_nest(message, IPVS_CMD_NEW_DEST, IPVS_CMD_ATTR_DEST);
	uint16_t own_family = family;
	struct addr addr;

	if (!nest)
		return -EBADMSG;
	index_nested(nest, by_type, IPVS_DEST_ATTR_MAX);
	get(by_type[IPVS_DEST_ATTR_ADDR_FAMILY], &own_family, sizeof(own_family));
	if (!by_type[IPVS_DEST_ATTR_PORT] ||
	    !get_addr(by_type[IPVS_DEST_ATTR_ADDR], own_family, &addr))
		return -EBADMSG;
	*ret = (struct ipvs_dest){
		.addr = addr,
		.port = get_be16(by_type[IPVS_DEST_ATTR_PORT]),
		.forwarding = get_u32(by_type[IPVS_DEST_ATTR_FWD_METHOD]) & IP_VS_CONN_F_FWD_MASK,
		.tunnel_type = get_u8(by_type[IPVS_DEST_ATTR_TUN_TYPE]),
		.tunnel_flags = (uint8_t)get_u16(by_type[IPVS_DEST_ATTR_TUN_FLAGS]),
		.tunnel_port = get_be16(by_type[IPVS_DEST_ATTR_TUN_PORT]),
		.weight = get_u32(by_type[IPVS_DEST_ATTR_WEIGHT]),
		.upper_threshold = get_u32(by_type[IPVS_DEST_ATTR_U_THRESH]),
		.lower_threshold = get_u32(by_type[IPVS_DEST_ATTR_L_THRESH]),
		.active = get_u32(by_type[IPVS_DEST_ATTR_ACTIVE_CONNS]),
		.inactive = get_u32(by_type[IPVS_DEST_ATTR_INACT_CONNS]),
		.persistent = get_u32(by_type[IPVS_DEST_ATTR_PERSIST_CONNS]),
	};
	get_stats(by_type[IPVS_DEST_ATTR_STATS64], ret_stats);
	return 0;
}

bool ipvs_attr_u32(const struct nlmsghdr *message, uint16_t type, uint32_t *ret)
{
	return get(find_attr(message, type), ret, sizeof(*ret));
}
