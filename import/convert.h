/* SPDX-License-Identifier: GPL-2.0-or-later */
/* import/convert.h - configurations of other programs to our objects.
 *
 * Pure: files that a configuration includes come through a reader that the caller gives. Results
 * are in the import: documents, and notes at each statement (import/statement.h). The formats are
 * those of keepalived.conf(5) (2.2) and of the output of `ipvsadm -Sn` (ipvsadm(8)). */

#ifndef LINTEL_IMPORT_CONVERT_H
#define LINTEL_IMPORT_CONVERT_H

#include "import/statement.h"

/* An interface that is none: what has to be filled in. */
#define IMPORT_INTERFACE_UNKNOWN "CHANGE-ME"

/* What isn't in the files. Zeroed: nothing is said. */
struct import_options {
	const char *id;        /* keepalived's configuration id, for lines with @; NULL: none */
	const char *router;    /* owns addresses that nobody in the files owns; NULL: "imported" */
	const char *interface; /* of that virtual router; NULL: not known */
	unsigned vrid;         /* of that virtual router; 0: not known */
};

/* A file that was found, or why not ('error', an errno; then 'text' is NULL). */
struct import_found {
	void *arg;
	void (*file)(void *arg, const char *path, const char *text, size_t size, int error);
};

/* Reads what a file includes. */
struct import_reader {
	void *ctx;
	/* Calls 'found' for each file that the pattern names, seen from the directory of the file
	 * 'from', in the order of their names. */
	void (*include)(void *ctx, const char *from, const char *pattern,
	                const struct import_found *found);
};

/* 'path' is what the report calls the text. */
void import_keepalived(struct import *import, const char *path, const char *text, size_t size,
                       const struct import_options *options, const struct import_reader *reader);
void import_ipvsadm(struct import *import, const char *path, const char *text, size_t size,
                    const struct import_options *options);

#endif
