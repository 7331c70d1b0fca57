/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/cmd_ask.h"
#include "daemon/render.h"
#include "daemon/run.h"
#include "lib/endpoint.h"
#include "lib/mem.h"
#include "model/object.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

static const enum model_protocol protocols[] = {MODEL_TCP, MODEL_UDP, MODEL_SCTP};

/* Cuts "/udp" off 'operand'; NULL for a protocol there isn't. */
static const char *cut_protocol(char *operand)
{
	char *slash = strchr(operand, '/');

	if (!slash)
		return model_protocol_name(MODEL_TCP);
	*slash = '\0';
	for (size_t i = 0; i < LT_ARRAY_SIZE(protocols); i++) {
		if (strcasecmp(slash + 1, model_protocol_name(protocols[i])) == 0)
			return model_protocol_name(protocols[i]);
	}
	return NULL;
}

static void print_explanation(const json_t *result, const struct options_given *given,
                              const struct table_style *style, struct text *out)
{
	render_explain(result, style, out);
}

static int run(const struct options_given *given)
{
	char *operand = xstrdup(given->operands[0]);
	const char *protocol = cut_protocol(operand);
	char address[ADDR_TEXT_SIZE];
	struct endpoint asked;
	int code;

	if (!protocol)
		code = command_misused(given, "'%s': the protocol is one of tcp, udp, sctp",
		                       given->operands[0]);
	else if (endpoint_parse(operand, &asked) || asked.port == 0)
		code = command_misused(given,
		                       "'%s' is no address with a port: 10.77.0.100:80, "
		                       "[2001:db8::1]:53/udp",
		                       given->operands[0]);
	else
		code = cmd_ask(given,
		               json_pack("{s:s,s:s,s:i,s:s}", "command", "explain", "address",
		                         addr_format(&asked.address, address), "port",
		                         (int)asked.port, "protocol", protocol),
		               CLIENT_ANSWER_US, print_explanation);
	free(operand);
	return code;
}

static const struct options_option options[] = {
	COMMAND_OPTION_OUTPUT,
	COMMAND_OPTION_SOCKET,
};

static const char description[] =
	"Follows one address and port through the virtual router that owns it, the virtual "
	"server, its real servers, source NAT, source ranges and sysctls, and says at each "
	"step what is so.\n"
	"An IPv6 address with a port stands in brackets. Without a protocol TCP is meant.";

const struct daemon_command daemon_command_explain = {
	.usage =
		{
			.name = "explain",
			.summary = "why an address does or doesn't answer",
			.description = description,
			.operands = "ADDR:PORT[/tcp|/udp|/sctp]",
			.operand_min = 1,
			.operand_max = 1,
			.options = options,
			.option_count = LT_ARRAY_SIZE(options),
		},
	.run = run,
};
