/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/aside.h"

#include "daemon/checks.h"
#include "daemon/drains.h"
#include "daemon/kubernetes.h"
#include "daemon/mute_memory.h"
#include "daemon/sysctls.h"
#include "ipvs/journal_file.h"
#include "lib/log.h"
#include "lib/text.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* What may be missing without it. */
static const struct {
	const char *name, *means;
} files[] = {
	{DRAINS_FILE, "servers that were drained may get connections; drain them again"},
	{IPVS_JOURNAL_FILE,
         "what Lintel once put into IPVS and is not wanted any more is taken for somebody else's, "
         "and stays"},
	{SYSCTLS_STATE_FILE, "kernel settings that it names are not put back at the end"},
	{MUTE_MEMORY_FILE,
         "arp_ignore and arp_announce that an earlier run left raised on an interface stay so"},
	{CHECKS_MEMORY_FILE, "checks began without knowing what they had found before"},
	{KUBERNETES_CACHE_FILE, "without the API there was nothing to begin with"},
};

static char *beside(const char *path)
{
	struct text text = {0};

	text_printf(&text, "%s" ASIDE_SUFFIX, path);
	return text_take(&text);
}

void aside_put(const char *path, const char *why)
{
	char *to = beside(path);

	if (rename(path, to))
		log_error("state", "going on without %s, which %s; it can't be put aside: %s", path,
		          why, strerror(errno));
	else
		log_error("state", "going on without %s, which %s; put aside as %s", path, why, to);
	free(to);
}

void aside_look(const char *state_dir, struct problems *problems)
{
	struct text path = {0};

	for (size_t i = 0; i < LT_ARRAY_SIZE(files); i++) {
		text_clear(&path);
		text_printf(&path, "%s/%s" ASIDE_SUFFIX, state_dir, files[i].name);
		if (access(text_str(&path), F_OK) == 0)
			problems_add(problems,
			             "a start had to go without %s/%s: %s (once that is seen to, "
			             "remove %s" ASIDE_SUFFIX ")",
			             state_dir, files[i].name, files[i].means, files[i].name);
	}
	text_done(&path);
}
