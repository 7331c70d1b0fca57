/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/cmd_ask.h"

#include "daemon/run.h"

#include <stdio.h>

int cmd_ask(const struct options_given *given, json_t *request, int64_t timeout_us,
            cmd_ask_printer *print)
{
	const char *path = options_value(given, "socket", DAEMON_SOCKET);
	struct text text = {0};
	json_t *result = NULL;
	int code = COMMAND_DONE;

	if (client_request(path, request, timeout_us, &result, &text)) {
		code = command_failed(given, "%s", text_str(&text));
	} else if (command_wants_json(given)) {
		command_print_json(result);
	} else {
		struct table_style style = command_style();
		print(result, given, &style, &text);
		fputs(text_str(&text), stdout);
	}
	text_done(&text);
	json_decref(result);
	json_decref(request);
	return code;
}
