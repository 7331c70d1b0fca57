/* SPDX-License-Identifier: GPL-2.0-or-later */
/* model/snapshot.h - what is wanted: all sources joined, checked, sorted, immutable.
 *
 * Pure. Built whole and freed whole; model/amend.h has the one thing that may change meanwhile.
 * Everything below (vrrp, ipvs, nft) takes its desired state from here, so there is one place where
 * names are resolved, marks are given and addresses get their router. */

#ifndef LINTEL_MODEL_SNAPSHOT_H
#define LINTEL_MODEL_SNAPSHOT_H

#include "model/object.h"

/* A virtual address and who owns it. */
struct model_vip {
	struct addr address;
	const struct model_router *router;
	struct addr_prefix prefix; /* how it is put on the interface: a whole address (/32, /128) */
};

/* One port (or range) of one virtual server on one address: what becomes one IPVS virtual service.
 */
struct model_service {
	const struct model_virtual_server *virtual_server;
	const struct model_port *port;
	const struct model_router *router;
	struct addr address;
	uint32_t mark;       /* firewall mark of a port range, 0 for a single port */
	const char *refusal; /* why it can't be served (model/range.h); NULL: it can */
};

/* An address as some object names it. */
struct model_claim {
	struct addr address;
	const struct model_router *router;
	const struct model_virtual_server *virtual_server; /* NULL: the router's own */
	size_t index;                                      /* in the object's addresses */
};

/* Where a virtual server stands. */
struct model_place {
	uint32_t source;         /* who says it */
	uint32_t virtual_server; /* in what is sorted by name, + 1; 0: nothing is here */
};

struct model_snapshot {
	struct arena arena;            /* owns the arrays below */
	struct model_objects *sources; /* shared: what the pointers below lead to */
	size_t source_count;
	const struct model_router **routers; /* by name */
	size_t router_count;
	const struct model_virtual_server **virtual_servers; /* by namespace, name */
	size_t virtual_server_count;
	const struct model_pool **pools; /* by name */
	size_t pool_count;
	struct model_service *services; /* by address, protocol, first port */
	size_t service_count;
	struct model_claim *claims; /* who names which address: by address, routers' own first */
	size_t claim_count;
	struct model_vip *vips; /* addresses of virtual servers, by address, each once */
	size_t vip_count;
	struct model_floating *floating; /* of model/floating.h: by their routers' names */
	size_t floating_count;
	struct model_place *index; /* of model/amend.h: virtual servers by name; NULL: none yet */
	size_t index_size;
};

/* Marks are MODEL_MARK_FIRST.. and steer clear of kube-proxy's 0x4000 and 0x8000 bits and of the
 * upper half (Calico). */
#define MODEL_MARK_FIRST 0x1000
#define MODEL_MARK_COUNT 0x1000

/* Joins what the sources say. NULL when 'problems' has any error afterwards (warnings don't count);
 * the sources are shared, and may be given up after, not added to. With errors in it before,
 * objects that have them are looked at as well, so that everything is told at once: call it after
 * reading whatever that found. Checks across objects: names given twice, names that refer to
 * nothing, duplicate VRIDs on an interface, VIP:port clashes, ranges that overlap, VIPs outside
 * their router's subnet (a warning), addresses owned by two routers. 'sources' may be NULL when
 * count is 0: then an empty snapshot. */
struct model_snapshot *model_snapshot_build(const struct model_objects *const *sources,
                                            size_t source_count, struct model_problems *problems);
/* The same, faster where 'before' (which may be NULL) has most of the sources, in the same order:
 * what of these was put in order is taken over, and nothing else. The result is that of
 * model_snapshot_build(), and independent of 'before'. */
struct model_snapshot *model_snapshot_rebuild(const struct model_snapshot *before,
                                              const struct model_objects *const *sources,
                                              size_t source_count, struct model_problems *problems);
void model_snapshot_free(struct model_snapshot *snapshot);

/* By name; NULL when there is none. */
const struct model_router *model_snapshot_router(const struct model_snapshot *snapshot,
                                                 const char *name);
/* The virtual server's address; NULL when no virtual server has it. */
const struct model_vip *model_snapshot_vip(const struct model_snapshot *snapshot,
                                           const struct addr *address);
/* What serves an address's port, or the range that begins with it; NULL: nothing does. */
struct model_service *model_snapshot_service(const struct model_snapshot *snapshot,
                                             const struct addr *address,
                                             enum model_protocol protocol, uint16_t first_port);
/* The first of those who name an address; NULL when nobody does. */
struct model_claim *model_snapshot_claim(const struct model_snapshot *snapshot,
                                         const struct addr *address);

#endif
