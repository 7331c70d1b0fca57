/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "health/probe.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

struct health_probe *health_probe_over(struct health_outcome *outcome, enum health_result result,
                                       const char *why)
{
	outcome->result = result;
	snprintf(outcome->why, sizeof(outcome->why), "%s", why);
	return NULL;
}

enum health_result health_probe_errno(int error)
{
	switch (error) {
	case ECONNREFUSED:
		return HEALTH_REFUSED;
	case ETIMEDOUT:
		return HEALTH_TIMEOUT;
	case ECONNRESET:
	case EPIPE:
		return HEALTH_CUT;
	case ENETUNREACH:
	case EHOSTUNREACH:
	case EHOSTDOWN:
	case ENETDOWN:
	case ENONET:
	case ENOPROTOOPT: /* ICMP protocol unreachable */
	case EPROTO:
	case EACCES: /* ICMP prohibited, or a rule of ours that rejects */
	case EPERM:
		return HEALTH_UNREACHABLE;
	default: /* no memory, no descriptors, no ports: ours */
		return HEALTH_LOCAL;
	}
}

socklen_t health_probe_sockaddr(const struct health_target *target, struct sockaddr_storage *to)
{
	struct sockaddr_in *in = (struct sockaddr_in *)to;
	struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)to;

	memset(to, 0, sizeof(*to));
	to->ss_family = target->address.family;
	if (target->address.family == ADDR_IPV4) {
		in->sin_port = htons(target->port);
		memcpy(&in->sin_addr, target->address.bytes, sizeof(in->sin_addr));
		return sizeof(*in);
	}
	in6->sin6_port = htons(target->port);
	memcpy(&in6->sin6_addr, target->address.bytes, sizeof(in6->sin6_addr));
	return sizeof(*in6);
}
