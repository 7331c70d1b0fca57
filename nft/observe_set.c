/* SPDX-License-Identifier: GPL-2.0-or-later */
/* nft/observe_set.c - sets and their elements: a half of nft/observe.h. */

#include "nft/observe_state.h"

#include "lib/mem.h"

#include <netinet/in.h> /* before linux/netfilter.h, which has an in.h of its own */
#include <stdio.h>      /* before libnftnl, which takes it for granted */

#include <errno.h>
#include <libnftnl/set.h>
#include <libnftnl/udata.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <stdlib.h>
#include <string.h>

#define TYPE_BITS 6 /* of one part in the type number of a concatenation */

/* --- sets --- */

static bool is_known_type(uint32_t type)
{
	switch ((enum nft_type)type) {
	case NFT_TYPE_IPV4_ADDR:
	case NFT_TYPE_IPV6_ADDR:
	case NFT_TYPE_INET_PROTO:
	case NFT_TYPE_INET_SERVICE:
	case NFT_TYPE_MARK:
	case NFT_TYPE_IFNAME:
		return true;
	case NFT_TYPE_NONE:
	case NFT_TYPE_VERDICT:
		return false;
	}
	return false;
}

/* Takes a type number apart; false when a part is none of ours. */
static bool split_type(uint32_t type, enum nft_type parts[static NFT_KEY_PARTS_MAX])
{
	unsigned count = 0;

	memset(parts, 0, NFT_KEY_PARTS_MAX * sizeof(*parts));
	for (int shift = 24; shift >= 0; shift -= TYPE_BITS) {
		uint32_t part = type >> shift & ((1U << TYPE_BITS) - 1);

		if (part == 0 && count == 0)
			continue;
		if (!is_known_type(part) || count == NFT_KEY_PARTS_MAX)
			return false;
		parts[count++] = (enum nft_type)part;
	}
	return count > 0 && type >> 30 == 0;
}

/* The type of what a map gives. False: none of ours. */
static bool data_type(const struct nftnl_set *answer, enum nft_type *ret_type)
{
	uint32_t flags = nftnl_set_get_u32(answer, NFTNL_SET_FLAGS);
	uint32_t type = nftnl_set_get_u32(answer, NFTNL_SET_DATA_TYPE);

	*ret_type = NFT_TYPE_NONE;
	if (!(flags & NFT_SET_MAP))
		return true;
	if (type == NFT_DATA_VERDICT)
		*ret_type = NFT_TYPE_VERDICT;
	else if (is_known_type(type))
		*ret_type = (enum nft_type)type;
	else
		return false;
	return true;
}

static void add_set(struct nft_observe *observe, const struct nftnl_set *answer)
{
	const uint32_t ours = NFT_SET_MAP | NFT_SET_INTERVAL | NFT_SET_CONCAT | NFT_SET_TIMEOUT;
	uint32_t flags = nftnl_set_get_u32(answer, NFTNL_SET_FLAGS);
	enum nft_type parts[NFT_KEY_PARTS_MAX], data;
	struct nft_set *set;
	bool foreign;
	size_t index;

	foreign = !split_type(nftnl_set_get_u32(answer, NFTNL_SET_KEY_TYPE), parts) ||
	          !data_type(answer, &data) || (flags & ~ours) != 0;
	if (foreign) {
		memset(parts, 0, sizeof(parts));
		data = NFT_TYPE_NONE;
	}
	index = nft_draft_set(&observe->draft, nftnl_set_get_str(answer, NFTNL_SET_NAME), parts,
	                      data);
	set = &observe->draft.table->sets[index];
	if (set->key_size > NFT_KEY_SIZE_MAX ||
	    set->key_size != nftnl_set_get_u32(answer, NFTNL_SET_KEY_LEN))
		foreign = true;
	set->foreign = foreign;
	set->interval = !foreign && (flags & NFT_SET_INTERVAL);
	set->expiring = !foreign && (flags & NFT_SET_TIMEOUT);
}

int nft_observe_set(struct nft_observe *observe, const struct nlmsghdr *message)
{
	struct nftnl_set *answer;
	int err = -EBADMSG;

	if (!nft_observe_is_answer(message, NFT_MSG_NEWSET))
		return -EBADMSG;
	answer = nftnl_set_alloc();
	if (nftnl_set_nlmsg_parse(message, answer) == 0 && nftnl_set_is_set(answer, NFTNL_SET_NAME))
		err = 0;
	if (err == 0 && nft_observe_is_ours(observe, nftnl_set_get_u32(answer, NFTNL_SET_FAMILY),
	                                    nftnl_set_get_str(answer, NFTNL_SET_TABLE)))
		add_set(observe, answer);
	nftnl_set_free(answer);
	return err;
}

/* --- elements --- */

size_t nft_observe_find_set(const struct nft_observe *observe, const char *name)
{
	const struct nft_table *table = observe->draft.table;
	size_t i = 0;

	while (i < table->set_count && strcmp(table->sets[i].name, name) != 0)
		i++;
	return i;
}

static int compare_points(const void *a, const void *b)
{
	const struct point *x = a, *y = b;
	int order = memcmp(x->element.key, y->element.key, sizeof(x->element.key));

	return order != 0 ? order : (int)y->over - (int)x->over;
}

/* The number before 'key'; that before zero is all ones. */
static void key_before(uint8_t *key, size_t size)
{
	for (size_t i = size; i-- > 0;) {
		if (key[i]-- != 0)
			return;
	}
}

void nft_observe_close_ranges(struct nft_observe *observe)
{
	size_t size, count = observe->point_count;

	observe->point_count = 0;
	if (count == 0)
		return;
	size = observe->draft.table->sets[observe->point_set].key_size;
	qsort(observe->points, count, sizeof(*observe->points), compare_points);
	for (size_t i = 0; i < count; i++) {
		struct nft_element *element;

		if (observe->points[i].over)
			continue;
		element = nft_draft_element(&observe->draft, observe->point_set);
		*element = observe->points[i].element;
		/* Up to the next point; the last range may go on to the end. */
		memset(element->key_end, 0, sizeof(element->key_end));
		if (i + 1 < count)
			memcpy(element->key_end, observe->points[i + 1].element.key, size);
		key_before(element->key_end, size);
	}
}

static void add_point(struct nft_observe *observe, size_t set, const struct nft_element *element,
                      bool over)
{
	if (observe->point_count > 0 && observe->point_set != set)
		nft_observe_close_ranges(observe);
	observe->point_set = set;
	if (observe->point_count == observe->point_capacity) {
		observe->point_capacity = observe->point_capacity * 2 + 16;
		observe->points = xreallocarray(observe->points, observe->point_capacity,
		                                sizeof(*observe->points));
	}
	observe->points[observe->point_count++] = (struct point){.element = *element, .over = over};
}

/* 0 when it isn't there. */
static uint32_t element_u32(struct nftnl_set_elem *elem, uint16_t attr)
{
	return nftnl_set_elem_is_set(elem, attr) ? nftnl_set_elem_get_u32(elem, attr) : 0;
}

static bool read_verdict(struct nft_element *element, struct arena *arena,
                         struct nftnl_set_elem *elem)
{
	const char *chain = nftnl_set_elem_get_str(elem, NFTNL_SET_ELEM_CHAIN);

	if (!nftnl_set_elem_is_set(elem, NFTNL_SET_ELEM_VERDICT))
		return false;
	switch ((int)element_u32(elem, NFTNL_SET_ELEM_VERDICT)) {
	case NF_ACCEPT:
		element->verdict = NFT_VERDICT_ACCEPT;
		return true;
	case NF_DROP:
		element->verdict = NFT_VERDICT_DROP;
		return true;
	case NFT_JUMP:
		element->verdict = NFT_VERDICT_JUMP;
		break;
	case NFT_GOTO:
		element->verdict = NFT_VERDICT_GOTO;
		break;
	default:
		return false;
	}
	element->chain = chain ? arena_strdup(arena, chain) : NULL;
	return chain != NULL;
}

/* Copies an attribute that must be of 'size' bytes. */
static bool copy_bytes(struct nftnl_set_elem *elem, uint16_t attr, uint8_t *to, size_t size)
{
	uint32_t len = 0;
	const void *data = nftnl_set_elem_get(elem, attr, &len);

	if (!data || len != size)
		return false;
	memcpy(to, data, size);
	return true;
}

static void read_comment(struct nft_element *element, struct arena *arena,
                         struct nftnl_set_elem *elem)
{
	uint32_t size = 0;
	const void *data = nftnl_set_elem_get(elem, NFTNL_SET_ELEM_USERDATA, &size);
	const char *comment =
		data ? nft_observe_userdata_text(data, size, NFTNL_UDATA_SET_ELEM_COMMENT) : NULL;

	if (comment)
		element->comment = arena_strdup(arena, comment);
}

static bool read_element(const struct nft_set *set, struct arena *arena,
                         struct nftnl_set_elem *elem, struct nft_element *element)
{
	if (!copy_bytes(elem, NFTNL_SET_ELEM_KEY, element->key, set->key_size))
		return false;
	read_comment(element, arena, elem);
	if (nftnl_set_elem_is_set(elem, NFTNL_SET_ELEM_TIMEOUT))
		element->timeout_ms = nftnl_set_elem_get_u64(elem, NFTNL_SET_ELEM_TIMEOUT);
	if (set->interval && set->part_count > 1 &&
	    !copy_bytes(elem, NFTNL_SET_ELEM_KEY_END, element->key_end, set->key_size))
		memcpy(element->key_end, element->key, sizeof(element->key_end));
	if (set->data == NFT_TYPE_VERDICT)
		return read_verdict(element, arena, elem);
	if (set->data != NFT_TYPE_NONE)
		return copy_bytes(elem, NFTNL_SET_ELEM_DATA, element->data,
		                  nft_type_size(set->data));
	return true;
}

struct element_reader {
	struct nft_observe *observe;
	size_t set;
};

static int add_element(struct nftnl_set_elem *elem, void *ctx)
{
	struct element_reader *reader = ctx;
	struct nft_observe *observe = reader->observe;
	struct nft_table *table = observe->draft.table;
	struct nft_set *set = &table->sets[reader->set];
	/* libnftnl reads through NULL when an attribute is absent. */
	uint32_t flags = nftnl_set_elem_is_set(elem, NFTNL_SET_ELEM_FLAGS)
	                         ? nftnl_set_elem_get_u32(elem, NFTNL_SET_ELEM_FLAGS)
	                         : 0;
	struct nft_element element = {.comment = NULL};

	if (set->foreign)
		return 0;
	/* The end of a range carries no data. */
	if (flags & NFT_SET_ELEM_INTERVAL_END) {
		if (!copy_bytes(elem, NFTNL_SET_ELEM_KEY, element.key, set->key_size))
			return -1;
		add_point(observe, reader->set, &element, true);
		return 0;
	}
	if (!read_element(set, &table->arena, elem, &element))
		return -1;
	if (set->interval && set->part_count == 1)
		add_point(observe, reader->set, &element, false);
	else
		*nft_draft_element(&observe->draft, reader->set) = element;
	return 0;
}

int nft_observe_elements(struct nft_observe *observe, const struct nlmsghdr *message)
{
	struct element_reader reader = {.observe = observe};
	struct nftnl_set *answer;
	int err = -EBADMSG;

	if (!nft_observe_is_answer(message, NFT_MSG_NEWSETELEM))
		return -EBADMSG;
	answer = nftnl_set_alloc();
	if (nftnl_set_elems_nlmsg_parse(message, answer) == 0 &&
	    nftnl_set_is_set(answer, NFTNL_SET_NAME) && nftnl_set_is_set(answer, NFTNL_SET_TABLE))
		err = 0;
	if (err == 0 && nft_observe_is_ours(observe, nftnl_set_get_u32(answer, NFTNL_SET_FAMILY),
	                                    nftnl_set_get_str(answer, NFTNL_SET_TABLE))) {
		reader.set =
			nft_observe_find_set(observe, nftnl_set_get_str(answer, NFTNL_SET_NAME));
		if (reader.set < observe->draft.table->set_count &&
		    nftnl_set_elem_foreach(answer, add_element, &reader) < 0)
			err = -EBADMSG;
	}
	nftnl_set_free(answer);
	return err;
}
