/* SPDX-License-Identifier: GPL-2.0-or-later */
/* nft/ruleset_service.h - what one service puts into the sets.
 *
 * Pure; a part of nft/ruleset_sets.h, not for others. */

#ifndef LINTEL_NFT_RULESET_SERVICE_H
#define LINTEL_NFT_RULESET_SERVICE_H

#include "nft/ruleset_sets.h"

void nft_ruleset_service_add(struct nft_ruleset_sets *sets, const struct model_service *service);
/* The interfaces of the service's router. */
void nft_ruleset_service_add_hairpins(struct nft_ruleset_sets *sets,
                                      const struct model_service *service);

#endif
