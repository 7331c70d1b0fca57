/* SPDX-License-Identifier: GPL-2.0-or-later */
/* health/probe.h - checks under way: what health/health.c asks of those that carry them out.
 *
 * I/O. A probe is started and either tells its end (it is freed then) or is given up. Who starts
 * one looks after its time. Nothing is told from within a start: what is clear at once is its
 * result. */

#ifndef LINTEL_HEALTH_PROBE_H
#define LINTEL_HEALTH_PROBE_H

#include "health/machine.h"
#include "health/table.h"
#include "lib/loop.h"

#include <netinet/in.h>
#include <stdbool.h>
#include <sys/socket.h>

/* Where ends are told. */
struct health_sink {
	void (*ended)(void *ctx, struct health_entry *entry, enum health_result result,
	              const char *why);
	void *ctx;
};

struct health_probe {
	struct health_entry *entry;
	/* Ends and frees it; what it means that nothing came of it by now goes to 'why'. */
	enum health_result (*give_up)(struct health_probe *probe, char why[static HEALTH_WHY_SIZE]);
};

/* What a start comes to when nothing is under way after it. */
struct health_outcome {
	enum health_result result;
	char why[HEALTH_WHY_SIZE];
};
/* Sets it, and returns NULL, for a start to return. */
struct health_probe *health_probe_over(struct health_outcome *outcome, enum health_result result,
                                       const char *why);

/* What an error number of a socket says about the server, or about us. */
enum health_result health_probe_errno(int error);
/* Fills 'to' with address and port; returns its size. */
socklen_t health_probe_sockaddr(const struct health_target *target, struct sockaddr_storage *to);

/* --- sockets of their own: tcp, udp, dns (health/socket.c) --- */

struct health_sockets {
	struct loop *loop;
	struct health_sink sink;
	uint64_t random; /* of DNS queries; not 0 */
};
struct health_probe *health_socket_start(struct health_sockets *sockets, struct health_entry *entry,
                                         struct health_outcome *ret_outcome);

/* --- echo requests, by one socket a family (health/echo.c) --- */

struct health_echoes;
struct health_echoes *health_echoes_new(struct loop *loop, const struct health_sink *sink,
                                        uint64_t seed);
/* Its probes were given up. NULL accepted. */
void health_echoes_free(struct health_echoes *echoes);
struct health_probe *health_echo_start(struct health_echoes *echoes, struct health_entry *entry,
                                       struct health_outcome *ret_outcome);

/* --- libcurl: http, https, tls (health/http.c) --- */

struct health_https;
LT_MUST_USE int health_https_new(struct loop *loop, const struct health_sink *sink,
                                 struct health_https **ret_https);
/* Its probes were given up. NULL accepted. */
void health_https_free(struct health_https *https);
struct health_probe *health_http_start(struct health_https *https, struct health_entry *entry,
                                       struct health_outcome *ret_outcome);

#endif
