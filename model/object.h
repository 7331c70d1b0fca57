/* SPDX-License-Identifier: GPL-2.0-or-later */
/* model/object.h - the objects as written: VirtualRouter, VirtualServer, AddressPool.
 *
 * Pure. One model for files and for Kubernetes. Decoded by model/decode.h, joined and checked by
 * model/snapshot.h. All memory is in the arena of whoever built the object; strings are never NULL
 * unless said. Durations are microseconds, ports host order. */

#ifndef LINTEL_MODEL_OBJECT_H
#define LINTEL_MODEL_OBJECT_H

#include "lib/addr.h"
#include "model/problem.h"

#include <net/if.h>

enum model_protocol { MODEL_TCP = 6, MODEL_UDP = 17, MODEL_SCTP = 132 };
const char *model_protocol_name(enum model_protocol protocol); /* "TCP" */

/* How packets reach a real server. */
enum model_forwarding { MODEL_FORWARD_NAT, MODEL_FORWARD_DIRECT, MODEL_FORWARD_TUNNEL };
const char *model_forwarding_name(enum model_forwarding forwarding); /* "nat" */

enum model_tunnel_type { MODEL_TUNNEL_IPIP, MODEL_TUNNEL_GUE, MODEL_TUNNEL_GRE };
const char *model_tunnel_type_name(enum model_tunnel_type type); /* "ipip" */

enum model_snat_mode {
	MODEL_SNAT_AUTO,
	MODEL_SNAT_NONE,
	MODEL_SNAT_MASQUERADE,
	MODEL_SNAT_ADDRESS
};
const char *model_snat_mode_name(enum model_snat_mode mode); /* "auto" */

/* The IPv4 checksum form that is sent; both are accepted (reference: RFC 9568 5.2.8). */
enum model_checksum { MODEL_CHECKSUM_PSEUDO_HEADER, MODEL_CHECKSUM_RFC9568 };
const char *model_checksum_name(enum model_checksum checksum); /* "pseudoHeader" */

/* How advertisements are authenticated, and what guards against old ones. */
enum model_auth_mode { MODEL_AUTH_ENFORCE, MODEL_AUTH_PERMISSIVE, MODEL_AUTH_RECEIVE_ONLY };
const char *model_auth_mode_name(enum model_auth_mode mode); /* "enforce" */
enum model_auth_replay { MODEL_AUTH_REPLAY_TIME, MODEL_AUTH_REPLAY_MONOTONIC };

struct model_router_address {
	struct addr_prefix prefix;
	const char *interface; /* the router's own unless another is named */
};

enum model_health_type {
	MODEL_HEALTH_NONE,
	MODEL_HEALTH_TCP,
	MODEL_HEALTH_HTTP,
	MODEL_HEALTH_HTTPS,
	MODEL_HEALTH_TLS,
	MODEL_HEALTH_UDP,
	MODEL_HEALTH_ICMP,
	MODEL_HEALTH_DNS
};
const char *model_health_type_name(enum model_health_type type); /* "tcp" */

/* What a failed check does to a server. */
enum model_health_failure { MODEL_HEALTH_DRAIN, MODEL_HEALTH_REMOVE };
/* What a server counts as before its first verdict. */
enum model_health_start { MODEL_HEALTH_START_UP, MODEL_HEALTH_START_DOWN };
enum model_http_version { MODEL_HTTP_AUTO, MODEL_HTTP_1_1, MODEL_HTTP_2 };
/* RFC 1035 3.2.2, RFC 3596 2.1: the numbers on the wire. */
enum model_dns_type {
	MODEL_DNS_A = 1,
	MODEL_DNS_NS = 2,
	MODEL_DNS_SOA = 6,
	MODEL_DNS_MX = 15,
	MODEL_DNS_TXT = 16,
	MODEL_DNS_AAAA = 28,
};

/* Inclusive. */
struct model_int_range {
	uint16_t first, last;
};

struct model_health_check {
	enum model_health_type type;
	uint16_t port;            /* 0: the server's own */
	int64_t interval_us;      /* between two checks of a server */
	int64_t fast_interval_us; /* while a change is being made sure of; 0: interval_us */
	int64_t timeout_us;
	unsigned rise;
	unsigned fall;
	enum model_health_start start;
	enum model_health_failure failure;
	struct { /* type http, https */
		const char *method;
		const char *path;
		const char *host; /* "": the server's address */
		enum model_http_version version;
		struct model_int_range *statuses;
		size_t status_count; /* 0: 200-399 */
		const char *body;    /* has to be contained in the answer's first 64 kB; "": any */
	} http;
	struct {                         /* type tls, https */
		const char *server_name; /* SNI; "": http.host when it is a name, else none */
		bool verify;             /* the certificate, by ca_file or the system's */
		const char *ca_file;
		const char *certificate_file; /* a client certificate; "": none */
		const char *key_file;
	} tls;
	struct {                  /* type udp */
		const char *send; /* "": an empty datagram */
		const char
			*expect; /* has to be contained in the answer; "": silence is fine, too */
	} udp;
	struct {                  /* type dns */
		const char *name; /* "": the root */
		enum model_dns_type type;
	} dns;
};

/* One in the arena that shares nothing with 'from'; NULL of NULL. */
const struct model_health_check *model_health_check_copy(const struct model_health_check *from,
                                                         struct arena *arena);

/* What is good about a tracked file. */
enum model_track_expect { MODEL_TRACK_NUMBER, MODEL_TRACK_PRESENT, MODEL_TRACK_ABSENT };
const char *model_track_expect_name(enum model_track_expect expect); /* "number" */
#define MODEL_TRACK_WEIGHT_MAX 254
#define MODEL_TRACKS_MAX       64 /* of one virtual router */

/* Something on which the priority of a virtual router depends: one of the first three. */
struct model_track {
	const char *file;      /* absolute path, else "" */
	struct addr address;   /* ICMP echo, else ADDR_NONE */
	const char *interface; /* else "" */
	int weight; /* -254..254; below 0: added while bad, above: while good; 0: no part while bad.
	               Of a number: times it; the decoder makes 1 of none. */
	enum model_track_expect expect;
	/* 'address': type icmp. 'file', 'interface': unused. Beyond timing all is as the decoder
	 * leaves it for icmp. */
	struct model_health_check check;
};

/* Virtual routers in one sync group, at most. */
#define MODEL_SYNC_GROUP_MAX  16
#define MODEL_SYNC_GROUP_SIZE 64 /* a label, and its end */

/* RFC 9568 virtual router: who owns these addresses. */
struct model_router {
	struct model_origin origin;
	const char *name;
	uint8_t virtual_router_id; /* 1..255 */
	const char *interface;
	struct model_router_address *addresses;
	size_t address_count;
	uint8_t priority;           /* 1..254, 255 = address owner */
	int64_t advert_interval_us; /* 10 ms..40.95 s in steps of 10 ms */
	bool preempt;
	int64_t preempt_delay_us;
	bool accept;        /* RFC 9568 Accept_Mode; a load balancer needs it */
	struct addr *peers; /* unicast; none: multicast */
	size_t peer_count;
	bool virtual_mac;
	const char **track_interfaces;
	size_t track_interface_count;
	struct model_track *tracks;
	size_t track_count;
	int64_t damping_hold_us; /* 0: none */
	int64_t damping_max_us;
	const char
		*sync_group; /* moves together with those that name the same; "" or NULL: alone */
	enum model_checksum checksum;
	const char *auth_key_file; /* authentication of advertisements; NULL or "": none */
	enum model_auth_mode auth_mode;
	enum model_auth_replay auth_replay;
	uint32_t auth_window_s;      /* 1..300; 0: made of the interval */
	uint32_t address_lifetime_s; /* dead-man's switch; 0 = off, else 2..3600 */
	/* gratuitous ARP and unsolicited NA */
	unsigned announce_count;      /* of each burst, 1..100 */
	int64_t announce_interval_us; /* between two of a burst */
	int64_t announce_again_us;    /* second burst after this; 0 = none */
	int64_t announce_refresh_us;  /* slow refresh; 0 = none */
};

bool model_router_authenticates(const struct model_router *router);

struct model_port {
	const char *name; /* "" when unnamed */
	enum model_protocol protocol;
	uint16_t first;  /* VIP port, or the first of the range */
	uint16_t last;   /* = first unless a range */
	uint16_t target; /* port on the servers for 'first'; 0: the same as on the VIP. server.port
	                    wins */
	const char *target_name; /* a name instead of a number (Kubernetes), else "" */
	const char *scheduler;   /* "rr"... as IPVS names it, without ip_vs_ */
	bool sh_fallback;        /* IP_VS_SVC_F_SCHED_SH_FALLBACK / MH_FALLBACK */
	bool sh_port;            /* IP_VS_SVC_F_SCHED_SH_PORT / MH_PORT */
	bool one_packet;         /* UDP only: IP_VS_SVC_F_ONEPACKET */
	/* Never from a document: the endpoints of a Kubernetes Service differ from port to port.
	 * See model_port_servers(). */
	bool own_servers; /* this port has servers of its own; maybe none */
	struct model_real_server *servers;
	size_t server_count;
};

/* What is served when every server is down. */
enum model_all_down { MODEL_ALL_DOWN_STOP, MODEL_ALL_DOWN_SERVE };
enum model_quorum_loss { MODEL_QUORUM_NONE, MODEL_QUORUM_LOWER, MODEL_QUORUM_WITHDRAW };
const char *model_quorum_loss_name(enum model_quorum_loss loss); /* "lowerPriority" */

/* How many servers have to be up for the virtual server to count as up; their weights count. */
struct model_quorum {
	unsigned minimum;    /* sum of the weights of servers that are up; 0: no quorum */
	unsigned hysteresis; /* lost below minimum - this, regained at minimum + this */
	enum model_quorum_loss loss;
	uint8_t priority_cut; /* MODEL_QUORUM_LOWER */
};

/* Who answers when no server can. */
struct model_sorry_server {
	struct addr address;
	uint16_t port; /* 0: as the servers' */
};

struct model_real_server {
	struct addr address;
	uint16_t port;            /* 0: by the port's target */
	uint32_t weight;          /* 0..65535 */
	uint32_t upper_threshold; /* connections, 0 = none */
	uint32_t lower_threshold;
	enum model_tunnel_type tunnel_type;
	uint16_t tunnel_port; /* GUE */
	bool tunnel_checksum;
	const struct model_health_check *health; /* NULL: the virtual server's */
};

struct model_virtual_server {
	struct model_origin origin;
	const char *namespace; /* "default" when not said */
	const char *name;
	const char *router; /* name of a VirtualRouter; "" when the pool says it */
	struct addr *addresses;
	size_t address_count;
	const char *pool; /* name of an AddressPool instead of addresses, "" */
	struct model_port *ports;
	size_t port_count;
	enum model_forwarding forwarding;
	enum model_snat_mode snat_mode;
	struct addr *snat_addresses; /* MODEL_SNAT_ADDRESS: at most one a family */
	size_t snat_address_count;
	int64_t persistence_timeout_us;    /* 0: none; whole seconds */
	uint8_t persistence_prefix4;       /* granularity, bits, 32 */
	uint8_t persistence_prefix6;       /* 128 */
	struct addr_prefix *source_ranges; /* none: everybody */
	size_t source_range_count;
	int64_t drain_timeout_us; /* a removed server's connections may last this long */
	struct model_real_server *servers;
	size_t server_count;
	const char *service;                     /* Kubernetes Service whose endpoints serve, "" */
	const struct model_health_check *health; /* NULL: none; a server's own wins */
	enum model_all_down all_down;
	const struct model_quorum *quorum;        /* NULL: none */
	struct model_sorry_server *sorry_servers; /* at most one a family */
	size_t sorry_server_count;
	bool has_own_checks; /* a server's; found by model_objects_add_virtual_server() */
};

/* The servers behind one port: its own, or those of the virtual server. */
const struct model_real_server *model_port_servers(const struct model_virtual_server *vs,
                                                   const struct model_port *port,
                                                   size_t *ret_count);

/* Can verdicts about its servers make a difference? It has a check, a sorry server or a quorum. */
bool model_virtual_server_is_judged(const struct model_virtual_server *vs);

/* A label of a Kubernetes object. */
struct model_label {
	const char *key;
	const char *value;
};

/* An expression of a label selector. */
enum model_label_operator {
	MODEL_LABEL_IN,     /* the label is there, with one of the values */
	MODEL_LABEL_NOT_IN, /* it is not there, or has another value */
	MODEL_LABEL_EXISTS,
	MODEL_LABEL_ABSENT, /* DoesNotExist */
};
struct model_requirement {
	const char *key;
	enum model_label_operator operator;
	const char **values; /* of IN and NOT_IN */
	size_t value_count;
};

struct model_pool {
	struct model_origin origin;
	const char *name;
	const char *router;
	struct addr_range *ranges;
	size_t range_count;
	bool auto_assign;
	bool avoid_buggy;        /* IPv4 addresses that end in .0 or .255 are not given */
	uint32_t priority;       /* 1 before 2; 0 last */
	const char **namespaces; /* whose objects may have addresses; none: see the labels */
	size_t namespace_count;
	struct model_label *namespace_labels; /* ... of namespaces that have all of these */
	size_t namespace_label_count;
	struct model_requirement *namespace_requirements; /* ... and meet all of these */
	size_t namespace_requirement_count;
	struct model_label *service_labels; /* and only objects that have all of these */
	size_t service_label_count;
	struct model_requirement *service_requirements; /* ... and meet all of these */
	size_t service_requirement_count;
};

/* What one source says, in order of appearance. An object stays where it is, whoever names it. */
struct model_objects {
	struct arena arena;
	unsigned *holders; /* how many handles there are of this */
	struct model_router **routers;
	size_t router_count;
	struct model_virtual_server **virtual_servers;
	size_t virtual_server_count;
	struct model_pool **pools;
	size_t pool_count;
	/* Objects that have a name and errors, with what could be read of them: looked at when it
	 * is about finding every problem at once, and for nothing else. NULL: none. */
	struct model_objects *incomplete;
	/* model_objects_compose(): whose objects these are. */
	struct model_objects *kept;
	size_t kept_count;
};

void model_objects_init(struct model_objects *objects);
/* Gives this handle up; what it holds goes with the last one. */
void model_objects_done(struct model_objects *objects);
/* Another handle of the same. Nothing may be added any more. One thread. */
struct model_objects model_objects_share(const struct model_objects *objects);
/* Are they handles of the same? */
bool model_objects_same(const struct model_objects *a, const struct model_objects *b);
/* Some objects of one source. */
struct model_objects_run {
	const struct model_objects *of;
	size_t router, virtual_server, pool; /* the first */
	size_t router_count, virtual_server_count, pool_count;
};
/* 'objects', which are empty, become these, the same ones, in order; whose they are is kept.
 * Nothing may be added any more, and nobody of them may be incomplete. */
void model_objects_compose(struct model_objects *objects, const struct model_objects_run *runs,
                           size_t count);
/* Append a copy of the structure; what it points to should be in the arena of 'objects'. */
struct model_router *model_objects_add_router(struct model_objects *objects,
                                              const struct model_router *router);
struct model_virtual_server *
model_objects_add_virtual_server(struct model_objects *objects,
                                 const struct model_virtual_server *virtual_server);
struct model_pool *model_objects_add_pool(struct model_objects *objects,
                                          const struct model_pool *pool);

/* By namespace, then name. */
int model_virtual_server_compare(const struct model_virtual_server *a,
                                 const struct model_virtual_server *b);
/* "VirtualServer default/web" for messages; returns buf. */
#define MODEL_OBJECT_TEXT_SIZE 600
const char *model_virtual_server_title(const struct model_virtual_server *vs,
                                       char buf[static MODEL_OBJECT_TEXT_SIZE]);

#endif
