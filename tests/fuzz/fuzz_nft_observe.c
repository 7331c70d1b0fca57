/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The kernel's answers about our nftables table. The input alters good answers: which attributes
 * are there, and what they hold; not how long they are, because libnftnl ends the process at an
 * attribute of a wrong size. Laws: whatever comes can be decoded or is refused; what was decoded
 * can be printed, is like itself, and keeps its elements in order. */

#include "files/yaml.h"
#include "model/decode.h"
#include "nft/encode.h"
#include "nft/observe.h"
#include "nft/ruleset.h"

#include <netinet/in.h> /* before linux/netfilter.h, which has an in.h of its own */

#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define UNKNOWN_ATTRIBUTE 0x3fff
#define ATTRIBUTES        2000 /* about as many as the answers have */

static const char objects_yaml[] =
	"apiVersion: lintel.io/v1alpha1\n"
	"kind: VirtualRouter\n"
	"metadata: {name: r}\n"
	"spec: {virtualRouterId: 1, interface: e, accept: false, addresses: [10.0.0.254/24, "
	"'fd00::fe/64', {address: 10.1.0.254/24, interface: f}]}\n"
	"---\n"
	"apiVersion: lintel.io/v1alpha1\n"
	"kind: VirtualServer\n"
	"metadata: {name: s}\n"
	"spec:\n"
	"  virtualRouter: r\n"
	"  addresses: [10.0.0.1, 'fd00::1']\n"
	"  sourceRanges: [10.0.0.0/8, 192.0.2.0/24, 'fd00::/8']\n"
	"  servers: [{address: 10.1.0.2}, {address: 'fd00::2'}]\n"
	"  ports:\n"
	"  - {name: a, port: 80}\n"
	"  - {name: b, portRange: {start: 100, end: 102}, targetPort: 200, protocol: UDP}\n";

static void must(bool law)
{
	if (!law)
		abort();
}

static struct nft_table *make_table(void)
{
	struct model_problems problems;
	struct model_objects objects;
	const struct model_objects *sources[] = {&objects};
	struct model_snapshot *snapshot;
	struct nft_table *table;
	struct arena arena;
	struct tree *documents;

	arena_init(&arena);
	model_problems_init(&problems);
	model_objects_init(&objects);
	documents = tree_new(&arena, TREE_LIST, 0);
	files_yaml_read(objects_yaml, strlen(objects_yaml), "fuzz", &arena, documents, &problems);
	for (const struct tree *at = documents->child; at; at = at->sibling)
		model_decode(at, "fuzz", &objects, &problems);
	snapshot = model_snapshot_build(sources, 1, &problems);
	must(snapshot != NULL);
	table = nft_ruleset_build(snapshot);
	model_snapshot_free(snapshot);
	model_objects_done(&objects);
	model_problems_done(&problems);
	arena_done(&arena);
	return table;
}

/* The bytes that are left of the input; 0 after its end. */
struct input {
	const uint8_t *data;
	size_t size;
	size_t skip;     /* attributes that stay as they are before the first byte is used */
	bool may_remove; /* attributes of the message at hand; libnftnl wants those of rules */
};

static uint8_t next_byte(struct input *input)
{
	if (input->size == 0)
		return 0;
	input->size--;
	return *input->data++;
}

/* Texts keep their NUL: another thing that libnftnl insists on. */
static void alter_value(struct nlattr *attr, struct input *input)
{
	uint8_t *bytes = mnl_attr_get_payload(attr);
	size_t size = mnl_attr_get_payload_len(attr);
	uint8_t last = size > 0 ? bytes[size - 1] : 0;
	uint8_t what;

	if (input->skip > 0) {
		input->skip--;
		return;
	}
	what = next_byte(input);
	if (what == 0xff && input->may_remove) {
		attr->nla_type = UNKNOWN_ATTRIBUTE;
		return;
	}
	for (size_t i = 0; i < size && (what & 1); i++)
		bytes[i] ^= next_byte(input);
	if (size > 4 && last == 0)
		bytes[size - 1] = 0;
}

/* How deep verdicts lie: element, data, verdict; expression, its data, data, verdict. libnftnl
 * takes what the kernel says there for granted. */
#define VERDICT_IN_ELEMENT 4
#define VERDICT_IN_RULE    5

static void alter(struct nlattr *attr, struct input *input, int depth, int verdict_depth)
{
	struct nlattr *inner;

	if (depth == verdict_depth && mnl_attr_get_type(attr) == NFTA_DATA_VERDICT)
		return;
	if (!(attr->nla_type & NLA_F_NESTED)) {
		alter_value(attr, input);
		return;
	}
	mnl_attr_for_each_nested (inner, attr) {
		alter(inner, input, depth + 1, verdict_depth);
	}
}

/* Elements of a list are numbered when they are sent, and all the same when they are answered. */
static void unnumber(struct nlattr *list)
{
	struct nlattr *element;

	mnl_attr_for_each_nested (element, list) {
		element->nla_type = NLA_F_NESTED | NFTA_LIST_ELEM;
	}
}

static void alter_message(const struct nlmsghdr *message, struct input *input)
{
	bool elements = (message->nlmsg_type & 0xff) == NFT_MSG_NEWSETELEM;
	struct nlattr *attr;

	mnl_attr_for_each (attr, message, sizeof(struct nfgenmsg)) {
		if (elements && mnl_attr_get_type(attr) == NFTA_SET_ELEM_LIST_ELEMENTS)
			unnumber(attr);
		alter(attr, input, 1, elements ? VERDICT_IN_ELEMENT : VERDICT_IN_RULE);
	}
}

static int take(struct nft_observe *observe, const struct nlmsghdr *message, int type)
{
	if ((message->nlmsg_type & 0xff) != type)
		return 0;
	switch (type) {
	case NFT_MSG_NEWTABLE:
		return nft_observe_table(observe, message);
	case NFT_MSG_NEWSET:
		return nft_observe_set(observe, message);
	case NFT_MSG_NEWSETELEM:
		return nft_observe_elements(observe, message);
	case NFT_MSG_NEWCHAIN:
		return nft_observe_chain(observe, message);
	default:
		return nft_observe_rule(observe, message);
	}
}

static struct nft_table *decode(const struct nl_batch *batch)
{
	static const int order[] = {NFT_MSG_NEWTABLE, NFT_MSG_NEWSET, NFT_MSG_NEWSETELEM,
	                            NFT_MSG_NEWCHAIN, NFT_MSG_NEWRULE};
	struct nft_observe *observe = nft_observe_new();

	for (size_t kind = 0; kind < LT_ARRAY_SIZE(order); kind++) {
		for (size_t i = 1; i + 1 < batch->count; i++) {
			const struct nlmsghdr *message =
				(const struct nlmsghdr *)(batch->data + batch->starts[i]);

			(void)nft_observe_is_foreign_change(message, NFT_TABLE_NAME, 1);
			/* A refusal is an answer, too. */
			(void)take(observe, message, order[kind]);
		}
	}
	return nft_observe_finish(observe);
}

static void check_order(const struct nft_set *set)
{
	for (size_t i = 1; i < set->element_count; i++)
		must(memcmp(set->elements[i - 1].key, set->elements[i].key,
		            sizeof(set->elements[i].key)) < 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input input = {.data = data, .size = size};
	struct nl_batch batch = {0};
	static struct nft_table *made; /* the same for all inputs */
	struct nft_table *table;
	struct nft_counts counts;
	struct text text = {0};

	if (!made)
		made = make_table();
	nft_encode_replace(made, &batch);
	input.skip = next_byte(&input);
	input.skip = (input.skip << 8 | next_byte(&input)) % ATTRIBUTES;
	for (size_t i = 1; i + 1 < batch.count; i++)
		alter_message((const struct nlmsghdr *)(batch.data + batch.starts[i]), &input);
	table = decode(&batch);
	nft_table_format(table, &text);
	nft_table_counts(table, &counts);
	for (size_t i = 0; i < table->set_count; i++)
		check_order(&table->sets[i]);
	must(nft_table_digest(table) != 0);
	/* Two sets of one name are no table of the kernel's; else it is like itself. */
	(void)nft_table_diff(table, made, &text);
	if (size == 0)
		must(nft_table_diff(table, made, NULL) == 0);
	text_done(&text);
	nft_table_free(table);
	nl_batch_done(&batch);
	return 0;
}
