/* SPDX-License-Identifier: GPL-2.0-or-later */
/* ipvs/sync_wire.h - datagrams of the kernel's connection sync, version 1, and what they say of
 * flows.
 *
 * Pure. Network and host byte order meet here; ports and numbers outside are in host order. The
 * older version 0 is refused. Source: Linux net/netfilter/ipvs/ip_vs_sync.c, 6.1
 * (ip_vs_sync_conn writes, ip_vs_process_message and ip_vs_proc_sync_conn read). */

#ifndef LINTEL_IPVS_SYNC_WIRE_H
#define LINTEL_IPVS_SYNC_WIRE_H

#include "lib/compiler.h"
#include "lib/wire.h"
#include "model/flow.h"

/* Flags of a connection that mean something to us (IP_VS_CONN_F_*). */
enum ipvs_sync_flag {
	IPVS_SYNC_FORWARDING = 0x7, /* mask of enum ipvs_forwarding's kernel numbers */
	IPVS_SYNC_NO_OUTPUT = 0x80, /* answers don't come this way */
	IPVS_SYNC_INACTIVE = 0x100, /* counts as inactive */
	IPVS_SYNC_SEQUENCE = 0x600, /* an application helper shifts sequence numbers */
	IPVS_SYNC_NO_CLIENT_PORT = 0x800,
	IPVS_SYNC_TEMPLATE = 0x1000,
	IPVS_SYNC_ONE_PACKET = 0x2000,
};

/* How the numbers of one direction are shifted, for protocols with addresses in their payload. */
struct ipvs_sync_sequence {
	uint32_t initial;
	uint32_t delta;
	uint32_t previous_delta;
};

/* One connection as the kernel puts it. */
struct ipvs_sync_entry {
	uint8_t protocol; /* IPPROTO_* */
	uint32_t flags;   /* enum ipvs_sync_flag, and others of the kernel's */
	uint16_t state;   /* the kernel's number, of that protocol */
	uint16_t client_port;
	uint16_t virtual_port;
	uint16_t server_port;
	uint32_t mark;
	uint32_t timeout_s; /* 0: the default of its state */
	struct addr client;
	struct addr virtual; /* of a mark's template: the mark in the first four bytes */
	struct addr server;  /* all three of one family */
	bool has_sequence;
	struct ipvs_sync_sequence in, out;
	/* A persistence engine's name and data, not NUL-terminated; in the datagram they were read
	 * from. Size 0: none. */
	const uint8_t *engine, *engine_data;
	uint8_t engine_size, engine_data_size;
};

#define IPVS_SYNC_ENGINE_MAX      16
#define IPVS_SYNC_ENGINE_DATA_MAX 255
#define IPVS_SYNC_HEADER_SIZE     8
#define IPVS_SYNC_ENTRY4_SIZE     36 /* without options */
#define IPVS_SYNC_ENTRY6_SIZE     72
#define IPVS_SYNC_SEQUENCE_SIZE   26  /* the option with its head */
#define IPVS_SYNC_COUNT_MAX       255 /* entries of a datagram */

/* --- reading --- */

enum ipvs_sync_found {
	IPVS_SYNC_ENTRY,          /* one is there */
	IPVS_SYNC_END,            /* that was the last */
	IPVS_SYNC_UNKNOWN_OPTION, /* an entry that needs more than we know: skipped, go on */
	/* the rest of the datagram is lost */
	IPVS_SYNC_SHORT,       /* ends within an entry, or before its header's end */
	IPVS_SYNC_BAD_SIZE,    /* its header names another size than it has */
	IPVS_SYNC_BAD_VERSION, /* neither version 1, nor entries of version 0 in it */
	IPVS_SYNC_BAD_TYPE,    /* neither IPv4 nor IPv6 */
	IPVS_SYNC_BAD_OPTION,  /* an option of a wrong size, or there twice */
	IPVS_SYNC_FOUND_COUNT,
};
const char *ipvs_sync_found_name(enum ipvs_sync_found found); /* "bad-size" */

struct ipvs_sync_reader {
	struct wire_reader wire;
	unsigned left; /* entries */
	uint8_t id;    /* sync id of the sender */
};

/* Begins a datagram. IPVS_SYNC_ENTRY: go on with ipvs_sync_read(); else what is wrong. */
enum ipvs_sync_found ipvs_sync_read_begin(struct ipvs_sync_reader *reader, const void *data,
                                          size_t size);
/* The next entry, written in place: it means nothing but with _ENTRY. After anything but that and
 * _UNKNOWN_OPTION it is over. */
enum ipvs_sync_found ipvs_sync_read(struct ipvs_sync_reader *reader,
                                    struct ipvs_sync_entry *ret_entry);

/* --- writing --- */

struct ipvs_sync_writer {
	struct wire_writer wire;
	unsigned count; /* entries */
};

/* Begins a datagram in 'data', which is the caller's and at least a header long. */
void ipvs_sync_write_begin(struct ipvs_sync_writer *writer, void *data, size_t size, uint8_t id);
/* false, with nothing written: it doesn't fit any more, or there are IPVS_SYNC_COUNT_MAX, or the
 * entry is none (families differ, an engine's name too long). */
bool ipvs_sync_write(struct ipvs_sync_writer *writer, const struct ipvs_sync_entry *entry);
/* Completes it. Its size; it may be gone on with. */
size_t ipvs_sync_write_end(struct ipvs_sync_writer *writer);

/* --- what it says of flows --- */

enum ipvs_sync_fit {
	IPVS_SYNC_FITS,
	IPVS_SYNC_OTHER_PROTOCOL,   /* not TCP, UDP, SCTP or a mark's template */
	IPVS_SYNC_OTHER_FORWARDING, /* to the node itself, or past the cache: means nothing
	                               elsewhere */
	IPVS_SYNC_MIXED_FAMILIES,   /* the kernel's sync knows no tunnels between families */
	IPVS_SYNC_HAS_SEQUENCE,     /* an application helper (FTP) shifts its sequence numbers */
	IPVS_SYNC_HAS_ENGINE,       /* persistence by an engine (SIP's Call-ID) */
	IPVS_SYNC_FLEETING,    /* one-packet scheduling, or its client's port is not known yet */
	IPVS_SYNC_OTHER_STATE, /* a number that its protocol doesn't have */
	IPVS_SYNC_FIT_COUNT,
};
const char *ipvs_sync_fit_name(enum ipvs_sync_fit fit); /* "other-protocol" */
/* "an application helper shifts its sequence numbers", for status. */
const char *ipvs_sync_fit_text(enum ipvs_sync_fit fit);

/* What the kernel told as a flow; 'ret_flow' untouched unless it fits. Its virtual_port is as IPVS
 * saw it, and its source is unknown: a port range that is shifted, and source NAT, are known to
 * conntrack alone. */
enum ipvs_sync_fit ipvs_sync_to_flow(const struct ipvs_sync_entry *entry,
                                     struct model_flow *ret_flow);
/* A flow as the kernel wants to be told. MODEL_FLOW_GONE becomes a connection that has one second
 * left: there is no other way to end one. */
enum ipvs_sync_fit ipvs_sync_of_flow(const struct model_flow *flow,
                                     struct ipvs_sync_entry *ret_entry);

#endif
