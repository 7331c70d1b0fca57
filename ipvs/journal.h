/* SPDX-License-Identifier: GPL-2.0-or-later */
/* ipvs/journal.h - which virtual services of the kernel are ours.
 *
 * Pure. IPVS has no owner tag, so the keys we made are written down; what is not written down and
 * not wanted belongs to someone else. An entry also keeps what is needed to take leave of a service
 * that is wanted no more. Reading and writing the file: ipvs/journal_file.h.
 *
 * Text, one service a line, so that a person can read it; versioned; with count and CRC-32 in the
 * last line. A file that is not whole or not ours is refused: to take a foreign service for ours is
 * worse than to leave one of ours behind. */

#ifndef LINTEL_IPVS_JOURNAL_H
#define LINTEL_IPVS_JOURNAL_H

#include "ipvs/table.h"
#include "lib/text.h"

#define IPVS_JOURNAL_MAX 200000 /* entries */

struct ipvs_journal_entry {
	struct ipvs_key key;
	struct ipvs_identity identity; /* 'title' is NULL */
};

struct ipvs_journal {
	struct ipvs_journal_entry *entries; /* owned; sorted by key, each once */
	size_t count;
};

void ipvs_journal_done(struct ipvs_journal *journal);
const struct ipvs_journal_entry *ipvs_journal_find(const struct ipvs_journal *journal,
                                                   const struct ipvs_key *key);

/* Each turn: trim by the fresh dump, extend by what is wanted, save if either says so, then apply.
 * So nothing is ever made that isn't written down. */

/* Before applying: adds what is wanted. True when that was not in it, or otherwise, and so wants
 * saving first. */
bool ipvs_journal_extend(struct ipvs_journal *journal, const struct ipvs_table *wanted);
/* What is in the journal and in 'held', a fresh dump. True when that is less than 'journal'. */
bool ipvs_journal_trim(const struct ipvs_journal *journal, const struct ipvs_table *held,
                       struct ipvs_journal *ret_journal);

void ipvs_journal_encode(const struct ipvs_journal *journal, struct text *out);
enum ipvs_journal_verdict {
	IPVS_JOURNAL_OK,
	IPVS_JOURNAL_FOREIGN,   /* not a journal */
	IPVS_JOURNAL_VERSION,   /* of a newer Lintel */
	IPVS_JOURNAL_DAMAGED,   /* count or checksum differ: cut off or edited */
	IPVS_JOURNAL_MALFORMED, /* a line is not understood */
	IPVS_JOURNAL_TOO_LARGE,
	IPVS_JOURNAL_VERDICTS,
};
const char *ipvs_journal_verdict_text(enum ipvs_journal_verdict verdict);
/* 'ret_journal' untouched unless OK. */
enum ipvs_journal_verdict ipvs_journal_decode(const char *data, size_t size,
                                              struct ipvs_journal *ret_journal);

#endif
