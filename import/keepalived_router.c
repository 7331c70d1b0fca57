/* SPDX-License-Identifier: GPL-2.0-or-later */
/* vrrp_instance to VirtualRouter. */
#include "import/keepalived.h"

#include <stdio.h>
#include <string.h>

#define SCRIPT "Lintel runs no programs; lintel run --notify tells yours what happens"
#define TRACK  "interfaces, files and addresses are tracked: track"

static const struct import_keyword words[] = {
	{"state", IMPORT_TAKEN, NULL},
	{"interface", IMPORT_TAKEN, NULL},
	{"virtual_router_id", IMPORT_TAKEN, NULL},
	{"priority", IMPORT_TAKEN, NULL},
	{"advert_int", IMPORT_TAKEN, NULL},
	{"version", IMPORT_TAKEN, NULL},
	{"nopreempt", IMPORT_TAKEN, NULL},
	{"preempt", IMPORT_TAKEN, NULL},
	{"preempt_delay", IMPORT_TAKEN, NULL},
	{"accept", IMPORT_TAKEN, NULL},
	{"no_accept", IMPORT_TAKEN, NULL},
	{"strict_mode", IMPORT_TAKEN, NULL},
	{"use_vmac", IMPORT_TAKEN, ""},
	{"unicast_peer", IMPORT_TAKEN, NULL},
	{"track_interface", IMPORT_TAKEN, NULL},
	{"track_file", IMPORT_TAKEN, NULL},
	{"virtual_ipaddress", IMPORT_TAKEN, NULL},
	{"virtual_ipaddress_excluded", IMPORT_TAKEN, NULL},
	{"garp_master_delay", IMPORT_TAKEN, NULL},
	{"garp_master_repeat", IMPORT_TAKEN, NULL},
	{"auth_hmac", IMPORT_TAKEN, NULL},
	{"garp_master_refresh", IMPORT_TAKEN, NULL},
	{"use_vmac_addr", IMPORT_FAILED,
         "addresses on other interfaces than the router's own are on these themselves"},
	{"vmac_xmit_base", IMPORT_DIFFERS, "Lintel chooses where advertisements leave"},
	{"use_ipvlan", IMPORT_FAILED, "there are no ipvlan interfaces; virtualMac makes a macvlan"},
	{"native_ipv6", IMPORT_DIFFERS, "the addresses say which family it is"},
	{"dont_track_primary", IMPORT_FAILED, "the router's own interface is always tracked"},
	{"vrf", IMPORT_FAILED, "each VirtualRouter names its interface"},
	{"track_script", IMPORT_FAILED, "Lintel runs no programs; " TRACK},
	{"track_process", IMPORT_FAILED, TRACK},
	{"track_bfd", IMPORT_FAILED, TRACK},
	{"mcast_src_ip", IMPORT_DIFFERS,
         "advertisements come from the interface's own first address"},
	{"unicast_src_ip", IMPORT_DIFFERS,
         "advertisements come from the interface's own address that leads to the peer; the peers "
         "have to name that one"},
	{"track_src_ip", IMPORT_DIFFERS, "an interface without an address is tracked anyway"},
	{"mcast_dst_ip", IMPORT_FAILED, "multicast goes to the groups of RFC 9568 only"},
	{"check_unicast_src", IMPORT_DIFFERS,
         "packets of others than the peers are always dropped"},
	{"unicast_fault_no_peer", IMPORT_DIFFERS, "without peers it is multicast"},
	{"unicast_ttl", IMPORT_FAILED, "advertisements have TTL 255, and no other is accepted"},
	{"old_unicast_checksum", IMPORT_DIFFERS, "both forms of the checksum are accepted"},
	{"garp_lower_prio_delay", IMPORT_DIFFERS,
         "the winner of a conflict announces again at once"},
	{"garp_lower_prio_repeat", IMPORT_DIFFERS,
         "the winner of a conflict announces again at once"},
	{"garp_master_refresh_repeat", IMPORT_DIFFERS, "a refresh is one frame for an address"},
	{"garp_extra_if", IMPORT_DIFFERS, "every address is announced on its own interface"},
	{"garp_extra_if_vmac", IMPORT_DIFFERS, "every address is announced on its own interface"},
	{"down_timer_adverts", IMPORT_FAILED, "three intervals, as RFC 9568 has it"},
	{"lower_prio_no_advert", IMPORT_FAILED,
         "an active node always answers an advertisement of lower priority"},
	{"higher_prio_send_advert", IMPORT_DIFFERS, "the winner of a conflict announces again"},
	{"authentication", IMPORT_FAILED,
         "VRRPv3 has no passwords (RFC 5798 9): packets of others than the peers are dropped, and "
         "so is what does not come from the network itself (TTL 255)"},
	{"promote_secondaries", IMPORT_DIFFERS,
         "each address is put back if the kernel takes it away"},
	{"virtual_routes", IMPORT_FAILED, "routes do not move with the addresses"},
	{"virtual_rules", IMPORT_FAILED, "rules do not move with the addresses"},
	{"lvs_sync_daemon_interface", IMPORT_DIFFERS,
         "connections go to the peers by a channel of Lintel's own ('lintel run --peer-key')"},
	{"lvs_sync_daemon_inteface", IMPORT_DIFFERS,
         "connections go to the peers by a channel of Lintel's own ('lintel run --peer-key')"},
	{"skip_check_adv_addr", IMPORT_DIFFERS, "addresses in advertisements decide nothing"},
	{"debug", IMPORT_DIFFERS, "'lintel run --log-level' says how much is logged"},
	{"notify", IMPORT_FAILED, SCRIPT},
	{"notify_master", IMPORT_FAILED, SCRIPT},
	{"notify_backup", IMPORT_FAILED, SCRIPT},
	{"notify_fault", IMPORT_FAILED, SCRIPT},
	{"notify_stop", IMPORT_FAILED, SCRIPT},
	{"notify_deleted", IMPORT_FAILED, SCRIPT},
	{"notify_master_rx_lower_pri", IMPORT_FAILED, SCRIPT},
	{"notify_priority_changes", IMPORT_FAILED, SCRIPT},
	{"smtp_alert", IMPORT_FAILED, "Lintel sends no mail; alert from /metrics"},
	{"kernel_rx_buf_size", IMPORT_DIFFERS, "buffers are sized by themselves"},
	{"linkbeat_use_polling", IMPORT_DIFFERS, "the state of links comes from the kernel"},
	{.word = NULL},
};

static void taken(struct import_router *router, struct import_statement *s)
{
	import_note(router->import, s, IMPORT_TAKEN, "%s", "");
}

/* --- who it is --- */

static void take_word(struct import_router *router, const char *word, const char *field, bool text)
{
	struct import_statement *s = import_find(router->block, word);

	if (!s)
		return;
	if (text)
		import_put_text(router->import, router->spec, field, s, import_word(s, 1));
	else
		import_put_word(router->import, router->spec, field, s, import_word(s, 1));
	import_note(router->import, s, IMPORT_TAKEN, "%s", field);
}

static void take_interval(struct import_router *router)
{
	struct import_statement *s = import_find(router->block, "advert_int");
	int64_t us = 1000000;

	if (!s) {
		import_note(router->import, router->block, IMPORT_TAKEN,
		            "advertisementInterval: 1s, keepalived's default");
		s = router->block;
	} else if (import_seconds(import_word(s, 1), &us)) {
		import_note(router->import, s, IMPORT_TAKEN, "advertisementInterval");
	} else {
		import_put_text(router->import, router->spec, "advertisementInterval", s,
		                import_word(s, 1));
		return; /* the decoder says what is allowed */
	}
	import_put_duration(router->import, router->spec, "advertisementInterval", s, us);
}

/* --- how it behaves --- */

static void take_preempt(struct import_router *router)
{
	struct import_statement *state = import_find(router->block, "state");
	struct import_statement *no = import_find(router->block, "nopreempt");
	struct import_statement *yes = import_find(router->block, "preempt");
	struct import_statement *priority = import_find(router->block, "priority");
	bool master = state && strcmp(import_word(state, 1), "MASTER") == 0;
	bool owner = priority && strcmp(import_word(priority, 1), "255") == 0;
	bool preempt = !no || master || owner;

	if (state && master)
		import_note(router->import, state, IMPORT_DIFFERS,
		            "every node listens before it becomes active; the priority decides");
	else if (state)
		taken(router, state);
	if (no && preempt)
		import_note(router->import, no, IMPORT_DIFFERS,
		            "keepalived does not heed it with %s: preempt: true",
		            master ? "state MASTER" : "priority 255");
	else if (no)
		taken(router, no);
	if (yes)
		taken(router, yes);
	if (!preempt)
		return;
	import_put_bool(router->import, router->spec, "preempt", no ? no : router->block, true);
	if (!no)
		import_note(router->import, router->block, IMPORT_TAKEN,
		            "preempt: true, keepalived's default");
}

static void take_preempt_delay(struct import_router *router)
{
	struct import_statement *s = import_find(router->block, "preempt_delay");
	struct import_statement *state = import_find(router->block, "state");
	int64_t us;

	if (!s)
		return;
	if (state && strcmp(import_word(state, 1), "MASTER") == 0) {
		import_note(router->import, s, IMPORT_DIFFERS,
		            "keepalived does not heed it with state MASTER");
	} else if (import_find(router->block, "nopreempt")) {
		import_note(router->import, s, IMPORT_DIFFERS,
		            "keepalived does not heed it with nopreempt");
	} else if (!import_seconds(import_word(s, 1), &us)) {
		import_note(router->import, s, IMPORT_FAILED, "no number of seconds");
	} else {
		import_put_duration(router->import, router->spec, "preemptDelay", s, us);
		import_note(router->import, s, IMPORT_DIFFERS,
		            "preemptDelay counts from the start of the node only");
	}
}

static void take_accept(struct import_router *router)
{
	struct import_statement *no = import_find(router->block, "no_accept");
	struct import_statement *yes = import_find(router->block, "accept");
	struct import_statement *strict = import_find(router->block, "strict_mode");
	bool is_strict = strict ? import_is_on(strict) : router->k->strict != NULL;

	if (yes)
		taken(router, yes);
	if (no)
		taken(router, no);
	if (strict)
		import_note(router->import, strict, IMPORT_DIFFERS,
		            "as far as packets to the router's addresses go");
	if (no || (is_strict && !yes))
		import_put_bool(router->import, router->spec, "accept",
		                no       ? no
		                : strict ? strict
		                         : router->block,
		                false);
}

static void take_virtual_mac(struct import_router *router)
{
	struct import_statement *s = import_find(router->block, "use_vmac");

	if (!s)
		return;
	import_put_bool(router->import, router->spec, "virtualMac", s, true);
	if (s->word_count == 1)
		taken(router, s);
	else
		import_note(router->import, s, IMPORT_DIFFERS,
		            "virtualMac: true; Lintel names the interface, and the MAC address is "
		            "that of RFC 9568");
}

/* A setting of the instance, else the default of all. */
static struct import_statement *setting(struct import_router *router, const char *word,
                                        struct import_statement *otherwise)
{
	struct import_statement *s = import_find(router->block, word);

	if (s)
		taken(router, s);
	return s ? s : otherwise;
}

static void take_announcements(struct import_router *router)
{
	struct import_keepalived *k = router->k;
	struct {
		struct import_statement *s;
		const char *field;
		bool count;
	} settings[] = {
		{setting(router, "garp_master_repeat", k->garp_repeat), "count", true},
		{k->garp_interval, "interval", false},
		{setting(router, "garp_master_delay", k->garp_delay), "repeatAfter", false},
		{setting(router, "garp_master_refresh", k->garp_refresh), "refresh", false},
	};

	for (size_t i = 0; i < LT_ARRAY_SIZE(settings); i++) {
		struct import_statement *s = settings[i].s;
		struct tree *announce;
		int64_t us;

		if (!s)
			continue;
		announce = import_put_map(router->import, router->spec, "announce", s);
		if (settings[i].count)
			import_put_word(router->import, announce, settings[i].field, s,
			                import_word(s, 1));
		else if (import_seconds(import_word(s, 1), &us))
			import_put_duration(router->import, announce, settings[i].field, s, us);
		else
			import_revoke(router->import, s, "no number of seconds");
	}
}

static void note_version(struct import_router *router)
{
	struct import_statement *s = import_find(router->block, "version");
	const struct import_statement *said = s ? s : router->k->version;
	bool three = said && strcmp(import_word(said, 1), "3") == 0;

	if (s && three)
		taken(router, s);
	else if (s || (!said && router->four))
		import_note(router->import, s ? s : router->block, IMPORT_DIFFERS,
		            "Lintel speaks VRRP version 3 only%s: all nodes of a virtual router "
		            "have to change together",
		            s ? "" : ", keepalived's default is 2");
}

/* --- addresses --- */

static void take_peers(struct import_router *router, struct import_statement *block)
{
	struct tree *peers;

	taken(router, block);
	for (struct import_statement *s = block->child; s; s = s->sibling) {
		if (s->aside)
			continue;
		peers = import_put_list(router->import, router->spec, "peers", block);
		import_append_text(router->import, peers, s, s->words[0]);
		if (s->word_count > 1)
			import_note(router->import, s, IMPORT_DIFFERS,
			            "the TTL has to be 255, whatever is said here");
		else
			taken(router, s);
	}
	if (!tree_get(router->spec, "peers"))
		import_note(router->import, block, IMPORT_DIFFERS, "without peers it is multicast");
}

/* Lists may stand in several blocks. */
static void take_lists(struct import_router *router)
{
	static const struct {
		const char *word;
		void (*take)(struct import_router *router, struct import_statement *block);
	} lists[] = {
		{"virtual_ipaddress", import_router_addresses},
		{"virtual_ipaddress_excluded", import_router_addresses},
		{"unicast_peer", take_peers},
		{"track_interface", import_track_interfaces},
		{"track_file", import_track_files},
		{"auth_hmac", import_router_auth_hmac},
	};

	for (size_t i = 0; i < LT_ARRAY_SIZE(lists); i++) {
		for (struct import_statement *s = router->block->child; s; s = s->sibling) {
			if (strcmp(s->words[0], lists[i].word) == 0)
				lists[i].take(router, s);
		}
	}
}

/* What can't be without; false when it is not there. */
static bool has(struct import_keepalived *k, struct import_statement *block, const char *word)
{
	if (import_find(block, word))
		return true;
	import_note_all(k->import, block, IMPORT_FAILED,
	                "no VirtualRouter can be made of it: %s is missing", word);
	return false;
}

void import_vrrp_instance(struct import_keepalived *k, struct import_statement *block)
{
	struct import_router router = {.k = k, .import = k->import, .block = block};
	const char *theirs = import_word(block, 1);

	if (!has(k, block, "interface") || !has(k, block, "virtual_router_id"))
		return;
	router.spec = import_document(k->import, block, "VirtualRouter", theirs, &router.name);
	if (!router.spec)
		return;
	import_note(k->import, block, IMPORT_TAKEN, "VirtualRouter %s", router.name);
	import_owners_router(&k->owners, router.name, theirs);
	take_word(&router, "virtual_router_id", "virtualRouterId", false);
	take_word(&router, "interface", "interface", true);
	take_lists(&router);
	import_router_group(&router, theirs);
	take_word(&router, "priority", "priority", false);
	take_interval(&router);
	take_preempt(&router);
	take_preempt_delay(&router);
	take_accept(&router);
	take_virtual_mac(&router);
	take_announcements(&router);
	note_version(&router);
	import_keywords(k->import, block, words);
}
