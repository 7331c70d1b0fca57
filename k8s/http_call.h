/* SPDX-License-Identifier: GPL-2.0-or-later */
/* k8s/http_call.h - one request under way; between k8s/http.c, which runs it, and k8s/http_call.c,
 * which tells libcurl what it is. For nobody else.
 *
 * I/O. */

#ifndef LINTEL_K8S_HTTP_CALL_H
#define LINTEL_K8S_HTTP_CALL_H

#include "k8s/auth.h"
#include "k8s/http.h"
#include "lib/text.h"

#include <curl/curl.h>
#include <stdbool.h>
#include <stddef.h>

struct k8s_http_side;

struct k8s_http_call {
	struct k8s_http *http;
	struct k8s_http_side *side;
	struct k8s_http_call *next; /* of http->calls */
	CURL *easy;
	struct curl_slist *headers;
	struct curl_slist *connect_to;
	char *body;         /* of the request; owned */
	struct text answer; /* of a plain request */
	size_t answer_max;
	size_t turn_size; /* given in this turn of the loop */
	bool stream;
	bool added; /* libcurl has it */
	bool head_told;
	bool paused;
	bool cancelled;
	bool too_large;
	bool over; /* libcurl is done with it */
	CURLcode code;
	char error[CURL_ERROR_SIZE];
	struct k8s_http_head head;
	void (*began)(void *ctx, const struct k8s_http_head *head);
	void (*data)(void *ctx, const char *data, size_t size);
	void (*ended)(void *ctx, const struct k8s_http_result *result);
	void *ctx;
};

/* Makes call->easy, but for its handlers. False when the request can't even be made: its path, or
 * the server's address, is no URL. */
LT_MUST_USE bool k8s_http_call_prepare(struct k8s_http_call *call,
                                       const struct k8s_identity *identity,
                                       const struct k8s_http_request *request);

#endif
