/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Our handlers may want to start and to cancel from within libcurl's callbacks, which it does not
 * bear: these note what is to be done, and settle() does it when libcurl has returned.
 *
 * Streams and plain requests have nothing in common: libcurl (7.88) that has HTTP/2 to a server
 * sends further requests over any connection to it, a watch's as well, which is HTTP/1.1 and never
 * answers them. */

#include "k8s/http.h"

#include "k8s/http_call.h"
#include "lib/mem.h"
#include "lib/mono.h"
#include "lib/multi.h"

#include <curl/curl.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define CONNECTIONS_KEPT 16L

/* Requests of one kind, and their connections. */
struct k8s_http_side {
	struct k8s_http *http;
	struct multi multi;
};

struct k8s_http {
	struct loop *loop;
	struct k8s_auth *auth;        /* borrowed */
	struct k8s_http_side streams; /* HTTP/1.1 */
	struct k8s_http_side plain;   /* HTTP/2, if it may be */
	CURLSH *sessions;             /* of TLS, for both: the next connection begins with less */
	struct loop_deadline resume;  /* now: what must not be done from where it was found out */
	struct k8s_http_call *calls;  /* all that are under way */
	bool resuming;                /* in libcurl on our own account */
};

/* libcurl may not be called now. */
static bool in_curl(const struct k8s_http *http)
{
	return http->resuming || http->streams.multi.in_curl || http->plain.multi.in_curl;
}

static const char *const failure_names[K8S_HTTP_FAILURE_COUNT] = {
	[K8S_HTTP_OK] = "ok",
	[K8S_HTTP_ADDRESS] = "address",
	[K8S_HTTP_CONNECT] = "connect",
	[K8S_HTTP_TLS] = "tls",
	[K8S_HTTP_TIMEOUT] = "timeout",
	[K8S_HTTP_CUT] = "cut",
	[K8S_HTTP_TOO_LARGE] = "too-large",
	[K8S_HTTP_OTHER] = "other",
};

const char *k8s_http_failure_name(enum k8s_http_failure failure)
{
	return failure_names[failure];
}

const char *k8s_http_library_version(void)
{
	return curl_version();
}

bool k8s_http_has_http2(void)
{
	return curl_version_info(CURLVERSION_NOW)->features & CURL_VERSION_HTTP2;
}

/* --- what came --- */

static enum k8s_http_failure failure_of(const struct k8s_http_call *call)
{
	/* libcurl has a hundred codes; those that are not named here have their message. */
	if (call->too_large)
		return K8S_HTTP_TOO_LARGE;
	if (call->code == CURLE_OK)
		return K8S_HTTP_OK;
	if (call->code == CURLE_COULDNT_RESOLVE_HOST)
		return K8S_HTTP_ADDRESS;
	if (call->code == CURLE_COULDNT_CONNECT)
		return K8S_HTTP_CONNECT;
	if (call->code == CURLE_OPERATION_TIMEDOUT)
		return K8S_HTTP_TIMEOUT;
	if (call->code == CURLE_SSL_CONNECT_ERROR || call->code == CURLE_PEER_FAILED_VERIFICATION ||
	    call->code == CURLE_SSL_CERTPROBLEM || call->code == CURLE_SSL_CACERT_BADFILE ||
	    call->code == CURLE_SSL_ISSUER_ERROR || call->code == CURLE_SSL_CIPHER)
		return K8S_HTTP_TLS;
	if (call->code == CURLE_PARTIAL_FILE || call->code == CURLE_RECV_ERROR ||
	    call->code == CURLE_SEND_ERROR || call->code == CURLE_GOT_NOTHING ||
	    call->code == CURLE_HTTP2 || call->code == CURLE_HTTP2_STREAM)
		return K8S_HTTP_CUT;
	return K8S_HTTP_OTHER;
}

static void take_head(struct k8s_http_call *call)
{
	long status = 0;
	curl_off_t retry_after_s = 0;

	curl_easy_getinfo(call->easy, CURLINFO_RESPONSE_CODE, &status);
	curl_easy_getinfo(call->easy, CURLINFO_RETRY_AFTER, &retry_after_s);
	call->head.status = (unsigned)status;
	call->head.retry_after_s = retry_after_s > 0 ? (int64_t)retry_after_s : -1;
}

static void tell_head(struct k8s_http_call *call)
{
	if (call->head_told || call->cancelled)
		return;
	take_head(call);
	call->head_told = true;
	if (call->head.status == 401)
		k8s_auth_refused(call->http->auth);
	if (call->began)
		call->began(call->ctx, &call->head);
}

/* libcurl gives header lines one by one; an empty one is the last. */
static size_t header_came(char *line, size_t size, size_t count, void *ctx)
{
	struct k8s_http_call *call = ctx;
	long status = 0;

	if (count == 2 && memcmp(line, "\r\n", 2) == 0) {
		curl_easy_getinfo(call->easy, CURLINFO_RESPONSE_CODE, &status);
		if (status >= 200)
			tell_head(call);
	}
	return call->cancelled ? 0 : size * count;
}

static size_t body_came(char *data, size_t size, size_t count, void *ctx)
{
	struct k8s_http_call *call = ctx;

	size *= count;
	if (call->cancelled)
		return 0;
	if (!call->stream) {
		if (size > call->answer_max - call->answer.len) {
			call->too_large = true;
			return 0;
		}
		text_add_len(&call->answer, data, size);
		return size;
	}
	if (call->turn_size >= K8S_HTTP_TURN_SIZE) {
		call->paused = true;
		loop_deadline_arm(&call->http->resume, loop_now_us(call->http->loop));
		return CURL_WRITEFUNC_PAUSE;
	}
	call->turn_size += size;
	call->data(call->ctx, data, size);
	return call->cancelled ? 0 : size;
}

/* --- the end of a call --- */

static void free_call(struct k8s_http_call *call)
{
	struct k8s_http_call **at = &call->http->calls;

	while (*at != call)
		at = &(*at)->next;
	*at = call->next;
	if (call->added)
		multi_remove(&call->side->multi, call->easy);
	curl_easy_cleanup(call->easy);
	curl_slist_free_all(call->headers);
	curl_slist_free_all(call->connect_to);
	free(call->body);
	text_done(&call->answer);
	free(call);
}

static void tell_end(struct k8s_http_call *call)
{
	struct k8s_http_result result = {.failure = failure_of(call), .why = ""};

	/* An answer that was cut has a head all the same. */
	take_head(call);
	if (result.failure != K8S_HTTP_OK)
		result.why = call->error[0] != '\0' ? call->error : curl_easy_strerror(call->code);
	if (result.failure == K8S_HTTP_TOO_LARGE)
		result.why = "the answer is too large";
	if (call->head.status == 401 && !call->head_told)
		k8s_auth_refused(call->http->auth);
	result.head = call->head;
	result.body = text_str(&call->answer);
	result.body_size = call->answer.len;
	call->ended(call->ctx, &result);
}

static void call_ended(struct multi *multi, void *transfer, CURLcode code)
{
	struct k8s_http_call *call = transfer;

	call->code = code;
	call->over = true;
}

/* One that is to be told or freed; looked for anew each time, as handlers change the list. */
static struct k8s_http_call *find_over(struct k8s_http *http)
{
	struct k8s_http_call *call = http->calls;

	while (call && !call->over && !call->cancelled)
		call = call->next;
	return call;
}

static void add_call(struct k8s_http_call *call)
{
	multi_add(&call->side->multi, call->easy);
	call->added = true;
}

/* Handlers start and cancel calls in here as they like: libcurl has returned. */
static void settle(struct k8s_http *http)
{
	struct k8s_http_call *call;

	while ((call = find_over(http))) {
		if (!call->cancelled) {
			call->cancelled = true; /* told once */
			tell_end(call);
		}
		free_call(call);
	}
	for (call = http->calls; call; call = call->next) {
		call->turn_size = 0;
		if (!call->added)
			add_call(call);
	}
}

static void side_turned(struct multi *multi)
{
	settle(lt_container_of(multi, struct k8s_http_side, multi)->http);
}

static void resume_expired(struct loop_deadline *deadline)
{
	struct k8s_http *http = lt_container_of(deadline, struct k8s_http, resume);

	http->resuming = true;
	for (struct k8s_http_call *call = http->calls; call; call = call->next) {
		if (!call->paused || call->over || call->cancelled)
			continue;
		call->paused = false;
		call->turn_size = 0;
		curl_easy_pause(call->easy, CURLPAUSE_CONT);
	}
	http->resuming = false;
	settle(http);
}

/* --- calls --- */

static void set_handlers(struct k8s_http_call *call)
{
	curl_easy_setopt(call->easy, CURLOPT_PRIVATE, call);
	curl_easy_setopt(call->easy, CURLOPT_ERRORBUFFER, call->error);
	curl_easy_setopt(call->easy, CURLOPT_HEADERFUNCTION, header_came);
	curl_easy_setopt(call->easy, CURLOPT_HEADERDATA, call);
	curl_easy_setopt(call->easy, CURLOPT_WRITEFUNCTION, body_came);
	curl_easy_setopt(call->easy, CURLOPT_WRITEDATA, call);
	curl_easy_setopt(call->easy, CURLOPT_SHARE, call->http->sessions);
}

struct k8s_http_call *k8s_http_start(struct k8s_http *http, const struct k8s_http_request *request)
{
	const struct k8s_identity *identity = k8s_auth_identity(http->auth, mono_now_us());
	struct k8s_http_call *call = xcalloc(1, sizeof(*call));

	call->http = http;
	call->stream = request->data != NULL;
	call->side = call->stream ? &http->streams : &http->plain;
	call->answer_max = request->answer_max;
	call->began = request->began;
	call->data = request->data;
	call->ended = request->ended;
	call->ctx = request->ctx;
	call->head.retry_after_s = -1;
	call->next = http->calls;
	http->calls = call;
	if (k8s_http_call_prepare(call, identity, request)) {
		set_handlers(call);
		if (!in_curl(http))
			add_call(call); /* it begins when the timer expires that it asks for */
	} else {
		call->code = CURLE_URL_MALFORMAT;
		call->over = true;
		loop_deadline_arm(&http->resume, mono_now_us());
	}
	return call;
}

void k8s_http_cancel(struct k8s_http_call *call)
{
	call->cancelled = true;
	if (!in_curl(call->http))
		free_call(call);
}

/* --- life --- */

static int open_side(struct k8s_http *http, struct k8s_http_side *side)
{
	side->http = http;
	side->multi.ended = call_ended;
	side->multi.turned = side_turned;
	return multi_open(&side->multi, http->loop, CONNECTIONS_KEPT);
}

int k8s_http_new(struct loop *loop, struct k8s_auth *auth, struct k8s_http **ret_http)
{
	struct k8s_http *http;
	int r;

	http = xcalloc(1, sizeof(*http));
	http->loop = loop;
	http->auth = auth;
	http->resume.expired = resume_expired;
	http->sessions = curl_share_init();
	curl_share_setopt(http->sessions, CURLSHOPT_SHARE, CURL_LOCK_DATA_SSL_SESSION);
	r = open_side(http, &http->streams);
	if (r == 0)
		r = open_side(http, &http->plain);
	if (r == 0)
		r = loop_deadline_init(loop, &http->resume);
	if (r < 0) {
		k8s_http_free(http);
		return r;
	}
	*ret_http = http;
	return 0;
}

void k8s_http_free(struct k8s_http *http)
{
	if (!http)
		return;
	while (http->calls)
		free_call(http->calls);
	multi_close(&http->streams.multi);
	multi_close(&http->plain.multi);
	curl_share_cleanup(http->sessions);
	loop_deadline_done(&http->resume);
	free(http);
}
