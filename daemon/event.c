/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/event.h"

#include "lib/log_line.h"

#include <stdlib.h>
#include <string.h>

static json_t *text_or_null(const char *text)
{
	return text ? json_string(text) : json_null();
}

static json_t *time_text(int64_t wall_us)
{
	struct text time = {0};
	json_t *value;

	log_line_time(&time, wall_us);
	value = json_string(text_str(&time));
	text_done(&time);
	return value;
}

/* Words of others (a problem, a reason) may be no UTF-8, which is no JSON: said without them. */
static json_t *words(const char *text)
{
	json_t *value = json_string(text);

	return value ? value : json_string("(not UTF-8)");
}

void event_line(struct text *out, const char *event, const struct event_stamp *stamp,
                json_t *members)
{
	json_t *line = json_pack("{s:s,s:o,s:o,s:I,s:b}", "event", event, "time",
	                         time_text(stamp->wall_us), "node", words(stamp->node), "sequence",
	                         (json_int_t)stamp->sequence, "current", stamp->current);
	char *text;

	json_object_update_missing(line, members);
	text = json_dumps(line, JSON_COMPACT);
	if (text) {
		text_add(out, text);
		text_add(out, "\n");
	}
	free(text);
	json_decref(members);
	json_decref(line);
}

json_t *event_daemon(const char *from, const char *to, const char *version, int pid)
{
	return json_pack("{s:o,s:s,s:s,s:i}", "from", text_or_null(from), "to", to, "version",
	                 version, "pid", pid);
}

/* At most EVENT_LIST_MAX of an array, which is taken over. */
static json_t *first_of(json_t *list)
{
	while (json_array_size(list) > EVENT_LIST_MAX)
		json_array_remove(list, json_array_size(list) - 1);
	return list;
}

static json_t *router_members(const struct model_router_status *router)
{
	return json_pack("{s:s,s:i,s:s}", "router", router->name, "virtualRouterId",
	                 router->virtual_router_id, "interface", router->interface);
}

static json_t *state_members(const struct model_router_status *router, const char *from,
                             enum model_router_state to, enum model_router_reason reason,
                             const struct addr *peer, json_t *addresses)
{
	json_t *members = router_members(router);
	size_t count = json_array_size(addresses);
	char text[ADDR_TEXT_SIZE];

	json_object_update_new(members,
	                       json_pack("{s:o,s:s,s:s,s:o,s:i,s:o,s:I}", "from",
	                                 text_or_null(from), "to", model_router_state_name(to),
	                                 "reason", model_router_reason_name(reason), "peer",
	                                 peer && peer->family != ADDR_NONE
	                                         ? json_string(addr_format(peer, text))
	                                         : json_null(),
	                                 "priority", router->priority, "addresses",
	                                 first_of(addresses), "addressCount", (json_int_t)count));
	return members;
}

json_t *event_router(const struct model_router_status *router,
                     const struct model_transition *transition, bool current, json_t *addresses)
{
	return state_members(router, current ? NULL : model_router_state_name(transition->from),
	                     transition->to, transition->reason, &transition->peer, addresses);
}

json_t *event_router_gone(const struct model_router_status *router)
{
	return state_members(router, model_router_state_name(router->state),
	                     MODEL_ROUTER_INITIALIZE, MODEL_REASON_SHUTDOWN, NULL, json_array());
}

json_t *event_router_problem(const struct model_router_status *router)
{
	json_t *members = router_members(router);

	json_object_set_new(members, "problem", words(router->problem));
	return members;
}

json_t *event_router_rival(const struct model_router_status *router, uint64_t count)
{
	json_t *members = router_members(router);

	json_object_set_new(members, "count", json_integer((json_int_t)count));
	return members;
}

json_t *event_track(const struct track_item *item, const char *from)
{
	bool number = item->seen.verdict == VRRP_TRACK_NUMBER;
	int32_t value = item->damper.known ? item->damper.value : 0;
	bool out = value == VRRP_DAMPER_OUT;
	struct text what = {0}, why = {0};
	json_t *members;

	vrrp_track_title(&item->track, &what);
	vrrp_track_explain(&item->track, &item->seen, &why);
	members = json_pack("{s:s,s:o,s:o,s:s,s:o,s:i,s:o,s:o,s:b}", "router", item->router, "what",
	                    words(text_str(&what)), "from", text_or_null(from), "to",
	                    vrrp_track_verdict_name(item->seen.verdict), "reason",
	                    words(text_str(&why)), "weight", item->track.weight, "number",
	                    number ? json_integer(item->seen.number) : json_null(),
	                    "priorityChange", out ? json_null() : json_integer(value), "withdraws",
	                    out);
	text_done(&what);
	text_done(&why);
	return members;
}

json_t *event_server(const char *server, const char *check, json_t *virtual_servers,
                     const char *from, const char *to, const char *result, const char *reason)
{
	return json_pack("{s:s,s:s,s:o,s:o,s:s,s:s,s:o}", "server", server, "check", check,
	                 "virtualServers", first_of(virtual_servers), "from", text_or_null(from),
	                 "to", to, "result", result, "reason", words(reason));
}

json_t *event_servers(size_t count)
{
	return json_pack("{s:I}", "count", (json_int_t)count);
}

json_t *event_answering(const char *virtual_server, const char *router, const char *from,
                        const char *to, size_t up, size_t down)
{
	return json_pack("{s:s,s:s,s:o,s:s,s:I,s:I}", "virtualServer", virtual_server, "router",
	                 router, "from", text_or_null(from), "to", to, "up", (json_int_t)up, "down",
	                 (json_int_t)down);
}

json_t *event_quorum(const char *virtual_server, const char *router, const char *from,
                     const char *to, uint64_t up_weight, unsigned minimum, const char *on_loss)
{
	return json_pack("{s:s,s:s,s:o,s:s,s:I,s:I,s:s}", "virtualServer", virtual_server, "router",
	                 router, "from", text_or_null(from), "to", to, "upWeight",
	                 (json_int_t)up_weight, "minimum", (json_int_t)minimum, "onLoss", on_loss);
}

json_t *event_configuration(const char *from, const char *to, size_t errors, size_t warnings,
                            size_t routers, size_t virtual_servers, json_t *problems)
{
	return json_pack("{s:o,s:s,s:I,s:I,s:I,s:I,s:o}", "from", text_or_null(from), "to", to,
	                 "errors", (json_int_t)errors, "warnings", (json_int_t)warnings,
	                 "routerCount", (json_int_t)routers, "virtualServerCount",
	                 (json_int_t)virtual_servers, "problems", first_of(problems));
}

json_t *event_replication(const char *router, const char *from, const char *to)
{
	bool known = strcmp(to, "active") == 0 || strcmp(to, "in-step") == 0;

	return json_pack("{s:s,s:o,s:s,s:b}", "router", router, "from", text_or_null(from), "to",
	                 to, "inStep", known);
}
