/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "k8s/report.h"

#include <stdlib.h>
#include <string.h>

enum grade {
	SERVED,
	SERVED_LOOK, /* served, and somebody should look */
	QUIET,       /* not served, as it should be */
	REFUSED,
};

static const struct {
	const char *name;
	enum grade grade;
} reasons[K8S_REASON_COUNT] = {
	[K8S_REASON_SERVED] = {"Served", SERVED},
	[K8S_REASON_NO_ENDPOINTS] = {"NoEndpoints", SERVED},
	[K8S_REASON_NO_LOCAL] = {"NoLocalEndpoints", SERVED},
	[K8S_REASON_LOCAL_LOST] = {"LocalNotPossible", SERVED_LOOK},
	[K8S_REASON_PARTLY] = {"OneFamilyOnly", SERVED_LOOK},
	[K8S_REASON_KEPT] = {"AddressKept", SERVED_LOOK},
	[K8S_REASON_FORMER] = {"FormerKept", SERVED_LOOK},
	[K8S_REASON_ACCEPTED] = {"Accepted", SERVED},
	[K8S_REASON_DELETING] = {"Deleting", QUIET},
	[K8S_REASON_NOT_OURS] = {"NotOurs", QUIET},
	[K8S_REASON_HEADLESS] = {"Headless", REFUSED},
	[K8S_REASON_EXTERNAL_NAME] = {"ExternalName", REFUSED},
	[K8S_REASON_NO_PORTS] = {"NoPorts", REFUSED},
	[K8S_REASON_INVALID] = {"Invalid", REFUSED},
	[K8S_REASON_CONFLICT] = {"Conflict", REFUSED},
	[K8S_REASON_NO_SERVICE] = {"ServiceNotFound", REFUSED},
	[K8S_REASON_NOT_SHARED] = {"ServiceNotShared", REFUSED},
	[K8S_REASON_PENDING] = {"AddressPending", QUIET},
	[K8S_REASON_NO_POOL] = {"NoPool", REFUSED},
	[K8S_REASON_POOL_UNKNOWN] = {"PoolNotFound", REFUSED},
	[K8S_REASON_POOL_REFUSED] = {"PoolNotAllowed", REFUSED},
	[K8S_REASON_EXHAUSTED] = {"PoolExhausted", REFUSED},
	[K8S_REASON_NOT_IN_POOL] = {"AddressNotInPool", REFUSED},
	[K8S_REASON_IN_USE] = {"AddressInUse", REFUSED},
	[K8S_REASON_RESERVED] = {"AddressReserved", REFUSED},
	[K8S_REASON_FAMILY] = {"FamilyNotAvailable", REFUSED},
	[K8S_REASON_ROUTERS] = {"SeveralVirtualRouters", REFUSED},
	[K8S_REASON_KUBE_PROXY] = {"KubeProxyConflict", REFUSED},
};

const char *k8s_reason_name(enum k8s_reason reason)
{
	return reasons[reason].name;
}

bool k8s_reason_is_served(enum k8s_reason reason)
{
	return reasons[reason].grade == SERVED || reasons[reason].grade == SERVED_LOOK;
}

bool k8s_reason_is_warning(enum k8s_reason reason)
{
	return reasons[reason].grade == SERVED_LOOK || reasons[reason].grade == REFUSED;
}

void k8s_report_done(struct k8s_report *report)
{
	free(report->message);
	free(report->addresses);
	free(report->pool);
	free(report->router);
	*report = (struct k8s_report){0};
}

static bool same_text(const char *a, const char *b)
{
	return strcmp(a ? a : "", b ? b : "") == 0;
}

bool k8s_report_same(const struct k8s_report *a, const struct k8s_report *b)
{
	if (a->reason != b->reason || a->address_count != b->address_count ||
	    a->backends != b->backends || a->ready != b->ready ||
	    !same_text(a->message, b->message) || !same_text(a->pool, b->pool) ||
	    !same_text(a->router, b->router))
		return false;
	for (size_t i = 0; i < a->address_count; i++) {
		if (!addr_equal(&a->addresses[i], &b->addresses[i]))
			return false;
	}
	return true;
}
