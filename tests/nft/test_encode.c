/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A transaction says in NEW messages what the kernel says in its answers: so what is encoded can be
 * decoded, and must be the same. */

#include "nft/encode.h"

#include "nft/observe.h"
#include "nft/trial.h"
#include "tests/nft/fixture.h"

#include <check.h>
#include <netinet/in.h> /* before linux/netfilter.h, which has an in.h of its own */

#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <stdlib.h>
#include <string.h>

static const struct nlmsghdr *message_at(const struct nl_batch *batch, size_t index)
{
	return (const struct nlmsghdr *)(batch->data + batch->starts[index]);
}

static int type_at(const struct nl_batch *batch, size_t index)
{
	return message_at(batch, index)->nlmsg_type & 0xff;
}

/* libnftnl numbers the elements of a list, where the kernel's answers say "element" each time. */
static void unnumber_elements(struct nl_batch *batch)
{
	for (size_t i = 1; i + 1 < batch->count; i++) {
		struct nlattr *list, *element;

		if (type_at(batch, i) != NFT_MSG_NEWSETELEM)
			continue;
		mnl_attr_for_each (list, message_at(batch, i), sizeof(struct nfgenmsg)) {
			if (mnl_attr_get_type(list) != NFTA_SET_ELEM_LIST_ELEMENTS)
				continue;
			mnl_attr_for_each_nested (element, list) {
				element->nla_type = NLA_F_NESTED | NFTA_LIST_ELEM;
			}
		}
	}
}

/* Feeds an observer every message of that type. */
static void feed(const struct nl_batch *batch, int type, struct nft_observe *observe,
                 int (*take)(struct nft_observe *observe, const struct nlmsghdr *message))
{
	for (size_t i = 1; i + 1 < batch->count; i++) {
		if (type_at(batch, i) == type)
			ck_assert_int_eq(take(observe, message_at(batch, i)), 0);
	}
}

static struct nft_table *decode(struct nl_batch *batch)
{
	struct nft_observe *observe = nft_observe_new();

	unnumber_elements(batch);
	feed(batch, NFT_MSG_NEWTABLE, observe, nft_observe_table);
	feed(batch, NFT_MSG_NEWSET, observe, nft_observe_set);
	feed(batch, NFT_MSG_NEWSETELEM, observe, nft_observe_elements);
	feed(batch, NFT_MSG_NEWCHAIN, observe, nft_observe_chain);
	feed(batch, NFT_MSG_NEWRULE, observe, nft_observe_rule);
	return nft_observe_finish(observe);
}

static void assert_comes_back(const struct nft_table *table)
{
	struct nl_batch batch = {0};
	struct nft_table *again;
	struct text text = {0};

	nft_encode_replace(table, &batch);
	again = decode(&batch);
	(void)nft_table_diff(again, table, &text);
	ck_assert_str_eq(text_str(&text), "");
	ck_assert_uint_eq(again->frame, table->frame);
	ck_assert_uint_eq(nft_table_digest(again), table->digest);
	text_done(&text);
	nft_table_free(again);
	nl_batch_done(&batch);
}

/* --- random objects --- */

static uint64_t next_number(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state;
}

static unsigned below(uint64_t *state, unsigned limit)
{
	return (unsigned)(next_number(state) % limit);
}

static const char *one_of(uint64_t *state, const char *const *choices, unsigned count)
{
	return choices[below(state, count)];
}

static void add_ports(struct text *yaml, uint64_t *state)
{
	static const char *const protocols[] = {"TCP", "UDP", "SCTP"};
	unsigned count = 1 + below(state, 4);

	text_add(yaml, "  ports:\n");
	for (unsigned i = 0; i < count; i++) {
		unsigned start = 1000 + 100 * i, end = start + 1 + below(state, 40);

		text_printf(yaml, "  - {name: p%u, protocol: %s, ", i, one_of(state, protocols, 3));
		if (below(state, 2))
			text_printf(yaml, "port: %u}\n", start);
		else if (below(state, 2))
			text_printf(yaml, "portRange: {start: %u, end: %u}}\n", start, end);
		else
			text_printf(yaml, "portRange: {start: %u, end: %u}, targetPort: %u}\n",
			            start, end, start + 1 + below(state, 3000));
	}
}

static void add_server(struct text *yaml, uint64_t *state, unsigned index)
{
	static const char *const modes[] = {
		"", "", "  sourceNat: {mode: none}\n", "  sourceNat: {mode: masquerade}\n",
		"  sourceNat: {mode: address, address: [10.78.0.9, '2001:db8:78::9']}\n"};
	static const char *const ranges[] = {
		"", "", "  sourceRanges: [10.0.0.0/8]\n",
		"  sourceRanges: ['2001:db8::/32', 0.0.0.0/0]\n",
		("  sourceRanges: [0.0.0.0/32, 255.255.255.255/32, '::/1', 192.168.0.0/24, "
	         "192.168.1.0/24]\n")};

	text_printf(yaml,
	            "apiVersion: lintel.io/v1alpha1\nkind: VirtualServer\n"
	            "metadata: {name: s%u}\nspec:\n  virtualRouter: front\n"
	            "  addresses: [10.77.1.%u, '2001:db8:77::1:%x']\n"
	            "  servers: [" FIXTURE_BOTH "]\n",
	            index, index + 1, index + 1);
	add_ports(yaml, state);
	text_add(yaml, one_of(state, modes, 4 + (unsigned)(index == 0)));
	text_add(yaml, one_of(state, ranges, 5));
	text_add(yaml, "---\n");
}

static struct nft_table *random_table(uint64_t *state)
{
	struct text yaml = {0};
	struct nft_table *table;
	unsigned count = 1 + below(state, 30);

	text_add(&yaml, below(state, 2) ? FIXTURE_ROUTER : FIXTURE_ROUTER_WITH("accept: false, "));
	for (unsigned i = 0; i < count; i++)
		add_server(&yaml, state, i);
	table = fixture_table(text_str(&yaml));
	text_done(&yaml);
	return table;
}

#define RANDOM_TABLES 60

START_TEST(what_is_encoded_comes_back)
{
	uint64_t state = 0x9e3779b97f4a7c15 + (uint64_t)_i;
	struct nft_table *table = random_table(&state);

	assert_comes_back(table);
	nft_table_free(table);
}
END_TEST

/* --- random tables make sense --- */

static void assert_elements_make_sense(const struct nft_table *table, const struct nft_set *set)
{
	for (size_t i = 0; i < set->element_count; i++) {
		const struct nft_element *element = &set->elements[i];

		if (i > 0)
			ck_assert_int_lt(memcmp(set->elements[i - 1].key, element->key,
			                        sizeof(element->key)),
			                 0);
		if (set->interval)
			ck_assert_int_le(memcmp(element->key, element->key_end, set->key_size), 0);
		if (element->chain)
			ck_assert_ptr_nonnull(nft_table_chain(table, element->chain));
	}
}

/* Sets and chains that rules and maps speak of are there; no set and no chain is for nothing. */
START_TEST(a_table_is_closed_in_itself)
{
	uint64_t state = 0x2545f4914f6cdd1d + (uint64_t)_i;
	struct nft_table *table = random_table(&state);

	for (size_t i = 0; i < table->set_count; i++) {
		ck_assert_uint_gt(table->sets[i].element_count, 0);
		assert_elements_make_sense(table, &table->sets[i]);
	}
	for (size_t i = 0; i < table->chain_count; i++) {
		const struct nft_chain *chain = &table->chains[i];

		for (size_t j = 0; j < chain->rule_count; j++) {
			for (size_t k = 0; k < chain->rules[j].op_count; k++) {
				const struct nft_op *op = &chain->rules[j].ops[k];

				if (op->kind == NFT_OP_JUMP || op->kind == NFT_OP_GOTO)
					ck_assert_ptr_nonnull(nft_table_chain(table, op->name));
				else if (op->name)
					ck_assert_ptr_nonnull(nft_table_set(table, op->name));
			}
		}
	}
	nft_table_free(table);
}
END_TEST

/* --- transactions --- */

START_TEST(a_replacement_is_one_whole_transaction)
{
	struct nft_table *table = fixture_table(FIXTURE_ROUTER FIXTURE_SERVER(
		"web", "10.77.0.100", FIXTURE_S4, "  ports: [{port: 80}]\n"));
	struct nl_batch batch = {0};

	nft_encode_replace(table, &batch);
	ck_assert_uint_eq(message_at(&batch, 0)->nlmsg_type, NFNL_MSG_BATCH_BEGIN);
	ck_assert_uint_eq(message_at(&batch, batch.count - 1)->nlmsg_type, NFNL_MSG_BATCH_END);
	ck_assert_int_eq(type_at(&batch, 1), NFT_MSG_NEWTABLE);
	ck_assert_int_eq(type_at(&batch, 2), NFT_MSG_DELTABLE);
	ck_assert_int_eq(type_at(&batch, 3), NFT_MSG_NEWTABLE);
	for (size_t i = 0; i < batch.count; i++)
		ck_assert_int_eq(!!(message_at(&batch, i)->nlmsg_flags & NLM_F_ACK),
		                 i == batch.count - 2);
	nl_batch_done(&batch);
	nft_table_free(table);
}
END_TEST

START_TEST(a_trial_has_no_end)
{
	struct nft_table *table = nft_trial_build();
	struct nl_batch batch = {0};

	nft_encode_trial(table, &batch);
	ck_assert_uint_eq(message_at(&batch, 0)->nlmsg_type, NFNL_MSG_BATCH_BEGIN);
	for (size_t i = 0; i < batch.count; i++)
		ck_assert_uint_ne(message_at(&batch, i)->nlmsg_type, NFNL_MSG_BATCH_END);
	nl_batch_done(&batch);
	nft_table_free(table);
}
END_TEST

START_TEST(no_table_wanted_is_a_removal)
{
	struct nft_table *nothing = nft_table_new();
	struct nl_batch batch = {0};

	nft_encode_replace(nothing, &batch);
	ck_assert_uint_eq(batch.count, 4);
	ck_assert_int_eq(type_at(&batch, 1), NFT_MSG_NEWTABLE);
	ck_assert_int_eq(type_at(&batch, 2), NFT_MSG_DELTABLE);
	nl_batch_done(&batch);
	nft_table_free(nothing);
}
END_TEST

START_TEST(long_lists_of_elements_are_split)
{
	struct text yaml = {0};
	struct nft_table *table;
	struct nl_batch batch = {0};
	size_t lists = 0;

	text_add(&yaml, FIXTURE_ROUTER);
	for (unsigned i = 0; i < 2000; i++)
		text_printf(
			&yaml,
			FIXTURE_SERVER("s%u", "10.77.%u.%u", FIXTURE_S4, "  ports: [{port: 80}]\n"),
			i, 1 + i / 200, 1 + i % 200);
	table = fixture_table(text_str(&yaml));
	nft_encode_replace(table, &batch);
	for (size_t i = 0; i < batch.count; i++) {
		ck_assert_uint_lt(message_at(&batch, i)->nlmsg_len, 65536);
		lists += type_at(&batch, i) == NFT_MSG_NEWSETELEM;
	}
	ck_assert_uint_gt(lists, table->set_count);
	nl_batch_done(&batch);
	assert_comes_back(table);
	nft_table_free(table);
	text_done(&yaml);
}
END_TEST

static struct nft_table *many_services(unsigned first, unsigned last, const char *rest)
{
	struct text yaml = {0};
	struct nft_table *table;

	text_add(&yaml, FIXTURE_ROUTER);
	for (unsigned i = first; i < last; i++)
		text_printf(&yaml, FIXTURE_SERVER("s%u", "10.77.%u.%u", FIXTURE_S4, "%s"), i,
		            1 + i / 200, 1 + i % 200, rest);
	table = fixture_table(text_str(&yaml));
	text_done(&yaml);
	return table;
}

/* How many elements messages of that type have for a set. */
static size_t count_elements(const struct nl_batch *batch, int type, const char *set)
{
	size_t count = 0;

	for (size_t i = 1; i + 1 < batch->count; i++) {
		const struct nlattr *attr, *element;
		bool it = false;

		if (type_at(batch, i) != type)
			continue;
		mnl_attr_for_each (attr, message_at(batch, i), sizeof(struct nfgenmsg)) {
			if (mnl_attr_get_type(attr) == NFTA_SET_ELEM_LIST_SET)
				it = strcmp(mnl_attr_get_str(attr), set) == 0;
			if (mnl_attr_get_type(attr) != NFTA_SET_ELEM_LIST_ELEMENTS || !it)
				continue;
			mnl_attr_for_each_nested (element, attr)
				count++;
		}
	}
	return count;
}

START_TEST(elements_come_in_pieces_and_addresses_last)
{
	struct nft_table *from = many_services(0, 1, "  ports: [{port: 80}]\n");
	struct nft_table *to = many_services(0, 100, "  ports: [{port: 80}]\n");
	struct nft_exchange exchange = {.from = from, .wanted = to};
	size_t vips = 0, served = 0, batches = 0;
	struct nl_batch batch = {0};

	while (nft_encode_exchange(&exchange, 30, &batch)) {
		size_t v = count_elements(&batch, NFT_MSG_NEWSETELEM, "vips4");
		size_t s = count_elements(&batch, NFT_MSG_NEWSETELEM, "served4");

		ck_assert_uint_eq(message_at(&batch, 0)->nlmsg_type, NFNL_MSG_BATCH_BEGIN);
		ck_assert_uint_eq(message_at(&batch, batch.count - 1)->nlmsg_type,
		                  NFNL_MSG_BATCH_END);
		ck_assert_uint_le(v + s, 30);
		ck_assert(v == 0 || served + s == 99);
		vips += v;
		served += s;
		batches++;
		nl_batch_clear(&batch);
	}
	ck_assert_uint_eq(batch.count, 0);
	ck_assert_uint_eq(vips, 99);
	ck_assert_uint_eq(served, 99);
	ck_assert_uint_ge(batches, (2 * 99 + 29) / 30);
	nl_batch_done(&batch);
	nft_table_free(from);
	nft_table_free(to);
}
END_TEST

/* ... when others have come: nothing that goes is unsaid while its address is served. */
START_TEST(elements_go_in_pieces_and_addresses_first)
{
	struct nft_table *from = many_services(0, 100, "  ports: [{port: 80}]\n");
	struct nft_table *to = many_services(99, 120, "  ports: [{port: 80}]\n");
	struct nft_exchange exchange = {.from = from, .wanted = to};
	size_t came = 0, vips = 0, served = 0;
	struct nl_batch batch = {0};

	while (nft_encode_exchange(&exchange, 30, &batch)) {
		size_t v = count_elements(&batch, NFT_MSG_DELSETELEM, "vips4");
		size_t s = count_elements(&batch, NFT_MSG_DELSETELEM, "served4");

		came += count_elements(&batch, NFT_MSG_NEWSETELEM, "vips4");
		ck_assert(v + s == 0 || came == 20);
		ck_assert(s == 0 || vips + v == 99);
		vips += v;
		served += s;
		nl_batch_clear(&batch);
	}
	ck_assert_uint_eq(vips, 99);
	ck_assert_uint_eq(served, 99);
	nl_batch_done(&batch);
	nft_table_free(from);
	nft_table_free(to);
}
END_TEST

START_TEST(a_replacement_begins_with_what_was_there)
{
	static const size_t expected[] = {0, 2, 100};
	struct nft_table *to = many_services(0, 100, "  ports: [{port: 80}]\n");
	struct nft_table *from[] = {
		nft_table_new(), many_services(98, 110, "  ports: [{port: 80}]\n"),
		many_services(0, 100, "  ports: [{port: 80}]\n  sourceNat: {mode: none}\n")};

	for (size_t i = 0; i < LT_ARRAY_SIZE(from); i++) {
		struct nl_batch batch = {0};
		struct nft_table *table;

		nft_encode_replace_kept(from[i], to, &batch);
		table = decode(&batch);
		ck_assert_uint_eq(nft_table_frame(table), to->frame);
		ck_assert_uint_eq(nft_table_set(table, "vips4")->element_count, expected[i]);
		ck_assert_uint_eq(nft_table_set(table, "served4")->element_count, expected[i]);
		nl_batch_done(&batch);
		nft_table_free(table);
		nft_table_free(from[i]);
	}
	nft_table_free(to);
}
END_TEST

/* --- what a refusal says --- */

static const struct {
	int type;
	const char *described, *needed;
} refusals[] = {
	{NFT_MSG_NEWTABLE, "table inet lintel", "CONFIG_NF_TABLES_INET"},
	{NFT_MSG_NEWCHAIN, "chain trial_", ""},
	{NFT_MSG_NEWSET, "set addresses", ""},
	{NFT_MSG_NEWRULE, "rule in chain trial_filter", "CONFIG_NFT_COUNTER"},
};

START_TEST(a_refused_message_is_described)
{
	struct nft_table *table = nft_trial_build();
	struct text described = {0}, needed = {0};
	struct nl_batch batch = {0};
	size_t i = 1;

	nft_encode_trial(table, &batch);
	while (type_at(&batch, i) != refusals[_i].type)
		i++;
	nft_encode_describe(message_at(&batch, i), &described);
	nft_encode_needs(message_at(&batch, i), &needed);
	ck_assert_msg(text_starts_with(text_str(&described), refusals[_i].described), "%s",
	              text_str(&described));
	ck_assert_str_eq(text_str(&needed), refusals[_i].needed);
	text_done(&described);
	text_done(&needed);
	nl_batch_done(&batch);
	nft_table_free(table);
}
END_TEST

START_TEST(a_trial_names_every_option)
{
	static const char *const options[] = {"CONFIG_NF_TABLES_INET",  "CONFIG_NFT_NAT",
	                                      "CONFIG_NFT_MASQ",        "CONFIG_NFT_CT",
	                                      "CONFIG_NFT_REJECT_INET", "CONFIG_NFT_FIB_INET"};
	struct nft_table *table = nft_trial_build();
	struct nl_batch batch = {0};
	struct text needs = {0};

	nft_encode_trial(table, &batch);
	for (size_t i = 1; i < batch.count; i++)
		nft_encode_needs(message_at(&batch, i), &needs);
	for (size_t i = 0; i < LT_ARRAY_SIZE(options); i++)
		ck_assert_ptr_nonnull(strstr(text_str(&needs), options[i]));
	text_done(&needs);
	nl_batch_done(&batch);
	nft_table_free(table);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("nft/encode");
	TCase *tcase = tcase_create("encode");
	SRunner *runner;
	int failed;

	tcase_add_loop_test(tcase, what_is_encoded_comes_back, 0, RANDOM_TABLES);
	tcase_add_loop_test(tcase, a_table_is_closed_in_itself, 0, RANDOM_TABLES);
	tcase_add_test(tcase, a_replacement_is_one_whole_transaction);
	tcase_add_test(tcase, a_trial_has_no_end);
	tcase_add_test(tcase, no_table_wanted_is_a_removal);
	tcase_add_test(tcase, long_lists_of_elements_are_split);
	tcase_add_test(tcase, elements_come_in_pieces_and_addresses_last);
	tcase_add_test(tcase, elements_go_in_pieces_and_addresses_first);
	tcase_add_test(tcase, a_replacement_begins_with_what_was_there);
	tcase_add_loop_test(tcase, a_refused_message_is_described, 0, (int)LT_ARRAY_SIZE(refusals));
	tcase_add_test(tcase, a_trial_names_every_option);
	suite_add_tcase(suite, tcase);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed > 0;
}
