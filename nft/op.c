/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "nft/op.h"

struct nft_op nft_op_plain(enum nft_op_kind kind)
{
	return (struct nft_op){.kind = kind};
}

struct nft_op nft_op_valued(enum nft_op_kind kind, uint32_t value)
{
	return (struct nft_op){.kind = kind, .value = value};
}

struct nft_op nft_op_go(enum nft_op_kind kind, const char *chain)
{
	return (struct nft_op){.kind = kind, .name = chain};
}

struct nft_op nft_op_look1(enum nft_op_kind kind, const char *set, enum nft_field a)
{
	return (struct nft_op){.kind = kind, .name = set, .fields = {a}, .field_count = 1};
}

struct nft_op nft_op_look2(enum nft_op_kind kind, const char *set, enum nft_field a,
                           enum nft_field b)
{
	return (struct nft_op){.kind = kind, .name = set, .fields = {a, b}, .field_count = 2};
}
