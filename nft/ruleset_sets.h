/* SPDX-License-Identifier: GPL-2.0-or-later */
/* nft/ruleset_sets.h - the sets and maps of our table, filled from the snapshot.
 *
 * Pure; the first half of nft/ruleset.h, not for others. A set is there when it has an element; the
 * rules (nft/ruleset.c) are there when their sets are. */

#ifndef LINTEL_NFT_RULESET_SETS_H
#define LINTEL_NFT_RULESET_SETS_H

#include "model/snapshot.h"
#include "nft/draft.h"
#include "nft/sources.h"

/* Some stand once a family ("served4", "served6"), some once a protocol as well ("shift_tcp4"). */
enum nft_ruleset_set {
	NFT_SET_VIPS,             /* addresses of virtual servers */
	NFT_SET_SERVED,           /* address . protocol . port that somebody serves */
	NFT_SET_RESTRICTED,       /* the same, where only some sources may come -> their chain */
	NFT_SET_RANGES,           /* address . protocol . ports -> mark */
	NFT_SET_RANGE_MARKS,      /* those marks */
	NFT_SET_RESTRICTED_MARKS, /* mark -> chain of the sources that may come */
	NFT_SET_SHIFTED_MARKS,    /* marks of ranges whose ports differ on the servers */
	NFT_SET_SHIFTED_VIPS,     /* their addresses */
	NFT_SET_SHIFT,            /* address . port -> port on the servers */
	NFT_SET_UNSHIFT,          /* address . port on the servers -> port */
	NFT_SET_NAT,              /* address . port -> chain of the kind of source NAT */
	NFT_SET_NAT_MARKS,        /* the same by mark */
	NFT_SET_FLOATING,         /* address . outgoing interface -> floating address there */
	NFT_SET_FIXED,            /* address . port -> address named in the configuration */
	NFT_SET_FIXED_MARKS,      /* the same by mark */
	NFT_SET_HAIRPINS,         /* interface . interface: out where it came in */
	NFT_SET_UNACCEPTED,       /* addresses of routers with accept: false */
	NFT_SET_KIND_COUNT,
};

enum { NFT_FAMILY_4, NFT_FAMILY_6, NFT_FAMILY_COUNT };
enum { NFT_PROTO_TCP, NFT_PROTO_UDP, NFT_PROTO_SCTP, NFT_PROTO_COUNT };

#define NFT_CHAIN_NAT_AUTO       "source_nat_auto"
#define NFT_CHAIN_NAT_MASQUERADE "source_nat_masquerade"
#define NFT_CHAIN_NAT_FIXED      "source_nat_fixed"
#define NFT_SOURCES_NAME_SIZE    48

struct nft_ruleset_sets {
	const struct model_snapshot *snapshot;
	struct nft_draft draft;
	struct nft_sources sources; /* list i is checked in chain sources_i+1 */
	/* What each is called in the table, NULL when it isn't there. */
	const char *names[NFT_SET_KIND_COUNT][NFT_FAMILY_COUNT][NFT_PROTO_COUNT];
	size_t indices[NFT_SET_KIND_COUNT][NFT_FAMILY_COUNT][NFT_PROTO_COUNT];
	/* The last addresses that are in 'vips' and 'floating': neighbours share them. */
	const struct addr *vip, *floating;
	bool nat; /* a service is forwarded by NAT, so the chain must be there */
	bool auto_nat[NFT_FAMILY_COUNT];
	bool masquerade;
};

void nft_ruleset_sets_fill(struct nft_ruleset_sets *sets, const struct model_snapshot *snapshot);
/* The index of the set, which is made when it isn't there yet. */
size_t nft_ruleset_sets_need(struct nft_ruleset_sets *sets, enum nft_ruleset_set which,
                             unsigned family, unsigned protocol);
/* Frees all but the draft. */
void nft_ruleset_sets_done(struct nft_ruleset_sets *sets);

/* The set's name, NULL when it isn't there. Family and protocol are 0 for sets that stand once. */
const char *nft_ruleset_sets_name(const struct nft_ruleset_sets *sets, enum nft_ruleset_set which,
                                  unsigned family, unsigned protocol);
/* "sources_1", "sources_1_4"; returns buf. */
const char *nft_ruleset_sets_chain(size_t list, char buf[static NFT_SOURCES_NAME_SIZE]);
const char *nft_ruleset_sets_ranges(size_t list, unsigned family,
                                    char buf[static NFT_SOURCES_NAME_SIZE]);

#endif
