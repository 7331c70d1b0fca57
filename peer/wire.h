/* SPDX-License-Identifier: GPL-2.0-or-later */
/* peer/wire.h - frames between the nodes of a virtual router: what they say to each other.
 *
 * Pure. A frame is: type (8 bits), length of what follows (24 bits, at most PEER_FRAME_MAX),
 * payload. Numbers are big-endian on the wire, host order in C; names are printable ASCII without
 * blanks. The first frame each way is HELLO; another major version is refused with BYE. To grow
 * within a major version: frame types that are not known are passed over, and so are bytes after
 * the fields that are known; what changes records is agreed on by features.
 *
 *     size_t used;
 *     switch (peer_wire_next(data, size, scratch, &frame, &used)) {
 *     case PEER_WIRE_FRAME: ... frame.flows.records points into scratch
 */

#ifndef LINTEL_PEER_WIRE_H
#define LINTEL_PEER_WIRE_H

#include "model/flow.h"

#define PEER_WIRE_MAJOR 1
#define PEER_WIRE_MINOR 1 /* SCTP's tags behind the records */
#define PEER_FRAME_HEAD 4
#define PEER_FRAME_MAX  65535                              /* bytes of a payload */
#define PEER_WIRE_MAX   (PEER_FRAME_HEAD + PEER_FRAME_MAX) /* bytes of a frame */
#define PEER_FLOWS_MAX  512                                /* records of a frame: always fit */
#define PEER_NAME_MAX   253
/* Of epochs, sequences and counts: room to count on without an overflow. */
#define PEER_NUMBER_MAX (UINT64_C(1) << 62)

enum peer_frame_type {
	PEER_FRAME_HELLO = 1,
	PEER_FRAME_BYE = 2,
	PEER_FRAME_PING = 3,
	PEER_FRAME_PONG = 4,
	PEER_FRAME_ROUTER = 16,
	PEER_FRAME_FLOWS = 17,
	PEER_FRAME_SYNC_REQUEST = 18,
	PEER_FRAME_SYNC_BEGIN = 19,
	PEER_FRAME_SYNC_END = 20,
	PEER_FRAME_PROGRESS = 21,
};

/* Why a connection ended or was not made. BYE carries it; a number that is not known is
 * PEER_REASON_OTHER. */
enum peer_reason {
	PEER_REASON_OTHER,
	PEER_REASON_UNREACHABLE, /* nobody answers there, or not in time */
	PEER_REASON_STRANGER,    /* the address is none of our peers' */
	PEER_REASON_BUSY,        /* too many connections that are not up yet */
	PEER_REASON_WRONG_KEY,   /* no key in common */
	PEER_REASON_HANDSHAKE,   /* no TLS 1.3, or broken off */
	PEER_REASON_VERSION,     /* another major version */
	PEER_REASON_MALFORMED,
	PEER_REASON_TIMEOUT,     /* nothing was heard for too long */
	PEER_REASON_CLOSED,      /* the other side closed, or the network did */
	PEER_REASON_DUPLICATE,   /* there is a better connection to the same node */
	PEER_REASON_SELF,        /* the address is our own */
	PEER_REASON_KEY_RETIRED, /* its key is no longer accepted */
	PEER_REASON_REMOVED,     /* no peer any more */
	PEER_REASON_STOPPED,     /* the daemon stops */
	PEER_REASON_COUNT,
};
const char *peer_reason_name(enum peer_reason reason); /* "wrong-key" */
const char *peer_reason_text(enum peer_reason reason); /* for people */

struct peer_hello {
	uint16_t major, minor;
	uint32_t features; /* none are known yet */
	uint64_t boot_id;  /* random, another one at each start */
	char node[PEER_NAME_MAX + 1];
};

/* PING, PONG: the stamp comes back as it went. */
struct peer_ping {
	uint64_t stamp_us; /* of the clock of who sends the PING */
};

/* What a node is for a router. */
struct peer_claim {
	char router[PEER_NAME_MAX + 1];
	uint8_t virtual_router_id;
	bool active;
	bool in_step;        /* a Backup: knows all that the Active does */
	uint64_t epoch;      /* Active: its own; else the highest it ever heard of */
	uint64_t sequence;   /* Active: the number that its next record has */
	uint32_t generation; /* of its last full sync */
};

/* Connection records; MODEL_FLOW_GONE ones say that the flow is no more. */
struct peer_flows {
	char router[PEER_NAME_MAX + 1];
	uint64_t epoch;
	bool sync;                        /* part of a full sync: has no numbers */
	uint64_t sequence;                /* number of the first record; of a full sync: 0 */
	uint32_t generation;              /* of the full sync; else 0 */
	const struct model_flow *records; /* not owned */
	size_t count;                     /* 0..PEER_FLOWS_MAX */
};

/* SYNC_REQUEST, SYNC_BEGIN, SYNC_END */
struct peer_sync {
	char router[PEER_NAME_MAX + 1];
	uint64_t epoch;
	uint32_t generation; /* given by who asks, comes back */
	uint64_t sequence;   /* BEGIN: number of the next record beside the full sync; else 0 */
	uint64_t count;      /* END: records of the full sync; else 0 */
};

struct peer_progress {
	char router[PEER_NAME_MAX + 1];
	uint64_t epoch;
	uint64_t sequence;    /* every record below this was taken in */
	uint64_t not_carried; /* records that this node could not make use of, since its start */
};

struct peer_bye {
	enum peer_reason reason;
};

struct peer_frame {
	enum peer_frame_type type;
	union {
		struct peer_hello hello;
		struct peer_bye bye;
		struct peer_ping ping;
		struct peer_claim claim; /* ROUTER */
		struct peer_flows flows;
		struct peer_sync sync;
		struct peer_progress progress;
	};
};

/* 1..PEER_NAME_MAX of printable ASCII, no blank. */
bool peer_name_valid(const char *name);

/* The bytes of a frame. Names must be valid, numbers at most PEER_NUMBER_MAX. */
size_t peer_wire_encode(const struct peer_frame *frame, uint8_t buf[static PEER_WIRE_MAX]);

enum peer_wire_verdict {
	PEER_WIRE_FRAME,     /* one came out */
	PEER_WIRE_PASS,      /* of a type that is not known: pass over it */
	PEER_WIRE_MORE,      /* the frame is not whole yet */
	PEER_WIRE_MALFORMED, /* it can't go on */
};

/* Looks at the first frame in 'data'. '*ret_used' (FRAME, PASS): its bytes; '*ret_frame' (FRAME):
 * valid while 'scratch' is, which takes its records. */
enum peer_wire_verdict peer_wire_next(const uint8_t *data, size_t size,
                                      struct model_flow scratch[static PEER_FLOWS_MAX],
                                      struct peer_frame *ret_frame, size_t *ret_used);

#endif
