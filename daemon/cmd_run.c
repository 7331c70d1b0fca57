/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/command.h"
#include "daemon/run.h"
#include "k8s/names.h"
#include "lib/mem.h"
#include "lib/mono.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define RESYNC_MIN_US US_PER_S
#define RESYNC_MAX_US (3600 * US_PER_S)

static const char *const on_exit_choices[] = {"clean", "keep", NULL}; /* enum daemon_on_exit */
static const char *const seccomp_choices[] = {"on", "off", NULL};
static const char *const log_format_choices[] = {"text", "json", NULL}; /* enum log_format */
static const char *const log_level_choices[] = {"error", "warn", "notice", "info", "debug", NULL};

static const struct options_option options[] = {
	{.name = "config",
         .letter = 'c',
         .value = "PATH",
         .hint = OPTIONS_HINT_FILE,
         .repeatable = true,
         .help = "a YAML or JSON file, or a directory of them; may be given more than once "
                 "[" DAEMON_CONFIG_DIR "; with --kubernetes none]",
         .more = "Of a directory, *.yaml, *.yml and *.json are read."},
	{.name = "kubernetes",
         .help = "take Services of type LoadBalancer and Lintel's custom resources from the "
                 "Kubernetes API; in a pod, as its service account"},
	{.name = "kubeconfig",
         .value = "FILE",
         .hint = OPTIONS_HINT_FILE,
         .help = "how to reach the API outside of a pod; implies --kubernetes"},
	{.name = "class",
         .value = "NAME",
         .help = "the loadBalancerClass of Services, and the class of custom resources, that are "
                 "ours [" K8S_CLASS_DEFAULT "]"},
	{.name = "default-class", .help = "Services without a class are ours, too"},
	{.name = "namespace",
         .value = "NAME",
         .repeatable = true,
         .help = "look at this namespace only; may be given more than once [all]"},
	{.name = "kube-proxy-excludes",
         .value = "PREFIXES",
         .repeatable = true,
         .help = "addresses, separated by commas, that a kube-proxy in its mode ipvs on this node "
                 "leaves alone: what it was given as --ipvs-exclude-cidrs [none]",
         .more = "Such a kube-proxy deletes all other virtual services that are not its own, so a "
                 "virtual router with other addresses takes no part on this node."},
	{.name = "node", .value = "NAME", .help = "what this machine is called [its host name]"},
	{.name = "state-dir",
         .value = "DIR",
         .hint = OPTIONS_HINT_DIRECTORY,
         .help = "directory of what must outlive a restart [" DAEMON_STATE_DIR "]",
         .more = "Which IPVS entries are ours, which real servers were drained by hand, what "
                 "health "
                 "checks found last, the kernel settings to put back, and the last known state of "
                 "the cluster."},
	COMMAND_OPTION_SOCKET,
	{.name = "listen",
         .value = "ADDR:PORT",
         .help = "where the status page, /metrics, /livez, /readyz and /api/v1 are served over "
                 "HTTP, or 'off' [" DAEMON_LISTEN "]",
         .more = "Nothing can be changed there, and there is no password."},
	{.name = "peer-key",
         .value = "FILE",
         .hint = OPTIONS_HINT_FILE,
         .help = "keys shared with the other nodes, as 'openssl rand -base64 32' makes them, a "
                 "line "
                 "each; with this file running connections are replicated and survive a takeover "
                 "[" DAEMON_PEER_KEY "]",
         .more = "Readable by nobody else. The first key is used, all are accepted: add a new one "
                 "at "
                 "the end everywhere, then move it to the front everywhere, then remove the old "
                 "one. Looked at every few seconds, and at a reload."},
	{.name = "peer-port",
         .value = "PORT",
         .help = "TCP port of the other nodes' and our own channel for that [9311]",
         .more = "The same on all."},
	{.name = "notify",
         .value = "TARGET",
         .repeatable = true,
         .help = "tell this program what happens, a line of JSON for each event: fifo:/PATH (made "
                 "if missing), unix:/PATH (a stream socket that it listens on), http://... or "
                 "https://... (a POST each), webhook:/PATH (the same, URL and headers from a "
                 "file); may be given more than once [nobody]"},
	{.name = "notify-ca",
         .value = "FILE",
         .hint = OPTIONS_HINT_FILE,
         .help = "authorities, as PEM, that sign the certificates of --notify https://... [the "
                 "system's]"},
	{.name = "on-exit",
         .value = "WHAT",
         .choices = on_exit_choices,
         .help = "clean: hand over and remove all that is ours; keep: leave it in the kernel for "
                 "the next start to adopt [clean]"},
	{.name = "resync",
         .value = "DURATION",
         .help = "compare with the kernel at least this often, 1s to 1h [10s]",
         .more = "Where that would take more than a hundredth of a core, as with thousands of "
                 "virtual servers, it is less often, but every five minutes (unless a longer time "
                 "is asked for). The status shows it."},
	{.name = "seccomp",
         .value = "ON",
         .choices = seccomp_choices,
         .help = "after the start have the kernel refuse every system call that the daemon has no "
                 "use for; off is for debuggers [on]",
         .more = "See seccomp(2). What only an intruder would call (execve(2), ptrace(2), "
                 "mount(2), "
                 "and the like) ends the process."},
	{.name = "log-format",
         .value = "FORMAT",
         .choices = log_format_choices,
         .help = "lines for people and journald, or JSON objects [text]"},
	{.name = "log-level",
         .value = "LEVEL",
         .choices = log_level_choices,
         .help = "the least important that is logged [info]"},
};

/* NULL when all is well, else the option that says nothing without --kubernetes. */
static const char *read_kubernetes(const struct options_given *given,
                                   struct daemon_run_options *run)
{
	static const char *const needing[] = {"class", "default-class", "namespace"};

	run->kubeconfig = options_value(given, "kubeconfig", NULL);
	run->kubernetes = run->kubeconfig || options_has(given, "kubernetes");
	run->class = options_value(given, "class", K8S_CLASS_DEFAULT);
	run->default_class = options_has(given, "default-class");
	for (size_t i = 0; !run->kubernetes && i < LT_ARRAY_SIZE(needing); i++) {
		if (options_has(given, needing[i]))
			return needing[i];
	}
	return NULL;
}

/* Appends what is between commas. NULL, or what is wrong. */
static const char *add_prefixes(struct daemon_run_options *run, struct addr_prefix **prefixes,
                                char *list)
{
	char *rest = NULL;

	for (char *one = strtok_r(list, ", ", &rest); one; one = strtok_r(NULL, ", ", &rest)) {
		*prefixes = xreallocarray(*prefixes, run->kube_proxy_exclude_count + 1,
		                          sizeof(**prefixes));
		if (addr_prefix_parse(one, &(*prefixes)[run->kube_proxy_exclude_count]))
			return one;
		run->kube_proxy_exclude_count++;
	}
	return NULL;
}

static int run_excluding(const struct options_given *given, struct daemon_run_options *run)
{
	struct addr_prefix *prefixes = NULL;
	const char *wrong = NULL;
	char **lists = NULL;
	size_t count = 0;
	int code;

	if (options_has(given, "kube-proxy-excludes"))
		lists = options_values(given, "kube-proxy-excludes", NULL, &count);
	for (size_t i = 0; i < count && !wrong; i++) {
		char *copy = xstrdup(lists[i]);
		wrong = add_prefixes(run, &prefixes, copy);
		if (wrong)
			code = command_misused(given,
			                       "option '--kube-proxy-excludes': '%s' is no address "
			                       "with a prefix length, such as 10.77.0.0/24",
			                       wrong);
		free(copy);
	}
	run->kube_proxy_excludes = prefixes;
	if (!wrong)
		code = daemon_run(run);
	free(prefixes);
	free(lists);
	return code;
}

static int run_telling(const struct options_given *given, struct daemon_run_options *run)
{
	struct news_target *targets = NULL;
	struct text problem = {0};
	char **texts = NULL;
	size_t count = 0;
	int code;

	if (options_has(given, "notify"))
		texts = options_values(given, "notify", NULL, &count);
	if (news_targets_parse((const char *const *)texts, count, &targets, &problem)) {
		code = command_misused(given, "option '--notify': %s", text_str(&problem));
	} else {
		run->notify = targets;
		run->notify_count = count;
		code = run_excluding(given, run);
		news_targets_free(targets, count);
	}
	text_done(&problem);
	free(texts);
	return code;
}

static int run_with(const struct options_given *given, struct daemon_run_options *run)
{
	char **paths = NULL, **namespaces = NULL;
	int code;

	if (!run->kubernetes || options_has(given, "config"))
		paths = options_values(given, "config", DAEMON_CONFIG_DIR, &run->path_count);
	if (options_has(given, "namespace"))
		namespaces = options_values(given, "namespace", NULL, &run->namespace_count);
	run->paths = paths;
	run->namespaces = (const char *const *)namespaces;
	code = run_telling(given, run);
	free(paths);
	free(namespaces);
	return code;
}

static bool read_port(const char *text, uint16_t *ret_port)
{
	char *end;
	unsigned long port = strtoul(text, &end, 10);

	if (text[0] < '0' || text[0] > '9' || *end || port < 1 || port > UINT16_MAX)
		return false;
	*ret_port = (uint16_t)port;
	return true;
}

static int run(const struct options_given *given)
{
	static char hostname[HOST_NAME_MAX + 1];
	const char *listen = options_value(given, "listen", DAEMON_LISTEN);
	const char *resync = options_value(given, "resync", NULL);
	struct daemon_run_options run = {
		.node = options_value(given, "node", hostname),
		.state_dir = options_value(given, "state-dir", DAEMON_STATE_DIR),
		.socket_path = options_value(given, "socket", DAEMON_SOCKET),
		.peer_key = options_value(given, "peer-key", DAEMON_PEER_KEY),
		.peer_port = DAEMON_PEER_PORT,
		.notify_ca = options_value(given, "notify-ca", NULL),
		.resync_us = DAEMON_RESYNC_US,
		.on_exit = (enum daemon_on_exit)options_choice(given, "on-exit", "clean"),
		.seccomp = options_choice(given, "seccomp", "on") == 0,
		.log_format = (enum log_format)options_choice(given, "log-format", "text"),
		.log_level = (enum log_level)(LOG_LEVEL_ERROR +
	                                      options_choice(given, "log-level", "info")),
	};

	if (resync && (text_parse_duration(resync, &run.resync_us) ||
	               run.resync_us < RESYNC_MIN_US || run.resync_us > RESYNC_MAX_US))
		return command_misused(given, "option '--resync': '%s' is no duration of 1s to 1h",
		                       resync);
	if (strcmp(listen, "off") != 0 &&
	    (endpoint_parse(listen, &run.listen) || run.listen.port == 0))
		return command_misused(
			given, "option '--listen': '%s' is neither ADDR:PORT nor off", listen);
	const char *port = options_value(given, "peer-port", NULL);
	if (port && !read_port(port, &run.peer_port))
		return command_misused(
			given, "option '--peer-port': '%s' is no port; allowed: 1 to 65535", port);
	if (run.node == hostname && gethostname(hostname, sizeof(hostname) - 1))
		return command_failed(given, "can't find the host name: %m");
	if (!*run.node)
		return command_misused(given, "option '--node': the name is empty");
	const char *alone = read_kubernetes(given, &run);
	if (alone)
		return command_misused(given, "option '--%s' says nothing without '--kubernetes'",
		                       alone);
	if (!k8s_class_is_valid(run.class))
		return command_misused(given,
		                       "option '--class': '%s' is no class: NAME or DOMAIN/NAME, "
		                       "such as " K8S_CLASS_DEFAULT,
		                       run.class);
	return run_with(given, &run);
}

static const char description[] =
	"Reads the configuration, takes part in the election of the virtual routers and keeps "
	"the kernel (addresses, IPVS, nftables, sysctls) as configured. SIGHUP or a changed "
	"file reloads; a configuration with an error is refused whole and the one before stays "
	"in force. SIGTERM and SIGINT hand over and stop.\n"
	"With --kubernetes the desired state comes from the cluster, too. What is known of it is "
	"kept in the state directory: an outage of the API changes nothing, nor does a restart "
	"meanwhile.";

const struct daemon_command daemon_command_run = {
	.usage =
		{
			.name = "run",
			.summary = "be the daemon, in the foreground",
			.description = description,
			.operands = "",
			.options = options,
			.option_count = LT_ARRAY_SIZE(options),
			.exit_codes = "0: stopped cleanly; 1: could not start or had to give up; "
				      "2: wrong usage.",
		},
	.run = run,
};
