/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Lines into a FIFO, or to whoever listens on a unix stream socket.
 *
 * A FIFO without a reader can't be opened for writing without waiting (ENXIO), and one whose reader
 * left says EPIPE; both ends of that are polled, since nobody tells of a reader that comes. What
 * lay in the pipe when its reader left is lost: so the next one is told what is so. */

#include "lib/mem.h"
#include "lib/mono.h"
#include "news/outlet.h"
#include "news/pace.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define FIFO_MODE      0640
/* Looking for a reader: one open(2) or connect(2). */
#define RETRY_FIRST_US (100 * US_PER_MS)
#define RETRY_MOST_US  US_PER_S
#define DISCARD_SIZE   4096
#define WRONG_KIND     EBADMSG /* something else stands there: no errno of open or connect */

struct stream {
	struct news_carrier carrier;
	struct news_outlet *outlet;
	struct loop_fd fd; /* fd.fd -1: nobody reads */
	struct loop_deadline retry;
	struct text line; /* being written, with its end */
	size_t written;
	unsigned failures; /* in a row */
};

static bool is_fifo(const struct stream *stream)
{
	return stream->outlet->target->kind == NEWS_FIFO;
}

static void try_later(struct stream *stream)
{
	stream->failures += stream->failures < 100;
	loop_deadline_arm(&stream->retry,
	                  mono_now_us() + news_pace_us(stream->failures, RETRY_FIRST_US,
	                                               RETRY_MOST_US, news_outlet_random()));
}

static void hang_up(struct stream *stream)
{
	loop_fd_stop(&stream->fd);
	if (stream->fd.fd >= 0)
		close(stream->fd.fd);
	stream->fd.fd = -1;
}

/* The reader has gone. */
static void lose(struct stream *stream, const char *problem)
{
	struct news_outlet *outlet = stream->outlet;

	hang_up(stream);
	if (outlet->queue.taken)
		news_queue_again(&outlet->queue);
	text_clear(&stream->line);
	stream->written = 0;
	outlet->failures++;
	news_queue_reader_left(&outlet->queue);
	news_outlet_set(outlet, false, problem);
	try_later(stream);
}

/* --- opening --- */

/* Who says ENXIO is a FIFO nobody reads, and nothing is wrong with it. */
static const char *open_problem(const struct stream *stream, int error, char buf[static 64])
{
	if (error == ENXIO)
		return "nobody reads it";
	if (!is_fifo(stream) && error == ECONNREFUSED)
		return "nobody listens on it";
	if (!is_fifo(stream) && error == EAGAIN)
		return "its queue of connections is full";
	if (error == WRONG_KIND)
		return is_fifo(stream) ? "it is no FIFO" : "it is no socket";
	snprintf(buf, 64, "%s", strerror(error));
	return buf;
}

static int open_fifo(const char *path)
{
	struct stat found;
	/* Neither a terminal of ours, nor what a link leads to. */
	int fd = open(path, O_WRONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY | O_NOFOLLOW);

	if (fd < 0)
		return -errno;
	if (fstat(fd, &found) == 0 && S_ISFIFO(found.st_mode))
		return fd;
	close(fd);
	return -WRONG_KIND;
}

static int open_socket(const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	int rc;

	if (fd < 0)
		return -errno;
	memcpy(address.sun_path, path, strnlen(path, sizeof(address.sun_path) - 1));
	if (connect(fd, (const struct sockaddr *)&address, sizeof(address)) == 0)
		return fd;
	rc = errno == ENOTSOCK || errno == EPROTOTYPE ? -WRONG_KIND : -errno;
	close(fd);
	return rc;
}

static void ready(struct loop_fd *fd, bool readable, bool writable);

static bool try_open(struct stream *stream)
{
	const char *path = stream->outlet->target->path;
	int fd = is_fifo(stream) ? open_fifo(path) : open_socket(path);
	char buf[64];

	if (fd < 0) {
		news_outlet_set(stream->outlet, false, open_problem(stream, -fd, buf));
		try_later(stream);
		return false;
	}
	stream->failures = 0;
	loop_deadline_arm(&stream->retry, TIME_NEVER);
	stream->fd = (struct loop_fd){.fd = fd, .ready = ready};
	/* Of a FIFO that is written to, readable is what epoll says when the reader has left. */
	loop_fd_start(news_outlet_loop(stream->outlet), &stream->fd, true, false);
	news_outlet_set(stream->outlet, true, NULL);
	return true;
}

/* --- telling --- */

/* False: nothing more can be written now, or nothing is left. */
static bool write_some(struct stream *stream)
{
	struct news_outlet *outlet = stream->outlet;
	ssize_t n;

	if (stream->line.len == 0) {
		const struct news_line *line = news_outlet_take(outlet);

		if (!line)
			return false;
		text_add_len(&stream->line, line->text, line->length);
		text_add(&stream->line, "\n");
	}
	const char *rest = stream->line.data + stream->written;
	size_t size = stream->line.len - stream->written;

	n = is_fifo(stream) ? write(stream->fd.fd, rest, size)
	                    : send(stream->fd.fd, rest, size, MSG_NOSIGNAL);
	if (n < 0 && errno == EINTR)
		return true;
	if (n < 0 && errno == EAGAIN)
		return false;
	if (n < 0) {
		lose(stream, errno == EPIPE ? "its reader left" : strerror(errno));
		return false;
	}
	stream->written += (size_t)n;
	if (stream->written < stream->line.len)
		return true;
	text_clear(&stream->line);
	stream->written = 0;
	news_outlet_delivered(outlet);
	return true;
}

static void write_all(struct stream *stream)
{
	while (write_some(stream))
		;
	if (stream->fd.fd >= 0)
		loop_fd_want(&stream->fd, true, stream->line.len > 0);
	news_outlet_settle(stream->outlet);
}

/* What a reader says to us is of no interest, but that it hangs up. */
static bool is_gone(struct stream *stream)
{
	char discarded[DISCARD_SIZE];
	ssize_t n;

	if (is_fifo(stream))
		return true;
	n = recv(stream->fd.fd, discarded, sizeof(discarded), MSG_DONTWAIT);
	return n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR);
}

static void ready(struct loop_fd *fd, bool readable, bool writable)
{
	struct stream *stream = lt_container_of(fd, struct stream, fd);

	if (readable && is_gone(stream)) {
		lose(stream, "its reader left");
		news_outlet_settle(stream->outlet);
	} else if (writable) {
		write_all(stream);
	}
}

static void kick(struct news_carrier *carrier, bool eager)
{
	struct stream *stream = lt_container_of(carrier, struct stream, carrier);

	if (stream->fd.fd < 0) {
		/* A reader that came since the last look hears of it at once. */
		if ((eager || is_fifo(stream)) && try_open(stream))
			write_all(stream);
	} else if (stream->line.len == 0) {
		write_all(stream);
	}
}

static void retry_due(struct loop_deadline *deadline)
{
	struct stream *stream = lt_container_of(deadline, struct stream, retry);

	if (stream->fd.fd < 0 && try_open(stream))
		write_all(stream);
}

static bool busy(const struct news_carrier *carrier)
{
	const struct stream *stream = lt_container_of(carrier, const struct stream, carrier);

	return stream->fd.fd >= 0 && stream->outlet->queue.count > 0;
}

static void free_stream(struct news_carrier *carrier)
{
	struct stream *stream = lt_container_of(carrier, struct stream, carrier);

	hang_up(stream);
	loop_deadline_done(&stream->retry);
	text_done(&stream->line);
	free(stream);
}

/* Whatever the umask: others of our group may read. */
static void make_fifo(struct news_outlet *outlet)
{
	const char *path = outlet->target->path;
	char problem[64];

	if (mkfifo(path, FIFO_MODE) == 0 && chmod(path, FIFO_MODE) == 0)
		return;
	if (errno == EEXIST)
		return;
	snprintf(problem, sizeof(problem), "can't be made: %s", strerror(errno));
	news_outlet_set(outlet, false, problem);
}

int news_stream_new(struct news_outlet *outlet, struct news_carrier **ret_carrier)
{
	struct stream *stream = xcalloc(1, sizeof(*stream));
	int rc;

	stream->carrier = (struct news_carrier){.kick = kick, .busy = busy, .free = free_stream};
	stream->outlet = outlet;
	stream->fd.fd = -1;
	stream->retry.expired = retry_due;
	rc = loop_deadline_init(news_outlet_loop(outlet), &stream->retry);
	if (rc) {
		free(stream);
		return rc;
	}
	outlet->queue.current_due = true;
	if (outlet->target->kind == NEWS_FIFO)
		make_fifo(outlet);
	loop_deadline_arm(&stream->retry, mono_now_us());
	*ret_carrier = &stream->carrier;
	return 0;
}
