/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A request to make an entry has the form in which the kernel dumps it, so what is encoded can be
 * decoded; and real dumps are here to see that it isn't a private language. */

#include "ipvs/attr.h"

#include "lib/genl.h"
#include "tests/ipvs/captures.h"
#include "tests/ipvs/tables.h"

#include <check.h>
#include <errno.h>
#include <inttypes.h>
#include <linux/ip_vs.h>
#include <stdlib.h>
#include <string.h>

#define SEED   UINT64_C(0x61747472)
#define ROUNDS 100

static struct ipvs_table table;
static struct nl_batch batch;

static void tear_down(void)
{
	ipvs_table_done(&table);
	nl_batch_done(&batch);
}

static const struct nlmsghdr *message_at(size_t index)
{
	ck_assert_uint_lt(index, batch.count);
	return (const struct nlmsghdr *)(batch.data + batch.starts[index]);
}

static uint8_t command_of(const struct nlmsghdr *message)
{
	return *(const uint8_t *)mnl_nlmsg_get_payload(message);
}

START_TEST(what_is_encoded_is_decoded)
{
	uint64_t seed = SEED + (uint64_t)_i * 7919;
	struct ipvs_plan plan;
	struct ipvs_table none = {0};
	const struct ipvs_journal nothing = {0};

	tables_random(&table, &seed, 50);
	ipvs_plan_make(&table, &none, &nothing, &plan);
	for (size_t i = 0; i < plan.count; i++)
		ipvs_attr_op(&batch, 30, &plan.ops[i]);
	for (size_t i = 0; i < plan.count; i++) {
		const struct ipvs_op *op = &plan.ops[i];
		struct ipvs_service service;
		struct ipvs_stats stats;
		struct ipvs_dest dest;

		if (op->dest) {
			ck_assert_int_eq(ipvs_attr_dest(message_at(i), ADDR_NONE, &dest, &stats),
			                 0);
			ck_assert_int_eq(ipvs_dest_compare(&dest, op->dest), 0);
			ck_assert_msg(ipvs_dest_same(&dest, op->dest), "seed 0x%" PRIx64,
			              SEED + (uint64_t)_i * 7919);
			/* the key of the service is there as well, and nothing more of it */
			ck_assert_int_eq(ipvs_attr_service(message_at(i), &service, &stats),
			                 -EBADMSG);
		} else {
			ck_assert_int_eq(ipvs_attr_service(message_at(i), &service, &stats), 0);
			ck_assert_int_eq(ipvs_key_compare(&service.key, &op->service->key), 0);
			ck_assert_msg(ipvs_service_same(&service, op->service), "seed 0x%" PRIx64,
			              SEED + (uint64_t)_i * 7919);
		}
	}
	ipvs_plan_done(&plan);
}
END_TEST

struct command_row {
	enum ipvs_op_kind kind;
	uint8_t command;
};

static const struct command_row commands[] = {
	{IPVS_OP_ADD_SERVICE, IPVS_CMD_NEW_SERVICE}, {IPVS_OP_SET_SERVICE, IPVS_CMD_SET_SERVICE},
	{IPVS_OP_DEL_SERVICE, IPVS_CMD_DEL_SERVICE}, {IPVS_OP_ADD_DEST, IPVS_CMD_NEW_DEST},
	{IPVS_OP_SET_DEST, IPVS_CMD_SET_DEST},       {IPVS_OP_DEL_DEST, IPVS_CMD_DEL_DEST},
};

START_TEST(every_operation_has_its_command)
{
	struct ipvs_service *service;
	struct ipvs_op op = {.kind = commands[_i].kind};

	tables_init(&table);
	service = tables_add(&table, MODEL_TCP, "10.77.0.100", 80);
	op.service = service;
	if (op.kind == IPVS_OP_ADD_DEST || op.kind == IPVS_OP_SET_DEST ||
	    op.kind == IPVS_OP_DEL_DEST)
		op.dest = tables_add_dest(service, "10.78.0.21", 80, 1);
	ipvs_attr_op(&batch, 30, &op);
	ck_assert_uint_eq(message_at(0)->nlmsg_type, 30);
	ck_assert_uint_eq(message_at(0)->nlmsg_flags, NLM_F_REQUEST);
	ck_assert_uint_eq(command_of(message_at(0)), commands[_i].command);
}
END_TEST

START_TEST(a_removal_carries_no_more_than_the_key)
{
	struct ipvs_op op = {.kind = IPVS_OP_DEL_DEST};
	struct ipvs_service *service;

	tables_init(&table);
	service = tables_add(&table, MODEL_TCP, "10.77.0.100", 80);
	op.service = service;
	op.dest = tables_add_dest(service, "10.78.0.21", 80, 1);
	ipvs_attr_op(&batch, 30, &op);
	op.kind = IPVS_OP_SET_DEST;
	ipvs_attr_op(&batch, 30, &op);
	ck_assert_uint_eq(message_at(0)->nlmsg_len, 16 + 4 + (4 + 8 * 4) + (4 + 8 * 3));
	ck_assert_uint_eq(message_at(1)->nlmsg_len, message_at(0)->nlmsg_len + 4 * 8);
}
END_TEST

START_TEST(dests_are_asked_for_by_dump)
{
	tables_init(&table);
	tables_add_mark(&table, 0x1000, MODEL_UDP, "2001:db8::1", 5, 9);
	ipvs_attr_get_dests(&batch, 30, &table.services[0].key);
	ck_assert_uint_eq(command_of(message_at(0)), IPVS_CMD_GET_DEST);
	ck_assert_uint_eq(message_at(0)->nlmsg_flags, NLM_F_REQUEST | NLM_F_DUMP);
	ck_assert_uint_eq(message_at(0)->nlmsg_len, 16 + 4 + 4 + 8 * 2);
}
END_TEST

START_TEST(a_kernels_service_is_understood)
{
	struct ipvs_service service;
	struct ipvs_stats stats;
	char text[IPVS_TEXT_SIZE];

	ck_assert_int_eq(ipvs_attr_service((const void *)capture_service, &service, &stats), 0);
	ck_assert_str_eq(ipvs_service_format(&service, text), "TCP 10.77.0.100:80");
	ck_assert_str_eq(service.scheduler, "wlc");
	ck_assert_str_eq(service.persistence_engine, "");
	ck_assert_uint_eq(service.flags, IPVS_FLAG_PERSISTENT);
	ck_assert_uint_eq(service.timeout_s, 300);
	ck_assert_uint_eq(service.prefix, 24);
	ck_assert_uint_eq(service.dest_count, 0);
	ck_assert_ptr_null(service.dests);
	ck_assert_uint_eq(stats.connections, 0);
}
END_TEST

START_TEST(a_kernels_mark_is_understood)
{
	struct ipvs_service service;
	struct ipvs_stats stats;
	char text[IPVS_TEXT_SIZE];

	ck_assert_int_eq(ipvs_attr_service((const void *)capture_mark, &service, &stats), 0);
	ck_assert_str_eq(ipvs_service_format(&service, text), "FWM 0x1000 (IPv6)");
	ck_assert_str_eq(service.scheduler, "mh");
	ck_assert_uint_eq(service.flags, IPVS_FLAG_FALLBACK | IPVS_FLAG_PORT);
	ck_assert_uint_eq(service.prefix, 128);
}
END_TEST

START_TEST(a_kernels_server_is_understood)
{
	struct ipvs_stats stats;
	struct ipvs_dest dest;
	char text[IPVS_TEXT_SIZE];

	ck_assert_int_eq(ipvs_attr_dest((const void *)capture_dest, ADDR_IPV6, &dest, &stats), 0);
	ck_assert_str_eq(ipvs_dest_format(&dest, text), "10.78.0.22:80");
	ck_assert_uint_eq(dest.forwarding, IPVS_FORWARD_TUNNEL);
	ck_assert_uint_eq(dest.tunnel_type, MODEL_TUNNEL_GUE);
	ck_assert_uint_eq(dest.tunnel_port, 6080);
	ck_assert_uint_eq(dest.tunnel_flags, IPVS_TUNNEL_CHECKSUM);
	ck_assert_uint_eq(dest.weight, 1);
}
END_TEST

/* Fills in what a dump has and a request hasn't. */
static struct nlmsghdr *begin_dest(struct nlattr **nest)
{
	const uint8_t addr[16] = {10, 78, 0, 21};
	struct nlmsghdr *message = genl_begin(&batch, 30, IPVS_CMD_NEW_DEST, 0);

	*nest = mnl_attr_nest_start(message, IPVS_CMD_ATTR_DEST);
	mnl_attr_put(message, IPVS_DEST_ATTR_ADDR, sizeof(addr), addr);
	mnl_attr_put_u16(message, IPVS_DEST_ATTR_PORT, 0x901f);
	return message;
}

START_TEST(counters_are_the_64_bit_ones)
{
	struct nlattr *nest, *inner;
	struct nlmsghdr *message = begin_dest(&nest);
	struct ipvs_stats stats;
	struct ipvs_dest dest;

	inner = mnl_attr_nest_start(message, IPVS_DEST_ATTR_STATS);
	mnl_attr_put_u32(message, IPVS_STATS_ATTR_CONNS, 1);
	mnl_attr_nest_end(message, inner);
	inner = mnl_attr_nest_start(message, IPVS_DEST_ATTR_STATS64);
	for (unsigned type = IPVS_STATS_ATTR_CONNS; type <= IPVS_STATS_ATTR_OUTBPS; type++)
		mnl_attr_put_u64(message, (uint16_t)type, (UINT64_C(1) << 40) + type);
	mnl_attr_nest_end(message, inner);
	mnl_attr_put_u32(message, IPVS_DEST_ATTR_ACTIVE_CONNS, 7);
	mnl_attr_put_u32(message, IPVS_DEST_ATTR_INACT_CONNS, 8);
	mnl_attr_put_u32(message, IPVS_DEST_ATTR_PERSIST_CONNS, 9);
	mnl_attr_nest_end(message, nest);
	nl_batch_end(&batch, message);
	ck_assert_int_eq(ipvs_attr_dest(message_at(0), ADDR_IPV4, &dest, &stats), 0);
	ck_assert_uint_eq(stats.connections, (UINT64_C(1) << 40) + 1);
	ck_assert_uint_eq(stats.in_packets, (UINT64_C(1) << 40) + 2);
	ck_assert_uint_eq(stats.out_packets, (UINT64_C(1) << 40) + 3);
	ck_assert_uint_eq(stats.in_bytes, (UINT64_C(1) << 40) + 4);
	ck_assert_uint_eq(stats.out_bytes, (UINT64_C(1) << 40) + 5);
	ck_assert_uint_eq(stats.connections_per_s, (UINT64_C(1) << 40) + 6);
	ck_assert_uint_eq(stats.in_packets_per_s, (UINT64_C(1) << 40) + 7);
	ck_assert_uint_eq(stats.out_packets_per_s, (UINT64_C(1) << 40) + 8);
	ck_assert_uint_eq(stats.in_bytes_per_s, (UINT64_C(1) << 40) + 9);
	ck_assert_uint_eq(stats.out_bytes_per_s, (UINT64_C(1) << 40) + 10);
	ck_assert_uint_eq(dest.active, 7);
	ck_assert_uint_eq(dest.inactive, 8);
	ck_assert_uint_eq(dest.persistent, 9);
	ck_assert_uint_eq(dest.port, 8080);
}
END_TEST

START_TEST(without_a_family_it_is_that_of_the_service)
{
	struct nlattr *nest;
	struct nlmsghdr *message = begin_dest(&nest);
	struct ipvs_stats stats;
	struct ipvs_dest dest;

	mnl_attr_nest_end(message, nest);
	nl_batch_end(&batch, message);
	ck_assert_int_eq(ipvs_attr_dest(message_at(0), ADDR_IPV4, &dest, &stats), 0);
	ck_assert_uint_eq(dest.addr.family, ADDR_IPV4);
	ck_assert_int_eq(ipvs_attr_dest(message_at(0), ADDR_IPV6, &dest, &stats), 0);
	ck_assert_uint_eq(dest.addr.family, ADDR_IPV6);
	ck_assert_int_eq(ipvs_attr_dest(message_at(0), ADDR_NONE, &dest, &stats), -EBADMSG);
}
END_TEST

struct netmask_row {
	uint16_t family;
	uint8_t bytes[4]; /* as they lie in the message */
	uint8_t prefix;
};

static const struct netmask_row netmasks[] = {
	{ADDR_IPV4, {255, 255, 255, 255}, 32},
	{ADDR_IPV4, {255, 255, 254, 0}, 23},
	{ADDR_IPV4, {128, 0, 0, 0}, 1},
	{ADDR_IPV4, {0, 0, 0, 0}, 0},
	{ADDR_IPV4, {255, 0, 255, 0}, IPVS_PREFIX_ODD},
	{ADDR_IPV4, {0, 0, 0, 1}, IPVS_PREFIX_ODD},
};

static struct nlmsghdr *begin_service(struct nlattr **nest, uint16_t family)
{
	struct nlmsghdr *message = genl_begin(&batch, 30, IPVS_CMD_NEW_SERVICE, 0);

	*nest = mnl_attr_nest_start(message, IPVS_CMD_ATTR_SERVICE);
	mnl_attr_put_u16(message, IPVS_SVC_ATTR_AF, family);
	return message;
}

START_TEST(netmasks_are_prefixes_or_odd)
{
	struct nlattr *nest;
	struct nlmsghdr *message = begin_service(&nest, netmasks[_i].family);
	struct ipvs_service service;
	struct ipvs_stats stats;

	mnl_attr_put_u32(message, IPVS_SVC_ATTR_FWMARK, 1);
	mnl_attr_put(message, IPVS_SVC_ATTR_NETMASK, 4, netmasks[_i].bytes);
	mnl_attr_nest_end(message, nest);
	nl_batch_end(&batch, message);
	ck_assert_int_eq(ipvs_attr_service(message_at(0), &service, &stats), 0);
	ck_assert_uint_eq(service.prefix, netmasks[_i].prefix);
}
END_TEST

START_TEST(flags_of_the_kernel_alone_are_dropped)
{
	const struct ip_vs_flags flags = {IP_VS_SVC_F_HASHED | IP_VS_SVC_F_PERSISTENT, ~0u};
	struct nlattr *nest;
	struct nlmsghdr *message = begin_service(&nest, ADDR_IPV6);
	struct ipvs_service service;
	struct ipvs_stats stats;

	mnl_attr_put_u32(message, IPVS_SVC_ATTR_FWMARK, 1);
	mnl_attr_put_u32(message, IPVS_SVC_ATTR_NETMASK, 129);
	mnl_attr_put(message, IPVS_SVC_ATTR_FLAGS, sizeof(flags), &flags);
	mnl_attr_put_strz(message, IPVS_SVC_ATTR_SCHED_NAME, "a-name-that-is-too-long-for-it");
	mnl_attr_put_strz(message, IPVS_SVC_ATTR_PE_NAME, "sip");
	mnl_attr_nest_end(message, nest);
	nl_batch_end(&batch, message);
	ck_assert_int_eq(ipvs_attr_service(message_at(0), &service, &stats), 0);
	ck_assert_uint_eq(service.flags, IPVS_FLAG_PERSISTENT);
	ck_assert_uint_eq(service.prefix, IPVS_PREFIX_ODD);
	ck_assert_str_eq(service.scheduler, "a-name-that-is-");
	ck_assert_str_eq(service.persistence_engine, "sip");
}
END_TEST

START_TEST(a_service_without_its_key_is_refused)
{
	/* in turn without family, with a strange one, without protocol, address, port */
	for (int missing = 0; missing < 5; missing++) {
		struct nlmsghdr *message = genl_begin(&batch, 30, IPVS_CMD_NEW_SERVICE, 0);
		struct nlattr *nest = mnl_attr_nest_start(message, IPVS_CMD_ATTR_SERVICE);
		struct ipvs_service service = {.timeout_s = 77};
		struct ipvs_stats stats;

		if (missing != 0)
			mnl_attr_put_u16(message, IPVS_SVC_ATTR_AF, missing == 1 ? 7 : ADDR_IPV4);
		if (missing != 2)
			mnl_attr_put_u16(message, IPVS_SVC_ATTR_PROTOCOL, MODEL_TCP);
		if (missing != 3)
			mnl_attr_put(message, IPVS_SVC_ATTR_ADDR, 4, "abcd");
		if (missing != 4)
			mnl_attr_put_u16(message, IPVS_SVC_ATTR_PORT, 80);
		mnl_attr_nest_end(message, nest);
		nl_batch_end(&batch, message);
		ck_assert_int_eq(ipvs_attr_service(message_at((size_t)missing), &service, &stats),
		                 -EBADMSG);
		ck_assert_uint_eq(service.timeout_s, 77);
	}
}
END_TEST

/* Cuts and flips: nothing may be read outside (the sanitizers watch), nothing may be believed that
 * isn't whole. */
START_TEST(damaged_messages_do_no_harm)
{
	const uint8_t *captures[] = {capture_service, capture_dest, capture_mark};
	const size_t sizes[] = {sizeof(capture_service), sizeof(capture_dest),
	                        sizeof(capture_mark)};

	for (size_t i = 0; i < LT_ARRAY_SIZE(captures); i++) {
		for (size_t at = 0; at < sizes[i] * 8; at++) {
			struct nlmsghdr *copy = malloc(sizes[i]);
			struct ipvs_service service;
			struct ipvs_stats stats;
			struct ipvs_dest dest;

			memcpy(copy, captures[i], sizes[i]);
			((uint8_t *)copy)[at / 8] ^= (uint8_t)(1 << (at % 8));
			if (nl_message_ok(copy, (int)sizes[i])) {
				(void)!ipvs_attr_service(copy, &service, &stats);
				(void)!ipvs_attr_dest(copy, ADDR_IPV4, &dest, &stats);
			}
			free(copy);
		}
		for (size_t size = NLMSG_HDRLEN; size < sizes[i]; size++) {
			struct nlmsghdr *copy = malloc(size);
			struct ipvs_service service;
			struct ipvs_stats stats;
			struct ipvs_dest dest;

			memcpy(copy, captures[i], size);
			copy->nlmsg_len = (uint32_t)size;
			ck_assert_int_eq(ipvs_attr_service(copy, &service, &stats), -EBADMSG);
			ck_assert_int_eq(ipvs_attr_dest(copy, ADDR_IPV4, &dest, &stats), -EBADMSG);
			free(copy);
		}
	}
}
END_TEST

START_TEST(numbers_at_the_top_are_found_or_not)
{
	struct nlmsghdr *message = genl_begin(&batch, 30, IPVS_CMD_SET_INFO, 0);
	uint32_t value = 77;

	mnl_attr_put_u32(message, IPVS_INFO_ATTR_VERSION, 0x010201);
	mnl_attr_put_u16(message, IPVS_INFO_ATTR_CONN_TAB_SIZE, 1);
	nl_batch_end(&batch, message);
	ck_assert(ipvs_attr_u32(message_at(0), IPVS_INFO_ATTR_VERSION, &value));
	ck_assert_uint_eq(value, 0x010201);
	ck_assert(!ipvs_attr_u32(message_at(0), IPVS_INFO_ATTR_CONN_TAB_SIZE, &value));
	ck_assert(!ipvs_attr_u32(message_at(0), 99, &value));
	ck_assert_uint_eq(value, 0x010201);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("ipvs/attr");
	TCase *tcase = tcase_create("attr");
	SRunner *runner;
	int failed;

	tcase_add_checked_fixture(tcase, NULL, tear_down);
	tcase_add_loop_test(tcase, what_is_encoded_is_decoded, 0, ROUNDS);
	tcase_add_loop_test(tcase, every_operation_has_its_command, 0, LT_ARRAY_SIZE(commands));
	tcase_add_test(tcase, a_removal_carries_no_more_than_the_key);
	tcase_add_test(tcase, dests_are_asked_for_by_dump);
	tcase_add_test(tcase, a_kernels_service_is_understood);
	tcase_add_test(tcase, a_kernels_mark_is_understood);
	tcase_add_test(tcase, a_kernels_server_is_understood);
	tcase_add_test(tcase, counters_are_the_64_bit_ones);
	tcase_add_test(tcase, without_a_family_it_is_that_of_the_service);
	tcase_add_loop_test(tcase, netmasks_are_prefixes_or_odd, 0, LT_ARRAY_SIZE(netmasks));
	tcase_add_test(tcase, flags_of_the_kernel_alone_are_dropped);
	tcase_add_test(tcase, a_service_without_its_key_is_refused);
	tcase_add_test(tcase, damaged_messages_do_no_harm);
	tcase_add_test(tcase, numbers_at_the_top_are_found_or_not);
	suite_add_tcase(suite, tcase);

	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed > 0;
}
