/* SPDX-License-Identifier: GPL-2.0-or-later */
/* k8s/json.h - what is asked of answers to requests, and lines of JSON for our own files.
 *
 * Pure. Asking never fails: what is absent or of another type gives what the caller names. NULL is
 * a value that is not there. */

#ifndef LINTEL_K8S_JSON_H
#define LINTEL_K8S_JSON_H

#include "lib/text.h"

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

const json_t *k8s_json_get(const json_t *object, const char *key);
/* "" */
const char *k8s_json_text(const json_t *object, const char *key);
/* Outside of min..max counts as absent. */
int64_t k8s_json_int(const json_t *object, const char *key, int64_t min, int64_t max,
                     int64_t otherwise);

/* A string; what is no UTF-8 (a name that was cut) becomes question marks. The caller's. */
json_t *k8s_json_string(const char *text, size_t len);

/* Appends "text" with what JSON wants escaped. */
void k8s_json_quote(struct text *out, const char *text);
/* Appends ,"key":  - without the comma after an opening bracket or brace. */
void k8s_json_key(struct text *out, const char *key);
/* Appends a comma unless after an opening bracket or brace. */
void k8s_json_next(struct text *out);
/* Append a member; the first not when the text is "", the second not when it is 0, the third not
 * when it is false. */
void k8s_json_add_text(struct text *out, const char *key, const char *text);
void k8s_json_add_int(struct text *out, const char *key, int64_t value);
void k8s_json_add_true(struct text *out, const char *key, bool value);

#endif
