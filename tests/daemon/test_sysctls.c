/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Settings are planned over a table in memory; what acts is tried on a tree of plain files.
 *
 * Reason: over 500 lines, because both kinds share the tables of settings. */

#include "daemon/sysctls.h"
#include "lib/fileio.h"
#include "lib/mem.h"
#include "tests/nft/fixture.h"

#include <check.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define NAT4 \
	FIXTURE_ROUTER FIXTURE_SERVER("web", "10.77.0.100", FIXTURE_S4, "  ports: [{port: 80}]\n")
#define NAT6                                                                   \
	FIXTURE_ROUTER FIXTURE_SERVER("web", "'2001:db8:77::100'", FIXTURE_S6, \
	                              "  ports: [{port: 80}]\n")
#define DIRECT                                                          \
	FIXTURE_ROUTER FIXTURE_SERVER("web", "10.77.0.100", FIXTURE_S4, \
	                              "  ports: [{port: 80}]\n  forwarding: direct\n")

/* --- a kernel in memory --- */

struct setting {
	const char *name, *value;
};

struct kernel {
	const struct setting *settings; /* ends with a NULL name */
	int error;                      /* of everything that is not there; 0: ENOENT */
};

static int read_kernel(void *ctx, const char *name, char ret_value[static SYSCTLS_VALUE_SIZE])
{
	const struct kernel *kernel = ctx;

	for (const struct setting *s = kernel->settings; s->name; s++) {
		if (strcmp(s->name, name) == 0) {
			snprintf(ret_value, SYSCTLS_VALUE_SIZE, "%s", s->value);
			return 0;
		}
	}
	return kernel->error != 0 ? -kernel->error : -ENOENT;
}

static const struct setting fresh[] = {
	{"net/ipv4/vs/expire_nodest_conn", "0"},
	{"net/ipv4/vs/expire_quiescent_template", "0"},
	{"net/ipv4/vs/conntrack", "0"},
	{"net/netfilter/nf_conntrack_tcp_be_liberal", "0"},
	{"net/netfilter/nf_conntrack_tcp_loose", "1"},
	{"net/ipv4/ip_forward", "0"},
	{"net/ipv4/conf/all/send_redirects", "1"},
	{"net/ipv4/conf/eth0/send_redirects", "1"},
	{"net/ipv4/conf/eth1/send_redirects", "1"},
	{"net/ipv6/conf/all/forwarding", "0"},
	{"net/ipv6/conf/eth0/forwarding", "0"},
	{"net/ipv6/conf/eth0/accept_ra", "1"},
	{"net/ipv6/conf/eth1/forwarding", "0"},
	{"net/ipv6/conf/eth1/accept_ra", "0"},
	{"net/ipv6/conf/lo/forwarding", "0"},
	{"net/ipv6/conf/lo/accept_ra", "1"},
	{NULL, NULL},
};

static const char *const interfaces[] = {"eth0", "eth1", "lo"};

static struct sysctls *plan(const char *yaml, const struct setting *settings, const char *memory)
{
	struct kernel kernel = {.settings = settings};
	struct sysctls_memory *remembered = sysctls_memory_parse(memory, "now");
	struct model_snapshot *snapshot = fixture_snapshot(yaml);
	struct sysctls *sysctls =
		sysctls_want(snapshot, interfaces, 3, remembered, read_kernel, &kernel);

	sysctls_plan(sysctls, remembered, read_kernel, &kernel);
	sysctls_memory_free(remembered);
	model_snapshot_free(snapshot);
	return sysctls;
}

static const struct sysctls_item *item(const struct sysctls *sysctls, const char *name)
{
	for (size_t i = 0; i < sysctls->count; i++) {
		if (strcmp(sysctls->items[i].name, name) == 0)
			return &sysctls->items[i];
	}
	return NULL;
}

/* --- what is wanted --- */

START_TEST(replication_wants_the_kernels_sync_quick_and_whole)
{
	struct sysctls *sysctls = plan(DIRECT, fresh, "");

	ck_assert_ptr_null(item(sysctls, "net/ipv4/vs/sync_threshold"));
	sysctls_want_replication(sysctls);
	ck_assert_str_eq(item(sysctls, "net/ipv4/vs/sync_threshold")->value, "0 1");
	ck_assert_str_eq(item(sysctls, "net/ipv4/vs/sync_refresh_period")->value, "10");
	ck_assert_ptr_null(item(sysctls, "net/netfilter/nf_conntrack_events"));
	ck_assert_str_eq(item(sysctls, "net/ipv4/vs/backup_only")->value, "0");
	for (size_t i = 0; i < sysctls->count; i++)
		ck_assert_str_ne(sysctls->items[i].why, "");
	sysctls_free(sysctls);
	sysctls = plan(NAT4, fresh, "");
	sysctls_want_replication(sysctls);
	ck_assert_str_eq(item(sysctls, "net/netfilter/nf_conntrack_events")->value, "1");
	ck_assert_str_eq(item(sysctls, "net/netfilter/nf_conntrack_events")->also, "2");
	sysctls_free(sysctls);
}
END_TEST

START_TEST(a_value_that_is_as_good_is_left_alone)
{
	static const struct {
		const char *value;
		enum sysctls_state state;
	} kernels[] = {{"0", SYSCTLS_TO_SET}, {"1", SYSCTLS_FINE}, {"2", SYSCTLS_FINE}};

	for (size_t i = 0; i < LT_ARRAY_SIZE(kernels); i++) {
		const struct setting set[] = {
			{"net/netfilter/nf_conntrack_events", kernels[i].value}, {NULL, NULL}};
		struct kernel kernel = {.settings = set};
		struct sysctls_memory *nothing = sysctls_memory_parse("", "now");
		struct sysctls *sysctls = plan(NAT4, fresh, "");

		sysctls_want_replication(sysctls);
		sysctls_plan(sysctls, nothing, read_kernel, &kernel);
		ck_assert_int_eq(item(sysctls, "net/netfilter/nf_conntrack_events")->state,
		                 kernels[i].state);
		sysctls_memory_free(nothing);
		sysctls_free(sysctls);
	}
}
END_TEST

static const struct wanted {
	const char *yaml, *name, *value; /* NULL: not wanted */
} wanteds[] = {
	{NAT4, "net/ipv4/vs/conntrack", "1"},
	{NAT4, "net/ipv4/ip_forward", "1"},
	{NAT4, "net/ipv4/conf/all/send_redirects", "0"},
	{NAT4, "net/ipv4/conf/eth1/send_redirects", "0"},
	{NAT4, "net/netfilter/nf_conntrack_tcp_be_liberal", "1"},
	{NAT4, "net/ipv6/conf/all/forwarding", NULL},
	{NAT4, "net/ipv6/conf/eth0/accept_ra", NULL},
	{NAT6, "net/ipv6/conf/all/forwarding", "1"},
	{NAT6, "net/ipv6/conf/eth0/accept_ra", "2"},
	{NAT6, "net/ipv6/conf/eth1/accept_ra", NULL}, /* it takes no advertisements */
	{NAT6, "net/ipv6/conf/lo/accept_ra", NULL},
	{NAT6, "net/ipv4/ip_forward", NULL},
	{DIRECT, "net/ipv4/vs/expire_nodest_conn", "1"},
	{DIRECT, "net/ipv4/vs/conntrack", NULL},
	{DIRECT, "net/ipv4/ip_forward", NULL},
	{FIXTURE_ROUTER, "net/ipv4/vs/expire_nodest_conn", NULL},
};

START_TEST(wants_what_the_services_need_and_no_more)
{
	const struct wanted *row = &wanteds[_i];
	struct sysctls *sysctls = plan(row->yaml, fresh, "");
	const struct sysctls_item *found = item(sysctls, row->name);

	if (!row->value) {
		ck_assert_ptr_null(found);
	} else {
		ck_assert_ptr_nonnull(found);
		ck_assert_str_eq(found->value, row->value);
		ck_assert_str_ne(found->why, "");
	}
	sysctls_free(sysctls);
}
END_TEST

/* Two snapshots of the router and one virtual server each, or two where there is another. */
static const struct {
	const char *before, *after;
	bool same;
} sames[] = {
	{FIXTURE_SERVER("a", "10.77.0.100", FIXTURE_S4, "  ports: [{port: 80}]\n"),
         FIXTURE_SERVER("a", "10.77.0.101", FIXTURE_S4 ", {address: 10.78.0.22}",
                        "  ports: [{port: 81}]\n"),
         true},
	{FIXTURE_SERVER("a", "10.77.0.100", FIXTURE_S4, "  ports: [{port: 80}]\n"),
         FIXTURE_SERVER("a", "10.77.0.100", FIXTURE_S4,
                        "  ports: [{port: 80}]\n  forwarding: direct\n"),
         false},
	{FIXTURE_SERVER("a", "10.77.0.100", FIXTURE_S4, "  ports: [{port: 80}]\n"),
         FIXTURE_SERVER("a", "'2001:db8:77::100'", FIXTURE_S6, "  ports: [{port: 80}]\n"), false},
	{FIXTURE_SERVER("a", "10.77.0.100", FIXTURE_S4, "  ports: [{port: 80}]\n"), "", false},
	{"", "", true},
};

START_TEST(settings_are_the_same_while_routers_and_source_nat_are)
{
	struct model_objects router = fixture_objects(FIXTURE_ROUTER);
	struct model_objects again = fixture_objects(FIXTURE_ROUTER);
	struct model_objects before = fixture_objects(sames[_i].before);
	struct model_objects after = fixture_objects(sames[_i].after);
	const struct model_objects *first[] = {&router, &before}, *second[] = {&router, &after};
	const struct model_objects *third[] = {&again, &before};
	struct model_snapshot *one = fixture_join(first, 2), *two = fixture_join(second, 2);
	struct model_snapshot *three = fixture_join(third, 2);

	ck_assert(sysctls_same(one, one));
	ck_assert_int_eq(sysctls_same(one, two), sames[_i].same);
	ck_assert_int_eq(sysctls_same(two, one), sames[_i].same);
	/* Read again, it may have other interfaces. */
	ck_assert_int_eq(sysctls_same(one, three), one->service_count == 0);
	model_snapshot_free(one);
	model_snapshot_free(two);
	model_snapshot_free(three);
	model_objects_done(&router);
	model_objects_done(&again);
	model_objects_done(&before);
	model_objects_done(&after);
}
END_TEST

START_TEST(settings_are_in_step_when_nothing_is_left_to_be_done)
{
	static const struct setting done[] = {
		{"net/ipv4/vs/expire_nodest_conn", "1"},
		{"net/ipv4/vs/expire_quiescent_template", "1"},
		{NULL, NULL},
	};
	struct sysctls *sysctls = plan(DIRECT, done, "");

	ck_assert(sysctls_in_step(sysctls));
	sysctls_free(sysctls);
	sysctls = plan(DIRECT, fresh, ""); /* to be set */
	ck_assert(!sysctls_in_step(sysctls));
	sysctls_free(sysctls);
	sysctls = plan(DIRECT, done + 1, ""); /* one is missing */
	ck_assert(!sysctls_in_step(sysctls));
	sysctls_free(sysctls);
}
END_TEST

START_TEST(advertisements_are_accepted_before_ipv6_is_forwarded)
{
	struct sysctls *sysctls = plan(NAT6, fresh, "");

	ck_assert(item(sysctls, "net/ipv6/conf/eth0/accept_ra") <
	          item(sysctls, "net/ipv6/conf/all/forwarding"));
	ck_assert_ptr_nonnull(item(sysctls, "net/ipv6/conf/all/forwarding")->warning);
	sysctls_free(sysctls);
}
END_TEST

/* --- comparing --- */

static const struct comparison {
	const char *now, *memory;
	enum sysctls_state state;
	const char *original;
} comparisons[] = {
	{"0", "", SYSCTLS_TO_SET, "0"},
	{"1", "", SYSCTLS_FINE, "1"},
	/* we set it: what was there before is in the file */
	{"1", "epoch\tnow\nnet/ipv4/ip_forward\t0\t1\n", SYSCTLS_OURS, "0"},
	/* somebody put it back: that is the original now */
	{"0", "epoch\tnow\nnet/ipv4/ip_forward\t0\t1\n", SYSCTLS_TO_SET, "0"},
	{"2", "epoch\tnow\nnet/ipv4/ip_forward\t0\t1\n", SYSCTLS_TO_SET, "2"},
	/* the file is of another boot: the administrator's 1 is not ours */
	{"1", "epoch\tbefore\nnet/ipv4/ip_forward\t0\t1\n", SYSCTLS_FINE, "1"},
	/* what we wrote when something else was wanted is no original either */
	{"3", "epoch\tnow\nnet/ipv4/ip_forward\t0\t3\n", SYSCTLS_TO_SET, "0"},
};

START_TEST(our_own_value_is_never_taken_for_the_original)
{
	const struct comparison *row = &comparisons[_i];
	const struct setting settings[] = {{"net/ipv4/ip_forward", row->now}, {NULL, NULL}};
	struct sysctls *sysctls = plan(NAT4, settings, row->memory);
	const struct sysctls_item *found = item(sysctls, "net/ipv4/ip_forward");

	ck_assert_int_eq(found->state, row->state);
	ck_assert_str_eq(found->current, row->now);
	ck_assert_str_eq(found->original, row->original);
	sysctls_free(sysctls);
}
END_TEST

START_TEST(what_is_not_needed_any_more_is_restored_in_reverse)
{
	static const struct setting settings[] = {
		{"net/ipv6/conf/eth0/accept_ra", "2"},
		{"net/ipv6/conf/all/forwarding", "1"},
		{"net/ipv4/ip_forward", "0"}, /* somebody put it back himself */
		{NULL, NULL},
	};
	struct sysctls *sysctls = plan(FIXTURE_ROUTER, settings,
	                               "epoch\tnow\n"
	                               "net/ipv4/ip_forward\t0\t1\n"
	                               "net/ipv6/conf/eth0/accept_ra\t1\t2\n"
	                               "net/ipv6/conf/all/forwarding\t0\t1\n");
	struct text text = {0};

	sysctls_format_changes(sysctls, &text);
	ck_assert_str_eq(
		text_str(&text),
		"~ sysctl net.ipv6.conf.all.forwarding: 1 -> 0 (it is not needed any more)\n"
		"~ sysctl net.ipv6.conf.eth0.accept_ra: 2 -> 1 (it is not needed any more)\n");
	ck_assert_uint_eq(sysctls_change_count(sysctls), 2);
	text_done(&text);
	sysctls_free(sysctls);
}
END_TEST

START_TEST(what_ending_connections_need_is_kept_for_now)
{
	static const struct setting settings[] = {
		{"net/ipv6/conf/all/forwarding", "1"},
		{"net/ipv4/ip_forward", "0"}, /* to be set */
		{NULL, NULL},
	};
	struct sysctls *sysctls =
		plan(NAT4, settings, "epoch\tnow\nnet/ipv6/conf/all/forwarding\t0\t1\n");

	ck_assert_int_eq(item(sysctls, "net/ipv6/conf/all/forwarding")->state, SYSCTLS_TO_RESTORE);
	sysctls_hold(sysctls);
	ck_assert_int_eq(item(sysctls, "net/ipv6/conf/all/forwarding")->state, SYSCTLS_OURS);
	ck_assert_str_eq(item(sysctls, "net/ipv6/conf/all/forwarding")->original, "0");
	ck_assert_int_eq(item(sysctls, "net/ipv4/ip_forward")->state, SYSCTLS_TO_SET);
	sysctls_free(sysctls);
}
END_TEST

START_TEST(advertisements_stay_accepted_after_a_restart)
{
	static const struct setting settings[] = {
		{"net/ipv6/conf/eth0/accept_ra", "2"},
		{"net/ipv6/conf/eth0/forwarding", "1"},
		{"net/ipv6/conf/all/forwarding", "1"},
		{NULL, NULL},
	};
	struct sysctls *sysctls = plan(NAT6, settings,
	                               "epoch\tnow\n"
	                               "net/ipv6/conf/eth0/accept_ra\t1\t2\n"
	                               "net/ipv6/conf/all/forwarding\t0\t1\n");

	ck_assert_int_eq(item(sysctls, "net/ipv6/conf/eth0/accept_ra")->state, SYSCTLS_OURS);
	ck_assert_uint_eq(sysctls_change_count(sysctls), 0);
	sysctls_free(sysctls);
}
END_TEST

START_TEST(a_missing_setting_names_the_module)
{
	static const struct setting nothing[] = {{NULL, NULL}};
	struct sysctls *sysctls = plan(NAT4, nothing, "");
	const struct sysctls_item *found = item(sysctls, "net/ipv4/vs/conntrack");
	struct text text = {0};

	ck_assert_int_eq(found->state, SYSCTLS_MISSING);
	ck_assert(sysctls_format_problem(found, &text));
	ck_assert_ptr_nonnull(strstr(text_str(&text), "CONFIG_IP_VS"));
	ck_assert_ptr_nonnull(strstr(text_str(&text), "net.ipv4.vs.conntrack should be 1"));
	text_done(&text);
	sysctls_free(sysctls);
}
END_TEST

START_TEST(names_are_shown_as_sysctl_has_them)
{
	char buf[SYSCTLS_NAME_SIZE];

	ck_assert_str_eq(sysctls_display("net/ipv4/conf/eth0.100/send_redirects", buf),
	                 "net.ipv4.conf.eth0/100.send_redirects");
}
END_TEST

/* --- the state file --- */

START_TEST(the_state_file_reads_back)
{
	static const char text[] = "net/ipv4/ip_forward\t0\t1\n"
				   "net/ipv4/vs/sync_threshold\t3 50\t0 0\n";
	struct text out = {0}, again = {0};
	struct sysctls_memory *memory;

	text_printf(&out, "epoch\there\n%s", text);
	memory = sysctls_memory_parse(text_str(&out), "here");
	ck_assert_uint_eq(memory->count, 2);
	ck_assert_str_eq(memory->entries[1].original, "3 50");
	sysctls_memory_format(memory, "here", &again);
	ck_assert_ptr_nonnull(strstr(text_str(&again), text));
	ck_assert(sysctls_memory_is_whole(text_str(&again), again.len));
	sysctls_memory_free(memory);
	text_done(&out);
	text_done(&again);
}
END_TEST

static const char *const nonsense[] = {
	"",
	"net/ipv4/ip_forward\t0\t1\n", /* no epoch */
	"epoch\tthere\nnet/ipv4/ip_forward\t0\t1\n",
	"epoch\there\nnet/ipv4/ip_forward\n",
	"epoch\there\nnet/ipv4/ip_forward\t0\n",
	"epoch\there\nnet/ipv4/ip_forward\t0\t1\t2\n",
	"epoch\there\n\t0\t1\n",
	"epoch\there\nnet/ipv4/ip_forward\t\t1\n",
	"epoch\there\n#net/ipv4/ip_forward\t0\t1\n",
};

START_TEST(lines_that_make_no_sense_are_skipped)
{
	struct sysctls_memory *memory = sysctls_memory_parse(nonsense[_i], "here");

	ck_assert_uint_eq(memory->count, 0);
	sysctls_memory_free(memory);
}
END_TEST

START_TEST(a_state_file_that_is_not_whole_is_known)
{
	static const struct {
		const char *text;
		size_t lost; /* bytes that are zeros behind it */
		bool whole;
	} rows[] = {
		{"epoch\tthere\nnet/ipv4/ip_forward\t0\t1\n", 0, true},
		{"# a comment\nepoch\there\n", 0, true},
		{"", 0, false},
		{"net/ipv4/ip_forward\t0\t1\n", 0, false},
		{"epoch\there\nnet/ipv4/ip_forward\t0\t1", 0, false},
		{"epoch\there\nnet/ipv4/ip_forward\t0\n", 0, false},
		{"epoch\there\nnet/ipv4/ip_forward\t0\t1\nxyz\n", 0, false},
		{"epoch\there\n", 4, false},
	};
	for (size_t i = 0; i < LT_ARRAY_SIZE(rows); i++)
		ck_assert_int_eq(
			sysctls_memory_is_whole(rows[i].text, strlen(rows[i].text) + rows[i].lost),
			rows[i].whole);
}
END_TEST

START_TEST(a_state_file_cannot_be_endless)
{
	struct text text = {0};
	struct sysctls_memory *memory;

	text_add(&text, "epoch\there\n");
	for (int i = 0; i < 2 * SYSCTLS_MAX; i++)
		text_printf(&text, "net/%d\t0\t1\n", i);
	memory = sysctls_memory_parse(text_str(&text), "here");
	ck_assert_uint_eq(memory->count, SYSCTLS_MAX);
	sysctls_memory_free(memory);
	text_done(&text);
}
END_TEST

/* --- acting, on files --- */

static char root[64], state[64];
static struct sysctls_place place = {.root = root, .epoch = "here"};

static void put(const char *name, const char *value)
{
	char path[256];

	snprintf(path, sizeof(path), "%s/%s", root, name);
	*strrchr(path, '/') = '\0';
	ck_assert_int_eq(fileio_mkdirs(path, 0700), 0);
	snprintf(path, sizeof(path), "%s/%s", root, name);
	ck_assert_int_eq(fileio_replace(path, value, strlen(value), 0600), 0);
}

/* The value, static storage. */
static const char *get(const char *name)
{
	static char value[64];
	char path[256], *data;
	size_t size;

	snprintf(path, sizeof(path), "%s/%s", root, name);
	ck_assert_int_eq(fileio_read(path, 60, &data, &size), 0);
	snprintf(value, sizeof(value), "%s", data);
	value[strcspn(value, "\n")] = '\0';
	free(data);
	return value;
}

static void make_tree(void)
{
	snprintf(root, sizeof(root), "/tmp/lintel-test-sysctls-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(root));
	snprintf(state, sizeof(state), "%.40s/state", root);
	ck_assert_int_eq(fileio_mkdirs(state, 0700), 0);
	for (const struct setting *s = fresh; s->name; s++)
		put(s->name, s->value);
}

static void remove_tree(void)
{
	char command[100];

	snprintf(command, sizeof(command), "rm -rf %s", root);
	ck_assert_int_eq(system(command), 0);
}

static struct sysctls *observe(const char *yaml)
{
	struct model_snapshot *snapshot = fixture_snapshot(yaml);
	struct sysctls *sysctls = sysctls_observe_at(snapshot, state, false, &place);

	model_snapshot_free(snapshot);
	return sysctls;
}

static void apply(const char *yaml, size_t changes)
{
	struct sysctls *sysctls = observe(yaml);

	ck_assert_uint_eq(sysctls_change_count(sysctls), changes);
	ck_assert_int_eq(sysctls_apply_at(sysctls, state, &place), 0);
	sysctls_free(sysctls);
}

static bool has_state_file(void)
{
	char path[100];

	snprintf(path, sizeof(path), "%s/" SYSCTLS_STATE_FILE, state);
	return access(path, F_OK) == 0;
}

START_TEST(what_was_set_is_put_back_by_a_later_run)
{
	struct text restored = {0};

	apply(NAT6, 6);
	ck_assert_str_eq(get("net/ipv6/conf/all/forwarding"), "1");
	ck_assert_str_eq(get("net/ipv6/conf/eth0/accept_ra"), "2");
	apply(NAT6, 0); /* the next run finds nothing to do */
	ck_assert_int_eq(sysctls_restore_at(state, &restored, &place), 0);
	for (const struct setting *s = fresh; s->name; s++)
		ck_assert_str_eq(get(s->name), s->value);
	ck_assert_ptr_nonnull(
		strstr(text_str(&restored), "net.ipv6.conf.all.forwarding: 1 -> 0\n"));
	ck_assert(!has_state_file());
	text_done(&restored);
}
END_TEST

START_TEST(numbers_that_the_kernel_parts_with_tabs_are_given_back)
{
	struct model_snapshot *snapshot = fixture_snapshot(DIRECT);
	struct sysctls *sysctls;

	put("net/ipv4/vs/expire_nodest_conn", "0\t1");
	sysctls = sysctls_observe_at(snapshot, state, false, &place);
	ck_assert_str_eq(item(sysctls, "net/ipv4/vs/expire_nodest_conn")->original, "0 1");
	ck_assert_int_eq(sysctls_apply_at(sysctls, state, &place), 0);
	/* A file, unlike a setting, keeps the end of a longer value. */
	put("net/ipv4/vs/expire_nodest_conn", "1");
	ck_assert_int_eq(sysctls_restore_at(state, NULL, &place), 0);
	ck_assert_str_eq(get("net/ipv4/vs/expire_nodest_conn"), "0 1");
	sysctls_free(sysctls);
	model_snapshot_free(snapshot);
}
END_TEST

START_TEST(what_others_changed_since_is_left_alone)
{
	apply(NAT4, 8);
	put("net/ipv4/ip_forward", "2");
	ck_assert_int_eq(sysctls_restore_at(state, NULL, &place), 0);
	ck_assert_str_eq(get("net/ipv4/ip_forward"), "2");
	ck_assert_str_eq(get("net/ipv4/vs/conntrack"), "0");
}
END_TEST

START_TEST(a_smaller_configuration_gives_back_what_it_does_not_need)
{
	apply(NAT4, 8);
	apply(DIRECT, 6);
	ck_assert_str_eq(get("net/ipv4/ip_forward"), "0");
	ck_assert_str_eq(get("net/ipv4/vs/expire_nodest_conn"), "1");
	ck_assert(has_state_file());
	apply(FIXTURE_ROUTER, 2);
	ck_assert(!has_state_file());
}
END_TEST

START_TEST(nothing_is_set_when_it_cannot_be_remembered)
{
	struct sysctls *sysctls = observe(NAT4);
	struct sysctls_place same = place;

	ck_assert_int_lt(sysctls_apply_at(sysctls, "/nonexistent/lintel", &same), 0);
	ck_assert_str_eq(get("net/ipv4/ip_forward"), "0");
	sysctls_free(sysctls);
}
END_TEST

START_TEST(a_setting_that_cannot_be_written_says_so_and_is_not_remembered)
{
	struct sysctls *sysctls = observe(NAT4);
	struct text text = {0};
	char path[256];

	/* It goes between looking and acting. */
	snprintf(path, sizeof(path), "%s/net/ipv4/ip_forward", root);
	ck_assert_int_eq(unlink(path), 0);
	ck_assert_int_eq(sysctls_apply_at(sysctls, state, &place), 0);
	ck_assert_int_eq(item(sysctls, "net/ipv4/ip_forward")->state, SYSCTLS_REFUSED);
	ck_assert(sysctls_format_problem(item(sysctls, "net/ipv4/ip_forward"), &text));
	ck_assert_ptr_nonnull(strstr(text_str(&text), "sysctl -w net.ipv4.ip_forward=1"));
	ck_assert_int_eq(item(sysctls, "net/ipv4/vs/conntrack")->state, SYSCTLS_OURS);
	sysctls_free(sysctls);
	put("net/ipv4/ip_forward", "1"); /* somebody else's */
	ck_assert_int_eq(sysctls_restore_at(state, NULL, &place), 0);
	ck_assert_str_eq(get("net/ipv4/ip_forward"), "1");
	text_done(&text);
}
END_TEST

START_TEST(a_reboot_makes_the_state_file_void)
{
	struct sysctls_place later = {.root = root, .epoch = "later"};

	apply(NAT4, 8);
	ck_assert_int_eq(sysctls_restore_at(state, NULL, &later), 0);
	ck_assert_str_eq(get("net/ipv4/ip_forward"), "1");
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("daemon/sysctls");
	TCase *pure = tcase_create("plan"), *acting = tcase_create("files");
	SRunner *runner;
	int failed;

	tcase_add_test(pure, replication_wants_the_kernels_sync_quick_and_whole);
	tcase_add_test(pure, a_value_that_is_as_good_is_left_alone);
	tcase_add_loop_test(pure, wants_what_the_services_need_and_no_more, 0,
	                    (int)(sizeof(wanteds) / sizeof(wanteds[0])));
	tcase_add_loop_test(pure, settings_are_the_same_while_routers_and_source_nat_are, 0,
	                    LT_ARRAY_SIZE(sames));
	tcase_add_test(pure, settings_are_in_step_when_nothing_is_left_to_be_done);
	tcase_add_test(pure, advertisements_are_accepted_before_ipv6_is_forwarded);
	tcase_add_loop_test(pure, our_own_value_is_never_taken_for_the_original, 0,
	                    (int)(sizeof(comparisons) / sizeof(comparisons[0])));
	tcase_add_test(pure, what_is_not_needed_any_more_is_restored_in_reverse);
	tcase_add_test(pure, what_ending_connections_need_is_kept_for_now);
	tcase_add_test(pure, advertisements_stay_accepted_after_a_restart);
	tcase_add_test(pure, a_missing_setting_names_the_module);
	tcase_add_test(pure, names_are_shown_as_sysctl_has_them);
	tcase_add_test(pure, the_state_file_reads_back);
	tcase_add_loop_test(pure, lines_that_make_no_sense_are_skipped, 0,
	                    (int)(sizeof(nonsense) / sizeof(nonsense[0])));
	tcase_add_test(pure, a_state_file_cannot_be_endless);
	tcase_add_test(pure, a_state_file_that_is_not_whole_is_known);
	suite_add_tcase(suite, pure);
	tcase_add_checked_fixture(acting, make_tree, remove_tree);
	tcase_add_test(acting, what_was_set_is_put_back_by_a_later_run);
	tcase_add_test(acting, numbers_that_the_kernel_parts_with_tabs_are_given_back);
	tcase_add_test(acting, what_others_changed_since_is_left_alone);
	tcase_add_test(acting, a_smaller_configuration_gives_back_what_it_does_not_need);
	tcase_add_test(acting, nothing_is_set_when_it_cannot_be_remembered);
	tcase_add_test(acting, a_setting_that_cannot_be_written_says_so_and_is_not_remembered);
	tcase_add_test(acting, a_reboot_makes_the_state_file_void);
	suite_add_tcase(suite, acting);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed > 0;
}
