/* SPDX-License-Identifier: GPL-2.0-or-later */
/* import/owner.h - which virtual router owns an address.
 *
 * Pure. Private to import/. Other programs balance on addresses without saying whose they are; here
 * a virtual server names its virtual router. One that lists the address owns it; for addresses that
 * nobody lists there is one more virtual router, whose interface and VRID may have to be filled in.
 */

#ifndef LINTEL_IMPORT_OWNER_H
#define LINTEL_IMPORT_OWNER_H

#include "import/convert.h"
#include "lib/addr.h"

struct import_owned {
	struct addr address;
	const char *router; /* its name */
};

struct import_owners {
	struct import *import;
	const struct import_options *options;
	struct import_owned *items; /* owned */
	size_t count, capacity;
	const char *other; /* the router of addresses that nobody lists, NULL: not needed yet */
};

void import_owners_done(struct import_owners *owners);
void import_owners_add(struct import_owners *owners, const struct addr *address,
                       const char *router);
/* A virtual router of ours has this name, and in the configuration that one: --router may mean it.
 */
void import_owners_router(struct import_owners *owners, const char *ours, const char *theirs);
/* The name of the virtual router that owns the address. 'from' wants to know, and is told when one
 * had to be made up; NULL when there are too many objects. */
const char *import_owner_of(struct import_owners *owners, const struct addr *address,
                            struct import_statement *from);

#endif
