/* SPDX-License-Identifier: GPL-2.0-or-later */
/* k8s/path.h - paths of the API.
 *
 * Pure. RFC 3986: whatever is not unreserved is percent-encoded. */

#ifndef LINTEL_K8S_PATH_H
#define LINTEL_K8S_PATH_H

#include "lib/text.h"

/* A kind of objects, as the API names it. Constant texts. */
struct k8s_resource {
	const char *api_version; /* "v1", "discovery.k8s.io/v1" */
	const char *plural;      /* "services" */
	const char *kind;        /* "Service" */
};

/* Appends "/api/v1/namespaces/NAMESPACE/services/NAME/SUBRESOURCE". What is NULL is left out:
 * without a namespace all of them (or a resource that has none), without a name the collection. */
void k8s_path_add(struct text *path, const struct k8s_resource *resource, const char *namespace,
                  const char *name, const char *subresource);
/* Appends "?key=value", or "&key=value" when there is a query already. */
void k8s_path_add_query(struct text *path, const char *key, const char *value);

#endif
