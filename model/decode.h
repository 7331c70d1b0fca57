/* SPDX-License-Identifier: GPL-2.0-or-later */
/* model/decode.h - one document tree to one object.
 *
 * Pure. The one decoder: YAML files, JSON files and Kubernetes objects come through here as trees.
 * What a field is, may be and means stands in the tables of model/schema.h. */

#ifndef LINTEL_MODEL_DECODE_H
#define LINTEL_MODEL_DECODE_H

#include "lib/tree.h"
#include "model/object.h"

/* Decodes a document (apiVersion, kind, metadata, spec) and appends the object to 'objects' if it
 * has no error, else to 'objects->incomplete'. Every problem found is added; 'source' must outlive
 * 'objects' (it is kept in origins). */
void model_decode(const struct tree *document, const char *source, struct model_objects *objects,
                  struct model_problems *problems);

/* Gives the fields of a zeroed structure what they have when a document does not say them; for
 * those who make objects without one. 'map' is that of the structure: model_schema_port_map, ...;
 * the whole of a kind is model_schema_virtual_server.map. Texts are the schema's: a copy of the
 * structure has them as well. */
struct model_schema_map;
void model_defaults(const struct model_schema_map *map, void *object);

#endif
