/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/run.h"

#include "daemon/app.h"
#include "lib/log.h"

#include <malloc.h>
#include <stdlib.h>

int daemon_run(const struct daemon_run_options *options)
{
	static struct app app; /* large, one a process */

	/* A reload builds the new state beside the old one: memory given back to the kernel in
	 * between would only have to be asked for, and zeroed, again. */
	mallopt(M_MMAP_THRESHOLD, 64 << 20);
	mallopt(M_TRIM_THRESHOLD, 64 << 20);
	log_open(options->log_format, options->log_level);
	if (app_open(&app, options))
		return EXIT_FAILURE;
	loop_run(app.loop);
	app_close(&app);
	log_notice("daemon", "stopped");
	return EXIT_SUCCESS;
}
