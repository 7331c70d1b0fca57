/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "model/schema.h"

#include "tests/model/judge.h"
#include "tests/unit.h"

#include <ctype.h>
#include <strings.h>

/* --- every member of every structure is some field's --- */

#define STRUCT_SIZE_MAX 1024

/* Which bytes of a structure fields fill. */
struct coverage {
	bool filled[STRUCT_SIZE_MAX];
	size_t size;
};

static void cover(struct coverage *coverage, size_t offset, size_t size)
{
	ck_assert_uint_le(offset + size, coverage->size);
	memset(coverage->filled + offset, true, size);
}

static void check_gaps(const struct coverage *coverage, const char *what);

static void cover_map(struct coverage *coverage, const struct model_schema_map *map, size_t base)
{
	for (const struct model_schema_field *field = map->fields; field->name; field++) {
		if (field->kind == MODEL_FIELD_ELSEWHERE || field->kind == MODEL_FIELD_IGNORED)
			continue;
		if (field->many != MODEL_FIELD_ONE || field->kind == MODEL_FIELD_LABELS) {
			cover(coverage, base + field->offset, sizeof(void *));
			cover(coverage, base + field->other_offset, sizeof(size_t));
			continue;
		}
		if (field->pointed) {
			struct coverage inside = {.size = field->size};

			cover(coverage, base + field->offset, sizeof(void *));
			cover_map(&inside, field->map, 0);
			check_gaps(&inside, field->name);
			continue;
		}
		if (field->kind == MODEL_FIELD_MAP) {
			cover_map(coverage, field->map, base + field->offset);
			continue;
		}
		cover(coverage, base + field->offset, field->size);
		if (field->kind == MODEL_FIELD_PORT_OR_NAME)
			cover(coverage, base + field->other_offset, sizeof(char *));
	}
}

/* Bytes that nothing fills have to be padding: fewer than would align what comes next. */
static void check_gaps(const struct coverage *coverage, const char *what)
{
	size_t at = 0;

	while (at < coverage->size) {
		size_t end = at;

		while (end < coverage->size && !coverage->filled[end])
			end++;
		if (end > at) {
			/* Aligned to as much as its offset is, at most to 8. */
			size_t alignment = end & -end;

			if (alignment > 8)
				alignment = 8;
			ck_assert_msg(end - at < alignment, "%s: bytes %zu to %zu are no field's",
			              what, at, end - 1);
			ck_assert_msg(end - at < 8, "%s: bytes %zu to %zu", what, at, end - 1);
		}
		at = end + 1;
	}
}

START_TEST(every_member_of_every_structure_is_filled_by_a_field)
{
	const struct {
		const char *name;
		const struct model_schema_map *map;
		size_t size;
		size_t origin_offset; /* SIZE_MAX: it has none */
	} rows[] = {
		/* what a port has from its 'own_servers' on is from no document, nor is what a
	         * virtual server has from its 'has_own_checks' on */
		{"router", model_schema_router.map, sizeof(struct model_router),
	         offsetof(struct model_router, origin)},
		{"virtual server", model_schema_virtual_server.map,
	         offsetof(struct model_virtual_server, has_own_checks),
	         offsetof(struct model_virtual_server, origin)},
		{"pool", model_schema_pool.map, sizeof(struct model_pool),
	         offsetof(struct model_pool, origin)},
		{"port", &model_schema_port_map, offsetof(struct model_port, own_servers),
	         SIZE_MAX},
		{"real server", &model_schema_server_map, sizeof(struct model_real_server),
	         SIZE_MAX},
	};

	for (size_t i = 0; i < LT_ARRAY_SIZE(rows); i++) {
		struct coverage coverage = {.size = rows[i].size};

		ck_assert_uint_le(rows[i].size, STRUCT_SIZE_MAX);
		if (rows[i].origin_offset != SIZE_MAX)
			cover(&coverage, rows[i].origin_offset, sizeof(struct model_origin));
		cover_map(&coverage, rows[i].map, 0);
		check_gaps(&coverage, rows[i].name);
	}
}
END_TEST

/* --- what each field says of itself --- */

/* A member as wide as its kind needs. */
static void check_size(const char *path, const struct model_schema_field *field)
{
	size_t size = field->size;

	switch (field->kind) {
	case MODEL_FIELD_NAME:
	case MODEL_FIELD_LABEL:
	case MODEL_FIELD_INTERFACE:
	case MODEL_FIELD_TEXT:
	case MODEL_FIELD_CHOICE:
		ck_assert_msg(size == sizeof(char *), "%s", path);
		ck_assert_msg(field->kind != MODEL_FIELD_TEXT || field->max > field->min, "%s",
		              path);
		break;
	case MODEL_FIELD_ENUM:
		ck_assert_msg(size == sizeof(enum model_forwarding), "%s", path);
		break;
	case MODEL_FIELD_BOOL:
		ck_assert_msg(size == sizeof(bool), "%s", path);
		break;
	case MODEL_FIELD_INT:
	case MODEL_FIELD_PORT_OR_NAME:
		ck_assert_msg(size == 8 || field->max < INT64_C(1) << (8 * size), "%s", path);
		ck_assert_msg(field->min <= field->max, "%s", path);
		/* A signed one needs a bit for it. */
		ck_assert_msg(field->min >= 0 || (field->kind == MODEL_FIELD_INT &&
		                                  field->min >= -(INT64_C(1) << (8 * size - 1)) &&
		                                  field->max < INT64_C(1) << (8 * size - 1)),
		              "%s", path);
		break;
	case MODEL_FIELD_INT_RANGE:
		ck_assert_msg(size == sizeof(struct model_int_range) && field->max <= UINT16_MAX,
		              "%s", path);
		break;
	case MODEL_FIELD_DURATION:
		ck_assert_msg(field->unit_us > 0 && field->min <= field->max, "%s", path);
		ck_assert_msg(size == 8 || field->max / field->unit_us < INT64_C(1) << (8 * size),
		              "%s", path);
		/* What the member can't count is refused and not rounded. */
		ck_assert_msg(field->unit_us == 1 || field->step % field->unit_us == 0, "%s", path);
		break;
	case MODEL_FIELD_ADDRESS:
		ck_assert_msg(size == sizeof(struct addr), "%s", path);
		break;
	case MODEL_FIELD_PREFIX:
		ck_assert_msg(size == sizeof(struct addr_prefix), "%s", path);
		break;
	case MODEL_FIELD_RANGE:
		ck_assert_msg(size == sizeof(struct addr_range), "%s", path);
		break;
	case MODEL_FIELD_LABELS:
		ck_assert_msg(size == sizeof(struct model_label) && field->count_max > 0, "%s",
		              path);
		break;
	case MODEL_FIELD_MAP:
		break;
	case MODEL_FIELD_ELSEWHERE:
	case MODEL_FIELD_IGNORED:
		ck_abort_msg("%s is not documented, and was visited", path);
	}
}

static void check_field(void *ctx, const char *path, unsigned depth,
                        const struct model_schema_field *field)
{
	size_t *count = ctx;
	size_t len = field->doc ? strlen(field->doc) : 0;
	struct text allowed = {0};

	(*count)++;
	ck_assert_uint_le(depth, 4);
	check_size(path, field);
	ck_assert_msg(len > 5 && field->doc[len - 1] == '.' &&
	                      (isupper((unsigned char)field->doc[0]) || field->doc[0] == '`'),
	              "%s: '%s' is no sentence", path, field->doc);
	ck_assert_msg(!field->required || !field->default_text, "%s", path);
	ck_assert_msg((field->many != MODEL_FIELD_ONE || field->kind == MODEL_FIELD_LABELS) ==
	                      (field->count_max > 0),
	              "%s", path);
	ck_assert_msg((field->names != NULL) == (field->kind == MODEL_FIELD_ENUM ||
	                                         field->kind == MODEL_FIELD_CHOICE),
	              "%s", path);
	model_schema_field_allowed(field, &allowed);
	ck_assert_msg(allowed.len > 0, "%s", path);
	text_done(&allowed);
}

START_TEST(every_field_has_its_documentation_its_range_and_a_member_that_holds_it)
{
	size_t count = 0;

	for (size_t i = 0; i < MODEL_SCHEMA_COUNT; i++)
		model_schema_walk(model_schema_objects[i], check_field, &count);
	ck_assert_uint_gt(count, 70);
}
END_TEST

static void collect_path(void *ctx, const char *path, unsigned depth,
                         const struct model_schema_field *field)
{
	text_printf(ctx, "%u %s\n", depth, path);
}

START_TEST(the_walk_visits_maps_before_what_is_in_them)
{
	struct text paths = {0};

	model_schema_walk(&model_schema_pool, collect_path, &paths);
	ck_assert_str_eq(text_str(&paths),
	                 "0 metadata\n1 metadata.name\n0 spec\n"
	                 "1 spec.virtualRouter\n1 spec.addresses[]\n"
	                 "1 spec.autoAssign\n1 spec.avoidBuggyIPs\n1 spec.priority\n"
	                 "1 spec.namespaces[]\n1 spec.namespaceSelector\n"
	                 "2 spec.namespaceSelector.matchLabels\n"
	                 "2 spec.namespaceSelector.matchExpressions[]\n"
	                 "3 spec.namespaceSelector.matchExpressions[].key\n"
	                 "3 spec.namespaceSelector.matchExpressions[].operator\n"
	                 "3 spec.namespaceSelector.matchExpressions[].values[]\n"
	                 "1 spec.serviceSelector\n"
	                 "2 spec.serviceSelector.matchLabels\n"
	                 "2 spec.serviceSelector.matchExpressions[]\n"
	                 "3 spec.serviceSelector.matchExpressions[].key\n"
	                 "3 spec.serviceSelector.matchExpressions[].operator\n"
	                 "3 spec.serviceSelector.matchExpressions[].values[]\n");
	text_clear(&paths);
	model_schema_walk(&model_schema_virtual_server, collect_path, &paths);
	ck_assert_ptr_nonnull(strstr(text_str(&paths), "\n3 spec.ports[].portRange.start\n"));
	ck_assert_ptr_nonnull(strstr(text_str(&paths), "\n2 spec.healthCheck.interval\n"));
	text_done(&paths);
}
END_TEST

START_TEST(kinds_and_fields_are_found_by_name)
{
	ck_assert_ptr_eq(model_schema_find("VirtualServer"), &model_schema_virtual_server);
	ck_assert_ptr_eq(model_schema_find("VirtualRouter"), &model_schema_router);
	ck_assert_ptr_eq(model_schema_find("AddressPool"), &model_schema_pool);
	ck_assert_ptr_null(model_schema_find("virtualserver"));
	ck_assert_str_eq(model_schema_field_find(&model_schema_port_map, "scheduler")->default_text,
	                 "wrr");
	ck_assert_ptr_null(model_schema_field_find(&model_schema_port_map, "schedule"));
}
END_TEST

START_TEST(each_name_of_an_enum_is_unique_and_explained)
{
	static const struct model_schema_name *const tables[] = {
		model_schema_protocol_names,     model_schema_forwarding_names,
		model_schema_tunnel_type_names,  model_schema_snat_mode_names,
		model_schema_checksum_names,     model_schema_health_type_names,
		model_schema_scheduler_names,    model_schema_health_failure_names,
		model_schema_health_start_names, model_schema_http_version_names,
		model_schema_dns_type_names,     model_schema_all_down_names,
		model_schema_quorum_loss_names,
	};
	const struct model_schema_name *names = tables[_i];

	for (size_t a = 0; names[a].name; a++) {
		ck_assert_ptr_nonnull(names[a].doc);
		for (size_t b = 0; b < a; b++) {
			ck_assert_str_ne(names[a].name, names[b].name);
			ck_assert(names == model_schema_scheduler_names ||
			          names[a].value != names[b].value);
		}
	}
}
END_TEST

START_TEST(enums_have_names)
{
	ck_assert_str_eq(model_protocol_name(MODEL_SCTP), "SCTP");
	ck_assert_str_eq(model_forwarding_name(MODEL_FORWARD_DIRECT), "direct");
	ck_assert_str_eq(model_tunnel_type_name(MODEL_TUNNEL_GUE), "gue");
	ck_assert_str_eq(model_snat_mode_name(MODEL_SNAT_MASQUERADE), "masquerade");
	ck_assert_str_eq(model_checksum_name(MODEL_CHECKSUM_RFC9568), "rfc9568");
	ck_assert_str_eq(model_health_type_name(MODEL_HEALTH_DNS), "dns");
}
END_TEST

START_TEST(the_example_of_each_kind_has_nothing_wrong)
{
	char *lines = judge(model_schema_objects[_i]->example);

	ck_assert_str_eq(lines, "");
	free(lines);
}
END_TEST

int main(void)
{
	TCase *tests;
	Suite *suite = unit_suite("model_schema", &tests);

	tcase_add_test(tests, every_member_of_every_structure_is_filled_by_a_field);
	tcase_add_test(tests,
	               every_field_has_its_documentation_its_range_and_a_member_that_holds_it);
	tcase_add_test(tests, the_walk_visits_maps_before_what_is_in_them);
	tcase_add_test(tests, kinds_and_fields_are_found_by_name);
	tcase_add_loop_test(tests, each_name_of_an_enum_is_unique_and_explained, 0, 13);
	tcase_add_test(tests, enums_have_names);
	tcase_add_loop_test(tests, the_example_of_each_kind_has_nothing_wrong, 0,
	                    MODEL_SCHEMA_COUNT);
	return unit_run(suite);
}
