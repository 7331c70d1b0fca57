/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Runs reflectors and requests for client.py: driver KUBECONFIG. Each line of standard input is a
 * command as JSON, each line of standard output something that happened:
 *
 *   {"do": "watch", "name": "services", "path": "/api/v1/services", "limit": 2, "streaming": true}
 *   {"do": "send", "id": 1, "verb": 3, "priority": 1, "path": "...", "body": {...}}
 *   {"do": "cancel", "id": 1}, {"do": "unwatch", "name": "services"}
 *
 * The end of standard input is the end. */

#include "files/yaml.h"
#include "k8s/auth.h"
#include "k8s/http.h"
#include "k8s/json_tree.h"
#include "k8s/kubeconfig.h"
#include "k8s/reflector.h"
#include "k8s/request.h"
#include "lib/fileio.h"
#include "lib/log.h"
#include "lib/mem.h"
#include "lib/mono.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SEED     20261121
#define CALLS    1024
#define WATCHES  16
#define LINE_MAX 65536

static struct loop *loop;
static struct k8s_http *http;
static struct k8s_requests *requests;
static struct k8s_request_call *calls[CALLS];
static struct loop_fd input;
static char line[LINE_MAX];
static size_t line_len;

struct watched {
	char *name;
	struct k8s_reflector *reflector;
};
static struct watched watches[WATCHES];

/* Takes 'value'. */
static void say(json_t *value)
{
	json_dumpf(value, stdout, JSON_COMPACT);
	putchar('\n');
	fflush(stdout);
	json_decref(value);
}

/* --- reflectors --- */

static void say_object(struct watched *watched, const char *what, const struct tree *object)
{
	struct text text = {0};

	k8s_json_tree_write(object, &text);
	say(json_pack("{s:s, s:s, s:o}", "event", what, "watch", watched->name, "object",
	              json_loads(text_str(&text), 0, NULL)));
	text_done(&text);
}

static void replacing(void *ctx)
{
	say(json_pack("{s:s, s:s}", "event", "replacing", "watch", ((struct watched *)ctx)->name));
}

static void upserted(void *ctx, const struct tree *object)
{
	say_object(ctx, "upserted", object);
}

static void deleted(void *ctx, const struct tree *object)
{
	say_object(ctx, "deleted", object);
}

static void replaced(void *ctx)
{
	say(json_pack("{s:s, s:s}", "event", "replaced", "watch", ((struct watched *)ctx)->name));
}

static void changed(void *ctx)
{
	struct watched *watched = ctx;
	const struct k8s_watch *watch;

	if (!watched->reflector)
		return; /* within its birth */
	watch = k8s_reflector_status(watched->reflector);
	say(json_pack("{s:s, s:s, s:s, s:s, s:b, s:s}", "event", "state", "watch", watched->name,
	              "state", k8s_watch_state_name(watch->state), "why",
	              k8s_watch_reason_name(watch->why), "in_step", watch->in_step, "message",
	              text_str(&watch->message)));
}

static void start_watch(const json_t *command)
{
	struct watched *watched = watches;
	struct k8s_reflector_params params = {.seed = SEED};
	struct k8s_reflector_handler handler = {.replacing = replacing,
	                                        .upserted = upserted,
	                                        .deleted = deleted,
	                                        .replaced = replaced,
	                                        .changed = changed};

	while (watched->name)
		watched++;
	watched->name = xstrdup(json_string_value(json_object_get(command, "name")));
	params.name = watched->name;
	params.path = json_string_value(json_object_get(command, "path"));
	params.page_limit = (unsigned)json_integer_value(json_object_get(command, "limit"));
	params.streaming_lists = json_is_true(json_object_get(command, "streaming"));
	handler.ctx = watched;
	if (k8s_reflector_new(loop, http, &params, &handler, &watched->reflector) < 0)
		abort();
}

static void stop_watch(struct watched *watched)
{
	k8s_reflector_free(watched->reflector);
	free(watched->name);
	*watched = (struct watched){NULL, NULL};
}

static void unwatch(const json_t *command)
{
	const char *name = json_string_value(json_object_get(command, "name"));

	for (size_t i = 0; i < WATCHES; i++) {
		if (watches[i].name && strcmp(watches[i].name, name) == 0)
			stop_watch(&watches[i]);
	}
}

/* --- requests --- */

static void answered(void *ctx, const struct k8s_answer *answer)
{
	struct k8s_request_call **call = ctx;

	*call = NULL;
	say(json_pack("{s:s, s:i, s:s, s:i, s:O?, s:s, s:b}", "event", "answer", "id",
	              (int)(call - calls), "outcome", k8s_outcome_name(answer->outcome), "status",
	              (int)answer->status, "object", answer->object, "why", answer->why,
	              "conclusive", answer->conclusive));
}

static void send_request(const json_t *command)
{
	size_t id = (size_t)json_integer_value(json_object_get(command, "id")) % CALLS;
	json_t *body = json_object_get(command, "body");
	struct k8s_request request = {
		.verb = (enum k8s_verb)json_integer_value(json_object_get(command, "verb")),
		.priority =
			(enum k8s_priority)json_integer_value(json_object_get(command, "priority")),
		.path = json_string_value(json_object_get(command, "path")),
		.body = json_is_null(body) ? NULL : body,
		.attempts = (unsigned)json_integer_value(json_object_get(command, "attempts")),
		.answered = answered,
		.ctx = &calls[id],
	};

	calls[id] = k8s_request_send(requests, &request);
}

/* --- commands --- */

static void carry_out(const char *text, size_t size)
{
	json_t *command = json_loadb(text, size, 0, NULL);
	const char *what = json_string_value(json_object_get(command, "do"));
	size_t id = (size_t)json_integer_value(json_object_get(command, "id")) % CALLS;

	if (!what)
		abort();
	if (strcmp(what, "watch") == 0)
		start_watch(command);
	else if (strcmp(what, "unwatch") == 0)
		unwatch(command);
	else if (strcmp(what, "send") == 0)
		send_request(command);
	else if (strcmp(what, "cancel") == 0 && calls[id])
		k8s_request_cancel(calls[id]);
	json_decref(command);
}

static void input_came(struct loop_fd *fd, bool readable, bool writable)
{
	ssize_t size = read(STDIN_FILENO, line + line_len, sizeof(line) - line_len);
	char *end;

	if (size <= 0) {
		loop_stop(loop);
		return;
	}
	line_len += (size_t)size;
	while ((end = memchr(line, '\n', line_len))) {
		size_t used = (size_t)(end + 1 - line);

		carry_out(line, used);
		line_len -= used;
		memmove(line, line + used, line_len);
	}
}

/* --- life --- */

static int open_auth(const char *path, struct k8s_auth **ret_auth, struct text *why)
{
	struct model_problems problems;
	struct k8s_kubeconfig config;
	struct arena arena;
	struct tree *documents;
	char *directory = xstrdup(path);
	char *text;
	size_t size;
	int r = fileio_read(path, 1024 * 1024, &text, &size);

	if (r < 0) {
		free(directory);
		return r;
	}
	*strrchr(directory, '/') = '\0';
	model_problems_init(&problems);
	arena_init(&arena);
	documents = tree_new(&arena, TREE_LIST, 1);
	files_yaml_read(text, size, path, &arena, documents, &problems);
	r = k8s_kubeconfig_decode(
		&(struct k8s_kubeconfig_source){documents->child, path, directory}, 1, NULL,
		&config, why);
	if (r == 0)
		r = k8s_auth_open(&config, mono_now_us(), ret_auth, why);
	model_problems_done(&problems);
	arena_done(&arena);
	free(text);
	free(directory);
	return r;
}

int main(int argc, char **argv)
{
	struct text why = {0};
	struct k8s_auth *auth;

	if (argc != 2)
		return 2;
	log_open(LOG_FORMAT_TEXT, LOG_LEVEL_DEBUG);
	if (open_auth(argv[1], &auth, &why) < 0) {
		say(json_pack("{s:s, s:s}", "event", "refused", "why", text_str(&why)));
		text_done(&why);
		return EXIT_FAILURE;
	}
	if (loop_new(&loop) < 0 || k8s_http_new(loop, auth, &http) < 0 ||
	    k8s_requests_new(loop, http, SEED, &requests) < 0)
		abort();
	input = (struct loop_fd){.fd = STDIN_FILENO, .ready = input_came};
	loop_fd_start(loop, &input, true, false);
	say(json_pack("{s:s, s:s, s:b}", "event", "ready", "library", k8s_http_library_version(),
	              "http2", k8s_http_has_http2()));
	loop_run(loop);
	loop_fd_stop(&input);
	for (size_t i = 0; i < WATCHES; i++)
		stop_watch(&watches[i]);
	k8s_requests_free(requests);
	k8s_http_free(http);
	k8s_auth_free(auth);
	loop_free(loop);
	text_done(&why);
	return EXIT_SUCCESS;
}
