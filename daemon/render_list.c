/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The columns are those of ipvsadm -Ln, so that eyes and scripts find what they know; what Lintel
 * adds (name of the virtual server, state of a real server) stands at the ends of the lines. An
 * address too long for its column gets a line of its own. */
#include "daemon/render.h"

#include <string.h>

#define ARROW         "  -> "
#define ADDRESS_WIDTH 28 /* ipvsadm's width of RemoteAddress:Port */
#define ADDRESS_MIN   22 /* any IPv4 address and port */
#define FIGURE_WIDTH  8
#define FIGURES_WIDTH (5 * (FIGURE_WIDTH + 1))

/* ":80" in brackets where needed; "" for no port. */
static void add_endpoint(struct text *out, const char *address, json_int_t first, json_int_t last)
{
	bool bracket = first && strchr(address, ':');

	text_printf(out, "%s%s%s", bracket ? "[" : "", address, bracket ? "]" : "");
	if (first)
		text_printf(out, ":%" JSON_INTEGER_FORMAT, first);
	if (last > first)
		text_printf(out, "-%" JSON_INTEGER_FORMAT, last);
}

static void server_address(struct text *out, const json_t *server)
{
	add_endpoint(out, render_text(server, "address"), render_integer(server, "port"), 0);
}

/* "TCP  10.77.0.100:80" */
static void virtual_address(struct text *out, const json_t *virtual_server)
{
	text_printf(out, "%-4s ", render_text(virtual_server, "protocol"));
	add_endpoint(out, render_text(virtual_server, "address"),
	             render_integer(virtual_server, "port"),
	             render_integer(virtual_server, "portEnd"));
}

/* " rr persistent 300 (sh-port) mark 0x1000 draining" */
static void add_scheduling(struct text *out, const json_t *virtual_server)
{
	const json_t *flags = json_object_get(virtual_server, "flags");
	json_int_t persistence = render_integer(virtual_server, "persistenceSeconds");
	json_int_t mark = render_integer(virtual_server, "mark");
	size_t i;
	json_t *flag;

	text_printf(out, " %s", render_text(virtual_server, "scheduler"));
	json_array_foreach(flags, i, flag)
		text_printf(out, "%s%s", i ? "," : " (", json_string_value(flag));
	if (json_array_size(flags))
		text_add(out, ")");
	if (persistence)
		text_printf(out, " persistent %" JSON_INTEGER_FORMAT, persistence);
	if (mark)
		text_printf(out, " mark %#llx", (unsigned long long)mark);
	if (render_bool(virtual_server, "draining"))
		text_add(out, " draining");
}

static const char *forwarding_word(const char *forwarding)
{
	if (strcmp(forwarding, "nat") == 0)
		return "Masq";
	if (strcmp(forwarding, "direct") == 0)
		return "Route";
	return strcmp(forwarding, "tunnel") == 0 ? "Tunnel" : forwarding;
}

/* "", "draining 42s" (left), "drained", "down 5m" (since) or "sorry" */
static void add_state(struct text *out, const json_t *server)
{
	const char *state = render_text(server, "state");
	const json_t *left = json_object_get(server, "drainSecondsLeft");
	const json_t *since = json_object_get(server, "stateSeconds");
	double seconds = (double)(json_int_t)json_number_value(left);
	char buf[RENDER_BUF_SIZE];

	if (strcmp(state, "ready") == 0)
		return;
	text_add(out, state);
	if (json_is_number(left))
		text_printf(out, " %s",
		            render_span(seconds + (seconds < json_number_value(left)), buf));
	else if (strcmp(state, "down") == 0 && json_is_number(since))
		text_printf(out, " %s", render_span(json_number_value(since), buf));
}

static enum table_tone state_tone(const json_t *server)
{
	return strcmp(render_text(server, "state"), "down") == 0 ? TABLE_BAD : TABLE_ATTENTION;
}

static enum table_tone weight_tone(json_int_t weight)
{
	return weight == 0 ? TABLE_ATTENTION : TABLE_PLAIN;
}

/* Widths of the columns that depend on what is in them. */
struct layout {
	unsigned address;
	unsigned inactive; /* InActConn */
	unsigned state;
};

static unsigned larger(unsigned a, size_t b)
{
	return b > a ? (unsigned)b : a;
}

static void measure_server(const json_t *server, struct layout *layout)
{
	struct text text = {0};

	server_address(&text, server);
	layout->address = larger(layout->address, text.len);
	text_clear(&text);
	add_state(&text, server);
	layout->state = larger(layout->state, text.len);
	text_clear(&text);
	text_printf(&text, "%" JSON_INTEGER_FORMAT, render_integer(server, "inactiveConnections"));
	layout->inactive = larger(layout->inactive, text.len);
	text_done(&text);
}

static struct layout measure(const json_t *virtual_servers)
{
	struct layout layout = {.address = ADDRESS_WIDTH, .inactive = 9};
	size_t i, j;
	json_t *vs, *server;

	json_array_foreach(virtual_servers, i, vs)
	{
		json_array_foreach(json_object_get(vs, "servers"), j, server)
			measure_server(server, &layout);
	}
	return layout;
}

/* Leaves 'beside' columns free beside the addresses, if it can. */
static void fit(struct layout *layout, unsigned beside, const struct table_style *style)
{
	unsigned arrow = (unsigned)strlen(ARROW);

	if (arrow + layout->address + beside > style->width)
		layout->address = style->width > arrow + beside + ADDRESS_MIN
		                          ? style->width - arrow - beside
		                          : ADDRESS_MIN;
}

/* Pads the line begun at 'start' to 'column', or goes on in the next one. */
static void pad_to(struct text *out, size_t start, unsigned column)
{
	size_t used = out->len - start;

	if (used > column) {
		text_add(out, "\n");
		used = 0;
	}
	text_printf(out, "%*s", (int)(column - used), "");
}

/* --- the plain view --- */

#define PLAIN_FIGURES 27 /* " Forward Weight ActiveConn " */

static void add_server(const json_t *server, const struct layout *layout,
                       const struct table_style *style, struct text *out)
{
	json_int_t weight = render_integer(server, "weight");
	size_t start = out->len;
	struct text state = {0}, weight_text = {0};

	text_add(out, ARROW);
	server_address(out, server);
	pad_to(out, start, (unsigned)strlen(ARROW) + layout->address);
	text_printf(out, " %-7s ", forwarding_word(render_text(server, "forwarding")));
	text_printf(&weight_text, "%-6" JSON_INTEGER_FORMAT, weight);
	table_tone(out, weight_tone(weight), style->colour, text_str(&weight_text));
	add_state(&state, server);
	text_printf(out, " %-10" JSON_INTEGER_FORMAT " ",
	            render_integer(server, "activeConnections"));
	text_printf(out, state.len ? "%-*" JSON_INTEGER_FORMAT " " : "%*" JSON_INTEGER_FORMAT,
	            state.len ? (int)layout->inactive : 0,
	            render_integer(server, "inactiveConnections"));
	table_tone(out, state_tone(server), style->colour, text_str(&state));
	text_add(out, "\n");
	text_done(&state);
	text_done(&weight_text);
}

/* The name stands at the right edge of the columns, or in a line of its own. */
static void add_virtual_server(const json_t *virtual_server, const struct layout *layout,
                               const struct table_style *style, struct text *out)
{
	unsigned edge =
		(unsigned)strlen(ARROW) + layout->address + PLAIN_FIGURES + layout->inactive;
	struct text line = {0}, name = {0};

	virtual_address(&line, virtual_server);
	table_tone(out, TABLE_STRONG, style->colour, text_str(&line));
	size_t used = line.len;
	text_clear(&line);
	add_scheduling(&line, virtual_server);
	if (used + line.len > style->width) {
		text_add(out, "\n    ");
		used = 4;
	}
	text_add(out, text_str(&line));
	used += line.len;
	text_printf(&name, "%s/%s", render_text(virtual_server, "namespace"),
	            render_text(virtual_server, "name"));
	if (used + 2 + name.len > style->width) {
		text_add(out, "\n    ");
		used = 4;
	}
	if (used + 2 + name.len > style->width) {
		name.data[style->width - used - 2 - strlen("...")] = '\0';
		text_done(&line);
		text_printf(&line, "%s...", name.data);
		text_clear(&name);
		text_add(&name, text_str(&line));
	}
	int gap = used + 2 + name.len <= edge ? (int)(edge - used - name.len) : 2;
	text_printf(out, "%*s", gap, "");
	table_tone(out, TABLE_FAINT, style->colour, text_str(&name));
	text_add(out, "\n");
	text_done(&line);
	text_done(&name);
}

static void list_servers(const json_t *virtual_servers, const struct table_style *style,
                         struct text *out)
{
	struct layout layout = measure(virtual_servers);
	size_t i, j;
	json_t *vs, *server;

	fit(&layout, PLAIN_FIGURES + layout.inactive + (layout.state ? 1 + layout.state : 0),
	    style);
	text_add(out, "Prot LocalAddress:Port Scheduler Flags\n");
	text_printf(out, ARROW "%-*s Forward Weight ActiveConn InActConn\n", (int)layout.address,
	            "RemoteAddress:Port");
	json_array_foreach(virtual_servers, i, vs)
	{
		add_virtual_server(vs, &layout, style, out);
		json_array_foreach(json_object_get(vs, "servers"), j, server)
			add_server(server, &layout, style, out);
	}
}

/* --- totals and rates --- */

static void add_figures(const json_t *object, struct text *out)
{
	static const char *const keys[] = {"connections", "packetsIn", "packetsOut", "bytesIn",
	                                   "bytesOut"};
	char buf[RENDER_BUF_SIZE];

	for (size_t i = 0; i < LT_ARRAY_SIZE(keys); i++)
		text_printf(out, " %*s", FIGURE_WIDTH,
		            render_count(render_number(object, keys[i]), buf));
	text_add(out, "\n");
}

static void list_figures(const json_t *virtual_servers, const char *key, const char *titles,
                         const struct table_style *style, struct text *out)
{
	struct layout layout = measure(virtual_servers);
	size_t i, j;
	json_t *vs, *server;

	fit(&layout, FIGURES_WIDTH, style);
	unsigned column = (unsigned)strlen(ARROW) + layout.address;
	text_printf(out, "%-*s%s\n", (int)column, "Prot LocalAddress:Port", titles);
	text_add(out, ARROW "RemoteAddress:Port\n");
	json_array_foreach(virtual_servers, i, vs)
	{
		struct text head = {0};
		virtual_address(&head, vs);
		table_tone(out, TABLE_STRONG, style->colour, text_str(&head));
		pad_to(out, out->len - head.len, column);
		text_done(&head);
		add_figures(json_object_get(vs, key), out);
		json_array_foreach(json_object_get(vs, "servers"), j, server)
		{
			size_t start = out->len;
			text_add(out, ARROW);
			server_address(out, server);
			pad_to(out, start, column);
			add_figures(json_object_get(server, key), out);
		}
	}
}

/* --- connections --- */

static const struct table_column flat_columns[] = {
	{.title = "Prot"},   {.title = "Expire"},  {.title = "State"},
	{.title = "Source"}, {.title = "Virtual"}, {.title = "Destination"},
};
/* Three lines a connection, for addresses that don't fit beside one another. */
static const struct table_column stacked_columns[] = {
	{.title = "Prot"},
	{.title = "Expire"},
	{.title = "State"},
	{.title = "Source -> Virtual -> Destination"},
};

static void add_connection(struct table *table, const json_t *connection, bool stacked)
{
	json_int_t seconds = render_integer(connection, "expiresSeconds");

	table_cell(table, TABLE_PLAIN, "%s", render_text(connection, "protocol"));
	table_cell(table, TABLE_PLAIN, "%02" JSON_INTEGER_FORMAT ":%02" JSON_INTEGER_FORMAT,
	           seconds / 60, seconds % 60);
	table_cell(table, TABLE_PLAIN, "%s", render_text(connection, "state"));
	table_cell(table, TABLE_PLAIN, "%s", render_text(connection, "client"));
	if (!stacked) {
		table_cell(table, TABLE_PLAIN, "%s", render_text(connection, "virtual"));
		table_cell(table, TABLE_PLAIN, "%s", render_text(connection, "server"));
		return;
	}
	for (size_t i = 0; i < 2; i++) {
		table_cell(table, TABLE_PLAIN, "%s", "");
		table_cell(table, TABLE_PLAIN, "%s", "");
		table_cell(table, TABLE_PLAIN, "%s", "");
		table_cell(table, TABLE_PLAIN, "-> %s",
		           render_text(connection, i ? "server" : "virtual"));
	}
}

static struct table *build_connections(const json_t *connections, bool stacked)
{
	struct table *table = stacked ? table_new(stacked_columns, LT_ARRAY_SIZE(stacked_columns))
	                              : table_new(flat_columns, LT_ARRAY_SIZE(flat_columns));
	size_t i;
	json_t *connection;

	json_array_foreach(connections, i, connection) add_connection(table, connection, stacked);
	return table;
}

static void list_connections(const json_t *list, const struct table_style *style, struct text *out)
{
	const json_t *connections = json_object_get(list, "connections");
	struct table *table = build_connections(connections, false);

	if (table_natural_width(table) > style->width) {
		table_free(table);
		table = build_connections(connections, true);
	}
	table_print(table, 0, style, out);
	table_free(table);
	if (json_array_size(connections) == 0)
		text_add(out, "No connections.\n");
	if (render_bool(list, "connectionsTruncated"))
		text_printf(out, "... and more: only the first %zu are shown.\n",
		            json_array_size(connections));
}

void render_list(const json_t *list, enum render_list_view view, const struct table_style *style,
                 struct text *out)
{
	const json_t *virtual_servers = json_object_get(list, "virtualServers");
	json_int_t foreign = render_integer(list, "foreignServices");

	switch (view) {
	case RENDER_LIST_SERVERS:
		list_servers(virtual_servers, style, out);
		break;
	case RENDER_LIST_STATS:
		list_figures(virtual_servers, "stats",
		             "    Conns   InPkts  OutPkts  InBytes OutBytes", style, out);
		break;
	case RENDER_LIST_RATE:
		list_figures(virtual_servers, "rates",
		             "      CPS    InPPS   OutPPS    InBPS   OutBPS", style, out);
		break;
	case RENDER_LIST_CONNECTIONS:
		list_connections(list, style, out);
		break;
	}
	if (foreign > 0 && view != RENDER_LIST_CONNECTIONS)
		text_printf(out,
		            "\n%" JSON_INTEGER_FORMAT
		            " virtual service%s of others: ipvsadm -Ln shows %s.\n",
		            foreign, render_plural(foreign), foreign == 1 ? "it" : "them");
}
