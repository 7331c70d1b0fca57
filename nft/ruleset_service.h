/* SPDX-License-Identifier: GPL-2.0-or-later */
/* nft/ruleset_service.h - what one service puts into the sets.
 *
 * Pure; a part of nft/ruleset_sets.h, not for others. */

#ifndef LINTEL_NFT_RULESET_SERVICE_H
#define LINTEL_NFT_RULESET_SERVICE_H

#include "nft/ruleset_sets.h"

/* The services on one address and protocol: they stand side by side in the snapshot. */
struct nft_ruleset_neighbours {
	const struct model_service *begin, *end;
};

void nft_ruleset_service_add(struct nft_ruleset_sets *sets, const struct model_service *service,
                             const struct nft_ruleset_neighbours *around);
/* The interfaces of the service's router. */
void nft_ruleset_service_add_hairpins(struct nft_ruleset_sets *sets,
                                      const struct model_service *service);

#endif
