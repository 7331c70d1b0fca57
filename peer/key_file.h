/* SPDX-License-Identifier: GPL-2.0-or-later */
/* peer/key_file.h - reads the keys (peer/key.h) from a file.
 *
 * I/O. The file may be one of a mounted Secret: links are followed. */

#ifndef LINTEL_PEER_KEY_FILE_H
#define LINTEL_PEER_KEY_FILE_H

#include "peer/key.h"

/* '*ret_keys' untouched on failure; 'problem' then says what is wrong: "/etc/lintel/peer.key: line
 * 2: the key is no base64". -EPERM: others than owner and group may read or write it, or the group
 * may write it. The caller wipes the keys. */
LT_MUST_USE int peer_key_file_read(const char *path, struct peer_keys *ret_keys,
                                   struct text *problem);

#endif
