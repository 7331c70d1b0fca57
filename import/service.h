/* SPDX-License-Identifier: GPL-2.0-or-later */
/* import/service.h - virtual services of IPVS to VirtualServers, whoever wrote them down.
 *
 * Pure. Private to import/. */

#ifndef LINTEL_IMPORT_SERVICE_H
#define LINTEL_IMPORT_SERVICE_H

#include "import/build.h"
#include "import/owner.h"
#include "model/object.h"

/* How packets reach a server. */
struct import_method {
	enum model_forwarding forwarding;
	enum model_tunnel_type tunnel;
	const char *tunnel_port; /* the word, NULL: none */
	bool checksum;
	bool remote_checksum; /* remcsum, which we don't have */
};

/* An address and a port; 0: all ports. */
struct import_entry {
	struct addr address;
	uint16_t port;
	struct import_statement *from;
};

struct import_service {
	struct import *import;
	struct import_owners *owners;
	struct import_statement *from;
	const char *name;             /* of a group; NULL: made of address and port */
	const char *protocol;         /* TCP, UDP, SCTP */
	struct import_entry *entries; /* owned */
	size_t entry_count, entry_capacity;
	struct import_method method;
	struct tree *port; /* what its ports[] has besides the number; MAP */
	struct tree *spec; /* what it has besides router, addresses and ports; MAP */
};

#define IMPORT_ENTRIES_MAX 4096 /* of one service */

void import_service_init(struct import_service *service, struct import *import,
                         struct import_owners *owners, struct import_statement *from);
void import_service_done(struct import_service *service);
/* False when there are IMPORT_ENTRIES_MAX. */
bool import_service_add(struct import_service *service, const struct addr *address, uint16_t port,
                        struct import_statement *from);
/* NAT, DR, TUN; type ipip, gue, gre; csum... as keepalived and, nearly, ipvsadm write them. False
 * when a word is not known. */
bool import_method_read(const char *const *words, size_t count, struct import_method *ret_method);
/* Writes forwarding, and that servers see the client's address, as with IPVS alone. */
void import_service_forward(struct import_service *service, struct import_statement *from);
/* A server behind it, reached by 'method'; NULL when it was told that it can't be. 'port' 0: that
 * of the service. */
struct tree *import_service_server(struct import_service *service, struct import_statement *from,
                                   const struct addr *address, uint16_t port,
                                   const struct import_method *method);
/* Writes persistence: seconds, and the netmask or prefix length that 'granularity' says (NULL:
 * none). */
void import_service_persist(struct import_service *service, struct import_statement *from,
                            int64_t seconds, struct import_statement *mask_from, const char *mask);
/* The scheduler's flags, by ipvsadm's names: sh-port, mh-fallback, flag-1. False: not known. */
bool import_service_flag(struct import_service *service, struct import_statement *from,
                         const char *flag);
/* Does it balance all ports of an address? */
bool import_service_has_all_ports(const struct import_service *service);
/* A check that all servers have becomes that of the virtual server. */
void import_service_join_checks(struct import_service *service);
/* Makes the VirtualServers: one for each virtual router and port. */
void import_service_write(struct import_service *service);

#endif
