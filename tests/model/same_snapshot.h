/* SPDX-License-Identifier: GPL-2.0-or-later */
/* tests/model/same_snapshot.h - two snapshots of the same objects. */

#ifndef LINTEL_TESTS_MODEL_SAME_SNAPSHOT_H
#define LINTEL_TESTS_MODEL_SAME_SNAPSHOT_H

#include "model/snapshot.h"

#include <check.h>

/* The same objects in the same order, and the same made of them. */
static inline void same_snapshot(const struct model_snapshot *a, const struct model_snapshot *b)
{
	ck_assert_uint_eq(a->source_count, b->source_count);
	ck_assert_uint_eq(a->router_count, b->router_count);
	for (size_t i = 0; i < a->router_count; i++)
		ck_assert_ptr_eq(a->routers[i], b->routers[i]);
	ck_assert_uint_eq(a->virtual_server_count, b->virtual_server_count);
	for (size_t i = 0; i < a->virtual_server_count; i++)
		ck_assert_ptr_eq(a->virtual_servers[i], b->virtual_servers[i]);
	ck_assert_uint_eq(a->service_count, b->service_count);
	for (size_t i = 0; i < a->service_count; i++) {
		ck_assert_ptr_eq(a->services[i].virtual_server, b->services[i].virtual_server);
		ck_assert_ptr_eq(a->services[i].port, b->services[i].port);
		ck_assert_ptr_eq(a->services[i].router, b->services[i].router);
		ck_assert(addr_equal(&a->services[i].address, &b->services[i].address));
		ck_assert_uint_eq(a->services[i].mark, b->services[i].mark);
	}
	ck_assert_uint_eq(a->claim_count, b->claim_count);
	for (size_t i = 0; i < a->claim_count; i++) {
		ck_assert_ptr_eq(a->claims[i].virtual_server, b->claims[i].virtual_server);
		ck_assert_ptr_eq(a->claims[i].router, b->claims[i].router);
		ck_assert_uint_eq(a->claims[i].index, b->claims[i].index);
		ck_assert(addr_equal(&a->claims[i].address, &b->claims[i].address));
	}
	ck_assert_uint_eq(a->vip_count, b->vip_count);
	for (size_t i = 0; i < a->vip_count; i++) {
		ck_assert(addr_equal(&a->vips[i].address, &b->vips[i].address));
		ck_assert_ptr_eq(a->vips[i].router, b->vips[i].router);
	}
}

#endif
