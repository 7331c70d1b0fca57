/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "import/owner.h"

#include "import/build.h"
#include "lib/mem.h"

#include <stdlib.h>
#include <string.h>

#define ROUTER_DEFAULT "imported"

void import_owners_done(struct import_owners *owners)
{
	free(owners->items);
	owners->items = NULL;
	owners->count = owners->capacity = 0;
}

void import_owners_add(struct import_owners *owners, const struct addr *address, const char *router)
{
	if (owners->count == owners->capacity) {
		owners->capacity = owners->capacity ? 2 * owners->capacity : 16;
		owners->items =
			xreallocarray(owners->items, owners->capacity, sizeof(*owners->items));
	}
	owners->items[owners->count++] =
		(struct import_owned){.address = *address, .router = router};
}

void import_owners_router(struct import_owners *owners, const char *ours, const char *theirs)
{
	const char *wanted = owners->options->router;

	if (wanted && (strcmp(wanted, ours) == 0 || strcmp(wanted, theirs) == 0))
		owners->other = ours;
}

static void make_other(struct import_owners *owners, struct import_statement *from)
{
	const struct import_options *options = owners->options;
	const char *wanted = options->router ? options->router : ROUTER_DEFAULT;
	const char *interface = options->interface ? options->interface : IMPORT_INTERFACE_UNKNOWN;
	struct import *import = owners->import;
	struct tree *spec = import_document(import, from, "VirtualRouter", wanted, &owners->other);

	if (!spec)
		return;
	import_put_int(import, spec, "virtualRouterId", from, options->vrid ? options->vrid : 1);
	import_put_text(import, spec, "interface", from, interface);
	if (options->interface && options->vrid)
		import_note(import, from, IMPORT_DIFFERS,
		            "no virtual router here owns the address: VirtualRouter %s was added",
		            owners->other);
	else
		import_note(import, from, IMPORT_DIFFERS,
		            "no virtual router here owns the address: VirtualRouter %s was added; "
		            "set its interface and virtualRouterId (--interface, --vrid)",
		            owners->other);
}

const char *import_owner_of(struct import_owners *owners, const struct addr *address,
                            struct import_statement *from)
{
	for (size_t i = 0; i < owners->count; i++) {
		if (addr_equal(&owners->items[i].address, address))
			return owners->items[i].router;
	}
	if (!owners->other)
		make_other(owners, from);
	return owners->other;
}
