/* SPDX-License-Identifier: GPL-2.0-or-later */
/* ipvs/journal_file.h - the ownership journal on disk.
 *
 * I/O. */

#ifndef LINTEL_IPVS_JOURNAL_FILE_H
#define LINTEL_IPVS_JOURNAL_FILE_H

#include "ipvs/journal.h"
#include "lib/compiler.h"

#define IPVS_JOURNAL_FILE "ipvs-journal" /* in the state directory */

/* 0 (an absent file is an empty journal), -errno, or -EBADMSG with '*ret_verdict' saying what is
 * wrong with the contents. */
LT_MUST_USE int ipvs_journal_load(const char *path, struct ipvs_journal *ret_journal,
                                  enum ipvs_journal_verdict *ret_verdict);
/* Old or new afterwards, never half. */
LT_MUST_USE int ipvs_journal_save(const char *path, const struct ipvs_journal *journal);

#endif
