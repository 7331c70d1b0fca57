/* SPDX-License-Identifier: GPL-2.0-or-later */
/* model/problem.h - what is wrong with the objects someone wrote, said so that he can mend it.
 *
 * Pure. Printed as "file:line: object: field: what is wrong, what is allowed". */

#ifndef LINTEL_MODEL_PROBLEM_H
#define LINTEL_MODEL_PROBLEM_H

#include "lib/arena.h"
#include "lib/compiler.h"
#include "lib/text.h"
#include "model/lines.h"

#include <stdbool.h>

enum model_severity {
	MODEL_WARNING, /* taken as it is, but look */
	MODEL_ERROR,   /* the source is refused whole */
};

/* The source of objects that come from the Kubernetes API. */
#define MODEL_SOURCE_KUBERNETES "kubernetes"

/* Where something was said. */
struct model_origin {
	const char *source;              /* file path, or MODEL_SOURCE_KUBERNETES */
	unsigned line;                   /* 1-based, 0 when there is none */
	const struct model_lines *lines; /* of an object's fields; NULL: not known */
};

struct model_problem {
	enum model_severity severity;
	struct model_origin origin;
	const char *object; /* "VirtualRouter front", "VirtualServer default/web", "" for the file
	                       itself */
	const char *field;  /* "spec.ports[0].port", "" for the object itself */
	const char *message;
};

#define MODEL_PROBLEMS_MAX 1000 /* more are counted, not kept */

struct model_problems {
	struct arena arena; /* owns all texts */
	struct model_problem *items;
	size_t count;
	size_t capacity;
	size_t error_count;
	size_t dropped_count;
	bool errors_only; /* set by who has no use for warnings: they are not kept */
};

void model_problems_init(struct model_problems *problems);
void model_problems_done(struct model_problems *problems);
/* Would one more of these be kept? If not it is counted here, and need not be added: for who makes
 * texts for it, of thousands. */
bool model_problem_is_kept(struct model_problems *problems, enum model_severity severity);
/* All texts are copied. The line is that of the field when the origin knows it. */
void model_problem_add(struct model_problems *problems, enum model_severity severity,
                       struct model_origin origin, const char *object, const char *field,
                       const char *fmt, ...) LT_PRINTF(6, 7);
/* Adds all of 'from' (copied). */
void model_problems_append(struct model_problems *problems, const struct model_problems *from);
/* By source, line, and order of finding. */
void model_problems_sort(struct model_problems *problems);
/* Appends one line with its '\n'; warnings say "warning: " before the message. */
void model_problem_format(const struct model_problem *problem, struct text *out);

#endif
