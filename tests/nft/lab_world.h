/* SPDX-License-Identifier: GPL-2.0-or-later */
/* tests/nft/lab_world.h - what tests of nft/ on a real kernel have in common. I/O; for one thread.
 */

#ifndef LINTEL_TESTS_NFT_LAB_WORLD_H
#define LINTEL_TESTS_NFT_LAB_WORLD_H

#include "nft/kernel.h"
#include "tests/tap.h"

/* Runs a shell command; its exit code. */
int lab_shell(const char *command);

struct nft_kernel *lab_kernel_open(void);
/* The table that these files, this document, so many services make; the caller frees it. */
struct nft_table *lab_load(char **paths, size_t count);
struct nft_table *lab_table(const char *yaml);
struct nft_table *lab_many_services(unsigned count);
/* It is written, then seen as it was wanted, then left alone. */
void lab_check_written(struct nft_kernel *kernel, struct nft_table *wanted, const char *what);

/* tests/nft/lab_exchange.c */
void lab_try_exchanges(struct nft_kernel *kernel);

#define ROUTER                                                                      \
	"apiVersion: lintel.io/v1alpha1\n"                                          \
	"kind: VirtualRouter\n"                                                     \
	"metadata: {name: front}\n"                                                 \
	"spec: {virtualRouterId: 51, interface: eth0, addresses: [10.77.0.254/16, " \
	"'2001:db8:77::fe/64', {address: 10.78.0.254/24, interface: eth1},"         \
	" {address: '2001:db8:78::fe/64', interface: eth1}]}\n"                     \
	"---\n"
#define SERVER(name, addresses, servers, rest) \
	"apiVersion: lintel.io/v1alpha1\n"     \
	"kind: VirtualServer\n"                \
	"metadata: {name: " name "}\n"         \
	"spec:\n"                              \
	"  virtualRouter: front\n"             \
	"  addresses: [" addresses "]\n"       \
	"  servers: [" servers "]\n" rest "---\n"
#define S4 "{address: 10.78.0.21}"
#define S6 "{address: '2001:db8:78::21'}"

#endif
