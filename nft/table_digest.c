/* SPDX-License-Identifier: GPL-2.0-or-later */
/* nft/table_digest.c - digests of tables: FNV-1a, 64 bits. They tell states apart; they are no
 * protection against malice.
 *
 * The frame is little and goes in as text, as a reader would compare it; elements of plain sets are
 * many and go in as they are. */

#include "nft/table.h"

#include <string.h>

#define BASIS UINT64_C(0xcbf29ce484222325)
#define PRIME UINT64_C(0x100000001b3)

static uint64_t mix(uint64_t digest, const void *data, size_t size)
{
	const uint8_t *bytes = data;

	for (size_t i = 0; i < size; i++)
		digest = (digest ^ bytes[i]) * PRIME;
	return digest;
}

/* The NUL goes in, too: it separates. */
static uint64_t mix_text(uint64_t digest, const char *s)
{
	return s ? mix(digest, s, strlen(s) + 1) : mix(digest, "\1", 2);
}

bool nft_set_is_plain(const struct nft_set *set)
{
	return !set->interval && !set->expiring && !set->foreign;
}

static uint64_t of_set(const struct nft_set *set)
{
	struct text text = {0};
	uint64_t digest;

	if (nft_set_is_plain(set)) {
		text_printf(&text, "%s ", set->name);
		nft_set_format_type(set, &text);
	} else {
		nft_set_format(set, &text);
	}
	digest = mix_text(BASIS, text_str(&text));
	text_done(&text);
	return digest;
}

static uint64_t of_chain(const struct nft_chain *chain)
{
	struct text text = {0};
	uint64_t digest;

	nft_chain_format_type(chain, &text);
	digest = mix_text(mix_text(BASIS, chain->name), text_str(&text));
	text_done(&text);
	for (size_t i = 0; i < chain->rule_count; i++) {
		/* Two instructions may read alike, and two rules have the same instructions. */
		digest = mix_text(digest, chain->rules[i].text);
		digest = mix_text(digest, chain->rules[i].code);
	}
	return digest;
}

static uint64_t mix_element(uint64_t digest, const struct nft_set *set,
                            const struct nft_element *element)
{
	digest = mix(digest, element->key, set->key_size);
	digest = mix(digest, element->data, nft_type_size(set->data));
	if (set->data == NFT_TYPE_VERDICT) {
		digest = mix(digest, &element->verdict, sizeof(element->verdict));
		digest = mix_text(digest, element->chain);
	}
	return mix_text(digest, element->comment);
}

static uint64_t not_zero(uint64_t digest)
{
	return digest != 0 ? digest : 1;
}

/* A sum: in which order sets and chains were made is no difference. */
uint64_t nft_table_frame(const struct nft_table *table)
{
	uint64_t digest = mix_text(BASIS, table->present ? table->name : "");

	for (size_t i = 0; i < table->set_count; i++)
		digest += of_set(&table->sets[i]);
	for (size_t i = 0; i < table->chain_count; i++)
		digest += of_chain(&table->chains[i]);
	return not_zero(digest);
}

uint64_t nft_table_digest(const struct nft_table *table)
{
	uint64_t digest = nft_table_frame(table);

	for (size_t i = 0; i < table->set_count; i++) {
		const struct nft_set *set = &table->sets[i];
		uint64_t elements = mix_text(BASIS, set->name);

		for (size_t j = 0; nft_set_is_plain(set) && j < set->element_count; j++)
			elements = mix_element(elements, set, &set->elements[j]);
		digest += elements;
	}
	return not_zero(digest);
}
