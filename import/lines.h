/* SPDX-License-Identifier: GPL-2.0-or-later */
/* import/lines.h - the text of keepalived.conf to statements: comments, lines for one machine,
 * definitions, sequences, included files.
 *
 * Pure. Private to import/. keepalived.conf(5), "ADVANCED CONFIGURATION". */

#ifndef LINTEL_IMPORT_LINES_H
#define LINTEL_IMPORT_LINES_H

#include "import/convert.h"

#define IMPORT_FILES_MAX       1000
#define IMPORT_INCLUDE_MAX     16 /* levels of files that include files */
#define IMPORT_EXPAND_MAX      32 /* levels of definitions in definitions, and of sequences */
#define IMPORT_DEFINITIONS_MAX 2000

void import_lines_read(struct import *import, const char *path, const char *text, size_t size,
                       const struct import_options *options, const struct import_reader *reader);

#endif
