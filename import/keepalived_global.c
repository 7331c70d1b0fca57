/* SPDX-License-Identifier: GPL-2.0-or-later */
/* global_defs. Most of it is about what Lintel does not have, or does without being told. */
#include "import/keepalived.h"

#include <string.h>

#define MAIL    "Lintel sends no mail; alert from /metrics"
#define SCRIPT  "Lintel runs no programs; lintel run --notify tells yours what happens"
#define FIFO    "lintel run --notify fifo:PATH writes events there, as lines of JSON"
#define SNMP    "Lintel has no SNMP; /metrics has the figures"
#define ONE     "there is one process, and it needs no such setting"
#define BUFFERS "buffers are sized by themselves"
#define OWN_NFT "what has to be filtered is in a table of its own, nftables 'inet lintel'"

static const struct import_keyword words[] = {
	{"router_id", IMPORT_DIFFERS,
         "a node's name is its host name; 'lintel run --node' says another"},
	{"notification_email", IMPORT_FAILED, MAIL},
	{"notification_email_from", IMPORT_FAILED, MAIL},
	{"smtp_server", IMPORT_FAILED, MAIL},
	{"smtp_helo_name", IMPORT_FAILED, MAIL},
	{"smtp_connect_timeout", IMPORT_FAILED, MAIL},
	{"smtp_alert", IMPORT_FAILED, MAIL},
	{"smtp_alert_vrrp", IMPORT_FAILED, MAIL},
	{"smtp_alert_checker", IMPORT_FAILED, MAIL},
	{"no_email_faults", IMPORT_DIFFERS, "no mail is sent at all"},
	{"no_checker_emails", IMPORT_DIFFERS, "no mail is sent at all"},
	{"startup_script", IMPORT_FAILED, "Lintel runs no programs; systemd does: ExecStartPre="},
	{"startup_script_timeout", IMPORT_FAILED, "Lintel runs no programs"},
	{"shutdown_script", IMPORT_FAILED, "Lintel runs no programs; systemd does: ExecStopPost="},
	{"shutdown_script_timeout", IMPORT_FAILED, "Lintel runs no programs"},
	{"notify_fifo", IMPORT_FAILED, FIFO},
	{"notify_fifo_script", IMPORT_FAILED, SCRIPT},
	{"vrrp_notify_fifo", IMPORT_FAILED, FIFO},
	{"vrrp_notify_fifo_script", IMPORT_FAILED, SCRIPT},
	{"lvs_notify_fifo", IMPORT_FAILED, FIFO},
	{"lvs_notify_fifo_script", IMPORT_FAILED, SCRIPT},
	{"fifo_write_vrrp_states_on_reload", IMPORT_DIFFERS,
         "whoever begins to read is told the states, a reload changes none"},
	{"vrrp_notify_priority_changes", IMPORT_FAILED, SCRIPT},
	{"rs_init_notifies", IMPORT_FAILED, SCRIPT},
	{"script_user", IMPORT_DIFFERS, "no programs are run"},
	{"enable_script_security", IMPORT_DIFFERS, "no programs are run"},
	{"script_security", IMPORT_DIFFERS, "no programs are run"},
	{"enable_snmp_keepalived", IMPORT_FAILED, SNMP},
	{"enable_snmp_vrrp", IMPORT_FAILED, SNMP},
	{"enable_snmp_checker", IMPORT_FAILED, SNMP},
	{"enable_snmp_rfc", IMPORT_FAILED, SNMP},
	{"enable_snmp_rfcv2", IMPORT_FAILED, SNMP},
	{"enable_snmp_rfcv3", IMPORT_FAILED, SNMP},
	{"enable_traps", IMPORT_FAILED, SNMP},
	{"snmp_socket", IMPORT_FAILED, SNMP},
	{"enable_dbus", IMPORT_FAILED,
         "there is no D-Bus interface; 'lintel status -o json' tells"},
	{"dbus_service_name", IMPORT_FAILED, "there is no D-Bus interface"},
	{"tmp_config_directory", IMPORT_DIFFERS, "files are read once, by one process"},
	{"config_save_dir", IMPORT_DIFFERS, "no copies of the configuration are kept"},
	{"process_names", IMPORT_DIFFERS, ONE},
	{"process_name", IMPORT_DIFFERS, ONE},
	{"vrrp_process_name", IMPORT_DIFFERS, ONE},
	{"checker_process_name", IMPORT_DIFFERS, ONE},
	{"bfd_process_name", IMPORT_DIFFERS, ONE},
	{"max_auto_priority", IMPORT_DIFFERS, "VRRP has real-time priority where it is allowed"},
	{"min_auto_priority_delay", IMPORT_DIFFERS,
         "VRRP has real-time priority where it is allowed"},
	{"vrrp_priority", IMPORT_DIFFERS, "VRRP has real-time priority where it is allowed"},
	{"vrrp_rt_priority", IMPORT_DIFFERS, "VRRP has real-time priority where it is allowed"},
	{"vrrp_rlimit_rttime", IMPORT_DIFFERS, ONE},
	{"vrrp_rlimit_rtime", IMPORT_DIFFERS, ONE},
	{"vrrp_cpu_affinity", IMPORT_DIFFERS, "systemd binds to processors: CPUAffinity="},
	{"vrrp_no_swap", IMPORT_DIFFERS, "VRRP has its memory locked where it is allowed"},
	{"checker_priority", IMPORT_DIFFERS, ONE},
	{"checker_rt_priority", IMPORT_DIFFERS, ONE},
	{"checker_rlimit_rttime", IMPORT_DIFFERS, ONE},
	{"checker_cpu_affinity", IMPORT_DIFFERS, ONE},
	{"checker_no_swap", IMPORT_DIFFERS, ONE},
	{"bfd_priority", IMPORT_DIFFERS, ONE},
	{"bfd_rt_priority", IMPORT_DIFFERS, ONE},
	{"bfd_rlimit_rttime", IMPORT_DIFFERS, ONE},
	{"bfd_cpu_affinity", IMPORT_DIFFERS, ONE},
	{"bfd_no_swap", IMPORT_DIFFERS, ONE},
	{"vrrp_netlink_cmd_rcv_bufs", IMPORT_DIFFERS, BUFFERS},
	{"vrrp_netlink_cmd_rcv_bufs_force", IMPORT_DIFFERS, BUFFERS},
	{"vrrp_netlink_monitor_rcv_bufs", IMPORT_DIFFERS, BUFFERS},
	{"vrrp_netlink_monitor_rcv_bufs_force", IMPORT_DIFFERS, BUFFERS},
	{"lvs_netlink_cmd_rcv_bufs", IMPORT_DIFFERS, BUFFERS},
	{"lvs_netlink_cmd_rcv_bufs_force", IMPORT_DIFFERS, BUFFERS},
	{"lvs_netlink_monitor_rcv_bufs", IMPORT_DIFFERS, BUFFERS},
	{"lvs_netlink_monitor_rcv_bufs_force", IMPORT_DIFFERS, BUFFERS},
	{"process_monitor_rcv_bufs", IMPORT_DIFFERS, BUFFERS},
	{"process_monitor_rcv_bufs_force", IMPORT_DIFFERS, BUFFERS},
	{"vrrp_rx_bufs_policy", IMPORT_DIFFERS, BUFFERS},
	{"vrrp_rx_bufs_multiplier", IMPORT_DIFFERS, BUFFERS},
	{"vrrp_mcast_group4", IMPORT_FAILED, "multicast goes to the groups of RFC 9568 only"},
	{"vrrp_mcast_group6", IMPORT_FAILED, "multicast goes to the groups of RFC 9568 only"},
	{"default_interface", IMPORT_FAILED, "each VirtualRouter names its interface"},
	{"lvs_sync_daemon", IMPORT_DIFFERS,
         "connections go to the peers by a channel of Lintel's own ('lintel run --peer-key')"},
	{"lvs_timeouts", IMPORT_FAILED, "IPVS's timeouts are left as they are on the machine"},
	{"lvs_flush", IMPORT_DIFFERS, "entries of others are never touched, own ones are adopted"},
	{"lvs_flush_on_stop", IMPORT_DIFFERS, "'lintel run --on-exit' says what stays at the end"},
	{"lvs_flush_onstop", IMPORT_DIFFERS, "'lintel run --on-exit' says what stays at the end"},
	{"vrrp_garp_lower_prio_delay", IMPORT_DIFFERS,
         "the winner of a conflict announces again at once"},
	{"vrrp_garp_lower_prio_repeat", IMPORT_DIFFERS,
         "the winner of a conflict announces again at once"},
	{"vrrp_garp_master_refresh_repeat", IMPORT_DIFFERS,
         "a refresh is one frame for an address"},
	{"vrrp_gna_interval", IMPORT_DIFFERS, "one pace for both families: spec.announce.interval"},
	{"vrrp_min_garp", IMPORT_DIFFERS, "spec.announce says how much is announced"},
	{"vrrp_garp_extra_if", IMPORT_DIFFERS, "every address is announced on its own interface"},
	{"vrrp_down_timer_adverts", IMPORT_FAILED, "three intervals, as RFC 9568 has it"},
	{"vrrp_lower_prio_no_advert", IMPORT_FAILED,
         "an active node always answers an advertisement of lower priority"},
	{"vrrp_higher_prio_send_advert", IMPORT_DIFFERS,
         "the winner of a conflict announces again"},
	{"nftables", IMPORT_DIFFERS, OWN_NFT},
	{"nftables_priority", IMPORT_DIFFERS, OWN_NFT},
	{"nftables_counters", IMPORT_DIFFERS, OWN_NFT},
	{"nftables_ifindex", IMPORT_DIFFERS, OWN_NFT},
	{"nftables_ipvs", IMPORT_DIFFERS, OWN_NFT},
	{"nftables_ipvs_priority", IMPORT_DIFFERS, OWN_NFT},
	{"nftables_ipvs_start_fwmark", IMPORT_DIFFERS, OWN_NFT},
	{"vrrp_iptables", IMPORT_DIFFERS, OWN_NFT},
	{"vrrp_ipsets", IMPORT_DIFFERS, OWN_NFT},
	{"disable_local_igmp", IMPORT_DIFFERS, "IGMP is left to the kernel"},
	{"vrrp_check_unicast_src", IMPORT_DIFFERS,
         "packets of others than the peers are always dropped"},
	{"vrrp_skip_check_adv_addr", IMPORT_DIFFERS, "addresses in advertisements decide nothing"},
	{"vrrp_startup_delay", IMPORT_DIFFERS,
         "a node listens for a whole down interval before it first becomes active"},
	{"dynamic_interfaces", IMPORT_DIFFERS, "interfaces may always come and go"},
	{"log_unknown_vrids", IMPORT_DIFFERS, "/metrics counts packets of unknown VRIDs"},
	{"checker_log_all_failures", IMPORT_DIFFERS, "the log has what changes"},
	{"vmac_prefix", IMPORT_DIFFERS,
         "interfaces with a virtual MAC address are named by Lintel"},
	{"vmac_addr_prefix", IMPORT_DIFFERS,
         "interfaces with a virtual MAC address are named by Lintel"},
	{"umask", IMPORT_DIFFERS, "files of its own are for its user alone"},
	{"random_seed", IMPORT_DIFFERS, "it is for debugging keepalived"},
	{"reload_check_config", IMPORT_DIFFERS,
         "a configuration with an error is always refused whole"},
	{"include_check", IMPORT_DIFFERS, "a configuration with an error is always refused whole"},
	{"reload_time_file", IMPORT_FAILED, "a reload follows the change of a file, or SIGHUP"},
	{"reload_repeat", IMPORT_FAILED, "a reload follows the change of a file, or SIGHUP"},
	{"reload_file", IMPORT_FAILED, "a reload follows the change of a file, or SIGHUP"},
	{"data_use_instance", IMPORT_DIFFERS, "'lintel status' has it"},
	{"linkbeat_use_polling", IMPORT_DIFFERS, "the state of links comes from the kernel"},
	{"instance", IMPORT_DIFFERS, "a second daemon has its own --socket and --state-dir"},
	{"use_pid_dir", IMPORT_DIFFERS, "there is no PID file"},
	{"net_namespace", IMPORT_DIFFERS, "start lintel in that network namespace"},
	{"vrrp_version", IMPORT_TAKEN, NULL},
	{"vrrp_strict", IMPORT_TAKEN, NULL},
	{"vrrp_garp_master_delay", IMPORT_TAKEN, NULL},
	{"vrrp_garp_master_repeat", IMPORT_TAKEN, NULL},
	{"vrrp_garp_master_refresh", IMPORT_TAKEN, NULL},
	{"vrrp_garp_interval", IMPORT_TAKEN, NULL},
	{.word = NULL},
};

/* A default of virtual routers. */
static void take_default(struct import *import, struct import_statement *block, const char *word,
                         struct import_statement **member)
{
	struct import_statement *found = import_find(block, word);

	if (!found)
		return;
	*member = found;
	import_note(import, found, IMPORT_TAKEN, "in each VirtualRouter");
}

static void take_groups(struct import *import, struct import_statement *block)
{
	for (struct import_statement *s = block->child; s; s = s->sibling) {
		bool four = strcmp(s->words[0], "vrrp_mcast_group4") == 0;
		bool six = strcmp(s->words[0], "vrrp_mcast_group6") == 0;
		const char *group = import_word(s, 1);

		if ((four && strcmp(group, "224.0.0.18") == 0) ||
		    (six && strcmp(group, "ff02::12") == 0))
			import_note(import, s, IMPORT_TAKEN, "it is the group of RFC 9568");
	}
}

void import_global_defs(struct import_keepalived *k, struct import_statement *block)
{
	struct import_statement *version = import_find(block, "vrrp_version");
	struct import_statement *strict = import_find(block, "vrrp_strict");
	struct import *import = k->import;

	import_note(import, block, IMPORT_TAKEN, "line by line");
	if (version) {
		k->version = version;
		if (strcmp(import_word(version, 1), "3") == 0)
			import_note(import, version, IMPORT_TAKEN, "%s", "");
		else
			import_note(import, version, IMPORT_DIFFERS,
			            "Lintel speaks version 3 only: all nodes of a virtual router "
			            "have to change together");
	}
	if (strict) {
		k->strict = strict;
		import_note(import, strict, IMPORT_DIFFERS,
		            "as far as packets to the routers' addresses go: accept: false");
	}
	take_default(import, block, "vrrp_garp_master_delay", &k->garp_delay);
	take_default(import, block, "vrrp_garp_master_repeat", &k->garp_repeat);
	take_default(import, block, "vrrp_garp_master_refresh", &k->garp_refresh);
	take_default(import, block, "vrrp_garp_interval", &k->garp_interval);
	take_groups(import, block);
	import_keywords(import, block, words);
}
