/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ipvs/journal_file.h"

#include "lib/fileio.h"

#include <errno.h>
#include <stdlib.h>

#define FILE_MAX (IPVS_JOURNAL_MAX * (size_t)128)

int ipvs_journal_load(const char *path, struct ipvs_journal *ret_journal,
                      enum ipvs_journal_verdict *ret_verdict)
{
	enum ipvs_journal_verdict verdict;
	char *data;
	size_t size;
	int err;

	err = fileio_read(path, FILE_MAX, &data, &size);
	if (err == -ENOENT) {
		*ret_journal = (struct ipvs_journal){0};
		*ret_verdict = IPVS_JOURNAL_OK;
		return 0;
	}
	if (err < 0)
		return err;
	verdict = ipvs_journal_decode(data, size, ret_journal);
	free(data);
	*ret_verdict = verdict;
	return verdict == IPVS_JOURNAL_OK ? 0 : -EBADMSG;
}

int ipvs_journal_save(const char *path, const struct ipvs_journal *journal)
{
	struct text text = {0};
	int err;

	ipvs_journal_encode(journal, &text);
	err = fileio_replace(path, text_str(&text), text.len, 0600);
	text_done(&text);
	return err;
}
