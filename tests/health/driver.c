/* SPDX-License-Identifier: GPL-2.0-or-later */
/* health_driver ROUNDS TARGET...: checks each target ROUNDS times, and prints a line for each, in
 * order: result, state, latency in microseconds, and why, with tabs between them.
 *
 * A target is "type=https|address=127.0.0.1|port=8443|path=/x": keys as in set() below. What
 * carries the checks out is health/health.c as the daemon uses it. */

#include "health/health.h"
#include "lib/mono.h"

#include <assert.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TARGET_MAX 64
#define PATIENCE   (30 * US_PER_S)
#define POLL_US    (5 * US_PER_MS)

struct asked {
	struct model_health_check check;
	struct model_int_range statuses[4];
	struct health_target target;
};

struct driver {
	struct loop *loop;
	struct health *health;
	struct loop_deadline poll;
	int64_t until_us;
	uint64_t rounds;
	size_t count;
	struct asked asked[TARGET_MAX];
};

static void die(const char *what, const char *word)
{
	fprintf(stderr, "health_driver: %s: %s\n", what, word);
	exit(2);
}

static enum model_health_type type_of(const char *name)
{
	for (int type = MODEL_HEALTH_TCP; type <= MODEL_HEALTH_DNS; type++) {
		if (strcmp(model_health_type_name((enum model_health_type)type), name) == 0)
			return (enum model_health_type)type;
	}
	die("no type", name);
	return MODEL_HEALTH_NONE;
}

static bool set_text(struct model_health_check *check, const char *key, const char *value)
{
	const struct {
		const char *key;
		const char **to;
	} texts[] = {
		{"method", &check->http.method},
		{"path", &check->http.path},
		{"host", &check->http.host},
		{"body", &check->http.body},
		{"name", &check->tls.server_name},
		{"ca", &check->tls.ca_file},
		{"certificate", &check->tls.certificate_file},
		{"key", &check->tls.key_file},
		{"send", &check->udp.send},
		{"expect", &check->udp.expect},
		{"query", &check->dns.name},
	};

	for (size_t i = 0; i < LT_ARRAY_SIZE(texts); i++) {
		if (strcmp(texts[i].key, key) == 0) {
			*texts[i].to = value;
			return true;
		}
	}
	return false;
}

static void set(struct asked *asked, const char *key, char *value)
{
	struct model_health_check *check = &asked->check;

	if (set_text(check, key, value))
		return;
	if (strcmp(key, "type") == 0) {
		check->type = type_of(value);
	} else if (strcmp(key, "address") == 0) {
		if (addr_parse(value, &asked->target.address) < 0)
			die("no address", value);
	} else if (strcmp(key, "port") == 0) {
		asked->target.port = (uint16_t)atoi(value);
	} else if (strcmp(key, "timeout_ms") == 0) {
		check->timeout_us = atoi(value) * US_PER_MS;
	} else if (strcmp(key, "verify") == 0) {
		check->tls.verify = atoi(value);
	} else if (strcmp(key, "version") == 0) {
		check->http.version = value[0] == '2' ? MODEL_HTTP_2 : MODEL_HTTP_1_1;
	} else if (strcmp(key, "status") == 0) {
		struct model_int_range *range = &asked->statuses[check->http.status_count++];

		if (sscanf(value, "%hu-%hu", &range->first, &range->last) != 2)
			range->last = range->first;
		check->http.statuses = asked->statuses;
	} else {
		die("no key", key);
	}
}

static void read_target(struct asked *asked, char *word)
{
	char *rest = NULL;

	asked->check = (struct model_health_check){
		.interval_us = 100 * US_PER_MS,
		.timeout_us = 5 * US_PER_S,
		.rise = 2,
		.fall = 2,
		.http = {.method = "GET", .path = "/", .host = "", .body = ""},
		.tls = {.server_name = "", .ca_file = "", .certificate_file = "", .key_file = ""},
		.udp = {.send = "", .expect = ""},
		.dns = {.name = "", .type = MODEL_DNS_NS},
	};
	for (char *pair = strtok_r(word, "|", &rest); pair; pair = strtok_r(NULL, "|", &rest)) {
		char *value = strchr(pair, '=');

		if (!value)
			die("no value", pair);
		*value++ = '\0';
		set(asked, pair, value);
	}
	asked->target =
		health_target_make(&asked->target.address, asked->target.port, &asked->check);
}

static void changed(void *ctx, const struct health_entry *entry)
{
	struct driver *driver = ctx;

	/* It is one of those that were asked for. */
	assert(health_find(driver->health, health_entry_target(entry)) == entry);
}

static bool is_done(const struct driver *driver)
{
	for (size_t i = 0; i < driver->count; i++) {
		const struct health_entry *entry =
			health_find(driver->health, &driver->asked[i].target);

		assert(entry);
		if (health_entry_machine(entry)->check_count < driver->rounds)
			return false;
	}
	return true;
}

static void poll_expired(struct loop_deadline *deadline)
{
	struct driver *driver = lt_container_of(deadline, struct driver, poll);
	int64_t now_us = mono_now_us();

	if (is_done(driver) || now_us > driver->until_us)
		loop_stop(driver->loop);
	else
		loop_deadline_arm(deadline, now_us + POLL_US);
}

static void print(const struct driver *driver)
{
	for (size_t i = 0; i < driver->count; i++) {
		const struct health_machine *machine =
			health_entry_machine(health_find(driver->health, &driver->asked[i].target));

		printf("%s\t%s\t%" PRId64 "\t%s\n", health_result_name(machine->result),
		       health_state_name(machine->state), machine->latency_us, machine->why);
	}
}

int main(int argc, char **argv)
{
	static struct driver driver;
	struct health_target targets[TARGET_MAX];
	const struct health_handlers handlers = {changed, &driver};

	if (argc < 3 || argc - 2 > TARGET_MAX)
		die("usage", "health_driver ROUNDS TARGET...");
	driver.rounds = strtoull(argv[1], NULL, 10);
	driver.count = (size_t)argc - 2;
	for (size_t i = 0; i < driver.count; i++) {
		read_target(&driver.asked[i], argv[i + 2]);
		targets[i] = driver.asked[i].target;
	}
	if (loop_new(&driver.loop) < 0 ||
	    health_open(driver.loop, &handlers, NULL, &driver.health) < 0 ||
	    loop_deadline_init(driver.loop, &driver.poll) < 0)
		die("can't begin", "");
	driver.poll.expired = poll_expired;
	driver.until_us = mono_now_us() + PATIENCE;
	health_want(driver.health, targets, driver.count);
	loop_deadline_arm(&driver.poll, mono_now_us());
	loop_run(driver.loop);
	print(&driver);
	bool done = is_done(&driver);
	loop_deadline_done(&driver.poll);
	health_close(driver.health);
	loop_free(driver.loop);
	return done ? 0 : 1;
}
