/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "peer/key_file.h"

#include "lib/secret_file.h"
#include "peer/tls.h"

#include <string.h>

int peer_key_file_read(const char *path, struct peer_keys *ret_keys, struct text *problem)
{
	char data[PEER_KEY_FILE_MAX + 1];
	struct peer_keys keys = {.count = 0};
	struct text wrong = {0};
	int rc = secret_file_read(path, data, sizeof(data), problem);

	if (rc)
		return rc;
	rc = peer_keys_parse(data, &keys, &wrong);
	explicit_bzero(data, sizeof(data));
	if (rc == 0) {
		peer_tls_name_keys(&keys);
		*ret_keys = keys;
	} else {
		text_printf(problem, "%s: %s", path, text_str(&wrong));
	}
	peer_keys_wipe(&keys);
	text_done(&wrong);
	return rc;
}
