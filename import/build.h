/* SPDX-License-Identifier: GPL-2.0-or-later */
/* import/build.h - our objects as trees, made of somebody's statements; checked; written as YAML.
 *
 * Pure. What is built are the documents that model/decode.h reads, so the rules of our objects
 * stand in one place: import_settle() has the decoder and the snapshot look at them, and leaves out
 * what they refuse, with the reason at the statement it came from. What remains is what `lintel
 * check` accepts. A node's line is the number of its statement. */

#ifndef LINTEL_IMPORT_BUILD_H
#define LINTEL_IMPORT_BUILD_H

#include "import/statement.h"

#include <stdint.h>

#define IMPORT_DOCUMENTS_MAX 10000

/* A new document of this kind; returns its spec (TREE_MAP), NULL when there are too many (then the
 * statement was told so). '*ret_name' is the name it got: 'wanted' in lower case, what names may
 * not have replaced, with a number behind it if it was taken. */
struct tree *import_document(struct import *import, struct import_statement *from, const char *kind,
                             const char *wanted, const char **ret_name);

/* Entries of maps; the last word on one key counts. Texts are copied. */
void import_put_text(struct import *import, struct tree *map, const char *key,
                     const struct import_statement *from, const char *text);
/* The word as a plain scalar of YAML: a number is one. */
void import_put_word(struct import *import, struct tree *map, const char *key,
                     const struct import_statement *from, const char *word);
void import_put_int(struct import *import, struct tree *map, const char *key,
                    const struct import_statement *from, int64_t value);
void import_put_bool(struct import *import, struct tree *map, const char *key,
                     const struct import_statement *from, bool value);
void import_put_duration(struct import *import, struct tree *map, const char *key,
                         const struct import_statement *from, int64_t us);
/* The map or list at 'key', made if it isn't there. */
struct tree *import_put_map(struct import *import, struct tree *map, const char *key,
                            const struct import_statement *from);
struct tree *import_put_list(struct import *import, struct tree *map, const char *key,
                             const struct import_statement *from);
void import_append_text(struct import *import, struct tree *list,
                        const struct import_statement *from, const char *text);
void import_append_int(struct import *import, struct tree *list,
                       const struct import_statement *from, int64_t value);
struct tree *import_append_map(struct import *import, struct tree *list,
                               const struct import_statement *from);
/* Puts a copy of a tree into a map, or (key NULL) at the end of a list. */
void import_put_copy(struct import *import, struct tree *parent, const char *key,
                     const struct tree *node);
void import_remove(struct tree *parent, struct tree *node);

/* May the text stand in a document? It may have no control characters and has to be UTF-8. */
bool import_text_allowed(const char *text);

/* Leaves out what our own checks refuse; after that there is no error left. */
void import_settle(struct import *import);
/* Appends all documents as YAML, each with a comment that says where it comes from. */
void import_write(const struct import *import, struct text *out);

/* "12" or "-12", from min to max. */
bool import_number(const char *word, int64_t min, int64_t max, int64_t *ret_value);
/* "1", "0.25": seconds to microseconds, up to a year. */
bool import_seconds(const char *word, int64_t *ret_us);

#endif
