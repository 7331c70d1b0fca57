/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "model/check.h"
#include "model/object.h"
#include "model/schema.h"

#define MILLISECOND INT64_C(1000)
#define SECOND      INT64_C(1000000)
#define HOUR        (3600 * SECOND)

static const struct model_schema_field track_fields[] = {
	{
		.name = "file",
		.kind = MODEL_FIELD_TEXT,
		.min = 1,
		.max = 4095,
		.doc = "A file on the node, by its absolute path, that a program of yours writes. "
		       "It is looked at whenever it changes.",
		MODEL_FIELD_AT(model_track, file),
	},
	{
		.name = "address",
		.kind = MODEL_FIELD_ADDRESS,
		.doc = "An address that has to answer ICMP echo, the next router for instance.",
		MODEL_FIELD_AT(model_track, address),
	},
	{
		.name = "interface",
		.kind = MODEL_FIELD_INTERFACE,
		.doc = "An interface that has to be up.",
		MODEL_FIELD_AT(model_track, interface),
	},
	{
		.name = "weight",
		.kind = MODEL_FIELD_INT,
		.min = -254,
		.max = 254,
		.doc = "What this does to the priority. Below 0: it is lowered by that much while "
		       "things are bad; above 0: it is raised while they are good. Absent or 0: "
		       "while they are bad, the node is neither active nor a candidate. With "
		       "`expect: number` it multiplies the number, and 1 stands for an absent one.",
		MODEL_FIELD_AT(model_track, weight),
	},
	{
		.name = "expect",
		.kind = MODEL_FIELD_ENUM,
		.names = model_schema_track_expect_names,
		.default_text = "number",
		.doc = "With `file`: what is good.",
		MODEL_FIELD_AT(model_track, expect),
	},
	{
		.name = "interval",
		.kind = MODEL_FIELD_DURATION,
		.min = 100 * MILLISECOND,
		.max = HOUR,
		.unit_us = 1,
		.default_text = "1s",
		.doc = "With `address`: time between two echo requests.",
		MODEL_FIELD_AT(model_track, check.interval_us),
	},
	{
		.name = "timeout",
		.kind = MODEL_FIELD_DURATION,
		.min = 10 * MILLISECOND,
		.max = 60 * SECOND,
		.unit_us = 1,
		.default_text = "500ms",
		.doc = "With `address`: how long an answer may take; not longer than `interval`.",
		MODEL_FIELD_AT(model_track, check.timeout_us),
	},
	{
		.name = "rise",
		.kind = MODEL_FIELD_INT,
		.min = 1,
		.max = 100,
		.default_text = "2",
		.doc = "With `address`: so many answers in a row, and it is reachable.",
		MODEL_FIELD_AT(model_track, check.rise),
	},
	{
		.name = "fall",
		.kind = MODEL_FIELD_INT,
		.min = 1,
		.max = 100,
		.default_text = "3",
		.doc = "With `address`: so many requests in a row without an answer, and it is "
		       "not. Before the first verdict the node preempts nobody.",
		MODEL_FIELD_AT(model_track, check.fall),
	},
	{.name = NULL},
};
const struct model_schema_map model_schema_track_map = {.fields = track_fields,
                                                        .check = model_check_track};

static const struct model_schema_field damping_fields[] = {
	{
		.name = "hold",
		.kind = MODEL_FIELD_DURATION,
		.min = 0,
		.max = HOUR,
		.unit_us = 1,
		.default_text = "1s",
		.doc = "What became good again has to stay so for this long before it counts; "
		       "twice "
		       "as long each further time that it became bad. `0s`: it counts at once.",
		MODEL_FIELD_AT(model_router, damping_hold_us),
	},
	{
		.name = "maximum",
		.kind = MODEL_FIELD_DURATION,
		.min = SECOND,
		.max = 24 * HOUR,
		.unit_us = 1,
		.default_text = "1m",
		.doc = "The longest that is waited. After each such time in which it did not "
		       "become "
		       "bad, one time that it did is forgotten.",
		MODEL_FIELD_AT(model_router, damping_max_us),
	},
	{.name = NULL},
};
const struct model_schema_map model_schema_damping_map = {.fields = damping_fields,
                                                          .check = model_check_damping};
