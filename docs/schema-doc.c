/* SPDX-License-Identifier: GPL-2.0-or-later */
/* docs/schema-doc.c - writes docs/configuration.md from the tables in model/schema_*.c.
 *
 * build/tests/model/schema-doc > docs/configuration.md
 * A test compares the file with what the tables say. */

#include "model/schema.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char introduction[] =
	"<!-- Written by docs/schema-doc.c from model/schema_*.c. Do not edit it here. -->\n"
	"# Configuration\n"
	"\n"
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
	"so. Nothing is ever half applied.\n"
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

static void print_field(void *ctx, const char *path, unsigned depth,
                        const struct model_schema_field *field)
{
	struct text allowed = {0};

	(void)ctx;
	if (depth == 0)
		return; /* metadata and spec themselves */
	if (field->kind != MODEL_FIELD_MAP)
		model_schema_field_allowed(field, &allowed);
	else if (field->map->shorthand)
		text_printf(&allowed, "a list of maps, or of their `%s` alone",
		            field->map->shorthand);
	else
		text_add(&allowed, field->many == MODEL_FIELD_ONE ? "a map" : "a list of maps");
	/* The names are explained beside. */
	if (field->names) {
		text_clear(&allowed);
		text_add(&allowed, "a name");
	}
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

int main(void)
{
	fputs(introduction, stdout);
	for (size_t i = 0; i < MODEL_SCHEMA_COUNT; i++)
		print_object(model_schema_objects[i]);
	return fflush(stdout) == 0 && !ferror(stdout) ? EXIT_SUCCESS : EXIT_FAILURE;
}
