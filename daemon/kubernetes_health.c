/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The health check ports of Services with policy Local: what kube-proxy answers there, where there
 * is none. Source of the answer: Kubernetes pkg/proxy/healthcheck/service_health.go. */
#include "daemon/kubernetes_parts.h"

#include "daemon/http.h"
#include "lib/log.h"
#include "lib/mem.h"
#include "lib/mono.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define PORTS_MAX 1000
#define AGAIN_US  (30 * US_PER_S)

/* Stays where it is, for the page. */
struct kubernetes_health_port {
	uint16_t number;
	char *namespace;
	char *name;
	size_t local;      /* endpoints on this node */
	struct http *http; /* NULL: somebody else is there */
	int told;          /* what was wrong, as told last */
};

static unsigned answer(void *ctx, struct text *out)
{
	const struct kubernetes_health_port *port = ctx;

	text_printf(out,
	            "{\n\t\"service\": {\n\t\t\"namespace\": \"%s\",\n\t\t\"name\": \"%s\"\n\t},\n"
	            "\t\"localEndpoints\": %zu,\n\t\"serviceProxyHealthy\": true\n}",
	            port->namespace, port->name, port->local);
	return port->local > 0 ? 200 : 503;
}

static const struct http_page pages[] = {
	{HTTP_ANY_PATH, "application/json", answer, NULL},
	{0},
};

static void free_port(struct kubernetes_health_port *port)
{
	http_close(port->http);
	free(port->namespace);
	free(port->name);
	free(port);
}

/* On all addresses of the node, of both families where there are two. */
static void serve(struct kubernetes *k, struct kubernetes_health_port *port)
{
	struct endpoint at = {.address = {ADDR_IPV6, {0}}, .port = port->number};

	if (port->http)
		return;
	int rc = http_open(k->loop, &at, pages, port, &port->http);
	if (rc == -EAFNOSUPPORT || rc == -EADDRNOTAVAIL) {
		at.address.family = ADDR_IPV4;
		rc = http_open(k->loop, &at, pages, port, &port->http);
	}
	if (rc && rc != port->told)
		log_at(rc == -EADDRINUSE ? LOG_LEVEL_INFO : LOG_LEVEL_WARN, KUBERNETES_COMPONENT,
		       "the health check port is not served here port=%u service=%s/%s: %s",
		       port->number, port->namespace, port->name, strerror(-rc));
	port->told = rc;
}

static struct kubernetes_health_port *take(struct kubernetes_health *health, uint16_t number)
{
	for (size_t i = 0; i < health->count; i++) {
		struct kubernetes_health_port *port = health->ports[i];
		if (port && port->number == number) {
			health->ports[i] = NULL;
			return port;
		}
	}
	struct kubernetes_health_port *port = xcalloc(1, sizeof(*port));
	port->number = number;
	return port;
}

static void replace_text(char **text, const char *now)
{
	char *copy = xstrdup(now);

	free(*text);
	*text = copy;
}

static void replace_ports(struct kubernetes *k, const struct k8s_health *wanted, size_t count)
{
	struct kubernetes_health *health = &k->health;
	struct kubernetes_health_port **ports =
		xcalloc(count + 1, sizeof(struct kubernetes_health_port *));

	for (size_t i = 0; i < count; i++) {
		ports[i] = take(health, wanted[i].port);
		replace_text(&ports[i]->namespace, wanted[i].namespace);
		replace_text(&ports[i]->name, wanted[i].name);
		ports[i]->local = wanted[i].local;
	}
	/* Those that go make room first. */
	for (size_t i = 0; i < health->count; i++) {
		if (health->ports[i])
			free_port(health->ports[i]);
	}
	free(health->ports);
	health->ports = ports;
	health->count = count;
}

static void serve_all(struct kubernetes *k)
{
	struct kubernetes_health *health = &k->health;
	bool lacking = false;

	for (size_t i = 0; i < health->count; i++) {
		serve(k, health->ports[i]);
		lacking |= !health->ports[i]->http;
	}
	loop_deadline_arm(&health->again, lacking ? mono_now_us() + AGAIN_US : TIME_NEVER);
}

static void again(struct loop_deadline *deadline)
{
	struct kubernetes_health *health =
		lt_container_of(deadline, struct kubernetes_health, again);

	serve_all(lt_container_of(health, struct kubernetes, health));
}

void kubernetes_health_step(struct kubernetes *k)
{
	struct kubernetes_health *health = &k->health;
	size_t count = 0;
	struct k8s_health *wanted = NULL;

	health->due = false;
	if (!health->open)
		return;
	/* It would not find its ports free when it is started again. */
	if (!health->kube_proxy)
		wanted = k8s_translator_health(k->translator, &count);
	if (count > PORTS_MAX) {
		if (!health->told_many)
			log_warn(KUBERNETES_COMPONENT,
			         "only some health check ports are served wanted=%zu served=%d",
			         count, PORTS_MAX);
		health->told_many = true;
		count = PORTS_MAX;
	}
	replace_ports(k, wanted, count);
	serve_all(k);
	free(wanted);
}

void kubernetes_note_proxy(struct kubernetes *k, bool there)
{
	if (k->health.kube_proxy == there)
		return;
	k->health.kube_proxy = there;
	if (k->known)
		kubernetes_health_step(k);
}

int kubernetes_health_open(struct kubernetes *k)
{
	k->health.again.expired = again;
	int rc = loop_deadline_init(k->loop, &k->health.again);
	k->health.open = k->health.due = rc == 0;
	return rc;
}

void kubernetes_health_close(struct kubernetes *k)
{
	replace_ports(k, NULL, 0);
	free(k->health.ports);
	if (k->health.open)
		loop_deadline_done(&k->health.again);
}
