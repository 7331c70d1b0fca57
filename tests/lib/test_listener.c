/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/listener.h"

#include "tests/descriptors.h"
#include "tests/unit.h"

#include <errno.h>
#include <sys/un.h>

static struct loop *loop;
static struct sockaddr_un address;
static socklen_t address_size;

static struct {
	struct listener listener;
	unsigned came, wanted, failures, asked;
	int error;
	bool full;
} door;

static void came(struct listener *listener, int fd, const struct sockaddr_storage *from,
                 socklen_t size)
{
	ck_assert_int_eq(from->ss_family, AF_UNIX);
	close(fd);
	if (++door.came == door.wanted)
		loop_stop(loop);
}

static void failed(struct listener *listener, int error)
{
	door.failures++;
	door.error = error;
}

/* For the first time it is asked there is none. */
static bool has_room(struct listener *listener)
{
	return !door.full || door.asked++ > 0;
}

static void setup(void)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);

	address.sun_family = AF_UNIX; /* the kernel chooses a name for it */
	address_size = sizeof(address);
	ck_assert_int_eq(loop_new(&loop), 0);
	ck_assert_int_eq(bind(fd, (struct sockaddr *)&address, sizeof(sa_family_t)), 0);
	ck_assert_int_eq(listen(fd, 64), 0);
	ck_assert_int_eq(getsockname(fd, (struct sockaddr *)&address, &address_size), 0);
	door.listener.came = came;
	door.listener.failed = failed;
	door.listener.has_room = has_room;
	ck_assert_int_eq(listener_open(loop, &door.listener, fd), 0);
}

static void teardown(void)
{
	listener_close(&door.listener);
	listener_close(&door.listener);
	loop_free(loop);
}

static void dial(unsigned count)
{
	while (count-- > 0) {
		int fd = socket(AF_UNIX, SOCK_STREAM, 0);

		ck_assert_int_eq(connect(fd, (struct sockaddr *)&address, address_size), 0);
	}
}

static void run_until_came(unsigned wanted)
{
	door.wanted = wanted;
	loop_run(loop);
	ck_assert_uint_eq(door.came, wanted);
}

START_TEST(all_who_come_are_handed_over)
{
	dial(40);
	run_until_came(40);
	ck_assert_uint_eq(door.failures, 0);
}
END_TEST

START_TEST(without_descriptors_it_pauses_says_so_once_and_goes_on)
{
	dial(3);
	ck_assert(!descriptors_spin_without(loop, 2 * LISTENER_PAUSE_US));
	ck_assert_uint_eq(door.came, 0);
	ck_assert_uint_eq(door.failures, 1);
	ck_assert_int_eq(door.error, EMFILE);
	run_until_came(3);
	ck_assert_uint_eq(door.failures, 1);
}
END_TEST

START_TEST(who_finds_no_room_waits)
{
	door.full = true;
	dial(1);
	run_until_came(1);
	ck_assert_uint_ge(door.asked, 2);
	ck_assert_uint_eq(door.failures, 0);
}
END_TEST

int main(void)
{
	TCase *tests;
	Suite *suite = unit_suite("lib/listener", &tests);

	tcase_add_checked_fixture(tests, setup, teardown);
	tcase_add_test(tests, all_who_come_are_handed_over);
	tcase_add_test(tests, without_descriptors_it_pauses_says_so_once_and_goes_on);
	tcase_add_test(tests, who_finds_no_room_waits);
	return unit_run(suite);
}
