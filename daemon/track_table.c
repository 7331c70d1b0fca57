/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/track_table.h"

#include "daemon/report_time.h"
#include "lib/mem.h"
#include "lib/mono.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* --- what is wanted --- */

static void free_item(struct track_item *item)
{
	free((char *)item->track.file);
	free((char *)item->track.interface);
}

void track_table_done(struct track_table *table)
{
	for (size_t i = 0; i < table->count; i++)
		free_item(&table->items[i]);
	free(table->items);
	free(table->restraints);
	*table = (struct track_table){0};
}

/* The same thing of the same router, be it with another weight. Looked for from 'hint' on: as a
 * rule little has changed. */
static const struct track_item *find(const struct track_table *table, const char *router,
                                     const struct model_track *track, size_t hint)
{
	for (size_t i = 0; i < table->count; i++) {
		const struct track_item *item = &table->items[(hint + i) % table->count];

		if (strcmp(item->router, router) == 0 &&
		    strcmp(item->track.file, track->file) == 0 &&
		    strcmp(item->track.interface, track->interface) == 0 &&
		    addr_equal(&item->track.address, &track->address) &&
		    item->track.expect == track->expect)
			return item;
	}
	return NULL;
}

static void make_item(struct track_item *item, const struct model_router *router,
                      const struct model_track *track, const struct track_item *before,
                      int64_t now_us)
{
	if (before)
		*item = *before;
	else
		item->since_us = now_us;
	snprintf(item->router, sizeof(item->router), "%s", router->name);
	if (before && before->track.weight != track->weight)
		item->damper = (struct vrrp_damper){.known = false};
	item->track = *track;
	item->track.file = xstrdup(track->file);
	item->track.interface = xstrdup(track->interface);
	item->damping = (struct vrrp_damper_params){.hold_us = router->damping_hold_us,
	                                            .max_us = router->damping_max_us};
	if (item->seen.verdict != VRRP_TRACK_UNKNOWN)
		(void)vrrp_damper_feed(&item->damper, &item->damping,
		                       vrrp_track_value(&item->track, &item->seen), now_us);
}

void track_table_want(struct track_table *table, const struct model_snapshot *snapshot,
                      int64_t now_us)
{
	struct track_item *items;
	size_t most = 0, count = 0;

	for (size_t i = 0; i < snapshot->router_count; i++)
		most += snapshot->routers[i]->track_count;
	items = xcalloc(most + 1, sizeof(*items));
	for (size_t i = 0; i < snapshot->router_count; i++) {
		const struct model_router *router = snapshot->routers[i];

		for (size_t j = 0; j < router->track_count; j++, count++)
			make_item(&items[count], router, &router->tracks[j],
			          find(table, router->name, &router->tracks[j], count), now_us);
	}
	for (size_t i = 0; i < table->count; i++)
		free_item(&table->items[i]);
	free(table->items);
	table->items = items;
	table->count = count;
}

/* --- what is seen --- */

bool track_table_see(struct track_table *table, size_t at, const struct vrrp_track_seen *seen,
                     int64_t now_us)
{
	struct track_item *item = &table->items[at];
	bool known = item->seen.verdict != VRRP_TRACK_UNKNOWN;

	if (seen->verdict == VRRP_TRACK_UNKNOWN)
		return false;
	if (!known || seen->verdict != item->seen.verdict || seen->number != item->seen.number ||
	    seen->odd != item->seen.odd) {
		item->change_count += known;
		item->since_us = now_us;
		item->seen = *seen;
	}
	return vrrp_damper_feed(&item->damper, &item->damping, vrrp_track_value(&item->track, seen),
	                        now_us);
}

void track_table_expire(struct track_table *table, int64_t now_us,
                        void (*changed)(void *ctx, const struct track_item *item), void *ctx)
{
	for (size_t i = 0; i < table->count; i++) {
		struct track_item *item = &table->items[i];

		if (vrrp_damper_expire(&item->damper, &item->damping, now_us) && changed)
			changed(ctx, item);
	}
}

int64_t track_table_deadline(const struct track_table *table)
{
	int64_t least_us = TIME_NEVER;

	for (size_t i = 0; i < table->count; i++) {
		int64_t due_us = vrrp_damper_deadline(&table->items[i].damper);

		if (due_us < least_us)
			least_us = due_us;
	}
	return least_us;
}

/* --- what follows --- */

/* False: it restrains nobody. */
static bool restrain(const struct track_item *item, struct vrrp_restraint *restraint)
{
	int32_t value = item->damper.known ? item->damper.value : 0;
	struct text why = {0};

	if (item->seen.verdict != VRRP_TRACK_UNKNOWN && value == 0)
		return false;
	memcpy(restraint->router, item->router, sizeof(restraint->router));
	restraint->preempt_held = item->seen.verdict == VRRP_TRACK_UNKNOWN;
	if (value == VRRP_DAMPER_OUT) {
		restraint->withdrawn = true;
		/* What it sees may be better already. */
		if (vrrp_track_value(&item->track, &item->seen) == VRRP_DAMPER_OUT) {
			vrrp_track_explain(&item->track, &item->seen, &why);
		} else {
			vrrp_track_title(&item->track, &why);
			text_add(&why, " was bad, and has to stay good for a while");
		}
		snprintf(restraint->why, sizeof(restraint->why), "%s", text_str(&why));
	} else if (value < 0) {
		restraint->priority_cut = (unsigned)-value;
	} else {
		restraint->priority_raise = (unsigned)value;
	}
	text_done(&why);
	return true;
}

bool track_table_restrain(struct track_table *table)
{
	struct vrrp_restraint *before = table->restraints;
	size_t before_count = table->restraint_count;

	table->restraints = xcalloc(table->count + 1, sizeof(*table->restraints));
	table->restraint_count = 0;
	for (size_t i = 0; i < table->count; i++)
		table->restraint_count +=
			restrain(&table->items[i], &table->restraints[table->restraint_count]);
	bool same = before_count == table->restraint_count &&
	            (before_count == 0 ||
	             memcmp(before, table->restraints, before_count * sizeof(*before)) == 0);
	free(before);
	return !same;
}

static json_t *report_item(const struct track_item *item, int64_t now_us)
{
	bool known = item->seen.verdict != VRRP_TRACK_UNKNOWN;
	bool number = item->seen.verdict == VRRP_TRACK_NUMBER;
	int32_t value = item->damper.known ? item->damper.value : 0;
	int64_t held_us = vrrp_damper_held_us(&item->damper, now_us);
	struct text what = {0}, why = {0};

	vrrp_track_title(&item->track, &what);
	vrrp_track_explain(&item->track, &item->seen, &why);
	json_t *object =
		json_pack("{s:s,s:s,s:s,s:i,s:o,s:o,s:b,s:o,s:I,s:i,s:o}", "what", text_str(&what),
	                  "state", vrrp_track_verdict_name(item->seen.verdict), "why",
	                  text_str(&why), "weight", item->track.weight, "number",
	                  number ? json_integer(item->seen.number) : json_null(), "priorityChange",
	                  value == VRRP_DAMPER_OUT ? json_null() : json_integer(value), "withdraws",
	                  value == VRRP_DAMPER_OUT, "sinceSeconds",
	                  known ? report_seconds(now_us - item->since_us) : json_null(), "changes",
	                  (json_int_t)item->change_count, "countedFlaps", (int)item->damper.changes,
	                  "heldSeconds", report_seconds(held_us));
	text_done(&what);
	text_done(&why);
	return object;
}

json_t *track_table_report(const struct track_table *table, const char *router, int64_t now_us)
{
	json_t *list = json_array();

	for (size_t i = 0; i < table->count; i++)
		if (strcmp(table->items[i].router, router) == 0)
			json_array_append_new(list, report_item(&table->items[i], now_us));
	return list;
}
