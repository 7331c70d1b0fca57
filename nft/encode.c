/* SPDX-License-Identifier: GPL-2.0-or-later */
/* nft/encode.c - transactions and requests. Rules are made in nft/encode_rule.c.
 *
 * Within a transaction: chains before the elements that lead to them, sets before the rules that
 * look into them.
 *
 * Reason: all kinds of transactions are made of the same messages, which have no other users. */

#include "nft/encode.h"

#include "lib/wire.h"

#include <netinet/in.h> /* before linux/netfilter.h, which has an in.h of its own */

#include <libnftnl/chain.h>
#include <libnftnl/common.h>
#include <libnftnl/expr.h>
#include <libnftnl/rule.h>
#include <libnftnl/set.h>
#include <libnftnl/table.h>
#include <libnftnl/udata.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <string.h>

/* An element list is one attribute, and an attribute's length has 16 bits. */
#define ELEMENTS_SIZE_MAX 49152
/* Of one element beyond key, end of key and comment: attributes around them, data, a verdict. */
#define ELEMENT_OVERHEAD  160
#define UDATA_SIZE        256
#define ROOM_MIN          256
#define ROOM_MAX          (UINT32_C(1) << 30)
/* How the nft program marks the byte order of values (its enum byteorder). */
#define UDATA_HOST_ENDIAN 1
#define UDATA_BIG_ENDIAN  2
#define TYPE_BITS         6 /* of one part in the type number of a concatenation */

/* --- messages --- */

/* nfgenmsg: 'res' is in host order. */
static struct nlmsghdr *begin_plain(struct nl_batch *batch, uint16_t type, uint8_t family,
                                    uint16_t res)
{
	struct nlmsghdr *message = nl_batch_begin(batch, type, 0);
	struct nfgenmsg *header = mnl_nlmsg_put_extra_header(message, sizeof(*header));

	header->nfgen_family = family;
	header->version = NFNETLINK_V0;
	header->res_id = wire_be16(res);
	return message;
}

static struct nlmsghdr *begin(struct nl_batch *batch, uint16_t type, uint16_t flags)
{
	struct nlmsghdr *message =
		begin_plain(batch, NFNL_SUBSYS_NFTABLES << 8 | type, NFPROTO_INET, 0);

	message->nlmsg_flags |= flags;
	return message;
}

static void put_transaction_mark(struct nl_batch *batch, uint16_t type)
{
	nl_batch_end(batch, begin_plain(batch, type, NFPROTO_UNSPEC, NFNL_SUBSYS_NFTABLES));
}

/* --- table and chains --- */

static void put_table(struct nl_batch *batch, uint16_t type, const char *name,
                      const struct nft_table *described)
{
	struct nlmsghdr *message = begin(batch, type, type == NFT_MSG_NEWTABLE ? NLM_F_CREATE : 0);
	struct nftnl_table *table = nftnl_table_alloc();
	struct nftnl_udata_buf *buf = nftnl_udata_buf_alloc(UDATA_SIZE);
	struct text comment = {0};

	nftnl_table_set_u32(table, NFTNL_TABLE_FAMILY, NFPROTO_INET);
	nftnl_table_set_str(table, NFTNL_TABLE_NAME, name);
	if (described) {
		text_printf(&comment, "kept by Lintel, digest %016llx",
		            (unsigned long long)described->frame);
		nftnl_udata_put_strz(buf, NFTNL_UDATA_TABLE_COMMENT, text_str(&comment));
		nftnl_table_set_data(table, NFTNL_TABLE_USERDATA, nftnl_udata_buf_data(buf),
		                     nftnl_udata_buf_len(buf));
	}
	nftnl_table_nlmsg_build_payload(message, table);
	nl_batch_end(batch, message);
	text_done(&comment);
	nftnl_udata_buf_free(buf);
	nftnl_table_free(table);
}

static void put_chain(struct nl_batch *batch, const char *table, const struct nft_chain *wanted)
{
	struct nlmsghdr *message = begin(batch, NFT_MSG_NEWCHAIN, NLM_F_CREATE);
	struct nftnl_chain *chain = nftnl_chain_alloc();

	nftnl_chain_set_u32(chain, NFTNL_CHAIN_FAMILY, NFPROTO_INET);
	nftnl_chain_set_str(chain, NFTNL_CHAIN_TABLE, table);
	nftnl_chain_set_str(chain, NFTNL_CHAIN_NAME, wanted->name);
	if (wanted->type) {
		nftnl_chain_set_str(chain, NFTNL_CHAIN_TYPE, wanted->type);
		nftnl_chain_set_u32(chain, NFTNL_CHAIN_HOOKNUM, wanted->hook);
		nftnl_chain_set_s32(chain, NFTNL_CHAIN_PRIO, wanted->priority);
		nftnl_chain_set_u32(chain, NFTNL_CHAIN_POLICY, NF_ACCEPT);
		if (wanted->device)
			nftnl_chain_set_str(chain, NFTNL_CHAIN_DEV, wanted->device);
	}
	nftnl_chain_nlmsg_build_payload(message, chain);
	nl_batch_end(batch, message);
	nftnl_chain_free(chain);
}

/* --- sets --- */

static uint32_t key_type(const struct nft_set *set)
{
	uint32_t type = 0;

	for (unsigned i = 0; i < set->part_count; i++)
		type = type << TYPE_BITS | (uint32_t)set->parts[i];
	return type;
}

static uint32_t byte_order(enum nft_type type)
{
	return type == NFT_TYPE_MARK || type == NFT_TYPE_IFNAME ? UDATA_HOST_ENDIAN
	                                                        : UDATA_BIG_ENDIAN;
}

/* What the nft program needs to print the set; the kernel only keeps it. */
static void set_userdata(struct nftnl_set *set, const struct nft_set *wanted)
{
	struct nftnl_udata_buf *buf = nftnl_udata_buf_alloc(UDATA_SIZE);

	nftnl_udata_put_u32(buf, NFTNL_UDATA_SET_KEYBYTEORDER,
	                    wanted->part_count == 1 ? byte_order(wanted->parts[0])
	                                            : UDATA_BIG_ENDIAN);
	if (wanted->data != NFT_TYPE_NONE)
		nftnl_udata_put_u32(buf, NFTNL_UDATA_SET_DATABYTEORDER, byte_order(wanted->data));
	nftnl_set_set_data(set, NFTNL_SET_USERDATA, nftnl_udata_buf_data(buf),
	                   nftnl_udata_buf_len(buf));
	nftnl_udata_buf_free(buf);
}

/* Only ranges in concatenations need to know the parts. */
static void set_concatenation(struct nftnl_set *set, const struct nft_set *wanted)
{
	uint8_t sizes[NFT_REG32_COUNT] = {0};

	for (unsigned i = 0; i < wanted->part_count; i++)
		sizes[i] = (uint8_t)nft_type_size(wanted->parts[i]);
	nftnl_set_set_data(set, NFTNL_SET_DESC_CONCAT, sizes, sizeof(sizes));
}

/* For how many elements the kernel makes room: without a word it begins with little, and a
 * transaction of many is done before it has made more. Full, it refuses; then the table is made
 * anew (nft/kernel.c). */
static uint32_t room(const struct nft_set *set)
{
	uint32_t room = ROOM_MIN;

	while (room < 2 * set->element_count && room < ROOM_MAX)
		room *= 2;
	return room;
}

static void put_set(struct nl_batch *batch, const char *table, const struct nft_set *wanted,
                    uint32_t id)
{
	struct nlmsghdr *message = begin(batch, NFT_MSG_NEWSET, NLM_F_CREATE);
	struct nftnl_set *set = nftnl_set_alloc();
	uint32_t flags = 0;

	if (wanted->data != NFT_TYPE_NONE)
		flags |= NFT_SET_MAP;
	if (wanted->interval)
		flags |= NFT_SET_INTERVAL;
	if (wanted->expiring)
		flags |= NFT_SET_TIMEOUT;
	if (wanted->interval && wanted->part_count > 1) {
		flags |= NFT_SET_CONCAT;
		set_concatenation(set, wanted);
	}
	nftnl_set_set_u32(set, NFTNL_SET_FAMILY, NFPROTO_INET);
	nftnl_set_set_str(set, NFTNL_SET_TABLE, table);
	nftnl_set_set_str(set, NFTNL_SET_NAME, wanted->name);
	nftnl_set_set_u32(set, NFTNL_SET_ID, id);
	nftnl_set_set_u32(set, NFTNL_SET_FLAGS, flags);
	nftnl_set_set_u32(set, NFTNL_SET_KEY_TYPE, key_type(wanted));
	nftnl_set_set_u32(set, NFTNL_SET_KEY_LEN, (uint32_t)wanted->key_size);
	if (wanted->data == NFT_TYPE_VERDICT) {
		nftnl_set_set_u32(set, NFTNL_SET_DATA_TYPE, NFT_DATA_VERDICT);
	} else if (wanted->data != NFT_TYPE_NONE) {
		nftnl_set_set_u32(set, NFTNL_SET_DATA_TYPE, (uint32_t)wanted->data);
		nftnl_set_set_u32(set, NFTNL_SET_DATA_LEN, (uint32_t)nft_type_size(wanted->data));
	}
	if (!wanted->interval)
		nftnl_set_set_u32(set, NFTNL_SET_DESC_SIZE, room(wanted));
	set_userdata(set, wanted);
	nftnl_set_nlmsg_build_payload(message, set);
	nl_batch_end(batch, message);
	nftnl_set_free(set);
}

/* --- elements --- */

struct element_writer {
	struct nl_batch *batch;
	uint16_t type; /* NFT_MSG_NEWSETELEM or NFT_MSG_DELSETELEM */
	const char *table;
	const struct nft_set *wanted;
	struct nftnl_set *set; /* elements not yet in a message; NULL: none */
	size_t size;           /* of them, at most */
};

static void flush_elements(struct element_writer *w)
{
	struct nlmsghdr *message;

	if (!w->set)
		return;
	message = begin(w->batch, w->type, w->type == NFT_MSG_NEWSETELEM ? NLM_F_CREATE : 0);
	nftnl_set_elems_nlmsg_build_payload(message, w->set);
	nl_batch_end(w->batch, message);
	nftnl_set_free(w->set);
	w->set = NULL;
	w->size = 0;
}

static struct nftnl_set_elem *add_element(struct element_writer *w, const void *key)
{
	struct nftnl_set_elem *elem = nftnl_set_elem_alloc();

	if (w->size + ELEMENT_OVERHEAD + 2 * NFT_KEY_SIZE_MAX + NFT_COMMENT_SIZE >
	    ELEMENTS_SIZE_MAX)
		flush_elements(w);
	if (!w->set) {
		w->set = nftnl_set_alloc();
		nftnl_set_set_str(w->set, NFTNL_SET_TABLE, w->table);
		nftnl_set_set_str(w->set, NFTNL_SET_NAME, w->wanted->name);
	}
	w->size += ELEMENT_OVERHEAD + 2 * w->wanted->key_size;
	nftnl_set_elem_set(elem, NFTNL_SET_ELEM_KEY, key, (uint32_t)w->wanted->key_size);
	nftnl_set_elem_add(w->set, elem);
	return elem;
}

static uint32_t verdict_code(enum nft_verdict verdict)
{
	switch (verdict) {
	case NFT_VERDICT_ACCEPT:
		return NF_ACCEPT;
	case NFT_VERDICT_DROP:
		return NF_DROP;
	case NFT_VERDICT_JUMP:
		return (uint32_t)NFT_JUMP;
	case NFT_VERDICT_GOTO:
		return (uint32_t)NFT_GOTO;
	}
	return NF_ACCEPT;
}

static void set_element_data(struct nftnl_set_elem *elem, const struct nft_set *set,
                             const struct nft_element *element)
{
	if (set->data == NFT_TYPE_VERDICT) {
		nftnl_set_elem_set_u32(elem, NFTNL_SET_ELEM_VERDICT,
		                       verdict_code(element->verdict));
		if (element->chain)
			nftnl_set_elem_set_str(elem, NFTNL_SET_ELEM_CHAIN, element->chain);
	} else if (set->data != NFT_TYPE_NONE) {
		nftnl_set_elem_set(elem, NFTNL_SET_ELEM_DATA, element->data,
		                   (uint32_t)nft_type_size(set->data));
	}
}

static void set_element_comment(struct element_writer *w, struct nftnl_set_elem *elem,
                                const char *comment)
{
	struct nftnl_udata_buf *buf;

	if (!comment)
		return;
	buf = nftnl_udata_buf_alloc(UDATA_SIZE);
	nftnl_udata_put_strz(buf, NFTNL_UDATA_SET_ELEM_COMMENT, comment);
	nftnl_set_elem_set(elem, NFTNL_SET_ELEM_USERDATA, nftnl_udata_buf_data(buf),
	                   nftnl_udata_buf_len(buf));
	w->size += nftnl_udata_buf_len(buf);
	nftnl_udata_buf_free(buf);
}

/* The number after 'key'; false: there is none. */
static bool key_after(const uint8_t *key, size_t size, uint8_t *ret_after)
{
	memcpy(ret_after, key, size);
	for (size_t i = size; i-- > 0;) {
		if (++ret_after[i] != 0)
			return true;
	}
	return false;
}

/* A set of plain ranges is a row of points: where one begins, and where it is over. */
static void put_range_end(struct element_writer *w, const struct nft_element *element)
{
	uint8_t after[NFT_KEY_SIZE_MAX];

	if (key_after(element->key_end, w->wanted->key_size, after))
		nftnl_set_elem_set_u32(add_element(w, after), NFTNL_SET_ELEM_FLAGS,
		                       NFT_SET_ELEM_INTERVAL_END);
}

static void put_element(struct element_writer *w, const struct nft_element *element)
{
	const struct nft_set *wanted = w->wanted;
	struct nftnl_set_elem *elem = add_element(w, element->key);

	set_element_data(elem, wanted, element);
	set_element_comment(w, elem, element->comment);
	if (element->timeout_ms != 0)
		nftnl_set_elem_set_u64(elem, NFTNL_SET_ELEM_TIMEOUT, element->timeout_ms);
	if (!wanted->interval)
		return;
	if (wanted->part_count > 1)
		nftnl_set_elem_set(elem, NFTNL_SET_ELEM_KEY_END, element->key_end,
		                   (uint32_t)wanted->key_size);
	else
		put_range_end(w, element);
}

/* 'kept': only those of these keys; NULL: all. */
static void put_elements(struct nl_batch *batch, const char *table, const struct nft_set *wanted,
                         const struct nft_set *kept)
{
	struct element_writer w = {
		.batch = batch, .type = NFT_MSG_NEWSETELEM, .table = table, .wanted = wanted};

	for (size_t i = 0; i < wanted->element_count; i++) {
		if (!kept || nft_set_has_key(kept, wanted->elements[i].key))
			put_element(&w, &wanted->elements[i]);
	}
	flush_elements(&w);
}

/* --- elements that come and go in a set that stands --- */

static void put_gone(void *ctx, const struct nft_set *from, const struct nft_element *element)
{
	(void)add_element(ctx, element->key);
}

static void put_came(void *ctx, const struct nft_set *to, const struct nft_element *element)
{
	put_element(ctx, element);
}

static void put_before(void *ctx, const struct nft_set *to, const struct nft_element *before,
                       const struct nft_element *after)
{
	(void)add_element(ctx, before->key);
}

static void put_after(void *ctx, const struct nft_set *to, const struct nft_element *before,
                      const struct nft_element *after)
{
	put_element(ctx, after);
}

/* What the walk finds between 'from' and 'to' goes to the list of one kind of message. */
static void put_walk(struct element_writer w, const struct nft_set *from, const struct nft_set *to,
                     struct nft_set_walk walk)
{
	walk.ctx = &w;
	nft_set_compare(from, to, &walk);
	flush_elements(&w);
}

/* What goes, or else what comes or changes. A key that gets other data must go first. */
static void put_exchange(struct nl_batch *batch, const char *table, const struct nft_set *from,
                         const struct nft_set *to, bool gone)
{
	const struct element_writer out = {
		.batch = batch, .type = NFT_MSG_DELSETELEM, .table = table, .wanted = from};
	const struct element_writer in = {
		.batch = batch, .type = NFT_MSG_NEWSETELEM, .table = table, .wanted = to};

	if (gone) {
		put_walk(out, from, to, (struct nft_set_walk){.gone = put_gone});
		return;
	}
	put_walk(out, from, to, (struct nft_set_walk){.changed = put_before});
	put_walk(in, from, to, (struct nft_set_walk){.came = put_came, .changed = put_after});
}

/* --- transactions --- */

static void put_rules(struct nl_batch *batch, const char *table, const struct nft_chain *chain)
{
	for (size_t i = 0; i < chain->rule_count; i++) {
		struct nlmsghdr *message =
			begin(batch, NFT_MSG_NEWRULE, NLM_F_CREATE | NLM_F_APPEND);
		struct nftnl_rule *rule = nft_encode_rule(chain->name, &chain->rules[i]);

		nftnl_rule_set_str(rule, NFTNL_RULE_TABLE, table);
		nftnl_rule_nlmsg_build_payload(message, rule);
		nl_batch_end(batch, message);
		nftnl_rule_free(rule);
	}
}

/* The mark at the end is not answered by all kernels, the last real message is. */
static void ask_for_answer(struct nl_batch *batch)
{
	((struct nlmsghdr *)(batch->data + batch->starts[batch->count - 1]))->nlmsg_flags |=
		NLM_F_ACK;
}

/* 'from': see nft_encode_replace_kept(); NULL: all elements. */
static void put_all(struct nl_batch *batch, const struct nft_table *from,
                    const struct nft_table *wanted)
{
	static const struct nft_set nothing;

	put_transaction_mark(batch, NFNL_MSG_BATCH_BEGIN);
	put_table(batch, NFT_MSG_NEWTABLE, wanted->name, NULL);
	put_table(batch, NFT_MSG_DELTABLE, wanted->name, NULL);
	if (wanted->present)
		put_table(batch, NFT_MSG_NEWTABLE, wanted->name, wanted);
	for (size_t i = 0; i < wanted->chain_count; i++)
		put_chain(batch, wanted->name, &wanted->chains[i]);
	for (size_t i = 0; i < wanted->set_count; i++)
		put_set(batch, wanted->name, &wanted->sets[i], (uint32_t)i + 1);
	for (size_t i = 0; i < wanted->set_count; i++) {
		const struct nft_set *set = &wanted->sets[i], *kept = NULL;

		if (from && nft_set_is_plain(set))
			kept = nft_table_set(from, set->name);
		if (from && nft_set_is_plain(set) && !kept)
			kept = &nothing;
		put_elements(batch, wanted->name, set, kept);
	}
	for (size_t i = 0; i < wanted->chain_count; i++)
		put_rules(batch, wanted->name, &wanted->chains[i]);
	ask_for_answer(batch);
}

void nft_encode_trial(const struct nft_table *wanted, struct nl_batch *batch)
{
	put_all(batch, NULL, wanted);
}

void nft_encode_replace(const struct nft_table *wanted, struct nl_batch *batch)
{
	nft_encode_replace_kept(NULL, wanted, batch);
}

void nft_encode_replace_kept(const struct nft_table *from, const struct nft_table *wanted,
                             struct nl_batch *batch)
{
	put_all(batch, from, wanted);
	put_transaction_mark(batch, NFNL_MSG_BATCH_END);
}

/* Up to 'limit' keys of the set at which the exchange stands; returns how many. */
static size_t put_piece(struct nft_exchange *exchange, size_t limit, struct nl_batch *batch)
{
	const struct nft_table *wanted = exchange->wanted;
	size_t place = exchange->removing ? exchange->set : wanted->set_count - 1 - exchange->set;
	const struct nft_set *to = &wanted->sets[place];
	const struct nft_set *from = nft_table_set(exchange->from, to->name);
	size_t from_at = exchange->from_at, to_at = exchange->to_at, count = 0;

	if (from && nft_set_is_plain(to))
		count = nft_set_pass(from, to, exchange->removing, limit, &exchange->from_at,
		                     &exchange->to_at);
	if (count > 0) {
		struct nft_set old = *from, new = *to;

		old.elements += from_at;
		old.element_count = exchange->from_at - from_at;
		new.elements += to_at;
		new.element_count = exchange->to_at - to_at;
		put_exchange(batch, wanted->name, &old, &new, exchange->removing);
	}
	if (count < limit) {
		exchange->set++;
		exchange->from_at = exchange->to_at = 0;
	}
	return count;
}

static bool has_next(struct nft_exchange *exchange)
{
	if (exchange->set == exchange->wanted->set_count && !exchange->removing) {
		exchange->removing = true;
		exchange->set = 0;
	}
	return exchange->set < exchange->wanted->set_count;
}

bool nft_encode_exchange(struct nft_exchange *exchange, size_t limit, struct nl_batch *batch)
{
	size_t count = 0;

	put_transaction_mark(batch, NFNL_MSG_BATCH_BEGIN);
	while (count < limit && has_next(exchange))
		count += put_piece(exchange, limit - count, batch);
	if (count == 0) {
		nl_batch_clear(batch);
		return false;
	}
	ask_for_answer(batch);
	put_transaction_mark(batch, NFNL_MSG_BATCH_END);
	return true;
}

/* --- requests: in all of them the table's name is attribute 1 --- */

static void get(struct nl_batch *one, uint16_t type, const char *table, const char *set)
{
	struct nlmsghdr *message = begin(one, type, 0);

	mnl_attr_put_strz(message, NFTA_SET_ELEM_LIST_TABLE, table);
	if (set)
		mnl_attr_put_strz(message, NFTA_SET_ELEM_LIST_SET, set);
	nl_batch_end(one, message);
}

void nft_encode_get_generation(struct nl_batch *one)
{
	nl_batch_end(one, begin(one, NFT_MSG_GETGEN, 0));
}

void nft_encode_get_table(const char *table, struct nl_batch *one)
{
	get(one, NFT_MSG_GETTABLE, table, NULL);
}

void nft_encode_get_sets(const char *table, struct nl_batch *one)
{
	get(one, NFT_MSG_GETSET, table, NULL);
}

void nft_encode_get_elements(const char *table, const char *set, struct nl_batch *one)
{
	get(one, NFT_MSG_GETSETELEM, table, set);
}

void nft_encode_get_chains(const char *table, struct nl_batch *one)
{
	get(one, NFT_MSG_GETCHAIN, table, NULL);
}

void nft_encode_get_rules(const char *table, struct nl_batch *one)
{
	get(one, NFT_MSG_GETRULE, table, NULL);
}
