/* SPDX-License-Identifier: GPL-2.0-or-later */
/* k8s/report.h - what became of one object, and why.
 *
 * Pure. Made by k8s/translate, read by k8s/status and by whoever explains. */

#ifndef LINTEL_K8S_REPORT_H
#define LINTEL_K8S_REPORT_H

#include "k8s/objects.h"

/* The names are reasons of conditions and of Events. */
enum k8s_reason {
	K8S_REASON_SERVED,       /* has its addresses, and servers */
	K8S_REASON_NO_ENDPOINTS, /* has its addresses; nobody is behind them */
	K8S_REASON_NO_LOCAL,     /* policy Local: no endpoint on this node */
	K8S_REASON_LOCAL_LOST,   /* policy Local, and no node that takes part runs endpoints */
	K8S_REASON_PARTLY,       /* PreferDualStack: one family only */
	K8S_REASON_KEPT,         /* what was asked for is not to be had; as before */
	K8S_REASON_FORMER,       /* what it says now makes no sense; as it was before */
	K8S_REASON_ACCEPTED,     /* VirtualRouter, AddressPool: in force */
	/* not served: */
	K8S_REASON_DELETING,
	K8S_REASON_NOT_OURS, /* another type or class now */
	K8S_REASON_HEADLESS,
	K8S_REASON_EXTERNAL_NAME,
	K8S_REASON_NO_PORTS,
	K8S_REASON_INVALID,    /* says something that makes no sense */
	K8S_REASON_CONFLICT,   /* can't be in force beside another one */
	K8S_REASON_NO_SERVICE, /* the Service it names is not there */
	K8S_REASON_NOT_SHARED, /* the Service it names is another namespace's, which does not let it
	                        */
	K8S_REASON_PENDING,    /* its address was not given yet: the leader does */
	K8S_REASON_NO_POOL,    /* there is none that it may use */
	K8S_REASON_POOL_UNKNOWN,
	K8S_REASON_POOL_REFUSED, /* the pool it names is not for it */
	K8S_REASON_EXHAUSTED,    /* no free address */
	K8S_REASON_NOT_IN_POOL,  /* it asks for an address of no pool */
	K8S_REASON_IN_USE,       /* ... that somebody else has */
	K8S_REASON_RESERVED,     /* ... that can't be given */
	K8S_REASON_FAMILY,       /* no address of a family that it needs */
	K8S_REASON_ROUTERS,      /* its addresses belong to several virtual routers */
	K8S_REASON_KUBE_PROXY, /* kube-proxy would delete what is made for it; said by observers */
	K8S_REASON_COUNT,
};
const char *k8s_reason_name(enum k8s_reason reason); /* "PoolExhausted" */
/* Are packets to it balanced? */
bool k8s_reason_is_served(enum k8s_reason reason);
/* Should somebody look? */
bool k8s_reason_is_warning(enum k8s_reason reason);

struct k8s_report {
	enum k8s_reason reason;
	char *message; /* for people, one line, NULL or "": nothing; owned */
	struct addr *addresses;
	size_t address_count; /* 0 unless it has some */
	char *pool;           /* that gave the first address, ""; owned */
	char *router;         /* "" */
	size_t backends;      /* servers, the weightless included; largest port */
	size_t ready;         /* that get new connections */
};
void k8s_report_done(struct k8s_report *report);
bool k8s_report_same(const struct k8s_report *a, const struct k8s_report *b);

#endif
