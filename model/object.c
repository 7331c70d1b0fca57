/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "model/object.h"

#include "lib/mem.h"
#include "lib/text.h"

#include <stdlib.h>
#include <string.h>

bool model_router_authenticates(const struct model_router *router)
{
	return router->auth_key_file && *router->auth_key_file;
}

static const char *copy_text(const char *text, struct arena *arena)
{
	return text ? arena_strdup(arena, text) : NULL;
}

const struct model_health_check *model_health_check_copy(const struct model_health_check *from,
                                                         struct arena *arena)
{
	struct model_health_check *check;

	if (!from)
		return NULL;
	check = arena_memdup(arena, from, sizeof(*from));
	check->http.method = copy_text(from->http.method, arena);
	check->http.path = copy_text(from->http.path, arena);
	check->http.host = copy_text(from->http.host, arena);
	check->http.statuses = arena_memdup(arena, from->http.statuses,
	                                    from->http.status_count * sizeof(*from->http.statuses));
	check->http.body = copy_text(from->http.body, arena);
	check->tls.server_name = copy_text(from->tls.server_name, arena);
	check->tls.ca_file = copy_text(from->tls.ca_file, arena);
	check->tls.certificate_file = copy_text(from->tls.certificate_file, arena);
	check->tls.key_file = copy_text(from->tls.key_file, arena);
	check->udp.send = copy_text(from->udp.send, arena);
	check->udp.expect = copy_text(from->udp.expect, arena);
	check->dns.name = copy_text(from->dns.name, arena);
	return check;
}

void model_objects_init(struct model_objects *objects)
{
	*objects = (struct model_objects){0};
	arena_init(&objects->arena);
	objects->holders = xmalloc(sizeof(*objects->holders));
	*objects->holders = 1;
}

void model_objects_done(struct model_objects *objects)
{
	if (objects->holders && --*objects->holders == 0) {
		if (objects->incomplete)
			model_objects_done(objects->incomplete); /* itself is in our arena */
		for (size_t i = 0; i < objects->kept_count; i++)
			model_objects_done(&objects->kept[i]);
		arena_done(&objects->arena);
		free(objects->holders);
	}
	*objects = (struct model_objects){0};
}

struct model_objects model_objects_share(const struct model_objects *objects)
{
	++*objects->holders;
	return *objects;
}

bool model_objects_same(const struct model_objects *a, const struct model_objects *b)
{
	return a->holders == b->holders;
}

/* Makes room for one more. Arrays double when their count is a power of two, so the capacity need
 * not be kept; what they outgrow stays in the arena, which at most doubles it. */
static void *grow(struct arena *arena, void *items, size_t count, size_t size)
{
	void *larger;

	if (count & (count - 1))
		return items;
	larger = arena_array(arena, count ? count * 2 : 1, size);
	if (count > 0)
		memcpy(larger, items, count * size);
	return larger;
}

struct model_router *model_objects_add_router(struct model_objects *objects,
                                              const struct model_router *router)
{
	objects->routers = grow(&objects->arena, objects->routers, objects->router_count,
	                        sizeof(*objects->routers));
	return objects->routers[objects->router_count++] =
	               arena_memdup(&objects->arena, router, sizeof(*router));
}

static bool has_own_checks(const struct model_virtual_server *vs)
{
	for (size_t i = 0; i < vs->server_count; i++) {
		if (vs->servers[i].health)
			return true;
	}
	return false;
}

struct model_virtual_server *
model_objects_add_virtual_server(struct model_objects *objects,
                                 const struct model_virtual_server *virtual_server)
{
	struct model_virtual_server *added =
		arena_memdup(&objects->arena, virtual_server, sizeof(*virtual_server));

	objects->virtual_servers = grow(&objects->arena, objects->virtual_servers,
	                                objects->virtual_server_count,
	                                sizeof(*objects->virtual_servers));
	objects->virtual_servers[objects->virtual_server_count++] = added;
	added->has_own_checks = has_own_checks(virtual_server);
	return added;
}

struct model_pool *model_objects_add_pool(struct model_objects *objects,
                                          const struct model_pool *pool)
{
	objects->pools =
		grow(&objects->arena, objects->pools, objects->pool_count, sizeof(*objects->pools));
	return objects->pools[objects->pool_count++] =
	               arena_memdup(&objects->arena, pool, sizeof(*pool));
}

static void keep(struct model_objects *objects, const struct model_objects *of)
{
	/* Mostly the last one. */
	for (size_t i = objects->kept_count; i-- > 0;) {
		if (model_objects_same(&objects->kept[i], of))
			return;
	}
	objects->kept =
		grow(&objects->arena, objects->kept, objects->kept_count, sizeof(*objects->kept));
	objects->kept[objects->kept_count++] = model_objects_share(of);
}

static void copy_items(void *items, size_t *count, const void *from, size_t first, size_t more,
                       size_t size)
{
	if (more > 0)
		memcpy((char *)items + *count * size, (const char *)from + first * size,
		       more * size);
	*count += more;
}

void model_objects_compose(struct model_objects *objects, const struct model_objects_run *runs,
                           size_t count)
{
	size_t routers = 0, virtual_servers = 0, pools = 0;

	for (size_t i = 0; i < count; i++) {
		routers += runs[i].router_count;
		virtual_servers += runs[i].virtual_server_count;
		pools += runs[i].pool_count;
	}
	objects->routers = arena_array(&objects->arena, routers, sizeof(*objects->routers));
	objects->virtual_servers =
		arena_array(&objects->arena, virtual_servers, sizeof(*objects->virtual_servers));
	objects->pools = arena_array(&objects->arena, pools, sizeof(*objects->pools));
	for (size_t i = 0; i < count; i++) {
		const struct model_objects_run *run = &runs[i];

		keep(objects, run->of);
		copy_items(objects->routers, &objects->router_count, run->of->routers, run->router,
		           run->router_count, sizeof(*objects->routers));
		copy_items(objects->virtual_servers, &objects->virtual_server_count,
		           run->of->virtual_servers, run->virtual_server, run->virtual_server_count,
		           sizeof(*objects->virtual_servers));
		copy_items(objects->pools, &objects->pool_count, run->of->pools, run->pool,
		           run->pool_count, sizeof(*objects->pools));
	}
}

const struct model_real_server *model_port_servers(const struct model_virtual_server *vs,
                                                   const struct model_port *port, size_t *ret_count)
{
	*ret_count = port->own_servers ? port->server_count : vs->server_count;
	return port->own_servers ? port->servers : vs->servers;
}

bool model_virtual_server_is_judged(const struct model_virtual_server *vs)
{
	return vs->health || vs->quorum || vs->sorry_server_count > 0 || vs->has_own_checks;
}

int model_virtual_server_compare(const struct model_virtual_server *a,
                                 const struct model_virtual_server *b)
{
	int order = strcmp(a->namespace, b->namespace);

	return order ? order : strcmp(a->name, b->name);
}

const char *model_virtual_server_title(const struct model_virtual_server *vs,
                                       char buf[static MODEL_OBJECT_TEXT_SIZE])
{
	return text_join(buf, MODEL_OBJECT_TEXT_SIZE,
	                 (const char *const[]){"VirtualServer ", vs->namespace, "/", vs->name}, 4);
}
