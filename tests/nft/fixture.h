/* SPDX-License-Identifier: GPL-2.0-or-later */
/* tests/nft/fixture.h - snapshots from text, for tests. */

#ifndef LINTEL_TESTS_NFT_FIXTURE_H
#define LINTEL_TESTS_NFT_FIXTURE_H

#include "model/snapshot.h"
#include "nft/table.h"

/* Objects from a text without errors, and what becomes of several of these together. */
struct model_objects fixture_objects(const char *yaml);
struct model_snapshot *fixture_join(const struct model_objects *const *sources, size_t count);
/* The snapshot that these YAML documents make; the test fails when they make none. */
struct model_snapshot *fixture_snapshot(const char *yaml);
/* The nftables table that they make. */
struct nft_table *fixture_table(const char *yaml);

/* VirtualRouter front on eth0 (10.77.0.254/16, 2001:db8:77::fe/64) and eth1 (10.78.0.254/24,
 * 2001:db8:78::fe/64). */
#define FIXTURE_ROUTER FIXTURE_ROUTER_WITH("")
#define FIXTURE_ROUTER_WITH(more)                              \
	"apiVersion: lintel.io/v1alpha1\n"                     \
	"kind: VirtualRouter\n"                                \
	"metadata: {name: front}\n"                            \
	"spec: {virtualRouterId: 51, interface: eth0, " more   \
	"addresses: [10.77.0.254/16, '2001:db8:77::fe/64', "   \
	"{address: 10.78.0.254/24, interface: eth1}, "         \
	"{address: '2001:db8:78::fe/64', interface: eth1}]}\n" \
	"---\n"
/* VirtualRouter front on eth0 alone (10.77.0.254/16), and inside on eth1 (10.78.0.253/24), which
 * moves with it. */
#define FIXTURE_SYNC_GROUP                                               \
	"apiVersion: lintel.io/v1alpha1\n"                               \
	"kind: VirtualRouter\n"                                          \
	"metadata: {name: front}\n"                                      \
	"spec: {virtualRouterId: 51, interface: eth0, syncGroup: edge, " \
	"addresses: [10.77.0.254/16]}\n"                                 \
	"---\n"                                                          \
	"apiVersion: lintel.io/v1alpha1\n"                               \
	"kind: VirtualRouter\n"                                          \
	"metadata: {name: inside}\n"                                     \
	"spec: {virtualRouterId: 52, interface: eth1, syncGroup: edge, " \
	"addresses: [10.78.0.253/24]}\n"                                 \
	"---\n"
/* A VirtualServer of that router; 'rest' are lines of its spec. */
#define FIXTURE_SERVER(name, addresses, servers, rest) \
	"apiVersion: lintel.io/v1alpha1\n"             \
	"kind: VirtualServer\n"                        \
	"metadata: {name: " name "}\n"                 \
	"spec:\n"                                      \
	"  virtualRouter: front\n"                     \
	"  addresses: [" addresses "]\n"               \
	"  servers: [" servers "]\n" rest "---\n"
#define FIXTURE_S4   "{address: 10.78.0.21}"
#define FIXTURE_S6   "{address: '2001:db8:78::21'}"
#define FIXTURE_BOTH FIXTURE_S4 ", " FIXTURE_S6

#endif
