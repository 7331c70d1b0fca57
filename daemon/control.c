/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/control.h"

#include "daemon/memory.h"
#include "lib/fileio.h"
#include "lib/listener.h"
#include "lib/log.h"
#include "lib/mem.h"
#include "lib/mono.h"

#include <errno.h>
#include <libgen.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

struct client {
	struct control *control;
	struct client *next;
	struct loop_fd fd;
	struct loop_deadline patience; /* closes a client that is too slow */
	uint64_t ticket;
	bool asked; /* the request is whole; more input is ignored */
	char *in;
	size_t in_len;
	char *out; /* NULL until answered */
	size_t out_len, out_pos;
};

struct control {
	struct loop *loop;
	struct listener listener;
	control_handler *handler;
	void *ctx;
	char *path;
	struct client *clients;
	size_t client_count;
	uint64_t last_ticket;
};

static void client_free(struct client *client)
{
	struct control *control = client->control;

	for (struct client **p = &control->clients; *p; p = &(*p)->next) {
		if (*p == client) {
			*p = client->next;
			break;
		}
	}
	control->client_count--;
	loop_fd_stop(&client->fd);
	loop_deadline_done(&client->patience);
	close(client->fd.fd);
	bool large = client->out && client->out_len >= MEMORY_LARGE;

	free(client->in);
	free(client->out);
	free(client);
	if (large)
		memory_give_back();
}

static void client_write(struct client *client)
{
	while (client->out_pos < client->out_len) {
		ssize_t n = send(client->fd.fd, client->out + client->out_pos,
		                 client->out_len - client->out_pos, MSG_NOSIGNAL | MSG_DONTWAIT);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN) {
			loop_fd_want(&client->fd, false, true);
			return;
		}
		if (n < 0)
			break;
		client->out_pos += (size_t)n;
	}
	client_free(client);
}

static void client_answer(struct client *client, json_t *answer)
{
	char *text = json_dumps(answer, JSON_COMPACT);

	json_decref(answer);
	if (!text)
		text = xstrdup("{\"ok\":false,\"error\":\"the answer is no valid JSON\"}");
	client->out_len = strlen(text) + 1;
	client->out = xrealloc(text, client->out_len + 1);
	client->out[client->out_len - 1] = '\n';
	client->out_pos = 0;
	client_write(client);
}

static struct client *client_find(struct control *control, uint64_t ticket)
{
	for (struct client *c = control->clients; c; c = c->next) {
		if (c->ticket == ticket && c->asked && !c->out)
			return c;
	}
	return NULL;
}

void control_answer(struct control *control, uint64_t ticket, json_t *result)
{
	struct client *client = client_find(control, ticket);

	if (client)
		client_answer(client, json_pack("{s:b,s:o}", "ok", 1, "result", result));
	else
		json_decref(result);
}

void control_refuse(struct control *control, uint64_t ticket, const char *fmt, ...)
{
	struct client *client = client_find(control, ticket);
	char text[1024];
	va_list args;

	if (!client)
		return;
	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	client_answer(client, json_pack("{s:b,s:s}", "ok", 0, "error", text));
}

static void client_asked(struct client *client, size_t line_len)
{
	struct control *control = client->control;
	uint64_t ticket = client->ticket;
	json_error_t error;
	json_t *request = json_loadb(client->in, line_len, 0, &error);

	client->asked = true;
	loop_fd_want(&client->fd, false, false);
	loop_deadline_arm(&client->patience, mono_now_us() + CONTROL_ANSWER_US);
	if (json_is_object(request))
		control->handler(control->ctx, ticket, request);
	else
		control_refuse(control, ticket, "the request is no JSON object: %s", error.text);
	json_decref(request);
}

static void client_read(struct client *client)
{
	for (;;) {
		size_t room = CONTROL_REQUEST_MAX - client->in_len;
		if (room == 0) {
			client->asked = true;
			control_refuse(client->control, client->ticket,
			               "the request is longer than %d bytes", CONTROL_REQUEST_MAX);
			return;
		}
		if (!client->in)
			client->in = xmalloc(CONTROL_REQUEST_MAX);
		ssize_t n = recv(client->fd.fd, client->in + client->in_len, room, MSG_DONTWAIT);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN)
			return;
		if (n <= 0) {
			client_free(client);
			return;
		}
		client->in_len += (size_t)n;
		char *end = memchr(client->in, '\n', client->in_len);
		if (end) {
			client_asked(client, (size_t)(end - client->in));
			return;
		}
	}
}

static void client_ready(struct loop_fd *fd, bool readable, bool writable)
{
	struct client *client = lt_container_of(fd, struct client, fd);

	if (writable && client->out)
		client_write(client);
	else if (readable && !client->asked)
		client_read(client);
}

static void client_impatient(struct loop_deadline *deadline)
{
	client_free(lt_container_of(deadline, struct client, patience));
}

static void client_came(struct listener *listener, int accepted,
                        const struct sockaddr_storage *from, socklen_t size)
{
	struct control *control = lt_container_of(listener, struct control, listener);
	struct client *client = xcalloc(1, sizeof(*client));

	if (control->client_count >= CONTROL_CLIENTS_MAX ||
	    loop_deadline_init(control->loop, &client->patience)) {
		close(accepted);
		free(client);
		return;
	}
	client->control = control;
	client->ticket = ++control->last_ticket;
	client->next = control->clients;
	control->clients = client;
	control->client_count++;
	client->fd.fd = accepted;
	client->fd.ready = client_ready;
	client->patience.expired = client_impatient;
	loop_fd_start(control->loop, &client->fd, true, false);
	loop_deadline_arm(&client->patience, mono_now_us() + CONTROL_IDLE_US);
}

static void nobody_can_come(struct listener *listener, int error)
{
	const struct control *control = lt_container_of(listener, struct control, listener);

	log_warn("control", "cannot accept connections, retrying socket=%s error=\"%s\"",
	         control->path, strerrordesc_np(error));
}

/* Binds without a moment in which the socket is open to others: umask decides its mode. */
static int bind_socket(int fd, const struct sockaddr_un *address)
{
	mode_t before = umask(0117);
	int rc = bind(fd, (const struct sockaddr *)address, sizeof(*address)) ? -errno : 0;

	umask(before);
	return rc;
}

static bool somebody_answers(const struct sockaddr_un *address)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	bool answers = fd >= 0 &&
	               connect(fd, (const struct sockaddr *)address, sizeof(*address)) == 0;

	if (fd >= 0)
		close(fd);
	return answers;
}

/* What stands there is removed only if it is a socket: anything else is somebody's file. 0 or
 * -errno. */
static int make_room(const struct sockaddr_un *address)
{
	struct stat found;

	if (lstat(address->sun_path, &found) < 0)
		return -errno;
	if (!S_ISSOCK(found.st_mode))
		return -EEXIST;
	if (somebody_answers(address))
		return -EADDRINUSE;
	return unlink(address->sun_path) ? -errno : 0;
}

static int listen_at(const char *path, int *ret_fd)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	char directory[sizeof(address.sun_path)];

	if (strlen(path) >= sizeof(address.sun_path))
		return -ENAMETOOLONG;
	strcpy(address.sun_path, path);
	strcpy(directory, path);
	int rc = fileio_mkdirs(dirname(directory), 0755);
	if (rc)
		return rc;
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -errno;
	rc = bind_socket(fd, &address);
	if (rc == -EADDRINUSE) {
		rc = make_room(&address); /* of one left behind by a daemon that was killed */
		if (rc == 0)
			rc = bind_socket(fd, &address);
	}
	if (rc == 0 && listen(fd, CONTROL_CLIENTS_MAX))
		rc = -errno;
	if (rc) {
		close(fd);
		return rc;
	}
	*ret_fd = fd;
	return 0;
}

int control_open(struct loop *loop, const char *path, control_handler *handler, void *ctx,
                 struct control **ret_control)
{
	int fd = -1;
	int rc = listen_at(path, &fd);

	if (rc)
		return rc;
	struct control *control = xcalloc(1, sizeof(*control));
	control->listener.came = client_came;
	control->listener.failed = nobody_can_come;
	rc = listener_open(loop, &control->listener, fd);
	if (rc) {
		close(fd);
		unlink(path);
		free(control);
		return rc;
	}
	control->loop = loop;
	control->handler = handler;
	control->ctx = ctx;
	control->path = xstrdup(path);
	*ret_control = control;
	return 0;
}

void control_close(struct control *control)
{
	if (!control)
		return;
	while (control->clients)
		client_free(control->clients);
	listener_close(&control->listener);
	unlink(control->path);
	free(control->path);
	free(control);
}
