/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "health/spec.h"

#include "lib/mem.h"

#include <stdlib.h>

static const char *or_empty(const char *s)
{
	return s ? s : "";
}

/* With its end, so that two texts never run into one another. */
static void add_text(struct text *key, const char *s)
{
	text_add(key, or_empty(s));
	text_add_len(key, "", 1);
}

static void add_number(struct text *key, int64_t value)
{
	text_add_len(key, (const char *)&value, sizeof(value));
}

static void add_http(struct text *key, const struct model_health_check *check)
{
	add_text(key, check->http.method);
	add_text(key, check->http.path);
	add_text(key, check->http.host);
	add_number(key, check->http.version);
	add_number(key, (int64_t)check->http.status_count);
	for (size_t i = 0; i < check->http.status_count; i++) {
		add_number(key, check->http.statuses[i].first);
		add_number(key, check->http.statuses[i].last);
	}
	add_text(key, check->http.body);
}

static void add_tls(struct text *key, const struct model_health_check *check)
{
	add_text(key, check->tls.server_name);
	add_number(key, check->tls.verify);
	add_text(key, check->tls.ca_file);
	add_text(key, check->tls.certificate_file);
	add_text(key, check->tls.key_file);
}

size_t health_spec_key(const struct model_health_check *check, struct text *key)
{
	size_t begin = key->len, probe_size;

	add_number(key, check->type);
	switch (check->type) {
	case MODEL_HEALTH_HTTPS:
		add_http(key, check);
		add_tls(key, check);
		break;
	case MODEL_HEALTH_HTTP:
		add_http(key, check);
		break;
	case MODEL_HEALTH_TLS:
		add_tls(key, check);
		break;
	case MODEL_HEALTH_UDP:
		add_text(key, check->udp.send);
		add_text(key, check->udp.expect);
		break;
	case MODEL_HEALTH_DNS:
		add_text(key, check->dns.name);
		add_number(key, check->dns.type);
		break;
	case MODEL_HEALTH_NONE:
	case MODEL_HEALTH_TCP:
	case MODEL_HEALTH_ICMP:
		break;
	}
	probe_size = key->len - begin;
	add_number(key, check->interval_us);
	add_number(key, check->fast_interval_us);
	add_number(key, check->timeout_us);
	add_number(key, check->rise);
	add_number(key, check->fall);
	return probe_size;
}

static struct health_spec *find(struct health_spec *specs, const struct text *key)
{
	struct health_spec *spec;

	HASH_FIND(hh, specs, key->data, key->len, spec);
	return spec;
}

static void copy_check(struct health_spec *spec, const struct model_health_check *check)
{
	struct model_health_check *copy = &spec->check;
	const char **texts[] = {
		&copy->http.method,
		&copy->http.path,
		&copy->http.host,
		&copy->http.body,
		&copy->tls.server_name,
		&copy->tls.ca_file,
		&copy->tls.key_file,
		&copy->udp.send,
		&copy->udp.expect,
		&copy->dns.name,
		&copy->tls.certificate_file,
	};

	*copy = *check;
	copy->port = 0;
	for (size_t i = 0; i < LT_ARRAY_SIZE(texts); i++)
		*texts[i] = arena_strdup(&spec->arena, or_empty(*texts[i]));
	copy->http.statuses = NULL;
	if (check->http.status_count > 0)
		copy->http.statuses =
			arena_memdup(&spec->arena, check->http.statuses,
		                     check->http.status_count * sizeof(*check->http.statuses));
}

struct health_spec *health_spec_hold(struct health_spec **specs,
                                     const struct model_health_check *check)
{
	struct text key = {0};
	size_t probe_size = health_spec_key(check, &key);
	struct health_spec *spec = find(*specs, &key);

	if (!spec) {
		spec = xcalloc(1, sizeof(*spec));
		arena_init(&spec->arena);
		copy_check(spec, check);
		spec->probe_size = probe_size;
		spec->key_size = key.len;
		spec->key = text_take(&key);
		HASH_ADD_KEYPTR(hh, *specs, spec->key, spec->key_size, spec);
	}
	spec->holders++;
	text_done(&key);
	return spec;
}

struct health_spec *health_spec_find(struct health_spec *specs,
                                     const struct model_health_check *check)
{
	struct text key = {0};

	(void)health_spec_key(check, &key);
	struct health_spec *spec = find(specs, &key);
	text_done(&key);
	return spec;
}

void health_spec_release(struct health_spec **specs, struct health_spec *spec)
{
	if (--spec->holders > 0)
		return;
	HASH_DEL(*specs, spec);
	arena_done(&spec->arena);
	free(spec->key);
	free(spec);
}
