/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "health/quorum.h"

static const char *const use_names[HEALTH_USE_COUNT] = {
	[HEALTH_USE_NORMAL] = "normal",
	[HEALTH_USE_DRAIN] = "drain",
	[HEALTH_USE_REMOVE] = "remove",
	[HEALTH_USE_ANYWAY] = "anyway",
};

const char *health_use_name(enum health_use use)
{
	return use_names[use];
}

static enum health_use use_of(const struct health_server *server, bool anyway)
{
	if (server->up)
		return HEALTH_USE_NORMAL;
	if (anyway)
		return HEALTH_USE_ANYWAY;
	return server->failure == MODEL_HEALTH_REMOVE ? HEALTH_USE_REMOVE : HEALTH_USE_DRAIN;
}

struct health_service health_service_judge(struct health_server *servers, size_t count,
                                           enum model_all_down all_down)
{
	struct health_service service = {0};
	uint64_t down_weight = 0;

	for (size_t i = 0; i < count; i++) {
		if (servers[i].up) {
			service.up_count++;
			service.up_weight += servers[i].weight;
		} else {
			service.down_count++;
			down_weight += servers[i].weight;
		}
	}
	service.all_down = service.up_weight == 0 && down_weight > 0;
	service.anyway = service.all_down && all_down == MODEL_ALL_DOWN_SERVE;
	service.sorry = service.up_weight == 0 && !service.anyway;
	for (size_t i = 0; i < count; i++) {
		struct health_server *server = &servers[i];

		server->use = use_of(server, service.anyway);
		server->used_weight = server->use == HEALTH_USE_NORMAL ||
		                                      server->use == HEALTH_USE_ANYWAY
		                              ? server->weight
		                              : 0;
	}
	return service;
}

bool health_quorum_met(const struct model_quorum *quorum, uint64_t up_weight, uint64_t whole_weight,
                       bool before)
{
	if (!quorum || quorum->minimum == 0)
		return true;
	/* A model_quorum read from a document has its hysteresis below its minimum. */
	if (before)
		return up_weight + quorum->hysteresis >= quorum->minimum;
	return up_weight >= (uint64_t)quorum->minimum + quorum->hysteresis ||
	       (up_weight >= quorum->minimum && up_weight >= whole_weight);
}

bool health_quorum_first(const struct model_quorum *quorum, uint64_t up_weight)
{
	return !quorum || up_weight >= quorum->minimum;
}
