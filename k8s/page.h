/* SPDX-License-Identifier: GPL-2.0-or-later */
/* k8s/page.h - pieces of an answer that is a list to its items, one by one.
 *
 * Pure. Neither the page is held in memory nor is it decoded in one go, which would take as long as
 * it is large: only the item that is coming in. Found are the ends of the metadata and of each
 * item; what they hold is the JSON decoder's to judge. */

#ifndef LINTEL_K8S_PAGE_H
#define LINTEL_K8S_PAGE_H

#include "k8s/stream.h"

#include <stdbool.h>
#include <stddef.h>

/* What is being collected. */
enum k8s_page_part {
	K8S_PAGE_PART_NONE,
	K8S_PAGE_PART_METADATA,
	K8S_PAGE_PART_ITEM,
};

/* Zero-initialised. */
struct k8s_page {
	struct k8s_stream bytes;
	unsigned depth;          /* of braces and brackets */
	bool in_string;          /* between quotes */
	bool escaped;            /* after a backslash in a string */
	bool in_items;           /* in the array of items */
	bool over;               /* the outermost object was closed */
	enum k8s_page_part part; /* under way, since bytes.at */
	char word[12];           /* the last string of the outermost object: maybe a key */
	size_t word_len;         /* of it; longer ones are none that we know */
	char key[12];            /* whose value comes, "" none that we know */
};

void k8s_page_done(struct k8s_page *page);
/* Ready for another page. */
void k8s_page_clear(struct k8s_page *page);
/* What was given out before is invalid now. */
void k8s_page_add(struct k8s_page *page, const char *data, size_t size);

enum k8s_page_next {
	K8S_PAGE_ITEM,
	K8S_PAGE_METADATA,
	K8S_PAGE_MORE,      /* nothing whole yet, or nothing any more: see 'over' */
	K8S_PAGE_TOO_LARGE, /* a part is longer than K8S_STREAM_PART_MAX: it can't go on */
	K8S_PAGE_MALFORMED, /* this is no list: it can't go on */
};

/* The next part: a JSON object, valid until the next k8s_page_add(), not NUL-terminated. */
enum k8s_page_next k8s_page_next(struct k8s_page *page, const char **ret_text, size_t *ret_size);

#endif
