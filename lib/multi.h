/* SPDX-License-Identifier: GPL-2.0-or-later */
/* lib/multi.h - libcurl's multi interface on the loop's descriptors and deadlines.
 *
 * I/O. What is requested, and what becomes of it, is its owner's. libcurl may not be called from
 * within its own callbacks: so these note what is to be done, and 'turned' does it when libcurl has
 * returned. */

#ifndef LINTEL_LIB_MULTI_H
#define LINTEL_LIB_MULTI_H

#include "lib/compiler.h"
#include "lib/loop.h"

#include <curl/curl.h>
#include <stdbool.h>

/* Zero but for 'ended' and 'turned' before multi_open(). */
struct multi {
	/* A transfer is over, its CURLOPT_PRIVATE being 'transfer'; libcurl may not be called. */
	void (*ended)(struct multi *multi, void *transfer, CURLcode code);
	/* Something was done, all that ended was told: libcurl may be called. */
	void (*turned)(struct multi *multi);
	CURLM *curl; /* from here on private, but for reading */
	struct loop *loop;
	struct loop_deadline timer; /* libcurl's */
	bool in_curl;               /* it may not be called now */
	bool global;                /* libcurl was told that we use it */
};

/* 'kept': how many idle connections may stay. SIGPIPE is ignored from then on, for the whole
 * process. -ENOMEM, or what the loop's deadline says; multi_close() is right then as well. */
LT_MUST_USE int multi_open(struct multi *multi, struct loop *loop, long kept);
/* The transfers were removed. Never opened (zero): nothing. */
void multi_close(struct multi *multi);

/* Not while in_curl. It begins from the loop. */
void multi_add(struct multi *multi, CURL *easy);
void multi_remove(struct multi *multi, CURL *easy);

#endif
