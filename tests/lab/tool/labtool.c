/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "labtool.h"

#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

static const char usage[] =
	"labtool serve [--protocol all|sctp] NAME PORT...\n"
	"    Answers on every port, both families: UDP with its name and what was said; TCP with "
	"its\n"
	"    name, then, as the client's first byte asks: E echoes, D sends a position-coded "
	"stream,\n"
	"    F the same as fast as it goes.\n"
	"labtool probe udp|tcp|sctp ADDRESS PORT [options]\n"
	"    Asks who is there at a fixed interval. One line of JSON at the end (SIGINT ends it "
	"too).\n"
	"labtool session ADDRESS PORT --mode echo|download|flood|idle [--count N] [options]\n"
	"    Holds TCP sessions, checks every byte, measures stalls. One line of JSON at the end.\n"
	"labtool flows ADDRESS PORT --count N [options]\n"
	"    Holds UDP flows: each asks, and at the end again. Which of them went elsewhere?\n"
	"options: --interval MS  --timeout MS  --seconds S  --count N  --progress MS  --timeline "
	"MS  --fresh\n"
	"         --source ADDRESS  --source-port PORT\n";

volatile bool stop_asked;

static void on_stop(int signal_number)
{
	stop_asked = true;
}

static int fail_usage(void)
{
	fputs(usage, stderr);
	return 2;
}

static int64_t milliseconds(const char *text)
{
	return (int64_t)(strtod(text, NULL) * 1000);
}

static const struct option long_options[] = {
	{"interval", required_argument, NULL, 'i'}, {"timeout", required_argument, NULL, 't'},
	{"seconds", required_argument, NULL, 's'},  {"count", required_argument, NULL, 'n'},
	{"progress", required_argument, NULL, 'g'}, {"timeline", required_argument, NULL, 'l'},
	{"source", required_argument, NULL, 'a'},   {"source-port", required_argument, NULL, 'p'},
	{"mode", required_argument, NULL, 'm'},     {"protocol", required_argument, NULL, 'P'},
	{"fresh", no_argument, NULL, 'f'},          {NULL, 0, NULL, 0},
};

static int parse_options(int argc, char **argv, struct options *options)
{
	const char *source = NULL, *source_port = "0";

	for (int c; (c = getopt_long(argc, argv, "", long_options, NULL)) != -1;) {
		switch (c) {
		case 'i':
			options->interval_us = milliseconds(optarg);
			break;
		case 't':
			options->timeout_us = milliseconds(optarg);
			break;
		case 's':
			options->duration_us = milliseconds(optarg) * 1000;
			break;
		case 'n':
			options->count = strtoll(optarg, NULL, 10);
			break;
		case 'g':
			options->progress_us = milliseconds(optarg);
			break;
		case 'l':
			options->timeline_us = milliseconds(optarg);
			break;
		case 'a':
			source = optarg;
			break;
		case 'p':
			source_port = optarg;
			break;
		case 'm':
			options->mode = optarg;
			break;
		case 'P':
			options->protocol = optarg;
			break;
		case 'f':
			options->fresh = true;
			break;
		default:
			return -1;
		}
	}
	if (!source)
		return 0;
	return parse_address(source, source_port, &options->source, &options->source_len);
}

static int run_client(const char *command, struct options *options, char **words, int n_words)
{
	bool is_probe = strcmp(command, "probe") == 0;

	if (n_words != 2 + is_probe)
		return fail_usage();
	if (is_probe)
		options->protocol = *words++;
	if (parse_address(words[0], words[1], &options->remote, &options->remote_len) < 0)
		return fail_usage();
	if (strcmp(command, "flows") == 0)
		return flows(options);
	return is_probe ? probe(options) : session(options);
}

int main(int argc, char **argv)
{
	struct options options = {.interval_us = 100000, .timeout_us = 1000000, .mode = "echo"};
	struct sigaction action = {.sa_handler = on_stop};
	struct rlimit files;

	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	signal(SIGPIPE, SIG_IGN);
	if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
		files.rlim_cur = files.rlim_max;
		setrlimit(RLIMIT_NOFILE, &files);
	}
	if (argc < 2 || parse_options(argc - 1, argv + 1, &options) < 0)
		return fail_usage();

	char **words = argv + 1 + optind;
	int n_words = argc - 1 - optind;

	if (strcmp(argv[1], "serve") == 0 && n_words >= 2)
		return serve(words[0], options.protocol ? options.protocol : "all", words + 1,
		             n_words - 1);
	if (strcmp(argv[1], "probe") == 0 || strcmp(argv[1], "session") == 0 ||
	    strcmp(argv[1], "flows") == 0)
		return run_client(argv[1], &options, words, n_words);
	return fail_usage();
}
