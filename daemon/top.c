/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/top.h"

#include "daemon/render.h"
#include "lib/endpoint.h"
#include "lib/mem.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define RESTRAINED_MAX 3 /* virtual routers that are told of above the rows */
#define TITLE_SIZE     160

struct top_row {
	char title[TITLE_SIZE]; /* "TCP 10.77.0.100:80": what it is found by */
	const char *name;       /* "default/web"; in the last answer */
	const char *namespace;
	const json_t *service; /* in the last answer; NULL while it is compared */
	double values[TOP_SORT_COUNT];
	double bytes_in, bytes_out;
	double inactive;
	size_t ready, total;        /* real servers */
	float history[TOP_HISTORY]; /* connections a second, oldest first */
	size_t seen;                /* of them */
	double rank;                /* in the order wanted: lowest first; then by name: */
	int sign;                   /* 1, or -1 the other way round; 0: not by name */
};

const char *top_sort_name(enum top_sort sort)
{
	static const char *const names[] = {"connections", "packets", "bytes", "active", "name"};

	return names[sort];
}

void top_done(struct top *top)
{
	free(top->rows);
	json_decref(top->list);
	json_decref(top->status);
	*top = (struct top){0};
}

static void read_title(const json_t *service, char title[static TITLE_SIZE])
{
	const char *address = render_text(service, "address");
	bool six = strchr(address, ':') != NULL;
	json_int_t port = render_integer(service, "port"), end = render_integer(service, "portEnd");
	int len = snprintf(title, TITLE_SIZE, "%s %s%s%s:%" JSON_INTEGER_FORMAT,
	                   render_text(service, "protocol"), six ? "[" : "", address,
	                   six ? "]" : "", port);

	if (end > port && len > 0 && len < TITLE_SIZE)
		snprintf(title + len, TITLE_SIZE - (size_t)len, "-%" JSON_INTEGER_FORMAT, end);
}

static void read_row(const json_t *service, struct top_row *row)
{
	const json_t *rates = json_object_get(service, "rates");
	double packets = render_number(rates, "packetsIn") + render_number(rates, "packetsOut");
	size_t i;
	json_t *server;

	row->service = service;
	row->namespace = render_text(service, "namespace");
	row->name = render_text(service, "name");
	row->bytes_in = render_number(rates, "bytesIn");
	row->bytes_out = render_number(rates, "bytesOut");
	row->values[TOP_BY_CONNECTIONS] = render_number(rates, "connections");
	row->values[TOP_BY_PACKETS] = packets;
	row->values[TOP_BY_BYTES] = row->bytes_in + row->bytes_out;
	row->values[TOP_BY_ACTIVE] = row->inactive = 0;
	row->ready = row->total = 0;
	json_array_foreach(json_object_get(service, "servers"), i, server)
	{
		row->values[TOP_BY_ACTIVE] += render_number(server, "activeConnections");
		row->inactive += render_number(server, "inactiveConnections");
		row->ready += render_integer(server, "weight") > 0;
		row->total++;
	}
}

static int compare_titles(const void *a, const void *b)
{
	return strcmp(((const struct top_row *)a)->title, ((const struct top_row *)b)->title);
}

static void add_sample(struct top_row *row)
{
	if (row->seen == TOP_HISTORY)
		memmove(row->history, row->history + 1, (TOP_HISTORY - 1) * sizeof(float));
	else
		row->seen++;
	row->history[row->seen - 1] = (float)row->values[TOP_BY_CONNECTIONS];
}

void top_take(struct top *top, json_t *list, json_t *status)
{
	const json_t *services = json_object_get(list, "virtualServers");
	size_t count = json_array_size(services);
	struct top_row *rows = xcalloc(count + 1, sizeof(*rows));

	if (top->row_count)
		qsort(top->rows, top->row_count, sizeof(*top->rows), compare_titles);
	for (size_t i = 0; i < count; i++) {
		struct top_row row = {.seen = 0};
		const struct top_row *before;

		read_title(json_array_get(services, i), row.title);
		before = top->rows ? bsearch(&row, top->rows, top->row_count, sizeof(row),
		                             compare_titles)
		                   : NULL;
		if (before)
			row = *before;
		read_row(json_array_get(services, i), &row);
		add_sample(&row);
		rows[i] = row;
	}
	free(top->rows);
	top->rows = rows;
	top->row_count = count;
	json_decref(top->list);
	json_decref(top->status);
	top->list = list;
	top->status = status;
}

/* --- keys --- */

static void sort_by(struct top *top, enum top_sort sort)
{
	top->reverse = top->sort == sort && !top->reverse;
	top->sort = sort;
	top->scroll = 0;
}

static void scroll(struct top *top, bool down, size_t rows)
{
	if (down)
		top->scroll += rows; /* top_render() bounds it */
	else
		top->scroll -= rows < top->scroll ? rows : top->scroll;
}

enum top_key_result top_key(struct top *top, int key, size_t page)
{
	switch (key) {
	case 'q':
	case 3: /* Ctrl-C */
		return TOP_KEY_QUIT;
	case 'c':
		sort_by(top, TOP_BY_CONNECTIONS);
		break;
	case 'p':
		sort_by(top, TOP_BY_PACKETS);
		break;
	case 'b':
		sort_by(top, TOP_BY_BYTES);
		break;
	case 'a':
		sort_by(top, TOP_BY_ACTIVE);
		break;
	case 'n':
		sort_by(top, TOP_BY_NAME);
		break;
	case 'r':
		top->reverse = !top->reverse;
		break;
	case 's':
		top->servers = !top->servers;
		break;
	case 'v':
		top->routers = !top->routers;
		top->scroll = 0;
		break;
	case 'k':
	case TOP_KEY_UP:
		scroll(top, false, 1);
		break;
	case 'j':
	case TOP_KEY_DOWN:
		scroll(top, true, 1);
		break;
	case TOP_KEY_PAGE_UP:
		scroll(top, false, page);
		break;
	case ' ':
	case TOP_KEY_PAGE_DOWN:
		scroll(top, true, page);
		break;
	case 'g':
	case TOP_KEY_HOME:
		top->scroll = 0;
		break;
	default:
		return TOP_KEY_UNKNOWN;
	}
	return TOP_KEY_CHANGED;
}

/* --- the picture --- */

/* qsort has no argument of its own: each row says where it belongs. */
static void rank_rows(struct top *top)
{
	for (size_t i = 0; i < top->row_count; i++) {
		struct top_row *row = &top->rows[i];

		row->sign = top->sort != TOP_BY_NAME ? 0 : top->reverse ? -1 : 1;
		row->rank = row->sign ? 0 : row->values[top->sort];
		if (!top->reverse)
			row->rank = -row->rank; /* most first */
	}
}

static int compare_rows(const void *left, const void *right)
{
	const struct top_row *a = left, *b = right;
	int order = (a->rank > b->rank) - (a->rank < b->rank);

	if (order == 0)
		order = a->sign * strcmp(a->namespace, b->namespace);
	if (order == 0)
		order = a->sign * strcmp(a->name, b->name);
	return order ? order : strcmp(a->title, b->title);
}

/* As many of the last samples as there is room for. */
static void add_spark(const struct top *top, const struct top_row *row,
                      const struct table_style *style, struct text *out)
{
	static const char *const blocks[] = {"▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
	static const char *const plain[] = {"_", ".", "-", "=", "+", "*", "%", "#"};
	float most = 0;

	size_t room = style->width >= 110 ? TOP_HISTORY : style->width >= 90 ? 10 : 5;
	size_t first = row->seen > room ? row->seen - room : 0;

	for (size_t i = first; i < row->seen; i++)
		most = row->history[i] > most ? row->history[i] : most;
	for (size_t i = first; i < row->seen; i++) {
		unsigned step = most > 0 ? (unsigned)(row->history[i] / most * 7.0F + 0.5F) : 0;

		text_add(out, top->ascii ? plain[step] : blocks[step]);
	}
}

/* Addresses need their room: without it, packets and what comes in are left out. */
static bool is_narrow(const struct table_style *style)
{
	return style->width < 72;
}

static void add_servers(const struct top_row *row, const struct table_style *style,
                        struct table *table)
{
	char connections[RENDER_BUF_SIZE], packets[RENDER_BUF_SIZE], in[RENDER_BUF_SIZE];
	char out[RENDER_BUF_SIZE], active[RENDER_BUF_SIZE], name[ENDPOINT_TEXT_SIZE];
	struct addr address;
	size_t i;
	json_t *server;

	json_array_foreach(json_object_get(row->service, "servers"), i, server)
	{
		const json_t *rates = json_object_get(server, "rates");
		const char *state = render_text(server, "state");
		bool well = render_integer(server, "weight") > 0;

		const char *where = render_text(server, "address");

		if (addr_parse(where, &address) == 0) /* without a port: of a range */
			where = endpoint_format(&address, (uint16_t)render_integer(server, "port"),
			                        name);
		table_cell(table, well ? TABLE_FAINT : TABLE_ATTENTION, "  -> %s", where);
		table_cell(table, TABLE_FAINT, "%s",
		           render_count(render_number(rates, "connections"), connections));
		if (!is_narrow(style)) {
			table_cell(table, TABLE_FAINT, "%s",
			           render_count(render_number(rates, "packetsIn") +
			                                render_number(rates, "packetsOut"),
			                        packets));
			table_cell(table, TABLE_FAINT, "%s",
			           render_count(render_number(rates, "bytesIn"), in));
		}
		table_cell(table, TABLE_FAINT, "%s",
		           render_count(render_number(rates, "bytesOut"), out));
		table_cell(table, TABLE_FAINT, "%s",
		           render_count(render_number(server, "activeConnections"), active));
		table_cell(table, TABLE_FAINT, "w %" JSON_INTEGER_FORMAT,
		           render_integer(server, "weight"));
		table_cell(table, well ? TABLE_FAINT : TABLE_ATTENTION, "%s", state);
	}
}

static void add_row(const struct top *top, const struct top_row *row,
                    const struct table_style *style, struct table *table)
{
	char connections[RENDER_BUF_SIZE], packets[RENDER_BUF_SIZE], in[RENDER_BUF_SIZE];
	char out[RENDER_BUF_SIZE], active[RENDER_BUF_SIZE];
	struct text spark = {0};

	add_spark(top, row, style, &spark);
	table_cell(table, row->ready ? TABLE_PLAIN : TABLE_BAD, "%s", row->title);
	table_cell(table, TABLE_STRONG, "%s",
	           render_count(row->values[TOP_BY_CONNECTIONS], connections));
	if (!is_narrow(style)) {
		table_cell(table, TABLE_PLAIN, "%s",
		           render_count(row->values[TOP_BY_PACKETS], packets));
		table_cell(table, TABLE_PLAIN, "%s", render_count(row->bytes_in, in));
	}
	table_cell(table, TABLE_PLAIN, "%s", render_count(row->bytes_out, out));
	table_cell(table, TABLE_PLAIN, "%s", render_count(row->values[TOP_BY_ACTIVE], active));
	table_cell(table, row->ready == row->total ? TABLE_PLAIN : TABLE_ATTENTION, "%zu/%zu",
	           row->ready, row->total);
	table_cell(table, TABLE_GOOD, "%s", text_str(&spark));
	text_done(&spark);
	if (top->servers)
		add_servers(row, style, table);
}

static void add_routers(const struct top *top, struct text *line)
{
	char buf[RENDER_BUF_SIZE];
	size_t i;
	json_t *router;

	json_array_foreach(json_object_get(top->status, "routers"), i, router)
		text_printf(line, "%s%s %s %s", i ? ", " : "", render_text(router, "name"),
	                    render_text(router, "state"),
	                    render_span(render_number(router, "sinceSeconds"), buf));
}

static void add_sums(const struct top *top, const struct table_style *style, struct text *out)
{
	char connections[RENDER_BUF_SIZE], in[RENDER_BUF_SIZE], bytes[RENDER_BUF_SIZE];
	double sums[3] = {0};
	struct text line = {0};

	for (size_t i = 0; i < top->row_count; i++) {
		sums[0] += top->rows[i].values[TOP_BY_CONNECTIONS];
		sums[1] += top->rows[i].bytes_in;
		sums[2] += top->rows[i].bytes_out;
	}
	text_printf(&line, "%zu virtual server%s by %s%s: %s conn/s, %s B/s in, %s B/s out",
	            top->row_count, render_plural((json_int_t)top->row_count),
	            top_sort_name(top->sort), top->reverse ? ", reversed" : "",
	            render_count(sums[0], connections), render_count(sums[1], in),
	            render_count(sums[2], bytes));
	table_line(out, TABLE_PLAIN, text_str(&line), style);
	text_done(&line);
}

/* The lines that it takes. */
static size_t add_head(const struct top *top, const struct table_style *style, struct text *out)
{
	struct text line = {0};
	size_t lines = 3;

	text_printf(&line, "%s: ", render_text(top->status, "node"));
	add_routers(top, &line);
	table_line(out, TABLE_STRONG, text_str(&line), style);
	if (!top->routers)
		lines += top_add_restrained(top->status, RESTRAINED_MAX, style, out);
	add_sums(top, style, out);
	table_line(out, TABLE_FAINT,
	           "Keys: s servers, v routers, q quit; c conn/s, p pkt/s, b B/s, a active, n name",
	           style);
	text_done(&line);
	return lines;
}

/* At most 'room' lines of it. */
static void add_rows(const char *rows, size_t room, struct text *out)
{
	for (size_t lines = 0; *rows && lines < room; lines++) {
		size_t len = strcspn(rows, "\n") + 1;

		text_add_len(out, rows, len);
		rows += len;
	}
}

void top_render(struct top *top, const struct table_style *style, unsigned height, struct text *out)
{
	static const struct table_column narrow[] = {
		{.title = "VIRTUAL SERVER", .shrinks = true, .min_width = 14},
		{.title = "CONN/S", .align = TABLE_RIGHT},
		{.title = "OUT B/S", .align = TABLE_RIGHT},
		{.title = "ACTIVE", .align = TABLE_RIGHT},
		{.title = "UP", .align = TABLE_RIGHT},
		{.title = "TREND"},
	};
	static const struct table_column columns[] = {
		{.title = "VIRTUAL SERVER", .shrinks = true, .min_width = 14},
		{.title = "CONN/S", .align = TABLE_RIGHT},
		{.title = "PKT/S", .align = TABLE_RIGHT},
		{.title = "IN B/S", .align = TABLE_RIGHT},
		{.title = "OUT B/S", .align = TABLE_RIGHT},
		{.title = "ACTIVE", .align = TABLE_RIGHT},
		{.title = "UP", .align = TABLE_RIGHT},
		{.title = "TREND"},
	};
	struct table *table;
	struct text all = {0};
	size_t count = top->routers ? json_array_size(json_object_get(top->status, "routers"))
	                            : top->row_count;

	rank_rows(top);
	if (top->row_count)
		qsort(top->rows, top->row_count, sizeof(*top->rows), compare_rows);
	if (top->scroll >= count)
		top->scroll = count ? count - 1 : 0;
	size_t head = add_head(top, style, out);
	size_t room = !height ? SIZE_MAX : height > head ? height - head : 1;
	if (top->routers) {
		top_add_routers(top->status, top->scroll, style, &all);
	} else {
		table = is_narrow(style) ? table_new(narrow, LT_ARRAY_SIZE(narrow))
		                         : table_new(columns, LT_ARRAY_SIZE(columns));
		for (size_t i = top->scroll; i < count && i - top->scroll < room; i++)
			add_row(top, &top->rows[i], style, table);
		table_print(table, 0, style, &all);
		table_free(table);
	}
	add_rows(text_str(&all), room, out);
	text_done(&all);
}
