/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/metrics_parts.h"
#include "daemon/track_table.h"

#include "lib/mono.h"

static double is_good(const struct track_item *item, int64_t now_us)
{
	(void)now_us;
	return item->seen.verdict == VRRP_TRACK_GOOD ||
	       (item->seen.verdict == VRRP_TRACK_NUMBER && !item->seen.odd);
}

static double change(const struct track_item *item, int64_t now_us)
{
	(void)now_us;
	return item->damper.known && item->damper.value != VRRP_DAMPER_OUT ? item->damper.value : 0;
}

static double withdraws(const struct track_item *item, int64_t now_us)
{
	(void)now_us;
	return item->damper.known && item->damper.value == VRRP_DAMPER_OUT;
}

static double held(const struct track_item *item, int64_t now_us)
{
	return mono_seconds(vrrp_damper_held_us(&item->damper, now_us));
}

static double changes(const struct track_item *item, int64_t now_us)
{
	(void)now_us;
	return (double)item->change_count;
}

static const struct {
	const char *name, *type, *help;
	double (*value)(const struct track_item *item, int64_t now_us);
} rows[] = {
	{"lintel_track_good", "gauge",
         "1 while what a virtual router tracks is good, or a file has a number in it.", is_good},
	{"lintel_track_priority_change", "gauge", "What it adds to the priority now.", change},
	{"lintel_track_withdraws", "gauge", "1 while it keeps the virtual router from taking part.",
         withdraws},
	{"lintel_track_held_seconds", "gauge",
         "For how long something better has to last yet before it counts.", held},
	{"lintel_track_changes_total", "counter", "Changes that were seen.", changes},
};

void metrics_track_write(const struct track_table *table, int64_t now_us, struct text *out)
{
	struct text labels = {0}, what = {0};

	for (size_t row = 0; row < LT_ARRAY_SIZE(rows); row++) {
		metrics_family(out, rows[row].name, rows[row].type, rows[row].help);
		for (size_t i = 0; i < table->count; i++) {
			const struct track_item *item = &table->items[i];

			text_clear(&labels);
			text_clear(&what);
			vrrp_track_title(&item->track, &what);
			metrics_label(&labels, "", "router", item->router);
			metrics_label(&labels, ",", "what", text_str(&what));
			metrics_value(out, rows[row].name, text_str(&labels),
			              rows[row].value(item, now_us));
		}
	}
	text_done(&labels);
	text_done(&what);
}
