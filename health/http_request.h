/* SPDX-License-Identifier: GPL-2.0-or-later */
/* health/http_request.h - what a check of type http, https or tls asks for, as texts.
 *
 * Pure. */

#ifndef LINTEL_HEALTH_HTTP_REQUEST_H
#define LINTEL_HEALTH_HTTP_REQUEST_H

#include "health/table.h"
#include "lib/text.h"

#include <stdbool.h>

/* "https://example.org:8443/a%20b": the host is the name for the handshake, the server's address
 * where there is none. */
void health_http_request_url(const struct health_target *target, struct text *url);
/* "::10.0.0.1:8443": libcurl's CURLOPT_CONNECT_TO, so that whatever the URL says, the connection
 * goes to the server. */
void health_http_request_connect_to(const struct health_target *target, struct text *to);
/* "Host: example.org"; false when the URL's will do. */
bool health_http_request_host(const struct health_target *target, struct text *header);

/* Letters, digits, '-', '_' and '.', and not an address. */
bool health_http_request_is_name(const char *host);
/* Is the status one of a server that is up? */
bool health_http_request_expects(const struct model_health_check *check, unsigned status);

#endif
