/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The lab's traffic tool: servers that say who they are, and clients that measure what they lose.
 * Not part of the product. Times are CLOCK_MONOTONIC microseconds unless a name says ms.
 */
#ifndef LABTOOL_H
#define LABTOOL_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#define GREETING_MAX \
	128 /* longest "NAME PEER\n" that a server says; PEER is the client as it sees it */

/* What the command line said; one set of options serves all sub-commands. */
struct options {
	const char *protocol;           /* "udp", "tcp" or "sctp" */
	struct sockaddr_storage remote; /* where a client goes */
	struct sockaddr_storage source; /* what it binds to; ss_family 0: nothing */
	socklen_t remote_len;
	socklen_t source_len;
	int64_t interval_us; /* between two probes, or two questions of a session */
	int64_t timeout_us;  /* how long one answer may take */
	int64_t progress_us; /* a line of progress so often; 0: none */
	int64_t timeline_us; /* a character of the timeline covers so much; 0: no timeline */
	int64_t duration_us; /* end after this long; 0: at SIGINT or SIGTERM */
	int64_t count;       /* end after so many probes (0: no limit); sessions to hold */
	const char *mode;    /* session: "echo", "download", "flood" or "idle" */
	bool fresh;          /* udp: a new source port for each probe */
};

/* labtool.c */
extern volatile bool stop_asked; /* SIGINT or SIGTERM has come */

/* net.c */
int64_t now_us(void);
void die(const char *what); /* prints what and errno, exits 1 */
int parse_address(const char *host, const char *port, struct sockaddr_storage *ret_address,
                  socklen_t *ret_len);
int open_client(const struct options *options, int type, int protocol);
int set_nonblocking(int fd);
void put_json_string(const char *text);

/* serve.c */
int serve(const char *name, const char *protocol, char **ports, int n_ports);

/* probe.c */
int probe(const struct options *options);

/* flows.c */
int flows(const struct options *options);

/* session.c */
int session(const struct options *options);

/* The byte at a position of the stream that a server sends to a downloading client. */
static inline uint8_t stream_byte(uint64_t position)
{
	return (uint8_t)(position ^ (position >> 8) ^ (position >> 16) ^ (position >> 24));
}

#endif
