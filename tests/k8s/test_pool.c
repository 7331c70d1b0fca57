/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reason: one table of rows, and the laws over random requests. */
#include "k8s/pool.h"

#include "lib/mem.h"
#include "lib/text.h"
#include "tests/unit.h"

#include <stdio.h>
#include <string.h>

static struct k8s_pool *pool;

struct pool_text {
	const char *name;
	const char *router;
	const char *ranges[3];
	bool manual; /* no autoAssign */
	bool avoid_buggy;
	uint32_t priority;
	const char *namespace; /* only this one */
	const char *label;     /* service label team=... */
};

#define POOLS_MAX 4
static struct model_pool pools[POOLS_MAX];
static struct addr_range ranges[POOLS_MAX][3];
static const char *pool_namespaces[POOLS_MAX];
static struct model_label labels[POOLS_MAX];

static void set_pools(const struct pool_text *texts, size_t count)
{
	const struct model_pool *handles[POOLS_MAX];

	for (size_t i = 0; i < count; i++) {
		pools[i] = (struct model_pool){
			.name = texts[i].name,
			.router = texts[i].router ? texts[i].router : "front",
			.ranges = ranges[i],
			.auto_assign = !texts[i].manual,
			.avoid_buggy = texts[i].avoid_buggy,
			.priority = texts[i].priority,
		};
		for (size_t j = 0; j < 3 && texts[i].ranges[j]; j++) {
			ck_assert_int_eq(addr_range_parse(texts[i].ranges[j], &ranges[i][j]), 0);
			pools[i].range_count++;
		}
		if (texts[i].namespace) {
			pool_namespaces[i] = texts[i].namespace;
			pools[i].namespaces = &pool_namespaces[i];
			pools[i].namespace_count = 1;
		}
		if (texts[i].label) {
			labels[i] = (struct model_label){"team", texts[i].label};
			pools[i].service_labels = &labels[i];
			pools[i].service_label_count = 1;
		}
		handles[i] = &pools[i];
	}
	k8s_pool_set(pool, handles, count);
}

static void set_up(void)
{
	pool = k8s_pool_new();
}

static void tear_down(void)
{
	k8s_pool_free(pool);
}

/* A request in words. */
struct wish {
	const char *key;
	int64_t age;
	const char *families; /* "4", "6", "46", "" */
	bool all;
	const char *pool;
	const char *wanted; /* "a b" */
	const char *recorded;
	const char *share;
	uint16_t port;
	const char *namespace;
	const char *team;
	const char *router;
	const char *group;
	const char *fault;
	bool denied;
	bool follower; /* the first of a row: nothing is given */
	bool portless;
};

static size_t parse_list(const char *text, struct addr *addresses)
{
	char copy[200], *rest = NULL;
	size_t count = 0;

	if (!text)
		return 0;
	snprintf(copy, sizeof(copy), "%s", text);
	for (char *one = strtok_r(copy, " ", &rest); one; one = strtok_r(NULL, " ", &rest))
		ck_assert_int_eq(addr_parse(one, &addresses[count++]), 0);
	return count;
}

static void put(const struct wish *wish)
{
	struct addr wanted[4], recorded[4];
	struct k8s_pool_port port = {MODEL_TCP, wish->port ? wish->port : 80,
	                             wish->port ? wish->port : 80};
	struct k8s_pair team = {"team", wish->team ? wish->team : ""};
	struct k8s_pairs own_labels = {&team, wish->team ? 1 : 0};
	struct k8s_pool_request request = {
		.key = wish->key,
		.namespace = wish->namespace ? wish->namespace : "default",
		.uid = wish->key,
		.created_s = wish->age,
		.all_families = wish->all,
		.pool = wish->pool ? wish->pool : "",
		.router = wish->router ? wish->router : "",
		.wanted = wanted,
		.wanted_count = parse_list(wish->wanted, wanted),
		.recorded = recorded,
		.recorded_count = parse_list(wish->recorded, recorded),
		.denied = wish->denied,
		.fault = wish->fault,
		.share_key = wish->share ? wish->share : "",
		.share_group = wish->group ? wish->group : "",
		.ports = &port,
		.port_count = wish->portless ? 0 : 1,
		.labels = &own_labels,
	};

	for (const char *f = wish->families ? wish->families : "4"; *f; f++)
		request.families[request.family_count++] = *f == '6' ? ADDR_IPV6 : ADDR_IPV4;
	k8s_pool_put(pool, &request);
}

static unsigned changes;

static void count_change(void *ctx, const char *key)
{
	struct k8s_pool_grant grant;

	(void)ctx;
	ck_assert(k8s_pool_grant(pool, key, &grant));
	changes++;
}

static void settle(bool may_give)
{
	changes = 0;
	k8s_pool_settle(pool, may_give, count_change, NULL);
}

/* "Served 10.0.0.1 2001:db8::1"; returns a static buffer. */
static const char *has(const char *key)
{
	static char text[300];
	struct k8s_pool_grant grant;
	char address[ADDR_TEXT_SIZE];
	int len;

	ck_assert(k8s_pool_grant(pool, key, &grant));
	len = snprintf(text, sizeof(text), "%s", k8s_reason_name(grant.reason));
	for (size_t i = 0; i < grant.address_count; i++)
		len += snprintf(text + len, sizeof(text) - (size_t)len, " %s",
		                addr_format(&grant.addresses[i], address));
	return text;
}

/* --- rows --- */

struct row {
	const char *what;
	struct pool_text pools[POOLS_MAX];
	struct wish wishes[4];
	const char *expected[4];
};

static const struct row rows[] = {
	{"the lowest address, to the older first",
         {{.name = "a", .ranges = {"10.0.0.1-10.0.0.9"}}},
         {{.key = "young", .age = 9}, {.key = "old", .age = 1}},
         {"Served 10.0.0.2", "Served 10.0.0.1"}},
	{"what is recorded is kept, before older ones that have nothing",
         {{.name = "a", .ranges = {"10.0.0.1-10.0.0.9"}}},
         {{.key = "young", .age = 9, .recorded = "10.0.0.1"}, {.key = "old", .age = 1}},
         {"Served 10.0.0.1", "Served 10.0.0.2"}},
	{"of two that record one address the older has it",
         {{.name = "a", .ranges = {"10.0.0.1-10.0.0.9"}}},
         {{.key = "young", .age = 9, .recorded = "10.0.0.5"},
          {.key = "old", .age = 1, .recorded = "10.0.0.5"}},
         {"Served 10.0.0.1", "Served 10.0.0.5"}},
	{"a record of another's address is none of ours",
         {{.name = "a", .ranges = {"10.0.0.1-10.0.0.9"}}},
         {{.key = "x", .recorded = "192.0.2.1"}},
         {"Served 10.0.0.1"}},
	{"who asks for an address is given it before who asks for any",
         {{.name = "a", .ranges = {"10.0.0.1-10.0.0.9"}}},
         {{.key = "any", .age = 1}, {.key = "asks", .age = 9, .wanted = "10.0.0.1"}},
         {"Served 10.0.0.2", "Served 10.0.0.1"}},
	{"who has it is not asked to leave",
         {{.name = "a", .ranges = {"10.0.0.1-10.0.0.9"}}},
         {{.key = "has", .age = 9, .recorded = "10.0.0.1"},
          {.key = "asks", .age = 1, .wanted = "10.0.0.1"}},
         {"Served 10.0.0.1", "AddressInUse"}},
	{"a wish that can't be met keeps what there is",
         {{.name = "a", .ranges = {"10.0.0.1-10.0.0.9"}}},
         {{.key = "has", .age = 1, .recorded = "10.0.0.1"},
          {.key = "asks", .age = 2, .wanted = "10.0.0.1", .recorded = "10.0.0.7"}},
         {"Served 10.0.0.1", "AddressKept 10.0.0.7"}},
	{"a wish that can be met replaces what there is",
         {{.name = "a", .ranges = {"10.0.0.1-10.0.0.9"}}},
         {{.key = "x", .wanted = "10.0.0.3", .recorded = "10.0.0.7"}},
         {"Served 10.0.0.3"}},
	{"addresses of no pool are not given",
         {{.name = "a", .ranges = {"10.0.0.1-10.0.0.9"}}},
         {{.key = "x", .wanted = "10.0.1.1"}},
         {"AddressNotInPool"}},
	{"exhausted",
         {{.name = "a", .ranges = {"10.0.0.1"}}},
         {{.key = "x", .age = 1}, {.key = "y", .age = 2}},
         {"Served 10.0.0.1", "PoolExhausted"}},
	{"exhausted, when any family would do",
         {{.name = "a", .ranges = {"10.0.0.1"}}},
         {{.key = "x", .age = 1, .families = ""},
          {.key = "y", .age = 2, .families = ""},
          {.key = "z", .age = 3, .families = "46"}},
         {"Served 10.0.0.1", "PoolExhausted", "PoolExhausted"}},
	{"exhausted, when the other family is not there at all",
         {{.name = "a", .ranges = {"2001:db8::1"}}},
         {{.key = "x", .age = 1, .families = ""}, {.key = "y", .age = 2, .families = ""}},
         {"Served 2001:db8::1", "PoolExhausted"}},
	{"a wish that can't be read keeps what there is, and gets nothing",
         {{.name = "a", .ranges = {"10.0.0.1-10.0.0.9"}}},
         {{.key = "has", .age = 1, .recorded = "10.0.0.7", .fault = "nonsense"},
          {.key = "new", .age = 2, .fault = "nonsense"}},
         {"AddressKept 10.0.0.7", "Invalid"}},
	{"no pool at all", {{.name = NULL}}, {{.key = "x"}}, {"NoPool"}},
	{"a pool that is named alone gives, even without autoAssign",
         {{.name = "a", .ranges = {"10.0.0.1"}},
          {.name = "b", .ranges = {"10.0.1.1"}, .manual = true}},
         {{.key = "x", .pool = "b"}, {.key = "y", .pool = "c"}, {.key = "z"}},
         {"Served 10.0.1.1", "PoolNotFound", "Served 10.0.0.1"}},
	{"an address may be asked for in a pool without autoAssign",
         {{.name = "b", .ranges = {"10.0.1.1"}, .manual = true}},
         {{.key = "x", .wanted = "10.0.1.1"}, {.key = "y"}},
         {"Served 10.0.1.1", "NoPool"}},
	{"an address and a pool that does not have it",
         {{.name = "a", .ranges = {"10.0.0.1"}}, {.name = "b", .ranges = {"10.0.1.1"}}},
         {{.key = "x", .wanted = "10.0.1.1", .pool = "a"}},
         {"AddressNotInPool"}},
	{"lower priority numbers first, 0 last",
         {{.name = "a", .ranges = {"10.0.0.1"}},
          {.name = "b", .ranges = {"10.0.1.1"}, .priority = 20},
          {.name = "c", .ranges = {"10.0.2.1"}, .priority = 10}},
         {{.key = "x", .age = 1}, {.key = "y", .age = 2}, {.key = "z", .age = 3}},
         {"Served 10.0.2.1", "Served 10.0.1.1", "Served 10.0.0.1"}},
	{"pools that choose come first",
         {{.name = "a", .ranges = {"10.0.0.1"}, .priority = 1},
          {.name = "b", .ranges = {"10.0.1.1"}, .namespace = "shop"}},
         {{.key = "x", .namespace = "shop"}, {.key = "y"}},
         {"Served 10.0.1.1", "Served 10.0.0.1"}},
	{"a pool for others",
         {{.name = "b", .ranges = {"10.0.1.1-10.0.1.9"}, .namespace = "shop"}},
         {{.key = "x"}, {.key = "y", .pool = "b"}, {.key = "z", .wanted = "10.0.1.1"}},
         {"NoPool", "PoolNotAllowed", "PoolNotAllowed"}},
	{"by label",
         {{.name = "b", .ranges = {"10.0.1.1-10.0.1.9"}, .label = "web"}},
         {{.key = "x", .team = "web"}, {.key = "y", .team = "db"}, {.key = "z"}},
         {"Served 10.0.1.1", "NoPool", "NoPool"}},
	{"both families, from one pool where there is one",
         {{.name = "a", .ranges = {"10.0.0.1"}},
          {.name = "b", .ranges = {"10.0.1.1", "2001:db8::1"}}},
         {{.key = "x", .families = "64", .all = true}},
         {"Served 2001:db8::1 10.0.1.1"}},
	{"both families, from two pools of one router",
         {{.name = "a", .ranges = {"10.0.0.1"}}, {.name = "b", .ranges = {"2001:db8::1"}}},
         {{.key = "x", .families = "46", .all = true}},
         {"Served 10.0.0.1 2001:db8::1"}},
	{"both families of two routers can't be",
         {{.name = "a", .ranges = {"10.0.0.1"}},
          {.name = "b", .ranges = {"2001:db8::1"}, .router = "back"}},
         {{.key = "need", .families = "46", .all = true}, {.key = "prefer", .families = "46"}},
         {"FamilyNotAvailable", "OneFamilyOnly 10.0.0.1"}},
	{"dual stack by preference gets what there is",
         {{.name = "a", .ranges = {"10.0.0.1-10.0.0.9"}}},
         {{.key = "need", .families = "46", .all = true},
          {.key = "prefer", .families = "46"},
          {.key = "six", .families = "6"}},
         {"FamilyNotAvailable", "OneFamilyOnly 10.0.0.1", "FamilyNotAvailable"}},
	{"who needs both and has one keeps it, whatever else it asks for",
         {{.name = "a", .ranges = {"10.0.0.1-10.0.0.9"}}},
         {{.key = "x", .families = "46", .all = true, .recorded = "10.0.0.3"},
          {.key = "y",
           .families = "46",
           .all = true,
           .recorded = "10.0.0.4",
           .wanted = "10.0.0.5"}},
         {"AddressKept 10.0.0.3", "AddressKept 10.0.0.4"}},
	{"any one family",
         {{.name = "b", .ranges = {"2001:db8::1-2001:db8::9"}}},
         {{.key = "x", .families = ""}},
         {"Served 2001:db8::1"}},
	{"two of one family can't be asked for",
         {{.name = "a", .ranges = {"10.0.0.1-10.0.0.9"}}},
         {{.key = "x", .wanted = "10.0.0.1 10.0.0.2"}},
         {"FamilyNotAvailable"}},
	{"one is asked for, the other family is given",
         {{.name = "a", .ranges = {"10.0.0.1-10.0.0.9", "2001:db8::1-2001:db8::9"}}},
         {{.key = "x", .families = "46", .all = true, .wanted = "2001:db8::7"}},
         {"Served 10.0.0.1 2001:db8::7"}},
	{"a key shared, ports apart",
         {{.name = "a", .ranges = {"10.0.0.1-10.0.0.9"}}},
         {{.key = "x", .age = 1, .share = "k", .port = 80},
          {.key = "y", .age = 2, .share = "k", .port = 81},
          {.key = "z", .age = 3, .share = "k", .port = 80}},
         {"Served 10.0.0.1", "Served 10.0.0.1", "Served 10.0.0.2"}},
	{"keys that differ do not share",
         {{.name = "a", .ranges = {"10.0.0.1-10.0.0.9"}}},
         {{.key = "x", .age = 1, .share = "k", .wanted = "10.0.0.1"},
          {.key = "y", .age = 2, .share = "l", .port = 81, .wanted = "10.0.0.1"},
          {.key = "z", .age = 3, .port = 82, .wanted = "10.0.0.1"}},
         {"Served 10.0.0.1", "AddressInUse", "AddressInUse"}},
	{"who has no port is in nobody's way, and shares by key as all do",
         {{.name = "a", .ranges = {"10.0.0.1-10.0.0.9"}}},
         {{.key = "x", .age = 1, .share = "k", .wanted = "10.0.0.1", .portless = true},
          {.key = "y", .age = 2, .share = "k", .wanted = "10.0.0.1"},
          {.key = "z", .age = 3, .share = "k", .wanted = "10.0.0.1", .portless = true},
          {.key = "w", .age = 4, .share = "l", .wanted = "10.0.0.1", .portless = true}},
         {"Served 10.0.0.1", "Served 10.0.0.1", "Served 10.0.0.1", "AddressInUse"}},
	{"with policy Local only of one selector",
         {{.name = "a", .ranges = {"10.0.0.1-10.0.0.9"}}},
         {{.key = "x", .age = 1, .share = "k", .group = "Local,app=a"},
          {.key = "y", .age = 2, .share = "k", .group = "Local,app=a", .port = 81},
          {.key = "z", .age = 3, .share = "k", .port = 82},
          {.key = "w", .age = 4, .share = "k", .group = "Local,app=b", .port = 83}},
         {"Served 10.0.0.1", "Served 10.0.0.1", "Served 10.0.0.2", "Served 10.0.0.3"}},
	{"avoidBuggyIPs",
         {{.name = "a", .ranges = {"10.0.0.254-10.0.1.1"}, .avoid_buggy = true}},
         {{.key = "x", .age = 1}, {.key = "y", .age = 2}, {.key = "z", .age = 3}},
         {"Served 10.0.0.254", "Served 10.0.1.1", "PoolExhausted"}},
	{"outright, in a pool or not",
         {{.name = "a", .ranges = {"10.0.0.1-10.0.0.9"}}},
         {{.key = "x", .age = 1, .router = "front", .wanted = "10.0.0.1 192.0.2.1"},
          {.key = "y", .age = 2},
          {.key = "z", .age = 3, .router = "front", .wanted = "10.0.0.1", .port = 81},
          {.key = "w", .age = 4, .router = "back", .wanted = "10.0.0.3"}},
         {"Served 10.0.0.1 192.0.2.1", "Served 10.0.0.2", "Served 10.0.0.1",
          "SeveralVirtualRouters"}},
	{"outright, of one virtual router",
         {{.name = "a", .ranges = {"10.0.0.1-10.0.0.9"}}},
         {{.key = "x", .age = 1, .router = "front", .wanted = "192.0.2.1"},
          {.key = "y", .age = 2, .router = "back", .wanted = "192.0.2.1", .port = 81},
          {.key = "z", .age = 3, .router = "front", .wanted = "192.0.2.1", .port = 82}},
         {"Served 192.0.2.1", "AddressInUse", "Served 192.0.2.1"}},
	{"outright, all that is on record is held before it is given",
         {{.name = "a", .ranges = {"10.0.0.1-10.0.0.9", "2001:db8::1"}}},
         {{.key = "x", .age = 1, .families = "46", .recorded = "10.0.0.1"},
          {.key = "y",
           .age = 2,
           .families = "",
           .router = "front",
           .wanted = "10.0.0.7 10.0.0.2 2001:db8::1",
           .recorded = "10.0.0.7 10.0.0.2 2001:db8::1"},
          {.key = "z", .age = 1, .wanted = "10.0.0.2"}},
         {"OneFamilyOnly 10.0.0.1", "Served 10.0.0.7 10.0.0.2 2001:db8::1", "AddressInUse"}},
	{"outright, all that was there is kept when something else can't be had",
         {{.name = "a", .ranges = {"10.0.0.1-10.0.0.9"}}},
         {{.key = "x", .age = 1, .recorded = "10.0.0.3"},
          {.key = "y",
           .age = 2,
           .families = "",
           .router = "front",
           .wanted = "10.0.0.1 10.0.0.3",
           .recorded = "10.0.0.1 192.0.2.1 10.0.0.2"}},
         {"Served 10.0.0.3", "AddressKept 10.0.0.1 192.0.2.1 10.0.0.2"}},
	{"a follower gives nothing, and knows what was given",
         {{.name = "a", .ranges = {"10.0.0.1-10.0.0.9"}}},
         {{.key = "x", .follower = true},
          {.key = "y", .recorded = "10.0.0.4"},
          {.key = "z", .wanted = "10.0.0.5"}},
         {"AddressPending", "Served 10.0.0.4", "Served 10.0.0.5"}},
};

/* --- expressions --- */

static const struct {
	const char *team; /* NULL: none */
	enum model_label_operator operator;
	bool admitted;
} expressions[] = {
	{"web", MODEL_LABEL_IN, true},     {"db", MODEL_LABEL_IN, false},
	{NULL, MODEL_LABEL_IN, false},     {"web", MODEL_LABEL_NOT_IN, false},
	{"db", MODEL_LABEL_NOT_IN, true},  {NULL, MODEL_LABEL_NOT_IN, true},
	{"db", MODEL_LABEL_EXISTS, true},  {NULL, MODEL_LABEL_EXISTS, false},
	{"db", MODEL_LABEL_ABSENT, false}, {NULL, MODEL_LABEL_ABSENT, true},
};

START_TEST(pools_choose_by_expressions)
{
	static const char *values[] = {"shop", "web"};
	struct model_requirement requirement = {"team", expressions[_i].operator, values, 2};
	const struct pool_text text = {.name = "a", .ranges = {"10.0.0.1"}};
	const struct wish wish = {.key = "x", .team = expressions[_i].team};
	const struct model_pool *handle = &pools[0];

	set_pools(&text, 1);
	pools[0].service_requirements = &requirement;
	pools[0].service_requirement_count = 1;
	k8s_pool_set(pool, &handle, 1);
	put(&wish);
	settle(true);
	ck_assert_str_eq(has("x"), expressions[_i].admitted ? "Served 10.0.0.1" : "NoPool");
}
END_TEST

START_TEST(addresses_go_where_they_should)
{
	const struct row *row = &rows[_i];
	size_t count = 0;

	while (count < POOLS_MAX && row->pools[count].name)
		count++;
	set_pools(row->pools, count);
	for (size_t i = 0; i < 4 && row->wishes[i].key; i++)
		put(&row->wishes[i]);
	settle(!row->wishes[0].follower);
	for (size_t i = 0; i < 4 && row->wishes[i].key; i++)
		ck_assert_msg(strcmp(has(row->wishes[i].key), row->expected[i]) == 0,
		              "%s: %s has '%s', expected '%s'", row->what, row->wishes[i].key,
		              has(row->wishes[i].key), row->expected[i]);
	settle(!row->wishes[0].follower);
	ck_assert_uint_eq(changes, 0);
}
END_TEST

static const struct pool_text small[] = {{.name = "a", .ranges = {"10.0.0.1-10.0.0.2"}}};

START_TEST(an_address_that_is_free_again_goes_to_who_waited_longest)
{
	set_pools(small, 1);
	put(&(struct wish){.key = "x", .age = 1});
	put(&(struct wish){.key = "y", .age = 2});
	settle(true);
	put(&(struct wish){.key = "later", .age = 4});
	put(&(struct wish){.key = "sooner", .age = 3});
	settle(true);
	ck_assert_str_eq(has("later"), "PoolExhausted");
	k8s_pool_remove(pool, "x");
	settle(true);
	ck_assert_str_eq(has("sooner"), "Served 10.0.0.1");
	ck_assert_str_eq(has("later"), "PoolExhausted");
	ck_assert_str_eq(has("y"), "Served 10.0.0.2");
}
END_TEST

START_TEST(a_pool_that_grows_serves_those_who_waited)
{
	static const struct pool_text grown[] = {{.name = "a", .ranges = {"10.0.0.1-10.0.0.3"}}};

	set_pools(small, 1);
	for (int i = 0; i < 3; i++)
		put(&(struct wish){.key = (const char *[]){"x", "y", "z"}[i], .age = i});
	settle(true);
	ck_assert_str_eq(has("z"), "PoolExhausted");
	set_pools(grown, 1);
	settle(true);
	ck_assert_uint_eq(changes, 1);
	ck_assert_str_eq(has("z"), "Served 10.0.0.3");
	ck_assert_str_eq(has("x"), "Served 10.0.0.1");
}
END_TEST

START_TEST(an_object_that_comes_again_has_its_address_again)
{
	static const struct pool_text large[] = {{.name = "a", .ranges = {"10.0.0.0/24"}}};

	set_pools(large, 1);
	put(&(struct wish){.key = "x", .age = 1});
	put(&(struct wish){.key = "y", .age = 2});
	settle(true);
	k8s_pool_remove(pool, "x");
	k8s_pool_remove(pool, "y");
	put(&(struct wish){.key = "y", .age = 3});
	settle(true);
	ck_assert_str_eq(has("y"), "Served 10.0.0.1");
}
END_TEST

/* --- records --- */

static const struct pool_text both[] = {
	{.name = "a", .ranges = {"10.0.0.1-10.0.0.3", "2001:db8::1-2001:db8::3"}}};

START_TEST(who_does_not_give_has_all_that_is_on_record)
{
	set_pools(both, 1);
	put(&(struct wish){.key = "x", .age = 1, .families = "46", .recorded = "10.0.0.2"});
	settle(false);
	ck_assert_str_eq(has("x"), "OneFamilyOnly 10.0.0.2");
	put(&(struct wish){
		.key = "x", .age = 1, .families = "46", .recorded = "10.0.0.2 2001:db8::3"});
	settle(false);
	ck_assert_str_eq(has("x"), "Served 10.0.0.2 2001:db8::3");
	/* And no more. */
	put(&(struct wish){.key = "x", .age = 1, .families = "46", .recorded = "2001:db8::3"});
	settle(false);
	ck_assert_str_eq(has("x"), "OneFamilyOnly 2001:db8::3");
}
END_TEST

START_TEST(who_gave_follows_the_next_one_who_gives)
{
	set_pools(both, 1);
	put(&(struct wish){.key = "x", .age = 1});
	put(&(struct wish){.key = "y", .age = 2});
	put(&(struct wish){.key = "z", .age = 3});
	settle(true);
	ck_assert_str_eq(has("x"), "Served 10.0.0.1");
	settle(false);
	ck_assert_str_eq(has("x"), "Served 10.0.0.1");
	/* The other one has it the other way round, and nothing for the last. */
	put(&(struct wish){.key = "x", .age = 1, .recorded = "10.0.0.2"});
	put(&(struct wish){.key = "y", .age = 2, .recorded = "10.0.0.1"});
	put(&(struct wish){.key = "z", .age = 3, .denied = true});
	settle(false);
	ck_assert_str_eq(has("x"), "Served 10.0.0.2");
	ck_assert_str_eq(has("y"), "Served 10.0.0.1");
	ck_assert_str_eq(has("z"), "AddressPending");
	/* That others empty a list takes nothing away. */
	put(&(struct wish){.key = "x", .age = 1});
	settle(false);
	ck_assert_str_eq(has("x"), "Served 10.0.0.2");
}
END_TEST

START_TEST(what_was_given_to_another_is_nobodys_who_only_asks)
{
	set_pools(both, 1);
	put(&(struct wish){.key = "x", .age = 1, .wanted = "10.0.0.2"});
	settle(false);
	ck_assert_str_eq(has("x"), "Served 10.0.0.2");
	put(&(struct wish){.key = "y", .age = 2, .recorded = "10.0.0.2"});
	settle(false);
	ck_assert_str_eq(has("y"), "Served 10.0.0.2");
	ck_assert_str_eq(has("x"), "AddressInUse");
}
END_TEST

START_TEST(what_one_who_gave_remembers_is_no_record)
{
	set_pools(both, 1);
	put(&(struct wish){.key = "x", .age = 1});
	settle(true);
	k8s_pool_remove(pool, "x");
	put(&(struct wish){.key = "y", .age = 2, .recorded = "10.0.0.1"});
	settle(true);
	put(&(struct wish){.key = "x", .age = 3});
	settle(true);
	ck_assert_str_eq(has("x"), "Served 10.0.0.2");
	k8s_pool_remove(pool, "y");
	settle(false);
	ck_assert_str_eq(has("x"), "Served 10.0.0.2");
	put(&(struct wish){.key = "z", .age = 4, .recorded = "10.0.0.1"});
	settle(false);
	ck_assert_str_eq(has("z"), "Served 10.0.0.1");
}
END_TEST

/* An older one had it for a moment; when it goes the one who only asks comes first. */
START_TEST(who_had_to_wait_for_what_was_given_to_it_has_it_before_who_only_asks)
{
	struct wish given = {.key = "given", .age = 2, .families = "", .router = "front"};
	struct wish older = {.key = "older", .age = 1, .families = "", .router = "front"};
	struct wish asks = {.key = "asks", .age = 9, .families = "", .router = "front"};

	given.wanted = given.recorded = older.wanted = older.recorded = asks.wanted = "10.0.0.2";
	set_pools(both, 1);
	put(&given);
	put(&older);
	settle(false);
	ck_assert_str_eq(has("older"), "Served 10.0.0.2");
	older.wanted = older.recorded = "10.0.0.1";
	put(&older);
	put(&asks);
	settle(false);
	ck_assert_str_eq(has("given"), "Served 10.0.0.2");
	ck_assert_str_eq(has("asks"), "AddressInUse");
	settle(false);
	ck_assert_uint_eq(changes, 0);
}
END_TEST

START_TEST(what_a_younger_one_has_is_not_taken_at_a_start)
{
	set_pools(both, 1);
	put(&(struct wish){.key = "lacks", .age = 1, .families = "64", .recorded = "2001:db8::2"});
	put(&(struct wish){.key = "asks", .age = 2, .recorded = "10.0.0.2", .wanted = "10.0.0.3"});
	put(&(struct wish){.key = "first", .age = 3, .recorded = "10.0.0.1"});
	put(&(struct wish){.key = "last", .age = 4, .recorded = "10.0.0.3"});
	settle(true);
	ck_assert_str_eq(has("first"), "Served 10.0.0.1");
	ck_assert_str_eq(has("last"), "Served 10.0.0.3");
	ck_assert_str_eq(has("asks"), "AddressKept 10.0.0.2");
	ck_assert_str_eq(has("lacks"), "OneFamilyOnly 2001:db8::2");
}
END_TEST

START_TEST(who_begins_to_share_lets_in_those_who_wait)
{
	set_pools(both, 1);
	put(&(struct wish){.key = "x", .age = 1, .wanted = "10.0.0.1"});
	put(&(struct wish){.key = "y", .age = 2, .wanted = "10.0.0.1", .share = "k", .port = 81});
	settle(true);
	ck_assert_str_eq(has("y"), "AddressInUse");
	put(&(struct wish){.key = "x", .age = 1, .wanted = "10.0.0.1", .share = "k"});
	settle(true);
	ck_assert_str_eq(has("y"), "Served 10.0.0.1");
	put(&(struct wish){.key = "z", .age = 3, .wanted = "10.0.0.1", .share = "k", .port = 81});
	settle(true);
	ck_assert_str_eq(has("z"), "AddressInUse");
	put(&(struct wish){.key = "y", .age = 2, .wanted = "10.0.0.1", .share = "k", .port = 82});
	settle(true);
	ck_assert_str_eq(has("z"), "Served 10.0.0.1");
}
END_TEST

START_TEST(who_changes_its_ports_is_asked_about_those_it_has_now)
{
	set_pools(small, 1);
	put(&(struct wish){.key = "x", .age = 1, .share = "k", .port = 80});
	put(&(struct wish){.key = "y", .age = 3, .share = "k", .port = 81});
	settle(true);
	put(&(struct wish){.key = "y", .age = 3, .share = "k", .port = 82});
	put(&(struct wish){.key = "z", .age = 2, .share = "k", .port = 81});
	put(&(struct wish){.key = "w", .age = 2, .share = "k", .port = 82});
	settle(true);
	ck_assert_str_eq(has("y"), "Served 10.0.0.1");
	ck_assert_str_eq(has("z"), "Served 10.0.0.1");
	ck_assert_str_eq(has("w"), "Served 10.0.0.2");
}
END_TEST

START_TEST(who_names_addresses_outright_has_those_it_names_and_no_others)
{
	struct wish wish = {.key = "x",
	                    .families = "",
	                    .router = "front",
	                    .wanted = "10.0.0.1 10.0.0.2 192.0.2.1"};

	set_pools(small, 1);
	put(&wish);
	settle(true);
	wish.recorded = wish.wanted;
	wish.wanted = "10.0.0.2 192.0.2.2";
	put(&wish);
	settle(true);
	ck_assert_str_eq(has("x"), "Served 10.0.0.2 192.0.2.2");
	/* Of the one list and the other it would be more than it ever had. */
	wish.wanted = "10.0.0.1 10.0.0.9";
	put(&(struct wish){.key = "y", .wanted = "10.0.0.1"});
	settle(true);
	put(&wish);
	settle(true);
	ck_assert_str_eq(has("x"), "AddressKept 10.0.0.2 192.0.2.2");
}
END_TEST

START_TEST(who_shares_with_one_that_gets_an_address_later_has_it_too)
{
	static const struct pool_text by_hand[] = {
		{.name = "a", .ranges = {"10.0.0.1-10.0.0.3"}, .manual = true}};

	set_pools(by_hand, 1);
	put(&(struct wish){.key = "x", .age = 1, .share = "k"});
	settle(true);
	ck_assert_str_eq(has("x"), "NoPool");
	put(&(struct wish){.key = "y", .age = 2, .share = "k", .port = 81, .pool = "a"});
	settle(true);
	ck_assert_str_eq(has("x"), "Served 10.0.0.1");
}
END_TEST

START_TEST(addresses_of_nodes_and_routers_are_not_given)
{
	struct k8s_pool_reserved reserved[2] = {{.owner = "Node n1"},
	                                        {.owner = "VirtualRouter front"}};

	set_pools(rows[0].pools, 1);
	ck_assert_int_eq(addr_parse("10.0.0.1", &reserved[0].address), 0);
	ck_assert_int_eq(addr_parse("10.0.0.2", &reserved[1].address), 0);
	k8s_pool_reserve(pool, reserved, 2);
	put(&(struct wish){.key = "any", .age = 3});
	put(&(struct wish){.key = "node", .age = 1, .wanted = "10.0.0.1"});
	put(&(struct wish){.key = "router", .age = 2, .wanted = "10.0.0.2"});
	settle(true);
	ck_assert_str_eq(has("any"), "Served 10.0.0.3");
	ck_assert_str_eq(has("node"), "AddressReserved");
	ck_assert_str_eq(has("router"), "Served 10.0.0.2");
	k8s_pool_reserve(pool, NULL, 0);
	settle(true);
	ck_assert_str_eq(has("node"), "Served 10.0.0.1");
}
END_TEST

START_TEST(usage_is_counted)
{
	static const struct pool_text two[] = {
		{.name = "a", .ranges = {"10.0.0.0/23", "2001:db8::/64"}, .avoid_buggy = true},
		{.name = "b", .ranges = {"::-ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"}},
	};
	struct k8s_pool_usage usage;

	set_pools(two, 2);
	put(&(struct wish){.key = "x", .families = "46", .all = true, .share = "k"});
	put(&(struct wish){.key = "y", .share = "k", .port = 81});
	settle(true);
	ck_assert(k8s_pool_usage(pool, "a", &usage));
	ck_assert_uint_eq(usage.total4, 508);
	ck_assert_uint_eq(usage.used4, 1);
	ck_assert(usage.total6 == UINT64_MAX);
	ck_assert_uint_eq(usage.used6, 1);
	set_pools(two, 2);
	settle(true);
	ck_assert(k8s_pool_usage(pool, "a", &usage));
	ck_assert_uint_eq(usage.used4, 1);
	k8s_pool_remove(pool, "x");
	k8s_pool_remove(pool, "y");
	ck_assert(k8s_pool_usage(pool, "a", &usage));
	ck_assert_uint_eq(usage.used4 + usage.used6, 0);
	ck_assert(!k8s_pool_usage(pool, "c", &usage));
}
END_TEST

/* --- laws, over random requests --- */

#define RANDOM_WISHES 60
static char names[RANDOM_WISHES][16];

static uint64_t next(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state;
}

static struct wish random_wish(uint64_t *state, size_t i)
{
	static const char *const families[] = {"4", "6", "46", "64", ""};
	static const char *const shares[] = {NULL, NULL, "k", "l"};
	static const char *const wanted[] = {NULL, NULL, NULL, "10.0.0.3", "2001:db8::4"};
	struct wish wish = {.key = names[i], .age = (int64_t)(next(state) % 20)};

	snprintf(names[i], sizeof(names[i]), "w%zu", i);
	wish.families = families[next(state) % 5];
	wish.all = next(state) % 2;
	wish.share = shares[next(state) % 4];
	wish.wanted = wanted[next(state) % 5];
	wish.port = (uint16_t)(80 + next(state) % 3);
	return wish;
}

static const struct pool_text dual[] = {
	{.name = "a", .ranges = {"10.0.0.1-10.0.0.20", "2001:db8::1-2001:db8::10"}},
	{.name = "b", .ranges = {"10.0.1.1-10.0.1.8"}, .router = "back"},
};

/* Nobody has an address that somebody else has, unless both share a key on ports apart. */
static void check_nobody_twice(const struct wish *wishes)
{
	for (size_t i = 0; i < RANDOM_WISHES; i++) {
		struct k8s_pool_grant a, b;

		if (!k8s_pool_grant(pool, wishes[i].key, &a))
			continue;
		ck_assert(!wishes[i].all || a.address_count == 0 || a.reason == K8S_REASON_KEPT ||
		          a.address_count >= strlen(wishes[i].families));
		for (size_t j = 0; j < i; j++) {
			if (!k8s_pool_grant(pool, wishes[j].key, &b))
				continue;
			for (size_t x = 0; x < a.address_count * b.address_count; x++) {
				if (!addr_equal(&a.addresses[x / b.address_count],
				                &b.addresses[x % b.address_count]))
					continue;
				ck_assert(wishes[i].share && wishes[j].share &&
				          strcmp(wishes[i].share, wishes[j].share) == 0 &&
				          wishes[i].port != wishes[j].port);
			}
		}
	}
}

/* What everybody has, as text. */
static char *everything(void)
{
	struct text text = {0};

	for (size_t i = 0; i < RANDOM_WISHES; i++)
		text_printf(&text, "%s: %s\n", names[i], has(names[i]));
	return text_take(&text);
}

/* Puts them all, recorded as they are in 'grants' (may be NULL), beginning anywhere. */
static void put_all(struct wish *wishes, char (*records)[200], size_t first)
{
	for (size_t i = 0; i < RANDOM_WISHES; i++) {
		struct wish wish = wishes[(i * 7 + first) % RANDOM_WISHES];

		wish.recorded = records ? records[(i * 7 + first) % RANDOM_WISHES] : NULL;
		put(&wish);
	}
	settle(true);
}

START_TEST(no_address_is_given_twice_and_a_restart_changes_nothing)
{
	uint64_t state = 0x9e3779b97f4a7c15u + (uint64_t)_i;
	char records[RANDOM_WISHES][200];
	struct wish wishes[RANDOM_WISHES];
	char *before, *after;

	set_pools(dual, 2);
	for (size_t i = 0; i < RANDOM_WISHES; i++)
		wishes[i] = random_wish(&state, i);
	put_all(wishes, NULL, 0);
	check_nobody_twice(wishes);
	before = everything();
	/* the order in which they come makes no difference */
	k8s_pool_free(pool);
	pool = k8s_pool_new();
	set_pools(dual, 2);
	put_all(wishes, NULL, 1 + next(&state) % (RANDOM_WISHES - 1));
	after = everything();
	ck_assert_str_eq(before, after);
	free(after);
	/* a restart: what was written down is all there is */
	for (size_t i = 0; i < RANDOM_WISHES; i++) {
		const char *blank = strchr(has(names[i]), ' ');

		snprintf(records[i], sizeof(records[i]), "%s", blank ? blank + 1 : "");
	}
	k8s_pool_free(pool);
	pool = k8s_pool_new();
	set_pools(dual, 2);
	put_all(wishes, records, 0);
	check_nobody_twice(wishes);
	for (size_t i = 0; i < RANDOM_WISHES; i++) {
		const char *blank = strchr(has(names[i]), ' ');

		if (*records[i])
			ck_assert_str_eq(blank ? blank + 1 : "", records[i]);
	}
	free(before);
}
END_TEST

START_TEST(coming_and_going_leaves_nobody_with_anothers_address)
{
	uint64_t state = 0x2545f4914f6cdd1du + (uint64_t)_i;
	struct wish wishes[RANDOM_WISHES];
	struct k8s_pool_usage usage;

	set_pools(dual, 2);
	for (size_t i = 0; i < RANDOM_WISHES; i++)
		wishes[i] = random_wish(&state, i);
	for (int turn = 0; turn < 300; turn++) {
		size_t i = next(&state) % RANDOM_WISHES;

		if (next(&state) % 3 == 0) {
			k8s_pool_remove(pool, wishes[i].key);
		} else {
			wishes[i] = random_wish(&state, i);
			put(&wishes[i]);
		}
		settle(next(&state) % 4 > 0);
		check_nobody_twice(wishes);
	}
	for (size_t i = 0; i < RANDOM_WISHES; i++)
		k8s_pool_remove(pool, wishes[i].key);
	ck_assert(k8s_pool_usage(pool, "a", &usage));
	ck_assert_uint_eq(usage.used4 + usage.used6, 0);
}
END_TEST

int main(void)
{
	TCase *tests;
	Suite *suite = unit_suite("k8s_pool", &tests);

	tcase_add_checked_fixture(tests, set_up, tear_down);
	tcase_add_loop_test(tests, pools_choose_by_expressions, 0, LT_ARRAY_SIZE(expressions));
	tcase_add_loop_test(tests, addresses_go_where_they_should, 0, (int)LT_ARRAY_SIZE(rows));
	tcase_add_test(tests, an_address_that_is_free_again_goes_to_who_waited_longest);
	tcase_add_test(tests, a_pool_that_grows_serves_those_who_waited);
	tcase_add_test(tests, an_object_that_comes_again_has_its_address_again);
	tcase_add_test(tests, who_does_not_give_has_all_that_is_on_record);
	tcase_add_test(tests, who_gave_follows_the_next_one_who_gives);
	tcase_add_test(tests, what_was_given_to_another_is_nobodys_who_only_asks);
	tcase_add_test(tests, what_one_who_gave_remembers_is_no_record);
	tcase_add_test(tests, who_had_to_wait_for_what_was_given_to_it_has_it_before_who_only_asks);
	tcase_add_test(tests, what_a_younger_one_has_is_not_taken_at_a_start);
	tcase_add_test(tests, who_begins_to_share_lets_in_those_who_wait);
	tcase_add_test(tests, who_changes_its_ports_is_asked_about_those_it_has_now);
	tcase_add_test(tests, who_names_addresses_outright_has_those_it_names_and_no_others);
	tcase_add_test(tests, who_shares_with_one_that_gets_an_address_later_has_it_too);
	tcase_add_test(tests, addresses_of_nodes_and_routers_are_not_given);
	tcase_add_test(tests, usage_is_counted);
	tcase_add_loop_test(tests, no_address_is_given_twice_and_a_restart_changes_nothing, 0, 20);
	tcase_add_loop_test(tests, coming_and_going_leaves_nobody_with_anothers_address, 0, 10);
	return unit_run(suite);
}
