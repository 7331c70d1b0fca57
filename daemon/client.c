/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/client.h"

#include "lib/mem.h"
#include "lib/mono.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static int say_no_connection(const char *path, int error, struct text *out)
{
	switch (error) {
	case ENOENT:
	case ECONNREFUSED:
		text_printf(out, "no daemon answers on %s: is lintel running?", path);
		break;
	case EACCES:
	case EPERM:
		text_printf(out,
		            "not allowed to use %s: be root, or in the group that owns the socket",
		            path);
		break;
	case EAGAIN:
		text_printf(out, "the daemon on %s has too many clients; try again", path);
		break;
	default:
		text_printf(out, "can't connect to %s: %s", path, strerror(error));
	}
	return -error;
}

static int connect_to(const char *path, int *ret_fd, struct text *error)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};

	if (strlen(path) >= sizeof(address.sun_path)) {
		text_printf(error, "%s: the path is too long for a socket, at most %zu characters",
		            path, sizeof(address.sun_path) - 1);
		return -ENAMETOOLONG;
	}
	strcpy(address.sun_path, path);
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return say_no_connection(path, errno, error);
	if (connect(fd, (const struct sockaddr *)&address, sizeof(address))) {
		int rc = say_no_connection(path, errno, error);
		close(fd);
		return rc;
	}
	*ret_fd = fd;
	return 0;
}

/* 0 when ready, -ETIMEDOUT, or -errno. */
static int wait_for(int fd, short events, int64_t deadline_us)
{
	for (;;) {
		int64_t left_us = deadline_us - mono_now_us();
		if (left_us <= 0)
			return -ETIMEDOUT;
		struct pollfd poller = {.fd = fd, .events = events};
		int ready = poll(&poller, 1, (int)(left_us / US_PER_MS) + 1);
		if (ready > 0)
			return 0;
		if (ready < 0 && errno != EINTR)
			return -errno;
	}
}

static int send_all(int fd, const char *data, size_t size, int64_t deadline_us)
{
	while (size > 0) {
		ssize_t sent = send(fd, data, size, MSG_NOSIGNAL);
		if (sent >= 0) {
			data += sent;
			size -= (size_t)sent;
			continue;
		}
		int rc = errno == EAGAIN ? wait_for(fd, POLLOUT, deadline_us) : -errno;
		if (rc && rc != -EINTR)
			return rc;
	}
	return 0;
}

/* Until the other side closes. */
static int receive_all(int fd, int64_t deadline_us, struct text *answer)
{
	size_t chunk_size = 65536;
	char *chunk = xmalloc(chunk_size);
	int rc = 0;

	for (;;) {
		ssize_t got = recv(fd, chunk, chunk_size, 0);
		if (got == 0)
			break;
		if (got > 0) {
			text_add_len(answer, chunk, (size_t)got);
			if ((int64_t)answer->len > CLIENT_ANSWER_MAX) {
				rc = -EFBIG;
				break;
			}
			continue;
		}
		rc = errno == EAGAIN ? wait_for(fd, POLLIN, deadline_us) : -errno;
		if (rc && rc != -EINTR)
			break;
		rc = 0;
	}
	free(chunk);
	return rc;
}

static int exchange(int fd, const json_t *request, int64_t deadline_us, struct text *answer)
{
	char *line = json_dumps(request, JSON_COMPACT);
	struct text message = {0};
	int rc;

	if (!line)
		return -EINVAL;
	text_add(&message, line);
	text_add(&message, "\n");
	free(line);
	rc = send_all(fd, message.data, message.len, deadline_us);
	text_done(&message);
	/* A daemon that refuses early answers and closes: what it said counts. */
	if (rc == 0 || rc == -EPIPE)
		rc = receive_all(fd, deadline_us, answer);
	return rc;
}

/* Takes the envelope apart. */
static int unwrap(const struct text *answer, json_t **ret_result, struct text *error)
{
	json_error_t why;
	json_t *root = json_loadb(text_str(answer), answer->len, 0, &why);
	json_t *ok = json_object_get(root, "ok");
	json_t *result = json_object_get(root, "result");
	const char *refusal = json_string_value(json_object_get(root, "error"));
	int rc = -EPROTO;

	if (json_is_true(ok) && result) {
		*ret_result = json_incref(result);
		rc = 0;
	} else if (json_is_false(ok) && refusal) {
		text_add(error, refusal);
		rc = -EREMOTEIO;
	} else if (answer->len == 0) {
		text_add(error, "the daemon closed the connection without an answer");
	} else {
		text_printf(error, "what answered is no daemon of this version: %s",
		            root ? "neither a result nor an error" : why.text);
	}
	json_decref(root);
	return rc;
}

int client_request(const char *socket_path, const json_t *request, int64_t timeout_us,
                   json_t **ret_result, struct text *error)
{
	int64_t deadline_us = mono_now_us() + timeout_us;
	struct text answer = {0};
	int fd = -1;
	int rc = connect_to(socket_path, &fd, error);

	if (rc)
		return rc;
	rc = exchange(fd, request, deadline_us, &answer);
	close(fd);
	if (rc == -ETIMEDOUT)
		text_printf(error, "the daemon on %s did not answer within %lld seconds",
		            socket_path, (long long)(timeout_us / US_PER_S));
	else if (rc == -EFBIG)
		text_printf(error, "the daemon's answer is longer than %lld MiB",
		            (long long)(CLIENT_ANSWER_MAX >> 20));
	else if (rc)
		text_printf(error, "the connection to the daemon on %s broke: %s", socket_path,
		            strerror(-rc));
	else
		rc = unwrap(&answer, ret_result, error);
	text_done(&answer);
	return rc;
}
