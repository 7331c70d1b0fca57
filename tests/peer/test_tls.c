/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Both ends in one process, over a pair of sockets. */
#include "peer/tls.h"

#include "tests/unit.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* 32 bytes of the digit */
static struct peer_keys make_keys(const char *digits)
{
	struct peer_keys keys = {.count = strlen(digits)};

	for (size_t i = 0; i < keys.count; i++) {
		keys.items[i].size = 32;
		memset(keys.items[i].bytes, digits[i], 32);
	}
	peer_tls_name_keys(&keys);
	return keys;
}

struct ends {
	struct peer_keys keys[2];
	struct peer_tls_context *contexts[2];
	struct peer_tls *tls[2]; /* 0 dialed */
	int fds[2];
};

static void open_ends(struct ends *ends, const char *digits0, const char *digits1)
{
	const char *digits[2] = {digits0, digits1};

	memset(ends, 0, sizeof(*ends));
	ck_assert_int_eq(
		socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends->fds), 0);
	for (int i = 0; i < 2; i++) {
		ends->keys[i] = make_keys(digits[i]);
		ck_assert_int_eq(peer_tls_context_new(&ends->keys[i], &ends->contexts[i]), 0);
		ck_assert_int_eq(
			peer_tls_new(ends->contexts[i], ends->fds[i], i == 0, &ends->tls[i]), 0);
	}
}

static void close_ends(struct ends *ends)
{
	for (int i = 0; i < 2; i++) {
		peer_tls_free(ends->tls[i]);
		peer_tls_context_free(ends->contexts[i]);
		close(ends->fds[i]);
	}
}

static void shake(struct ends *ends, enum peer_tls_result results[2])
{
	results[0] = results[1] = PEER_TLS_WANT_READ;
	for (int i = 0; i < 20; i++) {
		int at = i % 2;

		if (results[at] == PEER_TLS_WANT_READ || results[at] == PEER_TLS_WANT_WRITE)
			results[at] = peer_tls_handshake(ends->tls[at]);
	}
}

static void check_up(struct ends *ends)
{
	enum peer_tls_result results[2];

	shake(ends, results);
	ck_assert_int_eq(results[0], PEER_TLS_DONE);
	ck_assert_int_eq(results[1], PEER_TLS_DONE);
}

/* 'size' bytes from one end to the other, and they are the same. */
static void carry(struct ends *ends, int from, size_t size)
{
	char sent[1000], heard[16384];
	size_t written = 0, read = 0, n = 0;

	while (read < size) {
		if (written < size) {
			size_t part = size - written < sizeof(sent) ? size - written : sizeof(sent);

			for (size_t i = 0; i < part; i++)
				sent[i] = (char)((written + i) * 31);
			if (peer_tls_write(ends->tls[from], sent, part, &n) == PEER_TLS_DONE)
				written += n;
		}
		if (peer_tls_read(ends->tls[!from], heard, sizeof(heard), &n) != PEER_TLS_DONE)
			continue;
		for (size_t i = 0; i < n; i++)
			ck_assert_int_eq(heard[i], (char)((read + i) * 31));
		read += n;
	}
	ck_assert_int_eq(peer_tls_read(ends->tls[!from], heard, sizeof(heard), &n),
	                 PEER_TLS_WANT_READ);
}

START_TEST(who_has_the_key_gets_through)
{
	struct ends ends;

	open_ends(&ends, "1", "1");
	ck_assert_str_eq(peer_tls_key_name(ends.tls[0]), "");
	check_up(&ends);
	ck_assert_str_eq(peer_tls_key_name(ends.tls[0]), ends.keys[0].items[0].name);
	ck_assert_str_eq(peer_tls_key_name(ends.tls[1]), ends.keys[0].items[0].name);
	carry(&ends, 0, 100000);
	carry(&ends, 1, 100000);
	close_ends(&ends);
}
END_TEST

/* ours, theirs, which is used; "": none */
static const struct {
	const char *dialer, *listener, *used;
} rotation[] = {
	{"1", "1", "1"},   {"12", "1", "1"},  {"1", "12", "1"},  {"12", "12", "1"},
	{"21", "12", "2"}, {"12", "21", "1"}, {"21", "21", "2"}, {"2", "21", "2"},
	{"21", "2", "2"},  {"2", "1", ""},    {"12", "2", ""},
};

START_TEST(a_key_is_changed_step_by_step)
{
	enum peer_tls_result results[2];
	struct ends ends;

	open_ends(&ends, rotation[_i].dialer, rotation[_i].listener);
	shake(&ends, results);
	if (rotation[_i].used[0]) {
		struct peer_keys used = make_keys(rotation[_i].used);

		ck_assert_int_eq(results[0], PEER_TLS_DONE);
		ck_assert_int_eq(results[1], PEER_TLS_DONE);
		ck_assert_str_eq(peer_tls_key_name(ends.tls[1]), used.items[0].name);
	} else {
		ck_assert_int_eq(results[0], PEER_TLS_WRONG_KEY);
		ck_assert_int_eq(results[1], PEER_TLS_WRONG_KEY);
		ck_assert_str_ne(peer_tls_problem(ends.tls[1]), "");
		ck_assert_str_eq(peer_tls_key_name(ends.tls[1]), "");
	}
	close_ends(&ends);
}
END_TEST

START_TEST(the_name_of_a_key_is_not_the_key)
{
	enum peer_tls_result results[2];
	struct ends ends;

	open_ends(&ends, "1", "2");
	strcpy(ends.keys[0].items[0].name, "same");
	strcpy(ends.keys[1].items[0].name, "same");
	shake(&ends, results);
	ck_assert_int_eq(results[0], PEER_TLS_WRONG_KEY);
	ck_assert_int_eq(results[1], PEER_TLS_WRONG_KEY);
	close_ends(&ends);
}
END_TEST

START_TEST(what_is_no_tls_is_refused)
{
	enum peer_tls_result result = PEER_TLS_WANT_READ;
	struct ends ends;

	open_ends(&ends, "1", "1");
	ck_assert_int_eq(send(ends.fds[0], "GET / HTTP/1.1\r\n\r\n", 18, 0), 18);
	for (int i = 0; i < 5 && result == PEER_TLS_WANT_READ; i++)
		result = peer_tls_handshake(ends.tls[1]);
	ck_assert_int_eq(result, PEER_TLS_FAILED);
	close_ends(&ends);
}
END_TEST

START_TEST(nothing_is_read_in_clear)
{
	struct ends ends;
	char bytes[4096];
	size_t n;

	open_ends(&ends, "1", "1");
	check_up(&ends);
	ck_assert_int_eq(peer_tls_write(ends.tls[0], "lintel-lintel", 13, &n), PEER_TLS_DONE);
	ssize_t size = recv(ends.fds[1], bytes, sizeof(bytes), 0);
	ck_assert_int_gt(size, 13);
	ck_assert_ptr_null(memmem(bytes, (size_t)size, "lintel", 6));
	close_ends(&ends);
}
END_TEST

START_TEST(a_byte_that_was_changed_ends_it)
{
	struct ends ends;
	char bytes[4096];
	size_t n;

	open_ends(&ends, "1", "1");
	check_up(&ends);
	ck_assert_int_eq(peer_tls_write(ends.tls[0], "lintel-lintel", 13, &n), PEER_TLS_DONE);
	ssize_t size = recv(ends.fds[1], bytes, sizeof(bytes), 0);
	ck_assert_int_gt(size, 13);
	bytes[size - 5] ^= 1;
	ck_assert_int_eq(send(ends.fds[0], bytes, (size_t)size, 0), size);
	ck_assert_int_eq(peer_tls_read(ends.tls[1], bytes, sizeof(bytes), &n), PEER_TLS_FAILED);
	close_ends(&ends);
}
END_TEST

START_TEST(what_was_said_once_can_not_be_said_again)
{
	struct ends ends;
	char bytes[4096], heard[4096];
	size_t n;

	open_ends(&ends, "1", "1");
	check_up(&ends);
	ck_assert_int_eq(peer_tls_write(ends.tls[0], "lintel-lintel", 13, &n), PEER_TLS_DONE);
	ssize_t size = recv(ends.fds[1], bytes, sizeof(bytes), 0);
	ck_assert_int_eq(send(ends.fds[0], bytes, (size_t)size, 0), size);
	ck_assert_int_eq(send(ends.fds[0], bytes, (size_t)size, 0), size);
	ck_assert_int_eq(peer_tls_read(ends.tls[1], heard, sizeof(heard), &n), PEER_TLS_DONE);
	ck_assert_int_eq(peer_tls_read(ends.tls[1], heard, sizeof(heard), &n), PEER_TLS_FAILED);
	close_ends(&ends);
}
END_TEST

START_TEST(traffic_keys_are_renewed_on_the_way)
{
	struct ends ends;

	open_ends(&ends, "1", "1");
	check_up(&ends);
	for (int i = 0; i < 10; i++) {
		peer_tls_refresh(ends.tls[i % 2]);
		carry(&ends, 0, 5000);
		carry(&ends, 1, 5000);
	}
	close_ends(&ends);
}
END_TEST

START_TEST(an_end_is_told_and_a_cut_is_seen)
{
	struct ends ends;
	char bytes[100];
	size_t n;

	open_ends(&ends, "1", "1");
	check_up(&ends);
	peer_tls_shutdown(ends.tls[0]);
	ck_assert_int_eq(peer_tls_read(ends.tls[1], bytes, sizeof(bytes), &n), PEER_TLS_CLOSED);
	close_ends(&ends);
	open_ends(&ends, "1", "1");
	check_up(&ends);
	shutdown(ends.fds[0], SHUT_RDWR);
	ck_assert_int_eq(peer_tls_read(ends.tls[1], bytes, sizeof(bytes), &n), PEER_TLS_CLOSED);
	close_ends(&ends);
	open_ends(&ends, "1", "1");
	check_up(&ends);
	shutdown(ends.fds[0], SHUT_RDWR);
	/* And no SIGPIPE. */
	ck_assert_int_eq(peer_tls_write(ends.tls[1], "x", 1, &n), PEER_TLS_CLOSED);
	close_ends(&ends);
}
END_TEST

int main(void)
{
	TCase *tests;
	Suite *suite = unit_suite("peer/tls", &tests);

	tcase_add_test(tests, who_has_the_key_gets_through);
	tcase_add_loop_test(tests, a_key_is_changed_step_by_step, 0, LT_ARRAY_SIZE(rotation));
	tcase_add_test(tests, the_name_of_a_key_is_not_the_key);
	tcase_add_test(tests, what_is_no_tls_is_refused);
	tcase_add_test(tests, nothing_is_read_in_clear);
	tcase_add_test(tests, a_byte_that_was_changed_ends_it);
	tcase_add_test(tests, what_was_said_once_can_not_be_said_again);
	tcase_add_test(tests, traffic_keys_are_renewed_on_the_way);
	tcase_add_test(tests, an_end_is_told_and_a_cut_is_seen);
	return unit_run(suite);
}
