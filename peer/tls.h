/* SPDX-License-Identifier: GPL-2.0-or-later */
/* peer/tls.h - TLS 1.3 by a key that both sides have: the only door to OpenSSL.
 *
 * I/O on sockets given to it. Nothing but TLS 1.3 with an external pre-shared key and an ephemeral
 * key exchange (RFC 8446 2.2, psk_dhe_ke): who learns a key later can't read what was recorded. No
 * certificates, no tickets, no early data. Never waits, raises no SIGPIPE. */

#ifndef LINTEL_PEER_TLS_H
#define LINTEL_PEER_TLS_H

#include "peer/key.h"

struct peer_tls_context;
struct peer_tls;

#define PEER_TLS_VERSION_SIZE 64
/* The library that we run with: "3.0.15"; returns buf. */
const char *peer_tls_library_version(char buf[static PEER_TLS_VERSION_SIZE]);

/* Gives keys without a name one that is made of their SHA-256 digest: "sha256-" and 16 digits. */
void peer_tls_name_keys(struct peer_keys *keys);
/* 'size' random bytes that nobody can guess. 0 or -EIO. */
LT_MUST_USE int peer_tls_random(void *to, size_t size);

/* 'keys' are not owned, must outlive it, and may change: handshakes use those that are there. */
LT_MUST_USE int peer_tls_context_new(const struct peer_keys *keys,
                                     struct peer_tls_context **ret_context);
void peer_tls_context_free(struct peer_tls_context *context); /* NULL accepted */

/* On a connected non-blocking socket, which stays the caller's. 'dialed': we are the client. */
LT_MUST_USE int peer_tls_new(struct peer_tls_context *context, int fd, bool dialed,
                             struct peer_tls **ret_tls);
void peer_tls_free(struct peer_tls *tls); /* NULL accepted */

enum peer_tls_result {
	PEER_TLS_DONE,
	PEER_TLS_WANT_READ,  /* again when the socket is readable */
	PEER_TLS_WANT_WRITE, /* ... writable */
	PEER_TLS_CLOSED,     /* by the other side or the network */
	PEER_TLS_WRONG_KEY,  /* handshake: they have not the key we offer, or we not theirs */
	PEER_TLS_FAILED,     /* not as TLS 1.3 should be */
};
enum peer_tls_result peer_tls_handshake(struct peer_tls *tls);
/* DONE: '*ret_size' bytes, at least 1. A buffer of 16 kB or more leaves nothing behind in the
 * library that the socket does not show. */
enum peer_tls_result peer_tls_read(struct peer_tls *tls, void *to, size_t size, size_t *ret_size);
enum peer_tls_result peer_tls_write(struct peer_tls *tls, const void *from, size_t size,
                                    size_t *ret_size);
/* New traffic keys for both directions with the next write (RFC 8446 4.6.3). Done by itself before
 * AES-GCM has been used for too much (5.5). */
void peer_tls_refresh(struct peer_tls *tls);
/* Tells the other side that nothing more comes; at once or not at all. */
void peer_tls_shutdown(struct peer_tls *tls);

/* Which key it is, once the handshake is done: "" before. */
const char *peer_tls_key_name(const struct peer_tls *tls);
/* What the library said about the last failure, "" when nothing. */
const char *peer_tls_problem(const struct peer_tls *tls);

#endif
