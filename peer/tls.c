/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "peer/tls.h"

#include "lib/mem.h"

#include <errno.h>
#include <openssl/bio.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <openssl/ssl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

/* A key goes with one hash (RFC 8446 4.2.11): both suites have SHA-256. */
#define SUITES "TLS_AES_128_GCM_SHA256:TLS_CHACHA20_POLY1305_SHA256"
static const unsigned char suite_id[2] = {0x13, 0x01};

/* RFC 8446 5.5 allows some 2^24 records of full size to a key of AES-GCM. */
#define RECORDS_A_KEY (UINT32_C(1) << 22)

#define LABEL         "lintel peer key name 1"
#define NAME_DIGITS   16

struct peer_tls_context {
	SSL_CTX *ssl; /* both roles */
	BIO_METHOD *socket;
	const struct peer_keys *keys; /* not owned */
};

struct peer_tls {
	SSL *ssl;
	const struct peer_tls_context *context;
	int fd;
	bool dialed;
	bool unknown_key; /* they offered one that we have not */
	bool up;
	uint32_t records; /* written under the present key */
	char key_name[PEER_KEY_NAME_MAX + 1];
	char problem[160];
};

const char *peer_tls_library_version(char buf[static PEER_TLS_VERSION_SIZE])
{
	snprintf(buf, PEER_TLS_VERSION_SIZE, "%s", OpenSSL_version(OPENSSL_VERSION_STRING));
	return buf;
}

int peer_tls_random(void *to, size_t size)
{
	return RAND_bytes(to, (int)size) == 1 ? 0 : -EIO;
}

static void name_key(struct peer_key *key)
{
	uint8_t bytes[sizeof(LABEL) + PEER_KEY_MAX], digest[EVP_MAX_MD_SIZE];
	size_t at;

	memcpy(bytes, LABEL, sizeof(LABEL));
	memcpy(bytes + sizeof(LABEL), key->bytes, key->size);
	if (!EVP_Digest(bytes, sizeof(LABEL) + key->size, digest, NULL, EVP_sha256(), NULL))
		abort(); /* there is no OpenSSL without SHA-256 */
	OPENSSL_cleanse(bytes, sizeof(bytes));
	at = (size_t)snprintf(key->name, sizeof(key->name), "sha256-");
	for (size_t i = 0; i < NAME_DIGITS / 2; i++)
		snprintf(key->name + at + 2 * i, 3, "%02x", digest[i]);
}

void peer_tls_name_keys(struct peer_keys *keys)
{
	for (size_t i = 0; i < keys->count; i++)
		if (!keys->items[i].name[0])
			name_key(&keys->items[i]);
}

/* ---- the socket: OpenSSL's own write()s to it would raise SIGPIPE */

static int socket_write(BIO *bio, const char *from, size_t size, size_t *ret_size)
{
	const struct peer_tls *tls = BIO_get_data(bio);
	ssize_t n = send(tls->fd, from, size, MSG_NOSIGNAL | MSG_DONTWAIT);

	BIO_clear_retry_flags(bio);
	if (n >= 0) {
		*ret_size = (size_t)n;
		return 1;
	}
	if (errno == EAGAIN || errno == EINTR)
		BIO_set_retry_write(bio);
	return 0;
}

static int socket_read(BIO *bio, char *to, size_t size, size_t *ret_size)
{
	const struct peer_tls *tls = BIO_get_data(bio);
	ssize_t n = recv(tls->fd, to, size, MSG_DONTWAIT);

	BIO_clear_retry_flags(bio);
	if (n > 0) {
		*ret_size = (size_t)n;
		return 1;
	}
	if (n == 0)
		BIO_set_flags(bio, BIO_FLAGS_IN_EOF);
	else if (errno == EAGAIN || errno == EINTR)
		BIO_set_retry_read(bio);
	return 0;
}

static long socket_control(BIO *bio, int command, long number, void *pointer)
{
	if (command == BIO_CTRL_EOF)
		return BIO_test_flags(bio, BIO_FLAGS_IN_EOF) != 0;
	return command == BIO_CTRL_FLUSH; /* nothing is kept back; the rest is not ours */
}

static BIO *socket_new(struct peer_tls *tls)
{
	BIO *bio = BIO_new(tls->context->socket);

	if (bio) {
		BIO_set_data(bio, tls);
		BIO_set_init(bio, 1);
	}
	return bio;
}

/* ---- keys */

static SSL_SESSION *session_of(SSL *ssl, const struct peer_key *key)
{
	const SSL_CIPHER *suite = SSL_CIPHER_find(ssl, suite_id);
	SSL_SESSION *session = suite ? SSL_SESSION_new() : NULL;

	if (session && SSL_SESSION_set1_master_key(session, key->bytes, key->size) &&
	    SSL_SESSION_set_cipher(session, suite) &&
	    SSL_SESSION_set_protocol_version(session, TLS1_3_VERSION))
		return session;
	SSL_SESSION_free(session);
	return NULL;
}

/* Client: what to offer. */
static int use_key(SSL *ssl, const EVP_MD *md, const unsigned char **ret_name, size_t *ret_size,
                   SSL_SESSION **ret_session)
{
	struct peer_tls *tls = SSL_get_app_data(ssl);
	const struct peer_key *key = &tls->context->keys->items[0];

	if (tls->context->keys->count == 0 || (md && EVP_MD_get_type(md) != NID_sha256))
		return 0;
	*ret_session = session_of(ssl, key);
	if (!*ret_session)
		return 0;
	/* Of the connection: the keys may change while the handshake goes on. */
	memcpy(tls->key_name, key->name, sizeof(tls->key_name));
	*ret_name = (const unsigned char *)tls->key_name;
	*ret_size = strlen(tls->key_name);
	return 1;
}

/* Server: what they offer. */
static int find_key(SSL *ssl, const unsigned char *name, size_t size, SSL_SESSION **ret_session)
{
	struct peer_tls *tls = SSL_get_app_data(ssl);
	const struct peer_key *key = peer_keys_find(tls->context->keys, name, size);

	*ret_session = NULL;
	if (!key) {
		tls->unknown_key = true;
		return 1; /* goes on without, and ends for want of anything else */
	}
	memcpy(tls->key_name, key->name, sizeof(tls->key_name));
	*ret_session = session_of(ssl, key);
	return *ret_session != NULL;
}

/* ---- */

static BIO_METHOD *socket_method(void)
{
	BIO_METHOD *method =
		BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "lintel socket");

	if (method && BIO_meth_set_write_ex(method, socket_write) &&
	    BIO_meth_set_read_ex(method, socket_read) && BIO_meth_set_ctrl(method, socket_control))
		return method;
	BIO_meth_free(method);
	return NULL;
}

int peer_tls_context_new(const struct peer_keys *keys, struct peer_tls_context **ret_context)
{
	struct peer_tls_context *context = xcalloc(1, sizeof(*context));
	SSL_CTX *ssl = SSL_CTX_new(TLS_method());

	context->keys = keys;
	context->ssl = ssl;
	context->socket = socket_method();
	if (!ssl || !context->socket || !SSL_CTX_set_min_proto_version(ssl, TLS1_3_VERSION) ||
	    !SSL_CTX_set_max_proto_version(ssl, TLS1_3_VERSION) ||
	    !SSL_CTX_set_ciphersuites(ssl, SUITES) ||
	    !SSL_CTX_set1_groups_list(ssl, "X25519:P-256") || !SSL_CTX_set_num_tickets(ssl, 0)) {
		peer_tls_context_free(context);
		ERR_clear_error();
		return -EIO;
	}
	SSL_CTX_set_options(ssl, SSL_OP_NO_TICKET | SSL_OP_NO_RENEGOTIATION);
	SSL_CTX_clear_options(ssl, SSL_OP_ALLOW_NO_DHE_KEX);
	SSL_CTX_set_session_cache_mode(ssl, SSL_SESS_CACHE_OFF);
	SSL_CTX_set_mode(ssl, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
	                              SSL_MODE_RELEASE_BUFFERS);
	SSL_CTX_set_psk_use_session_callback(ssl, use_key);
	SSL_CTX_set_psk_find_session_callback(ssl, find_key);
	*ret_context = context;
	return 0;
}

void peer_tls_context_free(struct peer_tls_context *context)
{
	if (!context)
		return;
	SSL_CTX_free(context->ssl);
	BIO_meth_free(context->socket);
	free(context);
}

int peer_tls_new(struct peer_tls_context *context, int fd, bool dialed, struct peer_tls **ret_tls)
{
	struct peer_tls *tls = xcalloc(1, sizeof(*tls));
	BIO *bio;

	tls->context = context;
	tls->fd = fd;
	tls->dialed = dialed;
	tls->ssl = SSL_new(context->ssl);
	bio = tls->ssl ? socket_new(tls) : NULL;
	if (!bio || !SSL_set_app_data(tls->ssl, tls)) {
		BIO_free(bio);
		peer_tls_free(tls);
		ERR_clear_error();
		return -ENOMEM;
	}
	SSL_set_bio(tls->ssl, bio, bio);
	if (dialed) {
		SSL_set_connect_state(tls->ssl);
		/* Who comes with a certificate instead of the key is nobody we trust. */
		SSL_set_verify(tls->ssl, SSL_VERIFY_PEER, NULL);
	} else {
		SSL_set_accept_state(tls->ssl);
	}
	*ret_tls = tls;
	return 0;
}

void peer_tls_free(struct peer_tls *tls)
{
	if (!tls)
		return;
	SSL_free(tls->ssl);
	free(tls);
}

/* Does what OpenSSL complains about mean that the keys differ? A server sees a binder that does not
 * fit; a client is told handshake_failure, or what the server made of the binder. */
static bool is_wrong_key(const struct peer_tls *tls, unsigned long error)
{
	int reason = ERR_GET_REASON(error);

	if (tls->up || ERR_GET_LIB(error) != ERR_LIB_SSL)
		return false;
	if (!tls->dialed)
		return tls->unknown_key || reason == SSL_R_BINDER_DOES_NOT_VERIFY ||
		       reason == SSL_R_BAD_PSK;
	return reason == SSL_R_SSLV3_ALERT_HANDSHAKE_FAILURE ||
	       reason == SSL_R_SSLV3_ALERT_ILLEGAL_PARAMETER ||
	       reason == SSL_R_TLSV1_ALERT_DECRYPT_ERROR ||
	       reason == SSL_AD_REASON_OFFSET + SSL_AD_UNKNOWN_PSK_IDENTITY;
}

static enum peer_tls_result result_of(struct peer_tls *tls, int rc)
{
	int error = SSL_get_error(tls->ssl, rc);
	unsigned long detail = ERR_peek_error();
	const char *text = ERR_reason_error_string(detail);

	ERR_clear_error();
	if (error == SSL_ERROR_WANT_READ)
		return PEER_TLS_WANT_READ;
	if (error == SSL_ERROR_WANT_WRITE)
		return PEER_TLS_WANT_WRITE;
	if (text)
		snprintf(tls->problem, sizeof(tls->problem), "%s", text);
	if (error == SSL_ERROR_ZERO_RETURN || error == SSL_ERROR_SYSCALL ||
	    ERR_GET_REASON(detail) == SSL_R_UNEXPECTED_EOF_WHILE_READING)
		return PEER_TLS_CLOSED;
	return is_wrong_key(tls, detail) ? PEER_TLS_WRONG_KEY : PEER_TLS_FAILED;
}

enum peer_tls_result peer_tls_handshake(struct peer_tls *tls)
{
	int rc;

	ERR_clear_error();
	rc = SSL_do_handshake(tls->ssl);
	if (rc != 1)
		return result_of(tls, rc);
	/* Nothing but the key may have let them in. */
	if (!SSL_session_reused(tls->ssl) || SSL_version(tls->ssl) != TLS1_3_VERSION)
		return PEER_TLS_FAILED;
	tls->up = true;
	return PEER_TLS_DONE;
}

enum peer_tls_result peer_tls_read(struct peer_tls *tls, void *to, size_t size, size_t *ret_size)
{
	int rc;

	ERR_clear_error();
	rc = SSL_read_ex(tls->ssl, to, size, ret_size);
	return rc == 1 ? PEER_TLS_DONE : result_of(tls, rc);
}

enum peer_tls_result peer_tls_write(struct peer_tls *tls, const void *from, size_t size,
                                    size_t *ret_size)
{
	int rc;

	ERR_clear_error();
	if (++tls->records >= RECORDS_A_KEY)
		peer_tls_refresh(tls);
	rc = SSL_write_ex(tls->ssl, from, size, ret_size);
	return rc == 1 ? PEER_TLS_DONE : result_of(tls, rc);
}

void peer_tls_refresh(struct peer_tls *tls)
{
	/* Refused while a write is half done: the next one tries again. */
	if (SSL_key_update(tls->ssl, SSL_KEY_UPDATE_REQUESTED))
		tls->records = 0;
	ERR_clear_error();
}

void peer_tls_shutdown(struct peer_tls *tls)
{
	ERR_clear_error();
	if (tls->up)
		SSL_shutdown(tls->ssl);
	ERR_clear_error();
}

const char *peer_tls_key_name(const struct peer_tls *tls)
{
	return tls->up ? tls->key_name : "";
}

const char *peer_tls_problem(const struct peer_tls *tls)
{
	return tls->problem;
}
