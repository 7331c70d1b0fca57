/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/run.h"

#include "daemon/app.h"
#include "daemon/memory.h"
#include "lib/log.h"

#include <stdlib.h>

int daemon_run(const struct daemon_run_options *options)
{
	static struct app app; /* large, one a process */

	memory_set_up();
	log_open(options->log_format, options->log_level);
	if (app_open(&app, options))
		return EXIT_FAILURE;
	loop_run(app.loop);
	app_close(&app);
	log_notice("daemon", "stopped");
	return EXIT_SUCCESS;
}
