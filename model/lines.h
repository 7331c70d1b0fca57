/* SPDX-License-Identifier: GPL-2.0-or-later */
/* model/lines.h - on which lines those fields of an object stand that problems between objects
 * name.
 *
 * Pure. Problems of one object are told while its tree is at hand; what clashes with other objects
 * is found later, when only this is left of it. */

#ifndef LINTEL_MODEL_LINES_H
#define LINTEL_MODEL_LINES_H

#include "lib/arena.h"
#include "lib/tree.h"

struct model_lines;

/* Of an object's document; NULL: it has none (an API object). Lives in the arena. */
const struct model_lines *model_lines_of(struct arena *arena, const struct tree *document);
/* The line of "spec.addresses[2]", else of the nearest field around it that is known, else
 * 'otherwise'. 'lines' may be NULL. */
unsigned model_lines_find(const struct model_lines *lines, const char *field, unsigned otherwise);

#endif
