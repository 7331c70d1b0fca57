/* SPDX-License-Identifier: GPL-2.0-or-later */
/* model/copy.h - whole copies of objects, made by their tables.
 *
 * Pure. */

#ifndef LINTEL_MODEL_COPY_H
#define LINTEL_MODEL_COPY_H

#include "model/object.h"
#include "model/schema.h"

/* A copy of an object (struct model_router, ... as 'schema' says) with all that it points to, in
 * 'arena'. The origin's source is not copied but replaced by 'source'. */
void *model_copy(struct arena *arena, const struct model_schema_object *schema, const void *object,
                 const char *source);

#endif
