/* SPDX-License-Identifier: GPL-2.0-or-later */
/* import/keepalived.h - what the converters of keepalived's blocks share.
 *
 * Pure. Private to import/. Each converter looks up what it knows in a block, says what became of
 * it, and hands the rest to a table of words that are known not to be converted, with the reason.
 */

#ifndef LINTEL_IMPORT_KEEPALIVED_H
#define LINTEL_IMPORT_KEEPALIVED_H

#include "import/build.h"
#include "import/convert.h"
#include "import/owner.h"

/* A word of a block. */
struct import_keyword {
	const char *word; /* NULL ends a table */
	enum import_verdict verdict;
	/* NULL: the converter looks it up, and one word follows; left over are those said again
	 * later. "": the same, and any number of words. */
	const char *text;
};

struct import_keepalived {
	struct import *import;
	struct import_owners owners;
	struct import_names groups; /* the virtual_server_groups */
	/* Defaults from global_defs; NULL: not said. */
	struct import_statement *version, *strict;
	struct import_statement *garp_delay, *garp_repeat, *garp_refresh, *garp_interval;
};

/* Says of every statement of the block that nothing was said of yet what the table says. */
void import_keywords(struct import *import, struct import_statement *block,
                     const struct import_keyword *table);

/* The statements of the kind, outermost. */
#define import_each(import, statement, what)                                       \
	for (struct import_statement * (statement) = (import)->first; (statement); \
	     (statement) = (statement)->sibling)                                   \
		if (strcmp((statement)->words[0], (what)) == 0)

/* A virtual router that is being made. */
struct import_router {
	struct import_keepalived *k;
	struct import *import;
	struct import_statement *block;
	struct tree *spec;
	const char *name;
	bool four; /* it has IPv4 addresses */
};
/* The addresses of a virtual_ipaddress block. */
void import_router_addresses(struct import_router *router, struct import_statement *block);
/* Its auth_hmac block. */
void import_router_auth_hmac(struct import_router *router, struct import_statement *block);

/* import/keepalived_track.c: blocks of the instance or of its sync group ... */
void import_track_interfaces(struct import_router *router, struct import_statement *block);
void import_track_files(struct import_router *router, struct import_statement *block);
/* ... the group that names the instance, and what it tracks for all its members ... */
void import_router_group(struct import_router *router, const char *instance);
/* ... and what is to be said when all instances have been converted. */
void import_note_track_files(struct import_keepalived *k);
void import_note_sync_groups(struct import_keepalived *k);

void import_global_defs(struct import_keepalived *k, struct import_statement *block);
void import_vrrp_instance(struct import_keepalived *k, struct import_statement *block);
void import_virtual_server(struct import_keepalived *k, struct import_statement *block);

/* on, true, yes and nothing at all are true. */
bool import_is_on(const struct import_statement *statement);

/* How servers are checked: said for a virtual server, a real server or a check. */
struct import_checking {
	struct import_statement *delay_loop, *retry, *delay_before_retry, *connect_timeout;
	struct import_statement *alpha, *inhibit, *virtualhost;
};
/* Takes what the block says about checking; what it doesn't say stays. */
void import_checking_take(struct import *import, struct import_checking *checking,
                          struct import_statement *block);
/* The map healthCheck for a real server, NULL: none. 'port' is the server's. */
struct tree *import_health_check(struct import *import, const struct import_checking *checking,
                                 struct import_statement *server);
/* Is it a block that checks a server? */
bool import_is_check(const struct import_statement *statement);

#endif
