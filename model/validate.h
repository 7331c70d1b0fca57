/* SPDX-License-Identifier: GPL-2.0-or-later */
/* model/validate.h - rules between objects, which no single object can tell.
 *
 * Pure. What concerns one object alone is in model/check.h. Objects with errors of their own may be
 * among them: what was wrong is zero there. */

#ifndef LINTEL_MODEL_VALIDATE_H
#define LINTEL_MODEL_VALIDATE_H

#include "model/snapshot.h"

/* Looks at a snapshot that has its objects in order and nothing else yet: names given twice, names
 * that refer to nothing. */
void model_validate_names(const struct model_snapshot *snapshot, struct model_problems *problems);
/* Looks at a snapshot that has its services and addresses (each as often as it is named): who
 * owns what, clashes, networks. */
void model_validate_addresses(const struct model_snapshot *snapshot,
                              struct model_problems *problems);

/* "lintel.yaml:12", or "kubernetes". Returns buf. */
#define MODEL_PLACE_SIZE 300
const char *model_validate_place(const struct model_origin *origin,
                                 char buf[static MODEL_PLACE_SIZE]);
/* Was 'a' said after 'b'? Of two clashing objects the later one is reported. */
bool model_validate_is_later(const struct model_origin *a, const struct model_origin *b);
/* Has the object an error? Then what others see of it may be incomplete. */
bool model_validate_is_reported(const struct model_problems *problems, const char *kind,
                                const char *name);

#endif
