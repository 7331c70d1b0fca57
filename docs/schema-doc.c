/* SPDX-License-Identifier: GPL-2.0-or-later */
/* docs/schema-doc.c - writes docs/configuration.md and lintel.yaml(5) from the tables in
 * model/schema_*.c.
 *
 * build/docs/schema-doc > docs/configuration.md
 * build/docs/schema-doc man > lintel.yaml.5
 * A test compares the first with what the tables say; every build makes the second. */

#include "model/schema.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char introduction[] =
	"What is wanted is written as objects: who owns addresses (`VirtualRouter`), what is "
	"balanced\n"
	"on them (`VirtualServer`), and, in Kubernetes, which addresses may be given away\n"
	"(`AddressPool`). On a plain machine they are YAML or JSON files, in a cluster custom\n"
	"resources; the fields, their meaning and the messages are the same.\n"
	"\n"
	"## Files\n"
	"\n"
	"`lintel run -c PATH` (default `/etc/lintel`) reads a file, or of a directory all "
	"`*.yaml`,\n"
	"`*.yml` and `*.json` that are not hidden, in the order of their names and without\n"
	"subdirectories. A file may hold several documents, separated by `---`, or a `kind: List` "
	"as\n"
	"`kubectl get -o yaml` writes it. All paths together are one configuration: objects refer "
	"to\n"
	"each other by name wherever they stand.\n"
	"\n"
	"Files are watched and read again when they change (SIGHUP does it as well). A "
	"configuration\n"
	"with an error is refused whole, the one before it stays in force, and `lintel status` "
	"says\n"
	"so. Nothing is ever half applied. That goes for a directory from which all files have "
	"gone, too: it\n"
	"may be unmounted, or they are just being replaced. To let go of everything, leave an "
	"empty file.\n"
	"\n"
	"`lintel check PATH...` tells every problem at once, a line each:\n"
	"\n"
	"```\n"
	"lintel.yaml:9: VirtualRouter front: spec.adresses: unknown field 'adresses'; did you mean "
	"'addresses'?\n"
	"lintel.yaml:31: VirtualServer default/web: spec.ports[0].port: 99999 is out of range; "
	"allowed: an integer from 1 to 65535\n"
	"lintel.yaml:34: VirtualServer default/web: spec.addresses[0]: warning: 192.0.2.9 is in no "
	"network of VirtualRouter front: others find it only by a route\n"
	"```\n"
	"\n"
	"A warning is something to look at; the configuration is taken as it is.\n"
	"\n"
	"## How values are written\n"
	"\n"
	"- Durations have a unit: `100ms`, `3s`, `1m30s`, `2h`.\n"
	"- Addresses are IPv4 or IPv6 everywhere. In YAML, write those that begin or end with a "
	"colon\n"
	"  in quotes.\n"
	"- A field that is not there, or `null`, has its default.\n"
	"- YAML aliases (`*name`) and tags (`!name`) are refused, and so is a key that stands "
	"twice.\n"
	"- The limits: 32 MiB a file, 64 levels, 10,000 files in a directory, 4096 port ranges in "
	"all.\n";

/* Table cells end at a bar. */
static void print_cell(const char *text)
{
	for (; *text; text++) {
		if (*text == '|')
			putchar('\\');
		putchar(*text);
	}
}

static void print_default(const struct model_schema_field *field)
{
	if (field->required)
		printf("*required*");
	else if (field->default_text)
		printf("`%s`", field->default_text);
}

static void print_names(const struct model_schema_name *names)
{
	for (; names->name; names++) {
		printf("<br>`%s`", names->name);
		if (strcmp(names->name, names->doc) != 0) {
			printf(": ");
			print_cell(names->doc);
		}
	}
}

/* What may be written there. Names are explained beside. */
static void field_allowed(const struct model_schema_field *field, struct text *out)
{
	if (field->names)
		text_add(out, "a name");
	else if (field->kind != MODEL_FIELD_MAP)
		model_schema_field_allowed(field, out);
	else if (field->map->shorthand)
		text_printf(out, "a list of maps, or of their `%s` alone", field->map->shorthand);
	else
		text_add(out, field->many == MODEL_FIELD_ONE ? "a map" : "a list of maps");
}

static void print_field(void *ctx, const char *path, unsigned depth,
                        const struct model_schema_field *field)
{
	struct text allowed = {0};

	(void)ctx;
	if (depth == 0)
		return; /* metadata and spec themselves */
	field_allowed(field, &allowed);
	printf("| `%s` | ", path);
	print_cell(text_str(&allowed));
	printf(" | ");
	print_default(field);
	printf(" | ");
	print_cell(field->doc);
	if (field->names)
		print_names(field->names);
	printf(" |\n");
	text_done(&allowed);
}

static void print_object(const struct model_schema_object *object)
{
	printf("\n## %s\n\n%s\n\n", object->kind, object->doc);
	if (object->namespaced)
		printf("It belongs to a namespace.\n\n");
	else
		printf("It is in no namespace.\n\n");
	printf("```yaml\n%s```\n\n", object->example);
	printf("| field | may be | default | meaning |\n|---|---|---|---|\n");
	model_schema_walk(object, print_field, NULL);
}

static void markdown(void)
{
	printf("<!-- Written by docs/schema-doc.c from model/schema_*.c. Do not edit it here. -->\n"
	       "# Configuration\n\n");
	fputs(introduction, stdout);
	for (size_t i = 0; i < MODEL_SCHEMA_COUNT; i++)
		print_object(model_schema_objects[i]);
}

/* Text for troff: what it would take for a request, an escape or a typographic sign is said in its
 * way. In code a hyphen is a minus, so that it can be copied. */
static void man_text(const char *text, size_t length, bool code)
{
	for (size_t i = 0; i < length; i++) {
		char c = text[i];

		if (i == 0 && c == '.')
			fputs("\\&", stdout);
		if (c == '\\')
			fputs("\\e", stdout);
		else if (c == '\'')
			fputs("\\(aq", stdout);
		else if (c == '"')
			fputs("\\(dq", stdout);
		else if (c == '^')
			fputs("\\(ha", stdout);
		else if (c == '~')
			fputs("\\(ti", stdout);
		else if (c == '-' && code)
			fputs("\\-", stdout);
		else
			putchar(c);
	}
}

/* A line of Markdown, in which only `code` has a meaning. */
static void man_line(const char *text, size_t length)
{
	bool code = false;

	for (;;) {
		const char *mark = memchr(text, '`', length);
		size_t part = mark ? (size_t)(mark - text) : length;

		man_text(text, part, code);
		if (!mark)
			break;
		code = !code;
		fputs(code ? "\\fB" : "\\fR", stdout);
		text += part + 1;
		length -= part + 1;
	}
	putchar('\n');
}

static void man_code(const char *text)
{
	man_text(text, strlen(text), true);
	putchar('\n');
}

static void man_example(const char *text)
{
	for (size_t length; *text; text += length + (text[length] == '\n')) {
		length = strcspn(text, "\n");
		man_text(text, length, true);
		putchar('\n');
	}
}

/* What the introduction has of Markdown: headings, paragraphs, lists and fenced examples. */
static void man_markdown(const char *text)
{
	bool example = false;

	while (*text) {
		size_t length = strcspn(text, "\n");

		if (strncmp(text, "```", 3) == 0) {
			example = !example;
			printf(example ? ".PP\n.EX\n" : ".EE\n");
		} else if (example) {
			man_text(text, length, true);
			putchar('\n');
		} else if (strncmp(text, "## ", 3) == 0) {
			printf(".SH ");
			man_line(text + 3, length - 3);
		} else if (strncmp(text, "- ", 2) == 0) {
			printf(".IP \\(bu 2\n");
			man_line(text + 2, length - 2);
		} else if (length > 0) {
			size_t indent = strspn(text, " ");

			man_line(text + indent, length - indent);
		} else if (text[1] && !strchr("#-\n", text[1]) &&
		           strncmp(text + 1, "```", 3) != 0) {
			printf(".PP\n");
		}
		text += length + (text[length] == '\n');
	}
}

static void man_field(void *ctx, const char *path, unsigned depth,
                      const struct model_schema_field *field)
{
	struct text allowed = {0};

	(void)ctx;
	if (depth == 0)
		return; /* metadata and spec themselves */
	field_allowed(field, &allowed);
	printf(".TP\n.B ");
	man_code(path);
	if (field->required)
		text_add(&allowed, ", required");
	else if (field->default_text)
		text_printf(&allowed, ", default `%s`", field->default_text);
	text_add(&allowed, ".");
	man_line(text_str(&allowed), strlen(text_str(&allowed)));
	text_done(&allowed);
	printf(".br\n");
	man_line(field->doc, strlen(field->doc));
	if (!field->names)
		return;
	printf(".RS\n");
	for (const struct model_schema_name *name = field->names; name->name; name++) {
		printf(".TP\n.B ");
		man_code(name->name);
		if (strcmp(name->name, name->doc) != 0)
			man_line(name->doc, strlen(name->doc));
		else
			printf("\\&\n");
	}
	printf(".RE\n");
}

static void man_object(const struct model_schema_object *object)
{
	printf(".SH %s\n", object->kind);
	man_line(object->doc, strlen(object->doc));
	printf(object->namespaced ? "It belongs to a namespace.\n" : "It is in no namespace.\n");
	printf(".PP\n.EX\n");
	man_example(object->example);
	printf(".EE\n.PP\n");
	model_schema_walk(object, man_field, NULL);
}

static void man(void)
{
	printf(".\\\" SPDX-License-Identifier: GPL-2.0-or-later\n"
	       ".\\\" Written by docs/schema-doc.c from model/schema_*.c.\n"
	       ".TH LINTEL.YAML 5 \"\" \"lintel " LINTEL_VERSION "\" \"File formats\"\n"
	       ".SH NAME\n"
	       "lintel.yaml \\- configuration of the load balancer Lintel\n"
	       ".SH DESCRIPTION\n");
	man_markdown(introduction);
	for (size_t i = 0; i < MODEL_SCHEMA_COUNT; i++)
		man_object(model_schema_objects[i]);
	printf(".SH FILES\n.TP\n.I /etc/lintel\nWhere the daemon looks when it is not told another "
	       "path.\n"
	       ".SH SEE ALSO\n.BR lintel (8)\n");
}

int main(int argc, char **argv)
{
	if (argc == 2 && strcmp(argv[1], "man") == 0) {
		man();
	} else if (argc == 1) {
		markdown();
	} else {
		fputs("usage: schema-doc [man]\n", stderr);
		return 2;
	}
	return fflush(stdout) == 0 && !ferror(stdout) ? EXIT_SUCCESS : EXIT_FAILURE;
}
